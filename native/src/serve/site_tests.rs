//! What the site answers, without a network.

use super::*;
use hyper::Request;

const FILES: &[File] = &[
    File { path: "app-1a2b3c4d5e6f7a8b_bg.wasm", bytes: b"\0asm long", gzip: Some(b"packed") },
    File { path: "index.html", bytes: b"<head></head><script>1</script>", gzip: None },
    File { path: "lessons/one.json", bytes: b"{}", gzip: None },
];

fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    answer(&Site::new(FILES, Hosts::Loopback, None), method, path, headers)
}

fn answer(site: &Site, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:8080");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    site.answer(&parts)
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().expect("plain text"))
}

#[test]
fn the_root_is_the_page_and_is_asked_for_anew() {
    let answer = ask("GET", "/?seed=1", &[]);
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(*answer.body(), b"<head></head><script>1</script>");
    assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&answer, "cache-control"), "no-cache");
}

#[test]
fn every_answer_carries_the_protective_headers() {
    for path in ["/", "/nothing"] {
        let answer = ask("GET", path, &[]);
        assert!(header(&answer, "content-security-policy").contains("default-src 'none'"));
        assert!(header(&answer, "content-security-policy").contains("'sha256-"));
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
    }
}

#[test]
fn a_file_named_by_its_hash_is_kept_for_good() {
    let answer = ask("GET", "/app-1a2b3c4d5e6f7a8b_bg.wasm", &[]);
    assert_eq!(header(&answer, "content-type"), "application/wasm");
    assert!(header(&answer, "cache-control").contains("immutable"));
    assert_eq!(*answer.body(), b"\0asm long");
}

#[test]
fn gzip_only_for_those_who_take_it() {
    let path = "/app-1a2b3c4d5e6f7a8b_bg.wasm";
    for (accepted, expected) in [("br, gzip;q=0.5", "gzip"), ("gzip;q=0", ""), ("br", ""), ("GZIP", "gzip")] {
        let answer = ask("GET", path, &[("accept-encoding", accepted)]);
        assert_eq!(header(&answer, "content-encoding"), expected, "for {accepted}");
        assert_eq!(header(&answer, "vary"), "accept-encoding");
    }
}

#[test]
fn an_unchanged_file_is_not_sent_again() {
    let tag = header(&ask("GET", "/lessons/one.json", &[]), "etag").to_owned();
    let answer = ask("GET", "/lessons/one.json", &[("if-none-match", &tag)]);
    assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
    assert!(answer.body().is_empty());
}

#[test]
fn no_path_leads_out() {
    for path in ["/../Cargo.toml", "/..%2fCargo.toml", "/lessons/../../etc/passwd", "/lessons", "/lessons/", "/index.html/x", "/%00"] {
        assert_eq!(ask("GET", path, &[]).status(), StatusCode::NOT_FOUND, "for {path}");
    }
}

#[test]
fn only_reading_is_understood() {
    let answer = ask("POST", "/", &[]);
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&answer, "allow"), "GET, HEAD");
}

#[test]
fn a_foreign_name_for_this_machine_is_refused() {
    for host in ["evil.example:8080", "localhost.evil.example", "192.168.0.1", "not a host", ""] {
        assert_eq!(ask("GET", "/", &[("host", host)]).status(), StatusCode::MISDIRECTED_REQUEST, "for {host:?}");
    }
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080", "highwater.localhost"] {
        assert_eq!(ask("GET", "/", &[("host", host)]).status(), StatusCode::OK, "for {host:?}");
    }
}

#[test]
fn a_measurement_is_offered_only_when_there_is_one() {
    assert_eq!(ask("GET", "/measurement.json", &[]).status(), StatusCode::NOT_FOUND);
    assert!(!String::from_utf8_lossy(ask("GET", "/", &[]).body()).contains("highwater-measurement"));
    let site = Site::new(FILES, Hosts::Loopback, Some("{\"format\":1}".into()));
    let measurement = answer(&site, "GET", "/measurement.json", &[]);
    assert_eq!(*measurement.body(), b"{\"format\":1}");
    assert_eq!(header(&measurement, "content-type"), "application/json");
    let index = answer(&site, "GET", "/", &[]);
    assert!(String::from_utf8_lossy(index.body()).contains("<meta name=\"highwater-measurement\" content=\"measurement.json\">"));
    assert!(header(&index, "content-security-policy").contains("'sha256-"), "the script stays allowed");
}

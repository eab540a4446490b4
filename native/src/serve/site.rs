//! Answers requests from memory alone, the embedded files and perhaps a measurement: the file system is never touched, so no path leads out.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Method, Response, StatusCode};
use sha2::{Digest as _, Sha256};

use super::csp;
use super::offer;
use super::page::File;

/// An answer; its body lives in the binary.
pub(crate) type Answer = Response<&'static [u8]>;

/// Under which names the site may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// Loopback names only: a foreign name that resolves to this machine is another site reaching in (DNS rebinding).
    Loopback,
    /// Any name.
    Any,
}

/// The page and the rules it is served by.
#[derive(Debug)]
pub(crate) struct Site {
    files: BTreeMap<&'static str, Served>,
    policy: HeaderValue,
    hosts: Hosts,
}

/// A file with the headers that can be known in advance.
#[derive(Debug)]
struct Served {
    file: &'static File,
    kind: HeaderValue,
    etag: HeaderValue,
    cache: HeaderValue,
}

impl Site {
    /// A site of these files, `index.html` among them, that offers the page a measurement if there is one.
    pub(crate) fn new(files: &'static [File], hosts: Hosts, measurement: Option<String>) -> Self {
        let mut files: BTreeMap<_, _> = files.iter().map(|file| (file.path, Served::new(file))).collect();
        if let Some(text) = measurement {
            files.insert(offer::PATH, Served::new(offer::served(text)));
            if let Some(index) = files.get_mut("index.html") {
                *index = Served::new(offer::marked(index.file));
            }
        }
        let html = files.get("index.html").map_or("".into(), |index| String::from_utf8_lossy(index.file.bytes));
        let policy = HeaderValue::try_from(csp::policy(&html)).expect("a policy is plain ASCII");
        Self { files, policy, hosts }
    }

    /// The answer to one request. For `HEAD` the server drops the body.
    pub(crate) fn answer(&self, request: &Parts) -> Answer {
        let mut answer = self.route(request);
        let headers = answer.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("same-origin"));
        }
        answer
    }

    fn route(&self, request: &Parts) -> Answer {
        if !self.knows_host(&request.headers) {
            return plain(StatusCode::MISDIRECTED_REQUEST, "This server answers to loopback names only, such as localhost.\n");
        }
        if request.method != Method::GET && request.method != Method::HEAD {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are understood here.\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let path = request.uri.path().trim_start_matches('/');
        match self.files.get(if path.is_empty() { "index.html" } else { path }) {
            Some(served) => served.answer(&request.headers),
            None => plain(StatusCode::NOT_FOUND, "There is no such file here. The page is at /.\n"),
        }
    }

    fn knows_host(&self, headers: &HeaderMap) -> bool {
        let name = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        self.hosts == Hosts::Any || name.is_some_and(|name| is_loopback_name(name.host()))
    }
}

impl Served {
    fn new(file: &'static File) -> Self {
        let digest = Sha256::digest(file.bytes);
        let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let cache = if is_named_by_hash(file.path) { "public, max-age=31536000, immutable" } else { "no-cache" };
        Self {
            file,
            kind: HeaderValue::from_static(media_type(file.path)),
            etag: HeaderValue::try_from(format!("W/\"{tag}\"")).expect("hexadecimal digits"),
            cache: HeaderValue::from_static(cache),
        }
    }

    fn answer(&self, request: &HeaderMap) -> Answer {
        let known = request.get_all(IF_NONE_MATCH).iter().any(|tag| tag == self.etag);
        let packed = self.file.gzip.filter(|_| accepts_gzip(request));
        let mut answer = Response::new(if known { &[][..] } else { packed.unwrap_or(self.file.bytes) });
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, self.cache.clone());
        headers.insert(ETAG, self.etag.clone());
        if known {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return answer;
        }
        headers.insert(CONTENT_TYPE, self.kind.clone());
        if packed.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        answer
    }
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(text.as_bytes());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

fn is_loopback_name(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// `Accept-Encoding` names gzip and does not weigh it 0.
fn accepts_gzip(request: &HeaderMap) -> bool {
    let codings = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    codings.map(|coding| coding.split_once(';').unwrap_or((coding, ""))).any(|(name, weight)| {
        let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// Trunk puts a hash of 64 bits into file names (`app-1a2b3c4d5e6f7a8b_bg.wasm`): such a file never changes.
fn is_named_by_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split(['-', '_', '.']).any(|part| (12..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
#[path = "site_tests.rs"]
mod tests;

//! `highwater serve` as people and scripts meet it: through the binary.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

/// A running server, killed when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn highwater(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(arguments: &[&str]) -> Output {
    highwater(arguments).output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Starts the server and reads its one line.
fn serve(port: u16) -> Server {
    let mut child = highwater(&["serve", "--port", &port.to_string()]).spawn().expect("the binary starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let address = line.strip_prefix("Listening on http://").and_then(|rest| rest.strip_suffix("/\n"));
    let address = address.unwrap_or_else(|| panic!("the line is {line:?}")).parse().expect("an address");
    Server { child, address }
}

/// Sends a request as it stands; returns the head and the body of the answer.
fn ask(server: &Server, request: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(server.address).expect("the server listens");
    write!(stream, "{request}\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    (text(&answer[..end]), answer.split_off(end + 4))
}

#[test]
#[cfg_attr(not(has_page), ignore = "built without the page")]
fn the_page_is_served_with_its_policy() {
    let server = serve(0);
    assert!(server.address.ip().is_loopback());
    let (head, body) = ask(&server, "GET / HTTP/1.1");
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-"), "{head}");
    assert!(text(&body).contains("<title>Highwater"));
}

#[test]
#[cfg_attr(not(has_page), ignore = "built without the page")]
fn head_sends_the_length_and_no_body() {
    let server = serve(0);
    let (_, page) = ask(&server, "GET / HTTP/1.1");
    let (head, body) = ask(&server, "HEAD / HTTP/1.1");
    assert!(head.contains(&format!("content-length: {}", page.len())), "{head}");
    assert!(body.is_empty());
}

#[test]
#[cfg_attr(not(has_page), ignore = "built without the page")]
fn nothing_but_the_page_can_be_reached() {
    let server = serve(0);
    for path in ["/../../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd", "/no-such-file"] {
        let (head, _) = ask(&server, &format!("GET {path} HTTP/1.1"));
        assert!(head.starts_with("HTTP/1.1 404"), "{path}: {head}");
    }
    let (head, _) = ask(&server, "DELETE / HTTP/1.1");
    assert!(head.starts_with("HTTP/1.1 405"), "{head}");
}

#[test]
#[cfg_attr(not(has_page), ignore = "built without the page")]
fn a_taken_port_is_said_and_the_next_one_used() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port();
    let mut server = serve(port);
    assert_ne!(server.address.port(), port);
    server.child.kill().expect("running");
    let mut said = String::new();
    server.child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(said, format!("Port {port} is taken, so this is port {}.\n", server.address.port()));
}

#[cfg(unix)]
#[test]
#[cfg_attr(not(has_page), ignore = "built without the page")]
fn an_interruption_ends_it_with_130() {
    for signal in ["-INT", "-TERM"] {
        let mut server = serve(0);
        // An open connection that asks for nothing must not hold it up.
        let _idle = TcpStream::connect(server.address).expect("the server listens");
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
        assert_eq!(server.child.wait().expect("ended").code(), Some(130), "after {signal}");
    }
}

#[test]
#[cfg_attr(has_page, ignore = "built with the page")]
fn without_the_page_it_says_how_to_build_one() {
    let output = output(&["serve", "--port", "0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("trunk build --release"), "{}", text(&output.stderr));
}

#[test]
fn bad_usage_ends_with_2_and_a_message() {
    for arguments in [&["serve", "--port", "70000"][..], &["serve", "--host", "here"], &["serve", "--nonsense"], &["nonsense"]] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).starts_with("error: "), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_shows_an_example() {
    let output = output(&["serve", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("Example: highwater serve"));
}

#[test]
#[cfg_attr(not(has_page), ignore = "built without the page")]
fn what_is_no_measurement_is_refused_before_anything_is_served() {
    for (file, expected) in
        [("Cargo.toml", "Cargo.toml: is not JSON"), ("no-such-file.json", "reading no-such-file.json"), (".", "reading .")]
    {
        let output = output(&["serve", "--port", "0", "--measurement", file]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
}

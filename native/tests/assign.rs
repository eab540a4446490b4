//! `highwater assign` through the binary.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn assign(problem: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .arg("assign")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("piped").write_all(problem.as_bytes()).expect("it reads its input");
    child.wait_with_output().expect("it ends")
}

fn refused(problem: &str) -> String {
    let done = assign(problem);
    assert_eq!((done.status.code(), done.stdout.len()), (Some(2), 0), "{problem}");
    String::from_utf8(done.stderr).expect("UTF-8")
}

#[test]
fn the_problem_of_the_interface() {
    let problem = r#"{"assignor": "range", "topics": {"orders": 3, "pay": 2},
        "members": [{"id": "c0", "instance_id": null, "topics": ["orders", "pay"], "owned": [["orders", 0]], "generation": 4},
                    {"id": "c1", "topics": ["orders", "pay"]}]}"#;
    let done = assign(problem);
    assert_eq!(done.status.code(), Some(0));
    let out = String::from_utf8(done.stdout).expect("UTF-8");
    assert_eq!(out, "{\"c0\":[[\"orders\",0],[\"orders\",1],[\"pay\",0]],\"c1\":[[\"orders\",2],[\"pay\",1]]}\n");
}

#[test]
fn it_reads_a_file() {
    let file = std::env::temp_dir().join(format!("highwater-assign-{}.json", std::process::id()));
    std::fs::write(
        &file,
        r#"{"assignor": "roundrobin", "topics": {"t": 2}, "members": [{"id": "b", "topics": ["t"]}, {"id": "a", "topics": ["t"]}]}"#,
    )
    .expect("the temporary folder is writable");
    let done = Command::new(env!("CARGO_BIN_EXE_highwater")).arg("assign").arg(&file).output().expect("the binary starts");
    std::fs::remove_file(&file).expect("it was just written");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "{\"a\":[[\"t\",0]],\"b\":[[\"t\",1]]}\n");
}

#[test]
fn bad_problems_are_refused_with_their_place_and_what_would_be_right() {
    let with = |members: &str| format!(r#"{{"assignor": "sticky", "topics": {{"t": 2}}, "members": [{members}]}}"#);
    for (problem, place, right) in [
        ("".to_string(), "-:", "EOF"),
        ("{".to_string(), "-:", "EOF"),
        ("[]".to_string(), "-:", "expected"),
        (with(""), "members:", "at least one"),
        (with(r#"{"id": "a", "topics": ["t"]}] , "x": [1"#), "x", "expected one of `assignor`, `topics`, `members`"),
        (with(r#"{"id": "a", "topics": ["u"]}"#), "members[0].topics[0]:", "there is t"),
        (with(r#"{"id": "a", "topics": ["t", "t"]}"#), "members[0].topics[1]:", "twice"),
        (with(r#"{"id": "a", "topics": ["t"], "owned": [["t", 2]]}"#), "members[0].owned[0]:", "2 partitions, from 0"),
        (with(r#"{"id": "a", "topics": ["t"], "owned": [["t", 0], ["t", 0]]}"#), "members[0].owned[1]:", "twice"),
        (with(r#"{"id": "a", "topics": ["t"], "owned": [["t", -1]]}"#), "members[0].owned[0][1]:", "u16"),
        (with(r#"{"id": "a", "topics": ["t"], "generation": -2}"#), "members[0].generation:", "-1 (none) or more"),
        (with(r#"{"id": "a", "topics": ["t"]}, {"id": "a", "topics": ["t"]}"#), "members[1].id:", "ids differ"),
        (with(r#"{"id": "", "topics": ["t"]}"#), "members[0].id:", "has an id"),
        (
            with(r#"{"id": "a", "instance_id": "i", "topics": []}, {"id": "b", "instance_id": "i", "topics": []}"#),
            "members[1].instance_id:",
            "differ",
        ),
        (with(r#"{"topics": ["t"]}"#), "members[0]", "missing field `id`"),
        (with(r#"{"id": "a", "topics": ["t"]}"#).replace("sticky", "magic"), "assignor:", "cooperative-sticky"),
        (with(r#"{"id": "a", "topics": ["t"]}"#).replace("2}", "70000}"), "topics.t:", "u16"),
        (with(r#"{"id": "a", "topics": ["t"]}"#).replace("2}", "20000}"), "topics.t:", "0 to 10000"),
        (
            with(r#"{"id": "a", "topics": ["t"], "owned": [["t", 0]]}, {"id": "b", "topics": ["t"], "owned": [["t", 0]]}"#)
                .replace("sticky", "server-uniform"),
            "members[1].owned[0]:",
            "never has two owners",
        ),
    ] {
        let said = refused(&problem);
        assert!(said.contains(place) && said.contains(right), "{problem}\n{said}");
        assert_eq!(said.lines().count(), 1, "one clear message: {said}");
    }
    let done = Command::new(env!("CARGO_BIN_EXE_highwater")).args(["assign", "no/such/file"]).output().expect("the binary starts");
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("no/such/file"));
}

//! `highwater trial` as a user runs it.

use std::process::Command;

use serde_json::Value;

fn trial(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_highwater")).arg("trial").args(arguments).output().expect("the binary starts");
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn a_story_is_told_and_the_config_that_decides_is_found() {
    let (status, text) = trial(&["acks-1", "--flip", "--property", "lost"]);
    assert_eq!(status, Some(1));
    let line = |start: &str| text.lines().find(|l| l.trim_start().starts_with(start)).unwrap_or_else(|| panic!("no {start} in {text}"));
    assert!(line("acks 1 -> all").contains("none, complete"), "{text}");
    assert!(line("min.insync.replicas 2 -> 1").contains("6 steps"), "{text}");
    assert!(line("broker crashes 1 -> 0").contains("none, complete"), "{text}");
}

#[test]
fn the_table_is_in_the_json_only_if_asked_for() {
    let json = |arguments: &[&str]| -> Value { serde_json::from_str(&trial(arguments).1).expect("JSON") };
    let with = json(&["retry-duplicates", "--flip", "--json", "-"]);
    assert_eq!(with["verdict"], "found");
    let rows = with["counterfactual"].as_array().expect("rows");
    let of = |kind: &str, name: &str| rows.iter().find(|r| r["flip"][kind] == name).unwrap_or_else(|| panic!("{name} in {rows:?}"));
    assert_eq!(of("config", "enable.idempotence")["outcome"]["verdict"], "none");
    assert_eq!(of("bound", "lost responses")["outcome"]["verdict"], "none");
    assert!(json(&["retry-duplicates", "--json", "-"])["counterfactual"].is_null());
}

#[test]
fn every_answer_states_every_bound() {
    let bounds = |arguments: &[&str], begins: &str| {
        let (_, text) = trial(arguments);
        let line = text.lines().find(|l| l.starts_with(begins)).unwrap_or_else(|| panic!("no {begins} in {text}"));
        line[begins.len()..].trim().to_owned()
    };
    let all = "1 record · 1 broker crash · 0 power cuts · 0 lost responses · 0 lag expiries · 0 consumer crashes · 0 zombies · \
        0 checkpoints of high watermarks · any number of retries · any depth · 50000000 states · 512 MB";
    assert_eq!(bounds(&["acks-1"], "At most"), all);
    let set =
        ["acks-1", "--zombies", "1", "--retries", "2", "--depth", "9", "--max-states", "100", "--max-bytes", "1048576", "--lang", "ko"];
    let korean = "레코드 1 · 브로커 강제 종료 1 · 정전 0 · 유실된 응답 0 · 지연 만료 0 · 컨슈머 강제 종료 0 · 좀비 1 · \
        하이 워터마크 체크포인트 0 · 재시도 2 · 깊이 9 · 상태 100 · 1 MB";
    assert_eq!(bounds(&set, "한도"), korean);
}

/// A search that a limit ends has not shown that there is nothing: its exit status is neither 0 nor 1.
#[test]
fn a_limit_has_an_exit_status_of_its_own() {
    let of = |arguments: &[&str]| {
        let (status, text) = trial(arguments);
        (status, serde_json::from_str::<Value>(&text).expect("JSON")["verdict"].clone())
    };
    let base = ["acks-all", "--json", "-"];
    let with = |more: &[&str]| of(&[&base, more].concat());
    assert_eq!(with(&["--crashes", "0"]), (Some(0), "none".into()));
    assert_eq!(with(&["--max-states", "100"]), (Some(3), "limit".into()));
    assert_eq!(with(&["--depth", "4"]), (Some(3), "limit".into()));
    assert_eq!(of(&["acks-1", "--property", "lost", "--json", "-"]), (Some(1), "found".into()));
}

#[test]
fn bounds_are_taken_from_the_command_line() {
    let (_, text) = trial(&["acks-1", "--crashes", "0", "--lost-responses", "1", "--zombies", "0", "--retries", "1", "--json", "-"]);
    let verdict: Value = serde_json::from_str(&text).expect("JSON");
    for (name, n) in [("crashes", 0), ("lost_responses", 1), ("zombies", 0), ("retries", 1), ("records", 1)] {
        assert_eq!(verdict["bounds"][name], n, "{name}");
    }
    assert_eq!(trial(&["acks-1", "--records", "17"]).0, Some(2));
}

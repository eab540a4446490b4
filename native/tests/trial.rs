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
    assert!(line("as it is").contains("6 steps"), "{text}");
}

#[test]
fn the_table_is_in_the_json_only_if_asked_for() {
    let json = |arguments: &[&str]| -> Value { serde_json::from_str(&trial(arguments).1).expect("JSON") };
    let with = json(&["retry-duplicates", "--flip", "--json", "-"]);
    assert_eq!(with["verdict"], "found");
    let rows = with["counterfactual"].as_array().expect("rows");
    let of = |knob: &str| rows.iter().find(|r| r["knob"] == knob).unwrap_or_else(|| panic!("{knob} in {rows:?}"));
    assert_eq!(of("enable.idempotence")["outcome"]["verdict"], "none");
    assert!(rows.iter().any(|r| r["knob"].is_null() && r["outcome"]["verdict"] == "found"));
    assert!(json(&["retry-duplicates", "--json", "-"])["counterfactual"].is_null());
}

//! `highwater sim` as people and scripts meet it: through the binary.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::{env, fs, process};

use serde_json::Value;

fn run(arguments: &[&str], input: Option<&str>) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.unwrap_or_default().as_bytes()).expect("written");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A path that nothing lies at; gone again when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("highwater-test-{}-{name}", process::id()));
        let _ = fs::remove_file(&path);
        Scratch(path)
    }
    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn state(arguments: &[&str], input: Option<&str>) -> Value {
    let mut all = vec!["sim", "--json", "-"];
    all.extend(arguments);
    let done = run(&all, input);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("standard output is one JSON document")
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let hash = |seed| state(&["first", "--until", "5s", "--seed", seed], None)["trace_hash"].clone();
    assert_eq!(hash("1"), hash("1"));
    assert_ne!(hash("1"), hash("2"));
}

#[test]
fn the_final_state_has_the_quorum_where_there_is_one() {
    assert!(state(&["first", "--until", "1s"], None)["quorum"].is_null());
    let q = state(&["controller-failover"], None)["quorum"].clone();
    let voters = q["voters"].as_array().expect("a list");
    assert_eq!(voters.len(), 3);
    let leader = voters.iter().find(|v| v["id"] == q["leader_id"]).expect("one of them leads");
    assert_eq!(
        (&leader["state"], &leader["epoch"], &leader["high_watermark"]),
        (&"leader".into(), &q["leader_epoch"], &q["high_watermark"])
    );
    assert!(voters.iter().all(|v| v["log_end_offset"].is_u64() && v["up"].is_boolean()));
}

#[test]
fn the_final_state_has_what_the_interface_promises() {
    let s = state(&["first", "--until", "3s"], None);
    assert_eq!(s["time_us"], 3_000_000);
    assert_eq!(s["seed"], 42);
    for figure in ["sent", "acked", "in_log", "visible", "delivered", "effects", "lost", "duplicated", "out_of_order"] {
        assert!(s["ledger"][figure].is_u64(), "{figure}");
    }
    assert_eq!(s["ledger"]["sent"], 75, "every 40 ms from 10 ms on");
    let p = &s["partitions"][0];
    assert_eq!((&p["topic"], &p["partition"]), (&"pay".into(), &0.into()));
    assert_eq!((&p["leader"], &p["leader_epoch"]), (&1.into(), &0.into()));
    assert_eq!(p["isr"], serde_json::json!([1, 2, 3]));
    assert_eq!(p["elr"], serde_json::json!([]));
    assert_eq!(p["hw"], p["lso"]);
    assert_eq!(p["log_start"], 0);
    assert_eq!(p["replicas"][2]["broker"], 3);
    assert!(p["replicas"][2]["leo"].is_u64() && p["replicas"][2]["hw"].is_u64());
    let g = &s["groups"][0];
    assert_eq!((&g["id"], &g["protocol"], &g["state"]), (&"billing".into(), &"classic".into(), &"Stable".into()));
    assert!(g["generation"].is_u64());
    assert_eq!(g["members"][0], serde_json::json!({"id": "c1", "member_id": "c1-1", "assignment": [["pay", 0]]}));
    assert_eq!(g["offsets"][0]["topic"], "pay");
    assert!(g["offsets"][0]["committed"].is_u64() && g["offsets"][0]["lag"].is_u64());
    assert_eq!(s["violations"], serde_json::json!([]));
}

#[test]
fn events_are_one_json_object_a_line() {
    let done = run(&["sim", "first", "--until", "200ms", "--events", "-"], None);
    assert_eq!(done.status.code(), Some(0));
    let lines: Vec<Value> = text(&done.stdout).lines().map(|l| serde_json::from_str(l).expect("an object")).collect();
    assert!(lines.len() > 20);
    for (i, e) in lines.iter().enumerate() {
        assert_eq!(e["seq"], i);
        assert!(e["event"].is_string() && e["at_us"].is_u64(), "{e}");
    }
}

#[test]
fn files_are_made_and_never_overwritten() {
    let (events, json) = (Scratch::new("events"), Scratch::new("json"));
    let arguments = ["sim", "first", "--until", "1s", "--events", events.path(), "--json", json.path()];
    let done = run(&arguments, None);
    assert_eq!((done.status.code(), done.stdout.len()), (Some(0), 0));
    let first = fs::read(&events.0).expect("written");
    let again = run(&arguments, None);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("is not overwritten"), "{}", text(&again.stderr));
    assert_eq!(fs::read(&events.0).expect("still there"), first);
    fs::remove_file(&events.0).expect("removed");
    assert_eq!(run(&arguments, None).status.code(), Some(2), "the second file is there");
    assert!(!events.0.exists(), "all of it or nothing");
}

#[test]
fn a_scenario_comes_from_standard_input_and_a_bad_one_is_refused_with_its_place() {
    let first = include_str!("../../assets/scenarios/first.json");
    assert_eq!(state(&["-", "--until", "1s"], Some(first))["time_us"], 1_000_000);
    for (from, to, place) in [
        (r#""replication.factor": 3"#, r#""replication.factor": 4"#, "topology.topics[0].replication.factor"),
        (r#""acks": "all""#, r#""ackz": "all""#, "topology.producers[0].configs.ackz"),
        (r#""brokers": 3"#, r#""brokers": "three""#, "topology.brokers"),
        (r#""seed": 42"#, r#""sed": 42"#, "sed"),
    ] {
        let done = run(&["sim", "-"], Some(&first.replace(from, to)));
        assert_eq!(done.status.code(), Some(2));
        assert!(text(&done.stderr).contains(place), "{}", text(&done.stderr));
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn bad_usage_is_refused() {
    for (arguments, says) in [
        (&["sim", "no-such-scenario"][..], "no scenario of that name is shipped"),
        (&["sim", "first", "--until", "30"], "with its unit"),
        (&["sim", "first", "--until", "25h"], "24 hours"),
        (&["sim", "first", "--lang", "fr"], "en and ko"),
        (&["sim", "first", "--events", "-", "--json", "-"], "can't both"),
    ] {
        let done = run(arguments, None);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}");
        assert!(text(&done.stderr).contains(says), "{}", text(&done.stderr));
    }
}

#[test]
fn the_summary_speaks_both_languages() {
    let en = text(&run(&["sim", "first", "--until", "1s"], None).stdout);
    assert!(en.contains("Every invariant held.") && en.contains("pay-0"), "{en}");
    let ko = text(&run(&["sim", "first", "--until", "1s", "--lang", "ko"], None).stdout);
    assert!(ko.contains("모든 불변식이 지켜졌습니다.") && ko.contains("합니다."), "{ko}");
}

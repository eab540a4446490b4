//! Reading a measurement file that `highwater bench all --quick` wrote, calibrating from it, and refusing others.

use highwater_core::cost::calibrate::{self, Direction};
use highwater_core::cost::measurement::Measurement;
use serde_json::{Value, json};

/// Written by `highwater bench all --quick` on a busy virtual machine with two cores; only the folder's name was replaced.
const FILE: &str = include_str!("../data/measurement.json");

fn file() -> Value {
    serde_json::from_str(FILE).unwrap()
}

fn refused(v: &Value) -> String {
    Measurement::parse(&v.to_string()).unwrap_err().to_string()
}

#[test]
fn a_file_of_the_benchmark_is_read() {
    let m = Measurement::parse(FILE).unwrap();
    let disk = m.disk.as_ref().unwrap();
    let raw = file();
    let raw_cell = raw["disk"]["cells"].as_array().unwrap().iter().find(|c| c["id"] == "seq-read-4k").unwrap();
    assert_eq!(disk.cell("seq-read-4k").unwrap().mb_s, raw_cell["stats"]["mb_s"]["median"].as_f64().unwrap());
    assert!(disk.ratio("seq-read-1m", "rand-read-4k").is_some());
    assert!(m.copy.as_ref().unwrap().paths.iter().any(|p| p.way == "sendfile" && p.discarding));
    assert!(m.memory.iter().any(|(id, _)| id == "mem-rand"));
    assert!(!m.labels.is_empty());
    assert!(m.machine.memory_bytes > 1 << 30);
}

#[test]
fn a_part_that_was_not_measured_is_no_error() {
    let mut v = file();
    for part in ["disk", "copy", "memory"] {
        v[part] = Value::Null;
    }
    let m = Measurement::parse(&v.to_string()).unwrap();
    assert!(m.disk.is_none() && m.copy.is_none() && m.memory.is_empty());
}

#[test]
fn a_skipped_cell_is_left_out() {
    let mut v = file();
    v["disk"]["cells"][0]["stats"] = Value::Null;
    let before = Measurement::parse(FILE).unwrap().disk.unwrap().cells.len();
    assert_eq!(Measurement::parse(&v.to_string()).unwrap().disk.unwrap().cells.len(), before - 1);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    assert!(Measurement::parse("hello").unwrap_err().to_string().contains("is not JSON"));
    assert!(refused(&json!([])).contains("no measurement"));
    assert!(refused(&json!({"format": 1})).contains("highwater bench all --json"));
    let mut v = file();
    v["version"] = json!(2);
    assert!(refused(&v).starts_with("version: is 2; it must be 1"), "{}", refused(&v));
    let mut v = file();
    v["disk"]["cells"][3]["stats"]["mb_s"]["median"] = json!(-5);
    assert_eq!(refused(&v), "disk.cells[3].stats.mb_s.median: is -5; it must be a number above 0");
    let mut v = file();
    v["machine"].as_object_mut().unwrap().remove("cpu");
    assert_eq!(refused(&v), "machine.cpu: is missing");
    let mut v = file();
    v["copy"]["paths"] = json!("none");
    assert_eq!(refused(&v), "copy.paths: is \"none\"; it must be a list");
    let mut v = file();
    v["copy"]["paths"][0]["receiver"] = json!("both");
    assert!(refused(&v).contains("copy.paths[0].receiver: is \"both\"; it must be \"copying\" or \"discarding\""));
    let mut v = file();
    v["labels"][0]["meaning"] = json!(["x".repeat(400)]);
    assert!(refused(&v).len() < 200, "a long value is cut: {}", refused(&v));
}

#[test]
fn the_disk_model_meets_what_set_it() {
    let m = Measurement::parse(FILE).unwrap();
    let part = m.disk.as_ref().unwrap();
    for direction in [Direction::Read, Direction::Write] {
        let fit = calibrate::disk(part, direction).unwrap();
        let cell = |pattern: &str, block: &str| part.cell(&format!("{pattern}-{}-{block}", direction.word())).unwrap();
        for (pattern, block) in [("seq", "4k"), ("seq", "1m"), ("rand", "4k")] {
            let c = cell(pattern, block);
            let model = fit.disk.rate_of(c.block_bytes, pattern == "seq");
            // A jump can't be negative: where random was faster, the model says equal.
            let clamped = pattern == "rand" && fit.disk.jump_us == 0.0;
            assert!(clamped || (model / c.mb_s - 1.0).abs() < 1e-6, "{}: {model} against {}", c.id, c.mb_s);
        }
        assert_eq!(fit.checks.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), {
            let d = direction.word();
            [format!("seq-{d}-64k"), format!("rand-{d}-64k"), format!("rand-{d}-1m")]
        });
    }
}

#[test]
fn the_copy_model_predicts_what_did_not_set_it() {
    let m = Measurement::parse(FILE).unwrap();
    let fit = calibrate::copy(m.copy.as_ref().unwrap()).unwrap();
    let both = fit.protocol_s_per_gib + 2.0 * fit.copy_s_per_gib;
    assert!((both / fit.read_send.cpu_s_per_gib - 1.0).abs() < 1e-9);
    assert_eq!(fit.checks.len(), 2);
    assert_eq!(calibrate::cpu_copies("mmap+MSG_ZEROCOPY"), None);
}

#[test]
fn without_its_cells_there_is_no_model() {
    let mut v = file();
    let cells = v["disk"]["cells"].as_array_mut().unwrap();
    cells.retain(|c| c["id"] != "rand-read-4k");
    let m = Measurement::parse(&v.to_string()).unwrap();
    assert!(calibrate::disk(m.disk.as_ref().unwrap(), Direction::Read).is_none());
    assert!(calibrate::disk(m.disk.as_ref().unwrap(), Direction::Write).is_some());
}

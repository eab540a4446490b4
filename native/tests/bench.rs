//! `highwater bench` from the outside: what it prints, what it refuses, what it leaves behind.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

mod schema;

/// The smallest run that measures something: one cell, one slice.
const TINY: [&str; 8] = ["--size", "16M", "--cells", "rand-read-4k", "--rounds", "1", "--slice", "0.05"];

fn bench(dir: &Path, what: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.current_dir(dir).args(["bench", what]).args(args).stdin(Stdio::null());
    command
}

fn run(dir: &Path, what: &str, args: &[&str]) -> Output {
    bench(dir, what, args).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A folder where the benchmark may run: below the build's own, because /tmp may be in memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a fresh folder")
}

/// The command fails with status 2, says each of these, and leaves the folder as it was.
fn refuses(dir: &Path, what: &str, args: &[&str], says: &[&str]) {
    let before = names(dir);
    let output = run(dir, what, args);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    assert!(output.stdout.is_empty(), "{args:?} printed {}", text(&output.stdout));
    for words in says {
        assert!(error.contains(words), "{args:?}: `{words}` is not in: {error}");
    }
    assert_eq!(names(dir), before, "{args:?} left something behind");
}

#[test]
fn a_quick_run_is_quick_complete_and_leaves_only_its_reports() {
    let dir = folder();
    let start = Instant::now();
    let reports = ["--quick", "--json", "m.json", "--svg", "m.svg", "--html", "m.html"];
    let output = run(dir.path(), "disk", &reports);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(start.elapsed() < Duration::from_secs(15), "took {:?}", start.elapsed());
    assert_eq!(names(dir.path()), ["m.html", "m.json", "m.svg"]);

    let table = text(&output.stdout);
    for words in ["read 4 KiB", "write 1 MiB", "linear : random", "Kafka's design page", "buffer_pages"] {
        assert!(table.contains(words), "`{words}` is not in:\n{table}");
    }
    let measured: Value = read_json(&dir.path().join("m.json"));
    schema::check(&measured);
    assert_eq!(measured["complete"], true);
    assert_eq!(measured["disk"]["cells"].as_array().map(Vec::len), Some(12));
    let svg = fs::read_to_string(dir.path().join("m.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("6000") && svg.trim_end().ends_with("</svg>"));
    let html = fs::read_to_string(dir.path().join("m.html")).unwrap();
    assert!(html.contains("prefers-color-scheme: dark") && html.contains("<svg"));
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(!html.contains(outside), "the page refers to something outside: {outside}");
    }
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("a report")).expect("JSON")
}

#[test]
fn json_on_standard_output_is_alone_there() {
    let dir = folder();
    let output = run(dir.path(), "disk", &[&TINY[..], &["--json", "-"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    schema::check(&serde_json::from_slice(&output.stdout).expect("only JSON"));
    assert!(text(&output.stderr).contains("read 4 KiB"), "the table goes to standard error");
    assert!(names(dir.path()).is_empty());
}

#[test]
fn every_cell_can_be_measured() {
    let dir = folder();
    let args = ["--size", "32M", "--cells", "all", "--rounds", "2", "--slice", "0.02", "--json", "-"];
    let output = run(dir.path(), "disk", &args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    schema::check(&measured);
    for cell in measured["disk"]["cells"].as_array().unwrap() {
        let samples = cell["samples"].as_array().unwrap();
        if cell["skipped"].is_null() {
            assert_eq!(samples.len(), 2, "{}", cell["id"]);
            assert!(samples.iter().all(|sample| sample["mb_s"].as_f64() > Some(0.0)));
            let few = cell["stats"]["latency_us"]["count"].as_u64() < Some(1000);
            assert_eq!(cell["stats"]["latency_us"]["p99"].is_null(), few, "{}", cell["id"]);
        } else {
            assert!(samples.is_empty() && cell["stats"].is_null());
        }
    }
}

#[test]
fn copies_are_measured_and_their_calls_counted() {
    let dir = folder();
    let args = ["--quick", "--rounds", "2", "--slice", "0.05", "--json", "-"];
    let output = run(dir.path(), "copy", &args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    schema::check(&measured);
    let find = |id: &str| {
        let paths = measured["copy"]["paths"].as_array().unwrap();
        paths.iter().find(|path| path["id"] == id).unwrap_or_else(|| panic!("no {id}")).clone()
    };
    if cfg!(target_os = "linux") {
        let calls = &find("sendfile-1m-discarding")["samples"][0]["calls"];
        assert!(calls["sendfile"].as_u64() > Some(0));
        assert_eq!((calls["read"].as_u64(), calls["send"].as_u64()), (Some(0), Some(0)));
    }
    let calls = &find("read-send-64k-copying")["samples"][0]["calls"];
    assert!(calls["read"].as_u64() > Some(0) && calls["send"].as_u64() >= calls["read"].as_u64());
    assert!(names(dir.path()).is_empty());
}

#[test]
fn existing_targets_are_never_overwritten() {
    let dir = folder();
    fs::write(dir.path().join("old"), "precious").unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    for option in ["--json", "--svg", "--html"] {
        let start = Instant::now();
        refuses(dir.path(), "disk", &[option, "old"], &[option, "old", "exists"]);
        refuses(dir.path(), "disk", &[option, "dangling"], &["exists"]);
        assert!(start.elapsed() < Duration::from_secs(5), "refused before measuring");
    }
    refuses(dir.path(), "disk", &["--json", "."], &["folder"]);
    refuses(dir.path(), "disk", &["--json", "no/such/folder.json"], &["no folder no/such"]);
    refuses(dir.path(), "disk", &["--json", "x", "--svg", "x"], &["two reports"]);
    refuses(dir.path(), "disk", &["--json", "-", "--html", "-"], &["two reports"]);
    assert_eq!(fs::read_to_string(dir.path().join("old")).unwrap(), "precious");
    assert!(dir.path().join("dangling").is_symlink() && !dir.path().join("nowhere").exists());
}

#[test]
fn places_that_are_not_plain_folders_are_refused() {
    let dir = folder();
    fs::create_dir(dir.path().join("real")).unwrap();
    symlink("real", dir.path().join("link")).unwrap();
    fs::write(dir.path().join("file"), "precious").unwrap();
    refuses(dir.path(), "disk", &["--dir", "link"], &["symbolic link", "real"]);
    refuses(dir.path(), "disk", &["--dir", "link/"], &["symbolic link"]);
    refuses(dir.path(), "disk", &["--dir", "file"], &["existing file"]);
    refuses(dir.path(), "disk", &["--dir", "missing"], &["missing", "existing folder"]);
    refuses(dir.path(), "disk", &["--dir", "/dev/null"], &["device"]);
    refuses(dir.path(), "copy", &["--dir", "/dev/null"], &["device"]);
    assert_eq!(fs::read_to_string(dir.path().join("file")).unwrap(), "precious");
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let dir = folder();
    refuses(dir.path(), "disk", &["--size", "1000000T"], &["2 x size + 1 GiB"]);
    refuses(dir.path(), "disk", &["--size", "1K"], &["at least 16 MiB"]);
    refuses(dir.path(), "disk", &["--size", "lots"], &["not a size"]);
}

#[test]
fn names_that_do_not_exist_are_refused_with_those_that_do() {
    let dir = folder();
    refuses(dir.path(), "disk", &["--cells", "seq-raed-4k"], &["seq-raed-4k", "seq-read-4k"]);
    refuses(dir.path(), "disk", &["--expect", "seq-read-4k"], &["seq-read-1m/rand-read-4k>=5"]);
    let unknown = ["--cells", "rand-read-4k", "--expect", "seq-read-4k>=1"];
    refuses(dir.path(), "disk", &unknown, &["seq-read-4k is not measured", "rand-read-4k"]);
    refuses(dir.path(), "copy", &["--paths", "sendfiel"], &["sendfile-1m-copying"]);
}

#[test]
fn expectations_decide_the_exit_status() {
    let dir = folder();
    let with = |expr: &str| run(dir.path(), "disk", &[&TINY[..], &["--expect", expr]].concat());
    let holds = with("rand-read-4k:iops>0");
    assert_eq!(holds.status.code(), Some(0), "{}", text(&holds.stderr));
    let fails = with("rand-read-4k/rand-read-4k>=2");
    assert_eq!(fails.status.code(), Some(1), "{}", text(&fails.stderr));
    assert!(text(&fails.stdout).contains("DOES NOT HOLD (1.00"));
}

#[test]
fn an_older_run_is_compared_and_a_wrong_file_refused() {
    let dir = folder();
    assert!(run(dir.path(), "disk", &[&TINY[..], &["--json", "old.json"]].concat()).status.success());
    let args = [&TINY[..], &["--compare", "old.json", "--json", "-"]].concat();
    let output = run(dir.path(), "disk", &args);
    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    schema::check(&measured);
    assert_eq!(measured["comparison"]["ratios"][0]["paired"], false);
    fs::write(dir.path().join("other.json"), "{\"format\": \"other\"}").unwrap();
    fs::write(dir.path().join("broken.json"), "{").unwrap();
    refuses(dir.path(), "disk", &["--compare", "other.json"], &["not a measurement file"]);
    refuses(dir.path(), "disk", &["--compare", "broken.json"], &["not JSON"]);
    refuses(dir.path(), "disk", &["--compare", "none.json"], &["none.json"]);
}

#[test]
fn help_shows_an_example() {
    for what in ["disk", "copy", "all"] {
        let output = run(Path::new("."), what, &["--help"]);
        assert!(output.status.success() && text(&output.stdout).contains("Example: highwater bench"));
    }
}

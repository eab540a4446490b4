//! `highwater bench` where things go wrong: signals, kill -9, full, read-only and memory file
//! systems. Each ends with a clear message, nothing left behind and nothing overwritten.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

fn start(dir: &Path, what: &str, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_highwater"))
        .current_dir(dir)
        .args(["bench", what])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

fn finish(child: Child) -> Output {
    child.wait_with_output().expect("the binary ends")
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("the process is there");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a fresh folder")
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).expect("the folder can be listed").next().is_none()
}

fn free(dir: &Path) -> u64 {
    let stat = rustix::fs::statvfs(dir).expect("statvfs");
    stat.f_bavail * stat.f_frsize
}

/// A run that would take long if nobody stopped it.
const LONG: [&str; 6] = ["--size", "64M", "--rounds", "100", "--slice", "0.1"];

/// Moments spread over two seconds, different in every run of the tests.
fn moments() -> impl Iterator<Item = Duration> {
    let seed = u64::from(std::process::id());
    (0..10u64).map(move |i| Duration::from_millis((seed * 7919 + i * 619) % 2000 + 3))
}

#[test]
fn signals_at_random_moments_clean_up_and_still_report() {
    let dir = folder();
    let mut complete_reports = 0;
    for (i, moment) in moments().enumerate() {
        let (which, name) = if i % 2 == 0 { (Signal::INT, "SIGINT") } else { (Signal::TERM, "SIGTERM") };
        let what = if i % 3 == 2 { "copy" } else { "disk" };
        let child = start(dir.path(), what, &[&LONG[..], &["--json", "m.json"]].concat());
        std::thread::sleep(moment);
        signal(&child, which);
        let signalled = Instant::now();
        let output = finish(child);
        let context = format!("{what}, {name} after {moment:?}: {}", text(&output.stderr));
        assert!(signalled.elapsed() < Duration::from_secs(5), "slow to stop: {context}");
        if output.status.signal() == Some(which.as_raw()) {
            // Before the program could set up its handlers: nothing had been created either.
            assert!(moment < Duration::from_millis(500) && is_empty(dir.path()), "{context}");
            continue;
        }
        assert_eq!(output.status.code(), Some(130), "{context}");
        let said = text(&output.stdout);
        assert!(said.contains(&format!("INCOMPLETE: stopped by {name}")), "{context}\n{said}");
        let report = fs::read_to_string(dir.path().join("m.json")).expect("a report");
        let report: Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!(report["complete"], false, "{context}");
        complete_reports += 1;
        fs::remove_file(dir.path().join("m.json")).unwrap();
        assert!(is_empty(dir.path()), "left something behind: {context}");
    }
    assert!(complete_reports >= 5, "most signals arrive while measuring");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let dir = folder();
    let child = start(dir.path(), "disk", &LONG);
    std::thread::sleep(Duration::from_millis(400));
    signal(&child, Signal::INT);
    signal(&child, Signal::INT);
    assert_eq!(finish(child).status.code(), Some(130));
    assert!(is_empty(dir.path()));
}

#[test]
fn kill_nine_leaves_no_name_and_the_next_run_works() {
    let dir = folder();
    let child = start(dir.path(), "disk", &LONG);
    std::thread::sleep(Duration::from_millis(700));
    signal(&child, Signal::KILL);
    assert_eq!(finish(child).status.signal(), Some(9));
    assert!(is_empty(dir.path()));
    let again = start(dir.path(), "disk", &["--size", "16M", "--cells", "rand-read-4k", "--rounds", "1"]);
    assert!(finish(again).status.success());
    assert!(is_empty(dir.path()));
}

/// A file system of our own, gone again when dropped. Needs root.
struct Mount(PathBuf, TempDir);

impl Mount {
    fn tmpfs(options: &str) -> Option<Mount> {
        let dir = folder();
        let path = dir.path().join("mounted");
        fs::create_dir(&path).unwrap();
        Mount::at(&["-t", "tmpfs", "-o", options, "tmpfs"], path, dir)
    }

    /// ext4 in a file, through a loop device.
    fn ext4(megabytes: u64) -> Option<Mount> {
        let dir = folder();
        let image = dir.path().join("image");
        fs::File::create(&image).unwrap().set_len(megabytes << 20).unwrap();
        let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image).output();
        if !made.is_ok_and(|output| output.status.success()) {
            println!("skipped: mkfs.ext4 is not here");
            return None;
        }
        let path = dir.path().join("mounted");
        fs::create_dir(&path).unwrap();
        Mount::at(&["-o", "loop", image.to_str()?], path, dir)
    }

    fn at(args: &[&str], path: PathBuf, dir: TempDir) -> Option<Mount> {
        let output = Command::new("mount").args(args).arg(&path).output();
        match output {
            Ok(output) if output.status.success() => Some(Mount(path, dir)),
            Ok(output) => {
                println!("skipped: cannot mount here: {}", text(&output.stderr).trim());
                None
            }
            Err(error) => {
                println!("skipped: no mount command: {error}");
                None
            }
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
        let _ = &self.1;
    }
}

#[test]
fn a_small_file_system_is_refused() {
    let Some(mount) = Mount::tmpfs("size=200M") else {
        return;
    };
    for what in ["disk", "copy"] {
        let output = finish(start(&mount.0, what, &[]));
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("200 MiB free") && error.contains("2 x size + 1 GiB"), "{error}");
        assert!(is_empty(&mount.0));
    }
}

#[test]
fn memory_is_called_memory() {
    let Some(mount) = Mount::tmpfs("size=1500M") else {
        return;
    };
    let args = ["--size", "32M", "--cells", "direct,cold,qd32", "--rounds", "1", "--slice", "0.02", "--json", "-"];
    let output = finish(start(&mount.0, "disk", &args));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let labels: Vec<&str> = report["labels"].as_array().unwrap().iter().filter_map(|label| label["name"].as_str()).collect();
    let direct = labels.iter().any(|name| *name == "o_direct_ignored" || *name == "o_direct_refused");
    assert!(direct && labels.contains(&"no_device_io"), "{labels:?}");
    assert_eq!(report["disk"]["medium"]["guess"], "memory, not a disk");
    let cells = report["disk"]["cells"].as_array().unwrap();
    assert!(cells.iter().filter(|cell| cell["access"] == "cold").all(|cell| cell["skipped"].is_string()));
    assert!(is_empty(&mount.0));
}

#[test]
fn a_disk_that_fills_up_meanwhile_gives_a_clear_error() {
    let Some(mount) = Mount::tmpfs("size=1900M") else {
        return;
    };
    let full = free(&mount.0);
    let child = start(&mount.0, "disk", &["--size", "400M", "--cells", "rand-read-4k"]);
    // Stop it while it writes, take the rest of the space, let it go on.
    let waiting = Instant::now();
    while free(&mount.0) == full && waiting.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_micros(200));
    }
    signal(&child, Signal::STOP);
    let taken = full - free(&mount.0);
    let hog = mount.0.join("hog");
    let mut file = fs::File::create(&hog).unwrap();
    while file.write_all(&vec![1; 1 << 20]).is_ok() {}
    signal(&child, Signal::CONT);
    let output = finish(child);
    let error = text(&output.stderr);
    if taken >= 390 << 20 {
        println!("skipped: the file was written before it could be stopped");
        return;
    }
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("No space left on device") && error.contains("of 400 MiB"), "{error}");
    fs::remove_file(&hog).unwrap();
    drop(file);
    assert_eq!(free(&mount.0), full, "the space came back");
}

#[test]
fn a_limit_on_file_sizes_gives_a_clear_error() {
    let dir = folder();
    let script = format!("ulimit -f 20480; exec {} bench disk --size 64M --cells rand-read-4k", env!("CARGO_BIN_EXE_highwater"));
    let output = Command::new("sh").arg("-c").arg(script).current_dir(dir.path()).output().unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("writing the scratch file failed after"), "{error}");
    assert!(is_empty(dir.path()));
}

#[test]
fn read_only_places_are_refused() {
    if let Some(mount) = Mount::tmpfs("size=2G,ro") {
        let error = text(&finish(start(Path::new("/"), "disk", &["--dir", mount.0.to_str().unwrap()])).stderr);
        assert!(error.contains("read-only"), "{error}");
    }
    if rustix::process::geteuid().is_root() {
        println!("skipped: root may write to any folder");
        return;
    }
    let dir = folder();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let output = finish(start(Path::new("/"), "disk", &["--dir", dir.path().to_str().unwrap()]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("you may not write there"));
}

#[test]
fn raw_devices_are_refused() {
    let devices = fs::read_dir("/dev").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let block = devices.into_iter().find(|path| path.metadata().is_ok_and(|found| found.file_type().is_block_device()));
    let Some(device) = block else {
        println!("skipped: there is no block device in /dev");
        return;
    };
    let output = finish(start(Path::new("/"), "disk", &["--dir", device.to_str().unwrap()]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("device"), "{}", text(&output.stderr));
}

#[test]
fn a_real_small_disk_is_measured_with_a_smaller_file() {
    let Some(mount) = Mount::ext4(1400) else {
        return;
    };
    let before = free(&mount.0);
    let args = ["--cells", "rand-read-4k,append", "--rounds", "1", "--slice", "0.02"];
    let output = finish(start(&mount.0, "disk", &args));
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.contains("instead of 1 GiB"), "{said}");
    assert_eq!(free(&mount.0), before, "the space came back");
}

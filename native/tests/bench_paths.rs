//! The paths are what they claim: system calls of `highwater bench` as strace sees them.
#![cfg(target_os = "linux")]

use std::process::Command;

/// Lines of strace for this run, one a call, in order; `None` (with a message) without strace.
fn traced(calls: &str, raw: &str, args: &[&str]) -> Option<Vec<String>> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a fresh folder");
    let log = dir.path().join("log");
    let output = Command::new("strace")
        .args(["-f", "-o", log.to_str()?, "-e", &format!("trace={calls}"), "-e", &format!("raw={raw}")])
        .arg(env!("CARGO_BIN_EXE_highwater"))
        .args(args)
        .current_dir(dir.path())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let text = std::fs::read_to_string(log).expect("the log");
            // Drop the process id and what is not a call.
            let lines = text.lines().filter_map(|line| Some(line.split_once(' ')?.1.trim().to_string()));
            Some(lines.filter(|line| line.contains('(')).collect())
        }
        Ok(output) => {
            println!("skipped: strace does not work here: {}", String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(error) => {
            println!("skipped: no strace: {error}");
            None
        }
    }
}

fn count(lines: &[String], call: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(&format!("{call}("))).count()
}

fn copy(path: &str) -> Option<Vec<String>> {
    let args = ["bench", "copy", "--size", "16M", "--paths", path, "--rounds", "1", "--slice", "0.05"];
    let calls = "sendfile,splice,pread64,sendto,recvmsg";
    let lines = traced(calls, "none", &args)?;
    // The file is read into the page cache first; the path begins with its first sending call.
    let start = lines.iter().position(|line| ["sendfile(", "splice(", "sendto("].iter().any(|call| line.starts_with(call)));
    let first = start.expect("something is sent");
    let before = lines[..first].iter().rposition(|line| line.starts_with("pread64("));
    // read+send reads once before it sends for the first time.
    let from = if path.starts_with("read") { before.unwrap_or(first) } else { first };
    Some(lines[from..].to_vec())
}

#[test]
fn sendfile_and_splice_never_read_the_payload() {
    let Some(lines) = copy("sendfile-1m-discarding") else {
        return;
    };
    assert!(count(&lines, "sendfile") > 1);
    assert_eq!((count(&lines, "pread64"), count(&lines, "sendto")), (0, 0));

    let Some(lines) = copy("splice-1m-discarding") else {
        return;
    };
    assert!(count(&lines, "splice") > 2);
    assert_eq!((count(&lines, "pread64"), count(&lines, "sendto")), (0, 0));
}

#[test]
fn read_and_send_alternate_and_mmap_only_sends() {
    let Some(lines) = copy("read-send-64k-copying") else {
        return;
    };
    let (reads, sends) = (count(&lines, "pread64"), count(&lines, "sendto"));
    assert!(reads > 1 && sends >= reads, "{reads} reads, {sends} sends");
    assert_eq!(count(&lines, "sendfile"), 0);

    let Some(lines) = copy("mmap-send-64k-copying") else {
        return;
    };
    assert!(count(&lines, "sendto") > 1);
    assert_eq!(count(&lines, "pread64"), 0);
}

#[test]
fn zero_copy_sends_say_so_and_collect_their_notices() {
    let Some(lines) = copy("zerocopy-1m-copying") else {
        return;
    };
    let sends = lines.iter().filter(|line| line.starts_with("sendto("));
    assert!(sends.clone().count() > 1 && sends.clone().all(|line| line.contains("MSG_ZEROCOPY")));
    assert!(count(&lines, "recvmsg") > 0);
}

#[test]
fn direct_cells_open_with_o_direct_and_align_everything() {
    let args = ["bench", "disk", "--size", "16M", "--cells", "rand-read-4k,rand-write-64k", "--rounds", "1", "--slice", "0.05"];
    let Some(lines) = traced("openat,pread64,pwrite64", "pread64,pwrite64", &args) else {
        return;
    };
    let direct: Vec<&String> = lines.iter().filter(|line| line.contains("O_DIRECT") && !line.contains("O_DIRECTORY")).collect();
    assert_eq!(direct.len(), 1, "one open with O_DIRECT: {direct:?}");
    if direct[0].contains("= -1") {
        println!("skipped: no O_DIRECT here: {}", direct[0]);
        return;
    }
    let descriptor: u64 = direct[0].rsplit("= ").next().unwrap().trim().parse().unwrap();
    let mut seen = 0;
    for line in lines.iter().filter(|line| line.starts_with("pread64(0x") || line.starts_with("pwrite64(0x")) {
        let inside = line.split_once('(').unwrap().1.split(')').next().unwrap();
        let numbers: Vec<u64> =
            inside.split(", ").map(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a raw argument")).collect();
        let [fd, buffer, length, offset] = numbers[..] else { panic!("four arguments: {line}") };
        // The one misaligned read is the probe for O_DIRECT being ignored.
        if fd == descriptor && !(length < 512 && offset == 1) {
            assert!(buffer % 4096 == 0 && length % 4096 == 0 && offset % 4096 == 0, "{line}");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} direct requests");
}

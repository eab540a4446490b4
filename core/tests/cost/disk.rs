//! Lesson L4's numbers.

use highwater_core::cost::disk::{Arm, CLAIM_BYTES, Disk, Preset, Request};

const MIB: u64 = 1 << 20;

/// Within a thousandth.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= b.abs() / 1000.0
}

#[test]
fn l4_1_the_design_page_says_6000() {
    let d = Preset::DesignPage.disk();
    assert!((d.ratio(CLAIM_BYTES) - 6000.0).abs() < 1e-6, "{}", d.ratio(CLAIM_BYTES));
    let requests = 60_000_000.0 / CLAIM_BYTES as f64;
    assert!(near(requests * d.service_us(CLAIM_BYTES, true), 100_000.0));
    assert!(near(requests * d.service_us(CLAIM_BYTES, false), 600_000_000.0));
}

#[test]
fn l4_2_bigger_chunks_close_the_gap() {
    let d = Preset::Hdd.disk();
    for (bytes, mb_s) in [(1024, 0.10233), (64 << 10, 6.2793), (MIB, 61.713), (16 * MIB, 137.69)] {
        assert!(near(d.rate_of(bytes, false), mb_s), "{bytes}: {}", d.rate_of(bytes, false));
    }
}

#[test]
fn l4_3_tens_of_times_on_flash() {
    assert!(near(Preset::SataSsd.disk().ratio(4096), 13.207));
    assert!(near(Preset::Nvme.disk().ratio(4096), 59.594));
    // The same ratio for requests of 1 MiB: nearly none.
    assert!(Preset::Nvme.disk().ratio(MIB) < 1.25);
}

/// `partitions` logs written in turn, `chunk` bytes at a time.
fn in_turn(disk: &Disk, partitions: u32, chunk: u64, total: u64) -> Arm {
    let mut arm = Arm::default();
    for i in 0..total / chunk {
        let (file, round) = (i as u32 % partitions, i / u64::from(partitions));
        arm.serve(disk, Request { file, offset: round * chunk, bytes: chunk, write: true });
    }
    arm
}

#[test]
fn l4_4_many_logs_make_one_disk_jump() {
    let d = Preset::Hdd.disk();
    let (one, many) = (in_turn(&d, 1, 4096, 8 * MIB), in_turn(&d, 1000, 4096, 8 * MIB));
    assert_eq!(one.jumps, 1);
    assert_eq!(many.jumps, many.requests);
    assert!(many.jumps >= 10 * one.jumps);
    assert!(many.rate_mb_s() < one.rate_mb_s() / 100.0);
}

#[test]
fn l4_5_a_reader_far_behind_slows_the_writer() {
    let d = Preset::Hdd.disk();
    let alone = in_turn(&d, 1, MIB, 64 * MIB);
    let mut arm = Arm::default();
    for i in 0..64 {
        arm.serve(&d, Request { file: 0, offset: (1000 + i) * MIB, bytes: MIB, write: true });
        arm.serve(&d, Request { file: 0, offset: i * MIB, bytes: MIB, write: false });
    }
    assert_eq!(arm.jumps, arm.requests, "the head alternates");
    let written_mb_s = 64.0 * MIB as f64 / arm.busy_us();
    assert!(written_mb_s < alone.rate_mb_s() / 3.0, "{written_mb_s}");
}

#[test]
fn l4_challenge_half_of_the_linear_rate_from_about_one_and_a_half_megabytes_on() {
    let d = Preset::Hdd.disk();
    assert!(d.rate_of(1_500_000, false) >= 75.0 - 1e-9);
    assert!(d.rate_of(1_400_000, false) < 75.0);
}

#[test]
fn presets_are_found_by_the_names_that_scenarios_use() {
    for p in Preset::ALL {
        assert_eq!(Preset::of_id(p.id()), Some(p));
        assert_eq!(serde_json::to_value(p).unwrap(), p.id());
        assert!(!p.source().is_empty());
    }
    assert_eq!(Preset::of_id("floppy"), None);
    assert!(!Preset::DesignPage.illustrative() && Preset::Nvme.illustrative());
}

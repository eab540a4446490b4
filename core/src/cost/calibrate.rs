//! The models with a machine's own figures, and where model and measurement part.
//!
//! Few cells set the parameters; the others are predicted and held against what was measured. So a model can be wrong, and says so.

use super::copy::Method;
use super::disk::Disk;
use super::measurement::{CopyPart, DiskPart, Path};

/// Model and measurement of one cell or path.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// Cell or path.
    pub id: String,
    /// What the model says, in the unit of the calibration.
    pub model: f64,
    /// What was measured.
    pub measured: f64,
}

impl Check {
    /// Measured over model.
    pub fn factor(&self) -> f64 {
        self.measured / self.model
    }
    /// Do they part, by more than [`PART_PERCENT`] either way?
    pub fn parts(&self) -> bool {
        let limit = 1.0 + PART_PERCENT as f64 / 100.0;
        self.factor() > limit || self.factor() * limit < 1.0
    }
}

/// From this difference on, model and measurement part: what `bench` itself flags as unsteady.
pub const PART_PERCENT: u32 = 15;

/// A disk model made from a measurement.
#[derive(Clone, PartialEq, Debug)]
pub struct DiskFit {
    /// Its parameters.
    pub disk: Disk,
    /// Cells that did not set them, in MB/s.
    pub checks: Vec<Check>,
}

/// Reading or writing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Reading.
    Read,
    /// Writing.
    Write,
}

impl Direction {
    /// As in the names of cells.
    pub fn word(self) -> &'static str {
        match self {
            Direction::Read => "read",
            Direction::Write => "write",
        }
    }
}

/// The disk model of one direction: linear 4 KiB and 1 MiB set request and rate, random 4 KiB sets the jump; 64 KiB and random 1 MiB
/// are predicted. `None` where one of the three was not measured, or where a large request was no slower than a small one.
pub fn disk(part: &DiskPart, direction: Direction) -> Option<DiskFit> {
    let cell = |pattern: &str, block: &str| part.cell(&format!("{pattern}-{}-{block}", direction.word()));
    let took = |pattern, block| cell(pattern, block).map(|c| (c.block_bytes as f64, c.block_bytes as f64 / c.mb_s));
    let ((small, small_us), (large, large_us), (_, random_us)) = (took("seq", "4k")?, took("seq", "1m")?, took("rand", "4k")?);
    if large_us <= small_us || large <= small {
        return None;
    }
    let rate_mb_s = (large - small) / (large_us - small_us);
    let disk = Disk { request_us: (small_us - small / rate_mb_s).max(0.0), jump_us: (random_us - small_us).max(0.0), rate_mb_s };
    let predicted = [("seq", "64k"), ("rand", "64k"), ("rand", "1m")].into_iter().filter_map(|(pattern, block)| {
        let c = cell(pattern, block)?;
        Some(Check { id: c.id.clone(), model: disk.rate_of(c.block_bytes, pattern == "seq"), measured: c.mb_s })
    });
    Some(DiskFit { disk, checks: predicted.collect() })
}

/// A copy model made from a measurement: CPU seconds of the sender for a GiB = protocol + copies x copy.
#[derive(Clone, PartialEq, Debug)]
pub struct CopyFit {
    /// What sending costs without a copy (sendfile): system calls, TCP, interrupts. CPU seconds a GiB.
    pub protocol_s_per_gib: f64,
    /// What one copy by the CPU adds. CPU seconds a GiB.
    pub copy_s_per_gib: f64,
    /// The cheapest read+send that was measured.
    pub read_send: Path,
    /// sendfile to the same kind of receiver.
    pub sendfile: Path,
    /// Paths that did not set them, in CPU seconds a GiB.
    pub checks: Vec<Check>,
}

/// Copies by the CPU of a way that `bench copy` measures: from page cache to socket buffer.
pub fn cpu_copies(way: &str) -> Option<u32> {
    let method = match way {
        "read+send" => Method::ReadWrite,
        "mmap+send" => Method::MmapWrite,
        // splice moves pages through a pipe, as sendfile does inside.
        "sendfile" | "splice" => Method::Sendfile,
        _ => return None,
    };
    let conditions = super::copy::Conditions { cached: true, tls: false, gather: true };
    Some(super::copy::Counts::of(&super::copy::steps(method, conditions)).cpu_copies)
}

/// The copy model: sendfile and the cheapest read+send set it, mmap+send and splice are predicted. Receivers that discard come nearest to a
/// network card. `None` where one of the two was not measured, or sendfile cost no less.
pub fn copy(part: &CopyPart) -> Option<CopyFit> {
    let paths = || part.paths.iter().filter(|p| p.discarding);
    let cheapest = |way: &str| {
        let mut found: Option<&Path> = None;
        for p in paths().filter(|p| p.way == way) {
            if found.is_none_or(|best| p.cpu_s_per_gib < best.cpu_s_per_gib) {
                found = Some(p);
            }
        }
        found
    };
    let (read_send, sendfile) = (cheapest("read+send")?, cheapest("sendfile")?);
    let saved = read_send.cpu_s_per_gib - sendfile.cpu_s_per_gib;
    if saved <= 0.0 {
        return None;
    }
    let (protocol, each) = (sendfile.cpu_s_per_gib, saved / f64::from(cpu_copies("read+send")?));
    let checks = ["mmap+send", "splice"].into_iter().filter_map(|way| {
        let p = cheapest(way)?;
        Some(Check { id: p.id.clone(), model: protocol + each * f64::from(cpu_copies(way)?), measured: p.cpu_s_per_gib })
    });
    Some(CopyFit {
        protocol_s_per_gib: protocol,
        copy_s_per_gib: each,
        read_send: read_send.clone(),
        sendfile: sendfile.clone(),
        checks: checks.collect(),
    })
}

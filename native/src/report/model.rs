//! The measurement file: what a run of `highwater bench` knows, as data.
//!
//! One versioned format for the command line, for `--compare` and for the web app. The published
//! description is `assets/schema/measurement.schema.json`. Names carry their unit: `_bytes`,
//! `_seconds`, `_us` (microseconds), `mb_s` (10^6 bytes a second).

use serde::{Deserialize, Serialize};

/// The value of `format` in every measurement file.
pub(crate) const FORMAT: &str = "highwater-measurement";
/// The version of the format that this program writes and reads.
pub(crate) const VERSION: u32 = 1;

/// One run of `highwater bench`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) format: String,
    pub(crate) version: u32,
    /// Version of the program that measured.
    pub(crate) program: String,
    /// `disk`, `copy` or `all`.
    pub(crate) kind: String,
    /// Whether this was the short form of the run.
    pub(crate) quick: bool,
    /// When it began, UTC, RFC 3339.
    pub(crate) taken_at: String,
    /// Wall-clock time of the whole run.
    pub(crate) elapsed_seconds: f64,
    /// False when the run was cut short; `incomplete_because` says why.
    pub(crate) complete: bool,
    pub(crate) incomplete_because: Option<String>,
    pub(crate) machine: Machine,
    pub(crate) disk: Option<DiskReport>,
    pub(crate) copy: Option<CopyReport>,
    pub(crate) memory: Option<MemoryReport>,
    /// What a reader must know before believing a figure.
    pub(crate) labels: Vec<Label>,
    /// Against the file given with `--compare`.
    pub(crate) comparison: Option<Comparison>,
    /// Results of `--expect`.
    pub(crate) expectations: Vec<Expectation>,
}

/// The computer, as far as it can be known from inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores_online: usize,
    /// Cores that this process may run on.
    pub(crate) cores_allowed: Vec<usize>,
    pub(crate) memory_bytes: u64,
    pub(crate) os: String,
    pub(crate) kernel: String,
    pub(crate) arch: String,
    /// `None` when nothing pointed either way.
    pub(crate) virtual_machine: Option<bool>,
    pub(crate) virtual_evidence: String,
    pub(crate) transparent_huge_pages: Option<String>,
    /// Timer interrupts a second, where the kernel's configuration can be read.
    pub(crate) tick_hz: Option<u32>,
}

/// Everything about `bench disk`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DiskReport {
    pub(crate) parameters: DiskParameters,
    pub(crate) filesystem: Filesystem,
    pub(crate) device: Option<Device>,
    pub(crate) medium: Medium,
    pub(crate) cells: Vec<CellResult>,
    pub(crate) ratios: Vec<Ratio>,
}

/// What was asked for and what the file was like.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DiskParameters {
    pub(crate) dir: String,
    pub(crate) file_bytes: u64,
    /// `unnamed` (`O_TMPFILE`) or `named, unlinked at once`.
    pub(crate) file_kind: String,
    pub(crate) fill_seconds: f64,
    /// Rate at which the file was first written and synced.
    pub(crate) fill_mb_s: f64,
    pub(crate) rounds: u32,
    pub(crate) seed: u64,
    /// `direct` or `buffered`: how the cells that want O_DIRECT really ran.
    pub(crate) access: String,
    /// `small` (the machine's base pages) or `huge`: what was asked for.
    pub(crate) buffer_pages: String,
    /// Sentences about choices made on the way, such as a smaller file.
    pub(crate) notes: Vec<String>,
}

/// The file system under the folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Filesystem {
    pub(crate) kind: String,
    pub(crate) source: String,
    pub(crate) mount_point: String,
    pub(crate) options: String,
    pub(crate) total_bytes: u64,
    pub(crate) free_bytes: u64,
    pub(crate) direct_io: DirectIo,
}

/// What the file system does with O_DIRECT.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DirectIo {
    /// `honoured`, `ignored` or `refused`.
    pub(crate) state: String,
    pub(crate) memory_align_bytes: Option<u32>,
    pub(crate) offset_align_bytes: Option<u32>,
    pub(crate) evidence: String,
}

/// The block device under the file system, where there is one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) model: Option<String>,
    pub(crate) driver: Option<String>,
    pub(crate) rotational: Option<bool>,
    pub(crate) scheduler: Option<String>,
    pub(crate) write_cache: Option<String>,
    pub(crate) logical_block_bytes: Option<u32>,
}

/// What the medium probably is. An inference, never a fact.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Medium {
    pub(crate) guess: String,
    pub(crate) because: String,
}

/// One cell of the plan with what was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CellResult {
    /// The name that `--cells` and `--expect` use.
    pub(crate) id: String,
    /// `seq` or `rand`.
    pub(crate) pattern: String,
    /// `read` or `write`.
    pub(crate) direction: String,
    pub(crate) block_bytes: u64,
    /// `psync` (pread, pwrite) or `io_uring`.
    pub(crate) engine: String,
    pub(crate) depth: u32,
    /// `direct`, `buffered`, `cold` or `append+fdatasync`.
    pub(crate) access: String,
    pub(crate) buffer_pages: String,
    /// One for each round.
    pub(crate) samples: Vec<Sample>,
    /// Missing when there is no sample.
    pub(crate) stats: Option<CellStats>,
    /// Why the cell was not measured.
    pub(crate) skipped: Option<String>,
    /// Names of the labels that apply.
    pub(crate) labels: Vec<String>,
}

/// One slice of time in one cell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) round: u32,
    pub(crate) seconds: f64,
    pub(crate) operations: u64,
    pub(crate) bytes: u64,
    pub(crate) mb_s: f64,
    pub(crate) cpu_user_seconds: f64,
    pub(crate) cpu_system_seconds: f64,
    /// What the block device moved meanwhile, from its statistics.
    pub(crate) device_bytes: Option<u64>,
    /// What the kernel charged this process for real block I/O.
    pub(crate) charged_bytes: Option<u64>,
    /// Share of the time in which some task waited for a CPU.
    pub(crate) cpu_pressure: Option<f64>,
    /// Share of the CPUs' time that the host gave to others.
    pub(crate) steal: Option<f64>,
    /// Share of the file in the page cache just before, for cold reads.
    pub(crate) resident_before: Option<f64>,
    /// Time in fdatasync at the end of a slice of buffered writes; part of `seconds`.
    pub(crate) sync_seconds: Option<f64>,
}

/// Statistics over the rounds of one cell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CellStats {
    pub(crate) mb_s: Summary,
    pub(crate) iops: Summary,
    /// Service time: a closed loop never says how long a request would have queued.
    pub(crate) latency_us: Latency,
    /// User CPU time for one operation, nanoseconds.
    pub(crate) cpu_user_ns_per_op: f64,
    /// System CPU time for one operation, nanoseconds.
    pub(crate) cpu_system_ns_per_op: f64,
}

/// Median, range and spread of one figure over rounds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Standard deviation over mean; missing below two rounds.
    pub(crate) cv: Option<f64>,
}

/// Times of single operations, from an HDR histogram over all rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    pub(crate) p50: f64,
    /// Missing under 1000 operations: it would be a guess.
    pub(crate) p99: Option<f64>,
    pub(crate) max: f64,
}

/// One figure over another, with its uncertainty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ratio {
    pub(crate) over: String,
    pub(crate) under: String,
    /// Median of the ratios of the rounds.
    pub(crate) median: f64,
    /// 95 % bootstrap interval.
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) pairs: usize,
    /// False when rounds could not be paired (two separate runs).
    pub(crate) paired: bool,
}

/// Everything about `bench copy`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CopyReport {
    pub(crate) parameters: CopyParameters,
    pub(crate) paths: Vec<CopyResult>,
    pub(crate) ratios: Vec<Ratio>,
}

/// What was asked for in `bench copy`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CopyParameters {
    pub(crate) dir: String,
    pub(crate) file_bytes: u64,
    /// Share of the file in the page cache before the first slice, by mincore.
    pub(crate) resident_before: Option<f64>,
    pub(crate) rounds: u32,
    pub(crate) slice_seconds: f64,
    /// Core that the sending thread was pinned to.
    pub(crate) sender_core: Option<usize>,
    pub(crate) receiver_core: Option<usize>,
    /// Sentence about where the two threads ran.
    pub(crate) pinning: String,
    pub(crate) receive_buffer_bytes: u64,
}

/// One way of sending, to one kind of receiver.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CopyResult {
    pub(crate) id: String,
    /// `read+send`, `mmap+send`, `sendfile`, `splice` or `mmap+MSG_ZEROCOPY`.
    pub(crate) way: String,
    pub(crate) chunk_bytes: u64,
    /// `copying` (recv into a buffer) or `discarding` (MSG_TRUNC).
    pub(crate) receiver: String,
    pub(crate) samples: Vec<CopySample>,
    pub(crate) stats: Option<CopyStats>,
    pub(crate) skipped: Option<String>,
    pub(crate) labels: Vec<String>,
}

/// One slice of time of one way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CopySample {
    pub(crate) round: u32,
    /// Until the receiver had the last byte.
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) gib_s: f64,
    pub(crate) sender_cpu_user_seconds: f64,
    pub(crate) sender_cpu_system_seconds: f64,
    pub(crate) receiver_cpu_seconds: f64,
    pub(crate) calls: Calls,
    pub(crate) voluntary_switches: u64,
    pub(crate) involuntary_switches: u64,
    /// MSG_ZEROCOPY sends that the kernel says it copied after all, and all that it reported.
    pub(crate) zerocopy_copied: u64,
    pub(crate) zerocopy_reported: u64,
}

/// System calls of the sending thread that move the payload, counted as they return.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Calls {
    pub(crate) read: u64,
    pub(crate) send: u64,
    pub(crate) sendfile: u64,
    pub(crate) splice: u64,
    /// Looking for MSG_ZEROCOPY's notices on the error queue, and waiting for them.
    pub(crate) recvmsg: u64,
}

impl Calls {
    /// All of them.
    pub(crate) fn total(&self) -> u64 {
        self.read + self.send + self.sendfile + self.splice + self.recvmsg
    }

    /// The sum of two counts.
    pub(crate) fn plus(self, other: Calls) -> Calls {
        Calls {
            read: self.read + other.read,
            send: self.send + other.send,
            sendfile: self.sendfile + other.sendfile,
            splice: self.splice + other.splice,
            recvmsg: self.recvmsg + other.recvmsg,
        }
    }
}

/// Statistics over the rounds of one way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CopyStats {
    pub(crate) gib_s: Summary,
    /// User and system time of the sending thread.
    pub(crate) sender_cpu_seconds_per_gib: Summary,
    pub(crate) calls_per_gib: f64,
    pub(crate) voluntary_switches_per_gib: f64,
}

/// Reading memory in order and out of order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MemoryReport {
    pub(crate) array_bytes: u64,
    pub(crate) value_bytes: u64,
    pub(crate) results: Vec<MemoryResult>,
}

/// One order of reading memory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MemoryResult {
    /// `mem-seq`, `mem-rand` (independent reads) or `mem-chase` (each address from the last value).
    pub(crate) id: String,
    pub(crate) values_s: Summary,
    pub(crate) samples: Vec<f64>,
}

/// A warning with what it rests on. The name is unique within one part of the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Label {
    /// Such as `virtual_host_cache_possible`.
    pub(crate) name: String,
    /// What it means for the reader.
    pub(crate) meaning: String,
    /// The numbers that brought it here.
    pub(crate) evidence: String,
    /// Results that it belongs to.
    pub(crate) applies_to: Vec<String>,
}

/// This run against an older one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Comparison {
    pub(crate) with: String,
    pub(crate) taken_at: String,
    /// Differences of machine, file or parameters that make the ratios hard to read.
    pub(crate) differences: Vec<String>,
    /// New over old.
    pub(crate) ratios: Vec<Ratio>,
}

/// One `--expect` and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Expectation {
    pub(crate) text: String,
    pub(crate) holds: bool,
    /// The value found, or why there is none.
    pub(crate) found: String,
}

//! Disks: a request takes `access + bytes / rate`.
//!
//! Left out: queue depth, write caches inside drives, RAID parity, the journal of a file system, zones of different speed.

use serde::{Deserialize, Serialize};

/// A disk in one direction (reading or writing), one request at a time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Disk {
    /// Part of the access that every request pays, in line or not: the way through the kernel and the drive. Microseconds.
    pub request_us: f64,
    /// Part of the access that a request pays on top if it does not begin where the one before it ended. Microseconds.
    pub jump_us: f64,
    /// Bytes a microsecond, which is MB/s (10^6 bytes a second).
    pub rate_mb_s: f64,
}

impl Disk {
    /// Duration of one request in microseconds. `in_line`: it begins where the one before it ended.
    pub fn service_us(&self, bytes: u64, in_line: bool) -> f64 {
        self.access_us(in_line) + bytes as f64 / self.rate_mb_s
    }

    /// The part of a request that moves no byte, in microseconds.
    pub fn access_us(&self, in_line: bool) -> f64 {
        self.request_us + if in_line { 0.0 } else { self.jump_us }
    }

    /// Throughput of such requests one after the other, in MB/s.
    pub fn rate_of(&self, bytes: u64, in_line: bool) -> f64 {
        bytes as f64 / self.service_us(bytes, in_line)
    }

    /// How many times faster linear requests of this size are than random ones.
    pub fn ratio(&self, bytes: u64) -> f64 {
        self.service_us(bytes, false) / self.service_us(bytes, true)
    }

    /// Duration of a flush (fsync) of `bytes` that wait in the page cache, in microseconds: one access, then the bytes.
    pub fn flush_us(&self, bytes: u64) -> f64 {
        self.service_us(bytes, false)
    }
}

/// A kind of disk to choose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// The array of Kafka's design page: linear writes 600 MB/s, random writes 100 kB/s.
    DesignPage,
    /// One 7200 rpm disk.
    Hdd,
    /// An SSD on SATA.
    SataSsd,
    /// An SSD on PCI Express.
    Nvme,
}

/// Request size at which the design page's 100 kB/s are taken. The page names none.
pub const CLAIM_BYTES: u64 = 4096;
/// The design page's linear writes, MB/s.
pub const CLAIM_LINEAR_MB_S: f64 = 600.0;
/// The design page's random writes, MB/s.
pub const CLAIM_RANDOM_MB_S: f64 = 0.1;

impl Preset {
    /// All of them, slowest first.
    pub const ALL: [Preset; 4] = [Preset::DesignPage, Preset::Hdd, Preset::SataSsd, Preset::Nvme];

    /// Its name in scenarios.
    pub fn id(self) -> &'static str {
        match self {
            Preset::DesignPage => "design-page",
            Preset::Hdd => "hdd",
            Preset::SataSsd => "sata-ssd",
            Preset::Nvme => "nvme",
        }
    }

    /// The preset of this name.
    pub fn of_id(id: &str) -> Option<Preset> {
        Preset::ALL.into_iter().find(|p| p.id() == id)
    }

    /// Its figures. Requests in line cost no access: an idealised drive that streams.
    pub fn disk(self) -> Disk {
        let (jump_us, rate_mb_s) = match self {
            // What 4 KiB at 100 kB/s take beyond their transfer: 40.95 ms.
            Preset::DesignPage => {
                let bytes = CLAIM_BYTES as f64;
                (bytes / CLAIM_RANDOM_MB_S - bytes / CLAIM_LINEAR_MB_S, CLAIM_LINEAR_MB_S)
            }
            Preset::Hdd => (10_000.0, 150.0),
            Preset::SataSsd => (100.0, 500.0),
            Preset::Nvme => (80.0, 3000.0),
        };
        Disk { request_us: 0.0, jump_us, rate_mb_s }
    }

    /// Round figures of a kind, nobody's measurement? Only the design page's stand written somewhere.
    pub fn illustrative(self) -> bool {
        self != Preset::DesignPage
    }

    /// Does it turn, with a head that moves?
    pub fn spins(self) -> bool {
        matches!(self, Preset::DesignPage | Preset::Hdd)
    }

    /// Where its figures come from.
    pub fn source(self) -> &'static str {
        match self {
            Preset::DesignPage => {
                "Kafka's design page, \"Don't fear the filesystem!\": linear writes about 600 MB/s, random writes about 100 kB/s on six \
                 7200 rpm SATA disks in RAID-5 (the same sentence links to JBOD). It names no request size; with 4 KiB an access takes 41 ms, \
                 about the four that a small RAID-5 write needs."
            }
            Preset::Hdd => {
                "Round figures: at 7200 rpm half a turn takes 4.17 ms and an average seek 4 to 9 ms; the outer tracks give 150 MB/s and more."
            }
            Preset::SataSsd => {
                "Round figures: SATA at 6 Gbit/s carries at most 600 MB/s; a 4 KiB request at queue depth 1 takes about 0.1 ms."
            }
            Preset::Nvme => {
                "Round figures: PCI Express 3.0 x4 carries at most 3.9 GB/s; a 4 KiB read of flash at queue depth 1 takes about 0.08 ms."
            }
        }
    }
}

/// A request on its way to a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// Which file.
    pub file: u32,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// Does it write?
    pub write: bool,
}

/// Where a disk's head stands, and what it has done. One request at a time; reads and writes share the head.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Arm {
    at: Option<(u32, u64)>,
    /// Requests that did not begin where the one before ended.
    pub jumps: u64,
    /// Requests.
    pub requests: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Time spent on accesses, in microseconds.
    pub access_us: f64,
    /// Time spent on moving bytes, in microseconds.
    pub transfer_us: f64,
}

impl Arm {
    /// Serves a request; says how long it takes, in microseconds. The very first one must find its place: it jumps.
    pub fn serve(&mut self, disk: &Disk, r: Request) -> f64 {
        let in_line = self.at == Some((r.file, r.offset));
        self.at = Some((r.file, r.offset + r.bytes));
        self.requests += 1;
        self.jumps += u64::from(!in_line);
        self.bytes += r.bytes;
        let (access, all) = (disk.access_us(in_line), disk.service_us(r.bytes, in_line));
        self.access_us += access;
        self.transfer_us += all - access;
        all
    }

    /// Time spent in all, in microseconds.
    pub fn busy_us(&self) -> f64 {
        self.access_us + self.transfer_us
    }

    /// Throughput so far, in MB/s.
    pub fn rate_mb_s(&self) -> f64 {
        if self.busy_us() > 0.0 { self.bytes as f64 / self.busy_us() } else { 0.0 }
    }
}

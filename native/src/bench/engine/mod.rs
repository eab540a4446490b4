//! One slice of one cell: requests in a closed loop until the time is up.

pub(crate) mod order;
pub(crate) mod psync;
#[cfg(target_os = "linux")]
pub(crate) mod uring;

use std::os::fd::BorrowedFd;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::cell::Direction;
use super::interrupt::Interrupt;
use super::sys::pages::Pages;
use super::sys::usage::Usage;
use order::Order;

/// What a slice needs: where, what, for how long.
pub(crate) struct Job<'a> {
    pub(crate) file: BorrowedFd<'a>,
    pub(crate) direction: Direction,
    pub(crate) block: usize,
    pub(crate) order: &'a mut Order,
    /// At least `block` bytes for each request in flight.
    pub(crate) buffer: &'a mut Pages,
    pub(crate) duration: Duration,
    /// When the slice is made of buffered writes, the fdatasync that ends it is part of its time;
    /// or each write is followed by one.
    pub(crate) sync: Sync,
    pub(crate) interrupt: &'a Interrupt,
    /// Latencies in nanoseconds go here.
    pub(crate) latency: &'a mut Histogram<u64>,
    /// Makes every written page unlike every other; kept from slice to slice.
    pub(crate) stamp: &'a mut u64,
}

/// When data has to reach the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    /// Never asked for: direct writes end when the device says so.
    Never,
    /// fdatasync once, at the end of the slice.
    AtEnd,
    /// fdatasync after every write; both together are one operation.
    Each,
}

/// What a slice did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    pub(crate) seconds: f64,
    pub(crate) operations: u64,
    pub(crate) bytes: u64,
    pub(crate) usage: Usage,
    pub(crate) sync_seconds: Option<f64>,
}

/// Writes a new number at the start of each 4 KiB, so that no two pages on the device are equal
/// and nothing below can save itself the work.
fn stamp(buffer: &mut [u8], counter: &mut u64) {
    for page in buffer.chunks_mut(4096) {
        *counter += 1;
        page[..8].copy_from_slice(&counter.to_le_bytes());
    }
}

/// Nanoseconds, capped at what the histograms hold.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

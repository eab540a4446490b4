//! One slice of one cell: requests in a closed loop until the time is up.

pub(crate) mod order;
mod psync;
#[cfg(target_os = "linux")]
mod uring;

use std::io;
use std::os::fd::BorrowedFd;
use std::thread;
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
    /// The slice also ends after this many requests, so that a cold cache is not read twice.
    pub(crate) at_most: u64,
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

/// Runs one slice with this many requests in flight.
///
/// Each slice has a thread of its own, as a fio job has: the kernel splits a thread's CPU time into
/// user and system by what it saw of its whole life, and filling the file would taint that.
pub(crate) fn run(depth: u32, job: Job<'_>) -> io::Result<Outcome> {
    let slice = || {
        if depth > 1 { queued(depth, job) } else { psync::run(job) }
    };
    thread::scope(|threads| threads.spawn(slice).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(target_os = "linux")]
fn queued(depth: u32, job: Job<'_>) -> io::Result<Outcome> {
    uring::run(&mut uring::ring(depth)?, depth, job)
}

#[cfg(not(target_os = "linux"))]
fn queued(_: u32, _: Job<'_>) -> io::Result<Outcome> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// Why this system keeps no queue of requests; `None` where it does.
pub(crate) fn queue_refused(depth: u32) -> Option<String> {
    #[cfg(target_os = "linux")]
    return uring::ring(depth).err().map(|error| format!("this system gives no io_uring: {error}"));
    #[cfg(not(target_os = "linux"))]
    return Some(format!("keeping {depth} requests in flight needs io_uring, which is Linux's"));
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

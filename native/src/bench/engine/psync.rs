//! One request at a time by pread and pwrite: fio's `psync`.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use rustix::io::{Errno, pread, pwrite};

use super::{Job, Outcome, Sync, nanos, stamp};
use crate::bench::cache::sync_data;
use crate::bench::cell::Direction;
use crate::bench::sys::usage::Usage;

/// Runs the slice. The error is the first that the kernel gave; nothing is retried but EINTR.
pub(crate) fn run(job: Job<'_>) -> io::Result<Outcome> {
    let mut done = Outcome::default();
    let buffer = &mut job.buffer[..job.block];
    let usage = Usage::of_this_thread();
    let start = Instant::now();
    loop {
        let offset = job.order.next();
        if job.direction == Direction::Write {
            stamp(buffer, job.stamp);
        }
        let before = Instant::now();
        let moved = match job.direction {
            Direction::Read => again(|| pread(job.file, &mut *buffer, offset))?,
            Direction::Write => again(|| pwrite(job.file, buffer, offset))?,
        };
        if job.sync == Sync::Each {
            again(|| sync_data(job.file))?;
        }
        let after = Instant::now();
        if moved == 0 {
            return Err(io::Error::other(format!("nothing moved at offset {offset}")));
        }
        job.latency.saturating_record(nanos(after - before));
        done.operations += 1;
        done.bytes += moved as u64;
        let over = after - start >= job.duration || done.operations >= job.at_most;
        if over || job.interrupt.raised() {
            break;
        }
    }
    if job.sync == Sync::AtEnd {
        done.sync_seconds = Some(timed_sync(job.file)?);
    }
    done.seconds = start.elapsed().as_secs_f64();
    done.usage = Usage::of_this_thread().since(usage);
    Ok(done)
}

fn timed_sync(file: BorrowedFd<'_>) -> io::Result<f64> {
    let start = Instant::now();
    again(|| sync_data(file))?;
    Ok(start.elapsed().as_secs_f64())
}

/// Calls again when a signal came in between.
fn again<T>(mut call: impl FnMut() -> Result<T, Errno>) -> io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

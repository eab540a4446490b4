//! Many requests in flight by io_uring, kept up the way fio's engine of that name does by default:
//! one completion is taken, one request takes its place and is handed over at once.
//!
//! Handing over several together would let the block layer merge neighbours, and a sequential
//! cell would measure larger requests than its name says.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use io_uring::{EnterFlags, IoUring, opcode, types};

use super::{Job, Outcome, nanos, stamp};
use crate::bench::cell::Direction;
use crate::bench::sys::usage::Usage;

/// A ring for this many requests, with fio's options where the kernel has them. The error is the
/// kernel's: switched off, forbidden or too old.
pub(crate) fn ring(depth: u32) -> io::Result<IoUring> {
    let modern = IoUring::builder().setup_single_issuer().setup_defer_taskrun().setup_coop_taskrun().build(depth);
    modern.or_else(|_| IoUring::new(depth))
}

/// Runs the slice with `depth` requests in flight, on the thread that made the ring. A slice ends
/// when its time is up and what is in flight has come back.
pub(crate) fn run(ring: &mut IoUring, depth: u32, job: Job<'_>) -> io::Result<Outcome> {
    assert!(job.buffer.len() >= job.block * depth as usize, "a buffer for each request");
    let usage = Usage::of_this_thread();
    let start = Instant::now();
    let mut flight = Flight { job, issued: vec![start; depth as usize], in_flight: 0 };
    let mut done = Outcome::default();
    let mut failure = (0..depth as usize).try_for_each(|slot| flight.issue(ring, slot)).err();
    let mut over = false;
    while flight.in_flight > 0 {
        let Some((slot, result)) = next_completion(ring, &mut failure) else {
            continue;
        };
        let now = Instant::now();
        flight.in_flight -= 1;
        match result {
            ..=-1 => drop(failure.get_or_insert(io::Error::from_raw_os_error(-result))),
            0 => drop(failure.get_or_insert(io::Error::other("nothing moved"))),
            moved => {
                flight.job.latency.saturating_record(nanos(now - flight.issued[slot]));
                done.operations += 1;
                done.bytes += moved as u64;
            }
        }
        let enough = done.operations + u64::from(flight.in_flight) >= flight.job.at_most;
        let late = now - start >= flight.job.duration;
        over = over || late || enough || flight.job.interrupt.raised();
        if !over && failure.is_none() {
            failure = flight.issue(ring, slot).err();
        }
    }
    done.seconds = start.elapsed().as_secs_f64();
    done.usage = Usage::of_this_thread().since(usage);
    failure.map_or(Ok(done), Err)
}

/// Slot and result of a request that came back; waits for one if there is none yet.
fn next_completion(ring: &mut IoUring, failure: &mut Option<io::Error>) -> Option<(usize, i32)> {
    let take = |ring: &mut IoUring| ring.completion().next().map(|entry| (entry.user_data() as usize, entry.result()));
    let waiting = take(ring);
    if waiting.is_some() {
        return waiting;
    }
    if let Err(error) = ring.submit_and_wait(1)
        && !passing(&error)
    {
        failure.get_or_insert(error);
        // The kernel still owns the buffers of what is in flight: wait without its help.
        std::thread::sleep(Duration::from_millis(1));
    }
    take(ring)
}

/// Errors after which asking again is right.
fn passing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY))
}

struct Flight<'a> {
    job: Job<'a>,
    /// When the request in each slot was handed over.
    issued: Vec<Instant>,
    in_flight: u32,
}

impl Flight<'_> {
    fn issue(&mut self, ring: &mut IoUring, slot: usize) -> io::Result<()> {
        let job = &mut self.job;
        let offset = job.order.next();
        let buffer = &mut job.buffer[slot * job.block..][..job.block];
        let file = types::Fd(job.file.as_raw_fd());
        let length = job.block as u32;
        let entry = match job.direction {
            Direction::Read => opcode::Read::new(file, buffer.as_mut_ptr(), length).offset(offset).build(),
            Direction::Write => {
                stamp(buffer, job.stamp);
                opcode::Write::new(file, buffer.as_ptr(), length).offset(offset).build()
            }
        };
        // SAFETY: the buffer's slot belongs to this request alone until its completion is taken;
        // `run` does not return, and so does not give the buffer back, while any is in flight.
        unsafe { ring.submission().push(&entry.user_data(slot as u64)) }.map_err(|_| io::Error::other("the submission queue is full"))?;
        self.in_flight += 1;
        self.issued[slot] = Instant::now();
        // SAFETY: no argument is passed, so there is none that could be wrong.
        let entered = unsafe { ring.submitter().enter::<()>(1, 0, EnterFlags::GETEVENTS.bits(), None) };
        match entered {
            // What was not taken now goes with the next call.
            Err(error) if !passing(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

//! The rounds of the copy benchmark: one connection a slice, two threads, one of them measured.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::plan::{CopyPlan, Path, Way};
use super::sender::Source;
use super::{Running, receiver, sender};
use crate::bench::evidence::Counters;
use crate::bench::interrupt::Interrupt;
use crate::bench::pin;
use crate::bench::progress::Progress;
use crate::bench::rng::Rng;
use crate::bench::sys::usage::Usage;
use crate::bench::units::GIB;
use crate::report::model::CopySample;

/// What every slice needs.
pub(super) struct Slices<'a> {
    pub(super) source: Source<'a>,
    /// Of the sender and of the receiver.
    pub(super) cores: (Option<usize>, Option<usize>),
    pub(super) plan: &'a CopyPlan,
    pub(super) interrupt: &'a Interrupt,
    /// Share of each slice in which some task waited for a CPU.
    pub(super) pressure: &'a mut Vec<f64>,
}

impl Slices<'_> {
    /// Every path once a round, in a new order each time.
    pub(super) fn rounds(&mut self, running: &mut [Running], progress: &Progress, rng: &mut Rng) -> Result<()> {
        let mut turn: Vec<usize> = (0..running.len()).collect();
        for round in 1..=self.plan.rounds {
            rng.shuffle(&mut turn);
            for &i in &turn {
                let path = running[i].path;
                if self.interrupt.raised() {
                    return Ok(());
                }
                if running[i].skipped.is_some() {
                    continue;
                }
                progress.now(format!("round {round} of {}: {}", self.plan.rounds, path.words()));
                let before = Counters::now(None);
                match self.slice(path, self.plan.slice) {
                    Ok(sample) if !self.interrupt.raised() => {
                        running[i].samples.push(CopySample { round, ..sample });
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                        running[i].skipped = Some(format!("this system refused it: {error}"));
                    }
                    Err(error) => return Err(error).context(path.words()),
                }
                self.pressure.extend(before.pressure_until(&Counters::now(None)));
                progress.done(self.plan.slice);
            }
        }
        Ok(())
    }

    /// One connection: the sender's thread is measured, the receiver's runs beside it.
    fn slice(&self, path: Path, duration: Duration) -> io::Result<CopySample> {
        let (out, into) = connection()?;
        #[cfg(target_os = "linux")]
        if path.way == Way::Zerocopy {
            use std::os::fd::AsFd;
            crate::bench::sys::socket::enable_zerocopy(out.as_fd()).map_err(|error| io::Error::new(io::ErrorKind::Unsupported, error))?;
        }
        let (sender_core, receiver_core) = self.cores;
        std::thread::scope(|threads| {
            let receiving = threads.spawn(|| {
                let received = receiver::receive(&into, path.receiver, receiver_core);
                if received.is_err() {
                    // Or the sender would wait for ever for room.
                    drop(into.shutdown(Shutdown::Both));
                }
                received
            });
            let sending = threads.spawn(|| {
                sender_core.map(pin::pin_to);
                let usage = Usage::of_this_thread();
                let start = Instant::now();
                let sent = sender::send_for(&self.source, &out, path, duration, self.interrupt);
                let used = Usage::of_this_thread().since(usage);
                // Also after an error, or the receiver would wait for ever.
                drop(out.shutdown(Shutdown::Write));
                sent.map(|sent| (start, sent, used))
            });
            let joined = |_| io::Error::other("a thread of the copy benchmark panicked");
            let sent = sending.join().map_err(joined)?;
            let received = receiving.join().map_err(joined)??;
            let (start, sent, used) = sent?;
            if received.bytes != sent.bytes {
                let message = format!("sent {} bytes, received {}", sent.bytes, received.bytes);
                return Err(io::Error::other(message));
            }
            let seconds = (received.done_at - start).as_secs_f64().max(1e-9);
            Ok(CopySample {
                round: 0,
                seconds,
                bytes: sent.bytes,
                gib_s: sent.bytes as f64 / GIB as f64 / seconds,
                sender_cpu_user_seconds: used.user_seconds,
                sender_cpu_system_seconds: used.system_seconds,
                receiver_cpu_seconds: received.cpu_seconds,
                calls: sent.calls,
                voluntary_switches: used.voluntary_switches,
                involuntary_switches: used.involuntary_switches,
                zerocopy_copied: sent.zerocopy_copied,
                zerocopy_reported: sent.zerocopy_reported,
            })
        })
    }
}

/// A connection of this process with itself: 127.0.0.1, a port of the system's choice, and nobody
/// else let in.
fn connection() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let out = TcpStream::connect(listener.local_addr()?)?;
    loop {
        let (into, from) = listener.accept()?;
        if from == out.local_addr()? {
            return Ok((out, into));
        }
    }
}

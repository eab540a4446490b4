//! Page cache to a loopback socket, five ways. What Kafka's `transferTo` saves, measured.

pub(crate) mod plan;
mod receiver;
mod sender;

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::evidence::Counters;
use super::interrupt::Interrupt;
use super::labels::label;
use super::progress::Progress;
use super::rng::Rng;
use super::scratch::{Folder, Scratch, choose_size};
use super::stats::{CV_FLAG, median, summary};
use super::sys::file_map::{FileMap, resident_share};
use super::sys::usage::Usage;
use super::units::{GIB, MIB, figure};
use super::{machine, pin, ratios};
use crate::report::model::{Calls, CopyParameters, CopyReport, CopyResult, CopySample, CopyStats, Label};
use plan::{CopyPlan, Path, Receiver, Way};
use sender::Source;

/// What came of a copy run.
pub(crate) struct Measured {
    pub(crate) report: CopyReport,
    pub(crate) labels: Vec<Label>,
    pub(crate) incomplete: Option<String>,
    pub(crate) failure: Option<anyhow::Error>,
}

/// One path with its samples.
struct Running {
    path: Path,
    samples: Vec<CopySample>,
    skipped: Option<String>,
}

/// Measures. Errors are about what stood in the way before the first slice.
pub(crate) fn measure(plan: &CopyPlan, folder: &Folder, progress: &Progress, interrupt: &Interrupt) -> Result<Measured> {
    let mut rng = Rng::new(plan.default_size);
    let (bytes, _) = file_size(plan, folder)?;
    let mut scratch = Scratch::create(folder)?;
    progress.now("writing a file and reading it into the page cache".into());
    let patience = plan.size.is_none().then_some(Duration::from_secs(10));
    scratch.fill(bytes, patience, &mut rng, interrupt)?;
    warm(&scratch).context("cannot read the scratch file back")?;
    let resident = resident_share(&scratch.buffered, scratch.bytes.max(1)).ok();
    let (sender_core, receiver_core, pinning) = pin::two_cores();

    let mut running: Vec<Running> =
        plan.paths.iter().map(|path| Running { path: *path, samples: Vec::new(), skipped: obstacle(path) }).collect();
    let mut pressure = Vec::new();
    let mut failure = None;
    if scratch.bytes > 0 {
        let map = FileMap::new(&scratch.buffered, scratch.bytes)?;
        let cores = (sender_core, receiver_core);
        let source = Source { file: &scratch.buffered, map: &map };
        let mut slices = Slices { source, cores, plan, interrupt, pressure: &mut pressure };
        failure = slices.rounds(&mut running, progress, &mut rng).err();
    }

    let paths: Vec<CopyResult> = running.into_iter().map(result).collect();
    let parameters = CopyParameters {
        dir: folder.path.display().to_string(),
        file_bytes: scratch.bytes,
        resident_before: resident,
        rounds: plan.rounds,
        slice_seconds: plan.slice.as_secs_f64(),
        sender_core,
        receiver_core,
        pinning,
        receive_buffer_bytes: receiver::BUFFER as u64,
    };
    let mut report = CopyReport { parameters, ratios: ratios::copy(&paths), paths };
    let labels = labels(&mut report, &pressure);
    let incomplete = match (&failure, interrupt.signal_name()) {
        (Some(error), _) => Some(format!("{error:#}")),
        (None, signal) => signal.map(|name| format!("stopped by {name}")),
    };
    Ok(Measured { report, labels, incomplete, failure })
}

fn file_size(plan: &CopyPlan, folder: &Folder) -> Result<(u64, Option<String>)> {
    let place = folder.path.display().to_string();
    let (free, _) = folder.space()?;
    // The file has to stay in the page cache.
    match machine::memory_available().filter(|memory| *memory < free) {
        Some(memory) => choose_size(plan.size, plan.default_size, memory, "memory for the page cache"),
        None => choose_size(plan.size, plan.default_size, free, &place),
    }
}

/// Reads the whole file once, so that the page cache has it.
fn warm(scratch: &Scratch) -> io::Result<()> {
    let mut buffer = vec![0; MIB as usize];
    (0..scratch.bytes / MIB).try_for_each(|i| scratch.buffered.read_exact_at(&mut buffer, i * MIB))
}

/// Why a path can't be measured here.
fn obstacle(path: &Path) -> Option<String> {
    if cfg!(target_os = "linux") {
        return None;
    }
    match (path.way, path.receiver) {
        (Way::ReadSend | Way::MmapSend, Receiver::Copying) => None,
        (Way::ReadSend | Way::MmapSend, _) => Some("recv discards (MSG_TRUNC) only on Linux".into()),
        (way, _) => Some(format!("this program knows {} only on Linux", way.name())),
    }
}

struct Slices<'a> {
    source: Source<'a>,
    cores: (Option<usize>, Option<usize>),
    plan: &'a CopyPlan,
    interrupt: &'a Interrupt,
    pressure: &'a mut Vec<f64>,
}

impl Slices<'_> {
    fn rounds(&mut self, running: &mut [Running], progress: &Progress, rng: &mut Rng) -> Result<()> {
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
            super::sys::socket::enable_zerocopy(out.as_fd()).map_err(|error| io::Error::new(io::ErrorKind::Unsupported, error))?;
        }
        let (sender_core, receiver_core) = self.cores;
        std::thread::scope(|threads| {
            let receiving = threads.spawn(|| receiver::receive(&into, path.receiver, receiver_core));
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

fn result(running: Running) -> CopyResult {
    let Running { path, samples, skipped } = running;
    CopyResult {
        id: path.id(),
        way: path.way.name().into(),
        chunk_bytes: path.chunk,
        receiver: path.receiver.name().into(),
        stats: copy_stats(&samples),
        samples,
        skipped,
        labels: Vec::new(),
    }
}

fn copy_stats(samples: &[CopySample]) -> Option<CopyStats> {
    let gib = |sample: &CopySample| (sample.bytes as f64 / GIB as f64).max(1e-9);
    let rates: Vec<f64> = samples.iter().map(|sample| sample.gib_s).collect();
    let cpu: Vec<f64> = samples.iter().map(|s| (s.sender_cpu_user_seconds + s.sender_cpu_system_seconds) / gib(s)).collect();
    let all: f64 = samples.iter().map(gib).sum();
    let calls = samples.iter().fold(Calls::default(), |sum, sample| sum.plus(sample.calls));
    let switches: u64 = samples.iter().map(|sample| sample.voluntary_switches).sum();
    Some(CopyStats {
        gib_s: summary(&rates)?,
        sender_cpu_seconds_per_gib: summary(&cpu)?,
        calls_per_gib: calls.total() as f64 / all,
        voluntary_switches_per_gib: switches as f64 / all,
    })
}

fn labels(report: &mut CopyReport, pressure: &[f64]) -> Vec<Label> {
    let p = &report.parameters;
    let mut labels = vec![label(
        "loopback_not_a_nic",
        "The receiver runs on this machine and sets part of the pace; a network card would take the pages \
         by DMA. The sender's CPU seconds travel better than the rate.",
        format!("127.0.0.1; {}", p.pinning),
        Vec::new(),
    )];
    if let Some(resident) = p.resident_before.filter(|share| *share < 0.99) {
        let evidence = format!("{} % of the file was in memory (mincore)", figure(resident * 100.0));
        let meaning = "Part of the file came from the disk, not from the page cache.";
        labels.push(label("page_cache_incomplete", meaning, evidence, Vec::new()));
    }
    labels.extend(zerocopy_copied(report));
    let busy = if pressure.is_empty() { 0.0 } else { median(pressure) };
    if busy > 0.10 {
        let evidence = format!("tasks waited for a CPU {} % of the median slice (PSI)", figure(busy * 100.0));
        let meaning = "Others wanted the CPU at the same time; measure again on a quiet machine.";
        labels.push(label("cpu_contended", meaning, evidence, Vec::new()));
    }
    labels.extend(unsteady(report));
    let all: Vec<String> = report.paths.iter().map(|path| path.id.clone()).collect();
    for label in labels.iter_mut().filter(|label| label.applies_to.is_empty()) {
        label.applies_to.clone_from(&all);
    }
    for path in &mut report.paths {
        let applies = |label: &&Label| label.applies_to.contains(&path.id);
        path.labels = labels.iter().filter(applies).map(|label| label.name.clone()).collect();
    }
    labels
}

fn zerocopy_copied(report: &CopyReport) -> Option<Label> {
    let samples = || report.paths.iter().flat_map(|path| &path.samples);
    let copied: u64 = samples().map(|sample| sample.zerocopy_copied).sum();
    let reported: u64 = samples().map(|sample| sample.zerocopy_reported).sum();
    let paths = report.paths.iter().filter(|path| path.way == Way::Zerocopy.name());
    (copied > 0).then(|| {
        let evidence = format!("the kernel reported {copied} of {reported} finished sends as copied");
        let meaning = "MSG_ZEROCOPY did not spare the copy: a loopback always copies in the end.";
        label("zerocopy_copied", meaning, evidence, paths.map(|path| path.id.clone()).collect())
    })
}

fn unsteady(report: &CopyReport) -> Option<Label> {
    let spread = |path: &CopyResult| path.stats.as_ref().and_then(|stats| stats.gib_s.cv).unwrap_or(0.0);
    let paths: Vec<&CopyResult> = report.paths.iter().filter(|path| spread(path) > CV_FLAG).collect();
    let worst = paths.iter().max_by(|a, b| spread(a).total_cmp(&spread(b)))?;
    let evidence = format!("the largest coefficient of variation is {} % ({})", figure(spread(worst) * 100.0), worst.id);
    let meaning = "Rounds differ much: give the interval more weight than the median.";
    Some(label("unsteady", meaning, evidence, paths.iter().map(|path| path.id.clone()).collect()))
}

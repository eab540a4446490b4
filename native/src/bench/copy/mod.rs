//! Page cache to a loopback socket, five ways. What Kafka's `transferTo` saves, measured.

mod labels;
pub(crate) mod plan;
mod receiver;
mod sender;
mod slices;

use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use anyhow::{Context, Result};

use super::interrupt::Interrupt;
use super::progress::Progress;
use super::rng::Rng;
use super::scratch::{Folder, Scratch, choose_size};
use super::stats::summary;
use super::sys::file_map::{FileMap, resident_share};
use super::units::{GIB, MIB};
use super::{machine, pin, ratios};
use crate::report::model::{Calls, CopyParameters, CopyReport, CopyResult, CopySample, CopyStats, Label};
use plan::{CopyPlan, Path, Receiver, Way};
use sender::Source;
use slices::Slices;

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
    let labels = labels::of(&mut report, &pressure);
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

//! Linear against random: rounds of short slices over every cell, in a new order each round.

mod result;
mod rounds;

use std::time::{Duration, Instant};

use anyhow::Result;

use super::interrupt::Interrupt;
use super::plan::DiskPlan;
use super::progress::Progress;
use super::rng::Rng;
use super::scratch::{Fill, Folder, Scratch, choose_size};
use super::sys::pages::PageKind;
use super::units::{figure, size};
use super::{filesystem, labels, machine, medium, ratios};
use crate::report::model::{DiskParameters, DiskReport, Label, Machine};
use rounds::{Bench, Ground, Stop};

/// What came of a disk run.
pub(crate) struct Measured {
    pub(crate) report: DiskReport,
    pub(crate) labels: Vec<Label>,
    /// Why rounds or cells are missing.
    pub(crate) incomplete: Option<String>,
    /// The same, where it was a failure.
    pub(crate) failure: Option<anyhow::Error>,
}

/// Measures. Errors are about what stood in the way before the first slice; what goes wrong later
/// comes with what was measured until then.
pub(crate) fn measure(plan: &DiskPlan, folder: &Folder, machine: &Machine, progress: &Progress, interrupt: &Interrupt) -> Result<Measured> {
    let started = Instant::now();
    let seed = seed();
    let mut rng = Rng::new(seed);
    let in_memory = filesystem::in_memory(folder);
    let (bytes, note) = file_size(plan, folder, in_memory)?;
    let mut notes: Vec<String> = note.into_iter().collect();

    let mut scratch = Scratch::create(folder)?;
    progress.now(format!("writing {} of random bytes", size(bytes)));
    let fill = scratch.fill(bytes, plan.patience, &mut rng, interrupt)?;
    if fill.bytes < bytes && !interrupt.raised() {
        notes.push(format!("file of {} instead of {}: the disk is slow", size(fill.bytes), size(bytes)));
    }
    let direct_io = filesystem::probe_direct(&scratch);
    let honoured = direct_io.state == "honoured";
    let offset_align = u64::from(direct_io.offset_align_bytes.unwrap_or(1));
    let filesystem = filesystem::describe(folder, direct_io)?;
    let device = filesystem::device(folder);

    let device_under = device.as_ref();
    let ground = Ground { scratch: &scratch, device: device_under, honoured, offset_align, in_memory };
    let mut bench = Bench::new(plan, ground, &mut rng)?;
    bench.scale = shorten(plan, started.elapsed(), &mut notes);
    let stop = bench.rounds(plan, started, progress, interrupt, &mut rng);
    let buffer_evidence = bench.buffer_evidence();
    let (cells, latencies) = bench.finish();

    let ratios = ratios::disk(&cells);
    let medium = medium::guess(&filesystem, device.as_ref(), machine, &cells);
    let mut report = DiskReport {
        parameters: parameters(plan, folder, &scratch, fill, seed, honoured, notes),
        filesystem,
        device,
        medium,
        cells,
        ratios,
    };
    let labels = labels::disk(&mut report, machine, &latencies, &buffer_evidence, in_memory);
    let (incomplete, failure) = match stop {
        Stop::Finished => (None, None),
        Stop::Interrupted => (interrupt.signal_name().map(|name| format!("stopped by {name}")), None),
        Stop::Capped(cap) => (Some(format!("stopped at the time limit of {} s", cap.as_secs())), None),
        Stop::Failed(error) => (Some(format!("{error:#}")), Some(error)),
    };
    Ok(Measured { report, labels, incomplete, failure })
}

/// A seed nobody chose. It is reported, so that orders can be repeated.
fn seed() -> u64 {
    use std::io::Read;
    let mut bytes = [0; 8];
    let random = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    // Without entropy any seed will do: it only orders cells and fills the file.
    if random.is_ok() { u64::from_le_bytes(bytes) >> 12 } else { 1 }
}

fn file_size(plan: &DiskPlan, folder: &Folder, in_memory: bool) -> Result<(u64, Option<String>)> {
    let place = folder.path.display().to_string();
    let (free, _) = folder.space()?;
    let (free, place) = match machine::memory_available().filter(|_| in_memory) {
        Some(memory) if memory < free => (memory, format!("memory, where {place} keeps its files,")),
        _ => (free, place),
    };
    choose_size(plan.size, plan.default_size, free, &place)
}

/// By how much slices have to be shorter so that all fit before the limit.
fn shorten(plan: &DiskPlan, spent: Duration, notes: &mut Vec<String>) -> f64 {
    let Some(cap) = plan.cap else { return 1.0 };
    let left = cap.saturating_sub(spent).as_secs_f64() * 0.93;
    let scale = (left / plan.measuring().as_secs_f64()).clamp(0.05, 1.0);
    if scale < 0.95 {
        notes.push(format!("slices {} times as long as planned: writing the file took {} s", figure(scale), figure(spent.as_secs_f64())));
    }
    scale
}

fn parameters(
    plan: &DiskPlan,
    folder: &Folder,
    scratch: &Scratch,
    fill: Fill,
    seed: u64,
    honoured: bool,
    notes: Vec<String>,
) -> DiskParameters {
    DiskParameters {
        dir: folder.path.display().to_string(),
        file_bytes: scratch.bytes,
        file_kind: scratch.kind.into(),
        fill_seconds: fill.seconds,
        fill_mb_s: fill.bytes as f64 / 1e6 / fill.seconds.max(1e-9),
        rounds: plan.rounds,
        seed,
        access: if honoured { "direct" } else { "buffered" }.into(),
        buffer_pages: if plan.pages == PageKind::Huge { "huge" } else { "small" }.into(),
        notes,
    }
}

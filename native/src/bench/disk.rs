//! Linear against random: rounds of short slices over every cell, in a new order each round.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use super::cell::{Access, Cell, Direction, Pattern};
use super::engine::order::Order;
use super::engine::{self, Job, Outcome, Sync};
use super::evidence::Counters;
use super::interrupt::Interrupt;
use super::plan::DiskPlan;
use super::progress::Progress;
use super::rng::Rng;
use super::scratch::{Fill, Folder, Scratch, choose_size};
use super::sys::file_map::resident_share;
use super::sys::pages::{PageKind, Pages};
use super::units::{figure, size};
use super::{filesystem, labels, machine, ratios, stats};
use crate::report::model::{CellResult, CellStats, Device, DiskParameters, DiskReport, Label, Latency, Machine, Sample};

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
    let filesystem = filesystem::describe(folder, direct_io)?;
    let device = filesystem::device(folder);

    let mut bench = Bench::new(plan, &scratch, honoured, in_memory, device.as_ref(), &mut rng)?;
    bench.scale = shorten(plan, started.elapsed(), &mut notes);
    let stop = bench.rounds(plan, started, progress, interrupt, &mut rng);
    let buffer_evidence = bench.buffer_evidence();
    let (cells, latencies) = bench.finish();

    let ratios = ratios::disk(&cells);
    let medium = labels::medium(&filesystem, device.as_ref(), machine, &cells);
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
    let mut bytes = [0; 8];
    let random = rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty());
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

enum Stop {
    Finished,
    Interrupted,
    Capped(Duration),
    Failed(anyhow::Error),
}

/// One cell with what it needs from slice to slice.
struct Running {
    cell: Cell,
    order: Order,
    latency: Histogram<u64>,
    samples: Vec<Sample>,
    skipped: Option<String>,
}

struct Bench<'a> {
    scratch: &'a Scratch,
    device: Option<&'a Device>,
    honoured: bool,
    cells: Vec<Running>,
    small: Pages,
    huge: Option<Pages>,
    stamp: u64,
    scale: f64,
}

impl<'a> Bench<'a> {
    fn new(
        plan: &DiskPlan,
        scratch: &'a Scratch,
        honoured: bool,
        in_memory: bool,
        device: Option<&'a Device>,
        rng: &mut Rng,
    ) -> Result<Bench<'a>> {
        let needed = |kind| {
            let of_kind = plan.cells.iter().filter(|cell| cell.pages == kind);
            of_kind.map(|cell| cell.block as usize * cell.depth() as usize).max()
        };
        let mut bench = Bench {
            scratch,
            device,
            honoured,
            cells: Vec::new(),
            small: Pages::new(needed(PageKind::Small).unwrap_or(4096), PageKind::Small)?,
            huge: needed(PageKind::Huge).map(|len| Pages::new(len, PageKind::Huge)).transpose()?,
            stamp: rng.next(),
            scale: 1.0,
        };
        rng.fill(&mut bench.small);
        if let Some(huge) = &mut bench.huge {
            rng.fill(huge);
        }
        let ring_refused = match plan.cells.iter().map(Cell::depth).max() {
            Some(depth) if depth > 1 => engine::queue_refused(depth),
            _ => None,
        };
        for cell in &plan.cells {
            let skipped = bench.obstacle(cell, in_memory, ring_refused.as_deref());
            let order = match cell.access {
                Access::AppendSync => Order::append(cell.block, scratch.bytes),
                _ => Order::new(cell.pattern, cell.block, scratch.bytes, rng),
            };
            let latency = Histogram::new_with_bounds(1, 600_000_000_000, 3).context("cannot make a histogram of latencies")?;
            bench.cells.push(Running { cell: *cell, order, latency, samples: Vec::new(), skipped });
        }
        Ok(bench)
    }

    /// Why a cell can't be measured here.
    fn obstacle(&self, cell: &Cell, in_memory: bool, ring_refused: Option<&str>) -> Option<String> {
        if self.scratch.bytes == 0 {
            return Some("the file was not written".into());
        }
        if cell.pages == PageKind::Huge && self.huge.as_ref().and_then(Pages::huge_bytes).is_none_or(|bytes| bytes == 0) {
            return Some("the kernel gave no huge pages".into());
        }
        match cell.access {
            Access::Queued(_) if !self.honoured => Some("a queue at the device needs O_DIRECT, which does not work here".into()),
            Access::Queued(_) => ring_refused.map(String::from),
            Access::Cold if in_memory => Some("files here live in memory and are never cold".into()),
            _ => None,
        }
    }

    fn rounds(&mut self, plan: &DiskPlan, started: Instant, progress: &Progress, interrupt: &Interrupt, rng: &mut Rng) -> Stop {
        let mut turn: Vec<usize> = (0..self.cells.len()).filter(|i| self.cells[*i].skipped.is_none()).collect();
        for round in 1..=plan.rounds {
            rng.shuffle(&mut turn);
            for &i in &turn {
                if interrupt.raised() {
                    return Stop::Interrupted;
                }
                if let Some(cap) = plan.cap.filter(|cap| started.elapsed() > *cap) {
                    return Stop::Capped(cap);
                }
                let cell = self.cells[i].cell;
                let planned = plan.slice(&cell);
                progress.now(format!("round {round} of {}: {}", plan.rounds, cell.words()));
                match self.slice(i, planned.mul_f64(self.scale), interrupt) {
                    Ok(mut sample) => {
                        sample.round = round;
                        let whole = sample.seconds >= planned.as_secs_f64() * self.scale * 0.5;
                        if whole || !interrupt.raised() {
                            self.cells[i].samples.push(sample);
                        }
                    }
                    Err(error) => return Stop::Failed(error.context(cell.words())),
                }
                progress.done(planned);
            }
        }
        if interrupt.raised() { Stop::Interrupted } else { Stop::Finished }
    }

    fn slice(&mut self, i: usize, duration: Duration, interrupt: &Interrupt) -> Result<Sample> {
        let cell = self.cells[i].cell;
        let (file, sync) = self.way(&cell);
        let mut sample = empty_sample();
        let cold = self.goes_through_cache(&cell) && cell.access != Access::AppendSync;
        if cold {
            self.scratch.evict();
            let file = &self.scratch.buffered;
            sample.resident_before = resident_share(file, self.scratch.bytes).ok();
        }
        let running = &mut self.cells[i];
        running.order.begin_slice();
        let once = cold && cell.direction == Direction::Read;
        let at_most = if once { running.order.pass() } else { u64::MAX };
        let buffer = match cell.pages {
            PageKind::Small => &mut self.small,
            PageKind::Huge => self.huge.as_mut().context("no buffer of huge pages")?,
        };
        let job = Job {
            file,
            direction: cell.direction,
            block: cell.block as usize,
            order: &mut running.order,
            buffer,
            duration,
            at_most,
            sync,
            interrupt,
            latency: &mut running.latency,
            stamp: &mut self.stamp,
        };
        let before = Counters::now(self.device);
        let outcome = engine::run(cell.depth(), job);
        let outcome = outcome.context("the scratch file gave an error")?;
        let after = Counters::now(self.device);
        before.put_into(&after, cell.direction == Direction::Write, &mut sample);
        if cell.access == Access::AppendSync {
            self.scratch.restore_length().context("cannot cut off what was appended")?;
        }
        Ok(filled(sample, &outcome))
    }

    /// The open file that suits a cell, and when its writes are synced.
    fn way(&self, cell: &Cell) -> (BorrowedFd<'a>, Sync) {
        let cached = match cell.pattern {
            Pattern::Seq => self.scratch.buffered.as_fd(),
            Pattern::Rand => self.scratch.buffered_random.as_fd(),
        };
        match (&self.scratch.direct, cell.access, cell.direction) {
            (_, Access::AppendSync, _) => (cached, Sync::Each),
            (_, Access::Cold, _) => (cached, Sync::Never),
            (Ok(direct), ..) if self.honoured => (direct.as_fd(), Sync::Never),
            (.., Direction::Write) => (cached, Sync::AtEnd),
            (.., Direction::Read) => (cached, Sync::Never),
        }
    }

    fn goes_through_cache(&self, cell: &Cell) -> bool {
        !self.honoured || matches!(cell.access, Access::Cold | Access::AppendSync)
    }

    /// What the buffers turned out to be made of.
    fn buffer_evidence(&self) -> String {
        let page = rustix::param::page_size() as u64;
        let words = |pages: &Pages| match pages.huge_bytes() {
            Some(huge) => format!("{} of {} in huge pages", size(huge.min(pages.len() as u64)), size(pages.len() as u64)),
            None => "page size unknown".into(),
        };
        let small = format!("base pages of {}: {} (smaps)", size(page), words(&self.small));
        match &self.huge {
            Some(huge) => format!("{small}; cells named huge: {}", words(huge)),
            None => small,
        }
    }

    fn finish(self) -> (Vec<CellResult>, Vec<Histogram<u64>>) {
        let honoured = self.honoured;
        self.cells
            .into_iter()
            .map(|running| {
                let latency = running.latency.clone();
                (result(running, honoured), latency)
            })
            .unzip()
    }
}

fn empty_sample() -> Sample {
    Sample {
        round: 0,
        seconds: 0.0,
        operations: 0,
        bytes: 0,
        mb_s: 0.0,
        cpu_user_seconds: 0.0,
        cpu_system_seconds: 0.0,
        device_bytes: None,
        charged_bytes: None,
        cpu_pressure: None,
        steal: None,
        resident_before: None,
        sync_seconds: None,
    }
}

fn filled(sample: Sample, outcome: &Outcome) -> Sample {
    Sample {
        seconds: outcome.seconds,
        operations: outcome.operations,
        bytes: outcome.bytes,
        mb_s: outcome.bytes as f64 / 1e6 / outcome.seconds.max(1e-9),
        cpu_user_seconds: outcome.usage.user_seconds,
        cpu_system_seconds: outcome.usage.system_seconds,
        sync_seconds: outcome.sync_seconds,
        ..sample
    }
}

fn result(running: Running, honoured: bool) -> CellResult {
    let cell = running.cell;
    let access = match cell.access {
        Access::Cold => "cold",
        Access::AppendSync => "append+fdatasync",
        _ if honoured => "direct",
        _ => "buffered",
    };
    CellResult {
        id: cell.id(),
        pattern: cell.pattern.name().into(),
        direction: cell.direction.name().into(),
        block_bytes: cell.block,
        engine: if matches!(cell.access, Access::Queued(_)) { "io_uring" } else { "psync" }.into(),
        depth: cell.depth(),
        access: access.into(),
        buffer_pages: if cell.pages == PageKind::Huge { "huge" } else { "small" }.into(),
        stats: cell_stats(&running.samples, &running.latency),
        samples: running.samples,
        skipped: running.skipped,
        labels: Vec::new(),
    }
}

fn cell_stats(samples: &[Sample], latency: &Histogram<u64>) -> Option<CellStats> {
    let rates: Vec<f64> = samples.iter().map(|sample| sample.mb_s).collect();
    let iops: Vec<f64> = samples.iter().map(|s| s.operations as f64 / s.seconds.max(1e-9)).collect();
    let operations: u64 = samples.iter().map(|sample| sample.operations).sum();
    let per_op = |cpu: fn(&Sample) -> f64| samples.iter().map(cpu).sum::<f64>() * 1e9 / operations.max(1) as f64;
    let us = |nanoseconds: u64| nanoseconds as f64 / 1e3;
    Some(CellStats {
        mb_s: stats::summary(&rates)?,
        iops: stats::summary(&iops)?,
        latency_us: Latency {
            count: latency.len(),
            p50: us(latency.value_at_quantile(0.5)),
            p99: (latency.len() >= stats::P99_MIN_COUNT).then(|| us(latency.value_at_quantile(0.99))),
            max: us(latency.max()),
        },
        cpu_user_ns_per_op: per_op(|sample| sample.cpu_user_seconds),
        cpu_system_ns_per_op: per_op(|sample| sample.cpu_system_seconds),
    })
}

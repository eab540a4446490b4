//! The rounds: every cell once a round, in a new order each time.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use super::result::{empty_sample, filled, result};
use crate::bench::cache::{self, CAN_EVICT};
use crate::bench::cell::{Access, Cell, Direction, Pattern};
use crate::bench::engine::order::Order;
use crate::bench::engine::{self, Job, Sync};
use crate::bench::evidence::Counters;
use crate::bench::interrupt::Interrupt;
use crate::bench::plan::DiskPlan;
use crate::bench::progress::Progress;
use crate::bench::rng::Rng;
use crate::bench::scratch::Scratch;
use crate::bench::sys::file_map::resident_share;
use crate::bench::sys::pages::{PageKind, Pages};
use crate::bench::units::size;
use crate::report::model::{CellResult, Device, Sample};

/// How the rounds ended.
pub(super) enum Stop {
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

/// What the cells stand on: the file, and what is known of the place where it lies.
pub(super) struct Ground<'a> {
    pub(super) scratch: &'a Scratch,
    pub(super) device: Option<&'a Device>,
    /// Whether O_DIRECT does anything here.
    pub(super) honoured: bool,
    /// What direct I/O wants offsets to be multiples of.
    pub(super) offset_align: u64,
    /// Whether files live in memory.
    pub(super) in_memory: bool,
}

/// All cells on their way through the rounds.
pub(super) struct Bench<'a> {
    ground: Ground<'a>,
    cells: Vec<Running>,
    small: Pages,
    huge: Option<Pages>,
    stamp: u64,
    /// Slices are this many times as long as planned.
    pub(super) scale: f64,
}

impl<'a> Bench<'a> {
    /// Buffers, orders and histograms for the plan; cells that can't be measured say why.
    pub(super) fn new(plan: &DiskPlan, ground: Ground<'a>, rng: &mut Rng) -> Result<Bench<'a>> {
        let needed = |kind| {
            let of_kind = plan.cells.iter().filter(|cell| cell.pages == kind);
            of_kind.map(|cell| cell.block as usize * cell.depth() as usize).max()
        };
        let mut bench = Bench {
            ground,
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
        let file_bytes = bench.ground.scratch.bytes;
        for cell in &plan.cells {
            let skipped = bench.obstacle(cell, ring_refused.as_deref());
            let order = match cell.access {
                Access::AppendSync => Order::append(cell.block, file_bytes),
                _ => Order::new(cell.pattern, cell.block, file_bytes, rng),
            };
            let latency = Histogram::new_with_bounds(1, 600_000_000_000, 3).context("cannot make a histogram of latencies")?;
            bench.cells.push(Running { cell: *cell, order, latency, samples: Vec::new(), skipped });
        }
        Ok(bench)
    }

    /// Why a cell can't be measured here.
    fn obstacle(&self, cell: &Cell, ring_refused: Option<&str>) -> Option<String> {
        if self.ground.scratch.bytes == 0 {
            return Some("the file was not written".into());
        }
        if cell.pages == PageKind::Huge && self.huge.as_ref().and_then(Pages::huge_bytes).is_none_or(|bytes| bytes == 0) {
            return Some("the kernel gave no huge pages".into());
        }
        let direct = matches!(cell.access, Access::Direct | Access::Queued(_));
        let align = self.ground.offset_align;
        if direct && self.ground.honoured && !cell.block.is_multiple_of(align) {
            return Some(format!("direct I/O wants multiples of {} here", size(align)));
        }
        match cell.access {
            Access::Queued(_) if !self.ground.honoured => Some("a queue at the device needs O_DIRECT, which does not work here".into()),
            Access::Queued(_) => ring_refused.map(String::from),
            Access::Cold if !CAN_EVICT => Some("this program can't empty the page cache of a file on this system".into()),
            Access::Cold if self.ground.in_memory => Some("files here live in memory and are never cold".into()),
            _ => None,
        }
    }

    /// Goes through the rounds until they are done or something ends them.
    pub(super) fn rounds(&mut self, plan: &DiskPlan, started: Instant, progress: &Progress, interrupt: &Interrupt, rng: &mut Rng) -> Stop {
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
            cache::evict(&self.ground.scratch.buffered);
            let file = &self.ground.scratch.buffered;
            sample.resident_before = resident_share(file, self.ground.scratch.bytes).ok();
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
        let before = Counters::now(self.ground.device);
        let outcome = engine::run(cell.depth(), job);
        let outcome = outcome.context("the scratch file gave an error")?;
        let after = Counters::now(self.ground.device);
        before.put_into(&after, cell.direction == Direction::Write, &mut sample);
        if cell.access == Access::AppendSync {
            self.ground.scratch.restore_length().context("cannot cut off what was appended")?;
        }
        Ok(filled(sample, &outcome))
    }

    /// The open file that suits a cell, and when its writes are synced.
    fn way(&self, cell: &Cell) -> (BorrowedFd<'a>, Sync) {
        let cached = match cell.pattern {
            Pattern::Seq => self.ground.scratch.buffered.as_fd(),
            Pattern::Rand => self.ground.scratch.buffered_random.as_fd(),
        };
        match (&self.ground.scratch.direct, cell.access, cell.direction) {
            (_, Access::AppendSync, _) => (cached, Sync::Each),
            (_, Access::Cold, _) => (cached, Sync::Never),
            (Ok(direct), ..) if self.ground.honoured => (direct.as_fd(), Sync::Never),
            (.., Direction::Write) => (cached, Sync::AtEnd),
            (.., Direction::Read) => (cached, Sync::Never),
        }
    }

    fn goes_through_cache(&self, cell: &Cell) -> bool {
        !self.ground.honoured || matches!(cell.access, Access::Cold | Access::AppendSync)
    }

    /// What the buffers turned out to be made of.
    pub(super) fn buffer_evidence(&self) -> String {
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

    /// Results and latencies, cell by cell.
    pub(super) fn finish(self) -> (Vec<CellResult>, Vec<Histogram<u64>>) {
        let honoured = self.ground.honoured;
        self.cells.into_iter().map(|r| (result(&r.cell, r.samples, &r.latency, r.skipped, honoured), r.latency)).unzip()
    }
}

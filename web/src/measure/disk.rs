//! The disk scene: the same requests in line and scattered over a file, in the same slowed-down time.

use super::source::Source;
use highwater_core::cost::calibrate::{self, Direction, DiskFit};
use highwater_core::cost::disk::{Disk, Preset};

/// Requests of each lane, and places in the file.
pub const SLOTS: usize = 24;
/// Request sizes to choose from, in bytes.
pub const BLOCKS: [u64; 4] = [4 << 10, 64 << 10, 1 << 20, 16 << 20];
/// The scattered lane takes this long on the screen.
const SHOW_MS: f64 = 12_000.0;
/// The order of the scattered requests: every place once, no neighbours.
const SCATTERED: [usize; SLOTS] = [13, 2, 19, 7, 22, 10, 0, 16, 5, 20, 11, 3, 17, 8, 23, 14, 1, 18, 6, 12, 21, 4, 15, 9];

/// What the second lane does: the first writes in line to one log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beside {
    /// The same requests scattered over the file.
    Scattered,
    /// Writes to so many logs, each at its own place of the disk.
    Logs(u32),
    /// Writes in line, and between them reads of so many readers elsewhere.
    Readers(u32),
}

/// Whose disk.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Device {
    /// One of the lessons'.
    Preset(Preset),
    /// The one in the measurement file.
    Yours(Direction),
}

/// The scene.
#[derive(Clone, PartialEq, Debug)]
pub struct DiskScene {
    /// Whose disk.
    pub device: Device,
    /// Bytes of a request.
    pub block: u64,
    /// What the second lane does.
    pub beside: Beside,
    /// Does time go on?
    pub playing: bool,
    t_us: f64,
}

/// What the head of a lane does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Phase {
    /// On its way (or waiting for the drive): this much of it is done.
    Access(f64),
    /// Moving bytes: this much of the request is done.
    Transfer(f64),
    /// Everything is done.
    Done,
}

/// A lane at an instant.
#[derive(Clone, PartialEq, Debug)]
pub struct Lane {
    /// Places in the order of the requests.
    pub order: [usize; SLOTS],
    /// Requests that are done.
    pub done: usize,
    /// What the head does.
    pub phase: Phase,
    /// Time spent so far, in microseconds: on accesses, and on moving bytes.
    pub spent_us: (f64, f64),
    /// Duration of the whole lane, in microseconds.
    pub total_us: f64,
}

impl Lane {
    /// Where the head is, in places from 0.
    pub fn head(&self) -> f64 {
        let place = |i: usize| self.order[i.min(SLOTS - 1)] as f64;
        match self.phase {
            Phase::Done => place(SLOTS),
            Phase::Transfer(_) => place(self.done),
            Phase::Access(part) => {
                let from = if self.done == 0 { 0.0 } else { place(self.done - 1) };
                from + (place(self.done) - from) * part
            }
        }
    }
    /// Time so far, in microseconds.
    pub fn elapsed_us(&self) -> f64 {
        self.spent_us.0 + self.spent_us.1
    }
}

/// Writes from the left and reads from the middle, in turn.
fn alternating(i: usize) -> usize {
    i / 2 + if i.is_multiple_of(2) { 0 } else { SLOTS / 2 }
}

fn lane(disk: &Disk, bytes: u64, in_line: bool, beside: Beside, t_us: f64) -> Lane {
    let (access, all) = (disk.access_us(in_line), disk.service_us(bytes, in_line));
    let done = ((t_us / all) as usize).min(SLOTS);
    let mut order = SCATTERED;
    if in_line {
        order = std::array::from_fn(|i| i);
    } else if let Beside::Readers(_) = beside {
        order = std::array::from_fn(alternating);
    }
    let rest = (t_us - done as f64 * all).max(0.0);
    let (mut spent, phase) = (
        (done as f64 * access, done as f64 * (all - access)),
        match done {
            SLOTS => Phase::Done,
            _ if rest < access => Phase::Access(rest / access),
            _ => Phase::Transfer((rest - access) / (all - access)),
        },
    );
    if done < SLOTS {
        spent.0 += rest.min(access);
        spent.1 += (rest - access).max(0.0);
    }
    Lane { order, done, phase, spent_us: spent, total_us: SLOTS as f64 * all }
}

impl Default for DiskScene {
    fn default() -> Self {
        DiskScene::new(Device::Preset(Preset::DesignPage), BLOCKS[0], Beside::Scattered)
    }
}

impl DiskScene {
    /// At its beginning, standing still.
    pub fn new(device: Device, block: u64, beside: Beside) -> Self {
        DiskScene { device, block, beside, playing: false, t_us: 0.0 }
    }

    /// The disk that is shown. Without a measurement, a wish for "yours" is the design page's.
    pub fn disk(&self, source: &Source) -> Disk {
        match self.device {
            Device::Preset(p) => p.disk(),
            Device::Yours(d) => self.fit_of(source, d).map_or(Preset::DesignPage.disk(), |f| f.disk),
        }
    }

    /// The model that was made from the measurement, while it is shown.
    pub fn fit(&self, source: &Source) -> Option<DiskFit> {
        match self.device {
            Device::Preset(_) => None,
            Device::Yours(d) => self.fit_of(source, d),
        }
    }

    fn fit_of(&self, source: &Source, d: Direction) -> Option<DiskFit> {
        calibrate::disk(source.measurement()?.disk.as_ref()?, d)
    }

    /// Does it turn?
    pub fn spins(&self) -> bool {
        matches!(self.device, Device::Preset(p) if p.spins())
    }

    /// Both lanes now: in line, scattered.
    pub fn lanes(&self, source: &Source) -> [Lane; 2] {
        let d = self.disk(source);
        [true, false].map(|in_line| lane(&d, self.block, in_line, self.beside, self.t_us))
    }

    /// Another disk; time starts over.
    pub fn choose(&mut self, device: Device) {
        *self = DiskScene { device, t_us: 0.0, ..*self };
    }

    /// Another request size; time starts over.
    pub fn resize(&mut self, block: u64) {
        *self = DiskScene { block, t_us: 0.0, ..*self };
    }

    /// Back to the beginning.
    pub fn reset(&mut self) {
        self.t_us = 0.0;
    }

    /// Is the slower lane done?
    pub fn over(&self, source: &Source) -> bool {
        self.lanes(source)[1].phase == Phase::Done
    }

    /// Plays from the beginning if it was over.
    pub fn toggle(&mut self, source: &Source) {
        if !self.playing && self.over(source) {
            self.t_us = 0.0;
        }
        self.playing = !self.playing;
    }

    /// Time on the screen goes by.
    pub fn tick(&mut self, ms: f64, source: &Source) {
        let all = self.disk(source).service_us(self.block, false) * SLOTS as f64;
        self.t_us += ms * all / SHOW_MS;
        if self.t_us >= all {
            self.finish(all);
        }
    }

    /// To the end of the next scattered request, or of the one before.
    pub fn step(&mut self, back: bool, source: &Source) {
        self.playing = false;
        let each = self.disk(source).service_us(self.block, false);
        let n = self.t_us / each;
        let to = if back { (n - 1e-6).ceil() - 1.0 } else { (n + 1e-6).floor() + 1.0 };
        self.t_us = to.clamp(0.0, SLOTS as f64) * each;
        if to >= SLOTS as f64 {
            self.finish(SLOTS as f64 * each);
        }
    }

    fn finish(&mut self, all_us: f64) {
        // A hair more, so that rounding leaves no request unfinished.
        self.t_us = all_us * (1.0 + 1e-9);
        self.playing = false;
    }
}

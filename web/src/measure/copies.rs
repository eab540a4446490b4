//! The copy scene: one block's way from disk to network, by read and write, and by sendfile, hop by hop.

use highwater_core::cost::copy::{Conditions, Counts, Method, Place, Step, fan_out, used};

/// The two diagrams.
pub const METHODS: [Method; 2] = [Method::ReadWrite, Method::Sendfile];
/// A hop takes this long on the screen.
const SHOW_MS: f64 = 900.0;

/// The scene.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CopyScene {
    /// Under which conditions.
    pub conditions: Conditions,
    /// To how many consumer groups the block goes, one after the other.
    pub groups: u32,
    /// Does time go on?
    pub playing: bool,
    /// Steps that are done, and how much of the next is.
    t: f64,
}

/// One diagram at an instant.
#[derive(Clone, PartialEq, Debug)]
pub struct Way {
    /// What was asked for.
    pub method: Method,
    /// What is used: under TLS, sendfile is not.
    pub used: Method,
    /// Every step.
    pub steps: Vec<Step>,
    /// Steps that are done.
    pub done: usize,
    /// How much of the next one is.
    pub part: f64,
    /// What it cost so far.
    pub counts: Counts,
    /// What the whole way costs.
    pub total: Counts,
}

impl Way {
    /// The step under way: the next one once it has begun.
    pub fn current(&self) -> Option<Step> {
        self.steps.get(self.done).copied().filter(|_| self.part > 0.0)
    }

    /// Is the whole block out?
    pub fn over(&self) -> bool {
        self.done >= self.steps.len()
    }

    /// Is the thread in the kernel?
    pub fn in_kernel(&self) -> bool {
        let done = &self.steps[..self.done.min(self.steps.len())];
        done.iter().rev().find_map(|s| match s {
            Step::Call(_) => Some(true),
            Step::Return(_) => Some(false),
            _ => None,
        }) == Some(true)
    }

    /// Does this place hold the block now? Copies stay; a block that need not be read from the disk was in memory before.
    pub fn holds(&self, place: Place) -> bool {
        self.steps[..self.done.min(self.steps.len())].iter().any(|s| match *s {
            Step::Copy { from, to, .. } => from == place || to == place,
            Step::Encrypt => place == Place::Ciphertext,
            _ => false,
        }) || place == Place::Disk
            || (place == Place::PageCache && self.total.disk_reads == 0)
    }

    /// The hop's drawing: is it done, under way (with how much), or to come? `None` if this way has no such hop.
    pub fn hop(&self, wanted: impl Fn(Step) -> bool) -> Option<Hop> {
        let hops = || self.steps.iter().enumerate().filter(|(_, s)| wanted(**s));
        hops().next()?;
        if let Some((i, _)) = hops().find(|(i, _)| *i == self.done)
            && self.part > 0.0
            && i == self.done
        {
            return Some(Hop::Now(self.part));
        }
        Some(if hops().any(|(i, _)| i < self.done) { Hop::Done } else { Hop::ToCome })
    }
}

/// State of a hop.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Hop {
    /// Not yet.
    ToCome,
    /// This much of it is done.
    Now(f64),
    /// It is done.
    Done,
}

impl Default for CopyScene {
    fn default() -> Self {
        CopyScene { conditions: Conditions { cached: false, tls: false, gather: true }, groups: 1, playing: false, t: 0.0 }
    }
}

impl CopyScene {
    fn way(&self, method: Method) -> Way {
        let steps = fan_out(method, self.conditions, self.groups);
        let done = (self.t.floor() as usize).min(steps.len());
        let counts = Counts::of(&steps[..done]);
        let part = if done < steps.len() { self.t.fract() } else { 0.0 };
        Way { method, used: used(method, self.conditions), total: Counts::of(&steps), done, part, counts, steps }
    }

    /// Both diagrams now.
    pub fn ways(&self) -> [Way; 2] {
        METHODS.map(|m| self.way(m))
    }

    fn longest(&self) -> usize {
        self.ways().iter().map(|w| w.steps.len()).max().unwrap_or(0)
    }

    /// Are both blocks out?
    pub fn over(&self) -> bool {
        self.t >= self.longest() as f64
    }

    /// Other conditions; time starts over.
    pub fn set(&mut self, conditions: Conditions, groups: u32) {
        *self = CopyScene { conditions, groups: groups.clamp(1, 5), t: 0.0, ..*self };
    }

    /// Back to the beginning.
    pub fn reset(&mut self) {
        self.t = 0.0;
    }

    /// Plays from the beginning if it was over.
    pub fn toggle(&mut self) {
        if !self.playing && self.over() {
            self.t = 0.0;
        }
        self.playing = !self.playing;
    }

    /// One hop on, or back.
    pub fn step(&mut self, back: bool) {
        self.playing = false;
        let to = if back { self.t.ceil() - 1.0 } else { self.t.floor() + 1.0 };
        self.t = to.clamp(0.0, self.longest() as f64);
    }

    /// Time on the screen goes by.
    pub fn tick(&mut self, ms: f64) {
        self.t += ms / SHOW_MS;
        if self.over() {
            self.t = self.longest() as f64;
            self.playing = false;
        }
    }
}

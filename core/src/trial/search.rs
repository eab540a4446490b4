//! Breadth-first search in a fixed order: first without faults, then with one, and so on. So a story that is found has
//! the fewest faults, and of those the fewest steps; and a search that ends without one has seen every state in bounds.

use super::explorer::{Explorer, Tried};
use super::fingerprints::{Fingerprints, Places};
use super::waiting::Waiting;
use super::{Bounds, Budget, Ghost, Node, Property, Story, Trial, story};
use crate::kafka::{Out, World};
use serde::{Deserialize, Serialize};

/// How a search ended.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// A promise is broken, and this is the shortest way.
    Found(Story),
    /// No schedule within the bounds breaks a promise: every state was visited.
    None,
    /// A limit was hit first: nobody knows what lies beyond.
    Limit(Cut),
}

/// Where a limit ended a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cut {
    /// Passes with up to this many faults were complete, if any was.
    pub complete_faults: Option<u32>,
    /// Depth that was complete in the pass that was cut off.
    pub depth: u32,
    /// Which limit.
    pub by: Limit,
}

/// What ends a search before everything was visited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// [`super::Bounds::depth`].
    Steps,
    /// [`super::Bounds::max_states`].
    States,
    /// [`super::Bounds::max_bytes`].
    Bytes,
}

/// Where a search stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Faults allowed in this pass.
    pub faults: u32,
    /// Distinct states of this pass.
    pub states: u64,
    /// Steps applied, over all passes.
    pub transitions: u64,
    /// Steps from the beginning to the layer in hand.
    pub depth: u32,
    /// States that wait.
    pub frontier: usize,
    /// Estimated memory, in bytes.
    pub bytes: u64,
}

/// Where a state came from: its parent, and which of the parent's actions.
pub(super) type Origin = (u32, u16);

/// A search that can be run in slices.
#[derive(Debug)]
pub struct Search {
    explorer: Explorer,
    seen: Fingerprints,
    origins: Vec<Origin>,
    layer: Waiting,
    next: Waiting,
    /// The place among all states of the first that waits; the others follow.
    first: u32,
    /// Where the states of `next` stand in it, by fingerprint; only those that leave something to others.
    places: Places,
    max_faults: u32,
    depth: u32,
    /// The first pass that ended at the bound on steps.
    first_cut: Option<u32>,
    transitions: u64,
    verdict: Option<Verdict>,
}

impl Search {
    /// A search that has not begun.
    pub fn new(trial: Trial) -> Self {
        let mut s = Search {
            explorer: Explorer::new(trial),
            seen: Fingerprints::new(),
            origins: Vec::new(),
            layer: Waiting::default(),
            next: Waiting::default(),
            first: 0,
            places: Places::new(),
            max_faults: 0,
            depth: 0,
            first_cut: None,
            transitions: 0,
            verdict: None,
        };
        s.begin_pass(0);
        s
    }

    /// What is on trial.
    pub fn trial(&self) -> &Trial {
        &self.explorer.trial
    }

    /// Where it stands.
    pub fn progress(&self) -> Progress {
        Progress {
            faults: self.max_faults,
            states: self.origins.len() as u64,
            transitions: self.transitions,
            depth: self.depth,
            frontier: self.layer.len() + self.next.len(),
            bytes: self.bytes(),
        }
    }

    fn bytes(&self) -> u64 {
        let kept = self.seen.bytes() + self.places.bytes() + size_of_val(&*self.origins) as u64;
        self.explorer.bytes() + kept + self.layer.bytes() + self.next.bytes()
    }

    /// Goes on for about `states` expanded states. `Some` when it is over.
    pub fn run(&mut self, states: u64) -> Option<&Verdict> {
        for _ in 0..states {
            if self.verdict.is_some() {
                break;
            }
            self.expand_one();
        }
        self.verdict.as_ref()
    }

    /// Runs to the end.
    pub fn finish(&mut self) -> &Verdict {
        while self.run(1 << 16).is_none() {}
        self.verdict.as_ref().expect("the loop ends with a verdict")
    }

    fn begin_pass(&mut self, max_faults: u32) {
        self.max_faults = max_faults;
        self.depth = 0;
        self.seen = Fingerprints::new();
        self.origins.clear();
        self.origins.push((0, 0));
        self.layer.clear();
        self.next.clear();
        self.first = 0;
        self.places.clear();
        self.seen.insert(self.explorer.begin(&mut self.layer));
    }

    fn expand_one(&mut self) {
        let Some(state) = self.layer.front() else { return self.next_layer() };
        self.explorer.take_up(state, self.max_faults);
        self.layer.pop();
        for i in 0..self.explorer.actions() {
            let Some(tried) = self.explorer.attempt(i) else { continue };
            self.meet(i, &tried);
            if self.verdict.is_some() {
                return;
            }
            self.explorer.done(i, &tried);
        }
        self.first += 1;
        self.explorer.tidy([&self.layer, &self.next].into_iter());
        let b = &self.trial().bounds;
        if let Some(by) = beyond(b, self.origins.len(), self.bytes()) {
            let pass = self.first_cut.unwrap_or(self.max_faults);
            self.verdict = Some(Verdict::Limit(Cut { complete_faults: pass.checked_sub(1), depth: self.depth, by }));
        }
    }

    /// Keeps where a step leads, if nobody was there. `ordinal`: its place among the actions of the state in hand.
    fn meet(&mut self, ordinal: usize, tried: &Tried) {
        self.transitions += 1;
        if !self.seen.insert(tried.print) {
            if let Some(at) = self.places.get(tried.print) {
                self.next.leave_asleep(at, |step| self.explorer.would_leave(tried, step));
            }
            return;
        }
        let index = self.origins.len() as u32;
        self.origins.push((self.first, ordinal as u16));
        if tried.touched
            && let Some(property) = self.explorer.broken()
        {
            self.verdict = Some(Verdict::Found(self.tell(property, index)));
            return;
        }
        let at = self.explorer.put(&mut self.next, Some(tried));
        if self.next.at(at).asleep().next().is_some() {
            self.places.put(tried.print, at);
        }
    }

    fn next_layer(&mut self) {
        self.places.clear();
        let cut = self.depth + 1 == self.trial().bounds.depth && !self.next.is_empty();
        if cut {
            self.first_cut.get_or_insert(self.max_faults);
        }
        if !cut && !self.next.is_empty() {
            std::mem::swap(&mut self.layer, &mut self.next);
            self.depth += 1;
        } else if self.max_faults < self.trial().bounds.faults() {
            self.begin_pass(self.max_faults + 1);
        } else {
            self.verdict = Some(match self.first_cut {
                None => Verdict::None,
                Some(pass) => Verdict::Limit(Cut::at_depth(self.trial(), pass)),
            });
        }
    }

    /// Walks back from a state to the beginning, and forward again with everything that happened.
    fn tell(&self, property: Property, last: u32) -> Story {
        story::retell(self.trial(), property, &way_to(&self.origins, last), self.max_faults)
    }
}

impl Cut {
    /// At the bound on steps, first in this pass.
    pub(super) fn at_depth(trial: &Trial, pass: u32) -> Self {
        Cut { complete_faults: pass.checked_sub(1), depth: trial.bounds.depth, by: Limit::Steps }
    }
}

/// The limit that so many states and bytes are beyond.
pub(super) fn beyond(b: &Bounds, states: usize, bytes: u64) -> Option<Limit> {
    if states as u64 > b.max_states { Some(Limit::States) } else { (bytes > b.max_bytes).then_some(Limit::Bytes) }
}

/// The way to a state: at each step, which of the actions that could be taken.
pub(super) fn way_to(origins: &[Origin], last: u32) -> Vec<u16> {
    let mut ordinals = Vec::new();
    let mut at = last;
    while at != 0 {
        let (parent, ordinal) = origins[at as usize];
        ordinals.push(ordinal);
        at = parent;
    }
    ordinals.reverse();
    ordinals
}

/// The settled cluster after the first fetches have been parked.
pub(super) fn root(trial: &Trial) -> Node {
    let mut out = Out::default();
    let mut world = World::settled(trial.setup.clone(), &mut out);
    while let Some(f) = world.net.first() {
        let id = f.id;
        world.step(crate::kafka::Input::Deliver(id), &mut out);
    }
    let view = trial.setup.partition_ids().map(|p| trial.setup.first_leader(p)).collect();
    Node { world, used: Budget::default(), ghost: Ghost { view, ..Ghost::default() } }
}

//! Breadth-first search in a fixed order: first without faults, then with one, and so on. So a story that is found has
//! the fewest faults, and of those the fewest steps; and a search that ends without one has seen every state in bounds.

use super::actions::{Action, apply, enabled};
use super::fingerprints::Fingerprints;
use super::properties::broken;
use super::{Budget, Ghost, Node, Property, Story, Trial, story};
use crate::hash::fingerprint;
use crate::kafka::{Out, World};
use std::collections::VecDeque;

/// How a search ended.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// A promise is broken, and this is the shortest way.
    Found(Story),
    /// No schedule within the bounds breaks a promise: every state was visited.
    None,
    /// A limit was hit first; complete up to this many faults (if any pass was), and within the last pass to this depth.
    Limit {
        /// Passes with up to this many faults were complete.
        complete_faults: Option<u32>,
        /// Depth that was complete in the pass that was cut off.
        depth: u32,
    },
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
type Origin = (u32, u16);

/// A search that can be run in slices.
#[derive(Debug)]
pub struct Search {
    trial: Trial,
    seen: Fingerprints,
    origins: Vec<Origin>,
    layer: VecDeque<(u32, Node)>,
    next: VecDeque<(u32, Node)>,
    max_faults: u32,
    depth: u32,
    transitions: u64,
    verdict: Option<Verdict>,
    out: Out,
    actions: Vec<Action>,
}

/// A rough size of a waiting state beyond what it shares with others; keeps the memory bound honest.
const NODE_BYTES: u64 = 1200;

impl Search {
    /// A search that has not begun.
    pub fn new(trial: Trial) -> Self {
        let mut s = Search {
            trial,
            seen: Fingerprints::new(),
            origins: Vec::new(),
            layer: VecDeque::new(),
            next: VecDeque::new(),
            max_faults: 0,
            depth: 0,
            transitions: 0,
            verdict: None,
            out: Out::default(),
            actions: Vec::new(),
        };
        s.begin_pass(0);
        s
    }

    /// What is on trial.
    pub fn trial(&self) -> &Trial {
        &self.trial
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
        self.seen.bytes() + self.origins.len() as u64 * 8 + (self.layer.len() + self.next.len()) as u64 * NODE_BYTES
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
        self.layer.clear();
        self.next.clear();
        let root = root(&self.trial);
        self.seen.insert(fingerprint(&root));
        self.origins.push((0, 0));
        self.layer.push_back((0, root));
    }

    fn expand_one(&mut self) {
        let Some((parent, node)) = self.layer.pop_front() else { return self.next_layer() };
        let mut actions = std::mem::take(&mut self.actions);
        enabled(&self.trial, &node, self.max_faults, &mut actions);
        for (i, a) in actions.iter().enumerate() {
            self.transitions += 1;
            let mut child = node.clone();
            apply(&self.trial, &mut child, *a, &mut self.out);
            let touched = child.ghost.fold(&self.trial, &self.out);
            if !self.seen.insert(fingerprint(&child)) {
                continue;
            }
            let index = self.origins.len() as u32;
            self.origins.push((parent, i as u16));
            if touched && let Some(property) = broken(&self.trial, &child) {
                self.verdict = Some(Verdict::Found(self.tell(property, index)));
                break;
            }
            self.next.push_back((index, child));
        }
        self.actions = actions;
        let b = &self.trial.bounds;
        if self.verdict.is_none() && (self.origins.len() as u64 > b.max_states || self.bytes() > b.max_bytes) {
            self.verdict = Some(Verdict::Limit { complete_faults: self.max_faults.checked_sub(1), depth: self.depth });
        }
    }

    fn next_layer(&mut self) {
        if self.next.is_empty() {
            if self.max_faults >= self.trial.bounds.faults() {
                self.verdict = Some(Verdict::None);
            } else {
                self.begin_pass(self.max_faults + 1);
            }
            return;
        }
        std::mem::swap(&mut self.layer, &mut self.next);
        self.depth += 1;
    }

    /// Walks back from a state to the beginning, and forward again with everything that happened.
    fn tell(&self, property: Property, last: u32) -> Story {
        let mut ordinals = Vec::new();
        let mut at = last;
        while at != 0 {
            let (parent, ordinal) = self.origins[at as usize];
            ordinals.push(ordinal);
            at = parent;
        }
        ordinals.reverse();
        story::retell(&self.trial, property, &ordinals, self.max_faults)
    }
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

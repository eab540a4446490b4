//! Breadth-first search in a fixed order: first without faults, then with one, and so on. So a story that is found has
//! the fewest faults, and of those the fewest steps; and a search that ends without one has seen every state in bounds.

use super::actions::{Action, apply, enabled};
use super::fingerprints::{Fingerprints, Places};
use super::properties::broken;
use super::sleep::{Footprint, Sleep, of_child};
use super::{Budget, Ghost, Node, Property, Story, Trial, story};
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
pub(super) type Origin = (u32, u16);

/// A state that waits to be expanded: its place among all states, and what it need not take.
#[derive(Debug)]
struct Waiting {
    index: u32,
    node: Node,
    sleep: Sleep,
}

/// A search that can be run in slices.
#[derive(Debug)]
pub struct Search {
    trial: Trial,
    seen: Fingerprints,
    origins: Vec<Origin>,
    layer: VecDeque<Waiting>,
    next: VecDeque<Waiting>,
    /// Where the states of `next` stand in it.
    places: Places,
    max_faults: u32,
    depth: u32,
    /// The first pass that ended at the bound on steps.
    first_cut: Option<u32>,
    transitions: u64,
    verdict: Option<Verdict>,
    out: Out,
    actions: Vec<Action>,
    taken: Vec<(Action, Footprint)>,
}

/// A rough size of a waiting state beyond what it shares with others; keeps the memory bound honest.
pub(super) const NODE_BYTES: u64 = 1200;

impl Search {
    /// A search that has not begun.
    pub fn new(trial: Trial) -> Self {
        let mut s = Search {
            out: Out::remembering(&trial.setup, trial.memo_bytes),
            trial,
            seen: Fingerprints::new(),
            origins: Vec::new(),
            layer: VecDeque::new(),
            next: VecDeque::new(),
            places: Places::new(),
            max_faults: 0,
            depth: 0,
            first_cut: None,
            transitions: 0,
            verdict: None,
            actions: Vec::new(),
            taken: Vec::new(),
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
        self.out.memo_bytes()
            + self.seen.bytes()
            + self.places.bytes()
            + self.origins.len() as u64 * 8
            + (self.layer.len() + self.next.len()) as u64 * NODE_BYTES
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
        self.places.clear();
        let root = root(&self.trial);
        self.seen.insert(root.print());
        self.origins.push((0, 0));
        self.layer.push_back(Waiting { index: 0, node: root, sleep: Sleep::new() });
    }

    fn expand_one(&mut self) {
        let Some(Waiting { index: parent, node, sleep }) = self.layer.pop_front() else { return self.next_layer() };
        let (mut actions, mut taken) = (std::mem::take(&mut self.actions), std::mem::take(&mut self.taken));
        enabled(&self.trial, &node, self.max_faults, &mut actions);
        taken.clear();
        taken.extend_from_slice(&sleep);
        let last = actions.iter().rposition(|a| !sleep.iter().any(|s| s.0 == *a));
        let mut node = Some(node);
        for (i, a) in actions.iter().enumerate() {
            if sleep.iter().any(|s| s.0 == *a) {
                continue;
            }
            // The last child takes its parent's place.
            let child = if Some(i) == last { node.take() } else { node.clone() };
            let Some(child) = child else { break };
            let way = self.step(parent, i as u16, *a, child, &taken);
            if self.verdict.is_some() {
                break;
            }
            if self.trial.sleep {
                taken.push((*a, way));
            }
        }
        (self.actions, self.taken) = (actions, taken);
        let b = &self.trial.bounds;
        if self.verdict.is_none() && (self.origins.len() as u64 > b.max_states || self.bytes() > b.max_bytes) {
            let pass = self.first_cut.unwrap_or(self.max_faults);
            self.verdict = Some(Verdict::Limit { complete_faults: pass.checked_sub(1), depth: self.depth });
        }
    }

    /// Takes one step and keeps where it leads, if nobody was there. `taken`: what the parent leaves to others or has taken.
    fn step(&mut self, parent: u32, ordinal: u16, a: Action, mut child: Node, taken: &[(Action, Footprint)]) -> Footprint {
        self.transitions += 1;
        let way = apply(&self.trial, &mut child, a, &mut self.out);
        let touched = child.ghost.fold(&self.trial, &self.out);
        let print = child.print();
        if !self.seen.insert(print) {
            if let Some(at) = self.places.get(print) {
                let kept = &mut self.next[at as usize].sleep;
                kept.retain(|s| taken.iter().any(|t| t.0 == s.0 && t.1.commutes(&way)));
            }
            return way;
        }
        let index = self.origins.len() as u32;
        self.origins.push((parent, ordinal));
        if touched && let Some(property) = broken(&self.trial, &child) {
            self.verdict = Some(Verdict::Found(self.tell(property, index)));
            return way;
        }
        let sleep = of_child(taken, &way);
        if !sleep.is_empty() {
            self.places.put(print, self.next.len() as u32);
        }
        self.next.push_back(Waiting { index, node: child, sleep });
        way
    }

    fn next_layer(&mut self) {
        self.places.clear();
        let cut = self.depth + 1 == self.trial.bounds.depth && !self.next.is_empty();
        if cut {
            self.first_cut.get_or_insert(self.max_faults);
        }
        if !cut && !self.next.is_empty() {
            std::mem::swap(&mut self.layer, &mut self.next);
            self.depth += 1;
        } else if self.max_faults < self.trial.bounds.faults() {
            self.begin_pass(self.max_faults + 1);
        } else {
            self.verdict = Some(match self.first_cut {
                None => Verdict::None,
                Some(pass) => Verdict::Limit { complete_faults: pass.checked_sub(1), depth: self.trial.bounds.depth },
            });
        }
    }

    /// Walks back from a state to the beginning, and forward again with everything that happened.
    fn tell(&self, property: Property, last: u32) -> Story {
        story::retell(&self.trial, property, &way_to(&self.origins, last), self.max_faults)
    }
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

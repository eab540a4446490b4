//! What a search does with one state: take it up, try what may happen in it, and put away where that leads.

use super::actions::{Action, apply, enabled};
use super::numbered::Numbered;
use super::properties::broken;
use super::sleep::Footprint;
use super::waiting::{Draft, Record, Waiting};
use super::{Budget, Ghost, Node, Property, Trial, search};
use crate::kafka::changes::{Changes, Tally};
use crate::kafka::{Out, World};

/// An action that a state leaves to others: it sleeps, or was tried before.
#[derive(Clone, Copy, Debug)]
struct Taken {
    action: Action,
    way: Footprint,
    /// Its number among steps; 0 while it has none.
    number: u16,
}

/// A step that was tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tried {
    /// The fingerprint of the state that it leads to.
    pub(super) print: u64,
    /// Whether a promise could have been broken on the way.
    pub(super) touched: bool,
    way: Footprint,
}

/// The state in hand, and what all states share.
#[derive(Debug)]
pub(super) struct Explorer {
    pub(super) trial: Trial,
    out: Out,
    /// What states remember, by number.
    pasts: Numbered<(Budget, Ghost)>,
    /// Steps that states need not take, by number.
    steps: Numbered<(Action, Footprint)>,
    node: Node,
    /// Its world in words, …
    words: Vec<u32>,
    /// … and its fingerprint in pieces.
    tally: Tally,
    past: u32,
    /// What may happen in it.
    actions: Vec<Action>,
    taken: Vec<Taken>,
    /// How many of `taken` slept.
    slept: usize,
    /// Where the last step led.
    child: Node,
    /// How that differs from the state in hand.
    changes: Changes,
    draft: Draft,
}

impl Explorer {
    pub(super) fn new(trial: Trial) -> Self {
        let node = search::root(&trial);
        Explorer {
            out: Out::remembering(&trial.setup, trial.memo_bytes),
            trial,
            pasts: Numbered::new(),
            steps: Numbered::new(),
            child: node.clone(),
            node,
            words: Vec::new(),
            tally: Tally::default(),
            past: 0,
            actions: Vec::new(),
            taken: Vec::new(),
            slept: 0,
            changes: Changes::all(),
            draft: Draft::default(),
        }
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.out.memo_bytes() + (self.pasts.bytes() + self.steps.bytes()) as u64
    }

    /// Forgets what is needed no more, if that is much: `waiting` is all that waits.
    pub(super) fn tidy<'a>(&mut self, waiting: impl Iterator<Item = &'a Waiting>) {
        let memo = self.out.memo();
        if !memo.is_full() {
            return;
        }
        let mut used = vec![false; memo.parts.last() as usize + 1];
        let parts = self.node.world.packed_parts();
        for r in waiting.flat_map(|w| w.iter()) {
            World::numbers(r.world(), parts).for_each(|n| used[n as usize] = true);
        }
        memo.forget(&used);
    }

    /// Puts the first state of all into `to`; the answer is its fingerprint.
    pub(super) fn begin(&mut self, to: &mut Waiting) -> u64 {
        self.child = search::root(&self.trial);
        self.changes = Changes::all();
        self.taken.clear();
        self.put(to, None);
        self.child.print()
    }

    /// Takes a state up.
    pub(super) fn take_up(&mut self, r: Record<'_>, max_faults: u32) {
        self.unpack(r);
        self.tally.count(&self.node.world);
        enabled(&self.trial, &self.node, max_faults, &mut self.actions);
        self.taken.clear();
        let asleep = r.asleep().map(|number| {
            let (action, way) = *self.steps.get(u32::from(number));
            Taken { action, way, number }
        });
        self.taken.extend(asleep);
        self.slept = self.taken.len();
    }

    fn unpack(&mut self, r: Record<'_>) {
        self.words.clear();
        self.words.extend_from_slice(r.world());
        self.node.world.unpack(&self.out.memo().parts, &self.words);
        if self.past != r.past() {
            self.past = r.past();
            (self.node.used, self.node.ghost) = self.pasts.get(self.past).clone();
        }
    }

    /// How many things may happen in the state in hand.
    pub(super) fn actions(&self) -> usize {
        self.actions.len()
    }

    /// Tries the action with this place, unless it sleeps.
    pub(super) fn attempt(&mut self, i: usize) -> Option<Tried> {
        let a = self.actions[i];
        if self.taken[..self.slept].iter().any(|t| t.action == a) {
            return None;
        }
        self.child.world.copy_from(&self.node.world);
        self.child.used = self.node.used;
        self.child.ghost.copy_from(&self.node.ghost);
        let way;
        (way, self.changes) = apply(&self.trial, &mut self.child, a, &mut self.out, Some(&self.node.world));
        let touched = self.child.ghost.fold(&self.trial, &self.out.events);
        let print = self.child.world.print_of_changes(&self.changes, &self.tally).wrapping_add(self.child.print_of_past());
        Some(Tried { print, touched, way })
    }

    /// The states that later actions lead to may leave this one to the state that it led to.
    pub(super) fn done(&mut self, i: usize, tried: &Tried) {
        if self.trial.sleep {
            self.taken.push(Taken { action: self.actions[i], way: tried.way, number: 0 });
        }
    }

    /// What the state that was reached breaks.
    pub(super) fn broken(&self) -> Option<Property> {
        broken(&self.trial, &self.child)
    }

    /// Would the state that was reached leave this step to others, too: does it commute with the way there, and slept or was tried before?
    pub(super) fn would_leave(&self, tried: &Tried, number: u16) -> bool {
        let action = self.steps.get(u32::from(number)).0;
        self.taken.iter().any(|t| t.action == action && t.way.commutes(&tried.way))
    }

    /// Puts the state that was reached into `to`, and says where; with what it leaves to others, or without.
    pub(super) fn put(&mut self, to: &mut Waiting, tried: Option<&Tried>) -> u32 {
        let same = self.past != 0 && self.child.used == self.node.used && self.child.ghost == self.node.ghost;
        let past = if same { self.past } else { self.pasts.number(&(self.child.used, self.child.ghost.clone())) };
        self.child.world.pack(&self.changes, &self.words, &mut self.out.memo().parts, self.draft.begin(past));
        let steps = &mut self.steps;
        let asleep = self.taken.iter_mut().filter(|t| tried.is_some_and(|x| t.way.commutes(&x.way)));
        self.draft.end(asleep.filter_map(|t| {
            if t.number == 0 {
                // Beyond what a number can say, it is taken in every order.
                t.number = u16::try_from(steps.number(&(t.action, t.way))).unwrap_or(0);
            }
            (t.number > 0).then_some(t.number)
        }));
        to.push(&self.draft)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    /// What is only changed is what it would be if it were made anew, in every step of small searches.
    #[test]
    fn changes_add_up_to_the_whole() {
        let scenarios =
            [include_str!("../../../assets/scenarios/acks-1.json"), include_str!("../../../assets/scenarios/retry-duplicates.json")];
        for text in scenarios {
            let scenario = Scenario::parse(text).unwrap_or_else(|e| panic!("{e}"));
            let mut x = Explorer::new(Trial::new(&scenario).unwrap_or_else(|e| panic!("{e}")));
            let mut waiting = Waiting::default();
            x.begin(&mut waiting);
            for _ in 0..3_000 {
                let Some(r) = waiting.front() else { break };
                x.take_up(r, 2);
                waiting.pop();
                for i in 0..x.actions() {
                    let Some(tried) = x.attempt(i) else { continue };
                    assert_eq!(tried.print, x.child.print());
                    let mut again = x.child.clone();
                    assert!(again.world.prune_unread(&Changes::all(), &mut Out::default()).is_empty());
                    assert_eq!(super::super::actions::urgent(&again.world, &Changes::all()), None);
                    let at = x.put(&mut waiting, None);
                    again.world.unpack(&x.out.memo().parts, waiting.at(at).world());
                    assert_eq!(again.print(), tried.print);
                    x.done(i, &tried);
                }
            }
        }
    }
}

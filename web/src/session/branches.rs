//! Runs that were left for another: whoever changes the past, or a config, keeps the old run beside the new one.

use super::Session;
use highwater_core::order;
use highwater_core::scenario::{Scenario, ScenarioError};

/// Most runs that are kept; the oldest goes first.
const MOST: usize = 6;

/// A run that was left.
#[derive(Clone, PartialEq, Debug)]
struct Branch {
    ordinal: u8,
    scenario: Scenario,
    frontier_us: u64,
}

/// The run in hand and those that were left, in the order in which they began.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Branches {
    now: u8,
    newest: u8,
    left: Vec<Branch>,
}

impl Branches {
    /// Their ordinals, and which is in hand; nothing while there is only one.
    pub fn all(&self) -> Vec<(u8, bool)> {
        if self.left.is_empty() {
            return Vec::new();
        }
        let mut all: Vec<(u8, bool)> = self.left.iter().map(|b| (b.ordinal, false)).collect();
        all.push((self.now, true));
        order::sort(&mut all);
        all
    }

    /// Leaves this run for a new one.
    pub(super) fn leave(&mut self, scenario: Scenario, frontier_us: u64) {
        self.left.push(Branch { ordinal: self.now, scenario, frontier_us });
        if self.left.len() > MOST {
            self.left.remove(0);
        }
        self.newest = self.newest.saturating_add(1);
        self.now = self.newest;
    }
}

/// `A`, `B`, …
pub fn letter(ordinal: u8) -> char {
    char::from(b'A' + ordinal % 26)
}

impl Session {
    /// The runs that can be gone to.
    pub fn branches(&self) -> &Branches {
        &self.branches
    }

    /// The same instant of another branch.
    ///
    /// # Errors
    /// None that a running scenario could give.
    pub fn on_branch(&self, ordinal: u8) -> Result<Session, ScenarioError> {
        let Some(i) = self.branches.left.iter().position(|b| b.ordinal == ordinal) else {
            return self.rerun(self.timeline.scenario().clone());
        };
        let mut branches = self.branches.clone();
        let there = branches.left.remove(i);
        branches.left.push(Branch { ordinal: branches.now, scenario: self.timeline.scenario().clone(), frontier_us: self.frontier_us() });
        branches.now = ordinal;
        let mut next = self.rerun(there.scenario)?;
        next.branches = branches;
        next.seek(self.sim().now_us());
        next.frontier_us = next.frontier_us.max(there.frontier_us);
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_core::scenario::{DEFAULT, Do};

    fn session() -> Session {
        Session::new(Scenario::parse(DEFAULT).unwrap()).unwrap()
    }

    #[test]
    fn whoever_changes_the_past_keeps_it() {
        let mut s = session();
        s.seek(300_000);
        let old = s.sim().trace_hash();
        s.seek(100_000);
        s.act(Do::Crash { broker: 1 });
        assert_eq!(s.branches().all(), [(0, false), (1, true)]);
        s.seek(300_000);
        let new = s.sim().trace_hash();
        let back = s.on_branch(0).unwrap();
        assert_eq!((back.sim().now_us(), back.sim().trace_hash()), (300_000, old));
        assert_eq!(back.branches().all(), [(0, true), (1, false)]);
        assert_eq!(back.on_branch(1).unwrap().sim().trace_hash(), new);
    }

    #[test]
    fn acting_in_the_present_makes_no_branch() {
        let mut s = session();
        s.seek(100_000);
        s.act(Do::Crash { broker: 1 });
        s.act(Do::Start { broker: 1 });
        assert!(s.branches().all().is_empty());
    }

    #[test]
    fn another_config_is_another_branch() {
        let mut s = session();
        s.seek(100_000);
        let next = s.with_producer_config("checkout", "acks", "1").unwrap();
        assert_eq!(next.branches().all(), [(0, false), (1, true)]);
        assert_eq!(next.restarted().unwrap().branches().all(), next.branches().all());
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut b = Branches::default();
        for _ in 0..9 {
            b.leave(Scenario::parse(DEFAULT).unwrap(), 0);
        }
        assert_eq!(b.all().len(), MOST + 1);
        assert_eq!(b.all()[MOST], (9, true));
    }
}

//! A story: the steps from the settled cluster to the broken promise.

use super::actions::{Action, apply, enabled};
use super::{Node, Property, Trial, search};
use crate::event::EventKind;
use crate::json::encode;
use crate::kafka::Out;
use crate::scenario::Scenario;
use crate::sim::STORY_STEP_US;

/// One step of a story.
#[derive(Clone, Debug)]
pub struct StoryStep {
    /// What happened.
    pub action: Action,
    /// What came of it.
    pub events: Vec<EventKind>,
}

/// How a promise is broken.
#[derive(Clone, Debug)]
pub struct Story {
    /// Which promise.
    pub property: Property,
    /// How many faults it takes.
    pub faults: u32,
    /// What happened, in order.
    pub steps: Vec<StoryStep>,
}

/// Runs the actions with these places among the enabled ones, and keeps what happened.
pub(super) fn retell(trial: &Trial, property: Property, ordinals: &[u16], max_faults: u32) -> Story {
    let mut node = trial.begin();
    let (mut out, mut actions, mut steps) = (Out::default(), Vec::new(), Vec::new());
    for o in ordinals {
        enabled(trial, &node, max_faults, &mut actions);
        let action = actions[usize::from(*o)];
        trial.step(&mut node, action, &mut out);
        steps.push(StoryStep { action, events: out.events.clone() });
    }
    Story { property, faults: node.used.faults(), steps }
}

impl Trial {
    /// The settled cluster, where every schedule begins.
    pub fn begin(&self) -> Node {
        search::root(self)
    }

    /// Everything that may happen in a state within the bounds, in the order in which a search tries it.
    pub fn enabled(&self, n: &Node) -> Vec<Action> {
        let mut actions = Vec::new();
        enabled(self, n, self.bounds.faults(), &mut actions);
        actions
    }

    /// Makes it happen. `out` holds what came of it.
    pub fn step(&self, n: &mut Node, a: Action, out: &mut Out) {
        apply(self, n, a, out, None);
        n.ghost.fold(self, &out.events);
    }

    /// Can this be played from the settled cluster? Says which step can't, and why.
    pub(crate) fn check_schedule(&self, schedule: &[Action]) -> Result<(), (usize, String)> {
        let mut node = self.begin();
        let mut out = Out::default();
        for (i, a) in schedule.iter().enumerate() {
            if !self.enabled(&node).contains(a) {
                return Err((i, format!("can't happen there within the bounds of `trial`: {}", encode(a))));
            }
            apply(self, &mut node, *a, &mut out, None);
        }
        Ok(())
    }
}

impl Story {
    /// The story as a scenario that replays it, event for event.
    pub fn scenario(&self, of: &Scenario) -> Scenario {
        let schedule = self.steps.iter().map(|s| s.action).collect();
        let until_us = STORY_STEP_US * (self.steps.len() as u64 + 1);
        Scenario { schedule, until_us, commands: Vec::new(), ..of.clone() }
    }
}

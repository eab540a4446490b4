//! A story: the steps from the settled cluster to the broken promise.

use super::actions::{Action, apply, enabled};
use super::{Property, Trial, search};
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
    let mut node = search::root(trial);
    let (mut out, mut actions, mut steps) = (Out::default(), Vec::new(), Vec::new());
    for o in ordinals {
        enabled(trial, &node, max_faults, &mut actions);
        let action = actions[usize::from(*o)];
        apply(trial, &mut node, action, &mut out);
        node.ghost.fold(trial, &out);
        steps.push(StoryStep { action, events: out.events.clone() });
    }
    Story { property, faults: node.used.faults(), steps }
}

impl Trial {
    /// Can this be played from the settled cluster? Says which step can't, and why.
    pub(crate) fn check_schedule(&self, schedule: &[Action]) -> Result<(), (usize, String)> {
        let mut node = search::root(self);
        let (mut out, mut actions) = (Out::default(), Vec::new());
        for (i, a) in schedule.iter().enumerate() {
            enabled(self, &node, self.bounds.faults(), &mut actions);
            if !actions.contains(a) {
                return Err((i, format!("can't happen there within the bounds of `trial`: {}", encode(a))));
            }
            apply(self, &mut node, *a, &mut out);
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

//! A story: the steps from the settled cluster to the broken promise.

use super::actions::{Action, apply, enabled};
use super::{Property, Trial, search};
use crate::event::EventKind;
use crate::kafka::Out;

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

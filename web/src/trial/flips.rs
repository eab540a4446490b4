//! One thing flipped at a time: the counterfactuals.

use super::bound_of;
use super::knobs::Knob;
use highwater_core::scenario::{Scenario, ScenarioError};
use highwater_core::trial::{Bounds, Trial};

/// A flip is searched to its end or to this many states: the table should come soon.
const STATES: u64 = 400_000;

/// What is flipped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flip {
    /// A config.
    Knob {
        /// Which.
        knob: Knob,
        /// What it was.
        from: String,
        /// What it is in the flip.
        to: String,
    },
    /// A kind of fault is ruled out; by place, as in [`bound_of`].
    Without {
        /// Which.
        bound: usize,
        /// How often it might have happened.
        from: u8,
    },
}

/// Every flip of a scenario, with the scenario that it makes; or what Kafka would say to that.
pub fn of(s: &Scenario) -> Vec<(Flip, Result<Scenario, ScenarioError>)> {
    let Ok(trial) = Trial::new(s) else { return Vec::new() };
    let mut all = Vec::new();
    for knob in Knob::ALL.into_iter().filter(|k| k.concerns(s)) {
        let from = knob.value(&trial.setup);
        for to in knob.options(s, &from).into_iter().filter(|o| *o != from) {
            let made = knob.set(s, &to).and_then(checked);
            all.push((Flip::Knob { knob, from: from.clone(), to }, made));
        }
    }
    let mut bounds = trial.bounds;
    for bound in 1..6 {
        let from = *bound_of(&mut bounds, bound);
        if from > 0 {
            let mut next = s.clone();
            *bound_of(&mut next.trial.get_or_insert_default().bounds, bound) = 0;
            all.push((Flip::Without { bound, from }, checked(next)));
        }
    }
    all
}

/// The flip with its limits, if it can be tried.
fn checked(mut s: Scenario) -> Result<Scenario, ScenarioError> {
    let b: &mut Bounds = &mut s.trial.get_or_insert_default().bounds;
    b.max_states = b.max_states.min(STATES);
    Trial::new(&s)?;
    Ok(s)
}

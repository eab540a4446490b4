//! Which thing decides? Each is flipped in its place, and the same bounds are searched again.

use super::knobs::Knob;
use super::{Bounds, Cut, Progress, Property, Search, Trial, Verdict};
use crate::scenario::{Scenario, ScenarioError};
use serde::{Deserialize, Serialize};

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
    /// A kind of fault is ruled out; by place, as in [`Bounds::count`].
    Without {
        /// Which.
        bound: usize,
        /// How often it might have happened.
        from: u8,
    },
}

/// Every flip of a scenario, with the scenario that it makes; or what Kafka would say to that. A flip is searched to its
/// end or to `most_states`.
pub fn flips(s: &Scenario, most_states: u64) -> Vec<(Flip, Result<Scenario, ScenarioError>)> {
    let Ok(trial) = Trial::new(s) else { return Vec::new() };
    let mut all = Vec::new();
    for knob in Knob::ALL.into_iter().filter(|k| k.concerns(s)) {
        let from = knob.value(&trial.setup);
        for to in knob.options(s, &from).into_iter().filter(|o| *o != from) {
            let made = knob.set(s, &to).and_then(|s| checked(s, most_states));
            all.push((Flip::Knob { knob, from: from.clone(), to }, made));
        }
    }
    let mut bounds = trial.bounds;
    for bound in 1..Bounds::COUNTS {
        let from = *bounds.count(bound);
        if from > 0 {
            let mut next = s.clone();
            *next.trial.get_or_insert_default().bounds.count(bound) = 0;
            all.push((Flip::Without { bound, from }, checked(next, most_states)));
        }
    }
    all
}

/// The flip with its limits, if it can be tried.
fn checked(mut s: Scenario, most_states: u64) -> Result<Scenario, ScenarioError> {
    let b: &mut Bounds = &mut s.trial.get_or_insert_default().bounds;
    b.max_states = b.max_states.min(most_states);
    Trial::new(&s)?;
    Ok(s)
}

/// How the search of a scenario ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Ending {
    /// A promise is broken.
    Found {
        /// Which.
        property: Property,
        /// How many faults it takes.
        faults: u32,
        /// The story, which replays it.
        story: Box<Scenario>,
    },
    /// Everything within the bounds was visited.
    None,
    /// A limit was hit.
    Limit(Cut),
    /// It can't be tried.
    Refused(String),
}

impl Ending {
    fn of(verdict: &Verdict, scenario: &Scenario) -> Self {
        match verdict {
            Verdict::None => Ending::None,
            Verdict::Limit(cut) => Ending::Limit(*cut),
            Verdict::Found(s) => Ending::Found { property: s.property, faults: s.faults, story: Box::new(s.scenario(scenario)) },
        }
    }

    /// Steps of the story.
    pub fn steps(&self) -> usize {
        match self {
            Ending::Found { story, .. } => story.schedule.len(),
            _ => 0,
        }
    }
}

/// Where a row of searches stands.
#[derive(Clone, Debug)]
pub enum Stand {
    /// The search with this number goes on.
    Running(usize, Progress),
    /// It is over.
    Over(usize, Progress, Ending),
    /// All are.
    Done,
}

/// Searches, one after the other; runs in slices.
#[derive(Debug)]
pub struct Searches {
    waiting: std::vec::IntoIter<(usize, Scenario)>,
    running: Option<(usize, Scenario, Search)>,
}

impl Searches {
    /// These, each with its number.
    pub fn new(all: Vec<(usize, Scenario)>) -> Self {
        Searches { waiting: all.into_iter(), running: None }
    }

    /// Goes on for about `states` expanded states.
    pub fn run(&mut self, states: u64) -> Stand {
        let Some((i, scenario, search)) = &mut self.running else { return self.begin_next() };
        let ending = search.run(states).map(|v| Ending::of(v, scenario));
        let (i, progress) = (*i, search.progress());
        let Some(ending) = ending else { return Stand::Running(i, progress) };
        self.running = None;
        Stand::Over(i, progress, ending)
    }

    fn begin_next(&mut self) -> Stand {
        let Some((i, scenario)) = self.waiting.next() else { return Stand::Done };
        match Trial::new(&scenario) {
            Err(e) => Stand::Over(i, Progress::default(), Ending::Refused(e.to_string())),
            Ok(trial) => {
                let search = Search::new(trial);
                let progress = search.progress();
                self.running = Some((i, scenario, search));
                Stand::Running(i, progress)
            }
        }
    }
}

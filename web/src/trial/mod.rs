//! A configuration on trial: what it is, what may happen to it, what was found. No browser in here: the search runs
//! elsewhere, takes a [`wire::Task`] and tells [`wire::Tell`]s.

pub mod sheet;
pub mod wire;

use highwater_core::order;
use highwater_core::scenario::{FIRST_TRIAL, Scenario, ScenarioError};
use highwater_core::sim::Sim;
use highwater_core::trial::counterfactual::{Ending, Flip, flips};
use highwater_core::trial::knobs::Knob;
use highwater_core::trial::{Bounds, Property, Trial};
use wire::{Effort, Task, Tell};

/// Most of each kind of thing that the door lets one ask for; beyond it no search ends soon.
pub const MOST: u8 = 6;
/// Memory for the search that can be chosen, in MB.
pub const MEGABYTES: [u64; 4] = [64, 128, 256, 512];
/// Numbers of states that can be chosen.
pub const STATES: [u64; 4] = [100_000, 1_000_000, 10_000_000, 50_000_000];
/// A flip is searched to its end or to this many states: the table should come soon.
const FLIP_STATES: u64 = 400_000;

/// Where a trial stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Nothing was asked yet, or something was changed since.
    Idle,
    /// The search runs.
    Running,
    /// Everything that was asked is answered.
    Over,
    /// Somebody stopped it.
    Stopped,
    /// It ended by a bug or for want of something: what is said about it.
    Failed(String),
}

/// One search: the configuration itself, or with one thing flipped.
#[derive(Debug)]
pub struct Run {
    /// What is flipped; nothing in the first.
    pub flip: Option<Flip>,
    /// What is searched; or why Kafka would refuse it.
    pub scenario: Result<Scenario, String>,
    /// What it took so far.
    pub effort: Effort,
    /// How it ended.
    pub ending: Option<Ending>,
}

/// A configuration on trial.
#[derive(Debug)]
pub struct Case {
    scenario: Scenario,
    phase: Phase,
    runs: Vec<Run>,
    story: Option<Sim>,
}

impl Case {
    /// Puts a scenario on trial: its commands and schedule are left out, its bounds kept or set.
    ///
    /// # Errors
    /// It has nothing to send, or bounds that the search can't hold.
    pub fn new(mut scenario: Scenario) -> Result<Self, ScenarioError> {
        scenario.commands.clear();
        scenario.schedule.clear();
        let fits: Vec<Property> = fitting(&scenario).collect();
        let spec = scenario.trial.get_or_insert_default();
        spec.properties.retain(|p| fits.contains(p));
        if spec.properties.is_empty() {
            spec.properties = fits;
        }
        Trial::new(&scenario)?;
        Ok(Case { scenario, phase: Phase::Idle, runs: Vec::new(), story: None })
    }

    /// The one that comes with the app.
    pub fn first(most_bytes: u64) -> Self {
        let scenario = Scenario::parse(FIRST_TRIAL.1).expect("shipped scenarios are checked by their tests");
        let mut case = Case::new(scenario).expect("the first trial can be tried");
        case.bound_memory(most_bytes);
        case
    }

    /// What is on trial.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }
    /// Where it stands.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }
    /// The searches: the configuration itself first.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }
    /// What may happen.
    pub fn bounds(&self) -> Bounds {
        self.scenario.trial.as_ref().map_or_else(Bounds::default, |t| t.bounds)
    }
    /// What must never be.
    pub fn properties(&self) -> &[Property] {
        self.scenario.trial.as_ref().map_or(&[], |t| &t.properties)
    }
    /// The story that was found, played to its end.
    pub fn story(&self) -> Option<&Sim> {
        self.story.as_ref()
    }
    /// The story of a search, as a scenario.
    pub fn story_of(&self, run: usize) -> Option<&Scenario> {
        match self.runs.get(run)?.ending.as_ref()? {
            Ending::Found { story, .. } => Some(story),
            _ => None,
        }
    }

    // ---- what can be changed; a verdict holds for what was searched, so it goes with every change

    /// Turns a knob.
    ///
    /// # Errors
    /// What Kafka would refuse.
    pub fn turn(&mut self, knob: Knob, value: &str) -> Result<(), ScenarioError> {
        let next = knob.set(&self.scenario, value)?;
        Trial::new(&next)?;
        self.change(next);
        Ok(())
    }

    /// Lets more or less of something happen; `i` as in [`Bounds::count`].
    ///
    /// # Errors
    /// The scenario has no more records.
    pub fn bound(&mut self, i: usize, n: u8) -> Result<(), ScenarioError> {
        let mut next = self.scenario.clone();
        *next.trial.get_or_insert_default().bounds.count(i) = n.min(MOST);
        Trial::new(&next)?;
        self.change(next);
        Ok(())
    }

    /// Another limit on states.
    pub fn bound_states(&mut self, states: u64) {
        let mut next = self.scenario.clone();
        next.trial.get_or_insert_default().bounds.max_states = states;
        self.change(next);
    }

    /// Another limit on memory.
    pub fn bound_memory(&mut self, bytes: u64) {
        let mut next = self.scenario.clone();
        next.trial.get_or_insert_default().bounds.max_bytes = bytes;
        self.change(next);
    }

    /// Looks for a broken promise, or no longer. One at least stays.
    pub fn look_for(&mut self, p: Property, on: bool) {
        let mut next = self.scenario.clone();
        let all: Vec<Property> = fitting(&next).collect();
        let wanted = &mut next.trial.get_or_insert_default().properties;
        wanted.retain(|x| *x != p);
        if on || wanted.is_empty() {
            wanted.push(p);
        }
        order::sort_by_key(wanted, |x| all.iter().position(|y| y == x));
        self.change(next);
    }

    fn change(&mut self, next: Scenario) {
        self.scenario = next;
        self.phase = Phase::Idle;
        self.runs.clear();
        self.story = None;
    }

    // ---- the search

    /// Begins: what is to be searched, the configuration itself first, then each flip that Kafka allows.
    pub fn start(&mut self) -> Task {
        let itself = Run { flip: None, scenario: Ok(self.scenario.clone()), effort: Effort::default(), ending: None };
        self.runs = vec![itself];
        self.runs.extend(flips(&self.scenario, FLIP_STATES).into_iter().map(|(flip, scenario)| Run {
            flip: Some(flip),
            scenario: scenario.map_err(|e| e.to_string()),
            effort: Effort::default(),
            ending: None,
        }));
        self.phase = Phase::Running;
        self.story = None;
        let runs = self.runs.iter().enumerate();
        Task { runs: runs.filter_map(|(i, r)| Some((i, r.scenario.as_ref().ok()?.clone()))).collect() }
    }

    /// Takes in what the search tells. What comes late, after a stop or a change, is nobody's any more.
    pub fn hear(&mut self, tell: Tell) {
        if self.phase != Phase::Running {
            return;
        }
        match tell {
            Tell::Ready => {}
            Tell::Progress { run, effort } => {
                if let Some(r) = self.runs.get_mut(run) {
                    r.effort = effort;
                }
            }
            Tell::Over { run, effort, ending } => self.ended(run, effort, ending),
            Tell::Died { what } => self.fail(what),
        }
    }

    fn ended(&mut self, run: usize, effort: Effort, ending: Ending) {
        if let (0, Ending::Found { story, .. }) = (run, &ending) {
            match Sim::new(story) {
                Ok(mut sim) => {
                    sim.advance_to(story.until_us);
                    self.story = Some(sim);
                }
                Err(e) => return self.fail(e.to_string()),
            }
        }
        if let Some(r) = self.runs.get_mut(run) {
            (r.effort, r.ending) = (effort, Some(ending));
        }
        if self.runs.iter().all(|r| r.ending.is_some() || r.scenario.is_err()) {
            self.phase = Phase::Over;
        }
    }

    /// Somebody stops it: what was found so far stays.
    pub fn stop(&mut self) {
        if self.phase == Phase::Running {
            self.phase = Phase::Stopped;
        }
    }

    /// The search can't go on.
    pub fn fail(&mut self, what: String) {
        self.phase = Phase::Failed(what);
    }
}

/// Promises that mean something for a scenario: without readers nothing is handled.
pub fn fitting(s: &Scenario) -> impl Iterator<Item = Property> + use<> {
    let reads = !s.apps.is_empty();
    Property::ALL.iter().copied().filter(move |p| reads || !matches!(p, Property::NeverHandled | Property::HandledTwice))
}

#[cfg(test)]
mod tests;

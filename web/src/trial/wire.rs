//! What goes between the page and the search: JSON, since a worker shares nothing with the page.

use highwater_core::scenario::Scenario;
use highwater_core::trial::{Property, Search, Trial, Verdict};
use serde::{Deserialize, Serialize};

/// What is to be searched, in this order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Place of each run, and what it searches.
    pub runs: Vec<(usize, Scenario)>,
}

/// What a search took.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Effort {
    /// Distinct states of the last pass.
    pub states: u64,
    /// Steps tried, over all passes.
    pub transitions: u64,
    /// Steps from the beginning.
    pub depth: u32,
    /// Faults allowed in the last pass.
    pub faults: u32,
    /// Memory, in bytes, as the search estimates it.
    pub bytes: u64,
    /// Real time, in milliseconds.
    pub ms: f64,
}

/// How a search ended.
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
    Limit {
        /// Passes with up to this many faults were complete.
        complete_faults: Option<u32>,
        /// The last pass was complete to this depth.
        depth: u32,
    },
    /// It can't be tried.
    Refused(String),
}

impl Ending {
    /// Steps of the story.
    pub fn steps(&self) -> usize {
        match self {
            Ending::Found { story, .. } => story.schedule.len(),
            _ => 0,
        }
    }
}

/// What the search says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Tell {
    /// It listens.
    Ready,
    /// It goes on.
    Progress {
        /// Which run.
        run: usize,
        /// What it took so far.
        effort: Effort,
    },
    /// A run is over.
    Over {
        /// Which.
        run: usize,
        /// What it took.
        effort: Effort,
        /// How it ended.
        ending: Ending,
    },
    /// A bug: nothing more will come.
    Died {
        /// What is known of it.
        what: String,
    },
}

/// States between two looks at the clock.
const SLICE: u64 = 500;
/// Time between two reports, in milliseconds.
const REPORT_MS: f64 = 100.0;

/// Carries a task out. `now_ms` is a clock, `tell` takes what there is to say.
pub fn carry_out(task: Task, now_ms: impl Fn() -> f64, mut tell: impl FnMut(Tell)) {
    for (run, scenario) in task.runs {
        let begin = now_ms();
        let mut search = match Trial::new(&scenario) {
            Ok(trial) => Search::new(trial),
            Err(e) => {
                tell(Tell::Over { run, effort: Effort::default(), ending: Ending::Refused(e.to_string()) });
                continue;
            }
        };
        let mut told = begin;
        while search.run(SLICE).is_none() {
            let now = now_ms();
            if now - told >= REPORT_MS {
                told = now;
                tell(Tell::Progress { run, effort: effort(&search, now - begin) });
            }
        }
        let effort = effort(&search, now_ms() - begin);
        let ending = match search.finish() {
            Verdict::None => Ending::None,
            Verdict::Limit { complete_faults, depth } => Ending::Limit { complete_faults: *complete_faults, depth: *depth },
            Verdict::Found(story) => {
                Ending::Found { property: story.property, faults: story.faults, story: Box::new(story.scenario(&scenario)) }
            }
        };
        tell(Tell::Over { run, effort, ending });
    }
}

fn effort(search: &Search, ms: f64) -> Effort {
    let p = search.progress();
    Effort { states: p.states, transitions: p.transitions, depth: p.depth, faults: p.faults, bytes: p.bytes, ms }
}

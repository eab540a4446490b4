//! What goes between the page and the search: JSON, since a worker shares nothing with the page.

use highwater_core::scenario::Scenario;
use highwater_core::trial::Progress;
use highwater_core::trial::counterfactual::{Ending, Searches, Stand};
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
    let mut searches = Searches::new(task.runs);
    let mut begin = now_ms();
    let mut told = begin;
    loop {
        let stand = searches.run(SLICE);
        let now = now_ms();
        match stand {
            Stand::Running(run, p) if now - told >= REPORT_MS => {
                told = now;
                tell(Tell::Progress { run, effort: effort(&p, now - begin) });
            }
            Stand::Running(..) => {}
            Stand::Over(run, p, ending) => {
                tell(Tell::Over { run, effort: effort(&p, now - begin), ending });
                begin = now;
                told = now;
            }
            Stand::Done => return,
        }
    }
}

fn effort(p: &Progress, ms: f64) -> Effort {
    Effort { states: p.states, transitions: p.transitions, depth: p.depth, faults: p.faults, bytes: p.bytes, ms }
}

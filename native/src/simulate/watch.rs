//! Runs a scenario and looks at the invariants after every input.

use anyhow::{Result, anyhow};
use highwater_core::event::Event;
use highwater_core::fold::invariants::{violations, violations_after};
use highwater_core::fold::metrics::{Series, is_fault};
use highwater_core::kafka::Out;
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;
use serde::Serialize;

/// An invariant that was broken, when it was first seen.
#[derive(Debug, Serialize)]
pub(super) struct Broken {
    pub id: &'static str,
    pub at_us: u64,
    /// Ordinal of the last event before it was seen.
    pub seq: usize,
    pub what: String,
}

/// A run at its end.
pub(super) struct Run {
    pub sim: Sim,
    pub broken: Vec<Broken>,
    /// Metrics over time.
    pub series: Series,
    /// Faults of the run, by their place among the events.
    pub faults: Vec<Event>,
}

/// How often metrics are sampled at first, and how many samples are kept.
const SAMPLE_EVERY_US: u64 = 1_000_000;
const MAX_SAMPLES: usize = 1024;
/// Most faults whose deltas are reported.
const MAX_FAULTS: usize = 50;

/// Runs to the end.
pub(super) fn run(scenario: &Scenario) -> Result<Run> {
    let sim = Sim::new(scenario).map_err(|e| anyhow!("{e}"))?;
    let series = Series::new(&sim, SAMPLE_EVERY_US, MAX_SAMPLES);
    let mut run = Run { sim, broken: Vec::new(), series, faults: Vec::new() };
    let mut out = Out::default();
    let mut seen = run.sim.events().len();
    loop {
        run.series.follow(&run.sim);
        if !run.sim.step(&mut out) {
            break;
        }
        let faults = run.sim.events().iter_from(seen).filter(|e| is_fault(&e.kind));
        run.faults.extend(faults.take(MAX_FAULTS - run.faults.len()).copied());
        let new = run.sim.events().iter_from(seen).map(|e| &e.kind);
        let found = violations_after(run.sim.world(), run.sim.ledger(), new);
        run.note(found);
        seen = run.sim.events().len();
    }
    run.sim.advance_to(scenario.until_us); // the clock shows the end
    let found = violations(run.sim.world(), run.sim.ledger());
    run.note(found);
    Ok(run)
}

impl Run {
    fn note(&mut self, found: Vec<(&'static str, String)>) {
        for (id, what) in found {
            if self.broken.iter().all(|b| b.id != id) {
                self.broken.push(Broken { id, at_us: self.sim.now_us(), seq: self.sim.events().len().saturating_sub(1), what });
            }
        }
    }
}

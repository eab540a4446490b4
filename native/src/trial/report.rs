//! What a search found, with the bounds within which it is true.

use std::time::Duration;

use anyhow::{Result, anyhow};
use highwater_core::fold::narration::{self, Lang};
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;
use highwater_core::trial::{Bounds, Cut, Progress, Property, Trial, Verdict};
use serde_json::{Value, json};

/// A finished trial.
pub(crate) struct Report {
    pub(crate) bounds: Bounds,
    pub(crate) properties: Vec<Property>,
    pub(crate) progress: Progress,
    pub(crate) took: Duration,
    pub(crate) story: Option<Told>,
    /// Where a limit cut the search off.
    pub(crate) limit: Option<Cut>,
}

/// A story, played in the simulation.
pub(crate) struct Told {
    pub(crate) property: Property,
    pub(crate) faults: u32,
    pub(crate) steps: usize,
    pub(crate) scenario: Scenario,
    pub(crate) sim: Sim,
}

impl Report {
    pub(crate) fn of(scenario: &Scenario, trial: &Trial, verdict: &Verdict, progress: Progress, took: Duration) -> Result<Self> {
        let (bounds, properties) = (trial.bounds, trial.properties.clone());
        let (mut story, mut limit) = (None, None);
        match verdict {
            Verdict::None => {}
            Verdict::Limit(cut) => limit = Some(*cut),
            Verdict::Found(found) => {
                let scenario = found.scenario(scenario);
                let mut sim = Sim::new(&scenario).map_err(|e| anyhow!("the story does not play: {e}"))?;
                sim.advance_to(scenario.until_us);
                story = Some(Told { property: found.property, faults: found.faults, steps: found.steps.len(), scenario, sim });
            }
        }
        Ok(Report { bounds, properties, progress, took, story, limit })
    }

    /// One word for scripts.
    pub(crate) fn verdict(&self) -> &'static str {
        match (&self.story, &self.limit) {
            (Some(_), _) => "found",
            (None, Some(_)) => "limit",
            (None, None) => "none",
        }
    }

    /// The report as JSON; `story.scenario` replays it with `highwater sim`.
    pub(crate) fn json(&self, lang: Lang) -> Value {
        let p = &self.progress;
        let story = self.story.as_ref().map(|s| {
            json!({
                "property": s.property.name(), "faults": s.faults, "steps": s.steps,
                "sentences": s.sentences(lang), "scenario": s.scenario,
            })
        });
        json!({
            "verdict": self.verdict(),
            "properties": self.properties.iter().map(|p| p.name()).collect::<Vec<_>>(),
            "bounds": self.bounds,
            "states": p.states, "steps_tried": p.transitions, "depth": p.depth, "bytes": p.bytes,
            "seconds": self.took.as_secs_f64(),
            "complete_faults": self.limit.map(|cut| cut.complete_faults), "limit": self.limit.map(|cut| cut.by),
            "story": story,
        })
    }
}

impl Told {
    /// The steps with their numbers; what else a step brought stands below it.
    pub(crate) fn lines(&self, lang: Lang) -> Vec<String> {
        let mut lines = Vec::new();
        for (i, step) in self.sim.told().iter().enumerate() {
            for (j, e) in step.events.iter().enumerate() {
                let number = if j == 0 { (i + 1).to_string() } else { String::new() };
                lines.push(format!("{number:>4}  {}", narration::sentence(e, &self.sim, lang)));
            }
        }
        lines
    }

    /// What happened, in order.
    pub(crate) fn sentences(&self, lang: Lang) -> Vec<String> {
        let events = self.sim.events().iter().filter(|e| self.sim.is_notable(e));
        events.map(|e| narration::sentence(e, &self.sim, lang)).collect()
    }
}

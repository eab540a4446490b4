//! "Where did I go wrong?": the condition that is not met, and the event that broke it.

use super::eval::{At, Context};
use super::run::{Planned, Ran, held_once, last_change};
use super::{Lesson, LessonError};
use crate::event::Event;
use crate::scenario::Scenario;
use litemap::LiteMap;

/// How an attempt ended.
#[derive(Debug)]
pub struct Verdict {
    /// The conditions in their order, and whether each is met.
    pub met: Vec<(String, bool)>,
    /// Configs, brokers or clients differ from the challenge's; such an attempt does not count.
    pub settings_changed: bool,
    /// The event that broke the first condition that is not met, or the last one that the lesson says bears on it.
    pub broken_by: Option<Event>,
    /// Has that condition held before? Then something broke it; otherwise something is still missing.
    pub had_held: bool,
    /// The run, for words about it; none of a cost scene.
    pub run: Option<Ran>,
}

impl Verdict {
    /// Is it done?
    pub fn won(&self) -> bool {
        !self.settings_changed && self.met.iter().all(|m| m.1)
    }
    /// The first condition that is not met.
    pub fn unmet(&self) -> Option<&str> {
        self.met.iter().find(|m| !m.1).map(|m| m.0.as_str())
    }
}

impl Lesson {
    /// Judges what somebody did: a scenario with what was done by hand, up to an instant.
    ///
    /// # Errors
    /// A scenario that does not run.
    pub fn judge(&self, scenario: &Scenario, t_us: u64) -> Result<Verdict, LessonError> {
        let c = &self.data.challenge;
        let run = Ran::until(Planned { name: "main".into(), scenario: scenario.clone() }, t_us)
            .map_err(|e| self.error("challenge".into(), e.to_string()))?;
        let cx = Context { now: At::Run(run.moment(&self.names)), others: LiteMap::new_vec() };
        let holds = |w: &super::data::Condition| {
            if w.once { held_once(&w.holds.0, &run, &self.names) } else { w.holds.0.clauses.iter().all(|x| cx.holds(&x.expr)) }
        };
        let met: Vec<(String, bool)> = c.win.iter().map(|w| (w.id.clone(), holds(w))).collect();
        let unmet = met.iter().position(|m| !m.1).map(|i| &c.win[i]);
        let had_held = unmet.is_some_and(|w| held_once(&w.holds.0, &run, &self.names));
        let broken_by = unmet.and_then(|w| {
            let named = w.broken_by.iter().find_map(|p| run.find_last(p, &self.names));
            let clause = w.holds.0.clauses.iter().find(|x| had_held && !cx.holds(&x.expr));
            named.or_else(|| clause.and_then(|x| last_change(&x.expr, &run, t_us, &LiteMap::new_vec(), &self.names)))
        });
        let settings_changed = c.choices.is_empty() && !self.same_settings(scenario)?;
        Ok(Verdict { met, settings_changed, broken_by, had_held, run: Some(run) })
    }

    /// Judges a choice of a cost scene.
    ///
    /// # Errors
    /// A choice that is not there.
    pub fn judge_cost(&self, choice: &str) -> Result<Verdict, LessonError> {
        let run = self.challenge_cost(Some(choice))?;
        let cx = Context { now: At::Cost(&run), others: LiteMap::new_vec() };
        let holds = |w: &super::data::Condition| w.holds.0.clauses.iter().all(|x| cx.holds(&x.expr));
        let met = self.data.challenge.win.iter().map(|w| (w.id.clone(), holds(w))).collect();
        Ok(Verdict { met, settings_changed: false, broken_by: None, had_held: false, run: None })
    }

    /// Is everything but the commands and the end as the challenge has it?
    fn same_settings(&self, s: &Scenario) -> Result<bool, LessonError> {
        let mut ours = self.challenge_scene(None)?;
        let mut theirs = s.clone();
        for x in [&mut ours, &mut theirs] {
            x.commands.clear();
            x.until_us = 0;
        }
        Ok(ours == theirs)
    }
}

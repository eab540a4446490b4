//! A run that can be wound back: checkpoints, thinned as they grow many, and commands that a person adds on the way.

use super::Sim;
use crate::event::Event;
use crate::kafka::Out;
use crate::scenario::{Do, Scenario, ScenarioError, TimedCommand};
use std::rc::Rc;

/// Most checkpoints kept; beyond it every other one goes and they are taken half as often.
const MAX_CHECKPOINTS: usize = 64;

/// An instant that a person steps through: the input that led to a notable event.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Number of inputs processed when it had happened.
    pub inputs: u64,
    /// The first notable event of that input.
    pub event: Event,
}

/// A run and its past.
#[derive(Debug)]
pub struct Timeline {
    scenario: Scenario,
    sim: Sim,
    checkpoints: Vec<Sim>,
    every: u64,
    marks: Vec<Mark>,
    out: Out,
}

impl Timeline {
    /// A run at its beginning.
    ///
    /// # Errors
    /// What [`Scenario::parse`] says of a scenario that was made by hand.
    pub fn new(scenario: Scenario) -> Result<Self, ScenarioError> {
        let sim = Sim::new(&scenario)?;
        Ok(Timeline { checkpoints: vec![sim.clone()], sim, scenario, every: 256, marks: Vec::new(), out: Out::default() })
    }

    /// The run at the present instant.
    pub fn sim(&self) -> &Sim {
        &self.sim
    }
    /// The run at its beginning, with everything that was done by hand before it.
    pub fn beginning(&self) -> &Sim {
        &self.checkpoints[0]
    }
    /// The scenario with everything that was done by hand: running it gives this run again.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }
    /// Notable instants of the part that has been run at least once, in order.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Runs on to `t_us`; does nothing if that is past.
    pub fn advance_to(&mut self, t_us: u64) {
        while self.sim.next_due_us().is_some_and(|due| due <= t_us) {
            self.step_input();
        }
        self.sim.now_us = self.sim.now_us.max(t_us.min(self.sim.until_us()));
    }

    /// Goes to `t_us`, forwards or backwards.
    pub fn seek(&mut self, t_us: u64) {
        if t_us < self.sim.now_us {
            self.rewind(|c| c.now_us <= t_us);
        }
        self.advance_to(t_us);
    }

    /// Goes on to the next notable event. False at the end of the run.
    pub fn step_forward(&mut self) -> bool {
        let from = self.sim.inputs;
        while self.step_input() {
            if self.marks.iter().rev().take_while(|m| m.inputs > from).any(|m| m.inputs == self.sim.inputs) {
                return true;
            }
        }
        false
    }

    /// Goes back to the notable event before this one. False at the beginning.
    pub fn step_back(&mut self) -> bool {
        let here = self.marks.partition_point(|m| m.inputs <= self.sim.inputs);
        // Standing on a mark, go to the one before; past it, go to it.
        let on_mark = here > 0 && self.marks[here - 1].inputs == self.sim.inputs && self.marks[here - 1].event.at_us == self.sim.now_us;
        let target = if on_mark { here.checked_sub(2) } else { here.checked_sub(1) };
        let inputs = target.map_or(0, |i| self.marks[i].inputs);
        if inputs == 0 && self.sim.inputs == 0 && self.sim.now_us == 0 {
            return false;
        }
        self.rewind(|c| c.inputs <= inputs);
        while self.sim.inputs < inputs && self.step_input() {}
        true
    }

    /// Does something at this instant, or a microsecond later if inputs of this very instant were processed: commands
    /// come first within an instant, and running the scenario must give this run again. What was done by hand later,
    /// in a future that was seen and left, is dropped. A story has no room for it, nor has the end of the run: nothing
    /// is done there, and false comes back.
    pub fn command(&mut self, what: Do) -> bool {
        let at_us = self.sim.now_us + u64::from(self.sim.last_input_us == Some(self.sim.now_us));
        if self.sim.is_story() || at_us > self.sim.until_us() {
            return false;
        }
        let done = self.sim.next_command;
        let commands = &mut self.scenario.commands;
        let mut i = 0;
        commands.retain(|c| {
            i += 1;
            i <= done || !c.by_hand
        });
        let place = commands.partition_point(|c| c.at_us < at_us).max(done);
        commands.insert(place, TimedCommand { at_us, by_hand: true, what });
        let shared = Rc::new(commands.clone());
        let inputs = self.sim.inputs;
        self.checkpoints.retain(|c| c.inputs <= inputs);
        self.marks.retain(|m| m.inputs <= inputs);
        for c in &mut self.checkpoints {
            c.insert_command(shared.clone());
        }
        self.sim.insert_command(shared);
        while self.sim.next_command <= place && self.step_input() {}
        true
    }

    fn rewind(&mut self, early_enough: impl Fn(&Sim) -> bool) {
        let i = self.checkpoints.iter().rposition(early_enough).unwrap_or(0);
        self.sim = self.checkpoints[i].clone();
    }

    fn step_input(&mut self) -> bool {
        let first = self.sim.events.len();
        if !self.sim.step(&mut self.out) {
            return false;
        }
        let inputs = self.sim.inputs;
        if self.marks.last().is_none_or(|m| m.inputs < inputs)
            && let Some(e) = self.sim.events.iter_from(first).find(|e| self.sim.is_notable(e))
        {
            self.marks.push(Mark { inputs, event: *e });
        }
        if self.checkpoints.last().is_none_or(|c| c.inputs + self.every <= inputs) {
            self.keep_checkpoint();
        }
        true
    }

    fn keep_checkpoint(&mut self) {
        self.checkpoints.push(self.sim.clone());
        if self.checkpoints.len() > MAX_CHECKPOINTS {
            let mut i = 0;
            self.checkpoints.retain(|_| {
                i += 1;
                i % 2 == 1
            });
            self.every *= 2;
        }
    }
}

//! Playing a trial's story: the schedule says what happens next, each step takes the same time on the clock.
//! Delays are stretched to fit, and no timer runs out by itself.

use super::{Plan, Sim};
use crate::event::Event;
use crate::ids::*;
use crate::kafka::changes::Changes;
use crate::kafka::{Input, Out};
use crate::trial::actions::{input, urgent};
use crate::trial::{Action, Trial};

/// Time between two steps of a story.
pub const STORY_STEP_US: u64 = 2000;

/// A story to play.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) trial: Trial,
    pub(super) schedule: Vec<Action>,
}

impl Plan {
    /// When step `i` of the story happens.
    fn step_at(i: usize) -> u64 {
        (i as u64 + 1) * STORY_STEP_US
    }
}

/// A step that a story took, and what came of it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The step.
    pub action: Action,
    /// When it happened on the story's clock.
    pub at_us: u64,
    /// The notable events; where there is none, the first of the others.
    pub events: Vec<Event>,
}

impl Sim {
    /// The steps that the story has taken so far; nothing if this is no story.
    pub fn told(&self) -> Vec<Told> {
        let Some(script) = &self.plan.script else { return Vec::new() };
        let mut told: Vec<Told> = (script.schedule.iter().enumerate())
            .take(self.story_step)
            .map(|(i, a)| Told { action: *a, at_us: Plan::step_at(i), events: Vec::new() })
            .collect();
        let mut spare: Vec<Option<Event>> = vec![None; told.len()];
        for e in self.events.iter() {
            // Steps are an equal time apart; what came before the first is the settling.
            let step = (e.at_us / STORY_STEP_US).checked_sub(1).map(|i| i as usize).filter(|i| *i < told.len());
            if let Some(i) = step {
                if self.is_notable(e) {
                    told[i].events.push(*e);
                } else {
                    spare[i].get_or_insert(*e);
                }
            }
        }
        for (t, spare) in told.iter_mut().zip(spare) {
            if t.events.is_empty() {
                t.events.extend(spare);
            }
        }
        told
    }

    /// Is it an untimed story, whose delays are stretched?
    pub fn is_story(&self) -> bool {
        self.plan.script.is_some()
    }

    /// Brings the cluster to where stories begin: what the actors send at first has arrived.
    pub(super) fn settle_story(&mut self) {
        let mut out = Out::default();
        while let Some(id) = self.world.net.first().map(|f| f.id) {
            self.arrive(id, &mut out);
        }
    }

    pub(super) fn story_due_us(&self) -> Option<u64> {
        let script = self.plan.script.as_ref()?;
        (self.story_step < script.schedule.len()).then(|| Plan::step_at(self.story_step))
    }

    /// The next step, with the exchanges that it takes along.
    pub(super) fn play(&mut self, out: &mut Out) {
        let plan = self.plan.clone();
        let Some(script) = &plan.script else { return };
        let action = script.schedule[self.story_step];
        let what = input(&script.trial, &self.world, self.story_records, action);
        self.story_step += 1;
        if action == Action::Send {
            self.ledger.note_key(script.trial.keys[usize::from(self.story_records)].as_deref());
            self.story_records += 1;
        }
        match what {
            Input::Deliver(id) => self.arrive(id, out),
            other => {
                self.world.step(other, out);
                self.absorb(out, None);
            }
        }
        self.drop_unread(out);
        while script.trial.coarse
            && let Some(id) = urgent(&self.world, &Changes::all())
        {
            self.arrive(id, out);
            self.drop_unread(out);
        }
    }

    fn arrive(&mut self, id: MsgId, out: &mut Out) {
        let sent = self.end_transit(id);
        self.world.step(Input::Deliver(id), out);
        self.absorb(out, sent);
    }

    fn drop_unread(&mut self, out: &mut Out) {
        self.world.prune_unread(&Changes::all(), out);
        let world = &self.world;
        self.transit.retain(|t| world.net.binary_search_by_key(&t.0, |f| f.id).is_ok());
    }

    /// When a message of this link that is sent now will arrive: at its step of the schedule, behind those of its link
    /// that are on their way. One that the story never delivers is on its way until the end.
    pub(super) fn story_arrival_us(&self, script: &Script, from: Actor, to: Actor, before: usize) -> u64 {
        let steps = script.schedule.iter().enumerate().skip(self.story_step);
        let mut takes = steps.filter(|(_, a)| matches!(**a, Action::Deliver(f, t) | Action::Lose(f, t) if (f, t) == (from, to)));
        let step = takes.nth(before).map_or(script.schedule.len(), |(i, _)| i);
        Plan::step_at(step).max(self.now_us)
    }
}

//! Sleep sets (Godefroid): of two steps that commute, one order is enough.
//!
//! A state is expanded by its actions in one fixed order. The child that an action leads to need not take an earlier
//! action of its parent that commutes with it: the other order leads to the same state. What a child need not take is
//! its *sleep set*. States, their depths and so verdicts and shortest stories are exactly those of the full search: of
//! all shortest ways to a state, the one that is smallest in the fixed order is never cut, because a step of it that slept
//! would have a smaller way to the same state. (A state that is reached again in its own layer keeps only what sleeps both times.)

use super::actions::Action;
use crate::event::EventKind;
use crate::ids::*;
use crate::kafka::{Input, Setup, Timer};

/// Whom a step concerns: what its outcome depends on, and what it changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Footprint {
    /// Actors whose state it reads or changes, and things that are nobody's, as bits.
    actors: u64,
    /// Links that it sends on. Bits may stand for more than one link; that only makes steps wait for each other.
    sends: u64,
    /// Links that it takes messages from.
    takes: u64,
}

/// What a bound counts.
const BUDGETS: u64 = 1 << 63;
/// Which leadership took effect last.
const OFFICE: u64 = 1 << 62;
/// Bits for actors; those beyond share the last one.
const ACTORS: u32 = 61;

impl Footprint {
    /// A step that commutes with none.
    const ALL: Footprint = Footprint { actors: u64::MAX, sends: u64::MAX, takes: u64::MAX };

    /// Of an action before it is applied: its actor, and what decides whether it can happen.
    pub(super) fn of(setup: &Setup, a: Action, input: &Input) -> Self {
        let mut f = Footprint::default();
        match a {
            Action::Deliver(from, to) => f.take(setup, from, to),
            Action::Send => {
                if let Input::Do(crate::kafka::Command::Send { producer, .. }) = input {
                    f.touch(setup, Actor::Producer(*producer));
                }
                f.actors |= 1 << ACTORS; // the order of the records is given
            }
            Action::Fire(t) => {
                f.touch(setup, t.actor());
                match t {
                    Timer::Session(b) => f.touch(setup, Actor::Broker(b)),
                    Timer::RegistrationRetry(_) | Timer::Heartbeat(_) => f.touch(setup, Actor::Controller),
                    Timer::Lag { .. } | Timer::HwCheckpoint(_) | Timer::RetryBackoff(..) => f.actors |= BUDGETS,
                    _ => {}
                }
            }
            // Who is up decides about so much that these are taken to concern everybody.
            Action::Start(_) | Action::StartConsumer(_) | Action::Crash(_) | Action::PowerCut(_) => f = Footprint::ALL,
            Action::Lose(..) | Action::CrashConsumer(_) | Action::CutOff(_) => f = Footprint::ALL,
        }
        f
    }

    /// Takes in what a step did.
    pub(super) fn note(&mut self, setup: &Setup, events: &[EventKind]) {
        for e in events {
            match *e {
                EventKind::Sent { from, to, .. } => self.sent(setup, from, to),
                EventKind::Delivered { from, to, .. } | EventKind::Dropped { from, to, .. } => self.take(setup, from, to),
                EventKind::BecameLeader { .. } => self.actors |= OFFICE,
                EventKind::ConsumerCrashed { .. } => *self = Footprint::ALL, // it was fenced
                _ => {}
            }
        }
    }

    /// A message is sent on this link.
    pub(super) fn sent(&mut self, setup: &Setup, from: Actor, to: Actor) {
        self.sends |= link(setup, from, to);
    }

    /// A message of this link is taken by its receiver, or away.
    pub(super) fn take(&mut self, setup: &Setup, from: Actor, to: Actor) {
        self.touch(setup, to);
        self.takes |= link(setup, from, to);
    }

    pub(super) fn touch(&mut self, setup: &Setup, a: Actor) {
        self.actors |= 1 << number(setup, a).min(ACTORS - 1);
        // An application's consumer and producer are one process, and call each other within a step.
        let other = match a {
            Actor::Producer(p) => setup.producers[p.ix()].app.map(Actor::Consumer),
            Actor::Consumer(c) => setup.consumers[c.ix()].output.map(|o| Actor::Producer(o.producer)),
            _ => None,
        };
        self.actors |= other.map_or(0, |o| 1 << number(setup, o).min(ACTORS - 1));
    }

    /// Do two steps that are both possible lead to the same state in either order?
    pub(super) fn commutes(&self, o: &Footprint) -> bool {
        self.actors & o.actors == 0 && self.takes & (o.sends | o.takes) == 0 && self.sends & o.takes == 0
    }
}

fn number(setup: &Setup, a: Actor) -> u32 {
    let n = match a {
        Actor::Controller | Actor::Voter(_) => 0, // a trial has no quorum
        Actor::Broker(b) => 1 + b.ix(),
        Actor::Producer(p) => 1 + usize::from(setup.brokers) + p.ix(),
        Actor::Consumer(c) => 1 + usize::from(setup.brokers) + setup.producers.len() + c.ix(),
    };
    n as u32
}

fn link(setup: &Setup, from: Actor, to: Actor) -> u64 {
    1 << ((number(setup, from) * 8 + number(setup, to)) % 64)
}

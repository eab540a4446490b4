//! What an actor did with an input, remembered by a search.
//!
//! A search meets the same broker with the same message in very many states. An actor's rules know nothing but the actor
//! itself, the setup and the input, so they are run once for each such pair; after that their outcome is taken from
//! here. Equal parts become one on the way: states share them, and each is hashed once. Nothing is looked up by a
//! fingerprint alone: parts are compared in full, with all that the canonical encoding leaves out.

use super::broker::Power;
use super::log::records::RecordData;
use super::message::Body;
use super::parts::{Part, Parts};
use super::step::{AppCall, Out, Timer};
use super::transaction::AfterSend;
use super::unread::Ahead;
use crate::event::EventKind;
use crate::hash::{fingerprint, scatter};
use crate::ids::*;
use crate::shared::Shared;
use crate::slots::Slots;

/// What an actor takes in.
#[derive(Clone, Debug)]
pub(super) enum Intake {
    /// A message of this actor.
    Message(Actor, Shared<Body>),
    /// A timer of its own ran out.
    Timer(Timer),
    /// The application calls `send()`.
    Send(PartitionId, RecordData, AfterSend),
    /// Its process starts.
    Start,
    /// Its process ends.
    Down(Power),
    /// A broker loses sight of these followers' fetch sessions.
    Forget(BrokerSet),
    /// It forgets what it will not read again.
    Rest(Ahead),
}

/// An input, for comparing: a message is its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Given {
    Message(Actor, u32),
    Timer(Timer),
    Send(PartitionId, RecordData, AfterSend),
    Start,
    Down(Power),
    Forget(BrokerSet),
    Rest(Ahead),
}

/// A part and what it takes in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    part: u32,
    given: Given,
}

impl Key {
    /// Where to look; what is found is compared in full.
    fn print(&self) -> u64 {
        let given = match self.given {
            Given::Message(from, number) => u64::from(from.code()) << 32 | u64::from(number),
            other => fingerprint(&other),
        };
        scatter(u64::from(self.part), given)
    }
}

/// What came of it. Timers are implied by the state, so a search needs none.
#[derive(Debug)]
pub(super) struct Outcome {
    key: Key,
    /// The actor afterwards.
    pub(super) part: Part,
    sends: Box<[(Actor, Actor, Shared<Body>)]>,
    events: Box<[EventKind]>,
    calls: Box<[AppCall]>,
}

impl Outcome {
    /// Adds it to what a step put out so far.
    pub(super) fn tell(&self, out: &mut Out) {
        out.sends.extend_from_slice(&self.sends);
        out.events.extend_from_slice(&self.events);
        out.calls.extend(self.calls.iter().cloned());
    }
}

/// The memory of a search.
#[derive(Debug)]
pub(crate) struct Memo {
    pub(crate) parts: Parts,
    outcomes: Vec<Outcome>,
    by_key: Slots,
    /// Of the outcomes.
    bytes: usize,
    /// Beyond this it is full.
    most_bytes: usize,
    /// What it may take before it is full; more than `most_bytes` where the parts in use alone take much.
    limit: usize,
    /// Are outcomes remembered, or parts alone?
    remembers: bool,
    /// Collects what came of a step that is new.
    fresh: Out,
}

impl Memo {
    pub(crate) fn new(most_bytes: usize, remembers: bool) -> Self {
        Memo {
            parts: Parts::default(),
            outcomes: Vec::new(),
            by_key: Slots::default(),
            bytes: 0,
            most_bytes,
            limit: most_bytes,
            remembers,
            fresh: Out::default(),
        }
    }

    pub(super) fn remembers(&self) -> bool {
        self.remembers
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> u64 {
        (self.bytes + self.by_key.bytes() + self.parts.bytes()) as u64
    }

    /// Is it time to forget?
    pub(crate) fn is_full(&self) -> bool {
        self.bytes() > self.limit as u64
    }

    /// Forgets all outcomes, and the parts whose numbers are not in `used`; it will be learnt again.
    pub(crate) fn forget(&mut self, used: &[bool]) {
        (self.outcomes, self.by_key, self.bytes) = (Vec::new(), Slots::default(), 0);
        self.parts.keep(used);
        self.limit = self.most_bytes.max(self.parts.bytes() * 2);
    }

    /// The key of an intake.
    pub(super) fn key(&mut self, part: &Part, what: &Intake) -> Key {
        let given = match what {
            Intake::Message(from, body) => Given::Message(*from, self.parts.number(&Part::Message(body.clone()))),
            Intake::Timer(t) => Given::Timer(*t),
            Intake::Send(p, record, then) => Given::Send(*p, *record, *then),
            Intake::Start => Given::Start,
            Intake::Down(power) => Given::Down(*power),
            Intake::Forget(followers) => Given::Forget(*followers),
            Intake::Rest(ahead) => Given::Rest(*ahead),
        };
        Key { part: self.parts.number(part), given }
    }

    /// What came of it before.
    pub(super) fn outcome(&self, key: &Key) -> Option<&Outcome> {
        self.by_key.find(key.print(), |i| self.outcomes[i].key == *key).map(|i| &self.outcomes[i])
    }

    /// Room for what comes of a step.
    pub(super) fn fresh(&mut self) -> Out {
        self.fresh.clear();
        std::mem::take(&mut self.fresh)
    }

    /// Remembers what came of a step.
    pub(super) fn learn(&mut self, key: Key, part: &Part, mut fresh: Out) -> &Outcome {
        let part = self.parts.one(part);
        let sends = fresh.sends.drain(..).map(|(from, to, body)| match self.parts.one(&Part::Message(body)) {
            Part::Message(body) => (from, to, body),
            _ => unreachable!("a part is equal to parts of its kind only"),
        });
        let sends: Box<[_]> = sends.collect();
        let (events, calls): (Box<[_]>, Box<[_]>) = (fresh.events.as_slice().into(), fresh.calls.drain(..).collect());
        self.bytes += size_of::<Outcome>() + size_of_val(&*sends) + size_of_val(&*events) + size_of_val(&*calls);
        self.by_key.add(key.print(), self.outcomes.len());
        self.outcomes.push(Outcome { key, part, sends, events, calls });
        self.fresh = fresh;
        &self.outcomes[self.outcomes.len() - 1]
    }
}

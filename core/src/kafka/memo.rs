//! What an actor did with an input, remembered by a search.
//!
//! A search meets the same broker with the same message in very many states. An actor's rules know nothing but the actor
//! itself, the setup and the input, so they are run once for each such pair; after that their outcome is taken from
//! here. Equal parts become one on the way: states share them, and each is hashed once. Nothing is looked up by a
//! fingerprint alone: parts are compared in full, with all that the canonical encoding leaves out.

use super::broker::{Broker, Power};
use super::consumer::Consumer;
use super::controller::Controller;
use super::log::records::RecordData;
use super::message::Body;
use super::producer::Producer;
use super::quorum::Voter;
use super::step::{AppCall, Out, Timer};
use super::transaction::AfterSend;
use crate::event::EventKind;
use crate::hash::fingerprint;
use crate::ids::*;
use crate::shared::Shared;

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
}

/// An actor, or a message.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Part {
    Controller(Shared<Controller>),
    Broker(Shared<Broker>),
    Producer(Shared<Producer>),
    Consumer(Shared<Consumer>),
    Voter(Shared<Voter>),
    Message(Shared<Body>),
}

impl Part {
    fn print(&self) -> u64 {
        match self {
            Part::Controller(x) => x.print(),
            Part::Broker(x) => x.print(),
            Part::Producer(x) => x.print(),
            Part::Consumer(x) => x.print(),
            Part::Voter(x) => x.print(),
            Part::Message(x) => x.print(),
        }
    }

    fn number(&self) -> u32 {
        match self {
            Part::Controller(x) => x.number(),
            Part::Broker(x) => x.number(),
            Part::Producer(x) => x.number(),
            Part::Consumer(x) => x.number(),
            Part::Voter(x) => x.number(),
            Part::Message(x) => x.number(),
        }
    }

    fn set_number(&self, n: u32) {
        match self {
            Part::Controller(x) => x.set_number(n),
            Part::Broker(x) => x.set_number(n),
            Part::Producer(x) => x.set_number(n),
            Part::Consumer(x) => x.set_number(n),
            Part::Voter(x) => x.set_number(n),
            Part::Message(x) => x.set_number(n),
        }
    }

    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        match self {
            Part::Controller(_) => size_of::<Controller>(),
            Part::Broker(b) => size_of::<Broker>() + b.replicas.len() * size_of::<super::replica::Replica>(),
            Part::Producer(_) => size_of::<Producer>(),
            Part::Consumer(_) => size_of::<Consumer>(),
            Part::Voter(_) => size_of::<Voter>(),
            Part::Message(_) => size_of::<Body>(),
        }
    }
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
}

/// A part and what it takes in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    part: u32,
    given: Given,
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
    /// Parts by number, from `first` on.
    parts: Vec<Part>,
    /// The number of the first part. Numbers are never used twice, so one from before it is known to be old.
    first: u32,
    outcomes: Vec<Outcome>,
    /// Open addressing into `parts`: its index + 1, by fingerprint.
    by_print: Vec<u32>,
    /// Open addressing into `outcomes`.
    by_key: Vec<u32>,
    bytes: usize,
    /// Beyond this everything is forgotten, and learnt again.
    most_bytes: usize,
    /// Collects what came of a step that is new.
    fresh: Out,
}

impl Memo {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Memo {
            parts: Vec::new(),
            first: 1,
            outcomes: Vec::new(),
            by_print: vec![0; 1 << 8],
            by_key: vec![0; 1 << 8],
            bytes: 0,
            most_bytes,
            fresh: Out::default(),
        }
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> u64 {
        (self.bytes + (self.by_print.len() + self.by_key.len()) * 4) as u64
    }

    /// The key of an intake.
    pub(super) fn key(&mut self, part: &Part, what: &Intake) -> Key {
        if self.bytes > self.most_bytes {
            let first = self.first + self.parts.len() as u32;
            *self = Memo { first, ..Memo::new(self.most_bytes) };
        }
        let given = match what {
            Intake::Message(from, body) => Given::Message(*from, self.number(&Part::Message(body.clone()))),
            Intake::Timer(t) => Given::Timer(*t),
            Intake::Send(p, record, then) => Given::Send(*p, *record, *then),
            Intake::Start => Given::Start,
            Intake::Down(power) => Given::Down(*power),
            Intake::Forget(followers) => Given::Forget(*followers),
        };
        Key { part: self.number(part), given }
    }

    /// What came of it before.
    pub(super) fn outcome(&self, key: &Key) -> Option<&Outcome> {
        let at = probe(&self.by_key, fingerprint(key), |i| self.outcomes[i].key == *key);
        self.by_key[at].checked_sub(1).map(|i| &self.outcomes[i as usize])
    }

    /// Room for what comes of a step.
    pub(super) fn fresh(&mut self) -> Out {
        self.fresh.clear();
        std::mem::take(&mut self.fresh)
    }

    /// Remembers what came of a step.
    pub(super) fn learn(&mut self, key: Key, part: &Part, mut fresh: Out) -> &Outcome {
        let part = self.one(part);
        let sends = fresh.sends.drain(..).map(|(from, to, body)| match self.one(&Part::Message(body)) {
            Part::Message(body) => (from, to, body),
            _ => unreachable!("a part is equal to parts of its kind only"),
        });
        let sends: Box<[_]> = sends.collect();
        let (events, calls): (Box<[_]>, Box<[_]>) = (fresh.events.as_slice().into(), fresh.calls.drain(..).collect());
        self.bytes += size_of::<Outcome>() + size_of_val(&*sends) + size_of_val(&*events) + size_of_val(&*calls);
        if self.outcomes.len() * 2 >= self.by_key.len() {
            self.by_key = grown(&self.by_key, |i| fingerprint(&self.outcomes[i].key));
        }
        let at = probe(&self.by_key, fingerprint(&key), |_| false);
        self.outcomes.push(Outcome { key, part, sends, events, calls });
        self.by_key[at] = self.outcomes.len() as u32;
        self.fresh = fresh;
        &self.outcomes[self.outcomes.len() - 1]
    }

    /// The one that stands for all that are equal to it.
    fn one(&mut self, part: &Part) -> Part {
        let n = self.number(part);
        self.parts[(n - self.first) as usize].clone()
    }

    fn number(&mut self, part: &Part) -> u32 {
        if part.number() >= self.first {
            return part.number();
        }
        let print = part.print();
        let mut at = probe(&self.by_print, print, |i| self.parts[i].print() == print && self.parts[i] == *part);
        if self.by_print[at] == 0 {
            if self.parts.len() * 2 >= self.by_print.len() {
                self.by_print = grown(&self.by_print, |i| self.parts[i].print());
                at = probe(&self.by_print, print, |_| false);
            }
            self.bytes += size_of::<Part>() + part.bytes();
            self.parts.push(part.clone());
            self.by_print[at] = self.parts.len() as u32;
        }
        let n = self.first + self.by_print[at] - 1;
        part.set_number(n);
        n
    }
}

/// Where in an open-addressed table something stands, or would stand.
fn probe(slots: &[u32], print: u64, is: impl Fn(usize) -> bool) -> usize {
    let mask = slots.len() - 1;
    let mut at = print as usize & mask;
    while slots[at] != 0 && !is(slots[at] as usize - 1) {
        at = (at + 1) & mask;
    }
    at
}

/// The table with twice the room.
fn grown(slots: &[u32], print: impl Fn(usize) -> u64) -> Vec<u32> {
    let mut bigger = vec![0; slots.len() * 2];
    for x in slots.iter().filter(|x| **x != 0) {
        let at = probe(&bigger, print(*x as usize - 1), |_| false);
        bigger[at] = *x;
    }
    bigger
}

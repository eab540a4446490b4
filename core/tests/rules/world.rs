//! A world without time: each step is chosen by the test.

use crate::common::parse;
use highwater_core::event::EventKind;
use highwater_core::ids::*;
use highwater_core::kafka::log::records::RecordData;
use highwater_core::kafka::message::Body;
use highwater_core::kafka::step::{Command, Input, Timer};
use highwater_core::kafka::transaction::AfterSend;
use highwater_core::kafka::{Flight, Out, World};
use highwater_core::scenario::Scenario;
use highwater_core::scenario::build::build;
use highwater_core::shared::Shared;
use std::rc::Rc;

/// A world with everything that happened in it.
pub struct Bench {
    pub world: World,
    pub out: Out,
    pub events: Vec<EventKind>,
}

impl Bench {
    pub fn new(s: &Scenario) -> Self {
        let (setup, _) = build(&parse(&s.to_json())).unwrap();
        let mut out = Out::default();
        let world = World::settled(Rc::new(setup), &mut out);
        Bench { world, out, events: Vec::new() }
    }

    pub fn step(&mut self, input: Input) {
        self.world.step(input, &mut self.out);
        self.events.extend(self.out.events.iter().copied());
    }
    pub fn send(&mut self, partition: u16) {
        self.step(Input::Do(Command::Send {
            producer: ProducerIx(0),
            partition: PartitionId(partition),
            record: RecordData { bytes: 100, ..RecordData::default() },
            then: AfterSend::GoOn,
        }));
    }
    pub fn fire(&mut self, t: Timer) {
        self.step(Input::Fire(t));
    }
    /// Delivers the oldest message that fits; false if there is none.
    pub fn deliver(&mut self, which: impl Fn(&Flight) -> bool) -> bool {
        let Some(id) = self.world.net.iter().find(|f| which(f)).map(|f| f.id) else { return false };
        self.step(Input::Deliver(id));
        true
    }
    /// Delivers such messages, also those that come of it, until there are none.
    pub fn deliver_all(&mut self, which: impl Fn(&Flight) -> bool) {
        for _ in 0..10_000 {
            if !self.deliver(&which) {
                return;
            }
        }
        panic!("messages without end");
    }
    /// Puts a message on the wire and delivers it.
    pub fn inject(&mut self, from: Actor, to: Actor, body: Body) {
        let id = MsgId(u32::MAX);
        self.world.net.push(Flight { id, from, to, body: Shared::new(body) });
        self.step(Input::Deliver(id));
    }
    pub fn has(&self, which: impl Fn(&EventKind) -> bool) -> bool {
        self.events.iter().any(which)
    }
}

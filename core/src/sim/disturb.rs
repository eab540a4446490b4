//! Faults that change only when things happen: slow links, paused processes, slow handlers; and poison records, which
//! make the application that handles them fail. No rule knows of them.

use super::Sim;
use super::queue::{Class, Item};
use crate::event::EventKind;
use crate::ids::*;
use crate::kafka::share::Acknowledging;
use crate::kafka::{Command, Input, Out, Timer};
use litemap::LiteMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// After how long a supervisor starts a consumer again that a poison record brought down.
const RESTART_US: u64 = 3_000_000;

/// What is out of order at present.
#[derive(Clone, Default, Debug)]
pub(super) struct Disturbances {
    slow: LiteMap<(Actor, Actor), u64>,
    paused: LiteMap<Actor, u64>,
    handlers: LiteMap<ConsumerIx, u64>,
    poison: Rc<BTreeSet<RecordId>>,
}

impl Disturbances {
    /// How much longer a message of this link takes.
    pub(super) fn extra_us(&self, from: Actor, to: Actor) -> u64 {
        self.slow.get(&(from, to)).copied().unwrap_or(0)
    }
    /// How long a timer lasts instead of what the scenario says.
    pub(super) fn duration_of(&self, t: &Timer) -> Option<u64> {
        let Timer::Handling(c) = t else { return None };
        self.handlers.get(c).copied()
    }
    /// Its process is gone, and its pause with it.
    pub(super) fn ended(&mut self, a: Actor) {
        self.paused.remove(&a);
    }
}

impl Sim {
    /// Until when a process stands still.
    pub fn paused_until_us(&self, a: Actor) -> Option<u64> {
        self.disturbances.paused.get(&a).copied().filter(|until| *until > self.now_us)
    }
    /// How much longer than usual messages of a link take, in microseconds.
    pub fn slowed_us(&self, from: Actor, to: Actor) -> u64 {
        self.disturbances.extra_us(from, to)
    }
    /// How long a consumer's application is busy with a record, if not as the scenario says.
    pub fn handler_us(&self, c: ConsumerIx) -> Option<u64> {
        self.disturbances.handlers.get(&c).copied()
    }
    /// Does handling this record make the application fail?
    pub fn is_poison(&self, r: RecordId) -> bool {
        self.disturbances.poison.contains(&r)
    }

    pub(super) fn slow_link(&mut self, from: Actor, to: Actor, extra_us: u64) {
        if extra_us == 0 {
            self.disturbances.slow.remove(&(from, to));
        } else {
            self.disturbances.slow.insert((from, to), extra_us);
        }
        self.record(EventKind::LinkSlowed { from, to, extra_us }, None);
    }

    pub(super) fn pause(&mut self, actor: Actor, for_us: u64) {
        let runs = match actor {
            Actor::Broker(b) => self.world.broker(b).is_up(),
            Actor::Consumer(c) => self.world.consumers[c.ix()].up,
            Actor::Voter(v) => self.world.voters[v.ix()].up,
            _ => true,
        };
        if runs {
            self.disturbances.paused.insert(actor, self.now_us.saturating_add(for_us));
            self.record(EventKind::Paused { actor, for_us }, None);
        }
    }

    pub(super) fn slow_handler(&mut self, consumer: ConsumerIx, handling_us: Option<u64>) {
        match handling_us {
            Some(us) => self.disturbances.handlers.insert(consumer, us),
            None => self.disturbances.handlers.remove(&consumer),
        };
        let normal = self.plan.durations.of(&Timer::Handling(consumer), &self.world.setup);
        self.record(EventKind::HandlerSlowed { consumer, handling_us: handling_us.unwrap_or(normal) }, None);
    }

    /// The next record of this producer will make whoever handles it fail.
    pub(super) fn poison_next(&mut self, producer: ProducerIx) {
        let n = self.world.producers[producer.ix()].records;
        Rc::make_mut(&mut self.disturbances.poison).insert(RecordId { producer, n });
    }

    /// Puts off what would reach a process that stands still. True if it did.
    pub(super) fn put_off(&mut self, item: Item) -> bool {
        if self.disturbances.paused.is_empty() {
            return false;
        }
        let actor = match item {
            Item::Workload(i, _) => Some(Actor::Producer(self.plan.workload[i as usize].producer)),
            Item::Deliver(id) => self.world.net.iter().find(|f| f.id == id).map(|f| f.to),
            Item::Fire(t) => Some(t.actor()),
            Item::Restart(_) => None,
        };
        let Some(until) = actor.and_then(|a| self.paused_until_us(a)) else { return false };
        match item {
            Item::Fire(t) => self.queue.arm(t, until),
            Item::Deliver(id) => {
                if let Some((_, t)) = self.place_in_transit(id).and_then(|i| self.transit.get_mut(i)) {
                    t.due_us = until;
                }
                self.queue.push(until, Class::Deliver, item);
            }
            _ => {
                self.queue.push(until, Class::Workload, item);
            }
        }
        true
    }

    /// The application is about to be done with a record: a poison record makes it fail instead. True if it did.
    pub(super) fn fail_on_poison(&mut self, c: ConsumerIx, out: &mut Out) -> bool {
        if self.disturbances.poison.is_empty() {
            return false;
        }
        let Some(r) = self.world.consumers[c.ix()].work.front().copied() else { return false };
        let Some(record) = self.ledger.record_in(r.batch, r.index).filter(|id| self.is_poison(*id)) else { return false };
        let seq = self.record(EventKind::Poisoned { consumer: c, partition: r.partition, offset: r.offset, record }, None);
        if let Some(Acknowledging::Explicit(_)) = self.setup().consumers[c.ix()].share {
            self.world.step(Input::Do(Command::FailInHandler(c)), out);
            self.absorb(out, Some(seq));
            return true;
        }
        self.world.step(Input::Do(Command::CrashConsumer(c)), out);
        self.absorb(out, Some(seq));
        self.queue.push(self.now_us + RESTART_US, Class::Workload, Item::Restart(c));
        true
    }
}

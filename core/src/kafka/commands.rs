//! What people, scripts and searches do to a cluster: faults, and commands of its tools.

use super::broker::{Cx, Power};
use super::controller::PartitionState;
use super::memo::Intake;
use super::message::Body;
use super::step::{Command, Out, Timer};
use super::transaction::Call;
use super::zookeeper::Task;
use super::{Flight, World};
use crate::event::{DropReason, EventKind, QuorumEvent, ZkEvent};
use crate::ids::*;
use crate::order;
use crate::shared::Shared;
use smallvec::SmallVec;
use std::rc::Rc;

impl World {
    /// Does it; nothing, if it is so already.
    pub(super) fn obey(&mut self, c: Command, out: &mut Out) {
        let setup = self.setup.clone();
        match c {
            Command::Send { producer, partition, record, then } => {
                self.take_in(Actor::Producer(producer), &Intake::Send(partition, record, then), out);
            }
            Command::EndTransaction(p, commit) if setup.producers[p.ix()].txn.is_some() => {
                self.producer(p, &setup, out).call(Call::End { commit });
            }
            Command::DeleteRecords(p, before) => {
                if let Some(b) = self.controller.partitions[p.ix()].leader
                    && self.broker(b).replica(p).is_some_and(|r| r.leading().is_some())
                {
                    Cx { b: Shared::make_mut(&mut self.brokers[b.ix()]), setup: &setup, data: &self.data, out }.delete_records(p, before);
                }
            }
            Command::Crash(b) if self.broker(b).is_up() => self.kill(b, Power::Crashed, out),
            Command::PowerCut(b) if self.broker(b).is_up() => self.kill(b, Power::PowerLost, out),
            Command::Stop(b) if self.broker(b).is_up() => {
                Cx { b: Shared::make_mut(&mut self.brokers[b.ix()]), setup: &setup, data: &self.data, out }.stop()
            }
            Command::Start(b) if !self.broker(b).is_up() => self.take_in(Actor::Broker(b), &Intake::Start, out),
            Command::Cut(from, to) if !self.cut.contains(&(from, to)) => {
                self.cut.push((from, to));
                order::sort(&mut self.cut);
                out.event(EventKind::LinkCut { from, to });
                self.lose(out, DropReason::LinkCut, |f| (f.from, f.to) == (from, to));
            }
            Command::Heal(from, to) if self.cut.contains(&(from, to)) => {
                self.cut.retain(|l| *l != (from, to));
                out.event(EventKind::LinkHealed { from, to });
            }
            Command::DropNextResponse(b, client) => {
                let link = (Actor::Broker(b), client);
                if !self.drop_next.contains(&link) {
                    self.drop_next.push(link);
                    order::sort(&mut self.drop_next);
                    out.event(EventKind::DropArmed { from: link.0, to: link.1 });
                }
            }
            Command::LoseResponse(id) => {
                if let Ok(i) = self.net.binary_search_by_key(&id, |f| f.id) {
                    let Flight { from, to, body, .. } = self.net.remove(i);
                    out.event(EventKind::Dropped { msg: id, from, to, message: body.kind(), why: DropReason::Fault });
                    if let Some(conn) = body.conn() {
                        out.send(from, to, Body::Disconnect { conn });
                    }
                }
            }
            Command::CrashConsumer(c) if self.consumers[c.ix()].up => self.kill_consumer(c, out),
            Command::StartConsumer(c) if !self.consumers[c.ix()].up => {
                self.consumer(c, &setup, out).start();
            }
            Command::StopConsumer(c) if self.consumers[c.ix()].up => {
                self.consumer(c, &setup, out).stop();
            }
            Command::ThrowInHandler(c) if self.consumers[c.ix()].up => {
                self.consumer(c, &setup, out).throw();
            }
            Command::FailInHandler(c) if self.consumers[c.ix()].up => {
                self.consumer(c, &setup, out).fail();
            }
            Command::CrashVoter(v) if self.voters[v.ix()].up => {
                self.voter(v, out, |cx| cx.crash());
                self.lose(out, DropReason::ReceiverDown, |f| f.to == Actor::Voter(v));
            }
            Command::StartVoter(v) if !self.voters[v.ix()].up => self.voter(v, out, |cx| cx.start()),
            Command::CrashZookeeper if self.zookeeper_up() => {
                self.zookeeper(out, |cx| cx.crash());
                self.lose(out, DropReason::ReceiverDown, |f| f.to == Actor::Zookeeper);
            }
            Command::StartZookeeper if !self.zookeeper_up() => self.zookeeper(out, |cx| cx.start()),
            Command::ElectPreferred(p) if setup.zookeeper => match self.acting_controller().filter(|_| self.zookeeper_up()) {
                Some(b) => {
                    Cx { b: Shared::make_mut(&mut self.brokers[b.ix()]), setup: &setup, data: &self.data, out }
                        .for_controller(Task::Preferred(p));
                }
                None => out.event(EventKind::Zk(ZkEvent::NobodyActive)),
            },
            Command::ElectPreferred(p) => self.control(out, |c| c.elect_preferred(p)),
            Command::AlterMinIsr(p, min_isr) => self.alter_min_isr(p, min_isr, out),
            Command::CreatePartitions(topic, count) => self.create_partitions(topic.into(), count, out),
            _ => {} // it is so already
        }
    }

    /// A broker's process ends without warning. A dead process's machine resets its connections; a dead machine is silent.
    fn kill(&mut self, b: BrokerId, power: Power, out: &mut Out) {
        out.event(if power == Power::Crashed { EventKind::Crashed { broker: b } } else { EventKind::PowerCut { broker: b } });
        let me = Actor::Broker(b);
        self.take_in(me, &Intake::Down(power), out);
        self.lose(out, DropReason::ReceiverDown, |f| f.to == me);
        if power == Power::Crashed {
            self.reset_connections(b, out);
        }
    }

    /// The machine of a process that ended closes its connections: whoever waits for an answer learns of it.
    pub(super) fn reset_connections(&self, b: BrokerId, out: &mut Out) {
        let me = Actor::Broker(b);
        let others = self.brokers.iter().filter_map(|x| Some((Actor::Broker(x.id), x.fetcher_conn(b)?)));
        let producers = self.producers.iter().filter(|x| x.awaits(b)).map(|x| (Actor::Producer(x.id), x.meta.conn(b)));
        let consumers = self.consumers.iter().filter(|x| x.awaits(b)).map(|x| (Actor::Consumer(x.id), x.meta.conn(b)));
        let told = others.chain(producers).chain(consumers);
        out.sends.extend(told.map(|(to, conn)| (me, to, Shared::new(Body::Disconnect { conn }))));
        for x in self.brokers.iter().filter(|x| x.is_up()) {
            x.exchanges_with(b, &self.setup).into_iter().for_each(|body| out.send(me, Actor::Broker(x.id), Body::Txn(body)));
        }
    }

    /// A consumer's process ends, and the producer in it.
    pub(super) fn kill_consumer(&mut self, c: ConsumerIx, out: &mut Out) {
        let setup = self.setup.clone();
        self.consumer(c, &setup, out).crash();
        self.lose(out, DropReason::ConnectionClosed, |f| f.to == Actor::Consumer(c));
        self.forget_client(c, out);
        if let Some(o) = setup.consumers[c.ix()].output {
            self.end_producer(o.producer, out);
        }
    }

    /// The end of a producer, in an application whose process ends or goes on with another one.
    pub(super) fn end_producer(&mut self, p: ProducerIx, out: &mut Out) {
        let setup = self.setup.clone();
        self.producer(p, &setup, out).crash();
        self.lose(out, DropReason::ConnectionClosed, |f| f.to == Actor::Producer(p));
        self.forget_producer(p, out);
    }

    /// A dead producer's requests that wait at brokers are closed with its connections.
    fn forget_producer(&mut self, p: ProducerIx, out: &mut Out) {
        for b in &mut self.brokers {
            let asks = b.txn.asks.iter().any(|a| a.producer == p) || b.txn.offsets.iter().any(|x| x.producer == p);
            if asks || b.produces.iter().any(|x| x.producer == p) {
                let b = Shared::make_mut(b);
                let mut timers: SmallVec<[Timer; 4]> = SmallVec::new();
                b.armed(&self.setup, &mut |t| timers.push(t));
                b.produces.retain(|x| x.producer != p);
                b.txn.asks.retain(|a| a.producer != p);
                b.txn.offsets.retain(|x| x.producer != p);
                b.armed(&self.setup, &mut |t| timers.retain(|x| *x != t));
                timers.into_iter().for_each(|t| out.disarm(t));
            }
        }
    }

    /// A dead client's parked requests are closed with its connections.
    fn forget_client(&mut self, c: ConsumerIx, out: &mut Out) {
        let setup = self.setup.clone();
        for b in &mut self.brokers {
            if b.share.is_some() {
                Cx { b: Shared::make_mut(b), setup: &setup, data: &self.data, out }.end_share_session(c);
            }
            if b.consumer_fetches.iter().any(|f| f.consumer == c) || b.commits.iter().any(|x| x.consumer == c) {
                let b = Shared::make_mut(b);
                b.commits.retain(|x| x.consumer != c);
            }
        }
    }

    /// prod.P5. The setup has the new partitions at once, so that they have their places; to the controller, brokers and
    /// clients they are there when they hear of them. A change that a quorum lost leaves places that the next one takes.
    fn create_partitions(&mut self, topic: usize, count: u16, out: &mut Out) {
        Rc::make_mut(&mut self.setup).add_partitions(topic, count);
        Shared::make_mut(&mut self.controller).partitions.resize(self.setup.partitions.len(), PartitionState::UNBORN);
        let (states, places) = (&self.controller.partitions, &self.setup.topics[topic].partitions);
        let new: SmallVec<[PartitionId; 4]> =
            places[..usize::from(count).min(places.len())].iter().copied().filter(|p| states[p.ix()] == PartitionState::UNBORN).collect();
        if new.is_empty() {
            return; // INVALID_PARTITIONS: it has as many
        }
        self.control(out, |c| c.create_partitions(&new));
        for p in self.producers.iter_mut().filter(|p| self.setup.producers[p.id.ix()].app.is_none_or(|c| self.consumers[c.ix()].up)) {
            let p = Shared::make_mut(p);
            p.meta.fall_behind(Actor::Producer(p.id), out);
        }
        for c in self.consumers.iter_mut().filter(|c| c.up) {
            let c = Shared::make_mut(c);
            c.meta.fall_behind(Actor::Consumer(c.id), out);
        }
    }

    /// repl.E10. Simplified: brokers and controller know of it at once, where Kafka's wait for the config record.
    fn alter_min_isr(&mut self, p: PartitionId, min_isr: u16, out: &mut Out) {
        if self.setup.zookeeper && !(self.zookeeper_up() && self.acting_controller().is_some()) {
            return out.event(EventKind::Zk(ZkEvent::NobodyActive));
        }
        if !self.voters.is_empty() && self.active_voter().is_none() {
            return out.event(EventKind::Quorum(QuorumEvent::NobodyActive));
        }
        let all = self.setup.topics[self.setup.partitions[p.ix()].topic].partitions.clone();
        for p in all {
            let partition = &mut Rc::make_mut(&mut self.setup).partitions[p.ix()];
            partition.min_isr = usize::from(min_isr).min(partition.replicas.len());
            out.event(EventKind::MinIsrAltered { partition: p, min_isr });
            if !self.setup.zookeeper {
                self.control(out, |c| c.clear_elr(p));
            }
            let setup = self.setup.clone();
            for b in self.brokers.iter_mut().filter(|b| b.is_up()) {
                Cx { b: Shared::make_mut(b), setup: &setup, data: &self.data, out }.advance(p);
            }
        }
    }
}

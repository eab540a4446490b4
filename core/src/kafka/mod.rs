//! The rules of Kafka as pure state machines, and the world that connects them.
//!
//! Nothing here knows the time. A step takes one [`Input`] (a message arrives, a timer runs out, somebody does
//! something) and fills an [`Out`] (messages, timers, events). The simulation feeds inputs in the order of their
//! deadlines; the trial feeds them in every order.

pub mod assignor;
pub mod broker;
pub(crate) mod changes;
pub mod client;
pub mod consumer;
pub mod controller;
mod fetching;
pub mod group;
pub(crate) mod local;
pub mod log;
mod memo;
pub mod message;
pub mod partitioner;
pub(crate) mod parts;
mod positions;
pub mod producer;
pub mod quorum;
pub mod replica;
mod serving;
pub mod setup;
pub mod share;
pub mod step;
pub mod streams;
pub mod transaction;
mod truncation;
mod upkeep;

use crate::event::{DropReason, EventKind, QuorumEvent};
use crate::hash::fingerprint;
use crate::ids::*;
use crate::order;
use crate::shared::Shared;
use broker::{Broker, Cx, Peer, Power};
use changes::Changes;
use consumer::{Consumer, ConsumerCx};
use controller::{Controller, ControllerCx};
use group::GroupRecord;
use log::records::RecordTable;
use memo::Intake;
use message::{Body, ConnGen};
use parts::Part;
use producer::{Producer, ProducerCx};
use quorum::{Role, Voter, VoterCx};
use setup::GroupProtocol;
pub use setup::Setup;
use smallvec::SmallVec;
use std::rc::Rc;
use step::{AppCall, Returned, ShareTimer, TxnTimer};
pub use step::{Base, Command, Input, Out, Timer, TimerOp};
use transaction::Call;

/// Bytes of a record that an application makes.
pub(crate) const OUTPUT_BYTES: u32 = 100;

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Flight {
    /// Its ordinal in the run; no part of the canonical encoding.
    pub id: MsgId,
    /// Who sent it.
    pub from: Actor,
    /// To whom.
    pub to: Actor,
    /// What it says.
    pub body: Shared<Body>,
}

impl Flight {
    /// Its link as a number; in the order of links.
    pub(crate) fn link(&self) -> u32 {
        u32::from(self.from.code()) << 16 | u32::from(self.to.code())
    }

    /// The ends of a link.
    pub(crate) fn ends(link: u32) -> (Actor, Actor) {
        (Actor::of_code((link >> 16) as u16), Actor::of_code(link as u16))
    }
}

/// The whole cluster and its clients. Cloning shares the parts; a step copies only what it changes.
#[derive(Clone, Debug)]
pub struct World {
    /// What does not change.
    pub setup: Rc<Setup>,
    /// The controller; with a quorum, what is committed in the metadata log.
    pub controller: Shared<Controller>,
    /// The controllers of the quorum, by id; empty where one that never fails stands for it.
    pub voters: Box<[Shared<Voter>]>,
    /// Brokers, by id.
    pub brokers: SmallVec<[Shared<Broker>; 4]>,
    /// Producers.
    pub producers: SmallVec<[Shared<Producer>; 2]>,
    /// Consumers.
    pub consumers: SmallVec<[Shared<Consumer>; 2]>,
    /// What records of `__consumer_offsets` about groups say. First that of each group at the beginning.
    pub rosters: Rc<Vec<GroupRecord>>,
    /// Messages on their way, by id. Those of one link arrive in this order (TCP).
    pub net: SmallVec<[Flight; 8]>,
    /// Links that let nothing through, by direction.
    pub cut: SmallVec<[(Actor, Actor); 2]>,
    /// Links whose next response will be lost.
    pub drop_next: SmallVec<[(Actor, Actor); 1]>,
    /// What logs are told of records; filled only where a topic has log configs.
    pub data: Shared<RecordTable>,
    next_msg: u32,
}

/// The canonical encoding: everything that can matter to what happens next, at fixed widths (see [`crate::hash`]).
impl std::hash::Hash for World {
    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        let mut all: SmallVec<[(u64, u64); 32]> = SmallVec::new();
        self.encode(&mut |place, content| all.push((place, content)));
        order::sort(&mut all);
        all.hash(h);
    }
}

impl World {
    /// The canonical encoding in pieces: what stands at each place, in any order. A place comes once at most.
    pub(crate) fn encode(&self, put: &mut impl FnMut(u64, u64)) {
        let mut all = |x: (u64, u64)| put(x.0, x.1);
        (0..self.actors()).for_each(|n| all(self.encode_actor(n)));
        (0..self.net.len()).for_each(|i| all(self.encode_message(i)));
        self.brokers.iter().filter_map(|b| self.encode_connections(b)).for_each(all);
        self.encode_rest(put);
    }

    /// The actor at this place.
    fn encode_actor(&self, place: usize) -> (u64, u64) {
        let (brokers, producers) = (1 + self.brokers.len(), 1 + self.brokers.len() + self.producers.len());
        let (actor, print) = if place == 0 {
            (Actor::Controller, self.controller.print())
        } else if let Some(b) = self.brokers.get(place - 1) {
            (Actor::Broker(b.id), b.print())
        } else if let Some(p) = self.producers.get(place - brokers) {
            (Actor::Producer(p.id), p.print())
        } else if let Some(c) = self.consumers.get(place - producers) {
            (Actor::Consumer(c.id), c.print())
        } else {
            let v = &self.voters[place - producers - self.consumers.len()];
            (Actor::Voter(v.id), v.print())
        };
        (1 << 56 | u64::from(actor.code()), print)
    }

    /// The message with this place on the wire. Ids only order messages within a link; between links the order is nobody's business.
    fn encode_message(&self, i: usize) -> (u64, u64) {
        let f = &self.net[i];
        let nth = self.net[..i].iter().filter(|e| (e.from, e.to) == (f.from, f.to)).count() as u64;
        let (conn, session) = self.is_current(f);
        let bits = u64::from(conn) << 1 | u64::from(session);
        (2 << 56 | nth << 40 | bits << 32 | u64::from(f.link()), f.body.print())
    }

    /// What few clusters have.
    fn encode_rest(&self, put: &mut impl FnMut(u64, u64)) {
        if self.setup.has_streams() {
            // What a thread wrote depends on what its store said then.
            let threads = self.setup.consumers.iter().filter(|c| c.streams.is_some()).filter_map(|c| c.output);
            for (i, o) in (0u64..).zip(threads) {
                put(11 << 56 | i, fingerprint(&self.data.of_producer(o.producer).collect::<Vec<_>>()));
            }
        }
        if self.rosters.len() > self.setup.groups.len() {
            put(4 << 56, fingerprint(&self.rosters[self.setup.groups.len()..])); // those of the beginning never change
        }
        if !self.cut.is_empty() || !self.drop_next.is_empty() {
            put(5 << 56, fingerprint(&(&self.cut, &self.drop_next)));
        }
    }
}

impl World {
    /// A settled cluster with empty logs: brokers registered, preferred leaders in office, clients with fresh metadata.
    /// `out` gets what the actors do first.
    pub fn settled(setup: Rc<Setup>, out: &mut Out) -> Self {
        let controller = Controller::settled(&setup);
        let data = RecordTable::new(setup.producers.len());
        let mut brokers: SmallVec<[Broker; 4]> = setup.broker_ids().map(|b| Broker::new(b, &setup)).collect();
        let image = controller.image();
        for b in &mut brokers {
            b.epoch = Some(BrokerEpoch(1));
            b.unfenced = setup.broker_ids().collect();
            let mut cx = Cx { b, setup: &setup, data: &data, out };
            cx.on_message(Actor::Controller, &Shared::new(Body::MetadataRecords { from: 0, upto: 0, changes: image.clone() }));
            cx.arm_periodic();
            cx.observe();
        }
        if setup.voters == 1 {
            setup.broker_ids().for_each(|b| out.arm(Timer::Session(b)));
        }
        let mut voters: Vec<Voter> = setup.voter_ids().map(|v| Voter::settled(v, &setup)).collect();
        voters.iter_mut().for_each(|v| VoterCx { v, setup: &setup, out }.begin());
        out.events.clear(); // that everyone took its place is no news
        let producers = (0..setup.producers.len() as u8).map(|i| Shared::new(Producer::new(ProducerIx(i), &setup))).collect();
        let mut consumers: SmallVec<[Consumer; 2]> =
            (0..setup.consumers.len() as u8).map(|i| Consumer::settled(ConsumerIx(i), &setup)).collect();
        let mut rosters = Rc::new(group::coordinator::first_records(&setup));
        for b in &mut brokers {
            Cx { b, setup: &setup, data: &data, out }.settle_groups(&mut rosters);
        }
        for c in consumers.iter_mut().filter(|c| setup.consumers[c.id.ix()].starts) {
            ConsumerCx { c, setup: &setup, data: &data, out }.start();
        }
        out.events.clear();
        let mut w = World {
            controller: Shared::new(controller),
            voters: voters.into_iter().map(Shared::new).collect(),
            brokers: brokers.into_iter().map(Shared::new).collect(),
            producers,
            consumers: consumers.into_iter().map(Shared::new).collect(),
            rosters,
            setup,
            net: SmallVec::new(),
            cut: SmallVec::new(),
            drop_next: SmallVec::new(),
            data: Shared::new(data),
            next_msg: 0,
        };
        w.call(out);
        w.post(out);
        w
    }

    /// One step. `out` is cleared first and then holds what came of it; its messages are on the wire already.
    /// An input that no longer applies (a message that is gone) changes nothing.
    pub fn step(&mut self, input: Input, out: &mut Out) {
        out.clear();
        self.step_on(input, out);
    }

    /// A step whose outcome is added to what `out` holds.
    pub fn step_on(&mut self, input: Input, out: &mut Out) {
        match input {
            Input::Deliver(id) => self.deliver(id, out),
            Input::Fire(t) => self.fire(t, out),
            Input::Do(c) => self.obey(c, out),
        }
        self.call(out);
        for (batch, record) in out.batched.drain(..) {
            Shared::make_mut(&mut self.data).note(batch, record);
        }
        self.post(out);
    }

    /// Makes the calls within application processes.
    fn call(&mut self, out: &mut Out) {
        let setup = self.setup.clone();
        while let Some(call) = out.calls.pop_front() {
            match call {
                AppCall::Init(p) => self.producer(p, &setup, out).start(),
                AppCall::Flush(p) => self.producer(p, &setup, out).flush(),
                AppCall::Close(p) => self.end_producer(p, out),
                AppCall::Send { producer, partition, source, data } => {
                    self.producer(producer, &setup, out).send_derived(source, partition, data);
                }
                AppCall::Call(p, call) => self.producer(p, &setup, out).call(call),
                AppCall::Returned(c, r) => self.returned(c, r, out),
            }
        }
    }

    /// A call of an application's producer returned.
    fn returned(&mut self, c: ConsumerIx, r: Returned, out: &mut Out) {
        let setup = self.setup.clone();
        let s = &setup.consumers[c.ix()];
        if r == Returned::Fatal {
            match s.output.filter(|_| s.streams.as_ref().is_some_and(|s| s.exactly_once)) {
                Some(o) => self.end_producer(o.producer, out), // the thread goes on with a new one
                None => return self.kill_consumer(c, out),
            }
        }
        if self.consumers[c.ix()].up {
            self.consumer(c, &setup, out).returned(r);
        }
    }

    fn consumer<'a>(&'a mut self, c: ConsumerIx, setup: &'a Setup, out: &'a mut Out) -> ConsumerCx<'a> {
        ConsumerCx { c: Shared::make_mut(&mut self.consumers[c.ix()]), setup, data: &self.data, out }
    }

    fn producer<'a>(&'a mut self, p: ProducerIx, setup: &'a Setup, out: &'a mut Out) -> ProducerCx<'a> {
        ProducerCx { p: Shared::make_mut(&mut self.producers[p.ix()]), setup, out }
    }

    /// The broker with this id.
    pub fn broker(&self, b: BrokerId) -> &Broker {
        &self.brokers[b.ix()]
    }

    /// The active controller of the quorum: of several that believe so, the one of the highest epoch.
    pub fn active_voter(&self) -> Option<&Voter> {
        self.voters.iter().map(|v| &**v).filter(|v| v.active().is_some()).max_by_key(|v| v.epoch)
    }

    /// The leader's replica of a partition, while a live broker leads it by the controller's word.
    pub fn leader_replica(&self, p: PartitionId) -> Option<&replica::Replica> {
        let leader = self.controller.partitions[p.ix()].leader?;
        self.broker(leader).replica(p).filter(|r| r.leading().is_some())
    }

    /// Every timer that the state implies.
    pub fn armed(&self, f: &mut impl FnMut(Timer)) {
        if self.voters.is_empty() {
            self.controller.armed(f);
        }
        self.voters.iter().for_each(|v| v.armed(f));
        self.brokers.iter().for_each(|b| b.armed(&self.setup, f));
        self.producers.iter().for_each(|p| p.armed(f));
        self.consumers.iter().for_each(|c| c.armed(&self.setup, f));
    }

    // ---- inputs

    fn deliver(&mut self, id: MsgId, out: &mut Out) {
        let Ok(i) = self.net.binary_search_by_key(&id, |f| f.id) else {
            return;
        };
        let Flight { from, to, body, .. } = self.net.remove(i);
        let message = body.kind();
        if let Actor::Broker(b) = to
            && !self.broker(b).is_up()
        {
            out.event(EventKind::Dropped { msg: id, from, to, message, why: DropReason::ReceiverDown });
            let request = body.is_request();
            if let (true, Some(conn)) = (request && self.broker(b).power != Power::PowerLost, body.conn()) {
                out.send(to, from, Body::Disconnect { conn }); // connection refused
            }
            if let (Body::Txn(t), true) = (&*body, self.broker(b).power != Power::PowerLost)
                && let Some(refused) = t.refused()
            {
                out.send(to, from, Body::Txn(refused));
            }
            return;
        }
        if matches!(to, Actor::Voter(v) if !self.voters[v.ix()].up) {
            return out.event(EventKind::Dropped { msg: id, from, to, message, why: DropReason::ReceiverDown });
        }
        out.event(EventKind::Delivered { msg: id, from, to, message });
        self.take_in(to, &Intake::Message(from, body), out);
        if let Actor::Broker(b) = to {
            self.settle_groups(b, out);
            if !self.broker(b).is_up() {
                self.reset_connections(b, out); // it may exit now (ctrl.BL5)
            }
        }
    }

    fn fire(&mut self, t: Timer, out: &mut Out) {
        let who = t.actor();
        self.take_in(who, &Intake::Timer(t), out);
        if let Actor::Broker(b) = who {
            self.settle_groups(b, out);
        }
    }

    /// An actor takes something in: by its rules or, in a search, as it did before.
    fn take_in(&mut self, who: Actor, what: &Intake, out: &mut Out) {
        let Some(mut memo) = out.memo.take_if(|m| m.remembers()) else { return self.act(who, what, out) };
        let key = memo.key(&self.part(self.place(who)), what);
        let outcome = match memo.outcome(&key) {
            Some(known) => known,
            None => {
                let mut fresh = memo.fresh();
                self.act(who, what, &mut fresh);
                memo.learn(key, &self.part(self.place(who)), fresh)
            }
        };
        self.set_part(who, &outcome.part);
        outcome.tell(out);
        out.memo = Some(memo);
    }

    fn set_part(&mut self, who: Actor, part: &Part) {
        match (who, part) {
            (Actor::Controller, Part::Controller(x)) => self.controller.clone_from(x),
            (Actor::Broker(b), Part::Broker(x)) => self.brokers[b.ix()].clone_from(x),
            (Actor::Producer(p), Part::Producer(x)) => self.producers[p.ix()].clone_from(x),
            (Actor::Consumer(c), Part::Consumer(x)) => self.consumers[c.ix()].clone_from(x),
            (Actor::Voter(v), Part::Voter(x)) => self.voters[v.ix()].clone_from(x),
            _ => unreachable!("an actor stays what it is"),
        }
    }

    /// The rules of one actor: they see the setup and what it takes in, and change nobody else.
    fn act(&mut self, who: Actor, what: &Intake, out: &mut Out) {
        let setup = self.setup.clone();
        match who {
            Actor::Controller => {
                let c = Shared::make_mut(&mut self.controller);
                let mut cx = ControllerCx { c, setup: &setup, out, changes: SmallVec::new(), written: None };
                match what {
                    Intake::Message(from, body) => cx.on_message(*from, body),
                    Intake::Timer(Timer::Session(b)) => cx.on_session(*b),
                    _ => {}
                }
            }
            Actor::Broker(b) => {
                let mut cx = Cx { b: Shared::make_mut(&mut self.brokers[b.ix()]), setup: &setup, data: &self.data, out };
                match what {
                    Intake::Message(from, body) => cx.on_message(*from, body),
                    Intake::Timer(t) => cx.on_timer(*t),
                    Intake::Start => cx.start(),
                    Intake::Down(power) => cx.go_down(*power),
                    Intake::Forget(followers) => cx.b.peers.retain(|p| !followers.has(p.follower)),
                    Intake::Send(..) => {}
                }
            }
            Actor::Producer(p) => {
                let mut cx = self.producer(p, &setup, out);
                match what {
                    Intake::Message(from, body) => cx.on_message(*from, body),
                    Intake::Timer(t) => cx.on_timer(*t),
                    Intake::Send(partition, record, then) => cx.send(*partition, *record, *then),
                    _ => {}
                }
            }
            Actor::Consumer(c) => {
                let mut cx = self.consumer(c, &setup, out);
                match what {
                    Intake::Message(from, body) => cx.on_message(*from, body),
                    Intake::Timer(t) => cx.on_timer(*t),
                    _ => {}
                }
            }
            Actor::Voter(v) => self.voter(v, out, |cx| match what {
                Intake::Message(from, body) => cx.on_message(*from, body),
                Intake::Timer(Timer::Quorum(t)) => cx.on_timer(*t),
                _ => {}
            }),
        }
    }

    /// The rules of a controller of the quorum; then what it committed is so for everybody who looks.
    fn voter(&mut self, v: VoterId, out: &mut Out, act: impl FnOnce(&mut VoterCx)) {
        let setup = self.setup.clone();
        act(&mut VoterCx { v: Shared::make_mut(&mut self.voters[v.ix()]), setup: &setup, out });
        let (voter, end) = (&self.voters[v.ix()], self.controller.end);
        if matches!(voter.role, Role::Leader(_)) && voter.hw > end {
            let c = Shared::make_mut(&mut self.controller);
            for e in &voter.log[end as usize..voter.hw as usize] {
                c.take(&e.record);
                out.events.extend_from_slice(&e.told);
            }
        }
    }

    /// Lets the controller act on a command; nothing comes of it while no controller is active.
    fn control(&mut self, out: &mut Out, act: impl FnOnce(&mut ControllerCx)) {
        if self.voters.is_empty() {
            let (setup, c) = (self.setup.clone(), Shared::make_mut(&mut self.controller));
            return act(&mut ControllerCx { c, setup: &setup, out, changes: SmallVec::new(), written: None });
        }
        match self.active_voter().map(|v| v.id) {
            Some(v) => self.voter(v, out, |cx| cx.control(act)),
            None => out.event(EventKind::Quorum(QuorumEvent::NobodyActive)),
        }
    }

    /// repl.E10. Simplified: brokers and controller know of it at once, where Kafka's wait for the config record.
    fn alter_min_isr(&mut self, p: PartitionId, min_isr: u16, out: &mut Out) {
        if !self.voters.is_empty() && self.active_voter().is_none() {
            return out.event(EventKind::Quorum(QuorumEvent::NobodyActive));
        }
        let all = self.setup.topics[self.setup.partitions[p.ix()].topic].partitions.clone();
        for p in all.map(PartitionId) {
            let partition = &mut Rc::make_mut(&mut self.setup).partitions[p.ix()];
            partition.min_isr = usize::from(min_isr).min(partition.replicas.len());
            out.event(EventKind::MinIsrAltered { partition: p, min_isr });
            self.control(out, |c| c.clear_elr(p));
            let setup = self.setup.clone();
            for b in self.brokers.iter_mut().filter(|b| b.is_up()) {
                Cx { b: Shared::make_mut(b), setup: &setup, data: &self.data, out }.advance(p);
            }
        }
    }

    /// The groups that a broker coordinates follow what became of its replicas.
    fn settle_groups(&mut self, b: BrokerId, out: &mut Out) {
        if self.setup.groups.iter().any(|g| g.protocol != GroupProtocol::Fixed) && self.broker(b).is_up() {
            let b = Shared::make_mut(&mut self.brokers[b.ix()]);
            let mut cx = Cx { b, setup: &self.setup, data: &self.data, out };
            cx.settle_groups(&mut self.rosters);
            cx.settle_share(&mut self.rosters);
        }
    }

    fn obey(&mut self, c: Command, out: &mut Out) {
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
            Command::ElectPreferred(p) => self.control(out, |c| c.elect_preferred(p)),
            Command::AlterMinIsr(p, min_isr) => self.alter_min_isr(p, min_isr, out),
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
    fn reset_connections(&self, b: BrokerId, out: &mut Out) {
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
    fn kill_consumer(&mut self, c: ConsumerIx, out: &mut Out) {
        let setup = self.setup.clone();
        self.consumer(c, &setup, out).crash();
        self.lose(out, DropReason::ConnectionClosed, |f| f.to == Actor::Consumer(c));
        self.forget_client(c, out);
        if let Some(o) = setup.consumers[c.ix()].output {
            self.end_producer(o.producer, out);
        }
    }

    /// The end of a producer, in an application whose process ends or goes on with another one.
    fn end_producer(&mut self, p: ProducerIx, out: &mut Out) {
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

    // ---- connections in the canonical encoding

    /// A connection's ordinal matters only as "the client's current one, or an old one": old ones never come back.
    fn current_conn(&self, client: Actor, server: Actor) -> Option<ConnGen> {
        let Actor::Broker(b) = server else { return None };
        match client {
            Actor::Producer(p) => Some(self.producers[p.ix()].meta.conn(b)),
            Actor::Consumer(c) => Some(self.consumers[c.ix()].meta.conn(b)),
            Actor::Broker(f) => self.broker(f).fetchers.iter().find(|x| x.leader == b).map(|x| x.conn),
            Actor::Controller | Actor::Voter(_) => None,
        }
    }

    /// Is the message of its client's current connection, and, for a fetch, of the session that the leader has?
    fn is_current(&self, f: &Flight) -> (bool, bool) {
        let Some(conn) = f.body.conn() else { return (true, true) };
        if let Body::Fetch { be, .. } = *f.body
            && let (Actor::Broker(follower), Actor::Broker(leader)) = (f.from, f.to)
        {
            let session = self.broker(leader).peers.iter().any(|p| (p.follower, p.conn, p.be) == (follower, conn, be));
            return (self.current_conn(f.from, f.to) == Some(conn), session);
        }
        let (client, server) = if f.body.is_request() { (f.from, f.to) } else { (f.to, f.from) };
        (self.current_conn(client, server) == Some(conn), true)
    }

    /// Takes away what can change nothing any more: answers on connections that were given up, requests on such
    /// connections to a process that is gone, fetch sessions of such connections. For searches; a picture shows them arrive.
    /// Says whose: the client or follower, and its link's other end.
    /// `changes`: since a state where nothing was unread.
    pub(crate) fn prune_unread(&mut self, changes: &Changes, out: &mut Out) -> SmallVec<[(Actor, Actor); 2]> {
        let mut gone: SmallVec<[(Actor, Actor); 2]> = SmallVec::new();
        let unread: SmallVec<[MsgId; 4]> = self.maybe_unread(changes).filter(|f| self.is_unread(f)).map(|f| f.id).collect();
        if !unread.is_empty() {
            gone.extend(self.net.iter().filter(|f| unread.contains(&f.id)).map(|f| (f.from, f.to)));
            self.net.retain(|f| !unread.contains(&f.id));
        }
        for i in 0..self.brokers.len() {
            let b = self.brokers[i].id;
            if !self.maybe_stale(b, changes) {
                continue;
            }
            let me = Actor::Broker(b);
            let stale: SmallVec<[BrokerId; 4]> = self.brokers[i].peers.iter().filter(|p| self.is_stale(b, p)).map(|p| p.follower).collect();
            if !stale.is_empty() {
                gone.extend(stale.iter().map(|f| (Actor::Broker(*f), me)));
                let stale = stale.into_iter().collect();
                self.take_in(me, &Intake::Forget(stale), out);
            }
        }
        gone
    }

    /// Is a fetch session that a broker holds of a connection that was given up, or of a process that is gone?
    fn is_stale(&self, leader: BrokerId, p: &Peer) -> bool {
        let follower = Actor::Broker(p.follower);
        self.current_conn(follower, Actor::Broker(leader)) != Some(p.conn) || self.broker(p.follower).epoch != Some(p.be)
    }

    fn is_unread(&self, f: &Flight) -> bool {
        if self.is_current(f).0 {
            return false;
        }
        !f.body.is_request() || matches!(f.to, Actor::Broker(b) if !self.broker(b).is_up())
    }

    /// Which of the requests and sessions that a broker holds are of their clients' current connections; none if it holds none.
    fn encode_connections(&self, b: &Broker) -> Option<(u64, u64)> {
        let (me, mut bits, mut any) = (Actor::Broker(b.id), 1u64, false);
        let mut note = |client: Actor, conn: ConnGen| {
            any = true;
            bits = bits.rotate_left(1) ^ u64::from(self.current_conn(client, me) == Some(conn)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        };
        b.peers.iter().for_each(|p| note(Actor::Broker(p.follower), p.conn));
        b.produces.iter().for_each(|p| note(Actor::Producer(p.producer), p.conn));
        b.commits.iter().for_each(|c| note(Actor::Consumer(c.consumer), c.conn));
        b.consumer_fetches.iter().for_each(|c| note(Actor::Consumer(c.consumer), c.conn));
        if !self.setup.groups.is_empty() {
            for m in b.groups.iter().flat_map(|g| &g.members) {
                m.joining.iter().chain(&m.syncing).for_each(|c| note(Actor::Consumer(m.id.consumer), *c));
            }
            b.consumer_groups.iter().flat_map(|g| g.connections()).for_each(|(c, conn)| note(Actor::Consumer(c), conn));
            b.share_connections().for_each(|(c, conn)| note(Actor::Consumer(c), conn));
        }
        if !self.setup.transactions.is_empty() {
            b.txn.connections().for_each(|(p, conn)| note(Actor::Producer(p), conn));
        }
        any.then_some((3 << 56 | u64::from(b.id.0), bits))
    }

    // ---- the wire

    /// Messages that will not arrive any more.
    fn lose(&mut self, out: &mut Out, why: DropReason, which: impl Fn(&Flight) -> bool) {
        for f in self.net.iter().filter(|f| which(f)) {
            out.event(EventKind::Dropped { msg: f.id, from: f.from, to: f.to, message: f.body.kind(), why });
        }
        self.net.retain(|f| !which(f));
    }

    /// Puts what was sent on the wire, in order; a cut link swallows it.
    fn post(&mut self, out: &mut Out) {
        let mut sends = std::mem::take(&mut out.sends);
        for (from, to, body) in sends.drain(..) {
            self.post_one(from, to, body, out);
        }
        out.sends = sends; // its room is used again
    }

    fn post_one(&mut self, from: Actor, to: Actor, body: Shared<Body>, out: &mut Out) {
        let (id, message, conn) = (MsgId(self.next_msg), body.kind(), body.conn());
        self.next_msg += 1;
        out.event(EventKind::Sent { msg: id, from, to, message, due_us: 0 });
        let why = if self.cut.contains(&(from, to)) {
            Some(DropReason::LinkCut)
        } else if body.is_client_response() && self.drop_next.contains(&(from, to)) {
            Some(DropReason::Fault)
        } else {
            None
        };
        match why {
            None => self.net.push(Flight { id, from, to, body }),
            Some(why) => {
                out.event(EventKind::Dropped { msg: id, from, to, message, why });
                if why == DropReason::Fault {
                    self.drop_next.retain(|l| *l != (from, to));
                    if let Some(conn) = conn {
                        self.post_one(from, to, Shared::new(Body::Disconnect { conn }), out); // the client sees its connection end
                    }
                }
            }
        }
    }
}

impl Timer {
    /// Whose timer it is.
    pub fn actor(&self) -> Actor {
        match *self {
            Timer::Heartbeat(b)
            | Timer::RegistrationRetry(b)
            | Timer::IsrCheck(b)
            | Timer::HwCheckpoint(b)
            | Timer::Writeback(b)
            | Timer::Retention(b)
            | Timer::Cleaner(b) => Actor::Broker(b),
            Timer::Lag { leader, .. } | Timer::FetchWait { leader, .. } => Actor::Broker(leader),
            Timer::FetchTimeout { follower, .. } | Timer::FetchBackoff { follower, .. } => Actor::Broker(follower),
            Timer::SegmentExpiry { broker, .. } | Timer::CompactionLag { broker, .. } => Actor::Broker(broker),
            Timer::DeleteHorizon { broker, .. } | Timer::Flush { broker, .. } | Timer::ProducerExpiry { broker, .. } => {
                Actor::Broker(broker)
            }
            Timer::ProduceWait { broker, .. } | Timer::AlterRetry { broker, .. } | Timer::ConsumerFetchWait { broker, .. } => {
                Actor::Broker(broker)
            }
            Timer::Session(_) => Actor::Controller,
            Timer::Quorum(t) => t.actor(),
            Timer::Linger(p, _) | Timer::RetryBackoff(p, _) => Actor::Producer(p),
            Timer::Delivery(b) => Actor::Producer(b.producer),
            Timer::RequestTimeout(a, ..) | Timer::MetadataBackoff(a) => a,
            Timer::Handling(c) | Timer::CommitCall(c) | Timer::ConsumerBackoff(c) | Timer::AutoCommit(c) => Actor::Consumer(c),
            Timer::GroupHeartbeat(c) | Timer::MaxPoll(c) => Actor::Consumer(c),
            Timer::MemberSession(b, _) | Timer::InitialRebalance(b, _) | Timer::Rebalance(b, _) => Actor::Broker(b),
            Timer::MemberRebalance(b, _) | Timer::AssignmentInterval(b, _) => Actor::Broker(b),
            Timer::Share(ShareTimer::Lock(b, ..) | ShareTimer::State(b, ..)) => Actor::Broker(b),
            Timer::Txn(t) => match t {
                TxnTimer::Timeout(b, _) | TxnTimer::Check(b) | TxnTimer::MarkerRetry(b, _) | TxnTimer::MarkerTimeout(b, _) => {
                    Actor::Broker(b)
                }
                TxnTimer::AddRetry(b, _) | TxnTimer::AddGiveUp(b, _) | TxnTimer::AddTimeout(b, _) => Actor::Broker(b),
                TxnTimer::Backoff(p) | TxnTimer::ShortBackoff(p) => Actor::Producer(p),
            },
        }
    }
}

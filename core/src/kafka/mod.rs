//! The rules of Kafka as pure state machines, and the world that connects them.
//!
//! Nothing here knows the time. A step takes one [`Input`] (a message arrives, a timer runs out, somebody does
//! something) and fills an [`Out`] (messages, timers, events). The simulation feeds inputs in the order of their
//! deadlines; the trial feeds them in every order.

pub mod accumulator;
pub mod assignor;
pub mod broker;
pub(crate) mod changes;
pub mod client;
mod commands;
pub mod consumer;
pub mod controller;
mod encoding;
mod fetching;
pub mod group;
mod isr;
pub mod log;
mod memo;
pub mod message;
mod offices;
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
pub(crate) mod unread;
mod upkeep;
pub mod zookeeper;

use crate::event::{DropReason, EventKind, QuorumEvent};
use crate::ids::*;
use crate::shared::Shared;
use broker::{Broker, Cx, Power};
use consumer::{Consumer, ConsumerCx};
use controller::{Controller, ControllerCx};
use group::GroupRecord;
use log::records::RecordTable;
use memo::Intake;
use message::Body;
use parts::Part;
use producer::{Producer, ProducerCx};
use quorum::{Role, Voter, VoterCx};
use setup::GroupProtocol;
pub use setup::Setup;
use smallvec::SmallVec;
use std::rc::Rc;
use step::{AppCall, Returned};
pub use step::{Base, Command, Input, Out, Timer, TimerOp};
use zookeeper::{NodeCx, ZkTimer};

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
    /// The controller; with a quorum, what is committed in the metadata log; with ZooKeeper, what that has.
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
        if setup.zookeeper {
            controller.armed(&mut |t| out.arm(t));
        } else if setup.voters == 1 {
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

    /// What the clocks show from now on, where timestamps are made of it.
    pub(crate) fn set_clock(&mut self, ms: u64) {
        if self.data.clock_ms != ms {
            Shared::make_mut(&mut self.data).clock_ms = ms;
        }
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
        for batch in out.stamped.drain(..) {
            Shared::make_mut(&mut self.data).stamp(batch);
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

    /// With ZooKeeper: the broker that created `/controller`, once it has read everything.
    pub fn acting_controller(&self) -> Option<BrokerId> {
        let b = self.controller.zk.as_ref()?.controller()?;
        self.broker(b).zk.as_ref()?.acting.as_ref()?.state.is_some().then_some(b)
    }

    /// Does ZooKeeper run? True where there is none.
    pub fn zookeeper_up(&self) -> bool {
        self.controller.zk.as_ref().is_none_or(|z| z.up)
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
        if matches!(to, Actor::Voter(v) if !self.voters[v.ix()].up) || to == Actor::Zookeeper && !self.zookeeper_up() {
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
            if !self.broker(b).is_up() {
                self.reset_connections(b, out); // its process has ended by itself
            }
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
            (Actor::Controller | Actor::Zookeeper, Part::Controller(x)) => self.controller.clone_from(x),
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
                    Intake::Rest(ahead) => cx.b.rest(*ahead),
                    Intake::Send(..) => {}
                }
            }
            Actor::Producer(p) => {
                let mut cx = self.producer(p, &setup, out);
                match what {
                    Intake::Message(from, body) => cx.on_message(*from, body),
                    Intake::Timer(t) => cx.on_timer(*t),
                    Intake::Send(partition, record, then) => cx.send(*partition, *record, *then),
                    Intake::Rest(_) => cx.p.rest(),
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
            Actor::Zookeeper => self.zookeeper(out, |cx| match what {
                Intake::Message(Actor::Broker(b), body) => {
                    if let Body::Zk(body) = &**body {
                        cx.on_message(*b, body);
                    }
                }
                Intake::Timer(Timer::Zk(ZkTimer::Session(s))) => cx.on_session(*s),
                _ => {}
            }),
            Actor::Voter(v) => self.voter(v, out, |cx| match what {
                Intake::Message(from, body) => cx.on_message(*from, body),
                Intake::Timer(Timer::Quorum(t)) => cx.on_timer(*t),
                _ => {}
            }),
        }
    }

    fn zookeeper(&mut self, out: &mut Out, act: impl FnOnce(&mut NodeCx)) {
        act(&mut NodeCx { c: Shared::make_mut(&mut self.controller), out });
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

    /// The groups that a broker coordinates follow what became of its replicas.
    fn settle_groups(&mut self, b: BrokerId, out: &mut Out) {
        if self.setup.groups.iter().any(|g| g.protocol != GroupProtocol::Fixed) && self.broker(b).is_up() {
            let b = Shared::make_mut(&mut self.brokers[b.ix()]);
            let mut cx = Cx { b, setup: &self.setup, data: &self.data, out };
            cx.settle_groups(&mut self.rosters);
            cx.settle_share(&mut self.rosters);
        }
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

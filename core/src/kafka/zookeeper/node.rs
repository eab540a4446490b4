//! ZooKeeper: sessions, ephemeral nodes, conditional writes, watches (ctrl.Z1, Z2, Z5).

use super::{News, Session, Writes, Written, ZkAnswer, ZkBody, ZkOp, ZkTimer, Zookeeper};
use crate::event::{EventKind, ZkEvent};
use crate::ids::*;
use crate::kafka::controller::Controller;
use crate::kafka::message::{Body, Incarnation};
use crate::kafka::step::{Out, Timer};

/// ZooKeeper at work.
pub(in crate::kafka) struct NodeCx<'a> {
    pub c: &'a mut Controller,
    pub out: &'a mut Out,
}

impl Zookeeper {
    /// Timers that its state implies.
    pub(in crate::kafka) fn armed(&self, f: &mut impl FnMut(Timer)) {
        if self.up {
            self.sessions.iter().for_each(|s| f(ZkTimer::Session(s.id).into()));
        }
    }
}

impl NodeCx<'_> {
    fn zk(&mut self) -> &mut Zookeeper {
        self.c.zk.as_mut().expect("it is asked only where there is one")
    }

    fn send(&mut self, to: BrokerId, body: ZkBody) {
        self.out.send(Actor::Zookeeper, Actor::Broker(to), Body::Zk(body));
    }

    fn tell(&mut self, e: ZkEvent) {
        self.out.event(EventKind::Zk(e));
    }

    /// A broker asks for something.
    pub fn on_message(&mut self, b: BrokerId, body: &ZkBody) {
        match body {
            ZkBody::Connect { life } => self.connect(b, *life),
            ZkBody::Ping { session, seen } => self.ping(b, *session, *seen),
            ZkBody::CloseSession { session } => self.end(*session),
            ZkBody::Request { session, op } if self.heard_of(b, *session) => self.obey(b, *session, op),
            _ => {}
        }
    }

    /// ctrl.Z1: nothing was heard of a session for `zookeeper.session.timeout.ms`.
    pub fn on_session(&mut self, id: SessionId) {
        if let Some(s) = self.zk().sessions.iter().find(|s| s.id == id).copied() {
            self.tell(ZkEvent::SessionExpired { broker: s.broker, controller: s.controller });
        }
        self.end(id);
    }

    /// Its process dies. Everything is on its disk.
    pub fn crash(&mut self) {
        let mut timers = Vec::new();
        self.zk().armed(&mut |t| timers.push(t));
        timers.into_iter().for_each(|t| self.out.disarm(t));
        self.zk().up = false;
        self.tell(ZkEvent::Crashed);
    }

    /// It starts again. Sessions that were open are, and get their whole timeout.
    pub fn start(&mut self) {
        self.zk().up = true;
        let mut timers = Vec::new();
        self.zk().armed(&mut |t| timers.push(t));
        timers.into_iter().for_each(|t| self.out.arm(t));
        self.tell(ZkEvent::Started);
    }

    // ---- sessions

    fn connect(&mut self, b: BrokerId, life: Incarnation) {
        let zk = self.zk();
        let known = zk.sessions.iter().find(|s| (s.broker, s.life) == (b, life)).map(|s| s.id);
        let session = known.unwrap_or_else(|| {
            zk.last = SessionId(zk.last.0 + 1);
            zk.sessions.push(Session { id: zk.last, broker: b, life, registered: false, controller: false });
            zk.last
        });
        self.out.arm(ZkTimer::Session(session).into());
        self.send(b, ZkBody::ConnectResponse { session });
    }

    /// Is the session open? Then it goes on; else its client is told.
    fn heard_of(&mut self, b: BrokerId, session: SessionId) -> bool {
        let open = self.zk().sessions.iter().any(|s| s.id == session);
        if open {
            self.out.arm(ZkTimer::Session(session).into());
        } else {
            self.send(b, ZkBody::SessionExpired { session });
        }
        open
    }

    fn ping(&mut self, b: BrokerId, session: SessionId, seen: u32) {
        if !self.heard_of(b, session) {
            return;
        }
        let zk = self.zk();
        let watches_all = zk.controller() == Some(b);
        if watches_all {
            zk.notes.retain(|n| n.0 > seen); // it has dealt with these, and deletes their nodes
        }
        if seen < if watches_all { zk.zxid } else { zk.controller_zxid } {
            self.watch(b);
        }
    }

    /// A session is over, and its ephemeral nodes go with it.
    fn end(&mut self, id: SessionId) {
        let zk = self.zk();
        let Some(i) = zk.sessions.iter().position(|s| s.id == id) else { return };
        let s = zk.sessions.remove(i);
        self.out.disarm(ZkTimer::Session(id).into());
        if s.registered {
            let r = &mut self.c.brokers[s.broker.ix()];
            (r.live, r.fenced) = (false, true);
        }
        if s.controller {
            self.controller_changed();
        } else if s.registered {
            self.brokers_changed();
        }
    }

    // ---- watches

    fn news(&self) -> Option<News> {
        let zk = self.c.zk.as_ref()?;
        Some(News {
            zxid: zk.zxid,
            controller: (zk.controller(), zk.epoch),
            brokers: self.c.brokers.iter().map(|r| r.live.then_some(r.epoch)).collect(),
            notes: zk.notes.iter().map(|n| (n.1, self.c.partitions[n.1.ix()])).collect(),
        })
    }

    fn watch(&mut self, b: BrokerId) {
        if let Some(news) = self.news() {
            self.send(b, ZkBody::Watch(news));
        }
    }

    /// ctrl.Z2: everybody watches `/controller`.
    fn controller_changed(&mut self) {
        let zk = self.zk();
        zk.zxid += 1;
        zk.controller_zxid = zk.zxid;
        let all: Vec<BrokerId> = zk.sessions.iter().map(|s| s.broker).collect();
        all.into_iter().for_each(|b| self.watch(b));
    }

    /// The controller watches `/brokers/ids`, and what leaders write.
    fn brokers_changed(&mut self) {
        self.zk().zxid += 1;
        if let Some(b) = self.zk().controller() {
            self.watch(b);
        }
    }

    // ---- nodes

    fn obey(&mut self, b: BrokerId, session: SessionId, op: &ZkOp) {
        let answer = match op {
            ZkOp::CreateBroker => self.create_broker(b, session),
            ZkOp::CreateController => self.create_controller(b, session),
            ZkOp::ReadState => match self.news() {
                Some(news) => ZkAnswer::State(news, self.c.partitions.clone()),
                None => return,
            },
            ZkOp::WriteStates { epoch, writes, told } => ZkAnswer::States(self.write(session, *epoch, writes, told)),
            ZkOp::WriteIsr { partition, le, pe, isr } => {
                let result = self.write_isr(b, *partition, *pe, *isr);
                ZkAnswer::Isr { partition: *partition, asked: (*le, *pe), result }
            }
        };
        self.send(b, ZkBody::Response(answer));
    }

    /// ctrl.Z1. NodeExists while an older session of this broker is open: of the process that was killed just now.
    fn create_broker(&mut self, b: BrokerId, session: SessionId) -> ZkAnswer {
        let zk = self.zk();
        match zk.sessions.iter().find(|s| s.broker == b && s.registered).map(|s| s.id) {
            Some(owner) if owner == session => return ZkAnswer::Broker(Some(self.c.brokers[b.ix()].epoch)),
            Some(_) => return ZkAnswer::Broker(None),
            None => {}
        }
        zk.sessions.iter_mut().filter(|s| s.id == session).for_each(|s| s.registered = true);
        let r = &mut self.c.brokers[b.ix()];
        (r.live, r.fenced, r.epoch) = (true, false, BrokerEpoch(r.epoch.0 + 1));
        let epoch = r.epoch;
        self.tell(ZkEvent::Registered { broker: b, epoch });
        self.brokers_changed();
        ZkAnswer::Broker(Some(epoch))
    }

    /// ctrl.Z2: the first one is the controller.
    fn create_controller(&mut self, b: BrokerId, session: SessionId) -> ZkAnswer {
        let zk = self.zk();
        if let Some(other) = zk.controller() {
            return ZkAnswer::Controller(other, zk.epoch);
        }
        zk.sessions.iter_mut().filter(|s| s.id == session).for_each(|s| s.controller = true);
        zk.epoch = ControllerEpoch(zk.epoch.0 + 1);
        let epoch = zk.epoch;
        self.tell(ZkEvent::ControllerElected { broker: b, epoch });
        self.controller_changed();
        ZkAnswer::Controller(b, epoch)
    }

    /// ctrl.Z4: the controller's write, if it still is the controller and knows what is there.
    fn write(&mut self, session: SessionId, epoch: ControllerEpoch, writes: &Writes, told: &[EventKind]) -> Written {
        let zk = self.zk();
        if zk.epoch != epoch || !zk.sessions.iter().any(|s| s.id == session && s.controller) {
            return Written::ControllerMoved;
        }
        let now = |p: PartitionId| self.c.partitions[p.ix()];
        if writes.iter().all(|(p, _, s)| now(*p) == *s) {
            return Written::Yes; // written before; the answer was lost
        }
        if writes.iter().any(|(p, known, _)| now(*p).pe != *known) {
            return Written::BadVersion(writes.iter().map(|(p, ..)| (*p, now(*p))).collect());
        }
        writes.iter().for_each(|(p, _, s)| self.c.partitions[p.ix()] = *s);
        self.out.events.extend_from_slice(told);
        Written::Yes
    }

    /// ctrl.Z5: a leader's own write (before PV5).
    fn write_isr(&mut self, b: BrokerId, p: PartitionId, pe: PartitionEpoch, isr: BrokerSet) -> Result<(BrokerSet, PartitionEpoch), ()> {
        let s = &mut self.c.partitions[p.ix()];
        let next = PartitionEpoch(pe.0 + 1);
        if (s.pe, s.isr) == (next, isr) && s.leader == Some(b) {
            return Ok((isr, next)); // written before; the answer was lost
        }
        if s.pe != pe {
            self.tell(ZkEvent::BadVersion { broker: b, partition: p });
            return Err(());
        }
        (s.isr, s.pe) = (isr, next);
        let elr = s.elr;
        self.tell(ZkEvent::IsrWritten { broker: b, partition: p });
        self.out.event(EventKind::IsrChanged { partition: p, isr, elr, epoch: next });
        let zxid = self.zk().zxid + 1;
        self.zk().notes.retain(|n| n.1 != p);
        self.zk().notes.push((zxid, p));
        self.brokers_changed();
        Ok((isr, next))
    }
}

//! A broker as a client of ZooKeeper: its session, what it asks for, what the controller pushes to it (ctrl.Z1, Z3, Z5, Z6).

use super::active::Acting;
use super::{News, Push, PushKind, Task, ZkAnswer, ZkBody, ZkOp, ZkTimer};
use crate::event::{ErrorCode, EventKind, ZkEvent};
use crate::ids::*;
use crate::kafka::broker::{Broker, Cx, Power};
use crate::kafka::message::{Body, Change};
use crate::kafka::replica::PendingIsr;
use crate::kafka::setup::Setup;
use crate::kafka::step::Timer;
use smallvec::SmallVec;

/// `controlled.shutdown.max.retries`: after so many questions that nobody answered, a broker stops anyway.
const SHUTDOWN_TRIES: u8 = 3;

/// What a broker has to do with ZooKeeper.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ZkSide {
    /// Its session, once ZooKeeper has opened one.
    pub session: Option<SessionId>,
    /// It has just started, and gives up after `zookeeper.connection.timeout.ms`.
    pub starting: bool,
    /// What it has asked for, and no answer came.
    pub waits: SmallVec<[ZkOp; 1]>,
    /// The newest change that it knows.
    seen: u32,
    /// The controller, as far as it knows.
    pub controller: Option<BrokerId>,
    /// The highest controller epoch that it has heard of.
    pub epoch: ControllerEpoch,
    /// How often it has asked to be shut down.
    tries: u8,
    /// What it does as the controller, if it is.
    pub acting: Option<Box<Acting>>,
}

impl ZkSide {
    /// Of a broker in the settled cluster.
    pub(in crate::kafka) fn settled(b: BrokerId, setup: &Setup) -> Self {
        let first = super::first_controller(setup);
        ZkSide {
            session: Some(SessionId(b.0.into())),
            starting: false,
            controller: Some(first),
            epoch: ControllerEpoch(1),
            acting: (first == b).then(|| Box::new(Acting::settled(setup))),
            ..ZkSide::at_start(false)
        }
    }

    /// Of a process that starts, or is down.
    pub(in crate::kafka) fn at_start(starting: bool) -> Self {
        ZkSide {
            session: None,
            starting,
            waits: SmallVec::new(),
            seen: 0,
            controller: None,
            epoch: ControllerEpoch(0),
            tries: 0,
            acting: None,
        }
    }

    /// Does it wait for an answer of ZooKeeper?
    fn asks(&self) -> bool {
        self.session.is_none() || !self.waits.is_empty()
    }

    /// Timers that it implies.
    pub(in crate::kafka) fn armed(&self, b: BrokerId, f: &mut impl FnMut(Timer)) {
        if self.starting {
            f(ZkTimer::GiveUp(b).into());
        }
        if self.asks() {
            f(ZkTimer::Retry(b).into());
        }
        if let Some(a) = &self.acting {
            a.waiting_for().for_each(|to| f(ZkTimer::Push(b, to).into()));
        }
    }
}

impl Broker {
    /// Its part in a cluster with ZooKeeper.
    ///
    /// # Panics
    /// There is none.
    pub(super) fn zk(&mut self) -> &mut ZkSide {
        self.zk.as_mut().expect("these messages come only where there is a ZooKeeper")
    }
}

impl Cx<'_> {
    pub(super) fn tell_zk(&mut self, e: ZkEvent) {
        self.out.event(EventKind::Zk(e));
    }

    fn send_zk(&mut self, body: ZkBody) {
        self.send(Actor::Zookeeper, Body::Zk(body));
    }

    /// A message of ZooKeeper, or of a controller or to one.
    pub(in crate::kafka) fn on_zk(&mut self, from: Actor, body: &ZkBody) {
        match (from, body) {
            (Actor::Zookeeper, ZkBody::ConnectResponse { session }) => self.on_connected(*session),
            (Actor::Zookeeper, ZkBody::SessionExpired { session }) => self.on_session_expired(*session),
            (Actor::Zookeeper, ZkBody::Response(answer)) => self.on_zk_answer(answer),
            (Actor::Zookeeper, ZkBody::Watch(news)) => self.on_news(news),
            (Actor::Broker(c), ZkBody::Push(push)) => self.on_push(c, push),
            (Actor::Broker(b), ZkBody::PushResponse { seq, .. }) => self.on_pushed(b, *seq),
            (Actor::Broker(b), ZkBody::ControlledShutdown { be }) => self.for_controller(Task::Shutdown(b, *be)),
            _ => {}
        }
    }

    /// A timer ran out.
    pub(in crate::kafka) fn on_zk_timer(&mut self, t: ZkTimer) {
        match t {
            ZkTimer::GiveUp(_) => self.exit(ZkEvent::ConnectionTimedOut { broker: self.b.id }),
            ZkTimer::Retry(_) => self.ask_again(),
            ZkTimer::Push(_, to) => self.push_next(to),
            ZkTimer::Session(_) => {}
        }
    }

    // ---- the session (ctrl.Z1)

    /// The process starts.
    pub(in crate::kafka) fn zk_start(&mut self) {
        self.b.zk = Some(Box::new(ZkSide::at_start(true)));
        self.out.arm(ZkTimer::GiveUp(self.b.id).into());
        self.ask_again();
    }

    /// Asks for everything that was not answered.
    fn ask_again(&mut self) {
        let (me, life) = (self.b.id, self.b.incarnation);
        let z = self.b.zk();
        match z.session {
            None => self.send_zk(ZkBody::Connect { life }),
            Some(session) => {
                for op in z.waits.clone() {
                    self.send_zk(ZkBody::Request { session, op });
                }
            }
        }
        self.out.arm(ZkTimer::Retry(me).into());
    }

    /// Asks ZooKeeper for something; a question for the same thing that is open is no longer of interest.
    pub(in crate::kafka) fn ask(&mut self, op: ZkOp) {
        let z = self.b.zk();
        let partition = |x: &ZkOp| if let ZkOp::WriteIsr { partition, .. } = x { Some(*partition) } else { None };
        z.waits.retain(|x| std::mem::discriminant(x) != std::mem::discriminant(&op) || partition(x) != partition(&op));
        z.waits.push(op.clone());
        if let Some(session) = z.session {
            self.send_zk(ZkBody::Request { session, op });
        }
        self.out.arm(ZkTimer::Retry(self.b.id).into());
    }

    /// These questions are answered, or of no interest any more. Says whether there were any.
    pub(super) fn ask_no_more(&mut self, which: impl Fn(&ZkOp) -> bool) -> bool {
        let z = self.b.zk();
        let before = z.waits.len();
        z.waits.retain(|op| !which(op));
        let fewer = z.waits.len() < before;
        if fewer && !z.asks() {
            self.out.disarm(ZkTimer::Retry(self.b.id).into());
        }
        fewer
    }

    fn on_connected(&mut self, session: SessionId) {
        let me = self.b.id;
        let z = self.b.zk();
        if z.session.is_some() {
            return;
        }
        z.session = Some(session);
        if std::mem::take(&mut z.starting) {
            self.out.disarm(ZkTimer::GiveUp(me).into());
        }
        self.ask(ZkOp::CreateBroker);
        if self.b.zk().waits.len() > 1 {
            self.ask_again();
        }
    }

    /// Its ephemeral nodes are gone. It goes on serving, and registers again.
    fn on_session_expired(&mut self, session: SessionId) {
        if self.b.zk().session != Some(session) {
            return;
        }
        self.b.zk().session = None;
        self.resign();
        self.ask_again();
    }

    /// Its process ends by itself.
    fn exit(&mut self, why: ZkEvent) {
        self.tell_zk(why);
        self.close_session();
        self.go_down(Power::Crashed);
    }

    pub(in crate::kafka) fn close_session(&mut self) {
        if let Some(session) = self.b.zk.as_ref().and_then(|z| z.session) {
            self.send_zk(ZkBody::CloseSession { session });
        }
    }

    /// In place of a heartbeat to a controller: a ping. A broker that stops asks the controller once more.
    pub(in crate::kafka) fn zk_beat(&mut self) {
        self.out.arm(Timer::Heartbeat(self.b.id));
        let z = self.b.zk();
        if let Some(session) = z.session {
            let seen = z.seen;
            self.send_zk(ZkBody::Ping { session, seen });
        }
        if self.b.stopping {
            self.ask_for_shutdown();
        }
    }

    /// ctrl.Z6: leaderships are moved away first; where nobody does that, the broker stops all the same.
    fn ask_for_shutdown(&mut self) {
        let z = self.b.zk();
        z.tries += 1;
        if z.tries > SHUTDOWN_TRIES {
            return self.finish_stop();
        }
        let Some(be) = self.b.epoch else { return };
        let me = self.b.id;
        match self.b.zk().controller {
            Some(c) if c == me => self.for_controller(Task::Shutdown(c, be)),
            Some(c) => self.send(Actor::Broker(c), Body::Zk(ZkBody::ControlledShutdown { be })),
            None => {}
        }
    }

    // ---- what ZooKeeper says

    fn on_zk_answer(&mut self, answer: &ZkAnswer) {
        let me = self.b.id;
        match answer {
            ZkAnswer::Broker(result) => {
                if !self.ask_no_more(|op| matches!(op, ZkOp::CreateBroker)) {
                    return;
                }
                let Some(epoch) = *result else { return self.exit(ZkEvent::NodeExists { broker: me }) };
                if self.b.epoch.replace(epoch).is_none() {
                    self.arm_periodic();
                }
                self.ask(ZkOp::CreateController);
            }
            ZkAnswer::Controller(who, epoch) => {
                self.ask_no_more(|op| matches!(op, ZkOp::CreateController));
                self.found_controller(*who, *epoch);
                // Perhaps it had heard of another one meanwhile, who is gone.
                let z = self.b.zk();
                if *who == me && z.epoch == *epoch && z.session.is_some() && z.acting.is_none() {
                    self.b.zk().acting = Some(Box::new(Acting::new(*epoch)));
                    self.ask(ZkOp::ReadState);
                }
            }
            ZkAnswer::State(news, partitions) => {
                if self.ask_no_more(|op| matches!(op, ZkOp::ReadState)) {
                    self.b.zk().seen = news.zxid;
                    self.take_over(news, partitions);
                }
            }
            ZkAnswer::States(written) => {
                if self.ask_no_more(|op| matches!(op, ZkOp::WriteStates { .. })) {
                    self.on_written(written);
                }
            }
            ZkAnswer::Isr { partition, asked, result } => self.on_isr_written(*partition, *asked, *result),
        }
    }

    /// ctrl.Z5: what became of its own ISR write (before PV5).
    fn on_isr_written(&mut self, p: PartitionId, asked: (LeaderEpoch, PartitionEpoch), result: Result<(BrokerSet, PartitionEpoch), ()>) {
        if !self.ask_no_more(|op| matches!(op, ZkOp::WriteIsr { partition, le, pe, .. } if (*partition, (*le, *pe)) == (p, asked))) {
            return;
        }
        match result {
            Ok(written) => self.on_alter_response(p, asked.0, Ok(written)),
            Err(()) if self.b.replica(p).is_some_and(|r| r.le == asked.0) => {
                self.drop_pending(p);
                self.advance(p);
            }
            Err(()) => {}
        }
    }

    /// A watch: somebody else is the controller, or nobody; brokers have come or gone.
    fn on_news(&mut self, news: &News) {
        let z = self.b.zk();
        if news.zxid < z.seen {
            return;
        }
        z.seen = news.zxid;
        match news.controller {
            (Some(c), epoch) => {
                self.found_controller(c, epoch);
                if c == self.b.id && self.b.epoch.is_some() && self.b.zk().acting.is_none() {
                    self.ask(ZkOp::CreateController); // it is, and the answer has not come
                }
            }
            (None, _) if self.b.epoch.is_some() => {
                self.b.zk().controller = None;
                self.resign();
                self.ask(ZkOp::CreateController);
            }
            (None, _) => {}
        }
        self.on_brokers(news);
    }

    /// It knows the controller: what it has to ask goes there.
    fn found_controller(&mut self, c: BrokerId, epoch: ControllerEpoch) {
        let me = self.b.id;
        let z = self.b.zk();
        if epoch < z.epoch {
            return;
        }
        let news = (z.controller, z.epoch) != (Some(c), epoch);
        (z.controller, z.epoch) = (Some(c), epoch);
        if z.acting.as_ref().is_some_and(|a| c != me || a.epoch < epoch) {
            self.resign();
        }
        self.ask_no_more(|op| matches!(op, ZkOp::CreateController) && c != me);
        if news && self.b.epoch.is_some() {
            let asking = self.b.replicas.iter().filter(|r| r.leading().is_some_and(|l| l.pending != PendingIsr::None));
            let asking: SmallVec<[PartitionId; 2]> = asking.map(|r| r.partition).collect();
            asking.into_iter().for_each(|p| self.send_alter(p));
        }
    }

    // ---- what the controller says (ctrl.Z3)

    fn on_push(&mut self, from: BrokerId, push: &Push) {
        let Some(be) = self.b.epoch else { return };
        let error = if push.epoch < self.b.zk().epoch {
            self.tell_zk(ZkEvent::StaleController { broker: self.b.id, from, epoch: push.epoch });
            Some(ErrorCode::StaleControllerEpoch)
        } else if push.be < be {
            Some(ErrorCode::StaleBrokerEpoch) // KIP-380: meant for the process before
        } else {
            self.found_controller(from, push.epoch);
            self.take_push(push.kind, &push.changes);
            None
        };
        self.send(Actor::Broker(from), Body::Zk(ZkBody::PushResponse { seq: push.seq, kind: push.kind, error }));
    }

    /// Takes over what the controller says.
    pub(super) fn take_push(&mut self, kind: PushKind, changes: &[Change]) {
        match kind {
            PushKind::LeaderAndIsr => {
                for c in changes {
                    if let Change::Partition { partition, leader, le, pe, isr } = *c {
                        self.apply_partition(partition, leader, le, pe, isr);
                    }
                }
            }
            PushKind::UpdateMetadata => changes.iter().for_each(|c| self.take_view(c)),
        }
        self.recheck_all();
        self.leaders_changed();
    }
}

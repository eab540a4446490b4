//! The active controller: the rules of [`crate::kafka::controller`] on top of the log (ctrl.C5, BL6).

use super::{MetaEntry, MetaRecord, QuorumBody, QuorumTimer, Role, VoterCx};
use crate::event::{ErrorCode, QuorumEvent};
use crate::ids::*;
use crate::kafka::controller::{Controller, ControllerCx, PartitionState};
use crate::kafka::message::{Body, Change};
use crate::kafka::setup::Setup;
use crate::kafka::step::{Out, Timer, TimerOp};
use smallvec::SmallVec;

impl Controller {
    /// The state that these records lead to, from the settled cluster on.
    pub fn replayed(setup: &Setup, log: &[MetaEntry]) -> Self {
        let mut c = Controller::settled(setup);
        log.iter().for_each(|e| c.take(&e.record));
        c
    }

    /// Takes one more record in.
    pub fn take(&mut self, record: &MetaRecord) {
        match *record {
            MetaRecord::LeaderChange(_) => {}
            MetaRecord::Broker(b, r) => self.brokers[b.ix()] = r,
            MetaRecord::Partition(p, s) => self.partitions[p.ix()] = s,
        }
        self.end += 1;
    }

    fn record(&self, change: &Change) -> MetaRecord {
        match *change {
            // Whether a session is alive, and what a heartbeat said last, is nobody else's business.
            Change::Broker { broker, .. } => {
                let r = self.brokers[broker.ix()];
                MetaRecord::Broker(broker, super::Registration { live: !r.fenced, reported: u32::MAX, ..r })
            }
            Change::Partition { partition, .. } => MetaRecord::Partition(partition, self.partitions[partition.ix()]),
        }
    }
}

impl MetaRecord {
    /// What a broker takes from it.
    pub(super) fn change(&self) -> Option<Change> {
        match *self {
            MetaRecord::LeaderChange(_) => None,
            MetaRecord::Broker(broker, r) => Some(Change::Broker { broker, epoch: r.epoch, fenced: r.fenced }),
            MetaRecord::Partition(partition, s) => Some(Change::Partition { partition, leader: s.leader, le: s.le, pe: s.pe, isr: s.isr }),
        }
    }
}

impl VoterCx<'_> {
    /// A broker asks the controller for something.
    pub(super) fn on_broker(&mut self, broker: BrokerId, body: &Body) {
        if self.v.active().is_some() {
            return self.control(|c| c.on_message(Actor::Broker(broker), body));
        }
        let error = ErrorCode::NotController;
        let refusal = match *body {
            Body::BrokerRegistration { .. } => Body::BrokerRegistrationResponse { result: Err(error) },
            Body::AlterPartition { partition, le, .. } => Body::AlterPartitionResponse { partition, le, result: Err(error) },
            Body::BrokerHeartbeat { .. } => Body::Quorum(QuorumBody::BrokerHeartbeatResponse { error }),
            _ => return,
        };
        self.say(QuorumEvent::NotController { voter: self.v.id, broker });
        self.out.send(Actor::Voter(self.v.id), Actor::Broker(broker), refusal);
    }

    pub(super) fn on_session(&mut self, b: BrokerId) {
        self.control(|c| c.on_session(b));
    }

    /// Lets the active controller act at its log's end. Its records are appended; its answers wait until they, and what
    /// was appended before, are committed.
    pub fn control(&mut self, act: impl FnOnce(&mut ControllerCx)) {
        let (me, setup, epoch) = (self.v.id, self.setup, self.v.epoch);
        let Role::Leader(l) = &mut self.v.role else { return };
        let Some(c) = &mut l.active else { return };
        c.partitions.resize(setup.partitions.len(), PartitionState::UNBORN);
        let mut out = Out::default();
        let mut cx = ControllerCx { c, setup, out: &mut out, changes: SmallVec::new(), written: Some(SmallVec::new()) };
        act(&mut cx);
        let written = cx.written.take().unwrap_or_default();
        for op in out.timers {
            match op {
                TimerOp::Arm(Timer::Session(b), _) => self.out.arm(Timer::Quorum(QuorumTimer::Session(me, b))),
                TimerOp::Disarm(Timer::Session(b)) => self.out.disarm(Timer::Quorum(QuorumTimer::Session(me, b))),
                _ => {}
            }
        }
        let from = self.v.log.len() as u32;
        let records = written.iter().map(|change| MetaEntry { epoch, record: c.record(change), told: SmallVec::new() });
        self.v.log.extend(records);
        let to = self.v.log.len() as u32;
        match self.v.log.get_mut(from as usize) {
            Some(first) => first.told = out.events.into(),
            None => self.out.events.extend(out.events),
        }
        let answers: super::Answers = out
            .sends
            .into_iter()
            .filter_map(|(_, to, body)| match to {
                Actor::Broker(b) => Some((b, (*body).clone())),
                _ => None,
            })
            .collect();
        if !answers.is_empty() {
            l.pending.push((to, answers));
        }
        if to > from {
            self.say(QuorumEvent::Appended { voter: me, from, to });
        }
        self.advance();
        self.answer_committed();
        self.wake();
    }

    /// The high watermark has moved.
    pub(super) fn committed(&mut self) {
        self.activate();
        self.answer_committed();
    }

    fn answer_committed(&mut self) {
        let (me, hw) = (self.v.id, self.v.hw);
        let Role::Leader(l) = &mut self.v.role else { return };
        // An answer without records of its own waits for those before it, as any.
        while l.pending.first().is_some_and(|p| p.0 <= hw) {
            for (b, body) in l.pending.remove(0).1 {
                self.out.send(Actor::Voter(me), Actor::Broker(b), body);
            }
        }
    }

    /// ctrl.C5: its LeaderChange is committed, so it has everything that was ever committed. Sessions begin anew (BL6).
    fn activate(&mut self) {
        let (voter, epoch, end) = (self.v.id, self.v.epoch, self.v.end());
        let Role::Leader(l) = &mut self.v.role else { return };
        if l.active.is_some() {
            return;
        }
        let c = Controller::replayed(self.setup, &self.v.log);
        c.live().for_each(|b| self.out.arm(Timer::Quorum(QuorumTimer::Session(voter, b))));
        l.active = Some(Box::new(c));
        self.say(QuorumEvent::Activated { voter, epoch, end });
    }

    /// A broker that has nothing gets everything that is committed.
    pub(super) fn answer_snapshot(&mut self, who: Actor) {
        let upto = self.v.hw;
        let image = Controller::replayed(self.setup, &self.v.log[..upto as usize]).image();
        let (epoch, leader) = (self.v.epoch, self.v.leader());
        let answer = super::Fetched::Snapshot { upto, image };
        self.send(who, QuorumBody::FetchResponse { epoch, leader, answer });
    }
}

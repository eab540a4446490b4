//! What every client does: know the leaders, and ask again when it was wrong.

use super::message::{Body, ConnGen, LeaderView};
use super::setup::Setup;
use super::step::{Base, Out, RequestKind, Timer, TimerOp};
use crate::event::EventKind;
use crate::ids::*;
use smallvec::SmallVec;

/// Where a client stands with its metadata.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MetaState {
    /// Nothing asked.
    Idle,
    /// Asked this broker.
    Asked(BrokerId),
    /// Will ask again after `retry.backoff.ms`.
    Backoff,
}

/// A client's cache of leaders.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ClientMeta {
    /// Leader and epoch of each partition.
    pub leaders: SmallVec<[LeaderView; 2]>,
    /// Is a request out?
    pub state: MetaState,
    /// There are partitions that it has not heard of, and `metadata.max.age.ms` runs.
    pub aging: bool,
    /// Its connection to each broker, by id. Requests of all kinds to a broker share it, as in Kafka's NetworkClient.
    pub conns: SmallVec<[ConnGen; 4]>,
    /// Whom it asks: the same broker until its connection breaks, then the next (Kafka: the least loaded node, connected ones first).
    pub contact: BrokerId,
}

impl ClientMeta {
    /// Metadata already fetched from a settled cluster (curriculum corrections, 1).
    pub fn settled(setup: &Setup) -> Self {
        let settled = setup.partition_ids().filter(|p| !setup.partitions[p.ix()].added);
        let leaders = settled.map(|p| (Some(setup.first_leader(p)), LeaderEpoch(0))).collect();
        ClientMeta {
            leaders,
            state: MetaState::Idle,
            aging: false,
            conns: setup.broker_ids().map(|_| ConnGen::default()).collect(),
            contact: BrokerId(1),
        }
    }

    /// Who leads, as far as it knows.
    pub fn leader(&self, p: PartitionId) -> Option<BrokerId> {
        self.view(p).0
    }

    /// The same with the epoch; nobody leads a partition that it has not heard of.
    pub(super) fn view(&self, p: PartitionId) -> LeaderView {
        self.leaders.get(p.ix()).copied().unwrap_or_default()
    }

    /// prod.P5: there are partitions that it has not heard of.
    pub(super) fn is_behind(&self, setup: &Setup) -> bool {
        self.leaders.len() < setup.partitions.len()
    }

    /// prod.P5: partitions were created. `metadata.max.age.ms` after its last metadata it hears of them.
    pub(super) fn fall_behind(&mut self, me: Actor, out: &mut Out) {
        self.aging = true;
        out.timers.push(TimerOp::Arm(Timer::MetadataAge(me), Base::Metadata(me)));
    }

    /// A new process asks for metadata first; what it knew serves where that would say the same.
    pub(super) fn catch_up(&mut self, setup: &Setup, me: Actor, out: &mut Out) {
        if self.is_behind(setup) && !self.aging {
            self.on_age(me, out);
        }
    }

    /// `metadata.max.age.ms` is over.
    pub(super) fn on_age(&mut self, me: Actor, out: &mut Out) {
        self.aging = true;
        out.arm(Timer::MetadataAge(me));
        self.refresh(me, out);
    }

    /// The process ends: nothing is out any more.
    pub(super) fn reset(&mut self) {
        (self.state, self.aging) = (MetaState::Idle, false);
        self.conns.iter_mut().for_each(|c| *c = c.next());
    }

    /// The current connection to a broker.
    pub fn conn(&self, b: BrokerId) -> ConnGen {
        self.conns[b.ix()]
    }

    /// Asks for metadata, unless a request is out already.
    pub(super) fn refresh(&mut self, me: Actor, out: &mut Out) {
        if self.state == MetaState::Idle {
            self.ask(me, out);
        }
    }

    fn ask(&mut self, me: Actor, out: &mut Out) {
        let b = self.contact;
        self.state = MetaState::Asked(b);
        out.send(me, Actor::Broker(b), Body::Metadata { conn: self.conn(b) });
        out.arm(Timer::RequestTimeout(me, b, RequestKind::Metadata));
    }

    /// The answer of `b`. Older leader epochs than the known ones are ignored.
    pub(super) fn on_response(&mut self, b: BrokerId, conn: ConnGen, leaders: &[LeaderView], who: (Actor, &Setup), out: &mut Out) {
        let (me, setup) = who;
        if self.conn(b) != conn || self.state != MetaState::Asked(b) {
            return;
        }
        self.state = MetaState::Idle;
        out.disarm(Timer::RequestTimeout(me, b, RequestKind::Metadata));
        let mut news = false;
        for (mine, theirs) in self.leaders.iter_mut().zip(leaders) {
            if theirs.1 >= mine.1 {
                news |= mine != theirs;
                *mine = *theirs;
            }
        }
        if news {
            out.settle(Timer::MetadataBackoff(me));
        }
        out.timers.push(TimerOp::MarkMetadata(me));
        let known = self.leaders.len();
        for (i, theirs) in leaders.iter().enumerate().skip(known) {
            self.leaders.push(*theirs);
            out.event(EventKind::PartitionLearned { client: me, partition: PartitionId(i as u16) });
        }
        if self.aging && !self.is_behind(setup) {
            self.aging = false;
            out.disarm(Timer::MetadataAge(me));
        }
    }

    /// The connection ended, or is given up after a timeout: the next request opens another.
    pub(super) fn on_disconnect(&mut self, b: BrokerId, me: Actor, out: &mut Out) {
        self.conns[b.ix()] = self.conn(b).next();
        if self.contact == b {
            self.contact = BrokerId(b.0 % self.conns.len() as u8 + 1);
        }
        if self.state == MetaState::Asked(b) {
            out.disarm(Timer::RequestTimeout(me, b, RequestKind::Metadata));
            self.back_off(me, out);
        }
    }

    /// Ask again after `retry.backoff.ms`.
    pub(super) fn back_off(&mut self, me: Actor, out: &mut Out) {
        if self.state != MetaState::Backoff {
            self.state = MetaState::Backoff;
            out.arm(Timer::MetadataBackoff(me));
        }
    }

    /// The backoff is over.
    pub(super) fn on_backoff(&mut self, me: Actor, out: &mut Out) {
        if self.state == MetaState::Backoff {
            self.ask(me, out);
        }
    }
}

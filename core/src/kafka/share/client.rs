//! A share consumer: `poll()` has at most one batch of records in hand, and says of each what became of it (share.Q3 and the
//! client's modes).

use super::message::{Acknowledgements, ShareBody};
use super::{AcknowledgeType, Acknowledging, AcquiredRecord};
use crate::event::{ErrorCode, EventKind, ShareEvent};
use crate::ids::*;
use crate::kafka::client::MetaState;
use crate::kafka::consumer::{Buffered, ConsumerCx};
use crate::kafka::message::{Body, ConnGen};
use crate::kafka::step::{RequestKind, Timer};
use smallvec::SmallVec;

/// What a share consumer has to say.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ShareSession {
    /// Acknowledgements that are not sent yet.
    pub said: Acknowledgements,
    /// Leaders with a ShareAcknowledge out.
    pub asked: SmallVec<[BrokerId; 1]>,
}

impl ConsumerCx<'_> {
    /// A share consumer's loop: what was said goes out with the next fetch, or by `commitSync()`.
    pub(in crate::kafka) fn go_on_sharing(&mut self) {
        if self.c.busy() {
            return;
        }
        self.poll_shared();
        if !self.c.busy() {
            self.fetch_shared();
        }
    }

    fn poll_shared(&mut self) {
        if self.c.buffer.is_empty() {
            return;
        }
        let me = self.c.id;
        let work = std::mem::take(&mut self.c.buffer);
        let records: Vec<Buffered> = work.iter().copied().collect();
        for run in records.chunk_by(|a, b| (a.partition, a.offset.plus(1)) == (b.partition, b.offset)) {
            let (partition, from, to) = (run[0].partition, run[0].offset, run[run.len() - 1].offset.plus(1));
            self.out.event(EventKind::Polled { consumer: me, partition, from, to, records: run.len() as u32 });
        }
        self.c.work = work;
        self.out.arm(Timer::MaxPoll(me));
        self.out.arm(Timer::Handling(me));
    }

    /// One ShareFetch a leader; it stays there until there is something.
    fn fetch_shared(&mut self) {
        let (me, group) = (self.me(), self.config().group);
        let Some(member) = self.c.member.id.filter(|_| !self.c.backing_off) else { return };
        let unknown = self.c.assigned.iter().any(|s| self.c.meta.leader(s.partition).is_none());
        for b in self.setup.broker_ids() {
            let busy = self.c.fetching.contains(&b) || self.c.share.as_ref().is_some_and(|s| s.asked.contains(&b));
            let partitions: SmallVec<[PartitionId; 2]> =
                self.c.partitions().filter(|p| !busy && self.c.meta.leader(*p) == Some(b)).collect();
            if busy {
                continue;
            }
            let acknowledgements = self.said_for(b);
            let conn = self.c.meta.conn(b);
            let body = match (partitions.is_empty(), acknowledgements.is_empty()) {
                (true, true) => continue,
                (true, false) => {
                    self.share().asked.push(b);
                    ShareBody::Acknowledge { conn, group, member, acknowledgements, close: false }
                }
                _ => {
                    self.c.fetching.push(b);
                    ShareBody::Fetch { conn, group, member, partitions, acknowledgements }
                }
            };
            self.out.send(me, Actor::Broker(b), Body::Share(body));
            self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Data));
        }
        if unknown && self.c.meta.state == MetaState::Idle {
            self.c.meta.back_off(me, self.out);
        }
    }

    fn share(&mut self) -> &mut ShareSession {
        self.c.share.get_or_insert_default()
    }

    /// Takes what is to be said to a leader.
    fn said_for(&mut self, b: BrokerId) -> Acknowledgements {
        let said = std::mem::take(&mut self.share().said);
        let (mine, others) = said.into_iter().partition(|a| self.c.meta.leader(a.0) == Some(b));
        self.share().said = others;
        mine
    }

    /// The application is done with a record, or (`failed`) its handler threw and it caught that.
    pub(in crate::kafka) fn handled_shared(&mut self, r: Buffered, failed: bool) {
        let Some(mode) = self.config().share else { return };
        let how = match mode {
            Acknowledging::Explicit(on_error) if failed => on_error,
            _ => AcknowledgeType::Accept,
        };
        self.share().said.push((r.partition, r.offset, how));
        if !self.c.work.is_empty() {
            self.out.arm(Timer::Handling(self.c.id));
        } else if mode != Acknowledging::Implicit {
            self.c.about_to_commit = true;
            self.out.arm(Timer::CommitCall(self.c.id));
        }
    }

    /// `commitSync()`.
    pub(in crate::kafka) fn commit_shared(&mut self) {
        let (me, group) = (self.me(), self.config().group);
        let Some(member) = self.c.member.id else { return };
        for b in self.setup.broker_ids() {
            let acknowledgements = self.said_for(b);
            if !acknowledgements.is_empty() {
                let conn = self.c.meta.conn(b);
                self.share().asked.push(b);
                let body = ShareBody::Acknowledge { conn, group, member, acknowledgements, close: false };
                self.out.send(me, Actor::Broker(b), Body::Share(body));
                self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Data));
            }
        }
        if !self.share().said.is_empty() {
            self.share().said.clear(); // nobody leads those partitions: locks run out
            self.retry_later();
        }
    }

    /// `close()`: says what is left to say, and gives back the rest. What was only handled is not accepted without a `poll()`.
    pub(in crate::kafka) fn close_session(&mut self) {
        let (me, group) = (self.me(), self.config().group);
        let (Some(mode), Some(member)) = (self.config().share, self.c.member.id) else { return };
        if mode == Acknowledging::Implicit {
            self.share().said.clear();
        }
        for b in self.setup.broker_ids() {
            let acknowledgements = self.said_for(b);
            if !acknowledgements.is_empty() || self.c.partitions().any(|p| self.c.meta.leader(p) == Some(b)) {
                let conn = self.c.meta.conn(b);
                let body = ShareBody::Acknowledge { conn, group, member, acknowledgements, close: true };
                self.out.send(me, Actor::Broker(b), Body::Share(body));
            }
        }
    }

    /// A message from a leader.
    pub(in crate::kafka) fn on_share(&mut self, b: BrokerId, body: &ShareBody) {
        match body {
            ShareBody::HeartbeatResponse { result, .. } => self.on_consumer_beat(b, result),
            ShareBody::FetchResponse { conn, parts } => self.on_share_fetched(b, *conn, parts),
            ShareBody::AcknowledgeResponse { results, .. } => self.on_share_acknowledged(b, results),
            _ => {}
        }
    }

    fn on_share_fetched(&mut self, b: BrokerId, conn: ConnGen, parts: &[(PartitionId, Result<Vec<AcquiredRecord>, ErrorCode>)]) {
        let Some(i) = self.c.fetching.iter().position(|f| *f == b && self.c.meta.conn(b) == conn) else { return };
        self.c.fetching.remove(i);
        self.answered(b, RequestKind::Data);
        for (partition, result) in parts {
            match result {
                Ok(records) => {
                    let buffered = |r: &AcquiredRecord| Buffered {
                        partition: *partition,
                        offset: r.offset,
                        batch: r.batch,
                        index: r.index,
                        epoch: LeaderEpoch(0),
                    };
                    self.c.buffer.extend(records.iter().map(buffered));
                }
                Err(_) => self.retry_later(),
            }
        }
    }

    fn on_share_acknowledged(&mut self, b: BrokerId, results: &[(PartitionId, Result<(), ErrorCode>)]) {
        let Some(i) = self.share().asked.iter().position(|x| *x == b) else { return };
        self.share().asked.remove(i);
        self.answered(b, RequestKind::Data);
        let (member, group) = (self.c.id, self.config().group);
        for (partition, error) in results.iter().filter_map(|r| Some((r.0, r.1.err()?))) {
            self.out.event(EventKind::Share { group, what: ShareEvent::CommitFailed { member, partition, error } });
            if error == ErrorCode::NotLeaderOrFollower {
                self.retry_later();
            }
        }
    }
}

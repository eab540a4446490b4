//! Fetching: what is asked of which leader, and what comes of the answers (rule book 5A).

use super::{Buffered, ConsumerCx, Share};
use crate::event::{ErrorCode, EventKind};
use crate::ids::*;
use crate::kafka::client::MetaState;
use crate::kafka::message::{Body, ConnGen, FetchPart, Fetched, FetchedPart, LeaderView};
use crate::kafka::step::{RequestKind, Timer};
use crate::kafka::transaction::index::readable;
use smallvec::SmallVec;

impl ConsumerCx<'_> {
    /// One fetch a broker, while the buffer is not full.
    pub(super) fn fetch(&mut self) {
        let me = self.me();
        if self.c.backing_off || self.c.buffer.len() >= self.config().max_poll_records as usize {
            return;
        }
        let mut unknown = false;
        for b in self.setup.broker_ids() {
            if self.c.fetching.contains(&b) {
                continue;
            }
            let mut parts: SmallVec<[FetchPart; 1]> = SmallVec::new();
            for s in &self.c.assigned {
                let (leader, le) = self.c.meta.view(s.partition);
                unknown |= leader.is_none();
                let from = leader.map(|l| s.read_replica.unwrap_or(l));
                if from == Some(b) && s.position.is_some() && !s.validating && !self.is_restoring(s.partition) {
                    parts.push(FetchPart { partition: s.partition, le, offset: s.fetched, last_epoch: None });
                }
            }
            parts.extend(self.restore_parts(b));
            if !parts.is_empty() {
                self.c.fetching.push(b);
                self.out.send(me, Actor::Broker(b), Body::ConsumerFetch { conn: self.c.meta.conn(b), parts });
                self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Data));
            }
        }
        if unknown && self.c.meta.state == MetaState::Idle {
            self.c.meta.back_off(me, self.out);
        }
    }

    pub(super) fn on_fetched(&mut self, b: BrokerId, conn: ConnGen, parts: &[FetchedPart]) {
        let Some(i) = self.c.fetching.iter().position(|f| *f == b && self.c.meta.conn(b) == conn) else {
            return;
        };
        self.c.fetching.remove(i);
        self.answered(b, RequestKind::Data);
        for part in parts {
            let Some(i) = self.c.assigned.iter().position(|s| s.partition == part.partition && s.position.is_some()) else {
                self.on_changelog(part);
                continue;
            };
            match &part.answer {
                _ if self.c.assigned[i].validating => {} // of the leader before
                Fetched::Data { entries, aborted, .. } if part.offset == self.c.assigned[i].fetched => {
                    self.succeeded();
                    let fetched = &mut self.c.assigned[i].fetched;
                    let before = *fetched;
                    for e in readable(entries, aborted) {
                        let Some((batch, first, count)) = e.payload.records() else {
                            continue;
                        };
                        for n in 0..count {
                            let offset = e.base.plus(u32::from(n));
                            if offset >= *fetched {
                                let (partition, index, epoch) = (part.partition, first + n, e.epoch);
                                self.c.buffer.push_back(Buffered { partition, offset, batch, index, epoch });
                            }
                        }
                        *fetched = e.end();
                    }
                    if let Some(last) = entries.last() {
                        self.skip(i, before, last.end());
                    }
                }
                Fetched::ReadFrom(replica) => self.read_from(i, *replica),
                Fetched::OutOfRange { .. } if self.c.assigned[i].read_replica.is_some() => {
                    self.back_to_leader(|s| s.partition == part.partition); // cons.K3: a follower may lag; the leader knows
                }
                Fetched::OutOfRange { .. } => self.reset(i),                         // cons.K3
                Fetched::Error(ErrorCode::UnknownLeaderEpoch) => self.retry_later(), // the broker is behind, not the consumer
                Fetched::Error(_) => {
                    self.back_to_leader(|s| s.partition == part.partition);
                    self.retry_later();
                }
                _ => {}
            }
        }
    }

    // ---- reading from followers (repl.3.9)

    fn read_from(&mut self, i: usize, replica: BrokerId) {
        let (consumer, partition) = (self.c.id, self.c.assigned[i].partition);
        self.c.assigned[i].read_replica = Some(replica);
        self.out.arm(Timer::ReadReplica(consumer, partition));
        self.out.event(EventKind::PreferredReadReplica { consumer, partition, replica: Some(replica) });
    }

    /// Partitions like these are read from their leaders again.
    pub(in crate::kafka) fn back_to_leader(&mut self, which: impl Fn(&Share) -> bool) {
        let consumer = self.c.id;
        for s in self.c.assigned.iter_mut().filter(|s| s.read_replica.is_some() && which(s)) {
            let partition = s.partition;
            s.read_replica = None;
            self.out.disarm(Timer::ReadReplica(consumer, partition));
            self.out.event(EventKind::PreferredReadReplica { consumer, partition, replica: None });
        }
    }

    /// Under another leader the follower that the old one named is not asked any more, and positions are to be validated.
    pub(super) fn leaders_changed(&mut self, before: &[LeaderView]) {
        let now = self.c.meta.leaders.clone();
        let changed = |s: &Share| now.get(s.partition.ix()) != before.get(s.partition.ix());
        self.back_to_leader(changed);
        self.doubt(|s| changed(s) && now.get(s.partition.ix()).is_some_and(|v| v.0.is_some()));
    }

    /// txn.M6: a position that waits at a control batch or an aborted one moves past it.
    pub(super) fn skip(&mut self, i: usize, before: Offset, end: Offset) {
        let s = &mut self.c.assigned[i];
        s.fetched = end;
        if s.position == Some(before) && !self.c.buffer.iter().any(|r| r.partition == s.partition) {
            s.position = Some(end);
        }
    }
}

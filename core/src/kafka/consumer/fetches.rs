//! Fetching: what is asked of which leader, and what comes of the answers (rule book 5A).

use super::{Buffered, ConsumerCx};
use crate::ids::*;
use crate::kafka::client::MetaState;
use crate::kafka::message::{Body, ConnGen, FetchPart, Fetched, FetchedPart};
use crate::kafka::step::{RequestKind, Timer};
use crate::kafka::transaction::index::readable;
use smallvec::SmallVec;

impl ConsumerCx<'_> {
    /// One fetch a leader, while the buffer is not full.
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
                if leader == Some(b) && s.position.is_some() && !self.is_restoring(s.partition) {
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
            let fetched = &mut self.c.assigned[i].fetched;
            match &part.answer {
                Fetched::Data { entries, aborted, .. } if part.offset == *fetched => {
                    self.out.settle(Timer::ConsumerBackoff(self.c.id));
                    let before = *fetched;
                    for e in readable(entries, aborted) {
                        let Some((batch, first, count)) = e.payload.records() else {
                            continue;
                        };
                        for n in 0..count {
                            let offset = e.base.plus(u32::from(n));
                            if offset >= *fetched {
                                self.c.buffer.push_back(Buffered { partition: part.partition, offset, batch, index: first + n });
                            }
                        }
                        *fetched = e.end();
                    }
                    if let Some(last) = entries.last() {
                        self.skip(i, before, last.end());
                    }
                }
                Fetched::OutOfRange { .. } => self.reset(i), // cons.K3
                Fetched::Error(_) => self.retry_later(),
                _ => {}
            }
        }
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

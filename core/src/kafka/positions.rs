//! Where a consumer begins to read: commits, `auto.offset.reset`, offsets out of range (rule book 5A, K2 and K3).
//!
//! Left out: the check of a position against the leader's epochs (K4).

use super::consumer::ConsumerCx;
use super::group::membership::Phase;
use super::message::{Body, OffsetSpec};
use super::setup::ResetPolicy;
use super::step::{RequestKind, Timer};
use crate::event::{ErrorCode, EventKind, GroupEvent};
use crate::ids::*;
use smallvec::SmallVec;

impl ConsumerCx<'_> {
    /// cons.K2: the group's commits are known; partitions without one go where `auto.offset.reset` says.
    pub(super) fn start_from(&mut self, committed: &[(PartitionId, Offset)]) {
        for i in 0..self.c.assigned.len() {
            let s = &mut self.c.assigned[i];
            if s.position.is_some() || s.reset {
                continue;
            }
            match committed.iter().find(|x| x.0 == s.partition) {
                Some(&(_, to)) => self.set_position(i, to, true),
                None => self.reset(i),
            }
        }
    }

    fn set_position(&mut self, i: usize, to: Offset, committed: bool) {
        let s = &mut self.c.assigned[i];
        (s.position, s.fetched, s.reset) = (Some(to), to, false);
        self.out.event(EventKind::PositionReset { consumer: self.c.id, partition: s.partition, to, committed });
    }

    /// cons.K2, K3: there is no position, or the leader's log does not have it.
    pub(super) fn reset(&mut self, i: usize) {
        let partition = self.c.assigned[i].partition;
        self.c.buffer.retain(|r| r.partition != partition);
        match self.config().reset {
            // No log loses its beginning where groups never change (a trial), so nobody need be asked for it.
            ResetPolicy::Earliest | ResetPolicy::ByDuration(_) if self.c.member.phase == Phase::Fixed => {
                self.set_position(i, Offset::ZERO, false);
            }
            ResetPolicy::Earliest | ResetPolicy::Latest | ResetPolicy::ByDuration(_) => {
                let s = &mut self.c.assigned[i];
                (s.position, s.reset) = (None, true);
            }
            ResetPolicy::None => {
                // NoOffsetForPartitionException or OffsetOutOfRangeException: the application's loop ends with it.
                let group = self.config().group;
                self.out.event(EventKind::Group { group, what: GroupEvent::NoOffset { member: self.c.id, partition } });
                self.c.assigned[i].position = None;
                self.c.assigned[i].reset = true;
                self.c.member.closing = true;
            }
        }
    }

    /// Asks leaders for the first or the last offset of partitions that have no position.
    pub(super) fn list_offsets(&mut self) {
        if self.c.backing_off || self.config().reset == ResetPolicy::None || !self.c.assigned.iter().any(|s| s.reset) {
            return;
        }
        let me = self.me();
        let at = match self.config().reset {
            ResetPolicy::Latest => OffsetSpec::Latest,
            ResetPolicy::ByDuration(ms) => OffsetSpec::Since(self.data.clock_ms.saturating_sub(ms)),
            ResetPolicy::Earliest | ResetPolicy::None => OffsetSpec::Earliest,
        };
        let committed = self.config().read_committed;
        for b in self.setup.broker_ids() {
            let wanted = self.c.assigned.iter().filter(|s| s.reset && self.c.meta.leader(s.partition) == Some(b));
            let parts: SmallVec<[(PartitionId, LeaderEpoch); 1]> = wanted.map(|s| (s.partition, self.c.meta.view(s.partition).1)).collect();
            if !parts.is_empty() && !self.c.listing.contains(&b) {
                self.c.listing.push(b);
                self.out.send(me, Actor::Broker(b), Body::ListOffsets { conn: self.c.meta.conn(b), at, committed, parts });
                self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Offsets));
            }
        }
    }

    pub(super) fn on_listed(&mut self, b: BrokerId, parts: &[(PartitionId, Result<Offset, ErrorCode>)]) {
        if !self.c.listing.contains(&b) {
            return;
        }
        self.c.listing.retain(|l| *l != b);
        self.answered(b, RequestKind::Offsets);
        for (partition, found) in parts {
            let Some(i) = self.c.assigned.iter().position(|s| s.partition == *partition && s.reset) else {
                self.end_listed(*partition, *found);
                continue;
            };
            match found {
                Ok(to) => {
                    self.succeeded();
                    self.set_position(i, *to, false);
                }
                Err(_) => self.retry_later(),
            }
        }
    }
}

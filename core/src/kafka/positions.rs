//! Where a consumer begins to read: commits, `auto.offset.reset`, offsets out of range; and whether a new leader's log still
//! has what it read (rule book 5A, K2 to K4).
//!
//! Simplified: commits and ListOffsets carry no leader epoch, so a position is compared once `poll()` has returned a record.

use super::consumer::{ConsumerCx, Share};
use super::group::membership::Phase;
use super::message::{Body, FetchPart, Fetched, FetchedPart, OffsetSpec};
use super::setup::{ProtocolVersion, ResetPolicy};
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
        (s.epoch, s.validating) = (None, false);
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

    // ---- cons.K4

    /// Partitions like these have another leader: what is buffered is dropped, and nothing fetched, until the position is
    /// validated. Since 2.1 (KIP-320), and if there is an epoch to ask for.
    pub(super) fn doubt(&mut self, which: impl Fn(&Share) -> bool) {
        if self.setup.rules.replication < ProtocolVersion::PV3 {
            return;
        }
        for s in self.c.assigned.iter_mut().filter(|s| s.epoch.is_some() && which(s)) {
            if let Some(position) = s.position {
                s.fetched = position;
                s.validating = true;
                self.c.buffer.retain(|r| r.partition != s.partition);
            }
        }
    }

    /// Asks leaders where the epochs of positions end.
    pub(super) fn validate(&mut self) {
        if self.c.backing_off || !self.c.assigned.iter().any(|s| s.validating) {
            return;
        }
        let me = self.me();
        for b in self.setup.broker_ids().filter(|b| !self.c.validating.contains(b)).collect::<SmallVec<[BrokerId; 8]>>() {
            let part = |s: &Share| {
                let (leader, le) = self.c.meta.view(s.partition);
                let offset = s.position.filter(|_| s.validating && leader == Some(b))?;
                Some(FetchPart { partition: s.partition, le, offset, last_epoch: s.epoch })
            };
            let parts: SmallVec<[FetchPart; 1]> = self.c.assigned.iter().filter_map(part).collect();
            if !parts.is_empty() {
                self.c.validating.push(b);
                self.out.send(me, Actor::Broker(b), Body::OffsetForLeaderEpoch { conn: self.c.meta.conn(b), parts });
                self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Epochs));
            }
        }
    }

    /// The leader said where they end. (It always knows: whoever takes office notes its own epoch, repl.R-M2.)
    pub(super) fn on_epoch_ends(&mut self, b: BrokerId, parts: &[FetchedPart]) {
        if !self.is_answered_of_epochs(b) {
            return;
        }
        for part in parts {
            let Some(s) = self.c.assigned.iter_mut().find(|s| s.partition == part.partition && s.validating) else { continue };
            let same_leader = self.c.meta.view(s.partition).1 == part.le;
            let Some(position) = s.position.filter(|p| *p == part.offset && same_leader) else { continue };
            match part.answer {
                Fetched::Diverging { end, .. } if end >= position => s.validating = false,
                Fetched::Diverging { epoch, end } => {
                    // With a reset policy it goes on where the logs part; else LogTruncationException ends the application.
                    (s.position, s.fetched, s.epoch, s.validating) = (Some(end), end, Some(epoch), false);
                    let (consumer, partition, thrown) = (self.c.id, part.partition, self.config().reset == ResetPolicy::None);
                    self.out.event(EventKind::LogTruncation { consumer, partition, position, end, thrown });
                    self.c.member.closing |= thrown;
                }
                _ => self.retry_later(),
            }
        }
    }

    /// Nothing is to be expected of `b` any more. Was it asked?
    pub(super) fn is_answered_of_epochs(&mut self, b: BrokerId) -> bool {
        let asked = self.c.validating.contains(&b);
        if asked {
            self.c.validating.retain(|x| *x != b);
            self.answered(b, RequestKind::Epochs);
        }
        asked
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

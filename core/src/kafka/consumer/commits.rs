//! Committed offsets: asked for at the beginning, written by `commitSync`, `commitAsync` and auto-commit (rule book 5A).

use super::{ConsumerCx, Coordination, Share};
use crate::broken::{Rule, holds};
use crate::event::ErrorCode;
use crate::ids::*;
use crate::kafka::message::{Body, ConnGen};
use crate::kafka::step::{AppCall, RequestKind, Timer};
use crate::kafka::transaction::Call;
use smallvec::SmallVec;

impl ConsumerCx<'_> {
    /// Sends a request to the coordinator, as far as it is known.
    pub(super) fn ask_coordinator(&mut self, what: Coordination, body: impl FnOnce(ConnGen) -> Body) {
        let me = self.me();
        self.c.coordination = what;
        match self.coordinator() {
            Some(b) => {
                self.c.asked = Some(b);
                let body = body(self.c.meta.conn(b));
                self.out.send(me, Actor::Broker(b), body);
                self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Coordinator));
            }
            None => self.retry_later(),
        }
    }

    pub(in crate::kafka) fn coordinator(&self) -> Option<BrokerId> {
        self.c.meta.leader(self.setup.groups[self.config().group.ix()].coordinator)
    }

    /// cons.K2: where did the group get to?
    pub(super) fn fetch_offsets(&mut self) {
        let group = self.config().group;
        self.ask_coordinator(Coordination::FetchingOffsets, |conn| Body::OffsetFetch { conn, group });
    }

    pub(super) fn on_offsets(&mut self, b: BrokerId, result: &Result<SmallVec<[(PartitionId, Offset); 1]>, ErrorCode>) {
        if self.c.coordination != Coordination::FetchingOffsets || self.c.asked != Some(b) {
            return;
        }
        (self.c.coordination, self.c.asked) = (Coordination::Idle, None);
        self.answered(b, RequestKind::Coordinator);
        let Ok(committed) = result else {
            return self.retry_later();
        };
        self.succeeded();
        self.start_from(committed);
    }

    /// The offsets that a commit holds.
    pub(super) fn offsets(&self) -> SmallVec<[(PartitionId, Offset); 1]> {
        if self.c.streams.is_some() {
            return self.committable();
        }
        let got = |s: &Share| if holds(Rule::AutoCommit) { s.position } else { s.position.map(|_| s.fetched) };
        self.c.assigned.iter().filter_map(|s| Some((s.partition, got(s)?))).collect()
    }

    /// txn.T4: `sendOffsetsToTransaction()`, then `commitTransaction()`.
    pub(super) fn commit_transaction(&mut self, producer: ProducerIx) {
        let as_member = self.config().output.is_some_and(|o| o.group_metadata);
        let (offsets, member) = (self.offsets(), self.c.member.metadata.filter(|_| as_member));
        self.c.waits_for_producer = true;
        self.out.call(AppCall::Call(producer, Call::Offsets(self.config().group, offsets, member)));
        self.out.call(AppCall::Call(producer, Call::End { commit: true }));
    }

    pub(in crate::kafka) fn commit(&mut self, how: Coordination) {
        if self.has_lost_its_place() {
            self.commit_failed(how);
            return self.commit_refused(ErrorCode::UnknownMemberId);
        }
        let (group, member, offsets) = (self.config().group, self.c.member.credentials(), self.offsets());
        self.ask_coordinator(how, |conn| Body::OffsetCommit { conn, group, member, offsets });
    }

    /// cons.K6: `commitSync` tries again; an asynchronous commit does not.
    pub(super) fn on_committed(&mut self, b: BrokerId, result: Result<(), ErrorCode>) {
        if !matches!(self.c.coordination, Coordination::Committing | Coordination::CommittingAsync) || self.c.asked != Some(b) {
            return;
        }
        let was = self.c.coordination;
        self.c.asked = None;
        self.answered(b, RequestKind::Coordinator);
        match result {
            Ok(()) => self.succeeded(),
            Err(
                e @ (ErrorCode::UnknownMemberId
                | ErrorCode::IllegalGeneration
                | ErrorCode::FencedInstanceId
                | ErrorCode::RebalanceInProgress),
            ) => {
                if self.c.streams.is_none() || e != ErrorCode::RebalanceInProgress {
                    self.commit_failed(was);
                } else {
                    self.c.coordination = Coordination::Idle;
                    if !self.c.work.is_empty() {
                        self.out.arm(Timer::Handling(self.c.id)); // a Streams thread goes on, and commits after the rebalance
                    }
                }
                return self.commit_refused(e);
            }
            Err(_) => {
                self.give_up_async();
                return self.retry_later();
            }
        }
        self.c.coordination = Coordination::Idle;
        self.tasks_committed();
        if was == Coordination::Committing && !self.c.work.is_empty() {
            self.out.arm(Timer::Handling(self.c.id)); // committed before handling, or between two records
        }
    }

    /// The exception of a `commitSync` comes before the records are handled, if any are left; nobody waits for another commit.
    pub(super) fn commit_failed(&mut self, how: Coordination) {
        self.c.coordination = Coordination::Idle;
        if how == Coordination::Committing {
            self.c.work.clear();
        }
    }

    pub(super) fn give_up_async(&mut self) {
        if self.c.coordination == Coordination::CommittingAsync {
            self.c.coordination = Coordination::Idle;
        }
    }
}

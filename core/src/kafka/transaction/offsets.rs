//! Offsets in a transaction: TxnOffsetCommit at the group coordinator (txn.T4, M5). A commit stands in the log at once and
//! counts when the transaction's marker follows it.

use super::{Identity, TxnBody};
use crate::event::{ErrorCode, EventKind, TxnEvent};
use crate::ids::*;
use crate::kafka::broker::{Broker, Cx};
use crate::kafka::group::Committer;
use crate::kafka::log::{Commit, Entry, Payload};
use crate::kafka::message::{Body, ConnGen};
use crate::kafka::replica::Replica;
use crate::kafka::setup::Setup;
use crate::shared::Shared;
use smallvec::SmallVec;

/// A TxnOffsetCommit whose records are not committed to the log yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ParkedOffsets {
    /// Whose.
    pub producer: ProducerIx,
    /// On which connection.
    pub conn: ConnGen,
    /// The partition of `__consumer_offsets`.
    pub partition: PartitionId,
    /// The high watermark that it waits for.
    pub until: Offset,
}

impl Replica {
    /// txn.M5: does this commit count? `None` while its transaction is open.
    pub fn commit_counts(&self, e: &Entry, c: &Commit) -> Option<bool> {
        c.txn.map_or(Some(true), |id| self.txns.outcome(id.pid(), e.base))
    }
}

impl Broker {
    /// txn.M5: has the group commits whose transaction is not decided?
    pub fn has_pending_commits(&self, setup: &Setup, group: GroupIx) -> bool {
        let Some(r) = self.replica(setup.groups[group.ix()].coordinator) else { return false };
        let Some(first) = r.txns.all_open().first() else { return false };
        r.log.iter_from(first.first).any(|e| match e.payload {
            Payload::Commit(c) => c.group == group && r.commit_counts(e, &c).is_none(),
            _ => false,
        })
    }
}

impl Cx<'_> {
    pub(super) fn on_txn_offset_commit(&mut self, p: ProducerIx, body: &Shared<Body>) {
        let Body::Txn(TxnBody::TxnOffsetCommit { id, group, .. }) = &**body else { return };
        if self.waits_for_coordinator(p, body) {
            return;
        }
        let log = self.setup.groups[group.ix()].coordinator;
        let leads = self.b.replica(log).is_some_and(|r| r.leading().is_some());
        if leads && self.fenced_at(log, *id).is_none() && self.must_ask(log, id.pid(), id.epoch) {
            return self.ask_first(p, *id, SmallVec::from_elem(log, 1), body);
        }
        self.commit_txn_offsets(p, body, None);
    }

    /// The producer has a newer epoch in this log.
    fn fenced_at(&self, log: PartitionId, id: Identity) -> Option<ErrorCode> {
        let s = self.b.replica(log)?.producers.iter().find(|s| s.pid == id.pid())?;
        (s.epoch > id.epoch).then_some(ErrorCode::InvalidProducerEpoch)
    }

    /// KIP-447: the consumer whose offsets these are is a member, and of this generation. A member epoch that is not the
    /// current one is called an illegal generation here.
    fn check_sender(&mut self, group: GroupIx, member: Committer, offsets: &[(PartitionId, Offset)]) -> Result<(), ErrorCode> {
        match self.check_commit(group, member, offsets.iter().map(|o| o.0), true) {
            Err(ErrorCode::StaleMemberEpoch) => Err(ErrorCode::IllegalGeneration),
            checked => checked,
        }
    }

    pub(super) fn commit_txn_offsets(&mut self, p: ProducerIx, body: &Shared<Body>, refused: Option<ErrorCode>) {
        let Body::Txn(TxnBody::TxnOffsetCommit { conn, id, group, member, offsets }) = &**body else { return };
        let (broker, log) = (self.b.id, self.setup.groups[group.ix()].coordinator);
        let min_isr = self.setup.partitions[log.ix()].min_isr;
        let error = match self.b.replica(log).and_then(|r| r.leading()) {
            None => Some(ErrorCode::NotCoordinator),
            Some(l) if l.isr.len() < min_isr => Some(ErrorCode::CoordinatorNotAvailable),
            Some(_) => refused.or_else(|| self.fenced_at(log, *id)).or_else(|| self.check_sender(*group, *member, offsets).err()),
        };
        if let Some(error) = error {
            let error = if error == ErrorCode::NotEnoughReplicas { ErrorCode::CoordinatorNotAvailable } else { error };
            return self.send(Actor::Producer(p), Body::Txn(TxnBody::TxnOffsetCommitResponse { conn: *conn, result: Err(error) }));
        }
        let mut until = Offset::ZERO;
        for &(partition, offset) in offsets {
            until = self.append_payload(log, Payload::Commit(Commit { group: *group, partition, offset, txn: Some(*id) })).plus(1);
            self.out.event(EventKind::Txn(TxnEvent::CommitPending { broker, group: *group, partition, offset }));
        }
        self.b.txn.offsets.push(ParkedOffsets { producer: p, conn: *conn, partition: log, until });
        self.after_append(log);
    }

    pub(in crate::kafka) fn finish_txn_offsets(&mut self, log: PartitionId, hw: Offset) {
        while let Some(i) = self.b.txn.offsets.iter().position(|x| x.partition == log && x.until <= hw) {
            self.answer_txn_offsets(i, Ok(()));
        }
    }

    pub(in crate::kafka) fn fail_txn_offsets(&mut self, log: PartitionId) {
        while let Some(i) = self.b.txn.offsets.iter().position(|x| x.partition == log) {
            self.answer_txn_offsets(i, Err(ErrorCode::NotCoordinator));
        }
    }

    fn answer_txn_offsets(&mut self, i: usize, result: Result<(), ErrorCode>) {
        let x = self.b.txn.offsets.remove(i);
        self.send(Actor::Producer(x.producer), Body::Txn(TxnBody::TxnOffsetCommitResponse { conn: x.conn, result }));
    }

    /// The commits of a transaction that began at `first` count from now on.
    pub(super) fn commits_count(&mut self, log: PartitionId, pid: Pid, first: Offset) {
        let Some(r) = self.b.replica(log) else { return };
        let found: SmallVec<[Commit; 2]> = r
            .log
            .iter_from(first)
            .filter_map(|e| match e.payload {
                Payload::Commit(c) if c.txn.is_some_and(|id| id.pid() == pid) => Some(c),
                _ => None,
            })
            .collect();
        for c in found {
            self.out.event(EventKind::Committed { group: c.group, partition: c.partition, offset: c.offset });
        }
    }
}

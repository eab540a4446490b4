//! Transactions (rule book section 6).
//!
//! The coordinator of a `transactional.id` is the leader of its partition of `__transaction_state`, an ordinary replicated
//! log: [`coordinator`] keeps the states in it, [`markers`] carries the outcome to the partitions. [`leader`] is the side
//! of a partition's leader, [`offsets`] that of a group's coordinator, [`index`] what a log says of its transactions, and
//! [`client`] the producer.
//!
//! Simplified: a record of `__transaction_state` names the partition that it adds, not all of them, and a new coordinator
//! loads at once; an id that expired stays in the list as Dead (txn.T8); no two-phase commit (KIP-939). PrepareEpochFence is a
//! state in memory only and has no place here: it is the step from Ongoing to PrepareAbort with a raised epoch.

pub mod client;
pub mod coordinator;
pub mod index;
pub mod leader;
pub mod markers;
mod message;
pub mod offsets;

use super::group::MemberId;
use super::log::records::RecordData;
use crate::ids::*;
pub use message::TxnBody;
use serde::Serialize;
use smallvec::SmallVec;

/// The largest epoch that a coordinator gives to a producer; 32767 is kept for fencing (txn.T1).
const LAST_EPOCH: u16 = 32_766;

/// Which producer of a `transactional.id` it is: producer id and epoch. A larger one fences a smaller one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct Identity {
    /// The `transactional.id`.
    pub txn: TxnIx,
    /// Which of its producer ids, from 0.
    pub n: u16,
    /// `producerEpoch`.
    pub epoch: u16,
}

impl Identity {
    /// The first of a `transactional.id`.
    pub fn first(txn: TxnIx) -> Self {
        Identity { txn, n: 0, epoch: 0 }
    }
    /// Its `producerId`.
    pub fn pid(self) -> Pid {
        Pid::Transactional(self.txn, self.n)
    }
    /// txn.T1, W2: what comes after it: the next epoch, or another producer id where there is none.
    #[must_use]
    pub fn next(self) -> Self {
        if self.epoch >= LAST_EPOCH { self.renewed() } else { self.fenced() }
    }
    /// txn.T8: after its id was forgotten: another producer id.
    #[must_use]
    pub fn renewed(self) -> Self {
        Identity { n: self.n + 1, epoch: 0, ..self }
    }
    /// The same producer id with an epoch that no producer has yet.
    #[must_use]
    pub fn fenced(self) -> Self {
        Identity { epoch: self.epoch + 1, ..self }
    }
}

/// State of a transaction at its coordinator (txn.6.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[allow(missing_docs)] // Kafka's own names
pub enum TxnState {
    Empty,
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
    Dead,
}

impl TxnState {
    /// The outcome is decided and its markers are being written: commit (true) or abort.
    pub fn preparing(self) -> Option<bool> {
        match self {
            TxnState::PrepareCommit => Some(true),
            TxnState::PrepareAbort => Some(false),
            _ => None,
        }
    }
    /// The outcome, once every marker is written.
    pub fn complete(self) -> Option<bool> {
        match self {
            TxnState::CompleteCommit => Some(true),
            TxnState::CompleteAbort => Some(false),
            _ => None,
        }
    }
    /// No transaction is open or being ended: the id may expire (txn.T8).
    pub fn is_idle(self) -> bool {
        self == TxnState::Empty || self.complete().is_some()
    }
    fn prepare(commit: bool) -> Self {
        if commit { TxnState::PrepareCommit } else { TxnState::PrepareAbort }
    }
}

/// A record of `__transaction_state`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TxnRecord {
    /// The `transactional.id`, with the producer id and epoch that hold from here on.
    pub id: Identity,
    /// The state.
    pub state: TxnState,
    /// The partition that joins the transaction.
    pub added: Option<PartitionId>,
}

/// A control batch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Marker {
    /// Whose transaction ends, with the marker's epoch (txn.W2: one above the transaction's).
    pub id: Identity,
    /// COMMIT, or ABORT.
    pub commit: bool,
    /// `coordinatorEpoch`: leader epoch of the coordinator's partition.
    pub coordinator: LeaderEpoch,
}

/// What an application asks of its transactional producer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Call {
    /// `send()`, of the record with this ordinal.
    Send {
        /// Its ordinal among the producer's records.
        n: u32,
        /// The partition that the partitioner chose.
        partition: PartitionId,
        /// What the log is told of it.
        record: RecordData,
    },
    /// `sendOffsetsToTransaction()`, with who sends them: member and generation (KIP-447).
    Offsets(GroupIx, SmallVec<[(PartitionId, Offset); 1]>, Option<(MemberId, u32)>),
    /// `commitTransaction()`, or `abortTransaction()`.
    End {
        /// Which of the two.
        commit: bool,
    },
}

/// What becomes of the transaction after a record was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum AfterSend {
    /// It stays open.
    #[default]
    GoOn,
    /// `commitTransaction()`.
    Commit,
    /// `abortTransaction()`.
    Abort,
}

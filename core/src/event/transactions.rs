//! What happens in transactions.

use super::ErrorCode;
use crate::ids::*;
use crate::kafka::transaction::{Identity, TxnState};
use serde::Serialize;

/// What happened in a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "transaction", rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named by what they hold
pub enum TxnEvent {
    // ---- producer
    /// `initTransactions()` returned.
    Initialised { producer: ProducerIx, id: Identity },
    /// `beginTransaction()`: local, nobody is told.
    Began { producer: ProducerIx },
    /// `sendOffsetsToTransaction()` returned.
    OffsetsSent { producer: ProducerIx, group: GroupIx },
    /// `commitTransaction()` or `abortTransaction()` was called; what was sent is waited for first.
    Ending { producer: ProducerIx, commit: bool },
    /// It returned.
    Ended { producer: ProducerIx, commit: bool },
    /// The transaction can only be aborted now, or, if fatal, the producer only be closed.
    Failed { producer: ProducerIx, error: ErrorCode, fatal: bool },
    /// A batch that was never sent is given up with its transaction.
    Discarded { batch: BatchId, partition: PartitionId },
    /// `send()` threw: the transaction has failed or the producer is fenced.
    SendRefused { record: RecordId },
    /// The application made a record out of one that it read; `key`, as a number of the run, where the log knows it.
    Derived { record: RecordId, batch: BatchId, index: u16, key: Option<u16> },

    // ---- coordinator
    /// The coordinator wrote a state into its log, where it does not count yet.
    StateAppended { broker: BrokerId, partition: PartitionId, offset: Offset },
    /// The coordinator's state, as of now in its log on every in-sync replica.
    State { broker: BrokerId, id: Identity, state: TxnState },
    /// A partition is part of the transaction, as of now in the coordinator's log.
    PartitionAdded { broker: BrokerId, id: Identity, partition: PartitionId },
    /// The coordinator refused a request.
    Refused { broker: BrokerId, txn: TxnIx, error: ErrorCode },
    /// `transaction.timeout.ms` is over: the coordinator will abort it.
    TimedOut { broker: BrokerId, txn: TxnIx },

    // ---- partitions
    /// A leader appended a control batch.
    MarkerAppended { broker: BrokerId, partition: PartitionId, id: Identity, commit: bool, offset: Offset },
    /// A leader refused one.
    MarkerRefused { broker: BrokerId, partition: PartitionId, id: Identity, error: ErrorCode },
    /// A group's commit was written as part of a transaction: it does not count yet.
    CommitPending { broker: BrokerId, group: GroupIx, partition: PartitionId, offset: Offset },
    /// The leader's last stable offset moved: records below are for read_committed readers too.
    LastStableOffset { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset },
}

impl TxnEvent {
    /// Is it one that a person steps through?
    pub(super) fn notable(&self) -> bool {
        !matches!(
            self,
            TxnEvent::StateAppended { .. }
                | TxnEvent::PartitionAdded { .. }
                | TxnEvent::Derived { .. }
                | TxnEvent::Refused { .. }
                | TxnEvent::CommitPending { .. }
        )
    }

    /// The partition that it is about.
    pub(super) fn partition(&self) -> Option<PartitionId> {
        match *self {
            TxnEvent::Discarded { partition, .. }
            | TxnEvent::StateAppended { partition, .. }
            | TxnEvent::PartitionAdded { partition, .. }
            | TxnEvent::MarkerAppended { partition, .. }
            | TxnEvent::MarkerRefused { partition, .. }
            | TxnEvent::CommitPending { partition, .. }
            | TxnEvent::LastStableOffset { partition, .. } => Some(partition),
            _ => None,
        }
    }

    /// The batch that it is about.
    pub(super) fn batch(&self) -> Option<BatchId> {
        match *self {
            TxnEvent::Discarded { batch, .. } => Some(batch),
            _ => None,
        }
    }
}

//! What happens in Streams threads.

use crate::ids::*;
use serde::Serialize;

/// Why a task dropped a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DroppedWhy {
    /// It has no key, or none to group by.
    NoKey,
    /// Its window is closed.
    Late,
}

/// What happened in a Streams thread. `partition` is the input of the task.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "streams", rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named by what they hold
pub enum StreamsEvent {
    /// A task begins; with a store, it first reads the changelog.
    TaskCreated { consumer: ConsumerIx, partition: PartitionId, changelog: Option<PartitionId> },
    /// A task's store is as the changelog says; it processes records from here on.
    Restored { consumer: ConsumerIx, partition: PartitionId, records: u32 },
    /// A task ends; dirty: what it processed is not committed.
    TaskClosed { consumer: ConsumerIx, partition: PartitionId, dirty: bool },
    /// A task counted a record.
    Counted { consumer: ConsumerIx, partition: PartitionId, batch: BatchId, index: u16, count: u32, window_ms: Option<u32> },
    /// A task dropped a record.
    RecordDropped { consumer: ConsumerIx, partition: PartitionId, batch: BatchId, index: u16, why: DroppedWhy },
    /// The thread commits what its tasks have processed.
    Committing { consumer: ConsumerIx },
}

impl StreamsEvent {
    /// The partition that it is about.
    pub(super) fn partition(&self) -> Option<PartitionId> {
        match *self {
            StreamsEvent::TaskCreated { partition, .. }
            | StreamsEvent::Restored { partition, .. }
            | StreamsEvent::TaskClosed { partition, .. }
            | StreamsEvent::Counted { partition, .. }
            | StreamsEvent::RecordDropped { partition, .. } => Some(partition),
            StreamsEvent::Committing { .. } => None,
        }
    }

    /// The batch that it is about.
    pub(super) fn batch(&self) -> Option<BatchId> {
        match *self {
            StreamsEvent::Counted { batch, .. } | StreamsEvent::RecordDropped { batch, .. } => Some(batch),
            _ => None,
        }
    }
}

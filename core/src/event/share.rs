//! What happens in share groups.

use super::ErrorCode;
use crate::ids::*;
use crate::kafka::share::AcknowledgeType;
use serde::Serialize;

/// What happened between a share group and a partition. Offsets are inclusive, but where SPSO moves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "share", rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named by what they hold
pub enum ShareEvent {
    /// The partition's leader knows where the group stands: as it was saved, or by `share.auto.offset.reset`.
    Loaded { broker: BrokerId, partition: PartitionId, start: Offset, saved: bool },
    /// A member got records, with a lock on each; for the how many-th time.
    Acquired { member: ConsumerIx, partition: PartitionId, from: Offset, to: Offset, delivery: u8 },
    /// What a member said of records is saved, and counts.
    Acknowledged { member: ConsumerIx, partition: PartitionId, from: Offset, to: Offset, how: AcknowledgeType },
    /// The leader refused what a member said: it has one of the records not, or not any more.
    Refused { member: ConsumerIx, partition: PartitionId, error: ErrorCode },
    /// `commitSync()` threw.
    CommitFailed { member: ConsumerIx, partition: PartitionId, error: ErrorCode },
    /// A member had a record for too long: others can have it.
    LockExpired { member: ConsumerIx, partition: PartitionId, offset: Offset },
    /// A member's share session ended, by `close()` or with its connection: others can have the record.
    SessionClosed { member: ConsumerIx, partition: PartitionId, offset: Offset },
    /// A record was delivered too often: nobody gets it again.
    GivenUp { partition: PartitionId, offset: Offset, deliveries: u8 },
    /// The share-partition's start offset moved: everything below is done with.
    StartMoved { partition: PartitionId, from: Offset, to: Offset },
    /// The share coordinator wrote where the group stands into `__share_group_state`.
    StateAppended { broker: BrokerId },
}

impl ShareEvent {
    /// The partition that it is about.
    pub(super) fn partition(&self) -> Option<PartitionId> {
        match *self {
            ShareEvent::Loaded { partition, .. }
            | ShareEvent::Acquired { partition, .. }
            | ShareEvent::Acknowledged { partition, .. }
            | ShareEvent::Refused { partition, .. }
            | ShareEvent::CommitFailed { partition, .. }
            | ShareEvent::LockExpired { partition, .. }
            | ShareEvent::SessionClosed { partition, .. }
            | ShareEvent::GivenUp { partition, .. }
            | ShareEvent::StartMoved { partition, .. } => Some(partition),
            ShareEvent::StateAppended { .. } => None,
        }
    }
}

//! Share groups (KIP-932, rule book 5E): records of a partition go to any member, each by itself, with a lock, a count of
//! deliveries, and an acknowledgement. [`state`] is what a partition's leader keeps for a group, [`leader`] what it does with
//! it, [`coordinator`] keeps it in `__share_group_state`, [`client`] is a member's side. Membership is that of the consumer
//! protocol without a handshake: [`super::group::consumer`].
//!
//! Simplified: no RENEW and no dead letter queue (4.4); one partition of `__share_group_state` keeps a group, where Kafka
//! spreads its partitions; a write holds the whole state, not what changed; offsets without a record are archived when they
//! are met, not when a member says that nothing is there; what a member says by its next fetch is not answered.

pub mod client;
pub mod coordinator;
pub mod leader;
pub mod message;
pub mod state;

use crate::ids::*;
use serde::{Deserialize, Serialize};

/// What a member says of a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcknowledgeType {
    /// It is done with it.
    Accept,
    /// Somebody else shall have it, or itself again.
    Release,
    /// Nobody shall.
    Reject,
}

/// How a member acknowledges (`share.acknowledgement.mode`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Acknowledging {
    /// `poll()` accepts what the one before it returned.
    Implicit,
    /// The application says it of each record, and calls `commitSync()`; this is what it says where its handler failed.
    Explicit(AcknowledgeType),
}

/// What holds for a share group.
#[derive(Clone, Debug)]
pub struct ShareSetup {
    /// The partition of `__share_group_state` that keeps its state.
    pub state: PartitionId,
    /// `share.auto.offset.reset=earliest`; else `latest`.
    pub earliest: bool,
    /// `share.isolation.level=read_committed`.
    pub read_committed: bool,
    /// `share.acquire.mode=record_limit`: a fetch stops at `max.poll.records`, also within a batch.
    pub record_limit: bool,
    /// `group.share.delivery.count.limit`.
    pub deliveries: u8,
    /// `group.share.partition.max.record.locks`.
    pub locks: u32,
}

/// A record as a member gets it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AcquiredRecord {
    /// Its offset.
    pub offset: Offset,
    /// Its batch.
    pub batch: BatchId,
    /// Its place in it.
    pub index: u16,
    /// How often it was delivered, with this time.
    pub delivery: u8,
}

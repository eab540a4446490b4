//! What actors say to each other. Request and response names are Kafka's.

use super::assignor::Assignor;
use super::group::consumer::{Beat, BeatAnswer};
use super::group::{MemberId, Parts, Subscription};
use super::log::{Batch, Entries};
use super::quorum::QuorumBody;
use super::share::message::ShareBody;
use super::transaction::TxnBody;
use super::zookeeper::ZkBody;
use crate::event::{ErrorCode, MessageKind};
use crate::ids::*;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// The producer config `acks`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Acks {
    /// No answer is asked for (prod.A0).
    #[serde(rename = "0")]
    None,
    /// The leader has it (prod.A1). Not the followers.
    #[serde(rename = "1")]
    Leader,
    /// Every in-sync replica has it (prod.A2).
    #[serde(rename = "all")]
    All,
}

impl Acks {
    /// As it stands in a config file.
    pub fn name(self) -> &'static str {
        match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        }
    }
}

/// Which connection between two actors: counted up at every reconnect, so that answers of an old one are not taken for new.
/// The count itself is no part of the canonical encoding; the world adds which references are current.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ConnGen(pub u8);

impl std::hash::Hash for ConnGen {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// `incarnationId`: which life of a broker's process. No part of the canonical encoding: the controller asks only whether
/// it is the one that it knows, and in a search, where no registration is repeated, it never is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Incarnation(pub u8);

impl std::hash::Hash for Incarnation {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl ConnGen {
    /// The next connection.
    #[must_use]
    pub fn next(self) -> Self {
        ConnGen(self.0.wrapping_add(1))
    }
}

/// Which offset ListOffsets asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OffsetSpec {
    /// The log's first.
    Earliest,
    /// The end of what may be read.
    Latest,
    /// The first with this timestamp or a larger one, in milliseconds of the run (log.L13).
    Since(u64),
}

/// A partition in a fetch request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FetchPart {
    /// Which.
    pub partition: PartitionId,
    /// The fetcher's leader epoch.
    pub le: LeaderEpoch,
    /// From where; a follower's LEO.
    pub offset: Offset,
    /// Epoch of the last record that a follower has.
    pub last_epoch: Option<LeaderEpoch>,
}

/// What a leader says of a partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Fetched {
    /// Batches (perhaps none) and the high watermark of the snapshot (repl.R-F2).
    Data {
        /// The batches.
        entries: Entries,
        /// The leader's high watermark when the snapshot was taken.
        hw: Offset,
        /// For read_committed: whose batches to drop, from which offset on (txn.M4).
        aborted: SmallVec<[(Pid, Offset); 0]>,
        /// The leader's log start offset.
        start: Offset,
    },
    /// The logs part ways: this epoch ends there (repl.R-F3).
    Diverging {
        /// The largest epoch of the leader that is not above the asked one.
        epoch: LeaderEpoch,
        /// Its end offset.
        end: Offset,
    },
    /// OFFSET_OUT_OF_RANGE, with what ListOffsets would say next (Kafka asks for it in a request of its own).
    OutOfRange {
        /// The log start offset.
        start: Offset,
        /// The log end offset.
        end: Offset,
    },
    /// `preferredReadReplica`: to a consumer, nothing but whom to ask in the leader's place (repl.3.9).
    ReadFrom(BrokerId),
    /// No.
    Error(ErrorCode),
}

/// A partition in a fetch response.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchedPart {
    /// Which.
    pub partition: PartitionId,
    /// The leader epoch that the request named.
    pub le: LeaderEpoch,
    /// The offset that it asked for.
    pub offset: Offset,
    /// The answer.
    pub answer: Fetched,
}

/// A change of metadata, as a record of the metadata log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Change {
    /// Leadership or ISR of a partition.
    Partition {
        /// Which.
        partition: PartitionId,
        /// Who leads, if anybody.
        leader: Option<BrokerId>,
        /// Leader epoch.
        le: LeaderEpoch,
        /// Partition epoch.
        pe: PartitionEpoch,
        /// In-sync replicas.
        isr: BrokerSet,
    },
    /// State of a broker's registration.
    Broker {
        /// Which.
        broker: BrokerId,
        /// Its epoch.
        epoch: BrokerEpoch,
        /// Not to be counted on?
        fenced: bool,
    },
}

/// The answer to JoinGroup: the generation that the member belongs to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Joined {
    /// Who it is.
    pub member: MemberId,
    /// The generation.
    pub generation: u32,
    /// The assignor that was chosen.
    pub assignor: Assignor,
    /// For the leader: what all members said of themselves. It works out the assignment.
    pub members: Vec<Subscription>,
}

/// A partition's leader as a client sees it.
pub type LeaderView = (Option<BrokerId>, LeaderEpoch);

/// What became of a batch: the batch stands for the correlation id of Kafka's protocol.
pub type ProduceAnswer = (PartitionId, BatchId, Result<Offset, ErrorCode>);

/// The body of a message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // Kafka's field names; see the rules that read them
pub enum Body {
    Produce {
        conn: ConnGen,
        acks: Acks,
        parts: SmallVec<[(PartitionId, Batch); 1]>,
    },
    ProduceResponse {
        conn: ConnGen,
        parts: SmallVec<[ProduceAnswer; 1]>,
    },
    Fetch {
        conn: ConnGen,
        be: BrokerEpoch,
        parts: SmallVec<[FetchPart; 1]>,
    },
    FetchResponse {
        conn: ConnGen,
        parts: SmallVec<[FetchedPart; 1]>,
    },
    /// Where does your log's part of my last epoch end? Asked by a consumer of a new leader, and before 2.7 by a new follower.
    OffsetForLeaderEpoch {
        conn: ConnGen,
        parts: SmallVec<[FetchPart; 1]>,
    },
    OffsetForLeaderEpochResponse {
        conn: ConnGen,
        parts: SmallVec<[FetchedPart; 1]>,
    },
    ConsumerFetch {
        conn: ConnGen,
        parts: SmallVec<[FetchPart; 1]>,
    },
    ConsumerFetchResponse {
        conn: ConnGen,
        parts: SmallVec<[FetchedPart; 1]>,
    },
    OffsetCommit {
        conn: ConnGen,
        group: GroupIx,
        /// Who commits, and in which generation; nobody in a group that never changes.
        member: Option<(MemberId, u32)>,
        offsets: SmallVec<[(PartitionId, Offset); 1]>,
    },
    OffsetCommitResponse {
        conn: ConnGen,
        offsets: SmallVec<[(PartitionId, Offset); 1]>,
        result: Result<(), ErrorCode>,
    },
    OffsetFetch {
        conn: ConnGen,
        group: GroupIx,
    },
    OffsetFetchResponse {
        conn: ConnGen,
        result: Result<SmallVec<[(PartitionId, Offset); 1]>, ErrorCode>,
    },
    /// Where `auto.offset.reset` leads, or where a changelog ends.
    ListOffsets {
        conn: ConnGen,
        at: OffsetSpec,
        /// `isolation_level`: the last stable offset instead of the high watermark.
        committed: bool,
        parts: SmallVec<[(PartitionId, LeaderEpoch); 1]>,
    },
    ListOffsetsResponse {
        conn: ConnGen,
        parts: SmallVec<[(PartitionId, Result<Offset, ErrorCode>); 1]>,
    },
    /// `known`: the coordinator has given it the id.
    JoinGroup {
        conn: ConnGen,
        group: GroupIx,
        known: bool,
        says: Subscription,
    },
    JoinGroupResponse {
        conn: ConnGen,
        result: Result<Joined, (ErrorCode, Option<MemberId>)>,
    },
    /// `plan` is the leader's.
    SyncGroup {
        conn: ConnGen,
        group: GroupIx,
        member: MemberId,
        generation: u32,
        plan: Vec<(MemberId, Parts)>,
    },
    SyncGroupResponse {
        conn: ConnGen,
        result: Result<Parts, ErrorCode>,
    },
    GroupHeartbeat {
        conn: ConnGen,
        group: GroupIx,
        member: MemberId,
        generation: u32,
    },
    GroupHeartbeatResponse {
        conn: ConnGen,
        result: Result<(), ErrorCode>,
    },
    LeaveGroup {
        conn: ConnGen,
        group: GroupIx,
        member: MemberId,
    },
    ConsumerGroupHeartbeat {
        conn: ConnGen,
        group: GroupIx,
        beat: Beat,
    },
    ConsumerGroupHeartbeatResponse {
        conn: ConnGen,
        result: BeatAnswer,
    },
    BrokerRegistration {
        clean: Option<BrokerEpoch>,
        incarnation: Incarnation,
    },
    BrokerRegistrationResponse {
        result: Result<BrokerEpoch, ErrorCode>,
    },
    BrokerHeartbeat {
        be: BrokerEpoch,
        applied: u32,
        want_shutdown: bool,
    },
    AlterPartition {
        partition: PartitionId,
        be: BrokerEpoch,
        le: LeaderEpoch,
        pe: PartitionEpoch,
        isr: SmallVec<[(BrokerId, BrokerEpoch); 3]>,
    },
    AlterPartitionResponse {
        partition: PartitionId,
        le: LeaderEpoch,
        result: Result<(BrokerSet, PartitionEpoch), ErrorCode>,
    },
    ControlledShutdown,
    /// Records of the metadata log after offset `from`, up to `upto`; from 0, everything as it stands at `upto`.
    MetadataRecords {
        from: u32,
        upto: u32,
        changes: SmallVec<[Change; 1]>,
    },
    Metadata {
        conn: ConnGen,
    },
    MetadataResponse {
        conn: ConnGen,
        leaders: SmallVec<[LeaderView; 2]>,
    },
    /// This connection ended.
    Disconnect {
        conn: ConnGen,
    },
    /// Of a transaction.
    Txn(TxnBody),
    /// Of a share group.
    Share(ShareBody),
    /// Of the quorum of controllers.
    Quorum(QuorumBody),
    /// With ZooKeeper, and of a controller that is one of the brokers.
    Zk(ZkBody),
}

impl Body {
    /// Its name.
    pub fn kind(&self) -> MessageKind {
        match self {
            Body::Produce { .. } => MessageKind::Produce,
            Body::ProduceResponse { .. } => MessageKind::ProduceResponse,
            Body::Fetch { .. } => MessageKind::Fetch,
            Body::FetchResponse { .. } => MessageKind::FetchResponse,
            Body::OffsetForLeaderEpoch { .. } => MessageKind::OffsetForLeaderEpoch,
            Body::OffsetForLeaderEpochResponse { .. } => MessageKind::OffsetForLeaderEpochResponse,
            Body::ConsumerFetch { .. } => MessageKind::ConsumerFetch,
            Body::ConsumerFetchResponse { .. } => MessageKind::ConsumerFetchResponse,
            Body::OffsetCommit { .. } => MessageKind::OffsetCommit,
            Body::OffsetCommitResponse { .. } => MessageKind::OffsetCommitResponse,
            Body::OffsetFetch { .. } => MessageKind::OffsetFetch,
            Body::OffsetFetchResponse { .. } => MessageKind::OffsetFetchResponse,
            Body::ListOffsets { .. } => MessageKind::ListOffsets,
            Body::ListOffsetsResponse { .. } => MessageKind::ListOffsetsResponse,
            Body::JoinGroup { .. } => MessageKind::JoinGroup,
            Body::JoinGroupResponse { .. } => MessageKind::JoinGroupResponse,
            Body::SyncGroup { .. } => MessageKind::SyncGroup,
            Body::SyncGroupResponse { .. } => MessageKind::SyncGroupResponse,
            Body::GroupHeartbeat { .. } => MessageKind::Heartbeat,
            Body::GroupHeartbeatResponse { .. } => MessageKind::HeartbeatResponse,
            Body::LeaveGroup { .. } => MessageKind::LeaveGroup,
            Body::ConsumerGroupHeartbeat { .. } => MessageKind::ConsumerGroupHeartbeat,
            Body::ConsumerGroupHeartbeatResponse { .. } => MessageKind::ConsumerGroupHeartbeatResponse,
            Body::BrokerRegistration { .. } => MessageKind::BrokerRegistration,
            Body::BrokerRegistrationResponse { .. } => MessageKind::BrokerRegistrationResponse,
            Body::BrokerHeartbeat { .. } => MessageKind::BrokerHeartbeat,
            Body::AlterPartition { .. } => MessageKind::AlterPartition,
            Body::AlterPartitionResponse { .. } => MessageKind::AlterPartitionResponse,
            Body::ControlledShutdown => MessageKind::ControlledShutdown,
            Body::MetadataRecords { .. } => MessageKind::MetadataRecords,
            Body::Metadata { .. } => MessageKind::Metadata,
            Body::MetadataResponse { .. } => MessageKind::MetadataResponse,
            Body::Disconnect { .. } => MessageKind::Disconnect,
            Body::Txn(t) => t.kind(),
            Body::Share(s) => s.kind(),
            Body::Quorum(q) => q.kind(),
            Body::Zk(z) => z.kind(),
        }
    }

    /// The connection that it travels on, where that matters.
    pub fn conn(&self) -> Option<ConnGen> {
        match self {
            Body::Produce { conn, .. }
            | Body::ProduceResponse { conn, .. }
            | Body::Fetch { conn, .. }
            | Body::FetchResponse { conn, .. }
            | Body::OffsetForLeaderEpoch { conn, .. }
            | Body::OffsetForLeaderEpochResponse { conn, .. }
            | Body::ConsumerFetch { conn, .. }
            | Body::ConsumerFetchResponse { conn, .. }
            | Body::OffsetCommit { conn, .. }
            | Body::OffsetCommitResponse { conn, .. }
            | Body::OffsetFetch { conn, .. }
            | Body::OffsetFetchResponse { conn, .. }
            | Body::ListOffsets { conn, .. }
            | Body::ListOffsetsResponse { conn, .. }
            | Body::JoinGroup { conn, .. }
            | Body::JoinGroupResponse { conn, .. }
            | Body::SyncGroup { conn, .. }
            | Body::SyncGroupResponse { conn, .. }
            | Body::GroupHeartbeat { conn, .. }
            | Body::GroupHeartbeatResponse { conn, .. }
            | Body::LeaveGroup { conn, .. }
            | Body::ConsumerGroupHeartbeat { conn, .. }
            | Body::ConsumerGroupHeartbeatResponse { conn, .. }
            | Body::Metadata { conn }
            | Body::MetadataResponse { conn, .. }
            | Body::Disconnect { conn } => Some(*conn),
            Body::Txn(t) => t.conn(),
            Body::Share(s) => s.conn(),
            _ => None,
        }
    }

    /// Is it a request on a connection that its sender opened: a client's, or a follower's?
    pub fn is_request(&self) -> bool {
        self.is_client_request() || matches!(self, Body::Fetch { .. } | Body::OffsetForLeaderEpoch { .. })
    }

    /// Is it a client's request?
    pub fn is_client_request(&self) -> bool {
        match self {
            Body::Produce { .. } | Body::ConsumerFetch { .. } | Body::OffsetCommit { .. } | Body::OffsetFetch { .. } => true,
            Body::ListOffsets { .. } | Body::JoinGroup { .. } | Body::SyncGroup { .. } => true,
            Body::GroupHeartbeat { .. } | Body::LeaveGroup { .. } | Body::Metadata { .. } => true,
            Body::ConsumerGroupHeartbeat { .. } => true,
            Body::Txn(t) => t.is_client_request(),
            Body::Share(s) => s.is_client_request(),
            _ => false,
        }
    }

    /// Is it an answer to a client's request (which the fault "drop the next response" can take)?
    pub fn is_client_response(&self) -> bool {
        match self {
            Body::ProduceResponse { .. } | Body::ConsumerFetchResponse { .. } | Body::ListOffsetsResponse { .. } => true,
            Body::OffsetCommitResponse { .. } | Body::OffsetFetchResponse { .. } => true,
            Body::JoinGroupResponse { .. } | Body::SyncGroupResponse { .. } | Body::ConsumerGroupHeartbeatResponse { .. } => true,
            Body::Txn(t) => t.is_client_response(),
            Body::Share(s) => s.is_client_response(),
            _ => false,
        }
    }
}

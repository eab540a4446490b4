//! What happened, and why: the only thing that ledgers, sentences and pictures are made from.

mod quorum;
mod share;
mod streams;
mod transactions;
mod zookeeper;

use crate::ids::*;
use crate::kafka::assignor::Assignor;
use crate::kafka::group::consumer::MemberState;
use crate::kafka::log::segments::Deletion;
pub use quorum::QuorumEvent;
use serde::Serialize;
pub use share::ShareEvent;
pub use streams::{DroppedWhy, StreamsEvent};
pub use transactions::TxnEvent;
pub use zookeeper::ZkEvent;

/// One thing that happened at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Event {
    /// Its ordinal in the run, from 0.
    pub seq: u32,
    /// Virtual time in microseconds since the run began.
    pub at_us: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
    /// The event that led to it directly.
    pub cause: Option<u32>,
}

/// Names of messages, for tokens and sentences.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[allow(missing_docs)] // Kafka's own API names
pub enum MessageKind {
    Produce,
    ProduceResponse,
    Fetch,
    FetchResponse,
    OffsetForLeaderEpoch,
    OffsetForLeaderEpochResponse,
    ConsumerFetch,
    ConsumerFetchResponse,
    OffsetCommit,
    OffsetCommitResponse,
    OffsetFetch,
    OffsetFetchResponse,
    ListOffsets,
    ListOffsetsResponse,
    JoinGroup,
    JoinGroupResponse,
    SyncGroup,
    SyncGroupResponse,
    Heartbeat,
    HeartbeatResponse,
    LeaveGroup,
    ConsumerGroupHeartbeat,
    ConsumerGroupHeartbeatResponse,
    BrokerRegistration,
    BrokerRegistrationResponse,
    BrokerHeartbeat,
    AlterPartition,
    AlterPartitionResponse,
    ControlledShutdown,
    MetadataRecords,
    Metadata,
    MetadataResponse,
    Disconnect,
    InitProducerId,
    InitProducerIdResponse,
    AddPartitionsToTxn,
    AddPartitionsToTxnResponse,
    AddOffsetsToTxn,
    AddOffsetsToTxnResponse,
    TxnOffsetCommit,
    TxnOffsetCommitResponse,
    EndTxn,
    EndTxnResponse,
    WriteTxnMarkers,
    WriteTxnMarkersResponse,
    ShareGroupHeartbeat,
    ShareGroupHeartbeatResponse,
    ShareFetch,
    ShareFetchResponse,
    ShareAcknowledge,
    ShareAcknowledgeResponse,
    WriteShareGroupState,
    WriteShareGroupStateResponse,
    ReadShareGroupState,
    ReadShareGroupStateResponse,
    Vote,
    VoteResponse,
    BeginQuorumEpoch,
    EndQuorumEpoch,
    MetadataFetch,
    MetadataFetchResponse,
    BrokerHeartbeatResponse,
    ZkConnect,
    ZkConnectResponse,
    ZkPing,
    ZkSessionExpired,
    ZkCloseSession,
    ZkCreate,
    ZkGetData,
    ZkSetData,
    ZkResponse,
    ZkWatch,
    LeaderAndIsr,
    LeaderAndIsrResponse,
    UpdateMetadata,
    UpdateMetadataResponse,
}

/// Kafka's error codes, as far as the engine gives them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)] // Kafka's own names
pub enum ErrorCode {
    NotLeaderOrFollower,
    FencedLeaderEpoch,
    UnknownLeaderEpoch,
    OffsetOutOfRange,
    NotEnoughReplicas,
    NotEnoughReplicasAfterAppend,
    RequestTimedOut,
    OutOfOrderSequenceNumber,
    InvalidProducerEpoch,
    NotCoordinator,
    MemberIdRequired,
    UnknownMemberId,
    IllegalGeneration,
    FencedInstanceId,
    FencedMemberEpoch,
    StaleMemberEpoch,
    UnreleasedInstanceId,
    RebalanceInProgress,
    NetworkException,
    /// The producer's own: `delivery.timeout.ms` ran out.
    Timeout,
    InvalidUpdateVersion,
    IneligibleReplica,
    StaleBrokerEpoch,
    DuplicateBrokerRegistration,
    CoordinatorNotAvailable,
    ConcurrentTransactions,
    InvalidTxnState,
    InvalidProducerIdMapping,
    ProducerFenced,
    TransactionAbortable,
    TransactionCoordinatorFenced,
    UnstableOffsetCommit,
    InvalidRecord,
    InvalidRecordState,
    InvalidTimestamp,
    MessageTooLarge,
    NotController,
    ElectionNotNeeded,
    PreferredLeaderNotAvailable,
    StaleControllerEpoch,
    UnknownTopicOrPartition,
    /// The producer's own: no memory for a batch within `max.block.ms`.
    BufferExhausted,
    /// The producer's own: a record is larger than `max.request.size` or `buffer.memory`.
    RecordTooLarge,
}

impl ErrorCode {
    /// The name that Kafka prints.
    pub fn name(self) -> &'static str {
        match self {
            ErrorCode::NotLeaderOrFollower => "NOT_LEADER_OR_FOLLOWER",
            ErrorCode::FencedLeaderEpoch => "FENCED_LEADER_EPOCH",
            ErrorCode::UnknownLeaderEpoch => "UNKNOWN_LEADER_EPOCH",
            ErrorCode::OffsetOutOfRange => "OFFSET_OUT_OF_RANGE",
            ErrorCode::NotEnoughReplicas => "NOT_ENOUGH_REPLICAS",
            ErrorCode::NotEnoughReplicasAfterAppend => "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
            ErrorCode::RequestTimedOut => "REQUEST_TIMED_OUT",
            ErrorCode::OutOfOrderSequenceNumber => "OUT_OF_ORDER_SEQUENCE_NUMBER",
            ErrorCode::InvalidProducerEpoch => "INVALID_PRODUCER_EPOCH",
            ErrorCode::NotCoordinator => "NOT_COORDINATOR",
            ErrorCode::MemberIdRequired => "MEMBER_ID_REQUIRED",
            ErrorCode::UnknownMemberId => "UNKNOWN_MEMBER_ID",
            ErrorCode::IllegalGeneration => "ILLEGAL_GENERATION",
            ErrorCode::FencedInstanceId => "FENCED_INSTANCE_ID",
            ErrorCode::FencedMemberEpoch => "FENCED_MEMBER_EPOCH",
            ErrorCode::StaleMemberEpoch => "STALE_MEMBER_EPOCH",
            ErrorCode::UnreleasedInstanceId => "UNRELEASED_INSTANCE_ID",
            ErrorCode::RebalanceInProgress => "REBALANCE_IN_PROGRESS",
            ErrorCode::NetworkException => "NETWORK_EXCEPTION",
            ErrorCode::Timeout => "TimeoutException",
            ErrorCode::InvalidUpdateVersion => "INVALID_UPDATE_VERSION",
            ErrorCode::IneligibleReplica => "INELIGIBLE_REPLICA",
            ErrorCode::StaleBrokerEpoch => "STALE_BROKER_EPOCH",
            ErrorCode::DuplicateBrokerRegistration => "DUPLICATE_BROKER_REGISTRATION",
            ErrorCode::CoordinatorNotAvailable => "COORDINATOR_NOT_AVAILABLE",
            ErrorCode::ConcurrentTransactions => "CONCURRENT_TRANSACTIONS",
            ErrorCode::InvalidTxnState => "INVALID_TXN_STATE",
            ErrorCode::InvalidProducerIdMapping => "INVALID_PRODUCER_ID_MAPPING",
            ErrorCode::ProducerFenced => "PRODUCER_FENCED",
            ErrorCode::TransactionAbortable => "TRANSACTION_ABORTABLE",
            ErrorCode::TransactionCoordinatorFenced => "TRANSACTION_COORDINATOR_FENCED",
            ErrorCode::UnstableOffsetCommit => "UNSTABLE_OFFSET_COMMIT",
            ErrorCode::InvalidRecord => "INVALID_RECORD",
            ErrorCode::InvalidRecordState => "INVALID_RECORD_STATE",
            ErrorCode::InvalidTimestamp => "INVALID_TIMESTAMP",
            ErrorCode::MessageTooLarge => "MESSAGE_TOO_LARGE",
            ErrorCode::NotController => "NOT_CONTROLLER",
            ErrorCode::ElectionNotNeeded => "ELECTION_NOT_NEEDED",
            ErrorCode::PreferredLeaderNotAvailable => "PREFERRED_LEADER_NOT_AVAILABLE",
            ErrorCode::StaleControllerEpoch => "STALE_CONTROLLER_EPOCH",
            ErrorCode::UnknownTopicOrPartition => "UNKNOWN_TOPIC_OR_PARTITION",
            ErrorCode::BufferExhausted => "BufferExhaustedException",
            ErrorCode::RecordTooLarge => "RecordTooLargeException",
        }
    }
}

/// How a leader came into office (repl.E6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Election {
    /// From the ISR.
    Isr,
    /// From the eligible leader replicas, with an empty ISR.
    Elr,
    /// Anybody: committed records may be lost.
    Unclean,
}

/// Why a group rebalances.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RebalanceCause {
    /// A member is new.
    MemberJoined,
    /// A member is gone.
    MemberGone,
    /// A member asked to join again: it leads, or it said something new of itself.
    MemberRejoined,
    /// A topic that the group reads has more partitions (prod.P5).
    PartitionsAdded,
}

/// Why a member is no longer in its group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalCause {
    /// It left.
    Left,
    /// `session.timeout.ms` without a heartbeat.
    SessionExpired,
    /// It did not join again in time.
    NotRejoined,
    /// It did not ask for its assignment in time.
    NotSynced,
    /// Consumer protocol: it did not give up in time what it was asked to.
    NotRevoked,
}

/// What happens in a consumer group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named by what they hold
pub enum GroupEvent {
    // ---- at the coordinator
    /// PreparingRebalance: the coordinator waits for all members to join.
    Rebalancing { coordinator: BrokerId, why: RebalanceCause, member: ConsumerIx },
    /// CompletingRebalance: the generation is made up, its leader works out who gets what.
    Formed { generation: u32, members: u16, leader: ConsumerIx, assignor: Assignor },
    /// The coordinator wrote where the group stands into `__consumer_offsets`.
    RecordAppended { coordinator: BrokerId },
    /// The assignment stands: members get their shares.
    Stable { generation: u32 },
    /// The last member is gone.
    Emptied { generation: u32 },
    /// A member is no longer in the group.
    MemberRemoved { member: ConsumerIx, why: RemovalCause },
    /// Another broker took the group over, as it stood in its log.
    Loaded { coordinator: BrokerId, generation: u32 },

    // ---- at the coordinator of a group of the consumer protocol
    /// Something asks for another assignment: the group epoch is one higher (group.N2).
    EpochBumped { epoch: i32, why: RebalanceCause, member: ConsumerIx },
    /// The coordinator worked out who should have what in this epoch (group.N3).
    TargetAssigned { epoch: i32, assignor: Assignor },
    /// A member is a step further on its way to its target (group.N4).
    MemberAt { member: ConsumerIx, epoch: i32, state: MemberState },
    /// A static member left and keeps its place (group.N9).
    LeftForAWhile { member: ConsumerIx },
    /// Another broker took the group over, as it stood in its log.
    EpochLoaded { coordinator: BrokerId, epoch: i32 },

    // ---- at a member
    /// It got a partition.
    Assigned { member: ConsumerIx, partition: PartitionId },
    /// It gave a partition up.
    Revoked { member: ConsumerIx, partition: PartitionId },
    /// A partition is no longer its own, and it could not do anything about it.
    PartitionLost { member: ConsumerIx, partition: PartitionId },
    /// It learned that it is in the group no more, or not in this generation.
    Fenced { member: ConsumerIx, error: ErrorCode },
    /// Its commit was refused.
    CommitRefused { member: ConsumerIx, error: ErrorCode },
    /// `max.poll.interval.ms` went by without `poll()`.
    PollIntervalExceeded { member: ConsumerIx },
    /// There is no commit, and `auto.offset.reset` is `none`.
    NoOffset { member: ConsumerIx, partition: PartitionId },

    // ---- what is done to a member
    /// Asked to stop.
    Stopping { member: ConsumerIx },
    /// It has closed its consumer and ended.
    Stopped { member: ConsumerIx },
    /// Its handler threw an exception.
    HandlerThrew { member: ConsumerIx },
    /// At the coordinator: the group had no members for `offsets.retention.minutes`, and its commits are forgotten.
    OffsetsExpired { coordinator: BrokerId },
}

/// Why a message never arrived.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The link was cut.
    LinkCut,
    /// The receiver was down.
    ReceiverDown,
    /// Its connection had ended.
    ConnectionClosed,
    /// A fault asked for it: drop the next response.
    Fault,
}

/// What happened. `broker` is where it happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named by what they hold
pub enum EventKind {
    // ---- the wire
    /// A message left `from`.
    Sent { msg: MsgId, from: Actor, to: Actor, message: MessageKind, due_us: u64 },
    /// It arrived.
    Delivered { msg: MsgId, from: Actor, to: Actor, message: MessageKind },
    /// It never will.
    Dropped { msg: MsgId, from: Actor, to: Actor, message: MessageKind, why: DropReason },

    // ---- producer
    /// The application called `send()`.
    RecordSent { record: RecordId, partition: PartitionId },
    /// The record joined a batch.
    Batched { record: RecordId, batch: BatchId, partition: PartitionId },
    /// The producer sent a batch for the first time.
    BatchSent { batch: BatchId, partition: PartitionId, broker: BrokerId },
    /// The producer sent it once more.
    BatchResent { batch: BatchId, partition: PartitionId, broker: BrokerId },
    /// The producer believes that the batch is stored; `offset` is `None` with acks=0.
    Acked { batch: BatchId, partition: PartitionId, offset: Option<Offset> },
    /// An attempt failed; the producer will try again.
    AttemptFailed { batch: BatchId, partition: PartitionId, error: ErrorCode },
    /// The producer told the application that it gave up.
    SendFailed { batch: BatchId, partition: PartitionId, error: ErrorCode },

    // ---- logs
    /// A leader appended a producer's batch.
    Appended { broker: BrokerId, partition: PartitionId, batch: BatchId, base: Offset, count: u16, epoch: LeaderEpoch },
    /// A coordinator appended a group's commit.
    CommitAppended { broker: BrokerId, group: GroupIx, partition: PartitionId, offset: Offset },
    /// A leader recognised a batch that it has already (prod.D1).
    DuplicateRecognised { broker: BrokerId, partition: PartitionId, batch: BatchId, base: Offset },
    /// A broker forgets a producer that wrote nothing for `producer.id.expiration.ms` (prod.D7).
    ProducerForgotten { broker: BrokerId, partition: PartitionId, pid: Pid },
    /// A leader refused a batch.
    Refused { broker: BrokerId, partition: PartitionId, batch: BatchId, error: ErrorCode },
    /// A follower copied records.
    Replicated { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset },
    /// A replica cut its log.
    Truncated { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset },
    /// A leader learned how far a follower is (repl.R-F4).
    FollowerAt { broker: BrokerId, partition: PartitionId, follower: BrokerId, leo: Offset },
    /// The leader's high watermark moved: records below are committed.
    HighWatermark { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset },
    /// A follower learned the high watermark.
    FollowerHighWatermark { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset },

    // ---- files
    /// An append opened a new segment; the one before it is closed and flushed.
    SegmentRolled { broker: BrokerId, partition: PartitionId, base: Offset },
    /// Retention took a segment: the log starts at `to` now, or already started beyond.
    SegmentDeleted { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset, why: Deletion },
    /// A cleaning pass: the log is clean below `to`; it was below `from` before.
    Compacted { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset, removed: u32 },
    /// The log start offset moved up: DeleteRecords on the leader, or a follower heard of it.
    LogStartMoved { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset },
    /// DeleteRecords beyond the high watermark: OFFSET_OUT_OF_RANGE.
    DeleteRefused { broker: BrokerId, partition: PartitionId, before: Offset, hw: Offset },
    /// A start after a power cut: the log ends at `to`, its recovery point, and ended at `from` before.
    LogRecovered { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset },

    // ---- replication and control
    /// A follower has been behind for `replica.lag.time.max.ms`.
    LagExpired { broker: BrokerId, partition: PartitionId, follower: BrokerId },
    /// A leader asks the controller for another ISR.
    IsrProposed { broker: BrokerId, partition: PartitionId, isr: BrokerSet },
    /// The controller committed another ISR.
    IsrChanged { partition: PartitionId, isr: BrokerSet, elr: BrokerSet, epoch: PartitionEpoch },
    /// The controller chose a leader.
    LeaderElected { partition: PartitionId, leader: BrokerId, epoch: LeaderEpoch, election: Election },
    /// The controller found nobody fit to lead.
    Leaderless { partition: PartitionId, epoch: LeaderEpoch },
    /// A broker applied that it leads; its log ended at `log_end` then, and its high watermark was `hw`.
    BecameLeader { broker: BrokerId, partition: PartitionId, epoch: LeaderEpoch, log_end: Offset, hw: Offset },
    /// A broker applied that it follows.
    BecameFollower { broker: BrokerId, partition: PartitionId, leader: BrokerId, epoch: LeaderEpoch },
    /// The controller heard nothing for `broker.session.timeout.ms`, or the broker registered anew.
    Fenced { broker: BrokerId },
    /// The controller counts on the broker again.
    Unfenced { broker: BrokerId },
    /// The controller accepted a registration.
    Registered { broker: BrokerId, epoch: BrokerEpoch, clean: bool },

    // ---- faults
    /// The process died; its page cache survives.
    Crashed { broker: BrokerId },
    /// The machine lost power: what was not flushed is gone.
    PowerCut { broker: BrokerId },
    /// The operator asked it to stop in order.
    Stopping { broker: BrokerId },
    /// It stopped in order.
    Stopped { broker: BrokerId },
    /// The process started.
    Started { broker: BrokerId },
    /// A link lets nothing through, in this direction.
    LinkCut { from: Actor, to: Actor },
    /// It works again.
    LinkHealed { from: Actor, to: Actor },
    /// The next response on this link will be lost, and the client disconnected.
    DropArmed { from: Actor, to: Actor },
    /// Messages of a link take longer from now on, or as long as before if `extra_us` is 0.
    LinkSlowed { from: Actor, to: Actor, extra_us: u64 },
    /// A process stands still.
    Paused { actor: Actor, for_us: u64 },
    /// An application needs this long for each record from now on.
    HandlerSlowed { consumer: ConsumerIx, handling_us: u64 },
    /// Handling this record made the application fail.
    Poisoned { consumer: ConsumerIx, partition: PartitionId, offset: Offset, record: RecordId },
    /// A consumer process died.
    ConsumerCrashed { consumer: ConsumerIx },
    /// It started again.
    ConsumerStarted { consumer: ConsumerIx },

    // ---- consumers
    /// `poll()` returned these records.
    Polled { consumer: ConsumerIx, partition: PartitionId, from: Offset, to: Offset, records: u32 },
    /// The application finished with the record at `offset`: the effect outside Kafka.
    Handled { consumer: ConsumerIx, partition: PartitionId, offset: Offset, batch: BatchId, index: u16 },
    /// The coordinator confirmed the commit.
    Committed { group: GroupIx, partition: PartitionId, offset: Offset },
    /// A position was taken from the group's commits or from `auto.offset.reset`.
    PositionReset { consumer: ConsumerIx, partition: PartitionId, to: Offset, committed: bool },
    /// cons.K4: the log of another leader parts at `end` from what it had read. It goes on there, or LogTruncationException
    /// was `thrown`.
    LogTruncation { consumer: ConsumerIx, partition: PartitionId, position: Offset, end: Offset, thrown: bool },
    /// From now on it fetches from this follower, as the leader said; or from the leader again.
    PreferredReadReplica { consumer: ConsumerIx, partition: PartitionId, replica: Option<BrokerId> },

    /// Something happened in a group.
    Group {
        group: GroupIx,
        #[serde(flatten)]
        what: GroupEvent,
    },

    // ---- judgements of the ledger
    /// An acknowledged batch is not in the log of the leader that took office.
    Lost { batch: BatchId, partition: PartitionId, records: u16 },
    /// It is there (again).
    Found { batch: BatchId, partition: PartitionId, records: u16 },

    /// Of a transaction.
    Txn(TxnEvent),

    /// In a Streams thread.
    Streams(StreamsEvent),

    /// Between a share group and a partition.
    Share {
        group: GroupIx,
        #[serde(flatten)]
        what: ShareEvent,
    },
    /// In the quorum of controllers.
    Quorum(QuorumEvent),
    /// Around ZooKeeper.
    Zk(ZkEvent),
    /// `min.insync.replicas` of a partition's topic was changed.
    MinIsrAltered { partition: PartitionId, min_isr: u16 },
    /// An election that was asked for did not take place.
    ElectionRefused { partition: PartitionId, error: ErrorCode },
    /// `send()` of a record waits for memory (prod.PB1).
    SendBlocked { record: RecordId, partition: PartitionId },
    /// `send()` of a record ended with an exception: it is in no batch.
    SendRefused { record: RecordId, partition: PartitionId, error: ErrorCode },
    /// A topic has one more partition (prod.P5).
    PartitionCreated { partition: PartitionId, leader: BrokerId, isr: BrokerSet },
    /// A client's metadata has it.
    PartitionLearned { client: Actor, partition: PartitionId },
}

impl EventKind {
    /// Is it one that a person steps through? Wire traffic and bookkeeping are not.
    pub fn notable(&self) -> bool {
        if let EventKind::Txn(t) = self {
            return t.notable();
        }
        if let EventKind::Quorum(q) = self {
            return q.notable();
        }
        // A controller or a ZooKeeper that is down is called again and again.
        if let EventKind::Dropped { message: MessageKind::BeginQuorumEpoch | MessageKind::MetadataFetch | MessageKind::ZkPing, .. } = self {
            return false;
        }
        !matches!(
            self,
            EventKind::Sent { .. }
                | EventKind::Delivered { .. }
                | EventKind::Batched { .. }
                | EventKind::FollowerHighWatermark { .. }
                | EventKind::FollowerAt { .. }
                | EventKind::CommitAppended { .. }
                | EventKind::Polled { .. }
                | EventKind::Group { what: GroupEvent::RecordAppended { .. }, .. }
                | EventKind::Share { what: ShareEvent::StateAppended { .. }, .. }
        )
    }

    /// The partition that it is about, if it is about one.
    pub fn partition(&self) -> Option<PartitionId> {
        match *self {
            EventKind::RecordSent { partition, .. }
            | EventKind::Batched { partition, .. }
            | EventKind::BatchSent { partition, .. }
            | EventKind::BatchResent { partition, .. }
            | EventKind::Acked { partition, .. }
            | EventKind::AttemptFailed { partition, .. }
            | EventKind::SendFailed { partition, .. }
            | EventKind::Appended { partition, .. }
            | EventKind::CommitAppended { partition, .. }
            | EventKind::DuplicateRecognised { partition, .. }
            | EventKind::ProducerForgotten { partition, .. }
            | EventKind::Refused { partition, .. }
            | EventKind::Replicated { partition, .. }
            | EventKind::Truncated { partition, .. }
            | EventKind::FollowerAt { partition, .. }
            | EventKind::HighWatermark { partition, .. }
            | EventKind::FollowerHighWatermark { partition, .. }
            | EventKind::SegmentRolled { partition, .. }
            | EventKind::SegmentDeleted { partition, .. }
            | EventKind::Compacted { partition, .. }
            | EventKind::LogStartMoved { partition, .. }
            | EventKind::DeleteRefused { partition, .. }
            | EventKind::LogRecovered { partition, .. }
            | EventKind::LagExpired { partition, .. }
            | EventKind::IsrProposed { partition, .. }
            | EventKind::IsrChanged { partition, .. }
            | EventKind::LeaderElected { partition, .. }
            | EventKind::Leaderless { partition, .. }
            | EventKind::BecameLeader { partition, .. }
            | EventKind::BecameFollower { partition, .. }
            | EventKind::Poisoned { partition, .. }
            | EventKind::Polled { partition, .. }
            | EventKind::Handled { partition, .. }
            | EventKind::Committed { partition, .. }
            | EventKind::PositionReset { partition, .. }
            | EventKind::PreferredReadReplica { partition, .. }
            | EventKind::LogTruncation { partition, .. }
            | EventKind::MinIsrAltered { partition, .. }
            | EventKind::ElectionRefused { partition, .. }
            | EventKind::SendBlocked { partition, .. }
            | EventKind::SendRefused { partition, .. }
            | EventKind::PartitionCreated { partition, .. }
            | EventKind::PartitionLearned { partition, .. }
            | EventKind::Lost { partition, .. }
            | EventKind::Found { partition, .. } => Some(partition),
            EventKind::Group {
                what:
                    GroupEvent::Assigned { partition, .. }
                    | GroupEvent::Revoked { partition, .. }
                    | GroupEvent::PartitionLost { partition, .. }
                    | GroupEvent::NoOffset { partition, .. },
                ..
            } => Some(partition),
            EventKind::Txn(t) => t.partition(),
            EventKind::Zk(z) => z.partition(),
            EventKind::Streams(s) => s.partition(),
            EventKind::Share { what, .. } => what.partition(),
            _ => None,
        }
    }

    /// The producer's batch that it is about, if it is about one.
    pub fn batch(&self) -> Option<BatchId> {
        match *self {
            EventKind::Batched { batch, .. }
            | EventKind::BatchSent { batch, .. }
            | EventKind::BatchResent { batch, .. }
            | EventKind::Acked { batch, .. }
            | EventKind::AttemptFailed { batch, .. }
            | EventKind::SendFailed { batch, .. }
            | EventKind::Appended { batch, .. }
            | EventKind::DuplicateRecognised { batch, .. }
            | EventKind::Refused { batch, .. }
            | EventKind::Handled { batch, .. }
            | EventKind::Lost { batch, .. }
            | EventKind::Found { batch, .. } => Some(batch),
            EventKind::Txn(t) => t.batch(),
            EventKind::Streams(s) => s.batch(),
            _ => None,
        }
    }
}

//! What goes into a rule and what comes out of it. Rules never see the time: they arm timers.

use super::group::MemberId;
use super::log::records::RecordData;
use super::memo::Memo;
use super::message::Body;
use super::quorum::QuorumTimer;
use super::setup::Setup;
use super::transaction::{AfterSend, Call};
use super::zookeeper::ZkTimer;
use crate::event::EventKind;
use crate::ids::*;
use crate::shared::Shared;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What a client waits for. Each kind has its own clock: one that starts over with every answer would never run out for
/// a lost request of another kind on the same connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// Produce, or a consumer's fetch.
    Data,
    /// Leaders of partitions.
    Metadata,
    /// A group's commits.
    Coordinator,
    /// First or last offsets of partitions.
    Offsets,
    /// Where the epochs of positions end.
    Epochs,
    /// A group that it asks to join. It is answered when all members have joined, so it may take the rebalance timeout.
    Join,
    /// Its share in a group.
    Sync,
    /// A heartbeat to a group's coordinator.
    Heartbeat,
}

/// A timer that a rule armed. Its length is a config; the simulation keeps the deadline, the trial may fire it at any time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// `broker.heartbeat.interval.ms`.
    Heartbeat(BrokerId),
    /// A refused registration is tried again.
    RegistrationRetry(BrokerId),
    /// Half of `replica.lag.time.max.ms`: look for members that leave the ISR (repl.R-I2).
    IsrCheck(BrokerId),
    /// `replica.high.watermark.checkpoint.interval.ms`.
    HwCheckpoint(BrokerId),
    /// `log.retention.check.interval.ms`: look for segments that may go (log.L7).
    Retention(BrokerId),
    /// `log.cleaner.backoff.ms`: look for logs to compact (log.L9).
    Cleaner(BrokerId),
    /// `retention.ms` since the segment's largest timestamp.
    SegmentExpiry {
        /// On which broker.
        broker: BrokerId,
        /// Of which log.
        partition: PartitionId,
        /// The segment's base offset.
        base: Offset,
    },
    /// `min.compaction.lag.ms` since the closed segment's largest timestamp.
    CompactionLag {
        /// On which broker.
        broker: BrokerId,
        /// Of which log.
        partition: PartitionId,
        /// The segment's base offset.
        base: Offset,
    },
    /// `delete.retention.ms` since a cleaning pass first met tombstones (log.L10).
    DeleteHorizon {
        /// On which broker.
        broker: BrokerId,
        /// Of which log.
        partition: PartitionId,
        /// Which pass.
        pass: u16,
    },
    /// `flush.ms` since the first record that is not flushed.
    Flush {
        /// On which broker.
        broker: BrokerId,
        /// Of which log.
        partition: PartitionId,
    },
    /// The operating system writes dirty pages back (30 s, Linux's `dirty_expire_centisecs`).
    Writeback(BrokerId),
    /// `producer.id.expiration.ms` since this log's last batch of the producer (prod.D7).
    ProducerExpiry {
        /// On which broker.
        broker: BrokerId,
        /// In which log.
        partition: PartitionId,
        /// Whose state.
        pid: Pid,
    },
    /// `replica.lag.time.max.ms` since the follower was last caught up.
    Lag {
        /// Who leads.
        leader: BrokerId,
        /// Which partition.
        partition: PartitionId,
        /// Who is behind.
        follower: BrokerId,
    },
    /// `replica.fetch.wait.max.ms` of a parked follower fetch.
    FetchWait {
        /// Where it is parked.
        leader: BrokerId,
        /// Whose it is.
        follower: BrokerId,
    },
    /// `replica.socket.timeout.ms`: a follower's fetch that nobody answered.
    FetchTimeout {
        /// Who waits.
        follower: BrokerId,
        /// Who was asked.
        leader: BrokerId,
    },
    /// `replica.fetch.backoff.ms` after an error.
    FetchBackoff {
        /// Who waits.
        follower: BrokerId,
        /// Before asking whom.
        leader: BrokerId,
    },
    /// `request.timeout.ms` of a produce request parked at the leader.
    ProduceWait {
        /// Where it is parked.
        broker: BrokerId,
        /// Whose it is.
        producer: ProducerIx,
    },
    /// An AlterPartition that nobody answered is sent again.
    AlterRetry {
        /// Who asks.
        broker: BrokerId,
        /// For which partition.
        partition: PartitionId,
    },
    /// `fetch.max.wait.ms` of a parked consumer fetch.
    ConsumerFetchWait {
        /// Where it is parked.
        broker: BrokerId,
        /// Whose it is.
        consumer: ConsumerIx,
    },
    /// `broker.session.timeout.ms` at the controller (ctrl.BL3).
    Session(BrokerId),
    /// `linger.ms` of the first batch that waits.
    Linger(ProducerIx, PartitionId),
    /// `retry.backoff.ms`, growing to `retry.backoff.max.ms`, of a partition of a producer.
    RetryBackoff(ProducerIx, PartitionId),
    /// `delivery.timeout.ms` of a batch.
    Delivery(BatchId),
    /// `request.timeout.ms` of a client towards a broker, for its oldest request of this kind.
    RequestTimeout(Actor, BrokerId, RequestKind),
    /// A client asks for metadata again after `retry.backoff.ms`, growing while the answers say nothing new.
    MetadataBackoff(Actor),
    /// The application is busy with a record.
    Handling(ConsumerIx),
    /// The application is done with all that `poll()` returned and calls `commitSync`: a moment of its own, in which it can die.
    CommitCall(ConsumerIx),
    /// A consumer tries a failed request again after `retry.backoff.ms`, growing until one succeeds.
    ConsumerBackoff(ConsumerIx),
    /// `metadata.max.age.ms` since its leader sent a consumer to a follower: it asks the leader again (repl.3.9).
    ReadReplica(ConsumerIx, PartitionId),
    /// `auto.commit.interval.ms`; of a Streams thread, `commit.interval.ms`.
    AutoCommit(ConsumerIx),
    /// `heartbeat.interval.ms` of a member of a group.
    GroupHeartbeat(ConsumerIx),
    /// `max.poll.interval.ms` since `poll()`.
    MaxPoll(ConsumerIx),
    /// `session.timeout.ms` of a member, at its coordinator.
    MemberSession(BrokerId, MemberId),
    /// A round of `group.initial.rebalance.delay.ms` (group.G2).
    InitialRebalance(BrokerId, GroupIx),
    /// The rebalance timeout, `max.poll.interval.ms` of the members: for joining, then for their SyncGroup (group.G2, G3).
    Rebalance(BrokerId, GroupIx),
    /// Consumer protocol: the rebalance timeout, `max.poll.interval.ms`, of a member that was asked to give partitions up
    /// (group.N6).
    MemberRebalance(BrokerId, MemberId),
    /// Consumer protocol: `group.consumer.assignment.interval.ms` since the last assignment (group.N3).
    AssignmentInterval(BrokerId, GroupIx),
    /// Of a transaction.
    Txn(TxnTimer),
    /// Of a share group. A trial has none, so no schedule names one.
    #[serde(skip)]
    Share(ShareTimer),
    /// Of the quorum of controllers. A trial has none, so no schedule names one.
    #[serde(skip)]
    Quorum(QuorumTimer),
    /// Of ZooKeeper and its sessions. A trial has none, so no schedule names one.
    #[serde(skip)]
    Zk(ZkTimer),
    /// `metadata.max.age.ms` of a client. It runs only while there are partitions that it has not heard of (prod.P5):
    /// otherwise nothing would come of it.
    MetadataAge(Actor),
    /// `max.block.ms` of the `send()` that waits for memory.
    MaxBlock(ProducerIx),
    /// `offsets.retention.minutes` since a group has no members (cons.K7).
    OffsetsExpiry(BrokerId, GroupIx),
}

/// A timer of a share group, at the leader of a partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ShareTimer {
    /// `group.share.record.lock.duration.ms` of a record that a member has (share.Q4).
    Lock(BrokerId, GroupIx, PartitionId, Offset),
    /// The share coordinator has not answered: it is asked again.
    State(BrokerId, GroupIx, PartitionId),
}

/// A timer of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TxnTimer {
    /// `transaction.timeout.ms` of an ongoing transaction (txn.T7).
    Timeout(BrokerId, TxnIx),
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`: a coordinator aborts those that timed out.
    Check(BrokerId),
    /// A coordinator tries markers again that were refused.
    MarkerRetry(BrokerId, TxnIx),
    /// A coordinator sends markers again that nobody answered.
    MarkerTimeout(BrokerId, TxnIx),
    /// `add.partitions.to.txn.retry.backoff.ms`: a partition's leader asks the coordinator again (txn.W1).
    AddRetry(BrokerId, ProducerIx),
    /// `add.partitions.to.txn.retry.backoff.max.ms`: it asks no more.
    AddGiveUp(BrokerId, ProducerIx),
    /// Nobody answered it.
    AddTimeout(BrokerId, ProducerIx),
    /// A producer asks its coordinator again after `retry.backoff.ms`.
    Backoff(ProducerIx),
    /// The same after 20 ms: the last transaction's markers are not written yet (txn.T6).
    ShortBackoff(ProducerIx),
    /// `transactional.id.expiration.ms` since its last transition, while no transaction is open (txn.T8).
    Expiry(BrokerId, TxnIx),
}

/// From when a timer counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// From this instant.
    Now,
    /// From a record's timestamp, in milliseconds of the run.
    Timestamp(u64),
    /// From the follower's fetch before this one (repl.R-F4's `lastFetchTime`).
    LastFetch {
        /// Who was asked.
        leader: BrokerId,
        /// Who asked.
        follower: BrokerId,
    },
    /// From the beginning of the transaction that is open.
    Transaction(TxnIx),
    /// From the client's last metadata on, as often as it takes.
    Metadata(Actor),
    /// From this instant, and longer with each try of the batch that failed.
    Retry(BatchId),
}

impl Timer {
    /// Whose timer it is.
    pub fn actor(&self) -> Actor {
        match *self {
            Timer::Heartbeat(b)
            | Timer::RegistrationRetry(b)
            | Timer::IsrCheck(b)
            | Timer::HwCheckpoint(b)
            | Timer::Writeback(b)
            | Timer::Retention(b)
            | Timer::Cleaner(b) => Actor::Broker(b),
            Timer::Lag { leader, .. } | Timer::FetchWait { leader, .. } => Actor::Broker(leader),
            Timer::FetchTimeout { follower, .. } | Timer::FetchBackoff { follower, .. } => Actor::Broker(follower),
            Timer::SegmentExpiry { broker, .. } | Timer::CompactionLag { broker, .. } => Actor::Broker(broker),
            Timer::DeleteHorizon { broker, .. } | Timer::Flush { broker, .. } | Timer::ProducerExpiry { broker, .. } => {
                Actor::Broker(broker)
            }
            Timer::ProduceWait { broker, .. } | Timer::AlterRetry { broker, .. } | Timer::ConsumerFetchWait { broker, .. } => {
                Actor::Broker(broker)
            }
            Timer::Session(_) => Actor::Controller,
            Timer::Quorum(t) => t.actor(),
            Timer::Zk(t) => t.actor(),
            Timer::Linger(p, _) | Timer::RetryBackoff(p, _) | Timer::MaxBlock(p) => Actor::Producer(p),
            Timer::Delivery(b) => Actor::Producer(b.producer),
            Timer::RequestTimeout(a, ..) | Timer::MetadataBackoff(a) | Timer::MetadataAge(a) => a,
            Timer::Handling(c) | Timer::CommitCall(c) | Timer::ConsumerBackoff(c) | Timer::AutoCommit(c) => Actor::Consumer(c),
            Timer::ReadReplica(c, _) => Actor::Consumer(c),
            Timer::GroupHeartbeat(c) | Timer::MaxPoll(c) => Actor::Consumer(c),
            Timer::MemberSession(b, _) | Timer::InitialRebalance(b, _) | Timer::Rebalance(b, _) => Actor::Broker(b),
            Timer::MemberRebalance(b, _) | Timer::AssignmentInterval(b, _) | Timer::OffsetsExpiry(b, _) => Actor::Broker(b),
            Timer::Share(ShareTimer::Lock(b, ..) | ShareTimer::State(b, ..)) => Actor::Broker(b),
            Timer::Txn(t) => match t {
                TxnTimer::Timeout(b, _) | TxnTimer::Check(b) | TxnTimer::MarkerRetry(b, _) | TxnTimer::MarkerTimeout(b, _) => {
                    Actor::Broker(b)
                }
                TxnTimer::Expiry(b, _) => Actor::Broker(b),
                TxnTimer::AddRetry(b, _) | TxnTimer::AddGiveUp(b, _) | TxnTimer::AddTimeout(b, _) => Actor::Broker(b),
                TxnTimer::Backoff(p) | TxnTimer::ShortBackoff(p) => Actor::Producer(p),
            },
        }
    }
}

/// What a rule does to timers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimerOp {
    /// Start it, or start it over.
    Arm(Timer, Base),
    /// Stop it; nothing if it is not armed.
    Disarm(Timer),
    /// Remember this instant as the follower's last fetch.
    Mark {
        /// Who was asked.
        leader: BrokerId,
        /// Who asked.
        follower: BrokerId,
    },
    /// Remember this instant as the beginning of a transaction (`txnStartTimestamp`).
    MarkTransaction(TxnIx),
    /// Remember this instant as that of the client's newest metadata.
    MarkMetadata(Actor),
    /// What a backoff waited for has come: the next one is a first one (KIP-580).
    Settle(Timer),
}

/// Things that a person, a script or a search does to the world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Command {
    /// An application calls `send()`.
    Send {
        /// The producer.
        producer: ProducerIx,
        /// The partition that the partitioner chose.
        partition: PartitionId,
        /// What the log is told of the record.
        record: RecordData,
        /// What a transactional producer does then.
        then: AfterSend,
    },
    /// An application calls `commitTransaction()` (true) or `abortTransaction()`.
    EndTransaction(ProducerIx, bool),
    /// Kill the process (SIGKILL): the page cache survives.
    Crash(BrokerId),
    /// Cut the machine's power: what was not flushed is gone, and nobody is told.
    PowerCut(BrokerId),
    /// Ask it to stop in order (SIGTERM).
    Stop(BrokerId),
    /// Start a stopped broker.
    Start(BrokerId),
    /// `kafka-delete-records`: delete what lies below; `None` = everything committed (log.L8).
    DeleteRecords(PartitionId, Option<Offset>),
    /// Let nothing through in this direction.
    Cut(Actor, Actor),
    /// Let everything through again.
    Heal(Actor, Actor),
    /// Lose the next response from a broker to a client, which sees a disconnect.
    DropNextResponse(BrokerId, Actor),
    /// Lose this response, which is on its way to a client, which sees a disconnect.
    LoseResponse(MsgId),
    /// Kill a consumer.
    CrashConsumer(ConsumerIx),
    /// Start it (again).
    StartConsumer(ConsumerIx),
    /// SIGTERM: it closes its consumer and ends.
    StopConsumer(ConsumerIx),
    /// Its handler throws an exception; it closes its consumer and ends.
    ThrowInHandler(ConsumerIx),
    /// The handler of a share consumer throws; the application catches that, and says so of the record.
    FailInHandler(ConsumerIx),
    /// Kill a controller of the quorum.
    CrashVoter(VoterId),
    /// Start it again.
    StartVoter(VoterId),
    /// Kill ZooKeeper's process; what it keeps is on its disk.
    CrashZookeeper,
    /// Start it again.
    StartZookeeper,
    /// Elect the preferred leader of a partition (repl.E11).
    ElectPreferred(PartitionId),
    /// Set `min.insync.replicas` of a partition's topic (repl.E10).
    AlterMinIsr(PartitionId, u16),
    /// A topic, by index, shall have this many partitions (prod.P5).
    CreatePartitions(u16, u16),
}

/// What a step consumes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Input {
    /// A message arrives.
    Deliver(MsgId),
    /// A timer runs out.
    Fire(Timer),
    /// Somebody does something.
    Do(Command),
}

/// A call within one application process, which has a consumer and a producer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AppCall {
    /// The process starts its producer: `initTransactions()`, if it is transactional.
    Init(ProducerIx),
    /// `send()`, of a record made out of one that was read.
    Send {
        /// Its producer.
        producer: ProducerIx,
        /// Where to.
        partition: PartitionId,
        /// The record that was read: its batch, and its place there.
        source: (BatchId, u16),
        /// What the log is told of the new one.
        data: RecordData,
    },
    /// Another call to its transactional producer.
    Call(ProducerIx, Call),
    /// `flush()`.
    Flush(ProducerIx),
    /// The process closes its producer, with what it holds.
    Close(ProducerIx),
    /// What the producer's blocking call returned.
    Returned(ConsumerIx, Returned),
}

/// How a blocking call of an application's producer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Returned {
    /// `initTransactions()` or `flush()` is done.
    Done,
    /// The transaction is committed.
    Committed,
    /// It is aborted.
    Aborted,
    /// The producer can only be closed.
    Fatal,
}

/// Collects what a step puts out; reused from step to step.
#[derive(Default, Debug)]
pub struct Out {
    /// Messages to send: from, to, body.
    pub sends: Vec<(Actor, Actor, Shared<Body>)>,
    /// Timer operations, in order.
    pub timers: Vec<TimerOp>,
    /// What happened, in order.
    pub events: Vec<EventKind>,
    /// Calls within application processes, which are made in the same step.
    pub(crate) calls: VecDeque<AppCall>,
    /// Batches that a leader stamped with its clock (log.L13), for the table beside the state.
    pub(crate) stamped: Vec<BatchId>,
    /// Records that joined batches, for the table beside the state.
    pub(crate) batched: Vec<(BatchId, RecordData)>,
    /// What actors did before, in a search.
    pub(super) memo: Option<Box<Memo>>,
}

impl Out {
    /// For a search: equal parts of states are kept once, and what an actor did with an input is remembered (see
    /// [`super::memo`]), as far as it goes into `most_bytes`. No timers are put out.
    pub(crate) fn remembering(setup: &Setup, most_bytes: u64) -> Self {
        // Rules that look at the table of records know more than the actor.
        let remembers = most_bytes > 0 && !setup.keeps_records();
        Out { memo: Some(Box::new(Memo::new(most_bytes as usize, remembers))), ..Out::default() }
    }

    /// What a search remembers.
    ///
    /// # Panics
    /// It is not that of a search.
    pub(crate) fn memo(&mut self) -> &mut Memo {
        self.memo.as_mut().expect("a search remembers")
    }

    /// Memory of what is remembered, in bytes.
    pub(crate) fn memo_bytes(&self) -> u64 {
        self.memo.as_ref().map_or(0, |m| m.bytes())
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.sends.clear();
        self.timers.clear();
        self.events.clear();
        self.calls.clear();
        self.batched.clear();
        self.stamped.clear();
    }
    pub(crate) fn send(&mut self, from: Actor, to: Actor, body: Body) {
        self.sends.push((from, to, Shared::new(body)));
    }
    pub(crate) fn arm(&mut self, t: Timer) {
        self.timers.push(TimerOp::Arm(t, Base::Now));
    }
    pub(crate) fn settle(&mut self, backoff: Timer) {
        self.timers.push(TimerOp::Settle(backoff));
    }
    pub(crate) fn disarm(&mut self, t: Timer) {
        self.timers.push(TimerOp::Disarm(t));
    }
    pub(crate) fn call(&mut self, c: AppCall) {
        self.calls.push_back(c);
    }
    pub(crate) fn event(&mut self, e: EventKind) {
        self.events.push(e);
    }
}

//! What does not change during a run: who is there, which configs hold, which rules apply.

use super::assignor::Assignor;
use super::log::config::LogConfig;
use super::message::Acks;
use super::partitioner::Partitioner;
use super::share::{Acknowledging, ShareSetup};
use crate::ids::*;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::rc::Rc;

/// How replication worked in a release: each version has everything of those before it (rule book 3.10).
///
/// PV5 makes a difference only where metadata is kept in ZooKeeper: a controller of KRaft is asked for ISR changes in all of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ProtocolVersion {
    /// Up to 0.10.2: a follower cuts its log at its own high watermark.
    PV0,
    /// 0.11, KIP-101: it asks the leader where its last epoch ended (OffsetForLeaderEpoch).
    PV1,
    /// 2.0, KIP-279: the answer says which epoch was found; it may take more than one question.
    PV2,
    /// 2.1, KIP-320: requests carry the leader epoch and are refused if it differs; nobody joins an ISR below the epoch's start.
    PV3,
    /// 2.7, KIP-595: the fetch itself carries the last epoch, and its answer says where the logs part.
    PV4,
    /// 2.7, KIP-497: a leader asks the controller for another ISR; before, it wrote it to ZooKeeper itself.
    PV5,
    /// 3.5, KIP-903: broker epochs in AlterPartition, so that an old proposal can't bring in a new incarnation.
    PV6,
    /// 3.7, KAFKA-15583: the high watermark stands still below `min.insync.replicas` (repl.R-H1's first clause).
    PV7,
}

/// Switches between protocol versions and features. One implementation of each rule reads them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleSet {
    /// `eligible.leader.replicas.version` 1 (KIP-966 part 1), PV8.
    pub elr: bool,
    /// How replication works.
    pub replication: ProtocolVersion,
    /// `transaction.version` 2 (KIP-890 part 2): every transaction has its own epoch, and leaders add partitions to it.
    pub txn_v2: bool,
    /// `transaction.partition.verification.enable` (txn.W5): without `txn_v2`, leaders ask before a transaction's first append.
    pub verify_txn: bool,
    /// txn.W4 (4.2+): a marker's epoch must be above the transaction's.
    pub strict_markers: bool,
    /// `producer.id.expiration.ms` is shorter than a run may be (prod.D7).
    pub producers_expire: bool,
    /// So is `transactional.id.expiration.ms` (txn.T8).
    pub ids_expire: bool,
    /// So is `offsets.retention.minutes` (cons.K7).
    pub offsets_expire: bool,
    /// group.N8 (4.3+, KIP-1251): a commit with an older member epoch is good for partitions held since then.
    pub assignment_epochs: bool,
}

/// Those of a new cluster of the newest release.
impl Default for RuleSet {
    fn default() -> Self {
        RuleSet {
            elr: true,
            replication: ProtocolVersion::PV7,
            txn_v2: true,
            verify_txn: true,
            strict_markers: true,
            producers_expire: false,
            ids_expire: false,
            offsets_expire: false,
            assignment_epochs: true,
        }
    }
}

/// A partition and where it lives.
#[derive(Clone, Debug)]
pub struct PartitionSetup {
    /// Index of its topic.
    pub topic: usize,
    /// Its number in the topic.
    pub number: u16,
    /// Brokers in order; the first is preferred.
    pub replicas: SmallVec<[BrokerId; 3]>,
    /// minISR*: min(`min.insync.replicas`, replication factor).
    pub min_isr: usize,
    /// `unclean.leader.election.enable`.
    pub unclean: bool,
    /// What keeps its log in bounds; `None` where nothing would come of it.
    pub log: Option<Rc<LogConfig>>,
    /// It was added to its topic during the run (prod.P5).
    pub added: bool,
}

/// A topic.
#[derive(Clone, Debug)]
pub struct TopicSetup {
    /// Its name.
    pub name: String,
    /// Its partitions, by number. Those that are added during a run have ids above all others (prod.P5).
    pub partitions: Vec<PartitionId>,
}

/// The brokers of partition `number` of a topic, the preferred leader first: P0 on 1, 2, 3, P1 on 2, 3, 1, …
pub fn placed(number: u16, replicas: u16, brokers: u8) -> SmallVec<[BrokerId; 3]> {
    (0..replicas).map(|i| BrokerId(((number + i) % u16::from(brokers)) as u8 + 1)).collect()
}

/// A producer and its configs.
#[derive(Clone, Debug)]
pub struct ProducerSetup {
    /// `client.id`.
    pub name: String,
    /// Where its keys go.
    pub partitioner: Partitioner,
    /// `acks`.
    pub acks: Acks,
    /// `enable.idempotence`, after the fall-backs.
    pub idempotence: bool,
    /// `retries`; `u32::MAX` and above mean "until `delivery.timeout.ms`".
    pub retries: u32,
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: usize,
    /// `batch.size` in bytes.
    pub batch_bytes: u32,
    /// `buffer.memory` in bytes.
    pub buffer_bytes: u64,
    /// `max.request.size` in bytes.
    pub max_request_bytes: u64,
    /// `linger.ms` is 0: a batch can leave at once.
    pub no_linger: bool,
    /// `partitioner.adaptive.partitioning.enable`.
    pub adaptive: bool,
    /// `partitioner.ignore.keys`.
    pub ignore_keys: bool,
    /// `partitioner.class=…RoundRobinPartitioner` (prod.P2).
    pub round_robin: bool,
    /// `transactional.id`.
    pub txn: Option<TxnIx>,
    /// The application loop that it is part of: one process with this consumer.
    pub app: Option<ConsumerIx>,
}

/// A `transactional.id`.
#[derive(Clone, Debug)]
pub struct TransactionSetup {
    /// The id.
    pub name: String,
    /// The partition of `__transaction_state` whose leader is its coordinator.
    pub coordinator: PartitionId,
}

/// What an application loop makes of what it reads.
#[derive(Clone, Copy, Debug)]
pub struct OutputSetup {
    /// Its producer.
    pub producer: ProducerIx,
    /// Index of the topic that it writes. A record goes to the partition with its input's number, so topics are co-partitioned.
    pub topic: usize,
    /// It sends offsets as a member of its group (KIP-447).
    pub group_metadata: bool,
}

/// The topology of a Streams application: records of a topic are counted by key, and each new count goes to a topic.
#[derive(Clone, Debug)]
pub struct StreamsSetup {
    /// `processing.guarantee=exactly_once_v2`; else `at_least_once`.
    pub exactly_once: bool,
    /// Index of the topic that the store is restored from.
    pub changelog: usize,
    /// Records are counted by another key than their own, which they get on a way through a topic.
    pub repartition: Option<Repartition>,
    /// Counts are kept for each window of event time.
    pub window: Option<Window>,
}

/// The way of records to the task that counts their new key.
#[derive(Clone, Debug)]
pub struct Repartition {
    /// Index of the topic.
    pub topic: usize,
    /// From a key to the new one, and the number of the new one's partition. Records with other keys are dropped.
    pub keys: Vec<(u16, (u16, u16))>,
}

/// Tumbling windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// How long each lasts, in milliseconds.
    pub size_ms: u32,
    /// How far stream time may be beyond its end before it is closed, in milliseconds.
    pub grace_ms: u32,
}

/// When a consumer commits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CommitMode {
    /// After it has handled what `poll()` returned (`commitSync`): at least once.
    AfterHandling,
    /// Before it handles it: at most once.
    BeforeHandling,
    /// `enable.auto.commit`: at a later `poll()`, every `auto.commit.interval.ms` (cons.K5).
    Auto,
    /// Never.
    Never,
    /// With what it made of the records, in a transaction of its producer (txn.T4).
    Transaction,
    /// Every `commit.interval.ms`, what its tasks have processed: a Streams thread.
    Streams,
}

impl CommitMode {
    /// Does a timer say when?
    pub fn is_timed(self) -> bool {
        matches!(self, CommitMode::Auto | CommitMode::Streams)
    }
}

/// `auto.offset.reset`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ResetPolicy {
    /// The log's first offset.
    Earliest,
    /// The high watermark at that moment.
    Latest,
    /// The first record that is not older than this, in milliseconds (KIP-1106).
    ByDuration(u64),
    /// An exception.
    None,
}

/// A member of a group.
#[derive(Clone, Debug)]
pub struct ConsumerSetup {
    /// Its name, `c1` and on.
    pub name: String,
    /// Its group.
    pub group: GroupIx,
    /// Does its process run when the scene begins?
    pub starts: bool,
    /// The partitions that it has when the scene begins: the group has formed before.
    pub assigned: SmallVec<[PartitionId; 2]>,
    /// `partition.assignment.strategy`, the preferred one first.
    pub strategies: SmallVec<[Assignor; 2]>,
    /// `group.instance.id`: a static member (KIP-345).
    pub instance_id: Option<String>,
    /// `auto.offset.reset`.
    pub reset: ResetPolicy,
    /// `max.poll.records`.
    pub max_poll_records: u32,
    /// When it commits.
    pub commit: CommitMode,
    /// `isolation.level=read_committed`.
    pub read_committed: bool,
    /// The brokers whose `broker.rack` is its `client.rack`; nobody where `replica.selector.class` does not look at racks.
    pub near: BrokerSet,
    /// What it writes for each record that it has handled.
    pub output: Option<OutputSetup>,
    /// What it does with the records, if it is a Streams thread.
    pub streams: Option<Rc<StreamsSetup>>,
    /// How it acknowledges, if it is a share consumer.
    pub share: Option<Acknowledging>,
}

/// `group.protocol`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GroupProtocol {
    /// The group keeps its members and their partitions whatever happens, and a member that is down is waited for: the
    /// trial's simplification, which saves it heartbeats.
    Fixed,
    /// JoinGroup and SyncGroup (rule book 5B).
    Classic,
    /// KIP-848 (rule book 5D).
    Consumer,
    /// A share group (KIP-932, rule book 5E).
    Share,
}

/// A consumer group.
#[derive(Clone, Debug)]
pub struct GroupSetup {
    /// `group.id`.
    pub name: String,
    /// The partition of `__consumer_offsets` whose leader is its coordinator.
    pub coordinator: PartitionId,
    /// Topics that it reads.
    pub topics: SmallVec<[usize; 1]>,
    /// How members come and go.
    pub protocol: GroupProtocol,
    /// `group.consumer.assignment.interval.ms` is above 0 (group.N3).
    pub assignment_interval: bool,
    /// group.G2: most rounds of `group.initial.rebalance.delay.ms` that a group that was empty waits.
    pub initial_rounds: u16,
    /// What holds for it, if it is a share group.
    pub share: Option<Rc<ShareSetup>>,
}

/// Everything that a run starts from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Number of brokers; ids are 1 to this.
    pub brokers: u8,
    /// Controllers that vote on the metadata log, 3; or 1, one controller that never fails.
    pub voters: u8,
    /// Metadata is kept in ZooKeeper, and one of the brokers is the controller (rule book 4.1).
    pub zookeeper: bool,
    /// Topics; internal ones have names that begin with `__`.
    pub topics: Vec<TopicSetup>,
    /// Partitions of all topics.
    pub partitions: Vec<PartitionSetup>,
    /// Producers.
    pub producers: Vec<ProducerSetup>,
    /// Consumers.
    pub consumers: Vec<ConsumerSetup>,
    /// Groups.
    pub groups: Vec<GroupSetup>,
    /// Transactional ids.
    pub transactions: Vec<TransactionSetup>,
    /// Keys that Streams applications group by, which have their numbers before any record has them.
    pub keys: Vec<String>,
    /// Rules in force.
    pub rules: RuleSet,
}

impl Setup {
    /// `topic-number` as Kafka prints it.
    pub fn partition_name(&self, p: PartitionId) -> String {
        let s = &self.partitions[p.ix()];
        format!("{}-{}", self.topics[s.topic].name, s.number)
    }
    /// Is any of its groups a share group?
    pub fn has_share_groups(&self) -> bool {
        self.groups.iter().any(|g| g.share.is_some())
    }
    /// What a member is called: by its group where that has no other member and the scene has other groups, since each
    /// of them has a `c1`.
    pub fn member_name(&self, c: ConsumerIx) -> &str {
        let me = &self.consumers[c.ix()];
        let alone = self.consumers.iter().filter(|x| x.group == me.group).count() == 1;
        if alone && self.groups.len() > 1 { &self.groups[me.group.ix()].name } else { &me.name }
    }
    /// All brokers.
    pub fn broker_ids(&self) -> impl Iterator<Item = BrokerId> + use<> {
        (1..=self.brokers).map(BrokerId)
    }
    /// The controllers of the quorum; nobody where one that never fails stands for it.
    pub fn voter_ids(&self) -> impl Iterator<Item = VoterId> + use<> {
        (1..=if self.voters > 1 { self.voters } else { 0 }).map(VoterId)
    }
    /// A leader writes another ISR to ZooKeeper by itself: before PV5.
    pub fn leaders_write_isr(&self) -> bool {
        self.zookeeper && self.rules.replication < ProtocolVersion::PV5
    }
    /// Is it asked which incarnation of a broker is meant? PV6, which clusters with ZooKeeper never got.
    pub fn knows_incarnations(&self) -> bool {
        !self.zookeeper && self.rules.replication >= ProtocolVersion::PV6
    }
    /// All partitions.
    pub fn partition_ids(&self) -> impl Iterator<Item = PartitionId> + use<> {
        (0..self.partitions.len() as u16).map(PartitionId)
    }
    /// Partitions that a group reads, by id.
    pub fn group_partitions(&self, g: GroupIx) -> impl Iterator<Item = PartitionId> {
        let topics = &self.groups[g.ix()].topics;
        topics.iter().flat_map(|t| self.topics[*t].partitions.iter().copied())
    }
    /// Does any log need to know its records?
    pub fn keeps_records(&self) -> bool {
        self.partitions.iter().any(|p| p.log.is_some()) || self.has_streams() || self.resets_by_time()
    }
    fn resets_by_time(&self) -> bool {
        self.consumers.iter().any(|c| matches!(c.reset, ResetPolicy::ByDuration(_)))
    }
    /// Does anybody but an application make timestamps: a broker (LogAppendTime), or a consumer that resets by time?
    pub fn stamps(&self) -> bool {
        self.resets_by_time() || self.partitions.iter().any(|p| p.log.as_ref().is_some_and(|l| l.append_time))
    }
    /// Is there a Streams application? What it makes depends on its store, so records are part of the state.
    pub fn has_streams(&self) -> bool {
        self.consumers.iter().any(|c| c.streams.is_some())
    }
    /// Does it belong to a topic of Kafka's own?
    pub fn is_internal(&self, p: PartitionId) -> bool {
        self.topics[self.partitions[p.ix()].topic].name.starts_with("__")
    }
    /// The partition of an application's output that takes what it makes of a record of `input`.
    pub fn output_partition(&self, output: &OutputSetup, input: PartitionId) -> PartitionId {
        // Of those that it began with: a producer that has not heard of more would have to wait for its metadata.
        let all = &self.topics[output.topic].partitions;
        let first = all.iter().take_while(|p| !self.partitions[p.ix()].added).count();
        all[usize::from(self.partitions[input.ix()].number) % first]
    }
    /// Partitions of a topic that somebody knows of who knows the first `known` of all partitions.
    pub fn known_partitions(&self, topic: usize, known: usize) -> &[PartitionId] {
        let all = &self.topics[topic].partitions;
        &all[..all.partition_point(|p| p.ix() < known)]
    }
    /// How many partitions a group reads, by the word of somebody who knows the first `known` of all.
    pub fn read_by(&self, g: GroupIx, known: usize) -> usize {
        self.group_partitions(g).filter(|p| p.ix() < known).count()
    }
    /// prod.P5: a topic has this many partitions from now on, placed as its others are; none where it has as many.
    pub(super) fn add_partitions(&mut self, topic: usize, count: u16) {
        let like = self.partitions[self.topics[topic].partitions[0].ix()].clone();
        for number in self.topics[topic].partitions.len() as u16..count {
            self.topics[topic].partitions.push(PartitionId(self.partitions.len() as u16));
            let replicas = placed(number, like.replicas.len() as u16, self.brokers);
            self.partitions.push(PartitionSetup { number, replicas, added: true, ..like.clone() });
        }
    }
    /// The first leader of a partition: the preferred replica.
    pub fn first_leader(&self, p: PartitionId) -> BrokerId {
        self.partitions[p.ix()].replicas[0]
    }
}

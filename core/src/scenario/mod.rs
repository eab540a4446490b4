//! A scenario: the JSON file that a run starts from, and that a run made by hand becomes.
//!
//! Strict: a field, config or name that is not known is refused with its place and what would be right.

pub mod build;
mod check;
mod command;
pub mod configs;
mod groups;
mod link;
mod logs;
mod shipped;
mod streams;
pub mod versions;

use crate::cost::service::CostSpec;
use crate::fold::narration::Lang;
use crate::json::{Misplaced, decode, encode};
use crate::kafka::partitioner::Partitioner;
use crate::kafka::setup::ProtocolVersion;
use crate::kafka::share::AcknowledgeType;
use crate::kafka::transaction::AfterSend;
pub use command::{Do, End, TimedCommand};
use configs::Configs;
use serde::{Deserialize, Serialize};
pub use shipped::{NAMES, SHIPPED, shipped};
use std::fmt;
pub use streams::StreamsSpec;

/// The scenario that the app opens with.
pub const DEFAULT: &str = include_str!("../../../assets/scenarios/first.json");
/// The configuration that the Trial door opens with.
pub const FIRST_TRIAL: (&str, &str) = ("acks-1", include_str!("../../../assets/scenarios/acks-1.json"));
/// The version of the format that this code reads and writes.
pub const FORMAT: u32 = 1;

/// What is wrong with a scenario, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioError {
    /// Path of the field, such as `topology.topics[0].configs`.
    pub at: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.at, self.what) }
    }
}
impl std::error::Error for ScenarioError {}

impl From<Misplaced> for ScenarioError {
    fn from(m: Misplaced) -> Self {
        ScenarioError { at: m.at, what: m.what }
    }
}

pub(crate) fn error<T>(at: impl Into<String>, what: impl Into<String>) -> Result<T, ScenarioError> {
    Err(ScenarioError { at: at.into(), what: what.into() })
}

/// A whole scenario.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Version of this format: 1.
    pub format: u32,
    /// What it is, in a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The same in Korean; without it the first serves both.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title_ko: String,
    /// The release whose defaults and rules hold, such as `4.1`.
    pub kafka: String,
    /// Feature levels that differ from a new cluster's of that release.
    #[serde(default, skip_serializing_if = "Features::is_default")]
    pub features: Features,
    /// Rules of older releases in place of this one's.
    #[serde(default, skip_serializing_if = "Rules::is_default")]
    pub rules: Rules,
    /// Where every random choice comes from.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// When the run ends, in microseconds.
    pub until_us: u64,
    /// How long messages take.
    #[serde(default)]
    pub network: Network,
    /// What disks and memory cost; without it they cost nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostSpec>,
    /// Brokers, topics, producers.
    pub topology: Topology,
    /// Configs of brokers.
    #[serde(default, skip_serializing_if = "Configs::is_empty")]
    pub configs: Configs,
    /// Application loops that read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<App>,
    /// What producers are given to send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<Workload>,
    /// What is done to the cluster, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<TimedCommand>,
    /// What a trial of it may do, and what must never be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<crate::trial::TrialSpec>,
    /// An untimed story that a trial found: what happens, in order. It takes the place of deadlines, and each step the
    /// same time on the stage. Records come from the workload, within the trial's bounds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<crate::trial::Action>,
}

fn default_seed() -> u64 {
    42
}

/// Feature levels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// KIP-966: 0 or 1; a new cluster has 1 from 4.1.
    #[serde(rename = "eligible.leader.replicas.version", default, skip_serializing_if = "Option::is_none")]
    pub elr: Option<u8>,
    /// KIP-890: 0 to 2; a new cluster has 2. With less, producers add partitions to transactions, which keep one epoch.
    #[serde(rename = "transaction.version", default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<u8>,
}

impl Features {
    fn is_default(&self) -> bool {
        self == &Features::default()
    }
}

/// Rules of older releases: how replication worked before its bugs were found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The version of replication, `PV0` to `PV7`. Below `PV7` there are no eligible leader replicas, unless `features` asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication: Option<ProtocolVersion>,
}

impl Rules {
    fn is_default(&self) -> bool {
        self == &Rules::default()
    }
}

impl Scenario {
    /// `eligible.leader.replicas.version` in force: 1 for a new cluster from 4.1.
    pub fn elr(&self) -> u8 {
        let new_cluster = versions::new_cluster_has_elr(&self.kafka) && self.rules.replication.is_none_or(|v| v >= ProtocolVersion::PV7);
        self.features.elr.unwrap_or(u8::from(new_cluster))
    }
}

/// Delays of messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// From sending to arrival, in microseconds.
    pub delay_us: u64,
    /// Up to this much more, by seed.
    #[serde(default)]
    pub jitter_us: u64,
}

impl Default for Network {
    fn default() -> Self {
        Network { delay_us: 2000, jitter_us: 0 }
    }
}

/// Who is there.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// Number of brokers, 1 to 32; ids from 1.
    pub brokers: u8,
    /// Controllers that vote on the metadata log (`controller.quorum.voters`): 3; or 1, one that never fails.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub voters: u8,
    /// `broker.rack` of each broker, in the order of their ids; none, or one for each.
    #[serde(rename = "broker.rack", default, skip_serializing_if = "Vec::is_empty")]
    pub racks: Vec<String>,
    /// Topics.
    pub topics: Vec<Topic>,
    /// Producers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub producers: Vec<ProducerSpec>,
}

/// A topic.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Number of partitions.
    pub partitions: u16,
    /// Replicas of each partition. Partition n lives on brokers n+1, n+2, …; the first is preferred.
    #[serde(rename = "replication.factor")]
    pub replication_factor: u8,
    /// Its configs.
    #[serde(default, skip_serializing_if = "Configs::is_empty")]
    pub configs: Configs,
}

/// A producer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProducerSpec {
    /// `client.id`.
    pub name: String,
    /// Its library, which decides where a key goes.
    #[serde(default, skip_serializing_if = "Partitioner::is_java")]
    pub client: Partitioner,
    /// Its configs.
    #[serde(default, skip_serializing_if = "Configs::is_empty")]
    pub configs: Configs,
}

/// When an application commits, if it does so itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitSpec {
    /// `commitSync` after it has handled what `poll()` returned.
    AfterHandling,
    /// `commitSync` before it handles it.
    BeforeHandling,
}

/// A consumer group with one application loop.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// `group.id`.
    pub group: String,
    /// Topics that it reads.
    pub topics: Vec<String>,
    /// Number of members, `c1` and on.
    #[serde(default = "one")]
    pub members: u8,
    /// Further members that do not run at the beginning; a command starts them.
    #[serde(default, skip_serializing_if = "nobody")]
    pub standby: u8,
    /// How long it is busy with a record, in microseconds.
    #[serde(default = "default_handling")]
    pub handling_us: u64,
    /// What it makes of the records that it reads: it is a producer too, in the same process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputSpec>,
    /// It is a Streams application, with this topology; each member is a thread in a process of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streams: Option<StreamsSpec>,
    /// It is a share consumer (KIP-932), and its group a share group; `configs` are those of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareSpec>,
    /// Its own commits; without this, `enable.auto.commit` decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitSpec>,
    /// Consumer configs.
    #[serde(default, skip_serializing_if = "Configs::is_empty")]
    pub configs: Configs,
}

impl App {
    /// Members, those that do not run at the beginning too.
    pub fn everybody(&self) -> u32 {
        u32::from(self.members) + u32::from(self.standby)
    }
}

/// What a share consumer does with records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareSpec {
    /// With `share.acknowledgement.mode=explicit`: what it says of a record that its handler fails on. (With `implicit` the
    /// exception ends the process.)
    #[serde(default = "release")]
    pub on_error: AcknowledgeType,
}

fn release() -> AcknowledgeType {
    AcknowledgeType::Release
}

fn is_one(n: &u8) -> bool {
    *n == 1
}
fn nobody(n: &u8) -> bool {
    *n == 0
}
/// An application's output: a record for each that it has handled, with the same key.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// The topic that it writes to. A record goes to the partition with its input's number.
    pub topic: String,
    /// Configs of its producer. With a `transactional.id`, output and offsets are one transaction for each `poll()`; of
    /// several members each adds its number to the id, as in `billing-1`.
    #[serde(default, skip_serializing_if = "Configs::is_empty")]
    pub configs: Configs,
    /// It sends its offsets with the consumer's `groupMetadata()` (KIP-447), true where nothing is said; false: with the
    /// group's name alone, so that nobody asks whether it is still a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_metadata: Option<bool>,
}

fn one() -> u8 {
    1
}
fn default_handling() -> u64 {
    1000
}

/// Records that a producer is given.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Which producer.
    pub producer: String,
    /// To which topic.
    pub topic: String,
    /// Keys, in turn; none = records without a key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// When the first record is sent, in microseconds.
    pub start_us: u64,
    /// Time between records, in microseconds.
    pub every_us: u64,
    /// How many.
    pub count: u32,
    /// Bytes of key and value of each.
    #[serde(default = "default_bytes")]
    pub bytes: u32,
    /// Their values are null (log.L10).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tombstones: bool,
    /// Records of each transaction, where the producer has a `transactional.id`: after these the application commits. With
    /// 0 it never does by itself.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub records_per_transaction: u32,
    /// Every n-th transaction is aborted instead; 0 = none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub abort_every: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Workload {
    /// What becomes of the transaction after record `n`, counted from 0.
    pub fn after(&self, n: u32) -> AfterSend {
        let size = self.records_per_transaction;
        if size == 0 || !(n + 1).is_multiple_of(size) {
            return AfterSend::GoOn;
        }
        let transaction = (n + 1) / size;
        if self.abort_every > 0 && transaction.is_multiple_of(self.abort_every) { AfterSend::Abort } else { AfterSend::Commit }
    }
}

fn default_bytes() -> u32 {
    100
}

impl Scenario {
    /// Reads a scenario and checks all of it.
    ///
    /// # Errors
    /// What is wrong, at which field or line, and what would be right.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let s: Scenario = decode(text)?;
        s.check()?;
        Ok(s)
    }

    /// What it is, in a line, in this language if it can be.
    pub fn title_in(&self, lang: Lang) -> &str {
        if lang == Lang::Ko && !self.title_ko.is_empty() { &self.title_ko } else { &self.title }
    }

    /// As JSON, as [`Scenario::parse`] reads it.
    pub fn to_json(&self) -> String {
        encode(self)
    }

    /// Sets a producer's config; a new scenario for a new run.
    ///
    /// # Errors
    /// No such producer, no such config, or a combination that Kafka refuses.
    pub fn with_producer_config(&self, producer: &str, name: &str, value: &str) -> Result<Self, ScenarioError> {
        let mut s = self.clone();
        match s.topology.producers.iter_mut().find(|p| p.name == producer) {
            Some(p) => p.configs.insert(name.into(), value.into()),
            None => {
                return error("topology.producers", format!("there is no producer {producer:?}"));
            }
        };
        s.check()?;
        Ok(s)
    }

    /// Sets a topic's config; a new scenario for a new run.
    ///
    /// # Errors
    /// No such topic or config, or a value that it can't have.
    pub fn with_topic_config(&self, topic: &str, name: &str, value: &str) -> Result<Self, ScenarioError> {
        let mut s = self.clone();
        match s.topology.topics.iter_mut().find(|t| t.name == topic) {
            Some(t) => t.configs.insert(name.into(), value.into()),
            None => return error("topology.topics", format!("there is no topic {topic:?}")),
        };
        s.check()?;
        Ok(s)
    }

    /// The same under the defaults and rules of another release; a new scenario for a new run.
    ///
    /// # Errors
    /// No such release, or one that has not what the scenario needs.
    pub fn with_release(&self, kafka: &str) -> Result<Self, ScenarioError> {
        let s = Scenario { kafka: kafka.into(), ..self.clone() };
        s.check()?;
        Ok(s)
    }
}

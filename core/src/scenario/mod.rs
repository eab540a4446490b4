//! A scenario: the JSON file that a run starts from, and that a run made by hand becomes.
//!
//! Strict: a field, config or name that is not known is refused with its place and what would be right.

pub mod build;
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
use crate::kafka::transaction::AfterSend;
pub use command::TimedCommand;
use configs::{Configs, Scope};
use serde::{Deserialize, Serialize};
pub use shipped::{NAMES, SHIPPED, shipped};
use std::fmt;
pub use streams::StreamsSpec;
use versions::VERSIONS;

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

/// An end of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The active controller.
    Controller,
    /// A broker, by id.
    Broker(u8),
    /// A producer, by its place in the list, from 0.
    Producer(u8),
    /// A consumer, by its place over all groups, from 0.
    Consumer(u8),
}

/// Something done to the cluster.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Do {
    /// An application sends a record.
    Send {
        /// Producer by name.
        producer: String,
        /// Topic by name.
        topic: String,
        /// Its key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// The value is null (log.L10).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        tombstone: bool,
        /// `CreateTime`, in milliseconds of the run; the instant of sending without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timestamp_ms: Option<u64>,
        /// Whoever handles it fails: the consumer's process dies, and a supervisor starts it again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        poison: bool,
    },
    /// Messages of a link take this much longer, in this direction; 0 makes it as before.
    SlowLink {
        /// From.
        from: End,
        /// To.
        to: End,
        /// In microseconds.
        extra_us: u64,
    },
    /// A process stands still (a long garbage collection): nothing reaches it and its timers wait, while its peers go on.
    Pause {
        /// Whose process.
        who: End,
        /// For how long, in microseconds.
        for_us: u64,
    },
    /// An application needs this long for each record.
    SlowHandler {
        /// Its consumer's place over all groups, from 0.
        consumer: u8,
        /// In microseconds; as in the scenario without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handling_us: Option<u64>,
    },
    /// Delete the records of a partition below an offset (`kafka-delete-records`).
    DeleteRecords {
        /// Topic by name.
        topic: String,
        /// Partition number.
        #[serde(default)]
        partition: u16,
        /// The first offset that stays; everything committed goes without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u32>,
    },
    /// A transactional producer's application commits.
    CommitTransaction {
        /// Producer by name.
        producer: String,
    },
    /// It aborts.
    AbortTransaction {
        /// Producer by name.
        producer: String,
    },
    /// SIGKILL.
    Crash {
        /// Broker id.
        broker: u8,
    },
    /// The machine loses power.
    PowerCut {
        /// Broker id.
        broker: u8,
    },
    /// SIGTERM: controlled shutdown.
    Stop {
        /// Broker id.
        broker: u8,
    },
    /// Start a stopped broker.
    Start {
        /// Broker id.
        broker: u8,
    },
    /// A link lets nothing through, in this direction.
    CutLink {
        /// From.
        from: End,
        /// To.
        to: End,
    },
    /// It works again.
    HealLink {
        /// From.
        from: End,
        /// To.
        to: End,
    },
    /// The next response from a broker to a client is lost.
    DropNextResponse {
        /// Broker id.
        broker: u8,
        /// The client.
        client: End,
    },
    /// A consumer process dies.
    CrashConsumer {
        /// Its place over all groups, from 0.
        consumer: u8,
    },
    /// It starts (again).
    StartConsumer {
        /// Its place over all groups, from 0.
        consumer: u8,
    },
    /// SIGTERM: its loop ends at the next `poll()` and closes the consumer.
    StopConsumer {
        /// Its place over all groups, from 0.
        consumer: u8,
    },
    /// Its handler throws; the consumer is closed on the way out (`finally`).
    ThrowInHandler {
        /// Its place over all groups, from 0.
        consumer: u8,
    },
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

    /// Everything that the types don't say.
    fn check(&self) -> Result<(), ScenarioError> {
        if self.format != FORMAT {
            return error("format", format!("is {}; this version reads {FORMAT}", self.format));
        }
        if !VERSIONS.contains(&self.kafka.as_str()) {
            return error("kafka", format!("is {:?}; the engine knows {}", self.kafka, VERSIONS.join(", ")));
        }
        if self.features.elr.is_some_and(|v| v > 1) {
            return error("features.eligible.leader.replicas.version", "must be 0 or 1");
        }
        if self.features.transaction.is_some_and(|v| v > 2) {
            return error("features.transaction.version", "must be 0, 1 or 2");
        }
        let hour = 3_600_000_000;
        if self.until_us > 24 * hour {
            return error("until_us", format!("is {}; a run lasts at most 24 hours ({})", self.until_us, 24 * hour));
        }
        if self.network.delay_us > hour || self.network.jitter_us > hour {
            return error("network", "a delay is at most an hour");
        }
        if let Some(Err((field, what))) = self.cost.as_ref().map(CostSpec::check) {
            return error(format!("cost.{field}"), what);
        }
        self.check_configs(&self.configs, Scope::Broker, "configs")?;
        self.check_topology()?;
        self.check_apps()?;
        self.check_workload()?;
        self.commands
            .iter()
            .enumerate()
            .try_for_each(|(i, c)| self.check_command(c).map_err(|what| ScenarioError { at: format!("commands[{i}]"), what }))?;
        if let Some(i) = self.commands.windows(2).position(|w| w[0].at_us > w[1].at_us) {
            return error(
                format!("commands[{}].at_us", i + 1),
                "is before the command above it; commands stand in the order of their times",
            );
        }
        build::build(self)?;
        self.check_schedule()
    }

    fn check_schedule(&self) -> Result<(), ScenarioError> {
        if self.schedule.is_empty() {
            return Ok(());
        }
        if !self.commands.is_empty() {
            return error("commands", "a scenario has commands with their times or a schedule without times, not both");
        }
        crate::trial::Trial::new(self)?
            .check_schedule(&self.schedule)
            .map_err(|(i, what)| ScenarioError { at: format!("schedule[{i}]"), what })
    }

    fn check_configs(&self, c: &Configs, scope: Scope, at: &str) -> Result<(), ScenarioError> {
        configs::check(c, scope).map_err(|(name, what)| ScenarioError { at: format!("{at}.{name}"), what })
    }

    fn check_topology(&self) -> Result<(), ScenarioError> {
        let t = &self.topology;
        if !(1..=32).contains(&t.brokers) {
            return error("topology.brokers", format!("is {}; there can be 1 to 32", t.brokers));
        }
        if t.topics.is_empty() {
            return error("topology.topics", "is empty; there must be at least one topic");
        }
        let total: u32 = t.topics.iter().map(|x| u32::from(x.partitions)).sum();
        if total > 10_000 {
            return error("topology.topics", format!("have {total} partitions together; there can be 10000"));
        }
        for (i, topic) in t.topics.iter().enumerate() {
            let at = format!("topology.topics[{i}]");
            check_name(&topic.name, &format!("{at}.name"))?;
            if topic.name.starts_with("__") {
                return error(format!("{at}.name"), "names that begin with __ are Kafka's own");
            }
            if t.topics[..i].iter().any(|x| x.name == topic.name) {
                return error(format!("{at}.name"), format!("{:?} is there already", topic.name));
            }
            if topic.partitions == 0 {
                return error(format!("{at}.partitions"), "must be at least 1");
            }
            if !(1..=t.brokers).contains(&topic.replication_factor) {
                return error(
                    format!("{at}.replication.factor"),
                    format!("is {}; with {} brokers it can be 1 to {}", topic.replication_factor, t.brokers, t.brokers),
                );
            }
            self.check_configs(&topic.configs, Scope::Topic, &format!("{at}.configs"))?;
        }
        if t.producers.len() > 200 {
            return error("topology.producers", "there can be 200 at most");
        }
        for (i, p) in t.producers.iter().enumerate() {
            let at = format!("topology.producers[{i}]");
            check_name(&p.name, &format!("{at}.name"))?;
            if t.producers[..i].iter().any(|x| x.name == p.name) {
                return error(format!("{at}.name"), format!("{:?} is there already", p.name));
            }
            self.check_configs(&p.configs, Scope::Producer, &format!("{at}.configs"))?;
        }
        Ok(())
    }

    fn check_apps(&self) -> Result<(), ScenarioError> {
        if self.apps.iter().map(App::everybody).sum::<u32>() > 200 {
            return error("apps", "there can be 200 members at most, over all groups");
        }
        for (i, a) in self.apps.iter().enumerate() {
            let at = format!("apps[{i}]");
            check_name(&a.group, &format!("{at}.group"))?;
            if self.apps[..i].iter().any(|x| x.group == a.group) {
                return error(format!("{at}.group"), format!("{:?} is there already", a.group));
            }
            for (j, t) in a.topics.iter().enumerate() {
                self.topic_index(t).ok_or_else(|| self.no_topic(format!("{at}.topics[{j}]"), t))?;
            }
            if a.handling_us > 3_600_000_000 {
                return error(format!("{at}.handling_us"), "is more than an hour");
            }
            self.check_configs(&a.configs, Scope::Consumer, &format!("{at}.configs"))?;
            if let Some(o) = &a.output {
                self.topic_index(&o.topic).ok_or_else(|| self.no_topic(format!("{at}.output.topic"), &o.topic))?;
                self.check_configs(&o.configs, Scope::Producer, &format!("{at}.output.configs"))?;
                if o.configs.contains_key("transactional.id") && a.commit.is_some() {
                    return error(format!("{at}.commit"), "must be left out: the offsets are part of the transaction");
                }
            }
            if let Some(s) = &a.streams {
                let at = format!("{at}.streams");
                self.topic_index(&s.to).ok_or_else(|| self.no_topic(format!("{at}.to"), &s.to))?;
                a.check_streams(s, &at)?;
            }
        }
        Ok(())
    }

    fn check_workload(&self) -> Result<(), ScenarioError> {
        for (i, w) in self.workload.iter().enumerate() {
            let at = format!("workload[{i}]");
            self.topic_index(&w.topic).ok_or_else(|| self.no_topic(format!("{at}.topic"), &w.topic))?;
            if !self.topology.producers.iter().any(|p| p.name == w.producer) {
                return error(format!("{at}.producer"), format!("there is no producer {:?} in topology.producers", w.producer));
            }
            if w.every_us == 0 {
                return error(format!("{at}.every_us"), "must be at least 1");
            }
            if w.count > 10_000_000 {
                return error(format!("{at}.count"), "can be 10000000 at most");
            }
            let transactional = self.topology.producers.iter().any(|p| p.name == w.producer && p.configs.contains_key("transactional.id"));
            if (w.records_per_transaction > 0 || w.abort_every > 0) && !transactional {
                return error(
                    format!("{at}.records_per_transaction"),
                    format!("needs transactional.id in the configs of {:?}", w.producer),
                );
            }
            if w.bytes == 0 || w.bytes > 1_048_576 {
                return error(format!("{at}.bytes"), "must be 1 to 1048576");
            }
        }
        Ok(())
    }

    fn no_topic(&self, at: String, name: &str) -> ScenarioError {
        let known: Vec<&str> = self.topology.topics.iter().map(|t| t.name.as_str()).collect();
        ScenarioError { at, what: format!("there is no topic {name:?}; there is {}", known.join(", ")) }
    }

    fn check_command(&self, c: &TimedCommand) -> Result<(), String> {
        let broker = |b: &u8| {
            let n = self.topology.brokers;
            if (1..=n).contains(b) { Ok(()) } else { Err(format!("there is no broker {b}; ids are 1 to {n}")) }
        };
        let members = self.apps.iter().map(App::everybody).sum::<u32>();
        let consumer = |c: &u8| {
            if u32::from(*c) < members { Ok(()) } else { Err(format!("there is no consumer {c}; there are {members}, from 0")) }
        };
        let members_with = self.apps.iter().filter(|a| a.writes_to().is_some()).map(|a| a.everybody() as usize).sum::<usize>();
        let producers = self.topology.producers.len() + members_with;
        let end = |e: &End| match e {
            End::Controller => Ok(()),
            End::Broker(b) => broker(b),
            End::Consumer(c) => consumer(c),
            End::Producer(p) if usize::from(*p) < producers => Ok(()),
            End::Producer(p) => Err(format!("there is no producer {p}; there are {producers}, from 0")),
        };
        match &c.what {
            Do::Send { producer, topic, .. } => {
                if !self.topology.producers.iter().any(|p| p.name == *producer) {
                    return Err(format!("there is no producer {producer:?}"));
                }
                self.topic_index(topic).map(|_| ()).ok_or_else(|| format!("there is no topic {topic:?}"))
            }
            Do::CommitTransaction { producer } | Do::AbortTransaction { producer } => {
                match self.topology.producers.iter().find(|p| p.name == *producer) {
                    None => Err(format!("there is no producer {producer:?}")),
                    Some(p) if !p.configs.contains_key("transactional.id") => Err(format!("producer {producer:?} has no transactional.id")),
                    Some(_) => Ok(()),
                }
            }
            Do::DeleteRecords { topic, partition, .. } => match self.topic_index(topic).map(|i| self.topology.topics[i].partitions) {
                Some(n) if *partition < n => Ok(()),
                Some(n) => Err(format!("{topic:?} has {n} partitions, from 0")),
                None => Err(format!("there is no topic {topic:?}")),
            },
            Do::Crash { broker: b } | Do::PowerCut { broker: b } | Do::Stop { broker: b } | Do::Start { broker: b } => broker(b),
            Do::CutLink { from, to } | Do::HealLink { from, to } | Do::SlowLink { from, to, .. } if from == to => {
                Err("a link has two ends".into())
            }
            Do::SlowLink { extra_us: us, .. } | Do::Pause { for_us: us, .. } | Do::SlowHandler { handling_us: Some(us), .. }
                if *us > 3_600_000_000 =>
            {
                Err("is more than an hour".into())
            }
            Do::Pause { who, .. } => end(who),
            Do::CutLink { from, to } | Do::HealLink { from, to } | Do::SlowLink { from, to, .. } => end(from).and_then(|()| end(to)),
            Do::DropNextResponse { broker: b, client } => broker(b).and_then(|()| match client {
                End::Producer(_) | End::Consumer(_) => end(client),
                _ => Err("responses go to a producer or a consumer".into()),
            }),
            Do::SlowHandler { consumer: c, .. }
            | Do::CrashConsumer { consumer: c }
            | Do::StartConsumer { consumer: c }
            | Do::StopConsumer { consumer: c }
            | Do::ThrowInHandler { consumer: c } => consumer(c),
        }
    }

    fn topic_index(&self, name: &str) -> Option<usize> {
        self.topology.topics.iter().position(|t| t.name == name)
    }
}

fn check_name(name: &str, at: &str) -> Result<(), ScenarioError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > 249 || !name.chars().all(legal) {
        return error(at, format!("{name:?} is no name; use 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'"));
    }
    Ok(())
}

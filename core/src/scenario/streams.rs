//! Streams applications: what a scenario says of one, the topics that it makes for itself, and the configs that it gives to
//! its clients.

use super::configs::{self, Configs, Scope};
use super::{App, ScenarioError, error};
use crate::kafka::partitioner::Partitioner;
use crate::kafka::setup::{PartitionSetup, Repartition, Setup, StreamsSetup, TopicSetup, Window};
use serde::{Deserialize, Serialize};

/// What a Streams application does with its topic: count by key into a store, and write each new count to a topic.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamsSpec {
    /// The topic that new counts go to. A record goes to the partition with its task's number.
    pub to: String,
    /// Name of the store; its changelog is the topic `<group>-<store>-changelog`.
    #[serde(default = "default_store")]
    pub store: String,
    /// Count by another key: from each key to the new one, by way of the topic `<group>-<store>-repartition`. Records whose
    /// key does not stand here are dropped.
    #[serde(default, skip_serializing_if = "Configs::is_empty")]
    pub group_by: Configs,
    /// Count for each window of event time of this length, in milliseconds; 0 = one count for all time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub window_ms: u32,
    /// How far stream time may be past a window's end before the window is closed, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub grace_ms: u32,
    /// Configs of Streams; those of its producer begin with `producer.`.
    #[serde(default, skip_serializing_if = "Configs::is_empty")]
    pub configs: Configs,
}

fn default_store() -> String {
    "store".into()
}
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// What Streams gives to its clients where nothing else is said.
const CONSUMER: &[(&str, &str)] = &[("auto.offset.reset", "earliest"), ("max.poll.records", "1000")];
/// Its producer's, and those of a producer with transactions.
const PRODUCER: &[(&str, &str)] = &[("linger.ms", "100")];
const TRANSACTIONAL: &[(&str, &str)] = &[("transaction.timeout.ms", "10000"), ("delivery.timeout.ms", "2147483647")];

fn fill(all: &mut Configs, defaults: &[(&str, &str)]) {
    for (name, value) in defaults {
        all.entry((*name).to_string()).or_insert_with(|| (*value).into());
    }
}

impl StreamsSpec {
    /// `processing.guarantee=exactly_once_v2`.
    pub fn exactly_once(&self) -> bool {
        configs::value("processing.guarantee", Scope::Streams, &[&self.configs]) == "exactly_once_v2"
    }

    /// `commit.interval.ms`, whose default depends on the guarantee.
    pub(super) fn commit_interval_ms(&self) -> u64 {
        let set = self.configs.contains_key("commit.interval.ms") || !self.exactly_once();
        if set { configs::int("commit.interval.ms", Scope::Streams, &[&self.configs]) } else { 100 }
    }

    /// Its own configs, and those of its producer.
    fn split(&self) -> (Configs, Configs) {
        let (producer, own): (Configs, Configs) = self.configs.clone().into_iter().partition(|c| c.0.starts_with("producer."));
        (own, producer.into_iter().map(|(name, v)| (name["producer.".len()..].to_string(), v)).collect())
    }

    /// Configs of its producer.
    fn producer(&self, group: &str) -> Configs {
        let mut all = self.split().1;
        fill(&mut all, PRODUCER);
        if self.exactly_once() {
            fill(&mut all, TRANSACTIONAL);
            all.insert("transactional.id".into(), group.into());
        }
        all
    }
}

impl App {
    /// Configs of the producer in its process, if it has one.
    pub(super) fn producer_configs(&self) -> Option<Configs> {
        let plain = self.output.as_ref().map(|o| o.configs.clone());
        plain.or_else(|| self.streams.as_ref().map(|s| s.producer(&self.group)))
    }

    /// Configs of its consumers.
    pub(super) fn consumer_configs(&self) -> Configs {
        let mut all = self.configs.clone();
        if let Some(s) = &self.streams {
            fill(&mut all, CONSUMER);
            if s.exactly_once() {
                all.insert("isolation.level".into(), "read_committed".into());
            }
        }
        all
    }

    /// The topic that it writes its results to.
    pub(super) fn writes_to(&self) -> Option<&str> {
        self.output.as_ref().map(|o| o.topic.as_str()).or_else(|| self.streams.as_ref().map(|s| s.to.as_str()))
    }

    fn internal_topic(&self, s: &StreamsSpec, what: &str) -> String {
        format!("{}-{}-{what}", self.group, s.store)
    }

    /// What is wrong with its `streams`, at `at`. Its topics are known to be there.
    pub(super) fn check_streams(&self, s: &StreamsSpec, at: &str) -> Result<(), ScenarioError> {
        super::check::check_name(&s.store, &format!("{at}.store"))?;
        if self.output.is_some() || self.commit.is_some() {
            return error(at, "stands in place of output and commit: a Streams application does both");
        }
        if self.topics.len() != 1 || self.topics[0] == s.to {
            return error(at, "reads one topic and writes to another");
        }
        if s.window_ms == 0 && s.grace_ms > 0 {
            return error(format!("{at}.grace_ms"), "needs window_ms");
        }
        if let Some(from) = s.group_by.iter().find(|k| !k.1.is_string()) {
            return error(format!("{at}.group_by.{}", from.0), "must be a key in quotes");
        }
        let (own, producer) = s.split();
        for (c, scope, prefix) in [(&own, Scope::Streams, ""), (&producer, Scope::Producer, "producer.")] {
            configs::check(c, scope).map_err(|(name, what)| ScenarioError { at: format!("{at}.configs.{prefix}{name}"), what })?;
        }
        if producer.contains_key("transactional.id") {
            return error(format!("{at}.configs.producer.transactional.id"), "is chosen by Streams");
        }
        Ok(())
    }
}

/// Makes an application's internal topics, with as many partitions and the same replication as the topic that it reads, and
/// says what its threads do.
///
/// # Errors
/// A topic of that name is there already.
pub(super) fn topology(app: &App, s: &StreamsSpec, setup: &mut Setup) -> Result<StreamsSetup, ScenarioError> {
    let source = setup.topics.iter().position(|t| t.name == app.topics[0]).unwrap_or(0);
    let changelog = internal(setup, source, app.internal_topic(s, "changelog"))?;
    let repartition = if s.group_by.is_empty() {
        None
    } else {
        let topic = internal(setup, source, app.internal_topic(s, "repartition"))?;
        let partitions = setup.topics[topic].partitions.len() as u16;
        let keys = s.group_by.iter().map(|(from, to)| {
            let to = configs::text(to);
            let number = Partitioner::Java.partition(to.as_bytes(), partitions);
            (key(setup, from), (key(setup, &to), number))
        });
        Some(Repartition { topic, keys: keys.collect() })
    };
    let window = (s.window_ms > 0).then_some(Window { size_ms: s.window_ms, grace_ms: s.grace_ms });
    Ok(StreamsSetup { exactly_once: s.exactly_once(), changelog, repartition, window })
}

fn internal(setup: &mut Setup, like: usize, name: String) -> Result<usize, ScenarioError> {
    if setup.topics.iter().any(|t| t.name == name) {
        return error("topology.topics", format!("{name:?} is a topic that a Streams application makes for itself"));
    }
    let old = setup.topics[like].partitions.clone();
    let first = setup.partitions.len() as u16;
    let topic = setup.topics.len();
    for p in &old {
        let copy = PartitionSetup { topic, log: None, ..setup.partitions[p.ix()].clone() };
        setup.partitions.push(copy);
    }
    setup.topics.push(TopicSetup { name, partitions: (first..first + old.len() as u16).map(crate::ids::PartitionId).collect() });
    Ok(topic)
}

/// The number of a key that is known before any record has it.
fn key(setup: &mut Setup, name: &str) -> u16 {
    let known = setup.keys.iter().position(|k| k == name);
    known.unwrap_or_else(|| {
        setup.keys.push(name.to_string());
        setup.keys.len() - 1
    }) as u16
}

//! The real cluster: topics of this run, and its producers.

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use highwater_core::kafka::partitioner::Partitioner;
use highwater_core::scenario::configs::{Configs, text};
use highwater_core::scenario::{ProducerSpec, Scenario, Topic};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};

use super::Record;
use super::plan::Plan;

/// How long anything that is asked of the cluster itself may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A cluster, and what was made there.
pub(crate) struct Cluster {
    bootstrap: String,
    admin: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
    topics: Vec<Topic>,
    brokers: Vec<i32>,
    made: Vec<String>,
}

impl Cluster {
    /// Connects. Nothing is made yet.
    pub(crate) fn connect(bootstrap: &str, scenario: &Scenario) -> Result<Self> {
        let admin: AdminClient<DefaultClientContext> = config(bootstrap).create().context("setting up librdkafka")?;
        let seen = admin.inner().fetch_metadata(None, PATIENCE).with_context(|| format!("asking {bootstrap} for its brokers"))?;
        let mut brokers: Vec<i32> = seen.brokers().iter().map(|b| b.id()).collect();
        brokers.sort_unstable();
        let wanted = scenario.topology.topics.iter().map(|t| t.replication_factor).max().unwrap_or(1);
        if brokers.len() < usize::from(wanted) {
            bail!("the scenario wants {wanted} replicas; the cluster at {bootstrap} has {} brokers", brokers.len());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a runtime")?;
        let topics = scenario.topology.topics.clone();
        Ok(Cluster { bootstrap: bootstrap.into(), admin, runtime, topics, brokers, made: Vec::new() })
    }

    /// Makes the scenario's topics, placed as the simulation places them. One that is there already is not touched: an error.
    pub(crate) fn create_topics(&mut self) -> Result<()> {
        for topic in self.topics.clone() {
            let replicas = self.placement(&topic);
            let lists: Vec<&[i32]> = replicas.iter().map(Vec::as_slice).collect();
            let configs: Vec<(String, String)> = topic.configs.iter().map(|(k, v)| (k.clone(), text(v))).collect();
            let new = NewTopic::new(&topic.name, i32::from(topic.partitions), TopicReplication::Variable(&lists));
            let new = configs.iter().fold(new, |new, (k, v)| new.set(k, v));
            let done = self.runtime.block_on(self.admin.create_topics([&new], &options()));
            match done.context("making topics")?.into_iter().next() {
                Some(Ok(name)) => self.made.push(name),
                Some(Err((name, RDKafkaErrorCode::TopicAlreadyExists))) => {
                    bail!("the topic {name} is there already, and was not made by this run: it is not touched");
                }
                Some(Err((name, error))) => bail!("making the topic {name}: {error}"),
                None => bail!("making the topic {}: no answer", topic.name),
            }
        }
        self.await_leaders()
    }

    /// Partition n on the n-th broker and those after it.
    fn placement(&self, topic: &Topic) -> Vec<Vec<i32>> {
        let at = |n: usize| self.brokers[n % self.brokers.len()];
        let of = |p: u16| (0..usize::from(topic.replication_factor)).map(|i| at(usize::from(p) + i)).collect();
        (0..topic.partitions).map(of).collect()
    }

    fn await_leaders(&self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let ready = self.made.iter().all(|name| {
                let seen = self.admin.inner().fetch_metadata(Some(name), PATIENCE);
                seen.is_ok_and(|m| m.topics().iter().all(|t| !t.partitions().is_empty() && t.partitions().iter().all(|p| p.leader() >= 0)))
            });
            if ready {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(200));
        }
        bail!("the new topics had no leaders within {} s", PATIENCE.as_secs())
    }

    /// Takes away what this run made, and nothing else.
    pub(crate) fn delete_topics(&mut self) -> Result<()> {
        let names: Vec<&str> = self.made.iter().map(String::as_str).collect();
        if names.is_empty() {
            return Ok(());
        }
        let done = self.runtime.block_on(self.admin.delete_topics(&names, &options()));
        let failed = |e: String| anyhow!("{e}; delete by hand: {}", names.join(", "));
        let answers = done.map_err(|e| failed(e.to_string()))?;
        match answers.into_iter().find_map(Result::err) {
            Some((_, error)) => Err(failed(error.to_string())),
            None => Ok(()),
        }
    }

    /// What a client is set up with.
    pub(crate) fn client(&self, name: &str, configs: &Configs) -> ClientConfig {
        let mut c = config(&self.bootstrap);
        c.set("client.id", name);
        for (k, v) in configs {
            c.set(k, text(v));
        }
        c
    }

    /// The scenario's producers, connected; transactional ones have called `initTransactions()`.
    pub(crate) fn producers(&self, plan: &Plan) -> Result<Producers> {
        let answers = Arc::new(Mutex::new(vec![None; plan.records.len()]));
        let all = plan.producers.iter().map(|p| self.producer(p, answers.clone()));
        Ok(Producers {
            all: all.collect::<Result<_>>()?,
            answers,
            begun: vec![false; plan.producers.len()].into(),
            ends: Vec::new().into(),
        })
    }

    fn producer(&self, spec: &ProducerSpec, answers: Answers) -> Result<Arc<Sender>> {
        // What librdkafka knows under Kafka's names; how it spreads records without a key is its own.
        let known = |name: &str| !name.starts_with("partitioner.");
        let configs: Configs = spec.configs.iter().filter(|(k, _)| known(k)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut config = self.client(&spec.name, &configs);
        if !spec.configs.contains_key("enable.idempotence") && !matches!(spec.configs.get("acks").map(text).as_deref(), Some("0" | "1")) {
            config.set("enable.idempotence", "true"); // the Java client's default, not librdkafka's
        }
        config.set("partitioner", if spec.client == Partitioner::Java { "murmur2_random" } else { "consistent_random" });
        let producer: Sender = config.create_with_context(Deliveries { answers }).with_context(|| format!("producer {}", spec.name))?;
        if spec.configs.contains_key("transactional.id") {
            producer.init_transactions(PATIENCE).with_context(|| format!("initTransactions() of {}", spec.name))?;
        }
        // Its metadata is fresh, as the simulation's is.
        for topic in &self.made {
            producer.client().fetch_metadata(Some(topic), PATIENCE).context("asking for metadata")?;
        }
        Ok(Arc::new(producer))
    }
}

fn config(bootstrap: &str) -> ClientConfig {
    let mut c = ClientConfig::new();
    c.set("bootstrap.servers", bootstrap).set("allow.auto.create.topics", "false");
    c
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE))
}

/// What producers were told, and when, by record.
type Answers = Arc<Mutex<Vec<Option<(Instant, Record)>>>>;
type Sender = ThreadedProducer<Deliveries>;

/// Notes what became of each record.
pub(crate) struct Deliveries {
    answers: Answers,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, record: Box<usize>) {
        let outcome = match result {
            Ok(m) => Record { place: Some((m.partition() as u16, (m.offset() >= 0).then(|| m.offset()))), ..Record::default() },
            Err((e, _)) => Record { error: Some(name(e)), ..Record::default() },
        };
        if let Ok(mut all) = self.answers.lock() {
            all[*record] = Some((Instant::now(), outcome));
        }
    }
}

/// Kafka's name of an error, as the simulation has it.
fn name(e: &KafkaError) -> String {
    let code = match e.rdkafka_error_code() {
        // librdkafka's own: delivery.timeout.ms.
        Some(RDKafkaErrorCode::MessageTimedOut) => return "TimeoutException".into(),
        Some(code) => format!("{code:?}"),
        None => return e.to_string(),
    };
    let mut words = String::new();
    for c in code.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(c.to_ascii_uppercase());
    }
    words
}

/// The producers at work.
pub(crate) struct Producers {
    all: Vec<Arc<Sender>>,
    answers: Answers,
    /// Whose transaction is open.
    begun: Mutex<Vec<bool>>,
    /// Calls that may block, on threads of their own.
    ends: Mutex<Vec<JoinHandle<()>>>,
}

impl Producers {
    /// `send()`; in a transaction, where the producer has an id.
    pub(crate) fn send(&self, number: usize, plan: &Plan) {
        let record = &plan.records[number];
        let producer = &self.all[record.producer];
        let transactional = plan.producers[record.producer].configs.contains_key("transactional.id");
        if transactional && !std::mem::replace(&mut self.begun.lock().expect("nobody panics with it")[record.producer], true) {
            let _ = producer.begin_transaction(); // if it can't begin, the record is refused below
        }
        let value = record.bytes.map(|n| vec![0u8; n as usize]);
        let mut message: BaseRecord<'_, str, [u8], Box<usize>> = BaseRecord::with_opaque_to(&record.topic, Box::new(number));
        if let Some(key) = &record.key {
            message = message.key(key);
        }
        if let Some(value) = &value {
            message = message.payload(value);
        }
        if let Err((e, _)) = producer.send(message) {
            let refused = Record { error: Some(name(&e)), ..Record::default() };
            self.answers.lock().expect("nobody panics with it")[number] = Some((Instant::now(), refused));
        }
    }

    /// `commitTransaction()` or `abortTransaction()`.
    pub(crate) fn end(&self, producer: usize, commit: bool) {
        self.begun.lock().expect("nobody panics with it")[producer] = false;
        let p = self.all[producer].clone();
        let call = thread::spawn(move || {
            let done = if commit { p.commit_transaction(PATIENCE) } else { p.abort_transaction(PATIENCE) };
            // As the simulation's applications do: what can't be committed is aborted.
            if let (Err(e), true) = (done, commit) {
                eprintln!("commitTransaction(): {e}; aborted");
                let _ = p.abort_transaction(PATIENCE);
            }
        });
        self.ends.lock().expect("nobody panics with it").push(call);
    }

    /// What became of each record until now. Producers are not waited for any longer than their calls take.
    pub(crate) fn finish(self, begin: Instant) -> Vec<Record> {
        let answers = self.answers.lock().expect("nobody panics with it").clone();
        for p in &self.all {
            p.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        }
        for call in self.ends.into_inner().expect("nobody panics with it") {
            let _ = call.join();
        }
        let one = |a: Option<(Instant, Record)>| match a {
            Some((at, r)) => Record { at_us: at.saturating_duration_since(begin).as_micros() as u64, ..r },
            None => Record::default(),
        };
        answers.into_iter().map(one).collect()
    }
}

//! From a checked scenario to what the engine runs: the setup, and how long each timer lasts.

use super::configs::{self, Configs, Scope};
use super::groups;
use super::logs;
use super::streams;
use super::versions;
use super::{App, CommitSpec, Do, Scenario, ScenarioError, TimedCommand, error};
use crate::broken::{Rule, holds};
use crate::ids::*;
use crate::kafka::assignor::Assignor;
use crate::kafka::group::first_roster;
use crate::kafka::log::config::LogConfig;
use crate::kafka::message::Acks;
use crate::kafka::partitioner::{Partitioner, coordinator_partition};
use crate::kafka::quorum::QuorumTimer;
use crate::kafka::setup::*;
use crate::kafka::step::{RequestKind, ShareTimer, Timer, TxnTimer};
use crate::kafka::zookeeper::ZkTimer;
use crate::order;
use smallvec::SmallVec;
use std::rc::Rc;

/// `message.timestamp.after.max.ms` where nothing is said.
const HOUR_MS: u64 = 3_600_000;
/// `offsets.topic.num.partitions`.
const OFFSETS_PARTITIONS: u16 = 50;
/// `replication.factor` of Kafka's own topics, where there are enough brokers.
const INTERNAL_REPLICATION: u8 = 3;

/// `share.coordinator.state.topic.num.partitions`; its min ISR is 2.
const SHARE_PARTITIONS: u16 = 50;
/// `transaction.state.log.num.partitions`.
const TRANSACTION_PARTITIONS: u16 = 50;
/// A producer's wait after CONCURRENT_TRANSACTIONS when a transaction begins, in microseconds (txn.T6).
const CONCURRENT_BACKOFF: u64 = 20_000;

/// How long each timer lasts, in microseconds.
#[derive(Clone, Debug)]
pub struct Durations {
    broker: BrokerDurations,
    producers: Vec<ClientDurations>,
    consumers: Vec<ClientDurations>,
    /// Rebalance timeout of each group.
    groups: Vec<u64>,
    /// How long locks of each share group last.
    locks: Vec<u64>,
    /// `transaction.timeout.ms`, by transactional id.
    transactions: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct BrokerDurations {
    lag: u64,
    fetch_wait: u64,
    fetch_backoff: u64,
    fetch_timeout: u64,
    hw_checkpoint: u64,
    heartbeat: u64,
    session: u64,
    initial_rebalance: u64,
    assignment_interval: u64,
    txn_check: u64,
    add_retry: u64,
    add_give_up: u64,
    retention_check: u64,
    cleaner: u64,
    quorum_election: u64,
    quorum_fetch: u64,
    quorum_backoff: u64,
    zk_session: u64,
    zk_connection: u64,
    controller_socket: u64,
    producer_expiry: u64,
    id_expiry: u64,
    offsets_retention: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct ClientDurations {
    linger: u64,
    max_block: u64,
    delivery: u64,
    request: u64,
    backoff: u64,
    /// `retry.backoff.max.ms`; as short as `backoff` where that does not grow.
    most_backoff: u64,
    handling: u64,
    auto_commit: u64,
    fetch_wait: u64,
    session: u64,
    group_heartbeat: u64,
    max_poll: u64,
    metadata_age: u64,
}

/// How long a fetch of the metadata log waits for news, in microseconds.
const QUORUM_FETCH_WAIT: u64 = 500_000;

/// After how long a broker asks ZooKeeper again, in microseconds.
const ZK_RETRY: u64 = 1_000_000;

/// What a client adds to the rebalance timeout before it gives a JoinGroup up.
const JOIN_LAPSE_US: u64 = 5_000_000;

impl Durations {
    /// The length of a timer.
    pub fn of(&self, t: &Timer, setup: &Setup) -> u64 {
        let log = |p: &PartitionId, ms: fn(&LogConfig) -> u64| setup.partitions[p.ix()].log.as_ref().map_or(0, |log| ms(log) * 1000);
        let client = |a: &Actor| match a {
            Actor::Consumer(c) => &self.consumers[c.ix()],
            Actor::Producer(p) => &self.producers[p.ix()],
            _ => unreachable!("only clients have these timers"),
        };
        match t {
            Timer::Heartbeat(_) => self.broker.heartbeat,
            // BrokerLifecycleManager tries again after its backoff; the scene uses the heartbeat interval.
            Timer::RegistrationRetry(_) => self.broker.heartbeat,
            Timer::IsrCheck(_) => self.broker.lag / 2,
            Timer::HwCheckpoint(_) => self.broker.hw_checkpoint,
            Timer::Writeback(_) => 30_000_000,
            Timer::Retention(_) => self.broker.retention_check,
            Timer::Cleaner(_) => self.broker.cleaner,
            Timer::SegmentExpiry { partition, .. } => log(partition, |log| log.retention_ms.unwrap_or(0)),
            Timer::CompactionLag { partition, .. } => log(partition, |log| log.min_compaction_lag_ms),
            Timer::DeleteHorizon { partition, .. } => log(partition, |log| log.delete_retention_ms),
            Timer::Flush { partition, .. } => log(partition, |log| log.flush_ms.unwrap_or(0)),
            Timer::ProducerExpiry { .. } => self.broker.producer_expiry,
            Timer::Lag { .. } => self.broker.lag,
            Timer::FetchWait { .. } => self.broker.fetch_wait,
            Timer::FetchTimeout { .. } => self.broker.fetch_timeout,
            Timer::FetchBackoff { .. } => self.broker.fetch_backoff,
            Timer::ProduceWait { producer, .. } => self.producers[producer.ix()].request,
            Timer::AlterRetry { .. } => 30_000_000,
            Timer::ConsumerFetchWait { consumer, .. } => self.consumers[consumer.ix()].fetch_wait,
            Timer::Session(_) => self.broker.session,
            Timer::Linger(p, _) => self.producers[p.ix()].linger,
            Timer::RetryBackoff(p, _) => self.producers[p.ix()].backoff,
            Timer::MaxBlock(p) => self.producers[p.ix()].max_block,
            Timer::Delivery(b) => self.producers[b.producer.ix()].delivery,
            Timer::RequestTimeout(a, _, RequestKind::Join) => client(a).request.max(client(a).max_poll + JOIN_LAPSE_US),
            Timer::RequestTimeout(a, ..) => client(a).request,
            Timer::MetadataBackoff(a) => client(a).backoff,
            Timer::ReadReplica(c, _) => self.consumers[c.ix()].metadata_age,
            // 0 would have it ask without end.
            Timer::MetadataAge(a) => client(a).metadata_age.max(1000),
            Timer::Handling(c) => self.consumers[c.ix()].handling,
            Timer::CommitCall(_) => 0,
            Timer::ConsumerBackoff(c) => self.consumers[c.ix()].backoff,
            Timer::AutoCommit(c) => self.consumers[c.ix()].auto_commit,
            Timer::GroupHeartbeat(c) => self.consumers[c.ix()].group_heartbeat,
            Timer::MaxPoll(c) => self.consumers[c.ix()].max_poll,
            Timer::MemberSession(_, id) => self.consumers[id.consumer.ix()].session,
            Timer::InitialRebalance(..) => self.broker.initial_rebalance,
            Timer::Rebalance(_, g) => self.groups[g.ix()],
            Timer::MemberRebalance(_, id) => self.consumers[id.consumer.ix()].max_poll,
            Timer::AssignmentInterval(..) => self.broker.assignment_interval,
            Timer::OffsetsExpiry(..) => self.broker.offsets_retention,
            Timer::Txn(t) => self.of_transaction(t),
            Timer::Share(ShareTimer::Lock(_, g, ..)) => self.locks[g.ix()],
            // The first backoff of Kafka's persister.
            Timer::Share(ShareTimer::State(..)) => 1_000_000,
            Timer::Quorum(t) => match t {
                QuorumTimer::Election(..) => self.broker.quorum_election,
                QuorumTimer::Fetch(_) | QuorumTimer::ObserverFetch(_) => self.broker.quorum_fetch,
                QuorumTimer::CheckQuorum(_) => self.broker.quorum_fetch * 3 / 2,
                QuorumTimer::Begin(_) => self.broker.quorum_fetch / 2,
                QuorumTimer::FetchWait(..) => QUORUM_FETCH_WAIT,
                QuorumTimer::Session(..) => self.broker.session,
                QuorumTimer::ObserverBackoff(_) => self.broker.quorum_backoff,
            },
            Timer::Zk(t) => match t {
                ZkTimer::Session(_) => self.broker.zk_session,
                ZkTimer::GiveUp(_) => self.broker.zk_connection,
                ZkTimer::Retry(_) => ZK_RETRY,
                ZkTimer::Push(..) => self.broker.controller_socket,
            },
        }
    }
}

impl Durations {
    /// How long a backoff lasts that comes after `before` others, as a client of 3.7 and later waits (KIP-580): twice as long with
    /// each, up to a fifth more or less by `random`, but no longer than the most; always the same where the two are equal.
    pub fn growing(&self, t: &Timer, before: u32, random: u64) -> Option<u64> {
        let client = match t {
            Timer::RetryBackoff(p, _) | Timer::MetadataBackoff(Actor::Producer(p)) => &self.producers[p.ix()],
            Timer::ConsumerBackoff(c) | Timer::MetadataBackoff(Actor::Consumer(c)) => &self.consumers[c.ix()],
            _ => return None,
        };
        let (first, most) = (client.backoff, client.most_backoff);
        if most <= first {
            return Some(first);
        }
        let term = (first << before.min(16)).min(most);
        Some((term * (800 + random % 401) / 1000).min(most))
    }

    fn of_transaction(&self, t: &TxnTimer) -> u64 {
        match t {
            TxnTimer::Timeout(_, txn) => self.transactions[txn.ix()],
            TxnTimer::Check(_) => self.broker.txn_check,
            TxnTimer::Expiry(..) => self.broker.id_expiry,
            // `request.timeout.ms` of brokers, and the pause of Kafka's inter-broker sender.
            TxnTimer::MarkerTimeout(..) | TxnTimer::AddTimeout(..) => 30_000_000,
            TxnTimer::MarkerRetry(..) => 100_000,
            TxnTimer::AddRetry(..) => self.broker.add_retry,
            TxnTimer::AddGiveUp(..) => self.broker.add_give_up,
            TxnTimer::Backoff(p) => self.producers[p.ix()].backoff,
            TxnTimer::ShortBackoff(_) => CONCURRENT_BACKOFF,
        }
    }
}

/// What a scenario becomes.
///
/// # Errors
/// Combinations of configs that Kafka refuses.
pub fn build(s: &Scenario) -> Result<(Setup, Durations), ScenarioError> {
    let mut setup = Setup {
        brokers: s.topology.brokers,
        voters: s.topology.voters,
        zookeeper: s.has_zookeeper(),
        topics: Vec::new(),
        partitions: Vec::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
        groups: Vec::new(),
        transactions: Vec::new(),
        keys: Vec::new(),
        rules: rules(s),
    };
    let ahead = |c: &TimedCommand| matches!(c.what, Do::Send { timestamp_ms: Some(t), .. } if t > c.at_us / 1000 + HOUR_MS);
    let dated = s.commands.iter().any(ahead);
    for t in &s.topology.topics {
        let layers = [&t.configs, &s.configs];
        let min_isr = configs::int("min.insync.replicas", Scope::Topic, &layers) as usize;
        let unclean = configs::boolean("unclean.leader.election.enable", Scope::Topic, &layers);
        add_topic(&mut setup, &t.name, (0..t.partitions).collect(), t.replication_factor, min_isr, unclean);
        let log = logs::config(&layers, &s.kafka, dated)
            .map_err(|(name, what)| ScenarioError { at: format!("topic {}: {name}", t.name), what })?;
        let mine = setup.topics[setup.topics.len() - 1].partitions.clone();
        mine.iter().for_each(|p| setup.partitions[p.ix()].log = log.clone());
    }
    for p in &s.topology.producers {
        let at = format!("topology.producers.{}", p.name);
        let built = producer(&s.kafka, p.name.clone(), &p.configs, &at)?;
        add_producer(&mut setup, ProducerSetup { partitioner: p.client, ..built }, &p.configs, None);
    }
    for (i, a) in s.apps.iter().enumerate() {
        let checked = groups::check(&s.kafka, &a.consumer_configs(), a);
        checked.map_err(|(name, what)| ScenarioError { at: format!("apps[{i}].configs.{name}"), what })?;
    }
    add_groups(s, &mut setup)?;
    for g in (0..setup.groups.len() as u8).map(GroupIx) {
        for (member, parts) in first_roster(&setup, g).members {
            setup.consumers[member.consumer.ix()].assigned = parts;
        }
    }
    add_share_state(s, &mut setup);
    add_transaction_state(s, &mut setup)?;
    let durations = durations(s, &setup);
    Ok((setup, durations))
}

/// The topic of the share coordinators, where there is a share group.
fn add_share_state(s: &Scenario, setup: &mut Setup) {
    let shares = |a: &App| a.share.is_some();
    let number = |a: &App| coordinator_partition(&a.group, SHARE_PARTITIONS);
    let mut numbers: Vec<u16> = s.apps.iter().filter(|a| shares(a)).map(number).collect();
    order::sort(&mut numbers);
    numbers.dedup();
    if numbers.is_empty() {
        return;
    }
    let first = setup.partitions.len() as u16;
    let replicas = INTERNAL_REPLICATION.min(setup.brokers);
    add_topic(setup, "__share_group_state", numbers.clone(), replicas, 2.min(usize::from(replicas)), false);
    for (g, a) in setup.groups.iter_mut().zip(&s.apps).filter(|x| shares(x.1)) {
        let at = numbers.iter().position(|n| *n == number(a)).unwrap_or(0) as u16;
        g.share = Some(Rc::new(groups::share(s, a, PartitionId(first + at))));
    }
}

/// The topic of the transaction coordinators, where there is a `transactional.id`.
fn add_transaction_state(s: &Scenario, setup: &mut Setup) -> Result<(), ScenarioError> {
    let number = |t: &TransactionSetup| coordinator_partition(&t.name, TRANSACTION_PARTITIONS);
    let mut numbers: Vec<u16> = setup.transactions.iter().map(number).collect();
    order::sort(&mut numbers);
    numbers.dedup();
    if numbers.is_empty() {
        return Ok(());
    }
    let first = setup.partitions.len() as u16;
    let min_isr = configs::int("transaction.state.log.min.isr", Scope::Broker, &[&s.configs]) as usize;
    add_topic(setup, "__transaction_state", numbers.clone(), INTERNAL_REPLICATION.min(setup.brokers), min_isr, false);
    for t in &mut setup.transactions {
        let at = numbers.iter().position(|n| *n == number(t)).unwrap_or(0) as u16;
        t.coordinator = PartitionId(first + at);
    }
    let max = configs::int("transaction.max.timeout.ms", Scope::Broker, &[&s.configs]);
    let all = s.topology.producers.iter().map(|p| (p.configs.clone(), format!("topology.producers.{}", p.name)));
    let outputs = s.apps.iter().enumerate().filter_map(|(i, a)| Some((a.producer_configs()?, format!("apps[{i}].output"))));
    for (c, at) in all.chain(outputs) {
        if c.contains_key("transactional.id") && configs::int("transaction.timeout.ms", Scope::Producer, &[&c]) > max {
            let what = format!("INVALID_TRANSACTION_TIMEOUT: must be at most transaction.max.timeout.ms={max} of the brokers");
            return error(format!("{at}.configs.transaction.timeout.ms"), what);
        }
    }
    Ok(())
}

/// Adds a producer, and its `transactional.id`, which others may share (a zombie and its successor).
fn add_producer(setup: &mut Setup, mut p: ProducerSetup, c: &Configs, number: Option<u8>) -> ProducerIx {
    if let Some(id) = c.get("transactional.id") {
        let name = number.map_or(configs::text(id), |n| format!("{}-{n}", configs::text(id)));
        let at = setup.transactions.iter().position(|t| t.name == name).unwrap_or_else(|| {
            setup.transactions.push(TransactionSetup { name, coordinator: PartitionId(0) });
            setup.transactions.len() - 1
        });
        p.txn = Some(TxnIx(at as u8));
    }
    setup.producers.push(p);
    ProducerIx((setup.producers.len() - 1) as u8)
}

/// A run lasts a day at most.
const DAY_MS: u64 = 86_400_000;
const MINUTE_MS: u64 = 60_000;

fn rules(s: &Scenario) -> RuleSet {
    // Before 4.0 a new cluster had level 1 at most, and clients knew nothing of 2.
    let txn_v2 = s.features.transaction.unwrap_or(if versions::has_transaction_v2(&s.kafka) { 2 } else { 1 }) == 2;
    RuleSet {
        elr: s.elr() == 1,
        replication: s.rules.replication.unwrap_or(ProtocolVersion::PV7),
        txn_v2,
        verify_txn: versions::verifies_transactions(&s.kafka)
            && configs::boolean("transaction.partition.verification.enable", Scope::Broker, &[&s.configs]),
        strict_markers: txn_v2 && versions::strict_markers(&s.kafka),
        producers_expire: configs::int("producer.id.expiration.ms", Scope::Broker, &[&s.configs]) < DAY_MS,
        ids_expire: configs::int("transactional.id.expiration.ms", Scope::Broker, &[&s.configs]) < DAY_MS,
        offsets_expire: configs::int("offsets.retention.minutes", Scope::Broker, &[&s.configs]) < DAY_MS / MINUTE_MS,
        assignment_epochs: versions::has_assignment_epochs(&s.kafka),
    }
}

fn add_topic(setup: &mut Setup, name: &str, numbers: Vec<u16>, rf: u8, min_isr: usize, unclean: bool) {
    let first = setup.partitions.len() as u16;
    let topic = setup.topics.len();
    for n in &numbers {
        let replicas = placed(*n, u16::from(rf), setup.brokers);
        let most = if holds(Rule::MinIsrCap) { replicas.len() } else { usize::MAX };
        setup.partitions.push(PartitionSetup { topic, number: *n, min_isr: min_isr.min(most), replicas, unclean, log: None, added: false });
    }
    let partitions = (first..first + numbers.len() as u16).map(PartitionId).collect();
    setup.topics.push(TopicSetup { name: name.into(), partitions });
}

/// The configs of a producer with the release's checks and silent fall-backs (rule book 0.5).
fn producer(kafka: &str, name: String, c: &Configs, at: &str) -> Result<ProducerSetup, ScenarioError> {
    let old = versions::defaults(kafka, Scope::Producer);
    let layers = [c, &old];
    // A transactional.id implies idempotence where nothing is said of it.
    let implied = c.contains_key("transactional.id") && !c.contains_key("enable.idempotence");
    let wanted = implied || configs::boolean("enable.idempotence", Scope::Producer, &layers);
    let explicit = (implied || c.contains_key("enable.idempotence")) && wanted;
    let acks = match configs::value("acks", Scope::Producer, &layers).as_str() {
        _ if explicit && !c.contains_key("acks") => Acks::All, // the release's default yields to the wish
        "0" => Acks::None,
        "1" => Acks::Leader,
        _ => Acks::All,
    };
    let retries = configs::int("retries", Scope::Producer, &layers) as u32;
    let max_in_flight = configs::int("max.in.flight.requests.per.connection", Scope::Producer, &layers) as usize;
    if explicit && acks != Acks::All {
        return error(
            format!("{at}.configs.acks"),
            "ConfigException: must be \"all\" for the idempotent producer; leave enable.idempotence out or set it to false",
        );
    }
    if explicit && retries == 0 {
        return error(format!("{at}.configs.retries"), "ConfigException: must be above 0 for the idempotent producer");
    }
    // Without an explicit wish, acks != all or retries = 0 turns idempotence off silently; more than 5 in flight did so before 4.0.
    let yields = !explicit && max_in_flight > 5 && versions::idempotence_yields_to_in_flight(kafka);
    let idempotence = wanted && acks == Acks::All && retries > 0 && !yields;
    if c.contains_key("transactional.id") && !idempotence {
        let what = "ConfigException: needs the idempotent producer: acks=all, retries above 0, enable.idempotence not false";
        return error(format!("{at}.configs.transactional.id"), what);
    }
    if idempotence && max_in_flight > 5 {
        let what =
            "ConfigException: must be at most 5 for the idempotent producer (default in 4.x); set enable.idempotence to false for more";
        return error(format!("{at}.configs.max.in.flight.requests.per.connection"), what);
    }
    let ms = |name| configs::int(name, Scope::Producer, &layers);
    if c.contains_key("delivery.timeout.ms") && ms("delivery.timeout.ms") < ms("linger.ms") + ms("request.timeout.ms") {
        return error(format!("{at}.configs.delivery.timeout.ms"), "ConfigException: must be at least linger.ms + request.timeout.ms");
    }
    Ok(ProducerSetup {
        name,
        partitioner: Partitioner::Java,
        acks,
        idempotence,
        retries,
        max_in_flight,
        batch_bytes: configs::int("batch.size", Scope::Producer, &layers) as u32,
        buffer_bytes: configs::int("buffer.memory", Scope::Producer, &layers),
        max_request_bytes: configs::int("max.request.size", Scope::Producer, &layers),
        no_linger: ms("linger.ms") == 0,
        txn: None,
        app: None,
        adaptive: configs::boolean("partitioner.adaptive.partitioning.enable", Scope::Producer, &layers),
        ignore_keys: configs::boolean("partitioner.ignore.keys", Scope::Producer, &layers),
        round_robin: configs::value("partitioner.class", Scope::Producer, &layers) == configs::ROUND_ROBIN,
    })
}

/// Groups with their members, and the partitions of `__consumer_offsets` in use.
fn add_groups(s: &Scenario, setup: &mut Setup) -> Result<(), ScenarioError> {
    let mut numbers: Vec<u16> = s.apps.iter().map(|a| coordinator_partition(&a.group, OFFSETS_PARTITIONS)).collect();
    order::sort(&mut numbers);
    numbers.dedup();
    if numbers.is_empty() {
        return Ok(());
    }
    let threads = s.apps.iter().map(|a| a.streams.as_ref().map(|x| streams::topology(a, x, setup)).transpose());
    let threads = threads.collect::<Result<Vec<_>, _>>()?;
    let first = setup.partitions.len() as u16;
    add_topic(setup, "__consumer_offsets", numbers.clone(), INTERNAL_REPLICATION.min(setup.brokers), 1, false);
    for ((i, a), thread) in s.apps.iter().enumerate().zip(threads) {
        let thread = thread.map(Rc::new);
        let group = GroupIx(setup.groups.len() as u8);
        let number = coordinator_partition(&a.group, OFFSETS_PARTITIONS);
        let at = numbers.iter().position(|n| *n == number).unwrap_or(0) as u16;
        let configs = a.consumer_configs();
        let layers = [&configs];
        let delay_ms = configs::int("group.initial.rebalance.delay.ms", Scope::Broker, &[&s.configs]);
        let timeout_ms = configs::int("max.poll.interval.ms", Scope::Consumer, &layers);
        let rounds = timeout_ms.checked_div(delay_ms).map_or(0, |n| n.max(1));
        let repartition = thread.as_ref().and_then(|t| Some(t.repartition.as_ref()?.topic));
        setup.groups.push(GroupSetup {
            name: a.group.clone(),
            coordinator: PartitionId(first + at),
            topics: (0..setup.topics.len()).filter(|t| a.topics.contains(&setup.topics[*t].name) || repartition == Some(*t)).collect(),
            protocol: groups::protocol(a),
            assignment_interval: groups::assignment_interval_ms(s) > 0,
            initial_rounds: rounds.min(u64::from(u16::MAX)) as u16,
            share: None,
        });
        let of_producer = a.producer_configs();
        let transactional = of_producer.as_ref().is_some_and(|c| c.contains_key("transactional.id"));
        let commit = match a.commit {
            None if thread.is_some() => CommitMode::Streams,
            None if transactional => CommitMode::Transaction,
            _ if a.share.is_some() => CommitMode::Never,
            Some(CommitSpec::AfterHandling) => CommitMode::AfterHandling,
            Some(CommitSpec::BeforeHandling) => CommitMode::BeforeHandling,
            None if configs::boolean("enable.auto.commit", Scope::Consumer, &layers) => CommitMode::Auto,
            None => CommitMode::Never,
        };
        let strategies = match &thread {
            Some(_) => SmallVec::from_elem(Assignor::CooperativeSticky, 1), // in place of its own assignor, cooperative as well
            None => groups::assignors(a, &configs),
        };
        let reset = match configs::value("auto.offset.reset", Scope::Consumer, &layers).as_str() {
            "earliest" => ResetPolicy::Earliest,
            "latest" => ResetPolicy::Latest,
            other => configs::by_duration_ms(other).map_or(ResetPolicy::None, ResetPolicy::ByDuration),
        };
        let rack = configs::value("client.rack", Scope::Consumer, &layers);
        let by_rack = configs::value("replica.selector.class", Scope::Broker, &[&s.configs]) == configs::RACK_AWARE;
        let near = setup.broker_ids().zip(&s.topology.racks).filter(|x| by_rack && *x.1 == rack).map(|x| x.0).collect();
        // Instance ids differ, as they must: the config is the first member's, the others' have a number behind it.
        let instance = Some(configs::value("group.instance.id", Scope::Consumer, &layers)).filter(|x| !x.is_empty());
        for m in 0..a.everybody() as u8 {
            let name = format!("c{}", m + 1);
            let output = match (&of_producer, a.writes_to()) {
                (Some(c), Some(to)) => {
                    let at = format!("apps[{i}].output");
                    let app = Some(ConsumerIx(setup.consumers.len() as u8));
                    let p = ProducerSetup { app, ..producer(&s.kafka, format!("{}-{name}", a.group), c, &at)? };
                    let number = (a.everybody() > 1).then_some(m + 1);
                    let topic = setup.topics.iter().position(|t| t.name == to).unwrap_or(0);
                    let group_metadata = a.output.as_ref().and_then(|o| o.group_metadata).unwrap_or(true);
                    Some(OutputSetup { producer: add_producer(setup, p, c, number), topic, group_metadata })
                }
                _ => None,
            };
            setup.consumers.push(ConsumerSetup {
                name,
                group,
                starts: m < a.members,
                assigned: SmallVec::new(),
                strategies: strategies.clone(),
                instance_id: instance.as_ref().map(|x| if m == 0 { x.clone() } else { format!("{x}-{}", m + 1) }),
                reset,
                max_poll_records: configs::int("max.poll.records", Scope::Consumer, &layers) as u32,
                commit,
                read_committed: configs::value("isolation.level", Scope::Consumer, &layers) == "read_committed",
                near,
                output,
                streams: thread.clone(),
                share: groups::acknowledging(a),
            });
        }
    }
    Ok(())
}

fn durations(s: &Scenario, setup: &Setup) -> Durations {
    let ms = |name: &str, scope, layers: &[&Configs]| configs::int(name, scope, layers) * 1000;
    let b = |name| ms(name, Scope::Broker, &[&s.configs]);
    let broker = BrokerDurations {
        lag: b("replica.lag.time.max.ms"),
        fetch_wait: b("replica.fetch.wait.max.ms"),
        fetch_backoff: b("replica.fetch.backoff.ms"),
        fetch_timeout: b("replica.socket.timeout.ms"),
        hw_checkpoint: b("replica.high.watermark.checkpoint.interval.ms"),
        // A client of ZooKeeper pings three times in a session's timeout.
        heartbeat: if s.has_zookeeper() { (b("zookeeper.session.timeout.ms") / 3).max(1) } else { b("broker.heartbeat.interval.ms") },
        session: b("broker.session.timeout.ms"),
        initial_rebalance: b("group.initial.rebalance.delay.ms"),
        assignment_interval: groups::assignment_interval_ms(s) * 1000,
        txn_check: b("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
        add_retry: b("add.partitions.to.txn.retry.backoff.ms"),
        add_give_up: b("add.partitions.to.txn.retry.backoff.max.ms"),
        producer_expiry: b("producer.id.expiration.ms"),
        id_expiry: b("transactional.id.expiration.ms"),
        offsets_retention: b("offsets.retention.minutes") * MINUTE_MS,
        retention_check: b("log.retention.check.interval.ms"),
        cleaner: b("log.cleaner.backoff.ms"),
        quorum_election: b("controller.quorum.election.timeout.ms"),
        quorum_fetch: b("controller.quorum.fetch.timeout.ms"),
        quorum_backoff: b("controller.quorum.retry.backoff.ms"),
        zk_session: b("zookeeper.session.timeout.ms"),
        zk_connection: b("zookeeper.connection.timeout.ms"),
        controller_socket: b("controller.socket.timeout.ms"),
    };
    let outputs = s.apps.iter().flat_map(|a| a.producer_configs().into_iter().flat_map(|c| std::iter::repeat_n(c, a.everybody() as usize)));
    let of_producers: Vec<Configs> = s.topology.producers.iter().map(|p| p.configs.clone()).chain(outputs).collect();
    let transactions = (0..setup.transactions.len()).map(|t| {
        let of = setup.producers.iter().position(|p| p.txn == Some(TxnIx(t as u8))).unwrap_or(0);
        ms("transaction.timeout.ms", Scope::Producer, &[&of_producers[of]])
    });
    let transactions = transactions.collect();
    let grows = versions::backoff_grows(&s.kafka);
    let backoff = |first: u64, most: u64| if grows { first.min(most) } else { first };
    let most_backoff = |first: u64, most: u64| if grows { most } else { first };
    let producers = of_producers.iter().map(|configs| {
        let old = versions::defaults(&s.kafka, Scope::Producer);
        let c = |name| ms(name, Scope::Producer, &[configs, &old]);
        ClientDurations {
            linger: c("linger.ms"),
            max_block: c("max.block.ms"),
            // Raised silently where only its parts are set.
            delivery: c("delivery.timeout.ms").max(c("linger.ms") + c("request.timeout.ms")),
            request: c("request.timeout.ms"),
            backoff: backoff(c("retry.backoff.ms"), c("retry.backoff.max.ms")),
            most_backoff: most_backoff(c("retry.backoff.ms"), c("retry.backoff.max.ms")),
            metadata_age: c("metadata.max.age.ms"),
            ..ClientDurations::default()
        }
    });
    let consumers = s.apps.iter().flat_map(|a| {
        let configs = a.consumer_configs();
        let c = |name| ms(name, Scope::Consumer, &[&configs]);
        let d = ClientDurations {
            request: c("request.timeout.ms"),
            backoff: backoff(c("retry.backoff.ms"), c("retry.backoff.max.ms")),
            most_backoff: most_backoff(c("retry.backoff.ms"), c("retry.backoff.max.ms")),
            metadata_age: c("metadata.max.age.ms"),
            handling: a.handling_us,
            auto_commit: a.streams.as_ref().map_or_else(|| c("auto.commit.interval.ms"), |s| s.commit_interval_ms() * 1000),
            fetch_wait: c("fetch.max.wait.ms"),
            session: groups::session_ms(s, a) * 1000,
            group_heartbeat: groups::heartbeat_ms(s, a) * 1000,
            max_poll: c("max.poll.interval.ms"),
            ..ClientDurations::default()
        };
        std::iter::repeat_n(d, a.everybody() as usize)
    });
    let groups = s.apps.iter().map(|a| ms("max.poll.interval.ms", Scope::Consumer, &[&a.configs]));
    Durations {
        broker,
        producers: producers.collect(),
        consumers: consumers.collect(),
        groups: groups.collect(),
        locks: s.apps.iter().map(|a| groups::lock_ms(s, a) * 1000).collect(),
        transactions,
    }
}

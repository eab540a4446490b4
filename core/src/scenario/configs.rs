//! Kafka's configs as far as the engine reads them: names, kinds, and the defaults of 4.x (rule book 0.5).

use crate::kafka::assignor::Assignor;
use serde_json::Value;
use std::collections::BTreeMap;

/// Who has a config.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Brokers and controllers (`server.properties`).
    Broker,
    /// Topics; the broker's value is the default.
    Topic,
    /// Producers.
    Producer,
    /// Consumers.
    Consumer,
    /// Streams applications.
    Streams,
    /// Share consumers, and their groups.
    Share,
}

/// What a value may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A whole number, at least this.
    Int(i64),
    /// A number from 0 to 1.
    Ratio,
    /// `true` or `false`.
    Bool,
    /// Words of a list, separated by commas.
    List(&'static [&'static str]),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A name of one's own; none by default.
    Name,
    /// `earliest`, `latest`, `none`, or `by_duration:` with an ISO-8601 duration (KIP-1106).
    Reset,
}

/// A config that the engine knows.
#[derive(Clone, Copy, Debug)]
pub struct ConfigDef {
    /// Kafka's name.
    pub name: &'static str,
    /// Who has it.
    pub scope: Scope,
    /// What it may be.
    pub kind: Kind,
    /// Default in 4.x, as it would stand in a file.
    pub default: &'static str,
}

const fn def(name: &'static str, scope: Scope, kind: Kind, default: &'static str) -> ConfigDef {
    ConfigDef { name, scope, kind, default }
}

/// `partition.assignment.strategy`: the classes, and the assignors that they are.
pub const STRATEGIES: [(&str, Assignor); 4] = [
    ("org.apache.kafka.clients.consumer.RangeAssignor", Assignor::Range),
    ("org.apache.kafka.clients.consumer.RoundRobinAssignor", Assignor::RoundRobin),
    ("org.apache.kafka.clients.consumer.StickyAssignor", Assignor::Sticky),
    ("org.apache.kafka.clients.consumer.CooperativeStickyAssignor", Assignor::CooperativeSticky),
];
const STRATEGY_NAMES: &[&str] = &[STRATEGIES[0].0, STRATEGIES[1].0, STRATEGIES[2].0, STRATEGIES[3].0];
const DEFAULT_STRATEGIES: &str =
    "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor";

/// `partitioner.class` in place of the built-in partitioner (prod.P2).
pub const ROUND_ROBIN: &str = "org.apache.kafka.clients.producer.RoundRobinPartitioner";

/// `replica.selector.class` in place of reading from leaders only (KIP-392).
pub const RACK_AWARE: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

/// Every config that changes what the engine does.
pub const CONFIGS: &[ConfigDef] = &[
    def("min.insync.replicas", Scope::Broker, Kind::Int(1), "1"),
    def("unclean.leader.election.enable", Scope::Broker, Kind::Bool, "false"),
    def("replica.lag.time.max.ms", Scope::Broker, Kind::Int(1), "30000"),
    def("replica.fetch.wait.max.ms", Scope::Broker, Kind::Int(1), "500"),
    def("replica.fetch.backoff.ms", Scope::Broker, Kind::Int(0), "1000"),
    def("replica.socket.timeout.ms", Scope::Broker, Kind::Int(1), "30000"),
    def("replica.high.watermark.checkpoint.interval.ms", Scope::Broker, Kind::Int(1), "5000"),
    def("replica.selector.class", Scope::Broker, Kind::Word(&[RACK_AWARE]), ""),
    def("broker.heartbeat.interval.ms", Scope::Broker, Kind::Int(1), "2000"),
    def("broker.session.timeout.ms", Scope::Broker, Kind::Int(1), "9000"),
    def("controller.quorum.election.timeout.ms", Scope::Broker, Kind::Int(1), "1000"),
    def("controller.quorum.fetch.timeout.ms", Scope::Broker, Kind::Int(2), "2000"),
    def("controller.quorum.retry.backoff.ms", Scope::Broker, Kind::Int(1), "20"),
    def("zookeeper.session.timeout.ms", Scope::Broker, Kind::Int(1), "18000"),
    def("zookeeper.connection.timeout.ms", Scope::Broker, Kind::Int(1), "18000"),
    def("controller.socket.timeout.ms", Scope::Broker, Kind::Int(1), "30000"),
    def("group.initial.rebalance.delay.ms", Scope::Broker, Kind::Int(0), "3000"),
    def("group.consumer.session.timeout.ms", Scope::Broker, Kind::Int(1), "45000"),
    def("group.consumer.heartbeat.interval.ms", Scope::Broker, Kind::Int(1), "5000"),
    def("group.consumer.assignment.interval.ms", Scope::Broker, Kind::Int(0), "1000"),
    def("group.share.session.timeout.ms", Scope::Broker, Kind::Int(1), "45000"),
    def("group.share.heartbeat.interval.ms", Scope::Broker, Kind::Int(1), "5000"),
    def("group.share.record.lock.duration.ms", Scope::Broker, Kind::Int(1000), "30000"),
    def("group.share.delivery.count.limit", Scope::Broker, Kind::Int(2), "5"),
    def("group.share.partition.max.record.locks", Scope::Broker, Kind::Int(1), "2000"),
    def("transaction.state.log.min.isr", Scope::Broker, Kind::Int(1), "2"),
    def("transaction.max.timeout.ms", Scope::Broker, Kind::Int(1), "900000"),
    def("transaction.abort.timed.out.transaction.cleanup.interval.ms", Scope::Broker, Kind::Int(1), "10000"),
    def("transaction.partition.verification.enable", Scope::Broker, Kind::Bool, "true"),
    def("add.partitions.to.txn.retry.backoff.ms", Scope::Broker, Kind::Int(1), "20"),
    def("add.partitions.to.txn.retry.backoff.max.ms", Scope::Broker, Kind::Int(0), "100"),
    def("producer.id.expiration.ms", Scope::Broker, Kind::Int(1), "86400000"),
    def("transactional.id.expiration.ms", Scope::Broker, Kind::Int(1), "604800000"),
    def("offsets.retention.minutes", Scope::Broker, Kind::Int(1), "10080"),
    def("log.retention.check.interval.ms", Scope::Broker, Kind::Int(1), "300000"),
    def("log.cleaner.backoff.ms", Scope::Broker, Kind::Int(1), "15000"),
    def("min.insync.replicas", Scope::Topic, Kind::Int(1), "1"),
    def("unclean.leader.election.enable", Scope::Topic, Kind::Bool, "false"),
    def("segment.bytes", Scope::Topic, Kind::Int(14), "1073741824"),
    def("segment.ms", Scope::Topic, Kind::Int(1), "604800000"),
    def("index.interval.bytes", Scope::Topic, Kind::Int(0), "4096"),
    def("cleanup.policy", Scope::Topic, Kind::List(&["delete", "compact"]), "delete"),
    def("retention.ms", Scope::Topic, Kind::Int(-1), "604800000"),
    def("retention.bytes", Scope::Topic, Kind::Int(-1), "-1"),
    def("delete.retention.ms", Scope::Topic, Kind::Int(0), "86400000"),
    def("min.compaction.lag.ms", Scope::Topic, Kind::Int(0), "0"),
    def("min.cleanable.dirty.ratio", Scope::Topic, Kind::Ratio, "0.5"),
    def("flush.messages", Scope::Topic, Kind::Int(1), "9223372036854775807"),
    def("max.message.bytes", Scope::Topic, Kind::Int(0), "1048588"),
    def("message.timestamp.before.max.ms", Scope::Topic, Kind::Int(0), "9223372036854775807"),
    def("message.timestamp.after.max.ms", Scope::Topic, Kind::Int(0), "3600000"),
    def("message.timestamp.type", Scope::Topic, Kind::Word(&["CreateTime", "LogAppendTime"]), "CreateTime"),
    def("flush.ms", Scope::Topic, Kind::Int(0), "9223372036854775807"),
    def("acks", Scope::Producer, Kind::Word(&["0", "1", "all", "-1"]), "all"),
    def("enable.idempotence", Scope::Producer, Kind::Bool, "true"),
    def("retries", Scope::Producer, Kind::Int(0), "2147483647"),
    def("max.in.flight.requests.per.connection", Scope::Producer, Kind::Int(1), "5"),
    def("batch.size", Scope::Producer, Kind::Int(0), "16384"),
    def("buffer.memory", Scope::Producer, Kind::Int(0), "33554432"),
    def("max.block.ms", Scope::Producer, Kind::Int(0), "60000"),
    def("max.request.size", Scope::Producer, Kind::Int(0), "1048576"),
    def("linger.ms", Scope::Producer, Kind::Int(0), "5"),
    def("delivery.timeout.ms", Scope::Producer, Kind::Int(0), "120000"),
    def("request.timeout.ms", Scope::Producer, Kind::Int(0), "30000"),
    def("retry.backoff.ms", Scope::Producer, Kind::Int(0), "100"),
    def("retry.backoff.max.ms", Scope::Producer, Kind::Int(0), "1000"),
    def("metadata.max.age.ms", Scope::Producer, Kind::Int(0), "300000"),
    def("transactional.id", Scope::Producer, Kind::Name, ""),
    def("transaction.timeout.ms", Scope::Producer, Kind::Int(1), "60000"),
    def("partitioner.adaptive.partitioning.enable", Scope::Producer, Kind::Bool, "true"),
    def("partitioner.ignore.keys", Scope::Producer, Kind::Bool, "false"),
    def("partitioner.class", Scope::Producer, Kind::Word(&[ROUND_ROBIN]), ""),
    def("max.poll.records", Scope::Consumer, Kind::Int(1), "500"),
    def("enable.auto.commit", Scope::Consumer, Kind::Bool, "true"),
    def("auto.commit.interval.ms", Scope::Consumer, Kind::Int(0), "5000"),
    def("auto.offset.reset", Scope::Consumer, Kind::Reset, "latest"),
    def("isolation.level", Scope::Consumer, Kind::Word(&["read_uncommitted", "read_committed"]), "read_uncommitted"),
    def("group.protocol", Scope::Consumer, Kind::Word(&["classic", "consumer"]), "classic"),
    def("group.remote.assignor", Scope::Consumer, Kind::Word(&["uniform", "range"]), "uniform"),
    def("partition.assignment.strategy", Scope::Consumer, Kind::List(STRATEGY_NAMES), DEFAULT_STRATEGIES),
    def("group.instance.id", Scope::Consumer, Kind::Name, ""),
    def("session.timeout.ms", Scope::Consumer, Kind::Int(6000), "45000"),
    def("heartbeat.interval.ms", Scope::Consumer, Kind::Int(1), "3000"),
    def("max.poll.interval.ms", Scope::Consumer, Kind::Int(1), "300000"),
    def("fetch.max.wait.ms", Scope::Consumer, Kind::Int(0), "500"),
    def("client.rack", Scope::Consumer, Kind::Name, ""),
    def("request.timeout.ms", Scope::Consumer, Kind::Int(0), "30000"),
    def("retry.backoff.ms", Scope::Consumer, Kind::Int(0), "100"),
    def("retry.backoff.max.ms", Scope::Consumer, Kind::Int(0), "1000"),
    def("metadata.max.age.ms", Scope::Consumer, Kind::Int(0), "300000"),
    def("share.acknowledgement.mode", Scope::Share, Kind::Word(&["implicit", "explicit"]), "implicit"),
    def("share.acquire.mode", Scope::Share, Kind::Word(&["batch_optimized", "record_limit"]), "batch_optimized"),
    def("share.auto.offset.reset", Scope::Share, Kind::Word(&["earliest", "latest"]), "latest"),
    def("share.isolation.level", Scope::Share, Kind::Word(&["read_uncommitted", "read_committed"]), "read_uncommitted"),
    def("share.record.lock.duration.ms", Scope::Share, Kind::Int(1000), "30000"),
    def("max.poll.records", Scope::Share, Kind::Int(1), "500"),
    def("max.poll.interval.ms", Scope::Share, Kind::Int(1), "300000"),
    def("fetch.max.wait.ms", Scope::Share, Kind::Int(0), "500"),
    def("request.timeout.ms", Scope::Share, Kind::Int(0), "30000"),
    def("retry.backoff.ms", Scope::Share, Kind::Int(0), "100"),
    def("retry.backoff.max.ms", Scope::Share, Kind::Int(0), "1000"),
    def("metadata.max.age.ms", Scope::Share, Kind::Int(0), "300000"),
    def("processing.guarantee", Scope::Streams, Kind::Word(&["at_least_once", "exactly_once_v2"]), "at_least_once"),
    def("commit.interval.ms", Scope::Streams, Kind::Int(1), "30000"),
];

/// Config values by name, as a scenario writes them.
pub type Configs = BTreeMap<String, Value>;

/// The definition of a config.
pub fn find(name: &str, scope: Scope) -> Option<&'static ConfigDef> {
    CONFIGS.iter().find(|d| d.name == name && d.scope == scope)
}

/// Checks names and values; the error says which, and what would be right.
pub fn check(configs: &Configs, scope: Scope) -> Result<(), (String, String)> {
    for (name, value) in configs {
        let Some(d) = find(name, scope) else {
            let known: Vec<&str> = CONFIGS.iter().filter(|d| d.scope == scope).map(|d| d.name).collect();
            return Err((name.clone(), format!("is not a config that the engine knows; known here: {}", known.join(", "))));
        };
        let word = text(value);
        let bad = |what: String| Err((name.clone(), format!("can't be {value}; it must be {what}")));
        match d.kind {
            Kind::Int(min) if word.parse::<i64>().ok().filter(|x| (min..=i64::from(i32::MAX)).contains(x)).is_none() => {
                return bad(format!("a whole number from {min} to {}", i32::MAX));
            }
            Kind::Bool if !matches!(word.as_str(), "true" | "false") => {
                return bad("true or false".into());
            }
            Kind::Name if !matches!(value, Value::String(s) if !s.is_empty() && s.len() < 250) => {
                return bad("a name in quotes".into());
            }
            Kind::Reset if !matches!(word.as_str(), "earliest" | "latest" | "none") && by_duration_ms(&word).is_none() => {
                return bad("one of earliest, latest, none, by_duration:<ISO-8601 duration, such as PT1H30M or P7D>".into());
            }
            Kind::Ratio if ratio(&word).is_none() => {
                return bad("a number from 0 to 1".into());
            }
            Kind::List(words) if word.split(',').any(|w| !words.contains(&w.trim())) => {
                return bad(format!("a list of {}", words.join(", ")));
            }
            Kind::Word(words) if !words.contains(&word.as_str()) => {
                return bad(format!("one of {}", words.join(", ")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The milliseconds of `by_duration:PnDTnHnMn.nS`, as Java reads a duration that is not negative.
pub fn by_duration_ms(word: &str) -> Option<u64> {
    let text = word.strip_prefix("by_duration:")?.to_ascii_uppercase();
    let (days, time) = text.strip_prefix('P')?.split_once('T').map_or((text.strip_prefix('P')?, None), |(d, t)| (d, Some(t)));
    if days.is_empty() && time.is_none() || time == Some("") {
        return None;
    }
    let mut ms: u64 = 0;
    for (mut rest, units) in [(days, &[('D', 86_400_000u64)][..]), (time.unwrap_or(""), &[('H', 3_600_000), ('M', 60_000), ('S', 1000)])] {
        for (unit, each) in units {
            let Some((number, after)) = rest.split_once(*unit) else { continue };
            let (whole, part) = if *unit == 'S' { number.split_once('.').unwrap_or((number, "")) } else { (number, "") };
            let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
            if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 9 {
                return None;
            }
            ms = ms.checked_add(whole.parse::<u64>().ok()?.checked_mul(*each)?)?;
            ms = ms.checked_add(format!("{part:0<3}")[..3].parse::<u64>().ok()?)?;
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(ms)
}

/// A value as it would stand in a properties file.
pub fn text(v: &Value) -> String {
    match v {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

/// A number from 0 to 1. (The standard library's parser for fractions would bring 14 kB of tables into the page.)
pub fn ratio(word: &str) -> Option<f64> {
    serde_json::from_str(word).ok().filter(|x| (0.0..=1.0).contains(x))
}

/// The value in force: the first of `layers` that sets it, else the default.
pub fn value(name: &str, scope: Scope, layers: &[&Configs]) -> String {
    let set = layers.iter().find_map(|c| c.get(name)).map(text);
    set.unwrap_or_else(|| find(name, scope).map_or_else(String::new, |d| d.default.to_string()))
}

/// The value in force as a number; checked before.
pub fn int(name: &str, scope: Scope, layers: &[&Configs]) -> u64 {
    value(name, scope, layers).parse().unwrap_or(0)
}

/// The value in force as a number, where −1 means none; checked before.
pub fn limit(name: &str, scope: Scope, layers: &[&Configs]) -> Option<u64> {
    value(name, scope, layers).parse().ok()
}

/// The value in force as a truth value; checked before.
pub fn boolean(name: &str, scope: Scope, layers: &[&Configs]) -> bool {
    value(name, scope, layers) == "true"
}

//! What a scenario says of its consumer groups: the protocol, and which configs go with it.

use super::Scenario;
use super::configs::{self, Configs, Scope};
use super::versions;
use crate::kafka::assignor::Assignor;
use crate::kafka::setup::GroupProtocol;
use smallvec::{SmallVec, smallvec};

/// `group.protocol`.
pub(super) fn protocol(c: &Configs) -> GroupProtocol {
    match configs::value("group.protocol", Scope::Consumer, &[c]).as_str() {
        "consumer" => GroupProtocol::Consumer,
        _ => GroupProtocol::Classic,
    }
}

/// Configs of the client's that the consumer protocol leaves to the brokers.
const OF_CLASSIC: [&str; 3] = ["session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"];

/// Combinations that Kafka refuses: which config, and why.
pub(super) fn check(kafka: &str, c: &Configs, streams: bool) -> Result<(), (&'static str, String)> {
    if protocol(c) == GroupProtocol::Consumer {
        if streams {
            return Err(("group.protocol", "can't be consumer in a Streams application: it assigns its tasks itself".into()));
        }
        if !versions::has_consumer_groups(kafka) {
            return Err(("group.protocol", "UnsupportedVersionException: consumer is there from 4.0 on".into()));
        }
        return match OF_CLASSIC.into_iter().find(|name| c.contains_key(*name)) {
            Some(name) => {
                Err((name, "ConfigException: can't be set with group.protocol=consumer; the brokers have group.consumer.*".into()))
            }
            None => Ok(()),
        };
    }
    if c.contains_key("group.remote.assignor") {
        return Err(("group.remote.assignor", "ConfigException: can't be set with group.protocol=classic".into()));
    }
    let ms = |name| configs::int(name, Scope::Consumer, &[c]);
    if ms("heartbeat.interval.ms") >= ms("session.timeout.ms") {
        return Err(("heartbeat.interval.ms", "ConfigException: must be below session.timeout.ms; a third of it is usual".into()));
    }
    Ok(())
}

/// Who may work out the assignment, the preferred one first.
pub(super) fn assignors(c: &Configs) -> SmallVec<[Assignor; 2]> {
    if protocol(c) == GroupProtocol::Consumer {
        let range = configs::value("group.remote.assignor", Scope::Consumer, &[c]) == "range";
        return smallvec![if range { Assignor::ServerRange } else { Assignor::ServerUniform }];
    }
    let listed = configs::value("partition.assignment.strategy", Scope::Consumer, &[c]);
    let by_name = |name: &str| configs::STRATEGIES.iter().find(|x| x.0 == name.trim()).map(|x| x.1);
    listed.split(',').filter_map(by_name).collect()
}

/// The session timeout of a member: its own config, or with the consumer protocol the brokers'.
pub(super) fn session_ms(s: &Scenario, c: &Configs) -> u64 {
    match protocol(c) {
        GroupProtocol::Consumer => configs::int("group.consumer.session.timeout.ms", Scope::Broker, &[&s.configs]),
        _ => configs::int("session.timeout.ms", Scope::Consumer, &[c]),
    }
}

/// Its heartbeat interval, likewise.
pub(super) fn heartbeat_ms(s: &Scenario, c: &Configs) -> u64 {
    match protocol(c) {
        GroupProtocol::Consumer => configs::int("group.consumer.heartbeat.interval.ms", Scope::Broker, &[&s.configs]),
        _ => configs::int("heartbeat.interval.ms", Scope::Consumer, &[c]),
    }
}

/// `group.consumer.assignment.interval.ms`: new in 4.3.
pub(super) fn assignment_interval_ms(s: &Scenario) -> u64 {
    configs::int("group.consumer.assignment.interval.ms", Scope::Broker, &[&s.configs, &versions::defaults(&s.kafka, Scope::Broker)])
}

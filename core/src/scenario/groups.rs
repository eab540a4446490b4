//! What a scenario says of its consumer groups: the protocol, and which configs go with it.

use super::configs::{self, Configs, Scope};
use super::versions;
use super::{App, Scenario};
use crate::ids::PartitionId;
use crate::kafka::assignor::Assignor;
use crate::kafka::setup::GroupProtocol;
use crate::kafka::share::{Acknowledging, ShareSetup};
use smallvec::{SmallVec, smallvec};

/// How the members of an application's group come and go.
pub(super) fn protocol(a: &App) -> GroupProtocol {
    if a.share.is_some() { GroupProtocol::Share } else { of_configs(&a.configs) }
}

/// `group.protocol`.
fn of_configs(c: &Configs) -> GroupProtocol {
    match configs::value("group.protocol", Scope::Consumer, &[c]).as_str() {
        "consumer" => GroupProtocol::Consumer,
        _ => GroupProtocol::Classic,
    }
}

/// Configs of the client's that the consumer protocol leaves to the brokers.
const OF_CLASSIC: [&str; 3] = ["session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"];

/// Combinations that Kafka refuses: which config, and why.
pub(super) fn check(kafka: &str, c: &Configs, a: &App) -> Result<(), (&'static str, String)> {
    if a.share.is_some() {
        return Ok(());
    }
    let reset = configs::value("auto.offset.reset", Scope::Consumer, &[c]);
    if configs::by_duration_ms(&reset).is_some() && !versions::has_consumer_groups(kafka) {
        return Err(("auto.offset.reset", "ConfigException: by_duration is there from 4.0 on".into()));
    }
    if of_configs(c) == GroupProtocol::Consumer {
        if a.streams.is_some() {
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
pub(super) fn assignors(a: &App, c: &Configs) -> SmallVec<[Assignor; 2]> {
    if a.share.is_some() {
        return smallvec![Assignor::ShareSimple];
    }
    if of_configs(c) == GroupProtocol::Consumer {
        let range = configs::value("group.remote.assignor", Scope::Consumer, &[c]) == "range";
        return smallvec![if range { Assignor::ServerRange } else { Assignor::ServerUniform }];
    }
    let listed = configs::value("partition.assignment.strategy", Scope::Consumer, &[c]);
    let by_name = |name: &str| configs::STRATEGIES.iter().find(|x| x.0 == name.trim()).map(|x| x.1);
    listed.split(',').filter_map(by_name).collect()
}

/// The session timeout of a member: its own config, or with the consumer protocol the brokers'.
pub(super) fn session_ms(s: &Scenario, a: &App) -> u64 {
    match protocol(a) {
        GroupProtocol::Share => configs::int("group.share.session.timeout.ms", Scope::Broker, &[&s.configs]),
        GroupProtocol::Consumer => configs::int("group.consumer.session.timeout.ms", Scope::Broker, &[&s.configs]),
        _ => configs::int("session.timeout.ms", Scope::Consumer, &[&a.configs]),
    }
}

/// Its heartbeat interval, likewise.
pub(super) fn heartbeat_ms(s: &Scenario, a: &App) -> u64 {
    match protocol(a) {
        GroupProtocol::Share => configs::int("group.share.heartbeat.interval.ms", Scope::Broker, &[&s.configs]),
        GroupProtocol::Consumer => configs::int("group.consumer.heartbeat.interval.ms", Scope::Broker, &[&s.configs]),
        _ => configs::int("heartbeat.interval.ms", Scope::Consumer, &[&a.configs]),
    }
}

/// `group.consumer.assignment.interval.ms`: new in 4.3.
pub(super) fn assignment_interval_ms(s: &Scenario) -> u64 {
    configs::int("group.consumer.assignment.interval.ms", Scope::Broker, &[&s.configs, &versions::defaults(&s.kafka, Scope::Broker)])
}

/// How a share consumer acknowledges.
pub(super) fn acknowledging(a: &App) -> Option<Acknowledging> {
    let explicit = configs::value("share.acknowledgement.mode", Scope::Share, &[&a.configs]) == "explicit";
    a.share.map(|s| if explicit { Acknowledging::Explicit(s.on_error) } else { Acknowledging::Implicit })
}

/// What holds for a share group whose state a partition of `__share_group_state` keeps.
pub(super) fn share(s: &Scenario, a: &App, state: PartitionId) -> ShareSetup {
    let is = |name, word| configs::value(name, Scope::Share, &[&a.configs]) == word;
    let broker = |name| configs::int(name, Scope::Broker, &[&s.configs]);
    ShareSetup {
        state,
        earliest: is("share.auto.offset.reset", "earliest"),
        read_committed: is("share.isolation.level", "read_committed"),
        record_limit: is("share.acquire.mode", "record_limit"),
        deliveries: broker("group.share.delivery.count.limit").min(10) as u8,
        locks: broker("group.share.partition.max.record.locks") as u32,
    }
}

/// How long a lock on a record lasts: the group's own config, or the brokers'.
pub(super) fn lock_ms(s: &Scenario, a: &App) -> u64 {
    match a.configs.contains_key("share.record.lock.duration.ms") {
        true => configs::int("share.record.lock.duration.ms", Scope::Share, &[&a.configs]),
        false => configs::int("group.share.record.lock.duration.ms", Scope::Broker, &[&s.configs]),
    }
}

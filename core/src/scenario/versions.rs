//! What an older release does otherwise, as far as the engine has it: defaults, and checks of the producer's configs
//! (rule book 0.5). Everything else behaves as a 4.x cluster; docs/fidelity.md says so.

use super::configs::{Configs, Scope, find};

/// Releases that a scenario may name.
pub const VERSIONS: &[&str] = &["2.8", "3.9", "4.0", "4.1", "4.2", "4.3", "4.4"];

/// Defaults that differ from those of [`super::configs::CONFIGS`].
const OLD_DEFAULTS: &[(&[&str], Scope, &str, &str)] = &[
    (&["2.8"], Scope::Producer, "acks", "1"),
    (&["2.8"], Scope::Producer, "enable.idempotence", "false"),
    (&["2.8", "3.9"], Scope::Producer, "linger.ms", "0"),
    (&["4.0", "4.1", "4.2"], Scope::Broker, "group.consumer.assignment.interval.ms", "0"),
    (&["2.8", "3.9"], Scope::Topic, "message.timestamp.after.max.ms", "9223372036854775807"),
    (&["2.8"], Scope::Consumer, "session.timeout.ms", "10000"),
    (&["2.8"], Scope::Consumer, "partition.assignment.strategy", "range"),
];

/// A release's own defaults, as a last layer of configs.
pub fn defaults(kafka: &str, scope: Scope) -> Configs {
    let mine = OLD_DEFAULTS.iter().filter(|d| d.0.contains(&kafka) && d.1 == scope && find(d.2, scope).is_some());
    mine.map(|d| (d.2.to_string(), d.3.into())).collect()
}

/// Can a cluster of this release keep its metadata in ZooKeeper (up to 3.9)?
pub(super) fn has_zookeeper(kafka: &str) -> bool {
    matches!(kafka, "2.8" | "3.9")
}

/// Does a new cluster of this release have eligible leader replicas (from 4.1)?
pub(super) fn new_cluster_has_elr(kafka: &str) -> bool {
    !matches!(kafka, "2.8" | "3.9" | "4.0")
}

/// Do clients wait longer with each try (from 3.7, KIP-580)?
pub(super) fn backoff_grows(kafka: &str) -> bool {
    kafka != "2.8"
}

/// May a segment be smaller than 1 MiB (before 4.0, KIP-1030)?
pub(super) fn small_segments(kafka: &str) -> bool {
    matches!(kafka, "2.8" | "3.9")
}

/// With more than 5 requests in flight and no word on idempotence, does the producer go on without it (before 4.0)?
pub(super) fn idempotence_yields_to_in_flight(kafka: &str) -> bool {
    matches!(kafka, "2.8" | "3.9")
}

/// Has a new cluster of this release `group.version` 1 (from 4.0, KIP-848)?
pub(super) fn has_consumer_groups(kafka: &str) -> bool {
    !matches!(kafka, "2.8" | "3.9")
}

/// Has a new cluster of this release `share.version` 1 (from 4.2, KIP-932)?
pub(super) fn has_share_groups(kafka: &str) -> bool {
    has_consumer_groups(kafka) && !matches!(kafka, "4.0" | "4.1")
}

/// Does a group remember in which epoch a member got a partition (from 4.3, KIP-1251)?
pub(super) fn has_assignment_epochs(kafka: &str) -> bool {
    has_consumer_groups(kafka) && !matches!(kafka, "4.0" | "4.1" | "4.2")
}

/// Has a new cluster of this release `transaction.version` 2 (from 4.0, KIP-890 part 2)?
pub(super) fn has_transaction_v2(kafka: &str) -> bool {
    !matches!(kafka, "2.8" | "3.9")
}

/// Do leaders ask whether a partition is part of the transaction (from 3.6, KIP-890 part 1)?
pub(super) fn verifies_transactions(kafka: &str) -> bool {
    kafka != "2.8"
}

/// Must a marker's epoch be above the transaction's (from 4.2, txn.W4)?
pub(super) fn strict_markers(kafka: &str) -> bool {
    !matches!(kafka, "2.8" | "3.9" | "4.0" | "4.1")
}

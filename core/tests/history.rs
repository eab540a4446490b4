//! The bugs that replication had (rule book 3.10), found by the search with the rules of their time, and not with those after.

mod common;

use common::trials::{Row, bounds};
use highwater_core::trial::{Bounds, Property};

fn row(rules: &'static str, topic: &'static str, bounds: Bounds, property: Property) -> Row {
    Row { brokers: 2, rules, topic, bounds, property, ..Row::default() }
}

const PV0: &str = r#""rules":{"replication":"PV0"},"#;
const PV1: &str = r#""rules":{"replication":"PV1"},"#;
const PV2: &str = r#""rules":{"replication":"PV2"},"#;
const PV3: &str = r#""rules":{"replication":"PV3"},"#;
const UNCLEAN: &str = r#""unclean.leader.election.enable":true"#;

#[test]
fn h1_truncation_to_the_own_high_watermark_loses_a_committed_record() {
    let two_crashes = Bounds { crashes: 2, ..bounds() };
    assert_eq!(row(PV0, "", two_crashes, Property::Lost).found(), (2, 14));
    assert_eq!(row(PV1, "", two_crashes, Property::Lost).none(), 141_557);
}

/// H2 needs logs that power cuts shorten differently. The shortest story of PV0 does without a high watermark: it is the
/// hole that PV3 closed, a fetch of an old epoch that a leader of a new one takes; so PV1 and PV2 have it too.
#[test]
fn h2_logs_diverge_for_ever_until_fetches_are_fenced() {
    let b = Bounds { records: 2, crashes: 1, power_cuts: 1, hw_checkpoints: 1, ..bounds() };
    assert_eq!(row(PV0, "", b, Property::Diverged).found(), (2, 17));
    assert_eq!(row(PV2, "", b, Property::Diverged).found(), (2, 17));
}

#[test]
fn h3_an_epoch_that_the_leader_never_had_lets_logs_diverge() {
    let b = Bounds { records: 2, crashes: 2, ..bounds() };
    assert_eq!(row(PV1, UNCLEAN, b, Property::Diverged).found(), (2, 19));
}

/// Eligible leader replicas keep the last replica standing (H4) out of this story. The leader is not killed but cut off:
/// an unclean restart would take it out of the ELR.
fn kip_903(rules: &'static str) -> Row {
    let b = Bounds { crashes: 0, power_cuts: 1, lag_expiries: 1, zombies: 1, ..bounds() };
    row(rules, r#""min.insync.replicas":2"#, b, Property::Lost)
}

#[test]
fn kip_903_an_old_proposal_brings_in_a_replica_that_lost_its_log() {
    let before = r#""rules":{"replication":"PV4"},"features":{"eligible.leader.replicas.version":1},"#;
    assert_eq!(kip_903(before).found(), (3, 0));
    let after = r#""rules":{"replication":"PV6"},"features":{"eligible.leader.replicas.version":1},"#;
    assert_eq!(kip_903(after).none(), 0);
}

#[test]
#[ignore = "long"]
fn the_next_version_closes_each_hole() {
    let b = Bounds { records: 2, crashes: 1, power_cuts: 1, hw_checkpoints: 1, ..bounds() };
    assert_eq!(row(PV3, "", b, Property::Diverged).none(), 4_750_738, "H2");
    let b = Bounds { records: 2, crashes: 2, ..bounds() };
    assert_eq!(row(PV2, UNCLEAN, b, Property::Diverged).none(), 1_682_007, "H3");
}

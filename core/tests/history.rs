//! The bugs that replication had (rule book 3.10), found by the search with the rules of their time, and not with those after.

mod common;

use common::trials::{Row, bounds};
use highwater_core::scenario::{Scenario, shipped};
use highwater_core::sim::Sim;
use highwater_core::trial::{Bounds, Cut, Property, Search, Trial, Verdict};

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
    assert_eq!(row(PV1, "", two_crashes, Property::Lost).none(), 88_437);
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

/// A follower loses its log in a power cut; a fetch or a proposal of its former life brings it into the ISR all the same.
/// Eligible leader replicas keep the last replica standing (H4) out of this story, and the leader is not killed but cut
/// off: an unclean restart would take it out of the ELR.
#[test]
fn kip_903_a_replica_that_lost_its_log_is_counted_in() {
    let elr = |pv| format!(r#""rules":{{"replication":"{pv}"}},"features":{{"eligible.leader.replicas.version":1}},"#);
    let b = Bounds { crashes: 0, power_cuts: 1, zombies: 1, ..bounds() };
    let at = |pv, b| row(elr(pv).leak(), r#""min.insync.replicas":2"#, b, Property::Lost);
    assert_eq!(at("PV4", b).found(), (2, 18));
    let mut after = at("PV6", Bounds { depth: 18, ..b }).search();
    let verdict = after.finish();
    assert!(matches!(verdict, Verdict::Limit(Cut { depth: 18, .. })), "no story of 18 steps");
}

/// The same as scenario files, for the command line and the page.
#[test]
fn the_shipped_scenarios_of_the_bugs_end_in_their_stories() {
    let anomalies = [
        ("h1-truncation", Property::Lost, 2, 14),
        ("h2-unfenced-fetch", Property::Diverged, 2, 17),
        ("h3-unknown-epoch", Property::Diverged, 2, 19),
        ("h4-last-replica", Property::Lost, 2, 9),
        ("kip-903", Property::Lost, 2, 18),
    ];
    for (name, property, faults, steps) in anomalies {
        let scenario = Scenario::parse(shipped(name).unwrap()).unwrap();
        let mut search = Search::new(Trial::new(&scenario).unwrap());
        let Verdict::Found(story) = search.finish() else { panic!("{name}: no story") };
        assert_eq!((story.property, story.faults, story.steps.len()), (property, faults, steps), "{name}");
        // It is a scenario that replays to the same end.
        let again = Scenario::parse(&story.scenario(&scenario).to_json()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut sim = Sim::new(&again).unwrap();
        sim.advance_to(again.until_us);
        assert_eq!(sim.ledger().figures(sim.world()).lost > 0, property == Property::Lost, "{name}");
    }
}

#[test]
#[ignore = "long"]
fn the_next_version_closes_each_hole() {
    let b = Bounds { records: 2, crashes: 1, power_cuts: 1, hw_checkpoints: 1, ..bounds() };
    assert_eq!(row(PV3, "", b, Property::Diverged).none(), 3_279_137, "H2");
    let b = Bounds { records: 2, crashes: 2, ..bounds() };
    assert_eq!(row(PV2, UNCLEAN, b, Property::Diverged).none(), 1_361_793, "H3");
}

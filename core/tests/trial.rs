//! Rows of the verdict table, searched over the same rules that the simulation runs.
//! Rows with a story assert its faults and steps; rows without one are complete searches with an asserted count of states.

mod common;

use common::trials::{NOT_IDEMPOTENT, Row, bounds};
use highwater_core::scenario::Scenario;
use highwater_core::trial::{Bounds, Property, Verdict};

#[test]
fn acks_1_leader_crash_clean_election_loses_an_acknowledged_record() {
    assert_eq!(Row { producer: r#""acks":"1""#, ..Row::default() }.found(), (1, 6));
}

#[test]
fn min_isr_2_clean_one_record_one_crash_loses_nothing() {
    assert_eq!(Row::default().none(), 93_055);
}

#[test]
fn a_retry_after_a_lost_response_duplicates_without_idempotence() {
    let bounds = Bounds { crashes: 0, lost_responses: 1, ..bounds() };
    assert_eq!(Row { producer: NOT_IDEMPOTENT, bounds, property: Property::Duplicated, ..Row::default() }.found(), (1, 9));
}

#[test]
fn five_in_flight_without_idempotence_reorders() {
    let bounds = Bounds { records: 2, crashes: 1, ..bounds() };
    assert_eq!(Row { producer: NOT_IDEMPOTENT, bounds, property: Property::Reordered, ..Row::default() }.found(), (1, 13));
}

// ---- replication: which copies an election may pick

const UNCLEAN: &str = r#""unclean.leader.election.enable":true,"min.insync.replicas":1"#;
const ELR_OFF: &str = r#""features":{"eligible.leader.replicas.version":0},"#;
const ELR_ON: &str = r#""features":{"eligible.leader.replicas.version":1},"#;

/// Two brokers: with three, the story needs three faults.
#[test]
fn min_isr_1_and_an_unclean_election_lose() {
    let bounds = Bounds { crashes: 3, ..bounds() };
    assert_eq!(Row { brokers: 2, topic: UNCLEAN, bounds, ..Row::default() }.found(), (2, 9));
}

/// H4: the ISR never becomes empty, and its last member is elected though it lost its log (ctrl.E7).
#[test]
fn without_elr_the_last_replica_standing_loses() {
    let bounds = Bounds { crashes: 2, power_cuts: 1, ..bounds() };
    assert_eq!(Row { brokers: 2, rules: ELR_OFF, bounds, ..Row::default() }.found(), (2, 10));
}

/// With ELR as well: a broker that was killed leaves the ELR though its page cache is whole (E1, E9: its restart is
/// unclean), so when the last member of the ISR loses power the ELR is empty, and `lastKnownElr` elects that member
/// without its log (E3). One restart of either kind is survived; the book's boundary (3.11) promises no more.
#[test]
fn with_elr_a_crash_and_a_power_cut_lose_and_one_of_them_does_not() {
    let at =
        |brokers, crashes, power_cuts| Row { brokers, rules: ELR_ON, bounds: Bounds { crashes, power_cuts, ..bounds() }, ..Row::default() };
    assert_eq!(at(2, 1, 1).found(), (2, 11));
    assert_eq!(at(3, 0, 1).none(), 96_923);
}

#[test]
fn min_isr_2_clean_two_records_one_crash_loses_nothing() {
    let bounds = Bounds { records: 2, ..bounds() };
    assert_eq!(Row { bounds, ..Row::default() }.none(), 1_718_138);
}

#[test]
fn min_isr_2_clean_two_crashes_lose_nothing() {
    let at = |records| Row { brokers: 2, bounds: Bounds { records, crashes: 2, ..bounds() }, ..Row::default() };
    assert_eq!(at(1).none(), 93_240);
    assert_eq!(at(2).none(), 1_229_329);
}

#[test]
#[ignore = "long"]
fn min_isr_2_clean_an_unclean_election_of_two_brokers_needs_more_than_three_crashes() {
    let topic = r#""min.insync.replicas":2,"unclean.leader.election.enable":true"#;
    let bounds = Bounds { crashes: 3, ..bounds() };
    assert_eq!(Row { brokers: 2, topic, bounds, ..Row::default() }.none(), 2_614_159);
}

#[test]
#[ignore = "long: minutes and a gigabyte"]
fn min_isr_2_clean_two_crashes_of_three_brokers_lose_nothing() {
    let bounds = Bounds { crashes: 2, max_bytes: 2 << 30, ..bounds() };
    assert_eq!(Row { bounds, ..Row::default() }.none(), 42_619_687);
}

/// Three brokers: a follower falls behind and out of the ISR, the record is acknowledged without it, the other two are
/// killed, and the unclean election picks it. No story of 17 steps or less has fewer faults.
#[test]
#[ignore = "long"]
fn min_isr_2_an_unclean_election_of_three_brokers_loses() {
    let topic = r#""min.insync.replicas":2,"unclean.leader.election.enable":true"#;
    let bounds = Bounds { crashes: 2, lag_expiries: 1, depth: 17, ..bounds() };
    assert_eq!(Row { topic, bounds, ..Row::default() }.found(), (3, 16));
}

// ---- the producer

const ONE_IN_FLIGHT: &str = r#""enable.idempotence":false,"max.in.flight.requests.per.connection":1"#;

#[test]
fn idempotence_keeps_a_crash_and_a_lost_response_from_duplicating() {
    let bounds = Bounds { lost_responses: 1, ..bounds() };
    assert_eq!(Row { bounds, property: Property::Duplicated, ..Row::default() }.none(), 377_987);
}

#[test]
fn one_in_flight_without_idempotence_does_not_reorder() {
    let row = Row { producer: ONE_IN_FLIGHT, property: Property::Reordered, ..Row::default() };
    assert_eq!(Row { bounds: Bounds { records: 2, ..bounds() }, ..row.clone() }.none(), 1_222_520);
    let with_a_loss = Bounds { records: 2, lost_responses: 1, ..bounds() };
    assert_eq!(Row { brokers: 2, bounds: with_a_loss, ..row }.none(), 36_998);
}

#[test]
fn idempotence_with_five_in_flight_neither_reorders_nor_duplicates() {
    let bounds = Bounds { records: 3, lost_responses: 1, retries: 1, ..bounds() };
    for property in [Property::Reordered, Property::Duplicated] {
        assert_eq!(Row { brokers: 2, bounds, property, ..Row::default() }.none(), 299_822, "{property:?}");
    }
}

// ---- the consumer

#[test]
fn commit_before_handling_leaves_a_record_unhandled() {
    let app = r#"{"group":"g","topics":["t"],"commit":"before_handling","configs":{"auto.offset.reset":"earliest","max.poll.records":1}}"#;
    let bounds = Bounds { crashes: 0, consumer_crashes: 1, ..bounds() };
    assert_eq!(Row { app, bounds, property: Property::NeverHandled, ..Row::default() }.found(), (1, 13));
}

#[test]
fn handling_before_commit_handles_twice() {
    let app = r#"{"group":"g","topics":["t"],"commit":"after_handling","configs":{"auto.offset.reset":"earliest","max.poll.records":1}}"#;
    let bounds = Bounds { crashes: 0, consumer_crashes: 1, ..bounds() };
    assert_eq!(Row { app, bounds, property: Property::HandledTwice, ..Row::default() }.found(), (1, 16));
}

#[test]
fn a_story_replays_in_the_simulation_event_for_event() {
    use highwater_core::sim::Sim;
    let row = Row { producer: r#""acks":"1""#, ..Row::default() };
    let mut search = row.search();
    let Verdict::Found(story) = search.finish() else { panic!("no story") };
    let mut scenario = row.scenario();
    scenario = story.scenario(&scenario);
    let again = Scenario::parse(&scenario.to_json()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again, scenario);
    let mut sim = Sim::new(&again).unwrap();
    sim.advance_to(again.until_us);
    let told = story.steps.iter().flat_map(|s| &s.events).filter(|e| e.notable()).copied();
    let played = sim.events().iter().map(|e| e.kind).filter(|k| k.notable() && !matches!(k, highwater_core::event::EventKind::Lost { .. }));
    assert_eq!(played.collect::<Vec<_>>(), told.collect::<Vec<_>>());
    assert_eq!(sim.ledger().figures(sim.world()).lost, 1);
}

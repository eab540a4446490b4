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
    assert_eq!(Row::default().none(), 144_117);
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

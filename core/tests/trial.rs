//! Rows of the verdict table, searched over the same rules that the simulation runs.
//! Rows with a story assert its faults and steps; rows without one are complete searches with an asserted count of states.

use highwater_core::scenario::Scenario;
use highwater_core::trial::{Bounds, Property, Search, Trial, TrialSpec, Verdict};

/// Three brokers, one partition with three replicas.
struct Row {
    kafka: &'static str,
    topic: &'static str,
    producer: &'static str,
    app: &'static str,
    bounds: Bounds,
    property: Property,
}

impl Default for Row {
    fn default() -> Self {
        let bounds = Bounds { max_bytes: 1 << 30, ..Bounds::default() };
        Row { kafka: "4.1", topic: r#""min.insync.replicas":2"#, producer: "", app: "", bounds, property: Property::Lost }
    }
}

impl Row {
    fn scenario(&self) -> Scenario {
        let Row { kafka, topic, producer, app, .. } = self;
        let text = format!(
            r#"{{"format":1,"kafka":"{kafka}","until_us":1000000,
            "topology":{{"brokers":3,"topics":[{{"name":"t","partitions":1,"replication.factor":3,"configs":{{{topic}}}}}],
            "producers":[{{"name":"p","configs":{{{producer}}}}}]}},"apps":[{app}],
            "workload":[{{"producer":"p","topic":"t","start_us":0,"every_us":1,"count":9}}]}}"#
        );
        let mut s = Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        s.trial = Some(TrialSpec { bounds: self.bounds, properties: vec![self.property] });
        s
    }

    fn search(&self) -> Search {
        let mut search = Search::new(Trial::new(&self.scenario()).unwrap());
        search.finish();
        let (b, p) = (self.bounds, search.progress());
        println!(
            "{:?}: {b:?}\n  {} states, {} steps tried, depth {}, {} MB",
            self.property,
            p.states,
            p.transitions,
            p.depth,
            p.bytes >> 20
        );
        search
    }

    /// The story's faults and number of steps.
    fn found(&self) -> (u32, usize) {
        match self.search().finish() {
            Verdict::Found(s) => {
                assert_eq!(s.property, self.property);
                for x in &s.steps {
                    println!("    {:?} -> {:?}", x.action, x.events.iter().filter(|e| e.notable()).collect::<Vec<_>>());
                }
                (s.faults, s.steps.len())
            }
            v => panic!("no story: {v:?}"),
        }
    }

    /// The number of states of a search that found nothing.
    fn none(&self) -> u64 {
        let mut s = self.search();
        assert!(matches!(s.finish(), Verdict::None), "{:?}", s.finish());
        s.progress().states
    }
}

fn bounds() -> Bounds {
    Row::default().bounds
}

const NOT_IDEMPOTENT: &str = r#""enable.idempotence":false"#;

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

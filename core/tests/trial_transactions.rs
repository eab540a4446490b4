//! Rows of the verdict table about transactions.

use highwater_core::scenario::Scenario;
use highwater_core::trial::{Bounds, Property, Search, Trial, TrialSpec, Verdict};

/// One broker: an application reads `in` and writes `out`; replication is on trial in the rows above.
fn consume_transform_produce(output: &str, app: &str, property: Property) -> Search {
    let text = format!(
        r#"{{"format":1,"kafka":"4.2","until_us":1000000,
        "topology":{{"brokers":1,"topics":[{{"name":"in","partitions":1,"replication.factor":1}},{{"name":"out","partitions":1,"replication.factor":1}}],
        "producers":[{{"name":"p","configs":{{}}}}]}},
        "apps":[{{"group":"g","topics":["in"],{app}"output":{{"topic":"out","configs":{{{output}}}}},"configs":{{"auto.offset.reset":"earliest","isolation.level":"read_committed"}}}}],
        "workload":[{{"producer":"p","topic":"in","start_us":0,"every_us":1,"count":9}}]}}"#
    );
    let mut s = Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    let bounds = Bounds { records: 1, crashes: 0, consumer_crashes: 1, lost_responses: 1, ..Bounds::default() };
    s.trial = Some(TrialSpec { bounds, properties: vec![property] });
    let mut search = Search::new(Trial::new(&s).unwrap());
    search.finish();
    println!("{property:?}: {:?}", search.progress());
    search
}

const IN_TRANSACTION: &str = r#""transactional.id":"tx""#;

#[test]
fn with_transactions_the_output_stands_once_and_outside_effects_may_repeat() {
    let mut effects = consume_transform_produce(IN_TRANSACTION, "", Property::HandledTwice);
    assert!(matches!(effects.finish(), Verdict::Found(s) if s.faults == 1), "{:?}", effects.finish());
    let mut output = consume_transform_produce(IN_TRANSACTION, "", Property::OutputTwice);
    assert!(matches!(output.finish(), Verdict::None), "{:?}", output.finish());
    assert_eq!(output.progress().states, 21_778);
}

#[test]
fn without_transactions_the_output_may_stand_twice() {
    let mut output = consume_transform_produce("", r#""commit":"after_handling","#, Property::OutputTwice);
    assert!(matches!(output.finish(), Verdict::Found(s) if s.faults == 1), "{:?}", output.finish());
}

#[test]
fn aborted_data_is_read_uncommitted_and_not_committed() {
    for (level, found) in [("read_uncommitted", true), ("read_committed", false)] {
        let text = format!(
            r#"{{"format":1,"kafka":"4.2","until_us":1000000,
            "topology":{{"brokers":1,"topics":[{{"name":"t","partitions":1,"replication.factor":1}}],
            "producers":[{{"name":"p","configs":{{"transactional.id":"tx"}}}}]}},
            "apps":[{{"group":"g","topics":["t"],"commit":"after_handling","configs":{{"auto.offset.reset":"earliest","isolation.level":"{level}"}}}}],
            "workload":[{{"producer":"p","topic":"t","start_us":0,"every_us":1,"count":9,"records_per_transaction":1,"abort_every":1}}]}}"#
        );
        let mut s = Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        let bounds = Bounds { records: 2, crashes: 0, lost_responses: 1, ..Bounds::default() };
        s.trial = Some(TrialSpec { bounds, properties: vec![Property::AbortedRead] });
        let mut search = Search::new(Trial::new(&s).unwrap());
        search.finish();
        println!("{level}: {:?}", search.progress());
        assert_eq!(matches!(search.finish(), Verdict::Found(_)), found, "{level}: {:?}", search.finish());
        assert!(found || matches!(search.finish(), Verdict::None), "{level}: {:?}", search.finish());
    }
}

/// The same broker: a Streams thread counts `in` into `out`.
fn streams(guarantee: &str, property: Property) -> Search {
    let text = format!(
        r#"{{"format":1,"kafka":"4.2","until_us":1000000,
        "topology":{{"brokers":1,"topics":[{{"name":"in","partitions":1,"replication.factor":1}},{{"name":"out","partitions":1,"replication.factor":1}}],
        "producers":[{{"name":"p","configs":{{}}}}]}},
        "apps":[{{"group":"g","topics":["in"],"streams":{{"to":"out","configs":{{"processing.guarantee":"{guarantee}"}}}}}}],
        "workload":[{{"producer":"p","topic":"in","keys":["k"],"start_us":0,"every_us":1,"count":9}}]}}"#
    );
    let mut s = Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    let bounds = Bounds { records: 1, crashes: 0, consumer_crashes: 1, ..Bounds::default() };
    s.trial = Some(TrialSpec { bounds, properties: vec![property] });
    let mut search = Search::new(Trial::new(&s).unwrap());
    search.finish();
    println!("{guarantee} {property:?}: {:?}", search.progress());
    search
}

#[test]
fn a_streams_thread_writes_twice_at_least_once_and_not_exactly_once() {
    for property in [Property::OutputTwice, Property::HandledTwice] {
        let mut s = streams("at_least_once", property);
        assert!(matches!(s.finish(), Verdict::Found(s) if s.faults == 1), "{:?}", s.finish());
    }
    let mut effects = streams("exactly_once_v2", Property::HandledTwice);
    assert!(matches!(effects.finish(), Verdict::Found(s) if s.faults == 1), "{:?}", effects.finish());
    for property in [Property::OutputTwice, Property::NeverHandled] {
        let mut s = streams("exactly_once_v2", property);
        assert!(matches!(s.finish(), Verdict::None), "{:?}", s.finish());
        assert_eq!(s.progress().states, 14_714);
    }
}

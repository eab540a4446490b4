//! What the search leaves out changes nothing: with and without it the same verdict and the same shortest story.

mod common;

use common::trials::{NOT_IDEMPOTENT, Row, bounds};
use highwater_core::trial::{Bounds, Property, Search, Trial, Verdict};

/// Small rows of every kind: stories and none; crashes, power cuts, lost responses, lag, consumers; unclean elections.
fn rows() -> Vec<(&'static str, Row)> {
    let app = r#"{"group":"g","topics":["t"],"commit":"after_handling","configs":{"auto.offset.reset":"earliest","max.poll.records":1}}"#;
    let two = |bounds| Row { brokers: 2, topic: "", bounds, ..Row::default() };
    let records = |records, crashes, power_cuts, lost_responses| Bounds { records, crashes, power_cuts, lost_responses, ..bounds() };
    vec![
        ("acks=1", Row { producer: r#""acks":"1""#, ..Row::default() }),
        ("two brokers, one crash", two(records(1, 1, 0, 0))),
        ("two brokers, a power cut", two(records(1, 0, 1, 0))),
        ("two brokers, lag", two(Bounds { lag_expiries: 1, ..records(1, 0, 0, 0) })),
        ("two brokers, lag and crash", two(Bounds { lag_expiries: 1, ..records(1, 1, 0, 0) })),
        ("two brokers, unclean", Row { topic: r#""unclean.leader.election.enable":true"#, ..two(records(1, 2, 0, 0)) }),
        ("a retry", Row { producer: NOT_IDEMPOTENT, bounds: records(1, 0, 0, 1), property: Property::Duplicated, ..Row::default() }),
        ("a retry, idempotent", Row { bounds: records(2, 0, 0, 1), property: Property::Duplicated, ..Row::default() }),
        ("reordered", Row { producer: NOT_IDEMPOTENT, bounds: records(2, 1, 0, 0), property: Property::Reordered, ..Row::default() }),
        (
            "one in flight",
            Row {
                producer: r#""enable.idempotence":false,"max.in.flight.requests.per.connection":1"#,
                property: Property::Reordered,
                ..two(records(2, 1, 0, 0))
            },
        ),
        ("idempotent, a crash and a lost response", Row { property: Property::Duplicated, ..two(records(1, 1, 0, 1)) }),
        (
            "handled twice",
            Row { app, bounds: Bounds { consumer_crashes: 1, ..records(1, 0, 0, 0) }, property: Property::HandledTwice, ..Row::default() },
        ),
        (
            "a consumer that dies, and nothing is lost",
            Row { brokers: 2, topic: "", app, bounds: Bounds { consumer_crashes: 1, ..records(1, 0, 0, 0) }, ..Row::default() },
        ),
    ]
}

/// The verdict in figures: faults and steps of a story, or none; and the states.
fn outcome(trial: Trial) -> (Option<(u32, usize)>, u64, u64) {
    let mut s = Search::new(trial);
    let verdict = match s.finish() {
        Verdict::Found(story) => Some((story.faults, story.steps.len())),
        Verdict::None => None,
        v => panic!("{v:?}"),
    };
    (verdict, s.progress().states, s.progress().transitions)
}

#[test]
fn steps_that_commute_are_taken_in_one_order_and_no_state_is_missed() {
    for (name, row) in rows() {
        let less = outcome(row.trial());
        let all = outcome(Trial { sleep: false, ..row.trial() });
        println!("{name}: {less:?} against {all:?}");
        assert_eq!(less.0, all.0, "{name}");
        if less.0.is_none() {
            assert_eq!(less.1, all.1, "{name}: states");
        }
    }
}

#[test]
fn what_nobody_reads_again_changes_no_verdict() {
    for (name, row) in rows() {
        let less = outcome(row.trial());
        let all = outcome(Trial { prune: false, ..row.trial() });
        println!("{name}: {less:?} against {all:?}");
        assert_eq!(less.0, all.0, "{name}");
        assert!(less.1 <= all.1, "{name}: states");
    }
}

/// Also where next to nothing is remembered for long.
#[test]
fn what_is_remembered_is_what_the_rules_do() {
    for (name, row) in rows() {
        let remembered = outcome(row.trial());
        for memo_bytes in [0, 100_000] {
            assert_eq!(outcome(Trial { memo_bytes, ..row.trial() }), remembered, "{name} with {memo_bytes} bytes");
        }
    }
}

#[test]
fn coarse_steps_find_what_fine_steps_find() {
    for (name, row) in rows().into_iter().filter(|r| r.1.brokers == 2 || r.1.bounds.crashes == 0) {
        let coarse = outcome(row.trial());
        let fine = outcome(Trial { coarse: false, ..row.trial() });
        println!("{name}: {coarse:?} against {fine:?}");
        assert_eq!(coarse.0.map(|v| v.0), fine.0.map(|v| v.0), "{name}: faults");
        assert!(coarse.0.map(|v| v.1) <= fine.0.map(|v| v.1), "{name}: a coarse step is one or more fine ones");
    }
}

#[test]
fn sleep_sets_hold_with_fine_steps_too() {
    for (name, row) in rows().into_iter().filter(|r| r.1.brokers == 2 && r.1.bounds.faults() == 1) {
        let fine = Trial { coarse: false, ..row.trial() };
        let (less, all) = (outcome(fine.clone()), outcome(Trial { sleep: false, ..fine }));
        println!("{name}: {less:?} against {all:?}");
        assert_eq!(less.0, all.0, "{name}");
        if less.0.is_none() {
            assert_eq!(less.1, all.1, "{name}: states");
        }
    }
}

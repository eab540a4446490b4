//! The shipped scenarios of the producer's anomalies (P-A*): what each must show, and what the answer to *why* says.

use crate::common::*;
use highwater_core::event::{ErrorCode, EventKind};
use highwater_core::fold::narration::{Lang, why};
use highwater_core::ids::*;
use highwater_core::scenario::shipped;
use highwater_core::sim::Sim;

fn played(name: &str) -> Sim {
    run(&parse(shipped(name).unwrap_or_else(|| panic!("{name} is shipped"))))
}
/// sent, acknowledged, in the log, lost, duplicated.
fn counts(sim: &Sim) -> [u64; 5] {
    let f = sim.ledger().figures(sim.world());
    [f.sent, f.acked, f.in_log, f.lost, f.duplicated]
}
/// The last line of why the first such event happened, in both languages; every line stands once.
fn told(sim: &Sim, which: impl Fn(&EventKind) -> bool) -> [String; 2] {
    let e = first(sim, which);
    [Lang::En, Lang::Ko].map(|lang| {
        let lines = why(e.seq, sim, lang);
        let mut unique = lines.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), lines.len(), "{lines:?}");
        lines.join("\n")
    })
}

#[test]
fn p_a1_shipped_a_retry_after_a_lost_response_is_stored_twice() {
    let sim = played("p-a1-duplicate");
    assert_eq!(counts(&sim), [3, 3, 4, 0, 1]);
    let [en, ko] = told(&sim, |k| matches!(k, EventKind::BatchResent { .. }));
    assert!(en.contains("a fault took it") && ko.contains("장애로 사라졌습니다"), "{en}\n{ko}");
}

#[test]
fn p_a3_shipped_acks_0_sends_into_a_cut_link_and_notices_nothing() {
    let sim = played("p-a3-acks-0-loss");
    assert_eq!(counts(&sim), [3, 0, 2, 0, 0]);
    assert_eq!(all(&sim, |k| matches!(k, EventKind::Acked { offset: None, .. })).len(), 3, "it counts all three as sent");
}

#[test]
fn p_a4_shipped_an_acknowledged_record_dies_with_its_leader() {
    let sim = played("p-a4-acks-1-loss");
    assert_eq!(counts(&sim), [3, 3, 2, 1, 0]);
    let [en, ko] = told(&sim, |k| matches!(k, EventKind::Lost { .. }));
    assert!(en.contains("B is lost because broker 1 acknowledged it alone (acks=1)"), "{en}");
    assert!(ko.contains("브로커 1이 혼자 저장하고 응답했고(acks=1)"), "{ko}");
}

#[test]
fn p_a5_shipped_acks_all_is_no_more_than_the_isr_and_the_isr_was_one() {
    let sim = played("p-a5-last-replica-loss");
    assert_eq!(counts(&sim), [1, 1, 0, 1, 0]);
    assert_eq!(all(&sim, |k| matches!(k, EventKind::LogRecovered { broker: BrokerId(1), .. })).len(), 1, "the power cut took it");
    let [en, _] = told(&sim, |k| matches!(k, EventKind::Lost { .. }));
    assert!(en.contains("A is lost because"), "{en}");
}

#[test]
fn p_a6_shipped_a_failure_that_was_none_and_a_second_send() {
    let sim = played("p-a6-failed-but-stored");
    assert_eq!(all(&sim, |k| matches!(k, EventKind::SendFailed { error: ErrorCode::Timeout, .. })).len(), 1);
    let log = &replica(&sim, 1).log;
    assert_eq!(log.leo(), Offset(2), "idempotence does not know the second send for the first");
    assert_eq!(keys(&sim, 1), "AA");
}

#[test]
fn p_a7_shipped_a_producer_that_was_forgotten_stores_a_record_twice_in_spite_of_idempotence() {
    let sim = played("p-a7-forgotten-producer");
    assert_eq!(counts(&sim), [2, 2, 3, 0, 1]);
    let forgotten = all(&sim, |k| matches!(k, EventKind::ProducerForgotten { broker: BrokerId(1), .. }));
    let copy = last(&sim, |k| matches!(k, EventKind::BatchResent { .. }));
    assert!(forgotten[0].at_us < copy.at_us, "first forgotten, then tried again");
    // With the default nobody is forgotten, and the copy is recognised (prod.D1).
    let mut s = parse(shipped("p-a7-forgotten-producer").unwrap());
    s.configs.remove("producer.id.expiration.ms");
    assert_eq!(counts(&run(&s)), [2, 2, 2, 0, 0]);
}

#[test]
fn p_a9_shipped_a_gap_in_the_middle_and_the_order_kept() {
    let sim = played("p-a9-gap");
    assert_eq!(counts(&sim), [3, 2, 2, 0, 0]);
    assert_eq!(keys(&sim, 1), "AC");
    assert_eq!(all(&sim, |k| matches!(k, EventKind::SendFailed { .. })).len(), 1);
}

//! The shipped scenarios of the anomalies of producers (P-A*), consumers (C-A*) and late batches (X1, X2): what each must show, and what the
//! answer to *why* says.

use crate::common::*;
use highwater_core::event::{ErrorCode, Event, EventKind, GroupEvent};
use highwater_core::fold::narration::{Answer, Lang, Trouble, troubles, why};
use highwater_core::ids::*;
use highwater_core::scenario::{CommitSpec, Do, Scenario, shipped};
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
fn p_a2_shipped_the_refused_one_comes_after_the_one_behind_it() {
    let sim = played("p-a2-reordered");
    assert_eq!(counts(&sim), [3, 3, 3, 0, 0]);
    assert_eq!(sim.ledger().figures(sim.world()).out_of_order, 1);
    assert_eq!(all(&sim, |k| matches!(k, EventKind::BatchResent { .. })).len(), 1);
    let mut s = parse(shipped("p-a2-reordered").unwrap());
    s.topology.producers[0].configs.remove("enable.idempotence");
    assert_eq!(run(&s).ledger().figures(run(&s).world()).out_of_order, 0, "idempotence keeps the order");
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

/// Offsets of `pay-0` that a consumer handled, in order.
fn handled(sim: &Sim) -> Vec<u32> {
    let offset = |e: &Event| match e.kind {
        EventKind::Handled { partition: P0, offset, .. } => Some(offset.0),
        _ => None,
    };
    sim.events().iter().filter_map(offset).collect()
}
/// Offsets that the group's committed one went through.
fn commits(sim: &Sim) -> Vec<u32> {
    let offset = |e: &Event| match e.kind {
        EventKind::Committed { partition: P0, offset, .. } => Some(offset.0),
        _ => None,
    };
    let mut all: Vec<u32> = sim.events().iter().filter_map(offset).collect();
    all.dedup();
    all
}

#[test]
fn cons_c_a1_shipped_what_was_not_committed_is_handled_again() {
    let sim = played("c-a1-handled-twice");
    assert_eq!((handled(&sim), commits(&sim)), (vec![0, 1, 1, 2, 3], vec![1, 3, 4]));
}

#[test]
fn cons_c_a2_shipped_what_was_committed_first_is_never_handled() {
    let sim = played("c-a2-never-handled");
    assert_eq!((handled(&sim), commits(&sim)), (vec![0, 3], vec![1, 3, 4]), "1 and 2 were in hand when the process died");
}

#[test]
fn cons_c_a3_shipped_close_commits_what_was_only_fetched() {
    let sim = played("c-a3-commit-in-close");
    assert_eq!((handled(&sim), commits(&sim)), (vec![0, 1, 2, 3], vec![10]));
    assert_eq!(all(&sim, |k| matches!(k, EventKind::Group { what: GroupEvent::HandlerThrew { .. }, .. })).len(), 1);
    // With a commit after handling, whoever comes next goes on where the handler threw.
    let mut s = parse(shipped("c-a3-commit-in-close").unwrap());
    s.apps[0].configs.remove("enable.auto.commit");
    s.apps[0].commit = Some(CommitSpec::AfterHandling);
    let sound = handled(&run(&s));
    assert!((0..10).all(|o| sound.contains(&o)), "{sound:?}");
}

#[test]
fn cons_c_a4_shipped_latest_skips_what_retention_has_left() {
    let sim = played("c-a4-lag-beyond-retention");
    let reset = last(&sim, |k| matches!(k, EventKind::PositionReset { .. }));
    assert!(matches!(reset.kind, EventKind::PositionReset { to: Offset(20), committed: false, .. }), "{reset:?}");
    let left = replica(&sim, 1).log.start().0;
    assert!(0 < left && left < 20 && handled(&sim).iter().all(|o| !(left..20).contains(o)), "what is left is not read: {left}");
    let mut s = parse(shipped("c-a4-lag-beyond-retention").unwrap());
    s.apps[0].configs.insert("auto.offset.reset".into(), "earliest".into());
    let sound = handled(&run(&s));
    assert!((left..20).all(|o| sound.contains(&o)), "earliest reads what is left: {sound:?}");
}

#[test]
fn cons_c_a5_shipped_the_committed_offset_goes_back() {
    let sim = played("c-a5-commit-goes-back");
    assert_eq!(commits(&sim), [1, 2, 6, 1]);
    assert_eq!(counts(&sim)[3], 5, "lost in the unclean election");
    let [(_, _, en), (_, _, ko)] = asked(&sim, Trouble::Duplicated);
    assert!(en.last().unwrap().ends_with("because auto.offset.reset took c1 to offset 0: offset 0 was read again."), "{en:?}");
    assert!(ko.last().unwrap().contains("auto.offset.reset에 따라"), "{ko:?}");
}

#[test]
fn cons_c_a6_shipped_polls_are_empty_until_the_high_watermark_has_caught_up() {
    let mut sim = begin(&parse(shipped("c-a6-high-watermark-behind").unwrap()));
    sim.advance_to(20_000_000);
    let (position, leader) = (sim.world().consumers[0].position(P0), sim.world().leader_replica(P0).unwrap());
    assert_eq!((position, leader.hw, leader.log.leo()), (Some(Offset(2)), Offset(1), Offset(2)), "read, and not committed any more");
    let sim = played("c-a6-high-watermark-behind");
    assert_eq!(handled(&sim), [0, 1], "nothing is read again, nothing is skipped");
    assert_eq!((hw(&sim, 2), counts(&sim)[3]), (2, 0));
    assert!(
        all(&sim, |k| matches!(k, EventKind::PositionReset { partition: P0, committed: false, .. })).len() <= 1,
        "no reset but at the start"
    );
}

#[test]
fn x1_shipped_a_late_batch_opens_a_transaction_that_nobody_ends() {
    let open = |s: &Scenario| {
        let sim = run(s);
        let r = sim.world().leader_replica(P0).unwrap();
        (r.last_stable().0, r.hw.0, handled(&sim).len())
    };
    let mut s = parse(shipped("x1-hanging-transaction").unwrap());
    assert_eq!(open(&s), (2, 4, 0), "C of another producer is never read");
    s.configs.insert("transaction.partition.verification.enable".into(), true.into());
    assert_eq!(open(&s), (3, 3, 1), "a leader that asks refuses the late batch (W5)");
    s.configs.clear();
    s.features.transaction = Some(2);
    assert_eq!(open(&s), (3, 3, 1), "each transaction has its epoch (W2)");
}

#[test]
fn x2_shipped_a_late_batch_is_committed_with_the_next_transaction() {
    let keys_read = |s: &Scenario| {
        let sim = run(s);
        let log = &sim.world().leader_replica(P0).unwrap().log;
        let of = |o: &u32| sim.ledger().batch(log.at(Offset(*o)).unwrap().payload.batch().unwrap().id).unwrap().records[0];
        handled(&sim).iter().map(of).collect::<Vec<u32>>()
    };
    let mut s = parse(shipped("x2-late-batch-is-committed").unwrap());
    assert_eq!(keys_read(&s), [1, 2], "B was aborted, and is read");
    s.configs.clear();
    s.features.transaction = Some(2);
    assert_eq!(keys_read(&s), [2]);
}

/// The answer to why something is so with the first record that it is so with, in both languages.
fn asked(sim: &Sim, trouble: Trouble) -> [Answer; 2] {
    [Lang::En, Lang::Ko].map(|lang| {
        let all = troubles(sim, lang);
        let found = all.into_iter().find(|a| a.0 == trouble).unwrap_or_else(|| panic!("no {trouble:?}"));
        assert!(found.2.len() <= 6 && found.2.iter().all(|l| l.ends_with('.') && !l.contains("  ")), "{:?}", found.2);
        found
    })
}
fn none(sim: &Sim, trouble: Trouble) -> bool {
    troubles(sim, Lang::En).iter().all(|a| a.0 != trouble)
}

#[test]
fn why_p_a1_is_there_twice() {
    let sim = played("p-a1-duplicate");
    let [en, ko] = asked(&sim, Trouble::Duplicated);
    assert!(en.1.starts_with("Why is ") && en.1.ends_with(" there twice?"), "{}", en.1);
    let (lines, last) = (en.2.join("\n"), en.2.last().unwrap());
    assert!(lines.contains("a fault took it") && last.contains("stands 2 times in pay-0"), "{lines}");
    assert!(last.contains("without enable.idempotence"), "{last}");
    assert!(ko.2.last().unwrap().contains("pay-0에 2번 있는 것은"), "{:?}", ko.2);
    assert!(none(&sim, Trouble::Lost) && none(&sim, Trouble::Hidden) && none(&sim, Trouble::Late));
}

#[test]
fn why_p_a4_and_p_a5_are_lost() {
    for name in ["p-a4-acks-1-loss", "p-a5-last-replica-loss"] {
        let [en, ko] = asked(&played(name), Trouble::Lost);
        assert!(en.2.last().unwrap().contains("is lost because") && ko.2.last().unwrap().contains("유실된 것은"), "{en:?}");
    }
}

#[test]
fn why_a_record_is_hidden() {
    // A follower in the ISR is cut off.
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#);
    s.commands = cut(SECOND, 1, 3).to_vec();
    s.commands.push(send(2 * SECOND, "A"));
    s.until_us = 10 * SECOND;
    let [en, _] = asked(&run(&s), Trouble::Hidden);
    let (lines, last) = (en.2.join("\n"), en.2.last().unwrap());
    assert!(lines.contains("nothing gets through from broker 1 to broker 3") || lines.contains("from broker 3 to broker 1"), "{lines}");
    assert!(last.contains("because broker 3 is in the ISR and has the log only up to offset 0"), "{last}");
    // The ISR is too small.
    s.commands = vec![crash(SECOND, 2), crash(SECOND, 3)];
    let acks_1 = s.with_producer_config("checkout", "acks", "1").unwrap();
    s = acks_1;
    s.commands.push(send(20 * SECOND, "A"));
    s.until_us = 30 * SECOND;
    let [en, ko] = asked(&run(&s), Trouble::Hidden);
    assert!(en.2.last().unwrap().contains("the ISR is {1}, smaller than min.insync.replicas=2"), "{en:?}");
    assert!(ko.2.last().unwrap().contains("min.insync.replicas=2보다 작아"), "{ko:?}");
    // A transaction is open before it; in the end it is aborted.
    let mut sim = begin(&parse(shipped("open-transaction").expect("shipped")));
    let (mut out, mut told) = (Vec::new(), String::new());
    while step(&mut sim) {
        if let Some((.., lines)) = troubles(&sim, Lang::En).into_iter().find(|a| a.0 == Trouble::Hidden) {
            told = lines.last().expect("says why").clone();
            if out.last() != Some(&told) {
                out.push(told.clone());
            }
        }
    }
    assert!(out.iter().any(|l| l.contains("is open: read_committed readers stop there")), "{out:?}");
    assert!(told.contains("its transaction was aborted"), "{out:?}");
}

#[test]
fn why_a_record_was_handled_twice() {
    let app =
        r#"{"group":"billing","topics":["pay"],"commit":"after_handling","handling_us":200000,"configs":{"auto.offset.reset":"earliest"}}"#;
    let mut s = with_consumer(scene(3, 3, r#"{"linger.ms":0}"#, "{}"), app);
    s.commands = vec![send(SECOND, "A"), send(SECOND, "B"), send(SECOND, "C")];
    s.commands.push(at(SECOND + 450 * MS, Do::CrashConsumer { consumer: 0 }));
    s.commands.push(at(2 * SECOND, Do::StartConsumer { consumer: 0 }));
    s.until_us = 60 * SECOND;
    let [en, ko] = asked(&run(&s), Trouble::Duplicated);
    let (lines, last) = (en.2.join("\n"), en.2.last().unwrap());
    assert!(lines.contains("crashes and forgets what it had not committed") && last.contains("was handled twice, because"), "{lines}");
    assert!(ko.2.last().unwrap().contains("두 번 처리된 것은"), "{ko:?}");
}

#[test]
fn why_a_record_is_late() {
    // The answer waits until a dead follower is fenced.
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#);
    s.commands = vec![crash(SECOND, 3), send(2 * SECOND, "A")];
    s.until_us = 20 * SECOND;
    let [en, ko] = asked(&run(&s), Trouble::Late);
    let (lines, last) = (en.2.join("\n"), en.2.last().unwrap());
    assert!(lines.contains("Broker 3 crashes") && last.starts_with("A was acknowledged "), "{lines}");
    assert!(last.contains("0.000 s in checkout, 0.002 s until the leader of pay-0 had it"), "{last}");
    assert!(ko.2.last().unwrap().contains("만에 응답을 받았습니다"), "{ko:?}");
    // Nobody leads for a while: attempts fail.
    let mut s = scene(3, 1, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![crash(SECOND, 1), send(2 * SECOND, "A"), start(20 * SECOND, 1)];
    s.until_us = 40 * SECOND;
    let [en, _] = asked(&run(&s), Trouble::Late);
    assert!(en.2.join("\n").contains("was acknowledged"), "{en:?}");
    let mut calm = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    calm.commands = vec![send(SECOND, "A")];
    assert!(troubles(&run(&calm), Lang::En).is_empty());
}

//! Sections 2.6 and 3.10: the shortest ways to lose, double and reorder.

use crate::common::*;
use highwater_core::event::EventKind;
use highwater_core::fold::ledger::Figures;
use highwater_core::ids::*;
use highwater_core::kafka::step::Timer;
use highwater_core::scenario::{Features, Scenario};

fn figures(s: &Scenario) -> Figures {
    let sim = run(s);
    sim.ledger().figures(sim.world())
}

#[test]
fn p_a1_duplicate_after_a_lost_response_without_idempotence() {
    for (idempotence, copies) in [(false, 2), (true, 1)] {
        let mut s = scene(3, 3, &format!(r#"{{"linger.ms":0,"enable.idempotence":{idempotence}}}"#), "{}");
        s.commands = vec![drop_response(0, 1, 0), send(SECOND, "A")];
        s.until_us = 5 * SECOND;
        let f = figures(&s);
        assert_eq!((f.acked, f.in_log, f.duplicated), (1, copies, copies - 1), "idempotence {idempotence}");
    }
}

#[test]
fn p_a2_reorder_when_the_first_of_two_in_flight_is_refused() {
    // The ISR regains its second member between the arrivals of two batches: the first is refused, the second taken.
    let scene_with = |configs: &str| {
        let mut s = scene(2, 2, configs, r#"{"min.insync.replicas":2}"#);
        // The first record is taken by a broker that knows the producer from then on (D5: it would take any sequence number).
        s.commands = vec![send(SECOND / 2, "A"), stop(SECOND, 2), start(10 * SECOND, 2)];
        s.until_us = 20 * SECOND;
        s
    };
    let order = |configs: &str| {
        let mut s = scene_with(configs);
        let joined = last(&run(&s), |k| matches!(k, EventKind::IsrChanged { .. })).at_us; // the leader hears of it 2 ms later
        s.commands.extend([send(joined - MS, "A"), send(joined + MS / 2, "A")]);
        let sim = run(&s);
        let f = sim.ledger().figures(sim.world());
        let log = replica(&sim, 1).log.iter_from(Offset::ZERO).map(|e| e.payload.batch().unwrap().id.n).collect::<Vec<_>>();
        (log, f.out_of_order, f.duplicated)
    };
    assert_eq!(order(r#"{"linger.ms":0,"enable.idempotence":false}"#), (vec![0, 2, 1], 1, 0));
    assert_eq!(order(r#"{"linger.ms":0}"#), (vec![0, 1, 2], 0, 0), "idempotence keeps the order with five in flight");
    let one = r#"{"linger.ms":0,"enable.idempotence":false,"max.in.flight.requests.per.connection":1}"#;
    assert_eq!(order(one), (vec![0, 1, 2], 0, 0), "so does one in flight");
}

#[test]
fn p_a4_loss_acks_1_when_the_leader_dies_before_anybody_fetched() {
    for (acks, acked, lost) in [("1", 1, 1), ("all", 1, 0)] {
        let mut s = scene(3, 3, &format!(r#"{{"acks":"{acks}","linger.ms":0}}"#), "{}");
        s.commands = [cut(SECOND, 1, 2), cut(SECOND, 1, 3)].concat();
        s.commands.extend([send(2 * SECOND, "A"), crash(2 * SECOND + 5 * MS, 1)]);
        let f = figures(&s);
        assert_eq!((f.acked, f.lost, f.duplicated), (acked, lost, 0), "acks={acks}");
    }
}

#[test]
fn p_a5_loss_acks_all_when_the_isr_was_the_leader_alone() {
    // min.insync.replicas=1: after 2 and 3 are gone, all means one; then its page cache is lost.
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    let t = 1 + begin(&s).timers().find(|(t, _)| **t == Timer::Writeback(BrokerId(1))).expect("armed").1;
    s.commands = vec![crash(t, 2), crash(t, 3), send(t + 12 * SECOND, "A"), power_cut(t + 13 * SECOND, 1)];
    s.commands.extend([start(t + 30 * SECOND, 1), start(t + 30 * SECOND, 2), start(t + 30 * SECOND, 3)]);
    let f = figures(&s);
    assert_eq!((f.acked, f.lost), (1, 1));
}

#[test]
fn p_a6_failed_and_stored_all_the_same() {
    let mut s = scene(3, 3, r#"{"linger.ms":0,"request.timeout.ms":1000,"delivery.timeout.ms":1000}"#, "{}");
    s.commands = [cut(SECOND, 1, 2), heal(5 * SECOND, 1, 2)].concat();
    s.commands.push(send(2 * SECOND, "A"));
    s.configs.insert("replica.socket.timeout.ms".into(), 1000.into());
    s.until_us = 15 * SECOND;
    let sim = run(&s);
    assert_eq!(all(&sim, |k| matches!(k, EventKind::SendFailed { .. })).len(), 1);
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.acked, f.in_log, f.visible), (0, 1, 1));
}

#[test]
fn h4_last_replica_standing() {
    // ISR {1,2,3} -> {1}, then 1 loses power and its unflushed tail. 2 has everything and is alive.
    for (elr, leader, lost) in [(0, 1, 1), (1, 2, 0)] {
        let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#);
        s.features = Features { elr: Some(elr), ..Features::default() };
        s.configs.insert("replica.lag.time.max.ms".into(), 5000.into());
        let t = 1 + begin(&s).timers().find(|(t, _)| **t == Timer::Writeback(BrokerId(1))).expect("armed").1;
        s.commands = vec![send(t, "X"), crash(t + SECOND / 2, 3), send(t + SECOND, "Y")];
        s.commands.extend(cut(t + SECOND / 2, 1, 2));
        s.commands.push(power_cut(t + 14 * SECOND, 1));
        s.commands.extend(heal(t + 26 * SECOND, 1, 2));
        s.commands.push(start(t + 27 * SECOND, 1));
        s.until_us = t + 50 * SECOND;
        let mut sim = begin(&s);
        sim.advance_to(t + 13 * SECOND);
        assert_eq!(state(&sim).1, [1], "elr {elr}");
        sim.advance_to(s.until_us);
        let x = sim.ledger().batch(BatchId { producer: ProducerIx(0), n: 0 }).unwrap();
        assert!(x.acked, "X was acknowledged with acks=all");
        assert_eq!((state(&sim).0, sim.ledger().figures(sim.world()).lost), (Some(leader), lost), "elr {elr}");
    }
}

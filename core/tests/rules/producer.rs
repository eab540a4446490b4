//! Section 2: acks, retries, idempotence.

use crate::common::*;
use crate::world::Bench;
use highwater_core::event::{ErrorCode, EventKind};
use highwater_core::ids::*;
use highwater_core::kafka::Timer;
use highwater_core::kafka::log::{Batch, Payload};
use highwater_core::kafka::message::{Acks, Body};
use highwater_core::kafka::replica::{Idempotence, Replica};
use highwater_core::kafka::setup::RuleSet;
use highwater_core::kafka::step::{Command, Input, RequestKind};
use highwater_core::scenario::End;
use highwater_core::sim::Sim;

fn acked(k: &EventKind) -> bool {
    matches!(k, EventKind::Acked { .. })
}

#[test]
fn prod_a0_no_answer_is_waited_for_and_nothing_is_promised() {
    let mut s = scene(3, 3, r#"{"acks":"0","linger.ms":0}"#, "{}");
    s.commands = links(SECOND, End::Producer(0), End::Broker(1), true).to_vec();
    s.commands.push(send(2 * SECOND, "A"));
    let sim = run(&s);
    let ok = first(&sim, acked);
    assert_eq!(ok.at_us, 2 * SECOND, "written to the socket");
    assert!(matches!(ok.kind, EventKind::Acked { offset: None, .. }));
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.sent, f.acked, f.in_log, f.lost), (1, 0, 0, 0), "P-A3: gone, and nobody promised anything");
}

#[test]
fn prod_a0_an_error_closes_the_connection() {
    // The producer believes that 1 leads; by then it does not.
    let mut w = Bench::new(&scene(3, 3, r#"{"acks":"0","linger.ms":0}"#, "{}"));
    w.fire(Timer::Session(BrokerId(1)));
    w.deliver_all(|f| matches!(*f.body, Body::MetadataRecords { .. }));
    w.inject(
        Actor::Controller,
        Actor::Broker(BrokerId(1)),
        Body::MetadataRecords { from: 0, upto: 9, changes: w.world.controller.image() },
    );
    w.send(0);
    assert!(w.deliver(|f| matches!(*f.body, Body::Produce { .. })));
    assert!(w.has(|k| matches!(k, EventKind::Refused { error: ErrorCode::NotLeaderOrFollower, .. })));
    assert!(w.world.net.iter().any(|f| f.to == Actor::Producer(ProducerIx(0)) && matches!(*f.body, Body::Disconnect { .. })));
    assert!(!w.world.net.iter().any(|f| matches!(*f.body, Body::ProduceResponse { .. })));
}

#[test]
fn prod_a1_the_leader_answers_before_anybody_else_has_it() {
    let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    s.commands = cut(0, 1, 2).to_vec();
    s.commands.extend(cut(0, 1, 3));
    s.commands.push(send(SECOND, "A"));
    s.until_us = 2 * SECOND;
    let sim = run(&s);
    assert_eq!(first(&sim, acked).at_us, SECOND + 4 * MS);
    assert_eq!([1, 2, 3].map(|b| leo(&sim, b)), [1, 0, 0]);
}

#[test]
fn prod_a2_below_min_isr_nothing_is_appended_but_acks_1_is_and_stays_invisible() {
    for (acks, log_end, ok) in [("all", 0, 0), ("1", 1, 1)] {
        let mut s = scene(3, 3, &format!(r#"{{"acks":"{acks}","linger.ms":0}}"#), r#"{"min.insync.replicas":2}"#);
        s.commands = vec![stop(SECOND, 2), stop(2 * SECOND, 3), send(10 * SECOND, "A")];
        s.until_us = 20 * SECOND;
        let sim = run(&s);
        let refused = all(&sim, |k| matches!(k, EventKind::Refused { error: ErrorCode::NotEnoughReplicas, .. }));
        assert_eq!(refused.is_empty(), acks == "1");
        assert_eq!((leo(&sim, 1), hw(&sim, 1), all(&sim, acked).len()), (log_end, 0, ok), "acks={acks}");
    }
}

#[test]
fn prod_a2_all_means_the_current_isr() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![crash(SECOND, 2), crash(SECOND, 3), send(15 * SECOND, "A")];
    s.until_us = 20 * SECOND;
    let sim = run(&s);
    assert_eq!(first(&sim, acked).at_us, 15 * SECOND + 4 * MS, "the leader alone, at once");
}

#[test]
fn prod_a2_a_record_that_timed_out_stays_in_the_log_and_its_retry_is_recognised() {
    let mut s = scene(3, 3, r#"{"linger.ms":0,"request.timeout.ms":3000}"#, "{}");
    s.commands = [cut(SECOND, 1, 2), heal(10 * SECOND, 1, 2)].concat();
    s.commands.push(send(2 * SECOND, "A"));
    s.configs.insert("replica.socket.timeout.ms".into(), 1000.into());
    s.until_us = 25 * SECOND;
    let sim = run(&s);
    let failed = first(&sim, |k| matches!(k, EventKind::AttemptFailed { .. }));
    assert!(matches!(failed.kind, EventKind::AttemptFailed { error: ErrorCode::RequestTimedOut, .. }));
    assert_eq!(failed.at_us, 5 * SECOND);
    assert!(!all(&sim, |k| matches!(k, EventKind::DuplicateRecognised { .. })).is_empty());
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.acked, f.in_log, f.duplicated), (1, 1, 0), "D1: a duplicate's answer waits for the high watermark too");
    assert!(first(&sim, acked).at_us > 10 * SECOND);
}

// ---- 2.5, broker side

fn batch(epoch: u16, seq: u32, count: u16) -> Batch {
    Batch { id: BatchId { producer: ProducerIx(0), n: seq }, count, pid: Pid::Session(ProducerIx(0), 0), epoch, seq: Some(seq) }
}
fn check(r: &Replica, b: Batch) -> Result<Option<u32>, ErrorCode> {
    match r.check_sequence(&b, &RuleSet::default()) {
        Idempotence::New => Ok(None),
        Idempotence::Duplicate(o) => Ok(Some(o.0)),
        Idempotence::Error(e) => Err(e),
    }
}
fn with(batches: &[Batch]) -> Replica {
    let mut r = Replica::new(P0);
    for b in batches {
        r.append(Payload::Data(*b));
    }
    r
}

#[test]
fn prod_d1_a_batch_that_is_there_gets_its_old_offset() {
    let r = with(&[batch(0, 0, 2), batch(0, 2, 1)]);
    assert_eq!(check(&r, batch(0, 0, 2)), Ok(Some(0)));
    assert_eq!(check(&r, batch(0, 2, 1)), Ok(Some(2)));
    assert_eq!(check(&r, batch(0, 0, 1)), Err(ErrorCode::OutOfOrderSequenceNumber), "another last sequence is another batch");
}

#[test]
fn prod_d2_an_older_epoch_is_refused() {
    assert_eq!(check(&with(&[batch(3, 0, 1)]), batch(2, 1, 1)), Err(ErrorCode::InvalidProducerEpoch));
}

#[test]
fn prod_d3_a_newer_epoch_begins_at_0() {
    let r = with(&[batch(3, 0, 1)]);
    assert_eq!(check(&r, batch(4, 0, 1)), Ok(None));
    assert_eq!(check(&r, batch(4, 1, 1)), Err(ErrorCode::OutOfOrderSequenceNumber));
}

#[test]
fn prod_d4_the_sequence_goes_on_without_a_gap() {
    let r = with(&[batch(0, 0, 3)]);
    assert_eq!(check(&r, batch(0, 3, 1)), Ok(None));
    assert_eq!(check(&r, batch(0, 4, 1)), Err(ErrorCode::OutOfOrderSequenceNumber));
}

#[test]
fn prod_d5_an_unknown_producer_may_begin_anywhere() {
    assert_eq!(check(&with(&[]), batch(0, 17, 1)), Ok(None));
}

#[test]
fn prod_d6_five_batches_are_remembered_and_a_new_epoch_forgets_them() {
    let mut r = with(&(0..6).map(|i| batch(0, i, 1)).collect::<Vec<_>>());
    assert_eq!(check(&r, batch(0, 1, 1)), Ok(Some(1)), "the fifth newest");
    assert_eq!(check(&r, batch(0, 0, 1)), Err(ErrorCode::OutOfOrderSequenceNumber), "the sixth is no duplicate any more");
    r.append(Payload::Data(batch(1, 0, 1)));
    assert_eq!(check(&r, batch(1, 0, 1)), Ok(Some(6)));
    assert_eq!(check(&r, batch(0, 5, 1)), Err(ErrorCode::InvalidProducerEpoch));
}

#[test]
fn prod_d7_a_new_leader_recognises_what_it_copied() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    // Copied by 4 ms, committed at 6: the leader dies between.
    s.commands = vec![send(SECOND, "A"), crash(SECOND + 5 * MS, 1)];
    s.until_us = 20 * SECOND;
    let sim = run(&s);
    let seen = first(&sim, |k| matches!(k, EventKind::DuplicateRecognised { .. }));
    assert!(matches!(seen.kind, EventKind::DuplicateRecognised { broker: BrokerId(2), base: Offset(0), .. }));
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.acked, f.in_log, f.duplicated, f.lost), (1, 1, 0, 0));
}

#[test]
fn prod_d8_after_a_batch_that_never_made_it_the_rest_is_numbered_anew() {
    let mut w = Bench::new(&scene(1, 1, r#"{"linger.ms":0}"#, "{}"));
    let (p, b) = (Actor::Producer(ProducerIx(0)), Actor::Broker(BrokerId(1)));
    w.send(0); // so that the broker knows the producer
    w.deliver_all(|f| matches!(*f.body, Body::Produce { .. } | Body::ProduceResponse { .. }));
    w.step(Input::Do(Command::Cut(p, b)));
    w.send(0); // lost
    w.step(Input::Do(Command::Heal(p, b)));
    w.send(0);
    w.send(0);
    w.deliver_all(|f| matches!(*f.body, Body::Produce { .. }));
    assert!(w.has(|k| matches!(k, EventKind::Refused { error: ErrorCode::OutOfOrderSequenceNumber, .. })));
    w.fire(Timer::Delivery(BatchId { producer: ProducerIx(0), n: 1 }));
    for _ in 0..20 {
        w.deliver_all(|f| f.from != Actor::Controller && !matches!(*f.body, Body::BrokerHeartbeat { .. }));
        w.fire(Timer::RequestTimeout(p, BrokerId(1), RequestKind::Data));
        w.fire(Timer::RetryBackoff(ProducerIx(0), P0));
        w.fire(Timer::MetadataBackoff(p));
    }
    let failed: Vec<_> = w.events.iter().filter(|k| matches!(k, EventKind::SendFailed { .. })).collect();
    assert_eq!(failed.len(), 1, "only the first: {failed:?}");
    let log = &w.world.broker(BrokerId(1)).replica(P0).unwrap().log;
    let order: Vec<u32> = log.iter_from(Offset::ZERO).map(|e| e.payload.batch().unwrap().id.n).collect();
    assert_eq!(order, [0, 2, 3], "P-A9: a gap, and the order kept");
}

// ---- 2.3

#[test]
fn prod_pb5_a_batch_is_given_up_at_delivery_timeout_wherever_it_is() {
    let mut s = scene(1, 1, r#"{"linger.ms":0}"#, "{}");
    s.until_us = 130 * SECOND;
    s.commands = vec![crash(SECOND, 1), send(2 * SECOND, "A")];
    let sim = run(&s);
    let failed = first(&sim, |k| matches!(k, EventKind::SendFailed { error: ErrorCode::Timeout, .. }));
    assert_eq!(failed.at_us, 122 * SECOND);
}

#[test]
fn prod_pb5_an_expired_batch_does_not_shift_the_answers_of_its_request() {
    let mut s = scene(1, 1, r#"{"linger.ms":0,"max.in.flight.requests.per.connection":1}"#, "{}");
    s.topology.topics[0].partitions = 2;
    let mut w = Bench::new(&s);
    (0..3).for_each(|_| w.send(0)); // the second and third wait in one batch
    w.send(1);
    assert!(w.deliver(|f| matches!(*f.body, Body::Produce { .. })));
    assert!(w.deliver(|f| matches!(*f.body, Body::ProduceResponse { .. })));
    let both = |f: &highwater_core::kafka::Flight| matches!(&*f.body, Body::Produce { parts, .. } if parts.len() == 2);
    assert!(w.deliver(both), "one request for both partitions");
    w.fire(Timer::Delivery(BatchId { producer: ProducerIx(0), n: 1 }));
    assert!(w.deliver(|f| matches!(*f.body, Body::ProduceResponse { .. })));
    let ok: Vec<_> = w.events.iter().filter(|k| acked(k)).collect();
    assert!(
        matches!(ok.last(), Some(EventKind::Acked { partition: PartitionId(1), offset: Some(Offset(0)), .. })),
        "{ok:?}: partition 1 gets its own offset"
    );
}

#[test]
fn prod_pb6_an_answer_is_not_taken_for_that_of_a_request_that_was_lost() {
    let mut w = Bench::new(&scene(1, 1, r#"{"acks":"1","linger.ms":0}"#, "{}"));
    let (p, b) = (Actor::Producer(ProducerIx(0)), Actor::Broker(BrokerId(1)));
    w.step(Input::Do(Command::Cut(p, b)));
    w.send(0); // lost
    w.step(Input::Do(Command::Heal(p, b)));
    w.send(0);
    w.deliver_all(|f| matches!(*f.body, Body::Produce { .. } | Body::ProduceResponse { .. }));
    let ok: Vec<u32> = w.events.iter().filter(|k| acked(k)).filter_map(|k| k.batch().map(|b| b.n)).collect();
    assert_eq!(ok, [1], "the first is still unanswered");
    w.fire(Timer::RequestTimeout(p, BrokerId(1), RequestKind::Data));
    w.fire(Timer::RetryBackoff(ProducerIx(0), P0));
    w.deliver_all(|f| matches!(*f.body, Body::Produce { .. } | Body::ProduceResponse { .. }));
    assert_eq!(w.events.iter().filter(|k| acked(k)).count(), 2);
}

#[test]
fn prod_pb6_retries_are_counted() {
    for retries in [0, 2] {
        let configs = format!(r#"{{"linger.ms":0,"retries":{retries},"enable.idempotence":false}}"#);
        let mut s = scene(3, 3, &configs, r#"{"min.insync.replicas":2}"#);
        s.commands = vec![stop(SECOND, 2), stop(2 * SECOND, 3), send(10 * SECOND, "A")];
        let sim = run(&s);
        let refused = all(&sim, |k| matches!(k, EventKind::Refused { .. })).len();
        assert_eq!(refused, retries + 1);
        let failed = first(&sim, |k| matches!(k, EventKind::SendFailed { .. }));
        assert!(matches!(failed.kind, EventKind::SendFailed { error: ErrorCode::NotEnoughReplicas, .. }));
    }
}

#[test]
fn prod_pb6_a_retry_waits_for_the_backoff() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![drop_response(0, 1, 0), send(SECOND, "A")];
    let sim = run(&s);
    let failed = first(&sim, |k| matches!(k, EventKind::AttemptFailed { .. })).at_us;
    let again = first(&sim, |k| matches!(k, EventKind::BatchResent { .. })).at_us;
    assert!((80 * MS..=120 * MS).contains(&(again - failed)), "{} us", again - failed);
}

/// Gaps in milliseconds between a refused try and the next one.
fn waits(kafka: &str, configs: &str, seed: u64) -> Vec<u64> {
    let mut s = scene(3, 3, &format!(r#"{{"linger.ms":0,"acks":"all"{configs}}}"#), r#"{"min.insync.replicas":2}"#);
    (s.kafka, s.seed) = (kafka.into(), seed);
    s.commands = vec![stop(SECOND, 2), stop(2 * SECOND, 3), send(5 * SECOND, "A")];
    s.until_us = 14 * SECOND;
    let sim = run(&s);
    let tries = |k: &EventKind| matches!(k, EventKind::AttemptFailed { .. } | EventKind::BatchResent { .. });
    all(&sim, tries).chunks_exact(2).map(|w| (w[1].at_us - w[0].at_us) / MS).collect()
}

#[test]
fn prod_pb6_the_backoff_doubles_up_to_its_most_with_a_fifth_more_or_less() {
    let bounds = [(80, 120), (160, 240), (320, 480), (640, 960), (800, 1000), (800, 1000), (800, 1000)];
    let mut firsts = Vec::new();
    for seed in 1..6 {
        let w = waits("4.1", "", seed);
        assert!(w.len() > 7 && w.iter().zip(bounds).all(|(w, b)| (b.0..=b.1).contains(w)), "{w:?}");
        firsts.push(w[0]);
    }
    firsts.sort_unstable();
    firsts.dedup();
    assert!(firsts.len() > 2, "by seed: {firsts:?}");
    let fixed = waits("4.1", r#","retry.backoff.max.ms":100"#, 1);
    assert!(fixed.len() > 50 && fixed.iter().all(|w| *w == 100), "nothing grows beyond the most");
    assert!(waits("4.1", r#","retry.backoff.max.ms":50"#, 1).iter().all(|w| *w == 50), "and the first is no longer than that");
    assert!(waits("2.8", "", 1).iter().all(|w| *w == 100), "before 3.7 it was always the same");
}

#[test]
fn prod_pb6_a_success_lets_the_next_backoff_begin_anew() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#);
    s.commands = vec![stop(SECOND, 2), stop(2 * SECOND, 3), send(5 * SECOND, "A"), start(8 * SECOND, 2)];
    s.commands.extend([stop(30 * SECOND, 2), send(35 * SECOND, "B"), start(38 * SECOND, 2)]);
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    let at = |which: fn(&EventKind) -> bool| all(&sim, which).iter().map(|e| e.at_us).filter(|t| *t > 33 * SECOND).collect::<Vec<_>>();
    let (failed, again) = (at(|k| matches!(k, EventKind::AttemptFailed { .. })), at(|k| matches!(k, EventKind::BatchResent { .. })));
    assert!((80 * MS..=120 * MS).contains(&(again[0] - failed[0])), "B is another batch: {} us", again[0] - failed[0]);
}

#[test]
fn prod_pb2_linger_and_a_full_batch() {
    let mut s = scene(3, 3, r#"{"linger.ms":20,"batch.size":300}"#, "{}");
    s.commands = vec![send(SECOND, "A"), send(SECOND + 5 * MS, "B"), send(2 * SECOND, "C")];
    s.commands.extend((0..4).map(|i| send(3 * SECOND + i * MS, "D")));
    s.until_us = 4 * SECOND;
    let sim = run(&s);
    let sent: Vec<u64> = all(&sim, |k| matches!(k, EventKind::BatchSent { .. })).iter().map(|e| e.at_us / MS).collect();
    assert_eq!(sent, [1020, 2020, 3002, 3023], "after linger, or when full: three records of 100 bytes");
    assert_eq!(keys(&sim, 1), "ABCDDDD");
}

// ---- 0.5: defaults and checks by release

/// acks, idempotence, and whether a batch lingers, as a release makes them of these configs; or what it says.
fn made_of(kafka: &str, configs: &str) -> Result<(Acks, bool, bool), String> {
    let text = scene(3, 3, "{}", "{}").to_json().replace(r#""kafka": "4.1""#, &format!(r#""kafka": "{kafka}""#));
    let text = text.replace(r#""name": "checkout""#, &format!(r#""name": "checkout", "configs": {configs}"#));
    let s = highwater_core::scenario::Scenario::parse(&text).map_err(|e| e.to_string())?;
    let (setup, _) = highwater_core::scenario::build::build(&s).map_err(|e| e.to_string())?;
    let p = &setup.producers[0];
    Ok((p.acks, p.idempotence, !p.no_linger))
}

#[test]
fn prod_defaults_of_acks_idempotence_and_linger_by_release() {
    for (kafka, want) in [
        ("2.8", (Acks::Leader, false, false)),
        ("3.9", (Acks::All, true, false)),
        ("4.0", (Acks::All, true, true)),
        ("4.4", (Acks::All, true, true)),
    ] {
        assert_eq!(made_of(kafka, "{}"), Ok(want), "{kafka}");
    }
}

#[test]
fn prod_fall_backs_between_acks_retries_in_flight_and_idempotence_by_release() {
    let idempotent = |kafka: &str, configs: &str| made_of(kafka, configs).map(|x| x.1);
    for kafka in ["3.9", "4.0", "4.3"] {
        assert_eq!(idempotent(kafka, r#"{"acks":"1"}"#), Ok(false), "{kafka}: silently");
        assert_eq!(idempotent(kafka, r#"{"retries":0}"#), Ok(false), "{kafka}: silently");
    }
    const SIX: &str = r#"{"max.in.flight.requests.per.connection":6}"#;
    assert_eq!(idempotent("3.9", SIX), Ok(false), "silently, before 4.0");
    for kafka in ["4.0", "4.4"] {
        assert!(idempotent(kafka, SIX).unwrap_err().contains("ConfigException"), "{kafka}");
    }
    for kafka in ["2.8", "3.9", "4.1"] {
        for other in [r#""acks":"1""#, r#""retries":0"#, r#""max.in.flight.requests.per.connection":6"#] {
            let e = idempotent(kafka, &format!(r#"{{"enable.idempotence":true,{other}}}"#)).unwrap_err();
            assert!(e.contains("ConfigException"), "{kafka} {other}: {e}");
        }
    }
    assert_eq!(made_of("2.8", r#"{"enable.idempotence":true}"#), Ok((Acks::All, true, false)), "acks was not set: it follows");
}

#[test]
fn prod_an_unknown_release_is_refused_and_small_segments_are_allowed_before_4_0() {
    assert!(made_of("1.0", "{}").unwrap_err().contains("2.8, 3.9, 4.0"));
    let text = scene(3, 3, "{}", "{}")
        .to_json()
        .replace(r#""replication.factor": 3"#, r#""replication.factor": 3, "configs": {"segment.bytes": 100}"#);
    assert!(highwater_core::scenario::Scenario::parse(&text).is_err());
    assert!(highwater_core::scenario::Scenario::parse(&text.replace("4.1", "3.9")).is_ok());
}

// ---- 2.2

/// Partitions of records without a key, one every millisecond, of 1000 bytes each.
fn sticky(count: u32, commands: Vec<highwater_core::scenario::TimedCommand>, configs: &str) -> Vec<u16> {
    let mut s = scene(3, 3, configs, "{}");
    s.topology.topics[0].partitions = 3;
    let work = serde_json::json!([{ "producer": "checkout", "topic": "pay", "start_us": SECOND, "every_us": 1000, "count": count, "bytes": 1000 }]);
    s.workload = serde_json::from_value(work).unwrap();
    s.commands = commands;
    s.until_us = 5 * SECOND;
    let sim = run(&s);
    sim.events()
        .iter()
        .filter_map(|e| if let EventKind::RecordSent { partition, .. } = e.kind { Some(partition.0) } else { None })
        .collect()
}

#[test]
fn prod_p4_a_partition_is_kept_until_batch_size_and_no_batch_is_left_half_full() {
    let went = sticky(60, Vec::new(), r#"{"batch.size":4000,"linger.ms":1000}"#);
    for run in went.chunk_by(|a, b| a == b).take(5) {
        assert_eq!(run.len() % 4, 0, "whole batches of four: {went:?}");
    }
    let went = sticky(60, Vec::new(), r#"{"batch.size":3500,"linger.ms":1000}"#);
    assert_eq!(
        went.chunk_by(|a, b| a == b).next().unwrap().len() % 7,
        0,
        "3500 bytes leave the fourth record's batch half full; 7000 do: {went:?}"
    );
}

#[test]
fn prod_p4_adaptive_partitioning_turns_away_from_a_partition_whose_queue_grows() {
    // Broker 3 answers nobody: the queue of its partition grows.
    let slow = || links(SECOND / 2, End::Producer(0), End::Broker(3), true).to_vec();
    let share = |configs: &str| {
        let went = sticky(2000, slow(), configs);
        went.iter().filter(|p| **p == 2).count()
    };
    let (adaptive, uniform) = (
        share(r#"{"batch.size":2000,"linger.ms":0}"#),
        share(r#"{"batch.size":2000,"linger.ms":0,"partitioner.adaptive.partitioning.enable":false}"#),
    );
    assert!(adaptive * 4 < uniform, "{adaptive} of 2000 against {uniform}");
}

#[test]
fn prod_p3_ignore_keys_makes_keyed_records_sticky() {
    let mut s = scene(3, 3, r#"{"partitioner.ignore.keys":true}"#, "{}");
    s.topology.topics[0].partitions = 6;
    s.commands = ["21", "a", "hello", "user-42"].map(|k| send(SECOND, k)).to_vec();
    let sim = run(&s);
    let went: Vec<_> = sim
        .events()
        .iter()
        .filter_map(|e| if let EventKind::RecordSent { partition, .. } = e.kind { Some(partition) } else { None })
        .collect();
    assert!(went.windows(2).all(|w| w[0] == w[1]), "{went:?}");
}

// ---- 2.4

#[test]
fn prod_a2_from_3_7_on_an_isr_that_shrinks_after_the_append_leaves_the_answer_waiting() {
    let mut w = Bench::new(&scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#));
    w.deliver_all(|f| matches!(*f.body, Body::Fetch { .. }));
    w.send(0);
    assert!(w.deliver(|f| matches!(*f.body, Body::Produce { .. })));
    // The record is appended under an ISR of three. The controller fences both followers before either has told the leader
    // that it has the record.
    for b in [2, 3] {
        w.fire(Timer::Session(BrokerId(b)));
    }
    w.deliver_all(|f| f.from == Actor::Controller);
    w.deliver_all(|f| f.from != Actor::Controller && f.to != Actor::Controller);
    let after = w.has(|k| matches!(k, EventKind::AttemptFailed { error: ErrorCode::NotEnoughReplicasAfterAppend, .. }));
    let acked = w.has(acked);
    assert!(!after && !acked, "strict min ISR (3.7+): the high watermark stands still, so the answer waits for request.timeout.ms");
}

#[test]
fn prod_p2_round_robin_takes_partitions_in_turn_and_looks_at_no_key() {
    let class = r#"{"linger.ms":0,"partitioner.class":"org.apache.kafka.clients.producer.RoundRobinPartitioner"}"#;
    let mut s = scene(3, 3, class, "{}");
    s.topology.topics[0].partitions = 3;
    s.commands = (0..7).map(|i| send(SECOND + i * 100 * MS, "A")).collect();
    s.until_us = 5 * SECOND;
    let sim = run(&s);
    let went = |e: &highwater_core::event::Event| match e.kind {
        EventKind::RecordSent { partition, .. } => Some(partition.0),
        _ => None,
    };
    assert_eq!(sim.events().iter().filter_map(went).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2, 0]);
    let other = s.to_json().replace("RoundRobinPartitioner", "MyPartitioner");
    assert!(highwater_core::scenario::Scenario::parse(&other).unwrap_err().to_string().contains("RoundRobinPartitioner"));
}

#[test]
fn prod_p1_a_record_goes_to_the_partition_that_it_names() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.topology.topics[0].partitions = 3;
    let mut b = Bench::new(&s);
    for partition in [2, 0, 2] {
        b.send(partition);
    }
    let went: Vec<u16> =
        b.events.iter().filter_map(|k| if let EventKind::RecordSent { partition, .. } = k { Some(partition.0) } else { None }).collect();
    assert_eq!(went, [2, 0, 2]);
}

#[test]
fn prod_d7_a_silent_producer_is_forgotten_by_every_replica_and_never_within_a_transaction() {
    let forgotten = |sim: &Sim| all(sim, |k| matches!(k, EventKind::ProducerForgotten { .. })).len();
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.configs.insert("producer.id.expiration.ms".into(), 3000.into());
    s.commands = vec![send(SECOND, "A"), send(2 * SECOND, "B")];
    s.until_us = 10 * SECOND;
    let sim = run(&s);
    assert_eq!(forgotten(&sim), 3, "on the leader and on both followers");
    assert!(first(&sim, |k| matches!(k, EventKind::ProducerForgotten { .. })).at_us >= 5 * SECOND, "three seconds after the newest batch");
    assert!((1..=3).all(|b| replica(&sim, b).producers.is_empty()));
    let mut s = scene(3, 3, r#"{"linger.ms":0,"transactional.id":"tx"}"#, "{}");
    s.configs.insert("producer.id.expiration.ms".into(), 3000.into());
    s.commands = vec![send(SECOND, "A")];
    s.until_us = 10 * SECOND;
    assert_eq!(forgotten(&run(&s)), 0, "its transaction is open");
}

#[test]
fn prod_d7_what_is_forgotten_follows_the_log_through_crashes_and_truncations() {
    let mut s = scene(3, 3, r#"{"linger.ms":0,"acks":"1","retries":0,"enable.idempotence":false}"#, "{}");
    s.topology.producers.push(serde_json::from_str(r#"{"name":"careful","configs":{"linger.ms":0}}"#).unwrap());
    s.workload = vec![
        serde_json::from_str(r#"{"producer":"careful","topic":"pay","keys":["A"],"start_us":500000,"every_us":700000,"count":40}"#)
            .unwrap(),
    ];
    s.configs.insert("producer.id.expiration.ms".into(), 1500.into());
    s.commands = [cut(5 * SECOND, 1, 2), cut(5 * SECOND, 1, 3)].concat();
    s.commands.extend([heal(15 * SECOND, 1, 2), heal(15 * SECOND, 1, 3)].concat());
    s.commands.extend([crash(6 * SECOND, 1), start(16 * SECOND, 1), power_cut(22 * SECOND, 2), start(25 * SECOND, 2)]);
    s.until_us = 45 * SECOND;
    let mut sim = begin(&s);
    for at in 1..450 {
        sim.advance_to(at * SECOND / 10);
        let (implied, armed) = implied_and_armed(&sim);
        assert_eq!(armed, implied, "at {at}00 ms");
    }
    assert!(!all(&sim, |k| matches!(k, EventKind::Truncated { .. })).is_empty(), "a log was cut");
    assert!(!all(&sim, |k| matches!(k, EventKind::ProducerForgotten { .. })).is_empty());
}

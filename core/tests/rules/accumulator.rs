//! prod.PB1, PB3 and PB4: the producer's memory, what goes into a request, and what must wait.

use crate::common::*;
use crate::world::Bench;
use highwater_core::event::{ErrorCode, EventKind, MessageKind, TxnEvent};
use highwater_core::ids::*;
use highwater_core::kafka::message::{Body, ConnGen};
use highwater_core::kafka::step::Timer;
use highwater_core::kafka::transaction::TxnBody;
use highwater_core::scenario::{Do, End, Features, Scenario};
use highwater_core::sim::Sim;
use smallvec::smallvec;

const BROKER: Actor = Actor::Broker(BrokerId(1));
const PRODUCER: Actor = Actor::Producer(ProducerIx(0));

/// When such things happened, in milliseconds.
fn times(sim: &Sim, which: impl Fn(&EventKind) -> bool) -> Vec<u64> {
    all(sim, which).iter().map(|e| e.at_us / MS).collect()
}

/// Memory for two batches; four records, 100 ms apart.
fn two_batches(configs: &str) -> Scenario {
    let mut s = scene(3, 3, &format!(r#"{{"linger.ms":0,"buffer.memory":32768{configs}}}"#), "{}");
    s.commands = [("A", 10), ("B", 11), ("C", 12), ("D", 13)].map(|(k, t)| send(t * SECOND / 10, k)).to_vec();
    s
}

#[test]
fn prod_pb1_without_memory_send_blocks_for_max_block_ms_and_throws() {
    let mut s = two_batches(r#","max.block.ms":1000"#);
    s.commands.extend(links(SECOND / 2, End::Producer(0), End::Broker(1), true));
    s.commands.extend(links(10 * SECOND, End::Producer(0), End::Broker(1), false));
    let sim = run(&s);
    let blocked = |k: &EventKind| matches!(k, EventKind::SendBlocked { .. });
    let threw = |k: &EventKind| matches!(k, EventKind::SendRefused { error: ErrorCode::BufferExhausted, .. });
    // The application sends D once its send() of C has ended.
    assert_eq!((times(&sim, blocked), times(&sim, threw)), (vec![1200, 2200], vec![2200, 3200]));
    assert_eq!(keys(&sim, 1), "AB", "what had its memory is tried again when the link is back");
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.sent, f.acked, f.in_log), (4, 2, 2));
}

#[test]
fn prod_pb1_an_answer_makes_room_and_the_order_is_kept() {
    let mut s = two_batches("");
    s.commands.push(at(SECOND / 2, Do::SlowLink { from: End::Producer(0), to: End::Broker(1), extra_us: SECOND }));
    let sim = run(&s);
    assert_eq!(keys(&sim, 1), "ABCD");
    let batched = times(&sim, |k| matches!(k, EventKind::Batched { .. }));
    let answered = times(&sim, |k| matches!(k, EventKind::Acked { .. }));
    assert_eq!(batched[2..], [answered[0]; 2], "C goes on when A is answered, and D joins its batch");
    assert_eq!(times(&sim, |k| matches!(k, EventKind::SendBlocked { .. })), [1200]);
    // With the default of 32 MiB nobody waits.
    s.topology.producers[0].configs.remove("buffer.memory");
    assert_eq!(times(&run(&s), |k| matches!(k, EventKind::SendBlocked { .. })), [0_u64; 0]);
}

#[test]
fn prod_pb1_what_lingers_leaves_when_somebody_waits_for_memory() {
    let mut s = scene(3, 3, r#"{"linger.ms":10000,"buffer.memory":32768}"#, "{}");
    s.topology.topics[0].partitions = 3;
    s.commands = vec![send(SECOND, "D"), send(2 * SECOND, "A"), send(3 * SECOND, "ann")];
    s.until_us = 20 * SECOND;
    let sim = run(&s);
    assert_eq!(times(&sim, |k| matches!(k, EventKind::BatchSent { .. })), [3000, 3000, 13_000 + 8], "the third waited for an answer first");
}

#[test]
fn prod_pb3_a_record_beyond_max_request_size_is_refused_by_send() {
    // 61 for a batch, 21 + 1 + 2 + 1 for what is beside key and value, and these.
    for (limit, errors) in [(185, 1), (186, 0)] {
        let mut s = scene(3, 3, &format!(r#"{{"linger.ms":0,"max.request.size":{limit}}}"#), "{}");
        s.commands = vec![send(SECOND, "A"), send(2 * SECOND, "B")];
        let sim = run(&s);
        let threw = times(&sim, |k| matches!(k, EventKind::SendRefused { error: ErrorCode::RecordTooLarge, .. }));
        assert_eq!((threw.len(), keys(&sim, 1).len()), (2 * errors, 2 - 2 * errors), "{limit}");
    }
    let mut s = scene(3, 3, r#"{"linger.ms":0,"buffer.memory":100}"#, "{}");
    s.commands = vec![send(SECOND, "A")];
    assert_eq!(times(&run(&s), |k| matches!(k, EventKind::SendRefused { error: ErrorCode::RecordTooLarge, .. })), [1000]);
}

#[test]
fn prod_pb3_a_request_ends_at_max_request_size_and_the_next_begins_there() {
    // Three partitions of one broker; a batch takes 61 + 7 + 100 bytes, so two go into a request.
    let mut s = scene(1, 1, r#"{"batch.size":100,"max.request.size":400,"max.in.flight.requests.per.connection":1}"#, "{}");
    s.topology.topics[0].partitions = 3;
    s.commands = ["D", "D", "D", "A", "A", "A", "ann", "ann", "ann"].map(|k| send(SECOND, k)).to_vec();
    s.until_us = 2 * SECOND;
    let sim = run(&s);
    let mut requests: Vec<Vec<u16>> = Vec::new();
    for e in sim.events().iter() {
        match e.kind {
            EventKind::BatchSent { partition, .. } => match requests.last_mut() {
                Some(r) if r.last() != Some(&u16::MAX) => r.push(partition.0),
                _ => requests.push(vec![partition.0]),
            },
            EventKind::Sent { message: MessageKind::Produce, .. } => requests.last_mut().expect("it holds batches").push(u16::MAX),
            _ => {}
        }
    }
    requests.iter_mut().for_each(|r| assert_eq!(r.pop(), Some(u16::MAX)));
    assert_eq!(requests, [vec![0], vec![0, 1], vec![2, 0], vec![1, 2], vec![1, 2]]);
    s.topology.producers[0].configs.insert("max.request.size".into(), 1_048_576.into());
    let most = all(&run(&s), |k| matches!(k, EventKind::Sent { message: MessageKind::Produce, .. }));
    assert_eq!(most.len(), 4, "then three go together");
}

#[test]
fn prod_pb1_pb3_in_a_transaction_an_exception_of_send_leaves_only_the_abort() {
    let mut s = scene(3, 3, r#"{"linger.ms":0,"transactional.id":"till","max.request.size":150}"#, "{}");
    s.commands = vec![send(SECOND, "A"), at(2 * SECOND, Do::CommitTransaction { producer: "checkout".into() })];
    s.until_us = 10 * SECOND;
    let sim = run(&s);
    let failed = |k: &EventKind| matches!(k, EventKind::Txn(TxnEvent::Failed { error: ErrorCode::RecordTooLarge, fatal: false, .. }));
    assert_eq!(times(&sim, failed), times(&sim, |k| matches!(k, EventKind::SendRefused { .. })));
    assert_eq!(keys(&sim, 1), "");
    assert_eq!(times(&sim, |k| matches!(k, EventKind::Txn(TxnEvent::Ending { commit: true, .. }))), [0_u64; 0]);
}

// ---- PB4

/// Batches that went out, by number, since the last look.
fn sent(b: &mut Bench) -> Vec<u32> {
    let went = |k: &EventKind| match k {
        EventKind::BatchSent { batch, .. } | EventKind::BatchResent { batch, .. } => Some(batch.n),
        _ => None,
    };
    std::mem::take(&mut b.events).iter().filter_map(went).collect()
}

fn answer(b: &mut Bench, n: u32, result: Result<Offset, ErrorCode>) {
    let batch = BatchId { producer: ProducerIx(0), n };
    b.inject(BROKER, PRODUCER, Body::ProduceResponse { conn: ConnGen::default(), parts: smallvec![(P0, batch, result)] });
}

#[test]
fn prod_pb4_a_retry_goes_only_as_the_oldest_without_an_answer() {
    let mut b = Bench::new(&scene(3, 3, r#"{"linger.ms":0}"#, "{}"));
    (0..4).for_each(|_| b.send(0));
    assert_eq!(sent(&mut b), [0, 1, 2, 3]);
    answer(&mut b, 0, Err(ErrorCode::NotEnoughReplicas));
    answer(&mut b, 1, Err(ErrorCode::OutOfOrderSequenceNumber));
    b.send(0);
    assert_eq!(sent(&mut b), [0_u32; 0], "the partition backs off, new batches too");
    b.fire(Timer::RetryBackoff(ProducerIx(0), P0));
    assert_eq!(sent(&mut b), [0], "1 has 0 before it");
    answer(&mut b, 2, Err(ErrorCode::OutOfOrderSequenceNumber));
    b.fire(Timer::RetryBackoff(ProducerIx(0), P0));
    assert_eq!(sent(&mut b), [0_u32; 0], "so has 2");
    answer(&mut b, 0, Ok(Offset(0)));
    assert_eq!(sent(&mut b), [1], "3 is younger and out: it does not matter; 2 has 1 before it");
    answer(&mut b, 1, Ok(Offset(1)));
    assert_eq!(sent(&mut b), [2, 4], "and a batch without a number yet goes behind it");
}

#[test]
fn prod_pb4_with_one_in_flight_a_partition_is_muted() {
    let mut b = Bench::new(&scene(3, 3, r#"{"linger.ms":0,"max.in.flight.requests.per.connection":1}"#, "{}"));
    (0..3).for_each(|_| b.send(0));
    assert_eq!(sent(&mut b), [0]);
    answer(&mut b, 0, Ok(Offset(0)));
    assert_eq!(sent(&mut b), [1]);
}

#[test]
fn prod_pb4_a_new_epoch_waits_for_batches_of_the_old_one() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.topology.topics[0].partitions = 4; // 0 and 3 are led by broker 1
    let mut b = Bench::new(&s);
    b.send(0);
    b.send(3);
    assert_eq!(sent(&mut b), [0, 1]);
    // Batch 0 is refused for a gap that is none of the client's: it bumps its epoch (prod.D8).
    answer(&mut b, 0, Err(ErrorCode::OutOfOrderSequenceNumber));
    b.send(3);
    assert_eq!(sent(&mut b), [0_u32; 0], "batch 1 of the old epoch is still out to partition 3");
    let one = BatchId { producer: ProducerIx(0), n: 1 };
    let parts = smallvec![(PartitionId(3), one, Ok(Offset(0)))];
    b.inject(BROKER, PRODUCER, Body::ProduceResponse { conn: ConnGen::default(), parts });
    assert_eq!(sent(&mut b), [2]);
}

#[test]
fn prod_pb4_nothing_of_a_transaction_leaves_before_its_coordinator_knows() {
    let mut s = scene(3, 3, r#"{"linger.ms":0,"transactional.id":"till"}"#, "{}");
    s.features = Features { transaction: Some(1), ..Features::default() };
    let mut b = Bench::new(&s);
    b.send(0);
    assert_eq!(sent(&mut b), [0_u32; 0], "no producer id yet");
    let to_producer = |f: &highwater_core::kafka::Flight| f.to == PRODUCER;
    let is = |wanted: fn(&TxnBody) -> bool| {
        move |f: &highwater_core::kafka::Flight| matches!(&*f.body, Body::Txn(t) if wanted(t)) && f.to == PRODUCER
    };
    let until = |wanted: fn(&TxnBody) -> bool, b: &mut Bench| {
        for _ in 0..100 {
            if b.deliver(is(wanted)) {
                return;
            }
            assert!(b.deliver(|f| !to_producer(f)), "it comes");
        }
        panic!("no such answer");
    };
    until(|t| matches!(t, TxnBody::InitProducerIdResponse { .. }), &mut b);
    assert_eq!(sent(&mut b), [0_u32; 0], "the partition is not part of the transaction yet");
    until(|t| matches!(t, TxnBody::AddPartitionsToTxnResponse { .. }), &mut b);
    assert_eq!(sent(&mut b), [0]);
    assert!(b.world.net.iter().any(|f| matches!(&*f.body, Body::Produce { .. })));
}

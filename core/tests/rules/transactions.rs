//! Section 6: transactions.

use crate::common::*;
use crate::world::Bench;
use highwater_core::event::{ErrorCode, EventKind, MessageKind, TxnEvent};
use highwater_core::fold::invariants::violations;
use highwater_core::fold::ledger::Figures;
use highwater_core::ids::*;
use highwater_core::kafka::log::Batch;
use highwater_core::kafka::message::Body;
use highwater_core::kafka::step::{Command, Input, Timer, TxnTimer};
use highwater_core::kafka::transaction::client::Phase;
use highwater_core::kafka::transaction::{TxnBody, TxnState};
use highwater_core::scenario::{Do, Scenario};
use highwater_core::sim::Sim;

const READER: &str = r#"{"group":"billing","topics":["pay"],"handling_us":1000,"commit":"after_handling",
    "configs":{"auto.offset.reset":"earliest","isolation.level":"LEVEL"}}"#;

/// `pay` on three brokers; `checkout` with `transactional.id` tx; a reader.
fn transactional(configs: &str, level: &str, version: u8) -> Scenario {
    let producer = format!(r#"{{"linger.ms":0,"transactional.id":"tx"{configs}}}"#);
    let mut s = with_consumer(scene(3, 3, &producer, r#"{"min.insync.replicas":2}"#), &READER.replace("LEVEL", level));
    s.features.transaction = Some(version);
    s.until_us = 20 * SECOND;
    s
}

fn commit(at_us: u64) -> highwater_core::scenario::TimedCommand {
    at(at_us, Do::CommitTransaction { producer: "checkout".into() })
}
fn abort(at_us: u64) -> highwater_core::scenario::TimedCommand {
    at(at_us, Do::AbortTransaction { producer: "checkout".into() })
}

fn figures(sim: &Sim) -> Figures {
    sim.ledger().figures(sim.world())
}
fn txn(sim: &Sim, which: impl Fn(&TxnEvent) -> bool) -> Vec<(u64, TxnEvent)> {
    let all = sim.events().iter();
    all.filter_map(|e| match e.kind {
        EventKind::Txn(t) if which(&t) => Some((e.at_us, t)),
        _ => None,
    })
    .collect()
}
fn states(sim: &Sim) -> Vec<(TxnState, u16)> {
    let all = txn(sim, |t| matches!(t, TxnEvent::State { .. }));
    all.iter()
        .filter_map(|e| match e.1 {
            TxnEvent::State { state, id, .. } => Some((state, id.epoch)),
            _ => None,
        })
        .collect()
}
fn sound(sim: &Sim) {
    assert_eq!(violations(sim.world(), sim.ledger()), []);
}

#[test]
fn txn_t5_a_commit_goes_through_all_states_and_is_read() {
    use TxnState::*;
    for (version, want) in [
        (2, vec![(Empty, 0), (Ongoing, 0), (PrepareCommit, 1), (CompleteCommit, 1)]),
        (1, vec![(Empty, 0), (Ongoing, 0), (PrepareCommit, 0), (CompleteCommit, 0)]),
    ] {
        let mut s = transactional("", "read_committed", version);
        s.commands = vec![send(SECOND, "A"), send(SECOND + 1, "B"), commit(2 * SECOND)];
        let sim = run(&s);
        assert_eq!(states(&sim), want, "transaction.version {version}");
        let f = figures(&sim);
        assert_eq!((f.acked, f.in_log, f.visible, f.delivered, f.effects, f.aborted, f.lost), (2, 2, 2, 2, 2, 0, 0));
        // txn.M6: two records and a marker.
        assert_eq!((leo(&sim, 1), sim.world().consumers[0].position(P0)), (3, Some(Offset(3))));
        assert_eq!(sim.world().producers[0].txn.as_ref().unwrap().phase, Phase::Ready);
        sound(&sim);
    }
}

#[test]
fn txn_t5_the_client_is_answered_before_the_markers_are_written() {
    let mut s = transactional("", "read_committed", 2);
    s.commands = vec![send(SECOND, "A"), commit(2 * SECOND)];
    let sim = run(&s);
    let ended = txn(&sim, |t| matches!(t, TxnEvent::Ended { .. }))[0].0;
    let complete = txn(&sim, |t| matches!(t, TxnEvent::State { state: TxnState::CompleteCommit, .. }))[0].0;
    assert!(ended < complete, "{ended} {complete}");
}

#[test]
fn txn_m4_aborted_records_stay_in_the_log_and_only_read_uncommitted_sees_them() {
    for (level, delivered) in [("read_committed", 1), ("read_uncommitted", 3)] {
        for version in [1, 2] {
            let mut s = transactional("", level, version);
            s.commands = vec![send(SECOND, "A"), send(SECOND + 1, "B"), abort(2 * SECOND), send(3 * SECOND, "C"), commit(4 * SECOND)];
            let sim = run(&s);
            let f = figures(&sim);
            assert_eq!((f.in_log, f.visible, f.aborted, f.lost), (3, 3, 2, 0), "{level} {version}");
            assert_eq!((f.delivered, f.effects), (delivered, delivered), "{level} {version}");
            assert_eq!(sim.world().consumers[0].position(P0), Some(Offset(5)), "three records and two markers");
            sound(&sim);
        }
    }
}

#[test]
fn txn_m3_an_open_transaction_holds_back_everybody_elses_records() {
    for (level, early) in [("read_committed", 0), ("read_uncommitted", 2)] {
        let mut s = transactional("", level, 2);
        s.topology.producers.push(serde_json::from_str(r#"{"name":"plain","configs":{"linger.ms":0}}"#).unwrap());
        let plain = Do::Send {
            producer: "plain".into(),
            topic: "pay".into(),
            key: Some("P".into()),
            tombstone: false,
            timestamp_ms: None,
            poison: false,
        };
        s.commands = vec![send(SECOND, "A"), at(2 * SECOND, plain), commit(5 * SECOND)];
        let mut sim = begin(&s);
        sim.advance_to(4 * SECOND);
        assert_eq!((figures(&sim).delivered, replica(&sim, 1).last_stable().0, hw(&sim, 1)), (early, 0, 2), "{level}");
        sim.advance_to(10 * SECOND);
        assert_eq!((figures(&sim).delivered, replica(&sim, 1).last_stable().0), (2, 3), "{level}");
        sound(&sim);
    }
}

#[test]
fn txn_t7_a_transaction_that_stays_open_is_aborted_and_its_producer_fenced() {
    for version in [1, 2] {
        let mut s = transactional(r#","transaction.timeout.ms":20000"#, "read_committed", version);
        s.commands = vec![send(SECOND, "A"), send(50 * SECOND, "B"), commit(51 * SECOND)];
        s.until_us = 60 * SECOND;
        let sim = run(&s);
        let aborted = txn(&sim, |t| matches!(t, TxnEvent::State { state: TxnState::CompleteAbort, .. }))[0].0;
        assert!((21 * SECOND..32 * SECOND).contains(&aborted), "{aborted}: the timeout, then up to ten seconds");
        let refused = first(&sim, |k| matches!(k, EventKind::SendFailed { error: ErrorCode::InvalidProducerEpoch, .. }));
        assert!(refused.at_us > 50 * SECOND, "X3: a batch of an old epoch");
        let fatal = txn(&sim, |t| matches!(t, TxnEvent::Failed { error: ErrorCode::ProducerFenced, fatal: true, .. }));
        // With an epoch for each transaction, the abort of one that was aborted is the answer that it waits for (W3).
        assert_eq!(fatal.len(), usize::from(version == 1), "EndTxn of an old epoch, transaction.version {version}");
        assert_eq!((figures(&sim).delivered, figures(&sim).aborted, figures(&sim).lost), (0, 1, 0));
        sound(&sim);
    }
}

#[test]
fn txn_t7_a_commit_after_the_timeout_is_refused() {
    for (version, error) in [(1, ErrorCode::ProducerFenced), (2, ErrorCode::InvalidTxnState)] {
        let mut s = transactional(r#","transaction.timeout.ms":5000"#, "read_committed", version);
        s.commands = vec![send(SECOND, "A"), commit(30 * SECOND)];
        s.until_us = 40 * SECOND;
        let sim = run(&s);
        let failed = txn(&sim, |t| matches!(t, TxnEvent::Failed { .. }));
        assert!(matches!(failed[..], [(_, TxnEvent::Failed { error: e, fatal: true, .. })] if e == error), "{version}: {failed:?}");
    }
}

#[test]
fn txn_t1_t7_whoever_ends_an_open_transaction_raises_the_epoch_once() {
    for version in [1, 2] {
        let mut s = transactional(r#","transaction.timeout.ms":5000"#, "read_committed", version);
        s.commands = vec![send(SECOND, "A")];
        s.until_us = 40 * SECOND;
        let aborted = |(state, _): &&(TxnState, u16)| *state == TxnState::PrepareAbort;
        assert_eq!(states(&run(&s)).iter().find(aborted), Some(&(TxnState::PrepareAbort, 1)), "a timeout, transaction.version {version}");
        let zombie = shipped("zombie-fenced");
        let mut zombie =
            Scenario { features: highwater_core::scenario::Features { transaction: Some(version), ..zombie.features }, ..zombie };
        zombie.until_us = zombie.until_us.max(20 * SECOND);
        let epochs: Vec<u16> = states(&run(&zombie)).iter().filter(aborted).map(|s| s.1).take(1).collect();
        assert_eq!(epochs, [1], "initTransactions() of the next, transaction.version {version}");
    }
}

const LOOP: &str = r#"{"group":"billing","topics":["pay"],"handling_us":1000,
    "output":{"topic":"out","configs":{"linger.ms":0,"transactional.id":"tx"}},
    "configs":{"auto.offset.reset":"earliest","max.poll.records":2,"group.instance.id":"loop"}}"#;

/// `pay` is read, `out` is written, in transactions.
fn consume_transform_produce(app: &str, version: u8) -> Scenario {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#);
    s.topology.topics.push(serde_json::from_str(r#"{"name":"out","partitions":1,"replication.factor":3}"#).unwrap());
    s.apps = vec![serde_json::from_str(app).unwrap()];
    s.features.transaction = Some(version);
    s.until_us = 30 * SECOND;
    parse(&s.to_json())
}

#[test]
fn txn_t4_output_and_offsets_are_committed_together() {
    for version in [1, 2] {
        let mut s = consume_transform_produce(LOOP, version);
        s.commands = (0..5).map(|i| send(SECOND + i, "A")).collect();
        let sim = run(&s);
        let f = figures(&sim);
        assert_eq!((f.sent, f.acked, f.in_log, f.effects, f.lost, f.aborted), (10, 10, 10, 5, 0, 0), "version {version}");
        let coordinator = sim.setup().groups[0].coordinator;
        let leader = sim.setup().first_leader(coordinator);
        assert_eq!(sim.world().broker(leader).committed(sim.setup(), GroupIx(0)).to_vec(), [(P0, Offset(5))]);
        sound(&sim);
    }
}

#[test]
fn txn_a_crash_in_the_middle_repeats_effects_and_not_output() {
    for version in [1, 2] {
        let mut s = consume_transform_produce(LOOP, version);
        s.commands = (0..40).map(|i| send(SECOND + i * 30 * MS, "A")).collect();
        for (down, up) in [(1_500, 1_800), (2_003, 2_400), (2_500, 2_505)] {
            s.commands.push(at(down * MS, Do::CrashConsumer { consumer: 0 }));
            s.commands.push(at(up * MS, Do::StartConsumer { consumer: 0 }));
        }
        let sim = run(&s);
        let f = figures(&sim);
        let out = sim.world().broker(BrokerId(1)).replica(PartitionId(1)).unwrap();
        let committed =
            out.log.iter_from(Offset::ZERO).filter(|e| e.payload.batch().is_some_and(|b| out.txns.outcome(b.pid, e.base) == Some(true)));
        let records: u32 = committed.map(|e| e.payload.count()).sum();
        assert_eq!(records, 40, "version {version}: each input once");
        assert!(f.effects >= 40 && f.lost == 0, "{f:?}");
        sound(&sim);
    }
}

// ---- section 6.6: anomalies

/// A scenario that is shipped.
fn shipped(name: &str) -> Scenario {
    let path = format!("{}/../assets/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    parse(&std::fs::read_to_string(path).unwrap())
}

/// `checkout`'s open transaction on one broker, with the produce request of its second record on its way.
fn a_late_batch(version: u8, verify: bool) -> Bench {
    let mut s = scene(1, 1, r#"{"linger.ms":0,"transactional.id":"tx"}"#, "{}");
    s.features.transaction = Some(version);
    s.configs.insert("transaction.partition.verification.enable".into(), verify.into());
    let mut b = Bench::new(&s);
    b.deliver_all(|_| true);
    b.send(0);
    b.deliver_all(|_| true);
    b.send(0);
    // The application's patience ends while the request is on its way, and it aborts.
    b.fire(Timer::Delivery(BatchId { producer: ProducerIx(0), n: 1 }));
    b.step(Input::Do(Command::EndTransaction(ProducerIx(0), false)));
    b.deliver_all(|f| !matches!(*f.body, Body::Produce { .. }));
    assert!(b.has(|k| matches!(k, EventKind::Txn(TxnEvent::State { state: TxnState::CompleteAbort, .. }))));
    b
}

fn leader_index(b: &Bench) -> &highwater_core::kafka::transaction::index::TxnIndex {
    &b.world.broker(BrokerId(1)).replica(P0).unwrap().txns
}

#[test]
fn x1_a_late_batch_hangs_a_transaction_unless_it_is_verified_or_each_has_its_epoch() {
    for (version, verify, hangs) in [(1, false, true), (1, true, false), (2, true, false)] {
        let mut b = a_late_batch(version, verify);
        b.deliver_all(|_| true);
        assert_eq!(!leader_index(&b).all_open().is_empty(), hangs, "version {version}, verification {verify}");
        let r = b.world.broker(BrokerId(1)).replica(P0).unwrap();
        assert_eq!(r.last_stable() < r.hw, hangs, "nothing will ever move the last stable offset");
    }
}

#[test]
fn x2_a_late_batch_joins_the_next_transaction_unless_each_has_its_epoch() {
    for (version, leaks) in [(1, true), (2, false)] {
        // Without a failed batch the producer keeps its epoch: an abort, the next transaction, and only then the old request.
        let mut s = scene(1, 1, r#"{"linger.ms":0,"transactional.id":"tx"}"#, "{}");
        s.features.transaction = Some(version);
        let mut b = Bench::new(&s);
        b.deliver_all(|_| true);
        b.send(0);
        b.deliver_all(|_| true);
        // A copy of the next request is held up in the network; its original arrives, and so does the end of the transaction.
        b.send(0);
        let late = b.world.net.iter().find(|f| matches!(*f.body, Body::Produce { .. })).expect("sent").clone();
        let Body::Produce { conn, acks, parts } = &*late.body else { panic!("a produce request") };
        let next = parts.iter().map(|(p, x)| (*p, Batch { seq: x.seq.map(|s| s + 1), id: BatchId { n: 99, ..x.id }, ..*x })).collect();
        let stray = Body::Produce { conn: *conn, acks: *acks, parts: next };
        b.deliver_all(|_| true);
        b.step(Input::Do(Command::EndTransaction(ProducerIx(0), false)));
        b.deliver_all(|_| true);
        b.send(0); // the next transaction registers the partition; its own batch is still on its way
        b.deliver_all(|f| !matches!(*f.body, Body::Produce { .. }));
        b.inject(Actor::Producer(ProducerIx(0)), Actor::Broker(BrokerId(1)), stray);
        b.deliver_all(|f| !matches!(*f.body, Body::Produce { .. }));
        let r = b.world.broker(BrokerId(1)).replica(P0).unwrap();
        let there = r.log.iter_from(Offset::ZERO).any(|e| e.payload.batch().is_some_and(|x| x.id.n == 99));
        assert_eq!(there, leaks, "transaction.version {version}");
    }
}

#[test]
fn x3_whoever_has_the_id_last_fences_the_one_before() {
    let sim = run(&shipped("zombie-fenced"));
    let refused = all(&sim, |k| matches!(k, EventKind::SendFailed { error: ErrorCode::InvalidProducerEpoch, .. }));
    assert_eq!(refused.len(), 1, "the zombie's batch");
    let fatal = txn(&sim, |t| matches!(t, TxnEvent::Failed { producer: ProducerIx(0), error: ErrorCode::ProducerFenced, fatal: true }));
    assert_eq!(fatal.len(), 1, "its EndTxn");
    let f = figures(&sim);
    assert_eq!((f.in_log, f.aborted, f.delivered, f.lost), (2, 1, 1, 0), "its open transaction was aborted, the other's is read");
    sound(&sim);
}

#[test]
fn x5_a_lost_answer_to_commit_is_asked_for_again() {
    for version in [1, 2] {
        let mut s = shipped("commit-answer-lost");
        s.features.transaction = Some(version);
        let sim = run(&s);
        let lost = all(&sim, |k| matches!(k, EventKind::Dropped { message: MessageKind::EndTxnResponse, .. }));
        let ended = txn(&sim, |t| matches!(t, TxnEvent::Ended { commit: true, .. }));
        let commits = states(&sim).iter().filter(|s| s.0 == TxnState::CompleteCommit).count();
        assert_eq!((lost.len(), ended.len(), commits), (1, 1, 1), "version {version}: W3, and nothing happens twice");
        assert_eq!(figures(&sim).delivered, 1);
        sound(&sim);
    }
}

#[test]
fn x6_another_coordinator_writes_the_markers() {
    let sim = run(&shipped("coordinator-failover"));
    let decided = txn(&sim, |t| matches!(t, TxnEvent::State { state: TxnState::PrepareCommit, .. }));
    let complete = txn(&sim, |t| matches!(t, TxnEvent::State { state: TxnState::CompleteCommit, .. }));
    let broker = |e: &(u64, TxnEvent)| match e.1 {
        TxnEvent::State { broker, .. } => broker,
        _ => BrokerId(0),
    };
    assert_eq!((decided.len(), complete.len()), (1, 1));
    assert_ne!(broker(&decided[0]), broker(&complete[0]), "decided by one, carried through by another");
    assert!(complete[0].0 > decided[0].0 + 5 * SECOND, "nobody knew for as long as the session lasted");
    assert_eq!((figures(&sim).delivered, figures(&sim).aborted), (1, 0));
    sound(&sim);
}

#[test]
fn x7_deleting_below_an_open_transaction_moves_the_last_stable_offset() {
    let sim = run(&shipped("deleted-below-transaction"));
    let r = replica(&sim, 1);
    assert!(r.log.start() > Offset::ZERO && r.last_stable() == r.hw, "start {}, LSO {}", r.log.start(), r.last_stable());
    assert_eq!(figures(&sim).lost, 0, "what was deleted is not lost");
    sound(&sim);
}

#[test]
fn txn_w3_an_abort_of_nothing_is_allowed_and_a_commit_of_nothing_is_not() {
    // Two sendings of EndTxn by hand to a coordinator whose producer has done nothing.
    let s = scene(1, 1, r#"{"linger.ms":0,"transactional.id":"tx"}"#, "{}");
    for (commit, want) in [(false, None), (true, Some(ErrorCode::InvalidTxnState))] {
        let mut b = Bench::new(&s);
        b.send(0);
        b.deliver_all(|_| true);
        b.step(Input::Do(Command::EndTransaction(ProducerIx(0), true)));
        b.deliver_all(|_| true);
        let id = b.world.producers[0].txn.as_ref().unwrap().id.unwrap();
        let conn = b.world.producers[0].meta.conn(BrokerId(1));
        let end = TxnBody::EndTxn { conn, id, commit };
        b.inject(Actor::Producer(ProducerIx(0)), Actor::Broker(BrokerId(1)), Body::Txn(end));
        let refused = b.out.events.iter().find_map(|k| match k {
            EventKind::Txn(TxnEvent::Refused { error, .. }) => Some(*error),
            _ => None,
        });
        assert_eq!(refused, want, "commit {commit}");
    }
}

#[test]
fn txn_m5_a_group_waits_for_offsets_that_are_not_decided() {
    // The application dies with its offsets sent and its transaction open; the group's next life waits for the abort.
    let mut s = consume_transform_produce(LOOP, 2);
    s.commands = vec![send(SECOND, "A")];
    let sent = txn(&run(&s), |t| matches!(t, TxnEvent::OffsetsSent { .. }))[0].0;
    s.commands.push(at(sent, Do::CrashConsumer { consumer: 0 }));
    s.commands.push(at(sent + 50 * MS, Do::StartConsumer { consumer: 0 }));
    let sim = run(&s);
    let f = figures(&sim);
    assert_eq!((f.effects, f.aborted, f.in_log), (2, 1, 3), "handled twice, its first output aborted");
    sound(&sim);
}

#[test]
fn txn_t4_offsets_of_a_member_that_is_not_in_the_generation_are_refused() {
    use highwater_core::kafka::group::MemberId;
    let mut s = consume_transform_produce(&LOOP.replace(r#","group.instance.id":"loop""#, ""), 2);
    s.topology.brokers = 1;
    s.topology.topics.iter_mut().for_each(|t| t.replication_factor = 1);
    let answer = |f: &highwater_core::kafka::Flight| match &*f.body {
        Body::Txn(TxnBody::TxnOffsetCommitResponse { result, .. }) => Some(*result),
        _ => None,
    };
    for (life, generation, want) in [(1, 1, None), (1, 2, Some(ErrorCode::IllegalGeneration)), (2, 1, Some(ErrorCode::UnknownMemberId))] {
        let mut b = Bench::new(&s);
        b.deliver_all(|_| true);
        let (broker, producer) = (Actor::Broker(BrokerId(1)), &b.world.producers[1]);
        let (id, conn) = (producer.txn.as_ref().unwrap().id.expect("initialised"), producer.meta.conn(BrokerId(1)));
        let member = Some((MemberId { consumer: ConsumerIx(0), life }, generation));
        let (group, offsets) = (GroupIx(0), [(P0, Offset(0))].into_iter().collect());
        let commit = TxnBody::TxnOffsetCommit { conn, id, group, member, offsets };
        b.inject(Actor::Producer(ProducerIx(1)), broker, Body::Txn(commit));
        b.deliver_all(|f| answer(f).is_none());
        let got = b.world.net.iter().find_map(answer).expect("answered");
        assert_eq!(got.err(), want, "life {life}, generation {generation}");
    }
}

/// One broker, `checkout` with `transactional.id` tx, initialised.
fn initialised(version: u8) -> Bench {
    let mut s = scene(1, 1, r#"{"linger.ms":0,"transactional.id":"tx"}"#, "{}");
    s.features.transaction = Some(version);
    let mut b = Bench::new(&s);
    b.deliver_all(|_| true);
    b
}

#[test]
fn txn_t6_the_next_transaction_waits_for_the_markers_of_the_last() {
    for version in [1, 2] {
        let mut b = initialised(version);
        b.send(0);
        b.deliver_all(|_| true);
        b.step(Input::Do(Command::EndTransaction(ProducerIx(0), true)));
        let marker = |f: &highwater_core::kafka::Flight| matches!(&*f.body, Body::Txn(TxnBody::WriteTxnMarkers { .. }));
        b.deliver_all(|f| !marker(f));
        assert!(b.has(|k| matches!(k, EventKind::Txn(TxnEvent::Ended { commit: true, .. }))), "answered before the markers");
        b.send(0);
        b.deliver_all(|f| !marker(f));
        let waits = |k: &EventKind| matches!(k, EventKind::Txn(TxnEvent::Refused { error: ErrorCode::ConcurrentTransactions, .. }));
        assert!(b.has(waits), "transaction.version {version}");
        let acked = |b: &Bench| b.events.iter().filter(|k| matches!(k, EventKind::Acked { .. })).count();
        assert_eq!(acked(&b), 1, "the second record waits");
        b.deliver_all(marker);
        let pause = |t: &Timer| matches!(t, Timer::RetryBackoff(..) | Timer::Txn(TxnTimer::AddRetry(..) | TxnTimer::ShortBackoff(_)));
        let mut again = Vec::new();
        b.world.armed(&mut |t| again.extend(Some(t).filter(pause)));
        again.into_iter().for_each(|t| b.fire(t));
        b.deliver_all(|_| true);
        assert_eq!(acked(&b), 2, "transaction.version {version}: {:?}", b.world.net);
    }
}

#[test]
fn txn_w4_a_marker_needs_a_newer_epoch_unless_it_repeats_one() {
    use highwater_core::kafka::setup::RuleSet;
    use highwater_core::kafka::transaction::Marker;
    let mut b = initialised(2);
    b.send(0);
    b.deliver_all(|_| true);
    let id = b.world.producers[0].txn.as_ref().unwrap().id.unwrap();
    let marker =
        |epoch| Marker { id: highwater_core::kafka::transaction::Identity { epoch, ..id }, commit: true, coordinator: LeaderEpoch(9) };
    let judged = |b: &Bench, epoch, strict| {
        let rules = RuleSet { strict_markers: strict, ..RuleSet::default() };
        b.world.broker(BrokerId(1)).replica(P0).unwrap().check_marker(&marker(epoch), &rules)
    };
    let old = Err(ErrorCode::InvalidProducerEpoch);
    assert_eq!([judged(&b, id.epoch, true), judged(&b, id.epoch, false)], [old, Ok(())], "of the open transaction's epoch");
    assert_eq!([judged(&b, id.epoch + 1, true), judged(&b, id.epoch + 1, false)], [Ok(()), Ok(())]);
    b.step(Input::Do(Command::EndTransaction(ProducerIx(0), true)));
    b.deliver_all(|_| true);
    assert_eq!(judged(&b, id.epoch + 1, true), Ok(()), "again, nothing is open: a retry");
    assert_eq!([judged(&b, id.epoch, true), judged(&b, id.epoch, false)], [old, old], "of an epoch that is over");
}

#[test]
fn txn_w6_after_transaction_abortable_only_an_abort_is_left() {
    let mut b = initialised(1);
    b.send(0);
    let asks = |f: &highwater_core::kafka::Flight| matches!(&*f.body, Body::Txn(TxnBody::AddPartitionsToTxn { .. }));
    b.deliver_all(|f| !asks(f));
    let asked = b.world.net.iter().find(|f| asks(f)).unwrap_or_else(|| panic!("{:?} {:?}", b.world.net, b.events)).clone();
    let Body::Txn(TxnBody::AddPartitionsToTxn { conn, .. }) = *asked.body else { panic!("a registration") };
    let answer = Body::Txn(TxnBody::AddPartitionsToTxnResponse { conn, result: Err(ErrorCode::TransactionAbortable) });
    b.inject(Actor::Broker(BrokerId(1)), Actor::Producer(ProducerIx(0)), answer);
    let phase = |b: &Bench| b.world.producers[0].txn.as_ref().unwrap().phase;
    assert_eq!(phase(&b), Phase::Failed);
    let failed = |k: &EventKind| matches!(k, EventKind::Txn(TxnEvent::Failed { error: ErrorCode::TransactionAbortable, fatal: false, .. }));
    assert!(b.has(failed));
    b.step(Input::Do(Command::EndTransaction(ProducerIx(0), true)));
    b.deliver_all(|_| true);
    assert!(!b.has(|k| matches!(k, EventKind::Txn(TxnEvent::Ended { commit: true, .. }))), "it can't be committed");
    b.step(Input::Do(Command::EndTransaction(ProducerIx(0), false)));
    b.deliver_all(|_| true);
    assert!(b.has(|k| matches!(k, EventKind::Txn(TxnEvent::Ended { commit: false, .. }))));
    assert_eq!(phase(&b), Phase::Ready);
}

#[test]
fn txn_m1_the_first_batch_opens_the_transaction_where_it_lies() {
    let mut b = initialised(2);
    for n in 0..3 {
        b.send(0);
        b.deliver_all(|_| true);
        let open = leader_index(&b).all_open().to_vec();
        assert_eq!((open.len(), open[0].first), (1, Offset(0)), "after {} batches", n + 1);
    }
    b.step(Input::Do(Command::EndTransaction(ProducerIx(0), true)));
    b.deliver_all(|_| true);
    assert!(leader_index(&b).all_open().is_empty(), "its marker closed it");
    b.send(0);
    b.deliver_all(|_| true);
    assert_eq!(leader_index(&b).all_open()[0].first, Offset(4), "the next one begins after the marker");
}

#[test]
fn txn_m6_markers_take_offsets_and_a_reader_s_position_steps_over_them() {
    let mut s = transactional("", "read_committed", 2);
    s.commands = (1..=4).flat_map(|n| [send(n * SECOND, "A"), commit(n * SECOND + SECOND / 2)]).collect();
    let sim = run(&s);
    let offsets: Vec<u64> =
        sim.world().broker(BrokerId(1)).replica(P0).unwrap().log.iter_from(Offset::ZERO).map(|e| u64::from(e.base.0)).collect();
    assert_eq!(offsets, (0..8).collect::<Vec<_>>(), "a record and a marker in turn");
    assert_eq!((figures(&sim).delivered, leo(&sim, 1)), (4, 8), "four records, eight offsets");
    assert_eq!(sim.world().consumers[0].position(P0), Some(Offset(8)), "nothing is behind it");
}

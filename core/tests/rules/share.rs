//! Section 5E: share groups (KIP-932).

use crate::common::*;
use crate::world::Bench;
use highwater_core::event::{ErrorCode, EventKind, ShareEvent};
use highwater_core::ids::*;
use highwater_core::kafka::group::MemberId;
use highwater_core::kafka::message::Body;
use highwater_core::kafka::share::AcknowledgeType;
use highwater_core::kafka::share::message::ShareBody;
use highwater_core::kafka::share::state::RecordState;
use highwater_core::kafka::step::{Command, Input, Timer};
use highwater_core::scenario::{Do, End, Scenario, shipped};
use highwater_core::sim::Sim;

const G: GroupIx = GroupIx(0);

/// `members` run, one more can be started; each needs 10 ms for a record. `linger` lets records of 40 ms share a batch.
fn scene_of(members: u8, share: &str, configs: &str) -> Scenario {
    let mut s = scene(3, 3, r#"{"linger.ms":40}"#, "{}");
    s.kafka = "4.3".into();
    s.until_us = 90 * SECOND;
    with_consumer(
        s,
        &format!(
            r#"{{"group":"workers","topics":["pay"],"members":{members},"standby":1,"handling_us":10000,"share":{share},
            "configs":{{"share.auto.offset.reset":"earliest"{configs}}}}}"#
        ),
    )
}

const EXPLICIT: &str = r#","share.acknowledgement.mode":"explicit""#;

/// `n` records at once, one batch; whoever handles one fails, if `poison`.
fn batch(at_us: u64, n: usize, poison: bool) -> Vec<highwater_core::scenario::TimedCommand> {
    let mut all: Vec<_> = (0..n).map(|_| send(at_us, "A")).collect();
    for c in &mut all {
        if let Do::Send { poison: p, .. } = &mut c.what {
            *p = poison;
        }
    }
    all
}

fn told(sim: &Sim) -> Vec<(u64, ShareEvent)> {
    let of = |e: &highwater_core::event::Event| match e.kind {
        EventKind::Share { what, .. } => Some((e.at_us / MS, what)),
        _ => None,
    };
    sim.events().iter().filter_map(of).collect()
}

/// Time in ms, member, offsets, how often: what was given out.
fn acquired(sim: &Sim) -> Vec<(u64, u8, u32, u32, u8)> {
    let of = |(t, e): (u64, ShareEvent)| match e {
        ShareEvent::Acquired { member, from, to, delivery, .. } => Some((t, member.0, from.0, to.0, delivery)),
        _ => None,
    };
    told(sim).into_iter().filter_map(of).collect()
}

fn start_of(sim: &Sim, broker: u8) -> Option<u32> {
    sim.world().broker(BrokerId(broker)).share_partition(G, P0).map(|s| s.start.0)
}

fn handled(sim: &Sim) -> Vec<u32> {
    let of = |e: &highwater_core::event::Event| match e.kind {
        EventKind::Handled { offset, .. } => Some(offset.0),
        _ => None,
    };
    sim.events().iter().filter_map(of).collect()
}

#[test]
fn share_q1_a_group_begins_at_the_end_unless_told_otherwise() {
    for (reset, from) in [("latest", 1), ("earliest", 0)] {
        let mut s = scene_of(0, "{}", "");
        s.apps[0].configs.insert("share.auto.offset.reset".into(), reset.into());
        s.commands = vec![send(SECOND, "A"), at(2 * SECOND, Do::StartConsumer { consumer: 0 }), send(10 * SECOND, "B")];
        let sim = run(&s);
        assert_eq!(handled(&sim), (from..2).collect::<Vec<u32>>(), "{reset}");
    }
}

#[test]
fn share_q2_two_members_share_a_partition_and_no_record_goes_to_both() {
    let mut s = scene_of(2, "{}", r#","max.poll.records":1"#);
    s.commands = (0..40).flat_map(|i| batch(SECOND + i * 5 * MS, 1, false)).collect();
    s.topology.producers[0].configs.insert("linger.ms".into(), 0.into());
    let sim = run(&s);
    let given = acquired(&sim);
    assert!([0, 1].iter().all(|m| given.iter().filter(|a| a.1 == *m).count() > 10), "a queue: both work on one partition, {given:?}");
    let mut all = handled(&sim);
    all.sort_unstable();
    assert_eq!(all, (0..40).collect::<Vec<u32>>(), "and each record once");
    assert_eq!(start_of(&sim, 1), Some(40));
}

#[test]
fn share_q2_how_much_a_fetch_may_take() {
    let first = |configs: &str, brokers: &[(&str, i64)]| {
        let mut s = scene_of(1, "{}", configs);
        s.configs.extend(brokers.iter().map(|(k, v)| ((*k).to_string(), (*v).into())));
        s.commands = batch(SECOND, 10, false).into_iter().chain(batch(SECOND + 60 * MS, 10, false)).collect();
        s.commands.push(at(1, Do::Pause { who: End::Consumer(0), for_us: 3 * SECOND }));
        let given = acquired(&run(&s));
        (given[0].2, given[0].3)
    };
    assert_eq!(first("", &[]), (0, 19), "everything that is there");
    assert_eq!(first(r#","max.poll.records":4"#, &[]), (0, 9), "batch_optimized: a batch is not divided");
    assert_eq!(first(r#","max.poll.records":4,"share.acquire.mode":"record_limit""#, &[]), (0, 3));
    assert_eq!(first("", &[("group.share.partition.max.record.locks", 6)]), (0, 5));
}

#[test]
fn share_q3_accept_release_reject() {
    for (on_error, times) in [("release", 5), ("reject", 1), ("accept", 1)] {
        let mut s = scene_of(1, &format!(r#"{{"on_error":"{on_error}"}}"#), EXPLICIT);
        s.commands = batch(SECOND, 1, true);
        let sim = run(&s);
        assert_eq!(acquired(&sim).iter().map(|a| a.4).collect::<Vec<_>>(), (1..=times).collect::<Vec<u8>>(), "{on_error}");
        assert_eq!(start_of(&sim, 1), Some(1), "{on_error}: done with, one way or another");
        assert!(handled(&sim).is_empty());
        // Its leader has forgotten it by now; the ledger has not.
        let (state, given_up) = if on_error == "accept" { (RecordState::Acknowledged, 0) } else { (RecordState::Archived, 1) };
        let of = |o| sim.ledger().shares().state(sim.world(), G, PartitionId(0), Offset(o)).map(|s| s.0);
        assert_eq!((of(0), of(1)), (Some(state), Some(RecordState::Available)), "{on_error}");
        assert_eq!(sim.ledger().figures(sim.world()).given_up, given_up, "{on_error}");
    }
}

#[test]
fn share_q3_who_has_it_not_is_refused() {
    let mut b = Bench::new(&scene_of(1, "{}", EXPLICIT));
    b.step(Input::Do(Command::Send {
        producer: ProducerIx(0),
        partition: P0,
        record: Default::default(),
        then: highwater_core::kafka::transaction::AfterSend::GoOn,
    }));
    b.fire(Timer::Linger(ProducerIx(0), P0));
    b.deliver_all(|_| true);
    let stranger = MemberId { consumer: ConsumerIx(1), life: 1 };
    let conn = b.world.consumers[1].meta.conn(BrokerId(1));
    let acknowledgements = vec![(P0, Offset(0), AcknowledgeType::Accept)];
    let body = ShareBody::Acknowledge { conn, group: G, member: stranger, acknowledgements, close: false };
    b.inject(Actor::Consumer(ConsumerIx(1)), Actor::Broker(BrokerId(1)), Body::Share(body));
    assert!(b.has(|k| matches!(
        k,
        EventKind::Share { what: ShareEvent::Refused { member: ConsumerIx(1), error: ErrorCode::InvalidRecordState, .. }, .. }
    )));
    let kept = b.world.broker(BrokerId(1)).share_partition(G, P0).expect("kept");
    assert_eq!(kept.get(Offset(0)).map(|r| r.state), Some(RecordState::Acquired), "it is still with whoever has it");
}

#[test]
fn share_q4_a_slow_member_loses_its_lock_and_the_record_is_handled_twice() {
    let mut s = scene_of(2, "{}", EXPLICIT);
    s.commands = batch(SECOND, 1, false);
    s.apps[0].handling_us = 40 * SECOND;
    let slow = acquired(&run(&s))[0].1;
    s.commands.push(at(5 * SECOND, Do::SlowHandler { consumer: 1 - slow, handling_us: Some(20 * SECOND) }));
    let sim = run(&s);
    let given = acquired(&sim);
    assert_eq!(given.iter().map(|a| (a.1, a.4)).collect::<Vec<_>>(), [(slow, 1), (1 - slow, 2)]);
    assert_eq!(given[1].0 - given[0].0, 30_000, "group.share.record.lock.duration.ms");
    assert_eq!(handled(&sim), [0, 0], "the second delivery while the first was still at work");
    let refused = |e: &(u64, ShareEvent)| matches!(e.1, ShareEvent::CommitFailed { member, error: ErrorCode::InvalidRecordState, .. } if member.0 == slow);
    assert_eq!(told(&sim).iter().filter(|e| refused(e)).count(), 1, "its acknowledgement comes too late");
}

#[test]
fn share_q4_what_a_dead_or_closed_member_had_comes_back_at_once() {
    for crashes in [true, false] {
        let mut s = scene_of(2, "{}", EXPLICIT);
        s.commands = batch(2 * SECOND, 3, false);
        s.apps[0].handling_us = 20 * SECOND;
        let consumer = acquired(&run(&s))[0].1;
        s.commands.push(at(5 * SECOND, Do::SlowHandler { consumer: 1 - consumer, handling_us: Some(SECOND) }));
        s.commands.push(at(6 * SECOND, if crashes { Do::CrashConsumer { consumer } } else { Do::ThrowInHandler { consumer } }));
        let sim = run(&s);
        let given = acquired(&sim);
        let wanted = [(consumer, 0, 2, 1), (1 - consumer, 0, 2, 2)];
        assert_eq!(given.iter().map(|a| (a.1, a.2, a.3, a.4)).collect::<Vec<_>>(), wanted, "crash: {crashes}");
        assert!(given[1].0 < 6_500, "not after the lock's 30 s: {given:?}");
        assert_eq!(handled(&sim), [0, 1, 2]);
    }
}

#[test]
fn share_q5_the_start_offset_waits_for_the_oldest_and_follows_the_log() {
    let mut s = scene_of(2, "{}", r#","max.poll.records":1"#);
    s.topology.producers[0].configs.insert("linger.ms".into(), 0.into());
    s.commands = (0..5).map(|i| send(SECOND + i * 100 * MS, "A")).collect();
    s.commands.push(at(1, Do::SlowHandler { consumer: 0, handling_us: Some(15 * SECOND) }));
    s.commands.push(at(1, Do::Pause { who: End::Consumer(1), for_us: SECOND + 50 * MS }));
    let mut sim = begin(&s);
    sim.advance_to(10 * SECOND);
    assert_eq!(start_of(&sim, 1), Some(0), "the slow one has offset 0; the rest is done with");
    let kept = sim.world().broker(BrokerId(1)).share_partition(G, P0).unwrap();
    assert_eq!((kept.end().0, kept.get(Offset(3)).unwrap().state), (5, RecordState::Acknowledged));
    sim.advance_to(20 * SECOND);
    assert_eq!(start_of(&sim, 1), Some(5));

    s.commands.push(at(5 * SECOND, Do::DeleteRecords { topic: "pay".into(), partition: 0, before: Some(2) }));
    s.commands.push(send(6 * SECOND, "A"));
    let mut sim = begin(&s);
    sim.advance_to(8 * SECOND);
    assert_eq!(start_of(&sim, 1), Some(6), "it went with the log");
}

#[test]
fn share_q6_a_new_leader_knows_what_was_said_and_not_who_has_what() {
    let mut s = scene_of(2, r#"{"on_error":"release"}"#, &format!(r#"{EXPLICIT},"max.poll.records":1"#));
    s.topology.producers[0].configs.insert("linger.ms".into(), 0.into());
    s.configs.insert("broker.session.timeout.ms".into(), 3000.into());
    s.commands = vec![send(2 * SECOND, "A"), send(2 * SECOND + 100 * MS, "B"), send(2 * SECOND + 200 * MS, "C")];
    if let Do::Send { poison, .. } = &mut s.commands[1].what {
        *poison = true;
    }
    // c2 works on offset 0; c1 fails on offset 1 (again and again, until it is given up), and accepts 2.
    s.commands.push(at(1, Do::SlowHandler { consumer: 1, handling_us: Some(20 * SECOND) }));
    s.commands.push(at(1, Do::Pause { who: End::Consumer(0), for_us: 2 * SECOND + 50 * MS }));
    s.commands.push(crash(8 * SECOND, 1));
    let sim = run(&s);
    let loaded: Vec<_> = told(&sim)
        .into_iter()
        .filter_map(|e| if let ShareEvent::Loaded { broker, start, saved, .. } = e.1 { Some((broker.0, start.0, saved)) } else { None })
        .collect();
    assert_eq!(loaded, [(1, 0, false), (2, 0, true)]);
    let later: Vec<_> = acquired(&sim).into_iter().filter(|a| a.0 > 8_000).collect();
    assert_eq!(later.iter().map(|a| (a.2, a.3, a.4)).collect::<Vec<_>>(), [(0, 0, 1)], "only what was with a member, counted anew");
    assert_eq!(start_of(&sim, 2), Some(3));
    let state = sim.setup().groups[0].share.as_ref().unwrap().state;
    let log = &sim.world().broker(BrokerId(2)).replica(state).unwrap().log;
    assert!(log.leo().0 >= 3, "__share_group_state is a log like any other");
}

#[test]
fn share_q7_a_batch_that_fails_is_taken_apart() {
    let mut s = scene_of(1, "{}", EXPLICIT);
    s.commands = batch(SECOND, 10, true);
    let given = acquired(&run(&s));
    let sizes: Vec<(u32, u8)> = given.iter().map(|a| (a.3 - a.2 + 1, a.4)).collect();
    let mut wanted = vec![(10, 1), (10, 2), (10, 3), (5, 4), (5, 4)];
    wanted.extend([(1, 5); 10]);
    let counted = |size| wanted.iter().filter(|w| **w == size).count();
    for size in [(10, 1), (10, 2), (10, 3), (5, 4), (1, 5)] {
        assert_eq!(sizes.iter().filter(|s| **s == size).count(), counted(size), "{size:?}: {sizes:?}");
    }
    assert_eq!(sizes.len(), wanted.len());
}

#[test]
fn share_q9_aborted_records_only_with_read_uncommitted() {
    for (level, seen) in [("read_uncommitted", 4), ("read_committed", 2)] {
        let mut s = scene_of(1, "{}", &format!(r#","share.isolation.level":"{level}""#));
        let work = r#"{"producer":"checkout","topic":"pay","start_us":1000000,"every_us":100000,"count":4,"records_per_transaction":2,"abort_every":2}"#;
        s.workload = vec![serde_json::from_str(work).unwrap()];
        s.topology.producers[0].configs.insert("transactional.id".into(), "tx".into());
        s.topology.producers[0].configs.insert("linger.ms".into(), 0.into());
        let sim = run(&s);
        assert_eq!(handled(&sim).len(), seen, "{level}");
        assert_eq!(start_of(&sim, 1), Some(6), "{level}: markers and aborted records are no records");
    }
}

#[test]
fn share_groups_as_a_queue_the_shipped_scenario() {
    let s = parse(shipped("share-group").unwrap());
    let sim = run(&s);
    let given = acquired(&sim);
    assert!([0, 1].iter().all(|m| given.iter().any(|a| a.1 == *m)), "two members work on one partition");
    let events = told(&sim);
    assert!(events.iter().any(|e| matches!(e.1, ShareEvent::SessionClosed { .. })), "a member died with records in hand");
    let given_up: Vec<_> = events.iter().filter(|e| matches!(e.1, ShareEvent::GivenUp { deliveries: 5, .. })).collect();
    assert_eq!(given_up.len(), 1, "and one poison record was archived after five deliveries");
    let f = sim.ledger().figures(sim.world());
    let mut distinct = handled(&sim);
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len() as u64, f.visible - 1, "every other record was handled");
    assert_eq!(f.given_up, 1, "which the ledger counts");
}

#[test]
fn share_groups_are_refused_where_they_can_not_be() {
    let text = scene_of(1, "{}", "").to_json();
    let refused = |from: &str, to: &str| Scenario::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(refused(r#""4.3""#, r#""4.1""#).contains("from 4.2 on"));
    assert!(refused(r#""share.auto.offset.reset""#, r#""auto.offset.reset""#).contains("known here: share.acknowledgement.mode"));
    let trial = highwater_core::trial::Trial::new(&scene_of(1, "{}", "")).unwrap_err().to_string();
    assert!(trial.contains("share group"), "{trial}");
}

//! Section 5A: position, commit, delivery.

use crate::common::*;
use crate::world::Bench;
use highwater_core::event::{EventKind, GroupEvent, MessageKind};
use highwater_core::ids::*;
use highwater_core::kafka::client::MetaState;
use highwater_core::kafka::message::{Body, Fetched, FetchedPart};
use highwater_core::kafka::setup::{ProtocolVersion, ResetPolicy};
use highwater_core::scenario::{Do, Scenario};
use highwater_core::shared::Shared;
use smallvec::smallvec;
use std::rc::Rc;

fn reading(commit: &str, configs: &str) -> Scenario {
    let app = format!(
        r#"{{"group":"billing","topics":["pay"],"handling_us":10000,{commit}"configs":{{"auto.offset.reset":"earliest","session.timeout.ms":6000,"heartbeat.interval.ms":2000{configs}}}}}"#
    );
    let mut s = with_consumer(scene(3, 3, r#"{"linger.ms":0}"#, "{}"), &app);
    s.commands = (0..10).map(|i| send(SECOND + i, "A")).collect();
    s.until_us = 20 * SECOND;
    s
}
const AFTER: &str = r#""commit":"after_handling","#;
const BEFORE: &str = r#""commit":"before_handling","#;

fn handled(sim: &highwater_core::sim::Sim) -> Vec<u32> {
    sim.events()
        .iter()
        .filter_map(|e| match e.kind {
            EventKind::Handled { offset, .. } => Some(offset.0),
            _ => None,
        })
        .collect()
}
fn consumer_fault(s: &mut Scenario, crash_us: u64, start_us: u64) {
    s.commands.push(at(crash_us, Do::CrashConsumer { consumer: 0 }));
    s.commands.push(at(start_us, Do::StartConsumer { consumer: 0 }));
}

#[test]
fn cons_k1_a_poll_returns_at_most_max_poll_records_and_moves_the_position() {
    let sim = run(&reading(AFTER, r#","max.poll.records":3"#));
    let mut at = 0;
    for e in all(&sim, |k| matches!(k, EventKind::Polled { .. })) {
        let EventKind::Polled { from, to, .. } = e.kind else { continue };
        assert!(from.0 == at && to.0 - from.0 <= 3, "{e:?}");
        at = to.0;
    }
    assert_eq!(at, 10);
    assert_eq!(handled(&sim), (0..10).collect::<Vec<_>>());
}

#[test]
fn cons_k1_nothing_above_the_high_watermark_is_returned() {
    let mut s = with_consumer(
        scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}"),
        r#"{"group":"billing","topics":["pay"],"commit":"after_handling","configs":{"auto.offset.reset":"earliest"}}"#,
    );
    s.commands = cut(SECOND, 1, 3).to_vec();
    s.commands.push(send(2 * SECOND, "A"));
    s.until_us = 20 * SECOND;
    let sim = run(&s);
    assert_eq!((leo(&sim, 1), hw(&sim, 1), handled(&sim).len()), (1, 0, 0));
}

#[test]
fn cons_k2_without_a_commit_the_reset_policy_decides_and_with_one_the_commit_does() {
    let mut s = reading(AFTER, "");
    consumer_fault(&mut s, 5 * SECOND, 6 * SECOND);
    let sim = run(&s);
    let resets: Vec<(u32, bool)> = all(&sim, |k| matches!(k, EventKind::PositionReset { .. }))
        .iter()
        .filter_map(|e| match e.kind {
            EventKind::PositionReset { to, committed, .. } => Some((to.0, committed)),
            _ => None,
        })
        .collect();
    assert_eq!(resets, [(0, false), (10, true)], "earliest at first, the commit after the restart");
    assert_eq!(handled(&sim), (0..10).collect::<Vec<_>>());
}

#[test]
fn cons_k5_auto_commit_is_made_by_a_later_poll() {
    let sim = run(&reading("", ""));
    let committed = all(&sim, |k| matches!(k, EventKind::Committed { .. }));
    assert!(!committed.is_empty(), "a poll comes at least every fetch.max.wait.ms");
    let t = committed[0].at_us;
    assert!((5 * SECOND..6 * SECOND).contains(&t), "{t}: five seconds after the start");
    assert!(matches!(committed[0].kind, EventKind::Committed { offset: Offset(10), .. }));
}

#[test]
fn cons_k6_commit_sync_is_tried_until_it_stands() {
    // The coordinator's broker dies before the commit; another one takes its partition over.
    let mut s = reading(AFTER, "");
    let coordinator = {
        let sim = begin(&s);
        let p = sim.setup().groups[0].coordinator;
        sim.setup().first_leader(p).0
    };
    s.commands.push(crash(SECOND + 50 * MS, coordinator));
    s.until_us = 30 * SECOND;
    let sim = run(&s);
    let last = last(&sim, |k| matches!(k, EventKind::Committed { .. }));
    assert!(matches!(last.kind, EventKind::Committed { offset: Offset(10), .. }), "{last:?}");
}

#[test]
fn cons_delivery_orders_at_least_once_and_at_most_once() {
    // One poll of ten; the process dies in the middle of it.
    let crash_in_the_middle = |commit: &str| {
        let mut s = reading(commit, "");
        s.apps[0].handling_us = 100_000;
        s.until_us = 40 * SECOND;
        s.commands.retain(|c| c.at_us < SECOND + 10);
        consumer_fault(&mut s, SECOND + 500 * MS, 3 * SECOND);
        let sim = run(&s);
        let mut seen = handled(&sim);
        let effects = seen.len();
        seen.sort_unstable();
        seen.dedup();
        (seen.len(), effects)
    };
    let (distinct, effects) = crash_in_the_middle(AFTER);
    assert!(distinct == 10 && effects > 10, "C-A1: {distinct} of 10, {effects} effects");
    let (distinct, effects) = crash_in_the_middle(BEFORE);
    assert!(distinct < 10 && effects == distinct, "C-A2: {distinct} of 10, {effects} effects");
}

#[test]
fn cons_a_failover_hides_nothing_and_repeats_nothing_to_a_reader() {
    let mut s = reading(AFTER, "");
    s.commands.extend((0..200).map(|i| send(2 * SECOND + i * 50 * MS, "B")));
    s.commands.push(crash(4 * SECOND, 1));
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    assert_eq!(handled(&sim), (0..210).collect::<Vec<_>>());
}

#[test]
fn cons_a_lost_metadata_request_times_out_beside_fetches_that_are_answered() {
    // One broker loses power while the consumer asks it for metadata, and is soon back in a new epoch.
    let app = r#"{"group":"billing","topics":["pay"],"commit":"after_handling","configs":{"auto.offset.reset":"earliest","request.timeout.ms":2000}}"#;
    let mut s = with_consumer(scene(1, 1, r#"{"linger.ms":0,"request.timeout.ms":2000}"#, "{}"), app);
    s.commands = vec![crash(SECOND, 1), start(12 * SECOND, 1), power_cut(14 * SECOND, 1), start(25 * SECOND, 1)];
    s.commands.extend((0..400).map(|i| send(SECOND / 2 + i * 100 * MS, "A")));
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    assert_eq!(sim.world().consumers[0].position(P0), Some(replica(&sim, 1).log.leo()));
}

fn starting_late(reset: &str) -> Scenario {
    let app = format!(
        r#"{{"group":"billing","topics":["pay"],"members":0,"standby":1,"commit":"after_handling","configs":{{"auto.offset.reset":"{reset}"}}}}"#
    );
    let mut s = with_consumer(scene(3, 3, r#"{"linger.ms":0}"#, "{}"), &app);
    s.commands = (0..10).map(|i| send(SECOND + i, "A")).collect();
    s.commands.push(at(5 * SECOND, Do::StartConsumer { consumer: 0 }));
    s.commands.extend((0..5).map(|i| send(20 * SECOND + i, "B")));
    s.until_us = 40 * SECOND;
    s
}

#[test]
fn cons_k2_earliest_latest_and_none() {
    assert_eq!(handled(&run(&starting_late("earliest"))), (0..15).collect::<Vec<_>>());
    assert_eq!(handled(&run(&starting_late("latest"))), (10..15).collect::<Vec<_>>(), "C-A4: what was there before is skipped");
    let sim = run(&starting_late("none"));
    assert!(all(&sim, |k| matches!(k, EventKind::Group { what: GroupEvent::NoOffset { .. }, .. })).len() == 1);
    assert!(!sim.world().consumers[0].up && handled(&sim).is_empty(), "the exception ends the application");
}

#[test]
fn cons_k2_a_reset_position_is_not_committed_by_itself() {
    // `latest`, no record after it, a restart: whatever came in between is skipped once more.
    let mut s = starting_late("latest");
    s.commands.retain(|c| c.at_us < 20 * SECOND);
    s.commands.push(at(12 * SECOND, Do::StopConsumer { consumer: 0 }));
    s.commands.extend((0..3).map(|i| send(15 * SECOND + i, "C")));
    s.commands.push(at(20 * SECOND, Do::StartConsumer { consumer: 0 }));
    let sim = run(&s);
    assert!(handled(&sim).is_empty());
    let to: Vec<_> = all(&sim, |k| matches!(k, EventKind::PositionReset { .. })).iter().map(|e| e.kind).collect();
    assert!(
        matches!(
            to[..],
            [EventKind::PositionReset { to: Offset(10), .. }, EventKind::PositionReset { to: Offset(13), committed: false, .. }]
        ),
        "{to:?}"
    );
}

/// An unclean election takes away five records of six that the consumer has read.
fn unclean(reset: &str) -> Scenario {
    let app = format!(r#"{{"group":"billing","topics":["pay"],"commit":"after_handling","configs":{{"auto.offset.reset":"{reset}"}}}}"#);
    let topic = r#"{"unclean.leader.election.enable":true,"min.insync.replicas":1}"#;
    let mut s = with_consumer(scene(2, 2, r#"{"acks":"1","linger.ms":0}"#, topic), &app);
    s.commands = vec![send(2 * SECOND, "A"), crash(3 * SECOND, 2)];
    s.commands.extend((0..5).map(|i| send(20 * SECOND + i, "B")));
    s.commands.extend([crash(25 * SECOND, 1), start(40 * SECOND, 2)]);
    s.until_us = 90 * SECOND;
    s
}

fn truncations(sim: &highwater_core::sim::Sim) -> Vec<(u32, u32, bool)> {
    let of = |k| if let EventKind::LogTruncation { position, end, thrown, .. } = k { Some((position.0, end.0, thrown)) } else { None };
    sim.events().iter().filter_map(|e| of(e.kind)).collect()
}

#[test]
fn cons_k4_a_truncated_log_sends_the_consumer_to_where_the_logs_part() {
    for reset in ["earliest", "latest"] {
        let mut s = unclean(reset);
        s.commands.push(send(60 * SECOND, "C"));
        let sim = run(&s);
        assert_eq!(truncations(&sim), [(6, 1, false)], "{reset}: what lies below is not read again, and nothing is skipped");
        assert_eq!(handled(&sim), [0, 1, 2, 3, 4, 5, 1]);
    }
}

#[test]
fn cons_k4_without_a_reset_policy_log_truncation_exception_ends_the_application() {
    let mut b = Bench::new(&unclean("earliest"));
    let mut sim = begin(&unclean("earliest"));
    sim.advance_to(24 * SECOND);
    b.world = sim.world().clone();
    Rc::make_mut(&mut b.world.setup).consumers[0].reset = ResetPolicy::None; // it has read: its group has a commit
    // It asks for metadata and learns of another leader, whose log has one record of that epoch.
    let (me, new) = (Actor::Consumer(ConsumerIx(0)), Actor::Broker(BrokerId(2)));
    let meta = &mut Shared::make_mut(&mut b.world.consumers[0]).meta;
    meta.state = MetaState::Asked(BrokerId(2));
    let (conn, mut leaders) = (meta.conn(BrokerId(2)), meta.leaders.clone());
    leaders[0] = (Some(BrokerId(2)), LeaderEpoch(1));
    b.inject(new, me, Body::MetadataResponse { conn, leaders });
    assert!(b.world.net.iter().any(|f| f.to == new && matches!(*f.body, Body::OffsetForLeaderEpoch { .. })));
    let answer = Fetched::Diverging { epoch: LeaderEpoch(0), end: Offset(1) };
    let part = FetchedPart { partition: P0, le: LeaderEpoch(1), offset: Offset(6), answer };
    b.inject(new, me, Body::OffsetForLeaderEpochResponse { conn, parts: smallvec![part] });
    assert!(b.has(|k| matches!(k, EventKind::LogTruncation { position: Offset(6), end: Offset(1), thrown: true, .. })));
    assert!(!b.world.consumers[0].up, "it has closed its consumer and ended");
}

#[test]
fn cons_k4_who_does_not_compare_epochs_skips_what_was_written_meanwhile() {
    let with = |rules| {
        let mut s = unclean("earliest");
        s.rules.replication = rules;
        let who = highwater_core::scenario::End::Consumer(0);
        s.commands.push(at(24 * SECOND, Do::Pause { who, for_us: 40 * SECOND }));
        s.commands.extend((0..10).map(|i| send(55 * SECOND + i * MS, "C")));
        run(&s)
    };
    let (before, now) = (with(Some(ProtocolVersion::PV2)), with(None));
    assert_eq!(handled(&before)[6..], [6, 7, 8, 9, 10], "offsets 1 to 5 of the new log are never seen");
    assert_eq!((truncations(&now), &handled(&now)[6..]), (vec![(6, 1, false)], &(1..11).collect::<Vec<_>>()[..]));
}

#[test]
fn cons_k4_a_clean_failover_is_asked_about_and_changes_nothing() {
    let mut s = reading(AFTER, "");
    s.commands.extend((0..200).map(|i| send(2 * SECOND + i * 50 * MS, "B")));
    s.commands.push(crash(4 * SECOND, 1));
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    let asks = |k: &EventKind| {
        matches!(
            k,
            EventKind::Sent { from: Actor::Consumer(_), to: Actor::Broker(BrokerId(2)), message: MessageKind::OffsetForLeaderEpoch, .. }
        )
    };
    assert_eq!((all(&sim, asks).len(), truncations(&sim).len()), (1, 0));
    assert_eq!(handled(&sim), (0..210).collect::<Vec<_>>());
}

#[test]
fn cons_k3_a_position_beyond_the_leaders_log_is_reset() {
    for (reset, to) in [("earliest", 0), ("latest", 1)] {
        let mut s = unclean(reset);
        s.rules.replication = Some(ProtocolVersion::PV2); // before KIP-320 nobody compares epochs
        let sim = run(&s);
        let reset = last(&sim, |k| matches!(k, EventKind::PositionReset { .. }));
        assert!(matches!(reset.kind, EventKind::PositionReset { to: Offset(x), committed: false, .. } if x == to), "{reset:?}");
        assert!(reset.at_us > 40 * SECOND);
    }
}

#[test]
fn cons_c_a3_a_handler_that_throws_and_an_auto_commit_in_close_lose_records() {
    let app =
        r#"{"group":"billing","topics":["pay"],"handling_us":100000,"configs":{"auto.offset.reset":"earliest","enable.auto.commit":true}}"#;
    let mut s = with_consumer(scene(3, 3, r#"{"linger.ms":0}"#, "{}"), app);
    s.commands = (0..10).map(|_| send(SECOND, "A")).collect();
    s.commands.push(at(SECOND + 450 * MS, Do::ThrowInHandler { consumer: 0 }));
    s.commands.push(at(5 * SECOND, Do::StartConsumer { consumer: 0 }));
    s.until_us = 30 * SECOND;
    let sim = run(&s);
    let seen = handled(&sim);
    assert!(!seen.is_empty() && seen.len() < 10, "close() committed records that were never handled: {seen:?}");
    assert_eq!(sim.world().consumers[0].position(P0), Some(Offset(10)));
}

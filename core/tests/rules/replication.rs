//! Section 3: fetching, the high watermark, the ISR.

use crate::common::*;
use crate::world::Bench;
use highwater_core::event::{ErrorCode, EventKind, MessageKind};
use highwater_core::ids::*;
use highwater_core::kafka::log::{Batch, Payload};
use highwater_core::kafka::message::{Body, Change, FetchPart, Fetched};
use highwater_core::kafka::replica::{FetchOutcome, PendingIsr, Replica};
use highwater_core::kafka::setup::{PartitionSetup, ProtocolVersion};
use highwater_core::kafka::step::{Command, Input};
use highwater_core::scenario::End;
use smallvec::smallvec;

fn setup(min_isr: usize) -> PartitionSetup {
    PartitionSetup {
        topic: 0,
        number: 0,
        replicas: smallvec![BrokerId(1), BrokerId(2), BrokerId(3)],
        min_isr,
        unclean: false,
        log: None,
        added: false,
    }
}
fn set(ids: &[u8]) -> BrokerSet {
    ids.iter().map(|b| BrokerId(*b)).collect()
}
fn append(r: &mut Replica, n: u32) {
    r.append(Payload::Data(Batch {
        id: BatchId { producer: ProducerIx(0), n },
        count: 1,
        pid: Pid::Session(ProducerIx(0), 0),
        epoch: 0,
        seq: None,
    }));
}
/// Broker 1 leads in epoch 5 with an empty log.
fn leader(isr: &[u8]) -> Replica {
    let mut r = Replica::new(P0);
    r.le = LeaderEpoch(5);
    r.become_leader(BrokerId(1), &setup(1), set(isr));
    r
}
fn fetch(r: &mut Replica, from: u8, le: u16, offset: u32, last_epoch: Option<u16>) -> FetchOutcome {
    let part = FetchPart { partition: P0, le: LeaderEpoch(le), offset: Offset(offset), last_epoch: last_epoch.map(LeaderEpoch) };
    r.follower_fetch(BrokerId(from), &part, ProtocolVersion::PV7)
}
fn error(o: FetchOutcome) -> Option<ErrorCode> {
    match o {
        FetchOutcome::Answer(Fetched::Error(e)) => Some(e),
        FetchOutcome::Answer(Fetched::OutOfRange { .. }) => Some(ErrorCode::OffsetOutOfRange),
        _ => None,
    }
}
fn at(o: FetchOutcome) -> bool {
    matches!(o, FetchOutcome::At { .. })
}

#[test]
fn repl_r_f1_a_fetch_of_another_epoch_is_refused() {
    let mut r = leader(&[1, 2, 3]);
    assert_eq!(error(fetch(&mut r, 2, 4, 0, None)), Some(ErrorCode::FencedLeaderEpoch));
    assert_eq!(error(fetch(&mut r, 2, 6, 0, None)), Some(ErrorCode::UnknownLeaderEpoch));
    assert_eq!(error(fetch(&mut r, 9, 5, 0, None)), Some(ErrorCode::UnknownLeaderEpoch), "not assigned");
    assert_eq!(error(fetch(&mut Replica::new(P0), 2, 0, 0, None)), Some(ErrorCode::NotLeaderOrFollower));
}

#[test]
fn repl_r_f3_diverging_logs_are_told_apart_and_the_follower_state_stays() {
    let mut r = Replica::new(P0);
    (0..2).for_each(|n| append(&mut r, n)); // epoch 0: offsets 0, 1
    r.le = LeaderEpoch(5);
    r.become_leader(BrokerId(1), &setup(1), set(&[1, 2]));
    append(&mut r, 2); // epoch 5: offset 2
    let diverging = |o| match o {
        FetchOutcome::Answer(Fetched::Diverging { epoch, end }) => Some((epoch.0, end.0)),
        _ => None,
    };
    assert_eq!(diverging(fetch(&mut r, 2, 5, 3, Some(0))), Some((0, 2)), "epoch 0 ends at 2, the follower is at 3");
    assert_eq!(diverging(fetch(&mut r, 2, 5, 3, Some(3))), Some((0, 2)), "epoch 3 is not here");
    assert_eq!(error(fetch(&mut r, 2, 5, 3, Some(6))), Some(ErrorCode::OffsetOutOfRange), "undefined");
    assert_eq!(r.leading().unwrap().followers[0].leo, None, "no update by a diverging fetch");
    assert!(at(fetch(&mut r, 2, 5, 2, Some(0))));
    assert_eq!(r.leading().unwrap().followers[0].leo, Some(Offset(2)));
}

#[test]
fn repl_r_f3_a_returning_leader_cuts_what_the_new_one_never_had() {
    let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    s.commands = vec![send(SECOND, "A")];
    s.commands.extend(cut(2 * SECOND, 1, 2));
    s.commands.extend(cut(2 * SECOND, 1, 3));
    s.commands.extend([send(3 * SECOND, "B"), crash(4 * SECOND, 1), send(20 * SECOND, "C"), start(25 * SECOND, 1)]);
    s.commands.extend(heal(4 * SECOND, 1, 2));
    s.commands.extend(heal(4 * SECOND, 1, 3));
    let sim = run(&s);
    let cut = first(&sim, |k| matches!(k, EventKind::Truncated { .. }));
    assert!(matches!(cut.kind, EventKind::Truncated { broker: BrokerId(1), from: Offset(2), to: Offset(1), .. }), "{cut:?}");
    let known = |k: &EventKind| matches!(k, EventKind::FollowerAt { follower: BrokerId(1), .. });
    assert!(all(&sim, known).iter().all(|e| e.seq > cut.seq), "a diverging fetch tells nothing");
    assert_eq!([1, 2, 3].map(|b| keys(&sim, b)), ["AC", "AC", "AC"]);
}

#[test]
fn repl_r_f4_caught_up_counts_from_the_fetch_that_had_everything() {
    let mut r = leader(&[1, 2, 3]);
    let lag = |o| match o {
        FetchOutcome::At { caught_up, lag_from_last_fetch, .. } => (caught_up, lag_from_last_fetch),
        _ => panic!("refused"),
    };
    assert_eq!(lag(fetch(&mut r, 2, 5, 0, None)), (true, false), "it has everything: now");
    append(&mut r, 0);
    append(&mut r, 1);
    assert_eq!(lag(fetch(&mut r, 2, 5, 0, None)), (false, true), "it has what there was at its last fetch: then");
    assert_eq!(lag(fetch(&mut r, 2, 5, 1, Some(5))), (false, false), "it has not: unchanged");
    assert_eq!(lag(fetch(&mut r, 2, 5, 2, Some(5))), (true, false));
}

#[test]
fn repl_r_f4_a_follower_that_comes_back_with_less_has_lagged_since_its_last_fetch() {
    let mut r = leader(&[1, 2, 3]);
    append(&mut r, 0);
    assert!(at(fetch(&mut r, 2, 5, 1, Some(5))));
    r.leading_mut().unwrap().follower(BrokerId(2)).unwrap().open = false; // its connection ended
    assert!(matches!(fetch(&mut r, 2, 5, 0, None), FetchOutcome::At { caught_up: false, lag_from_last_fetch: true, .. }));
}

#[test]
fn repl_r_f6_a_parked_fetch_waits_for_data_not_for_the_high_watermark() {
    let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    s.commands = vec![send(100 * MS, "A")];
    s.until_us = SECOND;
    let sim = run(&s);
    let hw = first(&sim, |k| matches!(k, EventKind::HighWatermark { .. }));
    let told = all(&sim, |k| matches!(k, EventKind::FollowerHighWatermark { .. }));
    assert_eq!(told.len(), 2);
    for t in told {
        // R-H3: up to 500 ms and a round trip.
        assert!((t.at_us - hw.at_us).abs_diff(500 * MS + 2 * MS) < MS, "{} after {}", t.at_us, hw.at_us);
    }
}

#[test]
fn repl_r_h1_below_min_isr_the_high_watermark_stands_still() {
    let mut r = leader(&[1]);
    append(&mut r, 0);
    let eligible = BrokerSet::EMPTY;
    assert_eq!(r.next_high_watermark(&setup(2), ProtocolVersion::PV7, eligible), None);
    assert_eq!(r.next_high_watermark(&setup(2), ProtocolVersion::PV6, eligible), Some(Offset(1)), "before 3.7");
    assert_eq!(r.next_high_watermark(&setup(1), ProtocolVersion::PV7, eligible), Some(Offset(1)));
}

#[test]
fn repl_r_h1_it_waits_for_a_replica_that_is_about_to_join() {
    let mut r = leader(&[1, 2]);
    append(&mut r, 0);
    assert!(at(fetch(&mut r, 3, 5, 0, None)));
    append(&mut r, 1);
    assert!(at(fetch(&mut r, 2, 5, 2, Some(5))));
    r.leading_mut().unwrap().follower(BrokerId(3)).unwrap().lag_expired = false; // it was caught up a moment ago
    assert_eq!(r.next_high_watermark(&setup(1), ProtocolVersion::PV7, set(&[1, 2, 3])), None, "3 is at 0");
    assert_eq!(r.next_high_watermark(&setup(1), ProtocolVersion::PV7, set(&[1, 2])), Some(Offset(2)), "3 is not eligible");
}

#[test]
fn repl_r_h1_the_maximal_isr_counts() {
    let mut r = leader(&[1, 2]);
    append(&mut r, 0);
    append(&mut r, 1);
    assert!(at(fetch(&mut r, 2, 5, 2, Some(5))));
    assert!(at(fetch(&mut r, 3, 5, 1, Some(5))));
    let next = |r: &Replica| r.next_high_watermark(&setup(1), ProtocolVersion::PV7, BrokerSet::EMPTY).map(|o| o.0);
    r.leading_mut().unwrap().pending = PendingIsr::Expand(BrokerId(3));
    assert_eq!(next(&r), Some(1), "a joining member counts already");
    r.leading_mut().unwrap().pending = PendingIsr::None;
    assert_eq!(next(&r), Some(2));
    let mut r = leader(&[1, 2]);
    append(&mut r, 0);
    assert!(at(fetch(&mut r, 2, 5, 0, None)));
    r.leading_mut().unwrap().pending = PendingIsr::Shrink(set(&[2]));
    assert_eq!(next(&r), None, "a leaving one counts still");
}

#[test]
fn repl_r_h2_a_member_that_has_not_fetched_in_this_epoch_holds_it() {
    let mut r = leader(&[1, 2, 3]);
    append(&mut r, 0);
    assert!(at(fetch(&mut r, 2, 5, 1, Some(5))));
    assert_eq!(r.next_high_watermark(&setup(1), ProtocolVersion::PV7, set(&[1, 2, 3])), None);
    assert!(at(fetch(&mut r, 3, 5, 1, Some(5))));
    assert_eq!(r.next_high_watermark(&setup(1), ProtocolVersion::PV7, set(&[1, 2, 3])), Some(Offset(1)));
}

#[test]
fn repl_r_h3_a_follower_that_returns_learns_the_high_watermark_without_traffic() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    // It dies before it has written a checkpoint, and has every record when it is back.
    let t = 1 + begin(&s).timers().find(|(t, _)| **t == highwater_core::kafka::Timer::HwCheckpoint(BrokerId(3))).expect("armed").1;
    s.commands = vec![send(t, "A"), crash(t + SECOND, 3), start(t + 15 * SECOND, 3)];
    s.until_us = t + 17 * SECOND;
    assert_eq!(hw(&run(&s), 3), 1);
}

#[test]
fn repl_r_h4_two_fetch_rounds_to_commit_and_a_third_to_tell() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    let t = 100 * MS;
    s.commands = vec![send(t, "A"), send(t + 10 * MS, "B")];
    s.until_us = SECOND / 2;
    let sim = run(&s);
    let when = |which: &dyn Fn(&EventKind) -> bool| all(&sim, which).iter().map(|e| (e.at_us - t) / MS).collect::<Vec<_>>();
    assert_eq!(when(&|k| matches!(k, EventKind::Appended { .. })), [2, 12]);
    assert_eq!(when(&|k| matches!(k, EventKind::Replicated { .. })), [4, 4, 14, 14]);
    assert_eq!(when(&|k| matches!(k, EventKind::HighWatermark { .. })), [6, 16]);
    assert_eq!(when(&|k| matches!(k, EventKind::Acked { .. })), [8, 18]);
    let followers = when(&|k| matches!(k, EventKind::FollowerHighWatermark { to: Offset(1), .. }));
    assert_eq!(followers, [14, 14], "with the next response, which B's append brings");
}

#[test]
fn repl_r_i1_a_follower_joins_at_the_high_watermark_and_the_epoch_start() {
    let all = set(&[1, 2, 3]);
    let mut r = Replica::new(P0);
    (0..3).for_each(|n| append(&mut r, n));
    r.le = LeaderEpoch(5);
    r.become_leader(BrokerId(1), &setup(1), set(&[1, 2]));
    r.hw = Offset(2); // epochStart is 3
    assert!(!r.may_expand(BrokerId(3), all, ProtocolVersion::PV7), "its LEO is unknown");
    assert!(at(fetch(&mut r, 3, 5, 2, Some(0))));
    assert!(!r.may_expand(BrokerId(3), all, ProtocolVersion::PV7), "at the high watermark, below epochStart");
    assert!(at(fetch(&mut r, 3, 5, 3, Some(0))));
    assert!(r.may_expand(BrokerId(3), all, ProtocolVersion::PV7));
    assert!(!r.may_expand(BrokerId(3), set(&[1, 2]), ProtocolVersion::PV7), "fenced");
    assert!(!r.may_expand(BrokerId(2), all, ProtocolVersion::PV7), "in it already");
    r.leading_mut().unwrap().pending = PendingIsr::Shrink(set(&[2]));
    assert!(!r.may_expand(BrokerId(3), all, ProtocolVersion::PV7), "one change at a time");
}

#[test]
fn repl_r_i1_an_idle_follower_rejoins_too() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![send(SECOND / 2, "A"), crash(SECOND, 3), start(20 * SECOND, 3)];
    s.until_us = 30 * SECOND;
    let sim = run(&s);
    assert_eq!(state(&sim).1, [1, 2, 3], "every fetch of the session counts, also one without news");
}

#[test]
fn repl_r_i2_a_lagging_follower_leaves_between_once_and_one_and_a_half_times_the_lag() {
    for seed in 0..12 {
        let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
        s.seed = seed;
        s.commands = cut(2 * SECOND, 1, 3).to_vec();
        s.commands.push(send(2 * SECOND + 1, "A"));
        let sim = run(&s);
        let fetch = |k: &EventKind| {
            matches!(
                k,
                EventKind::Delivered { message: MessageKind::Fetch, from: Actor::Broker(BrokerId(3)), to: Actor::Broker(BrokerId(1)), .. }
            )
        };
        let caught_up = all(&sim, fetch).iter().map(|e| e.at_us).filter(|t| *t <= 2 * SECOND).max().unwrap();
        let left = first(&sim, |k| matches!(k, EventKind::IsrChanged { .. })).at_us - caught_up;
        assert!((30 * SECOND..=45 * SECOND + 10 * MS).contains(&left), "seed {seed}: {left}");
        assert_eq!(state(&sim).1, [1, 2]);
    }
}

#[test]
fn repl_r_i2_a_silent_follower_with_everything_stays() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![send(SECOND, "A")];
    s.commands.extend(cut(2 * SECOND, 1, 3));
    assert_eq!(state(&run(&s)).1, [1, 2, 3], "for two minutes");
}

#[test]
fn repl_r_i3_a_leader_that_hears_no_answer_counts_the_old_isr_until_metadata_says_otherwise() {
    let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    s.commands = cut(SECOND, 1, 3).to_vec();
    s.commands.push(crate::common::at(2 * SECOND, highwater_core::scenario::Do::CutLink { from: End::Controller, to: End::Broker(1) }));
    s.commands.push(send(3 * SECOND, "A"));
    s.commands.push(crate::common::at(60 * SECOND, highwater_core::scenario::Do::HealLink { from: End::Controller, to: End::Broker(1) }));
    let mut sim = begin(&s);
    sim.advance_to(59 * SECOND);
    assert_eq!(state(&sim), (Some(1), vec![1, 2], vec![]), "the controller has shrunk it");
    assert_eq!(hw(&sim, 1), 0, "the leader still waits for 3");
    sim.advance_to(65 * SECOND);
    assert_eq!(hw(&sim, 1), 1);
}

#[test]
fn repl_r_i3_an_ineligible_proposal_is_taken_back_and_made_again() {
    let s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    let mut w = Bench::new(&s);
    w.world.controller.partitions[0].isr.has(BrokerId(3));
    // The leader asks for {1,2} and 3 leaves; asked again for {1,2,3} under an old broker epoch of 3, the controller says no.
    let alter = |pe, isr: &[(u8, u16)]| Body::AlterPartition {
        partition: P0,
        be: BrokerEpoch(1),
        le: LeaderEpoch(0),
        pe: PartitionEpoch(pe),
        isr: isr.iter().map(|(b, e)| (BrokerId(*b), BrokerEpoch(*e))).collect(),
    };
    w.inject(Actor::Broker(BrokerId(1)), Actor::Controller, alter(0, &[(1, 1), (2, 1)]));
    w.inject(Actor::Broker(BrokerId(1)), Actor::Controller, alter(1, &[(1, 1), (2, 1), (3, 0)]));
    assert_eq!(last_answer(&w), Some(Err(ErrorCode::IneligibleReplica)));
}

fn last_answer(w: &Bench) -> Option<Result<(), ErrorCode>> {
    w.world.net.iter().rev().find_map(|f| match *f.body {
        Body::AlterPartitionResponse { result, .. } => Some(result.map(drop)),
        _ => None,
    })
}

#[test]
fn repl_r_i4_the_controller_takes_only_what_is_current_and_fit() {
    let s = scene(4, 3, r#"{"linger.ms":0}"#, "{}");
    let ask = |prepare: &dyn Fn(&mut Bench), from: u8, be: u16, le: u16, pe: u16, isr: &[(u8, u16)]| {
        let mut w = Bench::new(&s);
        prepare(&mut w);
        let before = w.world.controller.partitions[0];
        let isr = isr.iter().map(|(b, e)| (BrokerId(*b), BrokerEpoch(*e))).collect();
        let body = Body::AlterPartition { partition: P0, be: BrokerEpoch(be), le: LeaderEpoch(le), pe: PartitionEpoch(pe), isr };
        w.inject(Actor::Broker(BrokerId(from)), Actor::Controller, body);
        (before, w.world.controller.partitions[0], last_answer(&w).expect("answered"))
    };
    let nothing = |_: &mut Bench| {};
    let fenced = |w: &mut Bench| w.fire(highwater_core::kafka::Timer::Session(BrokerId(3)));
    let refused = [
        (ask(&nothing, 1, 0, 0, 0, &[(1, 1)]), Some(ErrorCode::StaleBrokerEpoch), "an old incarnation"),
        (ask(&nothing, 2, 1, 0, 0, &[(2, 1)]), None, "not the leader"),
        (ask(&nothing, 1, 1, 0, 0, &[(2, 1), (3, 1)]), None, "without the leader"),
        (ask(&nothing, 1, 1, 0, 0, &[(1, 1), (4, 1)]), None, "not a replica"),
        (ask(&nothing, 1, 1, 0, 0, &[(1, 1), (2, 0)]), Some(ErrorCode::IneligibleReplica), "a broker epoch that is gone"),
        (ask(&fenced, 1, 1, 0, 0, &[(1, 1)]), Some(ErrorCode::InvalidUpdateVersion), "fencing 3 has raised the partition epoch"),
        (ask(&fenced, 1, 1, 0, 1, &[(1, 1), (2, 1), (3, 1)]), Some(ErrorCode::IneligibleReplica), "3 is fenced"),
    ];
    for ((before, after, answer), code, what) in refused {
        assert_eq!(before, after, "{what}");
        match code {
            Some(code) => assert_eq!(answer, Err(code), "{what}"),
            None => assert!(answer.is_err(), "{what}"),
        }
    }
    let (before, after, answer) = ask(&nothing, 1, 1, 0, 0, &[(1, 1), (2, 1)]);
    assert_eq!(answer, Ok(()));
    assert_eq!((after.isr, after.pe.0, after.le), (set(&[1, 2]), before.pe.0 + 1, before.le), "the leader epoch stays on a shrink");
}

#[test]
fn repl_r_l1_an_answer_of_an_epoch_that_is_over_is_not_used() {
    let s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    let mut w = Bench::new(&s);
    w.deliver_all(|f| f.to == Actor::Broker(BrokerId(1)) && matches!(*f.body, Body::Fetch { .. }));
    w.send(0);
    assert!(w.deliver(|f| matches!(*f.body, Body::Produce { .. })));
    // Answers to 2 and 3 are on their way; before they arrive, 2 becomes leader and 3 follows it.
    w.fire(highwater_core::kafka::Timer::Session(BrokerId(1)));
    w.deliver_all(|f| matches!(*f.body, Body::MetadataRecords { .. }));
    w.deliver_all(|f| f.from == Actor::Broker(BrokerId(1)) && matches!(*f.body, Body::FetchResponse { .. }));
    let leo = |b: u8| w.world.broker(BrokerId(b)).replica(P0).unwrap().log.leo().0;
    assert_eq!([leo(1), leo(2), leo(3)], [1, 0, 0]);
}

#[test]
fn repl_r_l3_where_a_diverging_log_is_cut() {
    let log = |epochs: &[u16]| {
        let mut r = Replica::new(P0);
        for (n, e) in epochs.iter().enumerate() {
            r.le = LeaderEpoch(*e);
            append(&mut r, n as u32);
        }
        r
    };
    let cut = |epochs: &[u16], e, end| log(epochs).divergence_point(LeaderEpoch(e), Offset(end)).0;
    assert_eq!(cut(&[0, 0, 0], 0, 2), 2, "the same epoch: where it ends at the leader");
    assert_eq!(cut(&[0, 0], 0, 5), 2, "or at the own end");
    assert_eq!(cut(&[0, 2, 2], 1, 9), 1, "an epoch that is not here: the end of the one below, and ask again");
    assert_eq!(cut(&[2, 2], 0, 1), 0, "all epochs are later ones: nothing of them stays, or the same question would come again for ever");
    assert_eq!(cut(&[], 0, 1), 0);
}

#[test]
fn repl_r_l4_a_refused_follower_backs_off_a_second() {
    // 3 follows 2 before 2 knows that it leads: NOT_LEADER_OR_FOLLOWER, then a second of silence.
    let s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    let mut w = Bench::new(&s);
    w.step(Input::Do(Command::Crash(BrokerId(1))));
    w.fire(highwater_core::kafka::Timer::Session(BrokerId(1)));
    assert!(w.deliver(|f| f.to == Actor::Broker(BrokerId(3)) && matches!(*f.body, Body::MetadataRecords { .. })));
    let to_2 = |f: &highwater_core::kafka::Flight| f.from == Actor::Broker(BrokerId(3)) && matches!(*f.body, Body::Fetch { .. });
    assert!(w.deliver(|f| to_2(f) && f.to == Actor::Broker(BrokerId(2))));
    assert!(w.deliver(|f| f.to == Actor::Broker(BrokerId(3)) && matches!(*f.body, Body::FetchResponse { .. })));
    assert!(!w.world.net.iter().any(to_2), "it waits");
    let mut armed = Vec::new();
    w.world.armed(&mut |t| armed.push(t));
    let backoff = highwater_core::kafka::Timer::FetchBackoff { follower: BrokerId(3), leader: BrokerId(2) };
    assert!(armed.contains(&backoff));
    w.fire(backoff);
    assert!(w.world.net.iter().any(to_2));
}

#[test]
fn repl_r_m2_an_epoch_is_noted_even_if_nothing_is_ever_written_in_it() {
    let mut r = Replica::new(P0);
    append(&mut r, 0);
    r.le = LeaderEpoch(7);
    r.become_leader(BrokerId(1), &setup(1), set(&[1, 2]));
    assert_eq!(r.log.epochs().last().map(|e| (e.epoch.0, e.start.0)), Some((7, 1)));
    assert_eq!(r.leading().unwrap().epoch_start, Offset(1));
}

/// The controller's word on P0 reaches a broker.
fn told(w: &mut Bench, to: u8, leader: u8, le: u16, pe: u16, isr: &[u8]) {
    let from = w.world.broker(BrokerId(to)).applied;
    let change =
        Change::Partition { partition: P0, leader: Some(BrokerId(leader)), le: LeaderEpoch(le), pe: PartitionEpoch(pe), isr: set(isr) };
    let body = Body::MetadataRecords { from, upto: from + 1, changes: smallvec![change] };
    w.inject(Actor::Controller, Actor::Broker(BrokerId(to)), body);
}

#[test]
fn repl_r_m1_r_m3_r_m4_what_a_word_of_the_controller_changes() {
    let mut w = Bench::new(&scene(3, 3, r#"{"linger.ms":0}"#, "{}"));
    w.deliver_all(|f| !matches!(&*f.body, Body::FetchResponse { .. }));
    let isr = |w: &Bench| w.world.broker(BrokerId(1)).replica(P0).unwrap().leading().map(|l| l.isr);
    let known = |w: &Bench| w.world.broker(BrokerId(1)).replica(P0).unwrap().leading().unwrap().followers.clone();
    let before = known(&w);
    told(&mut w, 1, 1, 0, 5, &[1, 2]);
    assert_eq!((isr(&w), known(&w)), (Some(set(&[1, 2])), before), "R-M3: another ISR, and what it knows of its followers stays");
    told(&mut w, 1, 1, 0, 4, &[1]);
    assert_eq!(isr(&w), Some(set(&[1, 2])), "R-M1: an older partition epoch is ignored");
    let followers = |w: &Bench| w.events.iter().filter(|k| matches!(k, EventKind::BecameFollower { broker: BrokerId(1), .. })).count();
    let fetches =
        |w: &Bench| w.world.net.iter().filter(|f| f.from == Actor::Broker(BrokerId(1)) && matches!(*f.body, Body::Fetch { .. })).count();
    told(&mut w, 1, 2, 1, 6, &[1, 2]);
    assert_eq!((isr(&w), followers(&w), fetches(&w)), (None, 1, 1), "R-M4: it leads no more, and fetches from the new leader");
    told(&mut w, 1, 2, 1, 7, &[2]);
    assert_eq!((followers(&w), fetches(&w)), (1, 1), "the same leader in the same epoch: the fetcher goes on");
}

#[test]
fn repl_zombie_leader_acknowledges_acks_1_and_its_high_watermark_freezes() {
    let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    s.commands = vec![send(SECOND, "A")];
    s.commands.extend(links(2 * SECOND, End::Broker(1), End::Controller, true));
    s.commands.push(send(20 * SECOND, "B"));
    s.commands.extend(links(30 * SECOND, End::Broker(1), End::Controller, false));
    let mut sim = begin(&s);
    sim.advance_to(21 * SECOND);
    assert_eq!((state(&sim).0, sim.ledger().figures(sim.world()).acked), (Some(2), 2), "2 leads, and 1 said ok to B");
    assert_eq!((leo(&sim, 1), hw(&sim, 1), leo(&sim, 2)), (2, 1, 1));
    assert_eq!(sim.ledger().figures(sim.world()).lost, 1);
    sim.advance_to(40 * SECOND);
    assert_eq!([1, 2, 3].map(|b| keys(&sim, b)), ["A", "A", "A"], "truncated when it hears of its end");
}

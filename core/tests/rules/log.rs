//! Section 1: the log of a replica.

use crate::common::*;
use highwater_core::event::EventKind;
use highwater_core::ids::*;
use highwater_core::kafka::log::{Batch, Entry, Log, Payload};
use highwater_core::kafka::replica::Replica;
use highwater_core::kafka::step::Timer;

fn data(n: u32, count: u16) -> Payload {
    Payload::Data(Batch { id: BatchId { producer: ProducerIx(0), n }, count, pid: Pid::Session(ProducerIx(0), 0), epoch: 0, seq: None })
}
fn cache(l: &Log) -> Vec<(u16, u32)> {
    l.epochs().iter().map(|e| (e.epoch.0, e.start.0)).collect()
}
fn end_for(l: &Log, q: u16) -> Option<(u16, u32)> {
    l.end_offset_for(Some(LeaderEpoch(q))).map(|(e, o)| (e.0, o.0))
}

#[test]
fn log_l1_a_leader_gives_consecutive_offsets_from_its_leo() {
    let mut l = Log::default();
    assert_eq!(l.append(LeaderEpoch(0), data(0, 3)).base, Offset(0));
    assert_eq!(l.append(LeaderEpoch(0), data(1, 1)).base, Offset(3));
    assert_eq!(l.leo(), Offset(4));
}

#[test]
fn log_l2_a_follower_takes_offsets_as_given_and_nothing_out_of_turn() {
    let mut l = Log::default();
    let e = |base, n| Entry { base: Offset(base), epoch: LeaderEpoch(0), payload: data(n, 2) };
    assert_eq!(l.append_replicated(&[e(0, 0), e(2, 1)]), 2);
    assert_eq!(l.append_replicated(&[e(2, 1)]), 0, "below the LEO");
    assert_eq!(l.append_replicated(&[e(6, 3)]), 1, "above the LEO: compaction leaves gaps");
    assert_eq!(l.leo(), Offset(8));
}

#[test]
fn log_l2_batches_of_an_epoch_above_the_fetchers_are_ignored_with_all_that_follow() {
    let mut r = Replica::new(P0);
    r.le = LeaderEpoch(1);
    let e = |base, epoch| Entry { base: Offset(base), epoch: LeaderEpoch(epoch), payload: data(base, 1) };
    assert_eq!(r.follow(&[e(0, 0), e(1, 2), e(2, 1)], Offset(0)), 1);
    assert_eq!(r.log.leo(), Offset(1));
}

#[test]
fn log_l3_the_cache_learns_an_epoch_with_its_first_offset() {
    let mut l = Log::default();
    l.append(LeaderEpoch(0), data(0, 2));
    l.append(LeaderEpoch(0), data(1, 1));
    l.append(LeaderEpoch(3), data(2, 1));
    assert_eq!(cache(&l), [(0, 0), (3, 3)]);
}

#[test]
fn log_l3_an_epoch_that_wrote_nothing_is_dropped_when_the_next_begins_there() {
    let mut l = Log::default();
    l.append(LeaderEpoch(0), data(0, 1));
    l.note_epoch(LeaderEpoch(1), Offset(1));
    l.note_epoch(LeaderEpoch(2), Offset(1));
    assert_eq!(cache(&l), [(0, 0), (2, 1)]);
    l.truncate(Offset(1));
    assert_eq!(cache(&l), [(0, 0)], "truncation drops what starts at or after the target");
}

#[test]
fn log_l6_a_read_ends_at_its_bound_and_takes_whole_batches() {
    let mut l = Log::default();
    for n in 0..3 {
        l.append(LeaderEpoch(0), data(n, 2));
    }
    let read = |from, bound| l.read(Offset(from), Offset(bound), 9).iter().map(|e| e.base.0).collect::<Vec<_>>();
    assert_eq!(read(0, 4), [0, 2]);
    assert_eq!(read(1, 6), [0, 2, 4], "the batch that holds offset 1 comes whole");
    assert_eq!(read(0, 5), [0, 2], "a batch that reaches beyond the bound stays back");
    assert_eq!(read(5, 4), [0u32; 0], "above the bound, below the LEO: empty, no error (R-A5)");
    assert_eq!(l.read(Offset(0), Offset(6), 1).len(), 1);
}

#[test]
fn repl_end_offset_for_follows_the_rule_book() {
    let mut l = Log::default();
    assert_eq!(end_for(&l, 0), None, "an empty cache knows nothing");
    l.append(LeaderEpoch(1), data(0, 2));
    l.append(LeaderEpoch(4), data(1, 3));
    assert_eq!(end_for(&l, 4), Some((4, 5)), "the latest ends at the LEO");
    assert_eq!(end_for(&l, 5), None, "above the latest");
    assert_eq!(end_for(&l, 1), Some((1, 2)));
    assert_eq!(end_for(&l, 3), Some((1, 2)), "the greatest epoch below");
    assert_eq!(end_for(&l, 0), Some((0, 0)), "nothing at or below: the start of the next");
    assert_eq!(l.end_offset_for(None), None);
}

/// One record everywhere, written back nowhere; then broker 3 dies.
fn tail_on_broker_3(power: bool) -> (u64, highwater_core::sim::Sim) {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    // Just after a write-back, so that the next is 30 s away.
    let t = 1 + begin(&s).timers().find(|(t, _)| **t == Timer::Writeback(BrokerId(3))).expect("armed").1;
    s.commands.push(send(t, "A"));
    s.commands.push(if power { power_cut(t + SECOND, 3) } else { crash(t + SECOND, 3) });
    s.commands.push(start(t + 15 * SECOND, 3));
    s.until_us = t + 15 * SECOND;
    (t, run(&s))
}

#[test]
fn log_l14_a_crash_keeps_the_page_cache_and_a_power_cut_does_not() {
    assert_eq!(leo(&tail_on_broker_3(false).1, 3), 1);
    assert_eq!(leo(&tail_on_broker_3(true).1, 3), 0);
}

#[test]
fn log_l15_after_a_restart_the_high_watermark_is_the_checkpoint() {
    // The follower learned HW=1 by the response to its next fetch, half a second later; the checkpoint file is written every 5 s.
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    let t = 1 + begin(&s).timers().find(|(t, _)| **t == Timer::HwCheckpoint(BrokerId(3))).expect("armed").1;
    s.commands = vec![send(t, "A"), crash(t + SECOND, 3), start(t + 15 * SECOND, 3)];
    s.until_us = t + 15 * SECOND;
    let sim = run(&s);
    let learned = |k: &EventKind| matches!(k, EventKind::FollowerHighWatermark { broker: BrokerId(3), to: Offset(1), .. });
    assert_eq!(all(&sim, learned).len(), 1);
    assert_eq!((hw(&sim, 3), leo(&sim, 3)), (0, 1), "known before, not checkpointed");
    s.commands = vec![send(t, "A"), crash(t + 6 * SECOND, 3), start(t + 20 * SECOND, 3)];
    s.until_us = t + 20 * SECOND;
    assert_eq!(hw(&run(&s), 3), 1);
}

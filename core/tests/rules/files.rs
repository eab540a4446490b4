//! Section 1: segments, index, retention, compaction, flushes.

use crate::common::*;
use highwater_core::event::{ErrorCode, Event, EventKind};
use highwater_core::ids::*;
use highwater_core::kafka::log::segments::Deletion;
use highwater_core::kafka::replica::Replica;
use highwater_core::scenario::{Do, Scenario, TimedCommand};
use highwater_core::sim::Sim;

/// Records of 200 kB, five to a segment of 1 MiB: one a second from 1 s on, keys in turn.
fn big(topic: &str, keys: &[&str], count: u32) -> Scenario {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, topic);
    let work = serde_json::json!([{ "producer": "checkout", "topic": "pay", "keys": keys, "start_us": 1_000_000, "every_us": 1_000_000,
        "count": count, "bytes": 200_000 }]);
    s.workload = serde_json::from_value(work).unwrap();
    s.configs.insert("log.retention.check.interval.ms".into(), 10_000.into());
    s.configs.insert("log.cleaner.backoff.ms".into(), 5_000.into());
    s
}
fn files(sim: &Sim, broker: u8) -> &highwater_core::kafka::log::segments::Segments {
    replica(sim, broker).files.as_ref().expect("the topic has log configs")
}
fn bases(r: &Replica) -> Vec<u32> {
    r.files.as_ref().unwrap().list().iter().map(|s| s.base.0).collect()
}
fn deletions(sim: &Sim, broker: u8) -> Vec<(u32, u32, Deletion)> {
    let of = |e: &Event| match e.kind {
        EventKind::SegmentDeleted { broker: b, from, to, why, .. } if b.0 == broker => Some((from.0, to.0, why)),
        _ => None,
    };
    sim.events().iter().filter_map(of).collect()
}
fn tombstone(at_us: u64, key: &str) -> TimedCommand {
    let what = Do::Send {
        producer: "checkout".into(),
        topic: "pay".into(),
        key: Some(key.into()),
        tombstone: true,
        timestamp_ms: None,
        poison: false,
    };
    at(at_us, what)
}
fn delete_records(at_us: u64, before: Option<u32>) -> TimedCommand {
    at(at_us, Do::DeleteRecords { topic: "pay".into(), partition: 0, before })
}

#[test]
fn log_l4_a_full_segment_is_closed_and_the_next_begins_at_the_next_offset() {
    let sim = run(&big(r#"{"segment.bytes":1048576}"#, &["A"], 12));
    for b in 1..=3 {
        assert_eq!(bases(replica(&sim, b)), [0, 5, 10], "each replica rolls by itself, by the same rule");
    }
    let s = &files(&sim, 1).list()[0];
    assert!(s.bytes <= 1 << 20 && s.bytes + 200_000 > 1 << 20, "{}", s.bytes);
}

#[test]
fn log_l4_a_segment_is_closed_when_the_next_timestamp_is_segment_ms_after_its_first() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"segment.ms":10000}"#);
    s.commands = [1, 8, 11, 12, 30].map(|t| send(t * SECOND, "A")).to_vec();
    assert_eq!(bases(replica(&run(&s), 1)), [0, 3, 4], "11 s is not more than 10 s after 1 s; 12 s is");
}

#[test]
fn log_l5_the_index_is_sparse_and_a_lookup_scans_from_the_entry_before() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"index.interval.bytes":4096}"#);
    let work =
        serde_json::json!([{ "producer": "checkout", "topic": "pay", "start_us": 1000, "every_us": 20_000, "count": 40, "bytes": 1000 }]);
    s.workload = serde_json::from_value(work).unwrap();
    let sim = run(&s);
    let (f, log, data) = (files(&sim, 1), &replica(&sim, 1).log, &sim.world().data);
    // A batch is 61 + 2 + 7 + 1000 bytes; after four of them (4280) the interval is over, so the fifth gets an entry.
    let index: Vec<(u32, u64)> = f.list()[0].index.iter().map(|x| (x.last.0, x.position)).collect();
    let batch = f.list()[0].bytes / 40;
    assert_eq!(index, (1..10).map(|i| (4 * i, u64::from(4 * i) * batch)).collect::<Vec<_>>());
    let found = f.lookup(Offset(39), log, data).unwrap();
    assert_eq!((found.index_entries, found.probes, found.position), (9, 4, 36 * batch));
    assert_eq!(found.scanned, 3 * batch, "36, 37 and 38");
    assert_eq!(f.lookup(Offset(3), log, data).unwrap().position, 0, "before the first entry");
}

#[test]
fn log_l7_time_retention_deletes_whole_segments_by_their_largest_timestamp() {
    let mut s = big(r#"{"segment.bytes":1048576,"retention.ms":20000}"#, &["A"], 8);
    s.until_us = 25 * SECOND;
    let early = run(&s);
    assert_eq!(replica(&early, 1).log.start(), Offset(0), "record 0 is 24 s old, but record 4 keeps its segment");
    s.until_us = 45 * SECOND;
    let sim = run(&s);
    assert_eq!(deletions(&sim, 1), [(0, 5, Deletion::Time), (5, 8, Deletion::Time)], "the active one too: a fresh one is rolled first");
    assert_eq!((replica(&sim, 1).log.start(), replica(&sim, 1).log.leo()), (Offset(8), Offset(8)));
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.acked, f.in_log, f.lost), (8, 0, 0), "deleted by retention is not lost");
}

#[test]
fn log_l7_a_future_timestamp_pins_its_segment() {
    let mut s = big(r#"{"segment.bytes":1048576,"retention.ms":20000}"#, &["A"], 8);
    let what = Do::Send {
        producer: "checkout".into(),
        topic: "pay".into(),
        key: None,
        tombstone: false,
        timestamp_ms: Some(3_600_000),
        poison: false,
    };
    s.commands = vec![at(SECOND / 2, what)];
    assert_eq!(deletions(&run(&s), 1), [], "the first segment can't go, so nothing behind it can");
}

#[test]
fn log_l7_size_retention_keeps_at_least_retention_bytes() {
    let mut s = big(r#"{"segment.bytes":1048576,"retention.bytes":1500000}"#, &["A"], 18);
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    assert_eq!(deletions(&sim, 1), [(0, 5, Deletion::Size), (5, 10, Deletion::Size)]);
    assert_eq!(bases(replica(&sim, 2)), [10, 15]);
    assert!(files(&sim, 1).bytes() >= 1_500_000);
}

#[test]
fn log_l7_nothing_above_the_high_watermark_goes() {
    let mut s = big(r#"{"segment.bytes":1048576,"retention.ms":1000,"min.insync.replicas":2}"#, &["A"], 6);
    s.topology.producers[0].configs.insert("acks".into(), "1".into());
    s.commands = vec![stop(SECOND / 10, 2), stop(SECOND / 5, 3)];
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    assert_eq!((hw(&sim, 1), leo(&sim, 1), deletions(&sim, 1).len()), (0, 6, 0));
}

#[test]
fn log_l8_delete_records_moves_the_log_start_and_trims_the_epoch_cache() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = (1..=4).map(|t| send(t * SECOND, "A")).collect();
    s.commands.push(crash(5 * SECOND, 1)); // epoch 1 begins at 4
    s.commands.extend((17..=19).map(|t| send(t * SECOND, "A")));
    s.commands.push(delete_records(20 * SECOND, Some(6)));
    s.until_us = 25 * SECOND;
    let sim = run(&s);
    for b in [2, 3] {
        let log = &replica(&sim, b).log;
        assert_eq!(log.start(), Offset(6), "broker {b}: followers hear of it");
        assert_eq!(log.epochs().iter().map(|e| (e.epoch.0, e.start.0)).collect::<Vec<_>>(), [(1, 6)]);
    }
    assert_eq!(sim.ledger().figures(sim.world()).lost, 0);
    assert_eq!(sim.ledger().figures(sim.world()).in_log, 1);
}

#[test]
fn log_l8_not_beyond_the_high_watermark_and_a_reader_below_is_reset() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s = with_consumer(
        s,
        r#"{"group":"billing","topics":["pay"],"members":0,"standby":1,"handling_us":100000,"configs":{"auto.offset.reset":"earliest","max.poll.records":1}}"#,
    );
    s.commands = (0..10).map(|n| send(SECOND + n * MS, "A")).collect();
    s.commands.push(crash(2, 1)); // nobody leads for a while; the reader starts late
    s.commands.push(delete_records(20 * SECOND, Some(99)));
    s.commands.push(delete_records(21 * SECOND, None));
    s.commands.extend((0..3).map(|n| send(22 * SECOND + n * MS, "B")));
    s.commands.push(at(25 * SECOND, Do::StartConsumer { consumer: 0 }));
    s.until_us = 40 * SECOND;
    let sim = run(&s);
    let refused = first(&sim, |k| matches!(k, EventKind::DeleteRefused { .. }));
    assert!(matches!(refused.kind, EventKind::DeleteRefused { before: Offset(99), hw: Offset(10), .. }));
    let reset = last(&sim, |k| matches!(k, EventKind::PositionReset { partition: P0, .. }));
    assert!(matches!(reset.kind, EventKind::PositionReset { to: Offset(10), committed: false, .. }), "{reset:?}");
    let first_read = first(&sim, |k| matches!(k, EventKind::Handled { .. }));
    assert!(matches!(first_read.kind, EventKind::Handled { offset: Offset(10), .. }));
}

#[test]
fn repl_l5_a_follower_whose_records_are_all_gone_starts_where_the_leader_does() {
    let mut s = big(r#"{"segment.bytes":1048576,"retention.bytes":0}"#, &["A"], 12);
    s.commands = vec![crash(2_500_000, 3), start(60 * SECOND, 3)];
    s.until_us = 80 * SECOND;
    let sim = run(&s);
    assert!(replica(&sim, 1).log.start() >= Offset(10));
    for b in [2, 3] {
        assert_eq!((replica(&sim, b).log.start(), replica(&sim, b).log.leo()), (replica(&sim, 1).log.start(), Offset(12)));
    }
    assert_eq!(state(&sim).1, [1, 2, 3]);
}

const COMPACT: &str = r#"{"segment.bytes":1048576,"cleanup.policy":"compact","min.cleanable.dirty.ratio":0.1,"delete.retention.ms":30000}"#;

/// Offsets of the records that a log holds.
fn offsets(sim: &Sim, broker: u8) -> Vec<u32> {
    replica(sim, broker).log.iter_from(Offset::ZERO).flat_map(|e| e.base.0..e.end().0).collect()
}

#[test]
fn log_l9_the_newest_of_each_key_stays_and_the_active_segment_as_it_is() {
    let sim = run(&big(COMPACT, &["A", "B", "C"], 12));
    // Dirty are 0 to 9; of those the newest are 7 (B), 8 (C), 9 (A); 10 and 11 are in the active segment.
    for b in 1..=3 {
        assert_eq!(offsets(&sim, b), [7, 8, 9, 10, 11]);
        assert_eq!((leo(&sim, b), replica(&sim, b).log.start()), (12, Offset(0)), "offsets never change");
    }
    assert_eq!(bases(replica(&sim, 1)), [0, 10], "small segments are grouped");
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.acked, f.in_log, f.lost), (12, 5, 0));
}

#[test]
fn log_l9_no_pass_before_the_dirty_ratio_or_within_min_compaction_lag() {
    let compacted = |sim: &Sim| all(sim, |k| matches!(k, EventKind::Compacted { broker: BrokerId(1), .. })).len();
    // After a first pass 3 of 5 records are clean; one new segment of five makes 62 % dirty, two make 77 %.
    let lazy = COMPACT.replace("0.1", "0.7");
    assert_eq!(compacted(&run(&big(&lazy, &["A", "B", "C"], 16))), 2);
    assert_eq!(compacted(&run(&big(COMPACT, &["A", "B", "C"], 16))), 3);
    let lag = COMPACT.replace('}', r#","min.compaction.lag.ms":100000}"#);
    let mut s = big(&lag, &["A"], 12);
    s.until_us = 100 * SECOND;
    assert_eq!(compacted(&run(&s)), 0);
    s.until_us = 110 * SECOND - 1;
    assert_eq!(compacted(&run(&s)), 1);
}

#[test]
fn log_l10_a_tombstone_outlives_the_first_pass_and_goes_with_one_after_its_horizon() {
    let mut s = big(COMPACT, &["A", "B"], 60);
    s.commands = vec![tombstone(2_500_000, "X")];
    s.until_us = 20 * SECOND;
    let has = |sim: &Sim| offsets(sim, 1).contains(&2);
    let early = run(&s);
    assert_eq!(all(&early, |k| matches!(k, EventKind::Compacted { broker: BrokerId(1), .. })).len(), 3);
    assert!(has(&early), "passes within delete.retention.ms keep it");
    s.until_us = 60 * SECOND;
    assert!(!has(&run(&s)), "a pass after the horizon takes it");
}

#[test]
fn log_l9_a_follower_copies_a_compacted_log_with_its_gaps() {
    let mut s = big(COMPACT, &["A", "B", "C"], 12);
    s.commands = vec![crash(100, 3), start(60 * SECOND, 3)];
    s.until_us = 80 * SECOND;
    let sim = run(&s);
    assert_eq!(offsets(&sim, 3), [7, 8, 9, 10, 11]);
    assert_eq!(state(&sim).1, [1, 2, 3]);
    let mut s = with_consumer(s, r#"{"group":"billing","topics":["pay"],"configs":{"auto.offset.reset":"earliest"}}"#);
    s.commands.push(at(200, Do::CrashConsumer { consumer: 0 }));
    s.commands.push(at(61 * SECOND, Do::StartConsumer { consumer: 0 }));
    let sim = run(&s);
    let handled = |e: &Event| match e.kind {
        EventKind::Handled { offset, .. } => Some(offset.0),
        _ => None,
    };
    assert_eq!(sim.events().iter().filter_map(handled).collect::<Vec<_>>(), [7, 8, 9, 10, 11]);
}

/// Three records on three brokers, then broker 3 loses power; how many it has after its start, alone.
fn after_power_cut(topic: &str, wait_us: u64) -> u32 {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, topic);
    let t = 1 + begin(&s).timers().find(|(t, _)| **t == highwater_core::kafka::Timer::Writeback(BrokerId(3))).expect("armed").1;
    s.commands = vec![send(t, "A"), send(t + MS, "B"), send(t + 2 * MS, "C"), power_cut(t + wait_us, 3)];
    s.commands.extend(cut(t + wait_us + SECOND, 1, 3));
    s.commands.push(start(t + wait_us + 2 * SECOND, 3));
    s.until_us = t + wait_us + 3 * SECOND;
    let sim = run(&s);
    let took = all(&sim, |k| matches!(k, EventKind::LogRecovered { .. }));
    assert_eq!(took.len(), usize::from(leo(&sim, 3) < 3), "said if anything went");
    leo(&sim, 3)
}

#[test]
fn log_l14_flush_messages_and_flush_ms_move_the_recovery_point() {
    assert_eq!(after_power_cut("{}", SECOND), 0, "never flushed by default");
    assert_eq!(after_power_cut(r#"{"flush.messages":1}"#, SECOND), 3);
    assert_eq!(after_power_cut(r#"{"flush.messages":2}"#, SECOND), 2, "one is in the page cache only");
    assert_eq!(after_power_cut(r#"{"flush.ms":500}"#, SECOND), 3);
    assert_eq!(after_power_cut(r#"{"flush.ms":5000}"#, SECOND), 0);
}

#[test]
fn log_l14_a_rolled_segment_is_flushed() {
    let mut s = big(r#"{"segment.bytes":1048576}"#, &["A"], 7);
    s.workload[0].every_us = 1000;
    s.commands = vec![power_cut(1_500_000, 3)];
    s.commands.extend(cut(SECOND * 2, 1, 3));
    s.commands.push(start(2_500_000, 3));
    s.until_us = 3 * SECOND;
    assert_eq!(leo(&run(&s), 3), 5);
}

#[test]
fn log_l12_a_wrong_policy_and_a_segment_below_1_mib_are_refused() {
    for (topic, what) in [
        (r#"{"cleanup.policy":"keep"}"#, "a list of delete, compact"),
        (r#"{"segment.bytes":1000}"#, "at least 1048576"),
        (r#"{"min.cleanable.dirty.ratio":1.5}"#, "a number from 0 to 1"),
    ] {
        let text = scene(3, 3, "{}", "{}")
            .to_json()
            .replace(r#""replication.factor": 3"#, &format!(r#""configs": {topic}, "replication.factor": 3"#));
        let text = text.replace("\"configs\": {},", "");
        let e = Scenario::parse(&text).expect_err(topic).to_string();
        assert!(e.contains(what), "{e}");
    }
}

#[test]
fn prod_d7_retention_does_not_make_a_broker_forget_a_producer() {
    let mut s = big(r#"{"segment.bytes":1048576,"retention.bytes":0}"#, &["A"], 12);
    s.until_us = 40 * SECOND;
    let sim = run(&s);
    let r = replica(&sim, 1);
    assert!(r.log.start() > Offset(0));
    assert_eq!(r.producers[0].batches.len(), 5);
    let mut cut = r.clone();
    cut.truncate(r.log.start());
    assert!(cut.producers[0].batches.iter().all(|b| b.2 < r.log.start()) && !cut.producers[0].batches.is_empty());
}

#[test]
fn log_l1_a_compacted_topic_refuses_records_without_a_key() {
    let without_key =
        Do::Send { producer: "checkout".into(), topic: "pay".into(), key: None, tombstone: false, timestamp_ms: None, poison: false };
    for (topic, error) in [(COMPACT, Some(ErrorCode::InvalidRecord)), (r#"{"retention.ms":60000}"#, None)] {
        let mut s = scene(3, 3, r#"{"linger.ms":0}"#, topic);
        s.commands = vec![at(SECOND, without_key.clone()), send(2 * SECOND, "A")];
        s.until_us = 10 * SECOND;
        let sim = run(&s);
        let failed = all(&sim, |k| matches!(k, EventKind::SendFailed { .. }));
        let found = failed.first().map(|e| match e.kind {
            EventKind::SendFailed { error, .. } => error,
            _ => unreachable!(),
        });
        assert_eq!((found, failed.len()), (error, usize::from(error.is_some())), "at once: it would be refused every time");
        assert_eq!(leo(&sim, 1), if error.is_some() { 1 } else { 2 });
    }
}

/// What a producer is told of records with these timestamps, sent at 10 s one after the other.
fn dated(kafka: &str, topic: &str, timestamps_ms: &[u64]) -> Vec<Option<ErrorCode>> {
    let mut s = scene(1, 1, r#"{"linger.ms":0}"#, topic);
    s.kafka = kafka.into();
    s.until_us = 20 * SECOND;
    s.commands = (0..)
        .zip(timestamps_ms)
        .map(|(i, t)| (10 * SECOND + i * 100 * MS, *t))
        .map(|(when, t)| {
            let what = Do::Send {
                producer: "checkout".into(),
                topic: "pay".into(),
                key: None,
                tombstone: false,
                timestamp_ms: Some(t),
                poison: false,
            };
            at(when, what)
        })
        .collect();
    let sim = run(&s);
    let told = |e: &highwater_core::event::Event| match e.kind {
        EventKind::Acked { .. } => Some(None),
        EventKind::SendFailed { error, .. } => Some(Some(error)),
        _ => None,
    };
    sim.events().iter().filter_map(told).collect()
}

#[test]
fn log_l13_a_timestamp_is_near_the_clock() {
    let refused = Some(ErrorCode::InvalidTimestamp);
    let hour = 3_600_000;
    assert_eq!(dated("4.1", "{}", &[0, 9_000 + hour, 12_000 + hour]), [None, None, refused], "an hour ahead, where nothing is said");
    assert_eq!(dated("3.9", "{}", &[12_000 + hour]), [None], "before 4.0 there was no bound");
    let bounds = r#"{"message.timestamp.before.max.ms":5000,"message.timestamp.after.max.ms":1000}"#;
    assert_eq!(dated("4.1", bounds, &[6_000, 4_000, 10_900, 12_500]), [None, refused, None, refused]);
}

#[test]
fn log_l1_a_batch_beyond_max_message_bytes_is_refused() {
    let mut s = scene(1, 1, r#"{"linger.ms":0}"#, r#"{"max.message.bytes":500}"#);
    let work =
        |bytes: u32, at: u64| format!(r#"{{"producer":"checkout","topic":"pay","start_us":{at},"every_us":1,"count":1,"bytes":{bytes}}}"#);
    s.workload = [(400, SECOND), (500, 2 * SECOND)].map(|(b, t)| serde_json::from_str(&work(b, t)).unwrap()).to_vec();
    s.until_us = 10 * SECOND;
    let sim = run(&s);
    assert_eq!(leo(&sim, 1), 1, "61 bytes of header count too");
    let failed = all(&sim, |k| matches!(k, EventKind::SendFailed { error: ErrorCode::MessageTooLarge, .. }));
    assert_eq!(failed.len(), 1);
}

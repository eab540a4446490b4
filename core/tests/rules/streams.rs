//! Section 8, and 6.5: Streams threads.

use crate::common::*;
use highwater_core::event::{DroppedWhy, EventKind, StreamsEvent};
use highwater_core::fold::invariants::violations;
use highwater_core::ids::*;
use highwater_core::kafka::replica::Replica;
use highwater_core::scenario::{Do, Scenario};
use highwater_core::sim::Sim;
use serde_json::{Value, json};

/// `pay` is counted by key into `counts`, by `members` threads.
fn counting(partitions: u16, members: u8, streams: Value) -> Scenario {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#);
    s.topology.topics[0].partitions = partitions;
    let counts = json!({ "name": "counts", "partitions": partitions, "replication.factor": 3, "configs": { "min.insync.replicas": 2 } });
    s.topology.topics.push(serde_json::from_value(counts).unwrap());
    let mut spec = json!({ "to": "counts", "configs": { "producer.linger.ms": 0 } });
    merge(&mut spec, streams);
    let app = json!({ "group": "app", "topics": ["pay"], "members": members, "handling_us": 1000, "streams": spec,
        "configs": { "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000 } });
    s.apps = vec![serde_json::from_value(app).unwrap()];
    s.until_us = 40 * SECOND;
    s
}

fn merge(a: &mut Value, b: Value) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => b.into_iter().for_each(|(k, v)| merge(a.entry(k).or_insert(Value::Null), v)),
        (a, b) => *a = b,
    }
}

fn guarantee(word: &str) -> Value {
    json!({ "configs": { "processing.guarantee": word } })
}

const BOTH: [&str; 2] = ["at_least_once", "exactly_once_v2"];

fn crash_and_start(s: &mut Scenario, consumer: u8, down_us: u64, up_us: u64) {
    s.commands.push(at(down_us, Do::CrashConsumer { consumer }));
    s.commands.push(at(up_us, Do::StartConsumer { consumer }));
}

fn log_of<'a>(sim: &'a Sim, partition: &str) -> &'a Replica {
    let p = sim.setup().partition_ids().find(|p| sim.setup().partition_name(*p) == partition).expect("it is there");
    sim.world().broker(sim.ledger().view(p)).replica(p).expect("its leader has it")
}

/// The counts that stand in a log, in order: all, or those that read_committed readers get.
fn counts(sim: &Sim, partition: &str, committed: bool) -> Vec<u32> {
    let r = log_of(sim, partition);
    let entries = r.log.iter_from(Offset::ZERO).filter_map(|e| e.payload.batch().map(|b| (e.base, b)));
    let mine = entries.filter(|(base, b)| !committed || b.pid.txn().is_none() || r.txns.outcome(b.pid, *base) == Some(true));
    mine.flat_map(|(_, b)| sim.world().data.of(b.id).iter().map(|x| x.count).collect::<Vec<_>>()).collect()
}

fn told(sim: &Sim, which: impl Fn(&StreamsEvent) -> bool) -> usize {
    all(sim, |k| matches!(k, EventKind::Streams(e) if which(e))).len()
}

fn effects(sim: &Sim) -> u64 {
    sim.ledger().figures(sim.world()).effects
}

fn sound(sim: &Sim) {
    assert_eq!(violations(sim.world(), sim.ledger()), []);
}

#[test]
fn streams_each_record_is_counted_written_to_the_changelog_and_out() {
    for word in BOTH {
        let mut s = counting(1, 1, guarantee(word));
        s.commands = (0..5).map(|i| send(SECOND + i * 30 * MS, if i == 3 { "B" } else { "A" })).collect();
        let sim = run(&s);
        for partition in ["counts-0", "app-store-changelog-0"] {
            assert_eq!(counts(&sim, partition, true), [1, 2, 3, 1, 4], "{word}: {partition}");
        }
        assert_eq!(effects(&sim), 5);
        let key = |n| sim.ledger().record(RecordId { producer: ProducerIx(1), n }).and_then(|r| r.key).unwrap();
        assert_eq!((sim.ledger().key_name(key(0)), sim.ledger().key_name(key(6))), ("A", "B"), "a count has the key of its record");
        sound(&sim);
    }
}

#[test]
fn streams_commit_interval_depends_on_the_guarantee() {
    for (word, until, commits) in [("at_least_once", 29 * SECOND, 0), ("at_least_once", 31 * SECOND, 1), ("exactly_once_v2", 2 * SECOND, 1)]
    {
        let mut s = counting(1, 1, guarantee(word));
        s.commands = vec![send(SECOND, "A")];
        s.until_us = until;
        let sim = run(&s);
        assert_eq!(told(&sim, |e| matches!(e, StreamsEvent::Committing { .. })), commits, "{word} by {until}");
        let coordinator = sim.setup().groups[0].coordinator;
        let leader = sim.setup().first_leader(coordinator);
        let committed = sim.world().broker(leader).committed(sim.setup(), GroupIx(0)).to_vec();
        assert_eq!(committed, if commits > 0 { vec![(P0, Offset(1))] } else { vec![] });
    }
}

/// Ten records, one every 30 ms, and a crash between output and commit after nine of them.
fn crash_between_output_and_commit(word: &str) -> Sim {
    let mut s = counting(1, 1, guarantee(word));
    s.commands = (0..10).map(|i| send(SECOND + i * 30 * MS, "A")).collect();
    crash_and_start(&mut s, 0, SECOND + 265 * MS, 2 * SECOND);
    run(&s)
}

#[test]
fn streams_at_least_once_counts_again_what_was_not_committed() {
    let sim = crash_between_output_and_commit("at_least_once");
    let got = counts(&sim, "counts-0", true);
    let before = got.windows(2).position(|w| w[0] >= w[1]).map_or(got.len(), |i| i + 1);
    // The store is what the changelog says, and everything is read again.
    assert_eq!(*got.last().unwrap() as usize, got.len(), "{got:?}");
    assert!(got.len() > 10 && before == got.len(), "the counts run on: {got:?}");
    assert_eq!(effects(&sim) as usize, got.len());
    sound(&sim);
}

#[test]
fn streams_exactly_once_counts_once_and_repeats_effects_outside() {
    let sim = crash_between_output_and_commit("exactly_once_v2");
    let (committed, all) = (counts(&sim, "counts-0", true), counts(&sim, "counts-0", false));
    assert_eq!(committed, (1..=10).collect::<Vec<u32>>());
    assert_eq!(counts(&sim, "app-store-changelog-0", true), committed);
    assert!(all.len() > 10, "aborted counts stay in the log: {all:?}");
    assert_eq!(effects(&sim) as usize, all.len(), "what is done outside Kafka is done again");
    sound(&sim);
}

#[test]
fn streams_a_store_is_restored_before_anything_is_processed() {
    for word in BOTH {
        let sim = crash_between_output_and_commit(word);
        let restored = last(&sim, |k| matches!(k, EventKind::Streams(StreamsEvent::Restored { .. })));
        let EventKind::Streams(StreamsEvent::Restored { records, .. }) = restored.kind else { unreachable!() };
        assert!(records > 0, "{word}");
        let created = last(&sim, |k| matches!(k, EventKind::Streams(StreamsEvent::TaskCreated { .. })));
        let early = all(&sim, |k| matches!(k, EventKind::Handled { .. })).iter().any(|e| (created.seq..restored.seq).contains(&e.seq));
        assert!(!early, "{word}");
    }
}

#[test]
fn streams_an_orderly_stop_commits() {
    for word in BOTH {
        let mut s = counting(1, 1, guarantee(word));
        s.commands = (0..10).map(|i| send(SECOND + i * 30 * MS, "A")).collect();
        s.commands.push(at(SECOND + 205 * MS, Do::StopConsumer { consumer: 0 }));
        s.commands.push(at(3 * SECOND, Do::StartConsumer { consumer: 0 }));
        let sim = run(&s);
        assert_eq!(counts(&sim, "counts-0", true), (1..=10).collect::<Vec<u32>>(), "{word}");
        assert_eq!(effects(&sim), 10, "{word}");
        sound(&sim);
    }
}

#[test]
fn streams_tasks_move_with_their_partitions_and_commit_first() {
    for word in BOTH {
        let mut s = counting(4, 2, guarantee(word));
        s.apps[0].members = 1;
        s.apps[0].standby = 1;
        s.commands = (0..200).map(|i| send(SECOND + i * 30 * MS, ["A", "B", "C", "D", "E"][i as usize % 5])).collect();
        s.commands.push(at(2 * SECOND, Do::StartConsumer { consumer: 1 }));
        let sim = run(&s);
        let tasks = |c: usize| sim.world().consumers[c].streams.as_ref().unwrap().tasks.len();
        assert_eq!((tasks(0), tasks(1)), (2, 2), "{word}");
        assert_eq!(told(&sim, |e| matches!(e, StreamsEvent::TaskClosed { dirty: true, .. })), 0, "{word}");
        assert_eq!(effects(&sim), 200, "{word}: nothing is done twice");
        let stores = sim.world().consumers.iter().flat_map(|c| &c.streams.as_ref().unwrap().tasks).flat_map(|t| t.store.values());
        assert_eq!(stores.map(|a| a.count).sum::<u32>(), 200);
        sound(&sim);
    }
}

#[test]
fn streams_a_thread_that_was_thrown_out_of_its_group_commits_nothing() {
    // txn.T4, KIP-447: another member has its partition by the time it wakes.
    let mut s = counting(1, 1, guarantee("exactly_once_v2"));
    s.apps[0].standby = 1;
    s.apps[0].streams.as_mut().unwrap().configs.insert("producer.transaction.timeout.ms".into(), 60_000.into());
    s.commands = (0..20).map(|i| send(SECOND + i * 30 * MS, "A")).collect();
    let who = highwater_core::scenario::End::Consumer(0);
    s.commands.push(at(1_500 * MS, Do::StartConsumer { consumer: 1 }));
    s.commands.push(at(1_350 * MS, Do::Pause { who, for_us: 20 * SECOND }));
    s.commands.push(at(1_350 * MS, Do::Pause { who: highwater_core::scenario::End::Producer(1), for_us: 20 * SECOND }));
    s.commands.push(send(30 * SECOND, "A"));
    let sim = run(&s);
    let committed = counts(&sim, "counts-0", true);
    assert_eq!(committed, (1..=21).collect::<Vec<u32>>());
    sound(&sim);
}

// ---- grouping by another key

#[test]
fn streams_another_key_goes_by_way_of_a_repartition_topic() {
    for word in BOTH {
        let mut spec = guarantee(word);
        merge(&mut spec, json!({ "group_by": { "A": "x", "B": "x", "C": "y" } }));
        let mut s = counting(2, 1, spec);
        s.commands = (0..12).map(|i| send(SECOND + i * 30 * MS, ["A", "B", "C", "D"][i as usize % 4])).collect();
        let sim = run(&s);
        let tasks = &sim.world().consumers[0].streams.as_ref().unwrap().tasks;
        assert_eq!(tasks.len(), 4, "two sub-topologies, two partitions each");
        let counted: u32 = tasks.iter().flat_map(|t| t.store.values()).map(|a| a.count).sum();
        let largest = tasks.iter().flat_map(|t| t.store.values()).map(|a| a.count).max();
        assert_eq!((counted, largest), (9, Some(6)), "{word}: x has A's and B's records, D is dropped");
        assert_eq!(told(&sim, |e| matches!(e, StreamsEvent::RecordDropped { why: DroppedWhy::NoKey, .. })), 3);
        sound(&sim);
    }
}

#[test]
fn streams_exactly_once_holds_across_a_repartition_topic() {
    let mut spec = guarantee("exactly_once_v2");
    merge(&mut spec, json!({ "group_by": { "A": "x", "B": "x" } }));
    let mut s = counting(1, 1, spec);
    s.commands = (0..40).map(|i| send(SECOND + i * 30 * MS, ["A", "B"][i as usize % 2])).collect();
    for (down, up) in [(1_255, 1_500), (1_900, 1_950)] {
        crash_and_start(&mut s, 0, down * MS, up * MS);
    }
    let sim = run(&s);
    assert_eq!(counts(&sim, "counts-0", true), (1..=40).collect::<Vec<u32>>());
    sound(&sim);
}

// ---- windows

fn event_time(at_us: u64, timestamp_ms: u64) -> highwater_core::scenario::TimedCommand {
    let mut c = send(at_us, "A");
    if let Do::Send { timestamp_ms: t, .. } = &mut c.what {
        *t = Some(timestamp_ms);
    }
    c
}

/// Windows of 10 s; records with these timestamps, in seconds, one after the other: the counts, `None` for a dropped record.
fn windowed(grace_ms: u32, seconds: &[u64]) -> Vec<Option<u32>> {
    let mut s = counting(1, 1, json!({ "window_ms": 10_000, "grace_ms": grace_ms }));
    s.commands = seconds.iter().enumerate().map(|(i, t)| event_time(SECOND + i as u64 * 100 * MS, t * 1000)).collect();
    let sim = run(&s);
    let told = all(&sim, |k| matches!(k, EventKind::Streams(StreamsEvent::Counted { .. } | StreamsEvent::RecordDropped { .. })));
    told.iter()
        .map(|e| match e.kind {
            EventKind::Streams(StreamsEvent::Counted { count, .. }) => Some(count),
            _ => None,
        })
        .collect()
}

#[test]
fn streams_windows_count_by_event_time_until_grace_is_over() {
    // Stream time only advances: at 12 s the window from 0 is over, with 5 s of grace it is open until 15 s.
    assert_eq!(windowed(0, &[1, 9, 12, 5, 13]), [Some(1), Some(2), Some(1), None, Some(2)]);
    assert_eq!(windowed(5_000, &[1, 9, 12, 5, 13]), [Some(1), Some(2), Some(1), Some(3), Some(2)]);
    assert_eq!(windowed(5_000, &[1, 14, 5, 15, 6]), [Some(1), Some(1), Some(2), Some(2), None]);
}

#[test]
fn streams_a_count_has_the_largest_timestamp_of_its_records() {
    let mut s = counting(1, 1, json!({}));
    s.commands = vec![event_time(SECOND, 5_000), event_time(SECOND + 100 * MS, 3_000), event_time(SECOND + 200 * MS, 8_000)];
    let sim = run(&s);
    let r = log_of(&sim, "counts-0");
    let stamps = r.log.iter_from(Offset::ZERO).filter_map(|e| e.payload.batch()).map(|b| sim.world().data.of(b.id)[0].timestamp_ms);
    assert_eq!(stamps.collect::<Vec<_>>(), [5_000, 5_000, 8_000]);
}

#[test]
fn streams_a_scenario_that_can_not_be_is_refused_with_its_place() {
    let cases = [
        (json!({ "to": "pay" }), "apps[0].streams", "reads one topic"),
        (json!({ "to": "nowhere" }), "apps[0].streams.to", "there is no topic"),
        (json!({ "grace_ms": 5 }), "apps[0].streams.grace_ms", "needs window_ms"),
        (json!({ "store": "a b" }), "apps[0].streams.store", "is no name"),
        (guarantee("exactly_once"), "apps[0].streams.configs.processing.guarantee", "exactly_once_v2"),
        (json!({ "configs": { "producer.lingerms": 1 } }), "apps[0].streams.configs.producer.lingerms", "is not a config"),
        (
            json!({ "configs": { "producer.transactional.id": "x" } }),
            "apps[0].streams.configs.producer.transactional.id",
            "chosen by Streams",
        ),
    ];
    for (streams, place, what) in cases {
        let e = Scenario::parse(&counting(1, 1, streams).to_json()).unwrap_err();
        assert!(e.at == place && e.what.contains(what), "{e}");
    }
}

// ---- shipped scenarios

#[test]
fn streams_the_shipped_crash_between_output_and_commit_counts_twice_or_once() {
    for (name, want) in [("streams-at-least-once", [18, 18, 18]), ("streams-exactly-once", [10, 12, 10])] {
        let path = format!("{}/../assets/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let sim = run(&parse(&std::fs::read_to_string(path).unwrap()));
        let done = all(&sim, |k| matches!(k, EventKind::Handled { consumer: ConsumerIx(0), .. })).len();
        let seen = all(&sim, |k| matches!(k, EventKind::Handled { consumer: ConsumerIx(1), .. })).len();
        let last = counts(&sim, "counts-0", true).last().copied().unwrap() as usize;
        assert_eq!([last, done, seen], want, "{name}: the last count, what was done outside Kafka, what a reader saw");
        sound(&sim);
    }
}

//! Random small scenarios.

use super::{MS, SECOND, links, parse};
use highwater_core::scenario::{Do, End, Scenario, TimedCommand};
use proptest::prelude::*;
use serde_json::json;

/// A scenario that prints as the JSON that reproduces it.
#[derive(Clone)]
pub struct Case(pub Scenario);

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_json())
    }
}

/// What is done to the cluster; numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Crash(u8),
    PowerCut(u8),
    Stop(u8),
    Start(u8),
    Cut(u8, u8, bool),
    Heal(u8, u8),
    Drop(u8, bool),
    CrashConsumer,
    StartConsumer,
    DeleteRecords(u8),
    Slow(u8, u8, u16),
    Pause(u8, u16),
    SlowHandler(u16),
    Poison,
}

fn fault(power: bool) -> impl Strategy<Value = Fault> {
    let b = || any::<u8>();
    prop_oneof![
        3 => b().prop_map(Fault::Crash),
        1 => b().prop_map(move |x| if power { Fault::PowerCut(x) } else { Fault::Crash(x) }),
        2 => b().prop_map(Fault::Stop),
        5 => b().prop_map(Fault::Start),
        3 => (b(), b(), any::<bool>()).prop_map(|(x, y, both)| Fault::Cut(x, y, both)),
        4 => (b(), b()).prop_map(|(x, y)| Fault::Heal(x, y)),
        2 => (b(), any::<bool>()).prop_map(|(x, p)| Fault::Drop(x, p)),
        1 => Just(Fault::CrashConsumer),
        1 => Just(Fault::StartConsumer),
        1 => b().prop_map(Fault::DeleteRecords),
        2 => (b(), b(), 0..6000u16).prop_map(|(x, y, ms)| Fault::Slow(x, y, ms)),
        2 => (b(), 1..4000u16).prop_map(|(x, ms)| Fault::Pause(x, ms)),
        1 => (0..2000u16).prop_map(Fault::SlowHandler),
        1 => Just(Fault::Poison),
    ]
}

fn commands(brokers: u8, quorum: bool, at_us: u64, f: Fault) -> Vec<TimedCommand> {
    let one = |what| vec![TimedCommand { at_us, by_hand: false, what }];
    let broker = |x: u8| x % brokers + 1;
    // Ends of links: brokers, the controller, the producer, the consumer.
    let of_controllers = |e: End| matches!(e, End::Controller | End::Voter(_));
    let end = |x: u8| match x % (brokers + 3) {
        x if x < brokers => End::Broker(x + 1),
        n if n == brokers && quorum => End::Voter(x % 3 + 1),
        x if x == brokers => End::Controller,
        x if x == brokers + 1 => End::Producer(0),
        _ => End::Consumer(0),
    };
    match f {
        Fault::Crash(b) => one(Do::Crash { broker: broker(b) }),
        Fault::PowerCut(b) => one(Do::PowerCut { broker: broker(b) }),
        Fault::Stop(b) => one(Do::Stop { broker: broker(b) }),
        Fault::Start(b) => one(Do::Start { broker: broker(b) }),
        Fault::Cut(x, y, _) | Fault::Heal(x, y) if end(x) == end(y) => Vec::new(),
        Fault::Cut(x, y, true) => links(at_us, end(x), end(y), true).to_vec(),
        Fault::Cut(x, y, false) => one(Do::CutLink { from: end(x), to: end(y) }),
        Fault::Heal(x, y) => links(at_us, end(x), end(y), false).to_vec(),
        Fault::Drop(b, producer) => {
            let client = if producer { End::Producer(0) } else { End::Consumer(0) };
            one(Do::DropNextResponse { broker: broker(b), client })
        }
        Fault::CrashConsumer => one(Do::CrashConsumer { consumer: 0 }),
        Fault::StartConsumer => one(Do::StartConsumer { consumer: 0 }),
        Fault::Slow(x, y, _) if end(x) == end(y) => Vec::new(),
        // A registration that takes longer than the heartbeat interval is repeated, and the model takes that for another process.
        Fault::Slow(x, y, ms) => one(Do::SlowLink {
            from: end(x),
            to: end(y),
            extra_us: u64::from(if of_controllers(end(x)) || of_controllers(end(y)) { ms % 50 } else { ms }) * MS,
        }),
        Fault::Pause(x, ms) => one(Do::Pause { who: end(x), for_us: u64::from(ms) * MS }),
        Fault::SlowHandler(ms) => one(Do::SlowHandler { consumer: 0, handling_us: (ms > 99).then_some(u64::from(ms) * MS) }),
        Fault::Poison => {
            let (producer, topic) = ("checkout".into(), "pay".into());
            one(Do::Send { producer, topic, key: Some("X".into()), tombstone: false, timestamp_ms: None, poison: true })
        }
        Fault::DeleteRecords(n) => {
            let before = (n > 9).then_some(u32::from(n % 40));
            one(Do::DeleteRecords { topic: "pay".into(), partition: 0, before })
        }
    }
}

/// Timeouts of the cluster a tenth of the real ones, so that a short run sees them all.
const SHORT: &str = r#"{"replica.lag.time.max.ms":3000,"broker.session.timeout.ms":900,"broker.heartbeat.interval.ms":200,
    "replica.socket.timeout.ms":1000,"replica.fetch.backoff.ms":100,"replica.high.watermark.checkpoint.interval.ms":500,
    "controller.quorum.election.timeout.ms":300,"controller.quorum.fetch.timeout.ms":1000,
    "log.retention.check.interval.ms":700,"log.cleaner.backoff.ms":300}"#;

struct Shape {
    brokers: u8,
    /// Controllers.
    voters: u8,
    partitions: u16,
    replicas: u8,
    topic: serde_json::Value,
    producer: serde_json::Value,
    app: serde_json::Value,
    elr: u8,
    network: (u64, u64),
    seed: u64,
    records: u32,
    /// Of each record.
    bytes: u32,
    every_us: u64,
    until_us: u64,
}

fn build(s: Shape, mut commands: Vec<TimedCommand>) -> Case {
    commands.sort_by_key(|c| c.at_us);
    let text = json!({
        "format": 1, "kafka": "4.1", "seed": s.seed, "until_us": s.until_us,
        "features": { "eligible.leader.replicas.version": s.elr },
        "network": { "delay_us": s.network.0, "jitter_us": s.network.1 },
        "configs": serde_json::from_str::<serde_json::Value>(SHORT).unwrap(),
        "topology": {
            "brokers": s.brokers,
            "voters": s.voters,
            "topics": [{ "name": "pay", "partitions": s.partitions, "replication.factor": s.replicas, "configs": s.topic }],
            "producers": [{ "name": "checkout", "configs": s.producer }],
        },
        "apps": [s.app],
        "workload": [{ "producer": "checkout", "topic": "pay", "keys": ["A", "B", "C"], "start_us": 10_000, "every_us": s.every_us, "count": s.records, "bytes": s.bytes }],
        "commands": commands,
    });
    Case(parse(&text.to_string()))
}

/// Any small cluster with any schedule of faults; a third of them with a quorum of controllers, which come and go too.
pub fn any_case(power: bool) -> impl Strategy<Value = Case> {
    let shape = (1..=5u8, 1..=3u16, any::<u8>(), 1..=3u8, 0..=1u8, any::<bool>());
    let client = (
        prop::sample::select(vec!["0", "1", "all"]),
        any::<bool>(),
        prop::sample::select(vec![1, 5]),
        prop::sample::select(vec![0, 5, 50]),
    );
    let reading = (prop::sample::select(vec![Some("after_handling"), Some("before_handling"), None]), any::<bool>());
    let timing = (prop::sample::select(vec![0u64, 500, 20_000]), any::<u64>(), 1..60u32, 5..400u64);
    let faults = prop::collection::vec((0..12_000u64, fault(power)), 0..14);
    let logs = prop::sample::select(vec![
        json!({}),
        json!({}),
        json!({ "segment.bytes": 1_048_576, "retention.bytes": 1_500_000, "flush.messages": 3 }),
        json!({ "segment.ms": 500, "retention.ms": 1500, "flush.ms": 200 }),
        json!({ "segment.bytes": 1_048_576, "cleanup.policy": "compact", "delete.retention.ms": 1000, "min.cleanable.dirty.ratio": 0.1 }),
        json!({ "segment.ms": 400, "cleanup.policy": "compact,delete", "retention.ms": 4000, "min.compaction.lag.ms": 300 }),
    ]);
    let voters = prop::option::weighted(0.34, prop::collection::vec((0..12_000u64, 1..=3u8, any::<bool>()), 0..6));
    (shape, client, reading, timing, faults, logs, voters).prop_map(|(shape, client, reading, timing, faults, logs, voters)| {
        let (brokers, partitions, rf, min_isr, elr, unclean) = shape;
        let mut topic = json!({ "min.insync.replicas": min_isr, "unclean.leader.election.enable": unclean });
        topic.as_object_mut().unwrap().extend(logs.as_object().unwrap().clone());
        let (acks, idempotence, in_flight, linger) = client;
        let (commit, auto) = reading;
        let mut producer = json!({ "acks": acks, "max.in.flight.requests.per.connection": in_flight, "linger.ms": linger,
            "request.timeout.ms": 1500, "delivery.timeout.ms": 6000 });
        if !idempotence {
            producer["enable.idempotence"] = false.into();
        }
        let mut app = json!({ "group": "billing", "topics": ["pay"], "members": 1, "handling_us": 3000,
            "configs": { "auto.offset.reset": "earliest", "enable.auto.commit": auto, "auto.commit.interval.ms": 700, "request.timeout.ms": 1500,
                "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000, "max.poll.interval.ms": 9000 } });
        if let Some(commit) = commit {
            app["commit"] = commit.into();
        }
        // In some, the reader's rack is that of the brokers with even ids.
        let by_rack = timing.1.is_multiple_of(3);
        if by_rack {
            app["configs"]["client.rack"] = "x0".into();
            app["configs"]["metadata.max.age.ms"] = 2500.into();
        }
        let quorum = voters.is_some();
        let mut all: Vec<TimedCommand> = faults.into_iter().flat_map(|(t, f)| commands(brokers, quorum, t * MS, f)).collect();
        for (t, voter, crash) in voters.into_iter().flatten() {
            let what = if crash { Do::CrashVoter { voter } } else { Do::StartVoter { voter } };
            all.push(TimedCommand { at_us: t * MS, by_hand: false, what });
        }
        let shape = Shape {
            brokers,
            voters: 1,
            partitions,
            replicas: rf % brokers + 1,
            bytes: if topic.get("segment.bytes").is_some() { 200_000 } else { 100 },
            topic,
            producer,
            app,
            elr,
            network: (2000, timing.0),
            seed: timing.1 >> 12,
            records: timing.2,
            every_us: timing.3 * MS,
            until_us: 15 * SECOND,
        };
        let Case(mut s) = build(Shape { voters: if quorum { 3 } else { 1 }, ..shape }, all);
        if by_rack {
            s.topology.racks = (1..=brokers).map(|b| format!("x{}", b % 2)).collect();
            s.configs.insert("replica.selector.class".into(), highwater_core::scenario::configs::RACK_AWARE.into());
        }
        Case(parse(&s.to_json()))
    })
}

/// Any small cluster that keeps its metadata in ZooKeeper, under any rules of replication, with any schedule of faults; then
/// everything is repaired.
pub fn zookeeper_case() -> impl Strategy<Value = Case> {
    let versions = vec!["PV3", "PV4", "PV5", "PV7"]; // those before lose what is committed
    let more = prop::collection::vec((0..12_000u64, 0..6u8, any::<u8>(), any::<u8>()), 0..8);
    (repaired_case(), prop::sample::select(versions), more).prop_map(|(Case(mut s), version, more)| {
        let mut value = serde_json::to_value(&s).unwrap();
        // ZooKeeper takes the place of the controller, or of those of a quorum, in every link.
        let mut text = value["commands"].to_string().replace(r#""controller""#, r#""zookeeper""#);
        for v in 1..=3 {
            text = text.replace(&format!(r#"{{"voter":{v}}}"#), r#""zookeeper""#);
        }
        value["commands"] = serde_json::from_str(&text).unwrap();
        let of_quorum = |c: &serde_json::Value| c.get("voter").is_some() || c["from"].is_string() && c["from"] == c["to"];
        value["commands"].as_array_mut().unwrap().retain(|c| !of_quorum(c));
        value["topology"]["voters"] = 1.into();
        value["kafka"] = "3.9".into();
        value["features"] = json!({});
        value["rules"] = json!({ "replication": version });
        value["topology"]["metadata"] = "zookeeper".into();
        for name in ["zookeeper.session.timeout.ms", "zookeeper.connection.timeout.ms"] {
            value["configs"][name] = 900.into();
        }
        value["configs"]["controller.socket.timeout.ms"] = 1500.into();
        s = parse(&value.to_string());
        let brokers = s.topology.brokers;
        for (t, what, x, y) in more {
            let (x, y) = (x % brokers + 1, y % brokers + 1);
            let (a, b) = (End::Broker(x), if x == y { End::Zookeeper } else { End::Broker(y) });
            let at = |what| TimedCommand { at_us: t * MS, by_hand: false, what };
            match what {
                0 => s.commands.push(at(Do::CrashZookeeper {})),
                1 | 2 => s.commands.push(at(Do::StartZookeeper {})),
                3 => s.commands.push(at(Do::Pause { who: End::Zookeeper, for_us: u64::from(y) * 700 * MS })),
                4 => s.commands.extend(links(t * MS, a, b, true)),
                _ => s.commands.push(at(Do::ElectPreferredLeader { topic: "pay".into(), partition: 0 })),
            }
        }
        // Whoever gave up, or came back too early, is started again.
        s.commands.push(TimedCommand { at_us: 12 * SECOND, by_hand: false, what: Do::StartZookeeper {} });
        for b in 1..=brokers {
            s.commands.extend(links(12 * SECOND, End::Broker(b), End::Zookeeper, false));
            (1..=brokers).filter(|o| b < *o).for_each(|o| s.commands.extend(links(12 * SECOND, End::Broker(b), End::Broker(o), false)));
            s.commands.extend((14..20).map(|t| TimedCommand { at_us: t * SECOND, by_hand: false, what: Do::Start { broker: b } }));
        }
        s.commands.sort_by_key(|c| c.at_us);
        s.until_us = 120 * SECOND; // what was lost is asked again after up to 30 s, more than once
        Case(parse(&s.to_json()))
    })
}

/// Any case, and then everything is repaired: links whole from 12 s on, every process started until nothing is down.
pub fn repaired_case() -> impl Strategy<Value = Case> {
    any_case(true).prop_map(|Case(mut s)| {
        let cut: Vec<(End, End)> = s
            .commands
            .iter()
            .filter_map(|c| match c.what {
                Do::CutLink { from, to } => Some((from, to)),
                _ => None,
            })
            .collect();
        let slow: Vec<(End, End)> =
            s.commands.iter().filter_map(|c| if let Do::SlowLink { from, to, .. } = c.what { Some((from, to)) } else { None }).collect();
        s.commands.retain(|c| !matches!(c.what, Do::Send { poison: true, .. }));
        let mut at = |at_us, what| s.commands.push(TimedCommand { at_us, by_hand: false, what });
        for (from, to) in cut {
            at(12 * SECOND, Do::HealLink { from, to });
        }
        for (from, to) in slow {
            at(12 * SECOND, Do::SlowLink { from, to, extra_us: 0 });
        }
        at(12 * SECOND, Do::SlowHandler { consumer: 0, handling_us: None });
        for t in [13, 15, 20] {
            (1..=s.topology.brokers).for_each(|broker| at(t * SECOND, Do::Start { broker }));
            at(t * SECOND, Do::StartConsumer { consumer: 0 });
            (1..=3).filter(|_| s.topology.voters > 1).for_each(|voter| at(t * SECOND, Do::StartVoter { voter }));
        }
        s.until_us = 60 * SECOND;
        Case(parse(&s.to_json()))
    })
}

/// Replication factor 3, min ISR 2, ELR, clean elections, acks=all: one broker at a time is down, with its page cache kept; links between brokers break and heal.
pub fn safe_case() -> impl Strategy<Value = Case> {
    let outages = prop::collection::vec((0..3u8, 50..2500u64, 50..2500u64, any::<bool>()), 0..6);
    let cuts = prop::collection::vec((0..12_000u64, 0..3u8, 0..3u8, any::<bool>()), 0..8);
    let timing = (prop::sample::select(vec![0u64, 500, 20_000]), any::<u64>(), 1..80u32, 5..150u64, any::<bool>());
    (outages, cuts, timing).prop_map(|(outages, cuts, timing)| {
        let mut all = Vec::new();
        let mut t = 100 * MS;
        for (b, up, down, clean) in outages {
            t += up * MS;
            let broker = b + 1;
            all.push(TimedCommand { at_us: t, by_hand: false, what: if clean { Do::Stop { broker } } else { Do::Crash { broker } } });
            t += down * MS;
            // A stop takes a while if the controller does not answer; a broker that runs ignores this.
            all.push(TimedCommand { at_us: t, by_hand: false, what: Do::Start { broker } });
        }
        for (t, a, b, cut) in cuts.into_iter().filter(|c| c.1 != c.2) {
            all.extend(links(t * MS, End::Broker(a + 1), End::Broker(b + 1), cut));
        }
        let mut producer = json!({ "acks": "all", "linger.ms": 0, "request.timeout.ms": 1500, "delivery.timeout.ms": 6000 });
        if !timing.4 {
            producer["enable.idempotence"] = false.into();
        }
        let shape = Shape {
            brokers: 3,
            voters: 1,
            partitions: 1,
            replicas: 3,
            topic: json!({ "min.insync.replicas": 2 }),
            bytes: 100,
            producer,
            app: json!({ "group": "billing", "topics": ["pay"], "commit": "after_handling", "configs": { "auto.offset.reset": "earliest" } }),
            elr: 1,
            network: (2000, timing.0),
            seed: timing.1 >> 12,
            records: timing.2,
            every_us: timing.3 * MS,
            until_us: 15 * SECOND,
        };
        build(shape, all)
    })
}

/// The same case with transactions: its producer sends in them, its application reads and writes in them.
pub fn transactional_case(base: impl Strategy<Value = Case>) -> impl Strategy<Value = Case> {
    let shape = (0..=2u8, 0..4u32, 0..4u32, any::<bool>(), any::<bool>(), prop::sample::select(vec![300, 2000]));
    (base, shape).prop_map(|(Case(mut s), (version, size, aborts, output_in_transaction, committed, timeout))| {
        s.features.transaction = Some(version);
        for (name, value) in [("transaction.abort.timed.out.transaction.cleanup.interval.ms", 700), ("transaction.state.log.min.isr", 1)] {
            s.configs.insert(name.into(), value.into());
        }
        let producer = &mut s.topology.producers[0].configs;
        for name in ["acks", "enable.idempotence"] {
            producer.remove(name);
        }
        producer.insert("transactional.id".into(), "tx".into());
        producer.insert("transaction.timeout.ms".into(), timeout.into());
        s.workload[0].records_per_transaction = size;
        s.workload[0].abort_every = aborts;
        let mut out = s.topology.topics[0].clone();
        out.name = "out".into();
        s.topology.topics.push(out);
        let app = &mut s.apps[0];
        let mut output = json!({ "topic": "out", "configs": { "linger.ms": 0, "request.timeout.ms": 1500, "delivery.timeout.ms": 6000 } });
        if output_in_transaction {
            output["configs"]["transactional.id"] = "loop".into();
            output["configs"]["transaction.timeout.ms"] = timeout.into();
            app.commit = None;
        }
        app.output = Some(serde_json::from_value(output).unwrap());
        if committed {
            app.configs.insert("isolation.level".into(), "read_committed".into());
        }
        Case(parse(&s.to_json()))
    })
}

/// The same case with a Streams application in place of its own: it counts `pay` into `counts`.
pub fn streams_case(base: impl Strategy<Value = Case>) -> impl Strategy<Value = Case> {
    let shape = (any::<bool>(), 0..=2u8, any::<bool>(), 0..2u8, prop::sample::select(vec![20, 100, 900]));
    (base, shape).prop_map(|(Case(mut s), (exactly_once, version, regroup, standby, interval))| {
        s.features.transaction = Some(version);
        for (name, value) in [("transaction.abort.timed.out.transaction.cleanup.interval.ms", 700), ("transaction.state.log.min.isr", 1)] {
            s.configs.insert(name.into(), value.into());
        }
        let mut counts = s.topology.topics[0].clone();
        counts.name = "counts".into();
        counts.configs.retain(|name, _| name == "min.insync.replicas" || name == "unclean.leader.election.enable");
        s.topology.topics.push(counts);
        let guarantee = if exactly_once { "exactly_once_v2" } else { "at_least_once" };
        let mut streams = json!({ "to": "counts", "configs": { "processing.guarantee": guarantee, "commit.interval.ms": interval,
            "producer.linger.ms": 0, "producer.request.timeout.ms": 1500, "producer.transaction.timeout.ms": 2000 } });
        if regroup {
            let keys = s.workload.iter().flat_map(|w| w.keys.clone());
            streams["group_by"] = keys.map(|k| (k, json!("all"))).collect::<serde_json::Map<_, _>>().into();
        }
        let app = &mut s.apps[0];
        (app.commit, app.output, app.standby) = (None, None, standby);
        app.streams = Some(serde_json::from_value(streams).unwrap());
        for name in ["enable.auto.commit", "isolation.level", "client.rack"] {
            app.configs.remove(name);
        }
        app.configs.insert("session.timeout.ms".into(), 6000.into());
        app.configs.insert("heartbeat.interval.ms".into(), 500.into());
        if standby > 0 {
            let join = TimedCommand { at_us: 4 * SECOND, by_hand: false, what: Do::StartConsumer { consumer: 1 } };
            let at = s.commands.partition_point(|c| c.at_us <= join.at_us);
            s.commands.insert(at, join);
        }
        Case(parse(&s.to_json()))
    })
}

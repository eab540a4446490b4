//! Random lives of a consumer group.

use super::random::Case;
use super::{MS, SECOND, links, parse};
use highwater_core::scenario::{Do, End, TimedCommand};
use proptest::prelude::*;
use serde_json::json;

/// What happens to one of three brokers or four members.
#[derive(Clone, Copy, Debug)]
enum Turn {
    StartMember(u8),
    StopMember(u8),
    CrashMember(u8),
    PauseMember(u8, u16),
    SlowHandler(u8, u16),
    CutMember(u8, u8, bool),
    HealMember(u8, u8),
    DropNext(u8, u8),
    CrashBroker(u8),
    StopBroker(u8),
    StartBroker(u8),
}

fn turn() -> impl Strategy<Value = Turn> {
    let (m, b) = (|| 0..4u8, || 1..=3u8);
    prop_oneof![
        6 => m().prop_map(Turn::StartMember),
        2 => m().prop_map(Turn::StopMember),
        2 => m().prop_map(Turn::CrashMember),
        2 => (m(), 1..9000u16).prop_map(|(m, ms)| Turn::PauseMember(m, ms)),
        2 => (m(), 0..3000u16).prop_map(|(m, ms)| Turn::SlowHandler(m, ms)),
        2 => (m(), b(), any::<bool>()).prop_map(|(m, b, both)| Turn::CutMember(m, b, both)),
        3 => (m(), b()).prop_map(|(m, b)| Turn::HealMember(m, b)),
        2 => (m(), b()).prop_map(|(m, b)| Turn::DropNext(m, b)),
        1 => b().prop_map(Turn::CrashBroker),
        1 => b().prop_map(Turn::StopBroker),
        3 => b().prop_map(Turn::StartBroker),
    ]
}

fn commands((at_ms, t): (u64, Turn)) -> Vec<TimedCommand> {
    let one = |what| vec![TimedCommand { at_us: at_ms * MS, by_hand: false, what }];
    match t {
        Turn::StartMember(consumer) => one(Do::StartConsumer { consumer }),
        Turn::StopMember(consumer) => one(Do::StopConsumer { consumer }),
        Turn::CrashMember(consumer) => one(Do::CrashConsumer { consumer }),
        Turn::PauseMember(c, ms) => one(Do::Pause { who: End::Consumer(c), for_us: u64::from(ms) * MS }),
        Turn::SlowHandler(consumer, ms) => one(Do::SlowHandler { consumer, handling_us: (ms > 99).then_some(u64::from(ms) * MS) }),
        Turn::CutMember(c, b, true) => links(at_ms * MS, End::Consumer(c), End::Broker(b), true).to_vec(),
        Turn::CutMember(c, b, false) => one(Do::CutLink { from: End::Broker(b), to: End::Consumer(c) }),
        Turn::HealMember(c, b) => links(at_ms * MS, End::Consumer(c), End::Broker(b), false).to_vec(),
        Turn::DropNext(c, broker) => one(Do::DropNextResponse { broker, client: End::Consumer(c) }),
        Turn::CrashBroker(broker) => one(Do::Crash { broker }),
        Turn::StopBroker(broker) => one(Do::Stop { broker }),
        Turn::StartBroker(broker) => one(Do::Start { broker }),
    }
}

/// A group of up to four members that reads four partitions, by this protocol, with short timeouts. At 20 s everything is
/// repaired and the first two members run.
pub fn group_case(protocol: &'static str) -> impl Strategy<Value = Case> {
    let shape =
        (any::<u32>(), 0..=3u8, any::<bool>(), prop::sample::select(vec![0u64, 500, 20_000]), prop::sample::select(vec!["4.1", "4.3"]));
    let commit = prop::sample::select(vec![Some("after_handling"), Some("before_handling"), None]);
    let turns = prop::collection::vec((0..20_000u64, turn()), 0..16);
    (shape, commit, turns).prop_map(move |((seed, members, is_static, jitter, kafka), commit, turns)| {
        let mut configs = json!({ "auto.offset.reset": "earliest", "request.timeout.ms": 1500, "max.poll.interval.ms": 4000, "max.poll.records": 3,
            "auto.commit.interval.ms": 700 });
        let more = match protocol {
            "consumer" => json!({ "group.protocol": "consumer" }),
            "cooperative" => json!({ "partition.assignment.strategy": "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
                "session.timeout.ms": 6000, "heartbeat.interval.ms": 700 }),
            _ => json!({ "session.timeout.ms": 6000, "heartbeat.interval.ms": 700 }),
        };
        configs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let shares = protocol == "share";
        if shares {
            configs = json!({ "share.auto.offset.reset": "earliest", "request.timeout.ms": 1500, "max.poll.interval.ms": 4000,
                "max.poll.records": 3, "share.acknowledgement.mode": if is_static { "explicit" } else { "implicit" } });
        } else if is_static {
            configs["group.instance.id"] = "till".into();
        }
        let mut app = json!({ "group": "billing", "topics": ["pay"], "members": members, "standby": 4 - members, "handling_us": 3000,
            "configs": configs });
        if shares {
            app["share"] = json!({ "on_error": "release" });
        } else if let Some(commit) = commit {
            app["commit"] = commit.into();
        }
        let mut all: Vec<TimedCommand> = turns.into_iter().flat_map(commands).collect();
        let ends = || (0..4).flat_map(|c| (1..=3).map(move |b| (c, b)));
        all.extend(ends().flat_map(|(c, b)| links(20 * SECOND, End::Consumer(c), End::Broker(b), false)));
        let repairs = (1..=3).map(|broker| Do::Start { broker }).chain((0..4).map(|consumer| Do::SlowHandler { consumer, handling_us: None }));
        all.extend(repairs.map(|what| TimedCommand { at_us: 20 * SECOND, by_hand: false, what }));
        // A static member whose process died finds its place taken for a while, and ends: it is started until it stays.
        for t in [32, 42, 52] {
            all.extend((0..2).map(|consumer| TimedCommand { at_us: t * SECOND, by_hand: false, what: Do::StartConsumer { consumer } }));
        }
        all.sort_by_key(|c| c.at_us);
        let text = json!({
            "format": 1, "kafka": if shares { "4.3" } else { kafka }, "seed": seed, "until_us": 100 * SECOND,
            "network": { "delay_us": 2000, "jitter_us": jitter },
            "configs": { "replica.lag.time.max.ms": 3000, "broker.session.timeout.ms": 900, "broker.heartbeat.interval.ms": 200,
                "replica.socket.timeout.ms": 1000, "replica.fetch.backoff.ms": 100, "group.initial.rebalance.delay.ms": 500,
                "group.consumer.session.timeout.ms": 3000, "group.consumer.heartbeat.interval.ms": 700,
                "group.share.session.timeout.ms": 3000, "group.share.heartbeat.interval.ms": 700, "group.share.record.lock.duration.ms": 2000,
                "group.share.delivery.count.limit": 10 },
            "topology": {
                "brokers": 3,
                "topics": [{ "name": "pay", "partitions": 4, "replication.factor": 3, "configs": { "min.insync.replicas": 2 } }],
                "producers": [{ "name": "checkout", "configs": { "linger.ms": 0 } }],
            },
            "apps": [app],
            "workload": [{ "producer": "checkout", "topic": "pay", "keys": ["A", "B", "C", "D", "E", "F"], "start_us": 10_000, "every_us": 400_000, "count": 60 }],
            "commands": all,
        });
        Case(parse(&text.to_string()))
    })
}

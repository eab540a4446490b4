//! Metrics under their JMX names, and what faults do to them.

use crate::common::*;
use highwater_core::event::{EventKind, ShareEvent};
use highwater_core::fold::metrics::{Series, Snapshot, deltas};
use highwater_core::kafka::Out;
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;

fn watched(s: &Scenario) -> (Sim, Series) {
    let mut sim = begin(s);
    let mut series = Series::new(&sim, 1_000_000, 1024);
    let mut out = Out::default();
    loop {
        series.follow(&sim);
        if !sim.step(&mut out) {
            sim.advance_to(s.until_us);
            return (sim, series);
        }
    }
}
fn get(s: &Snapshot, name: &str) -> Option<f64> {
    let found: Vec<&String> = s.keys().filter(|k| k.ends_with(name)).collect();
    assert!(found.len() <= 1, "{name}: {found:?}");
    found.first().map(|k| s[*k])
}
fn traffic() -> Scenario {
    let mut s = with_consumer(
        scene(3, 3, r#"{"linger.ms":0,"request.timeout.ms":5000}"#, r#"{"min.insync.replicas":2}"#),
        r#"{"group":"billing","topics":["pay"],"commit":"after_handling","configs":{"auto.offset.reset":"earliest"}}"#,
    );
    s.workload = serde_json::from_value(serde_json::json!([
        { "producer": "checkout", "topic": "pay", "keys": ["A"], "start_us": 1_000_000, "every_us": 100_000, "count": 500 }]))
    .unwrap();
    s.until_us = 60 * SECOND;
    s
}

#[test]
fn metrics_have_at_least_25_names_of_kafkas_own() {
    let (sim, series) = watched(&traffic());
    let now = series.now(&sim);
    let bare: std::collections::BTreeSet<&str> =
        now.keys().map(|k| k.split(',').take(2).fold(k.as_str(), |k, _| k.split_once(' ').map_or(k, |x| x.1))).collect();
    assert!(bare.len() >= 25, "{}", bare.len());
    assert!(now.keys().all(|k| k.contains("kafka.") && k.contains(":type=")), "{now:?}");
    assert_eq!(get(&now, "KafkaController,name=ActiveControllerCount"), Some(1.0));
    assert_eq!(get(&now, "attribute=record-send-total"), Some(500.0));
    assert_eq!(get(&now, "attribute=records-consumed-total"), Some(500.0));
    assert_eq!(get(&now, "attribute=records-lag-max"), Some(0.0));
    assert_eq!(get(&now, "attribute=record-error-total"), Some(0.0));
    let rate = get(&now, "attribute=record-send-rate").unwrap();
    assert!((rate - 7.0).abs() < 0.1, "10 a second until 51 s, over the last 30 s: {rate}");
}

#[test]
fn metrics_of_a_crash_leaders_move_isr_shrinks_lag_appears_and_all_comes_back() {
    let mut s = traffic();
    s.commands = vec![crash(20 * SECOND + 1, 1), start(45 * SECOND, 1)];
    let (sim, series) = watched(&s);
    let (before, after) = (series.at(20 * SECOND).unwrap(), series.at(40 * SECOND).unwrap());
    let led = |s: &Snapshot, b| get(s, &format!("broker={b} kafka.server:type=ReplicaManager,name=LeaderCount"));
    assert_eq!((led(before, 1), led(after, 1)), (Some(2.0), None), "a dead broker reports nothing");
    assert!(led(after, 2) > led(before, 2));
    let under = |s: &Snapshot| get(s, "broker=2 kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions");
    assert_eq!((under(before), under(after).map(|n| n > 0.0)), (Some(0.0), Some(true)));
    let fenced = |s: &Snapshot| get(s, "name=FencedBrokerCount");
    assert_eq!((fenced(before), fenced(after)), (Some(0.0), Some(1.0)));
    assert!(deltas(before, after).iter().any(|d| d.name.contains("PreferredReplicaImbalanceCount") && d.after > d.before));
    assert_eq!(fenced(&series.now(&sim)), Some(0.0));
    assert!(get(&series.now(&sim), "broker=2 kafka.server:type=ReplicaManager,name=IsrExpandsPerSec,attribute=Count") > Some(0.0));
    assert!(get(&series.now(&sim), "attribute=record-retry-total") > Some(0.0));
}

#[test]
fn metrics_of_a_share_group_count_deliveries_acknowledgements_and_locks_that_ran_out() {
    let app = r#"{"group":"workers","topics":["pay"],"members":2,"handling_us":10000,"share":{},
        "configs":{"share.auto.offset.reset":"earliest","share.acknowledgement.mode":"explicit","max.poll.records":1}}"#;
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.kafka = "4.3".into();
    let mut s = with_consumer(s, app);
    s.configs.insert("group.share.record.lock.duration.ms".into(), 2000.into());
    s.commands = (0..10).map(|i| send(2 * SECOND + i * 100 * MS, "A")).collect();
    let who = highwater_core::scenario::End::Consumer(0);
    s.commands.push(at(2 * SECOND + 15 * MS, highwater_core::scenario::Do::Pause { who, for_us: 5 * SECOND }));
    s.until_us = 20 * SECOND;
    let (sim, series) = watched(&s);
    let now = series.now(&sim);
    let expired = all(&sim, |k| matches!(k, EventKind::Share { what: ShareEvent::LockExpired { .. }, .. })).len() as f64;
    assert!(expired > 0.0, "the one that stands still loses its record to the other");
    let partition = |name: &str| get(&now, &format!("SharePartitionMetrics,name={name},group=workers,topic=pay,partition=0"));
    assert_eq!((partition("InFlightMessageCount"), partition("AcquisitionLockTimeoutPerSec,attribute=Count")), (Some(0.0), Some(expired)));
    let said = |how: &str| {
        get(&now, &format!("broker=1 kafka.server:type=ShareGroupMetrics,name=RecordAcknowledgementsPerSec,attribute=Count,ackType={how}"))
    };
    assert_eq!((said("Accept"), said("Reject")), (Some(10.0), Some(0.0)));
    let consumed =
        |c: &str| get(&now, &format!("consumer-share-fetch-manager-metrics,client-id=workers-{c},attribute=records-consumed-total"));
    assert_eq!(consumed("c1").zip(consumed("c2")).map(|x| x.0 + x.1), Some(10.0 + expired));
    assert!(get(&now, "broker=1 kafka.server:type=BrokerTopicMetrics,name=TotalShareFetchRequestsPerSec,attribute=Count") > Some(0.0));
    assert!(!now.keys().any(|k| k.contains("consumer-fetch-manager-metrics")), "a share consumer has no position");
}

#[test]
fn metrics_of_a_quorum_nobody_is_active_without_a_majority() {
    let mut s = traffic();
    s.topology.voters = 3;
    s.commands = (2..=3).map(|voter| at(20 * SECOND, highwater_core::scenario::Do::CrashVoter { voter })).collect();
    let (sim, series) = watched(&s);
    let active = |s: &Snapshot| get(s, "KafkaController,name=ActiveControllerCount");
    assert_eq!((active(series.at(10 * SECOND).unwrap()), active(&series.now(&sim))), (Some(1.0), Some(0.0)));
}

#[test]
fn metrics_of_a_slow_follower_isr_shrinks_and_max_lag() {
    let mut s = traffic();
    s.configs.insert("replica.lag.time.max.ms".into(), 4000.into());
    s.commands = cut(10 * SECOND, 1, 3).to_vec();
    let (_, series) = watched(&s);
    let (before, after) = (series.at(9 * SECOND).unwrap(), series.at(30 * SECOND).unwrap());
    let shrinks = |s: &Snapshot| get(s, "broker=1 kafka.server:type=ReplicaManager,name=IsrShrinksPerSec,attribute=Count").unwrap();
    assert!(shrinks(after) > shrinks(before));
    let lag = |s: &Snapshot| get(s, "broker=3 kafka.server:type=ReplicaFetcherManager,name=MaxLag,clientId=Replica").unwrap();
    assert!(lag(after) > 100.0 && lag(before) <= 1.0, "{} then {}", lag(before), lag(after));
}

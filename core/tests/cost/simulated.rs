//! Costs in a run: off by default, and what they change when they are on.

use crate::common::{MS, parse, scene, with_consumer};
use highwater_core::event::EventKind;
use highwater_core::ids::*;
use highwater_core::scenario::{DEFAULT, Do, Scenario, TimedCommand};
use highwater_core::sim::Sim;
use serde_json::json;

/// The scene with a cost and a workload of `count` records of 1000 bytes, one each 1 ms.
fn costed(mut s: Scenario, cost: serde_json::Value, count: u32) -> Scenario {
    s.cost = Some(serde_json::from_value(cost).unwrap());
    s.workload = vec![
        serde_json::from_value(
            json!({"producer": "checkout", "topic": "pay", "start_us": 10000, "every_us": 1000, "count": count, "bytes": 1000}),
        )
        .unwrap(),
    ];
    parse(&s.to_json())
}

fn run(s: &Scenario, until_us: u64) -> Sim {
    let mut sim = Sim::new(s).unwrap();
    sim.advance_to(until_us);
    sim
}

const PRODUCER: &str = r#"{"linger.ms":0,"acks":"1"}"#;

#[test]
fn a_scenario_without_a_cost_has_none() {
    let s = Scenario::parse(DEFAULT).unwrap();
    assert!(Sim::new(&s).unwrap().costs().is_none());
    assert!(!s.to_json().contains("\"cost\""));
}

#[test]
fn appending_dirties_memory_and_waits_for_no_disk() {
    let base = scene(1, 1, PRODUCER, "{}");
    let with = run(&costed(base.clone(), json!({"disk": "hdd"}), 20), 200 * MS);
    let mut free = costed(base, json!({"disk": "hdd"}), 20);
    free.cost = None;
    assert_eq!(with.trace_hash(), run(&free, 200 * MS).trace_hash(), "a disk that nobody waits for changes nothing");
    let b = with.costs().unwrap().broker(BrokerId(1));
    assert!(b.log_bytes(PartitionId(0)) >= 20 * 1068, "{}", b.log_bytes(PartitionId(0)));
    assert!(b.cache().dirty() >= 5);
    assert_eq!((b.disk_pages_read, b.disk_pages_written), (0, 0));
}

/// When the last record was acknowledged.
fn last_ack_us(sim: &Sim) -> u64 {
    sim.events().iter().rfind(|e| matches!(e.kind, EventKind::Acked { .. })).unwrap().at_us
}

#[test]
fn writers_wait_when_memory_is_full_of_dirty_pages() {
    // 8 pages of memory: one may be dirty.
    let cost = json!({"disk": "hdd", "page_cache_bytes": 32768});
    let one = costed(scene(1, 1, PRODUCER, "{}"), cost, 200);
    let sim = run(&one, 4000 * MS);
    let b = sim.costs().unwrap().broker(BrokerId(1));
    assert!(b.disk_pages_written > 20, "{}", b.disk_pages_written);
    assert_eq!(b.arm().jumps, 1, "one log is one line");
    let quick = last_ack_us(&sim);

    // The same records in two logs: the head goes to and fro, and the producer waits for it.
    let mut two = one;
    two.topology.topics[0].partitions = 2;
    two.workload[0].keys = ["a", "b", "c", "d", "e"].map(String::from).to_vec();
    let sim = run(&parse(&two.to_json()), 4000 * MS);
    let b = sim.costs().unwrap().broker(BrokerId(1));
    assert!(b.arm().jumps > 20, "{}", b.arm().jumps);
    assert!(last_ack_us(&sim) > quick + 100 * MS, "{} against {quick}", last_ack_us(&sim));
}

#[test]
fn a_consumer_at_the_tail_reads_memory_and_one_far_behind_the_disk() {
    let app =
        r#"{"group":"billing","topics":["pay"],"handling_us":1,"configs":{"auto.offset.reset":"earliest","group.instance.id":"till"}}"#;
    let base = with_consumer(scene(1, 1, PRODUCER, "{}"), app);
    let cost = json!({"disk": "sata-ssd", "page_cache_bytes": 131072});
    let tail = run(&costed(base.clone(), cost.clone(), 200), 400 * MS);
    let at_tail = tail.costs().unwrap().broker(BrokerId(1));
    assert_eq!(at_tail.disk_pages_read, 0);
    assert!(at_tail.served.dma_copies > 0 && at_tail.served.cpu_copies == 0);

    // The group starts when 200 records are there: 50 pages, of which 32 fit.
    let mut late = costed(base, cost, 200);
    late.commands = vec![
        TimedCommand { at_us: 0, by_hand: false, what: Do::CrashConsumer { consumer: 0 } },
        TimedCommand { at_us: 300 * MS, by_hand: false, what: Do::StartConsumer { consumer: 0 } },
    ];
    let late = run(&parse(&late.to_json()), 2000 * MS);
    let behind = late.costs().unwrap().broker(BrokerId(1));
    assert!(behind.disk_pages_read > 18, "{}", behind.disk_pages_read);
    assert!(behind.evicted > 0);
}

#[test]
fn the_shipped_catch_up_reads_the_disk_only_once_the_late_group_starts() {
    let s = Scenario::parse(highwater_core::scenario::shipped("catch-up").unwrap()).unwrap();
    let mut sim = run(&s, 5_900 * MS);
    let leader = |sim: &Sim| sim.costs().unwrap().broker(BrokerId(1)).clone();
    assert_eq!(leader(&sim).disk_pages_read, 0, "billing keeps up and reads memory");
    sim.advance_to(12_000 * MS);
    let after = leader(&sim);
    assert!(after.disk_pages_read > 40, "{}", after.disk_pages_read);
    assert!(after.arm().jumps > 1);
}

#[test]
fn tls_brings_the_copies_back() {
    let app = r#"{"group":"billing","topics":["pay"],"handling_us":1,"configs":{"auto.offset.reset":"earliest"}}"#;
    let base = with_consumer(scene(1, 1, PRODUCER, "{}"), app);
    let sim = run(&costed(base, json!({"disk": "nvme", "tls": true}), 20), 200 * MS);
    let b = sim.costs().unwrap().broker(BrokerId(1));
    assert!(b.served.cpu_copies > 0);
    assert_eq!(b.encrypted_bytes, b.served_bytes);
}

#[test]
fn a_power_cut_empties_memory_and_a_crash_does_not() {
    let s = costed(scene(1, 1, PRODUCER, "{}"), json!({"disk": "nvme"}), 20);
    for (what, pages) in [(Do::Crash { broker: 1 }, true), (Do::PowerCut { broker: 1 }, false)] {
        let mut s = s.clone();
        s.commands = vec![TimedCommand { at_us: 100 * MS, by_hand: false, what }];
        let sim = run(&parse(&s.to_json()), 110 * MS);
        assert_eq!(!sim.costs().unwrap().broker(BrokerId(1)).cache().is_empty(), pages);
    }
}

#[test]
fn a_bad_cost_is_refused_with_its_place() {
    let mut v: serde_json::Value = serde_json::from_str(DEFAULT).unwrap();
    v["cost"] = json!({"disk": "floppy"});
    let e = Scenario::parse(&v.to_string()).unwrap_err();
    assert_eq!(e.at, "cost.disk");
    assert!(e.what.contains("design-page"), "{e}");
    v["cost"] = json!({"disk": "hdd", "page_cache_bytes": 10});
    assert!(Scenario::parse(&v.to_string()).unwrap_err().to_string().starts_with("cost.page_cache_bytes: is 10; it must be from 4096"));
}

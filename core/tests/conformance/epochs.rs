//! Probes of groups of the consumer protocol (KIP-848).

use crate::common::{at, parse, run};
use highwater_core::event::{Event, EventKind, GroupEvent};
use highwater_core::ids::*;
use highwater_core::scenario::{Do, Scenario};
use highwater_core::sim::Sim;
use serde_json::Value;

const SECOND: u64 = 1_000_000;

/// One broker, four partitions, two members that can be started.
fn scene(configs: &str) -> Scenario {
    parse(&format!(
        r#"{{"format":1,"kafka":"4.3","seed":7,"until_us":100000000,"network":{{"delay_us":1000}},
        "topology":{{"brokers":1,"topics":[{{"name":"pay","partitions":4,"replication.factor":1}}],"producers":[]}},
        "apps":[{{"group":"g","topics":["pay"],"members":0,"standby":2,"handling_us":1000,
          "configs":{{"auto.offset.reset":"earliest","enable.auto.commit":false,"group.protocol":"consumer"{configs}}}}}]}}"#
    ))
}

fn member(at_us: u64, consumer: u8, start: bool) -> highwater_core::scenario::TimedCommand {
    at(at_us, if start { Do::StartConsumer { consumer } } else { Do::StopConsumer { consumer } })
}

/// Callbacks of a member, as the recorder writes them: what happens to several partitions at one instant is one call.
fn callbacks(sim: &Sim, consumer: u8) -> Vec<String> {
    let name = if consumer == 0 { "a" } else { "b" };
    let mut calls: Vec<(u64, &str, Vec<u16>)> = Vec::new();
    let told = |e: &Event| match e.kind {
        EventKind::Group { what: GroupEvent::Assigned { member, partition }, .. } if member.0 == consumer => Some(("assigned", partition)),
        EventKind::Group { what: GroupEvent::Revoked { member, partition }, .. } if member.0 == consumer => Some(("revoked", partition)),
        EventKind::Group { what: GroupEvent::PartitionLost { member, partition }, .. } if member.0 == consumer => Some(("lost", partition)),
        _ => None,
    };
    for (at_us, (what, p)) in sim.events().iter().filter_map(|e| Some((e.at_us, told(e)?))) {
        match calls.last_mut() {
            Some(last) if (last.0, last.1) == (at_us, what) => last.2.push(p.0),
            _ => calls.push((at_us, what, vec![p.0])),
        }
    }
    calls.iter().map(|(_, what, parts)| format!("{name} {what} {parts:?}")).collect()
}

/// The recorder's lines without calls for no partition, and without what `close()` calls: the engine's members end with it.
fn recorded_callbacks(seen: &Value) -> Vec<String> {
    let mut lines: Vec<String> = serde_json::from_value(seen.clone()).expect("lines");
    lines.retain(|l| !l.ends_with("[]"));
    assert!(lines.pop().is_some_and(|l| l.ends_with("closed")) && lines.pop().is_some_and(|l| l.contains("revoked")), "{seen}");
    lines
}

/// Sizes of the members' assignments, and the highest epoch among them.
fn look(sim: &Sim) -> Value {
    let up = || sim.world().consumers.iter().filter(|c| c.up);
    let sizes: Vec<usize> = up().map(|c| c.assigned.len()).collect();
    serde_json::json!({ "sizes": sizes, "generation": up().map(|c| c.member.generation).max() })
}

fn differ<T: PartialEq + std::fmt::Debug>(what: &str, kafka: &T, engine: &T) -> Option<String> {
    (kafka != engine).then(|| format!("{what}: {kafka:?}, the engine: {engine:?}"))
}

/// A second member joins and leaves.
pub fn joins(seen: &Value) -> Vec<String> {
    let mut s = scene("");
    s.commands = vec![member(SECOND, 0, true), member(20 * SECOND, 1, true), member(50 * SECOND, 1, false), member(90 * SECOND, 0, false)];
    let mut found = Vec::new();
    for (when, until) in [("alone", 19), ("together", 49), ("again", 89)] {
        s.until_us = until * SECOND;
        found.extend(differ(when, &seen[when], &look(&run(&s))));
    }
    let sim = run(&s);
    for c in [0, 1] {
        found.extend(differ("callbacks", &recorded_callbacks(&seen["callbacks"][usize::from(c)]), &callbacks(&sim, c)));
    }
    found
}

/// A static member restarts.
pub fn restarts(seen: &Value) -> Vec<String> {
    let mut s = scene(r#","group.instance.id":"i""#);
    s.commands = vec![member(SECOND, 0, true), member(2 * SECOND, 1, true), member(40 * SECOND, 1, false), member(42 * SECOND, 1, true)];
    s.until_us = 39 * SECOND;
    let before = run(&s);
    s.until_us = 80 * SECOND;
    let after = run(&s);
    let parts = |sim: &Sim| sim.world().consumers[1].partitions().collect::<Vec<PartitionId>>();
    let new = callbacks(&after, 0).split_off(callbacks(&before, 0).len());
    let engine = serde_json::json!({
        "no_rebalance": look(&before) == look(&after), "same_partitions": parts(&before) == parts(&after), "others_callbacks": new,
    });
    differ("seen", seen, &engine).into_iter().collect()
}

//! Members that come and go. Consumer 0 is the recording's `a`, consumer 1 its `b`; times are those of the scenarios' commands.

use super::{T0, begin, second};
use highwater_core::event::{Event, EventKind, GroupEvent};
use highwater_core::ids::*;
use highwater_core::scenario::{Do, Scenario};
use highwater_core::sim::Sim;
use serde_json::{Value, json};

/// Its generation, or with the consumer protocol its epoch.
fn generation(sim: &Sim) -> i64 {
    let leader = sim.world().broker(sim.setup().first_leader(sim.setup().groups[0].coordinator));
    let epoch = leader.consumer_group(GroupIx(0)).map(|g| i64::from(g.group.epoch));
    epoch.or_else(|| leader.group(GroupIx(0)).map(|g| i64::from(g.generation))).expect("it coordinates the group")
}

fn numbers(sim: &Sim, member: u8) -> Vec<u16> {
    let mut numbers: Vec<u16> = sim.world().consumers[usize::from(member)].partitions().map(|p| p.0).collect();
    numbers.sort_unstable();
    numbers
}

/// What the listener of a member is told, in order: the partitions of one callback together.
fn callbacks(sim: &Sim, member: u8) -> Vec<String> {
    let name = ["a", "b"][usize::from(member)];
    let told = |e: &Event| match e.kind {
        EventKind::Group { what: GroupEvent::Assigned { member: m, partition }, .. } if m.0 == member => {
            Some(("assigned", Some(partition.0)))
        }
        EventKind::Group { what: GroupEvent::Revoked { member: m, partition }, .. } if m.0 == member => {
            Some(("revoked", Some(partition.0)))
        }
        EventKind::Group { what: GroupEvent::PartitionLost { member: m, partition }, .. } if m.0 == member => {
            Some(("lost", Some(partition.0)))
        }
        EventKind::Group { what: GroupEvent::Stopped { member: m }, .. } if m.0 == member => Some(("closed", None)),
        _ => None,
    };
    let all: Vec<(u64, &str, Option<u16>)> = sim.events().iter().filter_map(|e| told(e).map(|(what, p)| (e.at_us, what, p))).collect();
    let call = |one: &[(u64, &str, Option<u16>)]| match one[0].2 {
        None => format!("{name} {}", one[0].1),
        Some(_) => {
            let mut parts: Vec<u16> = one.iter().filter_map(|x| x.2).collect();
            parts.sort_unstable();
            format!("{name} {} {parts:?}", one[0].1)
        }
    };
    all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).map(call).collect()
}

/// A recording without the callbacks that told of no partition: the engine has no event for them.
pub fn told_something(seen: &Value) -> Value {
    let mut seen = seen.clone();
    for of in seen["callbacks"].as_array_mut().expect("a list") {
        of.as_array_mut().expect("a list").retain(|line| !line.as_str().expect("a line").ends_with("[]"));
    }
    seen
}

fn sizes(sim: &Sim, members: u8) -> Value {
    let sizes: Vec<usize> = (0..members).map(|m| numbers(sim, m).len()).collect();
    json!({ "sizes": sizes, "generation": generation(sim) })
}

/// The times at which members are started and stopped, in seconds.
fn times(s: &Scenario) -> Vec<f64> {
    let coming = |d: &Do| matches!(d, Do::StartConsumer { .. } | Do::StopConsumer { .. });
    s.commands.iter().filter(|c| coming(&c.what)).map(|c| c.at_us as f64 / 1e6).collect()
}

/// `a` starts, `b` starts, `b` stops, `a` stops.
pub fn joins(s: &Scenario) -> Value {
    let mut sim = begin(s);
    let times = times(s);
    second(&mut sim, times[1] - 0.1);
    let alone = sizes(&sim, 1);
    second(&mut sim, times[2] - 0.1);
    let together = sizes(&sim, 2);
    second(&mut sim, times[3] - 0.1);
    let again = sizes(&sim, 1);
    second(&mut sim, times[3] + 5.0);
    json!({ "callbacks": [callbacks(&sim, 0), callbacks(&sim, 1)], "alone": alone, "together": together, "again": again })
}

/// Both start, `b` stops, `b` starts: static members.
pub fn restarts(s: &Scenario) -> Value {
    let mut sim = begin(s);
    let times = times(s);
    second(&mut sim, times[2] - 0.1);
    let (before, had, from) = (sizes(&sim, 2), numbers(&sim, 1), callbacks(&sim, 0).len());
    second(&mut sim, times[3] + 4.0);
    let (after, has) = (sizes(&sim, 2), numbers(&sim, 1));
    let during = callbacks(&sim, 0).split_off(from);
    json!({ "no_rebalance": before == after, "same_partitions": had == has, "others_callbacks": during })
}

/// Consumer 0 goes on, consumer 1 (of another group) is stopped; both are busy for longer than the interval after the first `poll()`.
pub fn auto_commit(s: &Scenario) -> Value {
    let mut rows = Vec::new();
    for (member, last) in [(0, "after the next poll(), which returned the other 2"), (1, "after close()")] {
        let mut sim = begin(s);
        let polled = |k: &EventKind| matches!(k, EventKind::Polled { consumer, records: 2, .. } if consumer.0 == member);
        let first = super::until(&mut sim, polled).at_us;
        let committed = |sim: &Sim| {
            let spec = &sim.setup().groups[usize::from(member)];
            let leader = sim.world().broker(sim.setup().first_leader(spec.coordinator));
            leader.committed(sim.setup(), GroupIx(member)).iter().find(|c| c.0 == T0).map(|c| c.1.0)
        };
        rows.push(json!({ "when": "right after poll() returned 2", "committed": committed(&sim) }));
        sim.advance_to(first + 1_500_000);
        rows.push(json!({ "when": "after the interval, without another poll()", "committed": committed(&sim) }));
        match member {
            0 => assert_eq!(super::until(&mut sim, polled).at_us - first, 2_000_000, "busy for two seconds"),
            _ => drop(super::until(&mut sim, |k| matches!(k, EventKind::Group { what: GroupEvent::Stopped { .. }, .. }))),
        }
        let now = sim.now_us();
        sim.advance_to(now + 500_000);
        rows.push(json!({ "when": last, "committed": committed(&sim) }));
    }
    json!(rows)
}

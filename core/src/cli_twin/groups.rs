//! `kafka-consumer-groups --describe`.

use super::Line;
use crate::ids::*;
use crate::kafka::setup::ConsumerSetup;
use crate::order;
use crate::sim::Sim;
use std::fmt::Write as _;

/// `kafka-consumer-groups --describe --group G [--members]`.
pub(super) fn describe(line: &Line, sim: &Sim) -> Result<String, String> {
    line.only(&["--describe", "--group", "--members", "--verbose"])?;
    let name = line.need("--group")?;
    let setup = sim.setup();
    let Some(g) = setup.groups.iter().position(|g| g.name == name) else {
        return Err(format!("Consumer group '{name}' does not exist."));
    };
    let members: Vec<(usize, &ConsumerSetup)> = setup.consumers.iter().enumerate().filter(|(_, c)| c.group.ix() == g).collect();
    Ok(if line.has("--members") { by_member(line, sim, name, &members) } else { by_partition(sim, GroupIx(g as u8), name, &members) })
}

/// What a member has, as it knows itself.
fn partitions(sim: &Sim, i: usize) -> impl Iterator<Item = PartitionId> {
    sim.world().consumers[i].partitions()
}

fn client(c: &ConsumerSetup) -> String {
    format!("consumer-{}", c.name)
}

/// Columns as wide as Kafka's: at least these, each followed by a space.
fn table(rows: &[Vec<String>], least: &[usize]) -> String {
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).chain([least[i]]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..least.len()).map(width).collect();
    let mut s = String::new();
    for r in rows {
        let cells: Vec<String> = r.iter().zip(&widths).map(|(c, w)| format!("{c:<w$}")).collect();
        let _ = write!(s, "\n{}", cells.join(" ").trim_end());
    }
    s + "\n"
}

fn by_partition(sim: &Sim, g: GroupIx, name: &str, members: &[(usize, &ConsumerSetup)]) -> String {
    let head = ["GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"];
    let mut rows = vec![head.map(String::from).to_vec()];
    let setup = sim.setup();
    let coordinator = sim.world().broker(sim.ledger().view(setup.groups[g.ix()].coordinator));
    let commits = coordinator.committed(setup, g);
    let mut all: Vec<(PartitionId, &ConsumerSetup)> = members.iter().flat_map(|(i, c)| partitions(sim, *i).map(move |p| (p, *c))).collect();
    order::sort_by_key(&mut all, |x| x.0);
    for (p, c) in all {
        let spec = &setup.partitions[p.ix()];
        let end = sim.world().leader_replica(p).map(|r| r.hw.0);
        let at = commits.iter().find(|x| x.0 == p).map(|x| x.1.0);
        let dash = |n: Option<u32>| n.map_or("-".to_string(), |n| n.to_string());
        let lag = at.zip(end).map(|(at, end)| end.saturating_sub(at));
        rows.push(vec![
            name.into(),
            setup.topics[spec.topic].name.clone(),
            spec.number.to_string(),
            dash(at),
            dash(end),
            dash(lag),
            client(c),
            "/127.0.0.1".into(),
            client(c),
        ]);
    }
    table(&rows, &[15, 15, 10, 15, 15, 15, 15, 15, 0])
}

fn by_member(line: &Line, sim: &Sim, name: &str, members: &[(usize, &ConsumerSetup)]) -> String {
    let mut head: Vec<String> = ["GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"].map(String::from).to_vec();
    if line.has("--verbose") {
        head.push("ASSIGNMENT".into());
    }
    let mut rows = vec![head];
    for (i, c) in members.iter().filter(|(i, _)| sim.world().consumers[*i].up) {
        let mut row = vec![name.to_string(), client(c), "/127.0.0.1".into(), client(c), partitions(sim, *i).count().to_string()];
        if line.has("--verbose") {
            row.push(assignment(sim, *i));
        }
        rows.push(row);
    }
    let least: &[usize] = &[15, 15, 15, 15, 15, 0];
    table(&rows, &least[..rows[0].len()])
}

/// `orders(0,1)`, or `-`.
fn assignment(sim: &Sim, i: usize) -> String {
    let setup = sim.setup();
    let of_topic = |t: usize| {
        let numbers: Vec<String> =
            partitions(sim, i).map(|p| &setup.partitions[p.ix()]).filter(|p| p.topic == t).map(|p| p.number.to_string()).collect();
        (!numbers.is_empty()).then(|| format!("{}({})", setup.topics[t].name, numbers.join(",")))
    };
    let all: Vec<String> = (0..setup.topics.len()).filter_map(of_topic).collect();
    if all.is_empty() { "-".into() } else { all.join(", ") }
}

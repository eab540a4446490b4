//! `kafka-consumer-groups --describe`: what the group's coordinator answers, so a member that died without a word is
//! there until its session expires.

use super::Line;
use crate::ids::*;
use crate::kafka::broker::Broker;
use crate::kafka::group::coordinator::{Group, GroupMember, GroupState};
use crate::order;
use crate::sim::Sim;
use std::fmt::Write as _;

/// `kafka-consumer-groups --describe --group G [--members [--verbose] | --state]`.
pub(super) fn describe(line: &Line, sim: &Sim) -> Result<String, String> {
    line.only(&["--describe", "--group", "--members", "--verbose", "--state"])?;
    let name = line.need("--group")?;
    let setup = sim.setup();
    let g = setup.groups.iter().position(|g| g.name == name).map(|i| GroupIx(i as u8));
    let g = g.ok_or_else(|| format!("Consumer group '{name}' does not exist."))?;
    if setup.groups[g.ix()].share.is_some() {
        return Err(format!("Group '{name}' is not a consumer group."));
    }
    let home = setup.groups[g.ix()].coordinator;
    let leader = sim.world().controller.partitions[home.ix()].leader.map(|b| sim.world().broker(b)).filter(|b| b.is_up());
    let found = leader.and_then(|b| Some((b, b.group(g)?)));
    let (b, group) = found.ok_or("COORDINATOR_NOT_AVAILABLE: the coordinator is not available.")?;
    let asked = Asked { sim, name, b, group };
    let table = match (line.has("--state"), line.has("--members")) {
        (true, _) => asked.state(),
        (_, true) => asked.members(line.has("--verbose")),
        _ => asked.partitions(g),
    };
    Ok(asked.remark() + &table)
}

struct Asked<'a> {
    sim: &'a Sim,
    name: &'a str,
    b: &'a Broker,
    group: &'a Group,
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

fn dash(n: Option<u32>) -> String {
    n.map_or("-".to_string(), |n| n.to_string())
}

impl Asked<'_> {
    /// What Kafka's tool says before the table of a group that is not stable.
    fn remark(&self) -> String {
        match self.group.state {
            GroupState::Empty => format!("\nConsumer group '{}' has no active members.\n", self.name),
            GroupState::Stable => String::new(),
            _ => format!("\nWarning: Consumer group '{}' is rebalancing.\n", self.name),
        }
    }

    /// `client.id`, and the member's id: Kafka puts a UUID behind it, here it is the number of its life.
    fn ids(&self, m: &GroupMember) -> (String, String) {
        let setup = self.sim.setup();
        (format!("consumer-{}", setup.consumers[m.id.consumer.ix()].name), format!("consumer-{}", m.id.text(setup)))
    }

    /// Those with the most partitions first.
    fn by_share(&self) -> Vec<&GroupMember> {
        let mut all: Vec<&GroupMember> = self.group.members.iter().collect();
        order::sort_by_key(&mut all, |m| std::cmp::Reverse(m.assignment.len()));
        all
    }

    fn partitions(&self, g: GroupIx) -> String {
        let head = ["GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"];
        let mut rows = vec![head.map(String::from).to_vec()];
        let setup = self.sim.setup();
        let commits = self.b.committed(setup, g);
        let owned: Vec<(PartitionId, &GroupMember)> =
            self.by_share().into_iter().flat_map(|m| m.assignment.iter().map(move |p| (*p, m))).collect();
        let mut orphans: Vec<PartitionId> = commits.iter().map(|c| c.0).filter(|p| !owned.iter().any(|o| o.0 == *p)).collect();
        order::sort(&mut orphans);
        let all = owned.into_iter().map(|(p, m)| (p, Some(m))).chain(orphans.into_iter().map(|p| (p, None)));
        for (p, m) in all {
            let spec = &setup.partitions[p.ix()];
            let end = self.sim.world().leader_replica(p).map(|r| r.hw.0);
            let at = commits.iter().find(|x| x.0 == p).map(|x| x.1.0);
            let lag = at.zip(end).map(|(at, end)| end.saturating_sub(at));
            let (client, id) = m.map_or(("-".into(), "-".into()), |m| self.ids(m));
            let host = if m.is_some() { "/127.0.0.1" } else { "-" };
            let topic = setup.topics[spec.topic].name.clone();
            rows.push(vec![self.name.into(), topic, spec.number.to_string(), dash(at), dash(end), dash(lag), id, host.into(), client]);
        }
        table(&rows, &[15, 15, 10, 15, 15, 15, 15, 15, 0])
    }

    fn members(&self, verbose: bool) -> String {
        let mut head: Vec<String> = ["GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"].map(String::from).to_vec();
        if verbose {
            head.push("ASSIGNMENT".into());
        }
        let mut rows = vec![head];
        for m in self.by_share() {
            let (client, id) = self.ids(m);
            let mut row = vec![self.name.to_string(), id, "/127.0.0.1".into(), client, m.assignment.len().to_string()];
            if verbose {
                row.push(self.assignment(m));
            }
            rows.push(row);
        }
        let least: &[usize] = &[15, 15, 15, 15, 15, 0];
        table(&rows, &least[..rows[0].len()])
    }

    /// `orders(0,1)`, or `-`.
    fn assignment(&self, m: &GroupMember) -> String {
        let setup = self.sim.setup();
        let of_topic = |t: usize| {
            let mine = m.assignment.iter().map(|p| &setup.partitions[p.ix()]).filter(|p| p.topic == t);
            let numbers: Vec<String> = mine.map(|p| p.number.to_string()).collect();
            (!numbers.is_empty()).then(|| format!("{}({})", setup.topics[t].name, numbers.join(",")))
        };
        let all: Vec<String> = (0..setup.topics.len()).filter_map(of_topic).collect();
        if all.is_empty() { "-".into() } else { all.join(", ") }
    }

    fn state(&self) -> String {
        let head = ["GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"].map(String::from).to_vec();
        let coordinator = format!("127.0.0.1:9092 ({})", self.b.id);
        let group = self.group;
        let strategy = if group.members.is_empty() { "" } else { group.assignor.name() };
        let row = vec![self.name.to_string(), coordinator, strategy.into(), group.state.name().into(), group.members.len().to_string()];
        table(&[head, row], &[25, 25, 20, 20, 0])
    }
}

//! The final state of a run, as `--json` writes it.

use highwater_core::fold::ledger::Figures;
use highwater_core::ids::{BrokerId, GroupIx, PartitionId};
use highwater_core::kafka::Setup;
use highwater_core::kafka::group::coordinator::{Group as KnownGroup, GroupMember};
use highwater_core::sim::Sim;
use serde::Serialize;

use super::watch::{Broken, Run};

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct State<'a> {
    time_us: u64,
    seed: u64,
    /// 64 bits as hexadecimal digits: a JSON number would lose some in JavaScript.
    trace_hash: String,
    ledger: Figures,
    partitions: Vec<Partition<'a>>,
    groups: Vec<Group<'a>>,
    violations: &'a [Broken],
}

/// A partition by the controller's word, with the logs of its replicas.
#[derive(Debug, Serialize)]
pub(super) struct Partition<'a> {
    pub topic: &'a str,
    pub partition: u16,
    pub leader: Option<BrokerId>,
    pub leader_epoch: u16,
    pub isr: Vec<BrokerId>,
    pub elr: Vec<BrokerId>,
    /// Of the leader; while there is none, of the last one.
    pub hw: u32,
    /// The same as `hw` while there are no transactions.
    pub lso: u32,
    pub log_start: u32,
    pub replicas: Vec<Replica>,
}

#[derive(Debug, Serialize)]
pub(super) struct Replica {
    pub broker: BrokerId,
    /// Does the process run?
    pub up: bool,
    pub leo: u32,
    pub hw: u32,
}

#[derive(Debug, Serialize)]
struct Group<'a> {
    id: &'a str,
    protocol: &'static str,
    state: &'static str,
    generation: u32,
    members: Vec<Member<'a>>,
    offsets: Vec<Committed<'a>>,
}

#[derive(Debug, Serialize)]
struct Member<'a> {
    id: &'a str,
    /// As the coordinator knows it; another one after each restart.
    member_id: String,
    assignment: Vec<(&'a str, u16)>,
}

#[derive(Debug, Serialize)]
struct Committed<'a> {
    topic: &'a str,
    partition: u16,
    /// The next offset that the group will read; none before its first commit.
    committed: Option<u32>,
    /// High watermark − committed, as `kafka-consumer-groups` prints it.
    lag: Option<u32>,
}

impl<'a> State<'a> {
    /// The state at the end of a run.
    pub(super) fn of(run: &'a Run) -> Self {
        let sim = &run.sim;
        let groups = (0..sim.setup().groups.len()).map(|g| group(sim, GroupIx(g as u8)));
        State {
            time_us: sim.now_us(),
            seed: sim.seed(),
            trace_hash: format!("{:016x}", sim.trace_hash()),
            ledger: sim.ledger().figures(sim.world()),
            partitions: partitions(sim),
            groups: groups.collect(),
            violations: &run.broken,
        }
    }
}

fn name(setup: &Setup, p: PartitionId) -> (&str, u16) {
    let s = &setup.partitions[p.ix()];
    (&setup.topics[s.topic].name, s.number)
}

/// The broker that leads, or led last.
fn authority(sim: &Sim, p: PartitionId) -> BrokerId {
    sim.world().controller.partitions[p.ix()].leader.unwrap_or_else(|| sim.ledger().view(p))
}

/// All partitions, Kafka's own too.
pub(super) fn partitions(sim: &Sim) -> Vec<Partition<'_>> {
    let world = sim.world();
    let describe = |p: PartitionId| {
        let s = &world.controller.partitions[p.ix()];
        let (topic, partition) = name(sim.setup(), p);
        let of_leader = world.broker(authority(sim, p)).replica(p);
        let replica = |b: &BrokerId| {
            let (broker, r) = (world.broker(*b), world.broker(*b).replica(p)?);
            Some(Replica { broker: *b, up: broker.is_up(), leo: r.log.leo().0, hw: r.hw.0 })
        };
        Partition {
            topic,
            partition,
            leader: s.leader,
            leader_epoch: s.le.0,
            isr: s.isr.iter().collect(),
            elr: s.elr.iter().collect(),
            hw: of_leader.map_or(0, |r| r.hw.0),
            lso: of_leader.map_or(0, |r| r.hw.0),
            log_start: of_leader.map_or(0, |r| r.log.start().0),
            replicas: sim.setup().partitions[p.ix()].replicas.iter().filter_map(replica).collect(),
        }
    };
    sim.setup().partition_ids().map(describe).collect()
}

fn group(sim: &Sim, g: GroupIx) -> Group<'_> {
    let (setup, world) = (sim.setup(), sim.world());
    let spec = &setup.groups[g.ix()];
    let coordinator = world.broker(authority(sim, spec.coordinator));
    // A story's groups never change, and so nobody keeps a state of them.
    let fixed = (!spec.rebalances).then(|| KnownGroup::of(&world.rosters[g.ix()]));
    let known = fixed.as_ref().or_else(|| coordinator.group(g));
    let member = |m: &'_ GroupMember| Member {
        id: &setup.consumers[m.id.consumer.ix()].name,
        member_id: m.id.text(setup),
        assignment: m.assignment.iter().map(|p| name(setup, *p)).collect(),
    };
    let commits = coordinator.committed(setup, g);
    let committed = |p: PartitionId| {
        let (topic, partition) = name(setup, p);
        let at = commits.iter().find(|c| c.0 == p).map(|c| c.1.0);
        let hw = world.broker(authority(sim, p)).replica(p).map_or(0, |r| r.hw.0);
        Committed { topic, partition, committed: at, lag: at.map(|at| hw.saturating_sub(at)) }
    };
    Group {
        id: &spec.name,
        protocol: "classic",
        state: known.map_or("Dead", |x| x.state.name()),
        generation: known.map_or(0, |x| x.generation),
        members: known.iter().flat_map(|x| &x.members).map(member).collect(),
        offsets: setup.group_partitions(g).map(committed).collect(),
    }
}

//! The final state of a run, as `--json` writes it.

use highwater_core::cost::service::BrokerCost;
use highwater_core::event::{Event, EventKind};
use highwater_core::fold::ledger::Figures;
use highwater_core::fold::metrics::{AFTER_FAULT_US, Delta, Snapshot, deltas};
use highwater_core::ids::{BrokerId, GroupIx, PartitionId};
use highwater_core::kafka::Setup;
use highwater_core::kafka::group::coordinator::Group as KnownGroup;
use highwater_core::kafka::group::{GroupRecord, MemberId};
use highwater_core::kafka::quorum::Voter;
use highwater_core::kafka::setup::GroupProtocol;
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
    /// The controllers, where the scenario has several (`topology.voters`).
    #[serde(skip_serializing_if = "Option::is_none")]
    quorum: Option<Quorum>,
    groups: Vec<Group<'a>>,
    violations: &'a [Broken],
    metrics: Metrics,
    /// One a broker, where the scenario has a `cost`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    costs: Vec<Cost>,
}

/// What a broker's memory, disk and copies did.
#[derive(Debug, Serialize)]
struct Cost {
    broker: BrokerId,
    pages_in_memory: u64,
    dirty_pages: u64,
    memory_hits: u64,
    disk_pages_read: u64,
    disk_pages_written: u64,
    evicted_pages: u64,
    disk_requests: u64,
    disk_jumps: u64,
    disk_busy_us: u64,
    served_bytes: u64,
    encrypted_bytes: u64,
    cpu_copies: u32,
    dma_copies: u32,
    system_calls: u32,
    mode_switches: u32,
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
    /// The group epoch, with the consumer protocol.
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
            quorum: quorum(sim),
            groups: groups.collect(),
            violations: &run.broken,
            metrics: metrics(run),
            costs: sim.costs().map_or_else(Vec::new, |c| sim.setup().broker_ids().map(|b| cost(b, c.broker(b))).collect()),
        }
    }
}

/// Metrics under their JMX names, and what each fault did to them within ten seconds.
#[derive(Debug, Serialize)]
struct Metrics {
    values: Snapshot,
    faults: Vec<FaultDeltas>,
}

#[derive(Debug, Serialize)]
struct FaultDeltas {
    at_us: u64,
    #[serde(flatten)]
    fault: EventKind,
    changed: Vec<Delta>,
}

fn metrics(run: &Run) -> Metrics {
    let (series, sim) = (&run.series, &run.sim);
    let none = Snapshot::new();
    let of = |e: &Event| {
        let before = e.at_us.checked_sub(1).and_then(|t| series.at(t)).unwrap_or(&none);
        let after = series.at(e.at_us + AFTER_FAULT_US).unwrap_or(&none);
        FaultDeltas { at_us: e.at_us, fault: e.kind, changed: deltas(before, after) }
    };
    Metrics { values: series.now(sim), faults: run.faults.iter().map(of).collect() }
}

fn cost(broker: BrokerId, c: &BrokerCost) -> Cost {
    Cost {
        broker,
        pages_in_memory: c.cache().len(),
        dirty_pages: c.cache().dirty(),
        memory_hits: c.hits,
        disk_pages_read: c.disk_pages_read,
        disk_pages_written: c.disk_pages_written,
        evicted_pages: c.evicted,
        disk_requests: c.arm().requests,
        disk_jumps: c.arm().jumps,
        disk_busy_us: c.arm().busy_us() as u64,
        served_bytes: c.served_bytes,
        encrypted_bytes: c.encrypted_bytes,
        cpu_copies: c.served.cpu_copies,
        dma_copies: c.served.dma_copies,
        system_calls: c.served.calls,
        mode_switches: c.served.mode_switches,
    }
}

fn name(setup: &Setup, p: PartitionId) -> (&str, u16) {
    let s = &setup.partitions[p.ix()];
    (&setup.topics[s.topic].name, s.number)
}

/// The quorum of controllers, as `kafka-metadata-quorum describe` has it.
#[derive(Debug, Serialize)]
struct Quorum {
    /// The active controller, if there is one.
    leader_id: Option<u8>,
    /// The highest epoch that any of them knows.
    leader_epoch: u32,
    /// Of the metadata log: everything below is committed.
    high_watermark: u32,
    voters: Vec<VoterState>,
}

#[derive(Debug, Serialize)]
struct VoterState {
    id: u8,
    /// Does the process run?
    up: bool,
    state: String,
    epoch: u32,
    log_end_offset: u32,
    /// As it knows it.
    high_watermark: u32,
}

fn quorum(sim: &Sim) -> Option<Quorum> {
    let w = sim.world();
    let voter = |v: &Voter| VoterState {
        id: v.id.0,
        up: v.up,
        state: v.role.name().to_ascii_lowercase(),
        epoch: v.epoch.0.into(),
        log_end_offset: v.log.len() as u32,
        high_watermark: v.hw,
    };
    let voters: Vec<VoterState> = w.voters.iter().map(|v| voter(v)).collect();
    Some(Quorum {
        leader_id: w.active_voter().map(|v| v.id.0),
        leader_epoch: voters.iter().map(|v| v.epoch).max()?,
        high_watermark: w.controller.end,
        voters,
    })
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
            lso: of_leader.map_or(0, |r| r.last_stable().0),
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
    let member = |id: MemberId, parts: &mut dyn Iterator<Item = PartitionId>| Member {
        id: &setup.consumers[id.consumer.ix()].name,
        member_id: id.text(setup),
        assignment: parts.map(|p| name(setup, p)).collect(),
    };
    let classic = |x: &KnownGroup| {
        let members = x.members.iter().map(|m| member(m.id, &mut m.assignment.iter().copied())).collect();
        (x.state.name(), x.generation, members)
    };
    let (state, generation, members) = match spec.protocol {
        GroupProtocol::Classic => coordinator.group(g).map(classic),
        GroupProtocol::Consumer | GroupProtocol::Share => coordinator.consumer_group(g).map(|x| {
            let members = x.group.members.iter().map(|m| member(m.id, &mut m.partitions())).collect();
            (x.group.shown_state(setup), x.group.epoch.unsigned_abs(), members)
        }),
        // A story's groups never change, and so nobody keeps a state of them.
        GroupProtocol::Fixed => match &world.rosters[g.ix()] {
            GroupRecord::Classic(roster) => Some(classic(&KnownGroup::of(roster))),
            GroupRecord::Consumer(_) | GroupRecord::Share(_) => None,
        },
    }
    .unwrap_or(("Dead", 0, Vec::new()));
    let commits = coordinator.committed(setup, g);
    let committed = |p: PartitionId| {
        let (topic, partition) = name(setup, p);
        let at = commits.iter().find(|c| c.0 == p).map(|c| c.1.0);
        let hw = world.broker(authority(sim, p)).replica(p).map_or(0, |r| r.hw.0);
        Committed { topic, partition, committed: at, lag: at.map(|at| hw.saturating_sub(at)) }
    };
    Group {
        id: &spec.name,
        protocol: match spec.protocol {
            GroupProtocol::Consumer => "consumer",
            GroupProtocol::Share => "share",
            GroupProtocol::Classic | GroupProtocol::Fixed => "classic",
        },
        state,
        generation,
        members,
        offsets: setup.group_partitions(g).map(committed).collect(),
    }
}

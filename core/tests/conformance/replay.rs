//! Runs a scenario in the simulation and looks at the same things at the same instants as the recorder did.

use crate::recorded::{Change, Delivered, Look, PartitionLook, ReplicaLook, Seen, Sent, State};
use highwater_core::event::EventKind;
use highwater_core::ids::*;
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;

/// The recorder polls too: what changes back within this time, neither sees.
const TICK_US: u64 = 1000;

/// Runs it; `looks` are the instants.
pub fn replay(scenario: &Scenario, looks: &[u64]) -> Seen {
    let mut sim = Sim::new(scenario).expect("the scenario is sound");
    let mut seen = Seen { looks: Vec::new(), changes: Vec::new(), sends: Vec::new(), delivered: Vec::new() };
    note_changes(&sim, &mut seen.changes);
    for at_us in looks {
        while sim.now_us() < *at_us {
            sim.advance_to((*at_us).min(sim.now_us() + TICK_US));
            note_changes(&sim, &mut seen.changes);
        }
        seen.looks.push(look(&sim, *at_us));
    }
    seen.sends = sends(&sim);
    seen.delivered = delivered(&sim);
    seen
}

fn public(sim: &Sim) -> impl Iterator<Item = PartitionId> + '_ {
    sim.setup().partition_ids().filter(|p| !sim.setup().is_internal(*p))
}

fn ids(set: BrokerSet) -> Vec<u8> {
    set.iter().map(|b| b.0).collect()
}

fn state(sim: &Sim, p: PartitionId) -> State {
    let s = &sim.world().controller.partitions[p.ix()];
    State {
        leader: s.leader.map(|b| b.0),
        leader_epoch: s.le.0,
        isr: ids(s.isr),
        elr: ids(s.elr),
        last_known_elr: s.last_known.iter().map(|b| b.0).collect(),
    }
}

/// While no broker is up, nobody can be asked.
fn note_changes(sim: &Sim, changes: &mut Vec<Change>) {
    if !sim.setup().broker_ids().any(|b| sim.world().broker(b).is_up()) {
        return;
    }
    for p in public(sim) {
        let (partition, state) = (sim.setup().partitions[p.ix()].number, state(sim, p));
        if changes.iter().rev().find(|c| c.partition == partition).is_none_or(|c| c.state != state) {
            changes.push(Change { at_us: sim.now_us(), partition, state });
        }
    }
}

fn look(sim: &Sim, at_us: u64) -> Look {
    let partitions = public(sim).map(|p| PartitionLook { state: Some(state(sim, p)), replicas: replicas(sim, p) }).collect();
    Look { at_us, partitions }
}

fn replicas(sim: &Sim, p: PartitionId) -> Vec<ReplicaLook> {
    let mut looks = Vec::new();
    for b in &sim.setup().partitions[p.ix()].replicas {
        let broker = sim.world().broker(*b);
        let Some(r) = broker.replica(p) else { continue };
        let mut log = Vec::new();
        for e in r.log.iter_from(Offset::ZERO) {
            let batch = e.payload.batch().expect("a producer's");
            for i in 0..batch.count {
                let id = sim.ledger().record_in(batch.id, i).expect("known");
                log.push(format!("{}@{}", key(sim, id), e.epoch.0));
            }
        }
        looks.push(ReplicaLook { broker: b.0, leo: r.log.leo().0, hw: broker.is_up().then_some(r.hw.0), log });
    }
    looks.sort_by_key(|r| r.broker);
    looks
}

fn key(sim: &Sim, id: RecordId) -> String {
    let key = sim.ledger().record(id).and_then(|r| r.key).expect("has a key");
    sim.ledger().key_name(key).to_string()
}

fn sends(sim: &Sim) -> Vec<Sent> {
    let mut sends = Vec::new();
    for e in sim.events().iter() {
        let EventKind::RecordSent { record, .. } = e.kind else { continue };
        let mut sent = Sent { key: key(sim, record), offset: None, error: None, done_us: None };
        let batch = sim.ledger().record(record).and_then(|r| r.batch);
        for after in sim.events().iter().filter(|_| batch.is_some()) {
            match after.kind {
                EventKind::Acked { batch: b, offset, .. } if Some(b) == batch => {
                    let place = (0..).find(|i| sim.ledger().record_in(b, *i) == Some(record)).expect("it is in its batch");
                    // The real client's word for "unknown" is −1.
                    sent.offset = Some(offset.map_or(-1, |o| i64::from(o.0) + i64::from(place)));
                    sent.done_us = Some(after.at_us);
                }
                EventKind::SendFailed { batch: b, error, .. } if Some(b) == batch => {
                    sent.error = Some(error.name().to_string());
                    sent.done_us = Some(after.at_us);
                }
                _ => {}
            }
        }
        sends.push(sent);
    }
    sends
}

fn delivered(sim: &Sim) -> Vec<Delivered> {
    let effects = |c: usize| {
        let of_it = |e: &highwater_core::event::Event| match e.kind {
            EventKind::Handled { consumer, batch, index, .. } if consumer.ix() == c => sim.ledger().record_in(batch, index),
            _ => None,
        };
        sim.events().iter().filter_map(of_it).map(|id| key(sim, id)).collect()
    };
    let all = sim.setup().consumers.iter().enumerate();
    all.map(|(i, c)| Delivered { consumer: c.name.clone(), effects: effects(i) }).collect()
}

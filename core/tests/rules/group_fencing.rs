//! KIP-447: offsets in a transaction are fenced by the group, too (6.4, anomaly X4).

use crate::common::*;
use highwater_core::event::{ErrorCode, EventKind, TxnEvent};
use highwater_core::ids::*;
use highwater_core::kafka::log::Payload;
use highwater_core::scenario::{Scenario, shipped};
use highwater_core::sim::Sim;
use std::collections::BTreeMap;

/// Times of each input in what `read_committed` reads of `paid`, by the input's batch and place.
fn outputs(sim: &Sim) -> Vec<u32> {
    let mut derived: BTreeMap<RecordId, (BatchId, u16)> = BTreeMap::new();
    for e in all(sim, |k| matches!(k, EventKind::Txn(TxnEvent::Derived { .. }))) {
        if let EventKind::Txn(TxnEvent::Derived { record, batch, index, .. }) = e.kind {
            derived.insert(record, (batch, index));
        }
    }
    let mut times: BTreeMap<(BatchId, u16), u32> = BTreeMap::new();
    for &p in &sim.setup().topics[1].partitions {
        let r = sim.world().leader_replica(p).expect("led");
        for e in r.log.iter_from(Offset::ZERO) {
            let Payload::Data(b) = e.payload else { continue };
            if r.txns.outcome(b.pid, e.base) == Some(true) {
                for i in 0..b.count {
                    let record = sim.ledger().record_in(b.id, i).expect("known");
                    *times.entry(derived[&record]).or_default() += 1;
                }
            }
        }
    }
    times.into_values().collect()
}

fn scene_with(metadata: bool, configs: &[(&str, serde_json::Value)]) -> Scenario {
    let mut s = parse(shipped("x4-without-group-metadata").expect("it is shipped"));
    s.apps[0].output.as_mut().expect("it writes").group_metadata = Some(metadata);
    for (name, value) in configs {
        s.apps[0].configs.insert((*name).into(), value.clone());
    }
    s
}

/// Aborts that came of a refused TxnOffsetCommit.
fn refusals(sim: &Sim) -> Vec<ErrorCode> {
    let failed = all(sim, |k| matches!(k, EventKind::Txn(TxnEvent::Failed { fatal: false, .. })));
    failed.iter().filter_map(|e| if let EventKind::Txn(TxnEvent::Failed { error, .. }) = e.kind { Some(error) } else { None }).collect()
}

#[test]
fn x4_without_group_metadata_a_zombie_writes_its_output_a_second_time() {
    let sim = run(&scene_with(false, &[]));
    let times = outputs(&sim);
    assert_eq!(times.len(), 40, "every input");
    assert!(times.contains(&2) && times.iter().all(|n| *n <= 2), "{times:?}");
    assert_eq!(refusals(&sim), []);
}

#[test]
fn txn_kip_447_with_group_metadata_the_group_refuses_the_zombie() {
    let sim = run(&scene_with(true, &[]));
    assert_eq!(outputs(&sim), vec![1; 40], "every input once");
    assert_eq!(refusals(&sim), [ErrorCode::UnknownMemberId], "its session had ended; it aborts");
}

#[test]
fn txn_kip_447_holds_for_the_consumer_protocol() {
    let mut s = scene_with(true, &[("group.protocol", "consumer".into())]);
    s.apps[0].configs.remove("session.timeout.ms");
    s.apps[0].configs.remove("heartbeat.interval.ms");
    s.configs.insert("group.consumer.session.timeout.ms".into(), 6000.into());
    let sim = run(&s);
    assert_eq!(outputs(&sim), vec![1; 40], "every input once");
    assert_eq!(refusals(&sim), [ErrorCode::UnknownMemberId]);
}

//! Transactions: consumer 0 reads uncommitted, consumer 1 committed; both have read from the start, and go on.

use super::{T0, batches_of, begin, handled, second, until};
use highwater_core::event::{EventKind, TxnEvent};
use highwater_core::ids::*;
use highwater_core::kafka::log::Payload;
use highwater_core::kafka::transaction::TxnState;
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;
use serde_json::{Value, json};

fn both(sim: &Sim) -> Value {
    json!({ "read_uncommitted": handled(sim, 0), "read_committed": handled(sim, 1), "offsets": super::offsets(sim) })
}

/// Before the commit at 4 s, and after it.
fn open_and_committed(sim: &mut Sim) -> (Value, Value) {
    second(sim, 3.9);
    let open = both(sim);
    second(sim, 6.0);
    (open, both(sim))
}

pub fn commit(s: &Scenario) -> Value {
    let mut sim = begin(s);
    let (open, after) = open_and_committed(&mut sim);
    let r = sim.world().broker(BrokerId(1)).replica(T0).expect("it has one");
    let entry = |e: &highwater_core::kafka::log::Entry| match e.payload {
        Payload::Control(_) => format!("CONTROL@{}", e.epoch.0),
        _ => format!("{}@{}", super::key(&sim, e.payload.batch().expect("a producer's").id, 0), e.epoch.0),
    };
    let log: Vec<String> = r.log.iter_from(Offset::ZERO).map(entry).collect();
    json!({ "open": open, "after_commit": after, "log": log })
}

pub fn hanging(s: &Scenario) -> Value {
    let (open, after) = open_and_committed(&mut begin(s));
    json!({ "open": open, "after_commit": after })
}

pub fn abort(s: &Scenario) -> Value {
    let mut sim = begin(s);
    second(&mut sim, 8.0);
    both(&sim)
}

pub fn epochs(s: &Scenario) -> Value {
    let mut sim = begin(s);
    second(&mut sim, 10.0);
    json!({ "batches": batches_of(&sim) })
}

/// What `commitTransaction()` of this producer throws: the error that only an abort gets over, or the one that ends it.
fn thrown(sim: &Sim, p: ProducerIx) -> Option<&'static str> {
    let failed = |k: &EventKind| match k {
        EventKind::Txn(TxnEvent::Failed { producer, error, .. }) if *producer == p => Some(error.name()),
        _ => None,
    };
    sim.events().iter().find_map(|e| failed(&e.kind))
}

pub fn fencing(s: &Scenario) -> Value {
    let mut sim = begin(s);
    let refused = until(&mut sim, |k| matches!(k, EventKind::SendFailed { batch, .. } if batch.producer == ProducerIx(0)));
    let EventKind::SendFailed { error, .. } = refused.kind else { unreachable!() };
    second(&mut sim, 5.0);
    let commit = thrown(&sim, ProducerIx(0));
    second(&mut sim, 10.0);
    json!({ "zombie_send": error.name(), "zombie_commit": commit, "seen": both(&sim) })
}

pub fn timeout(s: &Scenario) -> Value {
    let mut sim = begin(s);
    second(&mut sim, 2.4);
    let open = super::offsets(&sim);
    second(&mut sim, 6.0);
    let expired = super::offsets(&sim);
    second(&mut sim, 8.0);
    json!({ "open": open, "after_the_timeout": expired, "commit": thrown(&sim, ProducerIx(0)), "seen": both(&sim) })
}

pub fn restart(s: &Scenario) -> Value {
    let mut sim = begin(s);
    let again = |k: &EventKind| matches!(k, EventKind::Txn(TxnEvent::Initialised { producer: ProducerIx(1), .. }));
    until(&mut sim, again);
    json!({ "seen": both(&sim), "batches": batches_of(&sim) })
}

/// Where the group's commit stands.
fn committed(sim: &Sim) -> Option<u32> {
    let coordinator = sim.setup().groups[0].coordinator;
    let leader = sim.setup().first_leader(coordinator);
    sim.world().broker(leader).committed(sim.setup(), GroupIx(0)).iter().find(|c| c.0 == T0).map(|c| c.1.0)
}

/// An application whose first transaction is aborted because its process dies in it.
pub fn offsets(s: &Scenario) -> Value {
    let mut sim = begin(s);
    let mut rows = Vec::new();
    for (commit, state) in [(false, TxnState::CompleteAbort), (true, TxnState::CompleteCommit)] {
        until(&mut sim, |k| matches!(k, EventKind::Txn(TxnEvent::State { state: s, .. }) if *s == state));
        rows.push(json!({ "committed_transaction": commit, "offset": committed(&sim) }));
    }
    json!(rows)
}

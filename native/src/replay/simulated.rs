//! The same scenario in the simulation, seen as clients see it.

use anyhow::{Result, anyhow};
use highwater_core::event::{EventKind, TxnEvent};
use highwater_core::ids::RecordId;
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;

use super::{Record, Seen};

/// Runs it to its end.
pub(crate) fn run(scenario: &Scenario) -> Result<Seen> {
    let mut sim = Sim::new(scenario).map_err(|e| anyhow!("{e}"))?;
    sim.advance_to(sim.until_us());
    let sent = |k: &EventKind| match *k {
        EventKind::RecordSent { record, partition } => Some((record, sim.setup().partitions[partition.ix()].number)),
        _ => None,
    };
    let sends: Vec<(u64, (RecordId, u16))> = sim.events().iter().filter_map(|e| Some((e.at_us, sent(&e.kind)?))).collect();
    let records = sends.iter().map(|(_, (id, partition))| outcome(&sim, *id, *partition)).collect();
    let all = sim.setup().consumers.iter().enumerate();
    let handled = all.map(|(i, c)| (c.name.clone(), keys(&sim, i))).collect();
    Ok(Seen { records, handled })
}

fn outcome(sim: &Sim, id: RecordId, partition: u16) -> Record {
    let batch = sim.ledger().record(id).and_then(|r| r.batch);
    let mut record = Record::default();
    for e in sim.events().iter() {
        match e.kind {
            EventKind::Acked { batch: b, offset, .. } if Some(b) == batch => {
                let place = (0..).find(|i| sim.ledger().record_in(b, *i) == Some(id)).unwrap_or(0);
                let offset = offset.map(|o| i64::from(o.0) + i64::from(place));
                (record.place, record.error, record.at_us) = (Some((partition, offset)), None, e.at_us);
            }
            EventKind::SendFailed { batch: b, error, .. } if Some(b) == batch => {
                (record.place, record.error, record.at_us) = (None, Some(error.name().into()), e.at_us);
            }
            EventKind::Txn(TxnEvent::Discarded { batch: b, .. }) if Some(b) == batch => {
                (record.error, record.at_us) = (Some("given up with its transaction".into()), e.at_us);
            }
            EventKind::SendRefused { record: r, error, .. } if r == id => {
                (record.error, record.at_us) = (Some(error.name().into()), e.at_us);
            }
            EventKind::Txn(TxnEvent::SendRefused { record: r }) if r == id => {
                (record.error, record.at_us) = (Some("send() threw".into()), e.at_us);
            }
            _ => {}
        }
    }
    record
}

fn keys(sim: &Sim, consumer: usize) -> Vec<String> {
    let of = |k: &EventKind| match *k {
        EventKind::Handled { consumer: c, batch, index, .. } if c.ix() == consumer => sim.ledger().record_in(batch, index),
        _ => None,
    };
    let key = |id: RecordId| {
        let key = sim.ledger().record(id).and_then(|r| r.key);
        key.map_or_else(|| "-".to_string(), |k| sim.ledger().key_name(k).to_string())
    };
    sim.events().iter().filter_map(|e| of(&e.kind)).map(key).collect()
}

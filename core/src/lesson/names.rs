//! What records are called: by the lesson, else by their key, else by their ordinal.

use super::eval::all_records;
use crate::event::{Event, EventKind};
use crate::ids::{BatchId, RecordId};
use crate::sim::Sim;
use litemap::LiteMap;

/// Names that a lesson gives to a producer's records, in the order in which they are sent.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RecordNames(pub LiteMap<String, Vec<String>>);

impl RecordNames {
    /// What a record is called.
    pub fn name(&self, r: RecordId, sim: &Sim) -> String {
        let producer = sim.setup().producers.get(r.producer.ix());
        let given = producer.and_then(|p| self.0.get(&p.name)).and_then(|names| names.get(r.n as usize));
        if let Some(n) = given {
            return n.clone();
        }
        match sim.ledger().record(r).and_then(|x| x.key) {
            Some(k) => sim.ledger().key_name(k).to_string(),
            None => format!("#{}", r.n),
        }
    }

    /// Names that the lesson gave to the records of an event, where a sentence can only say their key.
    pub fn given(&self, e: &Event, sim: &Sim) -> Vec<String> {
        let ids: Vec<RecordId> = match e.kind {
            EventKind::RecordSent { record, .. } => vec![record],
            EventKind::Handled { batch, index, .. } => sim.ledger().record_in(batch, index).into_iter().collect(),
            k => {
                let info = |b: BatchId| Some((b.producer, &sim.ledger().batch(b)?.records));
                let all = k.batch().and_then(info);
                all.map_or_else(Vec::new, |(producer, ns)| ns.iter().map(|n| RecordId { producer, n: *n }).collect())
            }
        };
        let named = |r: &RecordId| {
            let list = self.0.get(&sim.setup().producers.get(r.producer.ix())?.name)?;
            list.get(r.n as usize).cloned()
        };
        ids.iter().filter_map(named).collect()
    }

    /// The first record of this name that was sent.
    pub fn find(&self, name: &str, sim: &Sim) -> Option<RecordId> {
        all_records(sim).find(|r| self.name(*r, sim) == name)
    }
}

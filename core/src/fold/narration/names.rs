//! What things are called in sentences.

use super::Lang;
use crate::event::{Event, EventKind};
use crate::ids::*;
use crate::kafka::message::Acks;
use crate::sim::Sim;

/// Most records of a batch that a sentence names one by one.
const NAMED_RECORDS: usize = 3;

/// Names from a run, in a language.
pub(super) struct Names<'a> {
    pub sim: &'a Sim,
    pub lang: Lang,
}

impl Names<'_> {
    fn either(&self, en: String, ko: String) -> String {
        match self.lang {
            Lang::En => en,
            Lang::Ko => ko,
        }
    }

    pub fn partition(&self, p: PartitionId) -> String {
        if p.ix() < self.sim.setup().partitions.len() {
            self.sim.setup().partition_name(p)
        } else {
            self.either(format!("partition {p}"), format!("파티션 {p}"))
        }
    }

    /// A record by its key: `A`, and the next of the same topic and key `A·2`. Without a key, by its ordinal.
    pub fn record(&self, id: RecordId) -> String {
        let ledger = self.sim.ledger();
        match ledger.record(id).and_then(|r| Some((r.key?, r.earlier))) {
            Some((k, 0)) => ledger.key_name(k).to_string(),
            Some((k, earlier)) => format!("{}·{}", ledger.key_name(k), earlier + 1),
            None => self.either(format!("record {}", id.n), format!("레코드 {}", id.n)),
        }
    }

    /// A batch by its records: `A`, or `A, B and 4 more`.
    pub fn batch(&self, id: BatchId) -> String {
        let producer = id.producer;
        let records = self.sim.ledger().batch(id).map_or(&[][..], |b| &b.records);
        let named: Vec<String> = records.iter().take(NAMED_RECORDS).map(|n| self.record(RecordId { producer, n: *n })).collect();
        let rest = records.len().saturating_sub(NAMED_RECORDS);
        match (named.is_empty(), rest) {
            (true, _) => self.either(format!("batch {}", id.n), format!("배치 {}", id.n)),
            (_, 0) => named.join(", "),
            _ => {
                let named = named.join(", ");
                self.either(format!("{named} and {rest} more"), format!("{named} 외 {rest}건"))
            }
        }
    }

    /// One record of a batch.
    pub fn record_in(&self, batch: BatchId, index: u16) -> String {
        match self.sim.ledger().record_in(batch, index) {
            Some(id) => self.record(id),
            None => self.batch(batch),
        }
    }

    pub fn producer(&self, p: ProducerIx) -> String {
        let known = self.sim.setup().producers.get(p.ix());
        known.map_or_else(|| p.to_string(), |x| x.name.clone())
    }

    /// Whose producer id it is.
    pub fn pid(&self, pid: Pid) -> String {
        match pid {
            Pid::Session(p, _) => self.producer(p),
            Pid::Transactional(t, _) => self.transaction(t),
        }
    }

    /// A member of a group; with its group where there are several and it is not the only one.
    pub fn consumer(&self, c: ConsumerIx) -> String {
        let setup = self.sim.setup();
        let Some(x) = setup.consumers.get(c.ix()) else { return c.to_string() };
        let name = setup.member_name(c);
        if setup.groups.len() > 1 && name == x.name { format!("{name} ({})", self.group(x.group)) } else { name.into() }
    }

    pub fn group(&self, g: GroupIx) -> String {
        let known = self.sim.setup().groups.get(g.ix());
        known.map_or_else(|| g.to_string(), |x| x.name.clone())
    }

    /// A `transactional.id`.
    pub fn transaction(&self, t: TxnIx) -> String {
        let known = self.sim.setup().transactions.get(t.ix());
        known.map_or_else(|| t.to_string(), |x| x.name.clone())
    }

    pub fn broker(&self, b: BrokerId) -> String {
        self.either(format!("broker {b}"), format!("브로커 {b}"))
    }

    pub fn actor(&self, a: Actor) -> String {
        match a {
            Actor::Zookeeper => "ZooKeeper".into(),
            Actor::Controller => self.either("the controller".into(), "컨트롤러".into()),
            Actor::Broker(b) => self.broker(b),
            Actor::Producer(p) => self.producer(p),
            Actor::Consumer(c) => self.consumer(c),
            Actor::Voter(v) => self.either(format!("controller {v}"), format!("컨트롤러 {v}")),
        }
    }

    pub fn acks(&self, batch: BatchId) -> Acks {
        let known = self.sim.setup().producers.get(batch.producer.ix());
        known.map_or(Acks::All, |p| p.acks)
    }

    /// minISR* of a partition.
    pub fn min_isr(&self, p: PartitionId) -> usize {
        let known = self.sim.setup().partitions.get(p.ix());
        known.map_or(1, |x| x.min_isr)
    }

    /// The event behind an event, if it lies in this run.
    pub fn cause(&self, e: &Event) -> Option<&Event> {
        self.sim.events().get(e.cause? as usize)
    }

    /// The broker whose log a judgement of the ledger looked at.
    pub fn judged_by(&self, e: &Event, p: PartitionId) -> BrokerId {
        match self.cause(e).map(|c| c.kind) {
            Some(EventKind::BecameLeader { broker, .. }) => broker,
            _ => self.sim.ledger().view(p),
        }
    }
}

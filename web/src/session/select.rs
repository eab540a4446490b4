//! What can be selected and looked into.

use highwater_core::ids::*;
use highwater_core::sim::Sim;

/// The selected thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Selection {
    /// Nothing: the run as a whole.
    #[default]
    Run,
    /// The controller.
    Controller,
    /// A broker.
    Broker(BrokerId),
    /// A partition.
    Partition(PartitionId),
    /// A producer.
    Producer(ProducerIx),
    /// A consumer.
    Consumer(ConsumerIx),
    /// The record at an offset of a broker's replica.
    Record(BrokerId, PartitionId, Offset),
    /// A message on its way.
    Message(MsgId),
    /// Something that happened.
    Event(u32),
}

impl Selection {
    /// As a word, for attributes and storage: `broker-2`. A message is gone soon, so it has none.
    pub fn word(self) -> String {
        match self {
            Selection::Run | Selection::Message(_) => "run".into(),
            Selection::Controller => "controller".into(),
            Selection::Broker(b) => format!("broker-{b}"),
            Selection::Partition(p) => format!("partition-{p}"),
            Selection::Producer(p) => format!("producer-{p}"),
            Selection::Consumer(c) => format!("consumer-{c}"),
            Selection::Record(b, p, o) => format!("record-{b}-{p}-{o}"),
            Selection::Event(n) => format!("event-{n}"),
        }
    }

    /// The selection of a word.
    pub fn of_word(word: &str) -> Option<Selection> {
        let mut parts = word.split('-');
        let kind = parts.next()?;
        let mut n = || parts.next()?.parse::<u32>().ok();
        Some(match kind {
            "run" => Selection::Run,
            "controller" => Selection::Controller,
            "broker" => Selection::Broker(BrokerId(n()? as u8)),
            "partition" => Selection::Partition(PartitionId(n()? as u16)),
            "producer" => Selection::Producer(ProducerIx(n()? as u8)),
            "consumer" => Selection::Consumer(ConsumerIx(n()? as u8)),
            "record" => Selection::Record(BrokerId(n()? as u8), PartitionId(n()? as u16), Offset(n()?)),
            "event" => Selection::Event(n()?),
            _ => return None,
        })
    }

    /// Is it there in this run?
    pub fn exists(self, sim: &Sim) -> bool {
        let setup = sim.setup();
        let broker = |b: BrokerId| (1..=setup.brokers).contains(&b.0);
        let partition = |p: PartitionId| p.ix() < setup.partitions.len();
        match self {
            Selection::Run | Selection::Controller | Selection::Message(_) => true,
            Selection::Broker(b) => broker(b),
            Selection::Partition(p) => partition(p),
            Selection::Producer(p) => p.ix() < setup.producers.len(),
            Selection::Consumer(c) => c.ix() < setup.consumers.len(),
            Selection::Record(b, p, _) => broker(b) && partition(p),
            Selection::Event(n) => (n as usize) < sim.events().len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_what_is_selected() {
        let all = [
            Selection::Run,
            Selection::Controller,
            Selection::Broker(BrokerId(2)),
            Selection::Partition(PartitionId(3)),
            Selection::Producer(ProducerIx(0)),
            Selection::Consumer(ConsumerIx(1)),
            Selection::Record(BrokerId(1), PartitionId(0), Offset(7)),
            Selection::Event(12),
        ];
        for s in all {
            assert_eq!(Selection::of_word(&s.word()), Some(s));
        }
        assert_eq!(Selection::of_word("broker"), None);
        assert_eq!(Selection::of_word("broker-x"), None);
    }
}

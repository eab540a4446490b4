//! prod.P4: the built-in partitioner for records without a key (KIP-794): one partition for a while, then another.
//!
//! The weights come from the queues at the moment of switching; Kafka's sender refreshes them whenever it looks for
//! ready batches. Left out: `partitioner.availability.timeout.ms`, racks.

use crate::broken::{Rule, holds};
use crate::hash::fingerprint;
use crate::ids::*;
use crate::kafka::World;
use crate::kafka::partitioner::sticky_partition;

/// A producer's sticky partition of a topic.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Sticky {
    partition: Option<u16>,
    bytes: u32,
    /// Records that went round so far.
    turns: u32,
}

/// Whose record it is, and where it may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    pub producer: ProducerIx,
    /// The topic's partitions, as far as the producer's metadata has them.
    pub partitions: &'a [PartitionId],
}

impl Sticky {
    /// The partition for the next record.
    pub(super) fn partition(&mut self, seed: u64, c: Choice, w: &World) -> u16 {
        *self.partition.get_or_insert_with(|| next(seed, c, w))
    }

    /// prod.P2: RoundRobinPartitioner, which looks at no key: partitions with a leader in turn, all of them if none has one.
    pub(super) fn next_in_turn(&mut self, c: Choice, w: &World) -> u16 {
        let meta = &w.producers[c.producer.ix()].meta;
        let known: Vec<u16> = (0..).zip(c.partitions).filter(|x| meta.leader(*x.1).is_some()).map(|x| x.0).collect();
        let turn = self.turns;
        self.turns = (turn + 1) & 0x7fff_ffff;
        match known.len() as u32 {
            0 => (turn % c.partitions.len() as u32) as u16,
            n => known[(turn % n) as usize],
        }
    }

    /// A record of this size went there. It stays until `batch.size` bytes went there and no batch is left half full,
    /// or until twice as many did.
    pub(super) fn count(&mut self, bytes: u32, c: Choice, w: &World) {
        let Some(number) = self.partition else { return };
        let limit = w.setup.producers[c.producer.ix()].batch_bytes;
        self.bytes += if holds(Rule::Sticky) { bytes } else { limit.saturating_mul(2) };
        let waiting = w.producers[c.producer.ix()].parts[c.partitions[usize::from(number)].ix()].queue.last();
        let half_full = waiting.is_some_and(|q| !q.sent && q.bytes < limit);
        if self.bytes >= limit.saturating_mul(2) || self.bytes >= limit && !half_full {
            *self = Sticky::default();
        }
    }
}

/// By seed.
fn next(seed: u64, c: Choice, w: &World) -> u16 {
    let p = &w.producers[c.producer.ix()];
    let random = fingerprint(&(seed, c.producer, p.records)) & 0x7fff_ffff;
    let partition = |id: &PartitionId| (p.meta.leader(*id).is_some(), p.parts[id.ix()].queue.len() as u64);
    let partitions: Vec<(bool, u64)> = c.partitions.iter().map(partition).collect();
    sticky_partition(&partitions, w.setup.producers[c.producer.ix()].adaptive, random)
}

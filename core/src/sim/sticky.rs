//! prod.P4: the built-in partitioner for records without a key (KIP-794): one partition for a while, then another.
//!
//! The weights come from the queues at the moment of switching; Kafka's sender refreshes them whenever it looks for
//! ready batches. Left out: `partitioner.availability.timeout.ms`, racks.

use crate::hash::fingerprint;
use crate::ids::*;
use crate::kafka::World;

/// A producer's sticky partition of a topic.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Sticky {
    partition: Option<u16>,
    bytes: u32,
}

/// Whose record it is, and where it may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub producer: ProducerIx,
    /// The topic's first partition.
    pub first: u16,
    /// How many it has.
    pub partitions: u16,
}

impl Sticky {
    /// The partition for the next record.
    pub(super) fn partition(&mut self, seed: u64, c: Choice, w: &World) -> u16 {
        *self.partition.get_or_insert_with(|| next(seed, c, w))
    }

    /// A record of this size went there. It stays until `batch.size` bytes went there and no batch is left half full,
    /// or until twice as many did.
    pub(super) fn count(&mut self, bytes: u32, c: Choice, w: &World) {
        let Some(number) = self.partition else { return };
        let limit = w.setup.producers[c.producer.ix()].batch_bytes;
        self.bytes += bytes;
        let waiting = w.producers[c.producer.ix()].parts[usize::from(c.first + number)].queue.last();
        let half_full = waiting.is_some_and(|q| !q.sent && q.bytes < limit);
        if self.bytes >= limit.saturating_mul(2) || self.bytes >= limit && !half_full {
            *self = Sticky::default();
        }
    }
}

/// By seed: uniform over partitions whose leader is known, or by the lengths of their queues.
fn next(seed: u64, c: Choice, w: &World) -> u16 {
    let p = &w.producers[c.producer.ix()];
    let random = fingerprint(&(seed, c.producer, p.records)) & 0x7fff_ffff;
    let known: Vec<u16> = (0..c.partitions).filter(|n| p.meta.leader(PartitionId(c.first + n)).is_some()).collect();
    let available = if known.is_empty() { (0..c.partitions).collect() } else { known };
    let queues: Vec<u64> = available.iter().map(|n| p.parts[usize::from(c.first + n)].queue.len() as u64).collect();
    let adaptive = w.setup.producers[c.producer.ix()].adaptive && queues.windows(2).any(|q| q[0] != q[1]);
    let i = if adaptive { weighted(&queues, random) } else { (random % available.len() as u64) as usize };
    available[i]
}

/// The place that a random number falls on, where a queue of length q weighs max(q) + 1 − q.
fn weighted(queues: &[u64], random: u64) -> usize {
    let longest = queues.iter().max().copied().unwrap_or(0);
    let sums: Vec<u64> = queues
        .iter()
        .scan(0, |sum, q| {
            *sum += longest + 1 - q;
            Some(*sum)
        })
        .collect();
    let at = random % sums.last().copied().unwrap_or(1);
    sums.partition_point(|s| *s <= at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prod_p4_the_rule_books_example_of_adaptive_weights() {
        let picks: Vec<usize> = (0..8).map(|r| weighted(&[0, 3, 1], r)).collect();
        assert_eq!(picks, [0, 0, 0, 0, 1, 2, 2, 2]);
        assert_eq!(weighted(&[0, 3, 1], 12), 1, "modulo 8");
    }
}

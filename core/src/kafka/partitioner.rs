//! Which partition a record goes to (rule book 2.2).

use crate::broken::{Rule, holds};
use serde::{Deserialize, Serialize};

/// murmur2 as Kafka's Java client computes it (prod.P3): seed 0x9747b28c, 32 bits, wrapping.
pub fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut h = if holds(Rule::Murmur2) { 0x9747_b28c_u32 } else { 0 } ^ data.len() as u32;
    let mut blocks = data.chunks_exact(4);
    for block in &mut blocks {
        let mut k = u32::from_le_bytes([block[0], block[1], block[2], block[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        k = k.wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    let tail = blocks.remainder();
    if !tail.is_empty() {
        for (i, b) in tail.iter().enumerate() {
            h ^= u32::from(*b) << (8 * i);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^= h >> 15;
    h as i32
}

/// prod.P3: the partition of a keyed record: `(murmur2(key) & 0x7fffffff) mod partitions`. The mask is not `abs`.
pub fn partition_for_key(key: &[u8], partitions: u16) -> u16 {
    ((murmur2(key) & 0x7fff_ffff) % i32::from(partitions)) as u16
}

/// CRC-32 (IEEE polynomial, reflected), as zlib and librdkafka compute it.
pub fn crc32(data: &[u8]) -> u32 {
    let step = |c: u32, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg());
    !data.iter().fold(if holds(Rule::Crc32) { u32::MAX } else { 0 }, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// Where librdkafka's `consistent` partitioner sends a key (rule book 2.2, history): `crc32(key) mod partitions`, unsigned.
pub fn librdkafka_partition_for_key(key: &[u8], partitions: u16) -> u16 {
    (crc32(key) % u32::from(partitions)) as u16
}

/// prod.P4: where a random number sends records without a key: to a partition whose leader is known, if there is one; with adaptive
/// partitioning rather to those with short queues. For each partition: has it a leader, how many of its batches wait.
pub fn sticky_partition(partitions: &[(bool, u64)], adaptive: bool, random: u64) -> u16 {
    if !holds(Rule::StickyWeights) {
        return (random % partitions.len() as u64) as u16;
    }
    let known = partitions.iter().any(|p| p.0);
    let available: Vec<(u16, u64)> = (0..).zip(partitions).filter(|(_, p)| p.0 || !known).map(|(n, p)| (n, p.1)).collect();
    if !adaptive || available.windows(2).all(|p| p[0].1 == p[1].1) {
        return available[(random % available.len() as u64) as usize].0;
    }
    // A queue of length q weighs max(q) + 1 − q.
    let longest = available.iter().map(|p| p.1).max().unwrap_or(0);
    let total: u64 = available.iter().map(|p| longest + 1 - p.1).sum();
    let mut at = random % total;
    for (n, queue) in available {
        match at.checked_sub(longest + 1 - queue) {
            Some(rest) => at = rest,
            None => return n,
        }
    }
    unreachable!("it is below the sum")
}

/// Java's `String.hashCode`, over UTF-16 units.
pub fn java_string_hash(s: &str) -> i32 {
    s.encode_utf16().fold(0i32, |h, unit| h.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The partition of `__consumer_offsets` or `__transaction_state` that coordinates an id (rule book 2.2, note): `abs(hash) mod n`, with abs(MIN) = 0.
pub fn coordinator_partition(id: &str, partitions: u16) -> u16 {
    let hash = if holds(Rule::CoordinatorHash) { java_string_hash(id) } else { id.len() as i32 };
    let positive = if hash == i32::MIN { 0 } else { hash.abs() };
    (positive % i32::from(partitions)) as u16
}

/// Whose rule takes a key to a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Partitioner {
    /// The Java client's murmur2 (prod.P3).
    #[default]
    Java,
    /// librdkafka's default, CRC32: clients for Python, Go, C#, …
    Librdkafka,
}

impl Partitioner {
    /// The partition of a key.
    pub fn partition(self, key: &[u8], partitions: u16) -> u16 {
        match self {
            Partitioner::Java => partition_for_key(key, partitions),
            Partitioner::Librdkafka => librdkafka_partition_for_key(key, partitions),
        }
    }

    pub(crate) fn is_java(&self) -> bool {
        *self == Partitioner::Java
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prod_p3_vectors_of_the_java_client() {
        let vectors: [(&str, i32, u16, u16); 12] = [
            ("21", -973932308, 0, 0),
            ("foobar", -790332482, 0, 0),
            ("a-little-bit-long-string", -985981536, 2, 2),
            ("a-little-bit-longer-string", -1486304829, 2, 5),
            ("a", -1563381124, 1, 4),
            ("b", -1853091852, 2, 2),
            ("c", -1877468854, 1, 4),
            ("key", -1079937367, 1, 1),
            ("user-1", 1404122828, 2, 2),
            ("user-2", -324981792, 2, 2),
            ("user-42", 1459644460, 1, 4),
            ("hello", 2132663229, 0, 3),
        ];
        for (key, hash, of3, of6) in vectors {
            assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
            assert_eq!((partition_for_key(key.as_bytes(), 3), partition_for_key(key.as_bytes(), 6)), (of3, of6), "{key}");
        }
    }

    #[test]
    fn prod_p4_the_rule_books_example_of_adaptive_weights() {
        let queues = [(true, 0), (true, 3), (true, 1)];
        let picks: Vec<u16> = (0..8).map(|r| sticky_partition(&queues, true, r)).collect();
        assert_eq!(picks, [0, 0, 0, 0, 1, 2, 2, 2]);
        assert_eq!(sticky_partition(&queues, true, 12), 1, "modulo 8");
        assert_eq!(sticky_partition(&queues, false, 1), 1, "not adaptive: uniform");
        assert_eq!(sticky_partition(&[(true, 0), (false, 0), (true, 0)], true, 1), 2, "somebody leads there");
    }

    #[test]
    fn crc32_has_its_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
        assert_eq!(librdkafka_partition_for_key(b"123456789", 6), 2);
    }

    #[test]
    fn coordinators_of_the_rule_book() {
        for (id, p) in [("my-group", 12), ("test-group", 12), ("orders", 31), ("highwater", 49), ("txn-1", 10)] {
            assert_eq!(coordinator_partition(id, 50), p, "{id}");
        }
    }
}

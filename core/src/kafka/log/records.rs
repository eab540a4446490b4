//! What the log has to know of records beside their offsets: key, size, timestamp, whether the value is null.
//!
//! A table beside the state: what a batch holds never changes, so a log names batches and no more. It is filled only
//! where a topic has log configs ([`super::config::LogConfig`]), and is no part of the canonical encoding.

use crate::chunked::Chunked;
use crate::ids::{BatchId, ProducerIx};
use smallvec::SmallVec;

/// A record as the log sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct RecordData {
    /// Its key, as a number of the run; `None` = no key.
    pub key: Option<u16>,
    /// Bytes of key and value.
    pub bytes: u32,
    /// `CreateTime`, in milliseconds since the run began.
    pub timestamp_ms: u64,
    /// How far that was ahead of the clock when the record was made (below 0: behind). Rules see no clock, and compare this.
    pub ahead_ms: i64,
    /// The value is null: a tombstone (log.L10).
    pub tombstone: bool,
    /// What a Streams task writes: the count of its key. 0 where the value is anything else.
    pub count: u32,
    /// Part of the key of a windowed count: where its window begins, in milliseconds since the run began.
    pub window_ms: Option<u32>,
}

/// Bytes of a batch header, format v2 (rule book 1.2).
pub const BATCH_HEADER_BYTES: u64 = 61;

/// Length of a number as a zig-zag varint.
fn varint(n: u64) -> u64 {
    let (mut n, mut len) = (n << 1, 1);
    while n >= 0x80 {
        n >>= 7;
        len += 1;
    }
    len
}

/// What a producer takes a record for before it has it in a batch (`estimateSizeInBytesUpperBound`), by bytes of key and
/// value: a batch header, at most 21 bytes of overhead, lengths of key and value, number of headers.
pub fn largest_size(bytes: u32) -> u64 {
    let bytes = u64::from(bytes);
    BATCH_HEADER_BYTES + 21 + 1 + varint(bytes) + 1 + bytes
}

impl RecordData {
    /// Bytes in the log: attributes, deltas and lengths take a few beside key and value.
    pub fn size(&self) -> u64 {
        let bytes = u64::from(self.bytes);
        // Attributes, timestamp delta, offset delta, key length and header count take a byte each in small batches.
        let body = 5 + varint(bytes) + bytes;
        varint(body) + body
    }
}

/// The records of every batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct RecordTable {
    batches: Vec<Chunked<SmallVec<[RecordData; 1]>>>,
    /// What everybody's clock shows, in milliseconds of the run, where timestamps are made of it ([`Setup::stamps`]). Nothing else is:
    /// whether something is over is a timer's business.
    ///
    /// [`Setup::stamps`]: crate::kafka::Setup::stamps
    pub clock_ms: u64,
}

impl RecordTable {
    /// No records yet.
    pub fn new(producers: usize) -> Self {
        RecordTable { batches: (0..producers).map(|_| Chunked::default()).collect(), clock_ms: 0 }
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let batches = self.batches.iter().flat_map(|b| b.iter());
        batches.map(|b| size_of_val(b) + size_of_val(&b[..])).sum()
    }

    /// A record joined a batch.
    pub(crate) fn note(&mut self, batch: BatchId, record: RecordData) {
        let mine = &mut self.batches[batch.producer.ix()];
        while mine.len() <= batch.n as usize {
            mine.push(SmallVec::new());
        }
        if let Some(b) = mine.get_mut(batch.n as usize) {
            b.push(record);
        }
    }

    /// log.L13, LogAppendTime: a leader overwrites the timestamps of a batch with its clock. (A batch that is appended again
    /// has one time in all its copies, here the last.)
    pub(crate) fn stamp(&mut self, batch: BatchId) {
        let now = self.clock_ms;
        if let Some(records) = self.batches[batch.producer.ix()].get_mut(batch.n as usize) {
            records.iter_mut().for_each(|r| r.timestamp_ms = now);
        }
    }

    /// Every batch of a producer.
    pub(crate) fn of_producer(&self, p: ProducerIx) -> impl Iterator<Item = &[RecordData]> {
        self.batches[p.ix()].iter().map(|b| &b[..])
    }

    /// A batch's records, in order; none if the table is not kept.
    pub fn of(&self, batch: BatchId) -> &[RecordData] {
        self.batches.get(batch.producer.ix()).and_then(|b| b.get(batch.n as usize)).map_or(&[], |b| b)
    }
}

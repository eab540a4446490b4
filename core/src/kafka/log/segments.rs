//! A replica's files: segments, their sparse offset index, and what retention may delete (log.L4, L5, L7).
//!
//! Simplified: one index entry needs no more than its two numbers, so an index is never full; files go at once instead
//! of after `log.segment.delete.delay.ms`; `segment.jitter.ms` is 0.

use super::config::LogConfig;
use super::records::{BATCH_HEADER_BYTES, RecordTable};
use super::{Entry, Log};
use crate::broken::{Rule, holds};
use crate::ids::BrokerId;
use crate::ids::{Offset, PartitionId};
use crate::kafka::step::{Base, Timer};
use litemap::LiteMap;
use serde::Serialize;
use smallvec::SmallVec;
use std::rc::Rc;

/// An entry of the offset index: 8 bytes in the file (log.L5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndexEntry {
    /// The last offset of a batch.
    pub last: Offset,
    /// Where that batch starts in the segment's file.
    pub position: u64,
}

/// A segment. The last one of a log is active.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Its base offset: the name of its files.
    pub base: Offset,
    /// Bytes of its record file.
    pub bytes: u64,
    /// Largest timestamp of its first batch.
    pub first_ms: Option<u64>,
    /// Its largest timestamp.
    pub max_ms: Option<u64>,
    /// Its offset index.
    pub index: SmallVec<[IndexEntry; 2]>,
    /// Bytes since the last index entry.
    since_index: u64,
    /// `retention.ms` has passed since its largest timestamp.
    pub expired: bool,
    /// `min.compaction.lag.ms` has passed since its largest timestamp; always so where that is 0.
    pub settled: bool,
}

/// Why a segment went.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletion {
    /// `retention.ms`.
    Time,
    /// `retention.bytes`.
    Size,
    /// It lies below the log start offset.
    LogStart,
}

/// What it takes to find an offset (log.L5, L6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lookup {
    /// The segment that holds it.
    pub segment: Offset,
    /// Entries of its offset index.
    pub index_entries: usize,
    /// Entries that the binary search looks at, at most.
    pub probes: u32,
    /// Where the scan starts in the record file.
    pub position: u64,
    /// Bytes of the batches that the scan passes before the one that holds it.
    pub scanned: u64,
}

/// The files of one replica.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segments {
    pub(crate) cfg: Rc<LogConfig>,
    pub(super) list: Vec<Segment>,
    /// Everything below was compacted once (`cleaner-offset-checkpoint`).
    pub(super) cleaned: Offset,
    /// Cleaning passes so far.
    pub(super) passes: u16,
    /// Tombstones that a pass has met, by offset, with that pass: they share its delete horizon (log.L10).
    pub(super) tombstones: LiteMap<Offset, u16>,
    /// Passes whose delete horizon has not come.
    pub(super) waiting: SmallVec<[u16; 2]>,
}

/// The canonical encoding: sizes and indexes follow from the log.
impl std::hash::Hash for Segments {
    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        for s in &self.list {
            (s.base, s.expired, s.settled).hash(h);
        }
        (self.cleaned, &self.tombstones, &self.waiting).hash(h);
    }
}

/// Bytes of a batch and its largest timestamp.
pub(super) fn measure(e: &Entry, data: &RecordTable) -> (u64, Option<u64>) {
    let Some((batch, first, count)) = e.payload.records() else {
        return (BATCH_HEADER_BYTES, None);
    };
    let records = data.of(batch).iter().skip(usize::from(first)).take(usize::from(count));
    records.fold((BATCH_HEADER_BYTES, None), |(bytes, max), r| (bytes + r.size(), max.max(Some(r.timestamp_ms))))
}

impl Segment {
    fn new(base: Offset, settled: bool) -> Self {
        Segment { base, bytes: 0, first_ms: None, max_ms: None, index: SmallVec::new(), since_index: 0, expired: false, settled }
    }

    /// log.L5: an index entry comes before the batch that follows `index.interval.bytes` of others.
    fn add(&mut self, e: &Entry, bytes: u64, max_ms: Option<u64>, interval: u64) {
        if self.since_index > interval {
            self.index.push(IndexEntry { last: Offset(e.end().0 - 1), position: self.bytes });
            self.since_index = 0;
        }
        self.since_index += bytes;
        self.bytes += bytes;
        self.first_ms = self.first_ms.or(max_ms);
        if max_ms > self.max_ms {
            self.max_ms = max_ms;
            self.expired = false;
        }
    }
}

impl Segments {
    /// An empty log's files: one segment.
    pub fn new(cfg: Rc<LogConfig>) -> Self {
        let first = Segment::new(Offset::ZERO, cfg.min_compaction_lag_ms == 0);
        Segments { cfg, list: vec![first], cleaned: Offset::ZERO, passes: 0, tombstones: LiteMap::new_vec(), waiting: SmallVec::new() }
    }

    /// Oldest first; the last is active.
    pub fn list(&self) -> &[Segment] {
        &self.list
    }
    /// Everything below was compacted once.
    pub fn cleaned(&self) -> Offset {
        self.cleaned
    }
    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.list.iter().map(|s| s.bytes).sum()
    }
    fn active(&mut self) -> &mut Segment {
        self.list.last_mut().expect("a log has an active segment")
    }

    /// log.L4: a batch was appended. Says whether it opened a new segment.
    pub(crate) fn note(&mut self, e: &Entry, data: &RecordTable, leads: bool) -> bool {
        let (bytes, max_ms) = measure(e, data);
        let cfg = self.cfg.clone();
        // A leader that stamps records does so now; the table has it after the step.
        let max_ms = if leads && cfg.append_time { max_ms.map(|_| data.clock_ms) } else { max_ms };
        let a = self.active();
        let too_old = match (a.first_ms, max_ms) {
            (Some(first), Some(now)) => now.saturating_sub(first) > cfg.segment_ms,
            _ => false,
        };
        let roll = a.bytes > 0 && (a.bytes + bytes > cfg.segment_bytes || too_old);
        if roll {
            self.list.push(Segment::new(e.base, cfg.min_compaction_lag_ms == 0));
        }
        self.active().add(e, bytes, max_ms, cfg.index_interval_bytes);
        roll
    }

    /// Sizes, timestamps and indexes again from the log, after it was cut or compacted. Boundaries and flags stay.
    pub(super) fn rebuild(&mut self, log: &Log, data: &RecordTable) {
        for s in &mut self.list {
            *s = Segment { expired: s.expired, settled: s.settled, ..Segment::new(s.base, s.settled) };
        }
        let interval = self.cfg.index_interval_bytes;
        let mut i = 0;
        for e in log.iter_from(self.list[0].base) {
            while self.list.get(i + 1).is_some_and(|next| next.base <= e.base) {
                i += 1;
            }
            let (bytes, max_ms) = measure(e, data);
            let expired = self.list[i].expired;
            self.list[i].add(e, bytes, max_ms, interval);
            self.list[i].expired = expired;
        }
    }

    /// The log was cut at its end.
    pub(crate) fn truncated(&mut self, log: &Log, data: &RecordTable) {
        let leo = log.leo();
        let kept = self.list.iter().take_while(|s| s.base < leo).count().max(1);
        self.list.truncate(kept);
        if self.list[0].base > leo {
            self.list[0].base = leo; // started over
        }
        self.cleaned = self.cleaned.min(leo);
        self.tombstones.retain(|at, _| *at < leo);
        self.forget_passes();
        self.rebuild(log, data);
    }

    /// The log starts over at `base`, empty.
    pub(crate) fn start_over(&mut self, base: Offset) {
        self.list = vec![Segment::new(base, self.cfg.min_compaction_lag_ms == 0)];
        self.cleaned = base;
        self.tombstones.clear();
        self.waiting.clear();
    }

    /// log.L7: how many of the oldest segments may go, and why the first of each may.
    pub(crate) fn deletable(&self, hw: Offset, log: &Log) -> SmallVec<[Deletion; 2]> {
        let mut found = SmallVec::new();
        let mut total = self.bytes();
        for (i, s) in self.list.iter().enumerate().filter(|_| holds(Rule::Retention)) {
            let next = self.list.get(i + 1).map(|n| n.base);
            if hw < next.unwrap_or(log.leo()) || s.bytes == 0 && next.is_none() {
                break;
            }
            let too_big = self.cfg.retention_bytes.is_some_and(|limit| total - s.bytes >= limit);
            let why = match () {
                () if next.is_some_and(|n| n <= log.start()) => Deletion::LogStart,
                () if self.cfg.delete && s.expired => Deletion::Time,
                () if self.cfg.delete && too_big => Deletion::Size,
                () => break,
            };
            total -= s.bytes;
            found.push(why);
        }
        found
    }

    /// Takes the oldest `n` segments away; says where each began and ended. If all go, a fresh one is rolled first.
    pub(crate) fn delete(&mut self, n: usize, leo: Offset) -> SmallVec<[(Offset, Offset); 2]> {
        if n == self.list.len() {
            self.list.push(Segment::new(leo, self.cfg.min_compaction_lag_ms == 0));
        }
        let gone = (0..n).map(|i| (self.list[i].base, self.list[i + 1].base)).collect();
        self.list.drain(..n);
        let start = self.list[0].base;
        self.cleaned = self.cleaned.max(start);
        self.tombstones.retain(|at, _| *at >= start);
        self.forget_passes();
        gone
    }

    pub(super) fn forget_passes(&mut self) {
        let Segments { tombstones, waiting, .. } = self;
        waiting.retain(|pass| tombstones.values().any(|p| p == pass));
    }

    /// Timers that its state implies, each with the instant from which it counts.
    pub(crate) fn timers(&self, broker: BrokerId, partition: PartitionId, f: &mut impl FnMut(Timer, Base)) {
        for (i, s) in self.list.iter().enumerate() {
            let Some(ms) = s.max_ms else { continue };
            if self.cfg.delete && self.cfg.retention_ms.is_some() && !s.expired {
                f(Timer::SegmentExpiry { broker, partition, base: s.base }, Base::Timestamp(ms));
            }
            if !s.settled && i + 1 < self.list.len() {
                f(Timer::CompactionLag { broker, partition, base: s.base }, Base::Timestamp(ms));
            }
        }
        self.waiting.iter().for_each(|pass| f(Timer::DeleteHorizon { broker, partition, pass: *pass }, Base::Now));
    }

    /// `retention.ms` has passed for the segment at `base`.
    pub(crate) fn expire(&mut self, base: Offset) {
        self.list.iter_mut().filter(|s| s.base == base).for_each(|s| s.expired = true);
    }
    /// `min.compaction.lag.ms` has passed for it.
    pub(crate) fn settle(&mut self, base: Offset) {
        self.list.iter_mut().filter(|s| s.base == base).for_each(|s| s.settled = true);
    }
    /// `delete.retention.ms` has passed since this cleaning pass.
    pub(crate) fn horizon_passed(&mut self, pass: u16) {
        self.waiting.retain(|p| *p != pass);
    }

    /// log.L5, L6: how `offset` is found. Segments are in a sorted map; an index search is logarithmic; then a scan.
    pub fn lookup(&self, offset: Offset, log: &Log, data: &RecordTable) -> Option<Lookup> {
        let s = &self.list[self.list.partition_point(|s| s.base <= offset).checked_sub(1)?];
        let at = s.index.partition_point(|x| x.last <= offset);
        let position = at.checked_sub(1).map_or(0, |i| s.index[i].position);
        let mut file = 0;
        let mut scanned = 0;
        for e in log.iter_from(s.base).take_while(|e| e.end() <= offset) {
            let (bytes, _) = measure(e, data);
            if file >= position {
                scanned += bytes;
            }
            file += bytes;
        }
        Some(Lookup {
            segment: s.base,
            index_entries: s.index.len(),
            probes: usize::BITS - s.index.len().leading_zeros(),
            position,
            scanned,
        })
    }
}

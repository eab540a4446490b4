//! Compaction (log.L9 to L11): keeps the newest value of each key, and a tombstone for as long as readers may need it.
//!
//! Simplified: a batch that loses records becomes one batch for each run of records that stay, where Kafka keeps one
//! batch with holes; the last batch of a producer is not kept empty, since replicas keep the producer's state anyway.

use super::records::RecordTable;
use super::segments::{Segment, Segments};
use super::{Entry, Log, Payload};
use crate::broken::{Rule, holds};
use crate::ids::Offset;
use crate::kafka::transaction::index::TxnIndex;
use litemap::LiteMap;

/// What a cleaning pass did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pass {
    /// The dirty part began here.
    pub from: Offset,
    /// Everything below is clean now.
    pub to: Offset,
    /// Records that went.
    pub removed: u32,
}

/// What the newest record of a key among the dirty ones is: its offset.
type Newest = LiteMap<u16, Offset>;

impl Segments {
    /// log.L9: the part that may be compacted ends here; the active segment never is.
    fn cleanable_end(&self, stable: Offset) -> Offset {
        let active = self.list.last().map_or(Offset::ZERO, |s| s.base);
        let recent = self.list.iter().find(|s| !s.settled).map_or(active, |s| s.base);
        stable.min(active).min(recent)
    }

    fn first_dirty(&self, log: &Log) -> Offset {
        self.cleaned.max(log.start())
    }

    /// The dirty part of what could be compacted, in thousandths of its bytes; `None` if nothing is dirty.
    pub(crate) fn dirty_permille(&self, log: &Log, stable: Offset) -> Option<u64> {
        let (first, end) = (self.first_dirty(log), self.cleanable_end(stable));
        if !self.cfg.compact || end <= first {
            return None;
        }
        let within =
            |from: Offset, to: Offset| -> u64 { self.list.iter().filter(|s| s.base >= from && s.base < to).map(|s| s.bytes).sum() };
        let (clean, dirty) = (within(self.list[0].base, first), within(first, end));
        (dirty > 0).then(|| dirty * 1000 / (clean + dirty))
    }

    /// One pass over the log: the map of newest offsets from the dirty part, then everything below its end anew.
    pub(crate) fn clean(&mut self, log: &mut Log, data: &RecordTable, txns: &TxnIndex, stable: Offset) -> Pass {
        let (from, to) = (self.first_dirty(log), self.cleanable_end(stable));
        let newest = newest(log, data, txns, from, to);
        self.passes = self.passes.wrapping_add(1);
        let (mut kept, mut removed) = (Vec::new(), 0);
        let end = log.leo();
        for e in log.iter_from(self.list[0].base) {
            if e.end() > to || e.end() == end {
                kept.push(*e); // beyond the cleanable part; and the last batch stays, so that the log's end does
            } else if txns.is_aborted(e) {
                removed += e.payload.count(); // log.L11
            } else {
                removed += self.keep_of(e, data, &newest, &mut kept);
            }
        }
        log.replace(&kept);
        self.cleaned = to;
        self.forget_passes();
        self.rebuild(log, data);
        self.group(to);
        self.rebuild(log, data);
        Pass { from, to, removed }
    }

    /// Pushes the runs of records of `e` that stay; says how many go.
    fn keep_of(&mut self, e: &Entry, data: &RecordTable, newest: &Newest, kept: &mut Vec<Entry>) -> u32 {
        let Some((batch, first, count)) = e.payload.records() else {
            kept.push(*e);
            return 0;
        };
        let records = &data.of(batch)[usize::from(first)..usize::from(first + count)];
        let stays: Vec<bool> = records
            .iter()
            .enumerate()
            .map(|(i, r)| {
                let offset = e.base.plus(i as u32);
                let stays = r.key.is_some_and(|k| newest.get(&k).is_none_or(|n| *n <= offset) || !holds(Rule::Compaction))
                    && (!r.tombstone || self.tombstone_stays(offset));
                if !stays {
                    self.tombstones.remove(&offset);
                }
                stays
            })
            .collect();
        if stays.iter().all(|s| *s) {
            kept.push(*e);
            return 0;
        }
        for run in stays.chunk_by(|a, b| a == b).scan(0u16, |at, run| {
            let begin = *at;
            *at += run.len() as u16;
            Some((begin, run))
        }) {
            if run.1[0] {
                let payload = Payload::Kept { batch, first: first + run.0, count: run.1.len() as u16 };
                kept.push(Entry { base: e.base.plus(u32::from(run.0)), payload, ..*e });
            }
        }
        stays.iter().filter(|s| !**s).count() as u32
    }

    /// log.L10: the first pass sets the horizon; a later one removes the tombstone once it has come.
    fn tombstone_stays(&mut self, offset: Offset) -> bool {
        let pass = self.passes;
        let met = *self.tombstones.entry(offset).or_insert(pass);
        if met == pass && !self.waiting.contains(&pass) {
            self.waiting.push(pass);
        }
        self.waiting.contains(&met) || !holds(Rule::Tombstones)
    }

    /// Cleaned segments that are small together become one, up to `segment.bytes`.
    fn group(&mut self, to: Offset) {
        let mut grouped: Vec<Segment> = Vec::new();
        for s in std::mem::take(&mut self.list) {
            match grouped.last_mut() {
                Some(last) if s.base < to && last.bytes + s.bytes <= self.cfg.segment_bytes => {
                    last.bytes += s.bytes;
                    last.expired &= s.expired;
                }
                _ => grouped.push(s),
            }
        }
        self.list = grouped;
    }
}

fn newest(log: &Log, data: &RecordTable, txns: &TxnIndex, from: Offset, to: Offset) -> Newest {
    let mut newest = Newest::new_vec();
    for e in log.iter_from(from).take_while(|e| e.end() <= to).filter(|e| !txns.is_aborted(e)) {
        let Some((batch, first, count)) = e.payload.records() else { continue };
        let records = data.of(batch).iter().skip(usize::from(first)).take(usize::from(count));
        for (i, r) in records.enumerate() {
            if let Some(k) = r.key {
                newest.insert(k, e.base.plus(i as u32));
            }
        }
    }
    newest
}

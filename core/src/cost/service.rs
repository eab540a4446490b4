//! What a simulated broker's work costs: its page cache, its disk, the copies of what it serves.
//!
//! Off unless a scenario has a `cost`. Rules stay as they are and never see it: the simulation lets what a broker says
//! leave later, by the time that its disk needed first. Appending dirties pages and waits for the disk only when it is
//! flushed at once, or when too many pages are dirty; a fetch waits for pages that are not in memory.
//!
//! What is lost in a power cut is the rules' own business: pages that memory pressure wrote back early still count as unflushed there.
//! Left out: CPU time (copies are counted, not timed), segments (a replica is one file), indexes, other files, other processes.

use super::cache::{PAGE_BYTES, PageCache, Touched};
use super::copy::{Conditions, Counts, Method, Step, steps, used};
use super::disk::{Arm, Disk, Preset};
use crate::event::EventKind;
use crate::ids::*;
use crate::kafka::log::Payload;
use crate::kafka::message::{Body, Fetched, FetchedPart};
use crate::kafka::{Flight, World};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Bytes of the header of a record batch (format v2).
const BATCH_HEADER_BYTES: u64 = 61;
/// Bytes that a record has beside key and value: lengths, deltas, attributes.
const RECORD_HEADER_BYTES: u64 = 7;
/// A commit in `__consumer_offsets`, header and all.
const COMMIT_BYTES: u64 = 150;
/// A control batch: its header and one record of a few bytes.
const CONTROL_BYTES: u64 = BATCH_HEADER_BYTES + 17;

/// The field `cost` of a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostSpec {
    /// Every broker's disk.
    pub disk: Preset,
    /// Memory that every machine has for its page cache: 4 KiB to 1 TiB.
    #[serde(default = "default_cache")]
    pub page_cache_bytes: u64,
    /// Are consumers served over TLS?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
}

fn default_cache() -> u64 {
    1 << 30
}

impl CostSpec {
    /// What is wrong with it, and what would be right: field and words.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let range = PAGE_BYTES..=1 << 40;
        if range.contains(&self.page_cache_bytes) {
            return Ok(());
        }
        Err(("page_cache_bytes", format!("is {}; it must be from {} to {}", self.page_cache_bytes, range.start(), range.end())))
    }
}

/// A replica's file: where its batches begin.
#[derive(Clone, Debug, Default)]
struct LogFile {
    begins: Vec<(Offset, u64)>,
    bytes: u64,
    flushed: Offset,
}

impl LogFile {
    fn byte_of(&self, offset: Offset) -> u64 {
        let i = self.begins.partition_point(|(base, _)| *base < offset);
        self.begins.get(i).map_or(self.bytes, |(_, byte)| *byte)
    }

    fn cut(&mut self, to: Offset) {
        self.bytes = self.byte_of(to);
        self.begins.truncate(self.begins.partition_point(|(base, _)| *base < to));
        self.flushed = self.flushed.min(to);
    }
}

/// One machine's memory, disk and counters.
#[derive(Clone, Debug)]
pub struct BrokerCost {
    cache: PageCache,
    arm: Arm,
    logs: LiteMap<PartitionId, LogFile>,
    /// When the disk has done everything that was asked of it.
    disk_free_us: u64,
    /// When everything that was appended is where its configs want it: in memory, or flushed.
    written_us: u64,
    /// Pages that were in memory when they were wanted.
    pub hits: u64,
    /// Pages that had to come from the disk.
    pub disk_pages_read: u64,
    /// Pages that went to the disk.
    pub disk_pages_written: u64,
    /// Pages that lost their place in memory.
    pub evicted: u64,
    /// Copies, system calls and mode switches of serving consumers and followers, block by block.
    pub served: Counts,
    /// Bytes that went out to them.
    pub served_bytes: u64,
    /// Of those, bytes that the CPU had to encrypt.
    pub encrypted_bytes: u64,
}

impl BrokerCost {
    /// Its page cache.
    pub fn cache(&self) -> &PageCache {
        &self.cache
    }
    /// Its disk.
    pub fn arm(&self) -> &Arm {
        &self.arm
    }
    /// Bytes in the file of a replica.
    pub fn log_bytes(&self, p: PartitionId) -> u64 {
        self.logs.get(&p).map_or(0, |l| l.bytes)
    }

    /// Lets the disk do what a touch asks for, after what it has to do already; says when it is done.
    fn disk(&mut self, disk: &Disk, t: &Touched, now_us: u64) -> u64 {
        self.hits += t.hits;
        self.evicted += t.evicted;
        if t.disk.is_empty() {
            return now_us;
        }
        let mut took_us = 0.0;
        for r in &t.disk {
            took_us += self.arm.serve(disk, *r);
            let pages = r.bytes / PAGE_BYTES;
            *(if r.write { &mut self.disk_pages_written } else { &mut self.disk_pages_read }) += pages;
        }
        self.disk_free_us = self.disk_free_us.max(now_us) + took_us as u64;
        self.disk_free_us
    }

    fn append(&mut self, disk: &Disk, p: PartitionId, base: Offset, bytes: u64, now_us: u64) {
        let log = self.logs.entry(p).or_default();
        let (from, to) = (log.bytes, log.bytes + bytes);
        log.begins.push((base, from));
        log.bytes = to;
        let t = self.cache.write(u32::from(p.0), from / PAGE_BYTES, to.div_ceil(PAGE_BYTES) - from / PAGE_BYTES);
        let done = self.disk(disk, &t, now_us);
        self.written_us = self.written_us.max(done);
    }

    fn flush(&mut self, disk: &Disk, p: PartitionId, now_us: u64) {
        let t = self.cache.flush(u32::from(p.0));
        let done = self.disk(disk, &t, now_us);
        self.written_us = self.written_us.max(done);
    }

    /// Reads part of a log to send it; says when it is in memory.
    fn fetch(&mut self, disk: &Disk, tls: bool, p: PartitionId, from: Offset, to: Offset, now_us: u64) -> u64 {
        let Some(log) = self.logs.get(&p) else { return now_us };
        let (begin, end) = (log.byte_of(from), log.byte_of(to));
        if end <= begin {
            return now_us;
        }
        let (first, pages) = (begin / PAGE_BYTES, end.div_ceil(PAGE_BYTES) - begin / PAGE_BYTES);
        let t = self.cache.read(u32::from(p.0), first, pages, log.bytes.div_ceil(PAGE_BYTES));
        let conditions = Conditions { cached: t.misses == 0, tls, gather: true };
        steps(Method::Sendfile, conditions).into_iter().for_each(|s: Step| self.served.add(s));
        self.served_bytes += end - begin;
        self.encrypted_bytes += if used(Method::Sendfile, conditions) == Method::Sendfile { 0 } else { end - begin };
        self.disk(disk, &t, now_us)
    }
}

/// The costs of a run.
#[derive(Clone, Debug)]
pub struct Costs {
    spec: CostSpec,
    disk: Disk,
    brokers: Vec<Rc<BrokerCost>>,
    batch_bytes: Rc<BTreeMap<BatchId, u64>>,
    record_bytes: u64,
}

impl Costs {
    /// Cold caches and empty files.
    pub fn new(spec: CostSpec, brokers: u8) -> Self {
        let fresh = Rc::new(BrokerCost {
            cache: PageCache::new(spec.page_cache_bytes / PAGE_BYTES),
            arm: Arm::default(),
            logs: LiteMap::new_vec(),
            disk_free_us: 0,
            written_us: 0,
            hits: 0,
            disk_pages_read: 0,
            disk_pages_written: 0,
            evicted: 0,
            served: Counts::default(),
            served_bytes: 0,
            encrypted_bytes: 0,
        });
        Costs { spec, disk: spec.disk.disk(), brokers: vec![fresh; usize::from(brokers)], batch_bytes: Rc::default(), record_bytes: 0 }
    }

    /// What the scenario asked for.
    pub fn spec(&self) -> &CostSpec {
        &self.spec
    }
    /// One broker's.
    pub fn broker(&self, b: BrokerId) -> &BrokerCost {
        &self.brokers[b.ix()]
    }
    fn of(&mut self, b: BrokerId) -> &mut BrokerCost {
        Rc::make_mut(&mut self.brokers[b.ix()])
    }

    /// The next records that are sent have so many bytes.
    pub(crate) fn note_record(&mut self, bytes: u32) {
        self.record_bytes = u64::from(bytes) + RECORD_HEADER_BYTES;
    }

    /// What a step did to logs, before what it says is sent off.
    pub(crate) fn absorb(&mut self, events: &[EventKind], world: &World, now_us: u64) {
        for e in events {
            match *e {
                EventKind::Batched { batch, .. } => {
                    *Rc::make_mut(&mut self.batch_bytes).entry(batch).or_insert(BATCH_HEADER_BYTES) += self.record_bytes;
                }
                EventKind::Appended { broker, partition, .. } | EventKind::Replicated { broker, partition, .. } => {
                    self.appended(world, broker, partition, now_us);
                }
                EventKind::CommitAppended { broker, group, .. } => {
                    self.appended(world, broker, world.setup.groups[group.ix()].coordinator, now_us);
                }
                EventKind::Truncated { broker, partition, to, .. } => self.truncated(broker, partition, to),
                EventKind::PowerCut { broker } => {
                    self.of(broker).cache.power_cut();
                }
                EventKind::Stopped { broker } => self.write_back(world, broker, now_us),
                EventKind::Started { broker } => self.restarted(world, broker),
                _ => {}
            }
        }
    }

    /// A log grew: pages become dirty, and are flushed if the rules flushed them.
    fn appended(&mut self, world: &World, b: BrokerId, p: PartitionId, now_us: u64) {
        let Some(r) = world.broker(b).replica(p) else { return };
        let disk = self.disk;
        let last = self.broker(b).logs.get(&p).and_then(|l| l.begins.last()).map(|(base, _)| *base);
        let mut grown: Vec<(Offset, u64)> = Vec::new();
        for e in r.log.iter_from(last.unwrap_or(Offset::ZERO)).filter(|e| last.is_none_or(|last| e.base > last)) {
            let bytes = match e.payload {
                Payload::Data(x) => self.batch_bytes.get(&x.id).copied().unwrap_or(BATCH_HEADER_BYTES),
                Payload::Commit(_) | Payload::Group { .. } | Payload::Expired(_) | Payload::Txn(_) => COMMIT_BYTES,
                Payload::Control(_) => CONTROL_BYTES,
                // A copy of a compacted log.
                Payload::Kept { count, .. } => BATCH_HEADER_BYTES + u64::from(count) * self.record_bytes,
            };
            grown.push((e.base, bytes));
        }
        let flushed = r.flushed;
        let cost = self.of(b);
        for (base, bytes) in grown {
            cost.append(&disk, p, base, bytes, now_us);
        }
        if cost.logs.get(&p).is_some_and(|l| l.flushed < flushed) {
            cost.flush(&disk, p, now_us);
            cost.logs.entry(p).or_default().flushed = flushed;
        }
    }

    fn truncated(&mut self, b: BrokerId, p: PartitionId, to: Offset) {
        let cost = self.of(b);
        let Some(log) = cost.logs.get_mut(&p) else { return };
        log.cut(to);
        let first = log.bytes.div_ceil(PAGE_BYTES);
        cost.cache.forget(u32::from(p.0), first);
    }

    /// A process starts on what is left of its logs.
    fn restarted(&mut self, world: &World, b: BrokerId) {
        let partitions: Vec<PartitionId> = self.broker(b).logs.keys().copied().collect();
        for p in partitions {
            let leo = world.broker(b).replica(p).map_or(Offset::ZERO, |r| r.log.leo());
            self.truncated(b, p, leo);
        }
    }

    /// The kernel writes dirty pages back, or a stopping broker flushes; nobody waits for it.
    pub(crate) fn write_back(&mut self, world: &World, b: BrokerId, now_us: u64) {
        let disk = self.disk;
        let cost = self.of(b);
        let t = cost.cache.flush_all();
        cost.disk(&disk, &t, now_us);
        for (p, log) in &mut cost.logs {
            log.flushed = world.broker(b).replica(*p).map_or(log.flushed, |r| r.flushed);
        }
    }

    /// When this message can leave: after what its sender's disk had to do for it first.
    pub(crate) fn leaves_us(&mut self, f: &Flight, now_us: u64) -> u64 {
        let Actor::Broker(b) = f.from else { return now_us };
        let written = self.broker(b).written_us;
        match &*f.body {
            // A follower asks again once it has what it got.
            Body::ProduceResponse { .. } | Body::OffsetCommitResponse { .. } | Body::Fetch { .. } => written.max(now_us),
            Body::FetchResponse { parts, .. } => self.fetched(b, parts, false, now_us).max(written),
            Body::ConsumerFetchResponse { parts, .. } => self.fetched(b, parts, self.spec.tls, now_us).max(written),
            _ => now_us,
        }
    }

    fn fetched(&mut self, b: BrokerId, parts: &[FetchedPart], tls: bool, now_us: u64) -> u64 {
        let disk = self.disk;
        let mut done = now_us;
        for part in parts {
            if let Fetched::Data { entries, .. } = &part.answer
                && let (Some(first), Some(last)) = (entries.first(), entries.last())
            {
                done = done.max(self.of(b).fetch(&disk, tls, part.partition, first.base, last.end(), now_us));
            }
        }
        done
    }
}

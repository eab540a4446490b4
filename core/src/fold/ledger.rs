//! The truth ledger: what was promised, and what is so.
//!
//! A record is *lost* when it was acknowledged and is not in the log of the leader that took office last; while nobody
//! leads, the last value stands. *Duplicated* and *out of order* are counted in that log. With acks=0 nothing is
//! acknowledged, so nothing can be lost in this sense.

use super::shares::Shares;
use crate::chunked::Chunked;
use crate::event::{EventKind, TxnEvent};
use crate::ids::*;
use crate::kafka::log::Entry;
use crate::kafka::replica::Replica;
use crate::kafka::{Setup, World};
use crate::order;
use litemap::LiteMap;
use serde::Serialize;
use smallvec::SmallVec;
use std::rc::Rc;

/// A key, by its place in [`Ledger::key_name`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyIx(pub u16);

/// A record as its application sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordInfo {
    /// Its key.
    pub key: Option<KeyIx>,
    /// Where the partitioner sent it.
    pub partition: PartitionId,
    /// How many records of its topic had its key before it.
    pub earlier: u32,
    /// The batch that it is in, once it is.
    pub batch: Option<BatchId>,
}

/// What is known of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchInfo {
    /// Its partition.
    pub partition: PartitionId,
    /// Its records, by ordinal of the producer.
    pub records: SmallVec<[u32; 2]>,
    /// The producer got an offset for it.
    pub acked: bool,
    /// The producer gave up on it.
    pub failed: bool,
    /// How often it stands in the log of the latest leader.
    pub copies: u16,
    /// Its transaction was aborted, so nobody was promised anything.
    pub aborted: bool,
    /// It was judged lost.
    pub lost: bool,
    /// The offset that the producer was told.
    pub base: Option<Offset>,
}

/// The log that counts for a partition: that of the leader that took office last.
#[derive(Clone, Copy, Debug)]
struct View {
    broker: BrokerId,
    epoch: LeaderEpoch,
}

/// The figures, as they stand in reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Figures {
    /// Records that applications gave to producers.
    pub sent: u64,
    /// Records that producers got an offset for.
    pub acked: u64,
    /// Records in the logs of the latest leaders.
    pub in_log: u64,
    /// Of those, below the high watermark.
    pub visible: u64,
    /// Records that `poll()` returned, counted each time.
    pub delivered: u64,
    /// Records that applications finished with, counted each time.
    pub effects: u64,
    /// Acknowledged, and not in the log.
    pub lost: u64,
    /// Of those in the log, records of aborted transactions; they are never lost.
    pub aborted: u64,
    /// Further copies in the log.
    pub duplicated: u64,
    /// Records that stand in the log after a later one of the same key.
    pub out_of_order: u64,
    /// Records that share groups archived undone: delivered too often, or rejected.
    pub given_up: u64,
}

#[derive(Clone, Debug, Default)]
struct PartitionTally {
    aborted: u64,
    duplicated: u64,
    out_of_order: u64,
    newest: LiteMap<(ProducerIx, Option<KeyIx>), u32>,
}

/// Counts what events say.
#[derive(Clone, Debug)]
pub struct Ledger {
    keys: Rc<Vec<String>>,
    /// Keys in the order of their texts.
    by_text: Rc<Vec<KeyIx>>,
    pending_key: Option<KeyIx>,
    /// Records so far, by topic and key.
    of_key: Rc<LiteMap<(usize, KeyIx), u32>>,
    records: Vec<Chunked<RecordInfo>>,
    batches: Vec<Chunked<BatchInfo>>,
    views: Vec<View>,
    tallies: Vec<PartitionTally>,
    sent: u64,
    acked: u64,
    delivered: u64,
    /// By consumer.
    effects: Vec<u64>,
    lost: u64,
    shares: Shares,
    /// Power cuts so far: invariants that need the page cache are judged by it.
    pub power_cuts: u32,
    /// Unclean elections so far.
    pub unclean_elections: u32,
}

/// Records of a log with gaps below `to`.
fn present(r: &Replica, to: Offset) -> u64 {
    let start = r.log.start();
    let below = r.log.iter_from(start).take_while(|e| e.base < to);
    below.map(|e| u64::from(e.end().min(to).0 - e.base.max(start).0)).sum()
}

/// Events that a fold adds.
pub type Judgements = SmallVec<[EventKind; 1]>;

impl Ledger {
    /// Nothing happened yet.
    pub fn new(setup: &Setup) -> Self {
        let mut by_text: Vec<KeyIx> = (0..setup.keys.len() as u16).map(KeyIx).collect();
        order::sort_by_key(&mut by_text, |k| &setup.keys[usize::from(k.0)]);
        Ledger {
            keys: Rc::new(setup.keys.clone()),
            by_text: Rc::new(by_text),
            pending_key: None,
            of_key: Rc::default(),
            records: setup.producers.iter().map(|_| Chunked::default()).collect(),
            batches: setup.producers.iter().map(|_| Chunked::default()).collect(),
            views: setup.partition_ids().map(|p| View { broker: setup.first_leader(p), epoch: LeaderEpoch(0) }).collect(),
            tallies: setup.partition_ids().map(|_| PartitionTally::default()).collect(),
            sent: 0,
            acked: 0,
            delivered: 0,
            effects: vec![0; setup.consumers.len()],
            lost: 0,
            shares: Shares::default(),
            power_cuts: 0,
            unclean_elections: 0,
        }
    }

    /// A record's data.
    pub fn record(&self, id: RecordId) -> Option<&RecordInfo> {
        self.records.get(id.producer.ix())?.get(id.n as usize)
    }
    /// What is known of a batch.
    pub fn batch(&self, id: BatchId) -> Option<&BatchInfo> {
        self.batches.get(id.producer.ix())?.get(id.n as usize)
    }
    /// The record at a place in a batch.
    pub fn record_in(&self, batch: BatchId, index: u16) -> Option<RecordId> {
        let n = *self.batch(batch)?.records.get(usize::from(index))?;
        Some(RecordId { producer: batch.producer, n })
    }
    /// A key's text.
    pub fn key_name(&self, k: KeyIx) -> &str {
        &self.keys[usize::from(k.0)]
    }
    /// Records that a consumer's application finished with, counted each time: what it does outside Kafka.
    pub fn effects_of(&self, c: ConsumerIx) -> u64 {
        self.effects[c.ix()]
    }
    /// What share groups did with records.
    pub fn shares(&self) -> &Shares {
        &self.shares
    }
    /// The broker whose log counts for a partition.
    pub fn view(&self, p: PartitionId) -> BrokerId {
        self.views.get(p.ix()).map_or(BrokerId(1), |v| v.broker) // one that is not created yet has a log nowhere
    }

    /// The figures at this instant.
    pub fn figures(&self, world: &World) -> Figures {
        let mut f = Figures {
            sent: self.sent,
            acked: self.acked,
            delivered: self.delivered,
            effects: self.effects.iter().sum(),
            lost: self.lost,
            given_up: self.shares.given_up(),
            ..Figures::default()
        };
        for p in world.setup.partition_ids().filter(|p| !world.setup.is_internal(*p)) {
            if let Some(r) = world.broker(self.view(p)).replica(p) {
                let dense = r.files.is_none();
                let upto = |to: Offset| if dense { u64::from(r.log.records_below(to)) } else { present(r, to) };
                f.in_log += upto(r.log.leo());
                f.visible += upto(r.hw);
            }
            if let Some(t) = self.tallies.get(p.ix()) {
                f.aborted += t.aborted;
                f.duplicated += t.duplicated;
                f.out_of_order += t.out_of_order;
            }
        }
        f
    }

    /// The key of the record that is sent next, as a number.
    pub(crate) fn note_key(&mut self, key: Option<&str>) -> Option<KeyIx> {
        self.pending_key = key.map(|k| match self.by_text.binary_search_by(|x| self.key_name(*x).cmp(k)) {
            Ok(at) => self.by_text[at],
            Err(at) => {
                Rc::make_mut(&mut self.keys).push(k.to_string());
                let new = KeyIx(self.keys.len() as u16 - 1);
                Rc::make_mut(&mut self.by_text).insert(at, new);
                new
            }
        });
        self.pending_key
    }

    /// Takes an event in; gives back what it means for records that were promised.
    pub(crate) fn fold(&mut self, e: &EventKind, world: &World) -> Judgements {
        match *e {
            EventKind::RecordSent { record, partition } => {
                self.sent += 1;
                let key = self.pending_key.take();
                let earlier = key.map_or(0, |k| {
                    let topic = world.setup.partitions[partition.ix()].topic;
                    let n = Rc::make_mut(&mut self.of_key).entry((topic, k)).or_insert(0);
                    *n += 1;
                    *n - 1
                });
                self.records[record.producer.ix()].push(RecordInfo { key, partition, earlier, batch: None });
            }
            EventKind::PartitionCreated { .. } => {
                let all = world.setup.partition_ids().skip(self.views.len());
                self.views.extend(all.map(|p| View { broker: world.setup.first_leader(p), epoch: LeaderEpoch(0) }));
                self.tallies.resize(self.views.len(), PartitionTally::default());
            }
            EventKind::Batched { record, batch, partition } => self.batched(record, batch, partition),
            EventKind::Acked { batch, offset: Some(base), .. } => return self.on_acked(batch, base),
            EventKind::SendFailed { batch, .. } => {
                if let Some(b) = self.batches[batch.producer.ix()].get_mut(batch.n as usize) {
                    b.failed = true;
                }
            }
            EventKind::Appended { broker, partition, batch, .. } => {
                if self.views[partition.ix()].broker == broker
                    && let Some(e) = world
                        .broker(broker)
                        .replica(partition)
                        .and_then(|r| r.log.iter_back().find(|x| x.payload.batch().is_some_and(|b| b.id == batch)).copied())
                {
                    self.count_in(partition, &e);
                }
            }
            EventKind::BecameLeader { broker, partition, epoch, .. } if epoch >= self.views[partition.ix()].epoch => {
                self.views[partition.ix()] = View { broker, epoch };
                return self.recount(partition, world);
            }
            EventKind::SegmentDeleted { broker, partition, .. }
            | EventKind::Compacted { broker, partition, .. }
            | EventKind::LogStartMoved { broker, partition, .. }
                if self.views[partition.ix()].broker == broker =>
            {
                return self.recount(partition, world);
            }
            EventKind::Polled { records, .. } => self.delivered += u64::from(records),
            EventKind::Handled { consumer, .. } => self.effects[consumer.ix()] += 1,
            EventKind::Txn(TxnEvent::Derived { batch, index, key, .. }) => {
                self.pending_key = key.map(KeyIx).or_else(|| self.record(self.record_in(batch, index)?)?.key);
            }
            EventKind::Txn(TxnEvent::MarkerAppended { broker, partition, commit: false, offset, .. }) => {
                return self.on_abort(broker, partition, offset, world);
            }
            EventKind::Share { group, ref what } => self.shares.fold(group, what),
            EventKind::PowerCut { .. } => self.power_cuts += 1,
            EventKind::LeaderElected { election: crate::event::Election::Unclean, .. } => self.unclean_elections += 1,
            _ => {}
        }
        Judgements::new()
    }

    fn batched(&mut self, record: RecordId, batch: BatchId, partition: PartitionId) {
        let batches = &mut self.batches[batch.producer.ix()];
        if batches.len() == batch.n as usize {
            batches.push(BatchInfo {
                partition,
                records: SmallVec::new(),
                acked: false,
                failed: false,
                copies: 0,
                aborted: false,
                lost: false,
                base: None,
            });
        }
        if let Some(b) = batches.get_mut(batch.n as usize) {
            b.records.push(record.n);
        }
        if let Some(r) = self.records[record.producer.ix()].get_mut(record.n as usize) {
            r.batch = Some(batch);
        }
    }

    fn on_acked(&mut self, batch: BatchId, base: Offset) -> Judgements {
        let Some(b) = self.batches[batch.producer.ix()].get_mut(batch.n as usize) else {
            return Judgements::new();
        };
        if !b.acked {
            b.acked = true;
            b.base = Some(base);
            self.acked += b.records.len() as u64;
        }
        let mut found = Judgements::new();
        self.judge(batch, None, &mut found);
        found
    }

    /// A transaction's batches in this log are aborted: nobody was promised that they stay.
    fn on_abort(&mut self, broker: BrokerId, p: PartitionId, marker: Offset, world: &World) -> Judgements {
        let mut found = Judgements::new();
        let Some(r) = world.broker(broker).replica(p) else { return found };
        let aborted: Vec<(Pid, Offset)> =
            r.txns.aborted(marker, marker.plus(1)).filter(|a| a.marker == marker).map(|a| (a.pid, a.first)).collect();
        for (pid, first) in aborted {
            for b in r.log.iter_from(first).take_while(|e| e.base < marker).filter_map(|e| e.payload.batch()).filter(|b| b.pid == pid) {
                if self.views[p.ix()].broker == broker {
                    self.tallies[p.ix()].aborted += u64::from(b.count);
                }
                if let Some(known) = self.batches[b.id.producer.ix()].get_mut(b.id.n as usize) {
                    known.aborted = true;
                }
                self.judge(b.id, Some(r), &mut found);
            }
        }
        found
    }

    /// One more entry in the log that counts.
    fn count_in(&mut self, p: PartitionId, e: &Entry) {
        let Some((batch, ..)) = e.payload.records() else {
            return;
        };
        let Some(b) = self.batches[batch.producer.ix()].get_mut(batch.n as usize) else {
            return;
        };
        if e.payload.batch().is_none() {
            b.copies = b.copies.max(1); // what compaction left of it, perhaps in several pieces
            return;
        }
        b.copies += 1;
        let again = b.copies > 1;
        let records = b.records.clone();
        let tally = &mut self.tallies[p.ix()];
        if again {
            tally.duplicated += records.len() as u64;
            return;
        }
        for n in records {
            let key = self.records[batch.producer.ix()].get(n as usize).and_then(|r| r.key);
            let newest = tally.newest.entry((batch.producer, key)).or_insert(n);
            if n < *newest {
                tally.out_of_order += 1;
            }
            *newest = (*newest).max(n);
        }
    }

    /// Another log counts now: count it from its beginning, and judge every batch that was acknowledged.
    fn recount(&mut self, p: PartitionId, world: &World) -> Judgements {
        let mut found = Judgements::new();
        if world.setup.is_internal(p) {
            return found;
        }
        for i in 0..self.batches.len() {
            for n in 0..self.batches[i].len() {
                let stale = self.batches[i].get(n).is_some_and(|b| b.partition == p && b.copies > 0);
                if stale && let Some(b) = self.batches[i].get_mut(n) {
                    b.copies = 0;
                }
            }
        }
        self.tallies[p.ix()] = PartitionTally::default();
        if let Some(r) = world.broker(self.view(p)).replica(p) {
            for e in r.log.iter_from(r.log.start()) {
                self.count_in(p, e);
                let aborted = e.payload.batch().is_some_and(|b| b.pid.txn().is_some() && r.txns.outcome(b.pid, e.base) == Some(false));
                if aborted {
                    self.tallies[p.ix()].aborted += u64::from(e.payload.count());
                }
            }
        }
        for i in 0..self.batches.len() {
            for n in 0..self.batches[i].len() {
                if self.batches[i].get(n).is_some_and(|b| b.partition == p && b.acked) {
                    self.judge(BatchId { producer: ProducerIx(i as u8), n: n as u32 }, world.broker(self.view(p)).replica(p), &mut found);
                }
            }
        }
        found
    }

    /// `log`: what counts now. What retention, DeleteRecords or compaction took from it is not lost.
    fn judge(&mut self, batch: BatchId, log: Option<&Replica>, found: &mut Judgements) {
        let Some(b) = self.batches[batch.producer.ix()].get(batch.n as usize) else {
            return;
        };
        let cleared = log.map_or(Offset::ZERO, |r| r.files.as_ref().map_or(Offset::ZERO, |f| f.cleaned()).max(r.log.start()));
        let deleted = b.aborted || b.base.is_some_and(|o| o < cleared);
        let (lost, partition, records) = (b.acked && b.copies == 0 && !deleted, b.partition, b.records.len() as u16);
        if lost == b.lost {
            return;
        }
        if let Some(b) = self.batches[batch.producer.ix()].get_mut(batch.n as usize) {
            b.lost = lost;
        }
        if lost {
            self.lost += u64::from(records);
            found.push(EventKind::Lost { batch, partition, records });
        } else {
            self.lost -= u64::from(records);
            found.push(EventKind::Found { batch, partition, records });
        }
    }
}

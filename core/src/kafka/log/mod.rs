//! One replica's log: batches, the leader-epoch cache, reading, truncating (rule book section 1). Its files are in
//! [`segments`], compaction in [`cleaner`]; both cost nothing where no topic asks for them.

mod cleaner;
pub mod config;
pub mod records;
pub mod segments;

use super::transaction::{Identity, Marker, TxnRecord};
use crate::broken::{Rule, holds};
use crate::ids::{BatchId, GroupIx, LeaderEpoch, Offset, PartitionId, Pid};
use smallvec::SmallVec;
use std::rc::Rc;

/// The header of a producer's batch: what the rules look at. Keys and values stay outside.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Batch {
    /// Which batch; retries keep it.
    pub id: BatchId,
    /// How many records, at least 1.
    pub count: u16,
    /// `producerId`; transactional if it is that of a `transactional.id`.
    pub pid: Pid,
    /// `producerEpoch`, 0 without idempotence.
    pub epoch: u16,
    /// `baseSequence`; `None` without idempotence or before it was assigned.
    pub seq: Option<u32>,
}

/// prod.D4: sequences are 31 bits wide; 0 follows the last one.
pub const LAST_SEQUENCE: u32 = i32::MAX as u32;

impl Batch {
    /// Sequence number of the last record.
    pub fn last_seq(&self) -> Option<u32> {
        self.seq.map(|s| (s + u32::from(self.count) - 1) & LAST_SEQUENCE)
    }
}

/// A group's commit: a record of `__consumer_offsets`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Commit {
    /// The group.
    pub group: GroupIx,
    /// The partition that it reads.
    pub partition: PartitionId,
    /// The next offset that it will read.
    pub offset: Offset,
    /// Part of this producer's transaction: pending until its marker (txn.M5).
    pub txn: Option<Identity>,
}

/// What a batch in the log holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Payload {
    /// Records of a producer.
    Data(Batch),
    /// A commit, written by the group coordinator.
    Commit(Commit),
    /// A generation of a group, written by its coordinator.
    Group {
        /// Which group.
        group: GroupIx,
        /// Its place in [`crate::kafka::World::rosters`].
        roster: u32,
    },
    /// The commits of a group are forgotten, written by its coordinator (cons.K7).
    Expired(GroupIx),
    /// A control batch: a transaction ended here (txn.M2).
    Control(Marker),
    /// A state of a transaction, in `__transaction_state`.
    Txn(TxnRecord),
    /// What compaction left of a producer's batch: `count` of its records from number `first` on.
    Kept {
        /// Which batch.
        batch: BatchId,
        /// The first record's place in it.
        first: u16,
        /// How many.
        count: u16,
    },
}

impl Payload {
    /// Whose sequence numbers or transaction it belongs to: a producer that replicas remember (prod.D7).
    pub fn producer(&self) -> Option<Pid> {
        match self {
            Payload::Data(b) => b.seq.map(|_| b.pid),
            Payload::Control(m) => Some(m.id.pid()),
            Payload::Commit(c) => c.txn.map(|id| id.pid()),
            Payload::Group { .. } | Payload::Expired(_) | Payload::Txn(_) | Payload::Kept { .. } => None,
        }
    }

    /// Number of offsets that it takes.
    pub fn count(&self) -> u32 {
        match self {
            Payload::Data(b) => u32::from(b.count),
            Payload::Commit(_) | Payload::Group { .. } | Payload::Expired(_) | Payload::Control(_) | Payload::Txn(_) => 1,
            Payload::Kept { count, .. } => u32::from(*count),
        }
    }
    /// The producer's batch, if it is a whole one.
    pub fn batch(&self) -> Option<&Batch> {
        match self {
            Payload::Data(b) => Some(b),
            _ => None,
        }
    }
    /// A producer's records: of which batch, from which place in it, how many.
    pub fn records(&self) -> Option<(BatchId, u16, u16)> {
        match *self {
            Payload::Data(b) => Some((b.id, 0, b.count)),
            Payload::Kept { batch, first, count } => Some((batch, first, count)),
            Payload::Commit(_) | Payload::Group { .. } | Payload::Expired(_) | Payload::Control(_) | Payload::Txn(_) => None,
        }
    }
}

/// A batch in a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// Offset of its first record.
    pub base: Offset,
    /// `partitionLeaderEpoch`: who was leader when it was appended.
    pub epoch: LeaderEpoch,
    /// Its contents.
    pub payload: Payload,
}

impl Entry {
    /// The offset after its last record.
    pub fn end(&self) -> Offset {
        self.base.plus(self.payload.count())
    }
}

/// A line of the leader-epoch cache: the epoch and the offset at which it began.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EpochStart {
    /// The leader epoch.
    pub epoch: LeaderEpoch,
    /// Offset of its first record, or the LEO when its leader took office.
    pub start: Offset,
}

/// Batches as they travel in a fetch response.
pub type Entries = SmallVec<[Entry; 2]>;

/// Sealed chunks are shared between checkpoints of a timeline; only the tail is copied.
const CHUNK: usize = 256;

/// The log of one replica.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    start: Offset,
    sealed: Vec<Rc<[Entry]>>,
    tail: SmallVec<[Entry; 3]>,
    epochs: SmallVec<[EpochStart; 3]>,
    /// Offsets of control batches, which are no records; a function of the rest.
    controls: Rc<Vec<Offset>>,
}

/// The canonical encoding ignores how the log is cut into chunks.
impl std::hash::Hash for Log {
    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        self.start.hash(h);
        self.leo().hash(h);
        for e in self.iter_from(self.start) {
            e.hash(h);
        }
        self.epochs.hash(h);
    }
}

impl Log {
    /// `logStart`: the first offset that can be read.
    pub fn start(&self) -> Offset {
        self.start
    }

    /// `LEO`: the next offset to be written.
    pub fn leo(&self) -> Offset {
        let last = self.tail.last().or_else(|| self.sealed.last().and_then(|c| c.last()));
        last.map_or(self.start, Entry::end)
    }

    /// Nothing in it?
    pub fn is_empty(&self) -> bool {
        self.leo() == self.start
    }

    /// The leader-epoch cache, oldest first.
    pub fn epochs(&self) -> &[EpochStart] {
        &self.epochs
    }

    /// `lastFetchedEpoch` of a follower: the newest epoch in the cache.
    pub fn last_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.last().map(|e| e.epoch)
    }

    /// log.L1: append as leader; the offset is the LEO. Returns the new entry.
    pub fn append(&mut self, epoch: LeaderEpoch, payload: Payload) -> Entry {
        let entry = Entry { base: self.leo(), epoch, payload };
        self.push(entry);
        entry
    }

    /// log.L2: append as follower, offsets as given. Batches below the LEO are ignored; compaction leaves gaps above it.
    /// Says how many were taken.
    pub fn append_replicated(&mut self, entries: &[Entry]) -> usize {
        let mut taken = 0;
        for e in entries {
            if e.base >= self.leo() {
                self.push(*e);
                taken += 1;
            }
        }
        taken
    }

    /// log.L3: the cache learns (LE, base) when the LE is new.
    fn push(&mut self, e: Entry) {
        self.note_epoch(e.epoch, e.base);
        if matches!(e.payload, Payload::Control(_)) {
            Rc::make_mut(&mut self.controls).push(e.base);
        }
        if self.tail.len() >= CHUNK {
            self.sealed.push(Rc::from(&self.tail[..]));
            self.tail.clear();
        }
        self.tail.push(e);
    }

    /// log.L3, repl.R-M2: an epoch begins at `start`, even if nothing is ever written in it.
    pub fn note_epoch(&mut self, epoch: LeaderEpoch, start: Offset) {
        if self.epochs.last().is_some_and(|e| e.epoch >= epoch) {
            return;
        }
        while self.epochs.last().is_some_and(|e| e.start >= start) {
            self.epochs.pop();
        }
        self.epochs.push(EpochStart { epoch, start });
    }

    /// `endOffsetFor(q)` (rule book 3.3): the largest epoch ≤ `q` in this log and where it ends. `None` = undefined.
    pub fn end_offset_for(&self, q: Option<LeaderEpoch>) -> Option<(LeaderEpoch, Offset)> {
        let q = q?;
        let latest = self.epochs.last()?;
        if q == latest.epoch || !holds(Rule::EpochEnd) {
            return Some((q, self.leo()));
        }
        if q > latest.epoch {
            return None;
        }
        let higher = self.epochs.iter().position(|e| e.epoch > q)?;
        let floor = higher.checked_sub(1).map_or(q, |i| self.epochs[i].epoch);
        Some((floor, self.epochs[higher].start))
    }

    /// Cuts everything from `to` on (whole batches: a batch that reaches beyond `to` goes). repl.R-L3: epochs that start there go too.
    /// Below the log start offset, it starts over there.
    pub fn truncate(&mut self, to: Offset) {
        if to < self.start {
            return self.start_over(to);
        }
        while self.leo() > to {
            if self.tail.is_empty() {
                let chunk = self.sealed.pop().expect("leo > start, so there is a chunk");
                self.tail.extend_from_slice(&chunk);
            }
            self.tail.pop();
        }
        self.epochs.retain(|e| e.start < to);
        if self.controls.last().is_some_and(|c| *c >= to) {
            Rc::make_mut(&mut self.controls).retain(|c| *c < to);
        }
    }

    /// How many records lie below `to`: control batches take offsets and are none (txn.M6).
    pub fn records_below(&self, to: Offset) -> u32 {
        let controls = |o: Offset| self.controls.partition_point(|c| *c < o) as u32;
        to.0.saturating_sub(self.start.0) - controls(to).saturating_sub(controls(self.start))
    }

    /// Moves the log start offset up; what lies wholly below it can't be read any more. log.L3, L8: the epoch that was
    /// current there begins there now, earlier ones go.
    pub(crate) fn advance_start(&mut self, to: Offset) {
        debug_assert!(self.start <= to && to <= self.leo());
        self.start = to;
        let current = self.epochs.partition_point(|e| e.start <= to).saturating_sub(1);
        self.epochs.drain(..current);
        if let Some(e) = self.epochs.first_mut().filter(|e| e.start < to) {
            e.start = to;
        }
    }

    /// Forgets the batches that lie wholly below `base`: their segments are gone.
    pub(crate) fn drop_below(&mut self, base: Offset) {
        let whole = self.sealed.partition_point(|c| c.last().is_none_or(|e| e.end() <= base));
        self.sealed.drain(..whole);
        if let Some(c) = self.sealed.first_mut().filter(|c| c[0].end() <= base) {
            *c = c.iter().filter(|e| e.end() > base).copied().collect();
        }
        if self.sealed.is_empty() {
            self.tail.retain(|e| e.end() > base);
        }
    }

    /// Other batches in the same places (compaction).
    fn replace(&mut self, entries: &[Entry]) {
        let tail = entries.len() / CHUNK * CHUNK;
        self.sealed = entries[..tail].chunks(CHUNK).map(Rc::from).collect();
        self.tail = SmallVec::from_slice(&entries[tail..]);
        let controls = entries.iter().filter(|e| matches!(e.payload, Payload::Control(_))).map(|e| e.base);
        self.controls = Rc::new(controls.collect());
    }

    /// Empty, at `start`: the log of a follower whose leader has nothing that it has.
    pub(crate) fn start_over(&mut self, start: Offset) {
        *self = Log { start, ..Log::default() };
    }

    /// Up to `max` batches from `from` on that end at or below `bound` (log.L6; whole batches only).
    pub fn read(&self, from: Offset, bound: Offset, max: usize) -> Entries {
        self.iter_from(from).take_while(|e| e.end() <= bound).take(max).copied().collect()
    }

    /// Every batch that reaches beyond `from`, in order.
    pub fn iter_from(&self, from: Offset) -> impl Iterator<Item = &Entry> {
        let behind = move |e: &Entry| e.end() <= from;
        let chunk = self.sealed.partition_point(|c| c.last().is_none_or(behind));
        let (first, sealed) =
            self.sealed[chunk..].split_first().map_or((&[][..], &[][..]), |(c, rest)| (&c[c.partition_point(behind)..], rest));
        let tail = &self.tail[self.tail.partition_point(behind)..];
        first.iter().chain(sealed.iter().flat_map(|c| c.iter())).chain(tail)
    }

    /// The last batches first.
    pub fn iter_back(&self) -> impl Iterator<Item = &Entry> {
        self.tail.iter().rev().chain(self.sealed.iter().rev().flat_map(|c| c.iter().rev()))
    }

    /// The batch that holds `offset`.
    pub fn at(&self, offset: Offset) -> Option<&Entry> {
        self.iter_from(offset).next().filter(|e| e.base <= offset)
    }
}

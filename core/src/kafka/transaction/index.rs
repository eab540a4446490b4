//! What a log says of the transactions in it: which are open, which are aborted, and how far the log is stable
//! (txn.M1 to M4). A function of the log, rebuilt when it is cut.

use super::Marker;
use crate::broken::{Rule, holds};
use crate::ids::*;
use crate::kafka::log::{Entry, Payload};
use crate::order;
use smallvec::SmallVec;

/// A transaction without a marker yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Open {
    /// Whose.
    pub pid: Pid,
    /// Its epoch.
    pub epoch: u16,
    /// Its first offset here.
    pub first: Offset,
}

/// A transaction whose marker is in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closed {
    /// Whose.
    pub pid: Pid,
    /// Its first offset here.
    pub first: Offset,
    /// Offset of its marker.
    pub marker: Offset,
}

/// The transactions of a log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TxnIndex {
    open: SmallVec<[Open; 0]>,
    /// Committed or aborted, with a marker that may lie above the high watermark.
    closing: SmallVec<[Closed; 0]>,
    /// `.txnindex`: the aborted ones, by marker.
    aborted: Vec<Closed>,
}

impl TxnIndex {
    /// The transaction of a producer that has no marker yet.
    pub fn open(&self, pid: Pid) -> Option<&Open> {
        self.open.iter().find(|o| o.pid == pid)
    }

    /// All that are open, in the order of their first offsets.
    pub fn all_open(&self) -> &[Open] {
        &self.open
    }

    /// Takes in what was appended. `hw` only says which closed ones need be kept.
    pub(in crate::kafka) fn note(&mut self, e: &Entry, hw: Offset) {
        match e.payload {
            Payload::Data(b) if b.pid.txn().is_some() => self.begin(b.pid, b.epoch, e.base),
            Payload::Commit(c) => {
                if let Some(id) = c.txn {
                    self.begin(id.pid(), id.epoch, e.base);
                }
            }
            Payload::Control(m) => self.end(&m, e.base, hw),
            _ => {}
        }
    }

    /// txn.M1.
    fn begin(&mut self, pid: Pid, epoch: u16, first: Offset) {
        if self.open(pid).is_none() {
            self.open.push(Open { pid, epoch, first });
        }
    }

    /// txn.M2.
    fn end(&mut self, m: &Marker, marker: Offset, hw: Offset) {
        let pid = m.id.pid();
        let Some(i) = self.open.iter().position(|o| o.pid == pid) else { return };
        let closed = Closed { pid, first: self.open.remove(i).first, marker };
        self.closing.retain(|c| c.marker >= hw);
        self.closing.push(closed);
        if !m.commit {
            self.aborted.push(closed);
        }
    }

    /// txn.M3: below it, every transaction is decided and its marker committed.
    pub fn last_stable(&self, hw: Offset) -> Offset {
        let open = self.open.iter().map(|o| o.first);
        let closing = self.closing.iter().filter(|c| c.marker >= hw).map(|c| c.first);
        open.chain(closing).filter(|_| holds(Rule::LastStableOffset)).fold(hw, Offset::min)
    }

    /// txn.M4: aborted transactions that overlap [from, to).
    pub fn aborted(&self, from: Offset, to: Offset) -> impl Iterator<Item = &Closed> {
        let first = self.aborted.partition_point(|a| a.marker < from);
        self.aborted[first..].iter().filter(move |a| a.first < to)
    }

    /// What became of a producer's transactional record at `offset`: committed (true), aborted, or not decided.
    pub fn outcome(&self, pid: Pid, offset: Offset) -> Option<bool> {
        if self.open.iter().any(|o| o.pid == pid && o.first <= offset) {
            return None;
        }
        Some(!self.aborted.iter().any(|a| a.pid == pid && a.first <= offset && offset < a.marker))
    }

    /// Is it a batch of an aborted transaction?
    pub fn is_aborted(&self, e: &Entry) -> bool {
        matches!(e.payload, Payload::Data(b) if b.pid.txn().is_some() && self.outcome(b.pid, e.base) == Some(false))
    }

    /// Has it ever seen a transaction that it still knows of?
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.closing.is_empty() && self.aborted.is_empty()
    }
}

/// txn.M4, the reader's half: the batches of a fetch response that a consumer returns. Control batches are dropped always;
/// with `read_committed` also the batches of producers in `aborted`, from the given offset to their abort marker.
pub fn readable<'a>(entries: &'a [Entry], aborted: &[(Pid, Offset)]) -> impl Iterator<Item = &'a Entry> + use<'a> {
    let mut waiting: SmallVec<[(Pid, Offset); 2]> = aborted.into();
    order::sort_by_key(&mut waiting, |a| a.1);
    let mut dropping: SmallVec<[Pid; 2]> = SmallVec::new();
    entries.iter().filter(move |e| {
        while waiting.first().is_some_and(|a| a.1 <= e.base) {
            dropping.push(waiting.remove(0).0);
        }
        match e.payload {
            Payload::Data(b) => !dropping.contains(&b.pid) || !holds(Rule::SkipAborted),
            Payload::Kept { .. } => true, // compaction takes aborted records away
            Payload::Control(m) => {
                dropping.retain(|p| *p != m.id.pid());
                false
            }
            _ => false,
        }
    })
}

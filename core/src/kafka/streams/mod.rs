//! A Streams thread (rule book section 8, and 6.5): what a consumer and a producer in one process are beyond a poll loop.
//!
//! The topology is one: records of a topic are counted by key in a store, each new count goes to the store's changelog and
//! to a topic. With another key than the record's own, records first go through a repartition topic, and to a second kind of
//! task. [`thread`] has the thread's life: tasks, restoring, commits. [`processing`] has what a task does with a record.
//!
//! Simplified: the store has no cache, so every count is written (`statestore.cache.max.bytes=0`); it lies in memory and is
//! restored from the whole changelog; the restore consumer shares the main consumer's connections; internal topics have
//! their source topic's replication; tasks are assigned as the cooperative sticky assignor assigns partitions; no standby
//! tasks, no punctuation; records are processed in the order of fetching, not by timestamps across partitions.

mod processing;
mod thread;

use crate::ids::*;
use litemap::LiteMap;
use std::rc::Rc;

/// What a count stands under: the key, and where its window begins (in milliseconds), if there are windows.
pub type StoreKey = (u16, Option<u32>);

/// A count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Aggregate {
    /// How many records.
    pub count: u32,
    /// The largest timestamp among them, which the count has as its own, in milliseconds.
    pub timestamp_ms: u64,
}

/// A state store.
pub type Store = LiteMap<StoreKey, Aggregate>;

/// How far a store's restoring is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Restore {
    /// The next offset of the changelog.
    pub next: Offset,
    /// The changelog's high watermark when the restoring began; asked for while it is `None`.
    pub end: Option<Offset>,
    /// Records that were read.
    pub records: u32,
}

/// A task: a sub-topology for one input partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Task {
    /// Its input partition.
    pub input: PartitionId,
    /// Its counts; a task that only passes records on has none.
    pub store: Rc<Store>,
    /// Largest timestamp that its windows have seen, in milliseconds; not kept over a restart.
    pub stream_time_ms: Option<u64>,
    /// It reads its changelog, and no input yet.
    pub restoring: Option<Restore>,
    /// It has processed up to here, and that is not committed.
    pub done: Option<Offset>,
}

/// A Streams thread's tasks.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Thread {
    /// By input partition.
    pub tasks: Vec<Task>,
    /// `initTransactions()` has returned.
    pub initialised: bool,
}

impl Task {
    /// A task that begins; one with a store restores it first.
    pub fn new(input: PartitionId, has_store: bool) -> Self {
        let restoring = has_store.then_some(Restore { next: Offset::ZERO, end: None, records: 0 });
        Task { input, store: Rc::default(), stream_time_ms: None, restoring, done: None }
    }
}

impl Thread {
    /// The task that reads a partition.
    pub fn task(&self, input: PartitionId) -> Option<&Task> {
        self.tasks.iter().find(|t| t.input == input)
    }

    /// Is anything processed and not committed?
    pub fn dirty(&self) -> bool {
        self.tasks.iter().any(|t| t.done.is_some())
    }
}

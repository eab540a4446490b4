//! Deadlines in order. Timers are re-armed far more often than they fire, so an armed timer moves its deadline
//! in place and its entry in the heap follows only when it comes up.

use crate::ids::{ConsumerIx, MsgId};
use crate::kafka::Timer;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Order within an instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Class {
    Workload,
    Deliver,
    Timer,
}

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Item {
    /// Record n of workload i.
    Workload(u32, u32),
    Deliver(MsgId),
    Fire(Timer),
    /// A supervisor starts a consumer again.
    Restart(ConsumerIx),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Entry {
    due_us: u64,
    /// Its class, then its ordinal: in one word, since most of the work is comparing entries and moving them.
    order: u64,
    item: Item,
}

/// An armed timer: when it fires, and the entry that will look at it.
#[derive(Clone, Copy, Debug)]
struct Slot {
    due_us: u64,
    entry: (u64, u64),
}

/// What is due later than this, in microseconds, waits in a heap of its own.
const FAR_US: u64 = 1_000_000;

/// Most of what is due far ahead are timeouts that were disarmed long before, whose entries lie there until then. Among them
/// each message would sink through a heap of thousands; so the near ones have a small heap.
#[derive(Clone, Default, Debug)]
pub(super) struct Queue {
    near: BinaryHeap<Reverse<Entry>>,
    far: BinaryHeap<Reverse<Entry>>,
    slots: BTreeMap<Timer, Slot>,
    seq: u64,
    /// When the last item was due.
    now_us: u64,
}

impl Queue {
    pub(super) fn push(&mut self, due_us: u64, class: Class, item: Item) -> u64 {
        self.seq += 1;
        let order = (class as u64) << 60 | self.seq;
        let heap = if due_us > self.now_us + FAR_US { &mut self.far } else { &mut self.near };
        heap.push(Reverse(Entry { due_us, order, item }));
        order
    }

    /// The heap with the next entry.
    fn next(&mut self) -> &mut BinaryHeap<Reverse<Entry>> {
        let far_first = match (self.near.peek(), self.far.peek()) {
            (Some(Reverse(a)), Some(Reverse(b))) => (b.due_us, b.order) < (a.due_us, a.order),
            (near, _) => near.is_none(),
        };
        if far_first { &mut self.far } else { &mut self.near }
    }

    pub(super) fn arm(&mut self, t: Timer, due_us: u64) {
        match self.slots.get_mut(&t) {
            Some(slot) if slot.entry.0 <= due_us => slot.due_us = due_us,
            _ => {
                let order = self.push(due_us, Class::Timer, Item::Fire(t));
                self.slots.insert(t, Slot { due_us, entry: (due_us, order) });
            }
        }
    }

    pub(super) fn is_armed(&self, t: &Timer) -> bool {
        self.slots.contains_key(t)
    }

    pub(super) fn disarm(&mut self, t: &Timer) {
        self.slots.remove(t);
    }

    pub(super) fn timers(&self) -> impl Iterator<Item = (&Timer, u64)> {
        self.slots.iter().map(|(t, s)| (t, s.due_us))
    }

    /// When the next item is due; right only after [`Queue::settle`].
    pub(super) fn next_due_us(&self) -> Option<u64> {
        let due = |heap: &BinaryHeap<Reverse<Entry>>| heap.peek().map(|Reverse(e)| e.due_us);
        due(&self.near).into_iter().chain(due(&self.far)).min()
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        self.settle();
        let Reverse(e) = self.next().pop()?;
        self.now_us = e.due_us;
        if let Item::Fire(t) = e.item {
            self.slots.remove(&t);
        }
        Some(e.item)
    }

    /// Removes stale entries from the top and moves postponed ones.
    pub(super) fn settle(&mut self) {
        while let Some(Reverse(e)) = self.next().peek().copied() {
            let Item::Fire(t) = e.item else { return };
            match self.slots.get(&t).copied() {
                Some(slot) if slot.entry == (e.due_us, e.order) => {
                    if slot.due_us == e.due_us {
                        return;
                    }
                    let due_us = slot.due_us;
                    self.next().pop();
                    let order = self.push(due_us, Class::Timer, Item::Fire(t));
                    self.slots.insert(t, Slot { due_us, entry: (due_us, order) });
                }
                _ => {
                    self.next().pop();
                }
            }
        }
    }
}

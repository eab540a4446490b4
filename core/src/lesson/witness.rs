//! What a run's events say that its state no longer does: who held a record when its ok was sent, what was handled in
//! which order.

use crate::event::{Event, EventKind, GroupEvent, MessageKind, TxnEvent};
use crate::ids::*;
use crate::sim::Sim;
use litemap::LiteMap;
use std::collections::BTreeSet;

/// Names kinds of events for `events(…)`, `first(…)` and patterns. What is not listed can't be asked for.
macro_rules! kinds {
    ($($variant:ident),* $(,)?; $($name:literal = $pattern:pat),* $(,)?) => {
        /// Kinds of events that a lesson may name, as Rust writes them; those of groups and transactions begin with `Group`
        /// and `Txn`.
        pub const KINDS: &[&str] = &[$(stringify!($variant),)* $($name),*];
        /// The name of an event's kind; empty for one that lessons can't name.
        pub fn kind_name(k: &EventKind) -> &'static str {
            match k {
                $(EventKind::$variant { .. } => stringify!($variant),)*
                $($pattern => $name,)*
                _ => "",
            }
        }
    };
}

kinds!(
    Dropped,
    RecordSent,
    BatchSent,
    BatchResent,
    Acked,
    AttemptFailed,
    SendFailed,
    Appended,
    DuplicateRecognised,
    Refused,
    Replicated,
    Truncated,
    HighWatermark,
    IsrChanged,
    LeaderElected,
    Leaderless,
    BecameLeader,
    BecameFollower,
    Fenced,
    Unfenced,
    Registered,
    Crashed,
    PowerCut,
    Stopping,
    Stopped,
    Started,
    LinkCut,
    LinkHealed,
    DropArmed,
    ConsumerCrashed,
    ConsumerStarted,
    Polled,
    Handled,
    Committed,
    PositionReset,
    Streams,
    Lost,
    Found;
    "GroupRebalancing" = EventKind::Group { what: GroupEvent::Rebalancing { .. }, .. },
    "GroupStable" = EventKind::Group { what: GroupEvent::Stable { .. }, .. },
    "GroupEmptied" = EventKind::Group { what: GroupEvent::Emptied { .. }, .. },
    "GroupMemberRemoved" = EventKind::Group { what: GroupEvent::MemberRemoved { .. }, .. },
    "GroupLoaded" = EventKind::Group { what: GroupEvent::Loaded { .. }, .. },
    "GroupAssigned" = EventKind::Group { what: GroupEvent::Assigned { .. }, .. },
    "GroupRevoked" = EventKind::Group { what: GroupEvent::Revoked { .. }, .. },
    "GroupPartitionLost" = EventKind::Group { what: GroupEvent::PartitionLost { .. }, .. },
    "GroupCommitRefused" = EventKind::Group { what: GroupEvent::CommitRefused { .. }, .. },
    "GroupStopped" = EventKind::Group { what: GroupEvent::Stopped { .. }, .. },
    "TxnBegan" = EventKind::Txn(TxnEvent::Began { .. }),
    "TxnEnded" = EventKind::Txn(TxnEvent::Ended { .. }),
    "TxnFailed" = EventKind::Txn(TxnEvent::Failed { .. }),
    "TxnTimedOut" = EventKind::Txn(TxnEvent::TimedOut { .. }),
    "TxnMarkerAppended" = EventKind::Txn(TxnEvent::MarkerAppended { .. }),
    "TxnLastStableOffset" = EventKind::Txn(TxnEvent::LastStableOffset { .. }),
);

/// `leader_elected` of a lesson is `LeaderElected` here.
pub fn kind_of_word(word: &str) -> Option<&'static str> {
    let camel: String = word.split('_').map(|w| w[..1.min(w.len())].to_ascii_uppercase() + &w[1.min(w.len())..]).collect();
    KINDS.iter().copied().find(|k| *k == camel && word.chars().all(|c| !c.is_ascii_uppercase()))
}

/// What happened to a batch.
#[derive(Clone, Default, Debug)]
struct Fate {
    /// Who held it, from which event on.
    held: Vec<(u32, BrokerSet)>,
    /// When the ok came, and the event in which its response left, if there was one.
    acked: Option<(u64, Option<u32>)>,
}

/// Who reads a partition for a group, and how long nobody did.
#[derive(Clone, Copy, Default, Debug)]
struct Reading {
    /// Who has it.
    owner: Option<ConsumerIx>,
    /// Since when nobody reads it, though somebody did.
    since_us: Option<u64>,
    /// The longest such time that is over.
    longest_us: u64,
}

impl Reading {
    fn stops(&mut self, at_us: u64) {
        self.owner = None;
        self.since_us.get_or_insert(at_us);
    }
}

/// A fold over a run, input by input.
#[derive(Clone, Default, Debug)]
pub struct Witness {
    seen: usize,
    fates: LiteMap<BatchId, Fate>,
    sent_us: LiteMap<RecordId, u64>,
    delivered: Vec<(GroupIx, RecordId)>,
    handled: Vec<(GroupIx, RecordId)>,
    fetched: BTreeSet<(GroupIx, BrokerId)>,
    kinds: LiteMap<&'static str, (u64, u64)>,
    readings: LiteMap<(GroupIx, PartitionId), Reading>,
}

impl Witness {
    /// Takes in what the last input led to. Call it after every input: it looks at logs as they are now.
    pub fn notice(&mut self, sim: &Sim) {
        let from = self.seen;
        self.seen = sim.events().len();
        if from == 0 {
            self.look_at_members(sim);
        }
        for e in sim.events().iter_from(from) {
            self.take(e, sim);
        }
    }

    fn take(&mut self, e: &Event, sim: &Sim) {
        let entry = self.kinds.entry(kind_name(&e.kind)).or_insert((0, e.at_us));
        entry.0 += 1;
        let group = |c: ConsumerIx| sim.setup().consumers[c.ix()].group;
        match e.kind {
            EventKind::RecordSent { record, .. } => {
                self.sent_us.insert(record, e.at_us);
            }
            EventKind::Appended { .. } | EventKind::Replicated { .. } | EventKind::Truncated { .. } | EventKind::PowerCut { .. } => {
                self.look_at_logs(e, sim);
            }
            EventKind::Acked { batch, .. } => {
                let arrival = e.cause.and_then(|c| sim.events().get(c as usize));
                let left = arrival.filter(|a| is_response(&a.kind)).and_then(|a| a.cause);
                self.fates.entry(batch).or_default().acked.get_or_insert((e.at_us, left));
            }
            EventKind::Polled { consumer, partition, from, to, .. } => {
                let replica = sim.world().broker(sim.ledger().view(partition)).replica(partition);
                let skips = sim.setup().consumers[consumer.ix()].read_committed;
                for offset in from.0..to.0 {
                    let entry = replica.and_then(|r| r.log.at(Offset(offset)).filter(|e| !(skips && r.txns.is_aborted(e))));
                    let record = entry.and_then(|x| sim.ledger().record_in(x.payload.batch()?.id, (offset - x.base.0) as u16));
                    self.delivered.extend(record.map(|r| (group(consumer), r)));
                }
            }
            EventKind::Handled { consumer, batch, index, .. } => {
                self.handled.extend(sim.ledger().record_in(batch, index).map(|r| (group(consumer), r)));
            }
            EventKind::Sent { from: Actor::Consumer(c), to: Actor::Broker(b), message: MessageKind::ConsumerFetch, .. } => {
                self.fetched.insert((group(c), b));
            }
            EventKind::Group { group, what: GroupEvent::Assigned { member, partition } } => {
                self.reading(group, partition).owner = Some(member);
            }
            EventKind::Group { group, what: GroupEvent::Revoked { partition, .. } | GroupEvent::PartitionLost { partition, .. } } => {
                self.reading(group, partition).stops(e.at_us);
            }
            EventKind::Group { what: GroupEvent::Stopped { member }, .. } | EventKind::ConsumerCrashed { consumer: member } => {
                self.readings.iter_mut().map(|x| x.1).filter(|r| r.owner == Some(member)).for_each(|r| r.stops(e.at_us));
            }
            EventKind::PositionReset { consumer, partition, .. } => {
                let r = self.reading(group(consumer), partition);
                r.longest_us = r.longest_us.max(r.since_us.take().map_or(0, |from| e.at_us - from));
            }
            _ => {}
        }
    }

    fn reading(&mut self, g: GroupIx, p: PartitionId) -> &mut Reading {
        self.readings.entry((g, p)).or_default()
    }

    /// Who has what in the groups that formed before the run began.
    fn look_at_members(&mut self, sim: &Sim) {
        for c in &sim.world().consumers {
            for p in c.partitions() {
                self.reading(sim.setup().consumers[c.id.ix()].group, p).owner = Some(c.id);
            }
        }
    }

    /// Who holds the batches of this partition now.
    fn look_at_logs(&mut self, e: &Event, sim: &Sim) {
        let mut holders: LiteMap<BatchId, BrokerSet> = LiteMap::new_vec();
        let touched = e.kind.partition();
        for p in sim.setup().partition_ids().filter(|p| touched.is_none_or(|t| t == *p) && !sim.setup().is_internal(*p)) {
            for b in sim.setup().broker_ids() {
                let Some(r) = sim.world().broker(b).replica(p) else { continue };
                for x in r.log.iter_from(r.log.start()).filter_map(|x| x.payload.batch()) {
                    let set = holders.entry(x.id).or_default();
                    *set = set.with(b);
                }
            }
        }
        for (batch, fate) in &mut self.fates {
            let elsewhere = touched.is_some() && sim.ledger().batch(*batch).map(|b| b.partition) != touched;
            if !elsewhere && !holders.contains_key(batch) && fate.held.last().is_some_and(|h| !h.1.is_empty()) {
                fate.held.push((e.seq, BrokerSet::EMPTY));
            }
        }
        for (batch, set) in holders {
            let held = &mut self.fates.entry(batch).or_default().held;
            if held.last().is_none_or(|h| h.1 != set) {
                held.push((e.seq, set));
            }
        }
    }

    // ---- answers

    /// When the application handed the record over.
    pub fn sent_us(&self, r: RecordId) -> Option<u64> {
        self.sent_us.get(&r).copied()
    }
    /// When the ok for its batch came.
    pub fn acked_us(&self, b: BatchId) -> Option<u64> {
        self.fates.get(&b)?.acked.map(|a| a.0)
    }
    /// How many replicas held it when the leader sent the ok; `None` while there is none, and with acks=0.
    pub fn copies_at_ack(&self, b: BatchId) -> Option<usize> {
        let fate = self.fates.get(&b)?;
        let left = fate.acked?.1?;
        fate.held.iter().rev().find(|h| h.0 <= left).map(|h| h.1.len())
    }
    /// Who holds it now.
    pub fn holders(&self, b: BatchId) -> BrokerSet {
        self.fates.get(&b).and_then(|f| f.held.last()).map_or(BrokerSet::EMPTY, |h| h.1)
    }
    /// What `poll()` returned to a group, in order.
    pub fn delivered(&self, g: GroupIx) -> impl Iterator<Item = RecordId> + '_ {
        self.delivered.iter().filter(move |x| x.0 == g).map(|x| x.1)
    }
    /// What a group finished with, in order.
    pub fn handled(&self, g: GroupIx) -> impl Iterator<Item = RecordId> + '_ {
        self.handled.iter().filter(move |x| x.0 == g).map(|x| x.1)
    }
    /// How often applications finished with it, over all groups.
    pub fn effects(&self, r: RecordId) -> usize {
        self.handled.iter().filter(|x| x.1 == r).count()
    }
    /// Brokers that the group's members sent fetches to.
    pub fn fetched_from(&self, g: GroupIx) -> impl Iterator<Item = BrokerId> + '_ {
        self.fetched.iter().filter(move |x| x.0 == g).map(|x| x.1)
    }
    /// The longest time in which nobody in the group read the partition after somebody had, up to `now_us` if it lasts.
    pub fn stopped_us(&self, g: GroupIx, p: PartitionId, now_us: u64) -> u64 {
        let r = self.readings.get(&(g, p)).copied().unwrap_or_default();
        r.longest_us.max(r.since_us.map_or(0, |from| now_us - from))
    }
    /// How often a kind of event happened, and when first.
    pub fn kind(&self, name: &str) -> Option<(u64, u64)> {
        self.kinds.get(name).copied()
    }
}

fn is_response(k: &EventKind) -> bool {
    matches!(k, EventKind::Delivered { message: MessageKind::ProduceResponse, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_as_events_print_them() {
        assert_eq!(kind_of_word("leader_elected"), Some("LeaderElected"));
        assert_eq!(kind_of_word("acked"), Some("Acked"));
        assert_eq!(kind_of_word("Acked"), None);
        assert_eq!(kind_of_word("exploded"), None);
        assert_eq!(kind_of_word(""), None);
    }
}

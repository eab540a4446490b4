//! Why something happened: the chain of events behind it.

use super::names::Names;
use super::{Lang, en, ko, sentence};
use crate::event::{DropReason, Election, Event, EventKind, MessageKind, ZkEvent};
use crate::ids::*;
use crate::kafka::message::Acks;
use crate::order;
use crate::sim::Sim;
use std::collections::BTreeSet;

/// Most lines of an answer.
const MAX_LINES: usize = 6;
/// Longest walk along causes.
const MAX_STEPS: usize = 400;

/// What an acknowledged batch was lost to.
pub(super) struct Loss {
    pub batch: BatchId,
    pub acks: Acks,
    /// Who acknowledged it.
    pub by: Option<BrokerId>,
    /// The ISR then.
    pub isr: BrokerSet,
    /// Who took office without it: leader, epoch, log end, high watermark.
    pub office: Option<(BrokerId, LeaderEpoch, Offset, Offset)>,
    pub unclean: bool,
}

/// The story behind event `seq`, oldest first, at most six sentences; the last is the event itself, and for a lost
/// record what it was lost to. Empty if the run has no such event.
pub fn why(seq: u32, sim: &Sim, lang: Lang) -> Vec<String> {
    let Some(event) = sim.events().get(seq as usize) else {
        return Vec::new();
    };
    let story = Story { sim };
    let mut lines: Vec<String> = story.chain(event).iter().map(|e| sentence(e, sim, lang)).collect();
    let mut seen = BTreeSet::new();
    lines.retain(|l| seen.insert(l.clone())); // two events may say the same of one fact
    if let EventKind::Lost { batch, partition, .. } = event.kind {
        let (loss, names) = (story.loss(event, batch, partition), Names { sim, lang });
        lines.pop();
        lines.push(match lang {
            Lang::En => en::loss(&loss, &names),
            Lang::Ko => ko::loss(&loss, &names),
        });
    }
    lines
}

pub(super) struct Story<'a> {
    pub(super) sim: &'a Sim,
}

impl<'a> Story<'a> {
    fn get(&self, seq: u32) -> Option<&'a Event> {
        self.sim.events().get(seq as usize)
    }

    /// The newest event before `seq` that is one of these.
    pub(super) fn before(&self, seq: u32, which: impl Fn(&EventKind) -> bool) -> Option<&'a Event> {
        (0..seq).rev().filter_map(|i| self.get(i)).find(|e| which(&e.kind))
    }

    /// What led to an event: its cause, or for one that a timer or a person brought about, what lies behind that.
    fn led_to(&self, e: &Event) -> Option<&'a Event> {
        if let Some(drop) = e.seq.checked_sub(1).and_then(|s| self.get(s))
            && stands_for(&e.kind, &drop.kind)
        {
            return Some(drop);
        }
        let cause = e.cause.and_then(|c| self.get(c));
        // What a quorum decided was decided before a majority had it.
        let committed = matches!(cause, Some(Event { kind: EventKind::Quorum(_), .. }));
        let decided = committed.then(|| self.behind_decision(e)).flatten();
        decided.or(cause).or_else(|| self.behind_timer(e))
    }

    fn behind_decision(&self, e: &Event) -> Option<&'a Event> {
        match e.kind {
            EventKind::Fenced { .. } => self.behind_timer(e),
            EventKind::IsrChanged { partition: p, .. } => self.before(e.seq, |k| match *k {
                EventKind::IsrProposed { partition, .. } => partition == p,
                EventKind::Stopping { .. } => true,
                _ => false,
            }),
            _ => None,
        }
    }

    fn behind_timer(&self, e: &Event) -> Option<&'a Event> {
        match e.kind {
            EventKind::Fenced { broker } | EventKind::Zk(ZkEvent::SessionExpired { broker, .. }) => self.before(e.seq, |k| match *k {
                EventKind::Crashed { broker: b } | EventKind::PowerCut { broker: b } => b == broker,
                EventKind::Paused { actor, .. } => actor == Actor::Broker(broker),
                EventKind::LinkCut { from, to } => {
                    from == Actor::Broker(broker) && matches!(to, Actor::Controller | Actor::Voter(_) | Actor::Zookeeper)
                }
                _ => false,
            }),
            EventKind::LagExpired { broker: l, follower: f, .. } => self.before(e.seq, |k| match *k {
                EventKind::Crashed { broker: b } | EventKind::PowerCut { broker: b } => b == f,
                EventKind::Paused { actor, .. } => actor == Actor::Broker(f),
                EventKind::LinkCut { from, to } | EventKind::LinkSlowed { from, to, .. } => {
                    let ends = (Actor::Broker(l), Actor::Broker(f));
                    (from, to) == ends || (to, from) == ends
                }
                _ => false,
            }),
            EventKind::IsrProposed { partition: p, .. } => {
                self.before(e.seq, |k| matches!(*k, EventKind::LagExpired { partition, .. } if partition == p))
            }
            EventKind::BatchResent { batch, .. } => {
                self.before(e.seq, |k| matches!(k, EventKind::AttemptFailed { .. }) && k.batch() == Some(batch))
            }
            EventKind::AttemptFailed { batch, .. } | EventKind::SendFailed { batch, .. } => {
                self.before(e.seq, |k| matches!(k, EventKind::BatchSent { .. } | EventKind::BatchResent { .. }) && k.batch() == Some(batch))
            }
            EventKind::BatchSent { batch, .. } => {
                self.before(e.seq, |k| matches!(k, EventKind::Batched { .. }) && k.batch() == Some(batch))
            }
            EventKind::Handled { consumer: c, partition: p, offset, .. } => self.before(e.seq, |k| {
                matches!(*k, EventKind::Polled { consumer, partition, from, to, .. }
                    if consumer == c && partition == p && from <= offset && offset < to)
            }),
            _ => None,
        }
    }

    /// The events of the story, oldest first, ending with `last`.
    pub(super) fn chain(&self, last: &'a Event) -> Vec<&'a Event> {
        let mut found = vec![last];
        let mut at = last;
        for _ in 0..MAX_STEPS {
            let Some(e) = self.led_to(at) else { break };
            if self.belongs(e, last) {
                found.push(e);
            }
            at = e;
        }
        self.add_first_facts(last, &mut found);
        order::sort_by_key(&mut found, |e| e.seq);
        found.dedup_by_key(|e| e.seq);
        while found.len() > MAX_LINES {
            let weakest = (0..found.len() - 1).min_by_key(|i| (weight(&found[*i].kind), *i));
            found.remove(weakest.unwrap_or(0));
        }
        found
    }

    /// Facts of a batch that the walk may miss, because its records travelled with others.
    fn add_first_facts(&self, last: &'a Event, found: &mut Vec<&'a Event>) {
        let Some(batch) = last.kind.batch() else {
            return;
        };
        let of_batch = |k: &EventKind| k.batch() == Some(batch);
        match last.kind {
            EventKind::Acked { .. } | EventKind::Handled { .. } | EventKind::DuplicateRecognised { .. } => {
                found.extend(self.before(last.seq, |k| matches!(k, EventKind::Appended { .. }) && of_batch(k)));
            }
            EventKind::Lost { .. } => {
                let acked = self.before(last.seq, |k| matches!(k, EventKind::Acked { .. }) && of_batch(k));
                found.extend(acked);
                let until = acked.map_or(last.seq, |a| a.seq);
                found.extend(self.before(until, |k| matches!(k, EventKind::Appended { .. }) && of_batch(k)));
            }
            _ => {}
        }
    }

    /// Is it part of the story of `last`? Other partitions, other batches and the wire are not, unless a message's loss is the point.
    fn belongs(&self, e: &Event, last: &Event) -> bool {
        let elsewhere = match (e.kind.partition(), last.kind.partition()) {
            (Some(a), Some(b)) => a != b,
            (Some(a), None) => self.sim.setup().is_internal(a),
            _ => false,
        };
        let other_batch = match (e.kind.batch(), last.kind.batch()) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        };
        let wire = matches!(e.kind, EventKind::Sent { .. } | EventKind::Delivered { .. });
        !elsewhere && !other_batch && !wire
    }

    fn loss(&self, lost: &Event, batch: BatchId, partition: PartitionId) -> Loss {
        let is = |k: &EventKind| k.batch() == Some(batch);
        let acked = self.before(lost.seq, |k| matches!(k, EventKind::Acked { .. }) && is(k));
        let by = acked.and_then(|a| match self.get(a.cause?)?.kind {
            EventKind::Delivered { from: Actor::Broker(b), .. } => Some(b),
            _ => self.appender(a.seq, batch),
        });
        let office = lost.cause.and_then(|c| match self.get(c)?.kind {
            EventKind::BecameLeader { broker, epoch, log_end, hw, .. } => Some((broker, epoch, log_end, hw)),
            _ => None,
        });
        let elected = self.before(lost.seq, |k| matches!(*k, EventKind::LeaderElected { partition: p, .. } if p == partition));
        Loss {
            batch,
            acks: Names { sim: self.sim, lang: Lang::En }.acks(batch),
            by,
            isr: self.isr_at(acked.map_or(lost.seq, |a| a.seq), partition),
            office,
            unclean: elected.is_some_and(|e| matches!(e.kind, EventKind::LeaderElected { election: Election::Unclean, .. })),
        }
    }

    fn appender(&self, seq: u32, batch: BatchId) -> Option<BrokerId> {
        let e = self.before(seq, |k| matches!(k, EventKind::Appended { .. }) && k.batch() == Some(batch))?;
        match e.kind {
            EventKind::Appended { broker, .. } => Some(broker),
            _ => None,
        }
    }

    fn isr_at(&self, seq: u32, p: PartitionId) -> BrokerSet {
        let changed = self.before(seq, |k| matches!(*k, EventKind::IsrChanged { partition, .. } if partition == p));
        match changed.map(|e| e.kind) {
            Some(EventKind::IsrChanged { isr, .. }) => isr,
            _ => self.sim.setup().partitions[p.ix()].replicas.iter().copied().collect(),
        }
    }
}

/// Is it the disconnect that a client sees instead of a message that was lost just before: a response that a fault
/// took, or a request to a process that is gone?
fn stands_for(sent: &EventKind, drop: &EventKind) -> bool {
    let (EventKind::Sent { from, to, message: MessageKind::Disconnect, .. }, EventKind::Dropped { from: a, to: b, why, .. }) =
        (*sent, *drop)
    else {
        return false;
    };
    match why {
        DropReason::Fault => (a, b) == (from, to),
        DropReason::ReceiverDown => (a, b) == (to, from),
        _ => false,
    }
}

/// What to leave out first when a story is long: steps that go without saying.
fn weight(k: &EventKind) -> u8 {
    match k {
        EventKind::Batched { .. }
        | EventKind::FollowerHighWatermark { .. }
        | EventKind::Registered { .. }
        | EventKind::Unfenced { .. }
        | EventKind::BecameFollower { .. }
        | EventKind::Polled { .. } => 0,
        EventKind::RecordSent { .. } | EventKind::BatchSent { .. } | EventKind::IsrProposed { .. } => 1,
        EventKind::Replicated { .. } | EventKind::FollowerAt { .. } | EventKind::Started { .. } => 2,
        EventKind::BecameLeader { .. } | EventKind::Fenced { .. } | EventKind::LagExpired { .. } => 3,
        EventKind::Crashed { .. }
        | EventKind::PowerCut { .. }
        | EventKind::LinkCut { .. }
        | EventKind::Dropped { .. }
        | EventKind::Appended { .. }
        | EventKind::Acked { .. } => 5,
        _ => 4,
    }
}

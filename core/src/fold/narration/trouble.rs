//! What is wrong with a record, and why: hidden, stored or handled twice, late. (Why it is lost: [`super::why`].)

use super::names::Names;
use super::why::{Story, why};
use super::{Lang, sentence, trouble_words as words};
use crate::event::{Event, EventKind, GroupEvent};
use crate::ids::*;
use crate::kafka::replica::Replica;
use crate::order;
use crate::sim::Sim;

/// After how long an answer is late, in microseconds: ten times `retry.backoff.ms`.
const LATE_US: u64 = 1_000_000;
/// Most lines of an answer.
const MAX_LINES: usize = 6;

/// What can be wrong with a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Trouble {
    /// Acknowledged, and not in the log.
    Lost,
    /// In the log, and no reader may have it.
    Hidden,
    /// In the log twice, or handled twice.
    Duplicated,
    /// Its producer waited for the answer for more than a second, or still does.
    Late,
}

/// What is wrong, as a question, and the answer: from the first cause on; the last line says it all.
pub type Answer = (Trouble, String, Vec<String>);

/// Where the time went until a batch was acknowledged, in microseconds.
pub(super) struct Wait {
    /// In the producer.
    pub sending: u64,
    /// Until a leader had it.
    pub storing: u64,
    /// Until the answer: everybody in the ISR had to have it.
    pub committing: u64,
    /// How often it was sent.
    pub attempts: usize,
    /// It is over.
    pub over: bool,
}

/// Why a record in the log is not visible.
pub(super) enum Veil {
    /// Nobody leads.
    NoLeader,
    /// Who leads is down, and the controller does not know.
    LeaderDown(BrokerId),
    /// The ISR is smaller than `min.insync.replicas`.
    MinIsr(BrokerSet),
    /// This member of the ISR does not have it; its log ends there, as far as the leader knows.
    Behind(BrokerId, Option<Offset>),
    /// A transaction that is open begins at or before it.
    Open(Option<TxnIx>, Offset),
    /// Its transaction was aborted.
    Aborted,
}

/// What is wrong with the records of a batch at this instant.
pub fn troubles_of(batch: BatchId, sim: &Sim, lang: Lang) -> Vec<Answer> {
    let Some(info) = sim.ledger().batch(batch) else { return Vec::new() };
    let mine: Vec<&Event> = sim.events().iter().filter(|e| e.kind.batch() == Some(batch)).collect();
    let case = Case { sim, lang, story: Story { sim }, names: Names { sim, lang }, batch, partition: info.partition, mine };
    let mut found = Vec::new();
    if info.lost {
        let lost = case.mine.iter().rev().find(|e| matches!(e.kind, EventKind::Lost { .. }));
        found.extend(lost.map(|e| (Trouble::Lost, why(e.seq, sim, lang))));
    }
    found.extend(case.hidden().map(|lines| (Trouble::Hidden, lines)));
    found.extend(case.duplicated().or_else(|| case.handled_again()).map(|lines| (Trouble::Duplicated, lines)));
    found.extend(case.late().map(|lines| (Trouble::Late, lines)));
    let ask = |t| words::question(t, &case.names.batch(batch), lang);
    found.into_iter().map(|(t, lines)| (t, ask(t), lines)).collect()
}

/// Of each trouble in the run, the first batch that has it.
pub fn troubles(sim: &Sim, lang: Lang) -> Vec<Answer> {
    let mut found: Vec<Answer> = Vec::new();
    for p in (0..sim.setup().producers.len() as u8).map(ProducerIx) {
        for n in 0.. {
            let batch = BatchId { producer: p, n };
            let Some(info) = sim.ledger().batch(batch) else { break };
            if !sim.setup().is_internal(info.partition) && found.len() < 4 && may_be_troubled(sim, batch) {
                for a in troubles_of(batch, sim, lang) {
                    if found.iter().all(|f| f.0 != a.0) {
                        found.push(a);
                    }
                }
            }
        }
    }
    order::sort_by_key(&mut found, |a| a.0);
    found
}

/// A look that costs little: most records of a long run are well.
fn may_be_troubled(sim: &Sim, batch: BatchId) -> bool {
    let few = sim.events().len() < 20_000;
    sim.ledger().batch(batch).is_some_and(|b| few || b.lost || b.copies > 1 || !b.acked)
}

struct Case<'a> {
    sim: &'a Sim,
    lang: Lang,
    story: Story<'a>,
    names: Names<'a>,
    batch: BatchId,
    partition: PartitionId,
    /// Events of the batch.
    mine: Vec<&'a Event>,
}

impl<'a> Case<'a> {
    /// Sentences of these events, in order, and the last line.
    fn told(&self, mut events: Vec<&Event>, last: String) -> Vec<String> {
        order::sort_by_key(&mut events, |e| e.seq);
        events.dedup_by_key(|e| e.seq);
        let mut lines: Vec<String> = events.iter().map(|e| sentence(e, self.sim, self.lang)).collect();
        lines.dedup();
        let spare = lines.len().saturating_sub(MAX_LINES - 1);
        lines.drain(1.min(lines.len())..(1 + spare).min(lines.len()));
        lines.push(last);
        lines
    }

    fn appended(&self) -> impl DoubleEndedIterator<Item = &'a Event> + '_ {
        self.mine.iter().copied().filter(|e| matches!(e.kind, EventKind::Appended { .. }))
    }

    // ---- hidden

    fn hidden(&self) -> Option<Vec<String>> {
        let (view, setup) = (self.sim.ledger().view(self.partition), &self.sim.setup().partitions[self.partition.ix()]);
        let r = self.sim.world().broker(view).replica(self.partition)?;
        let of_batch = |e: &&crate::kafka::log::Entry| e.payload.records().is_some_and(|x| x.0 == self.batch);
        let entry = r.log.iter_back().find(of_batch)?;
        let (base, end) = (entry.base, entry.end());
        let veil = if base < r.hw { self.transactional(r, base)? } else { self.uncommitted(view, r, end, setup.min_isr)? };
        let appended = self.appended().next_back()?;
        let mut events = vec![appended];
        let whose = match veil {
            Veil::Behind(b, _) | Veil::LeaderDown(b) => Some(b),
            _ => None,
        };
        let fault = whose.and_then(|b| self.fault_of(b, view));
        // What was appended just now is only on its way.
        if fault.is_none() && matches!(veil, Veil::Behind(..)) && self.sim.now_us() < appended.at_us + LATE_US {
            return None;
        }
        events.extend(fault);
        if matches!(veil, Veil::MinIsr(_) | Veil::NoLeader) {
            let decided = |k: &EventKind| match *k {
                EventKind::IsrChanged { partition, .. } | EventKind::Leaderless { partition, .. } => partition == self.partition,
                _ => false,
            };
            if let Some(e) = self.story.before(self.sim.events().len() as u32, decided) {
                events.extend(self.story.chain(e));
            }
        }
        Some(self.told(events, words::hidden(&veil, self.partition, &self.names.batch(self.batch), &self.names)))
    }

    fn uncommitted(&self, view: BrokerId, r: &Replica, end: Offset, min_isr: usize) -> Option<Veil> {
        let w = self.sim.world();
        if w.controller.partitions[self.partition.ix()].leader.is_none() {
            return Some(Veil::NoLeader);
        }
        if !w.broker(view).is_up() {
            return Some(Veil::LeaderDown(view));
        }
        let l = r.leading()?;
        if l.isr.len() < min_isr {
            return Some(Veil::MinIsr(l.isr));
        }
        let behind = l.followers.iter().find(|f| l.maximal_isr().has(f.broker) && f.leo.is_none_or(|o| o < end))?;
        Some(Veil::Behind(behind.broker, behind.leo))
    }

    /// Committed, but not for those who read committed transactions.
    fn transactional(&self, r: &Replica, base: Offset) -> Option<Veil> {
        let someone = self.sim.setup().consumers.iter().any(|c| c.read_committed);
        if !someone {
            return None;
        }
        if self.sim.ledger().batch(self.batch).is_some_and(|b| b.aborted) {
            return Some(Veil::Aborted);
        }
        let stable = r.last_stable();
        let open = r.log.at(stable).and_then(|e| e.payload.batch()).and_then(|b| b.pid.txn());
        (base >= stable).then_some(Veil::Open(open, stable))
    }

    /// The newest fault that keeps `broker` from `other`, or from everybody.
    fn fault_of(&self, broker: BrokerId, other: BrokerId) -> Option<&'a Event> {
        let (me, other) = (Actor::Broker(broker), Actor::Broker(other));
        self.story.before(self.sim.events().len() as u32, |k| match *k {
            EventKind::Crashed { broker: b } | EventKind::PowerCut { broker: b } => b == broker,
            EventKind::Paused { actor, .. } => actor == me,
            EventKind::LinkCut { from, to } | EventKind::LinkSlowed { from, to, .. } => {
                (from, to) == (me, other) || (from, to) == (other, me)
            }
            _ => false,
        })
    }

    // ---- twice

    fn duplicated(&self) -> Option<Vec<String>> {
        let copies = self.sim.ledger().batch(self.batch)?.copies;
        let second = self.appended().next_back().filter(|_| copies > 1)?;
        let resent = |e: &&&Event| matches!(e.kind, EventKind::BatchResent { .. }) && e.seq < second.seq;
        let mut events: Vec<&Event> = self.appended().collect();
        if let Some(again) = self.mine.iter().rev().find(resent) {
            events.extend(self.story.chain(again));
        }
        let known = self.sim.setup().producers[self.batch.producer.ix()].idempotence;
        Some(self.told(events, words::duplicated(copies, known, self.batch, self.partition, &self.names)))
    }

    fn handled_again(&self) -> Option<Vec<String>> {
        let group = |c: ConsumerIx| self.sim.setup().consumers[c.ix()].group;
        let of = |e: &Event| match e.kind {
            EventKind::Handled { consumer, partition, index, offset, .. } => Some((group(consumer), consumer, partition, index, offset)),
            _ => None,
        };
        let handled: Vec<(&Event, _)> = self.mine.iter().filter_map(|e| Some((*e, of(e)?))).collect();
        let (i, again) = handled.iter().enumerate().find(|(i, h)| handled[..*i].iter().any(|x| (x.1.0, x.1.3) == (h.1.0, h.1.3)))?;
        let once = handled[..i].iter().rev().find(|x| (x.1.0, x.1.3) == (again.1.0, again.1.3))?;
        let (consumer, p) = (again.1.1, again.1.2);
        let reset = self.story.before(
            again.0.seq,
            |k| matches!(*k, EventKind::PositionReset { consumer: c, partition, .. } if (c, partition) == (consumer, p)),
        );
        let before = once.1.1;
        let broke = reset.and_then(|r| {
            self.story.before(r.seq, |k| match *k {
                EventKind::ConsumerCrashed { consumer } | EventKind::Poisoned { consumer, .. } => consumer == before,
                EventKind::Group { what: GroupEvent::PartitionLost { member, .. } | GroupEvent::Fenced { member, .. }, .. } => {
                    member == before
                }
                EventKind::Group { what: GroupEvent::Revoked { member, .. } | GroupEvent::HandlerThrew { member }, .. } => member == before,
                _ => false,
            })
        });
        let mut events = vec![once.0, again.0];
        events.extend(reset);
        events.extend(broke.filter(|b| b.seq > once.0.seq));
        let from = reset.and_then(|r| match r.kind {
            EventKind::PositionReset { to, committed, .. } => Some((to, committed)),
            _ => None,
        });
        let record = self.names.record_in(self.batch, again.1.3);
        Some(self.told(events, words::handled_again(&record, consumer, again.1.4, from, &self.names)))
    }

    // ---- late

    fn late(&self) -> Option<Vec<String>> {
        let first = *self.sim.ledger().batch(self.batch)?.records.first()?;
        let record = RecordId { producer: self.batch.producer, n: first };
        let at = |which: &dyn Fn(&EventKind) -> bool| self.mine.iter().find(|e| which(&e.kind)).map(|e| e.at_us);
        let acked = at(&|k| matches!(k, EventKind::Acked { .. }));
        if at(&|k| matches!(k, EventKind::SendFailed { .. })).is_some() {
            return None; // given up: it has a sentence of its own
        }
        let batched = self.mine.iter().find(|e| matches!(e.kind, EventKind::Batched { .. }))?;
        let sent = self.story.before(batched.seq + 1, |k| matches!(*k, EventKind::RecordSent { record: r, .. } if r == record))?;
        let end = acked.unwrap_or(self.sim.now_us());
        if end < sent.at_us + LATE_US {
            return None;
        }
        let left = at(&|k| matches!(k, EventKind::BatchSent { .. })).unwrap_or(end);
        let stored = self.appended().rfind(|e| e.at_us <= end);
        let stored_us = stored.map_or(end, |e| e.at_us);
        let attempts = self.mine.iter().filter(|e| matches!(e.kind, EventKind::BatchSent { .. } | EventKind::BatchResent { .. })).count();
        let wait =
            Wait { sending: left - sent.at_us, storing: stored_us - left, committing: end - stored_us, attempts, over: acked.is_some() };
        let mut events = vec![sent];
        events.extend(stored);
        events.extend(self.held_up(&wait, sent.seq));
        Some(self.told(events, words::late(&wait, self.batch, self.partition, &self.names)))
    }

    /// What took longest, and why.
    fn held_up(&self, wait: &Wait, from: u32) -> Vec<&'a Event> {
        let failed = self.mine.iter().rev().find(|e| matches!(e.kind, EventKind::AttemptFailed { .. }));
        if wait.storing >= wait.committing && wait.storing >= wait.sending {
            return failed.map_or(Vec::new(), |e| self.story.chain(e));
        }
        // Until the ISR had it, or in the producer, behind others that waited for the same: the fault that was there then.
        let last =
            self.mine.iter().rev().find(|e| matches!(e.kind, EventKind::Acked { .. })).map_or(self.sim.events().len() as u32, |e| e.seq);
        let decided = self.story.before(last, |k| match *k {
            EventKind::IsrChanged { partition, .. } | EventKind::LeaderElected { partition, .. } => partition == self.partition,
            _ => false,
        });
        match decided.filter(|d| d.seq > from) {
            Some(d) => self.story.chain(d),
            None => {
                let fault = |k: &EventKind| {
                    matches!(
                        k,
                        EventKind::Crashed { .. }
                            | EventKind::PowerCut { .. }
                            | EventKind::LinkCut { .. }
                            | EventKind::LinkSlowed { .. }
                            | EventKind::Paused { .. }
                    )
                };
                self.story.before(last, fault).into_iter().collect()
            }
        }
    }
}

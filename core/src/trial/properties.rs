//! Promises, in exact words.

use super::actions::{self, Action};
use super::{Ghost, Node, Trial};
use crate::event::{EventKind, TxnEvent};
use crate::ids::*;
use crate::kafka::broker::Broker;
use crate::kafka::log::Log;
use crate::kafka::message::Acks;
use crate::kafka::replica::Replica;
use crate::kafka::setup::ProtocolVersion;
use crate::kafka::{Timer, World};
use crate::shared::Shared;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// What must never be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// A record was acknowledged and is absent from the log of the leader that took office last.
    Lost,
    /// A record stands twice in the log of the leader that took office last.
    Duplicated,
    /// A record stands there twice below the high watermark: readers get it twice.
    DuplicatedForReader,
    /// A record stands there after one that its producer sent later to the same partition.
    Reordered,
    /// A record was acknowledged, and no consumer can read it for as long as no broker comes back: the leader has it at
    /// or above a high watermark that stands still.
    Hidden,
    /// A consumer's committed offset is beyond a record that no application handled, and its consumer is gone.
    NeverHandled,
    /// An application handled a record twice.
    HandledTwice,
    /// Two brokers lead a partition in the same leader epoch.
    TwoLeaders,
    /// A broker follows the leader that took office last, in its ISR, and below both high watermarks their logs differ.
    Diverged,
    /// A record waits, and for as long as no broker comes back it will: nobody leads its partition, or with acks=all
    /// fewer are in sync than `min.insync.replicas`.
    Blocked,
    /// What an application made of one record stands twice in the logs, and not as part of an aborted transaction.
    OutputTwice,
    /// An application handled a record of a transaction that is aborted.
    AbortedRead,
}

impl Property {
    /// All of them.
    pub const ALL: &[Property] = &[
        Property::Lost,
        Property::Duplicated,
        Property::DuplicatedForReader,
        Property::Reordered,
        Property::NeverHandled,
        Property::HandledTwice,
        Property::OutputTwice,
        Property::AbortedRead,
        Property::TwoLeaders,
        Property::Diverged,
        Property::Hidden,
        Property::Blocked,
    ];
    /// Those that nothing excuses: all but those of availability, which some configurations give up for safety.
    pub const SAFETY: &[Property] = Property::ALL.split_at(10).0;

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Property::Lost => "lost",
            Property::Duplicated => "duplicated",
            Property::DuplicatedForReader => "duplicated_for_reader",
            Property::Reordered => "reordered",
            Property::Hidden => "hidden",
            Property::NeverHandled => "never_handled",
            Property::HandledTwice => "handled_twice",
            Property::TwoLeaders => "two_leaders",
            Property::Diverged => "diverged",
            Property::Blocked => "blocked",
            Property::OutputTwice => "output_twice",
            Property::AbortedRead => "aborted_read",
        }
    }

    /// Is it about a cluster that has come to rest, rather than about something that happened?
    fn of_rest(self) -> bool {
        matches!(self, Property::Hidden | Property::Blocked)
    }
}

impl Ghost {
    /// Becomes a copy.
    pub(super) fn copy_from(&mut self, o: &Ghost) {
        (self.acked, self.failed, self.handled) = (o.acked, o.failed, o.handled);
        self.view.clone_from(&o.view);
        if !(self.made.is_empty() && o.made.is_empty()) {
            self.made.clone_from(&o.made);
        }
    }

    /// Takes in what a step did. Says whether a property could have changed.
    pub(super) fn fold(&mut self, trial: &Trial, events: &[EventKind]) -> bool {
        let mut touched = trial.properties.iter().any(|p| p.of_rest());
        for e in events {
            match *e {
                EventKind::Txn(TxnEvent::Derived { record, batch, .. }) => {
                    // On the way through a repartition topic: of what its source was made of.
                    let source = self.made.iter().find(|m| m.1 == Some(batch)).map_or_else(|| place(trial, batch), |m| m.2);
                    self.made.push((record, None, source));
                }
                EventKind::Batched { record, batch, .. } => {
                    if let Some(m) = self.made.iter_mut().find(|m| m.0 == record) {
                        m.1 = Some(batch);
                    }
                }
                EventKind::Txn(TxnEvent::MarkerAppended { .. }) => touched = true,
                EventKind::Acked { batch, offset: Some(_), .. } if given(trial, batch) => {
                    self.acked |= 1 << place(trial, batch);
                    touched = true;
                }
                EventKind::BecameLeader { broker, partition, .. } => {
                    self.view[partition.ix()] = broker;
                    touched = true;
                }
                // Kept only where it is asked for: it would tell states apart.
                EventKind::SendFailed { batch, .. } if given(trial, batch) && trial.properties.contains(&Property::Blocked) => {
                    self.failed |= 1 << place(trial, batch)
                }
                EventKind::Appended { .. }
                | EventKind::Replicated { .. }
                | EventKind::HighWatermark { .. }
                | EventKind::FollowerHighWatermark { .. }
                | EventKind::IsrChanged { .. }
                | EventKind::PositionReset { .. } => touched = true,
                EventKind::Handled { batch, .. } if given(trial, batch) => {
                    let at = 2 * place(trial, batch);
                    if self.handled >> at & 3 < 3 {
                        self.handled += 1 << at;
                    }
                    touched = true;
                }
                _ => {}
            }
        }
        touched
    }

    /// Records whose application is done with them, `times` times at least.
    fn handled_at_least(&self, times: u32) -> impl Iterator<Item = u8> {
        let handled = self.handled;
        (0..16u8).filter(move |i| handled >> (2 * i) & 3 >= times)
    }
}

/// Is it one of the records that the trial sends, and not one that an application made?
fn given(trial: &Trial, batch: BatchId) -> bool {
    trial.setup.producers[batch.producer.ix()].app.is_none()
}

/// A batch's place in the order of sending: in a trial each record is a batch.
fn place(trial: &Trial, batch: BatchId) -> u8 {
    let mut mine = trial.records.iter().enumerate().filter(|(_, r)| r.0 == batch.producer);
    mine.nth(batch.n as usize).map_or(15, |(i, _)| i as u8)
}

/// The first of the trial's properties that is broken in `n`.
pub(super) fn broken(trial: &Trial, n: &Node) -> Option<Property> {
    trial.properties.iter().copied().find(|p| match p {
        Property::Lost => lost(trial, n),
        Property::Duplicated => in_logs(trial, n, false, |places| (1..places.len()).any(|i| places[..i].contains(&places[i]))),
        Property::DuplicatedForReader => in_logs(trial, n, true, |places| (1..places.len()).any(|i| places[..i].contains(&places[i]))),
        Property::Reordered => {
            in_logs(trial, n, false, |places| (1..places.len()).any(|i| places[i - 1] > places[i] && !places[..i - 1].contains(&places[i])))
        }
        Property::TwoLeaders => n.world.setup.partition_ids().any(|p| two_leaders(&n.world, p)),
        Property::Diverged => n.world.setup.partition_ids().any(|p| diverged(n, p)),
        Property::Hidden => hidden(trial, n),
        Property::Blocked => blocked(trial, n),
        Property::HandledTwice => n.ghost.handled_at_least(2).next().is_some(),
        Property::NeverHandled => never_handled(trial, n),
        Property::OutputTwice => output_twice(n),
        Property::AbortedRead => aborted_read(trial, n),
    })
}

/// The replica of the leader that took office last, while it leads.
fn view(n: &Node, p: PartitionId) -> Option<&Replica> {
    let b = n.world.broker(n.ghost.view[p.ix()]);
    b.replica(p).filter(|r| r.leading().is_some())
}

fn view_log(n: &Node, p: PartitionId) -> Option<&Log> {
    view(n, p).map(|r| &r.log)
}

/// Every batch in the logs that count, with what became of its transaction: committed or none (true), aborted, not decided;
/// and its topic.
fn with_outcome(n: &Node) -> impl Iterator<Item = (BatchId, Option<bool>, usize)> {
    let users = n.world.setup.partition_ids().filter(|p| !n.world.setup.is_internal(*p));
    let logs = users.filter_map(|p| n.world.broker(n.ghost.view[p.ix()]).replica(p).filter(|r| r.leading().is_some()));
    logs.flat_map(|r| {
        r.log.iter_from(r.log.start()).filter_map(|e| {
            let b = e.payload.batch()?;
            Some((
                b.id,
                b.pid.txn().map_or(Some(true), |_| r.txns.outcome(b.pid, e.base)),
                n.world.setup.partitions[r.partition.ix()].topic,
            ))
        })
    })
}

fn output_twice(n: &Node) -> bool {
    if n.ghost.made.len() < 2 {
        return false;
    }
    let made = |batch: BatchId| n.ghost.made.iter().find(|m| m.1 == Some(batch)).map(|m| m.2);
    let mut seen: SmallVec<[(usize, u8); 8]> = SmallVec::new();
    with_outcome(n).filter(|x| x.1 == Some(true)).filter_map(|x| Some((x.2, made(x.0)?))).any(|copy| {
        let again = seen.contains(&copy);
        seen.push(copy);
        again
    })
}

fn aborted_read(trial: &Trial, n: &Node) -> bool {
    let handled = |b: BatchId| given(trial, b) && n.ghost.handled >> (2 * place(trial, b)) & 3 > 0;
    !trial.setup.transactions.is_empty() && with_outcome(n).any(|(b, outcome, _)| outcome == Some(false) && handled(b))
}

fn holds(log: &Log, batch: BatchId) -> bool {
    log.iter_from(log.start()).any(|e| e.payload.batch().is_some_and(|b| b.id == batch))
}

fn batch_of(trial: &Trial, i: usize) -> BatchId {
    let producer = trial.records[i].0;
    BatchId { producer, n: trial.records[..i].iter().filter(|r| r.0 == producer).count() as u32 }
}

fn lost(trial: &Trial, n: &Node) -> bool {
    (0..trial.records.len())
        .any(|i| n.ghost.acked >> i & 1 == 1 && view_log(n, trial.records[i].1).is_some_and(|log| !holds(log, batch_of(trial, i))))
}

/// Looks at the order of records in each partition's log that counts.
fn in_logs(trial: &Trial, n: &Node, visible: bool, bad: impl Fn(&[u8]) -> bool) -> bool {
    n.world.setup.partition_ids().filter(|p| !n.world.setup.is_internal(*p)).any(|p| {
        let Some(r) = view(n, p) else { return false };
        let bound = if visible { r.hw } else { r.log.leo() };
        let entries = r.log.iter_from(r.log.start()).take_while(|e| e.end() <= bound);
        let places: SmallVec<[u8; 16]> =
            entries.filter_map(|e| e.payload.batch().filter(|b| given(trial, b.id)).map(|b| place(trial, b.id))).collect();
        bad(&places)
    })
}

fn two_leaders(w: &World, p: PartitionId) -> bool {
    let leading = |b: &&Shared<Broker>| b.replica(p).is_some_and(|r| r.leading().is_some());
    let epochs: SmallVec<[LeaderEpoch; 4]> = w.brokers.iter().filter(leading).filter_map(|b| b.replica(p).map(|r| r.le)).collect();
    (1..epochs.len()).any(|i| epochs[..i].contains(&epochs[i]))
}

fn diverged(n: &Node, p: PartitionId) -> bool {
    let Some(leader) = view(n, p) else { return false };
    let Some(isr) = leader.leading().map(|l| l.isr) else { return false };
    isr.iter().filter_map(|b| n.world.broker(b).replica(p)).any(|r| {
        let below = leader.hw.min(r.hw);
        let mut pairs = leader.log.iter_from(leader.log.start()).zip(r.log.iter_from(r.log.start()));
        r.follows() == Some(n.ghost.view[p.ix()]) && pairs.any(|(x, y)| x != y && x.base < below && y.base < below)
    })
}

/// Has everything that can happen by itself happened? What is left waits for a broker or an application, or only asks again.
fn at_rest(trial: &Trial, n: &Node) -> bool {
    let w = &n.world;
    let mut actions = Vec::new();
    let calm = w.net.is_empty() && w.brokers.iter().all(|b| b.peers.iter().all(|p| !p.recheck));
    if calm {
        actions::enabled(trial, n, 0, &mut actions);
    }
    calm && actions.iter().all(|a| {
        use Action::{Fire, Send, Start, StartConsumer};
        matches!(a, Start(_) | StartConsumer(_) | Send | Fire(Timer::RetryBackoff(..) | Timer::MetadataBackoff(_) | Timer::HwCheckpoint(_)))
    })
}

/// Is the high watermark of the leader in office, as far as there is one, held back by `min.insync.replicas`?
fn held_back(n: &Node, p: PartitionId) -> Option<bool> {
    let w = &n.world;
    let r = w.leader_replica(p).filter(|r| r.le == w.controller.partitions[p.ix()].le)?;
    Some(r.leading().is_some_and(|l| l.isr.len() < w.setup.partitions[p.ix()].min_isr))
}

fn hidden(trial: &Trial, n: &Node) -> bool {
    let strict = n.world.setup.rules.replication >= ProtocolVersion::PV7;
    let above = |i: usize, p: PartitionId| {
        let batch = batch_of(trial, i);
        view(n, p).is_some_and(|r| r.log.iter_from(r.hw).any(|e| e.payload.batch().is_some_and(|b| b.id == batch)))
    };
    let mut acked = (0..trial.records.len()).filter(|i| n.ghost.acked >> i & 1 == 1).map(|i| (i, trial.records[i].1));
    strict && acked.any(|(i, p)| above(i, p) && held_back(n, p) == Some(true)) && at_rest(trial, n)
}

fn blocked(trial: &Trial, n: &Node) -> bool {
    let sent = (0..trial.records.len()).filter(|i| *i < usize::from(n.used.records));
    let mut waiting = sent.filter(|i| (n.ghost.acked | n.ghost.failed) >> i & 1 == 0).map(|i| (trial.records[i].0, trial.records[i].1));
    let stuck = |(producer, p): (ProducerIx, PartitionId)| match held_back(n, p) {
        None => n.world.controller.partitions[p.ix()].leader.is_none(),
        Some(held) => held && n.world.setup.producers[producer.ix()].acks == Acks::All,
    };
    waiting.any(stuck) && at_rest(trial, n)
}

/// A consumer that has just started from the group's commits will never see a visible record below its position that nobody handled.
fn never_handled(trial: &Trial, n: &Node) -> bool {
    let w = &n.world;
    w.consumers.iter().filter(|c| c.up && c.work.is_empty()).any(|c| {
        c.assigned.iter().any(|s| {
            let (Some(at), Some(log)) = (s.position, view_log(n, s.partition)) else { return false };
            let txns = &w.broker(n.ghost.view[s.partition.ix()]).replica(s.partition).expect("its log was found").txns;
            let passed = log.iter_from(log.start()).take_while(|e| e.base < at);
            let known = |o: Offset| c.buffer.iter().any(|r| r.partition == s.partition && r.offset == o);
            passed
                .filter(|e| !txns.is_aborted(e))
                .filter_map(|e| e.payload.batch().filter(|b| given(trial, b.id)).map(|b| (e.base, place(trial, b.id))))
                .any(|(o, i)| n.ghost.handled >> (2 * i) & 3 == 0 && !known(o))
        })
    })
}

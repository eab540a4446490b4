//! Promises, in exact words.

use super::{Ghost, Node, Trial};
use crate::event::{EventKind, TxnEvent};
use crate::ids::*;
use crate::kafka::Out;
use crate::kafka::log::Log;
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
    /// A record stands there after one that its producer sent later to the same partition.
    Reordered,
    /// A consumer's committed offset is beyond a record that no application handled, and its consumer is gone.
    NeverHandled,
    /// An application handled a record twice.
    HandledTwice,
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
        Property::Reordered,
        Property::NeverHandled,
        Property::HandledTwice,
        Property::OutputTwice,
        Property::AbortedRead,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Property::Lost => "lost",
            Property::Duplicated => "duplicated",
            Property::Reordered => "reordered",
            Property::NeverHandled => "never_handled",
            Property::HandledTwice => "handled_twice",
            Property::OutputTwice => "output_twice",
            Property::AbortedRead => "aborted_read",
        }
    }
}

impl Ghost {
    /// Takes in what a step did. Says whether a property could have changed.
    pub(super) fn fold(&mut self, trial: &Trial, out: &Out) -> bool {
        let mut touched = false;
        for e in &out.events {
            match *e {
                EventKind::Txn(TxnEvent::Derived { record, batch, .. }) => self.made.push((record, None, place(trial, batch))),
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
                EventKind::Appended { .. } | EventKind::PositionReset { .. } => touched = true,
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
        Property::Duplicated => in_logs(trial, n, |places| (1..places.len()).any(|i| places[..i].contains(&places[i]))),
        Property::Reordered => {
            in_logs(trial, n, |places| (1..places.len()).any(|i| places[i - 1] > places[i] && !places[..i - 1].contains(&places[i])))
        }
        Property::HandledTwice => n.ghost.handled_at_least(2).next().is_some(),
        Property::NeverHandled => never_handled(trial, n),
        Property::OutputTwice => output_twice(n),
        Property::AbortedRead => aborted_read(trial, n),
    })
}

fn view_log(n: &Node, p: PartitionId) -> Option<&Log> {
    let b = n.world.broker(n.ghost.view[p.ix()]);
    b.replica(p).filter(|r| r.leading().is_some()).map(|r| &r.log)
}

/// Every batch in the logs that count, with what became of its transaction: committed or none (true), aborted, not decided.
fn with_outcome(n: &Node) -> impl Iterator<Item = (BatchId, Option<bool>)> {
    let users = n.world.setup.partition_ids().filter(|p| !n.world.setup.is_internal(*p));
    let logs = users.filter_map(|p| n.world.broker(n.ghost.view[p.ix()]).replica(p).filter(|r| r.leading().is_some()));
    logs.flat_map(|r| {
        r.log.iter_from(r.log.start()).filter_map(|e| {
            let b = e.payload.batch()?;
            Some((b.id, b.pid.txn().map_or(Some(true), |_| r.txns.outcome(b.pid, e.base))))
        })
    })
}

fn output_twice(n: &Node) -> bool {
    if n.ghost.made.len() < 2 {
        return false;
    }
    let made = |batch: BatchId| n.ghost.made.iter().find(|m| m.1 == Some(batch)).map(|m| m.2);
    let mut seen = 0u16;
    with_outcome(n).filter(|x| x.1 == Some(true)).filter_map(|x| made(x.0)).any(|source| {
        let again = seen >> source & 1 == 1;
        seen |= 1 << source;
        again
    })
}

fn aborted_read(trial: &Trial, n: &Node) -> bool {
    let handled = |b: BatchId| given(trial, b) && n.ghost.handled >> (2 * place(trial, b)) & 3 > 0;
    !trial.setup.transactions.is_empty() && with_outcome(n).any(|(b, outcome)| outcome == Some(false) && handled(b))
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
fn in_logs(trial: &Trial, n: &Node, bad: impl Fn(&[u8]) -> bool) -> bool {
    n.world.setup.partition_ids().filter(|p| !n.world.setup.is_internal(*p)).any(|p| {
        let Some(log) = view_log(n, p) else { return false };
        let places: SmallVec<[u8; 16]> = log
            .iter_from(log.start())
            .filter_map(|e| e.payload.batch().filter(|b| given(trial, b.id)).map(|b| place(trial, b.id)))
            .collect();
        bad(&places)
    })
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
                .filter_map(|e| e.payload.batch().map(|b| (e.base, place(trial, b.id))))
                .any(|(o, i)| n.ghost.handled >> (2 * i) & 3 == 0 && !known(o))
        })
    })
}

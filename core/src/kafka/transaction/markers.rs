//! WriteTxnMarkers: the coordinator tells every partition's leader the outcome, which appends a control batch
//! (txn.T5, W4, M2). The coordinator goes on until all have it, also when it is another one by then (X6).

use super::coordinator::Coordinated;
use super::{Marker, TxnBody, TxnState};
use crate::event::{ErrorCode, EventKind, TxnEvent};
use crate::ids::*;
use crate::kafka::broker::Cx;
use crate::kafka::log::Payload;
use crate::kafka::message::Body;
use crate::kafka::replica::Replica;
use crate::kafka::setup::RuleSet;
use crate::kafka::step::{Timer, TxnTimer};
use smallvec::SmallVec;

/// A partition's answer to a marker, and the high watermark that it waits for.
pub type MarkerOutcome = (PartitionId, Result<(), ErrorCode>, Option<Offset>);

/// A WriteTxnMarkers request whose control batches are not committed yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ParkedMarkers {
    /// The coordinator.
    pub from: BrokerId,
    /// The marker.
    pub marker: Marker,
    /// Each partition's answer.
    pub parts: SmallVec<[MarkerOutcome; 2]>,
}

impl Replica {
    /// txn.W4, M2: may this marker end a transaction here?
    pub fn check_marker(&self, m: &Marker, rules: &RuleSet) -> Result<(), ErrorCode> {
        let pid = m.id.pid();
        let Some(s) = self.producers.iter().find(|s| s.pid == pid) else { return Ok(()) };
        if m.coordinator < s.coordinator {
            return Err(ErrorCode::TransactionCoordinatorFenced);
        }
        let again = m.id.epoch == s.epoch && self.txns.open(pid).is_none();
        let fits = if rules.strict_markers { m.id.epoch > s.epoch || again } else { m.id.epoch >= s.epoch };
        if fits { Ok(()) } else { Err(ErrorCode::InvalidProducerEpoch) }
    }
}

impl Cx<'_> {
    // ---- coordinator

    /// Sends the markers that are not confirmed to the leaders that this broker knows.
    pub(super) fn send_markers(&mut self, txn: TxnIx) {
        let broker = self.b.id;
        let Some(c) = self.b.txn.coordinated.iter().find(|c| c.id.txn == txn).cloned() else { return };
        let Some(commit) = c.state.preparing() else { return };
        if c.pending.is_some() {
            return;
        }
        self.out.disarm(Timer::Txn(TxnTimer::MarkerRetry(broker, txn)));
        if let Some(c) = self.coordinated(txn) {
            c.retry = false;
        }
        if c.markers.is_empty() {
            return self.complete(txn, commit, &c);
        }
        let marker = self.marker_of(&c, commit);
        let leader = |p: &PartitionId| self.b.leader_of(*p);
        let known: SmallVec<[(BrokerId, PartitionId); 2]> = c.markers.iter().filter_map(|p| Some((leader(p)?, *p))).collect();
        if known.is_empty() {
            return self.retry_markers_later(txn);
        }
        let mut told: SmallVec<[BrokerId; 2]> = SmallVec::new();
        for &(b, _) in &known {
            if !told.contains(&b) {
                told.push(b);
                let partitions = known.iter().filter(|k| k.0 == b).map(|k| k.1).collect();
                self.send(Actor::Broker(b), Body::Txn(TxnBody::WriteTxnMarkers { marker, partitions }));
            }
        }
        self.out.arm(Timer::Txn(TxnTimer::MarkerTimeout(broker, txn)));
    }

    /// All markers are written.
    fn complete(&mut self, txn: TxnIx, commit: bool, c: &Coordinated) {
        let to = if commit { TxnState::CompleteCommit } else { TxnState::CompleteAbort };
        self.transition(txn, to, c.id, &[], None);
    }

    pub(super) fn retry_markers_later(&mut self, txn: TxnIx) {
        let broker = self.b.id;
        self.out.disarm(Timer::Txn(TxnTimer::MarkerTimeout(broker, txn)));
        if let Some(c) = self.coordinated(txn) {
            c.retry = true;
            self.out.arm(Timer::Txn(TxnTimer::MarkerRetry(broker, txn)));
        }
    }

    pub(super) fn on_markers_response(&mut self, marker: &Marker, results: &[(PartitionId, Result<(), ErrorCode>)]) {
        let (broker, txn) = (self.b.id, marker.id.txn);
        let Some(c) = self.b.txn.coordinated.iter().find(|c| c.id.txn == txn).cloned() else { return };
        if c.state.preparing() != Some(marker.commit) || c.pending.is_some() || self.marker_of(&c, marker.commit) != *marker {
            return; // of another transaction, or another term of office
        }
        let Some(c) = self.coordinated(txn) else { return };
        c.markers.retain(|p| !results.iter().any(|r| r.0 == *p && r.1.is_ok()));
        let (done, retrying) = (c.markers.is_empty(), c.retry);
        let again = |e: &ErrorCode| !matches!(e, ErrorCode::TransactionCoordinatorFenced | ErrorCode::InvalidProducerEpoch);
        if done {
            self.out.disarm(Timer::Txn(TxnTimer::MarkerTimeout(broker, txn)));
            self.out.disarm(Timer::Txn(TxnTimer::MarkerRetry(broker, txn)));
            let c = self.coordinated(txn).expect("it was there").clone();
            self.coordinated(txn).expect("it was there").retry = false;
            self.complete(txn, marker.commit, &c);
        } else if !retrying && results.iter().any(|r| r.1.as_ref().err().is_some_and(again)) {
            self.retry_markers_later(txn);
        }
    }

    // ---- the partition's leader

    pub(super) fn on_write_markers(&mut self, from: BrokerId, marker: &Marker, partitions: &[PartitionId]) {
        let parts: SmallVec<[MarkerOutcome; 2]> = partitions.iter().map(|p| self.append_marker(*p, marker)).collect();
        let appended: SmallVec<[PartitionId; 2]> = parts.iter().filter(|x| x.1.is_ok()).map(|x| x.0).collect();
        self.b.txn.markers.push(ParkedMarkers { from, marker: *marker, parts });
        self.answer_markers();
        for p in appended {
            self.after_append(p);
        }
    }

    fn append_marker(&mut self, p: PartitionId, marker: &Marker) -> MarkerOutcome {
        let broker = self.b.id;
        let min_isr = self.setup.partitions[p.ix()].min_isr;
        let checked = match self.b.replica(p).and_then(|r| Some((r, r.leading()?))) {
            None => Err(ErrorCode::NotLeaderOrFollower),
            Some((_, l)) if l.isr.len() < min_isr => Err(ErrorCode::NotEnoughReplicas),
            Some((r, _)) => r.check_marker(marker, &self.setup.rules),
        };
        if let Err(error) = checked {
            self.out.event(EventKind::Txn(TxnEvent::MarkerRefused { broker, partition: p, id: marker.id, error }));
            return (p, Err(error), None);
        }
        let pid = marker.id.pid();
        let open = self.b.replica(p).and_then(|r| r.txns.open(pid)).map(|o| o.first);
        let base = self.append_payload(p, Payload::Control(*marker));
        if let Some(first) = open.filter(|_| marker.commit) {
            self.commits_count(p, pid, first);
        }
        self.break_guards(marker.id, p);
        (p, Ok(()), Some(base.plus(1)))
    }

    /// The high watermark of `p` moved: markers below it are confirmed.
    pub(in crate::kafka) fn finish_markers(&mut self, p: PartitionId, hw: Offset) {
        let mut stable = false;
        for x in &mut self.b.txn.markers {
            for part in x.parts.iter_mut().filter(|part| part.0 == p && part.2.is_some_and(|until| until <= hw)) {
                part.2 = None;
                stable = true;
            }
        }
        if stable {
            self.answer_markers();
        }
    }

    /// This broker no longer leads `p`.
    pub(in crate::kafka) fn fail_markers(&mut self, p: PartitionId) {
        for x in &mut self.b.txn.markers {
            for part in x.parts.iter_mut().filter(|part| part.0 == p && part.2.is_some()) {
                (part.1, part.2) = (Err(ErrorCode::NotLeaderOrFollower), None);
            }
        }
        self.answer_markers();
    }

    fn answer_markers(&mut self) {
        while let Some(i) = self.b.txn.markers.iter().position(|x| x.parts.iter().all(|part| part.2.is_none())) {
            let x = self.b.txn.markers.remove(i);
            let results = x.parts.iter().map(|part| (part.0, part.1)).collect();
            self.send(Actor::Broker(x.from), Body::Txn(TxnBody::WriteTxnMarkersResponse { marker: x.marker, results }));
        }
    }
}

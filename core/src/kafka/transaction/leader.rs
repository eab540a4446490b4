//! The leader of a partition before a transaction's first append there: it adds the partition to the transaction (txn.W1) or
//! asks whether it is in it (W5). The producer's requests wait meanwhile, in order.

use super::coordinator::{Coordinated, Reply};
use super::markers::ParkedMarkers;
use super::offsets::ParkedOffsets;
use super::{Identity, Marker, TxnBody};
use crate::event::{ErrorCode, EventKind, TxnEvent};
use crate::ids::*;
use crate::kafka::broker::{Broker, Cx};
use crate::kafka::log::Batch;
use crate::kafka::message::{Body, ConnGen};
use crate::kafka::replica::Idempotence;
use crate::kafka::setup::Setup;
use crate::kafka::step::{Timer, TxnTimer};
use crate::order;
use crate::shared::Shared;
use smallvec::SmallVec;
use std::rc::Rc;

/// Requests of a producer that wait for the transaction coordinator.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Ask {
    /// Whose.
    pub producer: ProducerIx,
    /// Its identity.
    pub id: Identity,
    /// What the coordinator was asked about.
    pub partitions: SmallVec<[PartitionId; 2]>,
    /// It was asked and has not answered; otherwise it will be asked again.
    pub waiting: bool,
    /// `add.partitions.to.txn.retry.backoff.max.ms` is over.
    pub expired: bool,
    /// txn.W5: partitions where a marker came between, so that the answer counts for nothing.
    pub broken: SmallVec<[PartitionId; 1]>,
    /// The request that asks, and those behind it.
    pub requests: SmallVec<[Shared<Body>; 1]>,
}

/// A broker's part in transactions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct TxnSide {
    /// Transactional ids that it coordinates, by index.
    pub coordinated: SmallVec<[Rc<Coordinated>; 0]>,
    /// Producers whose requests wait for a coordinator.
    pub asks: SmallVec<[Ask; 0]>,
    /// Markers that it wrote and that are not committed.
    pub markers: SmallVec<[ParkedMarkers; 0]>,
    /// Offset commits of transactions that are not committed to its log.
    pub offsets: SmallVec<[ParkedOffsets; 0]>,
}

impl Broker {
    /// Timers of its part in transactions.
    pub(in crate::kafka) fn txn_armed(&self, coordinates: bool, f: &mut impl FnMut(Timer)) {
        if coordinates {
            f(Timer::Txn(TxnTimer::Check(self.id)));
        }
        self.txn.coordinated.iter().for_each(|c| c.armed(self.id, f));
        for a in &self.txn.asks {
            a.armed(self.id, f);
        }
    }
}

impl TxnSide {
    /// Producers' connections that requests wait on here.
    pub(in crate::kafka) fn connections(&self) -> impl Iterator<Item = (ProducerIx, ConnGen)> {
        let replies = self.coordinated.iter().filter_map(|c| c.pending.as_ref()?.reply.as_ref()?.conn());
        let asks = self.asks.iter().flat_map(|a| a.requests.iter().filter_map(|r| Some((a.producer, r.conn()?))));
        replies.chain(asks).chain(self.offsets.iter().map(|x| (x.producer, x.conn)))
    }
}

impl Broker {
    /// What it is told when the process of `b` ends, whose connections with it are reset.
    pub(in crate::kafka) fn exchanges_with(&self, b: BrokerId, setup: &Setup) -> SmallVec<[TxnBody; 1]> {
        let mut told: SmallVec<[TxnBody; 1]> = SmallVec::new();
        for a in self.txn.asks.iter().filter(|a| a.waiting) {
            if self.leader_of(setup.transactions[a.id.txn.ix()].coordinator) == Some(b) {
                let result = Err(ErrorCode::NetworkException);
                let partitions = a.partitions.clone();
                told.push(TxnBody::LeaderAddPartitionsResponse { producer: a.producer, id: a.id, partitions, result });
            }
        }
        for c in self.txn.coordinated.iter().filter(|c| !c.retry && c.pending.is_none()) {
            let Some(commit) = c.state.preparing() else { continue };
            let there = c.markers.iter().filter(|p| self.leader_of(**p) == Some(b));
            let results: SmallVec<[_; 2]> = there.map(|p| (*p, Err(ErrorCode::NetworkException))).collect();
            let log = setup.transactions[c.id.txn.ix()].coordinator;
            let coordinator = self.replica(log).map_or(LeaderEpoch(0), |r| r.le);
            let marker = Marker { id: c.marker_id(setup.rules.txn_v2), commit, coordinator };
            if !results.is_empty() {
                told.push(TxnBody::WriteTxnMarkersResponse { marker, results });
            }
        }
        told
    }
}

impl Ask {
    fn armed(&self, b: BrokerId, f: &mut impl FnMut(Timer)) {
        let p = self.producer;
        f(Timer::Txn(if self.waiting { TxnTimer::AddTimeout(b, p) } else { TxnTimer::AddRetry(b, p) }));
        if !self.expired {
            f(Timer::Txn(TxnTimer::AddGiveUp(b, p)));
        }
    }
}

impl Cx<'_> {
    /// A message about a transaction.
    pub(in crate::kafka) fn on_txn(&mut self, from: Actor, body: &Shared<Body>, txn: &TxnBody) {
        match (from, txn) {
            (Actor::Producer(p), TxnBody::InitProducerId { conn, txn, expected }) => self.on_init_producer_id(*txn, *expected, p, *conn),
            (Actor::Producer(p), TxnBody::AddPartitionsToTxn { conn, id, partitions }) => {
                self.add_partitions(*id, partitions, Reply::Partitions(p, *conn));
            }
            (Actor::Producer(p), TxnBody::AddOffsetsToTxn { conn, id, group }) => {
                let offsets = self.setup.groups[group.ix()].coordinator;
                self.add_partitions(*id, &[offsets], Reply::Offsets(p, *conn));
            }
            (Actor::Producer(p), TxnBody::EndTxn { conn, id, commit }) => self.on_end_txn(*id, *commit, p, *conn),
            (Actor::Producer(p), TxnBody::TxnOffsetCommit { .. }) => self.on_txn_offset_commit(p, body),
            (Actor::Broker(b), TxnBody::LeaderAddPartitions { producer, id, partitions, verify_only }) => {
                let reply = Reply::Leader(b, *producer, *id, partitions.clone());
                if *verify_only { self.verify_partitions(*id, partitions, reply) } else { self.add_partitions(*id, partitions, reply) }
            }
            (Actor::Broker(_), TxnBody::LeaderAddPartitionsResponse { producer, id, partitions, result }) => {
                self.on_answer(*producer, *id, partitions, *result);
            }
            (Actor::Broker(b), TxnBody::WriteTxnMarkers { marker, partitions }) => self.on_write_markers(b, marker, partitions),
            (Actor::Broker(_), TxnBody::WriteTxnMarkersResponse { marker, results }) => self.on_markers_response(marker, results),
            _ => {}
        }
    }

    /// A timer of a transaction ran out.
    pub(in crate::kafka) fn on_txn_timer(&mut self, t: TxnTimer) {
        match t {
            TxnTimer::Timeout(_, txn) => self.on_transaction_timeout(txn),
            TxnTimer::Expiry(_, txn) => self.expire_id(txn),
            TxnTimer::Check(_) => {
                self.out.arm(Timer::Txn(t));
                self.abort_timed_out();
            }
            TxnTimer::MarkerRetry(_, txn) | TxnTimer::MarkerTimeout(_, txn) => self.send_markers(txn),
            TxnTimer::AddRetry(_, p) => self.ask_coordinator(p),
            TxnTimer::AddTimeout(_, p) => self.answered(p, Err(ErrorCode::NetworkException)),
            TxnTimer::AddGiveUp(_, p) => {
                if let Some(a) = self.asking(p) {
                    a.expired = true;
                }
            }
            TxnTimer::Backoff(_) | TxnTimer::ShortBackoff(_) => {}
        }
    }

    // ---- asking

    fn asking(&mut self, p: ProducerIx) -> Option<&mut Ask> {
        self.b.txn.asks.iter_mut().find(|a| a.producer == p)
    }

    /// Does a request of this producer wait for the coordinator? Then this one waits behind it.
    pub(in crate::kafka) fn waits_for_coordinator(&mut self, p: ProducerIx, body: &Shared<Body>) -> bool {
        let Some(a) = self.asking(p) else { return false };
        a.requests.push(body.clone());
        true
    }

    /// Partitions of a produce request that have no open transaction of this producer here, though the batch belongs to one.
    pub(in crate::kafka) fn unverified(&self, parts: &[(PartitionId, Batch)]) -> Option<(Identity, SmallVec<[PartitionId; 2]>)> {
        let mut found: SmallVec<[PartitionId; 2]> = SmallVec::new();
        let mut id = None;
        for (p, batch) in parts {
            let Pid::Transactional(txn, n) = batch.pid else { continue };
            id = Some(Identity { txn, n, epoch: batch.epoch });
            let r = self.b.replica(*p).filter(|r| r.leading().is_some());
            if r.is_some_and(|r| matches!(r.check_sequence(batch, &self.setup.rules), Idempotence::New))
                && self.must_ask(*p, batch.pid, batch.epoch)
            {
                found.push(*p);
            }
        }
        id.filter(|_| !found.is_empty()).map(|id| (id, found))
    }

    /// txn.W1, W5: is the coordinator to be asked before this producer's first append to `p`?
    pub(super) fn must_ask(&self, p: PartitionId, pid: Pid, epoch: u16) -> bool {
        let asks = self.setup.rules.txn_v2 || self.setup.rules.verify_txn;
        asks && self.b.replica(p).is_some_and(|r| r.txns.open(pid).is_none_or(|o| o.epoch != epoch))
    }

    /// The request waits until the coordinator has answered.
    pub(in crate::kafka) fn ask_first(&mut self, p: ProducerIx, id: Identity, partitions: SmallVec<[PartitionId; 2]>, body: &Shared<Body>) {
        let requests = SmallVec::from_elem(body.clone(), 1);
        let ask = Ask { producer: p, id, partitions, waiting: false, expired: false, broken: SmallVec::new(), requests };
        self.b.txn.asks.push(ask);
        order::sort_by_key(&mut self.b.txn.asks, |a| a.producer);
        self.out.arm(Timer::Txn(TxnTimer::AddGiveUp(self.b.id, p)));
        self.ask_coordinator(p);
    }

    fn ask_coordinator(&mut self, p: ProducerIx) {
        let (me, verify_only) = (self.b.id, !self.setup.rules.txn_v2);
        let setup = self.setup;
        let view: SmallVec<[Option<BrokerId>; 2]> = setup.transactions.iter().map(|t| self.b.leader_of(t.coordinator)).collect();
        let Some(a) = self.asking(p) else { return };
        match view[a.id.txn.ix()] {
            None => {
                a.waiting = false;
                self.out.arm(Timer::Txn(TxnTimer::AddRetry(me, p)));
            }
            Some(b) => {
                a.waiting = true;
                let ask = TxnBody::LeaderAddPartitions { producer: p, id: a.id, partitions: a.partitions.clone(), verify_only };
                self.out.arm(Timer::Txn(TxnTimer::AddTimeout(me, p)));
                self.send(Actor::Broker(b), Body::Txn(ask));
            }
        }
    }

    /// An answer to a question that is not asked any more, of a producer that died, must not be taken for another's.
    fn on_answer(&mut self, p: ProducerIx, id: Identity, partitions: &[PartitionId], result: Result<(), ErrorCode>) {
        if self.asking(p).is_some_and(|a| a.waiting && a.id == id && a.partitions[..] == *partitions) {
            self.answered(p, result);
        }
    }

    /// txn.W1: CONCURRENT_TRANSACTIONS is tried again for a while; anything else decides.
    fn answered(&mut self, p: ProducerIx, result: Result<(), ErrorCode>) {
        let me = self.b.id;
        let Some(a) = self.asking(p) else { return };
        a.waiting = false;
        let expired = a.expired;
        self.out.disarm(Timer::Txn(TxnTimer::AddTimeout(me, p)));
        if result == Err(ErrorCode::ConcurrentTransactions) && !expired {
            return self.out.arm(Timer::Txn(TxnTimer::AddRetry(me, p)));
        }
        self.out.disarm(Timer::Txn(TxnTimer::AddGiveUp(me, p)));
        let Some(i) = self.b.txn.asks.iter().position(|a| a.producer == p) else { return };
        let ask = self.b.txn.asks.remove(i);
        let verdict = result.map_err(|e| match e {
            ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
            // Errors of the coordinator's own that a producer is to try again after.
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::NetworkException => ErrorCode::NotEnoughReplicas,
            other => other,
        });
        let mut requests = ask.requests.into_iter();
        if let Some(first) = requests.next() {
            let refused: SmallVec<[(PartitionId, ErrorCode); 1]> = match verdict {
                Ok(()) => ask.broken.iter().map(|p| (*p, ErrorCode::InvalidTxnState)).collect(),
                Err(e) => ask.partitions.iter().map(|p| (*p, e)).collect(),
            };
            match &*first {
                Body::Produce { .. } => self.produce(p, &first, &refused),
                _ => self.commit_txn_offsets(p, &first, refused.first().map(|r| r.1)),
            }
        }
        for body in requests {
            self.on_message(Actor::Producer(p), &body); // the first may wait again, and the rest behind it
        }
    }

    /// txn.W5: a marker was written, so what was asked before it says nothing of the next transaction; unless, where each has its own
    /// epoch, it is the next transaction that asked (KAFKA-18654).
    pub(super) fn break_guards(&mut self, marker: Identity, p: PartitionId) {
        let v2 = self.setup.rules.txn_v2;
        let asked_before = |a: &Ask| a.id.pid() == marker.pid() && !(v2 && a.id.epoch == marker.epoch);
        for a in self.b.txn.asks.iter_mut().filter(|a| asked_before(a) && a.partitions.contains(&p)) {
            if !a.broken.contains(&p) {
                a.broken.push(p);
            }
        }
    }

    // ---- office

    /// Leaders changed: markers and questions go to the new ones at once.
    pub(in crate::kafka) fn leaders_changed(&mut self) {
        let undecided: SmallVec<[TxnIx; 2]> = self
            .b
            .txn
            .coordinated
            .iter()
            .filter(|c| c.retry || c.state.preparing().is_some() && !c.markers.is_empty())
            .map(|c| c.id.txn)
            .collect();
        for txn in undecided {
            self.send_markers(txn);
        }
    }

    /// txn.M3: tells whether the last stable offset of a partition with transactions moved.
    pub(in crate::kafka) fn note_last_stable(&mut self, p: PartitionId, from: Offset) {
        let broker = self.b.id;
        let Some(r) = self.b.replica(p).filter(|r| !r.txns.is_empty()) else { return };
        let to = r.last_stable();
        if to != from {
            self.out.event(EventKind::Txn(TxnEvent::LastStableOffset { broker, partition: p, from, to }));
        }
    }
}

//! The transaction coordinator: states of transactional ids, kept in a partition of `__transaction_state` (rule book 6.1 to 6.3).
//!
//! Every transition is appended and takes effect when every in-sync replica has it; while one is pending, others are told
//! CONCURRENT_TRANSACTIONS.

use super::{Identity, Marker, TxnBody, TxnRecord, TxnState};
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, EventKind, TxnEvent};
use crate::ids::*;
use crate::kafka::broker::Cx;
use crate::kafka::log::Payload;
use crate::kafka::message::{Body, ConnGen};
use crate::kafka::step::{Base, Timer, TimerOp, TxnTimer};
use crate::order;
use smallvec::SmallVec;
use std::rc::Rc;

/// Whom to tell what became of a request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reply {
    /// InitProducerId.
    Init(ProducerIx, ConnGen),
    /// InitProducerId that found a transaction open and aborts it first: try again (txn.T1).
    InitAgain(ProducerIx, ConnGen),
    /// AddPartitionsToTxn from a producer.
    Partitions(ProducerIx, ConnGen),
    /// AddOffsetsToTxn.
    Offsets(ProducerIx, ConnGen),
    /// AddPartitionsToTxn from a partition's leader, for this producer's request there, with these partitions.
    Leader(BrokerId, ProducerIx, Identity, SmallVec<[PartitionId; 2]>),
    /// EndTxn.
    End(ProducerIx, ConnGen),
}

impl Reply {
    /// The producer's connection that waits for it.
    pub(in crate::kafka) fn conn(&self) -> Option<(ProducerIx, ConnGen)> {
        match *self {
            Reply::Init(p, c) | Reply::InitAgain(p, c) | Reply::Partitions(p, c) | Reply::Offsets(p, c) | Reply::End(p, c) => Some((p, c)),
            Reply::Leader(..) => None,
        }
    }
}

/// A transition that waits for the coordinator's log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pending {
    /// The high watermark that it waits for.
    pub until: Offset,
    /// The state that it leads to.
    pub to: TxnState,
    /// The identity that holds then.
    pub id: Identity,
    /// Partitions that join.
    pub add: SmallVec<[PartitionId; 2]>,
    /// Who waits for it.
    pub reply: Option<Reply>,
}

/// What a coordinator knows of a `transactional.id`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Coordinated {
    /// Its producer id and epoch.
    pub id: Identity,
    /// Its state.
    pub state: TxnState,
    /// Partitions of the transaction, in the order in which they joined.
    pub partitions: SmallVec<[PartitionId; 2]>,
    /// Of those, the ones whose marker is not confirmed yet, once the outcome is decided.
    pub markers: SmallVec<[PartitionId; 2]>,
    /// Markers (or the transition after them) were refused and wait for another attempt.
    pub retry: bool,
    /// A transition that is not in force yet.
    pub pending: Option<Pending>,
    /// `transaction.timeout.ms` is over.
    pub timed_out: bool,
    /// `transactional.id.expiration.ms` runs.
    pub expiring: bool,
}

impl Coordinated {
    fn new(id: Identity) -> Self {
        Coordinated {
            id,
            state: TxnState::Empty,
            partitions: SmallVec::new(),
            markers: SmallVec::new(),
            retry: false,
            pending: None,
            timed_out: false,
            expiring: false,
        }
    }

    /// Takes a record of the log in.
    fn apply(&mut self, to: TxnState, id: Identity, add: &[PartitionId]) {
        (self.state, self.id) = (to, id);
        match to {
            TxnState::Ongoing => {
                self.partitions.extend(add.iter().filter(|p| !self.partitions.contains(p)).copied().collect::<SmallVec<[_; 2]>>())
            }
            TxnState::PrepareCommit | TxnState::PrepareAbort => {
                self.markers = self.partitions.clone();
                self.timed_out = false;
            }
            _ => self.partitions.clear(),
        }
    }

    /// The identity that its markers carry (txn.W2): that of the producer after the transaction, but never of another producer id.
    pub fn marker_id(&self, v2: bool) -> Identity {
        let id = self.id;
        if v2 && id.epoch == 0 && id.n > 0 { Identity { n: id.n - 1, epoch: super::LAST_EPOCH + 1, ..id } } else { id }
    }

    /// Timers that its state implies.
    pub(in crate::kafka) fn armed(&self, broker: BrokerId, f: &mut impl FnMut(Timer)) {
        let txn = self.id.txn;
        if self.state == TxnState::Ongoing && !self.timed_out {
            f(Timer::Txn(TxnTimer::Timeout(broker, txn)));
        }
        if self.expiring {
            f(Timer::Txn(TxnTimer::Expiry(broker, txn)));
        }
        if self.retry {
            f(Timer::Txn(TxnTimer::MarkerRetry(broker, txn)));
        } else if self.state.preparing().is_some() && !self.markers.is_empty() {
            f(Timer::Txn(TxnTimer::MarkerTimeout(broker, txn)));
        }
    }
}

impl Cx<'_> {
    fn coordinator_partition(&self, txn: TxnIx) -> PartitionId {
        self.setup.transactions[txn.ix()].coordinator
    }

    pub(super) fn coordinated(&mut self, txn: TxnIx) -> Option<&mut Coordinated> {
        self.b.txn.coordinated.iter_mut().find(|c| c.id.txn == txn).map(Rc::make_mut)
    }

    fn is_coordinator(&self, txn: TxnIx) -> bool {
        self.b.replica(self.coordinator_partition(txn)).is_some_and(|r| r.leading().is_some())
    }

    pub(super) fn reply(&mut self, to: Reply, result: Result<Identity, ErrorCode>) {
        if let Err(error) = result {
            let txn = match &to {
                Reply::Leader(_, _, id, _) => id.txn,
                other => match other.conn().and_then(|(p, _)| self.setup.producers[p.ix()].txn) {
                    Some(t) => t,
                    None => return,
                },
            };
            self.out.event(EventKind::Txn(TxnEvent::Refused { broker: self.b.id, txn, error }));
        }
        let done = result.map(|_| ());
        let (to, body) = match to {
            Reply::Init(p, conn) => (Actor::Producer(p), TxnBody::InitProducerIdResponse { conn, result }),
            Reply::InitAgain(p, conn) => {
                let result = Err(result.err().unwrap_or(ErrorCode::ConcurrentTransactions));
                (Actor::Producer(p), TxnBody::InitProducerIdResponse { conn, result })
            }
            Reply::Partitions(p, conn) => (Actor::Producer(p), TxnBody::AddPartitionsToTxnResponse { conn, result: done }),
            Reply::Offsets(p, conn) => (Actor::Producer(p), TxnBody::AddOffsetsToTxnResponse { conn, result: done }),
            Reply::Leader(b, producer, id, partitions) => {
                (Actor::Broker(b), TxnBody::LeaderAddPartitionsResponse { producer, id, partitions, result: done })
            }
            Reply::End(p, conn) => (Actor::Producer(p), TxnBody::EndTxnResponse { conn, result }),
        };
        self.send(to, Body::Txn(body));
    }

    // ---- requests

    /// txn.T1.
    pub(super) fn on_init_producer_id(&mut self, txn: TxnIx, expected: Option<Identity>, p: ProducerIx, conn: ConnGen) {
        let reply = Reply::Init(p, conn);
        if !self.is_coordinator(txn) {
            return self.reply(reply, Err(ErrorCode::NotCoordinator));
        }
        let Some(c) = self.coordinated(txn) else {
            let id = Identity::first(txn);
            self.b.txn.coordinated.push(Rc::new(Coordinated::new(id)));
            order::sort_by_key(&mut self.b.txn.coordinated, |c| c.id.txn);
            return self.transition(txn, TxnState::Empty, id, &[], Some(reply));
        };
        let (id, state) = (c.id, c.state);
        if c.pending.is_some() || state.preparing().is_some() {
            return self.reply(reply, Err(ErrorCode::ConcurrentTransactions));
        }
        match expected.filter(|_| state != TxnState::Dead) {
            Some(e) if e.next() == id && state == TxnState::Empty => return self.reply(reply, Ok(id)), // its answer was lost
            Some(e) if e != id => return self.reply(reply, Err(ErrorCode::ProducerFenced)),
            _ => {}
        }
        if state == TxnState::Dead {
            // T8: whoever had a producer id for it has it for nothing.
            return match expected {
                Some(_) => self.reply(reply, Err(ErrorCode::InvalidProducerIdMapping)),
                None => self.transition(txn, TxnState::Empty, id.renewed(), &[], Some(reply)),
            };
        }
        if state == TxnState::Ongoing {
            return self.fence_and_abort(txn, Some(Reply::InitAgain(p, conn)));
        }
        self.transition(txn, TxnState::Empty, id.next(), &[], Some(reply));
    }

    /// txn.T1, T7: nobody may go on with the open transaction, and it is aborted. The epoch goes up by one; 4.0.0 alone raised it twice
    /// with `transaction.version` 2 (KAFKA-19367).
    fn fence_and_abort(&mut self, txn: TxnIx, reply: Option<Reply>) {
        let Some(c) = self.coordinated(txn) else { return };
        let id = if holds(Rule::TransactionEpoch) { c.id.fenced() } else { c.id };
        self.transition(txn, TxnState::PrepareAbort, id, &[], reply);
    }

    /// txn.T3, T4, W1: partitions join the transaction.
    pub(super) fn add_partitions(&mut self, id: Identity, partitions: &[PartitionId], reply: Reply) {
        let c = match self.known(id) {
            Ok(c) => c,
            Err(e) => return self.reply(reply, Err(e)),
        };
        if c.pending.is_some() || c.state.preparing().is_some() {
            return self.reply(reply, Err(ErrorCode::ConcurrentTransactions));
        }
        if c.state == TxnState::Ongoing && partitions.iter().all(|p| c.partitions.contains(p)) {
            return self.reply(reply, Ok(id));
        }
        self.transition(id.txn, TxnState::Ongoing, id, partitions, Some(reply));
    }

    /// txn.W5: is the partition in the transaction? The state that is in force counts, not one that is pending.
    pub(super) fn verify_partitions(&mut self, id: Identity, partitions: &[PartitionId], reply: Reply) {
        let result = self.known(id).and_then(|c| {
            let all = c.state == TxnState::Ongoing && partitions.iter().all(|p| c.partitions.contains(p));
            if all { Ok(id) } else { Err(ErrorCode::TransactionAbortable) }
        });
        self.reply(reply, result);
    }

    /// The coordinator's knowledge of a producer that is not fenced.
    fn known(&mut self, id: Identity) -> Result<&mut Coordinated, ErrorCode> {
        if !self.is_coordinator(id.txn) {
            return Err(ErrorCode::NotCoordinator);
        }
        let c = self.coordinated(id.txn).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        match c.id {
            _ if c.state == TxnState::Dead => Err(ErrorCode::InvalidProducerIdMapping),
            known if known.n > id.n => Err(ErrorCode::InvalidProducerIdMapping),
            known if known != id => Err(ErrorCode::ProducerFenced),
            _ => Ok(c),
        }
    }

    /// txn.T5, W2, W3: the outcome.
    pub(super) fn on_end_txn(&mut self, id: Identity, commit: bool, p: ProducerIx, conn: ConnGen) {
        let v2 = self.setup.rules.txn_v2;
        let reply = Reply::End(p, conn);
        if !self.is_coordinator(id.txn) {
            return self.reply(reply, Err(ErrorCode::NotCoordinator));
        }
        let Some(c) = self.coordinated(id.txn) else {
            return self.reply(reply, Err(ErrorCode::InvalidProducerIdMapping));
        };
        let (known, state, pending) = (c.id, c.state, c.pending.is_some());
        if state == TxnState::Dead {
            return self.reply(reply, Err(ErrorCode::InvalidProducerIdMapping));
        }
        let again = v2 && id.next() == known; // W3: its answer was lost, unless it is fenced
        if known != id && !again {
            return self.reply(reply, Err(ErrorCode::ProducerFenced));
        }
        if pending {
            return self.reply(reply, Err(ErrorCode::ConcurrentTransactions));
        }
        let result = match (state.preparing(), state.complete()) {
            (Some(was), _) if was == commit && (again || !v2) => Err(ErrorCode::ConcurrentTransactions),
            (_, Some(was)) if was == commit && (again || !v2) => Ok(known),
            _ if again && state == TxnState::Empty => Err(ErrorCode::ProducerFenced),
            _ if again => Err(ErrorCode::InvalidTxnState),
            _ if state == TxnState::Ongoing || v2 && !commit && state.preparing().is_none() => {
                let next = if v2 && holds(Rule::TransactionEpoch) { id.next() } else { id };
                return self.transition(id.txn, TxnState::prepare(commit), next, &[], Some(reply));
            }
            _ => Err(ErrorCode::InvalidTxnState),
        };
        self.reply(reply, result);
    }

    // ---- transitions

    /// Appends a transition; it takes effect when it is committed.
    pub(super) fn transition(&mut self, txn: TxnIx, to: TxnState, id: Identity, add: &[PartitionId], reply: Option<Reply>) {
        let log = self.coordinator_partition(txn);
        let enough = self.b.replica(log).and_then(|r| r.leading()).is_some_and(|l| l.isr.len() >= self.setup.partitions[log.ix()].min_isr);
        if !enough {
            if to.complete().is_some() {
                self.retry_markers_later(txn);
            }
            if let Some(reply) = reply {
                self.reply(reply, Err(ErrorCode::CoordinatorNotAvailable));
            }
            return;
        }
        let record = |added| Payload::Txn(TxnRecord { id, state: to, added });
        let known: SmallVec<[PartitionId; 2]> = self.coordinated(txn).map(|c| c.partitions.clone()).unwrap_or_default();
        let mut until = Offset::ZERO;
        for p in add.iter().filter(|p| !known.contains(p)) {
            until = self.append_payload(log, record(Some(*p))).plus(1);
        }
        if until == Offset::ZERO {
            until = self.append_payload(log, record(None)).plus(1);
        }
        if let Some(c) = self.coordinated(txn) {
            c.pending = Some(Pending { until, to, id, add: add.into(), reply });
        }
        self.watch_id(txn);
        self.after_append(log);
    }

    /// Transitions that the high watermark of the coordinator's log has reached take effect.
    pub(in crate::kafka) fn finish_transitions(&mut self, log: PartitionId, hw: Offset) {
        let setup = self.setup;
        let due =
            |c: &Rc<Coordinated>| setup.transactions[c.id.txn.ix()].coordinator == log && c.pending.as_ref().is_some_and(|p| p.until <= hw);
        while let Some(c) = self.b.txn.coordinated.iter_mut().find(|c| due(c)) {
            let c = Rc::make_mut(c);
            let (txn, was) = (c.id.txn, c.state);
            let Some(p) = c.pending.take() else { return };
            c.apply(p.to, p.id, &p.add);
            self.watch_id(txn);
            self.took_effect(txn, was, &p);
            if let Some(reply) = p.reply {
                self.reply(reply, Ok(p.id));
            }
            if p.to.preparing().is_some() {
                self.send_markers(txn);
            }
        }
    }

    fn took_effect(&mut self, txn: TxnIx, was: TxnState, p: &Pending) {
        let broker = self.b.id;
        let timeout = Timer::Txn(TxnTimer::Timeout(broker, txn));
        if was != p.to || p.to == TxnState::Empty {
            self.out.event(EventKind::Txn(TxnEvent::State { broker, id: p.id, state: p.to }));
            if p.to == TxnState::Ongoing {
                self.out.timers.push(TimerOp::MarkTransaction(txn));
                self.out.arm(timeout);
            } else if was == TxnState::Ongoing {
                self.out.disarm(timeout);
            }
        }
        for partition in p.add.iter().copied() {
            self.out.event(EventKind::Txn(TxnEvent::PartitionAdded { broker, id: p.id, partition }));
        }
    }

    // ---- time

    pub(super) fn on_transaction_timeout(&mut self, txn: TxnIx) {
        let broker = self.b.id;
        if let Some(c) = self.coordinated(txn) {
            c.timed_out = true;
            self.out.event(EventKind::Txn(TxnEvent::TimedOut { broker, txn }));
        }
    }

    /// txn.T8: its time runs while nothing is under way, and begins anew with each transition.
    fn watch_id(&mut self, txn: TxnIx) {
        let (broker, expire) = (self.b.id, self.setup.rules.ids_expire);
        let Some(c) = self.coordinated(txn).filter(|_| expire) else { return };
        let timer = Timer::Txn(TxnTimer::Expiry(broker, txn));
        let runs = c.state.is_idle() && c.pending.is_none();
        match (std::mem::replace(&mut c.expiring, runs), runs) {
            (_, true) => self.out.arm(timer),
            (true, false) => self.out.disarm(timer),
            _ => {}
        }
    }

    /// txn.T8: `transactional.id.expiration.ms` is over. A coordinator that can't write that now tries again when as much has passed.
    pub(super) fn expire_id(&mut self, txn: TxnIx) {
        if let Some(c) = self.coordinated(txn) {
            c.expiring = false;
            let id = c.id;
            self.transition(txn, TxnState::Dead, id, &[], None);
            self.watch_id(txn);
        }
    }

    /// txn.T7.
    pub(super) fn abort_timed_out(&mut self) {
        let due: SmallVec<[TxnIx; 2]> =
            self.b.txn.coordinated.iter().filter(|c| c.timed_out && c.pending.is_none()).map(|c| c.id.txn).collect();
        for txn in due.into_iter().filter(|_| holds(Rule::TransactionTimeout)) {
            self.fence_and_abort(txn, None);
        }
    }

    // ---- office

    /// This broker leads a partition now: if transactions are coordinated there, it reads their states.
    pub(in crate::kafka) fn load_transactions(&mut self, log: PartitionId) {
        if !self.setup.transactions.iter().any(|t| t.coordinator == log) {
            return;
        }
        let broker = self.b.id;
        let mut found: SmallVec<[Coordinated; 2]> = SmallVec::new();
        if let Some(r) = self.b.replica(log) {
            for e in r.log.iter_from(r.log.start()) {
                let Payload::Txn(t) = e.payload else { continue };
                let at = found.iter().position(|c| c.id.txn == t.id.txn).unwrap_or_else(|| {
                    found.push(Coordinated::new(t.id));
                    found.len() - 1
                });
                found[at].apply(t.state, t.id, t.added.as_slice());
            }
        }
        let loaded: SmallVec<[TxnIx; 2]> = found.iter().map(|c| c.id.txn).collect();
        for c in found {
            if c.state == TxnState::Ongoing {
                let timer = Timer::Txn(TxnTimer::Timeout(broker, c.id.txn));
                self.out.timers.push(TimerOp::Arm(timer, Base::Transaction(c.id.txn)));
            }
            self.b.txn.coordinated.push(Rc::new(c));
        }
        order::sort_by_key(&mut self.b.txn.coordinated, |c| c.id.txn);
        for txn in loaded {
            self.watch_id(txn);
            if self.coordinated(txn).is_some_and(|c| c.state.preparing().is_some()) {
                self.send_markers(txn); // X6
            }
        }
    }

    /// It does not lead it any more: whoever waits is told to look elsewhere.
    pub(in crate::kafka) fn unload_transactions(&mut self, log: PartitionId) {
        let setup = self.setup;
        let broker = self.b.id;
        let here = |c: &Rc<Coordinated>| setup.transactions[c.id.txn.ix()].coordinator == log;
        while let Some(i) = self.b.txn.coordinated.iter().position(here) {
            let c = self.b.txn.coordinated.remove(i);
            c.armed(broker, &mut |t| self.out.disarm(t));
            if let Some(reply) = c.pending.as_ref().and_then(|p| p.reply.clone()) {
                self.reply(reply, Err(ErrorCode::NotCoordinator));
            }
        }
    }

    /// The marker that ends the transaction of `c`.
    pub(super) fn marker_of(&self, c: &Coordinated, commit: bool) -> Marker {
        let le = self.b.replica(self.coordinator_partition(c.id.txn)).map_or(LeaderEpoch(0), |r| r.le);
        Marker { id: c.marker_id(self.setup.rules.txn_v2), commit, coordinator: le }
    }
}

//! The producer's half: the transaction manager of a client with a `transactional.id` (rule book 6.2, 6.3).
//!
//! The application's calls queue where Kafka's would block: `initTransactions()` with the first record, and
//! `commitTransaction()`, `abortTransaction()`, `sendOffsetsToTransaction()` until they are done. An application answers an
//! error by `abortTransaction()`, and a fatal one by closing the producer.

use super::{Call, Identity, TxnBody};
use crate::event::{ErrorCode, EventKind, TxnEvent};
use crate::ids::*;
use crate::kafka::group::MemberId;
use crate::kafka::log::records::RecordData;
use crate::kafka::message::{Body, ConnGen};
use crate::kafka::producer::ProducerCx;
use crate::kafka::step::{AppCall, RequestKind, Returned, Timer, TxnTimer};
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Where a transactional producer stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// No call yet.
    Uninitialized,
    /// `initTransactions()` is under way.
    Initializing,
    /// No transaction is open.
    Ready,
    /// One is.
    Open,
    /// `commitTransaction()` (true) or `abortTransaction()` is under way.
    Ending(bool),
    /// It can only be aborted.
    Failed,
    /// It can only be closed.
    Closed,
}

/// A request to a coordinator that is out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Asked {
    /// InitProducerId.
    Init,
    /// AddPartitionsToTxn.
    Partitions,
    /// AddOffsetsToTxn.
    Offsets,
    /// TxnOffsetCommit.
    Commit,
    /// EndTxn.
    End,
}

/// Offsets that `sendOffsetsToTransaction()` sends.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Offsets {
    /// The group.
    pub group: GroupIx,
    /// Next offsets to read.
    pub offsets: SmallVec<[(PartitionId, Offset); 1]>,
    /// Who commits them: member and generation.
    pub member: Option<(MemberId, u32)>,
    /// txn.T4: the coordinator knows that the group's partition is in the transaction.
    pub registered: bool,
}

/// State of a transactional producer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TxnClient {
    /// Where it stands.
    pub phase: Phase,
    /// Its producer id and epoch, once it has them.
    pub id: Option<Identity>,
    /// Calls of the application that wait for the one before.
    pub calls: VecDeque<Call>,
    /// txn.T3: partitions that the coordinator has confirmed.
    pub registered: SmallVec<[PartitionId; 2]>,
    /// Partitions that it was asked to add.
    pub adding: SmallVec<[PartitionId; 2]>,
    /// Something of this transaction was sent to a broker, so the coordinator must be told its end.
    pub started: bool,
    /// Offsets on their way.
    pub offsets: Option<Offsets>,
    /// The request that is out, and to whom.
    pub asked: Option<(BrokerId, Asked)>,
    /// Waits before it asks again; true: for 20 ms only.
    pub backing_off: Option<bool>,
    /// Its epoch must be raised before the next transaction (KIP-360; before `transaction.version` 2).
    pub bump: bool,
}

impl TxnClient {
    /// A producer that has not begun.
    pub fn new() -> Self {
        TxnClient {
            phase: Phase::Uninitialized,
            id: None,
            calls: VecDeque::new(),
            registered: SmallVec::new(),
            adding: SmallVec::new(),
            started: false,
            offsets: None,
            asked: None,
            backing_off: None,
            bump: false,
        }
    }

    /// Is a request to `b` out?
    pub(in crate::kafka) fn awaits(&self, b: BrokerId) -> bool {
        self.asked.is_some_and(|a| a.0 == b)
    }

    /// Timers that its state implies.
    pub(in crate::kafka) fn armed(&self, p: ProducerIx, f: &mut impl FnMut(Timer)) {
        if let Some((b, _)) = self.asked {
            f(Timer::RequestTimeout(Actor::Producer(p), b, RequestKind::Coordinator));
        }
        if let Some(short) = self.backing_off {
            f(backoff(p, short));
        }
    }
}

impl Default for TxnClient {
    fn default() -> Self {
        TxnClient::new()
    }
}

fn backoff(p: ProducerIx, short: bool) -> Timer {
    Timer::Txn(if short { TxnTimer::ShortBackoff(p) } else { TxnTimer::Backoff(p) })
}

impl ProducerCx<'_> {
    /// Its state, for a producer that is known to be transactional.
    fn txn(&mut self) -> &mut TxnClient {
        self.p.txn.get_or_insert_with(Default::default)
    }

    fn txn_event(&mut self, e: TxnEvent) {
        self.out.event(EventKind::Txn(e));
    }

    fn returned(&mut self, r: Returned) {
        if let Some(c) = self.config().app {
            self.out.call(AppCall::Returned(c, r));
        }
    }

    // ---- the application's calls

    /// Calls `initTransactions()`.
    pub(in crate::kafka) fn init_transactions(&mut self) {
        if self.txn().phase == Phase::Uninitialized {
            self.txn().phase = Phase::Initializing;
        }
    }

    /// The application calls.
    pub(in crate::kafka) fn call(&mut self, call: Call) {
        self.txn().calls.push_back(call);
        self.pump();
    }

    /// Makes the calls that need not wait.
    pub(in crate::kafka) fn run_calls(&mut self) {
        if self.p.txn.is_none() {
            return;
        }
        loop {
            let blocked = !self.p.blocked.is_empty();
            let t = self.txn();
            match t.phase {
                Phase::Uninitialized if !t.calls.is_empty() => return self.init_transactions(),
                _ if blocked => return, // in send()
                Phase::Ready | Phase::Open | Phase::Failed | Phase::Closed if t.offsets.is_none() => {}
                _ => return,
            }
            let Some(call) = self.txn().calls.pop_front() else { return };
            match call {
                Call::Send { n, partition, record } => self.send_in_transaction(n, partition, record),
                Call::Offsets(group, offsets, member) => {
                    if self.begin() {
                        self.txn().offsets = Some(Offsets { group, offsets, member, registered: false });
                    }
                }
                Call::End { commit } => self.end(commit),
            }
        }
    }

    /// In a transaction from here on, unless it has failed.
    fn begin(&mut self) -> bool {
        if self.txn().phase == Phase::Ready {
            self.txn().phase = Phase::Open;
            let producer = self.p.id;
            self.txn_event(TxnEvent::Began { producer });
        }
        self.txn().phase == Phase::Open
    }

    fn send_in_transaction(&mut self, n: u32, partition: PartitionId, data: RecordData) {
        let record = RecordId { producer: self.p.id, n };
        if self.begin() { self.accumulate(record, partition, data) } else { self.txn_event(TxnEvent::SendRefused { record }) }
    }

    fn end(&mut self, commit: bool) {
        let producer = self.p.id;
        match self.txn().phase {
            Phase::Ready => self.returned(if commit { Returned::Committed } else { Returned::Aborted }),
            Phase::Open | Phase::Failed => {
                let commit = commit && self.txn().phase == Phase::Open;
                self.txn().phase = Phase::Ending(commit);
                self.txn_event(TxnEvent::Ending { producer, commit });
                if !commit {
                    self.discard_unsent();
                }
            }
            _ => self.returned(Returned::Fatal),
        }
    }

    /// `abortTransaction()`: what was never sent is given up.
    fn discard_unsent(&mut self) {
        self.txn().offsets = None;
        for i in 0..self.p.parts.len() {
            let partition = PartitionId(i as u16);
            while let Some(at) = self.p.parts[i].queue.iter().position(|q| !q.sent) {
                let batch = self.take_from_queue(partition, at);
                self.out.disarm(Timer::Delivery(batch));
                self.txn_event(TxnEvent::Discarded { batch, partition });
            }
        }
    }

    // ---- errors

    /// txn.W6: the transaction can only be aborted. In `commitTransaction()` the application does so at once.
    pub(in crate::kafka) fn fail_transaction(&mut self, error: ErrorCode) {
        let producer = self.p.id;
        if error == ErrorCode::OutOfOrderSequenceNumber || error == ErrorCode::Timeout {
            self.txn().bump = true;
        }
        match self.txn().phase {
            Phase::Open => {
                self.txn().phase = Phase::Failed;
                self.txn().offsets = None;
                self.txn_event(TxnEvent::Failed { producer, error, fatal: false });
            }
            Phase::Ending(true) => {
                self.txn_event(TxnEvent::Failed { producer, error, fatal: false });
                self.txn().phase = Phase::Ending(false);
                self.txn_event(TxnEvent::Ending { producer, commit: false });
                self.discard_unsent();
            }
            _ => {}
        }
    }

    /// Fenced: the application closes the producer.
    pub(in crate::kafka) fn close(&mut self, error: ErrorCode) {
        let producer = self.p.id;
        self.txn_event(TxnEvent::Failed { producer, error, fatal: true });
        self.abandon(error);
        let t = self.txn();
        t.phase = Phase::Closed;
        t.offsets = None;
        self.returned(Returned::Fatal);
    }

    // ---- the coordinators

    /// Asks a coordinator for the next thing that is wanted, if nothing is out.
    pub(in crate::kafka) fn ask_next(&mut self) {
        let Some(t) = &self.p.txn else { return };
        if t.asked.is_some() || t.backing_off.is_some() {
            return;
        }
        let v2 = self.setup.rules.txn_v2;
        let txn = self.config().txn.expect("it is transactional");
        let coordinator = self.setup.transactions[txn.ix()].coordinator;
        let idle = self.p.conns.iter().all(|c| c.in_flight.is_empty()) && self.p.parts.iter().all(|p| p.queue.is_empty());
        match (t.phase, t.id) {
            (Phase::Initializing, expected) => {
                self.ask(coordinator, Asked::Init, |conn| TxnBody::InitProducerId { conn, txn, expected });
            }
            (Phase::Open | Phase::Ending(_), Some(id)) => {
                let wanted = if v2 { SmallVec::new() } else { self.unregistered() };
                if !wanted.is_empty() {
                    self.txn().adding = wanted.clone();
                    return self.ask(coordinator, Asked::Partitions, |conn| TxnBody::AddPartitionsToTxn { conn, id, partitions: wanted });
                }
                if let Some(o) = &t.offsets {
                    let (group, offsets, member) = (o.group, o.offsets.clone(), o.member);
                    if !v2 && !o.registered {
                        return self.ask(coordinator, Asked::Offsets, |conn| TxnBody::AddOffsetsToTxn { conn, id, group });
                    }
                    let group_coordinator = self.setup.groups[group.ix()].coordinator;
                    return self.ask(group_coordinator, Asked::Commit, |conn| TxnBody::TxnOffsetCommit {
                        conn,
                        id,
                        group,
                        member,
                        offsets,
                    });
                }
                let Phase::Ending(commit) = t.phase else { return };
                if !idle {
                    return; // flush first
                }
                if t.started {
                    self.ask(coordinator, Asked::End, |conn| TxnBody::EndTxn { conn, id, commit });
                } else {
                    self.ended(commit, id); // nobody knows of it
                    self.pump();
                }
            }
            _ => {}
        }
    }

    /// txn.T3: partitions with batches that the coordinator does not know of.
    fn unregistered(&self) -> SmallVec<[PartitionId; 2]> {
        let registered = self.p.txn.as_ref().map_or(&[][..], |t| &t.registered);
        let waiting = self.p.parts.iter().enumerate().filter(|(_, p)| !p.queue.is_empty()).map(|(i, _)| PartitionId(i as u16));
        waiting.filter(|p| !registered.contains(p)).collect()
    }

    fn ask(&mut self, coordinator: PartitionId, what: Asked, body: impl FnOnce(ConnGen) -> TxnBody) {
        let me = Actor::Producer(self.p.id);
        let Some(b) = self.p.meta.leader(coordinator) else { return self.ask_again_later(false) };
        let conn = self.p.meta.conn(b);
        self.txn().asked = Some((b, what));
        if !matches!(what, Asked::Init | Asked::End) {
            self.txn().started = true;
        }
        self.out.send(me, Actor::Broker(b), Body::Txn(body(conn)));
        self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Coordinator));
    }

    fn ask_again_later(&mut self, short: bool) {
        let me = Actor::Producer(self.p.id);
        if !short {
            self.p.meta.refresh(me, self.out);
        }
        if self.txn().backing_off.is_none() {
            self.txn().backing_off = Some(short);
            self.out.arm(backoff(self.p.id, short));
        }
    }

    /// The backoff is over.
    pub(in crate::kafka) fn on_txn_backoff(&mut self) {
        self.txn().backing_off = None;
    }

    /// The coordinator's connection ended, or is given up.
    pub(in crate::kafka) fn coordinator_lost(&mut self, b: BrokerId) {
        if self.p.txn.as_ref().is_some_and(|t| t.awaits(b)) {
            self.out.disarm(Timer::RequestTimeout(Actor::Producer(self.p.id), b, RequestKind::Coordinator));
            self.txn().asked = None;
            self.ask_again_later(false);
        }
    }

    /// An answer of a coordinator.
    pub(in crate::kafka) fn on_txn_response(&mut self, b: BrokerId, body: &TxnBody) {
        let current = body.conn() == Some(self.p.meta.conn(b));
        let Some((asked, what)) = self.p.txn.as_ref().and_then(|t| t.asked).filter(|a| current && a.0 == b) else { return };
        let fits = match body {
            TxnBody::InitProducerIdResponse { .. } => what == Asked::Init,
            TxnBody::AddPartitionsToTxnResponse { .. } => what == Asked::Partitions,
            TxnBody::AddOffsetsToTxnResponse { .. } => what == Asked::Offsets,
            TxnBody::TxnOffsetCommitResponse { .. } => what == Asked::Commit,
            TxnBody::EndTxnResponse { .. } => what == Asked::End,
            _ => false,
        };
        if !fits {
            return;
        }
        self.txn().asked = None;
        self.out.disarm(Timer::RequestTimeout(Actor::Producer(self.p.id), asked, RequestKind::Coordinator));
        match body {
            TxnBody::InitProducerIdResponse { result: Ok(id), .. } => self.initialised(*id),
            TxnBody::EndTxnResponse { result: Ok(id), .. } => {
                if let Phase::Ending(commit) = self.txn().phase {
                    self.ended(commit, *id);
                }
            }
            TxnBody::AddPartitionsToTxnResponse { result: Ok(()), .. } => {
                let added = std::mem::take(&mut self.txn().adding);
                self.txn().registered.extend(added);
            }
            TxnBody::AddOffsetsToTxnResponse { result: Ok(()), .. } => {
                if let Some(o) = &mut self.txn().offsets {
                    o.registered = true;
                }
            }
            TxnBody::TxnOffsetCommitResponse { result: Ok(()), .. } => {
                if let Some(o) = self.txn().offsets.take() {
                    let producer = self.p.id;
                    self.txn_event(TxnEvent::OffsetsSent { producer, group: o.group });
                }
            }
            TxnBody::InitProducerIdResponse { result: Err(e), .. } | TxnBody::EndTxnResponse { result: Err(e), .. } => {
                self.refused(what, *e)
            }
            TxnBody::AddPartitionsToTxnResponse { result: Err(e), .. }
            | TxnBody::AddOffsetsToTxnResponse { result: Err(e), .. }
            | TxnBody::TxnOffsetCommitResponse { result: Err(e), .. } => self.refused(what, *e),
            _ => {}
        }
    }

    fn refused(&mut self, what: Asked, error: ErrorCode) {
        match error {
            ErrorCode::ConcurrentTransactions => {
                let first = self.txn().registered.is_empty();
                self.ask_again_later(what == Asked::Partitions && first); // T6
            }
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::NetworkException => self.ask_again_later(false),
            ErrorCode::TransactionAbortable => self.fail_transaction(error),
            // KIP-447: a CommitFailedException; the transaction is aborted.
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedInstanceId => self.fail_transaction(error),
            ErrorCode::InvalidProducerEpoch => self.close(ErrorCode::ProducerFenced),
            _ => self.close(error),
        }
    }

    fn initialised(&mut self, id: Identity) {
        let (producer, first) = (self.p.id, self.txn().id.is_none());
        self.take_identity(id);
        self.txn().phase = Phase::Ready;
        self.txn_event(TxnEvent::Initialised { producer, id });
        if first {
            self.returned(Returned::Done);
        }
    }

    /// A new epoch numbers its batches from 0.
    fn take_identity(&mut self, id: Identity) {
        if self.txn().id != Some(id) {
            self.p.parts.iter_mut().for_each(|p| p.next_seq = 0);
        }
        self.p.epoch = id.epoch;
        self.txn().id = Some(id);
    }

    fn ended(&mut self, commit: bool, id: Identity) {
        let (producer, v2) = (self.p.id, self.setup.rules.txn_v2);
        self.take_identity(id);
        let t = self.txn();
        t.registered.clear();
        t.started = false;
        t.phase = if std::mem::take(&mut t.bump) && !v2 { Phase::Initializing } else { Phase::Ready };
        self.txn_event(TxnEvent::Ended { producer, commit });
        self.returned(if commit { Returned::Committed } else { Returned::Aborted });
    }

    /// Is a produce request to this partition allowed as far as the transaction is concerned?
    pub(in crate::kafka) fn transaction_allows(&self, p: PartitionId, sent: bool) -> bool {
        let Some(t) = &self.p.txn else { return true };
        match t.phase {
            Phase::Open | Phase::Ending(true) => self.setup.rules.txn_v2 || t.registered.contains(&p),
            Phase::Ending(false) | Phase::Failed => sent,
            _ => false,
        }
    }

    /// Is everything to be sent now, whatever `linger.ms` says?
    pub(in crate::kafka) fn flushing(&self) -> bool {
        self.p.flushing || self.p.txn.as_ref().is_some_and(|t| matches!(t.phase, Phase::Ending(_)))
    }
}

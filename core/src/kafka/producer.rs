//! A producer client: accumulator, in-flight requests, retries, sequence numbers (rule book 2.3, 2.5).

use super::accumulator::Waiting;
use super::client::{ClientMeta, MetaState};
use super::log::Batch;
use super::log::records::RecordData;
use super::message::{Acks, Body, ConnGen, ProduceAnswer};
use super::setup::{ProducerSetup, Setup};
use super::step::{AppCall, Base, Out, RequestKind, Returned, Timer, TimerOp, TxnTimer};
use super::transaction::client::TxnClient;
use super::transaction::{AfterSend, Call};
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, EventKind, TxnEvent};
use crate::ids::*;
use crate::order;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// A batch that the producer has not finished with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Queued {
    /// The batch.
    pub batch: Batch,
    /// Bytes of its records.
    pub bytes: u32,
    /// `linger.ms` is over.
    pub lingered: bool,
    /// It was sent before.
    pub sent: bool,
    /// Attempts that failed; counted only where `retries` is a bound.
    pub attempts: u32,
}

/// What the producer keeps for a partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PartQueue {
    /// Batches to send; the head first.
    pub queue: SmallVec<[Queued; 1]>,
    /// The sequence number of the next new batch.
    pub next_seq: u32,
    /// Waits for `retry.backoff.ms`.
    pub backing_off: bool,
}

impl PartQueue {
    /// The first batch whose `linger.ms` is not over.
    fn lingering(&self) -> Option<BatchId> {
        self.queue.iter().find(|q| !q.lingered).map(|q| q.batch.id)
    }
}

/// The batches of a request: at most one a partition.
pub type Request = SmallVec<[(PartitionId, Queued); 1]>;

/// A connection to a broker, with the requests that are out on it, oldest first.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProducerConn {
    /// To whom.
    pub broker: BrokerId,
    /// Requests without an answer yet; each carries one batch a partition.
    pub in_flight: SmallVec<[Request; 1]>,
    /// The partition whose batch did not fit into the last request (prod.PB3): the next one begins with it.
    pub next: u16,
}

/// State of a producer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Producer {
    /// Who.
    pub id: ProducerIx,
    /// Its metadata.
    pub meta: ClientMeta,
    /// Partitions, by id.
    pub parts: SmallVec<[PartQueue; 2]>,
    /// Connections with requests that are out, by broker.
    pub conns: SmallVec<[ProducerConn; 1]>,
    /// `producerEpoch`.
    pub epoch: u16,
    /// Which life of its process: a producer without a `transactional.id` gets a new `producerId` in each.
    pub session: u8,
    /// The application waits in `flush()`.
    pub flushing: bool,
    /// Its transaction manager, with a `transactional.id`.
    pub txn: Option<Box<TxnClient>>,
    /// Records whose `send()` waits for memory, the first of them since `max.block.ms` runs (prod.PB1).
    pub blocked: VecDeque<Waiting>,
    /// How many records it was given.
    pub records: u32,
    /// How many batches it made.
    pub batches: u32,
}

/// The producer at work.
pub(super) struct ProducerCx<'a> {
    pub p: &'a mut Producer,
    pub setup: &'a Setup,
    pub out: &'a mut Out,
}

impl Producer {
    /// A producer that has its metadata and its producer id.
    pub fn new(id: ProducerIx, setup: &Setup) -> Self {
        Producer {
            id,
            meta: ClientMeta::settled(setup),
            parts: setup.partition_ids().filter(|p| !setup.partitions[p.ix()].added).map(|_| PartQueue::default()).collect(),
            conns: SmallVec::new(),
            epoch: 0,
            session: 0,
            flushing: false,
            txn: setup.producers[id.ix()].txn.map(|_| Box::default()),
            blocked: VecDeque::new(),
            records: 0,
            batches: 0,
        }
    }

    /// Batches that are out, over all connections.
    pub fn in_flight(&self) -> impl Iterator<Item = (BrokerId, PartitionId, &Queued)> {
        self.conns.iter().flat_map(|c| c.in_flight.iter().flatten().map(move |(p, q)| (c.broker, *p, q)))
    }

    pub(super) fn awaits(&self, b: BrokerId) -> bool {
        let asked = self.meta.state == MetaState::Asked(b) || self.txn.as_ref().is_some_and(|t| t.awaits(b));
        asked || self.conns.iter().any(|c| c.broker == b && !c.in_flight.is_empty())
    }

    /// Its `producerId`, which goes into its batches.
    pub fn pid(&self) -> Pid {
        let id = self.txn.as_ref().and_then(|t| t.id);
        id.map_or(Pid::Session(self.id, self.session), |id| id.pid())
    }

    /// Every timer that its state implies.
    pub fn armed(&self, f: &mut impl FnMut(Timer)) {
        let me = Actor::Producer(self.id);
        if self.meta.state == MetaState::Backoff {
            f(Timer::MetadataBackoff(me));
        }
        if self.meta.aging {
            f(Timer::MetadataAge(me));
        }
        for (i, part) in self.parts.iter().enumerate() {
            let p = PartitionId(i as u16);
            if part.backing_off {
                f(Timer::RetryBackoff(self.id, p));
            }
            if part.lingering().is_some() {
                f(Timer::Linger(self.id, p));
            }
            part.queue.iter().for_each(|q| f(Timer::Delivery(q.batch.id)));
        }
        if let MetaState::Asked(b) = self.meta.state {
            f(Timer::RequestTimeout(me, b, RequestKind::Metadata));
        }
        for c in self.conns.iter().filter(|c| !c.in_flight.is_empty()) {
            f(Timer::RequestTimeout(me, c.broker, RequestKind::Data));
        }
        self.in_flight().for_each(|(_, _, q)| f(Timer::Delivery(q.batch.id)));
        if !self.blocked.is_empty() {
            f(Timer::MaxBlock(self.id));
        }
        if let Some(t) = &self.txn {
            t.armed(self.id, f);
        }
    }
}

impl ProducerCx<'_> {
    fn me(&self) -> Actor {
        Actor::Producer(self.p.id)
    }

    pub(super) fn config(&self) -> &ProducerSetup {
        &self.setup.producers[self.p.id.ix()]
    }

    /// The application calls `send()`, and then perhaps ends its transaction.
    pub fn send(&mut self, partition: PartitionId, data: RecordData, then: AfterSend) {
        let record = self.hand_over(partition);
        if self.p.txn.is_none() {
            self.accumulate(record, partition, data);
            return self.pump();
        }
        self.call(Call::Send { n: record.n, partition, record: data });
        if then != AfterSend::GoOn {
            self.call(Call::End { commit: then == AfterSend::Commit });
        }
    }

    /// The record has a name from here on.
    pub(super) fn hand_over(&mut self, partition: PartitionId) -> RecordId {
        let record = RecordId { producer: self.p.id, n: self.p.records };
        self.p.records += 1;
        self.out.event(EventKind::RecordSent { record, partition });
        record
    }

    /// The application that it is part of makes a record out of `source` and sends it.
    pub fn send_derived(&mut self, source: (BatchId, u16), partition: PartitionId, data: RecordData) {
        let record = RecordId { producer: self.p.id, n: self.p.records };
        self.out.event(EventKind::Txn(TxnEvent::Derived { record, batch: source.0, index: source.1, key: data.key }));
        self.send(partition, data, AfterSend::GoOn);
    }

    /// Its process starts: a transactional producer calls `initTransactions()` first.
    pub fn start(&mut self) {
        let me = self.me();
        self.p.meta.catch_up(self.setup, me, self.out);
        if self.p.txn.is_some() {
            self.init_transactions();
        }
        self.pump();
    }

    /// The application waits until everything is answered.
    pub fn flush(&mut self) {
        self.p.flushing = true;
        self.pump();
    }

    fn flushed(&mut self) {
        let sent = self.p.conns.iter().all(|c| c.in_flight.is_empty());
        let busy = !sent || !self.p.blocked.is_empty() || self.p.parts.iter().any(|p| !p.queue.is_empty());
        if self.p.flushing && !busy {
            self.p.flushing = false;
            if let Some(c) = self.config().app {
                self.out.call(AppCall::Returned(c, Returned::Done));
            }
        }
    }

    /// The process dies: what it had not sent is forgotten, and whose answer it waited for is nobody's any more.
    pub fn crash(&mut self) {
        let mut timers = Vec::new();
        self.p.armed(&mut |t| timers.push(t));
        timers.into_iter().for_each(|t| self.out.disarm(t));
        let mut meta = self.p.meta.clone();
        meta.reset();
        let (records, batches, session) = (self.p.records, self.p.batches, self.p.session.wrapping_add(1));
        let parts = meta.leaders.iter().map(|_| PartQueue::default()).collect();
        *self.p = Producer { meta, parts, records, batches, session, ..Producer::new(self.p.id, self.setup) };
    }

    /// A message arrived.
    pub fn on_message(&mut self, from: Actor, body: &Body) {
        let Actor::Broker(b) = from else { return };
        match body {
            Body::ProduceResponse { conn, parts } => self.on_response(b, *conn, parts),
            Body::MetadataResponse { conn, leaders } => {
                let me = self.me();
                self.p.meta.on_response(b, *conn, leaders, (me, self.setup), self.out);
                self.p.parts.resize(self.p.meta.leaders.len(), PartQueue::default());
            }
            Body::Disconnect { conn } if *conn == self.p.meta.conn(b) => self.disconnected(b, ErrorCode::NetworkException),
            Body::Txn(t) => self.on_txn_response(b, t),
            _ => {}
        }
        self.pump();
    }

    /// A timer ran out.
    pub fn on_timer(&mut self, t: Timer) {
        match t {
            Timer::Linger(_, p) => {
                if let Some(q) = self.p.parts[p.ix()].queue.iter_mut().find(|q| !q.lingered) {
                    q.lingered = true;
                }
                self.settle_linger(p, None);
            }
            Timer::RetryBackoff(_, p) => self.p.parts[p.ix()].backing_off = false,
            Timer::RequestTimeout(_, b, _) => self.disconnected(b, ErrorCode::RequestTimedOut),
            Timer::MetadataBackoff(me) => self.p.meta.on_backoff(me, self.out),
            Timer::MetadataAge(me) => self.p.meta.on_age(me, self.out),
            Timer::Delivery(id) => self.expire(id),
            Timer::MaxBlock(_) => self.on_max_block(),
            Timer::Txn(TxnTimer::Backoff(_) | TxnTimer::ShortBackoff(_)) => self.on_txn_backoff(),
            _ => {}
        }
        self.pump();
    }

    // ---- sending

    /// prod.PB2 to PB4: sends whatever may be sent, at most one batch a partition in a request.
    pub(super) fn pump(&mut self) {
        self.unblock();
        self.run_calls();
        let full = |x: &(u16, &PartQueue)| !x.1.queue.is_empty();
        let waiting: SmallVec<[PartitionId; 8]> = (0..).zip(&self.p.parts).filter(full).map(|x| PartitionId(x.0)).collect();
        for b in self.setup.broker_ids() {
            while let Some(parts) = self.drain(b, &waiting) {
                self.request(b, parts);
            }
        }
        let unknown = |p: &PartitionId| {
            let part = &self.p.parts[p.ix()];
            !part.queue.is_empty() && !part.backing_off && self.p.meta.leader(*p).is_none()
        };
        if waiting.iter().any(unknown) {
            let me = self.me();
            if self.p.meta.state == MetaState::Idle {
                self.p.meta.back_off(me, self.out);
            }
        }
        self.ask_next();
        self.p.conns.retain(|c| !c.in_flight.is_empty() || c.next > 0);
        self.flushed();
    }

    /// The batches of `waiting` partitions that go into the next request to `b`; `None` if there is none or the connection is full.
    fn drain(&mut self, b: BrokerId, waiting: &[PartitionId]) -> Option<Request> {
        let (max, max_bytes) = (self.config().max_in_flight, self.config().max_request_bytes);
        let (out_there, first) = self.p.conns.iter().find(|c| c.broker == b).map_or((0, 0), |c| (c.in_flight.len(), c.next));
        if out_there >= max {
            return None;
        }
        let (mut parts, mut bytes, mut left_out): (Request, u64, u16) = (SmallVec::new(), 0, 0);
        let (before, after) = waiting.split_at(waiting.partition_point(|p| p.0 < first));
        for &p in after.iter().chain(before) {
            if self.p.meta.leader(p) == Some(b) && self.sendable(p) {
                bytes += self.p.parts[p.ix()].queue[0].wire_bytes();
                if bytes > max_bytes && !parts.is_empty() {
                    left_out = p.0; // prod.PB3: the largest batch goes alone, if it must
                    break;
                }
                let q = self.take_head(p);
                parts.push((p, q));
            }
        }
        if left_out != first {
            self.conn(b).next = left_out;
        }
        (!parts.is_empty()).then_some(parts)
    }

    /// prod.PB2, PB4.
    fn sendable(&self, p: PartitionId) -> bool {
        let part = &self.p.parts[p.ix()];
        let Some(head) = part.queue.first() else {
            return false;
        };
        let exhausted = !self.p.blocked.is_empty();
        let ready = head.lingered || head.sent || exhausted || part.queue.len() > 1 || head.bytes >= self.config().batch_bytes;
        if !(ready || self.flushing()) || part.backing_off || !self.transaction_allows(p, head.sent) {
            return false;
        }
        let mut flying = self.p.in_flight().filter(|f| f.1 == p).map(|f| f.2.batch);
        if self.config().max_in_flight == 1 {
            return flying.next().is_none(); // muted
        }
        match head.batch.seq {
            // A retry goes only if it is the oldest that is unanswered; batches of an older epoch must land first.
            Some(seq) => flying.all(|f| f.seq > Some(seq)),
            None => flying.all(|f| f.seq.is_none() || f.epoch == self.p.epoch),
        }
    }

    /// Takes the head of a queue; an idempotent batch gets its sequence when it first leaves (prod.PB3).
    fn take_head(&mut self, p: PartitionId) -> Queued {
        let (idempotent, epoch, pid) = (self.config().idempotence, self.p.epoch, self.p.pid());
        let part = &mut self.p.parts[p.ix()];
        let lingering = part.lingering();
        let mut q = part.queue.remove(0);
        q.lingered = true;
        if idempotent && q.batch.seq.is_none() {
            q.batch.seq = Some(part.next_seq);
            (q.batch.epoch, q.batch.pid) = (epoch, pid);
            part.next_seq += u32::from(q.batch.count);
        }
        self.settle_linger(p, lingering);
        q
    }

    /// `linger.ms` runs for the first batch that has not lingered yet; `was` is the one that it ran for. For a batch
    /// that stood behind it, the time starts over (Kafka counts from its creation; it could leave with the first).
    fn settle_linger(&mut self, p: PartitionId, was: Option<BatchId>) {
        let timer = Timer::Linger(self.p.id, p);
        match self.p.parts[p.ix()].lingering() {
            now if now == was => {}
            Some(_) => self.out.arm(timer),
            None => self.out.disarm(timer),
        }
    }

    fn request(&mut self, b: BrokerId, mut parts: Request) {
        let (me, acks) = (self.me(), self.config().acks);
        if let Some(t) = &mut self.p.txn {
            t.started = true;
        }
        for (p, q) in &mut parts {
            let (batch, partition) = (q.batch.id, *p);
            self.out.event(if q.sent {
                EventKind::BatchResent { batch, partition, broker: b }
            } else {
                EventKind::BatchSent { batch, partition, broker: b }
            });
            q.sent = true;
        }
        let gen_ = self.p.meta.conn(b);
        let conn = self.conn(b);
        let first = conn.in_flight.is_empty();
        if acks != Acks::None {
            conn.in_flight.push(parts.clone());
            if first {
                self.settle_timeout(b);
            }
        }
        let wire = parts.iter().map(|(p, q)| (*p, q.batch)).collect();
        self.out.send(me, Actor::Broker(b), Body::Produce { conn: gen_, acks, parts: wire });
        if acks == Acks::None {
            for (p, q) in parts {
                let guess = (!holds(Rule::AcksNone)).then_some(Offset::ZERO);
                self.succeed(p, &q, guess); // prod.A0: written to the socket is all that it asks for
            }
        }
    }

    fn conn(&mut self, b: BrokerId) -> &mut ProducerConn {
        let at = match self.p.conns.iter().position(|c| c.broker >= b) {
            Some(i) if self.p.conns[i].broker == b => i,
            before => {
                let at = before.unwrap_or(self.p.conns.len());
                self.p.conns.insert(at, ProducerConn { broker: b, in_flight: SmallVec::new(), next: 0 });
                at
            }
        };
        &mut self.p.conns[at]
    }

    // ---- answers

    /// Answers come in the order of the requests, so this one is for the oldest, unless a cut link took that one: then
    /// it stays out until its timeout.
    fn on_response(&mut self, b: BrokerId, conn: ConnGen, results: &[ProduceAnswer]) {
        let current = self.p.meta.conn(b) == conn;
        let c = self.conn(b);
        let answered = |r: &Request| r.iter().any(|(_, q)| results.iter().any(|x| x.1 == q.batch.id));
        // A request whose batches have all expired meanwhile is empty; nobody waits for it.
        let found = c.in_flight.iter().position(answered).or_else(|| c.in_flight.iter().position(|r| r.is_empty()));
        let Some(i) = found.filter(|_| current) else {
            return; // of a connection or a request that was given up
        };
        let request = c.in_flight.remove(i);
        if i == 0 {
            self.settle_timeout(b);
        }
        for (p, q) in request {
            // By batch, not by place: one that expired meanwhile is no part of the request any more.
            match results.iter().find(|r| r.1 == q.batch.id).map(|r| r.2) {
                Some(Ok(base)) => self.succeed(p, &q, Some(base)),
                Some(Err(error)) => self.failed(p, q, error),
                None => {}
            }
        }
    }

    /// `request.timeout.ms` towards `b` starts over while something is out there, for the oldest request of those left.
    fn settle_timeout(&mut self, b: BrokerId) {
        let timer = Timer::RequestTimeout(self.me(), b, RequestKind::Data);
        if self.conn(b).in_flight.is_empty() { self.out.disarm(timer) } else { self.out.arm(timer) }
    }

    /// The connection broke: nothing is known of what was out on it, oldest first (as Kafka's NetworkClient does).
    fn disconnected(&mut self, b: BrokerId, error: ErrorCode) {
        let me = self.me();
        self.p.meta.on_disconnect(b, me, self.out);
        self.coordinator_lost(b);
        self.out.disarm(Timer::RequestTimeout(me, b, RequestKind::Data));
        let Some(c) = self.p.conns.iter_mut().find(|c| c.broker == b) else {
            return;
        };
        let requests = std::mem::take(&mut c.in_flight);
        for (p, q) in requests.into_iter().flatten() {
            self.failed(p, q, error);
        }
        self.p.meta.refresh(me, self.out);
    }

    fn succeed(&mut self, partition: PartitionId, q: &Queued, offset: Option<Offset>) {
        self.out.disarm(Timer::Delivery(q.batch.id));
        self.out.event(EventKind::Acked { batch: q.batch.id, partition, offset });
    }

    /// prod.PB6: try again, or give up.
    fn failed(&mut self, p: PartitionId, mut q: Queued, error: ErrorCode) {
        let (me, id, retries) = (self.me(), self.p.id, self.config().retries);
        let batch = q.batch.id;
        let hopeless = matches!(
            error,
            ErrorCode::InvalidProducerEpoch
                | ErrorCode::InvalidProducerIdMapping
                | ErrorCode::InvalidTxnState
                | ErrorCode::TransactionAbortable
                | ErrorCode::InvalidRecord
                | ErrorCode::InvalidTimestamp
                | ErrorCode::MessageTooLarge
        );
        let gap = error == ErrorCode::OutOfOrderSequenceNumber && !self.earlier_unresolved(p, q.batch.seq);
        if hopeless || !holds(Rule::Retries) || q.attempts >= retries || gap && self.p.txn.is_some() {
            self.give_up(p, batch, error);
            if error == ErrorCode::InvalidProducerIdMapping {
                self.close(error); // txn.T8: its transactional.id is forgotten, and it can only be closed
            }
            return;
        }
        self.out.event(EventKind::AttemptFailed { batch, partition: p, error });
        if retries < i32::MAX as u32 {
            q.attempts += 1;
        }
        if gap {
            self.bump_epoch(&mut q, p);
        }
        self.requeue(p, q);
        let part = &mut self.p.parts[p.ix()];
        part.backing_off = true;
        self.out.timers.push(TimerOp::Arm(Timer::RetryBackoff(id, p), Base::Retry(batch)));
        if matches!(
            error,
            ErrorCode::NotLeaderOrFollower
                | ErrorCode::FencedLeaderEpoch
                | ErrorCode::UnknownLeaderEpoch
                | ErrorCode::UnknownTopicOrPartition
        ) {
            self.p.meta.refresh(me, self.out);
        }
    }

    /// Back to the head of its queue; by sequence with idempotence, simply first without (which is how order is lost, P-A2).
    fn requeue(&mut self, p: PartitionId, q: Queued) {
        let queue = &mut self.p.parts[p.ix()].queue;
        let at = match q.batch.seq {
            None if holds(Rule::RetryOrder) => 0,
            Some(s) if holds(Rule::RetryOrder) => queue.iter().position(|x| x.batch.seq.is_none_or(|y| y > s)).unwrap_or(queue.len()),
            _ => queue.len(),
        };
        queue.insert(at, q);
    }

    fn earlier_unresolved(&self, p: PartitionId, seq: Option<u32>) -> bool {
        let queued = self.p.parts[p.ix()].queue.iter().map(|q| q.batch);
        let flying = self.p.in_flight().filter(|f| f.1 == p).map(|f| f.2.batch);
        queued.chain(flying).any(|b| b.seq.is_some() && b.seq < seq)
    }

    /// prod.D8: a new epoch of its own; what is unanswered of this partition is numbered from 0 again.
    fn bump_epoch(&mut self, q: &mut Queued, p: PartitionId) {
        self.p.epoch += 1;
        let epoch = self.p.epoch;
        let part = &mut self.p.parts[p.ix()];
        // Those in flight too: their requests carry the old numbers, are refused, and come back with the new ones.
        let flying = self.p.conns.iter_mut().flat_map(|c| c.in_flight.iter_mut().flatten()).filter(|x| x.0 == p).map(|x| &mut x.1.batch);
        let waiting = part.queue.iter_mut().map(|x| &mut x.batch);
        let mut all: SmallVec<[&mut Batch; 8]> = waiting.chain(flying).filter(|b| b.seq.is_some()).collect();
        all.push(&mut q.batch);
        order::sort_by_key(&mut all, |b| (b.epoch, b.seq));
        let mut next = 0;
        for b in all {
            (b.epoch, b.seq) = (epoch, Some(next));
            next += u32::from(b.count);
        }
        part.next_seq = next;
        for (_, other) in self.p.parts.iter_mut().enumerate().filter(|(i, _)| *i != p.ix()) {
            if other.queue.iter().all(|x| x.batch.seq.is_none()) {
                other.next_seq = 0;
            }
        }
    }

    /// prod.PB5: `delivery.timeout.ms` ran out, wherever the batch is. It may have been appended all the same.
    fn expire(&mut self, id: BatchId) {
        for i in 0..self.p.parts.len() {
            let p = PartitionId(i as u16);
            if let Some(at) = self.p.parts[i].queue.iter().position(|q| q.batch.id == id) {
                self.take_from_queue(p, at);
                return self.give_up(p, id, ErrorCode::Timeout);
            }
        }
        let flying = self.p.in_flight().find(|f| f.2.batch.id == id).map(|f| (f.0, f.1));
        if let Some((b, p)) = flying {
            // The request stays out; the batch in it is no longer waited for.
            let c = self.conn(b);
            for r in &mut c.in_flight {
                r.retain(|(_, q)| q.batch.id != id);
            }
            if c.in_flight.iter().all(|r| r.is_empty()) {
                c.in_flight.clear();
                let me = self.me();
                self.p.meta.on_disconnect(b, me, self.out);
                self.settle_timeout(b);
            }
            self.give_up(p, id, ErrorCode::Timeout);
        }
    }

    /// Takes a batch away that will not be sent.
    pub(super) fn take_from_queue(&mut self, p: PartitionId, at: usize) -> BatchId {
        let lingering = self.p.parts[p.ix()].lingering();
        let q = self.p.parts[p.ix()].queue.remove(at);
        self.settle_linger(p, lingering);
        q.batch.id
    }

    /// Gives up on everything.
    pub(super) fn abandon(&mut self, error: ErrorCode) {
        self.abandon_blocked(error);
        let me = self.me();
        for i in 0..self.p.parts.len() {
            let p = PartitionId(i as u16);
            while !self.p.parts[i].queue.is_empty() {
                let batch = self.take_from_queue(p, 0);
                self.give_up(p, batch, error);
            }
        }
        for i in 0..self.p.conns.len() {
            let b = self.p.conns[i].broker;
            let requests = std::mem::take(&mut self.p.conns[i].in_flight);
            if !requests.is_empty() {
                self.settle_timeout(b);
                self.p.meta.on_disconnect(b, me, self.out);
            }
            for (p, q) in requests.into_iter().flatten() {
                self.give_up(p, q.batch.id, error);
            }
        }
    }

    fn give_up(&mut self, partition: PartitionId, batch: BatchId, error: ErrorCode) {
        self.out.disarm(Timer::Delivery(batch));
        self.out.event(EventKind::SendFailed { batch, partition, error });
        self.send_failed(error);
    }

    /// What its application does about a record that was not sent.
    pub(super) fn send_failed(&mut self, error: ErrorCode) {
        if self.p.txn.is_some() {
            self.fail_transaction(error);
        } else if let Some(c) = self.config().app.filter(|c| self.setup.consumers[c.ix()].streams.is_some()) {
            // Nothing is committed past an output that failed: the thread ends with an exception, and the client with it.
            self.out.call(AppCall::Returned(c, Returned::Fatal));
        }
    }
}

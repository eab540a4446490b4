//! A producer client: accumulator, in-flight requests, retries, sequence numbers (rule book 2.3, 2.5).

use super::client::{ClientMeta, MetaState};
use super::log::Batch;
use super::message::{Acks, Body, ConnGen, ProduceAnswer};
use super::setup::{ProducerSetup, Setup};
use super::step::{Out, RequestKind, Timer};
use crate::event::{ErrorCode, EventKind};
use crate::ids::*;
use smallvec::SmallVec;

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
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
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
    /// Connections that it has used.
    pub conns: SmallVec<[ProducerConn; 1]>,
    /// `producerEpoch`.
    pub epoch: u16,
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
        let empty = PartQueue { queue: SmallVec::new(), next_seq: 0, backing_off: false };
        Producer {
            id,
            meta: ClientMeta::settled(setup),
            parts: setup.partition_ids().map(|_| empty.clone()).collect(),
            conns: SmallVec::new(),
            epoch: 0,
            records: 0,
            batches: 0,
        }
    }

    /// Batches that are out, over all connections.
    pub fn in_flight(&self) -> impl Iterator<Item = (BrokerId, PartitionId, &Queued)> {
        self.conns.iter().flat_map(|c| c.in_flight.iter().flatten().map(move |(p, q)| (c.broker, *p, q)))
    }

    pub(super) fn awaits(&self, b: BrokerId) -> bool {
        self.meta.state == MetaState::Asked(b) || self.conns.iter().any(|c| c.broker == b && !c.in_flight.is_empty())
    }

    /// Every timer that its state implies.
    pub fn armed(&self, f: &mut impl FnMut(Timer)) {
        let me = Actor::Producer(self.id);
        if self.meta.state == MetaState::Backoff {
            f(Timer::MetadataBackoff(me));
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
    }
}

impl ProducerCx<'_> {
    fn me(&self) -> Actor {
        Actor::Producer(self.p.id)
    }

    fn config(&self) -> &ProducerSetup {
        &self.setup.producers[self.p.id.ix()]
    }

    /// prod.PB1: the application calls `send()`. Says which batch took the record.
    pub fn send(&mut self, partition: PartitionId, bytes: u32) -> BatchId {
        let id = self.p.id;
        let record = RecordId { producer: id, n: self.p.records };
        self.p.records += 1;
        self.out.event(EventKind::RecordSent { record, partition });
        let (limit, lingered) = (self.config().batch_bytes, self.config().no_linger);
        let queue = &mut self.p.parts[partition.ix()].queue;
        let fits = queue.last().is_some_and(|q| !q.sent && q.bytes + bytes <= limit);
        if !fits {
            let batch = Batch { id: BatchId { producer: id, n: self.p.batches }, count: 0, epoch: 0, seq: None };
            self.p.batches += 1;
            if !lingered && queue.iter().all(|q| q.lingered) {
                self.out.arm(Timer::Linger(id, partition));
            }
            queue.push(Queued { batch, bytes: 0, lingered, sent: false, attempts: 0 });
            self.out.arm(Timer::Delivery(batch.id));
        }
        let last = queue.last_mut().expect("one was pushed if there was none");
        last.batch.count += 1;
        last.bytes += bytes;
        let batch = last.batch.id;
        self.out.event(EventKind::Batched { record, batch, partition });
        self.pump();
        batch
    }

    /// A message arrived.
    pub fn on_message(&mut self, from: Actor, body: &Body) {
        let Actor::Broker(b) = from else { return };
        match body {
            Body::ProduceResponse { conn, parts } => self.on_response(b, *conn, parts),
            Body::MetadataResponse { conn, leaders } => {
                let me = self.me();
                self.p.meta.on_response(b, *conn, leaders, me, self.out);
            }
            Body::Disconnect { conn } if *conn == self.p.meta.conn(b) => self.disconnected(b, ErrorCode::NetworkException),
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
            Timer::Delivery(id) => self.expire(id),
            _ => {}
        }
        self.pump();
    }

    // ---- sending

    /// prod.PB2 to PB4: sends whatever may be sent, at most one batch a partition in a request.
    fn pump(&mut self) {
        for b in self.setup.broker_ids() {
            while let Some(parts) = self.drain(b) {
                self.request(b, parts);
            }
        }
        let unknown = |(i, part): (usize, &PartQueue)| !part.queue.is_empty() && !part.backing_off && self.p.meta.leaders[i].0.is_none();
        if self.p.parts.iter().enumerate().any(unknown) {
            let me = self.me();
            if self.p.meta.state == MetaState::Idle {
                self.p.meta.back_off(me, self.out);
            }
        }
    }

    /// The batches that go into the next request to `b`; `None` if there is none or the connection is full.
    fn drain(&mut self, b: BrokerId) -> Option<Request> {
        let max = self.config().max_in_flight;
        let out_there = self.p.conns.iter().find(|c| c.broker == b).map_or(0, |c| c.in_flight.len());
        if out_there >= max {
            return None;
        }
        let mut parts = SmallVec::new();
        for i in 0..self.p.parts.len() {
            let p = PartitionId(i as u16);
            if self.p.meta.leader(p) == Some(b) && self.sendable(p) {
                let q = self.take_head(p);
                parts.push((p, q));
            }
        }
        (!parts.is_empty()).then_some(parts)
    }

    /// prod.PB2, PB4.
    fn sendable(&self, p: PartitionId) -> bool {
        let part = &self.p.parts[p.ix()];
        let Some(head) = part.queue.first() else {
            return false;
        };
        let ready = head.lingered || head.sent || part.queue.len() > 1 || head.bytes >= self.config().batch_bytes;
        if !ready || part.backing_off {
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
        let (idempotent, epoch) = (self.config().idempotence, self.p.epoch);
        let part = &mut self.p.parts[p.ix()];
        let lingering = part.lingering();
        let mut q = part.queue.remove(0);
        q.lingered = true;
        if idempotent && q.batch.seq.is_none() {
            q.batch.seq = Some(part.next_seq);
            q.batch.epoch = epoch;
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
                self.succeed(p, &q, None); // prod.A0: written to the socket is all that it asks for
            }
        }
    }

    fn conn(&mut self, b: BrokerId) -> &mut ProducerConn {
        let at = match self.p.conns.iter().position(|c| c.broker == b) {
            Some(i) => i,
            None => {
                self.p.conns.push(ProducerConn { broker: b, in_flight: SmallVec::new() });
                self.p.conns.len() - 1
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
        if matches!(error, ErrorCode::InvalidProducerEpoch) || q.attempts >= retries {
            return self.give_up(p, batch, error);
        }
        self.out.event(EventKind::AttemptFailed { batch, partition: p, error });
        if retries < i32::MAX as u32 {
            q.attempts += 1;
        }
        if error == ErrorCode::OutOfOrderSequenceNumber && !self.earlier_unresolved(p, q.batch.seq) {
            self.bump_epoch(&mut q, p);
        }
        self.requeue(p, q);
        let part = &mut self.p.parts[p.ix()];
        part.backing_off = true;
        self.out.arm(Timer::RetryBackoff(id, p));
        if matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch | ErrorCode::UnknownLeaderEpoch) {
            self.p.meta.refresh(me, self.out);
        }
    }

    /// Back to the head of its queue; by sequence with idempotence, simply first without (which is how order is lost, P-A2).
    fn requeue(&mut self, p: PartitionId, q: Queued) {
        let queue = &mut self.p.parts[p.ix()].queue;
        let at = match q.batch.seq {
            None => 0,
            Some(s) => queue.iter().position(|x| x.batch.seq.is_none_or(|y| y > s)).unwrap_or(queue.len()),
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
        all.sort_by_key(|b| (b.epoch, b.seq));
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
                let lingering = self.p.parts[i].lingering();
                self.p.parts[i].queue.remove(at);
                self.settle_linger(p, lingering);
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

    fn give_up(&mut self, partition: PartitionId, batch: BatchId, error: ErrorCode) {
        self.out.disarm(Timer::Delivery(batch));
        self.out.event(EventKind::SendFailed { batch, partition, error });
    }
}

//! A consumer: the poll loop with position, commit and handler (rule book 5A).
//!
//! Simplified so far: the group was formed before the scene begins and keeps its assignment (one generation);
//! a crashed member's partitions wait for it.

use super::client::{ClientMeta, MetaState};
use super::message::{Body, ConnGen, FetchPart, Fetched, FetchedPart};
use super::setup::{CommitMode, ConsumerSetup, Setup};
use super::step::{AppCall, Out, RequestKind, Returned, Timer};
use super::transaction::Call;
use super::transaction::index::readable;
use crate::event::{ErrorCode, EventKind};
use crate::ids::*;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// A record in the consumer's buffer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Buffered {
    /// Of which partition.
    pub partition: PartitionId,
    /// Its offset.
    pub offset: Offset,
    /// Its batch.
    pub batch: BatchId,
    /// Its place in the batch.
    pub index: u16,
}

/// Where a consumer stands with its coordinator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Coordination {
    /// Nothing is out.
    Idle,
    /// Asked for the group's commits; does not fetch before it has them.
    FetchingOffsets,
    /// Sent a commit and waits (`commitSync`).
    Committing,
    /// Sent a commit and goes on (auto-commit).
    CommittingAsync,
}

/// State of a consumer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Consumer {
    /// Who.
    pub id: ConsumerIx,
    /// Does the process run?
    pub up: bool,
    /// Its metadata.
    pub meta: ClientMeta,
    /// For each assigned partition: the next offset that `poll()` returns; `None` before it is known.
    pub positions: SmallVec<[Option<Offset>; 2]>,
    /// For each assigned partition: up to where records are buffered.
    pub fetched: SmallVec<[Offset; 2]>,
    /// Records that were fetched, not yet returned by `poll()`.
    pub buffer: VecDeque<Buffered>,
    /// Records that `poll()` returned, not yet handled.
    pub work: VecDeque<Buffered>,
    /// Leaders with a fetch out.
    pub fetching: SmallVec<[BrokerId; 1]>,
    /// What it wants of the coordinator.
    pub coordination: Coordination,
    /// The coordinator that was asked and has not answered; `None` while it waits to ask again.
    pub asked: Option<BrokerId>,
    /// Everything that `poll()` returned is handled; the application is about to call `commitSync`.
    pub about_to_commit: bool,
    /// `auto.commit.interval.ms` is over.
    pub commit_due: bool,
    /// Waits for `retry.backoff.ms`.
    pub backing_off: bool,
    /// The application waits for its producer, and does not poll: `initTransactions()`, `commitTransaction()`, `flush()`.
    pub waits_for_producer: bool,
}

/// The consumer at work.
pub(super) struct ConsumerCx<'a> {
    pub c: &'a mut Consumer,
    pub setup: &'a Setup,
    pub out: &'a mut Out,
}

impl Consumer {
    /// A consumer that starts.
    pub fn new(id: ConsumerIx, setup: &Setup) -> Self {
        let n = setup.consumers[id.ix()].assigned.len();
        Consumer {
            id,
            up: false,
            meta: ClientMeta::settled(setup),
            positions: SmallVec::from_elem(None, n),
            fetched: SmallVec::from_elem(Offset::ZERO, n),
            buffer: VecDeque::new(),
            work: VecDeque::new(),
            fetching: SmallVec::new(),
            coordination: Coordination::Idle,
            asked: None,
            about_to_commit: false,
            commit_due: false,
            backing_off: false,
            waits_for_producer: false,
        }
    }

    /// Is a request to `b` out?
    pub(super) fn awaits(&self, b: BrokerId) -> bool {
        self.up && (self.meta.state == MetaState::Asked(b) || self.fetching.contains(&b) || self.asked == Some(b))
    }

    /// Every timer that its state implies.
    pub fn armed(&self, setup: &Setup, f: &mut impl FnMut(Timer)) {
        if !self.up {
            return;
        }
        let me = Actor::Consumer(self.id);
        if self.meta.state == MetaState::Backoff {
            f(Timer::MetadataBackoff(me));
        }
        if self.backing_off {
            f(Timer::ConsumerBackoff(self.id));
        }
        if !self.work.is_empty() && self.coordination != Coordination::Committing {
            f(Timer::Handling(self.id));
        }
        if self.about_to_commit {
            f(Timer::CommitCall(self.id));
        }
        if setup.consumers[self.id.ix()].commit == CommitMode::Auto && !self.commit_due {
            f(Timer::AutoCommit(self.id));
        }
        if let MetaState::Asked(b) = self.meta.state {
            f(Timer::RequestTimeout(me, b, RequestKind::Metadata));
        }
        if let Some(b) = self.asked {
            f(Timer::RequestTimeout(me, b, RequestKind::Coordinator));
        }
        for b in &self.fetching {
            f(Timer::RequestTimeout(me, *b, RequestKind::Data));
        }
    }
}

impl ConsumerCx<'_> {
    fn me(&self) -> Actor {
        Actor::Consumer(self.c.id)
    }

    fn config(&self) -> &ConsumerSetup {
        &self.setup.consumers[self.c.id.ix()]
    }

    /// The process starts: it knows nothing but its configs.
    pub fn start(&mut self) {
        // Bootstrap: as fresh as what it knew, which saves the first round of metadata (badge).
        self.c.up = true;
        self.out.event(EventKind::ConsumerStarted { consumer: self.c.id });
        if self.config().commit == CommitMode::Auto {
            self.out.arm(Timer::AutoCommit(self.c.id));
        }
        if let Some(o) = self.config().output {
            self.c.waits_for_producer = self.config().commit == CommitMode::Transaction;
            self.out.call(AppCall::Init(o.producer));
        }
        self.go_on();
    }

    /// A blocking call of the application's producer returned.
    pub fn returned(&mut self, r: Returned) {
        let waited = std::mem::take(&mut self.c.waits_for_producer);
        match r {
            Returned::Done if waited && self.config().commit == CommitMode::AfterHandling => {
                self.c.about_to_commit = true;
                self.out.arm(Timer::CommitCall(self.c.id));
            }
            Returned::Aborted => self.rewind(),
            Returned::Done | Returned::Committed | Returned::Fatal => {}
        }
        self.go_on();
    }

    /// What was read in the aborted transaction is read again, from the group's commits on.
    fn rewind(&mut self) {
        self.c.buffer.clear();
        self.c.positions.iter_mut().for_each(|p| *p = None);
    }

    /// The process dies. What it had fetched and not committed is forgotten.
    pub fn crash(&mut self) {
        let mut timers = Vec::new();
        self.c.armed(self.setup, &mut |t| timers.push(t));
        timers.into_iter().for_each(|t| self.out.disarm(t));
        let mut meta = self.c.meta.clone();
        meta.state = MetaState::Idle;
        meta.conns.iter_mut().for_each(|c| *c = c.next());
        *self.c = Consumer { meta, ..Consumer::new(self.c.id, self.setup) };
        self.out.event(EventKind::ConsumerCrashed { consumer: self.c.id });
    }

    /// A message arrived.
    pub fn on_message(&mut self, from: Actor, body: &Body) {
        let Actor::Broker(b) = from else { return };
        if !self.c.up {
            return;
        }
        match body {
            Body::ConsumerFetchResponse { conn, parts } => self.on_fetched(b, *conn, parts),
            Body::OffsetFetchResponse { conn, result } if *conn == self.c.meta.conn(b) => self.on_offsets(b, result),
            Body::OffsetCommitResponse { conn, result, .. } if *conn == self.c.meta.conn(b) => self.on_committed(b, *result),
            Body::MetadataResponse { conn, leaders } => {
                let me = self.me();
                self.c.meta.on_response(b, *conn, leaders, me, self.out);
            }
            Body::Disconnect { conn } if *conn == self.c.meta.conn(b) => self.disconnected(b),
            _ => {}
        }
        self.go_on();
    }

    /// A timer ran out.
    pub fn on_timer(&mut self, t: Timer) {
        match t {
            Timer::Handling(_) => self.handled(),
            Timer::CommitCall(_) => {
                self.c.about_to_commit = false;
                match self.config().output {
                    Some(o) if self.config().commit == CommitMode::Transaction => self.commit_transaction(o.producer),
                    _ => self.commit(Coordination::Committing),
                }
            }
            Timer::ConsumerBackoff(_) => self.c.backing_off = false,
            Timer::MetadataBackoff(me) => self.c.meta.on_backoff(me, self.out),
            Timer::RequestTimeout(_, b, _) => self.disconnected(b),
            Timer::AutoCommit(_) => self.c.commit_due = true,
            _ => {}
        }
        self.go_on();
    }

    // ---- the loop

    /// Does the next things that can be done: the coordinator first, then poll, then fetch.
    fn go_on(&mut self) {
        if self.c.asked.is_none() && !self.c.backing_off {
            match self.c.coordination {
                Coordination::Idle | Coordination::FetchingOffsets if self.c.positions.iter().any(Option::is_none) => self.fetch_offsets(),
                Coordination::Committing => self.commit(Coordination::Committing),
                _ => {}
            }
        }
        self.poll();
        self.fetch();
    }

    /// Sends a request to the coordinator, as far as it is known.
    fn ask_coordinator(&mut self, what: Coordination, body: impl FnOnce(ConnGen) -> Body) {
        let me = self.me();
        self.c.coordination = what;
        match self.coordinator() {
            Some(b) => {
                self.c.asked = Some(b);
                let body = body(self.c.meta.conn(b));
                self.out.send(me, Actor::Broker(b), body);
                self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Coordinator));
            }
            None => self.retry_later(),
        }
    }

    fn coordinator(&self) -> Option<BrokerId> {
        self.c.meta.leader(self.setup.groups[self.config().group.ix()].coordinator)
    }

    /// cons.K2: where did the group get to?
    fn fetch_offsets(&mut self) {
        let group = self.config().group;
        self.ask_coordinator(Coordination::FetchingOffsets, |conn| Body::OffsetFetch { conn, group });
    }

    fn on_offsets(&mut self, b: BrokerId, result: &Result<SmallVec<[(PartitionId, Offset); 1]>, ErrorCode>) {
        if self.c.coordination != Coordination::FetchingOffsets || self.c.asked != Some(b) {
            return;
        }
        (self.c.coordination, self.c.asked) = (Coordination::Idle, None);
        self.answered(b, RequestKind::Coordinator);
        let Ok(committed) = result else {
            return self.retry_later();
        };
        for i in 0..self.c.positions.len() {
            let partition = self.config().assigned[i];
            let found = committed.iter().find(|x| x.0 == partition).map(|x| x.1);
            let to = found.unwrap_or(Offset::ZERO); // `earliest`, the only policy so far; no log loses its beginning yet
            if self.c.positions[i].is_none() {
                self.c.positions[i] = Some(to);
                self.c.fetched[i] = to;
                self.out.event(EventKind::PositionReset { consumer: self.c.id, partition, to, committed: found.is_some() });
            }
        }
    }

    /// cons.K1: returns up to `max.poll.records`; the position moves past them.
    fn poll(&mut self) {
        let c = &mut *self.c;
        if !c.work.is_empty() || c.about_to_commit || c.coordination == Coordination::Committing || c.waits_for_producer {
            return;
        }
        if c.commit_due && c.coordination == Coordination::Idle && !c.backing_off && c.positions.iter().all(Option::is_some) {
            c.commit_due = false;
            self.out.arm(Timer::AutoCommit(c.id));
            self.commit(Coordination::CommittingAsync); // cons.K5
        }
        let n = self.c.buffer.len().min(self.config().max_poll_records as usize);
        if n == 0 {
            return;
        }
        let polled: VecDeque<Buffered> = self.c.buffer.drain(..n).collect();
        for i in 0..self.c.positions.len() {
            let partition = self.config().assigned[i];
            let (Some(from), Some(last)) = (self.c.positions[i], polled.iter().rfind(|r| r.partition == partition)) else {
                continue;
            };
            // Past control batches and aborted ones too (txn.M6), if nothing else is buffered.
            let more = self.c.buffer.iter().any(|r| r.partition == partition);
            let to = if more { last.offset.plus(1) } else { self.c.fetched[i] };
            self.c.positions[i] = Some(to);
            let records = polled.iter().filter(|r| r.partition == partition).count() as u32;
            self.out.event(EventKind::Polled { consumer: self.c.id, partition, from, to, records });
        }
        self.c.work = polled;
        if self.config().commit == CommitMode::BeforeHandling {
            self.commit(Coordination::Committing);
        } else {
            self.out.arm(Timer::Handling(self.c.id));
        }
    }

    /// The application is done with a record.
    fn handled(&mut self) {
        let Some(r) = self.c.work.pop_front() else {
            return;
        };
        self.out.event(EventKind::Handled {
            consumer: self.c.id,
            partition: r.partition,
            offset: r.offset,
            batch: r.batch,
            index: r.index,
        });
        if let Some(o) = self.config().output {
            let partition = self.setup.output_partition(&o, r.partition);
            self.out.call(AppCall::Send { producer: o.producer, partition, source: (r.batch, r.index) });
        }
        if !self.c.work.is_empty() {
            self.out.arm(Timer::Handling(self.c.id));
            return;
        }
        match (self.config().commit, self.config().output) {
            (CommitMode::AfterHandling, Some(o)) => {
                self.c.waits_for_producer = true;
                self.out.call(AppCall::Flush(o.producer));
            }
            (CommitMode::AfterHandling | CommitMode::Transaction, _) => {
                self.c.about_to_commit = true;
                self.out.arm(Timer::CommitCall(self.c.id));
            }
            _ => {}
        }
    }

    /// txn.T4: `sendOffsetsToTransaction()`, then `commitTransaction()`.
    fn commit_transaction(&mut self, producer: ProducerIx) {
        let assigned = self.config().assigned.iter().zip(&self.c.positions);
        let offsets = assigned.filter_map(|(p, at)| Some((*p, (*at)?))).collect();
        self.c.waits_for_producer = true;
        self.out.call(AppCall::Call(producer, Call::Offsets(self.config().group, offsets)));
        self.out.call(AppCall::Call(producer, Call::End { commit: true }));
    }

    // ---- commits

    fn commit(&mut self, how: Coordination) {
        let group = self.config().group;
        let offsets = self.config().assigned.iter().zip(&self.c.positions).filter_map(|(p, at)| Some((*p, (*at)?))).collect();
        self.ask_coordinator(how, |conn| Body::OffsetCommit { conn, group, offsets });
    }

    /// cons.K6: `commitSync` tries again; an asynchronous commit does not.
    fn on_committed(&mut self, b: BrokerId, result: Result<(), ErrorCode>) {
        if !matches!(self.c.coordination, Coordination::Committing | Coordination::CommittingAsync) || self.c.asked != Some(b) {
            return;
        }
        let was = self.c.coordination;
        self.c.asked = None;
        self.answered(b, RequestKind::Coordinator);
        if result.is_err() {
            self.give_up_async();
            return self.retry_later();
        }
        self.c.coordination = Coordination::Idle;
        if was == Coordination::Committing && !self.c.work.is_empty() {
            self.out.arm(Timer::Handling(self.c.id)); // committed before handling
        }
    }

    fn give_up_async(&mut self) {
        if self.c.coordination == Coordination::CommittingAsync {
            self.c.coordination = Coordination::Idle;
        }
    }

    fn retry_later(&mut self) {
        let me = self.me();
        self.c.meta.refresh(me, self.out);
        if !self.c.backing_off {
            self.c.backing_off = true;
            self.out.arm(Timer::ConsumerBackoff(self.c.id));
        }
    }

    // ---- fetching

    /// One fetch a leader, while the buffer is not full.
    fn fetch(&mut self) {
        let me = self.me();
        if self.c.backing_off || self.c.buffer.len() >= self.config().max_poll_records as usize {
            return;
        }
        let mut unknown = false;
        for b in self.setup.broker_ids() {
            if self.c.fetching.contains(&b) {
                continue;
            }
            let mut parts: SmallVec<[FetchPart; 1]> = SmallVec::new();
            for (i, &partition) in self.setup.consumers[self.c.id.ix()].assigned.iter().enumerate() {
                let (leader, le) = self.c.meta.leaders[partition.ix()];
                unknown |= leader.is_none();
                if leader == Some(b) && self.c.positions[i].is_some() {
                    parts.push(FetchPart { partition, le, offset: self.c.fetched[i], last_epoch: None });
                }
            }
            if !parts.is_empty() {
                self.c.fetching.push(b);
                self.out.send(me, Actor::Broker(b), Body::ConsumerFetch { conn: self.c.meta.conn(b), parts });
                self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Data));
            }
        }
        if unknown && self.c.meta.state == MetaState::Idle {
            self.c.meta.back_off(me, self.out);
        }
    }

    fn on_fetched(&mut self, b: BrokerId, conn: ConnGen, parts: &[FetchedPart]) {
        let Some(i) = self.c.fetching.iter().position(|f| *f == b && self.c.meta.conn(b) == conn) else {
            return;
        };
        self.c.fetching.remove(i);
        self.answered(b, RequestKind::Data);
        for part in parts {
            let Some(i) = self.config().assigned.iter().position(|p| *p == part.partition) else {
                continue;
            };
            match &part.answer {
                Fetched::Data { entries, aborted, .. } if part.offset == self.c.fetched[i] && self.c.positions[i].is_some() => {
                    let before = self.c.fetched[i];
                    for e in readable(entries, aborted) {
                        let Some((batch, first, count)) = e.payload.records() else {
                            continue;
                        };
                        for n in 0..count {
                            let offset = e.base.plus(u32::from(n));
                            if offset >= self.c.fetched[i] {
                                self.c.buffer.push_back(Buffered { partition: part.partition, offset, batch, index: first + n });
                            }
                        }
                        self.c.fetched[i] = e.end();
                    }
                    if let Some(last) = entries.last() {
                        self.skip(i, before, last.end());
                    }
                }
                Fetched::OutOfRange { start, .. } => self.reset(i, *start),
                Fetched::Error(_) => self.retry_later(),
                _ => {}
            }
        }
    }

    /// txn.M6: a position that waits at a control batch or an aborted one moves past it.
    fn skip(&mut self, i: usize, before: Offset, end: Offset) {
        let partition = self.config().assigned[i];
        self.c.fetched[i] = end;
        if self.c.positions[i] == Some(before) && !self.c.buffer.iter().any(|r| r.partition == partition) {
            self.c.positions[i] = Some(end);
        }
    }

    /// cons.K3: the position is not in the leader's log: `auto.offset.reset=earliest`, the only policy so far.
    fn reset(&mut self, i: usize, to: Offset) {
        let partition = self.config().assigned[i];
        self.c.buffer.retain(|r| r.partition != partition);
        self.c.positions[i] = Some(to);
        self.c.fetched[i] = to;
        self.out.event(EventKind::PositionReset { consumer: self.c.id, partition, to, committed: false });
    }

    // ---- connections

    /// An answer came: its clock stops.
    fn answered(&mut self, b: BrokerId, kind: RequestKind) {
        let me = self.me();
        self.out.disarm(Timer::RequestTimeout(me, b, kind));
    }

    fn disconnected(&mut self, b: BrokerId) {
        let me = self.me();
        self.c.meta.on_disconnect(b, me, self.out);
        self.c.fetching.retain(|f| *f != b);
        if self.c.asked == Some(b) {
            self.c.asked = None;
            self.answered(b, RequestKind::Coordinator);
            self.give_up_async();
        }
        self.answered(b, RequestKind::Data);
        self.retry_later();
    }
}

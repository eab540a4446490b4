//! A consumer: its state, its life and the poll loop with position and handler (rule book 5A). Its membership in a group is in
//! [`super::group::membership`], where it begins to read in [`super::positions`].

mod commits;
mod fetches;

use super::OUTPUT_BYTES;
use super::client::{ClientMeta, MetaState};
use super::group::consumer::ConsumerGroup;
use super::group::membership::{self, Membership, Phase};
use super::log::records::{RecordData, RecordTable};
use super::message::Body;
use super::setup::{CommitMode, ConsumerSetup, GroupProtocol, Setup};
use super::share::client::ShareSession;
use super::step::{AppCall, Out, RequestKind, Returned, Timer};
use super::streams::Thread;
use crate::event::{EventKind, GroupEvent};
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
    /// The leader epoch that it was appended in.
    pub epoch: LeaderEpoch,
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

/// A partition that a consumer reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Share {
    /// Which.
    pub partition: PartitionId,
    /// The next offset that `poll()` returns; `None` before it is known.
    pub position: Option<Offset>,
    /// Up to where records are buffered.
    pub fetched: Offset,
    /// There is no commit to start from: its leader is asked where `auto.offset.reset` leads.
    pub reset: bool,
    /// The follower that its leader sent it to (repl.3.9).
    pub read_replica: Option<BrokerId>,
    /// The leader epoch of the last record that `poll()` returned; `None` after a reset, or where the group's commits said
    /// where to begin: then there is nothing to compare.
    pub epoch: Option<LeaderEpoch>,
    /// Its leader has changed: the position is compared with the log of the new one before anything is fetched there (cons.K4).
    pub validating: bool,
}

impl Share {
    /// A partition that it has just been given.
    pub fn new(partition: PartitionId) -> Self {
        Share { partition, position: None, fetched: Offset::ZERO, reset: false, read_replica: None, epoch: None, validating: false }
    }
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
    /// Its place in its group.
    pub member: Membership,
    /// The partitions that it has, by id.
    pub assigned: SmallVec<[Share; 2]>,
    /// Records that were fetched, not yet returned by `poll()`.
    pub buffer: VecDeque<Buffered>,
    /// Records that `poll()` returned, not yet handled.
    pub work: VecDeque<Buffered>,
    /// Leaders with a fetch out.
    pub fetching: SmallVec<[BrokerId; 1]>,
    /// Leaders that were asked for offsets.
    pub listing: SmallVec<[BrokerId; 1]>,
    /// Leaders that were asked where the epochs of positions end.
    pub validating: SmallVec<[BrokerId; 1]>,
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
    /// Its tasks, if it is a Streams thread.
    pub streams: Option<Box<Thread>>,
    /// What it has to say of records, if it is a share consumer and has something to say.
    pub share: Option<Box<ShareSession>>,
}

/// The consumer at work.
pub(super) struct ConsumerCx<'a> {
    pub c: &'a mut Consumer,
    pub setup: &'a Setup,
    pub data: &'a RecordTable,
    pub out: &'a mut Out,
}

impl Consumer {
    /// A process that is not running yet and belongs to no group, unless that never changes. `lives` ids are used up.
    pub fn new(id: ConsumerIx, setup: &Setup, lives: u16) -> Self {
        let spec = &setup.consumers[id.ix()];
        let protocol = setup.groups[spec.group.ix()].protocol;
        let fixed = protocol == GroupProtocol::Fixed;
        let member = match protocol {
            GroupProtocol::Fixed => Membership::new(Phase::Fixed, lives),
            GroupProtocol::Classic => Membership::new(Phase::Unjoined, lives),
            GroupProtocol::Consumer | GroupProtocol::Share => Membership::joining(lives),
        };
        Consumer {
            id,
            up: false,
            meta: ClientMeta::settled(setup),
            member,
            assigned: if fixed { spec.assigned.iter().map(|p| Share::new(*p)).collect() } else { SmallVec::new() },
            buffer: VecDeque::new(),
            work: VecDeque::new(),
            fetching: SmallVec::new(),
            listing: SmallVec::new(),
            validating: SmallVec::new(),
            coordination: Coordination::Idle,
            asked: None,
            about_to_commit: false,
            commit_due: false,
            backing_off: false,
            waits_for_producer: false,
            streams: spec.streams.as_ref().map(|_| Box::default()),
            share: None,
        }
    }

    /// A consumer of a group that was formed before the scene begins.
    pub fn settled(id: ConsumerIx, setup: &Setup) -> Self {
        let mut c = Consumer::new(id, setup, 0);
        let spec = &setup.consumers[id.ix()];
        if c.member.phase != Phase::Fixed && spec.starts {
            c.member = Membership::settled(id);
            c.assigned = spec.assigned.iter().map(|p| Share::new(*p)).collect();
            let leads = setup.consumers.iter().position(|x| x.group == spec.group && x.starts) == Some(id.ix());
            c.member.covers = leads.then_some(setup.partitions.len() as u16);
            if setup.groups[spec.group.ix()].protocol != GroupProtocol::Classic {
                c.member.generation = ConsumerGroup::settled(setup, spec.group).epoch as u32;
                c.member.metadata = c.member.credentials();
                c.member.told = Some(spec.assigned.clone());
            }
        }
        c
    }

    /// Its partitions.
    pub fn partitions(&self) -> impl Iterator<Item = PartitionId> {
        self.assigned.iter().map(|s| s.partition)
    }

    /// The next offset of a partition that `poll()` returns, if it has it and knows.
    pub fn position(&self, p: PartitionId) -> Option<Offset> {
        self.assigned.iter().find(|s| s.partition == p)?.position
    }

    /// Whom it asks for records of a partition: the leader, or the follower that the leader named.
    pub fn reads_from(&self, p: PartitionId) -> Option<BrokerId> {
        let named = self.assigned.iter().find(|s| s.partition == p).and_then(|s| s.read_replica);
        self.meta.leader(p).map(|leader| named.unwrap_or(leader))
    }

    pub(super) fn knows_positions(&self) -> bool {
        self.assigned.iter().any(|s| s.position.is_some())
    }

    /// Is the application busy with what `poll()` returned, or waiting for its own commit?
    pub(super) fn busy(&self) -> bool {
        let waits = self.coordination == Coordination::Committing || self.waits_for_producer;
        !self.work.is_empty() || self.about_to_commit || waits || self.share.as_ref().is_some_and(|s| !s.asked.is_empty())
    }

    /// `max.poll.interval.ms` counts.
    fn poll_interval_runs(&self) -> bool {
        self.up && self.member.phase != Phase::Fixed && self.busy() && !self.member.overdue
    }

    /// Is a request to `b` out?
    pub(super) fn awaits(&self, b: BrokerId) -> bool {
        let m = &self.member;
        let group = self.asked == Some(b)
            || m.asked == Some(b)
            || m.beating == Some(b)
            || self.share.as_ref().is_some_and(|s| s.asked.contains(&b))
            || self.validating.contains(&b);
        self.up && (self.meta.state == MetaState::Asked(b) || self.fetching.contains(&b) || self.listing.contains(&b) || group)
    }

    /// Every timer that its state implies.
    pub fn armed(&self, setup: &Setup, f: &mut impl FnMut(Timer)) {
        if !self.up {
            return;
        }
        let me = Actor::Consumer(self.id);
        membership::armed(&self.member, self.id, self.busy(), f);
        self.listing.iter().for_each(|b| f(Timer::RequestTimeout(me, *b, RequestKind::Offsets)));
        self.validating.iter().for_each(|b| f(Timer::RequestTimeout(me, *b, RequestKind::Epochs)));
        if self.meta.state == MetaState::Backoff {
            f(Timer::MetadataBackoff(me));
        }
        if self.meta.aging {
            f(Timer::MetadataAge(me));
        }
        if self.backing_off {
            f(Timer::ConsumerBackoff(self.id));
        }
        if !self.work.is_empty() && self.coordination != Coordination::Committing && !self.about_to_commit && !self.waits_for_producer {
            f(Timer::Handling(self.id));
        }
        if self.about_to_commit {
            f(Timer::CommitCall(self.id));
        }
        if setup.consumers[self.id.ix()].commit.is_timed() && !self.commit_due {
            f(Timer::AutoCommit(self.id));
        }
        if let MetaState::Asked(b) = self.meta.state {
            f(Timer::RequestTimeout(me, b, RequestKind::Metadata));
        }
        if let Some(b) = self.asked {
            f(Timer::RequestTimeout(me, b, RequestKind::Coordinator));
        }
        self.assigned.iter().filter(|s| s.read_replica.is_some()).for_each(|s| f(Timer::ReadReplica(self.id, s.partition)));
        let acknowledging = self.share.iter().flat_map(|s| &s.asked);
        for b in self.fetching.iter().chain(acknowledging) {
            f(Timer::RequestTimeout(me, *b, RequestKind::Data));
        }
    }
}

impl ConsumerCx<'_> {
    pub(super) fn me(&self) -> Actor {
        Actor::Consumer(self.c.id)
    }

    pub(super) fn config(&self) -> &ConsumerSetup {
        &self.setup.consumers[self.c.id.ix()]
    }

    /// The process starts: it knows nothing but its configs.
    pub fn start(&mut self) {
        // Bootstrap: as fresh as what it knew, which saves the first round of metadata where that says nothing new.
        self.c.up = true;
        let me = self.me();
        self.c.meta.catch_up(self.setup, me, self.out);
        self.out.event(EventKind::ConsumerStarted { consumer: self.c.id });
        if self.config().commit.is_timed() {
            self.out.arm(Timer::AutoCommit(self.c.id));
        }
        if self.c.member.beats() {
            self.out.arm(Timer::GroupHeartbeat(self.c.id)); // of the group that has formed before
        }
        if let Some(o) = self.config().output.filter(|_| self.c.streams.is_none()) {
            self.c.waits_for_producer = self.config().commit == CommitMode::Transaction;
            self.out.call(AppCall::Init(o.producer));
        }
        self.go_on();
        if self.c.poll_interval_runs() {
            self.out.arm(Timer::MaxPoll(self.c.id));
        }
    }

    /// A blocking call of the application's producer returned.
    pub fn returned(&mut self, r: Returned) {
        self.act(|x| x.take_return(r));
    }

    fn take_return(&mut self, r: Returned) {
        let waited = std::mem::take(&mut self.c.waits_for_producer);
        if self.c.streams.is_some() {
            return self.thread_returned(r);
        }
        match r {
            Returned::Done if waited && self.config().commit == CommitMode::AfterHandling => {
                self.c.about_to_commit = true;
                self.out.arm(Timer::CommitCall(self.c.id));
            }
            Returned::Aborted => self.rewind(),
            Returned::Done | Returned::Committed | Returned::Fatal => {}
        }
    }

    /// What was read in the aborted transaction is read again, from the group's commits on.
    pub(super) fn rewind(&mut self) {
        self.c.buffer.clear();
        self.c.assigned.iter_mut().for_each(|s| (s.position, s.reset) = (None, false));
    }

    /// The process dies. What it had fetched and not committed is forgotten.
    pub fn crash(&mut self) {
        self.go_down();
        self.out.event(EventKind::ConsumerCrashed { consumer: self.c.id });
    }

    /// It has closed its consumer and ends.
    pub(super) fn end(&mut self) {
        self.go_down();
        let group = self.config().group;
        self.out.event(EventKind::Group { group, what: GroupEvent::Stopped { member: self.c.id } });
        if let Some(o) = self.config().output {
            self.out.call(AppCall::Close(o.producer));
        }
    }

    fn go_down(&mut self) {
        let mut timers = Vec::new();
        self.c.armed(self.setup, &mut |t| timers.push(t));
        timers.into_iter().for_each(|t| self.out.disarm(t));
        let mut meta = self.c.meta.clone();
        meta.reset();
        *self.c = Consumer { meta, ..Consumer::new(self.c.id, self.setup, self.c.member.lives) };
    }

    /// SIGTERM: the loop ends at its next `poll()`, and closes the consumer.
    pub fn stop(&mut self) {
        let group = self.config().group;
        self.out.event(EventKind::Group { group, what: GroupEvent::Stopping { member: self.c.id } });
        self.c.member.closing = true;
        self.act(|_| {});
    }

    /// The handler throws; `finally { consumer.close(); }` (cons.C-A3).
    pub fn throw(&mut self) {
        let group = self.config().group;
        self.out.event(EventKind::Group { group, what: GroupEvent::HandlerThrew { member: self.c.id } });
        if !self.c.work.is_empty() {
            self.out.disarm(Timer::Handling(self.c.id));
        }
        if self.c.about_to_commit {
            self.out.disarm(Timer::CommitCall(self.c.id));
        }
        self.c.work.clear();
        self.c.about_to_commit = false;
        self.c.member.closing = true;
        self.act(|_| {});
    }

    /// Its handler throws; the application catches that, and goes on with the next record.
    pub fn fail(&mut self) {
        self.act(|x| {
            if let Some(r) = x.c.work.pop_front() {
                x.out.disarm(Timer::Handling(x.c.id));
                x.handled_shared(r, true);
            }
        });
    }

    /// A message arrived.
    pub fn on_message(&mut self, from: Actor, body: &Body) {
        let Actor::Broker(b) = from else { return };
        if !self.c.up {
            return;
        }
        self.act(|x| x.take_in(b, body));
    }

    fn take_in(&mut self, b: BrokerId, body: &Body) {
        let current = body.conn() == Some(self.c.meta.conn(b));
        match body {
            Body::ConsumerFetchResponse { conn, parts } => self.on_fetched(b, *conn, parts),
            Body::MetadataResponse { conn, leaders } => {
                let (me, before) = (self.me(), self.c.meta.leaders.clone());
                self.c.meta.on_response(b, *conn, leaders, (me, self.setup), self.out);
                self.leaders_changed(&before);
            }
            _ if !current => {}
            Body::OffsetFetchResponse { result, .. } => self.on_offsets(b, result),
            Body::OffsetCommitResponse { result, .. } => self.on_committed(b, *result),
            Body::ListOffsetsResponse { parts, .. } => self.on_listed(b, parts),
            Body::OffsetForLeaderEpochResponse { parts, .. } => self.on_epoch_ends(b, parts),
            Body::JoinGroupResponse { result, .. } => self.on_joined(b, result),
            Body::SyncGroupResponse { result, .. } => self.on_synced(b, result),
            Body::GroupHeartbeatResponse { result, .. } => self.on_heartbeat(b, *result),
            Body::ConsumerGroupHeartbeatResponse { result, .. } => self.on_consumer_beat(b, result),
            Body::Share(body) => self.on_share(b, body),
            Body::Disconnect { .. } => self.disconnected(b),
            _ => {}
        }
    }

    /// A timer ran out.
    pub fn on_timer(&mut self, t: Timer) {
        self.act(|x| x.time_out(t));
    }

    fn time_out(&mut self, t: Timer) {
        match t {
            Timer::Handling(_) => self.handled(),
            Timer::CommitCall(_) => {
                self.c.about_to_commit = false;
                match self.config().output {
                    _ if self.config().share.is_some() => self.commit_shared(),
                    Some(o) if self.setup.producers[o.producer.ix()].txn.is_some() => self.commit_transaction(o.producer),
                    _ => self.commit(Coordination::Committing),
                }
            }
            Timer::ConsumerBackoff(_) => self.c.backing_off = false,
            Timer::MetadataBackoff(me) => self.c.meta.on_backoff(me, self.out),
            Timer::ReadReplica(_, p) => self.back_to_leader(|s| s.partition == p),
            Timer::MetadataAge(me) => self.c.meta.on_age(me, self.out),
            Timer::RequestTimeout(_, b, _) => self.disconnected(b),
            Timer::AutoCommit(_) => self.c.commit_due = true,
            Timer::GroupHeartbeat(_) => self.beat(),
            Timer::MaxPoll(_) => self.poll_interval_exceeded(),
            _ => {}
        }
    }

    /// Does something, then everything that has become possible; `max.poll.interval.ms` counts from `poll()` to `poll()`.
    fn act(&mut self, what: impl FnOnce(&mut Self)) {
        let ran = self.c.poll_interval_runs();
        what(self);
        self.go_on();
        match (ran, self.c.poll_interval_runs()) {
            (false, true) => self.out.arm(Timer::MaxPoll(self.c.id)),
            (true, false) => self.out.disarm(Timer::MaxPoll(self.c.id)),
            _ => {}
        }
    }

    // ---- the loop

    /// Does the next things that can be done: the coordinator first, then poll, then fetch.
    fn go_on(&mut self) {
        if !self.c.up {
            return;
        }
        self.take_part();
        if !self.c.up {
            return; // it has left and ended
        }
        if self.config().share.is_some() {
            return self.go_on_sharing();
        }
        self.tend_tasks();
        if self.c.asked.is_none() && !self.c.backing_off {
            match self.c.coordination {
                Coordination::Idle | Coordination::FetchingOffsets if self.c.assigned.iter().any(|s| s.position.is_none() && !s.reset) => {
                    self.fetch_offsets();
                }
                Coordination::Committing => self.commit(Coordination::Committing),
                _ => {}
            }
        }
        self.list_offsets();
        self.validate();
        self.list_ends();
        if self.c.work.is_empty() {
            self.commit_if_due();
        }
        self.poll();
        self.fetch();
    }

    /// cons.K1: returns up to `max.poll.records`; the position moves past them.
    fn poll(&mut self) {
        let c = &mut *self.c;
        if !c.work.is_empty() || c.about_to_commit || c.coordination == Coordination::Committing || c.waits_for_producer {
            return;
        }
        if c.commit_due
            && c.streams.is_none()
            && c.coordination == Coordination::Idle
            && !c.backing_off
            && !c.assigned.is_empty()
            && c.assigned.iter().all(|s| s.position.is_some())
        {
            c.commit_due = false;
            self.out.arm(Timer::AutoCommit(c.id));
            self.commit(Coordination::CommittingAsync); // cons.K5
        }
        let n = self.c.buffer.len().min(self.config().max_poll_records as usize);
        if n == 0 {
            return;
        }
        let polled: VecDeque<Buffered> = self.c.buffer.drain(..n).collect();
        for s in &mut self.c.assigned {
            let partition = s.partition;
            let (Some(from), Some(last)) = (s.position, polled.iter().rfind(|r| r.partition == partition)) else {
                continue;
            };
            // Past control batches and aborted ones too (txn.M6), if nothing else is buffered.
            let more = self.c.buffer.iter().any(|r| r.partition == partition);
            let to = if more { last.offset.plus(1) } else { s.fetched };
            (s.position, s.epoch) = (Some(to), Some(last.epoch));
            let records = polled.iter().filter(|r| r.partition == partition).count() as u32;
            self.out.event(EventKind::Polled { consumer: self.c.id, partition, from, to, records });
        }
        self.c.work = polled;
        if self.c.member.phase != Phase::Fixed {
            self.out.arm(Timer::MaxPoll(self.c.id));
        }
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
        if self.config().share.is_some() {
            return self.handled_shared(r, false);
        }
        if self.c.streams.is_some() {
            self.process(r);
            if !self.commit_if_due() && !self.c.work.is_empty() {
                self.out.arm(Timer::Handling(self.c.id));
            }
            return;
        }
        if let Some(o) = self.config().output {
            let partition = self.setup.output_partition(&o, r.partition);
            let data = RecordData { bytes: OUTPUT_BYTES, ..self.record(r) };
            self.out.call(AppCall::Send { producer: o.producer, partition, source: (r.batch, r.index), data });
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

    /// What a record is, as its producer made it; nothing is known where no log needs to know.
    pub(super) fn record(&self, r: Buffered) -> RecordData {
        self.data.of(r.batch).get(usize::from(r.index)).copied().unwrap_or_default()
    }

    // ---- commits

    pub(super) fn retry_later(&mut self) {
        let me = self.me();
        self.c.meta.refresh(me, self.out);
        if !self.c.backing_off {
            self.c.backing_off = true;
            self.out.arm(Timer::ConsumerBackoff(self.c.id));
        }
    }

    // ---- fetching

    // ---- connections

    /// A request succeeded: the next failure is a first one again.
    pub(super) fn succeeded(&mut self) {
        self.out.settle(Timer::ConsumerBackoff(self.c.id));
    }

    /// An answer came: its clock stops.
    pub(super) fn answered(&mut self, b: BrokerId, kind: RequestKind) {
        let me = self.me();
        self.out.disarm(Timer::RequestTimeout(me, b, kind));
    }

    fn disconnected(&mut self, b: BrokerId) {
        let me = self.me();
        self.c.meta.on_disconnect(b, me, self.out);
        self.c.fetching.retain(|f| *f != b);
        self.back_to_leader(|s| s.read_replica == Some(b));
        if let Some(s) = &mut self.c.share {
            s.asked.retain(|x| *x != b);
        }
        if self.c.asked == Some(b) {
            self.c.asked = None;
            self.answered(b, RequestKind::Coordinator);
            self.give_up_async();
        }
        if self.c.listing.contains(&b) {
            self.c.listing.retain(|l| *l != b);
            self.answered(b, RequestKind::Offsets);
        }
        self.is_answered_of_epochs(b);
        self.drop_group_requests(b);
        self.answered(b, RequestKind::Data);
        self.retry_later();
    }
}

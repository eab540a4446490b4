//! A Streams thread's life: tasks come and go with their partitions, stores are restored, commits are made.

use super::processing;
use super::{Restore, Task};
use crate::event::{ErrorCode, EventKind, StreamsEvent};
use crate::ids::*;
use crate::kafka::consumer::{ConsumerCx, Coordination};
use crate::kafka::group::membership::Phase;
use crate::kafka::message::{Body, FetchPart, Fetched, FetchedPart, OffsetSpec};
use crate::kafka::step::{AppCall, RequestKind, Returned, Timer};
use crate::kafka::transaction::Call;
use crate::kafka::transaction::index::readable;
use smallvec::SmallVec;
use std::rc::Rc;

impl ConsumerCx<'_> {
    pub(super) fn task_mut(&mut self, input: PartitionId) -> Option<&mut Task> {
        self.c.streams.as_mut()?.tasks.iter_mut().find(|t| t.input == input)
    }

    fn tasks(&self) -> &[Task] {
        self.c.streams.as_ref().map_or(&[], |t| &t.tasks)
    }

    fn tell(&mut self, e: StreamsEvent) {
        self.out.event(EventKind::Streams(e));
    }

    fn exactly_once(&self) -> bool {
        self.config().streams.as_ref().is_some_and(|s| s.exactly_once)
    }

    /// The changelog partition of the task that reads `input`; none if it only passes records on.
    pub(super) fn changelog_of(&self, input: PartitionId) -> Option<PartitionId> {
        let s = self.config().streams.as_ref()?;
        let input = &self.setup.partitions[input.ix()];
        let counts = s.repartition.as_ref().is_none_or(|r| r.topic == input.topic);
        counts.then(|| self.setup.topics[s.changelog].partitions[usize::from(input.number)])
    }

    // ---- tasks

    /// Tasks for the partitions that it has, and for no others.
    pub(in crate::kafka) fn tend_tasks(&mut self) {
        let Some(mut thread) = self.c.streams.take() else { return };
        let consumer = self.c.id;
        let (kept, gone): (Vec<Task>, Vec<Task>) = thread.tasks.drain(..).partition(|t| self.c.partitions().any(|p| p == t.input));
        thread.tasks = kept;
        gone.iter().for_each(|t| self.closed(t));
        let lost_work = gone.iter().any(|t| t.done.is_some());
        let new: SmallVec<[PartitionId; 2]> = self.c.partitions().filter(|p| thread.task(*p).is_none()).collect();
        for input in new {
            let changelog = self.changelog_of(input);
            let at = thread.tasks.partition_point(|t| t.input < input);
            thread.tasks.insert(at, Task::new(input, changelog.is_some()));
            self.tell(StreamsEvent::TaskCreated { consumer, partition: input, changelog });
        }
        let first = !thread.tasks.is_empty() && !thread.initialised && self.exactly_once();
        self.c.streams = Some(thread);
        let Some(o) = self.config().output.filter(|_| !self.c.waits_for_producer) else { return };
        if first {
            // txn.T1: whoever had the transactional.id is fenced, and its transaction ended, before anything is restored.
            self.c.waits_for_producer = true;
            self.out.call(AppCall::Init(o.producer));
        } else if lost_work && self.exactly_once() {
            self.c.waits_for_producer = true;
            self.out.call(AppCall::Call(o.producer, Call::End { commit: false }));
        }
    }

    fn closed(&mut self, t: &Task) {
        self.tell(StreamsEvent::TaskClosed { consumer: self.c.id, partition: t.input, dirty: t.done.is_some() });
    }

    /// All tasks begin anew, from what is committed: their stores hold what an aborted transaction wrote.
    fn start_over(&mut self) {
        if let Some(mut thread) = self.c.streams.take() {
            for t in &mut thread.tasks {
                *t = Task::new(t.input, self.changelog_of(t.input).is_some());
            }
            self.c.streams = Some(thread);
        }
    }

    /// A blocking call of its producer returned.
    pub(in crate::kafka) fn thread_returned(&mut self, r: Returned) {
        match r {
            Returned::Done if self.exactly_once() => {
                if let Some(t) = &mut self.c.streams {
                    t.initialised = true;
                }
            }
            Returned::Done => self.about_to_commit(), // flush() before commitSync()
            Returned::Committed => {
                self.tasks_committed();
                if !self.c.work.is_empty() {
                    self.out.arm(Timer::Handling(self.c.id));
                }
            }
            Returned::Aborted => {
                self.c.work.clear();
                self.rewind();
                self.start_over();
                self.commit_over();
            }
            // TaskMigratedException: somebody else has taken over. It drops everything and joins again.
            Returned::Fatal => {
                self.out.disarm(Timer::Handling(self.c.id));
                self.out.disarm(Timer::CommitCall(self.c.id));
                self.c.about_to_commit = false;
                self.c.work.clear();
                self.rewind();
                if let Some(thread) = self.c.streams.replace(Box::default()) {
                    thread.tasks.iter().for_each(|t| self.closed(t));
                }
                self.commit_over();
                if self.c.member.phase != Phase::Fixed {
                    self.leave();
                    self.forget_membership(true);
                }
            }
        }
    }

    // ---- commits

    fn about_to_commit(&mut self) {
        self.c.about_to_commit = true;
        self.out.arm(Timer::CommitCall(self.c.id));
    }

    /// `commit.interval.ms` is over: commits between two records, unless the group is in the middle of a rebalance. True if
    /// the thread is busy with it now.
    pub(in crate::kafka) fn commit_if_due(&mut self) -> bool {
        let settled = matches!(self.c.member.phase, Phase::Fixed | Phase::Stable);
        if !self.c.commit_due || self.c.streams.is_none() || !settled || self.committing() {
            return false;
        }
        if self.c.streams.as_ref().is_some_and(|t| t.dirty()) {
            self.commit_tasks();
            return true;
        }
        self.commit_over();
        false
    }

    fn committing(&self) -> bool {
        self.c.about_to_commit || self.c.waits_for_producer || self.c.coordination != Coordination::Idle
    }

    /// Output, changelog and offsets: in one transaction, or flushed one after the other.
    pub(in crate::kafka) fn commit_tasks(&mut self) {
        self.tell(StreamsEvent::Committing { consumer: self.c.id });
        match self.config().output {
            Some(o) if !self.exactly_once() => {
                self.c.waits_for_producer = true;
                self.out.call(AppCall::Flush(o.producer));
            }
            _ => self.about_to_commit(),
        }
    }

    /// The offsets that a commit of the thread holds: of tasks that have processed something. Where nothing of a partition
    /// is in hand, it is the consumer's position, which has passed control batches (txn.M6).
    pub(in crate::kafka) fn committable(&self) -> SmallVec<[(PartitionId, Offset); 1]> {
        let in_hand = |p: PartitionId| self.c.work.iter().chain(&self.c.buffer).any(|r| r.partition == p);
        let offset = |t: &Task| if in_hand(t.input) { t.done } else { self.c.position(t.input).or(t.done) };
        self.tasks().iter().filter(|t| t.done.is_some()).filter_map(|t| Some((t.input, offset(t)?))).collect()
    }

    /// What was processed is committed.
    pub(in crate::kafka) fn tasks_committed(&mut self) {
        if let Some(t) = &mut self.c.streams {
            t.tasks.iter_mut().for_each(|t| t.done = None);
            self.commit_over();
        }
    }

    /// The next commit is `commit.interval.ms` away.
    fn commit_over(&mut self) {
        self.c.commit_due = false;
        self.out.arm(Timer::AutoCommit(self.c.id));
    }

    // ---- restoring

    /// Asks where the changelogs end: at their high watermarks, whatever the isolation level. A restoring that is
    /// read_committed so waits for transactions that are open.
    pub(in crate::kafka) fn list_ends(&mut self) {
        if self.c.streams.is_none() || self.c.backing_off || self.c.waits_for_producer {
            return;
        }
        let me = self.me();
        for b in self.setup.broker_ids() {
            let unknown = self.tasks().iter().filter(|t| t.restoring.is_some_and(|r| r.end.is_none()));
            let logs = unknown.filter_map(|t| self.changelog_of(t.input)).filter(|p| self.c.meta.leader(*p) == Some(b));
            let parts: SmallVec<[(PartitionId, LeaderEpoch); 1]> = logs.map(|p| (p, self.c.meta.view(p).1)).collect();
            if !parts.is_empty() && !self.c.listing.contains(&b) {
                self.c.listing.push(b);
                let body = Body::ListOffsets { conn: self.c.meta.conn(b), at: OffsetSpec::Latest, committed: false, parts };
                self.out.send(me, Actor::Broker(b), body);
                self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Offsets));
            }
        }
    }

    /// The end of a changelog is known.
    pub(in crate::kafka) fn end_listed(&mut self, changelog: PartitionId, end: Result<Offset, ErrorCode>) {
        let Some(input) = self.restores_from(changelog) else { return };
        match end {
            Ok(end) => {
                if let Some(r) = self.task_mut(input).and_then(|t| t.restoring.as_mut()) {
                    r.end = Some(end);
                }
                self.restored_if_done(input);
            }
            Err(_) => self.retry_later(),
        }
    }

    /// The task whose store is being restored from this partition.
    fn restores_from(&self, changelog: PartitionId) -> Option<PartitionId> {
        let restoring = self.tasks().iter().filter(|t| t.restoring.is_some());
        restoring.map(|t| t.input).find(|input| self.changelog_of(*input) == Some(changelog))
    }

    /// Is this partition left alone while its task restores?
    pub(in crate::kafka) fn is_restoring(&self, input: PartitionId) -> bool {
        self.tasks().iter().any(|t| t.input == input && t.restoring.is_some())
    }

    /// Changelogs to fetch from `b`.
    pub(in crate::kafka) fn restore_parts(&self, b: BrokerId) -> impl Iterator<Item = FetchPart> {
        self.tasks().iter().filter_map(move |t| {
            let (r, partition) = (t.restoring?, self.changelog_of(t.input)?);
            let (leader, le) = self.c.meta.view(partition);
            (leader == Some(b) && r.end.is_some()).then_some(FetchPart { partition, le, offset: r.next, last_epoch: None })
        })
    }

    /// Records of a changelog came.
    pub(in crate::kafka) fn on_changelog(&mut self, part: &FetchedPart) {
        let Some(input) = self.restores_from(part.partition) else { return };
        let data = self.data;
        let Some(Task { store, restoring: Some(r), .. }) = self.task_mut(input) else { return };
        if r.next != part.offset {
            return;
        }
        match &part.answer {
            Fetched::Data { entries, aborted, .. } => {
                for e in readable(entries, aborted) {
                    let Some((batch, first, count)) = e.payload.records() else { continue };
                    let records = data.of(batch).iter().skip(usize::from(first)).take(usize::from(count));
                    r.records += records.len() as u32;
                    records.for_each(|x| processing::restore(Rc::make_mut(store), x));
                }
                if let Some(last) = entries.last() {
                    r.next = last.end();
                }
                self.restored_if_done(input);
            }
            Fetched::OutOfRange { start, .. } => *r = Restore { next: *start, end: None, records: 0 },
            _ => self.retry_later(),
        }
    }

    fn restored_if_done(&mut self, input: PartitionId) {
        let consumer = self.c.id;
        let Some(t) = self.task_mut(input) else { return };
        if let Some(r) = t.restoring.filter(|r| r.end.is_some_and(|end| r.next >= end)) {
            t.restoring = None;
            self.tell(StreamsEvent::Restored { consumer, partition: input, records: r.records });
        }
    }
}

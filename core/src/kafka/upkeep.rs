//! What a broker does to its logs by itself: files, flushes, retention, compaction, deletion of records (rule book 1.3).

use super::broker::{Broker, Cx};
use super::log::records::{BATCH_HEADER_BYTES, RecordData, RecordTable};
use super::replica::Replica;
use super::setup::Setup;
use super::step::{Base, Timer};
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, EventKind};
use crate::ids::*;
use crate::shared::Shared;
use smallvec::SmallVec;
use std::rc::Rc;

type Armed = SmallVec<[(Timer, Base); 4]>;

impl Replica {
    /// Timers of its files.
    fn file_timers(&self, broker: BrokerId, f: &mut impl FnMut(Timer, Base)) {
        let Some(files) = &self.files else { return };
        files.timers(broker, self.partition, f);
        if files.cfg.flush_ms.is_some() && self.flushed < self.log.leo() {
            f(Timer::Flush { broker, partition: self.partition }, Base::Now);
        }
    }

    /// log.L1, L13: what is wrong with a batch, whatever its producer's state. (Kafka compares timestamps with the clock when
    /// the batch arrives, here it is that of the moment when the record was made.)
    pub(super) fn refuses(&self, records: &[RecordData]) -> Option<ErrorCode> {
        let cfg = &self.files.as_ref()?.cfg;
        let bytes = BATCH_HEADER_BYTES + records.iter().map(RecordData::size).sum::<u64>();
        let late = |r: &RecordData| r.ahead_ms < 0 && r.ahead_ms.unsigned_abs() > cfg.timestamp_before_ms;
        let early = |r: &RecordData| r.ahead_ms > 0 && r.ahead_ms.unsigned_abs() > cfg.timestamp_after_ms;
        if bytes > cfg.max_message_bytes && !records.is_empty() && holds(Rule::MaxMessageBytes) {
            Some(ErrorCode::MessageTooLarge)
        } else if !cfg.append_time && records.iter().any(|r| late(r) || early(r)) && holds(Rule::TimestampBounds) {
            Some(ErrorCode::InvalidTimestamp)
        } else if cfg.compact && records.iter().any(|r| r.key.is_none()) && holds(Rule::CompactionKeys) {
            Some(ErrorCode::InvalidRecord)
        } else {
            None
        }
    }

    /// Everything is on the disk.
    pub(super) fn flush(&mut self) {
        self.flushed = self.log.leo();
    }

    /// log.L15: the log was cut; its files follow.
    pub(super) fn cut_files(&mut self, data: &RecordTable) {
        if let Some(files) = &mut self.files {
            Rc::make_mut(files).truncated(&self.log, data);
        }
    }
}

impl Broker {
    /// Timers of the upkeep that the state implies.
    pub(super) fn upkeep_armed(&self, setup: &Setup, f: &mut impl FnMut(Timer)) {
        if self.epoch.is_some() {
            self.upkeep_tasks().into_iter().for_each(&mut *f);
        }
        for r in &self.replicas {
            r.file_timers(self.id, &mut |t, _| f(t));
            if setup.rules.producers_expire {
                r.expiries(self.id).for_each(&mut *f);
            }
        }
    }

    /// Periodic tasks that its logs need.
    fn upkeep_tasks(&self) -> SmallVec<[Timer; 2]> {
        let files = || self.replicas.iter().filter_map(|r| r.files.as_ref());
        let mut tasks = SmallVec::new();
        if files().next().is_some() {
            tasks.push(Timer::Retention(self.id));
        }
        if files().any(|f| f.cfg.compact) {
            tasks.push(Timer::Cleaner(self.id));
        }
        tasks
    }
}

impl Replica {
    /// Timers of the producers that it remembers, where they are forgotten at all.
    fn expiries(&self, broker: BrokerId) -> impl Iterator<Item = Timer> {
        self.producers.iter().map(move |s| Timer::ProducerExpiry { broker, partition: self.partition, pid: s.pid })
    }
}

/// prod.D7: producers that are silent for `producer.id.expiration.ms` are forgotten. Kafka looks for them every
/// `producer.id.expiration.check.interval.ms` (10 min), here it happens at once; after a restart or a truncation the time begins anew
/// (Kafka takes the batches' timestamps).
impl Cx<'_> {
    /// Batches from `from` on were appended: their producers' time begins anew.
    pub(super) fn heard_of_producers(&mut self, partition: PartitionId, from: Offset) {
        let Some(r) = self.b.replica(partition).filter(|_| self.setup.rules.producers_expire) else { return };
        let broker = self.b.id;
        for e in r.log.iter_from(from) {
            if let Some(pid) = e.payload.producer() {
                self.out.arm(Timer::ProducerExpiry { broker, partition, pid });
            }
        }
    }

    /// Changes what the log remembers of producers, with the timers that hang on them.
    pub(super) fn on_producers(&mut self, partition: PartitionId, change: impl FnOnce(&mut Replica)) {
        if let Some(r) = self.b.replica(partition).filter(|_| self.setup.rules.producers_expire) {
            r.expiries(self.b.id).for_each(|t| self.out.disarm(t));
        }
        if let Some(r) = self.b.replica_mut(partition) {
            change(r);
        }
        self.arm_expiries(partition);
    }

    /// The time of every producer of the log begins anew.
    fn arm_expiries(&mut self, partition: PartitionId) {
        if let Some(r) = self.b.replica(partition).filter(|_| self.setup.rules.producers_expire) {
            r.expiries(self.b.id).for_each(|t| self.out.arm(t));
        }
    }

    pub(super) fn expire_producer(&mut self, partition: PartitionId, pid: Pid) {
        let broker = self.b.id;
        let Some(r) = self.b.replica_mut(partition) else { return };
        let Some(i) = r.producers.iter().position(|s| s.pid == pid) else { return };
        if r.txns.open(pid).is_some() {
            return self.out.arm(Timer::ProducerExpiry { broker, partition, pid }); // never within a transaction
        }
        r.producers.remove(i);
        self.out.event(EventKind::ProducerForgotten { broker, partition, pid });
    }
}

impl Cx<'_> {
    pub(super) fn arm_upkeep(&mut self) {
        for t in self.b.upkeep_tasks() {
            self.out.arm(t);
        }
    }

    /// After a start: the files' timers run again. A delete horizon counts from here (Kafka keeps its instant in the batch).
    pub(super) fn arm_files(&mut self) {
        for i in 0..self.b.replicas.len() {
            self.rearm(i, Armed::new());
            self.arm_expiries(self.b.replicas[i].partition);
        }
    }

    fn armed_files(&self, i: usize) -> Armed {
        let mut armed = Armed::new();
        self.b.replicas[i].file_timers(self.b.id, &mut |t, base| armed.push((t, base)));
        armed
    }

    /// Arms what the files need now and did not need before, and stops what they no longer need.
    fn rearm(&mut self, i: usize, before: Armed) {
        let now = self.armed_files(i);
        before.iter().filter(|b| now.iter().all(|n| n.0 != b.0)).for_each(|b| self.out.disarm(b.0));
        for (t, base) in now.into_iter().filter(|n| !before.contains(n)) {
            self.out.timers.push(super::step::TimerOp::Arm(t, base));
        }
    }

    /// Changes a replica's files, with the timers that hang on them.
    fn on_files<T>(&mut self, p: PartitionId, change: impl FnOnce(&mut Replica, &RecordTable) -> T) -> Option<T> {
        let i = self.b.replicas.binary_search_by_key(&p, |r| r.partition).ok()?;
        self.b.replicas[i].files.as_ref()?;
        let before = self.armed_files(i);
        let result = change(Shared::make_mut(&mut self.b.replicas[i]), self.data);
        self.rearm(i, before);
        Some(result)
    }

    /// log.L4, L5, L14: batches from `from` on were appended; segments roll, and the flush configs are heeded.
    pub(super) fn filed(&mut self, p: PartitionId, from: Offset) {
        let Some(flushed) = self.b.replica(p).filter(|r| r.files.is_some()).map(|r| r.flushed) else { return };
        let rolled = self.on_files(p, |r, data| {
            let leads = r.leading().is_some();
            let Some(files) = &mut r.files else { return Vec::new() };
            let files = Rc::make_mut(files);
            let rolled: Vec<Offset> = r.log.iter_from(from).filter(|e| files.note(e, data, leads)).map(|e| e.base).collect();
            if let Some(base) = rolled.last() {
                r.flushed = r.flushed.max(*base); // a rolled segment is flushed (in the background; here at once)
            }
            if u64::from(r.log.leo().0 - r.flushed.0) >= files.cfg.flush_messages {
                r.flush();
            }
            rolled
        });
        let waits = |r: &Replica| r.flushed < r.log.leo() && r.files.as_ref().is_some_and(|f| f.cfg.flush_ms.is_some());
        if flushed >= from && self.b.replica(p).is_some_and(waits) {
            self.out.arm(Timer::Flush { broker: self.b.id, partition: p });
        }
        for base in rolled.into_iter().flatten() {
            self.out.event(EventKind::SegmentRolled { broker: self.b.id, partition: p, base });
        }
    }

    /// The log was cut at its end.
    pub(super) fn files_cut(&mut self, p: PartitionId) {
        self.on_files(p, |r, data| r.cut_files(data));
        // Where everything that was not flushed is gone, there is nothing to flush.
        if self.b.replica(p).is_some_and(|r| r.files.is_some() && r.flushed >= r.log.leo()) {
            self.out.disarm(Timer::Flush { broker: self.b.id, partition: p });
        }
    }

    /// A follower has nothing that its leader has: its log starts over where the leader's does (repl.R-L5).
    pub(super) fn start_over(&mut self, p: PartitionId, at: Offset) {
        self.on_producers(p, |r| r.producers.clear());
        let begin = |r: &mut Replica| {
            r.start_over(at);
            if let Some(files) = &mut r.files {
                Rc::make_mut(files).start_over(at);
            }
        };
        if self.on_files(p, |r, _| begin(r)).is_none()
            && let Some(r) = self.b.replica_mut(p)
        {
            begin(r);
        }
    }

    /// One of the files' timers ran out.
    pub(super) fn on_file_timer(&mut self, t: Timer) {
        let (Timer::SegmentExpiry { partition, .. }
        | Timer::CompactionLag { partition, .. }
        | Timer::DeleteHorizon { partition, .. }
        | Timer::Flush { partition, .. }) = t
        else {
            return;
        };
        let Some(r) = self.b.replica_mut(partition) else { return };
        if let Timer::Flush { .. } = t {
            return r.flush();
        }
        let Some(files) = r.files.as_mut().map(Rc::make_mut) else { return };
        match t {
            Timer::SegmentExpiry { base, .. } => files.expire(base),
            Timer::CompactionLag { base, .. } => files.settle(base),
            Timer::DeleteHorizon { pass, .. } => files.horizon_passed(pass),
            _ => {}
        }
    }

    /// log.L14: dirty pages reach the disk.
    pub(super) fn write_back(&mut self) {
        for i in 0..self.b.replicas.len() {
            if self.b.replicas[i].flushed != self.b.replicas[i].log.leo() {
                let before = self.armed_files(i);
                Shared::make_mut(&mut self.b.replicas[i]).flush();
                self.rearm(i, before);
            }
        }
    }

    /// log.L7: every `log.retention.check.interval.ms`.
    pub(super) fn retain(&mut self) {
        self.out.arm(Timer::Retention(self.b.id));
        for i in 0..self.b.replicas.len() {
            let r = &self.b.replicas[i];
            let reasons = r.files.as_ref().map_or(SmallVec::new(), |f| f.deletable(r.hw, &r.log));
            if reasons.is_empty() {
                continue;
            }
            let p = r.partition;
            let gone = self.on_files(p, |r, _| {
                let Some(files) = &mut r.files else { return SmallVec::new() };
                let files = Rc::make_mut(files);
                let gone = files.delete(reasons.len(), r.log.leo());
                let base = files.list()[0].base;
                r.move_start(base);
                r.log.drop_below(base);
                gone
            });
            for ((from, to), why) in gone.into_iter().flatten().zip(reasons) {
                self.out.event(EventKind::SegmentDeleted { broker: self.b.id, partition: p, from, to, why });
            }
            self.note_news(p);
        }
    }

    /// log.L9: the cleaner takes the dirtiest log above `min.cleanable.dirty.ratio`, until there is none.
    pub(super) fn compact(&mut self) {
        self.out.arm(Timer::Cleaner(self.b.id));
        while let Some(p) = self.dirtiest() {
            let pass = self.on_files(p, |r, data| {
                let stable = r.last_stable();
                r.files.as_mut().map(|f| Rc::make_mut(f).clean(&mut r.log, data, &r.txns, stable))
            });
            if let Some(pass) = pass.flatten() {
                let (from, to, removed) = (pass.from, pass.to, pass.removed);
                self.out.event(EventKind::Compacted { broker: self.b.id, partition: p, from, to, removed });
            }
        }
    }

    fn dirtiest(&self) -> Option<PartitionId> {
        let ratio = |r: &Shared<Replica>| {
            let files = r.files.as_ref()?;
            let ratio = files.dirty_permille(&r.log, r.last_stable())?;
            (ratio > files.cfg.dirty_ratio_permille).then_some((ratio, std::cmp::Reverse(r.partition)))
        };
        self.b.replicas.iter().filter_map(ratio).max().map(|(_, p)| p.0)
    }

    /// log.L8: records below `before` are deleted; `None` = everything committed. The followers hear of it with their
    /// next fetch response, and files go with the next look at retention. Not modelled: the request and its answer.
    pub(super) fn delete_records(&mut self, p: PartitionId, before: Option<Offset>) {
        let me = self.b.id;
        let Some(r) = self.b.replica_mut(p) else { return };
        let (from, hw) = (r.log.start(), r.hw);
        let to = before.unwrap_or(hw);
        if to > hw && holds(Rule::DeleteRecordsBound) {
            return self.out.event(EventKind::DeleteRefused { broker: me, partition: p, before: to, hw });
        }
        self.follow_start(p, to);
        if to > from {
            self.note_news(p);
        }
    }

    /// The log start offset moves up to `to`, if it is not there yet.
    pub(super) fn follow_start(&mut self, p: PartitionId, to: Offset) {
        let me = self.b.id;
        let Some(r) = self.b.replica_mut(p) else { return };
        let (from, to) = (r.log.start(), to.min(r.hw));
        if to > from {
            if self.on_files(p, |r, _| r.move_start(to)).is_none()
                && let Some(r) = self.b.replica_mut(p)
            {
                r.move_start(to);
            }
            self.out.event(EventKind::LogStartMoved { broker: me, partition: p, from, to });
        }
    }
}

//! A broker's clients: produce, fetch, commits (rule book 2.4, 1.3 L6, 5A).

use super::broker::{Cx, ParkedCommit, ParkedConsumerFetch, ParkedProduce, ProduceOutcome};
use super::group::MemberId;
use super::log::{Batch, Commit, Payload};
use super::message::{Acks, Body, ConnGen, FetchPart, Fetched, FetchedPart, OffsetSpec};
use super::replica::{FollowerState, Idempotence, Leading, MAX_FETCH_BATCHES, Role};
use super::step::Timer;
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, EventKind, GroupEvent, ShareEvent, TxnEvent};
use crate::ids::*;
use crate::shared::Shared;
use smallvec::SmallVec;

impl Cx<'_> {
    // ---- produce

    pub(super) fn on_produce(&mut self, producer: ProducerIx, body: &Shared<Body>) {
        if let Some(parked) = self.b.produces.iter_mut().find(|x| x.producer == producer) {
            parked.backlog.push(body.clone()); // muted
            return;
        }
        let Body::Produce { parts, .. } = &**body else {
            return;
        };
        if self.waits_for_coordinator(producer, body) {
            return; // muted as well
        }
        match self.unverified(parts) {
            Some((id, partitions)) => self.ask_first(producer, id, partitions, body),
            None => self.produce(producer, body, &[]),
        }
    }

    /// Appends what a produce request holds, but for the partitions that a transaction coordinator refused.
    pub(super) fn produce(&mut self, producer: ProducerIx, body: &Shared<Body>, refused: &[(PartitionId, ErrorCode)]) {
        let Body::Produce { conn, acks, parts } = &**body else {
            return;
        };
        let refusal = |p: PartitionId| refused.iter().find(|r| r.0 == p).map(|r| r.1);
        let done: SmallVec<[ProduceOutcome; 1]> = parts.iter().map(|(p, batch)| self.append(*p, batch, *acks, refusal(*p))).collect();
        match acks {
            Acks::None => self.after_acks_none(producer, *conn, &done),
            _ if done.iter().any(|d| d.2.is_some()) => {
                self.b.produces.push(ParkedProduce { producer, conn: *conn, parts: done.clone(), backlog: SmallVec::new() });
                self.out.arm(Timer::ProduceWait { broker: self.b.id, producer });
            }
            _ => self.respond_produce(producer, *conn, &done),
        }
        for (p, ..) in done.iter().filter(|d| d.1.is_ok()) {
            self.after_append(*p);
        }
    }

    /// prod.A0: no answer; an error closes the connection, the only hint that there is.
    fn after_acks_none(&mut self, producer: ProducerIx, conn: ConnGen, done: &[ProduceOutcome]) {
        if done.iter().any(|d| d.1.is_err()) {
            self.send(Actor::Producer(producer), Body::Disconnect { conn });
        }
    }

    fn respond_produce(&mut self, producer: ProducerIx, conn: ConnGen, done: &[ProduceOutcome]) {
        let parts = done.iter().map(|(p, result, _, batch)| (*p, *batch, *result)).collect();
        self.send(Actor::Producer(producer), Body::ProduceResponse { conn, parts });
    }

    /// prod.A1, A2 and log.L1 for one partition: check, append, say what the answer waits for.
    fn append(&mut self, p: PartitionId, batch: &Batch, acks: Acks, refused: Option<ErrorCode>) -> ProduceOutcome {
        let me = self.b.id;
        let spec = &self.setup.partitions[p.ix()];
        let min_isr = if holds(Rule::InSyncIsEnough) { spec.min_isr } else { spec.replicas.len() };
        let refuse = |error| (p, Err(error), None, batch.id);
        let bad = self.b.replica(p).and_then(|r| r.refuses(self.data.of(batch.id)));
        let checked = match self.b.replica(p) {
            Some(r) => match r.leading() {
                None => Err(ErrorCode::NotLeaderOrFollower),
                Some(l) if acks == Acks::All && l.isr.len() < min_isr && holds(Rule::MinIsr) => Err(ErrorCode::NotEnoughReplicas),
                Some(_) if bad.is_some() => bad.map_or(Ok(None), Err),
                Some(_) => match r.check_sequence(batch, &self.setup.rules) {
                    Idempotence::New => refused.map_or(Ok(None), Err),
                    Idempotence::Duplicate(base) => Ok(Some(base)),
                    Idempotence::Error(e) => Err(e),
                },
            },
            None => Err(self.not_here(p)),
        };
        let base = match checked {
            Err(error) => {
                self.out.event(EventKind::Refused { broker: me, partition: p, batch: batch.id, error });
                return refuse(error);
            }
            Ok(Some(base)) => {
                self.out.event(EventKind::DuplicateRecognised { broker: me, partition: p, batch: batch.id, base });
                base
            }
            Ok(None) => self.append_payload(p, Payload::Data(*batch)),
        };
        let until = (acks == Acks::All && holds(Rule::AcksAllWaits)).then(|| base.plus(u32::from(batch.count)));
        (p, Ok(base), until, batch.id)
    }

    /// Appends to a log that this broker leads; the followers' lag starts to count (repl.R-F4).
    pub(super) fn append_payload(&mut self, p: PartitionId, payload: Payload) -> Offset {
        let me = self.b.id;
        let r = self.b.replica_mut(p).expect("the caller checked that this broker leads it");
        let before = r.log.leo();
        let entry = r.append(payload);
        if r.files.as_ref().is_some_and(|f| f.cfg.append_time) {
            self.out.stamped.extend(payload.batch().map(|b| b.id));
        }
        let caught_up: SmallVec<[BrokerId; 4]> = r.leading().map_or(SmallVec::new(), |l| {
            l.followers.iter().filter(|f| f.leo == Some(before) && !f.lag_expired).map(|f| f.broker).collect()
        });
        self.out.event(match payload {
            Payload::Data(b) => {
                EventKind::Appended { broker: me, partition: p, batch: b.id, base: entry.base, count: b.count, epoch: entry.epoch }
            }
            Payload::Commit(c) => EventKind::CommitAppended { broker: me, group: c.group, partition: c.partition, offset: c.offset },
            Payload::Group { group, .. } if self.setup.groups[group.ix()].coordinator != p => {
                EventKind::Share { group, what: ShareEvent::StateAppended { broker: me } }
            }
            Payload::Group { group, .. } | Payload::Expired(group) => {
                EventKind::Group { group, what: GroupEvent::RecordAppended { coordinator: me } }
            }
            Payload::Control(m) => {
                let (id, commit, offset) = (m.id, m.commit, entry.base);
                EventKind::Txn(TxnEvent::MarkerAppended { broker: me, partition: p, id, commit, offset })
            }
            Payload::Txn(_) => EventKind::Txn(TxnEvent::StateAppended { broker: me, partition: p, offset: entry.base }),
            Payload::Kept { .. } => unreachable!("only the cleaner makes it, in place"),
        });
        for f in caught_up {
            self.start_lag(p, f);
        }
        self.filed(p, entry.base);
        self.heard_of_producers(p, entry.base);
        entry.base
    }

    /// After an append: the high watermark may move at once (ISR of one), parked follower fetches wake.
    pub(super) fn after_append(&mut self, p: PartitionId) {
        self.note_news(p);
        self.advance(p);
        self.serve_waiting(p);
        self.wake_followers(p);
    }

    /// prod.A2: REQUEST_TIMED_OUT; the records stay in the log.
    pub(super) fn on_produce_wait(&mut self, producer: ProducerIx) {
        let Some(i) = self.b.produces.iter().position(|x| x.producer == producer) else {
            return;
        };
        for part in &mut self.b.produces[i].parts {
            if part.2.take().is_some() {
                part.1 = Err(ErrorCode::RequestTimedOut);
            }
        }
        self.finish_produce(i);
    }

    /// Answers those who waited for this partition's high watermark.
    pub(super) fn serve_waiting(&mut self, p: PartitionId) {
        let Some(r) = self.b.replica(p) else { return };
        let (hw, min_isr) = (r.hw, self.setup.partitions[p.ix()].min_isr);
        let enough = r.leading().is_some_and(|l| l.maximal_isr().len() >= min_isr);
        for x in &mut self.b.produces {
            for part in x.parts.iter_mut().filter(|part| part.0 == p && part.2.is_some_and(|until| until <= hw)) {
                part.2 = None;
                if !enough {
                    part.1 = Err(ErrorCode::NotEnoughReplicasAfterAppend);
                }
            }
        }
        self.finish_produces();
        self.finish_commits(p, hw);
        self.finish_txn_offsets(p, hw);
        self.finish_markers(p, hw);
        self.finish_transitions(p, hw);
        self.wake_consumers(p);
        self.wake_share(p);
    }

    fn finish_produces(&mut self) {
        while let Some(i) = self.b.produces.iter().position(|x| x.parts.iter().all(|part| part.2.is_none())) {
            self.finish_produce(i);
        }
    }

    fn finish_produce(&mut self, i: usize) {
        let x = self.b.produces.remove(i);
        self.out.disarm(Timer::ProduceWait { broker: self.b.id, producer: x.producer });
        self.respond_produce(x.producer, x.conn, &x.parts);
        for body in x.backlog {
            self.on_produce(x.producer, &body); // the first may park and mute the rest again
        }
    }

    /// This broker no longer leads `p`: whoever waits for it is told to look elsewhere.
    pub(super) fn fail_waiting(&mut self, p: PartitionId) {
        for x in &mut self.b.produces {
            for part in x.parts.iter_mut().filter(|part| part.0 == p && part.2.is_some()) {
                part.2 = None;
                part.1 = Err(ErrorCode::NotLeaderOrFollower);
            }
        }
        self.finish_produces();
        while let Some(i) = self.b.commits.iter().position(|c| c.coordinator == p) {
            let c = self.b.commits.remove(i);
            self.respond_commit(c.consumer, c.conn, c.offsets, Err(ErrorCode::NotCoordinator));
        }
        self.fail_readers(p);
    }

    /// This broker is no longer what it was for `p`, leader or follower: consumers that wait for records learn that.
    pub(super) fn fail_readers(&mut self, p: PartitionId) {
        let waiting: SmallVec<[ConsumerIx; 2]> =
            self.b.consumer_fetches.iter().filter(|f| f.parts.iter().any(|x| x.partition == p)).map(|f| f.consumer).collect();
        for c in waiting {
            self.answer_consumer(c);
        }
    }

    // ---- consumers' fetches

    pub(super) fn on_consumer_fetch(&mut self, consumer: ConsumerIx, conn: ConnGen, parts: &[FetchPart]) {
        self.b.consumer_fetches.retain(|f| f.consumer != consumer);
        self.b.consumer_fetches.push(ParkedConsumerFetch { consumer, conn, parts: parts.into() });
        if parts.iter().any(|x| self.has_answer(consumer, x)) {
            self.answer_consumer(consumer);
        } else {
            self.out.arm(Timer::ConsumerFetchWait { broker: self.b.id, consumer });
        }
    }

    /// Is there something to say of it at once: visible records, or an error?
    fn has_answer(&self, c: ConsumerIx, x: &FetchPart) -> bool {
        match self.read_for_consumer(c, x) {
            Fetched::Data { entries, .. } => !entries.is_empty(),
            _ => true,
        }
    }

    /// log.L6: what lies below the high watermark, or below the last stable offset for read_committed (txn.M4). A follower
    /// answers by its own log and its own high watermark, which is older than the leader's (repl.3.9).
    fn read_for_consumer(&self, c: ConsumerIx, x: &FetchPart) -> Fetched {
        let Some(r) = self.b.replica(x.partition) else {
            return Fetched::Error(self.not_here(x.partition));
        };
        if x.le < r.le && holds(Rule::FetchEpoch) {
            return Fetched::Error(ErrorCode::FencedLeaderEpoch);
        }
        if r.role == Role::Idle {
            return Fetched::Error(ErrorCode::NotLeaderOrFollower);
        }
        if x.le > r.le {
            return Fetched::Error(ErrorCode::UnknownLeaderEpoch);
        }
        if x.offset < r.log.start() || x.offset > r.log.leo() {
            return Fetched::OutOfRange { start: r.log.start(), end: r.log.leo() };
        }
        if let Some(replica) = r.leading().and_then(|l| self.preferred_read_replica(c, l, x.offset)) {
            return Fetched::ReadFrom(replica);
        }
        let committed = self.setup.consumers[c.ix()].read_committed;
        let entries = r.log.read(x.offset, if committed { r.last_stable() } else { r.hw }, MAX_FETCH_BATCHES);
        let aborted = match entries.last() {
            Some(last) if committed => r.txns.aborted(x.offset, last.end()).map(|a| (a.pid, a.first)).collect(),
            _ => SmallVec::new(),
        };
        Fetched::Data { entries, hw: r.hw, aborted, start: r.log.start() }
    }

    /// repl.3.9, what RackAwareReplicaSelector chooses: the leader if it is in the consumer's rack, else the follower there
    /// that has most, else the leader. Only followers that are in the ISR and have the offset are asked about.
    ///
    /// Simplified: the log start of followers is not looked at, and of several that have the same the one with the largest id
    /// is taken, where Kafka asks first which of them caught up last.
    fn preferred_read_replica(&self, c: ConsumerIx, l: &Leading, offset: Offset) -> Option<BrokerId> {
        let near = self.setup.consumers[c.ix()].near;
        if near.is_empty() || near.has(self.b.id) {
            return None;
        }
        let may = |f: &&FollowerState| {
            near.has(f.broker) && l.isr.has(f.broker) && self.b.unfenced.has(f.broker) && f.leo.is_some_and(|leo| leo >= offset)
        };
        l.followers.iter().filter(may).max_by_key(|f| (f.leo, f.broker)).map(|f| f.broker)
    }

    pub(super) fn wake_consumers(&mut self, p: PartitionId) {
        let ready: SmallVec<[ConsumerIx; 2]> = self
            .b
            .consumer_fetches
            .iter()
            .filter(|f| f.parts.iter().any(|x| x.partition == p && self.has_answer(f.consumer, x)))
            .map(|f| f.consumer)
            .collect();
        for c in ready {
            self.answer_consumer(c);
        }
    }

    pub(super) fn answer_consumer(&mut self, consumer: ConsumerIx) {
        let Some(i) = self.b.consumer_fetches.iter().position(|f| f.consumer == consumer) else {
            return;
        };
        let f = self.b.consumer_fetches.remove(i);
        self.out.disarm(Timer::ConsumerFetchWait { broker: self.b.id, consumer });
        let parts = f.parts.iter().map(|x| FetchedPart {
            partition: x.partition,
            le: x.le,
            offset: x.offset,
            answer: self.read_for_consumer(consumer, x),
        });
        let body = Body::ConsumerFetchResponse { conn: f.conn, parts: parts.collect() };
        self.send(Actor::Consumer(consumer), body);
    }

    // ---- the group's coordinator

    pub(super) fn coordinates(&self, group: GroupIx) -> bool {
        let p = self.setup.groups[group.ix()].coordinator;
        self.b.replica(p).is_some_and(|r| matches!(r.role, Role::Leader(_)))
    }

    pub(super) fn on_offset_commit(
        &mut self,
        consumer: ConsumerIx,
        conn: ConnGen,
        group: GroupIx,
        member: Option<(MemberId, u32)>,
        offsets: &[(PartitionId, Offset)],
    ) {
        let coordinator = self.setup.groups[group.ix()].coordinator;
        if !self.coordinates(group) {
            return self.respond_commit(consumer, conn, offsets.into(), Err(ErrorCode::NotCoordinator));
        }
        if let Err(error) = self.check_commit(group, member, offsets.iter().map(|o| o.0), false) {
            return self.respond_commit(consumer, conn, offsets.into(), Err(error));
        }
        let mut until = Offset::ZERO;
        for &(partition, offset) in offsets {
            until = self.append_payload(coordinator, Payload::Commit(Commit { group, partition, offset, txn: None })).plus(1);
        }
        self.b.commits.push(ParkedCommit { consumer, conn, coordinator, group, offsets: offsets.into(), until });
        self.after_append(coordinator);
    }

    fn finish_commits(&mut self, p: PartitionId, hw: Offset) {
        while let Some(i) = self.b.commits.iter().position(|c| c.coordinator == p && c.until <= hw) {
            let c = self.b.commits.remove(i);
            for &(partition, offset) in &c.offsets {
                self.out.event(EventKind::Committed { group: c.group, partition, offset });
            }
            self.respond_commit(c.consumer, c.conn, c.offsets, Ok(()));
        }
    }

    fn respond_commit(
        &mut self,
        consumer: ConsumerIx,
        conn: ConnGen,
        offsets: SmallVec<[(PartitionId, Offset); 1]>,
        result: Result<(), ErrorCode>,
    ) {
        self.send(Actor::Consumer(consumer), Body::OffsetCommitResponse { conn, offsets, result });
    }

    pub(super) fn on_offset_fetch(&mut self, consumer: ConsumerIx, conn: ConnGen, group: GroupIx) {
        let result = match self.coordinates(group) {
            false => Err(ErrorCode::NotCoordinator),
            true if self.b.has_pending_commits(self.setup, group) => Err(ErrorCode::UnstableOffsetCommit), // txn.M5
            true => Ok(self.b.committed(self.setup, group)),
        };
        self.send(Actor::Consumer(consumer), Body::OffsetFetchResponse { conn, result });
    }

    /// cons.K2: the first offset, the end of what may be read (`committed`: with read_committed), or the first record that is new
    /// enough. Where none is, the end: Kafka's answer has no offset, and the consumer asks again later.
    pub(super) fn on_list_offsets(
        &mut self,
        consumer: ConsumerIx,
        conn: ConnGen,
        (at, committed): (OffsetSpec, bool),
        parts: &[(PartitionId, LeaderEpoch)],
    ) {
        let answer = |&(p, le): &(PartitionId, LeaderEpoch)| {
            let r = self.b.replica(p).filter(|r| matches!(r.role, Role::Leader(_)));
            let found = match r {
                None => Err(self.not_here(p)),
                Some(r) if le < r.le => Err(ErrorCode::FencedLeaderEpoch),
                Some(r) if le > r.le => Err(ErrorCode::UnknownLeaderEpoch),
                Some(r) => {
                    let end = if committed { r.last_stable() } else { r.hw };
                    Ok(match at {
                        OffsetSpec::Since(ms) => r.since(ms, end, self.data),
                        _ if (at == OffsetSpec::Latest) != holds(Rule::OffsetReset) => r.log.start(),
                        _ => end,
                    })
                }
            };
            (p, found)
        };
        let parts = parts.iter().map(answer).collect();
        self.send(Actor::Consumer(consumer), Body::ListOffsetsResponse { conn, parts });
    }

    // ---- metadata for clients

    /// It does not lead this partition; or its metadata does not even have it yet (prod.P5).
    fn not_here(&self, p: PartitionId) -> ErrorCode {
        if p.ix() < self.b.view.len() { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownTopicOrPartition }
    }

    /// What this broker has applied, which may be old (ctrl.BL7).
    pub(super) fn on_metadata_request(&mut self, client: Actor, conn: ConnGen) {
        let leaders = self.b.view.iter().map(|v| v.0).collect();
        self.send(client, Body::MetadataResponse { conn, leaders });
    }
}

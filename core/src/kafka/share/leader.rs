//! A partition's leader and its share groups: ShareFetch, ShareAcknowledge, locks, and what is saved with the share coordinator
//! (share.Q1 to Q6).

use super::message::{Acknowledgements, ShareBody};
use super::state::{SharePartition, ShareState};
use super::{AcknowledgeType, AcquiredRecord, ShareSetup};
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, EventKind, ShareEvent};
use crate::ids::*;
use crate::kafka::broker::{Broker, Cx};
use crate::kafka::group::MemberId;
use crate::kafka::message::{Body, ConnGen};
use crate::kafka::step::{ShareTimer, Timer};
use smallvec::SmallVec;
use std::rc::Rc;

/// A broker's part in share groups.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ShareSide {
    /// Share-partitions of the partitions that it leads.
    pub kept: Vec<Rc<Kept>>,
    /// Members' fetches that wait, the oldest first.
    pub fetches: SmallVec<[ParkedShareFetch; 1]>,
    acknowledges: SmallVec<[ParkedAcknowledge; 1]>,
    /// What it is asked as share coordinator.
    pub(super) asked: Vec<super::coordinator::Asked>,
}

/// A member's fetch that waits for records.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ParkedShareFetch {
    /// Whose.
    pub consumer: ConsumerIx,
    /// On which connection.
    pub conn: ConnGen,
    group: GroupIx,
    member: MemberId,
    partitions: SmallVec<[PartitionId; 2]>,
    /// Partitions whose acknowledgements came with it and are not saved yet: it gets nothing before.
    after: u16,
    /// `fetch.max.wait.ms` is over.
    due: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct ParkedAcknowledge {
    consumer: ConsumerIx,
    conn: ConnGen,
    left: u16,
    results: Vec<(PartitionId, Result<(), ErrorCode>)>,
}

/// Acknowledgements for a partition, which wait for their turn to be saved.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Request {
    member: MemberId,
    said: Vec<(Offset, AcknowledgeType)>,
    close: bool,
}

/// A share-partition with what is to be done for it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Kept {
    group: GroupIx,
    partition: PartitionId,
    /// Its state; `None` before the share coordinator has told it.
    pub state: Option<SharePartition>,
    requests: Vec<Request>,
    /// Who is answered when the write that is out is confirmed.
    saving: Option<Vec<(ConsumerIx, Result<(), ErrorCode>)>>,
    /// The number of that write.
    n: u16,
    /// Something else has changed.
    dirty: bool,
}

impl Kept {
    fn armed(&self, b: BrokerId, f: &mut impl FnMut(Timer)) {
        let (g, p) = (self.group, self.partition);
        if self.state.is_none() || self.saving.is_some() {
            f(Timer::Share(ShareTimer::State(b, g, p)));
        }
        for offset in self.state.iter().flat_map(|s| s.offsets(|r| r.is_locked())) {
            f(Timer::Share(ShareTimer::Lock(b, g, p, offset)));
        }
    }
}

impl Broker {
    pub(in crate::kafka) fn share_armed(&self, f: &mut impl FnMut(Timer)) {
        let Some(side) = &self.share else { return };
        side.kept.iter().for_each(|k| k.armed(self.id, f));
        side.fetches.iter().filter(|x| !x.due).for_each(|x| f(Timer::ConsumerFetchWait { broker: self.id, consumer: x.consumer }));
    }

    /// Connections on which members wait.
    pub(in crate::kafka) fn share_connections(&self) -> impl Iterator<Item = (ConsumerIx, ConnGen)> {
        let side = self.share.as_deref();
        let fetches = side.into_iter().flat_map(|s| s.fetches.iter().map(|f| (f.consumer, f.conn)));
        fetches.chain(side.into_iter().flat_map(|s| s.acknowledges.iter().map(|a| (a.consumer, a.conn))))
    }

    /// What it keeps of a partition for a share group, once it knows.
    pub fn share_partition(&self, g: GroupIx, p: PartitionId) -> Option<&SharePartition> {
        self.share.as_ref()?.kept.iter().find(|k| (k.group, k.partition) == (g, p))?.state.as_ref()
    }
}

impl Cx<'_> {
    /// A message of a share group.
    pub(in crate::kafka) fn on_share(&mut self, from: Actor, body: &ShareBody) {
        match (from, body) {
            (_, ShareBody::Heartbeat { conn, group, beat }) => self.on_consumer_heartbeat(*group, *conn, beat),
            (Actor::Consumer(c), ShareBody::Fetch { conn, group, member, partitions, acknowledgements }) => {
                let fetch = ParkedShareFetch {
                    consumer: c,
                    conn: *conn,
                    group: *group,
                    member: *member,
                    partitions: partitions.clone(),
                    after: 0,
                    due: false,
                };
                self.on_share_fetch(fetch, acknowledgements);
            }
            (Actor::Consumer(c), ShareBody::Acknowledge { conn, group, member, acknowledgements, close }) => {
                let left = self.take_acknowledgements(*group, *member, acknowledgements, *close);
                self.share().acknowledges.push(ParkedAcknowledge { consumer: c, conn: *conn, left, results: Vec::new() });
                self.answer_acknowledge(c);
                self.proceed_all(*group);
            }
            (Actor::Broker(_), ShareBody::WriteStateResponse { group, partition, n, result }) => {
                self.on_state_saved(*group, *partition, *n, *result);
            }
            (Actor::Broker(_), ShareBody::ReadStateResponse { group, partition, result }) => self.on_state_read(*group, *partition, result),
            (Actor::Broker(b), _) => self.on_share_coordinator(b, body),
            _ => {}
        }
    }

    /// A timer of a share group.
    pub(in crate::kafka) fn on_share_timer(&mut self, t: ShareTimer) {
        match t {
            ShareTimer::Lock(_, g, p, offset) => self.on_lock_expired(g, p, offset),
            ShareTimer::State(_, g, p) => self.ask_share_coordinator(g, p),
        }
    }

    pub(super) fn share(&mut self) -> &mut ShareSide {
        self.b.share.get_or_insert_default()
    }

    fn kept(&mut self, g: GroupIx, p: PartitionId) -> Option<&mut Kept> {
        let kept = &mut self.b.share.as_mut()?.kept;
        kept.iter_mut().find(|k| (k.group, k.partition) == (g, p)).map(Rc::make_mut)
    }

    fn share_setup(&self, g: GroupIx) -> Rc<ShareSetup> {
        self.setup.groups[g.ix()].share.clone().expect("only share groups ask")
    }

    fn say_share(&mut self, group: GroupIx, what: ShareEvent) {
        self.out.event(EventKind::Share { group, what });
    }

    fn leads(&self, p: PartitionId) -> bool {
        self.b.replica(p).is_some_and(|r| r.leading().is_some())
    }

    // ---- fetching

    fn on_share_fetch(&mut self, mut f: ParkedShareFetch, acknowledgements: &Acknowledgements) {
        let (c, g, me) = (f.consumer, f.group, self.b.id);
        f.after = self.take_acknowledgements(g, f.member, acknowledgements, false);
        for p in f.partitions.iter().copied().filter(|p| self.leads(*p)).collect::<Vec<_>>() {
            if self.kept(g, p).is_none() {
                let kept = Kept { group: g, partition: p, state: None, requests: Vec::new(), saving: None, n: 0, dirty: false };
                self.share().kept.push(Rc::new(kept));
                self.ask_share_coordinator(g, p); // share.Q1
            }
        }
        let side = self.share();
        side.fetches.retain(|x| x.consumer != c);
        side.fetches.push(f);
        self.out.arm(Timer::ConsumerFetchWait { broker: me, consumer: c });
        self.proceed_all(g);
        self.try_share_fetch(c);
    }

    /// `fetch.max.wait.ms` is over.
    pub(in crate::kafka) fn on_share_fetch_wait(&mut self, c: ConsumerIx) {
        if let Some(f) = self.b.share.as_mut().and_then(|s| s.fetches.iter_mut().find(|f| f.consumer == c)) {
            f.due = true;
            self.try_share_fetch(c);
        }
    }

    /// share.Q2: answers a fetch as soon as there is something for it.
    fn try_share_fetch(&mut self, c: ConsumerIx) {
        let me = self.b.id;
        let Some(f) = self.b.share.as_ref().and_then(|s| s.fetches.iter().find(|f| f.consumer == c && f.after == 0)).cloned() else {
            return;
        };
        let mut room = self.setup.consumers[c.ix()].max_poll_records as usize;
        let mut parts = Vec::new();
        for &p in &f.partitions {
            if !self.leads(p) {
                parts.push((p, Err(ErrorCode::NotLeaderOrFollower)));
                continue;
            }
            let records = if room > 0 { self.acquire_for(&f, p, room) } else { Vec::new() };
            room = room.saturating_sub(records.len());
            if !records.is_empty() {
                parts.push((p, Ok(records)));
            }
        }
        if parts.is_empty() && !f.due {
            return;
        }
        self.share().fetches.retain(|x| x.consumer != c);
        self.out.disarm(Timer::ConsumerFetchWait { broker: me, consumer: c });
        self.send(Actor::Consumer(c), Body::Share(ShareBody::FetchResponse { conn: f.conn, parts }));
    }

    fn acquire_for(&mut self, f: &ParkedShareFetch, p: PartitionId, room: usize) -> Vec<AcquiredRecord> {
        let (me, g, spec) = (self.b.id, f.group, self.share_setup(f.group));
        let Some(mut side) = self.b.share.take() else { return Vec::new() };
        let kept = side.kept.iter_mut().find(|k| (k.group, k.partition) == (g, p)).map(Rc::make_mut);
        let state = kept.and_then(|k| k.state.as_mut());
        let (mut records, mut moved) = (Vec::new(), None);
        if let (Some(state), Some(log)) = (state, self.b.replica(p)) {
            let from = state.start;
            records = state.acquire(log, &spec, room, f.member);
            moved = Some((from, state.start)).filter(|m| m.0 != m.1);
        }
        self.b.share = Some(side);
        for run in records.chunk_by(|a, b| (a.offset.plus(1), a.delivery) == (b.offset, b.delivery)) {
            let (from, to, delivery) = (run[0].offset, run[run.len() - 1].offset, run[0].delivery);
            self.say_share(g, ShareEvent::Acquired { member: f.consumer, partition: p, from, to, delivery });
        }
        self.tell_start(g, p, moved);
        for r in &records {
            self.out.arm(Timer::Share(ShareTimer::Lock(me, g, p, r.offset)));
        }
        records
    }

    fn tell_start(&mut self, g: GroupIx, partition: PartitionId, moved: Option<(Offset, Offset)>) {
        if let Some((from, to)) = moved {
            self.say_share(g, ShareEvent::StartMoved { partition, from, to });
        }
    }

    /// There may be something for whoever waits for this partition: the oldest fetch is served first.
    pub(in crate::kafka) fn wake_share(&mut self, p: PartitionId) {
        let Some(side) = &self.b.share else { return };
        let waiting: SmallVec<[ConsumerIx; 4]> = side.fetches.iter().filter(|f| f.partitions.contains(&p)).map(|f| f.consumer).collect();
        waiting.into_iter().for_each(|c| self.try_share_fetch(c));
    }

    // ---- acknowledging

    /// Files what a member says of records, by partition; says how many partitions there are answers of to wait for.
    fn take_acknowledgements(&mut self, g: GroupIx, member: MemberId, all: &Acknowledgements, close: bool) -> u16 {
        let Some(side) = self.b.share.as_mut() else { return 0 };
        let mut left = 0;
        for k in side.kept.iter_mut().filter(|k| k.group == g) {
            let said: Vec<_> = all.iter().filter(|a| a.0 == k.partition).map(|a| (a.1, a.2)).collect();
            if close || !said.is_empty() {
                Rc::make_mut(k).requests.push(Request { member, said, close });
                left += 1;
            }
        }
        left
    }

    fn proceed_all(&mut self, g: GroupIx) {
        let kept = self.b.share.iter().flat_map(|s| &s.kept);
        let mine: SmallVec<[PartitionId; 4]> = kept.filter(|k| k.group == g).map(|k| k.partition).collect();
        mine.into_iter().for_each(|p| self.proceed(g, p));
    }

    /// share.Q3, Q6: takes what was said since the last write, and saves it; nobody is answered before that.
    fn proceed(&mut self, g: GroupIx, p: PartitionId) {
        let Some(k) = self.kept(g, p).filter(|k| k.state.is_some() && k.saving.is_none()) else { return };
        let mut answers = Vec::new();
        for r in std::mem::take(&mut k.requests) {
            answers.push((r.member.consumer, self.take_request(g, p, &r)));
        }
        let Some(k) = self.kept(g, p) else { return };
        let said = k.state.iter().any(|s| s.records.iter().any(|r| r.said.is_some()));
        if std::mem::take(&mut k.dirty) || said {
            (k.saving, k.n) = (Some(answers), k.n.wrapping_add(1));
            return self.ask_share_coordinator(g, p);
        }
        answers.into_iter().for_each(|(c, result)| self.part_done(c, p, result));
    }

    fn take_request(&mut self, g: GroupIx, p: PartitionId, r: &Request) -> Result<(), ErrorCode> {
        let me = self.b.id;
        let state = self.kept(g, p).and_then(|k| k.state.as_mut()).expect("the caller looked");
        let result = state.acknowledge(r.member, &r.said);
        match result {
            Ok(()) => r.said.iter().for_each(|s| self.out.disarm(Timer::Share(ShareTimer::Lock(me, g, p, s.0)))),
            Err(error) => self.say_share(g, ShareEvent::Refused { member: r.member.consumer, partition: p, error }),
        }
        if r.close && holds(Rule::ShareSession) {
            self.put_all_back(g, p, r.member.consumer);
        }
        result
    }

    /// share.Q4: a member's session has ended: what it has is available again.
    fn put_all_back(&mut self, g: GroupIx, p: PartitionId, c: ConsumerIx) {
        let (me, limit) = (self.b.id, self.share_setup(g).deliveries);
        let Some(state) = self.kept(g, p).and_then(|k| k.state.as_ref()) else { return };
        for offset in state.offsets(|r| r.is_locked() && r.owner.is_some_and(|o| o.consumer == c)) {
            self.out.disarm(Timer::Share(ShareTimer::Lock(me, g, p, offset)));
            self.put_back(g, p, offset, limit, ShareEvent::SessionClosed { member: c, partition: p, offset });
        }
    }

    fn put_back(&mut self, g: GroupIx, p: PartitionId, offset: Offset, limit: u8, why: ShareEvent) {
        let Some(k) = self.kept(g, p) else { return };
        k.dirty = true;
        let Some(state) = k.state.as_mut() else { return };
        let (from, over) = (state.start, state.put_back(offset, limit));
        state.advance();
        let moved = Some((from, state.start)).filter(|m| m.0 != m.1);
        self.say_share(g, why);
        if let Some(deliveries) = over {
            self.say_share(g, ShareEvent::GivenUp { partition: p, offset, deliveries });
        }
        self.tell_start(g, p, moved);
    }

    fn on_lock_expired(&mut self, g: GroupIx, p: PartitionId, offset: Offset) {
        let limit = self.share_setup(g).deliveries;
        let Some(owner) = self.b.share_partition(g, p).and_then(|s| s.get(offset)).filter(|r| r.is_locked()).and_then(|r| r.owner) else {
            return;
        };
        self.put_back(g, p, offset, limit, ShareEvent::LockExpired { member: owner.consumer, partition: p, offset });
        self.proceed(g, p);
        self.wake_share(p);
    }

    /// A member's process died: its connections are closed.
    pub(in crate::kafka) fn end_share_session(&mut self, c: ConsumerIx) {
        let me = self.b.id;
        let Some(side) = self.b.share.as_mut() else { return };
        if let Some(i) = side.fetches.iter().position(|f| f.consumer == c)
            && !side.fetches.remove(i).due
        {
            self.out.disarm(Timer::ConsumerFetchWait { broker: me, consumer: c });
        }
        side.acknowledges.retain(|a| a.consumer != c);
        let g = self.setup.consumers[c.ix()].group;
        let mine: SmallVec<[PartitionId; 4]> = side.kept.iter().filter(|k| k.group == g).map(|k| k.partition).collect();
        for p in mine {
            self.put_all_back(g, p, c);
            self.proceed(g, p);
            self.wake_share(p);
        }
    }

    /// What a member said of a partition's records is decided.
    fn part_done(&mut self, c: ConsumerIx, p: PartitionId, result: Result<(), ErrorCode>) {
        let side = self.share();
        if let Some(a) = side.acknowledges.iter_mut().find(|a| a.consumer == c && a.left > 0) {
            a.left -= 1;
            a.results.push((p, result));
            return self.answer_acknowledge(c);
        }
        if let Some(f) = side.fetches.iter_mut().find(|f| f.consumer == c && f.after > 0) {
            f.after -= 1;
            self.try_share_fetch(c);
        }
    }

    fn answer_acknowledge(&mut self, c: ConsumerIx) {
        let side = self.share();
        let Some(i) = side.acknowledges.iter().position(|a| a.consumer == c && a.left == 0) else { return };
        let a = side.acknowledges.remove(i);
        self.send(Actor::Consumer(c), Body::Share(ShareBody::AcknowledgeResponse { conn: a.conn, results: a.results }));
    }

    // ---- the share coordinator

    /// Asks it for the state, or to save it; again after a while if nothing comes of it.
    fn ask_share_coordinator(&mut self, g: GroupIx, p: PartitionId) {
        let (me, spec) = (self.b.id, self.share_setup(g));
        let le = self.b.replica(p).map_or(LeaderEpoch(0), |r| r.le);
        let Some(k) = self.kept(g, p) else { return };
        let body = match (&k.state, &k.saving) {
            (None, _) => ShareBody::ReadState { group: g, partition: p },
            (Some(state), Some(_)) => ShareBody::WriteState { group: g, partition: p, le, n: k.n, state: state.to_save(spec.deliveries) },
            (Some(_), None) => return,
        };
        self.out.arm(Timer::Share(ShareTimer::State(me, g, p)));
        if let Some(coordinator) = self.b.leader_of(spec.state) {
            self.send(Actor::Broker(coordinator), Body::Share(body));
        }
    }

    /// share.Q1: from where the group reads on.
    fn on_state_read(&mut self, g: GroupIx, p: PartitionId, result: &Result<Option<ShareState>, ErrorCode>) {
        let (broker, spec) = (self.b.id, self.share_setup(g));
        let Some((first, hw)) = self.b.replica(p).map(|r| (r.log.start(), r.hw)) else { return };
        let (Ok(saved), Some(k)) = (result, self.kept(g, p).filter(|k| k.state.is_none())) else { return };
        let earliest = spec.earliest == holds(Rule::ShareReset);
        let fresh = ShareState { start: if earliest { first } else { hw }, records: Vec::new() };
        let state = SharePartition::new(g, p, saved.as_ref().unwrap_or(&fresh));
        let start = state.start;
        k.state = Some(state);
        self.out.disarm(Timer::Share(ShareTimer::State(broker, g, p)));
        self.say_share(g, ShareEvent::Loaded { broker, partition: p, start, saved: saved.is_some() });
        self.proceed(g, p);
        self.wake_share(p);
    }

    /// share.Q6: what was said counts now, and whoever said it is told.
    fn on_state_saved(&mut self, g: GroupIx, p: PartitionId, n: u16, result: Result<(), ErrorCode>) {
        let (me, limit) = (self.b.id, self.share_setup(g).deliveries);
        let Some(k) = self.kept(g, p).filter(|k| k.n == n && result.is_ok()) else { return };
        let (Some(answers), Some(state)) = (k.saving.take(), k.state.as_mut()) else { return };
        let said: Vec<(Offset, ConsumerIx, AcknowledgeType)> = state
            .offsets(|r| r.said.is_some())
            .into_iter()
            .filter_map(|o| state.get(o).and_then(|r| Some((o, r.owner?.consumer, r.said?))))
            .collect();
        let from = state.start;
        let over = state.saved(limit);
        let moved = Some((from, state.start)).filter(|m| m.0 != m.1);
        self.out.disarm(Timer::Share(ShareTimer::State(me, g, p)));
        for run in said.chunk_by(|a, b| (a.0.plus(1), a.1, a.2) == *b) {
            let (from, member, how) = run[0];
            self.say_share(g, ShareEvent::Acknowledged { member, partition: p, from, to: run[run.len() - 1].0, how });
        }
        for (offset, deliveries) in over {
            self.say_share(g, ShareEvent::GivenUp { partition: p, offset, deliveries });
        }
        self.tell_start(g, p, moved);
        answers.into_iter().for_each(|(c, result)| self.part_done(c, p, result));
        self.proceed(g, p);
        self.wake_share(p);
    }

    /// This broker leads the partition no more: what it kept is another's now.
    pub(in crate::kafka) fn drop_share(&mut self, p: PartitionId) {
        let me = self.b.id;
        let Some(side) = self.b.share.as_mut() else { return };
        let (gone, stays): (Vec<_>, Vec<_>) = std::mem::take(&mut side.kept).into_iter().partition(|k| k.partition == p);
        side.kept = stays;
        for k in gone {
            let mut timers = Vec::new();
            k.armed(me, &mut |t| timers.push(t));
            timers.into_iter().for_each(|t| self.out.disarm(t));
            let waiting = k.saving.iter().flatten().map(|a| a.0).chain(k.requests.iter().map(|r| r.member.consumer));
            for c in waiting.collect::<Vec<_>>() {
                self.part_done(c, p, Err(ErrorCode::NotLeaderOrFollower));
            }
        }
        self.wake_share(p);
    }
}

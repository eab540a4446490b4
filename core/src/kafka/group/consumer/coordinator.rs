//! The coordinator of a group of the consumer protocol: heartbeats, sessions, records (rule book 5D, N1 to N9).

use super::super::super::broker::{Broker, Cx};
use super::super::super::log::Payload;
use super::super::super::message::{Body, ConnGen};
use super::super::super::setup::GroupProtocol;
use super::super::super::share::message::ShareBody;
use super::super::super::step::Timer;
use super::super::{GroupRecord, MemberId};
use super::{Beat, BeatAnswer, ConsumerGroup, ConsumerMember, JOIN, LEAVE, LEAVE_FOR_A_WHILE, MemberState};
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, GroupEvent, RebalanceCause, RemovalCause};
use crate::ids::*;
use smallvec::SmallVec;
use std::rc::Rc;

/// An answer that waits until what led to it is replicated.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Waiting {
    to: ConsumerIx,
    conn: ConnGen,
    answer: BeatAnswer,
    /// The high watermark that it waits for; not known before the record is written, which is in the same step.
    until: Option<Offset>,
}

/// A group of the consumer protocol at its coordinator.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Coordinated {
    /// The group.
    pub group: ConsumerGroup,
    /// `group.consumer.assignment.interval.ms` has not passed since the last assignment (group.N3).
    pub resting: bool,
    /// `offsets.retention.minutes` runs (cons.K7).
    expiring: bool,
    to_write: bool,
    /// The end of its last record.
    written: Offset,
    waiting: SmallVec<[Waiting; 1]>,
}

impl Coordinated {
    fn armed(&self, b: BrokerId, f: &mut impl FnMut(Timer)) {
        for m in &self.group.members {
            f(Timer::MemberSession(b, m.id));
            if m.state == MemberState::UnrevokedPartitions && m.epoch != LEAVE_FOR_A_WHILE {
                f(Timer::MemberRebalance(b, m.id));
            }
        }
        if self.expiring {
            f(Timer::OffsetsExpiry(b, self.group.id));
        }
        if self.resting {
            f(Timer::AssignmentInterval(b, self.group.id));
        }
    }

    /// Connections on which members wait.
    pub(in super::super::super) fn connections(&self) -> impl Iterator<Item = (ConsumerIx, ConnGen)> {
        self.waiting.iter().map(|w| (w.to, w.conn))
    }
}

impl Broker {
    /// A group of the consumer protocol that it coordinates.
    pub fn consumer_group(&self, g: GroupIx) -> Option<&Coordinated> {
        self.consumer_groups.iter().find(|x| x.group.id == g).map(|x| &**x)
    }

    pub(in super::super::super) fn consumer_groups_armed(&self, f: &mut impl FnMut(Timer)) {
        self.consumer_groups.iter().for_each(|g| g.armed(self.id, f));
    }
}

impl Cx<'_> {
    fn coordinated_group(&mut self, g: GroupIx) -> Option<&mut Coordinated> {
        self.b.consumer_groups.iter_mut().find(|x| x.group.id == g).map(Rc::make_mut)
    }

    pub(in super::super) fn speaks_epochs(&self, g: GroupIx) -> bool {
        matches!(self.setup.groups[g.ix()].protocol, GroupProtocol::Consumer | GroupProtocol::Share)
    }

    /// group.N1: everything is said by heartbeats.
    pub(in super::super::super) fn on_consumer_heartbeat(&mut self, g: GroupIx, conn: ConnGen, beat: &Beat) {
        let answer = match beat.epoch {
            LEAVE => self.on_leaving(g, beat.member),
            LEAVE_FOR_A_WHILE => self.on_leaving_for_a_while(g, beat.member),
            _ => self.on_beat(g, beat),
        };
        let to = beat.member.consumer;
        match self.coordinated_group(g).filter(|_| answer.is_ok()) {
            Some(c) => c.waiting.push(Waiting { to, conn, answer, until: None }),
            None => self.answer_beat(g, to, conn, answer),
        }
    }

    fn answer_beat(&mut self, g: GroupIx, to: ConsumerIx, conn: ConnGen, result: BeatAnswer) {
        let body = match self.shares(g) {
            true => Body::Share(ShareBody::HeartbeatResponse { conn, result }),
            false => Body::ConsumerGroupHeartbeatResponse { conn, result },
        };
        self.send(Actor::Consumer(to), body);
    }

    fn shares(&self, g: GroupIx) -> bool {
        self.setup.groups[g.ix()].protocol == GroupProtocol::Share
    }

    fn on_beat(&mut self, g: GroupIx, beat: &Beat) -> BeatAnswer {
        let id = beat.member;
        self.admit(g, beat)?;
        self.look_at_partitions(g, id);
        self.assign_if_due(g);
        let (me, shares) = (self.b.id, self.shares(g));
        let c = self.coordinated_group(g).expect("it was just admitted to it");
        let before = c.group.member(id).cloned().expect("it is a member");
        let changed = if shares { c.group.follow(id) } else { c.group.reconcile(id, beat.owned.as_ref()) };
        let m = c.group.member(id).expect("it is a member").clone();
        c.to_write |= changed;
        if changed {
            self.say_where(g, &before, &m);
            self.out.disarm(Timer::MemberRebalance(me, id));
            if m.state == MemberState::UnrevokedPartitions {
                self.out.arm(Timer::MemberRebalance(me, id)); // group.N6
            }
        }
        self.start_session(id);
        let news = beat.epoch == JOIN || beat.full || before.assigned != m.assigned;
        Ok((m.epoch, news.then(|| m.partitions().collect())))
    }

    fn say_where(&mut self, g: GroupIx, before: &ConsumerMember, m: &ConsumerMember) {
        if (before.epoch, before.state, &before.revoking) != (m.epoch, m.state, &m.revoking) {
            self.tell(g, GroupEvent::MemberAt { member: m.id.consumer, epoch: m.epoch, state: m.state });
        }
    }

    /// Who joins becomes a member; who says that it is one must be.
    fn admit(&mut self, g: GroupIx, beat: &Beat) -> Result<(), ErrorCode> {
        let id = beat.member;
        let is_static = self.setup.consumers[id.consumer.ix()].instance_id.is_some();
        let group = &mut self.coordinated_group(g).ok_or(ErrorCode::NotCoordinator)?.group;
        let slot =
            group.members.iter().find(|m| is_static && m.id.consumer == id.consumer && holds(Rule::StaticMember)).map(|m| (m.id, m.epoch));
        let (joins, known) = (beat.epoch == JOIN, group.member(id).is_some());
        match slot {
            Some((old, LEAVE_FOR_A_WHILE)) if joins => self.take_place(g, old, id),
            Some(_) if !known => return Err(if joins { ErrorCode::UnreleasedInstanceId } else { ErrorCode::FencedInstanceId }),
            None if joins && !known => {
                group.insert(ConsumerMember::new(id));
                self.bump(g, RebalanceCause::MemberJoined, id.consumer);
            }
            _ => group.check_epoch(id, beat.epoch, beat.owned.as_ref())?,
        }
        Ok(())
    }

    /// group.N9: a static member is back under a new id, and has what it had.
    fn take_place(&mut self, g: GroupIx, old: MemberId, id: MemberId) {
        let Some(c) = self.coordinated_group(g) else { return };
        let Some(i) = c.group.place(old) else { return };
        let was = c.group.members.remove(i);
        c.group.insert(ConsumerMember { id, epoch: JOIN, ..was });
        c.to_write = true;
        self.out.disarm(Timer::MemberSession(self.b.id, old));
    }

    /// group.N2, prod.P5: topics that the group reads have more partitions than when it last looked.
    fn look_at_partitions(&mut self, g: GroupIx, member: MemberId) {
        let known = self.b.view.len() as u16;
        let setup = self.setup;
        let Some(c) = self.coordinated_group(g).filter(|c| c.group.known < known) else { return };
        let before = std::mem::replace(&mut c.group.known, known);
        if setup.read_by(g, before.into()) < setup.read_by(g, known.into()) {
            self.bump(g, RebalanceCause::PartitionsAdded, member.consumer);
        }
    }

    /// group.N2.
    fn bump(&mut self, g: GroupIx, why: RebalanceCause, member: ConsumerIx) {
        let Some(c) = self.coordinated_group(g) else { return };
        c.group.epoch += i32::from(holds(Rule::Generation));
        c.to_write = true;
        let epoch = c.group.epoch;
        self.tell(g, GroupEvent::EpochBumped { epoch, why, member });
    }

    /// group.N3: at a heartbeat, and not more often than `group.consumer.assignment.interval.ms`.
    fn assign_if_due(&mut self, g: GroupIx) {
        let (me, setup) = (self.b.id, self.setup);
        let Some(c) = self.coordinated_group(g).filter(|c| c.group.assignment_epoch < c.group.epoch && !c.resting) else { return };
        let assignor = c.group.retarget(setup);
        c.to_write = true;
        c.resting = setup.groups[g.ix()].assignment_interval;
        let (epoch, resting) = (c.group.epoch, c.resting);
        self.tell(g, GroupEvent::TargetAssigned { epoch, assignor });
        if resting {
            self.out.arm(Timer::AssignmentInterval(me, g));
        }
    }

    // ---- members go

    fn on_leaving(&mut self, g: GroupIx, id: MemberId) -> BeatAnswer {
        let c = self.coordinated_group(g).ok_or(ErrorCode::NotCoordinator)?;
        c.group.member(id).ok_or(ErrorCode::UnknownMemberId)?;
        self.remove_consumer(g, id, RemovalCause::Left);
        Ok((LEAVE, None))
    }

    /// group.N9: its partitions stay its own until it is back, or its session ends.
    fn on_leaving_for_a_while(&mut self, g: GroupIx, id: MemberId) -> BeatAnswer {
        let me = self.b.id;
        let c = self.coordinated_group(g).ok_or(ErrorCode::NotCoordinator)?;
        let i = c.group.place(id).ok_or(ErrorCode::UnknownMemberId)?;
        let m = &mut c.group.members[i];
        m.epoch = LEAVE_FOR_A_WHILE;
        m.revoking.clear();
        c.to_write = true;
        self.out.disarm(Timer::MemberRebalance(me, id));
        self.tell(g, GroupEvent::LeftForAWhile { member: id.consumer });
        Ok((LEAVE_FOR_A_WHILE, None))
    }

    /// group.N2, N6: the others get its partitions once a heartbeat has them assigned.
    fn remove_consumer(&mut self, g: GroupIx, id: MemberId, why: RemovalCause) {
        let me = self.b.id;
        let Some(c) = self.coordinated_group(g) else { return };
        let Some(i) = c.group.place(id) else { return };
        c.group.members.remove(i);
        self.out.disarm(Timer::MemberSession(me, id));
        self.out.disarm(Timer::MemberRebalance(me, id));
        self.tell(g, GroupEvent::MemberRemoved { member: id.consumer, why });
        self.bump(g, RebalanceCause::MemberGone, id.consumer);
    }

    /// A timer of a group ran out.
    pub(in super::super) fn on_epoch_timer(&mut self, t: Timer) {
        let group_of = |id: MemberId| self.setup.consumers[id.consumer.ix()].group;
        match t {
            Timer::MemberSession(_, id) => self.remove_consumer(group_of(id), id, RemovalCause::SessionExpired),
            Timer::MemberRebalance(_, id) => self.remove_consumer(group_of(id), id, RemovalCause::NotRevoked),
            Timer::OffsetsExpiry(_, g) => {
                if let Some(c) = self.coordinated_group(g) {
                    c.expiring = false;
                    self.expire_offsets(g);
                }
            }
            Timer::AssignmentInterval(_, g) => {
                if let Some(c) = self.coordinated_group(g) {
                    c.resting = false;
                }
            }
            _ => {}
        }
    }

    // ---- after every step of the broker

    /// Takes or leaves office, writes what has changed, answers whom it concerns once that is replicated.
    pub(in super::super) fn settle_consumer_group(&mut self, g: GroupIx, records: &mut Rc<Vec<GroupRecord>>) {
        match (self.coordinates(g), self.b.consumer_group(g).is_some()) {
            (true, false) => self.load_consumer_group(g, records),
            (false, true) => self.unload_consumer_group(g),
            _ => {}
        }
        if self.setup.rules.offsets_expire
            && !self.shares(g)
            && let Some(c) = self.b.consumer_group(g)
        {
            let (empty, ran) = (c.group.members.is_empty(), c.expiring);
            let runs = self.offsets_expire(g, empty, ran);
            self.coordinated_group(g).expect("it is here").expiring = runs;
        }
        let p = self.setup.groups[g.ix()].coordinator;
        let Some(c) = self.coordinated_group(g).filter(|c| c.to_write || !c.waiting.is_empty()) else { return };
        if std::mem::take(&mut c.to_write) {
            Rc::make_mut(records).push(GroupRecord::Consumer(c.group.clone()));
            let record = Payload::Group { group: g, roster: records.len() as u32 - 1 };
            let until = self.append_payload(p, record).plus(1);
            self.coordinated_group(g).expect("it is here").written = until;
            self.after_append(p);
        }
        let hw = self.b.replica(p).map_or(Offset::ZERO, |r| r.hw);
        let Some(c) = self.coordinated_group(g) else { return };
        let written = c.written;
        c.waiting.iter_mut().for_each(|w| w.until = w.until.or(Some(written)));
        let (ready, later) = std::mem::take(&mut c.waiting).into_iter().partition(|w| w.until.is_some_and(|until| until <= hw));
        c.waiting = later;
        let ready: SmallVec<[Waiting; 1]> = ready;
        for w in ready {
            self.answer_beat(g, w.to, w.conn, w.answer);
        }
    }

    fn load_consumer_group(&mut self, g: GroupIx, records: &[GroupRecord]) {
        let group = match self.last_record(g, records) {
            GroupRecord::Consumer(group) => group.clone(),
            GroupRecord::Classic(_) | GroupRecord::Share(_) => unreachable!("a group's protocol does not change"),
        };
        // When the last assignment was made is in its record; here a new coordinator may assign at once.
        let (coordinator, epoch) = (self.b.id, group.epoch);
        let c = Coordinated { group, resting: false, expiring: false, to_write: false, written: Offset::ZERO, waiting: SmallVec::new() };
        c.armed(coordinator, &mut |t| self.out.arm(t));
        self.b.consumer_groups.push(Rc::new(c));
        self.b.consumer_groups.sort_by_key(|x| x.group.id);
        self.tell(g, GroupEvent::EpochLoaded { coordinator, epoch });
    }

    fn unload_consumer_group(&mut self, g: GroupIx) {
        let Some(i) = self.b.consumer_groups.iter().position(|x| x.group.id == g) else { return };
        let c = self.b.consumer_groups.remove(i);
        c.armed(self.b.id, &mut |t| self.out.disarm(t));
        for w in &c.waiting {
            self.answer_beat(g, w.to, w.conn, Err(ErrorCode::NotCoordinator));
        }
    }
}

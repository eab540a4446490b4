//! The coordinator of a classic group: its state, and what moves it (rule book 5B, G1 to G9).

use super::super::broker::{Broker, Cx};
use super::super::log::Payload;
use super::super::message::{Body, ConnGen};
use super::super::setup::{GroupProtocol, Setup};
use super::super::step::Timer;
use super::consumer::ConsumerGroup;
use super::{GroupRecord, MemberId, Parts, Roster, Subscription, choose_assignor};
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, EventKind, GroupEvent, RebalanceCause, RemovalCause};
use crate::ids::*;
use crate::order;
use smallvec::SmallVec;
use std::rc::Rc;

/// State of a group. Kafka's fifth, Dead, is a group that is not there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GroupState {
    /// No members.
    Empty,
    /// Members are asked to join again, or join for the first time.
    PreparingRebalance,
    /// The generation is made up; its leader works out who gets what.
    CompletingRebalance,
    /// Everybody has an assignment, or can ask for it.
    Stable,
}

impl GroupState {
    /// As Kafka's tools print it.
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::PreparingRebalance => "PreparingRebalance",
            GroupState::CompletingRebalance => "CompletingRebalance",
            GroupState::Stable => "Stable",
        }
    }
}

/// A member as the coordinator knows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupMember {
    /// `member.id`.
    pub id: MemberId,
    /// What it said when it joined last.
    pub owned: Parts,
    /// The generation of what it owned.
    pub owned_generation: u32,
    /// What it was assigned.
    pub assignment: Parts,
    /// Its JoinGroup waits here.
    pub joining: Option<ConnGen>,
    /// Its SyncGroup waits here.
    pub syncing: Option<ConnGen>,
    /// It has sent its SyncGroup of this generation.
    pub synced: bool,
}

impl GroupMember {
    pub(super) fn new(s: &Subscription) -> Self {
        GroupMember {
            id: s.member,
            owned: s.owned.clone(),
            owned_generation: s.generation,
            assignment: Parts::new(),
            joining: None,
            syncing: None,
            synced: false,
        }
    }
}

/// group.G2: a group that was empty waits for more members, in rounds of `group.initial.rebalance.delay.ms`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InitialDelay {
    /// Rounds that may follow.
    pub rounds: u16,
    /// Somebody joined in this round.
    pub joined: bool,
}

/// A group at its coordinator.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Group {
    /// Which.
    pub id: GroupIx,
    /// Where it stands.
    pub state: GroupState,
    /// Its generation.
    pub generation: u32,
    /// Who works out the assignment.
    pub leader: Option<MemberId>,
    /// How.
    pub assignor: super::Assignor,
    /// Members, by id.
    pub members: Vec<GroupMember>,
    /// Ids that were given out (G1) and have not joined with them yet.
    pub pending: SmallVec<[MemberId; 1]>,
    /// The first rebalance of a group that was empty.
    pub initial: Option<InitialDelay>,
    /// A record must be written.
    to_write: bool,
    /// It is written and waits for this high watermark.
    writing: Option<Offset>,
    /// `offsets.retention.minutes` runs (cons.K7).
    expiring: bool,
}

impl Group {
    /// A group as its record has it.
    pub fn of(r: &Roster) -> Self {
        let member = |(id, parts): &(MemberId, Parts)| GroupMember {
            assignment: parts.clone(),
            synced: true,
            ..GroupMember::new(&Subscription { member: *id, owned: Parts::new(), generation: 0 })
        };
        Group {
            id: r.group,
            state: if r.members.is_empty() { GroupState::Empty } else { GroupState::Stable },
            generation: r.generation,
            leader: r.leader,
            assignor: r.assignor,
            members: r.members.iter().map(member).collect(),
            pending: SmallVec::new(),
            initial: None,
            to_write: false,
            writing: None,
            expiring: false,
        }
    }

    fn roster(&self) -> Roster {
        let members = self.members.iter().map(|m| (m.id, m.assignment.clone())).collect();
        Roster { group: self.id, generation: self.generation, leader: self.leader, assignor: self.assignor, members }
    }

    /// A member, by id.
    pub fn member(&self, id: MemberId) -> Option<&GroupMember> {
        self.members.iter().find(|m| m.id == id)
    }

    pub(super) fn member_mut(&mut self, id: MemberId) -> Option<&mut GroupMember> {
        self.members.iter_mut().find(|m| m.id == id)
    }

    fn armed(&self, b: BrokerId, f: &mut impl FnMut(Timer)) {
        let waits = |m: &&GroupMember| m.joining.is_none() && m.syncing.is_none();
        self.members.iter().filter(waits).for_each(|m| f(Timer::MemberSession(b, m.id)));
        self.pending.iter().for_each(|id| f(Timer::MemberSession(b, *id)));
        if self.expiring {
            f(Timer::OffsetsExpiry(b, self.id));
        }
        match self.state {
            GroupState::PreparingRebalance if self.initial.is_some() => f(Timer::InitialRebalance(b, self.id)),
            GroupState::PreparingRebalance | GroupState::CompletingRebalance => f(Timer::Rebalance(b, self.id)),
            GroupState::Empty | GroupState::Stable => {}
        }
    }
}

impl Broker {
    /// A group that it coordinates.
    pub fn group(&self, g: GroupIx) -> Option<&Group> {
        self.groups.iter().find(|x| x.id == g).map(|x| &**x)
    }

    pub(in super::super) fn groups_armed(&self, f: &mut impl FnMut(Timer)) {
        self.groups.iter().for_each(|g| g.armed(self.id, f));
    }
}

impl Cx<'_> {
    /// The group, if this broker coordinates it.
    pub(super) fn group(&mut self, g: GroupIx) -> Option<&mut Group> {
        self.b.groups.iter_mut().find(|x| x.id == g).map(Rc::make_mut)
    }

    pub(super) fn tell(&mut self, group: GroupIx, what: GroupEvent) {
        self.out.event(EventKind::Group { group, what });
    }

    /// A timer of a group ran out.
    pub(in super::super) fn on_group_timer(&mut self, t: Timer) {
        let group_of = |id: MemberId| self.setup.consumers[id.consumer.ix()].group;
        match t {
            Timer::MemberSession(_, id) if !self.speaks_epochs(group_of(id)) => {
                self.remove_member(group_of(id), id, RemovalCause::SessionExpired);
            }
            Timer::OffsetsExpiry(_, g) if !self.speaks_epochs(g) => {
                if let Some(group) = self.group(g) {
                    group.expiring = false;
                    self.expire_offsets(g);
                }
            }
            Timer::MemberSession(..) | Timer::MemberRebalance(..) | Timer::AssignmentInterval(..) | Timer::OffsetsExpiry(..) => {
                self.on_epoch_timer(t);
            }
            Timer::InitialRebalance(b, g) => self.initial_round(b, g),
            Timer::Rebalance(_, g) => match self.group(g).map(|x| x.state) {
                Some(GroupState::PreparingRebalance) => self.complete_join(g),
                Some(GroupState::CompletingRebalance) => self.drop_unsynced(g),
                _ => {}
            },
            _ => {}
        }
    }

    /// group.G2: another round if somebody joined in this one, up to the rebalance timeout in all.
    fn initial_round(&mut self, b: BrokerId, g: GroupIx) {
        let Some(group) = self.group(g) else { return };
        match group.initial {
            Some(InitialDelay { rounds, joined: true }) if rounds > 0 => {
                group.initial = Some(InitialDelay { rounds: rounds - 1, joined: false });
                self.out.arm(Timer::InitialRebalance(b, g));
            }
            _ => self.complete_join(g),
        }
    }

    // ---- members come and go

    pub(super) fn start_session(&mut self, id: MemberId) {
        self.out.arm(Timer::MemberSession(self.b.id, id));
    }

    /// group.G7: a member is gone. Partitions are given to the others by a rebalance.
    pub(super) fn remove_member(&mut self, g: GroupIx, id: MemberId, why: RemovalCause) {
        let me = self.b.id;
        let Some(group) = self.group(g) else { return };
        if let Some(i) = group.pending.iter().position(|p| *p == id) {
            group.pending.remove(i);
            self.out.disarm(Timer::MemberSession(me, id));
            return self.try_complete_join(g);
        }
        let Some(i) = group.members.iter().position(|m| m.id == id) else { return };
        group.members.remove(i);
        let state = group.state;
        self.out.disarm(Timer::MemberSession(me, id));
        self.tell(g, GroupEvent::MemberRemoved { member: id.consumer, why });
        match state {
            GroupState::Stable | GroupState::CompletingRebalance => self.prepare_rebalance(g, RebalanceCause::MemberGone, id.consumer),
            GroupState::PreparingRebalance => self.try_complete_join(g),
            GroupState::Empty => {}
        }
    }

    /// group.G2: into PreparingRebalance, from wherever the group is.
    pub(super) fn prepare_rebalance(&mut self, g: GroupIx, why: RebalanceCause, member: ConsumerIx) {
        let (me, setup) = (self.b.id, self.setup);
        let Some(group) = self.group(g) else { return };
        let was = std::mem::replace(&mut group.state, GroupState::PreparingRebalance);
        (group.to_write, group.writing) = (false, None);
        let spec = &setup.groups[g.ix()];
        let wait = was == GroupState::Empty && spec.initial_rounds > 0;
        group.initial = wait.then(|| InitialDelay { rounds: spec.initial_rounds - 1, joined: false });
        let waiting: Vec<(MemberId, ConnGen, bool)> =
            group.members.iter_mut().filter_map(|m| Some((m.id, m.syncing.take()?, m.joining.is_some()))).collect();
        self.tell(g, GroupEvent::Rebalancing { coordinator: me, why, member });
        for (id, conn, joins) in waiting {
            if !joins {
                self.start_session(id);
            }
            self.answer_sync(id, conn, Err(ErrorCode::RebalanceInProgress));
        }
        self.out.arm(if wait { Timer::InitialRebalance(me, g) } else { Timer::Rebalance(me, g) });
        self.try_complete_join(g);
    }

    /// group.G3: everybody known has joined, and nobody holds an id that it has not used.
    pub(super) fn try_complete_join(&mut self, g: GroupIx) {
        let Some(group) = self.group(g) else { return };
        let everybody = group.pending.is_empty() && group.members.iter().all(|m| m.joining.is_some());
        if group.state == GroupState::PreparingRebalance && group.initial.is_none() && everybody {
            self.complete_join(g);
        }
    }

    /// group.G3: the join phase is over. Who has not joined is out, unless it is a static member.
    fn complete_join(&mut self, g: GroupIx) {
        let (me, setup) = (self.b.id, self.setup);
        let Some(group) = self.group(g) else { return };
        let is_static = |m: &GroupMember| setup.consumers[m.id.consumer.ix()].instance_id.is_some();
        let gone: Vec<MemberId> = group.members.iter().filter(|m| m.joining.is_none() && !is_static(m)).map(|m| m.id).collect();
        group.members.retain(|m| !gone.contains(&m.id));
        let was_initial = group.initial.take().is_some();
        for id in gone {
            self.out.disarm(Timer::MemberSession(me, id));
            self.tell(g, GroupEvent::MemberRemoved { member: id.consumer, why: RemovalCause::NotRejoined });
        }
        self.out.disarm(if was_initial { Timer::InitialRebalance(me, g) } else { Timer::Rebalance(me, g) });
        let Some(group) = self.group(g) else { return };
        if group.members.is_empty() {
            group.generation += 1;
            (group.state, group.leader, group.to_write) = (GroupState::Empty, None, true);
            let generation = group.generation;
            return self.tell(g, GroupEvent::Emptied { generation });
        }
        let joined = |m: &&GroupMember| m.joining.is_some();
        let keeps = group.members.iter().filter(joined).find(|m| Some(m.id) == group.leader);
        let Some(leader) = keeps.or_else(|| group.members.iter().find(joined)).map(|m| m.id) else {
            return self.out.arm(Timer::Rebalance(me, g)); // only static members that are away: the join phase goes on
        };
        group.generation += u32::from(holds(Rule::Generation));
        group.state = GroupState::CompletingRebalance;
        group.leader = Some(leader);
        group.assignor = choose_assignor(setup, group.members.iter().map(|m| m.id.consumer));
        let (generation, assignor, members) = (group.generation, group.assignor, group.members.len() as u16);
        let mut answers: Vec<(MemberId, ConnGen)> = Vec::new();
        for m in &mut group.members {
            m.synced = false;
            answers.extend(m.joining.take().map(|conn| (m.id, conn)));
        }
        self.tell(g, GroupEvent::Formed { generation, members, leader: leader.consumer, assignor });
        self.out.arm(Timer::Rebalance(me, g));
        for (id, conn) in answers {
            self.start_session(id);
            self.answer_join(g, id, conn);
        }
    }

    /// group.G3: whoever has not sent its SyncGroup within the rebalance timeout is out.
    fn drop_unsynced(&mut self, g: GroupIx) {
        let Some(group) = self.group(g) else { return };
        let slow: Vec<MemberId> = group.members.iter().filter(|m| !m.synced).map(|m| m.id).collect();
        for id in &slow {
            self.remove_member(g, *id, RemovalCause::NotSynced);
        }
        if slow.is_empty() {
            self.out.arm(Timer::Rebalance(self.b.id, g)); // the record is not replicated yet
        }
    }

    /// group.G4: the leader's assignment. It counts once it is replicated.
    pub(super) fn take_assignment(&mut self, g: GroupIx, assignment: &[(MemberId, Parts)]) {
        let Some(group) = self.group(g) else { return };
        for m in &mut group.members {
            m.assignment = assignment.iter().find(|a| a.0 == m.id).map_or(Parts::new(), |a| a.1.clone());
        }
        group.to_write = true;
    }

    // ---- after every step of the broker

    /// Takes office for groups whose partition this broker has come to lead, leaves it for those that it leads no more,
    /// writes records that are due, and goes on where one has been replicated.
    pub(in super::super) fn settle_groups(&mut self, records: &mut Rc<Vec<GroupRecord>>) {
        for i in 0..self.setup.groups.len() {
            let g = GroupIx(i as u8);
            let spec = &self.setup.groups[i];
            match spec.protocol {
                GroupProtocol::Fixed => continue,
                GroupProtocol::Consumer | GroupProtocol::Share => {
                    self.settle_consumer_group(g, records);
                    continue;
                }
                GroupProtocol::Classic => {}
            }
            match (self.coordinates(g), self.b.group(g).is_some()) {
                (true, false) => self.load_group(g, records),
                (false, true) => self.unload_group(g),
                _ => {}
            }
            if self.setup.rules.offsets_expire
                && let Some(group) = self.b.group(g)
            {
                let empty = group.state == GroupState::Empty;
                let runs = self.offsets_expire(g, empty, group.expiring);
                self.group(g).expect("it is here").expiring = runs;
            }
            let Some(group) = self.group(g) else { continue };
            if std::mem::take(&mut group.to_write) {
                let roster = group.roster();
                Rc::make_mut(records).push(GroupRecord::Classic(roster));
                let record = Payload::Group { group: g, roster: records.len() as u32 - 1 };
                let until = self.append_payload(spec.coordinator, record).plus(1);
                self.group(g).expect("it is here").writing = Some(until);
                self.after_append(spec.coordinator);
            }
            let hw = self.b.replica(spec.coordinator).map_or(Offset::ZERO, |r| r.hw);
            if self.b.group(g).is_some_and(|x| x.writing.is_some_and(|until| until <= hw)) {
                self.assignment_stands(g);
            }
        }
    }

    /// cons.K7: the time of a group's commits runs while it has no members. What is written so, with what was so before.
    pub(super) fn offsets_expire(&mut self, g: GroupIx, empty: bool, ran: bool) -> bool {
        let runs = empty && !self.b.committed(self.setup, g).is_empty();
        let timer = Timer::OffsetsExpiry(self.b.id, g);
        match (ran, runs) {
            (false, true) => self.out.arm(timer),
            (true, false) => self.out.disarm(timer),
            _ => {}
        }
        runs
    }

    /// cons.K7: `offsets.retention.minutes` without members. Kafka looks every ten minutes (`offsets.retention.check.interval.ms`) and
    /// writes a tombstone for each partition; here one record stands for all, at once.
    pub(super) fn expire_offsets(&mut self, g: GroupIx) {
        let p = self.setup.groups[g.ix()].coordinator;
        let me = self.b.id;
        self.append_payload(p, Payload::Expired(g));
        self.tell(g, GroupEvent::OffsetsExpired { coordinator: me });
        self.after_append(p);
    }

    /// What the log says of a group last. What formed before the scene begins stands in no log: its record lies before
    /// everything that is shown.
    pub(super) fn last_record<'r>(&self, g: GroupIx, records: &'r [GroupRecord]) -> &'r GroupRecord {
        let p = self.setup.groups[g.ix()].coordinator;
        let log = &self.b.replica(p).expect("it leads it").log;
        let found = log.iter_back().find_map(|e| match e.payload {
            Payload::Group { group, roster } if group == g => Some(roster as usize),
            _ => None,
        });
        &records[found.unwrap_or(g.ix())]
    }

    fn load_group(&mut self, g: GroupIx, records: &[GroupRecord]) {
        let GroupRecord::Classic(roster) = self.last_record(g, records) else { unreachable!("a group's protocol does not change") };
        let group = Group::of(roster);
        let mut timers = Vec::new();
        group.armed(self.b.id, &mut |t| timers.push(t));
        timers.into_iter().for_each(|t| self.out.arm(t));
        let (coordinator, generation) = (self.b.id, group.generation);
        self.b.groups.push(Rc::new(group));
        order::sort_by_key(&mut self.b.groups, |x| x.id);
        self.tell(g, GroupEvent::Loaded { coordinator, generation });
    }

    fn unload_group(&mut self, g: GroupIx) {
        let Some(i) = self.b.groups.iter().position(|x| x.id == g) else { return };
        let group = self.b.groups.remove(i);
        let mut timers = Vec::new();
        group.armed(self.b.id, &mut |t| timers.push(t));
        timers.into_iter().for_each(|t| self.out.disarm(t));
        for m in &group.members {
            if let Some(conn) = m.joining {
                let body = Body::JoinGroupResponse { conn, result: Err((ErrorCode::NotCoordinator, None)) };
                self.send(Actor::Consumer(m.id.consumer), body);
            }
            if let Some(conn) = m.syncing {
                self.answer_sync(m.id, conn, Err(ErrorCode::NotCoordinator));
            }
        }
    }

    /// group.G4: the record is replicated: everybody who waits gets its share.
    fn assignment_stands(&mut self, g: GroupIx) {
        let me = self.b.id;
        let Some(group) = self.group(g) else { return };
        group.writing = None;
        if group.state != GroupState::CompletingRebalance {
            return; // an empty group's record
        }
        group.state = GroupState::Stable;
        let generation = group.generation;
        let waiting: Vec<(MemberId, ConnGen, Parts)> =
            group.members.iter_mut().filter_map(|m| Some((m.id, m.syncing.take()?, m.assignment.clone()))).collect();
        self.out.disarm(Timer::Rebalance(me, g));
        self.tell(g, GroupEvent::Stable { generation });
        for (id, conn, parts) in waiting {
            self.start_session(id);
            self.answer_sync(id, conn, Ok(parts));
        }
    }
}

/// The records that a world begins with: of each group, what formed before.
pub(in super::super) fn first_records(setup: &Setup) -> Vec<GroupRecord> {
    let record = |g: GroupIx| match setup.groups[g.ix()].protocol {
        GroupProtocol::Consumer | GroupProtocol::Share => GroupRecord::Consumer(ConsumerGroup::settled(setup, g)),
        GroupProtocol::Classic | GroupProtocol::Fixed => GroupRecord::Classic(super::first_roster(setup, g)),
    };
    (0..setup.groups.len() as u8).map(|g| record(GroupIx(g))).collect()
}

//! What members ask of their coordinator, and what it answers (rule book 5B: G1, G4 to G6, G9, static members).

use super::super::broker::Cx;
use super::super::message::{Body, ConnGen, Joined};
use super::coordinator::{Group, GroupMember, GroupState};
use super::{Committer, MemberId, Parts, Subscription};
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, RebalanceCause, RemovalCause};
use crate::ids::*;

impl Cx<'_> {
    // ---- JoinGroup

    pub(in super::super) fn on_join_group(&mut self, g: GroupIx, conn: ConnGen, known: bool, s: &Subscription) {
        let id = s.member;
        let instance = self.setup.consumers[id.consumer.ix()].instance_id.is_some();
        let Some(group) = self.group(g) else {
            return self.refuse_join(id, conn, ErrorCode::NotCoordinator);
        };
        let slot = group.members.iter().position(|m| instance && m.id.consumer == id.consumer && holds(Rule::StaticMember));
        if !known && let Some(i) = slot {
            return self.replace_static(g, i, conn, s);
        }
        if !known && !instance {
            group.pending.push(id); // G1: a name first, so that a lost answer leaves no ghost among the members
            self.start_session(id);
            let body = Body::JoinGroupResponse { conn, result: Err((ErrorCode::MemberIdRequired, Some(id))) };
            return self.send(Actor::Consumer(id.consumer), body);
        }
        if let Some(i) = group.pending.iter().position(|p| *p == id) {
            group.pending.remove(i);
            return self.add_member(g, conn, s);
        }
        if !known {
            return self.add_member(g, conn, s); // a static member that is new
        }
        if group.member(id).is_none() {
            return self.refuse_join(id, conn, if slot.is_some() { ErrorCode::FencedInstanceId } else { ErrorCode::UnknownMemberId });
        }
        self.join_again(g, conn, s);
    }

    fn refuse_join(&mut self, id: MemberId, conn: ConnGen, error: ErrorCode) {
        self.send(Actor::Consumer(id.consumer), Body::JoinGroupResponse { conn, result: Err((error, None)) });
    }

    fn add_member(&mut self, g: GroupIx, conn: ConnGen, s: &Subscription) {
        let me = self.b.id;
        let Some(group) = self.group(g) else { return };
        let at = group.members.partition_point(|m| m.id < s.member);
        group.members.insert(at, GroupMember { joining: Some(conn), ..GroupMember::new(s) });
        if let Some(initial) = &mut group.initial {
            initial.joined = true;
        }
        let state = group.state;
        self.out.disarm(super::super::step::Timer::MemberSession(me, s.member));
        if state == GroupState::PreparingRebalance {
            self.try_complete_join(g);
        } else {
            self.prepare_rebalance(g, RebalanceCause::MemberJoined, s.member.consumer);
        }
    }

    /// group.G6: a member that the coordinator knows asks again.
    fn join_again(&mut self, g: GroupIx, conn: ConnGen, s: &Subscription) {
        let me = self.b.id;
        let Some(group) = self.group(g) else { return };
        let (state, leads) = (group.state, group.leader == Some(s.member));
        let Some(m) = group.member_mut(s.member) else { return };
        let changed = (&m.owned, m.owned_generation) != (&s.owned, s.generation);
        let rebalance = match state {
            GroupState::PreparingRebalance | GroupState::Empty => true,
            GroupState::CompletingRebalance => changed,
            GroupState::Stable => changed || leads,
        };
        if !rebalance {
            self.start_session(s.member);
            return self.answer_join(g, s.member, conn);
        }
        (m.owned, m.owned_generation, m.joining) = (s.owned.clone(), s.generation, Some(conn));
        self.out.disarm(super::super::step::Timer::MemberSession(me, s.member));
        if state == GroupState::PreparingRebalance {
            self.try_complete_join(g);
        } else {
            self.prepare_rebalance(g, RebalanceCause::MemberRejoined, s.member.consumer);
        }
    }

    /// KIP-345: a static member is back under a new id. In a stable group it takes its place again, with its partitions,
    /// and nobody else notices; the old id is fenced from now on.
    fn replace_static(&mut self, g: GroupIx, i: usize, conn: ConnGen, s: &Subscription) {
        let me = self.b.id;
        let Some(group) = self.group(g) else { return };
        let old = group.members.remove(i);
        if group.leader == Some(old.id) {
            group.leader = Some(s.member);
        }
        let at = group.members.partition_point(|m| m.id < s.member);
        let member = GroupMember { assignment: old.assignment.clone(), synced: old.synced, ..GroupMember::new(s) };
        group.members.insert(at, member);
        let state = group.state;
        self.out.disarm(super::super::step::Timer::MemberSession(me, old.id));
        if let Some(conn) = old.joining {
            self.refuse_join(old.id, conn, ErrorCode::FencedInstanceId);
        }
        if let Some(conn) = old.syncing {
            self.answer_sync(old.id, conn, Err(ErrorCode::FencedInstanceId));
        }
        if state == GroupState::Stable {
            self.start_session(s.member);
            return self.answer_join(g, s.member, conn);
        }
        if let Some(m) = self.group(g).and_then(|x| x.member_mut(s.member)) {
            m.joining = Some(conn);
        }
        if state == GroupState::PreparingRebalance {
            self.try_complete_join(g);
        } else {
            self.prepare_rebalance(g, RebalanceCause::MemberRejoined, s.member.consumer);
        }
    }

    /// The generation as it is; its leader also gets what everybody said. In a stable group (a static leader that is back)
    /// there is nothing to work out.
    pub(super) fn answer_join(&mut self, g: GroupIx, id: MemberId, conn: ConnGen) {
        let Some(group) = self.b.group(g) else { return };
        let works = group.leader == Some(id) && group.state == GroupState::CompletingRebalance;
        let said = |m: &GroupMember| Subscription { member: m.id, owned: m.owned.clone(), generation: m.owned_generation };
        let members = if works { group.members.iter().map(said).collect() } else { Vec::new() };
        let joined = Joined { member: id, generation: group.generation, assignor: group.assignor, members };
        self.send(Actor::Consumer(id.consumer), Body::JoinGroupResponse { conn, result: Ok(joined) });
    }

    // ---- SyncGroup

    pub(in super::super) fn on_sync_group(&mut self, g: GroupIx, conn: ConnGen, id: MemberId, generation: u32, all: &[(MemberId, Parts)]) {
        let me = self.b.id;
        if let Err(error) = self.check_member(g, id, generation) {
            return self.answer_sync(id, conn, Err(error));
        }
        let Some(group) = self.group(g) else { return };
        let leads = group.leader == Some(id);
        let state = group.state;
        let m = group.member_mut(id).expect("checked");
        match state {
            GroupState::CompletingRebalance => {
                let first = !std::mem::replace(&mut m.synced, true);
                m.syncing = Some(conn);
                self.out.disarm(super::super::step::Timer::MemberSession(me, id));
                if leads && first {
                    self.take_assignment(g, all);
                }
            }
            GroupState::Stable => {
                m.synced = true;
                let parts = m.assignment.clone();
                self.start_session(id);
                self.answer_sync(id, conn, Ok(parts));
            }
            GroupState::PreparingRebalance => self.answer_sync(id, conn, Err(ErrorCode::RebalanceInProgress)),
            GroupState::Empty => self.answer_sync(id, conn, Err(ErrorCode::UnknownMemberId)),
        }
    }

    pub(super) fn answer_sync(&mut self, id: MemberId, conn: ConnGen, result: Result<Parts, ErrorCode>) {
        self.send(Actor::Consumer(id.consumer), Body::SyncGroupResponse { conn, result });
    }

    // ---- Heartbeat, LeaveGroup, OffsetCommit

    /// group.G5.
    pub(in super::super) fn on_group_heartbeat(&mut self, g: GroupIx, conn: ConnGen, id: MemberId, generation: u32) {
        let mut result = self.check_member(g, id, generation);
        if result.is_ok() {
            let state = self.b.group(g).map(|x| x.state);
            let waits = self.b.group(g).and_then(|x| x.member(id)).is_some_and(|m| m.joining.is_some() || m.syncing.is_some());
            if !waits {
                self.start_session(id);
            }
            if state == Some(GroupState::PreparingRebalance) {
                result = Err(ErrorCode::RebalanceInProgress);
            }
        }
        self.send(Actor::Consumer(id.consumer), Body::GroupHeartbeatResponse { conn, result });
    }

    /// group.G7.
    pub(in super::super) fn on_leave_group(&mut self, g: GroupIx, id: MemberId) {
        self.remove_member(g, id, RemovalCause::Left);
    }

    /// group.G9: may this member commit? In a transaction also between JoinGroup and SyncGroup.
    pub(in super::super) fn check_commit(
        &mut self,
        g: GroupIx,
        member: Committer,
        partitions: impl Iterator<Item = PartitionId>,
        transactional: bool,
    ) -> Result<(), ErrorCode> {
        if !holds(Rule::CommitCheck) {
            return Ok(());
        }
        let Some((id, generation)) = member else {
            // Partitions taken by hand, or a group that never changes: nobody may be a member. In a transaction nobody asks.
            let empty =
                self.b.group(g).is_none_or(|x| x.members.is_empty()) && self.b.consumer_group(g).is_none_or(|c| c.group.members.is_empty());
            return if empty || transactional { Ok(()) } else { Err(ErrorCode::UnknownMemberId) };
        };
        if self.speaks_epochs(g) {
            let by_partition = self.setup.rules.assignment_epochs;
            let c = self.b.consumer_group(g).ok_or(ErrorCode::NotCoordinator)?;
            return c.group.check_commit((id, generation), partitions, by_partition); // N8
        }
        self.check_member(g, id, generation)?;
        let group = self.b.group(g).ok_or(ErrorCode::NotCoordinator)?;
        if group.state == GroupState::CompletingRebalance && !transactional {
            return Err(ErrorCode::RebalanceInProgress);
        }
        if !transactional && group.member(id).is_some_and(|m| m.joining.is_none() && m.syncing.is_none()) {
            self.start_session(id);
        }
        Ok(())
    }

    fn check_member(&self, g: GroupIx, id: MemberId, generation: u32) -> Result<(), ErrorCode> {
        let group: &Group = self.b.group(g).ok_or(ErrorCode::NotCoordinator)?;
        if group.member(id).is_none() {
            let is_static = self.setup.consumers[id.consumer.ix()].instance_id.is_some();
            let replaced = is_static && group.members.iter().any(|m| m.id.consumer == id.consumer);
            return Err(if replaced { ErrorCode::FencedInstanceId } else { ErrorCode::UnknownMemberId });
        }
        if group.generation != generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        Ok(())
    }
}

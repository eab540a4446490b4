//! Groups of the consumer protocol (KIP-848, rule book 5D). Each member goes its own way towards a target assignment, so
//! nobody waits for the slowest: [`reconcile`] is that way, [`coordinator`] the broker's side of the heartbeats,
//! [`member`] the consumer's.
//!
//! Simplified: all members of a group speak this protocol and read the same topics (no N11, no regular expressions);
//! OffsetFetch is answered without a look at the member's epoch.

pub mod coordinator;
mod member;
mod reconcile;

use super::super::setup::Setup;
use super::{MemberId, Parts, Subscription, assign, choose_assignor, first_roster};
use crate::event::ErrorCode;
use crate::ids::*;
use crate::kafka::assignor::Assignor;
use serde::Serialize;
use smallvec::SmallVec;

/// The member epoch of a heartbeat that joins.
pub const JOIN: i32 = 0;
/// The member epoch of a heartbeat that leaves.
pub const LEAVE: i32 = -1;
/// The member epoch of a heartbeat with which a static member leaves for a while, and keeps its place (group.N9).
pub const LEAVE_FOR_A_WHILE: i32 = -2;

/// Partitions with the epoch in which the member got them (4.3+, KIP-1251).
pub type Holding = SmallVec<[(PartitionId, i32); 2]>;

/// Where a member stands on its way to its target (group.N4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MemberState {
    /// It has what it should have.
    Stable,
    /// It was asked to give partitions up and has not said that it did.
    UnrevokedPartitions,
    /// Some of what it should have still belongs to others.
    UnreleasedPartitions,
}

impl MemberState {
    /// As Kafka writes it.
    pub fn name(self) -> &'static str {
        match self {
            MemberState::Stable => "STABLE",
            MemberState::UnrevokedPartitions => "UNREVOKED_PARTITIONS",
            MemberState::UnreleasedPartitions => "UNRELEASED_PARTITIONS",
        }
    }
}

/// A member as the coordinator knows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerMember {
    /// `member.id`, made by the client, for as long as its process lives.
    pub id: MemberId,
    /// Its epoch: the assignment epoch that it has reached. [`LEAVE_FOR_A_WHILE`] while a static member is away.
    pub epoch: i32,
    /// The one before: a heartbeat with it is taken if the answer to the last one may have been lost (group.N5).
    pub previous_epoch: i32,
    /// Where it stands.
    pub state: MemberState,
    /// What it may read.
    pub assigned: Holding,
    /// What it was asked to give up; nobody else gets it before it has.
    pub revoking: Holding,
    /// What it should have.
    pub target: Parts,
}

impl ConsumerMember {
    fn new(id: MemberId) -> Self {
        ConsumerMember {
            id,
            epoch: JOIN,
            previous_epoch: -1,
            state: MemberState::Stable,
            assigned: Holding::new(),
            revoking: Holding::new(),
            target: Parts::new(),
        }
    }

    /// Partitions that it may read.
    pub fn partitions(&self) -> impl Iterator<Item = PartitionId> {
        self.assigned.iter().map(|h| h.0)
    }

    /// Does it hold the partition, if only until it has given it up?
    pub fn holds(&self, p: PartitionId) -> bool {
        self.assigned.iter().chain(&self.revoking).any(|h| h.0 == p)
    }
}

/// A group: what its records in `__consumer_offsets` say. Kafka writes one for each part that changed, here one holds all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsumerGroup {
    /// Which.
    pub id: GroupIx,
    /// The group epoch: one higher with everything that asks for another assignment (group.N2).
    pub epoch: i32,
    /// The group epoch that the target assignment was worked out for.
    pub assignment_epoch: i32,
    /// Members, by id.
    pub members: Vec<ConsumerMember>,
    /// Of all partitions, how many the coordinator's metadata had when it last looked (prod.P5).
    pub known: u16,
}

impl ConsumerGroup {
    /// The group that has formed before the scene begins. As a real 4.3.1 cluster counts, the first member's epoch is 2.
    pub fn settled(setup: &Setup, group: GroupIx) -> Self {
        let roster = first_roster(setup, group);
        let epoch = 1 + roster.members.len() as i32;
        let member = |(id, target): (MemberId, Parts)| ConsumerMember {
            epoch,
            previous_epoch: epoch - 1,
            assigned: target.iter().map(|p| (*p, epoch)).collect(),
            target,
            ..ConsumerMember::new(id)
        };
        let members = roster.members.into_iter().map(member).collect();
        ConsumerGroup { id: group, epoch, assignment_epoch: epoch, members, known: setup.partitions.len() as u16 }
    }

    /// A member, by id.
    pub fn member(&self, id: MemberId) -> Option<&ConsumerMember> {
        self.members.iter().find(|m| m.id == id)
    }

    fn place(&self, id: MemberId) -> Option<usize> {
        self.members.iter().position(|m| m.id == id)
    }

    fn insert(&mut self, m: ConsumerMember) {
        let at = self.members.partition_point(|x| x.id < m.id);
        self.members.insert(at, m);
    }

    /// Its state as tools print it (group.N11).
    pub fn state(&self) -> &'static str {
        if self.members.is_empty() {
            "Empty"
        } else if self.assignment_epoch < self.epoch {
            "Assigning"
        } else if self.members.iter().any(|m| m.epoch != self.assignment_epoch || m.state != MemberState::Stable) {
            "Reconciling"
        } else {
            "Stable"
        }
    }

    /// Its state as people see it: of a share group, whose members never have to give anything back first, Empty or Stable (share.Q1).
    pub fn shown_state(&self, setup: &Setup) -> &'static str {
        if setup.groups[self.id.ix()].share.is_some() && !self.members.is_empty() { "Stable" } else { self.state() }
    }

    /// group.N3: the assignor that most members name; what each has now is what it should have had so far.
    fn retarget(&mut self, setup: &Setup) -> Assignor {
        self.assignment_epoch = self.epoch;
        let assignor = choose_assignor(setup, self.members.iter().map(|m| m.id.consumer));
        let says = |m: &ConsumerMember| Subscription { member: m.id, owned: m.target.clone(), generation: 0 };
        let members: Vec<Subscription> = self.members.iter().map(says).collect();
        for (m, share) in self.members.iter_mut().zip(assign(setup, self.id, assignor, &members, self.known.into())) {
            m.target = share.1;
        }
        assignor
    }

    /// group.N5: may the member speak with this epoch? With its previous one only if it can't have more than it should.
    fn check_epoch(&self, id: MemberId, epoch: i32, owned: Option<&Parts>) -> Result<(), ErrorCode> {
        let m = self.member(id).ok_or(ErrorCode::UnknownMemberId)?;
        let lost_answer = || epoch == m.previous_epoch && owned.is_some_and(|o| o.iter().all(|p| m.partitions().any(|a| a == *p)));
        if epoch == m.epoch || epoch < m.epoch && lost_answer() { Ok(()) } else { Err(ErrorCode::FencedMemberEpoch) }
    }

    /// group.N8: may the member commit? An older epoch is good for what it has held since then, from 4.3 on.
    pub(super) fn check_commit(
        &self,
        (id, epoch): (MemberId, u32),
        partitions: impl Iterator<Item = PartitionId>,
        by_partition: bool,
    ) -> Result<(), ErrorCode> {
        let m = self.member(id).ok_or(ErrorCode::UnknownMemberId)?;
        let epoch = epoch as i32;
        let held_since = |p: PartitionId| m.assigned.iter().chain(&m.revoking).any(|h| h.0 == p && h.1 <= epoch);
        let fine = epoch == m.epoch || by_partition && epoch < m.epoch && partitions.into_iter().all(held_since);
        if fine { Ok(()) } else { Err(ErrorCode::StaleMemberEpoch) }
    }
}

/// What a heartbeat says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Beat {
    /// Who.
    pub member: MemberId,
    /// Its epoch, or one of [`JOIN`], [`LEAVE`], [`LEAVE_FOR_A_WHILE`].
    pub epoch: i32,
    /// What it has, if that has changed since it said so last.
    pub owned: Option<Parts>,
    /// It says everything of itself: it joins, or can't know whether its last heartbeat arrived.
    pub full: bool,
}

/// What the coordinator answers: the member's epoch, and its assignment if that is news (group.N7).
pub type BeatAnswer = Result<(i32, Option<Parts>), ErrorCode>;

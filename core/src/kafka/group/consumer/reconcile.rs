//! A member's way to its target assignment (group.N4): first it gives up, then it gets what others have given up.

use super::{ConsumerGroup, ConsumerMember, Holding, MemberState};
use crate::ids::*;
use crate::kafka::group::{MemberId, Parts};

impl ConsumerGroup {
    /// group.N4, at a heartbeat in which the member said what it has, or nothing of it. Says whether anything changed.
    pub(super) fn reconcile(&mut self, id: MemberId, owned: Option<&Parts>) -> bool {
        let Some(i) = self.place(id) else { return false };
        let m = &self.members[i];
        let waits = match m.state {
            MemberState::Stable => m.epoch == self.assignment_epoch,
            MemberState::UnrevokedPartitions => may_have(owned, &m.revoking),
            MemberState::UnreleasedPartitions => false,
        };
        if waits {
            return false;
        }
        let next = self.next(m, owned);
        let changed = next != self.members[i];
        self.members[i] = next;
        changed
    }

    /// A member of a share group has at once what it should have: nobody has to give anything up for it.
    pub(super) fn follow(&mut self, id: MemberId) -> bool {
        let epoch = self.assignment_epoch;
        let Some(m) = self.place(id).map(|i| &mut self.members[i]).filter(|m| m.epoch != epoch) else { return false };
        (m.previous_epoch, m.epoch) = (m.epoch, epoch);
        m.assigned = m.target.iter().map(|p| (*p, epoch)).collect();
        true
    }

    fn next(&self, m: &ConsumerMember, owned: Option<&Parts>) -> ConsumerMember {
        let (mut assigned, revoking): (Holding, Holding) = m.assigned.iter().copied().partition(|h| m.target.contains(&h.0));
        if !revoking.is_empty() && may_have(owned, &revoking) {
            return ConsumerMember { state: MemberState::UnrevokedPartitions, previous_epoch: m.epoch, assigned, revoking, ..m.clone() };
        }
        let epoch = self.assignment_epoch;
        let wanted = m.target.iter().copied().filter(|p| !m.partitions().any(|a| a == *p));
        let (free, unreleased): (Parts, Parts) = wanted.partition(|p| self.is_free(*p, m.id));
        assigned.extend(free.iter().map(|p| (*p, epoch)));
        assigned.sort_unstable();
        ConsumerMember {
            state: if unreleased.is_empty() { MemberState::Stable } else { MemberState::UnreleasedPartitions },
            previous_epoch: m.epoch,
            epoch,
            assigned,
            revoking: Holding::new(),
            ..m.clone()
        }
    }

    /// Nobody else has it, or was asked to give it up and has not said that it did.
    fn is_free(&self, p: PartitionId, to: MemberId) -> bool {
        !self.members.iter().any(|m| m.id != to && m.holds(p))
    }
}

/// A member that says nothing of what it has may have all of it.
fn may_have(owned: Option<&Parts>, revoking: &Holding) -> bool {
    owned.is_none_or(|o| revoking.iter().any(|h| o.contains(&h.0)))
}

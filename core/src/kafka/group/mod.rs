//! Consumer groups: members, generations, assignments. Of the classic protocol (rule book 5B) [`coordinator`] is the
//! broker's side, [`membership`] the consumer's; [`consumer`] has both sides of the consumer protocol (5D).
//!
//! Simplified: a consumer finds its coordinator in the metadata (no FindCoordinator of its own); a coordinator that takes
//! office has loaded its partition at once.

pub mod consumer;
pub mod coordinator;
pub mod membership;
mod requests;

use super::assignor::{self, Assignor};
use super::setup::Setup;
use super::share::coordinator::ShareRecord;
use crate::ids::*;
use crate::order;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::rc::Rc;

/// `member.id`: the consumer, and which of its lives in the group. Kafka adds a random UUID; here it reads `c1-1`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct MemberId {
    /// Whose.
    pub consumer: ConsumerIx,
    /// Counted up each time it joins as somebody new.
    pub life: u16,
}

impl MemberId {
    /// As it is written.
    pub fn text(self, setup: &Setup) -> String {
        format!("{}-{}", setup.consumers[self.consumer.ix()].name, self.life)
    }
}

/// Who commits: a member and its generation or epoch; nobody in a group that never changes.
pub type Committer = Option<(MemberId, u32)>;

/// Partitions of a member.
pub type Parts = SmallVec<[PartitionId; 2]>;

/// What a member says of itself when it joins.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Subscription {
    /// Who.
    pub member: MemberId,
    /// Partitions that it has, or had, for assignors that look at it.
    pub owned: Parts,
    /// The generation in which it got them; 0 if it has none.
    pub generation: u32,
}

/// A generation of a group as `__consumer_offsets` keeps it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Roster {
    /// Whose.
    pub group: GroupIx,
    /// Its generation.
    pub generation: u32,
    /// Its leader, if it has members.
    pub leader: Option<MemberId>,
    /// How partitions were assigned.
    pub assignor: Assignor,
    /// Its members and what they have.
    pub members: Vec<(MemberId, Parts)>,
}

/// A record of a topic of Kafka's own about a group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum GroupRecord {
    /// A generation of a classic group.
    Classic(Roster),
    /// Where a group of the consumer protocol, or a share group's members, stand.
    Consumer(consumer::ConsumerGroup),
    /// Where a share group stands in a partition: a record of `__share_group_state`.
    Share(Rc<ShareRecord>),
}

/// The group that has formed before the scene begins: whoever runs then, in generation 1.
pub fn first_roster(setup: &Setup, group: GroupIx) -> Roster {
    let member = |(i, c): (usize, &super::setup::ConsumerSetup)| {
        let member = MemberId { consumer: ConsumerIx(i as u8), life: 1 };
        (c.group == group && c.starts).then_some(Subscription { member, owned: Parts::new(), generation: 0 })
    };
    let members: Vec<Subscription> = setup.consumers.iter().enumerate().filter_map(member).collect();
    let assignor = setup.consumers.iter().find(|c| c.group == group).map_or(Assignor::Range, |c| c.strategies[0]);
    Roster {
        group,
        generation: u32::from(!members.is_empty()),
        leader: members.first().map(|m| m.member),
        assignor,
        members: assign(setup, group, assignor, &members, setup.partitions.len()),
    }
}

/// What the leader of a group does between JoinGroup and SyncGroup: runs the assignor, on the topics as its metadata has
/// them, which are the first `known` of all partitions.
pub fn assign(setup: &Setup, group: GroupIx, assignor: Assignor, members: &[Subscription], known: usize) -> Vec<(MemberId, Parts)> {
    if members.is_empty() {
        return Vec::new();
    }
    let mut topics: Vec<usize> = setup.groups[group.ix()].topics.to_vec();
    order::sort_by_key(&mut topics, |t| &setup.topics[*t].name);
    let place = |p: PartitionId| -> assignor::Part {
        let s = &setup.partitions[p.ix()];
        (topics.iter().position(|t| *t == s.topic).expect("members own what the group reads"), s.number)
    };
    let problem = assignor::Group {
        topics: topics.iter().map(|t| (setup.topics[*t].name.clone(), setup.known_partitions(*t, known).len() as u16)).collect(),
        members: members
            .iter()
            .map(|m| assignor::Member {
                id: m.member.text(setup),
                instance_id: setup.consumers[m.member.consumer.ix()].instance_id.clone(),
                topics: (0..topics.len()).collect(),
                owned: m.owned.iter().filter(|p| p.ix() < known).map(|p| place(*p)).collect(),
                generation: if m.generation == 0 { -1 } else { m.generation as i32 },
            })
            .collect(),
    };
    let shares = assignor::assign(assignor, &problem);
    let id = |p: &assignor::Part| setup.topics[topics[p.0]].partitions[usize::from(p.1)];
    let share = |s: &Vec<assignor::Part>| {
        let mut parts: Parts = s.iter().map(id).collect();
        order::sort(&mut parts);
        parts
    };
    members.iter().map(|m| m.member).zip(shares.iter().map(share)).collect()
}

/// group.G3: among the assignors that all members support, each votes for the first on its list; the most votes win.
pub(super) fn choose_assignor(setup: &Setup, members: impl Iterator<Item = ConsumerIx> + Clone) -> Assignor {
    let list = |c: ConsumerIx| &setup.consumers[c.ix()].strategies;
    let mut votes: Vec<(Assignor, usize)> = Vec::new();
    for c in members.clone() {
        let vote = list(c).iter().find(|a| members.clone().all(|o| list(o).contains(a)));
        let Some(vote) = vote else { continue };
        match votes.iter_mut().find(|v| v.0 == *vote) {
            Some(v) => v.1 += 1,
            None => votes.push((*vote, 1)),
        }
    }
    votes.into_iter().rev().max_by_key(|v| v.1).map_or(Assignor::Range, |v| v.0)
}

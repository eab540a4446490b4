//! Invariants of consumer groups (rule book 5B, 5D), looked at with the partition of `__consumer_offsets` whose leader
//! coordinates them.

use crate::ids::*;
use crate::kafka::World;
use crate::kafka::group::{GroupRecord, MemberId};
use crate::kafka::log::Payload;
use crate::kafka::setup::GroupProtocol;

/// Groups whose coordinator leads the partition, and that rebalance.
fn coordinated_by(w: &World, p: PartitionId) -> impl Iterator<Item = GroupIx> {
    let mine = move |g: &GroupIx| w.setup.groups[g.ix()].coordinator == p && w.setup.groups[g.ix()].protocol != GroupProtocol::Fixed;
    (0..w.setup.groups.len() as u8).map(GroupIx).filter(mine)
}

/// Of them, those in which a partition is one member's at a time.
fn exclusive(w: &World, p: PartitionId) -> impl Iterator<Item = GroupIx> {
    coordinated_by(w, p).filter(|g| w.setup.groups[g.ix()].protocol != GroupProtocol::Share)
}

/// A member with its generation or epoch, and what it may read or has still to give up.
type Held = (MemberId, i32, Vec<PartitionId>);

fn at_coordinator(w: &World, b: BrokerId, g: GroupIx) -> Vec<Held> {
    if let Some(c) = w.broker(b).consumer_group(g) {
        let held = |m: &crate::kafka::group::consumer::ConsumerMember| m.assigned.iter().chain(&m.revoking).map(|h| h.0).collect();
        return c.group.members.iter().map(|m| (m.id, m.epoch, held(m))).collect();
    }
    let classic = w.broker(b).group(g);
    let members = classic.iter().flat_map(|x| x.members.iter().map(|m| (m.id, x.generation as i32, m.assignment.to_vec())));
    members.collect()
}

fn shared(held: &[Held]) -> Option<(MemberId, MemberId, PartitionId)> {
    held.iter().enumerate().find_map(|(i, a)| held[i + 1..].iter().find_map(|b| Some((a.0, b.0, *a.2.iter().find(|p| b.2.contains(p))?))))
}

/// group.I-G1: a coordinator never gives a partition to two members, nor to one before another has given it up.
pub(super) fn one_owner(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    exclusive(w, p).find_map(|g| {
        w.setup.broker_ids().find_map(|b| {
            let (x, y, at) = shared(&at_coordinator(w, b, g))?;
            let (name, setup) = (&w.setup.groups[g.ix()].name, &w.setup);
            Some(format!("{name}: {} and {} both have {}", x.text(setup), y.text(setup), setup.partition_name(at)))
        })
    })
}

/// group.I-G2: generations and group epochs only grow from record to record.
pub(super) fn generations_rise(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let leader = w.leader_replica(p)?;
    coordinated_by(w, p).find_map(|g| {
        let number = |e: &crate::kafka::log::Entry| match e.payload {
            Payload::Group { group, roster } if group == g => match &w.rosters[roster as usize] {
                GroupRecord::Classic(r) => Some(r.generation as i32),
                GroupRecord::Consumer(c) => Some(c.epoch),
                GroupRecord::Share(_) => None,
            },
            _ => None,
        };
        let mut newest = leader.log.iter_back().filter_map(number);
        let (last, before) = (newest.next()?, newest.next()?);
        (last < before).then(|| format!("{}: {before}, then {last}", w.setup.groups[g.ix()].name))
    })
}

/// group.I-G3: a running member of the coordinator's generation or epoch has no partition but those that it was given, and
/// so none that another such member has.
pub(super) fn members_keep_to_it(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let b = w.controller.partitions[p.ix()].leader?;
    exclusive(w, p).find_map(|g| {
        let stable = w.broker(b).group(g).is_none_or(|x| x.state == crate::kafka::group::coordinator::GroupState::Stable);
        at_coordinator(w, b, g).into_iter().filter(|_| stable).find_map(|(id, generation, given)| {
            let c = &w.consumers[id.consumer.ix()];
            let (known, mine) = c.member.credentials()?;
            let epochs = w.setup.groups[g.ix()].protocol != GroupProtocol::Classic;
            let current = c.up && known == id && c.member.in_office(epochs) && (epochs || mine as i32 == generation);
            let beyond = c.partitions().find(|x| current && !given.contains(x))?;
            Some(format!("{} reads {} in {mine}, which it was not given", id.text(&w.setup), w.setup.partition_name(beyond)))
        })
    })
}

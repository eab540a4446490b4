//! Safety properties of the quorum of controllers (rule book 4.4). They survive every fault: voters have on their disks
//! what they say that they have.

use crate::ids::*;
use crate::kafka::World;
use crate::kafka::controller::Controller;
use crate::kafka::quorum::{Role, Voter};

/// Pairs of voters.
fn pairs(w: &World) -> impl Iterator<Item = (&Voter, &Voter)> {
    let later = |i: usize| w.voters[i + 1..].iter().map(|v| &**v);
    (0..w.voters.len()).flat_map(move |i| later(i).map(move |b| (&*w.voters[i], b)))
}

/// ctrl.I-C1: a majority holds everything that was ever committed, and it is what everybody was told.
pub(super) fn committed_is_kept(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let end = w.controller.end as usize;
    if p != PartitionId(0) || w.voters.is_empty() {
        return None;
    }
    let holds = |a: &Voter| w.voters.iter().filter(|b| a.log.len() >= end && b.log.len() >= end && a.log[..end] == b.log[..end]).count();
    let Some(best) = w.voters.iter().max_by_key(|v| holds(v)).filter(|v| holds(v) > w.voters.len() / 2) else {
        return Some(format!("no majority of controllers holds the metadata log below {end}, which was committed"));
    };
    let kept = Controller::replayed(&w.setup, &best.log[..end]);
    let same = kept.partitions == w.controller.partitions && kept.brokers == w.controller.brokers;
    (!same).then(|| format!("the metadata log below {end} says something else than what was committed"))
}

/// ctrl.I-C2, I-C3: below the high watermarks that two voters know, their logs are the same.
pub(super) fn logs_agree(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    if p != PartitionId(0) {
        return None;
    }
    let (a, b) = pairs(w).find(|(a, b)| {
        let below = a.hw.min(b.hw) as usize;
        a.log.get(..below) != b.log.get(..below)
    })?;
    Some(format!("controllers {} and {} differ in what is committed", a.id, b.id))
}

/// At most one leader of the quorum in an epoch.
pub(super) fn one_leader(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    if p != PartitionId(0) {
        return None;
    }
    let leads = |v: &Voter| matches!(v.role, Role::Leader(_));
    let (a, b) = pairs(w).find(|(a, b)| leads(a) && leads(b) && a.epoch == b.epoch)?;
    Some(format!("controllers {} and {} lead in epoch {}", a.id, b.id, a.epoch))
}

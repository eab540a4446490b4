//! Share groups on the stage: whose states the cells of a partition show.

use crate::session::select::Selection;
use highwater_core::ids::*;
use highwater_core::sim::Sim;

/// The share group that a partition's cells show: the selected member's, or else the first that reads it.
pub fn group_shown(sim: &Sim, p: PartitionId, selection: Selection) -> Option<GroupIx> {
    let setup = sim.setup();
    if !setup.has_share_groups() {
        return None;
    }
    let leader = sim.world().broker(sim.world().controller.partitions[p.ix()].leader?);
    let reads = |g: &GroupIx| leader.share_partition(*g, p).is_some();
    let chosen = match selection {
        Selection::Consumer(c) => Some(setup.consumers[c.ix()].group),
        _ => None,
    };
    chosen.into_iter().chain((0..setup.groups.len() as u8).map(GroupIx)).find(reads)
}

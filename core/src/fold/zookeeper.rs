//! Safety properties of the ZooKeeper era (rule book 4.1).

use crate::ids::*;
use crate::kafka::World;

/// ctrl.Z2: at most one broker has read everything as the controller of an epoch, and none of an epoch that ZooKeeper has not given.
pub(super) fn one_controller(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let zk = w.controller.zk.as_ref().filter(|_| p == PartitionId(0))?;
    let acting = || w.brokers.iter().filter_map(|b| Some((b.id, b.zk.as_ref()?.acting.as_ref()?.epoch)));
    let twice = acting().find_map(|(a, e)| acting().find(|(b, f)| a < *b && e == *f).map(|(b, _)| (a, b, e)));
    if let Some((a, b, e)) = twice {
        return Some(format!("brokers {a} and {b} are the controller of epoch {e}"));
    }
    let (b, e) = acting().find(|(_, e)| *e > zk.epoch)?;
    Some(format!("broker {b} is the controller of epoch {e}, and /controller_epoch is {}", zk.epoch))
}

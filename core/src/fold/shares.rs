//! What became of a share group's records, below the start offset as well: a share-partition's leader forgets what is done with.

use crate::event::ShareEvent;
use crate::ids::*;
use crate::kafka::World;
use crate::kafka::share::AcknowledgeType;
use crate::kafka::share::state::RecordState;

type Place = (GroupIx, PartitionId, Offset);

/// Where share-partitions began, and the records that groups gave up.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    began: Vec<Place>,
    given_up: Vec<Place>,
}

impl Shares {
    pub(super) fn fold(&mut self, g: GroupIx, e: &ShareEvent) {
        match *e {
            ShareEvent::Loaded { partition, start, .. } if !self.began.iter().any(|b| (b.0, b.1) == (g, partition)) => {
                self.began.push((g, partition, start));
            }
            ShareEvent::GivenUp { partition, offset, .. } => self.give_up((g, partition, offset)),
            ShareEvent::Acknowledged { partition, from, to, how: AcknowledgeType::Reject, .. } => {
                (from.0..=to.0).for_each(|o| self.give_up((g, partition, Offset(o))));
            }
            // Its leader died before that was saved.
            ShareEvent::Acquired { partition, from, to, .. } => {
                self.given_up.retain(|x| (x.0, x.1) != (g, partition) || !(from..=to).contains(&x.2));
            }
            _ => {}
        }
    }

    fn give_up(&mut self, record: Place) {
        if !self.given_up.contains(&record) {
            self.given_up.push(record);
        }
    }

    /// Records that were archived: delivered too often (`group.share.delivery.count.limit`), or rejected by a member.
    pub fn given_up(&self) -> u64 {
        self.given_up.len() as u64
    }

    /// How a record stands with a group, and how often it was delivered as far as that is still known; nothing while no leader knows
    /// where the group stands, and of what was never the group's.
    pub fn state(&self, world: &World, g: GroupIx, p: PartitionId, offset: Offset) -> Option<(RecordState, u8)> {
        let kept = world.broker(world.controller.partitions[p.ix()].leader?).share_partition(g, p)?;
        let began = self.began.iter().find(|b| (b.0, b.1) == (g, p))?.2;
        match kept.get(offset) {
            Some(d) => Some((d.state, d.count)),
            None if offset >= kept.start => Some((RecordState::Available, 0)),
            None if self.given_up.contains(&(g, p, offset)) => Some((RecordState::Archived, 0)),
            None => (offset >= began).then_some((RecordState::Acknowledged, 0)),
        }
    }
}

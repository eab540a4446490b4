//! How followers of older releases cut their logs before they fetch (rule book 3.10, PV0 to PV3). Since 2.7 the fetch
//! itself finds where the logs part ([`super::fetching`]).

use super::broker::{Broker, Cx};
use super::fetching::answer;
use super::message::{Body, ConnGen, FetchPart, Fetched, FetchedPart};
use super::replica::{Replica, Role};
use super::setup::ProtocolVersion;
use crate::event::{ErrorCode, EventKind};
use crate::ids::*;

impl Cx<'_> {
    /// A replica has become a follower: PV0 cuts its log at its own high watermark, PV1 to PV3 ask the leader first.
    pub(super) fn prepare_log(&mut self, p: PartitionId) {
        let rules = self.setup.rules.replication;
        let Some(r) = self.b.replica_mut(p) else { return };
        match rules {
            ProtocolVersion::PV0 => {
                let hw = r.hw;
                self.cut(p, hw);
            }
            ProtocolVersion::PV1 | ProtocolVersion::PV2 | ProtocolVersion::PV3 => r.ask(!r.log.is_empty()),
            _ => {}
        }
    }

    fn cut(&mut self, partition: PartitionId, to: Offset) {
        let broker = self.b.id;
        if let Some(r) = self.b.replica_mut(partition)
            && to < r.log.leo()
        {
            let from = r.log.leo();
            self.on_producers(partition, |r| r.truncate(to));
            self.files_cut(partition);
            self.out.event(EventKind::Truncated { broker, partition, from, to });
        }
    }

    /// The leader's side of OffsetForLeaderEpoch: a follower's question, or a consumer's (cons.K4).
    pub(super) fn on_epoch_question(&mut self, from: Actor, conn: ConnGen, parts: &[FetchPart]) {
        let (b, rules): (&Broker, _) = (self.b, self.setup.rules.replication);
        let end = |x| b.replica(x).ok_or(ErrorCode::UnknownLeaderEpoch);
        let parts = parts.iter().map(|x| answer(x, end(x.partition).map_or_else(Fetched::Error, |r| r.epoch_end(x, rules)))).collect();
        self.send(from, Body::OffsetForLeaderEpochResponse { conn, parts });
    }

    /// The follower's side: cut, and ask again or fetch.
    pub(super) fn on_epoch_answer(&mut self, leader: BrokerId, conn: ConnGen, parts: &[FetchedPart]) {
        if !self.is_answered(leader, conn) {
            return;
        }
        for part in parts {
            self.apply_epoch_end(leader, part);
        }
        self.fetch(leader);
    }

    fn apply_epoch_end(&mut self, leader: BrokerId, part: &FetchedPart) {
        let (p, fenced) = (part.partition, self.setup.rules.replication >= ProtocolVersion::PV3);
        let Some(r) = self.b.replica_mut(p).filter(|r| r.follows() == Some(leader) && r.asks() && (!fenced || r.le == part.le)) else {
            return;
        };
        let to = match &part.answer {
            Fetched::Diverging { epoch, end } => {
                // KIP-279: of another epoch than any of its own, it cuts that epoch's followers and asks once more.
                let found = r.log.end_offset_for(Some(*epoch)).is_none_or(|own| own.0 == *epoch);
                let to = r.divergence_point(*epoch, *end);
                r.ask(!found && to < r.log.leo());
                to
            }
            Fetched::Error(ErrorCode::OffsetOutOfRange) => {
                r.ask(false); // the leader knows nothing of that epoch: back to the high watermark
                r.hw
            }
            Fetched::Error(ErrorCode::FencedLeaderEpoch) => {
                r.role = Role::Follower { leader, stopped: true, asking: false };
                return;
            }
            _ => return self.delay(leader, p),
        };
        self.cut(p, to);
        self.changed(leader, p);
    }
}

impl Replica {
    /// Does it ask its leader where to cut before it fetches?
    pub(super) fn asks(&self) -> bool {
        matches!(self.role, Role::Follower { asking: true, .. })
    }

    fn ask(&mut self, yes: bool) {
        if let Role::Follower { asking, .. } = &mut self.role {
            *asking = yes;
        }
    }
}

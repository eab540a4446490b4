//! What happens in the quorum of controllers.

use crate::ids::*;
use serde::Serialize;

/// What happened in the quorum.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "quorum", rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named by what they hold
pub enum QuorumEvent {
    /// It has heard of no leader for long enough, and asks whether it would be elected (KIP-996).
    Prospective { voter: VoterId, epoch: QuorumEpoch },
    /// A majority would elect it: it opens a new epoch and asks for votes.
    Candidate { voter: VoterId, epoch: QuorumEpoch },
    /// A voter gave its vote; `pre`: it only said that it would.
    VoteGranted { voter: VoterId, to: VoterId, epoch: QuorumEpoch, pre: bool },
    /// A majority elected it; it has appended LeaderChange.
    Elected { voter: VoterId, epoch: QuorumEpoch },
    /// Its LeaderChange is committed: it is the active controller, with everything that was committed.
    Activated { voter: VoterId, epoch: QuorumEpoch, end: u32 },
    /// It knows who leads, and fetches from there.
    Follows { voter: VoterId, leader: VoterId, epoch: QuorumEpoch },
    /// The active controller appended records; they do not count yet.
    Appended { voter: VoterId, from: u32, to: u32 },
    /// A voter copied records, and has them on its disk.
    Replicated { voter: VoterId, to: u32 },
    /// A voter threw records away that were never committed.
    Truncated { voter: VoterId, from: u32, to: u32 },
    /// A majority has what lies below: it is committed, and answers go out.
    Committed { voter: VoterId, upto: u32 },
    /// No majority has fetched from it for long enough: it leads no more (ctrl.C3).
    Resigned { voter: VoterId, epoch: QuorumEpoch },
    /// Its process died; its log is on its disk.
    Crashed { voter: VoterId },
    /// It started again.
    Started { voter: VoterId },
    /// It is not the active controller, and told a broker so: NOT_CONTROLLER.
    NotController { voter: VoterId, broker: BrokerId },
    /// A broker learned who the active controller is.
    Found { broker: BrokerId, voter: VoterId },
    /// There is no active controller to carry a command out.
    NobodyActive,
}

impl QuorumEvent {
    /// Is it one that a person steps through?
    pub(super) fn notable(&self) -> bool {
        !matches!(self, QuorumEvent::Replicated { .. } | QuorumEvent::Appended { .. })
    }
}

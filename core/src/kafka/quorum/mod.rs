//! The quorum of controllers (rule book 4.2): the metadata log, and those who vote on it.
//!
//! Voters hold the log; its leader is the active controller, which runs the rules of [`super::controller`] on the state at
//! its log's end and answers when the records are committed. Everybody else fetches.
//!
//! Simplified: voters do not change (no KIP-853); no snapshots but for a broker that begins with nothing; no no-op
//! records; BeginQuorumEpoch and EndQuorumEpoch have no answers; a candidate that loses waits for its election timeout.

mod active;
mod observer;
mod voter;

use super::controller::{Controller, PartitionState, Registration};
use super::message::{Body, Change};
use super::setup::Setup;
use super::step::Timer;
use crate::event::{ErrorCode, EventKind, MessageKind};
use crate::ids::*;
pub use observer::{Asking, Observer};
use smallvec::SmallVec;
pub(super) use voter::VoterCx;

/// A set of voters as a bit mask.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct VoterSet(u8);

impl VoterSet {
    /// The set of just `v`.
    pub fn of(v: VoterId) -> Self {
        VoterSet(1 << v.ix())
    }
    /// Is it in it?
    pub fn has(self, v: VoterId) -> bool {
        self.0 >> v.ix() & 1 == 1
    }
    fn add(&mut self, v: VoterId) {
        self.0 |= 1 << v.ix();
    }
    fn remove(&mut self, v: VoterId) {
        self.0 &= !(1 << v.ix());
    }
    /// How many.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }
    /// Nobody in it?
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A record of the metadata log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MetaRecord {
    /// The first of each epoch: who leads in it.
    LeaderChange(VoterId),
    /// A broker's registration, as it is now.
    Broker(BrokerId, Registration),
    /// A partition, as it is now.
    Partition(PartitionId, PartitionState),
}

/// A record in its place in the log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MetaEntry {
    /// The epoch in which it was appended.
    pub epoch: QuorumEpoch,
    /// What it says.
    pub record: MetaRecord,
    /// What people are told once it is committed; stands with the first record of a change. No part of Kafka's records.
    pub told: SmallVec<[EventKind; 0]>,
}

/// What a voter is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// It knows nobody who leads.
    Unattached,
    /// It fetches from the leader; `fetched`: successfully, at least once.
    Follower {
        /// Who leads.
        leader: VoterId,
        /// It has had an answer.
        fetched: bool,
    },
    /// It asks whether it would be elected (KIP-996).
    Prospective {
        /// Who led in this epoch.
        leader: Option<VoterId>,
        /// Who said yes.
        granted: VoterSet,
        /// Who said no.
        refused: VoterSet,
    },
    /// It asks for votes in its epoch.
    Candidate {
        /// Who gave it.
        granted: VoterSet,
    },
    /// It leads in its epoch.
    Leader(Box<Lead>),
    /// It led in its epoch.
    Resigned,
}

impl Role {
    /// Its name in Kafka.
    pub fn name(&self) -> &'static str {
        match self {
            Role::Unattached => "Unattached",
            Role::Follower { .. } => "Follower",
            Role::Prospective { .. } => "Prospective",
            Role::Candidate { .. } => "Candidate",
            Role::Leader(_) => "Leader",
            Role::Resigned => "Resigned",
        }
    }
}

/// Answers of an operation of the active controller.
pub type Answers = SmallVec<[(BrokerId, Body); 1]>;

/// What a leader keeps.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Lead {
    /// Where its epoch begins: the offset of its LeaderChange.
    pub start: u32,
    /// How far each voter's log goes, by id; its own place is not used.
    pub ends: SmallVec<[u32; 3]>,
    /// Who has fetched since a majority last had (ctrl.C3).
    pub heard: VoterSet,
    /// Who has not fetched since BeginQuorumEpoch was last sent.
    pub silent: VoterSet,
    /// Fetches that wait for news: whose, from where, and the high watermark that it knows.
    pub parked: SmallVec<[(Actor, u32, u32); 5]>,
    /// The controller's state at the end of the log, once its LeaderChange is committed.
    pub active: Option<Box<Controller>>,
    /// Answers that go out when the log is committed up to there.
    pub pending: SmallVec<[(u32, Answers); 0]>,
}

/// A controller of the quorum.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Voter {
    /// Its id.
    pub id: VoterId,
    /// Does its process run?
    pub up: bool,
    /// The highest epoch that it has heard of; on its disk.
    pub epoch: QuorumEpoch,
    /// Whom it voted for in this epoch; on its disk before it answers.
    pub voted: Option<VoterId>,
    /// What it is.
    pub role: Role,
    /// Its log; on its disk before it counts.
    pub log: Vec<MetaEntry>,
    /// How much of the log it knows to be committed.
    pub hw: u32,
}

/// A message of the quorum.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // Kafka's field names; see the rules that read them
pub enum QuorumBody {
    Vote {
        epoch: QuorumEpoch,
        last_epoch: QuorumEpoch,
        end: u32,
        pre: bool,
    },
    VoteResponse {
        epoch: QuorumEpoch,
        leader: Option<VoterId>,
        granted: bool,
        pre: bool,
    },
    BeginQuorumEpoch {
        epoch: QuorumEpoch,
    },
    /// `successor`: who should ask for votes at once.
    EndQuorumEpoch {
        epoch: QuorumEpoch,
        successor: VoterId,
    },
    /// `end`: `None` of a broker that has nothing, and takes a snapshot.
    Fetch {
        epoch: QuorumEpoch,
        last_epoch: QuorumEpoch,
        end: Option<u32>,
        hw: u32,
    },
    FetchResponse {
        epoch: QuorumEpoch,
        leader: Option<VoterId>,
        answer: Fetched,
    },
    /// Of a heartbeat that was refused; nothing comes of those that are answered.
    BrokerHeartbeatResponse {
        error: ErrorCode,
    },
}

/// What a fetch of the metadata log brings.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Fetched {
    /// Records from an offset on, perhaps none.
    Records {
        /// The first one's offset.
        from: u32,
        /// The records.
        entries: Vec<MetaEntry>,
        /// The high watermark.
        hw: u32,
    },
    /// Everything as it stands there, for a broker that has nothing.
    Snapshot {
        /// The offset behind it.
        upto: u32,
        /// The image.
        image: SmallVec<[Change; 1]>,
    },
    /// The logs part ways: this epoch ends there.
    Diverging {
        /// The largest epoch of the leader that is not above the asked one.
        epoch: QuorumEpoch,
        /// Its end offset.
        end: u32,
    },
    /// NOT_LEADER_OR_FOLLOWER, or FENCED_LEADER_EPOCH.
    NotLeader,
}

impl QuorumBody {
    /// Its name.
    pub fn kind(&self) -> MessageKind {
        match self {
            QuorumBody::Vote { .. } => MessageKind::Vote,
            QuorumBody::VoteResponse { .. } => MessageKind::VoteResponse,
            QuorumBody::BeginQuorumEpoch { .. } => MessageKind::BeginQuorumEpoch,
            QuorumBody::EndQuorumEpoch { .. } => MessageKind::EndQuorumEpoch,
            QuorumBody::Fetch { .. } => MessageKind::MetadataFetch,
            QuorumBody::FetchResponse { .. } => MessageKind::MetadataFetchResponse,
            QuorumBody::BrokerHeartbeatResponse { .. } => MessageKind::BrokerHeartbeatResponse,
        }
    }
}

/// A timer of the quorum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum QuorumTimer {
    /// `controller.quorum.election.timeout.ms` and up to as much again, by seed and epoch.
    Election(VoterId, QuorumEpoch),
    /// `controller.quorum.fetch.timeout.ms` since a follower's last successful fetch (ctrl.C1).
    Fetch(VoterId),
    /// 1.5 times that since a majority fetched from the leader (ctrl.C3).
    CheckQuorum(VoterId),
    /// Half of it: BeginQuorumEpoch goes again to those who have not fetched.
    Begin(VoterId),
    /// 500 ms of a fetch that waits at the leader.
    FetchWait(VoterId, Actor),
    /// `broker.session.timeout.ms` at the active controller.
    Session(VoterId, BrokerId),
    /// `controller.quorum.fetch.timeout.ms` of a broker's fetch.
    ObserverFetch(BrokerId),
    /// `controller.quorum.retry.backoff.ms` of a broker that was sent away.
    ObserverBackoff(BrokerId),
}

impl QuorumTimer {
    /// Whose timer it is.
    pub fn actor(&self) -> Actor {
        match *self {
            QuorumTimer::Election(v, _) | QuorumTimer::Fetch(v) | QuorumTimer::CheckQuorum(v) | QuorumTimer::Begin(v) => Actor::Voter(v),
            QuorumTimer::FetchWait(v, _) | QuorumTimer::Session(v, _) => Actor::Voter(v),
            QuorumTimer::ObserverFetch(b) | QuorumTimer::ObserverBackoff(b) => Actor::Broker(b),
        }
    }
}

impl Voter {
    /// The quorum of a settled cluster: voter 1 leads in epoch 1, and its controller is active. Logs begin here.
    pub fn settled(id: VoterId, setup: &Setup) -> Self {
        let first = VoterId(1);
        let role = if id == first {
            Role::Leader(Box::new(Lead { active: Some(Box::new(Controller::settled(setup))), ..Lead::new(0, setup, first) }))
        } else {
            Role::Follower { leader: first, fetched: true }
        };
        Voter { id, up: true, epoch: QuorumEpoch(1), voted: Some(first), role, log: Vec::new(), hw: 0 }
    }

    /// Where its log ends.
    pub fn end(&self) -> u32 {
        self.log.len() as u32
    }

    /// The epoch of its last record; 1 before the first.
    pub fn last_epoch(&self) -> QuorumEpoch {
        self.log.last().map_or(QuorumEpoch(1), |e| e.epoch)
    }

    /// Who leads in its epoch, as far as it knows.
    pub fn leader(&self) -> Option<VoterId> {
        match &self.role {
            Role::Follower { leader, .. } => Some(*leader),
            Role::Prospective { leader, .. } => *leader,
            Role::Leader(_) => Some(self.id),
            _ => None,
        }
    }

    /// The state of the controller, if it is the active one.
    pub fn active(&self) -> Option<&Controller> {
        match &self.role {
            Role::Leader(l) => l.active.as_deref(),
            _ => None,
        }
    }

    /// The largest epoch in its log that is not above this one, and where it ends.
    fn end_of_epoch(&self, epoch: QuorumEpoch) -> (QuorumEpoch, u32) {
        let n = self.log.iter().take_while(|e| e.epoch <= epoch).count();
        (n.checked_sub(1).map_or(QuorumEpoch(1), |i| self.log[i].epoch), n as u32)
    }

    /// Timers that its state implies.
    pub fn armed(&self, f: &mut impl FnMut(Timer)) {
        let mut put = |t| f(Timer::Quorum(t));
        if !self.up {
            return;
        }
        match &self.role {
            Role::Unattached | Role::Prospective { .. } | Role::Candidate { .. } | Role::Resigned => {
                put(QuorumTimer::Election(self.id, self.epoch));
            }
            Role::Follower { .. } => put(QuorumTimer::Fetch(self.id)),
            Role::Leader(l) => {
                put(QuorumTimer::CheckQuorum(self.id));
                put(QuorumTimer::Begin(self.id));
                l.parked.iter().for_each(|p| put(QuorumTimer::FetchWait(self.id, p.0)));
                if let Some(c) = &l.active {
                    c.live().for_each(|b| put(QuorumTimer::Session(self.id, b)));
                }
            }
        }
    }
}

impl Lead {
    fn new(start: u32, setup: &Setup, me: VoterId) -> Self {
        let mut silent = VoterSet::default();
        setup.voter_ids().filter(|v| *v != me).for_each(|v| silent.add(v));
        Lead {
            start,
            ends: setup.voter_ids().map(|_| 0).collect(),
            heard: VoterSet::default(),
            silent,
            parked: SmallVec::new(),
            active: None,
            pending: SmallVec::new(),
        }
    }
}

/// More than half of the voters.
fn majority(setup: &Setup) -> usize {
    usize::from(setup.voters) / 2 + 1
}

//! The ZooKeeper era (rule book 4.1, up to Kafka 3.9): metadata is kept in ZooKeeper, and one of the brokers is the controller.
//!
//! [`node`] is ZooKeeper, [`session`] a broker as its client, [`active`] the controller on a broker, which runs the rules of
//! [`super::controller`] on what it read, writes what comes of them, and only then tells the brokers.
//!
//! Simplified: ZooKeeper is one node, not an ensemble. What a watch brings is what a read after it would bring, and where a
//! connection lost it, the next ping brings it. An operation that nobody answers is asked again each second. A controller
//! reads all state, and writes all that a decision changes, in one exchange. The controller tells its own broker at once.

pub mod active;
pub mod node;
pub mod session;

use super::controller::PartitionState;
use super::message::{Change, Incarnation};
use super::setup::Setup;
use super::step::Timer;
use crate::event::{ErrorCode, EventKind, MessageKind};
use crate::ids::*;
pub(super) use active::Task;
pub use active::{Acting, Doing};
pub(super) use node::NodeCx;
pub use session::ZkSide;
use smallvec::SmallVec;

/// What ZooKeeper has beside brokers and partitions, which are in [`super::controller::Controller`]: a broker whose
/// `/brokers/ids` node exists is `live` there, with the node's `czxid` as its epoch; `pe` is the version of a partition's node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Zookeeper {
    /// Does its process run? What it keeps is on its disk, sessions too.
    pub up: bool,
    /// Sessions that it has not ended.
    pub sessions: SmallVec<[Session; 4]>,
    /// The newest one's number.
    last: SessionId,
    /// `/controller_epoch`.
    pub epoch: ControllerEpoch,
    /// Counts changes that the controller watches, …
    zxid: u32,
    /// … and where the newest was that everybody watches: of `/controller`.
    controller_zxid: u32,
    /// `/isr_change_notification`: which leaders have written another ISR, and when.
    notes: SmallVec<[(u32, PartitionId); 0]>,
}

/// A session, and the ephemeral nodes that end with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Whose.
    pub broker: BrokerId,
    /// Of which life of its process.
    life: Incarnation,
    /// It owns `/brokers/ids/N`.
    pub registered: bool,
    /// It owns `/controller`.
    pub controller: bool,
}

impl Zookeeper {
    /// Of a settled cluster: everybody has registered. Who creates `/controller` first is chance; here it is the last
    /// broker, so that it is not at once the leader of the first partition.
    pub fn settled(setup: &Setup) -> Self {
        let session = |broker: BrokerId| Session {
            id: SessionId(broker.0.into()),
            broker,
            life: Incarnation::default(),
            registered: true,
            controller: broker == first_controller(setup),
        };
        Zookeeper {
            up: true,
            sessions: setup.broker_ids().map(session).collect(),
            last: SessionId(setup.brokers.into()),
            epoch: ControllerEpoch(1),
            zxid: 0,
            controller_zxid: 0,
            notes: SmallVec::new(),
        }
    }

    /// Who created `/controller`.
    pub fn controller(&self) -> Option<BrokerId> {
        self.sessions.iter().find(|s| s.controller).map(|s| s.broker)
    }
}

/// The controller of a settled cluster.
fn first_controller(setup: &Setup) -> BrokerId {
    BrokerId(setup.brokers)
}

/// What brokers and ZooKeeper say to each other, and the controller and brokers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // names of ZooKeeper's and Kafka's fields; see the rules that read them
pub enum ZkBody {
    Connect {
        life: Incarnation,
    },
    ConnectResponse {
        session: SessionId,
    },
    /// `seen`: the newest change that the client knows (`lastZxidSeen`).
    Ping {
        session: SessionId,
        seen: u32,
    },
    /// The session is over.
    SessionExpired {
        session: SessionId,
    },
    CloseSession {
        session: SessionId,
    },
    Request {
        session: SessionId,
        op: ZkOp,
    },
    Response(ZkAnswer),
    Watch(News),
    /// LeaderAndIsr and UpdateMetadata.
    Push(Push),
    PushResponse {
        seq: u32,
        kind: PushKind,
        error: Option<ErrorCode>,
    },
    /// A broker that stops asks the controller to move its leaderships away.
    ControlledShutdown {
        be: BrokerEpoch,
    },
}

/// What ZooKeeper is asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ZkOp {
    /// Create the ephemeral `/brokers/ids/N`.
    CreateBroker,
    /// Create the ephemeral `/controller` and count `/controller_epoch` up.
    CreateController,
    /// Read everything.
    ReadState,
    /// The controller writes partitions' nodes, if `/controller_epoch` is still its own and no node has changed since it read it.
    WriteStates {
        /// Its epoch.
        epoch: ControllerEpoch,
        /// What it writes.
        writes: Writes,
        /// What people are told once it is written. No part of ZooKeeper's protocol.
        told: SmallVec<[EventKind; 0]>,
    },
    /// A leader writes another ISR, if the partition's node has not changed since it read it (before PV5).
    WriteIsr {
        /// Of which partition.
        partition: PartitionId,
        /// In which leader epoch it leads.
        le: LeaderEpoch,
        /// The version that it knows.
        pe: PartitionEpoch,
        /// The ISR.
        isr: BrokerSet,
    },
}

/// What a controller writes: for each partition the version that it knows, and its new state.
pub type Writes = SmallVec<[(PartitionId, PartitionEpoch, PartitionState); 2]>;

/// Partitions' nodes.
pub type States = SmallVec<[(PartitionId, PartitionState); 2]>;

/// What it answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ZkAnswer {
    /// To CreateBroker: the broker epoch, or NodeExists.
    Broker(Option<BrokerEpoch>),
    /// To CreateController: who is, and in which epoch; perhaps somebody else.
    Controller(BrokerId, ControllerEpoch),
    /// To ReadState.
    State(News, SmallVec<[PartitionState; 2]>),
    /// To WriteStates.
    States(Written),
    /// To WriteIsr: the new version; `Err` is BadVersion.
    Isr {
        /// Of which partition.
        partition: PartitionId,
        /// In which leader epoch it was asked for, and with which version.
        asked: (LeaderEpoch, PartitionEpoch),
        /// What is in the node now.
        result: Result<(BrokerSet, PartitionEpoch), ()>,
    },
}

/// What became of a controller's write.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Written {
    /// It is written.
    Yes,
    /// Somebody else is the controller by now.
    ControllerMoved,
    /// A leader has changed its ISR meanwhile: so they are now.
    BadVersion(States),
}

/// The small nodes, as a watch and the read after it bring them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct News {
    /// Up to which change.
    pub zxid: u32,
    /// `/controller` and `/controller_epoch`.
    pub controller: (Option<BrokerId>, ControllerEpoch),
    /// `/brokers/ids`: brokers by id, with their epochs.
    pub brokers: SmallVec<[Option<BrokerEpoch>; 4]>,
    /// ISRs that leaders have written (`/isr_change_notification`), for the controller.
    pub notes: States,
}

/// Which request of the controller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PushKind {
    /// To replicas: who leads, with which ISR.
    LeaderAndIsr,
    /// To everybody: who lives, who leads.
    UpdateMetadata,
}

/// A request of the controller to a broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Push {
    /// Which.
    pub kind: PushKind,
    /// The controller's epoch.
    pub epoch: ControllerEpoch,
    /// The broker epoch that it is meant for (KIP-380).
    pub be: BrokerEpoch,
    /// Its number among this controller's.
    pub seq: u32,
    /// What it says.
    pub changes: SmallVec<[Change; 2]>,
}

impl ZkBody {
    /// Its name.
    pub fn kind(&self) -> MessageKind {
        match self {
            ZkBody::Connect { .. } => MessageKind::ZkConnect,
            ZkBody::ConnectResponse { .. } => MessageKind::ZkConnectResponse,
            ZkBody::Ping { .. } => MessageKind::ZkPing,
            ZkBody::SessionExpired { .. } => MessageKind::ZkSessionExpired,
            ZkBody::CloseSession { .. } => MessageKind::ZkCloseSession,
            ZkBody::Request { op: ZkOp::CreateBroker | ZkOp::CreateController, .. } => MessageKind::ZkCreate,
            ZkBody::Request { op: ZkOp::ReadState, .. } => MessageKind::ZkGetData,
            ZkBody::Request { op: ZkOp::WriteStates { .. } | ZkOp::WriteIsr { .. }, .. } => MessageKind::ZkSetData,
            ZkBody::Response(_) => MessageKind::ZkResponse,
            ZkBody::Watch(_) => MessageKind::ZkWatch,
            ZkBody::Push(Push { kind: PushKind::LeaderAndIsr, .. }) => MessageKind::LeaderAndIsr,
            ZkBody::Push(_) => MessageKind::UpdateMetadata,
            ZkBody::PushResponse { kind: PushKind::LeaderAndIsr, .. } => MessageKind::LeaderAndIsrResponse,
            ZkBody::PushResponse { .. } => MessageKind::UpdateMetadataResponse,
            ZkBody::ControlledShutdown { .. } => MessageKind::ControlledShutdown,
        }
    }
}

/// A timer of ZooKeeper or of a broker towards it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ZkTimer {
    /// `zookeeper.session.timeout.ms` since ZooKeeper last heard of a session.
    Session(SessionId),
    /// `zookeeper.connection.timeout.ms` of a broker that starts.
    GiveUp(BrokerId),
    /// A broker asks again what was not answered.
    Retry(BrokerId),
    /// `controller.socket.timeout.ms` of the request that the first broker, the controller, has sent to the second.
    Push(BrokerId, BrokerId),
}

impl ZkTimer {
    /// Whose timer it is.
    pub fn actor(&self) -> Actor {
        match *self {
            ZkTimer::Session(_) => Actor::Zookeeper,
            ZkTimer::GiveUp(b) | ZkTimer::Retry(b) | ZkTimer::Push(b, _) => Actor::Broker(b),
        }
    }

    /// As a timer of the world.
    pub(super) fn into(self) -> Timer {
        Timer::Zk(self)
    }
}

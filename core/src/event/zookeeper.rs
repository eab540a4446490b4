//! What happens in ZooKeeper, and with a controller that is one of the brokers.

use crate::ids::*;
use serde::Serialize;

/// What happened around ZooKeeper.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(tag = "zookeeper", rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named by what they hold
pub enum ZkEvent {
    /// Its process died; what it keeps is on its disk.
    Crashed,
    /// It started again; every session gets its whole timeout.
    Started,
    /// A broker created `/brokers/ids/N`.
    Registered { broker: BrokerId, epoch: BrokerEpoch },
    /// Nothing was heard of a broker for `zookeeper.session.timeout.ms`: its ephemeral nodes are gone; perhaps `/controller` too.
    SessionExpired { broker: BrokerId, controller: bool },
    /// A broker that started found no ZooKeeper for `zookeeper.connection.timeout.ms`, and exits.
    ConnectionTimedOut { broker: BrokerId },
    /// Its node is there still, of the process that was killed just now: it exits (NodeExistsException).
    NodeExists { broker: BrokerId },
    /// A broker created `/controller`: it is to be the controller.
    ControllerElected { broker: BrokerId, epoch: ControllerEpoch },
    /// It has read all state, and is the controller.
    ControllerActive { broker: BrokerId, epoch: ControllerEpoch },
    /// It learned that it is the controller no more.
    ControllerResigned { broker: BrokerId, epoch: ControllerEpoch },
    /// A broker refused a request of an old controller.
    StaleController { broker: BrokerId, from: BrokerId, epoch: ControllerEpoch },
    /// A leader wrote another ISR to ZooKeeper by itself (before PV5).
    IsrWritten { broker: BrokerId, partition: PartitionId },
    /// It could not: somebody else has written there since it read.
    BadVersion { broker: BrokerId, partition: PartitionId },
    /// ZooKeeper does not run, or there is no controller, to carry a command out.
    NobodyActive,
}

impl ZkEvent {
    /// The partition that it is about, if it is about one.
    pub(super) fn partition(&self) -> Option<PartitionId> {
        match *self {
            ZkEvent::IsrWritten { partition, .. } | ZkEvent::BadVersion { partition, .. } => Some(partition),
            _ => None,
        }
    }
}

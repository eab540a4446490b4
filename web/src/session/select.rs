//! What can be selected and looked into.

use highwater_core::ids::*;
use serde::{Deserialize, Serialize};

/// The selected thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Selection {
    /// Nothing: the run as a whole.
    #[default]
    Run,
    /// The controller.
    Controller,
    /// A broker.
    Broker(BrokerId),
    /// A partition.
    Partition(PartitionId),
    /// A producer.
    Producer(ProducerIx),
    /// A consumer.
    Consumer(ConsumerIx),
    /// The record at an offset of a broker's replica.
    Record(BrokerId, PartitionId, Offset),
    /// A message on its way.
    Message(MsgId),
    /// Something that happened.
    Event(u32),
}

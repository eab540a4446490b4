//! Names of things: small `Copy` newtypes, so that a broker is never mistaken for an offset.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// `node.id` of a broker, counted from 1.
    BrokerId(u8)
);
id!(
    /// A controller: a voter of the metadata quorum, counted from 1. A node of its own, not one of the brokers.
    VoterId(u8)
);
id!(
    /// How often the leadership of the metadata log was put to the vote.
    QuorumEpoch(u16)
);
id!(
    /// How often `/controller` was created in ZooKeeper.
    ControllerEpoch(u16)
);
id!(
    /// A session of a broker with ZooKeeper.
    SessionId(u16)
);
id!(
    /// A partition of any topic: its index in [`crate::kafka::Setup::partitions`].
    PartitionId(u16)
);
id!(
    /// A producer: its index in [`crate::kafka::Setup::producers`].
    ProducerIx(u8)
);
id!(
    /// A consumer: its index in [`crate::kafka::Setup::consumers`].
    ConsumerIx(u8)
);
id!(
    /// A consumer group: its index in [`crate::kafka::Setup::groups`].
    GroupIx(u8)
);
id!(
    /// A `transactional.id`: its index in [`crate::kafka::Setup::transactions`].
    TxnIx(u8)
);
id!(
    /// Position of a record in a partition's log, counted from 0.
    Offset(u32)
);
id!(
    /// How often the leadership of a partition was decided (LE).
    LeaderEpoch(u16)
);
id!(
    /// Version of a partition's metadata (PE).
    PartitionEpoch(u16)
);
id!(
    /// Which registration of a broker (BE): larger after each restart.
    BrokerEpoch(u16)
);
id!(
    /// A message on the wire: its ordinal over the whole run, kept across time travel.
    MsgId(u32)
);

impl BrokerId {
    /// Index into arrays of brokers.
    pub fn ix(self) -> usize {
        usize::from(self.0) - 1
    }
}
impl VoterId {
    /// Index into arrays of voters.
    pub fn ix(self) -> usize {
        usize::from(self.0) - 1
    }
}
impl PartitionId {
    /// Index into arrays of partitions.
    pub fn ix(self) -> usize {
        usize::from(self.0)
    }
}
impl ProducerIx {
    /// Index into arrays of producers.
    pub fn ix(self) -> usize {
        usize::from(self.0)
    }
}
impl ConsumerIx {
    /// Index into arrays of consumers.
    pub fn ix(self) -> usize {
        usize::from(self.0)
    }
}
impl GroupIx {
    /// Index into arrays of groups.
    pub fn ix(self) -> usize {
        usize::from(self.0)
    }
}
impl TxnIx {
    /// Index into arrays of transactional ids.
    pub fn ix(self) -> usize {
        usize::from(self.0)
    }
}
impl Offset {
    /// The first offset of every log.
    pub const ZERO: Offset = Offset(0);
    /// The offset `n` records further.
    #[must_use]
    pub fn plus(self, n: u32) -> Offset {
        Offset(self.0 + n)
    }
}

/// A record that an application handed to a producer: the producer and the record's ordinal there.
/// The same in every branch of time and under every config, so that runs can be compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RecordId {
    /// Who sent it.
    pub producer: ProducerIx,
    /// Its ordinal among that producer's records, from 0.
    pub n: u32,
}

/// A batch that a producer built: the producer and the batch's ordinal there. Retries keep it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct BatchId {
    /// Who built it.
    pub producer: ProducerIx,
    /// Its ordinal among that producer's batches, from 0.
    pub n: u32,
}

/// `producerId`: whose sequence numbers a leader keeps apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Pid {
    /// Of a producer without a `transactional.id`: a new one for each life of its process.
    Session(ProducerIx, u8),
    /// Of a `transactional.id`: kept across restarts. The number counts up when its epochs are used up.
    Transactional(TxnIx, u16),
}

impl Pid {
    /// The `transactional.id`, if it has one.
    pub fn txn(self) -> Option<TxnIx> {
        match self {
            Pid::Session(..) => None,
            Pid::Transactional(t, _) => Some(t),
        }
    }
}

/// Anything that sends and receives messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The controller, where there is one that never fails.
    Controller,
    /// A broker.
    Broker(BrokerId),
    /// A producer client.
    Producer(ProducerIx),
    /// A consumer client.
    Consumer(ConsumerIx),
    /// A controller of a quorum. A trial has none, so no schedule names one.
    #[serde(skip_deserializing)]
    Voter(VoterId),
    /// ZooKeeper, where metadata is kept there. A trial has none, so no schedule names it.
    #[serde(skip_deserializing)]
    Zookeeper,
}

impl Actor {
    /// It as a number, in the same order.
    #[inline]
    pub(crate) fn code(self) -> u16 {
        // Apart, so that neither needs a jump: a search asks for it all the time.
        let kind = match self {
            Actor::Controller => 0,
            Actor::Broker(_) => 1,
            Actor::Producer(_) => 2,
            Actor::Consumer(_) => 3,
            Actor::Voter(_) => 4,
            Actor::Zookeeper => 5,
        };
        let id = match self {
            Actor::Controller | Actor::Zookeeper => 0,
            Actor::Broker(BrokerId(id)) | Actor::Producer(ProducerIx(id)) | Actor::Consumer(ConsumerIx(id)) | Actor::Voter(VoterId(id)) => {
                id
            }
        };
        kind << 8 | u16::from(id)
    }

    /// The actor with this number.
    pub(crate) fn of_code(code: u16) -> Self {
        let id = code as u8;
        match code >> 8 {
            0 => Actor::Controller,
            1 => Actor::Broker(BrokerId(id)),
            2 => Actor::Producer(ProducerIx(id)),
            3 => Actor::Consumer(ConsumerIx(id)),
            4 => Actor::Voter(VoterId(id)),
            _ => Actor::Zookeeper,
        }
    }
}

/// A set of brokers as a bit mask: ISR, ELR, replicas.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct BrokerSet(pub u32);

impl BrokerSet {
    /// Nobody.
    pub const EMPTY: BrokerSet = BrokerSet(0);
    /// The highest broker id that a set can hold.
    pub const MAX_ID: u8 = 32;

    /// The set of just `b`.
    pub fn of(b: BrokerId) -> Self {
        BrokerSet(1 << b.ix())
    }
    /// Is `b` in it?
    pub fn has(self, b: BrokerId) -> bool {
        self.0 >> b.ix() & 1 == 1
    }
    /// With `b`.
    #[must_use]
    pub fn with(self, b: BrokerId) -> Self {
        BrokerSet(self.0 | 1 << b.ix())
    }
    /// Without `b`.
    #[must_use]
    pub fn without(self, b: BrokerId) -> Self {
        BrokerSet(self.0 & !(1 << b.ix()))
    }
    /// In either.
    #[must_use]
    pub fn union(self, o: Self) -> Self {
        BrokerSet(self.0 | o.0)
    }
    /// In this, not in `o`.
    #[must_use]
    pub fn minus(self, o: Self) -> Self {
        BrokerSet(self.0 & !o.0)
    }
    /// All of this also in `o`?
    pub fn within(self, o: Self) -> bool {
        self.0 & !o.0 == 0
    }
    /// How many.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }
    /// Nobody in it?
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// The members, by id.
    pub fn iter(self) -> impl Iterator<Item = BrokerId> {
        (0..32u8).filter(move |i| self.0 >> i & 1 == 1).map(|i| BrokerId(i + 1))
    }
}

impl FromIterator<BrokerId> for BrokerSet {
    fn from_iter<I: IntoIterator<Item = BrokerId>>(it: I) -> Self {
        it.into_iter().fold(BrokerSet::EMPTY, BrokerSet::with)
    }
}

impl fmt::Display for BrokerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.iter().map(|b| b.to_string()).collect();
        write!(f, "{{{}}}", ids.join(","))
    }
}
impl Serialize for BrokerSet {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

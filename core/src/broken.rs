//! Rules that can be broken on purpose, so that agreement with recordings of real Kafka means something: a case that no broken rule
//! makes fail says nothing. Only the feature `broken-rules` can break one; without it every rule holds, at no cost.

/// A rule with a switch. The word on it is what the engine does while it holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// prod.A2: an append with acks=all is refused below `min.insync.replicas`.
    MinIsr,
    /// prod.A2: it asks for `min.insync.replicas`, not for every replica.
    InSyncIsEnough,
    /// prod.A2: `min.insync.replicas` counts as the number of replicas where it is larger.
    MinIsrCap,
    /// prod.A2: acks=all is answered when every in-sync replica has the record.
    AcksAllWaits,
    /// prod.A0: with acks=0 the producer learns no offset.
    AcksNone,
    /// repl.R-H1: the high watermark is the smallest end among the in-sync replicas.
    HighWatermark,
    /// repl.R-H1: it stands still while the ISR is below `min.insync.replicas`.
    StrictMinIsr,
    /// repl.R-H1: a leader that is alone in the ISR commits by itself.
    AloneInIsr,
    /// repl.R-F2: a follower learns it from the answer to its next fetch.
    FollowerHighWatermark,
    /// repl.R-I2: who is behind for `replica.lag.time.max.ms` leaves the ISR.
    IsrShrinks,
    /// repl.R-I1: who has caught up joins it again.
    IsrExpands,
    /// repl.R-I2: a follower that has everything stays, however long nothing is written.
    QuietFollower,
    /// repl.E6: a new leader has a new epoch.
    LeaderEpoch,
    /// repl.E1: who leaves the ISR below min ISR stays eligible.
    Elr,
    /// repl.E7: with ELR off the last member of the ISR stays in it.
    LastInIsr,
    /// repl.E4: unclean election only where it is allowed.
    CleanElection,
    /// repl.R-L3: a follower cuts its log where it parts from the leader's.
    Truncation,
    /// repl.R-F3: an epoch ends where the next one begins.
    EpochEnd,
    /// prod.D1: a batch that is there already is recognised.
    Duplicates,
    /// prod.D2 to D5: numbers and epochs of batches are checked.
    Sequence,
    /// prod.D4: after 2147483647 comes 0.
    SequenceWraps,
    /// prod.D5: a producer that is not known may begin with any number.
    UnknownProducer,
    /// prod.PB6: a producer tries again.
    Retries,
    /// prod.PB6: what is tried again goes where its number says.
    RetryOrder,
    /// prod.P3: murmur2.
    Murmur2,
    /// prod.P3: CRC32 in clients built on librdkafka.
    Crc32,
    /// prod.P4: a record without a key stays with its partition until the batch is full.
    Sticky,
    /// prod.P4: and goes to short queues of partitions with a leader.
    StickyWeights,
    /// The hash that finds a coordinator.
    CoordinatorHash,
    /// assign.*: who gets which share.
    Assignment,
    /// cons.K6: a commit is found again.
    Commit,
    /// cons.K5: a commit says how far `poll()` got, not what was fetched.
    AutoCommit,
    /// cons.K2: `auto.offset.reset`.
    OffsetReset,
    /// cons: a fetch names the leader epoch.
    FetchEpoch,
    /// group.G9: who commits is a member, in this generation.
    CommitCheck,
    /// group.G3: every rebalance has a new generation.
    Generation,
    /// KIP-345: a static member that is back takes its place again.
    StaticMember,
    /// txn.M3: read_committed readers stop at the last stable offset.
    LastStableOffset,
    /// txn.M4: they skip aborted batches.
    SkipAborted,
    /// txn.W2, T1: an ended transaction raises the epoch.
    TransactionEpoch,
    /// txn.T7: a transaction that stays open is aborted.
    TransactionTimeout,
    /// log.L7: segments go by size and by time.
    Retention,
    /// log.L8: nobody deletes beyond the high watermark.
    DeleteRecordsBound,
    /// prod.D7: a producer's numbers outlive its records.
    ProducerState,
    /// log.L9: the newest of each key stays, the others go.
    Compaction,
    /// log.L10: a tombstone goes with the pass after its horizon.
    Tombstones,
    /// log.L1: a compacted topic wants keys.
    CompactionKeys,
    /// log.L1: `max.message.bytes`.
    MaxMessageBytes,
    /// log.L13: a timestamp is near the clock.
    TimestampBounds,
    /// share.Q1: `share.auto.offset.reset`.
    ShareReset,
    /// share.Q3: accepted or rejected, a record is done with.
    ShareAcknowledge,
    /// share.Q4: deliveries are counted.
    DeliveryCount,
    /// share.Q4: after so many deliveries, nobody gets it again.
    DeliveryLimit,
    /// share.Q4: a member that closes gives back what it has.
    ShareSession,
}

/// Every rule with a switch.
#[cfg(feature = "broken-rules")]
pub const ALL: &[Rule] = &[
    Rule::MinIsr,
    Rule::InSyncIsEnough,
    Rule::MinIsrCap,
    Rule::AcksAllWaits,
    Rule::AcksNone,
    Rule::HighWatermark,
    Rule::StrictMinIsr,
    Rule::AloneInIsr,
    Rule::FollowerHighWatermark,
    Rule::IsrShrinks,
    Rule::IsrExpands,
    Rule::QuietFollower,
    Rule::LeaderEpoch,
    Rule::Elr,
    Rule::LastInIsr,
    Rule::CleanElection,
    Rule::Truncation,
    Rule::EpochEnd,
    Rule::Duplicates,
    Rule::Sequence,
    Rule::SequenceWraps,
    Rule::UnknownProducer,
    Rule::Retries,
    Rule::RetryOrder,
    Rule::Murmur2,
    Rule::Crc32,
    Rule::Sticky,
    Rule::StickyWeights,
    Rule::CoordinatorHash,
    Rule::Assignment,
    Rule::Commit,
    Rule::AutoCommit,
    Rule::OffsetReset,
    Rule::FetchEpoch,
    Rule::CommitCheck,
    Rule::Generation,
    Rule::StaticMember,
    Rule::LastStableOffset,
    Rule::SkipAborted,
    Rule::TransactionEpoch,
    Rule::TransactionTimeout,
    Rule::Retention,
    Rule::DeleteRecordsBound,
    Rule::ProducerState,
    Rule::Compaction,
    Rule::Tombstones,
    Rule::CompactionKeys,
    Rule::MaxMessageBytes,
    Rule::TimestampBounds,
    Rule::ShareReset,
    Rule::ShareAcknowledge,
    Rule::DeliveryCount,
    Rule::DeliveryLimit,
    Rule::ShareSession,
];

#[cfg(feature = "broken-rules")]
thread_local! {
    static BROKEN: std::cell::Cell<Option<Rule>> = const { std::cell::Cell::new(None) };
}

/// Does it hold?
#[cfg(feature = "broken-rules")]
pub(crate) fn holds(rule: Rule) -> bool {
    BROKEN.get() != Some(rule)
}

/// Does it hold?
#[cfg(not(feature = "broken-rules"))]
pub(crate) const fn holds(_: Rule) -> bool {
    true
}

/// Does something on this thread while a rule is broken.
#[cfg(feature = "broken-rules")]
pub fn without<T>(rule: Rule, what: impl FnOnce() -> T) -> T {
    struct Mended;
    impl Drop for Mended {
        fn drop(&mut self) {
            BROKEN.set(None);
        }
    }
    BROKEN.set(Some(rule));
    let _mended = Mended;
    what()
}

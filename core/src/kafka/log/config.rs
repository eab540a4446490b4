//! Log configs of a topic, by Kafka's meaning (rule book 0.5, 1.3).

/// What keeps a log in bounds. Topics that set none of these configs have no segments at all in the model: with the
/// defaults (1 GiB, seven days) nothing would ever come of them within a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogConfig {
    /// `segment.bytes`.
    pub segment_bytes: u64,
    /// `segment.ms`.
    pub segment_ms: u64,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u64,
    /// `cleanup.policy` contains `delete`.
    pub delete: bool,
    /// `cleanup.policy` contains `compact`.
    pub compact: bool,
    /// `retention.ms`; `None` = −1, for ever.
    pub retention_ms: Option<u64>,
    /// `retention.bytes`; `None` = −1, any size.
    pub retention_bytes: Option<u64>,
    /// `min.cleanable.dirty.ratio`, in thousandths.
    pub dirty_ratio_permille: u64,
    /// `min.compaction.lag.ms`.
    pub min_compaction_lag_ms: u64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: u64,
    /// `flush.messages`.
    pub flush_messages: u64,
    /// `flush.ms`; `None` = never by time.
    pub flush_ms: Option<u64>,
    /// `message.timestamp.type=LogAppendTime`.
    pub append_time: bool,
    /// `max.message.bytes`: of a batch.
    pub max_message_bytes: u64,
    /// `message.timestamp.before.max.ms`: how far a timestamp may be behind.
    pub timestamp_before_ms: u64,
    /// `message.timestamp.after.max.ms`: how far it may be ahead.
    pub timestamp_after_ms: u64,
}

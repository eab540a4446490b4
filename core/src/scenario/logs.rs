//! Log configs of a topic.

use super::configs::{self, Configs, Scope};
use super::versions;
use crate::kafka::log::config::LogConfig;
use std::rc::Rc;

/// Configs that give a topic's logs segments in the model.
const NAMES: &[&str] = &[
    "segment.bytes",
    "segment.ms",
    "index.interval.bytes",
    "cleanup.policy",
    "retention.ms",
    "retention.bytes",
    "delete.retention.ms",
    "min.compaction.lag.ms",
    "min.cleanable.dirty.ratio",
    "flush.messages",
    "flush.ms",
    "max.message.bytes",
    "message.timestamp.type",
    "message.timestamp.before.max.ms",
    "message.timestamp.after.max.ms",
];

/// From 4.0 a segment has at least 1 MiB (KIP-1030).
const SMALLEST_SEGMENT_BYTES: u64 = 1 << 20;

/// The log config of a topic, if it sets any, or if somebody sends records from the future (`dated`). The error
/// names the config.
pub(super) fn config(layers: &[&Configs; 2], kafka: &str, dated: bool) -> Result<Option<Rc<LogConfig>>, (String, String)> {
    if !dated && !NAMES.iter().any(|n| layers.iter().any(|c| c.contains_key(*n))) {
        return Ok(None);
    }
    let old = versions::defaults(kafka, Scope::Topic);
    let layers = &[layers[0], layers[1], &old];
    let int = |name| configs::int(name, Scope::Topic, layers);
    let limit = |name| configs::limit(name, Scope::Topic, layers);
    let policy = configs::value("cleanup.policy", Scope::Topic, layers);
    let has = |word| policy.split(',').any(|w| w.trim() == word);
    let segment_bytes = int("segment.bytes");
    if segment_bytes < SMALLEST_SEGMENT_BYTES && !versions::small_segments(kafka) {
        return Err(("segment.bytes".into(), format!("is {segment_bytes}; from Kafka 4.0 on it is at least {SMALLEST_SEGMENT_BYTES}")));
    }
    let ratio = configs::ratio(&configs::value("min.cleanable.dirty.ratio", Scope::Topic, layers)).unwrap_or(0.5);
    Ok(Some(Rc::new(LogConfig {
        segment_bytes,
        segment_ms: int("segment.ms"),
        index_interval_bytes: int("index.interval.bytes"),
        delete: has("delete"),
        compact: has("compact"),
        retention_ms: limit("retention.ms"),
        retention_bytes: limit("retention.bytes"),
        dirty_ratio_permille: (ratio * 1000.0) as u64,
        min_compaction_lag_ms: int("min.compaction.lag.ms"),
        delete_retention_ms: int("delete.retention.ms"),
        flush_messages: int("flush.messages"),
        append_time: configs::value("message.timestamp.type", Scope::Topic, layers) == "LogAppendTime",
        max_message_bytes: int("max.message.bytes"),
        timestamp_before_ms: int("message.timestamp.before.max.ms"),
        timestamp_after_ms: int("message.timestamp.after.max.ms"),
        flush_ms: limit("flush.ms").filter(|ms| *ms <= i32::MAX as u64),
    })))
}

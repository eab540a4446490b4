//! Kafka rules.

//! The rule book, rule by rule: each test is named by the rule that it holds the engine to.

#[path = "../common/mod.rs"]
mod common;

mod accumulator;
mod anomalies;
mod assignors;
mod clock;
mod consumer;
mod consumer_groups;
mod controller;
mod election;
mod expiry;
mod faults;
mod files;
mod group_fencing;
mod groups;
mod lessons;
mod log;
mod metrics;
mod partitions;
mod producer;
mod quorum;
mod reads;
mod replication;
mod share;
mod stories;
mod streams;
mod table;
mod transactions;
mod world;
mod zookeeper;

//! The rule book, rule by rule: each test is named by the rule that it holds the engine to.

#[path = "../common/mod.rs"]
mod common;

mod anomalies;
mod assignors;
mod consumer;
mod controller;
mod election;
mod faults;
mod files;
mod groups;
mod lessons;
mod log;
mod metrics;
mod producer;
mod replication;
mod stories;
mod streams;
mod transactions;
mod world;

//! What is made of events: the truth ledger, sentences, invariants, metrics.

mod groups;
pub mod invariants;
pub mod ledger;
pub mod metrics;
pub mod narration;
mod quorum;
pub mod shares;
mod transactions;
mod zookeeper;

//! What is made of events: the truth ledger, sentences, invariants, metrics.

pub mod invariants;
pub mod ledger;
pub mod metrics;
pub mod narration;
mod transactions;

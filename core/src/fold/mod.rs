//! What is made of events: the truth ledger, sentences, invariants.

pub mod invariants;
pub mod ledger;
pub mod narration;
mod transactions;

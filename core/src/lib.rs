//! Highwater's core: Apache Kafka's rules, run in time, searched in every order, told as events.
//!
//! The walk from scenario to picture:
//! 1. [`scenario`] reads a JSON file into a [`kafka::Setup`] and a list of commands;
//! 2. [`kafka`] holds the rules: pure state machines, one file a role, that never see the time;
//! 3. [`sim`] runs them in virtual time: deadlines, seeded delays, checkpoints, seek;
//! 4. [`event`] is what comes out: what happened, and why;
//! 5. [`fold`] makes the truth ledger and sentences from events;
//! 6. [`trial`] searches every order of the same rules for the shortest story that breaks a promise;
//! 7. [`cost`] says what disks, the page cache and copies take: beside a measurement, or in a run that asks for it;
//! 8. [`lesson`] holds lessons as data, and what must be so in them; [`cli_twin`] answers Kafka's command lines.
//!
//! No clock, disk, network or entropy in here: the same scenario gives the same bytes on every target.

pub mod broken;
pub mod chunked;
pub mod cli_twin;
pub mod cost;
pub mod event;
pub mod export;
pub mod fold;
pub mod hash;
pub mod ids;
pub mod json;
pub mod kafka;
mod lean;
pub mod lesson;
pub mod order;
pub mod scenario;
pub mod shared;
pub mod sim;
mod slots;
pub mod trial;

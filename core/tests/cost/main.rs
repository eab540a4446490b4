//! The cost models: the numbers of lessons L4 to L6, rule book section 7, calibration, and costs in a simulation.

mod cache;
#[path = "../common/mod.rs"]
mod common;
mod copies;
mod disk;
mod measurement;
mod simulated;

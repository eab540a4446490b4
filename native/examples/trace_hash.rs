//! Prints the trace hash of the default scenario, for `./test` to compare with what a browser computes.

use highwater_core::scenario::{DEFAULT, Scenario};
use highwater_core::sim::Sim;

fn main() -> anyhow::Result<()> {
    let mut sim = Sim::new(&Scenario::parse(DEFAULT)?)?;
    sim.advance_to(sim.until_us());
    println!("{:016x}", sim.trace_hash());
    Ok(())
}

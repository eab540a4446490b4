//! The same scenario gives the same events in a browser as natively.
#![cfg(target_arch = "wasm32")]

use highwater_core::scenario::{DEFAULT, Scenario};
use highwater_core::sim::Sim;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn the_default_scenario_runs_as_it_does_natively() {
    let scenario = Scenario::parse(DEFAULT).expect("the default scenario is valid");
    let mut sim = Sim::new(&scenario).expect("the default scenario is valid");
    sim.advance_to(sim.until_us());
    assert!(sim.inputs() > 0, "nothing happened");
    let here = format!("{:016x}", sim.trace_hash());
    // Set by `./test` from what `highwater sim` says.
    assert_eq!(Some(here.as_str()), option_env!("HIGHWATER_TRACE_HASH"));
}

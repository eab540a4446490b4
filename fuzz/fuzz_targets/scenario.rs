//! Any text as a scenario file: an error or a scenario, never a panic; what was read comes back as it was, from its file
//! and from its link; and the run of it begins.
#![no_main]

use highwater_core::kafka::Out;
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;
use libfuzzer_sys::fuzz_target;

/// Inputs of a run that are carried out.
const STEPS: usize = 100;
/// Larger scenarios are only read: beginning them takes longer than looking for others.
const MOST_PARTITIONS: u16 = 60;

fuzz_target!(|text: &str| {
    let Ok(s) = Scenario::parse(text) else { return };
    let again = Scenario::parse(&s.to_json()).expect("what was read can be read again");
    assert_eq!(again, s);
    assert_eq!(again.to_json(), s.to_json());
    assert_eq!(Scenario::of_link(&s.to_link()).as_ref(), Ok(&s));
    if s.topology.topics.iter().all(|t| t.partitions <= MOST_PARTITIONS) && s.topology.topics.len() <= 4 {
        let mut sim = Sim::new(&s).expect("a scenario that was checked can be run");
        let mut out = Out::default();
        (0..STEPS).take_while(|_| sim.step(&mut out)).for_each(drop);
    }
});

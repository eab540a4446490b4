//! A run with a crash.

use highwater_core::fold::invariants::violations;
use highwater_core::kafka::Out;
use highwater_core::scenario::*;
use highwater_core::sim::Sim;

#[test]
fn smoke() {
    let mut s = Scenario::parse(DEFAULT).unwrap_or_else(|e| panic!("{e}"));
    s.until_us = 40_000_000;
    s.commands = vec![
        TimedCommand { at_us: 1_000_000, by_hand: false, what: Do::Crash { broker: 1 } },
        TimedCommand { at_us: 20_000_000, by_hand: false, what: Do::Start { broker: 1 } },
    ];
    let mut sim = Sim::new(&s).unwrap();
    let mut out = Out::default();
    while sim.step(&mut out) {
        let v = violations(sim.world(), sim.ledger());
        assert!(v.is_empty(), "{} {v:?}", sim.now_us());
        let mut implied = Vec::new();
        sim.world().armed(&mut |t| implied.push(t));
        implied.sort();
        let armed: Vec<_> = sim.timers().map(|(t, _)| *t).collect();
        assert_eq!(armed, implied, "at {} after {:?}", sim.now_us(), sim.events().iter().rev().take(4).collect::<Vec<_>>());
    }
    for e in sim.events().iter().filter(|e| e.kind.notable()).take(60) {
        println!("{:>9} {:?}", e.at_us, e.kind);
    }
    println!("----");
    for e in sim.events().iter().filter(|e| e.kind.notable() && e.at_us > 10_000_000 && e.at_us < 10_300_000).take(60) {
        println!("{:>9} {:?}", e.at_us, e.kind);
    }
    println!("{:?} events {} inputs {}", sim.ledger().figures(sim.world()), sim.events().len(), sim.inputs());
    println!("{:?}", sim.world().controller.partitions);
}

//! placeholder
use crate::{compare, recorded, replay};
use highwater_core::scenario::Scenario;
#[test]
fn try_all() {
    for name in recorded::names("scenarios") {
        let text = std::fs::read_to_string(recorded::folder().join(format!("scenarios/{name}.json"))).unwrap();
        let s = Scenario::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        if !recorded::folder().join(format!("recorded/scenarios/{name}.json")).exists() { continue }
        let kafka: recorded::Seen = recorded::read(format!("recorded/scenarios/{name}.json"));
        let looks: Vec<u64> = kafka.looks.iter().map(|l| l.at_us).collect();
        let engine = replay::replay(&s, &looks);
        println!("== {name}: {:#?}", compare::differences(&kafka, &engine));
    }
}

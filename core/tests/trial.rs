//! Rows of the verdict table, searched over the same rules that the simulation runs.

use highwater_core::scenario::Scenario;
use highwater_core::trial::{Bounds, Property, Search, Trial, TrialSpec, Verdict};

fn scenario(min_isr: u8, producer: &str) -> Scenario {
    let text = format!(
        r#"{{"format":1,"kafka":"4.1","until_us":1000000,
        "topology":{{"brokers":3,"topics":[{{"name":"t","partitions":1,"replication.factor":3,"configs":{{"min.insync.replicas":{min_isr}}}}}],
        "producers":[{{"name":"p","configs":{{{producer}}}}}]}},
        "workload":[{{"producer":"p","topic":"t","start_us":0,"every_us":1,"count":9}}]}}"#
    );
    Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}"))
}

fn search(mut s: Scenario, bounds: Bounds, property: Property) -> Search {
    s.trial = Some(TrialSpec { bounds, properties: vec![property] });
    let mut search = Search::new(Trial::new(&s).unwrap());
    let t = std::time::Instant::now();
    search.finish();
    let p = search.progress();
    println!("{property:?} {bounds:?}\n  {p:?} in {:?}: {:.0} states/s", t.elapsed(), p.transitions as f64 / t.elapsed().as_secs_f64());
    search
}

fn story(search: &mut Search) -> (u32, usize) {
    match search.finish() {
        Verdict::Found(s) => {
            s.steps
                .iter()
                .for_each(|x| println!("    {:?} -> {:?}", x.action, x.events.iter().filter(|e| e.notable()).collect::<Vec<_>>()));
            (s.faults, s.steps.len())
        }
        v => panic!("no story: {v:?}"),
    }
}

#[test]
fn acks_1_loses_an_acknowledged_record_when_the_leader_crashes() {
    let mut s = search(scenario(2, r#""acks":"1""#), Bounds { records: 1, crashes: 1, ..Bounds::default() }, Property::Lost);
    assert_eq!(story(&mut s).0, 1);
}

#[test]
fn min_isr_2_clean_one_record_one_crash_loses_nothing() {
    let mut s = search(scenario(2, ""), Bounds { records: 1, crashes: 1, max_bytes: 12 << 30, ..Bounds::default() }, Property::Lost);
    assert!(matches!(s.finish(), Verdict::None), "{:?}", s.finish());
}

#[test]
fn a_retry_after_a_lost_response_duplicates_without_idempotence() {
    let bounds = Bounds { records: 1, crashes: 0, lost_responses: 1, ..Bounds::default() };
    let mut s = search(scenario(2, r#""enable.idempotence":false"#), bounds, Property::Duplicated);
    assert_eq!(story(&mut s).0, 1);
}

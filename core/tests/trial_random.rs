//! Random runs against the search: where the search says that no schedule within the bounds breaks a promise, no run
//! that stays within them does; where it tells a story, the story comes true in the simulation.
//!
//! `HIGHWATER_LONG=1`: 1 000 configurations with 1 000 runs each.

#[cfg(feature = "broken-rules")]
use highwater_core::broken::{Rule, without};
use highwater_core::scenario::{Do, End, Scenario, TimedCommand};
use highwater_core::sim::Sim;
use highwater_core::trial::{Bounds, Property, Search, Trial, TrialSpec, Verdict};
use serde_json::json;

/// SplitMix64: the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize]
    }
}

/// A small configuration with small bounds.
fn configuration(seed: u64) -> Scenario {
    let d = &mut Dice(seed);
    let brokers = d.one_of(&[1, 2, 2]);
    let acks = d.one_of(&["0", "1", "all", "all", "all"]);
    let mut producer = json!({
        "acks": acks, "max.in.flight.requests.per.connection": d.one_of(&[1, 5]), "retries": d.one_of(&[0, i32::MAX, i32::MAX]),
        "linger.ms": 0, "delivery.timeout.ms": 60_000,
    });
    // Idempotence asks for acks=all and retries.
    if acks != "all" || producer["retries"] == 0 || d.roll(2) == 0 {
        producer["enable.idempotence"] = false.into();
    }
    let mut bounds = Bounds { records: d.one_of(&[1, 2]), crashes: 0, max_states: 60_000, ..Bounds::default() };
    match d.roll(5) {
        0 => bounds.crashes = 1,
        1 => bounds.power_cuts = 1,
        2 => bounds.lost_responses = 1,
        3 => (bounds.crashes, bounds.lost_responses) = (1, 1),
        _ => (bounds.crashes, bounds.power_cuts) = (1, 1),
    }
    // What a restarted follower is behind may expire as well; the search must know.
    let text = json!({
        "format": 1, "kafka": "4.1", "until_us": 60_000_000,
        "features": { "eligible.leader.replicas.version": d.roll(2) },
        "network": { "delay_us": 500, "jitter_us": d.one_of(&[0, 400, 4_000]) },
        "topology": {
            "brokers": brokers,
            "topics": [{ "name": "t", "partitions": 1, "replication.factor": brokers, "configs": {
                "min.insync.replicas": d.roll(brokers) + 1, "unclean.leader.election.enable": d.roll(4) == 0 } }],
            "producers": [{ "name": "p", "configs": producer }],
        },
        "workload": [{ "producer": "p", "topic": "t", "start_us": 1, "every_us": 700, "count": bounds.records }],
    });
    let mut s = Scenario::parse(&text.to_string()).unwrap_or_else(|e| panic!("{e}\n{text:#}"));
    s.trial = Some(TrialSpec { bounds, properties: vec![Property::Lost, Property::Duplicated, Property::Reordered] });
    s
}

/// A run within the bounds: faults at any time, and everything that went down comes back.
fn run(of: &Scenario, seed: u64) -> Scenario {
    let d = &mut Dice(seed);
    let mut s = of.clone();
    let b = of.trial.as_ref().expect("it is on trial").bounds;
    s.trial = None;
    s.seed = d.roll(1 << 40);
    s.workload[0].every_us = d.one_of(&[1, 700, 20_000, 5_000_000]);
    let mut commands = Vec::new();
    let mut at = |at_us, what| commands.push(TimedCommand { at_us, by_hand: false, what });
    // Near the traffic, or while the cluster is busy with an earlier fault.
    let within = |d: &mut Dice, of: &[u64]| {
        let most = d.one_of(of);
        d.roll(most)
    };
    let when = |d: &mut Dice| within(d, &[6_000, 100_000, 15_000_000]);
    for n in 0..b.crashes + b.power_cuts {
        let broker = d.roll(u64::from(of.topology.brokers)) as u8 + 1;
        let t = when(d);
        at(t, if n < b.crashes { Do::Crash { broker } } else { Do::PowerCut { broker } });
        at(t + 1 + within(d, &[5_000, 12_000_000]), Do::Start { broker });
    }
    for _ in 0..b.lost_responses {
        let broker = d.roll(u64::from(of.topology.brokers)) as u8 + 1;
        at(when(d), Do::DropNextResponse { broker, client: End::Producer(0) });
    }
    commands.sort_by_key(|c| c.at_us);
    s.commands = commands;
    s
}

/// The promises that are broken at the end of a run.
fn broken(s: &Scenario) -> Vec<Property> {
    let mut sim = Sim::new(s).unwrap_or_else(|e| panic!("{e}"));
    sim.advance_to(s.until_us);
    let f = sim.ledger().figures(sim.world());
    let all = [(Property::Lost, f.lost), (Property::Duplicated, f.duplicated), (Property::Reordered, f.out_of_order)];
    all.into_iter().filter(|x| x.1 > 0).map(|x| x.0).collect()
}

#[test]
fn where_the_search_finds_nothing_random_runs_find_nothing() {
    let long = std::env::var_os("HIGHWATER_LONG").is_some_and(|v| v == "1");
    let (configurations, runs) = if long { (1_000, 1_000) } else { (60, 60) };
    let (mut none, mut found, mut open) = (0u32, 0u32, 0u32);
    let mut seed = 0;
    while none < configurations {
        seed += 1;
        let s = configuration(seed);
        match Search::new(Trial::new(&s).unwrap_or_else(|e| panic!("{e}"))).finish() {
            Verdict::Limit(_) => open += 1,
            Verdict::None => {
                none += 1;
                for n in 0..runs {
                    let run = run(&s, seed << 20 | n);
                    assert_eq!(
                        broken(&run),
                        [],
                        "the search found none in configuration {seed}, and run {n} breaks this:\n{}",
                        run.to_json()
                    );
                }
            }
            Verdict::Found(story) => {
                found += 1;
                let played = story.scenario(&s);
                assert!(broken(&played).contains(&story.property), "configuration {seed}: {:?} does not come true", story.property);
            }
        }
    }
    println!("{none} with none, {runs} runs each; {found} stories, all of which came true; {open} not decided within their limit");
    assert!(found > 0);
}

/// A safe configuration, and what is found in it while a rule is broken.
#[cfg(feature = "broken-rules")]
fn while_broken(rule: Rule, bounds: Bounds, property: Property) -> Option<u32> {
    let text = r#"{"format":1,"kafka":"4.1","until_us":1000000,"topology":{"brokers":2,
        "topics":[{"name":"t","partitions":1,"replication.factor":2}],"producers":[{"name":"p"}]},
        "workload":[{"producer":"p","topic":"t","start_us":0,"every_us":1,"count":2}]}"#;
    let mut s = Scenario::parse(text).unwrap_or_else(|e| panic!("{e}"));
    s.trial = Some(TrialSpec { bounds, properties: vec![property] });
    let search = || match Search::new(Trial::new(&s).unwrap_or_else(|e| panic!("{e}"))).finish() {
        Verdict::Found(story) => Some(story.faults),
        _ => None,
    };
    assert_eq!(search(), None, "it is safe before");
    without(rule, search)
}

#[cfg(feature = "broken-rules")]
#[test]
fn a_rule_that_is_broken_on_purpose_is_found_out() {
    let lost_response = Bounds { crashes: 0, lost_responses: 1, ..Bounds::default() };
    assert_eq!(while_broken(Rule::HighWatermark, Bounds::default(), Property::Lost), Some(1));
    assert_eq!(while_broken(Rule::Sequence, lost_response, Property::Duplicated), Some(1));
}

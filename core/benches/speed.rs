//! How fast the engine and the search are, natively and in WASM with the same code:
//! `cargo bench -p highwater-core` and `scripts/bench-wasm`.
//!
//! `cargo bench -p highwater-core -- trial` runs those whose line begins so. A figure is the median of its runs. An input is a message that arrives, a timer that runs out, a record or a command.

#![allow(clippy::disallowed_types, reason = "a benchmark needs a clock; the core itself has none")]

use highwater_core::event::Event;
use highwater_core::kafka::Out;
use highwater_core::scenario::Scenario;
use highwater_core::sim::{Sim, Timeline};
use highwater_core::trial::{Property, Search, Trial, TrialSpec};

#[cfg(not(target_arch = "wasm32"))]
fn now_s() -> f64 {
    use std::sync::OnceLock;
    static BEGIN: OnceLock<std::time::Instant> = OnceLock::new();
    BEGIN.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
}

#[cfg(target_arch = "wasm32")]
mod js {
    use wasm_bindgen::prelude::*;
    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance)]
        pub fn now() -> f64;
        #[wasm_bindgen(js_namespace = console)]
        pub fn log(line: &str);
    }
}
#[cfg(target_arch = "wasm32")]
fn now_s() -> f64 {
    js::now() / 1000.0
}

#[cfg(not(target_arch = "wasm32"))]
fn say(line: &str) {
    println!("{line}");
}
#[cfg(target_arch = "wasm32")]
fn say(line: &str) {
    js::log(line);
}

/// Median seconds of so many runs, and what the last one counted.
fn median<T>(runs: usize, mut run: impl FnMut() -> T) -> (f64, T) {
    let mut last = None;
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let begun = now_s();
            last = Some(run());
            now_s() - begun
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[runs / 2], last.expect("it ran"))
}

fn scene(brokers: u8, partitions: u16, producers: u32, groups: u32, members: u32, records: u32) -> Scenario {
    let list = |n: u32, f: &dyn Fn(u32) -> String| (0..n).map(f).collect::<Vec<_>>().join(",");
    let text = format!(
        r#"{{"format":1,"kafka":"4.1","until_us":86400000000,"network":{{"delay_us":2000,"jitter_us":500}},
        "topology":{{"brokers":{brokers},
          "topics":[{{"name":"t","partitions":{partitions},"replication.factor":3,"configs":{{"min.insync.replicas":2}}}}],
          "producers":[{}]}},
        "apps":[{}],"workload":[{}]}}"#,
        list(producers, &|i| format!(r#"{{"name":"p{i}"}}"#)),
        list(groups, &|i| format!(
            r#"{{"group":"g{i}","topics":["t"],"members":{members},"handling_us":100,"configs":{{"auto.offset.reset":"earliest"}}}}"#
        )),
        list(producers, &|i| format!(
            r#"{{"producer":"p{i}","topic":"t","keys":[{}],"start_us":{i},"every_us":1000,"count":{records}}}"#,
            list(50, &|k| format!(r#""k{i}-{k}""#))
        )),
    );
    Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}"))
}

/// Inputs a second with events and ledger on.
fn engine(name: &str, scenario: &Scenario, inputs: u64) {
    let (seconds, sim) = median(5, || {
        let mut sim = Sim::new(scenario).expect("checked");
        let mut out = Out::default();
        while sim.inputs() < inputs && sim.step(&mut out) {}
        sim
    });
    let (n, events) = (sim.inputs() as f64, sim.events().len() as f64);
    say(&format!("engine  {name:<24} {:>10.0} inputs/s  {:>10.0} events/s  ({n:.0} inputs)", n / seconds, events / seconds));
}

/// What a benchmark puts on trial instead of what its scenario does.
type Change = fn(&mut TrialSpec);

/// States and steps a second, and bytes a state: at the end, and when they were most.
fn search(name: &str, text: &str, runs: usize, change: Change) {
    let mut scenario = Scenario::parse(text).unwrap_or_else(|e| panic!("{e}"));
    let spec = scenario.trial.get_or_insert_default();
    spec.bounds.max_bytes = 1 << 30;
    change(spec);
    let (seconds, (p, most)) = median(runs, || {
        let mut search = Search::new(Trial::new(&scenario).expect("checked"));
        let mut most = 0.0f64;
        while search.run(1 << 12).is_none() {
            let p = search.progress();
            if p.states > 10_000 {
                most = most.max(p.bytes as f64 / p.states as f64);
            }
        }
        (search.progress(), most)
    });
    let (states, steps) = (p.states as f64, p.transitions as f64);
    let each = p.bytes as f64 / states;
    say(&format!(
        "trial   {name:<24} {:>10.0} states/s  {:>10.0} steps/s   ({states:.0} states, {seconds:.3} s, {each:.0} B a state, {most:.0} at most)",
        states / seconds,
        steps / seconds
    ));
}

/// Memory of this process in bytes, as its system counts it.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().map_or(0, |kb: u64| kb * 1024)
}
#[cfg(target_arch = "wasm32")]
fn resident() -> u64 {
    core::arch::wasm32::memory_size(0) as u64 * 65_536
}
#[cfg(not(any(target_os = "linux", target_arch = "wasm32")))]
fn resident() -> u64 {
    0
}

fn seek() {
    let before = resident();
    let scenario = scene(3, 1, 1, 1, 1, 200_000);
    let mut timeline = Timeline::new(scenario).expect("checked");
    while timeline.sim().events().len() < 1_000_000 {
        timeline.advance_to(timeline.sim().now_us() + 1_000_000);
    }
    let (end, events) = (timeline.sim().now_us(), timeline.sim().events().len() as u64);
    say(&format!(
        "memory  of a run that can be wound back  {:>4} B an event   ({events} events of {} B, with logs, ledger and checkpoints)",
        (resident() - before) / events,
        size_of::<Event>()
    ));
    let (seconds, ()) = median(5, || {
        timeline.seek(end / 2);
        timeline.seek(end);
    });
    let begun = now_s();
    timeline.seek(end / 2);
    say(&format!(
        "seek    to the middle of 1 M events {:>8.1} ms   (there and back {:.1} ms)",
        (now_s() - begun) * 1000.0,
        seconds * 1000.0
    ));
}

fn main() {
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    let is_wanted = |line: &str| line.starts_with(&wanted);
    if is_wanted("engine") {
        engine("3 brokers x 1 partition", &scene(3, 1, 1, 1, 1, 100_000), 200_000);
        engine("3 brokers x 30", &scene(3, 30, 5, 1, 3, 100_000), 200_000);
        engine("10 brokers x 1000", &scene(10, 1000, 50, 5, 10, 100_000), 200_000);
    }
    let safe = include_str!("../../assets/scenarios/acks-all.json");
    let trials: [(&str, &str, usize, Change); 5] = [
        ("acks-1, found", include_str!("../../assets/scenarios/acks-1.json"), 5, |_| {}),
        ("retry-duplicates, found", include_str!("../../assets/scenarios/retry-duplicates.json"), 5, |_| {}),
        ("1 record, 1 crash", safe, 5, |_| {}),
        ("and a lost response", safe, 3, |t| {
            t.bounds.lost_responses = 1;
            t.properties = vec![Property::Duplicated];
        }),
        ("2 records, 1 crash", safe, 3, |t| t.bounds.records = 2),
    ];
    for (name, text, runs, change) in trials.iter().filter(|t| is_wanted(&format!("trial {}", t.0))) {
        search(name, text, *runs, *change);
    }
    if is_wanted("seek") {
        seek();
    }
}

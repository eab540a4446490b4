//! How fast the engine and the search are, natively and in WASM with the same code:
//! `cargo bench -p highwater-core` and `scripts/bench-wasm`.
//!
//! A figure is the median of its runs. An input is a message that arrives, a timer that runs out, a record or a command.

#![allow(clippy::disallowed_types, reason = "a benchmark needs a clock; the core itself has none")]

use highwater_core::kafka::Out;
use highwater_core::scenario::Scenario;
use highwater_core::sim::{Sim, Timeline};
use highwater_core::trial::{Search, Trial};

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

const RUNS: usize = 5;

/// Median seconds of a run, and what the last one counted.
fn median<T>(mut run: impl FnMut() -> T) -> (f64, T) {
    let mut last = None;
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begun = now_s();
            last = Some(run());
            now_s() - begun
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[RUNS / 2], last.expect("it ran"))
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
    let (seconds, sim) = median(|| {
        let mut sim = Sim::new(scenario).expect("checked");
        let mut out = Out::default();
        while sim.inputs() < inputs && sim.step(&mut out) {}
        sim
    });
    let (n, events) = (sim.inputs() as f64, sim.events().len() as f64);
    say(&format!("engine  {name:<24} {:>10.0} inputs/s  {:>10.0} events/s  ({n:.0} inputs)", n / seconds, events / seconds));
}

fn search(name: &str, text: &str) {
    let scenario = Scenario::parse(text).unwrap_or_else(|e| panic!("{e}"));
    let (seconds, p) = median(|| {
        let mut search = Search::new(Trial::new(&scenario).expect("checked"));
        search.finish();
        search.progress()
    });
    let (states, steps) = (p.states as f64, p.transitions as f64);
    let each = p.bytes as f64 / states;
    say(&format!(
        "trial   {name:<24} {:>10.0} states/s  {:>10.0} steps/s   ({states:.0} states, {seconds:.3} s, {each:.0} B a state)",
        states / seconds,
        steps / seconds
    ));
}

fn seek() {
    let scenario = scene(3, 1, 1, 1, 1, 200_000);
    let mut timeline = Timeline::new(scenario).expect("checked");
    while timeline.sim().events().len() < 1_000_000 {
        timeline.advance_to(timeline.sim().now_us() + 1_000_000);
    }
    let end = timeline.sim().now_us();
    let (seconds, ()) = median(|| {
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
    engine("3 brokers x 1 partition", &scene(3, 1, 1, 1, 1, 100_000), 200_000);
    engine("3 brokers x 30", &scene(3, 30, 5, 1, 3, 100_000), 200_000);
    engine("10 brokers x 1000", &scene(10, 1000, 50, 5, 10, 100_000), 200_000);
    search("acks-1, found", include_str!("../../assets/scenarios/acks-1.json"));
    search("retry-duplicates, found", include_str!("../../assets/scenarios/retry-duplicates.json"));
    search("acks-all, complete", include_str!("../../assets/scenarios/acks-all.json"));
    seek();
}

//! Probes: a few steps against a real cluster, repeated in the engine where it has the rule.
//!
//! Most are scenarios in `conformance/probes`, which the engine runs; what is looked at is put into the recording's own shape and compared
//! with it as a whole. What no client of the engine would send is put on the wire by hand, on a world that steps without time.

mod batches;
mod groups;
mod hand;
mod share;
mod storage;
mod transactions;

use crate::page::{Case, Verdict};
use crate::recorded::{Cases, folder, read};
use highwater_core::event::{Event, EventKind};
use highwater_core::ids::*;
use highwater_core::kafka::log::Payload;
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;

#[derive(Deserialize)]
struct Probe {
    name: String,
    family: String,
    seen: Value,
    /// The release that it was recorded from, where that is not the one of the page.
    #[serde(skip)]
    of: Option<&'static str>,
}

/// A case for each probe.
pub fn cases() -> Vec<Case> {
    let recorded: Cases<Probe> = read("recorded/probes.json");
    let older: Cases<Probe> = read("recorded/probes-3.9.json");
    let before = |p: Probe| Probe { of: Some("3.9"), ..p };
    recorded.cases.into_iter().chain(older.cases.into_iter().map(before)).map(case).collect()
}

fn case(probe: Probe) -> Case {
    let file = file_of(&probe.name);
    let (family, name) = match probe.of {
        Some(kafka) => (format!("Kafka {kafka}: {}", probe.family), format!("{}, {kafka}", probe.name)),
        None => (probe.family.clone(), probe.name.clone()),
    };
    let path = format!("probes/{file}.json");
    let scenario = folder().join(&path).exists().then_some(path);
    Case { family, name, scenario, judge: Box::new(move || verdict(&probe, &file)) }
}

/// The name of a probe's scenario: letters and digits of its own.
fn file_of(name: &str) -> String {
    let words: Vec<String> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    words.join("-")
}

fn verdict(probe: &Probe, file: &str) -> Verdict {
    let seen = &probe.seen;
    let scenario = |file: &str| scenario(file, probe.of);
    let played = |play: fn(&Scenario) -> Value, seen: &Value| match scenario(file) {
        Ok(s) => same(seen, &play(&s)),
        Err(e) => panic!("{file}: {e}"),
    };
    match probe.name.as_str() {
        "a new connection while the old one's request waits" => {
            Verdict::NotModelled("a client of the engine has one connection to a broker at a time")
        }
        "commit" => played(transactions::commit, seen),
        "abort" => played(transactions::abort, seen),
        "two in a row have two epochs" => played(transactions::epochs, seen),
        "an open transaction holds back everybody's records" => played(transactions::hanging, seen),
        "the second producer of an id fences the first" => played(transactions::fencing, seen),
        "a transaction times out" => played(transactions::timeout, seen),
        "an open transaction and its restart" => played(transactions::restart, seen),
        "offsets are committed with the transaction" => played(transactions::offsets, seen),
        "hand-made: first sequence, old epoch, plain batch inside" => {
            Verdict::part(hand::transactional(seen), "the plain batch is left out: producers of the engine have one way to write")
        }
        "where auto-commit commits" => played(groups::auto_commit, seen),
        "what a commit is answered" => Verdict::of(hand::commits(seen)),
        "a commit may go backwards" => Verdict::of(hand::backwards(seen)),
        "fetch errors by offset and epoch" => {
            Verdict::part(hand::fetch_errors(seen), "fetches from a follower are left out: the engine's consumers read from leaders")
        }
        "auto.offset.reset without a commit" => Verdict::part(hand::without_commit(seen), "`by_duration` is left out"),
        "auto.offset.reset out of range" => Verdict::of(hand::out_of_range(seen)),
        "the producer's state survives DeleteRecords" => Verdict::of(hand::survives(seen)),
        "retention.bytes deletes whole segments" => played(storage::by_size, seen),
        "retention.ms goes by the segment's newest timestamp" => played(storage::by_time, seen),
        "DeleteRecords moves the log start" => played(storage::delete_records, seen),
        "compaction keeps the last value of a key, never in the active segment" => played(storage::compaction, seen),
        "a tombstone goes in a later pass" => played(storage::tombstone, seen),
        "a compacted topic wants keys" => played(storage::keyless, seen),
        "acks=all while followers hang" => Verdict::of(batches::hanging(probe)),
        name if name.starts_with("acks by size of the ISR") => Verdict::of(batches::acks(probe)),
        name if name.starts_with("a second member joins and leaves") => played(groups::joins, &groups::told_something(seen)),
        name if name.starts_with("a static member restarts") => played(groups::restarts, seen),
        _ => match probe.family.as_str() {
            "idempotence" => Verdict::of(batches::batches(&seen["batches"])),
            "share groups" => played(share::delivered, seen),
            "timestamps" => played(storage::timestamps, seen),
            "sizes" => played(storage::sizes, seen),
            other => panic!("nobody compares {other}: {}", probe.name),
        },
    }
}

fn same(kafka: &Value, engine: &Value) -> Verdict {
    Verdict::of(if kafka == engine { Vec::new() } else { vec![format!("{kafka}, the engine: {engine}")] })
}

fn scenario(file: &str, kafka: Option<&str>) -> Result<Scenario, String> {
    let path = folder().join(format!("probes/{file}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let s = Scenario::parse(&text).map_err(|e| e.to_string())?;
    Ok(Scenario { kafka: kafka.map_or(s.kafka.clone(), str::to_string), ..s })
}

// ---- what a probe looks at

/// The partition that probes are about: the first of the first topic, on broker 1.
const T0: PartitionId = PartitionId(0);

fn begin(s: &Scenario) -> Sim {
    Sim::new(s).expect("the scenario is sound")
}

fn second(sim: &mut Sim, s: f64) {
    sim.advance_to((s * 1e6) as u64);
}

/// Runs until something has happened.
fn until(sim: &mut Sim, which: impl Fn(&EventKind) -> bool) -> Event {
    let mut looked = sim.events().len();
    loop {
        if let Some(e) = sim.events().iter().skip(looked).find(|e| which(&e.kind)) {
            return *e;
        }
        looked = sim.events().len();
        assert!(crate::common::step(sim), "it happens");
    }
}

fn key(sim: &Sim, batch: BatchId, index: u16) -> String {
    let id = sim.ledger().record_in(batch, index).expect("known");
    let key = sim.ledger().record(id).and_then(|r| r.key).expect("has a key");
    sim.ledger().key_name(key).to_string()
}

/// What a consumer has handled until now, as key@offset.
fn handled(sim: &Sim, consumer: u8) -> Vec<String> {
    let of = |e: &Event| match e.kind {
        EventKind::Handled { consumer: c, offset, batch, index, .. } if c.0 == consumer => {
            Some(format!("{}@{}", key(sim, batch, index), offset.0))
        }
        _ => None,
    };
    sim.events().iter().filter_map(of).collect()
}

/// The leader's high watermark, last stable offset and log start.
fn offsets(sim: &Sim) -> Value {
    let r = sim.world().broker(BrokerId(1)).replica(T0).expect("it has one");
    json!({ "hw": r.hw.0, "lso": r.last_stable().0, "log_start": r.log.start().0 })
}

/// Records of the log from its start on, as key@offset.
fn left(sim: &Sim) -> Vec<String> {
    let r = sim.world().broker(BrokerId(1)).replica(T0).expect("it has one");
    let mut records = Vec::new();
    for e in r.log.iter_from(r.log.start()) {
        let Some((batch, first, count)) = e.payload.records() else { continue };
        records.extend((0..count).map(|i| format!("{}@{}", key(sim, batch, first + i), e.base.0 + u32::from(i))));
    }
    records
}

/// Batches of the log.
fn batches_of(sim: &Sim) -> Vec<Value> {
    let r = sim.world().broker(BrokerId(1)).replica(T0).expect("it has one");
    let batch = |e: &highwater_core::kafka::log::Entry| {
        let (epoch, sequence, control) = match e.payload {
            Payload::Data(b) => (b.epoch, b.seq.map_or(-1, i64::from), false),
            Payload::Control(m) => (m.id.epoch, -1, true),
            _ => panic!("not of a producer"),
        };
        json!({ "base": e.base.0, "last": e.end().0 - 1, "producer_epoch": epoch, "sequence": sequence, "transactional": true, "control": control })
    };
    r.log.iter_from(Offset::ZERO).map(batch).collect()
}

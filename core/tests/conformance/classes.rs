//! What Kafka's own classes answered without a cluster: partitioners, coordinators, assignors.

use crate::page::{Case, Verdict};
use crate::recorded::{Cases, read};
use highwater_core::event::EventKind;
use highwater_core::ids::*;
use highwater_core::kafka::assignor::Problem;
use highwater_core::kafka::log::{Batch, Log, Payload};
use highwater_core::kafka::partitioner::{
    coordinator_partition, librdkafka_partition_for_key, murmur2, partition_for_key, sticky_partition,
};
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;
use serde::Deserialize;
use serde_json::Value;

/// Every case.
pub fn cases() -> Vec<Case> {
    let partitioners: Cases<Value> = read("recorded/classes.json");
    let case =
        |c: Value| Case { family: text(&c["family"]), name: text(&c["name"]), scenario: None, judge: Box::new(move || class_verdict(&c)) };
    let mut cases: Vec<Case> = partitioners.cases.into_iter().map(case).collect();
    let librdkafka: Value = read("recorded/librdkafka.json");
    let judge = move || Verdict::of(vectors(&librdkafka, crc32_differences));
    cases.push(Case { family: "partitioner".into(), name: "CRC32 of keys (librdkafka)".into(), scenario: None, judge: Box::new(judge) });
    cases.extend(assignor_cases());
    cases
}

fn class_verdict(case: &Value) -> Verdict {
    Verdict::of(match text(&case["name"]).as_str() {
        "murmur2 of keys" => vectors(case, murmur2_differences),
        "where an epoch ends" => epoch_caches(case),
        "coordinator partitions" => vectors(case, coordinator_differences),
        "sticky: when it switches" => switching(case),
        "sticky: adaptive weights" | "sticky: a partition without a leader" => choices(case),
        other => panic!("nobody compares {other}"),
    })
}

fn text(v: &Value) -> String {
    v.as_str().expect("a text").to_string()
}
fn number(v: &Value) -> i64 {
    v.as_i64().expect("a number")
}

fn vectors(case: &Value, differences: fn(&Value) -> Vec<String>) -> Vec<String> {
    case["vectors"].as_array().expect("a list").iter().flat_map(differences).collect()
}

fn murmur2_differences(v: &Value) -> Vec<String> {
    let key = text(&v["key"]);
    let bytes = key.as_bytes();
    let mine = [
        ("murmur2", i64::from(murmur2(bytes))),
        ("of3", i64::from(partition_for_key(bytes, 3))),
        ("of6", i64::from(partition_for_key(bytes, 6))),
        ("of50", i64::from(partition_for_key(bytes, 50))),
    ];
    unequal(&key, v, &mine)
}

/// librdkafka's default, asked of librdkafka.
fn crc32_differences(v: &Value) -> Vec<String> {
    let key = text(&v["key"]);
    let of = |partitions| i64::from(librdkafka_partition_for_key(key.as_bytes(), partitions));
    unequal(&key, v, &[("of3", of(3)), ("of6", of(6)), ("of50", of(50))])
}

fn coordinator_differences(v: &Value) -> Vec<String> {
    let id = text(&v["id"]);
    let mine = [("of50", i64::from(coordinator_partition(&id, 50))), ("of3", i64::from(coordinator_partition(&id, 3)))];
    unequal(&id, v, &mine)
}

fn unequal(of: &str, v: &Value, mine: &[(&str, i64)]) -> Vec<String> {
    let wrong = mine.iter().filter(|(name, n)| number(&v[name]) != *n);
    wrong.map(|(name, n)| format!("{of:?} {name}: {}, the engine: {n}", v[name])).collect()
}

/// Lengths of the runs of records to one partition, where the producer may switch at once.
fn switching(case: &Value) -> Vec<String> {
    let step = case["steps"].as_array().and_then(|s| s.iter().find(|s| s["may_switch"] == true)).expect("that step");
    let kafka: Vec<i64> = step["partitions"].as_array().expect("a list").iter().map(number).collect();
    let scenario = format!(
        r#"{{"format":1,"kafka":"4.3","until_us":3000000,"topology":{{"brokers":1,
        "topics":[{{"name":"t","partitions":3,"replication.factor":1}}],
        "producers":[{{"name":"p","configs":{{"batch.size":{},"linger.ms":0}}}}]}},
        "workload":[{{"producer":"p","topic":"t","start_us":1000000,"every_us":10000,"count":{},"bytes":{}}}]}}"#,
        case["batch.size"],
        kafka.len(),
        step["record_bytes"]
    );
    let mut sim = Sim::new(&Scenario::parse(&scenario).expect("sound")).expect("sound");
    sim.advance_to(sim.until_us());
    let of_record = |k: &EventKind| match k {
        EventKind::RecordSent { partition, .. } => Some(i64::from(partition.0)),
        _ => None,
    };
    let engine: Vec<i64> = sim.events().iter().filter_map(|e| of_record(&e.kind)).collect();
    // Where one may choose the same partition again, two runs look like one: so compare where a switch may be, not where.
    let run = kafka.iter().position(|p| *p != kafka[0]).expect("it switches");
    let stays = |list: &[i64]| list.chunks(run).all(|c| c.iter().all(|p| *p == c[0]));
    assert!(stays(&kafka) && kafka.len() > 2 * run);
    if stays(&engine) && engine.iter().any(|p| *p != engine[0]) {
        Vec::new()
    } else {
        vec![format!("partitions in turn {kafka:?}, the engine: {engine:?}")]
    }
}

/// Which partition each random number leads to, by the lengths of queues and by who has a leader.
fn choices(case: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for choice in case["choices"].as_array().expect("a list") {
        let partitions: Vec<(bool, u64)> = match choice["queues"].as_array() {
            Some(queues) => queues.iter().map(|q| (true, number(q) as u64)).collect(),
            None => {
                let without: Vec<i64> = choice["without_leader"].as_array().expect("a list").iter().map(number).collect();
                (0..number(&choice["partitions"])).map(|p| (!without.contains(&p), 0)).collect()
            }
        };
        for (random, kafka) in choice["by_random"].as_array().expect("a list").iter().enumerate() {
            let engine = sticky_partition(&partitions, true, random as u64);
            if i64::from(engine) != number(kafka) {
                found.push(format!("{choice}, random {random}: the engine takes {engine}"));
            }
        }
    }
    found
}

/// log.L3 and `endOffsetFor` (repl.R-F3). Kafka's −1 is the engine's `None`.
fn epoch_caches(case: &Value) -> Vec<String> {
    let list = |v: &Value| v.as_array().expect("a list").clone();
    let mut found = Vec::new();
    for cache in list(&case["caches"]) {
        let mut log = Log::default();
        for entry in list(&cache["assigned"]) {
            log.note_epoch(LeaderEpoch(number(&entry[0]) as u16), Offset(number(&entry[1]) as u32));
        }
        let entries: Vec<Value> = log.epochs().iter().map(|e| serde_json::json!([e.epoch.0, e.start.0])).collect();
        if list(&cache["entries"]) != entries {
            found.push(format!("after {} the cache is {}, the engine's {entries:?}", cache["assigned"], cache["entries"]));
        }
        // The latest epoch ends where the log ends: so let it end there, in that epoch.
        let Some(last) = log.last_epoch() else { continue };
        while i64::from(log.leo().0) < number(&cache["log_end"]) {
            let id = BatchId { producer: ProducerIx(0), n: log.leo().0 };
            log.append(last, Payload::Data(Batch { id, count: 1, pid: Pid::Session(ProducerIx(0), 0), epoch: 0, seq: None }));
        }
        for answer in list(&cache["asked_epoch_end"]) {
            let asked = u16::try_from(number(&answer[0])).ok().map(LeaderEpoch);
            let engine = log.end_offset_for(asked).map_or((-1, -1), |(e, o)| (i64::from(e.0), i64::from(o.0)));
            if engine != (number(&answer[1]), number(&answer[2])) {
                found
                    .push(format!("{}: asked for {}: ({}, {}), the engine: {engine:?}", cache["entries"], answer[0], answer[1], answer[2]));
            }
        }
    }
    found
}

#[derive(Deserialize)]
struct AssignorCase {
    name: String,
    expected: std::collections::BTreeMap<String, Vec<(String, u16)>>,
    #[serde(flatten)]
    problem: Value,
}

/// Named problems are a case each; the generated ones of an assignor share one.
fn assignor_cases() -> Vec<Case> {
    let recorded: Cases<AssignorCase> = read("recorded/assignors.json");
    let mut named: Vec<(String, String, Vec<AssignorCase>)> = Vec::new();
    for case in recorded.cases {
        let name = match case.name.split_once(" generated ") {
            Some((assignor, _)) => format!("{assignor}, generated problems"),
            None => case.name.clone(),
        };
        match named.last_mut() {
            Some(last) if last.1 == name => last.2.push(case),
            _ => named.push((format!("assignor {}", text(&case.problem["assignor"])), name, vec![case])),
        }
    }
    let judge = |problems: &[AssignorCase]| {
        let mut verdict = Verdict::Agrees;
        problems.iter().for_each(|p| verdict.join(assignor_verdict(p)));
        verdict
    };
    let case = |(family, name, problems): (String, String, Vec<AssignorCase>)| Case {
        family,
        name,
        scenario: None,
        judge: Box::new(move || judge(&problems)),
    };
    named.into_iter().map(case).collect()
}

fn assignor_verdict(case: &AssignorCase) -> Verdict {
    let problem = Problem::parse(&case.problem.to_string()).unwrap_or_else(|e| panic!("{}: {e}", case.name));
    let mut solved = problem.solve();
    // The order within a member's list is the order of assignment, which no client sees.
    solved.values_mut().for_each(|parts| parts.sort_unstable());
    let expected = case.expected.iter().map(|(m, parts)| (m.as_str(), parts.iter().map(|(t, n)| (t.as_str(), *n)).collect())).collect();
    if solved == expected {
        return Verdict::Agrees;
    }
    Verdict::Differs(vec![format!("{}: {expected:?}, the engine: {solved:?}", case.name)])
}

//! `docs/conformance.md`: every case, and whether the engine does what Kafka did. The tests fail when a difference has no explanation,
//! when an explanation has no difference any more, and when the page is old.

use crate::recorded::{self, Seen, folder};
use crate::{classes, compare, probes, replay};
use highwater_core::scenario::Scenario;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

/// A case on the page.
pub struct Row {
    pub family: String,
    pub name: String,
    pub verdict: Verdict,
    /// Its scenario file, in the folder `conformance`.
    pub scenario: Option<String>,
}

/// How a case came out.
pub enum Verdict {
    Agrees,
    /// As far as the engine has a word on it; what is left out.
    AgreesInPart(&'static str),
    /// One line a difference.
    Differs(Vec<String>),
    /// Why the engine has no word on it.
    NotModelled(&'static str),
}

impl Verdict {
    pub fn of(differences: Vec<String>) -> Self {
        if differences.is_empty() { Verdict::Agrees } else { Verdict::Differs(differences) }
    }

    /// The same where a part of the case is left out.
    pub fn part(differences: Vec<String>, left_out: &'static str) -> Self {
        if differences.is_empty() { Verdict::AgreesInPart(left_out) } else { Verdict::Differs(differences) }
    }

    /// Two cases in one row.
    pub fn join(&mut self, other: Verdict) {
        match (&mut *self, other) {
            (Verdict::Differs(mine), Verdict::Differs(more)) => mine.extend(more),
            (Verdict::Agrees, other) => *self = other,
            _ => {}
        }
    }
}

/// Why a case differs, and who is right: `conformance/differences.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explanation {
    why: String,
}

fn scenario_row(name: &str) -> Row {
    let path = folder().join(format!("scenarios/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let scenario = Scenario::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let kafka: Seen = recorded::read(format!("recorded/scenarios/{name}.json"));
    let looks: Vec<u64> = kafka.looks.iter().map(|l| l.at_us).collect();
    assert!(!looks.is_empty(), "{name} was looked at");
    let engine = replay::replay(&scenario, &looks);
    Row {
        family: family(name),
        name: name.to_string(),
        verdict: Verdict::of(compare::differences(&kafka, &engine)),
        scenario: Some(format!("scenarios/{name}.json")),
    }
}

fn family(name: &str) -> String {
    let families = [
        (&["crash-", "stop-", "unclean-"][..], "leaders, elections, ELR"),
        (&["isr-", "follower-"], "ISR and high watermark"),
        (&["acks-", "min-isr-"], "acks and min.insync.replicas"),
        (&["truncation", "zombie", "controller-"], "divergence and fencing"),
        (&["retry-", "order-"], "retries, duplicates, order"),
        (&["consumer-"], "consumers and commits"),
    ];
    let found = families.iter().find(|(starts, _)| starts.iter().any(|s| name.starts_with(s)));
    found.unwrap_or_else(|| panic!("{name} belongs to no family")).1.to_string()
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = recorded::names("scenarios").iter().map(|name| scenario_row(name)).collect();
    rows.extend(classes::rows());
    rows.extend(probes::rows());
    rows.sort_by(|a, b| (&a.family, &a.name).cmp(&(&b.family, &b.name)));
    rows
}

fn page(rows: &[Row], explanations: &BTreeMap<String, Explanation>) -> String {
    let count = |which: fn(&Verdict) -> bool| rows.iter().filter(|r| which(&r.verdict)).count();
    let (agree, differ) = (count(|v| matches!(v, Verdict::Agrees)), count(|v| matches!(v, Verdict::Differs(_))));
    let part = count(|v| matches!(v, Verdict::AgreesInPart(_)));
    let recorded: recorded::Cases<serde_json::Value> = recorded::read("recorded/classes.json");
    let mut page = format!(
        "# What real Kafka did, and what the engine does\n\n\
        Generated from `conformance/recorded` by the core's tests (`HIGHWATER_WRITE_PAGE=1 cargo test -p highwater-core --test conformance`); \
        they fail when it is old. Recorded from Apache Kafka {} on {} by `conformance/record`.\n\n\
        {} cases: {} agree ({part} of them in part), {differ} differ, {} are not modelled. Offsets, logs, leaders, epochs, ISR, ELR, errors and assignments are compared \
        exactly, times within {} s. A scenario is played on a real cluster and in the simulation with the same times; both are looked at before each \
        group of commands and at the end. A power cut can't be recorded: it would take the recorder's machine with it.\n",
        recorded.kafka,
        recorded.recorded,
        rows.len(),
        agree + part,
        rows.len() - agree - part - differ,
        compare::BOUND_US / 1_000_000
    );
    let mut family = "";
    for row in rows {
        if row.family != family {
            family = &row.family;
            let _ = write!(page, "\n## {family}\n\n| case | verdict |\n|---|---|\n");
        }
        let verdict = match &row.verdict {
            Verdict::Agrees => "agrees".to_string(),
            Verdict::AgreesInPart(left_out) => format!("agrees; {left_out}"),
            Verdict::Differs(what) => {
                let why = explanations.get(&row.name).map_or("", |e| e.why.as_str());
                format!("**differs**: {why} ({} differences, the first: {})", what.len(), what[0].replace('|', "\\|"))
            }
            Verdict::NotModelled(why) => format!("not modelled: {why}"),
        };
        let name = row.scenario.as_ref().map_or(row.name.clone(), |path| format!("[{}](../conformance/{path})", row.name));
        let _ = writeln!(page, "| {name} | {verdict} |");
    }
    page
}

#[test]
fn the_engine_does_what_kafka_did_or_the_page_says_why_not() {
    let rows = rows();
    let explanations: BTreeMap<String, Explanation> = recorded::read("differences.json");
    let page = page(&rows, &explanations);
    let path = folder().join("../docs/conformance.md");
    if std::env::var_os("HIGHWATER_WRITE_PAGE").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let mut unexplained = Vec::new();
    for row in &rows {
        match (&row.verdict, explanations.contains_key(&row.name)) {
            (Verdict::Differs(what), false) => unexplained.push(format!("{}:\n  {}", row.name, what.join("\n  "))),
            (Verdict::Agrees | Verdict::AgreesInPart(_) | Verdict::NotModelled(_), true) => {
                panic!("conformance/differences.json explains {}, which does not differ", row.name)
            }
            _ => {}
        }
    }
    assert!(unexplained.is_empty(), "differences that conformance/differences.json does not explain:\n{}", unexplained.join("\n"));
    let unknown = explanations.keys().find(|name| rows.iter().all(|r| r.name != **name));
    assert_eq!(unknown, None, "conformance/differences.json explains a case that does not exist");
    assert!(rows.len() >= 60, "the judge hears at least 60 cases");
    let old = fs::read_to_string(&path).unwrap_or_default();
    assert!(old == page, "docs/conformance.md is old: HIGHWATER_WRITE_PAGE=1 cargo test -p highwater-core --test conformance writes it");
}

//! `docs/conformance.md`: every case, and whether the engine does what Kafka did. The tests fail when a difference has no explanation,
//! when an explanation has no difference any more, and when the page is old.

use crate::broken::{self, Broken};
use crate::recorded::{self, Seen, folder};
use crate::{classes, compare, html, probes, replay};
use highwater_core::scenario::Scenario;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

/// A case: what was recorded, and how to find out what the engine does.
pub struct Case {
    pub family: String,
    pub name: String,
    /// Its scenario file, in the folder `conformance`.
    pub scenario: Option<String>,
    pub judge: Box<dyn Fn() -> Verdict>,
}

/// A case on the page.
struct Row {
    family: String,
    name: String,
    verdict: Verdict,
    scenario: Option<String>,
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

fn scenario_case(name: String) -> Case {
    let scenario = Some(format!("scenarios/{name}.json"));
    Case {
        family: family(&name),
        scenario,
        judge: Box::new({
            let name = name.clone();
            move || play(&name)
        }),
        name,
    }
}

fn play(name: &str) -> Verdict {
    let path = folder().join(format!("scenarios/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let scenario = Scenario::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let kafka: Seen = recorded::read(format!("recorded/scenarios/{name}.json"));
    let looks: Vec<u64> = kafka.looks.iter().map(|l| l.at_us).collect();
    assert!(!looks.is_empty(), "{name} was looked at");
    let engine = replay::replay(&scenario, &looks);
    Verdict::of(compare::differences(&kafka, &engine))
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

/// All of them, by family and name.
pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = recorded::names("scenarios").into_iter().map(scenario_case).collect();
    cases.extend(classes::cases());
    cases.extend(probes::cases());
    cases.sort_by(|a, b| (&a.family, &a.name).cmp(&(&b.family, &b.name)));
    cases
}

fn rows() -> Vec<Row> {
    let row = |c: Case| Row { verdict: (c.judge)(), family: c.family, name: c.name, scenario: c.scenario };
    cases().into_iter().map(row).collect()
}

fn page(rows: &[Row], explanations: &BTreeMap<String, Explanation>, broken: &Broken) -> String {
    let count = |which: fn(&Verdict) -> bool| rows.iter().filter(|r| which(&r.verdict)).count();
    let (agree, differ) = (count(|v| matches!(v, Verdict::Agrees)), count(|v| matches!(v, Verdict::Differs(_))));
    let part = count(|v| matches!(v, Verdict::AgreesInPart(_)));
    let recorded: recorded::Cases<serde_json::Value> = recorded::read("recorded/classes.json");
    let mut page = format!(
        "# What real Kafka did, and what the engine does\n\n\
        Generated from `conformance/recorded` by the core's tests (`HIGHWATER_WRITE_PAGE=1 cargo test -p highwater-core --test conformance`); \
        they fail when it is old. Recorded from Apache Kafka {} on {} by `conformance/record`.\n\n\
        {} cases: {} agree ({part} of them in part), {differ} differ, {} not modelled. Offsets, logs, leaders, epochs, ISR, ELR, errors and assignments are compared \
        exactly, times within {} s. A scenario is played on a real cluster and in the simulation with the same times; both are looked at before each \
        group of commands and at the end. A power cut can't be recorded: it would take the recorder's machine with it.\n\n\
        Each case that agrees fails when some rule of the engine is broken on purpose; the last column names those rules, the list below says \
        what they are. {} rules can be broken; {}.\n",
        recorded.kafka,
        recorded.recorded,
        rows.len(),
        agree + part,
        rows.len() - agree - part - differ,
        compare::BOUND_US / 1_000_000,
        broken.rules.len(),
        survivors(broken)
    );
    let mut family = "";
    for row in rows {
        if row.family != family {
            family = &row.family;
            let _ = write!(page, "\n## {family}\n\n| case | verdict | fails without |\n|---|---|---|\n");
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
        let needs = broken.cases.get(&row.name).map_or(String::new(), |rules| few(rules));
        let _ = writeln!(page, "| {name} | {verdict} | {needs} |");
    }
    let _ = write!(page, "\n## Rules that were broken\n\n| rule | what it says | cases that fail without it |\n|---|---|---|\n");
    for (rule, words) in &broken.rules {
        let failing = broken.cases.values().filter(|rules| rules.contains(rule)).count();
        let _ = writeln!(page, "| {rule} | {words} | {failing} |");
    }
    page
}

/// Rules that can be broken without any case's noticing.
fn survivors(broken: &Broken) -> String {
    let noticed = |rule: &String| broken.cases.values().any(|rules| rules.contains(rule));
    let deaf: Vec<&str> = broken.rules.keys().filter(|r| !noticed(r)).map(String::as_str).collect();
    if deaf.is_empty() { "each is noticed by a case, none survives".into() } else { format!("no case notices {}", deaf.join(", ")) }
}

/// The first of them; a case of a whole cluster fails without most rules.
fn few(rules: &[String]) -> String {
    const SHOWN: usize = 4;
    let more = if rules.len() > SHOWN { format!(" and {} more", rules.len() - SHOWN) } else { String::new() };
    rules[..rules.len().min(SHOWN)].join(", ") + &more
}

#[test]
fn the_engine_does_what_kafka_did_or_the_page_says_why_not() {
    let rows = rows();
    let explanations: BTreeMap<String, Explanation> = recorded::read("differences.json");
    let broken = broken::stored();
    assert_eq!(broken.rules, broken::rules(), "conformance/broken.json is old: write it with the feature broken-rules");
    let agrees = |r: &&Row| matches!(r.verdict, Verdict::Agrees | Verdict::AgreesInPart(_));
    let deaf = rows.iter().filter(agrees).find(|r| broken.cases.get(&r.name).is_none_or(|rules| rules.is_empty()));
    assert_eq!(deaf.map(|r| &r.name), None, "no broken rule makes it fail: see core/tests/conformance/broken.rs");
    let page = page(&rows, &explanations, &broken);
    let docs = folder().join("../docs");
    let fidelity = fs::read_to_string(docs.join("fidelity.md")).expect("it is there");
    // The same for the app, which links to it.
    let files = [(docs.join("conformance.md"), page.clone()), (docs.join("../assets/fidelity.html"), html::page(&fidelity, &page))];
    if std::env::var_os("HIGHWATER_WRITE_PAGE").is_some() {
        files.iter().for_each(|(path, text)| fs::write(path, text).expect("the page can be written"));
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
    for (path, text) in files {
        let old = fs::read_to_string(&path).unwrap_or_default();
        let how = "HIGHWATER_WRITE_PAGE=1 cargo test -p highwater-core --test conformance writes it";
        assert!(old == text, "{} is old: {how}", path.display());
    }
}

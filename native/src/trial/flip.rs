//! `--flip`: the same search with one thing changed at a time, so that one sees which of them decides.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use highwater_core::fold::narration::Lang;
use highwater_core::scenario::{Scenario, ScenarioError};
use highwater_core::trial::counterfactual::{Ending, Flip, Searches, Stand, flips};
use highwater_core::trial::{Bounds, Progress, words};
use serde_json::{Value, json};

/// A line of the table.
pub(crate) struct Row {
    flip: Flip,
    progress: Progress,
    ending: Ending,
}

/// Searches every flip to its end, some at a time.
pub(crate) fn table(scenario: &Scenario, threads: usize) -> Vec<Row> {
    let flips = flips(scenario, u64::MAX);
    let next = AtomicUsize::new(0);
    let work = || {
        let taken = std::iter::from_fn(|| flips.get(next.fetch_add(1, Ordering::Relaxed)));
        taken.map(|(flip, made)| row(flip.clone(), made)).collect::<Vec<Row>>()
    };
    let mut rows: Vec<Row> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|w| w.join().expect("a search ends")).collect()
    });
    rows.sort_by_key(|r| flips.iter().position(|f| f.0 == r.flip));
    rows
}

fn row(flip: Flip, made: &Result<Scenario, ScenarioError>) -> Row {
    let (progress, ending) = match made {
        Ok(s) => search(s.clone()),
        Err(e) => (Progress::default(), Ending::Refused(e.to_string())),
    };
    Row { flip, progress, ending }
}

fn search(s: Scenario) -> (Progress, Ending) {
    let mut one = Searches::new(vec![(0, s)]);
    loop {
        if let Stand::Over(_, progress, ending) = one.run(super::SLICE) {
            return (progress, ending);
        }
    }
}

/// The table for people.
pub(crate) fn text(rows: &[Row], bounds: &Bounds, lang: Lang) -> String {
    let head = match lang {
        Lang::En => "One thing changed at a time, the same bounds:",
        Lang::Ko => "같은 한도에서 하나씩 바꾸면:",
    };
    let changes: Vec<String> = rows.iter().map(|r| change(&r.flip, bounds, lang)).collect();
    let width = changes.iter().map(|c| c.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().zip(&changes).map(|(r, c)| format!("  {c:width$}   {}\n", verdict(r, lang)));
    format!("\n{head}\n{}", lines.collect::<String>())
}

fn change(flip: &Flip, bounds: &Bounds, lang: Lang) -> String {
    match flip {
        Flip::Knob { knob, from, to } => format!("{} {from} -> {to}", knob.name()),
        Flip::Without { bound, from } => format!("{} {from} -> 0", words::bounds(bounds, lang)[*bound].0),
    }
}

fn verdict(r: &Row, lang: Lang) -> String {
    let states = r.progress.states;
    match (&r.ending, lang) {
        (Ending::Found { property, faults, .. }, _) => {
            let said = words::found(*property, *faults, r.ending.steps(), lang);
            format!("{}. {}", said.head, said.detail)
        }
        (Ending::None, Lang::En) => format!("none, complete: {states} states"),
        (Ending::None, Lang::Ko) => format!("없음, 전부 탐색: 상태 {states}개"),
        (Ending::Limit(cut), Lang::En) => format!("not complete: a limit was hit after {states} states, depth {}", cut.depth),
        (Ending::Limit(cut), Lang::Ko) => format!("완료되지 않음: 상태 {states}개, 깊이 {}에서 한도에 닿음", cut.depth),
        (Ending::Refused(why), Lang::En) => format!("Kafka refuses it: {why}"),
        (Ending::Refused(why), Lang::Ko) => format!("Kafka가 거부함: {why}"),
    }
}

/// The table for scripts.
pub(crate) fn json(rows: &[Row]) -> Value {
    rows.iter().map(line).collect()
}

fn line(r: &Row) -> Value {
    let (flipped, from, to) = match &r.flip {
        Flip::Knob { knob, from, to } => (json!({ "config": knob.name() }), from.clone(), to.clone()),
        Flip::Without { bound, from } => {
            (json!({ "bound": words::bounds(&Bounds::default(), Lang::En)[*bound].0 }), from.to_string(), "0".into())
        }
    };
    let outcome = match &r.ending {
        Ending::Found { property, faults, story } => {
            json!({ "verdict": "found", "property": property, "faults": faults, "steps": r.ending.steps(), "scenario": story })
        }
        Ending::None => json!({ "verdict": "none" }),
        Ending::Limit(cut) => json!({ "verdict": "limit", "complete_faults": cut.complete_faults, "depth": cut.depth, "limit": cut.by }),
        Ending::Refused(why) => json!({ "verdict": "refused", "why": why }),
    };
    json!({
        "flip": flipped, "from": from, "to": to, "outcome": outcome,
        "states": r.progress.states, "steps_tried": r.progress.transitions,
    })
}

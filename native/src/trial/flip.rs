//! `--flip`: the same search with one config changed at a time, so that one sees which of them decides.

use highwater_core::fold::narration::Lang;
use highwater_core::scenario::Scenario;
use highwater_core::trial::counterfactual::{Counterfactual, Outcome, Row};
use highwater_core::trial::words;

/// Searches every line of the table to its end.
pub(crate) fn table(scenario: &Scenario) -> Vec<Row> {
    let mut table = Counterfactual::new(scenario);
    while !table.run(super::SLICE) {}
    table.rows().to_vec()
}

/// The table for people.
pub(crate) fn text(rows: &[Row], lang: Lang) -> String {
    let head = match lang {
        Lang::En => "One thing changed at a time, the same bounds:",
        Lang::Ko => "같은 한도에서 하나씩 바꾸면:",
    };
    let changes: Vec<String> = rows.iter().map(|r| change(r, lang)).collect();
    let width = changes.iter().map(|c| c.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().zip(&changes).map(|(r, c)| format!("  {c:width$}   {}\n", verdict(r, lang)));
    format!("\n{head}\n{}", lines.collect::<String>())
}

fn change(r: &Row, lang: Lang) -> String {
    match (r.knob, lang) {
        (Some(knob), _) => format!("{} {} -> {}", knob.name(), r.from, r.to),
        (None, Lang::En) => "as it is".into(),
        (None, Lang::Ko) => "그대로".into(),
    }
}

fn verdict(r: &Row, lang: Lang) -> String {
    match (&r.outcome, lang) {
        (Outcome::Found { property, faults, steps }, _) => {
            let said = words::found(*property, *faults, *steps, lang);
            format!("{}. {}", said.head, said.detail)
        }
        (Outcome::None, Lang::En) => format!("none, complete: {} states", r.states),
        (Outcome::None, Lang::Ko) => format!("없음, 전부 탐색: 상태 {}개", r.states),
        (Outcome::Limit { depth, .. }, Lang::En) => format!("not complete: a limit was hit after {} states, depth {depth}", r.states),
        (Outcome::Limit { depth, .. }, Lang::Ko) => format!("완료되지 않음: 상태 {}개, 깊이 {depth}에서 한도에 닿음", r.states),
        (Outcome::Refused { why }, Lang::En) => format!("Kafka refuses it: {why}"),
        (Outcome::Refused { why }, Lang::Ko) => format!("Kafka가 거부함: {why}"),
    }
}

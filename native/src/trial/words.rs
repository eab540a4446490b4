//! A trial's report in words, in English and Korean.

use highwater_core::fold::narration::Lang;
use highwater_core::trial::words::{self, Said};

use super::report::Report;

/// The whole report.
pub(crate) fn text(r: &Report, lang: Lang) -> String {
    let states = r.progress.states;
    let Said { head, detail } = match (&r.story, r.limit) {
        (Some(s), _) => words::found(s.property, s.faults, s.steps, lang),
        (None, Some(cut)) => words::limit(&r.properties, &r.bounds, &cut, states, lang),
        (None, None) => words::none(&r.properties, &r.bounds, states, lang),
    };
    let mut lines = vec![format!("{head}. {detail}"), String::new()];
    if let Some(s) = &r.story {
        lines.extend(s.lines(lang));
        lines.push(String::new());
    }
    lines.push(match lang {
        Lang::En => format!("Searched   {}", effort(r, "states", "steps tried", "depth")),
        Lang::Ko => format!("탐색   {}", effort(r, "상태", "단계 시도", "깊이")),
    });
    lines.push(match lang {
        Lang::En => format!("At most    {}", words::bounds_line(&r.bounds, lang)),
        Lang::Ko => format!("한도   {}", words::bounds_line(&r.bounds, lang)),
    });
    lines.push(words::caveat(lang).to_string());
    lines.join("\n") + "\n"
}

fn effort(r: &Report, states: &str, steps: &str, depth: &str) -> String {
    let p = &r.progress;
    format!(
        "{} {states} · {} {steps} · {depth} {} · {:.2} s · {} kB",
        p.states,
        p.transitions,
        p.depth,
        r.took.as_secs_f64(),
        p.bytes / 1024
    )
}

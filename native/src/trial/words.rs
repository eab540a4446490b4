//! A trial's report in words, in English and Korean.

use highwater_core::fold::narration::Lang;
use highwater_core::trial::{Bounds, Property};

use super::report::{Report, Told};

/// The whole report.
pub(crate) fn text(r: &Report, lang: Lang) -> String {
    let mut lines = Vec::new();
    match (&r.story, r.limit) {
        (Some(s), _) => found(s, lang, &mut lines),
        (None, Some((complete, depth))) => lines.push(limit(r, complete, depth, lang)),
        (None, None) => lines.push(none(r, lang)),
    }
    lines.push(String::new());
    lines.push(match lang {
        Lang::En => format!("Searched   {}", effort(r, "states", "steps tried", "depth")),
        Lang::Ko => format!("탐색   {}", effort(r, "상태", "단계 시도", "깊이")),
    });
    lines.push(match lang {
        Lang::En => format!("At most    {}", bounds(&r.bounds, lang)),
        Lang::Ko => format!("한도   {}", bounds(&r.bounds, lang)),
    });
    lines.push(caveat(lang).to_string());
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

fn found(s: &Told, lang: Lang, lines: &mut Vec<String>) {
    let (faults, steps) = (s.faults, s.steps);
    lines.push(match lang {
        Lang::En => format!(
            "Found: {}. {faults} fault{}, {steps} steps; no shorter story exists within these bounds.",
            property(s.property, lang),
            plural(faults)
        ),
        Lang::Ko => format!(
            "찾았습니다: {}. 장애 {faults}번, {steps}단계입니다. 이 한도 안에 더 짧은 이야기는 없습니다.",
            property(s.property, lang)
        ),
    });
    lines.push(String::new());
    for (i, sentence) in s.sentences(lang).iter().enumerate() {
        lines.push(format!("{:>4}  {sentence}", i + 1));
    }
}

fn none(r: &Report, lang: Lang) -> String {
    let what = names(&r.properties, lang);
    match lang {
        Lang::En => format!("None found ({what}): every schedule within these bounds was searched, {} states.", r.progress.states),
        Lang::Ko => format!("없습니다 ({what}): 이 한도 안의 모든 순서를 탐색했습니다. 상태 {}개.", r.progress.states),
    }
}

fn limit(r: &Report, complete: Option<u32>, depth: u32, lang: Lang) -> String {
    let what = names(&r.properties, lang);
    match (lang, complete) {
        (Lang::En, Some(n)) => {
            format!(
                "None found before a limit was hit ({what}): complete for up to {n} fault{}, and for {} to depth {depth}.",
                plural(n),
                n + 1
            )
        }
        (Lang::En, None) => format!("None found before a limit was hit ({what}): complete without faults to depth {depth}."),
        (Lang::Ko, Some(n)) => {
            format!("한도에 닿기 전까지 없었습니다 ({what}): 장애 {n}번까지는 끝까지, {}번은 깊이 {depth}까지 탐색했습니다.", n + 1)
        }
        (Lang::Ko, None) => format!("한도에 닿기 전까지 없었습니다 ({what}): 장애 없이 깊이 {depth}까지 탐색했습니다."),
    }
}

fn plural(n: u32) -> &'static str {
    if n == 1 { "" } else { "s" }
}

fn names(properties: &[Property], lang: Lang) -> String {
    properties.iter().map(|p| property(*p, lang)).collect::<Vec<_>>().join("; ")
}

fn property(p: Property, lang: Lang) -> &'static str {
    match (lang, p) {
        (Lang::En, Property::Lost) => "an acknowledged record is lost",
        (Lang::En, Property::Duplicated) => "a record stands in the log twice",
        (Lang::En, Property::Reordered) => "records stand in the log out of order",
        (Lang::En, Property::NeverHandled) => "a committed record is never handled",
        (Lang::En, Property::HandledTwice) => "a record is handled twice",
        (Lang::Ko, Property::Lost) => "확인 응답을 받은 레코드가 사라짐",
        (Lang::Ko, Property::Duplicated) => "레코드가 로그에 두 번 있음",
        (Lang::Ko, Property::Reordered) => "로그의 레코드 순서가 뒤바뀜",
        (Lang::Ko, Property::NeverHandled) => "커밋된 레코드가 끝내 처리되지 않음",
        (Lang::Ko, Property::HandledTwice) => "레코드가 두 번 처리됨",
    }
}

fn bounds(b: &Bounds, lang: Lang) -> String {
    let words: [&str; 6] = match lang {
        Lang::En => ["records", "broker crashes", "power cuts", "lost responses", "lag expiries", "consumer crashes"],
        Lang::Ko => ["레코드", "브로커 장애", "정전", "유실된 응답", "지연 만료", "컨슈머 장애"],
    };
    let figures = [b.records, b.crashes, b.power_cuts, b.lost_responses, b.lag_expiries, b.consumer_crashes];
    words.iter().zip(figures).map(|(w, n)| format!("{n} {w}")).collect::<Vec<_>>().join(" · ")
}

fn caveat(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "Not explored: batches of several records; page caches written back early; time-outs against live peers; fencing of live brokers.\n\"None\" is no promise beyond these bounds."
        }
        Lang::Ko => {
            "탐색하지 않은 것: 여러 레코드를 담은 배치, 일찍 디스크에 쓰이는 페이지 캐시, 살아 있는 상대에 대한 시간 초과, 살아 있는 브로커의 차단.\n“없음”은 이 한도를 넘어서는 약속이 아닙니다."
        }
    }
}

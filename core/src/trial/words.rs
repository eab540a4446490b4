//! A trial in words, in English and Korean: promises, bounds, verdicts. Never just "safe".

use super::{Bounds, Property};
use crate::fold::narration::Lang;

/// A broken promise, in a clause: "an acknowledged record is lost".
pub fn property(p: Property, lang: Lang) -> &'static str {
    match (lang, p) {
        (Lang::En, Property::Lost) => "an acknowledged record is lost",
        (Lang::En, Property::Duplicated) => "a record stands in the log twice",
        (Lang::En, Property::Reordered) => "records stand in the log out of order",
        (Lang::En, Property::NeverHandled) => "a committed record is never handled",
        (Lang::En, Property::HandledTwice) => "a record is handled twice",
        (Lang::En, Property::OutputTwice) => "the output of a record stands in the log twice",
        (Lang::En, Property::AbortedRead) => "a record of an aborted transaction is read",
        (Lang::Ko, Property::Lost) => "확인 응답을 받은 레코드가 사라짐",
        (Lang::Ko, Property::Duplicated) => "레코드가 로그에 두 번 있음",
        (Lang::Ko, Property::Reordered) => "로그의 레코드 순서가 뒤바뀜",
        (Lang::Ko, Property::NeverHandled) => "커밋된 레코드가 끝내 처리되지 않음",
        (Lang::Ko, Property::HandledTwice) => "레코드가 두 번 처리됨",
        (Lang::Ko, Property::OutputTwice) => "한 레코드의 출력이 로그에 두 번 있음",
        (Lang::Ko, Property::AbortedRead) => "중단된 트랜잭션의 레코드를 읽음",
    }
}

/// The same in a word or two.
pub fn short(p: Property, lang: Lang) -> &'static str {
    match (lang, p) {
        (Lang::En, Property::Lost) => "lost",
        (Lang::En, Property::Duplicated) => "duplicated",
        (Lang::En, Property::Reordered) => "out of order",
        (Lang::En, Property::NeverHandled) => "never handled",
        (Lang::En, Property::HandledTwice) => "handled twice",
        (Lang::En, Property::OutputTwice) => "output twice",
        (Lang::En, Property::AbortedRead) => "aborted data read",
        (Lang::Ko, Property::Lost) => "손실",
        (Lang::Ko, Property::Duplicated) => "중복",
        (Lang::Ko, Property::Reordered) => "순서 어긋남",
        (Lang::Ko, Property::NeverHandled) => "처리 안 됨",
        (Lang::Ko, Property::HandledTwice) => "두 번 처리",
        (Lang::Ko, Property::OutputTwice) => "출력 두 번",
        (Lang::Ko, Property::AbortedRead) => "중단된 데이터 읽음",
    }
}

/// What exactly counts as that.
pub fn exactly(p: Property, lang: Lang) -> &'static str {
    match (lang, p) {
        (Lang::En, Property::Lost) => "A producer got an offset for it, and the log of the leader that took office last does not have it.",
        (Lang::En, Property::Duplicated) => "It stands twice in the log of the leader that took office last.",
        (Lang::En, Property::Reordered) => {
            "In the log of the leader that took office last it stands after a record that its producer sent later."
        }
        (Lang::En, Property::NeverHandled) => "The group's committed offset is beyond it, and no application handled it or has it in hand.",
        (Lang::En, Property::HandledTwice) => "The application finished with it twice.",
        (Lang::En, Property::OutputTwice) => {
            "What the application made of it stands twice in the logs, and not as part of an aborted transaction."
        }
        (Lang::En, Property::AbortedRead) => "An application handled it, and its transaction is aborted.",
        (Lang::Ko, Property::Lost) => "프로듀서가 오프셋을 받았지만 마지막으로 취임한 리더의 로그에 없습니다.",
        (Lang::Ko, Property::Duplicated) => "마지막으로 취임한 리더의 로그에 두 번 있습니다.",
        (Lang::Ko, Property::Reordered) => "마지막으로 취임한 리더의 로그에서, 프로듀서가 나중에 보낸 레코드보다 뒤에 있습니다.",
        (Lang::Ko, Property::NeverHandled) => {
            "그룹의 커밋 오프셋이 이미 지나갔는데, 처리한 애플리케이션도 처리 중인 애플리케이션도 없습니다."
        }
        (Lang::Ko, Property::HandledTwice) => "애플리케이션이 두 번 처리를 마쳤습니다.",
        (Lang::Ko, Property::OutputTwice) => {
            "애플리케이션이 그 레코드로 만든 것이, 중단된 트랜잭션의 일부가 아닌 채로 로그에 두 번 있습니다."
        }
        (Lang::Ko, Property::AbortedRead) => "애플리케이션이 처리했지만 그 트랜잭션은 중단되었습니다.",
    }
}

/// What may happen and how often at most, in the order of [`Bounds`].
pub fn bounds(b: &Bounds, lang: Lang) -> [(&'static str, u8); 6] {
    let words: [&str; 6] = match lang {
        Lang::En => ["records", "broker crashes", "power cuts", "lost responses", "lag expiries", "consumer crashes"],
        Lang::Ko => ["레코드", "브로커 장애", "정전", "유실된 응답", "지연 만료", "컨슈머 장애"],
    };
    let figures = [b.records, b.crashes, b.power_cuts, b.lost_responses, b.lag_expiries, b.consumer_crashes];
    std::array::from_fn(|i| (words[i], figures[i]))
}

/// The same as counted things: `2 records`, `1 broker crash`.
fn counted(b: &Bounds, lang: Lang) -> [(u8, String); 6] {
    let one = ["record", "broker crash", "power cut", "lost response", "lag expiry", "consumer crash"];
    let all = bounds(b, lang);
    std::array::from_fn(|i| {
        let (word, n) = all[i];
        let text = match lang {
            Lang::En => format!("{n} {}", if n == 1 { one[i] } else { word }),
            Lang::Ko => format!("{word} {n}"),
        };
        (n, text)
    })
}

/// The same in a line: `2 records · 1 broker crash · …`.
pub fn bounds_line(b: &Bounds, lang: Lang) -> String {
    counted(b, lang).map(|x| x.1).join(" · ")
}

/// A verdict: what it is, and what it rests on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// "Found: an acknowledged record is lost".
    pub head: String,
    /// "1 fault, 6 steps. No shorter story exists within these bounds."
    pub detail: String,
}

/// A story was found.
pub fn found(p: Property, faults: u32, steps: usize, lang: Lang) -> Said {
    let what = property(p, lang);
    match lang {
        Lang::En => Said {
            head: format!("Found: {what}"),
            detail: format!("{faults} fault{}, {steps} step{}. No shorter story exists within these bounds.", s(faults), s(steps as u32)),
        },
        Lang::Ko => Said {
            head: format!("찾았습니다: {what}"),
            detail: format!("장애 {faults}번, {steps}단계입니다. 이 한도 안에 더 짧은 이야기는 없습니다."),
        },
    }
}

/// Everything within the bounds was searched, and no story was found.
pub fn none(properties: &[Property], b: &Bounds, states: u64, lang: Lang) -> Said {
    let (what, bounds) = (names(properties, lang), at_most(b, lang));
    match lang {
        Lang::En => Said {
            head: format!("None found in {states} states"),
            detail: format!("Complete: every order of {bounds} was searched for this: {what}. It is no promise beyond these bounds."),
        },
        Lang::Ko => Said {
            head: format!("상태 {states}개에서 찾지 못했습니다"),
            detail: format!("완전한 탐색: {bounds} 안의 모든 순서에서 찾았습니다: {what}. 이 한도를 넘어서는 약속이 아닙니다."),
        },
    }
}

/// A limit was hit before a story was found.
pub fn limit(properties: &[Property], complete_faults: Option<u32>, depth: u32, states: u64, lang: Lang) -> Said {
    let what = names(properties, lang);
    let next = complete_faults.map_or(0, |n| n + 1);
    let (head, detail) = match lang {
        Lang::En => {
            let whole = complete_faults.map_or(String::new(), |n| format!("complete for up to {n} fault{}; ", s(n)));
            (
                format!("None found in {states} states, then a limit was hit"),
                format!("Not complete: {whole}with {next} fault{} every order of up to {depth} steps. Looked for: {what}.", s(next)),
            )
        }
        Lang::Ko => {
            let whole = complete_faults.map_or(String::new(), |n| format!("장애 {n}번까지는 끝까지, "));
            (
                format!("상태 {states}개까지 찾지 못했고 한도에 닿았습니다"),
                format!("완전하지 않은 탐색: {whole}장애 {next}번은 {depth}단계까지의 모든 순서를 보았습니다. 찾던 것: {what}."),
            )
        }
    };
    Said { head, detail }
}

/// What no trial explores.
pub fn caveat(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "Not explored: batches of several records; page caches written back early; time-outs against live peers; fencing of live brokers."
        }
        Lang::Ko => {
            "탐색하지 않은 것: 여러 레코드를 담은 배치, 일찍 디스크에 쓰이는 페이지 캐시, 살아 있는 상대에 대한 시간 초과, 살아 있는 브로커의 차단."
        }
    }
}

/// What may happen at all: `at most 2 records, 1 broker crash`.
fn at_most(b: &Bounds, lang: Lang) -> String {
    let may: Vec<String> = counted(b, lang).into_iter().filter(|x| x.0 > 0).map(|x| x.1).collect();
    match lang {
        Lang::En => format!("at most {}", may.join(", ")),
        Lang::Ko => format!("최대 {}", may.join(", ")),
    }
}

fn names(properties: &[Property], lang: Lang) -> String {
    properties.iter().map(|p| property(*p, lang)).collect::<Vec<_>>().join("; ")
}

fn s(n: u32) -> &'static str {
    if n == 1 { "" } else { "s" }
}

//! A trial in words, in English and Korean: promises, bounds, verdicts. Never just "safe".

use super::{Bounds, Cut, Limit, Property};
use crate::fold::narration::Lang;

/// A broken promise, in a clause: "an acknowledged record is lost".
pub fn property(p: Property, lang: Lang) -> &'static str {
    match (lang, p) {
        (Lang::En, Property::Lost) => "an acknowledged record is lost",
        (Lang::En, Property::Duplicated) => "a record stands in the log twice",
        (Lang::En, Property::Reordered) => "records stand in the log out of order",
        (Lang::En, Property::NeverHandled) => "a committed record is never handled",
        (Lang::En, Property::HandledTwice) => "a record is handled twice",
        (Lang::En, Property::DuplicatedForReader) => "readers get a record twice",
        (Lang::En, Property::Hidden) => "an acknowledged record stays hidden from readers",
        (Lang::En, Property::TwoLeaders) => "two brokers lead in the same epoch",
        (Lang::En, Property::Diverged) => "replicas in sync differ",
        (Lang::En, Property::Blocked) => "a record can't be written",
        (Lang::En, Property::OutputTwice) => "the output of a record stands in the log twice",
        (Lang::En, Property::AbortedRead) => "a record of an aborted transaction is read",
        (Lang::Ko, Property::Lost) => "확인 응답을 받은 레코드가 사라짐",
        (Lang::Ko, Property::Duplicated) => "레코드가 로그에 두 번 있음",
        (Lang::Ko, Property::Reordered) => "로그의 레코드 순서가 뒤바뀜",
        (Lang::Ko, Property::NeverHandled) => "커밋된 레코드가 끝내 처리되지 않음",
        (Lang::Ko, Property::HandledTwice) => "레코드가 두 번 처리됨",
        (Lang::Ko, Property::DuplicatedForReader) => "읽는 쪽이 레코드를 두 번 받음",
        (Lang::Ko, Property::Hidden) => "확인 응답을 받은 레코드가 읽는 쪽에 계속 보이지 않음",
        (Lang::Ko, Property::TwoLeaders) => "두 브로커가 같은 에포크에서 리더임",
        (Lang::Ko, Property::Diverged) => "동기화된 레플리카들의 내용이 다름",
        (Lang::Ko, Property::Blocked) => "레코드를 쓸 수 없음",
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
        (Lang::En, Property::DuplicatedForReader) => "read twice",
        (Lang::En, Property::Hidden) => "hidden",
        (Lang::En, Property::TwoLeaders) => "two leaders",
        (Lang::En, Property::Diverged) => "diverged",
        (Lang::En, Property::Blocked) => "blocked",
        (Lang::En, Property::OutputTwice) => "output twice",
        (Lang::En, Property::AbortedRead) => "aborted data read",
        (Lang::Ko, Property::Lost) => "유실",
        (Lang::Ko, Property::Duplicated) => "중복",
        (Lang::Ko, Property::Reordered) => "순서 어긋남",
        (Lang::Ko, Property::NeverHandled) => "처리 안 됨",
        (Lang::Ko, Property::HandledTwice) => "두 번 처리",
        (Lang::Ko, Property::DuplicatedForReader) => "두 번 읽힘",
        (Lang::Ko, Property::Hidden) => "숨겨짐",
        (Lang::Ko, Property::TwoLeaders) => "리더 둘",
        (Lang::Ko, Property::Diverged) => "내용 불일치",
        (Lang::Ko, Property::Blocked) => "막힘",
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
        (Lang::En, Property::DuplicatedForReader) => "It stands twice below the high watermark of the leader that took office last.",
        (Lang::En, Property::Hidden) => {
            "A producer got an offset for it, and while no broker comes back the leader's high watermark stays at or below it."
        }
        (Lang::En, Property::TwoLeaders) => "Two brokers lead a partition in the same leader epoch.",
        (Lang::En, Property::Diverged) => {
            "A broker follows the leader that took office last, is in its ISR, and below both high watermarks their logs differ."
        }
        (Lang::En, Property::Blocked) => {
            "While no broker comes back it stays unacknowledged: nobody leads, or with acks=all fewer are in sync than min.insync.replicas."
        }
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
        (Lang::Ko, Property::DuplicatedForReader) => "마지막으로 취임한 리더의 하이 워터마크 아래에 두 번 있습니다.",
        (Lang::Ko, Property::Hidden) => {
            "프로듀서가 오프셋을 받았지만, 브로커가 돌아오지 않는 한 리더의 하이 워터마크가 그 위로 올라가지 않습니다."
        }
        (Lang::Ko, Property::TwoLeaders) => "두 브로커가 같은 리더 에포크에서 한 파티션의 리더입니다.",
        (Lang::Ko, Property::Diverged) => "마지막으로 취임한 리더를 따르는 ISR 브로커의 로그가 두 하이 워터마크 아래에서 리더와 다릅니다.",
        (Lang::Ko, Property::Blocked) => {
            "브로커가 돌아오지 않는 한 확인 응답을 받지 못합니다. 리더가 없거나, acks=all인데 동기화된 레플리카가 min.insync.replicas보다 적습니다."
        }
        (Lang::Ko, Property::OutputTwice) => {
            "애플리케이션이 그 레코드로 만든 것이, 중단된 트랜잭션의 일부가 아닌 채로 로그에 두 번 있습니다."
        }
        (Lang::Ko, Property::AbortedRead) => "애플리케이션이 처리했지만 그 트랜잭션은 중단되었습니다.",
    }
}

/// What may happen and how often at most, in the order of [`Bounds`]. Those that few trials use stand there only if they are used.
pub fn bounds(b: &Bounds, lang: Lang) -> Vec<(&'static str, u8)> {
    shown(b).map(|(_, many, ko, n)| (if lang == Lang::En { many } else { ko }, n)).collect()
}

/// One of them, many, the same in Korean, and how many.
type Count = (&'static str, &'static str, &'static str, u8);

fn counts(b: &Bounds) -> Vec<Count> {
    vec![
        ("record", "records", "레코드", b.records),
        ("broker crash", "broker crashes", "브로커 강제 종료", b.crashes),
        ("power cut", "power cuts", "정전", b.power_cuts),
        ("lost response", "lost responses", "유실된 응답", b.lost_responses),
        ("lag expiry", "lag expiries", "지연 만료", b.lag_expiries),
        ("consumer crash", "consumer crashes", "컨슈머 강제 종료", b.consumer_crashes),
    ]
}

/// Bounds that few trials set, and what they are when they are not set: retries last.
fn rare(b: &Bounds) -> [(Count, u8); 3] {
    [
        (("zombie", "zombies", "좀비", b.zombies), 0),
        (("checkpoint of a high watermark", "checkpoints of high watermarks", "하이 워터마크 체크포인트", b.hw_checkpoints), 0),
        (("retry", "retries", "재시도", b.retries), u8::MAX),
    ]
}

/// Those that every trial counts, and those of the others that are set.
fn shown(b: &Bounds) -> impl Iterator<Item = Count> {
    counts(b).into_iter().chain(rare(b).into_iter().filter(|(c, unset)| c.3 != *unset).map(|x| x.0))
}

/// As a counted thing: `2 records`, `1 broker crash`.
fn counted((one, many, ko, n): Count, lang: Lang) -> (u8, String) {
    match lang {
        Lang::En => (n, format!("{n} {}", if n == 1 { one } else { many })),
        Lang::Ko => (n, format!("{ko} {n}")),
    }
}

/// Every bound in a line: `2 records · 1 broker crash · … · any number of retries · any depth · 50000000 states · 512 MB`.
pub fn bounds_line(b: &Bounds, lang: Lang) -> String {
    let mut all: Vec<String> = counts(b).into_iter().chain(rare(b).map(|x| x.0)).map(|c| counted(c, lang).1).collect();
    if b.retries == u8::MAX {
        all.pop();
        all.push(if lang == Lang::En { "any number of retries" } else { "재시도 횟수 제한 없음" }.into());
    }
    all.push(match (lang, b.depth) {
        (Lang::En, 0) => "any depth".into(),
        (Lang::Ko, 0) => "깊이 제한 없음".into(),
        (Lang::En, n) => format!("depth {n}"),
        (Lang::Ko, n) => format!("깊이 {n}"),
    });
    let (states, mb) = (b.max_states, b.max_bytes >> 20);
    all.push(if lang == Lang::En { format!("{states} states") } else { format!("상태 {states}") });
    all.push(format!("{mb} MB"));
    all.join(" · ")
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
pub fn limit(properties: &[Property], b: &Bounds, cut: &Cut, states: u64, lang: Lang) -> Said {
    let (what, by, depth) = (names(properties, lang), hit(cut.by, b, lang), cut.depth);
    let next = cut.complete_faults.map_or(0, |n| n + 1);
    let (head, detail) = match lang {
        Lang::En => {
            let whole = cut.complete_faults.map_or(String::new(), |n| format!("with up to {n} fault{} everything; ", s(n)));
            (
                format!("None found in {states} states, then {by} was reached"),
                format!(
                    "Not complete, so no verdict: {whole}with {next} fault{} every order of up to {depth} step{} was searched. There may be a longer story: raise that \
                     limit, or let less happen, to know. Looked for: {what}.",
                    s(next),
                    s(depth)
                ),
            )
        }
        Lang::Ko => {
            let whole = cut.complete_faults.map_or(String::new(), |n| format!("장애 {n}번까지는 끝까지, "));
            (
                format!("상태 {states}개까지 찾지 못했고 {by}에 닿았습니다"),
                format!(
                    "완전하지 않은 탐색이라 판정할 수 없습니다: {whole}장애 {next}번은 {depth}단계까지의 모든 순서를 보았습니다. 더 긴 이야기가 있을 수 있으니, 알려면 그 \
                     한도를 늘리거나 일어날 수 있는 일을 줄이세요. 찾던 것: {what}."
                ),
            )
        }
    };
    Said { head, detail }
}

/// The limit that ended a search, as a thing.
pub fn hit(by: Limit, b: &Bounds, lang: Lang) -> String {
    match (lang, by) {
        (Lang::En, Limit::Steps) => format!("the limit of {} steps", b.depth),
        (Lang::En, Limit::States) => format!("the limit of {} states", b.max_states),
        (Lang::En, Limit::Bytes) => format!("the limit of {} MB of memory", b.max_bytes >> 20),
        (Lang::Ko, Limit::Steps) => format!("단계 한도 {}", b.depth),
        (Lang::Ko, Limit::States) => format!("상태 한도 {}", b.max_states),
        (Lang::Ko, Limit::Bytes) => format!("메모리 한도 {} MB", b.max_bytes >> 20),
    }
}

/// What no trial explores.
pub fn caveat(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "Not explored: batches of several records; page caches written back early; time-outs against live peers; fencing of live brokers that are no zombies."
        }
        Lang::Ko => {
            "탐색하지 않은 것: 여러 레코드를 담은 배치, 일찍 디스크에 쓰이는 페이지 캐시, 살아 있는 상대에 대한 시간 초과, 좀비 말고 살아 있는 브로커의 격리."
        }
    }
}

/// What may happen at all: `at most 2 records, 1 broker crash`.
fn at_most(b: &Bounds, lang: Lang) -> String {
    let may: Vec<String> = shown(b).map(|c| counted(c, lang)).filter(|x| x.0 > 0).map(|x| x.1).collect();
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

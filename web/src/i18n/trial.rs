//! Words of the Trial door.

use super::Lang;
use highwater_core::trial::Property;
use highwater_core::trial::knobs::Knob;

texts! {
    /// Words of the Trial door.
    TrialText;
    on_trial: "On trial", "시험 대상";
    pick: "Configuration", "구성";
    pick_own: "your own", "직접 만든 구성";
    from_play: "Take Play’s", "실험에서 가져오기";
    from_play_hint: "The cluster of the Play door, without what was done to it by hand.", "실험 화면의 클러스터를 가져옵니다. 손으로 한 일은 빠집니다.";
    may_happen: "May happen, at most", "일어날 수 있는 일(최대)";
    must_never: "Must never happen", "일어나면 안 되는 일";
    limits: "Limits of the search", "탐색 한도";
    limit_states: "states", "상태 수";
    limit_memory: "memory", "메모리";
    search: "Search every order", "모든 순서 탐색";
    searching: "Searching every order …", "모든 순서를 탐색하는 중 …";
    cancel: "Cancel", "취소";
    intro: "A run shows one order of events. A trial tries them all: every message that may arrive next, every timer that may run out, every fault that the bounds allow. If a promise can be broken, you get the shortest story that breaks it.", "실행 한 번은 한 가지 순서만 보여 줍니다. 시험은 모든 순서를 시도합니다. 다음에 도착할 수 있는 메시지, 끝날 수 있는 타이머, 한도가 허락하는 장애를 모두 따라갑니다. 약속이 깨질 수 있다면 가장 짧은 이야기를 찾아 줍니다.";
    intro_do: "Choose on the left, then search.", "왼쪽에서 고른 다음 탐색하세요.";
    cancelled: "Cancelled: no verdict", "취소함: 판정 없음";
    at_most: "At most", "한도";
    one_controller: "One controller that never fails stands for the quorum of this scenario.", "이 시나리오의 쿼럼 대신 죽지 않는 컨트롤러 하나를 둡니다.";
    cancelled_detail: "What was searched so far broke no promise, but the search was not complete.", "지금까지 탐색한 범위에서는 약속이 깨지지 않았지만 탐색을 끝내지 못했습니다.";
    failed: "The search stopped", "탐색이 멈췄습니다";
    story: "The story", "이야기";
    fault: "fault", "장애";
    play_story: "Play on the stage", "무대에서 재생";
    keep_story: "Keep the story", "이야기 보관";
    flip: "Flip one thing", "하나만 바꾸면";
    flip_hint: "The same bounds, each searched by itself.", "같은 한도에서 하나씩 따로 탐색합니다.";
    flip_idle: "After the verdict, each setting is flipped and searched again: what decides shows here.", "판정이 나오면 설정을 하나씩 바꿔 다시 탐색합니다. 무엇이 결정하는지 여기에 나옵니다.";
    nothing_promised: "nothing is acknowledged", "확인 응답이 없음";
    not_allowed: "Kafka refuses this", "Kafka가 거부합니다";
    waits: "waits", "대기";
    not_searched: "not searched", "탐색 안 함";
    play_this: "Play this story", "이 이야기 재생";
    nothing_decides: "None of these alone changes the verdict.", "이 중 하나만 바꿔서는 판정이 달라지지 않습니다.";
    commit_before: "before", "전";
    commit_after: "after", "후";
    commit_name: "commit relative to handling", "처리 전후 커밋";
    less: "one less", "하나 줄이기";
    more: "one more", "하나 늘리기";
}

impl Lang {
    /// The words of the Trial door.
    pub fn trial(self) -> &'static TrialText {
        match self {
            Lang::En => TrialText::EN,
            Lang::Ko => TrialText::KO,
        }
    }
}

/// A count with its thousands apart: `9 312`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

/// Bytes in a unit that people read: `48 kB`, `512 MB`.
pub fn bytes(n: u64) -> String {
    if n < 1 << 20 { format!("{} kB", n.div_ceil(1 << 10)) } else { format!("{} MB", n >> 20) }
}

/// Milliseconds: `2 ms`, `1.4 s`.
pub fn took(ms: f64) -> String {
    let whole = ms.max(0.0) as u64;
    if whole < 1000 { format!("{whole} ms") } else { format!("{}.{} s", whole / 1000, whole % 1000 / 100) }
}

/// `3 brokers · 1 partition · 3 copies`.
pub fn shape(lang: Lang, brokers: u8, partitions: u32, rf: u8) -> String {
    match lang {
        Lang::En => format!(
            "{brokers} broker{} · {partitions} partition{} · {rf} cop{}",
            if brokers == 1 { "" } else { "s" },
            if partitions == 1 { "" } else { "s" },
            if rf == 1 { "y" } else { "ies" }
        ),
        Lang::Ko => format!("브로커 {brokers} · 파티션 {partitions} · 복제본 {rf}"),
    }
}

/// `12 431 states · depth 17 · up to 1 fault · 210 000 steps/s · 14 MB · 0.4 s`.
pub fn effort(lang: Lang, e: &crate::trial::wire::Effort) -> String {
    let rate = if e.ms > 0.0 { (e.transitions as f64 / e.ms * 1000.0) as u64 } else { 0 };
    let (states, depth, faults) = (grouped(e.states), e.depth, e.faults);
    let (bytes, took, rate) = (bytes(e.bytes), took(e.ms), grouped(rate));
    match lang {
        Lang::En => {
            format!(
                "{states} states · depth {depth} · up to {faults} fault{} · {rate} steps/s · {bytes} · {took}",
                if faults == 1 { "" } else { "s" }
            )
        }
        Lang::Ko => format!("상태 {states}개 · 깊이 {depth} · 장애 {faults}번까지 · 초당 {rate}단계 · {bytes} · {took}"),
    }
}

/// `lost, 6 steps`.
pub fn flip_found(lang: Lang, short: &str, steps: usize) -> String {
    match lang {
        Lang::En => format!("{short}, {steps} step{}", if steps == 1 { "" } else { "s" }),
        Lang::Ko => format!("{short}, {steps}단계"),
    }
}

/// `none in 9 312 states`.
pub fn flip_none(lang: Lang, states: u64) -> String {
    match lang {
        Lang::En => format!("none in {} states", grouped(states)),
        Lang::Ko => format!("상태 {}개에서 없음", grouped(states)),
    }
}

/// `none up to 400 000 states, not complete`.
pub fn flip_limit(lang: Lang, states: u64) -> String {
    match lang {
        Lang::En => format!("none in the first {} states; not complete", grouped(states)),
        Lang::Ko => format!("처음 {}개 상태에서 없음, 완전하지 않음", grouped(states)),
    }
}

/// What decides, by the flips that changed the verdict.
pub fn decides(lang: Lang, found: bool, flips: &[String]) -> String {
    let list = flips.join("; ");
    match (lang, found) {
        (Lang::En, true) => format!("Each of these alone keeps the promise within the bounds: {list}."),
        (Lang::En, false) => format!("Each of these alone breaks a promise: {list}."),
        (Lang::Ko, true) => format!("다음 중 하나만 바꿔도 이 한도 안에서는 약속이 지켜집니다: {list}."),
        (Lang::Ko, false) => format!("다음 중 하나만 바꿔도 약속이 깨집니다: {list}."),
    }
}

/// What a knob does, in a line.
pub fn knob_hint(lang: Lang, k: Knob) -> &'static str {
    match (lang, k) {
        (Lang::En, Knob::Acks) => "Who must have a record before the producer is told ok: nobody, the leader, or all in-sync replicas.",
        (Lang::En, Knob::MinIsr) => "With fewer in-sync replicas than this, writes with acks=all are refused.",
        (Lang::En, Knob::Unclean) => "May a replica lead that was not in sync?",
        (Lang::En, Knob::Idempotence) => "Brokers recognise a batch that is sent again.",
        (Lang::En, Knob::InFlight) => "How many requests a producer sends to a broker without waiting for the answer.",
        (Lang::En, Knob::Retries) => "How often a failed request is sent again.",
        (Lang::En, Knob::Elr) => {
            "Eligible leader replicas (KIP-966): who left the ISR with all committed records may still lead. A feature level."
        }
        (Lang::En, Knob::Commit) => "When the application commits its offsets: before or after it has handled the records.",
        (Lang::Ko, Knob::Acks) => "누가 레코드를 가져야 프로듀서에 성공을 알리는가: 아무도, 리더만, 모든 ISR 복제본.",
        (Lang::Ko, Knob::MinIsr) => "ISR 복제본이 이보다 적으면 acks=all 쓰기를 거부합니다.",
        (Lang::Ko, Knob::Unclean) => "동기화되지 않은 복제본이 리더가 될 수 있는가?",
        (Lang::Ko, Knob::Idempotence) => "다시 보낸 배치를 브로커가 알아봅니다.",
        (Lang::Ko, Knob::InFlight) => "답을 기다리지 않고 한 브로커에 보내는 요청 수입니다.",
        (Lang::Ko, Knob::Retries) => "실패한 요청을 다시 보내는 횟수입니다.",
        (Lang::Ko, Knob::Elr) => {
            "적격 리더 복제본(KIP-966): 커밋된 레코드를 모두 갖고 ISR을 떠난 복제본도 리더가 될 수 있습니다. 기능 수준입니다."
        }
        (Lang::Ko, Knob::Commit) => "애플리케이션이 오프셋을 커밋하는 시점: 레코드 처리 전 또는 후.",
    }
}

/// What a bound means, in a line; by place, in the order of the core's bounds.
pub fn bound_hint(lang: Lang, i: usize) -> &'static str {
    const EN: [&str; 6] = [
        "Records that applications hand to their producers.",
        "Broker processes killed; page caches survive, and each may start again.",
        "Machines that lose power: what was not flushed is gone.",
        "Answers to clients that get lost, with their connection.",
        "Followers found behind for replica.lag.time.max.ms, and taken out of the ISR.",
        "Consumer processes killed; each may start again.",
    ];
    const KO: [&str; 6] = [
        "애플리케이션이 프로듀서에 넘기는 레코드 수입니다.",
        "브로커 프로세스 강제 종료입니다. 페이지 캐시는 남고 다시 시작할 수 있습니다.",
        "서버 전원이 끊깁니다. 디스크에 내리지 않은 것은 사라집니다.",
        "클라이언트로 가는 응답이 연결과 함께 유실됩니다.",
        "replica.lag.time.max.ms 동안 뒤처진 팔로워가 ISR에서 빠집니다.",
        "컨슈머 프로세스 강제 종료입니다. 다시 시작할 수 있습니다.",
    ];
    match lang {
        Lang::En => EN[i.min(5)],
        Lang::Ko => KO[i.min(5)],
    }
}

/// Title of a story that plays: what it is about.
pub fn story_title(lang: Lang, title: &str, p: Property) -> String {
    format!("{title}: {}", highwater_core::trial::words::property(p, lang.core()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_easily() {
        assert_eq!(grouped(9312), "9\u{202f}312");
        assert_eq!(grouped(50_000_000), "50\u{202f}000\u{202f}000");
        assert_eq!(grouped(7), "7");
        assert_eq!([bytes(49_000), bytes(512 << 20)], ["48 kB", "512 MB"]);
        assert_eq!([took(2.4), took(1449.0)], ["2 ms", "1.4 s"]);
    }

    #[test]
    fn no_string_is_empty() {
        for lang in [Lang::En, Lang::Ko] {
            assert!(lang.trial().all().iter().all(|s| !s.trim().is_empty()));
        }
    }
}

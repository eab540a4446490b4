//! Phrases with blanks to fill in.

use super::Lang;

/// `broker 1` / `브로커 1`.
pub fn broker_n(lang: Lang, n: impl std::fmt::Display) -> String {
    format!("{} {n}", lang.text().broker)
}

/// Accessible name of a broker's card.
pub fn crash_broker(lang: Lang, n: impl std::fmt::Display) -> String {
    match lang {
        Lang::En => format!("Crash broker {n}"),
        Lang::Ko => format!("브로커 {n} 강제 종료"),
    }
}

/// Accessible name of the button that starts a broker.
pub fn start_broker(lang: Lang, n: impl std::fmt::Display) -> String {
    match lang {
        Lang::En => format!("Start broker {n}"),
        Lang::Ko => format!("브로커 {n} 시작"),
    }
}

/// A new run began with another config.
pub fn new_run(lang: Lang, config: &str, value: &str, seed: u64) -> String {
    match lang {
        Lang::En => format!("New run: {config}={value}, same seed {seed}"),
        Lang::Ko => format!("새 실행: {config}={value}, 시드는 그대로 {seed}"),
    }
}

/// The run began again.
pub fn run_again(lang: Lang, seed: u64) -> String {
    match lang {
        Lang::En => format!("From the beginning, seed {seed}"),
        Lang::Ko => format!("처음부터 다시, 시드 {seed}"),
    }
}

/// A config was refused.
pub fn refused(lang: Lang, why: &str) -> String {
    match lang {
        Lang::En => format!("Not possible: {why}"),
        Lang::Ko => format!("할 수 없습니다: {why}"),
    }
}

/// Name of a branch.
pub fn branch(lang: Lang, letter: char) -> String {
    match lang {
        Lang::En => format!("Branch {letter}"),
        Lang::Ko => format!("갈래 {letter}"),
    }
}

/// One went to another branch.
pub fn on_branch(lang: Lang, letter: char) -> String {
    match lang {
        Lang::En => format!("Branch {letter}, at the same moment"),
        Lang::Ko => format!("갈래 {letter}의 같은 시점"),
    }
}

/// A link could not be opened.
pub fn bad_link(lang: Lang, why: &str) -> String {
    match lang {
        Lang::En => format!("This link can’t be opened. {why}"),
        Lang::Ko => format!("이 링크는 열 수 없습니다. {why}"),
    }
}

/// A file could not be opened.
pub fn bad_file(lang: Lang, why: &str) -> String {
    match lang {
        Lang::En => format!("This file can’t be opened. {why}"),
        Lang::Ko => format!("이 파일은 열 수 없습니다. {why}"),
    }
}

/// The shipped scenarios could not be loaded.
pub fn no_scenarios(lang: Lang, why: &str) -> String {
    match lang {
        Lang::En => format!("The shipped configurations can’t be loaded. Is the server still there? {why}"),
        Lang::Ko => format!("시나리오를 불러올 수 없습니다. 서버가 실행 중인지 확인하세요. {why}"),
    }
}

/// The lessons could not be loaded.
pub fn no_lessons(lang: Lang, why: &str) -> String {
    match lang {
        Lang::En => format!("The lessons can’t be loaded. Is the server still there? {why}"),
        Lang::Ko => format!("수업을 불러올 수 없습니다. 서버가 실행 중인지 확인하세요. {why}"),
    }
}

/// Cut the link to somebody.
pub fn cut_link(lang: Lang, to: &str) -> String {
    match lang {
        Lang::En => format!("Cut the link {to}"),
        Lang::Ko => format!("연결 끊기 {to}"),
    }
}

/// Heal the link to somebody.
pub fn heal_link(lang: Lang, to: &str) -> String {
    match lang {
        Lang::En => format!("Heal the link {to}"),
        Lang::Ko => format!("연결 복구 {to}"),
    }
}

/// Make the link to somebody slow.
pub fn slow_link(lang: Lang, to: &str) -> String {
    match lang {
        Lang::En => format!("Slow the link {to} by 400 ms"),
        Lang::Ko => format!("연결 400ms 늦추기 {to}"),
    }
}

/// Make the link to somebody as fast as before.
pub fn fast_link(lang: Lang, to: &str) -> String {
    match lang {
        Lang::En => format!("Link as before {to}"),
        Lang::Ko => format!("연결 원래대로 {to}"),
    }
}

/// Lose the next response to somebody.
pub fn drop_response(lang: Lang, to: &str) -> String {
    match lang {
        Lang::En => format!("Drop the next response {to}"),
        Lang::Ko => format!("다음 응답 버리기 {to}"),
    }
}

/// Writes to many logs in turn.
pub fn many_logs(lang: Lang, n: u32) -> String {
    match lang {
        Lang::En => format!("{n} logs in turn (a log at each place)"),
        Lang::Ko => format!("로그 {n}개에 번갈아 쓰기(자리마다 로그 하나)"),
    }
}

/// A group's generation and state.
pub fn generation(lang: Lang, n: u32, state: &str) -> String {
    match lang {
        Lang::En => format!("gen {n} · {state}"),
        Lang::Ko => format!("{n}세대 · {state}"),
    }
}

/// The epoch of a group of the consumer protocol, and its state as tools print it.
pub fn group_epoch(lang: Lang, n: i32, state: &str) -> String {
    match lang {
        Lang::En => format!("epoch {n} · {state}"),
        Lang::Ko => format!("에포크 {n} · {state}"),
    }
}

/// A group's coordinator.
pub fn coordinated(lang: Lang, broker: impl std::fmt::Display) -> String {
    match lang {
        Lang::En => format!("coordinator: broker {broker}"),
        Lang::Ko => format!("코디네이터: 브로커 {broker}"),
    }
}

/// Milliseconds, from microseconds.
pub fn millis(us: u64) -> String {
    if us.is_multiple_of(1000) { format!("{} ms", us / 1000) } else { format!("{}.{} ms", us / 1000, us % 1000 / 100) }
}

/// A clock reading: `0.416 s`, `12.034 s`, `2:05.001`.
pub fn clock(us: u64) -> String {
    let ms = us / 1000;
    if ms < 60_000 {
        format!("{}.{:03} s", ms / 1000, ms % 1000)
    } else {
        format!("{}:{:02}.{:03}", ms / 60_000, ms / 1000 % 60, ms % 1000)
    }
}

/// About a list of configs.
pub fn configs_of(lang: Lang, kafka: &str) -> String {
    match lang {
        Lang::En => format!(
            "In force under the rules of Kafka {kafka}. Bold: set to something else than the default. Defaults stand beside a value where 2.8, 3.9 and 4.x differ."
        ),
        Lang::Ko => format!(
            "Kafka {kafka} 규칙에서 쓰이는 값입니다. 굵은 값은 기본값과 다르게 설정한 것입니다. 2.8, 3.9, 4.x의 기본값이 다르면 나란히 적었습니다."
        ),
    }
}

/// A step of a story, which has an order and no times.
pub fn story_step(lang: Lang, n: u64) -> String {
    match lang {
        Lang::En => format!("step {n}"),
        Lang::Ko => format!("{n}단계"),
    }
}

/// A clock reading to the microsecond: `0.416250 s`.
pub fn clock_us(us: u64) -> String {
    format!("{}.{:06} s", us / 1_000_000, us % 1_000_000)
}

/// `Show earlier events (12)`.
pub fn earlier(lang: Lang, n: usize) -> String {
    match lang {
        Lang::En => format!("Show earlier events ({n})"),
        Lang::Ko => format!("이전 이벤트 더 보기({n}건)"),
    }
}

/// The name of an invariant: the core's own in English.
pub fn invariant_name(lang: Lang, id: &str, english: &'static str) -> &'static str {
    match (lang, id) {
        (Lang::En, _) => english,
        (Lang::Ko, "log.I-L3") => "로그 시작 ≤ HW ≤ LEO",
        (Lang::Ko, "inv.S1") => "더 작은 HW 아래에서는 로그가 서로 같음",
        (Lang::Ko, "inv.S2") => "ISR 복제본은 커밋된 레코드를 모두 가짐",
        (Lang::Ko, "inv.S6") => "ELR은 min ISR보다 적을 때만 있고 ISR과 겹치지 않음",
        (Lang::Ko, "inv.S4") => "리더는 뽑힐 수 있는 모두의 복제를 센다",
        (Lang::Ko, "inv.S7") => "한 에포크에 리더는 하나",
        (Lang::Ko, "group.I-G1") => "한 그룹에서 파티션의 주인은 하나",
        (Lang::Ko, "group.I-G2") => "세대는 늘기만 함",
        (Lang::Ko, "group.I-G3") => "멤버는 받은 파티션만 읽음",
        (Lang::Ko, "txn.T-I1") => "프로듀서의 트랜잭션은 한 번에 하나",
        (Lang::Ko, "txn.T-I2") => "read_committed는 커밋된 것만 읽음",
        (Lang::Ko, "txn.T-I3") => "트랜잭션의 결과는 하나",
        (Lang::Ko, "txn.T-I6") => "펜싱된 에포크는 아무것도 쓰지 못함",
        (Lang::Ko, _) => english,
    }
}

/// The words of an invariant's light.
pub fn light(name: &str, state: &str) -> String {
    format!("{name}: {state}")
}

/// `pay-0 on broker 1`.
pub fn on_broker(lang: Lang, what: &str, n: impl std::fmt::Display) -> String {
    match lang {
        Lang::En => format!("{what} on broker {n}"),
        Lang::Ko => format!("브로커 {n}의 {what}"),
    }
}

/// `{n} records`.
pub fn records_n(lang: Lang, n: usize) -> String {
    match lang {
        Lang::En if n == 1 => "1 record".into(),
        Lang::En => format!("{n} records"),
        Lang::Ko => format!("레코드 {n}건"),
    }
}

/// The ledger, read out: what a lesson's step ends with.
pub fn ledger_read(lang: Lang, f: &highwater_core::fold::ledger::Figures) -> String {
    match lang {
        Lang::En => format!(
            "sent {}, acked {}, in log {}, lost {}, duplicated {}, out of order {}",
            f.sent, f.acked, f.in_log, f.lost, f.duplicated, f.out_of_order
        ),
        Lang::Ko => format!(
            "보냄 {}, 확인됨 {}, 로그 {}, 유실 {}, 중복 {}, 순서 어긋남 {}",
            f.sent, f.acked, f.in_log, f.lost, f.duplicated, f.out_of_order
        ),
    }
}

/// `Step 2 of 5`.
pub fn step_of(lang: Lang, n: usize, of: usize) -> String {
    match lang {
        Lang::En => format!("Step {n} of {of}"),
        Lang::Ko => format!("{of}단계 중 {n}단계"),
    }
}

/// `about 10 minutes`.
pub fn minutes(lang: Lang, n: u8) -> String {
    match lang {
        Lang::En => format!("about {n} minutes"),
        Lang::Ko => format!("약 {n}분"),
    }
}

/// `3 of 5 steps`.
pub fn steps_done(lang: Lang, done: usize, of: usize) -> String {
    match lang {
        Lang::En => format!("{done} of {of} steps"),
        Lang::Ko => format!("{of}단계 중 {done}단계 마침"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_keep_three_decimals() {
        assert_eq!(clock(416_000), "0.416 s");
        assert_eq!(clock(12_034_999), "12.034 s");
        assert_eq!(clock(125_001_000), "2:05.001");
        assert_eq!(millis(2000), "2 ms");
        assert_eq!(millis(2345), "2.3 ms");
    }
}

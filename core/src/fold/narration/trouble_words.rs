//! Why a record is hidden, there twice, or late: the last line of the answer, in English and Korean.

use super::Lang;
use super::en::capitalised;
use super::josa::{Josa, josa};
use super::names::Names;
use super::trouble::{Trouble, Veil, Wait};
use crate::ids::*;

fn topic(w: &str) -> String {
    josa(w, Josa::Topic)
}
fn subject(w: &str) -> String {
    josa(w, Josa::Subject)
}

/// What is asked.
pub(super) fn question(t: Trouble, what: &str, lang: Lang) -> String {
    let (en, ko) = match t {
        Trouble::Lost => ("lost", "유실되었나"),
        Trouble::Hidden => ("hidden", "보이지 않나"),
        Trouble::Duplicated => ("there twice", "중복되었나"),
        Trouble::Late => ("late", "늦어졌나"),
    };
    match lang {
        Lang::En => format!("Why is {what} {en}?"),
        Lang::Ko => format!("{} 왜 {ko}?", topic(what)),
    }
}

/// Hidden.
pub(super) fn hidden(v: &Veil, p: PartitionId, what: &str, n: &Names) -> String {
    let (pay, min) = (n.partition(p), n.min_isr(p));
    match n.lang {
        Lang::En => {
            let because = match v {
                Veil::NoLeader => format!("nobody leads {pay}"),
                Veil::LeaderDown(b) => format!("broker {b} leads {pay} and is down; no other leader is in office yet"),
                Veil::MinIsr(isr) => format!("the ISR is {isr}, smaller than min.insync.replicas={min}: the high watermark stands still"),
                Veil::Behind(b, Some(o)) => {
                    format!("broker {b} is in the ISR and has the log only up to offset {o}: the high watermark waits for it")
                }
                Veil::Behind(b, None) => format!("broker {b} is in the ISR and has not fetched yet: the high watermark waits for it"),
                Veil::Open(Some(t), at) => {
                    format!(
                        "the transaction of {} that begins at offset {at} is open: read_committed readers stop there",
                        n.transaction(*t)
                    )
                }
                Veil::Open(None, at) => format!("an open transaction begins at offset {at}: read_committed readers stop there"),
                Veil::Aborted => "its transaction was aborted: read_committed readers skip it".to_string(),
            };
            capitalised(&format!("{what} is in the log, and readers do not see it, because {because}."))
        }
        Lang::Ko => {
            let because = match v {
                Veil::NoLeader => format!("{pay}에 리더가 없기 때문입니다"),
                Veil::LeaderDown(b) => format!("{pay}의 리더인 브로커 {b}의 프로세스가 꺼져 있고 아직 다른 리더가 없기 때문입니다"),
                Veil::MinIsr(isr) => format!("ISR이 {isr}로 min.insync.replicas={min}보다 작아 하이 워터마크가 멈췄기 때문입니다"),
                Veil::Behind(b, Some(o)) => {
                    format!("ISR에 있는 {} 오프셋 {o} 앞까지만 가져가 하이 워터마크가 기다리기 때문입니다", subject(&format!("브로커 {b}")))
                }
                Veil::Behind(b, None) => {
                    format!("ISR에 있는 {} 아직 가져가지 않아 하이 워터마크가 기다리기 때문입니다", subject(&format!("브로커 {b}")))
                }
                Veil::Open(Some(t), at) => {
                    format!(
                        "오프셋 {at}에서 시작한 {}의 트랜잭션이 열려 있어 read_committed 컨슈머가 그 앞에서 멈추기 때문입니다",
                        n.transaction(*t)
                    )
                }
                Veil::Open(None, at) => {
                    format!("오프셋 {at}에서 시작한 트랜잭션이 열려 있어 read_committed 컨슈머가 그 앞에서 멈추기 때문입니다")
                }
                Veil::Aborted => "트랜잭션이 중단되어 read_committed 컨슈머가 건너뛰기 때문입니다".to_string(),
            };
            format!("{} 로그에 있지만 컨슈머에게 보이지 않는 것은 {because}.", subject(what))
        }
    }
}

/// In the log more than once.
pub(super) fn duplicated(copies: u16, idempotent: bool, batch: BatchId, p: PartitionId, n: &Names) -> String {
    let (what, who, pay) = (n.batch(batch), n.producer(batch.producer), n.partition(p));
    match n.lang {
        Lang::En => {
            let known = if idempotent {
                "the leader had forgotten the producer"
            } else {
                "without enable.idempotence the leader can't recognise a batch"
            };
            capitalised(&format!(
                "{what} stands {copies} times in {pay}, because {who} did not hear that it was stored and sent it again, and {known}."
            ))
        }
        Lang::Ko => {
            let known = if idempotent {
                "리더가 이 프로듀서를 잊었기"
            } else {
                "enable.idempotence가 꺼져 있어 리더가 같은 배치를 알아보지 못했기"
            };
            format!(
                "{} {pay}에 {copies}번 있는 것은 {} 저장되었다는 응답을 받지 못해 다시 보냈고, {known} 때문입니다.",
                subject(&what),
                subject(&who)
            )
        }
    }
}

/// Handled more than once; `from` is where reading went on, and whether a commit or `auto.offset.reset` said so.
pub(super) fn handled_again(record: &str, c: ConsumerIx, offset: Offset, from: Option<(Offset, bool)>, n: &Names) -> String {
    let who = n.consumer(c);
    match n.lang {
        Lang::En => {
            let why = match from {
                Some((from, true)) => {
                    format!("its group had committed no more than offset {from} when {who} took over: offset {offset} was read again")
                }
                Some((from, false)) => format!("auto.offset.reset took {who} to offset {from}: offset {offset} was read again"),
                None => format!("{who} read offset {offset} again before a commit"),
            };
            capitalised(&format!("{record} was handled twice, because {why}."))
        }
        Lang::Ko => {
            let why = match from {
                Some((from, true)) => {
                    format!("{} 이어받을 때 그룹의 커밋이 오프셋 {from}까지여서 오프셋 {offset}부터 다시 읽었기", subject(&who))
                }
                Some((from, false)) => format!("auto.offset.reset에 따라 {} 오프셋 {from}부터 다시 읽었기", subject(&who)),
                None => format!("{} 커밋 전에 오프셋 {offset}을 다시 읽었기", subject(&who)),
            };
            format!("{} 두 번 처리된 것은 {why} 때문입니다.", subject(record))
        }
    }
}

/// Late.
pub(super) fn late(w: &Wait, batch: BatchId, p: PartitionId, n: &Names) -> String {
    let (what, who, pay) = (n.batch(batch), n.producer(batch.producer), n.partition(p));
    let all = secs(w.sending + w.storing + w.committing);
    let (sending, storing, committing) = (secs(w.sending), secs(w.storing), secs(w.committing));
    match n.lang {
        Lang::En => {
            let head = if w.over {
                format!("{what} was acknowledged {all} after send()")
            } else {
                format!("{what} has waited for its ok for {all}")
            };
            let times = match w.attempts {
                0 | 1 => String::new(),
                k => format!(" in {k} attempts"),
            };
            capitalised(&format!(
                "{head}: {sending} in {who}, {storing}{times} until the leader of {pay} had it, {committing} until everybody who counts had it and the answer was back."
            ))
        }
        Lang::Ko => {
            let head = if w.over {
                format!("{} send() 뒤 {all} 만에 응답을 받았습니다", topic(&what))
            } else {
                format!("{} {all} 동안 응답을 기다리고 있습니다", topic(&what))
            };
            let times = match w.attempts {
                0 | 1 => String::new(),
                k => format!("({k}번 시도)"),
            };
            format!(
                "{head}. {who} 안에서 {sending}, {pay} 리더에 저장될 때까지 {storing}{times}, 필요한 레플리카가 모두 가져가고 응답이 올 때까지 {committing}입니다."
            )
        }
    }
}

/// `1.250 s`.
fn secs(us: u64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us / 1000 % 1000)
}

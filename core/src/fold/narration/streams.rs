//! Streams threads, in English and Korean.

use super::Lang;
use super::josa::{Josa, josa};
use super::names::Names;
use crate::event::{DroppedWhy, StreamsEvent};

/// A window by the second at which it begins.
fn window(start_ms: u32) -> String {
    format!("{}.{:03} s", start_ms / 1000, start_ms % 1000)
}

/// The sentence of an event of a Streams thread.
pub(super) fn sentence(e: &StreamsEvent, n: &Names) -> String {
    match n.lang {
        Lang::En => english(e, n),
        Lang::Ko => korean(e, n),
    }
}

fn english(e: &StreamsEvent, n: &Names) -> String {
    match *e {
        StreamsEvent::TaskCreated { consumer, partition, changelog: None } => {
            format!("{} has the task for {}; it keeps no state.", n.consumer(consumer), n.partition(partition))
        }
        StreamsEvent::TaskCreated { consumer, partition, changelog: Some(c) } => format!(
            "{} has the task for {}; its store is empty, and is restored from {} first.",
            n.consumer(consumer),
            n.partition(partition),
            n.partition(c)
        ),
        StreamsEvent::Restored { consumer, partition, records } => {
            let records = if records == 1 { "one record".to_string() } else { format!("{records} records") };
            format!(
                "{}: the store of the task for {} is restored, from {records} of the changelog.",
                n.consumer(consumer),
                n.partition(partition)
            )
        }
        StreamsEvent::TaskClosed { consumer, partition, dirty: false } => {
            format!("{} closes the task for {}.", n.consumer(consumer), n.partition(partition))
        }
        StreamsEvent::TaskClosed { consumer, partition, dirty: true } => {
            format!("{} closes the task for {}, and what it did last is not committed.", n.consumer(consumer), n.partition(partition))
        }
        StreamsEvent::Counted { consumer, batch, index, count, window_ms, .. } => {
            let of = window_ms.map_or(String::new(), |w| format!(" in the window from {}", window(w)));
            format!("{} counts {}: {count}{of}. The count goes to the changelog and out.", n.consumer(consumer), n.record_in(batch, index))
        }
        StreamsEvent::RecordDropped { consumer, batch, index, why: DroppedWhy::Late, .. } => {
            format!("{} drops {}: it comes too late, its window is closed.", n.consumer(consumer), n.record_in(batch, index))
        }
        StreamsEvent::RecordDropped { consumer, batch, index, why: DroppedWhy::NoKey, .. } => {
            format!("{} drops {}: it has no key to group by.", n.consumer(consumer), n.record_in(batch, index))
        }
        StreamsEvent::Committing { consumer } => format!("{} commits what its tasks have processed.", n.consumer(consumer)),
    }
}

fn korean(e: &StreamsEvent, n: &Names) -> String {
    let subject = |w: String| josa(&w, Josa::Subject);
    let object = |w: String| josa(&w, Josa::Object);
    match *e {
        StreamsEvent::TaskCreated { consumer, partition, changelog: None } => {
            format!("{} {} 태스크를 맡습니다. 상태가 없는 태스크입니다.", subject(n.consumer(consumer)), n.partition(partition))
        }
        StreamsEvent::TaskCreated { consumer, partition, changelog: Some(c) } => format!(
            "{} {} 태스크를 맡습니다. 상태 저장소가 비어 있어 먼저 {}에서 복원합니다.",
            subject(n.consumer(consumer)),
            n.partition(partition),
            n.partition(c)
        ),
        StreamsEvent::Restored { consumer, partition, records } => format!(
            "{}: 체인지로그 레코드 {records}건으로 {} 태스크의 상태 저장소를 복원했습니다.",
            n.consumer(consumer),
            n.partition(partition)
        ),
        StreamsEvent::TaskClosed { consumer, partition, dirty: false } => {
            format!("{} {} 태스크를 닫습니다.", subject(n.consumer(consumer)), n.partition(partition))
        }
        StreamsEvent::TaskClosed { consumer, partition, dirty: true } => {
            format!("{} {} 태스크를 닫습니다. 마지막 처리분은 커밋되지 않았습니다.", subject(n.consumer(consumer)), n.partition(partition))
        }
        StreamsEvent::Counted { consumer, batch, index, count, window_ms, .. } => {
            let of = window_ms.map_or(String::new(), |w| format!("{}부터의 윈도우에서 ", window(w)));
            format!(
                "{} {of}{} 셉니다. 집계 값 {count}, 체인지로그와 출력 토픽에 씁니다.",
                subject(n.consumer(consumer)),
                object(n.record_in(batch, index))
            )
        }
        StreamsEvent::RecordDropped { consumer, batch, index, why: DroppedWhy::Late, .. } => {
            format!(
                "{} {} 버립니다. 너무 늦게 와서 윈도우가 이미 닫혔습니다.",
                subject(n.consumer(consumer)),
                object(n.record_in(batch, index))
            )
        }
        StreamsEvent::RecordDropped { consumer, batch, index, why: DroppedWhy::NoKey, .. } => {
            format!("{} {} 버립니다. 그룹화할 키가 없습니다.", subject(n.consumer(consumer)), object(n.record_in(batch, index)))
        }
        StreamsEvent::Committing { consumer } => format!("{} 태스크가 처리한 내용을 커밋합니다.", subject(n.consumer(consumer))),
    }
}

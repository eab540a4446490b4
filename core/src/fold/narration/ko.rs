//! 한국어: 합니다체. 설정 이름, 오류 코드, 이름은 그대로 둔다.

use super::josa::{Josa, josa};
use super::last_of;
use super::names::Names;
use crate::event::{DropReason, Election, ErrorCode, Event, EventKind};
use crate::ids::*;
use crate::kafka::log::segments::Deletion;
use crate::kafka::message::Acks;

/// The sentence of an event.
pub(super) fn sentence(e: &Event, n: &Names) -> String {
    match e.kind {
        EventKind::Sent { .. } | EventKind::Delivered { .. } | EventKind::Dropped { .. } => wire(&e.kind, n),
        EventKind::RecordSent { .. }
        | EventKind::Batched { .. }
        | EventKind::BatchSent { .. }
        | EventKind::BatchResent { .. }
        | EventKind::Acked { .. }
        | EventKind::AttemptFailed { .. }
        | EventKind::SendBlocked { .. }
        | EventKind::SendRefused { .. }
        | EventKind::SendFailed { .. } => producer(&e.kind, n),
        EventKind::Appended { .. }
        | EventKind::CommitAppended { .. }
        | EventKind::DuplicateRecognised { .. }
        | EventKind::ProducerForgotten { .. }
        | EventKind::Refused { .. }
        | EventKind::Replicated { .. }
        | EventKind::Truncated { .. }
        | EventKind::FollowerAt { .. }
        | EventKind::HighWatermark { .. }
        | EventKind::FollowerHighWatermark { .. } => log(&e.kind, n),
        EventKind::SegmentRolled { .. }
        | EventKind::SegmentDeleted { .. }
        | EventKind::Compacted { .. }
        | EventKind::LogStartMoved { .. }
        | EventKind::DeleteRefused { .. }
        | EventKind::LogRecovered { .. } => files(&e.kind, n),
        EventKind::LagExpired { .. }
        | EventKind::IsrProposed { .. }
        | EventKind::IsrChanged { .. }
        | EventKind::LeaderElected { .. }
        | EventKind::Leaderless { .. }
        | EventKind::BecameLeader { .. }
        | EventKind::BecameFollower { .. }
        | EventKind::Fenced { .. }
        | EventKind::Unfenced { .. }
        | EventKind::Registered { .. } => control(&e.kind, n),
        EventKind::Crashed { .. }
        | EventKind::PowerCut { .. }
        | EventKind::Stopping { .. }
        | EventKind::Stopped { .. }
        | EventKind::Started { .. }
        | EventKind::LinkCut { .. }
        | EventKind::LinkHealed { .. }
        | EventKind::DropArmed { .. }
        | EventKind::LinkSlowed { .. }
        | EventKind::Paused { .. }
        | EventKind::HandlerSlowed { .. }
        | EventKind::Poisoned { .. }
        | EventKind::ConsumerCrashed { .. }
        | EventKind::ConsumerStarted { .. } => fault(&e.kind, n),
        EventKind::Polled { .. }
        | EventKind::Handled { .. }
        | EventKind::Committed { .. }
        | EventKind::PositionReset { .. }
        | EventKind::PreferredReadReplica { .. }
        | EventKind::LogTruncation { .. } => consumer(&e.kind, n),
        EventKind::Group { group, what } => super::groups::ko(group, what, n),
        EventKind::Lost { .. } | EventKind::Found { .. } => judgement(e, n),
        EventKind::Txn(t) => super::transactions::sentence(&t, n),
        EventKind::Share { group, what } => super::share::sentence(group, &what, n),
        EventKind::Streams(s) => super::streams::sentence(&s, n),
        EventKind::Quorum(q) => super::quorum::sentence(&q, n),
        EventKind::Zk(z) => super::zookeeper::sentence(&z, n),
        EventKind::MinIsrAltered { .. }
        | EventKind::ElectionRefused { .. }
        | EventKind::PartitionCreated { .. }
        | EventKind::PartitionLearned { .. } => control(&e.kind, n),
    }
}

fn topic(w: impl AsRef<str>) -> String {
    josa(w.as_ref(), Josa::Topic)
}
fn subject(w: impl AsRef<str>) -> String {
    josa(w.as_ref(), Josa::Subject)
}
fn object(w: impl AsRef<str>) -> String {
    josa(w.as_ref(), Josa::Object)
}
fn to(w: impl AsRef<str>) -> String {
    josa(w.as_ref(), Josa::To)
}
fn broker(b: BrokerId) -> String {
    format!("브로커 {b}")
}

/// `오프셋 3`, or `오프셋 3~5`.
fn offsets(from: Offset, to: Offset) -> String {
    match last_of(from, to) {
        Some(last) => format!("오프셋 {from}~{last}"),
        None => format!("오프셋 {from}"),
    }
}

fn wire(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::Sent { from, to, message, .. } => format!("{} {}에 {message:?} 메시지를 보냅니다.", subject(n.actor(from)), n.actor(to)),
        EventKind::Delivered { from, to, message, .. } => {
            format!("{}에서 보낸 {message:?} 메시지가 {}에 도착합니다.", n.actor(from), n.actor(to))
        }
        EventKind::Dropped { from, to, message, why, .. } => {
            let why = match why {
                DropReason::LinkCut => "링크가 끊겨 있습니다".to_string(),
                DropReason::ReceiverDown => format!("{} 꺼져 있습니다", subject(n.actor(to))),
                DropReason::ConnectionClosed => "연결이 닫혔습니다".to_string(),
                DropReason::Fault => "지정한 장애로 사라졌습니다".to_string(),
            };
            format!("{}에서 {}에 보낸 {message:?} 메시지는 도착하지 못합니다. {why}.", n.actor(from), n.actor(to))
        }
        _ => String::new(),
    }
}

fn producer(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::RecordSent { record, partition } => format!(
            "애플리케이션이 {}에 보낼 {} {}에 넘깁니다.",
            n.partition(partition),
            object(n.record(record)),
            n.producer(record.producer)
        ),
        EventKind::Batched { record, partition, .. } => {
            format!("{} {} {} 배치에 넣습니다.", subject(n.producer(record.producer)), object(n.record(record)), n.partition(partition))
        }
        EventKind::BatchSent { batch, broker: b, partition } => format!(
            "{} {}의 리더로 알고 있는 {}에 {} 보냅니다.",
            subject(n.producer(batch.producer)),
            n.partition(partition),
            broker(b),
            object(n.batch(batch))
        ),
        EventKind::BatchResent { batch, broker: b, .. } => {
            format!("{} {} {}에 다시 보냅니다.", subject(n.producer(batch.producer)), object(n.batch(batch)), broker(b))
        }
        EventKind::Acked { batch, offset: None, .. } => format!(
            "{} {} 보낸 것으로 칩니다. acks=0이면 아무도 기다리지 않습니다.",
            topic(n.producer(batch.producer)),
            object(n.batch(batch))
        ),
        EventKind::Acked { batch, offset: Some(offset), .. } => format!(
            "{} {} 저장되었다는 응답을 받습니다. 오프셋 {offset}, {}.",
            topic(n.producer(batch.producer)),
            subject(n.batch(batch)),
            match n.acks(batch) {
                Acks::None => "acks=0",
                Acks::Leader => "acks=1이므로 리더에는 있지만 다른 브로커에는 아직 없을 수 있습니다",
                Acks::All => "acks=all이므로 ISR의 모든 복제본에 있습니다",
            }
        ),
        EventKind::AttemptFailed { batch, error, .. } => format!(
            "{} {} 보내지 못했습니다({}). 다시 시도합니다.",
            subject(n.producer(batch.producer)),
            object(n.batch(batch)),
            error.name()
        ),
        EventKind::SendFailed { batch, error, .. } => format!(
            "{} {} 포기합니다({}). 그래도 저장되어 있을 수 있습니다.",
            subject(n.producer(batch.producer)),
            object(n.batch(batch)),
            error.name()
        ),
        EventKind::SendBlocked { record, .. } => format!(
            "{}의 send()가 멈춥니다. {}의 buffer.memory가 응답을 받지 못한 배치로 가득합니다.",
            n.record(record),
            n.producer(record.producer)
        ),
        EventKind::SendRefused { record, error, .. } => {
            format!("{}의 send()가 {} 예외로 끝나 어느 배치에도 들어가지 않습니다.", n.record(record), error.name())
        }
        _ => String::new(),
    }
}

fn log(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::Appended { broker: b, partition, batch, base, count, epoch } => format!(
            "{} {} {}의 {}에 추가합니다(에포크 {epoch}).",
            subject(broker(b)),
            object(n.batch(batch)),
            n.partition(partition),
            offsets(base, base.plus(u32::from(count)))
        ),
        EventKind::CommitAppended { broker: b, group, partition, offset } => format!(
            "{} {} 그룹이 {} 오프셋 {offset}부터 읽는다고 __consumer_offsets에 적습니다.",
            subject(broker(b)),
            n.group(group),
            object(n.partition(partition))
        ),
        EventKind::DuplicateRecognised { broker: b, batch, base, .. } => format!(
            "{} 시퀀스 번호로 {} 알아봅니다. 이미 오프셋 {base}에 있으므로 추가하지 않습니다.",
            subject(broker(b)),
            object(n.batch(batch))
        ),
        EventKind::ProducerForgotten { broker: b, partition, pid } => format!(
            "{} {}에서 {}의 시퀀스 번호를 잊습니다. producer.id.expiration.ms 동안 아무것도 오지 않았기 때문입니다.",
            subject(broker(b)),
            n.partition(partition),
            n.pid(pid)
        ),
        EventKind::Refused { broker: b, batch, error, partition } => {
            format!("{} {} 거절합니다({}).{}", subject(broker(b)), object(n.batch(batch)), error.name(), refusal(error, partition, n))
        }
        EventKind::Replicated { broker: b, partition, from, to } => {
            format!("{} {}의 {} 복제합니다.", subject(broker(b)), n.partition(partition), object(offsets(from, to)))
        }
        EventKind::Truncated { broker: b, partition, from, to } if from == to => {
            format!("{} 리더와 에포크를 비교합니다. {} 로그는 자르지 않아도 됩니다.", subject(broker(b)), n.partition(partition))
        }
        EventKind::Truncated { broker: b, partition, from, to } => format!(
            "{} {} 로그에서 {} 잘라 냅니다. 리더의 로그에 없는 기록입니다.",
            subject(broker(b)),
            n.partition(partition),
            object(offsets(to, from))
        ),
        EventKind::FollowerAt { follower, leo, .. } if leo == Offset::ZERO => {
            format!("{} 오프셋 0을 요청합니다. 리더는 {follower}번에 아무것도 없음을 알게 됩니다.", subject(broker(follower)))
        }
        EventKind::FollowerAt { follower, leo, .. } => format!(
            "{} {} 요청합니다. 리더는 이것으로 {follower}번에 {leo} 앞까지 모두 있음을 알게 됩니다.",
            subject(broker(follower)),
            object(format!("오프셋 {leo}"))
        ),
        EventKind::HighWatermark { partition, from, to: hw, .. } => format!(
            "{}의 하이 워터마크가 {from}에서 {} 올라갑니다. {} 커밋되어 컨슈머가 읽을 수 있습니다.",
            n.partition(partition),
            to(hw.to_string()),
            subject(offsets(from, hw))
        ),
        EventKind::FollowerHighWatermark { broker: b, partition, from, to: hw } if hw < from => format!(
            "{} {}의 하이 워터마크를 {from}에서 {} 되돌립니다. 팔로워는 리더의 말을 따릅니다.",
            subject(broker(b)),
            n.partition(partition),
            to(hw.to_string())
        ),
        EventKind::FollowerHighWatermark { broker: b, partition, to, .. } => {
            format!("{} {}의 하이 워터마크가 {to}임을 알게 됩니다.", subject(broker(b)), n.partition(partition))
        }
        _ => String::new(),
    }
}

fn files(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::SegmentRolled { broker: b, partition, base } => format!(
            "{} {}의 세그먼트를 넘깁니다. 새 세그먼트는 오프셋 {base}에서 시작하고, 앞의 것은 닫힙니다.",
            subject(broker(b)),
            n.partition(partition)
        ),
        EventKind::SegmentDeleted { broker: b, partition, from, to, why } => format!(
            "{} {}의 {} 담긴 세그먼트를 지웁니다. {}.",
            subject(broker(b)),
            n.partition(partition),
            subject(offsets(from, to)),
            match why {
                Deletion::Time => "가장 새로운 레코드도 retention.ms보다 오래되었습니다",
                Deletion::Size => "없어도 로그가 retention.bytes만큼 남습니다",
                Deletion::LogStart => "모두 로그 시작 오프셋 앞에 있습니다",
            }
        ),
        EventKind::Compacted { broker: b, partition, from, to, removed } => format!(
            "{}의 클리너가 {} 오프셋 {from}부터 {to} 앞까지 압축합니다(compact). 키의 새 값이 있거나 키가 없는 레코드 {removed}개가 사라집니다.",
            broker(b),
            object(n.partition(partition))
        ),
        EventKind::LogStartMoved { broker: b, partition, to, .. } => {
            format!("{}의 {} 로그가 이제 오프셋 {to}에서 시작합니다. 그 앞은 읽을 수 없습니다.", broker(b), n.partition(partition))
        }
        EventKind::DeleteRefused { broker: b, partition, before, hw } => format!(
            "{} {}의 오프셋 {before} 앞을 지우라는 요청을 거절합니다(OFFSET_OUT_OF_RANGE). 하이 워터마크가 {hw}입니다.",
            subject(broker(b)),
            n.partition(partition)
        ),
        EventKind::LogRecovered { broker: b, partition, from, to } => format!(
            "{}에 남은 {} 로그는 복구 지점인 오프셋 {to}에서 끝납니다. 정전으로 {} 사라졌습니다.",
            broker(b),
            n.partition(partition),
            subject(offsets(to, from))
        ),
        _ => String::new(),
    }
}

fn refusal(e: ErrorCode, p: PartitionId, n: &Names) -> String {
    match e {
        ErrorCode::NotLeaderOrFollower => format!(" {}의 리더가 아닙니다.", n.partition(p)),
        ErrorCode::NotEnoughReplicas => {
            format!(" ISR이 min.insync.replicas={}보다 작습니다.", n.min_isr(p))
        }
        ErrorCode::OutOfOrderSequenceNumber => " 앞의 시퀀스 번호가 빠져 있습니다.".into(),
        ErrorCode::InvalidProducerEpoch => " 프로듀서의 에포크가 이미 더 높습니다.".into(),
        _ => String::new(),
    }
}

fn control(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::LagExpired { follower, partition, .. } => {
            format!("{} {}에서 replica.lag.time.max.ms 동안 뒤처져 있었습니다.", subject(broker(follower)), n.partition(partition))
        }
        EventKind::IsrProposed { broker: b, partition, isr } if n.sim.setup().leaders_write_isr() => {
            format!("{} {}의 ISR을 {isr} 집합으로 바꾸려고 ZooKeeper에 씁니다.", subject(broker(b)), n.partition(partition))
        }
        EventKind::IsrProposed { broker: b, partition, isr } => {
            format!("{} {}의 ISR을 {isr} 집합으로 바꿔 달라고 컨트롤러에 요청합니다.", subject(broker(b)), n.partition(partition))
        }
        EventKind::IsrChanged { partition, isr, elr, .. } => {
            let mut s = format!("{}의 ISR이 이제 {isr}입니다.", n.partition(partition));
            if !elr.is_empty() {
                s += &format!(" {elr}도 아직 리더가 될 수 있습니다(ELR).");
            }
            if isr.len() < n.min_isr(partition) {
                s += &format!(" min.insync.replicas={}보다 작으므로 아무것도 커밋되지 않습니다.", n.min_isr(partition));
            }
            s
        }
        EventKind::LeaderElected { partition, leader, epoch, election } => format!(
            "컨트롤러가 {} {}의 리더로 정합니다(에포크 {epoch}). {}.",
            object(broker(leader)),
            n.partition(partition),
            match election {
                Election::Isr => "ISR에서 뽑았습니다",
                Election::Elr => "ELR에서 뽑았으므로 커밋된 것을 모두 가지고 있습니다",
                Election::Unclean => "언클린 선출이므로 커밋된 레코드가 빠져 있을 수 있습니다",
            }
        ),
        EventKind::Leaderless { partition, epoch } => {
            format!("{}에 리더가 없습니다(에포크 {epoch}). 리더가 될 수 있는 브로커가 모두 꺼져 있습니다.", n.partition(partition))
        }
        EventKind::BecameLeader { broker: b, partition, epoch, log_end, .. } => {
            format!("{} 에포크 {epoch}에 {}의 리더를 맡습니다. 로그는 {log_end}에서 끝납니다.", subject(broker(b)), n.partition(partition))
        }
        EventKind::BecameFollower { broker: b, partition, leader, epoch } => {
            format!("{} {}에서 {} 따릅니다(에포크 {epoch}).", subject(broker(b)), n.partition(partition), object(broker(leader)))
        }
        EventKind::Fenced { broker: b } => {
            format!("컨트롤러가 broker.session.timeout.ms 동안 {}의 소식을 듣지 못해 격리합니다(fence).", broker(b))
        }
        EventKind::MinIsrAltered { partition, min_isr } => {
            format!("{}의 min.insync.replicas가 이제부터 {min_isr}입니다.", n.partition(partition))
        }
        EventKind::PartitionCreated { partition, leader, isr } => {
            format!("{} 파티션이 생깁니다. 리더는 {}, ISR은 {isr}입니다.", n.partition(partition), broker(leader))
        }
        EventKind::PartitionLearned { client, partition } => {
            format!("{} 새 메타데이터에서 {} 파티션이 있음을 알게 됩니다.", subject(n.actor(client)), n.partition(partition))
        }
        EventKind::ElectionRefused { partition, error: ErrorCode::ElectionNotNeeded } => {
            format!("{}의 우선 레플리카가 이미 리더입니다(ELECTION_NOT_NEEDED).", n.partition(partition))
        }
        EventKind::ElectionRefused { partition, error } => {
            format!("{}의 우선 레플리카가 ISR에 없어 리더가 될 수 없습니다({}).", n.partition(partition), error.name())
        }
        EventKind::Unfenced { broker: b } => {
            format!("컨트롤러가 {}의 격리를 풉니다(unfence).", broker(b))
        }
        EventKind::Registered { broker: b, epoch, clean: true } => {
            format!("정상 종료했던 {} 다시 등록합니다. 브로커 에포크는 {epoch}입니다.", subject(broker(b)))
        }
        EventKind::Registered { broker: b, epoch, clean: false } => {
            format!("정상 종료하지 못했던 {} 다시 등록합니다. 브로커 에포크는 {epoch}입니다.", subject(broker(b)))
        }
        _ => String::new(),
    }
}

fn fault(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::Crashed { broker: b } => {
            format!("{} 강제 종료됩니다. 페이지 캐시는 남습니다.", subject(broker(b)))
        }
        EventKind::PowerCut { broker: b } => {
            format!("{}의 전원이 끊깁니다. 디스크에 쓰지 못한 것은 사라지고, 아무도 통보받지 못합니다.", broker(b))
        }
        EventKind::Stopping { broker: b } => {
            format!("{} 종료 요청을 받습니다. 먼저 컨트롤러가 리더 자리를 다른 브로커로 옮깁니다.", subject(broker(b)))
        }
        EventKind::Stopped { broker: b } => format!("{} 정상 종료했습니다.", subject(broker(b))),
        EventKind::Started { broker: b } => {
            format!("{} 남아 있는 로그로 시작합니다.", subject(broker(b)))
        }
        EventKind::LinkCut { from, to } => format!("이제 {}에서 {}까지 아무것도 전달되지 않습니다.", n.actor(from), n.actor(to)),
        EventKind::LinkHealed { from, to } => {
            format!("{}에서 {}까지 다시 전달됩니다.", n.actor(from), n.actor(to))
        }
        EventKind::DropArmed { from, to } => {
            format!("{}에서 {}에 보낼 다음 응답은 사라집니다.", n.actor(from), n.actor(to))
        }
        EventKind::LinkSlowed { from, to, extra_us: 0 } => {
            format!("{}에서 {}까지 다시 전과 같은 시간이 걸립니다.", n.actor(from), n.actor(to))
        }
        EventKind::LinkSlowed { from, to, extra_us } => {
            format!("이제 {}에서 {}까지 {}ms 더 걸립니다.", n.actor(from), n.actor(to), extra_us / 1000)
        }
        EventKind::Paused { actor, for_us } => {
            format!("{} 프로세스가 {}ms 동안 멈춥니다. 그동안 아무것도 듣지도 말하지도 않습니다.", n.actor(actor), for_us / 1000)
        }
        EventKind::HandlerSlowed { consumer, handling_us } => {
            format!("이제 {}의 애플리케이션이 레코드 하나를 처리하는 데 {}ms 걸립니다.", n.consumer(consumer), handling_us / 1000)
        }
        EventKind::Poisoned { consumer, partition, offset, record } => format!(
            "{}의 애플리케이션이 {} 처리하다 실패합니다({} 오프셋 {offset}). 독이 든 레코드입니다.",
            n.consumer(consumer),
            object(n.record(record)),
            n.partition(partition)
        ),
        EventKind::ConsumerCrashed { consumer } => {
            format!("{} 죽어서 커밋하지 않은 것을 잊습니다.", subject(n.consumer(consumer)))
        }
        EventKind::ConsumerStarted { consumer } => {
            format!("{} 시작합니다.", subject(n.consumer(consumer)))
        }
        _ => String::new(),
    }
}

fn consumer(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::Polled { consumer, partition, from, to, .. } => format!(
            "poll() 호출이 {}에 {}의 {} 돌려줍니다. 이제 위치는 {to}입니다.",
            n.consumer(consumer),
            n.partition(partition),
            object(offsets(from, to))
        ),
        EventKind::Handled { consumer, partition, offset, batch, index } => format!(
            "{} {} 처리했습니다({} 오프셋 {offset}).",
            subject(n.consumer(consumer)),
            object(n.record_in(batch, index)),
            n.partition(partition)
        ),
        EventKind::Committed { group, partition, offset } => format!(
            "{} 그룹이 {}의 {} 커밋했습니다. 다음에 읽을 오프셋입니다.",
            n.group(group),
            n.partition(partition),
            object(format!("오프셋 {offset}"))
        ),
        EventKind::PositionReset { consumer, partition, to, committed: true } => {
            format!("{} 그룹이 커밋해 둔 {}의 오프셋 {to}부터 이어서 읽습니다.", subject(n.consumer(consumer)), n.partition(partition))
        }
        EventKind::PositionReset { consumer, partition, to, committed: false } => format!(
            "{} {}에 쓸 위치가 없어 auto.offset.reset에 따라 오프셋 {to}부터 읽습니다.",
            topic(n.consumer(consumer)),
            n.partition(partition)
        ),
        EventKind::LogTruncation { consumer, partition, position, end, thrown } => {
            let (who, log) = (n.consumer(consumer), n.partition(partition));
            let parted = format!("{log}의 새 리더 로그가 {who}의 위치 {position}보다 앞인 오프셋 {end}에서 갈라졌고");
            if thrown {
                format!("{parted} auto.offset.reset이 none이어서 {} LogTruncationException으로 끝납니다.", topic(who))
            } else {
                format!("{parted}, {} 오프셋 {end}부터 다시 읽습니다.", topic(who))
            }
        }
        EventKind::PreferredReadReplica { consumer, partition, replica: Some(b) } => format!(
            "{}의 리더가 {}에 같은 랙의 팔로워인 {}에서 읽으라고 알려 줍니다(preferredReadReplica).",
            n.partition(partition),
            n.consumer(consumer),
            broker(b)
        ),
        EventKind::PreferredReadReplica { consumer, partition, replica: None } => {
            format!("{} {} 다시 리더에서 읽습니다.", topic(n.consumer(consumer)), object(n.partition(partition)))
        }
        _ => String::new(),
    }
}

fn judgement(e: &Event, n: &Names) -> String {
    match e.kind {
        EventKind::Lost { batch, partition, .. } => format!(
            "{} 유실되었습니다. 저장되었다고 응답했지만 {}의 {} 로그에 없습니다.",
            subject(n.batch(batch)),
            broker(n.judged_by(e, partition)),
            n.partition(partition)
        ),
        EventKind::Found { batch, partition, .. } => format!(
            "{} 유실되지 않았습니다. {}의 {} 로그에 있습니다.",
            topic(n.batch(batch)),
            broker(n.judged_by(e, partition)),
            n.partition(partition)
        ),
        _ => String::new(),
    }
}

/// Why an acknowledged batch is gone, in one line.
pub(super) fn loss(l: &super::why::Loss, n: &Names) -> String {
    let promised = match (l.acks, l.by) {
        (Acks::All, _) => format!("ISR이 {}일 때 저장되었다고 응답했고", l.isr),
        (_, Some(b)) => format!("{} 혼자 저장하고 응답했고(acks={})", subject(broker(b)), l.acks.name()),
        (_, None) => format!("acks={} 응답이었고", l.acks.name()),
    };
    let office = match l.office {
        Some((b, epoch, end, hw)) => format!(
            "{} 로그 끝 {end}, 하이 워터마크 {hw}인 채로 에포크 {epoch}의 리더가 되었기 때문입니다{}",
            subject(broker(b)),
            if l.unclean { "(언클린 선출)" } else { "" }
        ),
        None => "그 전에 다른 리더가 자리를 맡았기 때문입니다".to_string(),
    };
    format!("{} 유실된 것은 {promised}, {office}.", subject(n.batch(l.batch)))
}

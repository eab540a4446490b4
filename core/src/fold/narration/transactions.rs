//! Transactions, in English and Korean.

use super::Lang;
use super::josa::{Josa, josa};
use super::names::Names;
use crate::event::{ErrorCode, TxnEvent};
use crate::ids::*;
use crate::kafka::transaction::TxnState;

/// The sentence of an event of a transaction.
pub(super) fn sentence(e: &TxnEvent, n: &Names) -> String {
    match n.lang {
        Lang::En => english(e, n),
        Lang::Ko => korean(e, n),
    }
}

fn english(e: &TxnEvent, n: &Names) -> String {
    match *e {
        TxnEvent::Initialised { producer, id } => {
            format!("{} is {} with epoch {} now; whoever was so before is fenced.", n.producer(producer), n.transaction(id.txn), id.epoch)
        }
        TxnEvent::Began { producer } => format!("{} begins a transaction; no broker is told.", n.producer(producer)),
        TxnEvent::OffsetsSent { producer, group } => {
            format!("{} has put the offsets of {} into its transaction.", n.producer(producer), n.group(group))
        }
        TxnEvent::Ending { producer, commit: true } => format!("{} wants to commit its transaction.", n.producer(producer)),
        TxnEvent::Ending { producer, commit: false } => format!("{} wants to abort its transaction.", n.producer(producer)),
        TxnEvent::Ended { producer, commit: true } => {
            format!("{} is told that its transaction is committed; the markers follow.", n.producer(producer))
        }
        TxnEvent::Ended { producer, commit: false } => format!("{} is told that its transaction is aborted.", n.producer(producer)),
        TxnEvent::Failed { producer, error, fatal: false } => {
            format!("{}: {}. The transaction can only be aborted.", n.producer(producer), error.name())
        }
        TxnEvent::Failed { producer, error, fatal: true } => {
            format!("{}: {}{}. The producer can only be closed.", n.producer(producer), error.name(), fenced(error, n.lang))
        }
        TxnEvent::Discarded { batch, .. } => {
            format!("{} drops {}, which was never sent: its transaction is aborted.", n.producer(batch.producer), n.batch(batch))
        }
        TxnEvent::SendRefused { record } => {
            format!("{} does not take {}: its transaction has failed.", n.producer(record.producer), n.record(record))
        }
        TxnEvent::Derived { record, batch, index, .. } => {
            format!("The application of {} makes a record out of {}.", n.producer(record.producer), n.record_in(batch, index))
        }
        TxnEvent::StateAppended { broker, partition, offset } => {
            format!(
                "Coordinator {broker} writes to {} at offset {offset}; it counts when every in-sync replica has it.",
                n.partition(partition)
            )
        }
        TxnEvent::State { broker, id, state } => {
            let (txn, epoch) = (n.transaction(id.txn), id.epoch);
            match state {
                TxnState::Empty => format!("Coordinator {broker} gives {txn} epoch {epoch}."),
                TxnState::Ongoing => format!("Coordinator {broker}: the transaction of {txn} is under way."),
                TxnState::PrepareCommit => {
                    format!("Coordinator {broker}: the transaction of {txn} will be committed, whatever happens now. Markers go out.")
                }
                TxnState::PrepareAbort => {
                    format!("Coordinator {broker}: the transaction of {txn} will be aborted (epoch {epoch}). Markers go out.")
                }
                TxnState::CompleteCommit => format!("Coordinator {broker}: every partition has the commit marker of {txn}."),
                TxnState::CompleteAbort => format!("Coordinator {broker}: every partition has the abort marker of {txn}."),
                TxnState::Dead => {
                    format!("Coordinator {broker} forgets {txn}: nobody used it for transactional.id.expiration.ms.")
                }
            }
        }
        TxnEvent::PartitionAdded { broker, id, partition } => {
            format!("Coordinator {broker}: {} is part of the transaction of {}.", n.partition(partition), n.transaction(id.txn))
        }
        TxnEvent::Refused { broker, txn, error } => {
            format!("Coordinator {broker} refuses a request for {}: {}.", n.transaction(txn), error.name())
        }
        TxnEvent::TimedOut { broker, txn } => {
            format!("Coordinator {broker}: the transaction of {} has been open for transaction.timeout.ms.", n.transaction(txn))
        }
        TxnEvent::MarkerAppended { broker, partition, id, commit, offset } => format!(
            "Broker {broker} appends the {} marker of {} to {} at offset {offset}.",
            if commit { "COMMIT" } else { "ABORT" },
            n.transaction(id.txn),
            n.partition(partition)
        ),
        TxnEvent::MarkerRefused { broker, partition, id, error } => {
            format!("Broker {broker} refuses a marker of {} for {}: {}.", n.transaction(id.txn), n.partition(partition), error.name())
        }
        TxnEvent::CommitPending { group, partition, offset, .. } => {
            format!("{} will read {} from offset {offset}, once the transaction is committed.", n.group(group), n.partition(partition))
        }
        TxnEvent::LastStableOffset { partition, from, to, .. } if to < from => {
            format!("The last stable offset of {} is back at {to}, from {from}.", n.partition(partition))
        }
        TxnEvent::LastStableOffset { partition, to, .. } => {
            format!("The last stable offset of {} is {to}: read_committed readers may read below it.", n.partition(partition))
        }
    }
}

fn fenced(error: ErrorCode, lang: Lang) -> &'static str {
    match (error, lang) {
        (ErrorCode::ProducerFenced, Lang::En) => ", another one has its transactional.id now",
        (ErrorCode::ProducerFenced, Lang::Ko) => ", 같은 transactional.id를 다른 프로듀서가 넘겨받았습니다",
        _ => "",
    }
}

fn korean(e: &TxnEvent, n: &Names) -> String {
    let topic = |w: String| josa(&w, Josa::Topic);
    let subject = |w: String| josa(&w, Josa::Subject);
    let object = |w: String| josa(&w, Josa::Object);
    let coordinator = |b: BrokerId| format!("코디네이터 {b}");
    match *e {
        TxnEvent::Initialised { producer, id } => format!(
            "{} 이제 에포크 {}의 {}입니다. 그전의 프로듀서는 펜싱됩니다.",
            topic(n.producer(producer)),
            id.epoch,
            n.transaction(id.txn)
        ),
        TxnEvent::Began { producer } => {
            format!("{} 트랜잭션을 시작합니다. 브로커에는 아직 알리지 않습니다.", subject(n.producer(producer)))
        }
        TxnEvent::OffsetsSent { producer, group } => {
            format!("{} {}의 오프셋을 트랜잭션에 넣었습니다.", subject(n.producer(producer)), n.group(group))
        }
        TxnEvent::Ending { producer, commit: true } => format!("{} 트랜잭션을 커밋하려 합니다.", subject(n.producer(producer))),
        TxnEvent::Ending { producer, commit: false } => format!("{} 트랜잭션을 중단하려 합니다.", subject(n.producer(producer))),
        TxnEvent::Ended { producer, commit: true } => {
            format!("{} 트랜잭션이 커밋되었다는 응답을 받습니다. 마커는 그 뒤에 기록됩니다.", subject(n.producer(producer)))
        }
        TxnEvent::Ended { producer, commit: false } => {
            format!("{} 트랜잭션이 중단되었다는 응답을 받습니다.", subject(n.producer(producer)))
        }
        TxnEvent::Failed { producer, error, fatal: false } => {
            format!("{}: {}. 이 트랜잭션은 중단할 수밖에 없습니다.", n.producer(producer), error.name())
        }
        TxnEvent::Failed { producer, error, fatal: true } => {
            format!("{}: {}{}. 이 프로듀서는 닫을 수밖에 없습니다.", n.producer(producer), error.name(), fenced(error, n.lang))
        }
        TxnEvent::Discarded { batch, .. } => format!(
            "{} 보내지 않은 {} 버립니다. 트랜잭션이 중단되기 때문입니다.",
            subject(n.producer(batch.producer)),
            object(n.batch(batch))
        ),
        TxnEvent::SendRefused { record } => {
            format!("{} {} 받지 않습니다. 트랜잭션이 실패했기 때문입니다.", subject(n.producer(record.producer)), object(n.record(record)))
        }
        TxnEvent::Derived { record, batch, index, .. } => {
            format!("{}의 애플리케이션이 {}에서 새 레코드를 만듭니다.", n.producer(record.producer), n.record_in(batch, index))
        }
        TxnEvent::StateAppended { broker, partition, offset } => format!(
            "{} {}의 오프셋 {offset}에 기록합니다. ISR의 모든 복제본에 있어야 효력이 생깁니다.",
            subject(coordinator(broker)),
            n.partition(partition)
        ),
        TxnEvent::State { broker, id, state } => {
            let (txn, epoch, who) = (n.transaction(id.txn), id.epoch, coordinator(broker));
            match state {
                TxnState::Empty => format!("{} {txn}에 에포크 {epoch}를 줍니다.", subject(who)),
                TxnState::Ongoing => format!("{who}: {txn}의 트랜잭션이 진행 중입니다."),
                TxnState::PrepareCommit => format!("{who}: {txn}의 트랜잭션은 이제 무슨 일이 있어도 커밋됩니다. 마커를 보냅니다."),
                TxnState::PrepareAbort => format!("{who}: {txn}의 트랜잭션은 중단됩니다(에포크 {epoch}). 마커를 보냅니다."),
                TxnState::CompleteCommit => format!("{who}: 모든 파티션에 {txn}의 커밋 마커가 있습니다."),
                TxnState::CompleteAbort => format!("{who}: 모든 파티션에 {txn}의 중단 마커가 있습니다."),
                TxnState::Dead => {
                    format!("{who}: transactional.id.expiration.ms 동안 아무도 {txn} 아이디를 쓰지 않아 잊습니다.")
                }
            }
        }
        TxnEvent::PartitionAdded { broker, id, partition } => {
            format!("{}: {} {}의 트랜잭션에 들어갑니다.", coordinator(broker), subject(n.partition(partition)), n.transaction(id.txn))
        }
        TxnEvent::Refused { broker, txn, error } => {
            format!("{} {}의 요청을 거절합니다({}).", subject(coordinator(broker)), n.transaction(txn), error.name())
        }
        TxnEvent::TimedOut { broker, txn } => {
            format!("{}: {}의 트랜잭션이 transaction.timeout.ms 동안 열려 있었습니다.", coordinator(broker), n.transaction(txn))
        }
        TxnEvent::MarkerAppended { broker, partition, id, commit, offset } => format!(
            "{} {}의 {} 마커를 {}의 오프셋 {offset}에 기록합니다.",
            subject(format!("브로커 {broker}")),
            n.transaction(id.txn),
            if commit { "COMMIT" } else { "ABORT" },
            n.partition(partition)
        ),
        TxnEvent::MarkerRefused { broker, partition, id, error } => format!(
            "{} {}에 쓸 {}의 마커를 거절합니다({}).",
            subject(format!("브로커 {broker}")),
            n.partition(partition),
            n.transaction(id.txn),
            error.name()
        ),
        TxnEvent::CommitPending { group, partition, offset, .. } => {
            format!("트랜잭션이 커밋되면 {} {} 오프셋 {offset}부터 읽습니다.", subject(n.group(group)), object(n.partition(partition)))
        }
        TxnEvent::LastStableOffset { partition, from, to, .. } if to < from => {
            format!("{}의 마지막 안정 오프셋이 {from}에서 {to}로 돌아갑니다.", n.partition(partition))
        }
        TxnEvent::LastStableOffset { partition, to, .. } => {
            format!("{}의 마지막 안정 오프셋은 {to}입니다. read_committed 컨슈머는 그 앞까지 읽습니다.", n.partition(partition))
        }
    }
}

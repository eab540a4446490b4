//! Share groups, in English and Korean.

use super::Lang;
use super::josa::{Josa, josa};
use super::names::Names;
use crate::event::ShareEvent;
use crate::ids::*;
use crate::kafka::share::AcknowledgeType;

/// The sentence of an event of a share group.
pub(super) fn sentence(g: GroupIx, e: &ShareEvent, n: &Names) -> String {
    match n.lang {
        Lang::En => english(g, e, n),
        Lang::Ko => korean(g, e, n),
    }
}

fn english(g: GroupIx, e: &ShareEvent, n: &Names) -> String {
    let span = |from: Offset, to: Offset| if from == to { format!("offset {from}") } else { format!("offsets {from} to {to}") };
    match *e {
        ShareEvent::Loaded { broker, partition, start, saved } => {
            let why = if saved { "as it was saved" } else { "by share.auto.offset.reset" };
            format!("Broker {broker} keeps {} for {}: it begins at {start}, {why}.", n.partition(partition), n.group(g))
        }
        ShareEvent::Acquired { member, partition, from, to, delivery: 1 } => {
            format!("{} gets {} of {}; nobody else does while its lock runs.", n.consumer(member), span(from, to), n.partition(partition))
        }
        ShareEvent::Acquired { member, partition, from, to, delivery } => {
            format!("{} gets {} of {}: delivery {delivery}.", n.consumer(member), span(from, to), n.partition(partition))
        }
        ShareEvent::Acknowledged { member, partition, from, to, how } => {
            let how = match how {
                AcknowledgeType::Accept => "accepts",
                AcknowledgeType::Release => "releases",
                AcknowledgeType::Reject => "rejects",
            };
            format!("{} {how} {} of {}; that is saved.", n.consumer(member), span(from, to), n.partition(partition))
        }
        ShareEvent::Refused { member, partition, error } => {
            format!("The leader of {} refuses what {} says of its records: {}.", n.partition(partition), n.consumer(member), error.name())
        }
        ShareEvent::CommitFailed { member, partition, error } => {
            format!(
                "{} learns that its acknowledgement for {} does not count: {}.",
                n.consumer(member),
                n.partition(partition),
                error.name()
            )
        }
        ShareEvent::LockExpired { member, partition, offset } => {
            format!("{} has had offset {offset} of {} for too long: others can have it.", n.consumer(member), n.partition(partition))
        }
        ShareEvent::SessionClosed { member, partition, offset } => {
            format!("{} is gone: offset {offset} of {} can go to others.", n.consumer(member), n.partition(partition))
        }
        ShareEvent::GivenUp { partition, offset, deliveries } => {
            let times = if deliveries == 1 { "once".to_string() } else { format!("{deliveries} times") };
            format!(
                "Offset {offset} of {} was delivered {times}: it is archived, and nobody in {} gets it again.",
                n.partition(partition),
                n.group(g)
            )
        }
        ShareEvent::StartMoved { partition, to, .. } => {
            format!("{} is done with everything in {} below offset {to}.", n.group(g), n.partition(partition))
        }
        ShareEvent::StateAppended { broker } => {
            format!("Broker {broker} writes where {} stands into __share_group_state.", n.group(g))
        }
    }
}

fn korean(g: GroupIx, e: &ShareEvent, n: &Names) -> String {
    let span = |from: Offset, to: Offset| if from == to { format!("오프셋 {from}") } else { format!("오프셋 {from}~{to}") };
    let who = |c: ConsumerIx| josa(&n.consumer(c), Josa::Topic);
    match *e {
        ShareEvent::Loaded { broker, partition, start, saved } => {
            let why = if saved { "저장된 상태대로" } else { "share.auto.offset.reset에 따라" };
            format!(
                "브로커 {broker}: {} 그룹의 {} 상태를 관리합니다. {why} 오프셋 {start}부터 시작합니다.",
                n.group(g),
                n.partition(partition)
            )
        }
        ShareEvent::Acquired { member, partition, from, to, delivery: 1 } => {
            format!(
                "{} {}의 {} 레코드를 받습니다. 잠금이 유지되는 동안 다른 멤버는 받지 못합니다.",
                who(member),
                n.partition(partition),
                span(from, to)
            )
        }
        ShareEvent::Acquired { member, partition, from, to, delivery } => {
            format!("{} {}의 {} 레코드를 {delivery}번째로 전달받습니다.", who(member), n.partition(partition), span(from, to))
        }
        ShareEvent::Acknowledged { member, partition, from, to, how } => {
            let how = match how {
                AcknowledgeType::Accept => "처리 완료(accept)로 확인합니다",
                AcknowledgeType::Release => "반납(release)합니다",
                AcknowledgeType::Reject => "거부(reject)합니다",
            };
            format!("{} {}의 {} 레코드를 {how}. 이 결과가 저장되었습니다.", who(member), n.partition(partition), span(from, to))
        }
        ShareEvent::Refused { member, partition, error } => {
            format!("{}의 리더가 {}의 확인을 거절합니다: {}.", n.partition(partition), n.consumer(member), error.name())
        }
        ShareEvent::CommitFailed { member, partition, error } => {
            format!("{} {}에 대한 확인이 인정되지 않았음을 알게 됩니다: {}.", who(member), n.partition(partition), error.name())
        }
        ShareEvent::LockExpired { member, partition, offset } => {
            format!(
                "{}의 {}에 대한 오프셋 {offset} 잠금이 만료되었습니다. 다른 멤버가 받을 수 있습니다.",
                n.consumer(member),
                n.partition(partition)
            )
        }
        ShareEvent::SessionClosed { member, partition, offset } => {
            format!(
                "{}의 세션이 끝났습니다. {}의 오프셋 {offset} 레코드를 다른 멤버가 받을 수 있습니다.",
                n.consumer(member),
                n.partition(partition)
            )
        }
        ShareEvent::GivenUp { partition, offset, deliveries } => {
            format!(
                "{}의 오프셋 {offset} 레코드가 {deliveries}번 전달되어 보관 처리(archived)됩니다. {} 그룹의 누구도 다시 받지 않습니다.",
                n.partition(partition),
                n.group(g)
            )
        }
        ShareEvent::StartMoved { partition, to, .. } => {
            format!("{} 그룹은 {}에서 오프셋 {to} 앞의 레코드를 모두 끝냈습니다.", n.group(g), n.partition(partition))
        }
        ShareEvent::StateAppended { broker } => {
            format!("브로커 {broker}: {} 그룹의 상태를 __share_group_state에 씁니다.", n.group(g))
        }
    }
}

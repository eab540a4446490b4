//! What happens in consumer groups, in English and Korean.

use super::josa::{Josa, josa};
use super::names::Names;
use crate::event::{ErrorCode, GroupEvent, RebalanceCause, RemovalCause};
use crate::ids::*;
use crate::kafka::group::consumer::MemberState;

/// The English sentence.
pub(super) fn en(g: GroupIx, what: GroupEvent, n: &Names) -> String {
    let (group, who) = (n.group(g), |c: ConsumerIx| n.consumer(c));
    match what {
        GroupEvent::Rebalancing { why, member, .. } => {
            let why = match why {
                RebalanceCause::MemberJoined => format!("{} has joined", who(member)),
                RebalanceCause::MemberGone => format!("{} is gone", who(member)),
                RebalanceCause::MemberRejoined => format!("{} has joined again", who(member)),
                RebalanceCause::PartitionsAdded => "there are more partitions".to_string(),
            };
            format!("Group {group} rebalances: {why}, so all members are asked to join again.")
        }
        GroupEvent::Formed { generation, members, leader, assignor: a } => {
            let members = if members == 1 { "one member".to_string() } else { format!("{members} members") };
            format!("Generation {generation} of {group} has {members}; {} works out who reads what ({}).", who(leader), a.name())
        }
        GroupEvent::RecordAppended { coordinator } => {
            format!("Broker {coordinator} writes where {group} stands into __consumer_offsets.")
        }
        GroupEvent::Stable { generation } => format!("Generation {generation} of {group} is stable: every member gets its partitions."),
        GroupEvent::Emptied { generation } => format!("Group {group} has no members any more (generation {generation})."),
        GroupEvent::OffsetsExpired { coordinator } => {
            format!("Broker {coordinator} forgets the commits of {group}, which had no members for offsets.retention.minutes.")
        }
        GroupEvent::MemberRemoved { member, why } => {
            let why = match why {
                RemovalCause::Left => "it leaves",
                RemovalCause::SessionExpired => "no heartbeat for session.timeout.ms",
                RemovalCause::NotRejoined => "it did not join again within the rebalance timeout",
                RemovalCause::NotSynced => "it did not ask for its partitions within the rebalance timeout",
                RemovalCause::NotRevoked => "it did not give up within max.poll.interval.ms what it was asked to",
            };
            format!("{} is no longer a member of {group}: {why}.", who(member))
        }
        GroupEvent::Loaded { coordinator, generation } => {
            format!("Broker {coordinator} coordinates {group} now, in generation {generation} as its log has it.")
        }
        GroupEvent::EpochBumped { epoch, why, member } => {
            let why = match why {
                RebalanceCause::MemberGone => "is gone",
                RebalanceCause::MemberJoined | RebalanceCause::MemberRejoined => "has joined",
                RebalanceCause::PartitionsAdded => {
                    return format!("{group} has more partitions to read: its group epoch is {epoch} now.");
                }
            };
            format!("{} {why}: the group epoch of {group} is {epoch} now.", who(member))
        }
        GroupEvent::TargetAssigned { epoch, assignor: a } => {
            format!("The coordinator of {group} works out who should read what in epoch {epoch} ({}). Nobody stops for it.", a.name())
        }
        GroupEvent::MemberAt { member, epoch, state } => match state {
            MemberState::Stable => format!("{} is in epoch {epoch} of {group} and has all that it should.", who(member)),
            MemberState::UnrevokedPartitions => {
                format!("{} shall give up partitions, and stays in epoch {epoch} of {group} until it has.", who(member))
            }
            MemberState::UnreleasedPartitions => {
                format!("{} is in epoch {epoch} of {group} and waits for partitions that others still have.", who(member))
            }
        },
        GroupEvent::LeftForAWhile { member } => {
            format!("{} leaves {group} for a while: as a static member it keeps its partitions until its session ends.", who(member))
        }
        GroupEvent::EpochLoaded { coordinator, epoch } => {
            format!("Broker {coordinator} coordinates {group} now, in epoch {epoch} as its log has it.")
        }
        GroupEvent::Assigned { member, partition } => format!("{} may read {} from now on.", who(member), n.partition(partition)),
        GroupEvent::Revoked { member, partition } => format!("{} gives {} up.", who(member), n.partition(partition)),
        GroupEvent::PartitionLost { member, partition } => {
            format!("{} has lost {}: by now it may belong to another member.", who(member), n.partition(partition))
        }
        GroupEvent::Fenced { member, error } => {
            format!("{} is told {}: {}.", who(member), error.name(), fenced_en(error))
        }
        GroupEvent::CommitRefused { member, error } => {
            format!(
                "The commit of {} is refused: {}. What it has handled may be handled again by another member.",
                who(member),
                error.name()
            )
        }
        GroupEvent::PollIntervalExceeded { member } => {
            format!("{} has not called poll() for max.poll.interval.ms: it counts as stuck.", who(member))
        }
        GroupEvent::NoOffset { member, partition } => {
            format!(
                "{} has no offset to start {} from, and auto.offset.reset=none: an exception ends it.",
                who(member),
                n.partition(partition)
            )
        }
        GroupEvent::Stopping { member } => format!("{} is asked to stop; it closes its consumer at the next poll().", who(member)),
        GroupEvent::Stopped { member } => format!("{} has closed its consumer and stopped.", who(member)),
        GroupEvent::HandlerThrew { member } => {
            format!("The handler of {} throws an exception; on the way out the consumer is closed.", who(member))
        }
    }
}

fn fenced_en(e: ErrorCode) -> &'static str {
    match e {
        ErrorCode::IllegalGeneration => "the group has moved on to another generation",
        ErrorCode::FencedInstanceId => "another process has taken its place",
        ErrorCode::UnreleasedInstanceId => "the process before it has not left its place",
        ErrorCode::FencedMemberEpoch => "its epoch is not the one that the coordinator knows",
        _ => "the group does not know it any more",
    }
}

/// 한국어 문장.
pub(super) fn ko(g: GroupIx, what: GroupEvent, n: &Names) -> String {
    let group = n.group(g);
    let who = |c: ConsumerIx| n.consumer(c);
    let subject = |c: ConsumerIx| josa(&n.consumer(c), Josa::Subject);
    match what {
        GroupEvent::Rebalancing { why, member, .. } => {
            let why = match why {
                RebalanceCause::MemberJoined => "들어와",
                RebalanceCause::MemberGone => "없어져",
                RebalanceCause::MemberRejoined => "다시 들어와",
                RebalanceCause::PartitionsAdded => return format!("파티션이 늘어 {group} 그룹이 리밸런스를 시작합니다."),
            };
            format!("{} {why} {group} 그룹이 리밸런스를 시작합니다. 모든 멤버가 다시 들어와야 합니다.", subject(member))
        }
        GroupEvent::Formed { generation, members, leader, assignor: a } => format!(
            "{group} 그룹의 {generation}세대는 멤버가 {members}개입니다. {} 누가 무엇을 읽을지 정합니다({}).",
            subject(leader),
            a.name()
        ),
        GroupEvent::RecordAppended { coordinator } => {
            format!("브로커 {coordinator}에서 {group} 그룹의 상태를 __consumer_offsets에 기록합니다.")
        }
        GroupEvent::Stable { generation } => format!("{group} 그룹의 {generation}세대가 안정되어 멤버마다 파티션을 받습니다."),
        GroupEvent::Emptied { generation } => format!("{group} 그룹에 멤버가 없습니다({generation}세대)."),
        GroupEvent::OffsetsExpired { coordinator } => {
            format!("offsets.retention.minutes 동안 멤버가 없던 {group} 그룹의 커밋을 브로커 {coordinator}에서 지웁니다.")
        }
        GroupEvent::MemberRemoved { member, why } => {
            let why = match why {
                RemovalCause::Left => "스스로 나갔습니다",
                RemovalCause::SessionExpired => "session.timeout.ms 동안 하트비트가 없었습니다",
                RemovalCause::NotRejoined => "리밸런스 제한 시간 안에 다시 들어오지 않았습니다",
                RemovalCause::NotSynced => "리밸런스 제한 시간 안에 파티션을 묻지 않았습니다",
                RemovalCause::NotRevoked => "내놓으라는 파티션을 max.poll.interval.ms 안에 내놓지 않았습니다",
            };
            format!("{} 이제 {group} 그룹의 멤버가 아닙니다. {why}.", josa(&who(member), Josa::Topic))
        }
        GroupEvent::Loaded { coordinator, generation } => {
            format!("이제 브로커 {coordinator}에서 {group} 그룹을 맡습니다. 로그에 있는 대로 {generation}세대입니다.")
        }
        GroupEvent::EpochBumped { epoch, why, member } => {
            let why = match why {
                RebalanceCause::MemberGone => "없어져",
                RebalanceCause::MemberJoined | RebalanceCause::MemberRejoined => "들어와",
                RebalanceCause::PartitionsAdded => {
                    return format!("{group} 그룹이 읽을 파티션이 늘어 그룹 에포크가 {epoch} 값이 됩니다.");
                }
            };
            format!("{} {why} {group} 그룹의 그룹 에포크가 {epoch} 값이 됩니다.", subject(member))
        }
        GroupEvent::TargetAssigned { epoch, assignor: a } => format!(
            "{group} 그룹의 코디네이터가 에포크 {epoch}에서 누가 무엇을 읽어야 하는지 정합니다({}). 이 때문에 멈추는 멤버는 없습니다.",
            a.name()
        ),
        GroupEvent::MemberAt { member, epoch, state } => match state {
            MemberState::Stable => {
                format!("{} {group} 그룹의 에포크 {epoch}에 이르러 받을 파티션을 모두 받았습니다.", subject(member))
            }
            MemberState::UnrevokedPartitions => {
                format!("{} 파티션을 내놓아야 합니다. 내놓을 때까지 {group} 그룹의 에포크 {epoch}에 남습니다.", subject(member))
            }
            MemberState::UnreleasedPartitions => {
                format!("{} {group} 그룹의 에포크 {epoch}에 이르렀지만 다른 멤버가 아직 가지고 있는 파티션을 기다립니다.", subject(member))
            }
        },
        GroupEvent::LeftForAWhile { member } => {
            format!("{} {group} 그룹에서 일시적으로 나갑니다. 정적 멤버라서 세션이 끝날 때까지 파티션을 그대로 가집니다.", subject(member))
        }
        GroupEvent::EpochLoaded { coordinator, epoch } => {
            format!("이제 브로커 {coordinator}에서 {group} 그룹을 맡습니다. 로그에 있는 대로 에포크 {epoch}입니다.")
        }
        GroupEvent::Assigned { member, partition } => {
            format!("이제 {} {} 읽습니다.", subject(member), josa(&n.partition(partition), Josa::Object))
        }
        GroupEvent::Revoked { member, partition } => {
            format!("{} {} 내놓습니다.", subject(member), josa(&n.partition(partition), Josa::Object))
        }
        GroupEvent::PartitionLost { member, partition } => {
            format!("{} {} 잃었습니다. 이미 다른 멤버의 것일 수 있습니다.", subject(member), josa(&n.partition(partition), Josa::Object))
        }
        GroupEvent::Fenced { member, error } => {
            let why = match error {
                ErrorCode::IllegalGeneration => "그룹이 다음 세대로 넘어갔습니다",
                ErrorCode::FencedInstanceId => "다른 프로세스가 그 자리를 차지했습니다",
                ErrorCode::UnreleasedInstanceId => "앞선 프로세스가 자리를 비우지 않았습니다",
                ErrorCode::FencedMemberEpoch => "코디네이터가 아는 에포크와 다릅니다",
                _ => "그룹이 더는 알지 못하는 멤버입니다",
            };
            format!("{} {} 응답을 받습니다. {why}.", subject(member), error.name())
        }
        GroupEvent::CommitRefused { member, error } => {
            format!("{}의 커밋이 거절됩니다: {}. 처리한 것을 다른 멤버가 다시 처리할 수 있습니다.", who(member), error.name())
        }
        GroupEvent::PollIntervalExceeded { member } => {
            format!("{} max.poll.interval.ms 동안 poll()을 부르지 않아 멈춘 것으로 봅니다.", subject(member))
        }
        GroupEvent::NoOffset { member, partition } => format!(
            "{} {}에서 시작할 오프셋이 없고 auto.offset.reset=none이라 예외로 끝납니다.",
            josa(&who(member), Josa::Topic),
            n.partition(partition)
        ),
        GroupEvent::Stopping { member } => {
            format!("{} 종료 요청을 받습니다. 다음 poll()에서 컨슈머를 닫습니다.", subject(member))
        }
        GroupEvent::Stopped { member } => format!("{} 컨슈머를 닫고 종료했습니다.", subject(member)),
        GroupEvent::HandlerThrew { member } => format!("{}의 처리 코드가 예외를 던집니다. 나가면서 컨슈머를 닫습니다.", who(member)),
    }
}

//! The quorum of controllers, in English and Korean.

use super::Lang;
use super::josa::{Josa, josa};
use super::names::Names;
use crate::event::QuorumEvent;
use crate::ids::VoterId;

/// The sentence of an event of the quorum.
pub(super) fn sentence(e: &QuorumEvent, n: &Names) -> String {
    match n.lang {
        Lang::En => english(e),
        Lang::Ko => korean(e),
    }
}

fn english(e: &QuorumEvent) -> String {
    match *e {
        QuorumEvent::Prospective { voter, epoch } => {
            format!(
                "Controller {voter} has heard of no leader of the quorum for too long (epoch {epoch}) and asks whether it would be elected."
            )
        }
        QuorumEvent::Candidate { voter, epoch } => format!("Controller {voter} opens epoch {epoch} and asks for votes."),
        QuorumEvent::VoteGranted { voter, to, epoch, pre: true } => {
            format!("Controller {voter} would vote for controller {to} (pre-vote, epoch {epoch}).")
        }
        QuorumEvent::VoteGranted { voter, to, epoch, pre: false } => {
            format!("Controller {voter} gives controller {to} its one vote of epoch {epoch}.")
        }
        QuorumEvent::Elected { voter, epoch } => {
            format!("A majority has elected controller {voter} in epoch {epoch}; it writes LeaderChange to the metadata log.")
        }
        QuorumEvent::Activated { voter, epoch, end } => {
            format!("Controller {voter} is the active controller (epoch {epoch}): it goes on from offset {end} of the metadata log.")
        }
        QuorumEvent::Follows { voter, leader, epoch } => {
            format!("Controller {voter} follows controller {leader} (epoch {epoch}) and fetches the metadata log from it.")
        }
        QuorumEvent::Appended { voter, from, to } => format!(
            "Controller {voter} appends to the metadata log, offsets {from} to {}; it counts when a majority has it.",
            to.saturating_sub(1)
        ),
        QuorumEvent::Replicated { voter, to } => format!("Controller {voter} has the metadata log up to offset {to} on its disk."),
        QuorumEvent::Truncated { voter, from, to } => {
            format!(
                "Controller {voter} throws offsets {to} to {} of its metadata log away: they were never committed.",
                from.saturating_sub(1)
            )
        }
        QuorumEvent::Committed { voter, upto } => {
            format!("A majority has the metadata log below offset {upto}: committed; controller {voter} sends its answers.")
        }
        QuorumEvent::Resigned { voter, epoch } => {
            format!("No majority has fetched from controller {voter} for too long: it resigns (epoch {epoch}).")
        }
        QuorumEvent::Crashed { voter } => format!("Controller {voter} crashes; its metadata log is on its disk."),
        QuorumEvent::Started { voter } => format!("Controller {voter} starts with what is on its disk."),
        QuorumEvent::NotController { voter, broker } => {
            format!("Controller {voter} refuses broker {broker}: NOT_CONTROLLER, it is not the active one.")
        }
        QuorumEvent::Found { broker, voter } => format!("Broker {broker} has found the active controller: controller {voter}."),
        QuorumEvent::NobodyActive => "No controller is active: nobody carries the command out.".into(),
    }
}

fn korean(e: &QuorumEvent) -> String {
    let name = |v: VoterId| format!("컨트롤러 {v}");
    let subject = |v: VoterId| josa(&name(v), Josa::Subject);
    let object = |v: VoterId| josa(&name(v), Josa::Object);
    match *e {
        QuorumEvent::Prospective { voter, epoch } => {
            format!("{} 쿼럼 리더의 소식을 너무 오래 듣지 못해(에포크 {epoch}) 당선될 수 있는지 먼저 묻습니다.", subject(voter))
        }
        QuorumEvent::Candidate { voter, epoch } => format!("{} 에포크 {epoch}의 후보로 나서 투표를 요청합니다.", subject(voter)),
        QuorumEvent::VoteGranted { voter, to, epoch, pre: true } => {
            format!("{} {}에 투표할 뜻이 있다고 답합니다(사전 투표, 에포크 {epoch}).", subject(voter), name(to))
        }
        QuorumEvent::VoteGranted { voter, to, epoch, pre: false } => {
            format!("{} 에포크 {epoch}의 한 표를 {}에 줍니다.", subject(voter), name(to))
        }
        QuorumEvent::Elected { voter, epoch } => {
            format!("{} 과반수의 표로 에포크 {epoch}의 리더가 되어 메타데이터 로그에 LeaderChange를 씁니다.", subject(voter))
        }
        QuorumEvent::Activated { voter, epoch, end } => {
            format!("{} 활성 컨트롤러가 되어(에포크 {epoch}) 메타데이터 로그의 오프셋 {end}부터 이어 갑니다.", subject(voter))
        }
        QuorumEvent::Follows { voter, leader, epoch } => {
            format!("{} {} 따르며(에포크 {epoch}) 메타데이터 로그를 가져옵니다.", subject(voter), object(leader))
        }
        QuorumEvent::Appended { voter, from, to } => format!(
            "{} 메타데이터 로그의 오프셋 {from}~{}에 레코드를 추가합니다. 과반수가 저장해야 효력이 생깁니다.",
            subject(voter),
            to.saturating_sub(1)
        ),
        QuorumEvent::Replicated { voter, to } => format!("{} 메타데이터 로그를 오프셋 {to} 앞까지 디스크에 저장했습니다.", subject(voter)),
        QuorumEvent::Truncated { voter, from, to } => format!(
            "{} 메타데이터 로그의 오프셋 {to}~{}의 레코드를 버립니다. 커밋된 적이 없는 레코드입니다.",
            subject(voter),
            from.saturating_sub(1)
        ),
        QuorumEvent::Committed { voter, upto } => {
            format!("메타데이터 로그가 오프셋 {upto} 앞까지 과반수에 저장되어 커밋되었고, {} 응답을 보냅니다.", subject(voter))
        }
        QuorumEvent::Resigned { voter, epoch } => {
            format!("너무 오래 과반수가 가져가지 않아 {} 리더에서 물러납니다(에포크 {epoch}).", subject(voter))
        }
        QuorumEvent::Crashed { voter } => format!("{} 강제 종료됩니다. 메타데이터 로그는 디스크에 남아 있습니다.", subject(voter)),
        QuorumEvent::Started { voter } => format!("{} 디스크에 남은 내용으로 시작합니다.", subject(voter)),
        QuorumEvent::NotController { voter, broker } => {
            format!("{} 브로커 {broker}의 요청을 거절합니다. 활성 컨트롤러가 아니기 때문입니다(NOT_CONTROLLER).", subject(voter))
        }
        QuorumEvent::Found { broker, voter } => {
            format!("{} 활성 컨트롤러를 찾았습니다. {}입니다.", josa(&format!("브로커 {broker}"), Josa::Subject), name(voter))
        }
        QuorumEvent::NobodyActive => "활성 컨트롤러가 없어 명령을 수행할 곳이 없습니다.".into(),
    }
}

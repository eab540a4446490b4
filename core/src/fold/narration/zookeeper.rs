//! ZooKeeper and a controller that is one of the brokers, in English and Korean.

use super::Lang;
use super::names::Names;
use crate::event::ZkEvent;

/// The sentence of an event around ZooKeeper.
pub(super) fn sentence(e: &ZkEvent, n: &Names) -> String {
    match n.lang {
        Lang::En => english(e, n),
        Lang::Ko => korean(e, n),
    }
}

fn english(e: &ZkEvent, n: &Names) -> String {
    match *e {
        ZkEvent::Crashed => "ZooKeeper crashes. Brokers go on serving; nothing about the cluster can change.".into(),
        ZkEvent::Started => "ZooKeeper starts with what is on its disk; every broker's session gets its whole timeout.".into(),
        ZkEvent::Registered { broker, epoch } => {
            format!("Broker {broker} creates /brokers/ids/{broker} in ZooKeeper: registered, broker epoch {epoch}.")
        }
        ZkEvent::SessionExpired { broker, controller } => {
            let too = if controller { " So is /controller." } else { "" };
            format!(
                "ZooKeeper has not heard from broker {broker} for zookeeper.session.timeout.ms: its session ends, and \
                /brokers/ids/{broker} is gone.{too}"
            )
        }
        ZkEvent::ConnectionTimedOut { broker } => {
            format!("Broker {broker} has not reached ZooKeeper for zookeeper.connection.timeout.ms. It gives up and exits.")
        }
        ZkEvent::NodeExists { broker } => {
            format!(
                "/brokers/ids/{broker} is still there, from the process before whose session has not ended yet: broker {broker} \
                exits (NodeExistsException)."
            )
        }
        ZkEvent::ControllerElected { broker, epoch } => {
            format!("Broker {broker} creates /controller in ZooKeeper first: controller epoch {epoch}. It reads all state.")
        }
        ZkEvent::ControllerActive { broker, epoch } => {
            format!("Broker {broker} has read all state and is the controller (epoch {epoch}); it tells every broker everything.")
        }
        ZkEvent::ControllerResigned { broker, epoch } => {
            format!("Broker {broker} learns that it is the controller no more (epoch {epoch}).")
        }
        ZkEvent::StaleController { broker, from, epoch } => {
            format!(
                "Broker {broker} refuses what broker {from} says as controller of epoch {epoch}: there is a newer one (STALE_CONTROLLER_EPOCH)."
            )
        }
        ZkEvent::IsrWritten { broker, partition } => {
            format!("Broker {broker} writes another ISR of {} to ZooKeeper itself; no controller is asked.", n.partition(partition))
        }
        ZkEvent::BadVersion { broker, partition } => {
            format!(
                "ZooKeeper refuses broker {broker}'s ISR of {}: the node has another version than it knows (BadVersion).",
                n.partition(partition)
            )
        }
        ZkEvent::NobodyActive => "ZooKeeper or the controller is not there: nobody carries the command out.".into(),
    }
}

fn korean(e: &ZkEvent, n: &Names) -> String {
    match *e {
        ZkEvent::Crashed => {
            "ZooKeeper가 강제 종료됩니다. 브로커는 계속 요청을 처리하지만 클러스터의 상태는 아무것도 바뀌지 못합니다.".into()
        }
        ZkEvent::Started => "ZooKeeper가 디스크에 남은 내용으로 시작합니다. 모든 브로커의 세션 시한이 처음부터 다시 계산됩니다.".into(),
        ZkEvent::Registered { broker, epoch } => {
            format!("브로커 {broker}가 ZooKeeper에 /brokers/ids/{broker}를 만들어 등록됩니다. 브로커 에포크는 {epoch}입니다.")
        }
        ZkEvent::SessionExpired { broker, controller } => {
            let too = if controller { " /controller도 함께 사라집니다." } else { "" };
            format!(
                "zookeeper.session.timeout.ms 동안 브로커 {broker}의 소식이 없어 ZooKeeper가 세션을 끝냅니다. \
                /brokers/ids/{broker}가 사라집니다.{too}"
            )
        }
        ZkEvent::ConnectionTimedOut { broker } => {
            format!("브로커 {broker}가 zookeeper.connection.timeout.ms 동안 ZooKeeper에 연결하지 못해 시작을 포기하고 종료합니다.")
        }
        ZkEvent::NodeExists { broker } => {
            format!(
                "이전 프로세스의 세션이 아직 끝나지 않아 /brokers/ids/{broker}가 남아 있습니다. 브로커 {broker}는 \
                NodeExistsException으로 종료합니다."
            )
        }
        ZkEvent::ControllerElected { broker, epoch } => {
            format!(
                "브로커 {broker}가 ZooKeeper에 /controller를 가장 먼저 만듭니다. 컨트롤러 에포크는 {epoch}이고, 이제 모든 상태를 읽습니다."
            )
        }
        ZkEvent::ControllerActive { broker, epoch } => {
            format!("브로커 {broker}가 모든 상태를 읽고 컨트롤러가 됩니다(에포크 {epoch}). 모든 브로커에 전체 상태를 보냅니다.")
        }
        ZkEvent::ControllerResigned { broker, epoch } => {
            format!("브로커 {broker}가 더는 컨트롤러가 아님을 알게 됩니다(에포크 {epoch}).")
        }
        ZkEvent::StaleController { broker, from, epoch } => {
            format!(
                "브로커 {broker}가 에포크 {epoch} 컨트롤러인 브로커 {from}의 요청을 거부합니다. 더 새로운 컨트롤러가 있습니다(STALE_CONTROLLER_EPOCH)."
            )
        }
        ZkEvent::IsrWritten { broker, partition } => {
            format!("브로커 {broker}가 컨트롤러에 묻지 않고 {}의 ISR을 ZooKeeper에 직접 바꿔 씁니다.", n.partition(partition))
        }
        ZkEvent::BadVersion { broker, partition } => {
            format!(
                "브로커 {broker}가 쓰려던 {}의 ISR을 ZooKeeper가 거부합니다. 노드의 버전이 브로커가 알던 것과 다릅니다(BadVersion).",
                n.partition(partition)
            )
        }
        ZkEvent::NobodyActive => "ZooKeeper나 컨트롤러가 없어 명령을 수행할 곳이 없습니다.".into(),
    }
}

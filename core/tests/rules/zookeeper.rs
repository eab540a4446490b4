//! Section 4.1: metadata in ZooKeeper, and a controller that is one of the brokers. The rule book numbers no rules there; the
//! ids `ctrl.Z1` to `ctrl.Z6` are of the doc comments in `kafka/zookeeper`.

use crate::common::*;
use highwater_core::event::{EventKind, MessageKind, ZkEvent};
use highwater_core::fold::invariants::violations;
use highwater_core::ids::*;
use highwater_core::kafka::setup::ProtocolVersion;
use highwater_core::scenario::{Do, End, Metadata, Scenario, TimedCommand, shipped};
use highwater_core::sim::Sim;

/// Three brokers of 3.9; broker 3 is the controller, broker 1 leads.
fn zookeeper(topic: &str) -> Scenario {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, topic);
    (s.kafka, s.topology.metadata) = ("3.9".into(), Metadata::Zookeeper);
    s.until_us = 90 * SECOND;
    s
}

fn zk(sim: &Sim, which: impl Fn(&ZkEvent) -> bool) -> Vec<u64> {
    all(sim, |k| matches!(k, EventKind::Zk(z) if which(z))).iter().map(|e| e.at_us).collect()
}
fn crash_zookeeper(at_us: u64) -> TimedCommand {
    at(at_us, Do::CrashZookeeper {})
}
fn start_zookeeper(at_us: u64) -> TimedCommand {
    at(at_us, Do::StartZookeeper {})
}
fn elected(sim: &Sim) -> Vec<(u64, u8)> {
    let all = all(sim, |k| matches!(k, EventKind::LeaderElected { .. }));
    let who = |k: &EventKind| if let EventKind::LeaderElected { leader, .. } = k { leader.0 } else { unreachable!("asked for") };
    all.iter().map(|e| (e.at_us, who(&e.kind))).collect()
}
fn acked(sim: &Sim, from: u64, to: u64) -> usize {
    all(sim, |k| matches!(k, EventKind::Acked { .. })).iter().filter(|e| (from..to).contains(&e.at_us)).count()
}
/// A record each half second.
fn busy(s: &mut Scenario, seconds: u64) {
    s.commands.extend((2..2 * seconds).map(|i| send(i * SECOND / 2, "A")));
}

#[test]
fn ctrl_z1_a_dead_brokers_session_ends_and_the_controller_elects() {
    let mut s = zookeeper("{}");
    s.commands = vec![crash(10 * SECOND, 1)];
    let sim = run(&s);
    let expired = zk(&sim, |z| matches!(z, ZkEvent::SessionExpired { broker: BrokerId(1), controller: false }));
    assert!((22 * SECOND..28 * SECOND + MS).contains(&expired[0]), "18 s after its last ping, of which one goes out each 6 s: {expired:?}");
    // Watch, write, and it is written: 2 ms each.
    assert_eq!(elected(&sim), [(expired[0] + 4 * MS, 2)]);
    assert_eq!(state(&sim).1, [2, 3]);
    assert_eq!(sim.world().acting_controller(), Some(BrokerId(3)));
    assert!(all(&sim, |k| matches!(k, EventKind::BecameLeader { broker: BrokerId(2), .. })).len() == 1);
}

#[test]
fn ctrl_z1_without_zookeeper_a_broker_that_starts_gives_up() {
    let mut s = zookeeper("{}");
    s.commands = vec![crash(0, 1), crash_zookeeper(0), start(5 * SECOND, 1), start_zookeeper(40 * SECOND), start(70 * SECOND, 1)];
    let sim = run(&s);
    let gave_up = zk(&sim, |z| matches!(z, ZkEvent::ConnectionTimedOut { broker: BrokerId(1) }));
    assert_eq!(gave_up, [23 * SECOND], "zookeeper.connection.timeout.ms is 18 s");
    assert_eq!(
        zk(&sim, |z| matches!(z, ZkEvent::Registered { broker: BrokerId(1), .. })),
        [70 * SECOND + 6 * MS],
        "in the right order it runs"
    );
    assert_eq!(state(&sim).1, [1, 2, 3], "and catches up");
}

#[test]
fn ctrl_z1_a_process_that_comes_back_before_its_session_ends_exits() {
    let mut s = zookeeper("{}");
    s.commands = vec![crash(10 * SECOND, 2), start(12 * SECOND, 2), start(40 * SECOND, 2)];
    let sim = run(&s);
    assert_eq!(zk(&sim, |z| matches!(z, ZkEvent::NodeExists { broker: BrokerId(2) })), [12 * SECOND + 8 * MS]);
    assert_eq!(zk(&sim, |z| matches!(z, ZkEvent::Registered { broker: BrokerId(2), .. })).len(), 1);
    assert_eq!(state(&sim).1, [1, 2, 3]);
}

#[test]
fn ctrl_z1_who_was_cut_off_from_zookeeper_goes_on_serving_and_registers_again() {
    let mut s = zookeeper(r#"{"min.insync.replicas":2}"#);
    s.commands = links(10 * SECOND, End::Broker(2), End::Zookeeper, true).to_vec();
    s.commands.extend(links(40 * SECOND, End::Broker(2), End::Zookeeper, false));
    busy(&mut s, 80);
    let sim = run(&s);
    assert_eq!(zk(&sim, |z| matches!(z, ZkEvent::SessionExpired { broker: BrokerId(2), .. })).len(), 1);
    assert_eq!(zk(&sim, |z| matches!(z, ZkEvent::Registered { broker: BrokerId(2), epoch: BrokerEpoch(2) })).len(), 1);
    assert_eq!(state(&sim), (Some(1), vec![1, 2, 3], vec![]), "it fetched all the time, so it is back at once");
    assert_eq!(acked(&sim, 0, 90 * SECOND), 158, "nobody noticed");
}

#[test]
fn ctrl_z1_a_fast_bounce_is_noticed_by_the_broker_epoch() {
    // Stopped and back while the controller can't hear ZooKeeper: it sees the same ids, with another epoch (KIP-380).
    let mut s = zookeeper("{}");
    s.commands = vec![at(10 * SECOND, Do::SlowLink { from: End::Zookeeper, to: End::Broker(3), extra_us: 3 * SECOND })];
    s.commands.extend([stop(11 * SECOND, 1), start(16 * SECOND, 1)]);
    let sim = run(&s);
    assert_eq!(sim.world().controller.brokers[0].epoch, BrokerEpoch(2));
    assert_eq!(state(&sim).1, [1, 2, 3]);
    assert!(violations(sim.world(), sim.ledger()).is_empty());
}

#[test]
fn ctrl_z2_a_dead_controller_is_replaced_when_its_session_ends() {
    let mut s = zookeeper("{}");
    s.commands = vec![crash(10 * SECOND, 3)];
    let sim = run(&s);
    let expired = zk(&sim, |z| matches!(z, ZkEvent::SessionExpired { broker: BrokerId(3), controller: true }))[0];
    let now = sim.world().acting_controller().expect("somebody is");
    assert_ne!(now, BrokerId(3));
    let created = zk(&sim, |z| matches!(z, ZkEvent::ControllerElected { epoch: ControllerEpoch(2), .. }));
    assert_eq!(created, [expired + 4 * MS], "the watch, and the first to create /controller");
    let active = zk(&sim, |z| matches!(z, ZkEvent::ControllerActive { epoch: ControllerEpoch(2), .. }));
    assert_eq!(active, [expired + 10 * MS], "it learns that it is, and reads everything");
    assert_eq!(state(&sim), (Some(1), vec![1, 2], vec![]), "and takes the dead broker out of the ISR");
    let told = |kind| all(&sim, |k| matches!(*k, EventKind::Delivered { message, .. } if message == kind)).len();
    assert!(told(MessageKind::LeaderAndIsr) >= 1 && told(MessageKind::UpdateMetadata) >= 1, "it tells everybody everything");
}

#[test]
fn ctrl_z2_an_old_controller_is_fenced_by_its_epoch() {
    let mut s = zookeeper("{}");
    // What the controller tells broker 2 is lost; then the controller loses ZooKeeper, and broker 2 takes over.
    s.commands = cut(10 * SECOND, 3, 2).to_vec();
    s.commands.push(stop(11 * SECOND, 1));
    s.commands.extend(links(12 * SECOND, End::Broker(3), End::Zookeeper, true));
    s.commands.extend(heal(35 * SECOND, 3, 2));
    s.commands.push(start(50 * SECOND, 1));
    s.commands.extend(links(60 * SECOND, End::Broker(3), End::Zookeeper, false));
    let sim = run(&s);
    let elected = zk(&sim, |z| matches!(z, ZkEvent::ControllerElected { broker: BrokerId(2), epoch: ControllerEpoch(2) }));
    assert_eq!(elected.len(), 1);
    let stale = zk(&sim, |z| matches!(z, ZkEvent::StaleController { broker: BrokerId(2), from: BrokerId(3), .. }));
    assert!(stale[0] > 41 * SECOND && stale[0] < 42 * SECOND, "it says it once more 30 s later: {stale:?}");
    assert_eq!(zk(&sim, |z| matches!(z, ZkEvent::ControllerResigned { broker: BrokerId(3), epoch: ControllerEpoch(1) })).len(), 1);
    assert_eq!(state(&sim).1, [1, 2, 3], "it is a broker like any other again");
    assert!(violations(sim.world(), sim.ledger()).is_empty());
    assert!(sim.world().broker(BrokerId(3)).zk.as_ref().is_some_and(|z| z.acting.is_none()));
}

#[test]
fn ctrl_z3_what_a_link_lost_comes_again_after_the_socket_timeout() {
    let mut s = zookeeper("{}");
    s.commands = vec![crash(10 * SECOND, 1)];
    s.commands.extend(cut(11 * SECOND, 3, 2));
    s.commands.extend(heal(35 * SECOND, 3, 2));
    let sim = run(&s);
    let decided = elected(&sim)[0].0;
    let office = first(&sim, |k| matches!(k, EventKind::BecameLeader { broker: BrokerId(2), .. })).at_us;
    assert_eq!(office - decided, 30 * SECOND + 4 * MS, "LeaderAndIsr was lost; controller.socket.timeout.ms later it is sent again");
}

#[test]
fn ctrl_z4_without_zookeeper_data_flows_on_and_nothing_is_decided() {
    let mut s = zookeeper(r#"{"min.insync.replicas":2}"#);
    busy(&mut s, 80);
    s.commands.extend([crash_zookeeper(10 * SECOND), crash(30 * SECOND, 1), start_zookeeper(50 * SECOND)]);
    s.commands.push(at(20 * SECOND, Do::AlterConfig { topic: "pay".into(), name: "min.insync.replicas".into(), value: 1 }));
    let sim = run(&s);
    assert_eq!(acked(&sim, 11 * SECOND, 30 * SECOND), 38, "two a second, as before");
    assert_eq!(acked(&sim, 30 * SECOND + 100 * MS, 50 * SECOND), 0, "the leader is dead, and nobody elects another");
    assert_eq!(zk(&sim, |z| *z == ZkEvent::NobodyActive), [20 * SECOND], "no config changes");
    let elected = elected(&sim);
    assert_eq!(elected.len(), 1);
    assert_eq!(elected[0].0, 68 * SECOND + 4 * MS, "18 s after ZooKeeper is back: sessions get their whole timeout");
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.sent, f.acked, f.lost), (158, 158, 0), "what waited went out too");
    let clients = |from: &Actor, to: &Actor| matches!(from, Actor::Producer(_) | Actor::Consumer(_)) && *to == Actor::Zookeeper;
    assert!(all(&sim, |k| matches!(k, EventKind::Sent { from, to, .. } if clients(from, to))).is_empty(), "no record ever passes it");
}

/// The leader is cut off from its followers and the controller, but not from ZooKeeper and the producer.
fn alone(version: ProtocolVersion) -> Scenario {
    let mut s = zookeeper(r#"{"min.insync.replicas":1}"#);
    s.rules.replication = Some(version);
    s.commands = [cut(10 * SECOND, 1, 2), cut(10 * SECOND, 1, 3)].concat();
    s.commands.push(send(11 * SECOND, "A"));
    s
}

#[test]
fn repl_pv5_before_it_a_leader_that_is_cut_off_shrinks_the_isr_alone() {
    let sim = run(&alone(ProtocolVersion::PV4));
    let written = zk(&sim, |z| matches!(z, ZkEvent::IsrWritten { broker: BrokerId(1), partition: P0 }));
    assert!((41 * SECOND..56 * SECOND).contains(&written[0]), "{written:?}");
    assert_eq!(state(&sim), (Some(1), vec![1], vec![]));
    assert_eq!(acked(&sim, written[0], 90 * SECOND), 1, "acks=all, and one copy");
    assert_eq!((leo(&sim, 1), leo(&sim, 2), leo(&sim, 3)), (1, 0, 0));
}

#[test]
fn repl_pv5_from_it_on_it_has_to_ask_the_controller() {
    for version in [ProtocolVersion::PV5, ProtocolVersion::PV6, ProtocolVersion::PV7] {
        let sim = run(&alone(version));
        assert!(!all(&sim, |k| matches!(k, EventKind::IsrProposed { .. })).is_empty(), "it asks");
        assert_eq!(state(&sim), (Some(1), vec![1, 2, 3], vec![]), "{version:?}: and nobody hears");
        assert_eq!(acked(&sim, 0, 90 * SECOND), 0);
    }
}

#[test]
fn ctrl_z5_a_leaders_own_write_needs_the_version_that_it_knows() {
    // The controller takes the crashed broker 2 out of the ISR. The leader, cut off from the controller, does not hear of it, and
    // wants broker 3 out too.
    let mut s = alone(ProtocolVersion::PV4);
    s.commands.push(crash(10 * SECOND, 2));
    let sim = run(&s);
    assert!(!zk(&sim, |z| matches!(z, ZkEvent::BadVersion { broker: BrokerId(1), .. })).is_empty());
    assert_eq!(state(&sim).1, [1, 3], "what the controller wrote stays");
    assert_eq!(acked(&sim, 0, 90 * SECOND), 0);
}

#[test]
fn ctrl_z5_leaders_and_the_controller_write_in_turn() {
    // The follower falls behind, and catches up; then the leader dies.
    let mut s = zookeeper(r#"{"min.insync.replicas":1}"#);
    s.rules.replication = Some(ProtocolVersion::PV4);
    s.commands = cut(5 * SECOND, 1, 2).to_vec();
    s.commands.push(send(6 * SECOND, "A"));
    s.commands.extend(heal(60 * SECOND, 1, 2));
    s.commands.extend([crash(75 * SECOND, 1), send(70 * SECOND, "B")]);
    s.until_us = 120 * SECOND;
    let sim = run(&s);
    assert_eq!(zk(&sim, |z| matches!(z, ZkEvent::IsrWritten { .. })).len(), 2, "out, and in again");
    assert_eq!(state(&sim), (Some(2), vec![2, 3], vec![]), "the controller knew of both");
    assert_eq!(acked(&sim, 0, 120 * SECOND), 2);
    assert!(zk(&sim, |z| matches!(z, ZkEvent::BadVersion { .. })).is_empty());
}

#[test]
fn ctrl_z6_a_broker_that_stops_has_its_leaderships_moved_first() {
    for broker in [1, 3] {
        let mut s = zookeeper(r#"{"min.insync.replicas":2}"#);
        busy(&mut s, 60);
        s.commands.extend([stop(10 * SECOND, broker), start(30 * SECOND, broker)]);
        let sim = run(&s);
        let stopped = first(&sim, |k| matches!(k, EventKind::Stopped { .. })).at_us;
        assert!(stopped - 10 * SECOND <= 10 * MS, "{stopped}");
        assert_eq!(acked(&sim, 0, 90 * SECOND), 118);
        assert_eq!(state(&sim).1, [1, 2, 3]);
        assert_ne!(sim.world().acting_controller(), None);
        assert!(zk(&sim, |z| matches!(z, ZkEvent::SessionExpired { .. })).is_empty(), "it closed its session");
    }
}

#[test]
fn ctrl_z6_with_nobody_to_ask_it_stops_all_the_same() {
    let mut s = zookeeper("{}");
    s.commands = vec![crash(10 * SECOND, 3), stop(11 * SECOND, 1)];
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    let stopped = first(&sim, |k| matches!(k, EventKind::Stopped { broker: BrokerId(1) })).at_us;
    assert!(stopped < 31 * SECOND, "{stopped}");
}

#[test]
fn a_scenario_with_zookeeper_says_what_is_wrong() {
    let text = zookeeper("{}").to_json();
    let refused = |text: String| Scenario::parse(&text).expect_err("it is refused").to_string();
    assert!(refused(text.replace("3.9", "4.0")).contains("which Kafka 4.0 removed"));
    assert!(refused(text.replace(r#""brokers": 3"#, r#""brokers": 3, "voters": 3"#)).starts_with("topology.voters: must be left out"));
    let mut s = zookeeper("{}");
    s.commands = vec![at(0, Do::CutLink { from: End::Controller, to: End::Broker(1) })];
    assert!(refused(s.to_json()).contains("one of the brokers is the controller"));
    let mut kraft = scene(1, 1, "{}", "{}");
    kraft.commands = vec![crash_zookeeper(0)];
    assert!(refused(kraft.to_json()).contains("there is no ZooKeeper"));
    kraft.commands.clear();
    kraft.configs.insert("zookeeper.session.timeout.ms".into(), 6000.into());
    assert!(refused(kraft.to_json()).contains("topology.metadata must be"));
}

#[test]
fn the_shipped_scenario_shows_what_the_lesson_needs() {
    let sim = run(&parse(shipped("zookeeper-era").expect("it is shipped")));
    let down = zk(&sim, |z| *z == ZkEvent::Crashed)[0];
    let up = zk(&sim, |z| *z == ZkEvent::Started)[0];
    let dead = first(&sim, |k| matches!(k, EventKind::Crashed { .. })).at_us;
    assert!(down < dead && dead < up);
    assert!(acked(&sim, down, dead) > 20, "data flows on");
    assert_eq!(acked(&sim, dead + 100 * MS, up), 0, "a leader dies, and nobody elects another");
    assert!(elected(&sim)[0].0 > up && acked(&sim, up, sim.until_us()) > 20, "until ZooKeeper is back");
    let read = all(&sim, |k| matches!(k, EventKind::Handled { .. })).iter().filter(|e| (down..dead).contains(&e.at_us)).count();
    assert!(read > 20, "consumers go on too");
}

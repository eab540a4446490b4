//! prod.P5 and P-A8: a topic gets more partitions during a run.

use crate::common::*;
use highwater_core::event::{EventKind, GroupEvent, QuorumEvent, RebalanceCause};
use highwater_core::ids::*;
use highwater_core::scenario::{Do, Scenario, ScenarioError, TimedCommand, shipped};
use highwater_core::sim::Sim;

fn grow(at_us: u64, count: u16) -> TimedCommand {
    at(at_us, Do::CreatePartitions { topic: "pay".into(), count })
}

/// `D` goes to partition 0 of one or three, and to partition 1 of two.
fn scene_with(producer: &str) -> Scenario {
    scene(3, 3, &format!(r#"{{"linger.ms":0{producer}}}"#), "{}")
}

/// The numbers of the partitions that records went to, in the order of sending.
fn went_to(sim: &Sim) -> Vec<u16> {
    let number = |e: &highwater_core::event::Event| match e.kind {
        EventKind::RecordSent { partition, .. } => Some(sim.setup().partitions[partition.ix()].number),
        _ => None,
    };
    sim.events().iter().filter_map(number).collect()
}

fn learned(sim: &Sim, who: Actor) -> Vec<u64> {
    all(sim, |k| matches!(k, EventKind::PartitionLearned { client, .. } if *client == who)).iter().map(|e| e.at_us).collect()
}

/// Records of the group in the order in which they were handled.
fn handled(sim: &Sim) -> Vec<u32> {
    let record = |e: &highwater_core::event::Event| match e.kind {
        EventKind::Handled { batch, index, .. } => sim.ledger().record_in(batch, index).map(|r| r.n),
        _ => None,
    };
    sim.events().iter().filter_map(record).collect()
}

#[test]
fn prod_p5_a_key_goes_by_the_partitions_that_the_producer_has_heard_of() {
    let mut s = scene_with("");
    s.until_us = 320 * SECOND;
    s.commands = vec![send(SECOND, "D"), grow(2 * SECOND, 2), send(10 * SECOND, "D"), send(299 * SECOND, "D"), send(301 * SECOND, "D")];
    let sim = run(&s);
    assert_eq!(went_to(&sim), [0, 0, 0, 1], "metadata.max.age.ms is five minutes");
    assert_eq!(learned(&sim, Actor::Producer(ProducerIx(0))), [300 * SECOND + 4 * MS]);
    let created = first(&sim, |k| matches!(k, EventKind::PartitionCreated { .. }));
    let expected = EventKind::PartitionCreated { partition: PartitionId(1), leader: BrokerId(2), isr: (1..=3).map(BrokerId).collect() };
    assert_eq!((created.at_us, created.kind), (2 * SECOND, expected), "placed as partition 1 of any topic is");
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.acked, f.in_log, f.visible), (4, 4, 4));
    let newer = s.with_producer_config("checkout", "metadata.max.age.ms", "1000").unwrap();
    assert_eq!(went_to(&run(&newer)), [0, 1, 1, 1]);
    // Fresh metadata for another reason brings them too: here the leader has gone.
    s.commands.extend([stop(20 * SECOND, 1), send(25 * SECOND, "D")]);
    assert_eq!(went_to(&run(&s)), [0, 0, 0, 1, 1]);
}

#[test]
fn prod_p5_new_partitions_are_like_all_others() {
    let mut s = scene(3, 3, r#"{"linger.ms":0,"metadata.max.age.ms":1000}"#, r#"{"min.insync.replicas":2,"flush.messages":1}"#);
    s.commands = vec![crash(SECOND, 3), grow(15 * SECOND, 3)];
    s.commands.extend(["A", "B", "C", "D", "E", "F"].map(|k| send(20 * SECOND, k)));
    s.commands.extend([start(30 * SECOND, 3), crash(40 * SECOND, 2), grow(60 * SECOND, 4), start(70 * SECOND, 2)]);
    s.until_us = 90 * SECOND;
    let sim = step_by_step(&s);
    let all: Vec<_> = sim.world().controller.partitions.iter().map(|p| (p.leader.map(|b| b.0), p.isr.len())).collect();
    // Brokers 2 and 3 were to lead partitions 1 and 2; 3 was down at first, and 2 crashed later. Partition 3 lives on 1, 2, 3.
    assert_eq!(all, [(Some(1), 3), (Some(3), 3), (Some(1), 3), (Some(1), 3)]);
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.acked, f.in_log, f.visible, f.lost), (6, 6, 6, 0));
    for p in (0..4).map(PartitionId) {
        let logs: Vec<u32> = (1..=3).map(|b| sim.world().broker(BrokerId(b)).replica(p).unwrap().log.leo().0).collect();
        assert!(logs.iter().all(|leo| *leo == logs[0]), "{p}: {logs:?}");
    }
    assert!(went_to(&sim).contains(&2));
}

#[test]
fn prod_p5_a_quorum_commits_new_partitions_and_without_one_there_are_none() {
    let mut s = scene_with(r#","metadata.max.age.ms":1000"#);
    s.topology.voters = 3;
    s.commands = vec![grow(2 * SECOND, 2), send(5 * SECOND, "D")];
    s.until_us = 20 * SECOND;
    let sim = run(&s);
    let created = first(&sim, |k| matches!(k, EventKind::PartitionCreated { .. }));
    assert!(created.at_us > 2 * SECOND, "when a majority has it, not when it is asked for");
    assert_eq!(went_to(&sim), [1]);
    let crashes = [1, 2].map(|voter| at(SECOND, Do::CrashVoter { voter }));
    s.commands.extend(crashes);
    let sim = run(&s);
    assert_eq!(all(&sim, |k| matches!(k, EventKind::Quorum(QuorumEvent::NobodyActive))).len(), 1);
    assert_eq!((went_to(&sim), learned(&sim, Actor::Producer(ProducerIx(0)))), (vec![0], vec![]));
    // What was lost with its controller is created when somebody asks again.
    s.commands.extend([1, 2].map(|voter| at(8 * SECOND, Do::StartVoter { voter })));
    s.commands.extend([grow(15 * SECOND, 3), send(18 * SECOND, "D"), send(19 * SECOND, "A")]);
    let sim = run(&s);
    assert_eq!(all(&sim, |k| matches!(k, EventKind::PartitionCreated { .. })).len(), 2);
    assert_eq!(sim.world().controller.partitions.len(), 3);
}

/// Two members read one partition; it becomes three. `D` goes to 0 of one and of three, `C` to 1 of three.
fn group_scene(protocol: &str, reset: &str) -> Scenario {
    let mut s = with_consumer(
        scene_with(r#","metadata.max.age.ms":1000"#),
        &format!(
            r#"{{"group":"billing","topics":["pay"],"members":2,"handling_us":1000,"commit":"after_handling",
            "configs":{{"auto.offset.reset":"{reset}","metadata.max.age.ms":10000{protocol}}}}}"#
        ),
    );
    s.kafka = "4.3".into();
    s.commands = vec![send(SECOND, "D"), grow(2 * SECOND, 3), send(5 * SECOND, "C"), send(30 * SECOND, "C")];
    s.until_us = 40 * SECOND;
    s
}

fn read_by(sim: &Sim) -> Vec<usize> {
    sim.world().consumers.iter().map(|c| c.partitions().count()).collect()
}

#[test]
fn prod_p5_the_leader_of_a_classic_group_sees_the_change_and_the_group_rebalances() {
    for strategy in ["", r#","partition.assignment.strategy":"org.apache.kafka.clients.consumer.CooperativeStickyAssignor""#] {
        let sim = step_by_step(&group_scene(strategy, "earliest"));
        assert_eq!(handled(&sim), [0, 1, 2]);
        assert_eq!(read_by(&sim).iter().sum::<usize>(), 3);
        assert!(read_by(&sim).iter().all(|n| *n > 0), "the second member has work now");
        let rebalance = first(&sim, |k| matches!(k, EventKind::Group { what: GroupEvent::Rebalancing { .. }, .. }));
        assert!((10 * SECOND..11 * SECOND).contains(&rebalance.at_us), "at the leader's next metadata, at {}", rebalance.at_us);
    }
}

#[test]
fn prod_p5_the_coordinator_of_a_consumer_group_sees_it_by_itself() {
    let sim = step_by_step(&group_scene(r#","group.protocol":"consumer""#, "earliest"));
    assert_eq!(handled(&sim), [0, 1, 2]);
    let why = RebalanceCause::PartitionsAdded;
    let bumps = all(&sim, |k| matches!(k, EventKind::Group { what: GroupEvent::EpochBumped { why: w, .. }, .. } if *w == why));
    assert_eq!(bumps.len(), 1);
    assert!(bumps[0].at_us < 8 * SECOND, "at the next heartbeat, which comes before anybody's metadata");
    assert!(read_by(&sim).iter().all(|n| *n > 0), "{:?}", read_by(&sim));
}

#[test]
fn prod_p5_a_share_group_reads_new_partitions_too() {
    let mut s = group_scene("", "earliest");
    s.apps[0] = serde_json::from_str(
        r#"{"group":"billing","topics":["pay"],"members":2,"handling_us":1000,"share":{},
        "configs":{"share.auto.offset.reset":"earliest"}}"#,
    )
    .unwrap();
    assert_eq!(handled(&run(&s)), [0, 1, 2]);
}

#[test]
fn cons_c_a4_with_latest_what_came_before_the_group_saw_the_partition_is_never_read() {
    assert_eq!(handled(&run(&group_scene("", "latest"))), [0, 2], "record 1 lay in the new partition before anybody read it");
}

#[test]
fn prod_p5_a_process_that_starts_asks_for_metadata_first() {
    let mut s = group_scene("", "earliest");
    s.apps[0].configs.insert("metadata.max.age.ms".into(), 300_000.into());
    s.commands.extend([0, 1].map(|consumer| at(6 * SECOND, Do::StopConsumer { consumer })));
    s.commands.extend([0, 1].map(|consumer| at(8 * SECOND, Do::StartConsumer { consumer })));
    let sim = step_by_step(&s);
    assert_eq!(handled(&sim), [0, 1, 2]);
}

#[test]
fn prod_p5_fewer_partitions_or_more_of_a_streams_topic_are_refused() {
    let refused = |s: &Scenario| -> ScenarioError { Scenario::parse(&s.to_json()).expect_err("refused") };
    let mut s = scene_with("");
    s.commands = vec![grow(SECOND, 3), grow(2 * SECOND, 3)];
    let e = refused(&s);
    assert_eq!((e.at.as_str(), e.what.as_str()), ("commands[1]", r#"INVALID_PARTITIONS: "pay" has 3 then, so count must be at least 4"#));
    let delete = |at_us, partition| at(at_us, Do::DeleteRecords { topic: "pay".into(), partition, before: None });
    s.commands = vec![grow(SECOND, 3), delete(2 * SECOND, 2)];
    Scenario::parse(&s.to_json()).expect("there are three by then");
    s.commands = vec![delete(SECOND / 2, 2), grow(SECOND, 3)];
    assert_eq!(refused(&s).at, "commands[0]");
    s.commands = vec![grow(SECOND, 20_000)];
    assert!(refused(&s).what.contains("there can be 10000"));
    let mut streams = parse(shipped("streams-at-least-once").unwrap());
    let topic = streams.apps[0].topics[0].clone();
    streams.commands = vec![at(SECOND, Do::CreatePartitions { topic, count: 9 })];
    assert!(refused(&streams).what.contains("Streams application"));
}

#[test]
fn p_a8_shipped_a_key_s_newer_records_are_handled_before_its_older_ones() {
    let s = parse(shipped("p-a8-key-order").unwrap());
    let sim = step_by_step(&s);
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.sent, f.acked, f.in_log, f.lost, f.duplicated, f.out_of_order), (20, 20, 20, 0, 0, 0), "each partition keeps its order");
    let order = handled(&sim);
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..20).collect::<Vec<_>>(), "nothing is lost, nothing is there twice");
    assert_ne!(order, sorted, "one key, and not in the order in which it was sent");
    let elsewhere = went_to(&sim).iter().position(|n| *n == 1).expect("the key moved") as u32;
    let (first_new, last_old) = (order.iter().position(|n| *n >= elsewhere), order.iter().rposition(|n| *n < elsewhere));
    assert!(first_new < last_old, "{order:?}");
    // With the partitions that it began with the key keeps its order.
    let fixed = Scenario { commands: Vec::new(), ..s };
    assert!(handled(&run(&fixed)).windows(2).all(|w| w[0] < w[1]));
}

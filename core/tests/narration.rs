//! Sentences and stories, over runs in which everything happens.

use highwater_core::event::EventKind;
use highwater_core::fold::narration::{Lang, sentence, why};
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;

#[path = "common/mod.rs"]
mod common;
use common::{cut, scene, send};

fn lost_run() -> Sim {
    let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    s.commands = vec![send(1_000, "A"), send(100_000, "B")];
    s.commands.extend(cut(1_000_000, 1, 2));
    s.commands.extend(cut(1_000_000, 1, 3));
    s.commands.push(send(1_100_000, "C"));
    s.commands.push(common::crash(2_000_000, 1));
    s.until_us = 40_000_000;
    common::run(&s)
}

/// Members come, go, stand still, throw and are fenced.
fn groups_run() -> Sim {
    use highwater_core::scenario::Do;
    let app = r#"{"group":"billing","topics":["pay"],"members":2,"standby":1,"handling_us":600000,"configs":{"auto.offset.reset":"earliest",
        "session.timeout.ms":6000,"heartbeat.interval.ms":1000,"max.poll.interval.ms":4000}}"#;
    let mut s = common::with_consumer(scene(3, 3, r#"{"linger.ms":0}"#, "{}"), app);
    s.commands = (0..60).map(|i| send(1_000_000 + i * 500_000, "A")).collect();
    let mut at = |t: u64, what| s.commands.push(common::at(t * 1_000_000, what));
    at(5, Do::StartConsumer { consumer: 2 });
    at(20, Do::Pause { who: highwater_core::scenario::End::Consumer(0), for_us: 15_000_000 });
    at(50, Do::ThrowInHandler { consumer: 0 });
    at(55, Do::StopConsumer { consumer: 1 });
    at(60, Do::StopConsumer { consumer: 2 });
    at(61, Do::StartConsumer { consumer: 1 });
    at(62, Do::Crash { broker: 1 });
    at(63, Do::Crash { broker: 2 });
    s.until_us = 120_000_000;
    common::run(&s)
}

/// The same by the consumer protocol: static members too, and a member that does not give up what it should.
fn epochs_run(app_configs: &str) -> Sim {
    use highwater_core::scenario::{Do, End};
    let app = format!(
        r#"{{"group":"billing","topics":["pay"],"members":2,"standby":1,"handling_us":600000,"configs":{{"auto.offset.reset":"earliest",
        "group.protocol":"consumer","max.poll.interval.ms":4000{app_configs}}}}}"#
    );
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.topology.topics[0].partitions = 6;
    let mut s = common::with_consumer(s, &app);
    s.configs.insert("group.consumer.session.timeout.ms".into(), 12_000.into());
    s.commands = (0..60).map(|i| send(1_000_000 + i * 500_000, "A")).collect();
    let mut at = |t: u64, what| s.commands.push(common::at(t * 1_000_000, what));
    at(11, Do::StartConsumer { consumer: 2 });
    (1..=3).for_each(|b| at(12, Do::CutLink { from: End::Broker(b), to: End::Consumer(1) }));
    (1..=3).for_each(|b| at(40, Do::HealLink { from: End::Broker(b), to: End::Consumer(1) }));
    at(45, Do::Pause { who: End::Consumer(0), for_us: 15_000_000 });
    at(70, Do::StopConsumer { consumer: 2 });
    at(72, Do::StartConsumer { consumer: 2 });
    at(80, Do::CrashConsumer { consumer: 2 });
    at(81, Do::StartConsumer { consumer: 2 });
    at(85, Do::Crash { broker: 1 });
    at(86, Do::Crash { broker: 2 });
    s.until_us = 130_000_000;
    common::run(&s)
}

/// Streams threads that count, restore, drop and hand over.
fn streams_run() -> Sim {
    use highwater_core::scenario::Do;
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.topology.topics[0].partitions = 2;
    s.topology.topics.push(serde_json::from_str(r#"{"name":"out","partitions":2,"replication.factor":3}"#).unwrap());
    let app = r#"{"group":"app","topics":["pay"],"standby":1,"streams":{"to":"out","window_ms":1000,"group_by":{"A":"x","B":"y"},
        "configs":{"processing.guarantee":"exactly_once_v2"}},"configs":{"session.timeout.ms":6000,"heartbeat.interval.ms":1000}}"#;
    s.apps = vec![serde_json::from_str(app).unwrap()];
    s.commands = (0..60).map(|i| send(1_000_000 + i * 100_000, ["A", "B", "C"][i as usize % 3])).collect();
    let late = Do::Send {
        producer: "checkout".into(),
        topic: "pay".into(),
        key: Some("A".into()),
        tombstone: false,
        timestamp_ms: Some(1),
        poison: false,
    };
    s.commands.push(common::at(6_900_000, late));
    s.commands.push(common::at(3_000_000, Do::StartConsumer { consumer: 1 }));
    s.commands.push(common::at(5_050_000, Do::CrashConsumer { consumer: 0 }));
    s.commands.push(common::at(6_000_000, Do::StartConsumer { consumer: 0 }));
    s.commands.push(common::at(5_900_000, Do::Pause { who: highwater_core::scenario::End::Consumer(1), for_us: 15_000_000 }));
    s.until_us = 60_000_000;
    let sim = common::run(&s);
    use highwater_core::event::StreamsEvent as S;
    let kinds: [fn(&S) -> bool; 6] = [
        |e| matches!(e, S::TaskCreated { .. }),
        |e| matches!(e, S::Restored { .. }),
        |e| matches!(e, S::TaskClosed { .. }),
        |e| matches!(e, S::Counted { .. }),
        |e| matches!(e, S::RecordDropped { .. }),
        |e| matches!(e, S::Committing { .. }),
    ];
    assert_eq!(kinds.map(|which| !common::all(&sim, |k| matches!(k, EventKind::Streams(e) if which(e))).is_empty()), [true; 6]);
    sim
}

/// Members of a share group that share, fail, stand still, die and close; a leader dies too.
fn share_run() -> Sim {
    use highwater_core::event::ShareEvent as S;
    use highwater_core::scenario::{Do, End};
    let app = r#"{"group":"workers","topics":["pay"],"members":2,"handling_us":300000,"share":{},
        "configs":{"share.acknowledgement.mode":"explicit","max.poll.records":2}}"#;
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.kafka = "4.3".into();
    let mut s = common::with_consumer(s, app);
    s.configs.insert("group.share.record.lock.duration.ms".into(), 5000.into());
    s.commands = (0..20).map(|i| send(1_000_000 + i * 200_000, "A")).collect();
    if let Do::Send { poison, .. } = &mut s.commands[1].what {
        *poison = true;
    }
    let mut at = |ms: u64, what| s.commands.push(common::at(ms * 1000, what));
    // Slower than the lock: what c1 says at last is refused, since c2 has the record by then.
    at(1, Do::SlowHandler { consumer: 0, handling_us: Some(7_000_000) });
    at(1, Do::SlowHandler { consumer: 1, handling_us: Some(4_000_000) });
    (0..2).for_each(|consumer| at(30_000, Do::SlowHandler { consumer, handling_us: None }));
    at(32_500, Do::Pause { who: End::Consumer(0), for_us: 8_000_000 });
    at(34_000, Do::CrashConsumer { consumer: 1 });
    at(35_000, Do::StartConsumer { consumer: 1 });
    at(50_000, Do::StopConsumer { consumer: 0 });
    at(55_000, Do::Crash { broker: 1 });
    s.commands.extend((0..20).map(|i| send(31_000_000 + i * 200_000, "B")));
    s.commands.extend((0..4).map(|i| send(70_000_000 + i * 200_000, "C")));
    s.until_us = 100_000_000;
    let sim = common::run(&s);
    let kinds: [fn(&S) -> bool; 9] = [
        |e| matches!(e, S::Loaded { saved: true, .. }),
        |e| matches!(e, S::Acquired { .. }),
        |e| matches!(e, S::Acknowledged { .. }),
        |e| matches!(e, S::Refused { .. }),
        |e| matches!(e, S::CommitFailed { .. }),
        |e| matches!(e, S::LockExpired { .. }),
        |e| matches!(e, S::SessionClosed { .. }),
        |e| matches!(e, S::GivenUp { .. }),
        |e| matches!(e, S::StartMoved { .. }),
    ];
    let seen = kinds.map(|which| !common::all(&sim, |k| matches!(k, EventKind::Share { what, .. } if which(what))).is_empty());
    assert_eq!(seen, [true; 9]);
    sim
}

/// Segments, retention, compaction, DeleteRecords, a power cut.
fn file_run() -> Sim {
    use highwater_core::scenario::Do;
    let topic = r#"{"segment.ms":500,"cleanup.policy":"compact,delete","retention.ms":20000,"min.cleanable.dirty.ratio":0.1}"#;
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, topic);
    s.configs.insert("log.retention.check.interval.ms".into(), 3000.into());
    s.commands = (1..20).map(|n| send(n * 300_000, "A")).collect();
    let delete = |before| Do::DeleteRecords { topic: "pay".into(), partition: 0, before };
    s.commands.extend([common::at(7_000_000, delete(Some(99))), common::at(7_100_000, delete(None))]);
    s.commands.extend([send(40_000_000, "B"), common::power_cut(40_100_000, 2), common::start(41_000_000, 2)]);
    s.until_us = 70_000_000;
    let sim = common::run(&s);
    let kinds = [
        |k: &EventKind| matches!(k, EventKind::SegmentRolled { .. }),
        |k: &EventKind| matches!(k, EventKind::SegmentDeleted { .. }),
        |k: &EventKind| matches!(k, EventKind::Compacted { .. }),
        |k: &EventKind| matches!(k, EventKind::LogStartMoved { .. }),
        |k: &EventKind| matches!(k, EventKind::DeleteRefused { .. }),
        |k: &EventKind| matches!(k, EventKind::LogRecovered { .. }),
    ];
    assert_eq!(kinds.map(|k| !common::all(&sim, k).is_empty()), [true; 6]);
    sim
}

/// Controllers come, go, stand still and are cut off; commands that are refused.
fn quorum_run() -> Sim {
    use highwater_core::event::QuorumEvent;
    use highwater_core::scenario::{Do, End};
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.topology.voters = 3;
    s.commands = vec![send(1_000, "A")];
    let mut at = |t: u64, what| s.commands.push(common::at(t * 1_000_000, what));
    let prefer = || Do::ElectPreferredLeader { topic: "pay".into(), partition: 0 };
    at(1, prefer());
    at(1, Do::CreatePartitions { topic: "pay".into(), count: 2 });
    at(2, Do::AlterConfig { topic: "pay".into(), name: "min.insync.replicas".into(), value: 2 });
    (2..=3).for_each(|v| at(5, Do::CutLink { from: End::Voter(v), to: End::Voter(1) }));
    (2..=3).for_each(|v| at(5, Do::CutLink { from: End::Voter(1), to: End::Voter(v) }));
    at(5, Do::Stop { broker: 3 });
    (2..=3).for_each(|v| at(20, Do::HealLink { from: End::Voter(v), to: End::Voter(1) }));
    (2..=3).for_each(|v| at(20, Do::HealLink { from: End::Voter(1), to: End::Voter(v) }));
    (2..=3).for_each(|voter| at(25, Do::CrashVoter { voter }));
    (2..=3).for_each(|voter| at(25, Do::StartVoter { voter }));
    at(30, Do::Crash { broker: 1 });
    at(45, prefer());
    (1..=2).for_each(|v| at(50, Do::CrashVoter { voter: v }));
    at(55, prefer());
    s.until_us = 60_000_000;
    let sim = common::run(&s);
    for (i, which) in [
        |q: &QuorumEvent| matches!(q, QuorumEvent::Truncated { .. }),
        |q: &QuorumEvent| matches!(q, QuorumEvent::NotController { .. }),
        |q: &QuorumEvent| matches!(q, QuorumEvent::NobodyActive),
        |q: &QuorumEvent| matches!(q, QuorumEvent::Resigned { .. }),
        |q: &QuorumEvent| matches!(q, QuorumEvent::Found { .. }),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(!common::all(&sim, |k| matches!(k, EventKind::Quorum(q) if which(q))).is_empty(), "{i}");
    }
    assert_eq!(common::all(&sim, |k| matches!(k, EventKind::ElectionRefused { .. })).len(), 2);
    sim
}

/// A reader is sent to a follower, and back to the leader.
fn read_replica_run() -> Sim {
    let sim = common::run(&Scenario::parse(highwater_core::scenario::shipped("read-from-follower").unwrap()).unwrap());
    let to =
        |named: bool| common::all(&sim, |k| matches!(k, EventKind::PreferredReadReplica { replica, .. } if replica.is_some() == named));
    assert!(!to(true).is_empty() && !to(false).is_empty());
    sim
}

#[test]
fn every_event_has_a_sentence_in_both_languages() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/scenarios/first.json")).unwrap();
    let mut s = Scenario::parse(&text).unwrap();
    s.until_us = 70_000_000;
    s.commands = vec![common::crash(1_000_000, 1), common::start(20_000_000, 1), common::stop(30_000_000, 2), common::start(35_000_000, 2)];
    let epochs = [epochs_run(""), epochs_run(r#","group.instance.id":"till""#)];
    for sim in [common::run(&s), lost_run(), file_run(), groups_run(), streams_run(), share_run(), quorum_run(), read_replica_run()]
        .into_iter()
        .chain(epochs)
    {
        for e in sim.events().iter() {
            for lang in [Lang::En, Lang::Ko] {
                let said = sentence(e, &sim, lang);
                assert!(said.ends_with('.') && said.len() > 8, "{e:?}: {said:?}");
                assert!(!said.contains("  ") && !said.contains(".."), "{said}");
            }
        }
        let step = sim.events().len() / 200 + 1;
        for seq in (0..sim.events().len()).step_by(step) {
            for lang in [Lang::En, Lang::Ko] {
                let lines = why(seq as u32, &sim, lang);
                assert!((1..=6).contains(&lines.len()), "{lines:?}");
            }
        }
        assert!(why(sim.events().len() as u32, &sim, Lang::En).is_empty());
    }
}

#[test]
fn the_story_of_a_high_watermark_goes_back_to_the_append() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![send(1_000, "A")];
    let sim = common::run(&s);
    let hw = common::first(&sim, |k| matches!(k, EventKind::HighWatermark { .. }));
    let lines = why(hw.seq, &sim, Lang::En);
    assert_eq!(lines.last().unwrap(), "The high watermark of pay-0 moves from 0 to 1: offset 0 is committed, consumers may read it.");
    assert!(lines.iter().any(|l| l.starts_with("Broker 1 appends A to pay-0 at offset 0")), "{lines:?}");
    assert!(lines.iter().any(|l| l.contains("asks for offset 1: that is how the leader learns")), "{lines:?}");
}

#[test]
fn the_story_of_a_loss_names_ack_office_and_epoch() {
    let sim = lost_run();
    let lost = common::first(&sim, |k| matches!(k, EventKind::Lost { .. }));
    let en = why(lost.seq, &sim, Lang::En);
    assert_eq!(
        en.last().unwrap(),
        "C is lost because broker 1 acknowledged it alone (acks=1), and broker 2 took office in epoch 1 with its log ending at 2 and high watermark 2."
    );
    assert!(en.contains(&"Broker 1 crashes; its page cache survives.".to_string()), "{en:?}");
    assert!(en.contains(&"Broker 1 appends C to pay-0 at offset 2 (epoch 0).".to_string()), "{en:?}");
    let ko = why(lost.seq, &sim, Lang::Ko);
    assert_eq!(
        ko.last().unwrap(),
        "C가 유실된 것은 브로커 1이 혼자 저장하고 응답했고(acks=1), 브로커 2가 로그 끝 2, 하이 워터마크 2인 채로 에포크 1의 리더가 되었기 때문입니다."
    );
}

#[test]
fn the_story_of_a_resend_names_the_dropped_response() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![common::drop_response(500, 1, 0), send(1_000, "A")];
    let sim = common::run(&s);
    let seen = common::first(&sim, |k| matches!(k, EventKind::DuplicateRecognised { .. }));
    let lines = why(seen.seq, &sim, Lang::En);
    assert!(lines.iter().any(|l| l.contains("never reaches checkout: a fault took it")), "{lines:?}");
    assert!(lines.iter().any(|l| l.contains("sends A once more")), "{lines:?}");
}

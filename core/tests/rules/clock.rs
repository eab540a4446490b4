//! Timestamps that applications do not make: `message.timestamp.type=LogAppendTime`, `auto.offset.reset=by_duration`.

use crate::common::*;
use highwater_core::event::EventKind;
use highwater_core::ids::*;
use highwater_core::scenario::configs::by_duration_ms;
use highwater_core::scenario::{Do, Scenario};

fn dated(at_us: u64, timestamp_ms: u64) -> highwater_core::scenario::TimedCommand {
    let mut c = send(at_us, "A");
    if let Do::Send { timestamp_ms: t, .. } = &mut c.what {
        *t = Some(timestamp_ms);
    }
    c
}

/// Records of `pay` at 1, 11, 21, 31 s; a member starts at 40 s. Which of them it handles.
fn read(reset: &str, protocol: &str, topic: &str, commands: &[highwater_core::scenario::TimedCommand]) -> Vec<u32> {
    let mut s = with_consumer(
        scene(3, 3, r#"{"linger.ms":0}"#, topic),
        &format!(
            r#"{{"group":"billing","topics":["pay"],"members":0,"standby":1,"handling_us":1000,
            "configs":{{"auto.offset.reset":"{reset}"{protocol}}}}}"#
        ),
    );
    s.commands = [1, 11, 21, 31].map(|t| send(t * SECOND, "A")).to_vec();
    s.commands.extend(commands.iter().cloned());
    s.commands.push(at(40 * SECOND, Do::StartConsumer { consumer: 0 }));
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    let offset = |k: &EventKind| if let EventKind::Handled { offset, .. } = k { Some(offset.0) } else { None };
    sim.events().iter().filter_map(|e| offset(&e.kind)).collect()
}

#[test]
fn cons_k2_by_duration_begins_with_the_first_record_that_is_new_enough() {
    for protocol in ["", r#","group.protocol":"consumer""#] {
        // The group's first rebalance takes 3 s, so the consumer asks at about 43 s.
        assert_eq!(read("by_duration:PT25S", protocol, "{}", &[]), [2, 3], "{protocol}");
        assert_eq!(read("by_duration:P1D", protocol, "{}", &[]), [0, 1, 2, 3]);
        assert_eq!(read("by_duration:PT0.5S", protocol, "{}", &[send(55 * SECOND, "A")]), [4], "nothing is that new: the end");
    }
    // The first offset that is new enough, though an older timestamp follows (log.L13).
    let mixed = [dated(2 * SECOND, 39_000), dated(3 * SECOND, 1000)];
    assert_eq!(read("by_duration:PT25S", "", "{}", &mixed), [1, 2, 3, 4, 5]);
}

#[test]
fn cons_k2_by_duration_is_a_duration_of_4_0_and_later() {
    for (text, ms) in [("PT1H30M", 5_400_000), ("P7D", 604_800_000), ("P1DT0.25S", 86_400_250), ("pt2.5s", 2500), ("PT0S", 0)] {
        assert_eq!(by_duration_ms(&format!("by_duration:{text}")), Some(ms), "{text}");
    }
    for wrong in ["", "P", "PT", "1H", "PT-1S", "PT1.S5", "PT1M1H", "P1H", "PT1D", "PTS", "PT1H30"] {
        assert_eq!(by_duration_ms(&format!("by_duration:{wrong}")), None, "{wrong}");
    }
    let with = |kafka: &str, reset: &str| {
        let app = format!(r#"{{"group":"billing","topics":["pay"],"configs":{{"auto.offset.reset":"{reset}"}}}}"#);
        let mut s = scene(3, 3, "{}", "{}");
        s.kafka = kafka.into();
        s.apps = vec![serde_json::from_str(&app).unwrap()];
        Scenario::parse(&s.to_json()).map(|_| ()).map_err(|e| e.what)
    };
    assert_eq!(with("4.0", "by_duration:PT1H"), Ok(()));
    assert!(with("3.9", "by_duration:PT1H").unwrap_err().contains("from 4.0 on"));
    assert!(with("4.1", "by_duration:1h").unwrap_err().contains("ISO-8601"));
}

#[test]
fn log_l13_with_log_append_time_a_leader_overwrites_what_the_producer_says() {
    let append_time = r#"{"message.timestamp.type":"LogAppendTime"}"#;
    // Two days ahead: refused with CreateTime, overwritten with LogAppendTime.
    let ahead = dated(15 * SECOND, 172_800_000);
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, append_time);
    s.commands = vec![send(SECOND, "A"), ahead.clone()];
    s.until_us = 30 * SECOND;
    let sim = run(&s);
    let stamps: Vec<u64> = (0..2).map(|n| sim.world().data.of(BatchId { producer: ProducerIx(0), n })[0].timestamp_ms).collect();
    assert_eq!(stamps, [1002, 15_002], "when they arrived");
    let max = replica(&sim, 1).files.as_ref().expect("it has files").list()[0].max_ms;
    assert_eq!((max, replica(&sim, 2).files.as_ref().expect("it has files").list()[0].max_ms), (Some(15_002), Some(15_002)));
    s.topology.topics[0].configs.clear();
    assert_eq!(leo(&run(&s), 1), 1, "INVALID_TIMESTAMP");
    // What was made long ago is not old for a reader that goes by time.
    assert_eq!(read("by_duration:PT25S", "", append_time, &[dated(35 * SECOND, 0)]), [2, 3, 4]);
    assert_eq!(read("by_duration:PT2S", "", "{}", &[dated(42 * SECOND, 0)]), [0_u32; 0]);
}

#[test]
fn log_l13_retention_counts_from_the_append() {
    let retained = |kind: &str| {
        let configs = format!(r#"{{"message.timestamp.type":"{kind}","retention.ms":20000,"segment.ms":5000}}"#);
        let mut s = scene(3, 3, r#"{"linger.ms":0}"#, &configs);
        s.configs.insert("log.retention.check.interval.ms".into(), 1000.into());
        s.commands = vec![dated(30 * SECOND, 1000), dated(40 * SECOND, 11_000)];
        s.until_us = 45 * SECOND;
        replica(&run(&s), 1).log.start().0
    };
    assert_eq!((retained("CreateTime"), retained("LogAppendTime")), (2, 0));
}

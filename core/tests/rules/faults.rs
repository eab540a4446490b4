//! The fault palette (R20): what each fault does, and that time travel and text keep it.

use crate::common::*;
use highwater_core::event::EventKind;
use highwater_core::ids::*;
use highwater_core::scenario::{Do, End, Scenario};

const READER: &str = r#"{"group":"billing","topics":["pay"],"handling_us":1000,"commit":"after_handling","configs":{"auto.offset.reset":"earliest","max.poll.records":1,"group.instance.id":"till"}}"#;

fn group_scene() -> Scenario {
    with_consumer(scene(3, 3, r#"{"linger.ms":0}"#, "{}"), READER)
}
fn slow(at_us: u64, from: End, to: End, extra_us: u64) -> highwater_core::scenario::TimedCommand {
    at(at_us, Do::SlowLink { from, to, extra_us })
}
fn pause(at_us: u64, who: End, for_us: u64) -> highwater_core::scenario::TimedCommand {
    at(at_us, Do::Pause { who, for_us })
}

#[test]
fn fault_slow_link_delays_one_direction_and_heals() {
    let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    let (p, b) = (End::Producer(0), End::Broker(1));
    s.commands = vec![slow(SECOND, b, p, 300 * MS), send(2 * SECOND, "A"), slow(3 * SECOND, b, p, 0), send(4 * SECOND, "B")];
    let acks: Vec<u64> = all(&run(&s), |k| matches!(k, EventKind::Acked { .. })).iter().map(|e| e.at_us).collect();
    assert_eq!(acks, [2 * SECOND + 304 * MS, 4 * SECOND + 4 * MS]);
}

#[test]
fn fault_slow_link_takes_a_follower_out_of_the_isr_only_if_it_is_slower_than_the_lag_limit() {
    let isr = |extra: u64| {
        let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
        s.configs.insert("replica.lag.time.max.ms".into(), 3000.into());
        s.commands = vec![slow(SECOND, End::Broker(1), End::Broker(3), extra)];
        s.commands.extend((0..100).map(|n| send(2 * SECOND + n * 200 * MS, "A")));
        s.until_us = 20 * SECOND;
        state(&run(&s)).1
    };
    assert_eq!(isr(500 * MS), [1, 2, 3]);
    assert_eq!(isr(8 * SECOND), [1, 2]);
}

#[test]
fn fault_pause_longer_than_the_session_fences_a_leader_that_wakes_as_a_zombie() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#);
    s.commands = vec![pause(SECOND, End::Broker(1), 15 * SECOND), send(14 * SECOND, "A")];
    s.until_us = 30 * SECOND;
    let sim = run(&s);
    let fenced = first(&sim, |k| matches!(k, EventKind::Fenced { broker: BrokerId(1) }));
    assert!(fenced.at_us >= 9 * SECOND && fenced.at_us < 11 * SECOND);
    let nothing = all(&sim, |k| matches!(k, EventKind::Delivered { to: Actor::Broker(BrokerId(1)), .. }));
    assert!(nothing.iter().all(|e| e.at_us <= SECOND || e.at_us >= 16 * SECOND), "nothing reaches it while it stands still");
    assert_eq!(state(&sim).0, Some(2));
    assert_eq!(state(&sim).1, [1, 2, 3], "it comes back as a follower");
    assert_eq!(sim.ledger().figures(sim.world()).lost, 0);
}

#[test]
fn fault_pause_of_every_kind_of_process_ends() {
    for who in [End::Controller, End::Broker(2), End::Producer(0), End::Consumer(0)] {
        let mut s = group_scene();
        s.commands = (0..10).map(|n| send(SECOND + n * 100 * MS, "A")).collect();
        s.commands.push(pause(SECOND + 50 * MS, who, 2 * SECOND));
        s.commands.extend((0..10).map(|n| send(5 * SECOND + n * 100 * MS, "B")));
        s.until_us = 20 * SECOND;
        let sim = run(&s);
        let sent = if who == End::Producer(0) { 11 } else { 20 };
        let f = sim.ledger().figures(sim.world());
        assert_eq!((f.sent, f.acked, f.effects, f.lost), (sent, sent, sent, 0), "{who:?}");
    }
}

#[test]
fn fault_slow_handler_builds_up_lag_and_goes_back() {
    let mut s = group_scene();
    s.commands = vec![at(SECOND, Do::SlowHandler { consumer: 0, handling_us: Some(2 * SECOND) })];
    s.commands.extend((0..10).map(|n| send(2 * SECOND + n * 10 * MS, "A")));
    s.commands.push(at(9 * SECOND, Do::SlowHandler { consumer: 0, handling_us: None }));
    s.until_us = 8 * SECOND;
    let early = Scenario { commands: s.commands[..11].to_vec(), ..s.clone() };
    assert_eq!(run(&early).ledger().figures(run(&early).world()).effects, 2);
    s.until_us = 15 * SECOND;
    assert_eq!(run(&s).ledger().figures(run(&s).world()).effects, 10);
}

#[test]
fn fault_poison_record_stops_at_least_once_for_good_and_at_most_once_for_one_record() {
    let run_with = |commit: &str| {
        let app = READER.replace("after_handling", commit);
        let mut s = with_consumer(scene(3, 3, r#"{"linger.ms":0}"#, "{}"), &app);
        let poison = |k: &str| Do::Send {
            producer: "checkout".into(),
            topic: "pay".into(),
            key: Some(k.into()),
            tombstone: false,
            timestamp_ms: None,
            poison: true,
        };
        s.commands = vec![send(SECOND, "A"), at(2 * SECOND, poison("B")), send(3 * SECOND, "C")];
        s.until_us = 60 * SECOND;
        let sim = run(&s);
        let crashes = all(&sim, |k| matches!(k, EventKind::Poisoned { offset: Offset(1), .. })).len();
        (sim.ledger().figures(sim.world()).effects, crashes)
    };
    let (effects, crashes) = run_with("after_handling");
    assert_eq!(effects, 1, "nothing behind the poison record is ever reached");
    assert!(crashes > 10, "it fails, is started again, fails again: {crashes}");
    assert_eq!(run_with("before_handling"), (2, 1), "it is skipped: committed before it was handled");
}

#[test]
fn fault_commands_are_checked_by_name() {
    for (what, says) in [
        (r#"{"at_us":1,"do":"pause","who":{"broker":9},"for_us":5}"#, "there is no broker 9"),
        (r#"{"at_us":1,"do":"pause","who":"controller","for_us":99999999999}"#, "more than an hour"),
        (r#"{"at_us":1,"do":"slow_link","from":{"broker":1},"to":{"broker":1},"extra_us":5}"#, "two ends"),
        (r#"{"at_us":1,"do":"slow_handler","consumer":3}"#, "there is no consumer 3"),
        (r#"{"at_us":1,"do":"delete_records","topic":"x"}"#, "there is no topic"),
        (r#"{"at_us":1,"do":"delete_records","topic":"pay","partition":7}"#, "partitions, from 0"),
    ] {
        let text = scene(3, 3, "{}", "{}").to_json();
        let text = format!("{},\"commands\":[{what}]}}", text.trim_end().trim_end_matches('}').trim_end());
        let e = Scenario::parse(&text).expect_err(what).to_string();
        assert!(e.contains(says), "{e}");
    }
}

//! Section 4.3: brokers come and go.

use crate::common::*;
use highwater_core::event::{ErrorCode, EventKind, MessageKind};
use highwater_core::ids::*;
use highwater_core::scenario::{Do, End};

const B3: BrokerId = BrokerId(3);

#[test]
fn ctrl_bl1_a_registration_is_refused_while_the_old_session_lives() {
    for seed in 0..8 {
        let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
        s.seed = seed;
        s.commands = vec![crash(5 * SECOND, 3), start(6 * SECOND, 3)];
        s.until_us = 40 * SECOND;
        let sim = run(&s);
        let registered = all(&sim, |k| matches!(k, EventKind::Registered { .. }));
        assert_eq!(registered.len(), 1);
        assert!(matches!(registered[0].kind, EventKind::Registered { broker: B3, epoch: BrokerEpoch(2), clean: false }));
        let fenced = first(&sim, |k| matches!(k, EventKind::Fenced { .. }));
        assert!(registered[0].seq > fenced.seq && registered[0].at_us >= 12 * SECOND, "seed {seed}");
        assert_eq!(state(&sim).1, [1, 2, 3]);
    }
}

#[test]
fn ctrl_bl1_what_was_meant_for_the_old_process_is_not_taken_by_the_new_one() {
    // 3 is started again at once; before it can register, the ISR changes, and the controller tells the "live" broker 3.
    let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
    s.configs.insert("replica.lag.time.max.ms".into(), 3000.into());
    s.commands = cut(2 * SECOND, 1, 2).to_vec();
    s.commands.extend((0..40).map(|i| send(2 * SECOND + i * 100 * MS, "A")));
    let shrunk = first(&run(&s), |k| matches!(k, EventKind::IsrChanged { .. })).at_us;
    s.commands.extend([crash(shrunk - 2 * MS, 3), start(shrunk - MS, 3)]);
    s.until_us = 60 * SECOND;
    assert_eq!(state(&run(&s)).1, [1, 3]);
}

#[test]
fn ctrl_bl1_a_slow_registration_that_is_repeated_is_the_same_process() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    // The answer takes longer than the heartbeat interval of 2 s, after which the broker asks again.
    s.commands = vec![stop(5 * SECOND, 3), start(20 * SECOND, 3)];
    s.commands.push(at(19 * SECOND, Do::SlowLink { from: End::Controller, to: End::Broker(3), extra_us: 5 * SECOND }));
    s.commands.push(at(40 * SECOND, Do::SlowLink { from: End::Controller, to: End::Broker(3), extra_us: 0 }));
    s.until_us = 70 * SECOND;
    let sim = run(&s);
    let asked = all(&sim, |k| matches!(k, EventKind::Sent { message: MessageKind::BrokerRegistration, .. }));
    assert!(asked.len() >= 2, "it asked again");
    assert_eq!(all(&sim, |k| matches!(k, EventKind::Registered { broker: B3, .. })).len(), 1, "one incarnation, one epoch");
    assert_eq!(state(&sim).1, [1, 2, 3]);
}

#[test]
fn ctrl_bl2_a_broker_is_unfenced_once_it_has_applied_its_registration() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![crash(SECOND, 3), start(20 * SECOND, 3)];
    let sim = run(&s);
    let registered = first(&sim, |k| matches!(k, EventKind::Registered { .. })).at_us;
    let unfenced = first(&sim, |k| matches!(k, EventKind::Unfenced { .. })).at_us;
    assert_eq!(registered, 20 * SECOND + 2 * MS);
    assert_eq!(unfenced, registered + 4 * MS, "the records out, a heartbeat back");
    assert_eq!(sim.world().broker(B3).epoch, Some(BrokerEpoch(2)), "I-C4");
}

#[test]
fn ctrl_i_c2_metadata_is_not_applied_over_a_gap() {
    // 2 misses that 3 was fenced, and hears that 3 is back: it must not believe that it has heard all.
    let mut s = scene(4, 3, r#"{"linger.ms":0}"#, "{}");
    let one_way = |t, cut| links(t, End::Controller, End::Broker(2), cut)[0].clone();
    s.commands = vec![one_way(SECOND, true), crash(2 * SECOND, 3), crash(2 * SECOND, 4), start(15 * SECOND, 3)];
    s.commands.push(one_way(15 * SECOND + MS, false));
    s.until_us = 25 * SECOND;
    let sim = run(&s);
    assert_eq!(sim.world().broker(BrokerId(2)).unfenced, [1, 2, 3].map(BrokerId).into_iter().collect());
}

#[test]
fn ctrl_bl3_silence_fences_after_nine_seconds_and_the_broker_goes_on_serving() {
    for seed in 0..8 {
        let mut s = scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, "{}");
        s.seed = seed;
        s.commands = links(5 * SECOND, End::Broker(1), End::Controller, true).to_vec();
        s.commands.push(send(30 * SECOND, "A"));
        s.until_us = 31 * SECOND;
        let sim = run(&s);
        let fenced = first(&sim, |k| matches!(k, EventKind::Fenced { broker: BrokerId(1) })).at_us - 5 * SECOND;
        assert!((7 * SECOND..=9 * SECOND + 2 * MS).contains(&fenced), "seed {seed}: {fenced}");
        assert_eq!(all(&sim, |k| matches!(k, EventKind::Acked { .. })).len(), 1);
        assert_eq!(leo(&sim, 1), 1);
    }
}

#[test]
fn ctrl_bl4_a_heartbeat_unfences_with_the_same_broker_epoch() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = links(5 * SECOND, End::Broker(3), End::Controller, true).to_vec();
    s.commands.extend(links(30 * SECOND, End::Broker(3), End::Controller, false));
    s.until_us = 40 * SECOND;
    let sim = run(&s);
    assert!(all(&sim, |k| matches!(k, EventKind::Registered { .. })).is_empty());
    let unfenced = first(&sim, |k| matches!(k, EventKind::Unfenced { broker: B3 })).at_us;
    assert!((30 * SECOND..=34 * SECOND + 10 * MS).contains(&unfenced), "{unfenced}: a heartbeat or two");
    assert_eq!(sim.world().broker(B3).epoch, Some(BrokerEpoch(1)));
    assert_eq!(state(&sim).1, [1, 2, 3], "and it rejoins, without traffic");
}

#[test]
fn ctrl_bl5_a_clean_stop_moves_leaderships_first_and_takes_tens_of_milliseconds() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#);
    s.commands = (0..100).map(|i| send(SECOND + i * 20 * MS, "A")).collect();
    s.commands.extend([stop(2 * SECOND, 1), start(10 * SECOND, 1)]);
    s.until_us = 20 * SECOND;
    let sim = run(&s);
    let stopped = first(&sim, |k| matches!(k, EventKind::Stopped { .. }));
    let elected = first(&sim, |k| matches!(k, EventKind::LeaderElected { .. }));
    assert!(elected.seq < stopped.seq && stopped.at_us - 2 * SECOND < 100 * MS);
    let acks: Vec<u64> = all(&sim, |k| matches!(k, EventKind::Acked { .. })).iter().map(|e| e.at_us).collect();
    let longest = acks.windows(2).map(|w| w[1] - w[0]).max().unwrap();
    assert!(longest < SECOND, "producers were stopped for {longest}");
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.acked, f.lost, f.duplicated, f.out_of_order), (100, 0, 0, 0));
    assert!(matches!(first(&sim, |k| matches!(k, EventKind::Registered { .. })).kind, EventKind::Registered { clean: true, .. }));
}

#[test]
fn ctrl_bl5_clients_that_wait_at_a_stopping_broker_hear_of_it() {
    // Two followers are cut off, so an acks=all record waits at the leader when it is asked to stop.
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s = with_consumer(s, r#"{"group":"billing","topics":["pay"],"commit":"after_handling","configs":{"auto.offset.reset":"earliest"}}"#);
    s.commands = [cut(SECOND, 1, 2), cut(SECOND, 1, 3)].concat();
    s.commands.extend([send(SECOND + 100 * MS, "A"), stop(2 * SECOND, 1)]);
    s.until_us = 5 * SECOND;
    let sim = run(&s);
    let told = first(&sim, |k| matches!(k, EventKind::AttemptFailed { .. }));
    assert!(told.at_us < 2 * SECOND + 100 * MS, "{told:?}");
    assert!(matches!(told.kind, EventKind::AttemptFailed { error: ErrorCode::NotLeaderOrFollower | ErrorCode::NetworkException, .. }));
    let handled = all(&sim, |k| matches!(k, EventKind::Handled { .. }));
    assert_eq!(handled.len(), 1, "the consumer's parked fetch ended too");
}

#[test]
fn ctrl_bl5_a_stopping_broker_that_missed_the_answer_asks_again() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    let one_way = |t, cut| links(t, End::Controller, End::Broker(3), cut)[0].clone();
    s.commands = vec![one_way(SECOND, true), stop(2 * SECOND, 3), one_way(10 * SECOND, false)];
    s.until_us = 20 * SECOND;
    let sim = run(&s);
    assert_eq!(all(&sim, |k| matches!(k, EventKind::Stopped { broker: B3 })).len(), 1);
}

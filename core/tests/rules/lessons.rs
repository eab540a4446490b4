//! The numbers of lessons 11 and 12, with the corrections: links of 2 ms, no jitter, no linger.

use crate::common::*;
use highwater_core::event::{EventKind, MessageKind};
use highwater_core::ids::*;

#[test]
fn lesson_11_1_the_price_of_an_ack() {
    for (acks, latency) in [("0", 0), ("1", 4 * MS), ("all", 8 * MS)] {
        let mut s = scene(3, 3, &format!(r#"{{"acks":"{acks}","linger.ms":0}}"#), "{}");
        s.commands = vec![send(SECOND, "A")];
        s.until_us = 2 * SECOND;
        let sim = run(&s);
        assert_eq!(first(&sim, |k| matches!(k, EventKind::Acked { .. })).at_us - SECOND, latency, "acks={acks}");
    }
}

#[test]
fn lesson_11_2_and_3_a_leader_dies_with_a_record_that_nobody_else_has() {
    for seed in 0..10 {
        for acks in ["1", "all"] {
            let mut s = scene(3, 3, &format!(r#"{{"acks":"{acks}","linger.ms":0}}"#), "{}");
            s.seed = seed;
            s.commands = vec![send(SECOND, "A")];
            s.commands.extend([cut(5 * SECOND, 1, 2), cut(5 * SECOND, 1, 3)].concat());
            s.commands.extend([send(6 * SECOND, "B"), crash(20 * SECOND, 1), start(40 * SECOND, 1)]);
            s.commands.extend([heal(20 * SECOND, 1, 2), heal(20 * SECOND, 1, 3)].concat());
            s.until_us = 60 * SECOND;
            let sim = run(&s);
            let f = sim.ledger().figures(sim.world());
            let office = first(&sim, |k| matches!(k, EventKind::BecameLeader { .. }));
            assert!(matches!(office.kind, EventKind::BecameLeader { broker: BrokerId(2), epoch: LeaderEpoch(1), .. }));
            assert!((7 * SECOND..=9_100 * MS).contains(&(office.at_us - 20 * SECOND)), "seed {seed}: {}", office.at_us);
            let ack = last(&sim, |k| matches!(k, EventKind::Acked { .. })).at_us;
            let cut = first(&sim, |k| matches!(k, EventKind::Truncated { .. }));
            assert!(matches!(cut.kind, EventKind::Truncated { broker: BrokerId(1), from: Offset(2), to: Offset(1), .. }));
            if acks == "1" {
                assert_eq!((f.lost, ack), (1, 6 * SECOND + 4 * MS));
            } else {
                assert_eq!((f.lost, f.duplicated, f.acked), (0, 0, 2));
                assert!(ack > office.at_us, "the retry is acknowledged by the new leader");
                assert_eq!(keys(&sim, 1), "AB", "and copied back");
            }
        }
    }
}

#[test]
fn lesson_11_4_all_may_be_one() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![crash(SECOND, 2), crash(SECOND, 3), send(11 * SECOND, "A")];
    s.until_us = 12 * SECOND;
    let sim = run(&s);
    assert_eq!(state(&sim).1, [1]);
    assert_eq!([1, 2, 3].map(|b| leo(&sim, b)), [1, 0, 0]);
    assert_eq!(all(&sim, |k| matches!(k, EventKind::Acked { .. })).len(), 1);
}

#[test]
fn lesson_12_the_tide_waits_for_the_slowest_in_sync_replica() {
    for seed in 0..10 {
        let app = r#"{"group":"g","topics":["pay"],"commit":"after_handling","configs":{"auto.offset.reset":"earliest"}}"#;
        let mut s = with_consumer(scene(3, 3, r#"{"acks":"1","linger.ms":0}"#, r#"{"min.insync.replicas":2}"#), app);
        s.seed = seed;
        s.commands = vec![send(SECOND, "0")];
        s.commands.extend(cut(3 * SECOND, 1, 3));
        s.commands.extend([send(4 * SECOND, "1"), send(4 * SECOND + 1, "2"), send(4 * SECOND + 2, "3")]);
        s.commands.extend(heal(60 * SECOND, 1, 3));
        // Step 5.
        s.commands.extend([cut(100 * SECOND, 1, 2), cut(100 * SECOND, 1, 3)].concat());
        s.commands.push(send(101 * SECOND, "4"));
        s.commands.extend(heal(170 * SECOND, 1, 2));
        s.until_us = 220 * SECOND;
        let mut sim = begin(&s);
        let figures = |sim: &highwater_core::sim::Sim| sim.ledger().figures(sim.world());

        sim.advance_to(20 * SECOND);
        assert_eq!([1, 2, 3].map(|b| leo(&sim, b)), [4, 4, 1], "12/1");
        assert_eq!((hw(&sim, 1), figures(&sim).acked, figures(&sim).delivered), (1, 4, 1));

        sim.advance_to(59 * SECOND);
        let fetch = |k: &EventKind| {
            matches!(
                k,
                EventKind::Delivered { message: MessageKind::Fetch, from: Actor::Broker(BrokerId(3)), to: Actor::Broker(BrokerId(1)), .. }
            )
        };
        let caught_up = all(&sim, fetch).iter().map(|e| e.at_us).filter(|t| *t <= 3 * SECOND).max().unwrap();
        let left = first(&sim, |k| matches!(k, EventKind::IsrChanged { .. })).at_us - caught_up;
        assert!((30 * SECOND..=45 * SECOND + 10 * MS).contains(&left), "12/2, seed {seed}: {left}");
        assert_eq!((state(&sim).1, hw(&sim, 1), figures(&sim).delivered), (vec![1, 2], 4, 4));

        sim.advance_to(99 * SECOND);
        assert_eq!(state(&sim).1, [1, 2, 3], "12/3, seed {seed}");
        let asked = last(&sim, |k| matches!(k, EventKind::IsrProposed { partition: P0, .. }));
        let reached = first(&sim, |k| matches!(*k, EventKind::FollowerAt { follower: BrokerId(3), leo, partition: P0, .. } if leo.0 >= 4));
        assert_eq!(asked.cause, Some(reached.seq), "on its first fetch at or above the high watermark");

        sim.advance_to(169 * SECOND);
        assert_eq!((state(&sim).1, leo(&sim, 1), hw(&sim, 1)), (vec![1], 5, 4), "12/5");
        assert_eq!((figures(&sim).acked, figures(&sim).delivered), (5, 4));
        sim.advance_to(s.until_us);
        assert_eq!((state(&sim).1, hw(&sim, 1), figures(&sim).delivered), (vec![1, 2], 5, 5), "a second replica is back");
        assert_eq!(figures(&sim).lost, 0);
    }
}

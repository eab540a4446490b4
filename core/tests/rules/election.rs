//! Section 3.8: who leads, and what becomes of ISR and ELR.

use crate::common::*;
use highwater_core::event::{Election, EventKind};
use highwater_core::scenario::{Features, Scenario};

const MIN_2: &str = r#"{"min.insync.replicas":2}"#;

fn three(topic: &str) -> Scenario {
    scene(3, 3, r#"{"linger.ms":0}"#, topic)
}
fn without_elr(mut s: Scenario) -> Scenario {
    s.features = Features { elr: Some(0), ..Features::default() };
    s
}
fn elections(sim: &highwater_core::sim::Sim) -> Vec<(u8, u16, Election)> {
    sim.events()
        .iter()
        .filter_map(|e| match e.kind {
            EventKind::LeaderElected { leader, epoch, election, .. } => Some((leader.0, epoch.0, election)),
            _ => None,
        })
        .collect()
}

#[test]
fn repl_e1_whoever_leaves_below_min_isr_stays_eligible_and_the_elr_empties_at_min_isr() {
    let mut s = three(MIN_2);
    s.commands = vec![stop(SECOND, 3), stop(10 * SECOND, 2), start(30 * SECOND, 2)];
    let mut sim = begin(&s);
    sim.advance_to(9 * SECOND);
    assert_eq!(state(&sim), (Some(1), vec![1, 2], vec![]), "at min ISR nobody is remembered");
    sim.advance_to(29 * SECOND);
    assert_eq!(state(&sim), (Some(1), vec![1], vec![2]));
    sim.advance_to(40 * SECOND);
    assert_eq!(state(&sim), (Some(1), vec![1, 2], vec![]));
}

#[test]
fn repl_e2_the_first_fit_replica_leads_and_a_fit_leader_stays() {
    let mut s = three("{}");
    s.commands = vec![crash(SECOND, 1), start(20 * SECOND, 1)];
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    assert_eq!(elections(&sim), [(2, 1, Election::Isr)]);
    assert_eq!(state(&sim), (Some(2), vec![1, 2, 3], vec![]), "1 is preferred, and not elected for that");
}

#[test]
fn repl_e3_the_last_known_leader_is_elected_when_isr_and_elr_are_empty_and_that_is_unclean() {
    let mut s = three(MIN_2);
    s.commands = vec![
        crash(SECOND, 1),
        crash(15 * SECOND, 2),
        crash(30 * SECOND, 3),
        start(50 * SECOND, 2),
        start(60 * SECOND, 1),
        start(70 * SECOND, 3),
    ];
    let mut sim = begin(&s);
    sim.advance_to(49 * SECOND);
    assert_eq!(state(&sim), (None, vec![], vec![2, 3]));
    sim.advance_to(69 * SECOND);
    assert_eq!(state(&sim), (None, vec![], vec![3]), "2 came back without a clean shutdown; 1 was never eligible");
    sim.advance_to(75 * SECOND);
    assert_eq!(elections(&sim).last().unwrap().2, Election::Unclean);
    assert_eq!(state(&sim).0, Some(3));
}

#[test]
fn repl_e4_unclean_election_is_a_switch_of_the_topic() {
    let run_with = |topic: &str| {
        let mut s = scene(2, 2, r#"{"acks":"1","linger.ms":0}"#, topic);
        s.commands = cut(SECOND, 1, 2).to_vec();
        s.commands.extend([send(2 * SECOND, "A"), crash(60 * SECOND, 1)]);
        run(&s)
    };
    let sim = run_with(r#"{"unclean.leader.election.enable":true}"#);
    assert_eq!(elections(&sim), [(2, 1, Election::Unclean)]);
    assert_eq!(state(&sim), (Some(2), vec![2], vec![]));
    assert_eq!(sim.ledger().figures(sim.world()).lost, 1);
    let sim = run_with("{}");
    assert_eq!((state(&sim).0, leader_epoch(&sim)), (None, 1), "no leader is a change of leader too (E6)");
    assert_eq!(sim.ledger().figures(sim.world()).lost, 0, "while nobody leads, the last value stands");
}

#[test]
fn repl_e6_a_leader_from_the_elr_is_the_whole_isr() {
    let mut s = three(MIN_2);
    s.commands = vec![stop(SECOND, 2), stop(5 * SECOND, 3), start(10 * SECOND, 3), crash(15 * SECOND, 1)];
    s.commands.extend(cut(9 * SECOND, 1, 3));
    let mut sim = begin(&s);
    sim.advance_to(14 * SECOND);
    assert_eq!(state(&sim), (Some(1), vec![1], vec![3]), "3 stopped in order and stays eligible (E9)");
    sim.advance_to(30 * SECOND);
    assert_eq!(state(&sim), (Some(3), vec![3], vec![1]));
    assert_eq!(elections(&sim), [(3, 1, Election::Elr)]);
}

#[test]
fn repl_e7_without_elr_the_last_member_stays_in_the_isr() {
    let mut s = without_elr(three(MIN_2));
    s.commands = vec![crash(SECOND, 1), crash(15 * SECOND, 2), crash(30 * SECOND, 3), start(50 * SECOND, 1), start(60 * SECOND, 3)];
    let mut sim = begin(&s);
    sim.advance_to(59 * SECOND);
    assert_eq!(state(&sim), (None, vec![3], vec![]), "1 is back and may not lead");
    sim.advance_to(65 * SECOND);
    assert_eq!(state(&sim).0, Some(3));
    assert!(elections(&sim).iter().all(|e| e.2 == Election::Isr));
}

#[test]
fn repl_e8_a_leaderless_partition_gets_its_leader_when_a_fit_replica_is_unfenced() {
    let mut s = scene(1, 1, r#"{"linger.ms":0}"#, "{}");
    s.commands = vec![crash(SECOND, 1), start(20 * SECOND, 1)];
    let sim = run(&s);
    let unfenced = first(&sim, |k| matches!(k, EventKind::Unfenced { .. }));
    let elected = first(&sim, |k| matches!(k, EventKind::LeaderElected { .. }));
    assert_eq!(unfenced.at_us, elected.at_us);
    assert!(elected.seq > unfenced.seq);
}

#[test]
fn repl_e9_an_unclean_restart_leaves_the_elr_and_a_clean_one_does_not() {
    let elr_after = |leave: fn(u64, u8) -> highwater_core::scenario::TimedCommand| {
        let mut s = three(MIN_2);
        s.commands = vec![stop(SECOND, 3), leave(5 * SECOND, 2), start(20 * SECOND, 2)];
        s.commands.extend(cut(19 * SECOND, 1, 2)); // so that it can't rejoin
        s.until_us = 30 * SECOND;
        state(&run(&s)).2
    };
    assert_eq!(elr_after(stop), [2]);
    assert_eq!(elr_after(crash), [0u8; 0]);
}

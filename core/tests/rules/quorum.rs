//! Section 4.2: three controllers vote on the metadata log.

use crate::common::*;
use highwater_core::event::{ErrorCode, EventKind, MessageKind, QuorumEvent};
use highwater_core::fold::invariants::{violations, violations_after};
use highwater_core::fold::narration::{Lang, why};
use highwater_core::hash::fingerprint;
use highwater_core::ids::*;
use highwater_core::kafka::Out;
use highwater_core::scenario::{Do, End, Scenario, TimedCommand, shipped};
use highwater_core::sim::Sim;

fn quorum(seed: u64) -> Scenario {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":2}"#);
    (s.topology.voters, s.seed) = (3, seed);
    s.until_us = 40 * SECOND;
    s
}

fn voters(sim: &Sim, which: impl Fn(&QuorumEvent) -> bool) -> Vec<(u64, QuorumEvent)> {
    let quorum = sim.events().iter().filter_map(|e| match e.kind {
        EventKind::Quorum(q) => Some((e.at_us, q)),
        _ => None,
    });
    quorum.filter(|e| which(&e.1)).collect()
}

fn elected(sim: &Sim) -> Vec<(u64, u8, u16)> {
    let all = voters(sim, |q| matches!(q, QuorumEvent::Elected { .. }));
    let of = |(at, q): &(u64, QuorumEvent)| match *q {
        QuorumEvent::Elected { voter, epoch } => (*at, voter.0, epoch.0),
        _ => unreachable!("asked for"),
    };
    all.iter().map(of).collect()
}

fn crash_voter(at_us: u64, voter: u8) -> TimedCommand {
    at(at_us, Do::CrashVoter { voter })
}
fn start_voter(at_us: u64, voter: u8) -> TimedCommand {
    at(at_us, Do::StartVoter { voter })
}
fn between_voters(at_us: u64, a: u8, b: u8, cut: bool) -> [TimedCommand; 2] {
    links(at_us, End::Voter(a), End::Voter(b), cut)
}

#[test]
fn ctrl_c1_a_dead_leader_is_replaced_after_the_fetch_timeout() {
    for seed in 0..20 {
        let mut s = quorum(seed);
        s.commands = vec![crash_voter(5 * SECOND, 1)];
        let sim = run(&s);
        let (at_us, voter, epoch) = elected(&sim)[0];
        assert!(voter != 1 && epoch >= 2, "seed {seed}");
        // The last fetch was answered up to half a second before; then pre-votes, perhaps once more after 1 to 2 s.
        assert!((6_400 * MS..=10 * SECOND).contains(&at_us), "seed {seed}: {at_us}");
        let asked = voters(&sim, |q| matches!(q, QuorumEvent::Prospective { .. }))[0].0;
        let stood = voters(&sim, |q| matches!(q, QuorumEvent::Candidate { .. }))[0].0;
        assert!(asked < stood && stood < at_us, "seed {seed}: first it asks whether it would be elected");
        let active = voters(&sim, |q| matches!(q, QuorumEvent::Activated { .. }))[0].0;
        assert_eq!(active - at_us, 8 * MS, "BeginQuorumEpoch, a fetch, LeaderChange, and the fetch that confirms it");
        assert_eq!(sim.world().active_voter().map(|v| v.id.0), Some(voter));
        assert!(all(&sim, |k| matches!(k, EventKind::Fenced { .. })).is_empty(), "seed {seed}: brokers found it in time");
    }
}

#[test]
fn ctrl_c1_who_was_cut_off_disturbs_nobody_thanks_to_pre_vote() {
    let mut s = quorum(1);
    s.commands = [between_voters(5 * SECOND, 3, 1, true), between_voters(5 * SECOND, 3, 2, true)].concat();
    s.commands.extend(between_voters(25 * SECOND, 3, 1, false));
    s.commands.extend(between_voters(25 * SECOND, 3, 2, false));
    let sim = run(&s);
    assert!(voters(&sim, |q| matches!(q, QuorumEvent::Prospective { voter: VoterId(3), .. })).len() > 3);
    assert!(elected(&sim).is_empty() && voters(&sim, |q| matches!(q, QuorumEvent::Candidate { .. })).is_empty());
    assert_eq!(sim.world().voters[2].leader(), Some(VoterId(1)), "it follows again, in the old epoch");
    assert_eq!(sim.world().voters[2].epoch, QuorumEpoch(1));
}

#[test]
fn ctrl_c1_only_a_log_that_is_up_to_date_is_elected() {
    for seed in 0..10 {
        // 2 hears nothing while broker 3 stops; then 1 dies, and 2 and 3 are left.
        let mut s = quorum(seed);
        s.commands = [between_voters(5 * SECOND, 2, 1, true), between_voters(5 * SECOND, 2, 3, true)].concat();
        s.commands.push(stop(6 * SECOND, 3));
        s.commands.extend(between_voters(8 * SECOND, 2, 3, false));
        s.commands.push(crash_voter(8 * SECOND, 1));
        let sim = run(&s);
        assert_eq!(elected(&sim).iter().map(|e| e.1).collect::<Vec<_>>(), [3], "seed {seed}");
        assert_eq!(sim.world().voters[1].log, sim.world().voters[2].log, "seed {seed}: and 2 copies what it lacks");
    }
}

#[test]
fn ctrl_c2_c3_without_a_majority_nothing_counts_and_the_leader_resigns() {
    for seed in 0..10 {
        let mut s = quorum(seed);
        s.commands = [between_voters(5 * SECOND, 1, 2, true), between_voters(5 * SECOND, 1, 3, true)].concat();
        s.commands.push(stop(5 * SECOND + 10 * MS, 3));
        s.commands.extend(between_voters(20 * SECOND, 1, 2, false));
        s.commands.extend(between_voters(20 * SECOND, 1, 3, false));
        let sim = run(&s);
        let resigned = voters(&sim, |q| matches!(q, QuorumEvent::Resigned { .. }));
        assert_eq!(resigned.len(), 1, "seed {seed}");
        assert!((7_400 * MS..=8 * SECOND).contains(&resigned[0].0), "seed {seed}: 3 s after a majority last fetched: {resigned:?}");
        let changed = first(&sim, |k| matches!(k, EventKind::IsrChanged { .. }));
        let active = voters(&sim, |q| matches!(q, QuorumEvent::Activated { .. }))[0].0;
        assert!(changed.at_us > active, "seed {seed}: what 1 had decided alone never counted");
        assert_eq!(voters(&sim, |q| matches!(q, QuorumEvent::Truncated { voter: VoterId(1), .. })).len(), 1, "seed {seed}: and it is cut");
        assert_eq!(all(&sim, |k| matches!(k, EventKind::Stopped { .. })).len(), 1, "seed {seed}: the broker asks the new one");
        assert_eq!(state(&sim).1, [1, 2]);
    }
}

#[test]
fn ctrl_c2_a_record_counts_when_a_majority_has_it() {
    let mut s = quorum(3);
    s.commands = vec![crash_voter(5 * SECOND, 3), stop(6 * SECOND, 3)];
    let sim = run(&s);
    let stopped = first(&sim, |k| matches!(k, EventKind::Stopped { .. })).at_us;
    // There: 2 ms. To voter 2 and back, as its next fetch: 4 ms. The answer: 2 ms.
    assert_eq!(stopped, 6 * SECOND + 8 * MS);
    assert_eq!(sim.world().voters[0].hw, sim.world().voters[1].end());
}

#[test]
fn ctrl_c5_an_answer_waits_for_the_commit_and_a_change_that_was_not_committed_is_lost() {
    // The active controller dies between appending the change and the followers' next fetch.
    let mut s = quorum(5);
    s.commands = vec![stop(6 * SECOND, 3), crash_voter(6 * SECOND + 3 * MS, 1), start_voter(20 * SECOND, 1)];
    let sim = run(&s);
    let appended = voters(&sim, |q| matches!(q, QuorumEvent::Appended { voter: VoterId(1), .. }));
    assert_eq!(appended.len(), 1);
    let active = voters(&sim, |q| matches!(q, QuorumEvent::Activated { .. }))[0].0;
    let changed = first(&sim, |k| matches!(k, EventKind::IsrChanged { .. }));
    assert!(changed.at_us >= active);
    assert!(first(&sim, |k| matches!(k, EventKind::Stopped { .. })).at_us > active);
}

#[test]
fn ctrl_c5_who_is_not_active_says_not_controller_and_the_broker_finds_the_active_one() {
    for seed in 0..10 {
        let mut s = quorum(seed);
        // Voter 1 stands still while 2 and 3 elect another; when it wakes it believes for a moment that it leads.
        s.commands = vec![at(5 * SECOND, Do::Pause { who: End::Voter(1), for_us: 6 * SECOND })];
        let sim = run(&s);
        let now = sim.world().active_voter().expect("somebody is active").id;
        assert_ne!(now, VoterId(1));
        for b in &sim.world().brokers {
            assert_eq!(b.observer.expect("there is a quorum").leader, Some(now), "seed {seed}");
        }
        assert!(all(&sim, |k| matches!(k, EventKind::Fenced { .. })).is_empty(), "seed {seed}");
        assert!(violations(sim.world(), sim.ledger()).is_empty());
    }
    let mut s = quorum(1);
    s.commands = vec![crash_voter(5 * SECOND, 1), start_voter(5 * SECOND + 100 * MS, 1)];
    let sim = run(&s);
    let refused = |k: &EventKind| matches!(k, EventKind::Sent { message: MessageKind::BrokerHeartbeatResponse, .. });
    assert!(!all(&sim, refused).is_empty(), "a heartbeat to a controller that is not active is refused");
}

#[test]
fn ctrl_bl6_a_new_active_controller_gives_every_unfenced_broker_a_fresh_session() {
    for seed in 0..10 {
        let mut s = quorum(seed);
        s.commands = vec![crash(5 * SECOND, 3), crash_voter(13 * SECOND, 1)];
        let sim = run(&s);
        let active = voters(&sim, |q| matches!(q, QuorumEvent::Activated { .. }))[0].0;
        let fenced = all(&sim, |k| matches!(k, EventKind::Fenced { broker: BrokerId(3) }));
        if fenced[0].at_us < 13 * SECOND {
            continue; // its last heartbeat was early: the first controller saw it out
        }
        assert_eq!(fenced[0].at_us - active, 9 * SECOND + 4 * MS, "seed {seed}: nine seconds more, and the commit");
        assert_eq!(state(&sim).1, [1, 2]);
    }
}

#[test]
fn ctrl_bl1_a_restarted_broker_takes_a_snapshot_and_what_follows() {
    let mut s = quorum(2);
    s.commands = vec![crash(5 * SECOND, 3), crash_voter(16 * SECOND, 1), start(17 * SECOND, 3)];
    let sim = run(&s);
    assert_eq!(sim.world().broker(BrokerId(3)).epoch, Some(BrokerEpoch(2)));
    assert_eq!(state(&sim).1, [1, 2, 3]);
    let applied: Vec<u32> = sim.world().brokers.iter().map(|b| b.applied).collect();
    assert_eq!(applied, [sim.world().controller.end; 3]);
}

#[test]
fn ctrl_shipped_data_flows_while_nobody_is_active_and_decisions_wait() {
    let sim = run(&parse(shipped("controller-failover").expect("shipped")));
    let active = voters(&sim, |q| matches!(q, QuorumEvent::Activated { .. }));
    let acked =
        |from: u64, to: u64| all(&sim, |k| matches!(k, EventKind::Acked { .. })).iter().filter(|e| (from..to).contains(&e.at_us)).count();
    let handled =
        |from: u64, to: u64| all(&sim, |k| matches!(k, EventKind::Handled { .. })).iter().filter(|e| (from..to).contains(&e.at_us)).count();
    let found = active[0].0;
    assert!(found > 5 * SECOND, "nobody is active for a while");
    let due = ((found - 4 * SECOND) / (250 * MS)) as usize;
    assert!(acked(4 * SECOND, found) + 1 >= due && handled(4 * SECOND, found) + 1 >= due, "produce and fetch ask no controller");
    let moved = first(&sim, |k| matches!(k, EventKind::LeaderElected { .. }));
    assert!(moved.at_us > found && moved.at_us < found + SECOND, "the leader's wish to stop waits for the new controller");
    // Without a majority a follower's death freezes the high watermark.
    let back = active.iter().find(|a| a.0 > 30 * SECOND).expect("a majority is back").0;
    assert!(acked(22 * SECOND + 100 * MS, back) == 0, "acks=all waits");
    let shrunk = last(&sim, |k| matches!(k, EventKind::IsrChanged { .. })).at_us;
    assert!(shrunk > back + 8 * SECOND && acked(shrunk, 50 * SECOND) > 10, "until broker 3 is fenced");
    assert_eq!(sim.ledger().figures(sim.world()).lost, 0);
    let lines = why(moved.seq, &sim, Lang::En);
    assert!(lines.iter().any(|l| l.starts_with("Broker 1 is asked to stop")), "{lines:?}");
    let lines = why(last(&sim, |k| matches!(k, EventKind::Fenced { .. })).seq, &sim, Lang::En);
    assert!(lines.iter().any(|l| l.starts_with("Broker 3 crashes")), "{lines:?}");
}

#[test]
fn repl_e10_another_min_isr_holds_at_once_and_clears_the_elr() {
    let mut s = scene(3, 3, r#"{"linger.ms":0}"#, r#"{"min.insync.replicas":3}"#);
    s.commands = vec![crash(SECOND, 3), send(15 * SECOND, "A")];
    let set = |at_us, value| at(at_us, Do::AlterConfig { topic: "pay".into(), name: "min.insync.replicas".into(), value });
    s.commands.push(set(20 * SECOND, 2));
    s.until_us = 40 * SECOND;
    let sim = begin(&s);
    let at_19 = {
        let mut sim = sim.clone();
        sim.advance_to(19 * SECOND);
        (state(&sim), all(&sim, |k| matches!(k, EventKind::Acked { .. })).len())
    };
    assert_eq!(at_19, ((Some(1), vec![1, 2], vec![3]), 0));
    let sim = run(&s);
    assert_eq!(state(&sim), (Some(1), vec![1, 2], vec![]));
    assert_eq!(all(&sim, |k| matches!(k, EventKind::Acked { .. })).len(), 1, "two are enough now");
}

#[test]
fn repl_e11_a_preferred_election_needs_the_first_replica_in_the_isr() {
    let ask = |at_us| at(at_us, Do::ElectPreferredLeader { topic: "pay".into(), partition: 0 });
    for voters in [1, 3] {
        let mut s = scene(3, 3, r#"{"linger.ms":0}"#, "{}");
        s.topology.voters = voters;
        s.commands = vec![ask(SECOND), crash(2 * SECOND, 1), ask(15 * SECOND), start(16 * SECOND, 1), ask(40 * SECOND)];
        s.until_us = 45 * SECOND;
        let sim = run(&s);
        let refused: Vec<EventKind> = all(&sim, |k| matches!(k, EventKind::ElectionRefused { .. })).iter().map(|e| e.kind).collect();
        let refusal = |error| EventKind::ElectionRefused { partition: P0, error };
        assert_eq!(refused, [refusal(ErrorCode::ElectionNotNeeded), refusal(ErrorCode::PreferredLeaderNotAvailable)]);
        assert_eq!((state(&sim).0, leader_epoch(&sim)), (Some(1), 2), "{voters} voters");
    }
}

#[test]
fn ctrl_commands_need_an_active_controller() {
    let mut s = quorum(1);
    let ask = at(6 * SECOND, Do::ElectPreferredLeader { topic: "pay".into(), partition: 0 });
    s.commands = vec![crash_voter(5 * SECOND, 1), crash_voter(5 * SECOND, 2), ask];
    assert_eq!(voters(&run(&s), |q| *q == QuorumEvent::NobodyActive).len(), 1);
}

/// Faults of controllers, brokers and their links by seed; then everything is repaired.
fn storm(seed: u64) -> Scenario {
    let mut s = quorum(seed);
    let short = r#"{"replica.lag.time.max.ms":3000,"broker.session.timeout.ms":900,"broker.heartbeat.interval.ms":200,
        "replica.socket.timeout.ms":1000,"replica.fetch.backoff.ms":100,"controller.quorum.fetch.timeout.ms":1000,
        "controller.quorum.election.timeout.ms":500}"#;
    s.configs = serde_json::from_str(short).unwrap();
    s.network.jitter_us = 3_000;
    s.workload = vec![
        serde_json::from_str(r#"{"producer":"checkout","topic":"pay","keys":["A"],"start_us":1000,"every_us":50000,"count":300}"#).unwrap(),
    ];
    let dice = |i: u64, what: u64| fingerprint(&(seed, i, what));
    for i in 0..40 {
        let (t, x, y) = (i * 300 * MS + dice(i, 0) % (300 * MS), (dice(i, 1) % 3) as u8 + 1, (dice(i, 2) % 3) as u8 + 1);
        let a = End::Voter(x);
        let b = if dice(i, 3) % 2 == 0 { End::Broker(y) } else { End::Voter(y) };
        let faults = match dice(i, 4) % 9 {
            0 | 1 => vec![crash_voter(t, x)],
            2 | 3 => vec![start_voter(t, x)],
            4 if a != b => links(t, a, b, true).to_vec(),
            5 if a != b => links(t, a, b, false).to_vec(),
            6 => vec![at(t, Do::Pause { who: a, for_us: dice(i, 5) % SECOND })],
            7 => vec![if dice(i, 6) % 2 == 0 { crash(t, y) } else { stop(t, y) }],
            8 => vec![start(t, y)],
            _ => {
                vec![at(t, Do::CutLink { from: b, to: End::Voter(x % 3 + 1) })].into_iter().filter(|_| b != End::Voter(x % 3 + 1)).collect()
            }
        };
        s.commands.extend(faults);
    }
    s.until_us = 60 * SECOND; // an AlterPartition that was lost is sent again after 30 s
    let t = 15 * SECOND;
    for v in 1..=3 {
        s.commands.push(start_voter(t, v));
        (1..=3).for_each(|o| s.commands.extend(links(t, End::Voter(v), End::Broker(o), false)));
        (v + 1..=3).for_each(|o| s.commands.extend(between_voters(t, v, o, false)));
        s.commands.push(start(t, v));
        s.commands.push(start(t + 5 * SECOND, v)); // a stop may have taken effect since
    }
    s
}

#[test]
fn ctrl_i_c1_i_c3_hold_in_every_storm_and_afterwards_all_is_well() {
    let storms = if std::env::var_os("HIGHWATER_LONG").is_some() { 5_000 } else { 60 };
    for seed in 0..storms {
        let mut sim = begin(&storm(seed));
        let (mut out, mut seen) = (Out::default(), 0);
        while sim.step(&mut out) {
            let broken = violations_after(sim.world(), sim.ledger(), sim.events().iter_from(seen).map(|e| &e.kind));
            assert!(broken.is_empty(), "seed {seed} at {}: {broken:?}", sim.now_us());
            seen = sim.events().len();
            let (implied, armed) = implied_and_armed(&sim);
            assert_eq!(armed, implied, "seed {seed} at {}", sim.now_us());
        }
        let active = sim.world().active_voter().unwrap_or_else(|| panic!("seed {seed}: nobody is active"));
        assert!(active.active().expect("it is").brokers.iter().all(|r| !r.fenced && !r.stopping), "seed {seed}");
        assert_eq!(state(&sim).1, [1, 2, 3], "seed {seed}");
        assert!(sim.world().voters.iter().all(|v| v.log == active.log), "seed {seed}: logs differ");
        let applied: Vec<u32> = sim.world().brokers.iter().map(|b| b.applied).collect();
        let newest: Vec<_> = sim.events().iter().rev().filter(|e| e.kind.notable()).take(12).collect();
        assert_eq!(applied, [sim.world().controller.end; 3], "seed {seed}: {newest:#?}");
    }
}

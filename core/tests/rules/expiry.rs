//! cons.K7 and txn.T8: what a coordinator forgets of groups without members and of ids that nobody uses.

use crate::common::*;
use highwater_core::event::{ErrorCode, EventKind, GroupEvent, TxnEvent};
use highwater_core::kafka::transaction::TxnState;
use highwater_core::scenario::{Do, Features, Scenario, TimedCommand};
use highwater_core::sim::Sim;

/// A member reads and commits a record, stops, and is back at this second.
fn away_until(second: u64, configs: &str) -> Scenario {
    let mut s = with_consumer(
        scene(3, 3, r#"{"linger.ms":0}"#, "{}"),
        &format!(
            r#"{{"group":"billing","topics":["pay"],"handling_us":1000,"commit":"after_handling",
            "configs":{{"auto.offset.reset":"earliest"{configs}}}}}"#
        ),
    );
    s.kafka = "4.3".into();
    s.configs.insert("offsets.retention.minutes".into(), 1.into());
    s.commands = vec![send(SECOND, "A")];
    s.commands.extend([at(5 * SECOND, Do::StopConsumer { consumer: 0 }), at(second * SECOND, Do::StartConsumer { consumer: 0 })]);
    s.until_us = 150 * SECOND;
    s
}

fn handled(sim: &Sim) -> usize {
    all(sim, |k| matches!(k, EventKind::Handled { .. })).len()
}

fn expired(sim: &Sim) -> Vec<u64> {
    all(sim, |k| matches!(k, EventKind::Group { what: GroupEvent::OffsetsExpired { .. }, .. })).iter().map(|e| e.at_us / SECOND).collect()
}

#[test]
fn cons_k7_commits_are_forgotten_when_a_group_had_no_members_for_so_long() {
    for protocol in ["", r#","group.protocol":"consumer""#] {
        let late = step_by_step(&away_until(80, protocol));
        assert_eq!((handled(&late), expired(&late)), (2, vec![65]), "auto.offset.reset decides again{protocol}");
        let early = step_by_step(&away_until(60, protocol));
        assert_eq!((handled(&early), expired(&early)), (1, vec![]), "its commit was there{protocol}");
        let mut s = away_until(80, protocol);
        s.configs.clear();
        assert_eq!(handled(&run(&s)), 1, "the default is seven days");
    }
}

#[test]
fn cons_k7_a_new_coordinator_counts_anew_and_reads_what_was_forgotten() {
    let mut s = away_until(140, "");
    let p = begin(&s).setup().groups[0].coordinator;
    let coordinator = begin(&s).setup().first_leader(p).0;
    s.commands.push(crash(30 * SECOND, coordinator));
    let sim = step_by_step(&s);
    let times = expired(&sim);
    assert!(times.len() == 1 && (90..110).contains(&times[0]), "{times:?}");
    s.commands.push(start(100 * SECOND, coordinator));
    s.commands.push(at(110 * SECOND, Do::ElectPreferredLeader { topic: "pay".into(), partition: 0 }));
    assert_eq!(handled(&step_by_step(&s)), 2);
}

/// A transactional producer commits A, and sends B much later.
fn idle_producer(transaction: u8) -> Scenario {
    let mut s = scene(3, 3, r#"{"linger.ms":0,"transactional.id":"till"}"#, "{}");
    s.features = Features { transaction: Some(transaction), ..Features::default() };
    s.topology
        .producers
        .push(serde_json::from_str(r#"{"name":"successor","configs":{"linger.ms":0,"transactional.id":"till"}}"#).expect("a producer"));
    s.configs.insert("transactional.id.expiration.ms".into(), 5000.into());
    s.commands = vec![send(SECOND, "A"), commit(2 * SECOND, "checkout"), send(12 * SECOND, "B")];
    s.until_us = 40 * SECOND;
    s
}

fn commit(at_us: u64, producer: &str) -> TimedCommand {
    at(at_us, Do::CommitTransaction { producer: producer.into() })
}

fn states(sim: &Sim) -> Vec<(TxnState, u16, u16)> {
    let of = |e: &highwater_core::event::Event| match e.kind {
        EventKind::Txn(TxnEvent::State { id, state, .. }) => Some((state, id.n, id.epoch)),
        _ => None,
    };
    sim.events().iter().filter_map(of).collect()
}

#[test]
fn txn_t8_an_id_that_nobody_uses_expires_and_its_producer_can_only_be_closed() {
    for version in [1, 2] {
        let mut s = idle_producer(version);
        let sim = step_by_step(&s);
        let dead = first(&sim, |k| matches!(k, EventKind::Txn(TxnEvent::State { state: TxnState::Dead, .. })));
        assert!((7 * SECOND..8 * SECOND).contains(&dead.at_us), "five seconds after its commit, at {}", dead.at_us);
        let failed =
            |k: &EventKind| matches!(k, EventKind::Txn(TxnEvent::Failed { error: ErrorCode::InvalidProducerIdMapping, fatal: true, .. }));
        assert_eq!(all(&sim, failed).len(), 1, "transaction.version {version}");
        assert_eq!(all(&sim, |k| matches!(k, EventKind::Acked { .. })).len(), 1, "A alone");
        // A new process gets another producer id.
        let mut b = send(20 * SECOND, "C");
        if let Do::Send { producer, .. } = &mut b.what {
            *producer = "successor".into();
        }
        s.commands.extend([b, commit(21 * SECOND, "successor")]);
        let sim = step_by_step(&s);
        let after: Vec<_> = states(&sim).into_iter().skip_while(|x| x.0 != TxnState::Dead).skip(1).map(|x| (x.0, x.1)).collect();
        assert_eq!(after[..2], [(TxnState::Empty, 1), (TxnState::Ongoing, 1)], "transaction.version {version}");
        assert!(after.contains(&(TxnState::CompleteCommit, 1)), "{after:?}");
    }
}

#[test]
fn txn_t8_an_open_transaction_does_not_expire() {
    let mut s = idle_producer(2);
    s.commands = vec![send(SECOND, "A"), commit(20 * SECOND, "checkout")];
    let sim = step_by_step(&s);
    let before: Vec<TxnState> = states(&sim).into_iter().map(|x| x.0).collect();
    assert_eq!(before, [TxnState::Empty, TxnState::Ongoing, TxnState::PrepareCommit, TxnState::CompleteCommit, TxnState::Dead]);
}

#[test]
fn txn_t8_a_new_coordinator_knows_what_is_dead() {
    let mut s = idle_producer(2);
    let p = begin(&s).setup().transactions[0].coordinator;
    let coordinator = begin(&s).setup().first_leader(p).0;
    s.commands.push(crash(9 * SECOND, coordinator));
    s.commands.retain(|c| c.at_us < 10 * SECOND);
    s.commands.push(send(25 * SECOND, "B"));
    let sim = step_by_step(&s);
    assert_eq!(states(&sim).iter().filter(|x| x.0 == TxnState::Dead).count(), 1);
    assert_eq!(all(&sim, |k| matches!(k, EventKind::Txn(TxnEvent::Failed { fatal: true, .. }))).len(), 1);
}

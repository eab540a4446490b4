//! Section 5B: the classic protocol, as the scenes that show it.

use crate::common::*;
use crate::world::Bench;
use highwater_core::event::{ErrorCode, EventKind, GroupEvent, RemovalCause};
use highwater_core::ids::*;
use highwater_core::kafka::group::coordinator::{Group, GroupState};
use highwater_core::kafka::message::Body;
use highwater_core::scenario::{Do, End, Scenario};
use highwater_core::sim::Sim;

const RANGE: &str = "org.apache.kafka.clients.consumer.RangeAssignor";
const STICKY: &str = "org.apache.kafka.clients.consumer.StickyAssignor";
const COOPERATIVE: &str = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
const G: GroupIx = GroupIx(0);

/// Six partitions of `pay`, a record to each of them every 100 ms; `members` run, `standby` more can be started.
fn scene_of(members: u8, standby: u8, strategy: &str, configs: &str) -> Scenario {
    let text = format!(
        r#"{{"format":1,"kafka":"4.1","seed":7,"until_us":60000000,"network":{{"delay_us":2000}},
        "topology":{{"brokers":3,"topics":[{{"name":"pay","partitions":6,"replication.factor":3}}],
          "producers":[{{"name":"checkout","configs":{{"linger.ms":0}}}}]}},
        "apps":[{{"group":"billing","topics":["pay"],"members":{members},"standby":{standby},"handling_us":1000,"commit":"after_handling",
          "configs":{{"auto.offset.reset":"earliest","partition.assignment.strategy":"{strategy}"{configs}}}}}],
        "workload":[{{"producer":"checkout","topic":"pay","keys":["a","b","c","d","e","f","g","h","i","j"],"start_us":0,"every_us":100000,"count":500}}]}}"#
    );
    parse(&text)
}

fn consumer(at_us: u64, what: impl Fn(u8) -> Do, c: u8) -> highwater_core::scenario::TimedCommand {
    at(at_us, what(c))
}
fn start_consumer(c: u8) -> Do {
    Do::StartConsumer { consumer: c }
}
fn stop_consumer(c: u8) -> Do {
    Do::StopConsumer { consumer: c }
}
fn crash_consumer(c: u8) -> Do {
    Do::CrashConsumer { consumer: c }
}

/// The group at its coordinator, whoever that is.
fn group(sim: &Sim) -> &Group {
    let p = sim.setup().groups[0].coordinator;
    let leader = sim.world().controller.partitions[p.ix()].leader.expect("somebody leads it");
    sim.world().broker(leader).group(G).expect("it coordinates the group")
}

/// What happens in the group, with the times in milliseconds.
fn told(sim: &Sim) -> Vec<(u64, GroupEvent)> {
    let group = |e: &highwater_core::event::Event| match e.kind {
        EventKind::Group { what, .. } => Some((e.at_us / MS, what)),
        _ => None,
    };
    sim.events().iter().filter_map(group).collect()
}

fn generations(sim: &Sim) -> Vec<u32> {
    let stable = |(_, w): &(u64, GroupEvent)| match w {
        GroupEvent::Stable { generation } => Some(*generation),
        _ => None,
    };
    told(sim).iter().filter_map(stable).collect()
}

/// Numbers of the partitions of each member, as it knows itself.
fn owned(sim: &Sim) -> Vec<Vec<u16>> {
    sim.world().consumers.iter().map(|c| c.partitions().map(|p| p.0).collect()).collect()
}

/// Every subscribed partition has one owner, and coordinator and members agree on it.
fn settled(sim: &Sim, members: usize) {
    let g = group(sim);
    assert_eq!((g.state, g.members.len()), (GroupState::Stable, members));
    for m in &g.members {
        let c = &sim.world().consumers[m.id.consumer.ix()];
        assert_eq!(c.member.credentials(), Some((m.id, g.generation)));
        assert_eq!(c.partitions().collect::<Vec<_>>(), m.assignment.to_vec());
    }
    let mut all: Vec<u16> = g.members.iter().flat_map(|m| m.assignment.iter().map(|p| p.0)).collect();
    all.sort_unstable();
    assert_eq!(all, (0..6).collect::<Vec<_>>());
}

fn handled_all_once(sim: &Sim) {
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.effects, f.delivered), (f.sent, f.sent), "{f:?}");
}

#[test]
fn group_formed_before_the_scene_goes_on_with_heartbeats_alone() {
    let mut s = scene_of(3, 0, RANGE, "");
    s.until_us = 120 * SECOND;
    let sim = run(&s);
    assert_eq!(told(&sim), [], "session.timeout.ms has passed more than twice");
    settled(&sim, 3);
    assert_eq!(owned(&sim), [[0, 1], [2, 3], [4, 5]]);
    handled_all_once(&sim);
}

#[test]
fn group_g1_a_new_member_gets_an_id_first() {
    let mut s = scene_of(1, 1, RANGE, "");
    s.commands = vec![consumer(10 * SECOND, start_consumer, 1)];
    let sim = run(&s);
    let joins = sim.events().iter().filter(|e| {
        matches!(
            e.kind,
            EventKind::Sent { from: Actor::Consumer(ConsumerIx(1)), message: highwater_core::event::MessageKind::JoinGroup, .. }
        )
    });
    assert_eq!(joins.count(), 2, "MEMBER_ID_REQUIRED, then with the id");
    settled(&sim, 2);
}

#[test]
fn group_g2_g3_g4_eager_everybody_gives_up_everything_and_waits_for_the_last() {
    let mut s = scene_of(2, 1, RANGE, "");
    s.commands = vec![consumer(10 * SECOND, start_consumer, 2)];
    let sim = run(&s);
    settled(&sim, 3);
    assert_eq!(generations(&sim), [2]);
    assert_eq!(owned(&sim), [[0, 1], [2, 3], [4, 5]]);
    let story = told(&sim);
    let revoked = story.iter().filter(|e| matches!(e.1, GroupEvent::Revoked { .. })).count();
    assert_eq!(revoked, 6, "all of them, though four stay where they were");
    let formed = story.iter().position(|e| matches!(e.1, GroupEvent::Formed { members: 3, generation: 2, .. })).expect("formed");
    assert!(story[..formed].iter().filter(|e| matches!(e.1, GroupEvent::Revoked { .. })).count() == 6, "before the join phase ends");
    let stable = story.iter().position(|e| matches!(e.1, GroupEvent::Stable { .. })).expect("stable");
    assert!(story[stable..].iter().filter(|e| matches!(e.1, GroupEvent::Assigned { .. })).count() == 6);
    // Old members learn of it by their heartbeats, at most heartbeat.interval.ms later.
    assert!(story[stable].0 > 10_000 && story[stable].0 < 13_200, "{}", story[stable].0);
    handled_all_once(&sim);
}

#[test]
fn group_g2_an_empty_group_waits_for_more_members_in_rounds() {
    let mut s = scene_of(0, 3, RANGE, "");
    s.commands = vec![
        consumer(SECOND, start_consumer, 0),
        consumer(3 * SECOND, start_consumer, 1),  // in the first round: one more follows
        consumer(11 * SECOND, start_consumer, 2), // long after
    ];
    let sim = run(&s);
    let formed: Vec<(u64, u16)> = told(&sim)
        .iter()
        .filter_map(|e| match e.1 {
            GroupEvent::Formed { members, .. } => Some((e.0, members)),
            _ => None,
        })
        .collect();
    assert_eq!(formed.len(), 2, "{formed:?}");
    assert!((7_000..7_050).contains(&formed[0].0) && formed[0].1 == 2, "two rounds of 3 s from the first join on: {formed:?}");
    assert_eq!(formed[1].1, 3);
    settled(&sim, 3);
    assert_eq!(group(&sim).generation, 2);
}

#[test]
fn group_g3_who_does_not_join_again_in_time_is_out() {
    // c2 is busy with a record for 20 s: no poll, no rejoin; the rebalance timeout is max.poll.interval.ms.
    let mut s = scene_of(2, 1, RANGE, r#","max.poll.interval.ms":5000,"max.poll.records":1"#);
    s.apps[0].handling_us = 20 * SECOND;
    s.workload[0].count = 6;
    s.commands = vec![consumer(SECOND, start_consumer, 2)];
    s.until_us = 12 * SECOND;
    let sim = run(&s);
    let gone: Vec<RemovalCause> = told(&sim)
        .iter()
        .filter_map(|e| match e.1 {
            GroupEvent::MemberRemoved { why, .. } => Some(why),
            _ => None,
        })
        .collect();
    assert!(gone.contains(&RemovalCause::NotRejoined) || gone.contains(&RemovalCause::Left), "{gone:?}");
    assert!(group(&sim).members.len() < 3);
}

#[test]
fn group_g5_g7_a_dead_member_is_noticed_after_its_session_timeout() {
    let mut s = scene_of(3, 0, RANGE, r#","session.timeout.ms":10000"#);
    s.commands = vec![consumer(10 * SECOND, crash_consumer, 1)];
    let sim = run(&s);
    let story = told(&sim);
    let gone = story.iter().find(|e| matches!(e.1, GroupEvent::MemberRemoved { why: RemovalCause::SessionExpired, .. })).expect("noticed");
    assert!((17_000..=20_010).contains(&gone.0), "10 s after its last heartbeat: {}", gone.0);
    settled(&sim, 2);
    let f = sim.ledger().figures(sim.world());
    assert!(f.delivered == f.sent, "what waited is read by the others: {f:?}");
}

#[test]
fn group_g7_a_member_that_stops_leaves_at_once() {
    let mut s = scene_of(3, 0, RANGE, "");
    s.commands = vec![consumer(10 * SECOND, stop_consumer, 1)];
    let sim = run(&s);
    let left = told(&sim).into_iter().find(|e| matches!(e.1, GroupEvent::MemberRemoved { why: RemovalCause::Left, .. })).expect("left");
    assert!(left.0 < 10_100, "{}", left.0);
    settled(&sim, 2);
    handled_all_once(&sim);
}

#[test]
fn group_the_last_member_leaves_an_empty_group() {
    let mut s = scene_of(1, 0, RANGE, "");
    s.commands = vec![consumer(10 * SECOND, stop_consumer, 0), consumer(20 * SECOND, start_consumer, 0)];
    s.until_us = 19 * SECOND;
    let sim = run(&s);
    assert_eq!((group(&sim).state, group(&sim).generation), (GroupState::Empty, 2));
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    settled(&sim, 1);
    assert_eq!(group(&sim).generation, 3, "generations go on counting");
    handled_all_once(&sim);
}

#[test]
fn group_g8_too_long_without_poll_costs_the_partitions() {
    let mut s = scene_of(2, 0, RANGE, r#","max.poll.interval.ms":5000,"max.poll.records":10"#);
    s.apps[0].handling_us = 2 * SECOND;
    s.workload[0].count = 40;
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    let story = told(&sim);
    let late = story.iter().position(|e| matches!(e.1, GroupEvent::PollIntervalExceeded { .. })).expect("busy for longer than 5 s");
    let GroupEvent::PollIntervalExceeded { member } = story[late].1 else { unreachable!() };
    let after = |what: fn(&GroupEvent) -> Option<ConsumerIx>| story[late..].iter().any(|e| what(&e.1) == Some(member));
    assert!(after(|e| match e {
        GroupEvent::MemberRemoved { member, why: RemovalCause::Left } => Some(*member),
        _ => None,
    }));
    assert!(after(|e| match e {
        GroupEvent::CommitRefused { member, error: ErrorCode::UnknownMemberId } => Some(*member),
        _ => None,
    }));
    assert!(after(|e| match e {
        GroupEvent::PartitionLost { member, .. } => Some(*member),
        _ => None,
    }));
    let f = sim.ledger().figures(sim.world());
    assert!(f.effects > f.sent, "C-A1: what it had handled is handled again: {f:?}");
}

#[test]
fn group_g9_a_paused_member_comes_back_as_a_zombie_and_its_commit_is_refused() {
    let mut s = scene_of(2, 0, RANGE, r#","session.timeout.ms":6000,"heartbeat.interval.ms":2000"#);
    s.apps[0].handling_us = 300 * MS;
    s.commands = vec![at(10 * SECOND, Do::Pause { who: End::Consumer(0), for_us: 20 * SECOND })];
    s.until_us = 120 * SECOND;
    let sim = run(&s);
    let story = told(&sim);
    let gone = story.iter().find(|e| matches!(e.1, GroupEvent::MemberRemoved { why: RemovalCause::SessionExpired, .. })).expect("gone");
    assert!((14_000..=16_010).contains(&gone.0), "{}", gone.0);
    let back = 30_000;
    let refused = |e: &&(u64, GroupEvent)| {
        matches!(e.1, GroupEvent::CommitRefused { member: ConsumerIx(0), .. } | GroupEvent::Fenced { member: ConsumerIx(0), .. })
    };
    assert!(story.iter().find(refused).is_some_and(|e| e.0 >= back), "it learns of it after it has woken up");
    settled(&sim, 2);
}

#[test]
fn group_cooperative_only_what_moves_stops() {
    let mut s = scene_of(2, 1, COOPERATIVE, "");
    s.commands = vec![consumer(10 * SECOND, start_consumer, 2)];
    let sim = run(&s);
    settled(&sim, 3);
    assert_eq!(generations(&sim), [2, 3], "two rounds: what moves belongs to nobody in the first");
    let revoked: Vec<u16> = told(&sim)
        .iter()
        .filter_map(|e| match e.1 {
            GroupEvent::Revoked { partition, .. } => Some(partition.0),
            _ => None,
        })
        .collect();
    assert_eq!(revoked.len(), 2, "{revoked:?}");
    // Members read on during the rebalance; a commit between join and sync is refused (G9), and if its partition moves,
    // that record is handled again by the next owner.
    let refused =
        told(&sim).iter().filter(|e| matches!(e.1, GroupEvent::CommitRefused { error: ErrorCode::RebalanceInProgress, .. })).count();
    let f = sim.ledger().figures(sim.world());
    assert!(f.effects >= f.sent && f.effects - f.sent <= refused as u64, "{refused} {f:?}");
}

#[test]
fn group_cooperative_one_round_is_enough_if_nothing_moves_between_the_living() {
    let mut s = scene_of(3, 0, COOPERATIVE, "");
    s.commands = vec![consumer(10 * SECOND, stop_consumer, 2)];
    let sim = run(&s);
    settled(&sim, 2);
    assert_eq!(generations(&sim), [2]);
    let revoked = |e: &&(u64, GroupEvent)| matches!(e.1, GroupEvent::Revoked { .. });
    let closing = |e: &&(u64, GroupEvent)| matches!(e.1, GroupEvent::Revoked { member: ConsumerIx(2), .. });
    assert_eq!(told(&sim).iter().filter(revoked).count(), told(&sim).iter().filter(closing).count(), "only who closes gives anything up");
}

#[test]
fn group_g7_close_gives_the_partitions_up_before_it_leaves() {
    let mut s = scene_of(2, 0, RANGE, "");
    s.commands = vec![consumer(10 * SECOND, stop_consumer, 1)];
    let story = told(&run(&s));
    let at = |which: fn(&GroupEvent) -> bool| story.iter().position(|e| which(&e.1)).expect("it happens");
    let given_up = at(|e| matches!(e, GroupEvent::Revoked { member: ConsumerIx(1), .. }));
    assert!(given_up < at(|e| matches!(e, GroupEvent::Stopped { member: ConsumerIx(1) })));
    assert!(given_up < at(|e| matches!(e, GroupEvent::MemberRemoved { .. })));
}

#[test]
fn group_g2_without_an_initial_delay_the_first_member_is_served_at_once() {
    let mut s = scene_of(0, 1, RANGE, "");
    s.configs.insert("group.initial.rebalance.delay.ms".into(), 0.into());
    s.commands = vec![consumer(SECOND, start_consumer, 0)];
    let stable = told(&run(&s)).into_iter().find(|e| matches!(e.1, GroupEvent::Stable { .. })).expect("formed");
    assert!(stable.0 < 1_100, "{}", stable.0);
}

#[test]
fn group_sticky_is_eager_but_remembers() {
    let mut s = scene_of(3, 0, STICKY, "");
    s.commands = vec![consumer(10 * SECOND, stop_consumer, 1)];
    let sim = run(&s);
    settled(&sim, 2);
    let before = begin(&s);
    for c in [0, 2] {
        assert!(owned(&before)[c].iter().all(|p| owned(&sim)[c].contains(p)), "what it had it has again: {:?}", owned(&sim));
    }
}

#[test]
fn group_rebalance_protocol_is_eager_with_the_default_list() {
    let both = format!("{RANGE},{COOPERATIVE}");
    let mut s = scene_of(2, 1, &both, "");
    s.commands = vec![consumer(10 * SECOND, start_consumer, 2)];
    let sim = run(&s);
    assert_eq!(generations(&sim), [2], "range, in one round");
    assert_eq!(owned(&sim), [[0, 1], [2, 3], [4, 5]]);
}

#[test]
fn group_static_member_restarts_without_a_rebalance() {
    let mut s = scene_of(2, 0, RANGE, r#","group.instance.id":"till""#);
    s.commands = vec![consumer(10 * SECOND, stop_consumer, 1), consumer(20 * SECOND, start_consumer, 1)];
    let sim = run(&s);
    settled(&sim, 2);
    assert_eq!(group(&sim).generation, 1);
    assert!(!told(&sim).iter().any(|e| matches!(e.1, GroupEvent::Rebalancing { .. })));
    assert!(group(&sim).members.iter().any(|m| m.id.life == 2), "under a new member id");
    handled_all_once(&sim);
}

#[test]
fn group_static_member_that_stays_away_is_removed_after_its_session() {
    let mut s = scene_of(2, 0, RANGE, r#","group.instance.id":"till","session.timeout.ms":10000"#);
    s.commands = vec![consumer(10 * SECOND, crash_consumer, 1)];
    let sim = run(&s);
    settled(&sim, 1);
}

#[test]
fn group_static_member_that_was_paused_is_fenced_by_its_successor() {
    // The same process cannot run twice here; what it sends after a restart counts, what an older life says does not.
    let mut s = scene_of(1, 0, RANGE, r#","group.instance.id":"till""#);
    s.commands = vec![consumer(10 * SECOND, crash_consumer, 0), consumer(11 * SECOND, start_consumer, 0)];
    let sim = run(&s);
    settled(&sim, 1);
    assert_eq!(group(&sim).members[0].id.life, 2);
}

#[test]
fn group_coordinator_failover_keeps_members_and_commits() {
    let mut s = scene_of(3, 1, RANGE, "");
    let coordinator = {
        let sim = begin(&s);
        sim.setup().first_leader(sim.setup().groups[0].coordinator).0
    };
    // A generation that was written, then the coordinator dies.
    s.commands = vec![consumer(5 * SECOND, start_consumer, 3), crash(20 * SECOND, coordinator)];
    s.until_us = 90 * SECOND;
    let sim = run(&s);
    let story = told(&sim);
    let loaded = story.iter().find(|e| matches!(e.1, GroupEvent::Loaded { generation: 2, .. })).expect("as the log has it");
    assert!(loaded.0 > 20_000);
    assert!(!story.iter().any(|e| e.0 > 20_000 && matches!(e.1, GroupEvent::Rebalancing { .. })), "nobody has to join again");
    settled(&sim, 4);
    let f = sim.ledger().figures(sim.world());
    assert_eq!(f.delivered, f.sent, "{f:?}");
}

#[test]
fn group_coordinator_failover_in_the_middle_of_a_rebalance_leads_to_another() {
    let mut s = scene_of(2, 1, RANGE, "");
    let coordinator = {
        let sim = begin(&s);
        sim.setup().first_leader(sim.setup().groups[0].coordinator).0
    };
    s.commands = vec![consumer(10 * SECOND, start_consumer, 2), crash(10 * SECOND + 20 * MS, coordinator)];
    s.until_us = 90 * SECOND;
    let sim = run(&s);
    settled(&sim, 3);
    let f = sim.ledger().figures(sim.world());
    assert_eq!(f.delivered, f.sent, "{f:?}");
}

#[test]
fn group_generations_only_grow_and_commits_come_from_the_current_one() {
    let mut s = scene_of(2, 2, COOPERATIVE, r#","session.timeout.ms":6000,"heartbeat.interval.ms":1000"#);
    s.commands = vec![
        consumer(5 * SECOND, start_consumer, 2),
        consumer(7 * SECOND, crash_consumer, 0),
        consumer(9 * SECOND, start_consumer, 3),
        consumer(14 * SECOND, start_consumer, 0),
        consumer(20 * SECOND, stop_consumer, 1),
    ];
    let sim = run(&s);
    let g = generations(&sim);
    assert!(g.windows(2).all(|w| w[0] < w[1]), "{g:?}");
    settled(&sim, 3);
}

#[test]
fn group_g9_who_is_no_member_commits_only_for_an_empty_group() {
    for members in [0, 1] {
        let s = scene_of(members, 1 - members, RANGE, "");
        let mut b = Bench::new(&s);
        let coordinator = b.world.setup.first_leader(b.world.setup.groups[0].coordinator);
        let conn = b.world.consumers[0].meta.conn(coordinator);
        let offsets = [(P0, Offset(7))].into_iter().collect();
        let by_hand = Body::OffsetCommit { conn, group: G, member: None, offsets };
        b.inject(Actor::Consumer(ConsumerIx(0)), Actor::Broker(coordinator), by_hand);
        let refused = b.world.net.iter().find_map(|f| match &*f.body {
            Body::OffsetCommitResponse { result, .. } => result.err(),
            _ => None,
        });
        assert_eq!(refused, (members > 0).then_some(ErrorCode::UnknownMemberId));
    }
}

#[test]
fn bad_group_configs_are_refused() {
    for (configs, says) in [
        (r#","session.timeout.ms":1000"#, "6000"),
        (r#","heartbeat.interval.ms":45000"#, "below session.timeout.ms"),
        (r#","group.protocol":"streams""#, "classic"),
    ] {
        let text = scene_of(1, 0, RANGE, "")
            .to_json()
            .replace(r#""auto.offset.reset": "earliest""#, &format!(r#""auto.offset.reset": "earliest"{configs}"#));
        let e = Scenario::parse(&text).expect_err(configs);
        assert!(e.to_string().contains(says), "{e}");
    }
    let text = scene_of(1, 0, RANGE, "").to_json().replace(RANGE, "range");
    assert!(Scenario::parse(&text).expect_err("no class").to_string().contains(COOPERATIVE));
}

//! Section 5D: the consumer protocol (KIP-848), as the scenes that show it.

use crate::common::*;
use crate::world::Bench;
use highwater_core::event::{ErrorCode, EventKind, GroupEvent, RemovalCause};
use highwater_core::ids::*;
use highwater_core::kafka::group::MemberId;
use highwater_core::kafka::group::consumer::{Beat, BeatAnswer, ConsumerGroup, JOIN, LEAVE, LEAVE_FOR_A_WHILE, MemberState};
use highwater_core::kafka::message::Body;
use highwater_core::scenario::{Do, End, Scenario, shipped};
use highwater_core::sim::Sim;

const G: GroupIx = GroupIx(0);

/// Six partitions of `pay`, a record to each of them every 100 ms; `members` run, `standby` more can be started.
fn scene_of(kafka: &str, brokers: u8, members: u8, standby: u8, configs: &str) -> Scenario {
    parse(&format!(
        r#"{{"format":1,"kafka":"{kafka}","seed":7,"until_us":60000000,"network":{{"delay_us":2000}},
        "topology":{{"brokers":{brokers},"topics":[{{"name":"pay","partitions":6,"replication.factor":{brokers}}}],
          "producers":[{{"name":"checkout","configs":{{"linger.ms":0}}}}]}},
        "apps":[{{"group":"billing","topics":["pay"],"members":{members},"standby":{standby},"handling_us":1000,"commit":"after_handling",
          "configs":{{"auto.offset.reset":"earliest","group.protocol":"consumer"{configs}}}}}],
        "workload":[{{"producer":"checkout","topic":"pay","keys":["a","b","c","d","e","f","g","h","i","j"],"start_us":0,"every_us":100000,"count":500}}]}}"#
    ))
}

fn start_consumer(at_us: u64, consumer: u8) -> highwater_core::scenario::TimedCommand {
    at(at_us, Do::StartConsumer { consumer })
}
fn stop_consumer(at_us: u64, consumer: u8) -> highwater_core::scenario::TimedCommand {
    at(at_us, Do::StopConsumer { consumer })
}
fn crash_consumer(at_us: u64, consumer: u8) -> highwater_core::scenario::TimedCommand {
    at(at_us, Do::CrashConsumer { consumer })
}

fn coordinator(sim: &Sim) -> BrokerId {
    let p = sim.setup().groups[0].coordinator;
    sim.world().controller.partitions[p.ix()].leader.expect("somebody leads it")
}

fn group(sim: &Sim) -> &ConsumerGroup {
    &sim.world().broker(coordinator(sim)).consumer_group(G).expect("it coordinates the group").group
}

/// What happens in the group, with the times in milliseconds.
fn told(sim: &Sim) -> Vec<(u64, GroupEvent)> {
    let group = |e: &highwater_core::event::Event| match e.kind {
        EventKind::Group { what, .. } => Some((e.at_us / MS, what)),
        _ => None,
    };
    sim.events().iter().filter_map(group).collect()
}

fn times(sim: &Sim, which: impl Fn(&GroupEvent) -> bool) -> Vec<u64> {
    told(sim).into_iter().filter(|e| which(&e.1)).map(|e| e.0).collect()
}

/// Every partition has one owner, coordinator and members agree on it, and everybody is in the group's epoch.
fn settled(sim: &Sim, members: usize) {
    let g = group(sim);
    assert_eq!((g.state(), g.members.len()), (if members == 0 { "Empty" } else { "Stable" }, members), "{g:?}");
    for m in &g.members {
        let c = &sim.world().consumers[m.id.consumer.ix()];
        assert_eq!(c.member.credentials(), Some((m.id, g.epoch as u32)));
        assert_eq!(c.partitions().collect::<Vec<_>>(), m.partitions().collect::<Vec<_>>());
    }
    let mut all: Vec<u16> = g.members.iter().flat_map(|m| m.partitions()).map(|p| p.0).collect();
    all.sort_unstable();
    assert_eq!(all, if members == 0 { Vec::new() } else { (0..6).collect::<Vec<_>>() });
}

fn handled_all_once(sim: &Sim) {
    let f = sim.ledger().figures(sim.world());
    assert_eq!((f.effects, f.delivered), (f.sent, f.sent), "{f:?}");
}

#[test]
fn group_n1_heartbeats_alone_keep_a_group() {
    let mut s = scene_of("4.3", 3, 3, 0, "");
    s.until_us = 120 * SECOND;
    let sim = run(&s);
    assert_eq!(told(&sim), [], "group.consumer.session.timeout.ms has passed more than twice");
    settled(&sim, 3);
    handled_all_once(&sim);
}

#[test]
fn group_n2_n4_only_what_moves_stops() {
    let mut s = scene_of("4.1", 3, 2, 1, "");
    s.commands = vec![start_consumer(10 * SECOND, 2)];
    let sim = run(&s);
    settled(&sim, 3);
    assert_eq!(group(&sim).epoch, 4, "the third member's joining bumped it once");
    let story = told(&sim);
    let moved = |which: fn(&GroupEvent) -> Option<PartitionId>| -> Vec<(u64, PartitionId)> {
        story.iter().filter_map(|e| Some((e.0, which(&e.1)?))).collect()
    };
    let revoked = moved(|e| if let GroupEvent::Revoked { partition, .. } = e { Some(*partition) } else { None });
    let assigned = moved(|e| if let GroupEvent::Assigned { partition, .. } = e { Some(*partition) } else { None });
    assert_eq!((revoked.len(), assigned.len()), (2, 2), "one partition of each of the others");
    for (t, p) in &revoked {
        assert!(assigned.iter().any(|a| a.1 == *p && a.0 > *t), "{p} goes to nobody before it is given up");
        assert!(*t >= 10_000 && *t < 15_010, "the others learn of it by a heartbeat of theirs: {t}");
    }
    let stages: Vec<MemberState> = story
        .iter()
        .filter_map(|e| match e.1 {
            GroupEvent::MemberAt { member: ConsumerIx(2), state, .. } => Some(state),
            _ => None,
        })
        .collect();
    assert_eq!(stages.first(), Some(&MemberState::UnreleasedPartitions), "in the new epoch, with nothing yet");
    assert_eq!(stages.last(), Some(&MemberState::Stable));
    handled_all_once(&sim);
}

#[test]
fn group_n3_an_assignment_waits_for_its_interval_and_a_heartbeat() {
    let at_ms = |kafka: &str| {
        let mut s = scene_of(kafka, 3, 1, 2, "");
        s.commands = vec![start_consumer(10 * SECOND, 1), start_consumer(10 * SECOND + 500 * MS, 2)];
        let sim = run(&s);
        settled(&sim, 3);
        times(&sim, |e| matches!(e, GroupEvent::TargetAssigned { .. }))
    };
    let (old, new) = (at_ms("4.1"), at_ms("4.3"));
    assert!(old.len() == 2 && old[1] < 10_510, "at once: {old:?}");
    assert!(new.len() == 2 && new[1] > 11_000, "group.consumer.assignment.interval.ms=1000: {new:?}");
}

#[test]
fn group_n2_the_last_member_leaves_an_empty_group() {
    let mut s = scene_of("4.3", 3, 1, 0, "");
    s.commands = vec![stop_consumer(10 * SECOND, 0), start_consumer(20 * SECOND, 0)];
    s.until_us = 19 * SECOND;
    let sim = run(&s);
    settled(&sim, 0);
    assert_eq!(group(&sim).epoch, 3);
    s.until_us = 60 * SECOND;
    let sim = run(&s);
    settled(&sim, 1);
    assert_eq!(group(&sim).epoch, 4, "epochs go on counting");
    handled_all_once(&sim);
}

#[test]
fn group_n6_a_dead_member_is_noticed_after_the_session_timeout_of_the_brokers() {
    let mut s = scene_of("4.3", 3, 3, 0, "");
    s.configs.insert("group.consumer.session.timeout.ms".into(), 20_000.into());
    s.commands = vec![crash_consumer(10 * SECOND, 1)];
    let sim = run(&s);
    let gone = times(&sim, |e| matches!(e, GroupEvent::MemberRemoved { why: RemovalCause::SessionExpired, .. }));
    assert!(gone.len() == 1 && (25_000..=30_010).contains(&gone[0]), "20 s after its last heartbeat: {gone:?}");
    settled(&sim, 2);
    let f = sim.ledger().figures(sim.world());
    assert_eq!(f.delivered, f.sent, "what waited is read by the others: {f:?}");
}

#[test]
fn group_n6_who_does_not_give_up_in_time_is_out() {
    // c1's coordinator asks it to give a partition up, but the answer does not reach it.
    let mut s = scene_of("4.3", 3, 2, 1, r#","max.poll.interval.ms":8000,"enable.auto.commit":false"#);
    s.apps[0].commit = None; // a commit would wait for its answer, and the member not poll
    let b = coordinator(&begin(&s)).0;
    s.commands = vec![start_consumer(11 * SECOND, 2)];
    s.commands.push(at(12 * SECOND, Do::CutLink { from: End::Broker(b), to: End::Consumer(0) }));
    let sim = run(&s);
    let out = times(&sim, |e| matches!(e, GroupEvent::MemberRemoved { member: ConsumerIx(0), why: RemovalCause::NotRevoked }));
    assert!(out.len() == 1 && (22_900..23_100).contains(&out[0]), "8 s after it was asked: {out:?}");
    assert_eq!(group(&sim).members.iter().map(|m| m.id.consumer.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(group(&sim).state(), "Stable", "the others go on without it");
}

#[test]
fn group_n10_too_long_without_poll_costs_the_partitions() {
    let mut s = scene_of("4.3", 3, 2, 0, r#","max.poll.interval.ms":5000,"max.poll.records":10"#);
    s.apps[0].handling_us = 2 * SECOND;
    s.workload[0].count = 40;
    let sim = run(&s);
    let story = told(&sim);
    let late = story.iter().position(|e| matches!(e.1, GroupEvent::PollIntervalExceeded { .. })).expect("busy for longer than 5 s");
    let GroupEvent::PollIntervalExceeded { member } = story[late].1 else { unreachable!() };
    let then = |which: &dyn Fn(&GroupEvent) -> bool| story[late..].iter().any(|e| which(&e.1));
    assert!(then(&|e| matches!(e, GroupEvent::MemberRemoved { member: m, why: RemovalCause::Left } if *m == member)));
    assert!(then(&|e| matches!(e, GroupEvent::CommitRefused { member: m, error: ErrorCode::UnknownMemberId } if *m == member)));
    assert!(then(&|e| matches!(e, GroupEvent::PartitionLost { member: m, .. } if *m == member)));
    assert!(then(&|e| matches!(e, GroupEvent::Assigned { member: m, .. } if *m == member)), "and it joins again, as whom it is");
    assert!(group(&sim).members.iter().all(|m| m.id.life == 1));
}

#[test]
fn group_n10_a_paused_member_comes_back_as_a_zombie() {
    let mut s = scene_of("4.3", 3, 2, 0, "");
    s.configs.insert("group.consumer.session.timeout.ms".into(), 10_000.into());
    s.apps[0].handling_us = 300 * MS;
    s.commands = vec![at(10 * SECOND, Do::Pause { who: End::Consumer(0), for_us: 20 * SECOND })];
    s.until_us = 120 * SECOND;
    let sim = run(&s);
    let gone = times(&sim, |e| matches!(e, GroupEvent::MemberRemoved { why: RemovalCause::SessionExpired, .. }));
    assert!(gone.len() == 1 && gone[0] <= 20_010, "{gone:?}");
    let fenced = times(&sim, |e| {
        matches!(
            e,
            GroupEvent::CommitRefused { member: ConsumerIx(0), .. }
                | GroupEvent::Fenced { member: ConsumerIx(0), error: ErrorCode::UnknownMemberId }
        )
    });
    assert!(fenced.first().is_some_and(|t| *t >= 30_000), "it learns of it after it has woken up: {fenced:?}");
    assert!(!times(&sim, |e| matches!(e, GroupEvent::PartitionLost { member: ConsumerIx(0), .. })).is_empty());
    settled(&sim, 2);
}

#[test]
fn group_n9_a_static_member_leaves_for_a_while_and_has_what_it_had() {
    let mut s = scene_of("4.3", 3, 2, 0, r#","group.instance.id":"till""#);
    s.commands = vec![stop_consumer(10 * SECOND, 1), start_consumer(20 * SECOND, 1)];
    let sim = run(&s);
    settled(&sim, 2);
    assert_eq!(group(&sim).epoch, 3, "no rebalance");
    assert!(group(&sim).members.iter().any(|m| m.id.life == 2), "under a new member id");
    assert!(times(&sim, |e| matches!(e, GroupEvent::EpochBumped { .. })).is_empty());
    handled_all_once(&sim);
}

#[test]
fn group_n9_a_static_member_that_stays_away_is_removed_after_its_session() {
    let mut s = scene_of("4.3", 3, 2, 0, r#","group.instance.id":"till""#);
    s.configs.insert("group.consumer.session.timeout.ms".into(), 10_000.into());
    s.commands = vec![stop_consumer(10 * SECOND, 1)];
    settled(&run(&s), 1);
}

#[test]
fn group_n9_a_static_member_whose_process_died_must_wait_for_its_own_session() {
    let mut s = scene_of("4.3", 3, 2, 0, r#","group.instance.id":"till""#);
    s.commands = vec![crash_consumer(10 * SECOND, 1), start_consumer(11 * SECOND, 1)];
    let sim = run(&s);
    let fenced = GroupEvent::Fenced { member: ConsumerIx(1), error: ErrorCode::UnreleasedInstanceId };
    assert!(told(&sim).iter().any(|e| e.1 == fenced));
    assert!(!sim.world().consumers[1].up, "fatal for the application");
}

#[test]
fn group_coordinator_failover_keeps_epochs_and_members() {
    let mut s = scene_of("4.3", 3, 3, 1, "");
    let b = coordinator(&begin(&s)).0;
    s.commands = vec![start_consumer(5 * SECOND, 3), crash(30 * SECOND, b)];
    s.until_us = 90 * SECOND;
    let sim = run(&s);
    assert!(!times(&sim, |e| matches!(e, GroupEvent::EpochLoaded { epoch: 5, .. })).is_empty(), "as the log has it");
    assert!(times(&sim, |e| matches!(e, GroupEvent::EpochBumped { .. })).iter().all(|t| *t < 30_000), "nobody has to join again");
    settled(&sim, 4);
    let f = sim.ledger().figures(sim.world());
    assert_eq!(f.delivered, f.sent, "{f:?}");
}

#[test]
fn group_coordinator_failover_in_the_middle_of_a_reconciliation_goes_on_with_it() {
    let mut s = scene_of("4.3", 3, 2, 1, "");
    let b = coordinator(&begin(&s)).0;
    s.commands = vec![start_consumer(10 * SECOND, 2), crash(10 * SECOND + 20 * MS, b)];
    s.until_us = 90 * SECOND;
    let sim = run(&s);
    settled(&sim, 3);
    let f = sim.ledger().figures(sim.world());
    assert_eq!(f.delivered, f.sent, "{f:?}");
}

#[test]
fn group_members_come_and_go_and_the_group_settles() {
    let mut s = scene_of("4.3", 3, 2, 2, "");
    s.configs.insert("group.consumer.session.timeout.ms".into(), 10_000.into());
    s.commands = vec![
        start_consumer(5 * SECOND, 2),
        crash_consumer(7 * SECOND, 0),
        start_consumer(9 * SECOND, 3),
        start_consumer(14 * SECOND, 0),
        stop_consumer(20 * SECOND, 1),
    ];
    let sim = run(&s);
    let epochs: Vec<i32> =
        told(&sim).iter().filter_map(|e| if let GroupEvent::EpochBumped { epoch, .. } = e.1 { Some(epoch) } else { None }).collect();
    assert!(epochs.windows(2).all(|w| w[0] + 1 == w[1]), "{epochs:?}");
    settled(&sim, 3);
}

// ---- what a heartbeat and a commit are answered

/// One broker, so that what it writes is committed at once; `members` members of epoch `members` + 1.
struct Desk {
    bench: Bench,
}

fn id(consumer: u8, life: u16) -> MemberId {
    MemberId { consumer: ConsumerIx(consumer), life }
}

impl Desk {
    fn new(kafka: &str, members: u8, configs: &str) -> Self {
        Desk { bench: Bench::new(&scene_of(kafka, 1, members, 2, configs)) }
    }

    fn ask(&mut self, consumer: u8, body: Body) -> Body {
        self.bench.inject(Actor::Consumer(ConsumerIx(consumer)), Actor::Broker(BrokerId(1)), body);
        let mine = |f: &&highwater_core::kafka::Flight| f.to == Actor::Consumer(ConsumerIx(consumer));
        Body::clone(&self.bench.world.net.iter().rfind(mine).expect("answered").body)
    }

    fn beat(&mut self, member: MemberId, epoch: i32, owned: Option<&[u16]>) -> BeatAnswer {
        self.say(Beat { member, epoch, owned: owned.map(|o| o.iter().map(|p| PartitionId(*p)).collect()), full: false })
    }

    fn say(&mut self, beat: Beat) -> BeatAnswer {
        let consumer = beat.member.consumer.0;
        let conn = self.bench.world.consumers[usize::from(consumer)].meta.conn(BrokerId(1));
        match self.ask(consumer, Body::ConsumerGroupHeartbeat { conn, group: G, beat }) {
            Body::ConsumerGroupHeartbeatResponse { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }

    fn commit(&mut self, member: MemberId, epoch: u32, partition: u16) -> Result<(), ErrorCode> {
        let conn = self.bench.world.consumers[member.consumer.ix()].meta.conn(BrokerId(1));
        let offsets = [(PartitionId(partition), Offset(0))].into_iter().collect();
        match self.ask(member.consumer.0, Body::OffsetCommit { conn, group: G, member: Some((member, epoch)), offsets }) {
            Body::OffsetCommitResponse { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }

    fn group(&self) -> &ConsumerGroup {
        &self.bench.world.broker(BrokerId(1)).consumer_group(G).expect("it coordinates").group
    }
}

fn parts(p: &[u16]) -> Option<highwater_core::kafka::group::Parts> {
    Some(p.iter().map(|p| PartitionId(*p)).collect())
}

#[test]
fn group_n4_n7_n11_the_timeline_of_the_rule_book() {
    // Two members to three: A{0,1,2} B{3,4,5} + C.
    let mut d = Desk::new("4.1", 2, "");
    let (a, b, c) = (id(1, 1), id(0, 1), id(2, 1)); // by their ids' hashes, c2 gets the first half
    assert_eq!(d.beat(a, 3, None), Ok((3, None)), "no news");
    assert_eq!(d.say(Beat { member: a, epoch: 3, owned: parts(&[0, 1, 2]), full: true }), Ok((3, parts(&[0, 1, 2]))), "it asked for all");
    assert_eq!(d.group().state(), "Stable");
    assert_eq!(d.beat(c, JOIN, Some(&[])), Ok((4, parts(&[]))), "in the new epoch, with nothing");
    assert_eq!(d.group().state(), "Reconciling");
    assert_eq!(d.beat(c, 4, None), Ok((4, None)));
    assert_eq!(d.beat(a, 3, None), Ok((3, parts(&[0, 1]))), "it shall give 2 up, and stays in its epoch");
    assert_eq!(d.beat(a, 3, None), Ok((3, None)), "until it says that it has");
    assert_eq!(d.beat(c, 4, None), Ok((4, None)), "nobody gets it before");
    assert_eq!(d.beat(a, 3, Some(&[0, 1])), Ok((4, None)));
    assert_eq!(d.beat(c, 4, None), Ok((4, parts(&[2]))), "now it is free");
    assert_eq!(d.group().member(c).expect("joined").state, MemberState::UnreleasedPartitions, "B still has 5");
    assert_eq!(d.beat(b, 3, None), Ok((3, parts(&[3, 4]))));
    assert_eq!(d.beat(b, 3, Some(&[3, 4])), Ok((4, None)));
    assert_eq!(d.beat(c, 4, Some(&[2])), Ok((4, parts(&[2, 5]))));
    assert_eq!(d.group().state(), "Stable");
    assert_eq!(d.beat(c, LEAVE, None), Ok((LEAVE, None)));
    assert_eq!(d.group().state(), "Assigning", "until a heartbeat comes");
}

#[test]
fn group_n5_epochs_and_ids_are_checked() {
    let mut d = Desk::new("4.1", 2, "");
    let (a, c) = (id(1, 1), id(2, 1));
    assert_eq!(d.beat(a, 4, None), Err(ErrorCode::FencedMemberEpoch), "above");
    assert_eq!(d.beat(a, 1, Some(&[])), Err(ErrorCode::FencedMemberEpoch), "far below");
    assert_eq!(d.beat(c, 3, None), Err(ErrorCode::UnknownMemberId));
    assert_eq!(d.beat(c, LEAVE, None), Err(ErrorCode::UnknownMemberId));
    // A lost answer: C joins again, A says again that it gave 2 up.
    assert_eq!(d.beat(c, JOIN, Some(&[])), Ok((4, parts(&[]))));
    assert_eq!(d.beat(c, JOIN, Some(&[])), Ok((4, parts(&[]))));
    assert_eq!(d.group().epoch, 4, "it is one member");
    assert_eq!(d.beat(a, 3, None), Ok((3, parts(&[0, 1]))));
    assert_eq!(d.beat(a, 3, Some(&[0, 1])), Ok((4, None)));
    assert_eq!(d.beat(a, 3, Some(&[0, 1])), Ok((4, None)), "the previous epoch, and no more than it should have");
    assert_eq!(d.beat(a, 3, Some(&[0, 1, 2])), Err(ErrorCode::FencedMemberEpoch));
    assert_eq!(d.beat(a, 3, None), Err(ErrorCode::FencedMemberEpoch), "it does not say what it has");
}

#[test]
fn group_n8_commits_are_checked_by_epoch() {
    for (kafka, by_partition) in [("4.1", false), ("4.3", true)] {
        let mut d = Desk::new(kafka, 2, "");
        let (a, c) = (id(1, 1), id(2, 1));
        assert_eq!(d.commit(a, 3, 0), Ok(()));
        assert_eq!(d.commit(a, 4, 0), Err(ErrorCode::StaleMemberEpoch));
        assert_eq!(d.commit(a, 2, 0), Err(ErrorCode::StaleMemberEpoch), "it got 0 only in epoch 3");
        assert_eq!(d.commit(c, 3, 0), Err(ErrorCode::UnknownMemberId));
        d.beat(c, JOIN, Some(&[])).expect("joins");
        d.beat(a, 3, None).expect("asked to give 2 up");
        assert_eq!(d.commit(a, 3, 2), Ok(()), "on its way out");
        assert_eq!(d.beat(a, 3, Some(&[0, 1])), Ok((4, None)));
        let old = if by_partition { Ok(()) } else { Err(ErrorCode::StaleMemberEpoch) };
        assert_eq!(d.commit(a, 3, 0), old, "{kafka}: held since epoch 3");
        assert_eq!(d.commit(a, 3, 2), Err(ErrorCode::StaleMemberEpoch), "given up");
        assert_eq!(d.commit(a, 4, 2), Ok(()), "nobody asks for the partition of a current member");
    }
}

#[test]
fn group_n9_instance_ids_are_checked() {
    let mut d = Desk::new("4.1", 2, r#","group.instance.id":"till""#);
    let (old, new) = (id(1, 1), id(1, 2));
    assert_eq!(d.beat(new, JOIN, Some(&[])), Err(ErrorCode::UnreleasedInstanceId));
    assert_eq!(d.beat(old, LEAVE_FOR_A_WHILE, None), Ok((LEAVE_FOR_A_WHILE, None)));
    assert_eq!(d.beat(new, JOIN, Some(&[])), Ok((3, parts(&[0, 1, 2]))));
    assert_eq!(d.beat(old, 3, None), Err(ErrorCode::FencedInstanceId));
    assert_eq!(d.group().epoch, 3);
    // The same process again, after its poll interval: it left, and joins under its own id.
    assert_eq!(d.beat(new, LEAVE_FOR_A_WHILE, None), Ok((LEAVE_FOR_A_WHILE, None)));
    assert_eq!(d.beat(new, JOIN, Some(&[])), Ok((3, parts(&[0, 1, 2]))));
}

// ---- the shipped scene, configs

/// The longest time in which a group handled nothing of some partition, in milliseconds, between 9 s and 20 s.
fn longest_gap(sim: &Sim, group: u8) -> u64 {
    let mut worst = 0;
    for p in (0..6).map(PartitionId) {
        let mut last = 9_000;
        for e in sim.events().iter().filter(|e| (9 * SECOND..20 * SECOND).contains(&e.at_us)) {
            if let EventKind::Handled { consumer, partition, .. } = e.kind
                && partition == p
                && sim.setup().consumers[consumer.ix()].group == GroupIx(group)
            {
                worst = worst.max(e.at_us / MS - last);
                last = e.at_us / MS;
            }
        }
    }
    worst
}

#[test]
fn the_scene_of_two_rebalances_stops_the_world_once() {
    let s = parse(shipped("rebalances").expect("it is shipped"));
    let sim = run(&s);
    let count = |group: u8, which: fn(&GroupEvent) -> bool| {
        let mine = |e: &&highwater_core::event::Event| {
            e.at_us < 20 * SECOND && matches!(e.kind, EventKind::Group { group: g, what } if g == GroupIx(group) && which(&what))
        };
        sim.events().iter().filter(mine).count()
    };
    let revoked = |e: &GroupEvent| matches!(e, GroupEvent::Revoked { .. });
    assert_eq!((count(0, revoked), count(1, revoked)), (6, 2));
    assert_eq!(sim.world().consumers.iter().map(|c| c.assigned.len()).collect::<Vec<_>>(), [0, 3, 3, 0, 3, 3]);
    let (eager, incremental) = (longest_gap(&sim, 0), longest_gap(&sim, 1));
    assert!(eager > 0 && incremental > 0, "{eager} {incremental}");
}

#[test]
fn bad_configs_of_the_consumer_protocol_are_refused() {
    for (configs, says) in [
        (r#","session.timeout.ms":10000"#, "group.consumer"),
        (r#","heartbeat.interval.ms":1000"#, "can't be set"),
        (r#","partition.assignment.strategy":"org.apache.kafka.clients.consumer.RangeAssignor""#, "can't be set"),
        (r#","group.remote.assignor":"sticky""#, "uniform, range"),
    ] {
        let text = scene_of("4.3", 3, 1, 0, "").to_json();
        let text = text.replace(r#""auto.offset.reset": "earliest""#, &format!(r#""auto.offset.reset": "earliest"{configs}"#));
        let e = Scenario::parse(&text).expect_err(configs);
        assert!(e.to_string().contains(says), "{e}");
    }
    let text = scene_of("4.3", 3, 1, 0, "").to_json();
    let old = Scenario::parse(&text.replace(r#""kafka": "4.3""#, r#""kafka": "3.9""#)).expect_err("too old");
    assert!(old.to_string().contains("from 4.0"), "{old}");
    let classic = text.replace(r#""group.protocol": "consumer""#, r#""group.remote.assignor": "range""#);
    assert!(Scenario::parse(&classic).expect_err("classic").to_string().contains("classic"));
}

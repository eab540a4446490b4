//! Section 3.9: reads from followers (KIP-392).

use crate::common::*;
use crate::world::Bench;
use highwater_core::event::{EventKind, MessageKind};
use highwater_core::ids::*;
use highwater_core::kafka::message::{Body, FetchPart, Fetched, FetchedPart};
use highwater_core::scenario::{Scenario, shipped};
use highwater_core::sim::Sim;
use smallvec::smallvec;

const SELECTOR: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
const READER: Actor = Actor::Consumer(ConsumerIx(0));

/// Brokers 1, 2, 3 in racks a, b, c; the only reader is in this one. The first leader is broker 1.
fn reading_in(rack: &str, configs: &str) -> Scenario {
    let app = format!(
        r#"{{"group":"billing","topics":["pay"],"handling_us":0,"commit":"after_handling","configs":{{"auto.offset.reset":"earliest","client.rack":"{rack}"{configs}}}}}"#
    );
    let mut s = with_consumer(scene(3, 3, r#"{"linger.ms":0}"#, "{}"), &app);
    s.topology.racks = ["a", "b", "c"].map(String::from).to_vec();
    s.configs.insert("replica.selector.class".into(), SELECTOR.into());
    s.until_us = 20 * SECOND;
    s
}

/// What the reader was told, with the second.
fn told(sim: &Sim) -> Vec<(u64, Option<u8>)> {
    let all = all(sim, |k| matches!(k, EventKind::PreferredReadReplica { .. }));
    let said = |k| if let EventKind::PreferredReadReplica { replica, .. } = k { replica.map(|b| b.0) } else { None };
    all.iter().map(|e| (e.at_us / SECOND, said(e.kind))).collect()
}

/// Brokers that it sent fetches to after this instant.
fn asked(sim: &Sim, after_us: u64) -> BrokerSet {
    let to = |k| match k {
        EventKind::Sent { from: READER, to: Actor::Broker(b), message: MessageKind::ConsumerFetch, .. } => Some(b),
        _ => None,
    };
    sim.events().iter().filter(|e| e.at_us > after_us).filter_map(|e| to(e.kind)).collect()
}

fn handled_at(sim: &Sim, reader: u8) -> Vec<u64> {
    all(sim, |k| matches!(k, EventKind::Handled { consumer, .. } if consumer.0 == reader)).iter().map(|e| e.at_us).collect()
}

fn brokers(ids: &[u8]) -> BrokerSet {
    ids.iter().map(|b| BrokerId(*b)).collect()
}

#[test]
fn repl_rf_the_leader_names_the_follower_in_the_readers_rack_and_gives_nothing() {
    let mut s = reading_in("c", "");
    s.commands = (0..5).map(|i| send(2 * SECOND + i * SECOND, "A")).collect();
    let sim = run(&s);
    assert_eq!(told(&sim), [(0, Some(3))]);
    assert_eq!((asked(&sim, SECOND), handled_at(&sim, 0).len()), (brokers(&[3]), 5));
}

#[test]
fn repl_rf_who_is_in_the_leaders_rack_or_in_none_or_without_the_selector_reads_from_the_leader() {
    let mut without = reading_in("c", "");
    without.configs.clear();
    for mut s in [reading_in("a", ""), reading_in("elsewhere", ""), without] {
        s.commands = vec![send(2 * SECOND, "A")];
        let sim = run(&s);
        assert_eq!((told(&sim).len(), asked(&sim, 0), handled_at(&sim, 0).len()), (0, brokers(&[1]), 1));
    }
}

#[test]
fn repl_rf_of_several_in_the_rack_the_one_that_has_most_and_is_in_sync_is_named() {
    let near_two_and_three = || {
        let mut s = reading_in("x", "");
        s.topology.racks = ["a", "x", "x"].map(String::from).to_vec();
        s
    };
    assert_eq!(told(&run(&near_two_and_three())), [(0, Some(3))], "nobody has more: the largest id");
    // Broker 3 falls behind and leaves the ISR; a reader that starts then is sent to broker 2.
    let mut s = near_two_and_three();
    s.configs.insert("replica.lag.time.max.ms".into(), 2000.into());
    (s.apps[0].members, s.apps[0].standby) = (0, 1);
    s.commands = cut(SECOND, 1, 3).to_vec();
    s.commands.extend([send(2 * SECOND, "A"), at(8 * SECOND, highwater_core::scenario::Do::StartConsumer { consumer: 0 })]);
    let sim = run(&s);
    assert_eq!(state(&sim).1, [1, 2]);
    assert_eq!(told(&sim).iter().map(|x| x.1).collect::<Vec<_>>(), [Some(2)]);
}

#[test]
fn repl_rf_a_follower_gives_what_is_below_its_own_high_watermark_and_so_gives_it_later() {
    let mut s = reading_in("c", "");
    let mut near = s.apps[0].clone();
    near.group = "near-leader".into();
    near.configs.insert("client.rack".into(), "a".into());
    s.apps.push(near);
    s.commands = vec![send(5 * SECOND, "A")];
    let mut sim = begin(&s);
    sim.advance_to(5 * SECOND + 50 * MS);
    assert_eq!((hw(&sim, 1), leo(&sim, 3), hw(&sim, 3)), (1, 1, 0), "the follower has the record, and does not know that it is committed");
    assert_eq!((handled_at(&sim, 0).len(), handled_at(&sim, 1).len()), (0, 1));
    sim.advance_to(20 * SECOND);
    // repl.R-H3: without traffic it learns that when its parked fetch ends, replica.fetch.wait.max.ms later.
    let (follower, leader) = (handled_at(&sim, 0)[0], handled_at(&sim, 1)[0]);
    assert!((490 * MS..=520 * MS).contains(&(follower - leader)), "{leader} {follower}");
}

#[test]
fn repl_rf_the_leader_is_asked_again_after_metadata_max_age_ms() {
    let mut s = reading_in("c", r#","metadata.max.age.ms":4000"#);
    s.until_us = 10 * SECOND;
    let sim = run(&s);
    let short: Vec<_> = told(&sim).iter().map(|x| x.1).collect();
    assert_eq!(short, [Some(3), None, Some(3), None, Some(3)]);
    assert!(asked(&sim, SECOND) == brokers(&[1, 3]));
}

#[test]
fn repl_rf_a_follower_that_dies_sends_its_readers_back_and_gets_them_again() {
    let mut s = reading_in("c", "");
    s.commands = (0..30).map(|i| send(2 * SECOND + i * 500 * MS, "A")).collect();
    s.commands.extend([crash(5 * SECOND, 3), start(16 * SECOND, 3)]);
    s.until_us = 30 * SECOND;
    let sim = run(&s);
    assert_eq!(handled_at(&sim, 0).len(), 30, "nothing is missed and nothing comes twice");
    let told = told(&sim);
    assert_eq!((told[0], told[1]), ((0, Some(3)), (5, None)));
    // The leader names it until the controller fences it: a while to and fro, with retry.backoff.ms between.
    let fenced = first(&sim, |k| matches!(k, EventKind::Fenced { .. })).at_us / SECOND;
    assert!(told.iter().filter(|x| x.0 > fenced && x.0 < 16).count() == 0, "{told:?}");
    assert_eq!(told.last().map(|x| x.1), Some(Some(3)), "in sync again");
}

#[test]
fn repl_rf_another_leader_names_its_own_follower() {
    let mut s = reading_in("c", "");
    s.commands = vec![send(2 * SECOND, "A"), stop(5 * SECOND, 1), send(8 * SECOND, "B")];
    let sim = run(&s);
    let who: Vec<_> = told(&sim).iter().map(|x| x.1).collect();
    assert_eq!((state(&sim).0, who), (Some(2), vec![Some(3), None, Some(3)]));
    assert_eq!(handled_at(&sim, 0).len(), 2);
    // Broker 3 leads itself: it is in the reader's rack, so nobody is named.
    s.commands = vec![send(2 * SECOND, "A"), crash(3 * SECOND, 2), stop(14 * SECOND, 1), send(17 * SECOND, "B")];
    s.until_us = 30 * SECOND;
    let sim = run(&s);
    assert_eq!((state(&sim).0, told(&sim).last().map(|x| x.1)), (Some(3), Some(None)));
    assert_eq!(handled_at(&sim, 0).len(), 2);
}

/// A world at rest: the reader's fetch waits at broker 3.
fn at_the_follower() -> Bench {
    let mut b = Bench::new(&reading_in("c", ""));
    b.deliver_all(|_| true);
    assert_eq!(b.world.consumers[0].reads_from(P0), Some(BrokerId(3)));
    assert_eq!(b.world.broker(BrokerId(3)).consumer_fetches.len(), 1);
    b
}

fn asks(b: &mut Bench, le: u16, offset: u32) -> Fetched {
    let conn = b.world.consumers[0].meta.conn(BrokerId(3));
    let part = FetchPart { partition: P0, le: LeaderEpoch(le), offset: Offset(offset), last_epoch: None };
    b.inject(READER, Actor::Broker(BrokerId(3)), Body::ConsumerFetch { conn, parts: smallvec![part] });
    let answer = b.world.net.iter().find_map(|f| match &*f.body {
        Body::ConsumerFetchResponse { parts, .. } => Some(parts[0].answer.clone()),
        _ => None,
    });
    answer.expect("it says so at once")
}

#[test]
fn repl_rf_a_follower_refuses_another_epoch_and_what_is_beyond_its_log() {
    assert!(matches!(asks(&mut at_the_follower(), 1, 0), Fetched::Error(e) if e.name() == "UNKNOWN_LEADER_EPOCH"));
    assert!(matches!(asks(&mut at_the_follower(), 0, 1), Fetched::OutOfRange { end: Offset(0), .. }));
    let mut b = at_the_follower();
    b.world = {
        let mut s = reading_in("c", "");
        s.commands = vec![crash(SECOND, 1)];
        let mut sim = begin(&s);
        sim.advance_to(15 * SECOND);
        sim.world().clone()
    };
    b.world.net.retain(|f| !matches!(&*f.body, Body::ConsumerFetchResponse { .. }));
    assert!(matches!(asks(&mut b, 0, 0), Fetched::Error(e) if e.name() == "FENCED_LEADER_EPOCH"));
}

#[test]
fn repl_rf_out_of_range_at_a_follower_sends_the_reader_to_the_leader_and_resets_nothing() {
    let mut b = at_the_follower();
    let conn = b.world.consumers[0].meta.conn(BrokerId(3));
    let answer = Fetched::OutOfRange { start: Offset(0), end: Offset(0) };
    let part = FetchedPart { partition: P0, le: LeaderEpoch(0), offset: Offset(0), answer };
    let resets = |b: &Bench| b.events.iter().filter(|k| matches!(k, EventKind::PositionReset { .. })).count();
    let before = resets(&b);
    b.inject(Actor::Broker(BrokerId(3)), READER, Body::ConsumerFetchResponse { conn, parts: smallvec![part] });
    assert_eq!((b.world.consumers[0].reads_from(P0), resets(&b)), (Some(BrokerId(1)), before));
    assert!(b.world.net.iter().any(|f| f.to == Actor::Broker(BrokerId(1)) && matches!(*f.body, Body::ConsumerFetch { .. })));
}

#[test]
fn repl_rf_the_scenario_shows_one_reader_later_than_the_other() {
    let s = Scenario::parse(shipped("read-from-follower").unwrap()).unwrap();
    let sim = run(&s);
    let later: Vec<i64> = handled_at(&sim, 1).iter().zip(handled_at(&sim, 0)).map(|(far, near)| *far as i64 - near as i64).collect();
    let late = |us: &&i64| (200_000..600_000).contains(*us);
    assert_eq!((later.len(), later[..11].iter().filter(late).count()), (55, 11), "{later:?}");
    // The leader names the dead follower until it is fenced: what was committed before waits for that.
    assert!((5_000_000..9_000_000).contains(&later[11]), "{later:?}");
    assert!(later[19..29].iter().all(|us| us.abs() < 3000), "both read from the leader while broker 3 is down: {later:?}");
    assert!(later[30..].iter().all(|us| late(&us)), "{later:?}");
    let who: Vec<_> = told(&sim).iter().map(|x| x.1).collect();
    assert!(who.starts_with(&[Some(3), None]) && who.ends_with(&[Some(3)]), "{who:?}");
    let f = sim.ledger().figures(sim.world());
    assert_eq!(f.effects, 2 * f.in_log, "each handles all of it, once");
}

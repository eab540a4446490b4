//! The scene of the scenario that the app opens with, at telling instants.

use super::geometry::pt;
use super::layout::layout;
use super::traffic::Cargo;
use super::*;
use crate::session::Session;
use highwater_core::scenario::{DEFAULT, Do, Scenario};

const P0: PartitionId = PartitionId(0);

fn session() -> Session {
    Session::new(Scenario::parse(DEFAULT).unwrap()).unwrap()
}

fn stage(s: &Session) -> (Layout, Scene) {
    let l = layout((964.0, 524.0), 1.0, &cast(s.sim(), 1));
    let scene = build(s.sim(), s.view_us(), &s.shown_partitions(1), &l, s.selection);
    (l, scene)
}

#[test]
fn before_the_first_record_the_tapes_are_empty_and_aligned() {
    let (_, scene) = stage(&session());
    assert_eq!(scene.tapes.len(), 3);
    assert!(scene.tapes.iter().all(|t| t.cells.is_empty() && t.leo == Offset(0)));
    assert_eq!(scene.tapes[0].standing, Standing::Leader);
    assert_eq!(scene.tides.len(), 1);
    assert!(scene.tides[0].certain);
}

#[test]
fn the_first_record_travels_from_the_producer_to_the_leader() {
    let mut s = session();
    s.seek(11_000);
    let (l, scene) = stage(&s);
    let token = scene.tokens.last().unwrap();
    assert_eq!(token.look.label, "Produce");
    assert_eq!(token.look.weight, Weight::Loud);
    assert!(token.done > 0.2 && token.done < 0.8, "{}", token.done);
    assert!(token.at.x > l.producers[0].right() && token.at.x < l.brokers[0].x);
    assert!(matches!(&token.look.cargo, Cargo::Records { marks, more: 0 } if marks[0].letter == Some('A')));
    assert_eq!(scene.hit(&l, token.at), Some(Selection::Message(token.msg)));
}

#[test]
fn a_record_is_a_cell_at_the_same_place_on_every_replica() {
    let mut s = session();
    s.seek(200_000);
    let (l, scene) = stage(&s);
    assert!(scene.tapes.iter().all(|t| t.cells.len() >= 4));
    let marks = |i: usize| scene.tapes[i].cells.iter().map(|c| c.mark.letter).collect::<Vec<_>>();
    assert_eq!(marks(0)[..4], marks(1)[..4]);
    let x = scene.windows[0].1.x_of(2) + 4.0;
    for b in &l.brokers {
        let y = b.y + l.rows.cells + 4.0;
        assert!(matches!(scene.hit(&l, pt(x, y)), Some(Selection::Record(_, P0, Offset(2)))));
    }
}

#[test]
fn a_crashed_leader_is_down_and_another_takes_over() {
    let mut s = session();
    s.seek(200_000);
    s.act(Do::Crash { broker: 1 });
    let (_, scene) = stage(&s);
    assert!(scene.tapes[0].down);
    assert!(!scene.tides[0].certain, "nobody vouches for the high watermark");
    s.seek(12_000_000);
    let (_, scene) = stage(&s);
    let leaders: Vec<BrokerId> = scene.tapes.iter().filter(|t| t.standing == Standing::Leader).map(|t| t.broker).collect();
    assert_eq!(leaders, [BrokerId(2)]);
    assert_eq!(scene.tapes[0].standing, Standing::OutOfSync);
    assert!(scene.tapes[1].epochs.iter().any(|e| e.0 == LeaderEpoch(1)));
}

#[test]
fn a_cut_link_is_drawn_until_it_is_healed() {
    use highwater_core::scenario::End;
    let mut s = session();
    let (from, to) = (End::Broker(1), End::Broker(2));
    s.act(Do::CutLink { from, to });
    assert!(stage(&s).1.links.iter().any(|k| k.cut && k.from == Actor::Broker(BrokerId(1))));
    s.act(Do::HealLink { from, to });
    assert!(!stage(&s).1.links.iter().any(|k| k.cut));
}

#[test]
fn transactions_are_seen_open_then_settled_and_the_last_stable_offset_waits() {
    let text = include_str!("../../../assets/scenarios/open-transaction.json");
    let mut s = Session::new(Scenario::parse(text).unwrap()).unwrap();
    let looks = |scene: &Scene| {
        scene.tapes.iter().find(|t| t.standing == Standing::Leader).unwrap().cells.iter().map(|c| c.fate).collect::<Vec<_>>()
    };
    let mut seen = Vec::new();
    while !s.at_end() {
        s.seek(s.sim().now_us() + 100_000);
        let (_, scene) = stage(&s);
        let fates = looks(&scene);
        let open = fates.iter().position(|f| *f == Fate::Open);
        let lso = scene.tides[0].lso;
        if let (Some(first), false) = (open, scene.windows[0].1.cut_off) {
            assert!(lso.unwrap().0 <= first as u32, "it waits before the first open record");
        }
        seen.push((open.is_some(), fates.contains(&Fate::Marker(false)) || fates.contains(&Fate::Marker(true))));
    }
    assert!(seen.contains(&(true, false)) && seen.last() == Some(&(false, true)), "{seen:?}");
    let (l, scene) = stage(&s);
    let marker = scene.tapes[0].cells.iter().find(|c| matches!(c.fate, Fate::Marker(_))).unwrap();
    let at = pt(scene.windows[0].1.x_of(marker.offset.0) + 4.0, l.brokers[0].y + l.rows.cells + 4.0);
    assert!(matches!(scene.hit(&l, at), Some(Selection::Record(..))), "a marker can be looked into");
}

#[test]
fn many_records_keep_the_newest_in_sight() {
    let mut s = session();
    s.seek(20_000_000);
    let (_, scene) = stage(&s);
    let w = scene.windows[0].1;
    assert!(w.cut_off);
    let leader = &scene.tapes[0];
    assert!(w.shows(leader.leo.0 - 1) && leader.cells.len() <= w.capacity as usize);
}

#[test]
fn a_partition_that_is_created_gets_its_tapes_and_going_back_takes_them_away() {
    let scenario = Scenario::parse(highwater_core::scenario::shipped("p-a8-key-order").unwrap()).unwrap();
    let mut s = Session::new(scenario).unwrap();
    let mut at = |us, first| {
        s.seek(us);
        s.first_partition = first;
        let shown = s.shown_partitions(2);
        let l = layout((1280.0, 720.0), 1.0, &cast(s.sim(), shown.len()));
        build(s.sim(), s.view_us(), &shown, &l, s.selection).tapes.len()
    };
    assert_eq!((at(2_000_000, 0), at(2_200_000, 0), at(13_000_000, 0)), (3, 6, 6));
    let new = s.sim().setup().topics[0].partitions[1].0;
    s.seek(2_000_000);
    s.first_partition = new;
    assert_eq!(s.shown_partitions(2), [P0], "what is not there yet is not shown, and something is");
}

#[test]
fn a_share_partition_shows_who_has_what_and_what_was_given_up() {
    use highwater_core::kafka::share::state::RecordState;
    let scenario = Scenario::parse(highwater_core::scenario::shipped("share-group").unwrap()).unwrap();
    let mut s = Session::new(scenario).unwrap();
    let mut at = |us| {
        s.seek(us);
        let (l, scene) = stage(&s);
        assert!(l.legend.is_some());
        let [leader, followers @ ..] = &scene.tapes[..] else { panic!() };
        assert!(followers.iter().flat_map(|t| &t.cells).all(|c| c.share.is_none()), "only the leader knows");
        (leader.cells.clone(), s.sim().ledger().figures(s.sim().world()).given_up)
    };
    let (before, none) = at(3_700_000);
    let poison = before.iter().find(|c| c.mark.poison).expect("it is visible as what it is");
    assert!(matches!(poison.share, Some((RecordState::Acquired | RecordState::Available, 1..))), "{poison:?}");
    assert!(before.iter().any(|c| matches!(c.share, Some((RecordState::Acknowledged, _)))) && none == 0);
    let (after, given_up) = at(4_720_000);
    let poison = after.iter().find(|c| c.mark.poison).expect("it stays in the log");
    assert!(matches!(poison.share, Some((RecordState::Archived, _))), "{poison:?}");
    assert_eq!(given_up, 1);
}

#[test]
fn signs_say_what_they_are() {
    use super::hint::{Sign, sign};
    let mut s = session();
    s.seek(200_000);
    let (l, _) = stage(&s);
    let logs = logs(s.sim(), &s.shown_partitions(1), &l, s.selection);
    let w = logs.windows[0].1;
    let at = |x, y| sign(&logs, &l, pt(x, y), false).map(|f| f.0);
    let (tide, tape) = (logs.tides[0], &logs.tapes[0]);
    let cells = l.brokers[0].y + l.rows.cells;
    assert_eq!(at(w.boundary(tide.hw.0), l.tide_foot + 8.0), Some(Sign::HighWatermark));
    assert_eq!(at(w.boundary(tape.leo.0) + 20.0, cells + 10.0), Some(Sign::LogEnd));
    assert_eq!(at(w.boundary(0) + 8.0, cells - 8.0), Some(Sign::Epoch));
    let pennant = tape.pennants[0].1;
    assert_eq!(at(w.boundary(pennant.0) + 6.0, cells + l.rows.cell_h + 12.0), Some(Sign::Committed(false)));
    assert_eq!(at(w.x_of(1) + 10.0, cells + 10.0), None, "an ordinary record needs no explanation");
    assert_eq!(at(2.0, 2.0), None);
}

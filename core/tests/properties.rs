//! What holds in every run. A failure prints the scenario that shows it. `HIGHWATER_LONG=1` tries 20 000 scenarios each.

use highwater_core::event::{EventKind, ShareEvent};
use highwater_core::fold::invariants::{violations, violations_after};
use highwater_core::ids::*;
use highwater_core::kafka::Out;
use highwater_core::scenario::{Do, Scenario};
use highwater_core::sim::{Sim, Timeline};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

mod common;
use common::implied_and_armed;
use common::random::{Case, any_case, repaired_case, safe_case, streams_case, transactional_case, zookeeper_case};
use common::random_groups::group_case;
use highwater_core::kafka::transaction::TxnState;

/// By default the same cases every time, so that a red run is red for its change; the long mode goes where nobody was.
fn config() -> ProptestConfig {
    let long = std::env::var_os("HIGHWATER_LONG").is_some_and(|v| v == "1");
    let (cases, rng_seed) = if long { (20_000, RngSeed::Random) } else { (200, RngSeed::Fixed(42)) };
    ProptestConfig { cases, rng_seed, failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::default() }
}

fn begin(c: &Case) -> Sim {
    Sim::new(&c.0).unwrap()
}

/// repl.R-H1: what a leader in office calls committed, every member of the ISR has, running or not.
fn high_watermark_is_covered(sim: &Sim) -> Result<(), TestCaseError> {
    let (w, l) = (sim.world(), sim.ledger());
    if l.power_cuts + l.unclean_elections > 0 {
        return Ok(());
    }
    for p in w.setup.partition_ids() {
        let s = &w.controller.partitions[p.ix()];
        let Some(r) = w.leader_replica(p).filter(|r| r.le == s.le) else { continue };
        for b in s.isr.iter() {
            let leo = w.broker(b).replica(p).map_or(Offset::ZERO, |x| x.log.leo());
            prop_assert!(r.hw <= leo, "at {}: {p} HW {} and broker {b} ends at {leo}", sim.now_us(), r.hw);
        }
    }
    Ok(())
}

/// Batches follow each other, without a hole where nothing was compacted, epochs never fall, and the epoch cache says the
/// same as the log; files lie in order over what there is.
fn logs_are_dense(sim: &Sim) -> Result<(), TestCaseError> {
    for r in sim.world().brokers.iter().flat_map(|b| &b.replicas) {
        let files = r.files.as_deref();
        let first = files.map_or(Offset::ZERO, |f| f.list()[0].base);
        let (mut at, mut epoch) = (first, LeaderEpoch(0));
        for e in r.log.iter_from(Offset::ZERO) {
            prop_assert!(e.base == at || e.base > at && files.is_some_and(|f| at < f.cleaned()) || at < r.log.start(), "{e:?} after {at}");
            prop_assert!(e.epoch >= epoch);
            let cached = r.log.epochs().iter().rfind(|x| x.start <= e.base).map(|x| x.epoch);
            prop_assert!(cached == Some(e.epoch) || e.base < r.log.start(), "epoch of offset {}: {cached:?}", e.base);
            (at, epoch) = (e.end(), e.epoch);
        }
        prop_assert!(at == r.log.leo() || r.log.start() == r.log.leo());
        if let Some(f) = files {
            prop_assert!(f.list().windows(2).all(|w| w[0].base < w[1].base) && f.list()[0].base <= r.log.start(), "{:?}", f.list());
            let counted: u64 = r.log.iter_from(first).map(|e| u64::from(e.payload.count())).sum();
            prop_assert!(f.bytes() >= counted * 100 || counted == 0, "{} bytes for {counted} records", f.bytes());
        }
    }
    Ok(())
}

/// Runs to the end. After every input the invariants hold, the timers are those that the state implies, and what `more` asks is true.
fn run_watched(sim: &mut Sim, more: impl Fn(&Sim) -> Result<(), TestCaseError>) -> Result<(), TestCaseError> {
    let mut out = Out::default();
    let mut seen = 0;
    while sim.step(&mut out) {
        let new = sim.events().iter_from(seen).map(|e| &e.kind);
        let broken = violations_after(sim.world(), sim.ledger(), new);
        prop_assert!(broken.is_empty(), "at {}: {broken:?}", sim.now_us());
        seen = sim.events().len();
        timers_are_implied(sim)?;
        more(sim)?;
    }
    let broken = violations(sim.world(), sim.ledger());
    prop_assert!(broken.is_empty(), "at the end: {broken:?}");
    Ok(())
}

/// The timers that run are those that the state implies: what the trial fires is what the simulation waits for.
fn timers_are_implied(sim: &Sim) -> Result<(), TestCaseError> {
    let (implied, armed) = implied_and_armed(sim);
    if armed != implied {
        let missing: Vec<_> = implied.iter().filter(|t| !armed.contains(t)).collect();
        let extra: Vec<_> = armed.iter().filter(|t| !implied.contains(t)).collect();
        let last: Vec<_> = sim.events().iter().rev().take(6).collect();
        prop_assert!(false, "at {}: implied, not armed {missing:?}; armed, not implied {extra:?}; after {last:#?}", sim.now_us());
    }
    Ok(())
}

/// streams: whoever reads committed counts gets each key's in order, from 1, each once.
fn committed_counts_go_up_by_one(sim: &Sim) -> Result<(), TestCaseError> {
    let (w, setup) = (sim.world(), sim.setup());
    let exactly_once = setup.consumers[0].streams.as_ref().is_some_and(|s| s.exactly_once);
    if !exactly_once || sim.ledger().power_cuts + sim.ledger().unclean_elections > 0 {
        return Ok(());
    }
    for p in setup.partition_ids().filter(|p| setup.partition_name(*p).starts_with("counts-")) {
        let Some(r) = w.broker(sim.ledger().view(p)).replica(p) else { continue };
        let mut newest: std::collections::BTreeMap<Option<u16>, u32> = std::collections::BTreeMap::new();
        let committed = r.log.iter_from(Offset::ZERO).take_while(|e| e.base < r.last_stable());
        let batches = committed.filter_map(|e| e.payload.batch().filter(|b| r.txns.outcome(b.pid, e.base) == Some(true)));
        for x in batches.flat_map(|b| w.data.of(b.id)) {
            let before = newest.insert(x.key, x.count).unwrap_or(0);
            prop_assert_eq!(x.count, before + 1, "{} at {}", setup.partition_name(p), sim.now_us());
        }
    }
    Ok(())
}

/// Where a run stands, as far as anybody can tell.
fn place(sim: &Sim) -> (u64, u64, usize, u64) {
    (sim.now_us(), sim.inputs(), sim.events().len(), sim.trace_hash())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn invariants_hold_after_every_input(c in any_case(true)) {
        let mut sim = begin(&c);
        run_watched(&mut sim, |sim| {
            high_watermark_is_covered(sim)?;
            if sim.inputs().is_multiple_of(500) {
                logs_are_dense(sim)?;
                let broken = violations(sim.world(), sim.ledger());
                prop_assert!(broken.is_empty(), "missed after an input: {broken:?}");
            }
            Ok(())
        })?;
        logs_are_dense(&sim)?;
    }

    #[test]
    fn the_ledger_adds_up(c in any_case(true)) {
        let mut sim = begin(&c);
        sim.advance_to(c.0.until_us);
        let f = sim.ledger().figures(sim.world());
        let count = |which: &dyn Fn(&EventKind) -> u64| sim.events().iter().map(|e| which(&e.kind)).sum::<u64>();
        prop_assert_eq!(f.sent, count(&|k| matches!(k, EventKind::RecordSent { .. }).into()));
        prop_assert_eq!(f.effects, count(&|k| matches!(k, EventKind::Handled { .. }).into()));
        prop_assert!(f.acked <= f.sent && f.lost <= f.acked && f.visible <= f.in_log && f.effects <= f.delivered, "{f:?}");
        if sim.setup().producers[0].idempotence && sim.ledger().power_cuts + sim.ledger().unclean_elections == 0 {
            prop_assert_eq!(f.duplicated, 0, "retries are recognised");
        }
    }

    #[test]
    fn acks_all_survives_one_broker_down_at_a_time(c in safe_case()) {
        let mut sim = begin(&c);
        let mut out = Out::default();
        while sim.step(&mut out) {
            let lost = out_lost(&sim);
            prop_assert!(!lost, "at {}: {:?}", sim.now_us(), sim.ledger().figures(sim.world()));
        }
    }

    #[test]
    fn everything_recovers_once_all_is_repaired(c in repaired_case()) {
        let mut sim = begin(&c);
        sim.advance_to(c.0.until_us);
        let w = sim.world();
        for p in w.setup.partition_ids() {
            let (s, name) = (&w.controller.partitions[p.ix()], w.setup.partition_name(p));
            let all: BrokerSet = w.setup.partitions[p.ix()].replicas.iter().copied().collect();
            prop_assert!(s.leader.is_some(), "{name} has no leader: {s:?}");
            prop_assert_eq!(s.isr, all, "ISR of {}", &name);
            let leader = w.leader_replica(p).expect("the leader knows");
            // Commits go on; a record of the last milliseconds may still be on its way.
            for b in all.iter().filter(|_| !w.setup.is_internal(p)) {
                let r = w.broker(b).replica(p).expect("assigned");
                prop_assert_eq!((r.hw, r.log.leo()), (leader.log.leo(), leader.log.leo()), "{} on broker {}", &name, b);
            }
        }
        let done = |k: &EventKind| matches!(k, EventKind::Acked { .. } | EventKind::SendFailed { .. });
        let batches = sim.events().iter().filter(|e| matches!(e.kind, EventKind::BatchSent { .. } | EventKind::SendFailed { .. }));
        let mut open: Vec<BatchId> = batches.filter_map(|e| e.kind.batch()).collect();
        for e in sim.events().iter().filter(|e| done(&e.kind)) {
            open.retain(|b| e.kind.batch() != Some(*b));
        }
        prop_assert!(open.is_empty(), "neither acknowledged nor failed: {open:?}");
        prop_assert!(w.producers[0].parts.iter().all(|q| q.queue.is_empty()), "records wait for ever");
        let reader = &w.consumers[0];
        for s in &reader.assigned {
            let (p, at) = (&s.partition, &s.position);
            let hw = w.leader_replica(*p).map(|r| r.hw);
            prop_assert_eq!(*at, hw, "position in {}: {:?}", w.setup.partition_name(*p), reader);
        }
    }

    /// ctrl.Z1 to Z6: with ZooKeeper too, and long after everything was repaired each partition has its leader, its replicas in
    /// sync, and one controller that everybody knows.
    #[test]
    fn a_cluster_with_zookeeper_keeps_its_invariants_and_recovers(c in zookeeper_case()) {
        let mut sim = begin(&c);
        run_watched(&mut sim, high_watermark_is_covered)?;
        logs_are_dense(&sim)?;
        let w = sim.world();
        let controller = w.acting_controller();
        prop_assert!(controller.is_some(), "nobody is the controller");
        for b in &w.brokers {
            let zk = b.zk.as_ref().expect("there is a ZooKeeper");
            prop_assert!(b.is_up() && zk.controller == controller && zk.waits.is_empty(), "broker {}: {zk:?}", b.id);
            prop_assert_eq!(zk.acting.is_some(), Some(b.id) == controller);
        }
        for p in w.setup.partition_ids() {
            let (s, name) = (&w.controller.partitions[p.ix()], w.setup.partition_name(p));
            let all: BrokerSet = w.setup.partitions[p.ix()].replicas.iter().copied().collect();
            prop_assert_eq!(s.isr, all, "ISR of {}, {:?}", &name, s);
            prop_assert!(w.leader_replica(p).is_some(), "{name} has no leader: {s:?}");
        }
    }

    #[test]
    fn transactions_keep_their_invariants(c in transactional_case(any_case(true))) {
        let mut sim = begin(&c);
        run_watched(&mut sim, |_| Ok(()))?;
    }

    #[test]
    fn groups_keep_their_invariants_and_read_everything(c in prop_oneof![group_case("consumer"), group_case("eager"), group_case("cooperative")]) {
        let mut sim = begin(&c);
        run_watched(&mut sim, |_| Ok(()))?;
        // Long after everything was repaired: who runs has its place, and all partitions are read to their ends.
        let w = sim.world();
        for p in w.setup.group_partitions(GroupIx(0)) {
            let readers: Vec<_> = w.consumers.iter().filter(|c| c.up && c.position(p).is_some()).collect();
            prop_assert_eq!(readers.len(), 1, "{} is read by {:?}", w.setup.partition_name(p), readers);
            prop_assert_eq!(readers[0].position(p), w.leader_replica(p).map(|r| r.hw), "{}", w.setup.partition_name(p));
        }
    }

    /// share: long after everything was repaired, each record was handled, or delivered so often that it was given up.
    #[test]
    fn share_groups_are_done_with_everything(c in group_case("share")) {
        let mut sim = begin(&c);
        run_watched(&mut sim, |_| Ok(()))?;
        let w = sim.world();
        for p in w.setup.group_partitions(GroupIx(0)) {
            let leader = w.controller.partitions[p.ix()].leader.expect("all is repaired");
            let (hw, name) = (w.broker(leader).replica(p).map(|r| r.hw), w.setup.partition_name(p));
            let kept = w.broker(leader).share_partition(GroupIx(0), p);
            prop_assert_eq!(kept.map(|k| k.start), hw, "{}: {:?}", name, kept);
            let mut done = std::collections::BTreeSet::new();
            for e in sim.events().iter() {
                match e.kind {
                    EventKind::Handled { partition, offset, .. } if partition == p => drop(done.insert(offset)),
                    EventKind::Share { what: ShareEvent::GivenUp { partition, offset, .. }, .. } if partition == p => drop(done.insert(offset)),
                    _ => {}
                }
            }
            prop_assert_eq!(Some(done.len() as u32), hw.map(|h| h.0), "{}: {:?}", name, done);
        }
    }

    /// T-I5's liveness: every transaction ends, and nothing is held back for ever.
    #[test]
    fn every_transaction_ends_once_all_is_repaired(c in transactional_case(repaired_case())) {
        let mut sim = begin(&c);
        sim.advance_to(c.0.until_us);
        let w = sim.world();
        for p in w.setup.partition_ids() {
            let leader = w.leader_replica(p).expect("the leader knows");
            let open = w.brokers.iter().flat_map(|b| &b.txn.coordinated).any(|c| c.state == TxnState::Ongoing);
            if !open && !w.setup.is_internal(p) && sim.ledger().power_cuts == 0 && sim.ledger().unclean_elections == 0 {
                prop_assert_eq!(leader.last_stable(), leader.hw, "{}", w.setup.partition_name(p));
            }
        }
        // What was committed and is gone can leave a coordinator with a marker that a partition has long outrun.
        for c in w.brokers.iter().flat_map(|b| &b.txn.coordinated).filter(|_| sim.ledger().power_cuts == 0) {
            prop_assert!(c.state.preparing().is_none(), "markers are missing: {c:?}");
        }
    }

    #[test]
    fn streams_count_exactly_once_where_they_say_so(c in streams_case(any_case(true))) {
        let mut sim = begin(&c);
        run_watched(&mut sim, |sim| if sim.inputs().is_multiple_of(500) { committed_counts_go_up_by_one(sim) } else { Ok(()) })?;
        committed_counts_go_up_by_one(&sim)?;
    }

    #[test]
    fn seeking_changes_nothing(c in any_case(true), stops in prop::collection::vec(0..16_000u64, 1..5)) {
        let mut straight = begin(&c);
        straight.advance_to(c.0.until_us);
        let mut tl = Timeline::new(c.0.clone()).unwrap();
        for t in stops {
            tl.seek(t * 1000);
            let mut fresh = begin(&c);
            fresh.advance_to(t * 1000);
            prop_assert_eq!(place(tl.sim()), place(&fresh), "after a seek to {} ms", t);
        }
        tl.seek(c.0.until_us);
        prop_assert_eq!(place(tl.sim()), place(&straight));
    }

    #[test]
    fn a_step_back_undoes_a_step_forward(c in any_case(false), t in 0..14_000u64, steps in 2..12usize) {
        let mut tl = Timeline::new(c.0.clone()).unwrap();
        tl.seek(t * 1000);
        let mut places = Vec::new();
        for _ in 0..steps {
            if !tl.step_forward() {
                break;
            }
            places.push(place(tl.sim()));
        }
        let mut back = places.clone();
        if back.last() == Some(&place(tl.sim())) {
            back.pop(); // it stands there; at the end of the run it may stand past it
        }
        while let Some(p) = back.pop() {
            prop_assert!(tl.step_back());
            prop_assert_eq!(place(tl.sim()), p);
        }
        for p in places.iter().skip(1) {
            prop_assert!(tl.step_forward());
            prop_assert_eq!(place(tl.sim()), *p);
        }
    }

    #[test]
    fn what_is_done_by_hand_is_in_the_scenario(c in any_case(false), t in 0..14_000u64, broker in any::<u8>(), start in any::<bool>()) {
        let broker = broker % c.0.topology.brokers + 1;
        let mut tl = Timeline::new(c.0.clone()).unwrap();
        tl.seek(15_000_000);
        tl.seek(t * 1000);
        tl.command(if start { Do::Start { broker } } else { Do::Crash { broker } });
        tl.seek(c.0.until_us);
        let again = Scenario::parse(&tl.scenario().to_json()).unwrap();
        let mut straight = Sim::new(&again).unwrap();
        straight.advance_to(c.0.until_us);
        prop_assert_eq!(place(tl.sim()), place(&straight));
    }

    #[test]
    fn json_keeps_everything(c in any_case(true)) {
        let text = c.0.to_json();
        let again = Scenario::parse(&text).unwrap();
        prop_assert_eq!(&again, &c.0);
        prop_assert_eq!(again.to_json(), text);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Scenario::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_change_of_a_scenario_makes_the_decoder_or_the_engine_panic(
        c in any_case(true),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..5u8, any::<u8>()), 1..6),
    ) {
        let mut text = c.0.to_json().into_bytes();
        for (at, how, byte) in edits {
            let at = at.index(text.len());
            match how {
                0 => drop(text.remove(at)),
                1 => text.insert(at, byte),
                // Digits most of all: numbers out of bounds are what a decoder lets through.
                2 => text.insert(at, b'0' + byte % 10),
                3 => text[at] = b'0' + byte % 10,
                _ => text[at] = b"\"{}[],:truefalsnul-.eE"[usize::from(byte) % 21],
            }
        }
        if let Ok(s) = Scenario::parse(&String::from_utf8_lossy(&text)) {
            prop_assert_eq!(&Scenario::parse(&s.to_json()).unwrap(), &s);
            let mut sim = Sim::new(&s).unwrap();
            let mut out = Out::default();
            (0..100).for_each(|_| { sim.step(&mut out); });
        }
    }
}

fn out_lost(sim: &Sim) -> bool {
    // Only the newest input can have changed it; its events are the last ones of this instant.
    sim.events().iter().rev().take_while(|e| e.at_us == sim.now_us()).any(|e| matches!(e.kind, EventKind::Lost { .. }))
}

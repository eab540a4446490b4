//! Small scenes, and what happened in them: shared by the tests of the rules.
#![allow(dead_code)] // each test file uses its part

pub mod random;
pub mod random_groups;
pub mod trials;

use highwater_core::event::{Event, EventKind};
use highwater_core::ids::*;
use highwater_core::kafka::replica::Replica;
use highwater_core::kafka::{Out, Timer};
use highwater_core::scenario::{Do, End, Scenario, TimedCommand};
use highwater_core::sim::Sim;

/// The first partition of the first topic.
pub const P0: PartitionId = PartitionId(0);
pub const SECOND: u64 = 1_000_000;
pub const MS: u64 = 1_000;

/// One topic `pay` with one partition on brokers 1, 2, …; producer `checkout`; links of 2 ms without jitter; no traffic.
pub fn scene(brokers: u8, rf: u8, producer: &str, topic: &str) -> Scenario {
    parse(&format!(
        r#"{{"format":1,"kafka":"4.1","seed":7,"until_us":120000000,"network":{{"delay_us":2000}},
        "topology":{{"brokers":{brokers},
          "topics":[{{"name":"pay","partitions":1,"replication.factor":{rf},"configs":{topic}}}],
          "producers":[{{"name":"checkout","configs":{producer}}}]}}}}"#
    ))
}

/// The same with a consumer group `billing` of one member.
pub fn with_consumer(mut s: Scenario, app: &str) -> Scenario {
    s.apps = vec![serde_json::from_str(app).unwrap()];
    parse(&s.to_json())
}

pub fn parse(text: &str) -> Scenario {
    Scenario::parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

pub fn at(at_us: u64, what: Do) -> TimedCommand {
    TimedCommand { at_us, by_hand: false, what }
}
pub fn send(at_us: u64, key: &str) -> TimedCommand {
    at(
        at_us,
        Do::Send {
            producer: "checkout".into(),
            topic: "pay".into(),
            key: Some(key.into()),
            tombstone: false,
            timestamp_ms: None,
            poison: false,
        },
    )
}
pub fn crash(at_us: u64, broker: u8) -> TimedCommand {
    at(at_us, Do::Crash { broker })
}
pub fn power_cut(at_us: u64, broker: u8) -> TimedCommand {
    at(at_us, Do::PowerCut { broker })
}
pub fn stop(at_us: u64, broker: u8) -> TimedCommand {
    at(at_us, Do::Stop { broker })
}
pub fn start(at_us: u64, broker: u8) -> TimedCommand {
    at(at_us, Do::Start { broker })
}
pub fn drop_response(at_us: u64, broker: u8, producer: u8) -> TimedCommand {
    at(at_us, Do::DropNextResponse { broker, client: End::Producer(producer) })
}
/// Both directions of a link between brokers.
pub fn cut(at_us: u64, a: u8, b: u8) -> [TimedCommand; 2] {
    links(at_us, End::Broker(a), End::Broker(b), true)
}
pub fn heal(at_us: u64, a: u8, b: u8) -> [TimedCommand; 2] {
    links(at_us, End::Broker(a), End::Broker(b), false)
}
pub fn links(at_us: u64, a: End, b: End, cut: bool) -> [TimedCommand; 2] {
    [(a, b), (b, a)].map(|(from, to)| at(at_us, if cut { Do::CutLink { from, to } } else { Do::HealLink { from, to } }))
}

/// Sorts the commands and runs to the end.
pub fn run(s: &Scenario) -> Sim {
    let mut sim = begin(s);
    sim.advance_to(s.until_us);
    sim
}

/// A run at its beginning; the scenario went through its text form.
pub fn begin(s: &Scenario) -> Sim {
    let mut s = s.clone();
    s.commands.sort_by_key(|c| c.at_us);
    Sim::new(&parse(&s.to_json())).unwrap()
}

pub fn step(sim: &mut Sim) -> bool {
    sim.step(&mut Out::default())
}

/// The timers that the state implies, and those that run: a trial fires from the first, the simulation waits for the second.
pub fn implied_and_armed(sim: &Sim) -> (Vec<Timer>, Vec<Timer>) {
    let mut implied = Vec::new();
    sim.world().armed(&mut |t| implied.push(t));
    let mut armed: Vec<Timer> = sim.timers().map(|t| *t.0).collect();
    implied.sort();
    armed.sort();
    (implied, armed)
}

/// A run to its end, on the way of which each fifth state implies the timers that run.
pub fn step_by_step(s: &Scenario) -> Sim {
    let mut sim = begin(s);
    while step(&mut sim) {
        if sim.inputs().is_multiple_of(5) {
            let (implied, armed) = implied_and_armed(&sim);
            assert_eq!(armed, implied, "at {} us", sim.now_us());
        }
    }
    sim
}

pub fn all(sim: &Sim, which: impl Fn(&EventKind) -> bool) -> Vec<Event> {
    sim.events().iter().filter(|e| which(&e.kind)).copied().collect()
}
pub fn first(sim: &Sim, which: impl Fn(&EventKind) -> bool) -> Event {
    *all(sim, which).first().expect("it happened")
}
pub fn last(sim: &Sim, which: impl Fn(&EventKind) -> bool) -> Event {
    *all(sim, which).last().expect("it happened")
}

pub fn replica(sim: &Sim, broker: u8) -> &Replica {
    sim.world().broker(BrokerId(broker)).replica(P0).expect("it has one")
}
pub fn leo(sim: &Sim, broker: u8) -> u32 {
    replica(sim, broker).log.leo().0
}
pub fn hw(sim: &Sim, broker: u8) -> u32 {
    replica(sim, broker).hw.0
}
/// What the controller says: leader, ISR, ELR.
pub fn state(sim: &Sim) -> (Option<u8>, Vec<u8>, Vec<u8>) {
    let s = &sim.world().controller.partitions[0];
    let ids = |x: BrokerSet| x.iter().map(|b| b.0).collect();
    (s.leader.map(|b| b.0), ids(s.isr), ids(s.elr))
}
pub fn leader_epoch(sim: &Sim) -> u16 {
    sim.world().controller.partitions[0].le.0
}
/// Keys in the log of a broker, in order.
pub fn keys(sim: &Sim, broker: u8) -> String {
    let mut s = String::new();
    for e in replica(sim, broker).log.iter_from(Offset::ZERO) {
        let batch = e.payload.batch().expect("a producer's");
        for i in 0..batch.count {
            let id = sim.ledger().record_in(batch.id, i).expect("known");
            let key = sim.ledger().record(id).and_then(|r| r.key).expect("has a key");
            s += sim.ledger().key_name(key);
        }
    }
    s
}

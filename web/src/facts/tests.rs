//! The facts of the scenario that the app opens with.

use super::cards::Condition;
use super::inspect::Inspection;
use super::*;
use crate::session::select::Selection;
use highwater_core::scenario::{DEFAULT, Do, Scenario};

const FRAME: Frame = Frame { size: (964.0, 524.0), unit: 1.0 };

fn session() -> Session {
    Session::new(Scenario::parse(DEFAULT).unwrap()).unwrap()
}

fn look(s: &Session) -> Facts {
    facts(s, FRAME, Lang::En)
}

#[test]
fn the_cards_say_who_leads_and_what_the_ledger_counts() {
    let mut s = session();
    s.seek(200_000);
    let f = look(&s);
    assert_eq!(f.brokers[0].leads, Some(LeaderEpoch(0)));
    assert!(f.brokers.iter().all(|b| b.in_sync));
    assert!(f.figures.acked >= 4 && f.figures.lost == 0);
    assert!(f.lights.iter().all(|l| l.glow == lights::Glow::Holds));
    assert_eq!(f.groups[0].members[0].shares[0].name, "pay-0");
}

#[test]
fn a_crash_shows_on_the_card_before_the_controller_knows() {
    let mut s = session();
    s.seek(200_000);
    s.act(Do::Crash { broker: 1 });
    let f = look(&s);
    assert_eq!(f.brokers[0].condition, Condition::Crashed);
    assert!(f.brokers[0].in_sync, "the controller does not know yet");
    s.seek(12_000_000);
    let f = look(&s);
    assert_eq!(f.heads[0].leader, Some(BrokerId(2)));
    assert!(!f.brokers[0].in_sync);
}

#[test]
fn everything_can_be_looked_into_in_both_languages() {
    let mut s = session();
    s.seek(91_000);
    let message = s.sim().in_flight().next().map(|(f, _, _)| f.id);
    let last = s.sim().events().len() as u32 - 1;
    let all = [
        Selection::Run,
        Selection::Controller,
        Selection::Broker(BrokerId(1)),
        Selection::Partition(PartitionId(0)),
        Selection::Producer(ProducerIx(0)),
        Selection::Consumer(ConsumerIx(0)),
        Selection::Record(BrokerId(1), PartitionId(0), Offset(0)),
        Selection::Record(BrokerId(1), PartitionId(0), Offset(999)),
        Selection::Event(last),
    ];
    let all = all.into_iter().chain(message.map(Selection::Message));
    for selection in all {
        s.selection = selection;
        for lang in [Lang::En, Lang::Ko] {
            let i: Inspection = facts(&s, FRAME, lang).inspection;
            assert!(!i.title.is_empty(), "{selection:?}");
            assert_eq!(i.selection, selection);
        }
    }
}

#[test]
fn a_broker_can_be_broken_and_started_again() {
    let mut s = session();
    s.selection = Selection::Broker(BrokerId(1));
    let ids = |s: &Session| look(s).inspection.acts.iter().map(|a| a.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&s)[..3], ["crash", "power-cut", "stop"]);
    s.act(Do::Crash { broker: 1 });
    assert_eq!(ids(&s)[0], "start");
    let acts = look(&s).inspection.acts;
    let cut = acts.iter().find(|a| a.id == "cut-b1-b2").unwrap().what.clone();
    s.act(cut);
    assert!(ids(&s).iter().any(|i| i == "heal-b1-b2"));
}

#[test]
fn another_acks_is_another_run_with_the_same_seed() {
    let mut s = session();
    s.seek(100_000);
    let next = s.with_producer_config("checkout", "acks", "1").unwrap();
    assert_eq!(next.sim().seed(), s.sim().seed());
    assert_eq!(next.sim().now_us(), 0);
    assert_eq!(look(&next).producers[0].acks, "1");
    assert!(s.with_producer_config("checkout", "acks", "2").is_err());
}

#[test]
fn a_batch_that_lingers_shows_how_long_and_records_by_hand_go_where_the_others_go() {
    let text = r#"{"format":1,"kafka":"4.1","until_us":1000000,"topology":{"brokers":1,
        "topics":[{"name":"a","partitions":1,"replication.factor":1},{"name":"b","partitions":1,"replication.factor":1}],
        "producers":[{"name":"p","configs":{"linger.ms":20}},{"name":"q","configs":{"linger.ms":0}}]},
        "workload":[{"producer":"p","topic":"b","start_us":10000,"every_us":500000,"count":1}]}"#;
    let mut s = Session::new(Scenario::parse(text).unwrap()).unwrap();
    let producers = |s: &Session| people::producers(s);
    assert_eq!(producers(&s)[0].topics, ["b", "a"]);
    assert_eq!((producers(&s)[0].linger, producers(&s)[1].linger), (Some(0), None));
    s.seek(20_000);
    assert_eq!(producers(&s)[0].linger, Some(50));
}

#[test]
fn a_streams_thread_shows_its_store_what_is_not_committed_and_what_it_did_outside() {
    let scenario = Scenario::parse(highwater_core::scenario::shipped("streams-exactly-once").unwrap()).unwrap();
    let mut s = Session::new(scenario).unwrap();
    let mut thread = |at| {
        s.seek(at);
        look(&s).groups[0].members[0].thread.clone().expect("it is a Streams thread")
    };
    let t = thread(1_230_000);
    assert_eq!((t.store[0].1, t.ahead, t.effects, t.restoring), (8, 2, 8, None));
    let t = thread(1_240_000);
    assert_eq!((t.store.len(), t.effects), (0, 8), "the store died with its process, what was done outside did not");
    let t = thread(29_000_000);
    assert_eq!((t.store[0].1, t.ahead, t.effects), (10, 0, 12));
}

#[test]
fn defaults_of_three_releases_stand_side_by_side_and_one_can_be_chosen() {
    let mut s = session();
    let run = look(&s).inspection;
    let release = run.choices.iter().find(|c| c.config == "kafka").expect("a choice of the release");
    assert!(release.options.contains(&"2.8".to_owned()) && release.options.contains(&release.value));
    s.select(Selection::Producer(ProducerIx(0)));
    let row = |s: &Session, name: &str| {
        let sections = look(s).inspection.sections;
        sections.into_iter().flat_map(|x| x.rows).find(|r| r.label == name).unwrap_or_else(|| panic!("no {name}"))
    };
    let linger = row(&s, "linger.ms");
    assert!(linger.note.as_ref().is_some_and(|n| n.contains("2.8: 0 · 3.9: 0 · 4.")), "{linger:?}");
    assert_eq!(row(&s, "batch.size").note, None, "the same everywhere, and not set");
    let mut old = s.with_release("2.8").unwrap();
    old.select(Selection::Producer(ProducerIx(0)));
    let idempotence = row(&old, "enable.idempotence");
    assert!(idempotence.value == "false" && !idempotence.set, "{idempotence:?}");
    assert!(old.sim().now_us() == 0 && s.with_release("1.0").is_err());
}

//! The Trial door without a browser: the search runs here.

use super::sheet::{Mood, sheet};
use super::wire::carry_out;
use super::*;
use crate::i18n::Lang;
use highwater_core::scenario::shipped;

fn case(name: &str) -> Case {
    Case::new(Scenario::parse(shipped(name).unwrap()).unwrap()).unwrap()
}

/// Searches to the end, over the wire.
fn search(case: &mut Case) {
    let task = case.start();
    let task = serde_json::from_str(&serde_json::to_string(&task).unwrap()).unwrap();
    carry_out(task, || 0.0, |tell| case.hear(serde_json::from_str(&serde_json::to_string(&tell).unwrap()).unwrap()));
}

fn flip_of(case: &Case, knob: Knob, to: &str) -> Ending {
    let is = |r: &&Run| matches!(&r.flip, Some(Flip::Knob { knob: k, to: v, .. }) if *k == knob && v == to);
    case.runs().iter().find(is).unwrap().ending.clone().unwrap()
}

#[test]
fn acks_1_loses_a_record_in_six_steps_and_the_table_says_what_decides() {
    let mut c = case("acks-1");
    search(&mut c);
    assert_eq!(*c.phase(), Phase::Over);
    let s = sheet(&c, &[], Lang::En);
    let v = s.verdict.unwrap();
    assert_eq!((v.mood, v.head.as_str()), (Mood::Broken, "Found: an acknowledged record is lost"));
    assert!(v.detail.contains("1 fault, 6 steps"), "{}", v.detail);
    assert_eq!(s.steps.len(), 6);
    assert!(s.steps.iter().all(|x| !x.lines.is_empty()));
    assert_eq!(s.steps.iter().filter(|x| x.fault).count(), 1);
    assert_eq!(flip_of(&c, Knob::Acks, "all"), Ending::None);
    assert!(matches!(flip_of(&c, Knob::MinIsr, "1"), Ending::Found { .. }));
    let refused = s.flips.iter().find(|f| f.name == "enable.idempotence").unwrap();
    assert!(refused.detail.as_ref().is_some_and(|d| d.contains("acks")), "{refused:?}");
    assert!(s.decides.as_ref().is_some_and(|d| d.contains("acks 1 → all") && d.contains("broker crashes 1 → 0")), "{:?}", s.decides);
}

#[test]
fn the_story_is_a_scenario_that_loses_the_record_again() {
    let mut c = case("acks-1");
    search(&mut c);
    let story = Scenario::parse(&c.story_of(0).unwrap().to_json()).unwrap();
    let mut sim = Sim::new(&story).unwrap();
    sim.advance_to(story.until_us);
    assert_eq!(sim.ledger().figures(sim.world()).lost, 1);
}

#[test]
fn none_is_said_with_its_bounds_and_the_number_of_states() {
    let mut c = case("acks-1");
    c.bound(1, 0).unwrap();
    search(&mut c);
    let v = sheet(&c, &[], Lang::En).verdict.unwrap();
    assert_eq!(v.mood, Mood::Kept);
    assert!(v.head.starts_with("None found in ") && v.detail.contains("at most 1 record "), "{v:?}");
    assert!(v.detail.contains("no promise beyond these bounds"));
}

#[test]
fn a_limit_is_no_verdict() {
    let mut c = case("acks-all");
    c.bound_states(50);
    search(&mut c);
    let v = sheet(&c, &[], Lang::En).verdict.unwrap();
    assert_eq!(v.mood, Mood::Open);
    assert!(v.head.contains("the limit of 50 states") && v.detail.starts_with("Not complete"), "{v:?}");
}

#[test]
fn a_change_takes_the_verdict_away_and_late_news_with_it() {
    let mut c = case("acks-1");
    search(&mut c);
    c.turn(Knob::Acks, "all").unwrap();
    assert!(sheet(&c, &[], Lang::En).verdict.is_none() && c.story().is_none());
    c.hear(Tell::Over { run: 0, effort: Effort::default(), ending: Ending::None });
    assert!(sheet(&c, &[], Lang::En).verdict.is_none());
}

#[test]
fn cancelling_leaves_no_verdict() {
    let mut c = case("acks-1");
    c.start();
    c.stop();
    c.hear(Tell::Over { run: 0, effort: Effort::default(), ending: Ending::None });
    let v = sheet(&c, &[], Lang::En).verdict.unwrap();
    assert_eq!((v.mood, v.head.as_str()), (Mood::Open, "Cancelled: no verdict"));
}

#[test]
fn what_kafka_refuses_changes_nothing() {
    let mut c = case("acks-1");
    let before = c.scenario().clone();
    let e = c.turn(Knob::Idempotence, "true").unwrap_err();
    assert!(e.to_string().contains("enable.idempotence"), "{e}");
    assert_eq!(*c.scenario(), before);
}

#[test]
fn every_knob_of_every_shipped_configuration_reads_back_what_was_set() {
    for (name, text) in highwater_core::scenario::SHIPPED {
        let Ok(c) = Case::new(Scenario::parse(text).unwrap()) else { continue };
        for knob in Knob::ALL.into_iter().filter(|k| k.concerns(c.scenario())) {
            let now = knob.value(&Trial::new(c.scenario()).unwrap().setup);
            for to in knob.options(c.scenario(), &now) {
                let Ok(next) = knob.set(c.scenario(), &to) else { continue };
                let reads = Trial::new(&next).map(|t| knob.value(&t.setup));
                assert!(reads.is_err() || reads == Ok(to.clone()) || now == to, "{name}: {} = {to}, {reads:?}", knob.name());
            }
        }
    }
}

#[test]
fn commands_and_schedule_stay_behind_and_readers_bring_their_promises() {
    let mut s = Scenario::parse(shipped("first").unwrap()).unwrap();
    s.commands = serde_json::from_str(r#"[{"at_us":5,"do":"crash","broker":1}]"#).unwrap();
    let c = Case::new(s).unwrap();
    assert!(c.scenario().commands.is_empty());
    assert!(c.properties().contains(&Property::HandledTwice));
    assert!(!case("acks-1").properties().contains(&Property::HandledTwice));
}

#[test]
fn one_promise_at_least_is_looked_at() {
    let mut c = case("acks-1");
    c.look_for(Property::Lost, false);
    assert_eq!(c.properties(), [Property::Lost]);
    c.look_for(Property::Duplicated, true);
    c.look_for(Property::Lost, false);
    assert_eq!(c.properties(), [Property::Duplicated]);
}

#[test]
fn the_sheet_is_whole_in_both_languages() {
    let mut c = case("commit-first");
    search(&mut c);
    for lang in [Lang::En, Lang::Ko] {
        let s = sheet(&c, &[("first", Scenario::parse(shipped("first").unwrap()).unwrap())], lang);
        assert!(s.verdict.is_some() && !s.knobs.is_empty() && s.bounds.len() == 6 && s.shipped.len() == 1, "{s:?}");
        assert!(s.flips.iter().all(|f| !f.word.is_empty() && !f.change.is_empty()));
    }
}

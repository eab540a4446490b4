//! A whole lesson without a browser.

use super::open::Phase;
use super::place::Place;
use super::progress::Progress;
use super::{Ask, Learn};
use crate::session::Session;
use highwater_core::ids::BrokerId;
use highwater_core::lesson::SHIPPED;
use highwater_core::scenario::Do;

/// All lessons, none open.
fn loaded() -> Learn {
    let mut learn = Learn::new(Progress::default());
    let texts: Vec<String> = SHIPPED.iter().flat_map(|s| [s.data, s.en, s.ko]).map(String::from).collect();
    assert_eq!(texts.len(), Learn::files().len());
    learn.take(&texts);
    learn
}

/// Lets real time pass until the run stands still.
fn watch(learn: &mut Learn, session: &mut Session) {
    for _ in 0..100_000 {
        session.frame(16_667.0, || false);
        learn.tick(session);
        if !session.moving() {
            return;
        }
    }
    panic!("it never stands still");
}

/// Lets frames pass until the pictures of disks and copies stand still.
fn watch_bench(learn: &mut Learn, session: &mut Session) {
    let mut now_ms = 0.0;
    while learn.open.as_mut().unwrap().bench.as_mut().unwrap().frame(now_ms) {
        now_ms += 16.667;
        assert!(now_ms < 60_000.0, "it never stands still");
    }
    assert!(now_ms > 500.0, "there is something to watch");
    learn.tick(session);
}

fn at(learn: &mut Learn, rest: &str) -> Session {
    learn.go(rest).unwrap_or_else(|| panic!("{rest} leads nowhere"))
}

fn phase(learn: &Learn) -> Phase {
    learn.open.as_ref().unwrap().phase
}

#[test]
fn nothing_runs_before_a_prediction() {
    let mut learn = loaded();
    let mut s = at(&mut learn, "L11/2");
    let begin = s.sim().now_us();
    learn.update(Ask::Next, &mut s);
    assert!(!s.moving() && phase(&learn) == Phase::Predict && s.sim().now_us() == begin);
    learn.update(Ask::Choose(99), &mut s);
    learn.update(Ask::Next, &mut s);
    assert!(!s.moving());
    learn.update(Ask::Choose(0), &mut s);
    learn.update(Ask::Next, &mut s);
    assert!(s.playing() && phase(&learn) == Phase::Running);
}

#[test]
fn every_step_of_every_lesson_goes_from_prediction_to_explanation() {
    let mut learn = loaded();
    for lesson in learn.lessons().to_vec() {
        for (i, step) in lesson.data.steps.iter().enumerate() {
            let mut s = at(&mut learn, &format!("{}/{}", lesson.id, i + 1));
            learn.update(Ask::Choose(0), &mut s);
            learn.update(Ask::Next, &mut s);
            if lesson.is_cost() {
                watch_bench(&mut learn, &mut s);
                assert_eq!(phase(&learn), Phase::Compare, "{} {}", lesson.id, step.id);
            } else {
                watch(&mut learn, &mut s);
                assert_eq!(phase(&learn), Phase::Focus, "{} {}", lesson.id, step.id);
                let focus = learn.open.as_ref().unwrap().focus.unwrap();
                assert!((focus.at_us..focus.at_us + 1000).contains(&s.sim().now_us()), "it stands still right after the event");
                learn.update(Ask::Next, &mut s);
                watch(&mut learn, &mut s);
                assert_eq!(phase(&learn), Phase::Compare);
                // What was watched is what the outcome is made from.
                assert_eq!(s.sim().trace_hash(), learn.open.as_ref().unwrap().runs.shown().unwrap().sim.trace_hash());
            }
            let right = step.because.options.iter().position(|o| *o == step.because.answer).unwrap();
            let wrong = (right + 1) % step.because.options.len();
            learn.update(Ask::Choose(wrong), &mut s);
            assert_eq!(learn.update(Ask::Next, &mut s), None, "a wrong reason does not go on");
            learn.update(Ask::Choose(right), &mut s);
            let next = learn.update(Ask::Next, &mut s).unwrap();
            assert!(next.starts_with(&format!("#/learn/{}/", lesson.id)));
            let taken = &learn.progress.of(&lesson.id).unwrap().steps[&step.id];
            assert!(taken.explained && taken.right == (step.options[0].id == step.answer));
        }
    }
}

#[test]
fn a_challenge_says_what_is_missing_and_is_won_by_hand() {
    let mut learn = loaded();
    let mut s = at(&mut learn, "L11/challenge");
    learn.update(Ask::Check, &mut s);
    let v = learn.open.as_ref().unwrap().verdict.as_ref().unwrap();
    assert!(!v.won() && v.unmet() == Some("alone") && v.broken_by.is_some());
    for broker in [2, 3] {
        s.act(Do::Crash { broker });
    }
    s.seek(13_000_000);
    s.act(serde_json::from_str(r#"{"send":{"producer":"checkout","topic":"pay","key":"A"}}"#).unwrap());
    s.seek(13_100_000);
    learn.update(Ask::Check, &mut s);
    assert_eq!(learn.open.as_ref().unwrap().verdict.as_ref().unwrap().unmet(), Some("lost"));
    s.act(Do::PowerCut { broker: 1 });
    s.seek(20_000_000);
    s.act(Do::Start { broker: 1 });
    s.seek(60_000_000);
    learn.update(Ask::Check, &mut s);
    assert!(learn.open.as_ref().unwrap().verdict.as_ref().unwrap().won());
    assert!(learn.progress.of("L11").unwrap().challenge);
    assert!(s.sim().world().broker(BrokerId(1)).is_up());
}

#[test]
fn a_setting_that_was_changed_does_not_count() {
    let mut learn = loaded();
    let mut s = at(&mut learn, "L11/challenge");
    s = s.with_producer_config("checkout", "acks", "1").unwrap();
    learn.update(Ask::Check, &mut s);
    assert!(learn.open.as_ref().unwrap().verdict.as_ref().unwrap().settings_changed);
}

#[test]
fn the_solution_is_shown_and_is_no_win() {
    let mut learn = loaded();
    for lesson in learn.lessons().to_vec() {
        let mut s = at(&mut learn, &format!("{}/challenge", lesson.id));
        learn.update(Ask::Solve, &mut s);
        s.seek(u64::MAX);
        learn.update(Ask::Check, &mut s);
        assert!(learn.open.as_ref().unwrap().verdict.as_ref().unwrap().won(), "{}", lesson.id);
        assert!(learn.progress.of(&lesson.id).is_none_or(|d| !d.challenge));
    }
}

#[test]
fn addresses_lead_to_places() {
    let mut learn = loaded();
    assert!(learn.go("").is_none() && learn.open.is_none());
    assert!(learn.go("L99").is_none() && learn.open.is_none());
    at(&mut learn, "L11/end");
    assert_eq!(learn.open.as_ref().unwrap().place, Place::End);
    assert!(learn.go("L11/end").is_none(), "it is there already");
    at(&mut learn, "L11");
    assert_eq!(learn.open.as_ref().unwrap().place, Place::Intro);
}

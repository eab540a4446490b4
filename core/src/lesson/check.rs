//! `highwater lesson check`: runs every step, the challenge's published solution and its near misses.

use super::challenge::Verdict;
use super::data::Attempt;
use super::run::unmet;
use super::witness::{kind_name, kind_of_word};
use super::{Lesson, LessonError};
use crate::cli_twin;
use crate::fold::narration::{Lang, sentence};
use serde::Serialize;

/// How much was checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// Steps.
    pub steps: usize,
    /// Runs of their steps.
    pub runs: usize,
    /// Facts of their steps.
    pub facts: usize,
    /// Near misses of the challenge.
    pub misses: usize,
}

/// Something that is not as the lesson says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// Where: the step, the challenge.
    pub at: String,
    /// What was expected, what is so, and after which event.
    pub what: String,
}

/// Checks a lesson by running it; what is found is said in this language.
///
/// # Errors
/// A scene that does not run.
pub fn check(l: &Lesson, lang: Lang) -> Result<(Counts, Vec<Finding>), LessonError> {
    let mut found = Vec::new();
    let mut counts = Counts { steps: l.data.steps.len(), misses: l.data.challenge.misses.len(), ..Counts::default() };
    for i in 0..l.data.steps.len() {
        let (runs, facts) = step(l, i, lang, &mut found)?;
        counts.runs += runs;
        counts.facts += facts;
    }
    challenge(l, lang, &mut found)?;
    Ok((counts, found))
}

fn step(l: &Lesson, i: usize, lang: Lang, found: &mut Vec<Finding>) -> Result<(usize, usize), LessonError> {
    let s = &l.data.steps[i];
    let runs = l.runs(i)?;
    let mut say = |en: String, ko: String| {
        let at = either(lang, format!("step {}", s.id), format!("단계 {}", s.id));
        found.push(Finding { at, what: either(lang, en, ko) });
    };
    for (f, text) in s.facts.iter().map(|f| (&f.0, &f.1)) {
        if let Some(u) = unmet(f, &runs, &l.names) {
            let (run, clause, found) = (&u.run, &u.clause, &u.found);
            let last = u.event.zip(runs.named(run)).map(|(e, run)| format!("; {} us: {}", e.at_us, sentence(&e, &run.sim, lang)));
            let last = last.unwrap_or_default();
            say(
                format!("{text:?} is not so in run {run}: {clause}: {found}{last}"),
                format!("{text:?}: 실행 {run}에서 그렇지 않음: {clause}: {found}{last}"),
            );
        }
    }
    let (right, answer) = (l.come_true(s, &runs), &s.answer);
    if right != [answer.as_str()] {
        say(
            format!("the answer is {answer:?}, but what comes true is {right:?}"),
            format!("정답은 {answer:?}인데 실제로 맞는 것은 {right:?}"),
        );
    }
    for o in &s.options {
        let (Some(runs), id) = (l.belief(i, &o.id)?, o.id.as_str()) else { continue };
        let there = l.come_true(s, &runs);
        if !there.contains(&id) || there.contains(&answer.as_str()) {
            say(
                format!("in the scene of the belief {id:?}, what comes true is {there:?}"),
                format!("예측 {id:?}대로인 장면에서 실제로 맞는 것은 {there:?}"),
            );
        }
    }
    if let (Some(run), Some(focus)) = (runs.shown(), &s.focus) {
        let (event, name, from) = (&focus.event, &run.name, s.from_us);
        match run.find(focus, &l.names) {
            None => {
                say(format!("the focus event {event:?} never happens in run {name}"), format!("초점 이벤트 {event:?}가 실행 {name}에 없음"))
            }
            Some(e) if e.at_us < from => say(
                format!("the focus event is at {} us, before the step begins at {from} us", e.at_us),
                format!("초점 이벤트가 {} us에 있어 단계가 시작하는 {from} us보다 앞섬", e.at_us),
            ),
            Some(_) => {}
        }
        let commands = s.twin.iter().chain(l.data.real.iter().filter(|r| r.at.as_ref() == Some(&s.id)).map(|r| &r.command));
        for c in commands {
            if let Err(e) = cli_twin::answer(c, &run.sim, &l.names) {
                say(format!("{c}: {e}"), format!("{c}: {e}"));
            }
        }
    }
    Ok((runs.count(), s.facts.len()))
}

/// An attempt at the challenge, judged.
fn judged(l: &Lesson, a: &Attempt) -> Result<Verdict, LessonError> {
    match &a.choice {
        Some(choice) if l.is_cost() => l.judge_cost(choice),
        choice => {
            let scenario = l.attempt(choice.as_deref(), &a.commands)?;
            l.judge(&scenario, scenario.until_us)
        }
    }
}

fn challenge(l: &Lesson, lang: Lang, found: &mut Vec<Finding>) -> Result<(), LessonError> {
    let c = &l.data.challenge;
    let mut say = |at: &str, en: String, ko: String| {
        let at = either(lang, format!("challenge, {at}"), format!("도전, {at}"));
        found.push(Finding { at, what: either(lang, en, ko) });
    };
    if let Some(id) = judged(l, &c.solution)?.unmet() {
        say("solution", format!("condition {id:?} is not met"), format!("조건 {id:?} 미충족"));
    }
    for choice in c.choices.iter().filter(|x| Some(&x.name) != c.solution.choice.as_ref()) {
        if judged(l, &Attempt { choice: Some(choice.name.clone()), commands: Vec::new() })?.won() {
            say("choices", format!("{:?} wins as well", choice.name), format!("{:?}도 성공함", choice.name));
        }
    }
    for m in &c.misses {
        let v = judged(l, &m.attempt)?;
        let (at, wanted) = (format!("misses.{}", m.id), &m.unmet);
        match v.unmet() {
            None => say(&at, "meets every condition".into(), "모든 조건을 충족함".into()),
            Some(id) if id != wanted => {
                say(
                    &at,
                    format!("the first condition unmet is {id:?}, not {wanted:?}"),
                    format!("처음 미충족인 조건이 {wanted:?}가 아니라 {id:?}"),
                );
            }
            Some(_) => {}
        }
        let named = v.broken_by.map(|e| kind_name(&e.kind));
        if m.event.as_deref().map(kind_of_word) != named.map(Some) {
            let (named, wanted) = (named.unwrap_or_default(), &m.event);
            say(&at, format!("the event named is {named:?}, not {wanted:?}"), format!("지목한 이벤트가 {wanted:?}가 아니라 {named:?}"));
        }
    }
    Ok(())
}

fn either(lang: Lang, en: String, ko: String) -> String {
    match lang {
        Lang::En => en,
        Lang::Ko => ko,
    }
}

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

/// Checks a lesson by running it.
///
/// # Errors
/// A scene that does not run.
pub fn check(l: &Lesson) -> Result<(Counts, Vec<Finding>), LessonError> {
    let mut found = Vec::new();
    let mut counts = Counts { steps: l.data.steps.len(), misses: l.data.challenge.misses.len(), ..Counts::default() };
    for i in 0..l.data.steps.len() {
        let (runs, facts) = step(l, i, &mut found)?;
        counts.runs += runs;
        counts.facts += facts;
    }
    challenge(l, &mut found)?;
    Ok((counts, found))
}

fn step(l: &Lesson, i: usize, found: &mut Vec<Finding>) -> Result<(usize, usize), LessonError> {
    let s = &l.data.steps[i];
    let runs = l.runs(i)?;
    let mut say = |what: String| found.push(Finding { at: format!("step {}", s.id), what });
    for (f, text) in s.facts.iter().map(|f| (&f.0, &f.1)) {
        if let Some(u) = unmet(f, &runs, &l.names) {
            let after = u
                .event
                .zip(runs.named(&u.run))
                .map_or_else(String::new, |(e, run)| format!("; last at {} us: {}", e.at_us, sentence(&e, &run.sim, Lang::En)));
            say(format!("{text:?} is not so in run {}: {}: {}{after}", u.run, u.clause, u.found));
        }
    }
    let right = l.come_true(s, &runs);
    if right != [s.answer.as_str()] {
        say(format!("the answer is {:?}, but what comes true is {right:?}", s.answer));
    }
    if let (Some(run), Some(focus)) = (runs.shown(), &s.focus) {
        match run.find(focus, &l.names) {
            None => say(format!("the focus event {:?} never happens in run {}", focus.event, run.name)),
            Some(e) if e.at_us < s.from_us => {
                say(format!("the focus event is at {} us, before the step begins at {} us", e.at_us, s.from_us));
            }
            Some(_) => {}
        }
        let commands = s.twin.iter().chain(l.data.real.iter().filter(|r| r.at.as_ref() == Some(&s.id)).map(|r| &r.command));
        for c in commands {
            if let Err(e) = cli_twin::answer(c, &run.sim, &l.names) {
                say(format!("{c}: {e}"));
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

fn challenge(l: &Lesson, found: &mut Vec<Finding>) -> Result<(), LessonError> {
    let c = &l.data.challenge;
    let mut say = |at: &str, what: String| found.push(Finding { at: format!("challenge, {at}"), what });
    if let Some(id) = judged(l, &c.solution)?.unmet() {
        say("solution", format!("condition {id:?} is not met"));
    }
    for choice in c.choices.iter().filter(|x| Some(&x.name) != c.solution.choice.as_ref()) {
        if judged(l, &Attempt { choice: Some(choice.name.clone()), commands: Vec::new() })?.won() {
            say("choices", format!("{:?} wins as well", choice.name));
        }
    }
    for m in &c.misses {
        let v = judged(l, &m.attempt)?;
        let at = format!("near miss {}", m.id);
        match v.unmet() {
            None => say(&at, "meets every condition".into()),
            Some(id) if id != m.unmet => say(&at, format!("the first condition unmet is {id:?}, not {:?}", m.unmet)),
            Some(_) => {}
        }
        let named = v.broken_by.map(|e| kind_name(&e.kind));
        if m.event.as_deref().map(kind_of_word) != named.map(Some) {
            say(&at, format!("the event named is {:?}, not {:?}", named.unwrap_or_default(), m.event));
        }
    }
    Ok(())
}

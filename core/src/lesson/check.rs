//! `highwater lesson check`: runs every step, the challenge's published solution and its near misses.

use super::run::unmet;
use super::witness::kind_name;
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
    let runs = l.run(i)?;
    let mut say = |what: String| found.push(Finding { at: format!("step {}", s.id), what });
    for (f, text) in s.facts.iter().map(|f| (&f.0, &f.1)) {
        if let Some(u) = unmet(f, &runs, &l.names) {
            let after = u.event.map_or_else(String::new, |e| {
                let run = runs.iter().find(|r| u.run.starts_with(&r.name)).unwrap_or(&runs[0]);
                format!("; last at {} us: {}", e.at_us, sentence(&e, &run.sim, Lang::En))
            });
            say(format!("{text:?} is not so in run {}: {}: {}{after}", u.run, u.clause, u.found));
        }
    }
    let right = l.come_true(s, &runs);
    if right != [s.answer.as_str()] {
        say(format!("the answer is {:?}, but what comes true is {right:?}", s.answer));
    }
    match runs[0].find(&s.focus, &l.names) {
        None => say(format!("the focus event {:?} never happens in run {}", s.focus.event, runs[0].name)),
        Some(e) if e.at_us < s.from_us => say(format!("the focus event is at {} us, before the step begins at {} us", e.at_us, s.from_us)),
        Some(_) => {}
    }
    let commands = s.twin.iter().chain(l.data.real.iter().filter(|r| r.at.as_ref() == Some(&s.id)).map(|r| &r.command));
    for c in commands {
        if let Err(e) = cli_twin::answer(c, &runs[0].sim, &l.names) {
            say(format!("{c}: {e}"));
        }
    }
    Ok((runs.len(), s.facts.len()))
}

fn challenge(l: &Lesson, found: &mut Vec<Finding>) -> Result<(), LessonError> {
    let c = &l.data.challenge;
    let mut say = |at: &str, what: String| found.push(Finding { at: format!("challenge, {at}"), what });
    let scenario = l.solution()?;
    let v = l.judge(&scenario, scenario.until_us)?;
    if let Some(id) = v.unmet() {
        say("solution", format!("condition {id:?} is not met"));
    }
    for choice in c.choices.iter().filter(|x| Some(&x.name) != c.solution.choice.as_ref()) {
        let scenario = l.attempt(Some(&choice.name), &[])?;
        if l.judge(&scenario, scenario.until_us)?.won() {
            say("choices", format!("{:?} wins as well", choice.name));
        }
    }
    for m in &c.misses {
        let scenario = l.attempt(m.attempt.choice.as_deref(), &m.attempt.commands)?;
        let v = l.judge(&scenario, scenario.until_us)?;
        let at = format!("near miss {}", m.id);
        match v.unmet() {
            None => say(&at, "meets every condition".into()),
            Some(id) if id != m.unmet => say(&at, format!("the first condition unmet is {id:?}, not {:?}", m.unmet)),
            Some(_) => {}
        }
        let named = v.broken_by.map_or("", |e| kind_name(&e.kind));
        if super::witness::kind_of_word(&m.event) != Some(named) {
            say(&at, format!("the event named is {named:?}, not {:?}", m.event));
        }
    }
    Ok(())
}

//! What there is to read beside the stage: the open lesson at its place, in a language. No browser in here.

use super::Learn;
use super::open::{Open, Phase};
use super::place::Place;
use crate::facts::inspect::told;
use crate::i18n::{self, Lang};
use crate::session::Session;
use highwater_core::cli_twin;
use highwater_core::lesson::Lesson;
use highwater_core::lesson::data::Step;
use highwater_core::lesson::words::{StepWords, Words};

/// A lesson in the list.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// Its address.
    pub address: String,
    /// `L11`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its question.
    pub question: String,
    /// Minutes that it takes.
    pub minutes: u8,
    /// Steps that were explained, of how many.
    pub steps: (usize, usize),
    /// The challenge was won.
    pub won: bool,
}

/// A place in the lesson's navigation.
#[derive(Clone, PartialEq, Debug)]
pub struct Stop {
    /// Its address.
    pub address: String,
    /// A figure or a sign.
    pub sign: String,
    /// Its name.
    pub name: String,
    /// Is one there?
    pub here: bool,
    /// Was it done?
    pub done: bool,
}

/// Something to choose.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    /// Its words.
    pub text: String,
    /// Was it chosen?
    pub chosen: bool,
    /// Is it the right one? Only once that may be told.
    pub right: Option<bool>,
}

/// The open step.
#[derive(Clone, PartialEq, Debug)]
pub struct StepPanel {
    /// From 1, of how many.
    pub n: (usize, usize),
    /// Its title.
    pub title: String,
    /// Is it the one for a class to vote on?
    pub poll: bool,
    /// What is going to be done.
    pub setting: String,
    /// The question.
    pub ask: String,
    /// The predictions.
    pub options: Vec<Choice>,
    /// It has a cluster that can be taken to the Play door.
    pub playable: bool,
    /// How far it has come.
    pub phase: Phase,
    /// What to look at.
    pub watch: String,
    /// The decisive event in words.
    pub moment: Option<String>,
    /// What happened, once it has.
    pub after: Option<After>,
    /// The picture as text: command and output.
    pub twin: Option<(String, String)>,
}

/// R19, "run my prediction": what would have to be otherwise for it to come true.
#[derive(Clone, PartialEq, Debug)]
pub enum Belief {
    /// It can be run.
    Offered,
    /// It is on the stage, and its end is still to come.
    Running,
    /// It is over: what came of it.
    Over(String),
}

/// Comparison and explanation.
#[derive(Clone, PartialEq, Debug)]
pub struct After {
    /// What was predicted.
    pub said: String,
    /// Did it come true?
    pub right: bool,
    /// What happened, made from the state.
    pub outcome: String,
    /// What to tell somebody who predicted this.
    pub note: Option<String>,
    /// What would have to be so for the prediction to come true: while that runs, in words.
    pub belief: Option<Belief>,
    /// The ledger, read out.
    pub ledger: Option<String>,
    /// The question about the reason.
    pub why: String,
    /// Reasons.
    pub reasons: Vec<Choice>,
    /// The explanation, once the right reason is given.
    pub explain: Option<String>,
}

/// A condition of the challenge.
#[derive(Clone, PartialEq, Debug)]
pub struct Goal {
    /// Its words.
    pub text: String,
    /// Is it met? Unknown before it was judged.
    pub met: Option<bool>,
}

/// The challenge.
#[derive(Clone, PartialEq, Debug)]
pub struct ChallengePanel {
    /// Its title.
    pub title: String,
    /// What to achieve.
    pub task: String,
    /// Scenes to choose from; none where one acts on the stage.
    pub choices: Vec<Choice>,
    /// The conditions.
    pub goals: Vec<Goal>,
    /// Hints that were asked for.
    pub hints: Vec<String>,
    /// Are there more?
    pub more_hints: bool,
    /// Where it went wrong, or what is still missing: a heading, and an event in words.
    pub wrong: Option<(&'static str, String)>,
    /// Settings were changed.
    pub settings_changed: bool,
    /// It is done: what to say.
    pub won: Option<String>,
    /// How it is done, if that was asked for.
    pub solution: Option<String>,
}

/// A command for a real cluster.
#[derive(Clone, PartialEq, Debug)]
pub struct RealCommand {
    /// A remark.
    pub remark: String,
    /// As it is typed.
    pub command: String,
    /// What it prints, from the scene's state.
    pub output: Option<String>,
}

/// What is shown at a place.
#[derive(Clone, PartialEq, Debug)]
pub enum Body {
    /// The question, the scene, recall cards: question, answer, lesson.
    Intro {
        /// What the lesson answers.
        question: String,
        /// What is on the stage.
        intro: String,
        /// Cards of earlier lessons.
        recall: Vec<(String, String, String)>,
    },
    /// A step.
    Step(Box<StepPanel>),
    /// The challenge.
    Challenge(Box<ChallengePanel>),
    /// The end.
    End {
        /// Commands.
        real: Vec<RealCommand>,
        /// What the model leaves out.
        left_out: Vec<String>,
        /// This lesson's cards: question and answer.
        cards: Vec<(String, String)>,
        /// The next lesson: address and title.
        next: Option<(String, String)>,
    },
}

/// The lesson's panel.
#[derive(Clone, PartialEq, Debug)]
pub struct Panel {
    /// `L11`.
    pub id: String,
    /// The lesson's title.
    pub title: String,
    /// Its places.
    pub stops: Vec<Stop>,
    /// What is at this one.
    pub body: Body,
}

/// The list of lessons.
pub fn list(l: &Learn, lang: Lang) -> Vec<Item> {
    let item = |lesson: &std::rc::Rc<Lesson>| {
        let (w, done) = (lesson.words(lang.core()), l.progress.of(&lesson.id));
        let explained = done.map_or(0, |d| d.steps.values().filter(|t| t.explained).count());
        Item {
            address: Place::Intro.address(&lesson.id),
            id: lesson.id.clone(),
            title: w.title.clone(),
            question: w.question.clone(),
            minutes: lesson.data.minutes,
            steps: (explained, lesson.data.steps.len()),
            won: done.is_some_and(|d| d.challenge),
        }
    };
    l.lessons().iter().map(item).collect()
}

/// The panel of the open lesson.
pub fn panel(l: &Learn, s: &Session, lang: Lang) -> Option<Panel> {
    let open = l.open.as_ref()?;
    let w = open.lesson.words(lang.core());
    let body = match open.place {
        Place::Intro => intro(l, open, w, lang),
        Place::Step(i) => Body::Step(Box::new(step(open, i, s, w, lang))),
        Place::Challenge => Body::Challenge(Box::new(challenge(open, w, lang))),
        Place::End => end(l, open, w, lang),
    };
    Some(Panel { id: open.lesson.id.clone(), title: w.title.clone(), stops: stops(l, open, w, lang), body })
}

fn stops(l: &Learn, open: &Open, w: &Words, lang: Lang) -> Vec<Stop> {
    let (t, lesson) = (lang.text(), &open.lesson);
    let done = l.progress.of(&lesson.id);
    let stop = |p: Place| {
        let (sign, name, is_done) = match p {
            Place::Intro => ("?".into(), t.learn_intro.to_owned(), false),
            Place::Step(i) => {
                let id = &lesson.data.steps[i].id;
                let explained = done.and_then(|d| d.steps.get(id)).is_some_and(|x| x.explained);
                ((i + 1).to_string(), format!("{}. {}", i + 1, w.steps[id].title), explained)
            }
            Place::Challenge => ("★".into(), t.learn_challenge.to_owned(), done.is_some_and(|d| d.challenge)),
            Place::End => ("$".into(), t.learn_end.to_owned(), false),
        };
        Stop { address: p.address(&lesson.id), sign, name, here: p == open.place, done: is_done }
    };
    Place::all(lesson.data.steps.len()).into_iter().map(stop).collect()
}

fn intro(l: &Learn, open: &Open, w: &Words, lang: Lang) -> Body {
    let card = |(lesson, id): (std::rc::Rc<Lesson>, String)| {
        let c = &lesson.words(lang.core()).cards[&id];
        (c.ask.clone(), c.answer.clone(), lesson.id.clone())
    };
    Body::Intro { question: w.question.clone(), intro: w.intro.clone(), recall: l.recall(&open.lesson).into_iter().map(card).collect() }
}

fn step(open: &Open, i: usize, s: &Session, w: &Words, lang: Lang) -> StepPanel {
    let data = &open.lesson.data.steps[i];
    let words = &w.steps[&data.id];
    let fill = |text: &str| open.lesson.fill(text, &open.runs, lang.core());
    let compared = open.phase == Phase::Compare;
    let right = if compared { open.lesson.come_true(data, &open.runs) } else { Vec::new() };
    let option = |(n, o): (usize, &highwater_core::lesson::data::Choice)| Choice {
        text: words.options[&o.id].clone(),
        chosen: open.chosen == Some(n),
        right: compared.then(|| right.contains(&o.id.as_str())),
    };
    let moment = match open.phase {
        Phase::Focus | Phase::Ending | Phase::Compare => open.focus.map(|e| told(&e, s.sim(), &open.lesson.names, lang)),
        _ => None,
    };
    let twin = data.twin.as_ref().and_then(|c| cli_twin::answer(c, s.sim(), &open.lesson.names).ok().map(|out| (c.clone(), out)));
    StepPanel {
        n: (i + 1, open.lesson.data.steps.len()),
        title: words.title.clone(),
        poll: data.poll,
        setting: fill(&words.setting),
        ask: fill(&words.ask),
        options: data.options.iter().enumerate().map(option).collect(),
        playable: open.bench.is_none(),
        phase: open.phase,
        watch: words.watch.clone(),
        moment,
        after: compared.then(|| after(open, data, words, s, lang)),
        twin,
    }
}

fn after(open: &Open, data: &Step, words: &StepWords, s: &Session, lang: Lang) -> After {
    let fill = |text: &str| open.lesson.fill(text, &open.runs, lang.core());
    let chosen = open.chosen.map(|c| &data.options[c].id);
    let believed = |runs| chosen.and_then(|id| Some(open.lesson.fill(words.beliefs.get(id)?, runs, lang.core())));
    let belief = match &open.belief {
        None => Some(Belief::Offered),
        Some(_) if !s.at_end() => Some(Belief::Running),
        Some(runs) => believed(runs).map(Belief::Over),
    };
    let reason = |(n, id): (usize, &String)| Choice {
        text: words.because[id].clone(),
        chosen: open.reason == Some(n),
        right: (open.reason == Some(n)).then_some(*id == data.because.answer),
    };
    After {
        said: chosen.map(|id| words.options[id].clone()).unwrap_or_default(),
        right: open.right(),
        outcome: fill(&words.outcome),
        note: chosen.and_then(|id| words.notes.get(id)).map(|n| fill(n)),
        belief: belief.filter(|_| open.believable()),
        ledger: open.runs.shown().map(|r| i18n::ledger_read(lang, &r.sim.ledger().figures(r.sim.world()))),
        why: words.why.clone(),
        reasons: data.because.options.iter().enumerate().map(reason).collect(),
        explain: open.reason_is_right().then(|| fill(&words.explain)),
    }
}

fn challenge(open: &Open, w: &Words, lang: Lang) -> ChallengePanel {
    let (c, words) = (&open.lesson.data.challenge, &w.challenge);
    let verdict = open.verdict.as_ref();
    let won = verdict.is_some_and(|v| v.won());
    let met = |id: &str| verdict.and_then(|v| v.met.iter().find(|m| m.0 == id)).map(|m| m.1);
    let choice = |(n, x): (usize, &highwater_core::lesson::data::RunSpec)| Choice {
        text: words.choices[&x.name].clone(),
        chosen: open.chosen == Some(n),
        right: (open.chosen == Some(n)).then_some(won).filter(|_| verdict.is_some()),
    };
    let wrong = verdict.filter(|_| !won).and_then(|v| v.broken_by.zip(v.run.as_ref()));
    ChallengePanel {
        title: words.title.clone(),
        task: words.task.clone(),
        choices: c.choices.iter().enumerate().map(choice).collect(),
        goals: c.win.iter().map(|x| Goal { text: words.conditions[&x.id].clone(), met: met(&x.id) }).collect(),
        hints: words.hints[..open.hints].to_vec(),
        more_hints: open.hints < c.hints,
        wrong: wrong.map(|(e, r)| {
            let heading = if verdict.is_some_and(|v| v.had_held) { lang.text().learn_wrong } else { lang.text().learn_last };
            (heading, format!("{}: {}", i18n::clock(e.at_us), told(&e, &r.sim, &open.lesson.names, lang)))
        }),
        settings_changed: verdict.is_some_and(|v| v.settings_changed),
        won: won.then(|| words.won.clone()),
        solution: open.solved.then(|| words.solution.clone()),
    }
}

fn end(l: &Learn, open: &Open, w: &Words, lang: Lang) -> Body {
    let lesson = &open.lesson;
    let output = |c: &highwater_core::lesson::data::Real| {
        let i = lesson.data.steps.iter().position(|s| Some(&s.id) == c.at.as_ref())?;
        let runs = lesson.run(i).ok()?;
        cli_twin::answer(&c.command, &runs.first()?.sim, &lesson.names).ok()
    };
    let real = lesson.data.real.iter().zip(&w.real);
    Body::End {
        real: real.map(|(c, remark)| RealCommand { remark: remark.clone(), command: c.command.clone(), output: output(c) }).collect(),
        left_out: w.left_out.clone(),
        cards: lesson.data.cards.iter().map(|id| (w.cards[id].ask.clone(), w.cards[id].answer.clone())).collect(),
        next: l.neighbour(1).map(|n| (Place::Intro.address(&n.id), n.words(lang.core()).title.clone())),
    }
}

//! An open lesson: the step's phases (predict, run, compare, explain) and the challenge.

use super::Ask;
use super::bench::Bench;
use super::place::Place;
use super::progress::Progress;
use crate::session::Session;
use highwater_core::event::Event;
use highwater_core::lesson::Lesson;
use highwater_core::lesson::challenge::Verdict;
use highwater_core::lesson::data::Step;
use highwater_core::lesson::run::Runs;
use highwater_core::scenario::{DEFAULT, Scenario};
use std::rc::Rc;

/// How far a step has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// A prediction is asked for; nothing runs before there is one (R1).
    Predict,
    /// It runs, up to the decisive event.
    Running,
    /// It stands still after the decisive event (R4).
    Focus,
    /// It runs on to the end.
    Ending,
    /// What happened beside what was predicted; then the reason.
    Compare,
}

/// An open lesson.
pub struct Open {
    /// Which.
    pub lesson: Rc<Lesson>,
    /// Where in it.
    pub place: Place,
    /// How far the step has come.
    pub phase: Phase,
    /// The prediction, or the choice of the challenge.
    pub chosen: Option<usize>,
    /// The reason that was given last.
    pub reason: Option<usize>,
    /// The step's runs, over: what outcomes are made from.
    pub runs: Runs,
    /// What the stage shows in place of what happened: the runs in which the prediction would have come true.
    pub belief: Option<Runs>,
    /// The stage of a lesson without a cluster.
    pub bench: Option<Bench>,
    /// The decisive event of the run that is shown.
    pub focus: Option<Event>,
    /// How the challenge was judged.
    pub verdict: Option<Verdict>,
    /// Hints that were asked for.
    pub hints: usize,
    /// The solution is shown.
    pub solved: bool,
}

/// Real time between the decisive event and the pause, as virtual time: enough to see it land.
const AFTER_FOCUS_US: u64 = 400;

impl Open {
    /// Opens a lesson at a place; the session to show.
    pub fn at(lesson: Rc<Lesson>, place: Place) -> Option<(Open, Session)> {
        let mut open = Open {
            lesson,
            place,
            phase: Phase::Predict,
            chosen: None,
            reason: None,
            runs: Runs::default(),
            belief: None,
            bench: None,
            focus: None,
            verdict: None,
            hints: 0,
            solved: false,
        };
        let session = open.begin()?;
        Some((open, session))
    }

    /// The step that is open.
    pub fn step(&self) -> Option<&Step> {
        match self.place {
            Place::Step(i) => self.lesson.data.steps.get(i),
            _ => None,
        }
    }

    /// Is the stage the learner's own, with all faults live?
    pub fn hands_on(&self) -> bool {
        self.place == Place::Challenge && self.lesson.data.challenge.choices.is_empty()
    }

    /// From the beginning of the place: the session to show.
    fn begin(&mut self) -> Option<Session> {
        (self.phase, self.chosen, self.reason, self.verdict, self.solved) = (Phase::Predict, None, None, None, false);
        self.belief = None;
        let lesson = self.lesson.clone();
        if lesson.is_cost() {
            return self.begin_cost();
        }
        match self.place {
            Place::Step(i) => {
                self.runs = lesson.runs(i).ok()?;
                let step = &lesson.data.steps[i];
                let run = self.runs.shown()?;
                self.focus = step.focus.as_ref().and_then(|f| run.find(f, &lesson.names));
                stage(&lesson, run.scenario.clone(), step.from_us)
            }
            Place::Challenge => {
                let c = &lesson.data.challenge;
                let choice = c.choices.first().map(|x| x.name.as_str());
                stage(&lesson, lesson.challenge_scene(choice).ok()?, c.from_us)
            }
            // The picture of the first step, standing still.
            Place::Intro => stage(&lesson, lesson.plan(0).ok()?.into_iter().next()?.scenario, lesson.data.steps[0].from_us),
            Place::End => {
                let last = lesson.data.steps.len() - 1;
                stage(&lesson, lesson.plan(last).ok()?.into_iter().next()?.scenario, u64::MAX)
            }
        }
    }

    /// The same without a cluster: the session behind it is not seen.
    fn begin_cost(&mut self) -> Option<Session> {
        let (lesson, last) = (&self.lesson, self.lesson.data.steps.len() - 1);
        let costs = match self.place {
            Place::Step(i) => {
                self.runs = lesson.runs(i).ok()?;
                lesson.costs(i)
            }
            Place::Challenge => lesson.challenge_cost(None).map(|r| vec![r]),
            Place::Intro => lesson.costs(0),
            Place::End => lesson.costs(last),
        };
        let mut bench = Bench::new(costs.ok()?);
        if self.place == Place::End {
            bench.finish();
        }
        self.bench = Some(bench);
        Session::new(Scenario::parse(DEFAULT).ok()?).ok()
    }

    pub(super) fn update(&mut self, ask: Ask, session: &mut Session, progress: &mut Progress) -> Option<String> {
        match (ask, self.place) {
            (Ask::Choose(n), Place::Step(_)) => self.choose(n, progress),
            (Ask::Choose(n), Place::Challenge) if n < self.lesson.data.challenge.choices.len() => self.pick(n, session),
            (Ask::Next, Place::Step(_)) if self.phase != Phase::Compare => self.advance(session, progress),
            (Ask::Next, Place::Step(_)) if self.reason_is_right() => return self.leave(),
            (Ask::Next, Place::Challenge) if !self.verdict.as_ref().is_some_and(Verdict::won) => self.check(session, progress),
            (Ask::Next, Place::Intro | Place::End | Place::Challenge) => return self.leave(),
            (Ask::Skip, Place::Step(_)) if matches!(self.phase, Phase::Running | Phase::Focus | Phase::Ending) => {
                if let Some(b) = &mut self.bench {
                    b.finish();
                } else {
                    session.halt(None);
                    session.pause();
                    session.seek(u64::MAX); // `tick` sees that it is over
                }
            }
            (Ask::Belief, Place::Step(i)) if self.phase == Phase::Compare => self.believe(i, session),
            (Ask::Again, _) => {
                if let Some(s) = self.begin() {
                    *session = s;
                }
            }
            (Ask::Check, Place::Challenge) => self.check(session, progress),
            (Ask::Hint, Place::Challenge) => self.hints = (self.hints + 1).min(self.lesson.data.challenge.hints),
            (Ask::Solve, Place::Challenge) => self.solve(session),
            _ => {}
        }
        None
    }

    /// Was the right reason given?
    pub fn reason_is_right(&self) -> bool {
        let step = self.step();
        step.zip(self.reason).is_some_and(|(s, r)| s.because.options[r] == s.because.answer)
    }

    /// Did the prediction come true?
    pub fn right(&self) -> bool {
        let step = self.step();
        step.zip(self.chosen).is_some_and(|(s, c)| self.lesson.come_true(s, &self.runs).contains(&s.options[c].id.as_str()))
    }

    fn leave(&self) -> Option<String> {
        let next = self.place.next(self.lesson.data.steps.len());
        Some(next.map_or_else(|| "#/learn".to_string(), |p| p.address(&self.lesson.id)))
    }

    fn choose(&mut self, n: usize, progress: &mut Progress) {
        let Some(step) = self.step() else { return };
        match self.phase {
            Phase::Predict if n < step.options.len() => self.chosen = Some(n),
            Phase::Compare if n < step.because.options.len() => {
                self.reason = Some(n);
                if self.reason_is_right()
                    && let Some(s) = self.step()
                {
                    progress.explained(&self.lesson.id, &s.id);
                }
            }
            _ => {}
        }
    }

    /// Predict → run → the decisive event → the end.
    fn advance(&mut self, session: &mut Session, progress: &mut Progress) {
        match self.phase {
            Phase::Predict => {
                let (Some(step), Some(c)) = (self.step(), self.chosen) else { return };
                progress.predicted(&self.lesson.id, &step.id, &step.options[c].id, self.right());
                self.phase = Phase::Running;
                if let Some(b) = &mut self.bench {
                    return b.toggle();
                }
                session.halt(self.focus.map(|e| e.at_us + AFTER_FOCUS_US));
                play(session);
            }
            Phase::Focus => {
                self.phase = Phase::Ending;
                play(session);
            }
            Phase::Running | Phase::Ending => match &mut self.bench {
                Some(b) if b.playing() => {}
                Some(b) => b.toggle(),
                None => play(session),
            },
            Phase::Compare => {}
        }
    }

    /// Has the lesson a scene in which the prediction would have come true?
    pub fn believable(&self) -> bool {
        self.step().zip(self.chosen).is_some_and(|(s, c)| !s.options[c].belief.is_null())
    }

    /// To that scene, from where the question was asked; or back to the end of what happened.
    fn believe(&mut self, i: usize, session: &mut Session) {
        let step = &self.lesson.data.steps[i];
        let believed = match (&self.belief, self.chosen) {
            (None, Some(c)) => self.lesson.belief(i, &step.options[c].id).ok().flatten(),
            _ => None,
        };
        let (shown, at) = if believed.is_some() { (&believed, step.from_us) } else { (&None, u64::MAX) };
        let Some(run) = shown.as_ref().unwrap_or(&self.runs).shown() else { return };
        if let Some(s) = stage(&self.lesson, run.scenario.clone(), at) {
            *session = s;
            if believed.is_some() {
                play(session);
            }
            self.belief = believed;
        }
    }

    /// Looks at how far the run has come.
    pub(super) fn tick(&mut self, session: &mut Session) -> bool {
        if let Some(b) = &self.bench {
            let over = self.phase == Phase::Running && b.over();
            if over {
                self.phase = Phase::Compare;
            }
            return over;
        }
        let now = session.sim().now_us();
        let passed = self.focus.is_some_and(|e| now >= e.at_us);
        let next = match self.phase {
            Phase::Running | Phase::Focus | Phase::Ending if session.at_end() && !session.moving() => Phase::Compare,
            Phase::Running if passed && !session.moving() => Phase::Focus,
            Phase::Focus if session.playing() => Phase::Ending,
            other => other,
        };
        let changed = next != self.phase;
        self.phase = next;
        changed
    }

    // ---- the challenge

    fn pick(&mut self, n: usize, session: &mut Session) {
        self.chosen = Some(n);
        self.verdict = None;
        let choice = &self.lesson.data.challenge.choices[n].name;
        if self.bench.is_some() {
            self.bench = self.lesson.challenge_cost(Some(choice)).ok().map(|r| Bench::new(vec![r]));
            return;
        }
        if let Some(s) =
            self.lesson.challenge_scene(Some(choice)).ok().and_then(|s| stage(&self.lesson, s, self.lesson.data.challenge.from_us))
        {
            *session = s;
        }
    }

    fn check(&mut self, session: &mut Session, progress: &mut Progress) {
        if !self.hands_on() {
            let Some(choice) = self.chosen.map(|n| &self.lesson.data.challenge.choices[n].name) else { return };
            if let Some(b) = &mut self.bench {
                b.finish();
                self.verdict = self.lesson.judge_cost(choice).ok();
            }
            session.seek(u64::MAX);
        }
        if self.bench.is_none() {
            session.pause();
            let scenario = session.timeline().scenario().clone();
            self.verdict = self.lesson.judge(&scenario, session.sim().now_us()).ok();
        }
        if self.verdict.as_ref().is_some_and(Verdict::won) && !self.solved {
            progress.won(&self.lesson.id);
        }
    }

    /// The published solution, on the stage, to play.
    fn solve(&mut self, session: &mut Session) {
        self.verdict = None;
        self.hints = self.lesson.data.challenge.hints;
        let c = &self.lesson.data.challenge;
        let choice = c.solution.choice.as_ref().and_then(|id| c.choices.iter().position(|x| x.name == *id));
        if let (Some(_), Some(n)) = (&self.bench, choice) {
            self.solved = true;
            return self.pick(n, session);
        }
        if let Some(s) = self.lesson.solution().ok().and_then(|s| stage(&self.lesson, s, c.from_us)) {
            *session = s;
            self.solved = true;
            self.chosen = choice;
        }
    }
}

/// A run of a lesson on the stage, standing still at an instant.
fn stage(lesson: &Lesson, scenario: highwater_core::scenario::Scenario, at_us: u64) -> Option<Session> {
    let mut s = Session::new(scenario).ok()?;
    s.names = lesson.names.clone();
    s.seek(at_us);
    Some(s)
}

fn play(session: &mut Session) {
    if !session.playing() {
        session.toggle();
    }
}

//! Lessons: predict, run, compare, explain. A lesson is data (`assets/lessons/ID.json`) with its words in English and
//! Korean beside it (`ID.en.json`, `ID.ko.json`); adding one needs no code. What a lesson says must be so is written in
//! the [`grammar`] and checked by running the engine ([`check`]).

pub mod challenge;
pub mod check;
pub mod cost;
pub mod data;
pub mod eval;
pub mod fill;
pub mod grammar;
pub mod names;
mod resolve;
pub mod run;
pub mod witness;
pub mod words;

use crate::fold::narration::Lang;
use crate::json;
use crate::order;
use crate::scenario::Scenario;
use cost::CostRun;
use data::{Data, RunSpec, Step};
use names::RecordNames;
use run::{Planned, Ran, Runs};
use serde_json::Value as Json;
use std::fmt;
use words::Words;

include!(concat!(env!("OUT_DIR"), "/lessons.rs"));

/// The version of the format that this code reads.
pub const FORMAT: u32 = 1;

/// A lesson's files.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its id, such as `L11`: the name of its files.
    pub id: &'a str,
    /// `ID.json`.
    pub data: &'a str,
    /// `ID.en.json`.
    pub en: &'a str,
    /// `ID.ko.json`.
    pub ko: &'a str,
}

/// What is wrong with a lesson, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LessonError {
    /// The file.
    pub file: String,
    /// The field.
    pub at: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for LessonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at.as_str() {
            "" => write!(f, "{}: {}", self.file, self.what),
            at => write!(f, "{}: {at}: {}", self.file, self.what),
        }
    }
}
impl std::error::Error for LessonError {}

/// A lesson that is sound as far as can be said without running it.
#[derive(Clone, PartialEq, Debug)]
pub struct Lesson {
    /// Its id, such as `L11`.
    pub id: String,
    /// Its data.
    pub data: Data,
    /// Its words in English.
    pub en: Words,
    /// Its words in Korean.
    pub ko: Words,
    /// What its records are called.
    pub names: RecordNames,
}

impl Lesson {
    /// Reads a lesson and checks all that can be checked without running it.
    ///
    /// # Errors
    /// What is wrong, in which file, at which field, and what would be right.
    pub fn parse(s: Source) -> Result<Lesson, LessonError> {
        let lesson = Lesson::read(s)?;
        resolve::check(&lesson)?;
        Ok(lesson)
    }

    /// Reads a lesson that was checked before: one that is shipped.
    ///
    /// # Errors
    /// It is no lesson at all.
    pub fn read(s: Source) -> Result<Lesson, LessonError> {
        let data: Data = decode(s.data, &format!("{}.json", s.id))?;
        let en: Words = decode(s.en, &format!("{}.en.json", s.id))?;
        let ko: Words = decode(s.ko, &format!("{}.ko.json", s.id))?;
        let names = RecordNames(data.records.clone());
        Ok(Lesson { id: s.id.to_string(), data, en, ko, names })
    }

    /// Its words.
    pub fn words(&self, lang: Lang) -> &Words {
        match lang {
            Lang::En => &self.en,
            Lang::Ko => &self.ko,
        }
    }

    /// Is it about what disks and copies cost, without a cluster?
    pub fn is_cost(&self) -> bool {
        cost::is_cost(&self.data.scene)
    }

    /// A step's scene, and what it runs.
    fn specs(&self, step: usize) -> (Json, Vec<RunSpec>) {
        let s = &self.data.steps[step];
        let main = RunSpec { name: "main".into(), change: Json::Null, commands: Vec::new(), seeds: Vec::new() };
        (run::merge(&self.data.scene, &s.change), if s.runs.is_empty() { vec![main] } else { s.runs.clone() })
    }

    /// The runs of a step, each seed on its own; the first is the one to show.
    ///
    /// # Errors
    /// A scene that is none, with the place of the run.
    pub fn plan(&self, step: usize) -> Result<Vec<Planned>, LessonError> {
        let (scene, specs) = self.specs(step);
        let mut all = Vec::new();
        for (i, spec) in specs.iter().enumerate() {
            let planned = run::plan(&scene, spec).map_err(|e| self.error(format!("steps[{step}].runs[{i}]"), e.to_string()))?;
            all.extend(planned);
        }
        Ok(all)
    }

    /// The step's runs in the scene in which a prediction would come true (R19, "run my belief"), over; none if the lesson
    /// has no such scene for it.
    ///
    /// # Errors
    /// As [`Lesson::plan`].
    pub fn belief(&self, step: usize, option: &str) -> Result<Option<Runs>, LessonError> {
        let options = &self.data.steps[step].options;
        let Some((n, o)) = options.iter().enumerate().find(|(_, o)| o.id == option && !o.belief.is_null()) else { return Ok(None) };
        let (scene, specs) = self.specs(step);
        let scene = run::merge(&scene, &o.belief);
        let mut all = Vec::new();
        for spec in &specs {
            for p in run::plan(&scene, spec).map_err(|e| self.error(format!("steps[{step}].options[{n}].belief"), e.to_string()))? {
                all.push(Ran::to_end(p).map_err(|e| self.error(format!("steps[{step}]"), e.to_string()))?);
            }
        }
        Ok(Some(Runs::Cluster(all)))
    }

    /// The cost scenes of a step; the first is the one to show.
    ///
    /// # Errors
    /// A scene that is none, with the place of the run.
    pub fn costs(&self, step: usize) -> Result<Vec<CostRun>, LessonError> {
        let (scene, specs) = self.specs(step);
        let plan = |(i, spec)| cost::plan(&scene, spec).map_err(|(at, what)| self.error(format!("steps[{step}].runs[{i}].{at}"), what));
        specs.iter().enumerate().map(plan).collect()
    }

    /// The runs of a step, over, of either kind.
    ///
    /// # Errors
    /// As [`Lesson::plan`].
    pub fn runs(&self, step: usize) -> Result<Runs, LessonError> {
        Ok(if self.is_cost() { Runs::Cost(self.costs(step)?) } else { Runs::Cluster(self.run(step)?) })
    }

    /// The runs of a step, over.
    ///
    /// # Errors
    /// As [`Lesson::plan`].
    pub fn run(&self, step: usize) -> Result<Vec<Ran>, LessonError> {
        let at = || format!("steps[{step}]");
        self.plan(step)?.into_iter().map(|p| Ran::to_end(p).map_err(|e| self.error(at(), e.to_string()))).collect()
    }

    /// Which predictions come true in these runs: exactly one, or the lesson's check fails.
    pub fn come_true<'a>(&'a self, step: &'a Step, runs: &'a Runs) -> Vec<&'a str> {
        let cx = runs.context(&self.names);
        let holds = |c: &&data::Choice| c.holds.0.clauses.iter().all(|x| cx.holds(&x.expr));
        step.options.iter().filter(holds).map(|c| c.id.as_str()).collect()
    }

    /// A text of this lesson with its blanks filled in from these runs.
    pub fn fill(&self, text: &str, runs: &Runs, lang: Lang) -> String {
        fill::fill(text, &runs.context(&self.names), lang)
    }

    /// The cost scene that a challenge begins with, or one of its choices.
    ///
    /// # Errors
    /// A scene that is none, or a choice that is not there.
    pub fn challenge_cost(&self, choice: Option<&str>) -> Result<CostRun, LessonError> {
        let c = &self.data.challenge;
        let scene = run::merge(&self.data.scene, &c.change);
        let main = RunSpec { name: "main".into(), change: Json::Null, commands: Vec::new(), seeds: Vec::new() };
        let spec = match choice {
            Some(id) => self.choice(id)?,
            None => &main,
        };
        cost::plan(&scene, spec).map_err(|(at, what)| self.error(format!("challenge.{at}"), what))
    }

    fn choice(&self, id: &str) -> Result<&RunSpec, LessonError> {
        let found = self.data.challenge.choices.iter().find(|x| x.name == id);
        found.ok_or_else(|| self.error("challenge.choices".into(), format!("there is no choice {id:?}")))
    }

    /// The scene that a challenge begins with, or one of its choices.
    ///
    /// # Errors
    /// A scene that is none, or a choice that is not there.
    pub fn challenge_scene(&self, choice: Option<&str>) -> Result<Scenario, LessonError> {
        self.attempt(choice, &[])
    }

    /// The challenge as its published solution does it.
    ///
    /// # Errors
    /// As [`Lesson::challenge_scene`].
    pub fn solution(&self) -> Result<Scenario, LessonError> {
        let s = &self.data.challenge.solution;
        self.attempt(s.choice.as_deref(), &s.commands)
    }

    fn attempt(&self, choice: Option<&str>, commands: &[Json]) -> Result<Scenario, LessonError> {
        let c = &self.data.challenge;
        let mut json = run::merge(&self.data.scene, &c.change);
        if let Some(id) = choice {
            let spec = self.choice(id)?;
            json = run::merge(&json, &spec.change);
            run::add_commands(&mut json, &spec.commands);
        }
        run::add_commands(&mut json, commands);
        Scenario::parse(&json.to_string()).map_err(|e| self.error("challenge".into(), e.to_string()))
    }

    pub(super) fn error(&self, at: String, what: String) -> LessonError {
        LessonError { file: format!("{}.json", self.id), at, what }
    }
}

fn decode<'de, T: serde::Deserialize<'de>>(text: &'de str, file: &str) -> Result<T, LessonError> {
    json::decode(text).map_err(|m| LessonError { file: file.to_string(), at: m.at, what: m.what })
}

/// The lessons that are shipped, by number.
pub fn shipped() -> Vec<Result<Lesson, LessonError>> {
    let mut all: Vec<_> = SHIPPED.iter().map(|s| Lesson::parse(*s)).collect();
    order::sort_by_key(&mut all, |l| l.as_ref().map_or(0, |l| l.data.number));
    all
}

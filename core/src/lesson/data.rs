//! What stands in a lesson's file. Its words stand in files of their own, one a language (see [`super::words`]).

use super::grammar::{Cond, Fact, GrammarError, parse_cond, parse_fact};
use litemap::LiteMap;
use serde::Deserialize as Derive;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value as Json;

/// A lesson as its file has it.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Version of the format: 1.
    pub format: u32,
    /// Its number in the curriculum: 11 for L11.
    pub number: u8,
    /// The chapter that it belongs to.
    pub chapter: u8,
    /// How long a learner alone needs, in minutes.
    pub minutes: u8,
    /// The scene that every step begins with: a scenario, or a cost scene ([`super::cost::CostScene`]).
    pub scene: Json,
    /// What a producer's records are called, in the order in which they are sent; others are called by their key.
    #[serde(default)]
    pub records: LiteMap<String, Vec<String>>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Its challenge.
    pub challenge: Challenge,
    /// Recall cards, which other lessons show.
    pub cards: Vec<String>,
    /// Commands for a real cluster.
    pub real: Vec<Real>,
}

/// A step: predict, run, compare, explain.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name in the files of words.
    pub id: String,
    /// What differs from the lesson's scene (a JSON merge patch).
    #[serde(default)]
    pub change: Json,
    /// What the step runs; without it, the scene as it is, as `main`. The first is shown.
    #[serde(default)]
    pub runs: Vec<RunSpec>,
    /// Where in time the stage stands when the question is asked, in microseconds.
    #[serde(default)]
    pub from_us: u64,
    /// What may be predicted. `holds` decides from the runs which one was right.
    pub options: Vec<Choice>,
    /// The prediction that comes true.
    pub answer: String,
    /// Is it the one for a class to vote on?
    #[serde(default)]
    pub poll: bool,
    /// What must be so.
    pub facts: Vec<FactText>,
    /// The decisive event: time slows down before it and stands still after it. A cost scene has none.
    #[serde(default)]
    pub focus: Option<Pattern>,
    /// Why was it so?
    pub because: Because,
    /// A command line that shows the picture as text.
    #[serde(default)]
    pub twin: Option<String>,
}

/// A named run, or one for each of several seeds.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// Its name in facts.
    pub name: String,
    /// What differs from the step's scene (a JSON merge patch).
    #[serde(default)]
    pub change: Json,
    /// Timed commands beyond the scene's own.
    #[serde(default, rename = "do")]
    pub commands: Vec<Json>,
    /// Seeds; without them, the scene's.
    #[serde(default)]
    pub seeds: Vec<u64>,
}

/// A prediction, and what it claims.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Its name in the files of words.
    pub id: String,
    /// What it claims of the first run, at its end.
    pub holds: CondText,
    /// R19, "run my belief": what would have to be otherwise in the step's scene for it to come true (a JSON merge patch).
    #[serde(default)]
    pub belief: Json,
}

/// A question about the reason.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// Names of reasons in the files of words.
    pub options: Vec<String>,
    /// The right one.
    pub answer: String,
}

/// Which event is meant: a kind, and fields that must be as given.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// The kind, as `highwater sim --events` prints it.
    pub event: String,
    /// A record that it must be about.
    #[serde(default)]
    pub record: Option<String>,
    /// A partition that it must be about.
    #[serde(default)]
    pub partition: Option<String>,
    /// Other fields as `highwater sim --events` prints them.
    #[serde(default)]
    pub fields: LiteMap<String, Json>,
}

/// What to achieve.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// What differs from the lesson's scene (a JSON merge patch).
    #[serde(default)]
    pub change: Json,
    /// Where in time it begins, in microseconds.
    #[serde(default)]
    pub from_us: u64,
    /// Scenes to choose from; without them, the learner acts on the stage.
    #[serde(default)]
    pub choices: Vec<RunSpec>,
    /// What must be so in the end; on the stage: at the instant when the learner asks.
    pub win: Vec<Condition>,
    /// How it is done: the run that wins.
    pub solution: Attempt,
    /// Attempts that fail, each for its reason.
    pub misses: Vec<Miss>,
    /// How many hints the words have.
    #[serde(default)]
    pub hints: usize,
}

/// One condition of a challenge.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Its name in the files of words.
    pub id: String,
    /// What must hold.
    pub holds: CondText,
    /// Is it enough that it held once?
    #[serde(default)]
    pub once: bool,
    /// Where to look for the event that broke it: the last one that fits the first pattern that fits any.
    #[serde(default)]
    pub broken_by: Vec<Pattern>,
}

/// How somebody tries: by a choice, or by what is done on the stage.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The choice.
    #[serde(default)]
    pub choice: Option<String>,
    /// Timed commands.
    #[serde(default, rename = "do")]
    pub commands: Vec<Json>,
}

/// An attempt that fails.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Miss {
    /// Its name in the files of words.
    pub id: String,
    /// What is tried.
    pub attempt: Attempt,
    /// The condition that is the first to be unmet.
    pub unmet: String,
    /// The kind of event that is named as the reason; a cost scene has none.
    #[serde(default)]
    pub event: Option<String>,
}

/// A command for a real cluster.
#[derive(Clone, PartialEq, Debug, Derive)]
#[serde(deny_unknown_fields)]
pub struct Real {
    /// As it is typed; `$B` stands for the bootstrap servers.
    pub command: String,
    /// The step whose end its output is taken from; without it, none is shown.
    #[serde(default)]
    pub at: Option<String>,
}

/// A fact and its text.
#[derive(Clone, PartialEq, Debug)]
pub struct FactText(pub Fact, pub String);

/// A condition that was read from text.
#[derive(Clone, PartialEq, Debug)]
pub struct CondText(pub Cond);

impl<'de> Deserialize<'de> for FactText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let fact = parse_fact(&text).map_err(|e: GrammarError| D::Error::custom(format!("{e} in {text:?}")))?;
        Ok(FactText(fact, text))
    }
}

impl<'de> Deserialize<'de> for CondText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        parse_cond(&text).map(CondText).map_err(|e| D::Error::custom(format!("{e} in {text:?}")))
    }
}

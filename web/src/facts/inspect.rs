//! The inspector: what there is to say about the selected thing, and what can be done to it.

use super::actors;
use super::things;
use crate::i18n::Lang;
use crate::scene::mark::Mark;
use crate::session::select::Selection;
use crate::session::{Session, behind_the_scenes};
use highwater_core::event::Event;
use highwater_core::fold::narration;
use highwater_core::lesson::names::RecordNames;
use highwater_core::scenario::Do;
use highwater_core::sim::Sim;

/// A line of a section.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Row {
    /// What.
    pub label: String,
    /// Is the label a name of Kafka's, to be set in the monospace face?
    pub code: bool,
    /// Its value.
    pub value: String,
    /// It is a config that was set to something else than its default.
    pub set: bool,
    /// Beside the value: defaults, for instance.
    pub note: Option<String>,
}

/// A section of the inspector.
#[derive(Clone, PartialEq, Debug)]
pub struct Section {
    /// Its title.
    pub title: &'static str,
    /// A sentence about its lines.
    pub about: Option<String>,
    /// Its lines.
    pub rows: Vec<Row>,
}

impl Section {
    /// A section that says it all by its title.
    pub fn of(title: &'static str, rows: Vec<Row>) -> Section {
        Section { title, about: None, rows }
    }
}

/// Something that can be done to the selected thing.
#[derive(Clone, PartialEq, Debug)]
pub struct Act {
    /// Its word.
    pub label: String,
    /// What it means.
    pub hint: &'static str,
    /// What it does.
    pub what: Do,
    /// Does it break something?
    pub fault: bool,
    /// Its name for tests.
    pub id: String,
}

/// Whose config a choice sets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Owner {
    /// A producer, by name.
    Producer(String),
    /// A topic, by name.
    Topic(String),
    /// The release whose defaults and rules hold.
    Release,
}

/// A config that can be chosen; choosing starts a new run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// Whose.
    pub owner: Owner,
    /// Its owner's name, where there are several.
    pub whose: Option<String>,
    /// Its name.
    pub config: &'static str,
    /// What it can be.
    pub options: Vec<String>,
    /// What it is.
    pub value: String,
    /// Of each option, why it can't be; empty where it can, and none where all can.
    pub refused: Vec<String>,
}

/// Something else that can be selected from here.
#[derive(Clone, PartialEq, Debug)]
pub struct Pick {
    /// How it looks, if it is a record.
    pub mark: Option<Mark>,
    /// Its words.
    pub text: String,
    /// Further words, fainter.
    pub note: String,
    /// What it selects.
    pub what: Selection,
}

/// A list of things to select.
#[derive(Clone, PartialEq, Debug)]
pub struct Picks {
    /// Its title.
    pub title: &'static str,
    /// The things.
    pub picks: Vec<Pick>,
    /// What to say where there are none.
    pub none: &'static str,
}

/// A short chain of facts.
#[derive(Clone, PartialEq, Debug)]
pub struct Why {
    /// The question, or what it explains.
    pub title: String,
    /// The answer, from the first cause on.
    pub chain: Vec<String>,
}

/// Everything that the inspector shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Inspection {
    /// What is selected.
    pub selection: Selection,
    /// Its name.
    pub title: String,
    /// What it is, in a line.
    pub subtitle: String,
    /// What can be done to it.
    pub acts: Vec<Act>,
    /// Configs that can be chosen.
    pub choices: Vec<Choice>,
    /// Its state and configs.
    pub sections: Vec<Section>,
    /// Why it is so.
    pub why: Option<Why>,
    /// Other things to look into.
    pub picks: Vec<Picks>,
    /// A moment to go to.
    pub moment_us: Option<u64>,
}

/// Looks into the selected thing.
pub fn inspect(s: &Session, lang: Lang) -> Inspection {
    let mut i = match s.selection {
        Selection::Run => things::run(s, lang),
        Selection::Controller => actors::controller(s, lang),
        Selection::Broker(b) => actors::broker(s, b, lang),
        Selection::Partition(p) => things::partition(s, p, lang),
        Selection::Producer(p) => actors::producer(s, p, lang),
        Selection::Consumer(c) => actors::consumer(s, c, lang),
        Selection::Record(b, p, o) => things::record(s, b, p, o, lang),
        Selection::Message(m) => things::message(s, m, lang),
        Selection::Event(seq) => things::event(s, seq, lang),
    };
    i.selection = s.selection;
    i
}

/// An event as a sentence.
pub fn sentence(e: &Event, sim: &Sim, lang: Lang) -> String {
    narration::sentence(e, sim, lang.core())
}

/// The same, with the names that a lesson gives to its records.
pub fn told(e: &Event, sim: &Sim, names: &RecordNames, lang: Lang) -> String {
    let (said, names) = (sentence(e, sim, lang), names.given(e, sim));
    if names.is_empty() { said } else { format!("{said} ({})", names.join(", ")) }
}

/// Why an event happened, if there is more to say than that it did.
pub fn why(seq: u32, sim: &Sim, lang: Lang, title: impl Into<String>) -> Option<Why> {
    let chain = narration::why(seq, sim, lang.core());
    (!chain.is_empty()).then(|| Why { title: title.into(), chain })
}

/// The newest event that `is` about something, and the chain that led to it.
pub fn why_newest(sim: &Sim, lang: Lang, is: impl Fn(&Event) -> bool) -> Option<Why> {
    let e = sim.events().iter().rev().take(20_000).find(|e| e.kind.notable() && !behind_the_scenes(sim, &e.kind) && is(e))?;
    why(e.seq, sim, lang, lang.text().why)
}

/// A line whose label is a word of ours.
pub fn row(label: &str, value: impl std::fmt::Display) -> Row {
    Row { label: label.to_owned(), value: value.to_string(), ..Row::default() }
}

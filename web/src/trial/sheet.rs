//! What there is to read behind the Trial door.

use super::wire::Effort;
use super::{Case, Phase, Run, fitting};
use crate::facts::lines::{Tone, tone};
use crate::i18n::{self, Lang};
use highwater_core::fold::narration;
use highwater_core::scenario::Scenario;
use highwater_core::trial::counterfactual::{Ending, Flip};
use highwater_core::trial::knobs::{AFTER, BEFORE, Knob};
use highwater_core::trial::{Property, Trial, words};

/// How a verdict is dressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    /// A promise is broken.
    Broken,
    /// None found, and everything was searched.
    Kept,
    /// Nothing is proven.
    Open,
}

/// A knob.
#[derive(Clone, PartialEq, Debug)]
pub struct KnobFacts {
    /// Which.
    pub knob: Knob,
    /// Its name.
    pub name: &'static str,
    /// Is the name Kafka's own?
    pub code: bool,
    /// Values and what stands on their buttons.
    pub options: Vec<(String, String)>,
    /// The value in force.
    pub value: String,
    /// What it does.
    pub hint: &'static str,
}

/// Something that may happen.
#[derive(Clone, PartialEq, Debug)]
pub struct BoundFacts {
    /// Its place.
    pub i: usize,
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub hint: &'static str,
    /// How often at most.
    pub n: u8,
}

/// A promise.
#[derive(Clone, PartialEq, Debug)]
pub struct PromiseFacts {
    /// Which.
    pub property: Property,
    /// In words.
    pub name: &'static str,
    /// In exact words.
    pub exactly: &'static str,
    /// Is it looked at?
    pub on: bool,
}

/// A verdict.
#[derive(Clone, PartialEq, Debug)]
pub struct VerdictFacts {
    /// Its dress.
    pub mood: Mood,
    /// Its heading.
    pub head: String,
    /// What it rests on.
    pub detail: String,
}

/// A step of the story.
#[derive(Clone, PartialEq, Debug)]
pub struct StepFacts {
    /// Its number, from 1.
    pub n: usize,
    /// Is it a fault that was let happen?
    pub fault: bool,
    /// What came of it.
    pub lines: Vec<(Tone, String)>,
}

/// A row of the counterfactuals.
#[derive(Clone, PartialEq, Debug)]
pub struct FlipFacts {
    /// Place of its search.
    pub run: usize,
    /// What is flipped.
    pub name: String,
    /// Is the name Kafka's own?
    pub code: bool,
    /// From and to.
    pub change: String,
    /// The verdict, in a few words.
    pub word: String,
    /// More about it.
    pub detail: Option<String>,
    /// Its dress; nothing while it is not searched.
    pub mood: Option<Mood>,
    /// Is the verdict another than that of the configuration itself?
    pub changes: bool,
    /// Is there a story to play?
    pub story: bool,
}

/// Everything that is read.
#[derive(Clone, PartialEq, Debug)]
pub struct Sheet {
    /// Title of what is on trial.
    pub title: String,
    /// The same in figures.
    pub shape: String,
    /// Shipped configurations: name and title. None before they are loaded.
    pub shipped: Vec<(&'static str, String)>,
    /// The knobs.
    pub knobs: Vec<KnobFacts>,
    /// What may happen.
    pub bounds: Vec<BoundFacts>,
    /// What must never happen.
    pub promises: Vec<PromiseFacts>,
    /// Limit on states.
    pub states: u64,
    /// Limit on memory, in MB.
    pub megabytes: u64,
    /// Does the search run?
    pub running: bool,
    /// How much of the limits is used up by the search that runs, 0 to 1.
    pub share: f64,
    /// What the first search took so far.
    pub effort: Option<String>,
    /// The verdict.
    pub verdict: Option<VerdictFacts>,
    /// The story.
    pub steps: Vec<StepFacts>,
    /// The counterfactuals.
    pub flips: Vec<FlipFacts>,
    /// What they amount to.
    pub decides: Option<String>,
    /// All bounds, and what no trial explores.
    pub caveat: String,
}

/// A shipped configuration that can be tried, and its name.
pub type Shipped = (&'static str, Scenario);

/// The facts of a case.
pub fn sheet(case: &Case, shipped: &[Shipped], lang: Lang) -> Sheet {
    let (s, bounds) = (case.scenario(), case.bounds());
    let first = case.runs().first();
    let running = *case.phase() == Phase::Running;
    let now = case.runs().iter().find(|r| r.scenario.is_ok() && r.ending.is_none()).filter(|_| running);
    Sheet {
        title: s.title_in(lang.core()).to_owned(),
        shape: shape(s, lang),
        shipped: shipped.iter().map(|(name, s)| (*name, s.title_in(lang.core()).to_owned())).collect(),
        knobs: knobs(s, lang),
        bounds: bound_facts(case, lang),
        promises: fitting(s)
            .map(|p| PromiseFacts {
                property: p,
                name: words::property(p, lang.core()),
                exactly: words::exactly(p, lang.core()),
                on: case.properties().contains(&p),
            })
            .collect(),
        states: bounds.max_states,
        megabytes: bounds.max_bytes >> 20,
        running,
        share: now.map_or(0.0, share),
        effort: first.filter(|r| r.effort != Effort::default()).map(|r| i18n::effort(lang, &r.effort)),
        verdict: verdict(case, lang),
        steps: steps(case, lang),
        flips: case.runs().iter().enumerate().skip(1).filter_map(|(i, r)| flip(case, i, r, lang)).collect(),
        decides: decides(case, lang),
        caveat: caveat(case, lang),
    }
}

/// All bounds, and what no trial explores.
fn caveat(case: &Case, lang: Lang) -> String {
    let (t, lang) = (lang.trial(), lang.core());
    let quorum = if case.scenario().topology.voters > 1 { t.one_controller } else { "" };
    format!("{} {}. {} {quorum}", t.at_most, words::bounds_line(&case.bounds(), lang), words::caveat(lang))
}

/// How much of its limits a search has used up.
fn share(r: &Run) -> f64 {
    let Some(b) = r.scenario.as_ref().ok().and_then(|s| s.trial.as_ref()).map(|t| t.bounds) else { return 0.0 };
    let part = |used: u64, of: u64| used as f64 / of.max(1) as f64;
    part(r.effort.states, b.max_states).max(part(r.effort.bytes, b.max_bytes)).min(1.0)
}

fn shape(s: &Scenario, lang: Lang) -> String {
    let topics = &s.topology.topics;
    let partitions = topics.iter().map(|t| u32::from(t.partitions)).sum();
    i18n::shape(lang, s.topology.brokers, partitions, topics.iter().map(|t| t.replication_factor).min().unwrap_or(1))
}

fn knobs(s: &Scenario, lang: Lang) -> Vec<KnobFacts> {
    let Ok(trial) = Trial::new(s) else { return Vec::new() };
    let facts = |knob: Knob| {
        let value = knob.value(&trial.setup);
        KnobFacts {
            knob,
            name: if knob == Knob::Commit { lang.trial().commit_name } else { knob.name() },
            code: knob != Knob::Commit,
            options: knob.options(s, &value).into_iter().map(|v| (v.clone(), value_word(knob, &v, lang))).collect(),
            value,
            hint: i18n::knob_hint(lang, knob),
        }
    };
    Knob::ALL.into_iter().filter(|k| k.concerns(s)).map(facts).collect()
}

/// A value as it stands on a button.
fn value_word(knob: Knob, value: &str, lang: Lang) -> String {
    let t = lang.trial();
    match (knob, value) {
        (Knob::Commit, BEFORE) => t.commit_before.to_owned(),
        (Knob::Commit, AFTER) => t.commit_after.to_owned(),
        _ => value.to_owned(),
    }
}

fn bound_facts(case: &Case, lang: Lang) -> Vec<BoundFacts> {
    let all = words::bounds(&case.bounds(), lang.core());
    let reads = !case.scenario().apps.is_empty();
    let facts = all.into_iter().enumerate().map(|(i, (name, n))| BoundFacts { i, name, hint: i18n::bound_hint(lang, i), n });
    facts.filter(|b| b.i < 5 || reads).collect()
}

fn verdict(case: &Case, lang: Lang) -> Option<VerdictFacts> {
    let (t, bounds) = (lang.trial(), case.bounds());
    let said = |mood, s: words::Said| VerdictFacts { mood, head: s.head, detail: s.detail };
    if let Phase::Failed(what) = case.phase() {
        return Some(VerdictFacts { mood: Mood::Open, head: t.failed.to_owned(), detail: what.clone() });
    }
    let run = case.runs().first()?;
    let states = run.effort.states;
    Some(match &run.ending {
        Some(Ending::Found { property, faults, story }) => {
            said(Mood::Broken, words::found(*property, *faults, story.schedule.len(), lang.core()))
        }
        Some(Ending::None) => said(Mood::Kept, words::none(case.properties(), &bounds, states, lang.core())),
        Some(Ending::Limit(cut)) => said(Mood::Open, words::limit(case.properties(), &bounds, cut, states, lang.core())),
        Some(Ending::Refused(what)) => VerdictFacts { mood: Mood::Open, head: t.not_allowed.to_owned(), detail: what.clone() },
        None if *case.phase() == Phase::Stopped => {
            VerdictFacts { mood: Mood::Open, head: t.cancelled.to_owned(), detail: t.cancelled_detail.to_owned() }
        }
        None => return None,
    })
}

fn steps(case: &Case, lang: Lang) -> Vec<StepFacts> {
    let Some(sim) = case.story() else { return Vec::new() };
    let told = sim.told();
    let facts = told.iter().enumerate().map(|(i, step)| StepFacts {
        n: i + 1,
        fault: step.action.is_fault(),
        lines: step.events.iter().map(|e| (tone(&e.kind), narration::sentence(e, sim, lang.core()))).collect(),
    });
    facts.collect()
}

/// What is flipped: its name, whether that is Kafka's, and the change.
fn flip_words(case: &Case, f: &Flip, lang: Lang) -> (String, bool, String) {
    match f {
        Flip::Knob { knob, from, to } => {
            let name = if *knob == Knob::Commit { lang.trial().commit_name } else { knob.name() };
            let word = |v: &String| value_word(*knob, v, lang);
            (name.to_owned(), *knob != Knob::Commit, format!("{} → {}", word(from), word(to)))
        }
        Flip::Without { bound, from } => {
            let name = words::bounds(&case.bounds(), lang.core())[*bound].0;
            (name.to_owned(), false, format!("{from} → 0"))
        }
    }
}

fn flip(case: &Case, run: usize, r: &Run, lang: Lang) -> Option<FlipFacts> {
    let t = lang.trial();
    let (name, code, change) = flip_words(case, r.flip.as_ref()?, lang);
    let states = r.effort.states;
    let (word, detail, mood) = match (&r.scenario, &r.ending) {
        (Err(why), _) | (_, Some(Ending::Refused(why))) => (t.not_allowed.to_owned(), Some(why.clone()), None),
        (_, Some(Ending::Found { property, story, .. })) => {
            (i18n::flip_found(lang, words::short(*property, lang.core()), story.schedule.len()), None, Some(Mood::Broken))
        }
        (_, Some(Ending::None)) if vacuous(case, r) => (t.nothing_promised.to_owned(), None, Some(Mood::Open)),
        (_, Some(Ending::None)) => (i18n::flip_none(lang, states), None, Some(Mood::Kept)),
        (_, Some(Ending::Limit(_))) => (i18n::flip_limit(lang, states), None, Some(Mood::Open)),
        (_, None) if *case.phase() == Phase::Running => (t.waits.to_owned(), None, None),
        (_, None) => (t.not_searched.to_owned(), None, None),
    };
    Some(FlipFacts { run, name, code, change, word, detail, mood, changes: changes(case, r), story: case.story_of(run).is_some() })
}

/// With acks=0 no record is ever acknowledged: that none is lost means nothing.
fn vacuous(case: &Case, r: &Run) -> bool {
    matches!(&r.flip, Some(Flip::Knob { knob: Knob::Acks, to, .. }) if to == "0") && case.properties() == [Property::Lost]
}

/// Does this flip alone change the verdict? "None" counts only where it is complete and means something.
fn changes(case: &Case, r: &Run) -> bool {
    let found = |e: &Ending| matches!(e, Ending::Found { .. });
    let main = case.runs().first().and_then(|m| m.ending.as_ref());
    match (main, &r.ending) {
        (Some(main), Some(e)) if found(main) => *e == Ending::None && !vacuous(case, r),
        (Some(_), Some(e)) => found(e),
        _ => false,
    }
}

/// The flips that changed the verdict, once all are known.
fn decides(case: &Case, lang: Lang) -> Option<String> {
    if *case.phase() != Phase::Over {
        return None;
    }
    let found = matches!(case.runs().first()?.ending, Some(Ending::Found { .. }));
    let flips: Vec<String> = case
        .runs()
        .iter()
        .filter(|r| changes(case, r))
        .filter_map(|r| r.flip.as_ref())
        .map(|f| {
            let (name, _, change) = flip_words(case, f, lang);
            format!("{name} {change}")
        })
        .collect();
    Some(if flips.is_empty() { lang.trial().nothing_decides.to_owned() } else { i18n::decides(lang, found, &flips) })
}

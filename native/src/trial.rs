//! `highwater trial`: every order of what may happen, searched for the shortest story that breaks a promise.

mod flip;
mod report;
mod words;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use highwater_core::fold::narration::Lang;
use highwater_core::scenario::Scenario;
use highwater_core::trial::{Property, Search, Trial, TrialSpec};
use indicatif::{ProgressBar, ProgressStyle};

use crate::outcome::Outcome;
use crate::output::Output;
use crate::scenario_file;
pub(crate) use report::Report;

/// Arguments of `highwater trial`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: highwater trial acks-1\n\nWhat may happen (records, crashes, …) stands in the scenario's `trial` part.\nExit status 1: a story was found."
)]
pub(crate) struct Args {
    /// A scenario file, `-` for standard input, or the name of a shipped scenario
    scenario: String,
    /// What must never be, instead of the scenario's: lost, duplicated, reordered, never_handled, handled_twice
    #[arg(long = "property", value_name = "P", value_parser = property)]
    properties: Vec<Property>,
    /// Most distinct states to visit
    #[arg(long, value_name = "N")]
    max_states: Option<u64>,
    /// Most memory for the search, in bytes
    #[arg(long, value_name = "N")]
    max_bytes: Option<u64>,
    /// Also search with one config changed at a time: which of them decides?
    #[arg(long)]
    flip: bool,
    /// Write the verdict to a new file, as JSON; `-` is standard output
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
    /// Language of the story: en or ko
    #[arg(long, default_value = "en")]
    lang: Lang,
}

fn property(name: &str) -> Result<Property, String> {
    let known = || Property::ALL.iter().map(|p| p.name()).collect::<Vec<_>>().join(", ");
    Property::ALL.iter().copied().find(|p| p.name() == name).ok_or_else(|| format!("no such property; there is {}", known()))
}

/// States between two looks at the clock.
const SLICE: u64 = 4096;

/// Searches, and says what was found.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let scenario = scenario(args)?;
    let trial = Trial::new(&scenario).map_err(|e| anyhow!("{}: {e}", args.scenario))?;
    let json = args.json.as_deref().map(Output::create).transpose()?;
    let begun = Instant::now();
    let search = search(trial);
    let report = Report::of(&scenario, search, begun.elapsed())?;
    let flipped = args.flip.then(|| flip::table(&scenario));
    match json {
        Some(out) => out.write(|f| {
            let mut verdict = report.json(args.lang);
            if let Some(rows) = &flipped {
                verdict["counterfactual"] = serde_json::to_value(rows)?;
            }
            serde_json::to_writer_pretty(&mut *f, &verdict)?;
            writeln!(f)
        })?,
        None => {
            let table = flipped.map_or(String::new(), |rows| flip::text(&rows, args.lang));
            Output::Stdout.write(|f| f.write_all((words::text(&report, args.lang) + &table).as_bytes()))?;
        }
    }
    Ok(if report.story.is_some() { Outcome::DoesNotHold } else { Outcome::Fine })
}

/// The scenario with what the arguments change.
fn scenario(args: &Args) -> Result<Scenario> {
    let mut s = scenario_file::read(&args.scenario)?;
    let spec = s.trial.get_or_insert_with(TrialSpec::default);
    if !args.properties.is_empty() {
        spec.properties.clone_from(&args.properties);
    }
    spec.bounds.max_states = args.max_states.unwrap_or(spec.bounds.max_states);
    spec.bounds.max_bytes = args.max_bytes.unwrap_or(spec.bounds.max_bytes);
    s.schedule.clear();
    Ok(s)
}

/// Runs the search to its end, with a line of progress where standard error is a terminal.
fn search(trial: Trial) -> Search {
    let mut search = Search::new(trial);
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    let begun = Instant::now();
    let mut shown = Duration::ZERO;
    while search.run(SLICE).is_none() {
        let now = begun.elapsed();
        if now - shown > Duration::from_millis(100) {
            shown = now;
            let p = search.progress();
            let rate = p.transitions as f64 / now.as_secs_f64() / 1000.0;
            bar.set_message(format!("{} faults at most: {} states, depth {}, {rate:.0} k steps a second", p.faults, p.states, p.depth));
            bar.tick();
        }
    }
    bar.finish_and_clear();
    search
}

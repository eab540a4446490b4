//! `highwater trial`: every order of what may happen, searched for the shortest story that breaks a promise.

mod flip;
mod limits;
mod report;
mod words;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use highwater_core::fold::narration::Lang;
use highwater_core::scenario::Scenario;
use highwater_core::trial::words::property as property_in_words;
use highwater_core::trial::{Progress, Property, Search, Trial, TrialSpec, Verdict};
use indicatif::{ProgressBar, ProgressStyle};

use crate::outcome::Outcome;
use crate::output::Output;
use crate::scenario_file;
use limits::Limits;
pub(crate) use report::Report;

/// Arguments of `highwater trial`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: highwater trial acks-1 --crashes 2\n\nExit status: 0 none within the bounds, all searched; 1 a story was found; 3 none found, but a limit was hit first."
)]
pub(crate) struct Args {
    /// A scenario file, `-` for standard input, or the name of a shipped scenario
    scenario: String,
    /// What must never be, instead of the scenario's
    #[arg(long = "property", value_name = "P", value_parser = property())]
    properties: Vec<Property>,
    #[command(flatten)]
    limits: Limits,
    /// Threads for the searches of --flip; one search takes one
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,
    /// Also search with one thing changed at a time: which of them decides?
    #[arg(long)]
    flip: bool,
    /// Write the verdict to a new file, as JSON; `-` is standard output
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
    /// Language of the story: en or ko
    #[arg(long, default_value = "en")]
    lang: Lang,
}

/// Each property by name; the help says what it means.
fn property() -> impl TypedValueParser<Value = Property> {
    let value = |p: &Property| PossibleValue::new(p.name()).help(property_in_words(*p, Lang::En));
    PossibleValuesParser::new(Property::ALL.iter().map(value)).try_map(|name| {
        let found = Property::ALL.iter().copied().find(|p| p.name() == name);
        found.ok_or("is no property")
    })
}

/// States between two looks at the clock.
const SLICE: u64 = 4096;

/// Searches, and says what was found.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let scenario = scenario(args)?;
    let trial = Trial::new(&scenario).map_err(|e| anyhow!("{}: {e}", args.scenario))?;
    let json = args.json.as_deref().map(Output::create).transpose()?;
    let begun = Instant::now();
    let (verdict, progress) = search(&trial);
    let report = Report::of(&scenario, &trial, &verdict, progress, begun.elapsed())?;
    let flipped = args.flip.then(|| flip::table(&scenario, usize::from(args.threads)));
    match json {
        Some(out) => out.write(|f| {
            let mut verdict = report.json(args.lang);
            if let Some(rows) = &flipped {
                verdict["counterfactual"] = flip::json(rows);
            }
            serde_json::to_writer_pretty(&mut *f, &verdict)?;
            writeln!(f)
        })?,
        None => {
            let table = flipped.map_or(String::new(), |rows| flip::text(&rows, &report.bounds, args.lang));
            Output::Stdout.write(|f| f.write_all((words::text(&report, args.lang) + &table).as_bytes()))?;
        }
    }
    Ok(match (&report.story, report.limit) {
        (Some(_), _) => Outcome::DoesNotHold,
        (None, Some(_)) => {
            eprintln!(
                "No verdict: a limit was hit before everything was searched; raise it (--max-states, --max-bytes, --depth) or let less happen"
            );
            Outcome::NotKnown
        }
        (None, None) => Outcome::Fine,
    })
}

/// The scenario with what the arguments change.
fn scenario(args: &Args) -> Result<Scenario> {
    let mut s = scenario_file::read(&args.scenario)?;
    let spec = s.trial.get_or_insert_with(TrialSpec::default);
    if !args.properties.is_empty() {
        spec.properties.clone_from(&args.properties);
    }
    spec.bounds = args.limits.over(spec.bounds);
    s.schedule.clear();
    Ok(s)
}

/// Runs the search to its end, with a line of progress where standard error is a terminal.
fn search(trial: &Trial) -> (Verdict, Progress) {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    let begun = Instant::now();
    let mut shown = Duration::ZERO;
    let mut show = |p: &Progress| {
        let now = begun.elapsed();
        if now - shown > Duration::from_millis(100) {
            shown = now;
            let rate = p.transitions as f64 / now.as_secs_f64() / 1000.0;
            bar.set_message(format!("{} faults at most: {} states, depth {}, {rate:.0} k steps a second", p.faults, p.states, p.depth));
            bar.tick();
        }
    };
    let mut search = Search::new(trial.clone());
    while search.run(SLICE).is_none() {
        show(&search.progress());
    }
    bar.finish_and_clear();
    (search.finish().clone(), search.progress())
}

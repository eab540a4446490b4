//! `highwater sim`: a scenario without a screen.
//!
//! `until` reads times, `watch` runs and checks, `state` is what `--json` writes, `summary` is for people.

mod state;
mod summary;
mod until;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use highwater_core::fold::narration::Lang;
use highwater_core::scenario::Scenario;

use crate::outcome::Outcome;
use crate::output::Output;
use crate::scenario_file;

/// Arguments of `highwater sim`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: highwater sim first --until 30s --json -\n\nExit status 1: an invariant was broken on the way.")]
pub(crate) struct Args {
    /// A scenario file, `-` for standard input, or the name of a shipped scenario
    scenario: String,
    /// Where every random choice comes from, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// When the run ends, instead of the scenario's end: 30s, 1500ms, 2m
    #[arg(long, value_name = "TIME", value_parser = until::parse)]
    until: Option<u64>,
    /// Write every event to a new file, one JSON object a line; `-` is standard output
    #[arg(long, value_name = "F")]
    events: Option<PathBuf>,
    /// Write the final state to a new file, as JSON; `-` is standard output
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
    /// Language of the sentences: en or ko
    #[arg(long, default_value = "en")]
    lang: Lang,
}

/// Runs a scenario to its end.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let scenario = scenario(args)?;
    let (events, json) = outputs(args)?;
    let run = watch::run(&scenario)?;
    if let Some(out) = events {
        out.write(|f| {
            run.sim.events().iter().try_for_each(|e| {
                serde_json::to_writer(&mut *f, e)?;
                writeln!(f)
            })
        })?;
    }
    let to_stdout = |p: &Option<PathBuf>| p.as_deref().is_some_and(Output::is_stdout);
    if let Some(out) = json {
        out.write(|f| {
            serde_json::to_writer_pretty(&mut *f, &state::State::of(&run))?;
            writeln!(f)
        })?;
    } else if !to_stdout(&args.events) {
        let text = summary::text(&scenario, &run, args.lang);
        Output::Stdout.write(|f| f.write_all(text.as_bytes()))?;
    }
    if run.broken.is_empty() {
        return Ok(Outcome::Fine);
    }
    for b in &run.broken {
        eprintln!("highwater: {} broken at {}: {}", b.id, summary::seconds(b.at_us), b.what);
    }
    Ok(Outcome::DoesNotHold)
}

/// The scenario with what the arguments change.
fn scenario(args: &Args) -> Result<Scenario> {
    let mut s = scenario_file::read(&args.scenario)?;
    s.seed = args.seed.unwrap_or(s.seed);
    let Some(until_us) = args.until else {
        return Ok(s);
    };
    s.until_us = until_us;
    Scenario::parse(&s.to_json()).context("--until")
}

/// Opens what is to be written; either all of it or nothing.
fn outputs(args: &Args) -> Result<(Option<Output>, Option<Output>)> {
    let both = [&args.events, &args.json];
    let stdout = both.iter().filter(|p| p.as_deref().is_some_and(Output::is_stdout));
    ensure!(stdout.count() < 2, "--events and --json can't both go to standard output");
    let create = |p: &Option<PathBuf>| p.as_deref().map(Path::new).map(Output::create).transpose();
    let events = create(&args.events)?;
    match create(&args.json) {
        Ok(json) => Ok((events, json)),
        Err(e) => {
            events.into_iter().for_each(Output::discard);
            Err(e)
        }
    }
}

//! `highwater lesson`: the curriculum, and whether everything that it says is so.

use anyhow::{Context, Result, anyhow, bail};
use clap::Subcommand;
use highwater_core::fold::narration::Lang;
use highwater_core::lesson::check::check;
use highwater_core::lesson::{Lesson, SHIPPED, Source};
use std::path::{Path, PathBuf};

use crate::outcome::Outcome;
use crate::output::Output;

/// Arguments of `highwater lesson`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the lessons
    #[command(after_help = "Example: highwater lesson list --lang ko")]
    List {
        /// Language of the titles: en or ko
        #[arg(long, default_value = "en")]
        lang: Lang,
    },
    /// Run every step, every challenge's published solution and its near misses
    #[command(
        after_help = "Examples: highwater lesson check L11\n          highwater lesson check --from lessons L9\n\nExit status 1: something is not as a lesson says."
    )]
    Check {
        /// Read lessons from this folder (ID.json, ID.en.json, ID.ko.json) in place of those that are shipped
        #[arg(long, value_name = "FOLDER", requires = "ids")]
        from: Option<PathBuf>,
        /// Lessons by id; without one, all that are shipped
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Language of the report: en or ko
        #[arg(long, default_value = "en")]
        lang: Lang,
    },
}

/// Runs the chosen subcommand.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    match &args.command {
        Command::List { lang } => list(*lang),
        Command::Check { from, ids, lang } => {
            let lessons = match from {
                Some(folder) => ids.iter().map(|id| read(folder, id)).collect::<Result<_>>()?,
                None if ids.is_empty() => all()?,
                None => ids.iter().map(|id| lesson(id)).collect::<Result<_>>()?,
            };
            check_all(lessons, *lang)
        }
    }
}

fn lesson(id: &str) -> Result<Lesson> {
    let Some(source) = SHIPPED.iter().find(|s| s.id == id) else {
        let ids: Vec<&str> = SHIPPED.iter().map(|s| s.id).collect();
        bail!("there is no lesson {id}; there is {}", ids.join(", "))
    };
    Lesson::parse(*source).map_err(|e| anyhow!("{e}"))
}

/// A lesson that is being written.
fn read(folder: &Path, id: &str) -> Result<Lesson> {
    let text = |suffix: &str| {
        let path = folder.join(format!("{id}{suffix}"));
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let (data, en, ko) = (text(".json")?, text(".en.json")?, text(".ko.json")?);
    Lesson::parse(Source { id, data: &data, en: &en, ko: &ko }).map_err(|e| anyhow!("{e}"))
}

fn all() -> Result<Vec<Lesson>> {
    highwater_core::lesson::shipped().into_iter().map(|l| l.map_err(|e| anyhow!("{e}"))).collect()
}

fn list(lang: Lang) -> Result<Outcome> {
    let lessons = all()?;
    Output::Stdout.write(|out| {
        lessons.iter().try_for_each(|l| {
            let w = l.words(lang);
            writeln!(out, "{:<4} {}\n     {}", l.id, w.title, w.question)
        })
    })?;
    Ok(Outcome::Fine)
}

fn check_all(lessons: Vec<Lesson>, lang: Lang) -> Result<Outcome> {
    let mut lines = Vec::new();
    let mut outcome = Outcome::Fine;
    for l in &lessons {
        let (n, found) = check(l, lang).map_err(|e| anyhow!("{e}"))?;
        let fine = found.is_empty();
        lines.push(match lang {
            Lang::En => format!(
                "{} {}: {} steps, {} runs, {} facts, the solution, {} near misses",
                if fine { "ok    " } else { "FAILED" },
                l.id,
                n.steps,
                n.runs,
                n.facts,
                n.misses
            ),
            Lang::Ko => format!(
                "{} {}: 단계 {}개, 실행 {}번, 사실 {}개, 해법, 아깝게 틀린 답 {}개",
                if fine { "통과" } else { "실패" },
                l.id,
                n.steps,
                n.runs,
                n.facts,
                n.misses
            ),
        });
        lines.extend(found.iter().map(|f| format!("       {}: {}", f.at, f.what)));
        if !fine {
            outcome = Outcome::DoesNotHold;
        }
    }
    Output::Stdout.write(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
    Ok(outcome)
}

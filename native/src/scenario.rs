//! `highwater scenario`: what there is to run.

use anyhow::{Result, anyhow};
use clap::Subcommand;
use highwater_core::fold::narration::Lang;
use highwater_core::scenario::{SHIPPED, Scenario};

use crate::outcome::Outcome;
use crate::output::Output;

/// Arguments of `highwater scenario`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the shipped scenarios, by the names that `sim`, `trial`, `export` and `replay` take
    #[command(after_help = "Example: highwater scenario list --lang ko")]
    List {
        /// Language of the titles: en or ko
        #[arg(long, default_value = "en")]
        lang: Lang,
    },
}

/// Runs the chosen subcommand.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let Command::List { lang } = &args.command;
    let width = SHIPPED.iter().map(|s| s.0.len()).max().unwrap_or(0);
    let line = |(name, text): &(&str, &str)| {
        let s = Scenario::parse(text).map_err(|e| anyhow!("{name}: {e}"))?;
        Ok(format!("{name:width$}  {}", s.title_in(*lang)))
    };
    let lines: Vec<String> = SHIPPED.iter().map(line).collect::<Result<_>>()?;
    Output::Stdout.write(|out| lines.iter().try_for_each(|l| writeln!(out, "{l}")))?;
    Ok(Outcome::Fine)
}

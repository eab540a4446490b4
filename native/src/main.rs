//! The `highwater` command: reads the arguments, runs one subcommand, turns its outcome into an exit status.

mod assign;
mod bench;
mod cli;
mod export;
mod lesson;
mod outcome;
mod output;
mod partition;
#[cfg(feature = "replay")]
mod replay;
mod report;
mod scenario;
mod scenario_file;
mod serve;
mod simulate;
mod trial;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(status) => status,
        Err(error) => {
            eprintln!("highwater: {error:#}");
            ExitCode::from(outcome::BAD_INPUT)
        }
    }
}

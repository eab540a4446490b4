//! The `highwater` command: reads the arguments, runs one subcommand, turns its outcome into an exit status.

mod cli;
mod outcome;
mod serve;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("highwater: {error:#}");
            ExitCode::from(outcome::BAD_INPUT)
        }
    }
}

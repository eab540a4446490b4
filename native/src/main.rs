//! The `highwater` command.

mod bench;
mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "highwater", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What this machine's disk and copies really cost
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let Command::Bench(args) = Cli::parse().command;
    bench::run(args).unwrap_or_else(|error| {
        eprintln!("highwater: {error:#}");
        ExitCode::from(2)
    })
}

//! The command line: one subcommand a module, each with its own arguments.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(feature = "replay")]
use crate::replay;
use crate::{assign, bench, export, lesson, partition, scenario, serve, simulate, trial};

/// Learn Apache Kafka by watching it, breaking it and measuring it.
#[derive(Debug, Parser)]
#[command(
    name = "highwater",
    version,
    arg_required_else_help = true,
    after_help = "Exit status: 0 fine, 1 the thing asked about does not hold, 2 bad usage or bad input,\n3 a limit was hit before there was an answer (trial), 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the app to a browser
    Serve(serve::Args),
    /// The scenarios that come with Highwater
    Scenario(scenario::Args),
    /// Run a scenario without a screen
    Sim(simulate::Args),
    /// Search every order for the shortest story that breaks a promise
    Trial(trial::Args),
    /// The curriculum, and whether everything that it says is so
    Lesson(lesson::Args),
    /// Say which partition each key goes to
    Partition(partition::Args),
    /// Say which member of a group gets which partition
    Assign(assign::Args),
    /// Write files and commands that make the same cluster for real
    Export(export::Args),
    /// Play a scenario's clients against a real cluster, beside the simulation
    #[cfg(feature = "replay")]
    Replay(replay::Args),
    /// Measure what this machine's disk and copies really cost
    Bench(bench::Args),
}

impl Cli {
    /// Runs the chosen subcommand.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(args) => serve::run(&args).map(Into::into),
            Command::Scenario(args) => scenario::run(&args).map(Into::into),
            Command::Sim(args) => simulate::run(&args).map(Into::into),
            Command::Trial(args) => trial::run(&args).map(Into::into),
            Command::Lesson(args) => lesson::run(&args).map(Into::into),
            Command::Partition(args) => partition::run(&args).map(Into::into),
            Command::Assign(args) => assign::run(&args).map(Into::into),
            Command::Export(args) => export::run(&args).map(Into::into),
            #[cfg(feature = "replay")]
            Command::Replay(args) => replay::run(&args).map(Into::into),
            Command::Bench(args) => bench::run(args),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        super::Cli::command().get_subcommands_mut().for_each(assert_example);
    }

    /// A command that only groups others leaves the examples to them.
    fn assert_example(command: &mut Command) {
        if command.has_subcommands() {
            return command.get_subcommands_mut().for_each(assert_example);
        }
        let help = command.render_long_help().to_string();
        assert!(help.contains("Example"), "{} --help has no example", command.get_name());
    }
}

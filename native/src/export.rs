//! `highwater export`: the same cluster for real.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use highwater_core::export::{self, File};

use crate::outcome::Outcome;
use crate::output::Output;
use crate::scenario_file;

/// Arguments of `highwater export`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: highwater export acks-1 --to properties --out my-cluster && highwater export acks-1 --to commands --out my-cluster\n\n\
    Then: KAFKA_HOME=/path/to/kafka sh my-cluster/start.sh, wait a moment, KAFKA_HOME=/path/to/kafka sh my-cluster/commands.sh\n\
    No file is ever overwritten."
)]
pub(crate) struct Args {
    /// A scenario file, `-` for standard input, or the name of a shipped scenario
    scenario: String,
    /// What to write
    #[arg(long, value_enum)]
    to: Target,
    /// The folder to write to; made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Target {
    /// Docker Compose files: KRaft with the official image, and the ZooKeeper era
    Compose,
    /// server.properties of each node, and the script that formats and starts them
    Properties,
    /// Kafka's own command lines: topics, producers, faults, groups
    Commands,
}

/// Writes the files, all or none, and says which.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let scenario = scenario_file::read(&args.scenario)?;
    let target = match args.to {
        Target::Compose => export::Target::Compose,
        Target::Properties => export::Target::Properties,
        Target::Commands => export::Target::Commands,
    };
    fs::create_dir_all(&args.out).with_context(|| format!("making the folder {}", args.out.display()))?;
    let files = export::export(&scenario, target);
    for (output, file) in create(args, &files)?.into_iter().zip(&files) {
        output.write(|out| out.write_all(file.text.as_bytes()))?;
        eprintln!("{}", args.out.join(&file.name).display());
    }
    Ok(Outcome::Fine)
}

fn create(args: &Args, files: &[File]) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for file in files {
        match Output::create(&args.out.join(&file.name)) {
            Ok(output) => outputs.push(output),
            Err(e) => {
                outputs.into_iter().for_each(Output::discard);
                return Err(e);
            }
        }
    }
    Ok(outputs)
}

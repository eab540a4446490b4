//! `highwater assign`: which member of a group gets which partition.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use highwater_core::kafka::assignor::Problem;

use crate::outcome::Outcome;
use crate::output::Output;

/// Arguments of `highwater assign`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = r#"Example: echo '{"assignor": "range", "topics": {"orders": 3}, "members": [{"id": "c0", "topics": ["orders"]}]}' | highwater assign

Assignors: range, roundrobin, sticky, cooperative-sticky (the Java client's), server-range, server-uniform (the coordinator's, KIP-848),
share-simple (the coordinator's for share groups, KIP-932).
A member may also have "instance_id", "owned": [["orders", 0]] and "generation": 4. Racks are not looked at."#
)]
pub(crate) struct Args {
    /// The problem, as JSON; - or nothing is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

/// Prints the assignment as one JSON object, a list of partitions for each member.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let name = args.file.display();
    let text = if args.file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("reading the problem from standard input")?;
        text
    } else {
        fs::read_to_string(&args.file).with_context(|| format!("reading {name}"))?
    };
    let problem = Problem::parse(&text).map_err(|e| anyhow!("{name}: {e}"))?;
    let solved = serde_json::to_string(&problem.solve()).context("writing the assignment as JSON")?;
    Output::create(Path::new("-"))?.write(|out| writeln!(out, "{solved}"))?;
    Ok(Outcome::Fine)
}

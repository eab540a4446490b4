//! `highwater partition`: which partition a client would choose for a key.

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;
use highwater_core::kafka::partitioner::{librdkafka_partition_for_key, partition_for_key};

use crate::outcome::Outcome;
use crate::output::Output;

/// Arguments of `highwater partition`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: highwater partition --partitions 6 user-1 user-2 user-42")]
pub(crate) struct Args {
    /// Number of partitions of the topic
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    partitions: u16,
    /// Whose rule
    #[arg(long, value_enum, default_value_t = Partitioner::Murmur2)]
    partitioner: Partitioner,
    /// Keys, as UTF-8 text
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
}

/// A rule from key to partition.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Partitioner {
    /// The Java client's
    Murmur2,
    /// librdkafka's `consistent`
    Crc32,
}

/// Prints a line a key: the key, a tab, the partition.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let choose = match args.partitioner {
        Partitioner::Murmur2 => partition_for_key,
        Partitioner::Crc32 => librdkafka_partition_for_key,
    };
    Output::create(Path::new("-"))?
        .write(|out| args.keys.iter().try_for_each(|key| writeln!(out, "{key}\t{}", choose(key.as_bytes(), args.partitions))))?;
    Ok(Outcome::Fine)
}

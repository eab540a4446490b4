//! The command line of `highwater bench`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::cell::{self, Cell};
use super::expect::Expect;
use super::sys::pages::PageKind;
use super::units::parse_size;

/// `highwater bench …`
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) what: What,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Linear against random, read and write, on this disk (under 60 s; --quick under 15 s)
    #[command(after_help = "Example: highwater bench disk --dir /var/lib/kafka --quick --html disk.html")]
    Disk(DiskCommand),
    /// Page cache to a loopback socket: read+send, mmap+send, sendfile, splice, MSG_ZEROCOPY
    #[command(after_help = "Example: highwater bench copy --json - | jq '.copy.ratios'")]
    Copy(CopyCommand),
    /// Disk, copies and memory in one report (under 120 s)
    #[command(after_help = "Example: highwater bench all --json today.json --html today.html")]
    All(DiskCommand),
}

/// `bench disk` and `bench all`.
#[derive(Debug, ClapArgs)]
pub(crate) struct DiskCommand {
    #[command(flatten)]
    pub(crate) disk: DiskArgs,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `bench copy`.
#[derive(Debug, ClapArgs)]
pub(crate) struct CopyCommand {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) copy: CopyArgs,
}

/// Options of the disk part.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct DiskArgs {
    /// Cells to measure: names such as rand-read-4k, groups (direct, qd32, cold, append, huge,
    /// all), patterns with *; separated by commas
    #[arg(long, value_name = "LIST", value_parser = Chosen::parse)]
    cells: Option<Chosen>,
    /// Memory pages of the buffers
    #[arg(long, value_name = "KIND", default_value = "small")]
    pub(crate) pages: PageKind,
}

/// Options of the copy part.
#[derive(Debug, Clone, Default, ClapArgs)]
pub(crate) struct CopyArgs {
    /// Ways to measure: names such as sendfile-1m-discarding, patterns with *; separated by commas
    #[arg(long, value_name = "LIST")]
    pub(crate) paths: Option<String>,
}

/// Options of every part.
#[derive(Debug, Clone, Default, ClapArgs)]
pub(crate) struct Common {
    /// Folder on the disk to measure; it is left as it was
    #[arg(long, value_name = "D", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Size of the scratch file, such as 4G; 2 x size + 1 GiB must be free [default: 1G, less
    /// where the disk is slow or full]
    #[arg(long, value_name = "S", value_parser = parse_size)]
    pub(crate) size: Option<u64>,
    /// Fewer, shorter slices
    #[arg(long)]
    pub(crate) quick: bool,
    /// Write everything measured as JSON to a new file, or - for standard output
    #[arg(long, value_name = "F")]
    pub(crate) json: Option<PathBuf>,
    /// Draw a chart as SVG to a new file
    #[arg(long, value_name = "F")]
    pub(crate) svg: Option<PathBuf>,
    /// Write a report as one self-contained HTML page to a new file
    #[arg(long, value_name = "F")]
    pub(crate) html: Option<PathBuf>,
    /// Ratios of this run to an older one's JSON
    #[arg(long, value_name = "OLD")]
    pub(crate) compare: Option<PathBuf>,
    /// Exit with 1 unless this holds, as 'seq-read-1m/rand-read-4k>=5' or
    /// 'rand-read-4k:p99_us<2000'; may be given several times
    #[arg(long, value_name = "EXPR", value_parser = Expect::parse)]
    pub(crate) expect: Vec<Expect>,
    /// Rounds of slices, in a new order each [default: 5, quick 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: Option<u32>,
    /// Length of each slice in seconds [default: 0.15 to 0.5]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) slice: Option<f64>,
}

/// Cells chosen by a list; one argument, not many.
#[derive(Debug, Clone)]
struct Chosen(Vec<Cell>);

impl Chosen {
    fn parse(list: &str) -> Result<Chosen, String> {
        cell::select(list).map(Chosen)
    }
}

impl DiskArgs {
    /// The cells that were named, if any.
    pub(crate) fn cells(&self) -> Option<Vec<Cell>> {
        self.cells.as_ref().map(|chosen| chosen.0.clone())
    }
}

impl Default for DiskArgs {
    fn default() -> DiskArgs {
        DiskArgs { cells: None, pages: PageKind::Small }
    }
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err(format!("`{text}` is not a length between 0.01 and 600 seconds")),
    }
}

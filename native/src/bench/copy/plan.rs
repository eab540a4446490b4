//! Which ways of sending a file are measured, to which receivers, for how long.

use std::time::Duration;

use crate::bench::args::{Common, CopyArgs};
use crate::bench::cell::{block_name, matches};
use crate::bench::units::{KIB, MIB, size};

/// How the bytes get from the page cache to the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// pread into a buffer, send from it.
    ReadSend,
    /// send from mapped pages.
    MmapSend,
    /// sendfile: the socket takes references to the pages.
    Sendfile,
    /// splice to a pipe and on to the socket: references all the way.
    Splice,
    /// send mapped pages with MSG_ZEROCOPY; a loopback copies them in the end.
    Zerocopy,
}

/// What the other end does with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// recv into a buffer, as a consumer on this machine would.
    Copying,
    /// recv with MSG_TRUNC: dropped in the kernel, as if they had gone to a network card.
    Discarding,
}

/// One row of the copy table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) way: Way,
    /// Bytes asked for in one call.
    pub(crate) chunk: u64,
    pub(crate) receiver: Receiver,
}

/// A copy run before it starts.
#[derive(Debug, Clone)]
pub(crate) struct CopyPlan {
    pub(crate) paths: Vec<Path>,
    pub(crate) rounds: u32,
    pub(crate) slice: Duration,
    pub(crate) size: Option<u64>,
    pub(crate) default_size: u64,
}

impl CopyPlan {
    /// The plan for these arguments; the error names paths that there are.
    pub(crate) fn new(copy: &CopyArgs, common: &Common, size: Option<u64>) -> Result<CopyPlan, String> {
        let slice = if common.quick { 0.12 } else { 0.35 };
        Ok(CopyPlan {
            paths: copy.paths.as_deref().map_or(Ok(all()), select)?,
            rounds: common.rounds.unwrap_or(if common.quick { 3 } else { 5 }),
            slice: Duration::from_secs_f64(common.slice.unwrap_or(slice)),
            size,
            default_size: if common.quick { 64 * MIB } else { 256 * MIB },
        })
    }

    /// All slices together.
    pub(crate) fn measuring(&self) -> Duration {
        self.slice * self.rounds * self.paths.len() as u32
    }
}

impl Way {
    /// As the reports call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::ReadSend => "read+send",
            Way::MmapSend => "mmap+send",
            Way::Sendfile => "sendfile",
            Way::Splice => "splice",
            Way::Zerocopy => "mmap+MSG_ZEROCOPY",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Way::ReadSend => "read-send",
            Way::MmapSend => "mmap-send",
            Way::Sendfile => "sendfile",
            Way::Splice => "splice",
            Way::Zerocopy => "zerocopy",
        }
    }
}

impl Receiver {
    /// `copying` or `discarding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Receiver::Copying => "copying",
            Receiver::Discarding => "discarding",
        }
    }
}

impl Path {
    /// The name in `--paths` and `--expect`: `sendfile-1m-discarding`.
    pub(crate) fn id(&self) -> String {
        format!("{}-{}-{}", self.way.id(), block_name(self.chunk), self.receiver.name())
    }

    /// For progress.
    pub(crate) fn words(&self) -> String {
        format!("{} {}, receiver {}", self.way.name(), size(self.chunk), self.receiver.name())
    }
}

/// Every path: read+send in several sizes, so that the others meet the fastest of them.
fn all() -> Vec<Path> {
    let ways = [
        (Way::ReadSend, 8 * KIB),
        (Way::ReadSend, 32 * KIB),
        (Way::ReadSend, 64 * KIB),
        (Way::ReadSend, 256 * KIB),
        (Way::MmapSend, 64 * KIB),
        (Way::Sendfile, MIB),
        (Way::Splice, MIB),
        (Way::Zerocopy, MIB),
    ];
    [Receiver::Copying, Receiver::Discarding]
        .into_iter()
        .flat_map(|receiver| ways.map(|(way, chunk)| Path { way, chunk, receiver }))
        .collect()
}

fn select(list: &str) -> Result<Vec<Path>, String> {
    let all = all();
    let words: Vec<&str> = list.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    for word in &words {
        if !all.iter().any(|path| matches(word, &path.id())) {
            let ids: Vec<String> = all.iter().map(Path::id).collect();
            return Err(format!("--paths: none is called `{word}`; there are {}", ids.join(", ")));
        }
    }
    if words.is_empty() {
        return Err("--paths: the list is empty; try --paths 'sendfile*'".into());
    }
    Ok(all.into_iter().filter(|path| words.iter().any(|word| matches(word, &path.id()))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_chosen_by_pattern() {
        assert_eq!(select("sendfile*").unwrap().len(), 2);
        assert_eq!(select("*-discarding").unwrap().len(), all().len() / 2);
        assert!(select("sendfiel*").unwrap_err().contains("sendfile-1m-copying"));
    }

    #[test]
    fn a_full_run_is_under_half_a_minute() {
        let plan = CopyPlan::new(&CopyArgs::default(), &Common::default(), None).unwrap();
        assert!(plan.measuring() <= Duration::from_secs(30));
    }
}

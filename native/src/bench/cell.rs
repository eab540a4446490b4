//! The cells of the disk table: what a request looks like, and how people name it.

use super::sys::pages::PageKind;
use super::units::{KIB, MIB, size};

/// Whether requests follow one another in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    Seq,
    Rand,
}

/// Which way the data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// How the requests reach the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// O_DIRECT, one request at a time (fio: `ioengine=psync direct=1`).
    Direct,
    /// O_DIRECT, this many requests in flight (fio: `ioengine=io_uring iodepth=N direct=1`).
    Queued(u32),
    /// Through the page cache, from which the file was evicted just before.
    Cold,
    /// Appending writes through the page cache, fdatasync after each.
    AppendSync,
}

/// One cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) pattern: Pattern,
    pub(crate) direction: Direction,
    pub(crate) block: u64,
    pub(crate) access: Access,
    pub(crate) pages: PageKind,
}

/// The three request sizes of the table, in bytes.
pub(crate) const BLOCKS: [u64; 3] = [4 * KIB, 64 * KIB, MIB];
/// Requests in flight in the queued cells.
pub(crate) const DEPTH: u32 = 32;

impl Cell {
    /// The name in tables, `--cells` and `--expect`: `seq-read-4k`, `rand-write-1m-qd32`,
    /// `seq-read-64k-cold`, `append-4k-fdatasync`, `seq-read-1m-huge`.
    pub(crate) fn id(&self) -> String {
        let block = block_name(self.block);
        if self.access == Access::AppendSync {
            return format!("append-{block}-fdatasync");
        }
        let suffix = match self.access {
            Access::Queued(depth) => format!("-qd{depth}"),
            Access::Cold => "-cold".into(),
            _ => String::new(),
        };
        let pages = if self.pages == PageKind::Huge { "-huge" } else { "" };
        format!("{}-{}-{block}{suffix}{pages}", self.pattern.name(), self.direction.name())
    }

    /// What `--cells` calls the family of this cell.
    pub(crate) fn group(&self) -> &'static str {
        match self.access {
            _ if self.pages == PageKind::Huge => "huge",
            Access::Direct => "direct",
            Access::Queued(_) => "qd32",
            Access::Cold => "cold",
            Access::AppendSync => "append",
        }
    }

    /// Requests in flight.
    pub(crate) fn depth(&self) -> u32 {
        if let Access::Queued(depth) = self.access { depth } else { 1 }
    }

    /// For progress and people: `sequential read, 4 KiB, queue depth 32`.
    pub(crate) fn words(&self) -> String {
        let pattern = match self.pattern {
            Pattern::Seq => "sequential",
            Pattern::Rand => "random",
        };
        let how = match self.access {
            Access::Direct => String::new(),
            Access::Queued(depth) => format!(", queue depth {depth}"),
            Access::Cold => ", cold page cache".into(),
            Access::AppendSync => return format!("append + fdatasync, {}", size(self.block)),
        };
        let pages = if self.pages == PageKind::Huge { ", huge pages" } else { "" };
        format!("{pattern} {}, {}{how}{pages}", self.direction.name(), size(self.block))
    }
}

impl Pattern {
    /// `seq` or `rand`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Pattern::Seq => "seq",
            Pattern::Rand => "rand",
        }
    }
}

impl Direction {
    /// `read` or `write`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Direction::Read => "read",
            Direction::Write => "write",
        }
    }
}

/// `4k`, `64k`, `1m`.
pub(crate) fn block_name(bytes: u64) -> String {
    if bytes.is_multiple_of(MIB) { format!("{}m", bytes / MIB) } else { format!("{}k", bytes / KIB) }
}

/// Every cell that there is, in table order.
pub(crate) fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    let small = PageKind::Small;
    for access in [Access::Direct, Access::Queued(DEPTH)] {
        for direction in [Direction::Read, Direction::Write] {
            for block in BLOCKS {
                for pattern in [Pattern::Seq, Pattern::Rand] {
                    cells.push(Cell { pattern, direction, block, access, pages: small });
                }
            }
        }
    }
    for block in BLOCKS {
        for pattern in [Pattern::Seq, Pattern::Rand] {
            let direction = Direction::Read;
            cells.push(Cell { pattern, direction, block, access: Access::Cold, pages: small });
        }
    }
    for block in [4 * KIB, 64 * KIB] {
        let (pattern, direction) = (Pattern::Seq, Direction::Write);
        cells.push(Cell { pattern, direction, block, access: Access::AppendSync, pages: small });
    }
    cells.push(Cell { pattern: Pattern::Seq, direction: Direction::Read, block: MIB, access: Access::Direct, pages: PageKind::Huge });
    cells
}

/// Picks cells by a comma-separated list of names, groups (`direct`, `qd32`, `cold`, `append`,
/// `huge`, `all`) and patterns with `*`. The error names what is not there and what is.
pub(crate) fn select(list: &str) -> Result<Vec<Cell>, String> {
    let all = all();
    let mut chosen: Vec<Cell> = Vec::new();
    for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let found: Vec<Cell> =
            all.iter().filter(|cell| word == "all" || cell.group() == word || matches(word, &cell.id())).copied().collect();
        if found.is_empty() {
            let ids: Vec<_> = all.iter().map(Cell::id).collect();
            return Err(format!(
                "no cell is called `{word}`; there are the groups direct, qd32, cold, append, \
                 huge, all and the cells {}",
                ids.join(", ")
            ));
        }
        for cell in found {
            if !chosen.contains(&cell) {
                chosen.push(cell);
            }
        }
    }
    if chosen.is_empty() {
        return Err("the list of cells is empty; try --cells direct".into());
    }
    Ok(chosen)
}

/// Whether `name` fits a pattern in which `*` stands for anything.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => {
            name.strip_prefix(head).is_some_and(|rest| (0..=rest.len()).any(|i| rest.is_char_boundary(i) && matches(tail, &rest[i..])))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut ids: Vec<_> = all().iter().map(Cell::id).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn lists_take_names_groups_and_stars() {
        assert_eq!(select("seq-read-4k").unwrap().len(), 1);
        assert_eq!(select("direct").unwrap().len(), 12);
        assert_eq!(select("seq-read-4k,seq-read-4k").unwrap().len(), 1);
        assert_eq!(select("rand-*-4k").unwrap().len(), 2);
        assert_eq!(select("all").unwrap().len(), all().len());
        assert!(select("seq-raed-4k").unwrap_err().contains("seq-read-4k"));
        assert!(select(" , ").is_err());
    }
}

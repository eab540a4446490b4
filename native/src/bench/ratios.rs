//! Which figures are compared with which.

use super::stats::paired_ratio;
use crate::report::model::{CellResult, CopyResult, Ratio};

/// Linear over random for each kind of request of equal size, and the headline between sizes:
/// 1 MiB linear over 4 KiB random.
pub(crate) fn disk(cells: &[CellResult]) -> Vec<Ratio> {
    let find = |pattern: &str, block: u64, like: &CellResult| {
        cells.iter().find(|cell| {
            cell.pattern == pattern
                && cell.block_bytes == block
                && cell.direction == like.direction
                && cell.access == like.access
                && cell.depth == like.depth
                && cell.buffer_pages == like.buffer_pages
        })
    };
    let linear = cells.iter().filter(|cell| cell.pattern == "seq");
    let mut ratios = Vec::new();
    for cell in linear {
        if let Some(random) = find("rand", cell.block_bytes, cell) {
            ratios.extend(between(cell, random));
        }
        if cell.block_bytes == 1 << 20
            && let Some(random) = find("rand", 4096, cell)
        {
            ratios.extend(between(cell, random));
        }
    }
    ratios
}

/// Throughput of one cell over another's, by rounds.
pub(crate) fn between(over: &CellResult, under: &CellResult) -> Option<Ratio> {
    let pairs: Vec<_> = over
        .samples
        .iter()
        .filter_map(|a| {
            let b = under.samples.iter().find(|b| b.round == a.round)?;
            Some((a.mb_s, b.mb_s))
        })
        .collect();
    paired_ratio(&over.id, &under.id, &pairs)
}

/// sendfile over the fastest read+send, for each receiver.
pub(crate) fn copy(paths: &[CopyResult]) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for receiver in ["copying", "discarding"] {
        let of = |way: &str| -> Vec<&CopyResult> { paths.iter().filter(|p| p.receiver == receiver && p.way == way).collect() };
        let Some(fastest) = fastest(&of("read+send")) else {
            continue;
        };
        for way in ["mmap+send", "sendfile", "splice", "mmap+MSG_ZEROCOPY"] {
            ratios.extend(of(way).into_iter().filter_map(|path| between_copies(path, fastest)));
        }
    }
    ratios
}

/// The path with the highest median throughput.
pub(crate) fn fastest<'a>(paths: &[&'a CopyResult]) -> Option<&'a CopyResult> {
    let rate = |path: &CopyResult| path.stats.as_ref().map_or(0.0, |stats| stats.gib_s.median);
    paths.iter().filter(|path| path.stats.is_some()).max_by(|a, b| rate(a).total_cmp(&rate(b))).copied()
}

/// Throughput of one copy path over another's, by rounds.
pub(crate) fn between_copies(over: &CopyResult, under: &CopyResult) -> Option<Ratio> {
    let pairs: Vec<_> = over
        .samples
        .iter()
        .filter_map(|a| {
            let b = under.samples.iter().find(|b| b.round == a.round)?;
            Some((a.gib_s, b.gib_s))
        })
        .collect();
    paired_ratio(&over.id, &under.id, &pairs)
}

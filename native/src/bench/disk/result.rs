//! From slices to figures: samples, statistics, and one result for each cell.

use hdrhistogram::Histogram;

use crate::bench::cell::{Access, Cell};
use crate::bench::engine::Outcome;
use crate::bench::stats;
use crate::bench::sys::pages::PageKind;
use crate::report::model::{CellResult, CellStats, Latency, Sample};

/// A sample in which nothing has happened yet.
pub(super) fn empty_sample() -> Sample {
    Sample {
        round: 0,
        seconds: 0.0,
        operations: 0,
        bytes: 0,
        mb_s: 0.0,
        cpu_user_seconds: 0.0,
        cpu_system_seconds: 0.0,
        device_bytes: None,
        charged_bytes: None,
        cpu_pressure: None,
        steal: None,
        resident_before: None,
        sync_seconds: None,
    }
}

/// The sample with what the slice did.
pub(super) fn filled(sample: Sample, outcome: &Outcome) -> Sample {
    Sample {
        seconds: outcome.seconds,
        operations: outcome.operations,
        bytes: outcome.bytes,
        mb_s: outcome.bytes as f64 / 1e6 / outcome.seconds.max(1e-9),
        cpu_user_seconds: outcome.usage.user_seconds,
        cpu_system_seconds: outcome.usage.system_seconds,
        sync_seconds: outcome.sync_seconds,
        ..sample
    }
}

/// The result of a cell; `honoured` says whether O_DIRECT did anything.
pub(super) fn result(cell: &Cell, samples: Vec<Sample>, latency: &Histogram<u64>, skipped: Option<String>, honoured: bool) -> CellResult {
    let access = match cell.access {
        Access::Cold => "cold",
        Access::AppendSync => "append+fdatasync",
        _ if honoured => "direct",
        _ => "buffered",
    };
    CellResult {
        id: cell.id(),
        pattern: cell.pattern.name().into(),
        direction: cell.direction.name().into(),
        block_bytes: cell.block,
        engine: if matches!(cell.access, Access::Queued(_)) { "io_uring" } else { "psync" }.into(),
        depth: cell.depth(),
        access: access.into(),
        buffer_pages: if cell.pages == PageKind::Huge { "huge" } else { "small" }.into(),
        stats: cell_stats(&samples, latency),
        samples,
        skipped,
        labels: Vec::new(),
    }
}

fn cell_stats(samples: &[Sample], latency: &Histogram<u64>) -> Option<CellStats> {
    let rates: Vec<f64> = samples.iter().map(|sample| sample.mb_s).collect();
    let iops: Vec<f64> = samples.iter().map(|s| s.operations as f64 / s.seconds.max(1e-9)).collect();
    let operations: u64 = samples.iter().map(|sample| sample.operations).sum();
    let per_op = |cpu: fn(&Sample) -> f64| samples.iter().map(cpu).sum::<f64>() * 1e9 / operations.max(1) as f64;
    let us = |nanoseconds: u64| nanoseconds as f64 / 1e3;
    Some(CellStats {
        mb_s: stats::summary(&rates)?,
        iops: stats::summary(&iops)?,
        latency_us: Latency {
            count: latency.len(),
            p50: us(latency.value_at_quantile(0.5)),
            p99: (latency.len() >= stats::P99_MIN_COUNT).then(|| us(latency.value_at_quantile(0.99))),
            max: us(latency.max()),
        },
        cpu_user_ns_per_op: per_op(|sample| sample.cpu_user_seconds),
        cpu_system_ns_per_op: per_op(|sample| sample.cpu_system_seconds),
    })
}

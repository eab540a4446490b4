//! Labels: what a reader must know before believing a figure, each with the numbers behind it.

use hdrhistogram::Histogram;

use super::stats::{CV_FLAG, median};
use super::units::{figure, size, time_us};
use crate::report::model::{CellResult, DiskReport, Filesystem, Label, Machine, Sample};

/// A CPU for which tasks waited longer than this share of the time was contended.
const PRESSURE_FLAG: f64 = 0.10;
/// The same for time that the host took away.
const STEAL_FLAG: f64 = 0.05;
/// A flush faster than this (microseconds) was answered by some cache, protected or not.
const FLUSH_CACHED_US: f64 = 200.0;

/// Labels of a disk run. Also notes on each cell which apply to it.
pub(crate) fn disk(report: &mut DiskReport, machine: &Machine, latencies: &[Histogram<u64>], buffers: &str, in_memory: bool) -> Vec<Label> {
    let mut labels: Vec<Label> = direct_io(report, in_memory).into_iter().collect();
    labels.extend(no_device_io(report, in_memory));
    labels.extend(page_cache(report));
    labels.extend(host_cache(report, machine, in_memory));
    labels.extend(cpu_contended(report, machine, latencies));
    labels.extend(device_busy(report));
    labels.extend(flush_unverified(report, in_memory));
    labels.extend(unsteady(report));
    labels.extend(remote(&report.filesystem));
    labels.push(label(
        "buffer_pages",
        "Large requests depend on the pages of the buffer: huge pages make fewer, longer segments.",
        buffers.into(),
        Vec::new(),
    ));
    let all = ids(report.cells.iter());
    for label in labels.iter_mut().filter(|label| label.applies_to.is_empty()) {
        label.applies_to.clone_from(&all);
    }
    for cell in &mut report.cells {
        let applies = |label: &&Label| label.applies_to.contains(&cell.id);
        cell.labels = labels.iter().filter(applies).map(|label| label.name.clone()).collect();
    }
    labels
}

/// A label made of its parts.
pub(crate) fn label(name: &str, meaning: &str, evidence: String, applies_to: Vec<String>) -> Label {
    Label { name: name.into(), meaning: meaning.into(), evidence, applies_to }
}

/// The label of every result taken in a virtual machine.
fn host_cache(report: &DiskReport, machine: &Machine, in_memory: bool) -> Option<Label> {
    let meaning = "O_DIRECT passes this machine's page cache, not its host's: figures may be those of the \
                   host's memory. A guest cannot tell.";
    let evidence = match first_touch(&report.cells) {
        Some(share) => format!(
            "{}; direct reads of the first round ran at {} times the rate of the last, as if something \
             below had to fetch the file once",
            machine.virtual_evidence,
            figure(share)
        ),
        None => machine.virtual_evidence.clone(),
    };
    let doubtful = machine.virtual_machine == Some(true) && !in_memory;
    doubtful.then(|| label("virtual_host_cache_possible", meaning, evidence, Vec::new()))
}

/// How the first round's direct reads compare with the last round's, where they were clearly
/// slower: the median over cells.
fn first_touch(cells: &[CellResult]) -> Option<f64> {
    let reads = cells.iter().filter(|cell| cell.direction == "read" && cell.access == "direct");
    let shares: Vec<f64> = reads
        .filter(|cell| cell.samples.len() > 1)
        .filter_map(|cell| Some(cell.samples.first()?.mb_s / cell.samples.last()?.mb_s))
        .collect();
    (shares.len() > 2).then(|| median(&shares)).filter(|share| *share < 0.8)
}

fn direct_io(report: &DiskReport, in_memory: bool) -> Option<Label> {
    let direct = &report.filesystem.direct_io;
    let (name, what) = match direct.state.as_str() {
        "ignored" => ("o_direct_ignored", "takes O_DIRECT and ignores it"),
        "refused" => ("o_direct_refused", "has no O_DIRECT"),
        _ => return None,
    };
    let meaning = if in_memory {
        format!("{} {what}: every figure here is that of memory, not of a disk.", report.filesystem.kind)
    } else {
        format!(
            "{} {what}: reads went through the page cache after this file was evicted from it, \
             writes ended with fdatasync. Figures mix the disk with this machine's memory.",
            report.filesystem.kind
        )
    };
    let cells = report.cells.iter().filter(|cell| cell.access == "buffered").map(|c| c.id.clone());
    Some(label(name, &meaning, direct.evidence.clone(), cells.collect()))
}

/// Bytes moved by requests and bytes moved by the device, over all rounds.
fn moved(cell: &CellResult) -> Option<(u64, u64)> {
    let bytes = cell.samples.iter().map(|sample| sample.bytes).sum();
    let device = cell.samples.iter().map(|sample| sample.device_bytes).sum::<Option<u64>>()?;
    (!cell.samples.is_empty()).then_some((bytes, device))
}

fn no_device_io(report: &DiskReport, in_memory: bool) -> Option<Label> {
    if report.device.is_none() {
        let evidence = if in_memory {
            format!("{} keeps files in memory", report.filesystem.kind)
        } else {
            format!("no statistics for the device behind {}", report.filesystem.source)
        };
        let meaning = "No block device was seen at work: whether a disk did anything is unknown.";
        return Some(label("no_device_io", meaning, evidence, Vec::new()));
    }
    let quiet: Vec<(&CellResult, u64, u64)> = report
        .cells
        .iter()
        .filter_map(|cell| moved(cell).map(|(bytes, device)| (cell, bytes, device)))
        .filter(|(_, bytes, device)| *device < bytes / 2)
        .collect();
    let (cell, bytes, device) = quiet.first()?;
    let evidence = format!("{}: {} asked for, {} moved by the device", cell.id, size(*bytes), size(*device));
    let meaning = "The device moved far less than was asked for: a cache of this machine answered.";
    Some(label("no_device_io", meaning, evidence, ids(quiet.iter().map(|q| q.0))))
}

fn page_cache(report: &DiskReport) -> Option<Label> {
    let cells: Vec<&CellResult> = report.cells.iter().filter(|cell| cell.access != "direct" && cell.stats.is_some()).collect();
    let before: Vec<f64> = cells.iter().flat_map(|cell| &cell.samples).filter_map(|s| s.resident_before).collect();
    let charged = |cell: &&CellResult| cell.samples.iter().map(|sample| sample.charged_bytes.unwrap_or(0)).sum::<u64>();
    let bytes: u64 = cells.iter().flat_map(|cell| &cell.samples).map(|sample| sample.bytes).sum();
    let resident = if before.is_empty() {
        String::new()
    } else {
        format!("{} % of the file was in memory before slices (mincore); ", figure(median(&before) * 100.0))
    };
    let evidence =
        format!("{resident}{} asked for, {} charged as block I/O (/proc/self/io)", size(bytes), size(cells.iter().map(charged).sum()));
    let meaning = "Went through this machine's page cache: read-ahead and delayed writing are part of \
                   the figure.";
    (!cells.is_empty()).then(|| label("page_cache", meaning, evidence, ids(cells.iter().copied())))
}

/// How much others wanted the CPU while a cell was measured.
struct Contention<'a> {
    cell: &'a CellResult,
    pressure: f64,
    steal: f64,
    ticks: Option<String>,
}

fn cpu_contended(report: &DiskReport, machine: &Machine, latencies: &[Histogram<u64>]) -> Option<Label> {
    let median_of = |cell: &CellResult, field: fn(&Sample) -> Option<f64>| {
        let values: Vec<f64> = cell.samples.iter().filter_map(field).collect();
        if values.is_empty() { 0.0 } else { median(&values) }
    };
    let found: Vec<Contention<'_>> = report
        .cells
        .iter()
        .zip(latencies)
        .map(|(cell, latency)| Contention {
            cell,
            pressure: median_of(cell, |sample| sample.cpu_pressure),
            steal: median_of(cell, |sample| sample.steal),
            // At depth 32 one wait delays many requests at once, which proves nothing.
            ticks: if cell.depth == 1 { tick_shape(latency, machine.tick_hz) } else { None },
        })
        .filter(|c| c.pressure > PRESSURE_FLAG || c.steal > STEAL_FLAG || c.ticks.is_some())
        .collect();
    let worst = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max) * 100.0;
    let mut evidence = format!(
        "tasks waited for a CPU up to {} % of a slice (PSI), the host took up to {} % (steal)",
        figure(worst(&mut found.iter().map(|c| c.pressure))),
        figure(worst(&mut found.iter().map(|c| c.steal)))
    );
    if let Some(ticks) = found.iter().find_map(|c| c.ticks.clone()) {
        evidence = format!("{evidence}; {ticks}");
    }
    let meaning = "The CPU was busy with other things, and a busy CPU looks like a slow disk. Measure \
                   again on a quiet machine.";
    let cells = ids(found.iter().map(|c| c.cell));
    (!found.is_empty()).then(|| label("cpu_contended", meaning, evidence, cells))
}

/// Whether slow requests took whole multiples of the scheduler's tick, as they do when the thread
/// waited for its turn rather than for the disk.
fn tick_shape(latency: &Histogram<u64>, hz: Option<u32>) -> Option<String> {
    let slow_from = (latency.value_at_quantile(0.5) * 5).max(800_000);
    let slow: Vec<(u64, u64)> = latency
        .iter_recorded()
        .map(|value| (value.value_iterated_to(), value.count_at_value()))
        .filter(|(value, _)| *value >= slow_from)
        .collect();
    let total: u64 = slow.iter().map(|(_, count)| count).sum();
    if total < 20 {
        return None;
    }
    let ticks_us: Vec<u64> = hz.map_or(vec![1000, 4000, 10_000], |hz| vec![1_000_000 / u64::from(hz.max(1))]);
    ticks_us.into_iter().find_map(|tick_us| {
        let tick = tick_us as f64 * 1e3;
        // By chance one in ten lies this near to a multiple.
        let on_tick: u64 = slow
            .iter()
            .filter(|(value, _)| {
                let ticks = *value as f64 / tick;
                ticks >= 0.9 && (ticks - ticks.round()).abs() < 0.05
            })
            .map(|(_, count)| count)
            .sum();
        (on_tick * 10 > total * 6).then(|| format!("{on_tick} of {total} slow requests took multiples of {}", time_us(tick_us as f64)))
    })
}

fn device_busy(report: &DiskReport) -> Option<Label> {
    let busy: Vec<(&CellResult, u64, u64)> = report
        .cells
        .iter()
        .filter(|cell| cell.access == "direct")
        .filter_map(|cell| moved(cell).map(|(bytes, device)| (cell, bytes, device)))
        .filter(|(_, bytes, device)| *device > bytes + bytes / 2 + (1 << 20))
        .collect();
    let (cell, bytes, device) = busy.first()?;
    let evidence = format!("{}: {} asked for, {} moved", cell.id, size(*bytes), size(*device));
    let meaning = "The device was also working for someone else.";
    Some(label("device_busy", meaning, evidence, ids(busy.iter().map(|b| b.0))))
}

fn flush_unverified(report: &DiskReport, in_memory: bool) -> Option<Label> {
    let writes: Vec<&CellResult> = report.cells.iter().filter(|cell| cell.direction == "write" && cell.stats.is_some()).collect();
    if writes.is_empty() || in_memory {
        return None;
    }
    let flush = writes
        .iter()
        .filter(|cell| cell.access == "append+fdatasync")
        .filter_map(|cell| Some(cell.stats.as_ref()?.latency_us.p50))
        .fold(f64::INFINITY, f64::min);
    let mut evidence = match report.device.as_ref().and_then(|device| device.write_cache.clone()) {
        Some(cache) => format!("the device calls its write cache `{cache}`"),
        None => "nothing is known about a write cache".into(),
    };
    if flush.is_finite() {
        let verdict = if flush < FLUSH_CACHED_US { ", which only a cache can do, protected or not" } else { "" };
        evidence = format!("append + fdatasync took {} (p50){verdict}; {evidence}", time_us(flush));
    }
    let meaning = "Writes end when the device says so. Whether the data would survive a power cut can't \
                   be seen without cutting the power.";
    Some(label("flush_unverified", meaning, evidence, ids(writes.iter().copied())))
}

fn unsteady(report: &DiskReport) -> Option<Label> {
    let spread = |cell: &CellResult| cell.stats.as_ref().and_then(|stats| stats.mb_s.cv).unwrap_or(0.0);
    let cells: Vec<&CellResult> = report.cells.iter().filter(|cell| spread(cell) > CV_FLAG).collect();
    let worst = cells.iter().max_by(|a, b| spread(a).total_cmp(&spread(b)))?;
    let evidence = format!(
        "coefficient of variation over {} %; the largest is {} % ({})",
        figure(CV_FLAG * 100.0),
        figure(spread(worst) * 100.0),
        worst.id
    );
    let meaning = "Rounds differ much: give the interval more weight than the median.";
    Some(label("unsteady", meaning, evidence, ids(cells.iter().copied())))
}

fn remote(filesystem: &Filesystem) -> Option<Label> {
    let names = ["nfs", "cifs", "smb", "9p", "virtiofs", "fuse", "ceph", "glusterfs", "afs"];
    let far = names.iter().any(|name| filesystem.kind.starts_with(name));
    far.then(|| {
        let meaning = "Another machine or program serves this file system: figures include the way there \
                       and its caches.";
        label("remote_filesystem", meaning, format!("the file system is {}", filesystem.kind), Vec::new())
    })
}

fn ids<'a>(cells: impl Iterator<Item = &'a CellResult>) -> Vec<String> {
    cells.map(|cell| cell.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_on_the_tick_are_recognised_and_others_are_not() {
        let mut on = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        let mut off = on.clone();
        for i in 0..1000u64 {
            on.record(50_000).unwrap();
            off.record(50_000).unwrap();
            if i % 20 == 0 {
                on.record(4_000_000 * (1 + i % 3) + 20_000).unwrap();
                off.record(1_000_000 + i * 7919).unwrap();
            }
        }
        assert!(tick_shape(&on, Some(250)).is_some());
        assert!(tick_shape(&off, Some(250)).is_none());
    }
}

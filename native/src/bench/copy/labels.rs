//! What to doubt about the copy figures.

use super::plan::Way;
use crate::bench::labels::label;
use crate::bench::stats::{CV_FLAG, median};
use crate::bench::units::figure;
use crate::report::model::{CopyReport, CopyResult, Label};

/// Labels of a copy run. Also notes on each path which apply to it.
pub(super) fn of(report: &mut CopyReport, pressure: &[f64]) -> Vec<Label> {
    let p = &report.parameters;
    let mut labels = vec![label(
        "loopback_not_a_nic",
        "The receiver runs on this machine and sets part of the pace; a network card would take the pages \
         by DMA. The sender's CPU seconds travel better than the rate.",
        format!("127.0.0.1; {}", p.pinning),
        Vec::new(),
    )];
    if let Some(resident) = p.resident_before.filter(|share| *share < 0.99) {
        let evidence = format!("{} % of the file was in memory (mincore)", figure(resident * 100.0));
        let meaning = "Part of the file came from the disk, not from the page cache.";
        labels.push(label("page_cache_incomplete", meaning, evidence, Vec::new()));
    }
    labels.extend(zerocopy_copied(report));
    let busy = if pressure.is_empty() { 0.0 } else { median(pressure) };
    // On a single core sender and receiver wait for each other: the pinning says so already.
    let apart = p.sender_core != p.receiver_core;
    if busy > 0.10 && apart {
        let evidence = format!("tasks waited for a CPU {} % of the median slice (PSI)", figure(busy * 100.0));
        let meaning = "Others wanted the CPU at the same time; measure again on a quiet machine.";
        labels.push(label("cpu_contended", meaning, evidence, Vec::new()));
    }
    labels.extend(unsteady(report));
    let all: Vec<String> = report.paths.iter().map(|path| path.id.clone()).collect();
    for label in labels.iter_mut().filter(|label| label.applies_to.is_empty()) {
        label.applies_to.clone_from(&all);
    }
    for path in &mut report.paths {
        let applies = |label: &&Label| label.applies_to.contains(&path.id);
        path.labels = labels.iter().filter(applies).map(|label| label.name.clone()).collect();
    }
    labels
}

fn zerocopy_copied(report: &CopyReport) -> Option<Label> {
    let samples = || report.paths.iter().flat_map(|path| &path.samples);
    let copied: u64 = samples().map(|sample| sample.zerocopy_copied).sum();
    let reported: u64 = samples().map(|sample| sample.zerocopy_reported).sum();
    let paths = report.paths.iter().filter(|path| path.way == Way::Zerocopy.name());
    (copied > 0).then(|| {
        let evidence = format!("the kernel reported {copied} of {reported} finished sends as copied");
        let meaning = "MSG_ZEROCOPY did not spare the copy: a loopback always copies in the end.";
        label("zerocopy_copied", meaning, evidence, paths.map(|path| path.id.clone()).collect())
    })
}

fn unsteady(report: &CopyReport) -> Option<Label> {
    let spread = |path: &CopyResult| path.stats.as_ref().and_then(|stats| stats.gib_s.cv).unwrap_or(0.0);
    let paths: Vec<&CopyResult> = report.paths.iter().filter(|path| spread(path) > CV_FLAG).collect();
    let worst = paths.iter().max_by(|a, b| spread(a).total_cmp(&spread(b)))?;
    let evidence = format!("the largest coefficient of variation is {} % ({})", figure(spread(worst) * 100.0), worst.id);
    let meaning = "Rounds differ much: give the interval more weight than the median.";
    Some(label("unsteady", meaning, evidence, paths.iter().map(|path| path.id.clone()).collect()))
}

//! `--compare OLD.json`: this run over an older one, figure by figure.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::stats::unpaired_ratio;
use super::units::size;
use crate::report::model::{Comparison, FORMAT, Measurement, VERSION};

/// Reads an older measurement. The error says what the file is not.
pub(crate) fn read(path: &Path) -> Result<Measurement> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("--compare {shown}"))?;
    let value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("--compare {shown} is not JSON; give a file that --json wrote"))?;
    if value["format"] != FORMAT {
        bail!("--compare {shown} is not a measurement file (its \"format\" is not \"{FORMAT}\")");
    }
    if value["version"] != VERSION {
        bail!("--compare {shown} has version {}; this program reads {VERSION}", value["version"]);
    }
    serde_json::from_value(value).with_context(|| format!("--compare {shown} is damaged"))
}

/// New over old for everything that both measured.
pub(crate) fn compare(new: &Measurement, old: &Measurement, name: &Path) -> Comparison {
    let mut ratios = Vec::new();
    if let (Some(new), Some(old)) = (&new.disk, &old.disk) {
        for cell in &new.cells {
            let Some(then) = old.cells.iter().find(|c| c.id == cell.id && c.access == cell.access) else {
                continue;
            };
            let now: Vec<f64> = cell.samples.iter().map(|sample| sample.mb_s).collect();
            let then: Vec<f64> = then.samples.iter().map(|sample| sample.mb_s).collect();
            ratios.extend(unpaired_ratio(&cell.id, &now, &then));
        }
    }
    if let (Some(new), Some(old)) = (&new.copy, &old.copy) {
        for path in &new.paths {
            let Some(then) = old.paths.iter().find(|p| p.id == path.id) else {
                continue;
            };
            let now: Vec<f64> = path.samples.iter().map(|sample| sample.gib_s).collect();
            let then: Vec<f64> = then.samples.iter().map(|sample| sample.gib_s).collect();
            ratios.extend(unpaired_ratio(&path.id, &now, &then));
        }
    }
    if let (Some(new), Some(old)) = (&new.memory, &old.memory) {
        for result in &new.results {
            let Some(then) = old.results.iter().find(|r| r.id == result.id) else {
                continue;
            };
            ratios.extend(unpaired_ratio(&result.id, &result.samples, &then.samples));
        }
    }
    Comparison { with: name.display().to_string(), taken_at: old.taken_at.clone(), differences: differences(new, old), ratios }
}

/// What else changed between the runs.
fn differences(new: &Measurement, old: &Measurement) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, now: &str, then: &str| {
        if now != then {
            found.push(format!("{what}: {now} now, {then} then"));
        }
    };
    differ("CPU", &new.machine.cpu, &old.machine.cpu);
    differ("kernel", &new.machine.kernel, &old.machine.kernel);
    differ("program", &new.program, &old.program);
    if let (Some(new), Some(old)) = (&new.disk, &old.disk) {
        differ("folder", &new.parameters.dir, &old.parameters.dir);
        differ("file system", &new.filesystem.kind, &old.filesystem.kind);
        differ("file", &size(new.parameters.file_bytes), &size(old.parameters.file_bytes));
        differ("access", &new.parameters.access, &old.parameters.access);
        differ("buffers", &new.parameters.buffer_pages, &old.parameters.buffer_pages);
    }
    if !old.complete {
        found.push("the older run is incomplete".into());
    }
    found
}

//! The sentences of the report, the same in text and HTML. They follow the figures: on a spinning
//! disk they say what a spinning disk does.

use super::model::{CopyReport, DiskReport, Label, Machine, Measurement, Ratio};
use crate::bench::units::{figure, size};

/// Kafka's claim: linear and random writes in MB/s.
pub(crate) const KAFKA_CLAIM: (f64, f64) = (600.0, 0.1);
/// What Kafka's design page says, and where from.
pub(crate) const KAFKA_SAYS: &str = "Kafka's design page: linear writes about 600 MB/s, random writes about \
     100 kB/s, over 6000 times, on six 7200 rpm SATA disks in RAID-5 (which the same sentence calls JBOD).";
/// Jacobs' figure, values of 4 bytes a second: name and rate. Only what could be confirmed.
pub(crate) const JACOBS: [(&str, f64); 4] =
    [("disk, sequential", 53_200_000.0), ("disk, random", 316.0), ("SSD, sequential", 42_200_000.0), ("memory, random", 36_700_000.0)];
/// Where Jacobs' figure is and what is missing from it here.
pub(crate) const JACOBS_SAYS: &str = "A. Jacobs, \"The Pathologies of Big Data\" (2009), figure 3. Its SSD-random \
     and memory-sequential bars could not be confirmed and are left out.";
/// How this machine's bars beside Jacobs' are made.
pub(crate) const JACOBS_HERE: &str = "Here, one value is taken from each random request, and sequential rates \
     are divided by four bytes.";
/// From this factor at equal block size on, the position itself is what costs.
const SEEK_FACTOR: f64 = 5.0;

/// One line about the computer.
pub(crate) fn machine(machine: &Machine) -> String {
    let cores = machine.cores_allowed.len().max(1);
    let kind = match machine.virtual_machine {
        Some(true) => "virtual machine",
        Some(false) => "probably not virtual",
        None => "virtual or not: unknown",
    };
    format!(
        "{} {} {}, {}, {cores} core{}, {}, {kind}",
        machine.os,
        machine.kernel,
        machine.arch,
        machine.cpu,
        if cores == 1 { "" } else { "s" },
        size(machine.memory_bytes),
    )
}

/// One line about file system and device.
pub(crate) fn place(disk: &DiskReport) -> String {
    let device = match &disk.device {
        Some(device) => {
            let driver = device.driver.as_deref().or(device.model.as_deref()).unwrap_or("no driver known");
            let scheduler = device.scheduler.as_deref().unwrap_or("unknown");
            format!("{} ({driver}, scheduler {scheduler})", device.name)
        }
        None => disk.filesystem.source.clone(),
    };
    format!("{} on {device}; probably {}", disk.filesystem.kind, disk.medium.guess)
}

/// One line about how requests were made.
pub(crate) fn method(disk: &DiskReport) -> String {
    let p = &disk.parameters;
    let access = match disk.filesystem.direct_io.state.as_str() {
        "honoured" => "O_DIRECT".to_string(),
        state => format!("through the page cache, because O_DIRECT is {state} here"),
    };
    format!(
        "{access}; file of {} random bytes, written and synced first ({} MB/s), {}; {} rounds in shuffled order",
        size(p.file_bytes),
        figure(p.fill_mb_s),
        p.file_kind,
        p.rounds
    )
}

/// `1.12 [1.08, 1.15]`.
pub(crate) fn interval(ratio: &Ratio) -> String {
    format!("{} [{}, {}]", figure(ratio.median), figure(ratio.low), figure(ratio.high))
}

/// The ratio of two results, if both were measured.
pub(crate) fn ratio<'a>(ratios: &'a [Ratio], over: &str, under: &str) -> Option<&'a Ratio> {
    ratios.iter().find(|ratio| ratio.over == over && ratio.under == under)
}

/// What the disk figures say.
pub(crate) fn disk(ratios: &[Ratio]) -> Vec<String> {
    let mut said = Vec::new();
    for (depth, name) in [("", "queue depth 1"), ("-qd32", "queue depth 32")] {
        let equal: Vec<&Ratio> = ratios.iter().filter(|r| equal_blocks(r) && is_plain(&r.over, depth)).collect();
        if let Some((low, high)) = range(&equal) {
            said.push(format!(
                "At equal request size, linear is {} times random ({name}).",
                if figure(low) == figure(high) { figure(low) } else { format!("{} to {}", figure(low), figure(high)) }
            ));
        }
    }
    let between: Vec<String> = ["read", "write"]
        .iter()
        .filter_map(|direction| {
            let found = ratio(ratios, &format!("seq-{direction}-1m"), &format!("rand-{direction}-4k"))?;
            Some(format!("{direction}s {}", interval(found)))
        })
        .collect();
    if !between.is_empty() {
        said.push(format!(
            "1 MiB linear over 4 KiB random: {}. The requests differ 256-fold in size: this is where a \
             large factor can come from.",
            between.join(", ")
        ));
        said.push(why(ratios));
    }
    said
}

/// Seeks or small requests: whichever the figures show.
fn why(ratios: &[Ratio]) -> String {
    let same =
        ["read", "write"].iter().filter_map(|direction| ratio(ratios, &format!("seq-{direction}-4k"), &format!("rand-{direction}-4k")));
    let largest = same.map(|ratio| ratio.median).fold(0.0, f64::max);
    if largest >= SEEK_FACTOR {
        format!(
            "Position costs here: even at 4 KiB, linear is {} times random. That is what a spinning disk's \
             seeks do, and what Kafka's page describes.",
            figure(largest)
        )
    } else if largest > 0.0 {
        "Position hardly matters here: what is slow is not the random place but the small request.".into()
    } else {
        String::new()
    }
}

/// Cells of one queue depth, without cold, huge and append ones.
pub(crate) fn is_plain(id: &str, depth: &str) -> bool {
    ["4k", "64k", "1m"].iter().any(|block| id.ends_with(&format!("-{block}{depth}")))
}

fn equal_blocks(ratio: &Ratio) -> bool {
    ratio.over.strip_prefix("seq") == ratio.under.strip_prefix("rand")
}

fn range(ratios: &[&Ratio]) -> Option<(f64, f64)> {
    let medians = ratios.iter().map(|ratio| ratio.median);
    let low = medians.clone().fold(f64::INFINITY, f64::min);
    let high = medians.fold(0.0, f64::max);
    (!ratios.is_empty()).then_some((low, high))
}

/// What the copy figures say.
pub(crate) fn copy(copy: &CopyReport) -> Vec<String> {
    let mut said = Vec::new();
    for (receiver, words) in [("discarding", "discards the data (MSG_TRUNC)"), ("copying", "copies the data as well")] {
        let found = copy.ratios.iter().find(|ratio| ratio.over.starts_with("sendfile") && ratio.over.ends_with(receiver));
        if let Some(found) = found {
            said.push(format!("When the receiver {words}, sendfile is {} times the fastest read+send ({}).", interval(found), found.under));
        }
    }
    if !said.is_empty() {
        said.push(
            "A loopback is not a network card: the receiver's copy runs on this machine too and may set the \
             pace, and what sendfile saves then shows in the sender's CPU seconds, not in the rate. Under TLS \
             Kafka does not use sendfile."
                .into(),
        );
    }
    said
}

/// The figures beside Jacobs': 4-byte values a second of this machine.
pub(crate) fn values_a_second(measurement: &Measurement) -> Vec<(String, f64)> {
    let mut values = Vec::new();
    if let Some(disk) = &measurement.disk {
        let find = |id: &str| disk.cells.iter().find(|cell| cell.id == id)?.stats.as_ref();
        if let Some(stats) = find("seq-read-1m") {
            values.push(("this disk, sequential (1 MiB)".to_string(), stats.mb_s.median * 1e6 / 4.0));
        }
        if let Some(stats) = find("rand-read-4k") {
            values.push(("this disk, random (4 KiB)".to_string(), stats.iops.median));
        }
    }
    for result in measurement.memory.iter().flat_map(|memory| &memory.results) {
        let name = match result.id.as_str() {
            "mem-seq" => "this memory, sequential",
            "mem-rand" => "this memory, random",
            _ => continue,
        };
        values.push((name.to_string(), result.values_s.median));
    }
    values
}

/// What a label belongs to: names where they are few, or how many of which part.
pub(crate) fn scope(measurement: &Measurement, label: &Label) -> String {
    let disk = measurement.disk.as_ref().map_or(0, |disk| disk.cells.len());
    let copy = measurement.copy.as_ref().map_or(0, |copy| copy.paths.len());
    let of_disk =
        measurement.disk.as_ref().is_some_and(|disk| label.applies_to.iter().any(|id| disk.cells.iter().any(|cell| cell.id == *id)));
    match (label.applies_to.len(), of_disk) {
        (0, _) => "the run".into(),
        (1..=3, _) => label.applies_to.join(", "),
        (many, true) if many == disk => "all of the disk part".into(),
        (many, false) if many == copy => "all of the copy part".into(),
        (many, _) => format!("{many} results"),
    }
}

/// Which part of a run this was.
pub(crate) fn title(measurement: &Measurement) -> String {
    let quick = if measurement.quick { " --quick" } else { "" };
    format!("highwater bench {}{quick}", measurement.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(over: &str, under: &str, median: f64) -> Ratio {
        let (low, high) = (median * 0.9, median * 1.1);
        Ratio { over: over.into(), under: under.into(), median, low, high, pairs: 5, paired: true }
    }

    fn said(small: f64, headline: f64) -> String {
        disk(&[
            ratio("seq-read-4k", "rand-read-4k", small),
            ratio("seq-write-4k", "rand-write-4k", small),
            ratio("seq-read-1m", "rand-read-4k", headline),
            ratio("seq-write-1m", "rand-write-4k", headline),
        ])
        .join(" ")
    }

    #[test]
    fn a_spinning_disk_is_told_that_position_costs() {
        let words = said(60.0, 400.0);
        assert!(words.contains("linear is 60.0 times random"), "{words}");
        assert!(words.contains("Position costs here") && words.contains("400 [360, 440]"), "{words}");
    }

    #[test]
    fn flash_is_told_that_the_small_request_costs() {
        let words = said(1.1, 15.0);
        assert!(words.contains("Position hardly matters here"), "{words}");
        assert!(!words.contains("Position costs"), "{words}");
    }

    #[test]
    fn nothing_measured_says_nothing() {
        assert!(disk(&[]).is_empty());
    }
}

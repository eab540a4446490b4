//! The report for a terminal.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, TableComponent, presets};

use super::model::{CellResult, CopyReport, DiskReport, Measurement, MemoryReport, Summary};
use super::words;
use crate::bench::stats::CV_FLAG;
use crate::bench::units::{figure, grouped, size};

/// Columns that long lines are folded at.
const WIDTH: usize = 100;

/// The whole report.
pub(crate) fn table(measurement: &Measurement) -> String {
    let mut out = String::new();
    head(&mut out, measurement);
    if let Some(disk) = &measurement.disk {
        disk_part(&mut out, disk);
    }
    if let Some(copy) = &measurement.copy {
        copy_part(&mut out, copy);
    }
    if let Some(memory) = &measurement.memory {
        memory_part(&mut out, memory);
    }
    labels(&mut out, measurement);
    foot(&mut out, measurement);
    out
}

fn head(out: &mut String, measurement: &Measurement) {
    line(out, &format!("{}  {}", words::title(measurement), measurement.taken_at));
    line(out, &format!("Machine  {}", words::machine(&measurement.machine)));
    if let Some(disk) = &measurement.disk {
        line(out, &format!("Folder   {}: {}", disk.parameters.dir, words::place(disk)));
        line(out, &format!("Method   {}", words::method(disk)));
        for note in &disk.parameters.notes {
            line(out, &format!("Note     {note}"));
        }
    }
    if let Some(why) = &measurement.incomplete_because {
        line(out, &format!("INCOMPLETE: {why}; what follows is what was measured until then."));
    }
}

fn disk_part(out: &mut String, disk: &DiskReport) {
    let plain = |cell: &CellResult, depth_one: bool, huge: bool| {
        (cell.access == "direct" || cell.access == "buffered") && (cell.depth == 1) == depth_one && (cell.buffer_pages == "huge") == huge
    };
    let part = |title: &str, of: &dyn Fn(&CellResult) -> bool, out: &mut String| {
        let cells: Vec<&CellResult> = disk.cells.iter().filter(|cell| of(cell)).collect();
        group(out, title, &cells, disk);
    };
    part("Queue depth 1 (pread, pwrite), MB/s", &|c| plain(c, true, false), out);
    part("Queue depth 32 (io_uring), MB/s", &|c| plain(c, false, false), out);
    part("Buffered read, page cache cold, MB/s", &|c| c.access == "cold", out);
    part("Queue depth 1, buffers of huge pages, MB/s", &|c| plain(c, true, true), out);
    part("Queue depth 32, buffers of huge pages, MB/s", &|c| plain(c, false, true), out);
    appends(out, disk);
    out.push('\n');
    for sentence in words::disk(&disk.ratios) {
        line(out, &sentence);
    }
    line(out, words::KAFKA_SAYS);
    line(out, &format!("Medium: probably {} ({}).", disk.medium.guess, disk.medium.because));
}

fn group(out: &mut String, title: &str, cells: &[&CellResult], disk: &DiskReport) {
    if cells.is_empty() {
        return;
    }
    let mut table = plain_table(&["request", "linear (min–max)", "random (min–max)", "linear : random [95 %]", "p50 us", "p99 us"]);
    let mut skipped: Vec<&str> = Vec::new();
    for (direction, block) in rows(cells) {
        let find = |pattern: &str| cells.iter().find(|c| c.pattern == pattern && c.direction == direction && c.block_bytes == block);
        let (linear, random) = (find("seq"), find("rand"));
        skipped.extend([linear, random].into_iter().flatten().filter_map(|c| c.skipped.as_deref()));
        let both = |of: fn(&CellResult) -> String| match (linear, random) {
            (Some(a), Some(b)) => format!("{} / {}", of(a), of(b)),
            (Some(one), None) | (None, Some(one)) => of(one),
            (None, None) => String::new(),
        };
        let ratio = linear.zip(random).and_then(|(a, b)| words::ratio(&disk.ratios, &a.id, &b.id)).map_or(String::new(), words::interval);
        table.add_row([
            format!("{direction} {}", size(block)),
            linear.map_or(String::new(), |c| rate(c)),
            random.map_or(String::new(), |c| rate(c)),
            ratio,
            both(p50),
            both(p99),
        ]);
    }
    write_table(out, title, table);
    skipped.dedup();
    for why in skipped {
        line(out, &format!("Not measured: {why}."));
    }
}

/// Directions and block sizes in table order, each once.
fn rows(cells: &[&CellResult]) -> Vec<(String, u64)> {
    let mut rows: Vec<(String, u64)> = Vec::new();
    for cell in cells {
        let row = (cell.direction.clone(), cell.block_bytes);
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows.sort();
    rows
}

/// `83.1 (80.2–84.0)`, with `~` before it where rounds differ much.
fn rate(cell: &CellResult) -> String {
    let Some(stats) = &cell.stats else {
        return "-".into();
    };
    let unsteady = stats.mb_s.cv.is_some_and(|cv| cv > CV_FLAG);
    let mark = if unsteady { "~" } else { "" };
    format!("{mark}{}", spread(&stats.mb_s))
}

fn spread(summary: &Summary) -> String {
    format!("{} ({}–{})", figure(summary.median), figure(summary.min), figure(summary.max))
}

fn p50(cell: &CellResult) -> String {
    cell.stats.as_ref().map_or("-".into(), |stats| figure(stats.latency_us.p50))
}

fn p99(cell: &CellResult) -> String {
    cell.stats.as_ref().and_then(|stats| stats.latency_us.p99).map_or("-".into(), figure)
}

fn appends(out: &mut String, disk: &DiskReport) {
    let cells: Vec<&CellResult> = disk.cells.iter().filter(|cell| cell.access == "append+fdatasync").collect();
    if cells.is_empty() {
        return;
    }
    let mut table = plain_table(&["append + fdatasync each", "MB/s (min–max)", "a second", "p50 us", "p99 us"]);
    for cell in cells {
        let per_second = cell.stats.as_ref().map_or("-".into(), |stats| figure(stats.iops.median));
        table.add_row([size(cell.block_bytes), rate(cell), per_second, p50(cell), p99(cell)]);
    }
    write_table(out, "Durable appends (through the page cache)", table);
}

fn copy_part(out: &mut String, copy: &CopyReport) {
    for receiver in ["copying", "discarding"] {
        let mut table = plain_table(&["way", "GiB/s (min–max)", "sender CPU s/GiB", "calls/GiB", ": fastest read+send [95 %]"]);
        let paths: Vec<_> = copy.paths.iter().filter(|path| path.receiver == receiver).collect();
        let reads: Vec<_> = paths.iter().copied().filter(|path| path.way == "read+send").collect();
        let fastest = crate::bench::ratios::fastest(&reads).map(|path| path.id.clone());
        let mut skipped: Vec<String> = Vec::new();
        for path in &paths {
            let way = format!("{} {}", path.way, size(path.chunk_bytes));
            if let Some(why) = &path.skipped {
                skipped.push(format!("{way}: {why}"));
            }
            let Some(stats) = &path.stats else {
                table.add_row([way, "-".into(), "-".into(), "-".into(), String::new()]);
                continue;
            };
            let against = if fastest.as_ref() == Some(&path.id) {
                "the fastest read+send".to_string()
            } else {
                let found = copy.ratios.iter().find(|ratio| ratio.over == path.id);
                found.map_or(String::new(), words::interval)
            };
            table.add_row([
                way,
                spread(&stats.gib_s),
                figure(stats.sender_cpu_seconds_per_gib.median),
                grouped(stats.calls_per_gib),
                against,
            ]);
        }
        if !paths.is_empty() {
            let title = format!("Page cache to loopback, receiver {receiver} the data");
            write_table(out, &title, table);
        }
        for why in skipped {
            line(out, &format!("Not measured: {why}."));
        }
    }
    out.push('\n');
    line(out, &format!("Cores: {}.", copy.parameters.pinning));
    for sentence in words::copy(copy) {
        line(out, &sentence);
    }
}

fn memory_part(out: &mut String, memory: &MemoryReport) {
    let mut table = plain_table(&["memory", "4-byte values a second", "min to max"]);
    for result in &memory.results {
        table.add_row([
            memory_name(&result.id).to_string(),
            grouped(result.values_s.median),
            format!("{}–{}", grouped(result.values_s.min), grouped(result.values_s.max)),
        ]);
    }
    write_table(out, &format!("Memory, an array of {}", size(memory.array_bytes)), table);
}

/// What people call the three orders.
pub(crate) fn memory_name(id: &str) -> &'static str {
    match id {
        "mem-seq" => "sequential",
        "mem-rand" => "random, independent reads",
        _ => "random, each address from the last value",
    }
}

fn labels(out: &mut String, measurement: &Measurement) {
    if measurement.labels.is_empty() {
        return;
    }
    out.push_str("\nWhat to doubt (~ in the tables: unsteady)\n");
    for label in &measurement.labels {
        let scope = words::scope(measurement, label);
        line(out, &format!("- {} [{scope}]: {} Evidence: {}.", label.name, label.meaning, label.evidence));
    }
}

fn foot(out: &mut String, measurement: &Measurement) {
    if let Some(comparison) = &measurement.comparison {
        let mut table = plain_table(&["now : then", "ratio [95 %]"]);
        for ratio in &comparison.ratios {
            table.add_row([ratio.over.trim_end_matches(" (now)").to_string(), words::interval(ratio)]);
        }
        write_table(out, &format!("Against {} of {}", comparison.with, comparison.taken_at), table);
        for difference in &comparison.differences {
            line(out, &format!("Different: {difference}."));
        }
    }
    for expectation in &measurement.expectations {
        let verdict = if expectation.holds { "holds" } else { "DOES NOT HOLD" };
        line(out, &format!("Expected {}: {verdict} ({})", expectation.text, expectation.found));
    }
    line(out, &format!("\nTook {} s. The scratch file is gone.", figure(measurement.elapsed_seconds)));
}

fn plain_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    for lines in [TableComponent::HeaderLines, TableComponent::MiddleHeaderIntersections] {
        table.set_style(lines, '─');
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn write_table(out: &mut String, title: &str, table: Table) {
    let rows: String = table.lines().map(|row| format!("{}\n", row.trim_end())).collect();
    // Writing to a String does not fail.
    let _ = write!(out, "\n{title}\n{rows}");
}

/// Adds one line, folded between words; what follows the first is indented.
fn line(out: &mut String, text: &str) {
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            out.push_str("\n  ");
            column = 2;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

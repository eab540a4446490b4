//! The charts: linear against random on a log scale beside Kafka's claim, values a second beside
//! Jacobs' figure, and the copy paths.

use anyhow::Result;

use super::canvas::{Anchor, Canvas, Ink};
use super::model::{CopyReport, DiskReport, Measurement};
use super::words;
use crate::bench::units::{figure, grouped, size};

const WIDTH: i32 = 760;
const LEFT: i32 = 24;
/// Where bars begin and the space that they have.
const BARS: i32 = 210;
const SPAN: i32 = 430;
const ROW: i32 = 42;

/// All charts of a measurement under one another, for `--svg`.
pub(crate) fn document(measurement: &Measurement) -> Result<String> {
    let mut canvas = Canvas::new(WIDTH as u32);
    let mut y = heading(&mut canvas, measurement);
    if let Some(disk) = &measurement.disk {
        y = linear_random(&mut canvas, disk, y);
        y = paragraphs(&mut canvas, y, &words::disk(&disk.ratios)) + 20;
    }
    if words::values_a_second(measurement).len() > 1 {
        y = jacobs(&mut canvas, measurement, y);
        let says = [words::JACOBS_SAYS, words::JACOBS_HERE].map(String::from);
        y = paragraphs(&mut canvas, y, &says) + 20;
    }
    if let Some(copy) = &measurement.copy {
        y = copies(&mut canvas, copy, y);
        y = paragraph(&mut canvas, y, &format!("Cores: {}.", copy.parameters.pinning));
        y = paragraphs(&mut canvas, y, &words::copy(copy)) + 20;
    }
    canvas.svg(y)
}

/// One chart on its own, for the page.
pub(crate) fn alone(draw: impl FnOnce(&mut Canvas) -> i32) -> Result<String> {
    let mut canvas = Canvas::new(WIDTH as u32);
    let bottom = draw(&mut canvas);
    canvas.svg(bottom + 12)
}

fn heading(canvas: &mut Canvas, measurement: &Measurement) -> i32 {
    let mut y = 28;
    let title = format!("{}, {}", words::title(measurement), measurement.taken_at);
    canvas.bold((LEFT, y), &title, 17, Anchor::Start, Ink::Text);
    y += 12;
    let mut lines = vec![words::machine(&measurement.machine)];
    if let Some(disk) = &measurement.disk {
        lines.push(words::place(disk));
        lines.push(words::method(disk));
    }
    if let Some(why) = &measurement.incomplete_because {
        lines.push(format!("INCOMPLETE: {why}"));
    }
    let names: Vec<&str> = measurement.labels.iter().map(|label| label.name.as_str()).collect();
    if !names.is_empty() {
        lines.push(format!("Labels: {}", names.join(", ")));
    }
    for line in lines {
        y = paragraph(canvas, y, &line);
    }
    y + 14
}

fn paragraphs(canvas: &mut Canvas, y: i32, texts: &[String]) -> i32 {
    texts.iter().fold(y, |y, text| paragraph(canvas, y, text))
}

/// Soft small text, folded; returns the y below it.
fn paragraph(canvas: &mut Canvas, mut y: i32, text: &str) -> i32 {
    for line in fold(text, 106) {
        y += 17;
        canvas.text((LEFT, y), &line, 12, Anchor::Start, Ink::Soft);
    }
    y
}

fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is always a line");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_string());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// A log scale from `low` to `high` over the width of the bars.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Whole decades around the values, with room for the shortest bar to be seen.
    fn around(values: impl Iterator<Item = f64> + Clone) -> Scale {
        let low = values.clone().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        let high = values.fold(0.0, f64::max);
        let decade = |value: f64| 10f64.powf(value.log10().floor());
        Scale { low: decade(low) / 2.0, high: decade(high) * if high / decade(high) > 5.0 { 20.0 } else { 10.0 } }
    }

    fn length(&self, value: f64) -> i32 {
        let share = (value / self.low).log10() / (self.high / self.low).log10();
        (share.clamp(0.0, 1.0) * f64::from(SPAN)).round() as i32
    }

    fn ticks(&self) -> Vec<f64> {
        let first = self.low.log10().ceil() as i32;
        let last = self.high.log10().floor() as i32;
        (first..=last).map(|power| 10f64.powi(power)).collect()
    }

    /// Vertical lines with their values below.
    fn grid(&self, canvas: &mut Canvas, top: i32, bottom: i32, unit: &str) -> i32 {
        for tick in self.ticks() {
            let x = BARS + self.length(tick);
            canvas.line((x, top), (x, bottom), Ink::Line);
            canvas.text((x, bottom + 13), &short(tick), 12, Anchor::Middle, Ink::Soft);
        }
        let middle = BARS + SPAN / 2;
        canvas.text((middle, bottom + 31), &format!("{unit}, log scale"), 12, Anchor::Middle, Ink::Soft);
        bottom + 40
    }
}

/// `0.1`, `100`, `10 k`, `1 M`.
fn short(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{} G", v / 1e9),
        v if v >= 1e6 => format!("{} M", v / 1e6),
        v if v >= 1e4 => format!("{} k", v / 1e3),
        v => format!("{v}"),
    }
}

struct Pair {
    name: String,
    note: String,
    linear: f64,
    random: f64,
    ratio: String,
    ink: Ink,
}

/// Linear (filled) over random (outlined) for each request, Kafka's claim below.
pub(crate) fn linear_random(canvas: &mut Canvas, disk: &DiskReport, top: i32) -> i32 {
    let groups: Vec<(&str, Vec<Pair>)> = [("Queue depth 1", ""), ("Queue depth 32", "-qd32"), ("Page cache, cold", "-cold")]
        .into_iter()
        .map(|(name, suffix)| (name, pairs(disk, suffix)))
        .chain([("1 MiB linear against 4 KiB random", headlines(disk))])
        .filter(|(_, pairs)| !pairs.is_empty())
        .collect();
    let mut y = top + 14;
    canvas.bold((LEFT, y), "Linear against random", 17, Anchor::Start, Ink::Text);
    legend(canvas, y);
    y += 24;
    let claim = kafka();
    let all = groups.iter().flat_map(|(_, pairs)| pairs).chain([&claim]);
    let scale = Scale::around(all.flat_map(|pair| [pair.linear, pair.random]).collect::<Vec<_>>().into_iter());
    let rows: i32 = groups.iter().map(|(_, pairs)| pairs.len() as i32 * ROW + 30).sum();
    let bottom = y + rows + ROW + 12;
    let below = scale.grid(canvas, y, bottom, "MB/s");
    for (name, pairs) in &groups {
        canvas.bold((LEFT, y + 12), name, 13, Anchor::Start, Ink::Soft);
        y += 26;
        for pair in pairs {
            draw_pair(canvas, &scale, pair, y);
            y += ROW;
        }
        y += 4;
    }
    canvas.line((LEFT, y), (WIDTH - LEFT, y), Ink::Line);
    draw_pair(canvas, &scale, &claim, y + 8);
    below
}

fn legend(canvas: &mut Canvas, y: i32) {
    let x = BARS + 60;
    canvas.rect((x, y - 6), (22, 12), Ink::Here, true);
    canvas.text((x + 30, y), "linear", 13, Anchor::Start, Ink::Text);
    canvas.rect((x + 92, y - 6), (22, 12), Ink::Here, false);
    canvas.text((x + 122, y), "random", 13, Anchor::Start, Ink::Text);
    canvas.text((x + 196, y), "at the end: linear over random", 13, Anchor::Start, Ink::Soft);
}

fn pairs(disk: &DiskReport, suffix: &str) -> Vec<Pair> {
    let rows = ["read", "write"].into_iter().flat_map(|direction| {
        [("4k", "4 KiB"), ("64k", "64 KiB"), ("1m", "1 MiB")].map(|(block, name)| {
            let over = format!("seq-{direction}-{block}{suffix}");
            pair(disk, name, direction, &over, &format!("rand-{direction}-{block}{suffix}"))
        })
    });
    rows.flatten().collect()
}

/// What Kafka's claim is really about: large linear requests against small random ones.
fn headlines(disk: &DiskReport) -> Vec<Pair> {
    let rows = ["read", "write"].map(|direction| {
        let (over, under) = (format!("seq-{direction}-1m"), format!("rand-{direction}-4k"));
        pair(disk, "1 M : 4 K", direction, &over, &under)
    });
    rows.into_iter().flatten().collect()
}

fn pair(disk: &DiskReport, name: &str, note: &str, over: &str, under: &str) -> Option<Pair> {
    let rate = |id: &str| {
        let cell = disk.cells.iter().find(|cell| cell.id == id)?;
        Some(cell.stats.as_ref()?.mb_s.median)
    };
    let ratio = words::ratio(&disk.ratios, over, under);
    Some(Pair {
        name: name.into(),
        note: note.into(),
        linear: rate(over)?,
        random: rate(under)?,
        ratio: ratio.map_or(String::new(), |ratio| format!("{} ×", figure(ratio.median))),
        ink: Ink::Here,
    })
}

fn kafka() -> Pair {
    let (linear, random) = words::KAFKA_CLAIM;
    Pair { name: "Kafka's page".into(), note: "writes, 6 SATA disks".into(), linear, random, ratio: "6000 ×".into(), ink: Ink::Theirs }
}

fn draw_pair(canvas: &mut Canvas, scale: &Scale, pair: &Pair, y: i32) {
    let wide = pair.note.len() > 6;
    if wide {
        canvas.bold((LEFT, y + 8), &pair.name, 13, Anchor::Start, Ink::Text);
        canvas.text((LEFT, y + 24), &pair.note, 12, Anchor::Start, Ink::Soft);
    } else {
        canvas.bold((LEFT + 12, y + 15), &pair.name, 13, Anchor::Start, Ink::Text);
        canvas.text((LEFT + 88, y + 15), &pair.note, 13, Anchor::Start, Ink::Text);
    }
    let (linear, random) = (scale.length(pair.linear), scale.length(pair.random));
    canvas.rect((BARS, y), (linear, 14), pair.ink, true);
    canvas.rect((BARS, y + 17), (random, 13), Ink::Page, true);
    canvas.rect((BARS, y + 17), (random, 13), pair.ink, false);
    let inside = |length: i32| length > 60;
    for (length, value, at, ink) in [(linear, pair.linear, y + 7, Ink::Page), (random, pair.random, y + 24, pair.ink)] {
        if inside(length) {
            canvas.text((BARS + length - 6, at), &figure(value), 11, Anchor::End, ink);
        } else {
            canvas.text((BARS + length + 6, at), &figure(value), 11, Anchor::Start, pair.ink);
        }
    }
    canvas.bold((BARS + linear.max(random) + 12, y + 15), &pair.ratio, 13, Anchor::Start, Ink::Text);
}

/// Values of 4 bytes a second: Jacobs' bars and this machine's.
pub(crate) fn jacobs(canvas: &mut Canvas, measurement: &Measurement, top: i32) -> i32 {
    let here = words::values_a_second(measurement);
    let theirs = words::JACOBS.iter().map(|(name, value)| (format!("Jacobs: {name}"), *value, Ink::Theirs));
    let bars: Vec<(String, f64, Ink)> = theirs.chain(here.into_iter().map(|(name, value)| (name, value, Ink::Here))).collect();
    let mut y = top + 14;
    canvas.bold((LEFT, y), "Values of 4 bytes a second", 17, Anchor::Start, Ink::Text);
    y += 24;
    let scale = Scale::around(bars.iter().map(|(_, value, _)| *value));
    let below = scale.grid(canvas, y, y + bars.len() as i32 * 26 + 4, "values a second");
    for (name, value, ink) in &bars {
        canvas.text((LEFT, y + 12), name, 12, Anchor::Start, Ink::Text);
        let length = scale.length(*value);
        canvas.rect((BARS, y + 4), (length, 16), *ink, true);
        canvas.text((BARS + length + 8, y + 12), &grouped(*value), 12, Anchor::Start, Ink::Text);
        y += 26;
    }
    below
}

/// The copy paths: rate as bars, CPU and calls as figures.
pub(crate) fn copies(canvas: &mut Canvas, copy: &CopyReport, top: i32) -> i32 {
    let mut y = top + 14;
    canvas.bold((LEFT, y), "Page cache to a loopback socket", 17, Anchor::Start, Ink::Text);
    y += 10;
    let rates = copy.paths.iter().filter_map(|path| Some(path.stats.as_ref()?.gib_s.median));
    let fastest = rates.fold(0.1, f64::max);
    let (span, columns) = (250, [BARS + 345, BARS + 435, BARS + 525]);
    for receiver in ["discarding", "copying"] {
        let paths: Vec<_> = copy.paths.iter().filter(|path| path.receiver == receiver).collect();
        if paths.is_empty() {
            continue;
        }
        y += 22;
        let title = format!("Receiver {receiver} the data");
        canvas.bold((LEFT, y), &title, 13, Anchor::Start, Ink::Soft);
        for (x, name) in columns.into_iter().zip(["CPU s/GiB", "calls/GiB", ": fastest read"]) {
            canvas.text((x, y), name, 12, Anchor::End, Ink::Soft);
        }
        for path in paths {
            y += 24;
            let name = format!("{} {}", path.way, size(path.chunk_bytes));
            canvas.text((LEFT, y), &name, 12, Anchor::Start, Ink::Text);
            let Some(stats) = &path.stats else {
                canvas.text((BARS, y), "not measured", 12, Anchor::Start, Ink::Soft);
                continue;
            };
            let length = (stats.gib_s.median / fastest * f64::from(span)) as i32;
            let ink = if path.way == "read+send" { Ink::Here } else { Ink::Other };
            canvas.rect((BARS, y - 8), (length, 16), ink, true);
            let rate = format!("{} GiB/s", figure(stats.gib_s.median));
            let (at, anchor, over) =
                if length > 90 { (BARS + length - 6, Anchor::End, Ink::Page) } else { (BARS + length + 6, Anchor::Start, Ink::Text) };
            canvas.text((at, y), &rate, 11, anchor, over);
            let against = copy.ratios.iter().find(|ratio| ratio.over == path.id);
            let figures = [
                figure(stats.sender_cpu_seconds_per_gib.median),
                grouped(stats.calls_per_gib),
                against.map_or(String::new(), |ratio| format!("{} ×", figure(ratio.median))),
            ];
            for (x, text) in columns.into_iter().zip(figures) {
                canvas.text((x, y), &text, 12, Anchor::End, Ink::Text);
            }
        }
        y += 6;
    }
    y
}

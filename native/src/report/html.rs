//! One self-contained page: charts inline, no scripts, nothing fetched, light and dark by the
//! reader's preference.

use anyhow::Result;

use super::canvas::Ink;
use super::model::{CellResult, CopyReport, DiskReport, Measurement, MemoryReport};
use super::{svg, text, words};
use crate::bench::units::{figure, grouped, size, time_us};

const CSS: &str = include_str!("page.css");

/// The page.
pub(crate) fn page(measurement: &Measurement) -> Result<String> {
    let mut body = head(measurement);
    if let Some(disk) = &measurement.disk {
        body += &disk_cards(measurement, disk)?;
    }
    if let Some(copy) = &measurement.copy {
        body += &copy_card(copy)?;
    }
    if let Some(memory) = &measurement.memory {
        body += &memory_card(memory);
    }
    body += &foot(measurement);
    body += &doubts(measurement);
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(&words::title(measurement)),
    ))
}

fn head(measurement: &Measurement) -> String {
    let mut facts = vec![("Machine", words::machine(&measurement.machine))];
    if let Some(disk) = &measurement.disk {
        facts.push(("Folder", format!("{}: {}", disk.parameters.dir, words::place(disk))));
        facts.push(("Method", words::method(disk)));
        facts.extend(disk.parameters.notes.iter().map(|note| ("Note", note.clone())));
    }
    let facts: String = facts.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(value))).collect();
    let incomplete = measurement.incomplete_because.as_ref().map_or(String::new(), |why| {
        card("bad", &format!("<b>Incomplete:</b> {}. What follows is what was measured until then.", escape(why)))
    });
    format!(
        "<h1>{}</h1>\n<p class=\"soft\">{}, took {} s</p>\n<dl class=\"facts\">\n{facts}</dl>\n{incomplete}",
        escape(&words::title(measurement)),
        escape(&measurement.taken_at),
        figure(measurement.elapsed_seconds),
    )
}

fn disk_cards(measurement: &Measurement, disk: &DiskReport) -> Result<String> {
    let chart = themed("Linear against random, MB/s", svg::alone(|canvas| svg::linear_random(canvas, disk, 4))?);
    let said = sentences(&words::disk(&disk.ratios));
    let cells = table(
        &["cell", "MB/s", "min to max", "spread", "operations/s", "p50", "p99", "user CPU an operation"],
        disk.cells.iter().map(cell_row),
    );
    let ratios = table(
        &["over", "under", "ratio [95 %]", "rounds"],
        disk.ratios.iter().map(|ratio| {
            let pairs = ratio.pairs.to_string();
            vec![ratio.over.clone(), ratio.under.clone(), words::interval(ratio), pairs]
        }),
    );
    let mut cards = card(
        "",
        &format!(
            "{chart}{said}<p class=\"soft\">{}</p><p class=\"soft\">Medium: probably {} ({}).</p>\
             <details><summary>Every cell</summary>{cells}</details>\
             <details><summary>Every ratio</summary>{ratios}</details>",
            escape(words::KAFKA_SAYS),
            escape(&disk.medium.guess),
            escape(&disk.medium.because),
        ),
    );
    if words::values_a_second(measurement).len() > 1 {
        let chart = themed("Values of 4 bytes a second", svg::alone(|canvas| svg::jacobs(canvas, measurement, 4))?);
        let says = format!("{} {}", words::JACOBS_SAYS, words::JACOBS_HERE);
        cards += &card("", &format!("{chart}<p class=\"soft\">{}</p>", escape(&says)));
    }
    Ok(cards)
}

fn cell_row(cell: &CellResult) -> Vec<String> {
    let Some(stats) = &cell.stats else {
        let why = cell.skipped.as_deref().unwrap_or("not measured");
        return vec![cell.id.clone(), why.to_string()];
    };
    vec![
        cell.id.clone(),
        figure(stats.mb_s.median),
        format!("{} – {}", figure(stats.mb_s.min), figure(stats.mb_s.max)),
        stats.mb_s.cv.map_or("-".into(), |cv| format!("{} %", figure(cv * 100.0))),
        grouped(stats.iops.median),
        time_us(stats.latency_us.p50),
        stats.latency_us.p99.map_or("-".into(), time_us),
        format!("{} ns", figure(stats.cpu_user_ns_per_op)),
    ]
}

fn copy_card(copy: &CopyReport) -> Result<String> {
    let chart = themed("Page cache to a loopback socket, GiB/s", svg::alone(|canvas| svg::copies(canvas, copy, 4))?);
    let mut said = vec![format!("Cores: {}.", copy.parameters.pinning)];
    said.extend(words::copy(copy));
    let said = sentences(&said);
    let rows = copy.paths.iter().map(|path| {
        let calls = path.samples.iter().fold(Default::default(), |sum, sample| super::model::Calls::plus(sum, sample.calls));
        let counted = [
            ("read", calls.read),
            ("send", calls.send),
            ("sendfile", calls.sendfile),
            ("splice", calls.splice),
            ("recvmsg", calls.recvmsg),
        ];
        let counted: Vec<String> =
            counted.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {}", grouped(*count as f64))).collect();
        let stats = path.stats.as_ref();
        vec![
            path.id.clone(),
            stats.map_or("-".into(), |s| figure(s.gib_s.median)),
            stats.map_or("-".into(), |s| figure(s.sender_cpu_seconds_per_gib.median)),
            stats.map_or("-".into(), |s| figure(s.voluntary_switches_per_gib)),
            path.skipped.clone().unwrap_or_else(|| counted.join(", ")),
        ]
    });
    let all = table(&["path", "GiB/s", "sender CPU s/GiB", "voluntary switches/GiB", "system calls, all rounds"], rows);
    Ok(card("", &format!("{chart}{said}<details><summary>Every path, with counted calls</summary>{all}</details>")))
}

fn memory_card(memory: &MemoryReport) -> String {
    let rows = memory.results.iter().map(|result| {
        vec![
            text::memory_name(&result.id).to_string(),
            grouped(result.values_s.median),
            format!("{} – {}", grouped(result.values_s.min), grouped(result.values_s.max)),
        ]
    });
    let rows = table(&["order", "4-byte values a second", "min to max"], rows);
    card("", &format!("<h2>Memory, an array of {}</h2>{rows}", size(memory.array_bytes)))
}

fn doubts(measurement: &Measurement) -> String {
    let entries: String = measurement
        .labels
        .iter()
        .map(|label| {
            let scope = escape(&words::scope(measurement, label));
            format!(
                "<dt><span class=\"tag\">{}</span> <span class=\"soft\">{scope}</span></dt>\n<dd>{} <span class=\"soft\">Evidence: {}.</span></dd>\n",
                escape(&label.name),
                escape(&label.meaning),
                escape(&label.evidence),
            )
        })
        .collect();
    card("", &format!("<h2>What to doubt</h2>\n<dl class=\"doubts\">\n{entries}</dl>"))
}

fn foot(measurement: &Measurement) -> String {
    let mut out = String::new();
    if let Some(comparison) = &measurement.comparison {
        let rows = comparison.ratios.iter().map(|ratio| vec![ratio.over.trim_end_matches(" (now)").to_string(), words::interval(ratio)]);
        let different: String = comparison.differences.iter().map(|d| format!("<p>Different: {}.</p>", escape(d))).collect();
        let title = format!("Against {} of {}", comparison.with, comparison.taken_at);
        let rows = table(&["now over then", "ratio [95 %]"], rows);
        out += &card("", &format!("<h2>{}</h2>{rows}{different}", escape(&title)));
    }
    for expectation in &measurement.expectations {
        let (class, verdict) = if expectation.holds { ("", "holds") } else { ("bad", "does not hold") };
        let text = format!("Expected <code>{}</code>: <b>{verdict}</b> ({})", escape(&expectation.text), escape(&expectation.found));
        out += &card(class, &text);
    }
    out
}

fn sentences(said: &[String]) -> String {
    said.iter().map(|sentence| format!("<p>{}</p>\n", escape(sentence))).collect()
}

fn card(class: &str, inner: &str) -> String {
    format!("<section class=\"card {class}\">\n{inner}\n</section>\n")
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head: String = header.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
    let rows: String = rows
        .map(|row| {
            let short = row.len() < header.len();
            let last = row.len() - 1;
            let cells: String = row
                .iter()
                .enumerate()
                .map(|(i, cell)| {
                    let span = if short && i == last { header.len() - last } else { 1 };
                    format!("<td colspan=\"{span}\">{}</td>", escape(cell))
                })
                .collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    format!("<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

/// Names a chart for those who can't see it, and replaces its colours by the page's variables.
fn themed(name: &str, svg: String) -> String {
    let start = svg.find("<svg").unwrap_or(0);
    let named = format!("<svg role=\"img\" aria-label=\"{}\"", escape(name));
    let svg = svg[start..].replacen("<svg", &named, 1);
    Ink::ALL.iter().fold(svg, |svg, ink| {
        let (r, g, b) = ink.rgb();
        svg.replace(&format!("#{r:02X}{g:02X}{b:02X}"), &format!("var({})", ink.variable()))
    })
}

/// Text that can't become markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_of_folders_cannot_become_markup() {
        assert_eq!(super::escape("<img src=\"x\">&"), "&lt;img src=&quot;x&quot;&gt;&amp;");
    }
}

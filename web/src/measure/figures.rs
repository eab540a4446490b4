//! What the figures say: rows of the charts, and sentences that follow the numbers.

use super::cache::{CacheScene, Happened};
use super::copies::Way;
use super::disk::{DiskScene, Lane, SLOTS};
use super::source::Source;
use super::units::{duration, figure, size, times};
use crate::i18n::Lang;
use highwater_core::cost::calibrate::{self, Check};
use highwater_core::cost::disk::{CLAIM_LINEAR_MB_S, CLAIM_RANDOM_MB_S, Preset};
use highwater_core::cost::measurement::{DiskPart, Measurement};

/// Jacobs 2009, figure 3: 4-byte values a second from a disk, sequential and random.
const JACOBS_VALUES_S: (f64, f64) = (53_200_000.0, 316.0);
/// IBM 2008: file in MB, milliseconds by read and write, by transferTo.
const IBM: [(&str, f64, f64, f64); 8] = [
    ("7 MB", 7.0, 156.0, 45.0),
    ("21 MB", 21.0, 337.0, 128.0),
    ("63 MB", 63.0, 843.0, 387.0),
    ("98 MB", 98.0, 1320.0, 617.0),
    ("200 MB", 200.0, 2124.0, 1150.0),
    ("350 MB", 350.0, 3631.0, 1762.0),
    ("700 MB", 700.0, 13498.0, 4422.0),
    ("1 GB", 1000.0, 18399.0, 8537.0),
];

/// Whose figures a row shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Measured on the machine of the file.
    Measured,
    /// What a model says.
    Model,
    /// Somebody else's, published.
    Published,
}

/// What stands at the end of a row.
#[derive(Clone, PartialEq, Debug)]
pub enum End {
    /// How many times the lower bar the upper one is.
    Times(f64),
    /// Something else.
    Text(String),
}

/// A row of a chart: one bar, or two to compare.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// A word more.
    pub note: String,
    /// The upper bar.
    pub value: f64,
    /// The lower one, hollow.
    pub other: Option<f64>,
    /// At the end of the bars.
    pub end: End,
    /// Whose.
    pub kind: Kind,
}

fn pair(name: &str, note: &str, linear: f64, random: f64, ratio: f64, kind: Kind) -> Row {
    Row { name: name.into(), note: note.into(), value: linear, other: Some(random), end: End::Times(ratio), kind }
}

/// Linear against random: this machine's if it was measured, else the presets'; Kafka's page and Jacobs below.
pub fn disk_rows(source: &Source, lang: Lang) -> Vec<Row> {
    let w = lang.measure();
    let mut rows = match source.measurement().and_then(|m| m.disk.as_ref()) {
        Some(part) => measured_rows(part, lang),
        None => [(Preset::Hdd, w.d_hdd), (Preset::SataSsd, w.d_sata), (Preset::Nvme, w.d_nvme)]
            .into_iter()
            .map(|(p, name)| {
                let d = p.disk();
                pair(name, "4 KiB", d.rate_of(4096, true), d.rate_of(4096, false), d.ratio(4096), Kind::Model)
            })
            .collect(),
    };
    let claim = CLAIM_LINEAR_MB_S / CLAIM_RANDOM_MB_S;
    rows.push(pair(w.kafka_page, w.kafka_note, CLAIM_LINEAR_MB_S, CLAIM_RANDOM_MB_S, claim, Kind::Published));
    let (linear, random) = JACOBS_VALUES_S;
    rows.push(pair(w.jacobs, w.jacobs_note, linear * 4.0 / 1e6, random * 4.0 / 1e6, linear / random, Kind::Published));
    rows
}

fn measured_rows(part: &DiskPart, lang: Lang) -> Vec<Row> {
    let w = lang.measure();
    let directions = [("read", w.read), ("write", w.write)];
    let row = |name: &str, note: &str, over: String, under: String| {
        let (a, b) = (part.cell(&over)?, part.cell(&under)?);
        // The median of the rounds' ratios where the file has it: what slowed a whole round down cancels.
        let ratio = part.ratio(&over, &under).map_or(a.mb_s / b.mb_s, |r| r.median);
        Some(pair(name, note, a.mb_s, b.mb_s, ratio, Kind::Measured))
    };
    let equal = [("4k", "4 KiB"), ("64k", "64 KiB"), ("1m", "1 MiB")]
        .into_iter()
        .flat_map(|(block, name)| directions.map(|(d, word)| row(name, word, format!("seq-{d}-{block}"), format!("rand-{d}-{block}"))));
    let mixed = directions.map(|(d, word)| row(w.not_sizes, word, format!("seq-{d}-1m"), format!("rand-{d}-4k")));
    equal.chain(mixed).flatten().collect()
}

/// What the disk chart shows, in a line.
pub fn disk_title(source: &Source, lang: Lang) -> String {
    let found = source.measurement().and_then(|m| m.disk.as_ref()).and_then(|part| {
        let rows = measured_rows(part, lang);
        let mixed_name = lang.measure().not_sizes;
        let ratio = |r: &Row| match r.end {
            End::Times(x) => x,
            End::Text(_) => 0.0,
        };
        let equal: Vec<f64> = rows.iter().filter(|r| r.name != mixed_name).map(ratio).collect();
        let mixed: Vec<f64> = rows.iter().filter(|r| r.name == mixed_name).map(ratio).collect();
        let span = |v: &[f64]| {
            let (low, high) = (v.iter().copied().fold(f64::INFINITY, f64::min), v.iter().copied().fold(0.0, f64::max));
            if figure(low) == figure(high) { times(low) } else { format!("{}–{}", figure(low), times(high)) }
        };
        (!equal.is_empty() && !mixed.is_empty()).then(|| (span(&equal), span(&mixed)))
    });
    match (found, lang) {
        (Some((equal, mixed)), Lang::En) => format!("Here: {equal} at equal size; {mixed} only between 1 MiB and 4 KiB"),
        (Some((equal, mixed)), Lang::Ko) => format!("여기: 같은 크기끼리 {equal}, 1 MiB와 4 KiB 사이에서만 {mixed}"),
        (None, _) => lang.measure().chart_presets.to_string(),
    }
}

/// The copy paths that were measured, or IBM's published ones.
pub fn copy_rows(source: &Source) -> Vec<Row> {
    let Some(part) = source.measurement().and_then(|m| m.copy.as_ref()) else {
        let row = |(name, mb, copied, sent): (&str, f64, f64, f64)| {
            pair(name, "", mb / sent * 1000.0, mb / copied * 1000.0, copied / sent, Kind::Published)
        };
        return IBM.map(row).to_vec();
    };
    let paths = part.paths.iter().filter(|p| p.discarding);
    let row = |p: &highwater_core::cost::measurement::Path| Row {
        name: p.way.strip_prefix("mmap+MSG").map_or(p.way.clone(), |rest| format!("MSG{rest}")),
        note: size(p.chunk_bytes),
        value: p.gib_s,
        other: None,
        end: End::Text(format!("{} s/GiB", figure(p.cpu_s_per_gib))),
        kind: Kind::Measured,
    };
    paths.map(row).collect()
}

/// What the copy chart shows, in a line.
pub fn copy_title(source: &Source, lang: Lang) -> String {
    let w = lang.measure();
    let Some(part) = source.measurement().and_then(|m| m.copy.as_ref()) else { return w.ibm_title.to_string() };
    let over = part.ratios.iter().find(|r| r.over.starts_with("sendfile") && r.over.ends_with("discarding"));
    match (over, calibrate::copy(part), lang) {
        (Some(r), Some(fit), Lang::En) => format!(
            "Here sendfile ran {} as fast as the fastest read+send, for {} of its CPU time",
            times(r.median),
            times(fit.sendfile.cpu_s_per_gib / fit.read_send.cpu_s_per_gib)
        ),
        (Some(r), Some(fit), Lang::Ko) => format!(
            "여기: sendfile 속도는 가장 빠른 read+send의 {}, CPU 시간은 {}",
            times(r.median),
            times(fit.sendfile.cpu_s_per_gib / fit.read_send.cpu_s_per_gib)
        ),
        (_, _, Lang::En) => "Copy paths, measured".into(),
        (_, _, Lang::Ko) => "복사 경로 측정값".into(),
    }
}

/// A check of a model, as a line: name, what the model says, what was measured, and whether they agree.
#[derive(Clone, PartialEq, Debug)]
pub struct CheckLine {
    /// Cell or path.
    pub id: String,
    /// What the model says.
    pub model: String,
    /// What was measured.
    pub measured: String,
    /// Measured over model.
    pub factor: String,
    /// Do they part?
    pub parts: bool,
}

/// Lines of checks in a unit.
pub fn checks(checks: &[Check], unit: &str) -> Vec<CheckLine> {
    let line = |c: &Check| CheckLine {
        id: c.id.trim_end_matches("-discarding").to_string(),
        model: format!("{} {unit}", figure(c.model)),
        measured: format!("{} {unit}", figure(c.measured)),
        factor: times(c.factor()),
        parts: c.parts(),
    };
    checks.iter().map(line).collect()
}

/// One request as a sum: access + bytes ÷ rate.
pub fn formula(scene: &DiskScene, source: &Source, lang: Lang) -> String {
    let w = lang.measure();
    let d = scene.disk(source);
    let one = |in_line: bool, word: &str| {
        let (access, all) = (d.access_us(in_line), d.service_us(scene.block, in_line));
        format!("{word}: {} + {} = {}", duration(access), duration(all - access), duration(all)).replace(' ', "\u{a0}")
    };
    format!(
        "{} = {} + {} ÷ {} MB/s · {} · {}",
        w.request,
        w.access,
        size(scene.block),
        figure(d.rate_mb_s),
        one(true, w.in_line),
        one(false, w.scattered)
    )
}

/// What the disk scene shows, in a sentence.
pub fn disk_said(scene: &DiskScene, source: &Source, lang: Lang) -> String {
    let [line, scattered] = scene.lanes(source);
    let ratio = times(scene.disk(source).ratio(scene.block));
    let at = |l: &Lane| duration(if l.done == SLOTS { l.total_us } else { l.elapsed_us() });
    let (a, b) = (&line, &scattered);
    match lang {
        Lang::En if b.done == SLOTS => format!("In line took {}, scattered {}: {ratio} as long.", at(a), at(b)),
        Lang::Ko if b.done == SLOTS => format!("차례대로 {}, 여기저기 {}: {ratio} 걸렸습니다.", at(a), at(b)),
        Lang::En if b.elapsed_us() == 0.0 => format!("Press play. {SLOTS} requests of {} each way.", size(scene.block)),
        Lang::Ko if b.elapsed_us() == 0.0 => format!("재생을 누르세요. {} 요청 {SLOTS}개씩입니다.", size(scene.block)),
        Lang::En => format!("In line: {} of {SLOTS} after {}. Scattered: {} of {SLOTS} after {}.", a.done, at(a), b.done, at(b)),
        Lang::Ko => format!("차례대로: {}에 {SLOTS}개 중 {}개. 여기저기: {}에 {SLOTS}개 중 {}개.", at(a), a.done, at(b), b.done),
    }
}

/// What the page-cache scene shows, in a sentence.
pub fn cache_said(scene: &CacheScene, lang: Lang) -> String {
    let w = scene.window();
    match (scene.happened, lang) {
        (Happened::Killed, Lang::En) => {
            format!("The process is dead; memory is as it was: {} blocks, {} of them dirty. Nothing is lost.", w, scene.dirty())
        }
        (Happened::Killed, Lang::Ko) => {
            format!("프로세스는 죽었지만 메모리는 그대로입니다. {}블록, 그중 더티 {}블록. 잃은 것이 없습니다.", w, scene.dirty())
        }
        (Happened::PowerCut(0), Lang::En) => "Memory is empty, and everybody reads the disk; nothing was dirty, so nothing is lost.".into(),
        (Happened::PowerCut(0), Lang::Ko) => "메모리가 비어 모두 디스크를 읽습니다. 더티 블록이 없어 잃은 것은 없습니다.".into(),
        (Happened::PowerCut(n), Lang::En) => {
            format!("Memory is empty; {n} dirty blocks are gone from this broker. Only copies on other brokers can bring them back.")
        }
        (Happened::PowerCut(n), Lang::Ko) => {
            format!("메모리가 비었고 더티 블록 {n}개가 이 브로커에서 사라졌습니다. 다른 브로커의 복제본만이 되살릴 수 있습니다.")
        }
        (Happened::Flushed(n), Lang::En) => format!("fsync wrote {n} dirty blocks. A power cut now would lose nothing."),
        (Happened::Flushed(n), Lang::Ko) => format!("fsync로 더티 블록 {n}개를 썼습니다. 지금 전원이 끊겨도 잃을 것이 없습니다."),
        (Happened::Time, Lang::En) if scene.catching_up() => {
            format!("The reader far behind fills memory with old blocks: W shrank to {w} s, and whoever lags more reads the disk.")
        }
        (Happened::Time, Lang::Ko) if scene.catching_up() => {
            format!("많이 뒤처진 컨슈머가 옛 블록으로 메모리를 채웁니다. W가 {w}초로 줄어 그보다 뒤처지면 디스크를 읽습니다.")
        }
        (Happened::Time, Lang::En) => format!("W is {w} s: whoever lags less reads memory only. The disk is written, not read."),
        (Happened::Time, Lang::Ko) => format!("W는 {w}초입니다. 그보다 덜 뒤처진 컨슈머는 메모리만 읽습니다. 디스크는 쓰기만 합니다."),
    }
}

/// What the copy scene shows, in a sentence.
pub fn copies_said(ways: &[Way; 2], lang: Lang) -> String {
    let [a, b] = ways.each_ref().map(|w| w.total);
    match lang {
        Lang::En => format!(
            "read + write: {} copies, {} by the CPU. sendfile: {} copies, {} by the CPU.",
            a.copies(),
            a.cpu_copies,
            b.copies(),
            b.cpu_copies
        ),
        Lang::Ko => format!(
            "read + write: 복사 {}번, 그중 CPU {}번. sendfile: 복사 {}번, 그중 CPU {}번.",
            a.copies(),
            a.cpu_copies,
            b.copies(),
            b.cpu_copies
        ),
    }
}

/// What a measurement is of, in a line.
pub fn about(m: &Measurement, lang: Lang) -> String {
    let w = lang.measure();
    let mut parts = vec![m.taken_at.split('T').next().unwrap_or_default().to_string(), m.machine.cpu.clone()];
    if let Some(d) = &m.disk {
        parts.push(d.device.as_ref().map_or(d.filesystem.clone(), |device| format!("{} · {device}", d.filesystem)));
    }
    parts.push(m.machine.system.clone());
    if m.machine.virtual_machine == Some(true) {
        parts.push(w.virtual_machine.into());
    }
    if m.quick {
        parts.push(w.quick.into());
    }
    parts.join(" · ")
}

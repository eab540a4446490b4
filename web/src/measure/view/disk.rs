//! The disk scene, drawn.

use super::parts::{ask, chart, choices, spoken, transport};
use crate::i18n::{self, Lang};
use crate::measure::charts::{self, Scale};
use crate::measure::disk::{BLOCKS, Beside, Device, DiskScene, Lane, Phase, SLOTS};
use crate::measure::figures;
use crate::measure::model::{Act, Measure};
use crate::measure::source::Source;
use crate::measure::units::{duration, size};
use highwater_core::cost::calibrate::{self, Direction};
use highwater_core::cost::disk::Preset;
use yew::prelude::*;

/// Width of the picture, and where the file begins and ends in it.
const WIDTH: f64 = 640.0;
const LEFT: f64 = 102.0;
const SLOT: f64 = (WIDTH - LEFT - 6.0) / SLOTS as f64;
const LANE: f64 = 186.0;
/// Height of the file's strip.
const STRIP: f64 = 42.0;

/// The scene and its chart.
pub fn view(m: &Measure, lang: Lang, still: bool, act: &Callback<Act>) -> Html {
    let w = lang.measure();
    let said = figures::disk_said(&m.disk, &m.source, lang);
    html! {
        <div class="mscene">
            <section class="mcard wide" aria-label={w.disk_title}>
                <h2>{ w.disk_title }</h2>
                <p class="sub">{ w.disk_sub }</p>
                { controls(m, lang, act) }
                { picture(&m.disk, &m.source, lang, still, &said) }
                { transport(m.disk.playing, true, &said, lang, act) }
                <p class="formula">{ figures::formula(&m.disk, &m.source, lang) }</p>
            </section>
            { beside(m, lang) }
        </div>
    }
}

/// Disks to choose from: the lessons', and this file's where a model fits it.
fn devices(m: &Measure, lang: Lang) -> Vec<(Device, String)> {
    let w = lang.measure();
    let yours = [(Direction::Read, w.d_yours_read), (Direction::Write, w.d_yours_write)].into_iter().filter(|(d, _)| {
        let part = m.source.measurement().and_then(|m| m.disk.as_ref());
        part.is_some_and(|p| calibrate::disk(p, *d).is_some())
    });
    let presets = [(Preset::DesignPage, w.d_page), (Preset::Hdd, w.d_hdd), (Preset::SataSsd, w.d_sata), (Preset::Nvme, w.d_nvme)];
    let yours = yours.map(|(d, name)| (Device::Yours(d), name.to_string()));
    yours.chain(presets.into_iter().map(|(p, name)| (Device::Preset(p), name.to_string()))).collect()
}

fn controls(m: &Measure, lang: Lang, act: &Callback<Act>) -> Html {
    let w = lang.measure();
    let devices = devices(m, lang);
    let choose = {
        let (act, devices) = (act.clone(), devices.clone());
        Callback::from(move |e: Event| {
            let select: web_sys::HtmlSelectElement = e.target_unchecked_into();
            if let Some((d, _)) = usize::try_from(select.selected_index()).ok().and_then(|i| devices.get(i)) {
                act.emit(Act::Device(*d));
            }
        })
    };
    let badge = match m.disk.device {
        Device::Yours(_) => w.fitted,
        Device::Preset(p) if p.illustrative() => w.illustrative,
        Device::Preset(_) => w.claimed,
    };
    let source = match m.disk.device {
        Device::Preset(p) => p.source(),
        Device::Yours(_) => w.fitted,
    };
    let option = |(i, (d, name)): (usize, &(Device, String))| {
        html! { <option key={i} value={i.to_string()} selected={*d == m.disk.device}>{ name }</option> }
    };
    html! {
        <div class="mcontrols">
            <label class="mpick"><span>{ w.device }</span>
                <select data-testid="device" onchange={choose}>{ for devices.iter().enumerate().map(option) }</select></label>
            <span class="mbadge" title={source}>{ badge }</span>
            { choices(w.block, &BLOCKS.map(|b| (b, size(b))), m.disk.block, "block", |b| ask(act, Act::Block(b))) }
        </div>
    }
}

/// What the lanes do, in a word.
pub fn lane_names(scene: &DiskScene, lang: Lang) -> [String; 2] {
    let w = lang.measure();
    match scene.beside {
        Beside::Scattered => [w.in_line.to_owned(), w.scattered.to_owned()],
        Beside::Logs(n) => [w.one_log.to_owned(), i18n::many_logs(lang, n)],
        Beside::Readers(_) => [w.only_writes.to_owned(), w.writes_and_reads.to_owned()],
    }
}

/// Both lanes, drawn.
pub fn picture(scene: &DiskScene, source: &Source, lang: Lang, still: bool, said: &str) -> Html {
    let [line, scattered] = scene.lanes(source);
    let longest = scattered.total_us;
    let spins = scene.spins();
    let names = lane_names(scene, lang);
    html! {
        <svg class="picture" viewBox={format!("0 0 {WIDTH} {}", 2.0 * LANE)} role="img" aria-label={said.to_string()} data-testid="disk-picture">
            <defs>
                <pattern id="wait" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <rect class="wait-ground" width="6" height="6" /><rect class="wait-line" width="3" height="6" /></pattern>
            </defs>
            { lane(&line, &names[0], 0.0, longest, spins, still, lang) }
            { lane(&scattered, &names[1], LANE, longest, spins, still, lang) }
        </svg>
    }
}

fn lane(l: &Lane, name: &str, top: f64, longest_us: f64, spins: bool, still: bool, lang: Lang) -> Html {
    let w = lang.measure();
    let head = if still { l.order[l.done.min(SLOTS - 1)] as f64 } else { l.head() };
    let x = |place: f64| LEFT + (place + 0.5) * SLOT;
    let strip = top + 56.0;
    let mut ordinal = [None; SLOTS];
    for (i, place) in l.order.iter().enumerate().take(l.done) {
        ordinal[*place] = Some(i + 1);
    }
    let cell = |(place, done): (usize, &Option<usize>)| {
        let left = LEFT + place as f64 * SLOT;
        let now = matches!(l.phase, Phase::Transfer(_)) && l.order[l.done] == place;
        let class = if done.is_some() {
            "cell done"
        } else if now {
            "cell now"
        } else {
            "cell"
        };
        html! {
            <g key={place}>
                <rect {class} x={(left + 1.0).to_string()} y={strip.to_string()} width={(SLOT - 2.0).to_string()} height={STRIP.to_string()} rx="4" />
                if let Some(n) = done { <text class="ordinal" x={x(place as f64).to_string()} y={(strip + STRIP / 2.0 + 5.0).to_string()}>{ n }</text> }
            </g>
        }
    };
    // The last hops of the head, the newest strongest.
    let first = l.done.saturating_sub(3);
    let hops = (first..l.done).filter(|i| *i > 0 && l.order[*i].abs_diff(l.order[i - 1]) > 1).map(|i| {
        let (a, b) = (x(l.order[i - 1] as f64), x(l.order[i] as f64));
        let class = if i + 1 == l.done { "hop" } else { "hop old" };
        html! { <path key={i} {class} d={format!("M{a} {}Q{} {} {b} {}", strip - 3.0, (a + b) / 2.0, strip - 38.0, strip - 3.0)} /> }
    });
    let width = WIDTH - LEFT - 110.0;
    let length = |us: f64| (us / longest_us * width).max(0.0);
    let (waited, moved) = (length(l.spent_us.0), length(l.spent_us.1));
    let elapsed = if l.done == SLOTS { l.total_us } else { l.elapsed_us() };
    let bar = strip + STRIP + 16.0;
    html! {
        <g>
            <text class="lane" x={LEFT.to_string()} y={(top + 15.0).to_string()}>{ name.to_owned() }</text>
            <text class="tally" x={(WIDTH - 6.0).to_string()} y={(top + 15.0).to_string()}>{ format!("{} / {SLOTS}", l.done) }</text>
            { glyph(head, top, spins, matches!(l.phase, Phase::Transfer(_)) || l.done == SLOTS) }
            { for hops }
            { for ordinal.iter().enumerate().map(cell) }
            <path class="head" d={format!("M{0} {1}l-6 -9h12z", x(head), strip - 1.0)} />
            <rect class="waited" x={LEFT.to_string()} y={bar.to_string()} width={waited.to_string()} height="20" />
            <rect class="moved" x={(LEFT + waited).to_string()} y={bar.to_string()} width={moved.max(if elapsed > 0.0 { 1.0 } else { 0.0 }).to_string()} height="20" />
            <text class="elapsed" x={(LEFT + (waited + moved).max(1.0) + 8.0).to_string()} y={(bar + 15.0).to_string()}>{ duration(elapsed) }</text>
            if top > 0.0 {
                <g class="key">
                    <rect class="waited" x={LEFT.to_string()} y={(bar + 30.0).to_string()} width="14" height="10" />
                    <text x={(LEFT + 20.0).to_string()} y={(bar + 40.0).to_string()}>{ w.access }</text>
                    <rect class="moved" x={(LEFT + 100.0).to_string()} y={(bar + 30.0).to_string()} width="14" height="10" />
                    <text x={(LEFT + 120.0).to_string()} y={(bar + 40.0).to_string()}>{ w.transfer }</text>
                </g>
            }
        </g>
    }
}

/// A platter with its arm, or a chip with its cells.
fn glyph(head: f64, top: f64, spins: bool, busy: bool) -> Html {
    let part = head / (SLOTS - 1) as f64;
    let (cx, cy) = (46.0, top + 78.0);
    if spins {
        let reach = 40.0 - 26.0 * part;
        let rings = [40.0, 30.0, 20.0]
            .map(|r: f64| html! { <circle key={r as u32} class="ring" cx={cx.to_string()} cy={cy.to_string()} r={r.to_string()} /> });
        return html! {
            <g class="platter">
                { for rings }
                <circle class="hub" cx={cx.to_string()} cy={cy.to_string()} r="5" />
                <path class="arm" d={format!("M{} {}L{} {cy}", cx + 40.0, cy + 40.0, cx + reach)} />
                <circle class="tip-of-arm" cx={(cx + reach).to_string()} cy={cy.to_string()} r="4.5" />
            </g>
        };
    }
    let now = (part * 15.0).round() as usize;
    let cell = |i: usize| {
        let (x, y) = (cx - 33.0 + (i % 4) as f64 * 17.0, cy - 33.0 + (i / 4) as f64 * 17.0);
        let class = if i == now && busy { "flash on" } else { "flash" };
        html! { <rect key={i} {class} x={x.to_string()} y={y.to_string()} width="14" height="14" rx="2" /> }
    };
    html! {
        <g class="chip">
            <rect class="ring" x={(cx - 40.0).to_string()} y={(cy - 40.0).to_string()} width="80" height="80" rx="8" />
            { for (0..16).map(cell) }
        </g>
    }
}

/// The chart, and what it does not know.
fn beside(m: &Measure, lang: Lang) -> Html {
    let w = lang.measure();
    let rows = figures::disk_rows(&m.source, lang);
    let height = if rows.len() > 6 { 38 } else { 62 };
    let title = figures::disk_title(&m.source, lang);
    let below = html! {
        <>
            <p class="legend"><i class="full"></i>{ w.linear }<i class="hollow"></i>{ w.random }</p>
            { notes(m, lang) }
            <p class="fine">{ w.jacobs_says }</p>
        </>
    };
    let alternative = spoken(&rows);
    chart(&title, charts::bars(&rows, Scale::Log, height, w.chart_axis), &alternative, below)
}

fn notes(m: &Measure, lang: Lang) -> Html {
    let w = lang.measure();
    let Some(measurement) = m.source.measurement() else { return Html::default() };
    if measurement.disk.is_none() {
        return html! { <p class="fine">{ w.no_disk }</p> };
    }
    let fitted = match m.disk.fit(&m.source) {
        Some(fit) => parted(&figures::checks(&fit.checks, "MB/s"), lang),
        None if matches!(m.disk.device, Device::Yours(_)) => html! { <p class="fine">{ w.no_fit }</p> },
        None => Html::default(),
    };
    html! { <>{ fitted }{ doubts(m, lang) }</> }
}

/// Where model and measurement part.
pub fn parted(checks: &[figures::CheckLine], lang: Lang) -> Html {
    let w = lang.measure();
    let line = |c: &figures::CheckLine| {
        html! {
            <tr key={c.id.clone()} class={classes!(c.parts.then_some("parts"))}>
                <td><code>{ &c.id }</code></td><td>{ &c.model }</td><td>{ &c.measured }</td>
                <td>{ format!("{} {}", c.factor, if c.parts { w.parts } else { w.agrees }) }</td></tr>
        }
    };
    html! {
        <details class="parted" open={true} data-testid="parted"><summary>{ w.parts_title }</summary>
            <table><thead><tr><th></th><th>{ w.model }</th><th>{ w.was_measured }</th><th></th></tr></thead>
                <tbody>{ for checks.iter().map(line) }</tbody></table></details>
    }
}

/// The labels of the measurement: what to doubt.
pub fn doubts(m: &Measure, lang: Lang) -> Html {
    let w = lang.measure();
    let Some(measurement) = m.source.measurement() else { return Html::default() };
    let mut seen = std::collections::BTreeSet::new();
    let labels = measurement.labels.iter().filter(|l| seen.insert(l.name.clone()));
    let one = |l: &highwater_core::cost::measurement::Label| {
        html! { <li key={l.name.clone()} tabindex="0"><code>{ &l.name }</code><span class="tip">{ format!("{} {}", l.meaning, l.evidence) }</span></li> }
    };
    let cut_short =
        measurement.incomplete_because.as_ref().map(|why| html! { <li class="bad">{ format!("{}: {why}", w.incomplete) }</li> });
    html! { <ul class="mlabels" aria-label={w.doubts}>{ cut_short.unwrap_or_default() }{ for labels.map(one) }</ul> }
}

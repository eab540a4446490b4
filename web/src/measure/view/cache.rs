//! The page-cache scene, drawn: every block of the log's end stands twice, in memory above, on the disk below.

use super::parts::{ask, chart, spoken, transport};
use crate::i18n::{Lang, MeasureText};
use crate::measure::cache::{Block, CacheScene, Reader, SHOWN, Who};
use crate::measure::charts::{self, Scale};
use crate::measure::figures::{self, End, Kind, Row};
use crate::measure::model::{Act, Broker, Measure};
use crate::measure::units::duration;
use yew::prelude::*;

const WIDTH: f64 = 640.0;
const LEFT: f64 = 12.0;
const CELL: f64 = (WIDTH - 2.0 * LEFT) / SHOWN as f64;
/// Tops of the rows, and their height.
const MEMORY_Y: f64 = 144.0;
const DISK_Y: f64 = 270.0;
const TALL: f64 = 56.0;

/// The scene and what it means for a real broker.
pub fn view(m: &Measure, lang: Lang, act: &Callback<Act>) -> Html {
    let w = lang.measure();
    let said = figures::cache_said(&m.cache, lang);
    let button = |id: &'static str, label: &'static str, hint: &'static str, fault: bool, what: Act| {
        html! {
            <button type="button" class={classes!("act", fault.then_some("fault"))} title={hint} data-testid={id} onclick={ask(act, what)}>{ label }</button>
        }
    };
    let joins = if m.cache.catching_up() { w.catch_up_leaves } else { w.catch_up_joins };
    html! {
        <div class="mscene">
            <section class="mcard wide" aria-label={w.cache_title}>
                <h2>{ w.cache_title }</h2>
                <p class="sub">{ w.cache_sub }</p>
                <div class="mcontrols buttons">
                    { button("catch-up", joins, "", false, Act::CatchUp) }
                    { button("kill", w.kill, w.kill_hint, true, Act::Kill) }
                    { button("power", w.power, w.power_hint, true, Act::PowerCut) }
                    { button("flush", w.flush, w.flush_hint, false, Act::Flush) }
                </div>
                { picture(&m.cache, lang, &said) }
                { transport(m.cache.playing, false, &said, lang, act) }
                { tallies(&m.cache, lang) }
            </section>
            { broker(m, lang, act) }
        </div>
    }
}

fn name(w: &MeasureText, who: Who) -> &'static str {
    match who {
        Who::Tail => w.tail,
        Who::Near => w.near,
        Who::CatchUp => w.catch_up,
    }
}

fn picture(c: &CacheScene, lang: Lang, said: &str) -> Html {
    let w = lang.measure();
    let first = c.first_shown();
    let x = |n: u64| LEFT + n.saturating_sub(first) as f64 * CELL;
    let end = x(c.len());
    let rect = |class: &'static str, n: u64, y: f64| {
        html! { <rect {class} x={(x(n) + 0.75).to_string()} y={y.to_string()} width={(CELL - 1.5).to_string()} height={TALL.to_string()} rx="2.5" /> }
    };
    let block = |b: &Block| {
        let memory = if b.dirty { "mem dirty" } else { "mem" };
        html! {
            <g key={b.number}>
                if b.memory { { rect(memory, b.number, MEMORY_Y) } } else { { rect("absent", b.number, MEMORY_Y) } }
                { rect(if b.dirty { "absent" } else { "stored" }, b.number, DISK_Y) }
            </g>
        }
    };
    let window = c.window();
    let (from, y) = (x(c.len() - window), MEMORY_Y + TALL + 12.0);
    html! {
        <svg class="picture" viewBox={format!("0 0 {WIDTH} 360")} role="img" aria-label={said.to_string()} data-testid="cache-picture">
            <text class="rowname" x={LEFT.to_string()} y={(MEMORY_Y - 10.0).to_string()}>{ lang.text().cache_memory }</text>
            <text class="rowname" x={LEFT.to_string()} y={(DISK_Y - 10.0).to_string()}>{ w.row_disk }</text>
            { for c.blocks().iter().map(block) }
            { for c.readers.iter().map(|r| reader(r, c, lang)) }
            <g class="producer-arrow">
                <text x={(end + 10.0).min(WIDTH - 2.0).to_string()} y="20">{ w.producer }</text>
                <path d={format!("M{0} 27V{1}m-5 -9l5 9 5 -9", end + 5.0, MEMORY_Y + TALL / 2.0)} />
            </g>
            if window > 0 {
                <g class="bracket">
                    <path d={format!("M{from} {y}v8H{end}v-8")} />
                    <text x={((from + end) / 2.0).to_string()} y={(y + 26.0).to_string()}>{ format!("W = {window} s") }</text>
                </g>
            }
            <g class="key">
                <rect class="mem dirty" x={LEFT.to_string()} y={(DISK_Y + TALL + 11.0).to_string()} width="12" height="10" rx="2" />
                <text x={(LEFT + 18.0).to_string()} y={(DISK_Y + TALL + 20.0).to_string()}>{ lang.text().cache_dirty }</text>
            </g>
        </svg>
    }
}

/// A reader's flag: its pole ends in memory, or goes on to the disk.
fn reader(r: &Reader, c: &CacheScene, lang: Lang) -> Html {
    let (t, w) = (lang.text(), lang.measure());
    let Some(at) = r.at.filter(|n| *n >= c.first_shown() && *n < c.len()) else { return Html::default() };
    let x = LEFT + (at - c.first_shown()) as f64 * CELL + CELL / 2.0;
    let (y, left) = match r.who {
        Who::Tail => (56.0, true),
        Who::Near => (88.0, true),
        Who::CatchUp => (120.0, x > 500.0),
    };
    let to = if r.missed { DISK_Y + 14.0 } else { MEMORY_Y + 14.0 };
    let class = if r.missed { "reader missed" } else { "reader" };
    let word = if r.missed { t.cache_misses } else { t.cache_hits };
    let (anchor, dx) = if left { ("end", -8.0) } else { ("start", 8.0) };
    html! {
        <g {class} data-who={format!("{:?}", r.who)}>
            <path d={format!("M{x} {}V{to}", y - 10.0)} />
            <circle cx={x.to_string()} cy={to.to_string()} r="5" />
            <text x={(x + dx).to_string()} y={y.to_string()} text-anchor={anchor}>{ format!("{} · {word}", name(w, r.who)) }</text>
        </g>
    }
}

fn tallies(c: &CacheScene, lang: Lang) -> Html {
    let (t, w) = (lang.text(), lang.measure());
    let item = |id: &'static str, label: String, value: String, bad: bool| {
        html! { <div class={classes!("tallied", bad.then_some("bad"))}><dt>{ label }</dt><dd data-testid={id}>{ value }</dd></div> }
    };
    let (written, read) = c.disk;
    let hits: u64 = c.readers.iter().map(|r| r.hits).sum();
    html! {
        <dl class="tallies">
            { item("t-hits", t.cache_hits.into(), hits.to_string(), false) }
            { item("t-misses", t.cache_misses.into(), read.to_string(), read > 0) }
            { item("t-written", t.cache_written.into(), written.to_string(), false) }
            { item("t-evicted", t.cache_evicted.into(), c.evicted.to_string(), false) }
            { item("t-window", w.window.into(), format!("{} s", c.window()), false) }
        </dl>
    }
}

/// W with the figures of a real broker, to be changed.
fn broker(m: &Measure, lang: Lang, act: &Callback<Act>) -> Html {
    let w = lang.measure();
    let b = m.broker;
    let [alone, with] = b.windows();
    let row = |name: &str, s: f64| Row {
        name: name.into(),
        note: String::new(),
        value: s / 60.0,
        other: None,
        end: End::Text(duration(s * 1e6)),
        kind: Kind::Model,
    };
    let rows = [row(w.w_alone, alone), row(w.w_with, with)];
    let title = match lang {
        Lang::En => format!("A reader far behind shrinks W from {} to {}", duration(alone * 1e6), duration(with * 1e6)),
        Lang::Ko => format!("많이 뒤처진 컨슈머가 W를 {}에서 {}로 줄인다", duration(alone * 1e6), duration(with * 1e6)),
    };
    let field = |id: &'static str, label: &'static str, value: f64, max: f64, set: fn(Broker, f64) -> Broker| {
        let act = act.clone();
        let change = Callback::from(move |e: InputEvent| {
            let input: web_sys::HtmlInputElement = e.target_unchecked_into();
            let x = input.value_as_number();
            if x.is_finite() && x > 0.0 && x <= max {
                act.emit(Act::Broker(set(b, x)));
            }
        });
        html! {
            <label class="mnumber"><span>{ label }</span>
                <input type="number" min="1" max={max.to_string()} step="1" value={value.to_string()} data-testid={id} oninput={change} /></label>
        }
    };
    let below = html! {
        <>
            <p class="sub">{ w.w_sub }</p>
            { field("w-cache", w.w_cache, b.cache_gib, 65536.0, |b, x| Broker { cache_gib: x, ..b }) }
            { field("w-in", w.w_in, b.in_mb_s, 100_000.0, |b, x| Broker { in_mb_s: x, ..b }) }
            { field("w-catch-up", w.w_catch_up, b.catch_up_mb_s, 100_000.0, |b, x| Broker { catch_up_mb_s: x, ..b }) }
            <p>{ w.w_rule }</p>
            <p class="fine">{ if m.source.measurement().is_some() { w.w_yours } else { w.w_example } }</p>
        </>
    };
    chart(&title, charts::bars(&rows, Scale::Linear, 56, w.w_axis), &spoken(&rows), below)
}

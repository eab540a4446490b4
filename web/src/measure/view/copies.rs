//! The copy scene, drawn: user space above, the kernel below it, devices at the bottom; the block travels between them.

use super::disk::{doubts, parted};
use super::parts::{ask, chart, choices, spoken, transport};
use crate::i18n::{Lang, MeasureText};
use crate::measure::charts::{self, Scale};
use crate::measure::copies::{CopyScene, Hop, Way};
use crate::measure::figures;
use crate::measure::model::{Act, Measure};
use highwater_core::cost::calibrate;
use highwater_core::cost::copy::{Conditions, Method, Mover, Place, Step};
use yew::prelude::*;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 222.0;
/// Lines between user space, kernel and devices.
const USER: f64 = 74.0;
const KERNEL: f64 = 148.0;
/// A box.
const BOX: (f64, f64) = (122.0, 46.0);

/// The scene and its chart.
pub fn view(m: &Measure, lang: Lang, still: bool, act: &Callback<Act>) -> Html {
    let w = lang.measure();
    let scene = &m.copies;
    let ways = scene.ways();
    let said = figures::copies_said(&ways, lang);
    html! {
        <div class="mscene">
            <section class="mcard wide" aria-label={w.copies_title}>
                <h2>{ w.copies_title }</h2>
                <p class="sub">{ w.copies_sub }</p>
                { controls(scene, w, act) }
                { for ways.iter().map(|way| diagram(way, scene.conditions, still, lang)) }
                { transport(scene.playing, true, &said, lang, act) }
            </section>
            { beside(m, lang) }
        </div>
    }
}

fn controls(s: &CopyScene, w: &MeasureText, act: &Callback<Act>) -> Html {
    let c = s.conditions;
    let set = |c: Conditions| ask(act, Act::Conditions(c, s.groups));
    let cached = [(false, w.cold.to_string()), (true, w.cached.to_string())];
    let tls = [(false, w.off.to_string()), (true, w.on.to_string())];
    let groups: Vec<(u32, String)> = [1, 3, 5].map(|n| (n, n.to_string())).to_vec();
    html! {
        <div class="mcontrols">
            { choices(w.block_is, &cached, c.cached, "cached", |cached| set(Conditions { cached, ..c })) }
            { choices(w.tls, &tls, c.tls, "tls", |tls| set(Conditions { tls, ..c })) }
            { choices(w.groups, &groups, s.groups, "groups", |n| ask(act, Act::Conditions(c, n))) }
        </div>
    }
}

/// Centre of a place's box.
fn centre(p: Place) -> (f64, f64) {
    match p {
        Place::Disk => (68.0, 188.0),
        Place::PageCache => (178.0, 111.0),
        Place::UserBuffer => (278.0, 36.0),
        Place::Ciphertext => (440.0, 36.0),
        Place::SocketBuffer => (450.0, 111.0),
        Place::Nic => (566.0, 188.0),
    }
}

fn name(w: &MeasureText, p: Place) -> &'static str {
    match p {
        Place::Disk => w.p_disk,
        Place::PageCache => w.p_cache,
        Place::UserBuffer => w.p_user,
        Place::Ciphertext => w.p_cipher,
        Place::SocketBuffer => w.p_socket,
        Place::Nic => w.p_nic,
    }
}

/// Where the way between two boxes begins and ends: at their edges.
fn ends(from: Place, to: Place) -> ((f64, f64), (f64, f64)) {
    let ((ax, ay), (bx, by)) = (centre(from), centre(to));
    let (w, h) = (BOX.0 / 2.0, BOX.1 / 2.0);
    let edge = |x: f64, y: f64, dx: f64, dy: f64| {
        // The nearer of the box's sides in this direction.
        let tx = if dx == 0.0 { f64::INFINITY } else { (w + 3.0) / dx.abs() };
        let ty = if dy == 0.0 { f64::INFINITY } else { (h + 3.0) / dy.abs() };
        let t = tx.min(ty);
        (x + dx * t, y + dy * t)
    };
    (edge(ax, ay, bx - ax, by - ay), edge(bx, by, ax - bx, ay - by))
}

/// One way, drawn, with its counters.
pub fn diagram(way: &Way, c: Conditions, still: bool, lang: Lang) -> Html {
    let w = lang.measure();
    let id = match way.method {
        Method::Sendfile => "sendfile",
        _ => "read-write",
    };
    let title = if way.method == Method::Sendfile { w.m_sendfile } else { w.m_rw };
    let hops: Vec<Step> = unique(&way.steps);
    let places = [Place::Disk, Place::PageCache, Place::UserBuffer, Place::SocketBuffer, Place::Nic];
    let places = places.into_iter().chain(c.tls.then_some(Place::Ciphertext));
    let touched =
        |p: Place| hops.iter().any(|s| matches!(*s, Step::Copy { from, to, .. } | Step::Point { from, to } if from == p || to == p));
    html! {
        <div class="way" data-testid={id}>
            <div class="way-head"><h3>{ title }</h3>
                if way.used != way.method { <p class="fine">{ w.not_used }</p> }</div>
            <div class="way-body">
                <svg class="picture" viewBox={format!("0 0 {WIDTH} {HEIGHT}")} role="img" aria-label={spoken_way(way, w)}>
                    <rect class="zone user" width={WIDTH.to_string()} height={USER.to_string()} rx="8" />
                    <rect class={classes!("zone", "kernel", way.in_kernel().then_some("on"))} y={(USER + 2.0).to_string()} width={WIDTH.to_string()} height={(KERNEL - USER - 4.0).to_string()} rx="8" />
                    <rect class="zone device" y={KERNEL.to_string()} width={WIDTH.to_string()} height={(HEIGHT - KERNEL).to_string()} rx="8" />
                    <text class="zonename" x="10" y="16">{ w.zone_user }</text>
                    <text class="zonename" x="10" y={(USER + 18.0).to_string()}>{ w.zone_kernel }</text>
                    <text class="zonename" x={(WIDTH / 2.0).to_string()} y={(HEIGHT - 8.0).to_string()} text-anchor="middle">{ w.zone_device }</text>
                    { for hops.iter().enumerate().map(|(i, s)| html! { <g key={i}>{ hop(way, *s, still, w) }</g> }) }
                    { for places.map(|p| place(way, p, touched(p), w)) }
                </svg>
                { counters(way, lang) }
            </div>
        </div>
    }
}

/// Each kind of step once, in the order of the first block.
fn unique(steps: &[Step]) -> Vec<Step> {
    let mut seen: Vec<Step> = Vec::new();
    for s in steps {
        if !seen.contains(s) {
            seen.push(*s);
        }
    }
    seen
}

fn place(way: &Way, p: Place, touched: bool, w: &MeasureText) -> Html {
    let (x, y) = centre(p);
    let holds = way.holds(p);
    let class = classes!("place", (!touched).then_some("idle"), holds.then_some("holds"));
    html! {
        <g key={format!("{p:?}")} {class}>
            <rect x={(x - BOX.0 / 2.0).to_string()} y={(y - BOX.1 / 2.0).to_string()} width={BOX.0.to_string()} height={BOX.1.to_string()} rx="9" />
            <text x={x.to_string()} y={(y + if holds { -2.0 } else { 5.0 }).to_string()}>{ name(w, p) }</text>
            if holds { <rect class="block" x={(x - 7.0).to_string()} y={(y + 4.0).to_string()} width="14" height="11" rx="2" /> }
        </g>
    }
}

/// A hop between two boxes, with the block on it while it travels; or a call across the line to the kernel.
fn hop(way: &Way, s: Step, still: bool, w: &MeasureText) -> Html {
    let state = way.hop(|x| x == s);
    let when = match state {
        Some(Hop::Now(_)) => "now",
        Some(Hop::Done) => "done",
        _ => "to-come",
    };
    let (from, to, class, label) = match s {
        Step::Copy { from, to, by: Mover::Cpu } => (from, to, "by-cpu", "CPU"),
        Step::Copy { from, to, by: Mover::Dma } => (from, to, "by-dma", "DMA"),
        Step::Point { from, to } => (from, to, "point", w.address_only),
        Step::Encrypt => (Place::UserBuffer, Place::Ciphertext, "by-cpu", "AES"),
        Step::Call(call) => return crossing(way, call),
        Step::Return(_) => return Html::default(),
    };
    let ((ax, ay), (bx, by)) = ends(from, to);
    let part = match state {
        Some(Hop::Now(part)) => Some(if still { 1.0 } else { part }),
        _ => None,
    };
    let moves = matches!(s, Step::Copy { .. } | Step::Encrypt);
    // The head of the arrow, along the line.
    let long = ((bx - ax) * (bx - ax) + (by - ay) * (by - ay)).sqrt().max(1.0);
    let (ux, uy) = ((bx - ax) / long, (by - ay) / long);
    let tip = format!(
        "M{bx} {by}L{} {}L{} {}z",
        bx - 10.0 * ux - 5.0 * uy,
        by - 10.0 * uy + 5.0 * ux,
        bx - 10.0 * ux + 5.0 * uy,
        by - 10.0 * uy - 5.0 * ux
    );
    let (mx, my) = ((ax + bx) / 2.0, (ay + by) / 2.0);
    // The word stands right of its arrow: below it where it climbs, above it where it falls.
    let (dx, dy, anchor) = match uy {
        u if u.abs() < 0.01 => (0.0, -7.0, "middle"),
        u if u < 0.0 => (9.0, 13.0, "start"),
        _ => (9.0, -3.0, "start"),
    };
    html! {
        <g class={classes!("way-hop", class, when)}>
            <path class="line" d={format!("M{ax} {ay}L{} {}", bx - 8.0 * ux, by - 8.0 * uy)} />
            <path class="tip-of-line" d={tip} />
            <text class="mover" x={(mx + dx).to_string()} y={(my + dy).to_string()} text-anchor={anchor}>{ label }</text>
            if let (Some(part), true) = (part, moves) {
                <rect class="block" x={(ax + (bx - ax) * part - 8.0).to_string()} y={(ay + (by - ay) * part - 6.5).to_string()} width="16" height="13" rx="2.5" />
            }
        </g>
    }
}

/// A system call: down into the kernel, and up again.
fn crossing(way: &Way, call: &'static str) -> Html {
    let x = match call {
        "write" => 590.0,
        "sendfile" => 440.0,
        _ => 96.0,
    };
    let (down, up) = (way.hop(|s| s == Step::Call(call)), way.hop(|s| s == Step::Return(call)));
    let class = |h: Option<Hop>| match h {
        Some(Hop::Now(_)) => "cross now",
        Some(Hop::Done) => "cross done",
        _ => "cross to-come",
    };
    html! {
        <g class="call">
            <path class={class(down)} d={format!("M{} {}v26m-5 -7l5 7 5 -7", x - 8.0, USER - 13.0)} />
            <path class={class(up)} d={format!("M{} {}v-26m-5 7l5 -7 5 7", x + 8.0, USER + 13.0)} />
            <text x={(x - 18.0).to_string()} y={(USER - 9.0).to_string()} text-anchor="end">{ format!("{call}()") }</text>
        </g>
    }
}

fn counters(way: &Way, lang: Lang) -> Html {
    let (c, t, w, text) = (way.counts, way.total, lang.measure(), lang.text());
    let item = |label: &'static str, id: &'static str, now: u32, total: u32, class: &'static str| {
        html! { <div {class}><dt>{ label }</dt><dd data-testid={id}>{ now }<small>{ format!(" / {total}") }</small></dd></div> }
    };
    html! {
        <dl class="counters">
            { item(text.cpu_copies, "c-cpu", c.cpu_copies, t.cpu_copies, if t.cpu_copies == 0 { "by-none" } else { "by-cpu" }) }
            { item(text.dma_copies, "c-dma", c.dma_copies, t.dma_copies, "by-dma") }
            { item(w.c_calls, "c-calls", c.calls, t.calls, "") }
            { item(w.c_switches, "c-switches", c.mode_switches, t.mode_switches, "") }
            if t.encryptions > 0 { { item(w.c_encrypt, "c-encrypt", c.encryptions, t.encryptions, "by-cpu") } }
        </dl>
    }
}

/// The way in words, hop by hop.
fn spoken_way(way: &Way, w: &MeasureText) -> String {
    let step = |s: &Step| match *s {
        Step::Call(call) => Some(format!("{call}()")),
        Step::Return(_) => None,
        Step::Copy { from, to, by } => {
            let by = if by == Mover::Cpu { "CPU" } else { "DMA" };
            Some(format!("{} → {} ({by})", name(w, from), name(w, to)))
        }
        Step::Point { from, to } => Some(format!("{} → {} ({})", name(w, from), name(w, to), w.address_only)),
        Step::Encrypt => Some(w.c_encrypt.to_string()),
    };
    let steps: Vec<String> = unique(&way.steps).iter().filter_map(step).collect();
    steps.join(", ")
}

fn beside(m: &Measure, lang: Lang) -> Html {
    let w = lang.measure();
    let rows = figures::copy_rows(&m.source);
    let measured = m.source.measurement().is_some_and(|m| m.copy.is_some());
    let fit = m.source.measurement().and_then(|m| m.copy.as_ref()).and_then(calibrate::copy);
    let below = html! {
        <>
            if !measured { <p class="legend"><i class="full"></i>{ "transferTo" }<i class="hollow"></i>{ "read + write" }</p> }
            if let Some(fit) = fit { { parted(&figures::checks(&fit.checks, "s/GiB"), lang) } }
            if measured { <p class="fine">{ w.cpu_per_gib }</p> }
            if measured { { doubts(m, lang) } }
            if m.source.measurement().is_some() && !measured { <p class="fine">{ w.no_copy }</p> }
            <p class="fine">{ if measured { w.loopback } else { w.ibm_note } }</p>
        </>
    };
    let (height, axis) = if measured { (38, w.copy_axis) } else { (44, w.ibm_axis) };
    chart(&figures::copy_title(&m.source, lang), charts::bars(&rows, Scale::Linear, height, axis), &spoken(&rows), below)
}

//! Messages on their way, and what is written beside them.

use super::Manner;
use super::ink::Ink;
use super::stamps::{CROWD, Stamps};
use crate::scene::geometry::{Point, Rect, pt};
use crate::scene::layout::Layout;
use crate::scene::mark::Mark;
use crate::scene::traffic::{Cargo, Weight};
use crate::scene::{Scene, Tape, Token};
use crate::session::select::Selection;

/// Points to the right.
pub const CHEVRON: [Point; 4] = [pt(1.0, 0.0), pt(-0.8, 0.95), pt(-0.35, 0.0), pt(-0.8, -0.95)];
const DIAMOND: [Point; 4] = [pt(0.0, -1.0), pt(1.0, 0.0), pt(0.0, 1.0), pt(-1.0, 0.0)];
const FLAG: [Point; 3] = [pt(-0.6, -1.0), pt(1.0, -0.45), pt(-0.6, 0.1)];

/// No more labels than this: a crowd is not read word by word.
const LABELS: usize = 7;
/// Nor more than this of the same words.
const SAME: usize = 2;

/// Paints all messages, quiet ones first.
pub fn paint(ink: &mut Ink, stamps: &mut Stamps, scene: &Scene, l: &Layout, selection: Selection, manner: Manner) {
    let crowd = scene.tokens.len() > CROWD;
    for t in &scene.tokens {
        if crowd {
            stamps.paint(ink, t);
        } else {
            paint_token(ink, t);
        }
        if manner.still && t.look.weight >= Weight::Normal {
            paint_arrow(ink, t);
        }
        if selection == Selection::Message(t.msg) {
            ink.stroke(&ink.palette.focus, 2.4);
            ink.circle(t.at, 16.0 * ink.unit);
            ink.stroke_path();
        }
    }
    if manner.legible {
        paint_labels(ink, scene, l);
    }
}

/// Paints a message.
pub(super) fn paint_token(ink: &mut Ink, t: &Token) {
    let u = ink.unit;
    let quiet = t.look.weight <= Weight::Quiet;
    let faint = t.look.weight == Weight::Faint;
    ink.alpha(if faint {
        0.5
    } else if quiet {
        0.75
    } else {
        1.0
    });
    match &t.look.cargo {
        Cargo::Records { marks, more } => records(ink, t.at, marks, *more, quiet),
        Cargo::Ack { marks } => acks(ink, t.at, marks),
        Cargo::Refusal => refusal(ink, t.at),
        Cargo::Ask => {
            let r = if quiet { 4.0 } else { 7.5 } * u;
            ink.fill(if quiet { &ink.palette.follow } else { &ink.palette.leader });
            ink.pointing(t.at, &CHEVRON, r, t.heading);
            ink.fill_path();
        }
        Cargo::Flag => {
            let r = if quiet { 4.5 } else { 8.0 } * u;
            ink.stroke(&ink.palette.accent, 1.6);
            ink.line(pt(t.at.x - 0.6 * r, t.at.y - r), pt(t.at.x - 0.6 * r, t.at.y + r));
            ink.fill(&ink.palette.accent);
            ink.polygon(t.at, &FLAG, r);
            ink.fill_path();
        }
        Cargo::Slip => {
            let r = if quiet { 3.6 } else { 6.5 } * u;
            ink.fill(&ink.palette.card);
            ink.stroke(if quiet { &ink.palette.follow } else { &ink.palette.ink }, if quiet { 1.3 } else { 1.8 });
            ink.polygon(t.at, &DIAMOND, r);
            ink.fill_path();
            ink.stroke_path();
        }
        Cargo::Broken => {
            ink.stroke(&ink.palette.bad, 1.8);
            ink.cross(t.at, 3.6 * u);
        }
        Cargo::Pulse => pulse(ink, t),
    }
    ink.alpha(1.0);
}

/// Where a message that is held still goes.
fn paint_arrow(ink: &mut Ink, t: &Token) {
    let u = ink.unit;
    let d = (half_width(t) + 9.0) * u;
    let tip = pt(t.at.x + t.heading.x * d, t.at.y + t.heading.y * d);
    ink.fill(&ink.palette.ink);
    ink.pointing(tip, &CHEVRON, 5.5 * u, t.heading);
    ink.fill_path();
}

/// Records side by side on a plate.
fn records(ink: &mut Ink, at: Point, marks: &[Mark], more: u32, small: bool) {
    let u = ink.unit;
    let r = if small { 7.0 } else { 9.5 } * u;
    let step = 2.0 * r + 3.0 * u;
    let extra = if more > 0 { 20.0 * u } else { 0.0 };
    let width = step * marks.len() as f64 - 3.0 * u + extra;
    let x0 = at.x - width / 2.0 + r;
    let plate = Rect { x: at.x - width / 2.0 - 3.0 * u, y: at.y - r - 3.0 * u, w: width + 6.0 * u, h: 2.0 * r + 6.0 * u };
    ink.fill(&ink.palette.bg);
    ink.rounded(plate, r + 3.0 * u);
    ink.fill_path();
    if marks.len() > 1 || more > 0 {
        ink.stroke(&ink.palette.line, 1.2);
        ink.stroke_path();
    }
    for (i, m) in marks.iter().enumerate() {
        ink.mark(m, pt(x0 + i as f64 * step, at.y), r);
    }
    if more > 0 {
        ink.fill(&ink.palette.soft);
        ink.font(600, 10.5);
        ink.text(&format!("+{more}"), pt(at.x + width / 2.0 - extra / 2.0, at.y), "center");
    }
}

/// Hollow tokens with a check.
fn acks(ink: &mut Ink, at: Point, marks: &[Mark]) {
    let u = ink.unit;
    let r = 8.0 * u;
    let marks = if marks.is_empty() { &[Mark::KEYLESS] } else { marks };
    let step = 2.0 * r + 3.0 * u;
    let x0 = at.x - step * (marks.len() - 1) as f64 / 2.0;
    for (i, m) in marks.iter().enumerate() {
        ink.hollow_mark(m, pt(x0 + i as f64 * step, at.y), r);
    }
    let tick = pt(x0 + step * (marks.len() - 1) as f64 + r, at.y - r);
    ink.fill(&ink.palette.tide);
    ink.circle(tick, 5.2 * u);
    ink.fill_path();
    ink.stroke(&ink.palette.bg, 1.6);
    ink.check(tick, 2.4 * u);
}

fn refusal(ink: &mut Ink, at: Point) {
    let u = ink.unit;
    ink.fill(&ink.palette.card);
    ink.stroke(&ink.palette.bad, 2.0);
    ink.polygon(at, &[pt(0.0, -1.15), pt(1.15, 0.85), pt(-1.15, 0.85)], 9.0 * u);
    ink.fill_path();
    ink.stroke_path();
    ink.fill(&ink.palette.bad);
    ink.font(700, 11.0);
    ink.text("!", pt(at.x, at.y + 2.0 * u), "center");
}

fn pulse(ink: &mut Ink, t: &Token) {
    let u = ink.unit;
    if t.look.weight >= Weight::Normal {
        ink.fill(&ink.palette.bg);
        ink.stroke(&ink.palette.tide, 2.2);
        ink.circle(t.at, 5.5 * u);
        ink.fill_path();
        ink.stroke_path();
        ink.fill(&ink.palette.tide);
        ink.circle(t.at, 2.2 * u);
    } else {
        ink.fill(&ink.palette.follow);
        let r = if t.look.weight == Weight::Faint { 1.8 } else { 2.6 };
        ink.circle(t.at, r * u);
    }
    ink.fill_path();
}

/// Labels beside the tokens that deserve one, where there is room.
fn paint_labels(ink: &mut Ink, scene: &Scene, l: &Layout) {
    let mut avoid = text_of_cards(l);
    avoid.extend(scene.tapes.iter().filter_map(|t| records_of(scene, l, t)));
    let u = ink.unit;
    let loud: Vec<&Token> =
        scene.tokens.iter().rev().filter(|t| t.look.weight >= Weight::Normal && !t.look.label.is_empty()).take(LABELS).collect();
    let mut taken: Vec<Rect> = scene.tokens.iter().filter(|t| t.look.weight >= Weight::Normal).map(|t| around(t, u)).collect();
    ink.font(500, 11.0);
    let mut written: Vec<&str> = Vec::new();
    for t in loud {
        if written.iter().filter(|w| **w == t.look.label).count() >= SAME {
            continue;
        }
        let w = ink.width(&t.look.label) + 10.0 * u;
        let h = 17.0 * u;
        let Some(r) = places(t.at, w, h, 13.0 * u, half_width(t) * u + 3.0 * u)
            .into_iter()
            .find(|r| inside(r, ink.size) && !taken.iter().chain(&avoid).any(|o| o.overlaps(r)))
        else {
            continue;
        };
        taken.push(r);
        written.push(&t.look.label);
        ink.alpha(0.92);
        ink.fill(&ink.palette.bg);
        ink.rounded(r, 5.0 * u);
        ink.fill_path();
        ink.alpha(1.0);
        let trouble = matches!(t.look.cargo, Cargo::Refusal);
        ink.fill(if trouble { &ink.palette.bad } else { &ink.palette.ink });
        ink.text(&t.look.label, pt(r.mid_x(), r.mid_y() + 0.5), "center");
    }
}

/// Half the width of a message as it is drawn, in units.
pub(super) fn half_width(t: &Token) -> f64 {
    let (marks, more) = match &t.look.cargo {
        Cargo::Records { marks, more } => (marks.len(), *more),
        Cargo::Ack { marks } => (marks.len(), 0),
        _ => (1, 0),
    };
    11.0 * marks.max(1) as f64 + if more > 0 { 10.0 } else { 0.0 }
}

/// The room that a message takes.
fn around(t: &Token, u: f64) -> Rect {
    let (w, h) = (half_width(t) * u, 10.0 * u);
    Rect { x: t.at.x - w, y: t.at.y - h, w: 2.0 * w, h: 2.0 * h }
}

fn inside(r: &Rect, size: (f64, f64)) -> bool {
    r.x >= 2.0 && r.y >= 2.0 && r.right() <= size.0 - 2.0 && r.bottom() <= size.1 - 2.0
}

/// Where the cards have words: no label may cover them.
fn text_of_cards(l: &Layout) -> Vec<Rect> {
    let mut all = vec![l.controller];
    all.extend(&l.heads);
    all.extend(l.brokers.iter().map(|b| Rect { h: l.rows.head, ..*b }));
    all.extend(&l.producers);
    all.extend(l.groups.iter().map(|g| g.rect));
    all
}

/// Where a tape has records and its LEO: no label may cover them either.
fn records_of(scene: &Scene, l: &Layout, t: &Tape) -> Option<Rect> {
    let (w, card) = (scene.windows.get(t.column)?.1, l.brokers.get(t.broker.ix())?);
    let right = w.boundary(t.leo.0) + 50.0 * l.unit;
    Some(Rect { x: card.x, y: card.y + l.rows.head, w: right - card.x, h: card.h - l.rows.head })
}

/// Above first, then to the right, below, and the corners: `up` away from the middle, or `side` ways.
fn places(c: Point, w: f64, h: f64, up: f64, side: f64) -> [Rect; 8] {
    let r = |x: f64, y: f64| Rect { x, y, w, h };
    [
        r(c.x - w / 2.0, c.y - up - h),
        r(c.x + side, c.y - h / 2.0),
        r(c.x - w / 2.0, c.y + up),
        r(c.x + side, c.y - up - h),
        r(c.x + side, c.y + up),
        r(c.x - side - w, c.y - h / 2.0),
        r(c.x - side - w, c.y - up - h),
        r(c.x - side - w, c.y + up),
    ]
}

//! A replica's log as a tape of numbered cells, with its edge, its epochs and the groups' pennants.

use super::ink::Ink;
use crate::scene::geometry::{Point, Rect, pt};
use crate::scene::layout::Layout;
use crate::scene::tape::Window;
use crate::scene::{Cell, Fate, Scene, Standing, Tape};
use crate::session::select::Selection;
use highwater_core::ids::Offset;
use highwater_core::kafka::share::state::RecordState;

/// Space between cells, in units.
const GAP: f64 = 4.0;

/// The cell of an offset.
pub fn cell_rect(l: &Layout, w: &Window, broker: usize, offset: Offset) -> Option<Rect> {
    let card = l.brokers.get(broker)?;
    Some(Rect { x: w.x_of(offset.0), y: card.y + l.rows.cells, w: w.cell - (GAP * l.unit).min(w.cell * 0.16), h: l.rows.cell_h })
}

/// Paints a tape.
pub fn paint(ink: &mut Ink, scene: &Scene, l: &Layout, tape: &Tape, selection: Selection) {
    let Some((_, w)) = scene.windows.get(tape.column) else {
        return;
    };
    let Some(card) = l.brokers.get(tape.broker.ix()) else {
        return;
    };
    let top = card.y + l.rows.cells;
    let fade = if tape.down { 0.42 } else { 1.0 };
    ink.alpha(fade);
    paint_ground(ink, l, w, tape, top);
    for c in &tape.cells {
        if let Some(r) = cell_rect(l, w, tape.broker.ix(), c.offset) {
            paint_cell(ink, l, tape, r);
            let size = (r.w * 0.36).min(l.rows.cell_h * 0.27).min(10.5 * l.unit);
            let numbered = l.rows.roomy && r.w >= 24.0 * l.unit;
            let lift = if numbered { 0.10 * r.h } else { 0.0 };
            let done = matches!(c.share, Some((RecordState::Acknowledged | RecordState::Archived, _)));
            let shade = if done { 0.45 * fade } else { fade };
            ink.alpha(shade);
            paint_record(ink, c, r, pt(r.mid_x(), r.mid_y() - lift), size, shade);
            ink.alpha(fade);
            if numbered {
                ink.fill(&ink.palette.soft);
                ink.font(500, 10.5);
                ink.text(&c.offset.to_string(), pt(r.mid_x(), r.bottom() - 8.5 * l.unit), "center");
            }
            if let Some((state, count)) = c.share {
                paint_share(ink, state, count, r);
            }
        }
    }
    ink.alpha(1.0);
    paint_stamps(ink, l, w, tape, top);
    paint_edge(ink, l, w, tape, top);
    paint_pennants(ink, l, w, tape, top + l.rows.cell_h);
    paint_selected(ink, l, w, tape, selection);
}

/// The empty tape, and "there is more at the left".
fn paint_ground(ink: &mut Ink, l: &Layout, w: &Window, tape: &Tape, top: f64) {
    let u = l.unit;
    let y = top + l.rows.cell_h / 2.0;
    if w.cut_off && tape.leo.0 > w.first {
        ink.fill(&ink.palette.soft);
        for i in 0..3 {
            ink.circle(pt(w.x - (16.0 - 5.0 * f64::from(i)) * u, y), 1.5 * u);
            ink.fill_path();
        }
    }
    ink.stroke(&ink.palette.line, 1.5);
    ink.dash(&[1.0, 5.0]);
    let column = l.columns[tape.column];
    let from = w.boundary(tape.leo.0).max(w.x) + 52.0 * u;
    let to = column.x + column.w;
    if from < to {
        ink.line(pt(from, y), pt(to, y));
    }
    ink.dash(&[]);
}

fn paint_cell(ink: &mut Ink, l: &Layout, tape: &Tape, r: Rect) {
    let (fill, edge) = match tape.standing {
        Standing::Leader => (&ink.palette.leader_fill, &ink.palette.leader),
        _ => (&ink.palette.follow_fill, &ink.palette.follow),
    };
    ink.fill(fill);
    ink.stroke(edge, 1.3);
    let out = tape.standing == Standing::OutOfSync;
    if out {
        ink.dash(&[4.0, 3.5]);
    }
    ink.rounded(r, 6.0 * l.unit);
    ink.fill_path();
    ink.stroke_path();
    if out {
        ink.dash(&[]);
    }
    if tape.down {
        hatch(ink, r, &ink.palette.follow, 1.0, 7.0, -1.0);
    }
}

/// Strokes across a cell: its broker is down (rising), or its transaction is open (falling, broad).
fn hatch(ink: &Ink, r: Rect, colour: &str, width: f64, every: f64, lean: f64) {
    let u = ink.unit;
    ink.cx.save();
    ink.rounded(r, 6.0 * u);
    ink.cx.clip();
    ink.stroke(colour, width);
    let mut x = r.x - r.h;
    while x < r.right() {
        let (top, bottom) = if lean < 0.0 { (x + r.h, x) } else { (x, x + r.h) };
        ink.line(pt(bottom, r.bottom()), pt(top, r.y));
        x += every * u;
    }
    ink.cx.restore();
}

/// A record, with what became of its transaction; or a control marker, which is a diamond.
fn paint_record(ink: &mut Ink, c: &Cell, r: Rect, at: Point, size: f64, fade: f64) {
    match c.fate {
        Fate::Settled => ink.mark(&c.mark, at, size),
        Fate::Open => {
            ink.alpha(0.4 * fade);
            hatch(ink, r, &ink.palette.lso, 2.6, 7.5, 1.0);
            ink.alpha(fade);
            ink.mark(&c.mark, at, size);
        }
        Fate::Aborted => {
            ink.alpha(0.35 * fade);
            ink.mark(&c.mark, at, size);
            ink.alpha(fade);
            ink.stroke(&ink.palette.ink, 1.8);
            ink.line(pt(at.x - size * 1.25, at.y + size * 0.9), pt(at.x + size * 1.25, at.y - size * 0.9));
        }
        Fate::Marker(commit) => paint_marker(ink, commit, at, size * 1.25),
    }
}

/// How a record stands with its share group: a sign on the cell's corner. Acquired: framed, and the count of deliveries; done with: a
/// check; archived: a cross. What is available again says how often it was delivered.
fn paint_share(ink: &mut Ink, state: RecordState, count: u8, r: Rect) {
    let u = ink.unit;
    let again = state == RecordState::Available && count > 0;
    let ground = match state {
        RecordState::Acquired => &ink.palette.accent,
        RecordState::Acknowledged => &ink.palette.tide,
        RecordState::Archived => &ink.palette.bad,
        RecordState::Available if again => &ink.palette.soft,
        RecordState::Available => return,
    };
    if matches!(state, RecordState::Acquired | RecordState::Archived) {
        ink.stroke(ground, 2.4);
        ink.rounded(r, 6.0 * u);
        ink.stroke_path();
    }
    let counted = again || state == RecordState::Acquired;
    let (w, h) = (if counted { 18.0 * u } else { 13.0 * u }, 13.0 * u);
    let badge = Rect { x: r.right() + 2.0 * u - w, y: r.y - 4.0 * u, w, h };
    ink.fill(ground);
    ink.rounded(badge, h / 2.0);
    ink.fill_path();
    let at = pt(badge.mid_x(), badge.mid_y());
    if counted {
        ink.fill(if again { &ink.palette.card } else { &ink.palette.on_accent });
        ink.font(700, 9.5);
        ink.text(&format!("×{count}"), pt(at.x, at.y + 0.5 * u), "center");
    } else {
        ink.stroke(&ink.palette.card, 1.8);
        match state {
            RecordState::Archived => ink.cross(at, 2.6 * u),
            _ => ink.check(at, 2.9 * u),
        }
    }
}

/// The end of a transaction: C on a full diamond, A on an empty one.
fn paint_marker(ink: &mut Ink, commit: bool, at: Point, size: f64) {
    ink.polygon(at, &[pt(0.0, -1.0), pt(1.0, 0.0), pt(0.0, 1.0), pt(-1.0, 0.0)], size);
    ink.fill(if commit { &ink.palette.ink } else { &ink.palette.card });
    ink.stroke(&ink.palette.ink, 1.6);
    ink.fill_path();
    ink.stroke_path();
    if size >= 7.0 * ink.unit {
        ink.fill(if commit { &ink.palette.card } else { &ink.palette.ink });
        ink.font(700, 0.95 * size / ink.unit);
        ink.text(if commit { "C" } else { "A" }, pt(at.x, at.y + 0.04 * size), "center");
    }
}

/// Leader epochs, stamped where they begin.
fn paint_stamps(ink: &mut Ink, l: &Layout, w: &Window, tape: &Tape, top: f64) {
    if !l.rows.roomy {
        return;
    }
    let u = l.unit;
    ink.font(600, 10.5);
    let mut right = f64::INFINITY;
    for (epoch, start) in tape.epochs.iter().rev() {
        let x = w.boundary(start.0);
        let text = format!("e{epoch}");
        let width = ink.width(&text);
        if x + width + 6.0 * u > right || (start.0 >= tape.leo.0 && tape.leo.0 > w.first) {
            continue;
        }
        right = x;
        let colour = if tape.standing == Standing::Leader { &ink.palette.leader } else { &ink.palette.soft };
        ink.stroke(colour, 1.2);
        ink.line(pt(x + 0.5, top - 13.0 * u), pt(x + 0.5, top - 3.0 * u));
        ink.fill(colour);
        ink.text(&text, pt(x + 5.0 * u, top - 8.5 * u), "left");
    }
}

/// The log end offset, and a follower's own high watermark.
fn paint_edge(ink: &mut Ink, l: &Layout, w: &Window, tape: &Tape, top: f64) {
    let u = l.unit;
    let x = w.boundary(tape.leo.0) - 1.5 * u;
    ink.alpha(if tape.down { 0.6 } else { 1.0 });
    ink.stroke(&ink.palette.ink, 1.8);
    ink.line(pt(x, top - 5.0 * u), pt(x, top + l.rows.cell_h + 5.0 * u));
    let mut text = w.word("LEO", tape.leo.0);
    ink.font(500, 11.5);
    let room = l.brokers[0].right() - 4.0 * u - (x + 6.0 * u);
    if ink.width(&text) > room && tape.leo.0 >= w.first {
        text = tape.leo.to_string(); // the last of narrow columns: those before it have the word
    }
    let at = pt(x + 6.0 * u, top + l.rows.cell_h / 2.0);
    plate(ink, &text, at);
    ink.fill(&ink.palette.soft);
    ink.text(&text, at, "left");
    if tape.standing != Standing::Leader && tape.hw.0 >= w.first {
        let x = w.boundary(tape.hw.0) - 2.0 * u;
        let y = top + l.rows.cell_h + 4.0 * u;
        ink.fill(&ink.palette.tide);
        ink.polygon(pt(x, y), &[pt(0.0, -0.6), pt(1.0, 1.0), pt(-1.0, 1.0)], 4.0 * u);
        ink.fill_path();
    }
    ink.alpha(1.0);
}

/// A ground for text that a line may cross.
fn plate(ink: &mut Ink, text: &str, at: Point) {
    let (w, u) = (ink.width(text), ink.unit);
    ink.fill(&ink.palette.card);
    ink.rounded(Rect { x: at.x - 2.0 * u, y: at.y - 8.0 * u, w: w + 4.0 * u, h: 16.0 * u }, 4.0 * u);
    ink.fill_path();
}

/// Where groups have committed: a flag under the leader's tape, with their names where there is room.
fn paint_pennants(ink: &mut Ink, l: &Layout, w: &Window, tape: &Tape, bottom: f64) {
    if !l.rows.roomy {
        return;
    }
    let u = l.unit;
    let column = l.columns[tape.column];
    let place = |offset: Offset| (w.boundary(offset.0) - 2.0 * u).max(w.x - 2.0 * u);
    let mut left = column.x;
    for (i, (groups, offset)) in tape.pennants.iter().enumerate() {
        let x = place(*offset);
        ink.stroke(&ink.palette.accent, 1.6);
        ink.line(pt(x, bottom + 1.0 * u), pt(x, bottom + 19.0 * u));
        ink.fill(&ink.palette.accent);
        ink.polygon(pt(x, bottom + 14.0 * u), &[pt(0.0, -0.9), pt(2.0, 0.0), pt(0.0, 0.9)], 5.0 * u);
        ink.fill_path();
        ink.font(500, 10.5);
        ink.fill(&ink.palette.soft);
        let right = tape.pennants.get(i + 1).map_or(column.x + column.w, |next| place(next.1) - 4.0 * u);
        let number = if offset.0 < w.first { format!("◂ {offset}") } else { offset.to_string() };
        let named = format!("{groups} {number}");
        let y = bottom + 14.5 * u;
        let fits = |text: &str, room: f64| ink.width(text) <= room;
        let (after, before) = (right - x - 13.0 * u, x - 4.0 * u - left);
        let (text, at, align) = match () {
            () if !groups.is_empty() && fits(&named, after) => (named, x + 13.0 * u, "left"),
            () if !groups.is_empty() && fits(&named, before) => (named, x - 4.0 * u, "right"),
            () if fits(&number, after) => (number, x + 13.0 * u, "left"),
            () if fits(&number, before) => (number, x - 4.0 * u, "right"),
            () => continue,
        };
        ink.text(&text, pt(at, y), align);
        left = if align == "left" { at + ink.width(&text) } else { x + 13.0 * u };
    }
}

fn paint_selected(ink: &mut Ink, l: &Layout, w: &Window, tape: &Tape, selection: Selection) {
    let Selection::Record(b, p, o) = selection else {
        return;
    };
    if (b, p) == (tape.broker, tape.partition)
        && w.shows(o.0)
        && let Some(r) = cell_rect(l, w, b.ix(), o)
    {
        ink.stroke(&ink.palette.focus, 2.4);
        ink.rounded(r.grown(2.5 * l.unit), 8.0 * l.unit);
        ink.stroke_path();
    }
}

//! The tide line: one high watermark across all replicas of a partition. It moves once, clearly. Where a log knows of
//! transactions a second, double line stands at the last stable offset.

use super::Manner;
use super::ink::Ink;
use crate::scene::Scene;
use crate::scene::geometry::{Rect, pt};
use crate::scene::layout::Layout;
use crate::scene::tape::Window;
use highwater_core::ids::{Offset, PartitionId};
use litemap::LiteMap;

/// How long a tide takes to its new place.
const FLOW_MS: f64 = 420.0;

/// One tide, easing.
#[derive(Clone, Debug)]
struct Flow {
    from: f64,
    to: f64,
    began_ms: f64,
    x: f64,
    left: f64,
    column: usize,
    at: u32,
    name: &'static str,
    /// What stands on its chip.
    word: String,
    certain: bool,
    live: bool,
}

/// Which line of a partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Line {
    HighWatermark,
    /// Only while it is behind the high watermark.
    LastStable,
}

/// All tides of the stage.
#[derive(Default)]
pub struct Tides(LiteMap<(PartitionId, Line), Flow>);

impl Tides {
    /// Is one of them on its way?
    pub fn moving(&self) -> bool {
        self.0.values().any(|f| f.x != f.to)
    }

    /// Moves them towards where the scene has them.
    pub fn flow(&mut self, scene: &Scene, l: &Layout, manner: Manner) {
        self.0.iter_mut().for_each(|(_, f)| f.live = false);
        for t in &scene.tides {
            let Some((_, w)) = scene.windows.get(t.column) else {
                continue;
            };
            let name = if t.lso == Some(t.hw) { "HW = LSO" } else { "HW" };
            self.move_to((t.partition, Line::HighWatermark), t.column, t.hw, name, w, l, manner).certain = t.certain;
            if let Some(lso) = t.lso.filter(|lso| *lso < t.hw) {
                self.move_to((t.partition, Line::LastStable), t.column, lso, "LSO", w, l, manner);
            }
        }
        self.0.retain(|_, f| f.live);
    }

    #[allow(clippy::too_many_arguments)] // one line of the scene, and how it is drawn
    fn move_to(
        &mut self,
        which: (PartitionId, Line),
        column: usize,
        at: Offset,
        name: &'static str,
        w: &Window,
        l: &Layout,
        manner: Manner,
    ) -> &mut Flow {
        let x = w.boundary(at.0) - 2.0 * l.unit;
        let f = self.0.entry(which).or_insert(Flow {
            from: x,
            to: x,
            began_ms: 0.0,
            x,
            left: w.x,
            column,
            at: at.0,
            name,
            word: String::new(),
            certain: true,
            live: true,
        });
        // Cells that scroll move the ground under the tide, which is not the tide moving.
        let jump = manner.still || f.at == at.0 || f.column != column;
        if (f.to - x).abs() > 0.01 {
            (f.from, f.to, f.began_ms) = (if jump { x } else { f.x }, x, manner.now_ms);
        }
        if f.word.is_empty() || f.name != name || f.at != at.0 || w.first > at.0 || f.word.starts_with('◂') {
            f.word = w.word(name, at.0);
        }
        (f.left, f.column, f.at, f.name, f.live) = (w.x, column, at.0, name, true);
        let done = ((manner.now_ms - f.began_ms) / FLOW_MS).clamp(0.0, 1.0);
        let eased = 1.0 - (1.0 - done) * (1.0 - done) * (1.0 - done);
        f.x = if done >= 1.0 { f.to } else { f.from + (f.to - f.from) * eased };
        f
    }

    /// The water: everything left of the line is committed.
    pub fn paint_water(&self, ink: &Ink, l: &Layout) {
        for f in self.0.iter().filter(|x| x.0.1 == Line::HighWatermark).map(|x| x.1) {
            let (top, left) = (l.heads[f.column].bottom() + 2.0, f.left - 8.0 * l.unit);
            if f.x <= left {
                continue;
            }
            let water = ink.cx.create_linear_gradient(left, 0.0, f.x, 0.0);
            let _ = water.add_color_stop(0.0, &ink.palette.shore);
            let _ = water.add_color_stop(1.0, &ink.palette.water);
            ink.cx.set_fill_style_canvas_gradient(&water);
            ink.cx.fill_rect(left, top, f.x - left, l.tide_foot - top);
        }
    }

    /// The lines and their labels.
    pub fn paint_lines(&self, ink: &mut Ink, l: &Layout) {
        for ((p, line), f) in &self.0 {
            if *line == Line::LastStable {
                continue;
            }
            let stable = self.0.get(&(*p, Line::LastStable));
            ink.font(700, 12.0);
            let mut hw_text = if f.certain { f.word.clone() } else { format!("{} ?", f.word) };
            let mut hw = chip(ink, l, f, &hw_text);
            if let Some(s) = stable {
                let (mut lso, column, gap) = (chip(ink, l, s, &s.word), l.columns[f.column], 4.0 * l.unit);
                if lso.w + gap + hw.w <= column.w + 24.0 * l.unit {
                    keep_apart(&mut lso, &mut hw, gap, column.x + column.w + 12.0 * l.unit);
                    paint_stable(ink, l, s, Some(lso));
                } else {
                    // A narrow column has room for one label, which then says both.
                    hw_text = format!("{hw_text} · LSO {}", s.at);
                    hw = chip(ink, l, f, &hw_text);
                    paint_stable(ink, l, s, None);
                }
            }
            paint_line(ink, l, f, hw, &hw_text);
        }
        ink.alpha(1.0);
        ink.dash(&[]);
    }
}

/// Where a line's label stands: under it, inside its column.
fn chip(ink: &Ink, l: &Layout, f: &Flow, text: &str) -> Rect {
    let u = l.unit;
    let w = (ink.width(text) + 28.0 * u).max(64.0 * u);
    let column = l.columns[f.column];
    let x = (f.x - w / 2.0).clamp(column.x - 12.0 * u, (column.x + column.w - w + 12.0 * u).max(column.x - 12.0 * u));
    Rect { x, y: l.tide_foot, w, h: 23.0 * u }
}

/// Moves two labels side by side, if they would lie over each other: the right one first, as far as `end`.
fn keep_apart(a: &mut Rect, b: &mut Rect, gap: f64, end: f64) {
    if a.right() + gap > b.x {
        b.x = (a.right() + gap).min(end - b.w).max(b.x);
        a.x = a.x.min(b.x - gap - a.w);
    }
}

/// A vertical line from the column's heading to its label; not through the headings of the cards, where the water alone shows it.
fn down(ink: &Ink, l: &Layout, x: f64, top: f64) {
    let mut y = top;
    for card in &l.brokers {
        ink.line(pt(x, y), pt(x, card.y));
        y = card.y + l.rows.head;
    }
    ink.line(pt(x, y), pt(x, l.tide_foot));
}

/// The last stable offset: a thin double line, and its label if it has one of its own.
fn paint_stable(ink: &mut Ink, l: &Layout, f: &Flow, chip: Option<Rect>) {
    let u = l.unit;
    ink.stroke(&ink.palette.lso, 1.3);
    for x in [f.x - 1.8 * u, f.x + 1.8 * u] {
        down(ink, l, x, l.heads[f.column].bottom() + 2.0 * u);
    }
    let Some(chip) = chip else { return };
    ink.rounded(chip, 12.0 * u);
    ink.fill(&ink.palette.bg);
    ink.fill_path();
    ink.stroke(&ink.palette.lso, 1.5);
    ink.stroke_path();
    ink.fill(&ink.palette.lso);
    ink.text(&f.word, pt(chip.mid_x(), chip.mid_y() + 0.5 * u), "center");
}

fn paint_line(ink: &mut Ink, l: &Layout, f: &Flow, chip: Rect, text: &str) {
    let u = l.unit;
    let top = l.heads[f.column].bottom() + 6.0 * u;
    ink.stroke(&ink.palette.tide, 3.0);
    if !f.certain {
        ink.dash(&[2.0, 6.0]);
    }
    down(ink, l, f.x, top);
    ink.dash(&[]);
    // A wave at the top: the mark of the house.
    ink.cx.set_line_cap("round");
    ink.stroke(&ink.palette.tide, 2.5);
    ink.cx.begin_path();
    ink.cx.move_to(f.x - 8.0 * u, top);
    ink.cx.quadratic_curve_to(f.x - 4.0 * u, top - 6.0 * u, f.x, top);
    ink.cx.quadratic_curve_to(f.x + 4.0 * u, top + 6.0 * u, f.x + 8.0 * u, top);
    ink.cx.stroke();
    ink.cx.set_line_cap("butt");
    ink.rounded(chip, 12.0 * u);
    if f.certain {
        ink.fill(&ink.palette.tide);
        ink.fill_path();
        ink.fill(&ink.palette.bg);
    } else {
        ink.fill(&ink.palette.bg);
        ink.fill_path();
        ink.dash(&[2.0, 3.0]);
        ink.stroke(&ink.palette.tide, 1.5);
        ink.stroke_path();
        ink.dash(&[]);
        ink.fill(&ink.palette.tide);
    }
    ink.text(text, pt(chip.mid_x(), chip.mid_y() + 0.5 * u), "center");
}

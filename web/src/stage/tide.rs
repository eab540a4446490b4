//! The tide line: one high watermark across all replicas of a partition. It moves once, clearly.

use super::Manner;
use super::ink::Ink;
use crate::scene::Scene;
use crate::scene::geometry::{Rect, pt};
use crate::scene::layout::Layout;
use highwater_core::ids::PartitionId;
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
    hw: u32,
    /// What stands on its chip.
    word: String,
    certain: bool,
    live: bool,
}

/// All tides of the stage.
#[derive(Default)]
pub struct Tides(LiteMap<PartitionId, Flow>);

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
            let x = w.boundary(t.hw.0) - 2.0 * l.unit;
            let f = self.0.entry(t.partition).or_insert(Flow {
                from: x,
                to: x,
                began_ms: 0.0,
                x,
                left: w.x,
                column: t.column,
                hw: t.hw.0,
                word: String::new(),
                certain: t.certain,
                live: true,
            });
            // Cells that scroll move the ground under the tide, which is not the tide moving.
            let jump = manner.still || f.hw == t.hw.0 || f.column != t.column;
            if (f.to - x).abs() > 0.01 {
                (f.from, f.to, f.began_ms) = (if jump { x } else { f.x }, x, manner.now_ms);
            }
            if f.word.is_empty() || f.hw != t.hw.0 || w.first > t.hw.0 {
                f.word = w.word("HW", t.hw.0);
            }
            (f.left, f.column, f.hw, f.certain, f.live) = (w.x, t.column, t.hw.0, t.certain, true);
            let done = ((manner.now_ms - f.began_ms) / FLOW_MS).clamp(0.0, 1.0);
            let eased = 1.0 - (1.0 - done) * (1.0 - done) * (1.0 - done);
            f.x = if done >= 1.0 { f.to } else { f.from + (f.to - f.from) * eased };
        }
        self.0.retain(|_, f| f.live);
    }

    /// The water: everything left of the line is committed.
    pub fn paint_water(&self, ink: &Ink, l: &Layout) {
        for f in self.0.values() {
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
        for f in self.0.values() {
            paint_line(ink, l, f);
        }
        ink.alpha(1.0);
        ink.dash(&[]);
    }
}

fn paint_line(ink: &mut Ink, l: &Layout, f: &Flow) {
    let u = l.unit;
    let top = l.heads[f.column].bottom() + 6.0 * u;
    ink.stroke(&ink.palette.tide, 3.0);
    if !f.certain {
        ink.dash(&[2.0, 6.0]);
    }
    // Behind the headings of the cards, so that they stay readable.
    let mut y = top;
    for card in &l.brokers {
        let under = card.y + l.rows.head;
        ink.line(pt(f.x, y), pt(f.x, card.y));
        ink.alpha(0.2);
        ink.line(pt(f.x, card.y), pt(f.x, under));
        ink.alpha(1.0);
        y = under;
    }
    ink.line(pt(f.x, y), pt(f.x, l.tide_foot));
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
    ink.font(700, 12.0);
    let text = if f.certain { f.word.clone() } else { format!("{} ?", f.word) };
    let w = (ink.width(&text) + 28.0 * u).max(64.0 * u);
    let column = l.columns[f.column];
    let x = (f.x - w / 2.0).clamp(column.x - 12.0 * u, column.x + column.w - w + 12.0 * u);
    let chip = Rect { x, y: l.tide_foot, w, h: 23.0 * u };
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
    ink.text(&text, pt(chip.mid_x(), chip.mid_y() + 0.5 * u), "center");
}

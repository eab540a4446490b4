//! A thin pen over the canvas: shapes, text and marks, in the units of the layout.

use super::palette::Palette;
use crate::scene::geometry::{Curve, Point, Rect, decimal, pt};
use crate::scene::mark::{Mark, Shape};
use gloo::utils::document;
use std::f64::consts::{PI, TAU};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// The pen.
pub struct Ink {
    canvas: HtmlCanvasElement,
    /// The canvas itself, for what the pen does not do.
    pub cx: CanvasRenderingContext2d,
    /// Colours.
    pub palette: Palette,
    /// Width and height in CSS pixels.
    pub size: (f64, f64),
    /// Scale.
    pub unit: f64,
    dpr: f64,
    family: String,
    font: String,
}

impl Ink {
    /// For a canvas; `family` is the page's font family.
    pub fn new(canvas: HtmlCanvasElement, palette: Palette, family: String) -> Option<Ink> {
        let cx = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
        Some(Ink { canvas, cx, palette, size: (1.0, 1.0), unit: 1.0, dpr: 1.0, family, font: String::new() })
    }

    /// Sets resolution and scale.
    pub fn resize(&mut self, size: (f64, f64), unit: f64, dpr: f64) {
        self.canvas.set_width((size.0 * dpr).round() as u32);
        self.canvas.set_height((size.1 * dpr).round() as u32);
        let _ = self.cx.set_transform(dpr, 0.0, 0.0, dpr, 0.0, 0.0);
        self.size = size;
        self.unit = unit;
        self.dpr = dpr;
        self.font.clear();
    }

    /// A pen over a canvas of its own that nobody sees, as fine as this one.
    pub fn another(&self, size: (f64, f64)) -> Option<Ink> {
        let canvas = document().create_element("canvas").ok()?.dyn_into().ok()?;
        let mut ink = Ink::new(canvas, self.palette.clone(), self.family.clone())?;
        ink.resize(size, self.unit, self.dpr);
        Some(ink)
    }
    /// Puts what another pen has painted around a point, on whole pixels.
    pub fn stamp(&self, other: &Ink, at: Point) {
        let whole = |x: f64| (x * self.dpr).round() / self.dpr;
        let (w, h) = (f64::from(other.canvas.width()) / self.dpr, f64::from(other.canvas.height()) / self.dpr);
        let (x, y) = (whole(at.x - w / 2.0), whole(at.y - h / 2.0));
        let _ = self.cx.draw_image_with_html_canvas_element_and_dw_and_dh(&other.canvas, x, y, w, h);
    }

    /// Wipes everything.
    pub fn clear(&self) {
        self.cx.clear_rect(0.0, 0.0, self.size.0, self.size.1);
        self.cx.set_global_alpha(1.0);
    }

    /// Fills with this colour from now on.
    pub fn fill(&self, colour: &str) {
        self.cx.set_fill_style_str(colour);
    }
    /// Strokes with this colour and width from now on.
    pub fn stroke(&self, colour: &str, width: f64) {
        self.cx.set_stroke_style_str(colour);
        self.cx.set_line_width(width * self.unit);
    }
    /// Opacity from now on.
    pub fn alpha(&self, a: f64) {
        self.cx.set_global_alpha(a);
    }
    /// Dashes from now on; empty for solid.
    pub fn dash(&self, pattern: &[f64]) {
        let list = js_sys::Array::new();
        for d in pattern {
            list.push(&JsValue::from_f64(d * self.unit));
        }
        let _ = self.cx.set_line_dash(&list);
    }

    /// A straight line.
    pub fn line(&self, a: Point, b: Point) {
        self.cx.begin_path();
        self.cx.move_to(a.x, a.y);
        self.cx.line_to(b.x, b.y);
        self.cx.stroke();
    }
    /// A curve.
    pub fn curve(&self, c: &Curve) {
        let [a, b, d, e] = c.0;
        self.cx.begin_path();
        self.cx.move_to(a.x, a.y);
        self.cx.bezier_curve_to(b.x, b.y, d.x, d.y, e.x, e.y);
        self.cx.stroke();
    }
    /// The path of a rounded rectangle.
    pub fn rounded(&self, r: Rect, radius: f64) {
        let k = radius.min(r.w / 2.0).min(r.h / 2.0);
        self.cx.begin_path();
        self.cx.move_to(r.x + k, r.y);
        let _ = self.cx.arc_to(r.right(), r.y, r.right(), r.bottom(), k);
        let _ = self.cx.arc_to(r.right(), r.bottom(), r.x, r.bottom(), k);
        let _ = self.cx.arc_to(r.x, r.bottom(), r.x, r.y, k);
        let _ = self.cx.arc_to(r.x, r.y, r.right(), r.y, k);
        self.cx.close_path();
    }
    /// The path of a circle.
    pub fn circle(&self, c: Point, r: f64) {
        self.cx.begin_path();
        let _ = self.cx.arc(c.x, c.y, r, 0.0, TAU);
    }
    /// The path of a closed polygon around a point.
    pub fn polygon(&self, c: Point, corners: &[Point], r: f64) {
        self.cx.begin_path();
        for (i, k) in corners.iter().enumerate() {
            if i == 0 {
                self.cx.move_to(c.x + k.x * r, c.y + k.y * r);
            } else {
                self.cx.line_to(c.x + k.x * r, c.y + k.y * r);
            }
        }
        self.cx.close_path();
    }
    /// The path of a polygon that points along `heading` (drawn for pointing right).
    pub fn pointing(&self, c: Point, corners: &[Point], r: f64, heading: Point) {
        let turned: Vec<Point> = corners.iter().map(|k| pt(k.x * heading.x - k.y * heading.y, k.x * heading.y + k.y * heading.x)).collect();
        self.polygon(c, &turned, r);
    }
    /// Fills the path.
    pub fn fill_path(&self) {
        self.cx.fill();
    }
    /// Strokes the path.
    pub fn stroke_path(&self) {
        self.cx.stroke();
    }

    /// The font from now on: weight and size in units.
    pub fn font(&mut self, weight: u16, size: f64) {
        let font = format!("{weight} {}px {}", decimal(size * self.unit), self.family);
        if font != self.font {
            self.cx.set_font(&font);
            self.font = font;
        }
    }
    /// Width of a text in the present font.
    pub fn width(&self, text: &str) -> f64 {
        self.cx.measure_text(text).map_or(0.0, |m| m.width())
    }
    /// Text; `align` is `left`, `center` or `right`, `at.y` its middle.
    pub fn text(&self, text: &str, at: Point, align: &str) {
        self.cx.set_text_align(align);
        self.cx.set_text_baseline("middle");
        let _ = self.cx.fill_text(text, at.x, at.y);
    }

    /// The path of a mark's shape.
    pub fn mark_path(&self, shape: Shape, c: Point, r: f64) {
        match shape {
            Shape::Circle => self.circle(c, r),
            Shape::Dot => self.circle(c, r * 0.72),
            Shape::Square => self.rounded(Rect { x: c.x - r * 0.9, y: c.y - r * 0.9, w: r * 1.8, h: r * 1.8 }, r * 0.3),
            other => self.polygon(c, other.corners(), r),
        }
    }

    /// A record: filled, with its letter.
    pub fn mark(&mut self, m: &Mark, c: Point, r: f64) {
        self.fill(self.palette.of_mark(m));
        self.mark_path(m.shape, c, r);
        self.fill_path();
        let letter_fits = r >= 5.5 * self.unit;
        if let (Some(letter), true) = (m.letter, letter_fits) {
            self.fill(&self.palette.on_key);
            self.font(700, 1.16 * r / self.unit);
            let drop = letter_drop(m.shape) * r;
            self.text(letter.encode_utf8(&mut [0; 4]), pt(c.x, c.y + drop + 0.04 * r), "center");
        }
        if m.poison {
            self.poison(c, r);
        }
    }

    /// The sign of a poison record: a warning on its lower left.
    fn poison(&mut self, c: Point, r: f64) {
        const SIGN: [Point; 3] = [pt(0.0, -1.0), pt(1.1, 0.9), pt(-1.1, 0.9)];
        let (at, k) = (pt(c.x - 0.85 * r, c.y + 0.75 * r), (0.62 * r).max(4.5 * self.unit));
        self.fill(&self.palette.bad);
        self.stroke(&self.palette.card, 1.6);
        self.polygon(at, &SIGN, k);
        self.stroke_path();
        self.fill_path();
        self.stroke(&self.palette.card, 1.3);
        self.line(pt(at.x, at.y - 0.45 * k), pt(at.x, at.y + 0.2 * k));
        self.fill(&self.palette.card);
        self.circle(pt(at.x, at.y + 0.56 * k), 0.16 * k);
        self.fill_path();
    }

    /// An acknowledgement of a record: hollow, with its letter in the key's colour.
    pub fn hollow_mark(&mut self, m: &Mark, c: Point, r: f64) {
        self.fill(&self.palette.card);
        self.stroke(self.palette.of_mark(m), 2.0);
        self.mark_path(m.shape, c, r);
        self.fill_path();
        self.stroke_path();
        if let Some(letter) = m.letter {
            self.fill(&self.palette.ink);
            self.font(700, 1.1 * r / self.unit);
            let drop = letter_drop(m.shape) * r;
            self.text(letter.encode_utf8(&mut [0; 4]), pt(c.x, c.y + drop + 0.04 * r), "center");
        }
    }

    /// A check mark around a point.
    pub fn check(&self, c: Point, r: f64) {
        self.cx.begin_path();
        self.cx.move_to(c.x - r, c.y);
        self.cx.line_to(c.x - r * 0.3, c.y + r * 0.7);
        self.cx.line_to(c.x + r, c.y - r * 0.8);
        self.cx.stroke();
    }

    /// A cross around a point.
    pub fn cross(&self, c: Point, r: f64) {
        self.line(pt(c.x - r, c.y - r), pt(c.x + r, c.y + r));
        self.line(pt(c.x - r, c.y + r), pt(c.x + r, c.y - r));
    }

    /// Half a disc, for a token that breaks: the half on the side of `angle`.
    pub fn half_disc(&self, c: Point, r: f64, angle: f64) {
        self.cx.begin_path();
        let _ = self.cx.arc(c.x, c.y, r, angle - PI / 2.0, angle + PI / 2.0);
        self.cx.close_path();
    }
}

/// Where the letter sits in shapes whose middle is not their centre of mass.
fn letter_drop(shape: Shape) -> f64 {
    match shape {
        Shape::Triangle => 0.22,
        _ => 0.0,
    }
}

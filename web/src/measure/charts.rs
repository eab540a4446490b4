//! Bars, drawn by plotters as SVG. Colours are the style sheet's, so that light and dark need no second drawing;
//! SVG, because on a canvas plotters measures text by styling the page, which the page's own policy forbids.

use super::figures::{End, Kind, Row};
use super::units::{figure, times};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::prelude::{Color, DrawingBackend, IntoDrawingArea, RGBColor, SVGBackend, ShapeStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontFamily, FontStyle, IntoTextStyle, TextStyle};

/// plotters writes a font size of 1 as 1 / 1.24 pixels.
const PLOTTERS_POINT: f64 = 1.24;
/// Width of every chart, in its own units.
const WIDTH: i32 = 440;
/// Where bars begin.
const BARS: i32 = 148;
/// Where the longest bar ends.
const END: i32 = 326;

/// Colours by what they are for. Each is drawn as its own number, and becomes the style sheet's variable in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ink {
    Text,
    Soft,
    Line,
    Measured,
    Model,
    Published,
    Ground,
}

impl Ink {
    const ALL: [(Ink, &'static str); 7] = [
        (Ink::Text, "--ink"),
        (Ink::Soft, "--soft"),
        (Ink::Line, "--line"),
        (Ink::Measured, "--leader"),
        (Ink::Model, "--follow"),
        (Ink::Published, "--accent"),
        (Ink::Ground, "--card"),
    ];

    fn color(self) -> RGBColor {
        RGBColor(0xfe, 0xdc, self as u8)
    }

    fn of(kind: Kind) -> Ink {
        match kind {
            Kind::Measured => Ink::Measured,
            Kind::Model => Ink::Model,
            Kind::Published => Ink::Published,
        }
    }
}

/// How values become lengths.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Scale {
    /// From the power of ten below the smallest value.
    Log,
    /// From 0.
    Linear,
}

/// An axis: from, to, and where its lines are.
struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

impl Axis {
    fn around(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Axis {
        let largest = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        match scale {
            Scale::Log => {
                let (from, to) = (values.fold(largest, f64::min).log10().floor(), largest.log10().ceil());
                let ticks = (from as i32..=to as i32).map(|e| 10f64.powi(e)).collect();
                Axis { scale, from, to: to.max(from + 1.0), ticks }
            }
            Scale::Linear => {
                let magnitude = 10f64.powf(largest.log10().floor());
                let step = [0.2, 0.5, 1.0, 2.0].into_iter().map(|s| s * magnitude).find(|s| largest / s <= 5.0).unwrap_or(5.0 * magnitude);
                let n = (largest / step).ceil();
                Axis { scale, from: 0.0, to: n * step, ticks: (0..=n as i32).map(|i| f64::from(i) * step).collect() }
            }
        }
    }

    fn x(&self, value: f64) -> i32 {
        let v = match self.scale {
            Scale::Log => value.log10(),
            Scale::Linear => value,
        };
        BARS + ((v - self.from) / (self.to - self.from) * f64::from(END - BARS)).round().max(1.0) as i32
    }
}

type Area<'a> = plotters::drawing::DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn<'a> = Result<(), plotters::drawing::DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn words<'a>(area: &Area<'a>, at: (i32, i32), text: &str, size: f64, bold: bool, to: HPos, ink: Ink) -> Drawn<'a> {
    let weight = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let color = ink.color();
    let style: TextStyle<'_> =
        (FontFamily::SansSerif, size * PLOTTERS_POINT, weight).into_text_style(area).color(&color).pos(Pos::new(to, VPos::Center));
    area.draw(&Text::new(text, at, style))
}

fn bar<'a>(area: &Area<'a>, y: i32, to: i32, height: i32, ink: Ink, filled: bool) -> Drawn<'a> {
    let shape = |ink: Ink, filled| ShapeStyle { color: ink.color().to_rgba(), filled, stroke_width: if filled { 0 } else { 2 } };
    if !filled {
        area.draw(&Rectangle::new([(BARS, y), (to, y + height)], shape(Ink::Ground, true)))?;
    }
    area.draw(&Rectangle::new([(BARS, y), (to, y + height)], shape(ink, filled)))
}

fn row<'a>(area: &Area<'a>, axis: &Axis, r: &Row, y: i32, height: i32) -> Drawn<'a> {
    let (ink, middle) = (Ink::of(r.kind), y + height / 2);
    if r.note.is_empty() {
        words(area, (0, middle), &r.name, 14.0, true, HPos::Left, Ink::Text)?;
    } else {
        words(area, (0, middle - 7), &r.name, 14.0, true, HPos::Left, Ink::Text)?;
        words(area, (0, middle + 8), &r.note, 12.5, false, HPos::Left, Ink::Soft)?;
    }
    let bars = [Some((r.value, true)), r.other.map(|v| (v, false))];
    let count = 1 + i32::from(r.other.is_some());
    let each = (height - 10) / count;
    for (i, (value, filled)) in bars.into_iter().flatten().enumerate() {
        let (top, to) = (y + 4 + i as i32 * (each + 2), axis.x(value));
        bar(area, top, to, each - 1, ink, filled)?;
        words(area, (to + 5, top + each / 2), &figure(value), 12.0, false, HPos::Left, Ink::Soft)?;
    }
    let said = match &r.end {
        End::Times(x) => times(*x),
        End::Text(text) => text.clone(),
    };
    words(area, (WIDTH - 2, middle), &said, 14.0, true, HPos::Right, Ink::Text)
}

/// A chart of rows as an SVG document; `row_height` in its own units.
pub fn bars(rows: &[Row], scale: Scale, row_height: i32, axis_says: &str) -> String {
    let axis = Axis::around(scale, rows.iter().flat_map(|r| [Some(r.value), r.other]).flatten());
    let below = row_height * rows.len() as i32 + 2;
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, (below + 34) as u32)).into_drawing_area();
        draw(&area, rows, &axis, row_height, below, axis_says).and_then(|()| area.present())
    };
    // Writing to a string can't fail; an empty chart would be seen at once.
    debug_assert!(drawn.is_ok());
    for (ink, variable) in Ink::ALL {
        let RGBColor(r, g, b) = ink.color();
        svg = svg.replace(&format!("#{r:02X}{g:02X}{b:02X}"), &format!("var({variable})"));
    }
    svg
}

fn draw<'a>(area: &Area<'a>, rows: &[Row], axis: &Axis, height: i32, below: i32, axis_says: &str) -> Drawn<'a> {
    for t in &axis.ticks {
        let x = if *t == 0.0 { BARS } else { axis.x(*t) };
        area.draw(&PathElement::new(vec![(x, 0), (x, below)], Ink::Line.color().stroke_width(1)))?;
        // Every second label where they would touch.
        if axis.ticks.len() <= 6 || ((*t).log10().round() as i32) % 2 == 0 {
            words(area, (x, below + 9), &figure(*t), 12.0, false, HPos::Center, Ink::Soft)?;
        }
    }
    words(area, ((BARS + END) / 2, below + 25), axis_says, 12.0, false, HPos::Center, Ink::Soft)?;
    let mut kind = rows.first().map(|r| r.kind);
    for (i, r) in rows.iter().enumerate() {
        let y = i as i32 * height;
        if kind.replace(r.kind) != Some(r.kind) {
            area.draw(&PathElement::new(vec![(0, y), (WIDTH, y)], Ink::Line.color().stroke_width(1)))?;
        }
        row(area, axis, r, y, height)?;
    }
    Ok(())
}

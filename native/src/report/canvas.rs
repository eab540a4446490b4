//! A page to draw on: shapes are collected, so that the height can follow the content, and then
//! drawn by plotters as SVG.

use anyhow::{Result, anyhow};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::prelude::{Color, DrawingBackend, IntoDrawingArea, RGBColor, SVGBackend, ShapeStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontFamily, FontStyle, IntoTextStyle, TextStyle};

/// Fonts to try, the page's own first.
const FONTS: &str = "Inter, Noto Sans, DejaVu Sans, sans-serif";

/// plotters writes a font size of 1 as 1 / 1.24 pixels.
const PLOTTERS_POINT: f64 = 1.24;

/// What a colour is for; the HTML page maps each to a variable, so that dark works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Text,
    Soft,
    Line,
    /// Measured here.
    Here,
    /// Someone else's figure.
    Theirs,
    /// A second kind of measured thing.
    Other,
    Page,
}

impl Ink {
    /// All of them.
    pub(crate) const ALL: [Ink; 7] = [Ink::Text, Ink::Soft, Ink::Line, Ink::Here, Ink::Theirs, Ink::Other, Ink::Page];

    /// On light ground.
    pub(crate) fn rgb(self) -> (u8, u8, u8) {
        match self {
            Ink::Text => (0x1c, 0x24, 0x30),
            Ink::Soft => (0x46, 0x50, 0x60),
            Ink::Line => (0xd9, 0xd4, 0xc7),
            Ink::Here => (0x18, 0x4f, 0x91),
            Ink::Theirs => (0xc9, 0x85, 0x00),
            Ink::Other => (0x00, 0x61, 0x4d),
            Ink::Page => (0xff, 0xfd, 0xf8),
        }
    }

    /// The name of the page's variable.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Ink::Text => "--ink",
            Ink::Soft => "--soft",
            Ink::Line => "--line",
            Ink::Here => "--here",
            Ink::Theirs => "--theirs",
            Ink::Other => "--other",
            Ink::Page => "--card",
        }
    }

    fn color(self) -> RGBColor {
        let (r, g, b) = self.rgb();
        RGBColor(r, g, b)
    }
}

/// Where a text's given x lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

enum Shape {
    Rect { x: i32, y: i32, w: i32, h: i32, ink: Ink, filled: bool },
    Line { from: (i32, i32), to: (i32, i32), ink: Ink },
    Text { x: i32, y: i32, text: String, size: u32, bold: bool, anchor: Anchor, ink: Ink },
}

/// Shapes so far; y grows downwards.
pub(crate) struct Canvas {
    width: u32,
    shapes: Vec<Shape>,
}

impl Canvas {
    /// An empty page of this width in pixels.
    pub(crate) fn new(width: u32) -> Canvas {
        Canvas { width, shapes: Vec::new() }
    }

    /// A bar.
    pub(crate) fn rect(&mut self, (x, y): (i32, i32), (w, h): (i32, i32), ink: Ink, filled: bool) {
        self.shapes.push(Shape::Rect { x, y, w, h, ink, filled });
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (i32, i32), to: (i32, i32), ink: Ink) {
        self.shapes.push(Shape::Line { from, to, ink });
    }

    /// Words whose middle height is at `y`.
    pub(crate) fn text(&mut self, (x, y): (i32, i32), text: &str, size: u32, anchor: Anchor, ink: Ink) {
        let text = text.to_string();
        self.shapes.push(Shape::Text { x, y, text, size, bold: false, anchor, ink });
    }

    /// Bold words.
    pub(crate) fn bold(&mut self, (x, y): (i32, i32), text: &str, size: u32, anchor: Anchor, ink: Ink) {
        let text = text.to_string();
        self.shapes.push(Shape::Text { x, y, text, size, bold: true, anchor, ink });
    }

    /// The drawing as an SVG document of the given height.
    pub(crate) fn svg(&self, height: i32) -> Result<String> {
        let mut out = String::new();
        {
            let size = (self.width, height.max(1) as u32);
            let area = SVGBackend::with_string(&mut out, size).into_drawing_area();
            area.fill(&Ink::Page.color()).map_err(|e| anyhow!("cannot draw: {e}"))?;
            for shape in &self.shapes {
                draw(&area, shape).map_err(|e| anyhow!("cannot draw: {e}"))?;
            }
            area.present().map_err(|e| anyhow!("cannot draw: {e}"))?;
        }
        Ok(out)
    }
}

type Area<'a> = plotters::drawing::DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type DrawError<'a> = plotters::drawing::DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

fn draw<'a>(area: &Area<'a>, shape: &Shape) -> Result<(), DrawError<'a>> {
    match shape {
        Shape::Rect { x, y, w, h, ink, filled } => {
            let style = ShapeStyle { color: ink.color().to_rgba(), filled: *filled, stroke_width: 1 };
            area.draw(&Rectangle::new([(*x, *y), (x + w, y + h)], style))
        }
        Shape::Line { from, to, ink } => area.draw(&PathElement::new(vec![*from, *to], ink.color().stroke_width(1))),
        Shape::Text { x, y, text, size, bold, anchor, ink } => {
            let at = match anchor {
                Anchor::Start => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::End => HPos::Right,
            };
            let weight = if *bold { FontStyle::Bold } else { FontStyle::Normal };
            let color = ink.color();
            let style: TextStyle<'_> = (FontFamily::Name(FONTS), f64::from(*size) * PLOTTERS_POINT, weight)
                .into_text_style(area)
                .color(&color)
                .pos(Pos::new(at, VPos::Center));
            area.draw(&Text::new(text.as_str(), (*x, *y), style))
        }
    }
}

//! The canvas: what moves. Painted once a frame from the scene; keeps only what eases from frame to frame.

pub mod cells;
pub mod effects;
pub mod ink;
pub mod links;
pub mod palette;
pub mod stamps;
pub mod tide;
pub mod tokens;

use crate::scene::Scene;
use crate::scene::layout::Layout;
use crate::session::Session;
use crate::session::select::Selection;
use effects::Effects;
use ink::Ink;
use palette::Palette;
use stamps::Stamps;
use tide::Tides;

/// How a frame is to be painted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Manner {
    /// Real time in ms.
    pub now_ms: f64,
    /// Time is slow enough to read what is written beside messages.
    pub legible: bool,
    /// Things jump rather than glide.
    pub still: bool,
}

/// Paints the stage.
pub struct Stage {
    ink: Ink,
    tides: Tides,
    effects: Effects,
    stamps: Stamps,
}

impl Stage {
    /// On a canvas.
    pub fn new(ink: Ink) -> Self {
        Stage { ink, tides: Tides::default(), effects: Effects::default(), stamps: Stamps::default() }
    }

    /// The colours changed.
    pub fn set_palette(&mut self, palette: Palette) {
        self.ink.palette = palette;
        self.stamps.clear();
    }

    /// The canvas' place or resolution changed.
    pub fn resize(&mut self, size: (f64, f64), unit: f64, dpr: f64) {
        self.ink.resize(size, unit, dpr);
        self.stamps.clear();
    }

    /// Takes note of what happened since the last frame, before the scene is built.
    pub fn notice(&mut self, s: &Session, l: &Layout, manner: Manner) {
        self.effects.notice(s, l, manner);
    }

    /// Is something still easing, so that the next frame differs though time stands still?
    pub fn busy(&self) -> bool {
        self.tides.moving() || self.effects.any()
    }

    /// Paints a frame.
    pub fn paint(&mut self, scene: &Scene, l: &Layout, selection: Selection, manner: Manner) {
        let ink = &mut self.ink;
        ink.clear();
        self.tides.flow(scene, l, manner);
        self.tides.paint_water(ink, l);
        links::paint(ink, scene, selection);
        for tape in &scene.tapes {
            cells::paint(ink, scene, l, tape, selection);
        }
        self.tides.paint_lines(ink, l);
        tokens::paint(ink, &mut self.stamps, scene, l, selection, manner);
        self.effects.paint(ink, scene, l, manner);
        self.effects.remember(scene);
    }
}

//! What a measurement looks like to people and to programs: text, JSON, SVG, HTML.

mod canvas;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod model;
pub(crate) mod svg;
pub(crate) mod text;
pub(crate) mod words;

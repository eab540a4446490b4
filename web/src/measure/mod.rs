//! The Measure door: what disks, the page cache and copies cost, as models that move, beside figures that somebody measured.
//!
//! 1. [`source`] is where figures come from: presets, or a measurement file;
//! 2. [`disk`], [`cache`], [`copies`] are the three scenes: pure state and what it looks like, no browser;
//! 3. [`charts`] draws figures as SVG, by plotters; [`figures`] says them in words;
//! 4. [`model`] joins them and takes what people do;
//! 5. [`view`] shows it.

pub mod cache;
pub mod charts;
pub mod copies;
pub mod disk;
pub mod figures;
pub mod model;
pub mod source;
pub mod units;
pub mod view;

pub use view::{Kept, MeasureDoor};

#[cfg(test)]
mod tests;

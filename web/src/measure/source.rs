//! Where figures come from: the lessons' presets, or a measurement file.

use highwater_core::cost::measurement::{Measurement, MeasurementError};
use std::rc::Rc;

/// Where figures come from.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Source {
    /// Nothing was measured.
    #[default]
    Presets,
    /// A measurement file.
    File {
        /// Its name.
        name: String,
        /// Was it offered by the server, not opened by hand?
        offered: bool,
        /// What is in it.
        measurement: Rc<Measurement>,
    },
}

impl Source {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it, where, and what would be right.
    pub fn read(name: &str, text: &str, offered: bool) -> Result<Source, MeasurementError> {
        let measurement = Rc::new(Measurement::parse(text)?);
        Ok(Source::File { name: name.to_string(), offered, measurement })
    }

    /// The measurement, if there is one.
    pub fn measurement(&self) -> Option<&Measurement> {
        match self {
            Source::Presets => None,
            Source::File { measurement, .. } => Some(measurement),
        }
    }
}

//! The measurement file as text.

use anyhow::{Context, Result};

use super::model::Measurement;

/// One pretty-printed JSON document with a newline at its end.
pub(crate) fn document(measurement: &Measurement) -> Result<String> {
    let mut text = serde_json::to_string_pretty(measurement).context("cannot write JSON")?;
    text.push('\n');
    Ok(text)
}

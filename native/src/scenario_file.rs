//! Scenarios by path, from standard input, or by the name under which they are shipped.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use highwater_core::scenario::{SHIPPED, Scenario, shipped};

/// Reads and checks a scenario: `-` is standard input.
pub(crate) fn read(source: &str) -> Result<Scenario> {
    let text = text_of(source)?;
    Scenario::parse(&text).map_err(|e| anyhow!("{source}: {e}"))
}

fn text_of(source: &str) -> Result<String> {
    if source == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("reading the scenario from standard input")?;
        return Ok(text);
    }
    if Path::new(source).exists() {
        return fs::read_to_string(source).with_context(|| format!("reading {source}"));
    }
    match shipped(source) {
        Some(text) => Ok(text.to_string()),
        None => {
            let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            bail!("there is no file {source}, and no scenario of that name is shipped; there is {}", names.join(", "))
        }
    }
}

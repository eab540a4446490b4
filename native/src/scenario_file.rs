//! Scenarios by path, from standard input, or by the name under which they are shipped.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use highwater_core::scenario::{self, Scenario};

/// What lies in `assets/scenarios/`.
const SHIPPED: &[(&str, &str)] = &[
    ("acks-1", include_str!("../../assets/scenarios/acks-1.json")),
    ("acks-all", include_str!("../../assets/scenarios/acks-all.json")),
    ("commit-first", include_str!("../../assets/scenarios/commit-first.json")),
    ("commit-last", include_str!("../../assets/scenarios/commit-last.json")),
    ("first", scenario::DEFAULT),
    ("retry-duplicates", include_str!("../../assets/scenarios/retry-duplicates.json")),
];

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
    match SHIPPED.iter().find(|(name, _)| *name == source) {
        Some((_, text)) => Ok((*text).to_string()),
        None => {
            let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            bail!("there is no file {source}, and no scenario of that name is shipped; there is {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_scenario_has_a_name_here_and_is_sound() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/scenarios");
        let mut files: Vec<String> = fs::read_dir(folder)
            .expect("the folder is there")
            .map(|f| f.expect("readable").path())
            .filter_map(|p| Some(p.file_stem()?.to_str()?.to_string()))
            .collect();
        files.sort();
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        assert_eq!(files, names, "SHIPPED lists assets/scenarios/, sorted");
        for name in names {
            read(name).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

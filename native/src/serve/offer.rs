//! A measurement that the server offers to the page: one file, named on the command line, checked and read before anything is served.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use highwater_core::cost::measurement::{BYTES_MAX, Measurement};

use super::page;

/// Under which path the page asks for it.
pub(crate) const PATH: &str = "measurement.json";
/// How the page learns that there is something to ask for; without it, it asks for nothing.
const MARK: &str = "<head>\n    <meta name=\"highwater-measurement\" content=\"measurement.json\">";

/// Reads a measurement file.
///
/// # Errors
/// It can't be read, or is none: what is wrong, and where.
pub(crate) fn read(path: &Path) -> Result<String> {
    let shown = path.display();
    let mut text = String::new();
    let file = File::open(path).with_context(|| format!("reading {shown}"))?;
    // One byte more than allowed tells a file that is too long from one that just fits; a device or a pipe ends there too.
    let read = file.take(BYTES_MAX as u64 + 1).read_to_string(&mut text).with_context(|| format!("reading {shown}"))?;
    ensure!(read <= BYTES_MAX, "{shown} is longer than {BYTES_MAX} bytes, which no measurement file is");
    Measurement::parse(&text).map_err(|e| anyhow!("{shown}: {e}"))?;
    Ok(text)
}

/// The page that says there is a measurement. Lives as long as the process: there is one.
pub(crate) fn marked(index: &page::File) -> &'static page::File {
    let html = String::from_utf8_lossy(index.bytes).replacen("<head>", MARK, 1);
    keep(index.path, html)
}

/// The measurement as a file of the site.
pub(crate) fn served(text: String) -> &'static page::File {
    keep(PATH, text)
}

fn keep(path: &'static str, text: String) -> &'static page::File {
    Box::leak(Box::new(page::File { path, bytes: text.leak().as_bytes(), gzip: None }))
}

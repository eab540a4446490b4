//! Embeds the built page (`dist/`, made by `trunk build --release`) into the binary.
//!
//! Every file goes in twice where that pays: as it is, and compressed once here instead of at
//! each request. Without a page the list is empty, and `highwater serve` says how to build one.

use std::fmt::Write as _;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

const ROUNDS: NonZeroU64 = NonZeroU64::new(5).unwrap();

fn main() -> Result<()> {
    let dist = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../dist");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // A watched path that is missing would make every build a rebuild.
    let _ = fs::create_dir(&dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    // For tests that need a page.
    println!("cargo::rustc-check-cfg=cfg(has_page)");
    if dist.join("index.html").is_file() {
        println!("cargo::rustc-cfg=has_page");
    }
    fs::write(out.join("page.rs"), page_source(&dist, &out)?)?;
    Ok(())
}

/// Rust source of the slice that `serve/page.rs` includes.
fn page_source(dist: &Path, out: &Path) -> Result<String> {
    let mut source = String::from("&[\n");
    for (index, path) in page_files(dist)?.iter().enumerate() {
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let name = page_path(dist, path);
        writeln!(
            source,
            "  File {{ path: {name:?}, bytes: include_bytes!({:?}), gzip: {} }},",
            path.canonicalize()?,
            gzip_expression(&bytes, &out.join(format!("{index}.gz")))?,
        )?;
    }
    source.push(']');
    Ok(source)
}

/// All files below `dist`, sorted; none unless there is a whole page.
fn page_files(dist: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(dist, &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        // Names with a leading dot are Trunk's staging folder, never part of the page.
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        match (hidden, path.is_dir()) {
            (true, _) => {}
            (false, true) => collect(&path, files)?,
            (false, false) => files.push(path),
        }
    }
    Ok(())
}

/// The path under which the browser asks for a file, without the leading slash.
fn page_path(dist: &Path, path: &Path) -> String {
    let below = path.strip_prefix(dist).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// `Some(include_bytes!(…))` of the compressed file, or `None` where that would save under a tenth.
fn gzip_expression(bytes: &[u8], target: &Path) -> Result<String> {
    // More rounds gain less than a thousandth.
    let options = zopfli::Options { iteration_count: ROUNDS, ..Default::default() };
    let mut packed = Vec::new();
    zopfli::compress(options, zopfli::Format::Gzip, bytes, &mut packed)?;
    if packed.len() * 10 > bytes.len() * 9 {
        return Ok("None".into());
    }
    fs::write(target, packed)?;
    Ok(format!("Some(include_bytes!({target:?}))"))
}

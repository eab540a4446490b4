//! Lists the lessons of `assets/lessons`, so that adding one needs no code.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../assets/lessons");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut ids: Vec<String> = fs::read_dir(&folder)?
        .filter_map(|f| f.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".json")?.to_string()))
        .filter(|id| !id.contains('.'))
        .collect();
    // L4 before L11.
    ids.sort_by_key(|id| (id.trim_start_matches(char::is_alphabetic).parse::<u32>().unwrap_or(u32::MAX), id.clone()));
    let mut source = format!("/// Ids of the lessons in `assets/lessons`.\npub const IDS: &[&str] = &{ids:?};\n");
    source += "/// The lessons themselves, by number.\npub const SHIPPED: &[Source<'static>] = &[\n";
    for id in &ids {
        let text = |suffix: &str| -> io::Result<String> { include(&folder.join(format!("{id}{suffix}"))) };
        source += &format!("  Source {{ id: {id:?}, data: {}, en: {}, ko: {} }},\n", text(".json")?, text(".en.json")?, text(".ko.json")?);
    }
    source += "];\n";
    fs::write(Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("lessons.rs"), source)
}

fn include(path: &Path) -> io::Result<String> {
    let whole = fs::canonicalize(path)
        .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}; a lesson has its words in both languages", path.display())))?;
    Ok(format!("include_str!({whole:?})"))
}

//! The bundled fonts hold every Korean syllable that the interface shows, and who reads English does not load the Korean half.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn syllables(path: &Path, found: &mut BTreeSet<char>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder of the repository") {
            syllables(&entry.expect("an entry").path(), found);
        }
    } else if path.extension().is_some_and(|e| ["rs", "json", "html", "md"].iter().any(|wanted| e == *wanted)) {
        let text = fs::read_to_string(path).expect("a text file");
        found.extend(text.chars().filter(|c| ('\u{ac00}'..='\u{d7a3}').contains(c)));
    }
}

#[test]
fn no_syllable_of_the_interface_is_missing_in_the_font() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let have: BTreeSet<char> = fs::read_to_string(root.join("assets/fonts/letters.txt")).expect("the list of letters").chars().collect();
    let mut used = BTreeSet::new();
    // The folders that scripts/fonts reads as well.
    for place in ["index.html", "core/src", "web/src", "assets/lessons", "assets/scenarios"] {
        let path = root.join(place);
        if path.exists() {
            syllables(&path, &mut used);
        }
    }
    let missing: String = used.difference(&have).collect();
    assert!(!used.is_empty() && missing.is_empty(), "assets/fonts lacks {missing}: make the fonts anew as scripts/fonts --help says");
}

/// The `unicode-range` of each face in a style sheet, by the file that it loads.
fn ranges(css: &str) -> Vec<(String, Vec<(u32, u32)>)> {
    let hex = |x: &str| u32::from_str_radix(x, 16).expect("a code point");
    let range = |r: &str| {
        let r = r.trim().trim_start_matches("U+");
        let (from, to) = r.split_once('-').unwrap_or((r, r));
        (hex(from), hex(to))
    };
    let faces = css.split("@font-face").skip(1).map(|f| f.split('}').next().expect("a face ends"));
    faces
        .map(|f| {
            let file = f.split('"').find(|x| x.ends_with(".woff2")).expect("a file").to_owned();
            let list = f.split("unicode-range:").nth(1).and_then(|r| r.split(';').next());
            (file, list.map_or_else(Vec::new, |l| l.split(',').map(range).collect()))
        })
        .collect()
}

#[test]
fn the_korean_half_is_loaded_for_korean_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for sheet in ["assets/style.css", "assets/fidelity.css"] {
        let faces = ranges(&fs::read_to_string(root.join(sheet)).expect("a style sheet"));
        // Of several faces that have a character, the last counts.
        let file = |c: char| {
            let has = |f: &&(String, Vec<(u32, u32)>)| f.1.iter().any(|r| (r.0..=r.1).contains(&u32::from(c)));
            faces.iter().rev().find(has).map(|f| f.0.as_str()).unwrap_or_else(|| panic!("{sheet}: no face has {c:?}"))
        };
        for c in "Records ×2 … “key” → ✓ 한국어".chars() {
            assert_eq!(file(c), "fonts/highwater-sans-latin.woff2", "{sheet}: {c:?}");
        }
        for c in "브로커힣".chars() {
            assert_eq!(file(c), "fonts/highwater-sans-korean.woff2", "{sheet}: {c:?}");
        }
        for (file, _) in &faces {
            assert!(root.join("assets").join(file).exists(), "{sheet} names {file}");
        }
    }
}

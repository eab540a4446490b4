//! The bundled font holds every Korean syllable that the interface shows.

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

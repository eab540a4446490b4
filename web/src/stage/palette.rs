//! The colours of the style sheet, read from it, so that there is one place for them.

use crate::scene::mark::{HUES, Mark};

/// Colours as CSS text.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // as in the style sheet
pub struct Palette {
    pub bg: String,
    pub card: String,
    pub ink: String,
    pub soft: String,
    pub line: String,
    pub leader: String,
    pub leader_fill: String,
    pub follow: String,
    pub follow_fill: String,
    pub tide: String,
    pub lso: String,
    pub water: String,
    pub shore: String,
    pub bad: String,
    pub accent: String,
    pub on_accent: String,
    pub focus: String,
    pub on_key: String,
    pub keyless: String,
    pub keys: [String; HUES],
}

impl Palette {
    /// Reads it: `css` gives the value of a custom property.
    pub fn read(css: impl Fn(&str) -> String) -> Palette {
        Palette {
            bg: css("--bg"),
            card: css("--card"),
            ink: css("--ink"),
            soft: css("--soft"),
            line: css("--line"),
            leader: css("--leader"),
            leader_fill: css("--leader-fill"),
            follow: css("--follow"),
            follow_fill: css("--follow-fill"),
            tide: css("--tide"),
            lso: css("--lso"),
            water: css("--water"),
            shore: css("--shore"),
            bad: css("--bad"),
            accent: css("--accent"),
            on_accent: css("--on-accent"),
            focus: css("--focus"),
            on_key: css("--on-key"),
            keyless: css("--keyless"),
            keys: std::array::from_fn(|i| css(&format!("--key-{}", i + 1))),
        }
    }

    /// The colour of a record.
    pub fn of_mark(&self, m: &Mark) -> &str {
        m.hue.and_then(|h| self.keys.get(usize::from(h))).unwrap_or(&self.keyless)
    }
}

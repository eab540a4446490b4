//! The Trial door: what is on trial, what was found, and what if one thing were different.

mod findings;
mod flips;
mod setting;

use super::Go;
use crate::i18n::Lang;
use crate::trial::sheet::{Mood, Sheet};
use findings::findings;
use flips::flips;
use setting::setting;
use yew::prelude::*;

/// The door; `picked` is the shipped configuration that was picked, if nothing was changed since.
pub fn trial_door(s: &Sheet, picked: Option<&str>, lang: Lang, go: &Go) -> Html {
    html! {
        <main class="trial" key="trial" data-testid="trial">
            { setting(s, picked, lang, go) }
            { findings(s, lang, go) }
            { flips(s, lang, go) }
        </main>
    }
}

/// The class of a verdict's dress.
fn class_of(m: Mood) -> &'static str {
    match m {
        Mood::Broken => "broken",
        Mood::Kept => "kept",
        Mood::Open => "open",
    }
}

//! The Trial door: what is on trial, what was found, and what if one thing were different.

mod findings;
mod flips;
mod setting;

use super::Go;
use crate::i18n::Lang;
use crate::trial::sheet::{Mood, Sheet};
use findings::Findings;
use flips::Flips;
use setting::Setting;
use std::rc::Rc;
use yew::prelude::*;

/// What it shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What there is to read.
    pub sheet: Rc<Sheet>,
    /// The shipped configuration that was picked, if nothing was changed since.
    pub picked: Option<String>,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// The door.
#[component]
pub fn TrialDoor(p: &Props) -> Html {
    html! {
        <main class="trial" data-testid="trial">
            <Setting sheet={p.sheet.clone()} picked={p.picked.clone()} lang={p.lang} go={p.go.clone()} />
            <Findings sheet={p.sheet.clone()} lang={p.lang} go={p.go.clone()} />
            <Flips sheet={p.sheet.clone()} lang={p.lang} go={p.go.clone()} />
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

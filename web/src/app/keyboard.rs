//! Keys that work anywhere on the page.

use super::browser;
use super::msg::{BehindMsg, Msg};
use crate::door::Door;
use crate::learn::Ask;
use crate::session::select::Selection;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// What a key asks for behind a door, if it is none that a field or a button needs itself.
pub fn message(e: &KeyboardEvent, help: bool, door: Door) -> Option<Msg> {
    if e.ctrl_key() || e.alt_key() || e.meta_key() || e.is_composing() {
        return None;
    }
    let key = e.key();
    if key == "Escape" {
        return Some(Msg::Escape);
    }
    if key == "?" {
        return Some(Msg::Help(!help));
    }
    if help {
        return None;
    }
    let target = e.target().and_then(|t| t.dyn_into::<Element>().ok());
    let on = |selector: &str| target.as_ref().is_some_and(|t| t.closest(selector).ok().flatten().is_some());
    if on("input[type=text], textarea, select") {
        return None;
    }
    match key.as_str() {
        "l" | "L" => return Some(Msg::SwitchLang),
        "t" | "T" => return Some(Msg::SwitchTheme),
        "d" | "D" => return Some(Msg::Open(door.next())),
        _ => {}
    }
    match door {
        // In the list of lessons there is nothing to play.
        Door::Learn if browser::by_id("lesson").is_none() => None,
        Door::Learn => learn(&key).or_else(|| play(&key, &on)),
        Door::Play => play(&key, &on),
        // It listens itself.
        Door::Measure => None,
        Door::Trial => None,
    }
}

/// Keys of a lesson, beside those of the cluster.
fn learn(key: &str) -> Option<Msg> {
    match key {
        "n" | "N" => Some(Msg::Behind(BehindMsg::Learn(Ask::Next))),
        "p" | "P" => Some(Msg::FocusChoices),
        _ => None,
    }
}

/// Keys of the cluster.
fn play(key: &str, on: &dyn Fn(&str) -> bool) -> Option<Msg> {
    match key {
        " " if on("button, a, summary") => None,
        " " => Some(Msg::Toggle),
        // On the timeline and in groups of choices, arrows have their own meaning.
        "ArrowRight" | "ArrowLeft" if on("input, [role=tablist]") => None,
        "ArrowRight" | "PageDown" => Some(Msg::StepForward),
        "ArrowLeft" | "PageUp" => Some(Msg::StepBack),
        "r" | "R" => Some(Msg::Reset),
        "x" | "X" => Some(Msg::ActNamed(&["crash", "start"])),
        "p" | "P" => Some(Msg::ActNamed(&["pause"])),
        "c" | "C" => Some(Msg::Select(Selection::Controller)),
        digit => {
            let n: u8 = digit.parse().ok()?;
            (n > 0).then_some(Msg::Digit(n))
        }
    }
}

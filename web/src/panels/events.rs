//! The list of events in words.

use super::{Go, ask};
use crate::app::msg::Msg;
use crate::facts::lines::Line;
use crate::i18n::{self, Lang};
use crate::session::select::Selection;
use yew::prelude::*;

/// What it shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The newest events, newest first.
    pub lines: Vec<Line>,
    /// Events before those.
    pub earlier: usize,
    /// The selected one.
    pub selected: Option<u32>,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// The list.
#[component]
pub fn EventList(p: &Props) -> Html {
    let t = p.lang.text();
    let line = |l: &Line| {
        let on = p.selected == Some(l.seq);
        html! {
            <li key={l.seq} class={classes!(l.tone.class(), on.then_some("on"))}>
                <button type="button" aria-pressed={on.to_string()} onclick={ask(&p.go, Msg::Select(Selection::Event(l.seq)))}>
                    <i class="tone" aria-hidden="true"></i><time>{ &l.clock }</time><span>{ &l.text }</span></button>
            </li>
        }
    };
    html! {
        <div class="events" data-testid="events">
            if p.lines.is_empty() { <p class="none">{ t.no_events }</p> }
            else { <p class="none">{ t.events_hint }</p> }
            <ol reversed=true>{ for p.lines.iter().map(line) }</ol>
            if p.earlier > 0 { <p class="none">{ i18n::earlier(p.lang, p.earlier) }</p> }
        </div>
    }
}

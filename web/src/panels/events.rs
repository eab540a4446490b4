//! The list of events in words.

use super::{Go, ask};
use crate::app::msg::Msg;
use crate::facts::lines::Line;
use crate::i18n::{self, Lang};
use crate::session::select::Selection;
use yew::prelude::*;

/// The newest events, newest first, after so many earlier ones.
pub fn event_list(lines: &[Line], earlier: usize, selected: Option<u32>, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let line = |l: &Line| {
        let on = selected == Some(l.seq);
        html! {
            <li key={l.seq} class={classes!(l.tone.class(), on.then_some("on"))}>
                <button type="button" aria-pressed={on.to_string()} onclick={ask(go, Msg::Select(Selection::Event(l.seq)))}>
                    <i class="tone" aria-hidden="true"></i><time>{ &l.clock }</time><span>{ &l.text }</span></button>
            </li>
        }
    };
    html! {
        <div class="events" data-testid="events">
            if lines.is_empty() { <p class="none">{ t.no_events }</p> }
            else { <p class="none">{ t.events_hint }</p> }
            <ol reversed=true>{ for lines.iter().map(line) }</ol>
            if earlier > 0 { <button type="button" class="plain" data-testid="earlier" onclick={ask(go, Msg::Earlier)}>{ i18n::earlier(lang, earlier) }</button> }
        </div>
    }
}

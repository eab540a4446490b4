//! The first visit points at one thing to do.

use super::placed::Placed;
use super::{Go, ask};
use crate::app::msg::Msg;
use crate::i18n::Lang;
use crate::scene::geometry::Rect;
use yew::prelude::*;

/// Where it points.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Advice {
    /// At play, below the stage.
    Play,
    /// At the leader's switch.
    Crash,
}

/// A mark that points at one thing.
pub fn coach(advice: Advice, at: Rect, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let (class, text) = match advice {
        Advice::Play => ("play", t.coach_play),
        Advice::Crash => ("crash", t.coach_crash),
    };
    html! {
        <Placed {at} class={classes!("coach", class)} testid="coach" label={t.coach_title}>
            <p>{ text }</p>
            <button type="button" data-testid="coach-close" onclick={ask(go, Msg::DismissCoach)}>{ t.got_it }</button>
        </Placed>
    }
}

//! The challenge: conditions, hints, and where it went wrong.

use super::{Terms, choices, lesser};
use crate::app::msg::{BehindMsg, Msg};
use crate::i18n::Lang;
use crate::learn::Ask;
use crate::learn::panel::{ChallengePanel, Goal};
use crate::panels::{Go, ask};
use yew::prelude::*;

/// The challenge.
pub(super) fn challenge(c: &ChallengePanel, terms: &Terms, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let hands_on = c.choices.is_empty();
    let none = !hands_on && !c.choices.iter().any(|x| x.chosen);
    let goal = |g: &Goal| {
        let (class, sign, word) = match g.met {
            Some(true) => ("met", "✓", Some(t.learn_met)),
            Some(false) => ("unmet", "✗", Some(t.learn_unmet)),
            None => ("open", "○", None),
        };
        html! { <li key={g.text.clone()} {class}><b aria-hidden="true">{ sign }</b><span>{ &g.text }if let Some(w) = word { <em>{ w }</em> }</span></li> }
    };
    html! {
        <>
            <p class="count">{ t.learn_challenge }</p>
            <h2>{ &c.title }</h2>
            <p>{ terms.html(&c.task) }</p>
            if !hands_on { { choices(go, "options", &c.task, &c.choices, false) } }
            <h3>{ t.learn_goals }</h3>
            <ul class="goals" data-testid="goals">{ for c.goals.iter().map(goal) }</ul>
            if c.settings_changed { <p class="moment" role="status">{ t.learn_settings }</p> }
            if let Some((heading, w)) = &c.wrong { <div class="moment" role="status" data-testid="wrong"><h3>{ *heading }</h3><p>{ w }</p></div> }
            if let Some(w) = &c.won { <div class="said-box right" role="status" data-testid="won"><h3>{ t.learn_won }</h3><p>{ w }</p></div> }
            <div class="go">
                <button type="button" class="onward" data-testid="check" disabled={none} onclick={ask(go, Msg::Behind(BehindMsg::Learn(Ask::Check)))}>
                    { if hands_on { t.learn_check } else { t.learn_try } }</button>
                if c.won.is_some() { { super::onward(go, t.learn_next, Ask::Next, false) } }
            </div>
            { for c.hints.iter().map(|h| html! { <p key={h.clone()} class="hint"><b>{ t.learn_hint }</b>{ " " }{ h }</p> }) }
            if let Some(s) = &c.solution { <p class="hint"><b>{ t.learn_solution }</b>{ " " }{ s }</p>
                if hands_on && c.won.is_none() { <p class="fine">{ t.learn_solution_hint }</p> } }
            <div class="go">
                if c.more_hints { { lesser(go, "hint", t.learn_hint, t.learn_hint, Msg::Behind(BehindMsg::Learn(Ask::Hint))) } }
                else if c.solution.is_none() { { lesser(go, "solve", t.learn_solve, t.learn_solve, Msg::Behind(BehindMsg::Learn(Ask::Solve))) } }
                { lesser(go, "again", t.reset, t.reset, Msg::Behind(BehindMsg::Learn(Ask::Again))) }
            </div>
        </>
    }
}

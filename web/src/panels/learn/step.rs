//! A step: predict, run, compare, explain.

use super::{Terms, choices, lesser, onward, terminal};
use crate::app::msg::{BehindMsg, Msg};
use crate::i18n::{self, Lang};
use crate::learn::Ask;
use crate::learn::open::Phase;
use crate::learn::panel::{After, Belief, StepPanel};
use crate::panels::Go;
use yew::prelude::*;

/// The step, as far as it has come.
pub(super) fn step(s: &StepPanel, terms: &Terms, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    html! {
        <>
            <p class="count">{ i18n::step_of(lang, s.n.0, s.n.1) }if s.poll { <span class="poll" tabindex="0" aria-describedby="poll-hint">{ t.learn_poll }
                <span class="tip" role="tooltip" id="poll-hint">{ t.learn_poll_hint }</span></span> }</p>
            <h2>{ &s.title }</h2>
            { match (s.phase, &s.after) {
                (Phase::Predict, _) => predict(s, terms, lang, go),
                (Phase::Compare, Some(a)) => compare(s, a, terms, lang, go),
                _ => running(s, terms, lang, go),
            } }
            if let Some((command, output)) = &s.twin {
                <details class="twin"><summary>{ t.learn_twin }</summary>{ terminal(command, Some(output)) }</details>
            }
        </>
    }
}

fn predict(s: &StepPanel, terms: &Terms, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let none = !s.options.iter().any(|o| o.chosen);
    html! {
        <>
            <p>{ terms.html(&s.setting) }</p>
            <h3>{ t.learn_predict }</h3>
            <p class="ask">{ terms.html(&s.ask) }</p>
            { choices(go, "options", &s.ask, &s.options, false) }
            <div class="go">{ onward(go, t.learn_run, Ask::Next, none) }</div>
            if none { <p class="fine">{ t.learn_choose_first }</p> }
        </>
    }
}

fn running(s: &StepPanel, terms: &Terms, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let said = s.options.iter().find(|o| o.chosen).map(|o| o.text.clone());
    html! {
        <>
            <div class="said-box"><h3>{ t.learn_you_said }</h3><p>{ said }</p></div>
            <h3>{ t.learn_watch }</h3>
            <p>{ terms.html(&s.watch) }</p>
            if let Some(m) = &s.moment { <div class="moment" data-testid="moment"><h3>{ t.learn_moment }</h3><p>{ m }</p></div> }
            <div class="go">
                if s.phase == Phase::Focus { { onward(go, t.learn_go_on, Ask::Next, false) } }
                { lesser(go, "skip", t.learn_skip, t.learn_skip, Msg::Behind(BehindMsg::Learn(Ask::Skip))) }
            </div>
        </>
    }
}

fn compare(s: &StepPanel, a: &After, terms: &Terms, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let done = a.explain.is_some();
    let class = classes!("said-box", if a.right { "right" } else { "surprise" });
    let tried_wrong = a.reasons.iter().any(|r| r.right == Some(false));
    html! {
        <>
            <div {class} data-testid="said-box"><h3>{ t.learn_you_said }</h3><p>{ &a.said }</p>
                <p class="came">{ if a.right { t.learn_right } else { t.learn_surprise } }</p></div>
            <h3>{ t.learn_happened }</h3>
            <p data-testid="outcome">{ terms.html(&a.outcome) }</p>
            if let Some(n) = &a.note { <p>{ terms.html(n) }</p> }
            { belief(a, lang, go) }
            if let Some(l) = &a.ledger { <p class="fine"><b>{ t.learn_ledger }{ ": " }</b>{ l }</p> }
            <h3>{ t.learn_explain }</h3>
            <p class="ask">{ &a.why }</p>
            { choices(go, "reasons", &a.why, &a.reasons, done) }
            if tried_wrong { <p class="fine" role="status">{ t.learn_not_so }</p> }
            if let Some(e) = &a.explain {
                <p class="explain" data-testid="explain">{ terms.html(e) }</p>
                <div class="go">{ onward(go, t.learn_next, Ask::Next, false) }</div>
            }
            <div class="go">
                { lesser(go, "again", t.learn_again, t.learn_again, Msg::Behind(BehindMsg::Learn(Ask::Again))) }
                if s.playable { { lesser(go, "take", t.learn_take, t.learn_take_hint, Msg::Behind(BehindMsg::TakeScene)) } }
            </div>
        </>
    }
}

/// R19: run my belief.
fn belief(a: &After, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let switch = |name: &str, hint: &str| lesser(go, "belief", name, hint, Msg::Behind(BehindMsg::Learn(Ask::Belief)));
    let words = match &a.belief {
        None => return Html::default(),
        Some(Belief::Offered) => return html! { <div class="go">{ switch(t.learn_belief, t.learn_belief_hint) }</div> },
        Some(Belief::Running) => t.learn_believing,
        Some(Belief::Over(words)) => words.as_str(),
    };
    html! {
        <div class="moment ghost" role="status" data-testid="believed"><h3>{ t.learn_believed }</h3><p>{ words }</p>
            <div class="go">{ switch(t.learn_real_again, t.learn_real_again) }</div></div>
    }
}

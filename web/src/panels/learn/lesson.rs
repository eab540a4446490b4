//! The open lesson beside the stage.

use super::challenge::challenge;
use super::step::step;
use super::{Terms, onward, terminal};
use crate::i18n::Lang;
use crate::learn::Ask;
use crate::learn::panel::{Body, Panel, RealCommand, Stop};
use crate::panels::Go;
use yew::prelude::*;

/// The lesson at its place; a challenge with what one can do to the cluster.
pub fn lesson_panel(panel: &Panel, terms: &Terms, hands: Html, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let stop = |s: &Stop| {
        let class = classes!(s.here.then_some("here"), s.done.then_some("done"));
        html! {
            <li key={s.address.clone()}><a {class} href={s.address.clone()} title={s.name.clone()} aria-label={s.name.clone()}
                aria-current={s.here.then_some("step")}>{ &s.sign }</a></li>
        }
    };
    let body = match &panel.body {
        Body::Intro { question, intro, recall } => html! {
            <>
                <h3>{ t.learn_intro }</h3>
                <p class="big">{ question }</p>
                <p>{ terms.html(intro) }</p>
                if !recall.is_empty() {
                    <h3>{ t.learn_recall }</h3>
                    { for recall.iter().map(|(ask, answer, id)| card(ask, answer, Some(id), lang)) }
                }
                <div class="go">{ onward(go, t.learn_start, Ask::Next, false) }</div>
            </>
        },
        Body::Step(s) => step(s, terms, lang, go),
        Body::Challenge(c) => html! { <>{ challenge(c, terms, lang, go) }{ hands }</> },
        Body::End { real, left_out, cards, next } => html! {
            <>
                <h3>{ t.learn_real }</h3>
                <p class="fine">{ t.learn_real_hint }</p>
                { for real.iter().map(command) }
                <h3>{ t.learn_left_out }</h3>
                <ul class="bullets">{ for left_out.iter().map(|x| html! { <li key={x.clone()}>{ terms.html(x) }</li> }) }</ul>
                <h3>{ t.learn_cards }</h3>
                { for cards.iter().map(|(ask, answer)| card(ask, answer, None, lang)) }
                if let Some((address, title)) = next { <p><a class="next" href={address.clone()}>{ title }{ " →" }</a></p> }
                <p><a class="next" href="#/learn">{ t.learn_all }</a></p>
            </>
        },
    };
    html! {
        <aside class="side learn" id="controls" tabindex="-1" aria-label={panel.title.clone()} data-testid="lesson">
            <nav class="stops" aria-label={t.learn_places}>
                <a class="all" href="#/learn" title={t.learn_all} aria-label={t.learn_all}>{ "‹" }</a>
                <ol>{ for panel.stops.iter().map(stop) }</ol>
            </nav>
            <div class="pane lesson" tabindex="-1">{ body }</div>
        </aside>
    }
}

fn card(ask: &str, answer: &str, lesson: Option<&String>, lang: Lang) -> Html {
    html! {
        <details class="recall" key={ask.to_owned()}><summary>if let Some(id) = lesson { <small>{ id }</small> }{ ask }
            <span class="show">{ lang.text().learn_show_answer }</span></summary><p>{ answer }</p></details>
    }
}

fn command(c: &RealCommand) -> Html {
    html! { <div key={c.command.clone()} class="real"><p>{ &c.remark }</p>{ terminal(&c.command, c.output.as_deref()) }</div> }
}

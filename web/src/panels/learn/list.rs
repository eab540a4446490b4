//! The list of lessons, with progress.

use crate::app::msg::{BehindMsg, Msg};
use crate::i18n::{self, Lang};
use crate::learn::glossary::Glossary;
use crate::learn::panel::Item;
use crate::panels::Go;
use crate::panels::ask;
use crate::panels::terms::words;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The list.
pub fn lesson_list(items: &[Item], glossary: &Glossary, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let item = |i: &Item| {
        let all = i.steps.0 == i.steps.1 && i.won;
        html! {
            <li key={i.id.clone()}><a class={classes!("lesson-card", all.then_some("done"))} href={i.address.clone()} data-testid={format!("lesson-{}", i.id)}>
                <b class="number">{ &i.id }</b>
                <span><strong>{ &i.title }</strong><em>{ &i.question }</em>
                <small>{ i18n::minutes(lang, i.minutes) }{ " · " }{ i18n::steps_done(lang, i.steps.0, i.steps.1) }
                    if i.won { { " · ★ " }{ t.learn_challenge } }</small></span>
            </a></li>
        }
    };
    let file = {
        let go = go.clone();
        Callback::from(move |e: Event| {
            let input = e.target().and_then(|x| x.dyn_into::<HtmlInputElement>().ok());
            if let Some(f) = input.and_then(|i| i.files()).and_then(|l| l.get(0)) {
                go.emit(Msg::Behind(BehindMsg::LoadProgress(f)));
            }
        })
    };
    html! {
        <main class="lessons" key="lessons" id="controls" tabindex="-1">
            <h2>{ t.learn_title }</h2>
            <p class="lead">{ t.learn_lead }</p>
            if items.is_empty() { <p class="fine" role="status">{ t.learn_loading }</p> }
            <ul>{ for items.iter().map(item) }</ul>
            <div class="buttons">
                <button type="button" class="plain" data-testid="export-progress" onclick={ask(go, Msg::Behind(BehindMsg::SaveProgress))}>{ t.learn_export }</button>
                <label class="plain file">{ t.learn_import }<input type="file" accept="application/json,.json" data-testid="import-progress" onchange={file} /></label>
            </div>
            <p class="fine">{ t.learn_local }</p>
            { words(glossary, lang) }
        </main>
    }
}

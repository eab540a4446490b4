//! Help: the keys, how to read the picture, what the words mean.

use super::terms::words;
use super::{Go, ask, icons};
use crate::app::msg::Msg;
use crate::door::Door;
use crate::i18n::Lang;
use crate::learn::glossary::Glossary;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement};
use yew::prelude::*;

/// What it needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Behind which door: each has keys of its own.
    pub door: Door,
    /// Is there a cluster or a lesson for keys to act on?
    pub acts: bool,
    /// What words mean, as far as that is here.
    pub glossary: Glossary,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

type Keys = [(&'static str, &'static str)];

/// The dialog. The browser keeps the focus inside, and gives it back.
#[component]
pub fn Help(p: &Props) -> Html {
    let t = p.lang.text();
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with((), move |()| {
            if let Some(d) = dialog.cast::<HtmlDialogElement>() {
                let _ = d.show_modal();
            }
        });
    }
    let outside = {
        let go = p.go.clone();
        Callback::from(move |e: MouseEvent| {
            let target = e.target().and_then(|x| x.dyn_into::<Element>().ok());
            if target.is_some_and(|x| x.tag_name() == "DIALOG") {
                go.emit(Msg::Help(false));
            }
        })
    };
    let time: &Keys = &[("Space", t.k_space), ("→ PgDn", t.k_right), ("← PgUp", t.k_left), ("R", t.k_reset)];
    let own: &Keys = match p.door {
        Door::Play => &[("1 2 3", t.k_broker), ("C", t.k_controller), ("X", t.k_crash), ("P", t.k_pause)],
        Door::Learn => &[("N", t.k_next), ("1 2 3", t.k_choose), ("P", t.k_predict), ("C", t.k_controller), ("X", t.k_crash)],
        Door::Measure => &[("1 2 3", t.k_measure)],
        Door::Trial => &[],
    };
    let page: &Keys = &[("Tab", t.k_tab), ("D", t.k_door), ("L", t.k_lang), ("T", t.k_theme), ("?", t.k_help), ("Esc", t.k_escape)];
    let keys = if p.acts { [time, own, page].concat() } else { page.to_vec() };
    let read = [t.read_tape, t.read_leader, t.read_tide, t.read_token, t.read_pennant, t.read_model];
    html! {
        <dialog ref={dialog} class="help" aria-label={t.help_title} data-testid="help-dialog" onclick={outside} onclose={ask(&p.go, Msg::Help(false))}>
            <div class="inside">
                <div class="what"><h2>{ t.help_title }</h2>
                    <button type="button" class="square" data-testid="help-close" aria-label={t.close} title={t.close}
                        onclick={ask(&p.go, Msg::Help(false))}>{ icons::cross() }</button></div>
                <div class="two">
                    <section><h3>{ t.help_keys }</h3><dl>
                        { for keys.iter().map(|(k, v)| html! { <div key={*k}><dt><kbd>{ *k }</kbd></dt><dd>{ *v }</dd></div> }) }
                    </dl></section>
                    <section><h3>{ t.help_read }</h3><ul>
                        { for read.iter().map(|s| html! { <li key={*s}>{ *s }</li> }) }
                        <li key="fidelity"><a href={format!("fidelity.html{}", p.door.address())} target="_blank" data-testid="fidelity">{ t.fidelity }</a></li>
                    </ul></section>
                </div>
                { words(&p.glossary, p.lang) }
                <p class="fine">{ t.not_affiliated }</p>
            </div>
        </dialog>
    }
}

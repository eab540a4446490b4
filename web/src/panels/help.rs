//! Help: the keys, and how to read the picture.

use super::{Go, ask, icons};
use crate::app::msg::Msg;
use crate::door::Door;
use crate::i18n::Lang;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

/// What it needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Behind which door: a lesson has keys of its own.
    pub door: Door,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// The overlay. It keeps the focus while it is open.
#[component]
pub fn Help(p: &Props) -> Html {
    let t = p.lang.text();
    let close = use_node_ref();
    {
        let close = close.clone();
        use_effect_with((), move |()| focus(&close));
    }
    let keep = {
        let close = close.clone();
        Callback::from(move |e: KeyboardEvent| {
            if e.key() == "Tab" {
                e.prevent_default();
                focus(&close);
            }
        })
    };
    let own: &[(&str, &str)] = match p.door {
        Door::Learn => &[("N", t.k_next), ("1 2 3", t.k_choose), ("P", t.k_predict), ("X", t.k_crash)],
        _ => &[("1 2 3", t.k_broker), ("X", t.k_crash), ("P", t.k_pause)],
    };
    let time = &[("Space", t.k_space), ("→", t.k_right), ("←", t.k_left), ("R", t.k_reset)];
    let page = &[("Tab", t.k_tab), ("D", t.k_door), ("L", t.k_lang), ("T", t.k_theme), ("?", t.k_help), ("Esc", t.k_escape)];
    let keys = [&time[..], own, page].concat();
    let read = [t.read_tape, t.read_leader, t.read_tide, t.read_token, t.read_pennant, t.read_model];
    html! {
        <div class="veil" onclick={ask(&p.go, Msg::Help(false))}>
            <div class="help" role="dialog" aria-modal="true" aria-label={t.help_title} data-testid="help-dialog"
                onclick={Callback::from(|e: MouseEvent| e.stop_propagation())} onkeydown={keep}>
                <div class="what"><h2>{ t.help_title }</h2>
                    <button ref={close} type="button" class="square" data-testid="help-close" aria-label={t.close} title={t.close}
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
                <p class="fine">{ t.not_affiliated }</p>
            </div>
        </div>
    }
}

fn focus(node: &NodeRef) {
    if let Some(e) = node.get().and_then(|n| n.dyn_into::<HtmlElement>().ok()) {
        let _ = e.focus();
    }
}

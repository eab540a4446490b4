//! What is read and pressed. Pure functions of the facts; they ask the app through [`Go`].

pub mod cards;
pub mod coach;
pub mod events;
pub mod header;
pub mod help;
pub mod icons;
pub mod inspector;
pub mod keep;
pub mod learn;
pub mod ledger;
pub mod legend;
pub mod mark;
pub mod meters;
pub mod people;
pub mod placed;
pub mod terms;
pub mod transport;
pub mod trial;

use crate::app::browser;
use crate::app::msg::Msg;
use crate::i18n::Lang;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

/// Asks the app for something.
pub type Go = Callback<Msg>;

/// A callback that asks for one thing whatever happened.
pub fn ask<E>(go: &Go, msg: Msg) -> Callback<E> {
    let go = go.clone();
    Callback::from(move |_: E| go.emit(msg.clone()))
}

/// Puts a text on the clipboard, and shows a tick then.
pub fn copy_button(text: &'static str, lang: Lang) -> Html {
    let copy = Callback::from(move |e: MouseEvent| {
        if let (true, Some(b)) = (browser::copy(text), e.target().and_then(|x| x.dyn_into::<Element>().ok())) {
            let _ = b.set_attribute("data-copied", "");
        }
    });
    html! { <button type="button" class="plain copy" data-testid="copy" onclick={copy}>{ lang.text().keep_copy }</button> }
}

//! Keeping a scenario: as a link, as a file; and opening a file.

use super::{Go, ask, icons};
use crate::app::browser;
use crate::app::msg::{BehindMsg, Msg};
use crate::i18n::Lang;
use gloo::events::EventListener;
use highwater_core::scenario::NAMES;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{FileReader, HtmlDialogElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// What it shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Title of the scenario.
    pub title: AttrValue,
    /// The whole address.
    pub link: AttrValue,
    /// The scenario as a file.
    pub json: AttrValue,
    /// Name of the file.
    pub file: AttrValue,
    /// Why a file could not be opened.
    pub error: Option<AttrValue>,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// The dialog.
#[component]
pub fn Keep(p: &Props) -> Html {
    let t = p.lang.text();
    let (dialog, field) = (use_node_ref(), use_node_ref());
    let copied = use_state(|| false);
    {
        let (dialog, field) = (dialog.clone(), field.clone());
        use_effect_with((), move |()| {
            // The browser keeps the focus inside, and gives it back.
            if let Some(d) = dialog.cast::<HtmlDialogElement>() {
                let _ = d.show_modal();
            }
            if let Some(f) = field.cast::<HtmlInputElement>() {
                f.select();
            }
        });
    }
    let copy = {
        let (field, copied) = (field.clone(), copied.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some(f) = field.cast::<HtmlInputElement>() {
                f.select();
                copied.set(browser::copy(&f.value()));
            }
        })
    };
    let download = {
        let (json, file) = (p.json.clone(), p.file.clone());
        Callback::from(move |_: MouseEvent| browser::download(&file, &json))
    };
    let open = {
        let go = p.go.clone();
        Callback::from(move |e: Event| read_file(&e, go.clone()))
    };
    let shipped = {
        let go = p.go.clone();
        Callback::from(move |e: Event| open_shipped(&e, go.clone()))
    };
    let keys = Callback::from(|e: KeyboardEvent| {
        // Letters and arrows are for this dialog, not for the page below.
        if e.key() != "Escape" {
            e.stop_propagation();
        }
    });
    html! {
        <dialog ref={dialog} class="keep" aria-label={t.keep_title} data-testid="keep" onkeydown={keys} onclose={ask(&p.go, Msg::CloseKeep)}>
            <div class="what"><h2>{ t.keep_title }</h2>
                <button type="button" class="square" data-testid="keep-close" aria-label={t.close} title={t.close}
                    onclick={ask(&p.go, Msg::CloseKeep)}>{ icons::cross() }</button></div>
            <p class="soft">{ &p.title }</p>
            <h3>{ t.keep_link }</h3>
            <p class="soft">{ t.keep_link_hint }</p>
            <div class="line"><input ref={field} type="text" readonly=true aria-label={t.keep_link} data-testid="keep-link" value={p.link.clone()} />
                <button type="button" class="go" data-testid="keep-copy" onclick={copy}>{ if *copied { t.keep_copied } else { t.keep_copy } }</button></div>
            <h3>{ t.keep_file }</h3>
            <p class="soft">{ t.keep_file_hint }</p>
            <div class="line">
                <button type="button" class="plain" data-testid="keep-download" onclick={download}>{ format!("{} {}", t.keep_download, p.file) }</button>
                <label class="plain file">{ t.keep_open }<input type="file" accept=".json,application/json" data-testid="keep-open" onchange={open} /></label>
            </div>
            <h3>{ t.keep_shipped }</h3>
            <div class="line"><select aria-label={t.keep_shipped} data-testid="keep-shipped" onchange={shipped}>
                <option value="" selected=true>{ t.keep_choose }</option>{ for NAMES.iter().map(|name| html! { <option>{ *name }</option> }) }</select></div>
            if let Some(e) = &p.error { <p class="wrong" role="alert" data-testid="keep-error">{ e }</p> }
        </dialog>
    }
}

/// Loads what was chosen of the scenarios that come with the app.
fn open_shipped(e: &Event, go: Go) {
    let Some(name) = e.target().and_then(|t| t.dyn_into::<HtmlSelectElement>().ok()).map(|s| s.value()).filter(|n| !n.is_empty()) else {
        return;
    };
    spawn_local(async move {
        let came = browser::fetch_texts(&[format!("./scenarios/{name}.json")]).await;
        go.emit(Msg::Behind(match came {
            Ok(texts) => BehindMsg::OpenFile(texts.concat()),
            Err(e) => BehindMsg::NotLoaded(e),
        }));
    });
}

fn read_file(e: &Event, go: Go) {
    let Some(input) = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) else { return };
    let (Some(file), Ok(reader)) = (input.files().and_then(|f| f.get(0)), FileReader::new()) else { return };
    // The same file may be chosen again after it was mended.
    input.set_value("");
    let done = reader.clone();
    EventListener::once(&reader, "load", move |_| {
        go.emit(Msg::Behind(BehindMsg::OpenFile(done.result().ok().and_then(|r| r.as_string()).unwrap_or_default())));
    })
    .forget();
    let _ = reader.read_as_text(&file);
}

//! Measurement files: chosen, dropped, or offered by the server that the page came from. They are read here and go nowhere.

use super::parts::ask;
use crate::app::browser;
use crate::i18n::Lang;
use crate::measure::figures;
use crate::measure::model::{Act, Measure};
use crate::measure::source::Source;
use gloo::events::{EventListener, EventListenerOptions};
use gloo::utils::document;
use highwater_core::cost::measurement::BYTES_MAX;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DragEvent, File, HtmlInputElement};
use yew::platform::spawn_local;
use yew::prelude::*;

/// What a server that has a measurement writes into the page: where it is.
const OFFER: &str = "meta[name=highwater-measurement]";

/// Reads files for the door.
pub struct Files {
    act: Callback<Act>,
    hovering: bool,
    _listeners: Vec<EventListener>,
}

impl Files {
    /// Takes what is dropped anywhere on the page.
    pub fn new(act: Callback<Act>, hover: Callback<bool>) -> Self {
        let on = |name: &'static str, what: Box<dyn Fn(&DragEvent)>| {
            EventListener::new_with_options(&document(), name, EventListenerOptions::enable_prevent_default(), move |e| {
                if let Some(e) = e.dyn_ref::<DragEvent>() {
                    e.prevent_default();
                    what(e);
                }
            })
        };
        let (over, out, dropped) = (hover.clone(), hover.clone(), act.clone());
        let listeners = vec![
            on("dragover", Box::new(move |_| over.emit(true))),
            on(
                "dragleave",
                Box::new(move |e| {
                    // Leaving one element for another is no leaving.
                    if e.related_target().is_none() {
                        out.emit(false);
                    }
                }),
            ),
            on(
                "drop",
                Box::new(move |e| {
                    hover.emit(false);
                    if let Some(file) = e.data_transfer().and_then(|t| t.files()).and_then(|f| f.get(0)) {
                        read(file, dropped.clone());
                    }
                }),
            ),
        ];
        Files { act, hovering: false, _listeners: listeners }
    }

    /// Is a file held over the page?
    pub fn hovering(&self) -> bool {
        self.hovering
    }

    /// Notes whether a file is held over the page; says whether that is news.
    pub fn hover(&mut self, over: bool) -> bool {
        std::mem::replace(&mut self.hovering, over) != over
    }

    /// Asks for what the server offers, if it offers something.
    pub fn offered(&self) {
        let Some(path) = document().query_selector(OFFER).ok().flatten().and_then(|m| m.get_attribute("content")) else { return };
        let act = self.act.clone();
        spawn_local(async move {
            let text = browser::fetch_texts(&[&path]).await;
            act.emit(match text {
                Ok(mut text) => Act::Open(path, text.remove(0), true),
                Err(e) => Act::Unreadable(path, e),
            });
        });
    }

    /// Whose figures are shown, and how to show others.
    pub fn view(&self, m: &Measure, lang: Lang, act: &Callback<Act>) -> Html {
        let w = lang.measure();
        let choose = {
            let act = self.act.clone();
            Callback::from(move |e: Event| {
                let input: HtmlInputElement = e.target_unchecked_into();
                if let Some(file) = input.files().and_then(|f| f.get(0)) {
                    read(file, act.clone());
                }
                // So that the same file can be chosen again after it has changed.
                input.set_value("");
            })
        };
        let (class, whose) = match &m.source {
            Source::Presets => ("whose presets", html! { <b>{ w.presets }</b> }),
            Source::File { name, offered, measurement } => {
                let about = figures::about(measurement, lang);
                let offered = if *offered { format!(" ({})", w.offered) } else { String::new() };
                ("whose", html! { <span title={format!("{name}{offered}")}><b>{ w.measured }{ offered }</b>{ " " }{ about }</span> })
            }
        };
        html! {
            <div class="msource">
                <p {class} data-testid="whose">{ whose }</p>
                if m.source.measurement().is_some() {
                    <button type="button" class="plain" data-testid="to-presets" onclick={ask(act, Act::Presets)}>{ w.to_presets }</button>
                }
                <label class="plain open" title={w.open_hint}>{ w.open_file }
                    <input type="file" accept=".json,application/json" class="hidden" data-testid="open-file" onchange={choose} /></label>
            </div>
        }
    }
}

/// Reads a file and opens it.
fn read(file: File, act: Callback<Act>) {
    let name = file.name();
    if file.size() > BYTES_MAX as f64 {
        let what = format!("is {} bytes long; a measurement file has at most {BYTES_MAX}", file.size());
        return act.emit(Act::Unreadable(name, what));
    }
    spawn_local(async move {
        let text = JsFuture::from(file.text()).await;
        act.emit(match text {
            Ok(text) => Act::Open(name, text.as_string().unwrap_or_default(), false),
            Err(e) => Act::Unreadable(name, browser::said(&e)),
        });
    });
}

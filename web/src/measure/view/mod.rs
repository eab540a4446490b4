//! Shows the door and takes what people do. What moves is SVG of at most a few hundred shapes; it is drawn anew only while time goes on.

mod cache;
pub mod copies;
pub mod disk;
mod files;
pub mod parts;

use super::model::{Act, Measure, Tab};
use super::source::Source;
use crate::app::browser;
use crate::app::playback::Playback;
use crate::i18n::Lang;
use crate::panels::copy_button;
use files::Files;
use gloo::events::{EventListener, EventListenerOptions};
use gloo::utils::document;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

/// What measures everything that the door can show.
const MEASURE: &str = "highwater bench all --json mine.json";

/// The door's state, kept by the app while other doors are open.
#[derive(Clone, Default)]
pub struct Kept(Rc<RefCell<Measure>>);

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Kept {
    /// Where the door's figures come from.
    pub fn source(&self) -> Source {
        self.0.borrow().source.clone()
    }
}

/// What the door is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Language.
    pub lang: Lang,
    /// The state.
    pub kept: Kept,
}

/// The Measure door.
pub struct MeasureDoor {
    files: Files,
    /// The time of the frame before; none while nothing plays.
    last_ms: Rc<Cell<Option<f64>>>,
    frames: Option<Playback>,
    _keys: EventListener,
}

/// Something for the door to do.
pub enum Msg {
    /// Somebody did something.
    Act(Act),
    /// A frame of the screen: so many ms since the one before.
    Frame(f64),
    /// A file is dragged over the page, or no more.
    Hover(bool),
}

impl Component for MeasureDoor {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let act = ctx.link().callback(Msg::Act);
        let hover = ctx.link().callback(Msg::Hover);
        let files = Files::new(act.clone(), hover);
        if ctx.props().kept.0.borrow().source.measurement().is_none() {
            files.offered();
        }
        MeasureDoor { files, last_ms: Rc::default(), frames: None, _keys: keys(act) }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let mut m = ctx.props().kept.0.borrow_mut();
        match msg {
            Msg::Act(a) => m.act(a),
            Msg::Frame(ms) => m.tick(ms),
            Msg::Hover(over) => return self.files.hover(over),
        }
        let playing = m.playing();
        drop(m);
        if playing != self.frames.is_some() {
            self.last_ms.set(None);
            self.frames = playing.then(|| self.play(ctx));
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        let m = ctx.props().kept.0.borrow();
        let act = ctx.link().callback(Msg::Act);
        let still = browser::reduced_motion();
        let scene = match m.tab {
            Tab::Disk => disk::view(&m, lang, still, &act),
            Tab::Cache => cache::view(&m, lang, &act),
            Tab::Copies => copies::view(&m, lang, still, &act),
        };
        html! {
            <main class="measure" id="measure" data-testid="measure">
                { bar(&m, lang, &act, &self.files) }
                if m.source.measurement().is_none() {
                    <p class="mhow" data-testid="how">{ lang.measure().how }{ " " }<code>{ MEASURE }</code>{ copy_button(MEASURE, lang) }
                        <span>{ lang.measure().how_then }</span></p>
                }
                if let Some((name, why)) = &m.refused {
                    <p class="refused" role="alert" data-testid="refused"><b>{ lang.measure().cant_read }{ " " }{ name }</b>{ ": " }{ why }
                        <button type="button" class="square" aria-label={lang.measure().close} onclick={parts::ask(&act, Act::Dismiss)}>{ "×" }</button></p>
                }
                { scene }
                if self.files.hovering() { <div class="drop">{ lang.measure().drop_here }</div> }
            </main>
        }
    }

    fn destroy(&mut self, ctx: &Context<Self>) {
        self.frames = None;
        let mut m = ctx.props().kept.0.borrow_mut();
        if m.playing() {
            m.act(Act::Toggle);
        }
    }
}

impl MeasureDoor {
    fn play(&self, ctx: &Context<Self>) -> Playback {
        let link = ctx.link().clone();
        let last = self.last_ms.clone();
        Playback::start(move |now_ms| {
            // After a pause of the page, time goes on from where it was.
            let ms = last.replace(Some(now_ms)).map_or(0.0, |l| (now_ms - l).clamp(0.0, 200.0));
            link.send_message(Msg::Frame(ms));
        })
    }
}

/// Scenes to choose, and where the figures come from.
fn bar(m: &Measure, lang: Lang, act: &Callback<Act>, files: &Files) -> Html {
    let w = lang.measure();
    let name = |t: Tab| match t {
        Tab::Disk => w.tab_disk,
        Tab::Cache => w.tab_cache,
        Tab::Copies => w.tab_copies,
    };
    let tab = |t: &Tab| {
        html! {
            <button key={t.word()} type="button" role="tab" aria-selected={(*t == m.tab).to_string()} data-testid={format!("tab-{}", t.word())}
                onclick={parts::ask(act, Act::Show(*t))}>{ name(*t) }</button>
        }
    };
    html! {
        <div class="mbar">
            <div class="tabs" role="tablist" aria-label={w.tabs}>{ for Tab::ALL.iter().map(tab) }</div>
            { files.view(m, lang, act) }
        </div>
    }
}

/// Keys of the door: the rest of the page has its own.
fn keys(act: Callback<Act>) -> EventListener {
    EventListener::new_with_options(&document(), "keydown", EventListenerOptions::enable_prevent_default(), move |e| {
        let Some(e) = e.dyn_ref::<KeyboardEvent>() else { return };
        if e.ctrl_key() || e.alt_key() || e.meta_key() || browser::by_id("help-open").is_some() {
            return;
        }
        let target = e.target().and_then(|t| t.dyn_into::<Element>().ok());
        let on = |selector: &str| target.as_ref().is_some_and(|t| t.closest(selector).ok().flatten().is_some());
        let asked = match e.key().as_str() {
            _ if on("input, select, textarea") => None,
            " " if !on("button, a, summary, label") => Some(Act::Toggle),
            "ArrowRight" | "PageDown" => Some(Act::Forward),
            "ArrowLeft" | "PageUp" => Some(Act::Back),
            "r" | "R" => Some(Act::Reset),
            "1" => Some(Act::Show(Tab::Disk)),
            "2" => Some(Act::Show(Tab::Cache)),
            "3" => Some(Act::Show(Tab::Copies)),
            _ => None,
        };
        if let Some(a) = asked {
            e.prevent_default();
            act.emit(a);
        }
    })
}

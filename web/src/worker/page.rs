//! The page's end of the worker.

use crate::trial::wire::{Task, Tell};
use gloo::events::EventListener;
use gloo::utils::document;
use highwater_core::json::{decode, encode};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, HtmlLinkElement, MessageEvent, Worker, WorkerOptions, WorkerType};

/// Where the worker's script lies, seen from the page.
const SCRIPT: &str = "./worker.js";

/// A search that runs. Dropping it ends it.
pub struct Searcher {
    worker: Worker,
    _listeners: [EventListener; 2],
}

impl Searcher {
    /// Starts a worker and gives it the task; `hear` gets what it tells.
    ///
    /// # Errors
    /// What the browser says.
    pub fn start(task: &Task, hear: impl Fn(Tell) + Clone + 'static) -> Result<Self, String> {
        let script = script().ok_or("the address of the app's script is not known")?;
        let text = encode(task);
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(SCRIPT, &options).map_err(words)?;
        let listeners = [listen(&worker, text, hear.clone()), complain(&worker, hear)];
        let first = js_sys::Object::new();
        let set = |name: &str, value: &JsValue| js_sys::Reflect::set(&first, &name.into(), value);
        set("script", &script.into()).map_err(words)?;
        // Compiled once: what both need is not downloaded again.
        set("module", &wasm_bindgen::module()).map_err(words)?;
        worker.post_message(&first).map_err(words)?;
        Ok(Searcher { worker, _listeners: listeners })
    }
}

impl Drop for Searcher {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// The address of the app's own script, as the page preloads it.
fn script() -> Option<String> {
    let link = document().query_selector("link[rel=modulepreload]").ok().flatten()?;
    Some(link.dyn_into::<HtmlLinkElement>().ok()?.href())
}

fn listen(worker: &Worker, task: String, hear: impl Fn(Tell) + 'static) -> EventListener {
    let to = worker.clone();
    EventListener::new(worker, "message", move |e| {
        let text = e.dyn_ref::<MessageEvent>().and_then(|e| e.data().as_string()).unwrap_or_default();
        match decode(&text) {
            // Now somebody listens there.
            Ok(Tell::Ready) => {
                if let Err(e) = to.post_message(&JsValue::from_str(&task)) {
                    hear(Tell::Died { what: words(e) });
                }
            }
            Ok(tell) => hear(tell),
            Err(e) => hear(Tell::Died { what: e.to_string() }),
        }
    })
}

/// The script could not be loaded, or the module died.
fn complain(worker: &Worker, hear: impl Fn(Tell) + 'static) -> EventListener {
    let options = gloo::events::EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(worker, "error", options, move |e| {
        e.prevent_default();
        let what = e.dyn_ref::<ErrorEvent>().map(|e| e.message()).filter(|m| !m.is_empty());
        hear(Tell::Died { what: what.unwrap_or_else(|| format!("{SCRIPT} can't be loaded")) });
    })
}

fn words(e: JsValue) -> String {
    js_sys::Error::from(e).message().into()
}

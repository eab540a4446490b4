//! The search, off the page's thread: the same modules as the page's, started by `assets/worker.js`. Messages are JSON.
//!
//! A worker carries out one task and is then ended by the page: ending it is also how a search is cancelled, and the only
//! way to give its memory back.

mod page;

use crate::app::behind::{self, Missing};
use crate::trial::wire::{Tell, carry_out};
use highwater_core::json::{decode, encode};
pub use page::Searcher;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// Is this a worker, not the page?
pub fn is_here() -> bool {
    js_sys::global().has_type::<DedicatedWorkerGlobalScope>()
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn tell(what: &Tell) {
    // Nobody listens any more only while the page goes away.
    let _ = scope().post_message(&JsValue::from_str(&encode(what)));
}

/// Begins in the worker: what searches has to be fetched.
pub fn start() {
    std::panic::set_hook(Box::new(|info| tell(&Tell::Died { what: info.to_string() })));
    spawn_local(async {
        match behind::fetch().await {
            Ok(behind) => (behind.work)(),
            Err(Missing) => tell(&Tell::Died { what: "the search can't be loaded; is the server still there?".into() }),
        }
    });
}

/// Waits for a task.
pub fn work() {
    let listen = Closure::<dyn Fn(MessageEvent)>::new(|e: MessageEvent| {
        let text = e.data().as_string().unwrap_or_default();
        match decode(&text) {
            Ok(task) => carry_out(task, js_sys::Date::now, |t| tell(&t)),
            Err(e) => tell(&Tell::Died { what: format!("the task can't be read: {e}") }),
        }
    });
    scope().set_onmessage(Some(listen.as_ref().unchecked_ref()));
    listen.forget(); // as long as the worker
    tell(&Tell::Ready);
}

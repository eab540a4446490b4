//! When the app dies, the plain page of `index.html` gives the scenario back.

use super::browser::{self, keys};
use std::cell::RefCell;
use wasm_bindgen::JsCast;

thread_local! {
    /// The running scenario, kept apart so that it can be read whatever the app was doing when it died.
    static SCENARIO: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Remembers the running scenario.
pub fn remember(json: String) {
    SCENARIO.with(|s| *s.borrow_mut() = json);
}

/// From now on a panic fills the plain page, whose script then shows it.
pub fn install() {
    // Yew's own would replace any other when the app is rendered.
    yew::set_custom_panic_hook(Box::new(|info| {
        let json = SCENARIO.with(|s| s.try_borrow().map(|s| s.clone()).unwrap_or_default());
        if let Some(area) = browser::by_id("fatal-scenario").and_then(|e| e.dyn_into::<web_sys::HtmlTextAreaElement>().ok()) {
            area.set_value(&json);
        }
        if let Some(detail) = browser::by_id("fatal-detail") {
            detail.set_text_content(Some(&info.to_string()));
        }
        // The next start begins afresh rather than dying of the same scene again.
        browser::keep(keys::DIED, "1");
    }));
}

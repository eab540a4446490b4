//! The little that the app needs of the browser: sizes, styles, storage. Everything fails soft.

use gloo::utils::{document, document_element, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Response};

/// Where things are kept; the page's own origin only.
pub mod keys {
    /// The scene.
    pub const SCENE: &str = "highwater.scene";
    /// What is on trial.
    pub const TRIAL: &str = "highwater.trial";
    /// The language.
    pub const LANG: &str = "highwater.lang";
    /// The colours.
    pub const THEME: &str = "highwater.theme";
    /// The coach was listened to.
    pub const COACHED: &str = "highwater.coached";
    /// What was learned.
    pub const PROGRESS: &str = "highwater.progress";
    /// The app died on the kept scene.
    pub const DIED: &str = "highwater.died";
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// A kept word.
pub fn recall(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Keeps a word; a full or forbidden storage is no error.
pub fn keep(key: &str, value: &str) {
    if let Some(s) = storage() {
        let _ = s.set_item(key, value);
    }
}

/// Forgets a word.
pub fn forget(key: &str) {
    if let Some(s) = storage() {
        let _ = s.remove_item(key);
    }
}

/// The value of a custom property of the style sheet.
pub fn css(name: &str) -> String {
    window()
        .get_computed_style(&document_element())
        .ok()
        .flatten()
        .and_then(|s| s.get_property_value(name).ok())
        .map(|v| v.trim().to_owned())
        .unwrap_or_default()
}

/// Root font size in px / 16.
pub fn unit() -> f64 {
    let px = css("font-size");
    let (whole, part) = px.trim_end_matches("px").split_once('.').unwrap_or((px.trim_end_matches("px"), "0"));
    let number = |digits: &str| digits.parse::<u32>().ok().map(f64::from);
    let thousandths: String = part.chars().chain("000".chars()).take(3).collect();
    match (number(whole), number(&thousandths)) {
        (Some(w), Some(t)) => (w + t / 1000.0) / 16.0,
        _ => 1.0,
    }
}

/// Device pixels in a CSS pixel.
pub fn dpr() -> f64 {
    window().device_pixel_ratio().clamp(0.5, 4.0)
}

/// Does a media query hold?
pub fn media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|m| m.matches())
}

/// Are people asking for less motion?
pub fn reduced_motion() -> bool {
    media("(prefers-reduced-motion: reduce)")
}

/// Real time in ms.
pub fn now_ms() -> f64 {
    window().performance().map_or(0.0, |p| p.now())
}

/// The first language of the browser.
pub fn language() -> String {
    window().navigator().language().unwrap_or_default()
}

/// Sets an attribute of `<html>`.
pub fn set_root(name: &str, value: &str) {
    let _ = document_element().set_attribute(name, value);
}

/// Width and height of an element.
pub fn size_of(e: &Element) -> (f64, f64) {
    let r = e.get_bounding_client_rect();
    (r.width(), r.height())
}

/// The fragment of the address.
pub fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}

/// Goes to an address in the fragment, as a click on a link does.
pub fn go_to(fragment: &str) {
    let _ = window().location().set_hash(fragment);
}

/// Puts another fragment into the address bar, without a step in the history.
pub fn readdress(fragment: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(fragment));
    }
}

/// The address without its fragment.
pub fn address() -> String {
    let href = window().location().href().unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}

/// Puts text on the clipboard. False where the browser does not let pages do that: then it is selected at least.
pub fn copy(text: &str) -> bool {
    if !window().is_secure_context() {
        return false;
    }
    // What comes of it is not waited for; a refusal is no news.
    let _ = window().navigator().clipboard().write_text(text);
    true
}

/// Has this element the focus?
pub fn has_focus(id: &str) -> bool {
    document().active_element().is_some_and(|e| e.id() == id)
}

/// Gives an element the focus.
pub fn focus(id: &str) {
    if let Some(e) = by_id(id).and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = e.focus();
    }
}

/// The element with this id.
pub fn by_id(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

/// Focuses the first thing that fits a selector.
pub fn focus_first(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(e) = found.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = e.focus();
    }
}

/// Scrolls an element back to its top.
pub fn scroll_to_top(selector: &str) {
    if let Some(e) = document().query_selector(selector).ok().flatten() {
        e.set_scroll_top(0);
    }
}

/// Gives a text to the person as a file.
pub fn download(name: &str, text: &str) {
    let file = gloo::file::Blob::new_with_options(text, Some("application/json"));
    let url = gloo::file::ObjectUrl::from(file);
    let Ok(link) = document().create_element("a") else { return };
    let _ = link.set_attribute("href", &url);
    let _ = link.set_attribute("download", name);
    if let Ok(link) = link.dyn_into::<web_sys::HtmlElement>() {
        link.click();
    }
}

/// Brings the last thing that fits a selector into sight.
pub fn reveal(selector: &str) {
    let all = document().query_selector_all(selector).ok();
    let last = all.and_then(|l| l.item(l.length().checked_sub(1)?));
    if let Some(e) = last.and_then(|n| n.dyn_into::<Element>().ok()) {
        e.scroll_into_view_with_bool(false);
    }
}

/// The texts of files of this site, in this order. All are asked for at once.
///
/// # Errors
/// What the browser or the server says of the first that can't be had.
pub async fn fetch_texts<S: AsRef<str>>(paths: &[S]) -> Result<Vec<String>, String> {
    let asked: Vec<_> = paths.iter().map(|p| window().fetch_with_str(p.as_ref())).collect();
    let mut texts = Vec::new();
    for (path, answer) in paths.iter().zip(asked) {
        let text = text_of(answer).await.map_err(|e| format!("{}: {}", path.as_ref(), said(&e)))?;
        texts.push(text);
    }
    Ok(texts)
}

async fn text_of(answer: js_sys::Promise) -> Result<String, JsValue> {
    let answer: Response = JsFuture::from(answer).await?.dyn_into()?;
    if !answer.ok() {
        return Err(JsValue::from_str(&answer.status_text()));
    }
    Ok(JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default())
}

/// What the browser says of an error.
pub fn said(e: &JsValue) -> String {
    e.as_string().or_else(|| e.dyn_ref::<js_sys::Error>().map(|e| String::from(e.message()))).unwrap_or_else(|| format!("{e:?}"))
}

//! A box at a place on the stage. Set through the CSSOM: the policy of the page forbids style attributes.

use crate::scene::geometry::{Rect, decimal};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Place, looks and contents.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Where.
    pub at: Rect,
    /// Classes.
    pub class: Classes,
    /// What a click on it selects: a word for `data-select`.
    #[prop_or_default]
    pub select: Option<AttrValue>,
    /// Its name for tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
    /// Its name for those who do not see it.
    #[prop_or_default]
    pub label: Option<AttrValue>,
    /// Contents.
    #[prop_or_default]
    pub children: Html,
}

/// A placed box.
#[component]
pub fn Placed(p: &Props) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(p.at, move |r| {
            if let Some(style) = node.get().and_then(|n| n.dyn_into::<HtmlElement>().ok()).map(|e| e.style()) {
                for (name, value) in [("left", r.x), ("top", r.y), ("width", r.w), ("height", r.h)] {
                    let _ = style.set_property(name, &format!("{}px", decimal(value)));
                }
            }
        });
    }
    html! {
        <section ref={node} class={classes!("placed", p.class.clone())} data-select={p.select.clone()}
            data-testid={p.testid.clone()} aria-label={p.label.clone()}>
            { p.children.clone() }
        </section>
    }
}

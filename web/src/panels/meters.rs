//! Metrics under the names that Kafka's JMX beans have.

use crate::facts::meters::{Bean, HIGH, Meter, Sheet, WIDE};
use crate::i18n::Lang;
use yew::prelude::*;

/// The metrics of the selected thing.
pub fn meters(title: &str, sheet: &Sheet, lang: Lang) -> Html {
    let t = lang.text();
    html! {
        <div class="inspector meters" data-testid="meters">
            <div class="what"><h2>{ title }</h2></div>
            if let Some(f) = &sheet.fault { <p class="none" data-testid="meters-fault">{ t.meters_fault }{ " " }<b>{ f }</b></p> }
            if sheet.beans.is_empty() { <p class="none">{ t.meters_none }</p> }
            { for sheet.beans.iter().map(|b| bean(b, lang)) }
        </div>
    }
}

fn bean(b: &Bean, lang: Lang) -> Html {
    html! {
        <section key={b.name.clone()}>
            <h3><code>{ broken(&b.name) }</code></h3>
            <dl>{ for b.meters.iter().map(|m| meter(m, lang)) }</dl>
        </section>
    }
}

fn meter(m: &Meter, lang: Lang) -> Html {
    let (t, (name, tags)) = (lang.text(), m.name.split_once(',').unwrap_or((&m.name, "")));
    html! {
        <div key={m.name.clone()} class={classes!("row", m.before.is_some().then_some("differs"))}>
            <dt><code>{ broken(name) }</code>{ for tags.split_terminator(',').map(|tag| html! { <small>{ tag.to_owned() }</small> }) }</dt>
            if !m.course.is_empty() {
                <svg viewBox={format!("0 0 {WIDE} {}", HIGH + 1)} preserveAspectRatio="none" aria-hidden="true"><polyline points={m.course.clone()} /></svg>
            }
            <dd>{ &m.value }if let Some(b) = &m.before { <small>{ t.meters_before }{ " " }{ b }</small> }</dd>
        </div>
    }
}

/// A long name breaks after its dots, colons and commas, and between its words.
fn broken(name: &str) -> Html {
    let mut parts: Vec<Html> = Vec::new();
    let mut from = 0;
    for (i, pair) in name.as_bytes().windows(2).enumerate() {
        if b".:,=-".contains(&pair[0]) || (pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()) {
            parts.push(html! { <>{ name[from..=i].to_owned() }<wbr /></> });
            from = i + 1;
        }
    }
    html! { <>{ for parts }{ name[from..].to_owned() }</> }
}

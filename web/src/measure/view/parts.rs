//! Small things that all scenes share.

use crate::i18n::Lang;
use crate::measure::model::Act;
use crate::panels::icons;
use yew::prelude::*;

/// A callback that does one thing whatever happened.
pub fn ask<E>(act: &Callback<Act>, what: Act) -> Callback<E> {
    let act = act.clone();
    Callback::from(move |_: E| act.emit(what.clone()))
}

/// Things of which one is chosen.
pub fn choices<T: PartialEq + Copy>(name: &str, all: &[(T, String)], now: T, id: &str, act: impl Fn(T) -> Callback<MouseEvent>) -> Html {
    let one = |(i, (value, label)): (usize, &(T, String))| {
        html! {
            <button key={i} type="button" aria-pressed={(*value == now).to_string()} data-testid={format!("{id}-{i}")} onclick={act(*value)}>{ label }</button>
        }
    };
    html! {
        <div class="choice" role="group" aria-label={name.to_string()}><span>{ name }</span>{ for all.iter().enumerate().map(one) }</div>
    }
}

/// Play, steps, from the beginning; and what is seen, in a sentence that is also spoken while nothing plays.
pub fn transport(playing: bool, back: bool, said: &str, lang: Lang, act: &Callback<Act>) -> Html {
    let w = lang.measure();
    let play = if playing { w.pause } else { w.play };
    html! {
        <div class="mtime" id="controls" tabindex="-1">
            <div class="controls" title={w.keys_hint}>
                <button type="button" class="round" aria-label={w.reset} title={w.reset} data-testid="m-reset" onclick={ask(act, Act::Reset)}>{ icons::reset() }</button>
                if back {
                    <button type="button" class="round" aria-label={w.back} title={w.back} data-testid="m-back" onclick={ask(act, Act::Back)}>{ icons::left() }</button>
                }
                <button type="button" class="round primary" aria-label={play} title={play} data-testid="m-play" onclick={ask(act, Act::Toggle)}>
                    { if playing { icons::pause() } else { icons::play() } }</button>
                <button type="button" class="round" aria-label={w.forward} title={w.forward} data-testid="m-forward" onclick={ask(act, Act::Forward)}>{ icons::right() }</button>
            </div>
            <p class="msaid" data-testid="m-said" aria-live={if playing { "off" } else { "polite" }}>{ said }</p>
        </div>
    }
}

/// A chart in its card.
pub fn chart(title: &str, svg: String, alternative: &str, below: Html) -> Html {
    html! {
        <section class="mcard" aria-label={title.to_string()}>
            <h2 data-testid="chart-title">{ title }</h2>
            <div class="chart" role="img" aria-label={alternative.to_string()}>{ Html::from_html_unchecked(AttrValue::from(svg)) }</div>
            { below }
        </section>
    }
}

/// The rows of a chart, for those who don't see it.
pub fn spoken(rows: &[crate::measure::figures::Row]) -> String {
    use crate::measure::figures::End;
    use crate::measure::units::{figure, times};
    let row = |r: &crate::measure::figures::Row| {
        let other = r.other.map_or(String::new(), |o| format!(" : {}", figure(o)));
        let end = match &r.end {
            End::Times(x) => times(*x),
            End::Text(t) => t.clone(),
        };
        format!("{} {} {}{other}, {end}", r.name, r.note, figure(r.value))
    };
    rows.iter().map(row).collect::<Vec<_>>().join("; ")
}

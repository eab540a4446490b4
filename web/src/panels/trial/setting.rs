//! What is on trial: configuration, bounds, promises, limits.

use crate::app::msg::{BehindMsg, Msg, TrialMsg};
use crate::i18n::{self, Lang};
use crate::panels::{Go, ask};
use crate::trial::sheet::{BoundFacts, KnobFacts, PromiseFacts, Sheet};
use crate::trial::{MEGABYTES, MOST, STATES};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// A request to the door.
fn please<E>(go: &Go, msg: TrialMsg) -> Callback<E> {
    ask(go, Msg::Behind(BehindMsg::Trial(msg)))
}

/// A select's choice as a request.
fn chosen(go: &Go, make: impl Fn(String) -> Option<TrialMsg> + 'static) -> Callback<Event> {
    let go = go.clone();
    Callback::from(move |e: Event| {
        let value = e.target().and_then(|x| x.dyn_into::<HtmlSelectElement>().ok()).map(|s| s.value());
        if let Some(m) = value.and_then(&make) {
            go.emit(Msg::Behind(BehindMsg::Trial(m)));
        }
    })
}

/// The left side.
pub fn setting(s: &Sheet, picked: Option<&str>, lang: Lang, go: &Go) -> Html {
    let t = lang.trial();
    html! {
        <section class="sheet setting" aria-label={t.on_trial}>
            <div class="scrolls" tabindex="-1">
                <h2>{ t.on_trial }</h2>
                { pick(s, picked, lang, go) }
                <div class="also"><p class="shape">{ &s.shape }</p>
                <button type="button" class="plain" data-testid="from-play" title={t.from_play_hint}
                    onclick={please(go, TrialMsg::FromPlay)}>{ t.from_play }</button></div>
                <div class="knobs">{ for s.knobs.iter().map(|k| knob(k, go)) }</div>
                <h3>{ t.may_happen }</h3>
                { for s.bounds.iter().map(|b| bound(b, lang, go)) }
                <h3>{ t.must_never }</h3>
                { for s.promises.iter().map(|x| promise(x, go)) }
                <h3>{ t.limits }</h3>
                { limits(s, lang, go) }
            </div>
            <div class="foot" id="controls" tabindex="-1">
                <button type="button" class="go" data-testid="search" aria-disabled={s.running.to_string()}
                    onclick={if s.running { Callback::noop() } else { please(go, TrialMsg::Search) }}>
                    { if s.running { t.searching } else { t.search } }</button>
                if s.running {
                    <button type="button" class="plain" data-testid="cancel" onclick={please(go, TrialMsg::Cancel)}>{ t.cancel }</button>
                }
            </div>
        </section>
    }
}

fn pick(s: &Sheet, picked: Option<&str>, lang: Lang, go: &Go) -> Html {
    let t = lang.trial();
    // Before the shipped ones are loaded, what is on trial is all that there is.
    let unlisted = picked.is_none() || s.shipped.is_empty();
    let title = match (picked, s.title.as_str()) {
        (Some(_), title) => title.to_owned(),
        (None, "") => t.pick_own.to_owned(),
        (None, title) => format!("{title} ({})", t.pick_own),
    };
    let option = |(name, title): &(&'static str, String)| {
        let on = picked == Some(*name);
        html! { <option key={*name} value={*name} selected={on}>{ title.clone() }</option> }
    };
    html! {
        <label class="pick"><span class="hidden">{ t.pick }</span>
            <select data-testid="pick" onchange={chosen(go, |v| (!v.is_empty()).then_some(TrialMsg::Pick(v)))}>
                if unlisted { <option key="" value="" selected=true>{ title }</option> }
                { for s.shipped.iter().map(option) }
            </select></label>
    }
}

fn knob(k: &KnobFacts, go: &Go) -> Html {
    let option = |(value, word): &(String, String)| {
        html! {
            <button key={value.clone()} type="button" aria-pressed={(*value == k.value).to_string()} data-testid={format!("knob-{}-{value}", k.name)}
                onclick={please(go, TrialMsg::Turn(k.knob, value.clone()))}>{ word }</button>
        }
    };
    html! {
        <div key={k.name} class="choice tipped" role="group" aria-label={k.name}>
            { name(k.name, k.code) }
            { for k.options.iter().map(option) }
            <span class="tip" role="tooltip">{ k.hint }</span>
        </div>
    }
}

/// A name; Kafka's own ones break after their dots.
pub(super) fn name(text: &str, code: bool) -> Html {
    if !code {
        return html! { <span class="word">{ text.to_owned() }</span> };
    }
    let parts: Vec<Html> = text.split_inclusive('.').map(|part| html! { <>{ part.to_owned() }<wbr /></> }).collect();
    html! { <code>{ for parts }</code> }
}

fn bound(b: &BoundFacts, lang: Lang, go: &Go) -> Html {
    let t = lang.trial();
    // Without a record there is nothing to try.
    let least = u8::from(b.i == 0);
    let step = |word: &str, sign: &'static str, n: u8, on: bool, id: &str| {
        html! {
            <button type="button" class="step" aria-label={format!("{}: {word}", b.name)} disabled={!on} data-testid={format!("bound-{}-{id}", b.i)}
                onclick={please(go, TrialMsg::Bound(b.i, n))}>{ sign }</button>
        }
    };
    html! {
        <div key={b.i} class="bound tipped" role="group" aria-label={b.name}>
            <span class="word">{ b.name }</span>
            { step(t.less, "−", b.n.saturating_sub(1), b.n > least, "less") }
            <output data-testid={format!("bound-{}", b.i)}>{ b.n }</output>
            { step(t.more, "+", b.n.saturating_add(1), b.n < MOST, "more") }
            <span class="tip" role="tooltip">{ b.hint }</span>
        </div>
    }
}

fn promise(x: &PromiseFacts, go: &Go) -> Html {
    let (go, property) = (go.clone(), x.property);
    let onchange = Callback::from(move |e: Event| {
        if let Some(input) = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) {
            let on = input.checked();
            go.emit(Msg::Behind(BehindMsg::Trial(TrialMsg::LookFor(property, on))));
        }
    });
    let id = format!("exactly-{}", x.property.name());
    html! {
        <div key={x.property.name()} class="promise tipped">
            <label><input type="checkbox" checked={x.on} {onchange} aria-describedby={id.clone()} data-testid={format!("promise-{}", x.property.name())} />
                <span>{ x.name }</span></label>
            <span class="tip" role="tooltip" {id}>{ x.exactly }</span>
        </div>
    }
}

fn limits(s: &Sheet, lang: Lang, go: &Go) -> Html {
    let t = lang.trial();
    let options = |usual: &[u64], now: u64, word: &dyn Fn(u64) -> String| -> Html {
        let odd = (!usual.contains(&now)).then_some(now);
        let all = odd.into_iter().chain(usual.iter().copied());
        all.map(|n| html! { <option key={n} value={n.to_string()} selected={n == now}>{ word(n) }</option> }).collect()
    };
    let states = chosen(go, |v| v.parse().ok().map(TrialMsg::States));
    let memory = chosen(go, |v| v.parse::<u64>().ok().map(|mb| TrialMsg::Memory(mb << 20)));
    html! {
        <div class="limits">
            <label><span>{ t.limit_states }</span><select data-testid="limit-states" onchange={states}>
                { options(&STATES, s.states, &i18n::grouped) }</select></label>
            <label><span>{ t.limit_memory }</span><select data-testid="limit-memory" onchange={memory}>
                { options(&MEGABYTES, s.megabytes, &|n| format!("{n} MB")) }</select></label>
        </div>
    }
}

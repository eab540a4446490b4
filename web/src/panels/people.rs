//! Cards of producers and consumer groups.

use super::mark::KeyMark;
use super::placed::Placed;
use super::{Go, ask, icons};
use crate::app::msg::Msg;
use crate::facts::inspect::Owner;
use crate::facts::people::{GroupFacts, MemberFacts, ProducerFacts};
use crate::i18n::Lang;
use crate::scene::geometry::Rect;
use crate::session::select::Selection;
use highwater_core::ids::Offset;
use highwater_core::scenario::Do;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// A producer's card.
#[derive(Properties, PartialEq)]
pub struct ProducerProps {
    /// Its facts.
    pub facts: ProducerFacts,
    /// Root font size in px.
    pub rem: f64,
    /// Where.
    pub at: Rect,
    /// Is it selected?
    pub selected: bool,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// A producer: acks, what waits, what is out, and a button to send.
#[component]
pub fn ProducerCard(p: &ProducerProps) -> Html {
    let (t, f) = (p.lang.text(), &p.facts);
    // The choice of a topic needs a row of its own.
    let tight = p.at.h < if f.topics.len() > 1 { 15.5 } else { 13.0 } * p.rem;
    let class = classes!("card", "producer", tight.then_some("tight"), p.selected.then_some("selected"));
    html! {
        <Placed at={p.at} {class} select={format!("producer-{}", f.id)} testid={format!("producer-{}", f.id)} label={f.name.clone()}>
            <div class="head"><button type="button" class="name" aria-pressed={p.selected.to_string()}
                onclick={ask(&p.go, Msg::Select(Selection::Producer(f.id)))}>{ &f.name }</button></div>
            <p class="status">{ t.producer }</p>
            <AcksChoice name={f.name.clone()} value={f.acks} lang={p.lang} go={p.go.clone()} />
            <div class="well" title={t.batch_waits}>
                if f.waiting.is_empty() {
                    <span class="none">{ t.nothing_waits }</span>
                }
                { for f.waiting.iter().enumerate().map(|(i, m)| html! { <KeyMark key={i} mark={*m} /> }) }
                if f.more > 0 { <span class="more">{ format!("+{}", f.more) }</span> }
                if let Some(percent) = f.linger {
                    <progress class="linger" max="100" value={percent.to_string()} aria-label="linger.ms" title="linger.ms"></progress>
                }
            </div>
            <p class="line"><span>{ if f.retrying { t.retrying } else { t.in_flight } }</span><Slots used={f.in_flight} of={f.slots} /></p>
            if let Some(seq) = f.next_seq {
                <p class="line seq"><span>{ t.next_sequence }</span><b>{ seq }</b></p>
            }
            <Send name={f.name.clone()} topics={f.topics.clone()} lang={p.lang} go={p.go.clone()} />
        </Placed>
    }
}

#[derive(Properties, PartialEq)]
struct SendProps {
    name: AttrValue,
    topics: Vec<String>,
    lang: Lang,
    go: Go,
}

/// A record by hand: with this key, to this topic.
#[component]
fn Send(p: &SendProps) -> Html {
    let t = p.lang.text();
    let key = use_state(|| "A".to_owned());
    let topic = use_state(|| None::<String>);
    let topic_now = topic.iter().find(|x| p.topics.contains(x)).or(p.topics.first()).cloned().unwrap_or_default();
    let type_key = {
        let key = key.clone();
        Callback::from(move |e: InputEvent| {
            if let Some(i) = e.target().and_then(|x| x.dyn_into::<HtmlInputElement>().ok()) {
                key.set(i.value());
            }
        })
    };
    let choose = {
        let topic = topic.clone();
        Callback::from(move |e: Event| {
            if let Some(s) = e.target().and_then(|x| x.dyn_into::<HtmlSelectElement>().ok()) {
                topic.set(Some(s.value()));
            }
        })
    };
    let given = (!key.is_empty()).then(|| (*key).clone());
    let send = Do::Send {
        producer: p.name.to_string(),
        topic: topic_now.clone(),
        key: given,
        tombstone: false,
        timestamp_ms: None,
        poison: false,
    };
    html! {
        <div class="sending">
            if p.topics.len() > 1 {
                <select data-testid="send-topic" aria-label={t.send_topic} onchange={choose}>
                    { for p.topics.iter().map(|x| html! { <option key={x.clone()} value={x.clone()} selected={*x == topic_now}>{ x }</option> }) }
                </select>
            }
            <input type="text" data-testid="send-key" maxlength="8" aria-label={t.key} title={t.send_key_hint} placeholder="–" value={(*key).clone()} oninput={type_key} />
            <button type="button" class="send" data-testid="send" title={t.send_hint} onclick={ask(&p.go, Msg::Act(send))}>
                { icons::plus() }{ t.send_word }</button>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct SlotsProps {
    used: usize,
    of: usize,
}

/// Requests in flight: used and free places.
#[component]
fn Slots(p: &SlotsProps) -> Html {
    let shown = p.of.clamp(1, 6);
    let slots = (0..shown).map(|i| html! { <i key={i} class={classes!("slot", (i < p.used).then_some("used"))}></i> });
    html! {
        <span class="slots" role="img" aria-label={format!("{} / {}", p.used, p.of)}>
            { for slots }
            if p.of > shown || p.used > shown { <b>{ p.used }</b> }
        </span>
    }
}

#[derive(Properties, PartialEq)]
struct AcksProps {
    name: AttrValue,
    value: &'static str,
    lang: Lang,
    go: Go,
}

/// The choice of `acks`, which starts a new run.
#[component]
fn AcksChoice(p: &AcksProps) -> Html {
    let t = p.lang.text();
    let option = |value: &'static str| {
        let msg = Msg::Configure(Owner::Producer(p.name.to_string()), "acks", value.to_owned());
        let on = p.value == value;
        html! {
            <button key={value} type="button" aria-pressed={on.to_string()} data-testid={format!("acks-{value}")}
                onclick={ask(&p.go, msg)}>{ value }</button>
        }
    };
    html! {
        <div class="choice" role="group" aria-label="acks" title={t.new_run_hint}>
            <code>{ "acks" }</code>
            { for ["0", "1", "all"].map(option) }
        </div>
    }
}

/// A group's box.
#[derive(Properties, PartialEq)]
pub struct GroupProps {
    /// Its facts.
    pub facts: GroupFacts,
    /// Where.
    pub at: Rect,
    /// Language.
    pub lang: Lang,
}

/// A group: its name.
#[component]
pub fn GroupBox(p: &GroupProps) -> Html {
    let t = p.lang.text();
    html! {
        <Placed at={p.at} class="group" testid={format!("group-{}", p.facts.id)} label={format!("{} {}", t.group, p.facts.name)}>
            <h2><span>{ t.group }</span>{ " " }{ &p.facts.name }</h2>
            <p class="status" title={t.group_status_hint} data-testid="group-status">{ &p.facts.status }</p>
        </Placed>
    }
}

/// A member's card.
#[derive(Properties, PartialEq)]
pub struct MemberProps {
    /// Root font size in px.
    pub rem: f64,
    /// Its facts.
    pub facts: MemberFacts,
    /// Where.
    pub at: Rect,
    /// Is it selected?
    pub selected: bool,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// A consumer: position, commit, work in hand.
#[component]
pub fn MemberCard(p: &MemberProps) -> Html {
    let (t, f) = (p.lang.text(), &p.facts);
    let class = classes!(
        "card",
        "member",
        (p.at.h < 6.0 * p.rem).then_some("tight"),
        (!f.up).then_some(if f.hint.is_empty() { "off" } else { "down" }),
        p.selected.then_some("selected")
    );
    let dash = || "–".to_owned();
    let offset = |o: Option<Offset>| o.map_or_else(dash, |o| o.to_string());
    let body = match f.shares.as_slice() {
        [] if !f.up => Html::default(),
        [] => html! { <p class="status">{ t.idle_member }</p> },
        [s] => html! {
            <>
                <p class="line"><span>{ t.position }</span><b data-testid="position">{ offset(s.position) }</b></p>
                <p class="line"><span>{ icons::pennant() }{ t.committed }</span><b data-testid="committed">{ offset(s.committed) }</b></p>
            </>
        },
        all => all
            .iter()
            .map(|s| {
                html! {
                    <p class="line" key={s.name.clone()} title={t.share_hint}><span>{ &s.name }</span>
                        <span><b>{ offset(s.position) }</b>{ icons::pennant() }<b>{ offset(s.committed) }</b></span></p>
                }
            })
            .collect(),
    };
    html! {
        <Placed at={p.at} {class} select={format!("consumer-{}", f.id)} testid={format!("consumer-{}", f.id)} label={f.name.clone()}>
            <div class="head">
                <button type="button" class="name" aria-pressed={p.selected.to_string()}
                    onclick={ask(&p.go, Msg::Select(Selection::Consumer(f.id)))}>{ &f.name }</button>
                <span class={classes!("status", (!f.hint.is_empty() && !f.up).then_some("bad"))} title={f.hint}>{ &f.status }</span>
            </div>
            <div class="hand">
                { for f.hand.iter().enumerate().map(|(i, m)| html! { <KeyMark key={i} mark={*m} /> }) }
                if f.more > 0 { <span class="more">{ format!("+{}", f.more) }</span> }
            </div>
            { body }
        </Placed>
    }
}

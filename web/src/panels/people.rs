//! Cards of producers and consumer groups.

use super::mark::key_mark;
use super::placed::Placed;
use super::{Go, ask, icons};
use crate::app::msg::Msg;
use crate::facts::inspect::Owner;
use crate::facts::people::{GroupFacts, MemberFacts, ProducerFacts, ThreadFacts};
use crate::i18n::Lang;
use crate::scene::geometry::Rect;
use crate::session::select::Selection;
use highwater_core::ids::Offset;
use highwater_core::scenario::Do;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// A producer: acks, what waits, what is out, and a button to send. A rem is so many px.
pub fn producer_card(f: &ProducerFacts, rem: f64, at: Rect, selected: bool, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    // The choice of a topic needs a row of its own.
    let tight = at.h < if f.topics.len() > 1 { 15.5 } else { 13.0 } * rem;
    let class = classes!("card", "producer", tight.then_some("tight"), selected.then_some("selected"));
    html! {
        <Placed key={f.id.0} {at} {class} select={format!("producer-{}", f.id)} testid={format!("producer-{}", f.id)} label={f.name.clone()}>
            <div class="head"><button type="button" class="name" aria-pressed={selected.to_string()}
                onclick={ask(go, Msg::Select(Selection::Producer(f.id)))}>{ &f.name }</button></div>
            <p class="status">{ t.producer }</p>
            { acks_choice(f, lang, go) }
            <div class="well" title={t.batch_waits}>
                if f.waiting.is_empty() {
                    <span class="none">{ t.nothing_waits }</span>
                }
                { for f.waiting.iter().map(key_mark) }
                if f.more > 0 { <span class="more">{ format!("+{}", f.more) }</span> }
                if let Some(percent) = f.linger {
                    <progress class="linger" max="100" value={percent.to_string()} aria-label="linger.ms" title="linger.ms"></progress>
                }
            </div>
            <p class="line" data-term={t.in_flight}><span>{ if f.retrying { t.retrying } else { t.in_flight } }</span>{ slots(f.in_flight, f.slots) }</p>
            if let Some(seq) = f.next_seq {
                <p class="line seq" data-term={t.next_sequence}><span>{ t.next_sequence }</span><b>{ seq }</b></p>
            }
            <Send name={f.name.clone()} topics={f.topics.clone()} {lang} go={go.clone()} />
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

/// Requests in flight: used and free places.
fn slots(used: usize, of: usize) -> Html {
    let shown = of.clamp(1, 6);
    let slots = (0..shown).map(|i| html! { <i key={i} class={classes!("slot", (i < used).then_some("used"))}></i> });
    html! {
        <span class="slots" role="img" aria-label={format!("{used} / {of}")}>
            { for slots }
            if of > shown || used > shown { <b>{ used }</b> }
        </span>
    }
}

/// The choice of `acks`, which starts a new run.
fn acks_choice(f: &ProducerFacts, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let option = |value: &'static str| {
        let msg = Msg::Configure(Owner::Producer(f.name.to_string()), "acks", value.to_owned());
        let on = f.acks == value;
        html! {
            <button key={value} type="button" aria-pressed={on.to_string()} data-testid={format!("acks-{value}")}
                onclick={ask(go, msg)}>{ value }</button>
        }
    };
    html! {
        <div class="choice" role="group" aria-label="acks" title={t.new_run_hint}>
            <code data-term="acks">{ "acks" }</code>
            { for ["0", "1", "all"].map(option) }
        </div>
    }
}

/// A group: its name.
pub fn group_box(f: &GroupFacts, at: Rect, lang: Lang) -> Html {
    let t = lang.text();
    html! {
        <Placed {at} class="group" testid={format!("group-{}", f.id)} label={format!("{} {}", t.group, f.name)}>
            <h2><span data-term={if f.shares { t.share_group } else { t.group }}>{ t.group }</span>{ " " }{ &f.name }</h2>
            { for f.status.iter().map(|s| html! { <p class="status" data-term={t.coordinator_word}>{ s }</p> }) }
        </Placed>
    }
}

/// A consumer: position, commit, work in hand. A rem is so many px.
pub fn member_card(f: &MemberFacts, rem: f64, at: Rect, selected: bool, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let tight = at.h < 6.0 * rem;
    let down = (!f.up).then_some(if f.hint.is_empty() { "off" } else { "down" });
    let class = classes!("card", "member", tight.then_some("tight"), down, selected.then_some("selected"));
    // The partitions stand below, each with its offsets.
    let listed = f.up && f.thread.is_none() && (f.shares.len() > 1 || (tight && f.shares.len() == 1));
    let dash = || "–".to_owned();
    let offset = |o: Option<Offset>| o.map_or_else(dash, |o| o.to_string());
    let body = match f.shares.as_slice() {
        [] if !f.up => Html::default(),
        [] => html! { <p class="status">{ t.idle_member }</p> },
        [s, ..] if f.thread.is_some() => thread_lines(f.thread.as_ref(), s.committed, lang),
        [s] if !tight && f.delivery.is_some() => html! {
            <>
                <p class="line" data-term={t.delivery}><span>{ t.delivery }</span><b data-testid="delivery">{ f.delivery.filter(|n| *n > 0).map_or_else(dash, |n| n.to_string()) }</b></p>
                <p class="line" data-term={t.share_start}><span>{ icons::pennant() }{ t.share_start }</span><b data-testid="committed">{ offset(s.committed) }</b></p>
            </>
        },
        [s] if !tight => html! {
            <>
                <p class="line" data-term={t.position}><span>{ t.position }</span><b data-testid="position">{ offset(s.position) }</b></p>
                <p class="line" data-term={t.committed_offset}><span>{ icons::pennant() }{ t.committed }</span><b data-testid="committed">{ offset(s.committed) }</b></p>
            </>
        },
        all => all
            .iter()
            .map(|s| {
                let (hint, position) = if f.delivery.is_some() { (t.share_start, None) } else { (t.share_hint, Some(offset(s.position))) };
                html! {
                    <p class="line" key={s.name.clone()} title={hint}><span>{ &s.name }</span>
                        <span><b>{ position }</b>{ icons::pennant() }<b>{ offset(s.committed) }</b></span></p>
                }
            })
            .collect(),
    };
    html! {
        <Placed key={f.id.0} {at} {class} select={format!("consumer-{}", f.id)} testid={format!("consumer-{}", f.id)} label={f.name.clone()}>
            <div class="head">
                <button type="button" class="name" aria-pressed={selected.to_string()}
                    onclick={ask(go, Msg::Select(Selection::Consumer(f.id)))}>{ &f.name }</button>
                if !listed {
                    <span class={classes!("status", (!f.hint.is_empty() && !f.up).then_some("bad"))} title={f.hint}>{ &f.status }</span>
                }
            </div>
            <div class="hand">
                { for f.hand.iter().map(key_mark) }
                if f.more > 0 { <span class="more">{ format!("+{}", f.more) }</span> }
            </div>
            { body }
        </Placed>
    }
}

/// A Streams thread: its store, what is committed and what is not, what it did outside Kafka.
fn thread_lines(f: Option<&ThreadFacts>, committed: Option<Offset>, lang: Lang) -> Html {
    let (t, Some(f)) = (lang.text(), f) else { return Html::default() };
    let store = match f.restoring {
        Some((at, end)) => html! { <b>{ format!("{} {at}/{}", t.restoring, end.map_or_else(|| "?".to_owned(), |e| e.to_string())) }</b> },
        None if f.store.is_empty() => html! { <b>{ "–" }</b> },
        None => html! {
            <span class="counts">
                { for f.store.iter().map(|(m, n)| html! { <span>{ key_mark(m) }<b>{ n }</b></span> }) }
                if f.more > 0 { <span class="more">{ format!("+{}", f.more) }</span> }
            </span>
        },
    };
    // Without a commit all that is done is ahead of it: the number would say it twice.
    let ahead = if committed.is_some() { f.ahead } else { 0 };
    let committed = committed.map_or_else(|| t.none.to_owned(), |o| o.to_string());
    html! {
        <>
            <p class="line store" title={t.store_hint} data-testid="store"><span>{ t.store }</span>{ store }</p>
            <p class="line"><span>{ icons::pennant() }{ t.committed }</span><b data-testid="committed">{ committed }
                if ahead > 0 { <i class="ahead" title={t.ahead_hint}>{ format!(" +{ahead}") }</i> }</b></p>
            <p class="line" title={t.outside_hint}><span>{ t.l_effects }</span><b data-testid="outside">{ f.effects }</b></p>
        </>
    }
}

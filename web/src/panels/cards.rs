//! Cards of the controller, the partitions and the brokers.

use super::placed::Placed;
use super::{Go, ask, icons};
use crate::app::msg::Msg;
use crate::facts::cards::{BrokerFacts, ControllerFacts, Counted, HeadFacts};
use crate::i18n::{self, Lang};
use crate::scene::geometry::Rect;
use crate::session::select::Selection;
use highwater_core::scenario::Do;
use yew::prelude::*;

/// A broker: name, state, leadership, and the switch that kills or starts it.
pub fn broker_card(f: &BrokerFacts, at: Rect, tight: bool, selected: bool, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let up = f.condition.up();
    let name = i18n::broker_n(lang, f.id);
    let (label, what, icon, word) = if up {
        (i18n::crash_broker(lang, f.id), Do::Crash { broker: f.id.0 }, icons::bolt(), t.crash)
    } else {
        (i18n::start_broker(lang, f.id), Do::Start { broker: f.id.0 }, icons::power(), t.start)
    };
    // Two buttons, not one that changes its meaning under the focus: the next Space must not crash what was just started.
    let key = if up { "crash" } else { "start" };
    let class = classes!(
        "card",
        "broker",
        tight.then_some("tight"),
        (!up).then_some("down"),
        (!f.in_sync).then_some("out"),
        f.leads.is_some().then_some("leads"),
        selected.then_some("selected"),
    );
    let leader = f.leads.map(|e| {
        html! { <span class="pill" data-testid="leader" data-term={t.leader_epoch}>{ format!("{} e{e}", t.leader) }</span> }
    });
    html! {
        <Placed key={f.id.0} {at} {class} select={format!("broker-{}", f.id)} testid={format!("broker-{}", f.id)} label={name.clone()}>
            <div class="head">
                <button type="button" class="name" aria-pressed={selected.to_string()}
                    onclick={ask(go, Msg::Select(Selection::Broker(f.id)))}>{ name }</button>
                <span class={classes!("status", (!up).then_some("bad"))} data-term="ISR">{ f.status.clone() }</span>
                { leader }
                <button {key} type="button" class={classes!("act", up.then_some("fault"))} aria-label={label.clone()} title={label}
                    data-testid={format!("switch-{}", f.id)} onclick={ask(go, Msg::Act(what))}>{ icon }<span>{ word }</span></button>
            </div>
        </Placed>
    }
}

/// The controller, or ZooKeeper: whom it counts on.
pub fn controller_strip(f: &ControllerFacts, at: Rect, selected: bool, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let chip = |id: u8, counted: Counted, label: String| {
        let class = match counted {
            Counted::Active => "active",
            Counted::Fenced => "fenced",
            Counted::Stopping => "stopping",
            Counted::Follower => "follower",
        };
        html! {
            <li key={id} class={class} title={label.clone()}><span aria-hidden="true">{ id }</span><span class="hidden">{ label }</span></li>
        }
    };
    let chips = f.brokers.iter().map(|(b, counted, word)| chip(b.0, *counted, format!("{} {word}", i18n::broker_n(lang, b))));
    let voters = f.voters.iter().map(|(v, counted, word)| chip(v.0, *counted, format!("{} {v}: {word}", t.controller)));
    let voters = (!f.voters.is_empty()).then(|| html! { <ul class="seen" data-testid="voters" data-term={t.voter}>{ for voters }</ul> });
    let active = f.active.as_ref().map(|(word, well)| {
        html! { <span class={classes!("pill", (!well).then_some("bad"))} data-testid="active" data-term={f.metadata_offset.map(|_| t.quorum)}>{ word }</span> }
    });
    let offset = f
        .metadata_offset
        .map(|end| html! { <span class="status" data-term={t.metadata_offset}>{ format!("{} {end}", t.metadata_offset) }</span> });
    let class = classes!("card", "controller", selected.then_some("selected"));
    html! {
        <Placed {at} {class} select="controller" testid="controller" label={f.name}>
            <button type="button" class="name" aria-pressed={selected.to_string()}
                onclick={ask(go, Msg::Select(Selection::Controller))}>{ f.name }</button>
            { voters }
            { active }
            { offset }
            <span class="sees" data-term={t.fenced}>{ t.sees }</span>
            <ul class="seen">{ for chips }</ul>
        </Placed>
    }
}

/// A partition: who leads, who is in sync. A rem is so many px.
pub fn partition_head(f: &HeadFacts, rem: f64, at: Rect, selected: bool, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let leader = match f.leader {
        Some(b) => format!("{} {b} · e{}", t.leader, f.epoch),
        None => t.no_leader.to_owned(),
    };
    let isr: Vec<String> = f.replicas.iter().filter(|r| r.1).map(|r| r.0.to_string()).collect();
    // A name that is too long for its column takes two lines, and the place of what stands beside it.
    let long = f.name.len() as f64 * 8.5 > at.w * 16.0 / rem;
    let class = classes!("phead", long.then_some("long"), selected.then_some("selected"));
    html! {
        <Placed key={f.partition.0} {at} {class} select={format!("partition-{}", f.partition)} testid={format!("partition-{}", f.partition)} label={f.name.clone()}>
            <button type="button" class="name" title={f.name.clone()} aria-pressed={selected.to_string()}
                onclick={ask(go, Msg::Select(Selection::Partition(f.partition)))}>{ &f.name }</button>
            <span class={classes!("who", f.leader.is_none().then_some("bad"))} data-testid="head-leader" data-term={t.leader_epoch}>{ leader }</span>
            <span class="isr" data-testid="isr" data-term="ISR">{ format!("ISR {{{}}}", isr.join(",")) }</span>
            <span class="of" data-term="min.insync.replicas">{ format!("/ {} · min {}", f.replicas.len(), f.min_isr) }</span>
        </Placed>
    }
}

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

/// A broker's card.
#[derive(Properties, PartialEq)]
pub struct BrokerProps {
    /// Its facts.
    pub facts: BrokerFacts,
    /// Where.
    pub at: Rect,
    /// Is there little room?
    pub tight: bool,
    /// Is it selected?
    pub selected: bool,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// A broker: name, state, leadership, and the switch that kills or starts it.
#[component]
pub fn BrokerCard(p: &BrokerProps) -> Html {
    let (t, f) = (p.lang.text(), &p.facts);
    let up = f.condition.up();
    let name = i18n::broker_n(p.lang, f.id);
    let (label, what, icon, word) = if up {
        (i18n::crash_broker(p.lang, f.id), Do::Crash { broker: f.id.0 }, icons::bolt(), t.crash)
    } else {
        (i18n::start_broker(p.lang, f.id), Do::Start { broker: f.id.0 }, icons::power(), t.start)
    };
    // Two buttons, not one that changes its meaning under the focus: the next Space must not crash what was just started.
    let key = if up { "crash" } else { "start" };
    let class = classes!(
        "card",
        "broker",
        p.tight.then_some("tight"),
        (!up).then_some("down"),
        (!f.in_sync).then_some("out"),
        f.leads.is_some().then_some("leads"),
        p.selected.then_some("selected"),
    );
    let leader = f.leads.map(|e| {
        html! { <span class="pill" data-testid="leader">{ format!("{} e{e}", t.leader) }</span> }
    });
    html! {
        <Placed at={p.at} {class} select={format!("broker-{}", f.id)} testid={format!("broker-{}", f.id)} label={name.clone()}>
            <div class="head">
                <button type="button" class="name" aria-pressed={p.selected.to_string()}
                    onclick={ask(&p.go, Msg::Select(Selection::Broker(f.id)))}>{ name }</button>
                <span class={classes!("status", (!up).then_some("bad"))}>{ f.status.clone() }</span>
                { leader }
                <button {key} type="button" class={classes!("act", up.then_some("fault"))} aria-label={label.clone()} title={label}
                    data-testid={format!("switch-{}", f.id)} onclick={ask(&p.go, Msg::Act(what))}>{ icon }<span>{ word }</span></button>
            </div>
        </Placed>
    }
}

/// The controller's strip.
#[derive(Properties, PartialEq)]
pub struct ControllerProps {
    /// Its facts.
    pub facts: ControllerFacts,
    /// Where.
    pub at: Rect,
    /// Is it selected?
    pub selected: bool,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// The controller: whom it counts on.
#[component]
pub fn ControllerStrip(p: &ControllerProps) -> Html {
    let t = p.lang.text();
    let chips = p.facts.brokers.iter().map(|(b, counted, word)| {
        let class = match counted {
            Counted::Active => "active",
            Counted::Fenced => "fenced",
            Counted::Stopping => "stopping",
        };
        let label = format!("{} {word}", i18n::broker_n(p.lang, b));
        html! {
            <li key={b.0} class={class} title={label.clone()}><span aria-hidden="true">{ b.0 }</span><span class="hidden">{ label }</span></li>
        }
    });
    let class = classes!("card", "controller", p.selected.then_some("selected"));
    html! {
        <Placed at={p.at} {class} select="controller" testid="controller" label={t.controller}>
            <button type="button" class="name" aria-pressed={p.selected.to_string()}
                onclick={ask(&p.go, Msg::Select(Selection::Controller))}>{ t.controller }</button>
            <span class="status">{ format!("{} {}", t.metadata_offset, p.facts.metadata_offset) }</span>
            <span class="sees">{ t.sees }</span>
            <ul class="seen">{ for chips }</ul>
        </Placed>
    }
}

/// A partition's heading.
#[derive(Properties, PartialEq)]
pub struct HeadProps {
    /// Its facts.
    pub facts: HeadFacts,
    /// Where.
    pub at: Rect,
    /// Is it selected?
    pub selected: bool,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// A partition: who leads, who is in sync.
#[component]
pub fn PartitionHead(p: &HeadProps) -> Html {
    let (t, f) = (p.lang.text(), &p.facts);
    let leader = match f.leader {
        Some(b) => format!("{} {b} · e{}", t.leader, f.epoch),
        None => t.no_leader.to_owned(),
    };
    let isr: Vec<String> = f.replicas.iter().filter(|r| r.1).map(|r| r.0.to_string()).collect();
    let class = classes!("phead", p.selected.then_some("selected"));
    html! {
        <Placed at={p.at} {class} select={format!("partition-{}", f.partition)} testid={format!("partition-{}", f.partition)} label={f.name.clone()}>
            <button type="button" class="name" aria-pressed={p.selected.to_string()}
                onclick={ask(&p.go, Msg::Select(Selection::Partition(f.partition)))}>{ &f.name }</button>
            <span class={classes!("who", f.leader.is_none().then_some("bad"))} data-testid="head-leader">{ leader }</span>
            <span class="isr" data-testid="isr">{ format!("ISR {{{}}}", isr.join(",")) }</span>
            <span class="of">{ format!("/ {} · min {}", f.replicas.len(), f.min_isr) }</span>
        </Placed>
    }
}

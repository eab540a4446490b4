//! The inspector: the selected thing, what can be done to it, and why it is so.

use super::mark::key_mark;
use super::terms::Terms;
use super::{Go, ask, icons};
use crate::app::msg::Msg;
use crate::facts::inspect::{Act, Choice, Inspection, Picks, Row, Section, Why};
use crate::i18n::Lang;
use crate::session::select::Selection;
use yew::prelude::*;

/// The inspector.
pub fn inspector(i: &Inspection, terms: &Terms, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    html! {
        <div class="inspector" data-testid="inspector">
            <div class="what">
                <h2 data-testid="inspected">{ &i.title }</h2>
                if i.selection != Selection::Run {
                    <button type="button" class="square" data-testid="deselect" aria-label={t.back_to_run} title={t.back_to_run}
                        onclick={ask(go, Msg::Select(Selection::Run))}>{ icons::cross() }</button>
                }
            </div>
            <p class="sub">{ if i.selection == Selection::Run { html! { &i.subtitle } } else { terms.html(&i.subtitle) } }</p>
            if let Some(at) = i.moment_us {
                <button type="button" class="plain" data-testid="goto" onclick={ask(go, Msg::Seek(at))}>{ t.go_there }</button>
            }
            if !i.choices.is_empty() { { choices(&i.choices, lang, go) } }
            if !i.acts.is_empty() { { acts(&i.acts, lang, go) } }
            if let Some(w) = &i.why { { why(w) } }
            { for i.sections.iter().map(|s| section(s, terms)) }
            { for i.picks.iter().map(|x| picks(x, go)) }
        </div>
    }
}

fn why(w: &Why) -> Html {
    html! {
        <section class="why" data-testid="why">
            <h3>{ &w.title }</h3>
            <ol>{ for w.chain.iter().enumerate().map(|(i, s)| html! { <li key={i}>{ s }</li> }) }</ol>
        </section>
    }
}

fn section(s: &Section, terms: &Terms) -> Html {
    if s.rows.is_empty() {
        return Html::default();
    }
    html! {
        <section key={s.title}>
            <h3>{ s.title }</h3>
            if let Some(a) = &s.about { <p class="none">{ a }</p> }
            <dl>{ for s.rows.iter().enumerate().map(|(i, r)| row(i, r, terms)) }</dl>
        </section>
    }
}

fn row(i: usize, r: &Row, terms: &Terms) -> Html {
    let label = if r.code {
        // Long names break after their dots.
        let mut parts: Vec<Html> = Vec::new();
        for part in r.label.split_inclusive('.') {
            parts.push(html! { <>{ part }<wbr /></> });
        }
        terms.name(&r.label, html! { <code>{ for parts }</code> })
    } else {
        terms.html(&r.label)
    };
    html! {
        <div key={i} class={classes!("row", r.set.then_some("differs"))}>
            <dt>{ label }</dt>
            <dd>{ terms.html(&r.value) }if let Some(n) = &r.note { <small>{ n }</small> }</dd>
        </div>
    }
}

fn picks(x: &Picks, go: &Go) -> Html {
    let one = |(i, pick): (usize, &crate::facts::inspect::Pick)| {
        html! {
            <li key={i}><button type="button" onclick={ask(go, Msg::Select(pick.what))}>
                if let Some(m) = &pick.mark { { key_mark(m) } }
                <span>{ &pick.text }</span><small>{ &pick.note }</small></button></li>
        }
    };
    html! {
        <section key={x.title} class="picks">
            <h3>{ x.title }</h3>
            if x.picks.is_empty() { <p class="none">{ x.none }</p> }
            <ul>{ for x.picks.iter().enumerate().map(one) }</ul>
        </section>
    }
}

/// What can be done to the selected thing.
pub fn acts(all: &[Act], lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let button = |a: &Act| {
        html! {
            <button key={a.id.clone()} type="button" class={classes!("act", a.fault.then_some("fault"))} title={a.hint}
                data-testid={format!("act-{}", a.id)} onclick={ask(go, Msg::Act(a.what.clone()))}>{ &a.label }</button>
        }
    };
    let links = |a: &&Act| ["cut-", "heal-", "slow-", "fast-", "drop-next"].iter().any(|x| a.id.starts_with(x));
    let own: Html = all.iter().filter(|a| !links(a)).map(button).collect();
    let wire: Vec<&Act> = all.iter().filter(links).collect();
    let open = wire.iter().any(|a| a.id.starts_with("heal-") || a.id.starts_with("fast-"));
    html! {
        <section class="acts" aria-label={t.acts}>
            <div class="buttons">{ own }</div>
            if !wire.is_empty() {
                <details open={open}><summary data-testid="links">{ t.links }</summary>
                    <div class="buttons column">{ for wire.into_iter().map(button) }</div></details>
            }
        </section>
    }
}

/// Configs that can be chosen.
fn choices(all: &[Choice], lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let one = |c: &Choice| {
        let option = |(i, v): (usize, &String)| {
            let msg = Msg::Configure(c.owner.clone(), c.config, v.clone());
            // It can still be reached, and then says why it can't be.
            let why = c.refused.get(i).filter(|w| !w.is_empty());
            html! {
                <button key={v.clone()} type="button" aria-pressed={(*v == c.value).to_string()} aria-disabled={why.map(|_| "true")} title={why.cloned()}
                    data-testid={format!("set-{}-{v}", c.config)} onclick={ask(go, msg)}>{ v }</button>
            }
        };
        html! {
            <div key={format!("{:?}{}", c.owner, c.config)} class="choice" role="group" aria-label={c.config}>
                <code>{ c.config }if let Some(w) = &c.whose { <small>{ w }</small> }</code>{ for c.options.iter().enumerate().map(option) }
            </div>
        }
    };
    let refusal = |c: &Choice| {
        let why = c.refused.iter().find(|w| !w.is_empty())?;
        let same = c.options.iter().zip(&c.refused).filter(|x| x.1 == why);
        let which: Vec<&str> = same.map(|x| x.0.as_str()).collect();
        Some(html! { <p class="none" data-testid="refused">{ format!("{}: {why}", which.join(", ")) }</p> })
    };
    html! {
        <section class="choices">
            { for all.iter().map(one) }
            { for all.iter().filter_map(refusal) }
            <p class="none">{ t.new_run_hint }</p>
        </section>
    }
}

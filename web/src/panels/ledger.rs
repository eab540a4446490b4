//! The truth ledger and the invariants' lights: always in sight.

use crate::facts::lights::{Glow, Light};
use crate::i18n::{self, Lang};
use highwater_core::fold::ledger::Figures;
use yew::prelude::*;

/// The strip. `shares`: there are share groups, which may give up on records.
pub fn ledger(f: &Figures, shares: bool, lights: &[Light], lang: Lang) -> Html {
    let t = lang.text();
    let plain = [
        ("sent", t.l_sent, t.h_sent, f.sent),
        ("acked", t.l_acked, t.h_acked, f.acked),
        ("in-log", t.l_in_log, t.h_in_log, f.in_log),
        ("visible", t.l_visible, t.h_visible, f.visible),
        ("delivered", t.l_delivered, t.h_delivered, f.delivered),
        ("effects", t.l_effects, t.h_effects, f.effects),
    ];
    let judged = [
        ("lost", t.l_lost, t.h_lost, f.lost),
        ("duplicated", t.l_duplicated, t.h_duplicated, f.duplicated),
        ("out-of-order", t.l_out_of_order, t.h_out_of_order, f.out_of_order),
    ];
    let cell = |(id, label, hint, value): (&'static str, &'static str, &'static str, u64), judged: bool| {
        let class = classes!("figure", judged.then_some(if value == 0 { "good" } else { "bad" }));
        html! {
            <div key={id} {class} tabindex="0" data-testid={format!("ledger-{id}")} aria-describedby={format!("hint-{id}")}>
                <dt>{ label }</dt><dd>{ value }</dd>
                <span class="tip" role="tooltip" id={format!("hint-{id}")}>{ hint }</span>
            </div>
        }
    };
    // More than a narrow window has room for at full size.
    let many = shares || lights.len() > 11;
    html! {
        <section class={classes!("ledger", many.then_some("many"), shares.then_some("ten"))} aria-label={t.ledger} data-testid="ledger">
            <dl>
                { for plain.into_iter().map(|c| cell(c, false)) }
                { for judged.into_iter().map(|c| cell(c, true)) }
                if shares { { cell(("given-up", t.l_given_up, t.h_given_up, f.given_up), true) } }
            </dl>
            <span class="caption" aria-hidden="true">{ t.lights }</span>
            <ul class="lights" aria-label={t.lights}>
                { for lights.iter().map(|l| light(l, lang)) }
            </ul>
        </section>
    }
}

fn light(l: &Light, lang: Lang) -> Html {
    let t = lang.text();
    let (class, state) = match l.glow {
        Glow::Holds => ("holds", t.holds),
        Glow::Broken => ("broken", t.broken),
        Glow::Suspended => ("suspended", t.suspended),
    };
    let title = i18n::light(l.name, state);
    let detail = l.detail.clone().unwrap_or_default();
    html! {
        <li key={l.id} class={class} tabindex="0" aria-label={title.clone()} data-testid={format!("light-{}", l.id)}>
            <i aria-hidden="true"></i>
            <span class="tip" role="tooltip"><b>{ l.id }</b>{ " " }{ title }{ " " }{ detail }</span>
        </li>
    }
}

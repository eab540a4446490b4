//! Time: play, step, speed, clock, timeline, and what just happened in words.

use super::{Go, ask, icons};
use crate::app::msg::Msg;
use crate::facts::Facts;
use crate::facts::lines::Line;
use crate::i18n::{self, Lang};
use crate::session::Session;
use crate::session::branches;
use crate::session::pacing::Speed;
use crate::session::select::Selection;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// The bottom of the page. `span_us` is the right end of the timeline, `marks` the canvas of its marks.
pub fn transport(f: &Facts, session: &Session, span_us: u64, marks: &NodeRef, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let branches = session.branches().all();
    let (icon, word) = if f.playing { (icons::pause(), t.pause) } else { (icons::play(), t.play) };
    let button = |id: &'static str, label: &'static str, key: &str, icon: Html, msg: Msg, class: &'static str| {
        let title = format!("{label} ({key})");
        html! {
            <button type="button" class={classes!("round", class)} data-testid={id} aria-label={label} {title}
                onclick={ask(go, msg)}>{ icon }</button>
        }
    };
    html! {
        <footer class="transport" id="controls" tabindex="-1" aria-label={t.transport}>
            <div class="controls">
                { button("reset", t.reset, "R", icons::reset(), Msg::Reset, "") }
                { button("back", t.step_back, "←", icons::back(), Msg::StepBack, "") }
                { button("play", word, "Space", icon, Msg::Toggle, "primary") }
                { button("forward", t.step_forward, "→", icons::forward(), Msg::StepForward, "") }
                { speed_choice(session.speed(), lang, go) }
            </div>
            <p class="clock"><b data-testid="clock" title={t.clock}>{ &f.clock }</b>
                <span>{ t.seed }{ " " }{ f.seed }</span>
                if !branches.is_empty() {
                    <span class="branches" role="group" aria-label={t.branches} data-testid="branches">{ for branches.into_iter().map(|b| branch(b, lang, go)) }</span>
                }
                if f.playing { <span class="rate" data-testid="rate">{ session.rate_label() }</span> }
            </p>
            { timeline(f, span_us, marks, lang, go) }
            { said(&f.lines[..f.lines.len().min(3)], f.over, lang, go) }
        </footer>
    }
}

fn branch((ordinal, here): (u8, bool), lang: Lang, go: &Go) -> Html {
    let letter = branches::letter(ordinal);
    let name = i18n::branch(lang, letter);
    html! {
        <button key={ordinal} type="button" aria-pressed={here.to_string()} aria-label={name.clone()} title={name} data-testid={format!("branch-{letter}")}
            onclick={if here { Callback::noop() } else { ask(go, Msg::Branch(ordinal)) }}>{ letter }</button>
    }
}

fn speed_choice(now: Speed, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let go = go.clone();
    let onchange = Callback::from(move |e: Event| {
        if let Some(s) = e.target().and_then(|x| x.dyn_into::<HtmlSelectElement>().ok()) {
            go.emit(Msg::SetSpeed(Speed::of_token(&s.value())));
        }
    });
    let option = |s: Speed| {
        let label = s.label().unwrap_or_else(|| t.speed_auto.to_owned());
        html! { <option key={s.token()} value={s.token()} selected={s == now}>{ label }</option> }
    };
    html! {
        <label class="speed" title={t.speed_auto_hint}><span class="hidden">{ t.speed }</span>
            <select data-testid="speed" {onchange}>{ for Speed::all().map(option) }</select></label>
    }
}

/// The scrubber: a range over painted marks.
fn timeline(f: &Facts, span_us: u64, marks: &NodeRef, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let go = go.clone();
    let oninput = Callback::from(move |e: InputEvent| {
        if let Some(v) =
            e.target().and_then(|x| x.dyn_into::<HtmlInputElement>().ok()).map(|i| i.value_as_number()).filter(|v| v.is_finite())
        {
            go.emit(Msg::Seek(v.max(0.0) as u64));
        }
    });
    html! {
        <div class="timeline">
            <canvas ref={marks.clone()} aria-hidden="true"></canvas>
            <input type="range" data-testid="scrubber" aria-label={t.scrubber} aria-valuetext={f.clock.clone()}
                min="0" max={span_us.to_string()} step="1000" value={f.now_us.to_string()} {oninput} />
        </div>
    }
}

/// The last three events in words.
fn said(lines: &[Line], over: bool, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let Some(first) = lines.first() else {
        return html! { <div class="said"><p class="now">{ t.not_begun }</p></div> };
    };
    let before: Html = lines[1..]
        .iter()
        .map(|l| {
            html! {
                <li key={l.seq}><button type="button" onclick={ask(go, Msg::Select(Selection::Event(l.seq)))}>{ &l.text }</button></li>
            }
        })
        .collect();
    html! {
        <div class="said" data-testid="said">
            <p class={classes!("now", first.tone.class())}><button type="button" onclick={ask(go, Msg::Select(Selection::Event(first.seq)))}>
                { &first.text }</button>if over { <span class="over">{ t.run_over }</span> }</p>
            if lines.len() > 1 { <div class="before"><span>{ t.before_that }</span><ul>{ before }</ul></div> }
        </div>
    }
}

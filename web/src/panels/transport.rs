//! Time: play, step, speed, clock, timeline, and what just happened in words.

use super::{Go, ask, icons};
use crate::app::msg::Msg;
use crate::facts::lines::Line;
use crate::i18n::{self, Lang};
use crate::session::branches;
use crate::session::pacing::Speed;
use crate::session::select::Selection;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// What it shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Time goes on.
    pub playing: bool,
    /// The run is over.
    pub over: bool,
    /// The clock's reading.
    pub clock: AttrValue,
    /// The instant.
    pub now_us: u64,
    /// Right end of the timeline.
    pub span_us: u64,
    /// Seed of the run.
    pub seed: u64,
    /// The chosen speed.
    pub speed: Speed,
    /// The rate of this moment.
    pub rate: AttrValue,
    /// Runs that can be gone to, and which is in hand.
    pub branches: Vec<(u8, bool)>,
    /// The newest events, newest first.
    pub lines: Vec<Line>,
    /// The canvas of the timeline's marks.
    pub marks: NodeRef,
    /// Language.
    pub lang: Lang,
    /// Asks the app.
    pub go: Go,
}

/// The bottom of the page.
#[component]
pub fn Transport(p: &Props) -> Html {
    let t = p.lang.text();
    let (icon, word) = if p.playing { (icons::pause(), t.pause) } else { (icons::play(), t.play) };
    let button = |id: &'static str, label: &'static str, key: &str, icon: Html, msg: Msg, class: &'static str| {
        let title = format!("{label} ({key})");
        html! {
            <button type="button" class={classes!("round", class)} data-testid={id} aria-label={label} {title}
                onclick={ask(&p.go, msg)}>{ icon }</button>
        }
    };
    html! {
        <footer class="transport" id="controls" tabindex="-1" aria-label={t.transport}>
            <div class="controls">
                { button("reset", t.reset, "R", icons::reset(), Msg::Reset, "") }
                { button("back", t.step_back, "←", icons::back(), Msg::StepBack, "") }
                { button("play", word, "Space", icon, Msg::Toggle, "primary") }
                { button("forward", t.step_forward, "→", icons::forward(), Msg::StepForward, "") }
                <SpeedChoice speed={p.speed} lang={p.lang} go={p.go.clone()} />
            </div>
            <p class="clock"><b data-testid="clock" title={t.clock}>{ p.clock.clone() }</b>
                <span>{ t.seed }{ " " }{ p.seed }</span>
                if !p.branches.is_empty() {
                    <span class="branches" role="group" aria-label={t.branches} data-testid="branches">{ for p.branches.iter().map(|b| branch(*b, p)) }</span>
                }
                if p.playing { <span class="rate" data-testid="rate">{ p.rate.clone() }</span> }
            </p>
            <Timeline now_us={p.now_us} span_us={p.span_us} clock={p.clock.clone()} marks={p.marks.clone()} lang={p.lang} go={p.go.clone()} />
            <Said lines={p.lines.clone()} over={p.over} lang={p.lang} go={p.go.clone()} />
        </footer>
    }
}

fn branch((ordinal, here): (u8, bool), p: &Props) -> Html {
    let letter = branches::letter(ordinal);
    let name = i18n::branch(p.lang, letter);
    html! {
        <button key={ordinal} type="button" aria-pressed={here.to_string()} aria-label={name.clone()} title={name} data-testid={format!("branch-{letter}")}
            onclick={if here { Callback::noop() } else { ask(&p.go, Msg::Branch(ordinal)) }}>{ letter }</button>
    }
}

#[derive(Properties, PartialEq)]
struct SpeedProps {
    speed: Speed,
    lang: Lang,
    go: Go,
}

#[component]
fn SpeedChoice(p: &SpeedProps) -> Html {
    let t = p.lang.text();
    let go = p.go.clone();
    let onchange = Callback::from(move |e: Event| {
        if let Some(s) = e.target().and_then(|x| x.dyn_into::<HtmlSelectElement>().ok()) {
            go.emit(Msg::SetSpeed(Speed::of_token(&s.value())));
        }
    });
    let option = |s: Speed| {
        let label = s.label().unwrap_or_else(|| t.speed_auto.to_owned());
        html! { <option key={s.token()} value={s.token()} selected={s == p.speed}>{ label }</option> }
    };
    html! {
        <label class="speed" title={t.speed_auto_hint}><span class="hidden">{ t.speed }</span>
            <select data-testid="speed" {onchange}>{ for Speed::all().map(option) }</select></label>
    }
}

#[derive(Properties, PartialEq)]
struct TimelineProps {
    now_us: u64,
    span_us: u64,
    clock: AttrValue,
    marks: NodeRef,
    lang: Lang,
    go: Go,
}

/// The scrubber: a range over painted marks.
#[component]
fn Timeline(p: &TimelineProps) -> Html {
    let t = p.lang.text();
    let go = p.go.clone();
    let oninput = Callback::from(move |e: InputEvent| {
        if let Some(v) =
            e.target().and_then(|x| x.dyn_into::<HtmlInputElement>().ok()).map(|i| i.value_as_number()).filter(|v| v.is_finite())
        {
            go.emit(Msg::Seek(v.max(0.0) as u64));
        }
    });
    html! {
        <div class="timeline">
            <canvas ref={p.marks.clone()} aria-hidden="true"></canvas>
            <input type="range" data-testid="scrubber" aria-label={t.scrubber} aria-valuetext={p.clock.clone()}
                min="0" max={p.span_us.to_string()} step="1000" value={p.now_us.to_string()} {oninput} />
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct SaidProps {
    lines: Vec<Line>,
    over: bool,
    lang: Lang,
    go: Go,
}

/// The last three events in words.
#[component]
fn Said(p: &SaidProps) -> Html {
    let t = p.lang.text();
    let Some(first) = p.lines.first() else {
        return html! { <div class="said"><p class="now">{ t.not_begun }</p></div> };
    };
    let before: Html = p.lines[1..]
        .iter()
        .map(|l| {
            html! {
                <li key={l.seq}><button type="button" onclick={ask(&p.go, Msg::Select(Selection::Event(l.seq)))}>{ &l.text }</button></li>
            }
        })
        .collect();
    html! {
        <div class="said" data-testid="said">
            <p class={classes!("now", first.tone.class())}><button type="button" onclick={ask(&p.go, Msg::Select(Selection::Event(first.seq)))}>
                { &first.text }</button>if p.over { <span class="over">{ t.run_over }</span> }</p>
            if p.lines.len() > 1 { <div class="before"><span>{ t.before_that }</span><ul>{ before }</ul></div> }
        </div>
    }
}

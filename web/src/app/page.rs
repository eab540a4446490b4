//! How the page is put together from its panels.

use super::msg::{Hint, HintOf, Msg, Tab};
use super::{App, Fetch, behind};
use crate::app::hot::Hot;
use crate::door::Door;
use crate::i18n::Text;
use crate::panels::cards::{broker_card, controller_strip, partition_head};
use crate::panels::coach::{self, Advice};
use crate::panels::events::event_list;
use crate::panels::header::header;
use crate::panels::help::Help;
use crate::panels::inspector::inspector;
use crate::panels::ledger::ledger;
use crate::panels::legend::legend;
use crate::panels::meters::meters;
use crate::panels::people::{group_box, member_card, producer_card};
use crate::panels::placed::Placed;
use crate::panels::terms::Terms;
use crate::panels::transport::transport;
use crate::panels::{Go, ask, icons};
use crate::scene::geometry::{Point, Rect, pt};
use crate::scene::hint::{self as signs, Sign};
use crate::session::select::Selection;
use highwater_core::kafka::share::state::RecordState;
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};
use yew::prelude::*;

/// The whole page: the header, what is behind the open door, and what lies over both.
pub fn view(app: &App, ctx: &Context<App>) -> Html {
    let go: Go = ctx.link().callback(|m: Msg| m);
    let (t, lang, door) = (app.lang.text(), app.lang, app.door);
    let title = match door {
        Door::Learn => app.lesson_title(),
        Door::Measure => String::new(),
        Door::Trial => app.court.as_ref().map(|c| c.sheet.title.clone()).unwrap_or_default(),
        Door::Play => app.hot.borrow().session.timeline().scenario().title_in(lang.core()).to_owned(),
    };
    let acts = door != Door::Trial && (door != Door::Learn || app.learn.open.is_some());
    let story = door == Door::Play && app.hot.borrow().session.sim().is_story();
    html! {
        <div class="frame">
            { header(door, title, story, app.dark, lang, &go) }
            { if door == Door::Play { play(app, &go) } else { other_door(app, &go) } }
            <p class="hidden" role="status" aria-live="polite" data-testid="live">{ &app.spoken.1 }</p>
            if let Some(n) = &app.notice {
                <div class="notice" role="status" data-testid="notice"><p>{ n }</p>
                    <button type="button" class="square" aria-label={t.close} onclick={ask(&go, Msg::DismissNotice)}>{ icons::cross() }</button></div>
            }
            if let Some((what, b)) = app.keep.zip(behind::here()) { { (b.keep)(app, what, &go) } }
            if app.help { <div id="help-open"><Help {door} {lang} {acts} glossary={app.learn.glossary(lang).clone()} go={go.clone()} /></div> }
        </div>
    }
}

/// What is behind another door; until it is here, that it comes or what is amiss.
fn other_door(app: &App, go: &Go) -> Html {
    if let Some(b) = behind::here() {
        return (b.view)(app, go);
    }
    let t = app.lang.text();
    html! {
        <main class="coming" key="coming" data-testid="coming">
            if app.fetch == Fetch::Failed {
                <p role="alert">{ t.not_fetched }</p>
                <button type="button" class="plain" data-testid="fetch-again" onclick={ask(go, Msg::Routed)}>{ t.fetch_again }</button>
            } else {
                <p role="status">{ t.fetching }</p>
            }
        </main>
    }
}

/// The cluster.
fn play(app: &App, go: &Go) -> Html {
    let (t, f, lang) = (app.lang.text(), &app.facts, app.lang);
    let hot = app.hot.borrow();
    let session = &hot.session;
    let selected_event = match session.selection {
        Selection::Event(n) => Some(n),
        _ => None,
    };
    html! {
        <div class="page" id="play" key="play">
            { stage(app, go) }
            <aside class="side">
                if let Some(o) = &app.learn.open { <a class="to-lesson" data-testid="to-lesson" href={o.place.address(&o.lesson.id)}>{ "‹ " }{ t.learn_back }</a> }
                <div class="tabs" role="tablist">
                    { tab("tab-inspector", t.tab_inspector, app, go, Tab::Inspector) }
                    { tab("tab-meters", t.tab_meters, app, go, Tab::Meters) }
                    { tab("tab-events", t.tab_events, app, go, Tab::Events) }
                </div>
                <div class="pane" role="tabpanel" tabindex="-1">
                    { match (app.tab, &f.meters) {
                        (Tab::Events, _) => event_list(&f.lines, f.earlier, selected_event, lang, go),
                        (Tab::Meters, Some(sheet)) => meters(&f.inspection.title, sheet, lang),
                        _ => inspector(&f.inspection, &Terms::of(app.learn.glossary(lang)), lang, go),
                    } }
                </div>
            </aside>
            { below(app, go) }
        </div>
    }
}

/// The ledger and the time.
pub(super) fn below(app: &App, go: &Go) -> Html {
    let (f, lang) = (&app.facts, app.lang);
    let hot = app.hot.borrow();
    html! {
        <>
            { ledger(&f.figures, f.layout.legend.is_some(), &f.lights, lang) }
            { transport(f, &hot.session, app.span_us(), &app.marks, lang, go) }
        </>
    }
}

fn tab(id: &'static str, label: &'static str, app: &App, go: &Go, tab: Tab) -> Html {
    html! {
        <button type="button" role="tab" {id} data-testid={id} aria-selected={(app.tab == tab).to_string()} onclick={ask(go, Msg::Tab(tab))}>{ label }</button>
    }
}

/// The stage, and what stands on it.
pub(super) fn stage(app: &App, go: &Go) -> Html {
    let (t, f, lang) = (app.lang.text(), &app.facts, app.lang);
    let l = &f.layout;
    let now = f.inspection.selection;
    let click = {
        let go = go.clone();
        Callback::from(move |e: MouseEvent| {
            if let Some(m) = clicked(&e) {
                go.emit(m);
            }
        })
    };
    let brokers = f.brokers.iter().zip(&l.brokers).map(|(b, at)| {
        let selected = now == Selection::Broker(b.id);
        broker_card(b, *at, !l.rows.roomy, selected, lang, go)
    });
    let heads = f.heads.iter().zip(&l.heads).map(|(h, at)| {
        let selected = now == Selection::Partition(h.partition);
        partition_head(h, 16.0 * l.unit, *at, selected, lang, go)
    });
    let producers = f.producers.iter().zip(&l.producers).map(|(x, at)| {
        let selected = now == Selection::Producer(x.id);
        producer_card(x, 16.0 * l.unit, *at, selected, lang, go)
    });
    let groups = f.groups.iter().zip(&l.groups).map(|(g, at)| {
        let members = g.members.iter().zip(&at.members).map(|(m, at)| {
            let selected = now == Selection::Consumer(m.id);
            member_card(m, 16.0 * l.unit, *at, selected, lang, go)
        });
        html! { <div key={g.id.0}>{ group_box(g, at.rect, lang) }{ for members }</div> }
    });
    html! {
        <main class="stage" onmousemove={watch(app, go)} onmouseout={left(app, go)} ref={app.stage.clone()} data-testid="stage" aria-label={t.stage} onclick={click} data-gliding={app.gliding().to_string()} data-ghost={t.learn_ghost}>
            { controller_strip(&f.controller, l.controller, now == Selection::Controller, lang, go) }
            { for heads }
            { pager(app, go) }
            { for producers }
            { for brokers }
            { for groups }
            if let Some(at) = l.legend { { legend(at, lang) } }
            <canvas ref={app.canvas.clone()} role="img" aria-label={t.canvas_label}></canvas>
            { coach(app, go) }
            { hint(app) }
        </main>
    }
}

/// Arrows to the partitions that do not fit.
fn pager(app: &App, go: &Go) -> Html {
    let (t, f) = (app.lang.text(), &app.facts);
    let (before, after) = f.more;
    if !before && !after {
        return Html::default();
    }
    let c = f.layout.controller;
    let h = f.layout.heads[0];
    let u = f.layout.unit;
    let at = |x: f64| Rect { x, y: h.y + 2.0 * u, w: 24.0 * u, h: 24.0 * u };
    let arrow = |label: &'static str, on: bool, by: i32, x: f64, icon: Html| {
        html! {
            <Placed at={at(x)} class="pager"><button type="button" class="square" aria-label={label} title={label} disabled={!on}
                onclick={ask(go, Msg::Shift(by))}>{ icon }</button></Placed>
        }
    };
    html! {
        <>
            { arrow(t.more_left, before, -1, c.x - 26.0 * u, icons::left()) }
            { arrow(t.more_right, after, 1, c.right() + 2.0 * u, icons::right()) }
        </>
    }
}

fn coach(app: &App, go: &Go) -> Html {
    let l = &app.facts.layout;
    let u = l.unit;
    let Some(advice) = app.coach.filter(|_| !app.lesson_on_stage) else {
        return Html::default();
    };
    let at = match advice {
        // Beside the first column: the label of the high watermark stands below that.
        Advice::Play => {
            let w = (l.brokers[0].x - 20.0 * u).min(216.0 * u);
            let h = if w < 200.0 * u { 124.0 * u } else { 104.0 * u };
            Rect { x: 12.0 * u, y: l.size.1 - h - 12.0 * u, w, h }
        }
        Advice::Crash => {
            let leader = app.facts.brokers.iter().position(|b| b.leads.is_some()).unwrap_or(0);
            let card = l.brokers[leader];
            let w = 250.0 * u;
            Rect { x: card.right() - w - 8.0 * u, y: card.y + 42.0 * u, w, h: 92.0 * u }
        }
    };
    coach::coach(advice, at, app.lang, go)
}

/// Says what is pointed at, when that changes.
fn watch(app: &App, go: &Go) -> Callback<MouseEvent> {
    let (go, hot, last) = (go.clone(), app.hot.clone(), app.pointed.clone());
    Callback::from(move |e: MouseEvent| {
        let Ok(hot) = hot.try_borrow() else { return };
        let now = pointed(&hot, &e);
        let at = now.as_ref().map(|h| h.at);
        if last.replace(at) != at {
            go.emit(Msg::Hint(now));
        }
    })
}

fn left(app: &App, go: &Go) -> Callback<MouseEvent> {
    let (go, last) = (go.clone(), app.pointed.clone());
    Callback::from(move |_| {
        if last.take().is_some() {
            go.emit(Msg::Hint(None));
        }
    })
}

/// What explains itself at the pointer: a word of a card, or a sign of the picture.
fn pointed(hot: &Hot, e: &MouseEvent) -> Option<Hint> {
    let target = e.target()?.dyn_into::<Element>().ok()?;
    let stage = target.closest(".stage").ok().flatten()?.get_bounding_client_rect();
    if let Some(word) = target.closest("[data-term]").ok().flatten() {
        let r = word.get_bounding_client_rect();
        let at = Rect { x: r.left() - stage.left(), y: r.top() - stage.top(), w: r.width(), h: r.height() };
        return Some(Hint { at, of: HintOf::Word(word.get_attribute("data-term")?) });
    }
    if target.closest("button, input, select").ok().flatten().is_some() {
        return None;
    }
    let at: Point = pt(f64::from(e.client_x()) - stage.left(), f64::from(e.client_y()) - stage.top());
    let s = &hot.session;
    let (l, shown) = crate::facts::place(s, hot.frame);
    let logs = crate::scene::logs(s.sim(), &shown, &l, s.selection);
    let (sign, at) = signs::sign(&logs, &l, at, s.sim().setup().groups.iter().all(|g| g.share.is_some()))?;
    Some(Hint { at, of: HintOf::Sign(sign) })
}

/// The explanation beside what is pointed at.
fn hint(app: &App) -> Html {
    let Some((h, text)) = app.hint.as_ref().and_then(|h| Some((h, meaning(app, &h.of)?))) else { return Html::default() };
    let (w, tall) = app.facts.layout.size;
    let side = if h.at.mid_x() < 0.3 * w {
        "start"
    } else if h.at.mid_x() > 0.7 * w {
        "end"
    } else {
        ""
    };
    let below = (h.at.y < 0.3 * tall).then_some("below");
    html! { <Placed at={h.at} class={classes!("pointed", side, below)} testid="pointed"><span class="tip" role="tooltip">{ text }</span></Placed> }
}

fn meaning(app: &App, of: &HintOf) -> Option<String> {
    let t = app.lang.text();
    let word = match of {
        HintOf::Word(w) => w.as_str(),
        HintOf::Sign(sign) => sign_word(*sign, t),
    };
    app.learn.glossary(app.lang).means(word).map(str::to_owned)
}

/// The term that a sign stands for.
fn sign_word(s: Sign, t: &'static Text) -> &'static str {
    match s {
        Sign::HighWatermark => "HW",
        Sign::LastStable => "LSO",
        Sign::LogEnd => "LEO",
        Sign::Epoch => t.leader_epoch,
        Sign::Committed(false) => t.committed_offset,
        Sign::Committed(true) => t.share_start,
        Sign::Marker => t.marker,
        Sign::Open => t.transaction,
        Sign::Aborted => t.aborted,
        Sign::Poison => t.poison_record,
        Sign::Share(RecordState::Available) => t.share_available,
        Sign::Share(RecordState::Acquired) => t.share_word_acquired,
        Sign::Share(RecordState::Acknowledged) => t.share_word_done,
        Sign::Share(RecordState::Archived) => t.share_word_archived,
    }
}

/// What a click on the stage asks for: nothing where a control was clicked.
fn clicked(e: &MouseEvent) -> Option<Msg> {
    let target = e.target()?.dyn_into::<Element>().ok()?;
    if target.closest("button, select, input, .coach").ok().flatten().is_some() {
        return None;
    }
    let stage = target.closest(".stage").ok().flatten()?;
    let r = stage.get_bounding_client_rect();
    let under = target.closest("[data-select]").ok().flatten().and_then(|c| c.get_attribute("data-select"));
    Some(Msg::Click(f64::from(e.client_x()) - r.left(), f64::from(e.client_y()) - r.top(), under.and_then(|w| Selection::of_word(&w))))
}

//! What is behind the doors other than Play, and how a scenario is kept.

use super::keep::file_name;
use super::msg::{BehindMsg, Keeping};
use super::page::{below, stage};
use super::{App, browser};
use crate::door::{Door, Route};
use crate::i18n;
use crate::learn::open::Phase;
use crate::learn::place::Place;
use crate::measure::MeasureDoor;
use crate::panels::Go;
use crate::panels::inspector::acts;
use crate::panels::keep::Keep;
use crate::panels::learn::bench::bench;
use crate::panels::learn::handout::Handout;
use crate::panels::learn::lesson::lesson_panel;
use crate::panels::learn::list::lesson_list;
use crate::panels::terms::Terms;
use crate::panels::trial::trial_door;
use yew::prelude::*;

impl App {
    /// Goes where an address leads.
    pub(super) fn enter(&mut self, ctx: &Context<Self>, route: Route<'_>) {
        match route.door {
            Door::Learn => self.enter_lesson(ctx, route.rest),
            Door::Trial => self.enter_trial(ctx),
            Door::Play | Door::Measure => {}
        }
        self.open_link(route.door, route.rest);
        self.reread();
    }

    /// Does what was asked for behind the doors.
    pub(super) fn ask_behind(&mut self, ctx: &Context<Self>, what: BehindMsg) {
        match what {
            BehindMsg::Trial(ask) => self.try_out(ctx, ask),
            BehindMsg::Learn(ask) => self.ask_lesson(ask),
            BehindMsg::Lessons(texts) => self.lessons_came(ctx, texts),
            BehindMsg::Bench => self.toggle_bench(),
            BehindMsg::TakeScene => self.take_scene(),
            BehindMsg::SaveProgress => browser::download("highwater-progress.json", &self.learn.progress.text()),
            BehindMsg::LoadProgress(file) => self.load_progress(ctx, file),
            BehindMsg::Progress(text) => self.learn_progress(&text),
            BehindMsg::OpenFile(text) => self.open_file(&text),
            BehindMsg::NotLoaded(e) => self.tell_for_long(i18n::no_scenarios(self.lang, &e)),
        }
    }

    /// A look at how far the open lesson has come: true if there is news.
    pub(super) fn look_behind(&mut self) -> bool {
        self.bench_goes_on() | self.lesson_goes_on()
    }
}

/// What is behind the open door.
pub fn view(app: &App, go: &Go) -> Html {
    let lang = app.lang;
    match (app.door, &app.court) {
        (Door::Learn, _) => learn(app, go),
        (Door::Measure, _) => html! { <MeasureDoor {lang} kept={app.measure.clone()} /> },
        (Door::Trial, Some(court)) => trial_door(&court.sheet, court.picked.as_deref(), lang, go),
        _ => Html::default(),
    }
}

/// How to keep a scenario.
pub fn keep(app: &App, what: Keeping, go: &Go) -> Html {
    let Some((door, s)) = app.kept(what) else { return Html::default() };
    let link = format!("{}{}/{}", browser::address(), door.address(), s.to_link());
    let (title, file) = (s.title_in(app.lang.core()).to_owned(), file_name(&s.title));
    html! { <Keep {title} {link} json={s.to_json()} {file} error={app.file_error.clone()} lang={app.lang} go={go.clone()} /> }
}

/// The list of lessons, or the open one beside its stage.
fn learn(app: &App, go: &Go) -> Html {
    let lang = app.lang;
    let panel = crate::learn::panel::panel(&app.learn, &app.hot.borrow().session, lang);
    let (Some(panel), Some(open)) = (panel, &app.learn.open) else {
        return lesson_list(&crate::learn::panel::list(&app.learn, lang), app.learn.glossary(lang), lang, go);
    };
    let lesson = open.lesson.clone();
    html! {
        <>
            <div class={classes!("page", app.locked().then_some("locked"), open.bench.is_some().then_some("costs"),
                open.belief.is_some().then_some("ghost"))} id="lesson" key="lesson">
                if let Some(b) = &open.bench { { bench(b, open.phase == Phase::Compare, &app.measure.source(), lang, browser::reduced_motion()) } }
                else { { stage(app, go) } }
                { lesson_panel(&panel, &Terms::of(app.learn.glossary(lang)), hands(app, open.place, go), lang, go) }
                if open.bench.is_none() { { below(app, go) } }
            </div>
            <Handout {lesson} {lang} />
        </>
    }
}

/// In a challenge, everything that can be done to the selected thing, as the inspector has it.
fn hands(app: &App, place: Place, go: &Go) -> Html {
    let i = &app.facts.inspection;
    if place != Place::Challenge || app.locked() {
        return Html::default();
    }
    html! {
        <section class="hands" data-testid="hands">
            if i.acts.is_empty() { <p class="none">{ app.lang.text().learn_hands }</p> }
            else { <h3>{ &i.title }</h3>{ acts(&i.acts, app.lang, go) } }
        </section>
    }
}

//! The open lesson in the app: which session is on the stage, what a learner may do, what is read out.

use super::browser::{self, keys};
use super::msg::{BehindMsg, Msg, Tab};
use super::{App, fatal};
use crate::door::Door;
use crate::i18n;
use crate::learn::open::{Open, Phase};
use crate::learn::panel::{Body, panel};
use crate::learn::place::Place;
use crate::learn::progress::Progress;
use crate::learn::{Ask, Learn};
use crate::session::saved;
use yew::Context;
use yew::platform::spawn_local;

impl App {
    /// Goes where an address leads behind the Learn door. The first time, the lessons have to be loaded before.
    pub(super) fn enter_lesson(&mut self, ctx: &Context<Self>, rest: &str) {
        self.want_words(ctx);
        if self.learn.lessons().is_empty() {
            self.learn.progress = browser::recall(keys::PROGRESS).map_or_else(Progress::default, |t| Progress::read(&t));
            let link = ctx.link().clone();
            spawn_local(async move { link.send_message(Msg::Behind(BehindMsg::Lessons(browser::fetch_texts(&Learn::files()).await))) });
        }
        let fresh = self.learn.go(rest);
        if self.learn.open.is_none() {
            self.leave_lesson();
            self.parked = None;
            self.hot.borrow_mut().stage = None;
            return;
        }
        if self.learn.open.as_ref().is_some_and(|o| o.bench.is_some()) {
            self.hot.borrow_mut().stage = None; // there is no canvas now
        }
        match fresh {
            Some(session) if self.lesson_on_stage => self.hot.borrow_mut().session = session,
            Some(session) => {
                self.parked = Some(std::mem::replace(&mut self.hot.borrow_mut().session, session));
                self.lesson_on_stage = true;
                self.hot.borrow_mut().stage = None;
            }
            None if !self.lesson_on_stage => self.swap(true),
            None => {}
        }
        self.tab = Tab::Inspector;
        self.spoken.0 = None;
        browser::scroll_to_top(".pane.lesson");
    }

    /// The lessons are here: to where the address leads.
    pub(super) fn lessons_came(&mut self, ctx: &Context<Self>, texts: Result<Vec<String>, String>) {
        match texts {
            Ok(texts) => {
                self.learn.take(&texts);
                if self.door == Door::Learn && !self.learn.lessons().is_empty() {
                    self.routed(ctx);
                }
            }
            Err(e) => self.tell_for_long(i18n::no_lessons(self.lang, &e)),
        }
    }

    /// The stage is Play's again; the lesson waits.
    pub(super) fn leave_lesson(&mut self) {
        if self.lesson_on_stage {
            self.hot.borrow_mut().bench_plays = false;
            self.swap(false);
        }
    }

    fn swap(&mut self, lesson: bool) {
        let mut hot = self.hot.borrow_mut();
        if let Some(other) = &mut self.parked {
            std::mem::swap(other, &mut hot.session);
            self.lesson_on_stage = lesson;
            hot.stage = None;
            fatal::remember(hot.session.scenario_json());
        }
    }

    pub(super) fn ask_lesson(&mut self, ask: Ask) {
        self.reveal = match ask {
            Ask::Choose(_) if self.at_answer() => Some(".pane.lesson .explain + .go"),
            Ask::Check | Ask::Next => Some(".pane.lesson [role=status]"),
            Ask::Belief => Some(".pane.lesson .ghost"),
            Ask::Hint | Ask::Solve => Some(".pane.lesson .hint"),
            _ => None,
        };
        let address = self.learn.update(ask, &mut self.hot.borrow_mut().session);
        browser::keep(keys::PROGRESS, &self.learn.progress.text());
        if let Some(a) = address {
            browser::go_to(&a);
        }
    }

    fn open_step(&self) -> Option<&Open> {
        self.learn.open.as_ref().filter(|_| self.lesson_on_stage)
    }

    /// Does the open lesson stand on disks and copies in place of a cluster?
    pub(super) fn bench_shown(&self) -> bool {
        self.open_step().is_some_and(|o| o.bench.is_some())
    }

    pub(super) fn toggle_bench(&mut self) {
        if let Some(b) = self.learn.open.as_mut().and_then(|o| o.bench.as_mut()) {
            b.toggle();
        }
    }

    /// A frame for it. True if something moved.
    pub(super) fn bench_goes_on(&mut self) -> bool {
        let bench = self.learn.open.as_mut().and_then(|o| o.bench.as_mut());
        let moved = bench.is_some_and(|b| b.frame(browser::now_ms()));
        let plays = self.learn.open.as_ref().and_then(|o| o.bench.as_ref()).is_some_and(|b| b.playing());
        self.hot.borrow_mut().bench_plays = plays;
        moved
    }

    /// Is the scene one that plays by itself?
    pub(super) fn locked(&self) -> bool {
        self.open_step().is_some_and(|o| !o.hands_on())
    }

    /// Is an answer asked for, before anything may run?
    pub(super) fn at_question(&self) -> bool {
        self.open_step().is_some_and(|o| match o.place {
            Place::Step(_) => o.phase == Phase::Predict,
            Place::Intro => true,
            _ => false,
        })
    }

    /// Is the outcome what is being read?
    pub(super) fn at_answer(&self) -> bool {
        self.open_step().is_some_and(|o| matches!(o.place, Place::Step(_)) && o.phase == Phase::Compare)
    }

    /// R1: nothing moves on before a prediction is made.
    pub(super) fn keeps_still(&self, msg: &Msg) -> bool {
        let moves = match msg {
            Msg::StepForward | Msg::Seek(_) => true,
            Msg::Toggle => self.open_step().is_some_and(|o| o.step().is_some() && o.chosen.is_none()),
            _ => false,
        };
        moves && self.at_question()
    }

    /// Looks at how far the run has come; reads out what is to be known. True if there is news.
    pub(super) fn lesson_goes_on(&mut self) -> bool {
        if !self.learn.tick(&mut self.hot.borrow_mut().session) {
            return false;
        }
        let panel = panel(&self.learn, &self.hot.borrow().session, self.lang);
        if let Some(Body::Step(s)) = panel.map(|p| p.body) {
            let said = s.after.map(|a| a.outcome).or(s.moment);
            if let Some(text) = said {
                self.spoken = (None, text, browser::now_ms());
            }
        }
        browser::scroll_to_top(".pane.lesson");
        true
    }

    pub(super) fn lesson_title(&self) -> String {
        match &self.learn.open {
            Some(o) => format!("{} · {}", o.lesson.data.number, o.lesson.words(self.lang.core()).title),
            None => String::new(),
        }
    }

    /// The same state behind the Play door, with everything live; the lesson waits.
    pub(super) fn take_scene(&mut self) {
        let copy = saved::restore(&saved::save(&self.hot.borrow().session));
        if let (true, Some(copy)) = (self.lesson_on_stage, copy) {
            self.parked = Some(copy);
            browser::go_to(&Door::Play.address());
        }
    }

    pub(super) fn load_progress(&mut self, ctx: &Context<Self>, file: web_sys::File) {
        let link = ctx.link().clone();
        let file = gloo::file::File::from(file);
        self.reading = Some(gloo::file::callbacks::read_as_text(&file, move |text| {
            if let Ok(text) = text {
                link.send_message(Msg::Behind(BehindMsg::Progress(text)));
            }
        }));
    }

    pub(super) fn learn_progress(&mut self, text: &str) {
        self.learn.progress = Progress::read(text);
        browser::keep(keys::PROGRESS, &self.learn.progress.text());
    }
}

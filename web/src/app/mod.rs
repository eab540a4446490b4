//! The app: keeps the session, takes what people do, brings what is read up to date.

pub mod behind;
pub mod browser;
pub mod fatal;
pub mod hot;
pub mod keep;
pub mod keyboard;
mod lesson;
pub mod marks;
pub mod msg;
pub mod page;
pub mod playback;
pub mod rooms;
pub mod trial;

use crate::door::{Door, Route};
use crate::facts::{Facts, Frame, facts};
use crate::i18n::{self, Lang};
use crate::learn::Ask;
use crate::learn::Learn;
use crate::learn::progress::Progress;
use crate::measure::Kept;
use crate::panels::coach::Advice;
use crate::scene;
use crate::scene::geometry::{Rect, pt};
use crate::session::branches;
use crate::session::saved;
use crate::session::select::Selection;
use crate::session::{LIST, Motion, Session};
use crate::stage::Stage;
use crate::stage::ink::Ink;
use crate::stage::palette::Palette;
use browser::keys;
use gloo::events::EventListener;
use gloo::timers::callback::{Interval, Timeout};
use gloo::utils::{document, window};
use highwater_core::ids::BrokerId;
use highwater_core::scenario::{DEFAULT, Scenario, ScenarioError};
use hot::Hot;
use msg::{BehindMsg, Hint, Keeping, Msg, Tab};
use playback::Playback;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use trial::Court;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlCanvasElement, KeyboardEvent};
use yew::prelude::*;

/// How many more events the list shows when asked.
const MORE: usize = 200;
/// How many of the newest events are looked at while nobody sees the list: three stand below the stage, headlines are read out.
const LAST: usize = 24;
/// How long a notice stays.
const NOTICE_MS: u32 = 7000;

/// How it stands with what is behind the other doors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Fetch {
    /// Nobody needs it yet, or it is here.
    #[default]
    Idle,
    /// It comes.
    Underway,
    /// It can't be had.
    Failed,
}

/// The whole page.
pub struct App {
    hot: Rc<RefCell<Hot>>,
    facts: Rc<Facts>,
    learn: Learn,
    /// Is the session on the stage the open lesson's?
    lesson_on_stage: bool,
    /// The session of the other door: that of Play while a lesson is on the stage, and the other way round.
    parked: Option<Session>,
    reading: Option<gloo::file::callbacks::FileReader>,
    /// What is to be scrolled into sight once it is there.
    reveal: Option<&'static str>,
    door: Door,
    /// The same for those who listen to keys.
    door_now: Rc<Cell<Door>>,
    measure: Kept,
    /// Since the Trial door was first opened.
    court: Option<Court>,
    fetch: Fetch,
    /// What is being kept, and why a file could not be opened.
    keep: Option<Keeping>,
    file_error: Option<String>,
    /// The notice stays until it is read.
    lasting: bool,
    /// The Play door was opened to play something: it plays on.
    playing_on_arrival: bool,
    lang: Lang,
    dark: bool,
    help: bool,
    tab: Tab,
    /// How many events the list shows.
    listed: usize,
    /// What is pointed at on the stage; the same place for those who watch the pointer.
    hint: Option<Hint>,
    pointed: Rc<Cell<Option<Rect>>>,
    /// Were the words of English and Korean asked for?
    words_asked: [bool; 2],
    coach: Option<Advice>,
    notice: Option<String>,
    fading: Option<Timeout>,
    spoken: (Option<u32>, String, f64),
    stage: NodeRef,
    canvas: NodeRef,
    marks: NodeRef,
    _loop: Option<Playback>,
    _listeners: Vec<EventListener>,
    _saving: Option<Interval>,
}

/// Starts the app in `#app`.
pub fn start() {
    fatal::install();
    if let Some(root) = browser::by_id("app") {
        root.set_inner_html("");
        yew::Renderer::<App>::with_root(root).render();
    }
}

/// The session to begin with: as it was left, or the first scenario.
fn first_session() -> Session {
    let died = browser::recall(keys::DIED).is_some();
    browser::forget(keys::DIED);
    if died {
        browser::forget(keys::SCENE);
    }
    let kept = browser::recall(keys::SCENE).and_then(|text| saved::restore(&text));
    kept.unwrap_or_else(|| {
        let scenario = Scenario::parse(DEFAULT).expect("the scenario that comes with the app is checked by its tests");
        Session::new(scenario).expect("the scenario that comes with the app is checked by its tests")
    })
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let lang = Lang::of_tag(&browser::recall(keys::LANG).unwrap_or_else(browser::language));
        let dark = match browser::recall(keys::THEME).as_deref() {
            Some("dark") => true,
            Some("light") => false,
            _ => browser::media("(prefers-color-scheme: dark)"),
        };
        let session = first_session();
        fatal::remember(session.scenario_json());
        let hot = Hot::new(session);
        let frame = Frame { size: (964.0, 524.0), unit: 1.0 };
        let facts = Rc::new(facts(&hot.session, frame, lang));
        let coach = browser::recall(keys::COACHED).is_none().then_some(Advice::Play);
        let fragment = browser::fragment();
        let route = Route::of_fragment(&fragment);
        let door = route.map_or_else(Door::default, |r| r.door);
        let door_now = Rc::new(Cell::new(door));
        let mut app = App {
            learn: Learn::new(Progress::default()),
            lesson_on_stage: false,
            parked: None,
            reading: None,
            reveal: None,
            hot: Rc::new(RefCell::new(hot)),
            facts,
            door,
            measure: Kept::default(),
            court: None,
            fetch: Fetch::default(),
            keep: None,
            file_error: None,
            lasting: false,
            playing_on_arrival: false,
            lang,
            dark,
            help: false,
            tab: Tab::default(),
            listed: LIST,
            hint: None,
            pointed: Rc::default(),
            words_asked: [false; 2],
            coach,
            notice: None,
            fading: None,
            spoken: (None, String::new(), 0.0),
            stage: NodeRef::default(),
            canvas: NodeRef::default(),
            marks: NodeRef::default(),
            _loop: None,
            _listeners: listeners(ctx, door_now.clone()),
            door_now,
            _saving: Some(saving(ctx)),
        };
        app.dress();
        if let Some(r) = route {
            app.enter_if_here(ctx, r);
        }
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let noticed = self.notice.clone();
        let read_only = matches!(msg, Msg::Refresh | Msg::Save);
        if !read_only {
            self.hot.borrow_mut().touch();
        }
        let still = self.keeps_still(&msg);
        match msg {
            _ if still => self.notice = Some(self.lang.text().learn_choose_first.to_owned()),
            Msg::Refresh => return self.refresh(),
            Msg::Save => {
                self.save();
                return false;
            }
            Msg::Routed => self.routed(ctx),
            Msg::Fetched(what) => self.fetched(ctx, what.is_ok()),
            Msg::Open(door) => browser::go_to(&door.address()),
            Msg::Keep(what) => {
                (self.keep, self.file_error) = (Some(what), None);
                self.fetch_behind(ctx);
            }
            Msg::CloseKeep => self.keep = None,
            Msg::Skip => browser::focus("controls"),
            Msg::Behind(what) => self.ask(ctx, what),
            Msg::Digit(n) if self.locked() => self.ask(ctx, BehindMsg::Learn(Ask::Choose(usize::from(n) - 1))),
            Msg::Digit(n) => self.select(Selection::Broker(BrokerId(n))),
            Msg::FocusChoices => browser::focus_first(".options button"),
            Msg::Toggle if self.at_question() => self.ask(ctx, BehindMsg::Learn(Ask::Next)),
            Msg::Toggle if self.bench_shown() => self.ask(ctx, BehindMsg::Bench),
            Msg::Toggle => {
                self.hot.borrow_mut().session.toggle();
                if self.coach == Some(Advice::Play) {
                    self.coach = Some(Advice::Crash);
                }
            }
            Msg::StepForward => {
                let glide = !browser::reduced_motion();
                self.hot.borrow_mut().session.step_forward(glide);
            }
            Msg::StepBack => self.hot.borrow_mut().session.step_back(),
            Msg::Seek(t) => self.hot.borrow_mut().session.seek(t),
            Msg::SetSpeed(s) => self.hot.borrow_mut().session.set_speed(s),
            Msg::Reset if self.lesson_on_stage => self.ask(ctx, BehindMsg::Learn(Ask::Again)),
            Msg::Reset => {
                // Whoever goes back to the beginning wants to look at it.
                self.hot.borrow_mut().session.pause();
                self.rerun(|s| s.restarted(), |lang, s| i18n::run_again(lang, s.sim().seed()));
            }
            Msg::PlayFreely => self.rerun(|s| s.freed(), |lang, s| i18n::run_again(lang, s.sim().seed())),
            Msg::Branch(n) => self.rerun(|s| s.on_branch(n), |lang, _| i18n::on_branch(lang, branches::letter(n))),
            Msg::Act(_) | Msg::Configure(..) if self.locked() => self.notice = Some(self.lang.text().learn_locked.to_owned()),
            Msg::Act(_) | Msg::Configure(..) if self.hot.borrow().session.sim().is_story() => {
                self.notice = Some(self.lang.text().story_fixed.to_owned());
            }
            Msg::Act(what) => self.act(what),
            Msg::ActNamed(names) => {
                let acts = &self.facts.inspection.acts;
                if let Some(what) = names.iter().find_map(|n| acts.iter().find(|a| a.id == *n)).map(|a| a.what.clone()) {
                    self.act(what);
                }
            }
            Msg::Configure(owner, name, value) => self.configure(owner, name, value),
            Msg::Select(what) => {
                self.select(what);
            }
            Msg::Shift(by) => self.shift(by),
            Msg::Click(x, y, under) => self.click(x, y, under),
            Msg::Tab(tab) => (self.tab, self.listed) = (tab, LIST),
            Msg::Earlier => self.listed += MORE,
            Msg::WantWords => self.want_words(ctx),
            Msg::Words(lang, text) => self.learn.take_words(lang, &text),
            Msg::Hint(hint) => self.hint = hint,
            Msg::SwitchLang => {
                self.lang = self.lang.other();
                browser::keep(keys::LANG, self.lang.tag());
                self.dress();
                self.want_words(ctx);
                if let Some(b) = behind::here() {
                    (b.reread)(self);
                }
            }
            Msg::SwitchTheme => {
                self.dark = !self.dark;
                browser::keep(keys::THEME, if self.dark { "dark" } else { "light" });
                self.dress();
                self.recolour();
            }
            Msg::Recolour => {
                if browser::recall(keys::THEME).is_none() {
                    self.dark = browser::media("(prefers-color-scheme: dark)");
                }
                self.dress();
                self.recolour();
            }
            Msg::Help(open) => self.help = open,
            Msg::Escape => self.escape(),
            Msg::DismissCoach => self.dismiss_coach(),
            Msg::DismissNotice => self.notice = None,
            Msg::Resize => self.measure(),
        }
        if self.notice != noticed {
            let link = ctx.link().clone();
            let lasting = std::mem::take(&mut self.lasting);
            self.fading =
                self.notice.as_ref().filter(|_| !lasting).map(|_| Timeout::new(NOTICE_MS, move || link.send_message(Msg::DismissNotice)));
        }
        self.refresh();
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        page::view(self, ctx)
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if first {
            let hot = self.hot.clone();
            let go = ctx.link().callback(|m: Msg| m);
            self._loop = Some(Playback::start(move |ms| {
                let refresh = hot.borrow_mut().frame(ms);
                if refresh {
                    go.emit(Msg::Refresh);
                }
            }));
        }
        if self.canvas.get().is_some() && self.hot.borrow().stage.is_none() {
            self.mount();
            self.measure();
            ctx.link().send_message(Msg::Resize);
        }
        self.paint_marks();
        if let Some(selector) = self.reveal.take() {
            browser::reveal(selector);
        }
    }

    fn destroy(&mut self, _ctx: &Context<Self>) {
        self._loop = None;
    }
}

impl App {
    /// The address changed: another door, or nowhere, which changes nothing.
    fn routed(&mut self, ctx: &Context<Self>) {
        let fragment = browser::fragment();
        let Some(route) = Route::of_fragment(&fragment) else { return };
        if route.door != self.door {
            self.door = route.door;
            self.door_now.set(route.door);
            let mut hot = self.hot.borrow_mut();
            // The canvas goes with its door; what nobody sees stands still.
            hot.stage = None;
            if !std::mem::take(&mut self.playing_on_arrival) {
                hot.session.pause();
            }
        }
        if route.door != Door::Learn {
            self.leave_lesson();
        }
        self.enter_if_here(ctx, route);
    }

    /// Goes where an address leads, or has what is there fetched first.
    fn enter_if_here(&mut self, ctx: &Context<Self>, route: Route<'_>) {
        match behind::here() {
            _ if route.door == Door::Play && route.rest.is_empty() => {}
            Some(b) => (b.enter)(self, ctx, route),
            None => self.fetch_behind(ctx),
        }
    }

    fn fetch_behind(&mut self, ctx: &Context<Self>) {
        if behind::here().is_none() && self.fetch != Fetch::Underway {
            self.fetch = Fetch::Underway;
            let link = ctx.link().clone();
            spawn_local(async move { link.send_message(Msg::Fetched(behind::fetch().await.map(|_| ()))) });
        }
    }

    /// What terms mean is fetched when somebody first points or tabs at something; without it, nothing explains itself.
    fn want_words(&mut self, ctx: &Context<Self>) {
        let lang = self.lang;
        if std::mem::replace(&mut self.words_asked[usize::from(lang == Lang::Ko)], true) {
            return;
        }
        let (link, file) = (ctx.link().clone(), [format!("./lessons/terms.{}.json", lang.tag())]);
        spawn_local(async move {
            if let Ok(texts) = browser::fetch_texts(&file).await {
                link.send_message(Msg::Words(lang, texts.concat()));
            }
        });
    }

    /// What is behind the doors is here, or can't be had.
    fn fetched(&mut self, ctx: &Context<Self>, here: bool) {
        self.fetch = if here { Fetch::Idle } else { Fetch::Failed };
        if here {
            self.routed(ctx);
        } else if self.door == Door::Play {
            self.keep = None;
            self.notice = Some(self.lang.text().not_fetched.to_owned());
        }
    }

    /// Asks for something behind the doors; nobody can while it is not here.
    fn ask(&mut self, ctx: &Context<Self>, what: BehindMsg) {
        if let Some(b) = behind::here() {
            (b.update)(self, ctx, what);
        }
    }

    /// Language and colours on the root element.
    fn dress(&self) {
        browser::set_root("lang", self.lang.tag());
        browser::set_root("data-theme", if self.dark { "dark" } else { "light" });
    }

    fn mount(&mut self) {
        let Some(canvas) = self.canvas.cast::<HtmlCanvasElement>() else {
            return;
        };
        let palette = Palette::read(browser::css);
        if let Some(ink) = Ink::new(canvas, palette, browser::css("--face")) {
            self.hot.borrow_mut().stage = Some(Stage::new(ink));
        }
    }

    fn measure(&mut self) {
        let Some(e) = self.stage.cast::<web_sys::Element>() else {
            return;
        };
        let mut hot = self.hot.borrow_mut();
        let frame = Frame { size: browser::size_of(&e), unit: browser::unit() };
        hot.frame = frame;
        if let Some(stage) = &mut hot.stage {
            stage.resize(frame.size, frame.unit, browser::dpr());
        }
        hot.touch();
    }

    fn recolour(&mut self) {
        let palette = Palette::read(browser::css);
        if let Some(stage) = &mut self.hot.borrow_mut().stage {
            stage.set_palette(palette);
        }
    }

    /// Brings what is read up to date; says whether it changed.
    fn refresh(&mut self) -> bool {
        let fresh = {
            let mut hot = self.hot.borrow_mut();
            hot.session.listed = if self.tab == Tab::Events { self.listed } else { LAST };
            hot.session.look_at_meters(self.tab == Tab::Meters && self.door == Door::Play);
            facts(&hot.session, hot.frame, self.lang)
        };
        let told = self.lesson_on_stage && behind::here().is_some_and(|b| (b.look)(self));
        if *self.facts == fresh {
            return told;
        }
        self.facts = Rc::new(fresh);
        self.speak();
        true
    }

    /// What the live region says: every event while one steps, headlines while time goes by.
    fn speak(&mut self) {
        let now = browser::now_ms();
        let playing = self.facts.playing;
        if playing && now - self.spoken.2 < 1200.0 {
            return;
        }
        if self.at_answer() {
            return; // the outcome was read out
        }
        let line = self.facts.lines.iter().find(|l| !playing || l.headline);
        if let Some(l) = line
            && self.spoken.0 != Some(l.seq)
        {
            self.spoken = (Some(l.seq), l.text.clone(), now);
        }
    }

    fn act(&mut self, what: highwater_core::scenario::Do) {
        let crash = matches!(what, highwater_core::scenario::Do::Crash { .. });
        {
            let mut hot = self.hot.borrow_mut();
            if hot.session.act(what) {
                self.notice = Some(self.lang.text().branch_made.to_owned());
            }
            fatal::remember(hot.session.scenario_json());
        }
        if crash {
            self.dismiss_coach();
        }
    }

    fn configure(&mut self, owner: crate::facts::inspect::Owner, name: &'static str, value: String) {
        use crate::facts::inspect::Owner;
        let told = value.clone();
        self.rerun(
            |s| match &owner {
                Owner::Producer(p) => s.with_producer_config(p, name, &value),
                Owner::Topic(t) => s.with_topic_config(t, name, &value),
                Owner::Release => s.with_release(&value),
            },
            |lang, s| i18n::new_run(lang, name, &told, s.sim().seed()),
        );
    }

    /// Another run in place of this one; it plays on if this one did.
    fn rerun(&mut self, make: impl Fn(&Session) -> Result<Session, ScenarioError>, tell: impl Fn(Lang, &Session) -> String) {
        let made = make(&self.hot.borrow().session);
        match made {
            Ok(mut next) => {
                let mut hot = self.hot.borrow_mut();
                if hot.session.playing() {
                    next.toggle();
                }
                fatal::remember(next.scenario_json());
                self.notice = Some(tell(self.lang, &next));
                hot.session = next;
            }
            Err(e) => self.notice = Some(i18n::refused(self.lang, &e.to_string())),
        }
        self.spoken.0 = None;
    }

    fn select(&mut self, what: Selection) {
        self.hot.borrow_mut().session.select(what);
        if !matches!(what, Selection::Run) {
            // What was selected shows in the inspector; events stay beside their list's tab. The focus does not stay behind.
            if self.tab == Tab::Events {
                self.tab = Tab::Inspector;
                if browser::has_focus("tab-events") {
                    browser::focus("tab-inspector");
                }
            }
        }
    }

    fn click(&mut self, x: f64, y: f64, under: Option<Selection>) {
        let hit = {
            let hot = self.hot.borrow();
            let (layout, shown) = crate::facts::place(&hot.session, hot.frame);
            let s = &hot.session;
            scene::build(s.sim(), s.view_us(), &shown, &layout, s.selection).hit(&layout, pt(x, y))
        };
        self.select(hit.or(under).unwrap_or(Selection::Run));
    }

    fn shift(&mut self, by: i32) {
        let mut hot = self.hot.borrow_mut();
        let all: Vec<u16> = crate::session::user_partitions(hot.session.sim()).map(|p| p.0).collect();
        let width = self.facts.shown.len().max(1);
        let at = all.iter().position(|p| *p == hot.session.first_partition).unwrap_or(0);
        let to = if by < 0 { at.saturating_sub(width) } else { (at + width).min(all.len().saturating_sub(width)) };
        if let Some(p) = all.get(to) {
            hot.session.first_partition = *p;
        }
    }

    fn escape(&mut self) {
        self.hint = None;
        if self.keep.is_some() {
            self.keep = None;
        } else if self.help {
            self.help = false;
        } else if self.notice.is_some() {
            self.notice = None;
        } else {
            self.select(Selection::Run);
        }
    }

    fn dismiss_coach(&mut self) {
        self.coach = None;
        browser::keep(keys::COACHED, "1");
    }

    fn save(&self) {
        // A frame may be under way; the next save comes soon.
        if let Ok(hot) = self.hot.try_borrow() {
            let play = if self.lesson_on_stage { self.parked.as_ref() } else { Some(&hot.session) };
            if let Some(s) = play {
                browser::keep(keys::SCENE, &saved::save(s));
            }
        }
    }

    /// Right end of the timeline: a round time beyond what was reached.
    fn span_us(&self) -> u64 {
        let s = &self.hot.borrow().session;
        marks::span(s.frontier_us(), s.sim().until_us())
    }

    fn paint_marks(&self) {
        if let Some(canvas) = self.marks.cast::<HtmlCanvasElement>() {
            let hot = self.hot.borrow();
            let span = marks::span(hot.session.frontier_us(), hot.session.sim().until_us());
            marks::paint(&canvas, hot.session.timeline().marks(), span, hot.session.frontier_us());
        }
    }

    /// Is a step to the next event under way?
    fn gliding(&self) -> bool {
        let s = &self.hot.borrow().session;
        s.moving() && !s.playing() && s.motion() != Motion::Paused
    }
}

fn listeners(ctx: &Context<App>, door: Rc<Cell<Door>>) -> Vec<EventListener> {
    let link = ctx.link().clone();
    let keys =
        EventListener::new_with_options(&document(), "keydown", gloo::events::EventListenerOptions::enable_prevent_default(), move |e| {
            let Some(e) = e.dyn_ref::<KeyboardEvent>() else { return };
            let help = browser::by_id("help-open").is_some();
            if let Some(m) = keyboard::message(e, help, door.get()) {
                e.prevent_default();
                link.send_message(m);
            }
        });
    let sends = |target: &web_sys::EventTarget, name: &'static str, m: Msg| {
        let link = ctx.link().clone();
        EventListener::new(target, name, move |_| link.send_message(m.clone()))
    };
    let once = |name: &'static str| {
        let link = ctx.link().clone();
        EventListener::once(&document(), name, move |_| link.send_message(Msg::WantWords))
    };
    let mut all = vec![
        keys,
        once("pointerover"),
        once("focusin"),
        sends(&window(), "hashchange", Msg::Routed),
        sends(&window(), "resize", Msg::Resize),
        sends(&document().fonts(), "loadingdone", Msg::Resize), // the stage is painted in them
        sends(&window(), "pagehide", Msg::Save),
        sends(&document(), "visibilitychange", Msg::Save),
    ];
    for query in ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"] {
        if let Ok(Some(m)) = window().match_media(query) {
            all.push(sends(&m, "change", Msg::Recolour));
        }
    }
    all
}

fn saving(ctx: &Context<App>) -> Interval {
    let link = ctx.link().clone();
    Interval::new(2500, move || link.send_message(Msg::Save))
}

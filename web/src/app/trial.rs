//! The Trial door's share of the app: what is on trial, and the search that runs.

use super::browser::{self, keys};
use super::msg::{BehindMsg, Msg, TrialMsg};
use super::{App, fatal};
use crate::door::Door;
use crate::i18n::{self, Lang};
use crate::session::Session;
use crate::trial::Case;
use crate::trial::sheet::{Sheet, Shipped, sheet};
use crate::trial::wire::Tell;
use crate::worker::Searcher;
use highwater_core::scenario::{FIRST_TRIAL, NAMES, Scenario, ScenarioError};
use yew::Context;
use yew::platform::spawn_local;

/// Memory that a search may use unless one chooses otherwise: in the browser it binds before time.
const BYTES: u64 = 512 << 20;
/// States at which the search of a scenario ends that sets no bounds of its own: within half a minute or so. The verdict says then what
/// was searched, and which limit to raise.
const FIRST_STATES: u64 = 1_000_000;
/// The same on a phone.
const PHONE_BYTES: u64 = 128 << 20;

/// A case, the search that runs for it, and what there is to read.
pub struct Court {
    case: Case,
    searcher: Option<Searcher>,
    /// The shipped configurations; none before they are loaded.
    shipped: Vec<Shipped>,
    /// What there is to read.
    pub sheet: Sheet,
    /// The shipped configuration that was picked, until something is changed.
    pub picked: Option<String>,
}

impl Court {
    /// As it was left, or with the first configuration.
    pub fn new(lang: Lang) -> Self {
        let kept = browser::recall(keys::TRIAL).and_then(|text| Case::new(Scenario::parse(&text).ok()?).ok());
        let picked = kept.is_none().then(|| FIRST_TRIAL.0.to_owned());
        let case = kept.unwrap_or_else(|| Case::first(bytes()));
        Court { sheet: sheet(&case, &[], lang), case, shipped: Vec::new(), searcher: None, picked }
    }

    /// What is on trial.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// Puts another configuration on trial.
    ///
    /// # Errors
    /// It can't be tried.
    pub fn call(&mut self, scenario: Scenario) -> Result<(), ScenarioError> {
        let own_bounds = scenario.trial.is_some();
        self.case = Case::new(scenario)?;
        if !own_bounds || self.case.bounds().max_bytes > bytes() {
            self.case.bound_memory(bytes());
        }
        if !own_bounds {
            self.case.bound_states(FIRST_STATES);
        }
        self.searcher = None;
        self.picked = None;
        Ok(())
    }
}

fn bytes() -> u64 {
    if browser::media("(pointer: coarse) and (max-width: 60rem)") { PHONE_BYTES } else { BYTES }
}

impl App {
    /// What a person asks of the Trial door, or the search tells.
    pub(super) fn try_out(&mut self, ctx: &Context<App>, msg: TrialMsg) {
        let changed = match msg {
            TrialMsg::Shipped(texts) => return self.shipped_came(texts),
            TrialMsg::Pick(name) => {
                let court = self.court();
                let picked = court.shipped.iter().find(|s| s.0 == name).map(|s| s.1.clone());
                let called = picked.map_or(Ok(()), |s| court.call(s));
                court.picked = Some(name);
                called
            }
            TrialMsg::FromPlay => {
                let scenario = self.hot.borrow().session.timeline().scenario().clone();
                self.court().call(scenario)
            }
            TrialMsg::Turn(knob, value) => self.court().case.turn(knob, &value),
            TrialMsg::Bound(i, n) => self.court().case.bound(i, n),
            TrialMsg::LookFor(p, on) => {
                self.court().case.look_for(p, on);
                Ok(())
            }
            TrialMsg::States(n) => {
                self.court().case.bound_states(n);
                Ok(())
            }
            TrialMsg::Memory(bytes) => {
                self.court().case.bound_memory(bytes);
                Ok(())
            }
            TrialMsg::Search => return self.search(ctx),
            TrialMsg::Cancel => return self.cancel(),
            TrialMsg::Heard(tell) => return self.heard(tell),
            TrialMsg::PlayStory(run) => return self.play_story(run),
        };
        match changed {
            Ok(()) => {
                self.court().searcher = None;
                browser::keep(keys::TRIAL, &self.court().case.scenario().to_json());
            }
            Err(e) => self.notice = Some(i18n::refused(self.lang, &e.to_string())),
        }
        self.reread();
    }

    /// The Trial door was opened: the first time, the shipped configurations are loaded.
    pub(super) fn enter_trial(&mut self, ctx: &Context<App>) {
        if self.court().shipped.is_empty() {
            let link = ctx.link().clone();
            let files: Vec<String> = NAMES.iter().map(|name| format!("./scenarios/{name}.json")).collect();
            spawn_local(
                async move { link.send_message(Msg::Behind(BehindMsg::Trial(TrialMsg::Shipped(browser::fetch_texts(&files).await)))) },
            );
        }
    }

    /// What is on trial: the first time, as it was left or the first configuration.
    fn court(&mut self) -> &mut Court {
        self.court.get_or_insert_with(|| Court::new(self.lang))
    }

    fn shipped_came(&mut self, texts: Result<Vec<String>, String>) {
        match texts {
            Ok(texts) => {
                let read = |(name, text): (&&'static str, String)| Some((*name, Scenario::parse(&text).ok()?));
                let all = NAMES.iter().zip(texts).filter_map(read);
                self.court().shipped = all.filter(|(_, s)| s.trial.is_some()).collect();
                self.reread();
            }
            Err(e) => self.tell_for_long(i18n::no_scenarios(self.lang, &e)),
        }
    }

    /// Puts a scenario on trial, and keeps it for a reload.
    pub(super) fn call(&mut self, s: Scenario) -> Result<(), ScenarioError> {
        self.court().call(s)?;
        browser::keep(keys::TRIAL, &self.court().case.scenario().to_json());
        Ok(())
    }

    /// Brings what is read about the trial up to date.
    pub(super) fn reread(&mut self) {
        let Some(court) = &mut self.court else { return };
        let fresh = sheet(&court.case, &court.shipped, self.lang);
        if court.sheet != fresh {
            court.sheet = fresh;
        }
    }

    fn search(&mut self, ctx: &Context<App>) {
        let task = self.court().case.start();
        let link = ctx.link().clone();
        match Searcher::start(&task, move |tell| link.send_message(Msg::Behind(BehindMsg::Trial(TrialMsg::Heard(tell))))) {
            Ok(s) => self.court().searcher = Some(s),
            Err(e) => self.court().case.fail(e),
        }
        self.reread();
    }

    fn cancel(&mut self) {
        self.court().searcher = None;
        self.court().case.stop();
        self.reread();
    }

    fn heard(&mut self, tell: Tell) {
        let court = self.court();
        let had = court.sheet.verdict.is_some();
        court.case.hear(tell);
        if *court.case.phase() != crate::trial::Phase::Running {
            court.searcher = None;
        }
        self.reread();
        if let Some(v) = self.court().sheet.verdict.as_ref().filter(|_| !had) {
            self.spoken.1 = format!("{}. {}", v.head, v.detail);
        }
    }

    /// Plays the story of a search on the stage.
    fn play_story(&mut self, run: usize) {
        let Some(story) = self.court().case.story_of(run).cloned() else { return };
        match Session::new(story) {
            Ok(mut session) => {
                session.toggle();
                fatal::remember(session.scenario_json());
                self.hot.borrow_mut().session = session;
                self.spoken.0 = None;
                self.coach = None;
                self.playing_on_arrival = true;
                browser::go_to(&Door::Play.address());
            }
            Err(e) => self.notice = Some(i18n::refused(self.lang, &e.to_string())),
        }
    }
}

//! Scenarios kept and brought back: as a link, as a file.

use super::browser;
use super::msg::Keeping;
use super::{App, fatal};
use crate::door::Door;
use crate::i18n;
use crate::session::Session;
use highwater_core::scenario::{Scenario, ScenarioError};

impl App {
    /// What is to be kept: the scenario behind the open door, or a story of the trial.
    pub(super) fn kept(&self, what: Keeping) -> Option<(Door, Scenario)> {
        match (what, self.door) {
            (Keeping::Story(run), _) => Some((Door::Play, self.court.as_ref()?.case().story_of(run)?.clone())),
            (Keeping::Here, Door::Trial) => Some((Door::Trial, self.court.as_ref()?.case().scenario().clone())),
            (Keeping::Here, _) => Some((Door::Play, self.hot.borrow().session.timeline().scenario().clone())),
        }
    }

    /// Opens what stands behind the door in the address. The address then names the door alone: a reload brings back
    /// where one was, not where the link began.
    pub(super) fn open_link(&mut self, door: Door, link: &str) {
        if link.is_empty() || !door.has_scenario() {
            return;
        }
        let opened = Scenario::of_link(link).and_then(|s| self.open(door, s));
        browser::readdress(&door.address());
        if let Err(e) = opened {
            self.tell_for_long(i18n::bad_link(self.lang, &e.to_string()));
        }
    }

    /// Opens a file behind the open door.
    pub(super) fn open_file(&mut self, text: &str) {
        let door = if self.door == Door::Trial { Door::Trial } else { Door::Play };
        match Scenario::parse(text).and_then(|s| self.open(door, s)) {
            Ok(()) => {
                self.keep = None;
                self.reread();
            }
            Err(e) => self.file_error = Some(i18n::bad_file(self.lang, &e.to_string())),
        }
    }

    fn open(&mut self, door: Door, s: Scenario) -> Result<(), ScenarioError> {
        if door == Door::Trial {
            return self.call(s);
        }
        let session = Session::new(s)?;
        self.coach = None; // it speaks of the first scene
        fatal::remember(session.scenario_json());
        let mut hot = self.hot.borrow_mut();
        hot.session = session;
        hot.touch();
        drop(hot);
        self.spoken.0 = None;
        self.save();
        Ok(())
    }

    /// A notice that stays until it is read.
    pub(super) fn tell_for_long(&mut self, text: String) {
        self.notice = Some(text);
        self.lasting = true;
    }
}

/// A file name for a scenario: its title in letters that every system takes.
pub fn file_name(title: &str) -> String {
    let mut name = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    format!("{}.json", if name.is_empty() { "scenario" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_their_title() {
        assert_eq!(file_name("acks=1: acknowledged is not yet safe"), "acks-1-acknowledged-is-not-yet-safe.json");
        assert_eq!(file_name("한국어"), "scenario.json");
    }
}

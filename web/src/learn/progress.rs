//! What a learner has done: kept in the browser, exportable as a file. Nothing leaves the page.

use highwater_core::json::{decode, encode};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

/// The format's version.
const FORMAT: u32 = 1;

/// A step as it was taken.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Taken {
    /// The option that was predicted first.
    pub predicted: String,
    /// Did it come true? If not it was a surprise, and is asked again later.
    pub right: bool,
    /// Was the reason given as well?
    #[serde(default)]
    pub explained: bool,
}

/// A lesson as far as it was taken.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Done {
    /// By step.
    #[serde(default)]
    pub steps: LiteMap<String, Taken>,
    /// The challenge was won.
    #[serde(default)]
    pub challenge: bool,
}

/// All of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Progress {
    format: u32,
    /// By lesson.
    #[serde(default)]
    pub lessons: LiteMap<String, Done>,
}

impl Default for Progress {
    fn default() -> Self {
        Progress { format: FORMAT, lessons: LiteMap::new_vec() }
    }
}

impl Progress {
    /// Reads what was kept. Damaged text, or that of another version, is a fresh start.
    pub fn read(text: &str) -> Progress {
        decode(text).ok().filter(|p: &Progress| p.format == FORMAT).unwrap_or_default()
    }

    /// As it is kept and exported.
    pub fn text(&self) -> String {
        encode(self)
    }

    /// What was done of a lesson.
    pub fn of(&self, lesson: &str) -> Option<&Done> {
        self.lessons.get(lesson)
    }

    /// Notes a prediction. The first one counts: it is the one that was made without knowing.
    pub fn predicted(&mut self, lesson: &str, step: &str, option: &str, right: bool) {
        let steps = &mut self.lessons.entry(lesson.into()).or_default().steps;
        steps.entry(step.into()).or_insert_with(|| Taken { predicted: option.into(), right, explained: false });
    }

    /// Notes that the reason was given.
    pub fn explained(&mut self, lesson: &str, step: &str) {
        if let Some(t) = self.lessons.entry(lesson.into()).or_default().steps.get_mut(step) {
            t.explained = true;
        }
    }

    /// Notes that the challenge was won.
    pub fn won(&mut self, lesson: &str) {
        self.lessons.entry(lesson.into()).or_default().challenge = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_comes_back_and_the_first_prediction_counts() {
        let mut p = Progress::default();
        p.predicted("L11", "alone", "safe", false);
        p.predicted("L11", "alone", "gone", true);
        p.explained("L11", "alone");
        p.won("L11");
        let back = Progress::read(&p.text());
        assert_eq!(back, p);
        assert_eq!(back.of("L11").unwrap().steps.get("alone").unwrap(), &Taken { predicted: "safe".into(), right: false, explained: true });
        assert_eq!(Progress::read("{"), Progress::default());
        assert_eq!(Progress::read("{\"format\":9}"), Progress::default());
    }
}

//! A lesson's words in one language. What stands between `{` and `}` is worked out from the runs.

use litemap::LiteMap;
use serde::Deserialize;

/// All words of a lesson.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What it is called.
    pub title: String,
    /// The one question that it answers.
    pub question: String,
    /// What is on the stage, before the first step.
    pub intro: String,
    /// By step.
    pub steps: LiteMap<String, StepWords>,
    /// Of the challenge.
    pub challenge: ChallengeWords,
    /// By card.
    pub cards: LiteMap<String, Card>,
    /// A remark for each command, in their order.
    pub real: Vec<String>,
    /// What the model leaves out.
    pub left_out: Vec<String>,
}

/// Words of a step.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepWords {
    /// What it is called.
    pub title: String,
    /// What is going to be done.
    pub setting: String,
    /// The question.
    pub ask: String,
    /// By option.
    pub options: LiteMap<String, String>,
    /// What to look at while it runs.
    pub watch: String,
    /// What happened, made from the state.
    pub outcome: String,
    /// What to tell somebody who predicted this; by option.
    #[serde(default)]
    pub notes: LiteMap<String, String>,
    /// What would have to be so for this to come true; by option that has a belief.
    #[serde(default)]
    pub beliefs: LiteMap<String, String>,
    /// The question about the reason.
    pub why: String,
    /// By reason.
    pub because: LiteMap<String, String>,
    /// The explanation.
    pub explain: String,
}

/// Words of a challenge.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeWords {
    /// What it is called.
    pub title: String,
    /// What to achieve.
    pub task: String,
    /// By choice.
    #[serde(default)]
    pub choices: LiteMap<String, String>,
    /// By condition.
    pub conditions: LiteMap<String, String>,
    /// From vague to plain.
    #[serde(default)]
    pub hints: Vec<String>,
    /// How it is done.
    pub solution: String,
    /// By near miss: what was tried.
    pub misses: LiteMap<String, String>,
    /// Said when it is done.
    pub won: String,
}

/// A recall card.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The question.
    pub ask: String,
    /// The answer.
    pub answer: String,
}

impl Words {
    /// Every text with the names of steps, options and so on under which it stands.
    pub fn texts(&self) -> Vec<(String, &str)> {
        let mut all = vec![("title".into(), &*self.title), ("question".into(), &*self.question), ("intro".into(), &*self.intro)];
        for (id, s) in &self.steps {
            let at = |field: &str| format!("steps.{id}.{field}");
            for (field, text) in [
                ("title", &s.title),
                ("setting", &s.setting),
                ("ask", &s.ask),
                ("watch", &s.watch),
                ("outcome", &s.outcome),
                ("why", &s.why),
                ("explain", &s.explain),
            ] {
                all.push((at(field), text));
            }
            all.extend(s.options.iter().map(|(k, v)| (at(&format!("options.{k}")), v.as_str())));
            all.extend(s.notes.iter().map(|(k, v)| (at(&format!("notes.{k}")), v.as_str())));
            all.extend(s.beliefs.iter().map(|(k, v)| (at(&format!("beliefs.{k}")), v.as_str())));
            all.extend(s.because.iter().map(|(k, v)| (at(&format!("because.{k}")), v.as_str())));
        }
        let c = &self.challenge;
        for (field, text) in [("title", &c.title), ("task", &c.task), ("solution", &c.solution), ("won", &c.won)] {
            all.push((format!("challenge.{field}"), text));
        }
        for (field, map) in [("choices", &c.choices), ("conditions", &c.conditions), ("misses", &c.misses)] {
            all.extend(map.iter().map(|(k, v)| (format!("challenge.{field}.{k}"), v.as_str())));
        }
        all.extend(c.hints.iter().enumerate().map(|(i, v)| (format!("challenge.hints[{i}]"), v.as_str())));
        for (id, card) in &self.cards {
            all.push((format!("cards.{id}.ask"), &card.ask));
            all.push((format!("cards.{id}.answer"), &card.answer));
        }
        all.extend(self.real.iter().enumerate().map(|(i, v)| (format!("real[{i}]"), v.as_str())));
        all.extend(self.left_out.iter().enumerate().map(|(i, v)| (format!("left_out[{i}]"), v.as_str())));
        all
    }
}

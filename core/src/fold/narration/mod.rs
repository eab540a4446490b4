//! Sentences for events, in English and Korean: short, plain, exact.
//!
//! Config names, error codes and names of partitions, clients and records are the same in both languages.

mod en;
mod groups;
mod josa;
mod ko;
mod names;
mod quorum;
mod share;
mod streams;
mod transactions;
mod trouble;
mod trouble_words;
mod why;
mod zookeeper;

use crate::event::Event;
use crate::sim::Sim;
use names::Names;
use std::str::FromStr;
pub use trouble::{Answer, Trouble, troubles, troubles_of};
pub use why::why;

/// A language that the narration speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl FromStr for Lang {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "en" => Ok(Lang::En),
            "ko" => Ok(Lang::Ko),
            other => Err(format!("{other:?} is no language here; there are en and ko")),
        }
    }
}

/// One event as one sentence. Also takes an event that lies ahead of `sim`'s present, or was left with a branch:
/// what is not known then is named generally.
pub fn sentence(event: &Event, sim: &Sim, lang: Lang) -> String {
    let names = Names { sim, lang };
    match lang {
        Lang::En => en::sentence(event, &names),
        Lang::Ko => ko::sentence(event, &names),
    }
}

/// Part of a sentence that a person would say of these offsets: one, or from the first to the last.
fn last_of(from: crate::ids::Offset, to: crate::ids::Offset) -> Option<u32> {
    to.0.checked_sub(1).filter(|last| *last > from.0)
}

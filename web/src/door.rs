//! The app's doors, and their addresses: `#/play`, or `#/play/…` with something to open behind it. In the fragment, so
//! that the page works below any path and from any server.

use crate::i18n::Text;

/// A part of the app with a page of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Door {
    /// The lessons.
    Learn,
    /// The cluster that one can play with.
    #[default]
    Play,
    /// What disks, the page cache and copies cost.
    Measure,
    /// A configuration on trial: every order of what may happen.
    Trial,
}

impl Door {
    /// All doors, in the order of the navigation.
    pub const ALL: &[Door] = &[Door::Learn, Door::Play, Door::Measure, Door::Trial];

    /// Its word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Door::Learn => "learn",
            Door::Play => "play",
            Door::Measure => "measure",
            Door::Trial => "trial",
        }
    }

    /// Its address: a fragment.
    pub fn address(self) -> String {
        format!("#/{}", self.word())
    }

    /// Its name in the navigation.
    pub fn name(self, t: &Text) -> &'static str {
        match self {
            Door::Learn => t.door_learn,
            Door::Play => t.door_play,
            Door::Measure => t.door_measure,
            Door::Trial => t.door_trial,
        }
    }

    /// Is there a scenario behind it, to be kept and opened?
    pub fn has_scenario(self) -> bool {
        matches!(self, Door::Play | Door::Trial)
    }

    /// The door after this one, round and round.
    #[must_use]
    pub fn next(self) -> Door {
        let i = Door::ALL.iter().position(|d| *d == self).unwrap_or(0);
        Door::ALL[(i + 1) % Door::ALL.len()]
    }
}

/// Where an address leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route<'a> {
    /// Which door.
    pub door: Door,
    /// What is to be opened behind it; empty if nothing is.
    pub rest: &'a str,
}

impl Route<'_> {
    /// Reads a fragment, with or without its `#`. `None` if it leads to no door.
    pub fn of_fragment(fragment: &str) -> Option<Route<'_>> {
        let path = fragment.strip_prefix('#').unwrap_or(fragment).strip_prefix('/')?;
        let (word, rest) = path.split_once('/').unwrap_or((path, ""));
        let door = *Door::ALL.iter().find(|d| d.word() == word)?;
        Some(Route { door, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_door_has_an_address_that_leads_to_it() {
        for d in Door::ALL {
            assert_eq!(Route::of_fragment(&d.address()), Some(Route { door: *d, rest: "" }));
        }
    }

    #[test]
    fn what_follows_the_door_is_kept() {
        assert_eq!(Route::of_fragment("#/play/1.ab/c"), Some(Route { door: Door::Play, rest: "1.ab/c" }));
    }

    #[test]
    fn other_fragments_lead_nowhere() {
        for other in ["", "#", "#play", "#controls", "#/", "#/attic", "#/playing", "#/PLAY"] {
            assert_eq!(Route::of_fragment(other), None, "{other}");
        }
    }

    #[test]
    fn going_on_from_door_to_door_comes_round() {
        let mut at = Door::default();
        for _ in Door::ALL {
            at = at.next();
        }
        assert_eq!(at, Door::default());
    }
}

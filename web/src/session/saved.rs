//! What is kept over a reload: the scenario with what was done by hand, and where one was.

use super::Session;
use super::pacing::Speed;
use super::select::Selection;
use highwater_core::scenario::Scenario;
use serde::{Deserialize, Serialize};

/// The version of this record; others are ignored.
const VERSION: u32 = 1;

/// A scene as it is kept.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Saved {
    version: u32,
    /// The scenario, as JSON text.
    pub scenario: String,
    /// The instant.
    pub t_us: u64,
    speed: String,
    selection: Selection,
    first_partition: u16,
}

impl Saved {
    /// Of a session.
    pub fn of(s: &Session) -> Saved {
        Saved {
            version: VERSION,
            scenario: s.scenario_json(),
            t_us: s.sim().now_us(),
            speed: s.speed().token(),
            selection: s.selection,
            first_partition: s.first_partition,
        }
    }

    /// As text.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A session as it was, paused. `None` where the text is of another version, damaged, or no longer a scenario.
    pub fn restore(text: &str) -> Option<Session> {
        let saved: Saved = serde_json::from_str(text).ok()?;
        if saved.version != VERSION {
            return None;
        }
        let mut session = Session::new(Scenario::parse(&saved.scenario).ok()?).ok()?;
        session.set_speed(Speed::of_token(&saved.speed));
        session.seek(saved.t_us);
        session.first_partition = saved.first_partition;
        session.selection = if selectable(&session, saved.selection) { saved.selection } else { Selection::Run };
        Some(session)
    }
}

/// Is it there?
fn selectable(s: &Session, what: Selection) -> bool {
    let setup = s.sim().setup();
    match what {
        Selection::Run | Selection::Controller => true,
        Selection::Broker(b) => (1..=setup.brokers).contains(&b.0),
        Selection::Partition(p) => p.ix() < setup.partitions.len(),
        Selection::Producer(p) => p.ix() < setup.producers.len(),
        Selection::Consumer(c) => c.ix() < setup.consumers.len(),
        Selection::Record(b, p, _) => (1..=setup.brokers).contains(&b.0) && p.ix() < setup.partitions.len(),
        Selection::Message(_) => false,
        Selection::Event(n) => (n as usize) < s.sim().events().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_core::ids::BrokerId;
    use highwater_core::scenario::{DEFAULT, Do};

    #[test]
    fn a_scene_comes_back_as_it_was() {
        let mut s = Session::new(Scenario::parse(DEFAULT).unwrap()).unwrap();
        s.seek(100_000);
        s.act(Do::Crash { broker: 1 });
        s.seek(300_000);
        s.selection = Selection::Broker(BrokerId(2));
        let back = Saved::restore(&Saved::of(&s).to_text()).unwrap();
        assert_eq!(back.sim().now_us(), 300_000);
        assert_eq!(back.sim().trace_hash(), s.sim().trace_hash());
        assert_eq!(back.selection, s.selection);
    }

    #[test]
    fn what_does_not_fit_is_ignored() {
        assert!(Saved::restore("").is_none());
        assert!(Saved::restore("{\"version\":99}").is_none());
        let mut saved = Saved::of(&Session::new(Scenario::parse(DEFAULT).unwrap()).unwrap());
        saved.selection = Selection::Broker(BrokerId(40));
        assert_eq!(Saved::restore(&saved.to_text()).unwrap().selection, Selection::Run);
        saved.scenario = "{}".into();
        assert!(Saved::restore(&saved.to_text()).is_none());
    }
}

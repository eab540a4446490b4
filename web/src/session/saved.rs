//! What is kept over a reload: where one was, in a line, and then the scenario with what was done by hand.

use super::Session;
use super::pacing::Speed;
use super::select::Selection;
use highwater_core::scenario::Scenario;

/// How the line begins; text that begins otherwise is ignored.
const HEAD: &str = "highwater-scene-1";

/// A session as text.
pub fn save(s: &Session) -> String {
    format!("{HEAD} {} {} {} {}\n{}", s.sim().now_us(), s.speed().token(), s.selection.word(), s.first_partition, s.scenario_json())
}

/// A session as it was, paused. `None` where the text is of another version, damaged, or no longer a scenario.
pub fn restore(text: &str) -> Option<Session> {
    let (line, scenario) = text.split_once('\n')?;
    let mut words = line.split(' ');
    if words.next()? != HEAD {
        return None;
    }
    let t_us: u64 = words.next()?.parse().ok()?;
    let speed = Speed::of_token(words.next()?);
    let selection = Selection::of_word(words.next()?).unwrap_or_default();
    let first_partition: u16 = words.next()?.parse().ok()?;
    let mut session = Session::new(Scenario::parse(scenario).ok()?).ok()?;
    session.set_speed(speed);
    session.seek(t_us);
    session.first_partition = first_partition;
    session.select(selection);
    Some(session)
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
        s.select(Selection::Broker(BrokerId(2)));
        let back = restore(&save(&s)).unwrap();
        assert_eq!(back.sim().now_us(), 300_000);
        assert_eq!(back.sim().trace_hash(), s.sim().trace_hash());
        assert_eq!(back.selection, s.selection);
    }

    #[test]
    fn what_does_not_fit_is_ignored() {
        assert!(restore("").is_none());
        assert!(restore("highwater-scene-0 0 auto run 0\n{}").is_none());
        assert!(restore("highwater-scene-1 0 auto run 0\n{}").is_none());
        assert!(restore("highwater-scene-1 0").is_none());
        let other = format!("highwater-scene-1 0 auto broker-40 0\n{DEFAULT}");
        assert_eq!(restore(&other).unwrap().selection, Selection::Run);
    }
}

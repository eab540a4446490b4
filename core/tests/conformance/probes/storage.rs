//! Retention, DeleteRecords, compaction.

use super::{begin, handled, left, offsets, second};
use highwater_core::event::EventKind;
use highwater_core::scenario::Scenario;
use serde_json::{Value, json};

pub fn by_size(s: &Scenario) -> Value {
    let mut sim = begin(s);
    second(&mut sim, 20.0);
    json!({ "offsets": offsets(&sim), "first_record": left(&sim)[0] })
}

/// The check that comes after the last record deletes.
pub fn by_time(s: &Scenario) -> Value {
    let mut sim = begin(s);
    second(&mut sim, s.until_us as f64 / 1e6);
    json!({ "offsets": offsets(&sim), "left": left(&sim) })
}

/// The second one asks for more than there is. A reader starts afterwards.
pub fn delete_records(s: &Scenario) -> Value {
    let mut sim = begin(s);
    second(&mut sim, 20.0);
    let moved = sim.events().iter().find_map(|e| match e.kind {
        EventKind::LogStartMoved { to, .. } => Some(to.0),
        _ => None,
    });
    // An event of its own for one error.
    let refused = sim.events().iter().any(|e| matches!(e.kind, EventKind::DeleteRefused { .. }));
    let beyond = if refused { "OFFSET_OUT_OF_RANGE" } else { "ok" };
    json!({ "low_watermark": moved, "beyond_the_end": beyond, "offsets": offsets(&sim), "left": handled(&sim, 0) })
}

pub fn compaction(s: &Scenario) -> Value {
    let mut sim = begin(s);
    second(&mut sim, 12.0);
    json!({ "left": left(&sim), "offsets": offsets(&sim) })
}

/// Three more records at 10 s, of which one opens a new segment.
pub fn tombstone(s: &Scenario) -> Value {
    let mut sim = begin(s);
    second(&mut sim, 9.9);
    let first = left(&sim);
    second(&mut sim, 20.0);
    json!({ "after_the_first_pass": first, "after_the_second": left(&sim) })
}

/// What became of each batch, in order.
fn outcomes(s: &Scenario) -> Vec<&'static str> {
    let mut sim = begin(s);
    second(&mut sim, s.until_us as f64 / 1e6);
    let outcome = |k: &EventKind| match k {
        EventKind::SendFailed { error, .. } => Some(error.name()),
        EventKind::Acked { .. } => Some("ok"),
        _ => None,
    };
    sim.events().iter().filter_map(|e| outcome(&e.kind)).collect()
}

pub fn keyless(s: &Scenario) -> Value {
    json!({ "send": outcomes(s)[0] })
}

pub fn sizes(s: &Scenario) -> Value {
    let seen = outcomes(s);
    json!({ "of_1000": seen[0], "of_3000": seen[1] })
}

/// The last one has the run's first moment for a time.
pub fn timestamps(s: &Scenario) -> Value {
    let seen = outcomes(s);
    json!({ "half_an_hour_ahead": seen[0], "two_hours_ahead": seen[1], "a_year_ago": seen[2] })
}

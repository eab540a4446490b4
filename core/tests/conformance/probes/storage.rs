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

pub fn keyless(s: &Scenario) -> Value {
    let mut sim = begin(s);
    let sent = super::until(&mut sim, |k| matches!(k, EventKind::Acked { .. } | EventKind::SendFailed { .. }));
    let outcome = match sent.kind {
        EventKind::SendFailed { error, .. } => error.name(),
        _ => "ok",
    };
    json!({ "send": outcome })
}

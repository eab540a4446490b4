//! Share groups: what members were given, in order, and for the how many-th time.

use super::{T0, begin, key};
use highwater_core::event::{Event, EventKind, ShareEvent};
use highwater_core::ids::*;
use highwater_core::scenario::Scenario;
use highwater_core::sim::Sim;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Records that a member got, as `key delivery n`.
fn got(sim: &Sim, consumer: u8) -> Vec<String> {
    let log = &sim.world().broker(BrokerId(1)).replica(T0).expect("it has one").log;
    let name = |offset: Offset| {
        let e = log.at(offset).expect("it is there");
        key(sim, e.payload.batch().expect("a producer's").id, (offset.0 - e.base.0) as u16)
    };
    let of = |e: &Event| match e.kind {
        EventKind::Share { what: ShareEvent::Acquired { member, from, to, delivery, .. }, .. } if member.0 == consumer => {
            (from.0..=to.0).map(|o| format!("{} delivery {delivery}", name(Offset(o)))).collect()
        }
        _ => Vec::new(),
    };
    sim.events().iter().flat_map(of).collect()
}

/// In the shape of the recording that the scenario repeats, which its number of members and their mode tell.
pub fn delivered(s: &Scenario) -> Value {
    let mut sim = begin(s);
    sim.advance_to(s.until_us);
    let app = &s.apps[0];
    let (a, explicit) = (got(&sim, 0), app.configs.get("share.acknowledgement.mode").is_some_and(|m| m == "explicit"));
    match (app.everybody(), explicit) {
        (1, true) => {
            // The good record is accepted; the other one, where the handler fails, is not.
            let poison = sim.events().iter().any(|e| matches!(e.kind, EventKind::Poisoned { .. }));
            let how = serde_json::to_value(app.share.expect("it shares").on_error).expect("a word");
            let how = if poison { how.as_str().expect("a word").to_uppercase() } else { "ACCEPT".into() };
            json!({ "acknowledged_with": how, "delivered": a })
        }
        (1, false) => json!({ "delivered": a }),
        (_, true) => json!({ "first": a, "second": got(&sim, 1) }),
        (_, false) => {
            let b = got(&sim, 1);
            let all: Vec<&String> = a.iter().chain(&b).collect();
            let distinct: BTreeSet<&str> = all.iter().filter_map(|r| r.split(' ').next()).collect();
            json!({ "both_got_some": !a.is_empty() && !b.is_empty(), "delivered": distinct.len(), "times": all.len() })
        }
    }
}

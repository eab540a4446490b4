//! Where two views of the same scenario differ. Places, orders and errors are compared exactly, times within [`BOUND_US`].

use crate::recorded::{Look, Seen, State};

/// How far apart the two clocks may be for the same change or answer: a process needs up to four seconds to start, a follower leaves the
/// ISR between `replica.lag.time.max.ms` (4 s here) and half as much again, and heartbeats and fetches have phases.
pub const BOUND_US: u64 = 6_000_000;

/// One line a difference: what Kafka did, what the engine did.
pub fn differences(kafka: &Seen, engine: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    for (k, e) in kafka.looks.iter().zip(&engine.looks) {
        look(k, e, &mut found);
    }
    changes(kafka, engine, &mut found);
    sends(kafka, engine, &mut found);
    for (k, e) in kafka.delivered.iter().zip(&engine.delivered) {
        if k.effects != e.effects {
            found.push(format!("{} handled {:?}, the engine's {:?}", k.consumer, k.effects, e.effects));
        }
    }
    found
}

fn look(kafka: &Look, engine: &Look, found: &mut Vec<String>) {
    let at = kafka.at_us as f64 / 1e6;
    for (k, e) in kafka.partitions.iter().zip(&engine.partitions) {
        if k.state != e.state {
            found.push(format!("at {at} s: {}, the engine: {}", words(&k.state), words(&e.state)));
        }
        for (k, e) in k.replicas.iter().zip(&e.replicas) {
            assert_eq!(k.broker, e.broker, "replicas are listed by broker");
            if (k.leo, &k.log) != (e.leo, &e.log) {
                found.push(format!("at {at} s: broker {} has {:?}, the engine's {:?}", k.broker, k.log, e.log));
            }
            if let (Some(k_hw), Some(e_hw)) = (k.hw, e.hw)
                && k_hw != e_hw
            {
                found.push(format!("at {at} s: the high watermark of broker {} is {k_hw}, the engine's {e_hw}", k.broker));
            }
        }
    }
}

fn changes(kafka: &Seen, engine: &Seen, found: &mut Vec<String>) {
    let list = |s: &Seen| s.changes.iter().map(|c| words(&c.state)).collect::<Vec<_>>();
    let (k, e) = (list(kafka), list(engine));
    if k != e {
        found.push(format!("order of changes: {}; the engine: {}", k.join(" → "), e.join(" → ")));
        return;
    }
    for (k, e) in kafka.changes.iter().zip(&engine.changes) {
        if k.at_us.abs_diff(e.at_us) > BOUND_US {
            let [k_s, e_s] = [k.at_us, e.at_us].map(|t| t as f64 / 1e6);
            found.push(format!("{} at {k_s:.1} s, the engine at {e_s:.1} s", words(&k.state)));
        }
    }
}

fn sends(kafka: &Seen, engine: &Seen, found: &mut Vec<String>) {
    for k in &kafka.sends {
        let Some(e) = engine.sends.iter().find(|e| e.key == k.key) else {
            found.push(format!("{} was never sent in the engine", k.key));
            continue;
        };
        let result = |s: &crate::recorded::Sent| match (&s.error, s.offset) {
            (Some(error), _) => error.clone(),
            (None, Some(offset)) => format!("offset {offset}"),
            (None, None) => "no answer".to_string(),
        };
        if result(k) != result(e) {
            found.push(format!("send of {}: {}, the engine: {}", k.key, result(k), result(e)));
        } else if let (Some(k_us), Some(e_us)) = (k.done_us, e.done_us)
            && k_us.abs_diff(e_us) > BOUND_US
        {
            found.push(format!("send of {} is done at {:.1} s, the engine's at {:.1} s", k.key, k_us as f64 / 1e6, e_us as f64 / 1e6));
        }
    }
}

fn words(s: &State) -> String {
    let set = |ids: &[u8]| ids.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    let leader = s.leader.map_or("none".to_string(), |l| l.to_string());
    let mut text = format!("leader {leader} epoch {} ISR {{{}}}", s.leader_epoch, set(&s.isr));
    if !s.elr.is_empty() {
        text += &format!(" ELR {{{}}}", set(&s.elr));
    }
    if !s.last_known_elr.is_empty() {
        text += &format!(" last known {{{}}}", set(&s.last_known_elr));
    }
    text
}

//! Where two views of the same scenario differ. Places, orders and errors are compared exactly, times within [`BOUND_US`].

use crate::recorded::{Change, Look, Seen, State};

/// How far apart the two clocks may be for the same change or answer: a process needs up to four seconds to start, a follower leaves the
/// ISR between `replica.lag.time.max.ms` (4 s here) and half as much again, and heartbeats and fetches have phases.
pub const BOUND_US: u64 = 6_000_000;

/// A state between two others that lasts less than this need not be in both: a process takes that long to start, and the recorder polls.
const SHORT_US: u64 = 2_500_000;

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
        if let (Some(k), Some(e)) = (&k.state, &e.state)
            && k != e
        {
            found.push(format!("at {at} s: {}, the engine: {}", words(k), words(e)));
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

/// The same states in the same order; what only one of them shows was short.
fn changes(kafka: &Seen, engine: &Seen, found: &mut Vec<String>) {
    let (k, e) = (&kafka.changes, &engine.changes);
    let same = |i: usize, j: usize| k[i].partition == e[j].partition && k[i].state == e[j].state;
    // Longest common subsequence, from the back.
    let mut longest = vec![vec![0; e.len() + 1]; k.len() + 1];
    for i in (0..k.len()).rev() {
        for j in (0..e.len()).rev() {
            longest[i][j] = if same(i, j) { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut alone = false;
    while i < k.len() || j < e.len() {
        if i < k.len() && j < e.len() && same(i, j) {
            if k[i].at_us.abs_diff(e[j].at_us) > BOUND_US {
                let [k_s, e_s] = [k[i].at_us, e[j].at_us].map(|t| t as f64 / 1e6);
                found.push(format!("{} at {k_s:.1} s, the engine at {e_s:.1} s", words(&k[i].state)));
            }
            (i, j) = (i + 1, j + 1);
        } else if j == e.len() || i < k.len() && longest[i + 1][j] >= longest[i][j + 1] {
            alone |= !is_short(k, i);
            i += 1;
        } else {
            alone |= !is_short(e, j);
            j += 1;
        }
    }
    if alone {
        let list = |changes: &[Change]| changes.iter().map(|c| words(&c.state)).collect::<Vec<_>>().join(" → ");
        found.push(format!("order of changes: {}; the engine: {}", list(k), list(e)));
    }
}

fn is_short(changes: &[Change], i: usize) -> bool {
    let next = changes[i + 1..].iter().find(|n| n.partition == changes[i].partition);
    next.is_some_and(|n| n.at_us - changes[i].at_us < SHORT_US)
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

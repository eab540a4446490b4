//! Safety properties of rule book 3.12 and 1.4, each with the faults that it survives.

use super::ledger::Ledger;
use crate::ids::*;
use crate::kafka::{World, replica::Replica};

/// A property that must hold at every instant.
pub struct Invariant {
    /// Its id, such as `inv.S1`.
    pub id: &'static str,
    /// Its name in the field.
    pub name: &'static str,
    /// Is it promised under the faults so far?
    pub guard: fn(&Ledger) -> bool,
    /// What breaks it, if anything does.
    pub check: fn(&World) -> Option<String>,
}

fn clean(l: &Ledger) -> bool {
    l.unclean_elections == 0 && l.power_cuts == 0
}

fn always(_: &Ledger) -> bool {
    true
}

/// All of them.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        id: "log.I-L3",
        name: "log start ≤ HW ≤ LEO",
        guard: always,
        check: bounds,
    },
    Invariant {
        id: "inv.S1",
        name: "logs agree below the smaller HW",
        guard: clean,
        check: log_matching,
    },
    Invariant {
        id: "inv.S2",
        name: "ISR members hold everything committed",
        guard: clean,
        check: isr_complete,
    },
    Invariant {
        id: "inv.S6",
        name: "ELR only below min ISR, apart from the ISR",
        guard: always,
        check: elr_apart,
    },
    Invariant {
        id: "inv.S7",
        name: "one leader an epoch",
        guard: always,
        check: one_leader,
    },
];

/// What is broken now, with the reason.
pub fn violations(world: &World, ledger: &Ledger) -> Vec<(&'static str, String)> {
    INVARIANTS
        .iter()
        .filter(|i| (i.guard)(ledger))
        .filter_map(|i| (i.check)(world).map(|why| (i.id, why)))
        .collect()
}

fn replicas(w: &World) -> impl Iterator<Item = (BrokerId, &Replica)> {
    w.brokers
        .iter()
        .flat_map(|b| b.replicas.iter().map(move |r| (b.id, &**r)))
}

fn bounds(w: &World) -> Option<String> {
    let (b, r) = replicas(w).find(|(_, r)| r.log.start() > r.hw || r.hw > r.log.leo())?;
    Some(format!(
        "{} on broker {b}: log start {}, HW {}, LEO {}",
        w.setup.partition_name(r.partition),
        r.log.start(),
        r.hw,
        r.log.leo()
    ))
}

fn log_matching(w: &World) -> Option<String> {
    for p in w.setup.partition_ids() {
        let all: Vec<(BrokerId, &Replica)> =
            replicas(w).filter(|(_, r)| r.partition == p).collect();
        for (i, (a, ra)) in all.iter().enumerate() {
            for (b, rb) in &all[i + 1..] {
                let below = ra.hw.min(rb.hw);
                let mut pairs = ra
                    .log
                    .iter_from(Offset::ZERO)
                    .zip(rb.log.iter_from(Offset::ZERO))
                    .take_while(|(x, y)| x.base < below && y.base < below);
                if let Some((x, _)) = pairs.find(|(x, y)| x != y) {
                    return Some(format!(
                        "{}: brokers {a} and {b} differ at offset {}",
                        w.setup.partition_name(p),
                        x.base
                    ));
                }
            }
        }
    }
    None
}

/// The largest high watermark that a leader of the controller's current epoch has is the true one; every running ISR member holds it.
fn isr_complete(w: &World) -> Option<String> {
    for p in w.setup.partition_ids() {
        let s = &w.controller.partitions[p.ix()];
        let Some(leader) = s.leader else { continue };
        let Some(r) = w
            .broker(leader)
            .replica(p)
            .filter(|r| r.leading().is_some() && r.le == s.le)
        else {
            continue;
        };
        for b in s.isr.iter().filter(|b| w.broker(*b).is_up()) {
            let leo = w.broker(b).replica(p).map_or(Offset::ZERO, |x| x.log.leo());
            if leo < r.hw {
                return Some(format!(
                    "{}: broker {b} is in the ISR with LEO {leo}, the HW is {}",
                    w.setup.partition_name(p),
                    r.hw
                ));
            }
        }
    }
    None
}

fn elr_apart(w: &World) -> Option<String> {
    for p in w.setup.partition_ids() {
        let (s, min) = (
            &w.controller.partitions[p.ix()],
            w.setup.partitions[p.ix()].min_isr,
        );
        let both = BrokerSet(s.isr.0 & s.elr.0);
        if !both.is_empty() || (s.isr.len() >= min && !s.elr.is_empty()) {
            return Some(format!(
                "{}: ISR {}, ELR {}",
                w.setup.partition_name(p),
                s.isr,
                s.elr
            ));
        }
    }
    None
}

fn one_leader(w: &World) -> Option<String> {
    for p in w.setup.partition_ids() {
        let leaders: Vec<(BrokerId, LeaderEpoch)> = replicas(w)
            .filter(|(_, r)| r.partition == p && r.leading().is_some())
            .map(|(b, r)| (b, r.le))
            .collect();
        for (i, (a, ea)) in leaders.iter().enumerate() {
            if let Some((b, _)) = leaders[i + 1..].iter().find(|(_, eb)| ea == eb) {
                return Some(format!(
                    "{}: brokers {a} and {b} lead epoch {ea}",
                    w.setup.partition_name(p)
                ));
            }
        }
    }
    None
}

//! Safety properties of rule book 3.12, 1.4, 5B, 5D and 6, each with the faults that it survives.

use super::groups;
use super::ledger::Ledger;
use super::quorum;
use super::transactions;
use super::zookeeper;
use crate::event::{EventKind, TxnEvent};
use crate::ids::*;
use crate::kafka::{World, replica::Replica};
use crate::order;

/// A property of every partition that must hold at every instant.
pub struct Invariant {
    /// Its id, such as `inv.S1`.
    pub id: &'static str,
    /// Its name in the field.
    pub name: &'static str,
    /// Is it promised under the faults so far?
    pub guard: fn(&Ledger) -> bool,
    /// What breaks it for this partition, if anything does; logs are compared from this offset on.
    pub check: fn(&World, PartitionId, Offset) -> Option<String>,
}

fn clean(l: &Ledger) -> bool {
    l.unclean_elections == 0 && l.power_cuts == 0
}

fn always(_: &Ledger) -> bool {
    true
}

/// All of them.
pub const INVARIANTS: &[Invariant] = &[
    Invariant { id: "log.I-L3", name: "log start ≤ HW ≤ LEO", guard: always, check: bounds },
    Invariant { id: "inv.S1", name: "logs agree below the smaller HW", guard: clean, check: log_matching },
    Invariant { id: "inv.S2", name: "ISR members hold everything committed", guard: clean, check: isr_complete },
    Invariant { id: "inv.S4", name: "a leader counts on everybody who may be elected", guard: always, check: quorum_superset },
    Invariant { id: "inv.S6", name: "ELR only below min ISR, apart from the ISR", guard: always, check: elr_apart },
    Invariant { id: "inv.S7", name: "one leader an epoch", guard: always, check: one_leader },
    Invariant { id: "ctrl.I-C1", name: "committed metadata is kept", guard: always, check: quorum::committed_is_kept },
    Invariant { id: "ctrl.I-C3", name: "no two controllers commit different records", guard: always, check: quorum::logs_agree },
    Invariant { id: "ctrl.C1", name: "one leader of the quorum an epoch", guard: always, check: quorum::one_leader },
    Invariant { id: "ctrl.Z2", name: "one controller an epoch of ZooKeeper's", guard: always, check: zookeeper::one_controller },
    Invariant { id: "group.I-G1", name: "one owner of a partition in a group", guard: always, check: groups::one_owner },
    Invariant { id: "group.I-G2", name: "generations rise", guard: always, check: groups::generations_rise },
    Invariant { id: "group.I-G3", name: "members read what they were given", guard: clean, check: groups::members_keep_to_it },
    Invariant { id: "txn.T-I1", name: "one transaction of a producer at a time", guard: always, check: transactions::one_open_transaction },
    Invariant { id: "txn.T-I2", name: "read_committed reads what is committed", guard: clean, check: transactions::committed_reads },
    Invariant { id: "txn.T-I3", name: "a transaction has one outcome", guard: clean, check: transactions::one_outcome },
    Invariant { id: "txn.T-I5", name: "LSO ≤ HW", guard: always, check: transactions::stable_below_high_watermark },
    Invariant { id: "txn.T-I6", name: "a fenced epoch appends nothing", guard: clean, check: transactions::epochs_rise },
];

/// Those that nobody promises any more: what happened lies beyond the faults that they survive.
pub fn not_promised(ledger: &Ledger) -> impl Iterator<Item = &'static Invariant> {
    INVARIANTS.iter().filter(|i| !(i.guard)(ledger))
}

/// An invariant's id, and what breaks it.
pub type Violation = (&'static str, String);

/// What is broken now, with the reason: everything is looked at.
pub fn violations(world: &World, ledger: &Ledger) -> Vec<Violation> {
    let all = world.setup.partition_ids();
    all.flat_map(|p| broken(world, ledger, p, Offset::ZERO)).collect()
}

/// What is broken after an input that led to these events, if nothing was before: looks only at what they touch.
///
/// Logs that agreed below the smaller high watermark can come to differ there only where a high watermark has moved.
pub fn violations_after<'a>(world: &World, ledger: &Ledger, events: impl Iterator<Item = &'a EventKind>) -> Vec<Violation> {
    let mut touched: Vec<(PartitionId, Offset)> = Vec::new();
    for e in events {
        match (e, e.partition()) {
            (EventKind::HighWatermark { from, .. } | EventKind::FollowerHighWatermark { from, .. }, Some(p)) => touched.push((p, *from)),
            (EventKind::Group { group, .. }, _) => touched.push((world.setup.groups[group.ix()].coordinator, Offset(u32::MAX))),
            // Stands for all of the quorum, or of the controllers with ZooKeeper.
            (EventKind::Quorum(_) | EventKind::Zk(_), _) => touched.push((PartitionId(0), Offset(u32::MAX))),
            (_, Some(p)) if concerns_logs_or_leaders(e) => touched.push((p, Offset(u32::MAX))),
            (EventKind::Started { .. }, _) => return violations(world, ledger),
            _ => {}
        }
    }
    order::sort(&mut touched);
    touched.dedup_by_key(|t| t.0); // the smallest offset of each stays
    touched.into_iter().flat_map(|(p, from)| broken(world, ledger, p, from)).collect()
}

fn concerns_logs_or_leaders(e: &EventKind) -> bool {
    matches!(
        e,
        EventKind::Appended { .. }
            | EventKind::CommitAppended { .. }
            | EventKind::Replicated { .. }
            | EventKind::Truncated { .. }
            | EventKind::SegmentDeleted { .. }
            | EventKind::Compacted { .. }
            | EventKind::LogStartMoved { .. }
            | EventKind::IsrChanged { .. }
            | EventKind::LeaderElected { .. }
            | EventKind::Leaderless { .. }
            | EventKind::BecameLeader { .. }
            | EventKind::BecameFollower { .. }
            | EventKind::Polled { .. }
            | EventKind::Txn(TxnEvent::MarkerAppended { .. })
    )
}

fn broken(world: &World, ledger: &Ledger, p: PartitionId, from: Offset) -> Vec<Violation> {
    let promised = INVARIANTS.iter().filter(|i| (i.guard)(ledger));
    promised.filter_map(|i| (i.check)(world, p, from).map(|why| (i.id, why))).collect()
}

fn replicas(w: &World, p: PartitionId) -> impl Iterator<Item = (BrokerId, &Replica)> {
    w.setup.partitions[p.ix()].replicas.iter().filter_map(move |b| w.broker(*b).replica(p).map(|r| (*b, r)))
}

fn bounds(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let (b, r) = replicas(w, p).find(|(_, r)| r.log.start() > r.hw || r.hw > r.log.leo())?;
    Some(format!("{} on broker {b}: log start {}, HW {}, LEO {}", w.setup.partition_name(p), r.log.start(), r.hw, r.log.leo()))
}

fn log_matching(w: &World, p: PartitionId, from: Offset) -> Option<String> {
    let all: Vec<(BrokerId, &Replica)> = replicas(w, p).collect();
    for (i, (a, ra)) in all.iter().enumerate() {
        for (b, rb) in &all[i + 1..] {
            let below = ra.hw.min(rb.hw);
            if from >= below {
                continue;
            }
            let from = from.max(ra.log.start()).max(rb.log.start());
            let mut pairs = ra.log.iter_from(from).zip(rb.log.iter_from(from)).take_while(|(x, y)| x.base < below && y.base < below);
            let differ = match ra.files.is_some() {
                false => pairs.find(|(x, y)| x != y).map(|(x, _)| x.base),
                true => differ_where_both_have_records(ra, rb, from, below),
            };
            if let Some(at) = differ {
                return Some(format!("{}: brokers {a} and {b} differ at offset {at}", w.setup.partition_name(p)));
            }
        }
    }
    None
}

/// Each replica compacts its log at its own time: only what both have can differ.
fn differ_where_both_have_records(a: &Replica, b: &Replica, from: Offset, below: Offset) -> Option<Offset> {
    let record = |r: &Replica, at: Offset| {
        let e = r.log.at(at)?;
        let (batch, first, _) = e.payload.records()?;
        Some((e.epoch, batch, u32::from(first) + at.0 - e.base.0))
    };
    let at = (from.0..below.0).map(Offset);
    at.clone().find(|at| matches!((record(a, *at), record(b, *at)), (Some(x), Some(y)) if x != y))
}

/// The high watermark that a leader of the controller's current epoch has is the true one; every running ISR member holds it.
fn isr_complete(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let s = &w.controller.partitions[p.ix()];
    let r = w.broker(s.leader?).replica(p).filter(|r| r.leading().is_some() && r.le == s.le)?;
    for b in s.isr.iter().filter(|b| w.broker(*b).is_up()) {
        let leo = w.broker(b).replica(p).map_or(Offset::ZERO, |x| x.log.leo());
        if leo < r.hw {
            return Some(format!("{}: broker {b} is in the ISR with LEO {leo}, the HW is {}", w.setup.partition_name(p), r.hw));
        }
    }
    None
}

fn elr_apart(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let s = &w.controller.partitions[p.ix()];
    let both = BrokerSet(s.isr.0 & s.elr.0);
    let needless = s.isr.len() >= w.setup.partitions[p.ix()].min_isr && !s.elr.is_empty();
    (needless || !both.is_empty()).then(|| format!("{}: ISR {}, ELR {}", w.setup.partition_name(p), s.isr, s.elr))
}

/// A leader that is not out of date commits only what all of the controller's candidates have.
fn quorum_superset(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let s = &w.controller.partitions[p.ix()];
    let (b, r) = replicas(w, p).find(|(b, r)| s.leader == Some(*b) && s.le == r.le && w.broker(*b).is_up())?;
    let (counted, elected) = (r.leading()?.maximal_isr(), BrokerSet(s.isr.0 | s.elr.0));
    let enough = s.isr.len() >= w.setup.partitions[p.ix()].min_isr;
    (enough && elected.0 & !counted.0 != 0)
        .then(|| format!("{}: leader {b} counts on {counted}, the controller on {elected}", w.setup.partition_name(p)))
}

fn one_leader(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let leaders: Vec<(BrokerId, LeaderEpoch)> = replicas(w, p).filter(|(_, r)| r.leading().is_some()).map(|(b, r)| (b, r.le)).collect();
    for (i, (a, ea)) in leaders.iter().enumerate() {
        if let Some((b, _)) = leaders[i + 1..].iter().find(|(_, eb)| ea == eb) {
            return Some(format!("{}: brokers {a} and {b} lead epoch {ea}", w.setup.partition_name(p)));
        }
    }
    None
}

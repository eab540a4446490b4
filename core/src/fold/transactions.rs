//! Safety properties of transactions (rule book 6.6): T-I1 to T-I6.

use crate::ids::*;
use crate::kafka::log::{Entry, Payload};
use crate::kafka::{World, replica::Replica};
use litemap::LiteMap;

/// What an entry says of a transactional producer: its id, its epoch, and whether it is a marker.
fn producer(e: &Entry) -> Option<(Pid, u16, bool)> {
    match e.payload {
        Payload::Data(b) if b.pid.txn().is_some() => Some((b.pid, b.epoch, false)),
        Payload::Commit(c) => c.txn.map(|id| (id.pid(), id.epoch, false)),
        Payload::Control(m) => Some((m.id.pid(), m.id.epoch, true)),
        _ => None,
    }
}

fn replicas(w: &World, p: PartitionId) -> impl Iterator<Item = (BrokerId, &Replica)> {
    let all = w.setup.partitions[p.ix()].replicas.iter();
    all.filter_map(move |b| w.broker(*b).replica(p).map(|r| (*b, r))).filter(|(_, r)| !r.txns.is_empty())
}

/// T-I1: between two markers of a producer, its committed batches have one epoch. (A leader that nobody follows any more
/// may take a second transaction's batches, as it never hears of the first one's end; its log will be cut.)
pub(super) fn one_open_transaction(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    // Before W2 and W5 a late batch may join the next transaction (X1, X2).
    if !w.setup.rules.txn_v2 && !w.setup.rules.verify_txn {
        return None;
    }
    replicas(w, p).find_map(|(b, r)| {
        let mut open: LiteMap<Pid, u16> = LiteMap::new_vec();
        let bad = r.log.iter_from(r.log.start()).take_while(|e| e.base < r.hw).find(|e| match producer(e) {
            Some((pid, _, true)) => {
                open.remove(&pid);
                false
            }
            Some((pid, epoch, false)) => *open.entry(pid).or_insert(epoch) != epoch,
            None => false,
        });
        bad.map(|e| format!("{} on broker {b}: offset {} belongs to no transaction that is open there", w.setup.partition_name(p), e.base))
    })
}

/// T-I2: what a read_committed consumer was given is of a transaction that is committed.
pub(super) fn committed_reads(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let r = w.leader_replica(p).filter(|r| !r.txns.is_empty())?;
    let readers = w.consumers.iter().filter(|c| w.setup.consumers[c.id.ix()].read_committed);
    let mut given = readers.flat_map(|c| c.work.iter().chain(&c.buffer)).filter(|x| x.partition == p);
    let bad = given.find(|x| {
        let entry = r.log.at(x.offset).and_then(|e| Some((e.base, e.payload.batch()?)));
        entry.is_some_and(|(base, b)| b.id == x.batch && b.pid.txn().is_some() && r.txns.outcome(b.pid, base) != Some(true))
    })?;
    Some(format!("{}: a read_committed consumer has offset {}, whose transaction is not committed", w.setup.partition_name(p), bad.offset))
}

/// T-I3, T-I4: markers of one transaction are all COMMIT or all ABORT, in every log. Told apart by their epoch, which is
/// each transaction's own with `transaction.version` 2 only.
pub(super) fn one_outcome(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    if !w.setup.rules.txn_v2 {
        return None;
    }
    let mine = newest_markers(w, p);
    let others = w.setup.partition_ids().filter(|o| *o != p).flat_map(|o| newest_markers(w, o));
    let all: Vec<(Pid, u16, bool)> = others.collect();
    let (pid, epoch, commit) = mine.into_iter().find(|m| all.contains(&(m.0, m.1, !m.2)))?;
    let outcome = if commit { "COMMIT" } else { "ABORT" };
    Some(format!("{}: {pid:?} epoch {epoch} has a {outcome} marker, and the other one elsewhere", w.setup.partition_name(p)))
}

/// The newest markers of a partition, in any of its replicas.
fn newest_markers(w: &World, p: PartitionId) -> Vec<(Pid, u16, bool)> {
    let logs = replicas(w, p).map(|(_, r)| &r.log);
    logs.flat_map(|l| {
        l.iter_back().take(64).filter_map(|e| match e.payload {
            Payload::Control(m) => Some((m.id.pid(), m.id.epoch, m.commit)),
            _ => None,
        })
    })
    .collect()
}

/// T-I5.
pub(super) fn stable_below_high_watermark(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    let (b, r) = replicas(w, p).find(|(_, r)| r.last_stable() > r.hw)?;
    Some(format!("{} on broker {b}: LSO {}, HW {}", w.setup.partition_name(p), r.last_stable(), r.hw))
}

/// T-I6: no epoch of a producer follows a higher one, in what is committed.
pub(super) fn epochs_rise(w: &World, p: PartitionId, _: Offset) -> Option<String> {
    replicas(w, p).find_map(|(b, r)| {
        let mut newest: LiteMap<Pid, u16> = LiteMap::new_vec();
        let bad = r.log.iter_from(r.log.start()).take_while(|e| e.base < r.hw).find(|e| {
            let Some((pid, epoch, _)) = producer(e) else { return false };
            let known = newest.entry(pid).or_insert(epoch);
            let fell = epoch < *known;
            *known = epoch.max(*known);
            fell
        });
        bad.map(|e| format!("{} on broker {b}: the epoch at offset {} was fenced before", w.setup.partition_name(p), e.base))
    })
}

//! `kafka-dump-log`, and what Kafka's own formatter prints of `__consumer_offsets`.
//!
//! Left out, because the model has no bytes on disk and no wall clock: `position`, `size`, `crc`, `CreateTime`,
//! `deleteHorizonMs`, sizes of keys and values, `leaderEpoch` and `commitTimestamp` of commits. Producer ids are made up so
//! that they differ.

use super::Line;
use crate::ids::*;
use crate::kafka::log::{Commit, Entry, Payload};
use crate::kafka::replica::Replica;
use crate::lesson::names::RecordNames;
use crate::sim::Sim;
use std::fmt::Write as _;

/// `kafka-dump-log --files DIR/PARTITION/00000000000000000000.log [--print-data-log]`, of a broker's replica where DIR ends
/// in `broker-N`, else of the leader's.
pub(super) fn dump(line: &Line, sim: &Sim, names: &RecordNames) -> Result<String, String> {
    line.only(&["--files", "--print-data-log", "--deep-iteration"])?;
    let file = line.need("--files")?;
    let mut folders = file.rsplit('/').skip(1);
    let name = folders.next().unwrap_or("");
    let p = sim.setup().partition_ids().find(|p| sim.setup().partition_name(*p) == name);
    let p = p.ok_or_else(|| format!("{file} is no log; write FOLDER/TOPIC-PARTITION/00000000000000000000.log"))?;
    let broker = folders.next().and_then(|f| f.strip_prefix("broker-")?.parse().ok()).map(BrokerId);
    let broker = broker.filter(|b| (1..=sim.setup().brokers).contains(&b.0)).unwrap_or_else(|| sim.ledger().view(p));
    let r = sim.world().broker(broker).replica(p).ok_or_else(|| format!("broker {broker} has no {name}"))?;
    let mut s = format!("Dumping {file}\nLog starting offset: {}\n", r.log.start());
    for e in r.log.iter_from(r.log.start()) {
        batch(&mut s, e);
        if line.has("--print-data-log") {
            records(&mut s, e, sim, names);
        }
    }
    Ok(s)
}

/// The header of a batch.
fn batch(s: &mut String, e: &Entry) {
    let (count, last) = (e.payload.count(), e.base.0 + e.payload.count() - 1);
    let data = e.payload.batch();
    let control = if let Payload::Control(m) = e.payload { Some(m) } else { None };
    let pid = data.filter(|b| b.seq.is_some()).map(|b| (b.pid, b.epoch)).or(control.map(|m| (m.id.pid(), m.id.epoch)));
    let pid = pid.or_else(|| match e.payload {
        Payload::Commit(c) => c.txn.map(|id| (id.pid(), id.epoch)),
        _ => None,
    });
    let sequence = |n: Option<u32>| n.map_or(-1, i64::from);
    let (id, epoch) = pid.map_or((-1, -1), |(pid, epoch)| (producer_id(pid), i32::from(epoch)));
    let transactional = pid.is_some_and(|p| p.0.txn().is_some());
    let _ = writeln!(
        s,
        "baseOffset: {} lastOffset: {last} count: {count} baseSequence: {} lastSequence: {} producerId: {id} producerEpoch: {epoch} \
         partitionLeaderEpoch: {} isTransactional: {transactional} isControl: {} magic: 2 compresscodec: none isvalid: true",
        e.base,
        sequence(data.and_then(|b| b.seq)),
        sequence(data.and_then(|b| b.last_seq())),
        e.epoch,
        control.is_some(),
    );
}

fn producer_id(pid: Pid) -> i64 {
    match pid {
        Pid::Transactional(t, n) => i64::from(t.0) + 1000 * i64::from(n),
        Pid::Session(p, life) => 100 + 10 * i64::from(p.0) + i64::from(life),
    }
}

/// A line for each of its records.
fn records(s: &mut String, e: &Entry, sim: &Sim, names: &RecordNames) {
    match e.payload {
        Payload::Control(m) => {
            let end = if m.commit { "COMMIT" } else { "ABORT" };
            let _ = writeln!(s, "| offset: {} sequence: -1 headerKeys: [] endTxnMarker: {end} coordinatorEpoch: {}", e.base, m.coordinator);
        }
        Payload::Commit(c) => {
            let (key, value) = commit_json(&c, sim);
            let _ = writeln!(s, "| offset: {} sequence: -1 headerKeys: [] key: {key} payload: {value}", e.base);
        }
        _ => {
            let Some((batch, first, count)) = e.payload.records() else { return };
            let base_seq = e.payload.batch().and_then(|b| b.seq);
            for i in 0..count {
                let Some(id) = sim.ledger().record_in(batch, first + i) else { continue };
                let sequence = base_seq.map_or(-1, |n| i64::from(n + u32::from(i)));
                let _ = write!(s, "| offset: {} sequence: {sequence} headerKeys: []", e.base.plus(u32::from(i)));
                if let Some(k) = sim.ledger().record(id).and_then(|x| x.key) {
                    let _ = write!(s, " key: {}", sim.ledger().key_name(k));
                }
                let _ = writeln!(s, " payload: {}", names.name(id, sim));
            }
        }
    }
}

/// Key and value of a commit as JSON.
fn commit_json(c: &Commit, sim: &Sim) -> (String, String) {
    let setup = sim.setup();
    let p = &setup.partitions[c.partition.ix()];
    let (group, topic) = (&setup.groups[c.group.ix()].name, &setup.topics[p.topic].name);
    (
        format!(r#"{{"type":1,"data":{{"group":"{group}","topic":"{topic}","partition":{}}}}}"#, p.number),
        format!(r#"{{"version":3,"data":{{"offset":{},"metadata":""}}}}"#, c.offset),
    )
}

/// `OffsetsMessageFormatter`: the commits in a partition of `__consumer_offsets`, as far as they can be read.
pub(super) fn offsets(s: &mut String, r: &Replica, sim: &Sim) {
    for e in r.log.iter_from(r.log.start()).take_while(|e| e.end() <= r.hw) {
        if let Payload::Commit(c) = e.payload {
            let (key, value) = commit_json(&c, sim);
            let _ = writeln!(s, r#"{{"key":{key},"value":{value}}}"#);
        }
    }
}

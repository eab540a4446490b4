//! `kafka-topics --describe`, `kafka-get-offsets`, `kafka-console-consumer` of one partition.

use super::Line;
use crate::hash::fingerprint;
use crate::ids::*;
use crate::kafka::setup::TopicSetup;
use crate::lesson::names::RecordNames;
use crate::sim::Sim;
use std::fmt::Write as _;

fn topic<'a>(line: &Line, sim: &'a Sim) -> Result<&'a TopicSetup, String> {
    let name = line.need("--topic")?;
    let all = &sim.setup().topics;
    all.iter().find(|t| t.name == name).ok_or_else(|| format!("Topic '{name}' does not exist as expected"))
}

fn joined(ids: impl Iterator<Item = BrokerId>) -> String {
    ids.map(|b| b.to_string()).collect::<Vec<_>>().join(",")
}

/// 22 characters, as Kafka prints ids; made from the topic's name.
fn topic_id(name: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = u128::from(fingerprint(&(name, 0u8))) << 64 | u128::from(fingerprint(&(name, 1u8)));
    (0..22).map(|i| char::from(DIGITS[(bits >> (i * 6) & 63) as usize])).collect()
}

/// `kafka-topics --describe --topic T`.
pub(super) fn describe(line: &Line, sim: &Sim) -> Result<String, String> {
    line.only(&["--describe", "--topic"])?;
    if !line.has("--describe") {
        return Err("kafka-topics is answered with --describe here".into());
    }
    let t = topic(line, sim)?;
    let first = &sim.setup().partitions[t.partitions[0].ix()];
    let mut configs = Vec::new();
    if first.min_isr > 1 {
        configs.push(format!("min.insync.replicas={}", first.min_isr));
    }
    if first.unclean {
        configs.push("unclean.leader.election.enable=true".to_string());
    }
    let mut s = format!(
        "Topic: {}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {}\tConfigs: {}\n",
        t.name,
        topic_id(&t.name),
        t.partitions.len(),
        first.replicas.len(),
        configs.join(",")
    );
    for &p in &t.partitions {
        let (spec, now) = (&sim.setup().partitions[p.ix()], &sim.world().controller.partitions[p.ix()]);
        let _ = writeln!(
            s,
            "\tTopic: {}\tPartition: {}\tLeader: {}\tReplicas: {}\tIsr: {}\tElr: {}\tLastKnownElr: ",
            t.name,
            spec.number,
            now.leader.map_or("none".into(), |b| b.to_string()),
            joined(spec.replicas.iter().copied()),
            joined(now.isr.iter()),
            joined(now.elr.iter())
        );
    }
    Ok(s)
}

/// `kafka-get-offsets --topic T [--time -1|-2]`: what a client is told, so the high watermark for `-1`.
pub(super) fn offsets(line: &Line, sim: &Sim) -> Result<String, String> {
    line.only(&["--topic", "--time"])?;
    let earliest = match line.value("--time") {
        None | Some("-1" | "latest") => false,
        Some("-2" | "earliest") => true,
        Some(other) => return Err(format!("--time {other} is not answered here; there is -1 and -2")),
    };
    let t = topic(line, sim)?;
    let mut s = String::new();
    for &p in &t.partitions {
        // A partition without a leader has no line: the tool can't ask.
        let Some(r) = sim.world().leader_replica(p) else { continue };
        let offset = if earliest { r.log.start() } else { r.hw };
        let _ = writeln!(s, "{}:{}:{offset}", t.name, sim.setup().partitions[p.ix()].number);
    }
    Ok(s)
}

/// `kafka-console-consumer --topic T --partition P --from-beginning`: what can be read there, with key and offset.
pub(super) fn consume(line: &Line, sim: &Sim, names: &RecordNames) -> Result<String, String> {
    line.only(&["--topic", "--partition", "--from-beginning", "--formatter-property", "--formatter", "--offset", "--timeout-ms"])?;
    let t = topic(line, sim)?;
    let mut all = t.partitions.iter().copied().filter(|p| match line.value("--partition") {
        Some(n) => n.parse() == Ok(sim.setup().partitions[p.ix()].number),
        None => t.partitions.len() == 1,
    });
    let Some(p) = all.next() else { return Err("kafka-console-consumer is answered for one partition: --partition N".into()) };
    let wants = |what: &str| line.options.iter().any(|o| o.1 == Some(what));
    let mut s = String::new();
    let Some(r) = sim.world().leader_replica(p) else { return Ok(s) };
    if line.value("--formatter").is_some_and(|f| f.ends_with("OffsetsMessageFormatter")) {
        super::dump::offsets(&mut s, r, sim);
        return Ok(s);
    }
    for e in r.log.iter_from(r.log.start()).take_while(|e| e.end() <= r.hw) {
        let Some(batch) = e.payload.batch() else { continue };
        for i in 0..batch.count {
            let Some(id) = sim.ledger().record_in(batch.id, i) else { continue };
            if wants("print.partition=true") {
                let _ = write!(s, "Partition:{}\t", sim.setup().partitions[p.ix()].number);
            }
            if wants("print.offset=true") {
                let _ = write!(s, "Offset:{}\t", e.base.plus(u32::from(i)));
            }
            if wants("print.key=true") {
                let key = sim.ledger().record(id).and_then(|x| x.key);
                let _ = write!(s, "{}\t", key.map_or("null", |k| sim.ledger().key_name(k)));
            }
            let _ = writeln!(s, "{}", names.name(id, sim));
        }
    }
    Ok(s)
}

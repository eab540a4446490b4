//! Hand-made batches, and what an append is answered by acks and ISR.

use super::Probe;
use crate::common::{crash, links, run, scene, send};
use highwater_core::event::{ErrorCode, EventKind};
use highwater_core::ids::*;
use highwater_core::kafka::log::{Batch, Payload};
use highwater_core::kafka::replica::{Idempotence, Replica};
use highwater_core::kafka::setup::RuleSet;
use highwater_core::scenario::End;
use serde::Deserialize;
use serde_json::Value;

/// What a broker answered to a batch.
#[derive(Deserialize, PartialEq, Eq, Debug)]
struct Answer {
    offset: Option<u32>,
    error: Option<String>,
}

impl Answer {
    fn stored(offset: u32) -> Self {
        Answer { offset: Some(offset), error: None }
    }
    fn refused(error: ErrorCode) -> Self {
        Answer { offset: None, error: Some(error.name().to_string()) }
    }
}

/// Batches of one producer to one replica (prod.D1 to D6).
pub fn batches(seen: &Value) -> Vec<String> {
    #[derive(Deserialize)]
    struct Step {
        epoch: u16,
        sequence: u32,
        count: u16,
        #[serde(flatten)]
        answer: Answer,
    }
    let steps: Vec<Step> = serde_json::from_value(seen.clone()).expect("steps");
    let mut replica = Replica::new(PartitionId(0));
    let mut found = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        let id = BatchId { producer: ProducerIx(0), n: n as u32 };
        let batch = Batch { id, count: step.count, pid: Pid::Session(ProducerIx(0), 0), epoch: step.epoch, seq: Some(step.sequence) };
        let engine = match replica.check_sequence(&batch, &RuleSet::default()) {
            Idempotence::New => Answer::stored(replica.append(Payload::Data(batch)).base.0),
            Idempotence::Duplicate(base) => Answer::stored(base.0),
            Idempotence::Error(e) => Answer::refused(e),
        };
        if engine != step.answer {
            found.push(format!("epoch {} sequence {}: {:?}, the engine: {engine:?}", step.epoch, step.sequence, step.answer));
        }
    }
    found
}

/// The first answer of broker 1 to a record that is sent once, with so many followers dead.
pub fn acks(probe: &Probe) -> Vec<String> {
    #[derive(Deserialize)]
    struct Line {
        isr: u8,
        acks: i8,
        error: Option<String>,
        appended: u32,
        visible: bool,
    }
    let lines: Vec<Line> = serde_json::from_value(probe.seen["rows"].clone()).expect("rows");
    let min_isr = probe.name.rsplit('=').next().expect("a number");
    let mut found = Vec::new();
    for line in lines {
        let acks = if line.acks == 1 { "1" } else { "all" };
        let mut s = scene(
            3,
            3,
            &format!(r#"{{"acks":"{acks}","linger.ms":0,"delivery.timeout.ms":1500,"request.timeout.ms":1000}}"#),
            &format!(r#"{{"min.insync.replicas":{min_isr}}}"#),
        );
        let sent = 30_000_000;
        s.commands = (line.isr + 1..=3).map(|b| crash(1_000_000, b)).chain([send(sent, "k")]).collect();
        s.until_us = sent + 4_000_000;
        let sim = run(&s);
        let refused = sim.events().iter().find_map(|e| match e.kind {
            EventKind::Refused { error, .. } => Some(error.name().to_string()),
            _ => None,
        });
        let replica = sim.world().broker(BrokerId(1)).replica(PartitionId(0)).expect("it has one");
        // The real log had records before: what counts is whether the newest is visible.
        let settled = refused.is_some() || replica.hw == replica.log.leo();
        let engine = (refused.clone(), replica.log.leo().0, settled && refused.is_none());
        if engine != (line.error.clone(), line.appended, line.visible && line.error.is_none()) {
            let kafka = (line.error, line.appended, line.visible);
            found.push(format!("ISR of {}, acks={acks}: {kafka:?}, the engine: {engine:?}", line.isr));
        }
    }
    found
}

/// Followers that hang until their sessions end, min.insync.replicas=2.
pub fn hanging(probe: &Probe) -> Vec<String> {
    let mut s = scene(
        3,
        3,
        r#"{"linger.ms":0,"request.timeout.ms":8000,"delivery.timeout.ms":9000,"retry.backoff.ms":5000}"#,
        r#"{"min.insync.replicas":2}"#,
    );
    s.configs = serde_json::from_str(r#"{"broker.session.timeout.ms":3000,"broker.heartbeat.interval.ms":500}"#).expect("configs");
    for follower in [2, 3] {
        for other in [End::Broker(1), End::Controller] {
            s.commands.extend(links(1_000_000, End::Broker(follower), other, true));
        }
    }
    s.commands.push(send(1_100_000, "k"));
    s.until_us = 9_500_000;
    let sim = run(&s);
    let (_, isr, _) = crate::common::state(&sim);
    let log = sim.world().broker(BrokerId(1)).replica(PartitionId(0)).expect("it has one");
    let first = sim.events().iter().find_map(|e| match e.kind {
        EventKind::AttemptFailed { error, .. } | EventKind::SendFailed { error, .. } => Some(error.name()),
        _ => None,
    });
    let engine = (first.unwrap_or("none").to_string(), isr, log.log.leo().0, log.hw.0);
    let number = |name: &str| probe.seen[name].as_u64().expect("a number") as u32;
    let isr = probe.seen["isr"].as_array().expect("a list").iter().map(|b| b.as_u64().expect("an id") as u8).collect();
    let kafka = (probe.seen["error"].as_str().unwrap_or("none").to_string(), isr, number("appended"), number("hw"));
    if kafka == engine { Vec::new() } else { vec![format!("{kafka:?}, the engine: {engine:?}")] }
}

//! Requests that no client of the engine sends of itself, put on the wire by hand: in a world that steps without time.

use crate::common::{MS, P0, SECOND, crash, run, scene, send, with_consumer};
use crate::world::Bench;
use highwater_core::event::{ErrorCode, EventKind, GroupEvent};
use highwater_core::ids::*;
use highwater_core::kafka::group::MemberId;
use highwater_core::kafka::log::Batch;
use highwater_core::kafka::message::{Acks, Body, FetchPart, Fetched};
use highwater_core::kafka::step::{Command, Input, Timer};
use highwater_core::kafka::transaction::Identity;
use serde_json::{Value, json};
use smallvec::smallvec;

const LEADER: Actor = Actor::Broker(BrokerId(1));
const GROUP: GroupIx = GroupIx(0);
const MEMBER: ConsumerIx = ConsumerIx(0);

/// Sends a request and lets everything arrive but the answer, which it takes off the wire.
fn ask<T>(b: &mut Bench, from: Actor, to: Actor, request: Body, answer: impl Fn(&Body) -> Option<T>) -> T {
    b.world.net.retain(|f| answer(&f.body).is_none());
    b.inject(from, to, request);
    b.deliver_all(|f| answer(&f.body).is_none());
    let found = b.world.net.iter().find_map(|f| answer(&f.body)).expect("answered");
    b.world.net.retain(|f| answer(&f.body).is_none());
    found
}

fn outcome(result: Result<Offset, ErrorCode>) -> Value {
    match result {
        Ok(offset) => json!({ "offset": offset.0 }),
        Err(e) => json!({ "error": e.name() }),
    }
}

fn unequal(kafka: &Value, engine: &Value) -> Vec<String> {
    if kafka == engine { Vec::new() } else { vec![format!("{kafka}, the engine: {engine}")] }
}

/// A batch of one record from a producer, acks=all.
fn produce(b: &mut Bench, pid: Pid, epoch: u16, seq: u32) -> Value {
    let producer = b.world.producers.len() as u8 - 1;
    let conn = b.world.producers[usize::from(producer)].meta.conn(BrokerId(1));
    let id = BatchId { producer: ProducerIx(producer), n: 90 + seq };
    let batch = Batch { id, count: 1, pid, epoch, seq: Some(seq) };
    let request = Body::Produce { conn, acks: Acks::All, parts: smallvec![(P0, batch)] };
    let answer = |body: &Body| match body {
        Body::ProduceResponse { parts, .. } if parts[0].1 == id => Some(parts[0].2),
        _ => None,
    };
    outcome(ask(b, Actor::Producer(ProducerIx(producer)), LEADER, request, answer))
}

/// Two producers with one `transactional.id`: the second has epoch 1, so there is an older one.
pub fn transactional(seen: &Value) -> Vec<String> {
    let mut s = scene(1, 1, r#"{"linger.ms":0,"transactional.id":"tx"}"#, "{}");
    let again = s.topology.producers[0].clone();
    s.topology.producers.push(highwater_core::scenario::ProducerSpec { name: "again".into(), ..again });
    let mut b = Bench::new(&s);
    for producer in [0, 1] {
        // Opens and ends a transaction that wrote nothing, for its identity.
        b.step(Input::Do(Command::EndTransaction(ProducerIx(producer), true)));
        b.deliver_all(|_| true);
    }
    let id: Identity = b.world.producers[1].txn.as_ref().expect("transactional").id.expect("it has asked");
    let kafka = seen["answers"].as_array().expect("a list").iter().filter(|row| row["transactional"] == true);
    let mut found = Vec::new();
    for row in kafka {
        let epoch = i32::from(id.epoch) + row["epoch"].as_i64().expect("a number") as i32;
        let seq = row["sequence"].as_u64().expect("a number") as u32;
        let mut engine = produce(&mut b, id.pid(), epoch as u16, seq);
        for same in ["epoch", "sequence", "transactional"] {
            engine[same] = row[same].clone();
        }
        found.extend(unequal(row, &engine));
    }
    let r = b.world.broker(BrokerId(1)).replica(P0).expect("it has one");
    let lso = json!({ "hw": r.hw.0, "lso": r.last_stable().0, "log_start": r.log.start().0 });
    found.extend(unequal(&seen["lso"], &lso));
    found
}

/// The batch again, a gap, and what comes next, after DeleteRecords took the only record.
pub fn survives(seen: &Value) -> Vec<String> {
    let mut b = Bench::new(&scene(1, 1, r#"{"linger.ms":0}"#, "{}"));
    let pid = Pid::Session(ProducerIx(0), 0);
    let mut answers = vec![produce(&mut b, pid, 0, 0)];
    b.step(Input::Do(Command::DeleteRecords(P0, Some(Offset(1)))));
    answers.extend([0, 2, 1].map(|seq| produce(&mut b, pid, 0, seq)));
    unequal(seen, &json!({ "answers": answers }))
}

// ---- groups

/// One broker, `records` records, a group with one member that runs or is to be started.
fn reading(records: u32, members: u8, configs: &str) -> Bench {
    let app = format!(
        r#"{{"group":"billing","topics":["pay"],"members":{members},"standby":{},"configs":{{"enable.auto.commit":false{configs}}}}}"#,
        1 - members
    );
    let mut b = Bench::new(&with_consumer(scene(1, 1, r#"{"linger.ms":0}"#, "{}"), &app));
    for _ in 0..records {
        b.send(0);
        b.deliver_all(|_| true);
    }
    b
}

fn commit(b: &mut Bench, member: Option<(MemberId, u32)>, offset: u32) -> Result<(), ErrorCode> {
    let conn = b.world.consumers[0].meta.conn(BrokerId(1));
    let request = Body::OffsetCommit { conn, group: GROUP, member, offsets: smallvec![(P0, Offset(offset))] };
    ask(b, Actor::Consumer(MEMBER), LEADER, request, |body| match body {
        Body::OffsetCommitResponse { result, .. } => Some(*result),
        _ => None,
    })
}

pub fn commits(seen: &Value) -> Vec<String> {
    let mut b = reading(2, 1, "");
    let (me, generation) = b.world.consumers[0].member.credentials().expect("it is a member");
    let nobody = MemberId { life: 99, ..me };
    let mut rows = Vec::new();
    let mut row = |b: &mut Bench, who: &str, member: Option<(MemberId, u32)>| {
        let error = commit(b, member, 1).err().map_or("NONE", ErrorCode::name);
        rows.push(json!({ "who": who, "error": error }));
    };
    row(&mut b, "the member itself", Some((me, generation)));
    row(&mut b, "an older generation", Some((me, generation - 1)));
    row(&mut b, "a newer generation", Some((me, generation + 1)));
    row(&mut b, "an unknown member", Some((nobody, generation)));
    row(&mut b, "no member while the group has some", None);
    b.step(Input::Do(Command::StopConsumer(MEMBER)));
    while !b.world.consumers[0].work.is_empty() {
        b.fire(Timer::Handling(MEMBER)); // it closes at its next poll()
    }
    b.deliver_all(|_| true);
    row(&mut b, "no member while the group is empty", None);
    row(&mut b, "the member after it left", Some((me, generation)));
    unequal(seen, &json!(rows))
}

pub fn backwards(seen: &Value) -> Vec<String> {
    let mut b = reading(3, 0, "");
    let committed = [3, 1].map(|offset| {
        commit(&mut b, None, offset).expect("the group is empty");
        let setup = b.world.setup.clone();
        b.world.broker(BrokerId(1)).committed(&setup, GROUP)[0].1.0
    });
    unequal(seen, &json!({ "committed": committed }))
}

/// Where a member reads from that starts with this commit, when the log starts at `start`.
fn position(records: u32, start: u32, policy: &str, committed: Option<u32>) -> Value {
    let mut b = reading(records, 0, &format!(r#","auto.offset.reset":"{policy}""#));
    b.step(Input::Do(Command::DeleteRecords(P0, Some(Offset(start)))));
    if let Some(offset) = committed {
        commit(&mut b, None, offset).expect("the group is empty");
    }
    b.step(Input::Do(Command::StartConsumer(MEMBER)));
    b.deliver_all(|_| true);
    b.fire(Timer::InitialRebalance(BrokerId(1), GROUP));
    b.deliver_all(|_| true);
    let mut delivered = Vec::new();
    while !b.world.consumers[0].work.is_empty() {
        b.fire(Timer::Handling(MEMBER));
        let handled = b.out.events.iter().find_map(|k| match k {
            EventKind::Handled { offset, .. } => Some(offset.0),
            _ => None,
        });
        delivered.extend(handled.map(|o| format!("{o}@{o}")));
        b.deliver_all(|_| true);
    }
    let mut row = json!({ "auto.offset.reset": policy, "committed": committed });
    // Without a policy the loop ends with one of two exceptions: there never was a position, or the leader does not have it.
    let had_one = b.has(|k| matches!(k, EventKind::PositionReset { .. }));
    if b.has(|k| matches!(k, EventKind::Group { what: GroupEvent::NoOffset { .. }, .. })) {
        row["result"] = json!(if had_one { "OffsetOutOfRangeException" } else { "NoOffsetForPartitionException" });
    } else {
        row["delivered"] = json!(delivered);
        row["position"] = json!(b.world.consumers[0].position(P0).expect("it has one").0);
        row["result"] = json!("ok");
    }
    row
}

fn positions(seen: &Value, records: u32, start: u32) -> Vec<String> {
    let rows = seen.as_array().expect("a list").iter();
    let known = rows.filter(|r| !r["auto.offset.reset"].as_str().expect("a word").starts_with("by_duration"));
    let of = |r: &Value| {
        let committed = r["committed"].as_u64().map(|o| o as u32);
        unequal(r, &position(records, start, r["auto.offset.reset"].as_str().expect("a word"), committed))
    };
    known.flat_map(of).collect()
}

pub fn without_commit(seen: &Value) -> Vec<String> {
    positions(seen, 3, 1)
}

pub fn out_of_range(seen: &Value) -> Vec<String> {
    positions(seen, 4, 2)
}

// ---- fetches

/// The leader has changed once: epochs below, at and above its own.
pub fn fetch_errors(seen: &Value) -> Vec<String> {
    let app = r#"{"group":"billing","topics":["pay"],"members":0,"standby":1}"#;
    let mut s = with_consumer(scene(3, 3, r#"{"linger.ms":0}"#, "{}"), app);
    s.commands = vec![send(SECOND, "a"), send(SECOND + MS, "b"), crash(3 * SECOND, 1)];
    s.until_us = 40 * SECOND;
    let sim = run(&s);
    let mut b = Bench::new(&s);
    b.world = sim.world().clone();
    let mut found = unequal(&seen["leader"], &json!(sim.world().controller.partitions[0].leader.map(|l| l.0)));
    for row in seen["fetches"].as_array().expect("a list").iter().filter(|r| r["broker"] == seen["leader"]) {
        let number = |name: &str| row[name].as_u64().expect("a number");
        let to = BrokerId(number("broker") as u8);
        let conn = b.world.consumers[0].meta.conn(to);
        let part = FetchPart {
            partition: P0,
            le: LeaderEpoch(number("leader_epoch") as u16),
            offset: Offset(number("offset") as u32),
            last_epoch: None,
        };
        b.inject(Actor::Consumer(MEMBER), Actor::Broker(to), Body::ConsumerFetch { conn, parts: smallvec![part] });
        if b.world.broker(to).consumer_fetches.iter().any(|f| f.consumer == MEMBER) {
            b.fire(Timer::ConsumerFetchWait { broker: to, consumer: MEMBER });
        }
        let answer = b.world.net.iter().find_map(|f| match &*f.body {
            Body::ConsumerFetchResponse { parts, .. } => Some(parts[0].answer.clone()),
            _ => None,
        });
        b.world.net.retain(|f| !matches!(&*f.body, Body::ConsumerFetchResponse { .. }));
        let error = match answer.expect("answered") {
            Fetched::Data { .. } => "NONE",
            Fetched::OutOfRange { .. } => ErrorCode::OffsetOutOfRange.name(),
            Fetched::Error(e) => e.name(),
            Fetched::Diverging { .. } => "diverging",
            Fetched::ReadFrom(_) => "preferredReadReplica",
        };
        let engine = json!({ "broker": to.0, "offset": part.offset.0, "leader_epoch": part.le.0, "error": error });
        found.extend(unequal(row, &engine));
    }
    let conn = b.world.producers[0].meta.conn(BrokerId(3));
    let id = BatchId { producer: ProducerIx(0), n: 99 };
    let batch = Batch { id, count: 1, pid: Pid::Session(ProducerIx(0), 0), epoch: 0, seq: None };
    b.inject(
        Actor::Producer(ProducerIx(0)),
        Actor::Broker(BrokerId(3)),
        Body::Produce { conn, acks: Acks::All, parts: smallvec![(P0, batch)] },
    );
    let refused = b.world.net.iter().find_map(|f| match &*f.body {
        Body::ProduceResponse { parts, .. } if parts[0].1 == id => Some(outcome(parts[0].2)),
        _ => None,
    });
    found.extend(unequal(&seen["produce_to_a_follower"], &refused.unwrap_or(Value::Null)));
    found
}

//! Kafka's own command lines: topics with their configs, what producers send, what is done to brokers, what groups read.

use super::{File, broker_port, file, heading, pairs, quoted, release};
use crate::scenario::{App, Do, End, ProducerSpec, Scenario, Topic};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Records of one kind closer together than this go through one console producer, which takes longer to start than that.
const TOGETHER_US: u64 = 1_000_000;
/// More than this many lines a workload would drown the script.
const MOST_LINES: u32 = 20;

pub(super) fn files(scenario: &Scenario) -> Vec<File> {
    let mut text = opening(scenario);
    text += "\n# Topics: partition n on the brokers n+1, n+2, ...; the first is preferred.\n";
    for topic in &scenario.topology.topics {
        text += &create(scenario, topic);
    }
    text += &steps(scenario);
    for app in &scenario.apps {
        text += &group(scenario, app);
    }
    text += "\n# What came of it.\ntool kafka-topics.sh --describe\n";
    vec![file("commands.sh", text)]
}

fn opening(scenario: &Scenario) -> String {
    let servers: Vec<String> = (1..=scenario.topology.brokers).map(|b| format!("localhost:{}", broker_port(b))).collect();
    format!(
        "#!/bin/sh\n{}# Usage: KAFKA_HOME=/path/to/kafka_2.13-{} sh commands.sh   (in the folder of start.sh, once the cluster runs)\n\
        set -eu\n: \"${{KAFKA_HOME:?is the folder that Apache Kafka was unpacked to}}\"\n\
        SERVERS=${{SERVERS:-{}}}\n\
        tool() {{ name=$1; shift; \"$KAFKA_HOME/bin/$name\" --bootstrap-server \"$SERVERS\" \"$@\"; }}\n",
        heading(scenario, "The steps"),
        release(scenario),
        servers.join(",")
    )
}

fn create(scenario: &Scenario, topic: &Topic) -> String {
    let brokers = u16::from(scenario.topology.brokers);
    let on =
        |p: u16| (0..u16::from(topic.replication_factor)).map(move |r| ((p + r) % brokers + 1).to_string()).collect::<Vec<_>>().join(":");
    let assignment: Vec<String> = (0..topic.partitions).map(on).collect();
    let mut line = format!("tool kafka-topics.sh --create --topic {} --replica-assignment {}", quoted(&topic.name), assignment.join(","));
    for (name, value) in pairs(&topic.configs) {
        let _ = write!(line, " --config {}", quoted(&format!("{name}={value}")));
    }
    line + "\n"
}

/// Options of the console tools were renamed in 4.2 (KIP-1147).
fn option(scenario: &Scenario, old: &'static str, new: &'static str) -> &'static str {
    if matches!(scenario.kafka.as_str(), "2.8" | "3.9" | "4.0" | "4.1") { old } else { new }
}

/// A record to send. Timestamps are left out: the console producer always takes the time at which it sends.
#[derive(Clone, Copy)]
struct Record<'a> {
    key: Option<&'a str>,
    tombstone: bool,
}

/// Something that happens at an instant.
enum Step<'a> {
    Send { producer: &'a str, topic: &'a str, records: Vec<Record<'a>> },
    Command(&'a Do),
}

fn steps(scenario: &Scenario) -> String {
    let mut timed: Vec<(u64, Step<'_>)> = Vec::new();
    for c in &scenario.commands {
        let step = match &c.what {
            Do::Send { producer, topic, key, tombstone, .. } => {
                Step::Send { producer, topic, records: vec![Record { key: key.as_deref(), tombstone: *tombstone }] }
            }
            other => Step::Command(other),
        };
        timed.push((c.at_us, step));
    }
    let mut left_out = String::new();
    for w in &scenario.workload {
        let keys: Vec<&str> = w.keys.iter().map(String::as_str).collect();
        for i in 0..w.count.min(MOST_LINES) {
            let key = (!keys.is_empty()).then(|| keys[i as usize % keys.len()]);
            timed.push((
                w.start_us + u64::from(i) * w.every_us,
                Step::Send { producer: &w.producer, topic: &w.topic, records: vec![Record { key, tombstone: w.tombstones }] },
            ));
        }
        if w.count > MOST_LINES {
            let _ = writeln!(left_out, "# {} sends {} records in the scenario; here are the first {MOST_LINES}.", w.producer, w.count);
        }
    }
    timed.sort_by_key(|(at, _)| *at);
    let mut text = format!("\n# Steps, with the pauses between them.\n{left_out}");
    let (mut last, mut groups) = (0, BTreeMap::new());
    for (at, step) in together(timed) {
        if at >= last + TOGETHER_US {
            let _ = writeln!(text, "sleep {}", (at - last) / 1_000_000);
            last = at;
        }
        match step {
            Step::Send { producer, topic, records } => {
                let spec = scenario.topology.producers.iter().find(|p| p.name == producer);
                text += &send(scenario, spec, topic, &records, groups.entry(producer).or_insert(0));
            }
            Step::Command(what) => text += &command(what),
        }
    }
    text
}

/// Neighbours of one producer to one topic become one step.
fn together(timed: Vec<(u64, Step<'_>)>) -> Vec<(u64, Step<'_>)> {
    let mut merged: Vec<(u64, Step<'_>)> = Vec::new();
    for (at, step) in timed {
        if let (Some((before, Step::Send { producer: p, topic: t, records })), Step::Send { producer, topic, records: more }) =
            (merged.last_mut(), &step)
            && (*p, *t) == (*producer, *topic)
            && at < *before + TOGETHER_US
        {
            records.extend(more);
        } else {
            merged.push((at, step));
        }
    }
    merged
}

/// What stands for a null value.
const NULL: &str = "NULL";

/// Values count up for each producer. A tab in a key can't be said to the console producer.
fn send(scenario: &Scenario, spec: Option<&ProducerSpec>, topic: &str, records: &[Record<'_>], number: &mut u32) -> String {
    let keyed = records.iter().all(|r| r.key.is_some());
    let mut words = Vec::new();
    for r in records {
        *number += 1;
        let value = if r.tombstone { NULL.to_string() } else { format!("value-{number}") };
        let line = r.key.filter(|_| keyed).map_or(value.clone(), |k| format!("{}\t{value}", k.replace(['\t', '\n'], " ")));
        words.push(quoted(&line));
    }
    let mut line = format!("printf '%s\\n' {} | tool kafka-console-producer.sh --topic {}", words.join(" "), quoted(topic));
    let flag = option(scenario, "--property", "--reader-property");
    if keyed {
        let _ = write!(line, " {flag} parse.key=true");
    }
    if records.iter().any(|r| r.tombstone) {
        let _ = write!(line, " {flag} null.marker={NULL}");
    }
    let flag = option(scenario, "--producer-property", "--command-property");
    if let Some(spec) = spec {
        let _ = write!(line, " {flag} {}", quoted(&format!("client.id={}", spec.name)));
        // The console producer knows no transactions: it sends outside them.
        for (name, value) in pairs(&spec.configs).filter(|(name, _)| !name.starts_with("transaction")) {
            let _ = write!(line, " {flag} {}", quoted(&format!("{name}={value}")));
        }
    }
    line + "\n"
}

/// A node starts again.
fn start(node: &str) -> String {
    let tool = if node == "zookeeper" { "zookeeper-server-start.sh" } else { "kafka-server-start.sh" };
    format!(
        "while kill -0 \"$(cat {node}.pid)\" 2>/dev/null; do sleep 1; done\n\
            \"$KAFKA_HOME/bin/{tool}\" {node}.properties >>{node}.log 2>&1 &\necho $! >{node}.pid\n"
    )
}

fn command(what: &Do) -> String {
    match what {
        Do::Send { .. } => String::new(),
        Do::Crash { broker } => format!("kill -9 \"$(cat broker-{broker}.pid)\"\n"),
        Do::Stop { broker } => format!("kill \"$(cat broker-{broker}.pid)\"\n"),
        Do::Start { broker } => start(&format!("broker-{broker}")),
        Do::PowerCut { broker } => {
            format!("# By hand: cut the power of broker {broker}'s machine. kill -9 is not the same: its page cache survives.\n")
        }
        Do::CutLink { from, to } => format!("# By hand: a firewall rule that drops what {from} sends to {to}.\n"),
        Do::HealLink { from, to } => format!("# By hand: take back the rule between {from} and {to}.\n"),
        Do::SlowLink { from, to, extra_us } => {
            format!("# By hand: make what {from} sends to {to} take {} ms longer (tc qdisc ... netem).\n", extra_us / 1000)
        }
        Do::Pause { who: End::Broker(b), for_us } => {
            let seconds = for_us.div_ceil(1_000_000);
            format!("kill -STOP \"$(cat broker-{b}.pid)\"\nsleep {seconds}\nkill -CONT \"$(cat broker-{b}.pid)\"\n")
        }
        Do::Pause { who, for_us } => format!("# By hand: kill -STOP {who}, and kill -CONT after {} ms.\n", for_us / 1000),
        Do::SlowHandler { consumer, .. } => format!("# By hand: let consumer {consumer} take longer for each record.\n"),
        Do::DropNextResponse { broker, client } => format!("# By hand: lose the next answer of broker {broker} to {client}.\n"),
        Do::CrashConsumer { consumer } => format!("# By hand: kill -9 consumer {consumer}.\n"),
        Do::StartConsumer { consumer } => format!("# By hand: start consumer {consumer} again.\n"),
        Do::StopConsumer { consumer } => format!("# By hand: kill consumer {consumer} with SIGTERM.\n"),
        Do::ThrowInHandler { consumer } => format!("# By hand: let the handler of consumer {consumer} throw.\n"),
        Do::CommitTransaction { producer } | Do::AbortTransaction { producer } => {
            format!("# No Kafka tool: {} ends its transaction here; the console producer has none.\n", quoted(producer))
        }
        Do::CrashZookeeper {} => "kill -9 \"$(cat zookeeper.pid)\"\n".to_string(),
        Do::StartZookeeper {} => start("zookeeper"),
        Do::CrashVoter { voter } => format!("kill -9 \"$(cat controller-{voter}.pid)\"\n"),
        Do::StartVoter { voter } => start(&format!("controller-{voter}")),
        Do::ElectPreferredLeader { topic, partition } => {
            format!("tool kafka-leader-election.sh --election-type preferred --topic {} --partition {partition}\n", quoted(topic))
        }
        Do::CreatePartitions { topic, count } => {
            format!("tool kafka-topics.sh --alter --topic {} --partitions {count}\n", quoted(topic))
        }
        Do::AlterConfig { topic, name, value } => {
            let (topic, config) = (quoted(topic), quoted(&format!("{name}={value}")));
            format!("tool kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {config}\n")
        }
        Do::DeleteRecords { topic, partition, before } => {
            let json = serde_json::json!({"version": 1, "partitions": [{"topic": topic, "partition": partition, "offset": before.map_or(-1, i64::from)}]});
            format!(
                "printf '%s' {} >delete-records.json\ntool kafka-delete-records.sh --offset-json-file delete-records.json\n",
                quoted(&json.to_string())
            )
        }
    }
}

fn group(scenario: &Scenario, app: &App) -> String {
    let name = quoted(&app.group);
    if app.streams.is_some() {
        return format!("\n# By hand: {name} is a Streams application, a program of its own.\n");
    }
    if app.share.is_some() {
        return share_group(scenario, app);
    }
    let mut text = format!("\n# Group {name}: one member that reads for ten seconds and commits by itself.\n");
    for topic in &app.topics {
        let _ = write!(text, "tool kafka-console-consumer.sh --topic {} --group {name} --timeout-ms 10000", quoted(topic));
        let flag = option(scenario, "--property", "--formatter-property");
        let _ = write!(text, " {flag} print.key=true {flag} print.offset=true");
        let flag = option(scenario, "--consumer-property", "--command-property");
        for (name, value) in pairs(&app.configs) {
            let _ = write!(text, " {flag} {}", quoted(&format!("{name}={value}")));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "tool kafka-consumer-groups.sh --describe --group {name}");
    text
}

/// Of a share consumer's configs, those that are its group's.
const OF_SHARE_GROUPS: [&str; 3] = ["share.auto.offset.reset", "share.isolation.level", "share.record.lock.duration.ms"];

fn share_group(scenario: &Scenario, app: &App) -> String {
    let name = quoted(&app.group);
    let mut text = format!("\n# Share group {name}: one member that accepts what it reads for ten seconds.\n");
    let (of_group, own): (Vec<_>, Vec<_>) = pairs(&app.configs).partition(|c| OF_SHARE_GROUPS.contains(&c.0.as_str()));
    for (config, value) in of_group {
        let set = quoted(&format!("{config}={value}"));
        let _ = writeln!(text, "tool kafka-configs.sh --alter --entity-type groups --entity-name {name} --add-config {set}");
    }
    let flag = option(scenario, "--consumer-property", "--command-property");
    for topic in &app.topics {
        let _ = write!(text, "tool kafka-console-share-consumer.sh --topic {} --group {name} --timeout-ms 10000", quoted(topic));
        for (config, value) in own.iter().filter(|c| c.0 != "share.acknowledgement.mode") {
            let _ = write!(text, " {flag} {}", quoted(&format!("{config}={value}")));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "tool kafka-share-groups.sh --describe --group {name}");
    text
}

//! The same cluster for real: text of files that start it and of commands that recreate a scenario on it.
//!
//! Brokers listen on localhost, broker n at port 9091 + n, whichever way they are started, so that the same commands reach them.

mod commands;
mod compose;
mod properties;

use crate::scenario::Scenario;
use crate::scenario::configs::{Configs, text};

/// What to export to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// Docker Compose: KRaft with the official image, and the ZooKeeper era.
    Compose,
    /// `server.properties` of each node, and the script that formats and starts them.
    Properties,
    /// Kafka's own command lines, as a script.
    Commands,
}

/// A file to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// The files of a scenario. An untimed story (`schedule`) has no commands, only its cluster.
pub fn export(scenario: &Scenario, to: Target) -> Vec<File> {
    match to {
        Target::Compose => compose::files(scenario),
        Target::Properties => properties::files(scenario),
        Target::Commands => commands::files(scenario),
    }
}

fn file(name: impl Into<String>, text: String) -> File {
    File { name: name.into(), text }
}

/// Any 22 letters of base64 will do; the same ones make an export the same each time.
const CLUSTER_ID: &str = "aGlnaHdhdGVyLWV4cG9ydA";

/// A controller of the cluster.
struct ControllerNode {
    /// Of its files, and its host in Docker's network.
    name: String,
    /// `node.id`; brokers count from 1 and there are at most 32.
    id: u8,
    /// Where it listens on localhost, below the brokers.
    port: u16,
}

/// The scenario's voters: one is called `controller`, several are numbered as the scenario numbers them.
fn controllers(scenario: &Scenario) -> Vec<ControllerNode> {
    let voters = scenario.topology.voters;
    let name = |n: u8| if voters == 1 { "controller".to_string() } else { format!("controller-{n}") };
    (1..=voters).map(|n| ControllerNode { name: name(n), id: 99 + n, port: 9091 - u16::from(n) }).collect()
}

/// `controller.quorum.voters`; `at` says where each is reached.
fn quorum_voters(scenario: &Scenario, at: impl Fn(&ControllerNode) -> String) -> String {
    let all: Vec<String> = controllers(scenario).iter().map(|c| format!("{}@{}", c.id, at(c))).collect();
    all.join(",")
}

fn broker_port(broker: u8) -> u16 {
    9091 + u16::from(broker)
}

/// Release of Apache Kafka to download for a scenario's version: the newest that this was written with.
fn release(scenario: &Scenario) -> &'static str {
    match scenario.kafka.as_str() {
        "2.8" => "2.8.2",
        "3.9" => "3.9.2",
        "4.0" => "4.0.2",
        "4.1" => "4.1.2",
        "4.2" => "4.2.2",
        "4.3" => "4.3.1",
        _ => "4.4.0",
    }
}

fn has_zookeeper(scenario: &Scenario) -> bool {
    matches!(scenario.kafka.as_str(), "2.8")
}

/// What every broker and controller has set: the scenario's configs, and copies of Kafka's own topics as there are brokers.
fn common_configs(scenario: &Scenario) -> Vec<(String, String)> {
    let brokers = scenario.topology.brokers;
    let (copies, floor) = (brokers.min(3), brokers.min(2));
    let mut all = vec![("auto.create.topics.enable".to_string(), "false".to_string())];
    all.push(("offsets.topic.replication.factor".into(), copies.to_string()));
    all.push(("transaction.state.log.replication.factor".into(), copies.to_string()));
    all.push(("transaction.state.log.min.isr".into(), floor.to_string()));
    all.extend(pairs(&scenario.configs));
    all
}

/// A broker's `broker.rack`, if it has one.
fn rack(scenario: &Scenario, broker: u8) -> Option<(String, String)> {
    let rack = scenario.topology.racks.get(usize::from(broker) - 1)?;
    Some(("broker.rack".into(), rack.clone()))
}

/// Feature levels that differ from a new cluster's.
fn features(scenario: &Scenario) -> Vec<(&'static str, u8)> {
    let levels = [("eligible.leader.replicas.version", scenario.features.elr), ("transaction.version", scenario.features.transaction)];
    levels.into_iter().filter_map(|(name, level)| Some((name, level?))).collect()
}

fn pairs(configs: &Configs) -> impl Iterator<Item = (String, String)> + '_ {
    configs.iter().map(|(name, value)| (name.clone(), text(value)))
}

/// Comment lines that say what the file is. A title is a person's: only its first line can't end the comment.
fn heading(scenario: &Scenario, what: &str) -> String {
    let title: String = scenario.title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let of = if title.is_empty() { String::new() } else { format!(" of \"{title}\"") };
    format!("# {what}{of}, written by highwater export.\n")
}

/// A word for a POSIX shell, whatever is in it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:=/@".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_string() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_stay_one_word() {
        assert_eq!(quoted("pay-1"), "pay-1");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's $(rm)"), "'it'\\''s $(rm)'");
    }
}

//! A properties file for each node, and `start.sh`, which formats and starts them in a folder of Kafka's own download.

use super::{
    CLUSTER_ID, ControllerNode, File, broker_port, common_configs, controllers, features, file, has_zookeeper, heading, quorum_voters,
    rack, release,
};
use crate::scenario::Scenario;
use std::fmt::Write as _;

pub(super) fn files(scenario: &Scenario) -> Vec<File> {
    let brokers = 1..=scenario.topology.brokers;
    let mut files: Vec<File> =
        if has_zookeeper(scenario) { vec![zookeeper()] } else { controllers(scenario).iter().map(|c| controller(scenario, c)).collect() };
    files.extend(brokers.map(|b| file(format!("broker-{b}.properties"), broker(scenario, b))));
    let start = if has_zookeeper(scenario) { zookeeper_start(scenario) } else { kraft_start(scenario) };
    files.push(file("start.sh", start));
    files
}

fn properties(lines: &[(String, String)]) -> String {
    lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}

fn voters(scenario: &Scenario) -> String {
    quorum_voters(scenario, |c| format!("localhost:{}", c.port))
}

fn controller(scenario: &Scenario, c: &ControllerNode) -> File {
    let what = if scenario.topology.voters == 1 { "The controller".to_string() } else { format!("Controller {}", c.name) };
    let mut text = heading(scenario, &what);
    let _ = write!(
        text,
        "process.roles=controller\nnode.id={}\ncontroller.quorum.voters={}\n\
        controller.listener.names=CONTROLLER\nlisteners=CONTROLLER://localhost:{}\nlog.dirs=highwater-data/{}\n",
        c.id,
        voters(scenario),
        c.port,
        c.name
    );
    text += &properties(&common_configs(scenario));
    file(format!("{}.properties", c.name), text)
}

fn broker(scenario: &Scenario, b: u8) -> String {
    let mut text = heading(scenario, &format!("Broker {b}"));
    let port = broker_port(b);
    if has_zookeeper(scenario) {
        let _ = write!(text, "broker.id={b}\nzookeeper.connect=localhost:2181\n");
    } else {
        let _ = write!(
            text,
            "process.roles=broker\nnode.id={b}\ncontroller.quorum.voters={}\ncontroller.listener.names=CONTROLLER\n",
            voters(scenario)
        );
    }
    let _ = write!(
        text,
        "listeners=PLAINTEXT://localhost:{port}\nadvertised.listeners=PLAINTEXT://localhost:{port}\nlog.dirs=highwater-data/broker-{b}\n"
    );
    text + &properties(&rack(scenario, b).into_iter().chain(common_configs(scenario)).collect::<Vec<_>>())
}

fn zookeeper() -> File {
    file("zookeeper.properties", "dataDir=highwater-data/zookeeper\nclientPort=2181\nadmin.enableServer=false\n".to_string())
}

fn opening(scenario: &Scenario) -> String {
    format!(
        "#!/bin/sh\n{}# Needs Java 17 and Apache Kafka {r} (kafka_2.13-{r}.tgz, unpacked); on Ubuntu: sudo apt install openjdk-17-jre-headless\n\
        # Usage: KAFKA_HOME=/path/to/kafka_2.13-{r} sh start.sh\n\
        # Data goes to ./highwater-data. To stop a node: kill \"$(cat broker-1.pid)\"; to crash it: kill -9 \"$(cat broker-1.pid)\"\n\
        set -eu\n: \"${{KAFKA_HOME:?is the folder that Apache Kafka was unpacked to}}\"\ncd \"$(dirname \"$0\")\"\n\
        export KAFKA_HEAP_OPTS=\"${{KAFKA_HEAP_OPTS:--Xmx512m}}\"\n\n\
        start() {{\n  \"$KAFKA_HOME/bin/$2\" \"$1.properties\" >\"$1.log\" 2>&1 &\n  echo $! >\"$1.pid\"\n}}\n\n",
        heading(scenario, "Starts the cluster"),
        r = release(scenario)
    )
}

fn kraft_start(scenario: &Scenario) -> String {
    let mut text = opening(scenario);
    let feature: String = features(scenario).iter().map(|(name, level)| format!(" --feature {name}={level}")).collect();
    let nodes = controllers(scenario).into_iter().map(|c| c.name).chain((1..=scenario.topology.brokers).map(|b| format!("broker-{b}")));
    let nodes: Vec<String> = nodes.collect();
    let _ = write!(
        text,
        "for node in {}; do\n  \"$KAFKA_HOME/bin/kafka-storage.sh\" format --ignore-formatted --cluster-id {CLUSTER_ID} --config \"$node.properties\"{feature}\ndone\n\
        for node in {}; do\n  start \"$node\" kafka-server-start.sh\ndone\n",
        nodes.join(" "),
        nodes.join(" ")
    );
    text
}

fn zookeeper_start(scenario: &Scenario) -> String {
    let mut text = opening(scenario);
    let _ = write!(text, "start zookeeper zookeeper-server-start.sh\n# A broker gives up when ZooKeeper is not there yet.\nsleep 5\n");
    for b in 1..=scenario.topology.brokers {
        let _ = writeln!(text, "start broker-{b} kafka-server-start.sh");
    }
    text
}

//! Docker Compose files: brokers reach each other by service name and the host by localhost.

use super::{
    CLUSTER_ID, File, broker_port, common_configs, controllers, features, file, has_zookeeper, heading, quorum_voters, rack, release,
};
use crate::scenario::Scenario;
use std::fmt::Write as _;

/// The last release with ZooKeeper is Kafka 3.9; these images have it, and 2.8.
const CONFLUENT_OF_3_9: &str = "7.9.0";
const CONFLUENT_OF_2_8: &str = "6.2.15";

pub(super) fn files(scenario: &Scenario) -> Vec<File> {
    let mut files = Vec::new();
    if !has_zookeeper(scenario) {
        files.push(file("compose.yaml", kraft(scenario)));
    }
    if scenario.apps.iter().any(|a| a.share.is_some()) {
        return files; // no release with ZooKeeper has share groups
    }
    let (kafka, image) = if has_zookeeper(scenario) { ("2.8", CONFLUENT_OF_2_8) } else { ("3.9", CONFLUENT_OF_3_9) };
    files.push(file(format!("compose-zookeeper-{kafka}.yaml"), zookeeper(scenario, kafka, image)));
    files
}

/// `min.insync.replicas` is `KAFKA_MIN_INSYNC_REPLICAS` to the images.
fn variable(config: &str) -> String {
    format!("KAFKA_{}", config.to_uppercase().replace('.', "_"))
}

fn environment(lines: &[(String, String)], indent: &str) -> String {
    lines.iter().map(|(name, value)| format!("{indent}{}: \"{value}\"\n", variable(name))).collect()
}

fn set(lines: &mut Vec<(String, String)>, name: &str, value: impl Into<String>) {
    lines.push((name.to_string(), value.into()));
}

fn kraft(scenario: &Scenario) -> String {
    let mut text = heading(scenario, "The cluster");
    for (feature, level) in features(scenario) {
        let _ = writeln!(
            text,
            "# The scenario has {feature}={level}, which this image can't be told when it formats. If a new cluster has another level, once it runs:\n\
            # docker compose exec broker-1 /opt/kafka/bin/kafka-features.sh --bootstrap-server broker-1:19092 {} --feature {feature}={level}",
            if level == 0 { "downgrade" } else { "upgrade" }
        );
    }
    let _ = writeln!(text, "x-kafka: &kafka\n  image: apache/kafka:{}\nx-env: &env\n  CLUSTER_ID: {CLUSTER_ID}", release(scenario));
    let mut shared = Vec::new();
    set(&mut shared, "controller.quorum.voters", quorum_voters(scenario, |c| format!("{}:9093", c.name)));
    set(&mut shared, "controller.listener.names", "CONTROLLER");
    set(&mut shared, "listener.security.protocol.map", "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,HOST:PLAINTEXT");
    shared.extend(common_configs(scenario));
    text += &environment(&shared, "  ");
    text += "services:\n";
    let all = controllers(scenario);
    for c in &all {
        let mut own = Vec::new();
        set(&mut own, "process.roles", "controller");
        set(&mut own, "node.id", c.id.to_string());
        set(&mut own, "listeners", "CONTROLLER://:9093");
        let _ = write!(text, "  {}:\n    <<: *kafka\n    environment:\n      <<: *env\n{}", c.name, environment(&own, "      "));
    }
    let depends: Vec<&str> = all.iter().map(|c| &*c.name).collect();
    for b in 1..=scenario.topology.brokers {
        let mut own = Vec::new();
        set(&mut own, "process.roles", "broker");
        set(&mut own, "node.id", b.to_string());
        set(&mut own, "inter.broker.listener.name", "INTERNAL");
        listeners(&mut own, b);
        own.extend(rack(scenario, b));
        let _ = write!(
            text,
            "  broker-{b}:\n    <<: *kafka\n    depends_on: [{}]\n    ports: [\"{port}:{port}\"]\n    environment:\n      <<: *env\n{}",
            depends.join(", "),
            environment(&own, "      "),
            port = broker_port(b)
        );
    }
    text
}

/// The port for the host is the same inside and outside.
fn listeners(lines: &mut Vec<(String, String)>, b: u8) {
    let port = broker_port(b);
    set(lines, "listeners", format!("INTERNAL://:19092,HOST://:{port}"));
    set(lines, "advertised.listeners", format!("INTERNAL://broker-{b}:19092,HOST://localhost:{port}"));
}

fn zookeeper(scenario: &Scenario, kafka: &str, image: &str) -> String {
    let mut text = heading(scenario, &format!("As it was in the ZooKeeper era (Kafka {kafka}): the cluster"));
    let mut shared = Vec::new();
    set(&mut shared, "zookeeper.connect", "zookeeper:2181");
    set(&mut shared, "listener.security.protocol.map", "INTERNAL:PLAINTEXT,HOST:PLAINTEXT");
    set(&mut shared, "inter.broker.listener.name", "INTERNAL");
    // Sessions of brokers are ZooKeeper's there.
    shared.extend(common_configs(scenario).into_iter().filter(|(name, _)| !name.starts_with("broker.")));
    let _ = write!(
        text,
        "x-env: &env\n{}services:\n  zookeeper:\n    image: confluentinc/cp-zookeeper:{image}\n    environment:\n      ZOOKEEPER_CLIENT_PORT: \"2181\"\n",
        environment(&shared, "  ")
    );
    for b in 1..=scenario.topology.brokers {
        let mut own = Vec::new();
        set(&mut own, "broker.id", b.to_string());
        listeners(&mut own, b);
        own.extend(rack(scenario, b));
        let _ = write!(
            text,
            "  broker-{b}:\n    image: confluentinc/cp-kafka:{image}\n    depends_on: [zookeeper]\n    ports: [\"{port}:{port}\"]\n    environment:\n      <<: *env\n{}",
            environment(&own, "      "),
            port = broker_port(b)
        );
    }
    text
}

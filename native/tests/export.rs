//! `highwater export` through the binary.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn export(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_highwater")).arg("export").args(arguments).output().expect("the binary starts")
}

fn write(folder: &Path, scenario: &str, to: &str) -> Vec<(String, String)> {
    let done = export(&[scenario, "--to", to, "--out", folder.to_str().expect("UTF-8")]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .expect("the folder was made")
        .map(|f| f.expect("readable").path())
        .map(|p| (p.file_name().expect("a name").to_string_lossy().into_owned(), fs::read_to_string(&p).expect("text")))
        .collect();
    files.sort();
    files
}

fn text<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
    let found = files.iter().find(|f| f.0 == name);
    &found.unwrap_or_else(|| panic!("there is {:?}", files.iter().map(|f| &f.0).collect::<Vec<_>>())).1
}

/// A scenario whose words try to break out of their quotes.
const HOSTILE: &str = r#"{"format":1,"title":"a\ntouch owned","kafka":"4.3","features":{"eligible.leader.replicas.version":0},"until_us":9000000,
  "configs":{"broker.session.timeout.ms":3000},
  "topology":{"brokers":3,"topics":[{"name":"pay","partitions":2,"replication.factor":2,"configs":{"min.insync.replicas":2}}],
    "producers":[{"name":"checkout","configs":{"acks":"1"}}]},
  "apps":[{"group":"billing","topics":["pay"],"configs":{"auto.offset.reset":"earliest"}}],
  "commands":[{"at_us":1000000,"do":"send","producer":"checkout","topic":"pay","key":"$(touch owned)"},
    {"at_us":1100000,"do":"send","producer":"checkout","topic":"pay","key":"'"},
    {"at_us":3000000,"do":"crash","broker":1},{"at_us":5000000,"do":"start","broker":1}]}"#;

#[test]
fn properties_have_a_file_a_node_and_a_script_that_starts_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("s.json");
    fs::write(&scenario, HOSTILE).expect("written");
    let files = write(&folder.path().join("out"), scenario.to_str().expect("UTF-8"), "properties");
    let names: Vec<&str> = files.iter().map(|f| f.0.as_str()).collect();
    assert_eq!(names, ["broker-1.properties", "broker-2.properties", "broker-3.properties", "controller.properties", "start.sh"]);
    let broker = text(&files, "broker-2.properties");
    for line in ["node.id=2", "broker.session.timeout.ms=3000", "advertised.listeners=PLAINTEXT://localhost:9093"] {
        assert!(broker.lines().any(|l| l == line), "{line} in {broker}");
    }
    assert!(text(&files, "start.sh").contains("--feature eligible.leader.replicas.version=0"));
}

#[test]
fn each_voter_is_a_controller_and_a_share_group_has_no_cluster_with_zookeeper() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = write(&folder.path().join("quorum"), "controller-failover", "properties");
    let voters = "controller.quorum.voters=100@localhost:9090,101@localhost:9089,102@localhost:9088";
    for node in ["controller-1", "controller-2", "controller-3", "broker-1", "broker-2", "broker-3"] {
        let properties = text(&files, &format!("{node}.properties"));
        assert!(properties.lines().any(|l| l == voters), "{node}: {properties}");
    }
    assert!(text(&files, "controller-3.properties").lines().any(|l| l == "node.id=102"));
    assert!(text(&files, "start.sh").contains("for node in controller-1 controller-2 controller-3 broker-1"));
    let compose = write(&folder.path().join("docker"), "controller-failover", "compose");
    let file = text(&compose, "compose.yaml");
    assert!(file.contains("100@controller-1:9093,101@controller-2:9093,102@controller-3:9093"), "{file}");
    assert!(file.contains("depends_on: [controller-1, controller-2, controller-3]"), "{file}");
    let share = write(&folder.path().join("share"), "share-group", "compose");
    assert_eq!(share.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["compose.yaml"]);
}

/// Runs the exported script with tools that only write down their arguments.
#[test]
fn commands_say_what_the_scenario_says_and_nothing_escapes_its_quotes() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("s.json");
    fs::write(
        &scenario,
        HOSTILE.replace(
            "3000000,\"do\":\"crash\",\"broker\":1},{\"at_us\":5000000,\"do\":\"start\",\"broker\":1",
            "1200000,\"do\":\"delete_records\",\"topic\":\"pay\",\"partition\":0,\"before\":0",
        ),
    )
    .expect("written");
    let out = folder.path().join("out");
    write(&out, scenario.to_str().expect("UTF-8"), "commands");
    let bin = folder.path().join("kafka/bin");
    fs::create_dir_all(&bin).expect("made");
    for tool in ["topics", "console-producer", "console-consumer", "consumer-groups", "delete-records"] {
        let path = bin.join(format!("kafka-{tool}.sh"));
        let log = folder.path().join("calls");
        fs::write(&path, format!("#!/bin/sh\n{{ printf '%s' {tool}; printf '|%s' \"$@\"; echo; }} >>'{}'\n", log.display()))
            .expect("written");
        Command::new("chmod").arg("+x").arg(&path).status().expect("chmod");
    }
    let done = Command::new("sh").arg("commands.sh").current_dir(&out).env("KAFKA_HOME", folder.path().join("kafka")).output().expect("sh");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let calls = fs::read_to_string(folder.path().join("calls")).expect("calls");
    let servers = "|--bootstrap-server|localhost:9092,localhost:9093,localhost:9094";
    let calls: Vec<String> = calls.lines().map(|l| l.replace(servers, "")).collect();
    assert_eq!(calls[0], "topics|--create|--topic|pay|--replica-assignment|1:2,2:3|--config|min.insync.replicas=2");
    let producer =
        "console-producer|--topic|pay|--reader-property|parse.key=true|--command-property|client.id=checkout|--command-property|acks=1";
    assert_eq!(calls[1], producer, "both records go through one");
    assert_eq!(calls[2], "delete-records|--offset-json-file|delete-records.json");
    assert!(calls[3].starts_with("console-consumer|--topic|pay|--group|billing|--timeout-ms"), "{}", calls[3]);
    assert!(calls[3].ends_with("--command-property|auto.offset.reset=earliest"), "{}", calls[3]);
    assert_eq!(calls[4], "consumer-groups|--describe|--group|billing");
    let files: Vec<_> = fs::read_dir(&out).expect("there").map(|f| f.expect("readable").file_name()).collect();
    assert_eq!(files.len(), 2, "the script and delete-records.json, nobody touched a file: {files:?}");
}

#[test]
fn compose_has_both_eras() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = write(&folder.path().join("out"), "acks-1", "compose");
    let (kraft, zookeeper) = (text(&files, "compose.yaml"), text(&files, "compose-zookeeper-3.9.yaml"));
    for line in ["  image: apache/kafka:4.1.2", "      KAFKA_NODE_ID: \"3\"", "    ports: [\"9094:9094\"]"] {
        assert!(kraft.lines().any(|l| l == line), "{line} in {kraft}");
    }
    assert!(!kraft.contains("ZOOKEEPER") && zookeeper.contains("KAFKA_ZOOKEEPER_CONNECT: \"zookeeper:2181\""));
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_half_done() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("start.sh"), "mine").expect("written");
    let done = export(&["acks-1", "--to", "properties", "--out", folder.path().to_str().expect("UTF-8")]);
    assert_eq!(done.status.code(), Some(2));
    let message = String::from_utf8(done.stderr).expect("UTF-8");
    assert!(message.contains("start.sh") && message.contains("not overwritten"), "{message}");
    assert_eq!(fs::read_to_string(folder.path().join("start.sh")).expect("there"), "mine");
    assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1, "the files made before are gone again");
}

#[test]
fn bad_usage_is_refused() {
    for arguments in [&["acks-1"][..], &["acks-1", "--to", "helm"], &["no-such", "--to", "compose"]] {
        assert_eq!(export(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

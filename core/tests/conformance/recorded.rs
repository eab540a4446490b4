//! The recordings, as they lie in the repository.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder `conformance`.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance")
}

/// Reads a JSON file of that folder.
pub fn read<T: DeserializeOwned>(path: impl AsRef<Path>) -> T {
    let path = folder().join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Names of the JSON files in a folder of it, sorted.
pub fn names(sub: &str) -> Vec<String> {
    let path = folder().join(sub);
    let files = fs::read_dir(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut names: Vec<String> = files
        .map(|f| f.expect("readable").path())
        .filter(|p| p.extension().is_some_and(|x| x == "json"))
        .filter_map(|p| Some(p.file_stem()?.to_str()?.to_string()))
        .collect();
    names.sort();
    names
}

/// A file of cases, each of its own shape.
#[derive(Deserialize)]
pub struct Cases<T> {
    pub kafka: String,
    pub recorded: String,
    pub cases: Vec<T>,
}

/// What was seen of a scenario: by the recorder on a real cluster, or in the simulation.
#[derive(Deserialize, Debug)]
pub struct Seen {
    pub looks: Vec<Look>,
    pub changes: Vec<Change>,
    pub sends: Vec<Sent>,
    pub delivered: Vec<Delivered>,
}

/// The whole state at an instant.
#[derive(Deserialize, Debug)]
pub struct Look {
    pub at_us: u64,
    pub partitions: Vec<PartitionLook>,
}

#[derive(Deserialize, Debug)]
pub struct PartitionLook {
    /// None where no broker was up to be asked.
    #[serde(flatten)]
    pub state: Option<State>,
    pub replicas: Vec<ReplicaLook>,
}

/// What the controller says of a partition.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct State {
    pub leader: Option<u8>,
    pub leader_epoch: u16,
    pub isr: Vec<u8>,
    pub elr: Vec<u8>,
    pub last_known_elr: Vec<u8>,
}

#[derive(Deserialize, Debug)]
pub struct ReplicaLook {
    pub broker: u8,
    pub leo: u32,
    /// None where the broker does not say.
    pub hw: Option<u32>,
    /// `key@epoch`, in order.
    pub log: Vec<String>,
}

#[derive(Deserialize, Clone, Debug)]
pub struct Change {
    pub at_us: u64,
    pub partition: u16,
    #[serde(flatten)]
    pub state: State,
}

/// What became of a record.
#[derive(Deserialize, Debug)]
pub struct Sent {
    pub key: String,
    pub offset: Option<i64>,
    pub error: Option<String>,
    pub done_us: Option<u64>,
}

#[derive(Deserialize, Debug)]
pub struct Delivered {
    pub consumer: String,
    /// Keys in the order in which the application finished with them.
    pub effects: Vec<String>,
}

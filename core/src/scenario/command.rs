//! What can be done to a cluster, and when.
//!
//! A command and its time are one flat object in the file, `{"at_us": 5, "do": "crash", "broker": 1}`. Written out here,
//! since what serde derives for that reads every command twice over, in 35 kB of code.

use crate::lean::Lean;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// An end of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The controller, where there is one.
    Controller,
    /// A broker, by id.
    Broker(u8),
    /// A producer, by its place in the list, from 0.
    Producer(u8),
    /// A consumer, by its place over all groups, from 0.
    Consumer(u8),
    /// A controller of the quorum, by id.
    Voter(u8),
    /// ZooKeeper, where metadata is kept there.
    Zookeeper,
}

/// In English: `broker 1`.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            End::Controller => write!(f, "the controller"),
            End::Broker(b) => write!(f, "broker {b}"),
            End::Producer(p) => write!(f, "producer {p}"),
            End::Consumer(c) => write!(f, "consumer {c}"),
            End::Voter(v) => write!(f, "controller {v}"),
            End::Zookeeper => write!(f, "ZooKeeper"),
        }
    }
}

/// Something done to the cluster.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Do {
    /// An application sends a record.
    Send {
        /// Producer by name.
        producer: String,
        /// Topic by name.
        topic: String,
        /// Its key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// The value is null (log.L10).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        tombstone: bool,
        /// `CreateTime`, in milliseconds of the run; the instant of sending without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timestamp_ms: Option<u64>,
        /// Whoever handles it fails: the consumer's process dies, and a supervisor starts it again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        poison: bool,
    },
    /// Messages of a link take this much longer, in this direction; 0 makes it as before.
    SlowLink {
        /// From.
        from: End,
        /// To.
        to: End,
        /// In microseconds.
        extra_us: u64,
    },
    /// A process stands still (a long garbage collection): nothing reaches it and its timers wait, while its peers go on.
    Pause {
        /// Whose process.
        who: End,
        /// For how long, in microseconds.
        for_us: u64,
    },
    /// An application needs this long for each record.
    SlowHandler {
        /// Its consumer's place over all groups, from 0.
        consumer: u8,
        /// In microseconds; as in the scenario without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handling_us: Option<u64>,
    },
    /// Delete the records of a partition below an offset (`kafka-delete-records`).
    DeleteRecords {
        /// Topic by name.
        topic: String,
        /// Partition number.
        #[serde(default)]
        partition: u16,
        /// The first offset that stays; everything committed goes without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u32>,
    },
    /// A transactional producer's application commits.
    CommitTransaction {
        /// Producer by name.
        producer: String,
    },
    /// It aborts.
    AbortTransaction {
        /// Producer by name.
        producer: String,
    },
    /// SIGKILL.
    Crash {
        /// Broker id.
        broker: u8,
    },
    /// The machine loses power.
    PowerCut {
        /// Broker id.
        broker: u8,
    },
    /// SIGTERM: controlled shutdown.
    Stop {
        /// Broker id.
        broker: u8,
    },
    /// Start a stopped broker.
    Start {
        /// Broker id.
        broker: u8,
    },
    /// A link lets nothing through, in this direction.
    CutLink {
        /// From.
        from: End,
        /// To.
        to: End,
    },
    /// It works again.
    HealLink {
        /// From.
        from: End,
        /// To.
        to: End,
    },
    /// The next response from a broker to a client is lost.
    DropNextResponse {
        /// Broker id.
        broker: u8,
        /// The client.
        client: End,
    },
    /// A consumer process dies.
    CrashConsumer {
        /// Its place over all groups, from 0.
        consumer: u8,
    },
    /// It starts (again).
    StartConsumer {
        /// Its place over all groups, from 0.
        consumer: u8,
    },
    /// SIGTERM: its loop ends at the next `poll()` and closes the consumer.
    StopConsumer {
        /// Its place over all groups, from 0.
        consumer: u8,
    },
    /// Its handler throws; the consumer is closed on the way out (`finally`).
    ThrowInHandler {
        /// Its place over all groups, from 0.
        consumer: u8,
    },
    /// A controller's process dies.
    CrashVoter {
        /// Its id, from 1.
        voter: u8,
    },
    /// It starts again.
    StartVoter {
        /// Its id, from 1.
        voter: u8,
    },
    /// ZooKeeper's process dies.
    CrashZookeeper {},
    /// It starts again.
    StartZookeeper {},
    /// `kafka-leader-election --election-type preferred`.
    ElectPreferredLeader {
        /// Topic by name.
        topic: String,
        /// Partition number.
        #[serde(default)]
        partition: u16,
    },
    /// `kafka-topics --alter --partitions`: a topic gets more of them (prod.P5).
    CreatePartitions {
        /// Topic by name.
        topic: String,
        /// How many it has then; more than before.
        count: u16,
    },
    /// `kafka-configs --alter --add-config`, of a topic.
    AlterConfig {
        /// Topic by name.
        topic: String,
        /// The config: `min.insync.replicas`, the only one that can change during a run.
        name: String,
        /// Its value from then on.
        value: u16,
    },
}

/// A command and its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimedCommand {
    /// When, in microseconds.
    pub at_us: u64,
    /// Was it done by hand while the run was watched?
    pub by_hand: bool,
    /// What.
    pub what: Do,
}

impl Serialize for TimedCommand {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut all = to.serialize_map(None)?;
        all.serialize_entry("at_us", &self.at_us)?;
        if self.by_hand {
            all.serialize_entry("by_hand", &true)?;
        }
        let named = serde_json::to_value(&self.what).map_err(S::Error::custom)?;
        for (name, fields) in named.as_object().into_iter().flatten() {
            all.serialize_entry("do", name)?;
            for (field, value) in fields.as_object().into_iter().flatten() {
                all.serialize_entry(field, value)?;
            }
        }
        all.end()
    }
}

impl<'de> Deserialize<'de> for TimedCommand {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut fields = from.deserialize_map(Fields)?;
        let mut take = |name| fields.remove(name).ok_or_else(|| de::Error::missing_field(name));
        let (at_us, name) = (take("at_us")?, take("do")?);
        let by_hand = fields.remove("by_hand").unwrap_or(Value::Bool(false));
        let what = match name {
            Value::String(name) => {
                let mut named = Map::new();
                named.insert(name, Value::Object(fields));
                Do::deserialize(Lean(Value::Object(named))).map_err(de::Error::custom)?
            }
            other => return Err(de::Error::custom(format!("`do` is {other}; it must be the name of a command"))),
        };
        Ok(TimedCommand {
            at_us: at_us.as_u64().ok_or_else(|| de::Error::custom(format!("`at_us` is {at_us}; it must be a whole number")))?,
            by_hand: by_hand.as_bool().ok_or_else(|| de::Error::custom(format!("`by_hand` is {by_hand}; it must be true or false")))?,
            what,
        })
    }
}

/// All fields of an object, each at most once.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a command and its time")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, value)) = entries.next_entry::<String, Value>()? {
            if fields.insert(name.clone(), value).is_some() {
                return Err(de::Error::custom(format!("duplicate field `{name}`")));
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{decode, encode};

    #[test]
    fn a_command_is_one_flat_object() {
        for text in [
            r#"{"at_us":5,"do":"crash","broker":1}"#,
            r#"{"at_us":5,"by_hand":true,"do":"send","key":"A","producer":"p","topic":"t"}"#,
            r#"{"at_us":0,"do":"cut_link","from":"controller","to":{"broker":2}}"#,
        ] {
            let command: TimedCommand = decode(text).expect(text);
            let again: Value = decode(&encode(&command)).expect("JSON");
            assert_eq!(again.to_string(), decode::<Value>(text).expect("JSON").to_string());
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, what) in [
            (r#"{"do":"crash","broker":1}"#, "missing field `at_us`"),
            (r#"{"at_us":-1,"do":"crash","broker":1}"#, "`at_us` is -1"),
            (r#"{"at_us":5,"by_hand":0,"do":"crash","broker":1}"#, "`by_hand` is 0"),
            (r#"{"at_us":5}"#, "missing field `do`"),
            (r#"{"at_us":5,"do":{"crash":1}}"#, "name of a command"),
            (r#"{"at_us":5,"do":"crush","broker":1}"#, "unknown variant `crush`, expected one of `send`"),
            (r#"{"at_us":5,"do":"crash"}"#, "missing field `broker`"),
            (r#"{"at_us":5,"do":"crash","broker":1,"key":"A"}"#, "unknown field `key`, expected `broker`"),
            (r#"{"at_us":5,"do":"crash","broker":300}"#, "integer `300`, expected u8"),
            (r#"{"at_us":5,"do":"crash","broker":1,"broker":2}"#, "duplicate field `broker`"),
        ] {
            let error = decode::<TimedCommand>(text).expect_err(text).what;
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}

//! The configs that decide, under their real names.

use crate::kafka::Setup;
use crate::kafka::setup::CommitMode;
use crate::scenario::configs::{Scope, find};
use crate::scenario::{CommitSpec, Scenario, ScenarioError};

/// A config that can be turned. It is one for all producers, topics or applications of the scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Knob {
    /// `acks`.
    Acks,
    /// `min.insync.replicas`.
    MinIsr,
    /// `unclean.leader.election.enable`.
    Unclean,
    /// `enable.idempotence`.
    Idempotence,
    /// `max.in.flight.requests.per.connection`.
    InFlight,
    /// `retries`.
    Retries,
    /// `eligible.leader.replicas.version`.
    Elr,
    /// When the application commits; its own code, no config.
    Commit,
}

/// `commit` before handling.
pub const BEFORE: &str = "before";
/// `commit` after handling.
pub const AFTER: &str = "after";
/// The largest value of `retries`, which is its default.
const MANY: &str = "2147483647";

impl Knob {
    /// All of them.
    pub const ALL: [Knob; 8] =
        [Knob::Acks, Knob::MinIsr, Knob::Unclean, Knob::Idempotence, Knob::InFlight, Knob::Retries, Knob::Elr, Knob::Commit];

    /// Its name; Kafka's own, except for the last.
    pub fn name(self) -> &'static str {
        match self {
            Knob::Acks => "acks",
            Knob::MinIsr => "min.insync.replicas",
            Knob::Unclean => "unclean.leader.election.enable",
            Knob::Idempotence => "enable.idempotence",
            Knob::InFlight => "max.in.flight.requests.per.connection",
            Knob::Retries => "retries",
            Knob::Elr => "eligible.leader.replicas.version",
            Knob::Commit => "commit",
        }
    }

    /// Is there somebody in the scenario whom it concerns?
    pub fn concerns(self, s: &Scenario) -> bool {
        match self {
            Knob::Acks | Knob::Idempotence | Knob::InFlight | Knob::Retries => !s.topology.producers.is_empty(),
            Knob::Commit => !s.apps.is_empty(),
            Knob::MinIsr | Knob::Unclean | Knob::Elr => true,
        }
    }

    /// What it can be, and what it is, also if that is none of the usual.
    pub fn options(self, s: &Scenario, now: &str) -> Vec<String> {
        let usual: Vec<String> = match self {
            Knob::Acks => owned(&["0", "1", "all"]),
            Knob::MinIsr => {
                (1..=s.topology.topics.iter().map(|t| t.replication_factor).min().unwrap_or(1)).map(|n| n.to_string()).collect()
            }
            Knob::Unclean | Knob::Idempotence => owned(&["false", "true"]),
            Knob::InFlight => owned(&["1", "5"]),
            Knob::Retries => owned(&["0", MANY]),
            Knob::Elr => owned(&["0", "1"]),
            Knob::Commit => owned(&[BEFORE, AFTER]),
        };
        let odd = !now.is_empty() && !usual.iter().any(|o| o == now);
        odd.then(|| now.to_owned()).into_iter().chain(usual).collect()
    }

    /// The value in force, after Kafka's fall-backs: `acks=1` switches an idempotence off that nobody asked for.
    pub fn value(self, setup: &Setup) -> String {
        let producer = setup.producers.first();
        let of_user = setup.partitions.iter().find(|p| !setup.topics[p.topic].name.starts_with("__"));
        match self {
            Knob::Acks => producer.map_or(String::new(), |p| p.acks.name().to_owned()),
            Knob::Idempotence => producer.map_or(String::new(), |p| p.idempotence.to_string()),
            Knob::InFlight => producer.map_or(String::new(), |p| p.max_in_flight.to_string()),
            Knob::Retries => producer.map_or(String::new(), |p| p.retries.min(i32::MAX as u32).to_string()),
            Knob::MinIsr => of_user.map_or(String::new(), |p| p.min_isr.to_string()),
            Knob::Unclean => of_user.map_or(String::new(), |p| p.unclean.to_string()),
            Knob::Elr => u8::from(setup.rules.elr).to_string(),
            Knob::Commit => match setup.consumers.first().map(|c| c.commit) {
                Some(CommitMode::BeforeHandling) => BEFORE.to_owned(),
                Some(CommitMode::AfterHandling) => AFTER.to_owned(),
                Some(CommitMode::Auto) => "enable.auto.commit".to_owned(),
                Some(CommitMode::Transaction) => "transactional.id".to_owned(),
                Some(CommitMode::Streams) => "commit.interval.ms".to_owned(),
                Some(CommitMode::Never) => "–".to_owned(),
                None => String::new(),
            },
        }
    }

    /// Its default, where Kafka has one.
    pub fn default_value(self) -> Option<&'static str> {
        let scope = match self {
            Knob::MinIsr | Knob::Unclean => Scope::Topic,
            Knob::Acks | Knob::Idempotence | Knob::InFlight | Knob::Retries => Scope::Producer,
            Knob::Elr | Knob::Commit => return None,
        };
        find(self.name(), scope).map(|d| d.default)
    }

    /// The scenario with it turned.
    ///
    /// # Errors
    /// What Kafka would refuse.
    pub fn set(self, s: &Scenario, value: &str) -> Result<Scenario, ScenarioError> {
        let mut next = s.clone();
        match self {
            Knob::Acks | Knob::Idempotence | Knob::InFlight | Knob::Retries => {
                for p in &s.topology.producers {
                    next = next.with_producer_config(&p.name, self.name(), value)?;
                }
            }
            Knob::MinIsr | Knob::Unclean => {
                for t in &s.topology.topics {
                    next = next.with_topic_config(&t.name, self.name(), value)?;
                }
            }
            Knob::Elr => next.features.elr = Some(u8::from(value == "1")),
            Knob::Commit => {
                let when = if value == BEFORE { CommitSpec::BeforeHandling } else { CommitSpec::AfterHandling };
                next.apps.iter_mut().for_each(|a| a.commit = Some(when));
            }
        }
        // Whatever the types allow, the checks of a file decide.
        Scenario::parse(&next.to_json())
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

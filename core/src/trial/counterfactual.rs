//! Which knob decides? Each is turned in its place, and the same bounds are searched again.

use super::{Progress, Property, Search, Trial, Verdict};
use crate::scenario::Scenario;
use crate::scenario::build::build;
use crate::scenario::configs::{self, Configs, Scope};
use serde::{Serialize, Serializer};

/// A config or feature that can decide what a trial finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Knob {
    /// `acks` of all producers.
    Acks,
    /// `min.insync.replicas` of all topics.
    MinInsyncReplicas,
    /// `unclean.leader.election.enable` of all topics.
    UncleanElection,
    /// `enable.idempotence` of all producers.
    Idempotence,
    /// `max.in.flight.requests.per.connection` of all producers.
    MaxInFlight,
    /// `eligible.leader.replicas.version`.
    Elr,
    /// `retries` of all producers.
    Retries,
}

impl Knob {
    /// All of them.
    pub const ALL: &[Knob] =
        &[Knob::Acks, Knob::MinInsyncReplicas, Knob::UncleanElection, Knob::Idempotence, Knob::MaxInFlight, Knob::Elr, Knob::Retries];

    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Knob::Acks => "acks",
            Knob::MinInsyncReplicas => "min.insync.replicas",
            Knob::UncleanElection => "unclean.leader.election.enable",
            Knob::Idempotence => "enable.idempotence",
            Knob::MaxInFlight => "max.in.flight.requests.per.connection",
            Knob::Elr => "eligible.leader.replicas.version",
            Knob::Retries => "retries",
        }
    }

    fn scope(self) -> Scope {
        match self {
            Knob::MinInsyncReplicas | Knob::UncleanElection | Knob::Elr => Scope::Topic,
            _ => Scope::Producer,
        }
    }

    /// Where it stands in a scenario (for the first topic or producer that it concerns), as Kafka would print it.
    pub fn value(self, s: &Scenario) -> String {
        if self == Knob::Elr {
            return s.elr().to_string();
        }
        if self == Knob::Idempotence {
            // As it comes out after Kafka's silent fall-backs.
            return build(s).is_ok_and(|(setup, _)| setup.producers.first().is_some_and(|p| p.idempotence)).to_string();
        }
        let none = Configs::new();
        let topic = s.topology.topics.first().map_or(&none, |t| &t.configs);
        let producer = s.topology.producers.first().map_or(&none, |p| &p.configs);
        match self.scope() {
            Scope::Topic => configs::value(self.name(), Scope::Topic, &[topic, &s.configs]),
            scope => configs::value(self.name(), scope, &[producer]),
        }
    }

    /// What it is turned to: the choice that the lesson is about.
    fn other(self, value: &str) -> &'static str {
        match (self, value) {
            (Knob::Acks, "all" | "-1") | (Knob::MaxInFlight | Knob::Elr, "0") => "1",
            (Knob::Acks, _) => "all",
            (Knob::MinInsyncReplicas, "1") => "2",
            (Knob::MinInsyncReplicas, _) => "1",
            (Knob::UncleanElection | Knob::Idempotence, "true") => "false",
            (Knob::UncleanElection | Knob::Idempotence, _) => "true",
            (Knob::MaxInFlight, "1") => "5",
            (Knob::MaxInFlight, _) => "1",
            (Knob::Elr, _) => "0",
            (Knob::Retries, "0") => "2147483647",
            (Knob::Retries, _) => "0",
        }
    }

    /// The scenario with the knob turned, and nothing else.
    fn turned(self, s: &Scenario, to: &str) -> Scenario {
        let mut s = s.clone();
        if self == Knob::Elr {
            s.features.elr = Some(u8::from(to == "1"));
            return s;
        }
        let value: serde_json::Value = serde_json::from_str(to).unwrap_or_else(|_| to.into());
        // `acks` is a word even where it looks like a number.
        let value = if self == Knob::Acks { to.into() } else { value };
        let all: Vec<&mut Configs> = match self.scope() {
            Scope::Topic => s.topology.topics.iter_mut().map(|t| &mut t.configs).collect(),
            _ => s.topology.producers.iter_mut().map(|p| &mut p.configs).collect(),
        };
        all.into_iter().for_each(|c| drop(c.insert(self.name().into(), value.clone())));
        s
    }
}

/// One line of the table: the trial with one knob turned.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Which knob; `None` for the configuration as it is.
    #[serde(serialize_with = "knob_name")]
    pub knob: Option<Knob>,
    /// Where it stood.
    pub from: String,
    /// Where it stands in this line.
    pub to: String,
    /// What the search said.
    pub outcome: Outcome,
    /// Distinct states of the last pass.
    pub states: u64,
    /// Steps tried.
    pub steps_tried: u64,
}

fn knob_name<S: Serializer>(k: &Option<Knob>, s: S) -> Result<S::Ok, S::Error> {
    k.map(Knob::name).serialize(s)
}

/// A verdict without its story.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Outcome {
    /// A promise is broken.
    Found {
        /// Which.
        property: Property,
        /// Faults of the shortest story.
        faults: u32,
        /// Its steps.
        steps: usize,
    },
    /// Every schedule within the bounds was searched.
    None,
    /// A limit was hit first: not complete.
    Limit {
        /// Passes with up to this many faults were complete.
        complete_faults: Option<u32>,
        /// Depth that was complete in the next pass.
        depth: u32,
    },
    /// Kafka refuses this combination of configs.
    Refused {
        /// Why.
        why: String,
    },
}

impl Outcome {
    fn of(v: &Verdict) -> Self {
        match v {
            Verdict::Found(s) => Outcome::Found { property: s.property, faults: s.faults, steps: s.steps.len() },
            Verdict::None => Outcome::None,
            Verdict::Limit { complete_faults, depth } => Outcome::Limit { complete_faults: *complete_faults, depth: *depth },
        }
    }
}

/// A knob, and the scenario with it turned.
#[derive(Clone, Debug)]
pub struct Turned {
    /// Which; `None` for the scenario as it is.
    pub knob: Option<Knob>,
    /// Where it stood.
    pub from: String,
    /// Where it stands now.
    pub to: String,
    /// The scenario.
    pub scenario: Scenario,
}

/// The scenario as it is, and with each knob turned.
pub fn turned(s: &Scenario) -> Vec<Turned> {
    let as_it_is = Turned { knob: None, from: String::new(), to: String::new(), scenario: s.clone() };
    let each = Knob::ALL.iter().map(|k| {
        let from = k.value(s);
        let to = k.other(&from);
        Turned { knob: Some(*k), to: to.into(), scenario: k.turned(s, to), from }
    });
    std::iter::once(as_it_is).chain(each).collect()
}

/// The table in the making; runs in slices.
#[derive(Debug)]
pub struct Counterfactual {
    waiting: std::vec::IntoIter<Turned>,
    running: Option<(Turned, Search)>,
    rows: Vec<Row>,
}

impl Counterfactual {
    /// A table with nothing in it.
    pub fn new(s: &Scenario) -> Self {
        Self::of(turned(s))
    }

    /// A table of these lines only.
    pub fn of(lines: Vec<Turned>) -> Self {
        Counterfactual { waiting: lines.into_iter(), running: None, rows: Vec::new() }
    }

    /// Goes on for about `states` expanded states. True when the table is full.
    pub fn run(&mut self, states: u64) -> bool {
        let Some((turned, search)) = &mut self.running else { return !self.begin_next() };
        if let Some(verdict) = search.run(states) {
            let outcome = Outcome::of(verdict);
            let (turned, p) = (turned.clone(), search.progress());
            self.running = None;
            self.put(turned, outcome, p);
        }
        false
    }

    /// The lines so far.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The knob in hand, and how its search stands.
    pub fn progress(&self) -> Option<(Option<Knob>, Progress)> {
        self.running.as_ref().map(|(t, s)| (t.knob, s.progress()))
    }

    fn begin_next(&mut self) -> bool {
        let Some(turned) = self.waiting.next() else { return false };
        match Trial::new(&turned.scenario) {
            Ok(trial) => self.running = Some((turned, Search::new(trial))),
            Err(e) => self.put(turned, Outcome::Refused { why: e.to_string() }, Progress::default()),
        }
        true
    }

    fn put(&mut self, t: Turned, outcome: Outcome, p: Progress) {
        self.rows.push(Row { knob: t.knob, from: t.from, to: t.to, outcome, states: p.states, steps_tried: p.transitions });
    }
}

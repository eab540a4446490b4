//! The trial: every order of what may happen within stated bounds, searched for the shortest story that breaks a promise.
//!
//! It runs the very rules of [`crate::kafka`]. Where the simulation takes inputs by their deadlines, the search takes
//! them all: any message at the head of its link, any armed timer that could matter, any fault that the bounds allow.
//!
//! What is not explored, and said with every verdict: a record is a batch of its own and leaves at once; page caches are
//! written back as late as possible (the worst case for a loss), and high watermarks checkpointed only where
//! [`Bounds::hw_checkpoints`] says so; clients and brokers time out only on peers that are dead; a broker is fenced only
//! when it is down, but for [`Bounds::zombies`]; a consumer group keeps its members and their partitions (it does not
//! rebalance).

pub(crate) mod actions;
pub mod counterfactual;
mod explorer;
mod fingerprints;
pub mod knobs;
mod numbered;
mod properties;
mod search;
mod sleep;
mod story;
mod waiting;
pub mod words;

use crate::hash::{fingerprint, scatter};
use crate::ids::*;
use crate::kafka::setup::GroupProtocol;
use crate::kafka::transaction::AfterSend;
use crate::kafka::{Setup, World};
use crate::order;
use crate::scenario::{Scenario, ScenarioError, build::build, error};
pub use actions::{Action, Budget};
pub use properties::Property;
pub use search::{Cut, Limit, Progress, Search, Verdict};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::rc::Rc;
pub use story::{Story, StoryStep};

/// What may happen, at most. A limit of 0 rules a thing out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Records sent.
    pub records: u8,
    /// Broker processes killed; each may be started again.
    pub crashes: u8,
    /// Machines that lose power; each may be started again.
    pub power_cuts: u8,
    /// Responses to clients lost, with the connection.
    pub lost_responses: u8,
    /// Followers found behind for `replica.lag.time.max.ms`.
    pub lag_expiries: u8,
    /// Consumer processes killed; each may be started again.
    pub consumer_crashes: u8,
    /// Live brokers that the controller stops hearing for `broker.session.timeout.ms`: fenced, they go on serving (zombies).
    pub zombies: u8,
    /// High watermarks written to their checkpoint file before a crash; without, the file is as old as can be.
    pub hw_checkpoints: u8,
    /// Backoffs of producers that end in another attempt; 255 is as many as `retries` allows.
    pub retries: u8,
    /// Steps; 0 is no limit.
    pub depth: u32,
    /// Distinct states.
    pub max_states: u64,
    /// Memory of the search, in bytes (estimated).
    pub max_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            records: 1,
            crashes: 1,
            power_cuts: 0,
            lost_responses: 0,
            lag_expiries: 0,
            consumer_crashes: 0,
            zombies: 0,
            hw_checkpoints: 0,
            retries: u8::MAX,
            depth: 0,
            max_states: 50_000_000,
            max_bytes: 512 << 20,
        }
    }
}

impl Bounds {
    /// How many of them are counted in every trial, see [`Bounds::count`].
    pub const COUNTS: usize = 6;

    /// What every trial counts, by place, in the order of [`words::bounds`]: records first, then faults.
    pub fn count(&mut self, i: usize) -> &mut u8 {
        match i {
            0 => &mut self.records,
            1 => &mut self.crashes,
            2 => &mut self.power_cuts,
            3 => &mut self.lost_responses,
            4 => &mut self.lag_expiries,
            _ => &mut self.consumer_crashes,
        }
    }

    /// How many faults together.
    pub fn faults(&self) -> u32 {
        let faults = [self.crashes, self.power_cuts, self.lost_responses, self.lag_expiries, self.consumer_crashes, self.zombies];
        faults.iter().map(|x| u32::from(*x)).sum()
    }
}

/// The part of a scenario that says what is tried.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialSpec {
    /// What may happen.
    #[serde(default)]
    pub bounds: Bounds,
    /// What must never be; all of [`Property::SAFETY`] if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
}

/// A record of a workload: when, of which workload, its ordinal there, what is sent, its key.
type Send = (u64, usize, usize, (ProducerIx, PartitionId, AfterSend), Option<String>);

/// A configuration on trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Who is there, with the trial's simplifications.
    pub setup: Rc<Setup>,
    /// What may happen.
    pub bounds: Bounds,
    /// What must never be.
    pub properties: Vec<Property>,
    /// The records in the order in which they are sent: producer, partition, and what becomes of the transaction then.
    pub records: Vec<(ProducerIx, PartitionId, AfterSend)>,
    /// Their keys.
    pub keys: Vec<Option<String>>,
    /// Take exchanges that need not be told apart in one step (see `actions::urgent`); far fewer states.
    pub coarse: bool,
    /// Of steps that commute, take one order only (see `sleep`): the same states, fewer steps.
    pub sleep: bool,
    /// Forget what nobody will read again (see `kafka::unread`): fewer states, and everything happens as it would.
    pub prune: bool,
    /// Memory for what actors did with inputs (see `kafka::memo`): the same steps, faster. 0: the rules run each time.
    pub memo_bytes: u64,
}

impl Trial {
    /// Puts a scenario on trial, with the bounds of its `trial` part.
    ///
    /// # Errors
    /// It has nothing to send, or bounds that the search can't hold.
    pub fn new(s: &Scenario) -> Result<Self, ScenarioError> {
        let spec = s.trial.clone().unwrap_or_default();
        let (mut setup, _) = build(s)?;
        setup.voters = 1; // one controller that never fails stands for the quorum
        for p in &mut setup.producers {
            (p.batch_bytes, p.no_linger) = (1, true);
        }
        if setup.groups.iter().any(|g| g.protocol == GroupProtocol::Share) {
            return error("apps", "have a share group; a trial can't search one: locks on records run by the clock");
        }
        setup.groups.iter_mut().for_each(|g| g.protocol = GroupProtocol::Fixed);
        let wanted = usize::from(spec.bounds.records);
        if wanted > 16 {
            return error("trial.bounds.records", "can be 16 at most");
        }
        let mut sends: Vec<Send> = Vec::new();
        for (i, w) in s.workload.iter().enumerate() {
            let producer = ProducerIx(setup.producers.iter().position(|p| p.name == w.producer).unwrap_or(0) as u8);
            let topic = setup.topics.iter().position(|t| t.name == w.topic).unwrap_or(0);
            let partitions = &setup.topics[topic].partitions;
            for n in 0..wanted.min(w.count as usize) {
                let key = w.keys.get(n % w.keys.len().max(1));
                let number = match key {
                    Some(k) => setup.producers[producer.ix()].partitioner.partition(k.as_bytes(), partitions.len() as u16),
                    None => 0,
                };
                let at = w.start_us + n as u64 * w.every_us;
                sends.push((at, i, n, (producer, partitions[usize::from(number)], w.after(n as u32)), key.cloned()));
            }
        }
        order::sort_by_key(&mut sends, |s| (s.0, s.1, s.2));
        sends.truncate(wanted);
        if sends.len() < wanted {
            return error("workload", format!("has {} records; trial.bounds.records asks for {wanted}", sends.len()));
        }
        let properties = if spec.properties.is_empty() { Property::SAFETY.to_vec() } else { spec.properties };
        Ok(Trial {
            setup: Rc::new(setup),
            bounds: spec.bounds,
            properties,
            records: sends.iter().map(|s| s.3).collect(),
            keys: sends.into_iter().map(|s| s.4).collect(),
            coarse: true,
            sleep: true,
            prune: true,
            memo_bytes: spec.bounds.max_bytes / 4,
        })
    }

    /// The key of the record with this place, as a number of the run.
    pub(crate) fn key_number(&self, record: u8) -> Option<u16> {
        let key = self.keys[usize::from(record)].as_ref()?;
        let known = self.setup.keys.iter().chain(self.keys.iter().flatten());
        let mut distinct: Vec<&String> = Vec::new();
        known.for_each(|k| {
            if !distinct.contains(&k) {
                distinct.push(k);
            }
        });
        distinct.iter().position(|k| *k == key).map(|i| i as u16)
    }
}

/// What the search remembers of the past, beside the world.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Ghost {
    /// Records that were acknowledged, by their place in the order of sending.
    pub acked: u16,
    /// Records that a producer gave up on.
    pub failed: u16,
    /// For each partition: the broker whose leadership took effect last.
    pub view: SmallVec<[BrokerId; 2]>,
    /// For each record: how often it was handled, up to 3 (2 bits each).
    pub handled: u32,
    /// What applications made: the record, its batch once it has one, and the place of the record that it was made of.
    pub made: SmallVec<[(RecordId, Option<BatchId>, u8); 0]>,
}

/// A state of the search.
#[derive(Clone, Debug)]
pub struct Node {
    /// The cluster.
    pub world: World,
    /// What has happened so far of what may.
    pub used: Budget,
    /// What is remembered.
    pub ghost: Ghost,
}

impl std::hash::Hash for Node {
    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        self.world.hash(h);
        self.used.hash(h);
        self.ghost.hash(h);
    }
}

impl Node {
    /// The fingerprint of what [`Hash`](std::hash::Hash) encodes, by its pieces: cheaper, since most of them are remembered.
    pub(crate) fn print(&self) -> u64 {
        let mut sum = 0u64;
        self.world.encode(&mut |place, content| sum = sum.wrapping_add(scatter(place, content)));
        sum.wrapping_add(self.print_of_past())
    }

    /// The same of what stands beside the world.
    pub(crate) fn print_of_past(&self) -> u64 {
        let (u, g) = (&self.used, &self.ghost);
        let mut sum = 0u64;
        let mut put = |place, content| sum = sum.wrapping_add(scatter(place, content));
        let faults =
            [u.crashes, u.power_cuts, u.lost_responses, u.lag_expiries, u.consumer_crashes, u.zombies, u.hw_checkpoints, u.retries];
        put(6 << 56, u64::from_le_bytes(faults));
        put(7 << 56, u64::from(u.records) << 32 | u64::from(g.acked) << 16 | u64::from(g.failed));
        put(8 << 56, u64::from(g.handled));
        for (i, views) in (0u64..).zip(g.view.chunks(8)) {
            put(9 << 56 | i, views.iter().fold(0, |all, b| all << 8 | u64::from(b.0)));
        }
        if !g.made.is_empty() {
            put(10 << 56, fingerprint(&g.made));
        }
        sum
    }
}

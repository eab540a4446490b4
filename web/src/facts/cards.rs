//! What stands on the cards of the controller, the brokers and the partitions.

use crate::i18n::{self, Lang};
use crate::scene::{Standing, standing};
use highwater_core::ids::*;
use highwater_core::kafka::broker::Power;
use highwater_core::kafka::quorum::{Role, Voter};
use highwater_core::order;
use highwater_core::shared::Shared;
use highwater_core::sim::Sim;

/// What state a broker is in, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Runs, and the controller counts on it.
    Running,
    /// Runs, but the controller does not count on it yet, or no longer.
    Fenced,
    /// Runs, but its node in ZooKeeper is gone.
    Unregistered,
    /// Runs, not registered yet.
    Starting,
    /// Is being stopped in order.
    Stopping,
    /// Stopped in order.
    Stopped,
    /// Killed.
    Crashed,
    /// Without power.
    PowerLost,
}

impl Condition {
    /// In words.
    pub fn word(self, lang: Lang) -> &'static str {
        let t = lang.text();
        match self {
            Condition::Running => t.running,
            Condition::Fenced => t.fenced,
            Condition::Unregistered => t.unregistered,
            Condition::Starting => t.starting,
            Condition::Stopping => t.stopping,
            Condition::Stopped => t.stopped,
            Condition::Crashed => t.crashed,
            Condition::PowerLost => t.power_lost,
        }
    }
    /// Does its process run?
    pub fn up(self) -> bool {
        !matches!(self, Condition::Stopped | Condition::Crashed | Condition::PowerLost)
    }
}

/// The condition of a broker.
pub fn condition(sim: &Sim, b: BrokerId) -> Condition {
    let w = sim.world();
    let broker = w.broker(b);
    match broker.power {
        Power::Stopped => Condition::Stopped,
        Power::Crashed => Condition::Crashed,
        Power::PowerLost => Condition::PowerLost,
        Power::Up if broker.stopping => Condition::Stopping,
        Power::Up if broker.epoch.is_none() => Condition::Starting,
        Power::Up if w.controller.brokers[b.ix()].fenced => out_of_sight(sim),
        Power::Up => Condition::Running,
    }
}

/// That of a broker which runs and is not counted on.
fn out_of_sight(sim: &Sim) -> Condition {
    if sim.setup().zookeeper { Condition::Unregistered } else { Condition::Fenced }
}

/// A broker's card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerFacts {
    /// Who.
    pub id: BrokerId,
    /// Its state.
    pub condition: Condition,
    /// In words, with its place in the ISR.
    pub status: String,
    /// Does it lead a shown partition, and under which epoch?
    pub leads: Option<LeaderEpoch>,
    /// Is it in the ISR of every shown partition that it has?
    pub in_sync: bool,
}

/// The facts of a broker's card.
pub fn broker(sim: &Sim, b: BrokerId, shown: &[PartitionId], lang: Lang) -> BrokerFacts {
    let t = lang.text();
    let condition = condition(sim, b);
    let mine = || shown.iter().filter(|p| sim.setup().partitions[p.ix()].replicas.contains(&b));
    let in_sync = mine().all(|p| standing(sim, b, *p) != Standing::OutOfSync);
    let leads = mine().find(|p| standing(sim, b, **p) == Standing::Leader).map(|p| sim.world().controller.partitions[p.ix()].le);
    let sync = if in_sync { t.in_sync } else { t.out_of_sync };
    let status = match condition {
        Condition::Running if mine().next().is_none() => condition.word(lang).to_owned(),
        Condition::Running => sync.to_owned(),
        // Down and still in the ISR: the controller does not know yet. That is worth a word.
        c => format!("{} · {sync}", c.word(lang)),
    };
    BrokerFacts { id: b, condition, status, leads, in_sync }
}

/// How the controller counts a broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// Active.
    Active,
    /// Fenced.
    Fenced,
    /// Stopping in order; of a controller: between one leader and the next.
    Stopping,
    /// A controller that follows the active one.
    Follower,
}

/// The strip of the controller, or of ZooKeeper.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControllerFacts {
    /// Which of them.
    pub name: &'static str,
    /// End of the metadata log, where there is one.
    pub metadata_offset: Option<u32>,
    /// How it counts each broker, with the word for it.
    pub brokers: Vec<(BrokerId, Counted, &'static str)>,
    /// Those of a quorum: how each is drawn, and the word for it.
    pub voters: Vec<(VoterId, Counted, &'static str)>,
    /// Of several that take turns: who is active, or that nobody is; and whether that is well.
    pub active: Option<(String, bool)>,
}

/// What a controller of the quorum is, in a word.
pub fn role(v: &Voter, lang: Lang) -> &'static str {
    let t = lang.text();
    match &v.role {
        _ if !v.up => t.crashed,
        Role::Leader(l) if l.active.is_some() => t.active,
        Role::Leader(_) => t.leader,
        Role::Follower { .. } => t.follower,
        other => other.name(),
    }
}

/// The facts of the controller's strip.
pub fn controller(sim: &Sim, lang: Lang) -> ControllerFacts {
    let t = lang.text();
    let c = &sim.world().controller;
    let counted = |b: BrokerId| {
        let r = &c.brokers[b.ix()];
        if r.stopping {
            (b, Counted::Stopping, t.stopping)
        } else if r.fenced {
            (b, Counted::Fenced, out_of_sight(sim).word(lang))
        } else {
            (b, Counted::Active, t.running)
        }
    };
    let active = sim.world().active_voter();
    let voter = |v: &Shared<Voter>| {
        let look = match &v.role {
            _ if !v.up => Counted::Fenced,
            _ if active.is_some_and(|a| a.id == v.id) => Counted::Active,
            Role::Follower { .. } => Counted::Follower,
            _ => Counted::Stopping,
        };
        (v.id, look, role(v, lang))
    };
    let word = match &c.zk {
        Some(zk) if !zk.up => Some((t.crashed.to_owned(), false)),
        Some(zk) => Some(match zk.controller() {
            Some(b) => (format!("{}: {} · e{}", t.controller, i18n::broker_n(lang, b), zk.epoch), true),
            None => (format!("{}: –", t.controller), false),
        }),
        None if sim.setup().voters == 1 => None,
        None => Some(active.map_or((t.no_leader.to_owned(), false), |v| (format!("e{}", v.epoch), true))),
    };
    ControllerFacts {
        name: if c.zk.is_some() { "ZooKeeper" } else { t.controller },
        metadata_offset: c.zk.is_none().then_some(c.end),
        brokers: sim.setup().broker_ids().map(counted).collect(),
        voters: sim.world().voters.iter().map(voter).collect(),
        active: word,
    }
}

/// The heading of a partition's column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeadFacts {
    /// Which.
    pub partition: PartitionId,
    /// `pay-0`.
    pub name: String,
    /// Who leads.
    pub leader: Option<BrokerId>,
    /// Under which epoch.
    pub epoch: LeaderEpoch,
    /// The replicas, and whether each is in the ISR.
    pub replicas: Vec<(BrokerId, bool)>,
    /// `min.insync.replicas` in force.
    pub min_isr: usize,
}

/// The facts of a partition's heading.
pub fn head(sim: &Sim, p: PartitionId) -> HeadFacts {
    let s = &sim.world().controller.partitions[p.ix()];
    let setup = &sim.setup().partitions[p.ix()];
    let mut replicas: Vec<(BrokerId, bool)> = setup.replicas.iter().map(|b| (*b, s.isr.has(*b))).collect();
    order::sort(&mut replicas);
    HeadFacts { partition: p, name: sim.setup().partition_name(p), leader: s.leader, epoch: s.le, replicas, min_isr: setup.min_isr }
}

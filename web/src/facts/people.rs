//! What stands on the cards of producers and groups.

use super::marks;
use crate::scene::mark::Mark;
use crate::scene::{committed, mark_of};
use crate::session::Session;
use highwater_core::fold::ledger::KeyIx;
use highwater_core::ids::*;
use highwater_core::kafka::Timer;
use highwater_core::kafka::streams::{Task, Thread};
use highwater_core::order;
use highwater_core::scenario::configs::{self, Scope};
use highwater_core::sim::Sim;

/// A producer's card.
#[derive(Clone, PartialEq, Debug)]
pub struct ProducerFacts {
    /// Who.
    pub id: ProducerIx,
    /// `client.id`.
    pub name: String,
    /// `acks`.
    pub acks: &'static str,
    /// Records that wait to be sent.
    pub waiting: Vec<Mark>,
    /// Further ones.
    pub more: usize,
    /// Requests without an answer.
    pub in_flight: usize,
    /// How many there may be.
    pub slots: usize,
    /// It waits before it tries again.
    pub retrying: bool,
    /// How much of `linger.ms` has gone by, in percent; nothing where batches leave at once.
    pub linger: Option<u8>,
    /// Topics that a record can be sent to.
    pub topics: Vec<String>,
    /// The next sequence number of the partition that it has sent most to, if it is idempotent.
    pub next_seq: Option<u32>,
}

/// Most marks on a card.
const MARKS: usize = 4;

/// The facts of all producers.
pub fn producers(s: &Session) -> Vec<ProducerFacts> {
    let sim = s.sim();
    let topics: Vec<String> = sim.setup().topics.iter().map(|t| t.name.clone()).filter(|n| !n.starts_with("__")).collect();
    let setups = sim.setup().producers.iter();
    sim.world()
        .producers
        .iter()
        .zip(setups)
        .map(|(p, setup)| {
            let queued = || p.parts.iter().flat_map(|x| &x.queue);
            let total: usize = queued().map(|q| usize::from(q.batch.count)).sum();
            let mut waiting: Vec<Mark> = Vec::new();
            for q in queued().take(MARKS) {
                waiting.extend(marks(sim, q.batch.id, q.batch.count));
            }
            waiting.truncate(MARKS);
            ProducerFacts {
                id: p.id,
                name: setup.name.clone(),
                acks: setup.acks.name(),
                more: total - waiting.len(),
                waiting,
                in_flight: p.conns.iter().map(|c| c.in_flight.len()).sum(),
                slots: setup.max_in_flight,
                linger: linger(s, p.id),
                topics: topics_of(s, &setup.name, &topics),
                retrying: p.parts.iter().any(|x| x.backing_off),
                next_seq: setup.idempotence.then(|| p.parts.iter().map(|x| x.next_seq).max().unwrap_or(0)),
            }
        })
        .collect()
}

/// Where a producer can send a record: first where its own records go.
fn topics_of(s: &Session, producer: &str, all: &[String]) -> Vec<String> {
    let own = |topic: &String| s.timeline().scenario().workload.iter().any(|w| w.producer == producer && w.topic == *topic);
    let mut topics = all.to_vec();
    order::sort_by_key(&mut topics, |t| !own(t));
    topics
}

/// How far the batch that waits longest is through its `linger.ms`.
fn linger(s: &Session, p: ProducerIx) -> Option<u8> {
    let spec = s.timeline().scenario().topology.producers.get(p.ix())?;
    let whole_us = configs::int("linger.ms", Scope::Producer, &[&spec.configs]) * 1000;
    if whole_us == 0 {
        return None;
    }
    let due = s.sim().timers().filter(|(t, _)| matches!(t, Timer::Linger(x, _) if *x == p)).map(|t| t.1).min();
    let left = due.map_or(whole_us, |d| d.saturating_sub(s.sim().now_us()).min(whole_us));
    Some(((whole_us - left) * 100 / whole_us) as u8)
}

/// A member's share of a partition.
#[derive(Clone, PartialEq, Debug)]
pub struct Share {
    /// `pay-0`.
    pub name: String,
    /// The next offset that `poll()` returns, once known.
    pub position: Option<Offset>,
    /// What the group has committed.
    pub committed: Option<Offset>,
}

/// What a Streams thread has.
#[derive(Clone, PartialEq, Debug)]
pub struct ThreadFacts {
    /// Counts of its stores, with their keys.
    pub store: Vec<(Mark, u32)>,
    /// Further ones.
    pub more: usize,
    /// How far the store that is being restored is: offset of the changelog, and where it ends once that is known.
    pub restoring: Option<(Offset, Option<Offset>)>,
    /// Records that it has processed beyond what is committed.
    pub ahead: u32,
    /// Records that it was done with, counted each time: what happens outside Kafka.
    pub effects: u64,
}

/// A member's card.
#[derive(Clone, PartialEq, Debug)]
pub struct MemberFacts {
    /// Who.
    pub id: ConsumerIx,
    /// Its name.
    pub name: String,
    /// Does it run?
    pub up: bool,
    /// Its partitions.
    pub shares: Vec<Share>,
    /// Records that it works on or has fetched.
    pub hand: Vec<Mark>,
    /// Further ones.
    pub more: usize,
    /// Its tasks, if it is a Streams thread.
    pub thread: Option<ThreadFacts>,
}

/// A group's box.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupFacts {
    /// Which.
    pub id: GroupIx,
    /// `group.id`.
    pub name: String,
    /// Its members.
    pub members: Vec<MemberFacts>,
}

/// The facts of all groups.
pub fn groups(sim: &Sim) -> Vec<GroupFacts> {
    let setup = sim.setup();
    (0..setup.groups.len() as u8)
        .map(GroupIx)
        .map(|g| GroupFacts {
            id: g,
            name: setup.groups[g.ix()].name.clone(),
            members: (0..setup.consumers.len() as u8)
                .map(ConsumerIx)
                .filter(|c| setup.consumers[c.ix()].group == g)
                .map(|c| member(sim, g, c))
                .collect(),
        })
        .collect()
}

fn member(sim: &Sim, g: GroupIx, id: ConsumerIx) -> MemberFacts {
    let setup = &sim.setup().consumers[id.ix()];
    let c = &sim.world().consumers[id.ix()];
    let shares = c.assigned.iter().map(|s| Share {
        name: sim.setup().partition_name(s.partition),
        position: s.position,
        committed: committed(sim, g, s.partition),
    });
    let held = || c.work.iter().chain(&c.buffer);
    let hand: Vec<Mark> = held().take(MARKS).map(|r| mark_of(sim, r.batch, r.index)).collect();
    let thread = c.streams.as_ref().map(|t| thread(sim, g, id, t));
    MemberFacts { id, name: setup.name.clone(), up: c.up, shares: shares.collect(), more: held().count() - hand.len(), hand, thread }
}

fn thread(sim: &Sim, g: GroupIx, id: ConsumerIx, t: &Thread) -> ThreadFacts {
    let ledger = sim.ledger();
    let counts = || t.tasks.iter().flat_map(|t| t.store.iter());
    let mark = |k: u16| Mark::of_key(usize::from(k), ledger.key_name(KeyIx(k)));
    let store: Vec<(Mark, u32)> = counts().rev().take(MARKS).map(|(k, a)| (mark(k.0), a.count)).collect();
    let ahead = |t: &Task| t.done.map_or(0, |done| done.0.saturating_sub(committed(sim, g, t.input).unwrap_or_default().0));
    ThreadFacts {
        more: counts().count() - store.len(),
        store,
        restoring: t.tasks.iter().find_map(|t| t.restoring).map(|r| (r.next, r.end)),
        ahead: t.tasks.iter().map(ahead).sum(),
        effects: ledger.effects_of(id),
    }
}

//! What stands on the cards of producers and groups.

use super::marks;
use crate::i18n::{self, Lang};
use crate::scene::mark::Mark;
use crate::scene::{committed, mark_of};
use crate::session::Session;
use highwater_core::fold::ledger::KeyIx;
use highwater_core::ids::*;
use highwater_core::kafka::Timer;
use highwater_core::kafka::consumer::Consumer;
use highwater_core::kafka::group::coordinator::{Group, GroupState};
use highwater_core::kafka::group::membership::Phase;
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
    /// Its state in a few words: what it reads, that it joins, what the coordinator keeps for it though it is down.
    pub status: String,
    /// More of it, for those who ask.
    pub hint: &'static str,
    /// Its partitions.
    pub shares: Vec<Share>,
    /// Records that it works on or has fetched.
    pub hand: Vec<Mark>,
    /// Further ones.
    pub more: usize,
    /// Its tasks, if it is a Streams thread.
    pub thread: Option<ThreadFacts>,
    /// For the how many-th time the record that it works on was delivered, if it is a share consumer; 0 if it works on none.
    pub delivery: Option<u8>,
}

/// A group's box.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupFacts {
    /// Which.
    pub id: GroupIx,
    /// `group.id`.
    pub name: String,
    /// Is it a share group?
    pub shares: bool,
    /// Its generation and state at its coordinator, and who that is; or that there is none. Line by line.
    pub status: Vec<String>,
    /// Its members.
    pub members: Vec<MemberFacts>,
}

fn coordinator(sim: &Sim, g: GroupIx) -> Option<BrokerId> {
    let w = sim.world();
    w.controller.partitions[sim.setup().groups[g.ix()].coordinator.ix()].leader.filter(|b| w.broker(*b).is_up())
}

/// A group as its coordinator has it, if one is in office.
fn coordinated(sim: &Sim, g: GroupIx) -> Option<(BrokerId, &Group)> {
    let b = coordinator(sim, g)?;
    Some((b, sim.world().broker(b).group(g)?))
}

fn group_status(sim: &Sim, g: GroupIx, lang: Lang) -> Vec<String> {
    let t = lang.text();
    let epochs = || {
        let b = coordinator(sim, g)?;
        let c = sim.world().broker(b).consumer_group(g)?;
        Some(vec![i18n::group_epoch(lang, c.group.epoch, c.group.shown_state(sim.setup())), i18n::coordinated(lang, b)])
    };
    let Some((b, group)) = coordinated(sim, g) else { return epochs().unwrap_or_else(|| vec![t.no_coordinator.to_owned()]) };
    let state = match group.state {
        GroupState::Empty => t.group_empty,
        GroupState::Stable => t.group_stable,
        _ => t.group_rebalancing,
    };
    vec![i18n::generation(lang, group.generation, state), i18n::coordinated(lang, b)]
}

/// `orders-0,2`: partitions by topic.
fn short_names(sim: &Sim, parts: impl Iterator<Item = PartitionId>) -> String {
    let (setup, mut text, mut last) = (sim.setup(), String::new(), None);
    for p in parts.map(|p| &setup.partitions[p.ix()]) {
        let number = p.number.to_string();
        match last.replace(p.topic) == Some(p.topic) {
            true => text.extend([",", &number]),
            false => text.extend([if text.is_empty() { "" } else { " " }, &setup.topics[p.topic].name, "-", &number]),
        }
    }
    text
}

/// The facts of all groups.
pub fn groups(sim: &Sim, lang: Lang) -> Vec<GroupFacts> {
    let setup = sim.setup();
    (0..setup.groups.len() as u8)
        .map(GroupIx)
        .map(|g| GroupFacts {
            id: g,
            name: setup.groups[g.ix()].name.clone(),
            shares: setup.groups[g.ix()].share.is_some(),
            status: group_status(sim, g, lang),
            members: (0..setup.consumers.len() as u8)
                .map(ConsumerIx)
                .filter(|c| setup.consumers[c.ix()].group == g)
                .map(|c| member(sim, g, c, lang))
                .collect(),
        })
        .collect()
}

/// What a member does, in a few words, and a hint.
fn member_status(sim: &Sim, g: GroupIx, c: &Consumer, lang: Lang) -> (String, &'static str) {
    let t = lang.text();
    if c.up {
        let joins = matches!(c.member.phase, Phase::Joining | Phase::Syncing);
        return if joins && c.assigned.is_empty() {
            (t.joining.to_owned(), t.joining_hint)
        } else {
            (short_names(sim, c.partitions()), "")
        };
    }
    let kept = coordinated(sim, g).and_then(|(_, group)| group.members.iter().find(|m| m.id.consumer == c.id));
    match kept {
        Some(m) if !m.assignment.is_empty() => (format!("{} {}", t.keeps, short_names(sim, m.assignment.iter().copied())), t.keeps_hint),
        _ if c.member.lives == 0 => (t.not_started.to_owned(), ""),
        _ => (t.not_running.to_owned(), ""),
    }
}

fn member(sim: &Sim, g: GroupIx, id: ConsumerIx, lang: Lang) -> MemberFacts {
    let c = &sim.world().consumers[id.ix()];
    let shares = c.assigned.iter().map(|s| Share {
        name: sim.setup().partition_name(s.partition),
        position: s.position,
        committed: committed(sim, g, s.partition),
    });
    let held = || c.work.iter().chain(&c.buffer);
    let hand: Vec<Mark> = held().take(MARKS).map(|r| mark_of(sim, r.batch, r.index)).collect();
    let thread = c.streams.as_ref().map(|t| thread(sim, g, id, t));
    let count = |b: BrokerId, p, o| Some(sim.world().broker(b).share_partition(g, p)?.get(o)?.count);
    let work = c.work.front().and_then(|r| count(c.meta.leader(r.partition)?, r.partition, r.offset));
    let delivery = sim.setup().consumers[id.ix()].share.map(|_| work.unwrap_or(0));
    let (status, hint) = member_status(sim, g, c, lang);
    let more = held().count() - hand.len();
    MemberFacts {
        id,
        name: sim.setup().member_name(id).into(),
        up: c.up,
        status,
        hint,
        shares: shares.collect(),
        more,
        hand,
        thread,
        delivery,
    }
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

//! What may happen next in a state, in an order that never changes.

use super::sleep::Footprint;
use super::{Bounds, Node, Trial};
use crate::ids::*;
use crate::kafka::broker::Power;
use crate::kafka::changes::Changes;
use crate::kafka::log::records::RecordData;
use crate::kafka::message::{Body, Change};
use crate::kafka::step::TxnTimer;
use crate::kafka::transaction::leader::Ask;
use crate::kafka::unread::Ahead;
use crate::kafka::{Command, Flight, Input, Out, Timer, World};
use crate::order;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// One thing that happens. Their order is the one in which a state's actions are tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The oldest message of a link arrives.
    Deliver(Actor, Actor),
    /// The application sends the next record.
    Send,
    /// A timer runs out.
    Fire(Timer),
    /// A broker starts.
    Start(BrokerId),
    /// A consumer starts again.
    StartConsumer(ConsumerIx),
    /// A broker process is killed.
    Crash(BrokerId),
    /// A machine loses power.
    PowerCut(BrokerId),
    /// The oldest message of a link, a response to a client, is lost, and the connection with it.
    Lose(Actor, Actor),
    /// A consumer process is killed.
    CrashConsumer(ConsumerIx),
    /// The controller hears nothing of a live broker until its session ends: a zombie.
    CutOff(BrokerId),
}

/// How much of the bounds is used up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // named as in [`Bounds`]
pub struct Budget {
    pub records: u8,
    pub crashes: u8,
    pub power_cuts: u8,
    pub lost_responses: u8,
    pub lag_expiries: u8,
    pub consumer_crashes: u8,
    pub zombies: u8,
    pub hw_checkpoints: u8,
    pub retries: u8,
}

impl Budget {
    /// Faults so far.
    pub fn faults(&self) -> u32 {
        let faults = [self.crashes, self.power_cuts, self.lost_responses, self.lag_expiries, self.consumer_crashes, self.zombies];
        faults.iter().map(|x| u32::from(*x)).sum()
    }
}

impl Budget {
    /// Counts what an action uses up. What is not limited is not counted: it would tell states apart.
    pub(super) fn count(&mut self, a: Action, b: &Bounds) {
        let used = match a {
            Action::Send => &mut self.records,
            Action::Crash(_) => &mut self.crashes,
            Action::PowerCut(_) => &mut self.power_cuts,
            Action::Lose(..) => &mut self.lost_responses,
            Action::Fire(Timer::Lag { .. }) => &mut self.lag_expiries,
            Action::CrashConsumer(_) => &mut self.consumer_crashes,
            Action::CutOff(_) => &mut self.zombies,
            Action::Fire(Timer::HwCheckpoint(_)) => &mut self.hw_checkpoints,
            Action::Fire(Timer::RetryBackoff(..)) if b.retries < u8::MAX => &mut self.retries,
            _ => return,
        };
        *used += 1;
    }
}

impl Action {
    /// Does it use up a fault?
    pub fn is_fault(&self) -> bool {
        matches!(
            self,
            Action::Crash(_)
                | Action::PowerCut(_)
                | Action::Lose(..)
                | Action::CrashConsumer(_)
                | Action::CutOff(_)
                | Action::Fire(Timer::Lag { .. })
        )
    }
}

/// Everything that may happen in `n`, with at most `max_faults` faults in all, in the order of [`Action`].
pub(super) fn enabled(trial: &Trial, n: &Node, max_faults: u32, found: &mut Vec<Action>) {
    found.clear();
    let w = &n.world;
    let (b, used) = (&trial.bounds, &n.used);
    let mut links: SmallVec<[u32; 16]> = w.net.iter().map(Flight::link).collect();
    order::sort(&mut links);
    links.dedup();
    found.extend(links.iter().map(|l| Flight::ends(*l)).map(|(from, to)| Action::Deliver(from, to)));
    if usize::from(used.records) < trial.records.len() {
        found.push(Action::Send);
    }
    let fault = used.faults() < max_faults;
    let timers = found.len();
    w.armed(&mut |t| {
        if within(b, used, &t, fault) && may_fire(w, &t) {
            found.push(Action::Fire(t));
        }
    });
    order::sort(&mut found[timers..]); // everything else comes in order
    found.extend(w.brokers.iter().filter(|x| !x.is_up()).map(|x| Action::Start(x.id)));
    found.extend(w.consumers.iter().filter(|c| !c.up).map(|c| Action::StartConsumer(c.id)));
    if fault {
        faults(b, n, &links, found);
    }
    debug_assert!(found.is_sorted());
}

fn faults(b: &Bounds, n: &Node, links: &[u32], found: &mut Vec<Action>) {
    let (w, used) = (&n.world, &n.used);
    let up = || w.brokers.iter().filter(|x| x.is_up()).map(|x| x.id);
    if used.crashes < b.crashes {
        found.extend(up().map(Action::Crash));
    }
    if used.power_cuts < b.power_cuts {
        found.extend(up().map(Action::PowerCut));
    }
    if used.lost_responses < b.lost_responses {
        let lossy = links.iter().filter(|l| w.net.iter().find(|f| f.link() == **l).is_some_and(|f| f.body.is_client_response()));
        found.extend(lossy.map(|l| Flight::ends(*l)).map(|(from, to)| Action::Lose(from, to)));
    }
    if used.consumer_crashes < b.consumer_crashes {
        found.extend(w.consumers.iter().filter(|c| c.up).map(|c| Action::CrashConsumer(c.id)));
    }
    if used.zombies < b.zombies {
        found.extend(up().filter(|b| w.controller.brokers[b.ix()].live && w.broker(*b).epoch.is_some()).map(Action::CutOff));
    }
}

/// Do the bounds let this timer run out?
fn within(b: &Bounds, used: &Budget, t: &Timer, fault: bool) -> bool {
    match t {
        Timer::Lag { .. } => fault && used.lag_expiries < b.lag_expiries,
        Timer::HwCheckpoint(_) => used.hw_checkpoints < b.hw_checkpoints,
        Timer::Heartbeat(_) => b.zombies > 0,
        Timer::RetryBackoff(..) => b.retries == u8::MAX || used.retries < b.retries,
        _ => true,
    }
}

/// May this timer run out, and could it matter? Timers whose firing changes nothing, and those that only a bound
/// would keep from firing for ever, are left out.
fn may_fire(w: &World, t: &Timer) -> bool {
    let dead = |b: BrokerId| w.broker(b).power == Power::PowerLost;
    match *t {
        // Heartbeats matter to a broker that the controller gave up though it lives.
        Timer::Heartbeat(b) => {
            let on_its_way = |f: &Flight| f.from == Actor::Broker(b) && f.to == Actor::Controller;
            !w.controller.brokers[b.ix()].live && !w.net.iter().any(on_its_way)
        }
        Timer::HwCheckpoint(b) => w.broker(b).replicas.iter().any(|r| r.hw_checkpoint != r.hw),
        Timer::Writeback(_) | Timer::AlterRetry { .. } => false,
        // Logs keep what they have: no retention, no compaction, no flush by time; producers are not forgotten.
        Timer::Retention(_) | Timer::Cleaner(_) | Timer::SegmentExpiry { .. } | Timer::ProducerExpiry { .. } => false,
        Timer::CompactionLag { .. } | Timer::DeleteHorizon { .. } | Timer::Flush { .. } => false,
        Timer::ConsumerFetchWait { .. } | Timer::Delivery(_) | Timer::ProduceWait { .. } => false,
        Timer::RegistrationRetry(b) => {
            // Only when it would be accepted, and none is on its way.
            let waiting = w.net.iter().any(|f| {
                f.from == Actor::Broker(b) && f.to == Actor::Controller || f.from == Actor::Controller && f.to == Actor::Broker(b)
            });
            !w.controller.brokers[b.ix()].live && !waiting
        }
        Timer::IsrCheck(b) => w.broker(b).replicas.iter().any(|r| !r.to_shrink().is_empty()),
        Timer::Lag { .. } => true,
        Timer::FetchWait { leader, follower } => w.broker(leader).peers.iter().any(|p| p.follower == follower && !p.news.is_empty()),
        Timer::FetchTimeout { leader, .. } => dead(leader),
        Timer::RequestTimeout(_, b, _) => dead(b),
        Timer::FetchBackoff { .. } | Timer::Linger(..) | Timer::RetryBackoff(..) | Timer::MetadataBackoff(_) => true,
        Timer::Session(b) => !w.broker(b).is_up() || w.broker(b).epoch.is_none(),
        Timer::Txn(t) => may_fire_in_transaction(w, t),
        Timer::Handling(_) | Timer::CommitCall(_) | Timer::ConsumerBackoff(_) | Timer::AutoCommit(_) => true,
        Timer::ReadReplica(..) => false, // metadata does not get old within a story
        // Groups do not rebalance in a trial; none of these is armed.
        Timer::GroupHeartbeat(_) | Timer::MaxPoll(_) | Timer::MemberSession(..) | Timer::InitialRebalance(..) | Timer::Rebalance(..) => {
            false
        }
        Timer::MaxBlock(_) => true,
        Timer::OffsetsExpiry(..) => false,
        Timer::MetadataAge(_) => false, // topics keep their partitions
        Timer::MemberRebalance(..) | Timer::AssignmentInterval(..) | Timer::Share(_) => false,
        Timer::Quorum(_) | Timer::Zk(_) => false, // one controller that never fails
    }
}

/// Nobody times out on a peer that is alive; transactions time out never.
fn may_fire_in_transaction(w: &World, t: TxnTimer) -> bool {
    let silent = |p: PartitionId, b: BrokerId| w.broker(b).view[p.ix()].0.0.is_none_or(|l| w.broker(l).power == Power::PowerLost);
    match t {
        TxnTimer::Timeout(..) | TxnTimer::Check(_) | TxnTimer::AddGiveUp(..) | TxnTimer::Expiry(..) => false,
        TxnTimer::AddRetry(..) | TxnTimer::MarkerRetry(..) | TxnTimer::Backoff(_) | TxnTimer::ShortBackoff(_) => true,
        TxnTimer::MarkerTimeout(b, txn) => {
            w.broker(b).txn.coordinated.iter().any(|c| c.id.txn == txn && c.markers.iter().any(|p| silent(*p, b)))
        }
        TxnTimer::AddTimeout(b, p) => {
            let coordinator = |a: &Ask| w.setup.transactions[a.id.txn.ix()].coordinator;
            w.broker(b).txn.asks.iter().any(|a| a.producer == p && silent(coordinator(a), b))
        }
    }
}

/// Makes `a` happen in `n`. `out` holds what came of it; the answer says whom it concerned, and how `n` differs from `before`:
/// the state that it is a copy of, or none to look at everything.
pub(super) fn apply(trial: &Trial, n: &mut Node, a: Action, out: &mut Out, before: Option<&World>) -> (Footprint, Changes) {
    let input = input(trial, &n.world, n.used.records, a);
    let mut footprint = Footprint::of(&trial.setup, a, &input);
    n.used.count(a, &trial.bounds);
    n.world.step(input, out);
    let changes = |w: &World| before.map_or_else(Changes::all, |b| w.changes(b));
    let mut changed = loop {
        let mut changed = changes(&n.world);
        let gone = n.world.prune_unread(&changed, out);
        if !gone.is_empty() {
            gone.iter().for_each(|(from, to)| footprint.take(&trial.setup, *from, *to));
            changed = changes(&n.world);
        }
        let Some(id) = urgent(&n.world, &changed).filter(|_| trial.coarse) else { break changed };
        n.world.step_on(Input::Deliver(id), out);
    };
    if trial.prune {
        let ahead = Ahead { lag: trial.bounds.lag_expiries > 0, sends: usize::from(n.used.records) < trial.records.len() };
        let rested = n.world.rest(&changed, ahead, out);
        if !rested.is_empty() {
            rested.into_iter().for_each(|a| footprint.touch(&trial.setup, a));
            changed = changes(&n.world);
        }
    }
    footprint.note(&trial.setup, &out.events);
    (footprint, changed)
}

/// What the world takes in when `a` happens. `records` were sent before.
pub(crate) fn input(trial: &Trial, w: &World, records: u8, a: Action) -> Input {
    let head = |from, to| w.net.iter().find(|f| f.from == from && f.to == to).map_or(MsgId(u32::MAX), |f| f.id);
    match a {
        Action::Deliver(from, to) => Input::Deliver(head(from, to)),
        Action::Fire(t) => Input::Fire(t),
        Action::Send => {
            let (producer, partition, then) = trial.records[usize::from(records)];
            Input::Do(Command::Send {
                producer,
                partition,
                record: RecordData { key: trial.key_number(records), bytes: 1, ..RecordData::default() },
                then,
            })
        }
        Action::Crash(b) => Input::Do(Command::Crash(b)),
        Action::PowerCut(b) => Input::Do(Command::PowerCut(b)),
        Action::Start(b) => Input::Do(Command::Start(b)),
        Action::Lose(from, to) => Input::Do(Command::LoseResponse(head(from, to))),
        Action::CrashConsumer(c) => Input::Do(Command::CrashConsumer(c)),
        Action::CutOff(b) => Input::Fire(Timer::Session(b)),
        Action::StartConsumer(c) => Input::Do(Command::StartConsumer(c)),
    }
}

/// Exchanges that a coarse step takes at once, since delaying them amounts to delaying what led to them: a broker's
/// registration and heartbeats, clients' metadata requests and questions about epochs, refused and reset connections, and records of the metadata
/// log that name no partition.
///
/// `changes`: since a state where none was left.
pub(crate) fn urgent(w: &World, changes: &Changes) -> Option<MsgId> {
    let is_urgent = |f: &Flight| {
        let to_down = matches!(f.to, Actor::Broker(b) if !w.broker(b).is_up());
        to_down
            || match &*f.body {
                Body::BrokerRegistration { .. } | Body::BrokerRegistrationResponse { .. } | Body::BrokerHeartbeat { .. } => true,
                Body::Metadata { .. } | Body::MetadataResponse { .. } | Body::Disconnect { .. } => true,
                // A leader's log only grows, so the answer does not depend on when it is asked.
                Body::OffsetForLeaderEpoch { .. } => matches!(f.from, Actor::Consumer(_)),
                Body::OffsetForLeaderEpochResponse { .. } => matches!(f.to, Actor::Consumer(_)),
                Body::MetadataRecords { changes, .. } => {
                    let registering = matches!(f.to, Actor::Broker(b) if !w.broker(b).unfenced.has(b));
                    registering || changes.iter().all(|c| matches!(c, Change::Broker { .. }))
                }
                _ => false,
            }
    };
    w.news(changes, is_urgent).next().map(|f| f.id)
}

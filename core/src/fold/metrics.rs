//! Metrics under the names that Kafka's JMX beans have: counters from events, gauges from the state.
//!
//! A meter's attribute is `Count`, since the run began; a client's `…-rate` is over the last 30 s, as Kafka's clients
//! compute it, here on a grid of samples. A broker that is down reports nothing.

use super::ledger::Ledger;
use crate::event::{Election, EventKind, MessageKind, ShareEvent};
use crate::ids::*;
use crate::kafka::World;
use crate::kafka::broker::Broker;
use crate::kafka::replica::Replica;
use crate::order;
use crate::sim::Sim;
use litemap::LiteMap;
use serde::Serialize;
use std::collections::BTreeMap;

/// Values by name: `kafka.server:type=ReplicaManager,name=LeaderCount` with `broker=1` in front, or a client's id within.
pub type Snapshot = BTreeMap<String, f64>;

/// Over how long a client's rates are.
const RATE_WINDOW_US: u64 = 30_000_000;
/// With more partitions than this, each one's own metrics are left out.
const MAX_PARTITIONS: usize = 64;

/// Counters of a broker.
#[derive(Clone, Copy, Debug, Default)]
struct BrokerCounts {
    messages_in: u64,
    produce_requests: u64,
    fetch_requests: u64,
    failed_produce: u64,
    shrinks: u64,
    expands: u64,
    share_fetches: u64,
    share_acknowledges: u64,
    /// Records by what was said of them: accept, release, reject.
    acknowledged: [u64; 3],
}

/// Counters of a producer, in records; requests apart.
#[derive(Clone, Copy, Debug, Default)]
struct ProducerCounts {
    sent: u64,
    errors: u64,
    retries: u64,
    requests: u64,
}

/// Counters of a consumer.
#[derive(Clone, Copy, Debug, Default)]
struct ConsumerCounts {
    consumed: u64,
    fetches: u64,
    commits: u64,
}

/// Takes in events; a snapshot adds what the state says.
#[derive(Clone, Debug)]
pub struct Metrics {
    brokers: Vec<BrokerCounts>,
    producers: Vec<ProducerCounts>,
    consumers: Vec<ConsumerCounts>,
    isr: Vec<BrokerSet>,
    proposed: Vec<Option<(BrokerId, BrokerSet)>>,
    /// Locks of share-partitions that ran out.
    lock_timeouts: LiteMap<(GroupIx, PartitionId), u64>,
    unclean: u64,
    from_elr: u64,
}

impl Metrics {
    /// Nothing happened yet.
    pub fn new(w: &World) -> Self {
        let s = &w.setup;
        Metrics {
            brokers: vec![BrokerCounts::default(); usize::from(s.brokers)],
            producers: vec![ProducerCounts::default(); s.producers.len()],
            consumers: vec![ConsumerCounts::default(); s.consumers.len()],
            isr: w.controller.partitions.iter().map(|p| p.isr).collect(),
            proposed: vec![None; s.partitions.len()],
            lock_timeouts: LiteMap::new_vec(),
            unclean: 0,
            from_elr: 0,
        }
    }

    /// Takes an event in.
    pub fn fold(&mut self, e: &EventKind, ledger: &Ledger) {
        let records = |b: BatchId| ledger.batch(b).map_or(0, |x| x.records.len() as u64);
        match *e {
            EventKind::Delivered { from, to, message, .. } => self.delivered(from, to, message),
            EventKind::Appended { broker, count, .. } => self.brokers[broker.ix()].messages_in += u64::from(count),
            EventKind::Refused { broker, .. } => self.brokers[broker.ix()].failed_produce += 1,
            EventKind::Acked { batch, .. } => self.producers[batch.producer.ix()].sent += records(batch),
            EventKind::SendFailed { batch, .. } => self.producers[batch.producer.ix()].errors += records(batch),
            EventKind::AttemptFailed { batch, .. } => self.producers[batch.producer.ix()].retries += records(batch),
            EventKind::Polled { consumer, from, to, .. } => self.consumers[consumer.ix()].consumed += u64::from(to.0 - from.0),
            EventKind::IsrProposed { broker, partition, isr } => self.proposed[partition.ix()] = Some((broker, isr)),
            EventKind::IsrChanged { partition, isr, .. } => self.isr_changed(partition, isr),
            EventKind::PartitionCreated { partition, isr, .. } => {
                self.isr.resize(self.isr.len().max(partition.ix() + 1), isr);
                self.proposed.resize(self.isr.len(), None);
            }
            EventKind::LeaderElected { election, .. } => {
                self.unclean += u64::from(election == Election::Unclean);
                self.from_elr += u64::from(election == Election::Elr);
            }
            EventKind::Share { group, what } => self.shared(group, what, ledger),
            _ => {}
        }
    }

    fn shared(&mut self, group: GroupIx, e: ShareEvent, ledger: &Ledger) {
        match e {
            ShareEvent::Acknowledged { partition, from, to, how, .. } => {
                self.brokers[ledger.view(partition).ix()].acknowledged[how as usize] += u64::from(to.0 + 1 - from.0);
            }
            ShareEvent::LockExpired { partition, .. } => *self.lock_timeouts.entry((group, partition)).or_default() += 1,
            _ => {}
        }
    }

    fn delivered(&mut self, from: Actor, to: Actor, message: MessageKind) {
        match (to, message) {
            (Actor::Broker(b), MessageKind::Produce) => {
                self.brokers[b.ix()].produce_requests += 1;
                if let Actor::Producer(p) = from {
                    self.producers[p.ix()].requests += 1;
                }
            }
            (Actor::Broker(b), MessageKind::Fetch | MessageKind::ConsumerFetch) => self.brokers[b.ix()].fetch_requests += 1,
            (Actor::Broker(b), MessageKind::ShareFetch) => self.brokers[b.ix()].share_fetches += 1,
            (Actor::Broker(b), MessageKind::ShareAcknowledge) => self.brokers[b.ix()].share_acknowledges += 1,
            (Actor::Consumer(c), MessageKind::ConsumerFetchResponse | MessageKind::ShareFetchResponse) => {
                self.consumers[c.ix()].fetches += 1
            }
            (Actor::Consumer(c), MessageKind::OffsetCommitResponse) => self.consumers[c.ix()].commits += 1,
            _ => {}
        }
    }

    /// A leader counts what it asked for and got; members that the controller takes out itself are nobody's shrink.
    fn isr_changed(&mut self, p: PartitionId, isr: BrokerSet) {
        let before = std::mem::replace(&mut self.isr[p.ix()], isr);
        if let Some((leader, _)) = self.proposed[p.ix()].take_if(|x| x.1 == isr) {
            let counts = &mut self.brokers[leader.ix()];
            counts.shrinks += u64::from(isr.len() < before.len());
            counts.expands += u64::from(isr.len() > before.len());
        }
    }

    /// Every metric at this instant.
    pub fn snapshot(&self, sim: &Sim) -> Snapshot {
        let mut s = Snapshot::new();
        let w = sim.world();
        controller(&mut s, w);
        let mut stats = |name: &str, n: u64| put(&mut s, format!("kafka.controller:type=ControllerStats,name={name},attribute=Count"), n);
        stats("UncleanLeaderElectionsPerSec", self.unclean);
        stats("ElectionFromEligibleLeaderReplicasPerSec", self.from_elr);
        w.brokers.iter().filter(|b| b.is_up()).for_each(|b| self.broker(&mut s, w, b));
        for (i, p) in self.producers.iter().enumerate() {
            self.producer(&mut s, w, i, *p);
        }
        for (i, c) in self.consumers.iter().enumerate() {
            consumer(&mut s, sim, i, *c);
        }
        s
    }

    fn broker(&self, s: &mut Snapshot, w: &World, b: &Broker) {
        let c = self.brokers[b.id.ix()];
        let led = || b.replicas.iter().filter(|r| r.leading().is_some());
        let isr = |r: &Replica| r.leading().map_or(0, |l| l.isr.len());
        let setup = |r: &Replica| &w.setup.partitions[r.partition.ix()];
        let count = |which: &dyn Fn(&Replica) -> bool| led().filter(|r| which(r)).count() as u64;
        let id = b.id;
        let mut manager = |name: &str, n: u64| put(s, format!("broker={id} kafka.server:type=ReplicaManager,name={name}"), n);
        manager("PartitionCount", b.replicas.len() as u64);
        manager("LeaderCount", led().count() as u64);
        manager("UnderReplicatedPartitions", count(&|r| isr(r) < setup(r).replicas.len()));
        manager("UnderMinIsrPartitionCount", count(&|r| isr(r) < setup(r).min_isr));
        manager("AtMinIsrPartitionCount", count(&|r| isr(r) == setup(r).min_isr));
        manager("IsrShrinksPerSec,attribute=Count", c.shrinks);
        manager("IsrExpandsPerSec,attribute=Count", c.expands);
        let lag = b.replicas.iter().filter_map(|r| {
            let leader = w.broker(r.follows()?).replica(r.partition)?;
            Some(u64::from(leader.log.leo().0.saturating_sub(r.log.leo().0)))
        });
        put(s, format!("broker={id} kafka.server:type=ReplicaFetcherManager,name=MaxLag,clientId=Replica"), lag.max().unwrap_or(0));
        let mut topics =
            |name: &str, n: u64| put(s, format!("broker={id} kafka.server:type=BrokerTopicMetrics,name={name},attribute=Count"), n);
        topics("MessagesInPerSec", c.messages_in);
        topics("TotalProduceRequestsPerSec", c.produce_requests);
        topics("TotalFetchRequestsPerSec", c.fetch_requests);
        topics("FailedProduceRequestsPerSec", c.failed_produce);
        let shares = w.setup.groups.iter().any(|g| g.share.is_some());
        if shares {
            topics("TotalShareFetchRequestsPerSec", c.share_fetches);
            topics("TotalShareAcknowledgementRequestsPerSec", c.share_acknowledges);
            for (how, n) in ["Accept", "Release", "Reject"].into_iter().zip(c.acknowledged) {
                let name = "kafka.server:type=ShareGroupMetrics,name=RecordAcknowledgementsPerSec,attribute=Count";
                put(s, format!("broker={id} {name},ackType={how}"), n);
            }
        }
        let parked = b.peers.iter().filter(|p| p.parked).count() + b.consumer_fetches.len();
        let mut purgatory = |op: &str, n: usize| {
            put(s, format!("broker={id} kafka.server:type=DelayedOperationPurgatory,name=PurgatorySize,delayedOperation={op}"), n as u64);
        };
        purgatory("Produce", b.produces.len());
        purgatory("Fetch", parked);
        put(s, format!("broker={id} kafka.server:type=broker-metadata-metrics,attribute=last-applied-record-offset"), u64::from(b.applied));
        if w.setup.partitions.len() > MAX_PARTITIONS {
            return;
        }
        for r in b.replicas.iter().filter(|r| !w.setup.is_internal(r.partition)) {
            log(s, w, id, r);
            for g in (0..w.setup.groups.len() as u8).map(GroupIx).filter(|_| shares) {
                self.share_partition(s, w, b, (g, r.partition));
            }
        }
    }

    fn share_partition(&self, s: &mut Snapshot, w: &World, b: &Broker, at: (GroupIx, PartitionId)) {
        let Some(kept) = b.share_partition(at.0, at.1) else { return };
        let setup = &w.setup.partitions[at.1.ix()];
        let (group, topic, number) = (&w.setup.groups[at.0.ix()].name, &w.setup.topics[setup.topic].name, setup.number);
        let mut one = |name: &str, n: u64| {
            let bean = format!("kafka.server:type=SharePartitionMetrics,name={name},group={group},topic={topic},partition={number}");
            put(s, format!("broker={} {bean}", b.id), n);
        };
        one("InFlightMessageCount", kept.records.len() as u64);
        one("AcquisitionLockTimeoutPerSec,attribute=Count", self.lock_timeouts.get(&at).copied().unwrap_or(0));
    }

    fn producer(&self, s: &mut Snapshot, w: &World, i: usize, c: ProducerCounts) {
        let (p, setup) = (&w.producers[i], &w.setup.producers[i]);
        let mut one =
            |name: &str, n: u64| put(s, format!("kafka.producer:type=producer-metrics,client-id={},attribute={name}", setup.name), n);
        one("record-send-total", c.sent);
        one("record-error-total", c.errors);
        one("record-retry-total", c.retries);
        one("request-total", c.requests);
        one("requests-in-flight", p.conns.iter().map(|c| c.in_flight.len() as u64).sum());
    }
}

fn put(s: &mut Snapshot, name: String, n: u64) {
    s.insert(name, n as f64);
}

fn controller(s: &mut Snapshot, w: &World) {
    let c = &w.controller;
    let mut one = |name: &str, n: usize| put(s, format!("kafka.controller:type=KafkaController,name={name}"), n as u64);
    one("ActiveControllerCount", usize::from(w.voters.is_empty() || w.active_voter().is_some()));
    let fenced = w.setup.broker_ids().filter(|b| !c.image().iter().any(|x| is_unfenced(x, *b))).count();
    one("ActiveBrokerCount", usize::from(w.setup.brokers) - fenced);
    one("FencedBrokerCount", fenced);
    one("GlobalTopicCount", w.setup.topics.len());
    one("GlobalPartitionCount", w.setup.partitions.len());
    one("OfflinePartitionsCount", c.partitions.iter().filter(|p| p.leader.is_none()).count());
    let imbalance = w.setup.partition_ids().filter(|p| c.partitions[p.ix()].leader != Some(w.setup.first_leader(*p)));
    one("PreferredReplicaImbalanceCount", imbalance.count());
    one("LastAppliedRecordOffset", c.end as usize);
}

fn is_unfenced(c: &crate::kafka::message::Change, b: BrokerId) -> bool {
    matches!(*c, crate::kafka::message::Change::Broker { broker, fenced: false, .. } if broker == b)
}

fn log(s: &mut Snapshot, w: &World, id: BrokerId, r: &Replica) {
    let setup = &w.setup.partitions[r.partition.ix()];
    let place = format!("topic={},partition={}", w.setup.topics[setup.topic].name, setup.number);
    let mut one = |name: &str, n: u64| put(s, format!("broker={id} kafka.log:type=Log,name={name},{place}"), n);
    one("LogEndOffset", u64::from(r.log.leo().0));
    one("LogStartOffset", u64::from(r.log.start().0));
    if let Some(f) = &r.files {
        one("NumLogSegments", f.list().len() as u64);
        one("Size", f.bytes());
    }
    if let Some(l) = r.leading() {
        let mut one = |name: &str, n: usize| put(s, format!("broker={id} kafka.cluster:type=Partition,name={name},{place}"), n as u64);
        one("ReplicasCount", setup.replicas.len());
        one("InSyncReplicasCount", l.isr.len());
        one("UnderReplicated", usize::from(l.isr.len() < setup.replicas.len()));
        one("UnderMinIsr", usize::from(l.isr.len() < setup.min_isr));
    }
}

fn consumer(s: &mut Snapshot, sim: &Sim, i: usize, c: ConsumerCounts) {
    let (w, setup) = (sim.world(), &sim.setup().consumers[i]);
    let id = format!("{}-{}", sim.setup().groups[setup.group.ix()].name, setup.name);
    let lag = lag_max(sim, i);
    let mut one = |kind: &str, name: &str, n: u64| put(s, format!("kafka.consumer:type={kind},client-id={id},attribute={name}"), n);
    if setup.share.is_some() {
        one("consumer-share-fetch-manager-metrics", "records-consumed-total", c.consumed);
        one("consumer-share-fetch-manager-metrics", "fetch-total", c.fetches);
        return;
    }
    one("consumer-fetch-manager-metrics", "records-consumed-total", c.consumed);
    one("consumer-fetch-manager-metrics", "fetch-total", c.fetches);
    one("consumer-coordinator-metrics", "commit-total", c.commits);
    if let Some(lag) = lag.filter(|_| w.consumers[i].up) {
        one("consumer-fetch-manager-metrics", "records-lag-max", lag);
    }
}

/// The greatest distance from a position to the high watermark.
fn lag_max(sim: &Sim, i: usize) -> Option<u64> {
    let (w, c) = (sim.world(), &sim.world().consumers[i]);
    let each = positions(sim, i).map(|(p, at)| {
        let hw = w.broker(sim.ledger().view(p)).replica(p).map_or(0, |r| r.hw.0);
        u64::from(hw.saturating_sub(at.0))
    });
    c.up.then(|| each.max()).flatten()
}

fn positions(sim: &Sim, i: usize) -> impl Iterator<Item = (PartitionId, Offset)> {
    sim.world().consumers[i].assigned.iter().filter_map(|s| Some((s.partition, s.position?)))
}

/// How long after a fault its metrics are looked at, in microseconds.
pub const AFTER_FAULT_US: u64 = 10_000_000;

/// A metric that a fault moved.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Delta {
    /// Its name.
    pub name: String,
    /// Before the fault; none if it was not reported.
    pub before: Option<f64>,
    /// [`AFTER_FAULT_US`] later; none if it is not reported.
    pub after: Option<f64>,
}

/// What differs between two snapshots, by name.
pub fn deltas(before: &Snapshot, after: &Snapshot) -> Vec<Delta> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    order::sort(&mut names);
    names.dedup();
    let pairs = names.into_iter().map(|n| Delta { name: n.clone(), before: before.get(n).copied(), after: after.get(n).copied() });
    pairs.filter(|d| d.before != d.after).collect()
}

/// Samples on a grid of time.
#[derive(Clone, Debug)]
pub struct Series {
    metrics: Metrics,
    seen: usize,
    every_us: u64,
    most: usize,
    samples: Vec<(u64, Snapshot)>,
}

impl Series {
    /// Of a run at its beginning: a sample every `every_us`. When there are more than `most`, every other one goes
    /// and the grid is twice as wide.
    pub fn new(sim: &Sim, every_us: u64, most: usize) -> Self {
        Series { metrics: Metrics::new(sim.world()), seen: 0, every_us, most, samples: Vec::new() }
    }

    /// The samples, in order, with their instants.
    pub fn samples(&self) -> &[(u64, Snapshot)] {
        &self.samples
    }

    /// The run is about to go on: what happened is taken in, and instants of the grid that lie before the next input are sampled.
    pub fn follow(&mut self, sim: &Sim) {
        for e in sim.events().iter_from(self.seen) {
            self.metrics.fold(&e.kind, sim.ledger());
        }
        self.seen = sim.events().len();
        let next = sim.next_due_us().unwrap_or(u64::MAX).min(sim.until_us() + 1);
        if self.samples.last().map_or(0, |s| s.0 + self.every_us) >= next {
            return;
        }
        let now = self.metrics.snapshot(sim);
        let mut at = self.samples.last().map_or(0, |s| s.0 + self.every_us);
        while at < next {
            self.samples.push((at, now.clone()));
            at += self.every_us;
            if self.samples.len() > self.most {
                let mut i = 0;
                self.samples.retain(|_| {
                    i += 1;
                    i % 2 == 1
                });
                self.every_us *= 2;
                at = self.samples.last().map_or(0, |s| s.0 + self.every_us);
            }
        }
    }

    /// The sample at or before an instant.
    pub fn at(&self, us: u64) -> Option<&Snapshot> {
        let i = self.samples.partition_point(|s| s.0 <= us);
        self.samples.get(i.checked_sub(1)?).map(|s| &s.1)
    }

    /// Every metric now, the clients' rates among them.
    pub fn now(&self, sim: &Sim) -> Snapshot {
        let mut now = self.metrics.snapshot(sim);
        let before = self.at(sim.now_us().saturating_sub(RATE_WINDOW_US));
        let seconds = sim.now_us().clamp(1_000_000, RATE_WINDOW_US) as f64 / 1e6;
        let totals = ["record-send", "record-error", "record-retry", "records-consumed"];
        let rates: Vec<(String, f64)> = now
            .iter()
            .filter_map(|(name, n)| {
                let total = totals.iter().find(|t| name.ends_with(&format!("attribute={t}-total")))?;
                let then = before.and_then(|b| b.get(name)).copied().unwrap_or(0.0);
                Some((name.replace(&format!("{total}-total"), &format!("{total}-rate")), (n - then) / seconds))
            })
            .collect();
        now.extend(rates);
        now
    }
}

/// Is it something that breaks, and that an operator would want to see in the metrics?
pub fn is_fault(e: &EventKind) -> bool {
    matches!(
        e,
        EventKind::Crashed { .. }
            | EventKind::PowerCut { .. }
            | EventKind::Stopping { .. }
            | EventKind::LinkCut { .. }
            | EventKind::LinkSlowed { .. }
            | EventKind::Paused { .. }
            | EventKind::HandlerSlowed { .. }
            | EventKind::ConsumerCrashed { .. }
    )
}

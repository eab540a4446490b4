//! The rules in virtual time: deadlines of timers, seeded delays of messages, a workload, commands.
//!
//! At one instant: commands first, then the workload, then deliveries, then timers; within a kind in the order in which they were set.

mod disturb;
mod queue;
mod sticky;
mod story;
pub mod timeline;

use crate::chunked::Chunked;
use crate::cost::service::Costs;
use crate::event::{Event, EventKind};
use crate::fold::ledger::Ledger;
use crate::hash::{Canon, fingerprint};
use crate::ids::*;
use crate::kafka::log::records::RecordData;
use crate::kafka::quorum::QuorumTimer;
use crate::kafka::step::TxnTimer;
use crate::kafka::transaction::AfterSend;
use crate::kafka::{Command, Flight, Input, Out, Setup, Timer, TimerOp, World, step::Base};
use crate::scenario::build::{Durations, build};
use crate::scenario::{Do, End, Network, Scenario, ScenarioError, TimedCommand, Workload};
use crate::trial::Trial;
use disturb::Disturbances;
use litemap::LiteMap;
use queue::{Class, Item, Queue};
use std::collections::VecDeque;
use std::hash::Hash;
use std::rc::Rc;
use sticky::{Choice, Sticky};
pub use story::{STORY_STEP_US, Told};
pub use timeline::Timeline;

/// What a run reads and never changes.
#[derive(Debug)]
struct Plan {
    durations: Durations,
    network: Network,
    workload: Vec<Work>,
    seed: u64,
    until_us: u64,
    script: Option<story::Script>,
    /// Timestamps are made of the clock in the run, not only by applications.
    stamps: bool,
}

/// A workload with its names resolved.
#[derive(Debug)]
struct Work {
    spec: Workload,
    producer: ProducerIx,
    topic: usize,
}

/// What the simulation knows of a message that is on its way.
#[derive(Clone, Copy, Debug)]
struct Transit {
    /// When it leaves: later than it was made if a disk had to work first.
    sent_us: u64,
    due_us: u64,
    sent_event: u32,
}

/// A link's own sequence: how many messages it carried, and when the last arrives (TCP keeps them in order).
#[derive(Clone, Copy, Default, Debug)]
struct Link {
    ordinal: u32,
    last_due_us: u64,
}

/// A run at an instant. Cloning is cheap: a checkpoint.
#[derive(Clone, Debug)]
pub struct Sim {
    plan: Rc<Plan>,
    commands: Rc<Vec<TimedCommand>>,
    next_command: usize,
    world: World,
    now_us: u64,
    queue: Queue,
    links: LiteMap<(Actor, Actor), Link>,
    /// By id, the order in which they were sent.
    transit: VecDeque<(MsgId, Transit)>,
    last_fetch: LiteMap<(BrokerId, BrokerId), u64>,
    transaction_starts: LiteMap<TxnIx, u64>,
    last_metadata: LiteMap<Actor, u64>,
    /// Tries of batches that failed; other backoffs, one after the other.
    tries: LiteMap<BatchId, u32>,
    backoffs: LiteMap<Timer, u32>,
    sticky: LiteMap<(ProducerIx, usize), Sticky>,
    disturbances: Disturbances,
    events: Chunked<Event>,
    trace: Canon,
    ledger: Ledger,
    /// What disks and memory cost, if the scenario asks for it.
    costs: Option<Costs>,
    inputs: u64,
    /// When the newest input was processed.
    last_input_us: Option<u64>,
    story_step: usize,
    story_records: u8,
}

impl Sim {
    /// A run at its beginning.
    ///
    /// # Errors
    /// What [`Scenario::parse`] says of a scenario that was made by hand.
    pub fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        let (mut setup, durations) = build(scenario)?;
        let script = if scenario.schedule.is_empty() {
            None
        } else {
            let trial = Trial::new(scenario)?;
            setup = (*trial.setup).clone();
            Some(story::Script { trial, schedule: scenario.schedule.clone() })
        };
        let workload = scenario.workload.iter().map(|w| Work {
            producer: ProducerIx(setup.producers.iter().position(|p| p.name == w.producer).unwrap_or(0) as u8),
            topic: setup.topics.iter().position(|t| t.name == w.topic).unwrap_or(0),
            spec: w.clone(),
        });
        let plan = Plan {
            durations,
            network: scenario.network,
            workload: workload.collect(),
            seed: scenario.seed,
            until_us: scenario.until_us,
            script,
            stamps: setup.stamps(),
        };
        // A story has no times that a disk could make longer.
        let costs = scenario.cost.filter(|_| plan.script.is_none()).map(|c| Costs::new(c, setup.brokers));
        let mut out = Out::default();
        let world = World::settled(Rc::new(setup), &mut out);
        let mut sim = Sim {
            ledger: Ledger::new(&world.setup),
            plan: Rc::new(plan),
            commands: Rc::new(scenario.commands.clone()),
            next_command: 0,
            world,
            now_us: 0,
            queue: Queue::default(),
            links: LiteMap::new_vec(),
            transit: VecDeque::new(),
            last_fetch: LiteMap::new_vec(),
            transaction_starts: LiteMap::new_vec(),
            last_metadata: LiteMap::new_vec(),
            tries: LiteMap::new_vec(),
            backoffs: LiteMap::new_vec(),
            sticky: LiteMap::new_vec(),
            disturbances: Disturbances::default(),
            events: Chunked::default(),
            trace: Canon::default(),
            costs,
            inputs: 0,
            last_input_us: None,
            story_step: 0,
            story_records: 0,
        };
        if sim.is_story() {
            sim.absorb(&mut out, None);
            sim.settle_story();
            return Ok(sim);
        }
        for i in 0..sim.plan.workload.len() {
            let spec = &sim.plan.workload[i].spec;
            if spec.count > 0 {
                let at = spec.start_us;
                sim.queue.push(at, Class::Workload, Item::Workload(i as u32, 0));
            }
        }
        sim.absorb(&mut out, None);
        sim.spread_periodic();
        sim.queue.settle();
        Ok(sim)
    }

    // ---- what there is to see

    /// Virtual time in microseconds.
    pub fn now_us(&self) -> u64 {
        self.now_us
    }
    /// When the run ends.
    pub fn until_us(&self) -> u64 {
        self.plan.until_us
    }
    /// The scenario's seed.
    pub fn seed(&self) -> u64 {
        self.plan.seed
    }
    /// The cluster and its clients.
    pub fn world(&self) -> &World {
        &self.world
    }
    /// Who is there.
    pub fn setup(&self) -> &Setup {
        &self.world.setup
    }
    /// The truth ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
    /// What disks and memory cost so far, if the scenario asks for it.
    pub fn costs(&self) -> Option<&Costs> {
        self.costs.as_ref()
    }
    /// Everything that happened so far.
    pub fn events(&self) -> &Chunked<Event> {
        &self.events
    }
    /// Is it one that a person steps through? Kafka's own topics are machinery.
    pub fn is_notable(&self, e: &Event) -> bool {
        let internal = |p| self.setup().is_internal(p);
        e.kind.notable() && !e.kind.partition().is_some_and(internal)
    }
    /// How many inputs were processed.
    pub fn inputs(&self) -> u64 {
        self.inputs
    }
    /// A hash over the whole event list: equal for the same scenario on every target.
    pub fn trace_hash(&self) -> u64 {
        use std::hash::Hasher;
        self.trace.finish()
    }
    /// Messages on their way, with the instants at which they were sent and will arrive.
    pub fn in_flight(&self) -> impl Iterator<Item = (&Flight, u64, u64)> {
        self.world.net.iter().filter_map(|f| self.place_in_transit(f.id).map(|i| (f, self.transit[i].1.sent_us, self.transit[i].1.due_us)))
    }
    /// Timers that run, with their deadlines.
    pub fn timers(&self) -> impl Iterator<Item = (&Timer, u64)> {
        self.queue.timers()
    }

    // ---- running

    /// When the next input is due, if the run goes on.
    pub fn next_due_us(&self) -> Option<u64> {
        if self.is_story() {
            return self.story_due_us();
        }
        let command = self.commands.get(self.next_command).map(|c| c.at_us);
        let item = self.queue.next_due_us();
        let next = match (command, item) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        next.filter(|t| *t <= self.plan.until_us)
    }

    /// Processes the next input. False when the run is over.
    pub fn step(&mut self, out: &mut Out) -> bool {
        let Some(due) = self.next_due_us() else {
            return false;
        };
        self.now_us = self.now_us.max(due);
        self.inputs += 1;
        self.last_input_us = Some(self.now_us);
        self.process(due, out);
        self.queue.settle();
        true
    }

    fn process(&mut self, due: u64, out: &mut Out) {
        if self.plan.stamps {
            self.world.set_clock(self.now_us / 1000);
        }
        if self.is_story() {
            return self.play(out);
        }
        if self.commands.get(self.next_command).is_some_and(|c| c.at_us <= due) {
            let what = self.commands[self.next_command].what.clone();
            self.next_command += 1;
            return self.obey(&what, out);
        }
        let item = self.queue.pop();
        if item.is_some_and(|item| self.put_off(item)) {
            return;
        }
        match item {
            Some(Item::Restart(c)) => {
                self.world.step(Input::Do(Command::StartConsumer(c)), out);
                self.absorb(out, None);
            }
            Some(Item::Fire(Timer::Handling(c))) if self.fail_on_poison(c, out) => {}
            Some(Item::Workload(i, n)) => self.work(i, n, out),
            Some(Item::Deliver(id)) => {
                let sent = self.end_transit(id);
                self.world.step(Input::Deliver(id), out);
                self.absorb(out, sent);
            }
            Some(Item::Fire(t)) => {
                self.world.step(Input::Fire(t), out);
                if let (Timer::Writeback(b), Some(costs)) = (t, &mut self.costs) {
                    costs.write_back(&self.world, b, self.now_us);
                }
                self.absorb(out, None);
            }
            None => {}
        }
    }

    /// Runs up to and including `t_us`; the clock then shows it.
    pub fn advance_to(&mut self, t_us: u64) {
        let mut out = Out::default();
        while self.next_due_us().is_some_and(|due| due <= t_us) {
            self.step(&mut out);
        }
        self.now_us = self.now_us.max(t_us.min(self.plan.until_us));
    }

    fn work(&mut self, i: u32, n: u32, out: &mut Out) {
        let plan = self.plan.clone();
        let w = &plan.workload[i as usize];
        if n + 1 < w.spec.count {
            self.queue.push(w.spec.start_us + u64::from(n + 1) * w.spec.every_us, Class::Workload, Item::Workload(i, n + 1));
        }
        let key = (!w.spec.keys.is_empty()).then(|| w.spec.keys[n as usize % w.spec.keys.len()].as_str());
        let record = RecordData { bytes: w.spec.bytes, tombstone: w.spec.tombstones, ..self.record_now() };
        self.send(w.producer, w.topic, key, record, w.spec.after(n), out);
    }

    /// A record of the size that records sent by hand have, created at this instant.
    fn record_now(&self) -> RecordData {
        RecordData { bytes: 100, timestamp_ms: self.now_us / 1000, ..RecordData::default() }
    }

    /// An application sends a record: the partitioner chooses, the producer takes it.
    fn send(&mut self, producer: ProducerIx, topic: usize, key: Option<&str>, record: RecordData, then: AfterSend, out: &mut Out) {
        let setup = self.world.setup.clone();
        // prod.P5: all that its metadata has, whether somebody leads them or not.
        let known = self.world.producers[producer.ix()].meta.leaders.len();
        let choice = Choice { producer, partitions: setup.known_partitions(topic, known) };
        let config = &setup.producers[producer.ix()];
        let keyed = key.filter(|_| !config.ignore_keys && !config.round_robin);
        let in_turn = config.round_robin;
        let number = match keyed {
            _ if in_turn => self.sticky.entry((producer, topic)).or_default().next_in_turn(choice, &self.world),
            Some(k) => config.partitioner.partition(k.as_bytes(), choice.partitions.len() as u16),
            None => self.sticky.entry((producer, topic)).or_default().partition(self.plan.seed, choice, &self.world),
        };
        let record = RecordData { key: self.ledger.note_key(key).map(|k| k.0), ..record };
        if let Some(costs) = &mut self.costs {
            costs.note_record(record.bytes);
        }
        let partition = choice.partitions[usize::from(number)];
        self.world.step(Input::Do(Command::Send { producer, partition, record, then }), out);
        if keyed.is_none()
            && !in_turn
            && let Some(sticky) = self.sticky.get_mut(&(producer, topic))
        {
            sticky.count(record.bytes, choice, &self.world);
        }
        self.absorb(out, None);
    }

    fn obey(&mut self, what: &Do, out: &mut Out) {
        let setup = self.world.setup.clone();
        let end = |e: &End| match e {
            End::Controller => Actor::Controller,
            End::Zookeeper => Actor::Zookeeper,
            End::Voter(v) => Actor::Voter(VoterId(*v)),
            End::Broker(b) => Actor::Broker(BrokerId(*b)),
            End::Producer(p) => Actor::Producer(ProducerIx(*p)),
            End::Consumer(c) => Actor::Consumer(ConsumerIx(*c)),
        };
        let topic_of = |topic: &str| setup.topics.iter().position(|x| x.name == topic).unwrap_or(0);
        // A partition that a command before this one should have created may not be there: then its first stands in.
        let partition_of = |topic: &str, number: u16| {
            let all = &setup.topics[topic_of(topic)].partitions;
            all.get(usize::from(number)).copied().unwrap_or(all[0])
        };
        let command = match what {
            Do::Send { producer, topic, key, tombstone, timestamp_ms, poison } => {
                let p = setup.producers.iter().position(|x| x.name == *producer);
                let t = setup.topics.iter().position(|x| x.name == *topic);
                if let (Some(p), Some(t)) = (p, t) {
                    if self.paused_until_us(Actor::Producer(ProducerIx(p as u8))).is_some() {
                        return; // the application is a part of the process that stands still
                    }
                    if *poison {
                        self.poison_next(ProducerIx(p as u8));
                    }
                    let now = self.record_now();
                    let timestamp_ms = timestamp_ms.unwrap_or(now.timestamp_ms);
                    let ahead_ms = timestamp_ms as i64 - now.timestamp_ms as i64;
                    let record = RecordData { tombstone: *tombstone, timestamp_ms, ahead_ms, ..now };
                    self.send(ProducerIx(p as u8), t, key.as_deref(), record, AfterSend::GoOn, out);
                }
                return;
            }
            Do::SlowLink { from, to, extra_us } => return self.slow_link(end(from), end(to), *extra_us),
            Do::Pause { who, for_us } => return self.pause(end(who), *for_us),
            Do::SlowHandler { consumer, handling_us } => return self.slow_handler(ConsumerIx(*consumer), *handling_us),
            Do::CommitTransaction { producer } | Do::AbortTransaction { producer } => {
                let p = setup.producers.iter().position(|x| x.name == *producer).unwrap_or(0);
                Command::EndTransaction(ProducerIx(p as u8), matches!(what, Do::CommitTransaction { .. }))
            }
            Do::DeleteRecords { topic, partition, before } => Command::DeleteRecords(partition_of(topic, *partition), before.map(Offset)),
            Do::Crash { broker } => Command::Crash(BrokerId(*broker)),
            Do::PowerCut { broker } => Command::PowerCut(BrokerId(*broker)),
            Do::Stop { broker } => Command::Stop(BrokerId(*broker)),
            Do::Start { broker } => Command::Start(BrokerId(*broker)),
            Do::CutLink { from, to } => Command::Cut(end(from), end(to)),
            Do::HealLink { from, to } => Command::Heal(end(from), end(to)),
            Do::DropNextResponse { broker, client } => Command::DropNextResponse(BrokerId(*broker), end(client)),
            Do::ElectPreferredLeader { topic, partition } => Command::ElectPreferred(partition_of(topic, *partition)),
            Do::AlterConfig { topic, value, .. } => Command::AlterMinIsr(partition_of(topic, 0), *value),
            Do::CrashZookeeper {} => Command::CrashZookeeper,
            Do::StartZookeeper {} => Command::StartZookeeper,
            Do::CreatePartitions { topic, count } => Command::CreatePartitions(topic_of(topic) as u16, *count),
            Do::CrashVoter { voter } => Command::CrashVoter(VoterId(*voter)),
            Do::StartVoter { voter } => Command::StartVoter(VoterId(*voter)),
            Do::CrashConsumer { consumer } => Command::CrashConsumer(ConsumerIx(*consumer)),
            Do::StartConsumer { consumer } => Command::StartConsumer(ConsumerIx(*consumer)),
            Do::StopConsumer { consumer } => Command::StopConsumer(ConsumerIx(*consumer)),
            Do::ThrowInHandler { consumer } => Command::ThrowInHandler(ConsumerIx(*consumer)),
        };
        match command {
            Command::Crash(b) | Command::PowerCut(b) => self.disturbances.ended(Actor::Broker(b)),
            Command::CrashConsumer(c) => self.disturbances.ended(Actor::Consumer(c)),
            Command::CrashZookeeper => self.disturbances.ended(Actor::Zookeeper),
            Command::CrashVoter(v) => self.disturbances.ended(Actor::Voter(v)),
            _ => {}
        }
        self.world.step(Input::Do(command), out);
        self.absorb(out, None);
    }

    // ---- what came of a step

    /// Stamps events, sets deadlines, sends messages off.
    fn absorb(&mut self, out: &mut Out, cause: Option<u32>) {
        for op in out.timers.drain(..) {
            self.time(op);
        }
        if let Some(costs) = &mut self.costs {
            costs.absorb(&out.events, &self.world, self.now_us);
        }
        // The chain of causes within a step: what arrived, then each thing that followed from it.
        let mut last = cause;
        for kind in out.events.drain(..) {
            let kind = match kind {
                EventKind::Sent { msg, from, to, message, .. } => {
                    EventKind::Sent { msg, from, to, message, due_us: self.dispatch(msg, from, to) }
                }
                other => other,
            };
            let seq = self.record(kind, last);
            if !matches!(kind, EventKind::Sent { .. } | EventKind::Dropped { .. }) {
                last = Some(seq);
            }
            if let EventKind::Dropped { msg, .. } = kind {
                self.end_transit(msg);
            }
            let mut judged = self.ledger.fold(&kind, &self.world);
            for kind in judged.drain(..) {
                self.record(kind, Some(seq));
            }
        }
    }

    fn place_in_transit(&self, id: MsgId) -> Option<usize> {
        self.transit.binary_search_by_key(&id, |t| t.0).ok()
    }

    /// A message is on its way no longer; says which event sent it.
    fn end_transit(&mut self, id: MsgId) -> Option<u32> {
        let i = self.place_in_transit(id)?;
        self.transit.remove(i).map(|t| t.1.sent_event)
    }

    fn record(&mut self, kind: EventKind, cause: Option<u32>) -> u32 {
        let seq = self.events.len() as u32;
        let event = Event { seq, at_us: self.now_us, kind, cause };
        event.hash(&mut self.trace);
        self.events.push(event);
        seq
    }

    /// Sends a message off; says when it arrives. The delay depends on seed, link and ordinal only.
    fn dispatch(&mut self, id: MsgId, from: Actor, to: Actor) -> u64 {
        if let Some(script) = &self.plan.script {
            let before = self.world.net.iter().filter(|f| (f.from, f.to) == (from, to) && f.id < id).count();
            let due_us = self.story_arrival_us(script, from, to, before);
            self.transit.push_back((id, Transit { sent_us: self.now_us, due_us, sent_event: self.events.len() as u32 }));
            return due_us;
        }
        let Network { delay_us, jitter_us } = self.plan.network;
        let link = self.links.entry((from, to)).or_default();
        link.ordinal += 1;
        let jitter = if jitter_us == 0 { 0 } else { fingerprint(&(self.plan.seed, from, to, link.ordinal)) % (jitter_us + 1) };
        let mut leaves_us = self.now_us;
        if let Some(costs) = &mut self.costs
            && let Some(flight) = self.world.net.iter().find(|f| f.id == id)
        {
            leaves_us = costs.leaves_us(flight, leaves_us);
        }
        let delay_us = delay_us + self.disturbances.extra_us(from, to);
        let due = (leaves_us + delay_us + jitter).max(link.last_due_us);
        link.last_due_us = due;
        self.transit.push_back((id, Transit { sent_us: leaves_us, due_us: due, sent_event: self.events.len() as u32 }));
        self.queue.push(due, Class::Deliver, Item::Deliver(id));
        due
    }

    fn time(&mut self, op: TimerOp) {
        if self.is_story() {
            return;
        }
        match op {
            TimerOp::Arm(t, base) => {
                let from = match base {
                    Base::Now | Base::Retry(_) => self.now_us,
                    Base::Timestamp(ms) => ms.saturating_mul(1000),
                    Base::LastFetch { leader, follower } => self.last_fetch.get(&(leader, follower)).copied().unwrap_or(self.now_us),
                    Base::Transaction(txn) => self.transaction_starts.get(&txn).copied().unwrap_or(self.now_us),
                    // The last time that it was due, whether anything came of it or not.
                    Base::Metadata(a) => {
                        let last = self.last_metadata.get(&a).copied().unwrap_or(0);
                        self.now_us - (self.now_us - last) % self.plan.durations.of(&t, &self.world.setup).max(1)
                    }
                };
                let us = self.disturbances.duration_of(&t).or_else(|| self.backoff_us(&t, base));
                let us = us.unwrap_or_else(|| self.plan.durations.of(&t, &self.world.setup));
                let jitter_us = match t {
                    // Up to as much again, so that two voters seldom ask at once.
                    Timer::Quorum(QuorumTimer::Election(..)) => fingerprint(&(self.plan.seed, t)) % us.max(1),
                    _ => 0,
                };
                self.queue.arm(t, from.saturating_add(us + jitter_us).max(self.now_us));
            }
            TimerOp::Disarm(t) => {
                if let Timer::Delivery(batch) = t {
                    self.tries.remove(&batch);
                }
                self.queue.disarm(&t);
            }
            TimerOp::Settle(t) => {
                self.backoffs.remove(&t);
            }
            TimerOp::Mark { leader, follower } => {
                self.last_fetch.insert((leader, follower), self.now_us);
            }
            TimerOp::MarkMetadata(a) => {
                self.last_metadata.insert(a, self.now_us);
            }
            TimerOp::MarkTransaction(txn) => {
                self.transaction_starts.insert(txn, self.now_us);
            }
        }
    }

    /// KIP-580: how long to wait before another try, after so many. By seed, and by what it is that is tried again.
    fn backoff_us(&mut self, t: &Timer, base: Base) -> Option<u64> {
        if !matches!(t, Timer::RetryBackoff(..) | Timer::MetadataBackoff(_) | Timer::ConsumerBackoff(_)) {
            return None;
        }
        let tries = match base {
            Base::Retry(batch) => self.tries.entry(batch).or_insert(0),
            _ => self.backoffs.entry(*t).or_insert(0),
        };
        let before = *tries;
        *tries += 1;
        let batch = if let Base::Retry(batch) = base { Some(batch) } else { None };
        self.plan.durations.growing(t, before, fingerprint(&(self.plan.seed, t, batch, before)))
    }

    /// Phases of periodic tasks are seeded (brokers did not all start at the same instant).
    fn spread_periodic(&mut self) {
        for b in self.world.setup.broker_ids() {
            let check = (!self.world.setup.transactions.is_empty()).then_some(Timer::Txn(TxnTimer::Check(b)));
            let all = [Timer::Heartbeat(b), Timer::IsrCheck(b), Timer::HwCheckpoint(b), Timer::Writeback(b)];
            for t in all.into_iter().chain(check) {
                let period = self.plan.durations.of(&t, &self.world.setup);
                self.queue.arm(t, 1 + fingerprint(&(self.plan.seed, t)) % period.max(1));
            }
            for t in [Timer::Retention(b), Timer::Cleaner(b)].into_iter().filter(|t| self.queue.is_armed(t)).collect::<Vec<_>>() {
                let period = self.plan.durations.of(&t, &self.world.setup);
                self.queue.arm(t, 1 + fingerprint(&(self.plan.seed, t)) % period.max(1));
            }
        }
    }

    /// Adds a command at this instant, after what was planned up to now.
    fn insert_command(&mut self, commands: Rc<Vec<TimedCommand>>) {
        self.commands = commands;
    }
}

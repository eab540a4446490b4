//! A broker: takes requests, connects them to its replicas, speaks with the controller (rule book 2.4, 3.3 to 3.7, 4.3).
//! [`super::serving`] is its side to clients, [`super::fetching`] that of replication; [`super::isr`] and [`super::offices`] are
//! what it does as a leader, and when it becomes one.

use super::group::consumer::coordinator::Coordinated;
use super::group::coordinator::Group;
use super::log::records::RecordTable;
use super::log::segments::Segments;
use super::log::{Commit, Payload};
use super::message::{Body, ConnGen, Incarnation, LeaderView};
use super::quorum::{Observer, QuorumBody};
use super::replica::{Replica, Role};
use super::setup::Setup;
use super::share::leader::ShareSide;
use super::step::{Out, Timer, TxnTimer};
use super::transaction::leader::TxnSide;
use super::zookeeper::{Task, ZkSide};
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, EventKind};
use crate::ids::*;
use crate::order;
use crate::shared::Shared;
use smallvec::SmallVec;
use std::rc::Rc;

/// Is the process running?
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Power {
    /// It runs.
    Up,
    /// It was stopped in order, and wrote its clean-shutdown file.
    Stopped,
    /// It was killed: connections broke, the page cache is intact.
    Crashed,
    /// The machine lost power: silence, and unflushed records are gone.
    PowerLost,
}

/// A follower that fetches from this broker: one connection for all partitions that it copies from here.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Peer {
    /// Who.
    pub follower: BrokerId,
    /// Its current connection.
    pub conn: ConnGen,
    /// Its incarnation.
    pub be: BrokerEpoch,
    /// Its fetch waits here for data (repl.R-F6).
    pub parked: bool,
    /// Partitions with data or a high watermark that it has not been told of.
    pub news: SmallVec<[PartitionId; 1]>,
    /// Something other than its position has changed what ISRs it may join: its next fetch looks at all of them.
    pub recheck: bool,
}

/// This broker's fetches from one leader.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Fetcher {
    /// From whom.
    pub leader: BrokerId,
    /// Its connection.
    pub conn: ConnGen,
    /// A request is out.
    pub in_flight: bool,
    /// Partitions whose position the leader must be told.
    pub changed: SmallVec<[PartitionId; 1]>,
    /// Partitions that wait for `replica.fetch.backoff.ms` after an error.
    pub delayed: SmallVec<[PartitionId; 1]>,
}

/// What became of a batch at the leader: its answer, the high watermark that the answer must wait for, and which batch.
pub type ProduceOutcome = (PartitionId, Result<Offset, ErrorCode>, Option<Offset>, BatchId);

/// A produce request with acks=all that waits for the high watermark. Its connection is muted meanwhile: the
/// broker reads no further request from it (Kafka's SocketServer), which keeps one producer's requests in order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ParkedProduce {
    /// Whose.
    pub producer: ProducerIx,
    /// On which connection.
    pub conn: ConnGen,
    /// For each partition: the answer so far, and the high watermark that a pending one waits for.
    pub parts: SmallVec<[ProduceOutcome; 1]>,
    /// Later requests of the same connection, unread.
    pub backlog: SmallVec<[Shared<Body>; 1]>,
}

/// A group's commit request that waits until its record is committed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ParkedCommit {
    /// Whose.
    pub consumer: ConsumerIx,
    /// On which connection.
    pub conn: ConnGen,
    /// The partition of `__consumer_offsets`.
    pub coordinator: PartitionId,
    /// The group.
    pub group: GroupIx,
    /// What it commits.
    pub offsets: SmallVec<[(PartitionId, Offset); 1]>,
    /// The high watermark that it waits for.
    pub until: Offset,
}

/// A consumer's fetch that waits for visible records.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ParkedConsumerFetch {
    /// Whose.
    pub consumer: ConsumerIx,
    /// On which connection.
    pub conn: ConnGen,
    /// What it wants.
    pub parts: SmallVec<[super::message::FetchPart; 1]>,
}

/// State of a broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Broker {
    /// Its id.
    pub id: BrokerId,
    /// Does it run?
    pub power: Power,
    /// Broker epoch of its registration; `None` until the controller has accepted one.
    pub epoch: Option<BrokerEpoch>,
    /// In its clean-shutdown file: the broker epoch that ended in order.
    pub clean_epoch: Option<BrokerEpoch>,
    /// Which life of its process this is.
    pub incarnation: Incarnation,
    /// How much of the metadata log it has applied.
    pub applied: u32,
    /// Brokers that its metadata calls unfenced.
    pub unfenced: BrokerSet,
    /// Broker epochs as its metadata has them.
    pub epochs: SmallVec<[BrokerEpoch; 4]>,
    /// Leaders of all partitions as its metadata has them: what it tells clients.
    pub view: SmallVec<[(LeaderView, PartitionEpoch); 2]>,
    /// It was asked to stop in order.
    pub stopping: bool,
    /// Its replicas, by partition.
    pub replicas: SmallVec<[Shared<Replica>; 2]>,
    /// Followers that fetch here.
    pub peers: SmallVec<[Peer; 2]>,
    /// Leaders that it fetches from.
    pub fetchers: SmallVec<[Fetcher; 2]>,
    /// Produce requests that wait.
    pub produces: SmallVec<[ParkedProduce; 1]>,
    /// Commits that wait.
    pub commits: SmallVec<[ParkedCommit; 1]>,
    /// Groups that it coordinates, by id.
    pub groups: SmallVec<[Rc<Group>; 1]>,
    /// The same of the consumer protocol.
    pub consumer_groups: SmallVec<[Rc<Coordinated>; 1]>,
    /// Consumers' fetches that wait.
    pub consumer_fetches: SmallVec<[ParkedConsumerFetch; 1]>,
    /// Its part in transactions.
    pub txn: TxnSide,
    /// Its part in share groups, once somebody shares.
    pub share: Option<Box<ShareSide>>,
    /// What it knows of the quorum of controllers, if there is one.
    pub observer: Option<Observer>,
    /// Its part in a cluster with ZooKeeper.
    pub zk: Option<Box<ZkSide>>,
}

/// A rule at work on one broker.
pub(super) struct Cx<'a> {
    pub b: &'a mut Broker,
    pub setup: &'a Setup,
    pub data: &'a RecordTable,
    pub out: &'a mut Out,
}

fn empty_replica(p: PartitionId, setup: &Setup) -> Replica {
    let log = &setup.partitions[p.ix()].log;
    Replica { files: log.as_ref().map(|cfg| Rc::new(Segments::new(cfg.clone()))), ..Replica::new(p) }
}

impl Broker {
    /// A broker with empty replicas of the partitions that the setup gives it.
    pub fn new(id: BrokerId, setup: &Setup) -> Self {
        let mine = setup.partition_ids().filter(|p| setup.partitions[p.ix()].replicas.contains(&id));
        Broker {
            id,
            power: Power::Up,
            epoch: None,
            clean_epoch: None,
            incarnation: Incarnation::default(),
            applied: 0,
            unfenced: BrokerSet::EMPTY,
            epochs: setup.broker_ids().map(|_| BrokerEpoch(0)).collect(),
            view: setup.partition_ids().map(|_| ((None, LeaderEpoch(0)), PartitionEpoch(0))).collect(),
            stopping: false,
            replicas: mine.map(|p| Shared::new(empty_replica(p, setup))).collect(),
            peers: SmallVec::new(),
            fetchers: SmallVec::new(),
            produces: SmallVec::new(),
            commits: SmallVec::new(),
            groups: SmallVec::new(),
            consumer_groups: SmallVec::new(),
            consumer_fetches: SmallVec::new(),
            txn: TxnSide::default(),
            share: None,
            observer: (setup.voters > 1).then(Observer::settled),
            zk: setup.zookeeper.then(|| Box::new(ZkSide::settled(id, setup))),
        }
    }

    /// Is the process running?
    pub fn is_up(&self) -> bool {
        self.power == Power::Up
    }

    /// Who leads a partition by its metadata.
    pub fn leader_of(&self, p: PartitionId) -> Option<BrokerId> {
        self.view.get(p.ix())?.0.0
    }

    /// Its metadata has a partition; if it is new (prod.P5), those before it have come too, and it makes its replica.
    pub(super) fn note_partition(&mut self, p: PartitionId, setup: &Setup) {
        if p.ix() < self.view.len() {
            return;
        }
        self.view.resize(p.ix() + 1, ((None, LeaderEpoch(0)), PartitionEpoch(0)));
        if setup.partitions[p.ix()].replicas.contains(&self.id) {
            self.replicas.push(Shared::new(empty_replica(p, setup)));
        }
    }

    /// Its replica of a partition.
    pub fn replica(&self, p: PartitionId) -> Option<&Replica> {
        self.replicas.binary_search_by_key(&p, |r| r.partition).ok().map(|i| &*self.replicas[i])
    }

    pub(super) fn replica_mut(&mut self, p: PartitionId) -> Option<&mut Replica> {
        self.replicas.binary_search_by_key(&p, |r| r.partition).ok().map(|i| Shared::make_mut(&mut self.replicas[i]))
    }

    /// The commits of a group, read from the log of `__consumer_offsets` up to its end.
    pub fn committed(&self, setup: &Setup, group: GroupIx) -> SmallVec<[(PartitionId, Offset); 1]> {
        let mut found: SmallVec<[(PartitionId, Offset); 1]> = SmallVec::new();
        if !holds(Rule::Commit) {
            return found;
        }
        let Some(r) = self.replica(setup.groups[group.ix()].coordinator) else {
            return found;
        };
        let read = setup.group_partitions(group).count();
        for e in r.log.iter_back() {
            if e.payload == Payload::Expired(group) {
                break; // cons.K7
            }
            if let Payload::Commit(c) = e.payload
                && let Commit { group: g, partition, offset, .. } = c
                && g == group
                && r.commit_counts(e, &c) == Some(true)
                && !found.iter().any(|f| f.0 == partition)
            {
                found.push((partition, offset));
                if found.len() == read {
                    break;
                }
            }
        }
        order::sort(&mut found);
        found
    }
}

impl Cx<'_> {
    pub fn me(&self) -> Actor {
        Actor::Broker(self.b.id)
    }

    pub fn send(&mut self, to: Actor, body: Body) {
        let me = self.me();
        self.out.send(me, to, body);
    }

    /// To the active controller; not at all while none is known.
    pub(super) fn send_to_controller(&mut self, body: Body) {
        if let Some(z) = &self.b.zk {
            return match z.controller {
                Some(c) if c == self.b.id => self.for_controller(Task::Alter(c, body)),
                Some(c) => self.send(Actor::Broker(c), body),
                None => {}
            };
        }
        match &self.b.observer {
            None => self.send(Actor::Controller, body),
            Some(o) => o.leader.into_iter().for_each(|v| self.send(Actor::Voter(v), body.clone())),
        }
    }

    /// A message arrived.
    pub fn on_message(&mut self, from: Actor, body: &Shared<Body>) {
        match (from, &**body) {
            (Actor::Producer(p), Body::Produce { .. }) => self.on_produce(p, body),
            (Actor::Consumer(c), Body::ConsumerFetch { conn, parts }) => self.on_consumer_fetch(c, *conn, parts),
            (Actor::Consumer(c), Body::OffsetCommit { conn, group, member, offsets }) => {
                self.on_offset_commit(c, *conn, *group, *member, offsets);
            }
            (Actor::Consumer(c), Body::ListOffsets { conn, at, committed, parts }) => {
                self.on_list_offsets(c, *conn, (*at, *committed), parts)
            }
            (Actor::Consumer(_), Body::OffsetForLeaderEpoch { conn, parts }) => self.on_epoch_question(from, *conn, parts),
            (_, Body::JoinGroup { conn, group, known, says }) => self.on_join_group(*group, *conn, *known, says),
            (_, Body::SyncGroup { conn, group, member, generation, plan }) => {
                self.on_sync_group(*group, *conn, *member, *generation, plan);
            }
            (_, Body::GroupHeartbeat { conn, group, member, generation }) => {
                self.on_group_heartbeat(*group, *conn, *member, *generation);
            }
            (_, Body::ConsumerGroupHeartbeat { conn, group, beat }) => self.on_consumer_heartbeat(*group, *conn, beat),
            (_, Body::LeaveGroup { group, member, .. }) => self.on_leave_group(*group, *member),
            (Actor::Consumer(c), Body::OffsetFetch { conn, group }) => self.on_offset_fetch(c, *conn, *group),
            (client, Body::Metadata { conn }) => self.on_metadata_request(client, *conn),
            (Actor::Broker(f), Body::Fetch { conn, be, parts }) => self.on_fetch(f, *conn, *be, parts),
            (Actor::Broker(l), Body::FetchResponse { conn, parts }) => self.on_fetch_response(l, *conn, parts),
            (Actor::Broker(_), Body::OffsetForLeaderEpoch { conn, parts }) => self.on_epoch_question(from, *conn, parts),
            (Actor::Broker(l), Body::OffsetForLeaderEpochResponse { conn, parts }) => self.on_epoch_answer(l, *conn, parts),
            (Actor::Broker(l), Body::Disconnect { conn }) if Some(*conn) == self.b.fetcher_conn(l) => self.on_fetch_disconnect(l),
            (_, Body::Txn(txn)) => self.on_txn(from, body, txn),
            (_, Body::Share(share)) => self.on_share(from, share),
            (Actor::Voter(v), Body::Quorum(QuorumBody::FetchResponse { epoch, leader, answer })) => {
                self.on_metadata_fetched(v, *epoch, *leader, answer);
            }
            (_, Body::Zk(zk)) => self.on_zk(from, zk),
            (Actor::Broker(b), Body::AlterPartition { .. }) => self.for_controller(Task::Alter(b, (**body).clone())),
            (_, Body::BrokerRegistrationResponse { result: Err(ErrorCode::NotController) })
            | (_, Body::AlterPartitionResponse { result: Err(ErrorCode::NotController), .. })
            | (_, Body::Quorum(QuorumBody::BrokerHeartbeatResponse { .. })) => self.not_controller(from),
            (_, Body::BrokerRegistrationResponse { result }) => self.on_registered(*result),
            (_, Body::MetadataRecords { from, upto, changes }) => self.on_metadata(*from, *upto, changes),
            (_, Body::AlterPartitionResponse { partition, le, result }) => self.on_alter_response(*partition, *le, *result),
            (_, Body::ControlledShutdown) => self.finish_stop(),
            _ => {} // a client went away while its answer was being made
        }
    }

    /// A timer ran out.
    pub fn on_timer(&mut self, t: Timer) {
        match t {
            Timer::Heartbeat(_) => self.heartbeat(),
            Timer::RegistrationRetry(b) if self.b.observer.is_some() => {
                self.out.arm(Timer::RegistrationRetry(b));
                self.look_for_controller();
            }
            Timer::RegistrationRetry(_) => self.register(),
            Timer::Quorum(t) => self.on_observer_timer(t),
            Timer::Zk(t) => self.on_zk_timer(t),
            Timer::IsrCheck(b) => {
                self.out.arm(Timer::IsrCheck(b));
                self.check_isr();
            }
            Timer::HwCheckpoint(b) => {
                self.out.arm(Timer::HwCheckpoint(b));
                self.for_each_replica(|r| r.hw_checkpoint != r.hw, |r| r.hw_checkpoint = r.hw);
            }
            Timer::Writeback(b) => {
                self.out.arm(Timer::Writeback(b));
                self.write_back();
            }
            Timer::Retention(_) => self.retain(),
            Timer::Cleaner(_) => self.compact(),
            Timer::SegmentExpiry { .. } | Timer::CompactionLag { .. } | Timer::DeleteHorizon { .. } | Timer::Flush { .. } => {
                self.on_file_timer(t);
            }
            Timer::ProducerExpiry { partition, pid, .. } => self.expire_producer(partition, pid),
            Timer::Lag { partition, follower, .. } => self.on_lag(partition, follower),
            Timer::FetchWait { follower, .. } => self.answer_peer(follower, &[], SmallVec::new()),
            Timer::FetchTimeout { leader, .. } => self.on_fetch_disconnect(leader),
            Timer::FetchBackoff { leader, .. } => self.on_fetch_backoff(leader),
            Timer::ProduceWait { producer, .. } => self.on_produce_wait(producer),
            Timer::ConsumerFetchWait { consumer, .. } if self.setup.consumers[consumer.ix()].share.is_some() => {
                self.on_share_fetch_wait(consumer);
            }
            Timer::ConsumerFetchWait { consumer, .. } => self.answer_consumer(consumer),
            Timer::AlterRetry { partition, .. } => self.send_alter(partition),
            Timer::MemberSession(..) | Timer::InitialRebalance(..) | Timer::Rebalance(..) => self.on_group_timer(t),
            Timer::MemberRebalance(..) | Timer::AssignmentInterval(..) | Timer::OffsetsExpiry(..) => self.on_group_timer(t),
            Timer::Txn(t) => self.on_txn_timer(t),
            Timer::Share(t) => self.on_share_timer(t),
            _ => {}
        }
    }

    fn for_each_replica(&mut self, which: impl Fn(&Replica) -> bool, change: impl Fn(&mut Replica)) {
        for r in &mut self.b.replicas {
            if which(r) {
                change(Shared::make_mut(r));
            }
        }
    }

    // ---- registration and heartbeats (ctrl.BL1, BL2)

    /// The process starts: logs as they were left, no role until the controller says so.
    pub fn start(&mut self) {
        let power_lost = self.b.power == Power::PowerLost;
        self.b.power = Power::Up;
        self.b.stopping = false;
        self.b.incarnation = Incarnation(self.b.incarnation.0.wrapping_add(1));
        self.out.event(EventKind::Started { broker: self.b.id });
        self.recover(power_lost);
        if self.b.zk.is_some() {
            return self.zk_start();
        }
        self.register();
        self.observe();
    }

    /// log.L15: logs as the disk has them, roles as nobody has given them yet.
    fn recover(&mut self, power_lost: bool) {
        let (broker, data) = (self.b.id, self.data);
        for r in &mut self.b.replicas {
            let r = Shared::make_mut(r);
            let from = r.log.leo();
            r.restart(power_lost);
            let to = r.log.leo();
            if to < from {
                r.cut_files(data);
                self.out.event(EventKind::LogRecovered { broker, partition: r.partition, from, to });
            }
        }
        self.arm_files();
    }

    pub(super) fn register(&mut self) {
        self.send_to_controller(Body::BrokerRegistration { clean: self.b.clean_epoch, incarnation: self.b.incarnation });
        self.out.arm(Timer::RegistrationRetry(self.b.id));
    }

    fn on_registered(&mut self, result: Result<BrokerEpoch, ErrorCode>) {
        let (Ok(epoch), None) = (result, self.b.epoch) else {
            return;
        }; // refused: the retry timer is running
        self.out.disarm(Timer::RegistrationRetry(self.b.id));
        self.b.epoch = Some(epoch);
        self.b.clean_epoch = None;
        self.arm_periodic(); // its first heartbeat that can matter follows the metadata (BL2)
        self.observe();
    }

    /// Periodic tasks of a running broker.
    pub fn arm_periodic(&mut self) {
        let id = self.b.id;
        for t in [Timer::Heartbeat(id), Timer::IsrCheck(id), Timer::HwCheckpoint(id), Timer::Writeback(id)] {
            self.out.arm(t);
        }
        if !self.setup.transactions.is_empty() {
            self.out.arm(Timer::Txn(TxnTimer::Check(id)));
        }
        self.arm_upkeep();
    }

    pub(super) fn heartbeat(&mut self) {
        let Some(be) = self.b.epoch else { return };
        if self.b.zk.is_some() {
            return self.zk_beat();
        }
        self.send_to_controller(Body::BrokerHeartbeat { be, applied: self.b.applied, want_shutdown: self.b.stopping });
        self.out.arm(Timer::Heartbeat(self.b.id));
    }

    // ---- stopping

    /// ctrl.BL5: ask the controller to move leaderships away first.
    pub fn stop(&mut self) {
        self.b.stopping = true;
        self.out.event(EventKind::Stopping { broker: self.b.id });
        self.heartbeat();
    }

    pub(super) fn finish_stop(&mut self) {
        if !self.b.stopping {
            return;
        }
        self.write_back();
        self.for_each_replica(|r| r.hw_checkpoint != r.hw, |r| r.hw_checkpoint = r.hw);
        self.b.clean_epoch = self.b.epoch;
        self.close_session();
        self.go_down(Power::Stopped);
        self.out.event(EventKind::Stopped { broker: self.b.id });
    }

    /// The process ends: everything that was only in memory is gone, armed timers too.
    pub fn go_down(&mut self, power: Power) {
        let mut timers: Vec<Timer> = Vec::new();
        self.b.armed(self.setup, &mut |t| timers.push(t));
        for t in timers {
            self.out.disarm(t);
        }
        let b = &mut *self.b;
        b.power = power;
        b.epoch = None;
        b.applied = 0;
        b.stopping = false;
        b.unfenced = BrokerSet::EMPTY;
        b.epochs.iter_mut().for_each(|e| *e = BrokerEpoch(0));
        b.view.iter_mut().for_each(|v| *v = ((None, LeaderEpoch(0)), PartitionEpoch(0)));
        b.peers.clear();
        b.produces.clear();
        b.commits.clear();
        b.groups.clear();
        b.consumer_groups.clear();
        b.consumer_fetches.clear();
        b.txn = TxnSide::default();
        b.share = None;
        b.observer = b.observer.map(Observer::at_start);
        b.zk = b.zk.take().map(|_| Box::new(ZkSide::at_start(false)));
        // Connections end for good: an answer to an old one must not be taken for new after a restart.
        b.fetchers.clear();
        self.for_each_replica(|r| r.role != Role::Idle, |r| r.role = Role::Idle);
    }
}

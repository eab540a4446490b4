//! Replication between brokers: the leader's answers and the follower's fetcher (rule book 3.3, 3.4).
//! One request for each pair of brokers carries the partitions that changed (an incremental fetch session).

use super::broker::{Broker, Cx, Fetcher, Peer};
use super::message::{Body, ConnGen, FetchPart, Fetched, FetchedPart};
use super::replica::{FetchOutcome, Leading, MAX_FETCH_BATCHES, PendingIsr, Replica, Role};
use super::setup::{ProtocolVersion, Setup};
use super::step::{Timer, TimerOp};
use crate::broken::{Rule, holds};
use crate::event::{ErrorCode, EventKind};
use crate::ids::*;
use crate::order;
use crate::shared::Shared;
use smallvec::SmallVec;

type Parts = SmallVec<[FetchedPart; 1]>;

impl Cx<'_> {
    // ---- leader

    /// repl.R-F1 to R-F6: a follower's fetch.
    pub(super) fn on_fetch(&mut self, follower: BrokerId, conn: ConnGen, be: BrokerEpoch, parts: &[FetchPart]) {
        let me = self.b.id;
        let rules = self.setup.rules.replication;
        if rules >= ProtocolVersion::PV6 && self.b.epochs[follower.ix()] > be {
            return; // R-F4: an incarnation that is gone; its connection is gone too
        }
        self.open_session(follower, conn, be);
        let mut answers = Parts::new();
        let mut snapshots: SmallVec<[(PartitionId, Offset); 1]> = SmallVec::new();
        for x in parts {
            let Some(r) = self.b.replica_mut(x.partition) else {
                answers.push(answer(x, Fetched::Error(ErrorCode::UnknownLeaderEpoch)));
                continue;
            };
            let snapshot = r.hw; // R-F2: before anything else
            match r.follower_fetch(follower, x, rules) {
                FetchOutcome::Answer(a) => answers.push(answer(x, a)),
                FetchOutcome::At { moved, caught_up, lag_from_last_fetch, opened } => {
                    snapshots.push((x.partition, snapshot));
                    if lag_from_last_fetch {
                        self.start_lag(x.partition, follower);
                    } else if caught_up && holds(Rule::QuietFollower) {
                        self.out.disarm(Timer::Lag { leader: me, partition: x.partition, follower });
                    }
                    if !caught_up || opened {
                        self.add_news(follower, x.partition);
                    }
                    self.after_follower_moved(x, follower, moved);
                }
            }
        }
        self.recheck(follower);
        self.out.timers.push(TimerOp::Mark { leader: me, follower });
        if !answers.is_empty() || self.has_data(follower) {
            self.answer_peer(follower, &snapshots, answers);
        } else {
            self.peer(follower).parked = true;
            self.out.arm(Timer::FetchWait { leader: me, follower });
        }
    }

    /// repl.R-I1: every fetch counts for every partition of the session, also for those that it brings no news of.
    fn recheck(&mut self, follower: BrokerId) {
        if !std::mem::take(&mut self.peer(follower).recheck) {
            return;
        }
        let (eligible, rules) = (self.eligible(), self.setup.rules.replication);
        let in_session = |r: &Replica| r.leading().is_some_and(|l| l.followers.iter().any(|f| f.broker == follower && f.open));
        for i in 0..self.b.replicas.len() {
            let r = &self.b.replicas[i];
            if in_session(r) && r.may_expand(follower, eligible, rules) {
                self.propose(r.partition, PendingIsr::Expand(follower));
            }
        }
    }

    /// R-F5: expand the ISR first, then move the high watermark.
    fn after_follower_moved(&mut self, x: &FetchPart, follower: BrokerId, moved: bool) {
        if moved {
            self.out.event(EventKind::FollowerAt { broker: self.b.id, partition: x.partition, follower, leo: x.offset });
        }
        let (eligible, rules) = (self.eligible(), self.setup.rules.replication);
        if self.b.replica(x.partition).is_some_and(|r| r.may_expand(follower, eligible, rules)) {
            self.propose(x.partition, PendingIsr::Expand(follower));
        }
        if moved {
            self.advance(x.partition);
        }
    }

    /// A new connection starts a new session: nothing that the old one knew holds.
    fn open_session(&mut self, follower: BrokerId, conn: ConnGen, be: BrokerEpoch) {
        let leader = self.b.id;
        self.out.disarm(Timer::FetchWait { leader, follower });
        match self.b.peers.iter_mut().find(|p| p.follower == follower) {
            Some(p) if (p.conn, p.be) == (conn, be) => p.parked = false,
            _ => {
                self.b.peers.retain(|p| p.follower != follower);
                self.b.peers.push(Peer { follower, conn, be, parked: false, news: SmallVec::new(), recheck: false });
                order::sort_by_key(&mut self.b.peers, |p| p.follower);
                self.close_partitions(follower);
            }
        }
    }

    fn close_partitions(&mut self, follower: BrokerId) {
        for r in &mut self.b.replicas {
            let open = r.leading().is_some_and(|l| l.followers.iter().any(|f| f.broker == follower && f.open));
            if open && let Some(f) = Shared::make_mut(r).leading_mut().and_then(|l| l.follower(follower)) {
                f.open = false;
            }
        }
    }

    fn peer(&mut self, follower: BrokerId) -> &mut Peer {
        self.b.peers.iter_mut().find(|p| p.follower == follower).expect("a session was opened")
    }

    fn add_news(&mut self, follower: BrokerId, p: PartitionId) {
        let peer = self.peer(follower);
        if !peer.news.contains(&p) {
            peer.news.push(p);
        }
    }

    /// Is there anything that this follower has not been sent?
    fn has_data(&self, follower: BrokerId) -> bool {
        let Some(peer) = self.b.peers.iter().find(|p| p.follower == follower) else {
            return false;
        };
        peer.news.iter().any(|p| {
            self.b.replica(*p).is_some_and(|r| {
                r.leading().is_some_and(|l| l.followers.iter().any(|f| f.broker == follower && f.open && f.leo < Some(r.log.leo())))
            })
        })
    }

    /// A parked fetch wakes on appended records, not on a high watermark that moved (R-F6).
    pub(super) fn wake_followers(&mut self, p: PartitionId) {
        let parked: SmallVec<[BrokerId; 4]> = self.b.peers.iter().filter(|x| x.parked && x.news.contains(&p)).map(|x| x.follower).collect();
        for f in parked {
            if self.has_data(f) {
                self.answer_peer(f, &[], SmallVec::new());
            }
        }
    }

    /// Sends a fetch response with everything new. A partition in `snapshots` gets the high watermark that held
    /// before this very fetch was counted (R-F2, R-H3).
    pub(super) fn answer_peer(&mut self, follower: BrokerId, snapshots: &[(PartitionId, Offset)], mut parts: Parts) {
        let leader = self.b.id;
        let Some(peer) = self.b.peers.iter_mut().find(|p| p.follower == follower) else {
            return;
        };
        peer.parked = false;
        let conn = peer.conn;
        let news = std::mem::take(&mut peer.news);
        let mut untold: SmallVec<[PartitionId; 1]> = SmallVec::new();
        self.out.disarm(Timer::FetchWait { leader, follower });
        for p in news {
            let Some(r) = self.b.replica(p) else { continue };
            let Some(f) = r.leading().and_then(|l| l.followers.iter().find(|f| f.broker == follower)) else {
                continue;
            };
            let (true, Some(offset)) = (f.open, f.leo) else {
                continue;
            };
            let hw = snapshots.iter().find(|s| s.0 == p).map_or(r.hw, |s| s.1);
            if hw != r.hw {
                untold.push(p);
            }
            let entries = r.log.read(offset, r.log.leo(), MAX_FETCH_BATCHES);
            let answer = Fetched::Data { entries, hw, aborted: SmallVec::new(), start: r.log.start() };
            parts.push(FetchedPart { partition: p, le: r.le, offset, answer });
        }
        self.peer(follower).news = untold;
        self.send(Actor::Broker(follower), Body::FetchResponse { conn, parts });
    }

    /// This broker stopped leading `p`: parked fetches that include it are answered.
    pub(super) fn tell_followers_not_leader(&mut self, p: PartitionId, was: &Leading) {
        for f in was.followers.iter().filter(|f| f.open) {
            let Some(peer) = self.b.peers.iter_mut().find(|x| x.follower == f.broker) else {
                continue;
            };
            peer.news.retain(|x| *x != p);
            if peer.parked {
                let le = self.b.replica(p).map_or(LeaderEpoch(0), |r| r.le);
                let part = FetchedPart {
                    partition: p,
                    le,
                    offset: f.leo.unwrap_or_default(),
                    answer: Fetched::Error(ErrorCode::NotLeaderOrFollower),
                };
                self.answer_peer(f.broker, &[], SmallVec::from_elem(part, 1));
            }
        }
    }

    // ---- follower

    /// repl.R-L6: start fetching `p` from `leader`, at the own LEO.
    pub(super) fn follow(&mut self, p: PartitionId, leader: BrokerId) {
        let f = self.fetcher(leader);
        if !f.changed.contains(&p) {
            f.changed.push(p);
        }
        self.fetch(leader);
    }

    /// No longer fetches `p` there; the last partition closes the connection.
    pub(super) fn unfollow(&mut self, p: PartitionId, leader: BrokerId) {
        let me = self.b.id;
        let still = self.b.replicas.iter().any(|r| r.partition != p && r.follows() == Some(leader));
        let f = self.fetcher(leader);
        f.changed.retain(|x| *x != p);
        f.delayed.retain(|x| *x != p);
        if !still {
            f.conn = f.conn.next();
            f.in_flight = false;
            f.changed.clear();
            f.delayed.clear();
            self.out.disarm(Timer::FetchBackoff { follower: me, leader });
            self.out.disarm(Timer::FetchTimeout { follower: me, leader });
        } else if self.fetcher(leader).delayed.is_empty() {
            self.out.disarm(Timer::FetchBackoff { follower: me, leader });
        }
    }

    pub(super) fn fetcher(&mut self, leader: BrokerId) -> &mut Fetcher {
        let at = match self.b.fetchers.iter().position(|f| f.leader == leader) {
            Some(i) => i,
            None => {
                let fresh =
                    Fetcher { leader, conn: ConnGen::default(), in_flight: false, changed: SmallVec::new(), delayed: SmallVec::new() };
                let at = self.b.fetchers.partition_point(|f| f.leader < leader);
                self.b.fetchers.insert(at, fresh);
                at
            }
        };
        &mut self.b.fetchers[at]
    }

    /// Sends the next fetch to `leader`, if none is out and there is something to fetch.
    pub(super) fn fetch(&mut self, leader: BrokerId) {
        let Some(be) = self.b.epoch else { return };
        let delayed: SmallVec<[PartitionId; 1]> = self.fetcher(leader).delayed.clone();
        let active = self.b.replicas.iter().any(|r| r.follows() == Some(leader) && !delayed.contains(&r.partition));
        let f = self.fetcher(leader);
        if f.in_flight || !active {
            return;
        }
        f.in_flight = true;
        let (conn, changed) = (f.conn, std::mem::take(&mut f.changed));
        let mine = changed.iter().filter_map(|p| self.b.replica(*p)).filter(|r| r.follows() == Some(leader));
        let mine: SmallVec<[(bool, FetchPart); 2]> = mine.map(|r| (r.asks(), r.fetch_part())).collect();
        // Those that ask where to cut their logs go first; the others are fetched when that is answered.
        let asking = mine.iter().any(|x| x.0);
        let parts = mine.iter().filter(|x| x.0 == asking).map(|x| x.1).collect();
        let body = if asking { Body::OffsetForLeaderEpoch { conn, parts } } else { Body::Fetch { conn, be, parts } };
        if asking {
            self.fetcher(leader).changed = mine.iter().filter(|x| !x.0).map(|x| x.1.partition).collect();
        }
        self.send(Actor::Broker(leader), body);
        self.out.arm(Timer::FetchTimeout { follower: self.b.id, leader });
    }

    /// Is this the answer that the follower waits for? Then it waits no longer.
    pub(super) fn is_answered(&mut self, leader: BrokerId, conn: ConnGen) -> bool {
        let f = self.fetcher(leader);
        if f.conn != conn || !f.in_flight {
            return false;
        }
        f.in_flight = false;
        self.out.disarm(Timer::FetchTimeout { follower: self.b.id, leader });
        true
    }

    pub(super) fn on_fetch_response(&mut self, leader: BrokerId, conn: ConnGen, parts: &[FetchedPart]) {
        if !self.is_answered(leader, conn) {
            return;
        }
        for part in parts {
            self.apply_fetched(leader, part);
        }
        self.fetch(leader);
    }

    fn apply_fetched(&mut self, leader: BrokerId, part: &FetchedPart) {
        let (me, p) = (self.b.id, part.partition);
        let Some(r) = self.b.replica_mut(p) else {
            return;
        };
        // R-L1: only if nothing changed since the request. A refusal may name the leader's own epoch.
        let refusal = matches!(part.answer, Fetched::Error(_) | Fetched::OutOfRange { .. });
        let fenced = self.setup.rules.replication >= ProtocolVersion::PV3;
        if r.follows() != Some(leader) || (!refusal && ((fenced && r.le != part.le) || r.log.leo() != part.offset)) {
            return;
        }
        match &part.answer {
            Fetched::Data { entries, hw, start, .. } => {
                let (from, hw_before) = (r.log.leo(), r.hw);
                let copied = r.follow(entries, *hw);
                let (to, hw_now) = (r.log.leo(), r.hw);
                if copied > 0 {
                    self.out.event(EventKind::Replicated { broker: me, partition: p, from, to });
                    self.filed(p, from);
                    self.heard_of_producers(p, from);
                    self.changed(leader, p);
                }
                if hw_before != hw_now {
                    self.out.event(EventKind::FollowerHighWatermark { broker: me, partition: p, from: hw_before, to: hw_now });
                    self.wake_consumers(p);
                }
                self.follow_start(p, *start);
            }
            Fetched::Diverging { epoch, end } => {
                let (from, to) = (r.log.leo(), r.divergence_point(*epoch, *end));
                self.on_producers(p, |r| r.truncate(to));
                self.files_cut(p);
                self.out.event(EventKind::Truncated { broker: me, partition: p, from, to });
                self.changed(leader, p);
            }
            Fetched::Error(ErrorCode::FencedLeaderEpoch) => {
                r.role = Role::Follower { leader, stopped: true, asking: false };
            }
            Fetched::OutOfRange { start, .. } => {
                // R-L5: the leader's log is shorter, begins later, or the epochs have nothing in common: start from its beginning.
                let (from, to) = (r.log.leo(), (*start).min(r.log.leo()));
                self.start_over(p, *start);
                self.out.event(EventKind::Truncated { broker: me, partition: p, from, to });
                self.changed(leader, p);
            }
            Fetched::ReadFrom(_) | Fetched::Error(_) => self.delay(leader, p),
        }
    }

    pub(super) fn changed(&mut self, leader: BrokerId, p: PartitionId) {
        let f = self.fetcher(leader);
        if !f.changed.contains(&p) {
            f.changed.push(p);
        }
    }

    /// repl.R-L4: this partition waits before it asks again.
    pub(super) fn delay(&mut self, leader: BrokerId, p: PartitionId) {
        let me = self.b.id;
        let f = self.fetcher(leader);
        if !f.delayed.contains(&p) {
            f.delayed.push(p);
        }
        self.out.arm(Timer::FetchBackoff { follower: me, leader });
    }

    /// The leader's process went away: every partition fetched there waits before it asks again.
    pub(super) fn on_fetch_disconnect(&mut self, leader: BrokerId) {
        let mine: SmallVec<[PartitionId; 4]> =
            self.b.replicas.iter().filter(|r| r.follows() == Some(leader)).map(|r| r.partition).collect();
        let f = self.fetcher(leader);
        f.conn = f.conn.next();
        f.in_flight = false;
        f.changed.clear();
        self.out.disarm(Timer::FetchTimeout { follower: self.b.id, leader });
        for p in mine {
            self.delay(leader, p);
        }
    }

    pub(super) fn on_fetch_backoff(&mut self, leader: BrokerId) {
        let f = self.fetcher(leader);
        let delayed = std::mem::take(&mut f.delayed);
        for p in delayed {
            self.changed(leader, p);
        }
        self.fetch(leader);
    }
}

pub(super) fn answer(x: &FetchPart, answer: Fetched) -> FetchedPart {
    FetchedPart { partition: x.partition, le: x.le, offset: x.offset, answer }
}

impl Broker {
    /// The connection on which it waits for an answer from `leader`, and so notices when that process dies.
    pub(super) fn fetcher_conn(&self, leader: BrokerId) -> Option<ConnGen> {
        self.fetchers.iter().find(|f| f.leader == leader && f.in_flight).map(|f| f.conn)
    }

    /// Every timer that its state implies. The simulation's armed timers are exactly these; the trial fires from them.
    pub fn armed(&self, setup: &Setup, f: &mut impl FnMut(Timer)) {
        if !self.is_up() {
            return;
        }
        self.txn_armed(!setup.transactions.is_empty() && self.epoch.is_some(), f);
        let id = self.id;
        if let Some(o) = &self.observer {
            o.armed(id, f);
        }
        if self.epoch.is_none() {
            f(Timer::RegistrationRetry(id));
        } else {
            [Timer::Heartbeat(id), Timer::IsrCheck(id), Timer::HwCheckpoint(id), Timer::Writeback(id)].into_iter().for_each(&mut *f);
        }
        for p in self.peers.iter().filter(|p| p.parked) {
            f(Timer::FetchWait { leader: id, follower: p.follower });
        }
        for x in self.fetchers.iter().filter(|x| x.in_flight) {
            f(Timer::FetchTimeout { follower: id, leader: x.leader });
        }
        for x in self.fetchers.iter().filter(|x| !x.delayed.is_empty()) {
            f(Timer::FetchBackoff { follower: id, leader: x.leader });
        }
        for x in &self.produces {
            f(Timer::ProduceWait { broker: id, producer: x.producer });
        }
        for x in &self.consumer_fetches {
            f(Timer::ConsumerFetchWait { broker: id, consumer: x.consumer });
        }
        self.groups_armed(f);
        self.consumer_groups_armed(f);
        self.share_armed(f);
        for r in &self.replicas {
            let Some(l) = r.leading() else { continue };
            if l.pending != PendingIsr::None {
                f(Timer::AlterRetry { broker: id, partition: r.partition });
            }
            for x in l.followers.iter().filter(|x| !x.lag_expired && x.leo != Some(r.log.leo())) {
                f(Timer::Lag { leader: id, partition: r.partition, follower: x.broker });
            }
        }
        self.upkeep_armed(setup, f);
    }
}

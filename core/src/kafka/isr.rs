//! A leader's view of who is in sync, and what that commits (rule book 3.5, 3.6).

use super::broker::Cx;
use super::message::Body;
use super::replica::{PendingIsr, Replica};
use super::step::{Base, Timer, TimerOp};
use super::zookeeper::ZkOp;
use crate::event::{ErrorCode, EventKind};
use crate::ids::*;

impl Cx<'_> {
    // ---- ISR (3.6)

    pub(super) fn check_isr(&mut self) {
        for i in 0..self.b.replicas.len() {
            let shrink = self.b.replicas[i].to_shrink();
            if !shrink.is_empty() {
                let p = self.b.replicas[i].partition;
                self.propose(p, PendingIsr::Shrink(shrink));
            }
        }
    }

    pub(super) fn on_lag(&mut self, p: PartitionId, follower: BrokerId) {
        let me = self.b.id;
        if let Some(f) = self.b.replica_mut(p).and_then(Replica::leading_mut).and_then(|l| l.follower(follower)) {
            f.lag_expired = true;
            self.out.event(EventKind::LagExpired { broker: me, partition: p, follower });
        }
        self.advance(p);
    }

    pub(super) fn propose(&mut self, p: PartitionId, change: PendingIsr) {
        let me = self.b.id;
        let Some(l) = self.b.replica_mut(p).and_then(Replica::leading_mut) else {
            return;
        };
        l.pending = change;
        if let Some(isr) = l.proposed() {
            self.out.event(EventKind::IsrProposed { broker: me, partition: p, isr });
            self.send_alter(p);
        }
    }

    pub(super) fn send_alter(&mut self, p: PartitionId) {
        let (me, be) = (self.b.id, self.b.epoch);
        let (Some(r), Some(be)) = (self.b.replica(p), be) else {
            return;
        };
        let Some(isr) = r.leading().and_then(|l| l.proposed()) else {
            return;
        };
        if self.setup.leaders_write_isr() {
            let op = ZkOp::WriteIsr { partition: p, le: r.le, pe: r.pe, isr };
            self.ask(op);
            return self.out.arm(Timer::AlterRetry { broker: me, partition: p });
        }
        let isr = isr.iter().map(|b| (b, self.b.epochs[b.ix()])).collect();
        let body = Body::AlterPartition { partition: p, be, le: r.le, pe: r.pe, isr };
        self.send_to_controller(body);
        self.out.arm(Timer::AlterRetry { broker: me, partition: p });
    }

    pub(super) fn drop_pending(&mut self, p: PartitionId) {
        let me = self.b.id;
        if let Some(l) = self.b.replica_mut(p).and_then(Replica::leading_mut)
            && l.pending != PendingIsr::None
        {
            l.pending = PendingIsr::None;
            self.out.disarm(Timer::AlterRetry { broker: me, partition: p });
            self.recheck_all();
        }
    }

    /// repl.R-I1: followers that may join an ISR now, though their position has not changed, do so at their next fetch.
    pub(super) fn recheck_all(&mut self) {
        let (eligible, rules) = (self.eligible(), self.setup.rules.replication);
        for x in &mut self.b.peers {
            let in_session = |r: &Replica| r.leading().is_some_and(|l| l.followers.iter().any(|f| f.broker == x.follower && f.open));
            x.recheck |= self.b.replicas.iter().any(|r| in_session(r) && r.may_expand(x.follower, eligible, rules));
        }
    }

    /// repl.R-I3: what the controller said of a proposal.
    pub(super) fn on_alter_response(&mut self, p: PartitionId, le: LeaderEpoch, result: Result<(BrokerSet, PartitionEpoch), ErrorCode>) {
        let Some(r) = self.b.replica_mut(p) else {
            return;
        };
        if r.le != le || r.leading().is_none() {
            return;
        }
        match result {
            Ok((isr, pe)) if pe >= r.pe => {
                r.pe = pe;
                if let Some(l) = r.leading_mut() {
                    l.isr = isr;
                }
                self.drop_pending(p);
                self.advance(p);
            }
            Err(ErrorCode::IneligibleReplica) => self.drop_pending(p),
            // Stays pending until metadata says otherwise. (Kafka asks no more; here the retry goes on, and is refused again.)
            _ => {}
        }
    }

    // ---- high watermark (3.5)

    /// Brokers that may join an ISR as far as this broker's metadata says.
    pub fn eligible(&self) -> BrokerSet {
        self.b.unfenced
    }

    /// repl.R-H1: moves the high watermark if it may move, and serves those who waited for it.
    pub fn advance(&mut self, p: PartitionId) {
        let (me, eligible) = (self.b.id, self.eligible());
        let (setup, rules) = (&self.setup.partitions[p.ix()], self.setup.rules.replication);
        let waits_for_zookeeper = self.setup.leaders_write_isr();
        let Some(r) = self.b.replica_mut(p) else {
            return;
        };
        // Before PV5 a leader holds its lock while it writes the ISR to ZooKeeper. (Appends wait for it there too, here they go on.)
        if waits_for_zookeeper && r.leading().is_some_and(|l| l.pending != PendingIsr::None) {
            return;
        }
        let Some(hw) = r.next_high_watermark(setup, rules, eligible) else {
            return;
        };
        let stable = r.last_stable();
        let from = std::mem::replace(&mut r.hw, hw);
        self.out.event(EventKind::HighWatermark { broker: me, partition: p, from, to: hw });
        self.note_last_stable(p, stable);
        self.note_news(p);
        self.serve_waiting(p);
    }

    /// Something of this partition is new to the followers.
    pub(super) fn note_news(&mut self, p: PartitionId) {
        let Ok(i) = self.b.replicas.binary_search_by_key(&p, |r| r.partition) else {
            return;
        };
        let Some(l) = self.b.replicas[i].leading() else {
            return;
        };
        for f in l.followers.iter().filter(|f| f.open) {
            if let Some(peer) = self.b.peers.iter_mut().find(|x| x.follower == f.broker)
                && !peer.news.contains(&p)
            {
                peer.news.push(p);
            }
        }
    }

    /// The follower had everything until this append: its lag counts from its last fetch (repl.R-F4).
    pub(super) fn start_lag(&mut self, p: PartitionId, follower: BrokerId) {
        let leader = self.b.id;
        self.out.timers.push(TimerOp::Arm(Timer::Lag { leader, partition: p, follower }, Base::LastFetch { leader, follower }));
    }
}

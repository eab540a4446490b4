//! A broker takes over what the controller decided (rule book 3.7): offices of its replicas.

use super::broker::Cx;
use super::message::Change;
use super::replica::Role;
use super::step::Timer;
use crate::event::EventKind;
use crate::ids::*;

impl Cx<'_> {
    pub(super) fn on_metadata(&mut self, from: u32, upto: u32, changes: &[Change]) {
        if self.b.epoch.is_none() {
            return; // a process that has not registered yet applies nothing, though its predecessor's session may still be alive
        }
        if from > self.b.applied {
            return; // I-C2: nothing is applied over a gap; a heartbeat says how far this broker is, and brings the rest
        }
        let was_unfenced = self.b.unfenced.has(self.b.id);
        for c in changes {
            match *c {
                Change::Broker { broker, epoch, fenced } => {
                    self.b.epochs[broker.ix()] = epoch;
                    self.b.unfenced = if fenced { self.b.unfenced.without(broker) } else { self.b.unfenced.with(broker) };
                }
                Change::Partition { partition, leader, le, pe, isr } => {
                    self.b.note_partition(partition, self.setup);
                    let seen = &mut self.b.view[partition.ix()];
                    if pe >= seen.1 {
                        *seen = ((leader, le), pe);
                    }
                    self.apply_partition(partition, leader, le, pe, isr);
                }
            }
        }
        self.recheck_all();
        self.leaders_changed();
        self.b.applied = self.b.applied.max(upto);
        // BL2: a broker that is still fenced and has caught up says so at once.
        let registered = self.b.epoch.is_some_and(|e| self.b.epochs[self.b.id.ix()] == e);
        if registered && !was_unfenced && !self.b.unfenced.has(self.b.id) {
            self.heartbeat();
        }
    }

    fn apply_partition(&mut self, p: PartitionId, leader: Option<BrokerId>, le: LeaderEpoch, pe: PartitionEpoch, isr: BrokerSet) {
        let (me, setup) = (self.b.id, self.setup);
        let Some(r) = self.b.replica_mut(p) else {
            return;
        };
        if pe < r.pe || (pe == r.pe && r.role != Role::Idle) {
            return; // R-M1
        }
        let new_epoch = le > r.le || r.role == Role::Idle;
        r.pe = pe;
        r.le = le;
        if leader == Some(me) {
            if !new_epoch && let Some(l) = r.leading_mut() {
                l.isr = isr; // R-M3
                self.drop_pending(p);
                self.advance(p);
                return;
            }
            self.leave_role(p);
            let r = self.b.replica_mut(p).expect("checked above");
            r.become_leader(me, &setup.partitions[p.ix()], isr);
            let (log_end, hw) = (r.log.leo(), r.hw);
            self.out.event(EventKind::BecameLeader { broker: me, partition: p, epoch: le, log_end, hw });
            for f in isr.without(me).iter() {
                self.out.arm(Timer::Lag { leader: me, partition: p, follower: f });
            }
            self.advance(p);
            self.load_transactions(p);
            return;
        }
        if !new_epoch && r.follows().is_some() && r.follows() == leader {
            return; // same leader, same epoch: the fetcher goes on (R-M4)
        }
        self.leave_role(p);
        if let Some(leader) = leader {
            let r = self.b.replica_mut(p).expect("checked above");
            r.role = Role::Follower { leader, stopped: false, asking: false };
            self.out.event(EventKind::BecameFollower { broker: me, partition: p, leader, epoch: le });
            self.prepare_log(p);
            self.follow(p, leader);
        }
    }

    /// Ends what the replica does now: clients that wait are told, fetches of it end.
    fn leave_role(&mut self, p: PartitionId) {
        let me = self.b.id;
        let Some(r) = self.b.replica_mut(p) else {
            return;
        };
        match std::mem::replace(&mut r.role, Role::Idle) {
            Role::Idle => {}
            Role::Follower { leader, .. } => {
                self.unfollow(p, leader);
                self.fail_readers(p);
            }
            Role::Leader(l) => {
                for f in &l.followers {
                    self.out.disarm(Timer::Lag { leader: me, partition: p, follower: f.broker });
                }
                self.out.disarm(Timer::AlterRetry { broker: me, partition: p });
                self.fail_waiting(p);
                self.drop_share(p);
                self.unload_transactions(p);
                self.fail_markers(p);
                self.fail_txn_offsets(p);
                self.tell_followers_not_leader(p, &l);
            }
        }
    }
}

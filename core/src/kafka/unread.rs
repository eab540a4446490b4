//! What nobody will read: a search takes it away, so that states that differ in nothing else are one.

use super::broker::{Broker, Peer};
use super::changes::Changes;
use super::client::MetaState;
use super::memo::Intake;
use super::producer::Producer;
use super::replica::{FollowerState, Replica};
use super::{Flight, Out, World};
use crate::ids::*;
use crate::shared::Shared;
use smallvec::SmallVec;

/// What is still to come in a search, as far as it decides what somebody may read again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Ahead {
    /// A follower may be found behind.
    pub(crate) lag: bool,
    /// Applications may send more.
    pub(crate) sends: bool,
}

impl World {
    /// Takes away what can change nothing any more: answers on connections that were given up, requests on such
    /// connections to a process that is gone, fetch sessions of such connections. For searches; a picture shows them arrive.
    /// Says whose: the client or follower, and its link's other end.
    /// `changes`: since a state where nothing was unread.
    pub(crate) fn prune_unread(&mut self, changes: &Changes, out: &mut Out) -> SmallVec<[(Actor, Actor); 2]> {
        let mut gone: SmallVec<[(Actor, Actor); 2]> = SmallVec::new();
        let unread: SmallVec<[MsgId; 4]> = self.maybe_unread(changes).filter(|f| self.is_unread(f)).map(|f| f.id).collect();
        if !unread.is_empty() {
            gone.extend(self.net.iter().filter(|f| unread.contains(&f.id)).map(|f| (f.from, f.to)));
            self.net.retain(|f| !unread.contains(&f.id));
        }
        for i in 0..self.brokers.len() {
            let b = self.brokers[i].id;
            if !self.maybe_stale(b, changes) {
                continue;
            }
            let me = Actor::Broker(b);
            let stale: SmallVec<[BrokerId; 4]> = self.brokers[i].peers.iter().filter(|p| self.is_stale(b, p)).map(|p| p.follower).collect();
            if !stale.is_empty() {
                gone.extend(stale.iter().map(|f| (Actor::Broker(*f), me)));
                let stale = stale.into_iter().collect();
                self.take_in(me, &Intake::Forget(stale), out);
            }
        }
        gone
    }

    /// Is a fetch session that a broker holds of a connection that was given up, or of a process that is gone?
    pub(super) fn is_stale(&self, leader: BrokerId, p: &Peer) -> bool {
        let follower = Actor::Broker(p.follower);
        self.current_conn(follower, Actor::Broker(leader)) != Some(p.conn) || self.broker(p.follower).epoch != Some(p.be)
    }

    pub(super) fn is_unread(&self, f: &Flight) -> bool {
        if self.is_current(f).0 {
            return false;
        }
        !f.body.is_request() || matches!(f.to, Actor::Broker(b) if !self.broker(b).is_up())
    }
}

/// What an actor itself will not read again.
impl World {
    /// Takes away what whoever holds it will overwrite before it reads it. For searches; nothing that happens depends on it.
    /// Says which actors forgot something. `changes`: since a state where nobody had anything to forget.
    pub(crate) fn rest(&mut self, changes: &Changes, ahead: Ahead, out: &mut Out) -> SmallVec<[Actor; 2]> {
        let mut rested = SmallVec::new();
        for i in 0..self.brokers.len() {
            let me = Actor::Broker(self.brokers[i].id);
            if changes.touched(self.bit(me)) && self.brokers[i].may_rest(ahead) {
                self.take_in(me, &Intake::Rest(ahead), out);
                rested.push(me);
            }
        }
        for i in 0..self.producers.len() {
            if !ahead.sends && self.setup.producers[i].app.is_none() && self.producers[i].may_rest() {
                let me = Actor::Producer(self.producers[i].id);
                self.take_in(me, &Intake::Rest(ahead), out);
                rested.push(me);
            }
        }
        rested
    }
}

impl Broker {
    fn may_rest(&self, ahead: Ahead) -> bool {
        let forgettable = |r: &Replica| !self.is_up() && (r.hw, r.le, r.pe) != r.at_start() || r.has_idle_positions(ahead.lag);
        self.replicas.iter().any(|r| forgettable(r)) || self.peers.iter().any(|p| self.is_idle(p))
    }

    /// A process that is down starts with the high watermarks of its checkpoint file and without epochs. A fetch session
    /// in which nothing is open or waits is as good as none.
    pub(super) fn rest(&mut self, ahead: Ahead) {
        let up = self.is_up();
        for r in &mut self.replicas {
            let at_start = r.at_start();
            if !up && (r.hw, r.le, r.pe) != at_start {
                let r = Shared::make_mut(r);
                (r.hw, r.le, r.pe) = at_start;
            }
            if r.has_idle_positions(ahead.lag) {
                Shared::make_mut(r).forget_idle_positions(ahead.lag);
            }
        }
        let idle: BrokerSet = self.peers.iter().filter(|p| self.is_idle(p)).map(|p| p.follower).collect();
        self.peers.retain(|p| !idle.has(p.follower));
    }

    /// A fetch session that could as well begin with the next fetch.
    fn is_idle(&self, p: &Peer) -> bool {
        let open = |r: &Replica| r.leading().is_some_and(|l| l.followers.iter().any(|f| f.broker == p.follower && f.open));
        !p.parked && !p.recheck && p.news.is_empty() && !self.replicas.iter().any(|r| open(r))
    }
}

impl Replica {
    /// What [`Replica::restart`] will make of it.
    fn at_start(&self) -> (Offset, LeaderEpoch, PartitionEpoch) {
        (self.hw_checkpoint.min(self.log.leo()), LeaderEpoch(0), PartitionEpoch(0))
    }

    /// Does a leader remember where its log ended at a fetch, of a follower whose next fetch overwrites that first?
    fn has_idle_positions(&self, lag: bool) -> bool {
        self.leading().is_some_and(|l| l.followers.iter().any(|f| f.leader_leo_at_fetch > Offset::ZERO && f.is_idle(lag)))
    }

    fn forget_idle_positions(&mut self, lag: bool) {
        let Some(l) = self.leading_mut() else { return };
        l.followers.iter_mut().filter(|f| f.is_idle(lag)).for_each(|f| f.leader_leo_at_fetch = Offset::ZERO);
    }
}

impl FollowerState {
    /// It only decides about the lag of a follower in a session: whether one that is behind is so no more.
    fn is_idle(&self, lag: bool) -> bool {
        !self.open || !self.lag_expired && !lag
    }
}

impl Producer {
    /// It has nothing to send and waits for nothing, but knows something, or asks.
    fn may_rest(&self) -> bool {
        let busy = self.txn.is_some()
            || !self.conns.is_empty()
            || self.flushing
            || !self.blocked.is_empty()
            || self.parts.iter().any(|p| !p.queue.is_empty());
        let m = &self.meta;
        let knows = m.state != MetaState::Idle || m.contact != BrokerId(1) || m.leaders.iter().any(|l| *l != (None, LeaderEpoch(0)));
        !busy && (knows || self.parts.iter().any(|p| p.backing_off))
    }

    /// Nobody will send anything more, so it needs no leaders.
    pub(super) fn rest(&mut self) {
        self.parts.iter_mut().for_each(|p| p.backing_off = false);
        let m = &mut self.meta;
        (m.state, m.contact) = (MetaState::Idle, BrokerId(1));
        m.leaders.iter_mut().for_each(|l| *l = (None, LeaderEpoch(0)));
    }
}

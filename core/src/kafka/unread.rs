//! What nobody will read: a search takes it away, so that states that differ in nothing else are one.

use super::broker::Peer;
use super::changes::Changes;
use super::memo::Intake;
use super::{Flight, Out, World};
use crate::ids::*;
use smallvec::SmallVec;

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

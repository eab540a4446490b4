//! The canonical encoding of a world: what can matter to what happens next, in pieces.

use super::broker::Broker;
use super::message::{Body, ConnGen};
use super::{Flight, World};
use crate::hash::fingerprint;
use crate::ids::*;
use crate::order;
use smallvec::SmallVec;

/// The canonical encoding: everything that can matter to what happens next, at fixed widths (see [`crate::hash`]).
impl std::hash::Hash for World {
    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        let mut all: SmallVec<[(u64, u64); 32]> = SmallVec::new();
        self.encode(&mut |place, content| all.push((place, content)));
        order::sort(&mut all);
        all.hash(h);
    }
}

impl World {
    /// The canonical encoding in pieces: what stands at each place, in any order. A place comes once at most.
    pub(crate) fn encode(&self, put: &mut impl FnMut(u64, u64)) {
        let mut all = |x: (u64, u64)| put(x.0, x.1);
        (0..self.actors()).for_each(|n| all(self.encode_actor(n)));
        (0..self.net.len()).for_each(|i| all(self.encode_message(i)));
        self.brokers.iter().filter_map(|b| self.encode_connections(b)).for_each(all);
        self.encode_rest(put);
    }

    /// The actor at this place.
    pub(super) fn encode_actor(&self, place: usize) -> (u64, u64) {
        let (brokers, producers) = (1 + self.brokers.len(), 1 + self.brokers.len() + self.producers.len());
        let (actor, print) = if place == 0 {
            (Actor::Controller, self.controller.print())
        } else if let Some(b) = self.brokers.get(place - 1) {
            (Actor::Broker(b.id), b.print())
        } else if let Some(p) = self.producers.get(place - brokers) {
            (Actor::Producer(p.id), p.print())
        } else if let Some(c) = self.consumers.get(place - producers) {
            (Actor::Consumer(c.id), c.print())
        } else {
            let v = &self.voters[place - producers - self.consumers.len()];
            (Actor::Voter(v.id), v.print())
        };
        (1 << 56 | u64::from(actor.code()), print)
    }

    /// The message with this place on the wire. Ids only order messages within a link; between links the order is nobody's business.
    pub(super) fn encode_message(&self, i: usize) -> (u64, u64) {
        let f = &self.net[i];
        let nth = self.net[..i].iter().filter(|e| (e.from, e.to) == (f.from, f.to)).count() as u64;
        let (conn, session) = self.is_current(f);
        let bits = u64::from(conn) << 1 | u64::from(session);
        (2 << 56 | nth << 40 | bits << 32 | u64::from(f.link()), f.body.print())
    }

    /// What few clusters have.
    pub(super) fn encode_rest(&self, put: &mut impl FnMut(u64, u64)) {
        if self.setup.has_streams() {
            // What a thread wrote depends on what its store said then.
            let threads = self.setup.consumers.iter().filter(|c| c.streams.is_some()).filter_map(|c| c.output);
            for (i, o) in (0u64..).zip(threads) {
                put(11 << 56 | i, fingerprint(&self.data.of_producer(o.producer).collect::<Vec<_>>()));
            }
        }
        if self.rosters.len() > self.setup.groups.len() {
            put(4 << 56, fingerprint(&self.rosters[self.setup.groups.len()..])); // those of the beginning never change
        }
        if !self.cut.is_empty() || !self.drop_next.is_empty() {
            put(5 << 56, fingerprint(&(&self.cut, &self.drop_next)));
        }
    }
}

/// Connections in the encoding.
impl World {
    /// A connection's ordinal matters only as "the client's current one, or an old one": old ones never come back.
    pub(super) fn current_conn(&self, client: Actor, server: Actor) -> Option<ConnGen> {
        let Actor::Broker(b) = server else { return None };
        match client {
            Actor::Producer(p) => Some(self.producers[p.ix()].meta.conn(b)),
            Actor::Consumer(c) => Some(self.consumers[c.ix()].meta.conn(b)),
            Actor::Broker(f) => self.broker(f).fetchers.iter().find(|x| x.leader == b).map(|x| x.conn),
            Actor::Controller | Actor::Voter(_) | Actor::Zookeeper => None,
        }
    }

    /// Is the message of its client's current connection, and, for a fetch, of the session that the leader has?
    pub(super) fn is_current(&self, f: &Flight) -> (bool, bool) {
        let Some(conn) = f.body.conn() else { return (true, true) };
        if let Body::Fetch { be, .. } = *f.body
            && let (Actor::Broker(follower), Actor::Broker(leader)) = (f.from, f.to)
        {
            let session = self.broker(leader).peers.iter().any(|p| (p.follower, p.conn, p.be) == (follower, conn, be));
            return (self.current_conn(f.from, f.to) == Some(conn), session);
        }
        let (client, server) = if f.body.is_request() { (f.from, f.to) } else { (f.to, f.from) };
        (self.current_conn(client, server) == Some(conn), true)
    }

    /// Which of the requests and sessions that a broker holds are of their clients' current connections; none if it holds none.
    pub(super) fn encode_connections(&self, b: &Broker) -> Option<(u64, u64)> {
        let (me, mut bits, mut any) = (Actor::Broker(b.id), 1u64, false);
        let mut note = |client: Actor, conn: ConnGen| {
            any = true;
            bits = bits.rotate_left(1) ^ u64::from(self.current_conn(client, me) == Some(conn)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        };
        b.peers.iter().for_each(|p| note(Actor::Broker(p.follower), p.conn));
        b.produces.iter().for_each(|p| note(Actor::Producer(p.producer), p.conn));
        b.commits.iter().for_each(|c| note(Actor::Consumer(c.consumer), c.conn));
        b.consumer_fetches.iter().for_each(|c| note(Actor::Consumer(c.consumer), c.conn));
        if !self.setup.groups.is_empty() {
            for m in b.groups.iter().flat_map(|g| &g.members) {
                m.joining.iter().chain(&m.syncing).for_each(|c| note(Actor::Consumer(m.id.consumer), *c));
            }
            b.consumer_groups.iter().flat_map(|g| g.connections()).for_each(|(c, conn)| note(Actor::Consumer(c), conn));
            b.share_connections().for_each(|(c, conn)| note(Actor::Consumer(c), conn));
        }
        if !self.setup.transactions.is_empty() {
            b.txn.connections().for_each(|(p, conn)| note(Actor::Producer(p), conn));
        }
        any.then_some((3 << 56 | u64::from(b.id.0), bits))
    }
}

//! What a step changed: a search looks again only at that. Most of a state is as it was before.

use super::broker::Broker;
use super::parts::{Part, Parts};
use super::{Flight, World};
use crate::hash::scatter;
use crate::ids::*;
use smallvec::SmallVec;

/// How a world differs from the one before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// Actors that are not the same any more, as bits (see [`World::bit`]).
    touched: u64,
    /// Of those: whose connections differ, or who registered, was fenced, started or ended.
    moved: u64,
    /// Places of messages before that are gone, …
    gone: SmallVec<[u16; 4]>,
    /// … and how many are still there; those after them are new.
    kept: usize,
    /// Links that messages were taken from.
    shortened: SmallVec<[u32; 4]>,
}

impl Changes {
    /// Everything may be different.
    pub(crate) fn all() -> Self {
        Changes { touched: u64::MAX, moved: u64::MAX, ..Changes::default() }
    }

    /// Is one of these actors not the same any more?
    pub(super) fn touched(&self, bits: u64) -> bool {
        self.touched & bits != 0
    }

    /// Where a message that is still there stood before.
    fn was(&self, i: usize) -> usize {
        self.gone.iter().fold(i, |at, g| if usize::from(*g) <= at { at + 1 } else { at })
    }
}

impl Broker {
    /// Is it up or down as before, in the same registration, fenced or not, with the same connections to leaders?
    pub(super) fn keeps_footing(&self, before: &Broker) -> bool {
        let standing = |b: &Broker| (b.epoch, b.power, b.unfenced.has(b.id));
        let connections = self.fetchers.iter().map(|f| (f.leader, f.conn)).eq(before.fetchers.iter().map(|f| (f.leader, f.conn)));
        standing(self) == standing(before) && connections
    }
}

impl World {
    /// The bit of an actor. Those beyond 63 share the last one, which only makes them be looked at too often.
    pub(super) fn bit(&self, a: Actor) -> u64 {
        1 << self.place(a).min(63)
    }

    /// What changed since `before`, a state of the same cluster that this one came from.
    pub(crate) fn changes(&self, before: &World) -> Changes {
        let mut c = Changes::default();
        if !self.controller.is_same(&before.controller) {
            c.touched |= 1;
        }
        for (x, y) in self.brokers.iter().zip(&before.brokers).filter(|(x, y)| !x.is_same(y)) {
            let bit = self.bit(Actor::Broker(x.id));
            c.touched |= bit;
            c.moved |= if x.keeps_footing(y) { 0 } else { bit };
        }
        for (x, y) in self.producers.iter().zip(&before.producers).filter(|(x, y)| !x.is_same(y)) {
            let bit = self.bit(Actor::Producer(x.id));
            c.touched |= bit;
            c.moved |= if x.meta.conns == y.meta.conns { 0 } else { bit };
        }
        for (x, y) in self.consumers.iter().zip(&before.consumers).filter(|(x, y)| !x.is_same(y)) {
            let bit = self.bit(Actor::Consumer(x.id));
            c.touched |= bit;
            c.moved |= if x.meta.conns == y.meta.conns { 0 } else { bit };
        }
        for (x, _) in self.voters.iter().zip(&before.voters).filter(|(x, y)| !x.is_same(y)) {
            let bit = self.bit(Actor::Voter(x.id));
            (c.touched, c.moved) = (c.touched | bit, c.moved | bit);
        }
        let mut rest = self.net.iter().map(|f| f.id).peekable();
        for (i, f) in before.net.iter().enumerate() {
            if rest.next_if_eq(&f.id).is_some() {
                c.kept += 1;
            } else {
                c.gone.push(i as u16);
                c.shortened.push(f.link());
            }
        }
        c
    }

    /// Messages that may be unread now, though they were not before.
    pub(super) fn maybe_unread<'a>(&'a self, c: &'a Changes) -> impl Iterator<Item = &'a Flight> {
        let concerned = move |i: usize, f: &Flight| i >= c.kept || c.moved != 0 && c.moved & (self.bit(f.from) | self.bit(f.to)) != 0;
        self.net.iter().enumerate().filter(move |(i, f)| concerned(*i, f)).map(|x| x.1)
    }

    /// May a broker hold fetch sessions of connections that were given up?
    pub(super) fn maybe_stale(&self, b: BrokerId, c: &Changes) -> bool {
        c.moved != 0 || c.touched & self.bit(Actor::Broker(b)) != 0
    }

    /// Messages at the head of their link that may look different than before: they are new there, or their receiver is in
    /// another standing. Of those that are `wanted`, which is cheaper to ask first.
    pub(crate) fn news<'a>(&'a self, c: &'a Changes, wanted: impl Fn(&Flight) -> bool + 'a) -> impl Iterator<Item = &'a Flight> {
        // As a rule nothing but what is new can be any.
        let first = if c.moved == 0 && c.shortened.is_empty() { c.kept } else { 0 };
        let looks_new = move |i: usize, f: &Flight| {
            i >= c.kept || c.moved != 0 && c.moved & self.bit(f.to) != 0 || !c.shortened.is_empty() && c.shortened.contains(&f.link())
        };
        let is_head = move |i: usize, f: &Flight| !self.net[..i].iter().any(|e| e.link() == f.link());
        self.net.iter().enumerate().skip(first).filter(move |(i, f)| looks_new(*i, f) && wanted(f) && is_head(*i, f)).map(|x| x.1)
    }

    /// The fingerprint of the encoding (a sum over its pieces), given that of the state before in pieces.
    pub(crate) fn print_of_changes(&self, c: &Changes, before: &Tally) -> u64 {
        let mut sum = before.actors;
        for (n, was) in before.each_actor.iter().enumerate().filter(|x| c.touched >> x.0.min(63) & 1 == 1) {
            let (place, content) = self.encode_actor(n);
            sum = sum.wrapping_sub(*was).wrapping_add(scatter(place, content));
        }
        sum = c.gone.iter().fold(sum.wrapping_add(before.all_messages), |sum, g| sum.wrapping_sub(before.messages[usize::from(*g)].print));
        for i in 0..c.kept {
            let was = &before.messages[c.was(i)];
            if c.moved & was.ends != 0 || c.touched & was.leader != 0 || c.shortened.contains(&was.link) {
                sum = sum.wrapping_sub(was.print).wrapping_add(self.message_print(i));
            }
        }
        sum = (c.kept..self.net.len()).fold(sum, |sum, i| sum.wrapping_add(self.message_print(i)));
        for (b, was) in self.brokers.iter().zip(&before.connections) {
            let same = c.moved == 0 && c.touched & self.bit(Actor::Broker(b.id)) == 0;
            sum = sum.wrapping_add(if same { *was } else { self.connections_print(b) });
        }
        self.encode_rest(&mut |place, content| sum = sum.wrapping_add(scatter(place, content)));
        sum
    }

    fn message_print(&self, i: usize) -> u64 {
        let (place, content) = self.encode_message(i);
        scatter(place, content)
    }

    fn connections_print(&self, b: &Broker) -> u64 {
        self.encode_connections(b).map_or(0, |(place, content)| scatter(place, content))
    }

    /// Puts it into words, given those of the state before: numbers of its parts, then for each message its own and its link.
    pub(crate) fn pack(&self, c: &Changes, before: &[u32], parts: &mut Parts, words: &mut Vec<u32>) {
        let actors = self.packed_parts();
        words.extend((0..actors).map(|n| {
            let same = n < self.actors() && c.touched >> n.min(63) & 1 == 0;
            if same { before[n] } else { parts.number(&self.part(n)) }
        }));
        for (i, f) in self.net.iter().enumerate() {
            let same = i < c.kept;
            words.push(if same { before[actors + 2 * c.was(i)] } else { parts.number(&Part::Message(f.body.clone())) });
            words.push(f.link());
        }
    }
}

/// A message's piece of a fingerprint, and what it depends on.
#[derive(Debug)]
struct MessagePrint {
    print: u64,
    /// Its sender and its receiver.
    ends: u64,
    /// A broker that another broker fetches from: its fetch sessions say which fetches are of them.
    leader: u64,
    link: u32,
}

/// A world's fingerprint in pieces.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Of actors, by their bits; and their sum.
    each_actor: SmallVec<[u64; 8]>,
    actors: u64,
    /// Of messages, in order; and their sum.
    messages: SmallVec<[MessagePrint; 12]>,
    all_messages: u64,
    /// Of what each broker holds for connections.
    connections: SmallVec<[u64; 4]>,
}

impl Tally {
    /// Becomes that of a world.
    pub(crate) fn count(&mut self, w: &World) {
        self.each_actor.clear();
        self.each_actor.extend((0..w.actors()).map(|n| {
            let (place, content) = w.encode_actor(n);
            scatter(place, content)
        }));
        self.actors = self.each_actor.iter().fold(0, |sum, x| sum.wrapping_add(*x));
        self.messages.clear();
        self.messages.extend(w.net.iter().enumerate().map(|(i, f)| {
            let between_brokers = matches!((f.from, f.to), (Actor::Broker(_), Actor::Broker(_)));
            let leader = if between_brokers { w.bit(f.to) } else { 0 };
            MessagePrint { print: w.message_print(i), ends: w.bit(f.from) | w.bit(f.to), leader, link: f.link() }
        }));
        self.all_messages = self.messages.iter().fold(0, |sum, x| sum.wrapping_add(x.print));
        self.connections.clear();
        self.connections.extend(w.brokers.iter().map(|b| w.connections_print(b)));
    }
}

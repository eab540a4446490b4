//! Equal parts of a search's states as one: each kept once, with a number.

use super::World;
use super::broker::Broker;
use super::consumer::Consumer;
use super::controller::Controller;
use super::log::records::RecordTable;
use super::message::Body;
use super::producer::Producer;
use super::quorum::Voter;
use super::replica::Replica;
use crate::ids::*;
use crate::shared::Shared;
use crate::slots::Slots;

/// A part of a world: an actor, a message, or the table of records.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Part {
    Controller(Shared<Controller>),
    Broker(Shared<Broker>),
    Producer(Shared<Producer>),
    Consumer(Shared<Consumer>),
    Voter(Shared<Voter>),
    Message(Shared<Body>),
    Records(Shared<RecordTable>),
}

/// The same for each kind.
macro_rules! each {
    ($part:expr, $x:ident => $what:expr) => {
        match $part {
            Part::Controller($x) => $what,
            Part::Broker($x) => $what,
            Part::Producer($x) => $what,
            Part::Consumer($x) => $what,
            Part::Voter($x) => $what,
            Part::Message($x) => $what,
            Part::Records($x) => $what,
        }
    };
}

impl Part {
    fn print(&self) -> u64 {
        each!(self, x => x.print())
    }

    fn number(&self) -> u32 {
        each!(self, x => x.number())
    }

    /// Is it the very same piece of memory?
    fn is_same(&self, o: &Part) -> bool {
        match (self, o) {
            (Part::Controller(x), Part::Controller(y)) => x.is_same(y),
            (Part::Broker(x), Part::Broker(y)) => x.is_same(y),
            (Part::Producer(x), Part::Producer(y)) => x.is_same(y),
            (Part::Consumer(x), Part::Consumer(y)) => x.is_same(y),
            (Part::Voter(x), Part::Voter(y)) => x.is_same(y),
            (Part::Message(x), Part::Message(y)) => x.is_same(y),
            (Part::Records(x), Part::Records(y)) => x.is_same(y),
            _ => false,
        }
    }

    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        match self {
            Part::Controller(_) => size_of::<Controller>(),
            Part::Broker(b) => size_of::<Broker>() + b.replicas.len() * size_of::<Replica>(),
            Part::Producer(_) => size_of::<Producer>(),
            Part::Consumer(_) => size_of::<Consumer>(),
            Part::Voter(_) => size_of::<Voter>(),
            Part::Message(_) => size_of::<Body>(),
            Part::Records(r) => r.bytes(),
        }
    }
}

/// Parts by number, from 1.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    all: Vec<Option<Part>>,
    /// Numbers that were given up.
    free: Vec<u32>,
    by_print: Slots,
    bytes: usize,
}

impl Parts {
    /// About how much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.by_print.bytes() + self.all.len() * size_of::<Option<Part>>()
    }

    /// The highest number.
    pub(crate) fn last(&self) -> u32 {
        self.all.len() as u32
    }

    pub(super) fn get(&self, n: u32) -> Option<&Part> {
        self.all.get((n as usize).checked_sub(1)?)?.as_ref()
    }

    /// The number of a part, in full equal to this one. Nothing is looked up by a fingerprint alone: what the canonical
    /// encoding leaves out is compared too.
    pub(super) fn number(&mut self, part: &Part) -> u32 {
        let n = part.number();
        // A number may be an old one, which another part has by now.
        if self.get(n).is_some_and(|p| p.is_same(part)) {
            return n;
        }
        let print = part.print();
        let equal = |i: usize| self.all[i].as_ref().is_some_and(|p| p.print() == print && p == part);
        match self.by_print.find(print, equal) {
            Some(i) => i as u32 + 1,
            None => self.add(part.clone(), print),
        }
    }

    fn add(&mut self, part: Part, print: u64) -> u32 {
        let n = self.free.pop().unwrap_or_else(|| {
            self.all.push(None);
            self.all.len() as u32
        });
        self.bytes += part.bytes();
        each!(&part, x => x.set_number(n));
        self.by_print.add(print, n as usize - 1);
        self.all[n as usize - 1] = Some(part);
        n
    }

    /// The one that stands for all that are equal to it.
    pub(super) fn one(&mut self, part: &Part) -> Part {
        let n = self.number(part);
        self.get(n).expect("it has just got its number").clone()
    }

    /// Gives up those whose numbers are not in `used`.
    pub(crate) fn keep(&mut self, used: &[bool]) {
        (self.bytes, self.by_print) = (0, Slots::default());
        for (i, place) in self.all.iter_mut().enumerate() {
            match place {
                Some(p) if used[i + 1] => {
                    self.bytes += p.bytes();
                    self.by_print.add(p.print(), i);
                }
                Some(_) => {
                    *place = None;
                    self.free.push(i as u32 + 1);
                }
                None => {}
            }
        }
    }
}

impl World {
    /// How many actors there are.
    pub(super) fn actors(&self) -> usize {
        1 + self.brokers.len() + self.producers.len() + self.consumers.len() + self.voters.len()
    }

    /// How many numbers stand before those of messages.
    pub(crate) fn packed_parts(&self) -> usize {
        self.actors() + usize::from(self.setup.keeps_records())
    }

    /// An actor's place among all: the controller, brokers, producers, consumers, voters.
    pub(super) fn place(&self, a: Actor) -> usize {
        match a {
            Actor::Controller | Actor::Zookeeper => 0, // what ZooKeeper keeps is the controller's state
            Actor::Broker(b) => 1 + b.ix(),
            Actor::Producer(p) => 1 + self.brokers.len() + p.ix(),
            Actor::Consumer(c) => 1 + self.brokers.len() + self.producers.len() + c.ix(),
            Actor::Voter(v) => self.actors() - self.voters.len() + v.ix(),
        }
    }

    /// The actor at a place; after the last one, the table of records.
    pub(super) fn part(&self, place: usize) -> Part {
        let (brokers, producers) = (1 + self.brokers.len(), 1 + self.brokers.len() + self.producers.len());
        if place == 0 {
            Part::Controller(self.controller.clone())
        } else if place < brokers {
            Part::Broker(self.brokers[place - 1].clone())
        } else if place < producers {
            Part::Producer(self.producers[place - brokers].clone())
        } else if let Some(c) = self.consumers.get(place - producers) {
            Part::Consumer(c.clone())
        } else if place < self.actors() {
            Part::Voter(self.voters[place - producers - self.consumers.len()].clone())
        } else {
            Part::Records(self.data.clone())
        }
    }

    /// Which of the words are numbers of parts.
    pub(crate) fn numbers(words: &[u32], parts: usize) -> impl Iterator<Item = u32> {
        let (actors, net) = words.split_at(parts);
        actors.iter().chain(net.iter().step_by(2)).copied()
    }

    /// Becomes what the words say; it is of the same setup, and what they do not say never changes in a search. Messages
    /// are counted anew, in the same order.
    pub(crate) fn unpack(&mut self, parts: &Parts, words: &[u32]) {
        let (actors, net) = words.split_at(self.packed_parts());
        let (mut brokers, mut producers, mut consumers) = (self.brokers.iter_mut(), self.producers.iter_mut(), self.consumers.iter_mut());
        let mut voters = self.voters.iter_mut();
        for n in actors {
            match parts.get(*n) {
                Some(Part::Controller(x)) => self.controller.clone_from(x),
                Some(Part::Broker(x)) => put(brokers.next(), x),
                Some(Part::Producer(x)) => put(producers.next(), x),
                Some(Part::Consumer(x)) => put(consumers.next(), x),
                Some(Part::Voter(x)) => put(voters.next(), x),
                Some(Part::Records(x)) => self.data.clone_from(x),
                Some(Part::Message(_)) | None => unreachable!("a waiting state's parts are kept"),
            }
        }
        self.net.truncate(net.len() / 2);
        for (i, m) in net.chunks_exact(2).enumerate() {
            let Some(Part::Message(body)) = parts.get(m[0]) else { unreachable!("a waiting state's messages are kept") };
            let (id, (from, to)) = (MsgId(i as u32), super::Flight::ends(m[1]));
            match self.net.get_mut(i) {
                Some(f) => {
                    (f.id, f.from, f.to) = (id, from, to);
                    f.body.clone_from(body);
                }
                None => self.net.push(super::Flight { id, from, to, body: body.clone() }),
            }
        }
        self.next_msg = net.len() as u32 / 2;
    }

    /// Becomes a copy of another world of the same setup; what both share stays where it is.
    pub(crate) fn copy_from(&mut self, o: &World) {
        self.controller.clone_from(&o.controller);
        self.brokers.iter_mut().zip(&o.brokers).for_each(|(x, y)| x.clone_from(y));
        self.producers.iter_mut().zip(&o.producers).for_each(|(x, y)| x.clone_from(y));
        self.consumers.iter_mut().zip(&o.consumers).for_each(|(x, y)| x.clone_from(y));
        self.voters.iter_mut().zip(&o.voters).for_each(|(x, y)| x.clone_from(y));
        self.data.clone_from(&o.data);
        self.net.truncate(o.net.len());
        for (i, f) in o.net.iter().enumerate() {
            match self.net.get_mut(i) {
                Some(x) => {
                    (x.id, x.from, x.to) = (f.id, f.from, f.to);
                    x.body.clone_from(&f.body);
                }
                None => self.net.push(f.clone()),
            }
        }
        self.next_msg = o.next_msg;
    }
}

fn put<T>(place: Option<&mut Shared<T>>, x: &Shared<T>) {
    place.expect("as many as the setup has").clone_from(x);
}

//! Steps of one actor alone, done in place and undone: most steps of a search lead to states that were seen before.
//!
//! Nothing is decided here: an actor does what it is remembered to do. Where more may come of it at once (somebody is
//! called, a connection ends, a message is unread), the caller takes the step in full instead.

use super::changes::Changes;
use super::memo::{Given, Key, Memo, Outcome};
use super::parts::Part;
use super::{Command, Flight, Input, World};
use crate::ids::*;

/// What such a step replaced.
#[derive(Debug)]
pub(crate) struct Undo {
    who: Actor,
    part: Part,
    taken: Option<(usize, Flight)>,
    sent: usize,
}

impl World {
    /// What is remembered of an input to one actor alone, in a world whose parts are those that are kept.
    pub(crate) fn remembered<'a>(&self, input: &Input, memo: &'a Memo) -> Option<(Actor, &'a Outcome)> {
        let (who, given) = match input {
            Input::Deliver(id) => {
                let f = &self.net[self.net.binary_search_by_key(id, |f| f.id).ok()?];
                (f.to, Given::Message(f.from, f.body.number()))
            }
            Input::Fire(t) => (t.actor(), Given::Timer(*t)),
            Input::Do(Command::Send { producer, partition, record, then }) => {
                (Actor::Producer(*producer), Given::Send(*partition, *record, *then))
            }
            Input::Do(_) => return None,
        };
        let down = matches!(who, Actor::Broker(b) if !self.broker(b).is_up());
        let wired = self.cut.is_empty() && self.drop_next.is_empty();
        let part = match who {
            Actor::Controller => self.controller.number(),
            Actor::Broker(b) => self.brokers[b.ix()].number(),
            Actor::Producer(p) => self.producers[p.ix()].number(),
            Actor::Consumer(c) => self.consumers[c.ix()].number(),
            Actor::Voter(v) => self.voters[v.ix()].number(),
        };
        let key = Key { part, given };
        memo.outcome(&key).filter(|o| o.plain && !down && wired).map(|o| (who, o))
    }

    /// Does what is remembered of it, and says how to undo it. None, and nothing is changed: more comes of it.
    pub(crate) fn do_locally(&mut self, input: &Input, who: Actor, o: &Outcome, changes: &mut Changes) -> Option<Undo> {
        let taken = match input {
            Input::Deliver(id) => self.net.binary_search_by_key(id, |f| f.id).ok().map(|i| (i, self.net.remove(i))),
            _ => None,
        };
        let part = self.part(self.place(who));
        changes.of_one(self.bit(who), taken.as_ref().map(|t| (t.0, &t.1)), self.net.len());
        self.set_part(who, &o.part);
        for (from, to, body) in &o.sends {
            self.net.push(Flight { id: MsgId(self.next_msg), from: *from, to: *to, body: body.clone() });
            self.next_msg += 1;
        }
        let undo = Undo { who, part, taken, sent: o.sends.len() };
        if self.has_unread(changes, who) {
            self.undo(undo);
            return None;
        }
        Some(undo)
    }

    /// Is there something that [`World::prune_unread`] would take away?
    fn has_unread(&self, changes: &Changes, who: Actor) -> bool {
        let stale = matches!(who, Actor::Broker(b) if self.broker(b).peers.iter().any(|p| self.is_stale(b, p)));
        stale || self.maybe_unread(changes).any(|f| self.is_unread(f))
    }

    /// Undoes it.
    pub(crate) fn undo(&mut self, u: Undo) {
        self.net.truncate(self.net.len() - u.sent);
        self.next_msg -= u.sent as u32;
        if let Some((i, f)) = u.taken {
            self.net.insert(i, f);
        }
        self.set_part(u.who, &u.part);
    }
}

//! A broker as an observer of the metadata log: it fetches, and so learns who the active controller is.

use super::{Fetched, QuorumBody, QuorumTimer};
use crate::event::{EventKind, QuorumEvent};
use crate::ids::*;
use crate::kafka::broker::Cx;
use crate::kafka::message::{Body, Change};
use crate::kafka::replica::PendingIsr;
use crate::kafka::step::Timer;
use smallvec::SmallVec;

/// What a broker knows of the quorum.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Observer {
    /// The highest epoch that it has heard of.
    pub epoch: QuorumEpoch,
    /// The active controller.
    pub leader: Option<VoterId>,
    /// Whom it asks next while it knows of none.
    pub ask: VoterId,
    /// Its fetch.
    pub fetch: Asking,
}

/// Where a broker's fetch of the metadata log stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Asking {
    /// It has none out: it knows the controller, and is not registered yet.
    No,
    /// It waits for an answer.
    Out,
    /// It was sent away, and waits before it asks again.
    Later,
}

impl Observer {
    /// Of a broker in the settled cluster.
    pub(in crate::kafka) fn settled() -> Self {
        Observer { epoch: QuorumEpoch(1), leader: Some(VoterId(1)), ask: VoterId(1), fetch: Asking::No }
    }

    /// Of a process that starts: it knows the voters' addresses, and the epoch of its disk.
    pub(in crate::kafka) fn at_start(self) -> Self {
        Observer { leader: None, ask: VoterId(1), fetch: Asking::No, ..self }
    }

    /// Timers that it implies.
    pub(in crate::kafka) fn armed(&self, b: BrokerId, f: &mut impl FnMut(Timer)) {
        match self.fetch {
            Asking::No => {}
            Asking::Out => f(Timer::Quorum(QuorumTimer::ObserverFetch(b))),
            Asking::Later => f(Timer::Quorum(QuorumTimer::ObserverBackoff(b))),
        }
    }
}

impl Cx<'_> {
    /// Fetches metadata, from the active controller or, where none is known, from the next voter.
    pub(in crate::kafka) fn observe(&mut self) {
        let (me, voters) = (self.b.id, self.setup.voters);
        // One that has applied nothing since it started takes a snapshot.
        let end = Some(self.b.applied).filter(|_| self.b.epochs.iter().any(|e| e.0 > 0));
        let Some(o) = &mut self.b.observer else { return };
        let to = o.leader.unwrap_or(o.ask);
        if o.leader.is_none() {
            o.ask = VoterId(o.ask.0 % voters + 1);
        }
        if o.fetch == Asking::Later {
            self.out.disarm(Timer::Quorum(QuorumTimer::ObserverBackoff(me)));
        }
        o.fetch = Asking::Out;
        let fetch = QuorumBody::Fetch { epoch: o.epoch, last_epoch: o.epoch, end, hw: end.unwrap_or(0) };
        self.out.arm(Timer::Quorum(QuorumTimer::ObserverFetch(me)));
        self.send(Actor::Voter(to), Body::Quorum(fetch));
    }

    /// A timer of its fetch ran out.
    pub(in crate::kafka) fn on_observer_timer(&mut self, t: QuorumTimer) {
        if let (QuorumTimer::ObserverFetch(_), Some(o)) = (t, &mut self.b.observer) {
            o.leader = None; // nobody answered: another may know
        }
        self.observe();
    }

    /// It has asked the active controller for something, and there was no answer: who is it now?
    pub(in crate::kafka) fn look_for_controller(&mut self) {
        let idle = self.b.observer.as_mut().is_some_and(|o| {
            let idle = o.fetch == Asking::No;
            if idle {
                o.leader = None;
            }
            idle
        });
        if idle {
            self.observe();
        }
    }

    /// NOT_CONTROLLER: whom it took for the active controller is none.
    pub(in crate::kafka) fn not_controller(&mut self, from: Actor) {
        if let Some(o) = self.b.observer.as_mut().filter(|o| o.leader.map(Actor::Voter) == Some(from)) {
            o.leader = None;
            if o.fetch == Asking::No {
                self.observe();
            }
        }
    }

    /// The answer to its fetch.
    pub(in crate::kafka) fn on_metadata_fetched(&mut self, from: VoterId, epoch: QuorumEpoch, leader: Option<VoterId>, answer: &Fetched) {
        let me = self.b.id;
        let Some(o) = &mut self.b.observer else { return };
        if o.fetch != Asking::Out || epoch < o.epoch {
            return; // given up before, or of a voter that is behind
        }
        o.epoch = epoch;
        o.fetch = Asking::No;
        self.out.disarm(Timer::Quorum(QuorumTimer::ObserverFetch(me)));
        let changes: SmallVec<[Change; 1]> = match answer {
            Fetched::Records { entries, .. } => entries.iter().filter_map(|e| e.record.change()).collect(),
            Fetched::Snapshot { image, .. } => image.clone(),
            Fetched::Diverging { .. } | Fetched::NotLeader => {
                // It names the leader, or knows of none either.
                o.leader = None;
                match leader.filter(|l| *l != from) {
                    Some(l) => {
                        o.ask = l;
                        return self.observe();
                    }
                    None => {
                        o.fetch = Asking::Later;
                        return self.out.arm(Timer::Quorum(QuorumTimer::ObserverBackoff(me)));
                    }
                }
            }
        };
        self.found(from);
        let (after, upto) = match answer {
            Fetched::Records { from, entries, .. } => (*from, from + entries.len() as u32),
            Fetched::Snapshot { upto, .. } => (0, *upto),
            _ => return,
        };
        if self.b.epoch.is_some() {
            if !changes.is_empty() || upto > self.b.applied {
                self.on_metadata(after, upto, &changes);
            }
            self.observe();
        }
    }

    /// It knows the active controller: what it has to ask goes there.
    fn found(&mut self, voter: VoterId) {
        let Some(o) = self.b.observer.as_mut().filter(|o| o.leader != Some(voter)) else { return };
        o.leader = Some(voter);
        self.out.event(EventKind::Quorum(QuorumEvent::Found { broker: self.b.id, voter }));
        if self.b.epoch.is_none() {
            return self.register();
        }
        self.heartbeat();
        let asking = self.b.replicas.iter().filter(|r| r.leading().is_some_and(|l| l.pending != PendingIsr::None));
        let asking: SmallVec<[PartitionId; 2]> = asking.map(|r| r.partition).collect();
        asking.into_iter().for_each(|p| self.send_alter(p));
    }
}

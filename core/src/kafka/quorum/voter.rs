//! A voter: elections, the log, its high watermark (ctrl.C1 to C3).

use super::{Fetched, Lead, MetaEntry, MetaRecord, QuorumBody, QuorumTimer, Role, Voter, VoterSet, majority};
use crate::event::{EventKind, QuorumEvent};
use crate::ids::*;
use crate::kafka::message::Body;
use crate::kafka::setup::Setup;
use crate::kafka::step::{Out, Timer};
use crate::order;
use smallvec::SmallVec;

/// A voter at work.
pub(in crate::kafka) struct VoterCx<'a> {
    pub v: &'a mut Voter,
    pub setup: &'a Setup,
    pub out: &'a mut Out,
}

impl VoterCx<'_> {
    pub(super) fn say(&mut self, e: QuorumEvent) {
        self.out.event(EventKind::Quorum(e));
    }

    pub(super) fn send(&mut self, to: Actor, body: QuorumBody) {
        self.out.send(Actor::Voter(self.v.id), to, Body::Quorum(body));
    }

    fn send_others(&mut self, body: &QuorumBody) {
        let me = self.v.id;
        for v in self.setup.voter_ids().filter(|v| *v != me) {
            self.send(Actor::Voter(v), body.clone());
        }
    }

    pub(super) fn arm(&mut self, t: QuorumTimer) {
        self.out.arm(Timer::Quorum(t));
    }

    /// Another role: the old one's timers stop, the new one's begin. Fetches that waited are sent away.
    fn become_role(&mut self, role: Role) {
        let out = &mut *self.out;
        self.v.armed(&mut |t| out.disarm(t));
        let old = std::mem::replace(&mut self.v.role, role);
        self.v.armed(&mut |t| out.arm(t));
        if let Role::Leader(l) = old {
            l.parked.iter().for_each(|p| self.send_away(p.0));
        }
    }

    /// A higher epoch: votes of the old one count no more.
    fn enter_epoch(&mut self, epoch: QuorumEpoch) {
        self.become_role(Role::Unattached); // before the epoch changes: its timers name it
        let t = |e| Timer::Quorum(QuorumTimer::Election(self.v.id, e));
        self.out.disarm(t(self.v.epoch));
        self.out.arm(t(epoch));
        (self.v.epoch, self.v.voted) = (epoch, None);
    }

    /// The process begins: the settled cluster's, or one that starts again.
    pub fn begin(&mut self) {
        let out = &mut *self.out;
        self.v.armed(&mut |t| out.arm(t));
        if matches!(self.v.role, Role::Follower { .. }) {
            self.fetch();
        }
    }

    /// Its process starts again, with what is on its disk.
    pub fn start(&mut self) {
        self.v.up = true;
        self.say(QuorumEvent::Started { voter: self.v.id });
        self.begin();
    }

    /// Its process dies: what was in memory is gone.
    pub fn crash(&mut self) {
        let out = &mut *self.out;
        self.v.armed(&mut |t| out.disarm(t));
        (self.v.role, self.v.up, self.v.hw) = (Role::Unattached, false, 0);
        self.say(QuorumEvent::Crashed { voter: self.v.id });
    }

    /// A message arrived.
    pub fn on_message(&mut self, from: Actor, body: &Body) {
        match (from, body) {
            (Actor::Voter(x), Body::Quorum(q)) => self.on_voter(x, q),
            (Actor::Broker(_), Body::Quorum(QuorumBody::Fetch { epoch, last_epoch, end, hw })) => {
                self.on_fetch(from, *epoch, *last_epoch, *end, *hw);
            }
            (Actor::Broker(b), _) => self.on_broker(b, body),
            _ => {}
        }
    }

    fn on_voter(&mut self, x: VoterId, q: &QuorumBody) {
        match *q {
            QuorumBody::Vote { epoch, last_epoch, end, pre } => self.on_vote(x, epoch, (last_epoch, end), pre),
            QuorumBody::VoteResponse { epoch, leader, granted, pre } => {
                if self.is_current(epoch, leader) {
                    self.on_vote_answer(x, granted, pre);
                }
            }
            QuorumBody::BeginQuorumEpoch { epoch } => {
                self.is_current(epoch, Some(x));
            }
            QuorumBody::EndQuorumEpoch { epoch, successor } => {
                if self.is_current(epoch, None) && self.v.leader() == Some(x) {
                    if successor == self.v.id {
                        self.ask_before(None);
                    } else {
                        self.become_role(Role::Unattached);
                    }
                }
            }
            QuorumBody::Fetch { epoch, last_epoch, end, hw } => self.on_fetch(Actor::Voter(x), epoch, last_epoch, end, hw),
            QuorumBody::FetchResponse { epoch, leader, ref answer } => {
                if self.is_current(epoch, leader) && self.v.leader() == Some(x) && matches!(self.v.role, Role::Follower { .. }) {
                    self.on_fetched(answer);
                }
            }
            QuorumBody::BrokerHeartbeatResponse { .. } => {}
        }
    }

    /// Is what names this epoch up to date? A higher one is entered first. Who hears of a leader follows it.
    fn is_current(&mut self, epoch: QuorumEpoch, leader: Option<VoterId>) -> bool {
        if epoch > self.v.epoch {
            self.enter_epoch(epoch);
        }
        if let Some(l) = leader.filter(|l| epoch == self.v.epoch && self.v.leader().is_none() && *l != self.v.id) {
            self.follow(l);
        }
        epoch == self.v.epoch
    }

    /// A timer ran out.
    pub fn on_timer(&mut self, t: QuorumTimer) {
        match t {
            // ctrl.C1
            QuorumTimer::Fetch(_) => self.ask_before(self.v.leader()),
            QuorumTimer::Election(..) => match &self.v.role {
                Role::Prospective { leader: Some(l), .. } => {
                    let l = *l;
                    self.follow(l);
                }
                Role::Prospective { leader: None, .. } => self.become_role(Role::Unattached),
                _ => self.ask_before(None),
            },
            QuorumTimer::CheckQuorum(_) => self.resign(),
            QuorumTimer::Begin(_) => self.begin_epoch(),
            QuorumTimer::FetchWait(_, who) => {
                if let Role::Leader(l) = &mut self.v.role
                    && let Some(i) = l.parked.iter().position(|p| p.0 == who)
                {
                    let (_, from, _) = l.parked.remove(i);
                    self.answer(who, from);
                }
            }
            QuorumTimer::Session(_, b) => self.on_session(b),
            QuorumTimer::ObserverFetch(_) | QuorumTimer::ObserverBackoff(_) => {}
        }
    }

    // ---- elections

    /// KIP-996: would a majority elect it? Asked without a new epoch, so that one that was cut off disturbs nobody.
    fn ask_before(&mut self, leader: Option<VoterId>) {
        let (voter, epoch) = (self.v.id, self.v.epoch);
        self.become_role(Role::Prospective { leader, granted: VoterSet::of(voter), refused: VoterSet::default() });
        self.say(QuorumEvent::Prospective { voter, epoch });
        self.ask(true);
    }

    fn ask(&mut self, pre: bool) {
        let vote = QuorumBody::Vote { epoch: self.v.epoch, last_epoch: self.v.last_epoch(), end: self.v.end(), pre };
        self.send_others(&vote);
    }

    fn stand(&mut self) {
        let voter = self.v.id;
        self.enter_epoch(QuorumEpoch(self.v.epoch.0 + 1));
        self.v.voted = Some(voter);
        self.become_role(Role::Candidate { granted: VoterSet::of(voter) });
        self.say(QuorumEvent::Candidate { voter, epoch: self.v.epoch });
        self.ask(false);
    }

    fn on_vote(&mut self, x: VoterId, epoch: QuorumEpoch, log: (QuorumEpoch, u32), pre: bool) {
        if epoch > self.v.epoch {
            self.enter_epoch(epoch);
        }
        let up_to_date = log >= (self.v.last_epoch(), self.v.end());
        let open = match (&self.v.role, pre) {
            (Role::Leader(_), _) => false,
            (Role::Follower { fetched, .. }, true) => !fetched,
            (_, true) => true,
            (Role::Unattached | Role::Resigned | Role::Prospective { leader: None, .. }, false) => self.v.voted.is_none_or(|v| v == x),
            (_, false) => false,
        };
        let granted = epoch == self.v.epoch && up_to_date && open;
        if granted {
            if !pre {
                self.v.voted = Some(x);
                self.become_role(Role::Unattached);
            }
            self.say(QuorumEvent::VoteGranted { voter: self.v.id, to: x, epoch, pre });
        }
        let answer = QuorumBody::VoteResponse { epoch: self.v.epoch, leader: self.v.leader(), granted, pre };
        self.send(Actor::Voter(x), answer);
    }

    fn on_vote_answer(&mut self, x: VoterId, yes: bool, pre: bool) {
        let enough = majority(self.setup);
        match &mut self.v.role {
            Role::Prospective { leader, granted, refused } if pre => {
                if yes {
                    granted.add(x)
                } else {
                    refused.add(x)
                }
                let leader = *leader;
                if granted.len() >= enough {
                    self.stand();
                } else if refused.len() >= enough {
                    match leader {
                        Some(l) => self.follow(l),
                        None => self.become_role(Role::Unattached),
                    }
                }
            }
            Role::Candidate { granted } if !pre && yes => {
                granted.add(x);
                if granted.len() >= enough {
                    self.lead();
                }
            }
            _ => {}
        }
    }

    /// ctrl.C2: the first record of its epoch is its own, and nothing before it counts as committed by counting alone.
    fn lead(&mut self) {
        let (voter, epoch, start) = (self.v.id, self.v.epoch, self.v.end());
        self.become_role(Role::Leader(Box::new(Lead::new(start, self.setup, voter))));
        self.v.log.push(MetaEntry { epoch, record: MetaRecord::LeaderChange(voter), told: SmallVec::new() });
        self.say(QuorumEvent::Elected { voter, epoch });
        self.send_others(&QuorumBody::BeginQuorumEpoch { epoch });
    }

    /// Those who have not fetched may not know who leads.
    fn begin_epoch(&mut self) {
        self.arm(QuorumTimer::Begin(self.v.id));
        let (me, epoch) = (self.v.id, self.v.epoch);
        let Role::Leader(l) = &mut self.v.role else { return };
        let silent: SmallVec<[VoterId; 3]> = self.setup.voter_ids().filter(|v| l.silent.has(*v)).collect();
        self.setup.voter_ids().filter(|v| *v != me).for_each(|v| l.silent.add(v));
        silent.into_iter().for_each(|v| self.send(Actor::Voter(v), QuorumBody::BeginQuorumEpoch { epoch }));
    }

    /// ctrl.C3: no majority fetches from it. What was not committed has no answer, and may be lost.
    fn resign(&mut self) {
        let (voter, epoch) = (self.v.id, self.v.epoch);
        let Role::Leader(l) = &self.v.role else { return };
        let others = self.setup.voter_ids().filter(|v| *v != voter);
        let successor = others.reduce(|a, b| if l.ends[b.ix()] > l.ends[a.ix()] { b } else { a });
        self.become_role(Role::Resigned);
        self.say(QuorumEvent::Resigned { voter, epoch });
        if let Some(successor) = successor {
            self.send_others(&QuorumBody::EndQuorumEpoch { epoch, successor });
        }
    }

    // ---- the log

    fn follow(&mut self, leader: VoterId) {
        let (voter, epoch) = (self.v.id, self.v.epoch);
        self.become_role(Role::Follower { leader, fetched: false });
        self.say(QuorumEvent::Follows { voter, leader, epoch });
        self.fetch();
    }

    fn fetch(&mut self) {
        let Some(leader) = self.v.leader() else { return };
        let v = &*self.v;
        let fetch = QuorumBody::Fetch { epoch: v.epoch, last_epoch: v.last_epoch(), end: Some(v.end()), hw: v.hw };
        self.send(Actor::Voter(leader), fetch);
    }

    /// The leader answered a follower's fetch. Records are on the disk before the next fetch says so.
    fn on_fetched(&mut self, answer: &Fetched) {
        let voter = self.v.id;
        match answer {
            Fetched::Records { from, entries, hw } if *from == self.v.end() => {
                if !entries.is_empty() {
                    self.v.log.extend(entries.iter().cloned());
                    self.say(QuorumEvent::Replicated { voter, to: self.v.end() });
                }
                self.v.hw = self.v.hw.max((*hw).min(self.v.end()));
            }
            Fetched::Diverging { epoch, end } => {
                let (from, keep) = (self.v.end(), self.v.end_of_epoch(*epoch).1.min(*end));
                self.v.log.truncate(keep as usize);
                self.say(QuorumEvent::Truncated { voter, from, to: keep });
            }
            _ => return,
        }
        if let Role::Follower { fetched, .. } = &mut self.v.role {
            *fetched = true;
        }
        self.arm(QuorumTimer::Fetch(voter));
        self.fetch();
    }

    /// Somebody fetches: a voter, whose position counts, or a broker.
    fn on_fetch(&mut self, who: Actor, epoch: QuorumEpoch, last_epoch: QuorumEpoch, end: Option<u32>, hw: u32) {
        if epoch > self.v.epoch && matches!(who, Actor::Voter(_)) {
            self.enter_epoch(epoch);
        }
        let me = self.v.id;
        let (mine, ends) = (self.v.end_of_epoch(last_epoch), majority(self.setup) - 1);
        // A broker fetches what is committed, in whatever epoch it believes to be.
        let stale = epoch != self.v.epoch && matches!(who, Actor::Voter(_));
        let Role::Leader(l) = &mut self.v.role else { return self.send_away(who) };
        if stale {
            return self.send_away(who);
        }
        let Actor::Voter(x) = who else {
            match end {
                Some(end) if end >= self.v.hw => self.park(who, end, hw),
                Some(end) => self.answer(who, end),
                None => self.answer_snapshot(who),
            }
            return;
        };
        let end = end.unwrap_or(0);
        l.silent.remove(x);
        l.heard.add(x);
        let majority_heard = l.heard.len() >= ends;
        if majority_heard {
            l.heard = VoterSet::default();
        }
        let diverges = end > 0 && (mine.0 != last_epoch || end > mine.1);
        if !diverges {
            l.ends[x.ix()] = end;
        }
        if majority_heard {
            self.arm(QuorumTimer::CheckQuorum(me));
        }
        if diverges {
            return self.respond(who, Fetched::Diverging { epoch: mine.0, end: mine.1 });
        }
        self.advance();
        // KIP-1166: a follower hears at once that the high watermark has moved.
        if end == self.v.end() && hw >= self.v.hw { self.park(who, end, hw) } else { self.answer(who, end) }
    }

    fn send_away(&mut self, who: Actor) {
        self.respond(who, Fetched::NotLeader);
    }

    fn respond(&mut self, who: Actor, answer: Fetched) {
        let (epoch, leader) = (self.v.epoch, self.v.leader());
        self.send(who, QuorumBody::FetchResponse { epoch, leader, answer });
    }

    fn park(&mut self, who: Actor, end: u32, hw: u32) {
        self.arm(QuorumTimer::FetchWait(self.v.id, who));
        if let Role::Leader(l) = &mut self.v.role {
            l.parked.retain(|p| p.0 != who);
            l.parked.push((who, end, hw));
            order::sort(&mut l.parked);
        }
    }

    /// What lies behind `from`: all of it for a voter, what is committed for a broker.
    fn answer(&mut self, who: Actor, from: u32) {
        let to = if matches!(who, Actor::Voter(_)) { self.v.end() } else { self.v.hw.max(from) };
        let entries = self.v.log.get(from as usize..to as usize).unwrap_or_default().to_vec();
        self.respond(who, Fetched::Records { from, entries, hw: self.v.hw });
    }

    /// Answers the fetches that there is news for.
    pub(super) fn wake(&mut self) {
        let (end, hw, me) = (self.v.end(), self.v.hw, self.v.id);
        let Role::Leader(l) = &mut self.v.role else { return };
        let news = |p: &(Actor, u32, u32)| match p.0 {
            Actor::Voter(_) => p.1 < end || p.2 < hw,
            _ => p.1 < hw,
        };
        let woken: SmallVec<[(Actor, u32, u32); 5]> = l.parked.iter().filter(|p| news(p)).copied().collect();
        l.parked.retain(|p| !news(p));
        for (who, from, _) in woken {
            self.out.disarm(Timer::Quorum(QuorumTimer::FetchWait(me, who)));
            self.answer(who, from);
        }
    }

    /// ctrl.C2: what a majority has, in this leader's epoch, is committed.
    pub(super) fn advance(&mut self) {
        let (me, end) = (self.v.id, self.v.end());
        let Role::Leader(l) = &self.v.role else { return };
        let mut ends: SmallVec<[u32; 3]> = l.ends.clone();
        ends[me.ix()] = end;
        order::sort(&mut ends);
        let most = ends[ends.len() - majority(self.setup)];
        if most <= self.v.hw || most <= l.start {
            return;
        }
        self.v.hw = most;
        self.say(QuorumEvent::Committed { voter: me, upto: most });
        self.committed();
        self.wake();
    }
}

//! A consumer as a member of a group: what both protocols need, and the classic one (rule book 5B, eager and cooperative; 5A, K5 before a rebalance).
//!
//! Kafka's client has two threads: one polls, one sends heartbeats. Joining happens in `poll()`, so a member that is busy
//! with records learns of a rebalance and takes part in it only afterwards.

use super::super::consumer::{ConsumerCx, Coordination, Share};
use super::super::message::{Body, Joined};
use super::super::setup::CommitMode;
use super::super::step::{RequestKind, Timer};
use super::{Committer, MemberId, Parts, Subscription, assign};
use crate::event::{ErrorCode, EventKind, GroupEvent};
use crate::ids::*;
use crate::kafka::assignor::Assignor;

/// Where a member stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// The group was formed before and never changes: nothing to do (see [`crate::kafka::setup::GroupProtocol::Fixed`]).
    Fixed,
    /// Will send JoinGroup at the next `poll()`.
    Unjoined,
    /// JoinGroup is out.
    Joining,
    /// Joined; SyncGroup is out.
    Syncing,
    /// Has its partitions.
    Stable,
}

/// A consumer's side of its membership.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Membership {
    /// Where it stands.
    pub phase: Phase,
    /// `member.id`, once it has one.
    pub id: Option<MemberId>,
    /// Its generation; 0 if it has none.
    pub generation: u32,
    /// Ids that it used up.
    pub lives: u16,
    /// Its partitions belong to somebody else by now: they are dropped without a commit.
    pub lost: bool,
    /// Positions were committed ahead of this rebalance.
    pub prepared: bool,
    /// What it had before an eager rebalance: sticky assignors remember it.
    pub had: Parts,
    /// Who is asked to let it join, or for its share.
    pub asked: Option<BrokerId>,
    /// Its share has come while it was busy; it takes it at the next `poll()`.
    pub granted: Option<Parts>,
    /// Assignment that it worked out as leader.
    pub plan: Vec<(MemberId, Parts)>,
    /// As leader: of all partitions, how many its metadata had when it last looked whether its group reads more (prod.P5).
    pub covers: Option<u16>,
    /// Who was sent a heartbeat and has not answered.
    pub beating: Option<BrokerId>,
    /// `max.poll.interval.ms` went by while it was busy.
    pub overdue: bool,
    /// `close()` was called: it leaves as soon as it can.
    pub closing: bool,
    /// `groupMetadata()`: whom it was when it last joined. A member that was thrown out goes by it on.
    pub metadata: Committer,
    /// Consumer protocol: a heartbeat goes out as soon as it can.
    pub due: bool,
    /// Consumer protocol: what it last told its coordinator that it has; nothing before, or if that may be lost.
    pub told: Option<Parts>,
}

impl Membership {
    /// A process that has just started.
    pub fn new(phase: Phase, lives: u16) -> Self {
        Membership {
            phase,
            id: None,
            generation: 0,
            lives,
            lost: false,
            prepared: false,
            had: Parts::new(),
            asked: None,
            granted: None,
            plan: Vec::new(),
            covers: None,
            beating: None,
            overdue: false,
            closing: false,
            metadata: None,
            due: false,
            told: None,
        }
    }

    /// A process that has just started, of a group of the consumer protocol: it joins by its first heartbeat.
    pub fn joining(lives: u16) -> Self {
        Membership { due: true, ..Membership::new(Phase::Joining, lives) }
    }

    /// A member of the group that was formed before the scene begins.
    pub fn settled(consumer: ConsumerIx) -> Self {
        let (id, generation) = (MemberId { consumer, life: 1 }, 1);
        Membership { id: Some(id), generation, metadata: Some((id, generation)), ..Membership::new(Phase::Stable, 1) }
    }

    /// What a commit says of who makes it; nothing in a group that never changes.
    pub fn credentials(&self) -> Committer {
        self.id.map(|id| (id, self.generation))
    }

    /// It has a place in the generation or epoch that it names, as far as it knows, and has taken on what came with it.
    pub fn in_office(&self, epochs: bool) -> bool {
        self.phase == Phase::Stable && self.generation > 0 && !self.lost && !self.overdue && (epochs || self.granted.is_none())
    }

    /// Heartbeats are sent from the answer to JoinGroup until it asks to join again, which it may do much later than it
    /// learned that it has to.
    pub fn beats(&self) -> bool {
        matches!(self.phase, Phase::Unjoined | Phase::Syncing | Phase::Stable) && self.generation > 0 && !self.overdue
    }
}

impl ConsumerCx<'_> {
    pub(super) fn say(&mut self, what: GroupEvent) {
        let group = self.config().group;
        self.out.event(EventKind::Group { group, what });
    }

    pub(super) fn is_static(&self) -> bool {
        self.config().instance_id.is_some()
    }

    /// Cooperative only if every assignor on the list is.
    fn cooperative(&self) -> bool {
        self.config().strategies.iter().all(|s| *s == Assignor::CooperativeSticky)
    }

    /// The loop is at `poll()`: nothing in hand, no commit that it waits for.
    pub(in super::super) fn at_poll(&self) -> bool {
        !self.c.busy()
    }

    /// What `poll()` does about the group before it returns records.
    pub(in super::super) fn take_part(&mut self) {
        if self.speaks_epochs() {
            return self.take_part_by_epochs();
        }
        if !self.at_poll() {
            return;
        }
        if std::mem::take(&mut self.c.member.overdue) {
            // cons: the heartbeat thread has left the group already (G8).
            self.forget_membership(!self.is_static());
        }
        if self.c.member.closing {
            return self.close();
        }
        if self.c.member.asked.is_some() || self.c.backing_off {
            return;
        }
        let phase = self.c.member.phase;
        match phase {
            Phase::Unjoined => self.rejoin(),
            Phase::Joining => self.send_join(),
            Phase::Syncing => match self.c.member.granted.take() {
                Some(parts) if self.must_commit_before(&parts) => {
                    self.c.member.granted = Some(parts);
                    self.commit_tasks();
                }
                Some(parts) => self.take_share(&parts),
                None => self.send_sync(),
            },
            Phase::Stable if self.reads_more() => {
                self.join_anew();
                self.rejoin();
            }
            Phase::Fixed | Phase::Stable => {}
        }
    }

    /// prod.P5: it leads its group, and topics that this reads have more partitions than it has assigned.
    fn reads_more(&mut self) -> bool {
        let (known, group) = (self.c.meta.leaders.len() as u16, self.config().group);
        let before = match &mut self.c.member.covers {
            Some(covers) if *covers != known => std::mem::replace(covers, known),
            _ => return false,
        };
        self.setup.read_by(group, before.into()) != self.setup.read_by(group, known.into())
    }

    /// onPartitionsRevoked: a Streams thread commits before it gives up a partition.
    fn must_commit_before(&self, parts: &[PartitionId]) -> bool {
        self.c.streams.as_ref().is_some_and(|t| t.dirty()) && self.c.partitions().any(|p| !parts.contains(&p))
    }

    /// onJoinPrepare: commit what was read (K5), give up partitions (all of them if eager), then ask to join.
    fn rejoin(&mut self) {
        if self.c.member.lost {
            self.give_up(|_| true);
            self.c.member.lost = false;
            self.c.member.had.clear();
        } else if self.config().commit == CommitMode::Auto && !self.c.member.prepared && self.c.knows_positions() {
            self.c.member.prepared = true;
            return self.commit(Coordination::Committing);
        }
        self.c.member.prepared = false;
        if !self.cooperative() && !self.c.assigned.is_empty() {
            self.c.member.had = self.c.partitions().collect();
            self.give_up(|_| true);
        }
        self.c.member.phase = Phase::Joining;
        self.send_join();
    }

    fn send_join(&mut self) {
        let Some(b) = self.coordinator() else { return self.retry_later() };
        let me = self.me();
        self.stop_heartbeats();
        let m = &mut self.c.member;
        let known = m.id.is_some();
        if !known {
            m.lives += 1;
        }
        let member = m.id.unwrap_or(MemberId { consumer: self.c.id, life: m.lives });
        let generation = m.generation;
        let owned: Parts = if self.cooperative() { self.c.partitions().collect() } else { self.c.member.had.clone() };
        let generation = if owned.is_empty() { 0 } else { generation };
        self.c.member.asked = Some(b);
        let group = self.config().group;
        let says = Subscription { member, owned, generation };
        self.out.send(me, Actor::Broker(b), Body::JoinGroup { conn: self.c.meta.conn(b), group, known, says });
        self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Join));
    }

    pub(in super::super) fn on_joined(&mut self, b: BrokerId, result: &Result<Joined, (ErrorCode, Option<MemberId>)>) {
        if self.c.member.phase != Phase::Joining || self.c.member.asked != Some(b) {
            return;
        }
        self.c.member.asked = None;
        self.answered(b, RequestKind::Join);
        match result {
            Ok(joined) => {
                self.succeeded();
                let setup = self.setup;
                let group = self.config().group;
                let m = &mut self.c.member;
                (m.id, m.generation, m.phase) = (Some(joined.member), joined.generation, Phase::Syncing);
                m.metadata = m.credentials();
                let known = self.c.meta.leaders.len();
                m.plan = assign(setup, group, joined.assignor, &joined.members, known);
                m.covers = (!joined.members.is_empty()).then_some(known as u16);
                self.out.arm(Timer::GroupHeartbeat(self.c.id));
                self.send_sync();
            }
            Err((ErrorCode::MemberIdRequired, Some(id))) => {
                self.c.member.id = Some(*id); // and join with it at once
            }
            Err((error, _)) => self.refused(*error),
        }
    }

    fn send_sync(&mut self) {
        let Some(b) = self.coordinator() else { return self.retry_later() };
        let (me, group) = (self.me(), self.config().group);
        let Some((member, generation)) = self.c.member.credentials() else { return };
        let conn = self.c.meta.conn(b);
        self.c.member.asked = Some(b);
        let plan = self.c.member.plan.clone();
        self.out.send(me, Actor::Broker(b), Body::SyncGroup { conn, group, member, generation, plan });
        self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Sync));
    }

    pub(in super::super) fn on_synced(&mut self, b: BrokerId, result: &Result<Parts, ErrorCode>) {
        if self.c.member.phase != Phase::Syncing || self.c.member.asked != Some(b) {
            return;
        }
        self.c.member.asked = None;
        self.answered(b, RequestKind::Sync);
        let parts = match result {
            Ok(parts) => parts.clone(),
            Err(ErrorCode::RebalanceInProgress) => return self.join_anew(),
            Err(error) => return self.refused(*error),
        };
        // A Streams thread may have to commit first; it takes its share in the same step, or after that.
        if self.at_poll() && self.c.streams.is_none() {
            self.take_share(&parts);
        } else {
            self.c.member.granted = Some(parts);
        }
    }

    /// onJoinComplete, in `poll()`: gives up what is not its own any more, takes on what is new.
    fn take_share(&mut self, parts: &[PartitionId]) {
        self.c.member.plan.clear();
        self.c.member.phase = Phase::Stable;
        let gone = self.c.partitions().any(|p| !parts.contains(&p));
        self.give_up(|p| !parts.contains(&p));
        for p in parts {
            self.take_on(*p);
        }
        if gone {
            self.join_anew(); // KIP-429: what it gave up is free only now
        }
    }

    /// Asks to join again, as whom it is.
    fn join_anew(&mut self) {
        self.c.member.phase = Phase::Unjoined;
        self.c.member.granted = None;
        self.c.member.plan.clear();
    }

    fn refused(&mut self, error: ErrorCode) {
        match error {
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                self.say(GroupEvent::Fenced { member: self.c.id, error });
                self.forget_membership(error == ErrorCode::UnknownMemberId);
            }
            ErrorCode::FencedInstanceId => {
                // Another process has taken its place: fatal for the application.
                self.say(GroupEvent::Fenced { member: self.c.id, error });
                self.end();
            }
            _ => self.retry_later(),
        }
    }

    /// Its place in the group is gone, and with it what it owned.
    pub(in super::super) fn forget_membership(&mut self, id_too: bool) {
        let me = self.me();
        let m = &mut self.c.member;
        if id_too {
            m.id = None;
        }
        (m.generation, m.lost) = (0, true);
        for (b, kind) in m.asked.take().into_iter().flat_map(|b| [(b, RequestKind::Join), (b, RequestKind::Sync)]) {
            self.out.disarm(Timer::RequestTimeout(me, b, kind));
        }
        self.stop_heartbeats();
        self.join_anew();
    }

    // ---- partitions come and go

    pub(super) fn give_up(&mut self, which: impl Fn(PartitionId) -> bool) {
        let going: Parts = self.c.partitions().filter(|p| which(*p)).collect();
        let lost = self.c.member.lost;
        for partition in going {
            self.out.disarm(Timer::ReadReplica(self.c.id, partition));
            self.c.assigned.retain(|s| s.partition != partition);
            self.c.buffer.retain(|r| r.partition != partition);
            let member = self.c.id;
            self.say(if lost { GroupEvent::PartitionLost { member, partition } } else { GroupEvent::Revoked { member, partition } });
        }
    }

    pub(super) fn take_on(&mut self, partition: PartitionId) {
        if self.c.partitions().any(|p| p == partition) {
            return;
        }
        let at = self.c.assigned.partition_point(|s| s.partition < partition);
        self.c.assigned.insert(at, Share::new(partition));
        self.say(GroupEvent::Assigned { member: self.c.id, partition });
    }

    // ---- heartbeats

    pub(in super::super) fn beat(&mut self) {
        if self.speaks_epochs() {
            return self.beat_by_epochs();
        }
        let (me, group) = (self.me(), self.config().group);
        self.out.arm(Timer::GroupHeartbeat(self.c.id));
        let (Some(b), Some((member, generation)), None) = (self.coordinator(), self.c.member.credentials(), self.c.member.beating) else {
            return self.c.meta.refresh(me, self.out);
        };
        self.c.member.beating = Some(b);
        let conn = self.c.meta.conn(b);
        self.out.send(me, Actor::Broker(b), Body::GroupHeartbeat { conn, group, member, generation });
        self.out.arm(Timer::RequestTimeout(me, b, RequestKind::Heartbeat));
    }

    pub(super) fn stop_heartbeats(&mut self) {
        self.out.disarm(Timer::GroupHeartbeat(self.c.id));
        if let Some(b) = self.c.member.beating.take() {
            self.answered(b, RequestKind::Heartbeat);
        }
    }

    pub(in super::super) fn on_heartbeat(&mut self, b: BrokerId, result: Result<(), ErrorCode>) {
        if self.c.member.beating != Some(b) {
            return;
        }
        self.c.member.beating = None;
        self.answered(b, RequestKind::Heartbeat);
        match result {
            Ok(()) => {}
            Err(ErrorCode::RebalanceInProgress) if self.c.member.phase == Phase::Stable => self.join_anew(),
            Err(ErrorCode::RebalanceInProgress) => {}
            Err(error) => self.refused(error),
        }
    }

    /// group.G8: busy for longer than `max.poll.interval.ms`. The heartbeat thread leaves the group; the one that polls
    /// learns of it when it is done. A static member only falls silent.
    pub(in super::super) fn poll_interval_exceeded(&mut self) {
        self.say(GroupEvent::PollIntervalExceeded { member: self.c.id });
        self.stop_heartbeats();
        self.c.member.overdue = true;
        self.leave();
    }

    /// A static member of a classic group does not say that it goes.
    pub(in super::super) fn leave(&mut self) {
        if self.speaks_epochs() {
            return self.leave_by_epochs();
        }
        if self.is_static() {
            return;
        }
        let (me, group) = (self.me(), self.config().group);
        if let (Some(b), Some(member)) = (self.coordinator(), self.c.member.id) {
            let conn = self.c.meta.conn(b);
            self.out.send(me, Actor::Broker(b), Body::LeaveGroup { conn, group, member });
        }
    }

    // ---- the end

    /// `close()`: commits if it does so by itself (K5), gives its partitions up, leaves (a static member does not), ends.
    pub(super) fn close(&mut self) {
        let commits = self.config().commit == CommitMode::Auto && self.c.member.phase == Phase::Stable;
        if commits && !self.c.member.prepared && self.c.knows_positions() {
            self.c.member.prepared = true;
            return self.commit(Coordination::Committing);
        }
        let settled = matches!(self.c.member.phase, Phase::Stable | Phase::Fixed);
        if settled && !self.c.member.prepared && self.c.streams.as_ref().is_some_and(|t| t.dirty()) {
            self.c.member.prepared = true;
            return self.commit_tasks();
        }
        self.close_session();
        self.give_up(|_| true);
        self.leave();
        self.end();
    }

    /// A commit was refused because of who made it: the application gets a CommitFailedException, or is told to poll.
    pub(in super::super) fn commit_refused(&mut self, error: ErrorCode) {
        self.say(GroupEvent::CommitRefused { member: self.c.id, error });
        match error {
            _ if self.speaks_epochs() => {} // the next heartbeat says more
            ErrorCode::RebalanceInProgress if self.c.member.phase == Phase::Stable => self.join_anew(),
            ErrorCode::RebalanceInProgress => {}
            _ => self.refused(error),
        }
    }

    /// Requests to this broker will not be answered.
    pub(in super::super) fn drop_group_requests(&mut self, b: BrokerId) {
        let m = &mut self.c.member;
        let (asked, beating) = (m.asked == Some(b), m.beating == Some(b));
        if asked {
            m.asked = None;
            self.answered(b, RequestKind::Join);
            self.answered(b, RequestKind::Sync);
        }
        if beating {
            self.c.member.beating = None;
            self.answered(b, RequestKind::Heartbeat);
            if self.speaks_epochs() {
                self.beat_was_lost();
            }
        }
    }
}

/// Timers that a membership implies.
pub(in super::super) fn armed(m: &Membership, me: ConsumerIx, busy: bool, f: &mut impl FnMut(Timer)) {
    if m.phase == Phase::Fixed {
        return;
    }
    let actor = Actor::Consumer(me);
    if m.beats() {
        f(Timer::GroupHeartbeat(me));
    }
    if let Some(b) = m.beating {
        f(Timer::RequestTimeout(actor, b, RequestKind::Heartbeat));
    }
    if let Some(b) = m.asked {
        f(Timer::RequestTimeout(actor, b, if m.phase == Phase::Joining { RequestKind::Join } else { RequestKind::Sync }));
    }
    if busy && !m.overdue {
        f(Timer::MaxPoll(me));
    }
}

//! A consumer as a member of a group of the consumer protocol (rule book 5D, N10).
//!
//! Heartbeats go out by themselves, also while the application is busy. What they ask for is done in `poll()`, where the
//! application's rebalance callbacks run: a member that is busy gives a partition up only afterwards. (A Java consumer
//! without callbacks and without auto-commit would give it up at once.)

use super::super::super::consumer::{ConsumerCx, Coordination};
use super::super::super::message::Body;
use super::super::super::setup::{CommitMode, GroupProtocol};
use super::super::super::share::message::ShareBody;
use super::super::super::step::{RequestKind, Timer};
use super::super::membership::Phase;
use super::super::{MemberId, Parts};
use super::{Beat, BeatAnswer, JOIN, LEAVE, LEAVE_FOR_A_WHILE};
use crate::event::{ErrorCode, GroupEvent};
use crate::ids::*;

impl ConsumerCx<'_> {
    pub(in super::super) fn speaks_epochs(&self) -> bool {
        matches!(self.setup.groups[self.config().group.ix()].protocol, GroupProtocol::Consumer | GroupProtocol::Share)
    }

    /// What it does about its group: callbacks in `poll()`, heartbeats at any time.
    pub(in super::super) fn take_part_by_epochs(&mut self) {
        if self.at_poll() {
            if std::mem::take(&mut self.c.member.overdue) {
                self.leave_place(); // its heartbeats have said that it leaves (G8)
            }
            if self.c.member.closing {
                return self.close();
            }
            if self.c.member.lost {
                self.give_up(|_| true); // onPartitionsLost
                self.c.member.lost = false;
            }
            self.follow_target();
        }
        self.send_due();
    }

    /// Gives up what it shall give up (after a commit, if it commits by itself), takes on what is new, and says so.
    fn follow_target(&mut self) {
        let Some(target) = self.c.member.granted.clone() else { return };
        let gives_up = self.c.partitions().any(|p| !target.contains(&p));
        if gives_up && self.config().commit == CommitMode::Auto && !self.c.member.prepared && self.c.knows_positions() {
            self.c.member.prepared = true;
            return self.commit(Coordination::Committing);
        }
        self.c.member.prepared = false;
        self.c.member.granted = None;
        self.give_up(|p| !target.contains(&p));
        for p in &target {
            self.take_on(*p);
        }
        self.c.member.due = true; // ACKNOWLEDGING: at once, not at the next interval
    }

    fn send_due(&mut self) {
        let m = &self.c.member;
        if !m.due || m.beating.is_some() || m.overdue || m.lost || self.c.backing_off {
            return;
        }
        let Some(b) = self.coordinator() else { return self.retry_later() };
        let owned: Parts = self.c.partitions().collect();
        let (me, joins) = (self.c.id, self.c.member.phase == Phase::Joining);
        let m = &mut self.c.member;
        if m.id.is_none() {
            m.lives += 1;
        }
        let member = *m.id.get_or_insert(MemberId { consumer: me, life: m.lives });
        let full = joins || m.told.is_none();
        let news = full || m.told.as_ref() != Some(&owned);
        (m.due, m.told, m.beating) = (false, Some(owned.clone()), Some(b));
        let epoch = if joins { JOIN } else { m.generation as i32 };
        if m.beats() {
            self.out.arm(Timer::GroupHeartbeat(me));
        }
        self.send_beat(b, Beat { member, epoch, owned: news.then_some(owned), full });
        self.out.arm(Timer::RequestTimeout(Actor::Consumer(me), b, RequestKind::Heartbeat));
    }

    fn send_beat(&mut self, b: BrokerId, beat: Beat) {
        let (me, group) = (self.me(), self.config().group);
        let conn = self.c.meta.conn(b);
        let body = match self.config().share {
            // It says nothing of what it has, which can't be too much.
            Some(_) => Body::Share(ShareBody::Heartbeat { conn, group, beat: Beat { owned: Some(Parts::new()), ..beat } }),
            None => Body::ConsumerGroupHeartbeat { conn, group, beat },
        };
        self.out.send(me, Actor::Broker(b), body);
    }

    /// `group.consumer.heartbeat.interval.ms` is over.
    pub(in super::super) fn beat_by_epochs(&mut self) {
        self.out.arm(Timer::GroupHeartbeat(self.c.id));
        self.c.member.due = true;
    }

    pub(in super::super::super) fn on_consumer_beat(&mut self, b: BrokerId, answer: &BeatAnswer) {
        if self.c.member.beating != Some(b) {
            return;
        }
        self.c.member.beating = None;
        self.answered(b, RequestKind::Heartbeat);
        match answer {
            Ok((epoch, assignment)) => {
                self.succeeded();
                self.advance(*epoch, assignment.as_ref());
            }
            Err(error @ (ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId)) => {
                self.say(GroupEvent::Fenced { member: self.c.id, error: *error });
                self.leave_place();
            }
            Err(error @ (ErrorCode::FencedInstanceId | ErrorCode::UnreleasedInstanceId)) => {
                self.say(GroupEvent::Fenced { member: self.c.id, error: *error });
                self.end(); // fatal for the application
            }
            Err(_) => {
                self.beat_was_lost();
                self.retry_later();
            }
        }
    }

    fn advance(&mut self, epoch: i32, assignment: Option<&Parts>) {
        self.c.member.generation = epoch.max(0) as u32;
        self.c.member.metadata = self.c.member.credentials();
        if self.c.member.phase == Phase::Joining {
            self.c.member.phase = Phase::Stable;
            self.out.arm(Timer::GroupHeartbeat(self.c.id));
        }
        if let Some(parts) = assignment {
            let has: Parts = self.c.partitions().collect();
            let had_other_plans = self.c.member.granted.take().is_some();
            if *parts != has {
                self.c.member.granted = Some(parts.clone());
            } else if had_other_plans {
                self.beat_was_lost(); // what it was about to take on is not its own any more: it says that it has none of it
            }
        }
    }

    /// Nobody knows whether it arrived: the next one says everything again.
    pub(in super::super) fn beat_was_lost(&mut self) {
        (self.c.member.told, self.c.member.due) = (None, true);
    }

    /// FENCED or STALE: what it had is lost, which the application learns at its next `poll()`; then it joins again, as
    /// whom it is. A commit that waits can come to nothing now.
    fn leave_place(&mut self) {
        let had = self.c.member.generation > 0;
        self.stop_heartbeats();
        let m = &mut self.c.member;
        (m.generation, m.phase, m.granted, m.told) = (0, Phase::Joining, None, None);
        (m.lost, m.due, m.prepared) = (had || m.lost, true, false);
        if self.c.coordination == Coordination::Committing {
            self.c.coordination = Coordination::Idle;
            if let Some(b) = self.c.asked.take() {
                self.answered(b, RequestKind::Coordinator);
            }
            self.c.work.clear();
            self.say(GroupEvent::CommitRefused { member: self.c.id, error: ErrorCode::UnknownMemberId });
        }
    }

    /// It is in no epoch: `commitSync` throws a CommitFailedException without asking anybody.
    pub(in super::super::super) fn has_lost_its_place(&self) -> bool {
        self.speaks_epochs() && self.c.member.generation == 0
    }

    /// group.N1, N9: a static member may come back.
    pub(in super::super) fn leave_by_epochs(&mut self) {
        let (Some(b), Some(member), true) = (self.coordinator(), self.c.member.id, self.c.member.generation > 0) else { return };
        let epoch = if self.is_static() { LEAVE_FOR_A_WHILE } else { LEAVE };
        self.send_beat(b, Beat { member, epoch, owned: None, full: false });
    }
}

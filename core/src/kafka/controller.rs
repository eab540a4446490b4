//! The active controller: registrations, sessions, ISR changes, elections (rule book 3.6, 3.8, 4.3).
//!
//! With one controller there is no quorum behind it: it never fails, its commits take no time, and it pushes metadata
//! records to brokers where a KRaft broker would fetch them (what a cut link lost is repaired at a heartbeat). With
//! several, [`super::quorum`] runs these rules at the end of the leader's log.

use super::message::{Body, Change, Incarnation};
use super::setup::{ProtocolVersion, Setup};
use super::step::{Out, Timer};
use crate::broken::{Rule, holds};
use crate::event::{Election, ErrorCode, EventKind};
use crate::ids::*;
use smallvec::SmallVec;

/// A broker as the controller knows it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Registration {
    /// Its epoch: larger with each registration (ctrl.I-C4).
    pub epoch: BrokerEpoch,
    /// Not counted on.
    pub fenced: bool,
    /// In controlled shutdown.
    pub stopping: bool,
    /// Its session is alive: heard of within `broker.session.timeout.ms`.
    pub live: bool,
    /// Metadata offset of the registration: it may be unfenced once it has applied that (BL2).
    pub registered_at: u32,
    /// Which life of its process registered.
    pub incarnation: Incarnation,
    /// Metadata offset that its last heartbeat reported, where that was behind; else `u32::MAX`.
    pub reported: u32,
}

/// A partition as the controller has it (rule book 3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PartitionState {
    /// Who leads.
    pub leader: Option<BrokerId>,
    /// Leader epoch.
    pub le: LeaderEpoch,
    /// Partition epoch.
    pub pe: PartitionEpoch,
    /// In-sync replicas.
    pub isr: BrokerSet,
    /// Eligible leader replicas.
    pub elr: BrokerSet,
    /// `lastKnownElr`: at most one, the last leader.
    pub last_known: Option<BrokerId>,
}

impl PartitionState {
    /// A partition of which no record has been committed yet.
    pub const UNBORN: Self = PartitionState {
        leader: None,
        le: LeaderEpoch(0),
        pe: PartitionEpoch(0),
        isr: BrokerSet::EMPTY,
        elr: BrokerSet::EMPTY,
        last_known: None,
    };
}

/// State of the controller.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Controller {
    /// Brokers, by id.
    pub brokers: SmallVec<[Registration; 4]>,
    /// Partitions, by id.
    pub partitions: SmallVec<[PartitionState; 2]>,
    /// End of the metadata log: number of records committed.
    pub end: u32,
}

/// The controller at work.
pub(super) struct ControllerCx<'a> {
    pub c: &'a mut Controller,
    pub setup: &'a Setup,
    pub out: &'a mut Out,
    /// Records of the operation in hand; sent as one.
    pub changes: SmallVec<[Change; 1]>,
    /// With a quorum: what the operation writes to the log. Nobody is told before it is committed.
    pub written: Option<SmallVec<[Change; 1]>>,
}

impl Controller {
    /// A settled cluster: everyone registered and unfenced, preferred leaders in office, full ISRs.
    pub fn settled(setup: &Setup) -> Self {
        let registration = Registration {
            epoch: BrokerEpoch(1),
            fenced: false,
            stopping: false,
            live: true,
            registered_at: 0,
            incarnation: Incarnation::default(),
            reported: 0,
        };
        let partitions = setup.partitions.iter().map(|p| match p.added {
            false => PartitionState { leader: Some(p.replicas[0]), isr: p.replicas.iter().copied().collect(), ..PartitionState::UNBORN },
            true => PartitionState::UNBORN,
        });
        Controller { brokers: setup.broker_ids().map(|_| registration).collect(), partitions: partitions.collect(), end: 0 }
    }

    /// The whole metadata image, as a broker that was away gets it.
    pub fn image(&self) -> SmallVec<[Change; 1]> {
        let brokers = self.brokers.iter().enumerate().map(|(i, r)| Change::Broker {
            broker: BrokerId(i as u8 + 1),
            epoch: r.epoch,
            fenced: r.fenced,
        });
        let partitions = (0..self.partitions.len() as u16).map(PartitionId).filter(|p| self.partitions[p.ix()] != PartitionState::UNBORN);
        brokers.chain(partitions.map(|p| self.change_of(p))).collect()
    }

    fn change_of(&self, partition: PartitionId) -> Change {
        let s = &self.partitions[partition.ix()];
        Change::Partition { partition, leader: s.leader, le: s.le, pe: s.pe, isr: s.isr }
    }

    /// Active: unfenced and not in controlled shutdown (rule book 3.8, `acceptable`).
    pub fn acceptable(&self, b: BrokerId) -> bool {
        let r = &self.brokers[b.ix()];
        !r.fenced && !r.stopping
    }

    /// Brokers with a live session.
    pub fn live(&self) -> impl Iterator<Item = BrokerId> {
        self.brokers.iter().enumerate().filter(|(_, r)| r.live).map(|(i, _)| BrokerId(i as u8 + 1))
    }

    /// Timers that its state implies.
    pub fn armed(&self, f: &mut impl FnMut(Timer)) {
        self.live().for_each(|b| f(Timer::Session(b)));
    }
}

impl ControllerCx<'_> {
    /// A message arrived.
    pub fn on_message(&mut self, from: Actor, body: &Body) {
        let Actor::Broker(b) = from else { return };
        match body {
            Body::BrokerRegistration { clean, incarnation } => self.register(b, *clean, *incarnation),
            Body::BrokerHeartbeat { be, applied, want_shutdown } => self.heartbeat(b, *be, *applied, *want_shutdown),
            Body::AlterPartition { partition, be, le, pe, isr } => self.alter(b, *partition, *be, *le, *pe, isr),
            _ => {}
        }
        self.commit();
    }

    /// A session ended (ctrl.BL3).
    pub fn on_session(&mut self, b: BrokerId) {
        self.c.brokers[b.ix()].live = false;
        if !self.c.brokers[b.ix()].fenced {
            self.fence(b, false);
        }
        self.commit();
    }

    /// Sends what the operation changed to every broker.
    fn commit(&mut self) {
        self.commit_with(None);
    }

    /// The same; a newcomer has nothing, and gets the whole image.
    fn commit_with(&mut self, newcomer: Option<BrokerId>) {
        if self.changes.is_empty() {
            return;
        }
        let before = self.c.end;
        self.c.end += self.changes.len() as u32;
        let changes = std::mem::take(&mut self.changes);
        if let Some(written) = &mut self.written {
            return written.extend(changes);
        }
        for b in self.setup.broker_ids().filter(|b| self.c.brokers[b.ix()].live) {
            let (from, changes) = if newcomer == Some(b) { (0, self.c.image()) } else { (before, changes.clone()) };
            self.out.send(Actor::Controller, Actor::Broker(b), Body::MetadataRecords { from, upto: self.c.end, changes });
        }
    }

    fn broker_record(&mut self, b: BrokerId) {
        let r = &self.c.brokers[b.ix()];
        self.changes.push(Change::Broker { broker: b, epoch: r.epoch, fenced: r.fenced });
    }

    // ---- brokers

    /// ctrl.BL1, repl.E9: a process starts. Refused while an older incarnation may still be alive.
    fn register(&mut self, b: BrokerId, clean: Option<BrokerEpoch>, incarnation: Incarnation) {
        let r = &mut self.c.brokers[b.ix()];
        if r.live && r.incarnation == incarnation {
            // Its first request or the answer was slow, and it asked again. What it lacks it gets at its next heartbeat.
            let result = Ok(r.epoch);
            return self.out.send(Actor::Controller, Actor::Broker(b), Body::BrokerRegistrationResponse { result });
        }
        if r.live && !r.stopping {
            let result = Err(ErrorCode::DuplicateBrokerRegistration);
            self.out.send(Actor::Controller, Actor::Broker(b), Body::BrokerRegistrationResponse { result });
            return;
        }
        let was_clean = clean == Some(r.epoch);
        r.epoch = BrokerEpoch(r.epoch.0 + 1);
        r.live = true;
        r.incarnation = incarnation;
        r.stopping = false;
        r.fenced = true;
        r.reported = u32::MAX;
        let epoch = r.epoch;
        self.out.event(EventKind::Registered { broker: b, epoch, clean: was_clean });
        self.broker_record(b);
        // E9 without ELR: a new incarnation leaves the ISR as if fenced.
        self.leave(b, !was_clean && self.setup.rules.elr);
        self.c.brokers[b.ix()].registered_at = self.c.end + self.changes.len() as u32;
        self.out.arm(Timer::Session(b));
        self.out.send(Actor::Controller, Actor::Broker(b), Body::BrokerRegistrationResponse { result: Ok(epoch) });
        self.commit_with(Some(b));
    }

    /// ctrl.BL2, BL4, BL5.
    fn heartbeat(&mut self, b: BrokerId, be: BrokerEpoch, applied: u32, want_shutdown: bool) {
        let end = self.c.end;
        let r = &mut self.c.brokers[b.ix()];
        if r.epoch != be {
            return; // STALE_BROKER_EPOCH
        }
        if r.stopping {
            // It has not heard that it may exit: said again.
            return self.out.send(Actor::Controller, Actor::Broker(b), Body::ControlledShutdown);
        }
        let stuck = applied < end && (r.reported == applied || !r.live);
        r.reported = if applied < end { applied } else { u32::MAX };
        r.live = true;
        let may_unfence = r.fenced && applied >= r.registered_at;
        self.out.arm(Timer::Session(b));
        if stuck && self.written.is_none() {
            let changes = self.c.image();
            self.out.send(Actor::Controller, Actor::Broker(b), Body::MetadataRecords { from: 0, upto: end, changes });
        }
        if want_shutdown {
            self.shut_down(b);
        } else if may_unfence {
            self.unfence(b);
        }
    }

    fn shut_down(&mut self, b: BrokerId) {
        let r = &mut self.c.brokers[b.ix()];
        if r.stopping {
            return;
        }
        r.stopping = true;
        r.live = false;
        self.out.disarm(Timer::Session(b));
        // Fenced for the others, so that it is asked for nothing more.
        self.c.brokers[b.ix()].fenced = true;
        self.broker_record(b);
        self.leave(b, false);
        self.commit();
        self.out.send(Actor::Controller, Actor::Broker(b), Body::ControlledShutdown);
    }

    /// ctrl.BL3.
    fn fence(&mut self, b: BrokerId, unclean: bool) {
        self.c.brokers[b.ix()].fenced = true;
        self.out.event(EventKind::Fenced { broker: b });
        self.broker_record(b);
        self.leave(b, unclean);
    }

    /// ctrl.BL4, repl.E8: only leaderless partitions are looked at again.
    fn unfence(&mut self, b: BrokerId) {
        let r = &mut self.c.brokers[b.ix()];
        (r.fenced, r.registered_at) = (false, 0); // nobody asks again before its next registration
        self.out.event(EventKind::Unfenced { broker: b });
        self.broker_record(b);
        for p in self.setup.partition_ids() {
            let s = self.c.partitions[p.ix()];
            if s.leader.is_none() && s != PartitionState::UNBORN && self.setup.partitions[p.ix()].replicas.contains(&b) {
                self.elect(p, s.isr, BrokerSet::EMPTY);
            }
        }
    }

    /// A broker can't be counted on: out of every ISR, its leaderships go to others. `unclean`: out of the ELR too.
    fn leave(&mut self, b: BrokerId, unclean: bool) {
        for p in self.setup.partition_ids() {
            let s = self.c.partitions[p.ix()];
            if s.isr.has(b) || s.leader == Some(b) || (unclean && s.elr.has(b)) {
                self.elect(p, s.isr.without(b), if unclean { BrokerSet::of(b) } else { BrokerSet::EMPTY });
            }
        }
    }

    // ---- partitions

    /// repl.R-I4: a leader asks for another ISR.
    fn alter(
        &mut self,
        b: BrokerId,
        p: PartitionId,
        be: BrokerEpoch,
        le: LeaderEpoch,
        pe: PartitionEpoch,
        isr: &[(BrokerId, BrokerEpoch)],
    ) {
        let s = self.c.partitions[p.ix()];
        let set: BrokerSet = isr.iter().map(|x| x.0).collect();
        let replicas: BrokerSet = self.setup.partitions[p.ix()].replicas.iter().copied().collect();
        // PV6 (KIP-903): also every member's broker epoch; before, a proposal could bring in an incarnation that it did not mean.
        let epochs = self.setup.rules.replication >= ProtocolVersion::PV6;
        let unfit = |(x, e): &(BrokerId, BrokerEpoch)| !self.c.acceptable(*x) || (epochs && self.c.brokers[x.ix()].epoch != *e);
        let result = if self.c.brokers[b.ix()].epoch != be {
            Err(ErrorCode::StaleBrokerEpoch)
        } else if le < s.le || s.leader != Some(b) {
            Err(ErrorCode::FencedLeaderEpoch)
        } else if pe < s.pe {
            Err(ErrorCode::InvalidUpdateVersion)
        } else if !set.within(replicas) || !set.has(b) || isr.iter().any(unfit) {
            Err(ErrorCode::IneligibleReplica)
        } else {
            self.elect(p, set, BrokerSet::EMPTY);
            let s = &self.c.partitions[p.ix()];
            Ok((s.isr, s.pe))
        };
        self.out.send(Actor::Controller, Actor::Broker(b), Body::AlterPartitionResponse { partition: p, le, result });
    }

    /// prod.P5: CreatePartitions. Each new partition begins with those of its replicas that can be counted on; one without
    /// any is not created.
    pub fn create_partitions(&mut self, new: &[PartitionId]) {
        for p in new.iter().copied().filter(|p| self.c.partitions[p.ix()] == PartitionState::UNBORN).collect::<SmallVec<[_; 4]>>() {
            let fit = self.setup.partitions[p.ix()].replicas.iter().copied().filter(|b| self.c.acceptable(*b));
            let isr: BrokerSet = fit.clone().collect();
            if let Some(leader) = fit.clone().next() {
                self.c.partitions[p.ix()] = PartitionState { leader: Some(leader), isr, ..PartitionState::UNBORN };
                let change = self.c.change_of(p);
                self.changes.push(change);
                self.out.event(EventKind::PartitionCreated { partition: p, leader, isr });
            }
        }
        self.commit();
    }

    /// repl.E11: ElectLeaders of the preferred replica (`kafka-leader-election --election-type preferred`).
    pub fn elect_preferred(&mut self, p: PartitionId) {
        let (s, first) = (self.c.partitions[p.ix()], self.setup.first_leader(p));
        let fit = self.c.acceptable(first) && (s.isr.has(first) || (s.isr.is_empty() && s.elr.has(first)));
        if s.leader == Some(first) {
            self.out.event(EventKind::ElectionRefused { partition: p, error: ErrorCode::ElectionNotNeeded });
        } else if !fit {
            self.out.event(EventKind::ElectionRefused { partition: p, error: ErrorCode::PreferredLeaderNotAvailable });
        } else {
            self.elect_from(p, s.isr, BrokerSet::EMPTY, Some(first));
        }
        self.commit();
    }

    /// repl.E10: with another `min.insync.replicas`, what was eligible under the old one is eligible no more.
    pub fn clear_elr(&mut self, p: PartitionId) {
        let s = &mut self.c.partitions[p.ix()];
        if !s.elr.is_empty() || s.last_known.is_some() {
            (s.elr, s.last_known, s.pe) = (BrokerSet::EMPTY, None, PartitionEpoch(s.pe.0 + 1));
            self.out.event(EventKind::IsrChanged { partition: p, isr: s.isr, elr: s.elr, epoch: s.pe });
            let change = self.c.change_of(p);
            self.changes.push(change);
        }
        self.commit();
    }

    /// repl.E1 to E7: given the target ISR, who leads, and what ISR and ELR become.
    pub fn elect(&mut self, p: PartitionId, target: BrokerSet, unclean_restart: BrokerSet) {
        let leader = self.c.partitions[p.ix()].leader;
        self.elect_from(p, target, unclean_restart, leader);
    }

    /// The same; `first` leads if it may.
    fn elect_from(&mut self, p: PartitionId, mut target: BrokerSet, unclean_restart: BrokerSet, first: Option<BrokerId>) {
        let setup = &self.setup.partitions[p.ix()];
        let old = self.c.partitions[p.ix()];
        let mut new = old;
        let elr_on = self.setup.rules.elr;
        if !elr_on && target.is_empty() && holds(Rule::LastInIsr) {
            target = old.isr; // E7: the last member stays
        }
        new.isr = target;
        if elr_on {
            if target.len() >= setup.min_isr || !holds(Rule::Elr) {
                (new.elr, new.last_known) = (BrokerSet::EMPTY, None); // E1
            } else {
                new.elr = old.elr.union(old.isr).minus(target).minus(unclean_restart);
            }
        }
        let acceptable = |b: BrokerId| self.c.acceptable(b);
        let valid = |b: BrokerId| acceptable(b) && (target.has(b) || (target.is_empty() && new.elr.has(b)));
        let keep = first.filter(|l| valid(*l));
        let choice = keep.or_else(|| setup.replicas.iter().copied().find(|b| valid(*b))); // E2
        let (leader, how) = if let Some(x) = choice {
            (Some(x), if target.has(x) { Election::Isr } else { Election::Elr })
        } else if let Some(x) = new.last_known.filter(|x| elr_on && target.is_empty() && new.elr.is_empty() && acceptable(*x)) {
            (Some(x), Election::Unclean) // E3
        } else if let Some(x) = setup.replicas.iter().copied().find(|b| setup.unclean == holds(Rule::CleanElection) && acceptable(*b)) {
            (Some(x), Election::Unclean) // E4
        } else {
            if elr_on && new.last_known.is_none() {
                new.last_known = old.leader; // E5
            }
            (None, Election::Isr)
        };
        if let Some(x) = leader {
            new.last_known = None; // seen on 4.3.1: whoever leads, the last known leader is forgotten
            match how {
                Election::Isr => {}
                Election::Elr => (new.isr, new.elr) = (BrokerSet::of(x), new.elr.without(x)),
                Election::Unclean => (new.isr, new.elr) = (BrokerSet::of(x), BrokerSet::EMPTY),
            }
        }
        new.leader = leader;
        if new == old {
            return;
        }
        new.pe = PartitionEpoch(old.pe.0 + 1);
        if leader != old.leader && holds(Rule::LeaderEpoch) {
            new.le = LeaderEpoch(old.le.0 + 1); // E6
        }
        self.c.partitions[p.ix()] = new;
        let change = self.c.change_of(p);
        self.changes.push(change);
        if (new.isr, new.elr) != (old.isr, old.elr) {
            self.out.event(EventKind::IsrChanged { partition: p, isr: new.isr, elr: new.elr, epoch: new.pe });
        }
        match leader {
            Some(leader) if old.leader != Some(leader) => {
                self.out.event(EventKind::LeaderElected { partition: p, leader, epoch: new.le, election: how });
            }
            None if old.leader.is_some() => self.out.event(EventKind::Leaderless { partition: p, epoch: new.le }),
            _ => {}
        }
    }
}

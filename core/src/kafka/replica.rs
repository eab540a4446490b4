//! One partition on one broker: the leader's and the follower's half of replication (rule book 2.5, 3.3 to 3.7).
//! Pure state and rules of a single replica; [`super::broker`] connects them to requests.

use super::log::records::RecordTable;
use super::log::segments::Segments;
use super::log::{Batch, Entry, LAST_SEQUENCE, Log, Payload};
use super::message::{FetchPart, Fetched};
use super::setup::{PartitionSetup, ProtocolVersion, RuleSet};
use super::transaction::index::TxnIndex;
use crate::broken::{Rule, holds};
use crate::event::ErrorCode;
use crate::ids::*;
use smallvec::SmallVec;
use std::rc::Rc;

/// How many batches a broker remembers for each producer (prod.D1).
pub const REMEMBERED_BATCHES: usize = 5;
/// Most batches of one partition in a fetch response. Stands for `replica.fetch.max.bytes` until batches carry sizes.
pub const MAX_FETCH_BATCHES: usize = 500;

/// What a leader knows of one producer (prod.D1 to D6). A function of the log's contents.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProducerState {
    /// Whose.
    pub pid: Pid,
    /// Its current epoch.
    pub epoch: u16,
    /// The newest coordinator that wrote a marker for it (txn.M2).
    pub coordinator: LeaderEpoch,
    /// The newest batches: first and last sequence, and base offset.
    pub batches: SmallVec<[(u32, u32, Offset); REMEMBERED_BATCHES]>,
}

/// What the leader knows of a follower.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FollowerState {
    /// Who.
    pub broker: BrokerId,
    /// `LEO_f`; unknown until it fetched once under this leader epoch (repl.R-H2).
    pub leo: Option<Offset>,
    /// The leader's LEO when the follower last fetched.
    pub leader_leo_at_fetch: Offset,
    /// `now − lastCaughtUp > replica.lag.time.max.ms`; flipped by [`super::step::Timer::Lag`].
    pub lag_expired: bool,
    /// Is the partition part of the follower's running fetch session?
    pub open: bool,
}

/// A change of the ISR that waits for the controller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PendingIsr {
    /// Nothing is pending.
    None,
    /// A follower is to join; the leader counts on it already.
    Expand(BrokerId),
    /// Followers are to leave; the leader counts on them still.
    Shrink(BrokerSet),
}

/// State of a replica that leads.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Leading {
    /// The ISR as the controller committed it.
    pub isr: BrokerSet,
    /// What the leader asked the controller for.
    pub pending: PendingIsr,
    /// LEO when it took office.
    pub epoch_start: Offset,
    /// The others.
    pub followers: SmallVec<[FollowerState; 2]>,
}

impl Leading {
    /// The ISR that the high watermark waits for: with a joining member, and with leaving ones (rule book 3.1).
    pub fn maximal_isr(&self) -> BrokerSet {
        match self.pending {
            PendingIsr::Expand(b) => self.isr.with(b),
            _ => self.isr,
        }
    }
    /// The ISR that it asked for.
    pub fn proposed(&self) -> Option<BrokerSet> {
        match self.pending {
            PendingIsr::None => None,
            PendingIsr::Expand(b) => Some(self.isr.with(b)),
            PendingIsr::Shrink(s) => Some(self.isr.minus(s)),
        }
    }
    /// Its knowledge of a follower.
    pub fn follower(&mut self, b: BrokerId) -> Option<&mut FollowerState> {
        self.followers.iter_mut().find(|f| f.broker == b)
    }
}

/// What a replica does.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Nothing: the broker has no metadata yet, or the partition has no leader.
    Idle,
    /// Leads.
    Leader(Leading),
    /// Copies from the leader.
    Follower {
        /// Its leader.
        leader: BrokerId,
        /// repl.R-L4: fenced; waits for new metadata.
        stopped: bool,
        /// PV1 to PV3: asks the leader where to cut its log before it fetches.
        asking: bool,
    },
}

/// One partition on one broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replica {
    /// Which partition.
    pub partition: PartitionId,
    /// Its log.
    pub log: Log,
    /// Its high watermark; a follower's is a guess that trails.
    pub hw: Offset,
    /// The high watermark in the checkpoint file.
    pub hw_checkpoint: Offset,
    /// Everything below was flushed and survives a power cut.
    pub flushed: Offset,
    /// Leader epoch of the metadata that the broker applied.
    pub le: LeaderEpoch,
    /// Partition epoch of the metadata that the broker applied.
    pub pe: PartitionEpoch,
    /// What it does.
    pub role: Role,
    /// Idempotent producers, by id. Derived from the log, so no part of the canonical encoding, unless the log has lost
    /// its beginning (prod.D7: the state outlives the batches).
    pub producers: SmallVec<[ProducerState; 1]>,
    /// Transactions in the log. Derived from it like the producers.
    pub txns: TxnIndex,
    /// Its segments, where the topic has log configs.
    pub files: Option<Rc<Segments>>,
}

impl std::hash::Hash for Replica {
    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        self.log.hash(h);
        self.hw.hash(h);
        self.hw_checkpoint.hash(h);
        self.flushed.hash(h);
        self.le.hash(h);
        self.pe.hash(h);
        self.role.hash(h);
        if self.files.is_some() || self.log.start() > Offset::ZERO {
            (&self.files, &self.producers).hash(h);
        }
    }
}

/// What the idempotence check says of a batch.
pub enum Idempotence {
    /// Take it.
    New,
    /// It is in the log already, at this offset.
    Duplicate(Offset),
    /// No.
    Error(ErrorCode),
}

/// What a leader's fetch rule says of one partition.
pub enum FetchOutcome {
    /// Tell it at once.
    Answer(Fetched),
    /// The follower is known to be at its offset; `moved` says whether that is news. `expired_since_last` asks to count the lag from its last fetch.
    At {
        /// `LEO_f` changed.
        moved: bool,
        /// It has everything.
        caught_up: bool,
        /// It had everything that there was at its last fetch: the lag counts from then (repl.R-F4).
        lag_from_last_fetch: bool,
        /// The session did not have this partition before: the follower is to be told the high watermark.
        opened: bool,
    },
}

impl Replica {
    /// An empty replica.
    pub fn new(partition: PartitionId) -> Self {
        Replica {
            partition,
            log: Log::default(),
            hw: Offset::ZERO,
            hw_checkpoint: Offset::ZERO,
            flushed: Offset::ZERO,
            le: LeaderEpoch(0),
            pe: PartitionEpoch(0),
            role: Role::Idle,
            producers: SmallVec::new(),
            txns: TxnIndex::default(),
            files: None,
        }
    }

    /// txn.M3: what read_committed readers may read lies below.
    pub fn last_stable(&self) -> Offset {
        // X7: an open transaction may have begun below what retention left.
        self.txns.last_stable(self.hw).max(self.log.start())
    }

    /// Its state as a leader.
    pub fn leading(&self) -> Option<&Leading> {
        match &self.role {
            Role::Leader(l) => Some(l),
            _ => None,
        }
    }

    /// Its state as a leader, to change.
    pub fn leading_mut(&mut self) -> Option<&mut Leading> {
        match &mut self.role {
            Role::Leader(l) => Some(l),
            _ => None,
        }
    }

    /// Whom it copies from, if it is fetching.
    pub fn follows(&self) -> Option<BrokerId> {
        match self.role {
            Role::Follower { leader, stopped: false, .. } => Some(leader),
            _ => None,
        }
    }

    // ---- appending

    /// log.L1: append as the leader.
    pub fn append(&mut self, payload: Payload) -> Entry {
        let entry = self.log.append(self.le, payload);
        self.remember(&entry);
        entry
    }

    /// prod.D1 to D5: has this idempotent batch been seen, and does it continue the sequence?
    pub fn check_sequence(&self, b: &Batch, rules: &RuleSet) -> Idempotence {
        let (Some(first), Some(last)) = (b.seq, b.last_seq()) else {
            return Idempotence::New;
        };
        if !holds(Rule::Sequence) {
            return Idempotence::New;
        }
        let fresh = rules.txn_v2 && b.pid.txn().is_some() || !holds(Rule::UnknownProducer); // D5 (4.1+): a transaction's first batch here has number 0
        let unknown = || if fresh && first != 0 { Idempotence::Error(ErrorCode::OutOfOrderSequenceNumber) } else { Idempotence::New };
        let Some(s) = self.producers.iter().find(|s| s.pid == b.pid) else {
            return unknown(); // D5
        };
        if b.epoch < s.epoch {
            return Idempotence::Error(ErrorCode::InvalidProducerEpoch); // D2
        }
        if b.epoch > s.epoch {
            return if first == 0 { Idempotence::New } else { Idempotence::Error(ErrorCode::OutOfOrderSequenceNumber) }; // D3
        }
        if let Some((_, _, base)) = s.batches.iter().find(|x| (x.0, x.1) == (first, last) && holds(Rule::Duplicates)) {
            return Idempotence::Duplicate(*base); // D1
        }
        match s.batches.last() {
            Some((_, l, _)) if first != (l + 1) & if holds(Rule::SequenceWraps) { LAST_SEQUENCE } else { u32::MAX } => {
                Idempotence::Error(ErrorCode::OutOfOrderSequenceNumber)
            } // D4
            Some(_) => Idempotence::New,
            None => unknown(),
        }
    }

    /// log.L13: the first offset below `end` whose record has this timestamp or a larger one; else `end`.
    pub(super) fn since(&self, ms: u64, end: Offset, data: &RecordTable) -> Offset {
        for e in self.log.iter_from(self.log.start()).take_while(|e| e.base < end) {
            let Some((batch, first, count)) = e.payload.records() else { continue };
            let records = data.of(batch).iter().skip(usize::from(first)).take(usize::from(count));
            if let Some(i) = records.map(|r| r.timestamp_ms).position(|t| t >= ms) {
                return e.base.plus(i as u32).min(end);
            }
        }
        end
    }

    /// prod.D6, D7: the batch enters the producer's state, on leaders and followers alike.
    fn remember(&mut self, e: &Entry) {
        self.txns.note(e, self.hw);
        match e.payload {
            Payload::Data(b) => {
                if let (Some(first), Some(last)) = (b.seq, b.last_seq()) {
                    self.remember_batch(b.pid, b.epoch, (first, last, e.base));
                }
            }
            Payload::Control(m) => {
                let s = self.producer(m.id.pid(), m.id.epoch);
                s.coordinator = s.coordinator.max(m.coordinator);
            }
            Payload::Commit(c) => {
                if let Some(id) = c.txn {
                    self.producer(id.pid(), id.epoch);
                }
            }
            Payload::Txn(_) | Payload::Group { .. } | Payload::Expired(_) | Payload::Kept { .. } => {}
        }
    }

    /// A producer's state, in this epoch. prod.D6: another epoch begins with nothing.
    fn producer(&mut self, pid: Pid, epoch: u16) -> &mut ProducerState {
        let at = match self.producers.binary_search_by_key(&pid, |s| s.pid) {
            Ok(i) => i,
            Err(i) => {
                self.producers.insert(i, ProducerState { pid, epoch, coordinator: LeaderEpoch(0), batches: SmallVec::new() });
                i
            }
        };
        let s = &mut self.producers[at];
        if s.epoch != epoch {
            s.epoch = epoch;
            s.batches.clear();
        }
        s
    }

    fn remember_batch(&mut self, pid: Pid, epoch: u16, batch: (u32, u32, Offset)) {
        let s = self.producer(pid, epoch);
        if s.batches.len() == REMEMBERED_BATCHES {
            s.batches.remove(0);
        }
        s.batches.push(batch);
    }

    /// Cuts the log, with everything that depends on it (repl.R-L3).
    pub fn truncate(&mut self, to: Offset) {
        self.log.truncate(to);
        let leo = self.log.leo();
        self.hw = self.hw.min(leo);
        self.hw_checkpoint = self.hw_checkpoint.min(leo);
        self.flushed = self.flushed.min(leo);
        self.rebuild_producers();
    }

    fn rebuild_producers(&mut self) {
        if self.producers.is_empty() {
            return;
        }
        self.txns = TxnIndex::default();
        // What no longer lies in the log as it was written is known from the producer snapshot of a rolled segment.
        let kept = self.files.as_ref().map_or(Offset::ZERO, |f| f.cleaned()).max(self.log.start()).min(self.log.leo());
        for s in &mut self.producers {
            s.batches.retain(|b| b.2 < kept);
        }
        self.producers.retain(|s| !s.batches.is_empty());
        let log = self.log.clone();
        for e in log.iter_from(log.start()) {
            // A snapshot knows the batches below, but not which transactions they belong to.
            if e.base >= kept || matches!(e.payload, Payload::Control(_)) { self.remember(e) } else { self.txns.note(e, self.hw) }
        }
    }

    /// The log start offset moves up; nothing below it is left to flush or to commit.
    pub fn move_start(&mut self, to: Offset) {
        self.log.advance_start(to.max(self.log.start()));
        if !holds(Rule::ProducerState) {
            self.producers.clear();
        }
        let start = self.log.start();
        self.hw = self.hw.max(start);
        self.hw_checkpoint = self.hw_checkpoint.max(start);
        self.flushed = self.flushed.max(start);
    }

    /// Empty, from `at` on.
    pub(super) fn start_over(&mut self, at: Offset) {
        self.log.start_over(at);
        (self.hw, self.hw_checkpoint, self.flushed) = (at, at, at);
        self.producers.clear();
        self.txns = TxnIndex::default();
    }

    // ---- leader

    /// repl.R-M2: take office.
    pub fn become_leader(&mut self, me: BrokerId, setup: &PartitionSetup, isr: BrokerSet) {
        let leo = self.log.leo();
        self.log.note_epoch(self.le, leo);
        let followers = setup.replicas.iter().filter(|b| **b != me);
        let followers = followers.map(|&broker| FollowerState {
            broker,
            leo: None,
            leader_leo_at_fetch: Offset::ZERO,
            lag_expired: !isr.has(broker),
            open: false,
        });
        self.role = Role::Leader(Leading { isr, pending: PendingIsr::None, epoch_start: leo, followers: followers.collect() });
    }

    /// repl.R-F1: may the leader answer a follower at all? PV3: only one of its own epoch.
    fn refuses_follower(&self, part: &FetchPart, rules: ProtocolVersion) -> Option<ErrorCode> {
        let fenced = rules >= ProtocolVersion::PV3;
        match () {
            () if self.leading().is_none() => Some(ErrorCode::NotLeaderOrFollower),
            () if fenced && part.le < self.le => Some(ErrorCode::FencedLeaderEpoch),
            () if fenced && part.le > self.le => Some(ErrorCode::UnknownLeaderEpoch),
            () => None,
        }
    }

    /// PV1 to PV3: where the epoch that a follower asks for ends here (OffsetForLeaderEpoch).
    pub fn epoch_end(&self, part: &FetchPart, rules: ProtocolVersion) -> Fetched {
        if let Some(e) = self.refuses_follower(part, rules) {
            return Fetched::Error(e);
        }
        match self.log.end_offset_for(part.last_epoch) {
            // PV1 says where, not of which epoch: the follower takes it for the end of its own.
            Some((epoch, end)) => {
                Fetched::Diverging { epoch: if rules == ProtocolVersion::PV1 { part.last_epoch.unwrap_or(epoch) } else { epoch }, end }
            }
            None => Fetched::Error(ErrorCode::OffsetOutOfRange),
        }
    }

    /// repl.R-F1 to R-F4: what a follower's fetch means for this partition.
    pub fn follower_fetch(&mut self, from: BrokerId, part: &FetchPart, rules: ProtocolVersion) -> FetchOutcome {
        let (leo, start, hw) = (self.log.leo(), self.log.start(), self.hw);
        let error = |e| FetchOutcome::Answer(Fetched::Error(e));
        if let Some(e) = self.refuses_follower(part, rules) {
            return error(e);
        }
        let out_of_range = FetchOutcome::Answer(Fetched::OutOfRange { start, end: leo });
        if rules < ProtocolVersion::PV4 {
            // R-L5 in one round: a follower that is ahead asks for the leader's end, and cuts its log there.
            if part.offset > leo
                && let Some(epoch) = part.last_epoch
            {
                return FetchOutcome::Answer(Fetched::Diverging { epoch, end: leo });
            }
        } else if part.last_epoch.is_some() || part.offset > start {
            // R-F3; an empty follower has no epoch to diverge in.
            match self.log.end_offset_for(part.last_epoch) {
                None => return out_of_range,
                Some((epoch, end)) if Some(epoch) < part.last_epoch || end < part.offset => {
                    return FetchOutcome::Answer(Fetched::Diverging { epoch, end });
                }
                Some(_) => {}
            }
        }
        if part.offset < start || part.offset > leo {
            return out_of_range;
        }
        let Some(f) = self.leading_mut().and_then(|l| l.follower(from)) else {
            return error(ErrorCode::UnknownLeaderEpoch);
        };
        let moved = f.leo != Some(part.offset);
        let caught_up = part.offset >= leo;
        // It had everything until now, but came back with less (a power cut): the lag counts from its last fetch as well.
        let fell_back = f.leo == Some(leo);
        let lag_from_last_fetch = !caught_up && (fell_back || f.open && part.offset >= f.leader_leo_at_fetch);
        f.leo = Some(part.offset);
        f.leader_leo_at_fetch = leo;
        let opened = !f.open && hw > Offset::ZERO; // the follower's may be lower, and its log may start lower
        f.open = true;
        if caught_up || lag_from_last_fetch {
            f.lag_expired = false;
        }
        FetchOutcome::At { moved, caught_up, lag_from_last_fetch, opened }
    }

    /// repl.R-H1, R-H2: the high watermark that the leader may move to; `None` = stay. `eligible`: brokers that may join the ISR.
    pub fn next_high_watermark(&self, setup: &PartitionSetup, rules: ProtocolVersion, eligible: BrokerSet) -> Option<Offset> {
        let l = self.leading()?;
        if rules >= ProtocolVersion::PV7 && l.isr.len() < setup.min_isr && holds(Rule::StrictMinIsr) {
            return None;
        }
        let leo = self.log.leo();
        let maximal = l.maximal_isr();
        if maximal.len() == 1 && !holds(Rule::AloneInIsr) {
            return None;
        }
        let mut candidate = leo;
        for f in &l.followers {
            let joining = eligible.has(f.broker) && (f.leo == Some(leo) || !f.lag_expired);
            if (maximal.has(f.broker) || joining) && holds(Rule::HighWatermark) {
                match f.leo {
                    Some(o) => candidate = candidate.min(o),
                    None if maximal.has(f.broker) => return None,
                    None => {}
                }
            }
        }
        (candidate > self.hw).then_some(candidate)
    }

    /// repl.R-I1: may this follower join the ISR?
    pub fn may_expand(&self, follower: BrokerId, eligible: BrokerSet, rules: ProtocolVersion) -> bool {
        let Some(l) = self.leading() else {
            return false;
        };
        let Some(f) = l.followers.iter().find(|f| f.broker == follower) else {
            return false;
        };
        l.pending == PendingIsr::None
            && holds(Rule::IsrExpands)
            && !l.isr.has(follower)
            && eligible.has(follower)
            && f.leo.is_some_and(|o| o >= self.hw && (o >= l.epoch_start || rules < ProtocolVersion::PV3))
    }

    /// repl.R-I2: who must leave the ISR.
    pub fn to_shrink(&self) -> BrokerSet {
        let Some(l) = self.leading() else {
            return BrokerSet::EMPTY;
        };
        if l.pending != PendingIsr::None || !holds(Rule::IsrShrinks) {
            return BrokerSet::EMPTY;
        }
        let leo = self.log.leo();
        l.followers
            .iter()
            .filter(|f| l.isr.has(f.broker) && (f.leo != Some(leo) || !holds(Rule::QuietFollower)) && f.lag_expired)
            .map(|f| f.broker)
            .collect()
    }

    // ---- follower

    /// What it asks its leader for.
    pub fn fetch_part(&self) -> FetchPart {
        FetchPart { partition: self.partition, le: self.le, offset: self.log.leo(), last_epoch: self.log.last_epoch() }
    }

    /// repl.R-L2: copy what came. Says how many records were new.
    pub fn follow(&mut self, entries: &[Entry], hw: Offset) -> u32 {
        let before = self.log.leo();
        // log.L2: a batch of a later epoch than the fetch's is ignored, and everything after it (KAFKA-18723).
        let known = entries.iter().take_while(|e| e.epoch <= self.le).count();
        let taken = self.log.append_replicated(&entries[..known]);
        for e in &entries[..taken] {
            self.remember(e);
        }
        let hw = if holds(Rule::FollowerHighWatermark) { hw } else { self.log.leo() };
        self.hw = hw.clamp(self.log.start(), self.log.leo());
        self.log.leo().0 - before.0
    }

    /// repl.R-L3: where to cut when the leader's `epoch` ends at `end`. A log whose epochs are all above `epoch` answers
    /// for it with the start of its first one, so nothing of those stays (Kafka's `endOffsetFor`).
    pub fn divergence_point(&self, epoch: LeaderEpoch, end: Offset) -> Offset {
        let leo = self.log.leo();
        match self.log.end_offset_for(Some(epoch)) {
            _ if !holds(Rule::Truncation) => leo,
            Some((own, own_end)) if own != epoch => own_end.min(leo),
            Some((_, own_end)) => own_end.min(end).min(leo),
            None => end.min(leo),
        }
    }

    /// log.L15: a process starts on what is left. `power_lost`: only what was flushed is.
    pub fn restart(&mut self, power_lost: bool) {
        if power_lost {
            self.truncate(self.flushed);
        }
        self.hw = self.hw_checkpoint.min(self.log.leo());
        self.rebuild_producers();
        self.role = Role::Idle;
        self.le = LeaderEpoch(0);
        self.pe = PartitionEpoch(0);
    }
}

//! What a partition's leader keeps for a share group: from the start offset (SPSO) on, the state of each record (share.Q1 to Q7, Q9).

use super::super::group::MemberId;
use super::super::log::Entry;
use super::super::replica::{MAX_FETCH_BATCHES, Replica};
use super::{AcknowledgeType, AcquiredRecord, ShareSetup};
use crate::broken::{Rule, holds};
use crate::event::ErrorCode;
use crate::ids::*;
use serde::Serialize;

/// State of a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// Whoever fetches next can have it.
    Available,
    /// A member has it, and its lock runs.
    Acquired,
    /// A member was done with it.
    Acknowledged,
    /// Nobody gets it any more: rejected, delivered too often, or no record at all.
    Archived,
}

/// A record between SPSO and SPEO.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Delivery {
    /// Where it stands.
    pub state: RecordState,
    /// How often it was delivered.
    pub count: u8,
    /// Who has it, or had it last.
    pub owner: Option<MemberId>,
    /// What that member said of it, which is being saved (share.Q6).
    pub said: Option<AcknowledgeType>,
    /// How many records were acquired together with it at first: Kafka's in-flight batch, which share.Q7 divides.
    pub together: u16,
}

impl Delivery {
    fn archived() -> Self {
        Delivery { state: RecordState::Archived, count: 0, owner: None, said: None, together: 0 }
    }

    /// Its lock runs.
    pub fn is_locked(&self) -> bool {
        self.state == RecordState::Acquired && self.said.is_none()
    }

    fn can_go_to(&self, member: MemberId) -> bool {
        self.is_locked() && self.owner == Some(member)
    }
}

/// The state as it is saved: records that a member has stand there as before they were acquired (share.Q6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareState {
    /// SPSO.
    pub start: Offset,
    /// State and count of each record from there on.
    pub records: Vec<(RecordState, u8)>,
}

/// A share-partition at the partition's leader.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SharePartition {
    /// Whose.
    pub group: GroupIx,
    /// Of which partition.
    pub partition: PartitionId,
    /// SPSO: everything below is done with.
    pub start: Offset,
    /// Records from SPSO to SPEO.
    pub records: Vec<Delivery>,
}

impl SharePartition {
    /// share.Q1: as it was saved.
    pub fn new(group: GroupIx, partition: PartitionId, saved: &ShareState) -> Self {
        let record = |r: &(RecordState, u8)| Delivery { state: r.0, count: r.1, ..Delivery::archived() };
        let mut s = SharePartition { group, partition, start: saved.start, records: saved.records.iter().map(record).collect() };
        s.advance();
        s
    }

    /// SPEO, here the offset after the last record that was ever acquired.
    pub fn end(&self) -> Offset {
        self.start.plus(self.records.len() as u32)
    }

    fn get_mut(&mut self, offset: Offset) -> Option<&mut Delivery> {
        self.records.get_mut(offset.0.checked_sub(self.start.0)? as usize)
    }

    /// The record at an offset, if it is between SPSO and SPEO.
    pub fn get(&self, offset: Offset) -> Option<&Delivery> {
        self.records.get(offset.0.checked_sub(self.start.0)? as usize)
    }

    /// Offsets of these records.
    pub fn offsets(&self, which: impl Fn(&Delivery) -> bool) -> Vec<Offset> {
        let found = (0u32..).zip(&self.records).filter(|r| which(r.1));
        found.map(|(i, _)| self.start.plus(i)).collect()
    }

    /// share.Q2, Q7, Q9: gives a member what it can have, about `max` records.
    pub fn acquire(&mut self, log: &Replica, spec: &ShareSetup, max: usize, member: MemberId) -> Vec<AcquiredRecord> {
        self.follow_log(log.log.start());
        let available = self.records.iter().position(|r| r.state == RecordState::Available);
        let from = self.start.plus(available.unwrap_or(self.records.len()) as u32);
        let bound = if spec.read_committed { log.last_stable() } else { log.hw };
        let mut got: Vec<AcquiredRecord> = Vec::new();
        let mut take = Take { member, spec, max, isolated: None };
        for e in log.log.iter_from(from).take_while(|e| e.end() <= bound).take(MAX_FETCH_BATCHES) {
            if !self.acquire_batch(e, spec.read_committed && log.txns.is_aborted(e), from, &mut take, &mut got) {
                break;
            }
        }
        let new = got.iter().filter(|r| self.get(r.offset).is_some_and(|d| d.together == 0)).count() as u16;
        for r in &got {
            if let Some(d) = self.get_mut(r.offset).filter(|d| d.together == 0) {
                d.together = new;
            }
        }
        self.advance();
        got
    }

    /// Says whether there is room for another batch.
    fn acquire_batch(&mut self, e: &Entry, aborted: bool, from: Offset, take: &mut Take, got: &mut Vec<AcquiredRecord>) -> bool {
        let records = e.payload.records().filter(|_| !aborted);
        let begin = e.base.max(from);
        for offset in (begin.0..e.end().0).map(Offset) {
            while self.end() < offset {
                self.records.push(Delivery::archived()); // compaction took it
            }
            let known = self.get(offset).is_some();
            if self.get(offset).is_some_and(|r| r.state != RecordState::Available) {
                continue;
            }
            let Some((batch, first, _)) = records else {
                match self.get_mut(offset) {
                    Some(r) => r.state = RecordState::Archived,
                    None => self.records.push(Delivery::archived()),
                }
                continue;
            };
            if !known && self.records.len() >= take.spec.locks as usize {
                return false;
            }
            let before = self.get(offset).map_or((0, 0), |r| (r.count, r.together));
            if !take.takes(before, offset == begin, got.len()) {
                return false;
            }
            if !known {
                self.records.push(Delivery::archived());
            }
            let r = self.get_mut(offset).expect("it is there now");
            (r.state, r.owner, r.count) = (RecordState::Acquired, Some(take.member), r.count.saturating_add(1));
            got.push(AcquiredRecord { offset, batch, index: first + (offset.0 - e.base.0) as u16, delivery: r.count });
        }
        true
    }

    /// share.Q5: what is deleted from the log is done with.
    fn follow_log(&mut self, start: Offset) {
        let gone = start.0.saturating_sub(self.start.0);
        self.records.drain(..(gone as usize).min(self.records.len()));
        self.start = self.start.max(start);
    }

    /// share.Q5: SPSO moves over what is done with.
    pub(super) fn advance(&mut self) {
        let done = |r: &Delivery| matches!(r.state, RecordState::Acknowledged | RecordState::Archived);
        let n = self.records.iter().take_while(|r| done(r)).count();
        self.records.drain(..n);
        self.start = self.start.plus(n as u32);
    }

    /// share.Q3: a member acknowledges records; all of them, or none. What it said counts once it is saved.
    ///
    /// # Errors
    /// INVALID_RECORD_STATE: it has one of them not, or not any more.
    pub fn acknowledge(&mut self, member: MemberId, said: &[(Offset, AcknowledgeType)]) -> Result<(), ErrorCode> {
        let open: Vec<_> = said.iter().filter(|s| s.0 >= self.start).collect();
        if !open.iter().all(|s| self.get(s.0).is_some_and(|r| r.can_go_to(member))) {
            return Err(ErrorCode::InvalidRecordState);
        }
        for &&(offset, how) in &open {
            if let Some(r) = self.get_mut(offset) {
                r.said = Some(how);
            }
        }
        Ok(())
    }

    /// What was said is saved. Says what was delivered too often for another time.
    pub fn saved(&mut self, limit: u8) -> Vec<(Offset, u8)> {
        let said = self.offsets(|r| r.said.is_some());
        let mut over = Vec::new();
        for offset in said {
            let Some(r) = self.get_mut(offset) else { continue };
            let how = r.said.take();
            if how == Some(AcknowledgeType::Release) || !holds(Rule::ShareAcknowledge) {
                over.extend(self.put_back(offset, limit).map(|count| (offset, count)));
            } else {
                let to = if how == Some(AcknowledgeType::Accept) { RecordState::Acknowledged } else { RecordState::Archived };
                r.state = to;
            }
        }
        self.advance();
        over
    }

    /// share.Q4: takes a record from whoever has it; SPSO may move then. Delivered too often, nobody gets it again: says how often that was.
    pub fn put_back(&mut self, offset: Offset, limit: u8) -> Option<u8> {
        let r = self.get_mut(offset)?;
        let over = r.count >= limit && holds(Rule::DeliveryLimit);
        r.state = if over { RecordState::Archived } else { RecordState::Available };
        if !holds(Rule::DeliveryCount) {
            r.count = 0;
        }
        over.then_some(r.count)
    }

    /// What is to be saved: with what was said, without what is only acquired.
    pub fn to_save(&self, limit: u8) -> ShareState {
        let record = |r: &Delivery| match (r.state, r.said) {
            (_, Some(AcknowledgeType::Accept)) => (RecordState::Acknowledged, r.count),
            (_, Some(AcknowledgeType::Reject)) => (RecordState::Archived, r.count),
            (_, Some(AcknowledgeType::Release)) if r.count >= limit => (RecordState::Archived, r.count),
            (_, Some(AcknowledgeType::Release)) => (RecordState::Available, r.count),
            (RecordState::Acquired, None) => (RecordState::Available, r.count.saturating_sub(1)),
            (state, None) => (state, r.count),
        };
        ShareState { start: self.start, records: self.records.iter().map(record).collect() }
    }
}

/// How much a fetch may take.
struct Take<'a> {
    member: MemberId,
    spec: &'a ShareSetup,
    max: usize,
    /// share.Q7: it holds records that failed before, of this count; so many may go together.
    isolated: Option<(u8, usize)>,
}

impl Take<'_> {
    /// May it take a record that was delivered `count` times, of an in-flight batch of `together`?
    fn takes(&mut self, (count, together): (u8, u16), begins_batch: bool, got: usize) -> bool {
        let from = self.spec.deliveries.div_ceil(2).max(2);
        if count >= from {
            if self.isolated.is_none() && got > 0 {
                return false;
            }
            let (of, most) = *self.isolated.get_or_insert_with(|| {
                let shrunk = usize::from(together) >> (count - from + 1).min(15);
                (count, if count + 1 >= self.spec.deliveries { 1 } else { shrunk.max(1) })
            });
            return of == count && got < most;
        }
        if self.isolated.is_some() {
            return false;
        }
        got < self.max || !(self.spec.record_limit || begins_batch)
    }
}

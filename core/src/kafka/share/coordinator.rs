//! The share coordinator: the leader of a partition of `__share_group_state`, which keeps where share groups stand (share.Q6).

use super::message::ShareBody;
use super::state::ShareState;
use crate::event::ErrorCode;
use crate::ids::*;
use crate::kafka::broker::Cx;
use crate::kafka::group::GroupRecord;
use crate::kafka::log::Payload;
use crate::kafka::message::Body;
use std::rc::Rc;

/// A record of `__share_group_state`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareRecord {
    /// Whose state.
    pub group: GroupIx,
    /// Of which partition.
    pub partition: PartitionId,
    /// Epoch of the leader that wrote it.
    pub le: LeaderEpoch,
    /// The state.
    pub state: ShareState,
}

/// What a share coordinator was asked and has not answered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Asked {
    /// To save a state.
    Write {
        /// By whom.
        from: BrokerId,
        /// The question's number.
        n: u16,
        /// What.
        record: Rc<ShareRecord>,
        /// It is appended, and waits for this high watermark.
        until: Option<Offset>,
    },
    /// What it has of a share-partition.
    Read {
        /// By whom.
        from: BrokerId,
        /// Which group.
        group: GroupIx,
        /// Which partition.
        partition: PartitionId,
    },
}

impl Asked {
    fn group(&self) -> GroupIx {
        match self {
            Asked::Write { record, .. } => record.group,
            Asked::Read { group, .. } => *group,
        }
    }
}

impl Cx<'_> {
    pub(super) fn on_share_coordinator(&mut self, from: BrokerId, body: &ShareBody) {
        let asked = match body {
            ShareBody::WriteState { group, partition, le, n, state } => {
                let record = Rc::new(ShareRecord { group: *group, partition: *partition, le: *le, state: state.clone() });
                Asked::Write { from, n: *n, record, until: None }
            }
            ShareBody::ReadState { group, partition } => Asked::Read { from, group: *group, partition: *partition },
            _ => return,
        };
        self.share().asked.push(asked);
    }

    /// After every step of the broker: answers what can be answered.
    pub(in crate::kafka) fn settle_share(&mut self, records: &mut Rc<Vec<GroupRecord>>) {
        if self.b.share.as_ref().is_none_or(|s| s.asked.is_empty()) {
            return;
        }
        for mut asked in std::mem::take(&mut self.share().asked) {
            let p = self.setup.groups[asked.group().ix()].share.as_ref().expect("only share groups ask").state;
            let leads = self.b.replica(p).is_some_and(|r| r.leading().is_some());
            let answered = match &mut asked {
                Asked::Write { from, n, record, .. } if !leads => {
                    self.answer_write(*from, *n, record, Err(ErrorCode::NotCoordinator));
                    true
                }
                Asked::Write { from, n, record, until } => self.write(p, *from, *n, record, until, records),
                Asked::Read { from, group, partition } => {
                    let result = if leads { Ok(self.read(p, *group, *partition, records)) } else { Err(ErrorCode::NotCoordinator) };
                    let body = ShareBody::ReadStateResponse { group: *group, partition: *partition, result };
                    self.send(Actor::Broker(*from), Body::Share(body));
                    true
                }
            };
            if !answered {
                self.share().asked.push(asked);
            }
        }
    }

    /// Appends a state, if a newer leader has not written one; says whether it is committed.
    fn write(
        &mut self,
        p: PartitionId,
        from: BrokerId,
        n: u16,
        record: &Rc<ShareRecord>,
        until: &mut Option<Offset>,
        records: &mut Rc<Vec<GroupRecord>>,
    ) -> bool {
        if until.is_none() {
            let newer = self.last_share_record(p, record.group, record.partition, records, Offset(u32::MAX));
            if newer.is_some_and(|r| r.le > record.le) {
                self.answer_write(from, n, record, Err(ErrorCode::FencedLeaderEpoch));
                return true;
            }
            let all = Rc::make_mut(records);
            all.push(GroupRecord::Share(record.clone()));
            let roster = all.len() as u32 - 1;
            *until = Some(self.append_payload(p, Payload::Group { group: record.group, roster }).plus(1));
            self.after_append(p);
        }
        let committed = self.b.replica(p).is_some_and(|r| until.is_some_and(|u| u <= r.hw));
        if committed {
            self.answer_write(from, n, record, Ok(()));
        }
        committed
    }

    fn answer_write(&mut self, from: BrokerId, n: u16, r: &ShareRecord, result: Result<(), ErrorCode>) {
        let body = ShareBody::WriteStateResponse { group: r.group, partition: r.partition, n, result };
        self.send(Actor::Broker(from), Body::Share(body));
    }

    fn read(&self, p: PartitionId, g: GroupIx, of: PartitionId, records: &[GroupRecord]) -> Option<ShareState> {
        let hw = self.b.replica(p).map_or(Offset::ZERO, |r| r.hw);
        self.last_share_record(p, g, of, records, hw).map(|r| r.state.clone())
    }

    /// What the log says last of a share-partition, below an offset.
    fn last_share_record<'r>(
        &self,
        p: PartitionId,
        g: GroupIx,
        of: PartitionId,
        records: &'r [GroupRecord],
        below: Offset,
    ) -> Option<&'r ShareRecord> {
        let log = &self.b.replica(p)?.log;
        log.iter_back().filter(|e| e.base < below).find_map(|e| match e.payload {
            Payload::Group { roster, .. } => match &records[roster as usize] {
                GroupRecord::Share(r) if (r.group, r.partition) == (g, of) => Some(&**r),
                _ => None,
            },
            _ => None,
        })
    }
}

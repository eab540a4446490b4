//! Requests and responses of share groups.

use super::state::ShareState;
use super::{AcknowledgeType, AcquiredRecord};
use crate::event::{ErrorCode, MessageKind};
use crate::ids::*;
use crate::kafka::group::MemberId;
use crate::kafka::group::consumer::{Beat, BeatAnswer};
use crate::kafka::message::ConnGen;
use smallvec::SmallVec;

/// What a member says of records.
pub type Acknowledgements = Vec<(PartitionId, Offset, AcknowledgeType)>;

/// The body of a message of a share group. Names and fields are Kafka's.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // Kafka's field names; see the rules that read them
pub enum ShareBody {
    Heartbeat {
        conn: ConnGen,
        group: GroupIx,
        beat: Beat,
    },
    HeartbeatResponse {
        conn: ConnGen,
        result: BeatAnswer,
    },
    Fetch {
        conn: ConnGen,
        group: GroupIx,
        member: MemberId,
        partitions: SmallVec<[PartitionId; 2]>,
        acknowledgements: Acknowledgements,
    },
    FetchResponse {
        conn: ConnGen,
        parts: Vec<(PartitionId, Result<Vec<AcquiredRecord>, ErrorCode>)>,
    },
    /// `close`: the member ends its share session, and gives back what it has not acknowledged.
    Acknowledge {
        conn: ConnGen,
        group: GroupIx,
        member: MemberId,
        acknowledgements: Acknowledgements,
        close: bool,
    },
    AcknowledgeResponse {
        conn: ConnGen,
        results: Vec<(PartitionId, Result<(), ErrorCode>)>,
    },
    /// From a partition's leader to the share coordinator; `n` stands for the correlation id.
    WriteState {
        group: GroupIx,
        partition: PartitionId,
        le: LeaderEpoch,
        n: u16,
        state: ShareState,
    },
    WriteStateResponse {
        group: GroupIx,
        partition: PartitionId,
        n: u16,
        result: Result<(), ErrorCode>,
    },
    ReadState {
        group: GroupIx,
        partition: PartitionId,
    },
    ReadStateResponse {
        group: GroupIx,
        partition: PartitionId,
        result: Result<Option<ShareState>, ErrorCode>,
    },
}

impl ShareBody {
    /// Its name.
    pub fn kind(&self) -> MessageKind {
        match self {
            ShareBody::Heartbeat { .. } => MessageKind::ShareGroupHeartbeat,
            ShareBody::HeartbeatResponse { .. } => MessageKind::ShareGroupHeartbeatResponse,
            ShareBody::Fetch { .. } => MessageKind::ShareFetch,
            ShareBody::FetchResponse { .. } => MessageKind::ShareFetchResponse,
            ShareBody::Acknowledge { .. } => MessageKind::ShareAcknowledge,
            ShareBody::AcknowledgeResponse { .. } => MessageKind::ShareAcknowledgeResponse,
            ShareBody::WriteState { .. } => MessageKind::WriteShareGroupState,
            ShareBody::WriteStateResponse { .. } => MessageKind::WriteShareGroupStateResponse,
            ShareBody::ReadState { .. } => MessageKind::ReadShareGroupState,
            ShareBody::ReadStateResponse { .. } => MessageKind::ReadShareGroupStateResponse,
        }
    }

    /// The connection that it travels on, where that matters.
    pub fn conn(&self) -> Option<ConnGen> {
        match self {
            ShareBody::Heartbeat { conn, .. }
            | ShareBody::HeartbeatResponse { conn, .. }
            | ShareBody::Fetch { conn, .. }
            | ShareBody::FetchResponse { conn, .. }
            | ShareBody::Acknowledge { conn, .. }
            | ShareBody::AcknowledgeResponse { conn, .. } => Some(*conn),
            _ => None,
        }
    }

    /// Is it a client's request?
    pub fn is_client_request(&self) -> bool {
        matches!(self, ShareBody::Heartbeat { .. } | ShareBody::Fetch { .. } | ShareBody::Acknowledge { .. })
    }

    /// Is it an answer to one?
    pub fn is_client_response(&self) -> bool {
        self.conn().is_some() && !self.is_client_request()
    }
}

//! Requests and responses of transactions.

use super::{Identity, Marker};
use crate::event::{ErrorCode, MessageKind};
use crate::ids::*;
use crate::kafka::group::MemberId;
use crate::kafka::message::ConnGen;
use smallvec::SmallVec;

/// The body of a message about a transaction. Names and fields are Kafka's.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // Kafka's field names; see the rules that read them
pub enum TxnBody {
    InitProducerId {
        conn: ConnGen,
        txn: TxnIx,
        /// The identity that the producer has and wants raised (KIP-360).
        expected: Option<Identity>,
    },
    InitProducerIdResponse {
        conn: ConnGen,
        result: Result<Identity, ErrorCode>,
    },
    /// txn.T3: from the producer.
    AddPartitionsToTxn {
        conn: ConnGen,
        id: Identity,
        partitions: SmallVec<[PartitionId; 2]>,
    },
    AddPartitionsToTxnResponse {
        conn: ConnGen,
        result: Result<(), ErrorCode>,
    },
    /// txn.T4: from the producer.
    AddOffsetsToTxn {
        conn: ConnGen,
        id: Identity,
        group: GroupIx,
    },
    AddOffsetsToTxnResponse {
        conn: ConnGen,
        result: Result<(), ErrorCode>,
    },
    /// txn.W1, W5: AddPartitionsToTxn from a partition's leader, which adds the partitions or only asks whether they are in.
    LeaderAddPartitions {
        producer: ProducerIx,
        id: Identity,
        partitions: SmallVec<[PartitionId; 2]>,
        verify_only: bool,
    },
    /// Identity and partitions stand for the correlation id of Kafka's protocol.
    LeaderAddPartitionsResponse {
        producer: ProducerIx,
        id: Identity,
        partitions: SmallVec<[PartitionId; 2]>,
        result: Result<(), ErrorCode>,
    },
    TxnOffsetCommit {
        conn: ConnGen,
        id: Identity,
        group: GroupIx,
        /// Who commits, and in which generation (KIP-447); nobody in a group that never changes.
        member: Option<(MemberId, u32)>,
        offsets: SmallVec<[(PartitionId, Offset); 1]>,
    },
    TxnOffsetCommitResponse {
        conn: ConnGen,
        result: Result<(), ErrorCode>,
    },
    EndTxn {
        conn: ConnGen,
        id: Identity,
        commit: bool,
    },
    EndTxnResponse {
        conn: ConnGen,
        /// The identity that the producer has from here on (txn.W2).
        result: Result<Identity, ErrorCode>,
    },
    WriteTxnMarkers {
        marker: Marker,
        partitions: SmallVec<[PartitionId; 2]>,
    },
    WriteTxnMarkersResponse {
        marker: Marker,
        results: SmallVec<[(PartitionId, Result<(), ErrorCode>); 2]>,
    },
}

impl TxnBody {
    /// Its name.
    pub fn kind(&self) -> MessageKind {
        match self {
            TxnBody::InitProducerId { .. } => MessageKind::InitProducerId,
            TxnBody::InitProducerIdResponse { .. } => MessageKind::InitProducerIdResponse,
            TxnBody::AddPartitionsToTxn { .. } | TxnBody::LeaderAddPartitions { .. } => MessageKind::AddPartitionsToTxn,
            TxnBody::AddPartitionsToTxnResponse { .. } | TxnBody::LeaderAddPartitionsResponse { .. } => {
                MessageKind::AddPartitionsToTxnResponse
            }
            TxnBody::AddOffsetsToTxn { .. } => MessageKind::AddOffsetsToTxn,
            TxnBody::AddOffsetsToTxnResponse { .. } => MessageKind::AddOffsetsToTxnResponse,
            TxnBody::TxnOffsetCommit { .. } => MessageKind::TxnOffsetCommit,
            TxnBody::TxnOffsetCommitResponse { .. } => MessageKind::TxnOffsetCommitResponse,
            TxnBody::EndTxn { .. } => MessageKind::EndTxn,
            TxnBody::EndTxnResponse { .. } => MessageKind::EndTxnResponse,
            TxnBody::WriteTxnMarkers { .. } => MessageKind::WriteTxnMarkers,
            TxnBody::WriteTxnMarkersResponse { .. } => MessageKind::WriteTxnMarkersResponse,
        }
    }

    /// The client's connection that it travels on; brokers' own exchanges have none here.
    pub fn conn(&self) -> Option<ConnGen> {
        match self {
            TxnBody::InitProducerId { conn, .. }
            | TxnBody::InitProducerIdResponse { conn, .. }
            | TxnBody::AddPartitionsToTxn { conn, .. }
            | TxnBody::AddPartitionsToTxnResponse { conn, .. }
            | TxnBody::AddOffsetsToTxn { conn, .. }
            | TxnBody::AddOffsetsToTxnResponse { conn, .. }
            | TxnBody::TxnOffsetCommit { conn, .. }
            | TxnBody::TxnOffsetCommitResponse { conn, .. }
            | TxnBody::EndTxn { conn, .. }
            | TxnBody::EndTxnResponse { conn, .. } => Some(*conn),
            _ => None,
        }
    }

    /// Is it a client's request?
    pub fn is_client_request(&self) -> bool {
        matches!(
            self,
            TxnBody::InitProducerId { .. }
                | TxnBody::AddPartitionsToTxn { .. }
                | TxnBody::AddOffsetsToTxn { .. }
                | TxnBody::TxnOffsetCommit { .. }
                | TxnBody::EndTxn { .. }
        )
    }

    /// Is it an answer to a client?
    pub fn is_client_response(&self) -> bool {
        matches!(
            self,
            TxnBody::InitProducerIdResponse { .. }
                | TxnBody::AddPartitionsToTxnResponse { .. }
                | TxnBody::AddOffsetsToTxnResponse { .. }
                | TxnBody::TxnOffsetCommitResponse { .. }
                | TxnBody::EndTxnResponse { .. }
        )
    }

    /// The answer that a broker gets whose request found nobody: its connection was refused or reset.
    pub fn refused(&self) -> Option<TxnBody> {
        let error = Err(ErrorCode::NetworkException);
        match self {
            TxnBody::LeaderAddPartitions { producer, id, partitions, .. } => {
                let partitions = partitions.clone();
                Some(TxnBody::LeaderAddPartitionsResponse { producer: *producer, id: *id, partitions, result: error })
            }
            TxnBody::WriteTxnMarkers { marker, partitions } => {
                Some(TxnBody::WriteTxnMarkersResponse { marker: *marker, results: partitions.iter().map(|p| (*p, error)).collect() })
            }
            _ => None,
        }
    }
}

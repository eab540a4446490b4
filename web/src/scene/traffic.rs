//! What a message looks like on its way, and how much attention it deserves.

use super::mark::Mark;
use highwater_core::ids::*;
use highwater_core::kafka::log::Entry;
use highwater_core::kafka::message::{Body, Fetched};
use highwater_core::kafka::quorum::{Fetched as Metadata, QuorumBody};
use highwater_core::kafka::share::AcknowledgeType;
use highwater_core::kafka::share::message::ShareBody;
use highwater_core::kafka::transaction::TxnBody;
use highwater_core::kafka::{Flight, World};

/// How much attention a message deserves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Weight {
    /// Bookkeeping that goes on all the time: heartbeats.
    Faint,
    /// Asks that bring nothing new.
    Quiet,
    /// Changes what somebody knows.
    Normal,
    /// Carries records, acknowledges or refuses them.
    Loud,
}

/// What it carries, as it is drawn.
#[derive(Clone, PartialEq, Debug)]
pub enum Cargo {
    /// Records.
    Records {
        /// The first few.
        marks: Vec<Mark>,
        /// How many more there are.
        more: u32,
    },
    /// An acknowledgement of these.
    Ack {
        /// The first few.
        marks: Vec<Mark>,
    },
    /// An error.
    Refusal,
    /// A request that asks.
    Ask,
    /// A commit of a group, or its confirmation.
    Flag,
    /// Metadata.
    Slip,
    /// A broken connection.
    Broken,
    /// A heartbeat or an empty answer.
    Pulse,
}

/// A message as it is drawn.
#[derive(Clone, PartialEq, Debug)]
pub struct Look {
    /// Attention.
    pub weight: Weight,
    /// What it carries.
    pub cargo: Cargo,
    /// What is written beside it: Kafka's own words, the same in every language.
    pub label: String,
}

/// Most marks that one token shows.
const MARKS: usize = 3;

/// Gives the mark of a record: its batch and its place in it.
pub type MarkOf<'a> = dyn Fn(BatchId, u16) -> Mark + 'a;

/// How a message looks.
pub fn look(f: &Flight, w: &World, mark: &MarkOf) -> Look {
    let (weight, cargo, label) = match &*f.body {
        Body::Produce { parts, .. } => {
            let batches: Vec<_> = parts.iter().map(|(_, b)| (b.id, b.count)).collect();
            (Weight::Loud, records(&batches, mark), "Produce".to_owned())
        }
        Body::ProduceResponse { parts, .. } => match parts.iter().find_map(|p| p.2.err()) {
            Some(e) => (Weight::Loud, Cargo::Refusal, e.name().to_owned()),
            None => (Weight::Loud, Cargo::Ack { marks: acked(f, w, mark) }, "ack".to_owned()),
        },
        Body::OffsetForLeaderEpoch { .. } => (Weight::Normal, Cargo::Ask, "OffsetForLeaderEpoch".into()),
        Body::Fetch { parts, .. } => follower_ask(f, w, parts),
        Body::OffsetForLeaderEpochResponse { .. } if matches!(f.to, Actor::Consumer(_)) => (Weight::Normal, Cargo::Ask, String::new()),
        Body::FetchResponse { parts, .. } | Body::OffsetForLeaderEpochResponse { parts, .. } => fetched(f, w, parts.iter(), mark),
        Body::ConsumerFetch { .. } => (Weight::Quiet, Cargo::Ask, String::new()),
        Body::ConsumerFetchResponse { parts, .. } => fetched(f, w, parts.iter(), mark),
        Body::OffsetCommit { offsets, .. } => {
            (Weight::Normal, Cargo::Flag, offsets.first().map_or_else(String::new, |o| format!("OffsetCommit {}", o.1)))
        }
        Body::OffsetCommitResponse { result, .. } => match result {
            Ok(()) => (Weight::Normal, Cargo::Flag, String::new()),
            Err(e) => (Weight::Loud, Cargo::Refusal, e.name().to_owned()),
        },
        Body::OffsetFetch { .. } | Body::OffsetFetchResponse { .. } => (Weight::Quiet, Cargo::Flag, String::new()),
        Body::ListOffsets { .. } | Body::ListOffsetsResponse { .. } => (Weight::Quiet, Cargo::Ask, String::new()),
        Body::JoinGroup { .. } => (Weight::Normal, Cargo::Slip, "JoinGroup".to_owned()),
        Body::SyncGroup { .. } => (Weight::Normal, Cargo::Slip, "SyncGroup".to_owned()),
        Body::LeaveGroup { .. } => (Weight::Normal, Cargo::Slip, "LeaveGroup".to_owned()),
        Body::JoinGroupResponse { result, .. } => match result {
            Ok(joined) => (Weight::Normal, Cargo::Slip, format!("generation {}", joined.generation)),
            Err((e, _)) => (Weight::Normal, Cargo::Refusal, e.name().to_owned()),
        },
        Body::SyncGroupResponse { result: Err(e), .. } | Body::GroupHeartbeatResponse { result: Err(e), .. } => {
            (Weight::Normal, Cargo::Refusal, e.name().to_owned())
        }
        Body::SyncGroupResponse { .. } => (Weight::Normal, Cargo::Slip, "assignment".to_owned()),
        Body::GroupHeartbeat { .. } | Body::GroupHeartbeatResponse { .. } => (Weight::Faint, Cargo::Pulse, String::new()),
        Body::ConsumerGroupHeartbeat { beat, .. } => match beat.epoch {
            0 => (Weight::Normal, Cargo::Slip, "Heartbeat: join".to_owned()),
            ..0 => (Weight::Normal, Cargo::Slip, "Heartbeat: leave".to_owned()),
            _ if beat.owned.is_some() => (Weight::Normal, Cargo::Slip, "Heartbeat: owned".to_owned()),
            _ => (Weight::Faint, Cargo::Pulse, String::new()),
        },
        Body::ConsumerGroupHeartbeatResponse { result, .. } => match result {
            Ok((epoch, Some(_))) => (Weight::Normal, Cargo::Slip, format!("epoch {epoch}: assignment")),
            Ok((_, None)) => (Weight::Faint, Cargo::Pulse, String::new()),
            Err(e) => (Weight::Normal, Cargo::Refusal, e.name().to_owned()),
        },
        Body::BrokerHeartbeat { want_shutdown, .. } if *want_shutdown => {
            (Weight::Normal, Cargo::Slip, "BrokerHeartbeat wantShutDown".to_owned())
        }
        Body::BrokerHeartbeat { .. } => (Weight::Faint, Cargo::Pulse, String::new()),
        Body::BrokerRegistration { .. } => (Weight::Normal, Cargo::Slip, "BrokerRegistration".to_owned()),
        Body::BrokerRegistrationResponse { .. } => (Weight::Quiet, Cargo::Slip, String::new()),
        Body::AlterPartition { isr, .. } => {
            let ids: BrokerSet = isr.iter().map(|x| x.0).collect();
            (Weight::Normal, Cargo::Slip, format!("AlterPartition ISR {ids}"))
        }
        Body::AlterPartitionResponse { .. } => (Weight::Normal, Cargo::Slip, String::new()),
        Body::ControlledShutdown => (Weight::Normal, Cargo::Slip, "ControlledShutdown".to_owned()),
        Body::MetadataRecords { .. } => (Weight::Normal, Cargo::Slip, "metadata".to_owned()),
        Body::Metadata { .. } | Body::MetadataResponse { .. } => (Weight::Quiet, Cargo::Slip, String::new()),
        Body::Disconnect { .. } => (Weight::Quiet, Cargo::Broken, String::new()),
        Body::Txn(t) => transaction(t),
        Body::Share(s) => share(s, mark),
        Body::Quorum(q) => quorum(q),
    };
    Look { weight: if receiver_up(f, w) { weight } else { weight.min(Weight::Quiet) }, cargo, label }
}

/// What members of share groups and leaders say to each other.
fn share(s: &ShareBody, mark: &MarkOf) -> (Weight, Cargo, String) {
    match s {
        ShareBody::Heartbeat { beat, .. } if beat.epoch == 0 => (Weight::Normal, Cargo::Slip, "Heartbeat: join".to_owned()),
        ShareBody::Heartbeat { beat, .. } if beat.epoch < 0 => (Weight::Normal, Cargo::Slip, "Heartbeat: leave".to_owned()),
        ShareBody::HeartbeatResponse { result: Ok((epoch, Some(_))), .. } => {
            (Weight::Normal, Cargo::Slip, format!("epoch {epoch}: assignment"))
        }
        ShareBody::HeartbeatResponse { result: Err(e), .. } => (Weight::Normal, Cargo::Refusal, e.name().to_owned()),
        ShareBody::Heartbeat { .. } | ShareBody::HeartbeatResponse { .. } => (Weight::Faint, Cargo::Pulse, String::new()),
        ShareBody::Fetch { acknowledgements, .. } if acknowledgements.is_empty() => (Weight::Quiet, Cargo::Ask, String::new()),
        ShareBody::Fetch { acknowledgements: said, .. } | ShareBody::Acknowledge { acknowledgements: said, .. } => {
            let word = |how: &AcknowledgeType| ["accept", "release", "reject"][*how as usize];
            (Weight::Normal, Cargo::Flag, said.last().map_or_else(String::new, |a| format!("{} {}", word(&a.2), a.1)))
        }
        ShareBody::FetchResponse { parts, .. } => {
            let got: Vec<_> = parts.iter().filter_map(|p| p.1.as_ref().ok()).flatten().collect();
            if got.is_empty() {
                return (Weight::Quiet, Cargo::Pulse, String::new());
            }
            let marks: Vec<Mark> = got.iter().take(MARKS).map(|r| mark(r.batch, r.index)).collect();
            let again = got.iter().map(|r| r.delivery).max().filter(|n| *n > 1);
            let label = again.map_or_else(|| "ShareFetch".to_owned(), |n| format!("delivery {n}"));
            (Weight::Loud, Cargo::Records { more: (got.len() - marks.len()) as u32, marks }, label)
        }
        ShareBody::AcknowledgeResponse { results, .. } => match results.iter().find_map(|r| r.1.err()) {
            Some(e) => (Weight::Loud, Cargo::Refusal, e.name().to_owned()),
            None => (Weight::Normal, Cargo::Flag, String::new()),
        },
        _ => (Weight::Quiet, Cargo::Slip, String::new()), // between leaders and the share coordinator
    }
}

/// Requests of transactions are labelled with Kafka's names, answers with their errors.
fn transaction(t: &TxnBody) -> (Weight, Cargo, String) {
    let error = match t {
        TxnBody::InitProducerIdResponse { result, .. } | TxnBody::EndTxnResponse { result, .. } => result.as_ref().err().copied(),
        TxnBody::AddPartitionsToTxnResponse { result, .. }
        | TxnBody::AddOffsetsToTxnResponse { result, .. }
        | TxnBody::LeaderAddPartitionsResponse { result, .. }
        | TxnBody::TxnOffsetCommitResponse { result, .. } => result.err(),
        TxnBody::WriteTxnMarkersResponse { results, .. } => results.iter().find_map(|r| r.1.err()),
        TxnBody::WriteTxnMarkers { marker, .. } => {
            let outcome = if marker.commit { "COMMIT" } else { "ABORT" };
            return (Weight::Loud, Cargo::Slip, format!("WriteTxnMarkers {outcome}"));
        }
        TxnBody::EndTxn { commit, .. } => {
            let outcome = if *commit { "COMMIT" } else { "ABORT" };
            return (Weight::Loud, Cargo::Slip, format!("EndTxn {outcome}"));
        }
        asked => return (Weight::Normal, Cargo::Slip, format!("{:?}", asked.kind())),
    };
    match error {
        Some(e) => (Weight::Loud, Cargo::Refusal, e.name().to_owned()),
        None => (Weight::Normal, Cargo::Slip, String::new()),
    }
}

fn quorum(q: &QuorumBody) -> (Weight, Cargo, String) {
    match q {
        QuorumBody::FetchResponse { answer: Metadata::Records { entries, .. }, .. } if !entries.is_empty() => {
            (Weight::Normal, Cargo::Slip, "metadata".to_owned())
        }
        QuorumBody::FetchResponse { answer: Metadata::Snapshot { .. }, .. } => (Weight::Normal, Cargo::Slip, "metadata".to_owned()),
        QuorumBody::BrokerHeartbeatResponse { error } => (Weight::Normal, Cargo::Refusal, error.name().to_owned()),
        QuorumBody::Fetch { .. } | QuorumBody::FetchResponse { .. } => (Weight::Faint, Cargo::Pulse, String::new()),
        asked => (Weight::Normal, Cargo::Slip, format!("{:?}", asked.kind())),
    }
}

fn receiver_up(f: &Flight, w: &World) -> bool {
    match f.to {
        Actor::Broker(b) => w.broker(b).is_up(),
        Actor::Consumer(c) => w.consumers[c.ix()].up,
        Actor::Voter(v) => w.voters[v.ix()].up,
        Actor::Controller | Actor::Producer(_) => true,
    }
}

fn records(batches: &[(BatchId, u16)], mark: &MarkOf) -> Cargo {
    let all = batches.iter().flat_map(|(id, n)| (0..*n).map(move |i| (*id, i)));
    let marks: Vec<Mark> = all.take(MARKS).map(|(id, i)| mark(id, i)).collect();
    let total: u32 = batches.iter().map(|b| u32::from(b.1)).sum();
    Cargo::Records { more: total - marks.len() as u32, marks }
}

/// The records that an acknowledgement speaks of: they are what its producer has out on that connection.
fn acked(f: &Flight, w: &World, mark: &MarkOf) -> Vec<Mark> {
    let (Actor::Broker(b), Actor::Producer(p)) = (f.from, f.to) else {
        return Vec::new();
    };
    let Some(conn) = w.producers[p.ix()].conns.iter().find(|c| c.broker == b) else {
        return Vec::new();
    };
    let out = conn.in_flight.first().into_iter().flatten();
    out.flat_map(|(_, q)| (0..q.batch.count).map(|i| (q.batch.id, i))).take(MARKS).map(|(id, i)| mark(id, i)).collect()
}

fn follower_ask(f: &Flight, w: &World, parts: &[highwater_core::kafka::message::FetchPart]) -> (Weight, Cargo, String) {
    let (Actor::Broker(follower), Actor::Broker(leader)) = (f.from, f.to) else {
        return (Weight::Quiet, Cargo::Ask, String::new());
    };
    // What the leader does not know yet: this ask is how it learns it.
    let news = parts.iter().find(|p| {
        !w.setup.is_internal(p.partition)
            && w.broker(leader)
                .replica(p.partition)
                .and_then(|r| r.leading())
                .and_then(|l| l.followers.iter().find(|x| x.broker == follower))
                .is_some_and(|x| x.leo != Some(p.offset))
    });
    match news {
        Some(p) => (Weight::Normal, Cargo::Ask, format!("Fetch @{}", p.offset)),
        None => (Weight::Quiet, Cargo::Ask, String::new()),
    }
}

fn fetched<'a>(
    f: &Flight,
    w: &World,
    parts: impl Iterator<Item = &'a highwater_core::kafka::message::FetchedPart>,
    mark: &MarkOf,
) -> (Weight, Cargo, String) {
    let mut batches: Vec<(BatchId, u16)> = Vec::new();
    let (mut from, mut to) = (None, Offset::ZERO);
    let mut news = None;
    for p in parts.filter(|p| !w.setup.is_internal(p.partition)) {
        match &p.answer {
            Fetched::Error(e) => return (Weight::Normal, Cargo::Refusal, e.name().to_owned()),
            Fetched::OutOfRange { .. } => return (Weight::Normal, Cargo::Refusal, "OFFSET_OUT_OF_RANGE".to_owned()),
            Fetched::ReadFrom(b) => return (Weight::Normal, Cargo::Slip, format!("preferredReadReplica {b}")),
            Fetched::Diverging { epoch, end } => {
                return (Weight::Loud, Cargo::Refusal, format!("diverging: e{epoch} ends @{end}"));
            }
            Fetched::Data { entries, hw, .. } => {
                for e in entries {
                    if let Some((batch, _, count)) = e.payload.records() {
                        batches.push((batch, count));
                        from = Some(from.unwrap_or(e.base));
                        to = Entry::end(e);
                    }
                }
                if let Actor::Broker(b) = f.to
                    && w.broker(b).replica(p.partition).is_some_and(|r| r.hw != *hw)
                {
                    news = Some(*hw);
                }
            }
        }
    }
    match (from, news) {
        (Some(from), _) => {
            let last = to.0 - 1;
            let label = if last > from.0 { format!("Fetch: {from}–{last}") } else { format!("Fetch: {from}") };
            (Weight::Loud, records(&batches, mark), label)
        }
        (None, Some(hw)) => (Weight::Normal, Cargo::Pulse, format!("HW {hw}")),
        (None, None) => (Weight::Quiet, Cargo::Pulse, String::new()),
    }
}

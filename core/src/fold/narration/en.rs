//! English.

use super::last_of;
use super::names::Names;
use crate::event::{DropReason, Election, ErrorCode, Event, EventKind};
use crate::ids::*;
use crate::kafka::log::segments::Deletion;
use crate::kafka::message::Acks;

/// The sentence of an event.
pub(super) fn sentence(e: &Event, n: &Names) -> String {
    let said = match e.kind {
        EventKind::Sent { .. } | EventKind::Delivered { .. } | EventKind::Dropped { .. } => wire(&e.kind, n),
        EventKind::RecordSent { .. }
        | EventKind::Batched { .. }
        | EventKind::BatchSent { .. }
        | EventKind::BatchResent { .. }
        | EventKind::Acked { .. }
        | EventKind::AttemptFailed { .. }
        | EventKind::SendBlocked { .. }
        | EventKind::SendRefused { .. }
        | EventKind::SendFailed { .. } => producer(&e.kind, n),
        EventKind::Appended { .. }
        | EventKind::CommitAppended { .. }
        | EventKind::DuplicateRecognised { .. }
        | EventKind::ProducerForgotten { .. }
        | EventKind::Refused { .. }
        | EventKind::Replicated { .. }
        | EventKind::Truncated { .. }
        | EventKind::FollowerAt { .. }
        | EventKind::HighWatermark { .. }
        | EventKind::FollowerHighWatermark { .. } => log(&e.kind, n),
        EventKind::SegmentRolled { .. }
        | EventKind::SegmentDeleted { .. }
        | EventKind::Compacted { .. }
        | EventKind::LogStartMoved { .. }
        | EventKind::DeleteRefused { .. }
        | EventKind::LogRecovered { .. } => files(&e.kind, n),
        EventKind::LagExpired { .. }
        | EventKind::IsrProposed { .. }
        | EventKind::IsrChanged { .. }
        | EventKind::LeaderElected { .. }
        | EventKind::Leaderless { .. }
        | EventKind::BecameLeader { .. }
        | EventKind::BecameFollower { .. }
        | EventKind::Fenced { .. }
        | EventKind::Unfenced { .. }
        | EventKind::Registered { .. } => control(&e.kind, n),
        EventKind::Crashed { .. }
        | EventKind::PowerCut { .. }
        | EventKind::Stopping { .. }
        | EventKind::Stopped { .. }
        | EventKind::Started { .. }
        | EventKind::LinkCut { .. }
        | EventKind::LinkHealed { .. }
        | EventKind::DropArmed { .. }
        | EventKind::LinkSlowed { .. }
        | EventKind::Paused { .. }
        | EventKind::HandlerSlowed { .. }
        | EventKind::Poisoned { .. }
        | EventKind::ConsumerCrashed { .. }
        | EventKind::ConsumerStarted { .. } => fault(&e.kind, n),
        EventKind::Polled { .. }
        | EventKind::Handled { .. }
        | EventKind::Committed { .. }
        | EventKind::PositionReset { .. }
        | EventKind::PreferredReadReplica { .. }
        | EventKind::LogTruncation { .. } => consumer(&e.kind, n),
        EventKind::Group { group, what } => super::groups::en(group, what, n),
        EventKind::Lost { .. } | EventKind::Found { .. } => judgement(e, n),
        EventKind::Txn(t) => super::transactions::sentence(&t, n),
        EventKind::Share { group, what } => super::share::sentence(group, &what, n),
        EventKind::Streams(s) => super::streams::sentence(&s, n),
        EventKind::Quorum(q) => super::quorum::sentence(&q, n),
        EventKind::MinIsrAltered { .. }
        | EventKind::ElectionRefused { .. }
        | EventKind::PartitionCreated { .. }
        | EventKind::PartitionLearned { .. } => control(&e.kind, n),
    };
    capitalised(&said)
}

pub(super) fn capitalised(s: &str) -> String {
    // Only words of ours: a producer's own name keeps its first letter.
    for ours in ["broker ", "the ", "record ", "batch ", "transaction "] {
        if s.starts_with(ours) {
            return format!("{}{}", s[..1].to_ascii_uppercase(), &s[1..]);
        }
    }
    s.to_string()
}

/// `offset 3`, or `offsets 3 to 5`.
pub(super) fn offsets(from: Offset, to: Offset) -> String {
    match last_of(from, to) {
        Some(last) => format!("offsets {from} to {last}"),
        None => format!("offset {from}"),
    }
}

fn wire(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::Sent { from, to, message, .. } => {
            format!("{} sends {message:?} to {}.", n.actor(from), n.actor(to))
        }
        EventKind::Delivered { from, to, message, .. } => {
            format!("{message:?} from {} reaches {}.", n.actor(from), n.actor(to))
        }
        EventKind::Dropped { from, to, message, why, .. } => {
            let why = match why {
                DropReason::LinkCut => "the link is cut".to_string(),
                DropReason::ReceiverDown => format!("{} is down", n.actor(to)),
                DropReason::ConnectionClosed => "the connection is closed".to_string(),
                DropReason::Fault => "a fault took it".to_string(),
            };
            format!("{message:?} from {} never reaches {}: {why}.", n.actor(from), n.actor(to))
        }
        _ => String::new(),
    }
}

fn producer(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::RecordSent { record, partition } => {
            format!("The application hands {} to {}, for {}.", n.record(record), n.producer(record.producer), n.partition(partition))
        }
        EventKind::Batched { record, partition, .. } => {
            format!("{} puts {} into a batch for {}.", n.producer(record.producer), n.record(record), n.partition(partition))
        }
        EventKind::BatchSent { batch, broker, partition } => format!(
            "{} sends {} to broker {broker}, which it takes for the leader of {}.",
            n.producer(batch.producer),
            n.batch(batch),
            n.partition(partition)
        ),
        EventKind::BatchResent { batch, broker, .. } => {
            format!("{} sends {} once more, to broker {broker}.", n.producer(batch.producer), n.batch(batch))
        }
        EventKind::Acked { batch, offset: None, .. } => {
            format!("{} counts {} as sent: with acks=0 it waits for nobody.", n.producer(batch.producer), n.batch(batch))
        }
        EventKind::Acked { batch, offset: Some(offset), .. } => {
            format!("{} gets the ok for {}: offset {offset}, {}.", n.producer(batch.producer), n.batch(batch), promise(n.acks(batch)))
        }
        EventKind::AttemptFailed { batch, error, .. } => {
            format!("{} could not send {}: {}. It will try again.", n.producer(batch.producer), n.batch(batch), error.name())
        }
        EventKind::SendFailed { batch, error, .. } => {
            format!("{} gives up on {}: {}. It may be stored all the same.", n.producer(batch.producer), n.batch(batch), error.name())
        }
        EventKind::SendBlocked { record, .. } => format!(
            "send() of {} blocks: buffer.memory of {} is full of batches without an answer.",
            n.record(record),
            n.producer(record.producer)
        ),
        EventKind::SendRefused { record, error, .. } => {
            format!("send() of {} throws {}: it is in no batch.", n.record(record), error.name())
        }
        _ => String::new(),
    }
}

fn promise(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "acks=0",
        Acks::Leader => "acks=1, so the leader has it and nobody else need have it yet",
        Acks::All => "acks=all, so every in-sync replica has it",
    }
}

fn log(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::Appended { broker, partition, batch, base, count, epoch } => format!(
            "Broker {broker} appends {} to {} at {} (epoch {epoch}).",
            n.batch(batch),
            n.partition(partition),
            offsets(base, base.plus(u32::from(count)))
        ),
        EventKind::CommitAppended { broker, group, partition, offset } => format!(
            "Broker {broker} writes into __consumer_offsets that {} will read {} from offset {offset}.",
            n.group(group),
            n.partition(partition)
        ),
        EventKind::DuplicateRecognised { broker, batch, base, .. } => format!(
            "Broker {broker} recognises {} by its sequence number: it is at offset {base} already, so nothing is appended.",
            n.batch(batch)
        ),
        EventKind::ProducerForgotten { broker, partition, pid } => format!(
            "Broker {broker} forgets the sequence numbers of {} in {}: nothing came from it for producer.id.expiration.ms.",
            n.pid(pid),
            n.partition(partition)
        ),
        EventKind::Refused { broker, batch, error, partition } => {
            format!("Broker {broker} refuses {}: {}{}.", n.batch(batch), error.name(), refusal(error, partition, n))
        }
        EventKind::Replicated { broker, partition, from, to } => {
            format!("Broker {broker} copies {} of {}.", offsets(from, to), n.partition(partition))
        }
        EventKind::Truncated { broker, partition, from, to } if from == to => {
            format!("Broker {broker} compares epochs with its leader: its log of {} may stay as it is.", n.partition(partition))
        }
        EventKind::Truncated { broker, partition, from, to } => format!(
            "Broker {broker} cuts {} off its log of {}: the leader's log does not have it.",
            offsets(to, from),
            n.partition(partition)
        ),
        EventKind::FollowerAt { broker, follower, leo, .. } if leo == Offset::ZERO => {
            format!("Broker {follower} asks for offset 0: leader {broker} knows now that {follower} has nothing.")
        }
        EventKind::FollowerAt { follower, leo, .. } => {
            format!("Broker {follower} asks for offset {leo}: that is how the leader learns that {follower} has everything below {leo}.")
        }
        EventKind::HighWatermark { partition, from, to, .. } => format!(
            "The high watermark of {} moves from {from} to {to}: {} committed, consumers may read {}.",
            n.partition(partition),
            match last_of(from, to) {
                Some(last) => format!("offsets {from} to {last} are"),
                None => format!("offset {from} is"),
            },
            if last_of(from, to).is_some() { "them" } else { "it" }
        ),
        EventKind::FollowerHighWatermark { broker, partition, from, to } if to < from => format!(
            "Broker {broker} takes its high watermark of {} back from {from} to {to}: a follower believes its leader.",
            n.partition(partition)
        ),
        EventKind::FollowerHighWatermark { broker, partition, to, .. } => {
            format!("Broker {broker} learns that the high watermark of {} is {to}.", n.partition(partition))
        }
        _ => String::new(),
    }
}

/// `1 record`, or `3 records`.
pub(super) fn records(n: u32) -> String {
    if n == 1 { "1 record".into() } else { format!("{n} records") }
}

fn files(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::SegmentRolled { broker, partition, base } => {
            format!("Broker {broker} rolls {}: a new segment begins at offset {base}, the one before it is closed.", n.partition(partition))
        }
        EventKind::SegmentDeleted { broker, partition, from, to, why } => format!(
            "Broker {broker} deletes the segment of {} with {}: {}.",
            n.partition(partition),
            offsets(from, to),
            match why {
                Deletion::Time => "even its newest record is older than retention.ms",
                Deletion::Size => "the log keeps retention.bytes without it",
                Deletion::LogStart => "all of it lies below the log start offset",
            }
        ),
        EventKind::Compacted { broker, partition, from, to, removed } => format!(
            "The cleaner of broker {broker} compacts {} from offset {from} to {to}: {} with a newer value of their key, or none, are gone.",
            n.partition(partition),
            records(removed)
        ),
        EventKind::LogStartMoved { broker, partition, to, .. } => {
            format!("The log of {} on broker {broker} starts at offset {to} now; what lies below can't be read.", n.partition(partition))
        }
        EventKind::DeleteRefused { broker, partition, before, hw } => format!(
            "Broker {broker} refuses to delete {} below offset {before}: OFFSET_OUT_OF_RANGE, the high watermark is {hw}.",
            n.partition(partition)
        ),
        EventKind::LogRecovered { broker, partition, from, to } => format!(
            "Broker {broker} finds its log of {} up to offset {to}, the recovery point: the power cut took {}.",
            n.partition(partition),
            offsets(to, from)
        ),
        _ => String::new(),
    }
}

fn refusal(e: ErrorCode, p: PartitionId, n: &Names) -> String {
    match e {
        ErrorCode::NotLeaderOrFollower => format!(", it does not lead {}", n.partition(p)),
        ErrorCode::NotEnoughReplicas => {
            format!(", the ISR is smaller than min.insync.replicas={}", n.min_isr(p))
        }
        ErrorCode::OutOfOrderSequenceNumber => ", a sequence number before it is missing".into(),
        ErrorCode::InvalidProducerEpoch => ", the producer has a newer epoch".into(),
        _ => String::new(),
    }
}

fn control(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::LagExpired { follower, partition, .. } => {
            format!("Broker {follower} has been behind on {} for replica.lag.time.max.ms.", n.partition(partition))
        }
        EventKind::IsrProposed { broker, partition, isr } => {
            format!("Broker {broker} asks the controller to make {isr} the ISR of {}.", n.partition(partition))
        }
        EventKind::IsrChanged { partition, isr, elr, .. } => {
            let mut s = format!("The ISR of {} is now {isr}", n.partition(partition));
            if !elr.is_empty() {
                s += &format!(", and {elr} may still be elected (ELR)");
            }
            if isr.len() < n.min_isr(partition) {
                s += &format!("; below min.insync.replicas={} nothing is committed", n.min_isr(partition));
            }
            s + "."
        }
        EventKind::LeaderElected { partition, leader, epoch, election } => format!(
            "The controller makes broker {leader} leader of {}, epoch {epoch}{}.",
            n.partition(partition),
            match election {
                Election::Isr => ", from the ISR",
                Election::Elr => ", from the eligible leader replicas: it has everything committed",
                Election::Unclean => ", an unclean election: committed records may be missing",
            }
        ),
        EventKind::Leaderless { partition, epoch } => {
            format!("{} has no leader (epoch {epoch}): nobody who may lead is up.", n.partition(partition))
        }
        EventKind::BecameLeader { broker, partition, epoch, log_end, .. } => {
            format!("Broker {broker} takes office as leader of {} in epoch {epoch}; its log ends at {log_end}.", n.partition(partition))
        }
        EventKind::BecameFollower { broker, partition, leader, epoch } => {
            format!("Broker {broker} follows broker {leader} on {} (epoch {epoch}).", n.partition(partition))
        }
        EventKind::Fenced { broker } => {
            format!("The controller has not heard from broker {broker} for broker.session.timeout.ms and fences it.")
        }
        EventKind::Unfenced { broker } => {
            format!("The controller counts on broker {broker} again.")
        }
        EventKind::Registered { broker, epoch, clean: true } => {
            format!("Broker {broker} registers after a clean shutdown: broker epoch {epoch}.")
        }
        EventKind::Registered { broker, epoch, clean: false } => {
            format!("Broker {broker} registers without a clean shutdown before: broker epoch {epoch}.")
        }
        EventKind::MinIsrAltered { partition, min_isr } => {
            format!("min.insync.replicas of {} is {min_isr} from now on.", n.partition(partition))
        }
        EventKind::PartitionCreated { partition, leader, isr } => {
            format!("{} is created: broker {leader} leads it, its ISR is {isr}.", n.partition(partition))
        }
        EventKind::PartitionLearned { client, partition } => {
            format!("{} learns from fresh metadata that there is {}.", n.actor(client), n.partition(partition))
        }
        EventKind::ElectionRefused { partition, error: ErrorCode::ElectionNotNeeded } => {
            format!("The preferred replica of {} leads already: ELECTION_NOT_NEEDED.", n.partition(partition))
        }
        EventKind::ElectionRefused { partition, error } => {
            format!("The preferred replica of {} may not lead, it is not in the ISR: {}.", n.partition(partition), error.name())
        }
        _ => String::new(),
    }
}

fn fault(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::Crashed { broker } => {
            format!("Broker {broker} crashes; its page cache survives.")
        }
        EventKind::PowerCut { broker } => {
            format!("Broker {broker} loses power: what was not flushed is gone, and nobody is told.")
        }
        EventKind::Stopping { broker } => {
            format!("Broker {broker} is asked to stop; first the controller moves its leaderships away.")
        }
        EventKind::Stopped { broker } => format!("Broker {broker} has stopped in order."),
        EventKind::Started { broker } => {
            format!("Broker {broker} starts with what is in its logs.")
        }
        EventKind::LinkCut { from, to } => {
            format!("From now on nothing gets through from {} to {}.", n.actor(from), n.actor(to))
        }
        EventKind::LinkHealed { from, to } => {
            format!("Messages get through again from {} to {}.", n.actor(from), n.actor(to))
        }
        EventKind::DropArmed { from, to } => {
            format!("The next response from {} to {} will be lost.", n.actor(from), n.actor(to))
        }
        EventKind::LinkSlowed { from, to, extra_us: 0 } => {
            format!("Messages from {} to {} take as long as before again.", n.actor(from), n.actor(to))
        }
        EventKind::LinkSlowed { from, to, extra_us } => {
            format!("From now on messages from {} to {} take {} ms longer.", n.actor(from), n.actor(to), extra_us / 1000)
        }
        EventKind::Paused { actor, for_us } => {
            format!("The process of {} stands still for {} ms: it neither hears nor says anything.", n.actor(actor), for_us / 1000)
        }
        EventKind::HandlerSlowed { consumer, handling_us } => {
            format!("The application of {} needs {} ms for each record from now on.", n.consumer(consumer), handling_us / 1000)
        }
        EventKind::Poisoned { consumer, partition, offset, record } => format!(
            "The application of {} fails on {}, offset {offset} of {}: a poison record.",
            n.consumer(consumer),
            n.record(record),
            n.partition(partition)
        ),
        EventKind::ConsumerCrashed { consumer } => {
            format!("{} crashes and forgets what it had not committed.", n.consumer(consumer))
        }
        EventKind::ConsumerStarted { consumer } => format!("{} starts.", n.consumer(consumer)),
        _ => String::new(),
    }
}

fn consumer(kind: &EventKind, n: &Names) -> String {
    match *kind {
        EventKind::Polled { consumer, partition, from, to, .. } => {
            format!("poll() gives {} {} of {}; its position is {to} now.", n.consumer(consumer), offsets(from, to), n.partition(partition))
        }
        EventKind::Handled { consumer, partition, offset, batch, index } => {
            format!("{} has handled {}, offset {offset} of {}.", n.consumer(consumer), n.record_in(batch, index), n.partition(partition))
        }
        EventKind::Committed { group, partition, offset } => {
            format!("{} has committed offset {offset} of {}: the next one to read.", n.group(group), n.partition(partition))
        }
        EventKind::PositionReset { consumer, partition, to, committed: true } => {
            format!("{} goes on at offset {to} of {}, which its group had committed.", n.consumer(consumer), n.partition(partition))
        }
        EventKind::PositionReset { consumer, partition, to, committed: false } => {
            format!("{} has no position in {}: auto.offset.reset takes it to offset {to}.", n.consumer(consumer), n.partition(partition))
        }
        EventKind::LogTruncation { consumer, partition, position, end, thrown } => {
            let (who, log) = (n.consumer(consumer), n.partition(partition));
            let parted =
                format!("the new leader's log of {log} parts at offset {end} from what {who} had read, below its position {position}");
            if thrown {
                format!("LogTruncationException ends {who}: {parted}, and auto.offset.reset is none.")
            } else {
                format!("{who} goes back to offset {end}: {parted}.")
            }
        }
        EventKind::PreferredReadReplica { consumer, partition, replica: Some(b) } => format!(
            "The leader of {} sends {} to broker {b}, a follower in its rack (preferredReadReplica): that is where it reads from now on.",
            n.partition(partition),
            n.consumer(consumer)
        ),
        EventKind::PreferredReadReplica { consumer, partition, replica: None } => {
            format!("{} reads {} from its leader again.", n.consumer(consumer), n.partition(partition))
        }
        _ => String::new(),
    }
}

fn judgement(e: &Event, n: &Names) -> String {
    match e.kind {
        EventKind::Lost { batch, partition, .. } => format!(
            "{} is lost: it was acknowledged, and the log of {} on broker {} does not have it.",
            n.batch(batch),
            n.partition(partition),
            n.judged_by(e, partition)
        ),
        EventKind::Found { batch, partition, .. } => format!(
            "{} is not lost after all: the log of {} on broker {} has it.",
            n.batch(batch),
            n.partition(partition),
            n.judged_by(e, partition)
        ),
        _ => String::new(),
    }
}

/// Why an acknowledged batch is gone, in one line.
pub(super) fn loss(l: &super::why::Loss, n: &Names) -> String {
    let promised = match (l.acks, l.by) {
        (Acks::All, _) => format!("it was acknowledged while the ISR was {}", l.isr),
        (_, Some(b)) => format!("broker {b} acknowledged it alone (acks={})", l.acks.name()),
        (_, None) => format!("it was acknowledged with acks={}", l.acks.name()),
    };
    let office = match l.office {
        Some((b, epoch, end, hw)) => format!(
            "broker {b} took office in epoch {epoch} with its log ending at {end} and high watermark {hw}{}",
            if l.unclean { ", in an unclean election" } else { "" }
        ),
        None => "another leader had taken office before".to_string(),
    };
    capitalised(&format!("{} is lost because {promised}, and {office}.", n.batch(l.batch)))
}

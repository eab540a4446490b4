//! Events in words, newest first, and the colour that stands for their kind.

use crate::i18n::{self, Lang};
use crate::session::Session;
use highwater_core::event::{EventKind, GroupEvent, QuorumEvent, ShareEvent, StreamsEvent, TxnEvent, ZkEvent};
use highwater_core::sim::{STORY_STEP_US, Sim};

/// What a mark on the timeline and a dot in the list mean. Each tone has a shape too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// Records are written or copied.
    Write,
    /// Something is committed or acknowledged.
    Commit,
    /// A client reads.
    Read,
    /// Leadership, ISR, membership.
    Control,
    /// A message that did not get through, an attempt that has to be made again.
    Snag,
    /// A fault, a loss, a refusal.
    Trouble,
}

impl Tone {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Write => "write",
            Tone::Commit => "commit",
            Tone::Read => "read",
            Tone::Control => "control",
            Tone::Snag => "snag",
            Tone::Trouble => "trouble",
        }
    }
}

/// The tone of an event.
pub fn tone(e: &EventKind) -> Tone {
    use EventKind as E;
    match e {
        E::RecordSent { .. }
        | E::Batched { .. }
        | E::BatchSent { .. }
        | E::Appended { .. }
        | E::CommitAppended { .. }
        | E::Replicated { .. }
        | E::FollowerAt { .. }
        | E::Sent { .. }
        | E::Delivered { .. } => Tone::Write,
        E::Acked { .. }
        | E::HighWatermark { .. }
        | E::FollowerHighWatermark { .. }
        | E::Committed { .. }
        | E::DuplicateRecognised { .. }
        | E::Found { .. } => Tone::Commit,
        E::Polled { .. } | E::Handled { .. } | E::PositionReset { .. } | E::PreferredReadReplica { .. } => Tone::Read,
        E::IsrProposed { .. }
        | E::IsrChanged { .. }
        | E::LeaderElected { .. }
        | E::BecameLeader { .. }
        | E::BecameFollower { .. }
        | E::Unfenced { .. }
        | E::Registered { .. }
        | E::Started { .. }
        | E::LinkHealed { .. }
        | E::SegmentRolled { .. }
        | E::SegmentDeleted { .. }
        | E::Compacted { .. }
        | E::LogStartMoved { .. }
        | E::ConsumerStarted { .. } => Tone::Control,
        E::Group { what, .. } => group_tone(what),
        E::Dropped { .. } | E::DeleteRefused { .. } | E::BatchResent { .. } | E::AttemptFailed { .. } | E::ProducerForgotten { .. } => {
            Tone::Snag
        }
        E::SendFailed { .. }
        | E::Refused { .. }
        | E::Truncated { .. }
        | E::LogRecovered { .. }
        | E::LagExpired { .. }
        | E::Leaderless { .. }
        | E::Fenced { .. }
        | E::Crashed { .. }
        | E::PowerCut { .. }
        | E::Stopping { .. }
        | E::Stopped { .. }
        | E::LinkCut { .. }
        | E::DropArmed { .. }
        | E::LinkSlowed { .. }
        | E::Paused { .. }
        | E::HandlerSlowed { .. }
        | E::Poisoned { .. }
        | E::ConsumerCrashed { .. }
        | E::Lost { .. } => Tone::Trouble,
        E::Txn(t) => transaction_tone(t),
        E::Streams(s) => streams_tone(s),
        E::Share { what, .. } => share_tone(what),
        E::Quorum(q) => quorum_tone(q),
        E::Zk(z) => zookeeper_tone(z),
        E::MinIsrAltered { .. } | E::PartitionCreated { .. } | E::PartitionLearned { .. } => Tone::Control,
        E::ElectionRefused { .. } | E::LogTruncation { .. } | E::SendBlocked { .. } | E::SendRefused { .. } => Tone::Snag,
    }
}

fn quorum_tone(q: &QuorumEvent) -> Tone {
    use QuorumEvent as Q;
    match q {
        Q::Committed { .. } => Tone::Commit,
        Q::Appended { .. } | Q::Replicated { .. } => Tone::Write,
        Q::NotController { .. } | Q::NobodyActive => Tone::Snag,
        Q::Crashed { .. } | Q::Resigned { .. } | Q::Truncated { .. } | Q::Prospective { .. } => Tone::Trouble,
        _ => Tone::Control,
    }
}

fn zookeeper_tone(z: &ZkEvent) -> Tone {
    use ZkEvent as Z;
    match z {
        Z::IsrWritten { .. } => Tone::Write,
        Z::BadVersion { .. } | Z::StaleController { .. } | Z::NobodyActive => Tone::Snag,
        Z::Crashed | Z::SessionExpired { .. } | Z::ConnectionTimedOut { .. } | Z::NodeExists { .. } | Z::ControllerResigned { .. } => {
            Tone::Trouble
        }
        _ => Tone::Control,
    }
}

fn transaction_tone(t: &TxnEvent) -> Tone {
    use TxnEvent as T;
    match t {
        T::Derived { .. } | T::StateAppended { .. } | T::PartitionAdded { .. } | T::CommitPending { .. } | T::OffsetsSent { .. } => {
            Tone::Write
        }
        T::MarkerAppended { commit: true, .. } | T::LastStableOffset { .. } | T::Ended { commit: true, .. } => Tone::Commit,
        T::Initialised { .. } | T::Began { .. } | T::Ending { .. } | T::State { .. } => Tone::Control,
        T::Refused { .. } | T::MarkerRefused { .. } | T::Discarded { .. } | T::SendRefused { .. } => Tone::Snag,
        T::Failed { .. } | T::TimedOut { .. } | T::MarkerAppended { .. } | T::Ended { .. } => Tone::Trouble,
    }
}

fn streams_tone(s: &StreamsEvent) -> Tone {
    use StreamsEvent as S;
    match s {
        S::TaskCreated { .. } | S::Committing { .. } | S::TaskClosed { dirty: false, .. } => Tone::Control,
        S::Restored { .. } => Tone::Read,
        S::Counted { .. } => Tone::Write,
        S::RecordDropped { .. } => Tone::Snag,
        S::TaskClosed { .. } => Tone::Trouble,
    }
}

fn share_tone(s: &ShareEvent) -> Tone {
    use ShareEvent as S;
    match s {
        S::Acquired { .. } => Tone::Read,
        S::Acknowledged { .. } | S::StartMoved { .. } => Tone::Commit,
        S::Loaded { .. } | S::StateAppended { .. } => Tone::Control,
        S::Refused { .. } | S::CommitFailed { .. } | S::LockExpired { .. } | S::SessionClosed { .. } => Tone::Snag,
        S::GivenUp { .. } => Tone::Trouble,
    }
}

fn group_tone(what: &GroupEvent) -> Tone {
    use GroupEvent as G;
    match what {
        G::Rebalancing { .. } | G::Revoked { .. } => Tone::Snag,
        G::Formed { .. } | G::Stable { .. } | G::Loaded { .. } | G::Emptied { .. } | G::RecordAppended { .. } => Tone::Control,
        G::OffsetsExpired { .. } => Tone::Snag,
        G::Stopping { .. } | G::Stopped { .. } => Tone::Control,
        G::EpochBumped { .. } | G::TargetAssigned { .. } | G::MemberAt { .. } => Tone::Control,
        G::LeftForAWhile { .. } | G::EpochLoaded { .. } => Tone::Control,
        G::Assigned { .. } => Tone::Read,
        G::MemberRemoved { .. }
        | G::PartitionLost { .. }
        | G::Fenced { .. }
        | G::CommitRefused { .. }
        | G::PollIntervalExceeded { .. }
        | G::NoOffset { .. }
        | G::HandlerThrew { .. } => Tone::Trouble,
    }
}

/// Is it news that a listener should hear even when time goes by quickly?
pub fn headline(e: &EventKind) -> bool {
    use EventKind as E;
    matches!(
        e,
        E::Crashed { .. }
            | E::PowerCut { .. }
            | E::Stopped { .. }
            | E::Started { .. }
            | E::Fenced { .. }
            | E::LeaderElected { .. }
            | E::Leaderless { .. }
            | E::IsrChanged { .. }
            | E::PartitionCreated { .. }
            | E::Truncated { .. }
            | E::SendFailed { .. }
            | E::Refused { .. }
            | E::Lost { .. }
            | E::Found { .. }
            | E::LinkCut { .. }
            | E::LinkHealed { .. }
            | E::ConsumerCrashed { .. }
            | E::ConsumerStarted { .. }
            | E::Group { what: GroupEvent::Rebalancing { .. } | GroupEvent::Stable { .. } | GroupEvent::PollIntervalExceeded { .. }, .. }
            | E::Group { what: GroupEvent::EpochBumped { .. }, .. }
            | E::Txn(TxnEvent::Failed { .. } | TxnEvent::TimedOut { .. } | TxnEvent::Ended { .. })
    )
}

/// An event in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its ordinal.
    pub seq: u32,
    /// When.
    pub at_us: u64,
    /// When, as a clock reads.
    pub clock: String,
    /// Its tone.
    pub tone: Tone,
    /// Is it a headline?
    pub headline: bool,
    /// The sentence.
    pub text: String,
}

/// An instant as a clock reads; a story has steps in place of times, and lasts a little beyond the last.
pub fn moment(sim: &Sim, us: u64, lang: Lang) -> String {
    if sim.is_story() {
        i18n::story_step(lang, (us.min(sim.until_us().saturating_sub(STORY_STEP_US))) / STORY_STEP_US)
    } else {
        i18n::clock(us)
    }
}

/// The newest notable events, at most `max`, and how many there are before those.
pub fn newest(s: &Session, max: usize, lang: Lang) -> (Vec<Line>, usize) {
    let sim = s.sim();
    let lines: Vec<Line> = sim
        .events()
        .iter()
        .rev()
        .filter(|e| e.kind.notable() && !s.behind_the_scenes(&e.kind))
        .take(max)
        .map(|e| Line {
            seq: e.seq,
            at_us: e.at_us,
            clock: moment(sim, e.at_us, lang),
            tone: tone(&e.kind),
            headline: headline(&e.kind),
            text: super::inspect::told(e, sim, &s.names, lang),
        })
        .collect();
    let marks = s.timeline().marks();
    let known = marks.partition_point(|m| m.event.at_us <= sim.now_us());
    let earlier = known.saturating_sub(lines.len());
    (lines, earlier)
}

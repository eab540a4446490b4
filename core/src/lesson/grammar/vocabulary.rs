//! The names that assertions may use: those of the curriculum's section 6, and what its lessons need beyond them.

use super::Type;

/// What an argument must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgKind {
    /// A broker's id.
    Broker,
    /// A partition by name: `pay-0`.
    Partition,
    /// A topic by name.
    Topic,
    /// A group by name.
    Group,
    /// A member of the group that stands before it, by name: `c1`.
    Member,
    /// A record by name, or a quantifier's variable.
    Record,
    /// The first part of the names of related records: `alice` of `alice.paid`.
    Subject,
    /// A kind of event, as `highwater sim --events` prints it.
    Event,
    /// Records.
    Records,
    /// A set of numbers, or records.
    Several,
    /// A number.
    Int,
}

/// What a name of the vocabulary means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // the table below says what each is
pub enum Func {
    Leo,
    HwLeader,
    Hw,
    LogStart,
    Leader,
    Epoch,
    Isr,
    Elr,
    Committed,
    Lag,
    Log,
    InLog,
    Sent,
    Acked,
    Failed,
    Lost,
    Dups,
    Delivered,
    Effects,
    Order,
    InvSubject,
    InvAll,
    Events,
    First,
    AckLatency,
    CopiesAtAck,
    Holders,
    Acks,
    PartitionOf,
    PartitionsUsed,
    FetchedFrom,
    ActiveMembers,
    Assign,
    Idle,
    Gen,
    Coordinator,
    StopMs,
    Lso,
    LineRate,
    LineTime,
    WriteRate,
    WriteTime,
    ReadRate,
    TotalRate,
    Ratio,
    SeeksPerMb,
    Dma,
    Cpu,
    Copies,
    Syscalls,
    ModeSwitches,
    DiskReads,
    Encryptions,
    Groups,
    Path,
    LogKb,
    OutKb,
    SendRate,
    Count,
    Shown,
    Size,
    Max,
    Min,
}

/// A name with what it takes and gives.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// As it is written.
    pub name: &'static str,
    /// What it takes; the last kind may be repeated for `max` and `min`.
    pub args: &'static [ArgKind],
    /// What it gives.
    pub gives: Type,
    /// What it means.
    pub func: Func,
    /// In a line, for people who write lessons.
    pub what: &'static str,
}

const fn word(name: &'static str, args: &'static [ArgKind], gives: Type, func: Func, what: &'static str) -> Word {
    Word { name, args, gives, func, what }
}

use ArgKind as A;
use Type as T;

/// Every name. Two entries of one name differ in the number of arguments.
pub const VOCABULARY: &[Word] = &[
    word("LEO", &[A::Broker, A::Partition], T::Int, Func::Leo, "log end offset of a replica"),
    word("HW", &[A::Partition], T::Int, Func::HwLeader, "high watermark of the leader"),
    word("HW", &[A::Broker, A::Partition], T::Int, Func::Hw, "high watermark of a replica"),
    word("logStart", &[A::Partition], T::Int, Func::LogStart, "first offset of the leader's log"),
    word("leader", &[A::Partition], T::Int, Func::Leader, "the leader by the controller's word, or none"),
    word("epoch", &[A::Partition], T::Int, Func::Epoch, "leader epoch"),
    word("ISR", &[A::Partition], T::Set, Func::Isr, "in-sync replicas by the controller's word"),
    word("ELR", &[A::Partition], T::Set, Func::Elr, "eligible leader replicas"),
    word("committed", &[A::Group, A::Partition], T::Int, Func::Committed, "committed offset, or none"),
    word("lag", &[A::Group, A::Partition], T::Int, Func::Lag, "latest visible offset − committed"),
    word("log", &[A::Broker, A::Partition], T::Records, Func::Log, "records in a replica's log, in order"),
    word("in_log", &[A::Partition], T::Records, Func::InLog, "records in the log of the leader that took office last"),
    word("sent", &[], T::Records, Func::Sent, "records that applications handed to producers"),
    word("acked", &[], T::Records, Func::Acked, "records that producers got an offset for"),
    word("failed", &[], T::Records, Func::Failed, "records that producers gave up on"),
    word("lost", &[], T::Records, Func::Lost, "acked and absent from the log of the leader that took office last"),
    word("dups", &[], T::Records, Func::Dups, "records that stand in that log more than once"),
    word("delivered", &[A::Group], T::Records, Func::Delivered, "what poll() returned to a group, in order"),
    word("effects", &[A::Record], T::Int, Func::Effects, "how often applications finished with a record"),
    word("order", &[A::Group], T::Records, Func::Order, "records in the order in which a group finished with them"),
    word(
        "inv",
        &[A::Subject],
        T::Int,
        Func::InvSubject,
        "pairs of a subject's records that were handled against the order in which they were sent",
    ),
    word("inv", &[], T::Int, Func::InvAll, "the same pairs, over all records"),
    word("events", &[A::Event], T::Int, Func::Events, "how often a kind of event happened"),
    word("first", &[A::Event], T::Time, Func::First, "when a kind of event happened first, or none"),
    word("ack_latency", &[A::Record], T::Time, Func::AckLatency, "from send() to the ok, or none"),
    word("copies_at_ack", &[A::Record], T::Int, Func::CopiesAtAck, "replicas that held it when the leader sent the ok, or none"),
    word("holders", &[A::Record], T::Set, Func::Holders, "brokers whose log holds it"),
    word("acks", &[A::Record], T::Word, Func::Acks, "acks of its producer"),
    word("partition", &[A::Record], T::Int, Func::PartitionOf, "number of the partition that it went to"),
    word("partitions_used", &[A::Topic], T::Set, Func::PartitionsUsed, "partitions whose leader holds a record"),
    word("fetched_from", &[A::Group], T::Set, Func::FetchedFrom, "brokers that a group's members sent fetches to"),
    word("active_members", &[A::Group], T::Int, Func::ActiveMembers, "members that have a partition"),
    word("assign", &[A::Group, A::Member], T::Set, Func::Assign, "numbers of the partitions that a running member has"),
    word("idle", &[A::Group], T::Int, Func::Idle, "running members that have no partition"),
    word("gen", &[A::Group], T::Int, Func::Gen, "the group's generation at its coordinator, or none"),
    word("coordinator", &[A::Group], T::Int, Func::Coordinator, "the broker that coordinates a group, or none"),
    word(
        "stop_ms",
        &[A::Group, A::Partition],
        T::Time,
        Func::StopMs,
        "the longest time in which nobody in the group read a partition that somebody had read, up to now if it lasts",
    ),
    word("LSO", &[A::Partition], T::Int, Func::Lso, "last stable offset of the leader"),
    word("line_rate", &[], T::Real, Func::LineRate, "MB/s of writes in line to one log"),
    word("line_time", &[], T::Time, Func::LineTime, "how long the scene's MB take in line"),
    word("write_rate", &[], T::Real, Func::WriteRate, "MB/s written where it is scattered, or not alone on the disk"),
    word("write_time", &[], T::Time, Func::WriteTime, "how long the scene's MB take there"),
    word("read_rate", &[], T::Real, Func::ReadRate, "MB/s that readers far behind get there, all together"),
    word("total_rate", &[], T::Real, Func::TotalRate, "MB/s written and read there"),
    word("ratio", &[], T::Real, Func::Ratio, "line_rate over write_rate"),
    word("seeks_per_mb", &[], T::Real, Func::SeeksPerMb, "jumps of the head there for each MB written"),
    word("dma", &[], T::Int, Func::Dma, "copies by devices"),
    word("cpu", &[], T::Int, Func::Cpu, "copies by the CPU"),
    word("copies", &[], T::Int, Func::Copies, "copies of any kind"),
    word("syscalls", &[], T::Int, Func::Syscalls, "system calls"),
    word("mode_switches", &[], T::Int, Func::ModeSwitches, "switches between user and kernel mode"),
    word("disk_reads", &[], T::Int, Func::DiskReads, "reads of the disk"),
    word("encryptions", &[], T::Int, Func::Encryptions, "passes of the CPU to encrypt"),
    word("groups", &[], T::Int, Func::Groups, "consumer groups that are served"),
    word("path", &[], T::Word, Func::Path, "'kernel' if the block never comes into the program, else 'user'"),
    word("log_kb", &[], T::Int, Func::LogKb, "kB of the block as it stands in the log"),
    word("out_kb", &[], T::Int, Func::OutKb, "kB that go to the network card, for all groups"),
    word("send_rate", &[], T::Real, Func::SendRate, "MB/s to one group, with what others leave of one core"),
    word("count", &[A::Group], T::Int, Func::Count, "what the stores of a Streams application have counted"),
    word("shown", &[A::Group], T::Int, Func::Shown, "the count in the last record that a group finished with, or none"),
    word("size", &[A::Several], T::Int, Func::Size, "how many; a record counts each time"),
    word("max", &[A::Int], T::Int, Func::Max, "the largest"),
    word("min", &[A::Int], T::Int, Func::Min, "the smallest"),
];

impl Func {
    /// Is it a figure of a cost scene?
    pub fn of_costs(self) -> bool {
        use Func::{Copies, Cpu, DiskReads, Dma, Encryptions, Groups, LineRate, LineTime, LogKb, ModeSwitches, OutKb, Path};
        use Func::{Ratio, ReadRate, SeeksPerMb, SendRate, Syscalls, TotalRate, WriteRate, WriteTime};
        let disk = matches!(self, LineRate | LineTime | WriteRate | WriteTime | ReadRate | TotalRate | Ratio | SeeksPerMb);
        disk || matches!(self, LogKb | OutKb | SendRate)
            || matches!(self, Dma | Cpu | Copies | Syscalls | ModeSwitches | DiskReads | Encryptions | Groups | Path)
    }

    /// May it take any number of arguments?
    pub fn variadic(self) -> bool {
        matches!(self, Func::Max | Func::Min)
    }
}

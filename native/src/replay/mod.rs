//! `highwater replay`: a scenario's client side against a real cluster, beside the simulation.
//!
//! `plan` says what is done and when, `simulated` what the simulation makes of it, `cluster` and `members` do it with librdkafka, `faults`
//! sends signals or asks the person, `table` puts both side by side.

mod cluster;
mod faults;
mod members;
mod plan;
mod simulated;
mod table;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use highwater_core::scenario::Do;

use crate::bench::interrupt::Interrupt;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::scenario_file;
use cluster::Cluster;
use faults::{Faults, Pid};
use members::Members;
use plan::{Plan, Step};

/// Arguments of `highwater replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: highwater replay acks-1 --bootstrap-server localhost:9092 --broker-pid 1=4711\n\n\
    Makes the scenario's topics and deletes them afterwards; where one of them exists already, nothing is touched. Groups get names of\n\
    their own. Faults are signals to the processes given by --broker-pid; everything else is asked of you, and the clock waits meanwhile.\n\n\
    Exit status 1: the cluster did otherwise than the simulation.")]
pub(crate) struct Args {
    /// A scenario file, `-` for standard input, or the name of a shipped scenario
    scenario: String,
    /// A broker of the cluster
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap_server: String,
    /// The process of a broker, such as 1=4711: crashes, stops and pauses are signals to it
    #[arg(long, value_name = "ID=PID", value_parser = faults::pid)]
    broker_pid: Vec<Pid>,
}

/// Plays it, and says what was different.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let scenario = scenario_file::read(&args.scenario)?;
    let plan = Plan::of(&scenario)?;
    ensure!(
        args.scenario != "-" || plan.asks_nobody(&args.broker_pid),
        "a scenario from standard input leaves nobody to ask about its faults"
    );
    let simulated = simulated::run(&scenario)?;
    let interrupt = Interrupt::watch()?;
    let mut cluster = Cluster::connect(&args.bootstrap_server, &scenario)?;
    let mut faults = Faults::new(&args.broker_pid);
    let played = cluster.create_topics().and_then(|()| play(&plan, &mut cluster, &mut faults, &interrupt));
    let deleted = cluster.delete_topics();
    let reality = played?;
    deleted?;
    if interrupt.raised() {
        return Ok(Outcome::Interrupted);
    }
    let text = table::side_by_side(&plan, &simulated, &reality, &faults);
    Output::Stdout.write(|f| f.write_all(text.as_bytes()))?;
    Ok(if simulated.same(&reality) { Outcome::Fine } else { Outcome::DoesNotHold })
}

/// What came of it, in the simulation or on the cluster.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Of each record, in the order of the plan.
    pub records: Vec<Record>,
    /// Of each member that reads: its name, and keys in the order in which it finished with them.
    pub handled: Vec<(String, Vec<String>)>,
}

/// What became of a record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// Where the producer was told that it is; without an offset with acks=0.
    pub place: Option<(u16, Option<i64>)>,
    /// What the producer was told instead: Kafka's name of the error.
    pub error: Option<String>,
    /// When, in microseconds.
    pub at_us: u64,
}

impl Record {
    /// What was told, in a word.
    pub(crate) fn words(&self, topic: &str) -> String {
        match (&self.error, self.place) {
            (Some(error), _) => error.clone(),
            (None, Some((partition, Some(offset)))) => format!("{topic}-{partition} offset {offset}"),
            (None, Some((partition, None))) => format!("{topic}-{partition}, offset unknown"),
            (None, None) => "no answer".into(),
        }
    }
}

impl Seen {
    /// The same answers and the same work, whatever the times?
    fn same(&self, other: &Seen) -> bool {
        let answers = |s: &Seen| s.records.iter().map(|r| (r.place, r.error.clone())).collect::<Vec<_>>();
        answers(self) == answers(other) && self.handled == other.handled
    }
}

/// Runs the plan in real time. While a person is asked, the clock stands still.
fn play(plan: &Plan, cluster: &mut Cluster, faults: &mut Faults, interrupt: &Interrupt) -> Result<Seen> {
    let mut members = Members::start(cluster, plan)?;
    let producers = cluster.producers(plan)?;
    let mut begin = Instant::now();
    for (at_us, step) in plan.steps() {
        wait_until(begin, *at_us, interrupt);
        if interrupt.raised() {
            break;
        }
        match step {
            Step::Send { record } => producers.send(*record, plan),
            Step::End { producer, commit } => producers.end(*producer, *commit),
            Step::Fault(Do::StartConsumer { consumer }) => members.start_one(cluster, plan, usize::from(*consumer))?,
            Step::Fault(Do::StopConsumer { consumer }) => members.stop_one(usize::from(*consumer)),
            Step::Fault(Do::CrashConsumer { consumer }) => {
                members.stop_one(usize::from(*consumer));
                faults.notes.push(format!("consumer {consumer} was closed, not killed: it is a thread of this process"));
            }
            Step::Fault(fault) => begin += faults.carry_out(fault, interrupt),
        }
    }
    wait_until(begin, plan.until_us, interrupt);
    Ok(Seen { records: producers.finish(begin), handled: members.finish() })
}

/// Looks for an interruption twice a second.
fn wait_until(begin: Instant, at_us: u64, interrupt: &Interrupt) {
    let due = begin + Duration::from_micros(at_us);
    while !interrupt.raised() {
        match due.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => thread::sleep(left.min(Duration::from_millis(500))),
            _ => return,
        }
    }
}

//! Faults of a real cluster: signals to processes that were named, or a request to the person.

use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal, Write};
use std::thread;
use std::time::{Duration, Instant};

use highwater_core::scenario::{Do, End};
use rustix::process::{Pid as ProcessId, Signal, kill_process};

use crate::bench::interrupt::Interrupt;

/// The process of a broker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pid {
    /// `node.id`.
    pub broker: u8,
    process: ProcessId,
}

/// Reads `ID=PID`.
pub(crate) fn pid(text: &str) -> Result<Pid, String> {
    let wrong = || format!("{text:?} is no ID=PID, such as 1=4711");
    let (broker, process) = text.split_once('=').ok_or_else(wrong)?;
    let number: i32 = process.trim().parse().map_err(|_| wrong())?;
    // 1 and below are the whole system, or whole groups of processes.
    let process = (number > 1).then(|| ProcessId::from_raw(number)).flatten().ok_or_else(wrong)?;
    Ok(Pid { broker: broker.trim().parse().map_err(|_| wrong())?, process })
}

/// Who carries faults out, and what became of them.
pub(crate) struct Faults {
    pids: BTreeMap<u8, ProcessId>,
    /// What was not done as the scenario says.
    pub notes: Vec<String>,
}

impl Faults {
    pub(crate) fn new(pids: &[Pid]) -> Self {
        Faults { pids: pids.iter().map(|p| (p.broker, p.process)).collect(), notes: Vec::new() }
    }

    /// Carries it out, or asks. Says for how long the clock stood still.
    pub(crate) fn carry_out(&mut self, fault: &Do, interrupt: &Interrupt) -> Duration {
        let signal = match fault {
            Do::Crash { broker } => Some((*broker, Signal::KILL)),
            Do::Stop { broker } => Some((*broker, Signal::TERM)),
            Do::Pause { who: End::Broker(broker), .. } => Some((*broker, Signal::STOP)),
            _ => None,
        };
        match signal.and_then(|(b, s)| Some((b, s, *self.pids.get(&b)?))) {
            Some((broker, signal, process)) => {
                if let Err(e) = kill_process(process, signal) {
                    self.notes.push(format!("broker {broker}: {signal:?} to process {}: {e}", process.as_raw_nonzero()));
                } else if let Do::Pause { for_us, .. } = fault {
                    let wakes = Duration::from_micros(*for_us);
                    thread::spawn(move || {
                        thread::sleep(wakes);
                        let _ = kill_process(process, Signal::CONT); // it may be gone by now
                    });
                } else {
                    // A broker that is started again has another process.
                    self.pids.remove(&broker);
                }
                Duration::ZERO
            }
            None => self.ask(fault, interrupt),
        }
    }

    fn ask(&mut self, fault: &Do, interrupt: &Interrupt) -> Duration {
        let began = Instant::now();
        let what = words(fault);
        let mut answer = String::new();
        let there = io::stdin().is_terminal() && !interrupt.raised();
        if there {
            eprint!("\n  Now {what}, then press Enter (s: leave it out). ");
            let _ = io::stderr().flush();
        }
        if !there || io::stdin().lock().read_line(&mut answer).is_err() || answer.trim() == "s" {
            self.notes.push(format!("not done: {what}"));
        }
        began.elapsed()
    }
}

fn words(fault: &Do) -> String {
    match fault {
        Do::Crash { broker } => format!("kill broker {broker} (SIGKILL)"),
        Do::PowerCut { broker } => format!("cut the power of the machine of broker {broker}"),
        Do::Stop { broker } => format!("stop broker {broker} in order (SIGTERM)"),
        Do::Start { broker } => format!("start broker {broker}"),
        Do::Pause { who, for_us } => format!("pause {who} for {:.1} s (SIGSTOP, SIGCONT)", *for_us as f64 / 1e6),
        Do::CutLink { from, to } => format!("let nothing through from {from} to {to}"),
        Do::HealLink { from, to } => format!("let everything through again from {from} to {to}"),
        Do::SlowLink { from, to, extra_us } => {
            format!("delay what goes from {from} to {to} by {:.1} ms", *extra_us as f64 / 1e3)
        }
        Do::DeleteRecords { topic, partition, before } => {
            let before = before.map_or("the end".into(), |b| format!("offset {b}"));
            format!("delete the records of {topic}-{partition} before {before} (kafka-delete-records)")
        }
        other => format!("do this if you can: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::pid;

    #[test]
    fn only_single_processes_are_named() {
        assert_eq!(pid("1=4711").map(|p| p.broker), Ok(1));
        for wrong in ["1", "1=", "1=0", "1=1", "1=-5", "x=4711", "300=4711"] {
            assert!(pid(wrong).is_err(), "{wrong}");
        }
    }
}

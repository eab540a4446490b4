//! What is done on the cluster, and when: the scenario's records and commands in the order of their times.

use anyhow::{Result, bail, ensure};
use highwater_core::kafka::transaction::AfterSend;
use highwater_core::scenario::{App, Do, ProducerSpec, Scenario};

use super::faults::Pid;

/// Something to do.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Send the record with this number.
    Send { record: usize },
    /// `commitTransaction()` or `abortTransaction()` of the producer with this number.
    End { producer: usize, commit: bool },
    /// A fault, or a member that comes or goes.
    Fault(Do),
}

/// A record to send.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// Number of its producer.
    pub producer: usize,
    /// Its topic.
    pub topic: String,
    /// Its key.
    pub key: Option<String>,
    /// Bytes of the value; none = a tombstone.
    pub bytes: Option<u32>,
    /// When, in microseconds.
    pub at_us: u64,
}

/// A scenario's client side.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Records, in the order of their sending.
    pub records: Vec<Planned>,
    /// Producers.
    pub producers: Vec<ProducerSpec>,
    /// Applications that read.
    pub apps: Vec<App>,
    /// When it ends, in microseconds.
    pub until_us: u64,
    steps: Vec<(u64, Step)>,
}

impl Plan {
    /// Reads it out of a scenario.
    ///
    /// # Errors
    /// What a real cluster can't be asked to do.
    pub(crate) fn of(s: &Scenario) -> Result<Self> {
        ensure!(s.schedule.is_empty(), "a story without times (schedule) can't be played in real time");
        if let Some(a) = s.apps.iter().find(|a| a.output.is_some()) {
            bail!("the application {:?} writes to a topic; only those that read can be replayed", a.group);
        }
        if let Some(a) = s.apps.iter().find(|a| a.share.is_some()) {
            bail!("the group {:?} is a share group; librdkafka's consumer can't be a member of one", a.group);
        }
        let mut plan = Plan {
            records: Vec::new(),
            producers: s.topology.producers.clone(),
            apps: s.apps.clone(),
            until_us: s.until_us,
            steps: Vec::new(),
        };
        let mut sends: Vec<(Planned, AfterSend)> = Vec::new();
        for w in &s.workload {
            ensure!(w.count <= 10_000, "a workload of {} records is too much to print; 10000 at most", w.count);
            for n in 0..w.count {
                let key = (!w.keys.is_empty()).then(|| w.keys[n as usize % w.keys.len()].clone());
                let bytes = (!w.tombstones).then_some(w.bytes);
                let at_us = w.start_us + u64::from(n) * w.every_us;
                sends.push((Planned { producer: plan.number(&w.producer), topic: w.topic.clone(), key, bytes, at_us }, w.after(n)));
            }
        }
        for c in &s.commands {
            match &c.what {
                Do::Send { producer, topic, key, tombstone, .. } => {
                    let bytes = (!tombstone).then_some(100);
                    let record = Planned { producer: plan.number(producer), topic: topic.clone(), key: key.clone(), bytes, at_us: c.at_us };
                    sends.push((record, AfterSend::GoOn));
                }
                Do::CommitTransaction { producer } => plan.end(c.at_us, producer, true),
                Do::AbortTransaction { producer } => plan.end(c.at_us, producer, false),
                other => plan.steps.push((c.at_us, Step::Fault(other.clone()))),
            }
        }
        sends.retain(|(r, _)| r.at_us <= s.until_us);
        sends.sort_by_key(|(r, _)| r.at_us);
        for (record, then) in sends {
            let (at_us, producer) = (record.at_us, record.producer);
            plan.steps.push((at_us, Step::Send { record: plan.records.len() }));
            plan.records.push(record);
            if then != AfterSend::GoOn {
                plan.steps.push((at_us, Step::End { producer, commit: then == AfterSend::Commit }));
            }
        }
        plan.steps.retain(|(at_us, _)| *at_us <= s.until_us);
        plan.steps.sort_by_key(|(at_us, _)| *at_us);
        Ok(plan)
    }

    fn number(&self, producer: &str) -> usize {
        self.producers.iter().position(|p| p.name == producer).expect("a scenario names producers that it has")
    }

    fn end(&mut self, at_us: u64, producer: &str, commit: bool) {
        let producer = self.number(producer);
        self.steps.push((at_us, Step::End { producer, commit }));
    }

    /// What is done, in order.
    pub(crate) fn steps(&self) -> &[(u64, Step)] {
        &self.steps
    }

    /// Members of all groups: their names, their application, and whether they run at the beginning.
    pub(crate) fn members(&self) -> Vec<(String, usize, bool)> {
        let of = |(i, a): (usize, &App)| {
            let starts = a.members;
            (0..a.everybody() as u8).map(move |m| (format!("c{}", m + 1), i, m < starts)).collect::<Vec<_>>()
        };
        self.apps.iter().enumerate().flat_map(of).collect()
    }

    /// Can every fault be carried out by a signal?
    pub(crate) fn asks_nobody(&self, pids: &[Pid]) -> bool {
        let signalled = |d: &Do| match d {
            Do::StartConsumer { .. } | Do::StopConsumer { .. } | Do::CrashConsumer { .. } => true,
            Do::Crash { broker } | Do::Stop { broker } => pids.iter().any(|p| p.broker == *broker),
            _ => false,
        };
        self.steps.iter().all(|(_, s)| !matches!(s, Step::Fault(d) if !signalled(d)))
    }
}

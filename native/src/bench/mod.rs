//! `highwater bench`: what this machine's disk and copies really cost.
//!
//! The walk: [`args`] says what is wanted, [`plan`] for how long; [`outputs`] refuses reports that
//! would overwrite something; [`scratch`] makes the one file that is written and sees that it goes
//! away; [`disk`], [`copy`] and [`memory`] measure in shuffled rounds with [`engine`] and
//! [`evidence`]; [`labels`] says what to doubt and [`stats`] how much; [`crate::report`] shows it.

mod args;
mod cache;
mod cell;
mod clock;
mod compare;
mod copy;
mod disk;
mod engine;
mod evidence;
mod expect;
mod filesystem;
pub(crate) mod interrupt;
mod labels;
mod machine;
mod medium;
mod memory;
mod outputs;
mod pin;
mod plan;
mod progress;
pub(crate) mod ratios;
mod rng;
mod scratch;
pub(crate) mod stats;
mod sys;
pub(crate) mod units;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

pub(crate) use args::Args;
use args::{Common, CopyArgs, What};
use copy::plan::CopyPlan;
use interrupt::Interrupt;
use memory::MemoryPlan;
use outputs::Outputs;
use plan::DiskPlan;
use progress::Progress;
use scratch::Folder;

use crate::report;
use crate::report::model::{FORMAT, Machine, Measurement, VERSION};

/// Runs the benchmark and prints its report. Exit status 0, 1 when an `--expect` does not hold,
/// 130 when interrupted; errors (status 2) are about what could not be measured or written.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match args.what {
        What::Disk(command) => {
            let plans = Plans { disk: Some(DiskPlan::new(&command.disk, &command.common)), ..Plans::default() };
            Run::new("disk", &command.common, plans)?.go()
        }
        What::Copy(command) => {
            let plans = Plans { copy: Some(copy_plan(&command.copy, &command.common, command.common.size)?), ..Plans::default() };
            Run::new("copy", &command.common, plans)?.go()
        }
        What::All(command) => {
            let plans = Plans {
                disk: Some(DiskPlan::new(&command.disk, &command.common)),
                copy: Some(copy_plan(&CopyArgs::default(), &command.common, None)?),
                memory: Some(MemoryPlan::new(command.common.quick)),
            };
            Run::new("all", &command.common, plans)?.go()
        }
    }
}

fn copy_plan(copy: &CopyArgs, common: &Common, size: Option<u64>) -> Result<CopyPlan> {
    CopyPlan::new(copy, common, size).map_err(anyhow::Error::msg)
}

/// The parts of a run, each present when wanted.
#[derive(Debug, Default)]
struct Plans {
    disk: Option<DiskPlan>,
    copy: Option<CopyPlan>,
    memory: Option<MemoryPlan>,
}

impl Plans {
    fn expected(&self) -> Duration {
        self.disk.as_ref().map_or(Duration::ZERO, DiskPlan::measuring)
            + self.copy.as_ref().map_or(Duration::ZERO, CopyPlan::measuring)
            + self.memory.as_ref().map_or(Duration::ZERO, MemoryPlan::measuring)
    }

    /// Names that `--expect` may use.
    fn names(&self) -> Vec<String> {
        let disk = self.disk.iter().flat_map(|plan| plan.cells.iter().map(cell::Cell::id));
        let copy = self.copy.iter().flat_map(|plan| plan.paths.iter().map(copy::plan::Path::id));
        let memory = self.memory.iter().flat_map(|_| memory::NAMES.map(String::from));
        disk.chain(copy).chain(memory).collect()
    }
}

/// Everything that was checked before the first measurement.
struct Run<'a> {
    kind: &'static str,
    common: &'a Common,
    plans: Plans,
    outputs: Outputs,
    older: Option<Measurement>,
    folder: Folder,
}

impl<'a> Run<'a> {
    fn new(kind: &'static str, common: &'a Common, plans: Plans) -> Result<Run<'a>> {
        let outputs = Outputs::check(common.json.as_deref(), common.svg.as_deref(), common.html.as_deref())?;
        let names = plans.names();
        for expect in &common.expect {
            if let Some(name) = expect.names().find(|name| !names.iter().any(|known| known == name)) {
                bail!("--expect '{}': {name} is not measured by this run, which measures {}", expect.text(), names.join(", "));
            }
        }
        let older = common.compare.as_deref().map(compare::read).transpose()?;
        let folder = Folder::open(&common.dir)?;
        Ok(Run { kind, common, plans, outputs, older, folder })
    }

    fn go(self) -> Result<ExitCode> {
        let interrupt = Interrupt::watch()?;
        let progress = Progress::new(self.plans.expected());
        let result = self.measure(&progress, &interrupt);
        progress.finish();
        let (measurement, failure) = result?;
        self.show(&measurement)?;
        if let Some(error) = failure {
            return Err(error);
        }
        Ok(match () {
            () if interrupt.raised() => ExitCode::from(interrupt::EXIT_STATUS),
            () if measurement.expectations.iter().any(|e| !e.holds) => ExitCode::from(1),
            () => ExitCode::SUCCESS,
        })
    }

    fn measure(&self, progress: &Progress, interrupt: &Interrupt) -> Result<(Measurement, Option<anyhow::Error>)> {
        let started = Instant::now();
        let mut all = empty(self.kind, self.common.quick, machine::describe());
        let mut failure = None;
        if let Some(plan) = &self.plans.disk {
            let measured = disk::measure(plan, &self.folder, &all.machine, progress, interrupt)?;
            all.disk = Some(measured.report);
            all.labels.extend(measured.labels);
            all.incomplete_because = measured.incomplete;
            failure = measured.failure;
        }
        if let Some(plan) = &self.plans.copy
            && failure.is_none()
            && !(interrupt.raised() && all.disk.is_some())
        {
            let measured = copy::measure(plan, &self.folder, progress, interrupt)?;
            all.copy = Some(measured.report);
            all.labels.extend(measured.labels);
            all.incomplete_because = all.incomplete_because.or(measured.incomplete);
            failure = measured.failure;
        }
        if let Some(plan) = &self.plans.memory
            && failure.is_none()
            && !interrupt.raised()
        {
            all.memory = Some(memory::measure(plan, progress, interrupt)?);
        }
        if let Some(signal) = interrupt.signal_name() {
            all.incomplete_because.get_or_insert(format!("stopped by {signal}"));
        }
        all.complete = all.incomplete_because.is_none();
        all.elapsed_seconds = started.elapsed().as_secs_f64();
        if let (Some(older), Some(path)) = (&self.older, &self.common.compare) {
            all.comparison = Some(compare::compare(&all, older, path));
        }
        all.expectations = self.common.expect.iter().map(|expect| expect.check(&all)).collect();
        Ok((all, failure))
    }

    /// Writes the files first: if one fails, the figures are still printed before the error.
    fn show(&self, measurement: &Measurement) -> Result<()> {
        let json = self.outputs.json.as_ref();
        let svg = self.outputs.svg.as_ref();
        let html = self.outputs.html.as_ref();
        let written = [
            json.map(|target| report::json::document(measurement).and_then(|text| target.write(&text))),
            svg.map(|target| report::svg::document(measurement).and_then(|text| target.write(&text))),
            html.map(|target| report::html::page(measurement).and_then(|text| target.write(&text))),
        ];
        let text = report::text::table(measurement);
        if self.outputs.stdout_taken() {
            eprint!("{text}");
        } else {
            outputs::Target::Stdout.write(&text)?;
        }
        written.into_iter().flatten().collect()
    }
}

fn empty(kind: &str, quick: bool, machine: Machine) -> Measurement {
    Measurement {
        format: FORMAT.into(),
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").into(),
        kind: kind.into(),
        quick,
        taken_at: clock::now_rfc3339(),
        elapsed_seconds: 0.0,
        complete: false,
        incomplete_because: None,
        machine,
        disk: None,
        copy: None,
        memory: None,
        labels: Vec::new(),
        comparison: None,
        expectations: Vec::new(),
    }
}

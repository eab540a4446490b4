//! A scene without a cluster: a disk, or the way of a block to the network, as [`crate::cost`] models it. Facts speak of
//! the model's figures; nothing in it happens in time, so they hold at the end or not at all.

use super::data::RunSpec;
use super::eval::Value;
use super::grammar::Func;
use super::run::merge;
use crate::cost::copy::{Conditions, Counts, Method, Place, Step, fan_out, rate_mb_s, steps, used};
use crate::cost::disk::{Arm, Disk, Preset, Request};
use crate::json;
use serde::Deserialize;
use serde_json::Value as Json;

/// What stands in place of a scenario in a lesson's `scene`.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(tag = "show", rename_all = "kebab-case")]
pub enum CostScene {
    /// Requests in line to one file, and beside them something else on the same disk.
    Disk(DiskWork),
    /// A block's way from the disk to the network.
    Copies(CopyWork),
}

/// Writes in line to one log; beside them writes scattered over a file, or to several logs in turn, or with readers.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskWork {
    /// Which disk.
    pub disk: Preset,
    /// Bytes of each write.
    pub bytes: u64,
    /// How much is written, in MB (10^6 bytes).
    pub mb: u64,
    /// To how many logs, in turn. With one log and no reader, the writes are scattered.
    #[serde(default = "one")]
    pub logs: u32,
    /// Readers far behind, each at its own place of the disk: they read once in each turn.
    #[serde(default)]
    pub readers: u32,
    /// Bytes of each of their reads.
    #[serde(default)]
    pub fetch: u64,
}

fn one() -> u32 {
    1
}

/// A block, sent to consumer groups one after the other.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyWork {
    /// `sendfile`, or read and write.
    pub sendfile: bool,
    /// The block is in the page cache already.
    #[serde(default)]
    pub cached: bool,
    /// The connection is encrypted.
    #[serde(default)]
    pub tls: bool,
    /// How many groups.
    #[serde(default = "one")]
    pub groups: u32,
    /// kB of records in the block.
    #[serde(default = "megabyte")]
    pub kb: u32,
    /// How many times smaller the producer made it by compressing (`compression.type`); 1: not at all.
    #[serde(default = "one")]
    pub packed: u32,
    /// For how much of the time others keep the core busy that sends, in percent.
    #[serde(default)]
    pub busy: u8,
}

fn megabyte() -> u32 {
    1000
}

/// Turns that are measured, after one that is not: the heads stand where they stand in the long run.
const TURNS: u64 = 20;

impl DiskWork {
    /// Is something beside the writes, or are they only scattered?
    pub fn scattered(&self) -> bool {
        self.logs == 1 && self.readers == 0
    }

    /// Its disk.
    pub fn disk(&self) -> Disk {
        self.disk.disk()
    }

    /// MB/s written, MB/s read, and jumps for each MB written, in the long run.
    pub fn beside(&self) -> (f64, f64, f64) {
        if self.scattered() {
            return (self.disk().rate_of(self.bytes, false), 0.0, 1e6 / self.bytes as f64);
        }
        let (disk, mut arm, mut before) = (self.disk(), Arm::default(), Arm::default());
        for turn in 0..=TURNS {
            if turn == 1 {
                before = arm;
            }
            for file in 0..self.logs {
                arm.serve(&disk, Request { file, offset: turn * self.bytes, bytes: self.bytes, write: true });
            }
            for r in 0..self.readers {
                arm.serve(&disk, Request { file: self.logs + r, offset: turn * self.fetch, bytes: self.fetch, write: false });
            }
        }
        let us = arm.busy_us() - before.busy_us();
        let written = (TURNS * u64::from(self.logs) * self.bytes) as f64;
        let read = (TURNS * u64::from(self.readers) * self.fetch) as f64;
        (written / us, read / us, (arm.jumps - before.jumps) as f64 * 1e6 / written)
    }
}

impl CopyWork {
    /// How it is asked for.
    pub fn method(&self) -> Method {
        if self.sendfile { Method::Sendfile } else { Method::ReadWrite }
    }

    /// kB of the block in the log: a batch stands there as its producer packed it.
    pub fn log_kb(&self) -> u32 {
        self.kb / self.packed
    }

    /// MB/s to one group, with what is left of one core.
    pub fn rate(&self) -> f64 {
        rate_mb_s(&Counts::of(&steps(self.method(), self.conditions())), f64::from(self.busy) / 100.0)
    }

    /// Under which conditions; a card that gathers, as most do.
    pub fn conditions(&self) -> Conditions {
        Conditions { cached: self.cached, tls: self.tls, gather: true }
    }
}

/// A run of a cost lesson: a name and a scene.
#[derive(Clone, PartialEq, Debug)]
pub struct CostRun {
    /// Its name in facts.
    pub name: String,
    /// What is modelled.
    pub scene: CostScene,
}

/// A number with three digits after the point.
fn real(x: f64) -> Option<Value> {
    Some(Value::Real((x * 1000.0).round() as i64))
}

impl CostRun {
    /// What the models say; `None` for what this scene has not.
    pub(super) fn answer(&self, f: Func) -> Option<Value> {
        match self.scene {
            CostScene::Disk(w) => disk_answer(&w, f),
            CostScene::Copies(w) => copy_answer(&w, f),
        }
    }
}

fn disk_answer(w: &DiskWork, f: Func) -> Option<Value> {
    let line = w.disk().rate_of(w.bytes, true);
    let (write, read, seeks) = w.beside();
    let time = |mb_s: f64| Some(Value::Time((w.mb as f64 * 1e6 / mb_s).round() as i64));
    match f {
        Func::LineRate => real(line),
        Func::LineTime => time(line),
        Func::WriteRate => real(write),
        Func::WriteTime => time(write),
        Func::ReadRate => real(read),
        Func::TotalRate => real(write + read),
        Func::Ratio => real(line / write),
        Func::SeeksPerMb => real(seeks),
        _ => None,
    }
}

fn copy_answer(w: &CopyWork, f: Func) -> Option<Value> {
    let way = fan_out(w.method(), w.conditions(), w.groups);
    let c = Counts::of(&way);
    let n = match f {
        Func::SendRate => return real(w.rate()),
        Func::LogKb => w.log_kb(),
        Func::OutKb => way.iter().filter(|s| matches!(s, Step::Copy { to: Place::Nic, .. })).count() as u32 * w.log_kb(),
        Func::Dma => c.dma_copies,
        Func::Cpu => c.cpu_copies,
        Func::Copies => c.copies(),
        Func::Syscalls => c.calls,
        Func::ModeSwitches => c.mode_switches,
        Func::DiskReads => c.disk_reads,
        Func::Encryptions => c.encryptions,
        Func::Groups => w.groups,
        Func::Path => {
            let path = if used(w.method(), w.conditions()) == Method::Sendfile { "kernel" } else { "user" };
            return Some(Value::Word(path.into()));
        }
        _ => return None,
    };
    Some(Value::Int(n.into()))
}

/// Is it a scene of this kind?
pub fn is_cost(scene: &Json) -> bool {
    scene.get("show").is_some()
}

/// The scene of a run.
///
/// # Errors
/// What is wrong, at which field.
pub(super) fn plan(scene: &Json, spec: &RunSpec) -> Result<CostRun, (String, String)> {
    let merged = merge(scene, &spec.change);
    let scene: CostScene = json::decode(&merged.to_string()).map_err(|m| (m.at, m.what))?;
    if !spec.commands.is_empty() || !spec.seeds.is_empty() {
        return Err(("do".into(), "a cost scene has no commands and no seeds".into()));
    }
    let wrong = |at: &str, what: &str| Err((at.to_string(), what.to_string()));
    match scene {
        CostScene::Disk(w) if w.bytes == 0 || w.mb == 0 || w.logs == 0 => wrong("bytes", "bytes, mb and logs are at least 1"),
        CostScene::Disk(w) if (w.readers > 0) != (w.fetch > 0) => wrong("fetch", "readers and the bytes of their reads go together"),
        CostScene::Disk(w) if u64::from(w.logs) + u64::from(w.readers) > 100_000 => wrong("logs", "at most 100000 logs and readers"),
        CostScene::Copies(w) if !(1..=5).contains(&w.groups) => wrong("groups", "is 1 to 5"),
        CostScene::Copies(w) if w.packed == 0 || w.kb < w.packed => wrong("packed", "is at least 1, and at most kb"),
        CostScene::Copies(w) if w.busy > 99 => wrong("busy", "is 0 to 99"),
        _ => Ok(CostRun { name: spec.name.clone(), scene }),
    }
}

//! Reads a measurement file (`assets/schema/measurement.schema.json`), as far as models and charts need it.
//!
//! What is read must be there and make sense; the rest (every sample, options of the file system) may be anything.

use serde_json::Value;
use std::fmt;

/// The value of `format` in every measurement file.
pub const FORMAT: &str = "highwater-measurement";
/// The version of the format that this code reads.
pub const VERSION: u64 = 1;
/// A file longer than this is none of ours: a full run makes about a tenth of it.
pub const BYTES_MAX: usize = 4 << 20;

/// What is wrong with a measurement file, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeasurementError {
    /// Path of the field, such as `disk.cells[3].stats.mb_s.median`; empty for the file as a whole.
    pub at: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for MeasurementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.at, self.what) }
    }
}
impl std::error::Error for MeasurementError {}

type Read<T> = Result<T, MeasurementError>;

/// One run of `highwater bench`.
#[derive(Clone, PartialEq, Debug)]
pub struct Measurement {
    /// Version of the program that measured.
    pub program: String,
    /// Was it the short form?
    pub quick: bool,
    /// When it began, UTC, RFC 3339.
    pub taken_at: String,
    /// Why it was cut short, if it was.
    pub incomplete_because: Option<String>,
    /// The computer.
    pub machine: Machine,
    /// Of `bench disk` and `bench all`.
    pub disk: Option<DiskPart>,
    /// Of `bench copy` and `bench all`.
    pub copy: Option<CopyPart>,
    /// Values of 4 bytes a second from memory, by id (`mem-seq`, `mem-rand`, `mem-chase`); of `bench all`.
    pub memory: Vec<(String, f64)>,
    /// What a reader must know before believing a figure.
    pub labels: Vec<Label>,
}

/// The computer, as far as it could be known from inside.
#[derive(Clone, PartialEq, Debug)]
pub struct Machine {
    /// Its CPU.
    pub cpu: String,
    /// Processors.
    pub cores: u64,
    /// Its memory.
    pub memory_bytes: u64,
    /// Operating system and kernel.
    pub system: String,
    /// A virtual one? `None` when nothing pointed either way.
    pub virtual_machine: Option<bool>,
}

/// The disk part of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct DiskPart {
    /// Kind of file system.
    pub filesystem: String,
    /// Driver or model of the device, where one was seen.
    pub device: Option<String>,
    /// What the medium probably is: a guess.
    pub medium: String,
    /// How it was accessed: `direct` or `buffered`.
    pub access: String,
    /// Rounds.
    pub rounds: u64,
    /// What was measured; cells that were skipped are left out.
    pub cells: Vec<Cell>,
    /// Ratios of cells.
    pub ratios: Vec<Ratio>,
}

impl DiskPart {
    /// The cell of this name, such as `seq-read-4k`.
    pub fn cell(&self, id: &str) -> Option<&Cell> {
        self.cells.iter().find(|c| c.id == id)
    }
    /// The ratio of two cells.
    pub fn ratio(&self, over: &str, under: &str) -> Option<&Ratio> {
        self.ratios.iter().find(|r| r.over == over && r.under == under)
    }
}

/// A cell of the disk part.
#[derive(Clone, PartialEq, Debug)]
pub struct Cell {
    /// Its name.
    pub id: String,
    /// Bytes of a request.
    pub block_bytes: u64,
    /// Median throughput of the rounds, MB/s.
    pub mb_s: f64,
    /// Requests a second, median.
    pub iops: f64,
}

/// One figure over another.
#[derive(Clone, PartialEq, Debug)]
pub struct Ratio {
    /// Cell or path above.
    pub over: String,
    /// Cell or path below.
    pub under: String,
    /// Median of the rounds' ratios.
    pub median: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The copy part of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct CopyPart {
    /// Ways that were measured.
    pub paths: Vec<Path>,
    /// sendfile and others over the fastest read+send.
    pub ratios: Vec<Ratio>,
}

/// One way of sending a file to a socket, to one kind of receiver.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    /// Its name.
    pub id: String,
    /// `read+send`, `mmap+send`, `sendfile`, `splice` or `mmap+MSG_ZEROCOPY`.
    pub way: String,
    /// Bytes of a call.
    pub chunk_bytes: u64,
    /// Does the receiver throw the data away without looking (MSG_TRUNC)?
    pub discarding: bool,
    /// Median rate, GiB/s.
    pub gib_s: f64,
    /// The sender's CPU seconds for a GiB, median.
    pub cpu_s_per_gib: f64,
    /// System calls of the sender for a GiB.
    pub calls_per_gib: f64,
}

/// A warning with what it rests on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Such as `virtual_host_cache_possible`.
    pub name: String,
    /// What it means for the reader.
    pub meaning: String,
    /// The numbers that brought it here.
    pub evidence: String,
}

impl Measurement {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, where, and what would be right.
    pub fn parse(text: &str) -> Read<Measurement> {
        let whole = |what: String| MeasurementError { at: String::new(), what };
        if text.len() > BYTES_MAX {
            return Err(whole(format!("is {} bytes long; a measurement file has at most {BYTES_MAX}", text.len())));
        }
        let value: Value = serde_json::from_str(text)
            .map_err(|e| whole(format!("is not JSON ({e}); open the file that `highwater bench all --json FILE` wrote")))?;
        let root = At { value: &value, path: String::new() };
        if !value.is_object() || root.get("format").map(|f| f.value) != Some(&Value::from(FORMAT)) {
            return Err(whole(format!(
                "is JSON, but no measurement: `format` is not {FORMAT:?}. Open the file that `highwater bench all --json FILE` wrote"
            )));
        }
        let version = root.need("version")?;
        if version.value.as_u64() != Some(VERSION) {
            return Err(version.wrong(&format!("{VERSION}: this version of Highwater reads no other")));
        }
        root.measurement()
    }
}

/// A value with its place.
struct At<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> At<'a> {
    fn wrong(&self, right: &str) -> MeasurementError {
        let mut found = self.value.to_string();
        if found.chars().count() > 40 {
            found = found.chars().take(40).chain(['…']).collect();
        }
        MeasurementError { at: self.path.clone(), what: format!("is {found}; it must be {right}") }
    }

    /// A field; null counts as missing.
    fn get(&self, name: &str) -> Option<At<'a>> {
        let value = self.value.get(name).filter(|v| !v.is_null())?;
        let path = if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) };
        Some(At { value, path })
    }

    fn need(&self, name: &str) -> Read<At<'a>> {
        self.get(name).ok_or_else(|| {
            let at = if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) };
            MeasurementError { at, what: "is missing".into() }
        })
    }

    fn text(&self, name: &str) -> Read<String> {
        let v = self.need(name)?;
        v.value.as_str().map(str::to_string).ok_or_else(|| v.wrong("a text"))
    }

    fn maybe_text(&self, name: &str) -> Read<Option<String>> {
        self.get(name).map(|_| self.text(name)).transpose()
    }

    fn flag(&self, name: &str) -> Read<bool> {
        let v = self.need(name)?;
        v.value.as_bool().ok_or_else(|| v.wrong("true or false"))
    }

    fn whole(&self, name: &str) -> Read<u64> {
        let v = self.need(name)?;
        v.value.as_u64().filter(|n| *n > 0).ok_or_else(|| v.wrong("a whole number above 0"))
    }

    /// A figure: finite, above 0.
    fn figure(&self, name: &str) -> Read<f64> {
        let v = self.need(name)?;
        v.value.as_f64().filter(|x| x.is_finite() && *x > 0.0).ok_or_else(|| v.wrong("a number above 0"))
    }

    fn median(&self, name: &str) -> Read<f64> {
        self.need(name)?.figure("median")
    }

    fn each<T>(&self, name: &str, read: impl Fn(&At<'a>) -> Read<T>) -> Read<Vec<T>> {
        let v = self.need(name)?;
        let Some(items) = v.value.as_array() else { return Err(v.wrong("a list")) };
        items.iter().enumerate().map(|(i, value)| read(&At { value, path: format!("{}[{i}]", v.path) })).collect()
    }

    fn measurement(&self) -> Read<Measurement> {
        let m = self.need("machine")?;
        Ok(Measurement {
            program: self.text("program")?,
            quick: self.flag("quick")?,
            taken_at: self.text("taken_at")?,
            incomplete_because: self.maybe_text("incomplete_because")?,
            machine: Machine {
                cpu: m.text("cpu")?,
                cores: m.whole("cores_online")?,
                memory_bytes: m.whole("memory_bytes")?,
                system: format!("{} {}", m.text("os")?, m.text("kernel")?),
                virtual_machine: m.get("virtual_machine").map(|_| m.flag("virtual_machine")).transpose()?,
            },
            disk: self.get("disk").map(|d| d.disk()).transpose()?,
            copy: self.get("copy").map(|c| c.copy()).transpose()?,
            memory: match self.get("memory") {
                Some(memory) => memory.each("results", |r| Ok((r.text("id")?, r.median("values_s")?)))?,
                None => Vec::new(),
            },
            labels: self
                .each("labels", |l| Ok(Label { name: l.text("name")?, meaning: l.text("meaning")?, evidence: l.text("evidence")? }))?,
        })
    }

    fn disk(&self) -> Read<DiskPart> {
        let device = match self.get("device") {
            Some(d) => d.maybe_text("driver")?.or(d.maybe_text("model")?).or(d.maybe_text("name")?),
            None => None,
        };
        let parameters = self.need("parameters")?;
        Ok(DiskPart {
            filesystem: self.need("filesystem")?.text("kind")?,
            device,
            medium: self.need("medium")?.text("guess")?,
            access: parameters.text("access")?,
            rounds: parameters.whole("rounds")?,
            cells: self.each("cells", At::cell)?.into_iter().flatten().collect(),
            ratios: self.each("ratios", At::ratio)?,
        })
    }

    /// `None` for a cell without statistics: it was skipped.
    fn cell(&self) -> Read<Option<Cell>> {
        let Some(stats) = self.get("stats") else { return Ok(None) };
        Ok(Some(Cell {
            id: self.text("id")?,
            block_bytes: self.whole("block_bytes")?,
            mb_s: stats.median("mb_s")?,
            iops: stats.median("iops")?,
        }))
    }

    fn ratio(&self) -> Read<Ratio> {
        Ok(Ratio {
            over: self.text("over")?,
            under: self.text("under")?,
            median: self.figure("median")?,
            low: self.figure("low")?,
            high: self.figure("high")?,
        })
    }

    fn copy(&self) -> Read<CopyPart> {
        Ok(CopyPart { paths: self.each("paths", At::path)?.into_iter().flatten().collect(), ratios: self.each("ratios", At::ratio)? })
    }

    fn path(&self) -> Read<Option<Path>> {
        let Some(stats) = self.get("stats") else { return Ok(None) };
        let receiver = self.need("receiver")?;
        let discarding = match receiver.value.as_str() {
            Some("discarding") => true,
            Some("copying") => false,
            _ => return Err(receiver.wrong("\"copying\" or \"discarding\"")),
        };
        Ok(Some(Path {
            id: self.text("id")?,
            way: self.text("way")?,
            chunk_bytes: self.whole("chunk_bytes")?,
            discarding,
            gib_s: stats.median("gib_s")?,
            cpu_s_per_gib: stats.median("sender_cpu_seconds_per_gib")?,
            calls_per_gib: stats.figure("calls_per_gib")?,
        }))
    }
}

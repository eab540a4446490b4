//! The door's state, and what people can do to it.

use super::cache::CacheScene;
use super::copies::CopyScene;
use super::disk::{Device, DiskScene};
use super::source::Source;
use highwater_core::cost::calibrate::{self, Direction};
use highwater_core::cost::copy::Conditions;

/// A scene of the door.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tab {
    /// Linear against random.
    #[default]
    Disk,
    /// The page cache.
    Cache,
    /// Copy against zero copy.
    Copies,
}

impl Tab {
    /// All of them, as they stand side by side.
    pub const ALL: [Tab; 3] = [Tab::Disk, Tab::Cache, Tab::Copies];

    /// Its word in addresses and tests.
    pub fn word(self) -> &'static str {
        match self {
            Tab::Disk => "disk",
            Tab::Cache => "cache",
            Tab::Copies => "copies",
        }
    }
}

/// Figures of a broker, for W.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Broker {
    /// Memory that is left for the page cache, GiB.
    pub cache_gib: f64,
    /// What is written to it, MB/s: by producers and by replication.
    pub in_mb_s: f64,
    /// What somebody far behind reads from the disk, MB/s.
    pub catch_up_mb_s: f64,
}

impl Broker {
    /// W in seconds, without and with the one far behind.
    pub fn windows(&self) -> [f64; 2] {
        let bytes = self.cache_gib * (1u64 << 30) as f64;
        [self.in_mb_s, self.in_mb_s + self.catch_up_mb_s].map(|mb_s| highwater_core::cost::cache::window_seconds(bytes, mb_s * 1e6))
    }
}

/// The example of the rule book: 64 GiB of memory, 6 of them taken.
const EXAMPLE: Broker = Broker { cache_gib: 58.0, in_mb_s: 100.0, catch_up_mb_s: 200.0 };

/// The door.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Which scene is shown.
    pub tab: Tab,
    /// Where figures come from.
    pub source: Source,
    /// Name of a file that could not be read, and why.
    pub refused: Option<(String, String)>,
    /// Linear against random.
    pub disk: DiskScene,
    /// The page cache.
    pub cache: CacheScene,
    /// Copy against zero copy.
    pub copies: CopyScene,
    /// A broker to compute W for.
    pub broker: Broker,
}

/// What people do.
#[derive(Clone, PartialEq, Debug)]
pub enum Act {
    /// Another scene.
    Show(Tab),
    /// Play or stop.
    Toggle,
    /// One step on.
    Forward,
    /// One step back; the page cache has none.
    Back,
    /// From the beginning.
    Reset,
    /// Another disk.
    Device(Device),
    /// Another request size.
    Block(u64),
    /// A reader far behind joins or leaves.
    CatchUp,
    /// Kill the broker process.
    Kill,
    /// Cut the machine's power.
    PowerCut,
    /// Flush now.
    Flush,
    /// Other conditions for the copies, and groups.
    Conditions(Conditions, u32),
    /// Other figures for W.
    Broker(Broker),
    /// A file was read: name and text, and whether the server offered it.
    Open(String, String, bool),
    /// A file could not be read: name, and why.
    Unreadable(String, String),
    /// Back to the presets.
    Presets,
    /// The refusal was read.
    Dismiss,
}

impl Default for Measure {
    fn default() -> Self {
        Measure {
            tab: Tab::default(),
            source: Source::Presets,
            refused: None,
            disk: DiskScene::default(),
            cache: CacheScene::default(),
            copies: CopyScene::default(),
            broker: EXAMPLE,
        }
    }
}

impl Measure {
    /// Does time go on in the scene that is shown?
    pub fn playing(&self) -> bool {
        match self.tab {
            Tab::Disk => self.disk.playing,
            Tab::Cache => self.cache.playing,
            Tab::Copies => self.copies.playing,
        }
    }

    /// Takes what somebody did.
    pub fn act(&mut self, what: Act) {
        match what {
            Act::Show(tab) => self.tab = tab,
            Act::Toggle => match self.tab {
                Tab::Disk => self.disk.toggle(&self.source),
                Tab::Cache => self.cache.toggle(),
                Tab::Copies => self.copies.toggle(),
            },
            Act::Forward | Act::Back => self.step(what == Act::Back),
            Act::Reset => match self.tab {
                Tab::Disk => self.disk.reset(),
                Tab::Cache => self.cache.reset(),
                Tab::Copies => self.copies.reset(),
            },
            Act::Device(d) => self.disk.choose(d),
            Act::Block(bytes) => self.disk.resize(bytes),
            Act::CatchUp => self.cache.toggle_catch_up(),
            Act::Kill => self.cache.kill(),
            Act::PowerCut => self.cache.power_cut(),
            Act::Flush => self.cache.flush(),
            Act::Conditions(c, groups) => self.copies.set(c, groups),
            Act::Broker(b) => self.broker = b,
            Act::Open(name, text, offered) => self.open(&name, &text, offered),
            Act::Unreadable(name, why) => self.refused = Some((name, why)),
            Act::Presets => {
                self.source = Source::Presets;
                self.disk.choose(DiskScene::default().device);
                self.broker = EXAMPLE;
            }
            Act::Dismiss => self.refused = None,
        }
    }

    fn step(&mut self, back: bool) {
        match self.tab {
            Tab::Disk => self.disk.step(back, &self.source),
            Tab::Cache if back => {}
            Tab::Cache => {
                self.cache.playing = false;
                self.cache.second();
            }
            Tab::Copies => self.copies.step(back),
        }
    }

    /// A file takes the place of what was shown before, if it can be read.
    fn open(&mut self, name: &str, text: &str, offered: bool) {
        match Source::read(name, text, offered) {
            Ok(source) => {
                self.refused = None;
                if let Some(m) = source.measurement() {
                    let yours = [Direction::Read, Direction::Write];
                    let fits = |d: &Direction| m.disk.as_ref().is_some_and(|part| calibrate::disk(part, *d).is_some());
                    if let Some(d) = yours.into_iter().find(fits) {
                        self.disk.choose(Device::Yours(d));
                    }
                    // What is left beside a Java heap of 6 GiB; half of a small machine.
                    let gib = m.machine.memory_bytes as f64 / (1u64 << 30) as f64;
                    self.broker.cache_gib = (gib - 6.0).max(gib / 2.0).round().max(1.0);
                }
                self.source = source;
            }
            Err(e) => self.refused = Some((name.to_string(), e.to_string())),
        }
    }

    /// Time on the screen goes by.
    pub fn tick(&mut self, ms: f64) {
        if !self.playing() {
            return;
        }
        match self.tab {
            Tab::Disk => self.disk.tick(ms, &self.source),
            Tab::Cache => self.cache.tick(ms),
            Tab::Copies => self.copies.tick(ms),
        }
    }
}

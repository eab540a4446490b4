//! The page-cache scene: one log, the memory that holds part of it, readers near its end and one far behind.
//!
//! One block a second is written. A block stands for many pages: the cache is the core's, a page of it is a block here.

use highwater_core::cost::cache::PageCache;

/// Blocks that fit into memory.
pub const MEMORY: u64 = 24;
/// Blocks that the picture shows: the newest.
pub const SHOWN: u64 = 60;
/// Blocks in the log at the beginning.
const BEGIN: u64 = 44;
/// Every so many seconds the kernel writes dirty blocks back.
const WRITE_BACK_S: u64 = 6;
/// Blocks a second that the reader far behind wants.
const CATCH_UP: u64 = 2;
/// One block on the screen takes this long.
const SHOW_MS: f64 = 550.0;
const LOG: u32 = 0;

/// A reader of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reader {
    /// Who.
    pub who: Who,
    /// The block that it read last; `None` before its first.
    pub at: Option<u64>,
    /// Did that one come from the disk?
    pub missed: bool,
    /// Blocks that it found in memory.
    pub hits: u64,
    /// Blocks that had to come from the disk.
    pub misses: u64,
}

/// Which reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// At the end of the log.
    Tail,
    /// A few seconds behind.
    Near,
    /// Far behind, reading fast.
    CatchUp,
}

impl Who {
    /// How far behind it stays, in seconds; the one that catches up does not stay.
    fn lag(self) -> Option<u64> {
        match self {
            Who::Tail => Some(0),
            Who::Near => Some(8),
            Who::CatchUp => None,
        }
    }
}

/// What happened last, for the sentence under the picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happened {
    /// Time went on.
    Time,
    /// The broker process was killed.
    Killed,
    /// The machine lost power; so many blocks are gone.
    PowerCut(u64),
    /// Everything dirty was written.
    Flushed(u64),
}

/// The scene.
#[derive(Clone, Debug)]
pub struct CacheScene {
    /// Does time go on?
    pub playing: bool,
    /// The readers: tail, near, and the one that catches up while it is there.
    pub readers: Vec<Reader>,
    /// What happened last.
    pub happened: Happened,
    /// Blocks that the disk wrote and read.
    pub disk: (u64, u64),
    /// Blocks that lost their place in memory.
    pub evicted: u64,
    cache: PageCache,
    blocks: u64,
    second: u64,
    /// Blocks that came into memory in each of the last seconds.
    inflow: Vec<u64>,
    part_ms: f64,
}

/// A block as it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// Its place in the log.
    pub number: u64,
    /// In memory?
    pub memory: bool,
    /// In memory only?
    pub dirty: bool,
}

impl Default for CacheScene {
    fn default() -> Self {
        let reader = |who| Reader { who, at: None, missed: false, hits: 0, misses: 0 };
        let mut scene = CacheScene {
            playing: false,
            readers: vec![reader(Who::Tail), reader(Who::Near)],
            happened: Happened::Time,
            disk: (0, 0),
            evicted: 0,
            cache: PageCache::tuned(MEMORY, 0, 100),
            blocks: 0,
            second: 0,
            inflow: Vec::new(),
            part_ms: 0.0,
        };
        // A broker that has run for a while: its memory is full of the log's end.
        while scene.blocks < BEGIN {
            scene.second();
        }
        for r in &mut scene.readers {
            (r.hits, r.misses) = (0, 0);
        }
        (scene.disk, scene.evicted) = ((0, 0), 0);
        scene
    }
}

impl CacheScene {
    /// Blocks of the log that are shown, oldest first.
    pub fn blocks(&self) -> Vec<Block> {
        let first = self.first_shown();
        let block = |n| Block { number: n, memory: self.cache.has(LOG, n), dirty: self.cache.is_dirty(LOG, n) };
        (first..self.blocks).map(block).collect()
    }

    /// The first block of the log that is shown.
    pub fn first_shown(&self) -> u64 {
        self.blocks.saturating_sub(SHOWN)
    }

    /// Blocks of the log.
    pub fn len(&self) -> u64 {
        self.blocks
    }
    /// Nothing in the log?
    pub fn is_empty(&self) -> bool {
        self.blocks == 0
    }
    /// Blocks that are in memory only.
    pub fn dirty(&self) -> u64 {
        self.cache.dirty()
    }

    /// W: how many of the newest blocks are in memory without a gap. A second each.
    pub fn window(&self) -> u64 {
        (0..self.blocks).rev().take_while(|n| self.cache.has(LOG, *n)).count() as u64
    }

    /// W as the rule says: memory over what flows into it, in seconds.
    pub fn window_by_rule(&self) -> f64 {
        let recent = &self.inflow[self.inflow.len().saturating_sub(6)..];
        let inflow: u64 = recent.iter().sum();
        if inflow == 0 { 0.0 } else { MEMORY as f64 * recent.len() as f64 / inflow as f64 }
    }

    /// Is somebody catching up?
    pub fn catching_up(&self) -> bool {
        self.readers.iter().any(|r| r.who == Who::CatchUp)
    }

    /// A reader that is far behind joins at the oldest block that is shown, or leaves.
    pub fn toggle_catch_up(&mut self) {
        if self.catching_up() {
            self.readers.retain(|r| r.who != Who::CatchUp);
        } else {
            self.readers.push(Reader { who: Who::CatchUp, at: None, missed: false, hits: 0, misses: 0 });
        }
        self.happened = Happened::Time;
    }

    /// `kill -9` of the broker: its memory is not the page cache.
    pub fn kill(&mut self) {
        self.happened = Happened::Killed;
    }

    /// The machine loses power: memory is empty, and what was only there is gone.
    pub fn power_cut(&mut self) {
        let kept = (0..self.blocks).find(|n| self.cache.is_dirty(LOG, *n)).unwrap_or(self.blocks);
        self.happened = Happened::PowerCut(self.cache.power_cut());
        self.blocks = kept;
        // Where the readers are shows when they read again.
        for r in &mut self.readers {
            r.at = r.at.filter(|_| r.who == Who::CatchUp).map(|n| n.min(kept.saturating_sub(1)));
            r.missed = true;
        }
    }

    /// fsync: everything dirty goes to the disk now.
    pub fn flush(&mut self) {
        self.happened = Happened::Flushed(self.dirty());
        self.write_back();
    }

    fn write_back(&mut self) {
        self.disk.0 += self.dirty();
        self.cache.flush(LOG);
    }

    /// Back to the beginning.
    pub fn reset(&mut self) {
        *self = CacheScene { playing: self.playing, ..CacheScene::default() };
    }

    /// Plays or stops.
    pub fn toggle(&mut self) {
        self.playing = !self.playing;
    }

    /// Time on the screen goes by.
    pub fn tick(&mut self, ms: f64) {
        self.part_ms += ms;
        while self.part_ms >= SHOW_MS {
            self.part_ms -= SHOW_MS;
            self.second();
        }
    }

    /// One second: a block is written, old dirty ones are written back, every reader reads.
    pub fn second(&mut self) {
        self.happened = Happened::Time;
        self.second += 1;
        let t = self.cache.write(LOG, self.blocks, 1);
        self.evicted += t.evicted;
        self.blocks += 1;
        if self.second.is_multiple_of(WRITE_BACK_S) {
            self.write_back();
        }
        let mut came = 1;
        let mut readers = std::mem::take(&mut self.readers);
        for r in &mut readers {
            let next = match (r.who.lag(), r.at) {
                (Some(lag), _) => (self.blocks - 1).saturating_sub(lag)..(self.blocks - 1).saturating_sub(lag) + 1,
                (None, at) => {
                    let from = at.map_or(self.first_shown(), |n| n + 1);
                    from..(from + CATCH_UP).min(self.blocks)
                }
            };
            for n in next {
                came += self.read(r, n);
            }
        }
        self.readers = readers;
        // It has caught up: it is a tail reader now, and leaves the picture.
        self.readers.retain(|r| r.who != Who::CatchUp || r.at.is_none_or(|n| n + 1 < self.blocks));
        self.inflow.push(came);
    }

    fn read(&mut self, r: &mut Reader, n: u64) -> u64 {
        let t = self.cache.read(LOG, n, 1, self.blocks);
        (r.at, r.missed) = (Some(n), t.misses > 0);
        r.hits += t.hits;
        r.misses += t.misses;
        self.disk.1 += t.misses;
        self.evicted += t.evicted;
        t.misses
    }
}

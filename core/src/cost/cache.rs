//! The operating system's page cache: 4 KiB pages, least recently used first out.
//!
//! Left out: Linux's two lists (active and inactive), the timing of write-back, memory that processes take away.

use super::disk::Request;
use std::collections::BTreeMap;

/// Bytes of a page.
pub const PAGE_BYTES: u64 = 4096;
/// Linux's default `read_ahead_kb` (128 KiB) in pages.
pub const READ_AHEAD_PAGES: u64 = 32;
/// Linux's default `vm.dirty_ratio`: a writer waits for write-back above this share of dirty pages.
pub const DIRTY_PERCENT: u64 = 20;

/// A page of a file.
type Page = (u32, u64);

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// When it was used last, in uses.
    used: u64,
    /// When it became dirty, in uses.
    dirtied: Option<u64>,
}

/// What a read or a write came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    /// Pages that were in memory.
    pub hits: u64,
    /// Pages that were asked for and were not.
    pub misses: u64,
    /// Pages that were read although nobody asked for them yet.
    pub read_ahead: u64,
    /// Pages that lost their place.
    pub evicted: u64,
    /// What the disk has to do, in order; whoever asked waits for it.
    pub disk: Vec<Request>,
}

impl Touched {
    fn disk(&mut self, page: Page, write: bool) {
        let offset = page.1 * PAGE_BYTES;
        match self.disk.last_mut() {
            Some(r) if r.write == write && r.file == page.0 && r.offset + r.bytes == offset => r.bytes += PAGE_BYTES,
            _ => self.disk.push(Request { file: page.0, offset, bytes: PAGE_BYTES, write }),
        }
    }
}

/// A page cache.
#[derive(Clone, Debug)]
pub struct PageCache {
    capacity: u64,
    read_ahead: u64,
    dirty_limit: u64,
    pages: BTreeMap<Page, Slot>,
    by_use: BTreeMap<u64, Page>,
    by_dirtying: BTreeMap<u64, Page>,
    /// The page after the last one read, by file: the next read there is sequential.
    next: BTreeMap<u32, u64>,
    uses: u64,
}

impl PageCache {
    /// An empty cache of so many pages (at least 1), with Linux's defaults.
    pub fn new(capacity_pages: u64) -> Self {
        Self::tuned(capacity_pages, READ_AHEAD_PAGES, DIRTY_PERCENT)
    }

    /// An empty cache with its own read-ahead in pages, and the share of dirty pages at which writers wait.
    pub fn tuned(capacity_pages: u64, read_ahead: u64, dirty_percent: u64) -> Self {
        let capacity = capacity_pages.max(1);
        PageCache {
            capacity,
            read_ahead,
            dirty_limit: (capacity * dirty_percent / 100).max(1),
            pages: BTreeMap::new(),
            by_use: BTreeMap::new(),
            by_dirtying: BTreeMap::new(),
            next: BTreeMap::new(),
            uses: 0,
        }
    }

    /// Pages that fit.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }
    /// Pages in it.
    pub fn len(&self) -> u64 {
        self.pages.len() as u64
    }
    /// Nothing in it?
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }
    /// Pages that the disk does not have yet.
    pub fn dirty(&self) -> u64 {
        self.by_dirtying.len() as u64
    }
    /// Is this page in memory?
    pub fn has(&self, file: u32, page: u64) -> bool {
        self.pages.contains_key(&(file, page))
    }
    /// Is this page in memory only?
    pub fn is_dirty(&self, file: u32, page: u64) -> bool {
        self.pages.get(&(file, page)).is_some_and(|s| s.dirtied.is_some())
    }
    /// Pages from the most recently used on.
    pub fn recent_first(&self) -> impl Iterator<Item = Page> {
        self.by_use.values().rev().copied()
    }

    /// Writes `count` pages from `first` on: they are dirty now, the disk does nothing unless the cache is full of such pages.
    pub fn write(&mut self, file: u32, first: u64, count: u64) -> Touched {
        let mut t = Touched::default();
        for n in first..first + count {
            t.hits += u64::from(self.has(file, n));
            self.place((file, n), true, &mut t);
        }
        while self.dirty() > self.dirty_limit {
            let page = *self.by_dirtying.values().next().expect("there are more dirty pages than the limit, which is at least 0");
            self.write_back(page, &mut t);
        }
        t
    }

    /// Reads `count` pages from `first` on, of a file of `file_pages`. A sequential miss reads ahead.
    pub fn read(&mut self, file: u32, first: u64, count: u64, file_pages: u64) -> Touched {
        let mut t = Touched::default();
        let sequential = first == 0 || self.next.get(&file) == Some(&first);
        for n in first..first + count {
            if self.has(file, n) {
                t.hits += 1;
            } else {
                t.misses += 1;
                t.disk((file, n), false);
            }
            self.place((file, n), false, &mut t);
        }
        let end = first + count;
        if sequential && t.misses > 0 {
            for n in end..(end + self.read_ahead).min(file_pages) {
                if !self.has(file, n) {
                    t.read_ahead += 1;
                    t.disk((file, n), false);
                    self.place((file, n), false, &mut t);
                }
            }
        }
        self.next.insert(file, end);
        t
    }

    /// Writes every dirty page of a file to the disk, as fsync does.
    pub fn flush(&mut self, file: u32) -> Touched {
        self.flush_where(|p| p.0 == file)
    }

    /// Writes every dirty page back, as the kernel does after a while.
    pub fn flush_all(&mut self) -> Touched {
        self.flush_where(|_| true)
    }

    fn flush_where(&mut self, chosen: impl Fn(Page) -> bool) -> Touched {
        let mut t = Touched::default();
        // By page, not by age: neighbours become one request.
        let mut pages: Vec<Page> = self.by_dirtying.values().copied().filter(|p| chosen(*p)).collect();
        pages.sort_unstable();
        for p in pages {
            self.write_back(p, &mut t);
        }
        t
    }

    /// The machine loses power: memory is empty. Says how many dirty pages are gone for good. (A process that dies takes nothing.)
    pub fn power_cut(&mut self) -> u64 {
        let lost = self.dirty();
        *self = PageCache { pages: BTreeMap::new(), by_use: BTreeMap::new(), by_dirtying: BTreeMap::new(), next: BTreeMap::new(), ..*self };
        lost
    }

    /// Forgets a file's pages from `first` on, written or not: the file was cut there.
    pub fn forget(&mut self, file: u32, first: u64) {
        let gone: Vec<Page> = self.pages.range((file, first)..(file + 1, 0)).map(|(p, _)| *p).collect();
        for p in gone {
            self.remove(p);
        }
    }

    fn remove(&mut self, page: Page) -> Option<Slot> {
        let slot = self.pages.remove(&page)?;
        self.by_use.remove(&slot.used);
        if let Some(d) = slot.dirtied {
            self.by_dirtying.remove(&d);
        }
        Some(slot)
    }

    /// Uses a page: it comes to the front, and the least recently used one goes if there is no room.
    fn place(&mut self, page: Page, dirty: bool, t: &mut Touched) {
        self.uses += 1;
        let was = self.remove(page);
        let dirtied = was.and_then(|s| s.dirtied).or(dirty.then_some(self.uses));
        while self.len() >= self.capacity {
            let (_, oldest) = self.by_use.first_key_value().expect("a full cache has pages");
            let oldest = *oldest;
            self.write_back(oldest, t);
            self.remove(oldest);
            t.evicted += 1;
        }
        self.pages.insert(page, Slot { used: self.uses, dirtied });
        self.by_use.insert(self.uses, page);
        if let Some(d) = dirtied {
            self.by_dirtying.insert(d, page);
        }
    }

    /// Makes a page clean; the disk writes it if it was not.
    fn write_back(&mut self, page: Page, t: &mut Touched) {
        let Some(slot) = self.pages.get_mut(&page) else { return };
        if let Some(d) = slot.dirtied.take() {
            self.by_dirtying.remove(&d);
            t.disk(page, true);
        }
    }
}

/// W: how long a page stays in a cache of `cache_bytes` into which `bytes_a_second` go (what producers and replication write,
/// and what readers far behind fetch from the disk). A consumer that lags less reads memory; one that lags more reads the disk.
pub fn window_seconds(cache_bytes: f64, bytes_a_second: f64) -> f64 {
    cache_bytes / bytes_a_second
}

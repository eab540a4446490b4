//! Lesson L5's numbers and rule book 7.3.

use highwater_core::cost::cache::{PageCache, window_seconds};
use highwater_core::cost::disk::Request;

const LOG: u32 = 0;

#[test]
fn l5_1_and_2_a_write_dirties_memory_and_the_tail_reads_it_there() {
    let mut c = PageCache::tuned(6, 0, 100);
    let t = c.write(LOG, 0, 4);
    assert_eq!((c.dirty(), t.disk.len()), (4, 0));
    let t = c.read(LOG, 0, 4, 4);
    assert_eq!((t.hits, t.misses, t.disk.len()), (4, 0, 0));
}

#[test]
fn l5_3_a_reader_of_old_pages_evicts_the_tail() {
    let mut c = PageCache::tuned(6, 0, 100);
    c.write(LOG, 100, 4);
    let t = c.read(LOG, 0, 6, 104);
    assert_eq!(t.misses, 6);
    assert_eq!(t.evicted, 4);
    // What was dirty went to the disk before it lost its place.
    assert!(t.disk.iter().any(|r| r.write && r.offset == 100 * 4096));
    assert!(c.read(LOG, 100, 4, 104).misses > 0, "the tail reader misses");
}

#[test]
fn l5_4_and_5_a_killed_process_loses_nothing_a_power_cut_loses_what_is_dirty() {
    let mut c = PageCache::new(100);
    c.write(LOG, 0, 8);
    assert_eq!(c.flush(LOG).disk, [Request { file: LOG, offset: 0, bytes: 8 * 4096, write: true }], "neighbours are one request");
    c.write(LOG, 8, 4);
    // kill -9 changes nothing here: the cache is the kernel's.
    assert_eq!(c.power_cut(), 4);
    assert!(c.is_empty() && c.dirty() == 0);
    assert_eq!(c.read(LOG, 0, 1, 8).misses, 1);
}

#[test]
fn a_sequential_miss_reads_ahead_and_a_random_one_does_not() {
    let mut c = PageCache::new(1000);
    let t = c.read(LOG, 0, 1, 1000);
    assert_eq!((t.misses, t.read_ahead), (1, 32));
    assert_eq!(t.disk, [Request { file: LOG, offset: 0, bytes: 33 * 4096, write: false }]);
    assert_eq!(c.read(LOG, 1, 32, 1000).misses, 0);
    assert_eq!(c.read(LOG, 500, 1, 1000).read_ahead, 0);
    assert_eq!(c.read(LOG, 990, 1, 1000).read_ahead, 0);
    assert_eq!(c.read(LOG, 991, 1, 1000).read_ahead, 8, "the file ends");
}

#[test]
fn a_writer_waits_for_the_disk_when_too_much_is_dirty() {
    let mut c = PageCache::new(100);
    assert!(c.write(LOG, 0, 20).disk.is_empty());
    let t = c.write(LOG, 20, 1);
    assert_eq!(t.disk, [Request { file: LOG, offset: 0, bytes: 4096, write: true }]);
    assert_eq!(c.dirty(), 20);
}

#[test]
fn a_cut_file_leaves_memory() {
    let mut c = PageCache::new(100);
    c.write(LOG, 0, 10);
    c.write(1, 0, 1);
    c.forget(LOG, 4);
    assert_eq!((c.len(), c.dirty()), (5, 5));
    assert!(c.has(LOG, 3) && !c.has(LOG, 4) && c.has(1, 0));
}

#[test]
fn used_pages_stay() {
    let mut c = PageCache::tuned(3, 0, 100);
    c.write(LOG, 0, 3);
    c.read(LOG, 0, 1, 3);
    c.write(LOG, 3, 1);
    assert!(c.has(LOG, 0) && !c.has(LOG, 1));
    assert_eq!(c.recent_first().map(|p| p.1).collect::<Vec<_>>(), [3, 0, 2]);
}

#[test]
fn the_window_of_the_rule_book() {
    let cache = 58.0 * (1u64 << 30) as f64;
    assert_eq!((window_seconds(cache, 100e6) / 60.0) as u32, 10);
    let with_catch_up = window_seconds(cache, 300e6) / 60.0;
    assert!((3.4..3.6).contains(&with_catch_up), "{with_catch_up}");
}

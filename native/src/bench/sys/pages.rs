//! Buffers of whole pages, small or huge, as direct I/O wants them.
#![allow(unsafe_code)]

use std::ops::{Deref, DerefMut};
use std::ptr;

use anyhow::{Context, Result};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use serde::{Deserialize, Serialize};

/// Which pages a buffer asks the kernel for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PageKind {
    /// The machine's base pages (4 KiB on most), as malloc gives a fio job or a JVM heap.
    Small,
    /// Transparent huge pages: fewer, longer segments for each request.
    Huge,
}

const HUGE: usize = 2 << 20;

/// Anonymous, zeroed, page-aligned memory, unmapped when dropped.
#[derive(Debug)]
pub(crate) struct Pages {
    base: ptr::NonNull<u8>,
    mapped: usize,
    start: usize,
    len: usize,
}

// SAFETY: the memory is owned by this value alone and has no thread affinity.
unsafe impl Send for Pages {}

impl Pages {
    /// Maps `len` bytes and touches each page. Huge buffers are aligned to 2 MiB; whether the
    /// kernel really gave huge pages is for [`huge_bytes`](Self::huge_bytes) to say.
    pub(crate) fn new(len: usize, kind: PageKind) -> Result<Pages> {
        let mapped = match kind {
            PageKind::Small => len,
            PageKind::Huge => len.next_multiple_of(HUGE) + HUGE,
        };
        // SAFETY: a fresh private anonymous mapping at an address that the kernel chooses
        // overlaps nothing; the result is checked by the wrapper.
        let address = unsafe { mmap_anonymous(ptr::null_mut(), mapped, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) }
            .with_context(|| format!("cannot map a buffer of {mapped} bytes"))?;
        let base = ptr::NonNull::new(address.cast::<u8>()).context("the kernel mapped address 0")?;
        let start = match kind {
            PageKind::Small => 0,
            PageKind::Huge => base.as_ptr().align_offset(HUGE),
        };
        advise(address, mapped, kind);
        let mut pages = Pages { base, mapped, start, len };
        pages.fill(1);
        Ok(pages)
    }

    /// Bytes of this buffer that lie in huge pages, from /proc/self/smaps; `None` where that
    /// cannot be read.
    pub(crate) fn huge_bytes(&self) -> Option<u64> {
        let start = self.as_ptr() as usize;
        let smaps = std::fs::read_to_string("/proc/self/smaps").ok()?;
        let mut inside = false;
        for line in smaps.lines() {
            if let Some((low, high)) = range(line) {
                inside = low <= start && start < high;
            } else if inside && let Some(rest) = line.strip_prefix("AnonHugePages:") {
                return rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|k| k << 10);
            }
        }
        None
    }
}

/// The address range at the head of an smaps entry.
fn range(line: &str) -> Option<(usize, usize)> {
    let (low, high) = line.split_whitespace().next()?.split_once('-')?;
    Some((usize::from_str_radix(low, 16).ok()?, usize::from_str_radix(high, 16).ok()?))
}

/// A wish, not a command: a kernel without huge pages refuses it and nothing is lost.
fn advise(address: *mut core::ffi::c_void, len: usize, kind: PageKind) {
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};
        let advice = match kind {
            PageKind::Small => Advice::LinuxNoHugepage,
            PageKind::Huge => Advice::LinuxHugepage,
        };
        // SAFETY: the range is the mapping just made; these advices never change its contents.
        let _ = unsafe { madvise(address, len, advice) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (address, len, kind);
}

impl Deref for Pages {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: `start + len <= mapped`, the mapping is readable and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(self.start), self.len) }
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr().add(self.start), self.len) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the whole mapping made in `new`, which nothing refers to any more.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.mapped) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_writable() {
        for kind in [PageKind::Small, PageKind::Huge] {
            let mut pages = Pages::new(1 << 20, kind).unwrap();
            assert_eq!(pages.as_ptr() as usize % 4096, 0);
            pages[1 << 19] = 7;
            assert_eq!((pages.len(), pages[1 << 19]), (1 << 20, 7));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn small_pages_are_small() {
        let pages = Pages::new(4 << 20, PageKind::Small).unwrap();
        assert_eq!(pages.huge_bytes(), Some(0));
    }
}

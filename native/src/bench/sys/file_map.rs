//! A file mapped for reading, and which of its pages are in memory.
#![allow(unsafe_code)]

use std::os::fd::AsFd;
use std::ptr;

use anyhow::{Context, Result, bail};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A shared, read-only mapping of the first `len` bytes of a file, unmapped when dropped.
///
/// Only ever made of this program's own scratch file, which has no name that another process
/// could open and cut short.
#[derive(Debug)]
pub(crate) struct FileMap {
    base: ptr::NonNull<u8>,
    len: usize,
}

// SAFETY: read-only memory without thread affinity.
unsafe impl Send for FileMap {}
// SAFETY: shared references only read.
unsafe impl Sync for FileMap {}

impl FileMap {
    /// Maps `len` bytes from the start of the file; the file must be that long.
    pub(crate) fn new(file: impl AsFd, len: u64) -> Result<FileMap> {
        let len = usize::try_from(len).context("the file is larger than the address space")?;
        // SAFETY: a new mapping at an address of the kernel's choice; the file is private to this
        // process and is not truncated while mapped.
        let address =
            unsafe { mmap(ptr::null_mut(), len, ProtFlags::READ, MapFlags::SHARED, file, 0) }.context("cannot map the scratch file")?;
        let base = ptr::NonNull::new(address.cast()).context("the kernel mapped address 0")?;
        Ok(FileMap { base, len })
    }

    /// The mapped bytes. Reading a page that is not in memory waits for the disk. Only for a file
    /// that nobody writes to any more.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: mapped readable for `len` bytes for as long as `self` lives. Only the copy
        // benchmark calls this, whose file is written once, before it is mapped.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.len) }
    }

    /// Share of the pages that are in the page cache, by mincore: 0.0 to 1.0.
    fn resident_share(&self) -> Result<f64> {
        let page = rustix::param::page_size();
        let mut states = vec![0u8; self.len.div_ceil(page)];
        // SAFETY: the range is exactly this mapping and `states` has one byte for each page.
        let result = unsafe { libc::mincore(self.base.as_ptr().cast(), self.len, states.as_mut_ptr().cast()) };
        if result != 0 {
            bail!("mincore: {}", std::io::Error::last_os_error());
        }
        let resident = states.iter().filter(|state| **state & 1 == 1).count();
        Ok(resident as f64 / states.len().max(1) as f64)
    }
}

/// Share of a file's first `len` bytes that is in the page cache, 0.0 to 1.0.
pub(crate) fn resident_share(file: impl AsFd, len: u64) -> Result<f64> {
    FileMap::new(file, len)?.resident_share()
}

impl Drop for FileMap {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`, which nothing refers to any more.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
    }
}

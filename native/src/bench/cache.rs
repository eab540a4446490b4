//! What a program may ask of the page cache and of durability, where the systems differ.

use std::os::fd::AsFd;

use rustix::io::Errno;

use super::cell::Pattern;

/// Whether a program can have a file's pages forgotten here.
pub(crate) const CAN_EVICT: bool = cfg!(target_os = "linux");

/// Announces how a file will be read, as fio does. Advice only: where there is none to give, reads
/// are as the kernel likes them.
pub(crate) fn announce(file: impl AsFd, pattern: Pattern) {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Advice, fadvise};
        let advice = match pattern {
            Pattern::Seq => Advice::Sequential,
            Pattern::Rand => Advice::Random,
        };
        let _ = fadvise(file, 0, None, advice);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, pattern);
}

/// Asks the kernel to forget this file's clean pages; the machine's other caches are left alone.
/// What came of it is for mincore to say.
pub(crate) fn evict(file: impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

/// Sends written data to the device: fdatasync, or on Apple systems F_FULLFSYNC, because fsync
/// there does not ask the device to flush its cache.
pub(crate) fn sync_data(file: impl AsFd) -> Result<(), Errno> {
    #[cfg(target_os = "linux")]
    return rustix::fs::fdatasync(file);
    #[cfg(target_vendor = "apple")]
    return rustix::fs::fcntl_fullfsync(file);
    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    return rustix::fs::fsync(file);
}

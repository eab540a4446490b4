//! The one file that a benchmark writes: its folder, its size, its contents, its end.
//!
//! It never has a name that matters. Where the file system can, it is unnamed from the start
//! (`O_TMPFILE`); elsewhere it is created with `O_EXCL` and mode 0600 in a fresh folder, and both
//! names are removed before the first byte is written. Whatever ends the program, the space is
//! free again.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::fs::{OFlags, fstatvfs};
use rustix::io::{Errno, pwrite};

use super::cache;
use super::cell::Pattern;
use super::interrupt::Interrupt;
use super::rng::Rng;
use super::sys::pages::{PageKind, Pages};
use super::units::{GIB, MIB, size};

/// Smallest file that tells anything about a disk.
pub(crate) const MIN_BYTES: u64 = 16 * MIB;
/// Kept free beside twice the file.
const RESERVE: u64 = GIB;

/// A folder that was checked: it exists, is a folder, and is not a symbolic link.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    handle: File,
}

impl Folder {
    /// Opens a folder to measure in. The error says what stands there instead.
    pub(crate) fn open(path: &Path) -> Result<Folder> {
        // `link/` would follow the link: look at the name itself.
        let bare: PathBuf = path.components().collect();
        let shown = bare.display();
        let found = bare
            .symlink_metadata()
            .with_context(|| format!("--dir {shown}: cannot look at it; name an existing folder on the disk to measure"))?;
        let kind = found.file_type();
        if kind.is_symlink() {
            let to = std::fs::read_link(&bare).map(|to| to.display().to_string());
            bail!("--dir {shown} is a symbolic link (to {}); name the folder itself", to.unwrap_or_else(|_| "something unreadable".into()));
        }
        if kind.is_block_device() || kind.is_char_device() {
            bail!(
                "--dir {shown} is a device; this benchmark writes only to a file of its own: name a \
                 folder on a file system of that device"
            );
        }
        if !kind.is_dir() {
            bail!("--dir {shown} is an existing file, which is never touched; name a folder");
        }
        let handle = OpenOptions::new()
            .read(true)
            .custom_flags((OFlags::DIRECTORY | OFlags::NOFOLLOW).bits() as i32)
            .open(&bare)
            .with_context(|| format!("--dir {shown}: cannot open the folder"))?;
        let path = bare.canonicalize().unwrap_or(bare);
        Ok(Folder { path, handle })
    }

    /// Free and total bytes for an ordinary user of this file system.
    pub(crate) fn space(&self) -> Result<(u64, u64)> {
        let stat = fstatvfs(&self.handle).with_context(|| format!("{}: cannot ask for free space", self.path.display()))?;
        Ok((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize))
    }

    /// The folder's descriptor.
    #[cfg(target_os = "linux")]
    fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.handle)
    }
}

/// Decides the file's size: what was asked for, or the default made smaller until
/// `2 x size + 1 GiB` is free. The note says why it is smaller.
pub(crate) fn choose_size(asked: Option<u64>, default: u64, free: u64, place: &str) -> Result<(u64, Option<String>)> {
    let needs = |bytes: u64| bytes.checked_mul(2).and_then(|twice| twice.checked_add(RESERVE));
    let fits = |bytes: u64| needs(bytes).is_some_and(|needed| needed <= free);
    if let Some(bytes) = asked {
        if bytes < MIN_BYTES || !bytes.is_multiple_of(MIB) {
            bail!("--size {bytes}: give a whole number of MiB, at least {}", size(MIN_BYTES));
        }
        if !fits(bytes) {
            bail!(
                "--size {}: {place} has {} free, and 2 x size + 1 GiB = {} must be; try --size {}M or \
                 another --dir",
                size(bytes),
                size(free),
                needs(bytes).map_or("more than can be counted".into(), size),
                (free.saturating_sub(RESERVE) / 2 / MIB).max(MIN_BYTES / MIB),
            );
        }
        return Ok((bytes, None));
    }
    let fitting =
        std::iter::successors(Some(default), |bytes| Some(bytes / 2)).take_while(|bytes| *bytes >= MIN_BYTES).find(|bytes| fits(*bytes));
    match fitting {
        Some(bytes) if bytes == default => Ok((bytes, None)),
        Some(bytes) => {
            let note = format!("file of {} instead of {}: only {} free", size(bytes), size(default), size(free));
            Ok((bytes, Some(note)))
        }
        None => bail!(
            "{place} has {} free; even the smallest file ({}) needs 2 x size + 1 GiB = {} to be free: \
             name a roomier --dir",
            size(free),
            size(MIN_BYTES),
            size(2 * MIN_BYTES + RESERVE)
        ),
    }
}

/// The scratch file, open in the ways that cells need it. It has no name.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Through the page cache, sequential access announced.
    pub(crate) buffered: File,
    /// Through the page cache, random access announced.
    pub(crate) buffered_random: File,
    /// Past the page cache; the error says why not.
    pub(crate) direct: io::Result<File>,
    /// Bytes written and synced.
    pub(crate) bytes: u64,
    /// `unnamed (O_TMPFILE)` or `named, unlinked at once`.
    pub(crate) kind: &'static str,
}

impl Scratch {
    /// Creates the empty file.
    pub(crate) fn create(folder: &Folder) -> Result<Scratch> {
        let scratch = match unnamed(folder) {
            Ok(Some(scratch)) => scratch,
            Ok(None) => named(folder).map_err(|error| refuse(folder, error))?,
            Err(error) => return Err(refuse(folder, error)),
        };
        cache::announce(&scratch.buffered, Pattern::Seq);
        cache::announce(&scratch.buffered_random, Pattern::Rand);
        Ok(scratch)
    }

    /// Writes `bytes` of incompressible data, 1 MiB at a time, and syncs it. Past `patience` it
    /// stops early with what is there (never under [`MIN_BYTES`]); an interruption stops it too.
    pub(crate) fn fill(&mut self, bytes: u64, patience: Option<Duration>, rng: &mut Rng, interrupt: &Interrupt) -> Result<Fill> {
        let start = Instant::now();
        let mut buffer = Pages::new(MIB as usize, PageKind::Huge)?;
        let mut direct = self.direct.as_ref().ok();
        let mut at = 0;
        while at < bytes && !interrupt.raised() {
            rng.fill(&mut buffer);
            let file = direct.unwrap_or(&self.buffered);
            match pwrite(file, &buffer, at) {
                Ok(moved) if moved == buffer.len() => at += MIB,
                Err(Errno::INTR) => continue,
                // Some file systems open with O_DIRECT and then refuse to write so.
                Err(Errno::INVAL) if direct.is_some() => direct = None,
                other => return Err(not_written(other, at, bytes)),
            }
            if direct.is_none() && at.is_multiple_of(64 * MIB) {
                cache::sync_data(&self.buffered).map_err(|error| not_written(Err(error), at, bytes))?;
            }
            if at >= MIN_BYTES && patience.is_some_and(|patience| start.elapsed() > patience) {
                break;
            }
        }
        rustix::fs::fsync(&self.buffered).map_err(|error| not_written(Err(error), at, bytes))?;
        self.bytes = at;
        Ok(Fill { bytes: at, seconds: start.elapsed().as_secs_f64() })
    }

    /// Cuts off what was appended.
    pub(crate) fn restore_length(&self) -> io::Result<()> {
        self.buffered.set_len(self.bytes)
    }
}

/// How the file came to be filled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fill {
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
}

fn not_written(result: Result<usize, Errno>, at: u64, of: u64) -> anyhow::Error {
    let why = match result {
        Err(error) => io::Error::from(error).to_string(),
        Ok(moved) => format!("only {moved} bytes of a MiB were taken"),
    };
    anyhow::anyhow!("writing the scratch file failed after {} of {}: {why}; the file is gone again", size(at), size(of))
}

fn refuse(folder: &Folder, error: io::Error) -> anyhow::Error {
    let hint = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::ROFS) => "the file system is mounted read-only; name another --dir",
        Some(Errno::ACCESS | Errno::PERM) => "you may not write there; name another --dir",
        Some(Errno::NOSPC | Errno::DQUOT) => "it is full; name another --dir",
        _ => "name another --dir",
    };
    anyhow::Error::new(error).context(format!("cannot create a file in {}: {hint}", folder.path.display()))
}

/// `None` where the file system has no unnamed files.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Folder) -> io::Result<Option<Scratch>> {
    use rustix::fs::{Mode, openat};
    use std::os::fd::AsRawFd;

    let flags = OFlags::TMPFILE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    let buffered = match openat(folder.fd(), ".", flags, Mode::RUSR | Mode::WUSR) {
        Ok(fd) => File::from(fd),
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT | Errno::INVAL) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let again = format!("/proc/self/fd/{}", buffered.as_raw_fd());
    let Ok(buffered_random) = open_existing(Path::new(&again), OFlags::empty()) else {
        return Ok(None); // no /proc here
    };
    let direct = open_existing(Path::new(&again), OFlags::DIRECT);
    Ok(Some(Scratch { buffered, buffered_random, direct, bytes: 0, kind: "unnamed (O_TMPFILE)" }))
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Folder) -> io::Result<Option<Scratch>> {
    Ok(None)
}

fn named(folder: &Folder) -> io::Result<Scratch> {
    let fresh = tempfile::Builder::new().prefix("highwater-bench-").tempdir_in(&folder.path)?;
    let path = fresh.path().join("scratch");
    let buffered =
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits() as i32).open(&path)?;
    let buffered_random = open_existing(&path, OFlags::NOFOLLOW);
    let direct = open_uncached(&path);
    std::fs::remove_file(&path)?;
    fresh.close()?;
    let buffered_random = buffered_random?;
    Ok(Scratch { buffered, buffered_random, direct, bytes: 0, kind: "named, unlinked at once" })
}

fn open_existing(path: &Path, flags: OFlags) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(flags.bits() as i32).open(path)
}

#[cfg(target_os = "linux")]
fn open_uncached(path: &Path) -> io::Result<File> {
    open_existing(path, OFlags::NOFOLLOW | OFlags::DIRECT)
}

#[cfg(target_vendor = "apple")]
fn open_uncached(path: &Path) -> io::Result<File> {
    let file = open_existing(path, OFlags::NOFOLLOW)?;
    rustix::fs::fcntl_nocache(&file, true)?;
    Ok(file)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn open_uncached(_: &Path) -> io::Result<File> {
    Err(io::Error::other("this program knows no direct I/O on this system"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_refused_shrunk_or_taken() {
        let place = "here";
        assert_eq!(choose_size(Some(GIB), GIB, 3 * GIB, place).unwrap().0, GIB);
        let refused = choose_size(Some(GIB), GIB, 3 * GIB - 1, place).unwrap_err().to_string();
        assert!(refused.contains("2 x size + 1 GiB = 3 GiB"), "{refused}");
        assert!(choose_size(Some(GIB + 1), GIB, u64::MAX, place).is_err());
        assert!(choose_size(Some(u64::MAX / MIB * MIB), GIB, u64::MAX, place).is_err());
        let (bytes, note) = choose_size(None, GIB, 2 * GIB, place).unwrap();
        assert_eq!(bytes, GIB / 2);
        assert!(note.unwrap().contains("instead of 1 GiB"));
        assert!(choose_size(None, GIB, GIB, place).is_err());
    }

    #[test]
    fn both_kinds_of_file_leave_the_folder_empty() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let made = [Some(named(&folder).unwrap()), unnamed(&folder).unwrap()];
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        for mut scratch in made.into_iter().flatten() {
            let fill = scratch.fill(MIN_BYTES, None, &mut Rng::new(1), &Interrupt::default()).unwrap();
            assert_eq!(fill.bytes, scratch.buffered.metadata().unwrap().len());
        }
    }
}

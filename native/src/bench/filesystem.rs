//! What lies under the folder: file system, mount, device, and what O_DIRECT means there.

use std::path::Path;

use super::scratch::{Folder, Scratch};
use super::sys::pages::{PageKind, Pages};
use crate::report::model::{Device, DirectIo, Filesystem};
use anyhow::Result;

/// Describes the file system of a folder; the scratch file shows what O_DIRECT does.
pub(crate) fn describe(folder: &Folder, direct_io: DirectIo) -> Result<Filesystem> {
    let (free_bytes, total_bytes) = folder.space()?;
    let mount = mount_of(&folder.path);
    Ok(Filesystem {
        kind: mount.kind,
        source: mount.source,
        mount_point: mount.point,
        options: mount.options,
        total_bytes,
        free_bytes,
        direct_io,
    })
}

/// Whether files of this folder live in memory, so that their size is memory spent.
pub(crate) fn in_memory(folder: &Folder) -> bool {
    matches!(mount_of(&folder.path).kind.as_str(), "tmpfs" | "ramfs" | "devtmpfs")
}

struct Mount {
    kind: String,
    source: String,
    point: String,
    options: String,
}

#[cfg(target_os = "linux")]
fn mount_of(path: &Path) -> Mount {
    let mounts = procfs::process::Process::myself().and_then(|me| me.mountinfo());
    // The longest mount point above the path; the last one mounted of equals.
    let best = mounts.ok().and_then(|mounts| {
        mounts
            .into_iter()
            .filter(|mount| path.starts_with(&mount.mount_point))
            .max_by_key(|mount| (mount.mount_point.components().count(), mount.mnt_id))
    });
    match best {
        None => unknown_mount(),
        Some(mount) => {
            let mut options: Vec<String> = mount
                .mount_options
                .iter()
                .chain(&mount.super_options)
                .map(|(key, value)| value.as_ref().map_or(key.clone(), |v| format!("{key}={v}")))
                .collect();
            options.sort();
            options.dedup();
            Mount {
                kind: mount.fs_type,
                source: mount.mount_source.unwrap_or_else(|| "unknown".into()),
                point: mount.mount_point.display().to_string(),
                options: options.join(","),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn mount_of(_: &Path) -> Mount {
    unknown_mount()
}

fn unknown_mount() -> Mount {
    let unknown = || "unknown".to_string();
    Mount { kind: unknown(), source: unknown(), point: unknown(), options: unknown() }
}

/// The block device under an open file: by the file's own device number, or by the mount's source
/// where the file system makes numbers up (btrfs, overlay).
#[cfg(target_os = "linux")]
pub(crate) fn device(folder: &Folder) -> Option<Device> {
    use rustix::fs::{major, minor};
    use std::os::unix::fs::MetadataExt;

    let number = folder.path.metadata().ok()?.dev();
    by_number(major(number), minor(number)).or_else(|| {
        let source = mount_of(&folder.path).source;
        let number = Path::new(&source).metadata().ok()?.rdev();
        (number != 0).then(|| by_number(major(number), minor(number)))?
    })
}

#[cfg(target_os = "linux")]
fn by_number(major: u32, minor: u32) -> Option<Device> {
    let node = Path::new("/sys/dev/block").join(format!("{major}:{minor}")).canonicalize().ok()?;
    let name = node.file_name()?.to_string_lossy().into_owned();
    // A partition has no queue of its own: its parent is the disk.
    let disk = if node.join("partition").exists() { node.parent()? } else { &node };
    let queue = |file: &str| std::fs::read_to_string(disk.join("queue").join(file)).ok().map(|text| text.trim().to_string());
    let driver = disk.join("device/driver").canonicalize().ok();
    Some(Device {
        name,
        major,
        minor,
        model: std::fs::read_to_string(disk.join("device/model")).ok().map(|text| text.trim().to_string()),
        driver: driver.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())),
        rotational: queue("rotational").map(|text| text == "1"),
        scheduler: queue("scheduler").map(|text| super::machine::bracketed(&text).unwrap_or(text)),
        write_cache: queue("write_cache"),
        logical_block_bytes: queue("logical_block_size").and_then(|text| text.parse().ok()),
    })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn device(_: &Folder) -> Option<Device> {
    None
}

/// What O_DIRECT does to a file that has data: refused at open, ignored, or honoured.
pub(crate) fn probe_direct(scratch: &Scratch) -> DirectIo {
    let file = match &scratch.direct {
        Ok(file) => file,
        Err(error) => {
            return DirectIo {
                state: "refused".into(),
                memory_align_bytes: None,
                offset_align_bytes: None,
                evidence: format!("opening with O_DIRECT: {error}"),
            };
        }
    };
    let alignment = alignment(file);
    let misaligned = misaligned_read_works(file);
    let says = match alignment {
        Some((0, _) | (_, 0)) => "statx reports no alignment for direct I/O".to_string(),
        Some((memory, offset)) => format!("statx: memory aligned to {memory}, offsets to {offset}"),
        None => "statx says nothing about direct I/O".into(),
    };
    let reported = alignment.is_some_and(|(memory, offset)| memory > 0 && offset > 0);
    let denied = alignment.is_some_and(|(memory, offset)| memory == 0 || offset == 0);
    let ignored = denied || (misaligned && !reported);
    let read = if misaligned { "works, which direct I/O would refuse" } else { "is refused, as direct I/O must" };
    DirectIo {
        state: if ignored { "ignored" } else { "honoured" }.into(),
        memory_align_bytes: alignment.map(|a| a.0).filter(|a| *a > 0),
        offset_align_bytes: alignment.map(|a| a.1).filter(|a| *a > 0),
        evidence: format!("{says}; a misaligned read {read}"),
    }
}

#[cfg(target_os = "linux")]
fn alignment(file: &std::fs::File) -> Option<(u32, u32)> {
    use rustix::fs::{AtFlags, StatxFlags, statx};
    let stat = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN).ok()?;
    let filled = stat.stx_mask & StatxFlags::DIOALIGN.bits() != 0;
    filled.then_some((stat.stx_dio_mem_align, stat.stx_dio_offset_align))
}

#[cfg(not(target_os = "linux"))]
fn alignment(_: &std::fs::File) -> Option<(u32, u32)> {
    None
}

fn misaligned_read_works(file: &std::fs::File) -> bool {
    let Ok(mut buffer) = Pages::new(8192, PageKind::Small) else {
        return false;
    };
    rustix::io::pread(file, &mut buffer[1..512], 1).is_ok_and(|read| read > 0)
}

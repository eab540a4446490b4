//! A guess at what the disk is made of, from one latency and one flag.

use super::units::time_us;
use crate::report::model::{CellResult, Device, Filesystem, Machine, Medium};

/// What the medium probably is, and why one would think so.
pub(crate) fn guess(filesystem: &Filesystem, device: Option<&Device>, machine: &Machine, cells: &[CellResult]) -> Medium {
    let small_read = cells
        .iter()
        .find(|cell| cell.id == "rand-read-4k" && cell.access == "direct")
        .and_then(|cell| Some(cell.stats.as_ref()?.latency_us.p50));
    let rotational = device.and_then(|device| device.rotational);
    let is_virtual = machine.virtual_machine == Some(true);
    let says = match rotational {
        Some(true) => "the device calls itself rotational",
        Some(false) => "the device calls itself non-rotational",
        None => "the device does not say whether it rotates",
    };
    let took =
        small_read.map_or("no random direct read was measured".into(), |us| format!("a random 4 KiB read took {} (p50)", time_us(us)));
    let guess = match (small_read, rotational) {
        _ if matches!(filesystem.kind.as_str(), "tmpfs" | "ramfs") => "memory, not a disk",
        (Some(us), _) if us > 2000.0 => "a spinning disk, or storage as slow as one",
        (Some(us), _) if is_virtual && us > 250.0 => "a virtual disk on flash or a network, or busy",
        (Some(_), _) if is_virtual => "a virtual disk on flash, or its host's memory",
        (Some(us), _) if us < 8.0 => "a cache, or memory that keeps its contents",
        (Some(_), _) => "flash (SSD)",
        (None, Some(true)) if !is_virtual => "a spinning disk",
        (None, Some(false)) if !is_virtual => "flash (SSD)",
        (None, _) => "unknown",
    };
    let doubt = if is_virtual { "; in a virtual machine that word means little" } else { "" };
    Medium { guess: guess.into(), because: format!("{took}; {says}{doubt}") }
}

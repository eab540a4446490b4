//! The few places that need `unsafe`: memory straight from the kernel, and calls that the safe
//! wrappers leave out. Each file allows it for itself and says why it is sound.

pub(crate) mod file_map;
pub(crate) mod pages;
#[cfg(target_os = "linux")]
pub(crate) mod socket;
pub(crate) mod usage;

//! What the kernel counted while a slice ran: the difference of two looks at its counters.

use std::time::Instant;

use crate::report::model::{Device, Sample};

/// Counters at one moment. `None` where the system does not keep them.
#[derive(Debug, Clone)]
pub(crate) struct Counters {
    at: Instant,
    /// Bytes read and written by the block device since it appeared.
    device: Option<(u64, u64)>,
    /// Bytes of real block I/O charged to this process: read, written.
    charged: Option<(u64, u64)>,
    /// Microseconds in which some task waited for a CPU.
    pressure_us: Option<u64>,
    /// Ticks stolen by the host, and all ticks, over all CPUs.
    steal: Option<(u64, u64)>,
}

impl Counters {
    /// Looks at all of them; costs a fraction of a millisecond.
    pub(crate) fn now(device: Option<&Device>) -> Counters {
        Counters {
            at: Instant::now(),
            device: device.and_then(device_bytes),
            charged: charged_bytes(),
            pressure_us: pressure_us(),
            steal: steal(),
        }
    }

    /// Puts what happened since `self` into a sample; `write` says which direction counts.
    pub(crate) fn put_into(&self, after: &Counters, write: bool, sample: &mut Sample) {
        let moved = |before: Option<(u64, u64)>, after: Option<(u64, u64)>| {
            let ((read, written), (read_after, written_after)) = (before?, after?);
            Some(if write { written_after - written } else { read_after - read })
        };
        sample.device_bytes = moved(self.device, after.device);
        sample.charged_bytes = moved(self.charged, after.charged);
        sample.cpu_pressure = self.pressure_until(after);
        sample.steal = self
            .steal
            .zip(after.steal)
            .and_then(|((stolen, all), (s, a))| (a > all).then(|| (s.saturating_sub(stolen)) as f64 / (a - all) as f64));
    }

    /// Share of the time between two looks in which some task waited for a CPU.
    pub(crate) fn pressure_until(&self, after: &Counters) -> Option<f64> {
        let seconds = (after.at - self.at).as_secs_f64().max(1e-9);
        let waited_us = after.pressure_us?.saturating_sub(self.pressure_us?);
        Some((waited_us as f64 * 1e-6 / seconds).min(1.0))
    }
}

#[cfg(target_os = "linux")]
fn device_bytes(device: &Device) -> Option<(u64, u64)> {
    // One small file for one device, where /proc/diskstats lists them all.
    let path = format!("/sys/dev/block/{}:{}/stat", device.major, device.minor);
    let text = std::fs::read_to_string(path).ok()?;
    let field = |n: usize| text.split_ascii_whitespace().nth(n)?.parse::<u64>().ok();
    // Sectors of 512 bytes, whatever the device's own are.
    Some((field(2)? * 512, field(6)? * 512))
}

#[cfg(target_os = "linux")]
fn charged_bytes() -> Option<(u64, u64)> {
    let io = procfs::process::Process::myself().ok()?.io().ok()?;
    Some((io.read_bytes, io.write_bytes))
}

#[cfg(target_os = "linux")]
fn pressure_us() -> Option<u64> {
    use procfs::Current;
    Some(procfs::CpuPressure::current().ok()?.some.total)
}

#[cfg(target_os = "linux")]
fn steal() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u64> = text.lines().next()?.split_ascii_whitespace().skip(1).map_while(|t| t.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; the rest is counted in user already.
    Some((*ticks.get(7)?, ticks[..8].iter().sum()))
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::Device;

    pub(super) fn device_bytes(_: &Device) -> Option<(u64, u64)> {
        None
    }
    pub(super) fn charged_bytes() -> Option<(u64, u64)> {
        None
    }
    pub(super) fn pressure_us() -> Option<u64> {
        None
    }
    pub(super) fn steal() -> Option<(u64, u64)> {
        None
    }
}
#[cfg(not(target_os = "linux"))]
use elsewhere::{charged_bytes, device_bytes, pressure_us, steal};

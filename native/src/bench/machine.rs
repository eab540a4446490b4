//! Which computer this is, and whether it is a real one.

use std::fs::read_to_string;

use super::pin;
use crate::report::model::Machine;

/// Looks around. What cannot be known is said to be unknown.
pub(crate) fn describe() -> Machine {
    let uname = rustix::system::uname();
    let (virtual_machine, virtual_evidence) = virtual_machine();
    Machine {
        cpu: cpu_name().unwrap_or_else(|| "unknown".into()),
        cores_online: std::thread::available_parallelism().map_or(1, usize::from),
        cores_allowed: pin::allowed(),
        memory_bytes: memory_kib("MemTotal").unwrap_or(0) << 10,
        os: uname.sysname().to_string_lossy().into_owned(),
        kernel: uname.release().to_string_lossy().into_owned(),
        arch: uname.machine().to_string_lossy().into_owned(),
        virtual_machine,
        virtual_evidence,
        transparent_huge_pages: read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").ok().and_then(|text| bracketed(&text)),
        tick_hz: tick_hz(&uname.release().to_string_lossy()),
    }
}

/// Memory that could be had without swapping, in bytes; `None` where /proc does not say.
pub(crate) fn memory_available() -> Option<u64> {
    memory_kib("MemAvailable").map(|kib| kib << 10)
}

/// The chosen word of a list such as `always [madvise] never`.
pub(crate) fn bracketed(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('[')?;
    Some(rest.split_once(']')?.0.to_string())
}

fn memory_kib(key: &str) -> Option<u64> {
    let text = read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn cpu_field(name: &str) -> Option<String> {
    let text = read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|k| k.trim() == name))?;
    Some(line.split_once(':')?.1.trim().to_string())
}

fn cpu_name() -> Option<String> {
    cpu_field("model name").or_else(|| cpu_field("Model"))
}

/// A virtual machine says so by the hypervisor bit of the CPU or by the maker's name; the absence
/// of both proves nothing.
fn virtual_machine() -> (Option<bool>, String) {
    let vendor = |file: &str| read_to_string(format!("/sys/class/dmi/id/{file}")).unwrap_or_default();
    let maker = format!("{} {}", vendor("sys_vendor").trim(), vendor("product_name").trim());
    if cpu_field("flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")) {
        let by = if maker.trim().is_empty() { String::new() } else { format!("; made by {}", maker.trim()) };
        return (Some(true), format!("the CPU reports a hypervisor{by}"));
    }
    let known = ["QEMU", "KVM", "VMware", "VirtualBox", "Xen", "Amazon EC2", "Google Compute", "Parallels"];
    if let Some(name) = known.iter().find(|name| maker.contains(**name)) {
        return (Some(true), format!("the firmware names {name}"));
    }
    if std::path::Path::new("/proc/cpuinfo").exists() && !maker.trim().is_empty() {
        return (Some(false), format!("no hypervisor bit; the firmware names {}", maker.trim()));
    }
    (None, "neither CPU nor firmware says anything".into())
}

fn tick_hz(release: &str) -> Option<u32> {
    let text = read_to_string(format!("/boot/config-{release}")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("CONFIG_HZ=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bracketed_word_is_the_choice() {
        assert_eq!(bracketed("always [madvise] never\n").as_deref(), Some("madvise"));
        assert_eq!(bracketed("none"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_memory_and_a_kernel() {
        let machine = describe();
        assert!(machine.memory_bytes > 0 && !machine.kernel.is_empty());
    }
}

//! Which cores a thread may run on, and keeping it on one.

/// Cores that this process may run on, in order; empty where the system does not say.
pub(crate) fn allowed() -> Vec<usize> {
    #[cfg(target_os = "linux")]
    if let Ok(set) = rustix::thread::sched_getaffinity(None) {
        return (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect();
    }
    Vec::new()
}

/// Keeps the calling thread on one core. False where that is not possible.
pub(crate) fn pin_to(core: usize) -> bool {
    #[cfg(target_os = "linux")]
    {
        let mut set = rustix::thread::CpuSet::new();
        set.set(core);
        rustix::thread::sched_setaffinity(None, &set).is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = core;
        false
    }
}

/// Two cores for two threads, on different physical cores where there are such, and a sentence
/// that says what was found.
pub(crate) fn two_cores() -> (Option<usize>, Option<usize>, String) {
    let cores = allowed();
    match cores[..] {
        [] => (None, None, "not pinned: this system does not let a program choose cores".into()),
        [only] => (Some(only), Some(only), format!("sender and receiver share core {only}, the only one: they take turns")),
        [first, second, ..] => {
            let apart = cores[1..].iter().copied().find(|core| !siblings(first).contains(core));
            match apart {
                Some(other) => (Some(first), Some(other), format!("sender on core {first}, receiver on core {other}")),
                None => (
                    Some(first),
                    Some(second),
                    format!(
                        "sender on core {first}, receiver on core {second}: two threads of one \
                         physical core, which share its units"
                    ),
                ),
            }
        }
    }
}

/// Logical cores on the same physical core, from sysfs; empty where unknown.
fn siblings(core: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    std::fs::read_to_string(path).map(|text| list(text.trim())).unwrap_or_default()
}

/// Reads `0-1,4` as 0, 1, 4.
fn list(text: &str) -> Vec<usize> {
    text.split(',')
        .filter_map(|part| {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            Some(low.trim().parse::<usize>().ok()?..=high.trim().parse().ok()?)
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn core_lists_are_read() {
        assert_eq!(super::list("0-1,4"), [0, 1, 4]);
        assert_eq!(super::list("3"), [3]);
        assert!(super::list("").is_empty());
    }
}

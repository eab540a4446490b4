//! What the calling thread has used of the CPU.
#![allow(unsafe_code)]

/// CPU time and context switches of one thread since it began.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) user_seconds: f64,
    pub(crate) system_seconds: f64,
    pub(crate) voluntary_switches: u64,
    pub(crate) involuntary_switches: u64,
}

impl Usage {
    /// Of the calling thread; of the whole process where the system keeps no account of threads.
    pub(crate) fn of_this_thread() -> Usage {
        #[cfg(target_os = "linux")]
        let who = libc::RUSAGE_THREAD;
        #[cfg(not(target_os = "linux"))]
        let who = libc::RUSAGE_SELF;
        // SAFETY: `rusage` is plain numbers, for which all zeroes is a value; the kernel writes
        // into this local and keeps no pointer.
        let raw = unsafe {
            let mut raw: libc::rusage = std::mem::zeroed();
            libc::getrusage(who, &raw mut raw);
            raw
        };
        let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
        Usage {
            user_seconds: seconds(raw.ru_utime),
            system_seconds: seconds(raw.ru_stime),
            voluntary_switches: raw.ru_nvcsw.max(0) as u64,
            involuntary_switches: raw.ru_nivcsw.max(0) as u64,
        }
    }

    /// What was used since an earlier look.
    pub(crate) fn since(self, earlier: Usage) -> Usage {
        Usage {
            user_seconds: (self.user_seconds - earlier.user_seconds).max(0.0),
            system_seconds: (self.system_seconds - earlier.system_seconds).max(0.0),
            voluntary_switches: self.voluntary_switches.saturating_sub(earlier.voluntary_switches),
            involuntary_switches: self.involuntary_switches.saturating_sub(earlier.involuntary_switches),
        }
    }
}

//! SIGINT and SIGTERM as a flag that every loop looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit status after an interruption.
pub(crate) const EXIT_STATUS: u8 = 130;

/// Whether someone asked us to stop, and with which signal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    raised: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Watches for both signals from now on. A second one ends the program at once: the scratch
    /// file has no name by then, so even that leaves nothing behind.
    pub(crate) fn watch() -> Result<Interrupt> {
        let interrupt = Interrupt::default();
        for signal in [SIGINT, SIGTERM] {
            let watched = || -> std::io::Result<()> {
                let status = i32::from(EXIT_STATUS);
                flag::register_conditional_shutdown(signal, status, interrupt.raised.clone())?;
                flag::register_usize(signal, interrupt.signal.clone(), signal as usize)?;
                flag::register(signal, interrupt.raised.clone())?;
                Ok(())
            };
            watched().with_context(|| format!("cannot watch for signal {signal}"))?;
        }
        // A file size limit shall be an error to report, not a death.
        flag::register(signal_hook::consts::SIGXFSZ, Arc::default()).context("cannot watch for SIGXFSZ")?;
        Ok(interrupt)
    }

    /// True once a signal came.
    pub(crate) fn raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// `SIGINT` or `SIGTERM`, once one came.
    pub(crate) fn signal_name(&self) -> Option<&'static str> {
        self.raised().then(|| match self.signal.load(Ordering::Relaxed) as i32 {
            SIGTERM => "SIGTERM",
            _ => "SIGINT",
        })
    }
}

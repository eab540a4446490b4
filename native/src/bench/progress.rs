//! What is being measured just now, on standard error, where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over the slices of the plan; silent where standard error is not a terminal.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar for a run that should take this long.
    pub(crate) fn new(expected: Duration) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(expected.as_millis() as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:28} {percent:>3}%  {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Progress(bar)
    }

    /// Names the cell in hand.
    pub(crate) fn now(&self, what: String) {
        self.0.set_message(what);
        self.0.tick();
    }

    /// Moves the bar on by the time that was planned for a slice.
    pub(crate) fn done(&self, planned: Duration) {
        self.0.inc(planned.as_millis() as u64);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

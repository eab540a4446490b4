//! How a command ended, as an exit status that scripts can rely on.

use std::process::ExitCode;

/// Exit status of bad usage or bad input; clap uses the same.
pub(crate) const BAD_INPUT: u8 = 2;

/// How a command ended that was able to do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done, and what was asked about holds: 0.
    Fine,
    /// Done, and what was asked about does not hold: 1.
    DoesNotHold,
    /// Done as far as its limits allow, and what was asked about is open: 3.
    NotKnown,
    /// Stopped by Ctrl-C or a termination signal, after cleaning up: 130.
    Interrupted,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::DoesNotHold => Self::from(1),
            Outcome::NotKnown => Self::from(3),
            Outcome::Interrupted => Self::from(130),
        }
    }
}

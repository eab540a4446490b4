//! What may happen in a trial, from the command line: each argument takes the place of the scenario's own bound.

use highwater_core::trial::Bounds;

/// Bounds that stand in place of the scenario's.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What may happen, at most (instead of the scenario's)")]
pub(crate) struct Limits {
    /// Records sent, up to 16
    #[arg(long, value_name = "N")]
    records: Option<u8>,
    /// Broker processes killed
    #[arg(long, value_name = "N")]
    crashes: Option<u8>,
    /// Machines that lose power
    #[arg(long, value_name = "N")]
    power_cuts: Option<u8>,
    /// Responses to clients lost, with their connection
    #[arg(long, value_name = "N")]
    lost_responses: Option<u8>,
    /// Followers found behind for replica.lag.time.max.ms
    #[arg(long, value_name = "N")]
    lag_expiries: Option<u8>,
    /// Consumer processes killed
    #[arg(long, value_name = "N")]
    consumer_crashes: Option<u8>,
    /// Live brokers that the controller gives up
    #[arg(long, value_name = "N")]
    zombies: Option<u8>,
    /// High watermarks written to their checkpoint file before a crash
    #[arg(long, value_name = "N")]
    hw_checkpoints: Option<u8>,
    /// Backoffs of producers that end in another attempt; 255 is no limit
    #[arg(long, value_name = "N")]
    retries: Option<u8>,
    /// Steps of a story; 0 is no limit
    #[arg(long, value_name = "N")]
    depth: Option<u32>,
    /// Distinct states visited
    #[arg(long, value_name = "N")]
    max_states: Option<u64>,
    /// Memory for the search, in bytes
    #[arg(long, value_name = "N")]
    max_bytes: Option<u64>,
}

impl Limits {
    /// The scenario's bounds with what the arguments change.
    pub(crate) fn over(&self, b: Bounds) -> Bounds {
        Bounds {
            records: self.records.unwrap_or(b.records),
            crashes: self.crashes.unwrap_or(b.crashes),
            power_cuts: self.power_cuts.unwrap_or(b.power_cuts),
            lost_responses: self.lost_responses.unwrap_or(b.lost_responses),
            lag_expiries: self.lag_expiries.unwrap_or(b.lag_expiries),
            consumer_crashes: self.consumer_crashes.unwrap_or(b.consumer_crashes),
            zombies: self.zombies.unwrap_or(b.zombies),
            hw_checkpoints: self.hw_checkpoints.unwrap_or(b.hw_checkpoints),
            retries: self.retries.unwrap_or(b.retries),
            depth: self.depth.unwrap_or(b.depth),
            max_states: self.max_states.unwrap_or(b.max_states),
            max_bytes: self.max_bytes.unwrap_or(b.max_bytes),
        }
    }
}

//! The scenarios that come with Highwater: what lies in `assets/scenarios/`, by name.

macro_rules! shipped {
    ($($name:literal)*) => {
        /// Names, sorted.
        pub const NAMES: &[&str] = &[$($name),*];
        /// Names and texts, sorted by name.
        pub const SHIPPED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../assets/scenarios/", $name, ".json")))),*];
    };
}

shipped! {
    "acks-1" "acks-all" "c-a1-handled-twice" "c-a2-never-handled" "c-a3-commit-in-close" "c-a4-lag-beyond-retention"
    "c-a5-commit-goes-back" "c-a6-high-watermark-behind" "catch-up" "commit-answer-lost" "commit-first" "commit-last"
    "controller-failover" "coordinator-failover" "deleted-below-transaction" "exactly-once" "first" "h1-truncation" "h2-unfenced-fetch"
    "h3-unknown-epoch" "h4-last-replica" "kip-903" "open-transaction" "p-a1-duplicate" "p-a2-reordered" "p-a3-acks-0-loss"
    "p-a4-acks-1-loss" "p-a5-last-replica-loss" "p-a6-failed-but-stored" "p-a7-forgotten-producer" "p-a8-key-order" "p-a9-gap"
    "read-from-follower" "rebalances" "retry-duplicates" "share-group" "streams-at-least-once" "streams-exactly-once" "x1-hanging-transaction"
    "x2-late-batch-is-committed" "x4-without-group-metadata" "zombie-fenced"
}

/// The text of a shipped scenario.
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|s| s.0 == name).map(|s| s.1)
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use super::*;
    use std::fs;

    #[test]
    fn every_scenario_of_the_folder_is_here_and_sound() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/scenarios");
        let mut files: Vec<String> = fs::read_dir(folder)
            .expect("the folder is there")
            .map(|f| f.expect("readable").path())
            .filter_map(|p| Some(p.file_stem()?.to_str()?.to_string()))
            .collect();
        files.sort();
        let names: Vec<&str> = SHIPPED.iter().map(|s| s.0).collect();
        assert_eq!(files, names, "shipped! lists assets/scenarios/, sorted");
        for (name, text) in SHIPPED {
            Scenario::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

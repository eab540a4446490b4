//! `docs/rules.md`: every numbered rule of sections 1 to 6 of the rule book, and the tests that hold the engine to it.
//!
//! A test belongs to the rules that its name begins with: `log_l7_…`, `group_g2_g3_…`. What has none says why.

use Shown::*;
use highwater_core::fold::invariants::INVARIANTS;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How a rule is shown.
enum Shown {
    /// By tests with its id in their names.
    Tests,
    /// By these tests, whose names say something else.
    By(&'static [&'static str]),
    /// By a check after every step of every property run, and live in the app.
    Live(&'static str),
    /// Not in the engine; docs/fidelity.md says so.
    LeftOut(&'static str),
}

struct Section {
    title: &'static str,
    /// What its tests' names begin with.
    prefix: &'static str,
    /// Ids, what they are about, how they are shown.
    rules: &'static [(&'static str, &'static str, Shown)],
}

const SECTIONS: &[Section] = &[
    Section {
        title: "1. Log",
        prefix: "log",
        rules: &[
            ("L1", "append as leader", Tests),
            ("L2", "append as follower", Tests),
            ("L3", "the leader epoch cache learns", Tests),
            ("L4", "rolling segments", Tests),
            ("L5", "the sparse offset index", Tests),
            ("L6", "reads and their bounds", Tests),
            ("L7", "retention by time and size", Tests),
            ("L8", "DeleteRecords", Tests),
            ("L9", "compaction", Tests),
            ("L10", "tombstones and the delete horizon", Tests),
            ("L11", "what compaction keeps for producers and transactions", LeftOut("a cleaned log keeps no empty batches or markers")),
            ("L12", "cleanup.policy", Tests),
            ("L13", "timestamp rules", Tests),
            ("L14", "flush, and what a power cut takes", Tests),
            ("L15", "restart: recovery and the high watermark's checkpoint", Tests),
            ("I-L1", "offsets increase along the log", By(&["invariants_hold_after_every_input"])),
            ("I-L2", "a committed offset never names something else", Live("inv.S1")),
            ("I-L3", "log start ≤ HW", Live("log.I-L3")),
            ("I-L4", "no reader sees beyond its bound", By(&["cons_k1_nothing_above_the_high_watermark_is_returned"])),
        ],
    },
    Section {
        title: "2. Producer",
        prefix: "prod",
        rules: &[
            ("P1", "a partition in the record", Tests),
            ("P2", "partitioner.class", Tests),
            (
                "P3",
                "murmur2 of the key",
                By(&["prod_p3_ignore_keys_makes_keyed_records_sticky", "the_engine_does_what_kafka_did_or_the_page_says_why_not"]),
            ),
            ("P4", "sticky and adaptive partitioning", Tests),
            ("P5", "more partitions, other residues", Tests),
            ("PB1", "send() waits for metadata and memory", Tests),
            ("PB2", "when a batch can be sent", Tests),
            ("PB3", "draining by broker", Tests),
            ("PB4", "when draining is blocked", Tests),
            ("PB5", "delivery.timeout.ms", Tests),
            ("PB6", "retries", Tests),
            ("A0", "acks=0", Tests),
            ("A1", "acks=1", Tests),
            ("A2", "acks=all", Tests),
            ("D1", "a duplicate batch", Tests),
            ("D2", "an older epoch", Tests),
            ("D3", "a newer epoch", Tests),
            ("D4", "the next sequence", Tests),
            ("D5", "an unknown producer", Tests),
            ("D6", "five batches", Tests),
            ("D7", "the state is replicated", Tests),
            ("D8", "the client on OUT_OF_ORDER_SEQUENCE", Tests),
        ],
    },
    Section {
        title: "2.6 Producer anomalies",
        prefix: "",
        rules: &[
            ("P-A1", "duplicate", Tests),
            ("P-A2", "reorder", Tests),
            ("P-A3", "loss with acks=0", Tests),
            ("P-A4", "loss with acks=1", Tests),
            ("P-A5", "loss with acks=all", Tests),
            ("P-A6", "failed and stored", Tests),
            ("P-A7", "duplicate in spite of idempotence", Tests),
            ("P-A8", "a key's order breaks", Tests),
            ("P-A9", "a gap is tolerated", Tests),
        ],
    },
    Section {
        title: "3. Replication",
        prefix: "repl",
        rules: &[
            ("R-F1", "a fetch of another epoch", Tests),
            ("R-F2", "the snapshot before the update", By(&["repl_r_h4_two_fetch_rounds_to_commit_and_a_third_to_tell"])),
            ("R-F3", "diverging logs", Tests),
            ("R-F4", "what the leader learns of a follower", Tests),
            (
                "R-F5",
                "then expansion, then the high watermark",
                By(&["repl_r_i1_a_follower_joins_at_the_high_watermark_and_the_epoch_start"]),
            ),
            ("R-F6", "parked fetches", Tests),
            ("R-L1", "answers out of date", Tests),
            ("R-L2", "a follower's high watermark", By(&["repl_r_h3_a_follower_that_returns_learns_the_high_watermark_without_traffic"])),
            ("R-L3", "where a diverging log is cut", Tests),
            ("R-L4", "a refused follower backs off", Tests),
            (
                "R-L5",
                "OFFSET_OUT_OF_RANGE at a follower",
                By(&["repl_l5_a_follower_whose_records_are_all_gone_starts_where_the_leader_does"]),
            ),
            ("R-L6", "where a new follower starts", By(&["h1_truncation_to_the_own_high_watermark_loses_a_committed_record"])),
            ("R-H1", "when the high watermark moves", Tests),
            ("R-H2", "an unknown member holds it", Tests),
            ("R-H3", "followers learn it late", Tests),
            ("R-H4", "the timeline of a commit", Tests),
            ("R-H5", "the true one is monotone", Live("inv.S2")),
            ("R-I1", "expanding the ISR", Tests),
            ("R-I2", "shrinking it", Tests),
            ("R-I3", "outcomes of AlterPartition", Tests),
            ("R-I4", "what the controller accepts", Tests),
            ("R-I5", "who proposes what", By(&["repl_r_i4_the_controller_takes_only_what_is_current_and_fit"])),
            ("R-M1", "an old partition epoch", Tests),
            ("R-M2", "becoming leader", Tests),
            ("R-M3", "the same leader again", Tests),
            ("R-M4", "becoming follower", Tests),
            ("R-M5", "a new leader never truncates itself", By(&["repl_r_f3_a_returning_leader_cuts_what_the_new_one_never_had"])),
            ("R-A5", "a client after a failover", By(&["cons_a_failover_hides_nothing_and_repeats_nothing_to_a_reader"])),
            ("RF", "reads from followers (3.9)", Tests),
            ("E1", "the ELR", Tests),
            ("E2", "who leads", Tests),
            ("E3", "lastKnownElr", Tests),
            ("E4", "unclean election", Tests),
            ("E5", "nobody leads", By(&["repl_e3_the_last_known_leader_is_elected_when_isr_and_elr_are_empty_and_that_is_unclean"])),
            ("E6", "results of elections", Tests),
            ("E7", "without ELR", Tests),
            ("E8", "what triggers elections", Tests),
            ("E9", "a new incarnation", Tests),
            ("E10", "changing min.insync.replicas", Tests),
            ("E11", "preferred election", Tests),
            ("PV0", "truncate to the own high watermark", By(&["the_next_version_closes_each_hole"])),
            ("PV1", "OffsetForLeaderEpoch", By(&["the_next_version_closes_each_hole"])),
            ("PV2", "the answer says which epoch was found", By(&["the_next_version_closes_each_hole"])),
            ("PV3", "fenced fetches", By(&["the_next_version_closes_each_hole"])),
            ("PV4", "truncation on fetch", By(&["the_next_version_closes_each_hole"])),
            ("PV5", "ISR through the controller", Tests),
            ("PV6", "broker epochs in AlterPartition", By(&["kip_903_a_replica_that_lost_its_log_is_counted_in"])),
            ("PV7", "strict min ISR", By(&["repl_r_h1_below_min_isr_the_high_watermark_stands_still"])),
            ("PV8", "ELR", By(&["h4_last_replica_standing"])),
            ("H1", "a committed record is lost", By(&["h1_truncation_to_the_own_high_watermark_loses_a_committed_record"])),
            ("H2", "logs diverge", By(&["h2_logs_diverge_for_ever_until_fetches_are_fenced"])),
            ("H3", "an unknown epoch", By(&["h3_an_epoch_that_the_leader_never_had_lets_logs_diverge"])),
            ("H4", "last replica standing", By(&["h4_last_replica_standing"])),
            ("S1", "log matching", Live("inv.S1")),
            ("S2", "leader candidates are complete", Live("inv.S2")),
            ("S3", "leaders are complete", By(&["acks_all_survives_one_broker_down_at_a_time"])),
            ("S4", "the maximal ISR is a superset", Live("inv.S4")),
            ("S5", "reads are consistent", By(&["cons_a_failover_hides_nothing_and_repeats_nothing_to_a_reader"])),
            ("S6", "ELR only below min ISR", Live("inv.S6")),
            ("S7", "one leader an epoch", Live("inv.S7")),
            ("S8", "metadata logs are prefixes", By(&["ctrl_i_c2_metadata_is_not_applied_over_a_gap"])),
            ("S9", "weak and strong ISR", By(&["invariants_hold_after_every_input"])),
        ],
    },
    Section {
        title: "4. Controller",
        prefix: "ctrl",
        rules: &[
            ("Z1", "ZooKeeper: sessions, registration", Tests),
            ("Z2", "ZooKeeper: who is the controller", Tests),
            ("Z3", "ZooKeeper: the controller pushes, one request at a time", Tests),
            ("Z4", "ZooKeeper: nothing counts before it is written", Tests),
            ("Z5", "ZooKeeper: a leader's own conditional writes (before PV5)", Tests),
            ("Z6", "ZooKeeper: controlled shutdown", Tests),
            ("C1", "elections of the quorum", Tests),
            ("C2", "commits of the quorum", Tests),
            ("C3", "check-quorum", Tests),
            ("C4", "dynamic voters", LeftOut("a quorum keeps its voters")),
            ("C5", "the active controller", Tests),
            ("C6", "no-op records", LeftOut("nobody judges lag by them; LeaderChange commits what came before")),
            ("BL1", "registration", Tests),
            ("BL2", "unfenced once applied", Tests),
            ("BL3", "the session", Tests),
            ("BL4", "back with the same epoch", Tests),
            ("BL5", "controlled shutdown", Tests),
            ("BL6", "controller failover", Tests),
            ("BL7", "each broker applies metadata at its own time", By(&["ctrl_i_c2_metadata_is_not_applied_over_a_gap"])),
            ("I-C1", "committed metadata is never lost", Live("ctrl.I-C1")),
            ("I-C2", "brokers apply the same sequence", Tests),
            ("I-C3", "two controllers cannot both commit", Live("ctrl.I-C3")),
            ("I-C4", "broker epochs increase", By(&["ctrl_bl1_a_registration_is_refused_while_the_old_session_lives"])),
        ],
    },
    Section {
        title: "5A. Consumer core",
        prefix: "cons",
        rules: &[
            ("K1", "poll()", Tests),
            ("K2", "where to begin", Tests),
            ("K3", "OFFSET_OUT_OF_RANGE", Tests),
            ("K4", "validation of the position's epoch", Tests),
            ("K5", "auto-commit", Tests),
            ("K6", "commitSync and commitAsync", Tests),
            ("K7", "expiry of offsets", Tests),
            ("C-A1", "handled twice", Tests),
            ("C-A2", "never handled", Tests),
            ("C-A3", "close() commits what was never handled", Tests),
            ("C-A4", "lag beyond retention", Tests),
            ("C-A5", "a commit goes backwards", Tests),
            ("C-A6", "a high watermark below the position", Tests),
        ],
    },
    Section {
        title: "5B. Classic groups",
        prefix: "group",
        rules: &[
            ("G1", "a member gets its id", Tests),
            ("G2", "into PreparingRebalance", Tests),
            ("G3", "the join phase ends", Tests),
            ("G4", "SyncGroup", Tests),
            ("G5", "heartbeats", Tests),
            ("G6", "JoinGroup of a known member", By(&["group_static_member_restarts_without_a_rebalance"])),
            ("G7", "removal", Tests),
            ("G8", "max.poll.interval.ms", Tests),
            ("G9", "who may commit", Tests),
            ("I-G1", "one owner of a partition", Live("group.I-G1")),
            ("I-G2", "generations rise", Live("group.I-G2")),
            ("I-G3", "members read what they were given", Live("group.I-G3")),
        ],
    },
    Section {
        title: "5C. Client assignors",
        prefix: "",
        rules: &[
            ("R1", "range: one topic", By(&["r1_r2_r3_range"])),
            ("R2", "range: two topics", By(&["r1_r2_r3_range"])),
            ("R3", "range: different subscriptions", By(&["r1_r2_r3_range"])),
            ("R4", "range: static members", Tests),
            ("R5", "range: an idle member", Tests),
            ("RR1", "round robin: two topics", By(&["rr1_rr2_rr3_round_robin"])),
            ("RR2", "round robin: one topic", By(&["rr1_rr2_rr3_round_robin"])),
            ("RR3", "round robin: different subscriptions", By(&["rr1_rr2_rr3_round_robin"])),
            ("CS1", "cooperative: two rounds", Tests),
            ("CS2", "cooperative: a second member", Tests),
            ("CS3", "cooperative: a dead member", Tests),
            ("CS4", "cooperative: conflicting claims", Tests),
        ],
    },
    Section {
        title: "5D. Groups of the consumer protocol",
        prefix: "group",
        rules: &[
            ("N1", "heartbeats alone", Tests),
            ("N2", "the group epoch", Tests),
            ("N3", "the target assignment", Tests),
            ("N4", "reconciliation", Tests),
            ("N5", "epochs are checked", Tests),
            ("N6", "session and rebalance timeouts", Tests),
            ("N7", "when an answer carries an assignment", Tests),
            ("N8", "commits by epoch", Tests),
            ("N9", "static members", Tests),
            ("N10", "the client's states", Tests),
            ("N11", "states that tools show; mixed groups", By(&["group_n4_n7_n11_the_timeline_of_the_rule_book"])),
        ],
    },
    Section {
        title: "5E. Share groups",
        prefix: "share",
        rules: &[
            ("Q1", "where a group begins", Tests),
            ("Q2", "acquiring records", Tests),
            ("Q3", "acknowledging them", Tests),
            ("Q4", "locks expire", Tests),
            ("Q5", "the start offset advances", Tests),
            ("Q6", "what is persisted", Tests),
            ("Q7", "poison records are isolated", Tests),
            ("Q8", "dead letters", LeftOut("4.4's share.version 2")),
            ("Q9", "isolation", Tests),
        ],
    },
    Section {
        title: "6. Transactions",
        prefix: "txn",
        rules: &[
            ("T1", "InitProducerId", Tests),
            ("T2", "beginTransaction is local", By(&["txn_t4_output_and_offsets_are_committed_together"])),
            ("T3", "AddPartitionsToTxn", By(&["txn_t5_a_commit_goes_through_all_states_and_is_read"])),
            ("T4", "offsets in a transaction", Tests),
            ("T5", "EndTxn and markers", Tests),
            ("T6", "the next one while markers are written", Tests),
            ("T7", "transaction.timeout.ms", Tests),
            ("T8", "expiry of ids", Tests),
            ("W1", "leaders add partitions", By(&["txn_t5_a_commit_goes_through_all_states_and_is_read"])),
            ("W2", "an epoch for each transaction", By(&["x2_a_late_batch_joins_the_next_transaction_unless_each_has_its_epoch"])),
            ("W3", "retries of EndTxn", Tests),
            ("W4", "epochs of markers", Tests),
            (
                "W5",
                "verification for old clients",
                By(&["x1_a_late_batch_hangs_a_transaction_unless_it_is_verified_or_each_has_its_epoch"]),
            ),
            ("W6", "TRANSACTION_ABORTABLE", Tests),
            ("M1", "a transaction opens in a log", Tests),
            ("M2", "its marker closes it", By(&["x6_another_coordinator_writes_the_markers"])),
            ("M3", "the last stable offset", Tests),
            ("M4", "read_committed", Tests),
            ("M5", "pending commits", Tests),
            ("M6", "markers occupy offsets", Tests),
            ("KIP-447", "fenced by the group", Tests),
            ("T-I1", "one open transaction of a producer", Live("txn.T-I1")),
            ("T-I2", "read_committed reads what is committed", Live("txn.T-I2")),
            ("T-I3", "one outcome", Live("txn.T-I3")),
            ("T-I4", "no abort marker after PrepareCommit", Live("txn.T-I3")),
            ("T-I5", "LSO ≤ HW, and it advances", Live("txn.T-I5")),
            ("T-I6", "a fenced epoch appends nothing", Live("txn.T-I6")),
        ],
    },
    Section {
        title: "6.6 Transaction anomalies",
        prefix: "",
        rules: &[
            ("X1", "a hanging transaction", Tests),
            ("X2", "a batch in the next transaction", Tests),
            ("X3", "a zombie is fenced", Tests),
            ("X4", "a zombie is not", Tests),
            ("X5", "the answer to a commit is lost", Tests),
            ("X6", "another coordinator", Tests),
            ("X7", "the log's start passes a transaction", Tests),
        ],
    },
];

/// Names of all tests, from the sources.
fn test_names() -> BTreeSet<String> {
    fn look(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder").map(|e| e.expect("readable").path()) {
            if entry.is_dir() {
                look(&entry, names);
            } else if entry.extension().is_some_and(|x| x == "rs") {
                let text = fs::read_to_string(&entry).expect("readable");
                for (at, _) in text.match_indices("#[test]") {
                    let rest = text[at..].split_once("fn ").map_or("", |x| x.1);
                    names.extend(rest.split('(').next().map(str::to_string));
                }
            }
        }
    }
    let mut names = BTreeSet::new();
    look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut names);
    names
}

fn slug(id: &str) -> String {
    id.to_lowercase().replace('-', "_")
}

/// Is the test named by the rule: by the first of the ids that its name begins with, or a later one?
fn is_of(test: &str, section: &Section, id: &str) -> bool {
    let Some(mut rest) = (if section.prefix.is_empty() { Some(test) } else { test.strip_prefix(&format!("{}_", section.prefix)) }) else {
        return false;
    };
    // Several sections share a prefix, and a name may speak of rules of both.
    let ids = || SECTIONS.iter().filter(|s| s.prefix == section.prefix).flat_map(|s| s.rules).map(|r| slug(r.0));
    while let Some(next) = ids().filter(|i| rest.strip_prefix(i.as_str()).is_some_and(|r| r.starts_with('_'))).max_by_key(String::len) {
        if next == slug(id) {
            return true;
        }
        rest = &rest[next.len() + 1..];
    }
    false
}

fn page() -> String {
    let names = test_names();
    let mut lines = String::new();
    let (mut tested, mut live, mut out) = (0, 0, 0);
    for section in SECTIONS {
        let _ = write!(lines, "\n## {}\n\n| rule | about | shown by |\n|---|---|---|\n", section.title);
        for (id, about, shown) in section.rules {
            let listed = |tests: &[&str]| tests.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join("<br>");
            let by = match shown {
                Tests => {
                    let mine: Vec<&str> = names.iter().map(String::as_str).filter(|t| is_of(t, section, id)).collect();
                    assert!(!mine.is_empty(), "no test is named by {}.{id}", section.prefix);
                    tested += 1;
                    listed(&mine)
                }
                By(tests) => {
                    let missing = tests.iter().find(|t| !names.contains(**t));
                    assert_eq!(missing, None, "{id} is shown by a test that does not exist");
                    tested += 1;
                    listed(tests)
                }
                Live(invariant) => {
                    assert!(INVARIANTS.iter().any(|i| i.id == *invariant), "{id}: no invariant {invariant}");
                    live += 1;
                    format!("live check `{invariant}`")
                }
                LeftOut(why) => {
                    out += 1;
                    format!("left out: {why}")
                }
            };
            let dot = if section.prefix.is_empty() { String::new() } else { format!("{}.", section.prefix) };
            let _ = writeln!(lines, "| {dot}{id} | {about} | {by} |");
        }
    }
    format!(
        "# The rules, and what holds the engine to them\n\n\
        Generated from the tests (`HIGHWATER_WRITE_PAGE=1 cargo test -p highwater-core --test rules table`); a test fails when it is old. \
        Ids are those of the rule book that the engine was written from; what is simplified in a rule stands in [fidelity.md](fidelity.md).\n\n\
        {} rules: {tested} have tests, {live} are checked after every step of every property run, {out} are \
        left out.\n{lines}",
        tested + live + out
    )
}

#[test]
fn the_table_of_rules_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let page = page();
    if std::env::var_os("HIGHWATER_WRITE_PAGE").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let old = fs::read_to_string(&path).unwrap_or_default();
    assert!(old == page, "docs/rules.md is old: HIGHWATER_WRITE_PAGE=1 cargo test -p highwater-core --test rules table writes it");
}

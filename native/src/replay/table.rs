//! Simulation and reality side by side, as text.

use comfy_table::{Table, presets};

use super::Seen;
use super::faults::Faults;
use super::plan::Plan;

/// The whole report.
pub(crate) fn side_by_side(plan: &Plan, simulated: &Seen, real: &Seen, faults: &Faults) -> String {
    let mut text = String::new();
    let mut records = table(["sent", "key", "simulation", "done", "cluster", "done", ""]);
    for (i, r) in plan.records.iter().enumerate() {
        let (s, k) = (&simulated.records[i], &real.records[i]);
        let (mine, theirs) = (s.words(&r.topic), k.words(&r.topic));
        let same = if mine == theirs { "" } else { "differs" };
        let key = r.key.clone().unwrap_or_else(|| "-".into());
        records.add_row([seconds(r.at_us), key, mine, done(s.at_us), theirs, done(k.at_us), same.into()]);
    }
    text += &format!("What producers were told\n{records}\n");
    if !simulated.handled.is_empty() {
        let mut members = table(["member", "handled in the simulation", "on the cluster", ""]);
        for (s, k) in simulated.handled.iter().zip(&real.handled) {
            let same = if s.1 == k.1 { "" } else { "differs" };
            members.add_row([s.0.clone(), s.1.join(" "), k.1.join(" "), same.into()]);
        }
        text += &format!("\nWhat members handled, in order\n{members}\n");
    }
    for note in &faults.notes {
        text += &format!("{note}\n");
    }
    text += "Clients of the cluster are librdkafka's; the simulation's are the Java client's.\n";
    text
}

fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut t = Table::new();
    t.load_preset(presets::NOTHING).set_header(head);
    t
}

fn seconds(us: u64) -> String {
    format!("{:.2} s", us as f64 / 1e6)
}

fn done(us: u64) -> String {
    if us == 0 { "-".into() } else { seconds(us) }
}

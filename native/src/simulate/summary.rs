//! A run in words and a table.

use std::fmt::Write as _;

use highwater_core::event::Event;
use highwater_core::fold::invariants::not_promised;
use highwater_core::fold::narration::{Lang, sentence, troubles};
use highwater_core::ids::BrokerId;
use highwater_core::scenario::Scenario;

use super::state;
use super::watch::Run;

/// Most sentences.
const SENTENCES: usize = 10;

/// The summary.
pub(super) fn text(scenario: &Scenario, run: &Run, lang: Lang) -> String {
    let sim = &run.sim;
    let words = Words::of(lang);
    let mut s = String::new();
    if !scenario.title.is_empty() {
        let _ = writeln!(s, "{}", scenario.title_in(lang));
    }
    let _ = writeln!(
        s,
        "{}   seed {}   {} {}   trace {:016x}\n\n{}",
        seconds(sim.now_us()),
        sim.seed(),
        sim.events().len(),
        words.events,
        sim.trace_hash(),
        words.last
    );
    let mut told: Vec<&Event> = sim.events().iter().rev().filter(|e| sim.is_notable(e)).take(SENTENCES).collect();
    told.reverse();
    for e in told {
        let _ = writeln!(s, "  {:>12}  {}", seconds(e.at_us), sentence(e, sim, lang));
    }
    let _ = writeln!(s, "\n{}", words.ledger);
    let f = sim.ledger().figures(sim.world());
    let mut figures = vec![
        ("sent", f.sent),
        ("acked", f.acked),
        ("in log", f.in_log),
        ("visible", f.visible),
        ("delivered", f.delivered),
        ("effects", f.effects),
        ("lost", f.lost),
        ("duplicated", f.duplicated),
        ("out of order", f.out_of_order),
    ];
    figures.extend(sim.setup().has_share_groups().then_some(("given up", f.given_up)));
    let figures: Vec<String> = figures.into_iter().map(|(name, n)| format!("{name} {n}")).collect();
    let _ = writeln!(s, "  {}\n\n{}", figures.join("   "), words.partitions);
    partitions(&mut s, run);
    let waived: Vec<&str> = not_promised(sim.ledger()).map(|i| i.id).collect();
    let _ = writeln!(s, "\n{}", words.invariants(run.broken.len(), &waived));
    if f.lost > 0 {
        let _ = writeln!(s, "{}", words.lost(f.lost));
    }
    for b in &run.broken {
        let _ = writeln!(s, "  {:>12}  {}: {}", seconds(b.at_us), b.id, b.what);
    }
    for (_, question, lines) in troubles(sim, lang) {
        let _ = writeln!(s, "\n{question}");
        lines.iter().for_each(|l| s.push_str(&format!("  {l}\n")));
    }
    s
}

fn partitions(s: &mut String, run: &Run) {
    let mut rows = vec![["", "leader", "epoch", "ISR", "ELR", "HW", "LEO"].map(String::from)];
    for p in state::partitions(&run.sim) {
        rows.push([
            format!("{}-{}", p.topic, p.partition),
            p.leader.map_or("-".into(), |b| b.to_string()),
            p.leader_epoch.to_string(),
            ids(&p.isr),
            ids(&p.elr),
            p.hw.to_string(),
            p.replicas
                .iter()
                .map(|r| format!("{}:{}{}", r.broker, r.leo, if r.up { "" } else { " (down)" }))
                .collect::<Vec<_>>()
                .join("  "),
        ]);
    }
    let width = |c: usize| rows.iter().map(|r| r[c].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(x, w)| format!("{x:<w$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(s, "  {}", line.trim_end());
    }
}

fn ids(set: &[BrokerId]) -> String {
    let ids: Vec<String> = set.iter().map(BrokerId::to_string).collect();
    format!("{{{}}}", ids.join(","))
}

/// `12.345678 s`.
pub(super) fn seconds(us: u64) -> String {
    format!("{}.{:06} s", us / 1_000_000, us % 1_000_000)
}

struct Words {
    lang: Lang,
    events: &'static str,
    last: &'static str,
    ledger: &'static str,
    partitions: &'static str,
}

impl Words {
    fn of(lang: Lang) -> Self {
        let [events, last, ledger, partitions] = match lang {
            Lang::En => ["events", "What happened last", "Ledger, in records", "Partitions"],
            Lang::Ko => ["이벤트", "마지막에 일어난 일", "장부(레코드 수)", "파티션"],
        };
        Words { lang, events, last, ledger, partitions }
    }

    /// `waived`: invariants whose guard the run has left.
    fn invariants(&self, broken: usize, waived: &[&str]) -> String {
        let ids = waived.join(", ");
        match (self.lang, broken) {
            (Lang::En, 0) if waived.is_empty() => "Every invariant held.".into(),
            (Lang::En, 0) => {
                format!("Every invariant that is promised held; after an unclean election or a power cut these are not: {ids}.")
            }
            (Lang::En, n) => format!("Invariants broken: {n}"),
            (Lang::Ko, 0) if waived.is_empty() => "모든 불변식이 지켜졌습니다.".into(),
            (Lang::Ko, 0) => format!("보장되는 불변식은 모두 지켜졌습니다. 언클린 선출이나 정전 뒤에는 보장되지 않는 것: {ids}."),
            (Lang::Ko, n) => format!("깨진 불변식: {n}"),
        }
    }

    /// The promise to an application is not the replicas' promise to each other.
    fn lost(&self, n: u64) -> String {
        match (self.lang, n) {
            (Lang::En, 1) => {
                "One acknowledged record was lost all the same: invariants speak of what is committed, an ok of what acks asked for.".into()
            }
            (Lang::En, n) => {
                format!(
                    "{n} acknowledged records were lost all the same: invariants speak of what is committed, an ok of what acks asked for."
                )
            }
            (Lang::Ko, n) => {
                format!(
                    "그래도 저장되었다고 응답한 레코드 {n}건이 유실되었습니다. 불변식은 커밋된 것을, 응답은 acks가 요구한 것만 보장합니다."
                )
            }
        }
    }
}

//! A light for each property that must hold.

use crate::i18n::{Lang, invariant_name};
use highwater_core::fold::invariants::{INVARIANTS, violations};
use highwater_core::kafka::Setup;
use highwater_core::sim::Sim;

/// How a property stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Glow {
    /// It holds.
    Holds,
    /// It is broken.
    Broken,
    /// After the faults so far nobody promises it.
    Suspended,
}

/// A light.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Light {
    /// The property's id in the rule book.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// How it stands.
    pub glow: Glow,
    /// What breaks it, if anything does.
    pub detail: Option<String>,
}

/// Groups and transactions have lights only where there are any.
fn concerns(id: &str, setup: &Setup) -> bool {
    match id.split('.').next() {
        Some("group") => !setup.groups.is_empty(),
        Some("txn") => !setup.transactions.is_empty(),
        _ => true,
    }
}

/// All lights of the scene.
pub fn lights(sim: &Sim, lang: Lang) -> Vec<Light> {
    let broken = violations(sim.world(), sim.ledger());
    INVARIANTS
        .iter()
        .filter(|i| concerns(i.id, sim.setup()))
        .map(|i| {
            let detail = broken.iter().find(|v| v.0 == i.id).map(|v| v.1.clone());
            let glow = if detail.is_some() {
                Glow::Broken
            } else if (i.guard)(sim.ledger()) {
                Glow::Holds
            } else {
                Glow::Suspended
            };
            Light { id: i.id, name: invariant_name(lang, i.id, i.name), glow, detail }
        })
        .collect()
}

//! Configs under their real names, with the default where a value differs from it.

use super::inspect::{Row, Section};
use crate::i18n::Lang;
use highwater_core::scenario::configs::{CONFIGS, Configs, Scope, value};

/// The configs of a scope in force under `layers`.
pub fn section(scope: Scope, layers: &[&Configs], lang: Lang) -> Section {
    let t = lang.text();
    let rows = CONFIGS.iter().filter(|d| d.scope == scope).map(|d| {
        let now = value(d.name, scope, layers);
        Row {
            label: d.name.to_owned(),
            code: true,
            note: (now != d.default).then(|| format!("{} {}", t.default_word, d.default)),
            value: now,
        }
    });
    Section { title: t.configs, rows: rows.collect() }
}

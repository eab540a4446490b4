//! Configs under their real names, with the default where a value differs from it.

use super::inspect::{Row, Section};
use crate::i18n::Lang;
use highwater_core::scenario::Scenario;
use highwater_core::scenario::configs::{CONFIGS, Configs, Scope, text, value};
use highwater_core::scenario::versions::defaults;

/// What topics set for themselves, which goes before the brokers' value: `pay: 2`.
fn set_by_topics(name: &str, scenario: &Scenario) -> Option<String> {
    let all = scenario.topology.topics.iter();
    let set: Vec<String> = all.filter_map(|x| x.configs.get(name).map(|v| format!("{}: {}", x.name, text(v)))).collect();
    (!set.is_empty()).then(|| set.join(", "))
}

/// The configs of a scope in force under `layers`.
pub fn section(scope: Scope, layers: &[&Configs], scenario: &Scenario, lang: Lang) -> Section {
    let t = lang.text();
    let rows = CONFIGS.iter().filter(|d| d.scope == scope).map(|d| {
        let default = value(d.name, scope, &[&defaults(&scenario.kafka, scope)]);
        let now = layers.iter().find_map(|c| c.get(d.name)).map_or_else(|| default.clone(), text);
        let other = (now != default).then(|| format!("{} {default}", t.default_word));
        Row {
            label: d.name.to_owned(),
            code: true,
            note: other.or_else(|| (scope == Scope::Broker).then(|| set_by_topics(d.name, scenario)).flatten()),
            value: now,
        }
    });
    Section { title: t.configs, rows: rows.collect() }
}

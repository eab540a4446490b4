//! Configs under their real names, with the default where a value differs from it.

use super::inspect::{Row, Section};
use crate::i18n::{self, Lang};
use highwater_core::scenario::Scenario;
use highwater_core::scenario::configs::{CONFIGS, Configs, Scope, text, value};
use highwater_core::scenario::versions::defaults;

/// What topics set for themselves, which goes before the brokers' value: `pay: 2`.
fn set_by_topics(name: &str, scenario: &Scenario) -> Option<String> {
    let all = scenario.topology.topics.iter();
    let set: Vec<String> = all.filter_map(|x| x.configs.get(name).map(|v| format!("{}: {}", x.name, text(v)))).collect();
    (!set.is_empty()).then(|| set.join(", "))
}

/// Releases whose defaults stand side by side: the scene's own in place of the newest, if it is a 4.x.
fn releases(kafka: &str) -> [&str; 3] {
    ["2.8", "3.9", if kafka.starts_with("4.") { kafka } else { "4.4" }]
}

/// `2.8: 1 · 3.9: all · 4.4: all`: a config's default in each release.
fn by_release(name: &str, scope: Scope, kafka: &str) -> Option<String> {
    let all = releases(kafka).map(|r| (r, value(name, scope, &[&defaults(r, scope)])));
    let differ = all.iter().any(|x| x.1 != all[0].1);
    differ.then(|| all.map(|(r, v)| format!("{r}: {v}")).join(" · "))
}

/// The configs of a scope in force under `layers`.
pub fn section(scope: Scope, layers: &[&Configs], scenario: &Scenario, lang: Lang) -> Section {
    let t = lang.text();
    let rows = CONFIGS.iter().filter(|d| d.scope == scope).map(|d| {
        let default = value(d.name, scope, &[&defaults(&scenario.kafka, scope)]);
        let now = layers.iter().find_map(|c| c.get(d.name)).map_or_else(|| default.clone(), text);
        let set = now != default;
        let defaults =
            by_release(d.name, scope, &scenario.kafka).or_else(|| set.then_some(default)).map(|x| format!("{} {x}", t.default_word));
        let topics = (scope == Scope::Broker).then(|| set_by_topics(d.name, scenario)).flatten();
        let notes: Vec<String> = defaults.into_iter().chain(topics).collect();
        Row { label: d.name.to_owned(), code: true, set, note: (!notes.is_empty()).then(|| notes.join("; ")), value: now }
    });
    let title = i18n::configs_of(lang, &scenario.kafka);
    Section { title: t.configs, about: Some(title), rows: rows.collect() }
}

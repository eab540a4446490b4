//! Does agreement mean anything? Each case that agrees has to fail when some rule is broken on purpose (`core/src/broken.rs`).
//!
//! `conformance/broken.json` says which rules each case needs; the page shows it. With the feature `broken-rules` this is checked, and
//! `HIGHWATER_WRITE_PAGE=1 cargo test -p highwater-core --features broken-rules --test conformance` writes it anew.

use crate::recorded::read;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What breaks what.
#[derive(Serialize, Deserialize)]
pub struct Broken {
    /// Rules with a switch, and what each says.
    pub rules: BTreeMap<String, String>,
    /// Cases that agree, and the rules without which they don't.
    pub cases: BTreeMap<String, Vec<String>>,
}

/// As it was found last.
pub fn stored() -> Broken {
    read("broken.json")
}

/// Every rule of `core/src/broken.rs` with the words beside it.
pub fn rules() -> BTreeMap<String, String> {
    let source = include_str!("../../src/broken.rs");
    let body = source.split("pub enum Rule {").nth(1).and_then(|s| s.split("\n}").next()).expect("the list of rules");
    let mut found = BTreeMap::new();
    let mut words = "";
    for line in body.lines().map(str::trim) {
        match line.strip_prefix("/// ") {
            Some(text) => words = text,
            None if !line.is_empty() => drop(found.insert(line.trim_end_matches(',').to_string(), words.to_string())),
            None => {}
        }
    }
    found
}

#[cfg(feature = "broken-rules")]
mod with_the_feature {
    use super::{Broken, rules, stored};
    use crate::page::{Case, Verdict, cases};
    use crate::recorded::folder;
    use highwater_core::broken::{ALL, Rule, without};
    use std::collections::{BTreeMap, BTreeSet};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn agrees(case: &Case) -> bool {
        matches!((case.judge)(), Verdict::Agrees | Verdict::AgreesInPart(_))
    }

    /// A rule without which nothing works may also end in a panic.
    fn fails_without(rule: Rule, case: &Case) -> bool {
        !catch_unwind(AssertUnwindSafe(|| without(rule, || agrees(case)))).unwrap_or(false)
    }

    #[test]
    fn each_case_that_agrees_fails_when_some_rule_is_broken() {
        std::panic::set_hook(Box::new(|_| {})); // broken engines panic on purpose
        let cases: Vec<Case> = cases().into_iter().filter(agrees).collect();
        if std::env::var_os("HIGHWATER_WRITE_PAGE").is_some() {
            let needs = |c: &Case| ALL.iter().filter(|r| fails_without(**r, c)).map(|r| format!("{r:?}")).collect();
            let found = Broken { rules: rules(), cases: cases.iter().map(|c| (c.name.clone(), needs(c))).collect() };
            let text = serde_json::to_string_pretty(&found).expect("plain data");
            std::fs::write(folder().join("broken.json"), text + "\n").expect("it can be written");
        }
        let stored = stored();
        let by_name: BTreeMap<String, Rule> = ALL.iter().map(|r| (format!("{r:?}"), *r)).collect();
        let mut idle: BTreeSet<&String> = by_name.keys().collect();
        let mut deaf = Vec::new();
        for case in &cases {
            let needs = stored.cases.get(&case.name).map_or(&[][..], Vec::as_slice);
            idle.retain(|r| !needs.contains(r));
            // The one that breaks the fewest cases says most.
            let rare = needs.iter().min_by_key(|r| stored.cases.values().filter(|v| v.contains(r)).count());
            if !rare.and_then(|r| by_name.get(r)).is_some_and(|r| fails_without(*r, case)) {
                deaf.push(&case.name);
            }
        }
        let _ = std::panic::take_hook();
        assert!(deaf.is_empty(), "cases that no broken rule makes fail, or that conformance/broken.json does not know: {deaf:#?}");
        assert!(idle.is_empty(), "rules that no case needs: {idle:?}");
    }
}

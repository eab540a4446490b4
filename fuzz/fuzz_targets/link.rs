//! Any text as the end of a link: an error or a scenario, never a panic; a scenario makes a link that gives it back.
#![no_main]

use highwater_core::scenario::Scenario;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(s) = Scenario::of_link(text) {
        assert_eq!(Scenario::of_link(&s.to_link()).as_ref(), Ok(&s));
    }
});

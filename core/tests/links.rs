//! Links and files: lossless, and whatever is thrown at their decoders is taken or refused, never a panic.
//! `HIGHWATER_LONG=1` throws 2 000 000.

use highwater_core::scenario::Scenario;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

mod common;
use common::random::any_case;

fn config(cases: u32) -> ProptestConfig {
    let long = std::env::var_os("HIGHWATER_LONG").is_some_and(|v| v == "1");
    let (cases, rng_seed) = if long { (2_000_000, RngSeed::Random) } else { (cases, RngSeed::Fixed(42)) };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

/// One letter put in, taken out or changed.
fn hurt(link: &str, at: usize, with: char, how: u8) -> String {
    let mut letters: Vec<char> = link.chars().collect();
    let at = at % letters.len();
    match how % 3 {
        0 => letters[at] = with,
        1 => letters.insert(at, with),
        _ => {
            letters.remove(at);
        }
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_scenario_goes_through_a_link_and_a_file_and_stays_the_same(c in any_case(true)) {
        let s = c.0;
        prop_assert_eq!(Scenario::of_link(&s.to_link()).unwrap(), s.clone());
        let file = s.to_json();
        let back = Scenario::parse(&file).unwrap();
        prop_assert_eq!(back.to_json(), file);
        prop_assert_eq!(back, s);
    }

    #[test]
    fn a_link_with_a_wrong_letter_is_never_another_scenario(c in any_case(true), at in any::<usize>(), with in "[ -~]", how in any::<u8>()) {
        let s = c.0;
        let hurt = hurt(&s.to_link(), at, with.chars().next().unwrap(), how);
        if let Ok(other) = Scenario::of_link(&hurt) {
            prop_assert_eq!(other, s, "{}", hurt);
        }
    }
}

proptest! {
    #![proptest_config(config(20_000))]

    #[test]
    fn any_text_is_taken_or_refused(text in "\\PC{0,60}", packed in "[A-Za-z0-9_-]{0,80}") {
        let _ = Scenario::of_link(&text);
        let _ = Scenario::of_link(&format!("1.{packed}"));
        let _ = Scenario::parse(&text);
    }
}

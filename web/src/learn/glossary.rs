//! Terms that explain themselves: where one stands in a text, and what it means. The words are data (`terms.en.json`,
//! `terms.ko.json` beside the lessons): forms of a term, with ` | ` between them, and an explanation.

use highwater_core::json;
use highwater_core::scenario::configs::{self, Configs};

/// The terms of a language.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Glossary(Vec<Term>);

/// A term.
#[derive(Clone, PartialEq, Debug)]
pub struct Term {
    /// How it may be written, the longest first.
    pub forms: Vec<String>,
    /// What it means.
    pub means: String,
}

/// Syllables that stand behind a Korean noun: a word of one syllable is one only before these.
const PARTICLES: &str = "은는이가을를로에와과도만의";

fn hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// May a term end before what follows?
fn ends(form: &str, after: &str) -> bool {
    let mut rest = after.chars();
    match (form.chars().next_back(), rest.next()) {
        (_, None) => true,
        (Some(l), Some(c)) if hangul(l) => form.len() > l.len_utf8() || !hangul(c) || PARTICLES.contains(c),
        (_, Some('_')) => false,
        (_, Some('.')) => rest.next().is_none_or(|c| !c.is_ascii_alphanumeric()),
        (_, Some(c)) => !c.is_ascii_alphanumeric(),
    }
}

/// Does the text begin with this form? A sentence may begin with a capital.
fn begins(text: &str, form: &str) -> bool {
    let (t, f) = (text.as_bytes(), form.as_bytes());
    t.len() >= f.len() && t[0].eq_ignore_ascii_case(&f[0]) && t[1..f.len()] == f[1..] && ends(form, &text[form.len()..])
}

impl Glossary {
    /// Reads the terms of a file; none from what is no such file.
    pub fn read(text: &str) -> Glossary {
        // Any map of texts will do; this one is decoded for scenarios anyway.
        let all: Configs = json::decode(text).unwrap_or_default();
        Glossary(
            all.iter()
                .map(|(forms, means)| Term { forms: forms.split(" | ").map(String::from).collect(), means: configs::text(means) })
                .collect(),
        )
    }

    /// The terms.
    pub fn terms(&self) -> &[Term] {
        &self.0
    }

    /// The term that a text is as a whole: its place among the terms.
    pub fn term(&self, text: &str) -> Option<usize> {
        self.at(text).filter(|found| found.1 == text.len()).map(|found| found.0)
    }

    /// What a text means that is a term as a whole.
    pub fn means(&self, text: &str) -> Option<&str> {
        Some(&self.0[self.term(text)?].means)
    }

    /// The longest term at the beginning of a text: its place among the terms, and its length.
    fn at(&self, text: &str) -> Option<(usize, usize)> {
        let forms = self.0.iter().enumerate().flat_map(|(i, t)| t.forms.iter().map(move |f| (i, f)));
        forms.filter(|(_, f)| begins(text, f)).map(|(i, f)| (i, f.len())).max_by_key(|x| x.1)
    }

    /// Cuts a text into what is plain and the terms in it, by their places; each term once, as `seen` has it.
    pub fn pieces<'a>(&self, text: &'a str, seen: &mut Vec<usize>) -> Vec<(&'a str, Option<usize>)> {
        let (mut out, mut from, mut before) = (Vec::new(), 0, ' ');
        let mut skip = 0;
        for (i, c) in text.char_indices() {
            let inside = before.is_alphanumeric() || matches!(before, '_' | '.' | '-' | '/');
            let starts = i >= skip && !inside && (c.is_alphanumeric() || c == '_');
            before = c;
            let Some((term, len)) = (if starts { self.at(&text[i..]) } else { None }) else { continue };
            skip = i + len;
            if !seen.contains(&term) {
                seen.push(term);
                out.push((&text[from..i], None));
                out.push((&text[i..skip], Some(term)));
                from = skip;
            }
        }
        out.push((&text[from..], None));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Text;
    use highwater_core::lesson::{Lesson, SHIPPED};
    use highwater_core::scenario::configs::CONFIGS;

    const EN: &str = include_str!("../../../assets/lessons/terms.en.json");
    const KO: &str = include_str!("../../../assets/lessons/terms.ko.json");

    /// Every text of every lesson in a language, with its place; what stands between brackets is made from the state.
    fn texts(korean: bool) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for source in SHIPPED {
            let l = Lesson::read(*source).unwrap();
            for (at, text) in if korean { l.ko.texts() } else { l.en.texts() } {
                let (mut plain, mut depth) = (String::new(), 0);
                for c in text.chars() {
                    depth += i32::from(c == '{');
                    plain.extend((depth == 0).then_some(c));
                    depth -= i32::from(c == '}');
                }
                all.push((format!("{} {at}", l.id), plain));
            }
        }
        all
    }

    fn found(g: &Glossary, text: &str) -> Vec<String> {
        let pieces = g.pieces(text, &mut Vec::new());
        assert_eq!(pieces.iter().map(|p| p.0).collect::<String>(), text);
        pieces.into_iter().filter(|p| p.1.is_some()).map(|p| p.0.to_owned()).collect()
    }

    #[test]
    fn terms_are_whole_words_and_the_longest_counts() {
        let en = Glossary::read(EN);
        assert_eq!(found(&en, "A consumer group has a high watermark."), ["consumer group", "high watermark"]);
        assert_eq!(found(&en, "Brokers keep logs; a broker logs. replica.lag.time.max.ms"), ["Brokers", "logs", "replica.lag.time.max.ms"]);
        assert!(found(&en, "dialogs, keyless, counts-offset").is_empty());
        let ko = Glossary::read(KO);
        assert_eq!(found(&ko, "키를 지키고 키우는 리더가 ISR을 봅니다."), ["키", "리더", "ISR"]);
    }

    /// A name of Kafka's or of the system's, as one sees from how it is written.
    fn technical(word: &str) -> bool {
        let letters = || word.chars().filter(|c| c.is_ascii_alphabetic());
        let dotted = word.contains(['_', '.']) && letters().count() > 0 && letters().all(|c| c.is_ascii_lowercase());
        let capitals = letters().count() > 1 && letters().all(|c| c.is_ascii_uppercase());
        let camel = word.chars().skip(1).any(|c| c.is_ascii_uppercase()) && letters().any(|c| c.is_ascii_lowercase());
        dotted || capitals || camel || word.ends_with("()")
    }

    /// Not terms: names of this curriculum, countries, units, and what every reader of these lessons knows.
    const KNOWN: &[&str] = &[
        "CPU", "SSD", "SATA", "MB", "HTTP", "KR", "DE", "FR", "MiB", "KiB", "GiB", "MB/s", "kB", "kB/s", "NVMe", "SSDs", "UUIDs", "UUID",
        "read()", "write()",
    ];
    const NAMES: &[&str] = &["alice", "dave", "bob", "carol", "erin", "frank", "mine"];

    #[test]
    fn every_technical_word_of_the_lessons_is_explained() {
        let mut missing = Vec::new();
        for (korean, file) in [(false, EN), (true, KO)] {
            let g = Glossary::read(file);
            for (at, text) in texts(korean) {
                // A term counts once in a text; its further mentions go with the next round.
                let mut rest = text;
                while !found(&g, &rest).is_empty() {
                    rest = g.pieces(&rest, &mut Vec::new()).iter().map(|p| if p.1.is_some() { " " } else { p.0 }).collect();
                }
                let words = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "_.()/".contains(c)));
                let own = |w: &str| NAMES.iter().any(|n| w.starts_with(n)) || KNOWN.contains(&w);
                let words = words
                    .map(|w| w.trim_matches(['.', '/']))
                    .map(|w| if w.ends_with("()") { w } else { w.trim_matches(['.', '/', '(', ')']) });
                missing.extend(words.filter(|w| technical(w) && !own(w)).map(|w| format!("{at}: {w}")));
            }
        }
        assert!(missing.is_empty(), "not in assets/lessons/terms.*.json:\n{}", missing.join("\n"));
    }

    /// The terms of the curriculum's glossary, as far as lessons use them.
    const CURRICULUM: &[&str] = &[
        "broker",
        "topic",
        "partition",
        "offset",
        "record",
        "producer",
        "consumer",
        "consumer group",
        "rebalance",
        "commit",
        "lag",
        "leader",
        "follower",
        "replica",
        "replication factor",
        "in-sync replica",
        "high watermark",
        "last stable offset",
        "retention",
        "page cache",
        "zero copy",
        "batch",
        "transaction",
        "at least once",
        "exactly once",
        "fence",
        "store",
        "changelog",
        "controller",
        "coordinator",
        "generation",
        "heartbeat",
        "member",
        "marker",
        "acknowledged",
        "key",
    ];

    #[test]
    fn no_term_is_dead_and_the_curriculum_s_are_there() {
        let en = Glossary::read(EN);
        for wanted in CURRICULUM {
            assert_eq!(found(&en, wanted), [*wanted], "assets/lessons/terms.en.json explains {wanted}");
        }
        for (korean, file) in [(false, EN), (true, KO)] {
            let g = Glossary::read(file);
            assert!(g.terms().len() > 60);
            let lessons = texts(korean);
            let own = if korean { Text::KO } else { Text::EN }.all();
            let configs = CONFIGS.iter().map(|c| c.name);
            let all: Vec<&str> = lessons.iter().map(|l| l.1.as_str()).chain(own).chain(configs).chain(["Candidate"]).collect();
            for (i, t) in g.terms().iter().enumerate() {
                let used = all.iter().any(|text| g.pieces(text, &mut Vec::new()).iter().any(|p| p.1 == Some(i)));
                assert!(used, "neither a lesson nor the app uses {:?}", t.forms);
            }
        }
    }

    #[test]
    fn what_the_stage_and_the_inspector_name_is_explained() {
        for (file, t) in [(EN, Text::EN), (KO, Text::KO)] {
            let g = Glossary::read(file);
            let cards = [t.voter, t.quorum, t.metadata_offset, t.fenced, t.in_flight, t.next_sequence, t.delivery, t.position, t.buffer];
            let groups = [t.share_group, t.group, t.coordinator_word, t.share_start, t.share_end, t.share_holds, t.lag];
            let signs = [t.leader_epoch, t.committed_offset, t.marker, t.transaction, t.aborted, "HW", "LSO", "LEO", "ISR", "ELR", "acks"];
            let states = [t.share_available, t.share_word_acquired, t.share_word_done, t.share_word_archived, t.poison_record];
            let rows = [t.partition_epoch, t.broker_epoch, t.seed, t.trace, t.key, t.batch, t.sequence];
            let configs = CONFIGS.iter().map(|c| c.name);
            for word in cards.into_iter().chain(groups).chain(signs).chain(states).chain(rows).chain(configs) {
                assert!(
                    g.means(word).is_some(),
                    "{word} is shown and not explained: say what it means in assets/lessons/terms.en.json and terms.ko.json"
                );
            }
        }
    }
}

//! Every word of the app in English and Korean. A string that lacks a language does not compile.
//!
//! Config names, API names, commands and error codes are Kafka's and stay as they are.

/// Words without blanks to fill in, English and Korean side by side: a type with one field a word, and both languages of it.
macro_rules! texts {
    ($(#[$doc:meta])* $of:ident; $($name:ident: $en:literal, $ko:literal;)*) => {
        $(#[$doc])*
        #[allow(missing_docs)] // the names say it
        #[derive(Debug)]
        pub struct $of { $(pub $name: &'static str,)* }
        impl $of {
            /// English.
            pub const EN: &'static $of = &$of { $($name: $en,)* };
            /// Korean.
            pub const KO: &'static $of = &$of { $($name: $ko,)* };
            /// Every word, to check them all.
            pub fn all(&self) -> Vec<&'static str> { vec![$(self.$name,)*] }
        }
    };
}

mod measure;
mod phrases;
mod text;
mod trial;

pub use measure::*;
pub use phrases::*;
use serde::{Deserialize, Serialize};
pub use text::Text;
pub use trial::*;

/// A language of the app.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Lang {
    /// The words of this language.
    pub fn text(self) -> &'static Text {
        match self {
            Lang::En => Text::EN,
            Lang::Ko => Text::KO,
        }
    }
    /// The same language where the core narrates.
    pub fn core(self) -> highwater_core::fold::narration::Lang {
        match self {
            Lang::En => highwater_core::fold::narration::Lang::En,
            Lang::Ko => highwater_core::fold::narration::Lang::Ko,
        }
    }
    /// BCP 47 tag, for `lang` attributes.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Ko => "ko",
        }
    }
    /// The language of a tag such as `ko-KR`; English for others.
    pub fn of_tag(tag: &str) -> Lang {
        if tag.to_ascii_lowercase().starts_with("ko") { Lang::Ko } else { Lang::En }
    }
    /// The other one.
    #[must_use]
    pub fn other(self) -> Lang {
        match self {
            Lang::En => Lang::Ko,
            Lang::Ko => Lang::En,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_find_their_language() {
        assert_eq!(Lang::of_tag("ko-KR"), Lang::Ko);
        assert_eq!(Lang::of_tag("en-GB"), Lang::En);
        assert_eq!(Lang::of_tag("fr"), Lang::En);
        assert_eq!(Lang::Ko.other(), Lang::En);
    }

    #[test]
    fn no_string_is_empty() {
        for lang in [Lang::En, Lang::Ko] {
            assert!(lang.text().all().iter().all(|s| !s.trim().is_empty()));
        }
    }
}

//! A scenario as the end of a link: `1.`, then its JSON, deflated, in base64 of the URL alphabet.
//!
//! Lossless, and strict like the file: what is damaged is refused, never shortened. The checksum is zlib's.

use super::{Scenario, ScenarioError, error};
use base64::DecodeError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};

/// Version of the links that this code reads and writes.
const VERSION: &str = "1";
/// Longest link that is read, in characters; browsers take less.
const LONGEST: usize = 200_000;
/// Largest scenario that a link may unpack to, in bytes.
const LARGEST: usize = 4 << 20;

impl Scenario {
    /// As the end of a link.
    pub fn to_link(&self) -> String {
        format!("{VERSION}.{}", URL_SAFE_NO_PAD.encode(compress_to_vec_zlib(self.to_json().as_bytes(), 9)))
    }

    /// Reads the end of a link.
    ///
    /// # Errors
    /// Which part of the link is bad, or which field of the scenario in it.
    pub fn of_link(text: &str) -> Result<Self, ScenarioError> {
        let json = unpack(text)?;
        Scenario::parse(&json).map_err(|e| ScenarioError { at: format!("link: {}", e.at), what: e.what })
    }
}

fn unpack(text: &str) -> Result<String, ScenarioError> {
    if text.len() > LONGEST {
        return error("link", format!("has {} characters; {LONGEST} are read at most", text.len()));
    }
    let Some((version, packed)) = text.split_once('.') else {
        return error("link", format!("has no version; it begins with \"{VERSION}.\""));
    };
    if version != VERSION {
        return error("link", format!("is of version {version:?}; this one reads version {VERSION}"));
    }
    let bytes = URL_SAFE_NO_PAD.decode(packed).or_else(|e| error("link", bad_character(&e, version.len() + 1)))?;
    let json = decompress_to_vec_zlib_with_limit(&bytes, LARGEST).or_else(|e| {
        let what = match e.status {
            TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => "is cut off: its end is missing".to_owned(),
            TINFLStatus::Adler32Mismatch => "was changed: its checksum is wrong".to_owned(),
            TINFLStatus::HasMoreOutput => format!("unpacks to more than {LARGEST} bytes"),
            _ => "is damaged: it can't be unpacked".to_owned(),
        };
        error("link", what)
    })?;
    String::from_utf8(json).or_else(|_| error("link", "is damaged: what it unpacks to is no text"))
}

/// What is wrong with the letters. Places are counted from 1, as people do.
fn bad_character(e: &DecodeError, before: usize) -> String {
    match e {
        DecodeError::InvalidByte(at, byte) => {
            let c = char::from(*byte);
            format!("has {c:?} as its character {}; there are only A to Z, a to z, 0 to 9, - and _", before + at + 1)
        }
        _ => "is cut off: its end is missing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::SHIPPED;
    use super::*;

    fn first() -> Scenario {
        Scenario::parse(super::super::DEFAULT).unwrap()
    }

    fn refused(text: &str) -> String {
        Scenario::of_link(text).unwrap_err().to_string()
    }

    #[test]
    fn every_shipped_scenario_fits_into_a_link_and_comes_back() {
        for (name, text) in SHIPPED {
            let s = Scenario::parse(text).unwrap();
            let link = s.to_link();
            assert!(link.len() < 1200, "{name}: {} characters", link.len());
            assert_eq!(Scenario::of_link(&link), Ok(s), "{name}");
        }
    }

    #[test]
    fn a_bad_link_is_refused_by_its_bad_part() {
        let link = first().to_link();
        assert_eq!(refused(""), "link: has no version; it begins with \"1.\"");
        assert_eq!(refused("2.abc"), "link: is of version \"2\"; this one reads version 1");
        assert_eq!(
            refused(&format!("{}*{}", &link[..9], &link[10..])),
            "link: has '*' as its character 10; there are only A to Z, a to z, 0 to 9, - and _"
        );
        assert_eq!(refused(&link[..link.len() / 2 / 4 * 4 + 2]), "link: is cut off: its end is missing");
        assert!(refused("1.").starts_with("link: is "), "{}", refused("1."));
    }

    #[test]
    fn a_bad_scenario_in_a_link_is_refused_by_its_field() {
        let json = serde_json::to_string(&first()).unwrap().replace("\"brokers\":3", "\"brokers\":99");
        let link = format!("1.{}", URL_SAFE_NO_PAD.encode(compress_to_vec_zlib(json.as_bytes(), 6)));
        assert_eq!(refused(&link), "link: topology.brokers: is 99; there can be 1 to 32");
    }

    #[test]
    fn a_small_link_does_not_fill_the_memory() {
        let link = format!("1.{}", URL_SAFE_NO_PAD.encode(compress_to_vec_zlib(&vec![b' '; 2 * LARGEST], 9)));
        assert!(link.len() < LONGEST && refused(&link).contains("unpacks to more than"), "{}", refused(&link));
    }
}

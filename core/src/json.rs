//! From JSON text to types and back, and where in the text a mistake is: `serde_json` gives line and column, people look for
//! the field as well. Everything goes through [`decode`] and [`encode`]: each further kind of serializer would compile
//! every type once more.

use crate::lean::Lean;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is wrong with a text, and where.
#[derive(Debug)]
pub struct Misplaced {
    /// The field, as `topology.topics[0].name`; empty for the whole.
    pub at: String,
    /// What, with line and column.
    pub what: String,
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.at, self.what) }
    }
}

/// Decodes a whole text. (`serde_path_to_error` would find the field too, at twice the code for every type.)
///
/// # Errors
/// What is wrong, where, and what would be right.
pub fn decode<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Misplaced> {
    let mut json = serde_json::Deserializer::from_str(text);
    let decoded = T::deserialize(Lean(&mut json)).and_then(|value| json.end().map(|()| value));
    decoded.map_err(|e| Misplaced { at: path(text, e.line(), e.column()), what: e.to_string() })
}

/// As JSON, for people to read.
pub fn encode<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("our types are JSON's own, and keys are texts")
}

/// The field in hand when so much of the text was read.
fn path(text: &str, line: usize, column: usize) -> String {
    let Some(before) = line.checked_sub(1) else { return String::new() };
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let read = text.get(..(start + column).min(text.len())).unwrap_or(text);
    // When an item is refused, the sign after it has been read as well.
    let read = read.trim_end().strip_suffix([',', ']']).unwrap_or(read);
    let mut around: Vec<Step> = Vec::new();
    let mut rest = read;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '{' => around.push(Step::Field("")),
            '[' => around.push(Step::Item(0)),
            '}' | ']' => drop(around.pop()),
            ',' => match around.last_mut() {
                Some(Step::Item(i)) => *i += 1,
                Some(step) => *step = Step::Field(""),
                None => {}
            },
            '"' => {
                let (string, after) = rest.split_at(end_of_string(rest));
                rest = after.strip_prefix('"').unwrap_or(after);
                if let Some(Step::Field(name @ "")) = around.last_mut() {
                    *name = string;
                }
            }
            _ => {}
        }
    }
    around.iter().fold(String::new(), |path, step| match step {
        Step::Field("") => path,
        Step::Field(name) if path.is_empty() => (*name).to_owned(),
        Step::Field(name) => format!("{path}.{name}"),
        Step::Item(i) => format!("{path}[{i}]"),
    })
}

/// One level of the way to a value.
enum Step<'a> {
    Field(&'a str),
    Item(usize),
}

/// Where the string ends whose first quotation mark was read.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        list: Vec<Inner>,
        #[serde(default)]
        odd: Vec<Odd>,
    }

    #[derive(Debug)]
    struct Odd;

    impl<'de> Deserialize<'de> for Odd {
        fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            let n = u8::deserialize(d)?;
            if n % 2 == 1 { Ok(Odd) } else { Err(serde::de::Error::custom("is even")) }
        }
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        n: u8,
        #[serde(default)]
        name: Option<String>,
    }

    #[test]
    fn the_field_is_named() {
        for (text, at) in [
            (r#"{"list":[{"n":1},{"n":300}]}"#, "list[1].n"),
            ("{\"list\":[\n  {\"n\":1},\n  {\"n\":\"x\"}]}", "list[1].n"),
            (r#"{"list":[{"n":1},{"m":2}]}"#, "list[1].m"),
            (r#"{"list":[{"n":1},{"name":"a, \"b\" {c"}]}"#, "list[1]"),
            (r#"{"list":[{"name":"é {[\\","n":-1}]}"#, "list[0].n"),
            (r#"{"list":{}}"#, "list"),
            (r#"{"list":[],"odd":[1, 2]}"#, "odd[1]"),
            (r#"{"odd":[2, 1]}"#, "odd[0]"),
            ("{}", ""),
            ("", ""),
            (r#"{"list":[]} x"#, ""),
        ] {
            assert_eq!(decode::<Outer>(text).expect_err(text).at, at, "{text}");
        }
    }
}

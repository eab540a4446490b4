//! Sentences made from the state: `{ack_latency(D)}` in a lesson's words becomes `4 ms`.

use super::eval::{At, Context, Value};
use super::grammar::{Expr, parse_value};
use crate::fold::narration::Lang;
use std::fmt::Write as _;

/// Pieces of a text: as it is, or to be worked out.
pub(super) enum Piece {
    Plain(String),
    Worth(Expr),
}

/// Takes a text apart.
///
/// # Errors
/// What is wrong between the brackets.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(i) = rest.find('{') {
        out.push(Piece::Plain(rest[..i].to_string()));
        let inner = &rest[i + 1..];
        // A set has brackets of its own.
        let (mut depth, mut end) = (1, None);
        for (j, c) in inner.char_indices() {
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            if depth == 0 {
                end = Some(j);
                break;
            }
        }
        let end = end.ok_or("a { has no }")?;
        let (expr, _) = parse_value(&inner[..end]).map_err(|e| format!("{e} in {:?}", &inner[..end]))?;
        out.push(Piece::Worth(expr));
        rest = &inner[end + 1..];
    }
    out.push(Piece::Plain(rest.to_string()));
    Ok(out)
}

/// The text with its blanks filled in.
pub fn fill(text: &str, cx: &Context, lang: Lang) -> String {
    let Ok(pieces) = pieces(text) else { return text.to_string() };
    pieces
        .into_iter()
        .map(|p| match p {
            Piece::Plain(s) => s,
            Piece::Worth(e) => value(&cx.value(&e), cx.now, lang),
        })
        .collect()
}

/// A value for people.
pub fn value(v: &Value, now: At, lang: Lang) -> String {
    let nothing = match lang {
        Lang::En => "none",
        Lang::Ko => "없음",
    };
    match v {
        Value::Bool(b) => match (lang, b) {
            (Lang::En, true) => "yes",
            (Lang::En, false) => "no",
            (Lang::Ko, true) => "예",
            (Lang::Ko, false) => "아니요",
        }
        .into(),
        Value::Int(n) => n.to_string(),
        Value::Real(n) => real(*n),
        Value::Time(us) => time(*us, lang),
        Value::Set(s) if s.is_empty() => nothing.into(),
        Value::Set(s) => {
            let ids: Vec<String> = s.iter().map(i64::to_string).collect();
            format!("{{{}}}", ids.join(","))
        }
        Value::Record(r) => now.name(*r),
        Value::Records(r) if r.is_empty() => nothing.into(),
        Value::Records(r) => r.iter().map(|r| now.name(*r)).collect::<Vec<_>>().join(", "),
        Value::Word(w) => w.clone(),
        Value::None => nothing.into(),
    }
}

/// Three digits that count: `6000`, `13.2`, `6.28`, `0.102`.
fn real(thousandths: i64) -> String {
    let (x, n) = (thousandths as f64 / 1000.0, thousandths.abs());
    match n {
        99_950.. => format!("{x:.0}"),
        9_995.. => format!("{x:.1}"),
        1_000.. => format!("{x:.2}"),
        _ => format!("{x:.3}"),
    }
}

/// `4 ms`, `0.4 ms`, `8.413 s`.
fn time(us: i64, lang: Lang) -> String {
    let (sign, us) = (if us < 0 { "-" } else { "" }, us.unsigned_abs());
    let mut s = String::from(sign);
    let (whole, part, digits, unit) = if us < 1_000_000 {
        (us / 1000, us % 1000, 3, "ms")
    } else {
        (us / 1_000_000, us % 1_000_000 / 1000, 3, if lang == Lang::Ko { "초" } else { "s" })
    };
    let _ = write!(s, "{whole}");
    if part > 0 {
        let fraction = format!("{part:0digits$}");
        let _ = write!(s, ".{}", fraction.trim_end_matches('0'));
    }
    let space = if unit == "초" { "" } else { " " };
    format!("{s}{space}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(time(4000, Lang::En), "4 ms");
        assert_eq!(time(0, Lang::En), "0 ms");
        assert_eq!(time(8_413_000, Lang::Ko), "8.413초");
        assert_eq!(time(12_000_000, Lang::En), "12 s");
        assert_eq!(time(2_345, Lang::En), "2.345 ms");
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!([6_000_000, 13_207, 6_276, 102, 138_000, 59_600].map(real), ["6000", "13.2", "6.28", "0.102", "138", "59.6"]);
    }

    #[test]
    fn blanks_are_checked() {
        assert!(pieces("so {size(lost)} of {{1,2}}").is_ok());
        assert!(pieces("so {size(lost").is_err());
        assert!(pieces("so {sise(lost)}").is_err());
    }
}

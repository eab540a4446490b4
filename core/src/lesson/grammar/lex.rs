//! Text to tokens.

use super::GrammarError;

/// A token.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    Int(i64),
    /// In thousandths.
    Real(i64),
    /// In microseconds.
    Time(i64),
    Name(String),
    Quoted(String),
    /// Brackets, operators, separators.
    Sign(&'static str),
}

/// A token and where it begins and ends.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Spanned {
    pub token: Token,
    pub from: usize,
    pub to: usize,
}

/// Longer ones first.
const SIGNS: &[&str] = &["==", "!=", "<=", ">=", "&&", "||", "..", "(", ")", "{", "}", ",", ":", "<", ">", "!", "+", "-", "*", "@"];

pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, GrammarError> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, len) = one(&text[at..]).map_err(|what| GrammarError { column: at + 1, what })?;
        out.push(Spanned { token, from: at, to: at + len });
        at += len;
    }
    Ok(out)
}

fn one(s: &str) -> Result<(Token, usize), String> {
    let first = s.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() {
        return number(s);
    }
    if first == '\'' {
        let end = s[1..].find('\'').ok_or("a quoted word needs a closing '")?;
        return Ok((Token::Quoted(s[1..=end].to_string()), end + 2));
    }
    if first.is_alphabetic() || first == '_' {
        let len = name(s);
        return Ok((Token::Name(s[..len].to_string()), len));
    }
    match SIGNS.iter().find(|sign| s.starts_with(**sign)) {
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
        None => Err(format!("{first:?} means nothing here")),
    }
}

/// Length of a name: letters, digits, `_`, `.` and `-` inside.
fn name(s: &str) -> usize {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut end = 0;
    let mut chars = s.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let joins = matches!(c, '-' | '.') && chars.peek().is_some_and(|(_, n)| word(*n));
        if !word(c) && !joins {
            break;
        }
        end = i + c.len_utf8();
    }
    end
}

fn number(s: &str) -> Result<(Token, usize), String> {
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(s);
    let part = if s[whole..].starts_with('.') { digits(&s[whole + 1..]) } else { 0 };
    let len = if part > 0 { whole + 1 + part } else { whole };
    let too_big = |_| format!("{} is too large a number", &s[..len]);
    let rest = s[len..].trim_start();
    let unit_at = s.len() - rest.len();
    let unit = &rest[..rest.bytes().take_while(u8::is_ascii_alphabetic).count()];
    let scale: i64 = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "min" => 60_000_000,
        _ if part > 3 => return Err(format!("{} has more than three digits after the point", &s[..len])),
        _ if part > 0 => {
            let digits = format!("{}{:0<3}", &s[..whole], &s[whole + 1..len]);
            return Ok((Token::Real(digits.parse().map_err(too_big)?), len));
        }
        _ => return Ok((Token::Int(s[..whole].parse().map_err(too_big)?), whole)),
    };
    let whole_us = s[..whole].parse::<i64>().map_err(too_big)?.checked_mul(scale).ok_or("the time is too long")?;
    let mut us = whole_us;
    let mut place = scale;
    for d in s[whole..len].bytes().skip(1) {
        place /= 10;
        us += i64::from(d - b'0') * place;
    }
    Ok((Token::Time(us), unit_at + unit.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(s: &str) -> Vec<Token> {
        tokens(s).unwrap().into_iter().map(|t| t.token).collect()
    }

    #[test]
    fn numbers_times_names_and_signs() {
        assert_eq!(of("7 s..9.1 s"), [Token::Time(7_000_000), Token::Sign(".."), Token::Time(9_100_000)]);
        assert_eq!(of("40..42"), [Token::Int(40), Token::Sign(".."), Token::Int(42)]);
        assert_eq!(of("HW(pay-0)")[2], Token::Name("pay-0".into()));
        assert_eq!(of("a - 1"), [Token::Name("a".into()), Token::Sign("-"), Token::Int(1)]);
        assert_eq!(of("alice.created"), [Token::Name("alice.created".into())]);
        assert_eq!(of("'all'"), [Token::Quoted("all".into())]);
        assert_eq!(of("13.2..0.102"), [Token::Real(13_200), Token::Sign(".."), Token::Real(102)]);
        assert_eq!(tokens("1.5555").unwrap_err().column, 1);
        assert_eq!(tokens("a ; b").unwrap_err().column, 3);
    }
}

//! Times on the command line.

/// Microseconds of `30s`, `1500ms`, `2m`, `250us` or `1h`.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return Err("write a time with its unit, such as 30s, 1500ms or 2m".into()),
    };
    let number: u64 = number.parse().map_err(|_| "write a whole number before the unit, such as 30s".to_string())?;
    number.checked_mul(factor).ok_or_else(|| "is too long".to_string())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_have_units() {
        assert_eq!(parse("30s"), Ok(30_000_000));
        assert_eq!(parse("1500ms"), Ok(1_500_000));
        assert_eq!(parse("2m"), Ok(120_000_000));
        for bad in ["", "30", "s", "1.5s", "-3s", "3 s", "99999999999999999h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}

//! Sizes and rates, read from people and written for them.

/// 2^10 bytes.
pub(crate) const KIB: u64 = 1 << 10;
/// 2^20 bytes.
pub(crate) const MIB: u64 = 1 << 20;
/// 2^30 bytes.
pub(crate) const GIB: u64 = 1 << 30;

/// Reads a size such as `256M`, `1g`, `4KiB` or `1048576`; suffixes are powers of 1024, as fio
/// has them. Errors say what would be right.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size; write bytes or a number with K, M, G or T, as in 512M");
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.len() - lower.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = lower[..digits].parse().map_err(|_| wrong())?;
    let factor = match &lower[digits..] {
        "" | "b" => 1,
        "k" | "kb" | "kib" => KIB,
        "m" | "mb" | "mib" => MIB,
        "g" | "gb" | "gib" => GIB,
        "t" | "tb" | "tib" => GIB * 1024,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(wrong)
}

/// `4 KiB`, `1 MiB`, `1.50 GiB`: powers of 1024, three digits where the value is not whole.
pub(crate) fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        b if b >= 1024 * GIB => (1024 * GIB, "TiB"),
        b if b >= GIB => (GIB, "GiB"),
        b if b >= MIB => (MIB, "MiB"),
        b if b >= KIB => (KIB, "KiB"),
        _ => (1, "bytes"),
    };
    if bytes.is_multiple_of(unit) { format!("{} {name}", bytes / unit) } else { format!("{} {name}", figure(bytes as f64 / unit as f64)) }
}

/// Three significant digits, no exponent: `0.0123`, `1.23`, `83.1`, `1080`.
pub(crate) fn figure(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        "-".into()
    } else if magnitude >= 100.0 || magnitude == 0.0 {
        format!("{value:.0}")
    } else if magnitude >= 10.0 {
        format!("{value:.1}")
    } else if magnitude >= 1.0 {
        format!("{value:.2}")
    } else if magnitude >= 0.1 {
        format!("{value:.3}")
    } else {
        format!("{value:.4}")
    }
}

/// A time given in microseconds: `12.3 us`, `4.56 ms`, `1.20 s`.
pub(crate) fn time_us(us: f64) -> String {
    match us {
        us if us >= 1e6 => format!("{} s", figure(us / 1e6)),
        us if us >= 1e3 => format!("{} ms", figure(us / 1e3)),
        us => format!("{} us", figure(us)),
    }
}

/// Thousands apart by a thin space's plain cousin: `53 200 000`.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 && c.is_ascii_digit() {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_fio_reads_them() {
        assert_eq!(parse_size("4k"), Ok(4096));
        assert_eq!(parse_size("1GiB"), Ok(GIB));
        assert_eq!(parse_size("12345"), Ok(12345));
        assert!(parse_size("1.5G").is_err());
        assert!(parse_size("-1").is_err());
        assert!(parse_size("99999999999T").is_err());
    }

    #[test]
    fn figures_keep_three_digits() {
        assert_eq!(figure(0.01234), "0.0123");
        assert_eq!(figure(1.234), "1.23");
        assert_eq!(figure(1080.4), "1080");
        assert_eq!(size(4096), "4 KiB");
        assert_eq!(size(GIB + GIB / 2), "1.50 GiB");
        assert_eq!(grouped(53_200_000.0), "53 200 000");
    }
}

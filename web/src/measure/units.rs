//! Numbers as people read them.

/// Three digits that count: `0.102`, `6.28`, `138`, `6000`.
pub fn figure(x: f64) -> String {
    let decimals = match x.abs() {
        a if a >= 99.95 || a == 0.0 => 0,
        a if a >= 9.995 => 1,
        a if a >= 0.9995 => 2,
        a if a >= 0.09995 => 3,
        _ => 4,
    };
    let text = format!("{x:.decimals$}");
    if decimals == 0 { grouped(&text) } else { text }
}

/// `12 345` with thin spaces from five digits on.
fn grouped(digits: &str) -> String {
    if digits.len() < 5 {
        return digits.to_string();
    }
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(c);
    }
    out
}

/// `13.2×`.
pub fn times(x: f64) -> String {
    format!("{}×", figure(x))
}

/// A duration, from microseconds: `6.83 µs`, `41.0 ms`, `10.4 min`.
pub fn duration(us: f64) -> String {
    match us {
        t if t < 0.9995 => format!("{} ns", figure(t * 1000.0)),
        t if t < 999.5 => format!("{} µs", figure(t)),
        t if t < 999_500.0 => format!("{} ms", figure(t / 1e3)),
        t if t < 120e6 => format!("{} s", figure(t / 1e6)),
        t if t < 7200e6 => format!("{} min", figure(t / 60e6)),
        t => format!("{} h", figure(t / 3600e6)),
    }
}

/// Bytes in powers of 1024: `4 KiB`, `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    let mut unit = 0;
    let mut x = bytes as f64;
    while x >= 1024.0 && unit < 4 {
        x /= 1024.0;
        unit += 1;
    }
    let name = ["B", "KiB", "MiB", "GiB", "TiB"][unit];
    if x.fract() == 0.0 { format!("{x} {name}") } else { format!("{} {name}", figure(x)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_count() {
        let shown: Vec<String> = [0.10233, 6.2793, 61.713, 137.69, 6000.0, 26_213_333.0, 0.0].into_iter().map(figure).collect();
        assert_eq!(shown, ["0.102", "6.28", "61.7", "138", "6000", "26\u{2009}213\u{2009}333", "0"]);
    }

    #[test]
    fn durations_and_sizes_change_their_unit() {
        assert_eq!(duration(6.8267), "6.83 µs");
        assert_eq!(duration(40_953.0), "41.0 ms");
        assert_eq!(duration(622.0 * 1e6), "10.4 min");
        assert_eq!(size(4096), "4 KiB");
        assert_eq!(size(16 << 20), "16 MiB");
        assert_eq!(size(3 << 29), "1.50 GiB");
    }
}

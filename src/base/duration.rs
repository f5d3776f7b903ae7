//! Durations as Prometheus writes them: `250ms`, `30s`, `1h30m`, `15d`.

use std::time::Duration;

/// Units from long to short, in milliseconds; each may be there once, in this order.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds of a duration such as `1h30m`, `15s` or `0`.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (mut rest, mut total, mut left) = (text, 0_i64, &UNITS[..]);
    if rest == "0" {
        return Some(0);
    }
    while !rest.is_empty() {
        let (digits, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, tail) = tail.split_at(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()));
        let at = left.iter().position(|(name, _)| *name == unit)?;
        total = total.checked_add(digits.parse::<i64>().ok()?.checked_mul(left[at].1)?)?;
        (rest, left) = (tail, &left[at + 1..]);
    }
    // Prometheus counts nanoseconds in 64 bits.
    (!text.is_empty() && total <= i64::MAX / 1_000_000).then_some(total)
}

/// The shortest form that reads back as the same duration.
pub fn print_duration(duration: Duration) -> String {
    let mut left = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let mut text = String::new();
    // Weeks and years are read, but days say the same and are never ambiguous.
    for (unit, millis) in &UNITS[2..] {
        if left >= *millis {
            text.push_str(&format!("{}{unit}", left / millis));
            left %= millis;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_falling_units() {
        let cases =
            [("0", 0), ("5m", 300_000), ("1h30m", 5_400_000), ("1y2w3d", 33_004_800_000), ("1s1ms", 1_001), ("0s", 0)];
        for (text, want) in cases {
            assert_eq!(parse_duration(text), Some(want), "{text}");
        }
        for text in ["", "5", "m", "30m1h", "5m5m", "1.5m", "-5m", "5mm", "99999999999999y", "1000y"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}

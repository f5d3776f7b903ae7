//! Numbers as PromQL writes and prints them.

/// The value of a number literal: decimal, hexadecimal (`0x1f`), octal (`017`), with `_` between digits, `Inf`, `NaN`.
/// A sign is not part of a literal but is taken, as expected values of test scripts have one.
pub fn parse_number(text: &str) -> Option<f64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = parse_unsigned(digits)?;
    Some(if negative { -value } else { value })
}

fn parse_unsigned(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "inf" | "infinity" => return Some(f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    if let Some(digits) = lower.strip_prefix("0x") {
        return i64::from_str_radix(&without_underscores(digits, true)?, 16).ok().map(|value| value as f64);
    }
    let digits = without_underscores(&lower, false)?;
    // As in Go, a leading zero means octal, unless a digit says otherwise.
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
        return i64::from_str_radix(&digits, 8).ok().map(|value| value as f64);
    }
    // Rust's own parser takes words that PromQL does not.
    if digits.starts_with(['+', '-'])
        || !digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'))
    {
        return None;
    }
    digits.parse().ok()
}

/// An underscore must stand between digits; after `0x` it may come first.
fn without_underscores(text: &str, prefixed: bool) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'_') {
        let before = if at == 0 { prefixed } else { digit(at - 1) };
        if !before || !digit(at + 1) {
            return None;
        }
    }
    Some(text.replace('_', ""))
}

/// The shortest decimal that reads back as `value`, never with an exponent: `count_values` and the HTTP API.
pub fn format_number(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN".into(),
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        v => format!("{v}"),
    }
}

/// The shortest form, with an exponent where the number is very small or large: how messages print a number (Go's `%g`).
pub(super) fn format_short(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return format_number(value);
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => format_number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        let cases = [
            ("1", 1.0),
            ("-1.5e-3", -0.0015),
            ("0x1F", 31.0),
            ("0x_1f", 31.0),
            ("017", 15.0),
            ("08", 8.0),
            ("00.5", 0.5),
            ("1_000_000", 1e6),
            (".123_456", 0.123_456),
            ("1.", 1.0),
            ("+Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("1e400", f64::INFINITY),
        ];
        for (text, want) in cases {
            assert_eq!(parse_number(text), Some(want), "{text}");
        }
        assert!(parse_number("nan").is_some_and(f64::is_nan));
        for text in ["", "-", "_1", "1_", "1__0", "0x", "0xg", "e5", "1e", "infinit", "--1", "abc"] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_print_as_prometheus_prints_them() {
        assert_eq!(
            [1.0, 0.1, 1e21, f64::INFINITY, -0.0].map(format_number),
            ["1", "0.1", "1000000000000000000000", "+Inf", "-0"]
        );
        assert_eq!([2.0, -0.5, 1e-7, 1e6, 1.5e30].map(format_short), ["2", "-0.5", "1e-07", "1e+06", "1.5e+30"]);
    }
}

//! Numbers for people. Four significant digits, as in Prometheus.

use super::number::general;
use super::time;

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const LARGE_1024: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// `1234567` is `1.235M`.
pub(super) fn humanize(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return general(v, 4);
    }
    let (v, prefix) = if v.abs() >= 1.0 { large(v, 1_000.0, &LARGE) } else { small(v) };
    format!("{}{prefix}", general(v, 4))
}

/// `1048576` is `1Mi`.
pub(super) fn humanize1024(v: f64) -> String {
    if v.abs() <= 1.0 || !v.is_finite() {
        return general(v, 4);
    }
    let (v, prefix) = large(v, 1_024.0, &LARGE_1024);
    format!("{}{prefix}", general(v, 4))
}

/// Seconds: `3600` is `1h 0m 0s`.
pub(super) fn duration(v: f64) -> String {
    if !v.is_finite() {
        return general(v, 4);
    }
    if v == 0.0 {
        return format!("{}s", general(v, 4));
    }
    if v.abs() < 1.0 {
        let (v, prefix) = small(v);
        return format!("{}{prefix}s", general(v, 4));
    }
    let (sign, v) = (if v < 0.0 { "-" } else { "" }, v.abs());
    let whole = v as i64;
    let (seconds, minutes, hours, days) = (whole % 60, whole / 60 % 60, whole / 3_600 % 24, whole / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", general(v, 4)),
        (0, 0, _) => format!("{sign}{minutes}m {seconds}s"),
        (0, ..) => format!("{sign}{hours}h {minutes}m {seconds}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
    }
}

/// `0.1234567` is `12.35%`.
pub(super) fn percentage(v: f64) -> String {
    format!("{}%", general(v * 100.0, 4))
}

/// Unix seconds: `1435065584.128` is `2015-06-23 13:19:44.128 +0000 UTC`.
pub(super) fn timestamp(v: f64) -> Result<String, String> {
    if v.is_finite() { millis(v).map(time::print) } else { Ok(general(v, 4)) }
}

/// Unix milliseconds of Unix seconds.
pub(super) fn millis(v: f64) -> Result<i64, String> {
    if !v.is_finite() {
        return Err("value is NaN or Inf".into());
    }
    let nanos = v * 1e9;
    if nanos.abs() >= i64::MAX as f64 {
        return Err(format!("{v} cannot be represented as a nanoseconds timestamp since it overflows int64"));
    }
    Ok((nanos as i64).div_euclid(1_000_000))
}

fn large(v: f64, step: f64, names: &[&'static str]) -> (f64, &'static str) {
    scale(v, names, |v| v.abs() >= step, |v| v / step)
}

fn small(v: f64) -> (f64, &'static str) {
    scale(v, &SMALL, |v| v.abs() < 1.0, |v| v * 1_000.0)
}

fn scale(v: f64, names: &[&'static str], more: impl Fn(f64) -> bool, step: impl Fn(f64) -> f64) -> (f64, &'static str) {
    let mut scaled = (v, "");
    for name in names {
        if !more(scaled.0) {
            break;
        }
        scaled = (step(scaled.0), *name);
    }
    scaled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_humanized_as_prometheus_does_it() {
        let plain =
            [(0.0, "0"), (1.0, "1"), (1_234_567.0, "1.235M"), (0.12, "120m"), (-1_500.0, "-1.5k"), (1e30, "1e+06Y")];
        plain.iter().for_each(|(v, text)| assert_eq!(humanize(*v), *text));
        let binary = [(0.5, "0.5"), (1.0, "1"), (1_024.0, "1ki"), (1_048_576.0, "1Mi"), (f64::INFINITY, "+Inf")];
        binary.iter().for_each(|(v, text)| assert_eq!(humanize1024(*v), *text));
        assert_eq!((percentage(0.123_456_7), percentage(1.0)), ("12.35%".into(), "100%".into()));
        assert_eq!(timestamp(1_435_065_584.128), Ok("2015-06-23 13:19:44.128 +0000 UTC".into()));
        assert!(timestamp(1e30).is_err());
    }

    #[test]
    fn durations_name_all_units_below_the_largest() {
        let cases = [
            (0.0, "0s"),
            (0.001, "1ms"),
            (0.000_000_5, "500ns"),
            (59.5, "59.5s"),
            (899.99, "14m 59s"),
            (3_600.0, "1h 0m 0s"),
            (-90_061.0, "-1d 1h 1m 1s"),
            (f64::NAN, "NaN"),
        ];
        cases.iter().for_each(|(v, text)| assert_eq!(duration(*v), *text));
    }
}

//! How numbers are written for people.

/// A count: 1,234, and from ten million on 12.3M.
pub(super) fn count(value: f64) -> String {
    for (size, unit) in [(1e10, "G"), (1e7, "M")] {
        if value >= size {
            return format!("{:.1}{unit}", value / size * 10.0);
        }
    }
    let digits = format!("{value:.0}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// A rate, with as many digits as say something.
pub(super) fn rate(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value >= 100.0 => count(value),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// A share: 1.2 %.
pub(super) fn share(value: Option<f64>) -> String {
    match value.map(|value| value * 100.0) {
        None => "–".to_owned(),
        Some(percent) if percent == 0.0 || percent >= 10.0 => format!("{percent:.0} %"),
        Some(percent) => format!("{percent:.1} %"),
    }
}

/// A time in seconds: 640 µs, 12.3 ms, 1.30 s.
pub(super) fn seconds(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value < 1e-3 => format!("{:.0} µs", value * 1e6),
        Some(value) if value < 1.0 => format!("{:.1} ms", value * 1e3),
        Some(value) => format!("{value:.2} s"),
    }
}

/// A long time in whole seconds: 3d 4h, 12m, 8s.
pub(super) fn lasting(seconds: u64) -> String {
    for (unit, name, below, sub) in [(86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s")] {
        if seconds >= unit {
            return format!("{}{name} {}{sub}", seconds / unit, seconds % unit / below);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0.0, 999.0, 1234567.0, 12_345_678.0].map(count), ["0", "999", "1,234,567", "12.3M"]);
        assert_eq!([0.5, 12.34, 1500.0].map(|value| rate(Some(value))), ["0.50", "12.3", "1,500"]);
        assert_eq!([0.0, 0.012, 0.5].map(|value| share(Some(value))), ["0 %", "1.2 %", "50 %"]);
        assert_eq!([0.00064, 0.0123, 1.3].map(|value| seconds(Some(value))), ["640 µs", "12.3 ms", "1.30 s"]);
        assert_eq!([8, 75, 7_300, 90_000].map(lasting), ["8s", "1m 15s", "2h 1m", "1d 1h"]);
        assert_eq!((rate(None), seconds(None)), ("–".to_owned(), "–".to_owned()));
    }
}

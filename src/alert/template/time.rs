//! Times and durations as Go prints them.

/// `2015-06-23 13:19:44.128 +0000 UTC` of Unix milliseconds.
pub(super) fn print(millis: i64) -> String {
    let Some(time) = chrono::DateTime::from_timestamp_millis(millis) else { return format!("{millis} ms") };
    let fraction = match millis.rem_euclid(1_000) {
        0 => String::new(),
        millis => format!(".{millis:03}").trim_end_matches('0').to_owned(),
    };
    format!("{}{fraction} +0000 UTC", time.format("%Y-%m-%d %H:%M:%S"))
}

/// `1h2m3.5s` of nanoseconds.
pub(super) fn print_duration(nanos: i64) -> String {
    let (sign, whole) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let below_a_second = [(1_000_000, "ms"), (1_000, "µs"), (1, "ns")].into_iter().find(|(unit, _)| whole >= *unit);
    if let (Some((unit, name)), true) = (below_a_second, whole < 1_000_000_000) {
        return format!("{sign}{}{name}", whole as f64 / unit as f64);
    }
    let (seconds, fraction) = (whole / 1_000_000_000, whole % 1_000_000_000);
    let fraction =
        if fraction == 0 { String::new() } else { format!(".{fraction:09}").trim_end_matches('0').to_owned() };
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}{fraction}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}{fraction}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_go_prints_them() {
        assert_eq!(print(1_435_065_584_128), "2015-06-23 13:19:44.128 +0000 UTC");
        assert_eq!(print(0), "1970-01-01 00:00:00 +0000 UTC");
        assert_eq!(print(951_782_400_500), "2000-02-29 00:00:00.5 +0000 UTC");
        assert_eq!(print(-1), "1969-12-31 23:59:59.999 +0000 UTC");
    }

    #[test]
    fn durations_print_as_go_prints_them() {
        let cases = [
            (0, "0s"),
            (1_500, "1.5µs"),
            (25_000_000, "25ms"),
            (1_500_000_000, "1.5s"),
            (90_000_000_000, "1m30s"),
            (-3_600_000_000_000, "-1h0m0s"),
        ];
        for (nanos, text) in cases {
            assert_eq!(print_duration(nanos), text);
        }
    }
}

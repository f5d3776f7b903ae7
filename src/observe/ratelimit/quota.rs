//! The numbers of one response.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;

/// What a response tells of a limit. Of several limits it is the one with the least remaining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// Requests (or whatever is counted) of one window.
    pub limit: Option<u64>,
    /// What is left of them.
    pub remaining: Option<u64>,
    /// How long until there are more.
    pub reset: Option<Duration>,
    /// How long to wait before asking again.
    pub retry_after: Option<Duration>,
}

impl Quota {
    /// Whether any limit showed; `Retry-After` alone is none.
    pub fn is_told(&self) -> bool {
        self.limit.is_some() || self.remaining.is_some()
    }

    /// Takes note of a header of the response, if it is one of `families` (lower case: `ratelimit`, `x-ratelimit`) or
    /// `Retry-After`. What cannot be read is left out.
    pub fn note(&mut self, families: &[String], name: &[u8], value: &[u8], now: SystemTime) {
        let Ok(value) = std::str::from_utf8(value) else { return };
        let value = value.trim();
        if name.eq_ignore_ascii_case(b"retry-after") {
            self.retry_after = span(value, now);
            return;
        }
        for family in families {
            let Some((head, rest)) = name.split_at_checked(family.len()) else { continue };
            if !head.eq_ignore_ascii_case(family.as_bytes()) {
                continue;
            }
            let part = rest.strip_prefix(b"-").unwrap_or(rest).split(|byte| *byte == b'-').next().unwrap_or(rest);
            match part.to_ascii_lowercase().as_slice() {
                b"" if rest.is_empty() => self.note_combined(value, now),
                b"policy" => {
                    let policies =
                        value.split(',').filter_map(|policy| parameter(policy, "q").or_else(|| number(policy)));
                    self.tighten_limit(policies.min());
                }
                b"limit" => self.tighten_limit(number(value)),
                b"remaining" => self.tighten(number(value), None),
                b"reset" => self.reset = latest(self.reset, span(value, now)),
                _ => {}
            }
        }
    }

    /// `limit=100, remaining=50, reset=5`, or a list of `"policy";r=50;t=30`.
    fn note_combined(&mut self, value: &str, now: SystemTime) {
        for item in value.split(',').map(str::trim) {
            match item.split_once('=') {
                Some(("limit", n)) => self.tighten_limit(number(n)),
                Some(("remaining", n)) => self.tighten(number(n), None),
                Some(("reset", n)) => self.reset = latest(self.reset, span(n, now)),
                _ => self.tighten(parameter(item, "r"), parameter(item, "t").map(Duration::from_secs)),
            }
        }
    }

    fn tighten_limit(&mut self, limit: Option<u64>) {
        self.limit = self.limit.into_iter().chain(limit).min();
    }

    fn tighten(&mut self, remaining: Option<u64>, reset: Option<Duration>) {
        if remaining.is_some_and(|new| self.remaining.is_none_or(|old| new < old)) {
            self.remaining = remaining;
            self.reset = reset.or(self.reset);
        }
    }
}

fn latest(one: Option<Duration>, two: Option<Duration>) -> Option<Duration> {
    one.max(two)
}

/// The number that a value begins with: `100`, `100, 100;w=60`, `100;w=60`, `99.5`.
fn number(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    value[..digits].parse().ok()
}

/// The parameter `key` of a structured item: `"policy";q=100;w=60`.
fn parameter(item: &str, key: &str) -> Option<u64> {
    let pairs = item.split(';').skip(1).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == key).find_map(|(_, value)| number(value))
}

/// A time to wait in any of the ways it is told: seconds from now, seconds or milliseconds since 1970, `6m0s`, a date.
fn span(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.parse::<f64>() {
        let until = |since: f64| {
            let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
            Duration::try_from_secs_f64((since - now).max(0.0)).ok()
        };
        return match seconds {
            // No window is 30 years long, and no clock says that it is 2001 or later in seconds and means milliseconds.
            1e12.. => until(seconds / 1000.0),
            1e9..1e12 => until(seconds),
            _ => Duration::try_from_secs_f64(seconds).ok(),
        };
    }
    let date = DateTime::parse_from_rfc3339(value).or_else(|_| DateTime::parse_from_rfc2822(value));
    match date {
        Ok(date) => Some(SystemTime::from(date).duration_since(now).unwrap_or_default()),
        Err(_) => units(value),
    }
}

/// `6m0s`, `1.5s`, `20ms`, as Go writes a duration.
fn units(value: &str) -> Option<Duration> {
    let mut rest = value;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| c != '.' && !c.is_ascii_digit())?);
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let seconds = match &after[..unit] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        sum = sum.checked_add(Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?)?;
        rest = &after[unit..];
    }
    (!value.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn quota(headers: &[(&str, &str)]) -> Quota {
        let families = ["ratelimit", "x-ratelimit"].map(str::to_owned);
        let mut quota = Quota::default();
        headers.iter().for_each(|(name, value)| quota.note(&families, name.as_bytes(), value.as_bytes(), now()));
        quota
    }

    #[track_caller]
    fn tells(headers: &[(&str, &str)], limit: Option<u64>, remaining: Option<u64>, reset: Option<u64>) {
        let quota = quota(headers);
        let seconds = quota.reset.map(|reset| reset.as_secs());
        assert_eq!((quota.limit, quota.remaining, seconds), (limit, remaining, reset), "{headers:?}");
    }

    #[test]
    fn every_form_of_the_ietf_is_read() {
        let three = [("RateLimit-Limit", "100, 100;w=60"), ("RateLimit-Remaining", "50"), ("RateLimit-Reset", "30")];
        tells(&three, Some(100), Some(50), Some(30));
        tells(&[("RateLimit", "limit=100, remaining=50, reset=5")], Some(100), Some(50), Some(5));
        let policy = ("RateLimit-Policy", r#""burst";q=100;w=60, "daily";q=1000;w=86400"#);
        tells(&[policy, ("RateLimit", r#""burst";r=50;t=30"#)], Some(100), Some(50), Some(30));
        tells(&[("RateLimit", r#""burst";r=50;t=30, "daily";r=2;t=3600"#)], None, Some(2), Some(3600));
        tells(&[("ratelimit-policy", "100;w=60")], Some(100), None, None);
    }

    #[test]
    fn what_is_in_use_beside_them_is_read() {
        let github = [
            ("X-RateLimit-Limit", "5000"),
            ("X-RateLimit-Remaining", "0"),
            ("X-RateLimit-Reset", "1700000060"),
            ("X-RateLimit-Used", "5000"),
            ("X-RateLimit-Resource", "core"),
        ];
        tells(&github, Some(5000), Some(0), Some(60));
        let kong = [
            ("X-RateLimit-Limit-Minute", "5"),
            ("X-RateLimit-Remaining-Minute", "3"),
            ("X-RateLimit-Limit-Hour", "100"),
            ("X-RateLimit-Remaining-Hour", "1"),
        ];
        tells(&kong, Some(5), Some(1), None);
        let units = [("x-ratelimit-remaining-requests", "59"), ("x-ratelimit-reset-requests", "6m1.5s")];
        tells(&units, None, Some(59), Some(361));
        tells(&[("X-RateLimit-Reset", "1700000010000")], None, None, Some(10));
        tells(&[("X-RateLimit-Reset", "2023-11-14T22:13:30Z")], None, None, Some(10));
        tells(&[("X-RateLimit-Reset", "1600000000")], None, None, Some(0));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_no_limit_by_itself() {
        for (value, seconds) in [("120", Some(120)), ("Tue, 14 Nov 2023 22:13:25 GMT", Some(5)), ("soon", None)] {
            let quota = quota(&[("Retry-After", value)]);
            assert_eq!(quota.retry_after.map(|wait| wait.as_secs()), seconds, "{value}");
            assert!(!quota.is_told());
        }
    }

    #[test]
    fn what_is_no_limit_is_left_out() {
        for header in [
            ("X-RateLimit-Limit", "many"),
            ("X-RateLimit-Remaining", "-1"),
            ("X-RateLimitation", "5"),
            ("RateLimiter-Limit", "5"),
            ("X-Limit", "5"),
            ("RateLimit", ""),
        ] {
            assert!(!quota(&[header]).is_told(), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_or_left_out(value in "\\PC{0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
            for name in ["ratelimit", "ratelimit-policy", "x-ratelimit-reset", "x-ratelimit-limit", "retry-after"] {
                quota(&[(name, &value)]);
                Quota::default().note(&["ratelimit".to_owned()], &bytes, value.as_bytes(), now());
                Quota::default().note(&["ratelimit".to_owned()], name.as_bytes(), &bytes, now());
            }
        }
    }
}

//! How many series a configuration can lead to, before there is any traffic: `outrider check --series`.

use crate::config::{BusinessRule, Config, Profile};
use std::fmt::Write as _;

/// Statuses that an endpoint answers with, and methods that it takes: what most have.
const STATUSES: usize = 3;
const METHODS: usize = 1;
/// Values of a label beside those that it may have: the one for all others, and the one for none.
const BESIDE: usize = 2;
/// Directions and types of WebSocket messages.
const MESSAGES: usize = 10;
/// Results of logins and credentials, limits and security events, as they are touched at the start.
const SECURITY: usize = 40;

/// What can come of `config`, as text.
pub fn estimate(config: &Config) -> String {
    let metrics = &config.metrics;
    let histogram = |buckets: &[f64]| buckets.len() + 3;
    let (seconds, bytes) = (histogram(&metrics.buckets.duration), histogram(&metrics.buckets.size));
    let endpoint = METHODS * (STATUSES + 2 * seconds + 2 * bytes);
    let mut lines = vec![
        (
            format!("{} endpoints of routes.max, {STATUSES} statuses each", config.routes.max),
            config.routes.max * endpoint,
        ),
        ("messages of WebSockets".to_owned(), MESSAGES * (1 + bytes)),
    ];
    if metrics.profile == Profile::Full {
        lines.push(("logins, limits and attacks".to_owned(), SECURITY + config.security.clients.top + 1));
    }
    if metrics.profile != Profile::Light {
        let rules = config.business.iter();
        lines.extend(rules.map(|rule| (format!("business rule {}", rule.name), of_rule(rule, seconds))));
    }
    let all: usize = lines.iter().map(|(_, series)| series).sum();
    let mut text = String::from("series, at most:\n");
    for (what, series) in &lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {series:>8}  {what}");
    }
    let limit = metrics.series_limit;
    let _ = match all > limit {
        true => writeln!(
            text,
            "  {all:>8}  all of them: more than metrics.series_limit ({limit}). One endpoint takes {endpoint}, so about the first {} \
             have series of their own, and the rest is `other`.",
            limit / endpoint
        ),
        false => writeln!(text, "  {all:>8}  all of them: within metrics.series_limit ({limit})"),
    };
    text
}

fn of_rule(rule: &BusinessRule, seconds: usize) -> usize {
    let values = |count: usize| count + BESIDE;
    let of_label =
        rule.labels.iter().map(|label| values(if label.allow.is_empty() { label.max } else { label.allow.len() }));
    let combinations = of_label.fold(1_usize, usize::saturating_mul);
    let each = 2 + if rule.duration.is_some() { seconds } else { 0 } + rule.sums.len();
    combinations.saturating_mul(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_more_endpoints_than_series() {
        let text = estimate(&Config::default());
        assert!(text.contains("17100  300 endpoints of routes.max, 3 statuses each"), "{text}");
        assert!(text.contains("418  business rule code_generation"), "{text}");
        assert!(text.contains("more than metrics.series_limit (10000)"), "{text}");
    }
}

//! Two readings and what happened between them. Where no time lies between them, rates are not known: null.

use crate::metrics::reading::{Exchanges, Reading};
use serde_json::{Value, json};
use std::time::Duration;

/// Rates are per second, times in seconds.
pub(super) fn between(before: &Reading, after: &Reading, time: Duration) -> Value {
    let nothing = Exchanges::default();
    let mut all = Exchanges::default();
    let mut total = 0.0;
    let endpoints: Vec<Value> = after
        .endpoints
        .iter()
        .map(|(key, now)| {
            let then = before.endpoints.get(key).unwrap_or(&nothing);
            let passed = passed(then, now);
            add(&mut all, &passed);
            total += now.total();
            let mut row = shown(&passed, time);
            row["method"] = json!(key.0);
            row["endpoint"] = json!(key.1);
            row["total"] = json!(now.total());
            row
        })
        .collect();
    let rates = |before: [f64; 2], after: [f64; 2]| {
        let [inbound, outbound] = [0, 1].map(|at| rate(after[at] - before[at], time));
        json!({ "inbound": inbound, "outbound": outbound })
    };
    let mut requests = shown(&all, time);
    requests["total"] = json!(total);
    requests["active"] = json!(after.active);
    json!({
        "window_seconds": time.as_secs_f64(),
        "requests": requests,
        "endpoints": endpoints,
        "connections": after.connections,
        "bytes": rates(before.bytes, after.bytes),
        "websocket": { "sessions": after.sessions, "messages": rates(before.messages, after.messages) },
    })
}

fn passed(then: &Exchanges, now: &Exchanges) -> Exchanges {
    let mut classes = now.classes;
    classes.iter_mut().zip(then.classes).for_each(|(now, then)| *now -= then);
    let before = |at: usize| then.durations.get(at).map_or(0.0, |(_, count)| *count);
    let durations = now.durations.iter().enumerate().map(|(at, (bound, count))| (*bound, count - before(at)));
    Exchanges { classes, durations: durations.collect(), seconds: now.seconds - then.seconds }
}

fn add(all: &mut Exchanges, some: &Exchanges) {
    all.classes.iter_mut().zip(some.classes).for_each(|(all, some)| *all += some);
    all.seconds += some.seconds;
    if all.durations.is_empty() {
        all.durations = some.durations.clone();
    } else {
        all.durations.iter_mut().zip(&some.durations).for_each(|(all, some)| all.1 += some.1);
    }
}

fn shown(passed: &Exchanges, time: Duration) -> Value {
    let [informational, success, redirect, client, server] = passed.classes.map(|count| rate(count, time));
    let total = passed.total();
    let observed = passed.durations.last().map_or(0.0, |(_, count)| *count);
    json!({
        "rate": rate(total, time),
        "by_class": { "1xx": informational, "2xx": success, "3xx": redirect, "4xx": client, "5xx": server },
        "error_ratio": (total > 0.0).then(|| passed.classes[4] / total),
        "mean": (observed > 0.0).then(|| passed.seconds / observed),
        "p50": quantile(0.5, &passed.durations),
        "p95": quantile(0.95, &passed.durations),
        "p99": quantile(0.99, &passed.durations),
    })
}

fn rate(count: f64, time: Duration) -> Option<f64> {
    (!time.is_zero()).then(|| (count / time.as_secs_f64()).max(0.0))
}

/// As `histogram_quantile` has it: interpolated within its bucket; the last finite bound where it lies beyond.
fn quantile(q: f64, buckets: &[(f64, f64)]) -> Option<f64> {
    let (_, total) = buckets.last()?;
    let rank = q * total;
    let at = buckets.iter().position(|(_, count)| *count >= rank).filter(|_| *total > 0.0)?;
    let (below, before) = if at == 0 { (0.0, 0.0) } else { buckets[at - 1] };
    let (bound, count) = buckets[at];
    Some(if bound.is_infinite() { below } else { below + (bound - below) * (rank - before) / (count - before) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(classes: [f64; 5], durations: &[(f64, f64)]) -> Reading {
        let exchanges = Exchanges { classes, durations: durations.to_vec(), seconds: 1.0 };
        Reading { endpoints: [(("GET".to_owned(), "/a".to_owned()), exchanges)].into(), ..Reading::default() }
    }

    #[test]
    fn what_happened_between_two_readings_is_told_per_second() {
        let before = reading([0.0, 10.0, 0.0, 0.0, 0.0], &[(0.1, 10.0), (1.0, 10.0), (f64::INFINITY, 10.0)]);
        let after = reading([0.0, 25.0, 0.0, 0.0, 5.0], &[(0.1, 20.0), (1.0, 30.0), (f64::INFINITY, 30.0)]);
        let told = between(&before, &after, Duration::from_secs(4));
        let row = &told["endpoints"][0];
        assert_eq!((&row["rate"], &row["total"]), (&json!(5.0), &json!(30.0)));
        assert_eq!((&row["by_class"]["5xx"], &row["error_ratio"]), (&json!(1.25), &json!(0.25)));
        let near = |value: &Value, wanted: f64| value.as_f64().is_some_and(|value| (value - wanted).abs() < 1e-9);
        assert!(near(&row["p50"], 0.1) && near(&row["p95"], 0.91), "{row}");
        assert_eq!(told["requests"]["rate"], json!(5.0));
    }

    #[test]
    fn rates_without_time_are_not_known() {
        let one = reading([0.0, 10.0, 0.0, 0.0, 0.0], &[(0.1, 10.0), (f64::INFINITY, 10.0)]);
        let told = between(&one, &one, Duration::ZERO);
        assert_eq!((&told["requests"]["rate"], &told["requests"]["p50"]), (&Value::Null, &Value::Null));
        assert_eq!(told["requests"]["total"], json!(10.0));
    }
}

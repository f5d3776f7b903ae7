//! Burn-rate rules of service level objectives: multi-window, multi-burn-rate, as the Google SRE workbook has them (chapter 5,
//! "Alerting on SLOs", table 5-8).
//!
//! A burn rate of 1 spends the error budget exactly over the objective's window. Each alert looks at a long window, so that it
//! is about a part of the budget that matters, and at a short one, so that it ends soon after the cause has. Windows of hours
//! and days are averages over two recorded rates of five minutes, not over the requests themselves: two series of each
//! objective have to be kept for three days, and nothing else.

use super::signal::{self, Options};
use super::{AlertingRule, Group, MESSAGE, RUNBOOK, RecordingRule, Rule, RuleError, Text};
use crate::alert::message::{Kind, Message};
use crate::base::number::shortest;
use crate::config::alerting::{Scope, Severity, Slo};
use crate::promql::Query;
use crate::promql::quote::quote;

/// The group of the objectives.
pub const GROUP: &str = "outrider-slos";

/// A pair of windows, and the part of the budget that the longer one may spend.
struct Pair {
    long: &'static str,
    hours: f64,
    short: &'static str,
    spends: f64,
}

const FAST: [Pair; 2] = [
    Pair { long: "1h", hours: 1.0, short: "5m", spends: 0.02 },
    Pair { long: "6h", hours: 6.0, short: "30m", spends: 0.05 },
];
const SLOW: [Pair; 2] = [
    Pair { long: "1d", hours: 24.0, short: "2h", spends: 0.1 },
    Pair { long: "3d", hours: 72.0, short: "6h", spends: 0.1 },
];

/// The rules of all objectives; nothing where there is none. `buckets` are the bounds of the duration's histogram, in seconds.
pub fn group(slos: &[Slo], options: &Options, buckets: &[f64], origin: &str) -> Result<Option<Group>, Vec<RuleError>> {
    let mut faults = Vec::new();
    let mut rules = Vec::new();
    for (at, slo) in slos.iter().enumerate() {
        match rules_of(slo, options, buckets) {
            Ok(more) => rules.extend(more),
            Err((key, message)) => faults.push(RuleError {
                origin: origin.to_owned(),
                path: format!("slos[{at}]{key}"),
                rule: slo.name.clone(),
                message,
            }),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let group = Group { name: GROUP.to_owned(), origin: format!("<{GROUP}>"), interval: None, query_offset: 0, rules };
    Ok((!slos.is_empty()).then_some(group))
}

/// A key of the objective and what is wrong with it.
type Fault = (&'static str, String);

fn rules_of(slo: &Slo, options: &Options, buckets: &[f64]) -> Result<Vec<Rule>, Fault> {
    let query = |text: String| Query::parse(&text).map_err(|error| ("", format!("{error} in {text}")));
    let label = [("slo".to_owned(), slo.name.clone())];
    let record = |name: &str, text: String| {
        let rule = RecordingRule { record: name.to_owned(), query: query(text)?, labels: label.to_vec(), limit: 0 };
        Ok(Rule::Recording(Box::new(rule)))
    };
    let (all, bad) = rates(slo, options, buckets)?;
    let mut rules = vec![record("slo:requests:rate5m", all)?, record("slo:errors:rate5m", bad)?];
    let of = format!("{{slo={}}}", quote(&slo.name));
    rules.push(record("slo:error_ratio:5m", format!("slo:errors:rate5m{of} / (slo:requests:rate5m{of} > 0)"))?);
    for window in ["30m", "1h", "2h", "6h", "1d", "3d"] {
        rules.push(record(
            &format!("slo:error_ratio:{window}"),
            format!("sum_over_time(slo:errors:rate5m{of}[{window}]) / (sum_over_time(slo:requests:rate5m{of}[{window}]) > 0)"),
        )?);
    }
    let says =
        [(&FAST, "fast", Severity::Critical, "within hours"), (&SLOW, "slowly", Severity::Medium, "within days")];
    for (pairs, how, severity, when) in says {
        rules.push(Rule::Alerting(Box::new(AlertingRule {
            name: format!("{}_budget_burns_{how}", slo.name),
            query: query(condition(slo, pairs, &of))?,
            clear: None,
            hold: 0,
            keep_firing_for: 0,
            labels: vec![("severity".to_owned(), Text::Plain(severity.as_str().to_owned()))],
            annotations: annotations(slo, when),
            severity,
            channels: slo.channels.clone(),
            scope: Scope::Pod,
            limit: 0,
        })));
    }
    Ok(rules)
}

fn condition(slo: &Slo, pairs: &[Pair], of: &str) -> String {
    let window_hours = slo.window.as_secs_f64() / 3_600.0;
    let each: Vec<String> = pairs
        .iter()
        .map(|pair| {
            let burn = pair.spends * window_hours / pair.hours;
            // Rounded where binary fractions would only confuse the reader: 14.4 * 0.001 is 0.0144.
            let most = shortest(((1.0 - slo.objective) * burn * 1e12).round() / 1e12);
            format!("(slo:error_ratio:{}{of} > {most} and slo:error_ratio:{}{of} > {most})", pair.long, pair.short)
        })
        .collect();
    each.join(" or ")
}

fn annotations(slo: &Slo, when: &str) -> Vec<(String, Text)> {
    let objective = shortest((slo.objective * 1e7).round() / 1e5);
    let text = format!(
        "The error budget of {} (objective {objective}%) is spent {when} at this rate: {{value:.2%}} of requests are bad",
        slo.name.replace('{', "{{").replace('}', "}}")
    );
    let message = Message::parse(&text, |_| Ok(Kind::Number)).expect("its one field is the value");
    let text = Text::Message { message, threshold: None, signals: Vec::new() };
    let runbook = slo.runbook.clone().map(|url| (RUNBOOK.to_owned(), Text::Plain(url)));
    [(MESSAGE.to_owned(), text)].into_iter().chain(runbook).collect()
}

/// The rates of all requests and of bad ones. Latencies are not known by status, so a request that is both slow and a 5xx
/// counts twice, up to the number of all: the objective is judged too hard rather than too softly.
fn rates(slo: &Slo, options: &Options, buckets: &[f64]) -> Result<(String, String), Fault> {
    let endpoints = match slo.endpoints.is_empty() {
        true => signal::requests(&options.exclude),
        false => {
            let all: Vec<String> = slo.endpoints.iter().map(|endpoint| regex::escape(endpoint.as_str())).collect();
            format!("endpoint=~{}", quote(&all.join("|")))
        }
    };
    let by = signal::by(options, None);
    let only = if endpoints.is_empty() { String::new() } else { format!("{{{endpoints}}}") };
    let and = if endpoints.is_empty() { String::new() } else { format!("{endpoints}, ") };
    let all = format!("sum{by} (rate(http_requests_total{only}[5m]))");
    let failed = format!("(sum{by} (rate(http_requests_total{{{and}status_code=~\"5..\"}}[5m])) or 0 * {all})");
    let Some(latency) = slo.latency else { return Ok((all, failed)) };
    let bound = latency.as_secs_f64();
    let Some(le) = buckets.iter().find(|bucket| (**bucket - bound).abs() < 1e-9) else {
        let known: Vec<String> = buckets.iter().map(|bucket| shortest(*bucket)).collect();
        return Err((
            ".latency",
            format!("{bound} s is no bound of a bucket in `metrics.buckets.duration`; there are {}", known.join(", ")),
        ));
    };
    let le = quote(&shortest(*le));
    let slow = format!(
        "(sum{by} (rate(http_request_duration_seconds_count{only}[5m])) - sum{by} (rate(http_request_duration_seconds_bucket{{{and}le={le}}}[5m])))"
    );
    let both = format!("({failed} + {slow})");
    Ok((all.clone(), format!("({both} < {all}) or {all} * (({both}) >= bool {all})")))
}

#[cfg(test)]
mod tests;

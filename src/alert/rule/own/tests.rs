//! What our own rules may say, and what is said of those that may not.

use std::time::Duration;

use super::*;
use crate::alert::rule::{Active, Context, default};
use crate::base::Labels;
use crate::config::alerting::{Scope, Severity};
use crate::promql::series::Sample;
use crate::promql::{Limits, Memory, Options};

fn configured(condition: &str, message: &str) -> Configured {
    Configured {
        name: "a".into(),
        enabled: true,
        condition: condition.into(),
        clear: None,
        hold: Duration::from_secs(60),
        keep_firing_for: Duration::ZERO,
        severity: Severity::High,
        message: message.into(),
        channels: vec!["slack".into()],
        labels: vec![("team".into(), "shop".into())],
        annotations: Vec::new(),
        runbook: Some("https://example.com".into()),
        scope: Scope::Pod,
    }
}

fn signals() -> Vec<String> {
    signal::names().map(str::to_owned).collect()
}

fn faults(condition: &str, message: &str) -> Vec<String> {
    let faults = rule(&configured(condition, message), "agent.yaml", "alerting.rules[0]", &signals());
    faults.map(|_| Vec::new()).unwrap_or_else(|faults| faults.iter().map(ToString::to_string).collect())
}

/// What the rule's annotations say, one line each.
fn said(configured: &Configured, series: &[(Labels, f64)]) -> Vec<String> {
    let mut source = Memory::new();
    series.iter().for_each(|(labels, v)| source.append(labels.clone(), [Sample { t: 0, v: *v }]));
    let context = Context {
        external_labels: &Labels::empty(),
        external_url: "",
        limits: Limits::default(),
        options: Options::default(),
    };
    let rule = rule(configured, "agent.yaml", "alerting.rules[0]", &signals()).unwrap();
    let active: Vec<Active> = rule.eval(0, &source, &context).unwrap();
    let lines = |active: &Active| rule.annotations(active, 0, &source, &context);
    active.iter().flat_map(lines).map(|(name, text)| format!("{name}: {text}")).collect()
}

fn named(name: &str, labels: &[(&str, &str)]) -> Labels {
    Labels::new([(NAME, name)].into_iter().chain(labels.iter().copied()))
}

#[test]
fn a_message_has_the_values_of_its_signals() {
    let rule =
        configured("error_rate > 0.05", "{error_rate:.2%} of {request_rate:,.0f}/s > {threshold:.0%}; {team}, {{ok}}");
    let series = [(named("error_rate", &[]), 0.075), (named("request_rate", &[]), 1_234.0)];
    let want = ["summary: 7.50% of 1,234/s > 5%; shop, {ok}", "runbook_url: https://example.com"];
    assert_eq!(said(&rule, &series), want);
}

#[test]
fn a_signal_by_service_is_that_of_the_alerts_service() {
    let rule = Configured {
        runbook: None,
        ..configured("circuit_breaker_open > 0", "{service}: {circuit_breaker_open:.0f} {labels.service} {value:.1f}")
    };
    let series = [
        (named("circuit_breaker_open", &[("service", "a")]), 0.0),
        (named("circuit_breaker_open", &[("service", "b")]), 1.0),
    ];
    assert_eq!(said(&rule, &series), ["summary: b: 1 b 1.0"]);
}

#[test]
fn a_signal_that_is_absent_is_not_a_number() {
    let rule = Configured { runbook: None, ..configured("vector(1)", "{error_rate:.2%}") };
    assert_eq!(said(&rule, &[]), ["summary: nan%"]);
}

#[test]
fn what_cannot_be_meant_is_told_with_its_place() {
    let at = "agent.yaml: alerting.rules[0]";
    assert_eq!(
        faults("error_rate >", "{errors}"),
        [format!("{at}.condition (a): 1:13: parse error: unexpected end of input")]
    );
    let unknown = &faults("my_metric > 1", "{errors}")[0];
    assert!(
        unknown.starts_with(&format!(
            "{at}.message (a): column 1: `errors` is no signal, and the condition does not read it"
        )) && unknown.contains("known here are value, my_metric"),
        "{unknown}"
    );
    assert!(faults("up", "{up:.2%} {threshold}")[0].contains("this one ends in none"));
    assert!(faults("up > 1", "{up:d}")[0].contains("column 1: the type `d` does not fit a number"));
    assert!(faults("up > 1", "{up!r}")[0].contains("the conversion `!r` is not supported"));
    assert!(faults("up > 1", "{up")[0].contains("column 1: the field has no closing `}`"));
    assert!(faults("up > 1", "a } b")[0].contains("column 3: a single `}`"));
    assert!(faults("up > 1", "{}")[0].contains("a field needs a name"));
    assert!(faults("up[5m]", "")[0].contains("must give a vector, and this is a range vector"));
    assert!(faults("up > 1", "{labels.job:>5} {value:.1f} {up}").is_empty());
}

#[test]
fn the_nine_defaults_are_valid_and_complete() {
    let rules: Vec<AlertingRule> = default::rules()
        .map(|configured| rule(&configured, "<default>", &configured.name, &signals()).unwrap())
        .collect();
    let seen: Vec<(&str, i64)> = rules.iter().map(|rule| (&*rule.name, rule.hold / 60_000)).collect();
    let want = [
        ("high_error_rate", 5),
        ("high_response_time", 5),
        ("circuit_breaker_open", 1),
        ("service_unavailable", 2),
        ("high_memory_usage", 10),
        ("rate_limit_violations", 0),
        ("code_generation_failures", 5),
        ("image_generation_failures", 5),
        ("websocket_connection_issues", 5),
    ];
    assert_eq!(seen, want);
}

//! What `rules export` writes: promtool accepts it, and it does what our own rules do.

use std::path::PathBuf;

use crate::both::{outrider, outrider_with, promtool};

/// An `agent.yaml` with rules of every kind, and a folder for what is made of it.
struct Agent {
    folder: tempfile::TempDir,
}

const CONFIG: &str = r#"
routes: { exclude: [ /healthz, "/users/{id}" ] }
alerting:
  min_requests: 5
  rules:
    - name: checkout_errors
      condition: "error_rate > 0.02"
      threshold: 0.02
      for: 2m
      keep_firing_for: 1m
      severity: critical
      message: "Errors {error_rate:.2%} of {request_rate:.1f}/s, more than {threshold:.0%}; {{sic}} {labels.team}"
      labels: { team: "shop {{ really }}" }
      annotations: { detail: "{value:.3f} {value} {p95_response_time:.1f}" }
      runbook: https://example.com/runbook
slos:
  - { name: checkout, objective: 0.999, latency: 250ms, endpoints: [ "/api/v1/checkout", "/api/v1/users/{id}" ] }
  - { name: all, objective: 0.99, window: 7d }
"#;

/// Half an hour in which one request of ten fails from the sixth minute on, and a breaker opens.
const SERIES: &str = r#"
    input_series:
      - { series: 'http_requests_total{method="GET", endpoint="/a", status_code="200"}', values: '0+100x60' }
      - { series: 'http_requests_total{method="GET", endpoint="/a", status_code="500"}', values: '0x11 0+10x50' }
      - { series: 'http_requests_total{method="GET", endpoint="/healthz", status_code="500"}', values: '0+1000x60' }
      - { series: 'http_request_duration_seconds_bucket{endpoint="/a", le="0.1"}', values: '0+90x60' }
      - { series: 'http_request_duration_seconds_bucket{endpoint="/a", le="10"}', values: '0+100x60' }
      - { series: 'http_request_duration_seconds_bucket{endpoint="/a", le="+Inf"}', values: '0+100x60' }
      - { series: 'http_request_duration_seconds_sum{endpoint="/a"}', values: '0+600x60' }
      - { series: 'http_request_duration_seconds_count{endpoint="/a"}', values: '0+100x60' }
      - { series: 'circuit_breaker_state{service="pay", state="open"}', values: '0x20 1x40' }
      - { series: 'circuit_breaker_state{service="mail", state="open"}', values: '0x60' }
"#;

const EXPECTED: &str = r#"
    alert_rule_test:
      - { eval_time: 8m, alertname: high_error_rate }
      - eval_time: 25m
        alertname: high_error_rate
        exp_alerts:
          - exp_labels: { severity: high }
            exp_annotations: { summary: 'High error rate detected: 9.09% of requests failed' }
      - eval_time: 25m
        alertname: checkout_errors
        exp_alerts:
          - exp_labels: { severity: critical, team: 'shop {{ really }}' }
            exp_annotations:
              summary: 'Errors 9.09% of 3.7/s, more than 2%; {sic} shop {{ really }}'
              detail: '0.091 VALUE 5.0'
              runbook_url: https://example.com/runbook
      - eval_time: 25m
        alertname: high_response_time
        exp_alerts:
          - exp_labels: { severity: medium }
            exp_annotations: { summary: 'High response time: 6.00 s on average, 95th percentile 5.05 s' }
      - eval_time: 25m
        alertname: circuit_breaker_open
        exp_alerts:
          - exp_labels: { severity: high, service: pay }
            exp_annotations: { summary: The circuit breaker of pay is open }
      - { eval_time: 25m, alertname: service_unavailable }
"#;

impl Agent {
    fn new() -> Self {
        let agent = Self { folder: tempfile::tempdir().expect("a folder") };
        std::fs::write(agent.path("agent.yaml"), CONFIG).expect("a file written");
        agent
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> String {
        self.path("agent.yaml").to_str().expect("UTF-8").to_owned()
    }

    /// Exports into a file of that name.
    fn export(&self, name: &str, args: &[&str]) -> PathBuf {
        let config = self.config();
        let said = outrider_with(&[&["export", "--config", &config], args].concat());
        assert!(said.good, "{}", said.text);
        std::fs::write(self.path(name), said.text).expect("a file written");
        self.path(name)
    }
}

#[test]
fn promtool_accepts_what_export_writes() {
    let agent = Agent::new();
    for (name, args) in [("plain.yaml", &[][..]), ("by.yaml", &["--by", "namespace,job"][..])] {
        let file = agent.export(name, args);
        let (ours, theirs) = (outrider("check", &file), promtool("check", &file));
        assert!(ours.good && theirs.good, "{}\n{}", ours.text, theirs.text);
        // Twelve signals, nine series and two alerts for each objective, nine rules and ours.
        assert!(theirs.text.contains(&format!("{} rules found", 12 + 2 * 11 + 10)), "{}", theirs.text);
    }
}

#[test]
fn a_prometheus_does_with_the_export_what_we_do_with_our_own_rules() {
    let agent = Agent::new();
    agent.export("rules.yaml", &[]);
    let head = "evaluation_interval: 30s\ntests:\n  - interval: 30s";
    // Go prints the shortest form of a float, and so does Python.
    let expected = EXPECTED.replace("VALUE", "0.09090909090909091");
    std::fs::write(agent.path("exported.yaml"), format!("rule_files: [rules.yaml]\n{head}{SERIES}{expected}")).unwrap();
    std::fs::write(agent.path("own.yaml"), format!("{head}{SERIES}{expected}")).unwrap();

    let theirs = promtool("test", &agent.path("exported.yaml"));
    assert!(theirs.good, "{}", theirs.text);
    let exported = outrider("test", &agent.path("exported.yaml"));
    assert!(exported.good, "{}", exported.text);
    let (config, own) = (agent.config(), agent.path("own.yaml"));
    let own = outrider_with(&["test", "--config", &config, own.to_str().unwrap()]);
    assert!(own.good, "{}", own.text);
}

#[test]
fn a_kubernetes_object_holds_the_same_rules() {
    let agent = Agent::new();
    let object = agent.export("object.yaml", &["--kind", "PrometheusRule", "--name", "gw", "--namespace", "shop"]);
    let read = |path: PathBuf| -> serde_json::Value {
        serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let (object, file) = (read(object), read(agent.export("file.yaml", &[])));
    assert_eq!(object["apiVersion"], "monitoring.coreos.com/v1");
    assert_eq!((&object["metadata"]["name"], &object["metadata"]["namespace"]), (&"gw".into(), &"shop".into()));
    assert_eq!(object["spec"], file);
}

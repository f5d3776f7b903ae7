//! What tests of the stages start from.

use std::path::Path;
use std::sync::Arc;

use crate::alert::state::{Alert, Fingerprint, Machine, Phase};
use crate::base::Labels;
use crate::config::alerting::Alerting;
use crate::config::{self, Severity};

/// `alerting:` with these lines below it.
pub(in crate::alert) fn config(lines: &str) -> Alerting {
    let lines: String = lines.lines().map(|line| format!("  {line}\n")).collect();
    config::parse(&format!("alerting:\n{lines}"), Path::new(""), &|name| (name == "KEY").then(|| "secret".to_owned()))
        .unwrap()
        .alerting
}

/// A firing alert since time zero.
pub(in crate::alert) fn alert(labels: &[(&str, &str)]) -> Alert {
    let labels = Labels::new(labels.iter().copied());
    Alert {
        fingerprint: Fingerprint(labels.fingerprint()),
        rule: labels.get("alertname").to_owned(),
        element: Labels::empty(),
        labels,
        severity: Severity::High,
        annotations: Arc::new([("summary".into(), "something is wrong".into())]),
        value: Some(1.0),
        phase: Phase::Firing,
        since: 0,
        fired_at: Some(0),
        resolved_at: None,
        gone_since: None,
        unknown_since: None,
        fired: vec![0],
        acknowledged: None,
        suppressed: None,
        told_at: None,
        escalated: Vec::new(),
    }
}

/// A machine that holds `alerts`.
pub(in crate::alert) fn machine(alerting: &Alerting, alerts: Vec<Alert>) -> Machine {
    Machine::new(&alerting.flap, alerts)
}

//! One rule, over one exchange or message.

use super::jobs::Jobs;
use super::label::Bounded;
use super::values::{Found, Places, Reading, Values};
use crate::config::BusinessRule;
use crate::config::business::{Source, Unless};
use crate::event::Exchange;
use crate::event::exchange::{MessageRecord, Outcome};
use crate::metrics::business::{Kind, Spec};
use crate::metrics::{BusinessMetrics, Counter, Family, Histogram, IntCounter, Taken};
use crate::route::Pattern;
use crate::trace::span::Judgement;
use std::time::{Duration, Instant};

/// Series that are there from 0 on, at most.
const TOUCHED: usize = 1000;

/// A rule, compiled, with its families.
pub(super) struct Rule {
    config: BusinessRule,
    endpoints: Vec<Pattern>,
    /// The values of labels, then of sums, then that of `unless`.
    places: Places,
    labels: Vec<Bounded>,
    reads_response: bool,
    jobs: Option<Jobs>,
    counter: Family<IntCounter>,
    duration: Option<Family<Histogram>>,
    sums: Vec<Family<Counter>>,
    metrics: BusinessMetrics,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Success,
    Failure,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// The families of a rule, as they are to be registered.
pub(super) fn families(config: &BusinessRule) -> Vec<Spec> {
    let labels: Vec<String> = config.labels.iter().map(|label| label.name.clone()).collect();
    let spec = |name: &String, kind, labels: &[String], help: String| Spec {
        name: name.clone(),
        kind,
        help,
        labels: labels.to_vec(),
    };
    let with_status: Vec<String> = labels.iter().cloned().chain(["status".to_owned()]).collect();
    let about = |what: &str| format!("{what} of the business rule {}.", config.name);
    let counter = spec(&config.counter, Kind::Counter, &with_status, about("Exchanges"));
    let duration = config.duration.iter().map(|name| spec(name, Kind::Histogram, &labels, about("Seconds")));
    let sums = config.sums.iter().map(|sum| spec(&sum.counter, Kind::Sum, &labels, about("A sum")));
    [counter].into_iter().chain(duration).chain(sums).collect()
}

impl Rule {
    pub(super) fn new(config: &BusinessRule, metrics: &BusinessMetrics) -> Result<Self, Taken> {
        let specs = families(config);
        let (counter, mut rest) = (metrics.counter(&specs[0])?, specs[1..].iter());
        let duration = match &config.duration {
            Some(_) => rest.next().map(|spec| metrics.histogram(spec)).transpose()?,
            None => None,
        };
        let sums = rest.map(|spec| metrics.sum(spec)).collect::<Result<_, _>>()?;
        let labels: Vec<Bounded> = config.labels.iter().map(Bounded::new).collect();
        touch(&counter, &labels);
        let places = config.labels.iter().map(|label| &label.from).chain(config.sums.iter().map(|sum| &sum.from));
        let places: Vec<Source> =
            places.chain(config.success.unless.iter().map(|unless| &unless.from)).cloned().collect();
        let needed = &places[..config.labels.len() + config.sums.len()];
        Ok(Self {
            reads_response: needed.iter().any(|source| matches!(source, Source::Response(_))),
            endpoints: config.matches.endpoints.iter().map(Pattern::from).collect(),
            places: Places::new(places),
            jobs: config.job.as_ref().map(Jobs::new),
            config: config.clone(),
            labels,
            counter,
            duration,
            sums,
            metrics: metrics.clone(),
        })
    }

    pub(super) fn config(&self) -> &BusinessRule {
        &self.config
    }

    /// Judges an exchange, if the rule is about it. What is to become a span of its own, if that is asked for.
    pub(super) fn see(&mut self, values: &Values<'_>) -> Option<Judgement> {
        let (status, labels) = self.judge(values)?;
        let names = self.config.labels.iter().map(|label| label.name.clone());
        let is_told = self.config.span && values.exchange.trace.is_some();
        is_told.then(|| Judgement { rule: self.config.name.clone(), status, labels: names.zip(labels).collect() })
    }

    /// What came of it, and the values of labels; nothing where the rule is not about it, or cannot say.
    fn judge(&mut self, values: &Values<'_>) -> Option<(&'static str, Vec<String>)> {
        let exchange = values.exchange;
        if let Some((labels, started, verdict)) = self.jobs.as_mut().and_then(|jobs| jobs.poll(values)) {
            let found = values.read(&self.places, &self.endpoints, Reading::IfJson);
            self.count(&labels, verdict, Some(exchange.ended.duration_since(started)));
            self.sum(&labels, &found.values);
        }
        if !self.is_about(exchange) || (self.places.reads_messages() && self.jobs.is_none()) {
            return None;
        }
        if exchange.outcome == Outcome::Client {
            self.metrics.unjudged(&self.config.name, "client_gone");
            return None;
        }
        let by_status = exchange.outcome == Outcome::Whole
            && exchange.status.is_some_and(|status| self.config.success.status.contains(status));
        let reading = match by_status {
            // What a failed answer says is of another shape.
            false => Reading::Nothing,
            true if self.reads_response => Reading::Always,
            true => Reading::IfJson,
        };
        let found = values.read(&self.places, &self.endpoints, reading);
        if let Some(unread) = found.unread {
            self.metrics.unjudged(&self.config.name, unread.as_str());
        }
        let verdict = match by_status && !self.is_failure(&found) {
            true => Verdict::Success,
            false => Verdict::Failure,
        };
        let labels = self.label_values(&found.values);
        if let (Verdict::Success, Some(jobs)) = (verdict, &mut self.jobs) {
            match jobs.begin(values, &self.endpoints, &labels) {
                Ok(true) => return Some(("accepted", labels)),
                Ok(false) if exchange.status != Some(202) => {}
                Ok(false) => {
                    self.metrics.unjudged(&self.config.name, "no_job_id");
                    return None;
                }
                Err(()) => {
                    self.metrics.unjudged(&self.config.name, "too_many_jobs");
                    return None;
                }
            }
        }
        self.count(&labels, verdict, Some(exchange.ended.duration_since(exchange.started)));
        self.sum(&labels, &found.values);
        Some((verdict.as_str(), labels))
    }

    /// Judges a message of a WebSocket.
    pub(super) fn message(&mut self, message: &MessageRecord) {
        if let Some(jobs) = &mut self.jobs {
            if let Some((labels, started, verdict)) = jobs.message(message) {
                self.count(&labels, verdict, Some(message.at.duration_since(started)));
            }
            return;
        }
        let is_about = self.places.reads_messages()
            && (self.endpoints.is_empty() || self.endpoints.iter().any(|endpoint| endpoint.matches(&message.target)));
        if !is_about {
            return;
        }
        let Some(payload) = &message.payload else {
            let reason = if message.is_compressed { "compressed" } else { "too_large" };
            return self.metrics.unjudged(&self.config.name, reason);
        };
        let Some(values) = self.places.message(payload) else { return };
        let found = Found { values, unread: None };
        let verdict = if self.is_failure(&found) { Verdict::Failure } else { Verdict::Success };
        let labels = self.label_values(&found.values);
        self.count(&labels, verdict, None);
        self.sum(&labels, &found.values);
    }

    /// Jobs that have waited for too long have failed.
    pub(super) fn tick(&mut self, now: Instant) {
        while let Some(labels) = self.jobs.as_mut().and_then(|jobs| jobs.give_up(now)) {
            self.count(&labels, Verdict::Failure, None);
        }
    }

    fn is_about(&self, exchange: &Exchange) -> bool {
        let matches = &self.config.matches;
        let host = || {
            let host = exchange.request.field("host").unwrap_or_default().to_ascii_lowercase();
            let port =
                host.iter().rposition(|byte| *byte == b':').filter(|at| host[at + 1..].iter().all(u8::is_ascii_digit));
            let host = &host[..port.unwrap_or(host.len())];
            matches.hosts.iter().any(|known| known.as_bytes() == host)
        };
        let has = |(name, value): &(String, String)| exchange.request.field(name) == Some(value.as_bytes());
        (matches.methods.is_empty() || matches.methods.iter().any(|method| method == exchange.method))
            && (self.endpoints.is_empty() || self.endpoints.iter().any(|at| at.matches(exchange.target())))
            && (matches.hosts.is_empty() || host())
            && matches.headers.iter().all(has)
    }

    fn is_failure(&self, found: &Found) -> bool {
        let Some(Unless { is, .. }) = &self.config.success.unless else { return false };
        found.values.last().and_then(Option::as_ref).is_some_and(|value| is.contains(value))
    }

    fn label_values(&mut self, values: &[Option<String>]) -> Vec<String> {
        self.labels.iter_mut().zip(values).map(|(label, value)| label.value(value.as_deref())).collect()
    }

    fn count(&self, labels: &[String], verdict: Verdict, duration: Option<Duration>) {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let with_status: Vec<&str> = labels.iter().copied().chain([verdict.as_str()]).collect();
        self.counter.with(&with_status).inc();
        if let (Some(family), Some(duration)) = (&self.duration, duration) {
            family.with(&labels).observe(duration.as_secs_f64());
        }
    }

    fn sum(&self, labels: &[String], values: &[Option<String>]) {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let values = &values[self.labels.len()..];
        for ((family, sum), value) in self.sums.iter().zip(&self.config.sums).zip(values) {
            let number = value.as_ref().and_then(|value| value.parse::<f64>().ok());
            // A counter never falls.
            if let Some(number) = number.filter(|number| number.is_finite() && *number >= 0.0) {
                family.with(&labels).inc_by(number * sum.scale);
            }
        }
    }
}

/// Series that are known to come are there from 0 on.
fn touch(counter: &Family<IntCounter>, labels: &[Bounded]) {
    let Some(known) = labels.iter().map(Bounded::known).collect::<Option<Vec<_>>>() else { return };
    let mut all: Vec<Vec<&str>> = vec![Vec::new()];
    for values in known {
        let mut longer = Vec::new();
        for before in &all {
            longer
                .extend(values.iter().map(|value| before.iter().copied().chain([value.as_str()]).collect::<Vec<_>>()));
        }
        longer.truncate(TOUCHED);
        all = longer;
    }
    for values in all {
        for verdict in [Verdict::Success, Verdict::Failure] {
            let values: Vec<&str> = values.iter().copied().chain([verdict.as_str()]).collect();
            counter.with(&values);
        }
    }
}

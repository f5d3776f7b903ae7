//! A rule, an instant and a source in; series or active elements out.

use std::sync::Arc;

use super::{AlertingRule, RecordingRule, Text};
use crate::base::labels::NAME;
use crate::base::{Labels, Set};
use crate::promql::{Element, Error, Limits, Options, Query, Series, Value};

/// The label that holds an alert's name.
pub const ALERT_NAME: &str = "alertname";

/// What rules are evaluated with, beside instant and source.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The labels that mark this deployment.
    pub external_labels: &'a Labels,
    /// Where people reach us.
    pub external_url: &'a str,
    /// What a query of a template may cost, and how it reads.
    pub limits: Limits<'a>,
    /// How a query of a template reads its samples.
    pub options: Options,
}

/// One element of an alerting rule's result, and the alert it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Active {
    /// The alert's labels: the element's without its name, the rule's, and `alertname`. They are its identity.
    pub labels: Labels,
    /// The labels as the query gave them: what templates call `$labels`.
    pub element: Labels,
    /// The value as the query gave it.
    pub value: f64,
}

/// Why a rule has no result. Its alerts stay as they are.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// The query failed.
    #[error("{0}")]
    Query(#[from] Error),
    /// The query gives text, or a range of samples.
    #[error("rule result is not a vector or scalar")]
    NoVector,
    /// The rule's labels made two elements the same.
    #[error("vector contains metrics with the same labelset after applying {0} labels")]
    Duplicate(&'static str),
    /// The group has a limit, and this is beyond it.
    #[error("exceeded limit of {limit} with {found} {what}")]
    Limit {
        /// The group's limit.
        limit: usize,
        /// What there would have been.
        found: usize,
        /// Series or alerts.
        what: &'static str,
    },
}

impl RecordingRule {
    /// The series it makes at `now` (Unix milliseconds).
    pub fn eval(&self, now: i64, source: &dyn Series, context: &Context<'_>) -> Result<Vec<(Labels, f64)>, EvalError> {
        let found = vector(&self.query, now, source, context)?;
        let own = [(NAME, self.record.as_str())].into_iter();
        let own: Vec<(&str, &str)> = own.chain(self.labels.iter().map(|(name, value)| (&**name, &**value))).collect();
        let series: Vec<(Labels, f64)> = found
            .into_iter()
            .map(|element| (Labels::new(element.labels.iter().chain(own.iter().copied())), element.value))
            .collect();
        unique(series.iter().map(|(labels, _)| labels), "rule")?;
        within(self.limit, series.len(), "series")?;
        Ok(series)
    }
}

impl AlertingRule {
    /// What is active at `now` (Unix milliseconds).
    pub fn eval(&self, now: i64, source: &dyn Series, context: &Context<'_>) -> Result<Vec<Active>, EvalError> {
        let active = self.elements(&self.query, now, source, context)?;
        unique(active.iter().map(|active| &active.labels), "alert")?;
        within(self.limit, active.len(), "alerts")?;
        Ok(active)
    }

    /// The labels of the alerts that may resolve at `now`; `None` where the rule has no condition for that.
    pub fn cleared(
        &self,
        now: i64,
        source: &dyn Series,
        context: &Context<'_>,
    ) -> Result<Option<Set<Labels>>, EvalError> {
        let Some(clear) = &self.clear else { return Ok(None) };
        let elements = self.elements(clear, now, source, context)?;
        Ok(Some(elements.into_iter().map(|active| active.labels).collect()))
    }

    /// What is said of `active` at `now`. A text that cannot be rendered says why, so that the alert still goes out.
    pub fn annotations(
        &self,
        active: &Active,
        now: i64,
        source: &dyn Series,
        context: &Context<'_>,
    ) -> Vec<(String, String)> {
        let render = |(name, text): &(String, super::Text)| {
            let said = text.render(active, now, source, context);
            (name.clone(), said.unwrap_or_else(|error| format!("<error expanding template: {error}>")))
        };
        self.annotations.iter().map(render).collect()
    }

    fn elements(
        &self,
        query: &Query,
        now: i64,
        source: &dyn Series,
        context: &Context<'_>,
    ) -> Result<Vec<Active>, EvalError> {
        let found = vector(query, now, source, context)?;
        // What all of them have is the same text in memory. Without a value, the element's name goes.
        let plain =
            |text: &Text| if let Text::Plain(text) = text { Some(Arc::<str>::from(text.as_str())) } else { None };
        let own = self.labels.iter().map(|(name, text)| (Arc::<str>::from(name.as_str()), text, plain(text)));
        let own: Vec<_> = own.collect();
        let [no_name, nothing, alert_name, name] = [NAME, "", ALERT_NAME, &self.name].map(Arc::<str>::from);
        let active = |element: Element| {
            let mut active = Active { labels: Labels::empty(), element: element.labels, value: element.value };
            let render = |text: &Text| {
                let said = text.render(&active, now, source, context);
                said.unwrap_or_else(|error| format!("<error expanding template: {error}>")).into()
            };
            let own =
                own.iter().map(|(name, text, plain)| (name.clone(), plain.clone().unwrap_or_else(|| render(text))));
            let (first, last) = ((no_name.clone(), nothing.clone()), (alert_name.clone(), name.clone()));
            active.labels = active.element.with_all(std::iter::once(first).chain(own).chain([last]));
            active
        };
        Ok(found.into_iter().map(active).collect())
    }
}

fn vector(query: &Query, now: i64, source: &dyn Series, context: &Context<'_>) -> Result<Vec<Element>, EvalError> {
    match query.instant(source, now, &context.limits)?.value {
        Value::Vector(found) => Ok(found),
        Value::Scalar(value) => Ok(vec![Element { labels: Labels::empty(), value }]),
        Value::Matrix(_) | Value::String(_) => Err(EvalError::NoVector),
    }
}

fn unique<'a>(labels: impl ExactSizeIterator<Item = &'a Labels>, which: &'static str) -> Result<(), EvalError> {
    let mut seen = Set::with_capacity_and_hasher(labels.len(), Default::default());
    for one in labels {
        if !seen.insert(one) {
            return Err(EvalError::Duplicate(which));
        }
    }
    Ok(())
}

fn within(limit: usize, found: usize, what: &'static str) -> Result<(), EvalError> {
    if limit > 0 && found > limit { Err(EvalError::Limit { limit, found, what }) } else { Ok(()) }
}

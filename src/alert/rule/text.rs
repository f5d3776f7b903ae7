//! Labels and annotations, rendered when somebody reads them.

use super::{Active, Context};
use crate::alert::message::{Filling, Message};
use crate::alert::template::{Scope, Template, TemplateError};
use crate::base::Labels;
use crate::base::labels::NAME;
use crate::promql::{Query, Series, Value};

/// What a label or an annotation says.
#[derive(Clone, Debug)]
pub enum Text {
    /// The same for every alert.
    Plain(String),
    /// As in Prometheus' rule files.
    Template(Template),
    /// As in our own rules; the queries answer the signals that it names.
    Message {
        /// The text.
        message: Message,
        /// The condition's own number.
        threshold: Option<f64>,
        /// A signal's name and the query that reads it.
        signals: Vec<(String, Query)>,
    },
}

impl Text {
    /// As it was written.
    pub fn source(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Template(template) => template.text(),
            Self::Message { message, .. } => message.text(),
        }
    }

    /// What it says of `active` at `now` (Unix milliseconds).
    pub fn render(
        &self,
        active: &Active,
        now: i64,
        source: &dyn Series,
        context: &Context<'_>,
    ) -> Result<String, TemplateError> {
        match self {
            Self::Plain(text) => Ok(text.clone()),
            Self::Template(template) => template.render(&Scope {
                labels: &active.element,
                external_labels: context.external_labels,
                external_url: context.external_url,
                value: active.value,
                now,
                query: &|text| answer(text, now, source, context),
            }),
            Self::Message { message, threshold, signals } => Ok(message.render(|name| match name {
                "value" => Filling::Number(active.value),
                "threshold" => Filling::Number(threshold.unwrap_or(f64::NAN)),
                name => match signals.iter().find(|(known, _)| known == name) {
                    Some((_, query)) => Filling::Number(signal(query, active, now, source, context)),
                    None => {
                        let label = name.strip_prefix("labels.").unwrap_or(name);
                        Filling::Text(active.labels.get(label).to_owned())
                    }
                },
            })),
        }
    }
}

/// What `query` in a template answers. A template's author sees a query's error where the text should be.
fn answer(text: &str, now: i64, source: &dyn Series, context: &Context<'_>) -> Result<Vec<(Labels, f64)>, String> {
    let value = Query::parse(text)
        .and_then(|query| query.with_options(context.options).instant(source, now, &context.limits))
        .map_err(|error| error.to_string())?
        .value;
    match value {
        Value::Vector(found) => Ok(found.into_iter().map(|element| (element.labels, element.value)).collect()),
        Value::Scalar(value) => Ok(vec![(Labels::empty(), value)]),
        Value::Matrix(_) | Value::String(_) => Err("query result is not a vector or scalar".into()),
    }
}

/// The signal's value for this alert: that of the element whose labels are all the alert's too. A signal that is not there
/// is not a number.
fn signal(query: &Query, active: &Active, now: i64, source: &dyn Series, context: &Context<'_>) -> f64 {
    let answer = query.instant(source, now, &context.limits).map(|answer| answer.value);
    let Ok(Value::Vector(found)) = answer else { return f64::NAN };
    let fits = |labels: &Labels| labels.iter().all(|(name, value)| name == NAME || active.element.get(name) == value);
    found.iter().find(|element| fits(&element.labels)).map_or(f64::NAN, |element| element.value)
}

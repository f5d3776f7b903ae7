//! What was expected and what is there: in one order, so that they can be compared, and in promtool's words.

use std::fmt;

use crate::base::Labels;

/// Labels and annotations of alerts.
#[derive(Debug, PartialEq)]
pub(super) struct Alerts(Vec<(Labels, Labels)>);

impl Alerts {
    pub(super) fn new(alerts: impl Iterator<Item = (Labels, Labels)>) -> Self {
        let mut alerts: Vec<_> = alerts.collect();
        alerts.sort();
        Self(alerts)
    }
}

impl fmt::Display for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("[]");
        }
        f.write_str("[")?;
        for (at, (labels, annotations)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}\n            {at}:\n              Labels:{}", pairs(labels))?;
            write!(f, "\n              Annotations:{}", pairs(annotations))?;
        }
        f.write_str("\n            ]")
    }
}

/// Labels and values of series.
#[derive(Debug)]
pub(super) struct Samples(Vec<(Labels, f64)>);

impl Samples {
    pub(super) fn new(mut samples: Vec<(Labels, f64)>) -> Self {
        samples.sort_by(|a, b| a.0.cmp(&b.0));
        Self(samples)
    }

    /// Whether they are the same; `fuzzy` takes neighbouring floats for equal. As in promtool, what is not a number equals
    /// nothing.
    pub(super) fn equal(&self, other: &Self, fuzzy: bool) -> bool {
        let same = |a: f64, b: f64| a == b || (fuzzy && (a.next_up() == b || a.next_down() == b));
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nil");
        }
        for (at, (labels, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", pairs(labels), exponent(*value))?;
        }
        Ok(())
    }
}

/// All labels in braces, the metric's name like any other.
fn pairs(labels: &Labels) -> String {
    let all: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", all.join(", "))
}

/// `1.5E+02`
fn exponent(value: f64) -> String {
    if !value.is_finite() {
        return crate::base::number::shortest(value);
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, power)) => match power.strip_prefix('-') {
            Some(power) => format!("{digits}E-{power:0>2}"),
            None => format!("{digits}E+{power:0>2}"),
        },
        None => text,
    }
}

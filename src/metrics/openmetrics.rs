//! OpenMetrics 1.0 text, with exemplars: what a scrape gets that asks for it. Numbers, bounds of buckets among them, are written as
//! in the older format, so that a series keeps its name whichever is asked for.

use crate::base::number::shortest;
use prometheus::proto::{Metric, MetricFamily, MetricType};
use std::fmt::{self, Write};

/// The media type.
pub const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// An example of what a bucket counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// 32 hex digits.
    pub trace_id: String,
    /// What was observed, in the unit of the family.
    pub value: f64,
    /// When, Unix time in seconds.
    pub at: f64,
}

/// Writes `families`. `example` gives the last exemplar of a metric of the family of that name, where there is one.
pub fn write<'a>(families: &[MetricFamily], example: impl Fn(&str, &Metric) -> Option<&'a Exemplar>) -> String {
    let mut text = String::new();
    for family in families {
        // Writing to a String cannot fail.
        let _ = write_family(&mut text, family, &example);
    }
    text.push_str("# EOF\n");
    text
}

fn write_family<'a>(
    text: &mut String,
    family: &MetricFamily,
    example: impl Fn(&str, &Metric) -> Option<&'a Exemplar>,
) -> fmt::Result {
    let full = family.name();
    let counter = full.strip_suffix("_total");
    // A counter by another name is none to OpenMetrics.
    let (name, kind) = match (family.get_field_type(), counter) {
        (MetricType::COUNTER, Some(name)) => (name, "counter"),
        (MetricType::GAUGE, _) => (full, "gauge"),
        (MetricType::HISTOGRAM, _) => (full, "histogram"),
        (MetricType::SUMMARY, _) => (full, "summary"),
        _ => (full, "unknown"),
    };
    writeln!(text, "# TYPE {name} {kind}")?;
    if !family.help().is_empty() {
        writeln!(text, "# HELP {name} {}", escaped(family.help()))?;
    }
    for metric in family.get_metric() {
        match family.get_field_type() {
            MetricType::COUNTER => sample(text, full, metric, None, metric.get_counter().get_value())?,
            MetricType::GAUGE => sample(text, full, metric, None, metric.get_gauge().get_value())?,
            MetricType::HISTOGRAM => histogram(text, full, metric, example(full, metric))?,
            MetricType::SUMMARY => {
                let summary = metric.get_summary();
                for quantile in summary.get_quantile() {
                    sample(text, full, metric, Some(("quantile", quantile.quantile())), quantile.value())?;
                }
                sample(text, &format!("{full}_sum"), metric, None, summary.sample_sum())?;
                sample(text, &format!("{full}_count"), metric, None, summary.sample_count() as f64)?;
            }
            MetricType::UNTYPED => {}
        }
    }
    Ok(())
}

/// The exemplar stands behind the bucket that its value is in.
fn histogram(text: &mut String, name: &str, metric: &Metric, exemplar: Option<&Exemplar>) -> fmt::Result {
    let histogram = metric.get_histogram();
    let finite = histogram.get_bucket().iter().filter(|bucket| bucket.upper_bound().is_finite());
    let all = finite.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()));
    let (bucket, mut below) = (format!("{name}_bucket"), f64::NEG_INFINITY);
    for (bound, count) in all.chain([(f64::INFINITY, histogram.get_sample_count())]) {
        sample(text, &bucket, metric, Some(("le", bound)), count as f64)?;
        if let Some(Exemplar { trace_id, value, at }) = exemplar.filter(|one| below < one.value && one.value <= bound) {
            text.pop();
            writeln!(text, " # {{trace_id=\"{trace_id}\"}} {value} {at:.3}")?;
        }
        below = bound;
    }
    sample(text, &format!("{name}_sum"), metric, None, histogram.get_sample_sum())?;
    sample(text, &format!("{name}_count"), metric, None, histogram.get_sample_count() as f64)
}

fn sample(text: &mut String, name: &str, metric: &Metric, extra: Option<(&str, f64)>, value: f64) -> fmt::Result {
    text.push_str(name);
    let own = metric.get_label().iter().map(|pair| (pair.name(), escaped(pair.value())));
    let extra = extra.map(|(label, bound)| (label, shortest(bound)));
    let mut open = '{';
    for (label, value) in own.chain(extra) {
        write!(text, "{open}{label}=\"{value}\"")?;
        open = ',';
    }
    if open == ',' {
        text.push('}');
    }
    writeln!(text, " {}", shortest(value))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Family, Histogram, IntCounter, IntGauge, Registry};

    #[test]
    fn families_are_written_as_openmetrics_has_them() {
        let registry = Registry::new();
        let counter: Family<IntCounter> = Family::register(&registry, "a_total", "A \"b\".", &["x"]);
        counter.with(&["1\n\"2\""]).inc();
        let histogram: Family<Histogram> = Family::with_buckets(&registry, "h_seconds", "H.", &[], &[0.1, 1.0]);
        histogram.with(&[]).observe(0.5);
        let gauge: Family<IntGauge> = Family::register(&registry, "z", "Z.", &[]);
        gauge.with(&[]).set(-3);
        let exemplar = Exemplar { trace_id: "ab".repeat(16), value: 0.5, at: 12.5 };
        let text = write(&registry.gather(), |name, _| (name == "h_seconds").then_some(&exemplar));
        let want = format!(
            "# TYPE a counter\n# HELP a A \\\"b\\\".\na_total{{x=\"1\\n\\\"2\\\"\"}} 1\n\
             # TYPE h_seconds histogram\n# HELP h_seconds H.\nh_seconds_bucket{{le=\"0.1\"}} 0\n\
             h_seconds_bucket{{le=\"1\"}} 1 # {{trace_id=\"{}\"}} 0.5 12.500\nh_seconds_bucket{{le=\"+Inf\"}} 1\n\
             h_seconds_sum 0.5\nh_seconds_count 1\n# TYPE z gauge\n# HELP z Z.\nz -3\n# EOF\n",
            "ab".repeat(16)
        );
        assert_eq!(text, want);
    }
}

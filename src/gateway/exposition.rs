//! A text of metrics, Prometheus' exposition format (0.0.4) or OpenMetrics, into families. What a bystander can append to
//! his own is kept: values, types and help; times of samples and exemplars are not.

use crate::promql::notation::parse_labels;
use crate::promql::number::parse_number;
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType, Quantile, Summary,
};
use std::collections::BTreeMap;

/// What a text cannot be read for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ExpositionError {
    line: usize,
    message: String,
}

/// A family as it is put together.
struct Open {
    kind: MetricType,
    help: String,
    /// By labels, without `le` and `quantile`.
    metrics: BTreeMap<Vec<(String, String)>, Parts>,
}

/// The samples of one metric.
#[derive(Default)]
struct Parts {
    value: f64,
    sum: f64,
    count: u64,
    /// By bound, or by quantile.
    by_bound: Vec<(f64, f64)>,
}

/// All families of `text`, in the order of their names, with no more than `limit` samples; how many were left out.
pub fn read(text: &str, limit: usize) -> Result<(Vec<MetricFamily>, usize), ExpositionError> {
    let is_open_metrics = text.trim_end().ends_with("# EOF");
    let mut families: BTreeMap<String, Open> = BTreeMap::new();
    let (mut samples, mut left_out) = (0, 0);
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let fault = |message: String| ExpositionError { line: at + 1, message };
        if let Some(comment) = line.strip_prefix('#') {
            describe(comment.trim_start(), is_open_metrics, &mut families);
            continue;
        }
        if line.is_empty() {
            continue;
        }
        samples += 1;
        if samples > limit {
            left_out += 1;
            continue;
        }
        let (labels, value) = sample(line).map_err(fault)?;
        let Some(name) = labels.iter().find(|(name, _)| name == "__name__").map(|(_, value)| value.clone()) else {
            return Err(fault("it has no name".to_owned()));
        };
        add(&mut families, &name, labels, value);
    }
    let finished = families.into_iter().filter(|(_, open)| !open.metrics.is_empty());
    Ok((finished.map(|(name, open)| finish(name, open)).collect(), left_out))
}

fn describe(comment: &str, is_open_metrics: bool, families: &mut BTreeMap<String, Open>) {
    let mut words = comment.splitn(3, ' ');
    let (Some(what @ ("TYPE" | "HELP")), Some(name)) = (words.next(), words.next()) else { return };
    let rest = words.next().unwrap_or_default().trim();
    let named = |suffix: &str| format!("{}{suffix}", name.strip_suffix(suffix).unwrap_or(name));
    if what == "TYPE" {
        let kind = kind(rest);
        // OpenMetrics names a counter without its suffix; the help may have come before, under that name.
        let full = if is_open_metrics && kind == MetricType::COUNTER { named("_total") } else { name.to_owned() };
        let before = if full == name { None } else { families.remove(name) };
        let help = before.map(|open| open.help).unwrap_or_default();
        let open = families.entry(full).or_insert_with(|| Open { kind, help, metrics: BTreeMap::new() });
        open.kind = kind;
        return;
    }
    let known = [name.to_owned(), named("_total")].into_iter().find(|name| families.contains_key(name));
    let open = families.entry(known.unwrap_or_else(|| name.to_owned()));
    open.or_insert_with(|| Open { kind: MetricType::GAUGE, help: String::new(), metrics: BTreeMap::new() }).help =
        rest.replace("\\n", "\n").replace("\\\\", "\\");
}

/// A type that is not known, or says nothing, is that of a value that goes up and down.
fn kind(word: &str) -> MetricType {
    match word {
        "counter" => MetricType::COUNTER,
        "histogram" => MetricType::HISTOGRAM,
        "summary" => MetricType::SUMMARY,
        _ => MetricType::GAUGE,
    }
}

/// The labels of a line, its name among them, and its value.
fn sample(line: &str) -> Result<(Vec<(String, String)>, f64), String> {
    let end = match line.find(['{', ' ', '\t']) {
        Some(at) if line[at..].starts_with('{') => end_of_labels(line, at).ok_or("its labels have no end")?,
        Some(at) => at,
        None => return Err("it has no value".to_owned()),
    };
    let labels = parse_labels(&line[..end]).map_err(|error| error.to_string())?;
    let word = line[end..].split_ascii_whitespace().next().ok_or("it has no value")?;
    let value = parse_number(word).ok_or_else(|| format!("its value is no number: {word:?}"))?;
    Ok((labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(), value))
}

/// Behind the brace that ends what begins at `open`.
fn end_of_labels(line: &str, open: usize) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    let end = line[open..].char_indices().find(|(_, c)| match c {
        _ if escaped => {
            escaped = false;
            false
        }
        '\\' => {
            escaped = true;
            false
        }
        '"' => {
            quoted = !quoted;
            false
        }
        '}' => !quoted,
        _ => false,
    });
    end.map(|(at, _)| open + at + 1)
}

fn add(families: &mut BTreeMap<String, Open>, name: &str, labels: Vec<(String, String)>, value: f64) {
    // A sample belongs to the family that its name begins with, if that has such samples.
    let part = ["_bucket", "_sum", "_count"].into_iter().find_map(|suffix| {
        let family = name.strip_suffix(suffix)?;
        let kind = families.get(family)?.kind;
        let has = kind == MetricType::HISTOGRAM || (kind == MetricType::SUMMARY && suffix != "_bucket");
        has.then_some((family.to_owned(), suffix))
    });
    // When a counter was made is of no use to us.
    let is_created = name.strip_suffix("_created").is_some_and(|family| {
        [family.to_owned(), format!("{family}_total")]
            .iter()
            .any(|known| families.get(known).is_some_and(|open| open.kind != MetricType::GAUGE))
    });
    if is_created {
        return;
    }
    let (family, part) = part.unwrap_or_else(|| (name.to_owned(), ""));
    let bound = |label: &str| labels.iter().find(|(name, _)| name == label).and_then(|(_, value)| parse_number(value));
    let bound = bound("le").or_else(|| bound("quantile"));
    let is_family = |name: &str| name == "__name__" || (bound.is_some() && matches!(name, "le" | "quantile"));
    let open = families.entry(family);
    let open = open.or_insert_with(|| Open { kind: MetricType::GAUGE, help: String::new(), metrics: BTreeMap::new() });
    let plain = matches!(open.kind, MetricType::COUNTER | MetricType::GAUGE);
    let own: Vec<_> =
        labels.iter().filter(|(name, _)| if plain { name != "__name__" } else { !is_family(name) }).cloned().collect();
    let parts = open.metrics.entry(own).or_default();
    match (part, bound) {
        ("_sum", _) => parts.sum = value,
        ("_count", _) => parts.count = value.max(0.0) as u64,
        ("_bucket", Some(bound)) => parts.by_bound.push((bound, value)),
        ("", Some(bound)) if !plain => parts.by_bound.push((bound, value)),
        _ => parts.value = value,
    }
}

fn finish(name: String, open: Open) -> MetricFamily {
    let metrics = open.metrics.into_iter().map(|(labels, mut parts)| {
        let mut metric = Metric::from_label(labels.into_iter().map(|(name, value)| pair(name, value)).collect());
        parts.by_bound.sort_by(|one, two| one.0.total_cmp(&two.0));
        match open.kind {
            MetricType::COUNTER => {
                let mut counter = Counter::default();
                counter.set_value(parts.value);
                metric.set_counter(counter);
            }
            MetricType::HISTOGRAM => metric.set_histogram(histogram(&parts)),
            MetricType::SUMMARY => metric.set_summary(summary(&parts)),
            _ => {
                let mut gauge = Gauge::default();
                gauge.set_value(parts.value);
                metric.set_gauge(gauge);
            }
        }
        metric
    });
    let metrics = metrics.collect();
    let mut family = MetricFamily::default();
    family.set_name(name);
    family.set_help(open.help);
    family.set_field_type(open.kind);
    family.set_metric(metrics);
    family
}

fn pair(name: String, value: String) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name);
    pair.set_value(value);
    pair
}

fn histogram(parts: &Parts) -> Histogram {
    let mut histogram = Histogram::default();
    histogram.set_sample_sum(parts.sum);
    histogram.set_sample_count(parts.count);
    // That of all samples is the count.
    let finite = parts.by_bound.iter().filter(|(bound, _)| bound.is_finite());
    let buckets = finite.map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(count.max(0.0) as u64);
        bucket
    });
    histogram.set_bucket(buckets.collect());
    histogram
}

fn summary(parts: &Parts) -> Summary {
    let mut summary = Summary::default();
    summary.set_sample_sum(parts.sum);
    summary.set_sample_count(parts.count);
    let quantiles = parts.by_bound.iter().map(|(at, value)| {
        let mut quantile = Quantile::default();
        quantile.set_quantile(*at);
        quantile.set_value(*value);
        quantile
    });
    summary.set_quantile(quantiles.collect());
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> String {
        let (families, _) = read(text, 1000).unwrap();
        prometheus::TextEncoder::new().encode_to_string(&families).unwrap()
    }

    #[test]
    fn what_is_read_is_written_as_it_was() {
        let text = "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 3\n\
                    # HELP h H \"x\".\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1.5\nh_count 2\n\
                    # TYPE s summary\ns{quantile=\"0.5\"} 0.25\ns_sum 4\ns_count 8\n";
        assert_eq!(again(text), text);
    }

    #[test]
    fn openmetrics_and_untyped_samples_are_read() {
        let text = "# TYPE gc counter\n# HELP gc Collections.\ngc_total{generation=\"0\"} 7 # {trace_id=\"a\"} 1\ngc_created 1.5e9\n\
                    # TYPE up unknown\nup 1 1700000000\n# EOF\n";
        let want = "# HELP gc_total Collections.\n# TYPE gc_total counter\ngc_total{generation=\"0\"} 7\n\
                    # TYPE up gauge\nup 1\n";
        assert_eq!(again(text), want);
        assert_eq!(again("x{a=\"}\\\"\"} NaN\n").lines().last(), Some("x{a=\"}\\\"\"} NaN"));
    }

    #[test]
    fn what_cannot_be_read_names_its_line() {
        for (text, message) in [
            ("a 1\nb\n", "line 2: it has no value"),
            ("a x\n", "line 1: its value is no number: \"x\""),
            ("a{b=\"c\n", "line 1: its labels have no end"),
        ] {
            assert_eq!(read(text, 10).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn no_more_samples_than_there_may_be() {
        let text: String = (0..100).map(|at| format!("a{{x=\"{at}\"}} 1\n")).collect();
        let (families, left_out) = read(&text, 10).unwrap();
        assert_eq!((families[0].get_metric().len(), left_out), (10, 90));
    }
}

//! Samples out of a registry's families, named as a scrape of the exposition would name them.

use prometheus::proto::{Metric, MetricFamily, MetricType};

use crate::base::Labels;
use crate::base::labels::NAME;
use crate::base::number::shortest;

/// Every sample of `families`: counters and gauges as they are; a histogram as its `_bucket` series up to `le="+Inf"`, `_sum`
/// and `_count`; a summary as its quantiles, `_sum` and `_count`.
pub fn samples(families: &[MetricFamily]) -> impl Iterator<Item = (Labels, f64)> {
    families.iter().flat_map(|family| {
        family.get_metric().iter().flat_map(move |metric| {
            let mut samples = Vec::new();
            of_metric(family, metric, &mut samples);
            samples
        })
    })
}

fn of_metric(family: &MetricFamily, metric: &Metric, samples: &mut Vec<(Labels, f64)>) {
    let mut put = |suffix: &str, extra: Option<(&str, f64)>, v: f64| {
        let name = [(NAME.to_owned(), format!("{}{suffix}", family.name()))];
        let own = metric.get_label().iter().map(|pair| (pair.name().to_owned(), pair.value().to_owned()));
        let extra = extra.map(|(label, bound)| (label.to_owned(), shortest(bound)));
        samples.push((Labels::new(name.into_iter().chain(own).chain(extra)), v));
    };
    match family.get_field_type() {
        MetricType::COUNTER => put("", None, metric.get_counter().get_value()),
        MetricType::GAUGE => put("", None, metric.get_gauge().get_value()),
        MetricType::HISTOGRAM => {
            let histogram = metric.get_histogram();
            let total = histogram.get_sample_count() as f64;
            let finite = histogram.get_bucket().iter().filter(|bucket| bucket.upper_bound() != f64::INFINITY);
            finite.for_each(|bucket| {
                put("_bucket", Some(("le", bucket.upper_bound())), bucket.cumulative_count() as f64)
            });
            put("_bucket", Some(("le", f64::INFINITY)), total);
            put("_sum", None, histogram.get_sample_sum());
            put("_count", None, total);
        }
        MetricType::SUMMARY => {
            let summary = metric.get_summary();
            let quantiles = summary.get_quantile().iter();
            quantiles.for_each(|quantile| put("", Some(("quantile", quantile.quantile())), quantile.value()));
            put("_sum", None, summary.sample_sum());
            put("_count", None, summary.sample_count() as f64);
        }
        // The crate has no way to give one a value.
        MetricType::UNTYPED => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::{Gauge, HistogramOpts, HistogramVec, Registry};

    #[test]
    fn a_registry_gives_the_series_of_its_exposition() {
        let registry = Registry::new();
        let gauge = Gauge::new("up", "Up.").unwrap();
        gauge.set(1.0);
        let sizes =
            HistogramVec::new(HistogramOpts::new("size_bytes", "Sizes.").buckets(vec![0.5, 1e6]), &["method"]).unwrap();
        registry.register(Box::new(gauge)).unwrap();
        registry.register(Box::new(sizes.clone())).unwrap();
        sizes.with_label_values(&["GET"]).observe(2.0);
        sizes.with_label_values(&["GET"]).observe(2e6);
        let found: Vec<String> =
            samples(&registry.gather()).map(|(labels, v)| format!("{labels} {}", shortest(v))).collect();
        let want = [
            r#"size_bytes_bucket{le="0.5", method="GET"} 0"#,
            r#"size_bytes_bucket{le="1e+06", method="GET"} 1"#,
            r#"size_bytes_bucket{le="+Inf", method="GET"} 2"#,
            r#"size_bytes_sum{method="GET"} 2.000002e+06"#,
            r#"size_bytes_count{method="GET"} 2"#,
            "up 1",
        ];
        assert_eq!(found, want);
    }
}

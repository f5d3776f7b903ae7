//! Prometheus text, read: series by their name and labels, labels in order of name.

use std::collections::BTreeMap;

/// Every sample of one scrape; the key is `name{a="1",b="2"}`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exposition(BTreeMap<String, f64>);

impl Exposition {
    /// Reads the text format. Comments are left to `promtool`.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(sample).collect())
    }

    /// One series' value, written as its users write it; `None` when it is not exported.
    pub fn get(&self, series: &str) -> Option<f64> {
        self.0.get(&series_key(series)).copied()
    }

    /// All series of a family that are not zero.
    pub fn moved(&self, family: &str) -> BTreeMap<String, f64> {
        let of_family = |key: &str| key.split('{').next() == Some(family);
        self.0.iter().filter(|(key, value)| of_family(key) && **value != 0.0).map(|(k, v)| (k.clone(), *v)).collect()
    }

    /// The sum over a family.
    pub fn sum(&self, family: &str) -> f64 {
        self.moved(family).values().sum()
    }
}

/// `name{b="2",a="1"} 3` as a key with its labels in order, and its value.
#[track_caller]
pub fn sample(line: &str) -> (String, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
    let value = value.parse().unwrap_or_else(|_| panic!("no value: {line}"));
    (series_key(series), value)
}

fn series_key(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else { return series.to_owned() };
    let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("labels without an end: {series}"));
    // A label of ours holds neither a comma nor a quote; one that did would be a finding.
    let mut labels: Vec<&str> = labels.split(',').filter(|label| !label.is_empty()).collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

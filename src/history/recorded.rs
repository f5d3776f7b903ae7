//! Samples with their times out of a text: OpenMetrics, as `promtool tsdb create-blocks-from openmetrics` reads it, or
//! Prometheus' exposition format with times.
//!
//! A text that ends in `# EOF` is OpenMetrics, and its times are Unix seconds; in the other format they are milliseconds. A
//! series may have any number of samples, in any order. What the samples' families are called and what type they have is of
//! no interest here, and neither are exemplars.

use crate::promql::Memory;
use crate::promql::notation::parse_labels;
use crate::promql::number::parse_number;
use crate::promql::series::Sample;

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RecordedError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// All samples of `text`.
pub fn read(text: &str) -> Result<Memory, RecordedError> {
    let millis_per_unit = if text.trim_end().ends_with("# EOF") { 1_000.0 } else { 1.0 };
    let mut memory = Memory::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
        let fault = |message: String| RecordedError { line: at + 1, message };
        let end = metric_end(line).ok_or_else(|| fault("the labels have no end".into()))?;
        let labels = parse_labels(&line[..end]).map_err(|error| fault(error.to_string()))?;
        let rest = line[end..].split(" # ").next().unwrap_or_default();
        let mut words = rest.split_ascii_whitespace();
        let mut number = |what: &str| {
            let word = words.next().ok_or_else(|| fault(format!("it has no {what}")))?;
            parse_number(word).ok_or_else(|| fault(format!("its {what} is no number: {word:?}")))
        };
        let v = number("value")?;
        let time = number("time")?;
        if let Some(more) = words.next() {
            return Err(fault(format!("{more:?} stands behind its time")));
        }
        memory.append(labels, [Sample { t: (time * millis_per_unit).round() as i64, v }]);
    }
    Ok(memory)
}

/// Where the metric ends: behind its braces, or before the first space.
fn metric_end(line: &str) -> Option<usize> {
    let open = line.find(['{', ' ', '\t'])?;
    if !line[open..].starts_with('{') {
        return Some(open);
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(text: &str) -> Vec<(String, i64, f64)> {
        let memory = read(text).unwrap();
        let one = |series: &crate::promql::series::SeriesData| {
            let name = series.labels.to_string();
            series.samples.iter().map(move |sample| (name.clone(), sample.t, sample.v)).collect::<Vec<_>>()
        };
        memory.series().iter().flat_map(one).collect()
    }

    #[test]
    fn openmetrics_counts_seconds_and_the_exposition_milliseconds() {
        let lines = "# TYPE a counter\na_total{x=\"} \\\"#\"} 1 1700000000.5 # {trace_id=\"x\"} 1\na_total{x=\"} \\\"#\"} 2 1700000010\n";
        let name = r##"a_total{x="} \"#"}"##.to_owned();
        let want = [(name.clone(), 1_700_000_000_500, 1.0), (name, 1_700_000_010_000, 2.0)];
        assert_eq!(samples(&format!("{lines}# EOF\n")), want);
        assert_eq!(
            samples("up 1 1700000000500\n\nup 0 1699999999000"),
            [("up".to_owned(), 1_699_999_999_000, 0.0), ("up".to_owned(), 1_700_000_000_500, 1.0)]
        );
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let error = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(error("up 1 1\nup 1"), "line 2: it has no time");
        assert_eq!(error("up"), "line 1: the labels have no end");
        assert_eq!(error("up{a=\"b 1 1"), "line 1: the labels have no end");
        assert_eq!(error("up x 1"), "line 1: its value is no number: \"x\"");
        assert_eq!(error("up 1 1 1"), "line 1: \"1\" stands behind its time");
        assert!(error("up{1=2} 1 1").starts_with("line 1: 1:"));
    }
}

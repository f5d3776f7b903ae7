//! The gateway's own metrics, scraped now and then and appended to ours. Whoever looks at ours gets what was scraped last: a slow
//! target delays nobody.

use super::exposition;
use super::fetch::Fetcher;
use crate::config::metrics::Merge;
use crate::metrics::GatewayMetrics;
use arc_swap::ArcSwap;
use prometheus::proto::MetricFamily;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of an exposition, at most.
const LIMIT: usize = 16 << 20;
/// Scrapes that a target may miss before what it told last is too old.
const MISSED: u32 = 3;
/// What we can read.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.9,*/*;q=0.1";

/// What targets told last. Cloning gives another handle to the same.
#[derive(Clone, Default)]
pub struct Merged(Arc<ArcSwap<Vec<Told>>>);

/// What one target told.
#[derive(Clone)]
struct Told {
    target: Merge,
    at: Instant,
    families: Arc<Vec<MetricFamily>>,
}

/// Scrapes the targets, each at its time.
pub struct Scraper {
    fetcher: Fetcher,
    merged: Merged,
    metrics: GatewayMetrics,
    /// When each target is due, by name.
    due: Vec<(Merge, Instant)>,
}

impl Merged {
    /// Appends to `ours` what is not too old at `now`. A family whose name is there already is renamed: its target's name is put
    /// before it.
    pub fn append(&self, now: Instant, ours: &mut Vec<MetricFamily>) {
        let told = self.0.load();
        if told.is_empty() {
            return;
        }
        let mut names: HashSet<String> = ours.iter().map(|family| family.name().to_owned()).collect();
        for told in told.iter().filter(|told| now.duration_since(told.at) <= told.target.interval * MISSED) {
            for family in told.families.iter() {
                let mut family = family.clone();
                if names.contains(family.name()) {
                    family.set_name(format!("{}_{}", prefix(&told.target.name), family.name()));
                }
                if names.insert(family.name().to_owned()) {
                    ours.push(family);
                }
            }
        }
        ours.sort_by(|one, two| one.name().cmp(two.name()));
    }
}

/// A target's name as metric names begin.
fn prefix(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_digit()) { format!("_{plain}") } else { plain }
}

impl Scraper {
    /// Without targets yet.
    pub fn new(merged: Merged, metrics: GatewayMetrics) -> Self {
        let fetcher = Fetcher::new(|builder| builder.no_proxy());
        Self { fetcher, merged, metrics, due: Vec::new() }
    }

    /// From now on these targets; those that stay keep their time.
    pub fn follow(&mut self, targets: &[Merge], now: Instant) {
        let old = std::mem::take(&mut self.due);
        let at = |target: &Merge| old.iter().find(|(known, _)| known == target).map_or(now, |(_, at)| *at);
        self.due = targets.iter().map(|target| (target.clone(), at(target))).collect();
        for (gone, _) in old.iter().filter(|(old, _)| !targets.iter().any(|target| target.name == old.name)) {
            self.metrics.merge_up(&gone.name, None);
        }
        let told = self.merged.0.load();
        self.merged.0.store(Arc::new(told.iter().filter(|told| targets.contains(&told.target)).cloned().collect()));
    }

    /// When the next target is due.
    pub fn next(&self) -> Option<Instant> {
        self.due.iter().map(|(_, at)| *at).min()
    }

    /// Scrapes what is due, all at once; `limit` samples of each are kept.
    pub async fn scrape(&mut self, now: Instant, limit: usize) {
        let due: Vec<Merge> = self.due.iter().filter(|(_, at)| *at <= now).map(|(target, _)| target.clone()).collect();
        for (target, at) in &mut self.due {
            if *at <= now {
                *at = now + target.interval;
            }
        }
        let fetcher = &self.fetcher;
        let scrapes = due.into_iter().map(|target| async move {
            let text = fetcher.text(target.url.as_str(), ACCEPT, LIMIT);
            let result = tokio::time::timeout(target.timeout, text).await;
            (target, result.unwrap_or_else(|_| Err("it took too long".to_owned())))
        });
        for (target, result) in futures_util::future::join_all(scrapes).await {
            let read = result.and_then(|text| exposition::read(&text, limit).map_err(|error| error.to_string()));
            self.metrics.merge_up(&target.name, Some(read.is_ok()));
            match read {
                Ok((families, left_out)) => {
                    if left_out > 0 {
                        tracing::warn!(target = %target.name, left_out, "samples beyond metrics.series_limit are not merged");
                    }
                    self.keep(Told { target, at: Instant::now(), families: Arc::new(families) });
                }
                Err(error) => tracing::debug!(target = %target.name, error, "metrics could not be merged"),
            }
        }
    }

    fn keep(&self, new: Told) {
        let told = self.merged.0.load();
        let others = told.iter().filter(|told| told.target.name != new.target.name).cloned();
        self.merged.0.store(Arc::new(others.chain([new.clone()]).collect()));
    }
}

/// A pause between two looks where nothing is due.
pub const IDLE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Config};
    use std::path::Path;

    fn targets() -> Vec<Merge> {
        let yaml = "metrics: { merge: [ { url: \"http://127.0.0.1:1/metrics\", name: gate-way, interval: 1s } ] }";
        let config: Config = config::parse(yaml, Path::new(""), &|_| None).unwrap();
        config.metrics.merge
    }

    fn told(text: &str, at: Instant) -> Told {
        let families = Arc::new(exposition::read(text, 100).unwrap().0);
        Told { target: targets().remove(0), at, families }
    }

    fn names(merged: &Merged, now: Instant) -> Vec<String> {
        let mut ours = exposition::read("a_total 1\nz 1\n", 100).unwrap().0;
        merged.append(now, &mut ours);
        ours.iter().map(|family| family.name().to_owned()).collect()
    }

    #[test]
    fn a_name_that_is_taken_gets_the_targets_before_it() {
        let (merged, now) = (Merged::default(), Instant::now());
        merged.0.store(Arc::new(vec![told("a_total 2\nb 3\n", now)]));
        assert_eq!(names(&merged, now), ["a_total", "b", "gate_way_a_total", "z"]);
    }

    #[test]
    fn what_is_too_old_is_not_told() {
        let (merged, now) = (Merged::default(), Instant::now());
        merged.0.store(Arc::new(vec![told("b 3\n", now)]));
        assert_eq!(names(&merged, now + Duration::from_secs(3)), ["a_total", "b", "z"]);
        assert_eq!(names(&merged, now + Duration::from_secs(4)), ["a_total", "z"]);
    }

    #[tokio::test]
    async fn a_target_that_is_not_there_is_down_and_goes_with_its_line() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let registry = crate::metrics::Registry::new();
        let mut scraper = Scraper::new(Merged::default(), GatewayMetrics::register(&registry));
        let now = Instant::now();
        scraper.follow(&targets(), now);
        scraper.scrape(now, 100).await;
        assert_eq!(scraper.next(), Some(now + Duration::from_secs(1)));
        let text = || prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        assert!(text().contains("outrider_merge_up{target=\"gate-way\"} 0"), "{}", text());
        scraper.follow(&[], now);
        assert!(!text().contains("outrider_merge_up"), "{}", text());
    }
}

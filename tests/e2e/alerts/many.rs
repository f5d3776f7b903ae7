//! Ten thousand alerts at once: told as one, and read in pages.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use outrider::base::Labels;
use outrider::history::{History, HistoryMetrics, Limits};

use super::receiver::Receiver;
use super::{alerts, json, yaml};
use crate::harness::road::Road;
use crate::harness::wait;

const ALERTS: usize = 10_000;

#[test]
fn ten_thousand_alerts_are_told_at_once_and_read_in_pages() {
    let (folder, receiver) = (tempfile::tempdir().expect("a temporary folder"), Receiver::start());
    // What an earlier run has seen: as many series, a moment ago.
    let history =
        History::new(Limits::default(), HistoryMetrics::register(&outrider::metrics::Registry::new()).expect("new"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    let series = (0..ALERTS).map(|at| (Labels::new([("__name__", "errors"), ("of", &*at.to_string())]), 9.0));
    history.sample("gateway", now, series);
    history.save(&folder.path().join("history")).expect("written");
    let lines = format!(
        "rules: [{{ name: errors, condition: 'errors > 5', message: '{{labels.of}}' }}]\n\
         channels: {{ ops: {{ webhook: {{ url: '{}' }} }} }}",
        receiver.url()
    );
    let config = folder.path().join("agent.yaml");
    let text = yaml(&folder.path().join("state"), &lines) + "history: { path: history }\n";
    std::fs::write(&config, text).expect("written");
    let road = Road::run(folder, config);

    let told = receiver.wait_for("all of them", |_| true);
    assert_eq!(told["alerts"].as_array().map(Vec::len), Some(ALERTS));
    wait::until("all of them at the admin port", || {
        (json(&road, "/api/v1/alerts?limit=1")["total_count"] == ALERTS).then_some(())
    });
    let mut seen = BTreeSet::new();
    for offset in (0..ALERTS).step_by(1_000) {
        let page = json(&road, &format!("/api/v1/alerts?offset={offset}"));
        assert_eq!((page["alerts"].as_array().map(Vec::len), &page["total_count"]), (Some(1_000), &ALERTS.into()));
        let page = page["alerts"].as_array().expect("counted").iter();
        seen.extend(page.map(|alert| alert["fingerprint"].as_str().expect("a text").to_owned()));
    }
    assert_eq!(seen.len(), ALERTS, "no alert is on two pages, none on no page");
    assert_eq!(json(&road, &format!("/api/v1/alerts?offset={ALERTS}"))["alerts"], serde_json::json!([]));
    assert_eq!(json(&road, "/api/v1/alerts?limit=10001")["status"], 400);
    let past = json(&road, "/api/v1/alerts/history?limit=10000");
    assert_eq!((past["timeline"].as_array().map(Vec::len), &past["total_count"]), (Some(ALERTS), &ALERTS.into()));
    let (_, said) = alerts(&road, &["list"]);
    assert!(said.ends_with("… and 9000 more\n"), "{}", said.len());
}

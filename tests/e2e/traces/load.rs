//! A full load with a span for every request: each is sent, or counted as dropped; requests do not notice.

use super::collector::Rotel;
use super::{ask, flush, load, road};
use crate::harness::gateway::Gateway;
use crate::harness::road::Road;
use crate::harness::wait;

const REQUESTS: u32 = 10_000;

/// Spans made; sent, dropped, failed.
fn counts(road: &Road) -> (f64, [f64; 3]) {
    let metrics = road.metrics();
    assert_eq!(metrics.sum("outrider_records_dropped_total"), 0.0, "the observe thread keeps up");
    let result = |result: &str| {
        let series = format!("outrider_spans_exported_total{{exporter=\"otlp\",result=\"{result}\"}}");
        metrics.get(&series).expect("the exporter is counted")
    };
    (metrics.sum("outrider_spans_total"), ["sent", "dropped", "failed"].map(result))
}

#[test]
fn nothing_is_lost_while_the_queue_has_room() {
    let (rotel, gateway) = (Rotel::start("basic"), Gateway::start());
    let exporter = format!("otlp: {{ endpoint: 'http://{}', queue: 1000000 }}", rotel.grpc);
    let road = road(gateway.address, &format!("max_spans_per_second: 1000000, exporters: [ {{ {exporter} }} ]"));
    load(&road, REQUESTS);
    assert_eq!(flush(&road)["status"], "success");
    let all = f64::from(REQUESTS);
    assert_eq!(counts(&road), (all, [all, 0.0, 0.0]));
}

#[test]
fn what_finds_no_room_is_counted_to_the_last_one() {
    let gateway = Gateway::start();
    // A collector that is not there: the queue fills, and stays full.
    let exporter = "otlp: { endpoint: 'http://127.0.0.1:1', queue: 1000, delay: 100ms }";
    let road = road(gateway.address, &format!("max_spans_per_second: 1000000, exporters: [ {{ {exporter} }} ]"));
    load(&road, REQUESTS);
    let report = flush(&road);
    assert_eq!((&report["status"], &report["pending"]), (&"incomplete".into(), &1000.into()), "{report}");
    let all = f64::from(REQUESTS);
    assert_eq!(counts(&road), (all, [0.0, all - 1000.0, 0.0]));
    let shown = ask(&road, "/api/v1/observability");
    assert_eq!(shown["health"]["components"]["tracing"], "degraded", "{shown}");
}

#[test]
fn a_collector_that_comes_back_gets_what_waited() {
    let gateway = Gateway::start();
    let rotel = Rotel::start("basic");
    let address = rotel.grpc;
    drop(rotel);
    let exporter = format!("otlp: {{ endpoint: 'http://{address}', delay: 100ms }}");
    let road = road(gateway.address, &format!("exporters: [ {{ {exporter} }} ]"));
    load(&road, 50);
    assert_eq!(flush(&road)["pending"], 50);
    let _rotel = Rotel::start_at(address);
    wait::until("all spans are sent", || (counts(&road).1 == [50.0, 0.0, 0.0]).then_some(()));
}

#[test]
fn no_more_spans_are_made_than_the_budget_has() {
    let gateway = Gateway::start();
    let road = road(gateway.address, "max_spans_per_second: 50");
    load(&road, REQUESTS);
    let metrics = road.metrics();
    let (made, not) = (metrics.sum("outrider_spans_total"), metrics.sum("outrider_spans_unsampled_total"));
    assert_eq!(made + not, f64::from(REQUESTS));
    assert!(made >= 45.0 && not > 0.0, "{made} spans, {not} without");
}

//! Calls of a gateway that knows nothing of traces and hands request ids on: linked by what is learned, and told in the map.

use std::net::SocketAddr;

use serde_json::Value;

use super::{ask, road_with};
use crate::harness::gateway::Gateway;
use crate::harness::raw;

#[test]
fn a_gateway_that_hands_request_ids_on_gets_whole_traces_once_that_is_learned() {
    let (gateway, service) = (Gateway::start(), Gateway::start());
    let services = format!("services: [ {{ name: s, address: '{}', listen: '127.0.0.1:0' }} ]\n", service.address);
    let road = road_with(gateway.address, "max_spans_per_second: 100000", &services);
    let way: SocketAddr = road.process.wait_for_line("the way to the service", |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["message"] == "listening" && line["what"] == "service").then(|| line["address"].as_str()?.parse().ok())?
    });
    let relay = |number: u32| -> Value {
        let answer = raw::get(road.ingress, &format!("/relay/{number}?to={way}"));
        serde_json::from_slice(&answer.body).expect("the service's word")
    };
    // Not known yet: the service begins a trace of its own.
    assert_eq!(relay(0)["parent"], Value::Null);
    (1..51).for_each(|number| drop(relay(number)));
    let told = relay(51);
    let trace = told["trace"].as_str().expect("an id");
    let recent = ask(&road, &format!("/api/v1/traces/recent?trace_id={trace}"));
    let of = |kind: &str| {
        let all = recent["spans"].as_array().expect("a list");
        all.iter().find(|span| span["kind"] == kind).unwrap_or_else(|| panic!("a {kind} span in {recent}"))
    };
    assert_eq!(of("client")["parent_span_id"], of("server")["span_id"]);
    assert_eq!(told["parent"], of("client")["span_id"]);
    assert_eq!(of("client")["attributes"]["outrider.linked_by"], "header");

    let shown = ask(&road, "/api/v1/traces/calls");
    let learned = &shown["headers"][0];
    assert_eq!((&learned["header"], &learned["trusted"]), (&"x-request-id".into(), &true.into()), "{shown}");
    let calls = shown["calls"].as_array().expect("a list");
    let row = calls.iter().find(|row| row["endpoint"] == "/relay/{number}").unwrap_or_else(|| panic!("{shown}"));
    assert_eq!((&row["service"], &row["calls"]), (&"s".into(), &52.into()), "{shown}");
    assert_eq!(row["drops_context"], true);
    let by = |by: &str| row["linked_by"][by].as_u64().expect("a count");
    assert_eq!((by("likely") + by("header"), by("context")), (52, 0), "{shown}");
    let linked = road.metrics().get("outrider_calls_linked_total{by=\"header\",service=\"s\"}");
    assert_eq!(linked, Some(by("header") as f64));
}

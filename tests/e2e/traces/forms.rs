//! One trace through client, road and gateway, each with OpenTelemetry's SDK, in every form of headers.

use serde_json::Value;

use super::{ask, road};
use crate::harness::client::python;
use crate::harness::gateway::Gateway;

#[test]
fn client_road_and_gateway_are_one_trace_in_every_form() {
    let gateway = Gateway::start();
    for trust in [true, false] {
        let road = road(
            gateway.address,
            &format!("trust: {trust}, propagation: [ tracecontext, baggage, b3, b3multi, jaeger ]"),
        );
        let told = python("otel_client.py", road.ingress, &[]);
        let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        assert_eq!(lines.len(), 4, "{told}");
        for line in &lines {
            let (client, gateway) = (&line["client"], &line["gateway"]);
            let trace = gateway["trace"].as_str().expect("the gateway has a trace");
            assert_eq!(gateway["trace"] == client["trace"], trust, "{line}");
            let recent = ask(&road, &format!("/api/v1/traces/recent?trace_id={trace}"));
            let [span] = &recent["spans"].as_array().expect("a list")[..] else { panic!("one span: {recent}") };
            assert_eq!(span["parent_span_id"], if trust { client["span"].clone() } else { Value::Null }, "{line}");
            assert_eq!(span["span_id"], gateway["parent"], "{line}");
            assert_eq!(span["name"], "GET /context/{form}");
            // Baggage goes through as it was written.
            assert_eq!(gateway["baggage"], "k = v%20x;p , l=m");
        }
    }
}

#[test]
fn a_trace_begins_at_the_road_where_the_caller_has_none() {
    let (gateway, get) = (Gateway::start(), crate::harness::raw::get);
    let road = road(gateway.address, "");
    let answer: Value = serde_json::from_slice(&get(road.ingress, "/context/tracecontext").body).expect("JSON");
    let recent = ask(&road, &format!("/api/v1/traces/recent?trace_id={}", answer["trace"].as_str().expect("an id")));
    let span = &recent["spans"][0];
    assert_eq!((&span["span_id"], &span["parent_span_id"]), (&answer["parent"], &Value::Null));
    let shown = ask(&road, "/api/v1/observability");
    assert_eq!(shown["observability"]["tracing"]["current_trace_id"], answer["trace"]);
}

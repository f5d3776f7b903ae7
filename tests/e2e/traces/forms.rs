//! One trace through client, road and gateway, each with OpenTelemetry's SDK, in every form of headers.

use std::net::SocketAddr;

use serde_json::Value;

use super::{ask, road, road_with};
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
fn client_road_gateway_road_and_service_are_one_trace_in_every_form() {
    let (gateway, service) = (Gateway::start(), Gateway::start());
    let services = format!("services: [ {{ name: s, address: '{}', listen: '127.0.0.1:0' }} ]\n", service.address);
    let propagation = "propagation: [ tracecontext, baggage, b3, b3multi, jaeger ]";
    let road = road_with(gateway.address, propagation, &services);
    let way: SocketAddr = road.process.wait_for_line("the way to the service", |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["message"] == "listening" && line["what"] == "service").then(|| line["address"].as_str()?.parse().ok())?
    });
    let told = python("otel_client.py", road.ingress, &[&way.to_string()]);
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!(lines.len(), 4, "{told}");
    for line in &lines {
        let (client, gateway) = (&line["client"], &line["gateway"]);
        let (call, service) = (&gateway["call"], &gateway["service"]);
        for party in [gateway, call, service] {
            assert_eq!(party["trace"], client["trace"], "{line}");
        }
        let trace = client["trace"].as_str().expect("an id");
        let spans = ask(&road, &format!("/api/v1/traces/recent?trace_id={trace}"));
        let of = |kind: &str| {
            let all = spans["spans"].as_array().expect("a list");
            all.iter().find(|span| span["kind"] == kind).unwrap_or_else(|| panic!("a {kind} span in {spans}"))
        };
        let parents = [
            (&of("server")["parent_span_id"], &client["span"]),
            (&gateway["parent"], &of("server")["span_id"]),
            (&call["parent"], &gateway["span"]),
            (&of("client")["parent_span_id"], &call["span"]),
            (&service["parent"], &of("client")["span_id"]),
        ];
        for (child, parent) in parents {
            assert_eq!(child, parent, "{line}\n{spans}");
        }
        assert_eq!(of("client")["attributes"]["peer.service"], "s");
    }
    let with = road.metrics().get("outrider_call_contexts_total{context=\"yes\",service=\"s\"}");
    assert_eq!(with, Some(4.0));
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

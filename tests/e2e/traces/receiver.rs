//! Spans that the gateway sends itself, with OpenTelemetry's SDK and its own exporters: they reach the collector with what our
//! resource says besides.

use std::net::SocketAddr;

use serde_json::Value;

use super::collector::Rotel;
use super::{flush, road};
use crate::harness::client::python;
use crate::harness::gateway::Gateway;
use crate::harness::raw;

#[test]
fn spans_of_the_gateway_are_forwarded_over_grpc_and_http() {
    let (rotel, gateway) = (Rotel::start("detailed"), Gateway::start());
    let exporter =
        format!("exporters: [ {{ otlp: {{ endpoint: 'http://{}' }} }} ], resource: {{ team: platform }}", rotel.grpc);
    let road = road(gateway.address, &format!("{exporter}, receiver: {{ grpc: '127.0.0.1:0', http: '127.0.0.1:0' }}"));
    for protocol in ["grpc", "http"] {
        let receiver: SocketAddr = road.process.wait_for_line("the receiver", |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let is_it = line["what"] == "receiver" && line["protocol"] == protocol;
            is_it.then(|| line["address"].as_str()?.parse().ok())?
        });
        python("otlp_sender.py", receiver, &[protocol]);
    }
    assert_eq!(flush(&road)["sent"], 2);
    for protocol in ["grpc", "http"] {
        rotel.wait_for(1, &format!("Name           : manual {protocol}"));
        let received = format!("outrider_spans_received_total{{protocol=\"{protocol}\"}}");
        assert_eq!(road.metrics().get(&received), Some(1.0));
    }
    // The name is the gateway's own; what it does not say is ours.
    rotel.wait_for(1, "service.name: Str(of-the-gateway)");
    rotel.wait_for(1, "team: Str(platform)");
    rotel.wait_for(1, "deployment.environment.name: Str(production)");
    rotel.wait_for(1, "InstrumentationScope business");
}

/// Posts to the receiver; gives the answer's status.
fn post(connection: &mut raw::Connection, fields: &str, body: &[u8]) -> u16 {
    let head = format!("POST /v1/traces HTTP/1.1\r\nHost: a\r\n{fields}Content-Length: {}\r\n\r\n", body.len());
    connection.send([head.as_bytes(), body].concat());
    connection.response(false).status
}

#[test]
fn what_is_no_span_is_refused_and_json_is_taken() {
    let gateway = Gateway::start();
    let road = road(gateway.address, "receiver: { http: '127.0.0.1:0' }");
    let receiver: SocketAddr = road.process.wait_for_line("the receiver", |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["what"] == "receiver").then(|| line["address"].as_str()?.parse().ok())?
    });
    let mut connection = raw::Connection::open(receiver);
    let (protobuf, json) = ("Content-Type: application/x-protobuf\r\n", "Content-Type: application/json\r\n");
    let gzip = format!("{protobuf}Content-Encoding: gzip\r\n");
    for body in [&b"\xff\xff\xff\xff"[..], b"{}", b"\x0a\xff\xff\xff\xff\x0f", &[0x0a; 5000]] {
        assert_eq!(post(&mut connection, protobuf, body), 400, "{body:?}");
        assert_eq!(post(&mut connection, &gzip, body), 400, "{body:?}");
    }
    for body in [
        "",
        "{\"resourceSpans\": 1}",
        "{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": [{\"traceId\": \"zz\"}]}]}]}",
    ] {
        assert_eq!(post(&mut connection, json, body.as_bytes()), 400, "{body}");
    }
    assert_eq!(post(&mut connection, "Content-Type: text/plain\r\n", b"x"), 415);
    // As OpenTelemetry's SDK of JavaScript sends by default.
    let span = r#"{"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "js"}}]},
        "scopeSpans": [{"scope": {"name": "shop"}, "spans": [{"traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174", "name": "manual json", "kind": 1, "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": "1544712661000000000", "attributes": [{"key": "n", "value": {"intValue": "3"}}]}]}]}]}"#;
    assert_eq!(post(&mut connection, json, span.as_bytes()), 200);
    let recent = super::ask(&road, "/api/v1/traces/recent?trace_id=5b8efff798038103d269b633813fc60c");
    let shown = &recent["spans"][0];
    assert_eq!((&shown["name"], &shown["duration_seconds"]), (&"manual json".into(), &1.0.into()), "{recent}");
    assert_eq!(shown["attributes"]["n"], 3);
    assert_eq!(road.metrics().get("outrider_spans_received_total{protocol=\"http\"}"), Some(1.0));
}

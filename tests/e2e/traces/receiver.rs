//! Spans that the gateway sends itself, with OpenTelemetry's SDK and its own exporters: they reach the collector with what our
//! resource says besides.

use std::net::SocketAddr;

use serde_json::Value;

use super::collector::Rotel;
use super::{flush, road};
use crate::harness::client::python;
use crate::harness::gateway::Gateway;

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

//! WebSocket metrics are the client's own account of what it sent and received.

use std::collections::BTreeMap;

use crate::harness::client::{node, python};
use crate::harness::gateway::Gateway;
use crate::harness::road::Road;
use crate::harness::wait;

#[test]
fn metrics_equal_what_websockets_sent_and_received() {
    metrics_equal(&Gateway::start(), |road| python("websockets_client.py", road.ingress, &[]));
}

#[test]
fn metrics_equal_what_ws_sent_and_received() {
    metrics_equal(&Gateway::start(), |road| node("ws_client.mjs", road.ingress, &[]));
}

/// RFC 8441: the gateway is hypercorn, the client made of `h2` and `wsproto`.
#[test]
fn websockets_over_http2_get_the_same_and_metrics_equal_what_was_sent_and_received() {
    let gateway = Gateway::start_http2();
    let directly = python("http2_websocket_client.py", gateway.address, &[]);
    metrics_equal(&gateway, |road| {
        let through = python("http2_websocket_client.py", road.ingress, &[]);
        assert_eq!(through, directly);
        through
    });
}

/// Runs a client that prints its account in its last line, and compares every family of sessions and messages.
fn metrics_equal(gateway: &Gateway, client: impl Fn(&Road) -> String) {
    let road = Road::to(gateway.address);
    let printed = client(&road);
    let account: serde_json::Value =
        serde_json::from_str(printed.lines().last().expect("an account")).expect("the account is JSON");
    let of = |part: &str| -> BTreeMap<String, f64> {
        let counts = account[part].as_object().expect("the account has the part");
        counts.iter().map(|(key, count)| (key.clone(), count.as_f64().expect("a count"))).collect()
    };

    let messages = of("messages").into_iter().map(|(key, count)| {
        let (direction, kind) = key.split_once('/').expect("direction/type");
        (format!(r#"websocket_messages_total{{direction="{direction}",type="{kind}"}}"#), count)
    });
    let messages = messages.collect();
    wait::until_equal("messages", &messages, || road.metrics().moved("websocket_messages_total"));
    let sizes =
        messages.into_iter().map(|(k, n)| (k.replace("messages_total", "message_size_bytes_count"), n)).collect();
    wait::until_equal("sizes", &sizes, || road.metrics().moved("websocket_message_size_bytes_count"));

    let closes = of("closes").into_iter().map(|(key, count)| {
        let (code, initiator) = key.split_once('/').expect("code/initiator");
        (format!(r#"websocket_closes_total{{code="{code}",initiator="{initiator}"}}"#), count)
    });
    wait::until_equal("closes", &closes.collect(), || road.metrics().moved("websocket_closes_total"));

    let sessions = of("sessions");
    wait::until_equal("sessions", &sessions, || by_event(&road));
    wait::until_equal("sessions that are open", &BTreeMap::new(), || {
        road.metrics().moved("websocket_connections_active")
    });
    let ended = sessions["closed"] + sessions["aborted"];
    wait::until_equal("durations", &ended, || road.metrics().sum("websocket_session_duration_seconds_count"));
    let handshakes = sessions["opened"] + sessions["rejected"];
    wait::until_equal("handshakes", &handshakes, || road.metrics().sum("http_requests_total"));
}

/// `websocket_connections_total` over all endpoints, by its event.
fn by_event(road: &Road) -> BTreeMap<String, f64> {
    let mut events = BTreeMap::new();
    for (series, count) in road.metrics().moved("websocket_connections_total") {
        let event = series.split("event=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an event");
        *events.entry(event.to_owned()).or_insert(0.0) += count;
    }
    events
}

//! One day of a gateway: every metric has the value that the script of its clients implies.

use std::fs;
use std::path::Path;

use crate::harness::client::python;
use crate::harness::gateway::Gateway;
use crate::harness::road::Road;
use crate::harness::wait;

/// What `day/client.py` does, as it is to be counted.
const TABLE: &[(&str, f64)] = &[
    // Logins: 3 succeed, 12 fail; 10 failures of one client are an attack.
    (r#"auth_attempts_total{method="password",result="success"}"#, 3.0),
    (r#"auth_attempts_total{method="password",result="failure"}"#, 12.0),
    (r#"security_events_total{severity="high",type="brute_force"}"#, 1.0),
    // Tokens.
    (r#"auth_token_validations_total{result="valid"}"#, 5.0),
    (r#"auth_token_validations_total{result="expired"}"#, 2.0),
    (r#"auth_token_validations_total{result="invalid"}"#, 4.0),
    (r#"auth_token_validations_total{result="malformed"}"#, 1.0),
    (r#"auth_token_validations_total{result="missing"}"#, 1.0),
    // Generations.
    (r#"code_generations_total{framework="react",status="success"}"#, 4.0),
    (r#"code_generations_total{framework="react",status="failure"}"#, 1.0),
    (r#"code_generations_total{framework="vue",status="success"}"#, 2.0),
    (r#"code_generations_total{framework="vue",status="failure"}"#, 1.0),
    (r#"code_generations_total{framework="unknown",status="success"}"#, 1.0),
    (r#"code_generation_duration_seconds_count{framework="react"}"#, 5.0),
    (r#"code_generation_duration_seconds_count{framework="vue"}"#, 3.0),
    (r#"image_generations_total{status="success"}"#, 3.0),
    (r#"image_generations_total{status="failure"}"#, 2.0),
    ("image_generation_duration_seconds_count", 5.0),
    // Limits: 3 of 5 are let through.
    (r#"rate_limit_requests_total{result="allowed"}"#, 3.0),
    (r#"rate_limit_requests_total{result="limited"}"#, 2.0),
    (r#"rate_limit_violations_total{client="127.0.0.1/32"}"#, 2.0),
    // Attacks.
    (r#"security_events_total{severity="high",type="sql_injection"}"#, 1.0),
    (r#"security_events_total{severity="high",type="path_traversal"}"#, 1.0),
    (r#"security_events_total{severity="medium",type="file_probe"}"#, 1.0),
    (r#"security_events_total{severity="medium",type="scanner"}"#, 1.0),
    (r#"security_events_total{severity="medium",type="websocket_origin"}"#, 1.0),
    (r#"security_events_total{severity="low",type="malformed_request"}"#, 0.0),
    // Requests, by the templates of the gateway's own document.
    (r#"http_requests_total{endpoint="/api/v1/auth/login",method="POST",status_code="200"}"#, 3.0),
    (r#"http_requests_total{endpoint="/api/v1/auth/login",method="POST",status_code="401"}"#, 12.0),
    (r#"http_requests_total{endpoint="/api/v1/me",method="GET",status_code="200"}"#, 5.0),
    (r#"http_requests_total{endpoint="/api/v1/me",method="GET",status_code="401"}"#, 8.0),
    (r#"http_requests_total{endpoint="/api/v1/generate/code",method="POST",status_code="200"}"#, 8.0),
    (r#"http_requests_total{endpoint="/api/v1/generate/code",method="POST",status_code="500"}"#, 1.0),
    (r#"http_requests_total{endpoint="/api/v1/search",method="GET",status_code="429"}"#, 2.0),
    (r#"http_requests_total{endpoint="/api/v1/items/{item}/parts/{part}",method="GET",status_code="200"}"#, 23.0),
    (r#"http_requests_total{endpoint="other",method="GET",status_code="404"}"#, 1.0),
    (r#"http_request_duration_seconds_count{endpoint="/api/v1/generate/image",method="POST"}"#, 5.0),
    (r#"http_request_size_bytes_count{endpoint="/api/v1/search",method="GET"}"#, 5.0),
    (r#"http_response_size_bytes_count{endpoint="/api/v1/search",method="GET"}"#, 5.0),
    // Sessions.
    (r#"websocket_connections_total{endpoint="/api/v1/ws",event="opened"}"#, 2.0),
    (r#"websocket_connections_total{endpoint="/api/v1/ws",event="closed"}"#, 2.0),
    (r#"websocket_messages_total{direction="inbound",type="text"}"#, 4.0),
    (r#"websocket_messages_total{direction="outbound",type="text"}"#, 4.0),
    (r#"websocket_connections_active{endpoint="/api/v1/ws"}"#, 0.0),
    // Nothing was lost on the way.
    ("outrider_records_dropped_total", 0.0),
    ("http_requests_active", 0.0),
];

#[test]
fn every_metric_has_the_value_that_the_day_implies() {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/day");
    let gateway = Gateway::start_app(&app, "gateway:app", "127.0.0.1:0".parse().expect("an address"));
    let folder = tempfile::tempdir().expect("a folder");
    let at = gateway.address;
    let config = folder.path().join("agent.yaml");
    let text = format!(
        "service: day\nlog: {{ level: info, format: json }}\ningress: {{ listen: '127.0.0.1:0', gateway: '{at}' }}\n\
         admin: {{ listen: '127.0.0.1:0' }}\nroutes: {{ openapi: 'http://{at}/openapi.json' }}\n\
         metrics: {{ merge: [ {{ url: 'http://{at}/metrics', name: gateway, interval: 200ms }} ] }}\n\
         security: {{ clients: {{ by: cidr, ipv4: 32 }} }}\nalerting: {{ state: '{}' }}\n",
        folder.path().display()
    );
    fs::write(&config, text).expect("the configuration is written");
    let road = Road::run(folder, config);
    road.process.wait_for_line("the document", |line| line.contains("the OpenAPI document is read").then_some(()));

    assert!(python("../day/client.py", road.ingress, &[]).ends_with("done\n"));

    // A session that the client closed is over here once the gateway is done with it as well.
    wait::until_equal("closed sessions", &Some(2.0), || {
        road.metrics().get(r#"websocket_connections_total{endpoint="/api/v1/ws",event="closed"}"#)
    });
    let metrics = road.metrics();
    let wrong: Vec<String> = TABLE
        .iter()
        .filter(|(series, expected)| metrics.get(series) != Some(*expected))
        .map(|(series, expected)| format!("{series}: {:?}, not {expected}", metrics.get(series)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(metrics.sum("security_events_total"), 6.0, "{:#?}", metrics.moved("security_events_total"));
    assert_eq!(metrics.sum("http_requests_total"), 3.0 + 12.0 + 13.0 + 9.0 + 5.0 + 5.0 + 23.0 + 1.0 + 2.0);

    // What the gateway tells itself stands beside it, under another name where ours is taken.
    wait::until("the gateway's own metrics", || {
        road.metrics().get(r#"gateway_http_requests_total{path="/api/v1/me"}"#).filter(|count| *count == 13.0)
    });
    let metrics = road.metrics();
    assert!(metrics.sum("python_gc_collections_total") > 0.0);
    assert_eq!(metrics.get(r#"outrider_merge_up{target="gateway"}"#), Some(1.0));

    // Its processes are in our namespace.
    assert!(metrics.get("gateway_memory_bytes").is_some_and(|bytes| bytes > 1e7));
    assert!(metrics.get("gateway_threads").is_some_and(|threads| threads >= 1.0));
    assert!(metrics.get("gateway_open_fds").is_some_and(|descriptors| descriptors >= 3.0));
    assert!(metrics.get("gateway_cpu_seconds_total").is_some_and(|seconds| seconds > 0.0));
    assert!(metrics.get(r#"outrider_routes{source="openapi"}"#).is_some());
}

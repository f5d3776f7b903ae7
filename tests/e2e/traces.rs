//! Traces: what a real collector gets, OpenTelemetry's SDK on both sides of the road, and what a full load leaves.
//!
//! - `collector`: rotel, over gRPC and HTTP
//! - `forms`: one trace through client, road and gateway, in every form
//! - `jaeger`: Thrift, decoded by the code of the published IDL
//! - `console`: lines of JSON
//! - `links`: calls that carry no context
//! - `private`: collectors behind TLS
//! - `load`: every span of a full load is accounted for
//! - `receiver`: spans that the gateway sends itself

mod collector;
mod console;
mod forms;
mod jaeger;
mod links;
mod load;
mod private;
mod receiver;

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;

use crate::harness::raw;
use crate::harness::road::Road;

/// A road in front of `gateway` with these keys of `tracing`.
fn road(gateway: SocketAddr, tracing: &str) -> Road {
    road_with(gateway, tracing, "")
}

/// The same with more lines of configuration.
fn road_with(gateway: SocketAddr, tracing: &str, more: &str) -> Road {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = format!(
        "service: traced\n\
         ingress: {{ listen: '127.0.0.1:0', gateway: '{gateway}' }}\n\
         admin: {{ listen: '127.0.0.1:0', anonymous: operate }}\n\
         routes: {{ patterns: [ '/items/{{id}}', '/context/{{form}}', '/chain/{{form}}', '/relay/{{number}}' ] }}\n\
         alerting: {{ state: '{}' }}\n\
         tracing: {{ {tracing} }}\n{more}",
        folder.path().display()
    );
    let config = folder.path().join("agent.yaml");
    std::fs::write(&config, text).expect("the folder takes a file");
    Road::run(folder, config)
}

/// What the admin port answers.
#[track_caller]
fn ask(road: &Road, path: &str) -> Value {
    let answer = raw::get(road.admin(), path);
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).expect("the admin port answers in JSON")
}

/// Sends what waits, and gives what became of it.
#[track_caller]
fn flush(road: &Road) -> Value {
    let mut connection = raw::Connection::open(road.admin());
    connection.send("POST /api/v1/trace/flush HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n");
    let answer = connection.response(false);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).expect("the admin port answers in JSON")
}

/// So many requests for `/items/7` over eight connections.
fn load(road: &Road, requests: u32) {
    let url = format!("http://{}/items/7", road.ingress);
    let output = Command::new("h2load").args(["--h1", "-n", &requests.to_string(), "-c", "8", &url]).output();
    let text = String::from_utf8(output.expect("h2load is installed").stdout).expect("h2load prints UTF-8");
    let all = format!("{requests} succeeded, 0 failed, 0 errored, 0 timeout");
    assert!(text.contains(&all), "{text}");
}

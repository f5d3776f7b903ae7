//! A real Prometheus reads our metrics, and its counts are the number of requests that were sent, exactly.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::gateway::Gateway;
use crate::harness::process::Process;
use crate::harness::raw::{self, Connection};
use crate::harness::road::{Road, Settings};
use crate::harness::wait;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 8;

/// A kind of request: its bytes after the method and target, and what it is counted as.
struct Kind {
    request: &'static str,
    method: &'static str,
    endpoint: &'static str,
    status: u16,
}

const fn kind(method: &'static str, endpoint: &'static str, status: u16, request: &'static str) -> Kind {
    Kind { request, method, endpoint, status }
}

const KINDS: [Kind; 10] = [
    kind("GET", "/items/{id}", 200, "GET /items/7?q=1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    kind("GET", "/items/{id}", 404, "GET /items/1000 HTTP/1.1\r\nHost: a\r\n\r\n"),
    kind("HEAD", "/page", 200, "HEAD /page HTTP/1.1\r\nHost: a\r\n\r\n"),
    kind("GET", "/page", 304, "GET /page HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"v1\"\r\n\r\n"),
    kind(
        "POST",
        "/items",
        201,
        "POST /items HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n\
         {\"name\":\"chair\",\"price\":1}",
    ),
    kind("POST", "/items", 422, "POST /items HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"),
    kind("DELETE", "/items/{id}", 204, "DELETE /items/7 HTTP/1.1\r\nHost: a\r\n\r\n"),
    kind("GET", "/status/{code}", 503, "GET /status/503 HTTP/1.1\r\nHost: a\r\n\r\n"),
    kind("GET", "/chunked", 200, "GET /chunked?chunks=3&size=10 HTTP/1.1\r\nHost: a\r\n\r\n"),
    kind("PUT", "/raw", 200, "PUT /raw HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
];

#[test]
fn prometheus_counts_every_request_of_64_pipelining_connections() {
    let gateway = Gateway::start();
    let road = Road::start(&Settings { workers: 2, ..Settings::to(gateway.address) });
    let prometheus = Prometheus::scraping(road.admin());

    let ingress = road.ingress;
    let clients: Vec<_> =
        (0..CONNECTIONS).map(|client| std::thread::spawn(move || converse(ingress, client))).collect();
    let (mut sent, mut received) = (BTreeMap::new(), 0);
    for client in clients {
        let (counts, content) = client.join().expect("a client that got what it asked for");
        counts.into_iter().for_each(|(series, count)| *sent.entry(series).or_insert(0.0) += count);
        received += content;
    }

    let total: f64 = sent.values().sum();
    assert_eq!(total, (CONNECTIONS * ROUNDS * (ROUNDS + 1) / 2) as f64, "every client sent all it was to send");
    wait::until_equal("what we export", &sent, || road.metrics().moved("http_requests_total"));
    wait::until_equal("what Prometheus has scraped", &sent, || prometheus.counts());
    // Its next scrape finds no more than that.
    let then = prometheus.scrapes();
    wait::until("another scrape", || (prometheus.scrapes() > then).then_some(()));
    assert_eq!(prometheus.counts(), sent);

    let metrics = road.metrics();
    for family in ["duration_seconds", "size_bytes"] {
        assert_eq!(metrics.sum(&format!("http_request_{family}_count")), total, "one observation for each request");
    }
    assert_eq!(metrics.sum("http_response_size_bytes_sum"), received as f64, "every byte of content");
    assert_eq!(metrics.moved("http_requests_active"), BTreeMap::new());
    assert_eq!(metrics.moved("http_requests_aborted_total"), BTreeMap::new());
}

#[test]
fn promtool_finds_nothing_to_say_about_our_metrics() {
    let gateway = Gateway::start();
    let road = Road::to(gateway.address);
    for Kind { request, .. } in &KINDS {
        let mut connection = Connection::open(road.ingress);
        connection.send(request);
        connection.response(request.starts_with("HEAD"));
    }
    let exposition = raw::get(road.admin(), "/api/v1/metrics").body;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool, of Debian's package prometheus, is installed");
    promtool.stdin.take().expect("stdin is piped").write_all(&exposition).expect("promtool reads it all");
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}: {}", output.status, String::from_utf8_lossy(&said));
}

/// One client: pipelines of one to eight requests on a connection that stays. What it sent, as the series that count it,
/// and how many bytes of content it received.
fn converse(address: SocketAddr, first: usize) -> (BTreeMap<String, f64>, usize) {
    let mut connection = Connection::open(address);
    let (mut sent, mut received) = (BTreeMap::new(), 0);
    let mut kinds = KINDS.iter().cycle().skip(first);
    for depth in 1..=ROUNDS {
        let pipeline: Vec<&Kind> = kinds.by_ref().take(depth).collect();
        connection.send(pipeline.iter().map(|kind| kind.request).collect::<String>());
        for Kind { method, endpoint, status, .. } in pipeline {
            let response = connection.response(*method == "HEAD");
            assert_eq!(response.status, *status, "{method} {endpoint}");
            received += response.body.len();
            let series =
                format!(r#"http_requests_total{{endpoint="{endpoint}",method="{method}",status_code="{status}"}}"#);
            *sent.entry(series).or_insert(0.0) += 1.0;
        }
    }
    (sent, received)
}

/// A Prometheus of its own folder and port.
struct Prometheus {
    address: SocketAddr,
    _process: Process,
    _folder: TempDir,
}

impl Prometheus {
    fn scraping(target: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 500ms }}\n\
             scrape_configs:\n\
             - job_name: outrider\n  metrics_path: /api/v1/metrics\n  static_configs: [ {{ targets: ['{target}'] }} ]\n"
        );
        std::fs::write(&config, text).expect("the folder takes a file");
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        let process = Process::start("prometheus", command.arg("--web.listen-address=127.0.0.1:0"));
        let address = process.wait_for_line("Prometheus' address", |line| {
            line.split_once("msg=\"Listening on\"")?.1.split_once("address=")?.1.trim().parse().ok()
        });
        process.wait_for_line("Prometheus' readiness", |line| line.contains("ready to receive").then_some(()));
        Self { address, _process: process, _folder: folder }
    }

    /// `http_requests_total` as it knows it, without the labels of the scrape.
    fn counts(&self) -> BTreeMap<String, f64> {
        let mut counts = BTreeMap::new();
        for sample in self.query("http_requests_total") {
            let label = |name: &str| sample["metric"][name].as_str().unwrap_or_default().to_owned();
            let (endpoint, method, status) = (label("endpoint"), label("method"), label("status_code"));
            let series =
                format!(r#"http_requests_total{{endpoint="{endpoint}",method="{method}",status_code="{status}"}}"#);
            counts.insert(series, value(&sample));
        }
        counts
    }

    /// When it last scraped, in seconds.
    fn scrapes(&self) -> f64 {
        self.query("timestamp(up)").first().map_or(0.0, value)
    }

    fn query(&self, query: &str) -> Vec<Value> {
        let answer = raw::get(self.address, &format!("/api/v1/query?query={query}"));
        let answer: Value = serde_json::from_slice(&answer.body).expect("Prometheus answers in JSON");
        answer["data"]["result"].as_array().cloned().unwrap_or_default()
    }
}

fn value(sample: &Value) -> f64 {
    sample["value"][1].as_str().and_then(|value| value.parse().ok()).expect("a sample has a value")
}

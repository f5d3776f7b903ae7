//! What is offered is sent, dropped, failed or waits: nothing else becomes of it.

use super::*;
use crate::config::Config;
use crate::metrics::Registry;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use prost::Message as _;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A status and a body.
type Answer = (u16, Vec<u8>);

/// A collector of OTLP over HTTP that answers as it is told, then with success.
struct Collector {
    address: std::net::SocketAddr,
    answers: Arc<Mutex<Vec<Answer>>>,
    names: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    async fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answers = Arc::new(Mutex::new(answers.iter().rev().cloned().collect::<Vec<_>>()));
        let collector = Self { address: listener.local_addr().unwrap(), answers, names: Arc::default() };
        let (answers, names) = (collector.answers.clone(), collector.names.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answers, names) = (answers.clone(), names.clone());
                tokio::spawn(async move {
                    let mut bytes = Vec::new();
                    while let Some((body, rest)) = request(&mut stream, std::mem::take(&mut bytes)).await {
                        bytes = rest;
                        let (status, answer) = answers.lock().pop().unwrap_or((200, Vec::new()));
                        if status == 200 {
                            let request = ExportTraceServiceRequest::decode(&*body).unwrap();
                            let spans = request.resource_spans.iter().flat_map(|group| &group.scope_spans[0].spans);
                            names.lock().extend(spans.map(|span| span.name.clone()));
                        }
                        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", answer.len());
                        stream.write_all(&[head.as_bytes(), &answer].concat()).await.unwrap();
                    }
                });
            }
        });
        collector
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn names(&self) -> Vec<String> {
        self.names.lock().clone()
    }
}

/// A body, and what came behind it.
async fn request(stream: &mut tokio::net::TcpStream, mut bytes: Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
    loop {
        if let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
            let length: usize = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
            if bytes.len() >= head + 4 + length {
                let rest = bytes.split_off(head + 4 + length);
                return Some((bytes.split_off(head + 4), rest));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn start(url: &str, keys: &str) -> (Outlet, Running) {
    // An error means that another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let text = format!("tracing: {{ exporters: [ {{ otlp: {{ endpoint: \"{url}\", protocol: http, {keys} }} }} ] }}");
    let config = crate::config::parse(&text, std::path::Path::new(""), &|_| None);
    let config = config.unwrap_or_else(|errors| panic!("{errors}"));
    let metrics = TraceMetrics::register(&Registry::new());
    let identity = Identity::new(&Config::default(), "pod-1");
    let (mut outlets, running) = Built::new(&config.tracing.exporters, &identity).unwrap().start(&metrics);
    (outlets.remove(0), running)
}

fn offer(outlet: &Outlet, names: std::ops::Range<usize>) {
    for name in names {
        let span = Span { name: name.to_string(), ..Span::default() };
        outlet.offer(Arc::new(Item { span, origin: None }));
    }
}

fn counts(outlet: &Outlet) -> [u64; 4] {
    let metrics = outlet.metrics();
    [metrics.sent.get(), metrics.dropped.get(), metrics.failed.get(), metrics.queued.get() as u64]
}

const LONG: &str = "delay: 300s";

#[tokio::test]
async fn what_waits_is_sent_at_a_flush_in_order() {
    let collector = Collector::start(&[]).await;
    let (outlet, running) = start(&collector.url(), &format!("{LONG}, batch: 4"));
    offer(&outlet, 0..3);
    assert_eq!(counts(&outlet), [0, 0, 0, 3]);
    let [report] = &running.flush().await[..] else { panic!("one exporter") };
    let expected = Report { exporter: "otlp".into(), sent: 3, dropped: 0, failed: 0, pending: 0, error: None };
    assert_eq!(*report, expected);
    assert_eq!((counts(&outlet), collector.names()), ([3, 0, 0, 0], vec!["0".into(), "1".into(), "2".into()]));
}

#[tokio::test]
async fn a_full_batch_is_sent_without_waiting() {
    let collector = Collector::start(&[]).await;
    let (outlet, running) = start(&collector.url(), &format!("{LONG}, batch: 2"));
    offer(&outlet, 0..4);
    while outlet.metrics().sent.get() < 4 {
        tokio::task::yield_now().await;
    }
    assert_eq!(running.flush().await[0].sent, 0);
}

#[tokio::test]
async fn what_finds_the_queue_full_is_dropped_and_counted() {
    let collector = Collector::start(&[]).await;
    let (outlet, running) = start(&collector.url(), &format!("{LONG}, queue: 5, batch: 5"));
    offer(&outlet, 0..12);
    assert_eq!(outlet.metrics().dropped.get(), 7);
    running.flush().await;
    assert_eq!(counts(&outlet), [5, 7, 0, 0]);
}

#[tokio::test]
async fn a_collector_that_is_away_is_tried_again_and_loses_nothing() {
    let collector = Collector::start(&[(503, b"full".to_vec()), (503, Vec::new())]).await;
    let (outlet, running) = start(&collector.url(), &format!("{LONG}, batch: 2"));
    offer(&outlet, 0..1);
    let report = running.flush().await.remove(0);
    assert_eq!((report.sent, report.pending), (0, 1));
    assert!(report.error.as_deref().is_some_and(|error| error.contains("503") && error.contains("full")), "{report:?}");
    offer(&outlet, 1..3);
    assert_eq!(running.flush().await[0].pending, 3);
    assert_eq!(outlet.metrics().retries.get(), 2);
    assert_eq!(running.flush().await[0].sent, 3);
    assert_eq!((counts(&outlet), collector.names().len()), ([3, 0, 0, 0], 3));
}

#[tokio::test]
async fn what_is_refused_for_good_is_counted_as_failed() {
    let partial = ExportTracePartialSuccess { rejected_spans: 2, error_message: "no".into() };
    let answer = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let collector = Collector::start(&[(400, b"bad".to_vec()), (200, answer)]).await;
    let (outlet, running) = start(&collector.url(), LONG);
    offer(&outlet, 0..3);
    let report = running.flush().await.remove(0);
    assert_eq!((report.failed, report.pending), (3, 0));
    assert!(report.error.is_some_and(|error| error.contains("400")));
    offer(&outlet, 0..3);
    let report = running.flush().await.remove(0);
    assert_eq!((report.sent, report.failed), (1, 2));
    assert_eq!(counts(&outlet), [1, 0, 5, 0]);
}

#[tokio::test]
async fn a_stop_sends_what_waits_and_counts_what_it_cannot() {
    let collector = Collector::start(&[]).await;
    let (outlet, running) = start(&collector.url(), LONG);
    offer(&outlet, 0..3);
    running.stop(std::slice::from_ref(&outlet), Duration::from_secs(30)).await;
    assert_eq!(counts(&outlet), [3, 0, 0, 0]);

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (outlet, running) = start(&format!("http://{nobody}"), LONG);
    offer(&outlet, 0..3);
    running.stop(std::slice::from_ref(&outlet), Duration::from_secs(30)).await;
    assert_eq!(counts(&outlet), [0, 3, 0, 0]);
    offer(&outlet, 0..1);
    assert_eq!(counts(&outlet), [0, 4, 0, 0]);
}

#[test]
fn a_foreign_resource_is_completed_and_not_changed() {
    use crate::trace::span::string;
    use opentelemetry_proto::tonic::resource::v1::Resource;
    let identity = Identity::new(&Config::default(), "pod-1");
    let complete = |attributes: &[(&str, &str)]| {
        let attributes = attributes.iter().map(|(key, value)| string(*key, *value)).collect();
        let resource = identity.complete(Resource { attributes, ..Resource::default() });
        crate::trace::span::attributes(&resource.attributes)
    };
    let named = complete(&[("service.name", "theirs"), ("process.pid", "7")]);
    assert_eq!((&named["service.name"], &named["process.pid"]), (&"theirs".into(), &"7".into()));
    assert_eq!(named["deployment.environment.name"], "production");
    assert_eq!(named["telemetry.sdk.name"], serde_json::Value::Null);
    assert_eq!(complete(&[("service.name", "unknown_service:python")])["service.name"], "api-gateway");
}

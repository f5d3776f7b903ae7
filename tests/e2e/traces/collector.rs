//! rotel, a collector that others made: what it says it got.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{flush, load, road};
use crate::harness::gateway::Gateway;
use crate::harness::process::Process;
use crate::harness::{installed, wait};

/// A running collector that prints every span.
pub(super) struct Rotel {
    process: Process,
    pub(super) grpc: SocketAddr,
    pub(super) http: SocketAddr,
}

impl Rotel {
    /// On ports that were free a moment ago: it cannot tell which it got.
    pub(super) fn start(verbosity: &str) -> Self {
        Self::run(free(), verbosity)
    }

    /// Where another was before.
    pub(super) fn start_at(grpc: SocketAddr) -> Self {
        Self::run(grpc, "basic")
    }

    fn run(grpc: SocketAddr, verbosity: &str) -> Self {
        let http = free();
        let site = installed::python().parent().and_then(|bin| bin.parent()).expect("bin/python").join("lib");
        let site = std::fs::read_dir(site).expect("an environment has a lib").next().expect("of one Python");
        let agent = site.expect("it can be read").path().join("site-packages/rotel/rotel-agent");
        std::fs::set_permissions(&agent, PermissionsExt::from_mode(0o755)).expect("it is ours");
        let mut command = Command::new(agent);
        command.args(["start", "--exporter", "blackhole", "--debug-log", "traces", "--debug-log-verbosity", verbosity]);
        command.args(["--otlp-grpc-endpoint", &grpc.to_string(), "--otlp-http-endpoint", &http.to_string()]);
        let process = Process::start("rotel", &mut command);
        for address in [grpc, http] {
            wait::until("rotel's port", || TcpStream::connect(address).ok());
        }
        Self { process, grpc, http }
    }

    /// Waits for so many lines that hold `text`.
    #[track_caller]
    pub(super) fn wait_for(&self, count: usize, text: &str) {
        let mut seen = 0;
        self.process.wait_for_line(&format!("{text:?}, {count} times,"), |line| {
            seen += usize::from(line.contains(text));
            (seen == count).then_some(())
        });
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

#[track_caller]
fn every_span_arrives(exporter: impl FnOnce(&Rotel) -> String) {
    let (rotel, gateway) = (Rotel::start("detailed"), Gateway::start());
    let exporter = exporter(&rotel);
    let road =
        road(gateway.address, &format!("exporters: [ {{ otlp: {{ {exporter} }} }} ], resource: {{ team: platform }}"));
    load(&road, 40);
    let report = flush(&road);
    assert_eq!((&report["status"], &report["sent"]), (&"success".into(), &40.into()), "{report}");
    rotel.wait_for(40, "Name           : GET /items/{id}");
    rotel.wait_for(40, "Kind           : SPAN_KIND_SERVER");
    rotel.wait_for(1, "service.name: Str(traced)");
    rotel.wait_for(1, "team: Str(platform)");
}

#[test]
fn a_collector_gets_every_span_over_grpc() {
    every_span_arrives(|rotel| format!("endpoint: 'http://{}', protocol: grpc, compression: gzip", rotel.grpc));
}

#[test]
fn a_collector_gets_every_span_over_http() {
    every_span_arrives(|rotel| format!("endpoint: 'http://{}', protocol: http, compression: gzip", rotel.http));
}

#[test]
fn spans_are_sent_at_a_stop() {
    let (rotel, gateway) = (Rotel::start("detailed"), Gateway::start());
    let exporter = format!("exporters: [ {{ otlp: {{ endpoint: 'http://{}', delay: 300s }} }} ]", rotel.grpc);
    let mut road = road(gateway.address, &exporter);
    load(&road, 20);
    road.process.signal("TERM");
    assert!(road.process.wait_for_exit().success());
    rotel.wait_for(20, "Name           : GET /items/{id}");
}

//! Jaeger's Thrift, decoded in Python by the code that Jaeger's published IDL makes.

use std::process::Command;

use serde_json::Value;

use super::{ask, flush, road};
use crate::harness::gateway::Gateway;
use crate::harness::process::Process;
use crate::harness::{installed, raw};

#[test]
fn jaegers_own_decoder_reads_every_field() {
    let mut command = Command::new(installed::python());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clients/jaeger_collector.py"));
    let collector = Process::start("Jaeger's collector", command.env("PYTHONDONTWRITEBYTECODE", "1"));
    let port: u16 = collector.wait_for_line("its port", |line| line.strip_prefix("listening on ")?.parse().ok());
    let gateway = Gateway::start();
    // As the seed's environment variable has it: host and port alone.
    let road = road(gateway.address, &format!("exporters: [ {{ jaeger: {{ endpoint: '127.0.0.1:{port}' }} }} ]"));
    raw::get(road.ingress, "/items/7");
    raw::get(road.ingress, "/status/503");
    assert_eq!(flush(&road)["sent"], 2);
    let batch: Value = collector.wait_for_line("a batch", |line| serde_json::from_str(line).ok());
    assert_eq!((&batch["path"], &batch["left"]), (&"/api/traces".into(), &0.into()), "{batch}");
    assert_eq!(batch["process"]["service"], "traced");
    assert_eq!(batch["process"]["tags"]["deployment.environment.name"], "production");

    let recent = ask(&road, "/api/v1/traces/recent");
    let ours = recent["spans"].as_array().expect("a list").iter().rev();
    for (theirs, ours) in batch["spans"].as_array().expect("a list").iter().zip(ours) {
        for (key, same) in [("trace", "trace_id"), ("span", "span_id"), ("name", "name")] {
            assert_eq!(theirs[key], ours[same], "{key}");
        }
        assert_eq!((&theirs["parent"], &theirs["flags"]), (&"0".repeat(16).into(), &1.into()));
        for (key, value) in ours["attributes"].as_object().expect("an object") {
            assert_eq!(theirs["tags"][key], *value, "{key}");
        }
        assert_eq!(theirs["tags"]["span.kind"], "server");
        let seconds = theirs["duration"].as_f64().expect("microseconds") / 1e6;
        assert!((seconds - ours["duration_seconds"].as_f64().expect("seconds")).abs() < 2e-6, "{theirs}");
        assert_eq!(theirs["logs"][0][1]["event"], "first_byte");
    }
    assert_eq!(batch["spans"][1]["tags"]["error"], true);
    assert_eq!(batch["spans"][0]["tags"]["error"], Value::Null);
}

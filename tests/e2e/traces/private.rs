//! Collectors behind TLS whose authority is a private one.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{flush, road};
use crate::harness::gateway::Gateway;
use crate::harness::process::Process;
use crate::harness::{installed, raw};

#[test]
fn spans_go_over_tls_to_whom_a_private_authority_vouches_for_and_to_nobody_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let authority = || {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("an authority has no names");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        (params.self_signed(&key).expect("a certificate").pem(), rcgen::Issuer::new(params, key))
    };
    let ((ca, issuer), (another, _)) = (authority(), authority());
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let path = |name: &str| folder.path().join(name);
    for (name, text) in [("ca", ca), ("another", another), ("cert", certificate.pem()), ("key", key.serialize_pem())] {
        fs::write(path(name), text).expect("written");
    }
    let mut command = Command::new(installed::python());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clients/otlp_collector.py"));
    command.args([path("cert"), path("key")]).env("PYTHONDONTWRITEBYTECODE", "1");
    let collector = Process::start("a collector", &mut command);
    let ports = collector.wait_for_line("its ports", |line| {
        let (grpc, http) = line.strip_prefix("listening on ")?.split_once(' ')?;
        Some([("grpc", grpc.to_owned()), ("http", http.to_owned())])
    });
    let gateway = Gateway::start();
    for (protocol, port) in &ports {
        for (ca, sent) in [(path("ca"), 1), (path("another"), 0)] {
            let exporter = format!(
                "exporters: [ {{ otlp: {{ endpoint: 'https://localhost:{port}', protocol: {protocol}, ca: '{}' }} }} ]",
                ca.display()
            );
            let road = road(gateway.address, &exporter);
            raw::get(road.ingress, "/items/7");
            let report = flush(&road);
            assert_eq!(report["sent"], sent, "{protocol}: {report}");
        }
        let told = collector.wait_for_line("the span", |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["protocol"] == *protocol).then(|| line["span"].clone())
        });
        assert_eq!(told, "GET /items/{id}");
    }
}

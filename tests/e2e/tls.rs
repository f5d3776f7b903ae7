//! TLS of clients and of the gateway, certificates that change, and the PROXY protocol.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use crate::harness::gateway::Gateway;
use crate::harness::raw::{self, Connection};
use crate::harness::road::Road;
use crate::harness::wait;

/// Puts a certificate for `localhost` and its key into `folder`, each in its place at once; gives when it was made.
pub fn certificate(folder: &Path, until: i32) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = rcgen::CertificateParams::new(names).expect("names");
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let certificate = params.self_signed(&key).expect("a certificate");
    for (name, text) in [("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem())] {
        fs::write(folder.join("new"), text).expect("written");
        fs::rename(folder.join("new"), folder.join(name)).expect("moved");
    }
}

/// A road by `ingress`, whose folder has a certificate.
fn road(folder: TempDir, ingress: &str) -> Road {
    let config = folder.path().join("agent.yaml");
    let text = format!(
        "ingress: {{ listen: '127.0.0.1:0', {ingress} }}\nadmin: {{ listen: '127.0.0.1:0' }}\nroutes: {{ patterns: [ '/items/{{id}}' ] }}\n"
    );
    fs::write(&config, text).expect("written");
    Road::run(folder, config)
}

fn folder(until: i32) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificate(folder.path(), until);
    folder
}

const TLS: &str = "tls: { cert: cert.pem, key: key.pem }";

/// What curl gets of `/items/7` over TLS: the version, the status, and the certificate's last day.
fn get(road: &Road, cert: &Path, arguments: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30", "--noproxy", "*", "--cacert"]).arg(cert);
    curl.args(["--output", "/dev/null", "--write-out", "%{http_version} %{http_code}"]).args(arguments);
    let output = curl.arg(format!("https://localhost:{}/items/7", road.ingress.port())).output().expect("curl");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_client_of_tls_gets_the_version_that_the_gateway_speaks() {
    for (gateway, version) in [(Gateway::start_http2(), "2"), (Gateway::start(), "1.1")] {
        let folder = folder(2040);
        let cert = folder.path().join("cert.pem");
        let road = road(folder, &format!("gateway: '{}', {TLS}", gateway.address));
        assert_eq!(get(&road, &cert, &["--http2"]), format!("{version} 200"));
        assert_eq!(get(&road, &cert, &["--http1.1"]), "1.1 200");
        assert_eq!(get(&road, &cert, &["--no-alpn"]), "1.1 200");
        assert!(get(&road, &cert, &["--tls-max", "1.1"]).contains("alert"), "TLS 1.1 is refused");
        // Beside TLS, plain connections still come in.
        assert_eq!(raw::get(road.ingress, "/items/7").status, 200);
        let metrics = road.metrics();
        let series = "http_requests_total{method=\"GET\",endpoint=\"/items/{id}\",status_code=\"200\"}";
        assert_eq!(metrics.get(series), Some(4.0));
        let expiry = "outrider_tls_certificate_expiry_timestamp_seconds{listener=\"ingress\"}";
        assert_eq!(metrics.get(expiry), Some(2_208_988_800.0));
    }
}

#[test]
fn a_gateway_of_tls_is_reached_by_its_authority() {
    let folder = folder(2040);
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let gateway = Gateway::start_tls(&cert, &key);
    let port = gateway.address.port();
    let road = road(folder, &format!("gateway: 'https://localhost:{port}', gateway_ca: cert.pem, {TLS}"));
    assert_eq!(get(&road, &cert, &["--http2"]), "2 200");
    assert_eq!(get(&road, &cert, &["--http1.1"]), "1.1 200");
    assert_eq!(raw::get(road.ingress, "/items/7").status, 200);

    let stranger = self::folder(2041);
    let road = self::road(stranger, &format!("gateway: 'https://localhost:{port}', gateway_ca: cert.pem"));
    let refused = raw::get(road.ingress, "/items/7");
    assert_eq!(refused.status, 503);
    assert!(String::from_utf8_lossy(&refused.body).contains("certificate"), "the cause is named");
    assert_eq!(road.metrics().get("outrider_gateway_connect_errors_total{reason=\"tls\"}"), Some(1.0));
}

#[test]
fn a_changed_certificate_is_taken_under_load_and_a_bad_one_is_not() {
    let gateway = Gateway::start();
    let folder = folder(2040);
    let path = folder.path().to_owned();
    let cert = path.join("cert.pem");
    let first = path.join("first.pem");
    fs::copy(&cert, &first).expect("copied");
    let road = Arc::new(road(folder, &format!("gateway: '{}', {TLS}", gateway.address)));
    assert_eq!(get(&road, &first, &[]), "1.1 200");

    // A connection that is there stays there.
    let stop = Arc::new(AtomicBool::new(false));
    let load = std::thread::spawn({
        let (road, stop) = (road.clone(), stop.clone());
        move || {
            let mut answers = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                answers.push(get(&road, Path::new("/dev/null"), &["--insecure"]));
            }
            answers
        }
    });
    certificate(&path, 2050);
    let expiry = "outrider_tls_certificate_expiry_timestamp_seconds{listener=\"ingress\"}";
    wait::until("the new certificate", || (road.metrics().get(expiry) == Some(2_524_608_000.0)).then_some(()));
    assert_eq!(get(&road, &cert, &[]), "1.1 200");
    assert!(get(&road, &first, &[]).contains("certificate"), "the old one is gone");

    let good = path.join("good.pem");
    fs::copy(&cert, &good).expect("copied");
    certificate(&path, 2020);
    let refused = "outrider_config_reloads_total{result=\"refused\"}";
    wait::until("the refusal", || (road.metrics().get(refused)? >= 1.0).then_some(()));
    let told = road.process.wait_for_line("the reason", |line| line.contains("expired").then(|| line.to_owned()));
    assert!(told.contains("ingress.tls.cert"), "{told}");
    assert_eq!(get(&road, &good, &[]), "1.1 200");

    stop.store(true, Ordering::Relaxed);
    let answers = load.join().expect("the load ends");
    assert!(!answers.is_empty() && answers.iter().all(|answer| answer == "1.1 200"), "{answers:?}");
}

#[test]
fn a_key_that_is_not_the_certificates_is_told_at_the_start() {
    let (one, two) = (folder(2040), folder(2040));
    fs::copy(two.path().join("key.pem"), one.path().join("key.pem")).expect("copied");
    let config = one.path().join("agent.yaml");
    fs::write(&config, format!("ingress: {{ {TLS} }}\n")).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_outrider")).arg("check").arg(&config).output().expect("it runs");
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("ingress.tls.key: ") && told.contains("is not the key of the certificate"), "{told}");
}

#[test]
fn without_a_certificate_tls_passes_unopened_and_its_bytes_are_counted() {
    let folder = folder(2040);
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let gateway = Gateway::start_tls(&cert, &key);
    let road = road(folder, &format!("gateway: '{}'", gateway.address));
    assert_eq!(get(&road, &cert, &["--http2"]), "2 200");
    let metrics = road.metrics();
    assert!(metrics.sum("outrider_tls_passthrough_bytes_total") > 1000.0);
    assert_eq!(metrics.get("outrider_opaque_connections_total{reason=\"tls\"}"), Some(1.0));
}

#[test]
fn the_address_of_a_proxy_protocol_header_reaches_the_gateway() {
    let gateway = Gateway::start();
    let road = road(folder(2040), &format!("gateway: '{}', proxy_protocol: required, {TLS}", gateway.address));
    let request = "GET /seen HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut connection = Connection::open(road.ingress);
    connection.send("PROXY TCP4 192.0.2.7 10.0.0.1 5000 80\r\n");
    connection.send(request);
    let seen = connection.response(false);
    assert!(String::from_utf8_lossy(&seen.body).contains("192.0.2.7"), "{}", String::from_utf8_lossy(&seen.body));

    let mut without = Connection::open(road.ingress);
    without.send(request);
    assert_eq!(without.rest_or_reset().0, b"");
    assert_eq!(road.metrics().get("outrider_proxy_protocol_errors_total"), Some(1.0));
}

//! TLS of the admin port: its certificate, which follows its file, and those of callers.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::process::Process;
use crate::harness::wait;

/// An authority, a certificate for localhost of it, and one of `oncall`.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { certificate, issuer: rcgen::Issuer::new(params, key) }
    }

    /// Puts `NAME.pem` and `NAME.key` into `folder`.
    fn issue(&self, folder: &Path, file: &str, common_name: &str) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).expect("names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        for (end, text) in [("pem", certificate.pem()), ("key", key.serialize_pem())] {
            fs::write(folder.join("new"), text).expect("written");
            fs::rename(folder.join("new"), folder.join(format!("{file}.{end}"))).expect("moved");
        }
    }
}

/// An agent whose admin port speaks TLS as `tls` says, and where that is.
fn agent(folder: &TempDir, tls: &str) -> (Process, u16) {
    let config = folder.path().join("agent.yaml");
    fs::write(&config, super::yaml(folder.path(), &format!("tls: {{ {tls} }}"))).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    let process = Process::start("outrider", command.args(["run", "--config"]).arg(config));
    let port = process.wait_for_line("the admin port", |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["what"] == "admin").then(|| line["address"].as_str()?.rsplit(':').next()?.parse().ok())?
    });
    (process, port)
}

/// What curl gets of `path`, and what it has to say.
fn curl(port: u16, ca: &Path, arguments: &[&str], path: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30", "--noproxy", "*", "--cacert"]).arg(ca).args(arguments);
    let output = curl.arg(format!("https://localhost:{port}{path}")).output().expect("curl");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_changed_certificate_is_taken_without_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (first, second) = (Authority::new(), Authority::new());
    for (name, authority) in [("first", &first), ("second", &second)] {
        fs::write(folder.path().join(name), authority.certificate.pem()).expect("written");
    }
    first.issue(folder.path(), "admin", "admin");
    let (_process, port) = agent(&folder, "cert: admin.pem, key: admin.key");
    let get = |ca: &str| curl(port, &folder.path().join(ca), &[], "/healthz");
    assert_eq!(get("first"), "ok");
    assert!(curl(port, &folder.path().join("first"), &["--tls-max", "1.1"], "/healthz").contains("alert"));
    second.issue(folder.path(), "admin", "admin");
    wait::until("the new certificate", || (get("second") == "ok").then_some(()));
    assert_ne!(get("first"), "ok", "the old one is gone");
    let metrics = curl(port, &folder.path().join("second"), &[], "/api/v1/metrics");
    assert!(metrics.contains("outrider_tls_certificate_expiry_timestamp_seconds{listener=\"admin\"}"));
}

#[test]
fn with_an_authority_callers_show_a_certificate_and_are_known_by_its_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (ours, strangers) = (Authority::new(), Authority::new());
    let (ca, path) = (folder.path().join("ca.pem"), folder.path());
    fs::write(&ca, ours.certificate.pem()).expect("written");
    ours.issue(path, "admin", "admin");
    ours.issue(path, "oncall", "oncall");
    strangers.issue(path, "stranger", "oncall");
    let (_process, port) = agent(&folder, "cert: admin.pem, key: admin.key, client_ca: ca.pem");
    let shown = |name: &str| {
        let (cert, key) = (path.join(format!("{name}.pem")), path.join(format!("{name}.key")));
        let (cert, key) = (cert.display().to_string(), key.display().to_string());
        curl(port, &ca, &["--cert", &cert, "--key", &key, "-H", "Via: 1.1 elsewhere"], "/api/v1/whoami")
    };
    let known: Value = serde_json::from_str(&shown("oncall")).expect("JSON");
    assert_eq!((&known["name"], &known["role"]), (&"oncall".into(), &"operate".into()));
    assert!(!shown("stranger").contains("role"), "another authority's certificate is refused");
    assert!(!curl(port, &ca, &[], "/healthz").contains("ok"), "none at all is refused");
    let (cert, key) = (path.join("oncall.pem"), path.join("oncall.key"));
    let metrics = curl(
        port,
        &ca,
        &["--cert", &cert.display().to_string(), "--key", &key.display().to_string()],
        "/api/v1/metrics",
    );
    assert!(metrics.contains("outrider_admin_refused_total{reason=\"tls\"} 2"), "{metrics}");
}

//! `outrider inject`, `outrider webhook` and what is under `k8s/`, as people and API servers use them.
//!
//! - `pod`: an injected pod, run as a kubelet would
//!
//! After a change that is meant, `OUTRIDER_BLESS=1 cargo nextest run kubernetes` writes what is generated under `k8s/` anew.

mod pod;

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::wait;

fn outrider() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs a command that gets `input`; gives what came of it.
fn run(command: &mut Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    // A command that fails early closes its input.
    let _ = writer.join().expect("no panic");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What a command that succeeds writes.
fn written(command: &mut Command, input: &str) -> String {
    let output = run(command, input);
    assert!(output.status.success(), "{command:?}\n{}", text(&output.stderr));
    text(&output.stdout)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Validates manifests against the schemas of Kubernetes; gives how many objects passed in how many versions.
fn validate(what: &str, manifests: &str) -> (usize, usize) {
    let mut python = Command::new(installed::python());
    python.env("PYTHONDONTWRITEBYTECODE", "1").arg(root().join("tests/e2e/clients/manifests.py")).arg(what);
    let told: Value = serde_json::from_str(&written(&mut python, manifests)).expect("JSON");
    assert_eq!(told["failures"], Value::Array(Vec::new()), "{what}");
    let passed = told["passed"].as_object().expect("a map");
    let least = passed.values().filter_map(Value::as_u64).min().unwrap_or(0);
    (passed.len(), usize::try_from(least).expect("a few"))
}

/// The gateway of `k8s/` with a sidecar as an overlay has it.
fn injected(overlay: &str) -> String {
    let gateway = fs::read_to_string(root().join("k8s/gateway.yaml")).expect("it is there");
    match overlay {
        "webhook" => gateway,
        "plain" => written(outrider().args(["inject", "--plain", "-f", "-"]), &gateway),
        "redirect" => {
            let annotation = "      annotations:\n        outrider.dev/redirect: both\n";
            written(outrider().args(["inject", "-f", "-"]), &gateway.replace("      annotations:\n", annotation))
        }
        _ => written(outrider().args(["inject", "-f", "-"]), &gateway),
    }
}

/// Holds a generated file against what is to be in it.
fn generated(file: &Path, expected: &str) {
    if std::env::var_os("OUTRIDER_BLESS").is_some() {
        fs::write(file, expected).expect("written");
    }
    let is = fs::read_to_string(file).unwrap_or_default();
    assert!(is == expected, "{} is not what the command writes now; see the head of this test", file.display());
}

#[test]
fn every_overlay_builds_and_is_valid_from_1_29_on() {
    for overlay in ["native", "plain", "redirect", "webhook"] {
        generated(&root().join("k8s/overlays").join(overlay).join("gateway.yaml"), &injected(overlay));
    }
    let rules = "rules export --kind PrometheusRule --namespace gateway --by namespace,app_kubernetes_io_name --config";
    let mut export = outrider();
    export.args(rules.split(' ')).arg(root().join("k8s/base/agent.yaml"));
    generated(&root().join("k8s/overlays/monitoring/prometheus-rule.yaml"), &written(&mut export, ""));
    for (folder, objects) in [
        ("base", 6),
        ("overlays/native", 9),
        ("overlays/plain", 9),
        ("overlays/redirect", 9),
        ("overlays/monitoring", 9),
        ("overlays/webhook", 16),
    ] {
        // Debian's own may be too old to know what a kustomization says.
        let mut kustomize = Command::new(installed::python().with_file_name("kubectl"));
        let manifests = written(kustomize.arg("kustomize").arg(root().join("k8s").join(folder)), "");
        let (versions, passed) = validate(folder, &manifests);
        assert!(versions >= 9, "{folder}: {versions} versions");
        assert_eq!(passed, objects, "{folder}");
    }
}

#[test]
fn the_configuration_that_k8s_ships_is_valid() {
    let output = run(outrider().arg("check").arg(root().join("k8s/base/agent.yaml")), "");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn what_is_injected_is_valid_from_1_29_on() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("tests/kube")).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let injected = [".injected.yaml", ".plain.yaml"].iter().any(|end| name.ends_with(end));
        if injected {
            let (versions, objects) = validate(&name, &fs::read_to_string(&path).expect("it is there"));
            assert!(versions >= 9 && objects > 0, "{name}: {objects} objects in {versions} versions");
            seen += 1;
        }
    }
    assert_eq!(seen, 8);
}

#[test]
fn a_pipe_of_commands_gives_back_what_went_in() {
    let path = root().join("k8s/gateway.yaml");
    let once = run(outrider().arg("inject").arg("-f").arg(&path), "");
    let said = text(&once.stderr);
    let expected = "k8s/gateway.yaml: Deployment/gateway/httpbin: injected beside httpbin: port http 8080 is now 15080, admin port 9600\n";
    assert!(said.ends_with(expected) && said.lines().count() == 1, "{said}");
    let once = text(&once.stdout);
    assert_eq!(written(outrider().args(["inject", "-f", "-"]), &once), once);
    let back = written(outrider().args(["uninject", "-f", "-"]), &once);
    // The gateway's manifest is written as we write, so that it comes back to the byte.
    assert_eq!(back, fs::read_to_string(path).expect("it is there"));
}

#[test]
fn faults_of_all_files_are_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let one = folder.path().join("one.yaml");
    fs::write(&one, "apiVersion: v1\nkind: Pod\nmetadata: { name: a, annotations: { outrider.dev/port: x } }\nspec: { containers: [] }\n")
        .expect("written");
    let output = run(outrider().args(["inject", "-f", "/no/such/file", "-f"]).arg(&one).args(["-f", "-"]), "a: [\n");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = text(&output.stderr).replace(&one.display().to_string(), "ONE");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[0].starts_with("/no/such/file: cannot be read: "), "{said}");
    assert_eq!(lines[1], "ONE: document 1: Pod/a: outrider.dev/port: expected a port from 1 to 65535, found `x`");
    assert!(lines[2].starts_with("standard input: document 1: line "), "{said}");
    assert_eq!(lines[3], "outrider: 3 faults; nothing was written");
}

/// A certificate for `localhost` and its key, each put in its place at once.
fn certificate(folder: &Path) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("names");
    let certificate = params.self_signed(&key).expect("a certificate");
    for (name, text) in [("tls.crt", certificate.pem()), ("tls.key", key.serialize_pem())] {
        fs::write(folder.join("new"), text).expect("written");
        fs::rename(folder.join("new"), folder.join(name)).expect("moved");
    }
}

fn webhook(folder: &Path) -> (Process, SocketAddr) {
    let mut command = outrider();
    command.args(["webhook", "--listen", "127.0.0.1:0", "--tls-cert"]).arg(folder.join("tls.crt"));
    command.arg("--tls-key").arg(folder.join("tls.key"));
    let process = Process::start("the webhook", &mut command);
    let address = process.wait_for_line("the webhook's address", |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line["address"].as_str()?.parse().ok()
    });
    (process, address)
}

/// What curl gets of `/healthz`, trusting the certificate of the folder.
fn health(address: SocketAddr, authority: &Path) -> Option<String> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "10", "--noproxy", "*", "--cacert"]).arg(authority);
    let output = curl.arg(format!("https://localhost:{}/healthz", address.port())).output().expect("curl");
    output.status.success().then(|| text(&output.stdout))
}

#[test]
fn the_webhook_answers_an_api_server_as_inject_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificate(folder.path());
    let (mut webhook, address) = webhook(folder.path());
    // A pod as a ReplicaSet makes it, of the Deployment in k8s/.
    let gateway = written(outrider().args(["inject", "-f", "-"]), &injected("webhook"));
    let mut load = Command::new(installed::python());
    load.args(["-c", "import json, sys, yaml; print(json.dumps([d for d in yaml.safe_load_all(sys.stdin) if d['kind'] == 'Deployment']))"]);
    let template = |manifests: &str, load: &mut Command| -> Value {
        let deployments: Value = serde_json::from_str(&written(load, manifests)).expect("JSON");
        let mut pod = deployments[0]["spec"]["template"].clone();
        pod["apiVersion"] = "v1".into();
        pod["kind"] = "Pod".into();
        pod["metadata"]["generateName"] = "httpbin-7d9-".into();
        pod["metadata"]["labels"]["pod-template-hash"] = "7d9".into();
        pod["metadata"]["ownerReferences"] = serde_json::json!([{ "kind": "ReplicaSet", "name": "httpbin-7d9" }]);
        pod
    };
    let pod = template(&injected("webhook"), &mut load);
    let pod_file = folder.path().join("pod.json");
    fs::write(&pod_file, pod.to_string()).expect("written");
    let mut client = Command::new(installed::python());
    client.env("PYTHONDONTWRITEBYTECODE", "1").arg(root().join("tests/e2e/clients/admission.py"));
    client.arg(address.to_string()).arg(folder.path().join("tls.crt")).arg(&pod_file);
    let reviewed: Value = serde_json::from_str(&written(&mut client, "")).expect("JSON");
    assert_eq!(reviewed, template(&gateway, &mut load), "the webhook does what the command does");

    webhook.signal("TERM");
    webhook.wait_for_line("the stop", |line| line.contains("\"stopping\"").then_some(()));
    // The API server has not learned of it yet: it is still answered, and told not to come again.
    assert_eq!(health(address, &folder.path().join("tls.crt")).as_deref(), Some("stopping\n"));
    webhook.signal("TERM");
    assert!(webhook.wait_for_exit().success());
}

#[test]
fn the_webhook_follows_its_certificate() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificate(folder.path());
    let (_webhook, address) = webhook(folder.path());
    let authority = folder.path().join("tls.crt");
    let first = folder.path().join("first.crt");
    fs::copy(&authority, &first).expect("copied");
    assert_eq!(health(address, &authority).as_deref(), Some("ok\n"));
    fs::write(folder.path().join("tls.key"), "no key").expect("written");
    certificate(folder.path());
    wait::until("the new certificate", || health(address, &authority));
    assert_eq!(health(address, &first), None, "the old one is not shown any more");
}

#[test]
fn a_webhook_without_a_certificate_says_so_and_ends() {
    let output = run(outrider().args(["webhook", "--tls-cert", "/no/cert", "--tls-key", "/no/key"]), "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot read /no/cert"), "{}", text(&output.stderr));
}

/// A folder that has no agent.yaml, and a gateway's listener.
fn linger(at_most: &str, gateway: SocketAddr) -> Command {
    let mut command = outrider();
    command.args(["linger", "--config", "/no/agent.yaml", "--optional", "--at-most", at_most]);
    command.env("OUTRIDER_INGRESS_GATEWAY", gateway.to_string());
    command
}

#[test]
fn linger_ends_when_the_gateway_does_or_when_its_time_is_over() {
    let gateway = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = gateway.local_addr().expect("an address");
    let begun = Instant::now();
    assert!(run(&mut linger("300ms", address), "").status.success());
    assert!(begun.elapsed() >= Duration::from_millis(300), "the gateway was there all the time");
    let mut lingering = Process::start("linger", &mut linger("60s", address));
    let (mut stream, _) = gateway.accept().expect("it looks whether the gateway is there");
    assert!(lingering.is_running());
    drop(gateway);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(lingering.wait_for_exit().success());
}

/// The road by the variables that `outrider inject` writes, and no file yet.
#[test]
fn a_sidecar_runs_by_its_variables_and_follows_a_file_that_comes_later() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config: PathBuf = folder.path().join("agent.yaml");
    let mut command = outrider();
    command.args(["run", "--optional", "--config"]).arg(&config).current_dir(folder.path());
    for (name, value) in [
        ("OUTRIDER_INGRESS_LISTEN", "127.0.0.1:0"),
        ("OUTRIDER_ADMIN_LISTEN", "127.0.0.1:0"),
        ("OUTRIDER_INGRESS_GATEWAY", "127.0.0.1:9"),
        ("OTEL_SERVICE_NAME", "shop"),
    ] {
        command.env(name, value);
    }
    let process = Process::start("outrider", &mut command);
    let admin: SocketAddr = process.wait_for_line("the admin port", |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["what"] == "admin").then(|| line["address"].as_str()?.parse().ok())?
    });
    let config_of = || {
        let answer = crate::harness::raw::get(admin, "/api/v1/config");
        serde_json::from_slice::<Value>(&answer.body).expect("JSON")["config"].clone()
    };
    let first = config_of();
    assert_eq!(
        (&first["service"], &first["ingress"]["gateway"]["at"]),
        (&"shop".into(), &"127.0.0.1:9".into()),
        "{first}"
    );
    fs::write(folder.path().join("new"), "environment: staging\n").expect("written");
    fs::rename(folder.path().join("new"), &config).expect("moved");
    wait::until_equal("the file that came", &Value::from("staging"), || config_of()["environment"].clone());
    assert_eq!(config_of()["service"], "shop");
}

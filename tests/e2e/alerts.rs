//! Alerts reach real receivers, and what people do about them works over the admin port and the command line.
//!
//! - `receiver`: a webhook that keeps what it gets, and can misbehave
//! - `follows`: rule files that change, and rules over what an agent remembers
//! - `many`: ten thousand alerts
//! - `published`: what PagerDuty and Slack get, against their published schemas
//! - `killed`: the process is killed at random moments, and nothing is lost

mod follows;
mod killed;
mod many;
mod published;
mod receiver;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::raw;
use crate::harness::road::Road;
use crate::harness::wait;
use receiver::Receiver;

/// A road with these lines under `alerting:`, and where its configuration is. Nothing listens where its gateway should.
fn road(state: &Path, lines: &str) -> (Road, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    fs::write(&config, yaml(state, lines)).expect("written");
    (Road::run(folder, config.clone()), config)
}

fn yaml(state: &Path, lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "service: shop\nenvironment: test\ningress: {{ listen: '127.0.0.1:0', gateway: '127.0.0.1:1' }}\n\
         admin: {{ listen: '127.0.0.1:0' }}\n\
         alerting:\n  state: '{}'\n  interval: 1s\n  defaults: false\n  group: {{ interval: 0s }}\n\
         {lines}",
        state.display()
    )
}

/// `outrider alerts …`: whether it went well, and what it printed.
fn alerts(road: &Road, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.args(["alerts", "--admin", &format!("http://{}", road.admin())]).args(arguments);
    let output = command.output().expect("the command runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).expect("UTF-8"))
}

fn json(road: &Road, path: &str) -> Value {
    let answer = raw::get(road.admin(), path);
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}: {:?}", answer.body))
}

const ALWAYS: &str =
    "rules: [{ name: always, condition: 'vector(7) > 1', severity: high, message: 'it is {value:.1f}' }]";

#[test]
fn an_alert_is_listed_acknowledged_and_suppressed_as_the_contract_says() {
    let (state, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::start());
    let lines = format!("{ALWAYS}\nchannels: {{ ops: {{ webhook: {{ url: '{}' }} }} }}", receiver.url());
    let (road, _) = road(state.path(), &lines);
    let told = receiver.wait_for("the alert", |body| body["status"] == "firing");
    assert_eq!(told["alerts"][0]["annotations"]["summary"], "it is 7.0");

    let answer = json(&road, "/api/v1/alerts?severity=high&status=firing");
    assert_eq!((&answer["total_count"], &answer["service"]), (&1.into(), &"shop".into()));
    let alert = &answer["alerts"][0];
    for (key, expected) in
        [("rule_name", "always"), ("severity", "high"), ("status", "firing"), ("message", "it is 7.0")]
    {
        assert_eq!(alert[key], expected, "{key}");
    }
    assert_eq!(alert["labels"]["service"], "shop");
    let fingerprint = alert["fingerprint"].as_str().expect("a fingerprint").to_owned();
    assert_eq!(json(&road, "/api/v1/alerts?severity=warning")["total_count"], 0);
    assert_eq!(raw::get(road.admin(), "/api/v1/alerts?severity=bad").status, 400);

    let (good, said) = alerts(&road, &["ack", &fingerprint, "--by", "Ann B"]);
    assert_eq!((good, said), (true, format!("Alert {fingerprint} acknowledged by Ann B\n")));
    assert_eq!(json(&road, "/api/v1/alerts")["alerts"][0]["acknowledged_by"], "Ann B");
    assert_eq!(json(&road, "/api/v1/alerts?status=acknowledged")["total_count"], 1);
    let (good, said) = alerts(&road, &["suppress", &fingerprint, "--minutes", "60"]);
    assert_eq!((good, said), (true, format!("Alert {fingerprint} suppressed for 60 minutes\n")));
    assert_eq!(json(&road, "/api/v1/alerts?status=suppressed")["total_count"], 1);
    let (good, said) = alerts(&road, &["suppress", &fingerprint, "--minutes", "1441"]);
    assert!(!good && said.contains("duration_minutes must be from 1 to 1440"), "{said}");
    let (good, _) = alerts(&road, &["suppress", &fingerprint, "--undo"]);
    assert!(good);
    let (good, said) = alerts(&road, &["ack", "0000000000000000", "--by", "ann"]);
    assert!(!good && said.contains("there is no alert 0000000000000000"), "{said}");
    let (_, said) = alerts(&road, &["list"]);
    assert!(said.starts_with(&format!("{fingerprint}  high      acknowledged")), "{said}");

    let statistics = json(&road, "/api/v1/alerts/stats")["alert_statistics"].clone();
    assert_eq!(statistics["active_by_severity"]["high"], 1);
    for (key, expected) in
        [("active_alerts", 1), ("total_rules", 1), ("enabled_rules", 1), ("notification_channels", 1)]
    {
        assert_eq!(statistics[key], expected, "{key}");
    }
    let past = json(&road, "/api/v1/alerts/history");
    let moves: Vec<&Value> =
        past["timeline"].as_array().expect("a list").iter().map(|event| &event["transition"]).collect();
    assert_eq!(moves, ["unsuppressed", "suppressed", "acknowledged", "firing"]);
    assert!(past["rules"]["always"]["mtta_seconds"].as_f64().is_some_and(|seconds| seconds >= 0.0));
    let overview = json(&road, "/api/v1/observability");
    assert_eq!(overview["observability"]["alerting"]["statistics"]["active_alerts"], 1);
    assert_eq!(overview["health"]["components"]["alerting"], "healthy");
    let sent = road.metrics().get("outrider_notifications_total{channel=\"ops\",result=\"sent\"}");
    assert!(sent.is_some_and(|count| count >= 1.0));
    let ticked = road.metrics().get("outrider_alerts_last_evaluation_timestamp_seconds");
    assert!(ticked.is_some_and(|at| at > 1.7e9));
}

#[test]
fn a_drill_tells_of_each_channel_whether_it_works() {
    let (state, receiver) = (tempfile::tempdir().expect("a folder"), Receiver::start());
    let lines = format!(
        "channels:\n  ops: {{ webhook: {{ url: '{}' }} }}\n  gone: {{ webhook: {{ url: 'http://127.0.0.1:1/' }} }}",
        receiver.url()
    );
    let (road, _) = road(state.path(), &lines);
    wait::until("the engine's first look", || {
        (json(&road, "/api/v1/alerts/stats")["alert_statistics"]["notification_channels"] == 2).then_some(())
    });
    let (good, said) = alerts(&road, &["test", "--severity", "warning", "--message", "Test & co"]);
    assert!(!good, "{said}");
    assert!(said.contains("ops: delivered: 200 OK") && said.contains("gone: failed: cannot connect"), "{said}");
    let told = receiver.wait_for("the drill", |_| true);
    let alert = &told["alerts"][0];
    assert_eq!(
        (&alert["annotations"]["summary"], &alert["labels"]["severity"]),
        (&"Test & co".into(), &"medium".into())
    );
}

#[test]
fn a_real_alertmanager_shows_an_alert_and_its_end() {
    let state = tempfile::tempdir().expect("a folder");
    let alertmanager = Alertmanager::start();
    let channel = format!("channels: {{ am: {{ alertmanager: {{ urls: ['{}'] }} }} }}", alertmanager.url);
    let (_road, config) = road(state.path(), &format!("{ALWAYS}\n{channel}"));
    let alert = wait::until("amtool's alert", || alertmanager.alerts().into_iter().next());
    assert_eq!((&alert["labels"]["alertname"], &alert["labels"]["service"]), (&"always".into(), &"shop".into()));
    assert_eq!(alert["annotations"]["summary"], "it is 7.0");
    fs::write(&config, yaml(state.path(), &channel)).expect("written");
    wait::until("the alert's end", || alertmanager.alerts().is_empty().then_some(()));
}

#[test]
fn mail_reaches_a_server_that_wants_starttls_and_a_login() {
    mail_reaches_a_server_that_wants("starttls");
}

#[test]
fn mail_reaches_a_server_that_speaks_tls_from_the_first_byte_and_wants_a_login() {
    mail_reaches_a_server_that_wants("tls");
}

fn mail_reaches_a_server_that_wants(tls: &str) {
    let state = tempfile::tempdir().expect("a folder");
    let (ca, certificate, key) = certificates(state.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/mailbox.py");
    let mut command = Command::new(installed::python());
    let mailbox = Process::start("the mailbox", command.arg(script).arg(certificate).arg(key).arg(tls));
    let line = |line: &str| serde_json::from_str::<Value>(line).ok();
    let port = mailbox.wait_for_line("the port", |text| line(text)?["port"].as_u64());
    fs::write(state.path().join("password"), "open sesame\n").expect("written");
    let lines = format!(
        "{ALWAYS}\nchannels:\n  mail:\n    ca: '{}'\n    email: {{ host: localhost, port: {port}, tls: {tls}, username: outrider, \
         password: {{ file: '{}' }}, from: 'Alerts <alerts@example.com>', to: [ a@example.com, b@example.com ] }}",
        ca.display(),
        state.path().join("password").display()
    );
    let (_road, _) = road(state.path(), &lines);
    let mail = mailbox.wait_for_line("the mail", |text| line(text).filter(|mail| mail["subject"].is_string()));
    assert_eq!(mail["subject"], "[FIRING] always (high) on shop");
    assert_eq!((&mail["tls"], &mail["user"]), (&true.into(), &"outrider".into()));
    assert_eq!(mail["to"], serde_json::json!(["a@example.com", "b@example.com"]));
    let text = mail["parts"]["text/plain"].as_str().expect("a text");
    assert!(text.starts_with("Firing: it is 7.0") && text.contains("Severity: high"), "{text}");
    assert!(mail["parts"]["text/html"].as_str().is_some_and(|html| html.contains("<h3>it is 7.0</h3>")));
}

/// An authority, and a certificate for localhost with its key.
fn certificates(folder: &Path) -> (PathBuf, PathBuf, PathBuf) {
    let path = |name: &str| folder.join(name);
    let openssl = |arguments: &str| {
        let output =
            Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    fs::write(path("leaf.ext"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").expect("written");
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca");
    openssl("req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=localhost");
    openssl("x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.ext -out leaf.pem");
    (path("ca.pem"), path("leaf.pem"), path("leaf.key"))
}

/// A real Alertmanager that tells nobody.
struct Alertmanager {
    url: String,
    _process: Process,
    _folder: TempDir,
}

impl Alertmanager {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("alertmanager.yml");
        fs::write(&config, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n").expect("written");
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().display()))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="]);
        let process = Process::start("alertmanager", &mut command);
        let address = process.wait_for_line("alertmanager's address", |line| {
            let (_, rest) = line.split_once("address=127.0.0.1:")?;
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            Some(format!("127.0.0.1:{port}"))
        });
        Self { url: format!("http://{address}"), _process: process, _folder: folder }
    }

    fn alerts(&self) -> Vec<Value> {
        let output = Command::new("amtool")
            .args(["alert", "query", "--output=json", &format!("--alertmanager.url={}", self.url)])
            .output()
            .expect("amtool runs");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }
}

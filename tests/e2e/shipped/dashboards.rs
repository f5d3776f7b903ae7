//! Every query of every dashboard and rule parses, names only metrics and labels that there are, and finds data in a recorded run:
//! in a Prometheus that scraped it, and in Outrider itself. What only cAdvisor exports is told by its name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::peers::{Prometheus, ask, finds};
use super::table::{Table, described};
use crate::harness::client::python;
use crate::harness::gateway::Gateway;
use crate::harness::process::Process;
use crate::harness::road::Road;
use crate::harness::{installed, wait};
use crate::services::setting::door;

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A query of a dashboard, and where it stands.
struct Asked {
    place: String,
    query: String,
}

impl Asked {
    /// Whether another program exports what it asks for.
    fn is_foreign(&self) -> bool {
        self.query.contains("container_")
    }
}

/// What Grafana puts in place of its variables, when `All` is chosen and the panel is small.
fn filled(query: &str) -> String {
    let windows = [("$__rate_interval", "15s"), ("$__interval", "15s"), ("$__range", "1m")];
    let all = ["job", "instance", "endpoint", "service", "framework", "container", "rule"];
    let query = windows.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value));
    let query = all.iter().fold(query, |query, name| query.replace(&format!("\"${name}\""), "\".*\""));
    assert!(!query.contains('$'), "a variable that no test fills: {query}");
    query
}

fn boards() -> Vec<(String, Value)> {
    let mut boards: Vec<(String, Value)> = fs::read_dir(at("grafana/dashboards"))
        .expect("the folder is there")
        .map(|entry| entry.expect("it is readable").path())
        .map(|path| (path.display().to_string(), fs::read(path).expect("it is readable")))
        .map(|(path, bytes)| (path, serde_json::from_slice(&bytes).expect("a dashboard is JSON")))
        .collect();
    boards.sort_by(|a, b| a.0.cmp(&b.0));
    boards
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Every query of panels and annotations.
fn queries() -> Vec<Asked> {
    let mut queries = Vec::new();
    for (path, board) in boards() {
        let panels = list(&board["panels"]).iter().flat_map(|panel| {
            let targets = list(&panel["targets"]).iter();
            targets.map(move |target| (panel["title"].as_str(), target["expr"].as_str()))
        });
        let annotations = list(&board["annotations"]["list"]).iter();
        let annotations = annotations.map(|annotation| (annotation["name"].as_str(), annotation["expr"].as_str()));
        for (title, query) in panels.chain(annotations) {
            let place = format!("{path}, {}", title.expect("a panel has a title"));
            queries.push(Asked { place, query: filled(query.expect("a target has a query")) });
        }
    }
    assert!(queries.len() > 130, "there are only {} queries", queries.len());
    queries
}

/// The series and label of every variable.
fn variables() -> Vec<(String, String)> {
    let boards = boards();
    let of = |board: &Value| list(&board["templating"]["list"]).to_vec();
    let queries = boards.iter().flat_map(|(_, board)| of(board)).filter(|variable| variable["type"] == "query");
    let split = |variable: Value| {
        let query = filled(variable["definition"].as_str()?);
        let (series, label) = query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(", ")?;
        Some((series.to_owned(), label.to_owned()))
    };
    queries.map(|variable| split(variable).expect("a variable is label_values(series, label)")).collect()
}

#[test]
fn the_dashboards_are_what_their_source_writes() {
    let output = Command::new("python3").arg(at("ci/dashboards.py")).arg("--check").output().expect("Python starts");
    assert!(output.status.success(), "run ci/dashboards.py: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn queries_name_only_metrics_and_labels_that_the_agent_exports() {
    let rules = fs::read_to_string(at("prometheus/rules.yml")).expect("it is there");
    let rules: Value = serde_yaml_ng::from_str(&rules).expect("rules are YAML");
    let rules: Vec<&Value> = list(&rules["groups"]).iter().flat_map(|group| list(&group["rules"])).collect();
    let recorded: Vec<&str> = rules.iter().filter_map(|rule| rule["record"].as_str()).collect();
    assert_eq!(recorded.len(), 12);
    let table = Table::new(&described(), &recorded);
    let mut faults: Vec<String> = Vec::new();
    for asked in queries().iter().filter(|asked| !asked.is_foreign()) {
        faults.extend(table.unknown(&asked.query).into_iter().map(|fault| format!("{}: {fault}", asked.place)));
    }
    for rule in rules {
        faults.extend(table.unknown(rule["expr"].as_str().expect("a rule has an expression")));
    }
    for (series, label) in variables().iter().filter(|(series, _)| !series.starts_with("container_")) {
        faults.extend(table.unknown(&format!("sum by ({label}) ({series})")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Rules that fire: one always, one for four seconds of every eight.
const RULES: &str = "  rules:
  - { name: always, condition: 'vector(7) > 1', severity: high, message: 'it is {value:.1f}' }
  - name: now_and_then
    condition: 'label_replace(vector(time() % 8 < bool 4), \"service\", \"shop\", \"\", \"\") > 0'
    severity: critical
    message: again
";

fn configuration(gateway: &str, generator: &str, state: &Path) -> String {
    format!(
        "service: shop\nlog: {{ level: info, format: json }}\n\
         ingress: {{ listen: '127.0.0.1:0', gateway: '{gateway}', health_check: {{ path: /health, interval: 1s }} }}\n\
         admin: {{ listen: '127.0.0.1:0' }}\nhistory: {{ interval: 1s }}\ntracing: {{ exporters: [ console: {{}} ] }}\n\
         security: {{ clients: {{ by: cidr, ipv4: 32 }} }}\nservices:\n- name: code-generator\n  address: '{generator}'\n  \
         listen: '127.0.0.1:0'\n  health_check: {{ path: /health, interval: 1s }}\nalerting:\n  state: '{}'\n  \
         interval: 1s\n  flap: {{ times: 0 }}\n  channels: {{ ops: {{ webhook: {{ url: 'http://127.0.0.1:1/' }} }} }}\n  \
         escalation: [ {{ after: 1s, severity: [ high, critical ], channels: [ ops ] }} ]\n{RULES}",
        state.display()
    )
}

/// An example of ours under uvicorn, by its name.
fn example(app: &str, environment: &[(&str, String)]) -> Gateway {
    Gateway::start_in(&at("examples/compose"), app, environment)
}

#[test]
fn every_query_finds_data_in_a_recorded_run() {
    // The gateway must know Outrider's port for its service, and Outrider the gateway: the file says so once both are known.
    let generator = example("generator:app", &[]);
    let (folder, state) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let config = folder.path().join("agent.yaml");
    let write = |gateway: &str| {
        fs::write(&config, configuration(gateway, &generator.address.to_string(), state.path())).expect("written");
    };
    write("127.0.0.1:1");
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.env("OUTRIDER_GATEWAY_MEMORY_LIMIT", "536870912");
    let road = Road::run_by(folder, command, &config);
    let port = door(&road, "service", Some("code-generator"));
    let gateway = example("gateway:app", &[("CODE_GENERATOR_URL", format!("http://{port}"))]);
    write(&gateway.address.to_string());
    road.process.wait_for_line("the reload", |line| line.contains("the changed configuration runs").then_some(()));

    // Another agent, in front of a gateway of gRPC.
    let (_server, grpc) = crate::http2::grpc_server();
    let other = Road::to(grpc);
    python("grpc_client.py", other.ingress, &[]);

    let of_prometheus = tempfile::tempdir().expect("a folder");
    let mut export = Command::new(env!("CARGO_BIN_EXE_outrider"));
    export.args(["rules", "export", "--config"]).arg(&config);
    let rules = export.output().expect("it runs");
    fs::write(of_prometheus.path().join("rules.yml"), rules.stdout).expect("written");
    let prometheus = Prometheus::start(of_prometheus.path(), &[road.admin(), other.admin()]);

    let mut traffic = Command::new(installed::python());
    traffic.arg(at("tests/e2e/shipped/traffic.py")).arg(road.ingress.to_string());
    let traffic = Process::start("the clients", traffic.env("PYTHONDONTWRITEBYTECODE", "1"));
    traffic.wait_for_line("three rounds", |line| (line == "round 3").then_some(()));
    // A rise is seen by who has seen it lower.
    let twice = "count_over_time(outrider_alerts_transitions_total{rule='always', to='acknowledged'}[1m]) >= 2";
    wait::until("two scrapes", || finds(prometheus.address, twice).expect("it is a query").then_some(()));
    wait::until("an alert that is acknowledged", || {
        let alerts = ask(road.admin(), "/api/v1/query", "query", "ALERTS{alertname='always', alertstate='firing'}");
        alerts.ok().filter(|data| !list(&data["result"]).is_empty())?;
        let listed = crate::harness::raw::get(road.admin(), "/api/v1/alerts");
        let listed: Value = serde_json::from_slice(&listed.body).ok()?;
        let always = list(&listed["alerts"]).iter().find(|alert| alert["rule_name"] == "always")?;
        let mut ack = Command::new(env!("CARGO_BIN_EXE_outrider"));
        ack.args(["alerts", "--admin", &format!("http://{}", road.admin()), "ack", "--by", "Ann"]);
        ack.arg(always["fingerprint"].as_str()?).status().ok()?.success().then_some(())
    });

    python("grpc_client.py", other.ingress, &[]);

    // What is found once need not be found a second later, so each is struck off when it is.
    let queries: Vec<Asked> = queries().into_iter().filter(|asked| !asked.is_foreign()).collect();
    let agents = [road.admin(), other.admin()];
    let mut missing: Vec<(&Asked, bool)> = queries.iter().flat_map(|asked| [(asked, true), (asked, false)]).collect();
    wait::until_equal("what finds nothing", &Vec::<String>::new(), || {
        missing.retain(|(asked, in_prometheus)| {
            let found =
                |address| finds(address, &asked.query).unwrap_or_else(|error| panic!("{}: {error}", asked.query));
            match in_prometheus {
                true => !found(prometheus.address),
                false => !agents.iter().any(|agent| found(*agent)),
            }
        });
        let place = |(asked, in_prometheus): &(&Asked, bool)| {
            format!("{} ({}): {}", asked.place, if *in_prometheus { "Prometheus" } else { "Outrider" }, asked.query)
        };
        missing.iter().map(place).collect()
    });

    for (series, label) in variables().iter().filter(|(series, _)| !series.starts_with("container_")) {
        let values = ask(prometheus.address, &format!("/api/v1/label/{label}/values"), "match[]", series);
        assert!(values.as_ref().is_ok_and(|values| !list(values).is_empty()), "{series}, {label}: {values:?}");
    }
    let rules = ask(prometheus.address, "/api/v1/rules", "type", "").expect("Prometheus has rules");
    let rules: Vec<&Value> = list(&rules["groups"]).iter().flat_map(|group| list(&group["rules"])).collect();
    assert_eq!(rules.len(), 12 + 9 + 2);
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
        if rule["type"] == "recording" {
            let name = rule["name"].as_str().expect("a rule has a name");
            for address in [prometheus.address, road.admin()] {
                wait::until(name, || finds(address, name).expect("a name is a query").then_some(()));
            }
        }
    }
    // The dots on the charts of durations.
    let exemplars = ask(prometheus.address, "/api/v1/query_exemplars", "query", "http_request_duration_seconds_bucket");
    let exemplars = exemplars.expect("Prometheus keeps exemplars");
    assert!(list(&exemplars)[0]["exemplars"][0]["labels"]["trace_id"].is_string(), "{exemplars}");
}

//! What `outrider inject` writes, run as a kubelet would: the arguments, variables, user, probes and hooks of the manifest, in a network
//! of the pod's own. Needs the right to make namespaces.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{outrider, text, written};
use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::wait;
use crate::services::namespace::Namespaces;

const MANIFEST: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels:
      app: shop
  template:
    metadata:
      labels:
        app: shop
      annotations:
        prometheus.io/scrape: \"true\"
        prometheus.io/port: \"8000\"
    spec:
      terminationGracePeriodSeconds: 60
      containers:
      - name: shop
        image: shop:1
        ports:
        - name: http
          containerPort: 8000
";

const GATEWAY: &str = r##"
from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/items/{item}")
async def item(item: int):
    return {"item": item}


@app.get("/metrics")
async def metrics():
    return Response("# TYPE orders_total counter\norders_total 7\n", media_type="text/plain; version=0.0.4")
"##;

/// The pod of the injected manifest.
fn pod(manifest: &str, plain: bool) -> Value {
    let way: &[&str] = if plain { &["inject", "--plain", "-f", "-"] } else { &["inject", "-f", "-"] };
    let injected = written(outrider().args(way), manifest);
    let mut load = Command::new(installed::python());
    load.args(["-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))"]);
    let mut deployment: Value = serde_json::from_str(&written(&mut load, &injected)).expect("JSON");
    deployment["spec"]["template"].take()
}

fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    let found = list.as_array().and_then(|list| list.iter().find(|item| item["name"] == name));
    found.unwrap_or_else(|| panic!("there is no {name} in {list:#}"))
}

/// The words of a list, with the binary under test where the image has its own.
fn words(list: &Value) -> Vec<String> {
    let words = list.as_array().expect("a list").iter();
    let word = |word: &Value| match word.as_str().expect("a word") {
        "/outrider" => env!("CARGO_BIN_EXE_outrider").to_owned(),
        word => word.to_owned(),
    };
    words.map(word).collect()
}

/// What the image's entry point is given.
fn arguments(container: &Value) -> Vec<String> {
    [vec![env!("CARGO_BIN_EXE_outrider").to_owned()], words(&container["args"])].concat()
}

/// A command of a container of ours, with its user, its rights and its variables.
fn command(network: &Namespaces, container: &Value, arguments: &[String]) -> Command {
    let security = &container["securityContext"];
    assert_eq!(
        (&security["capabilities"]["drop"][0], &security["allowPrivilegeEscalation"]),
        (&"ALL".into(), &false.into())
    );
    let mut command = network.gateway("setpriv");
    command.arg(format!("--reuid={}", security["runAsUser"])).arg(format!("--regid={}", security["runAsGroup"]));
    let added = security["capabilities"]["add"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let rights: String = added.map(|name| format!(",+{}", name.to_lowercase())).collect();
    command.args(["--clear-groups", "--no-new-privs", "--inh-caps=-all"]).arg(format!("--bounding-set=-all{rights}"));
    command.args(arguments);
    for variable in container["env"].as_array().expect("variables") {
        let value = variable["value"].as_str().unwrap_or("from-the-pod");
        command.env(variable["name"].as_str().expect("a name"), value.replace("$(POD_NAME)", "shop-1"));
    }
    command
}

/// What curl gets, where it gets a success.
fn curl(mut command: Command, url: &str) -> Option<String> {
    command.args(["--silent", "--fail", "--max-time", "5", "--noproxy", "*", url]);
    let output = command.output().expect("curl starts");
    output.status.success().then(|| text(&output.stdout))
}

fn probe(network: &Namespaces, probe: &Value) -> Option<String> {
    let get = &probe["httpGet"];
    let path = get["path"].as_str().expect("a path");
    curl(network.gateway("curl"), &format!("http://10.77.0.1:{}{path}", get["port"]))
}

fn gateway(network: &Namespaces, folder: &Path, host: &str) -> Process {
    fs::write(folder.join("shop.py"), GATEWAY).expect("written");
    let mut command = network.gateway(installed::python());
    command.args(["-m", "uvicorn", "shop:app", "--host", host, "--port", "8000", "--app-dir"]).arg(folder);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let process = Process::start("the gateway", &mut command);
    process.wait_for_line("uvicorn's start", |line| line.contains("Uvicorn running").then_some(()));
    process
}

fn lives_and_stops(plain: bool) {
    let (network, folder) = (Namespaces::new(), tempfile::tempdir().expect("a folder"));
    let pod = pod(MANIFEST, plain);
    let spec = &pod["spec"];
    let sidecar = named(&spec[if plain { "containers" } else { "initContainers" }], "outrider");
    let mut outrider = Process::start("the sidecar", &mut command(&network, sidecar, &arguments(sidecar)));

    // It has started without the gateway, and is ready with it.
    wait::until("the startup probe", || probe(&network, &sidecar["startupProbe"]));
    assert_eq!(probe(&network, &sidecar["readinessProbe"]), None);
    let mut gateway = gateway(&network, folder.path(), "127.0.0.1");
    wait::until("the readiness probe", || probe(&network, &sidecar["readinessProbe"]));

    // Clients go to the port that has the name.
    let port = &named(&named(&spec["containers"], "shop")["ports"], "http")["containerPort"];
    let answer = curl(network.services("curl"), &format!("http://10.77.0.1:{port}/items/7"));
    assert_eq!(answer.as_deref(), Some("{\"item\":7}"));

    // Scrapers go where the annotations lead, and find the gateway's own metrics there too.
    let annotation = |name: &str| pod["metadata"]["annotations"][name].as_str().expect("an annotation").to_owned();
    let scrape = format!("http://10.77.0.1:{}{}", annotation("prometheus.io/port"), annotation("prometheus.io/path"));
    let series = "http_requests_total{endpoint=\"/items/{id}\",method=\"GET\",status_code=\"200\"} 1\n";
    let metrics = wait::until("the merged metrics", || {
        curl(network.services("curl"), &scrape).filter(|metrics| metrics.contains("\norders_total 7\n"))
    });
    assert!(metrics.contains(series), "{metrics}");

    let mut hook = plain.then(|| {
        let hook = words(&sidecar["lifecycle"]["preStop"]["exec"]["command"]);
        Process::start("the preStop hook", &mut command(&network, sidecar, &hook))
    });
    gateway.signal("TERM");
    gateway.wait_for_exit();
    if let Some(hook) = &mut hook {
        assert!(hook.wait_for_exit().success(), "the hook ends when the gateway has");
    }
    outrider.signal("TERM");
    assert_eq!(outrider.wait_for_exit().code(), Some(0));
}

#[test]
fn an_injected_pod_lives_and_stops_as_its_manifest_says() {
    lives_and_stops(false);
}

#[test]
fn an_injected_pod_with_an_ordinary_container_lives_and_stops_as_its_manifest_says() {
    lives_and_stops(true);
}

#[test]
fn an_injected_pod_whose_connections_are_redirected_keeps_its_port() {
    let (network, folder) = (Namespaces::new(), tempfile::tempdir().expect("a folder"));
    let pod = pod(&MANIFEST.replace("annotations:\n", "annotations:\n        outrider.dev/redirect: both\n"), false);
    let inits = &pod["spec"]["initContainers"];
    assert_eq!((&inits[0]["name"], &inits[1]["name"]), (&"outrider-redirect".into(), &"outrider".into()));
    let redirect = command(&network, &inits[0], &arguments(&inits[0])).output().expect("it starts");
    assert!(redirect.status.success(), "{}", text(&redirect.stderr));
    let sidecar = &inits[1];
    let _outrider = Process::start("the sidecar", &mut command(&network, sidecar, &arguments(sidecar)));
    wait::until("the startup probe", || probe(&network, &sidecar["startupProbe"]));
    let _gateway = gateway(&network, folder.path(), "0.0.0.0");
    wait::until("the readiness probe", || probe(&network, &sidecar["readinessProbe"]));

    let port = &named(&named(&pod["spec"]["containers"], "shop")["ports"], "http")["containerPort"];
    assert_eq!(port, 8000);
    let answer = curl(network.services("curl"), "http://10.77.0.1:8000/items/7");
    assert_eq!(answer.as_deref(), Some("{\"item\":7}"));
    let metrics = curl(network.services("curl"), "http://10.77.0.1:9600/api/v1/metrics").expect("metrics");
    let series = "http_requests_total{endpoint=\"/items/{id}\",method=\"GET\",status_code=\"200\"} 1\n";
    assert!(metrics.contains(series), "{metrics}");
}

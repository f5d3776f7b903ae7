//! Manifests of the shapes that charts have, under `tests/kube`: `NAME.yaml` in, `NAME.injected.yaml` out and what is said. After a
//! change that is meant, `OUTRIDER_BLESS=1 cargo nextest run kube` writes the expected files anew.

use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

fn defaults(plain: bool) -> Defaults {
    Defaults { image: "outrider:1".to_owned(), redirect_image: "outrider:1-redirect".to_owned(), plain, config: None }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kube")
}

fn input(name: &str) -> String {
    fs::read_to_string(folder().join(name)).expect("the input is there")
}

/// Injects an input of `tests/kube`, holds the outcome against what is expected, and takes it back.
fn golden(name: &str, plain: bool) {
    let text = input(name);
    let done = inject(&text, &defaults(plain)).expect("no fault");
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let expected = folder().join(format!("{stem}.{}.yaml", if plain { "plain" } else { "injected" }));
    let said: String = done.said.iter().map(|line| format!("# {line}\n")).collect();
    let outcome = format!("{said}{}{}", if done.text.starts_with("---") { "" } else { "---\n" }, done.text);
    if std::env::var_os("OUTRIDER_BLESS").is_some() {
        fs::write(&expected, &outcome).expect("written");
    }
    let known = fs::read_to_string(&expected).unwrap_or_default();
    assert!(outcome == known, "{} differs:\n{outcome}", expected.display());

    let again = inject(&done.text, &defaults(plain)).expect("no fault");
    assert_eq!(again.text, done.text, "injecting twice is injecting once");
    let back = uninject(&done.text).expect("no fault");
    assert_eq!(back.text, normal(&text, &done.text), "taking back gives what was");
    assert_eq!(uninject(&back.text).expect("no fault").said, [""; 0]);
}

/// `text`, with those documents written in our style that are altered in `injected`.
fn normal(text: &str, injected: &str) -> String {
    let (before, after) = (stream::read(text).expect("good"), stream::read(injected).expect("good"));
    let mut normal = String::new();
    for (before, after) in before.iter().zip(&after) {
        let one = stream::write(std::slice::from_ref(before));
        let one = if before.value == after.value { one } else { before.normal() };
        if !normal.is_empty() && !one.starts_with("---") {
            normal.push_str("---\n");
        }
        normal.push_str(&one);
    }
    normal
}

#[test]
fn a_gateway_written_by_hand() {
    golden("fastapi.yaml", false);
}

#[test]
fn a_gateway_written_by_hand_in_an_old_cluster() {
    golden("fastapi.yaml", true);
}

#[test]
fn a_chart_of_kong() {
    golden("kong.yaml", false);
}

#[test]
fn a_daemon_set_with_host_ports() {
    golden("ingress-nginx.yaml", false);
}

#[test]
fn a_stateful_set_that_says_what_it_wants() {
    golden("statefulset.yaml", false);
}

#[test]
fn a_list_in_json() {
    golden("list.json", false);
}

#[test]
fn connections_that_the_kernel_leads() {
    golden("redirect.yaml", false);
    golden("redirect.yaml", true);
}

#[test]
fn a_newer_outrider_takes_the_place_of_an_older_one() {
    let old = inject(&input("fastapi.yaml"), &defaults(true)).expect("no fault").text;
    let new = Defaults { image: "outrider:2".to_owned(), ..defaults(false) };
    let expected = inject(&input("fastapi.yaml"), &new).expect("no fault").text;
    assert_eq!(inject(&old, &new).expect("no fault").text, expected);
}

fn faults(text: &str) -> String {
    inject(text, &defaults(false)).expect_err("a fault").join("\n")
}

#[test]
fn faults_name_the_document_and_the_object() {
    let deployment = |annotations: &str, spec: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: a, namespace: shop }}\nspec: {{ template: {{ metadata: \
             {{ annotations: {{ {annotations} }} }}, spec: {{ {spec} }} }} }}\n"
        )
    };
    let one = "containers: [ { name: c, ports: [ { containerPort: 80 } ] } ]";
    for (annotations, spec, expected) in [
        (
            "outrider.dev/prot: '1'",
            one,
            "outrider.dev/prot: is no annotation of Outrider; did you mean `outrider.dev/port`?",
        ),
        ("outrider.dev/inject: enabled", "hostNetwork: true, containers: []", "hostNetwork: its ports are the node's"),
        (
            "outrider.dev/port: '80'",
            one,
            "its configuration: ingress.gateway: 127.0.0.1:80 is our own `ingress.listen[0]`",
        ),
        (
            "outrider.dev/port: '9600'",
            one,
            "its configuration: admin.listen: 0.0.0.0:9600 is the port of `ingress.listen[0]`",
        ),
        (
            "outrider.dev/inject: enabled",
            "containers: [ { name: outrider, ports: [ { containerPort: 80 } ] } ]",
            "it has a container `outrider` that `outrider inject` did not put there",
        ),
        (
            "outrider.dev/gateway-port: '80'",
            "containers: [ { name: c, ports: [ { containerPort: 80 }, { containerPort: 9600 } ] } ]",
            "port 9600 is one of the pod's own; choose another by outrider.dev/admin-port",
        ),
        (
            "outrider.dev/redirect: egress",
            "securityContext: { runAsUser: 65532 }, containers: [ { name: c, ports: [ { containerPort: 80 } ] } ]",
            "outrider.dev/run-as-user: the gateway's own user cannot be exempt",
        ),
    ] {
        let text = format!(
            "# nothing\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{ name: shop }}\n---\n{}",
            deployment(annotations, spec)
        );
        let fault = faults(&text);
        assert!(fault.starts_with(&format!("document 2: Deployment/shop/a: {expected}")), "{fault}");
    }
    let misplaced = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a, annotations: { outrider.dev/port: '1' } }\n\
                     spec: { template: { spec: {} } }\n";
    assert!(faults(misplaced).contains("put them under the template's metadata.annotations"));
    assert!(faults("a: [\n").starts_with("document 1: line "));
}

#[test]
fn the_manifests_follow_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("agent.yaml");
    let with = |text: &str| {
        fs::write(&config, text).expect("written");
        inject(&input("fastapi.yaml"), &Defaults { config: Some(config.clone()), ..defaults(false) })
    };
    let done = with("ingress: { listen: '0.0.0.0:8888' }\nadmin: { listen: '0.0.0.0:9999', tls: { cert: a, key: b } }")
        .expect("no fault");
    for expected in [
        "containerPort: 8888",
        "targetPort: 8888",
        "prometheus.io/port: \"9999\"",
        "prometheus.io/scheme: https",
        "scheme: HTTPS",
    ] {
        assert!(done.text.contains(expected), "{expected}\n{}", done.text);
    }
    let wrong = with("ingress: { gateway: '127.0.0.1:9000' }").expect_err("another gateway").join("\n");
    assert!(
        wrong.ends_with("ingress.gateway of the configuration is 127.0.0.1:9000, and the gateway's port is 8000"),
        "{wrong}"
    );
    let wrong = with("ingres: {}").expect_err("an unknown key").join("\n");
    assert!(wrong.ends_with("its configuration: ingres: is not a known key; did you mean `ingress`?"), "{wrong}");
}

#[test]
fn a_service_of_two_workloads_needs_one_port() {
    let pod = |name: &str, port: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, labels: {{ app: a }}, annotations: {{ outrider.dev/port: '{port}' }} }}\n\
             spec: {{ containers: [ {{ name: c, ports: [ {{ containerPort: 80 }} ] }} ] }}\n---\n"
        )
    };
    let service = "apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { selector: { app: a }, ports: [ { port: 80 } ] }\n";
    let fault = faults(&(pod("one", "15080") + &pod("two", "15081") + service));
    assert_eq!(
        fault,
        "document 3: Service/s: it selects Pod/one and Pod/two, whose sidecars listen on 15080 and 15081"
    );
}

/// One of the ways in which a manifest can have nothing somewhere, or something.
fn perhaps(some: Value) -> impl Strategy<Value = Option<Value>> {
    let empty = if some.is_array() { json!([]) } else { json!({}) };
    prop_oneof![Just(None), Just(Some(Value::Null)), Just(Some(empty)), Just(Some(some))]
}

fn with(mut object: Value, fields: Vec<(&str, Option<Value>)>) -> Value {
    for (key, value) in fields {
        if let Some(value) = value {
            object[key] = value;
        }
    }
    object
}

/// A Deployment and its Service, with all that may be there or not.
fn manifests() -> impl Strategy<Value = [Value; 2]> {
    let ports =
        json!([{ "containerPort": 9000, "name": "grpc" }, { "name": "http", "containerPort": 8000, "hostPort": 80 }]);
    let probe = json!({ "httpGet": { "path": "/", "port": "http" }, "periodSeconds": 3 });
    let scraped = json!({ "prometheus.io/scrape": "true", "prometheus.io/path": "/m", "note": "yes" });
    let wishes = json!({ "outrider.dev/gateway-port": "http", "outrider.dev/share-process-namespace": "true" });
    let metadata = (perhaps(json!({ "app": "a" })), prop_oneof![perhaps(scraped), perhaps(wishes)]);
    let lists = (perhaps(json!([{ "name": "init", "image": "i" }])), perhaps(json!([{ "name": "v", "emptyDir": {} }])));
    let share = prop_oneof![Just(None), Just(Some(json!(true))), Just(Some(json!(false)))];
    let target = prop_oneof![Just(None), Just(Some(Value::Null)), Just(Some(json!("http"))), Just(Some(json!(8000)))];
    let rest = (perhaps(json!({ "a": "b" })), target, any::<bool>(), share);
    let all = (metadata, lists, perhaps(ports), perhaps(probe), rest);
    all.prop_map(|((labels, annotations), (inits, volumes), ports, probe, (service, target, bare, share))| {
        let other = json!({ "name": "log", "image": "l" });
        let gateway = with(json!({ "name": "gw", "image": "g" }), vec![("ports", ports), ("livenessProbe", probe)]);
        let containers = json!([other, gateway]);
        let spec = with(json!({}), vec![("initContainers", inits), ("shareProcessNamespace", share)]);
        let spec = with(spec, vec![("containers", Some(containers)), ("volumes", volumes)]);
        let metadata = with(json!({}), vec![("labels", labels), ("annotations", annotations)]);
        let metadata = if bare { None } else { Some(metadata) };
        let template = with(json!({}), vec![("metadata", metadata), ("spec", Some(spec))]);
        let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "d" }, "spec": { "template": template } });
        let metadata = with(json!({ "name": "s" }), vec![("annotations", service)]);
        let port = with(json!({ "port": 8000 }), vec![("targetPort", target)]);
        let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": { "selector": { "app": "a" }, "ports": [port] } });
        [deployment, service]
    })
}

proptest! {
    #[test]
    fn whatever_is_there_or_not_comes_back_as_it_was(manifests in manifests(), plain in any::<bool>()) {
        let text = manifests.iter().map(|object| format!("---\n{}\n", object)).collect::<String>();
        // A pod that asks for a port that it has not is told so.
        let Ok(done) = inject(&text, &defaults(plain)) else { return Ok(()) };
        let again = inject(&done.text, &defaults(plain)).expect("what we wrote has no fault");
        prop_assert_eq!(&again.text, &done.text);
        let back = uninject(&done.text).expect("what we wrote has no fault").text;
        let values: Vec<Value> = stream::read(&back).expect("good").into_iter().filter_map(|document| document.value).collect();
        let (was, is) = (format!("{}", json!(manifests)), format!("{}", json!(values)));
        prop_assert_eq!(is, was, "{}", done.text);
    }
}

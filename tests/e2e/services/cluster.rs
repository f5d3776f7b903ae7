//! Addresses by EndpointSlices, from an API server that speaks the watch protocol.

use std::path::Path;
use std::process::Command;

use super::setting::{Server, door, yaml};
use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::raw;
use crate::harness::road::Road;
use crate::harness::wait;
use crate::tls::certificate;

/// Puts a pod's service account where a pod has it, in a mount namespace of its own.
const POD: &str = "mount -t tmpfs none /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount && \
    cp \"$0\"/* /run/secrets/kubernetes.io/serviceaccount && exec \"$@\"";

fn put(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).expect("written");
    std::fs::rename(new, file).expect("moved");
}

#[test]
fn addresses_follow_the_endpoint_slices_of_a_service() {
    let (one, two) = (Server::service("127.0.0.1:0"), Server::service("127.0.0.1:0"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificate(folder.path(), 2040);
    let at = |name: &str| folder.path().join(name);
    let endpoint = |server: &Server, ready: &str| format!("127.0.0.1 {} {ready}\n", server.address.port());
    put(&at("endpoints"), &(endpoint(&one, "ready") + &endpoint(&two, "starting")));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clients/api_server.py");
    let mut command = Command::new(installed::python());
    command.arg(script).args(["cert.pem", "key.pem", "endpoints"].map(at));
    let api = Process::start("the API server", &mut command);
    let port: u16 = api.wait_for_line("its port", |line| line.strip_prefix("listening on 127.0.0.1:")?.parse().ok());

    let account = at("account");
    std::fs::create_dir(&account).expect("made");
    std::fs::copy(at("cert.pem"), account.join("ca.crt")).expect("copied");
    put(&account.join("token"), "t0ken\n");
    put(&account.join("namespace"), "shop");
    let (config, endpoints) = (at("agent.yaml"), at("endpoints"));
    let services = "[{ name: api, address: 'api:80', discovery: kubernetes, listen: '127.0.0.1:0' }]";
    std::fs::write(&config, yaml("127.0.0.1:9", services, "{}", folder.path())).expect("written");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", POD]).arg(&account).arg(env!("CARGO_BIN_EXE_outrider"));
    command.envs([("KUBERNETES_SERVICE_HOST", "127.0.0.1".to_owned()), ("KUBERNETES_SERVICE_PORT", port.to_string())]);
    let road = Road::run_by(folder, command, &config);
    let instances = || road.metrics().sum("service_instances_total");
    let call = || raw::get(door(&road, "service", Some("api")), "/status/200").status;

    wait::until_equal("the endpoint that is ready", &1.0, instances);
    assert_eq!((call(), one.asked("200"), two.asked("200")), (200, 1, 0));
    api.wait_for_line("a watch", |line| (line == "watched").then_some(()));
    put(&endpoints, &(endpoint(&one, "ready") + &endpoint(&two, "ready")));
    wait::until_equal("the other one", &2.0, instances);
    put(&endpoints, &(endpoint(&one, "ending") + &endpoint(&two, "ready")));
    wait::until_equal("one that goes", &1.0, instances);
    assert_eq!((call(), one.asked("200"), two.asked("200")), (200, 1, 1));
    put(&endpoints, "");
    wait::until_equal("nothing", &0.0, instances);
    put(&endpoints, &endpoint(&one, "ready"));
    wait::until_equal("one that comes back", &1.0, instances);
    assert_eq!((call(), one.asked("200")), (200, 2));
}

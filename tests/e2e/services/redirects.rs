//! What the kernel leads to Outrider besides calls over plain HTTP: clients of the gateway's own port, TLS, and, where its own user is
//! not exempt, Outrider itself.

use std::path::Path;
use std::process::Command;

use super::namespace::Namespaces;
use super::setting::{Server, yaml};
use crate::harness::exposition::Exposition;
use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::road::Road;
use crate::harness::wait;
use crate::tls::certificate;

fn curl(mut command: Command, arguments: &[&str]) -> String {
    let output = command.args(["--silent", "--max-time", "20", "--noproxy", "*"]).args(arguments).output();
    String::from_utf8_lossy(&output.expect("curl starts").stdout).into_owned()
}

/// Outrider with its rules in the gateway's namespace.
struct Led {
    namespaces: Namespaces,
    road: Road,
    config: std::path::PathBuf,
}

impl Led {
    fn start(namespaces: Namespaces, uid: u32, backend: &str, text: &dyn Fn(&Path) -> String) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("agent.yaml");
        std::fs::write(&config, text(folder.path())).expect("the folder takes a file");
        rules(&namespaces, uid, backend, "--apply", &config);
        let road = Road::run_by(folder, namespaces.gateway(env!("CARGO_BIN_EXE_outrider")), &config);
        Self { namespaces, road, config }
    }

    fn metrics(&self) -> Exposition {
        let url = format!("http://{}/api/v1/metrics", self.road.admin());
        Exposition::parse(&curl(self.namespaces.gateway("curl"), &[&url]))
    }
}

fn rules(namespaces: &Namespaces, uid: u32, backend: &str, how: &str, config: &Path) {
    let mut command = namespaces.gateway(env!("CARGO_BIN_EXE_outrider"));
    command.args(["redirect", "--uid", &uid.to_string(), "--backend", backend, how, "--config"]).arg(config);
    assert!(command.status().is_ok_and(|status| status.success()), "the rules take {how}");
}

/// Clients of the gateway's port come in through us, and past us once the rules are gone.
fn clients_are_led_in(backend: &str, host: &str, listens: &str, gateway: &str) {
    let namespaces = Namespaces::new();
    let _gateway = Server::start("service.py", &mut namespaces.gateway(installed::python()), listens, &[]);
    let text = |state: &Path| {
        let text = yaml(gateway, "[]", "{}", state);
        text.replace("drain: 5s", "drain: 5s, redirect: '[::]:15007'")
    };
    let led = Led::start(namespaces, 0, backend, &text);
    let url = format!("http://{host}:8000/status/200");
    let ask = || curl(led.namespaces.services("curl"), &["--globoff", &url]);
    assert_eq!(ask(), "status 200");
    wait::until_equal("the client's request", &1.0, || led.metrics().sum("http_requests_total"));
    rules(&led.namespaces, 0, backend, "--remove", &led.config);
    assert_eq!(ask(), "status 200");
    assert_eq!(led.metrics().sum("http_requests_total"), 1.0, "without rules nothing comes past us");
}

#[test]
fn clients_of_the_gateways_port_are_led_in_by_iptables() {
    clients_are_led_in("iptables", "10.77.0.1", "0.0.0.0:8000", "127.0.0.1:8000");
}

#[test]
fn clients_of_the_gateways_port_are_led_in_by_nftables_over_ipv6() {
    clients_are_led_in("nftables", "[fd77::1]", "[::]:8000", "[::1]:8000");
}

#[test]
fn redirected_tls_is_a_tunnel_of_the_service_that_sni_names() {
    let namespaces = Namespaces::new();
    let keys = tempfile::tempdir().expect("a temporary folder");
    certificate(keys.path(), 2040);
    let mut command = namespaces.services(installed::python());
    command.args(["-m", "hypercorn", "gateway:app", "--bind", "10.77.0.2:7443", "--workers", "0"]);
    command.arg("--certfile").arg(keys.path().join("cert.pem")).arg("--keyfile").arg(keys.path().join("key.pem"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e"));
    let server = Process::start("a service of TLS", &mut command);
    server.wait_for_line("hypercorn", |line| line.contains("Running on").then_some(()));
    let text = |state: &Path| {
        let services = "[{ name: secure, address: '10.77.0.3:1', hosts: [ secure.test ] }]";
        yaml("127.0.0.1:9", services, "{ redirect: '127.0.0.1:15006' }", state)
    };
    let led = Led::start(namespaces, 0, "nftables", &text);
    let ask = |name: &str| {
        let mut command = led.namespaces.gateway("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "curl", "--insecure", "--http1.1"]);
        command.args(["--output", "/dev/null", "--write-out", "%{http_code}"]);
        let (resolve, url) = (format!("{name}:7443:10.77.0.2"), format!("https://{name}:7443/items/7"));
        curl(command, &["--resolve", &resolve, &url])
    };
    assert_eq!(ask("secure.test"), "200");
    assert_eq!(ask("elsewhere.test"), "200");
    let tunnels = |service: &str| {
        led.metrics().get(&format!("outrider_tunnels_total{{service=\"{service}\",result=\"established\"}}"))
    };
    wait::until_equal("a tunnel by SNI", &Some(1.0), || tunnels("secure"));
    wait::until_equal("a tunnel of nobody's", &Some(1.0), || tunnels("other"));
    assert_eq!(led.metrics().sum("service_requests_total"), 0.0, "inside TLS nothing is seen");
}

#[test]
fn where_our_own_user_is_not_exempt_a_connection_does_not_go_round_in_circles() {
    let namespaces = Namespaces::new();
    let mut command = namespaces.services(installed::python());
    let _service = Server::start("service.py", &mut command, "10.77.0.2:7000", &[]);
    // Exempt is somebody else; Outrider is root here.
    let text = |state: &Path| yaml("127.0.0.1:9", "[]", "{ redirect: '127.0.0.1:15006' }", state);
    let led = Led::start(namespaces, 65_534, "nftables", &text);
    let said = curl(led.namespaces.gateway("curl"), &["http://10.77.0.2:7000/status/200"]);
    assert_eq!(said, "", "the connection breaks off");
    let loops = || led.metrics().get("outrider_egress_refused_total{reason=\"loop\"}");
    wait::until_equal("the loop to be found, once", &Some(1.0), loops);
}

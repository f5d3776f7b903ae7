//! A configuration that changes while the road runs.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::gateway::Gateway;
use super::harness::raw::{self, Connection};
use super::harness::road::Road;
use super::harness::wait;

const REQUEST: &str = "GET /things/seven HTTP/1.1\r\nHost: e2e.test\r\n\r\n";
const SUCCESSFUL: &str = "outrider_config_last_reload_successful";
const REFUSED: &str = "outrider_config_reloads_total{result=\"refused\"}";

/// A gateway that answers everything with its name, on as many connections as come.
fn origin(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let (mut buffer, mut head) = ([0; 4096], Vec::new());
                while let Ok(count @ 1..) = client.read(&mut buffer) {
                    head.extend_from_slice(&buffer[..count]);
                    if head.ends_with(b"\r\n\r\n") {
                        head.clear();
                        let length = name.len();
                        let _ = write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{name}");
                    }
                }
            });
        }
    });
    address
}

fn yaml(gateway: SocketAddr, patterns: &str) -> String {
    format!(
        "ingress: {{ listen: '127.0.0.1:0', gateway: '{gateway}' }}\n\
         admin: {{ listen: '127.0.0.1:0' }}\n\
         routes: {{ patterns: [ {patterns} ] }}\n\
         alerting: {{ state: state }}\n"
    )
}

/// A road whose configuration holds `text`, and the path of that.
fn road(text: &str) -> (Road, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    fs::write(&config, text).expect("written");
    (Road::run(folder, config.clone()), config)
}

/// Puts `text` in the file's place, as a careful writer does.
fn replace(config: &Path, text: &str) {
    let new = config.with_extension("new");
    fs::write(&new, text).expect("written");
    fs::rename(new, config).expect("moved");
}

fn metric(road: &Road, series: &str) -> f64 {
    road.metrics().get(series).unwrap_or_default()
}

/// What a request on a connection of its own is answered.
fn answer(road: &Road) -> String {
    String::from_utf8(raw::get(road.ingress, "/things/seven").body).expect("a name")
}

fn counted(road: &Road, endpoint: &str) -> f64 {
    let series = format!("http_requests_total{{method=\"GET\",endpoint=\"{endpoint}\",status_code=\"200\"}}");
    metric(road, &series)
}

#[test]
fn a_changed_file_runs_and_connections_live_on() {
    let (one, two) = (origin("one"), origin("two"));
    let (road, config) = road(&yaml(one, ""));
    let mut kept = Connection::open(road.ingress);
    kept.send(REQUEST);
    assert_eq!(kept.response(false).body, b"one");

    replace(&config, &yaml(two, "'/things/{name}'"));
    wait::until("the second gateway's answer", || (answer(&road) == "two").then_some(()));

    let before = counted(&road, "/things/{name}");
    kept.send(REQUEST);
    assert_eq!(kept.response(false).body, b"one", "an established connection stays with its gateway");
    wait::until_equal("the endpoint of the new pattern, on it too", &(before + 1.0), || {
        counted(&road, "/things/{name}")
    });
    assert_eq!(metric(&road, SUCCESSFUL), 1.0);
    assert_eq!(metric(&road, "outrider_config_reloads_total{result=\"applied\"}"), 1.0);
}

#[test]
fn a_session_and_a_request_in_flight_live_through_a_change() {
    let gateway = Gateway::start();
    let (road, config) = road(&yaml(gateway.address, ""));
    let (mut session, mut held) = (Connection::open(road.ingress), Connection::open(road.ingress));
    session.send(raw::UPGRADE);
    assert_eq!(session.response(false).status, 101);
    held.send("GET /hold/a HTTP/1.1\r\nHost: e2e.test\r\n\r\n");
    gateway.wait_until_held("a");

    replace(&config, &yaml(origin("two"), ""));
    wait::until("the second gateway's answer", || (answer(&road) == "two").then_some(()));
    session.send(b"\x81\x85\0\0\0\0still");
    assert_eq!(session.exactly(7), b"\x81\x05still");
    gateway.release("a");
    assert_eq!(held.response(false).body, br#"{"held":"a"}"#);
}

#[test]
fn an_invalid_file_is_refused_until_it_is_put_back() {
    let one = origin("one");
    let text = yaml(one, "");
    let (road, config) = road(&text);

    replace(&config, &text.replace("gateway:", "gatway:"));
    wait::until_equal("the metric of the refusal", &0.0, || metric(&road, SUCCESSFUL));
    assert_eq!(answer(&road), "one", "what ran goes on");
    road.process.wait_for_line("the fault with its path", |line| {
        line.contains("ingress.gatway: is not a known key; did you mean `gateway`?").then_some(())
    });

    replace(&config, &text);
    wait::until_equal("the metric after the file was put back", &1.0, || metric(&road, SUCCESSFUL));
    assert_eq!(metric(&road, REFUSED), 1.0);
}

#[test]
fn a_key_that_needs_a_restart_is_refused_by_name() {
    let one = origin("one");
    let (road, config) = road(&yaml(one, ""));
    replace(&config, &yaml(one, "").replace("listen: '127.0.0.1:0' }", "listen: '127.0.0.2:0' }"));
    wait::until_equal("the metric of the refusal", &1.0, || metric(&road, REFUSED));
    road.process.wait_for_line("the key and what to do", |line| {
        line.contains("admin.listen: cannot change while we run; restart to change it, or put it back").then_some(())
    });
    assert_eq!(answer(&road), "one");
}

#[test]
fn a_mounted_config_map_that_is_swapped_runs() {
    let (one, two) = (origin("one"), origin("two"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path().to_owned();
    let version = |name: &str, text: &str| {
        fs::create_dir(at.join(name)).expect("made");
        fs::write(at.join(name).join("agent.yaml"), text).expect("written");
        symlink(name, at.join("..data_tmp")).expect("linked");
        fs::rename(at.join("..data_tmp"), at.join("..data")).expect("swapped");
    };
    version("..1", &yaml(one, ""));
    symlink("..data/agent.yaml", at.join("agent.yaml")).expect("linked");
    let road = Road::run(folder, at.join("agent.yaml"));
    assert_eq!(answer(&road), "one");
    version("..2", &yaml(two, ""));
    fs::remove_dir_all(at.join("..1")).expect("removed");
    wait::until("the second gateway's answer", || (answer(&road) == "two").then_some(()));
}

#[test]
fn a_hangup_reads_the_file_again_and_ends_nothing() {
    let one = origin("one");
    let (road, _config) = road(&yaml(one, ""));
    road.process.signal("HUP");
    road.process
        .wait_for_line("that nothing changed", |line| line.contains("the configuration is what runs").then_some(()));
    assert_eq!(answer(&road), "one");
}

#[test]
fn a_variable_that_says_what_is_not_known_is_told_at_the_start() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    fs::write(&config, yaml(origin("one"), "")).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.env("OTEL_PROPAGATORS", "xray,b3");
    let road = Road::run_by(folder, command, &config);
    road.process.wait_for_line("the word", |line| line.contains("OTEL_PROPAGATORS names `xray`").then_some(()));
}

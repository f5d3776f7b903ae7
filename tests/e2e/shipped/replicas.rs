//! A gateway of several replicas behind one name, as Compose and headless services have it: connections go to each in turn, and
//! replicas that come and go are found. The name is in a hosts file of the test's own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::harness::raw::{self, Connection};
use crate::harness::road::Road;
use crate::harness::wait;

/// Answers each connection once, with who it is.
fn replica(listener: TcpListener, name: u8) {
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                match stream.read(&mut byte) {
                    Ok(1) => head.push(byte[0]),
                    _ => break,
                }
            }
            if head.starts_with(b"GET /leave") {
                // First, so that who sees the end of this connection finds nobody who lets him in and then hangs up.
                drop(listener);
                return;
            }
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{name}");
            // Who hangs up before the answer does not want it.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
}

/// How many of so many requests each replica answered.
fn shares(ingress: SocketAddr, requests: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..requests {
        let answer = raw::get(ingress, "/");
        assert_eq!(answer.status, 200, "no request fails");
        *shares.entry(String::from_utf8(answer.body).expect("a digit")).or_default() += 1;
    }
    shares
}

fn of(each: usize, names: &[&str]) -> BTreeMap<String, usize> {
    names.iter().map(|name| ((*name).to_owned(), each)).collect()
}

#[test]
fn connections_go_to_each_replica_in_turn_and_replicas_come_and_go() {
    let first = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = first.local_addr().expect("an address").port();
    replica(first, 1);
    // Another address may have the port in use; the whole of 127.0.0.0/8 is this machine's.
    for name in [2, 3] {
        replica(TcpListener::bind((std::net::Ipv4Addr::new(127, 0, 0, name), port)).expect("the port is free"), name);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = folder.path().join("hosts");
    let know = |addresses: &[u8]| {
        let lines: String = addresses.iter().map(|last| format!("127.0.0.{last} api-gateway\n")).collect();
        fs::write(&hosts, lines + "127.0.0.1 localhost\n").expect("written");
    };
    know(&[1]);
    let config = folder.path().join("agent.yaml");
    let text = format!(
        "log: {{ level: info, format: json }}\n\
         ingress: {{ listen: '127.0.0.1:0', gateway: 'api-gateway:{port}' }}\nadmin: {{ listen: '127.0.0.1:0' }}\n\
         alerting: {{ state: '{}' }}\n",
        folder.path().display()
    );
    fs::write(&config, text).expect("written");
    let mut command = Command::new("unshare");
    let script = format!("mount --bind {} /etc/hosts && exec \"$@\"", hosts.display());
    command.args(["--mount", "sh", "-euc", &script, "sh", env!("CARGO_BIN_EXE_outrider")]);
    let road = Road::run_by(tempfile::tempdir().expect("a folder"), command, Path::new(&config));
    assert_eq!(shares(road.ingress, 3), of(3, &["1"]));

    know(&[1, 2, 3]);
    road.process.wait_for_line("the others", |line| line.contains("has other addresses").then_some(()));
    wait::until_equal("three that take turns", &of(2, &["1", "2", "3"]), || shares(road.ingress, 6));

    // One stops. Until the name says so, it is tried, and who asked is served by another.
    let mut leaving = Connection::open(SocketAddr::from(([127, 0, 0, 2], port)));
    leaving.send("GET /leave HTTP/1.1\r\n\r\n");
    assert_eq!(leaving.rest(), b"");
    assert_eq!(shares(road.ingress, 12).keys().collect::<Vec<_>>(), ["1", "3"]);
    // A name that leads nowhere leaves what was known, and it is heard again.
    know(&[]);
    know(&[3]);
    wait::until_equal("the one that is left", &of(3, &["3"]), || shares(road.ingress, 3));
    // That was no change of the configuration.
    assert_eq!(road.metrics().get(r#"outrider_config_reloads_total{result="applied"}"#), Some(0.0));
}

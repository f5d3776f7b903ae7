//! WebSocket frames that lie, configurations that expand, guessed tokens, and names without end.

use std::process::Command;
use std::time::{Duration, Instant};

use super::{Siege, besieged, patient, with};
use crate::harness::gateway::Gateway;
use crate::harness::raw::{self, Connection, UPGRADE};
use crate::harness::road::Road;

#[test]
fn frames_that_lie_about_their_length() {
    let gateway = Gateway::start();
    let siege = Siege::of(with(gateway.address, ""));
    let lengths: [u64; 4] = [u64::MAX, 1 << 63, (1 << 63) - 1, 1 << 40];
    let mut held: Vec<Connection> = Vec::new();
    for length in lengths.iter().cycle().take(100) {
        let mut session = Connection::open(siege.road.ingress);
        session.send(UPGRADE);
        session.head();
        session.send([&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4], &[0; 4096]].concat());
        held.push(session);
    }
    siege.holds("100 WebSocket frames that say they are up to 2⁶⁴ − 1 octets", 100 * 16);
}

#[test]
fn paths_without_end() {
    const PATHS: usize = 30_000;
    let siege = besieged();
    let mut client = Connection::open(siege.road.ingress);
    for batch in 0..PATHS / 100 {
        let requests: String = (0..100)
            .map(|nth| {
                let n = batch * 100 + nth;
                format!(
                    "GET /p{n}/q{} HTTP/1.1\r\nHost: h{n}\r\nX-Forwarded-For: 10.{}.{}.{}\r\n\r\n",
                    n * 7,
                    n >> 16,
                    (n >> 8) & 255,
                    n & 255
                )
            })
            .collect();
        client.send(requests);
        (0..100).for_each(|_| assert_eq!(client.response(false).status, 200));
    }
    let road = siege.holds(&format!("{PATHS} paths, hosts and forwarded addresses, none twice"), 24 * 1024);
    let metrics = road.metrics();
    let endpoints = metrics.moved("http_requests_total").len();
    assert!(endpoints <= 320, "{endpoints} series of http_requests_total");
    assert!(metrics.sum("http_requests_total") >= PATHS as f64, "every one of them is counted");
}

#[test]
fn configurations_that_expand_are_refused_at_once() {
    let laughs: String = (1..30).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(10))).collect();
    let bombs = [
        ("aliases that expand to 10³⁰ values", format!("a0: &a0 [x]\n{laughs}")),
        ("100,000 brackets", "[".repeat(100_000)),
        ("2,000 levels of mappings", (0..2000).map(|n| format!("{}k:\n", " ".repeat(n))).collect()),
        ("64 MiB of text", format!("service: {}", "x".repeat(64 << 20))),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("agent.yaml");
    for (what, text) in bombs {
        std::fs::write(&path, text).expect("the folder takes a file");
        let begin = Instant::now();
        // The kernel would end a reader that takes more than this.
        let mut command = Command::new("prlimit");
        command.args(["--as=1073741824", env!("CARGO_BIN_EXE_outrider"), "check"]).arg(&path);
        let output = command.output().expect("prlimit, of util-linux");
        let took = begin.elapsed();
        assert_eq!(output.status.code(), Some(1), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(took < Duration::from_secs(10), "{what}: {took:?}");
        eprintln!("| `outrider check` of {what} | 10 s, 1 GiB of addresses | {:.2} s | refused |", took.as_secs_f64());
    }
}

#[test]
fn guessed_tokens() {
    const GUESSES: usize = 3000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "correct-horse-battery-staple").expect("the folder takes a file");
    let tokens = format!("tokens: [ {{ name: oncall, role: operate, token: {{ file: {} }} }} ]", token.display());
    let yaml = crate::harness::road::Settings::to(patient()).yaml(folder.path()).replace(
        "admin: { listen: '127.0.0.1:0' }",
        &format!("admin: {{ listen: '127.0.0.1:0', anonymous: none, {tokens} }}"),
    );
    let config = folder.path().join("agent.yaml");
    std::fs::write(&config, yaml).expect("the folder takes a file");
    let road = Road::run(folder, config);
    let ask = |token: &str| {
        let mut connection = Connection::open(road.admin());
        connection.send(format!("GET /api/v1/metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"));
        connection.response(false).status
    };
    let begin = Instant::now();
    let let_in = (0..GUESSES).filter(|nth| ask(&format!("correct-horse-battery-{nth}")) == 200).count();
    let took = begin.elapsed();
    assert_eq!((let_in, ask("correct-horse-battery-staple")), (0, 200), "and the owner is let in meanwhile");
    assert_eq!(raw::get(road.ingress, "/").status, 200);
    eprintln!(
        "| {GUESSES} guesses of a token at the admin port | none let in | 0 | the owner is, {:.1} s |",
        took.as_secs_f64()
    );
}

#[test]
fn a_label_with_values_without_end() {
    let rule = "business:\n  - name: orders\n    match: { endpoint: / }\n    counter: orders_total\n    labels: { who: { header: x-who, max: 20 } }\n";
    let siege = Siege::of(with(patient(), rule));
    let mut client = Connection::open(siege.road.ingress);
    for batch in 0..150 {
        let requests: String =
            (0..200).map(|nth| format!("GET / HTTP/1.1\r\nHost: a\r\nX-Who: w{}\r\n\r\n", batch * 200 + nth)).collect();
        client.send(requests);
        (0..200).for_each(|_| assert_eq!(client.response(false).status, 200));
    }
    let road = siege.holds("30,000 values of a header that is a label of 20", 16 * 1024);
    // Twenty, what is beyond them, and what has none.
    assert!(road.metrics().moved("orders_total").len() <= 22);
}

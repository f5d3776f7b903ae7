//! HTTP/1: slow clients, and messages that are bombs.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;

use super::{Siege, besieged, patient, pour, with};
use crate::harness::raw::Connection;
use crate::harness::wait;

/// What a connection may take that is in the middle of a head, KiB.
const EACH: u64 = 8;
const SLOW: u64 = 400;

/// slowhttptest for five seconds, hundreds of connections.
fn slow(mode: &[&str], ingress: SocketAddr) -> String {
    let mut command = Command::new("slowhttptest");
    command.args(mode).args(["-c", &SLOW.to_string(), "-r", "400", "-i", "1", "-l", "5", "-p", "3"]);
    command.args(["-u", &format!("http://{ingress}/")]).env("TERM", "dumb");
    let output = command.output().expect("slowhttptest is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn slowloris() {
    let siege = besieged();
    let said = slow(&["-H", "-x", "24"], siege.road.ingress);
    assert!(said.contains("SLOW HEADERS"), "{said}");
    let road =
        siege.holds(&format!("slowloris: {SLOW} clients that never end their head (slowhttptest -H)"), SLOW * EACH);
    wait::until_equal("requests that are over", &0.0, || road.metrics().sum("http_requests_active"));
}

#[test]
fn slow_bodies() {
    let siege = besieged();
    let said = slow(&["-B", "-s", "100000", "-x", "24"], siege.road.ingress);
    assert!(said.contains("SLOW BODY"), "{said}");
    siege.holds(&format!("slow body: {SLOW} clients that never end their upload (slowhttptest -B)"), SLOW * EACH);
}

#[test]
fn slow_readers() {
    let siege = besieged();
    let said = slow(&["-X", "-w", "1", "-y", "2", "-n", "1", "-z", "1", "-k", "10"], siege.road.ingress);
    assert!(said.contains("SLOW READ"), "{said}");
    siege.holds(&format!("slow read: {SLOW} clients that take an octet a second (slowhttptest -X)"), SLOW * EACH);
}

#[test]
fn heads_without_end() {
    const CLIENTS: u64 = 20;
    let siege = besieged();
    let field = format!("x-{}: {}\r\n", "n".repeat(60), "v".repeat(900)).into_bytes();
    let begin = b"GET /bomb HTTP/1.1\r\nHost: a\r\n".to_vec();
    let pouring: Vec<_> = (0..CLIENTS).map(|_| pour(siege.road.ingress, begin.clone(), field.clone(), 4096)).collect();
    let held: Vec<Connection> = pouring.into_iter().map(|one| one.join().expect("all of it is taken")).collect();
    let road = siege.holds(&format!("{CLIENTS} heads of 4 MiB each, never ended"), CLIENTS * 128);
    drop(held);
    let opaque = || road.metrics().get("outrider_opaque_connections_total{reason=\"head_too_long\"}");
    wait::until_equal("heads that are too large to be looked at", &Some(CLIENTS as f64), opaque);
}

#[test]
fn chunk_extensions_and_sizes_without_end() {
    let siege = besieged();
    let begin = b"POST /bomb HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;".to_vec();
    let extension = pour(siege.road.ingress, begin.clone(), vec![b'e'; 64 * 1024], 64);
    let sizes = [b"f".repeat(40), b"ffffffffffffffff\r\nx".to_vec(), b"-1\r\n".to_vec(), b"0x10\r\n".to_vec()];
    let lies =
        sizes.map(|size| pour(siege.road.ingress, [&begin[..begin.len() - 2], &size].concat(), vec![b'f'; 4096], 16));
    let _held =
        (extension.join().expect("all of it is taken"), lies.map(|one| one.join().expect("all of it is taken")));
    siege.holds("a chunk extension of 4 MiB, and chunk sizes of 2⁶⁴ and worse", 1024);
}

#[test]
fn a_million_chunks_of_an_octet() {
    let siege = besieged();
    let begin = b"POST /bomb HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let mut one =
        pour(siege.road.ingress, begin, b"1\r\nx\r\n".repeat(10_000), 100).join().expect("all of it is taken");
    one.send("0\r\n\r\n");
    siege.holds("a body of a million chunks of one octet", 1024);
}

#[test]
fn bodies_that_decompress_to_a_gigabyte() {
    let rule = "business:\n  - name: orders\n    match: { method: POST, endpoint: /items }\n    counter: orders_total\n    \
                labels: { kind: { request: /kind } }\n";
    let siege = Siege::of(with(patient(), rule));
    // A thousandfold; in it, a document that would be read if it were not so large.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(b"{\"kind\":\"").expect("memory takes it");
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..64 {
        encoder.write_all(&spaces).expect("memory takes it");
    }
    let bomb = encoder.finish().expect("memory takes it");
    let head = format!(
        "POST /items HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    );
    let mut client = Connection::open(siege.road.ingress);
    for _ in 0..16 {
        client.send(&head);
        client.send(&bomb);
        client.response(false);
    }
    let road = siege.holds(
        &format!("16 bodies of {} KiB that decompress to 64 MiB each, under a rule that reads them", bomb.len() >> 10),
        12 * 1024,
    );
    wait::until_equal("orders of a kind nobody can read", &16.0, || road.metrics().sum("orders_total"));
}

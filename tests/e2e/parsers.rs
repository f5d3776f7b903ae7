//! Our reader of HTTP/1 next to another one: h11, behind uvicorn. Streams of requests, right and mutated, go through the road; what is
//! followed must be counted as often as the gateway answered, and what is right must be followed.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::harness::gateway::Gateway;
use crate::harness::road::Road;
use crate::harness::wait::{self, PATIENCE};

const STREAMS: u64 = 400;
/// After so long without an answer it is looked whether one is missing.
const SILENCE: Duration = Duration::from_millis(50);

#[test]
fn what_is_followed_is_what_another_parser_reads() {
    let gateway = Gateway::start_with(&["--http", "h11"]);
    let road = Road::to(gateway.address);
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    let mut before = counts(&road);
    for seed in 0..STREAMS {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut stream: Vec<u8> = (0..random.random_range(1..5)).flat_map(|_| request(&mut random)).collect();
        let is_right = seed % 3 == 0;
        if !is_right {
            mutate(&mut random, &mut stream);
        }
        let (answers, now) = exchange(&road, &stream, before);
        let (counted, opaque) = (now.0 - before.0, now.1 - before.1);
        before = now;
        let shown = || stream.escape_ascii().to_string();
        assert!(opaque == 0.0 || !is_right, "stream {seed} is right, and is not followed: {}", shown());
        assert!(
            opaque > 0.0 || counted == answers as f64,
            "stream {seed}: {answers} answers, {counted} counted: {}",
            shown()
        );
        // A misread boundary would show in an answer too many even where the rest was not looked at.
        assert!(counted <= answers as f64, "stream {seed}: {answers} answers, {counted} counted: {}", shown());
        let what = match (is_right, opaque > 0.0) {
            (true, _) => "right and followed",
            (false, false) => "mutated and followed",
            (false, true) => "mutated and let go",
        };
        *tally.entry(what).or_default() += 1;
    }
    eprintln!("{tally:?}");
    assert!(tally["mutated and followed"] > 20 && tally["mutated and let go"] > 20, "{tally:?}");
}

/// Answers that were counted, and connections that were not followed.
fn counts(road: &Road) -> (f64, f64) {
    let metrics = road.metrics();
    (metrics.sum("http_requests_total"), metrics.sum("outrider_opaque_connections_total"))
}

/// How many final answers come to a stream of requests, and the counts then. Whether more is to come nobody can know of a stream that
/// is broken: so it is waited until both sides agree, or the connection ends.
fn exchange(road: &Road, stream: &[u8], before: (f64, f64)) -> (usize, (f64, f64)) {
    let mut client = TcpStream::connect(road.ingress).expect("it accepts");
    client.set_read_timeout(Some(SILENCE)).expect("a socket takes its options");
    // The gateway may hang up under what is wrong.
    let _ = client.write_all(stream);
    let _ = client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let (mut bytes, mut buffer, deadline) = (Vec::new(), [0; 4096], Instant::now() + PATIENCE);
    loop {
        let is_over = match client.read(&mut buffer) {
            Ok(0) => true,
            Ok(count) => {
                bytes.extend_from_slice(&buffer[..count]);
                continue;
            }
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        let (answers, now) = (answers(&bytes), counts(road));
        if is_over || now.1 > before.1 || now.0 - before.0 == answers as f64 || Instant::now() > deadline {
            drop(client);
            // What was asked before it was let go is counted when it is answered or gone.
            wait::until_equal("requests in flight", &Some(0.0), || road.metrics().get("http_requests_active"));
            return (answers, counts(road));
        }
    }
}

fn answers(bytes: &[u8]) -> usize {
    let (mut rest, mut count) = (bytes, 0);
    while let Some(end) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&rest[..end]).to_lowercase();
        let length: Option<usize> =
            head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let whole = end + 4 + length.unwrap_or(0);
        // The gateway's own refusals come in chunks, of which the last looks like the end of a head.
        let is_answer = head.starts_with("http/1.") && !head.starts_with("http/1.1 1");
        count += usize::from(is_answer && whole <= rest.len());
        rest = &rest[whole.min(rest.len())..];
    }
    count
}

fn request(random: &mut SmallRng) -> Vec<u8> {
    let method = *["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"].choose(random).expect("some");
    let target = *["/", "/items/7", "/items/7?q=a%20b", "/seen", "/nothing/here", "*"].choose(random).expect("some");
    let target = if target == "*" && method != "OPTIONS" { "/" } else { target };
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n");
    for nth in 0..random.random_range(0..4) {
        head +=
            *["X-A: b\r\n", "x-empty:\r\n", "X-Tab:\ta b\t\r\n", "Cookie: a=b; c=\"d\"\r\n", "X-Utf: gr\u{fc}n\r\n"]
                .get(nth)
                .expect("four of five");
    }
    let body: Vec<u8> = (0..random.random_range(0..40)).map(|_| random.random()).collect();
    match random.random_range(0..3) {
        0 if body.is_empty() => head += "\r\n",
        0 | 1 => {
            head += &format!("Content-Length: {}\r\n\r\n", body.len());
            return [head.into_bytes(), body].concat();
        }
        _ => {
            head += "Transfer-Encoding: chunked\r\n\r\n";
            let mut bytes = head.into_bytes();
            for chunk in body.chunks(7) {
                let extension = if random.random() { ";e=\"v\"" } else { "" };
                bytes.extend(format!("{:x}{extension}\r\n", chunk.len()).into_bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(if random.random() { &b"0\r\n\r\n"[..] } else { b"0\r\nX-Trailer: t\r\n\r\n" });
            return bytes;
        }
    }
    head.into_bytes()
}

/// One thing that implementations are known to take differently, or any octet.
fn mutate(random: &mut SmallRng, stream: &mut Vec<u8>) {
    const SPELLINGS: [(&str, &str); 14] = [
        ("Content-Length: ", "Content-Length: +"),
        ("Content-Length: ", "Content-Length : "),
        ("Content-Length: ", "Content-Length: 3\r\nContent-Length: "),
        ("Content-Length: ", "Transfer-Encoding: chunked\r\nContent-Length: "),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: xchunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked, identity"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding:\x0bchunked"),
        ("\r\nHost: a", "\r\nHost: a\r\n folded"),
        ("\r\nHost: a", "\nHost: a"),
        ("\r\nHost: a", "\r\nHost: a\r\nX\0: a"),
        ("HTTP/1.1", "HTTP/1.0"),
        ("HTTP/1.1", "HTTP/2.0"),
        (" HTTP/1.1", "  HTTP/1.1"),
        ("\r\n\r\n", "\n\n"),
    ];
    if random.random_range(0..3) == 0 {
        let at = random.random_range(0..stream.len());
        stream[at] = random.random();
        return;
    }
    let (from, to) = SPELLINGS.choose(random).expect("some");
    if let Some(at) = stream.windows(from.len()).position(|window| window == from.as_bytes()) {
        stream.splice(at..at + from.len(), to.bytes());
    }
}

//! Conversations that nobody thought of: the cases' bytes, mutilated, in random segments and both ways at once. Whatever
//! they are, they pass unchanged, nobody panics, and nothing is left behind.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use super::case::{Case, Side, Step};
use super::cases::folder;
use super::text;
use crate::harness::road::Road;
use crate::harness::wait::{self, PATIENCE};

/// With the seed in the name of a failure, that conversation can be had again.
const CONVERSATIONS: u64 = 1000;
/// Longer bytes make slower conversations, not other ones.
const LONGEST: usize = 20_000;

#[test]
fn mutilated_conversations_pass_unchanged() {
    let said = what_the_cases_say();
    let origin = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let road = Road::to(origin.local_addr().expect("a bound socket"));
    for seed in 1..=CONVERSATIONS {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let of = |side: usize, random: &mut Random| {
            let said = &said[side];
            let (base, other) = (&said[random.below(said.len())], &said[random.below(said.len())]);
            mutilate(base, other, random)
        };
        let (inbound, outbound) = (of(0, &mut random), of(1, &mut random));
        let client = TcpStream::connect(road.ingress).expect("the road accepts");
        let (gateway, _) = origin.accept().expect("the road connects");
        let cuts = [random.next(), random.next()];
        let (at_client, at_gateway) = std::thread::scope(|scope| {
            let client = scope.spawn(|| say_and_hear(client, &inbound, Random(cuts[0])));
            let gateway = scope.spawn(|| say_and_hear(gateway, &outbound, Random(cuts[1])));
            (client.join().expect("the client's side"), gateway.join().expect("the gateway's side"))
        });
        for (to, sent, heard) in [("gateway", &inbound, at_gateway), ("client", &outbound, at_client)] {
            assert!(*sent == heard, "conversation {seed}, to the {to}: {}", text::difference(sent, &heard));
        }
    }
    if road.has_metrics() {
        let left = || ["http_requests_active", "outrider_connections_open"].map(|gauge| road.metrics().get(gauge));
        wait::until_equal("what is left behind", &[Some(0.0), Some(0.0)], left);
        let metrics = road.metrics();
        assert_eq!(metrics.get(r#"outrider_opaque_connections_total{reason="panic"}"#), Some(0.0));
        assert_eq!(metrics.sum("websocket_connections_active"), 0.0);
        assert!(metrics.sum("http_requests_total") > 50.0, "some of it was still HTTP");
    }
}

/// All that the clients and all that the origins of the cases send, one text a case.
fn what_the_cases_say() -> [Vec<Vec<u8>>; 2] {
    let mut said = [Vec::new(), Vec::new()];
    let mut files: Vec<_> = std::fs::read_dir(folder()).expect("the folder of cases").flatten().collect();
    files.sort_by_key(std::fs::DirEntry::path);
    for file in files {
        let case = Case::parse(&std::fs::read_to_string(file.path()).expect("a case's file")).expect("a case");
        let mut of_case = [Vec::new(), Vec::new()];
        for (_, step) in &case.steps {
            if let Step::Sends(side, bytes) = step {
                of_case[usize::from(*side == Side::Origin)].extend_from_slice(bytes);
            }
        }
        for (said, bytes) in said.iter_mut().zip(of_case) {
            if (1..=LONGEST).contains(&bytes.len()) {
                said.push(bytes);
            }
        }
    }
    said
}

/// Some bytes other, more, fewer, twice, or out of another text.
fn mutilate(base: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = base.to_vec();
    for _ in 0..random.below(5) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 => bytes.insert(at, b"\r\n\0:;, 0aF\xff\x80"[random.below(12)]),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.extend_from_within(at..end),
            4 => drop(bytes.splice(at..end, other.iter().copied())),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// Sends `bytes` in a few segments, ends, and gives all that came.
fn say_and_hear(mut stream: TcpStream, bytes: &[u8], mut random: Random) -> Vec<u8> {
    stream.set_nodelay(true).expect("a socket takes its options");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes its options");
    let mut rest = bytes;
    while !rest.is_empty() {
        let size = if random.below(3) == 0 { 1 + random.below(8) } else { 1 + random.below(rest.len()) };
        let (segment, after) = rest.split_at(size.min(rest.len()));
        stream.write_all(segment).expect("the segment is taken");
        rest = after;
    }
    stream.shutdown(Shutdown::Write).expect("this side ends");
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).expect("the other side ends in order");
    heard
}

/// xorshift64*: the same numbers each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound.max(1)
    }
}

//! HTTP/2: streams that are reset as soon as they are opened, and field blocks that are bombs.

use std::time::{Duration, Instant};

use super::{Siege, pour, with};
use crate::harness::gateway::Gateway;
use crate::harness::raw::Connection;
use crate::harness::road::Road;
use crate::harness::wait;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// GET / by http of "a": three indexed fields of the static table, and an authority.
const REQUEST: &[u8] = b"\x82\x84\x86\x41\x01a";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Sends as long as anybody takes it: a gateway may well hang up under an attack.
fn flood(road: &Road, frames: &[u8]) {
    let mut stream = std::net::TcpStream::connect(road.ingress).expect("it accepts");
    stream.set_write_timeout(Some(wait::PATIENCE)).expect("a socket takes its options");
    let mut reader = stream.try_clone().expect("a handle");
    let reading = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    let _ = std::io::Write::write_all(&mut stream, frames);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = reading.join();
}

#[test]
fn rapid_resets() {
    const STREAMS: u32 = 20_000;
    let gateway = Gateway::start_http2();
    let siege = Siege::of(with(gateway.address, ""));
    let mut frames = PREFACE.to_vec();
    for nth in 0..STREAMS {
        frames.extend(frame(1, 5, 2 * nth + 1, REQUEST));
        frames.extend(frame(3, 0, 2 * nth + 1, &8_u32.to_be_bytes()));
    }
    flood(&siege.road, &frames);
    let road = siege.holds(&format!("{STREAMS} streams, each reset at once (CVE-2023-44487)"), 4096);
    wait::until_equal("streams that are over", &0.0, || road.metrics().sum("http_requests_active"));
}

#[test]
fn continuations_without_end() {
    let gateway = Gateway::start_http2();
    let siege = Siege::of(with(gateway.address, ""));
    let mut frames = PREFACE.to_vec();
    frames.extend(frame(1, 1, 1, REQUEST));
    let part = frame(9, 0, 1, &[0_u8; 1].repeat(16_000));
    (0..640).for_each(|_| frames.extend(&part));
    flood(&siege.road, &frames);
    let road = siege.holds("10 MiB of CONTINUATION frames, never ended (CVE-2024-27316)", 1024);
    wait::until_equal("requests that are over", &0.0, || road.metrics().sum("http_requests_active"));
}

#[test]
fn field_blocks_that_expand() {
    let gateway = Gateway::start_http2();
    let siege = Siege::of(with(gateway.address, ""));
    let mut frames = PREFACE.to_vec();
    // A field of 4,000 octets enters the dynamic table; each later octet names it again.
    let large = [&[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'v'; 4000]].concat();
    frames.extend(frame(1, 5, 1, &[REQUEST, &large].concat()));
    for nth in 1..200 {
        frames.extend(frame(1, 5, 2 * nth + 1, &[&REQUEST[..3], &[0xbe_u8].repeat(16_000)].concat()));
    }
    let begin = Instant::now();
    flood(&siege.road, &frames);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    siege.holds("200 field blocks of 16 kB that decode to 64 MB each (HPACK bomb)", 2048);
}

#[test]
fn settings_and_pings_without_end() {
    // One that takes them as fast as they come: those who wait for hypercorn wait for h2 in Python, not for us.
    let siege = super::besieged();
    let ping = frame(6, 0, 0, &[7; 8]);
    let settings = frame(4, 0, 0, &[0, 4, 0, 1, 0, 0]);
    flood(&siege.road, &[PREFACE.to_vec(), [ping, settings].concat().repeat(50_000)].concat());
    siege.holds("50,000 PINGs and as many SETTINGS", 4096);
}

#[test]
fn half_a_preface_is_waited_for_by_nobody() {
    let siege = super::besieged();
    let held: Vec<Connection> = (0..400)
        .map(|_| pour(siege.road.ingress, PREFACE[..12].to_vec(), Vec::new(), 0))
        .map(|one| one.join().expect("it is taken"))
        .collect();
    siege.holds("400 clients that send half a preface", 400 * 8);
    drop(held);
}

//! Clients that are slow or greedy take nothing from others.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::harness::gateway::Gateway;
use crate::harness::raw;
use crate::harness::road::Road;

/// What is asked of the admin port and of the road while others are slow.
const LOOKS: usize = 40;

#[test]
fn two_hundred_slow_clients_and_a_slow_reader_delay_no_scrape_and_no_request() {
    let gateway = Gateway::start();
    let road = Road::to(gateway.address);
    let stop = Arc::new(AtomicBool::new(false));
    let admin = road.admin();
    let alone = (times(admin, "/api/v1/metrics"), times(road.ingress, "/items/7"));
    let mut slow: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(admin).expect("it takes connections")).collect();
    let writer = std::thread::spawn({
        let stop = stop.clone();
        move || {
            // A byte a second each.
            let request = b"GET /api/v1/metrics HTTP/1.1\r\nHost: a\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
            for byte in request {
                slow.iter_mut().for_each(|client| drop(client.write_all(&[*byte])));
                if wait(&stop) {
                    return;
                }
            }
        }
    });
    let reader = std::thread::spawn({
        let stop = stop.clone();
        move || {
            let mut client = TcpStream::connect(admin).expect("it takes connections");
            client.write_all(b"GET /api/v1/metrics HTTP/1.1\r\nHost: a\r\n\r\n").expect("sent");
            while !wait(&stop) {
                client.read_exact(&mut [0]).expect("the scrape goes on");
            }
        }
    });

    let (scrapes, requests) = (times(admin, "/api/v1/metrics"), times(road.ingress, "/items/7"));
    let open = road.metrics().get("outrider_admin_connections_open").unwrap_or_default();
    assert!(open > 200.0, "the slow ones are still there: {open}");
    stop.store(true, Ordering::Relaxed);
    writer.join().expect("it ends");
    reader.join().expect("it ends");
    for (what, times, alone) in [("scrapes", scrapes, alone.0), ("requests", requests, alone.1)] {
        let (worst, median, without) = (times[LOOKS - 1], times[LOOKS / 2], alone[LOOKS - 1]);
        eprintln!("{what}: median {median:?}, worst {worst:?}; without the slow ones worst {without:?}");
        // On a machine that is busy with other things, what it takes without the slow ones takes that long too.
        assert!(worst < Duration::from_millis(100).max(3 * without), "{what}: {times:?}");
    }
    assert_eq!(road.metrics().sum("http_requests_total"), 2.0 * LOOKS as f64);
}

/// How long each of so many requests took, in order.
fn times(at: SocketAddr, path: &str) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..LOOKS)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(raw::get(at, path).status, 200);
            start.elapsed()
        })
        .collect();
    times.sort();
    times
}

/// Waits a second, or until `stop`.
fn wait(stop: &AtomicBool) -> bool {
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        if stop.load(Ordering::Relaxed) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn more_connections_than_there_are_places_shut_nobody_out() {
    let gateway = Gateway::start();
    let road = Road::to(gateway.address);
    let idle: Vec<TcpStream> =
        (0..700).map(|_| TcpStream::connect(road.admin()).expect("it takes connections")).collect();
    let start = Instant::now();
    let metrics = road.metrics();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(metrics.get("outrider_admin_connections_open").is_some_and(|open| open <= 512.0));
    assert!(metrics.get("outrider_admin_refused_total{reason=\"crowded\"}").is_some_and(|count| count >= 180.0));
    drop(idle);
}

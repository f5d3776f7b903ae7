//! Clients that are slow or greedy take nothing from others.

use std::io::{Read, Write};
use std::net::TcpStream;
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

    let (mut scrapes, mut requests) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        let start = Instant::now();
        assert_eq!(raw::get(admin, "/api/v1/metrics").status, 200);
        scrapes.push(start.elapsed());
        let start = Instant::now();
        assert_eq!(raw::get(road.ingress, "/items/7").status, 200);
        requests.push(start.elapsed());
    }
    let open = road.metrics().get("outrider_admin_connections_open").unwrap_or_default();
    assert!(open > 200.0, "the slow ones are still there: {open}");
    stop.store(true, Ordering::Relaxed);
    writer.join().expect("it ends");
    reader.join().expect("it ends");
    scrapes.sort();
    requests.sort();
    let (worst, median) = (scrapes[LOOKS - 1], scrapes[LOOKS / 2]);
    eprintln!("scrapes: median {median:?}, worst {worst:?}; requests: median {:?}", requests[LOOKS / 2]);
    assert!(worst < Duration::from_millis(100), "{scrapes:?}");
    assert_eq!(road.metrics().sum("http_requests_total"), LOOKS as f64);
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

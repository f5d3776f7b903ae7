//! For tests: a million distinct paths, clients and values. Nothing may grow with them, and what is busy must still be told.

use super::seen::Seen;
use crate::config;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Distinct values of each kind.
const DISTINCT: usize = 1_000_000;
/// Series that there may be, and those that stand for all others.
const LIMIT: usize = 2_000;
const SLACK: usize = 500;

fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn a_million_distinct_paths_clients_and_values_take_no_more_than_there_is() {
    let yaml = format!(
        "routes: {{ max: 100 }}\nmetrics: {{ series_limit: {LIMIT} }}\n\
         security: {{ clients: {{ by: cidr, ipv4: 32, top: 10 }}, detectors: {{ brute_force: {{ failures: 100000 }} }} }}"
    );
    let mut seen = Seen::by(&config::parse(&yaml, Path::new(""), &|_| None).unwrap(), false);
    seen.registry.limit(LIMIT);
    let limited = "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n";
    let found = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    let mut settled = 0;
    for number in 0..DISTINCT {
        let client = std::net::Ipv4Addr::from(0x0b00_0000 + number as u32);
        seen.connects(&client.to_string());
        match number % 4 {
            // What looks like words, so that nothing but folding can hold it back.
            0 => seen.exchange(&format!("GET /w{number:x}q/page HTTP/1.1\r\nHost: a\r\n\r\n"), found),
            1 => seen.exchange("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", limited),
            2 => {
                let body = format!("{{\"framework\":\"f{number}\"}}");
                let head = "POST /api/v1/generate/code HTTP/1.1\r\nHost: a\r\nContent-Length:";
                seen.exchange(&format!("{head} {}\r\n\r\n{body}", body.len()), found)
            }
            _ => seen.exchange("GET /b/7 HTTP/1.1\r\nHost: a\r\n\r\n", found),
        };
        if number % 2_000 == 1_999 {
            // One client among all others that asks often.
            seen.connects("192.0.2.1");
            for _ in 0..200 {
                seen.exchange("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", limited);
            }
            seen.derive(UNIX_EPOCH);
        }
        seen.passed.clear();
        if number == DISTINCT / 4 {
            settled = resident();
        }
    }
    let (series, grown) = (seen.registry.series(), resident().saturating_sub(settled));
    println!("{DISTINCT} distinct of each: {series} series, {} KiB more than after a quarter of them", grown / 1024);
    assert!(series <= LIMIT + SLACK, "{series} series");
    assert!(grown < 16 << 20, "{grown} bytes more");
    let quarter = DISTINCT / 4;
    let busy = DISTINCT / 2_000 * 200;
    seen.has(&format!(r#"http_requests_total{{endpoint="/a",method="GET",status_code="429"}} {}"#, quarter + busy));
    seen.has(&format!(r#"http_requests_total{{endpoint="/b/{{id}}",method="GET",status_code="200"}} {quarter}"#));
    let named =
        seen.counts().into_iter().find(|line| line.contains("192.0.2.1/32")).expect("the busiest client has a name");
    let count: usize = named.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(count >= busy * 9 / 10, "{named}");
    seen.has(&format!(r#"rate_limit_requests_total{{result="limited"}} {}"#, quarter + busy));
}

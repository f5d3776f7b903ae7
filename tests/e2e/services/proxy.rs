//! The HTTP proxy: what it does with requests, and what it lets out.

use super::setting::{Server, door, road, service};
use crate::harness::exposition::Exposition;
use crate::harness::raw::Connection;
use crate::harness::wait;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

/// A server that answers each request with the bytes it got.
fn mirror() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = client.read(&mut buffer) {
                    let _ = write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n");
                    let _ = client.write_all(&buffer[..count]);
                }
            });
        }
    });
    address
}

#[test]
fn one_connection_of_the_gateway_reaches_many_hosts_and_each_request_arrives_once() {
    let (one, two) = (mirror(), mirror());
    let services = format!("[{}]", service("one", one, ""));
    let road = road(one, &services, "{ http_proxy: '127.0.0.1:0' }");
    let mut connection = Connection::open(door(&road, "http_proxy", None));
    for turn in 0..6 {
        let host = if turn % 2 == 0 { one } else { two };
        let rest = format!("X-oDD: {turn}\r\nhost: {host}\r\nContent-Length: 3\r\n\r\nabc");
        connection.send(format!("POST http://{host}/p?q={turn} HTTP/1.1\r\nProxy-Connection: keep-alive\r\n{rest}"));
        let answer = connection.response(false);
        let expected = format!("POST /p?q={turn} HTTP/1.1\r\n{rest}");
        assert_eq!(String::from_utf8_lossy(&answer.body), expected);
    }
    let metrics = road.metrics();
    let of = |metrics: &Exposition, series: &str| metrics.get(series).unwrap_or(0.0);
    assert_eq!(of(&metrics, "service_requests_total{service=\"one\",status_code=\"200\"}"), 3.0);
    assert_eq!(of(&metrics, "service_requests_total{service=\"other\",status_code=\"200\"}"), 3.0);
    assert_eq!(of(&metrics, "connection_pool_requests_total{service=\"one\",result=\"new\"}"), 1.0);
    assert_eq!(of(&metrics, "connection_pool_requests_total{service=\"one\",result=\"reused\"}"), 2.0);
    assert_eq!(of(&metrics, "connection_pool_connections_active{service=\"one\"}"), 1.0);
    drop(connection);
    let open = || road.metrics().get("connection_pool_connections_active{service=\"one\"}");
    wait::until_equal("the connection to end with the gateway's", &Some(0.0), open);
}

#[test]
fn connect_is_a_tunnel_and_counts_its_bytes() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let road = road(address, &format!("[{}]", service("a", address, "")), "{ http_proxy: '127.0.0.1:0' }");
    let mut connection = Connection::open(door(&road, "http_proxy", None));
    connection.send(format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    assert_eq!(connection.head(), b"HTTP/1.1 200 Connection Established\r\n\r\n");
    let (mut server, _) = listener.accept().expect("the tunnel's other end");
    // As TLS begins.
    connection.send([0x16, 3, 1, 0, 1, 0]);
    let mut got = [0; 6];
    server.read_exact(&mut got).expect("it arrives");
    server.write_all(&[0x16, 3, 3]).expect("it takes an answer");
    assert_eq!((got[0], connection.exactly(3)), (0x16, vec![0x16, 3, 3]));
    drop((connection, server));
    let series = "outrider_tunnel_duration_seconds_count{service=\"a\"}";
    wait::until_equal("the tunnel's end", &Some(1.0), || road.metrics().get(series));
    let metrics = road.metrics();
    assert_eq!(metrics.get("outrider_tunnels_total{service=\"a\",result=\"established\"}"), Some(1.0));
    assert_eq!(metrics.get("outrider_tunnel_bytes_total{service=\"a\",direction=\"outbound\"}"), Some(6.0));
    assert_eq!(metrics.get("outrider_tunnel_bytes_total{service=\"a\",direction=\"inbound\"}"), Some(3.0));
}

#[test]
fn what_is_not_allowed_is_not_reached_and_services_always_are() {
    let (one, two) = (mirror(), mirror());
    let services = format!("[{}]", service("one", one, ""));
    let road = road(one, &services, "{ http_proxy: '127.0.0.1:0', allow: [ '*.example.com', 10.0.0.0/8 ] }");
    let proxy = door(&road, "http_proxy", None);
    let status = |request: String| {
        let mut connection = Connection::open(proxy);
        connection.send(request);
        connection.response(false).status
    };
    assert_eq!(status(format!("GET http://{one}/ HTTP/1.1\r\nHost: {one}\r\n\r\n")), 200);
    assert_eq!(status(format!("GET http://{two}/ HTTP/1.1\r\nHost: {one}\r\n\r\n")), 403);
    assert_eq!(status(format!("CONNECT {two} HTTP/1.1\r\n\r\n")), 403);
    assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()), 400);
    let nobody = super::setting::nowhere();
    assert_eq!(status(format!("GET http://{nobody}/ HTTP/1.1\r\nHost: {nobody}\r\n\r\n")), 403);
    assert_eq!(road.metrics().get("outrider_egress_refused_total{reason=\"forbidden\"}"), Some(3.0));
}

#[test]
fn a_host_that_cannot_be_reached_is_a_502() {
    let nobody = super::setting::nowhere();
    let server = Server::service("127.0.0.1:0");
    let road = road(server.address, &format!("[{}]", service("a", nobody, "")), "{ http_proxy: '127.0.0.1:0' }");
    let mut connection = Connection::open(door(&road, "http_proxy", None));
    connection.send(format!("GET http://{nobody}/ HTTP/1.1\r\nHost: {nobody}\r\n\r\n"));
    let answer = connection.response(false);
    assert_eq!(answer.status, 502);
    assert!(String::from_utf8_lossy(&answer.body).contains("it refuses connections"), "{answer:?}");
    let metrics = road.metrics();
    assert_eq!(metrics.get("circuit_breaker_requests_total{service=\"a\",outcome=\"failure\"}"), Some(1.0));
    assert_eq!(metrics.get("connection_pool_requests_total{service=\"a\",result=\"error\"}"), Some(1.0));
}

//! Resets come behind what was sent before them, as they do without us: a kernel that is told to reset a connection throws away what
//! it has not sent yet, and a relay has what its slower side has not taken.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, SockRef, Socket, Type};

use crate::harness::road::{Road, Settings};
use crate::harness::wait;

/// What is sent: more than the other side takes by itself, and no more than the kernel holds.
const BODY: usize = 100_000;

/// A socket that takes little until somebody reads.
fn narrow() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a socket takes its options");
    socket
}

/// The client's and the gateway's end of one relayed connection. The gateway speaks when it is told to.
fn pair() -> (Road, TcpStream, TcpStream) {
    let listener = narrow();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    listener.listen(8).expect("it listens");
    let address = listener.local_addr().ok().and_then(|address| address.as_socket()).expect("an address");
    let road = Road::start(&Settings::to(address));
    let client = narrow();
    client.connect(&road.ingress.into()).expect("the agent listens");
    let (gateway, _) = listener.accept().expect("a connection for each client");
    let (client, gateway): (TcpStream, TcpStream) = (client.into(), gateway.into());
    for end in [&client, &gateway] {
        end.set_read_timeout(Some(wait::PATIENCE)).expect("a socket takes its options");
    }
    (road, client, gateway)
}

/// Resets a connection once our own kernel has sent all of it.
fn reset(end: TcpStream) {
    SockRef::from(&end).set_tcp_notsent_lowat(1).expect("a socket takes its options");
    let mut asked = [PollFd::new(&end, PollFlags::OUT)];
    let patience = Timespec::try_from(wait::PATIENCE).expect("some seconds");
    assert_eq!(poll(&mut asked, Some(&patience)), Ok(1), "the agent takes what is sent");
    SockRef::from(&end).set_linger(Some(Duration::ZERO)).expect("a socket takes its options");
}

/// All that comes, and how it ends.
fn rest(mut end: TcpStream) -> (usize, Option<ErrorKind>) {
    let mut all = Vec::new();
    let kind = end.read_to_end(&mut all).err().map(|error| error.kind());
    (all.len(), kind)
}

fn head(end: &mut TcpStream) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        end.read_exact(&mut byte).expect("a head");
        head.extend(byte);
    }
}

fn aborted(road: &Road, by: &str) -> f64 {
    road.metrics().get(&format!("http_requests_aborted_total{{by=\"{by}\"}}")).unwrap_or_default()
}

#[test]
fn a_slow_client_gets_the_whole_answer_and_then_the_reset() {
    let (road, mut client, mut gateway) = pair();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is taken");
    head(&mut gateway);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY}\r\n\r\n");
    gateway.write_all(answer.as_bytes()).expect("it is taken");
    gateway.write_all(&[b'a'; BODY]).expect("it is taken");
    reset(gateway);
    assert_eq!(rest(client), (answer.len() + BODY, Some(ErrorKind::ConnectionReset)));
    wait::until_equal("an answer that is whole", &1.0, || {
        road.metrics().moved("http_requests_total").values().sum::<f64>()
    });
    assert_eq!(aborted(&road, "gateway"), 0.0);
}

#[test]
fn a_slow_gateway_gets_the_whole_request_and_then_the_reset() {
    let (road, mut client, gateway) = pair();
    // What the agent adds to a head is of no interest here.
    client.write_all(b"PRI?").expect("it is taken");
    client.write_all(&[b'a'; BODY]).expect("it is taken");
    reset(client);
    assert_eq!(rest(gateway), (4 + BODY, Some(ErrorKind::ConnectionReset)));
    wait::until_equal("no connection", &0.0, || {
        road.metrics().get("outrider_connections_open").expect("it is always there")
    });
}

#[test]
fn who_takes_nothing_is_reset_all_the_same() {
    let (road, mut client, mut gateway) = pair();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is taken");
    head(&mut gateway);
    gateway.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").expect("it is taken");
    gateway.write_all(&[b'a'; 30_000]).expect("it is taken");
    reset(gateway);
    wait::until_equal("the connection to be given up", &0.0, || {
        road.metrics().get("outrider_connections_open").expect("it is always there")
    });
    assert_eq!(aborted(&road, "gateway"), 1.0);
    drop(client);
}

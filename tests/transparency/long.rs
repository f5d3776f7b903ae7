//! What does not fit into a case's file: bodies of a gibibyte, and readers that stop, both in memory that does not grow.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use crate::harness::process;
use crate::harness::road::Road;
use crate::harness::wait::{self, PATIENCE};

const GIB: usize = 1 << 30;
/// A repeated text of a prime length, so that bytes that were lost, doubled or moved show.
const PERIOD: usize = 65_521;
/// What the kernel holds of a stream is not the road's memory; what the road may hold is a buffer or two.
const MAY_GROW_KIB: u64 = 8 * 1024;

#[test]
fn a_gibibyte_passes_each_way_in_flat_memory() {
    let stage = Stage::new();
    let (mut client, mut origin) = stage.connect();
    say(&mut client, &mut origin, "POST /items/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n\r\n");
    carry(&mut client, &mut origin, 1024);
    say(&mut origin, &mut client, "HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n");
    carry(&mut origin, &mut client, 1024);
    let before = stage.road.process.memory_kib("VmHWM");

    say(&mut client, &mut origin, &format!("POST /items/1 HTTP/1.1\r\nHost: a\r\nContent-Length: {GIB}\r\n\r\n"));
    carry(&mut client, &mut origin, GIB);
    say(&mut origin, &mut client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n");
    carry(&mut origin, &mut client, GIB);
    say(&mut origin, &mut client, "\r\n0\r\n\r\n");

    stage.has_grown_little(before);
    if stage.road.has_metrics() {
        for family in ["http_request_size_bytes_sum", "http_response_size_bytes_sum"] {
            let series = format!(r#"{family}{{method="POST",endpoint="/items/{{id}}"}}"#);
            wait::until_equal(family, &Some((GIB + 1024) as f64), || stage.road.metrics().get(&series));
        }
    }
}

#[test]
fn a_client_that_stops_reading_blocks_only_its_own_direction() {
    let stage = Stage::new();
    let (mut client, mut origin) = stage.connect();
    say(&mut client, &mut origin, &format!("POST /items HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 64 << 20));
    say(&mut origin, &mut client, "HTTP/1.1 200 OK\r\n\r\n");
    let before = stage.road.process.memory_kib("VmHWM");
    let waiting = stage.fill(&mut origin);

    // The other direction of the same connection moves on, and so does another connection.
    carry(&mut client, &mut origin, 64 << 20);
    let (mut other, mut other_origin) = stage.connect();
    say(&mut other, &mut other_origin, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    say(&mut other_origin, &mut other, "HTTP/1.1 204 No Content\r\n\r\n");
    stage.has_grown_little(before);

    // Reading again, the client gets every byte that waited.
    origin.shutdown(Shutdown::Write).expect("the origin ends its side");
    let mut received = Vec::new();
    client.read_to_end(&mut received).expect("the client reads to the end");
    assert_eq!(received.len(), waiting);
    assert!(is_the_text(&received, 0), "the bytes that waited are the ones that were sent");
}

/// A road with a raw origin behind it.
struct Stage {
    road: Road,
    origin: TcpListener,
}

impl Stage {
    fn new() -> Self {
        let origin = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let road = Road::to(origin.local_addr().expect("a bound socket"));
        Self { road, origin }
    }

    /// A client's connection, and what it became at the origin.
    fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.road.ingress).expect("the road accepts");
        let (origin, _) = self.origin.accept().expect("the road connects");
        for stream in [&client, &origin] {
            stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes its options");
            stream.set_write_timeout(Some(PATIENCE)).expect("a socket takes its options");
        }
        (client, origin)
    }

    /// Sends the text until nothing between here and the reader takes any more; how many bytes that were.
    fn fill(&self, from: &mut TcpStream) -> usize {
        let text = text();
        from.set_nonblocking(true).expect("a socket takes its options");
        let (mut sent, mut refused) = (0, false);
        loop {
            match from.write(&text[sent % PERIOD..]) {
                Ok(count) => (sent, refused) = (sent + count, false),
                Err(error) if error.kind() == ErrorKind::WouldBlock && refused => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Once the road has come to rest, a second refusal is the last word.
                    process::wait_until_idle(self.road.process.id());
                    refused = true;
                }
                Err(error) => panic!("the road takes no bytes: {error}"),
            }
        }
        from.set_nonblocking(false).expect("a socket takes its options");
        sent
    }

    fn has_grown_little(&self, before: u64) {
        let grown = self.road.process.memory_kib("VmHWM").saturating_sub(before);
        assert!(grown < MAY_GROW_KIB, "the road grew by {grown} KiB");
    }
}

/// Sends `bytes` and sees them arrive.
fn say(from: &mut TcpStream, to: &mut TcpStream, bytes: &str) {
    from.write_all(bytes.as_bytes()).expect("the bytes are taken");
    let mut received = vec![0; bytes.len()];
    to.read_exact(&mut received).expect("the bytes arrive");
    assert_eq!(String::from_utf8_lossy(&received), bytes);
}

/// Sends `count` bytes of the text while they are read and compared.
fn carry(from: &mut TcpStream, to: &mut TcpStream, count: usize) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let text = text();
            let mut sent = 0;
            while sent < count {
                let from_text = &text[sent % PERIOD..];
                let size = from_text.len().min(count - sent);
                from.write_all(&from_text[..size]).expect("the bytes are taken");
                sent += size;
            }
        });
        let mut buffer = vec![0; 256 * 1024];
        let mut received = 0;
        while received < count {
            let room = buffer.len().min(count - received);
            let size = to.read(&mut buffer[..room]).expect("the bytes arrive");
            assert!(size > 0, "the stream ended after {received} of {count} bytes");
            assert!(is_the_text(&buffer[..size], received), "other bytes behind byte {received}");
            received += size;
        }
    });
}

/// Many periods, so that few and large writes carry it.
fn text() -> Vec<u8> {
    let period: Vec<u8> = (0..PERIOD).map(|at| (at * 31 % 251) as u8).collect();
    period.repeat(8)
}

/// Whether `bytes` are what the text has from `at` on.
fn is_the_text(bytes: &[u8], at: usize) -> bool {
    static TEXT: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(text);
    let start = at % PERIOD;
    let whole_periods = TEXT.len() - PERIOD;
    let mut from = start;
    bytes.chunks(whole_periods).all(|part| {
        let same = part == &TEXT[from..from + part.len()];
        from = (from + part.len()) % PERIOD;
        same
    })
}

//! HTTP/2 and gRPC: real clients get through the road what they get directly, and are counted.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use crate::harness::client::{curl, python};
use crate::harness::gateway::Gateway;
use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::road::{Road, Settings};
use crate::harness::wait;

/// A gRPC server of grpcio.
pub fn grpc_server() -> (Process, SocketAddr) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clients/grpc_server.py");
    let process = Process::start("the gRPC server", Command::new(installed::python()).arg(script));
    let address = process.wait_for_line("its address", |line| line.strip_prefix("listening on ")?.parse().ok());
    (process, address)
}

#[test]
fn grpc_gets_the_same_and_every_call_and_message_is_counted() {
    let (_server, gateway) = grpc_server();
    let road = Road::to(gateway);
    let directly = python("grpc_client.py", gateway, &[]);
    assert_eq!(directly.lines().count(), 8, "the client says too little:\n{directly}");
    assert_eq!(python("grpc_client.py", road.ingress, &[]), directly);

    let calls = |service: &str, method: &str, code: &str| {
        format!("grpc_requests_total{{service=\"{service}\",method=\"{method}\",code=\"{code}\"}}")
    };
    wait::until("the cancelled call", || road.metrics().get(&calls("test.Echo", "Chat", "CANCELLED")));
    let metrics = road.metrics();
    for (series, count) in [
        (calls("grpc.health.v1.Health", "Check", "OK"), 2.0),
        (calls("test.Echo", "Chat", "OK"), 2.0),
        (calls("test.Echo", "Chat", "CANCELLED"), 1.0),
        (calls("test.Echo", "Collect", "OK"), 1.0),
        (calls("test.Echo", "Repeat", "OK"), 1.0),
        (calls("test.Echo", "Fail", "NOT_FOUND"), 1.0),
        (calls("other", "other", "UNIMPLEMENTED"), 1.0),
    ] {
        assert_eq!(metrics.get(&series), Some(count), "{series}");
    }
    assert_eq!(metrics.sum("grpc_requests_total"), 9.0);
    let messages = |method: &str, direction: &str| {
        let series =
            format!("grpc_messages_total{{service=\"test.Echo\",method=\"{method}\",direction=\"{direction}\"}}");
        metrics.get(&series)
    };
    assert_eq!((messages("Collect", "inbound"), messages("Collect", "outbound")), (Some(500.0), Some(1.0)));
    assert_eq!((messages("Repeat", "inbound"), messages("Repeat", "outbound")), (Some(1.0), Some(100.0)));
    assert_eq!(metrics.get("http_requests_active"), Some(0.0));
    assert_eq!(metrics.sum("outrider_opaque_connections_total"), 0.0);
}

#[test]
fn the_clients_address_reaches_a_grpc_gateway() {
    let (_server, gateway) = grpc_server();
    let road = Road::start(&Settings { forwarded_for: "append", ..Settings::to(gateway) });
    let seen = python("grpc_client.py", road.ingress, &[]);
    assert!(seen.contains("key='seen-by', value='127.0.0.1'"), "{seen}");
}

#[test]
fn many_streams_of_h2load_pass_without_an_error() {
    let gateway = Gateway::start_http2();
    let road = Road::start(&Settings { forwarded_for: "append", ..Settings::to(gateway.address) });
    let mut h2load = Command::new("h2load");
    h2load.args(["-n", "1000", "-c", "5", "-m", "20", &format!("http://{}/items/7", road.ingress)]);
    let output = h2load.output().expect("h2load is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("1000 succeeded, 0 failed, 0 errored, 0 timeout"), "{text}");
    assert!(text.contains("status codes: 1000 2xx"), "{text}");
    let series = "http_requests_total{method=\"GET\",endpoint=\"/items/{id}\",status_code=\"200\"}";
    assert_eq!(road.metrics().get(series), Some(1000.0));
}

#[test]
fn curl_with_prior_knowledge_gets_the_same() {
    let gateway = Gateway::start_http2();
    let road = Road::to(gateway.address);
    let runs: &[(&[&str], &str)] = &[
        (&[], "/items/7?q=a%20b"),
        (&["--head"], "/page"),
        (&["--json", r#"{"name":"chair","price":1}"#], "/items"),
        (&["--request", "DELETE"], "/items/7"),
        (&[], "/nothing/here"),
    ];
    for (arguments, path) in runs {
        let format = "\n%{http_version} %{http_code} %{content_type} %{size_download}";
        let arguments = [&["--http2-prior-knowledge", "--write-out", format][..], arguments].concat();
        let directly = curl(gateway.address, &arguments, path);
        let through = curl(road.ingress, &arguments, path);
        // A date may move on between the two.
        let lines = |bytes: &[u8]| -> Vec<String> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.lines().filter(|line| !line.starts_with("date:")).map(str::to_owned).collect()
        };
        assert_eq!(lines(&through), lines(&directly), "{path}");
        assert!(lines(&through).last().is_some_and(|line| line.starts_with("2 ")), "HTTP/2: {path}");
    }
    // curl may leave before the frame that ends its stream, and knows of that before we do.
    wait::until_equal("every request", &(runs.len() as f64), || road.metrics().sum("http_requests_total"));
}

#[test]
fn a_gateway_that_does_not_speak_http2_refuses_it_itself() {
    let gateway = Gateway::start();
    let road = Road::to(gateway.address);
    let arguments = ["--http2-prior-knowledge", "--fail", "--output", "/dev/null", "--write-out", "%{http_code}"];
    let status = |address: SocketAddr| {
        let url = format!("http://{address}/");
        Command::new("curl").args(["--silent"]).args(arguments).arg(url).status().expect("curl is installed").code()
    };
    // The gateway closes under what the client still sends, so the client sees an empty answer (52) or a failed send (55), by
    // which came first: of 300 runs directly to the gateway 204 gave the one and 96 the other.
    let refused = [Some(52), Some(55)];
    assert!(refused.contains(&status(gateway.address)));
    assert!(refused.contains(&status(road.ingress)));
}

/// A gateway that answers each request with `hello`, or its head alone, and does not end the stream.
fn unended() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut frame = vec![0; b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()];
            client.read_exact(&mut frame).expect("a preface");
            client.write_all(b"\0\0\0\x04\0\0\0\0\0").expect("it takes settings");
            // Up to the request: its HEADERS.
            while frame.get(3) != Some(&1) {
                let mut header = [0; 9];
                client.read_exact(&mut header).expect("a frame");
                frame = header.to_vec();
                let content = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
                frame.resize(header.len() + content, 0);
                client.read_exact(&mut frame[header.len()..]).expect("its content");
            }
            // `:method: GET` is the field 2 of the static table (RFC 7541, appendix A), `:status: 200` 8, `content-length` 28.
            let head = b"\0\0\x05\x01\x04\0\0\0\x01\x88\x0f\x0d\x015".as_slice();
            let content = if frame[9] == 0x82 { b"\0\0\x05\0\0\0\0\0\x01hello".as_slice() } else { b"" };
            client.write_all(&[head, content].concat()).expect("it takes an answer");
            // Until the client leaves.
            let _ = std::io::copy(&mut client, &mut std::io::sink());
        }
    });
    address
}

#[test]
fn what_a_client_takes_for_whole_is_counted_as_whole() {
    let road = Road::to(unended());
    for (arguments, method, heard) in [(&["--include"][..], "GET", "\r\nhello"), (&["--head"], "HEAD", "200")] {
        let arguments = [&["--http2-prior-knowledge", "--max-time", "10"][..], arguments].concat();
        let answer = curl(road.ingress, &arguments, "/items/7");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains(heard), "{method}: {answer}");
        let series =
            format!("http_requests_total{{method=\"{method}\",endpoint=\"/items/{{id}}\",status_code=\"200\"}}");
        // It is told when the client has left, of which curl knows before we do.
        wait::until_equal(method, &Some(1.0), || road.metrics().get(&series));
    }
    assert_eq!(road.metrics().sum("http_requests_aborted_total"), 0.0);
}

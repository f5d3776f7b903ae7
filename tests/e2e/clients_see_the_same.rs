//! Clients that people use get from an unmodified gateway what they get from it directly: status, fields, bodies,
//! messages, and what the gateway saw of them.

use std::net::SocketAddr;

use crate::harness::client::{curl, node, python};
use crate::harness::gateway::Gateway;
use crate::harness::road::Road;

/// Runs a client directly and through a road; both accounts must be equal, and long enough to be one.
fn same(lines_at_least: usize, client: impl Fn(SocketAddr) -> String) {
    let gateway = Gateway::start();
    let road = Road::to(gateway.address);
    let (directly, through) = (client(gateway.address), client(road.ingress));
    assert!(directly.lines().count() >= lines_at_least, "the client says too little:\n{directly}");
    for (directly, through) in directly.lines().zip(through.lines()) {
        assert_eq!(directly, through);
    }
    assert_eq!(directly.lines().count(), through.lines().count());
}

#[test]
fn httpx_gets_the_same() {
    same(39, |address| python("httpx_client.py", address, &[]));
}

#[test]
fn websockets_gets_the_same() {
    same(15, |address| python("websockets_client.py", address, &[]));
}

#[test]
fn undici_gets_the_same() {
    same(45, |address| node("undici_client.mjs", address, &[]));
}

#[test]
fn ws_gets_the_same() {
    same(15, |address| node("ws_client.mjs", address, &[]));
}

#[test]
fn curl_gets_the_same() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(&file, vec![7; 2_000_000]).expect("the file takes its bytes");
    let upload = file.path().to_str().expect("the system's temporary folder is UTF-8");
    let form = format!("file=@{upload};filename=photo.jpg");
    let runs: &[(&[&str], &str)] = &[
        (&[], "/"),
        (&[], "/items/7?q=a%20b"),
        (&[], "/items/1000"),
        (&["--head"], "/page"),
        (&["--header", "If-None-Match: \"v1\""], "/page"),
        (&["--http1.0"], "/seen"),
        (&["--http1.0"], "/chunked"),
        (&["--json", r#"{"name":"chair","price":1}"#], "/items"),
        (&["--request", "DELETE"], "/items/7"),
        (&["--request", "OPTIONS", "--request-target", "*"], "/"),
        (&["--form", &form, "--form", "note=hello"], "/upload"),
        // More than a megabyte: curl expects a 100 first.
        (&["--upload-file", upload], "/raw"),
        (&["--upload-file", upload, "--header", "Transfer-Encoding: chunked"], "/raw"),
        (&["--no-buffer"], "/events?count=20"),
        (&["--raw"], "/chunked?chunks=20&size=70000"),
        (&["--compressed"], "/download/3000000"),
        (&["--location"], "/redirect"),
        (&["--data", "username=ann&password=correct horse"], "/login"),
        (&["--header", "X-A: 1", "--header", "x-a: 2", "--header", "X-Empty;"], "/seen"),
        (&["--range", "0-99"], "/download/1000"),
        // Three on one connection.
        (&["http://gateway.test/items/1", "http://gateway.test/items/2"], "/items/3"),
    ];
    same(100, |address| {
        let run = |(arguments, path): &(&[&str], &str)| {
            let shown = curl(address, &[&["--include"], *arguments].concat(), path);
            let shown: Vec<_> =
                shown.split(|byte| *byte == b'\n').map(|line| line.escape_ascii().to_string()).collect();
            let shown = shown.into_iter().filter(|line| !line.to_ascii_lowercase().starts_with("date: "));
            format!("curl {arguments:?} {path}\n{}\n", shown.collect::<Vec<_>>().join("\n"))
        };
        runs.iter().map(run).collect()
    });
}

//! The admin port: what it tells, to whom, and what it survives.
//!
//! - `access`: who may do what
//! - `cli`: commands that ask an agent
//! - `contract`: the OpenAPI document, by schemathesis
//! - `coverage`: what is seen and what is not
//! - `http`: what HTTP asks of it
//! - `logs`: the access log
//! - `page`: the web page in a browser
//! - `slow`: clients that are slow or greedy
//! - `tls`: certificates of ours and of callers

mod access;
mod cli;
mod contract;
mod coverage;
mod http;
mod logs;
mod page;
mod slow;
mod tls;

use std::net::SocketAddr;

use tempfile::TempDir;

use crate::harness::raw::{Connection, Response};
use crate::harness::road::Road;

/// A road with these lines under `admin:`, and its folder's path in place of `{folder}`. Nothing listens where its gateway
/// should.
fn road(lines: &str) -> (Road, std::path::PathBuf) {
    road_in(tempfile::tempdir().expect("a temporary folder"), lines)
}

fn road_in(folder: TempDir, lines: &str) -> (Road, std::path::PathBuf) {
    let path = folder.path().to_owned();
    std::fs::write(path.join("agent.yaml"), yaml(&path, lines)).expect("written");
    (Road::run(folder, path.join("agent.yaml")), path)
}

fn yaml(folder: &std::path::Path, lines: &str) -> String {
    let folder = folder.display().to_string();
    let lines: String = lines.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "service: shop\ningress: {{ listen: '127.0.0.1:0', gateway: '127.0.0.1:1' }}\n\
         alerting: {{ state: '{folder}' }}\nadmin:\n  listen: '127.0.0.1:0'\n{}",
        lines.replace("{folder}", &folder)
    )
}

/// One request on a connection of its own, with these further lines of its head.
fn ask(at: SocketAddr, method: &str, path: &str, head: &str) -> Response {
    let mut connection = Connection::open(at);
    let host = if head.to_lowercase().contains("host:") { "" } else { "Host: localhost\r\n" };
    connection.send(format!("{method} {path} HTTP/1.1\r\n{host}Connection: close\r\n{head}\r\n"));
    connection.response(method == "HEAD")
}

/// A field of a head, in lower case.
fn field<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut fields = response.head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

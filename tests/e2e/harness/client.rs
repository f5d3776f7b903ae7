//! Clients that people use. Each prints what it got as text; the text of two runs is compared.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::installed;

/// The name by which every client calls the gateway, so that `Host` is the same on every road.
pub const AUTHORITY: &str = "gateway.test";

/// Runs curl against `path`, led to `address` whatever the name resolves to; gives stdout.
pub fn curl(address: SocketAddr, arguments: &[&str], path: &str) -> Vec<u8> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "30", "--noproxy", "*"]);
    command.args(["--connect-to", &format!("{AUTHORITY}:80:{address}")]);
    output(command.args(arguments).arg(format!("http://{AUTHORITY}{path}")))
}

/// Runs a Python client of `tests/e2e/clients` with the address as its first argument; gives stdout.
pub fn python(script: &str, address: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new(installed::python());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    text(command.arg(script_path(script)).arg(address.to_string()).args(arguments.iter().map(OsStr::new)))
}

/// Runs a Node client of `tests/e2e/clients` with the address as its first argument; gives stdout.
pub fn node(script: &str, address: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new("node");
    command.env("E2E_NODE", installed::node_packages());
    text(command.arg(script_path(script)).arg(address.to_string()).args(arguments))
}

fn script_path(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/clients").join(script)
}

fn text(command: &mut Command) -> String {
    String::from_utf8(output(command)).expect("the client prints UTF-8")
}

fn output(command: &mut Command) -> Vec<u8> {
    // No client is to find a proxy in the environment of whoever runs the tests.
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{stderr}", output.status);
    output.stdout
}

//! The gateway: FastAPI under uvicorn, started as its users start it.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::installed;
use super::process::Process;
use super::raw::{self, Connection};
use super::wait;

/// A running gateway.
pub struct Gateway {
    pub process: Process,
    pub address: SocketAddr,
}

impl Gateway {
    /// Starts on a port that the system chooses.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"))
    }

    /// Starts at `address`, which may be where an earlier gateway was.
    pub fn start_at(address: SocketAddr) -> Self {
        Self::start_app(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e"), "gateway:app", address)
    }

    /// Starts with more arguments of uvicorn's.
    pub fn start_with(arguments: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e");
        Self::start_uvicorn(&folder, "gateway:app", "127.0.0.1:0".parse().expect("an address"), arguments, &[])
    }

    /// Starts another application, from `folder`.
    pub fn start_app(folder: &Path, app: &str, address: SocketAddr) -> Self {
        Self::start_uvicorn(folder, app, address, &[], &[])
    }

    /// The same on a port that the system chooses, with these variables in its environment.
    pub fn start_in(folder: &Path, app: &str, environment: &[(&str, String)]) -> Self {
        Self::start_uvicorn(folder, app, "127.0.0.1:0".parse().expect("an address"), &[], environment)
    }

    fn start_uvicorn(
        folder: &Path,
        app: &str,
        address: SocketAddr,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> Self {
        let mut command = Command::new(installed::python());
        command.args(["-m", "uvicorn", app, "--no-access-log", "--timeout-keep-alive", "60", "--app-dir"]);
        command.arg(folder).args(["--host", &address.ip().to_string(), "--port", &address.port().to_string()]);
        command.args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let process = Process::start("the gateway", &mut command);
        let address = process.wait_for_line("uvicorn's address", |line| {
            let (_, rest) = line.split_once("Uvicorn running on http://")?;
            rest.split_whitespace().next()?.parse().ok()
        });
        Self { process, address }
    }

    /// The same application under hypercorn, which speaks HTTP/2 too, without TLS.
    pub fn start_http2() -> Self {
        Self::start_http2_at("127.0.0.1:0".parse().expect("an address"))
    }

    /// The same at `address`, which may be where an earlier gateway was.
    pub fn start_http2_at(address: SocketAddr) -> Self {
        Self::start_hypercorn(address, &[])
    }

    /// The same over TLS alone.
    pub fn start_tls(cert: &Path, key: &Path) -> Self {
        let anywhere = "127.0.0.1:0".parse().expect("an address");
        let tls = [OsStr::new("--certfile"), cert.as_os_str(), OsStr::new("--keyfile"), key.as_os_str()];
        Self::start_hypercorn(anywhere, &tls)
    }

    fn start_hypercorn(address: SocketAddr, arguments: &[&OsStr]) -> Self {
        let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e");
        let mut command = Command::new(installed::python());
        // Without workers of its own, which would outlive it when it is killed.
        command
            .args([
                "-m",
                "hypercorn",
                "gateway:app",
                "--config",
                "hypercorn.toml",
                "--bind",
                &address.to_string(),
                "--workers",
                "0",
            ])
            .args(arguments)
            .current_dir(app);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let process = Process::start("the gateway", &mut command);
        let address = process.wait_for_line("hypercorn's address", |line| {
            let (_, rest) = line.split_once("Running on http")?;
            rest.split_once("://")?.1.split_whitespace().next()?.parse().ok()
        });
        Self { process, address }
    }

    /// Waits until a request to `/hold/NAME` or `/hold-body/NAME` is in the gateway's hands.
    #[track_caller]
    pub fn wait_until_held(&self, name: &str) {
        let path = format!("/waiting/{name}");
        wait::until("a held request", || (raw::get(self.address, &path).body == br#"{"waiting":true}"#).then_some(()));
    }

    /// Lets what is held under `name` go on.
    pub fn release(&self, name: &str) {
        let mut connection = Connection::open(self.address);
        connection.send(format!("POST /release/{name} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(connection.response(false).status, 200);
    }
}

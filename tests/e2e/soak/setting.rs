//! The gateway, its service, and Outrider in its limits: a memory cgroup, a small disk for its state, a clock that can be set.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::load::CUT;
use super::watch::Figures;
use crate::harness::gateway::Gateway;
use crate::harness::raw::Connection;
use crate::harness::road::Road;
use crate::harness::wait;
use crate::services::setting::{Server, door};

/// What the agent may take in all; debug builds and the page cache of its state are in it.
const MEMORY: u64 = 160 << 20;
/// The disk of its state.
const DISK: &str = "8m";
const CLOCK: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// All that runs.
pub struct Setting {
    pub gateway: Gateway,
    pub service: Option<Server>,
    pub service_at: SocketAddr,
    pub road: Road,
    pub door: SocketAddr,
    pub files: Files,
    limits: Cgroup,
}

/// Where the agent's files are.
pub struct Files {
    pub config: PathBuf,
    pub clock: PathBuf,
    pub state: Mount,
    /// The configuration as it is to be.
    pub good: String,
    /// Where spans and alerts are sent, and nobody listens.
    pub nobody: SocketAddr,
}

impl Setting {
    /// Starts everything.
    pub fn start() -> Self {
        let gateway = Gateway::start_http2_at(free());
        let service_at = free();
        let service = Server::service(&service_at.to_string());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (config, clock) = (folder.path().join("agent.yaml"), folder.path().join("clock"));
        let state = Mount::new(&folder.path().join("state"));
        let nobody = free();
        let good = yaml(gateway.address, service_at, nobody, &state.path);
        std::fs::write(&config, &good).expect("the folder takes a file");
        std::fs::write(&clock, "+0").expect("the folder takes a file");
        let limits = Cgroup::new();
        let mut command = limits.command();
        command.env("LD_PRELOAD", CLOCK).env("FAKETIME_TIMESTAMP_FILE", &clock);
        command.env("FAKETIME_CACHE_DURATION", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let road = Road::run_by(folder, command, &config);
        let door = door(&road, "service", Some("stock"));
        let files = Files { config, clock, state, good, nobody };
        Self { gateway, service: Some(service), service_at, road, door, files, limits }
    }

    /// The process that is soaked.
    pub fn agent(&self) -> u32 {
        self.road.process.id()
    }

    /// What it is limited to.
    pub fn limits(&self) -> String {
        format!("with {} MiB of memory ({}), {DISK} of disk, and no name server", MEMORY >> 20, self.limits.kind)
    }

    /// A family's counts by status, without those of clients that cut.
    pub fn counted(&self, family: &str) -> BTreeMap<String, f64> {
        let mut counts = BTreeMap::new();
        for (series, count) in self.road.metrics().moved(family) {
            let status = label(&series, "status_code").or(label(&series, "status")).unwrap_or_default();
            if label(&series, "endpoint") != Some(CUT) && status != "0" {
                *counts.entry(status.to_owned()).or_default() += count;
            }
        }
        counts
    }

    /// Messages of one direction.
    pub fn messages(&self, direction: &str) -> f64 {
        let series = format!("websocket_messages_total{{direction=\"{direction}\",type=\"binary\"}}");
        self.road.metrics().get(&series).unwrap_or_default()
    }

    /// What the agent holds once its connections are gone, or when patience ends.
    pub fn after_rest(&self, before: Figures) -> Figures {
        let few = |figures: &Figures| figures.descriptors <= before.descriptors + super::MORE_DESCRIPTORS;
        wait::last(&true, || few(&Figures::of(self.agent())));
        Figures::of(self.agent())
    }

    /// The sockets that the agent holds, as `ss` tells them.
    pub fn sockets(&self) -> String {
        let output = Command::new("ss").args(["-tanp"]).output().expect("ss, of iproute2");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let of_agent = format!("pid={},", self.agent());
        text.lines().filter(|line| line.contains(&of_agent)).collect::<Vec<_>>().join("\n")
    }

    /// A stop under requests: each gets its whole answer, and then the agent is gone.
    pub fn stops_in_the_middle(mut self) {
        let mut held: Vec<Connection> = (0..20)
            .map(|nth| {
                let mut connection = Connection::open(self.road.ingress);
                connection.send(format!("GET /hold/soak{nth} HTTP/1.1\r\nHost: a\r\n\r\n"));
                self.gateway.wait_until_held(&format!("soak{nth}"));
                connection
            })
            .collect();
        self.road.process.signal("TERM");
        for (nth, connection) in held.iter_mut().enumerate() {
            self.gateway.release(&format!("soak{nth}"));
            assert_eq!(connection.response(false).status, 200, "in flight at the stop: {nth}");
        }
        assert_eq!(self.road.process.wait_for_exit().code(), Some(0));
    }
}

/// A port that nobody uses: clients' own ports are of another address of the loopback, so it stays free.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.78:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

fn label<'a>(series: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = series.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

fn yaml(gateway: SocketAddr, service: SocketAddr, nobody: SocketAddr, state: &Path) -> String {
    let state = state.display();
    format!(
        "service: soak
log: {{ level: info, format: json }}
ingress:
  listen: 127.0.0.1:0
  gateway: {gateway}
  health_check: {{ path: /, interval: 1s, timeout: 1s }}
admin: {{ listen: '127.0.0.1:0' }}
routes: {{ patterns: [ '/items/{{id}}', '/download/{{size}}', '/', '/items', '/page', '/raw', '/chunked', '/ws/echo' ] }}
services:
  - {{ name: stock, address: '{service}', listen: '127.0.0.1:0', health_check: {{ type: http, path: /count, interval: 1s, timeout: 1s }} }}
  - {{ name: lost, address: 'lost.outrider.test:80', discovery: dns, health_check: {{ type: tcp, interval: 1s, timeout: 1s }} }}
history: {{ interval: 1s, memory: 1MiB, path: '{state}/history' }}
tracing:
  exporters: [ otlp: {{ endpoint: 'http://{nobody}', protocol: grpc, delay: 200ms, timeout: 1s }} ]
alerting:
  interval: 1s
  state: '{state}'
  rules:
    - {{ name: always, condition: 'requests_per_second >= 0', for: 0s, severity: low, message: busy }}
    - {{ name: sometimes, condition: 'service_up < 1', for: 0s, severity: high, message: out }}
  channels:
    hook: {{ webhook: {{ url: 'http://{nobody}/hook' }} }}
"
    )
}

/// A group of processes with a bound on their memory, of whichever version of the kernel's interface is there.
struct Cgroup {
    folder: PathBuf,
    kind: &'static str,
}

impl Cgroup {
    fn new() -> Self {
        let name = format!("outrider-soak-{}", std::process::id());
        let (root, file, kind) = match Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
            true => ("/sys/fs/cgroup", "memory.max", "cgroup 2"),
            false => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "cgroup 1"),
        };
        let folder = Path::new(root).join(name);
        std::fs::create_dir(&folder).expect("root may make a cgroup");
        std::fs::write(folder.join(file), MEMORY.to_string()).expect("the memory controller is there");
        Self { folder, kind }
    }

    /// A shell that puts itself into the group and becomes the agent.
    fn command(&self) -> Command {
        let mut command = Command::new("sh");
        let procs = self.folder.join("cgroup.procs");
        command.args(["-c", "echo $$ > \"$1\" && shift && exec \"$@\"", "sh"]).arg(procs);
        command.arg(env!("CARGO_BIN_EXE_outrider"));
        command
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Can be removed once the agent is gone; a group that stays holds nothing.
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// A disk of its own, in memory.
pub struct Mount {
    pub path: PathBuf,
}

impl Mount {
    fn new(path: &Path) -> Self {
        std::fs::create_dir(path).expect("the folder takes a folder");
        let size = format!("size={DISK}");
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "soak"]).arg(path).status();
        assert!(status.is_ok_and(|status| status.success()), "mounting needs root");
        Self { path: path.to_owned() }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

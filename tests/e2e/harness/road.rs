//! The road: the real `outrider` binary with a configuration of the test's.
//!
//! `E2E_ROAD` names another program to stand in its place, with `{listen}` and `{gateway}` for the two addresses: a bare
//! relay shows whether a failing test is the road's fault or its own. Such a road has no admin port and no metrics.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::exposition::Exposition;
use super::process::Process;
use super::raw;
use super::wait;

/// What a test sets; the rest is the default.
#[derive(Clone)]
pub struct Settings {
    pub gateway: SocketAddr,
    pub forwarded_for: &'static str,
    pub drain: &'static str,
    pub workers: usize,
    pub patterns: Vec<&'static str>,
}

/// A running road.
pub struct Road {
    pub process: Process,
    pub ingress: SocketAddr,
    admin: Option<SocketAddr>,
    _folder: TempDir,
}

impl Settings {
    /// Nothing edited, and enough time to drain.
    pub fn to(gateway: SocketAddr) -> Self {
        // What the gateway's own routes are, as its owner would write them.
        let patterns = vec![
            "/items/{id}",
            "/status/{code}",
            "/download/{size}",
            "/hold/{name}",
            "/hold-body/{name}",
            "/release/{name}",
            "/waiting/{name}",
            "/",
            "/items",
            "/page",
            "/raw",
            "/chunked",
            "/ws/echo",
            "/ws/deny",
            "/ws/close/{code}",
        ];
        Self { gateway, forwarded_for: "off", drain: "20s", workers: 1, patterns }
    }

    /// The configuration as its users write it.
    pub fn yaml(&self, state: &Path) -> String {
        let state = state.display();
        let Self { gateway, forwarded_for, drain, workers, patterns } = self;
        format!(
            "service: e2e\n\
             log: {{ level: info, format: json }}\n\
             ingress: {{ listen: '127.0.0.1:0', gateway: '{gateway}', forwarded_for: {forwarded_for}, drain: {drain}, \
             workers: {workers} }}\n\
             admin: {{ listen: '127.0.0.1:0' }}\n\
             routes: {{ patterns: {patterns:?} }}\n\
             tracing: {{ inject: false, mint_request_id: false }}\n\
             alerting: {{ state: '{state}' }}\n"
        )
    }
}

impl Road {
    /// Starts with nothing edited.
    pub fn to(gateway: SocketAddr) -> Self {
        Self::start(&Settings::to(gateway))
    }

    /// Starts with `settings`, and returns once it listens.
    pub fn start(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if let Ok(template) = std::env::var("E2E_ROAD") {
            return Self::stand_in(&template, settings, folder);
        }
        std::fs::create_dir(folder.path().join("config")).expect("the folder takes a folder");
        let config = folder.path().join("config/agent.yaml");
        std::fs::write(&config, settings.yaml(folder.path())).expect("the folder takes a file");
        Self::run(folder, config)
    }

    /// Starts with the configuration file at `config`, which is kept for as long as `folder` is.
    pub fn run(folder: TempDir, config: PathBuf) -> Self {
        Self::run_by(folder, Command::new(env!("CARGO_BIN_EXE_outrider")), &config)
    }

    /// The same by `command`, which is to end in Outrider's name.
    pub fn run_by(folder: TempDir, mut command: Command, config: &Path) -> Self {
        command.arg("run").arg("--config").arg(config).current_dir(folder.path());
        let process = Process::start("outrider", &mut command);
        let listening = |what: &str| {
            process.wait_for_line(&format!("{what}'s address"), |line| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                let is_it = line["message"] == "listening" && line["what"] == what;
                is_it.then(|| line["address"].as_str()?.parse().ok())?
            })
        };
        let (admin, ingress) = (Some(listening("admin")), listening("ingress"));
        Self { process, ingress, admin, _folder: folder }
    }

    /// The admin port; a stand-in has none.
    pub fn admin(&self) -> SocketAddr {
        self.admin.expect("this test needs Outrider itself: unset E2E_ROAD")
    }

    /// Whether metrics can be asked for.
    pub fn has_metrics(&self) -> bool {
        self.admin.is_some()
    }

    /// What `/api/v1/metrics` says now.
    pub fn metrics(&self) -> Exposition {
        let answer = raw::get(self.admin(), "/api/v1/metrics");
        assert_eq!(answer.status, 200, "the metrics endpoint answers");
        Exposition::parse(&String::from_utf8(answer.body).expect("the exposition is UTF-8"))
    }

    fn stand_in(template: &str, settings: &Settings, folder: TempDir) -> Self {
        // A stand-in cannot tell which port it got, so one that was free a moment ago has to do.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let ingress = free.expect("a free port");
        let line =
            template.replace("{listen}", &ingress.to_string()).replace("{gateway}", &settings.gateway.to_string());
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().expect("E2E_ROAD names a program"));
        let process = Process::start("the stand-in", command.args(words));
        // Connecting to see whether it listens would reach the origin, which is to see nothing but the test.
        let listens = format!(":{:04X} 00000000:0000 0A", ingress.port());
        wait::until("the stand-in's port", || {
            std::fs::read_to_string("/proc/net/tcp").ok()?.contains(&listens).then_some(())
        });
        Self { process, ingress, admin: None, _folder: folder }
    }
}

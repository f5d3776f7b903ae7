//! The Prometheus of these tests, and what it and an agent are asked.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::process::Process;
use crate::harness::raw;

/// A Prometheus that scrapes every second.
pub struct Prometheus {
    pub address: SocketAddr,
    _process: Process,
}

impl Prometheus {
    /// Scrapes `targets` as `outrider` and evaluates the rules of the file `rules.yml`, in `folder`.
    pub fn start(folder: &Path, targets: &[SocketAddr]) -> Self {
        let config = folder.join("prometheus.yml");
        let targets: Vec<String> = targets.iter().map(|target| format!("'{target}'")).collect();
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [ rules.yml ]\nscrape_configs:\n\
             - job_name: outrider\n  metrics_path: /api/v1/metrics\n  static_configs: [ {{ targets: [{}] }} ]\n",
            targets.join(", ")
        );
        std::fs::write(&config, text).expect("the folder takes a file");
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
        command.args(["--web.listen-address=127.0.0.1:0", "--enable-feature=exemplar-storage"]);
        let process = Process::start("prometheus", &mut command);
        let address = process.wait_for_line("Prometheus' address", |line| {
            line.split_once("msg=\"Listening on\"")?.1.split_once("address=")?.1.trim().parse().ok()
        });
        process.wait_for_line("Prometheus' readiness", |line| line.contains("ready to receive").then_some(()));
        Self { address, _process: process }
    }
}

/// An endpoint of Prometheus' API with this parameter; `data` of the answer, or what is said instead.
pub fn ask(address: SocketAddr, path: &str, name: &str, value: &str) -> Result<Value, String> {
    let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let answer = raw::get(address, &format!("{path}?{name}={value}"));
    let answer: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    match answer["status"].as_str() {
        Some("success") => Ok(answer["data"].clone()),
        _ => Err(answer.to_string()),
    }
}

/// Whether a query finds a number; an error is what is said of it.
pub fn finds(address: SocketAddr, query: &str) -> Result<bool, String> {
    let data = ask(address, "/api/v1/query", "query", query)?;
    let found = data["result"].as_array().is_some_and(|all| all.iter().any(|one| one["value"][1] != "NaN"));
    Ok(found)
}

//! A real Prometheus on an ephemeral port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

pub struct Peer {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Peer {
    /// One that scrapes `target` every `interval` milliseconds.
    pub fn scraping(target: SocketAddr, interval: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = format!(
            "global: {{ scrape_interval: {interval}ms, scrape_timeout: {interval}ms }}\n\
             scrape_configs: [{{ job_name: target, honor_labels: true, static_configs: [{{ targets: ['{target}'] }}] }}]\n"
        );
        std::fs::write(folder.path().join("prometheus.yml"), config).expect("the configuration written");
        let (process, port) = spawn(folder.path(), &[]);
        Self { process, port, folder }
    }

    /// Another one over what this one has stored; it scrapes nothing. `lookback` and `subquery_step` are milliseconds.
    pub fn reading(mut self, lookback: i64, subquery_step: i64) -> Self {
        end(&mut self.process);
        let config = format!("global: {{ evaluation_interval: {subquery_step}ms }}\n");
        std::fs::write(self.folder.path().join("prometheus.yml"), config).expect("the configuration written");
        (self.process, self.port) = spawn(self.folder.path(), &[&format!("--query.lookback-delta={lookback}ms")]);
        self
    }

    /// The `data` of `/api/v1/query` or `query_range`, or Prometheus' error.
    pub fn get(&self, path: &str, params: &[(&str, String)]) -> Result<Json, String> {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let query: Vec<String> = params.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("Prometheus listens");
        // HTTP/1.0: the answer ends with the connection.
        write!(stream, "GET /api/v1/{path}?{} HTTP/1.0\r\n\r\n", query.join("&")).expect("a request sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        let mut json: Json = serde_json::from_str(body).expect("JSON");
        if json["status"] == "success" { Ok(json["data"].take()) } else { Err(json["error"].to_string()) }
    }
}

fn spawn(folder: &Path, more: &[&str]) -> (Child, u16) {
    // The port is free now; nobody else on this machine asks for it in the moment between.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let mut process = Command::new("prometheus")
        .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(more)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("prometheus, of Debian's package prometheus, is installed");
    let mut log = BufReader::new(process.stderr.take().expect("the log is piped"));
    let mut seen = String::new();
    loop {
        let start = seen.len();
        assert!(log.read_line(&mut seen).expect("a log line") > 0, "Prometheus ended before it was ready:\n{seen}");
        if seen[start..].contains("ready to receive web requests") {
            break;
        }
    }
    // The rest of the log is read so that the pipe never fills.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    (process, port)
}

fn end(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}

impl Drop for Peer {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

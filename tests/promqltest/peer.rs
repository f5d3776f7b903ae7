//! A real Prometheus on an ephemeral port, with samples of ours in its storage.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use outrider::promql::series::SeriesData;
use serde_json::Value as Json;

pub struct Peer {
    process: Child,
    port: u16,
    /// Removed with the peer.
    _folder: tempfile::TempDir,
}

impl Peer {
    /// Writes `series` as blocks with `promtool` and starts Prometheus over them.
    pub fn start(series: &[SeriesData]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        std::fs::write(path.join("samples.txt"), open_metrics(series)).expect("the samples written");
        std::fs::write(path.join("prometheus.yml"), "").expect("the configuration written");
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data"])
            .current_dir(path)
            .stdout(Stdio::null())
            .status()
            .expect("promtool, of Debian's package prometheus, is installed");
        assert!(made.success(), "promtool makes blocks of the samples");
        // The port is free now; nobody else on this machine asks for it in the moment between.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let process = spawn(path, port);
        Self { process, port, _folder: folder }
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

fn spawn(folder: &Path, port: u16) -> Child {
    let mut process = Command::new("prometheus")
        .arg("--config.file=prometheus.yml")
        .arg("--storage.tsdb.path=data")
        .arg("--storage.tsdb.retention.time=100y")
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
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
    process
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn open_metrics(series: &[SeriesData]) -> String {
    let mut out = String::new();
    for one in series {
        for sample in &one.samples {
            // Rust's Display of a float is exact enough to read back the same.
            let value = if sample.v.is_nan() { "NaN".into() } else { format!("{}", sample.v) };
            // OpenMetrics has no spaces between labels.
            let labels = one.labels.to_string().replace(", ", ",");
            out += &format!("{labels} {value} {}.{:03}\n", sample.t / 1000, sample.t % 1000);
        }
    }
    out + "# EOF\n"
}

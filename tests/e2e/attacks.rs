//! Attacks, each with its bound: what the agent takes for it, and that everybody else is served meanwhile. What goes on to the
//! gateway is the gateway's to refuse: nothing is cut here that it would not cut.
//!
//! - `http1`: slow clients, and heads, chunks and bodies that are bombs
//! - `http2`: rapid resets, endless field blocks, small blocks that decode to large ones
//! - `others`: WebSocket frames that lie, configurations that expand, guessed tokens, names without end
//!
//! Each prints its line of the table in `docs/reliability.md`.

mod http1;
mod http2;
mod others;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::harness::raw::{self, Connection};
use crate::harness::road::{Road, Settings};

/// Others are served so fast, on a machine that runs other tests as well.
const SERVED_WITHIN: Duration = Duration::from_secs(3);

/// An agent under attack, and somebody else who is served meanwhile.
struct Siege {
    road: Road,
    /// What was resident, and how much of it the program's file was.
    before: [u64; 2],
    stop: Arc<AtomicBool>,
    bystander: std::thread::JoinHandle<Vec<Duration>>,
}

impl Siege {
    /// Begins once everything is warm.
    fn of(road: Road) -> Self {
        let ingress = road.ingress;
        for _ in 0..50 {
            assert_eq!(raw::get(ingress, "/").status, 200);
        }
        // A scrape has buffers of its own.
        road.metrics();
        // What the start took at its height, and has given back, was not taken by the attack.
        road.process.forget_peak();
        let before = ["VmRSS", "RssFile"].map(|field| road.process.memory_kib(field));
        let stop = Arc::new(AtomicBool::new(false));
        let until = stop.clone();
        let bystander = std::thread::spawn(move || {
            let mut took = Vec::new();
            while !until.load(Ordering::Relaxed) {
                let begin = Instant::now();
                assert_eq!(raw::get(ingress, "/").status, 200, "somebody else is served");
                took.push(begin.elapsed());
                std::thread::sleep(Duration::from_millis(2));
            }
            took
        });
        Self { road, before, stop, bystander }
    }

    /// The attack is over, or at its height: at most `kib` more were taken for it, and the others were served.
    fn holds(self, attack: &str, kib: u64) -> Road {
        // Code that ran for the first time is no memory that was taken.
        let [resident, of_file] = self.before;
        let [peak, file_now] = ["VmHWM", "RssFile"].map(|field| self.road.process.memory_kib(field));
        let peak = peak.saturating_sub(resident + file_now - of_file);
        self.stop.store(true, Ordering::Relaxed);
        let mut took = self.bystander.join().expect("somebody else is served");
        took.sort_unstable();
        let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
        eprintln!(
            "| {attack} | {kib} KiB | {peak} KiB | {} others, median {:.1} ms, worst {:.1} ms |",
            took.len(),
            median.as_secs_f64() * 1e3,
            worst.as_secs_f64() * 1e3
        );
        assert!(peak <= kib, "{attack}: {peak} KiB more, and {kib} may be");
        assert!(worst <= SERVED_WITHIN, "{attack}: somebody else waited {worst:?}");
        self.road
    }
}

/// A gateway that takes everything, answers each head with 200, and never hangs up. To HTTP/2 it says its settings, no more.
fn patient() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let serve = move || {
                let (mut buffer, mut tail) = (vec![0; 16 * 1024], Vec::new());
                while let Ok(count @ 1..) = client.read(&mut buffer) {
                    if tail.is_empty() && buffer.starts_with(b"PRI * HTTP/2.0\r\n") {
                        let _ = client.write_all(b"\0\0\0\x04\0\0\0\0\0");
                        let _ = std::io::copy(&mut client, &mut std::io::sink());
                        return;
                    }
                    tail.extend_from_slice(&buffer[..count]);
                    let answers = tail.windows(4).filter(|window| window == b"\r\n\r\n").count();
                    tail.drain(..tail.len().saturating_sub(3));
                    for _ in 0..answers {
                        let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    }
                }
            };
            // Hundreds of them wait at once; none needs more than this.
            std::thread::Builder::new().stack_size(64 * 1024).spawn(serve).expect("a thread");
        }
    });
    address
}

/// An agent in front of that gateway.
fn besieged() -> Siege {
    Siege::of(with(patient(), ""))
}

/// What takes its turns by itself, and memory at its height, comes later than any attack lasts.
const QUIET: [(&str, &str); 2] =
    [("alerting: { ", "alerting: { interval: 60m, "), ("admin:", "history: { interval: 300s }\nadmin:")];

/// An agent that is quiet by itself and whose configuration has these lines too.
fn with(gateway: SocketAddr, more: &str) -> Road {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    let yaml = Settings::to(gateway).yaml(folder.path());
    let yaml = QUIET.iter().fold(yaml, |yaml, (usual, quiet)| {
        assert!(yaml.contains(usual), "{usual}");
        yaml.replacen(usual, quiet, 1)
    });
    std::fs::write(&config, yaml + more).expect("the folder takes a file");
    // What is freed is given back at once: neither hides it what an attack takes, nor is it taken for that.
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
    command.env("MIMALLOC_PURGE_DELAY", "0");
    Road::run_by(folder, command, &config)
}

/// Sends `bytes` in a thread's own time, as far as anybody takes them.
fn pour(address: SocketAddr, begin: Vec<u8>, again: Vec<u8>, times: usize) -> std::thread::JoinHandle<Connection> {
    std::thread::spawn(move || {
        let mut connection = Connection::open(address);
        connection.send(begin);
        for _ in 0..times {
            connection.send(&again);
        }
        connection
    })
}

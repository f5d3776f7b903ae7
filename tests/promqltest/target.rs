//! A synthetic target that a real Prometheus scrapes: each scrape gets the next of its expositions. Which samples are in
//! which is known, so that whoever knows the instant of a scrape knows all that it found.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outrider::base::Labels;

use super::generate::Generator;

/// The series whose value is an exposition's number.
pub const NUMBER: &str = "exposition_number";

/// One exposition's samples.
pub type Exposition = Vec<(Labels, f64)>;

pub struct Target {
    pub address: SocketAddr,
    served: Arc<AtomicUsize>,
}

impl Target {
    /// Serves `expositions` one after the other; when they are over, there is nothing at its path any more.
    pub fn start(expositions: &[Exposition]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let served = Arc::new(AtomicUsize::new(0));
        let (texts, count) = (expositions.iter().map(text).collect::<Vec<_>>(), served.clone());
        // The thread lives as long as the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A scraper that gave up is no fault.
                let _ = serve(stream, texts.get(count.fetch_add(1, Ordering::Relaxed)));
            }
        });
        Self { address, served }
    }

    /// How many expositions have been asked for.
    pub fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }
}

fn serve(stream: TcpStream, text: Option<&String>) -> std::io::Result<()> {
    let head = BufReader::new(stream.try_clone()?).lines();
    for line in head {
        if line?.is_empty() {
            break;
        }
    }
    let (status, body) = text.map_or(("404 Not Found", ""), |text| ("200 OK", text));
    let kind = "text/plain; version=0.0.4";
    let length = body.len();
    write!(
        &stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )?;
    (&stream).write_all(body.as_bytes())
}

fn text(exposition: &Exposition) -> String {
    let mut out = String::new();
    for (labels, v) in exposition {
        // Rust's Display of a float is exact enough to read back the same.
        let v = if v.is_nan() { "NaN".to_owned() } else { format!("{v}") };
        writeln!(out, "{labels} {v}").expect("a string takes all");
    }
    out
}

/// `count` expositions of two jobs with three instances each: counters that start anew at times, gauges with gaps, values
/// that are no number, one series taking over from another, and a histogram.
pub fn expositions(count: usize, seed: u64) -> Vec<Exposition> {
    let mut random = Generator::new(seed);
    let mut counters = Vec::new();
    for job in ["api", "worker"] {
        for instance in ["0", "1", "2"] {
            for code in ["200", "404", "500"] {
                counters.push((of("requests_total", job, instance).with("code", code), 1e6));
            }
        }
    }
    let mut memory = [1e9; 6];
    let mut buckets = [[0.0; 5]; 2];
    let expose = |number: usize| {
        let mut samples = vec![(of(NUMBER, "target", "0"), number as f64)];
        for (labels, total) in &mut counters {
            *total += random.below(50) as f64;
            if random.below(90) == 0 {
                *total = random.below(10) as f64;
            }
            samples.push((labels.clone(), *total));
        }
        for (at, memory) in memory.iter_mut().enumerate() {
            let (job, instance) = (["api", "worker"][at / 3], ["0", "1", "2"][at % 3]);
            *memory += random.below(2_000_000) as f64 - 1e6;
            // Missing now and then, and for long once.
            let gone = instance == "2" && (count * 4 / 10..count / 2).contains(&number);
            if random.below(12) != 0 && !gone {
                samples.push((of("memory_bytes", job, instance), *memory));
            }
            let warm = random.below(6000) as f64 / 100.0 - 20.0;
            let warm = if random.below(60) == 0 { f64::NAN } else { warm };
            samples.push((of("temperature", job, instance), warm));
        }
        for (job, buckets) in ["api", "worker"].into_iter().zip(&mut buckets) {
            let version = if number < count * 55 / 100 { "1.2" } else { "1.3" };
            samples.push((of("build_info", job, "0").with("version", version), 1.0));
            let mut below = 0.0;
            for (le, bucket) in ["0.1", "0.5", "1", "5", "+Inf"].into_iter().zip(buckets) {
                *bucket += random.below(20) as f64;
                // A bucket counts what the ones before it count, too.
                below += 1e5 + *bucket;
                samples.push((of("latency_seconds_bucket", job, "0").with("le", le), below));
            }
        }
        samples
    };
    (0..count).map(expose).collect()
}

fn of(name: &str, job: &str, instance: &str) -> Labels {
    Labels::new([("__name__", name), ("job", job), ("instance", instance)])
}

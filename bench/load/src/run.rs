//! The measurement. Closed loop: each connection sends the next request when the reply is there. With a rate: requests
//! follow a fixed schedule, and latency counts from when a request was due, so a proxy that stalls cannot hide it.
//!
//! Messages that go one way are asked for, or acknowledged, so many at a time: what is under way is bounded on every connection.

use crate::Target;
use crate::cpu::{Core, Cpu};
use crate::poll::{Interest, Poll, Ready};
use crate::request::{Reply, Template, would_block};
use anyhow::{Context, Result, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    /// Requests per second over all connections; without it, a closed loop.
    #[arg(long)]
    rate: Option<f64>,
    /// Seconds before counting begins.
    #[arg(long, default_value_t = 1.0)]
    warm: f64,
    /// Seconds to count.
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// Stop after so many requests even if there is time left.
    #[arg(long)]
    requests: Option<u64>,
    /// Processes whose CPU is counted together under a name, as `proxy=12,34`; may be given again.
    #[arg(long, value_parser = watched)]
    watch: Vec<(String, Vec<u32>)>,
}

struct Client {
    stream: TcpStream,
    reply: Reply,
    /// Bytes of the request that are out.
    written: usize,
    busy: bool,
    due: Instant,
    /// Requests of the schedule that became due while this connection was busy.
    waiting: VecDeque<Instant>,
}

struct Counts {
    done: u64,
    /// Answered, but not with a 2xx.
    bad: u64,
    /// Connections that ended within an exchange, and replies that made no sense.
    errors: u64,
    reconnects: u64,
    latency: Histogram<u64>,
}

struct Snapshot {
    at: Instant,
    watched: Vec<Cpu>,
    cores: Vec<Core>,
}

struct Run<'a> {
    options: &'a Options,
    template: Template,
    poll: Poll,
    clients: Vec<Client>,
    counts: Counts,
}

/// Runs it and prints one line of JSON.
pub fn run(options: &Options) -> Result<()> {
    // The default slack of 50 µs would show in every latency of a paced run.
    rustix::thread::set_current_timer_slack(Some(std::num::NonZeroU64::MIN))?;
    let template = Template::new(&options.target.request);
    let (poll, mut clients) = (Poll::new()?, Vec::new());
    for token in 0..options.target.connections {
        let client = Client::open(&template, options)?;
        poll.add(&client.stream, token as u64)?;
        clients.push(client);
    }
    let mut run = Run { options, template, poll, clients, counts: Counts::new()? };
    let (before, after) = run.measure()?;
    println!("{}", run.report(&before, &after));
    Ok(())
}

impl Run<'_> {
    fn measure(&mut self) -> Result<(Snapshot, Snapshot)> {
        let start = Instant::now();
        let counting_from = start + Duration::from_secs_f64(self.options.warm);
        let end = counting_from + Duration::from_secs_f64(self.options.seconds);
        let gap = self.options.rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
        if gap.is_none() {
            for token in 0..self.clients.len() {
                self.send(token, start)?;
            }
        }
        let (mut before, mut scheduled, mut buffer) = (None, 0_u32, vec![0; 256 * 1024]);
        loop {
            let mut now = Instant::now();
            if before.is_none() && now >= counting_from {
                self.counts = Counts::new()?;
                before = Some(Snapshot::take(self.options));
                now = Instant::now();
            }
            let enough = self.options.requests.is_some_and(|requests| self.counts.done >= requests);
            if let Some(before) = before.take_if(|_| enough || now >= end) {
                return Ok((before, Snapshot::take(self.options)));
            }
            let mut until = if before.is_some() { end } else { counting_from };
            if let Some(gap) = gap {
                until = until.min(self.pace(start, gap, &mut scheduled, now)?);
            }
            let ready: Vec<Ready> = self.poll.wait(Some(until.saturating_duration_since(now)))?.collect();
            for event in ready {
                self.turn(event, &mut buffer)?;
            }
        }
    }

    /// Sends what is due and says when the next request is.
    fn pace(&mut self, start: Instant, gap: Duration, scheduled: &mut u32, now: Instant) -> Result<Instant> {
        loop {
            let due = start + gap * *scheduled;
            if due > now {
                return Ok(due);
            }
            let token = *scheduled as usize % self.clients.len();
            *scheduled += 1;
            if self.clients[token].busy {
                self.clients[token].waiting.push_back(due);
            } else {
                self.send(token, due)?;
            }
        }
    }

    fn turn(&mut self, event: Ready, buffer: &mut [u8]) -> Result<()> {
        let token = event.token as usize;
        let mut alive = true;
        if event.write {
            alive = self.push(token)?;
        }
        if alive && event.read {
            alive = self.receive(token, buffer)?;
        }
        if !alive {
            self.reconnect(token)?;
        }
        Ok(())
    }

    /// Takes what came; false where the connection is of no more use.
    fn receive(&mut self, token: usize, buffer: &mut [u8]) -> Result<bool> {
        let client = &mut self.clients[token];
        let n = match client.stream.read(buffer) {
            Ok(0) => return Ok(false),
            Ok(n) => n,
            Err(e) => return Ok(would_block(&e)),
        };
        match self.template.feed(&mut client.reply, &buffer[..n]) {
            Ok(false) => return Ok(true),
            Ok(true) if client.busy => {}
            _ => return Ok(false),
        }
        let now = Instant::now();
        client.busy = false;
        self.counts.done += 1;
        self.counts.bad += u64::from(!(200..300).contains(&client.reply.status));
        self.counts.latency.saturating_record((now - client.due).as_nanos() as u64);
        if client.reply.close || self.template.close {
            return Ok(false);
        }
        match (self.options.rate, client.waiting.pop_front()) {
            (None, _) => self.send(token, now)?,
            (Some(_), Some(due)) => self.send(token, due)?,
            (Some(_), None) => {}
        }
        Ok(true)
    }

    fn send(&mut self, token: usize, due: Instant) -> Result<()> {
        let client = &mut self.clients[token];
        (client.busy, client.written, client.due) = (true, 0, due);
        if !self.push(token)? {
            self.reconnect(token)?;
        }
        Ok(())
    }

    /// Writes what is left of the request; false where the connection is broken.
    fn push(&mut self, token: usize) -> Result<bool> {
        let client = &mut self.clients[token];
        let was_blocked = client.written > 0;
        while client.written < self.template.bytes.len() {
            match client.stream.write(&self.template.bytes[client.written..]) {
                Ok(n) => client.written += n,
                Err(e) if would_block(&e) => {
                    self.poll.change(&client.stream, token as u64, Interest::ReadAndWrite)?;
                    return Ok(true);
                }
                Err(_) => return Ok(false),
            }
        }
        if was_blocked {
            self.poll.change(&client.stream, token as u64, Interest::Read)?;
        }
        Ok(true)
    }

    fn reconnect(&mut self, token: usize) -> Result<()> {
        let old = &mut self.clients[token];
        if old.busy || old.reply.has_begun() {
            self.counts.errors += 1;
        } else {
            self.counts.reconnects += 1;
        }
        // A proxy that refuses every exchange must end the run, not spin it.
        ensure!(self.counts.errors < 10_000, "{} exchanges failed", self.counts.errors);
        let waiting = std::mem::take(&mut old.waiting);
        let client = Client { waiting, ..Client::open(&self.template, self.options)? };
        self.poll.add(&client.stream, token as u64)?;
        self.clients[token] = client;
        if self.options.rate.is_none() { self.send(token, Instant::now()) } else { Ok(()) }
    }

    fn report(&self, before: &Snapshot, after: &Snapshot) -> Value {
        let (counts, wall) = (&self.counts, after.at - before.at);
        let each = counts.done * self.template.counted;
        let quantile = |q: f64| counts.latency.value_at_quantile(q) as f64 / 1e3;
        let names = self.options.watch.iter().map(|(name, _)| name.as_str()).chain(["load"]);
        let used = before.watched.iter().zip(&after.watched).map(|(a, b)| a.until(b, each, wall));
        let cpu: Map<String, Value> = names.map(str::to_owned).zip(used).collect();
        let cores: Vec<Value> = before.cores.iter().zip(&after.cores).map(|(a, b)| a.until(*b, wall)).collect();
        json!({
            "seconds": wall.as_secs_f64(),
            "done": counts.done,
            "per_second": each as f64 / wall.as_secs_f64(),
            "bad": counts.bad,
            "errors": counts.errors,
            "reconnects": counts.reconnects,
            "latency_us": {
                "p50": quantile(0.5), "p90": quantile(0.9), "p99": quantile(0.99), "p999": quantile(0.999),
                "max": counts.latency.max() as f64 / 1e3,
            },
            "cpu": cpu,
            "cores": cores,
        })
    }
}

impl Client {
    fn open(template: &Template, options: &Options) -> Result<Self> {
        let addr = options.target.addr;
        let stream = template.open(addr).with_context(|| format!("connecting to {addr}"))?;
        let (reply, waiting) = (Reply::default(), VecDeque::new());
        Ok(Self { stream, reply, written: 0, busy: false, due: Instant::now(), waiting })
    }
}

impl Counts {
    fn new() -> Result<Self> {
        // Nanoseconds up to a minute, three digits.
        let latency = Histogram::new_with_bounds(1, 60_000_000_000, 3)?;
        Ok(Self { done: 0, bad: 0, errors: 0, reconnects: 0, latency })
    }
}

impl Snapshot {
    fn take(options: &Options) -> Self {
        let own = [std::process::id()];
        let pids = options.watch.iter().map(|(_, pids)| pids.as_slice()).chain([own.as_slice()]);
        Self { watched: pids.map(Cpu::of).collect(), cores: Core::all(), at: Instant::now() }
    }
}

fn watched(text: &str) -> Result<(String, Vec<u32>), String> {
    let (name, pids) = text.split_once('=').ok_or("NAME=PID,PID")?;
    let pids = pids.split(',').map(|pid| pid.parse::<u32>().map_err(|e| e.to_string())).collect::<Result<_, _>>()?;
    Ok((name.into(), pids))
}

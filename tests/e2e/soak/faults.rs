//! What breaks, one after the other, again and again: each lasts a while, is mended, and the next follows after a rest.

use std::io::Write;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use super::setting::Setting;
use super::tally::{Part, Tally};
use crate::harness::gateway::Gateway;
use crate::harness::process::signal;
use crate::harness::wait;
use crate::services::setting::Server;

/// The shortest time that something stays broken, and the longest.
const LASTS: [Duration; 2] = [Duration::from_millis(1500), Duration::from_secs(8)];

/// Longer than the file has to be quiet before it is read.
const BETWEEN_WRITES: Duration = Duration::from_millis(350);

/// One fault over a run.
pub struct Round {
    pub what: &'static str,
    pub times: u32,
    pub lasted: Duration,
    /// Failures that no outage explains, while it was so or before the next thing broke.
    pub failures: usize,
}

/// The faults and what they break.
pub struct Faults<'a> {
    setting: &'a mut Setting,
    tally: &'a Tally,
    lasts: Duration,
}

/// What breaks, and how: broken and mended when the call returns.
type Fault<'a> = (&'static str, fn(&mut Faults<'a>));

impl<'a> Faults<'a> {
    pub fn new(setting: &'a mut Setting, tally: &'a Tally, over: Duration) -> Self {
        // Each is seen at least twice if there is time, and as much of it is rest.
        let lasts = (over / (Self::all().len() as u32 * 4)).clamp(LASTS[0], LASTS[1]);
        Self { setting, tally, lasts }
    }

    /// Breaks and mends until then, and each thing at least once.
    pub fn until(&mut self, end: Instant) -> Vec<Round> {
        let mut rounds: Vec<Round> =
            Self::all().iter().map(|(what, _)| Round { what, times: 0, lasted: Duration::ZERO, failures: 0 }).collect();
        loop {
            for ((_, fault), round) in Self::all().iter().zip(&mut rounds) {
                if round.times > 0 && Instant::now() > end {
                    return rounds;
                }
                let (begin, before) = (Instant::now(), self.tally.unexplained().len());
                fault(self);
                round.times += 1;
                round.lasted += begin.elapsed();
                std::thread::sleep(self.lasts);
                round.failures += self.tally.unexplained().len() - before;
            }
        }
    }

    /// All of them, in order.
    fn all() -> [Fault<'a>; 9] {
        [
            ("the gateway killed (SIGKILL), and started again", Self::gateway_killed),
            ("the gateway stopped (SIGSTOP) and let go on", Self::gateway_stopped),
            ("a service killed, and started again", Self::service_killed),
            ("a collector and a receiver of alerts that accept and say nothing", Self::silent_receivers),
            ("the configuration rewritten: valid, invalid, torn, gone; SIGHUP", Self::configuration_rewritten),
            ("the clock set an hour back, a day ahead, and right", Self::clock_jumps),
            ("no descriptors left", Self::no_descriptors),
            ("the disk full", Self::disk_full),
            ("5 % of the packets of either side lost", Self::packets_lost),
        ]
    }

    /// How a fault lasts.
    fn stay(&self) {
        std::thread::sleep(self.lasts);
    }

    fn gateway_killed(&mut self) {
        self.tally.begin_outage(Part::Gateway);
        self.setting.gateway.process.signal("KILL");
        self.setting.gateway.process.wait_for_exit();
        self.stay();
        self.setting.gateway = Gateway::start_http2_at(self.setting.gateway.address);
        let listening = Instant::now();
        self.tally.end_outage(Part::Gateway);
        wait::until("a request that succeeds again", || self.tally.last_answer().filter(|at| *at > listening));
        self.tally.recovered(self.tally.last_answer().map_or(Duration::MAX, |at| at - listening));
    }

    fn gateway_stopped(&mut self) {
        let id = self.setting.gateway.process.id();
        signal(id, "STOP");
        self.stay();
        signal(id, "CONT");
    }

    fn service_killed(&mut self) {
        self.tally.begin_outage(Part::Service);
        self.setting.service = None;
        self.stay();
        self.setting.service = Some(Server::service(&self.setting.service_at.to_string()));
        self.tally.end_outage(Part::Service);
    }

    fn silent_receivers(&mut self) {
        let listener = TcpListener::bind(self.setting.files.nobody).expect("nobody listens there");
        listener.set_nonblocking(true).expect("a socket takes its options");
        let (until, mut taken) = (Instant::now() + self.lasts, Vec::new());
        while Instant::now() < until {
            taken.extend(listener.accept());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn configuration_rewritten(&mut self) {
        let files = &self.setting.files;
        let agent = self.setting.road.process.id();
        let other = files.good.replace("ingress:\n", "ingress:\n  forwarded_for: off\n");
        let torn = &files.good[..files.good.len() / 2];
        let variants = [&*other, "ingress: [ nothing", torn, "no_such_key: 1", &*files.good, ""];
        let until = Instant::now() + self.lasts;
        for (nth, text) in variants.iter().cycle().enumerate().take_while(|_| Instant::now() < until) {
            match nth % 4 {
                // A rename, as careful writers do; a write in place, as others do; away and back.
                0 => {
                    let new = files.config.with_extension("new");
                    std::fs::write(&new, text)
                        .and_then(|()| std::fs::rename(&new, &files.config))
                        .expect("it can be replaced");
                }
                1 => {
                    let _ = std::fs::remove_file(&files.config);
                }
                _ if text.is_empty() => signal(agent, "HUP"),
                _ => std::fs::write(&files.config, text).expect("it can be written"),
            }
            std::thread::sleep(BETWEEN_WRITES);
        }
        std::fs::write(&files.config, &files.good).expect("it can be written");
        signal(agent, "HUP");
    }

    fn clock_jumps(&mut self) {
        for offset in ["-1h", "+1d", "+0"] {
            std::fs::write(&self.setting.files.clock, offset).expect("it can be written");
            std::thread::sleep(self.lasts / 2);
        }
    }

    fn no_descriptors(&mut self) {
        let agent = self.setting.road.process.id();
        let limits = std::fs::read_to_string(format!("/proc/{agent}/limits")).expect("the process runs");
        let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("the kernel writes it");
        let words: Vec<&str> = line.split_whitespace().collect();
        let (soft, hard) = (words[3].to_owned(), words[4].to_owned());
        let set = |soft: &str| {
            let limit = format!("--nofile={soft}:{hard}");
            let status = Command::new("prlimit").args(["--pid", &agent.to_string(), &limit]).status();
            assert!(status.is_ok_and(|status| status.success()), "prlimit, of util-linux");
        };
        // What is open stays; there is room for one more, which an odd descriptor makes the hard case.
        let open = std::fs::read_dir(format!("/proc/{agent}/fd")).map_or(0, Iterator::count);
        set(&(open + 1).to_string());
        self.stay();
        set(&soft);
    }

    fn disk_full(&mut self) {
        let path = self.setting.files.state.path.join("ballast");
        let mut ballast = std::fs::File::create(&path).expect("the disk takes a name");
        let until = Instant::now() + self.lasts;
        // What the agent frees is taken as well.
        while Instant::now() < until {
            while ballast.write_all(&[0; 4096]).is_ok() {}
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(ballast);
        std::fs::remove_file(&path).expect("it is there");
    }

    fn packets_lost(&mut self) {
        let port = self.setting.road.ingress.port().to_string();
        let rule = |what: &str, side: &str| {
            let mut command = Command::new("iptables");
            command.args(["-w", what, "INPUT", "-i", "lo", "-p", "tcp", side, &port]);
            command.args(["-m", "statistic", "--mode", "random", "--probability", "0.05", "-j", "DROP"]);
            let status = command.status();
            assert!(status.is_ok_and(|status| status.success()), "{command:?}: needs root and the module `statistic`");
        };
        for what in ["-A", "-D"] {
            ["--dport", "--sport"].into_iter().for_each(|side| rule(what, side));
            if what == "-A" {
                self.stay();
            }
        }
    }
}

//! What a request costs in system calls, which no other work on the machine changes: those of the worker are counted by strace.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use crate::harness::process::signal;
use crate::harness::raw::Connection;
use crate::harness::road::{Road, Settings};

const REQUESTS: usize = 1000;
/// What the start, the allocator and timers take besides: a call more for each request would be twice that.
const BESIDES: usize = REQUESTS / 2;

#[test]
fn a_request_takes_two_reads_two_writes_and_two_waits() {
    let mut calls = calls_of_the_worker(&Settings::to(gateway()));
    for call in ["recvfrom", "sendto", "epoll_wait"] {
        let count = calls.remove(call).unwrap_or_default();
        assert!((2 * REQUESTS..2 * REQUESTS + BESIDES).contains(&count), "{count} times {call} in {REQUESTS} requests");
    }
    assert!(calls.values().sum::<usize>() < BESIDES, "other calls in {REQUESTS} requests: {calls:?}");
}

/// How often the worker called what, from its start to its end, over so many requests on one connection.
fn calls_of_the_worker(settings: &Settings) -> BTreeMap<String, usize> {
    let (folder, traces) = (tempfile::tempdir().expect("a temporary folder"), tempfile::tempdir().expect("another"));
    let config = folder.path().join("agent.yaml");
    std::fs::write(&config, settings.yaml(folder.path())).expect("the folder takes a file");
    let mut strace = Command::new("strace");
    // Nobody is left behind when strace goes.
    strace.args(["--quiet=all", "-ff", "-o"]).arg(traces.path().join("thread")).args([
        "setpriv",
        "--pdeathsig",
        "KILL",
    ]);
    strace.arg(env!("CARGO_BIN_EXE_outrider"));
    let mut road = Road::run_by(folder, strace, &config);
    let id = child_of(road.process.id());
    let mut client = Connection::open(road.ingress);
    for _ in 0..REQUESTS {
        client.send("GET /items HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.response(false).status, 200);
    }
    let worker = thread_of(id, "worker-0");
    drop(client);
    signal(id, "TERM");
    assert!(road.process.wait_for_exit().success());

    let trace = std::fs::read_to_string(traces.path().join(format!("thread.{worker}"))).expect("strace wrote it");
    let mut calls = BTreeMap::new();
    for (call, _) in trace.lines().filter_map(|line| line.split_once('(')) {
        *calls.entry(call.to_owned()).or_default() += 1;
    }
    calls
}

/// A gateway that answers each request with one write.
fn gateway() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).is_ok_and(|count| count > 0) {
                    if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// The only child of a process.
fn child_of(id: u32) -> u32 {
    let children =
        std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("the kernel lists children");
    children.trim().parse().unwrap_or_else(|_| panic!("process {id} has one child: {children}"))
}

/// The id of a process's thread of that name.
fn thread_of(id: u32, name: &str) -> String {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).expect("the process runs");
    let is_it = |path: &Path| std::fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name);
    let found = threads.flatten().find(|thread| is_it(&thread.path())).expect("the process has such a thread");
    found.file_name().to_string_lossy().into_owned()
}

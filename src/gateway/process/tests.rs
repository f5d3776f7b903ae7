//! A process of our own as the gateway, and folders that look like the kernel's.

use super::*;
use crate::metrics::Registry;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

fn text(registry: &Registry) -> String {
    prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
}

fn value(registry: &Registry, name: &str) -> Option<f64> {
    let text = text(registry);
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(|value| value.parse().unwrap())
}

/// A gateway with a worker that it forked, and where it listens.
fn gateway() -> (Child, SocketAddr) {
    let script = "import os,socket,threading,time\ns=socket.socket();s.bind(('127.0.0.1',0));s.listen()\n\
                  threading.Thread(target=time.sleep,args=(600,),daemon=True).start()\n\
                  pid=os.fork()\nif pid==0: time.sleep(600)\nx=b'x'*(1<<26)\nprint(s.getsockname()[1],flush=True)\ntime.sleep(600)";
    let mut child =
        Command::new("python3").args(["-c", script]).stdout(Stdio::piped()).spawn().expect("python3 is there");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, SocketAddr::from(([127, 0, 0, 1], line.trim().parse().unwrap())))
}

fn places() -> Places {
    Places::of(|_| None)
}

#[test]
fn the_processes_behind_a_socket_are_measured() {
    let (mut child, address) = gateway();
    let registry = Registry::new();
    let mut process = Process::new(places(), GatewayMetrics::register(&registry));
    let sight = process.look(&[address]);
    let (memory, threads) = (value(&registry, "gateway_memory_bytes"), value(&registry, "gateway_threads"));
    let (fds, cpu) = (value(&registry, "gateway_open_fds"), value(&registry, "gateway_cpu_seconds_total"));
    let nothing = process.look(&["127.0.0.1:1".parse().unwrap()]);
    // The worker first: it is its parent's, not ours.
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let worker = fs::read_to_string(children).unwrap_or_default();
    worker.split_whitespace().for_each(|pid| drop(Command::new("kill").arg(pid).status()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(sight, Sight::Processes(2));
    assert!(memory.is_some_and(|bytes| bytes > 64e6 && bytes < 1e9), "{memory:?}");
    assert!(threads.is_some_and(|threads| threads >= 3.0), "{threads:?}");
    assert!(fds.is_some_and(|fds| fds >= 2.0) && cpu.is_some_and(|cpu| cpu < 60.0), "{fds:?} {cpu:?}");
    assert_eq!(nothing, Sight::Nothing);
    assert!(!text(&registry).contains("gateway_"), "what is not seen is not there");
}

#[test]
fn a_control_group_stands_in_for_processes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("memory.current", "1000\n");
    write("memory.max", "max\n");
    write("pids.current", "7\n");
    write("cpu.stat", "usage_usec 2500000\nuser_usec 1\n");
    let registry = Registry::new();
    let here = Places { gateway: Some(folder.path().to_owned()), memory_limit: Some(4096), ..places() };
    let mut process = Process::new(here, GatewayMetrics::register(&registry));
    assert_eq!(process.look(&["127.0.0.1:1".parse().unwrap()]), Sight::Cgroup);
    assert_eq!(value(&registry, "gateway_memory_bytes"), Some(1000.0));
    assert_eq!(value(&registry, "gateway_memory_limit_bytes"), Some(4096.0));
    assert_eq!(value(&registry, "gateway_cpu_seconds_total"), Some(2.5));
    assert_eq!(value(&registry, "gateway_threads"), Some(7.0));
    assert_eq!(value(&registry, "gateway_open_fds"), None);
    write("cpu.stat", "usage_usec 100000\n");
    process.look(&[]);
    assert_eq!(value(&registry, "gateway_cpu_seconds_total"), Some(0.1), "a container that began anew");
}

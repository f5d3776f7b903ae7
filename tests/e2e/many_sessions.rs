//! Ten thousand idle WebSockets and a thousand busy ones at once: no message is lost, reordered or counted twice.
//!
//! A session is two descriptors of the road's. Where the system's hard limit does not allow one agent all of them, two agents
//! share them; clients and origin are processes of their own.

use std::net::SocketAddr;
use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::harness::installed;
use crate::harness::process::Process;
use crate::harness::raw::UPGRADE;
use crate::harness::road::Road;
use crate::harness::wait;

const IDLE: usize = 10_000;
const BUSY: usize = 1_000;
const MESSAGES: usize = 50;
/// Handshakes under way at a time: no listener's queue is to overflow.
const OPENING: usize = 100;
/// Descriptors that are not a session's.
const OTHERS: usize = 500;
/// Of ours for each session that says nothing: its two sockets' state, its scanners and its task.
const MAY_TAKE_BYTES: usize = 8 * 1024;

/// Head of a frame with ten bytes of content, masked with zeros, and of its echo.
const SENT: &[u8] = b"\x82\x8a\0\0\0\0";
const ECHOED: &[u8] = b"\x82\x0a";

#[test]
fn ten_thousand_idle_and_a_thousand_busy_sessions_lose_nothing() {
    let (_process, origin) = origin();
    let mut roads = vec![Road::to(origin)];
    let descriptors = roads.iter().map(|road| allow_descriptors(road.process.id())).min().unwrap_or(0);
    if descriptors < 2 * (IDLE + BUSY) + OTHERS {
        roads.push(Road::to(origin));
        allow_descriptors(roads[1].process.id());
    }
    allow_descriptors(std::process::id());
    let (idle_each, busy_each) = (IDLE / roads.len(), BUSY / roads.len());
    eprintln!("{} agents with {idle_each} idle and {busy_each} busy sessions each", roads.len());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (mut idle, mut conversations) = (Vec::new(), JoinSet::new());
        for road in &roads {
            let before = road.process.memory_kib("VmRSS");
            idle.extend(open(road.ingress, idle_each).await);
            let taken = (road.process.memory_kib("VmRSS") - before) as usize * 1024 / idle_each;
            eprintln!("an idle session takes {taken} bytes");
            assert!(taken < MAY_TAKE_BYTES, "an idle session takes {taken} bytes");
        }
        let mut busy = Vec::new();
        for road in &roads {
            busy.extend(open(road.ingress, busy_each).await);
            let active = Some((idle_each + busy_each) as f64);
            wait::until_equal("sessions", &active, || {
                road.metrics().get(r#"websocket_connections_active{endpoint="/ws/echo"}"#)
            });
        }
        for (at, session) in busy.into_iter().enumerate() {
            conversations.spawn(converse(at, session));
        }
        while let Some(done) = conversations.join_next().await {
            done.expect("every echo comes, in order");
        }
        for session in &mut idle {
            say(session, "still here").await;
        }
    });
    drop(runtime);

    for road in &roads {
        let expected = Some((busy_each * MESSAGES + idle_each) as f64);
        for direction in ["inbound", "outbound"] {
            let series = format!(r#"websocket_messages_total{{direction="{direction}",type="binary"}}"#);
            wait::until_equal(&series, &expected, || road.metrics().get(&series));
        }
        for event in ["opened", "aborted"] {
            let series = format!(r#"websocket_connections_total{{endpoint="/ws/echo",event="{event}"}}"#);
            wait::until_equal(&series, &Some((idle_each + busy_each) as f64), || road.metrics().get(&series));
        }
        wait::until_equal("sessions that are open", &0.0, || road.metrics().sum("websocket_connections_active"));
    }
}

/// An origin that takes every handshake and echoes frames of this size.
fn origin() -> (Process, SocketAddr) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/clients/echo_sessions.py");
    let process = Process::start("the origin", Command::new(installed::python()).arg(script));
    let address = process.wait_for_line("its address", |line| line.strip_prefix("listening on ")?.parse().ok());
    (process, address)
}

/// Opens sessions, some at a time.
async fn open(ingress: SocketAddr, count: usize) -> Vec<TcpStream> {
    let slots = std::sync::Arc::new(Semaphore::new(OPENING));
    let mut opening = JoinSet::new();
    for _ in 0..count {
        let slots = slots.clone();
        opening.spawn(async move {
            let _slot = slots.acquire_owned().await.expect("the semaphore stays open");
            let mut session = TcpStream::connect(ingress).await.expect("the road accepts");
            session.write_all(UPGRADE.as_bytes()).await.expect("the road takes the handshake");
            let mut head = vec![0; SWITCHED.len()];
            session.read_exact(&mut head).await.expect("the answer to the handshake");
            assert_eq!(head, SWITCHED);
            session
        });
    }
    opening.join_all().await
}

/// Ten messages on the way at a time, each with its number; their echoes come in order.
async fn converse(at: usize, mut session: TcpStream) {
    for window in (0..MESSAGES).collect::<Vec<_>>().chunks(10) {
        let text = |n: &usize| format!("{at:05}{n:05}");
        let sent: Vec<u8> = window.iter().flat_map(|n| [SENT, text(n).as_bytes()].concat()).collect();
        let expected: Vec<u8> = window.iter().flat_map(|n| [ECHOED, text(n).as_bytes()].concat()).collect();
        session.write_all(&sent).await.expect("the road takes messages");
        let mut echoes = vec![0; expected.len()];
        session.read_exact(&mut echoes).await.expect("echoes come");
        assert!(echoes == expected, "session {at}: {}", echoes.escape_ascii());
    }
}

async fn say(session: &mut TcpStream, text: &str) {
    session.write_all(&[SENT, text.as_bytes()].concat()).await.expect("the road takes the message");
    let mut echo = [0; 12];
    session.read_exact(&mut echo).await.expect("the echo comes");
    assert_eq!(echo, *[ECHOED, text.as_bytes()].concat());
}

const SWITCHED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

/// Lets a process open as many files as it may ever; how many those are.
fn allow_descriptors(process: u32) -> usize {
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).expect("the process runs");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("the kernel writes it");
    let hard = line.split_whitespace().nth(4).expect("a hard limit");
    let status =
        Command::new("prlimit").args(["--pid", &process.to_string(), &format!("--nofile={hard}:{hard}")]).status();
    assert!(status.is_ok_and(|status| status.success()), "prlimit, of util-linux, raises the soft limit");
    hard.parse().unwrap_or(usize::MAX)
}

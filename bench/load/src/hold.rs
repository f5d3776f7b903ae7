//! Connections that have been used once and sit still: what a kept connection costs a proxy in memory.

use crate::Target;
use crate::request::{Reply, Template};
use anyhow::{Result, ensure};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Says `ready N` once all are open and answered, waits for standard input to end, then says how many still live.
pub fn hold(target: &Target) -> Result<()> {
    let template = Template::new(&target.request);
    let mut held = Vec::with_capacity(target.connections);
    for _ in 0..target.connections {
        let mut stream = template.open(target.addr)?;
        ask(&mut stream, &template)?;
        held.push(stream);
    }
    say(&format!("ready {}", held.len()))?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let mut alive = 0;
    for stream in &mut held {
        stream.set_nonblocking(true)?;
        alive += usize::from(stream.read(&mut [0]).is_err_and(|e| crate::request::would_block(&e)));
    }
    say(&format!("alive {alive}"))
}

fn ask(stream: &mut TcpStream, template: &Template) -> Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(&template.bytes)?;
    let (mut reply, mut buffer) = (Reply::default(), vec![0; 64 * 1024]);
    loop {
        let n = stream.read(&mut buffer)?;
        ensure!(n > 0, "the connection ended before its reply did");
        if template.feed(&mut reply, &buffer[..n])? {
            return Ok(());
        }
    }
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

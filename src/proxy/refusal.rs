//! An answer of ours, when the gateway cannot be reached or a call may not go out: HTTP gets a status that names the cause,
//! anything else a reset, which is what it would get from somebody who is not there.

use super::stream::Stream;
use crate::event::{Edits, End, Observer, Side};
use std::io;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How long a client may take to ask, and then to read its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of a body is read so that the client gets to its answer.
const DISCARD: usize = 1024 * 1024;

/// What is said to who asks, and why.
pub struct Refusal {
    /// The status, such as 503.
    pub status: u16,
    /// What it means.
    pub title: &'static str,
    /// What is the matter, and who says so.
    pub detail: String,
    /// Seconds after which asking again may help.
    pub retry_after: Option<u64>,
}

/// Answers the first request on `client`, and ends the connection.
pub async fn refuse<C: Stream, O: Observer>(mut client: C, mut observer: O, refusal: &Refusal) {
    match timeout(PATIENCE, ask(&mut client, &mut observer)).await {
        Ok(Ok(Some(body))) => {
            let answer = refusal.answer(body);
            observer.gateway_bytes(Instant::now(), answer.as_bytes());
            let _ = timeout(PATIENCE, say(&mut client, answer.as_bytes())).await;
            observer.ended(Instant::now(), Side::Gateway, End::Finished);
        }
        Ok(Ok(None)) => observer.ended(Instant::now(), Side::Client, End::Finished),
        Ok(Err(_)) => observer.ended(Instant::now(), Side::Client, End::Reset),
        Err(_) => client.reset_on_close(),
    }
    observer.closed(Instant::now());
}

/// Reads until a request is there and tells whether its answer may have a body; `None` if no request will come.
async fn ask<C: Stream, O: Observer>(client: &mut C, observer: &mut O) -> io::Result<Option<bool>> {
    let (mut buffer, mut held, mut edits) = (vec![0; 16 * 1024], 0, Edits::default());
    let mut asked = 0;
    loop {
        let read = client.read(&mut buffer[held..]).await?;
        asked += read;
        if read == 0 {
            return Ok(None);
        }
        edits.clear();
        let bytes = &buffer[..held + read];
        let gone = observer.client_bytes(Instant::now(), bytes, &mut edits);
        held = bytes.len() - gone;
        buffer.copy_within(gone..gone + held, 0);
        if let Some(awaited) = observer.awaited() {
            return Ok(Some(awaited.body));
        }
        // Not HTTP, or a head without end.
        if !observer.may_ask() || asked > DISCARD {
            client.reset_on_close();
            return Ok(None);
        }
    }
}

impl Refusal {
    /// The gateway cannot be reached.
    pub fn unreachable(cause: &io::Error) -> Self {
        let detail = format!("outrider cannot reach the gateway: {}", reason(cause));
        Self { status: 503, title: "Service Unavailable", detail, retry_after: Some(1) }
    }

    /// The whole answer.
    pub fn answer(&self, with_body: bool) -> String {
        let Self { status, title, detail, retry_after } = self;
        let problem = serde_json::json!({ "type": "about:blank", "title": title, "status": status, "detail": detail });
        let body = problem.to_string();
        let retry = retry_after.map_or_else(String::new, |seconds| format!("retry-after: {seconds}\r\n"));
        let head = format!(
            "HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
             cache-control: no-store\r\n{retry}connection: close\r\n\r\n",
            body.len()
        );
        if with_body { head + &body } else { head }
    }
}

/// Why somebody cannot be reached, in words.
pub fn reason(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::ConnectionRefused => "it refuses connections".to_owned(),
        io::ErrorKind::TimedOut => "connecting to it timed out".to_owned(),
        io::ErrorKind::NotFound | io::ErrorKind::InvalidData => cause.to_string(),
        kind => kind.to_string(),
    }
}

/// Writes, ends, and reads on for a while: closing with unread bytes would reset the connection under the answer.
pub async fn say<C: Stream>(client: &mut C, answer: &[u8]) -> io::Result<()> {
    client.write_all(answer).await?;
    client.shutdown().await?;
    let (mut buffer, mut left) = (vec![0; 16 * 1024], DISCARD);
    while left > 0 {
        match client.read(&mut buffer).await? {
            0 => break,
            read => left = left.saturating_sub(read),
        }
    }
    Ok(())
}

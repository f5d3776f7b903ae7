//! The answer when the gateway cannot be reached: HTTP gets a 503 that names the cause, anything else a reset, which is
//! what it would get from a gateway that is not there.

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

/// Answers the first request on `client`, which `cause` keeps from the gateway.
pub async fn refuse<C: Stream, O: Observer>(mut client: C, mut observer: O, cause: &io::Error) {
    match timeout(PATIENCE, ask(&mut client, &mut observer)).await {
        Ok(Ok(Some(body))) => {
            let answer = answer(cause, body);
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

fn answer(cause: &io::Error, with_body: bool) -> String {
    let reason = match cause.kind() {
        io::ErrorKind::ConnectionRefused => "it refuses connections".to_owned(),
        io::ErrorKind::TimedOut => "connecting to it timed out".to_owned(),
        io::ErrorKind::NotFound | io::ErrorKind::InvalidData => cause.to_string(),
        kind => kind.to_string(),
    };
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": format!("outrider cannot reach the gateway: {reason}"),
    });
    let body = problem.to_string();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        body.len()
    );
    if with_body { head + &body } else { head }
}

/// Writes, ends, and reads on for a while: closing with unread bytes would reset the connection under the answer.
async fn say<C: Stream>(client: &mut C, answer: &[u8]) -> io::Result<()> {
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

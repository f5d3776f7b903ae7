//! The demo's clients: a few requests a second, and people who chat.

use anyhow::Result;
use axum::body::{Body, Bytes};
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{interval, sleep};
use tokio_tungstenite::tungstenite::Message;

/// Between two requests.
const PACE: Duration = Duration::from_millis(50);

/// Asks for ever; after a failure on a new connection.
pub(super) async fn requests(ingress: SocketAddr) {
    let mut turn = 0;
    loop {
        if let Err(error) = visit(ingress, &mut turn).await {
            tracing::debug!(%error, "a client of the demo gave up");
        }
        sleep(PACE).await;
    }
}

/// Asks on one connection, until it ends.
async fn visit(ingress: SocketAddr, turn: &mut u64) -> Result<()> {
    let (mut sender, connection) = handshake(TokioIo::new(TcpStream::connect(ingress).await?)).await?;
    tokio::spawn(connection);
    let mut pace = interval(PACE);
    loop {
        pace.tick().await;
        *turn += 1;
        ask(&mut sender, *turn, ingress).await?;
    }
}

async fn ask(sender: &mut SendRequest<Full<Bytes>>, turn: u64, host: SocketAddr) -> Result<()> {
    let frameworks = ["react", "vue", "svelte"];
    let (path, body) = match turn % 20 {
        3 => ("/api/v1/auth/login".to_owned(), r#"{"user":"ada","password":"demo"}"#.to_owned()),
        7 => ("/api/v1/auth/login".to_owned(), r#"{"user":"eve","password":"guess"}"#.to_owned()),
        5 | 15 => {
            let framework = frameworks[(turn / 20 % 3) as usize];
            ("/api/v1/generate/code".to_owned(), format!(r#"{{"framework":"{framework}","prompt":"a form"}}"#))
        }
        10 => ("/api/v1/generate/image".to_owned(), r#"{"prompt":"a fox on a motorcycle"}"#.to_owned()),
        12 => ("/api/v1/events".to_owned(), String::new()),
        17 => ("/api/v1/health".to_owned(), String::new()),
        _ => (format!("/api/v1/users/{}", turn % 97), String::new()),
    };
    let method = if body.is_empty() { "GET" } else { "POST" };
    let request = Request::builder().method(method).uri(path).header("host", host.to_string());
    let request = request.header("content-type", "application/json").body(Full::new(Bytes::from(body)))?;
    let response = sender.send_request(request).await?;
    Body::new(response.into_body()).collect().await?;
    Ok(())
}

/// One session after the other; every fifth leaves without a word.
pub(super) async fn sessions(ingress: SocketAddr) {
    for turn in 1_u64.. {
        if let Err(error) = chat(ingress, turn.is_multiple_of(5)).await {
            tracing::debug!(%error, "a session of the demo failed");
        }
        sleep(PACE * 4).await;
    }
}

async fn chat(ingress: SocketAddr, rude: bool) -> Result<()> {
    let stream = TcpStream::connect(ingress).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{ingress}/ws/echo"), stream).await?;
    for word in ["hello", "how are you", "well, thank you"] {
        socket.send(Message::text(word)).await?;
        socket.next().await.transpose()?;
        sleep(PACE * 10).await;
    }
    if !rude {
        socket.close(None).await?;
        while socket.next().await.is_some() {}
    }
    Ok(())
}

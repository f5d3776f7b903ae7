//! The demo's gateway: it behaves like one of the kind that Outrider rides beside, and knows nothing of it.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Json, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use futures_util::stream;
use reqwest::Client;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// All of its routes. The code generator is at `service`.
pub(super) fn router(service: SocketAddr) -> Router {
    let generator = Generator {
        client: Client::builder().no_proxy().build().unwrap_or_default(),
        url: format!("http://{service}/generate"),
    };
    Router::new()
        .route("/api/v1/health", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/api/v1/users/{id}", get(user))
        .route("/api/v1/auth/login", post(login))
        .route("/api/v1/generate/code", post(generate_code))
        .route("/api/v1/generate/image", post(generate_image))
        .route("/api/v1/events", get(events))
        .route("/ws/echo", any(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) }))
        .with_state(generator)
}

/// Every `n`th call of all calls: failures that come as regularly as the demo does.
fn every(n: u64) -> bool {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(n)
}

async fn user(Path(id): Path<u64>) -> Response {
    sleep(Duration::from_millis(2 + id % 20)).await;
    match id % 23 {
        0 => (StatusCode::NOT_FOUND, Json(json!({ "detail": "no such user" }))).into_response(),
        _ if every(50) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => Json(json!({ "id": id, "name": format!("user {id}") })).into_response(),
    }
}

async fn login(Json(form): Json<Value>) -> Response {
    if form["password"] == "demo" {
        return Json(json!({ "access_token": "demo", "token_type": "bearer" })).into_response();
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_request\"")];
    (StatusCode::UNAUTHORIZED, challenge, Json(json!({ "detail": "wrong password" }))).into_response()
}

/// The service that generates code, as its gateway sees it.
#[derive(Clone)]
struct Generator {
    client: Client,
    url: String,
}

async fn generate_code(State(generator): State<Generator>, Json(form): Json<Value>) -> Response {
    let request = generator.client.post(&generator.url).header(header::CONTENT_TYPE, "application/json");
    let answer = request.body(form.to_string()).send().await.and_then(reqwest::Response::error_for_status);
    let (status, files) = if answer.is_ok() { ("success", 3) } else { ("failed", 0) };
    Json(json!({ "status": status, "framework": form["framework"], "files": files })).into_response()
}

async fn generate_image() -> Response {
    sleep(Duration::from_millis(150)).await;
    if every(15) {
        StatusCode::BAD_GATEWAY.into_response()
    } else {
        Json(json!({ "status": "success" })).into_response()
    }
}

async fn events() -> Response {
    let ticks = stream::unfold(0, |tick| async move {
        sleep(Duration::from_millis(50)).await;
        let line = Bytes::from(format!("data: {{\"tick\":{tick}}}\n\n"));
        (tick < 5).then_some((Ok::<_, Infallible>(line), tick + 1))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(ticks)).into_response()
}

async fn echo(mut socket: axum::extract::ws::WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let answer = matches!(message, Message::Text(_) | Message::Binary(_));
        if answer && socket.send(message).await.is_err() {
            return;
        }
    }
}

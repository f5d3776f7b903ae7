//! OTLP over HTTP: protobuf or JSON in a POST to `/v1/traces`.

use super::{LIMIT, Refused, take};
use crate::trace::desk::Desk;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use prost::Message as _;
use std::io::Read as _;
use tokio::net::TcpListener;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Serves until the runtime ends.
pub(super) async fn serve(listener: TcpListener, desk: Desk) {
    let router = Router::new().route("/v1/traces", post(traces)).layer(DefaultBodyLimit::max(LIMIT)).with_state(desk);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "tracing.receiver.http failed");
    }
}

async fn traces(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let is = |name, value: &str| headers.get(name).is_some_and(|field| field.as_bytes() == value.as_bytes());
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_json = kind.eq_ignore_ascii_case(JSON);
    if !is_json && !kind.eq_ignore_ascii_case(PROTOBUF) {
        let taken = "only application/x-protobuf and application/json are taken";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, taken).into_response();
    }
    let body = match is(header::CONTENT_ENCODING, "gzip").then(|| unzip(&body)) {
        None => body,
        Some(Ok(unzipped)) => unzipped.into(),
        Some(Err(reason)) => return (StatusCode::BAD_REQUEST, reason).into_response(),
    };
    let request = match is_json {
        true => serde_json::from_slice(&body).ok(),
        false => ExportTraceServiceRequest::decode(body).ok(),
    };
    let Some(request) = request else {
        return (StatusCode::BAD_REQUEST, "this is no ExportTraceServiceRequest").into_response();
    };
    if let Err(refused) = take(&desk, "http", request) {
        let status = match refused {
            Refused::Off => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Malformed => StatusCode::BAD_REQUEST,
        };
        return (status, refused.as_str()).into_response();
    }
    if is_json {
        return ([(header::CONTENT_TYPE, JSON)], "{}").into_response();
    }
    ([(header::CONTENT_TYPE, PROTOBUF)], ExportTraceServiceResponse::default().encode_to_vec()).into_response()
}

fn unzip(body: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut unzipped = Vec::new();
    let read = GzDecoder::new(body).take(LIMIT as u64 + 1).read_to_end(&mut unzipped);
    match read {
        Ok(_) if unzipped.len() <= LIMIT => Ok(unzipped),
        Ok(_) => Err("the request is over 16 MiB"),
        Err(_) => Err("this is no gzip"),
    }
}

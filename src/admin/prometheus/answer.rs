//! Results and errors as Prometheus writes them.

use crate::base::Labels;
use crate::promql::series::{Sample, SeriesData};
use crate::promql::{Answer, Error, ErrorKind, Value};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

/// Why there is no result.
#[derive(Debug)]
pub(super) struct Failure {
    kind: &'static str,
    message: String,
}

impl Failure {
    /// The caller's parameters are wrong.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self { kind: "bad_data", message: message.into() }
    }

    /// Too many ask at once.
    pub(super) fn busy() -> Self {
        Self { kind: "timeout", message: "too many queries are running; try again".to_owned() }
    }

    /// A fault of ours.
    pub(super) fn internal() -> Self {
        Self { kind: "internal", message: "the query failed; the log tells why".to_owned() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match error.kind {
            ErrorKind::Parse => "bad_data",
            ErrorKind::Evaluation | ErrorKind::Limit => "execution",
            ErrorKind::Timeout => "timeout",
        };
        Self { kind, message: error.to_string() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.kind {
            "bad_data" => StatusCode::BAD_REQUEST,
            "execution" => StatusCode::UNPROCESSABLE_ENTITY,
            "timeout" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        respond(status, &json!({ "status": "error", "errorType": self.kind, "error": self.message }))
    }
}

/// A result that is only data.
pub(super) fn success(data: Json) -> Response {
    respond(StatusCode::OK, &json!({ "status": "success", "data": data }))
}

/// The result of a query at `at`, with what is to be said about it.
pub(super) fn result(answer: Answer, at: i64) -> Response {
    let (kind, result) = match &answer.value {
        Value::Scalar(v) => ("scalar", point(Sample { t: at, v: *v })),
        Value::String(text) => ("string", json!([seconds(at), text])),
        Value::Vector(elements) => {
            let element =
                |e: &crate::promql::Element| json!({ "metric": metric(&e.labels), "value": point(e.sample(at)) });
            ("vector", elements.iter().map(element).collect())
        }
        Value::Matrix(series) => ("matrix", series.iter().map(row).collect()),
    };
    let mut body = json!({ "status": "success", "data": { "resultType": kind, "result": result } });
    let texts =
        |annotations: &[crate::promql::Annotation]| annotations.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (name, annotations) in [("warnings", &answer.warnings), ("infos", &answer.infos)] {
        if !annotations.is_empty() {
            body[name] = json!(texts(annotations));
        }
    }
    respond(StatusCode::OK, &body)
}

fn row(series: &SeriesData) -> Json {
    json!({ "metric": metric(&series.labels), "values": series.samples.iter().map(|s| point(*s)).collect::<Vec<_>>() })
}

/// Labels as an object.
pub(super) fn metric(labels: &Labels) -> Json {
    labels.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

fn point(sample: Sample) -> Json {
    json!([seconds(sample.t), float(sample.v)])
}

/// Unix seconds: whole ones without a fraction.
fn seconds(t: i64) -> Json {
    if t % 1000 == 0 { json!(t / 1000) } else { json!(t as f64 / 1e3) }
}

/// As Prometheus' JSON has floats: plain digits, an exponent only below 1e-6 and from 1e21 on.
fn float(v: f64) -> String {
    if v.is_nan() {
        return "NaN".to_owned();
    }
    if v.is_infinite() {
        return if v > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = v.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        // Rust writes `1e-7` where Go writes `1e-07`.
        let text = format!("{v:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) => {
                let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
                format!("{digits}e{sign}{exponent:0>2}")
            }
            None => text,
        };
    }
    v.to_string()
}

fn respond(status: StatusCode, body: &Json) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body.to_string())
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_prometheus_writes_them() {
        let cases =
            [(0.0, "0"), (1e6, "1000000"), (0.00001, "0.00001"), (1e-7, "1e-07"), (1e21, "1e+21"), (-0.5, "-0.5")];
        for (v, text) in cases {
            assert_eq!(float(v), text);
        }
        assert_eq!((float(f64::NAN), float(f64::NEG_INFINITY)), ("NaN".to_owned(), "-Inf".to_owned()));
        assert_eq!((seconds(1_500), seconds(2_000)), (json!(1.5), json!(2)));
    }
}

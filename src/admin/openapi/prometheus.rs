//! Prometheus' own HTTP API. What is asked by `GET` can be asked by a form as well.

use super::endpoint::Answer::Json;
use super::endpoint::{Answer, Endpoint, Kind, Param};

const fn param(name: &'static str, about: &'static str, needed: bool, example: &'static str) -> Param {
    Param { name, about, kind: Kind::Text, needed, example }
}

const QUERY: Param = param("query", "PromQL.", true, "sum(rate(http_requests_total[1m]))");
const TIMEOUT: Param = param("timeout", "How long it may take: 5s.", false, "5s");
const START: Param = param("start", "RFC 3339 or Unix seconds.", false, "1795516200");
const END: Param = param("end", "RFC 3339 or Unix seconds.", false, "1795519800");
const LIMIT: Param = Param {
    name: "limit",
    about: "How many at most; 0 is all.",
    kind: Kind::Whole(0, 1 << 31),
    needed: false,
    example: "100",
};
const MATCH: Param = Param {
    name: "match[]",
    about: "Selectors of series.",
    kind: Kind::Texts,
    needed: false,
    example: "http_requests_total{}",
};

const INSTANT: &[Param] = &[QUERY, param("time", "When; now when not given.", false, "1795519800"), TIMEOUT];
const RANGE: &[Param] = &[
    QUERY,
    param("start", "RFC 3339 or Unix seconds.", true, "1795516200"),
    param("end", "RFC 3339 or Unix seconds.", true, "1795519800"),
    param("step", "Seconds, or a duration.", true, "15"),
    TIMEOUT,
];
const SERIES: &[Param] = &[Param { needed: true, ..MATCH }, START, END, LIMIT];
const LABELS: &[Param] = &[MATCH, START, END, LIMIT];

const RESULT: Answer = Json(
    r#"{"status": "success", "data": {"resultType": "vector", "result": null}, "warnings?": ["a hint"], "infos?": ["a hint"]}"#,
);
const LABEL_SETS: Answer = Json(r#"{"status": "success", "data": [{"*": "GET"}]}"#);
const NAMES: Answer = Json(r#"{"status": "success", "data": ["endpoint"]}"#);

const fn get(path: &'static str, about: &'static str, params: &'static [Param], answer: Answer) -> Endpoint {
    Endpoint { method: "GET", path, tag: "prometheus", about, params, answer, errors: &[] }
}

const fn query(endpoint: Endpoint) -> Endpoint {
    Endpoint { errors: &[422, 503], ..endpoint }
}

const fn post(endpoint: Endpoint) -> Endpoint {
    Endpoint { method: "POST", ..endpoint }
}

const INSTANT_QUERY: Endpoint = query(get("/api/v1/query", "A query at one instant.", INSTANT, RESULT));
const RANGE_QUERY: Endpoint = query(get("/api/v1/query_range", "A query over a time.", RANGE, RESULT));
const ALL_SERIES: Endpoint = get("/api/v1/series", "Series that selectors select.", SERIES, LABEL_SETS);
const ALL_LABELS: Endpoint = get("/api/v1/labels", "Names of labels.", LABELS, NAMES);

/// All of them.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    INSTANT_QUERY,
    post(INSTANT_QUERY),
    RANGE_QUERY,
    post(RANGE_QUERY),
    ALL_SERIES,
    post(ALL_SERIES),
    ALL_LABELS,
    post(ALL_LABELS),
    get(
        "/api/v1/label/{name}/values",
        "Values of a label.",
        &[
            Param {
                name: "name",
                about: "Its name.",
                kind: Kind::Path("^[a-zA-Z_][a-zA-Z0-9_]*$"),
                needed: true,
                example: "endpoint",
            },
            MATCH,
            START,
            END,
            LIMIT,
        ],
        NAMES,
    ),
    get(
        "/api/v1/metadata",
        "Types and help of the agent's own families.",
        &[LIMIT, param("metric", "Of one family.", false, "process_open_fds")],
        Json(r#"{"status": "success", "data": {"*": [{"type": "counter", "help": "Requests.", "unit": ""}]}}"#),
    ),
    get(
        "/api/v1/rules",
        "Every rule with its state.",
        &[
            Param {
                name: "type",
                about: "Alerting rules alone, or recording rules.",
                kind: Kind::OneOf(&["alert", "record"]),
                needed: false,
                example: "alert",
            },
            Param {
                name: "rule_name[]",
                about: "Of these names.",
                kind: Kind::Texts,
                needed: false,
                example: "high_error_rate",
            },
            Param {
                name: "rule_group[]",
                about: "Of these groups.",
                kind: Kind::Texts,
                needed: false,
                example: "alerts",
            },
            Param { name: "file[]", about: "Of these files.", kind: Kind::Texts, needed: false, example: "agent.yaml" },
            param("exclude_alerts", "`true` leaves their alerts out.", false, "true"),
        ],
        Json(
            r#"{"status": "success", "data": {"groups": [{"name": "alerts", "file": "agent.yaml", "interval": 30.5, "limit": 0,
                "rules": [{"type": "alerting", "name": "high_error_rate", "query": "error_rate > 0.05", "labels": {"*": "high"}, "health": "ok"}],
                "lastEvaluation": "2026-11-24T10:30:00.000Z"}]}}"#,
        ),
    ),
    get(
        "/api/v1/history",
        "All samples at once, as the file of `history.path` has them: what `outrider rules backtest` asks for.",
        &[],
        Answer::Other("application/octet-stream", "OUTRHIST"),
    ),
    get(
        "/api/v1/status/buildinfo",
        "What a data source may expect.",
        &[],
        Json(
            r#"{"status": "success", "data": {"version": "3.0.0", "revision": "outrider 0.1.0", "branch": "", "buildUser": "",
                "buildDate": "", "goVersion": ""}}"#,
        ),
    ),
];

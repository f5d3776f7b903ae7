//! What Grafana's Prometheus data source asks, in the order and form in which it asks: its health check, the query builder,
//! template variables and a panel.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::harness::gateway::Gateway;
use crate::harness::raw::{self, Connection};
use crate::harness::road::Road;
use crate::harness::wait;

/// The road with a history that is sampled every second, and three requests on it.
fn road(gateway: &Gateway) -> Road {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("agent.yaml");
    let text = format!(
        "log: {{ level: info, format: json }}\n\
         ingress: {{ listen: '127.0.0.1:0', gateway: '{}' }}\n\
         admin: {{ listen: '127.0.0.1:0' }}\n\
         routes: {{ patterns: ['/items/{{id}}'] }}\n\
         history: {{ interval: 1s }}\n\
         alerting: {{ state: '{}' }}\n",
        gateway.address,
        folder.path().display()
    );
    std::fs::write(&config, text).expect("the folder takes a file");
    let road = Road::run(folder, config);
    for _ in 0..3 {
        assert_eq!(raw::get(road.ingress, "/items/7").status, 200);
    }
    road
}

/// `GET`, and the status with it.
fn get(admin: SocketAddr, path: &str) -> (u16, Value) {
    let answer = raw::get(admin, path);
    (answer.status, serde_json::from_slice(&answer.body).expect("an answer is JSON"))
}

/// A form, as Grafana posts every query.
fn post(admin: SocketAddr, path: &str, form: &str) -> (u16, Value) {
    let mut connection = Connection::open(admin);
    connection.send(format!(
        "POST {path} HTTP/1.1\r\nHost: grafana.test\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    ));
    let answer = connection.response(false);
    (answer.status, serde_json::from_slice(&answer.body).expect("an answer is JSON"))
}

#[test]
fn grafana_finds_a_data_source() {
    let gateway = Gateway::start();
    let road = road(&gateway);
    let admin = road.admin();

    // "Save & test": a query that needs no data, and which Prometheus this is.
    let (status, health) = post(admin, "/api/v1/query", "query=1%2B1&time=1700000000");
    assert_eq!((status, &health["data"]), (200, &json!({ "resultType": "scalar", "result": [1_700_000_000, "2"] })));
    let (status, build) = get(admin, "/api/v1/status/buildinfo");
    assert_eq!((status, &build["status"]), (200, &json!("success")));
    assert!(build["data"]["version"].as_str().is_some_and(|version| version.starts_with("3.")));

    // The query builder's lists, over the window that the dashboard shows.
    let names = wait::until("the requests in the history", || {
        let (_, names) = get(admin, "/api/v1/label/__name__/values?start=0&end=9999999999");
        names["data"].as_array()?.contains(&json!("http_requests_total")).then_some(names)
    });
    assert!(
        names["data"].as_array().is_some_and(|names| names.contains(&json!("http_request_duration_seconds_bucket")))
    );
    let (_, labels) = post(admin, "/api/v1/labels", "match%5B%5D=http_requests_total&start=0&end=9999999999");
    assert_eq!(labels["data"], json!(["__name__", "endpoint", "method", "status_code"]));
    let (_, values) = get(admin, "/api/v1/label/endpoint/values?match%5B%5D=http_requests_total");
    assert_eq!(values["data"], json!(["/items/{id}"]));
    let (_, series) =
        post(admin, "/api/v1/series", "match%5B%5D=http_requests_total%7Bmethod%3D%22GET%22%7D&start=0&end=9999999999");
    let only = json!([{ "__name__": "http_requests_total", "endpoint": "/items/{id}", "method": "GET", "status_code": "200" }]);
    assert_eq!(series["data"], only);
    let (_, metadata) = get(admin, "/api/v1/metadata?metric=http_requests_total");
    assert_eq!(metadata["data"]["http_requests_total"][0]["type"], "counter");

    // The list of rules beside its own.
    let (_, rules) = get(admin, "/api/v1/rules?type=alert&rule_name%5B%5D=high_error_rate");
    let rule = &rules["data"]["groups"][0]["rules"][0];
    assert_eq!(
        (&rule["name"], &rule["type"], &rule["duration"]),
        (&json!("high_error_rate"), &json!("alerting"), &json!(300.0))
    );
    assert_eq!((&rule["query"], &rule["state"]), (&json!("error_rate > 0.05"), &json!("inactive")));
    let (_, recording) = get(admin, "/api/v1/rules?type=record");
    let named = |rule: &Value| rule["name"] == "error_rate" && rule["type"] == "recording";
    assert!(recording["data"]["groups"][0]["rules"].as_array().is_some_and(|rules| rules.iter().any(named)));

    // A panel: instant for a stat, a range for a graph.
    let (_, instant) = post(admin, "/api/v1/query", "query=sum+by+%28endpoint%29+%28http_requests_total%29");
    assert_eq!(instant["data"]["result"][0]["value"][1], "3");
    let now = instant["data"]["result"][0]["value"][0].as_f64().expect("an instant");
    let form = format!("query=http_requests_total&start={}&end={now}&step=1", now - 300.0);
    let (_, range) = post(admin, "/api/v1/query_range", &form);
    assert_eq!(range["data"]["resultType"], "matrix");
    let last = range["data"]["result"][0]["values"].as_array().and_then(|values| values.last()).cloned();
    assert_eq!(last.expect("a sample")[1], "3");
}

#[test]
fn what_is_wrong_with_a_query_is_told_as_prometheus_tells_it() {
    let gateway = Gateway::start();
    let road = road(&gateway);
    let bad = |path: &str| {
        let (status, answer) = get(road.admin(), path);
        (
            status,
            answer["status"].clone(),
            answer["errorType"].clone(),
            answer["error"].as_str().unwrap_or("").to_owned(),
        )
    };
    for (path, says) in [
        ("/api/v1/query?query=sum%28", "parse error"),
        ("/api/v1/query", "query"),
        ("/api/v1/query?query=1&time=yesterday", "cannot parse"),
        ("/api/v1/query_range?query=up&start=0&end=1000000&step=1", "exceeded maximum resolution of 11,000 points"),
        ("/api/v1/query_range?query=up&start=10&end=5&step=1", "end timestamp must not be before start time"),
        ("/api/v1/query_range?query=up&start=0&end=5&step=0", "zero or negative query resolution step"),
        ("/api/v1/series", "no match[] parameter provided"),
        ("/api/v1/series?match%5B%5D=%7B%7D", "at least one non-empty matcher"),
        ("/api/v1/label/not-a-name/values", "invalid label name"),
    ] {
        let (status, word, kind, error) = bad(path);
        assert_eq!((status, &word, &kind), (400, &json!("error"), &json!("bad_data")), "{path}: {error}");
        assert!(error.contains(says), "{path}: {error}");
    }
    let (status, _, kind, _) = bad(
        "/api/v1/query?query=label_replace%28vector%281%29%2C%22__name__%22%2C%22a%22%2C%22%22%2C%22%22%29%20%2B%20on%28%29%20%28vector%281%29%20or%20label_replace%28vector%282%29%2C%22b%22%2C%22c%22%2C%22%22%2C%22%22%29%29",
    );
    assert_eq!((status, kind), (422, json!("execution")));
}

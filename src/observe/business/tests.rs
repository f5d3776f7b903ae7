//! Rules over exchanges as they pass.

use crate::config::{self, Config};
use crate::observe::seen::Seen;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

fn config(yaml: &str) -> Config {
    config::parse(yaml, Path::new(""), &|_| None).unwrap_or_else(|errors| panic!("{errors}"))
}

fn request(method: &str, target: &str, fields: &str, body: &str) -> String {
    format!(
        "{method} {target} HTTP/1.1\r\nHost: Shop.example:8080\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn json(status: &str, body: &str) -> String {
    answer(status, "application/json", body)
}

#[test]
fn the_generations_of_the_defaults_are_counted() {
    let mut seen = Seen::new(false);
    let code = |body: &str| request("POST", "/api/v1/generate/code", "", body);
    seen.exchange(&code(r#"{"prompt":"x","framework":"react"}"#), &json("200 OK", r#"{"status":"completed"}"#))
        .exchange(&code(r#"{"framework":"react"}"#), &json("200 OK", r#"{"status":"failed"}"#))
        .exchange(&code(r#"{"framework":"vue"}"#), &json("503 Unavailable", "{}"))
        .exchange(&code("not json"), &json("200 OK", "{}"))
        .exchange(&request("GET", "/api/v1/generate/code", "", ""), &json("200 OK", "{}"))
        .exchange(&request("POST", "/api/v1/generate/image", "", "{}"), &answer("200 OK", "image/png", "\u{1}png"))
        .derive(UNIX_EPOCH);
    seen.has(r#"code_generations_total{framework="react",status="success"} 1"#);
    seen.has(r#"code_generations_total{framework="react",status="failure"} 1"#);
    seen.has(r#"code_generations_total{framework="vue",status="failure"} 1"#);
    seen.has(r#"code_generations_total{framework="unknown",status="success"} 1"#);
    seen.has(r#"code_generation_duration_seconds_count{framework="react"} 2"#);
    seen.has(r#"image_generations_total{status="success"} 1"#);
    seen.has("image_generation_duration_seconds_count 1");
    seen.has(r#"outrider_business_unjudged_total{reason="not_json",rule="code_generation"} 1"#);
}

#[test]
fn values_come_from_everywhere() {
    let rule = r#"
business:
  - name: order
    match: { method: [POST], endpoint: "/shops/{shop}/orders", host: shop.example, headers: { x-kind: order } }
    counter: orders_total
    labels:
      shop: { path: shop, allow: [north, south] }
      channel: { query: channel }
      tier: { header: x-tier }
      currency: { response: /total/currency }
      node: { response_header: x-node }
    sums: [ { counter: order_cents_total, response: /total/amount, scale: 100 } ]
"#;
    let mut seen = Seen::by(&config(rule), false);
    let order = |target: &str, kind: &str| request("POST", target, &format!("X-Kind: {kind}\r\nX-Tier: gold\r\n"), "");
    let answer = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Node: n1\r\nContent-Length: 42\r\n\r\n\
                  {\"total\":{\"amount\":12.5,\"currency\":\"EUR\"}}";
    seen.exchange(&order("/shops/north/orders?channel=a%20b", "order"), answer)
        .exchange(&order("/shops/east/orders", "order"), answer)
        .exchange(&order("/shops/north/orders", "offer"), answer)
        .derive(UNIX_EPOCH);
    let labels = |shop: &str, channel: &str| format!(r#"channel="{channel}",currency="EUR",node="n1",shop="{shop}""#);
    seen.has(&format!(r#"orders_total{{{},status="success",tier="gold"}} 1"#, labels("north", "a b")));
    seen.has(&format!(r#"orders_total{{{},status="success",tier="gold"}} 1"#, labels("other", "unknown")));
    seen.has(&format!(r#"order_cents_total{{{},tier="gold"}} 1250"#, labels("north", "a b")));
    assert_eq!(seen.counts().iter().filter(|line| line.starts_with("orders_total")).count(), 2);
}

const JOBS: &str = r#"
business:
  - name: render
    match: { method: POST, endpoint: /render }
    counter: renders_total
    duration: render_seconds
    labels: { kind: { request: /kind } }
    job: { id: { response: /id }, poll: "/render/{id}", message_id: { websocket: /id }, state: { response: /state },
           done: [done], failed: [failed], timeout: 60s }
"#;

#[test]
fn a_job_is_counted_when_it_is_over() {
    let mut seen = Seen::by(&config(JOBS), false);
    let render = |id: &str| {
        (request("POST", "/render", "", r#"{"kind":"a"}"#), json("202 Accepted", &format!(r#"{{"id":"{id}"}}"#)))
    };
    for id in ["1", "2", "3"] {
        let (request, answer) = render(id);
        seen.exchange(&request, &answer);
    }
    seen.derive(UNIX_EPOCH);
    seen.lacks("renders_total");
    let poll = |id: &str| request("GET", &format!("/render/{id}"), "", "");
    seen.now += Duration::from_secs(30);
    seen.exchange(&poll("1"), &json("200 OK", r#"{"state":"running"}"#))
        .exchange(&poll("1"), &json("200 OK", r#"{"state":"done"}"#))
        .exchange(&poll("1"), &json("200 OK", r#"{"state":"done"}"#))
        .exchange(&poll("2"), &json("200 OK", r#"{"state":"failed"}"#))
        .exchange(&poll("9"), &json("200 OK", r#"{"state":"done"}"#))
        .derive(UNIX_EPOCH);
    seen.has(r#"renders_total{kind="a",status="success"} 1"#);
    seen.has(r#"renders_total{kind="a",status="failure"} 1"#);
    seen.has(r#"render_seconds_sum{kind="a"} 60"#);
    seen.now += Duration::from_secs(31);
    seen.derive(UNIX_EPOCH);
    seen.has(r#"renders_total{kind="a",status="failure"} 2"#);
}

#[test]
fn a_message_tells_the_end_of_a_job() {
    let mut seen = Seen::by(&config(JOBS), false);
    seen.exchange(&request("POST", "/render", "", r#"{"kind":"a"}"#), &json("202 Accepted", r#"{"id":7}"#));
    seen.connects("10.0.0.2").exchange(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    );
    let text = br#"{"id":7,"state":"done"}"#;
    seen.gateway(&[&[0x81, text.len() as u8][..], text].concat()).derive(UNIX_EPOCH);
    seen.has(r#"renders_total{kind="a",status="success"} 1"#);
}

#[test]
fn an_accepted_job_without_an_id_is_unjudged() {
    let mut seen = Seen::by(&config(JOBS), false);
    seen.exchange(&request("POST", "/render", "", "{}"), &json("202 Accepted", "{}"));
    seen.exchange(&request("POST", "/render", "", "{}"), &json("200 OK", "{}")).derive(UNIX_EPOCH);
    seen.has(r#"outrider_business_unjudged_total{reason="no_job_id",rule="render"} 1"#);
    seen.has(r#"renders_total{kind="unknown",status="success"} 1"#);
}

#[test]
fn messages_are_counted_by_what_they_say() {
    let rule = r#"
business:
  - name: chat
    match: { endpoint: /ws }
    counter: chat_messages_total
    labels: { kind: { websocket: /type } }
    success: { unless: { websocket: /error, is: [true] } }
"#;
    let mut seen = Seen::by(&config(rule), false);
    seen.exchange(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    );
    for text in [r#"{"type":"say"}"#, r#"{"type":"say","error":true}"#, r#"{"other":1}"#, "hello"] {
        seen.gateway(&[&[0x81, text.len() as u8][..], text.as_bytes()].concat());
    }
    seen.derive(UNIX_EPOCH);
    seen.has(r#"chat_messages_total{kind="say",status="success"} 1"#);
    seen.has(r#"chat_messages_total{kind="say",status="failure"} 1"#);
    assert_eq!(seen.counts().iter().filter(|line| line.starts_with("chat_")).count(), 2);
}

#[test]
fn tokens_are_summed_out_of_the_end_of_a_long_stream() {
    let rule = r#"
metrics: { body_limit: 4KiB }
business:
  - name: llm
    match: { method: POST, endpoint: /v1/chat/completions }
    counter: llm_requests_total
    labels: { model: { request: /model } }
    sums: [ { counter: llm_tokens_total, response: /usage/total_tokens } ]
"#;
    let mut seen = Seen::by(&config(rule), false);
    seen.client(request("POST", "/v1/chat/completions", "", r#"{"model":"m"}"#).as_bytes());
    seen.gateway(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    let event = |data: &str| {
        let event = format!("data: {data}\n\n");
        format!("{:x}\r\n{event}\r\n", event.len())
    };
    for _ in 0..1000 {
        seen.gateway(event(r#"{"choices":[{"delta":{"content":"word"}}]}"#).as_bytes());
    }
    seen.gateway(event(r#"{"choices":[],"usage":{"total_tokens":42}}"#).as_bytes());
    seen.gateway(event("[DONE]").as_bytes()).gateway(b"0\r\n\r\n").derive(UNIX_EPOCH);
    seen.has(r#"llm_requests_total{model="m",status="success"} 1"#);
    seen.has(r#"llm_tokens_total{model="m"} 42"#);
}

#[test]
fn what_is_cut_short_is_a_failure_and_what_nobody_waited_for_is_none() {
    for (first, sample) in [
        (crate::event::Side::Gateway, r#"image_generations_total{status="failure"} 1"#),
        (
            crate::event::Side::Client,
            r#"outrider_business_unjudged_total{reason="client_gone",rule="image_generation"} 1"#,
        ),
    ] {
        let mut seen = Seen::new(false);
        seen.client(request("POST", "/api/v1/generate/image", "", "{}").as_bytes());
        seen.ends(first).connects("10.0.0.9").derive(UNIX_EPOCH);
        seen.has(sample);
    }
}

#[test]
fn a_metric_must_not_look_like_ours() {
    let rule = "business: [ { name: a, counter: http_requests_total, duration: gateway_seconds } ]";
    let errors = config::parse(rule, Path::new(""), &|_| None).unwrap_err().to_string();
    assert!(errors.contains("business[0].counter: `http_requests_total` begins with `http_`"), "{errors}");
    assert!(errors.contains("business[0].duration: `gateway_seconds` begins with `gateway_`"), "{errors}");
}

#[test]
fn a_rule_that_asks_for_a_span_tells_what_it_saw_of_an_exchange_that_has_one() {
    let code = |body: &str| request("POST", "/api/v1/generate/code", "", body);
    for (rate, spans) in [(1, 2), (0, 0)] {
        let mut seen = Seen::traced(&format!("tracing: {{ sample_rate: {rate} }}"));
        seen.exchange(&code(r#"{"framework":"react"}"#), &json("200 OK", r#"{"status":"failed"}"#))
            .exchange(&code(r#"{"framework":"vue"}"#), &json("200 OK", "{}"))
            .exchange(&request("GET", "/a", "", ""), &json("200 OK", "{}"))
            .derive(UNIX_EPOCH);
        let told = seen.judgements();
        assert_eq!(told.len(), spans);
        for (told, (framework, status)) in told.iter().zip([("react", "failure"), ("vue", "success")]) {
            assert_eq!((&*told.rule, told.status), ("code_generation", status));
            assert_eq!(told.labels, [("framework".to_owned(), framework.to_owned())]);
        }
        assert!(seen.judgements().is_empty(), "it is told once");
    }
}

#[test]
fn a_message_that_is_compressed_is_unjudged_and_says_so() {
    let rule = "business: [ { name: chat, match: { endpoint: /ws }, counter: chats_total, \
                labels: { room: { websocket: /room } } } ]";
    let mut seen = Seen::by(&config(rule), false);
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    seen.exchange(
        &format!("GET /ws HTTP/1.1\r\n{upgrade}\r\n"),
        &format!("HTTP/1.1 101 Switching Protocols\r\n{upgrade}\r\n"),
    );
    seen.gateway(b"\x81\x0c{\"room\":\"a\"}").gateway(b"\xc1\x03\x00\x01\x02").derive(UNIX_EPOCH);
    seen.has(r#"chats_total{room="a",status="success"} 1"#);
    seen.has(r#"outrider_business_unjudged_total{reason="compressed",rule="chat"} 1"#);
}

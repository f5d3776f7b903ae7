//! The console: a line is an object.

use serde_json::Value;

use super::{flush, load, road};
use crate::harness::gateway::Gateway;

#[test]
fn the_console_prints_a_line_of_json_a_span() {
    let gateway = Gateway::start();
    let road = road(gateway.address, "exporters: [ { console: {} } ]");
    load(&road, 10);
    assert_eq!(flush(&road)["sent"], 10);
    let mut spans = Vec::new();
    road.process.wait_for_line("the tenth span", |line| {
        // The log is JSON too; every line of both parses.
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        if line["span_id"].is_string() {
            spans.push(line);
        }
        (spans.len() == 10).then_some(())
    });
    for span in &spans {
        assert_eq!((&span["name"], &span["kind"]), (&"GET /items/{id}".into(), &"server".into()));
        assert_eq!(span["resource"]["service.name"], "traced");
        assert_eq!(span["attributes"]["http.response.status_code"], 200);
    }
}

//! What is seen and what is not.

use serde_json::{Value, json};

use crate::harness::gateway::Gateway;
use crate::harness::raw;
use crate::harness::road::Road;

#[test]
fn what_is_not_seen_is_told_with_the_key_that_shows_it() {
    let gateway = Gateway::start();
    let road = Road::to(gateway.address);
    assert_eq!(raw::get(road.ingress, "/items/7").status, 200);
    let answer = raw::get(road.admin(), "/api/v1/coverage");
    assert_eq!(answer.status, 200);
    let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let areas = told["coverage"]["areas"].as_array().expect("areas");
    let area = |name: &str| areas.iter().find(|area| area["name"] == name).unwrap_or_else(|| panic!("no area {name}"));
    assert_eq!(area("http")["status"], "seen");
    assert!(
        area("http")["metrics"]
            .as_array()
            .is_some_and(|all| all.contains(&json!({ "name": "http_requests_total", "exported": true })))
    );
    // Whoever is not seen says why.
    for area in areas.iter().filter(|area| area["status"] != "seen") {
        assert!(area["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{area}");
    }
    let unseen = told["coverage"]["unseen"].as_array().expect("a list");
    assert!(unseen.contains(&json!("websocket_session_duration_seconds")), "no WebSocket has come by: {unseen:?}");
    assert!(!unseen.contains(&json!("http_requests_total")));
}

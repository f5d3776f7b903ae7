//! Alerts and what people do to them.

use super::endpoint::Answer::Envelope;
use super::endpoint::{Endpoint, Kind, Param};

const fn optional(name: &'static str, about: &'static str, example: &'static str) -> Param {
    Param { name, about, kind: Kind::Text, needed: false, example }
}

const FINGERPRINT: Param = Param {
    name: "fingerprint",
    about: "Which alert, in 16 hex digits.",
    kind: Kind::Path("^[0-9a-f]{16}$"),
    needed: true,
    example: "0123456789abcdef",
};
const LIMIT: Param =
    Param { name: "limit", about: "How many at most.", kind: Kind::Whole(1, 10_000), needed: false, example: "100" };
const OFFSET: Param = Param {
    name: "offset",
    about: "How many to pass over.",
    kind: Kind::Whole(0, 1 << 31),
    needed: false,
    example: "0",
};
const DONE: &str = r#"{"status": "success", "message": "Alert 0123456789abcdef acknowledged by ann"}"#;

const fn change(method: &'static str, path: &'static str, about: &'static str, params: &'static [Param]) -> Endpoint {
    Endpoint { method, path, tag: "alerts", about, params, answer: Envelope(DONE), errors: &[404, 409, 503] }
}

const ACKNOWLEDGE: &str = "/api/v1/alerts/{fingerprint}/acknowledge";
const SUPPRESS: &str = "/api/v1/alerts/{fingerprint}/suppress";

/// All of them.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: "GET",
        path: "/api/v1/alerts",
        tag: "alerts",
        about: "Alerts: those that fire, unless other statuses are asked for.",
        params: &[
            optional("status", "Statuses, with commas: firing, acknowledged, suppressed, pending, resolved.", "firing"),
            optional(
                "severity",
                "Severities, with commas: critical, high, medium (or warning), low, info.",
                "critical,high",
            ),
            LIMIT,
            OFFSET,
        ],
        answer: Envelope(
            r#"{"alerts": [{"fingerprint": "0123456789abcdef", "rule_name": "high_error_rate", "severity": "high", "status": "firing",
                "message": "High error rate detected: 7.5%", "started_at": "2026-11-24T10:25:00Z", "labels": {"*": "api-gateway"},
                "annotations": {"*": "High error rate detected: 7.5%"}, "value~": 0.075, "resolved_at?": "2026-11-24T10:40:00Z",
                "acknowledged_by?": "ann", "acknowledged_at?": "2026-11-24T10:26:00Z", "suppressed_until?": "2026-11-24T11:26:00Z",
                "muted_by?": "suppression", "no_data_since?": "2026-11-24T10:27:00Z", "escalated_at?": "2026-11-24T10:40:00Z"}],
                "total_count": 1}"#,
        ),
        errors: &[],
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/alerts/stats",
        tag: "alerts",
        about: "Counts of alerts, rules and channels.",
        params: &[],
        answer: Envelope(
            r#"{"alert_statistics": {"active_alerts": 3, "resolved_alerts_last_7_days": 15,
                "active_by_severity": {"critical": 1, "high": 2, "medium": 0, "low": 0, "info": 0},
                "total_rules": 12, "enabled_rules": 12, "notification_channels": 3}}"#,
        ),
        errors: &[],
    },
    Endpoint {
        method: "GET",
        path: "/api/v1/alerts/history",
        tag: "alerts",
        about: "What became of alerts, newest first, and mean times to acknowledge and to resolve.",
        params: &[
            optional("from", "RFC 3339 or Unix seconds; a week ago when not given.", "2026-11-24T00:00:00Z"),
            optional("until", "RFC 3339 or Unix seconds; now when not given.", "2026-11-25T00:00:00Z"),
            optional("rule", "Of one rule.", "high_error_rate"),
            optional("fingerprint", "Of one alert.", "0123456789abcdef"),
            LIMIT,
            OFFSET,
        ],
        answer: Envelope(
            r#"{"from": "2026-11-17T10:30:00Z", "until": "2026-11-24T10:30:00Z",
                "timeline": [{"at": "2026-11-24T10:25:00Z", "fingerprint": "0123456789abcdef", "rule_name": "high_error_rate",
                "severity": "high", "transition": "firing", "detail~": "by ann", "value~": 0.075}], "total_count": 1,
                "rules": {"*": {"fired": 1, "acknowledged": 1, "escalated": 0, "resolved": 1, "mtta_seconds~": 60.5, "mttr_seconds~": 900.5}}}"#,
        ),
        errors: &[503],
    },
    change(
        "POST",
        ACKNOWLEDGE,
        "Says that somebody sees to an alert.",
        &[
            FINGERPRINT,
            Param {
                name: "acknowledged_by",
                about: "Who, in 1 to 200 characters.",
                kind: Kind::Text,
                needed: true,
                example: "ann",
            },
        ],
    ),
    change("DELETE", ACKNOWLEDGE, "Takes that back.", &[FINGERPRINT]),
    change(
        "POST",
        SUPPRESS,
        "Tells nobody of an alert for a while.",
        &[
            FINGERPRINT,
            Param {
                name: "duration_minutes",
                about: "How long.",
                kind: Kind::Whole(1, 1440),
                needed: true,
                example: "60",
            },
        ],
    ),
    change("DELETE", SUPPRESS, "Ends that.", &[FINGERPRINT]),
    Endpoint {
        method: "POST",
        path: "/api/v1/test/alert",
        tag: "alerts",
        about: "Sends a test the whole way to every channel, and answers when each has.",
        params: &[
            Param {
                name: "severity",
                about: "How bad it shall look.",
                kind: Kind::OneOf(&["critical", "high", "medium", "warning", "low", "info"]),
                needed: false,
                example: "warning",
            },
            optional("message", "What it shall say, in 1 to 1000 characters.", "Test"),
        ],
        answer: Envelope(
            r#"{"status": "success", "message": "Test alert delivered to 1 of 1 channels",
                "deliveries": [{"channel": "ops", "status": "delivered", "detail": "200 OK"}]}"#,
        ),
        errors: &[409, 503],
    },
];

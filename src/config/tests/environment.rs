//! What the environment fills.

use super::*;
use crate::config::alerting::Receiver;
use crate::config::alerting::channel::MailTls;
use crate::config::tracing::exporter::{Compression, Protocol};
use crate::config::tracing::{Format, Target};

fn with(text: &str, env: &[(&str, &str)]) -> Result<Config, Errors> {
    parse(text, Path::new(""), &|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

const USUAL: [(&str, &str); 11] = [
    ("JAEGER_ENDPOINT", "jaeger:14268"),
    ("OTLP_ENDPOINT", "otel-collector:4317"),
    ("TRACE_SAMPLE_RATE", "0.25"),
    ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/your-webhook"),
    ("ALERT_FROM_EMAIL", "alerts@yourcompany.com"),
    ("ALERT_TO_EMAILS", "team@yourcompany.com, oncall@yourcompany.com"),
    ("SMTP_HOST", "smtp.gmail.com"),
    ("SMTP_PORT", "465"),
    ("SMTP_USERNAME", "your-email@gmail.com"),
    ("SMTP_PASSWORD", "your-app-password"),
    ("PAGERDUTY_API_KEY", "your-pagerduty-key"),
];

#[test]
fn the_usual_variables_make_exporters_and_channels() {
    let config = with("", &USUAL).expect("valid");
    assert_eq!(config.tracing.sample_rate, 0.25);
    let ends = config.tracing.exporters.iter().map(|exporter| match &exporter.target {
        Target::Otlp(otlp) => (otlp.endpoint.as_str(), Some(otlp.protocol)),
        Target::Jaeger { endpoint, .. } => (endpoint.as_str(), None),
        Target::Console {} => ("", None),
    });
    let ends: Vec<_> = ends.collect();
    let expected = [("http://jaeger:14268/api/traces", None), ("http://otel-collector:4317", Some(Protocol::Grpc))];
    assert_eq!(ends, expected);
    let channel =
        |name: &str| &config.alerting.channels.iter().find(|channel| channel.name == name).expect(name).receiver;
    let Receiver::Email(email) = channel("email") else { panic!("email is mail") };
    assert_eq!((&*email.host, email.port, email.tls), ("smtp.gmail.com", 465, MailTls::Tls));
    assert_eq!(email.to, ["team@yourcompany.com", "oncall@yourcompany.com"]);
    assert_eq!(email.password.as_ref().map(Secret::expose), Some("your-app-password"));
    let Receiver::Slack { webhook_url } = channel("slack") else { panic!("slack is Slack") };
    assert_eq!(webhook_url.expose(), "https://hooks.slack.com/your-webhook");
    let Receiver::PagerDuty { routing_key, .. } = channel("pagerduty") else { panic!("pagerduty is PagerDuty") };
    assert_eq!(routing_key.source(), &SecretSource::Env("PAGERDUTY_API_KEY".to_owned()));
}

#[test]
fn the_shipped_file_leaves_to_the_environment_what_it_can_fill() {
    let env = [&USUAL[..], &[("OTEL_SERVICE_NAME", "shop"), ("OTEL_PROPAGATORS", "jaeger")]].concat();
    let source = Source::default();
    let shipped = Config { source: source.clone(), ..with(shipped::SHIPPED, &env).expect("valid") };
    assert_eq!(shipped, Config { source, ..with("", &env).expect("valid") });
}

#[test]
fn the_file_wins_over_the_environment() {
    let text = "
service: shop
tracing: { sample_rate: 1, exporters: [ console: {} ] }
alerting: { channels: { chat: { slack: { webhook_url: { env: MINE } } } } }
";
    let env = [&USUAL[..3], &USUAL[3..4], &[("MINE", "https://mine/"), ("OTEL_SERVICE_NAME", "other")]].concat();
    let config = with(text, &env).expect("valid");
    assert_eq!((&*config.service, config.tracing.sample_rate), ("shop", 1.0));
    assert_eq!(config.tracing.exporters.len(), 1);
    assert_eq!(config.alerting.channels.len(), 1, "the file has a Slack channel of its own");
    let Receiver::Slack { webhook_url } = &config.alerting.channels[0].receiver else { panic!("it is Slack") };
    assert_eq!(webhook_url.expose(), "https://mine/");
}

#[test]
fn a_channel_of_the_file_is_filled_from_the_environment() {
    let config = with("alerting: { channels: { chat: { slack: } } }", &USUAL[3..4]).expect("valid");
    assert_eq!(config.alerting.channels.len(), 1);
    assert_eq!(config.alerting.channels[0].name, "chat");
}

#[test]
fn opentelemetrys_variables_mean_what_its_specification_says() {
    let env = [
        ("OTEL_SERVICE_NAME", "named"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=less,deployment.environment.name=staging,team=a%2Cb"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
        ("OTEL_PROPAGATORS", "b3multi,tracecontext,xray,b3multi"),
        ("OTEL_TRACES_EXPORTER", "otlp,console,zipkin"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318/base/"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20eA%3D%3D,x-tenant=acme"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", ""),
    ];
    let config = with("tracing: { resource: { region: eu } }", &env).expect("valid");
    assert_eq!((&*config.service, &*config.environment), ("named", "staging"));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(config.tracing.resource, [pair("region", "eu"), pair("team", "a,b")]);
    assert_eq!(config.tracing.sample_rate, 0.5);
    assert_eq!(config.tracing.propagation, [Format::B3Multi, Format::TraceContext]);
    assert_eq!(config.tracing.exporters.len(), 2);
    let Target::Otlp(otlp) = &config.tracing.exporters[1].target else { panic!("console, otlp") };
    assert_eq!(otlp.endpoint.as_str(), "https://collector:4318/base/v1/traces");
    assert_eq!((otlp.protocol, otlp.compression), (Protocol::Http, Compression::Gzip));
    assert_eq!(otlp.headers[0].value.expose(), "Basic eA==");
    assert!(!serde_json::to_string(&config).expect("plain data").contains("eA=="));
    let exporter = &config.tracing.exporters[1];
    assert_eq!((exporter.queue.get(), exporter.batch.get()), (100, 100));
    assert_eq!((exporter.delay.as_millis(), exporter.timeout.as_millis()), (200, 2500));
    let passed_over: Vec<_> = config.source.notices.iter().map(ToString::to_string).collect();
    let said = |text: &str| passed_over.iter().any(|notice| notice.contains(text));
    assert!(said("OTEL_PROPAGATORS names `xray`") && said("OTEL_TRACES_EXPORTER names `zipkin`"), "{passed_over:?}");
}

#[test]
fn a_wrong_variable_is_named() {
    let told = with("", &[("TRACE_SAMPLE_RATE", "most"), ("OTLP_ENDPOINT", "http://a b")]).expect_err("both are wrong");
    let told = told.to_string();
    assert!(told.contains("tracing.sample_rate: expected a number from 0 to 1, found `most` (from the environment variable TRACE_SAMPLE_RATE)"), "{told}");
    assert!(told.contains("(from the environment variable OTLP_ENDPOINT)"), "{told}");
}

#[test]
fn what_a_manifest_knows_of_its_pod_fills_what_the_file_leaves_open() {
    let pod = [
        ("OUTRIDER_INGRESS_LISTEN", "0.0.0.0:15080"),
        ("OUTRIDER_INGRESS_GATEWAY", "127.0.0.1:8000"),
        ("OUTRIDER_INGRESS_REDIRECT", "0.0.0.0:15007"),
        ("OUTRIDER_EGRESS_REDIRECT", "127.0.0.1:15006"),
        ("OUTRIDER_ADMIN_LISTEN", "0.0.0.0:9700"),
        ("OUTRIDER_METRICS_MERGE", "http://127.0.0.1:8000/metrics"),
    ];
    let config = with("", &pod).expect("valid");
    assert_eq!(config.ingress.listen, ["0.0.0.0:15080".parse().unwrap()]);
    assert_eq!(config.ingress.redirect, Some("0.0.0.0:15007".parse().unwrap()));
    assert_eq!(config.egress.redirect, Some("127.0.0.1:15006".parse().unwrap()));
    assert_eq!(config.admin.listen.to_string(), "0.0.0.0:9700");
    assert_eq!(config.metrics.merge[0].url.as_str(), "http://127.0.0.1:8000/metrics");
    let config = with("admin: { listen: '0.0.0.0:9600' }\nmetrics: { merge: [] }", &pod).expect("valid");
    assert_eq!((config.admin.listen.port(), config.metrics.merge.len()), (9600, 0));
    let wrong = with("", &[("OUTRIDER_INGRESS_GATEWAY", "here")]).expect_err("no address").to_string();
    assert!(wrong.ends_with("found `here` (from the environment variable OUTRIDER_INGRESS_GATEWAY)"), "{wrong}");
}
